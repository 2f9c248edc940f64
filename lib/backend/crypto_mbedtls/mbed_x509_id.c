/* SPDX-License-Identifier: Apache-2.0
 *
 * Is an identity in a certificate? RFC 4945 3.1: names and addresses have to stand in
 * subjectAltName; the subject's common name is not looked at, and a wildcard is no name. A
 * distinguished name has to be the subject in its very encoding: the rules of RFC 5280 7.1 that
 * take two spellings for one name (case, spaces, kinds of strings) are not tried, so another
 * spelling is refused and never taken wrongly (CVE-2013-6075).
 */
#include "mbed_x509.h"

#if IPSECI_MBED_X509

/* GeneralName, RFC 5280 4.2.1.6 */
enum {
    NAME_RFC822 = 0x81,
    NAME_DNS = 0x82,
    NAME_IP = 0x87,
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool same_octets(const uint8_t *a, const uint8_t *b, size_t length)
{
    struct ipsec_view x = {a, length};
    struct ipsec_view y = {b, length};
    return ipseci_mbed_same(x, y);
}

static bool same_name(const uint8_t *a, const uint8_t *b, size_t length)
{
    size_t i = 0;
    while (i < length && lower(a[i]) == lower(b[i])) {
        i++;
    }
    return i == length;
}

/* RFC 5280 7.5: the host part in any case, the part before it exactly. */
static bool same_mailbox(const uint8_t *a, const uint8_t *b, size_t length)
{
    size_t at = length;
    while (at > 0 && a[at - 1] != '@') {
        at--;
    }
    return at > 1 && same_octets(a, b, at) && same_name(a + at, b + at, length - at);
}

/* A name of the peer that holds a NUL or a space is none, whatever a certificate says. */
static bool printable(const struct ipsec_id *id)
{
    for (size_t i = 0; i < id->length; i++) {
        if (id->bytes[i] <= ' ' || id->bytes[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool name_is(const mbedtls_x509_buf *name, const struct ipsec_id *id)
{
    if (name->p == NULL || name->len != id->length) {
        return false;
    }
    switch (id->type) {
    case IPSEC_ID_IPV4_ADDR:
    case IPSEC_ID_IPV6_ADDR:
        return name->tag == NAME_IP && same_octets(name->p, id->bytes, name->len);
    case IPSEC_ID_FQDN:
        return name->tag == NAME_DNS && same_name(name->p, id->bytes, name->len);
    case IPSEC_ID_RFC822_ADDR:
        return name->tag == NAME_RFC822 && same_mailbox(name->p, id->bytes, name->len);
    default:
        return false;
    }
}

static bool in_alt_names(const mbedtls_x509_crt *crt, const struct ipsec_id *id)
{
    const mbedtls_x509_sequence *name = &crt->subject_alt_names;
    for (; name != NULL; name = name->next) {
        if (name_is(&name->buf, id)) {
            return true;
        }
    }
    return false;
}

bool ipseci_mbed_identity(const mbedtls_x509_crt *crt, const struct ipsec_id *id)
{
    struct ipsec_view name = {id->bytes, id->length};

    if (id->length == 0 || id->length > IPSEC_ID_BYTES_MAX) {
        return false;
    }
    switch (id->type) {
    case IPSEC_ID_IPV4_ADDR:
        return id->length == 4 && in_alt_names(crt, id);
    case IPSEC_ID_IPV6_ADDR:
        return id->length == 16 && in_alt_names(crt, id);
    case IPSEC_ID_FQDN:
    case IPSEC_ID_RFC822_ADDR:
        return printable(id) && in_alt_names(crt, id);
    case IPSEC_ID_DER_ASN1_DN:
        /* An empty name (30 00) is nobody's, though certificates with alternative names have it. */
        return id->length > 2 && ipseci_mbed_same(name, ipseci_mbed_view(&crt->subject_raw));
    default:
        /* RFC 4945 3.1.6, 3.1.7: GN and KEY_ID name nothing that a certificate holds. */
        return false;
    }
}

#endif
