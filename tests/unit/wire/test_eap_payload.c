/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/eap_payload.h.
 */
#include "eap_payload.h"
#include "wire_test.h"

static void requests_and_responses(void **state)
{
    (void)state;
    struct ipseci_eap e;
    assert_int_equal(ipseci_eap_parse(hex("0105000a 01 68656c6c6f"), &e), IPSEC_OK);
    assert_int_equal(e.code, IPSECI_EAP_REQUEST);
    assert_int_equal(e.identifier, 5);
    assert_int_equal(e.type, 1);
    assert_view(e.data, "68656c6c6f");
    assert_int_equal(ipseci_eap_parse(hex("02050005 03"), &e), IPSEC_OK);
    assert_int_equal(e.code, IPSECI_EAP_RESPONSE);
    assert_int_equal(e.type, 3);
    assert_int_equal(e.data.length, 0);
}

static void success_and_failure(void **state)
{
    (void)state;
    struct ipseci_eap e;
    assert_int_equal(ipseci_eap_parse(hex("03060004"), &e), IPSEC_OK);
    assert_int_equal(e.code, IPSECI_EAP_SUCCESS);
    assert_int_equal(e.type, 0);
    assert_int_equal(ipseci_eap_parse(hex("04060004"), &e), IPSEC_OK);
    assert_int_equal(ipseci_eap_parse(hex("03060005 00"), &e), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_eap_parse(hex("04060006 0000"), &e), IPSEC_DROP_MALFORMED);
}

static void auth_29_openiked_0a4f11a_length_differs_from_the_payload(void **state)
{
    (void)state;
    struct ipseci_eap e;
    assert_int_equal(ipseci_eap_parse(hex("0105000b 01 68656c6c6f"), &e), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_eap_parse(hex("01050009 01 68656c6c6f"), &e), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_eap_parse(hex("01050000 01"), &e), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_eap_parse(hex("0105ffff 01"), &e), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_eap_parse(hex("010500"), &e), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_eap_parse(hex(""), &e), IPSEC_DROP_TRUNCATED);
}

static void auth_29_no_type_or_unknown_code(void **state)
{
    (void)state;
    struct ipseci_eap e;
    assert_int_equal(ipseci_eap_parse(hex("01050004"), &e), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_eap_parse(hex("02050004"), &e), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_eap_parse(hex("00050005 01"), &e), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_eap_parse(hex("05050005 01"), &e), IPSEC_DROP_MALFORMED);
}

static void build(void **state)
{
    (void)state;
    static uint8_t buffer[70000];
    static const uint8_t big[65531];
    struct ipseci_eap e = {
        .code = IPSECI_EAP_RESPONSE, .identifier = 7, .type = 1, .data = hex("aa")};
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_eap_build(&w, &e);
    assert_written(&w, "02070006 01 aa");
    e.code = IPSECI_EAP_SUCCESS;
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_eap_build(&w, &e);
    assert_written(&w, "03070004");
    e = (struct ipseci_eap){.code = IPSECI_EAP_REQUEST, .data = ipseci_view(big, 65531)};
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_eap_build(&w, &e);
    assert_true(w.failed);
    e.data.length = 65530;
    w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_eap_build(&w, &e);
    assert_false(w.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(requests_and_responses),
        WIRE_TEST(success_and_failure),
        WIRE_TEST(auth_29_openiked_0a4f11a_length_differs_from_the_payload),
        WIRE_TEST(auth_29_no_type_or_unknown_code),
        WIRE_TEST(build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
