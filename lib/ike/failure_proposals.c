/* SPDX-License-Identifier: Apache-2.0
 *
 * The failure report's part about proposals: what each end offers, the nearest pair, what differs
 * in it, and what to set on which end. Called by failure_text.c. RFC 7296 2.7, 2.8, 3.3.
 */
#include "choice.h"
#include "report.h"
#include "suite.h"

#include <string.h>

#define VALUES_MAX      4 /* of one type in one line */
#define PROPOSAL_TEXT   100
#define LIST_LINES      2
#define SUGGESTED_LINES 2

static bool is_child(const struct ipsec_failure *f)
{
    if (f->ours != NULL && f->ours->count > 0) {
        return f->ours->item[0].protocol == IPSEC_PROTOCOL_ESP;
    }
    return f->phase == IPSEC_PHASE_CHILD_CREATE || f->phase == IPSEC_PHASE_CHILD_REKEY;
}

/* The configuration's word for the list. */
static const char *word(const struct ipsec_failure *f)
{
    return is_child(f) ? "esp = " : "ike = ";
}

static const struct ipsec_proposal *nearest(const struct ipsec_proposals *list, uint32_t index)
{
    return list != NULL && index < ipseci_proposal_count(list) ? &list->item[index] : NULL;
}

static bool is_none(const struct ipsec_transform *t)
{
    return ipseci_type_has_none(t->type) && t->id == 0;
}

static bool has(const struct ipsec_proposal *p, const struct ipsec_transform *t)
{
    for (uint32_t i = 0; i < ipseci_transform_count(p); i++) {
        const struct ipsec_transform *own = &p->transform[i];
        if (own->type == t->type && own->id == t->id && own->key_bits == t->key_bits) {
            return true;
        }
    }
    return false;
}

/* ---- what each end offers ----------------------------------------------------------------------
 */

static void add_list(struct ipseci_text *t, const struct ipsec_proposals *list)
{
    char text[IPSEC_PROPOSAL_TEXT_MAX];

    ipsec_proposals_text(list, text, sizeof(text));
    ipseci_text_add(t, text);
}

static void add_ours(struct ipseci_page *page, const struct ipsec_failure *f)
{
    if (f->ours == NULL) {
        return;
    }
    ipseci_page_begin(page, "Here:");
    if (f->ours->count == 0) {
        ipseci_text_add(&page->entry, "nothing of the configured list is left to offer");
    } else {
        ipseci_text_add(&page->entry, word(f));
        add_list(&page->entry, f->ours);
    }
    ipseci_page_end(page, LIST_LINES);
}

static void add_theirs(struct ipseci_page *page, const struct ipsec_failure *f)
{
    if (f->phase == IPSEC_PHASE_START) {
        return;
    }
    ipseci_page_begin(page, "There:");
    if (f->theirs == NULL) {
        ipseci_text_add(&page->entry, is_child(f) ? "the peer did not say: see its log and its ESP "
                                                    "proposals (strongSwan: esp_proposals)"
                                                  : "the peer did not say: see its log and its IKE "
                                                    "proposals (strongSwan: proposals)");
    } else if (f->theirs->count == 0) {
        ipseci_text_add(&page->entry, "nothing that could be read");
    } else {
        ipseci_text_add(&page->entry, word(f));
        add_list(&page->entry, f->theirs);
        ipseci_text_add(&page->entry, f->theirs_cut ? " and more" : "");
    }
    ipseci_page_end(page, LIST_LINES);
}

static void add_short(struct ipseci_text *t, const struct ipsec_proposal *p)
{
    char text[PROPOSAL_TEXT];

    ipsec_proposal_text(p, text, sizeof(text));
    ipseci_text_add(t, text);
}

/* Which two proposals the differences speak of, when that is not clear by itself. */
static void add_nearest(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const struct ipsec_proposal *ours = nearest(f->ours, f->nearest_ours);
    const struct ipsec_proposal *theirs = nearest(f->theirs, f->nearest_theirs);

    if (f->diff_count == 0 || ours == NULL || theirs == NULL ||
        (f->ours->count == 1 && f->theirs->count == 1)) {
        return;
    }
    ipseci_page_begin(page, "Nearest:");
    ipseci_text_add(&page->entry, "here ");
    add_short(&page->entry, ours);
    ipseci_text_add(&page->entry, ", there ");
    add_short(&page->entry, theirs);
    ipseci_page_end(page, LIST_LINES);
}

/* ---- what differs ------------------------------------------------------------------------------
 */

static void add_transform(struct ipseci_text *t, const struct ipsec_transform *transform)
{
    char text[IPSEC_TRANSFORM_TEXT_MAX];

    ipsec_transform_text(transform, text, sizeof(text));
    ipseci_text_add(t, text);
}

/* All values of the type in the proposal; `first` when the proposal is not known. */
static void add_values(struct ipseci_text *t, const struct ipsec_proposal *p,
                       const struct ipsec_transform *first)
{
    uint32_t count = 0;

    for (uint32_t i = 0; p != NULL && i < ipseci_transform_count(p); i++) {
        if (p->transform[i].type != first->type || is_none(&p->transform[i])) {
            continue;
        }
        if (count < VALUES_MAX) {
            ipseci_text_add(t, count == 0 ? "" : " or ");
            add_transform(t, &p->transform[i]);
        }
        count++;
    }
    if (count == 0) {
        add_transform(t, first);
    } else if (count > VALUES_MAX) {
        ipseci_text_add(t, " or ");
        ipseci_text_u64(t, count - VALUES_MAX);
        ipseci_text_add(t, " more");
    }
}

static void add_side(struct ipseci_text *t, const struct ipsec_proposal *p,
                     const struct ipsec_transform *first)
{
    if (first->type == 0) {
        ipseci_text_add(t, "none");
        return;
    }
    add_values(t, p, first);
}

static const char *diff_reason(const struct ipsec_diff *diff)
{
    const bool integrity = diff->type == IPSEC_TRANSFORM_INTEG;

    switch ((enum ipsec_diff_kind)diff->kind) {
    case IPSEC_DIFF_KEY_LENGTH:
        return " (key length)";
    case IPSEC_DIFF_ONLY_OURS:
        return integrity ? " (an AEAD cipher has its own)" : " (only we want one)";
    case IPSEC_DIFF_ONLY_THEIRS:
        return integrity ? " (an AEAD cipher has its own)" : " (only the peer wants one)";
    case IPSEC_DIFF_NO_OVERLAP:
    case IPSEC_DIFF_NOT_BUILT_IN:
        return "";
    }
    return "";
}

static void add_diff(struct ipseci_text *t, const struct ipsec_failure *f,
                     const struct ipsec_diff *diff)
{
    ipseci_text_add(t, ipsec_transform_type_text(diff->type));
    ipseci_text_add(t, ": ");
    if (diff->kind == IPSEC_DIFF_NOT_BUILT_IN) {
        add_transform(t, &diff->ours);
        ipseci_text_add(t, diff->theirs.type != 0 ? " is configured here and offered there, but "
                                                  : " is configured, but ");
        ipseci_text_add(t, "not built in here");
        return;
    }
    ipseci_text_add(t, "here ");
    add_side(t, nearest(f->ours, f->nearest_ours), &diff->ours);
    ipseci_text_add(t, ", there ");
    add_side(t, nearest(f->theirs, f->nearest_theirs), &diff->theirs);
    ipseci_text_add(t, diff_reason(diff));
}

static uint32_t diff_count(const struct ipsec_failure *f)
{
    return f->diff_count < IPSEC_DIFF_MAX ? f->diff_count : IPSEC_DIFF_MAX;
}

static const char *no_diff_words(const struct ipsec_failure *f)
{
    if (f->refused_by == IPSEC_REFUSED_LOCAL) {
        return "no single value: an attribute or a combination in the proposal (such as an AEAD "
               "cipher "
               "with an integrity algorithm) rules it out";
    }
    return "nothing that can be seen from here: the lists have a choice in common, so the peer has "
           "another reason (its log tells)";
}

static void add_diffs(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const char *label = f->cause == IPSEC_CAUSE_NOT_BUILT_IN ? "Missing:" : "Differs:";

    for (uint32_t i = 0; i < diff_count(f); i++) {
        ipseci_page_begin(page, i == 0 ? label : "");
        add_diff(&page->entry, f, &f->diff[i]);
        ipseci_page_end(page, diff_count(f) <= 3 ? 2 : 1);
    }
    if (f->ours != NULL && f->ours->count > 0 && f->theirs != NULL && f->theirs->count > 0 &&
        diff_count(f) == 0) {
        ipseci_page_say(page, label, no_diff_words(f));
    }
}

/* ---- perfect forward secrecy -------------------------------------------------------------------
 */

static const struct ipsec_diff *group_diff(const struct ipsec_failure *f)
{
    for (uint32_t i = 0; i < diff_count(f); i++) {
        if (f->diff[i].type == IPSEC_TRANSFORM_KE) {
            return &f->diff[i];
        }
    }
    return NULL;
}

static void add_known_pfs(struct ipseci_text *t, const struct ipsec_diff *diff)
{
    if (diff->kind == IPSEC_DIFF_ONLY_OURS) {
        ipseci_text_add(t, "PFS is on here (");
        add_transform(t, &diff->ours);
        ipseci_text_add(t, ") and off there. ");
    } else if (diff->kind == IPSEC_DIFF_ONLY_THEIRS) {
        ipseci_text_add(t, "PFS is off here and on there (");
        add_transform(t, &diff->theirs);
        ipseci_text_add(t, "). ");
    } else {
        ipseci_text_add(t, "PFS is on at both ends, with other groups. ");
    }
}

/* The peer said no and nothing else: the group is what shows up first at a rekey. */
static void add_guessed_pfs(struct ipseci_text *t, const struct ipsec_failure *f)
{
    const uint16_t group = ipseci_proposals_first_ke(f->ours);
    const struct ipsec_transform ours = {.type = IPSEC_TRANSFORM_KE, .id = group};

    if (group == IPSEC_KE_NONE) {
        ipseci_text_add(t, "most likely PFS: off here, and the peer wants a group. ");
        return;
    }
    ipseci_text_add(t, "most likely PFS: on here (");
    add_transform(t, &ours);
    ipseci_text_add(t, "), and off or with another group there. ");
}

/* RFC 7296 1.2: the first child has no key exchange of its own, so groups are not compared before a
 * CREATE_CHILD_SA; that is why the tunnel worked until now. */
static void add_pfs(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const struct ipsec_diff *diff = group_diff(f);
    const bool rekey = f->phase == IPSEC_PHASE_CHILD_REKEY;

    if (f->cause == IPSEC_CAUSE_NOT_BUILT_IN || !is_child(f)) {
        return;
    }
    ipseci_page_begin(page, "Why:");
    if (diff != NULL) {
        add_known_pfs(&page->entry, diff);
    } else if (rekey && f->theirs == NULL && f->ours != NULL &&
               f->refused_by == IPSEC_REFUSED_PEER) {
        add_guessed_pfs(&page->entry, f);
    } else {
        return;
    }
    ipseci_text_add(&page->entry, "The group of a Child SA is negotiated only at a rekey or for a "
                                  "further child, not in IKE_AUTH: ");
    ipseci_text_add(&page->entry, rekey ? "the tunnel came up, and its rekey fails"
                                        : "the first child came up, and this one fails");
    ipseci_page_end(page, 3);
}

/* ---- what to set -------------------------------------------------------------------------------
 */

/* The value of this type that base should keep so that the other end accepts it; NULL: none. */
static const struct ipsec_transform *pick(const struct ipsec_proposal *base,
                                          const struct ipsec_proposal *other, uint8_t type)
{
    const struct ipsec_transform none = {.type = type};
    const struct ipsec_transform *first = NULL;

    for (uint32_t i = 0; i < ipseci_transform_count(base); i++) {
        const struct ipsec_transform *t = &base->transform[i];
        if (t->type != type || is_none(t)) {
            continue;
        }
        if (other != NULL && has(other, t)) {
            return t;
        }
        first = first == NULL ? t : first;
    }
    return ipseci_type_has_none(type) && has(base, &none) ? NULL : first;
}

/* One proposal that `base` accepts and that comes nearest to `other`. */
static void merge(const struct ipsec_proposal *base, const struct ipsec_proposal *other,
                  struct ipsec_proposal *out)
{
    static const uint8_t order[] = {IPSEC_TRANSFORM_ENCR, IPSEC_TRANSFORM_INTEG,
                                    IPSEC_TRANSFORM_PRF, IPSEC_TRANSFORM_KE, IPSEC_TRANSFORM_ESN};
    bool aead = false;

    memset(out, 0, sizeof(*out));
    out->protocol = base->protocol;
    for (size_t i = 0; i < sizeof(order); i++) {
        const struct ipsec_transform *t = pick(base, other, order[i]);
        if (t == NULL || (aead && t->type == IPSEC_TRANSFORM_INTEG)) {
            continue;
        }
        if (t->type == IPSEC_TRANSFORM_ENCR) {
            const struct ipseci_encr *encr = ipseci_encr_find(t->id);
            aead = encr != NULL && encr->aead;
        }
        out->transform[out->transform_count++] = *t;
    }
}

enum strength { STRENGTH_UNKNOWN, STRENGTH_WEAK, STRENGTH_GOOD };

static enum strength strength_of(const struct ipsec_proposal *p)
{
    enum strength strength = p->transform_count == 0 ? STRENGTH_UNKNOWN : STRENGTH_GOOD;

    for (uint32_t i = 0; i < p->transform_count; i++) {
        const struct ipsec_transform *t = &p->transform[i];
        const struct ipseci_names *names = ipseci_names_find(t->type, t->id);
        if (t->type == IPSEC_TRANSFORM_ESN) {
            continue;
        }
        if (names == NULL) {
            return STRENGTH_UNKNOWN;
        }
        strength = names->weak ? STRENGTH_WEAK : strength;
    }
    return strength;
}

static void suggest(struct ipseci_page *page, const struct ipsec_failure *f, const char *where,
                    const struct ipsec_proposal *p)
{
    ipseci_text_add(&page->entry, where);
    ipseci_text_add(&page->entry, word(f));
    add_short(&page->entry, p);
    if (strength_of(p) == STRENGTH_WEAK) {
        ipseci_text_add(&page->entry, " (weak: rather change the other end)");
    }
}

static bool lacks_here(const struct ipsec_failure *f)
{
    for (uint32_t i = 0; i < diff_count(f); i++) {
        if (f->diff[i].kind == IPSEC_DIFF_NOT_BUILT_IN) {
            return true;
        }
    }
    return false;
}

static void add_pair_advice(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const struct ipsec_proposal *ours = nearest(f->ours, f->nearest_ours);
    const struct ipsec_proposal *theirs = nearest(f->theirs, f->nearest_theirs);
    struct ipsec_proposal p;
    bool first = true;

    merge(theirs, ours, &p);
    if (strength_of(&p) != STRENGTH_UNKNOWN && !lacks_here(f)) {
        ipseci_page_begin(page, "To do:");
        suggest(page, f, "on this gateway: ", &p);
        ipseci_page_end(page, SUGGESTED_LINES);
        first = false;
    }
    merge(ours, theirs, &p);
    ipseci_page_begin(page, first ? "To do:" : "");
    suggest(page, f, first ? "on the other:    " : "or on the other: ", &p);
    ipseci_page_end(page, SUGGESTED_LINES);
}

/* INVALID_KE_PAYLOAD says at least which group the peer wants (RFC 7296 1.2). */
static void add_here_advice(struct ipseci_text *t, const struct ipsec_failure *f)
{
    const struct ipsec_diff *diff = group_diff(f);
    struct ipsec_proposal group = {.transform_count = 1};

    ipseci_text_add(t, "or on this gateway: ");
    if (diff == NULL || diff->theirs.type == 0) {
        ipseci_text_add(t, word(f));
        ipseci_text_add(t, "(what the other end is set to)");
        return;
    }
    group.transform[0] = diff->theirs;
    ipseci_text_add(t, "add ");
    add_short(t, &group);
    ipseci_text_add(t, " to ");
    ipseci_text_add(t, is_child(f) ? "esp" : "ike");
}

static void add_unknown_advice(struct ipseci_page *page, const struct ipsec_failure *f)
{
    struct ipsec_proposal p;

    if (f->ours == NULL || f->ours->count == 0) {
        return;
    }
    merge(&f->ours->item[0], NULL, &p);
    ipseci_page_begin(page, "To do:");
    suggest(page, f, "on the other:    ", &p);
    ipseci_page_end(page, SUGGESTED_LINES);
    ipseci_page_begin(page, "");
    add_here_advice(&page->entry, f);
    ipseci_page_end(page, 1);
}

static void add_not_built_in_advice(struct ipseci_page *page, const struct ipsec_failure *f)
{
    if (f->built_in != NULL && f->built_in->count > 0) {
        ipseci_page_begin(page, "Built in:");
        ipseci_text_add(&page->entry, word(f));
        add_list(&page->entry, f->built_in);
        ipseci_page_end(page, LIST_LINES);
    }
    ipseci_page_begin(page, "To do:");
    ipseci_text_add(&page->entry, "on this gateway: take out of ");
    ipseci_text_add(&page->entry, word(f));
    ipseci_text_add(&page->entry, "what is not built in, or build with a crypto provider that has "
                                  "it; the other end must accept what is left");
    ipseci_page_end(page, 3);
}

static void add_advice(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const bool pair =
        nearest(f->ours, f->nearest_ours) != NULL && nearest(f->theirs, f->nearest_theirs) != NULL;

    if (f->cause == IPSEC_CAUSE_NOT_BUILT_IN) {
        add_not_built_in_advice(page, f);
    } else if (pair && f->diff_count > 0) {
        add_pair_advice(page, f);
    } else if (!pair) {
        add_unknown_advice(page, f);
    }
}

/* Some implementations know only this notify when no connection of theirs fits. */
static void add_address_note(struct ipseci_page *page, const struct ipsec_failure *f)
{
    if (f->phase != IPSEC_PHASE_IKE_SA_INIT || f->refused_by != IPSEC_REFUSED_PEER ||
        f->theirs != NULL) {
        return;
    }
    ipseci_page_begin(page, "Note:");
    ipseci_text_add(&page->entry, "some peers answer the same when nothing is configured there for "
                                  "our address ");
    ipseci_report_endpoint(&page->entry, &f->local);
    ipseci_page_end(page, 2);
}

void ipseci_report_proposals(struct ipseci_page *page, const struct ipsec_failure *f)
{
    add_ours(page, f);
    add_theirs(page, f);
    add_nearest(page, f);
    add_diffs(page, f);
    add_pfs(page, f);
    add_advice(page, f);
    add_address_note(page, f);
    /* RFC 7296 2.8: unlike in IKEv1. */
    ipseci_page_say(
        page,
        "Note:", "lifetimes are local in IKEv2, never negotiated, and never the reason for this");
}
