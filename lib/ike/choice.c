/* SPDX-License-Identifier: Apache-2.0
 *
 * Choosing among proposals, for responder and initiator. Called by the exchange handlers of
 * IKE_SA_INIT, IKE_AUTH and CREATE_CHILD_SA. RFC 7296 2.7, 3.3; RFC 5282 8; RFC 9370 2.2.1.
 *
 * A peer's proposal is boiled down to a few bits per proposal of ours: which of our transforms it
 * offers, which types it names, and in which types it offers NONE. All else follows from the bits,
 * so the peer's octets are passed once for each proposal of ours and nothing of them is copied.
 */
#include "choice.h"
#include "quirks.h"
#include "sa_payload.h"
#include "suite.h"

#include <string.h>

_Static_assert(IPSEC_PROPOSAL_TRANSFORMS_MAX <= 32, "a bit for each transform of ours");
_Static_assert(IPSEC_TRANSFORM_ADDKE7 < 32, "a bit for each transform type");

_Static_assert(IPSEC_QUIRKS_ALL <= UINT8_MAX, "quirks in an octet");

#define CHACHA20_BITS 256

/* What a peer's proposal says about one proposal of ours. */
struct offer {
    uint32_t have;  /* bit i: our transform i is offered */
    uint32_t exact; /* bit i: without the help of a quirk */
    uint32_t group; /* bit t: key exchanges that can not be NONE, where none has a place */
    uint8_t quirks; /* that are put up with */
    uint32_t types; /* bit t: some transform of type t */
    uint32_t none;  /* bit t: NONE is offered in type t */
    bool repeated;  /* two transforms of one type (RFC 7296 3.3: not in an answer) */
    bool foreign;   /* a transform that we do not have, other than NONE */
    bool unknown;   /* a transform type that nobody here knows */
};

static uint32_t bit(uint32_t n)
{
    return (uint32_t)1 << n;
}

/* RFC 7296 3.3.5: a Key Length exactly where the cipher has several (INIT-13, INIT-14). A transform
 * of ours that breaks this can not have come from a text; it is never chosen. */
static bool transform_is_sound(const struct ipsec_transform *t)
{
    if (t->type != IPSEC_TRANSFORM_ENCR) {
        return t->key_bits == 0;
    }
    const struct ipseci_encr *encr = ipseci_encr_find(t->id);
    return encr != NULL && ipseci_encr_bits_valid(encr, t->key_bits);
}

static bool transform_is(const struct ipsec_transform *ours,
                         const struct ipseci_transform_view *theirs)
{
    return ours->type == theirs->type && ours->id == theirs->id &&
           theirs->has_key_length == (ours->key_bits != 0) && ours->key_bits == theirs->key_bits &&
           transform_is_sound(ours);
}

/* IPSEC_QUIRK_FORTIGATE. EXCEPTION: RFC 7296 3.3.5 and RFC 7634 4 want no Key Length on a cipher
 * that has one length only (INIT-14); this one names just that length, so that it says nothing new.
 */
static bool is_chacha_with_length(const struct ipsec_transform *ours,
                                  const struct ipseci_transform_view *theirs)
{
    return ours->type == IPSEC_TRANSFORM_ENCR && theirs->type == IPSEC_TRANSFORM_ENCR &&
           ours->id == IPSEC_ENCR_CHACHA20_POLY1305 && theirs->id == ours->id &&
           theirs->has_key_length && theirs->key_bits == CHACHA20_BITS && transform_is_sound(ours);
}

static void offer_add(struct offer *offer, const struct ipsec_proposal *ours,
                      const struct ipseci_transform_view *t)
{
    /* RFC 7296 3.3.6: an unknown type spoils the proposal. */
    if (!ipseci_transform_type_known(t->type)) {
        offer->unknown = true;
        return;
    }
    offer->repeated = offer->repeated || (offer->types & bit(t->type)) != 0;
    offer->types |= bit(t->type);
    bool found = false;
    if (!t->unknown_attribute) { /* RFC 7296 3.3.6: only this transform is out */
        for (uint32_t i = 0; i < ipseci_transform_count(ours); i++) {
            const bool exact = transform_is(&ours->transform[i], t);
            if (exact || ((offer->quirks & IPSEC_QUIRK_FORTIGATE) != 0 &&
                          is_chacha_with_length(&ours->transform[i], t))) {
                offer->have |= bit(i);
                offer->exact |= exact ? bit(i) : 0;
                found = true;
            }
        }
        if (ipseci_type_has_none(t->type) && t->id == 0 && !t->has_key_length) {
            offer->none |= bit(t->type);
            found = true;
        }
    }
    offer->foreign = offer->foreign || !found;
}

static struct offer offer_read(const struct ipsec_proposal *ours,
                               const struct ipseci_proposal_view *theirs, uint32_t flags)
{
    struct offer offer = {.quirks = (uint8_t)(flags >> IPSECI_CHOICE_QUIRKS_SHIFT)};
    struct ipseci_reader r = ipseci_proposal_transforms(theirs);
    struct ipseci_transform_view transform;
    uint32_t no_group = 0;

    while (ipseci_transform_next(&r, &transform)) {
        /* RFC 7296 1.2: the first child has no key exchange, and NONE at most says so (AUTH-22). */
        if ((flags & IPSECI_CHOICE_NO_KE) == 0 || !ipseci_type_is_ke(transform.type)) {
            offer_add(&offer, ours, &transform);
        } else if (transform.id == IPSEC_KE_NONE) {
            no_group |= bit(transform.type);
        } else {
            offer.group |= bit(transform.type);
        }
    }
    offer.group &= ~no_group;
    return offer;
}

/* Our first transform of this type that the peer offers; NULL: none. NONE is never it. */
static const struct ipsec_transform *first_common(const struct ipsec_proposal *ours,
                                                  const struct offer *offer, uint8_t type)
{
    for (uint32_t i = 0; i < ipseci_transform_count(ours); i++) {
        const struct ipsec_transform *t = &ours->transform[i];
        if (t->type == type && (offer->have & bit(i)) != 0 &&
            !(ipseci_type_has_none(type) && t->id == 0)) {
            return t;
        }
    }
    return NULL;
}

/* May both ends do without this type: left out, or NONE among its values? */
static bool none_is_common(const struct ipsec_proposal *ours, const struct offer *offer,
                           uint8_t type)
{
    bool named = false;

    if ((offer->types & bit(type)) != 0 && (offer->none & bit(type)) == 0) {
        return false;
    }
    for (uint32_t i = 0; i < ipseci_transform_count(ours); i++) {
        if (ours->transform[i].type == type) {
            named = true;
            if (ours->transform[i].id == 0) {
                return true;
            }
        }
    }
    return !named;
}

/* RFC 5282 8: an AEAD goes with no integrity algorithm, any other cipher only with one (INIT-11,
 * INIT-12; RFC 8221 4: no encryption without integrity). */
static bool pick_cipher(const struct ipsec_proposal *ours, const struct offer *offer,
                        struct ipsec_suite *suite)
{
    const struct ipsec_transform *integ = first_common(ours, offer, IPSEC_TRANSFORM_INTEG);
    const bool bare = none_is_common(ours, offer, IPSEC_TRANSFORM_INTEG);

    for (uint32_t i = 0; i < ipseci_transform_count(ours); i++) {
        const struct ipsec_transform *t = &ours->transform[i];
        if (t->type != IPSEC_TRANSFORM_ENCR || (offer->have & bit(i)) == 0) {
            continue;
        }
        const struct ipseci_encr *encr =
            ipseci_encr_find(t->id); /* there: the transform is sound */
        const bool aead = encr->aead;
        /* No text says so in a proposal for IKE; a table of the caller's might. */
        if (suite->protocol == IPSEC_PROTOCOL_IKE && ipseci_encr_is_esp_only(encr)) {
            continue;
        }
        if (aead ? bare : integ != NULL) {
            suite->encr = t->id;
            suite->encr_key_bits = t->key_bits;
            suite->integ = aead ? IPSEC_INTEG_NONE : integ->id;
            return true;
        }
    }
    return false;
}

static bool group_is_common(const struct ipsec_proposal *ours, const struct offer *offer,
                            uint16_t group)
{
    for (uint32_t i = 0; i < ipseci_transform_count(ours); i++) {
        const struct ipsec_transform *t = &ours->transform[i];
        if (t->type == IPSEC_TRANSFORM_KE && t->id == group && (offer->have & bit(i)) != 0) {
            return true;
        }
    }
    return false;
}

/* RFC 7296 3.3.3: IKE always has a key exchange (INIT-10, CVE-2016-5391), ESP may do without
 * (CHILD-04). The group of the KE payload goes first: another one costs a round trip. */
static bool pick_group(const struct ipsec_proposal *ours, const struct offer *offer,
                       uint16_t ke_offered, struct ipsec_suite *suite)
{
    const bool may_miss =
        suite->protocol != IPSEC_PROTOCOL_IKE && none_is_common(ours, offer, IPSEC_TRANSFORM_KE);
    const struct ipsec_transform *first = first_common(ours, offer, IPSEC_TRANSFORM_KE);

    if (ke_offered != IPSEC_KE_NONE && group_is_common(ours, offer, ke_offered)) {
        suite->ke = ke_offered;
        return true;
    }
    if (may_miss && (ke_offered == IPSEC_KE_NONE || first == NULL)) {
        suite->ke = IPSEC_KE_NONE;
        return true;
    }
    if (first == NULL) {
        return false;
    }
    suite->ke = first->id;
    return true;
}

static bool pick_simple(const struct ipsec_proposal *ours, const struct offer *offer, uint8_t type,
                        uint16_t *id)
{
    const struct ipsec_transform *t = first_common(ours, offer, type);

    if (t == NULL) {
        return false;
    }
    *id = t->id;
    return true;
}

/* RFC 7296 3.3: one transform of every type is chosen, so a type that has no place in the suite
 * spoils the proposal unless it can be NONE: PRF outside IKE, ESN in it, further key exchanges (RFC
 * 9370). */
static bool types_fit(const struct offer *offer, uint8_t protocol)
{
    uint32_t wanted =
        bit(IPSEC_TRANSFORM_ENCR) | bit(IPSEC_TRANSFORM_INTEG) | bit(IPSEC_TRANSFORM_KE);

    wanted |= bit(protocol == IPSEC_PROTOCOL_IKE ? IPSEC_TRANSFORM_PRF : IPSEC_TRANSFORM_ESN);
    return !offer->unknown && (offer->types & ~wanted & ~offer->none) == 0;
}

/* The quirks without which it would not have come to this suite, or to this answer. */
static uint8_t quirks_met(const struct ipsec_proposal *ours, const struct offer *offer,
                          const struct ipsec_suite *suite)
{
    uint32_t met = offer->group != 0 ? IPSEC_QUIRK_MIKROTIK : 0;

    if (suite->integ == IPSEC_INTEG_NONE && (offer->none & bit(IPSEC_TRANSFORM_INTEG)) != 0) {
        met |= IPSEC_QUIRK_CISCO_ASA;
    }
    for (uint32_t i = 0; i < ipseci_transform_count(ours); i++) {
        const struct ipsec_transform *t = &ours->transform[i];
        if (t->type == IPSEC_TRANSFORM_ENCR && t->id == suite->encr &&
            (offer->have & ~offer->exact & bit(i)) != 0) {
            met |= IPSEC_QUIRK_FORTIGATE;
        }
    }
    return (uint8_t)(met & offer->quirks);
}

static bool pick_suite(const struct ipsec_proposal *ours, const struct offer *offer,
                       const struct ipseci_wish *wish, struct ipseci_choice *out)
{
    struct ipsec_suite suite = {.protocol = ours->protocol};
    const bool ike = ours->protocol == IPSEC_PROTOCOL_IKE;

    if (!types_fit(offer, ours->protocol) || !pick_cipher(ours, offer, &suite)) {
        return false;
    }
    /* IPSEC_QUIRK_MIKROTIK. EXCEPTION: RFC 7296 1.2 has no group but NONE in IKE_AUTH; as nobody
     * can exchange keys there, one that is named plays no part. */
    if (offer->group != 0 && (offer->quirks & IPSEC_QUIRK_MIKROTIK) == 0) {
        return false;
    }
    if ((wish->flags & IPSECI_CHOICE_NO_KE) == 0 &&
        !pick_group(ours, offer, wish->ke_offered, &suite)) {
        return false;
    }
    /* RFC 7296 3.3.3: PRF in IKE, ESN in ESP (CHILD-06) have no default. */
    if (ike ? !pick_simple(ours, offer, IPSEC_TRANSFORM_PRF, &suite.prf)
            : !pick_simple(ours, offer, IPSEC_TRANSFORM_ESN, &suite.esn)) {
        return false;
    }
    out->suite = suite;
    out->quirks = quirks_met(ours, offer, &suite);
    return true;
}

/* ---- the peer's payload ------------------------------------------------------------------------
 */

static bool spi_is_sound(const struct ipseci_proposal_view *p, uint32_t flags)
{
    if ((flags & IPSECI_CHOICE_SPI) == 0) {
        return p->spi.length == 0; /* RFC 7296 3.3.1: none in IKE_SA_INIT (INIT-18) */
    }
    if (p->protocol == IPSEC_PROTOCOL_IKE) {
        return p->spi.length == 8 && ipseci_load64(p->spi.data) != 0;
    }
    /* RFC 4303 2.1: 0 to 255 are reserved (CHILD-12). */
    return p->spi.length == 4 && ipseci_load32(p->spi.data) > 255;
}

/* Proposals of the wanted protocol have a sound SPI; protocol 0, and IKE where a child is wanted or
 * the other way round, contradict the exchange (CHILD-13, CVE-2023-38710). Others (AH, unknown
 * ones) are just not acceptable. */
static bool proposal_is_sound(const struct ipseci_proposal_view *p, enum ipsec_protocol protocol,
                              uint32_t flags)
{
    if (p->protocol == (uint8_t)protocol) {
        return spi_is_sound(p, flags);
    }
    return p->protocol != 0 && p->protocol != IPSEC_PROTOCOL_IKE && protocol != IPSEC_PROTOCOL_IKE;
}

static enum ipsec_status check_payload(struct ipsec_view sa_body, enum ipsec_protocol protocol,
                                       uint32_t flags)
{
    struct ipseci_reader r = ipseci_sa_proposals(sa_body);
    struct ipseci_proposal_view p;

    if (ipseci_sa_check(sa_body) != IPSEC_OK) {
        return IPSEC_DROP_MALFORMED;
    }
    while (ipseci_sa_next(&r, &p)) {
        if (!proposal_is_sound(&p, protocol, flags)) {
            return IPSEC_DROP_MALFORMED;
        }
    }
    return IPSEC_OK;
}

static uint64_t spi_of(const struct ipseci_proposal_view *p)
{
    if (p->spi.length == 8) {
        return ipseci_load64(p->spi.data);
    }
    return p->spi.length == 4 ? ipseci_load32(p->spi.data) : 0;
}

static bool choose_for(const struct ipsec_proposal *ours, struct ipsec_view sa_body,
                       const struct ipseci_wish *wish, struct ipseci_choice *out)
{
    struct ipseci_reader r = ipseci_sa_proposals(sa_body);
    struct ipseci_proposal_view theirs;

    while (ipseci_sa_next(&r, &theirs)) {
        if (theirs.protocol != ours->protocol) {
            continue;
        }
        const struct offer offer = offer_read(ours, &theirs, wish->flags);
        if (pick_suite(ours, &offer, wish, out)) {
            out->number = theirs.number;
            out->spi = spi_of(&theirs);
            return true;
        }
    }
    return false;
}

enum ipsec_status ipseci_choose(const struct ipsec_proposals *ours, struct ipsec_view sa_body,
                                const struct ipseci_wish *wish, struct ipseci_choice *out)
{
    *out = (struct ipseci_choice){0};
    IPSECI_TRY(check_payload(sa_body, wish->protocol, wish->flags));
    /* RFC 7296 2.7: which of several acceptable proposals is taken is the responder's to say. */
    for (uint32_t i = 0; i < ipseci_proposal_count(ours); i++) {
        if (ours->item[i].protocol == (uint8_t)wish->protocol &&
            choose_for(&ours->item[i], sa_body, wish, out)) {
            return IPSEC_OK;
        }
    }
    return IPSEC_ERR_NOT_FOUND;
}

enum ipsec_status ipseci_choice_verify(const struct ipsec_proposals *offered,
                                       struct ipsec_view sa_body, enum ipsec_protocol protocol,
                                       uint32_t flags, struct ipseci_choice *out)
{
    struct ipseci_reader r = ipseci_sa_proposals(sa_body);
    struct ipseci_proposal_view answer;

    *out = (struct ipseci_choice){0};
    IPSECI_TRY(check_payload(sa_body, protocol, flags));
    if (!ipseci_sa_next(&r, &answer) || r.left != 0 || answer.protocol != (uint8_t)protocol) {
        return IPSEC_ERR_NOT_FOUND;
    }
    /* RFC 7296 3.3.1: the answer carries the number of what was accepted; ours count from 1. */
    if (answer.number == 0 || answer.number > ipseci_proposal_count(offered)) {
        return IPSEC_ERR_NOT_FOUND;
    }
    const struct ipsec_proposal *ours = &offered->item[answer.number - 1];
    const struct offer offer = offer_read(ours, &answer, flags);
    const struct ipseci_wish wish = {protocol, IPSEC_KE_NONE, flags};
    /* RFC 7296 2.7: the initiator checks that what it gets is in what it sent (INIT-08, INIT-09).
     */
    if (ours->protocol != (uint8_t)protocol || offer.repeated || offer.foreign ||
        !pick_suite(ours, &offer, &wish, out)) {
        return IPSEC_ERR_NOT_FOUND;
    }
    out->number = answer.number;
    out->spi = spi_of(&answer);
    return IPSEC_OK;
}

void ipseci_choice_build(struct ipseci_writer *w, const struct ipseci_choice *choice,
                         struct ipsec_view spi)
{
    struct ipsec_suite suite = choice->suite;

    /* RFC 7296 2.7: what is chosen stands in the answer as it stood in the offer; peers with these
     * habits compare. */
    if ((choice->quirks & IPSEC_QUIRK_FORTIGATE) != 0) {
        suite.encr_key_bits = CHACHA20_BITS;
    }
    ipseci_sa_build_suite(w, &suite, choice->number, spi,
                          (choice->quirks & IPSEC_QUIRK_CISCO_ASA) != 0);
}

/* ---- our own lists -----------------------------------------------------------------------------
 */

static bool proposal_equal(const struct ipsec_proposal *a, const struct ipsec_proposal *b)
{
    if (a->protocol != b->protocol || a->transform_count != b->transform_count) {
        return false;
    }
    for (uint32_t i = 0; i < a->transform_count; i++) {
        if (a->transform[i].type != b->transform[i].type ||
            a->transform[i].id != b->transform[i].id ||
            a->transform[i].key_bits != b->transform[i].key_bits) {
            return false;
        }
    }
    return true;
}

static bool list_has(const struct ipsec_proposals *list, const struct ipsec_proposal *p)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (proposal_equal(&list->item[i], p)) {
            return true;
        }
    }
    return false;
}

void ipseci_proposals_without_ke(const struct ipsec_proposals *list, struct ipsec_proposals *out)
{
    memset(out, 0, sizeof(*out));
    for (uint32_t i = 0; i < ipseci_proposal_count(list); i++) {
        const struct ipsec_proposal *from = &list->item[i];
        struct ipsec_proposal p = {.protocol = from->protocol};
        for (uint32_t k = 0; k < ipseci_transform_count(from); k++) {
            if (!ipseci_type_is_ke(from->transform[k].type)) {
                p.transform[p.transform_count++] = from->transform[k];
            }
        }
        if (!list_has(out, &p)) {
            out->item[out->count++] = p;
        }
    }
}

/* The first transform of type KE with this group; group 0: with any group but NONE. */
static const struct ipsec_transform *find_group(const struct ipsec_proposals *list, uint16_t group)
{
    for (uint32_t i = 0; i < ipseci_proposal_count(list); i++) {
        for (uint32_t k = 0; k < ipseci_transform_count(&list->item[i]); k++) {
            const struct ipsec_transform *t = &list->item[i].transform[k];
            if (t->type == IPSEC_TRANSFORM_KE && t->id != IPSEC_KE_NONE &&
                (group == 0 || t->id == group)) {
                return t;
            }
        }
    }
    return NULL;
}

void ipseci_proposals_usable(const struct ipsec_proposals *configured, enum ipsec_protocol protocol,
                             const struct ipsec_crypto_list *crypto, struct ipsec_proposals *out)
{
    if (configured != NULL) {
        *out = *configured;
    } else {
        ipsec_proposals_default(protocol, out);
    }
    (void)ipsec_proposals_restrict(out, crypto);
}

uint16_t ipseci_proposals_first_ke(const struct ipsec_proposals *list)
{
    const struct ipsec_transform *t = find_group(list, 0);
    return t == NULL ? IPSEC_KE_NONE : t->id;
}

bool ipseci_proposals_have_ke(const struct ipsec_proposals *list, uint16_t group)
{
    return group != IPSEC_KE_NONE && find_group(list, group) != NULL;
}
