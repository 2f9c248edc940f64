/* SPDX-License-Identifier: Apache-2.0
 *
 * Identities to and from text. Called by the caller's configuration and by reports. RFC 7296 3.5.
 */
#include "addr_text.h"
#include "scan.h"

#include <string.h>

static bool fill(struct ipsec_id *id, enum ipsec_id_type type, struct ipsec_view content)
{
    if (content.length == 0 || content.length > sizeof(id->bytes)) {
        return false;
    }
    id->type = (uint8_t)type;
    id->length = (uint8_t)content.length;
    memcpy(id->bytes, content.data, content.length);
    return true;
}

static bool parse_hex(struct ipsec_view text, struct ipsec_id *id)
{
    if (text.length == 0 || text.length % 2 != 0 || text.length / 2 > sizeof(id->bytes)) {
        return false;
    }
    for (size_t i = 0; i < text.length; i += 2) {
        const int high = ipseci_scan_hex_digit(text.data[i]);
        const int low = ipseci_scan_hex_digit(text.data[i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        id->bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    id->type = IPSEC_ID_KEY_ID;
    id->length = (uint8_t)(text.length / 2);
    return true;
}

/* Letters, digits and what else host and mail names hold. A '=' belongs to a distinguished name and
 * a ':' to an address, so that a mistake in either is not taken for a name. */
static bool is_name(struct ipsec_view text)
{
    bool letter = false;

    for (size_t i = 0; i < text.length; i++) {
        const uint8_t c = text.data[i];

        if (c <= 0x20 || c >= 0x7f || c == '=' || c == ':' || c == '@' || c == '/' || c == ',') {
            return false;
        }
        letter = letter || (c != '.' && (c < '0' || c > '9'));
    }
    return letter;
}

static bool parse_mail(struct ipsec_view text, size_t at, struct ipsec_id *id)
{
    const struct ipsec_view user = ipseci_scan_head(text, at);

    for (size_t i = 0; i < user.length; i++) {
        if (user.data[i] <= 0x20 || user.data[i] >= 0x7f) {
            return false;
        }
    }
    return is_name(ipseci_scan_tail(text, at + 1)) && fill(id, IPSEC_ID_RFC822_ADDR, text);
}

static bool parse_id(struct ipsec_view text, struct ipsec_id *id)
{
    const size_t at = ipseci_scan_find(text, '@');
    struct ipsec_view rest;
    struct ipsec_addr addr;

    memset(id, 0, sizeof(*id));
    if (ipseci_scan_is(text, "any") || ipseci_scan_is(text, "%any")) {
        return true;
    }
    if (ipseci_scan_prefix(text, "keyid:0x", &rest)) {
        return parse_hex(rest, id);
    }
    if (ipseci_scan_prefix(text, "keyid:", &rest)) {
        return fill(id, IPSEC_ID_KEY_ID, rest);
    }
    if (ipseci_scan_addr(text, &addr)) {
        return addr.family == IPSEC_FAMILY_IPV4
                   ? fill(id, IPSEC_ID_IPV4_ADDR, ipseci_view(addr.bytes, 4))
                   : fill(id, IPSEC_ID_IPV6_ADDR, ipseci_view(addr.bytes, 16));
    }
    if (at > 0 && at < text.length) {
        return parse_mail(text, at, id);
    }
    rest = at == 0 ? ipseci_scan_tail(text, 1) : text;
    return is_name(rest) && fill(id, IPSEC_ID_FQDN, rest);
}

enum ipsec_status ipsec_id_parse(const char *text, struct ipsec_id *out)
{
    struct ipsec_id id;

    if (text == NULL || out == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (!parse_id(ipseci_scan_string(text), &id)) {
        return IPSEC_ERR_SYNTAX;
    }
    *out = id;
    return IPSEC_OK;
}

static bool is_printable(struct ipsec_view text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e || text.data[i] == '\\') {
            return false;
        }
    }
    return true;
}

static void add_hex(struct ipseci_text *t, const char *label, struct ipsec_view octets)
{
    ipseci_text_add(t, label);
    ipseci_text_add(t, ":0x");
    ipseci_text_hex(t, octets.data, octets.length);
}

static void add_key_id(struct ipseci_text *t, struct ipsec_view octets)
{
    struct ipsec_view rest;

    if (!is_printable(octets) || ipseci_scan_prefix(octets, "0x", &rest)) {
        add_hex(t, "keyid", octets);
        return;
    }
    ipseci_text_add(t, "keyid:");
    ipseci_text_escaped(t, octets.data, octets.length);
}

/* A name from a peer that would be read as something else (an address sent as FQDN) gets its type
 * in front, so that the text never shows an identity that it is not. */
static void add_name(struct ipseci_text *t, const struct ipsec_id *id, struct ipsec_view octets,
                     const char *label)
{
    struct ipsec_id read;

    if (!parse_id(octets, &read) || !ipsec_id_equal(&read, id)) {
        ipseci_text_add(t, label);
    }
    ipseci_text_escaped(t, octets.data, octets.length);
}

static void add_addr(struct ipseci_text *t, struct ipsec_view octets, uint8_t family)
{
    if (octets.length != (family == IPSEC_FAMILY_IPV4 ? 4u : 16u)) {
        add_hex(t, "address", octets);
        return;
    }
    ipseci_text_addr(t, family, octets.data);
}

void ipsec_id_text(const struct ipsec_id *id, char *text, size_t capacity)
{
    struct ipseci_text t = ipseci_text_init(text, capacity);
    const size_t length = id->length < sizeof(id->bytes) ? id->length : sizeof(id->bytes);
    const struct ipsec_view octets = ipseci_view(id->bytes, length);

    if (id->type == IPSEC_ID_NONE) {
        ipseci_text_add(&t, "any");
    } else if (id->type == IPSEC_ID_IPV4_ADDR) {
        add_addr(&t, octets, IPSEC_FAMILY_IPV4);
    } else if (id->type == IPSEC_ID_IPV6_ADDR) {
        add_addr(&t, octets, IPSEC_FAMILY_IPV6);
    } else if (id->type == IPSEC_ID_FQDN) {
        add_name(&t, id, octets, "@");
    } else if (id->type == IPSEC_ID_RFC822_ADDR) {
        add_name(&t, id, octets, "mail:");
    } else if (id->type == IPSEC_ID_KEY_ID) {
        add_key_id(&t, octets);
    } else if (id->type == IPSEC_ID_DER_ASN1_DN) {
        add_hex(&t, "dn", octets);
    } else {
        ipseci_text_add(&t, "type ");
        ipseci_text_u64(&t, id->type);
        add_hex(&t, "", octets);
    }
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* RFC 4343 2: host names are compared without regard to case. */
static bool names_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool ipsec_id_equal(const struct ipsec_id *a, const struct ipsec_id *b)
{
    if (a->type != b->type) {
        return false;
    }
    if (a->type == IPSEC_ID_NONE) {
        return true;
    }
    if (a->length != b->length || a->length > sizeof(a->bytes)) {
        return false;
    }
    return a->type == IPSEC_ID_FQDN ? names_equal(a->bytes, b->bytes, a->length)
                                    : memcmp(a->bytes, b->bytes, a->length) == 0;
}
