/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/wire/ladder_text.h.
 */
#include "ladder_text.h"
#include "wire_test.h"

static void exchanges(void **state)
{
    (void)state;
    assert_string_equal(ipseci_exchange_name(34), "IKE_SA_INIT");
    assert_string_equal(ipseci_exchange_name(35), "IKE_AUTH");
    assert_string_equal(ipseci_exchange_name(36), "CREATE_CHILD_SA");
    assert_string_equal(ipseci_exchange_name(37), "INFORMATIONAL");
    assert_string_equal(ipseci_exchange_name(0), "unknown exchange");
    assert_string_equal(ipseci_exchange_name(33), "unknown exchange");
    assert_string_equal(ipseci_exchange_name(38), "unknown exchange");
    assert_string_equal(ipseci_exchange_name(255), "unknown exchange");
}

static void payload_types(void **state)
{
    (void)state;
    assert_string_equal(ipseci_payload_name(33), "SA");
    assert_string_equal(ipseci_payload_name(35), "IDi");
    assert_string_equal(ipseci_payload_name(40), "Nonce");
    assert_string_equal(ipseci_payload_name(41), "N");
    assert_string_equal(ipseci_payload_name(44), "TSi");
    assert_string_equal(ipseci_payload_name(46), "SK");
    assert_string_equal(ipseci_payload_name(48), "EAP");
    assert_string_equal(ipseci_payload_name(53), "SKF");
    assert_string_equal(ipseci_payload_name(0), "unknown payload");
    assert_string_equal(ipseci_payload_name(32), "unknown payload");
    assert_string_equal(ipseci_payload_name(49), "unknown payload");
    assert_string_equal(ipseci_payload_name(255), "unknown payload");
}

static void payloads_of_a_message(void **state)
{
    (void)state;
    struct ipseci_payloads p;
    char text[80];
    struct ipsec_view body = hex("22000004 29000004 29000008 00004006 29000008 0000a000 00000004");
    assert_int_equal(ipseci_payloads_parse(33, body, &p, NULL), IPSEC_OK);
    struct ipseci_text t = ipseci_text_init(text, sizeof(text));
    ipseci_payloads_text(&p, &t);
    assert_string_equal(text, "SA, KE, N(COOKIE), N(40960), N(malformed)");
    assert_false(t.cut);
    t = ipseci_text_init(text, 16);
    ipseci_payloads_text(&p, &t);
    assert_true(t.cut && strlen(text) < 16);
    p.count = 0;
    t = ipseci_text_init(text, sizeof(text));
    ipseci_payloads_text(&p, &t);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(exchanges),
        WIRE_TEST(payload_types),
        WIRE_TEST(payloads_of_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
