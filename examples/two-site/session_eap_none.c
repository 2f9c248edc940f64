/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without EAP-MSCHAPv2: a configuration that wants EAP is refused before a session begins.
 */
#include "session_eap.h"

bool session_eap_built_in(void)
{
    return false;
}

bool session_eap_open(struct session *session)
{
    (void)session;
    return true;
}

void session_eap_close(struct session *session)
{
    (void)session;
}

session_eap_question session_eap_callback(const struct session *session)
{
    (void)session;
    return NULL;
}

void session_eap_forget(struct session *session, ipsec_handle ike_sa)
{
    (void)session;
    (void)ike_sa;
}
