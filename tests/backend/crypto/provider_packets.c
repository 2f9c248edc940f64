/* SPDX-License-Identifier: Apache-2.0
 *
 * Conformance suite: how keys and packet ops behave. Every suite the provider has, in the shape ESP
 * and IKE use it: in place, at any alignment and length, in batches, and against a copy of the
 * provider that may not combine cipher and MAC.
 */
#include "provider_kit.h"
#include "provider_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA_MAX  512
#define BATCH_MAX 64

static const struct ipsec_crypto *provider;
static struct ipsec_crypto_list list;
/* The same provider without its combined keys. */
static struct ipsec_crypto apart;
static const struct ipsec_crypto *apart_table = &apart;
static const struct ipsec_crypto_list list_apart = {&apart_table, 1};

struct suite {
    uint16_t encr;
    uint16_t bits;
    uint16_t integ;
};

static const struct suite suites[] = {
    {IPSEC_ENCR_AES_CBC, 128, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_ENCR_AES_CBC, 192, IPSEC_INTEG_HMAC_SHA2_384_192},
    {IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA2_512_256},
    {IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA1_96},
    {IPSEC_ENCR_AES_GCM_16, 128, 0},
    {IPSEC_ENCR_AES_GCM_16, 192, 0},
    {IPSEC_ENCR_AES_GCM_16, 256, 0},
    {IPSEC_ENCR_AES_GCM_12, 256, 0},
    {IPSEC_ENCR_AES_GCM_8, 128, 0},
    {IPSEC_ENCR_CHACHA20_POLY1305, 0, 0},
    {IPSEC_ENCR_NULL, 0, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_ENCR_NULL, 0, IPSEC_INTEG_HMAC_SHA1_96},
    {IPSEC_ENCR_NULL, 0, IPSEC_INTEG_AES_CMAC_96},
    {IPSEC_ENCR_NULL, 0, IPSEC_INTEG_AES_XCBC_96},
    {IPSEC_ENCR_AES_CBC, 128, IPSEC_INTEG_AES_XCBC_96},
    {IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_AES_CMAC_96},
    {IPSEC_ENCR_AES_CTR, 128, IPSEC_INTEG_HMAC_SHA1_96},
    {IPSEC_ENCR_AES_CTR, 192, IPSEC_INTEG_AES_XCBC_96},
    {IPSEC_ENCR_AES_CTR, 256, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_ENCR_AES_CCM_16, 128, 0},
    {IPSEC_ENCR_AES_CCM_12, 192, 0},
    {IPSEC_ENCR_AES_CCM_8, 256, 0},
    {IPSEC_ENCR_NULL_AES_GMAC, 128, 0},
    {IPSEC_ENCR_NULL_AES_GMAC, 192, 0},
    {IPSEC_ENCR_NULL_AES_GMAC, 256, 0},
};

static bool leaves_the_text(const struct suite *s)
{
    return s->encr == IPSEC_ENCR_NULL || s->encr == IPSEC_ENCR_NULL_AES_GMAC;
}

static bool has(const struct suite *s)
{
    return provider->supports(provider->context, IPSEC_TRANSFORM_ENCR, s->encr, s->bits) &&
           (s->integ == 0 ||
            provider->supports(provider->context, IPSEC_TRANSFORM_INTEG, s->integ, 0));
}

/* A pair of keys for one suite. */
struct pair {
    struct ipseci_aead seal;
    struct ipseci_aead open;
};

static struct ipsec_key_params params_of(const struct suite *s, const uint8_t *key)
{
    const struct ipseci_encr *encr = ipseci_encr_find(s->encr);
    const struct ipseci_integ *integ = ipseci_integ_find(s->integ);
    struct ipsec_key_params p = {0};
    p.encr_id = s->encr;
    p.encr_key_bits = s->bits;
    p.integ_id = s->integ;
    p.encr_key = ipseci_view(key, ipseci_encr_key_octets(encr, s->bits));
    p.integ_key = ipseci_view(key + 40, integ != NULL ? integ->key_octets : 0);
    return p;
}

static void make_pair(struct pair *pair, const struct ipsec_crypto_list *with,
                      const struct suite *s, uint32_t key_seed)
{
    uint8_t key[40 + IPSEC_INTEG_KEY_BYTES_MAX];
    kit_fill(&key_seed, key, sizeof(key));
    struct ipsec_key_params params = params_of(s, key);
    params.direction = IPSEC_SEAL;
    assert_int_equal(ipseci_aead_init(&pair->seal, with, &params), IPSEC_OK);
    params.direction = IPSEC_OPEN;
    assert_int_equal(ipseci_aead_init(&pair->open, with, &params), IPSEC_OK);
    memset(key, 0, sizeof(key)); /* the octets are not kept */
}

static void free_pair(struct pair *pair)
{
    ipseci_aead_deinit(&pair->seal);
    ipseci_aead_deinit(&pair->open);
}

/* A packet in one allocation of exact size: header and IV | data | tag, beginning `shift` octets
 * after an aligned address. */
struct packet {
    uint8_t *block;
    uint8_t *start;
    size_t length; /* of all from start */
    struct ipsec_crypto_op op;
};

static void make_packet(struct packet *p, const struct ipseci_aead *a, size_t data_length,
                        uint32_t *seed)
{
    size_t shift = kit_next(seed) % 8;
    size_t header = 8;
    *p = (struct packet){0};
    p->length = header + a->iv_length + data_length + a->tag_length;
    p->block = malloc(shift + p->length);
    assert_non_null(p->block);
    p->start = p->block + shift;
    kit_fill(seed, p->start, p->length);
    p->op.aad = p->start;
    p->op.aad_length = (uint16_t)(header + (a->is_aead ? 0 : a->iv_length));
    p->op.iv = p->start + header;
    p->op.data = p->start + header + a->iv_length;
    p->op.data_length = (uint32_t)data_length;
    p->op.tag = p->op.data + data_length;
    if (!a->is_aead) {
        p->op.tail_length = (uint8_t)(kit_next(seed) % 13);
        kit_fill(seed, p->op.scratch, sizeof(p->op.scratch));
    }
}

static void free_packet(struct packet *p)
{
    free(p->block);
    *p = (struct packet){0};
}

static enum ipsec_status run(const struct ipseci_aead *a, struct packet *p)
{
    const struct ipseci_aead *const aeads[1] = {a};
    struct ipsec_crypto_op *const ops[1] = {&p->op};
    ipseci_aead_run(aeads, ops, 1);
    return (enum ipsec_status)p->op.status;
}

typedef void (*suite_test)(const struct suite *s);

static void each_suite(suite_test test)
{
    size_t run_count = 0;
    for (size_t i = 0; i < IPSECI_COUNT(suites); i++) {
        if (has(&suites[i])) {
            test(&suites[i]);
            run_count++;
        }
    }
    if (run_count == 0) {
        skip();
    }
}

/* Every data length up to DATA_MAX that the suite can have, zero included. */
static void round_trip(const struct suite *s)
{
    struct pair pair;
    uint32_t seed = 1 + s->encr;
    make_pair(&pair, &list, s, 99);
    for (size_t n = 0; n <= DATA_MAX; n += pair.seal.cipher_block) {
        struct packet p;
        make_packet(&p, &pair.seal, n, &seed);
        struct blob before = blob_copy(p.start, p.length);
        assert_int_equal(run(&pair.seal, &p), IPSEC_OK);
        /* header and IV are as they were; data has changed unless there is none or no cipher */
        assert_memory_equal(p.start, before.data, (size_t)(p.op.data - p.start));
        if (n >= 16 && !leaves_the_text(s)) {
            assert_int_not_equal(memcmp(p.op.data, before.data + (p.op.data - p.start), n), 0);
        }
        assert_int_equal(run(&pair.open, &p), IPSEC_OK);
        assert_memory_equal(p.start, before.data, p.length - pair.seal.tag_length);
        blob_free(&before);
        free_packet(&p);
    }
    free_pair(&pair);
}

static void round_trips_at_every_length_and_alignment(void **state)
{
    (void)state;
    each_suite(round_trip);
}

/* One octet flipped anywhere that is authenticated: refused, and plain ciphers left alone. */
static void flip(const struct suite *s)
{
    struct pair pair;
    uint32_t seed = 7;
    make_pair(&pair, &list, s, 5);
    struct packet p;
    make_packet(&p, &pair.seal, 48, &seed);
    assert_int_equal(run(&pair.seal, &p), IPSEC_OK);
    struct blob sealed = blob_copy(p.start, p.length);
    for (size_t at = 0; at < p.length; at++) {
        p.start[at] ^= (uint8_t)(1u << at % 8);
        assert_int_equal(run(&pair.open, &p), IPSEC_DROP_ICV);
        if (!pair.open.is_aead) {
            p.start[at] ^= (uint8_t)(1u << at % 8);
            assert_memory_equal(p.start, sealed.data, p.length);
        }
        memcpy(p.start, sealed.data, p.length);
    }
    assert_int_equal(run(&pair.open, &p), IPSEC_OK);
    blob_free(&sealed);
    free_packet(&p);
    free_pair(&pair);
}

static void espb_05_any_flipped_octet_is_refused(void **state)
{
    (void)state;
    each_suite(flip);
}

/* A wrong tail, a longer or a shorter one, another length of aad or data. */
static void runs(const struct suite *s)
{
    struct pair pair;
    uint32_t seed = 8;
    make_pair(&pair, &list, s, 5);
    struct packet p;
    make_packet(&p, &pair.seal, 32, &seed);
    p.op.tail_length = pair.seal.is_aead ? 0 : 4;
    assert_int_equal(run(&pair.seal, &p), IPSEC_OK);
    struct blob sealed = blob_copy(p.start, p.length);
    if (!pair.seal.is_aead) {
        p.op.scratch[3] ^= 1;
        assert_int_equal(run(&pair.open, &p), IPSEC_DROP_ICV);
        p.op.scratch[3] ^= 1;
        p.op.tail_length = 3;
        assert_int_equal(run(&pair.open, &p), IPSEC_DROP_ICV);
        p.op.tail_length = 0;
        assert_int_equal(run(&pair.open, &p), IPSEC_DROP_ICV);
        p.op.tail_length = 4;
    }
    p.op.aad_length--;
    assert_int_equal(run(&pair.open, &p), IPSEC_DROP_ICV);
    memcpy(p.start, sealed.data, p.length);
    p.op.aad_length++;
    p.op.data_length -= 16;
    assert_int_equal(run(&pair.open, &p), IPSEC_DROP_ICV);
    memcpy(p.start, sealed.data, p.length);
    p.op.data_length += 16;
    assert_int_equal(run(&pair.open, &p), IPSEC_OK);
    blob_free(&sealed);
    free_packet(&p);
    free_pair(&pair);
}

static void all_runs_are_authenticated(void **state)
{
    (void)state;
    each_suite(runs);
}

/* Combined keys against the same provider's cipher and MAC apart; everything random. */
static void differential(const struct suite *s)
{
    struct pair together;
    struct pair alone;
    uint32_t seed = 1234567 + s->encr + s->bits;
    for (size_t round = 0; round < 100; round++) {
        uint32_t key_seed = kit_next(&seed);
        make_pair(&together, &list, s, key_seed);
        make_pair(&alone, &list_apart, s, key_seed);
        uint32_t here = kit_next(&seed);
        uint32_t there = here;
        size_t n = kit_next(&seed) % (DATA_MAX / 16) * 16;
        struct packet a;
        struct packet b;
        make_packet(&a, &together.seal, n, &here);
        make_packet(&b, &alone.seal, n, &there);
        assert_int_equal(run(&together.seal, &a), IPSEC_OK);
        assert_int_equal(run(&alone.seal, &b), IPSEC_OK);
        assert_memory_equal(a.start, b.start, a.length);
        /* and each opens the other's */
        assert_int_equal(run(&together.open, &b), IPSEC_OK);
        assert_int_equal(run(&alone.open, &a), IPSEC_OK);
        assert_memory_equal(a.start, b.start, a.length);
        free_packet(&a);
        free_packet(&b);
        free_pair(&together);
        free_pair(&alone);
    }
}

static void combined_keys_equal_composed_ones(void **state)
{
    (void)state;
    each_suite(differential);
}

/* The key has no memory of packets before: the same packet seals to the same octets. */
static void repeat(const struct suite *s)
{
    struct pair pair;
    struct pair other;
    make_pair(&pair, &list, s, 1);
    make_pair(&other, &list, s, 2);
    struct blob first = {NULL, 0};
    for (size_t i = 0; i < 4; i++) {
        uint32_t seed = 42;
        struct packet p;
        make_packet(&p, &pair.seal, 64, &seed);
        assert_int_equal(run(&pair.seal, &p), IPSEC_OK);
        if (i == 0) {
            first = blob_copy(p.start, p.length);
        }
        assert_memory_equal(p.start, first.data, p.length);
        assert_int_equal(run(&other.open, &p), IPSEC_DROP_ICV); /* the other key does not open it */
        free_packet(&p);
    }
    blob_free(&first);
    free_pair(&pair);
    free_pair(&other);
}

static void results_do_not_depend_on_history(void **state)
{
    (void)state;
    each_suite(repeat);
}

/* A batch of mixed suites and directions straight to the provider's run, of 1 to 64 ops. */
struct batch {
    struct pair pair[BATCH_MAX];
    struct packet packet[BATCH_MAX];
    struct blob before[BATCH_MAX];
    const struct ipseci_aead *aead[BATCH_MAX];
    struct ipsec_crypto_op *op[BATCH_MAX];
    size_t made;
};

static struct batch batch;

static void make_batch(void)
{
    uint32_t seed = 31;
    batch.made = 0;
    for (size_t i = 0; batch.made < BATCH_MAX; i++) {
        const struct suite *s = &suites[i % IPSECI_COUNT(suites)];
        if (!has(s)) {
            assert_true(i < 100 * BATCH_MAX);
            continue;
        }
        size_t at = batch.made++;
        make_pair(&batch.pair[at], &list, s, kit_next(&seed));
        make_packet(&batch.packet[at], &batch.pair[at].seal, kit_next(&seed) % 12 * 16, &seed);
        batch.before[at] = blob_copy(batch.packet[at].start, batch.packet[at].length);
        batch.op[at] = &batch.packet[at].op;
    }
}

static void free_batch(void)
{
    for (size_t i = 0; i < BATCH_MAX; i++) {
        free_packet(&batch.packet[i]);
        blob_free(&batch.before[i]);
        free_pair(&batch.pair[i]);
    }
}

static bool is_as_before(size_t i)
{
    const struct packet *p = &batch.packet[i];
    return memcmp(p->start, batch.before[i].data, p->length - batch.pair[i].seal.tag_length) == 0;
}

static void batches_of_1_to_64_mixed(void **state)
{
    (void)state;
    if (!has(&suites[2]) || !has(&suites[7])) {
        skip();
    }
    make_batch();
    for (size_t n = 1; n <= BATCH_MAX; n++) {
        for (size_t i = 0; i < n; i++) {
            batch.aead[i] = &batch.pair[i].seal;
        }
        ipseci_aead_run(batch.aead, batch.op, n);
        /* now every third stays sealed and is sealed again while the others are opened; one is bad
         */
        batch.packet[n - 1].op.tag[0] ^= 1;
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(batch.op[i]->status, IPSEC_OK);
            batch.aead[i] = i % 3 == 1 ? &batch.pair[i].seal : &batch.pair[i].open;
        }
        ipseci_aead_run(batch.aead, batch.op, n);
        for (size_t i = 0; i < n; i++) {
            bool bad = i == n - 1 && i % 3 != 1;
            assert_int_equal(batch.op[i]->status, bad ? IPSEC_DROP_ICV : IPSEC_OK);
            if (i % 3 != 1 && !bad) {
                assert_true(is_as_before(i));
            }
            memcpy(batch.packet[i].start, batch.before[i].data, batch.packet[i].length);
        }
    }
    free_batch();
}

static void run_of_nothing_does_nothing(void **state)
{
    (void)state;
    provider->run(provider->context, NULL, 0);
    provider->key_free(provider->context, NULL);
}

static void refuse(struct ipsec_key_params params, enum ipsec_status expected)
{
    struct ipsec_key *key = (struct ipsec_key *)(void *)&params;
    enum ipsec_status status = provider->key_new(provider->context, &params, &key);
    assert_null(key);
    assert_int_equal(status, expected);
}

/* Key lengths one octet off, and none at all. */
static void lengths(const struct suite *s)
{
    uint8_t key[40 + IPSEC_INTEG_KEY_BYTES_MAX + 1] = {0};
    struct ipsec_key_params good = params_of(s, key);
    const int off[] = {-1, 1};
    for (size_t i = 0; i < 2; i++) {
        struct ipsec_key_params p = good;
        p.encr_key.length = (size_t)((int)good.encr_key.length + off[i]);
        if (s->encr != IPSEC_ENCR_NULL) {
            p.integ_id = 0;
            p.integ_key.length = 0;
            refuse(p, IPSEC_ERR_ARGUMENT);
        }
        if (s->integ != 0) {
            p = good;
            p.encr_id = 0;
            p.encr_key_bits = 0;
            p.encr_key.length = 0;
            p.integ_key.length = (size_t)((int)good.integ_key.length + off[i]);
            refuse(p, IPSEC_ERR_ARGUMENT);
        }
    }
    struct ipsec_key_params p = good;
    p.direction = 2;
    refuse(p, IPSEC_ERR_ARGUMENT);
    p = good;
    p.encr_key_bits = (uint16_t)(good.encr_key_bits + 8);
    refuse(p, IPSEC_ERR_ARGUMENT);
}

static void wrong_key_lengths_are_refused(void **state)
{
    (void)state;
    each_suite(lengths);
}

static void keys_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    uint8_t key[128] = {0};
    struct ipsec_key_params nothing = {0};
    refuse(nothing, IPSEC_ERR_ARGUMENT);
    struct ipsec_key_params unknown = {.encr_id = 999, .encr_key = {key, 16}};
    refuse(unknown, IPSEC_ERR_NOT_BUILT_IN);
    struct ipsec_key_params unknown_mac = {.integ_id = 999, .integ_key = {key, 16}};
    refuse(unknown_mac, IPSEC_ERR_NOT_BUILT_IN);
    struct ipsec_key_params gcm = params_of(&suites[7], key);
    gcm.integ_id = IPSEC_INTEG_HMAC_SHA2_256_128;
    gcm.integ_key = ipseci_view(key, 32);
    if (has(&suites[7]) && has(&suites[2])) {
        refuse(gcm, IPSEC_ERR_ARGUMENT);
    }
    struct ipsec_key_params null_alone = {.encr_id = IPSEC_ENCR_NULL};
    if (has(&suites[11])) {
        refuse(null_alone, IPSEC_ERR_ARGUMENT);
    }
}

static void supports_knows_its_limits(void **state)
{
    (void)state;
    void *context = provider->context;
    assert_false(provider->supports(context, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 0));
    assert_false(provider->supports(context, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 64));
    assert_false(provider->supports(context, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_16, 512));
    assert_false(
        provider->supports(context, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_CHACHA20_POLY1305, 256));
    assert_false(provider->supports(context, IPSEC_TRANSFORM_ENCR, 0, 0));
    assert_false(provider->supports(context, IPSEC_TRANSFORM_INTEG, 0, 0));
    assert_false(provider->supports(context, IPSEC_TRANSFORM_ESN, 1, 0));
    assert_false(provider->supports(context, IPSEC_TRANSFORM_ADDKE1, IPSEC_KE_ECP_256, 0));
}

/* A plain cipher on a length that is no multiple of its block: refused, not rounded. */
static void a_partial_block_is_an_error(void **state)
{
    (void)state;
    uint8_t key[40 + IPSEC_INTEG_KEY_BYTES_MAX] = {0};
    uint8_t iv[16] = {0};
    uint8_t data[32] = {0};
    if (!has(&suites[2])) {
        skip();
    }
    struct ipsec_key_params params = params_of(&suites[2], key);
    params.integ_id = 0;
    params.integ_key.length = 0;
    struct ipsec_crypto_op op = {.data = data, .data_length = 17, .iv = iv};
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_FATAL_CRYPTO);
    assert_int_equal(data[17], 0);
    op.data_length = 0;
    op.data = NULL;
    assert_int_equal(kit_run(provider, &params, &op), IPSEC_OK);
}

int provider_packets_run(const struct ipsec_crypto *of)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_at_every_length_and_alignment),
        cmocka_unit_test(espb_05_any_flipped_octet_is_refused),
        cmocka_unit_test(all_runs_are_authenticated),
        cmocka_unit_test(combined_keys_equal_composed_ones),
        cmocka_unit_test(results_do_not_depend_on_history),
        cmocka_unit_test(batches_of_1_to_64_mixed),
        cmocka_unit_test(run_of_nothing_does_nothing),
        cmocka_unit_test(wrong_key_lengths_are_refused),
        cmocka_unit_test(keys_that_make_no_sense_are_refused),
        cmocka_unit_test(supports_knows_its_limits),
        cmocka_unit_test(a_partial_block_is_an_error),
    };
    provider = of;
    list = (struct ipsec_crypto_list){&provider, 1};
    apart = *of;
    apart.combines = NULL;
    return cmocka_run_group_tests_name("provider packets", tests, NULL, NULL);
}
