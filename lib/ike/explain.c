/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds the pair of proposals that comes nearest to a match, and in what it differs. Called by the
 * exchange handlers when a negotiation of proposals fails. RFC 7296 3.3; RFC 5282 8.
 */
#include "explain.h"
#include "choice.h"

#include <string.h>

/* The order in which differences are told. */
static const uint8_t types_told[] = {
    IPSEC_TRANSFORM_ENCR,       IPSEC_TRANSFORM_INTEG,      IPSEC_TRANSFORM_PRF,
    IPSEC_TRANSFORM_KE,         IPSEC_TRANSFORM_ESN,        IPSEC_TRANSFORM_ADDKE1,
    IPSEC_TRANSFORM_ADDKE1 + 1, IPSEC_TRANSFORM_ADDKE1 + 2, IPSEC_TRANSFORM_ADDKE1 + 3,
    IPSEC_TRANSFORM_ADDKE1 + 4, IPSEC_TRANSFORM_ADDKE1 + 5, IPSEC_TRANSFORM_ADDKE7};

struct diffs {
    uint32_t count;
    struct ipsec_diff item[IPSEC_DIFF_MAX];
};

static bool transform_equal(const struct ipsec_transform *a, const struct ipsec_transform *b)
{
    return a->type == b->type && a->id == b->id && a->key_bits == b->key_bits;
}

static bool proposal_has(const struct ipsec_proposal *p, const struct ipsec_transform *t)
{
    for (uint32_t i = 0; i < ipseci_transform_count(p); i++) {
        if (transform_equal(&p->transform[i], t)) {
            return true;
        }
    }
    return false;
}

static bool list_has(const struct ipsec_proposals *list, const struct ipsec_transform *t)
{
    for (uint32_t i = 0; i < ipseci_proposal_count(list); i++) {
        if (proposal_has(&list->item[i], t)) {
            return true;
        }
    }
    return false;
}

static bool is_none(const struct ipsec_transform *t)
{
    return ipseci_type_has_none(t->type) && t->id == 0;
}

/* The first transform of this type that is not NONE; NULL: none. */
static const struct ipsec_transform *first_of(const struct ipsec_proposal *p, uint8_t type)
{
    for (uint32_t i = 0; i < ipseci_transform_count(p); i++) {
        if (p->transform[i].type == type && !is_none(&p->transform[i])) {
            return &p->transform[i];
        }
    }
    return NULL;
}

/* Can this end do without the type: it names no value of it, or NONE among them? */
static bool may_miss(const struct ipsec_proposal *p, uint8_t type)
{
    const struct ipsec_transform none = {.type = type};

    return first_of(p, type) == NULL || (ipseci_type_has_none(type) && proposal_has(p, &none));
}

static bool values_meet(const struct ipsec_proposal *a, const struct ipsec_proposal *b,
                        uint8_t type)
{
    for (uint32_t i = 0; i < ipseci_transform_count(a); i++) {
        if (a->transform[i].type == type && proposal_has(b, &a->transform[i])) {
            return true;
        }
    }
    return may_miss(a, type) && may_miss(b, type);
}

/* The same cipher on both ends, with other key lengths. */
static bool same_cipher(const struct ipsec_proposal *ours, const struct ipsec_proposal *theirs,
                        struct ipsec_diff *diff)
{
    for (uint32_t i = 0; i < ipseci_transform_count(ours); i++) {
        for (uint32_t k = 0; k < ipseci_transform_count(theirs); k++) {
            const struct ipsec_transform *a = &ours->transform[i];
            const struct ipsec_transform *b = &theirs->transform[k];
            if (a->type == IPSEC_TRANSFORM_ENCR && b->type == a->type && a->id == b->id) {
                diff->ours = *a;
                diff->theirs = *b;
                return true;
            }
        }
    }
    return false;
}

static bool type_differs(const struct ipsec_proposal *ours, const struct ipsec_proposal *theirs,
                         uint8_t type, struct ipsec_diff *out)
{
    const struct ipsec_transform *a = first_of(ours, type);
    const struct ipsec_transform *b = first_of(theirs, type);

    if (values_meet(ours, theirs, type)) {
        return false;
    }
    *out = (struct ipsec_diff){.type = type, .kind = IPSEC_DIFF_NO_OVERLAP};
    if (a != NULL) {
        out->ours = *a;
    }
    if (b != NULL) {
        out->theirs = *b;
    }
    if (a == NULL) {
        out->kind = IPSEC_DIFF_ONLY_THEIRS;
    } else if (b == NULL) {
        out->kind = IPSEC_DIFF_ONLY_OURS;
    } else if (type == IPSEC_TRANSFORM_ENCR && same_cipher(ours, theirs, out)) {
        out->kind = IPSEC_DIFF_KEY_LENGTH;
    }
    return true;
}

static bool is_told(uint8_t type)
{
    return memchr(types_told, type, sizeof(types_told)) != NULL;
}

/* RFC 7296 3.3.6: a type nobody here knows spoils the peer's proposal. */
static bool unknown_type(const struct ipsec_proposal *theirs, struct ipsec_diff *out)
{
    for (uint32_t i = 0; i < ipseci_transform_count(theirs); i++) {
        if (!is_told(theirs->transform[i].type)) {
            *out = (struct ipsec_diff){.type = theirs->transform[i].type,
                                       .kind = IPSEC_DIFF_ONLY_THEIRS,
                                       .theirs = theirs->transform[i]};
            return true;
        }
    }
    return false;
}

static void compare(const struct ipsec_proposal *ours, const struct ipsec_proposal *theirs,
                    uint32_t choice_flags, struct diffs *out)
{
    out->count = 0;
    if (unknown_type(theirs, &out->item[0])) {
        out->count = 1;
    }
    for (size_t i = 0; i < sizeof(types_told) && out->count < IPSEC_DIFF_MAX; i++) {
        if ((choice_flags & IPSECI_CHOICE_NO_KE) != 0 && ipseci_type_is_ke(types_told[i])) {
            continue;
        }
        if (type_differs(ours, theirs, types_told[i], &out->item[out->count])) {
            out->count++;
        }
    }
}

/* A transform of the peer's proposal that the configuration names and no built-in proposal has. */
static void mark_not_built_in(struct ipsec_failure *f, const struct ipsec_proposals *configured,
                              struct ipsec_diff *diff)
{
    const struct ipsec_proposal *theirs = &f->theirs->item[f->nearest_theirs];

    for (uint32_t i = 0; i < ipseci_transform_count(theirs); i++) {
        const struct ipsec_transform *t = &theirs->transform[i];
        if (t->type == diff->type && !is_none(t) && list_has(configured, t) &&
            !list_has(f->ours, t)) {
            diff->kind = IPSEC_DIFF_NOT_BUILT_IN;
            diff->ours = *t;
            diff->theirs = *t;
            return;
        }
    }
}

static void take_nearest(struct ipsec_failure *f, uint32_t choice_flags)
{
    struct diffs now;
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < ipseci_proposal_count(f->ours); i++) {
        for (uint32_t k = 0; k < ipseci_proposal_count(f->theirs); k++) {
            if (f->ours->item[i].protocol != f->theirs->item[k].protocol) {
                continue;
            }
            compare(&f->ours->item[i], &f->theirs->item[k], choice_flags, &now);
            if (now.count < best) { /* ties: the earlier pair stays */
                best = now.count;
                f->nearest_ours = i;
                f->nearest_theirs = k;
                f->diff_count = now.count;
                memcpy(f->diff, now.item, now.count * sizeof(now.item[0]));
            }
        }
    }
}

void ipseci_explain(struct ipsec_failure *failure, const struct ipsec_proposals *configured,
                    uint32_t choice_flags)
{
    failure->nearest_ours = 0;
    failure->nearest_theirs = 0;
    failure->diff_count = 0;
    memset(failure->diff, 0, sizeof(failure->diff));
    if (failure->ours == NULL || failure->theirs == NULL) {
        return;
    }
    take_nearest(failure, choice_flags);
    for (uint32_t i = 0; configured != NULL && i < failure->diff_count; i++) {
        mark_not_built_in(failure, configured, &failure->diff[i]);
    }
}

static bool needs_provider(const struct ipsec_transform *t)
{
    return t->type != IPSEC_TRANSFORM_ESN && !is_none(t);
}

static void add_missing(struct ipsec_failure *f, const struct ipsec_transform *t)
{
    for (uint32_t i = 0; i < f->diff_count; i++) {
        if (transform_equal(&f->diff[i].ours, t)) {
            return;
        }
    }
    if (f->diff_count < IPSEC_DIFF_MAX) {
        f->diff[f->diff_count++] = (struct ipsec_diff){
            .type = t->type, .kind = IPSEC_DIFF_NOT_BUILT_IN, .ours = *t, .theirs = {0}};
    }
}

void ipseci_explain_not_built_in(struct ipsec_failure *failure,
                                 const struct ipsec_proposals *configured,
                                 const struct ipsec_crypto_list *crypto,
                                 struct ipsec_proposals *built_in)
{
    const bool child = configured->count > 0 && configured->item[0].protocol == IPSEC_PROTOCOL_ESP;

    ipsec_proposals_default(child ? IPSEC_PROTOCOL_ESP : IPSEC_PROTOCOL_IKE, built_in);
    (void)ipsec_proposals_restrict(built_in, crypto);
    failure->ours = configured;
    failure->built_in = built_in;
    failure->diff_count = 0;
    for (uint32_t i = 0; i < ipseci_proposal_count(configured); i++) {
        const struct ipsec_proposal *p = &configured->item[i];
        for (uint32_t k = 0; k < ipseci_transform_count(p); k++) {
            const struct ipsec_transform *t = &p->transform[k];
            if (needs_provider(t) &&
                !ipsec_crypto_supports(crypto, (enum ipsec_transform_type)t->type, t->id,
                                       t->key_bits)) {
                add_missing(failure, t);
            }
        }
    }
}

void ipseci_explain_group(struct ipsec_failure *failure, uint16_t group)
{
    if (failure->ours == NULL || failure->theirs != NULL || group == IPSEC_KE_NONE ||
        ipseci_proposals_have_ke(failure->ours, group)) {
        return;
    }
    const uint16_t first = ipseci_proposals_first_ke(failure->ours);
    struct ipsec_diff *diff = &failure->diff[0];

    *diff = (struct ipsec_diff){.type = IPSEC_TRANSFORM_KE, .kind = IPSEC_DIFF_ONLY_THEIRS};
    diff->theirs = (struct ipsec_transform){.type = IPSEC_TRANSFORM_KE, .id = group};
    if (first != IPSEC_KE_NONE) {
        diff->kind = IPSEC_DIFF_NO_OVERLAP;
        diff->ours = (struct ipsec_transform){.type = IPSEC_TRANSFORM_KE, .id = first};
    }
    failure->diff_count = 1;
}
