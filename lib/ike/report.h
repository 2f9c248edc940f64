/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the failure report, one function per group of causes. Used by failure_text.c only.
 */
#ifndef IPSECI_REPORT_H
#define IPSECI_REPORT_H

#include "page.h"

#include <ipsec/event.h>

/* NO_PROPOSAL, KE_GROUP, NOT_BUILT_IN: what each end offers, what differs, what to set. */
void ipseci_report_proposals(struct ipseci_page *page, const struct ipsec_failure *f);
/* SELECTORS */
void ipseci_report_selectors(struct ipseci_page *page, const struct ipsec_failure *f);
/* AUTHENTICATION, IDENTITY, NO_CONNECTION */
void ipseci_report_quoted_id(struct ipseci_text *t, const struct ipsec_id *id);
void ipseci_report_authentication(struct ipseci_page *page, const struct ipsec_failure *f);
void ipseci_report_identity(struct ipseci_page *page, const struct ipsec_failure *f);
void ipseci_report_no_connection(struct ipseci_page *page, const struct ipsec_failure *f);
/* SILENT_PEER; POLICY, PROTOCOL, RESOURCE, PEER_REFUSED */
void ipseci_report_silence(struct ipseci_page *page, const struct ipsec_failure *f);
void ipseci_report_other(struct ipseci_page *page, const struct ipsec_failure *f);

/* "198.51.100.2:500", "[2001:db8::2]:500"; "an unknown address" without family. */
void ipseci_report_endpoint(struct ipseci_text *t, const struct ipsec_endpoint *endpoint);
/* "moon.example.net", cut at 80 characters; "an unknown identity" for NULL. */
void ipseci_report_id(struct ipseci_text *t, const struct ipsec_id *id);
/* "NO_PROPOSAL_CHOSEN", "notify 1234" */
void ipseci_report_notify(struct ipseci_text *t, uint16_t notify);

#endif
