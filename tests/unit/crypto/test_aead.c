/* SPDX-License-Identifier: Apache-2.0
 *
 * Composed suites and batches of the facade, on toy providers.
 */
#include "facade.h"
#include "mock_provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define OPS_MAX 80

static const struct mock_claim claims_all[] = {
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128},
};
static const struct mock_claim claims_cipher[] = {
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL},
};
static const struct mock_claim claims_mac[] = {
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128},
};

/* Two providers, of which tests use one or both. */
struct bench {
    struct mock first;
    struct mock second;
    const struct ipsec_crypto *tables[2];
    struct ipsec_crypto_list list;
};

static struct bench bench;
static const uint8_t key_octets[IPSEC_INTEG_KEY_BYTES_MAX] = {0x21, 0x42, 0x63};

static int one_provider(void **state)
{
    (void)state;
    mock_init(&bench.first, claims_all, IPSECI_COUNT(claims_all));
    bench.tables[0] = &bench.first.table;
    bench.list = (struct ipsec_crypto_list){bench.tables, 1};
    return 0;
}

static int two_providers(void **state)
{
    (void)state;
    mock_init(&bench.first, claims_cipher, IPSECI_COUNT(claims_cipher));
    mock_init(&bench.second, claims_mac, IPSECI_COUNT(claims_mac));
    bench.tables[0] = &bench.first.table;
    bench.tables[1] = &bench.second.table;
    bench.list = (struct ipsec_crypto_list){bench.tables, 2};
    return 0;
}

/* Nothing may outlive a test. */
static int all_freed(void **state)
{
    (void)state;
    return bench.first.keys_alive == 0 && bench.second.keys_alive == 0 ? 0 : -1;
}

static struct ipsec_key_params params_of(uint16_t encr, uint16_t bits, uint16_t integ,
                                         enum ipsec_direction direction)
{
    const struct ipseci_encr *e = ipseci_encr_find(encr);
    const struct ipseci_integ *i = ipseci_integ_find(integ);
    struct ipsec_key_params p = {0};
    p.direction = (uint8_t)direction;
    p.encr_id = encr;
    p.encr_key_bits = bits;
    p.integ_id = integ;
    p.encr_key = ipseci_view(key_octets, e != NULL ? ipseci_encr_key_octets(e, bits) : 0);
    p.integ_key = ipseci_view(key_octets, i != NULL ? i->key_octets : 0);
    return p;
}

static struct ipsec_key_params cbc(enum ipsec_direction direction)
{
    return params_of(IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA2_256_128, direction);
}

static struct ipsec_key_params gcm(enum ipsec_direction direction)
{
    return params_of(IPSEC_ENCR_AES_GCM_16, 256, IPSEC_INTEG_NONE, direction);
}

static struct ipsec_key_params null_cipher(enum ipsec_direction direction)
{
    return params_of(IPSEC_ENCR_NULL, 0, IPSEC_INTEG_HMAC_SHA2_256_128, direction);
}

/* A packet and its op. */
struct packet {
    uint8_t header[24];
    uint8_t data[32];
    uint8_t tag[IPSEC_TAG_BYTES_MAX];
    struct ipsec_crypto_op op;
};

static void make_packet(struct packet *p, uint8_t seed)
{
    *p = (struct packet){0};
    memset(p->header, seed, sizeof(p->header));
    memset(p->data, seed + 1, sizeof(p->data));
    p->op.data = p->data;
    p->op.data_length = sizeof(p->data);
    p->op.aad = p->header;
    p->op.aad_length = sizeof(p->header);
    p->op.iv = p->header + 8;
    p->op.tag = p->tag;
    p->op.tail_length = 4;
    p->op.scratch[3] = seed;
}

static void run_one(const struct ipseci_aead *a, struct packet *p)
{
    const struct ipseci_aead *const aeads[1] = {a};
    struct ipsec_crypto_op *const ops[1] = {&p->op};
    ipseci_aead_run(aeads, ops, 1);
}

static void init(struct ipseci_aead *a, struct ipsec_key_params params)
{
    assert_int_equal(ipseci_aead_init(a, &bench.list, &params), IPSEC_OK);
}

/* Seals and opens one packet with fresh keys; the text must come back. */
static void round_trip(struct ipsec_key_params seal, struct ipsec_key_params open)
{
    struct ipseci_aead s;
    struct ipseci_aead o;
    struct packet p;
    struct packet before;
    init(&s, seal);
    init(&o, open);
    make_packet(&p, 5);
    make_packet(&before, 5);
    run_one(&s, &p);
    assert_int_equal(p.op.status, IPSEC_OK);
    run_one(&o, &p);
    assert_int_equal(p.op.status, IPSEC_OK);
    assert_memory_equal(p.data, before.data, sizeof(p.data));
    ipseci_aead_deinit(&s);
    ipseci_aead_deinit(&o);
}

static void fields_say_what_the_wire_needs(void **state)
{
    (void)state;
    struct ipseci_aead a;
    init(&a, cbc(IPSEC_SEAL));
    assert_int_equal(a.iv_length, 16);
    assert_int_equal(a.tag_length, 16);
    assert_int_equal(a.block, 16);
    assert_int_equal(a.cipher_block, 16);
    assert_false(a.is_aead);
    ipseci_aead_deinit(&a);
    init(&a, gcm(IPSEC_OPEN));
    assert_int_equal(a.iv_length, 8);
    assert_int_equal(a.tag_length, 16);
    assert_int_equal(a.block, 4);
    assert_int_equal(a.cipher_block, 1);
    assert_true(a.is_aead);
    assert_true(a.is_single);
    assert_int_equal(a.direction, IPSEC_OPEN);
    ipseci_aead_deinit(&a);
    init(&a, null_cipher(IPSEC_SEAL));
    assert_int_equal(a.iv_length, 0);
    assert_int_equal(a.block, 4);
    assert_true(a.is_single);
    assert_false(a.is_aead);
    ipseci_aead_deinit(&a);
}

static void one_provider_that_does_not_combine_runs_two_passes(void **state)
{
    (void)state;
    round_trip(cbc(IPSEC_SEAL), cbc(IPSEC_OPEN));
    assert_string_equal(bench.first.log, "CMmc");
}

static void one_provider_that_combines_runs_one_pass(void **state)
{
    (void)state;
    bench.first.combines = true;
    round_trip(cbc(IPSEC_SEAL), cbc(IPSEC_OPEN));
    assert_string_equal(bench.first.log, "Bb");
}

static void an_aead_runs_one_pass(void **state)
{
    (void)state;
    round_trip(gcm(IPSEC_SEAL), gcm(IPSEC_OPEN));
    assert_string_equal(bench.first.log, "Aa");
}

static void null_cipher_is_the_mac_alone_and_changes_no_data(void **state)
{
    (void)state;
    struct ipseci_aead a;
    struct packet p;
    struct packet before;
    init(&a, null_cipher(IPSEC_SEAL));
    make_packet(&p, 9);
    make_packet(&before, 9);
    run_one(&a, &p);
    assert_int_equal(p.op.status, IPSEC_OK);
    assert_string_equal(bench.first.log, "M");
    assert_memory_equal(p.data, before.data, sizeof(p.data));
    ipseci_aead_deinit(&a);
    round_trip(null_cipher(IPSEC_SEAL), null_cipher(IPSEC_OPEN));
}

static void cipher_and_mac_of_two_providers_are_composed(void **state)
{
    (void)state;
    round_trip(cbc(IPSEC_SEAL), cbc(IPSEC_OPEN));
    assert_string_equal(bench.first.log, "Cc");
    assert_string_equal(bench.second.log, "Mm");
}

static void the_first_provider_of_the_list_is_preferred(void **state)
{
    (void)state;
    mock_init(&bench.second, claims_all, IPSECI_COUNT(claims_all));
    round_trip(cbc(IPSEC_SEAL), cbc(IPSEC_OPEN));
    assert_string_equal(bench.first.log, "Cc");
    assert_string_equal(bench.second.log, "Mm");
}

static void espb_05_wrong_mac_is_never_decrypted(void **state)
{
    (void)state;
    struct ipseci_aead s;
    struct ipseci_aead o;
    struct packet p;
    init(&s, cbc(IPSEC_SEAL));
    init(&o, cbc(IPSEC_OPEN));
    make_packet(&p, 5);
    run_one(&s, &p);
    struct packet sealed = p;
    p.tag[0] ^= 1;
    run_one(&o, &p);
    assert_int_equal(p.op.status, IPSEC_DROP_ICV);
    assert_string_equal(bench.first.log, "C");
    assert_memory_equal(p.data, sealed.data, sizeof(p.data));
    ipseci_aead_deinit(&s);
    ipseci_aead_deinit(&o);
}

static void the_tail_and_the_iv_are_authenticated(void **state)
{
    (void)state;
    struct ipseci_aead s;
    struct ipseci_aead o;
    struct packet p;
    init(&s, cbc(IPSEC_SEAL));
    init(&o, cbc(IPSEC_OPEN));
    make_packet(&p, 5);
    run_one(&s, &p);
    p.op.scratch[0] ^= 1;
    run_one(&o, &p);
    assert_int_equal(p.op.status, IPSEC_DROP_ICV);
    p.op.scratch[0] ^= 1;
    p.header[23] ^= 1;
    run_one(&o, &p);
    assert_int_equal(p.op.status, IPSEC_DROP_ICV);
    p.header[23] ^= 1;
    run_one(&o, &p);
    assert_int_equal(p.op.status, IPSEC_OK);
    ipseci_aead_deinit(&s);
    ipseci_aead_deinit(&o);
}

/* A mixed batch: every kind of suite, both directions, statuses in place. */
struct batch {
    struct packet packet[OPS_MAX];
    const struct ipseci_aead *aead[OPS_MAX];
    struct ipsec_crypto_op *op[OPS_MAX];
};
static struct batch batch;

static void fill_batch(const struct ipseci_aead *const kinds[], size_t kind_count, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        make_packet(&batch.packet[i], (uint8_t)(i + 1));
        batch.aead[i] = kinds[i % kind_count];
        batch.op[i] = &batch.packet[i].op;
    }
}

static void batches_of_every_size_equal_single_runs(void **state)
{
    (void)state;
    struct ipseci_aead a[3];
    init(&a[0], cbc(IPSEC_SEAL));
    init(&a[1], gcm(IPSEC_SEAL));
    init(&a[2], null_cipher(IPSEC_SEAL));
    const struct ipseci_aead *const kinds[3] = {&a[0], &a[1], &a[2]};
    for (size_t n = 0; n <= OPS_MAX; n++) {
        fill_batch(kinds, 3, n);
        ipseci_aead_run(batch.aead, batch.op, n);
        for (size_t i = 0; i < n; i++) {
            struct packet alone;
            make_packet(&alone, (uint8_t)(i + 1));
            run_one(kinds[i % 3], &alone);
            assert_int_equal(batch.packet[i].op.status, IPSEC_OK);
            assert_memory_equal(batch.packet[i].data, alone.data, sizeof(alone.data));
            assert_memory_equal(batch.packet[i].tag, alone.tag, sizeof(alone.tag));
        }
    }
    for (size_t i = 0; i < 3; i++) {
        ipseci_aead_deinit(&a[i]);
    }
}

static void consecutive_ops_of_a_provider_go_in_one_call(void **state)
{
    (void)state;
    struct ipseci_aead a;
    init(&a, cbc(IPSEC_SEAL));
    const struct ipseci_aead *const kinds[1] = {&a};
    fill_batch(kinds, 1, 20);
    ipseci_aead_run(batch.aead, batch.op, 20);
    assert_int_equal(bench.first.runs, 1);
    assert_int_equal(bench.first.run_sizes[0], 20);
    assert_int_equal(bench.second.runs, 1);
    assert_int_equal(bench.second.run_sizes[0], 20);
    ipseci_aead_deinit(&a);
}

static void sealing_and_opening_mix_across_providers(void **state)
{
    (void)state;
    struct ipseci_aead s;
    struct ipseci_aead o;
    init(&s, cbc(IPSEC_SEAL));
    init(&o, cbc(IPSEC_OPEN));
    const struct ipseci_aead *const seal_kind[1] = {&s};
    const struct ipseci_aead *const both[2] = {&s, &o};
    fill_batch(seal_kind, 1, 40);
    ipseci_aead_run(batch.aead, batch.op, 40);
    /* Odd packets are opened while even ones are sealed again. */
    for (size_t i = 0; i < 40; i++) {
        batch.aead[i] = both[i % 2];
        batch.packet[i].tag[0] ^= i == 7;
    }
    ipseci_aead_run(batch.aead, batch.op, 40);
    for (size_t i = 0; i < 40; i++) {
        struct packet plain;
        make_packet(&plain, (uint8_t)(i + 1));
        assert_int_equal(batch.packet[i].op.status, i == 7 ? IPSEC_DROP_ICV : IPSEC_OK);
        assert_int_equal(memcmp(batch.packet[i].data, plain.data, sizeof(plain.data)) == 0,
                         i % 2 == 1 && i != 7);
    }
    ipseci_aead_deinit(&s);
    ipseci_aead_deinit(&o);
}

static void an_op_that_fails_in_the_first_pass_has_no_second(void **state)
{
    (void)state;
    struct ipseci_aead a;
    init(&a, cbc(IPSEC_SEAL));
    const struct ipseci_aead *const kinds[1] = {&a};
    fill_batch(kinds, 1, 6);
    bench.first.fail_op_at = 3;
    ipseci_aead_run(batch.aead, batch.op, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(batch.op[i]->status, i == 3 ? IPSEC_FATAL_CRYPTO : IPSEC_OK);
    }
    assert_int_equal(bench.second.ops, 5);
    ipseci_aead_deinit(&a);
}

static void an_op_that_fails_in_the_second_pass_fails(void **state)
{
    (void)state;
    struct ipseci_aead a;
    init(&a, cbc(IPSEC_SEAL));
    const struct ipseci_aead *const kinds[1] = {&a};
    fill_batch(kinds, 1, 6);
    bench.second.fail_op_at = 0;
    ipseci_aead_run(batch.aead, batch.op, 6);
    assert_int_equal(batch.op[0]->status, IPSEC_FATAL_CRYPTO);
    assert_int_equal(batch.op[5]->status, IPSEC_OK);
    ipseci_aead_deinit(&a);
}

static void an_op_a_provider_leaves_alone_does_not_pass(void **state)
{
    (void)state;
    struct ipseci_aead a;
    struct packet p;
    init(&a, cbc(IPSEC_OPEN));
    make_packet(&p, 5);
    p.op.status = IPSEC_OK;
    bench.first.lazy_op_at = 0;
    bench.second.lazy_op_at = 0;
    run_one(&a, &p);
    assert_int_equal(p.op.status, IPSEC_FATAL_CRYPTO);
    ipseci_aead_deinit(&a);
}

static void refuse(struct ipsec_key_params params, enum ipsec_status expected)
{
    struct ipseci_aead a;
    memset(&a, 0xa5, sizeof(a));
    assert_int_equal(ipseci_aead_init(&a, &bench.list, &params), expected);
    assert_null(a.first.provider);
    ipseci_aead_deinit(&a); /* and that is harmless */
}

static void espb_10_encryption_or_null_without_integrity_is_forbidden(void **state)
{
    (void)state;
    refuse(params_of(IPSEC_ENCR_NULL, 0, IPSEC_INTEG_NONE, IPSEC_SEAL), IPSEC_ERR_FORBIDDEN);
    refuse(params_of(IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_NONE, IPSEC_SEAL), IPSEC_ERR_FORBIDDEN);
}

static void wrong_combinations_and_lengths_are_refused(void **state)
{
    (void)state;
    refuse(params_of(IPSEC_ENCR_AES_GCM_16, 256, IPSEC_INTEG_HMAC_SHA2_256_128, IPSEC_SEAL),
           IPSEC_ERR_ARGUMENT);
    refuse(params_of(IPSEC_ENCR_AES_CBC, 100, IPSEC_INTEG_HMAC_SHA2_256_128, IPSEC_SEAL),
           IPSEC_ERR_ARGUMENT);
    refuse(params_of(999, 0, IPSEC_INTEG_HMAC_SHA2_256_128, IPSEC_SEAL), IPSEC_ERR_ARGUMENT);
    refuse(params_of(IPSEC_ENCR_AES_CBC, 256, 999, IPSEC_SEAL), IPSEC_ERR_ARGUMENT);
    struct ipsec_key_params p = cbc(IPSEC_SEAL);
    p.encr_key.length--;
    refuse(p, IPSEC_ERR_ARGUMENT);
    p = cbc(IPSEC_SEAL);
    p.integ_key.length++;
    refuse(p, IPSEC_ERR_ARGUMENT);
    p = gcm(IPSEC_SEAL);
    p.encr_key.length -= 4; /* the salt is missing */
    refuse(p, IPSEC_ERR_ARGUMENT);
    p = gcm(IPSEC_SEAL);
    p.integ_key = ipseci_view(key_octets, 1);
    refuse(p, IPSEC_ERR_ARGUMENT);
    p = cbc(IPSEC_SEAL);
    p.direction = 2;
    refuse(p, IPSEC_ERR_ARGUMENT);
    assert_int_equal(bench.first.keys_made, 0);
}

static void what_no_provider_has_is_not_built_in(void **state)
{
    (void)state;
    refuse(params_of(IPSEC_ENCR_AES_GCM_16, 256, IPSEC_INTEG_NONE, IPSEC_SEAL),
           IPSEC_ERR_NOT_BUILT_IN);
    refuse(params_of(IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA1_96, IPSEC_SEAL),
           IPSEC_ERR_NOT_BUILT_IN);
    bench.list.count = 0;
    refuse(cbc(IPSEC_SEAL), IPSEC_ERR_NOT_BUILT_IN);
}

static void a_key_that_can_not_be_made_leaves_none_behind(void **state)
{
    (void)state;
    bench.second.fail_key_at = 0;
    refuse(cbc(IPSEC_SEAL), IPSEC_ERR_MEMORY);
    assert_int_equal(bench.first.keys_alive, 0);
    bench.first.fail_key_at = 1;
    refuse(cbc(IPSEC_OPEN), IPSEC_ERR_MEMORY);
    bench.first.fail_key_at = MOCK_NEVER;
    bench.first.key_is_null = true;
    refuse(cbc(IPSEC_SEAL), IPSEC_FATAL_CRYPTO);
}

static void random_comes_from_the_first_and_its_failure_is_not_hidden(void **state)
{
    (void)state;
    uint8_t out[16];
    bench.first.table.random = NULL;
    assert_int_equal(ipseci_random(&bench.list, out, sizeof(out)), IPSEC_OK);
    assert_int_equal(bench.second.randoms, 1);
    bench.first.table.random = bench.second.table.random;
    bench.first.random_fails = true;
    memset(out, 1, sizeof(out));
    assert_int_equal(ipseci_random(&bench.list, out, sizeof(out)), IPSEC_ERR_RANDOM);
    assert_int_equal(bench.second.randoms, 1);
    for (size_t i = 0; i < sizeof(out); i++) {
        assert_int_equal(out[i], 0);
    }
    bench.list.count = 0;
    assert_int_equal(ipseci_random(&bench.list, out, sizeof(out)), IPSEC_ERR_RANDOM);
    assert_int_equal(ipseci_random(NULL, out, sizeof(out)), IPSEC_ERR_RANDOM);
}

static void sha1_may_be_missing(void **state)
{
    (void)state;
    uint8_t out[20];
    struct ipseci_parts none = {NULL, 0};
    assert_int_equal(ipseci_sha1(&bench.list, none, out), IPSEC_OK);
    bench.first.fail_prf_at = 1;
    assert_int_equal(ipseci_sha1(&bench.list, none, out), IPSEC_FATAL_CRYPTO);
    bench.first.table.sha1 = NULL;
    bench.second.table.sha1 = NULL;
    assert_int_equal(ipseci_sha1(&bench.list, none, out), IPSEC_ERR_NOT_BUILT_IN);
}

static void supports_asks_every_provider(void **state)
{
    (void)state;
    assert_true(ipsec_crypto_supports(&bench.list, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 256));
    assert_true(ipsec_crypto_supports(&bench.list, IPSEC_TRANSFORM_INTEG,
                                      IPSEC_INTEG_HMAC_SHA2_256_128, 0));
    assert_false(ipsec_crypto_supports(&bench.list, IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256, 0));
    assert_false(ipsec_crypto_supports(NULL, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 256));
}

#define ONE(test) cmocka_unit_test_setup_teardown(test, one_provider, all_freed)
#define TWO(test) cmocka_unit_test_setup_teardown(test, two_providers, all_freed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(fields_say_what_the_wire_needs),
        ONE(one_provider_that_does_not_combine_runs_two_passes),
        ONE(one_provider_that_combines_runs_one_pass),
        ONE(an_aead_runs_one_pass),
        ONE(null_cipher_is_the_mac_alone_and_changes_no_data),
        TWO(cipher_and_mac_of_two_providers_are_composed),
        TWO(the_first_provider_of_the_list_is_preferred),
        TWO(espb_05_wrong_mac_is_never_decrypted),
        TWO(the_tail_and_the_iv_are_authenticated),
        ONE(batches_of_every_size_equal_single_runs),
        TWO(consecutive_ops_of_a_provider_go_in_one_call),
        TWO(sealing_and_opening_mix_across_providers),
        TWO(an_op_that_fails_in_the_first_pass_has_no_second),
        TWO(an_op_that_fails_in_the_second_pass_fails),
        TWO(an_op_a_provider_leaves_alone_does_not_pass),
        ONE(espb_10_encryption_or_null_without_integrity_is_forbidden),
        ONE(wrong_combinations_and_lengths_are_refused),
        TWO(what_no_provider_has_is_not_built_in),
        TWO(a_key_that_can_not_be_made_leaves_none_behind),
        TWO(random_comes_from_the_first_and_its_failure_is_not_hidden),
        TWO(sha1_may_be_missing),
        TWO(supports_asks_every_provider),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
