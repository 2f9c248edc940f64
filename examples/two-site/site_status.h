/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of a session: JSON for machines and for the way over the control socket, and the text
 * that `status` prints made of it.
 */
#ifndef TWO_SITE_SITE_STATUS_H
#define TWO_SITE_SITE_STATUS_H

#include "session.h"

#include <jansson.h>

/* A new reference, or NULL without memory. No secret is in it. */
json_t *status_json(const struct session *session, ipsec_ms now);

/* Prints a status object; fields that are missing or of another type are left out. */
void status_print(const json_t *status, FILE *out);

#endif
