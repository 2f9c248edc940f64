/* SPDX-License-Identifier: Apache-2.0
 *
 * Algorithm words <-> transforms, from the patterns of the suite table and a few aliases.
 */
#include "keyword.h"

#include <string.h>

struct alias {
    const char *pattern;
    uint8_t type;
    uint8_t id;
    uint16_t key_bits; /* where the pattern has no '#' */
};

static const struct alias aliases[] = {
    {"aes", IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 128},
    {"aes#cbc", IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 0},
    {"aes#gcm128", IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 0},
    {"aes#gcm96", IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_12, 0},
    {"aes#gcm64", IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_8, 0},
    {"aes#ccm128", IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_16, 0},
    {"aes#ccm96", IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_12, 0},
    {"aes#ccm64", IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_8, 0},
    {"sha", IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA1_96, 0},
    {"sha2_256", IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128, 0},
    {"sha2_384", IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_384_192, 0},
    {"sha2_512", IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_512_256, 0},
    {"prfsha2_256", IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256, 0},
    {"prfsha2_384", IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_384, 0},
    {"prfsha2_512", IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_512, 0},
    {"x25519", IPSEC_TRANSFORM_KE, IPSEC_KE_CURVE25519, 0},
    {"x448", IPSEC_TRANSFORM_KE, 32, 0},
    {"esn", IPSEC_TRANSFORM_ESN, IPSEC_ESN_YES, 0},
    {"noesn", IPSEC_TRANSFORM_ESN, IPSEC_ESN_NO, 0},
};

/* What stands before the registry's names, and before a number that has no keyword. */
struct type_word {
    uint8_t type;
    const char *prefix;
    const char *number;
};

static const struct type_word type_words[] = {
    {IPSEC_TRANSFORM_ENCR, "ENCR_", "encr"},
    {IPSEC_TRANSFORM_PRF, "", "prf"},
    {IPSEC_TRANSFORM_INTEG, "AUTH_", "integ"},
    {IPSEC_TRANSFORM_KE, "", "ke"},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Up to four digits from word[*at]; 0 when there are none. */
static uint16_t read_bits(const char *word, size_t length, size_t *at)
{
    unsigned bits = 0;
    for (size_t n = 0; n < 4 && *at < length && word[*at] >= '0' && word[*at] <= '9'; n++) {
        bits = bits * 10 + (unsigned)(word[*at] - '0');
        (*at)++;
    }
    return (uint16_t)bits;
}

/* Compares in any case; *bits is what stands for '#', 0 when the pattern has none. */
static bool match(const char *pattern, const char *word, size_t length, uint16_t *bits)
{
    size_t at = 0;
    *bits = 0;
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '#') {
            *bits = read_bits(word, length, &at);
            if (*bits == 0) {
                return false;
            }
        } else if (at == length || lower(word[at]) != lower(*p)) {
            return false;
        } else {
            at++;
        }
    }
    return at == length;
}

static bool match_names(const struct ipseci_names *names, const char *prefix, const char *word,
                        size_t length, uint16_t *bits)
{
    size_t skip = strlen(prefix);
    uint16_t none = 0;
    if (match(names->keyword, word, length, bits) || match(names->name, word, length, bits)) {
        return true;
    }
    return length > skip && match(prefix, word, skip, &none) &&
           match(names->name, word + skip, length - skip, bits);
}

static bool find_in_type(const struct type_word *type, const char *word, size_t length,
                         struct ipsec_transform *out)
{
    const struct ipseci_names *names = NULL;
    for (size_t i = 0; (names = ipseci_names_at(i)) != NULL; i++) {
        uint16_t bits = 0;
        if (names->type == type->type && match_names(names, type->prefix, word, length, &bits)) {
            *out = (struct ipsec_transform){type->type, names->id, bits};
            return true;
        }
    }
    return false;
}

static bool find_alias(const char *word, size_t length, struct ipsec_transform *out)
{
    for (size_t i = 0; i < IPSECI_COUNT(aliases); i++) {
        const struct alias *a = &aliases[i];
        uint16_t bits = 0;
        if (match(a->pattern, word, length, &bits)) {
            *out = (struct ipsec_transform){a->type, a->id, bits != 0 ? bits : a->key_bits};
            return true;
        }
    }
    return false;
}

bool ipseci_keyword_find(const char *word, size_t length, struct ipsec_transform *out)
{
    struct ipsec_transform found = {0, 0, 0};
    bool known = find_alias(word, length, &found);
    for (size_t i = 0; i < IPSECI_COUNT(type_words) && !known; i++) {
        known = find_in_type(&type_words[i], word, length, &found);
    }
    if (!known || (found.type == IPSEC_TRANSFORM_ENCR &&
                   !ipseci_encr_bits_valid(ipseci_encr_find(found.id), found.key_bits))) {
        return false;
    }
    *out = found;
    return true;
}

static void add_pattern(struct ipseci_text *text, const char *pattern, uint16_t bits)
{
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p != '#') {
            ipseci_text_char(text, *p);
        } else if (bits != 0) {
            ipseci_text_u64(text, bits);
        }
    }
}

static void add_number(struct ipseci_text *text, const struct ipsec_transform *transform)
{
    const char *word = "type";
    for (size_t i = 0; i < IPSECI_COUNT(type_words); i++) {
        if (type_words[i].type == transform->type) {
            word = type_words[i].number;
        }
    }
    ipseci_text_add(text, word);
    if (word[0] == 't') {
        ipseci_text_u64(text, transform->type);
        ipseci_text_char(text, '_');
    }
    ipseci_text_u64(text, transform->id);
    if (transform->key_bits != 0) {
        ipseci_text_char(text, '_');
        ipseci_text_u64(text, transform->key_bits);
    }
}

void ipseci_keyword_add(struct ipseci_text *text, const struct ipsec_transform *transform)
{
    const struct ipseci_names *names = ipseci_names_find(transform->type, transform->id);

    if (transform->type == IPSEC_TRANSFORM_ESN && transform->id <= IPSEC_ESN_YES) {
        ipseci_text_add(text, transform->id == IPSEC_ESN_YES ? "esn" : "noesn");
        return;
    }
    if (names == NULL) {
        add_number(text, transform);
        return;
    }
    if (transform->type >= IPSEC_TRANSFORM_ADDKE1) {
        ipseci_text_add(text, "ke");
        ipseci_text_u64(text, (uint64_t)(transform->type - IPSEC_TRANSFORM_ADDKE1 + 1));
        ipseci_text_char(text, '_');
    }
    add_pattern(text, names->keyword, transform->key_bits);
}
