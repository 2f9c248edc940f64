/* SPDX-License-Identifier: Apache-2.0
 *
 * A certificate by what a path needs of it, and its times as seconds.
 */
#include "mbed_x509.h"

#include <string.h>

#if IPSECI_MBED_X509
#include <mbedtls/asn1.h>

/* Days from 1970-01-01 in the Gregorian calendar: years begin in March, so that the odd day is the
 * last one. */
static int64_t days(int year, int month, int day)
{
    int64_t y = month <= 2 ? (int64_t)year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * m + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

int64_t ipseci_mbed_seconds(const mbedtls_x509_time *time)
{
    return ((days(time->year, time->mon, time->day) * 24 + time->hour) * 60 + time->min) * 60 +
           time->sec;
}

/* Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, ... }. Mbed TLS has parsed them once, so they
 * are well formed; it refuses critical ones it does not know, and passes over the others. */
static bool has_name_constraints(const mbedtls_x509_buf *extensions)
{
    static const uint8_t name_constraints[] = {0x55, 0x1d, 0x1e}; /* RFC 5280 4.2.1.10 */
    unsigned char *at = extensions->p;
    const unsigned char *end = at != NULL ? at + extensions->len : NULL;
    size_t length = 0;

    if (at == NULL || mbedtls_asn1_get_tag(&at, end, &length,
                                           MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0) {
        return false;
    }
    while (at < end &&
           mbedtls_asn1_get_tag(&at, end, &length,
                                MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) == 0) {
        const unsigned char *next = at + length;
        if (mbedtls_asn1_get_tag(&at, next, &length, MBEDTLS_ASN1_OID) != 0) {
            return true; /* not to be understood: as if there */
        }
        if (length == sizeof(name_constraints) && memcmp(at, name_constraints, length) == 0) {
            return true;
        }
        at += next - at;
    }
    return false;
}

enum ipsec_status ipseci_mbed_node_read(struct ipsec_view der, struct ipseci_mbed_node *out,
                                        int *error)
{
    mbedtls_x509_crt crt;
    enum ipsec_status status = IPSEC_DROP_MALFORMED;

    memset(out, 0, sizeof(*out));
    mbedtls_x509_crt_init(&crt);
    int result = der.length == 0 ? MBEDTLS_ERR_X509_INVALID_FORMAT
                                 : mbedtls_x509_crt_parse_der_nocopy(&crt, der.data, der.length);
    if (ipseci_mbed_no_memory(result)) {
        status = IPSEC_ERR_MEMORY;
    } else if (result == 0 && crt.raw.len == der.length) {
        out->der = der;
        out->subject = ipseci_mbed_view(&crt.subject_raw);
        out->issuer = ipseci_mbed_view(&crt.issuer_raw);
        out->public_key = ipseci_mbed_view(&crt.pk_raw);
        out->from = ipseci_mbed_seconds(&crt.valid_from);
        out->until = ipseci_mbed_seconds(&crt.valid_to);
        out->constrained = has_name_constraints(&crt.v3_ext);
        status = IPSEC_OK;
    }
    mbedtls_x509_crt_free(&crt);
    if (error != NULL) {
        *error = result;
    }
    return status;
}

#endif
