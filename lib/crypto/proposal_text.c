/* SPDX-License-Identifier: Apache-2.0
 *
 * Proposals, suites and transforms -> text, for configurations shown and failure reports. What a
 * text of ours says can be read back by ipsec_proposals_parse.
 */
#include "keyword.h"

/* Does the parser find these PRFs by itself from the integrity algorithms? */
static bool prfs_are_implied(const struct ipsec_proposal *proposal)
{
    uint16_t implied[IPSEC_PROPOSAL_TRANSFORMS_MAX];
    size_t count = 0;
    size_t seen = 0;

    for (size_t i = 0; i < proposal->transform_count; i++) {
        const struct ipsec_transform *t = &proposal->transform[i];
        const struct ipseci_integ *integ =
            t->type == IPSEC_TRANSFORM_INTEG ? ipseci_integ_find(t->id) : NULL;
        if (integ != NULL && count < IPSECI_COUNT(implied)) {
            implied[count++] = integ->prf_id;
        }
    }
    for (size_t i = 0; i < proposal->transform_count; i++) {
        const struct ipsec_transform *t = &proposal->transform[i];
        if (t->type != IPSEC_TRANSFORM_PRF) {
            continue;
        }
        if (seen == count || implied[seen] != t->id) {
            return false;
        }
        seen++;
    }
    return seen == count;
}

/* "no ESN" alone is what a text without the word means. */
static bool esn_is_implied(const struct ipsec_proposal *proposal)
{
    for (size_t i = 0; i < proposal->transform_count; i++) {
        const struct ipsec_transform *t = &proposal->transform[i];
        if (t->type == IPSEC_TRANSFORM_ESN && t->id != IPSEC_ESN_NO) {
            return false;
        }
    }
    return true;
}

static void add_proposal(struct ipseci_text *text, const struct ipsec_proposal *proposal)
{
    bool hide_prf = prfs_are_implied(proposal);
    bool hide_esn = esn_is_implied(proposal);
    const char *separator = "";

    for (size_t i = 0; i < proposal->transform_count; i++) {
        const struct ipsec_transform *t = &proposal->transform[i];
        bool hidden = (t->type == IPSEC_TRANSFORM_PRF && hide_prf) ||
                      (t->type == IPSEC_TRANSFORM_ESN && hide_esn) ||
                      (t->type == IPSEC_TRANSFORM_INTEG && t->id == IPSEC_INTEG_NONE);
        if (!hidden) {
            ipseci_text_add(text, separator);
            ipseci_keyword_add(text, t);
            separator = "-";
        }
    }
}

void ipsec_proposal_text(const struct ipsec_proposal *proposal, char *text, size_t capacity)
{
    struct ipseci_text t = ipseci_text_init(text, capacity);
    add_proposal(&t, proposal);
}

void ipsec_proposals_text(const struct ipsec_proposals *list, char *text, size_t capacity)
{
    struct ipseci_text t = ipseci_text_init(text, capacity);
    for (uint32_t i = 0; i < list->count; i++) {
        ipseci_text_add(&t, i == 0 ? "" : ",");
        add_proposal(&t, &list->item[i]);
    }
}

static void put(struct ipsec_proposal *proposal, uint8_t type, uint16_t id, uint16_t key_bits)
{
    struct ipsec_transform t = {type, id, key_bits};
    proposal->transform[proposal->transform_count++] = t;
}

void ipsec_suite_text(const struct ipsec_suite *suite, char *text, size_t capacity)
{
    struct ipsec_proposal p = {0};
    p.protocol = suite->protocol;
    put(&p, IPSEC_TRANSFORM_ENCR, suite->encr, suite->encr_key_bits);
    if (suite->protocol == IPSEC_PROTOCOL_IKE) {
        put(&p, IPSEC_TRANSFORM_PRF, suite->prf, 0);
    }
    if (suite->integ != IPSEC_INTEG_NONE) {
        put(&p, IPSEC_TRANSFORM_INTEG, suite->integ, 0);
    }
    if (suite->ke != IPSEC_KE_NONE) {
        put(&p, IPSEC_TRANSFORM_KE, suite->ke, 0);
    }
    if (suite->protocol == IPSEC_PROTOCOL_ESP) {
        put(&p, IPSEC_TRANSFORM_ESN, suite->esn, 0);
    }
    ipsec_proposal_text(&p, text, capacity);
}

/* "AES_CBC_#" as "AES-CBC-256"; without key bits "AES-CBC". */
static void add_name(struct ipseci_text *text, const char *name, uint16_t bits)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '_' && p[1] == '#' && bits == 0) {
            return;
        }
        if (*p == '#') {
            ipseci_text_u64(text, bits);
        } else {
            ipseci_text_char(text, *p == '_' ? '-' : *p);
        }
    }
}

static const char *short_type(uint8_t type)
{
    static const char *const words[] = {"transform", "ENCR", "PRF", "INTEG", "KE", "ESN"};
    if (type >= IPSEC_TRANSFORM_ADDKE1 && type <= IPSEC_TRANSFORM_ADDKE7) {
        return "KE";
    }
    return words[type < IPSECI_COUNT(words) ? type : 0];
}

static void add_unknown(struct ipseci_text *text, const struct ipsec_transform *transform)
{
    ipseci_text_add(text, short_type(transform->type));
    ipseci_text_char(text, ' ');
    ipseci_text_u64(text, transform->id);
    if (transform->key_bits != 0) {
        ipseci_text_char(text, '-');
        ipseci_text_u64(text, transform->key_bits);
    }
}

void ipsec_transform_text(const struct ipsec_transform *transform, char *text, size_t capacity)
{
    struct ipseci_text t = ipseci_text_init(text, capacity);
    const struct ipseci_names *names = ipseci_names_find(transform->type, transform->id);

    if (transform->type == IPSEC_TRANSFORM_ESN && transform->id <= IPSEC_ESN_YES) {
        ipseci_text_add(&t, transform->id == IPSEC_ESN_YES ? "ESN" : "no ESN");
        return;
    }
    if (names == NULL) {
        add_unknown(&t, transform);
        return;
    }
    add_name(&t, names->name, transform->key_bits);
    if (transform->type >= IPSEC_TRANSFORM_KE) {
        ipseci_text_add(&t, " (group ");
        ipseci_text_u64(&t, transform->id);
        ipseci_text_char(&t, ')');
    }
}

const char *ipsec_transform_type_text(uint8_t type)
{
    static const char *const words[] = {
        "transform", "encryption",           "PRF",
        "integrity", "Diffie-Hellman group", "extended sequence numbers"};
    if (type >= IPSEC_TRANSFORM_ADDKE1 && type <= IPSEC_TRANSFORM_ADDKE7) {
        return "additional key exchange";
    }
    return words[type < IPSECI_COUNT(words) ? type : 0];
}
