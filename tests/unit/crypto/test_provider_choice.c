/* SPDX-License-Identifier: Apache-2.0
 *
 * A choice among providers, on toy providers and a clock that counts what they did.
 */
#include "facade.h"
#include "mock_provider.h"

#include <ipsec/crypto_choice.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct mock_claim claims_all[] = {
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256},
    {IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256},
};
static const struct mock_claim claims_macs[] = {
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_512},
};

/* What a provider takes for each piece, in ticks. */
struct costs {
    uint64_t op;
    uint64_t prf;
    uint64_t ke;
};

static struct mock mock[2];
static struct costs cost[2];
static bool clock_stands;
static uint32_t clock_reads;
static const struct ipsec_crypto *tables[2];
static struct ipsec_crypto_list providers;
static alignas(max_align_t) uint8_t block[4096];
static struct ipsec_crypto_choice *choice;

static uint64_t count_ticks(void *user)
{
    uint64_t ticks = 1000;
    assert_ptr_equal(user, &cost);
    clock_reads++;
    for (size_t i = 0; i < 2 && !clock_stands; i++) {
        ticks += mock[i].ops * cost[i].op + mock[i].prfs * cost[i].prf +
                 mock[i].randoms * cost[i].ke; /* an exchange takes one at each end */
    }
    return ticks;
}

static void make(const struct mock_claim *second, size_t second_count)
{
    mock_init(&mock[0], claims_all, IPSECI_COUNT(claims_all));
    mock_init(&mock[1], second, second_count);
    for (size_t i = 0; i < 2; i++) {
        tables[i] = &mock[i].table;
        cost[i] = (struct costs){10, 10, 10};
    }
    providers = (struct ipsec_crypto_list){tables, 2};
    clock_stands = false;
    clock_reads = 0;
    size_t bytes = 0;
    assert_int_equal(ipsec_crypto_choice_size(&providers, &bytes), IPSEC_OK);
    assert_in_range(bytes, 1, sizeof(block));
    assert_int_equal(ipsec_crypto_choice_init(block, bytes - 1, &providers, &choice),
                     IPSEC_ERR_BUFFER);
    assert_int_equal(ipsec_crypto_choice_init(block, bytes, &providers, &choice), IPSEC_OK);
}

static int two_alike(void **state)
{
    (void)state;
    make(claims_all, IPSECI_COUNT(claims_all));
    return 0;
}

static int second_has_macs(void **state)
{
    (void)state;
    make(claims_macs, IPSECI_COUNT(claims_macs));
    return 0;
}

/* Turns are short: the toy's exponents are an octet, and 0 is none. */
static void measure(uint64_t turn)
{
    struct ipsec_crypto_measure m = IPSEC_CRYPTO_MEASURE_INIT;
    m.clock = count_ticks;
    m.user = &cost;
    m.turn = turn;
    assert_int_equal(ipsec_crypto_choice_measure(choice, &m), IPSEC_OK);
    assert_int_equal(mock[0].keys_alive + mock[1].keys_alive, 0);
    assert_int_equal(mock[0].kes_alive + mock[1].kes_alive, 0);
}

/* The place of the provider that does it; the list given to objects must say the same. */
static size_t place_of(enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    const struct ipsec_crypto *real = ipsec_crypto_choice_get(choice, type, id, bits);
    const struct ipsec_crypto *seen =
        ipseci_crypto_find(ipsec_crypto_choice_list(choice), type, id, bits);
    if (real == NULL) {
        assert_null(seen);
        return SIZE_MAX;
    }
    const size_t place = real == tables[0] ? 0 : 1;
    assert_ptr_equal(real, tables[place]);
    assert_ptr_equal(seen, real);
    assert_false(ipsec_crypto_choice_list(choice)->item[1 - place]->supports(
        ipsec_crypto_choice_list(choice)->item[1 - place]->context, type, id, bits));
    return place;
}

#define GCM place_of(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 256)
#define CBC place_of(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 128)
#define MAC place_of(IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128, 0)
#define PRF place_of(IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256, 0)
#define KE  place_of(IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256, 0)

static void at_first_by_order(void **state)
{
    (void)state;
    assert_int_equal(GCM, 0);
    assert_int_equal(CBC, 0);
    assert_int_equal(MAC, 0);
    assert_int_equal(PRF, 0);
    /* what only the second has, and what none has */
    assert_int_equal(place_of(IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_512, 0), 1);
    assert_int_equal(place_of(IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_384, 0), SIZE_MAX);
    assert_int_equal(place_of(IPSEC_TRANSFORM_ENCR, 999, 0), SIZE_MAX);
    assert_int_equal(place_of(IPSEC_TRANSFORM_ESN, IPSEC_ESN_YES, 0), SIZE_MAX);
}

static void set_moves_one_algorithm_only(void **state)
{
    (void)state;
    assert_int_equal(
        ipsec_crypto_choice_set(choice, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 256, 1),
        IPSEC_OK);
    assert_int_equal(GCM, 1);
    assert_int_equal(place_of(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 128), 0);
    assert_int_equal(CBC, 0);
    assert_int_equal(
        ipsec_crypto_choice_set(choice, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 256, 0),
        IPSEC_OK);
    assert_int_equal(GCM, 0);
}

static void set_refuses_what_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(
        ipsec_crypto_choice_set(choice, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 256, 1),
        IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(
        ipsec_crypto_choice_set(choice, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 256, 2),
        IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_crypto_choice_set(choice, IPSEC_TRANSFORM_ENCR, 999, 0, 0),
                     IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(GCM, 0);
}

static void each_algorithm_goes_to_the_fastest(void **state)
{
    (void)state;
    cost[1] = (struct costs){.op = 5, .prf = 20, .ke = 9};
    measure(200);
    assert_int_equal(GCM, 1);
    assert_int_equal(CBC, 1);
    assert_int_equal(MAC, 1);
    assert_int_equal(PRF, 0);
    assert_int_equal(KE, 1);
    cost[1] = (struct costs){.op = 20, .prf = 5, .ke = 100};
    measure(200); /* again, with another outcome */
    assert_int_equal(GCM, 0);
    assert_int_equal(PRF, 1);
    assert_int_equal(KE, 0);
    measure(0); /* an operation a turn is enough for this clock */
    assert_int_equal(GCM, 0);
    assert_int_equal(PRF, 1);
}

/* A sixteenth is what it takes: chance must not decide. */
static void a_small_difference_leaves_the_order(void **state)
{
    (void)state;
    cost[0] = (struct costs){170, 170, 170};
    cost[1] = (struct costs){160, 160, 159};
    measure(6000);
    assert_int_equal(GCM, 0);
    assert_int_equal(PRF, 0);
    assert_int_equal(KE, 1);
}

static void what_only_one_has_is_not_measured(void **state)
{
    (void)state;
    cost[0].op = 1000;
    measure(100);
    assert_int_equal(MAC, 1);
    assert_int_equal(GCM, 0);
    assert_int_equal(KE, 0);
    assert_int_equal(mock[0].randoms, 0);
    assert_null(strchr(mock[0].log, 'A'));
}

static void a_provider_that_fails_is_not_chosen(void **state)
{
    (void)state;
    cost[1] = (struct costs){1, 1, 1};
    mock[1].ke_status = IPSEC_FATAL_CRYPTO;
    mock[1].fail_prf_at = 2;
    mock[1].fail_op_at = 3; /* of the first algorithm, whatever it is */
    measure(100);
    assert_int_equal(place_of(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 128), 0);
    assert_int_equal(place_of(IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 192), 1);
    assert_int_equal(PRF, 0);
    assert_int_equal(KE, 0);
    mock[0].ke_status = IPSEC_FATAL_CRYPTO; /* now neither: as it was by order */
    measure(100);
    assert_int_equal(KE, 0);
    mock[1].ke_status = IPSEC_OK;
    measure(20);
    assert_int_equal(KE, 1); /* slower than nothing is fast enough */
}

static void keys_that_can_not_be_made_are_not_chosen(void **state)
{
    (void)state;
    cost[1].op = 1;
    mock[1].key_is_null = true;
    measure(100);
    assert_int_equal(GCM, 0);
    assert_int_equal(MAC, 0);
    assert_int_equal(PRF, 0);
}

static void a_clock_that_stands_ends_and_changes_nothing(void **state)
{
    (void)state;
    cost[1] = (struct costs){1, 1, 1};
    clock_stands = true;
    measure(10);
    assert_true(clock_reads > 0);
    assert_int_equal(GCM, 0);
    assert_int_equal(PRF, 0);
    assert_int_equal(KE, 0);
}

/* SAs live on while the choice changes. */
static void keys_stay_with_who_made_them(void **state)
{
    (void)state;
    static const uint8_t octets[36] = {3};
    const struct ipsec_key_params params = {.encr_id = IPSEC_ENCR_AES_GCM_16,
                                            .encr_key_bits = 256,
                                            .encr_key = {octets, sizeof(octets)}};
    struct ipseci_aead before;
    struct ipseci_aead after;
    const struct ipsec_crypto_list *list = ipsec_crypto_choice_list(choice);
    assert_int_equal(ipseci_aead_init(&before, list, &params), IPSEC_OK);
    assert_int_equal(
        ipsec_crypto_choice_set(choice, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 256, 1),
        IPSEC_OK);
    assert_int_equal(ipseci_aead_init(&after, list, &params), IPSEC_OK);
    assert_int_equal(mock[0].keys_alive, 1);
    assert_int_equal(mock[1].keys_alive, 1);

    uint8_t data[2][16] = {{0}};
    uint8_t tag[2][16];
    uint8_t iv[8] = {0};
    struct ipsec_crypto_op op[2];
    struct ipsec_crypto_op *ops[2];
    const struct ipseci_aead *aeads[2] = {&before, &after};
    for (size_t i = 0; i < 2; i++) {
        op[i] = (struct ipsec_crypto_op){
            .data = data[i], .data_length = 16, .iv = iv, .aad = iv, .tag = tag[i]};
        ops[i] = &op[i];
    }
    ipseci_aead_run(aeads, ops, 2);
    assert_int_equal(op[0].status, IPSEC_OK);
    assert_int_equal(op[1].status, IPSEC_OK);
    assert_int_equal(mock[0].ops, 1);
    assert_int_equal(mock[1].ops, 1);
    ipseci_aead_deinit(&before);
    ipseci_aead_deinit(&after);
    assert_int_equal(mock[0].keys_alive + mock[1].keys_alive, 0);
}

/* Random octets and SHA-1 come from the first that has them, as in any list. */
static void what_is_not_chosen_goes_by_order(void **state)
{
    (void)state;
    const struct ipsec_crypto_list *list = ipsec_crypto_choice_list(choice);
    const struct ipsec_view part = ipseci_view("x", 1);
    uint8_t out[20];
    assert_string_equal(list->item[0]->name, "mock");
    assert_int_equal(ipseci_random(list, out, sizeof(out)), IPSEC_OK);
    assert_int_equal(mock[0].randoms, 1);
    mock[0].table.sha1 = NULL;
    mock[0].table.random = NULL;
    assert_int_equal(ipseci_random(list, out, sizeof(out)), IPSEC_OK);
    assert_int_equal(mock[1].randoms, 1);
    assert_int_equal(ipseci_sha1(list, (struct ipseci_parts){&part, 1}, out), IPSEC_OK);
    assert_int_equal(mock[1].prfs, 1);
}

static void a_table_without_the_field_stands_for_itself(void **state)
{
    (void)state;
    struct ipsec_crypto older = mock[0].table;
    const struct ipsec_crypto *item = &older;
    const struct ipsec_crypto_list list = {&item, 1};
    older.size = offsetof(struct ipsec_crypto, real);
    older.real = &mock[1].table; /* what lies behind an older table is not its */
    assert_ptr_equal(ipseci_crypto_find(&list, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 128),
                     &older);
}

static void arguments_are_checked(void **state)
{
    (void)state;
    struct ipsec_crypto_measure m = IPSEC_CRYPTO_MEASURE_INIT;
    const struct ipsec_crypto *many[IPSEC_CRYPTO_CHOICE_MAX + 1];
    struct ipsec_crypto_list bad = {many, IPSEC_CRYPTO_CHOICE_MAX + 1};
    size_t bytes = 0;
    for (size_t i = 0; i < IPSECI_COUNT(many); i++) {
        many[i] = tables[0];
    }
    assert_int_equal(ipsec_crypto_choice_measure(choice, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_crypto_choice_measure(choice, &m), IPSEC_ERR_ARGUMENT);
    m.size = 1;
    assert_int_equal(ipsec_crypto_choice_measure(choice, &m), IPSEC_ERR_STRUCT_SIZE);
    assert_int_equal(ipsec_crypto_choice_size(NULL, &bytes), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_crypto_choice_size(&bad, &bytes), IPSEC_ERR_ARGUMENT);
    bad.count = IPSEC_CRYPTO_CHOICE_MAX;
    assert_int_equal(ipsec_crypto_choice_size(&bad, &bytes), IPSEC_OK);
    assert_int_equal(ipsec_crypto_choice_size(&bad, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_crypto_choice_init(NULL, bytes, &bad, &choice), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_crypto_choice_init(block, bytes, &bad, NULL), IPSEC_ERR_ARGUMENT);
    bad.count = 0;
    assert_int_equal(ipsec_crypto_choice_init(block, bytes, &bad, &choice), IPSEC_ERR_ARGUMENT);
    many[1] = NULL;
    bad.count = 2;
    assert_int_equal(ipsec_crypto_choice_size(&bad, &bytes), IPSEC_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(at_first_by_order, second_has_macs),
        cmocka_unit_test_setup(set_moves_one_algorithm_only, two_alike),
        cmocka_unit_test_setup(set_refuses_what_is_not_there, second_has_macs),
        cmocka_unit_test_setup(each_algorithm_goes_to_the_fastest, two_alike),
        cmocka_unit_test_setup(a_small_difference_leaves_the_order, two_alike),
        cmocka_unit_test_setup(what_only_one_has_is_not_measured, second_has_macs),
        cmocka_unit_test_setup(a_provider_that_fails_is_not_chosen, two_alike),
        cmocka_unit_test_setup(keys_that_can_not_be_made_are_not_chosen, two_alike),
        cmocka_unit_test_setup(a_clock_that_stands_ends_and_changes_nothing, two_alike),
        cmocka_unit_test_setup(keys_stay_with_who_made_them, two_alike),
        cmocka_unit_test_setup(what_is_not_chosen_goes_by_order, two_alike),
        cmocka_unit_test_setup(a_table_without_the_field_stands_for_itself, two_alike),
        cmocka_unit_test_setup(arguments_are_checked, two_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
