/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the names of signatures.
 */
#include <ipsec/auth.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void every_signature_has_a_name_that_reads_back(void **state)
{
    (void)state;
    for (int i = 0; i < IPSEC_SIGNATURES; i++) {
        enum ipsec_signature how = IPSEC_SIGNATURES;
        const char *name = ipsec_signature_name((enum ipsec_signature)i);
        assert_non_null(name);
        assert_int_equal(ipsec_signature_parse(name, &how), IPSEC_OK);
        assert_int_equal(how, i);
    }
    assert_null(ipsec_signature_name(IPSEC_SIGNATURES));
    assert_null(ipsec_signature_name((enum ipsec_signature) - 1));
    assert_string_equal(ipsec_signature_name(IPSEC_SIGNATURE_PSS_SHA2_256), "rsa-pss-sha256");
    assert_string_equal(ipsec_signature_name(IPSEC_SIGNATURE_ECDSA_SHA2_384), "ecdsa-sha384");
    assert_string_equal(ipsec_signature_name(IPSEC_SIGNATURE_RSA_SHA1), "rsa-sha1");
}

static void other_spellings(void **state)
{
    (void)state;
    enum ipsec_signature how = IPSEC_SIGNATURES;
    assert_int_equal(ipsec_signature_parse("rsa/pss-SHA512", &how), IPSEC_OK);
    assert_int_equal(how, IPSEC_SIGNATURE_PSS_SHA2_512);
    assert_int_equal(ipsec_signature_parse("ECDSA-sha256", &how), IPSEC_OK);
    assert_int_equal(how, IPSEC_SIGNATURE_ECDSA_SHA2_256);
}

static void what_is_no_name_changes_nothing(void **state)
{
    static const char *const bad[] = {"",          "rsa",         "rsa-md5",        "rsa-sha256 ",
                                      "rsa-sha25", "rsa-sha2566", "ecdsa_sha256",   "ed448",
                                      "pss",       "sha256",      "rsa-pss-sha256-"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        enum ipsec_signature how = IPSEC_SIGNATURE_ED25519;
        assert_int_equal(ipsec_signature_parse(bad[i], &how), IPSEC_ERR_SYNTAX);
        assert_int_equal(how, IPSEC_SIGNATURE_ED25519);
        assert_int_equal(ipsec_signature_parse(bad[i], NULL), IPSEC_ERR_ARGUMENT);
    }
    enum ipsec_signature how = IPSEC_SIGNATURE_ED25519;
    assert_int_equal(ipsec_signature_parse(NULL, &how), IPSEC_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_signature_has_a_name_that_reads_back),
        cmocka_unit_test(other_spellings),
        cmocka_unit_test(what_is_no_name_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
