/* SPDX-License-Identifier: Apache-2.0
 *
 * Choosing among proposals (RFC 7296 2.7, 3.3) for both roles. Pure.
 */
#ifndef IPSECI_CHOICE_H
#define IPSECI_CHOICE_H

#include "quirks.h"
#include "reader.h"
#include "suite.h"

#include <ipsec/proposal.h>

/* RFC 7296 3.3.2, RFC 9370 2.2.2: types whose value 0 is NONE, the same as leaving the type out. */
static inline bool ipseci_type_has_none(uint8_t type)
{
    return type == IPSEC_TRANSFORM_INTEG || ipseci_type_is_ke(type);
}

/* Entries to look at in structs that a caller may have filled by hand. */
static inline uint32_t ipseci_transform_count(const struct ipsec_proposal *p)
{
    return p->transform_count < IPSEC_PROPOSAL_TRANSFORMS_MAX ? p->transform_count
                                                              : IPSEC_PROPOSAL_TRANSFORMS_MAX;
}

static inline uint32_t ipseci_proposal_count(const struct ipsec_proposals *list)
{
    return list->count < IPSEC_PROPOSALS_MAX ? list->count : IPSEC_PROPOSALS_MAX;
}

enum ipseci_choice_flags {
    IPSECI_CHOICE_NO_KE = 1, /* the child of IKE_AUTH: groups play no part (RFC 7296 1.2) */
    IPSECI_CHOICE_SPI = 2    /* each proposal carries an SPI: 4 octets for ESP, 8 for IKE */
};
/* Above them: the quirks that are put up with, a set of enum ipsec_quirk. */
#define IPSECI_CHOICE_QUIRKS_SHIFT 8

static inline uint32_t ipseci_choice_quirks(const struct ipsec_peer *peer)
{
    return ipseci_quirks_of(peer) << IPSECI_CHOICE_QUIRKS_SHIFT;
}

struct ipseci_choice {
    struct ipsec_suite suite;
    uint8_t number; /* of the peer's proposal */
    uint8_t quirks; /* those that it took: set of enum ipsec_quirk */
    uint64_t spi;   /* the peer's, with IPSECI_CHOICE_SPI */
};

/* What the exchange asks for. */
struct ipseci_wish {
    enum ipsec_protocol protocol;
    uint16_t ke_offered; /* group of the KE payload; 0: none */
    uint32_t flags;      /* enum ipseci_choice_flags, and quirks */
};

/* Responder: the first of our proposals (in our order) that the peer's payload satisfies, with our
 * most preferred transforms; among groups, `ke_offered` (the KE payload's group, 0: no KE payload)
 * wins when it is acceptable, to spare a round trip. A list of ours without groups accepts only
 * proposals without, or with group NONE (CHILD-04). IPSEC_ERR_NOT_FOUND: no proposal chosen.
 * IPSEC_DROP_MALFORMED: the payload contradicts itself (INIT-17, INIT-18, CHILD-12, CHILD-13). */
enum ipsec_status ipseci_choose(const struct ipsec_proposals *ours, struct ipsec_view sa_body,
                                const struct ipseci_wish *wish, struct ipseci_choice *out);

/* Initiator: the answer must be exactly one proposal with one transform of each type that we
 * offered (INIT-08, INIT-09), under the number of that proposal, its place in `offered` counted
 * from 1. With IPSECI_CHOICE_NO_KE a group in the answer is ignored, or refused
 * (IPSEC_QUIRK_MIKROTIK). IPSEC_ERR_NOT_FOUND: not what we offered. IPSEC_DROP_MALFORMED as above.
 */
enum ipsec_status ipseci_choice_verify(const struct ipsec_proposals *offered,
                                       struct ipsec_view sa_body, enum ipsec_protocol protocol,
                                       uint32_t flags, struct ipseci_choice *out);

/* The SA payload's body that answers with this choice, in the words of the offer. */
void ipseci_choice_build(struct ipseci_writer *w, const struct ipseci_choice *choice,
                         struct ipsec_view spi);

/* The configured list, or the default one where none is, without what is not built in. */
void ipseci_proposals_usable(const struct ipsec_proposals *configured, enum ipsec_protocol protocol,
                             const struct ipsec_crypto_list *crypto, struct ipsec_proposals *out);
/* The same list with all groups taken out; duplicates that this makes are dropped. */
void ipseci_proposals_without_ke(const struct ipsec_proposals *list, struct ipsec_proposals *out);
/* First group of the list, 0: none. True when `group` is in some proposal. */
uint16_t ipseci_proposals_first_ke(const struct ipsec_proposals *list);
bool ipseci_proposals_have_ke(const struct ipsec_proposals *list, uint16_t group);

#endif
