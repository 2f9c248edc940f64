/* SPDX-License-Identifier: Apache-2.0
 *
 * Traffic Selector payloads (RFC 7296 3.13), both directions. Called by the exchange handlers.
 */
#ifndef IPSECI_TS_PAYLOAD_H
#define IPSECI_TS_PAYLOAD_H

#include "reader.h"

struct ipseci_ts_result {
    uint32_t present; /* selectors in the payload */
    uint32_t stored;  /* written to out */
    uint32_t unknown; /* of a type other than IPv4 and IPv6 address range: skipped */
    bool truncated;   /* known ones did not all fit out; those that did are the first ones */
};

/* Reads the selectors of a TSi or TSr body. All of the body is checked, also beyond `max`.
 * IPSEC_DROP_TRUNCATED, IPSEC_DROP_MALFORMED: count or lengths wrong (INVALID_SYNTAX to the peer).
 * IPSEC_DROP_SELECTORS: well formed, but a range runs backwards or no selector has a known type
 * (TS_UNACCEPTABLE to the peer). OPAQUE ports (65535 to 0) are a valid range. */
enum ipsec_status ipseci_ts_parse(struct ipsec_view body, struct ipsec_selector *out, size_t max,
                                  struct ipseci_ts_result *result);

/* The same into the list of one Child SA side. */
enum ipsec_status ipseci_ts_parse_list(struct ipsec_view body, struct ipsec_selectors *out,
                                       struct ipseci_ts_result *result);

/* Writes a body; count 1 to 255. */
void ipseci_ts_build(struct ipseci_writer *w, const struct ipsec_selector *item, size_t count);

#endif
