/* SPDX-License-Identifier: Apache-2.0
 *
 * EAP of the sites: a method for each that uses it. session_eap.c with EAP-MSCHAPv2, or
 * session_eap_none.c in a build without it.
 */
#ifndef TWO_SITE_SESSION_EAP_H
#define TWO_SITE_SESSION_EAP_H

#include "session.h"

bool session_eap_built_in(void);

/* Makes the methods. False: no memory. */
bool session_eap_open(struct session *session);
void session_eap_close(struct session *session);

/* The question `eap` of the callbacks; NULL: no site uses EAP. */
typedef enum ipsec_status (*session_eap_question)(void *user, uint32_t token,
                                                  const struct ipsec_eap_query *query,
                                                  struct ipsec_eap_reply *reply);
session_eap_question session_eap_callback(const struct session *session);

/* An IKE SA is gone. */
void session_eap_forget(struct session *session, ipsec_handle ike_sa);

#endif
