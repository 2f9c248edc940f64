/* SPDX-License-Identifier: Apache-2.0
 *
 * The facade's key exchange: choice of provider, lengths in both directions, failures. The groups
 * themselves are tested in tests/backend.
 */
#include "facade.h"
#include "mock_provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct mock_claim claims_a[] = {{IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256}};
static const struct mock_claim claims_b[] = {{IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256},
                                             {IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048},
                                             {IPSEC_TRANSFORM_KE, 999}};
static struct mock a;
static struct mock b;
static const struct ipsec_crypto *tables[2];
static const struct ipsec_crypto_list list = {tables, 2};
static uint8_t public_room[IPSEC_KE_PUBLIC_MAX];
static uint8_t secret_room[IPSEC_KE_SECRET_MAX];
static uint8_t peer[IPSEC_KE_PUBLIC_MAX];
static struct ipseci_octets public_value;
static struct ipseci_octets secret;
static struct ipseci_ke_state ke;

static int fresh(void **state)
{
    (void)state;
    mock_init(&a, claims_a, IPSECI_COUNT(claims_a));
    mock_init(&b, claims_b, IPSECI_COUNT(claims_b));
    tables[0] = &a.table;
    tables[1] = &b.table;
    public_value = (struct ipseci_octets){public_room, sizeof(public_room), 0};
    secret = (struct ipseci_octets){secret_room, sizeof(secret_room), 0};
    memset(peer, 3, sizeof(peer));
    memset(secret_room, 0xee, sizeof(secret_room));
    ke = (struct ipseci_ke_state){0};
    return 0;
}

static int all_freed(void **state)
{
    (void)state;
    ipseci_ke_free(&ke);
    ipseci_ke_free(&ke); /* twice is harmless */
    return a.kes_alive == 0 && b.kes_alive == 0 ? 0 : -1;
}

static bool is_wiped(void)
{
    for (size_t i = 0; i < sizeof(secret_room); i++) {
        if (secret_room[i] != 0) {
            return false;
        }
    }
    return true;
}

static void both_ends_agree(void **state)
{
    (void)state;
    uint8_t other_room[IPSEC_KE_SECRET_MAX];
    uint8_t answer_room[IPSEC_KE_PUBLIC_MAX];
    struct ipseci_octets other = {other_room, sizeof(other_room), 0};
    struct ipseci_octets answer = {answer_room, sizeof(answer_room), 0};
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_MODP_2048, &public_value), IPSEC_OK);
    assert_int_equal(public_value.length, 256);
    assert_int_equal(ipseci_ke_respond(&list, IPSEC_KE_MODP_2048,
                                       ipseci_view(public_room, public_value.length), &answer,
                                       &other),
                     IPSEC_OK);
    assert_int_equal(ipseci_ke_finish(&ke, ipseci_view(answer_room, answer.length), &secret),
                     IPSEC_OK);
    assert_int_equal(secret.length, 256);
    assert_int_equal(other.length, 256);
    assert_memory_equal(secret_room, other_room, 256);
}

static void the_first_provider_with_the_group_makes_it(void **state)
{
    (void)state;
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &public_value), IPSEC_OK);
    assert_ptr_equal(ke.provider, &a.table);
    assert_int_equal(ke.group, IPSEC_KE_ECP_256);
    assert_int_equal(a.kes_alive, 1);
    ipseci_ke_free(&ke);
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_MODP_2048, &public_value), IPSEC_OK);
    assert_ptr_equal(ke.provider, &b.table);
}

static void unknown_groups_are_not_built_in(void **state)
{
    (void)state;
    const uint16_t groups[] = {IPSEC_KE_ECP_384, 999, 0};
    for (size_t i = 0; i < IPSECI_COUNT(groups); i++) {
        assert_int_equal(ipseci_ke_start(&ke, &list, groups[i], &public_value),
                         IPSEC_ERR_NOT_BUILT_IN);
        assert_int_equal(
            ipseci_ke_respond(&list, groups[i], ipseci_view(peer, 64), &public_value, &secret),
            IPSEC_ERR_NOT_BUILT_IN);
    }
}

static void init_22_ke_length_must_match_the_group(void **state)
{
    (void)state;
    const size_t lengths[] = {0, 1, 63, 65, 512};
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &public_value), IPSEC_OK);
    for (size_t i = 0; i < IPSECI_COUNT(lengths); i++) {
        assert_int_equal(ipseci_ke_respond(&list, IPSEC_KE_ECP_256, ipseci_view(peer, lengths[i]),
                                           &public_value, &secret),
                         IPSEC_DROP_KE);
        assert_int_equal(ipseci_ke_finish(&ke, ipseci_view(peer, lengths[i]), &secret),
                         IPSEC_DROP_KE);
    }
    assert_int_equal(ipseci_ke_finish(&ke, ipseci_view(peer, 64), &secret), IPSEC_OK);
}

static void a_bad_value_leaves_the_exchange_usable(void **state)
{
    (void)state;
    const uint8_t zeros[64] = {0};
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &public_value), IPSEC_OK);
    assert_int_equal(ipseci_ke_finish(&ke, ipseci_view(zeros, 64), &secret), IPSEC_DROP_KE);
    assert_true(is_wiped());
    assert_int_equal(ipseci_ke_finish(&ke, ipseci_view(peer, 64), &secret), IPSEC_OK);
    assert_int_equal(
        ipseci_ke_respond(&list, IPSEC_KE_ECP_256, ipseci_view(zeros, 64), &public_value, &secret),
        IPSEC_DROP_KE);
    assert_true(is_wiped());
}

static void too_little_room_is_said(void **state)
{
    (void)state;
    public_value.capacity = 63;
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &public_value),
                     IPSEC_ERR_BUFFER);
    assert_int_equal(
        ipseci_ke_respond(&list, IPSEC_KE_ECP_256, ipseci_view(peer, 64), &public_value, &secret),
        IPSEC_ERR_BUFFER);
    public_value.capacity = 64;
    secret.capacity = 31;
    assert_int_equal(
        ipseci_ke_respond(&list, IPSEC_KE_ECP_256, ipseci_view(peer, 64), &public_value, &secret),
        IPSEC_ERR_BUFFER);
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &public_value), IPSEC_OK);
    assert_int_equal(ipseci_ke_finish(&ke, ipseci_view(peer, 64), &secret), IPSEC_ERR_BUFFER);
}

static void failures_of_the_provider_are_passed_on(void **state)
{
    (void)state;
    const enum ipsec_status failures[] = {IPSEC_ERR_RANDOM, IPSEC_ERR_MEMORY, IPSEC_FATAL_CRYPTO};
    for (size_t i = 0; i < IPSECI_COUNT(failures); i++) {
        a.ke_status = failures[i];
        assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &public_value), failures[i]);
        assert_null(ke.ke);
        assert_int_equal(ipseci_ke_respond(&list, IPSEC_KE_ECP_256, ipseci_view(peer, 64),
                                           &public_value, &secret),
                         failures[i]);
        assert_true(is_wiped());
    }
    a.ke_status = IPSEC_PENDING; /* not a thing a provider may say */
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &public_value),
                     IPSEC_FATAL_CRYPTO);
}

static void wrong_lengths_from_a_provider_are_fatal(void **state)
{
    (void)state;
    a.ke_length_wrong = true;
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &public_value),
                     IPSEC_FATAL_CRYPTO);
    assert_int_equal(a.kes_alive, 0);
    assert_int_equal(
        ipseci_ke_respond(&list, IPSEC_KE_ECP_256, ipseci_view(peer, 64), &public_value, &secret),
        IPSEC_FATAL_CRYPTO);
    a.ke_length_wrong = false;
    assert_int_equal(ipseci_ke_start(&ke, &list, IPSEC_KE_ECP_256, &public_value), IPSEC_OK);
    a.ke_length_wrong = true;
    assert_int_equal(ipseci_ke_finish(&ke, ipseci_view(peer, 64), &secret), IPSEC_FATAL_CRYPTO);
    assert_true(is_wiped());
}

static void finishing_nothing_is_a_state_error(void **state)
{
    (void)state;
    assert_int_equal(ipseci_ke_finish(&ke, ipseci_view(peer, 64), &secret), IPSEC_ERR_STATE);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fresh, all_freed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(both_ends_agree),
        CASE(the_first_provider_with_the_group_makes_it),
        CASE(unknown_groups_are_not_built_in),
        CASE(init_22_ke_length_must_match_the_group),
        CASE(a_bad_value_leaves_the_exchange_usable),
        CASE(too_little_room_is_said),
        CASE(failures_of_the_provider_are_passed_on),
        CASE(wrong_lengths_from_a_provider_are_fatal),
        CASE(finishing_nothing_is_a_state_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
