/* SPDX-License-Identifier: Apache-2.0
 *
 * The Security Association payload: proposals and transforms (RFC 7296 3.3), both directions.
 * Called by the exchange handlers and the proposal choice of lib/ike.
 */
#ifndef IPSECI_SA_PAYLOAD_H
#define IPSECI_SA_PAYLOAD_H

#include "reader.h"
#include <ipsec/proposal.h>

/* Views into the SA payload's body. */
struct ipseci_proposal_view {
    uint8_t number;
    uint8_t protocol; /* enum ipsec_protocol, unjudged */
    uint8_t transform_count;
    struct ipsec_view spi;
    struct ipsec_view transforms;
};

struct ipseci_transform_view {
    uint8_t type; /* unjudged: see ipseci_transform_type_known */
    uint16_t id;
    uint16_t key_bits;
    bool has_key_length;
    bool unknown_attribute; /* RFC 7296 3.3.6: this transform can not be chosen. Also for a Key
                             * Length that is repeated, zero, or not in its two-octet form. */
};

/* Checks the whole body: last flags, lengths, counts, attributes, and proposal numbers (1, 2, 3 ...
 * when there are several; a lone proposal may have any but 0, because an answer names the chosen
 * one). After IPSEC_OK the iterators below never fail. Whether types, ids, protocols and SPI sizes
 * are acceptable is the caller's to say.
 * IPSEC_DROP_TRUNCATED, IPSEC_DROP_MALFORMED (both: INVALID_SYNTAX to the peer). */
enum ipsec_status ipseci_sa_check(struct ipsec_view sa_body);

/* Iterate a body that ipseci_sa_check accepted; on any other body they are safe, and
 * stop early with the reader's `failed` set.
 *
 *     struct ipseci_reader proposals = ipseci_sa_proposals(body);
 *     while (ipseci_sa_next(&proposals, &proposal)) {
 *         struct ipseci_reader transforms = ipseci_proposal_transforms(&proposal);
 *         while (ipseci_transform_next(&transforms, &transform)) { ... }
 *     }
 */
struct ipseci_reader ipseci_sa_proposals(struct ipsec_view sa_body);
bool ipseci_sa_next(struct ipseci_reader *proposals, struct ipseci_proposal_view *out);
struct ipseci_reader ipseci_proposal_transforms(const struct ipseci_proposal_view *proposal);
bool ipseci_transform_next(struct ipseci_reader *transforms, struct ipseci_transform_view *out);

uint32_t ipseci_sa_proposal_count(struct ipsec_view sa_body);

/* Types 1 to 5 (RFC 7296) and 6 to 12 (RFC 9370). */
bool ipseci_transform_type_known(uint8_t type);
/* False: RFC 7296 3.3.6 says to refuse the whole proposal. */
bool ipseci_proposal_types_known(const struct ipseci_proposal_view *proposal);

/* Writes an SA body with all proposals, numbered from 1, each with this SPI (none for IKE_SA_INIT).
 */
void ipseci_sa_build(struct ipseci_writer *w, const struct ipsec_proposals *list,
                     struct ipsec_view spi);
/* Writes the answer: one proposal with one transform of each type. INTEG and KE of value 0 (NONE)
 * are left out, but INTEG for integ_none; ESN is written for ESP and AH, PRF and KE for IKE. */
void ipseci_sa_build_suite(struct ipseci_writer *w, const struct ipsec_suite *suite, uint8_t number,
                           struct ipsec_view spi, bool integ_none);

/* A bounded copy for reports: the proposals of this protocol (0: all). *truncated says that
 * something did not fit or could not be read; transforms with unknown attributes are copied too. */
void ipseci_sa_copy(struct ipsec_view sa_body, uint8_t protocol, struct ipsec_proposals *out,
                    bool *truncated);

#endif
