/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of ipsec/status.h, and of the other texts of the base layer.
 */
#include "base_check.h"

#include <ipsec/auth.h>
#include <ipsec/status.h>

static void classes_at_their_edges(void **state)
{
    static const struct {
        int status;
        enum ipsec_status_class class_;
    } rows[] = {
        {IPSEC_OK, IPSEC_CLASS_OK},
        {IPSEC_PENDING, IPSEC_CLASS_OK},
        {IPSEC_PENDING + 1, IPSEC_CLASS_FATAL},
        {IPSEC_ERR_ARGUMENT, IPSEC_CLASS_USAGE},
        {IPSEC_ERR_FORBIDDEN, IPSEC_CLASS_USAGE},
        {IPSEC_ERR_FORBIDDEN - 1, IPSEC_CLASS_FATAL},
        {IPSEC_ERR_FULL + 1, IPSEC_CLASS_FATAL},
        {IPSEC_ERR_FULL, IPSEC_CLASS_RESOURCE},
        {IPSEC_ERR_AGAIN, IPSEC_CLASS_RESOURCE},
        {IPSEC_ERR_AGAIN - 1, IPSEC_CLASS_FATAL},
        {IPSEC_DROP_FIRST + 1, IPSEC_CLASS_FATAL},
        {IPSEC_DROP_FIRST, IPSEC_CLASS_PEER},
        {IPSEC_DROP_LAST, IPSEC_CLASS_PEER},
        {IPSEC_DROP_LAST - 1, IPSEC_CLASS_FATAL},
        {IPSEC_FATAL_SEQUENCE, IPSEC_CLASS_FATAL},
        {IPSEC_FATAL_MESSAGE_ID, IPSEC_CLASS_FATAL},
        {INT32_MAX, IPSEC_CLASS_FATAL},
        {INT32_MIN, IPSEC_CLASS_FATAL},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(ipsec_status_class((enum ipsec_status)rows[i].status), rows[i].class_);
    }
}

static void texts_of_their_statuses(void **state)
{
    (void)state;
    assert_string_equal(ipsec_status_text(IPSEC_OK), "ok");
    assert_string_equal(ipsec_status_text(IPSEC_ERR_NOT_BUILT_IN), "algorithm not built in");
    assert_string_equal(ipsec_status_text(IPSEC_ERR_AGAIN), "nothing now, try again");
    assert_string_equal(ipsec_status_text(IPSEC_DROP_ICV), "integrity check failed");
    assert_string_equal(ipsec_status_text(IPSEC_DROP_ECN), "congestion mark to be dropped");
    assert_string_equal(ipsec_status_text(IPSEC_DROP_IO), "not taken by the backend");
    assert_string_equal(ipsec_status_text(IPSEC_FATAL_MESSAGE_ID), "IKE message IDs are used up");
    assert_string_equal(ipsec_status_text((enum ipsec_status) - 50), "unknown status");
}

/* Two statuses with one text would make a log ambiguous. */
static void texts_differ(void **state)
{
    (void)state;
    for (int a = 1; a >= -310; a--) {
        const char *text = ipsec_status_text((enum ipsec_status)a);

        assert_non_null(text);
        for (int b = 1; b > a && strcmp(text, "unknown status") != 0; b--) {
            assert_string_not_equal(text, ipsec_status_text((enum ipsec_status)b));
        }
    }
}

static void drop_indexes_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < IPSEC_DROP_REASONS; i++) {
        const enum ipsec_status status = ipsec_drop_status(i);

        assert_int_equal(ipsec_status_class(status), IPSEC_CLASS_PEER);
        assert_int_equal(ipsec_drop_index(status), i);
    }
    assert_int_equal(ipsec_drop_index(IPSEC_DROP_TRUNCATED), 0);
    assert_int_equal(ipsec_drop_status(IPSEC_DROP_REASONS), IPSEC_OK);
    assert_int_equal(ipsec_drop_status(SIZE_MAX), IPSEC_OK);
    assert_int_equal(ipsec_drop_index(IPSEC_OK), IPSEC_DROP_REASONS);
    assert_int_equal(ipsec_drop_index(IPSEC_ERR_AGAIN), IPSEC_DROP_REASONS);
    assert_int_equal(ipsec_drop_index(IPSEC_FATAL_SEQUENCE), IPSEC_DROP_REASONS);
    assert_int_equal(ipsec_drop_index((enum ipsec_status)INT32_MIN), IPSEC_DROP_REASONS);
}

static void problems_of_certificates_have_texts_of_their_own(void **state)
{
    (void)state;
    assert_string_equal(ipsec_cert_problem_text(IPSEC_CERT_UNTRUSTED), "no path to a trust anchor");
    assert_string_equal(ipsec_cert_problem_text(IPSEC_CERT_EXPIRED), "expired");
    for (int a = IPSEC_CERT_GOOD; a <= IPSEC_CERT_CRL; a++) {
        const char *text = ipsec_cert_problem_text((enum ipsec_cert_problem)a);
        assert_non_null(text);
        for (int b = IPSEC_CERT_GOOD; b < a; b++) {
            assert_string_not_equal(text, ipsec_cert_problem_text((enum ipsec_cert_problem)b));
        }
    }
    assert_string_equal(ipsec_cert_problem_text((enum ipsec_cert_problem)(IPSEC_CERT_CRL + 1)),
                        "unknown problem");
    assert_string_equal(ipsec_cert_problem_text((enum ipsec_cert_problem) - 1), "unknown problem");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_at_their_edges),
        cmocka_unit_test(texts_of_their_statuses),
        cmocka_unit_test(texts_differ),
        cmocka_unit_test(drop_indexes_go_both_ways),
        cmocka_unit_test(problems_of_certificates_have_texts_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
