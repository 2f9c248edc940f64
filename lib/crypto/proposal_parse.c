/* SPDX-License-Identifier: Apache-2.0
 *
 * Proposal texts -> proposals (ipsec/proposal.h). Called by configurations.
 * RFC 7296 3.3.3 (which types a protocol needs), RFC 5282 8 (AEAD in IKE).
 */
#include "keyword.h"

#include <string.h>

/* The text being read, and where a complaint points. */
struct parser {
    const char *text;
    size_t offset;
    size_t length;
    const char *reason;
    enum ipsec_protocol protocol;
};

static enum ipsec_status syntax(struct parser *p, const char *reason)
{
    p->reason = reason;
    return IPSEC_ERR_SYNTAX;
}

static size_t count_of(const struct ipsec_proposal *proposal, uint8_t type)
{
    size_t n = 0;
    for (size_t i = 0; i < proposal->transform_count; i++) {
        n += proposal->transform[i].type == type;
    }
    return n;
}

static bool is_listed(const struct ipsec_proposal *proposal, const struct ipsec_transform *t)
{
    for (size_t i = 0; i < proposal->transform_count; i++) {
        const struct ipsec_transform *have = &proposal->transform[i];
        if (have->type == t->type && have->id == t->id && have->key_bits == t->key_bits) {
            return true;
        }
    }
    return false;
}

static enum ipsec_status add(struct parser *p, struct ipsec_proposal *proposal,
                             const struct ipsec_transform *t)
{
    if (is_listed(proposal, t)) {
        return IPSEC_OK;
    }
    if (proposal->transform_count == IPSEC_PROPOSAL_TRANSFORMS_MAX) {
        p->reason = "too many algorithms in one proposal";
        return IPSEC_ERR_FULL;
    }
    proposal->transform[proposal->transform_count++] = *t;
    return IPSEC_OK;
}

static bool is_aead(const struct ipsec_transform *t)
{
    const struct ipseci_encr *encr = ipseci_encr_find(t->id);
    return t->type == IPSEC_TRANSFORM_ENCR && encr != NULL && encr->aead;
}

/* May this word stand in a proposal of this protocol? */
static enum ipsec_status check_word(struct parser *p, const struct ipsec_transform *t)
{
    bool ike = p->protocol == IPSEC_PROTOCOL_IKE;
    if (ike && t->type == IPSEC_TRANSFORM_ESN) {
        return syntax(p, "sequence numbers belong to ESP, not IKE");
    }
    if (!ike && t->type == IPSEC_TRANSFORM_PRF) {
        return syntax(p, "an ESP proposal has no PRF");
    }
    if (!ike || t->type != IPSEC_TRANSFORM_ENCR) {
        return IPSEC_OK;
    }
    if (ipseci_encr_done_as(t->id) != t->id) {
        return syntax(p, "an implicit IV belongs to ESP, not IKE"); /* RFC 8750 6 */
    }
    /* RFC 7296 3.3.2 with RFC 8247 2.1: IKE messages are always encrypted. */
    if (ipseci_encr_is_esp_only(ipseci_encr_find(t->id))) {
        return syntax(p, "IKE can not do without encryption");
    }
    return IPSEC_OK;
}

static enum ipsec_status add_word(struct parser *p, struct ipsec_proposal *proposal)
{
    struct ipsec_transform t = {0, 0, 0};
    if (p->length == 0) {
        return syntax(p, "a word is missing");
    }
    if (!ipseci_keyword_find(p->text + p->offset, p->length, &t)) {
        return syntax(p, "unknown algorithm");
    }
    IPSECI_TRY(check_word(p, &t));
    return add(p, proposal, &t);
}

/* The PRFs of the integrity algorithms' hashes, for texts that name none. */
static enum ipsec_status derive_prfs(struct parser *p, struct ipsec_proposal *proposal)
{
    size_t count = proposal->transform_count;
    for (size_t i = 0; i < count; i++) {
        const struct ipsec_transform *t = &proposal->transform[i];
        const struct ipseci_integ *integ =
            t->type == IPSEC_TRANSFORM_INTEG ? ipseci_integ_find(t->id) : NULL;
        if (integ != NULL) {
            struct ipsec_transform prf = {IPSEC_TRANSFORM_PRF, integ->prf_id, 0};
            IPSECI_TRY(add(p, proposal, &prf));
        }
    }
    return IPSEC_OK;
}

static void remove_type(struct ipsec_proposal *proposal, uint8_t type)
{
    uint8_t kept = 0;
    for (size_t i = 0; i < proposal->transform_count; i++) {
        if (proposal->transform[i].type != type) {
            proposal->transform[kept++] = proposal->transform[i];
        }
    }
    proposal->transform_count = kept;
}

static enum ipsec_status finish_ike(struct parser *p, struct ipsec_proposal *proposal, bool aead)
{
    if (count_of(proposal, IPSEC_TRANSFORM_PRF) == 0) {
        IPSECI_TRY(derive_prfs(p, proposal));
    }
    if (aead) {
        /* As others write it: in "aes256gcm16-sha256-ecp256" the hash only says which PRF.
         * RFC 5282 8: no integrity algorithm beside an AEAD. */
        remove_type(proposal, IPSEC_TRANSFORM_INTEG);
    }
    if (count_of(proposal, IPSEC_TRANSFORM_PRF) == 0) {
        return syntax(p, "no PRF (an AEAD cipher needs one named, e.g. prfsha256)");
    }
    if (count_of(proposal, IPSEC_TRANSFORM_KE) == 0) {
        return syntax(p, "no Diffie-Hellman group");
    }
    return IPSEC_OK;
}

static enum ipsec_status finish_esp(struct parser *p, struct ipsec_proposal *proposal, bool aead)
{
    if (aead && count_of(proposal, IPSEC_TRANSFORM_INTEG) != 0) {
        return syntax(p, "an AEAD cipher takes no integrity algorithm");
    }
    if (count_of(proposal, IPSEC_TRANSFORM_ESN) == 0) {
        struct ipsec_transform no_esn = {IPSEC_TRANSFORM_ESN, IPSEC_ESN_NO, 0};
        return add(p, proposal, &no_esn);
    }
    return IPSEC_OK;
}

/* Groups the transforms by type, keeping the order of preference within each. */
static void sort_by_type(struct ipsec_proposal *proposal)
{
    for (size_t i = 1; i < proposal->transform_count; i++) {
        struct ipsec_transform t = proposal->transform[i];
        size_t at = i;
        for (; at > 0 && proposal->transform[at - 1].type > t.type; at--) {
            proposal->transform[at] = proposal->transform[at - 1];
        }
        proposal->transform[at] = t;
    }
}

static enum ipsec_status finish(struct parser *p, struct ipsec_proposal *proposal)
{
    size_t aeads = 0;
    size_t ciphers = count_of(proposal, IPSEC_TRANSFORM_ENCR);
    for (size_t i = 0; i < proposal->transform_count; i++) {
        aeads += is_aead(&proposal->transform[i]);
    }
    if (ciphers == 0) {
        return syntax(p, "no encryption algorithm");
    }
    if (aeads != 0 && aeads != ciphers) {
        return syntax(p, "AEAD and other ciphers may not share a proposal"); /* RFC 5282 8 */
    }
    if (aeads == 0 && count_of(proposal, IPSEC_TRANSFORM_INTEG) == 0) {
        return syntax(p, "no integrity algorithm");
    }
    IPSECI_TRY(p->protocol == IPSEC_PROTOCOL_IKE ? finish_ike(p, proposal, aeads != 0)
                                                 : finish_esp(p, proposal, aeads != 0));
    sort_by_type(proposal);
    return IPSEC_OK;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Sets p->offset and p->length to the piece up to one of `ends`, without space around it; gives
 * where the piece ended. */
static size_t piece(struct parser *p, size_t from, size_t end, const char *ends)
{
    size_t stop = from;
    while (stop < end && strchr(ends, p->text[stop]) == NULL) {
        stop++;
    }
    size_t first = from;
    size_t last = stop;
    while (first < last && is_space(p->text[first])) {
        first++;
    }
    while (last > first && is_space(p->text[last - 1])) {
        last--;
    }
    p->offset = first;
    p->length = last - first;
    return stop;
}

/* One proposal, text[from..end). */
static enum ipsec_status parse_one(struct parser *p, size_t from, size_t end,
                                   struct ipsec_proposal *proposal)
{
    *proposal = (struct ipsec_proposal){0};
    proposal->protocol = (uint8_t)p->protocol;
    for (size_t at = from; at <= end; at++) {
        at = piece(p, at, end, "-");
        IPSECI_TRY(add_word(p, proposal));
    }
    (void)piece(p, from, end, ""); /* what is wrong from here on is wrong with the whole */
    return finish(p, proposal);
}

static enum ipsec_status parse_all(struct parser *p, struct ipsec_proposals *out)
{
    size_t total = strlen(p->text);
    for (size_t at = 0; at <= total; at++) {
        size_t stop = piece(p, at, total, ",");
        if (out->count == IPSEC_PROPOSALS_MAX) {
            p->reason = "too many proposals";
            return IPSEC_ERR_FULL;
        }
        IPSECI_TRY(parse_one(p, at, stop, &out->item[out->count]));
        out->count++;
        at = stop;
    }
    return IPSEC_OK;
}

enum ipsec_status ipsec_proposals_parse(const char *text, enum ipsec_protocol protocol,
                                        struct ipsec_proposals *out,
                                        struct ipsec_proposal_error *error)
{
    struct parser p = {text, 0, 0, "", protocol};

    if (text == NULL || out == NULL ||
        (protocol != IPSEC_PROTOCOL_IKE && protocol != IPSEC_PROTOCOL_ESP)) {
        return IPSEC_ERR_ARGUMENT;
    }
    out->count = 0;
    enum ipsec_status status = parse_all(&p, out);
    if (status != IPSEC_OK) {
        out->count = 0;
    }
    if (status != IPSEC_OK && error != NULL) {
        *error = (struct ipsec_proposal_error){p.offset, p.length, p.reason};
    }
    return status;
}
