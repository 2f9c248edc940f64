/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/rules.h. RFC 7296 1.2 to 1.5, 2.5.
 */
#include "ike_kit.h"
#include "rules.h"

#define END 255

struct row {
    enum ipseci_rule rule;
    uint8_t must[7]; /* good as they stand */
    uint8_t once[4]; /* may be there besides, but not twice */
};

#define SA  IPSECI_PAYLOAD_SA
#define KE  IPSECI_PAYLOAD_KE
#define NO  IPSECI_PAYLOAD_NONCE
#define TSI IPSECI_PAYLOAD_TSI
#define TSR IPSECI_PAYLOAD_TSR
#define IDI IPSECI_PAYLOAD_IDI
#define IDR IPSECI_PAYLOAD_IDR
#define AU  IPSECI_PAYLOAD_AUTH

static const struct row rows[] = {
    {IPSECI_RULE_INIT_REQUEST, {SA, KE, NO, END}, {END}},
    {IPSECI_RULE_INIT_RESPONSE, {SA, KE, NO, END}, {END}},
    {IPSECI_RULE_AUTH_REQUEST, {IDI, SA, TSI, TSR, END}, {IDR, AU, END}},
    {IPSECI_RULE_AUTH_RESPONSE, {IDR, AU, END}, {END}},
    {IPSECI_RULE_CHILD_REQUEST, {SA, NO, TSI, TSR, END}, {KE, END}},
    {IPSECI_RULE_CHILD_RESPONSE, {SA, NO, TSI, TSR, END}, {KE, END}},
    {IPSECI_RULE_IKE_REKEY_REQUEST, {SA, NO, KE, END}, {END}},
    {IPSECI_RULE_IKE_REKEY_RESPONSE, {SA, NO, KE, END}, {END}},
    {IPSECI_RULE_INFORMATIONAL, {END}, {END}},
};

static struct ipseci_payloads message;
static uint8_t which;

static void add(uint8_t type)
{
    message.item[message.count++].type = type;
}

static void fill(const struct row *row)
{
    message.count = 0;
    for (size_t i = 0; row->must[i] != END; i++) {
        add(row->must[i]);
    }
}

static enum ipsec_status check(enum ipseci_rule rule)
{
    which = 0xee;
    return ipseci_rules_check(rule, &message, &which);
}

static void good_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        fill(&rows[i]);
        assert_int_equal(check(rows[i].rule), IPSEC_OK);
        assert_int_equal(which, 0);
        for (size_t k = 0; rows[i].once[k] != END; k++) {
            add(rows[i].once[k]);
            assert_int_equal(check(rows[i].rule), IPSEC_OK);
        }
    }
}

static void init_27_each_payload_missing_cve_2013_6467(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        for (size_t k = 0; rows[i].must[k] != END; k++) {
            fill(&rows[i]);
            message.item[k].type = IPSECI_PAYLOAD_VENDOR;
            assert_int_equal(check(rows[i].rule), IPSEC_DROP_PAYLOADS);
            assert_int_equal(which, rows[i].must[k]);
        }
    }
}

static void init_26_each_payload_repeated(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        for (size_t k = 0; rows[i].must[k] != END; k++) {
            fill(&rows[i]);
            add(rows[i].must[k]);
            assert_int_equal(check(rows[i].rule), IPSEC_DROP_PAYLOADS);
            assert_int_equal(which, rows[i].must[k]);
        }
        for (size_t k = 0; rows[i].once[k] != END; k++) {
            fill(&rows[i]);
            add(rows[i].once[k]);
            add(rows[i].once[k]);
            assert_int_equal(check(rows[i].rule), IPSEC_DROP_PAYLOADS);
            assert_int_equal(which, rows[i].once[k]);
        }
    }
}

static void ts_10_auth_without_selectors_cve_2009_1958(void **state)
{
    (void)state;
    fill(&rows[2]);
    message.count = 2; /* IDi, SA */
    assert_int_equal(check(IPSECI_RULE_AUTH_REQUEST), IPSEC_DROP_PAYLOADS);
    assert_int_equal(which, IPSECI_PAYLOAD_TSI);
    add(IPSECI_PAYLOAD_TSI);
    assert_int_equal(check(IPSECI_RULE_AUTH_REQUEST), IPSEC_DROP_PAYLOADS);
    assert_int_equal(which, IPSECI_PAYLOAD_TSR);
}

static void auth_21_response_with_all_of_the_child_or_none(void **state)
{
    (void)state;
    static const uint8_t group[] = {SA, TSI, TSR};
    for (unsigned mask = 0; mask < 8; mask++) {
        fill(&rows[3]);
        for (unsigned i = 0; i < 3; i++) {
            if ((mask & 1u << i) != 0) {
                add(group[i]);
            }
        }
        const bool good = mask == 0 || mask == 7;
        assert_int_equal(check(IPSECI_RULE_AUTH_RESPONSE), good ? IPSEC_OK : IPSEC_DROP_PAYLOADS);
        assert_true(good || which == SA || which == TSI || which == TSR);
    }
    add(SA);
    assert_int_equal(check(IPSECI_RULE_AUTH_RESPONSE), IPSEC_DROP_PAYLOADS);
}

static void auth_25_response_without_auth(void **state)
{
    (void)state;
    message.count = 0;
    add(IDR);
    add(SA);
    add(TSI);
    add(TSR);
    assert_int_equal(check(IPSECI_RULE_AUTH_RESPONSE), IPSEC_DROP_PAYLOADS);
    assert_int_equal(which, AU);
}

static void init_28_order_does_not_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        fill(&rows[i]);
        for (uint32_t k = 0; k < message.count / 2; k++) {
            const uint8_t type = message.item[k].type;
            message.item[k].type = message.item[message.count - 1 - k].type;
            message.item[message.count - 1 - k].type = type;
        }
        assert_int_equal(check(rows[i].rule), IPSEC_OK);
    }
}

static void other_known_payloads_are_ignored(void **state)
{
    (void)state;
    static const uint8_t others[] = {
        IPSECI_PAYLOAD_NOTIFY,  IPSECI_PAYLOAD_NOTIFY, IPSECI_PAYLOAD_VENDOR, IPSECI_PAYLOAD_VENDOR,
        IPSECI_PAYLOAD_CERTREQ, IPSECI_PAYLOAD_DELETE, IPSECI_PAYLOAD_CP,     IPSECI_PAYLOAD_EAP};
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        fill(&rows[i]);
        for (size_t k = 0; k < IPSECI_COUNT(others); k++) {
            add(others[k]);
        }
        assert_int_equal(check(rows[i].rule), IPSEC_OK);
    }
}

static void empty_message_fits_informational_only(void **state)
{
    (void)state;
    message.count = 0;
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        assert_int_equal(check(rows[i].rule), rows[i].rule == IPSECI_RULE_INFORMATIONAL
                                                  ? IPSEC_OK
                                                  : IPSEC_DROP_PAYLOADS);
    }
    assert_int_equal(check((enum ipseci_rule)99), IPSEC_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_messages),
        cmocka_unit_test(init_27_each_payload_missing_cve_2013_6467),
        cmocka_unit_test(init_26_each_payload_repeated),
        cmocka_unit_test(ts_10_auth_without_selectors_cve_2009_1958),
        cmocka_unit_test(auth_21_response_with_all_of_the_child_or_none),
        cmocka_unit_test(auth_25_response_without_auth),
        cmocka_unit_test(init_28_order_does_not_matter),
        cmocka_unit_test(other_known_payloads_are_ignored),
        cmocka_unit_test(empty_message_fits_informational_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
