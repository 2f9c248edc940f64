/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the short texts of ipsec/event.h.
 */
#include "ike_kit.h"

#include <ipsec/event.h>

static void causes_have_one_word_each(void **state)
{
    (void)state;
    for (int i = IPSEC_CAUSE_NO_CONNECTION; i <= IPSEC_CAUSE_PEER_REFUSED; i++) {
        const char *name = ipsec_cause_name((enum ipsec_cause)i);
        assert_string_not_equal(name, "unknown");
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
        for (int k = IPSEC_CAUSE_NO_CONNECTION; k < i; k++) {
            assert_string_not_equal(name, ipsec_cause_name((enum ipsec_cause)k));
        }
    }
    assert_string_equal(ipsec_cause_name(IPSEC_CAUSE_NO_PROPOSAL), "no-proposal");
    assert_string_equal(ipsec_cause_name(IPSEC_CAUSE_SILENT_PEER), "silent-peer");
    assert_string_equal(ipsec_cause_name((enum ipsec_cause)0), "unknown");
    assert_string_equal(ipsec_cause_name((enum ipsec_cause)99), "unknown");
}

static void exchanges(void **state)
{
    (void)state;
    assert_string_equal(ipsec_exchange_name(34), "IKE_SA_INIT");
    assert_string_equal(ipsec_exchange_name(35), "IKE_AUTH");
    assert_string_equal(ipsec_exchange_name(36), "CREATE_CHILD_SA");
    assert_string_equal(ipsec_exchange_name(37), "INFORMATIONAL");
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(ipsec_exchange_name((uint8_t)i)[0] == '?', i < 34 || i > 37);
    }
}

static void payloads(void **state)
{
    (void)state;
    assert_string_equal(ipsec_payload_name(33), "SA");
    assert_string_equal(ipsec_payload_name(46), "SK");
    assert_string_equal(ipsec_payload_name(53), "SKF");
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(ipsec_payload_name((uint8_t)i)[0] == '?', (i < 33 || i > 48) && i != 53);
    }
}

static void notifies(void **state)
{
    (void)state;
    assert_string_equal(ipsec_notify_name(14), "NO_PROPOSAL_CHOSEN");
    assert_string_equal(ipsec_notify_name(16390), "COOKIE");
    assert_string_equal(ipsec_notify_name(40960), "?");
    for (unsigned i = 0; i < 65536; i++) {
        assert_true(strlen(ipsec_notify_name((uint16_t)i)) > 0);
    }
}

static void warnings_and_reasons(void **state)
{
    (void)state;
    for (int i = IPSEC_WARNING_WEAK_GROUP; i <= IPSEC_WARNING_QUIRK; i++) {
        assert_string_not_equal(ipsec_warning_text((enum ipsec_warning)i), "unknown warning");
    }
    for (int i = IPSEC_REASON_LOCAL; i <= IPSEC_REASON_IDLE; i++) {
        assert_string_not_equal(ipsec_reason_text((enum ipsec_reason)i), "unknown reason");
    }
    assert_string_equal(ipsec_warning_text((enum ipsec_warning)99), "unknown warning");
    assert_string_equal(ipsec_reason_text((enum ipsec_reason)0), "unknown reason");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes_have_one_word_each),
        cmocka_unit_test(exchanges),
        cmocka_unit_test(payloads),
        cmocka_unit_test(notifies),
        cmocka_unit_test(warnings_and_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
