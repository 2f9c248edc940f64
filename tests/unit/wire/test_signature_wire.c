/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/signature_wire.h. RFC 7427, RFC 4055, RFC 8420, RFC 4754.
 */
#include "signature_wire.h"
#include "wire_test.h"

#define RSA_OID  "0609 2a864886f70d0101"
#define SHA2_OID "0609 6086480165030402"

struct form {
    enum ipsec_signature how;
    const char *text;
};

/* RFC 7427 appendix A, RFC 8420 appendix A. */
static const struct form sent[] = {
    {IPSEC_SIGNATURE_RSA_SHA1, "0f 300d" RSA_OID "05 0500"},
    {IPSEC_SIGNATURE_RSA_SHA2_256, "0f 300d" RSA_OID "0b 0500"},
    {IPSEC_SIGNATURE_RSA_SHA2_384, "0f 300d" RSA_OID "0c 0500"},
    {IPSEC_SIGNATURE_RSA_SHA2_512, "0f 300d" RSA_OID "0d 0500"},
    {IPSEC_SIGNATURE_PSS_SHA2_256,
     "43 3041" RSA_OID "0a 3034 a00f 300d" SHA2_OID "01 0500 a11c 301a" RSA_OID "08 300d" SHA2_OID
     "01 0500 a203 020120"},
    {IPSEC_SIGNATURE_PSS_SHA2_384,
     "43 3041" RSA_OID "0a 3034 a00f 300d" SHA2_OID "02 0500 a11c 301a" RSA_OID "08 300d" SHA2_OID
     "02 0500 a203 020130"},
    {IPSEC_SIGNATURE_PSS_SHA2_512,
     "43 3041" RSA_OID "0a 3034 a00f 300d" SHA2_OID "03 0500 a11c 301a" RSA_OID "08 300d" SHA2_OID
     "03 0500 a203 020140"},
    {IPSEC_SIGNATURE_ECDSA_SHA2_256, "0c 300a 0608 2a8648ce3d040302"},
    {IPSEC_SIGNATURE_ECDSA_SHA2_384, "0c 300a 0608 2a8648ce3d040303"},
    {IPSEC_SIGNATURE_ECDSA_SHA2_512, "0c 300a 0608 2a8648ce3d040304"},
    {IPSEC_SIGNATURE_ED25519, "07 3005 0603 2b6570"},
};

/* RFC 4055 2.1, 3.1, 5: parameters may be absent as well as NULL. */
static const struct form taken[] = {
    {IPSEC_SIGNATURE_RSA_SHA2_256, "0d 300b" RSA_OID "0b"},
    {IPSEC_SIGNATURE_RSA_SHA2_384, "0d 300b" RSA_OID "0c"},
    {IPSEC_SIGNATURE_RSA_SHA2_512, "0d 300b" RSA_OID "0d"},
    {IPSEC_SIGNATURE_PSS_SHA2_256, "3f 303d" RSA_OID "0a 3030 a00d 300b" SHA2_OID
                                   "01 a11a 3018" RSA_OID "08 300b" SHA2_OID "01 a203 020120"},
    {IPSEC_SIGNATURE_PSS_SHA2_384, "3f 303d" RSA_OID "0a 3030 a00d 300b" SHA2_OID
                                   "02 a11a 3018" RSA_OID "08 300b" SHA2_OID "02 a203 020130"},
    {IPSEC_SIGNATURE_PSS_SHA2_512, "3f 303d" RSA_OID "0a 3030 a00d 300b" SHA2_OID
                                   "03 a11a 3018" RSA_OID "08 300b" SHA2_OID "03 a203 020140"},
};

static void check_form(const struct form *form)
{
    struct ipsec_view octets = hex(form->text);
    uint8_t with[80];
    enum ipsec_signature how = IPSEC_SIGNATURES;
    memcpy(with, octets.data, octets.length);
    with[octets.length] = 0x5a; /* a signature of one octet */
    struct ipsec_view data = exact(ipseci_view(with, octets.length + 1));
    assert_int_equal(ipseci_signature_algorithm_parse(&data, &how), IPSEC_OK);
    assert_int_equal(how, form->how);
    assert_view(data, "5a");
    for (size_t n = 0; n < octets.length; n++) {
        struct ipsec_view cut = exact(ipseci_view(octets.data, n));
        assert_int_equal(ipseci_signature_algorithm_parse(&cut, &how), IPSEC_DROP_TRUNCATED);
        assert_int_equal(cut.length, n);
    }
}

static void auth_10_each_signature_has_its_identifier(void **state)
{
    (void)state;
    assert_int_equal(IPSECI_COUNT(sent), IPSEC_SIGNATURES);
    for (size_t i = 0; i < IPSECI_COUNT(sent); i++) {
        uint8_t octets[80];
        struct ipseci_writer w = ipseci_writer_init(octets, sizeof(octets));
        ipseci_signature_algorithm_build(&w, sent[i].how);
        assert_written(&w, sent[i].text);
        check_form(&sent[i]);
    }
    uint8_t octets[80];
    struct ipseci_writer w = ipseci_writer_init(octets, sizeof(octets));
    ipseci_signature_algorithm_build(&w, IPSEC_SIGNATURES);
    assert_true(w.failed);
}

static void auth_10_absent_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(taken); i++) {
        check_form(&taken[i]);
    }
}

/* CVE-2018-6459, CVE-2021-41990 */
static void auth_12_unusual_parameters_are_no_signature_of_ours(void **state)
{
    static const char *const texts[] = {
        "00",                                 /* nothing at all */
        "0d 300b" RSA_OID "0a",               /* PSS without parameters */
        "0f 300d" RSA_OID "0a 3000",          /* PSS with the defaults: SHA-1 */
        "0f 300d" RSA_OID "04 0500",          /* md5WithRSAEncryption */
        "0f 300d" RSA_OID "0e 0500",          /* SHA-224 */
        "0d 300b" RSA_OID "05",               /* SHA-1 without NULL */
        "0b 3009 0607 2a8648ce3d0401",        /* ECDSA with SHA-1 */
        "0e 300c 0608 2a8648ce3d040302 0500", /* ECDSA with NULL */
        "10 300e" RSA_OID "0b 050100",        /* a NULL that is none */
        /* another mask hash, another salt, a huge salt, another trailer */
        "43 3041" RSA_OID "0a 3034 a00f 300d" SHA2_OID "01 0500 a11c 301a" RSA_OID
        "08 300d" SHA2_OID "02 0500 a203 020120",
        "43 3041" RSA_OID "0a 3034 a00f 300d" SHA2_OID "01 0500 a11c 301a" RSA_OID
        "08 300d" SHA2_OID "01 0500 a203 020114",
        "46 3044" RSA_OID "0a 3037 a00f 300d" SHA2_OID "01 0500 a11c 301a" RSA_OID
        "08 300d" SHA2_OID "01 0500 a206 02047fffffff",
        "48 3046" RSA_OID "0a 3039 a00f 300d" SHA2_OID "01 0500 a11c 301a" RSA_OID
        "08 300d" SHA2_OID "01 0500 a203 020120 a303 020102",
    };
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(texts); i++) {
        struct ipsec_view data = hex(texts[i]);
        struct ipsec_view before = data;
        enum ipsec_signature how = IPSEC_SIGNATURES;
        assert_int_equal(data.length, data.data[0] + 1u);
        assert_int_equal(ipseci_signature_algorithm_parse(&data, &how), IPSEC_DROP_MALFORMED);
        assert_int_equal(how, IPSEC_SIGNATURES);
        assert_ptr_equal(data.data, before.data);
        assert_int_equal(data.length, before.length);
    }
}

static void auth_10_hashes_announced(void **state)
{
    const uint8_t sha2 = 1u << IPSECI_HASH_SHA2_256 | 1u << IPSECI_HASH_SHA2_384;
    uint8_t octets[32];
    struct ipseci_writer w = ipseci_writer_init(octets, sizeof(octets));
    (void)state;
    ipseci_signature_hashes_build(&w, sha2);
    assert_written(&w, "0000 402f 0002 0003");
    assert_int_equal(ipseci_signature_hashes_parse(hex("0002 0003")), sha2);
    assert_int_equal(ipseci_signature_hashes_parse(hex("0003 0002 0003")), sha2);
    assert_int_equal(ipseci_signature_hashes_parse(hex("0000 0002 0006 0003 ffff 0102")), sha2);
    assert_int_equal(ipseci_signature_hashes_parse(hex("0002 0003 00")), sha2);
    assert_int_equal(ipseci_signature_hashes_parse(hex("0002 0003 0005")),
                     sha2 | 1u << IPSECI_HASH_IDENTITY);
    assert_int_equal(ipseci_signature_hashes_parse(hex("00")), 0);
    assert_int_equal(ipseci_signature_hashes_parse(ipseci_view(NULL, 0)), 0);
}

struct pair {
    size_t half_bytes;
    const char *der;
    const char *fixed;
};

static const struct pair pairs[] = {
    {4, "3006 020101 020102", "00000001 00000002"},
    {4, "300c 0204 7fffffff 0204 01020304", "7fffffff 01020304"},
    {4, "300e 0205 00ffffffff 0205 0080000000", "ffffffff 80000000"},
};

static void auth_13_both_forms_of_ecdsa(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(pairs); i++) {
        uint8_t fixed[IPSECI_ECDSA_FIXED_MAX];
        uint8_t der[IPSECI_ECDSA_DER_MAX];
        size_t length = 0;
        assert_int_equal(ipseci_ecdsa_to_fixed(hex(pairs[i].der), pairs[i].half_bytes, fixed),
                         IPSEC_OK);
        assert_view(ipseci_view(fixed, 2 * pairs[i].half_bytes), pairs[i].fixed);
        assert_int_equal(ipseci_ecdsa_to_der(hex(pairs[i].fixed), der, &length), IPSEC_OK);
        assert_view(ipseci_view(der, length), pairs[i].der);
    }
}

/* P-521: two octets of length, and the most there can be. */
static void auth_13_the_longest_signature(void **state)
{
    uint8_t fixed[IPSECI_ECDSA_FIXED_MAX];
    uint8_t back[IPSECI_ECDSA_FIXED_MAX];
    uint8_t der[IPSECI_ECDSA_DER_MAX];
    size_t length = 0;
    (void)state;
    memset(fixed, 0xff, sizeof(fixed));
    assert_int_equal(ipseci_ecdsa_to_der(ipseci_view(fixed, sizeof(fixed)), der, &length),
                     IPSEC_OK);
    assert_int_equal(length, IPSECI_ECDSA_DER_MAX);
    assert_int_equal(der[1], 0x81);
    assert_int_equal(ipseci_ecdsa_to_fixed(ipseci_view(der, length), 66, back), IPSEC_OK);
    assert_memory_equal(back, fixed, sizeof(fixed));
    assert_int_equal(ipseci_ecdsa_to_fixed(ipseci_view(der, length), 65, back),
                     IPSEC_DROP_MALFORMED);
}

static void auth_13_what_is_neither_form(void **state)
{
    static const char *const ders[] = {
        "",
        "30",
        "3006",
        "3006 020101 0201",        /* cut */
        "3006 020101 020102 00",   /* more behind it */
        "3007 020101 020102 00",   /* more inside */
        "3106 020101 020102",      /* a SET */
        "3006 030101 020102",      /* no INTEGER */
        "3005 0200 020102",        /* no octets */
        "3006 020181 020102",      /* negative */
        "3007 02020001 020102",    /* not the shortest */
        "308106 020101 020102",    /* a longer length than need be */
        "3080 020101 020102 0000", /* no length */
        "300b 0205 0101010101 020102 00",
        "300a 0205 0101010101 020102", /* longer than the curve */
    };
    static const size_t lengths[] = {0, 1, 3, 131, 133, 134};
    uint8_t fixed[IPSECI_ECDSA_FIXED_MAX + 2] = {1};
    uint8_t der[IPSECI_ECDSA_DER_MAX];
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(ders); i++) {
        assert_int_equal(ipseci_ecdsa_to_fixed(hex(ders[i]), 4, fixed), IPSEC_DROP_MALFORMED);
    }
    for (size_t i = 0; i < IPSECI_COUNT(lengths); i++) {
        size_t length = 99;
        assert_int_equal(ipseci_ecdsa_to_der(ipseci_view(fixed, lengths[i]), der, &length),
                         IPSEC_DROP_MALFORMED);
        assert_int_equal(length, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(auth_10_each_signature_has_its_identifier),
        WIRE_TEST(auth_10_absent_parameters),
        WIRE_TEST(auth_12_unusual_parameters_are_no_signature_of_ours),
        WIRE_TEST(auth_10_hashes_announced),
        WIRE_TEST(auth_13_both_forms_of_ecdsa),
        WIRE_TEST(auth_13_the_longest_signature),
        WIRE_TEST(auth_13_what_is_neither_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
