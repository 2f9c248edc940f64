/* SPDX-License-Identifier: Apache-2.0
 *
 * Mbed TLS and another provider, against each other and together: whatever one seals, the other
 * opens, octet for octet the same; and lists in which a cipher is done by one and its MAC by the
 * other.
 */
#include "provider_kit.h"

#include "vectors_crypto.h"

#include <ipsec/backend_mbedtls.h>
#include <ipsec/crypto_choice.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define DATA_MAX  1600
#define TAG_MAX   IPSEC_TAG_BYTES_MAX
#define BATCH_MAX 64
#define LISTS     4

static struct ipsec_mbedtls *mbedtls;
static const struct ipsec_crypto *tables[2];
static struct ipsec_crypto_choice *choice[2];
static struct ipsec_crypto_list lists[LISTS]; /* one, the other, and each with the other's MACs */

struct suite {
    uint16_t encr;
    uint16_t bits;
    uint16_t integ;
};

static const struct suite suites[] = {
    {IPSEC_ENCR_AES_CBC, 128, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_ENCR_AES_CBC, 192, IPSEC_INTEG_HMAC_SHA2_384_192},
    {IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA2_512_256},
    {IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA1_96},
    {IPSEC_ENCR_AES_GCM_16, 128, 0},
    {IPSEC_ENCR_AES_GCM_16, 192, 0},
    {IPSEC_ENCR_AES_GCM_16, 256, 0},
    {IPSEC_ENCR_AES_GCM_12, 192, 0},
    {IPSEC_ENCR_AES_GCM_8, 256, 0},
    {IPSEC_ENCR_CHACHA20_POLY1305, 0, 0},
    {IPSEC_ENCR_NULL, 0, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_ENCR_NULL, 0, IPSEC_INTEG_AES_XCBC_96},
    {IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_AES_CMAC_96},
    {IPSEC_ENCR_AES_CTR, 128, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_ENCR_AES_CTR, 256, IPSEC_INTEG_AES_XCBC_96},
    {IPSEC_ENCR_AES_CCM_16, 256, 0},
    {IPSEC_ENCR_AES_CCM_12, 128, 0},
    {IPSEC_ENCR_AES_CCM_8, 192, 0},
    {IPSEC_ENCR_NULL_AES_GMAC, 256, 0},
};

static bool both_have(enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    return tables[0]->supports(tables[0]->context, type, id, bits) &&
           tables[1]->supports(tables[1]->context, type, id, bits);
}

static bool both_do(const struct suite *s)
{
    return both_have(IPSEC_TRANSFORM_ENCR, s->encr, s->bits) &&
           (s->integ == 0 || both_have(IPSEC_TRANSFORM_INTEG, s->integ, 0));
}

static struct ipsec_crypto_list make_choice(size_t first)
{
    const struct ipsec_crypto *const order[2] = {tables[first], tables[1 - first]};
    const struct ipsec_crypto_list providers = {order, 2};
    static const uint16_t macs[] = {2, 5, 8, 12, 13, 14};
    size_t bytes = 0;
    assert_int_equal(ipsec_crypto_choice_size(&providers, &bytes), IPSEC_OK);
    assert_int_equal(ipsec_crypto_choice_init(malloc(bytes), bytes, &providers, &choice[first]),
                     IPSEC_OK);
    for (size_t i = 0; i < IPSECI_COUNT(macs); i++) {
        if (both_have(IPSEC_TRANSFORM_INTEG, macs[i], 0)) {
            assert_int_equal(
                ipsec_crypto_choice_set(choice[first], IPSEC_TRANSFORM_INTEG, macs[i], 0, 1),
                IPSEC_OK);
        }
    }
    return *ipsec_crypto_choice_list(choice[first]);
}

static int setup(void **state)
{
    (void)state;
    tables[1] = vectors_crypto_new();
    if (ipsec_mbedtls_new(NULL, &mbedtls) != IPSEC_OK || tables[1] == NULL) {
        return -1;
    }
    tables[0] = ipsec_mbedtls_crypto(mbedtls);
    lists[0] = (struct ipsec_crypto_list){&tables[0], 1};
    lists[1] = (struct ipsec_crypto_list){&tables[1], 1};
    lists[2] = make_choice(0);
    lists[3] = make_choice(1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(choice[0]);
    free(choice[1]);
    ipsec_mbedtls_free(mbedtls);
    vectors_crypto_free();
    return 0;
}

/* ---- packets ------------------------------------------------------------------------------------
 */

/* Keys of one suite on every list. */
struct keys {
    struct ipseci_aead seal[LISTS];
    struct ipseci_aead open[LISTS];
};

static void make_keys(struct keys *k, const struct suite *s, uint32_t *seed)
{
    uint8_t octets[40 + IPSEC_INTEG_KEY_BYTES_MAX];
    const struct ipseci_integ *integ = ipseci_integ_find(s->integ);
    kit_fill(seed, octets, sizeof(octets));
    struct ipsec_key_params params = {
        .encr_id = s->encr,
        .encr_key_bits = s->bits,
        .integ_id = s->integ,
        .encr_key = {octets, ipseci_encr_key_octets(ipseci_encr_find(s->encr), s->bits)},
        .integ_key = {octets + 40, integ != NULL ? integ->key_octets : 0}};
    for (size_t i = 0; i < LISTS; i++) {
        params.direction = IPSEC_SEAL;
        assert_int_equal(ipseci_aead_init(&k->seal[i], &lists[i], &params), IPSEC_OK);
        params.direction = IPSEC_OPEN;
        assert_int_equal(ipseci_aead_init(&k->open[i], &lists[i], &params), IPSEC_OK);
    }
}

static void free_keys(struct keys *k)
{
    for (size_t i = 0; i < LISTS; i++) {
        ipseci_aead_deinit(&k->seal[i]);
        ipseci_aead_deinit(&k->open[i]);
    }
}

/* Header and IV | data | tag in memory of its own, at any alignment. */
struct packet {
    uint8_t *block;
    uint8_t *start;
    size_t length;
    struct ipsec_crypto_op op;
};

static void make_packet(struct packet *p, const struct ipseci_aead *a, uint32_t *seed)
{
    const size_t shift = kit_next(seed) % 16;
    const size_t data = kit_next(seed) % (DATA_MAX / a->block + 1) * a->block;
    *p = (struct packet){.length = 8u + a->iv_length + data + a->tag_length};
    p->block = malloc(shift + p->length);
    assert_non_null(p->block);
    p->start = p->block + shift;
    kit_fill(seed, p->start, p->length);
    p->op.aad = p->start;
    p->op.aad_length = (uint16_t)(8 + (a->is_aead ? 0 : a->iv_length));
    p->op.iv = p->start + 8;
    p->op.data = p->start + 8 + a->iv_length;
    p->op.data_length = (uint32_t)data;
    p->op.tag = p->op.data + data;
    if (!a->is_aead) {
        p->op.tail_length = (uint8_t)(kit_next(seed) % 13);
        kit_fill(seed, p->op.scratch, sizeof(p->op.scratch));
    }
}

static enum ipsec_status run(const struct ipseci_aead *a, struct packet *p)
{
    const struct ipseci_aead *const aeads[1] = {a};
    struct ipsec_crypto_op *const ops[1] = {&p->op};
    ipseci_aead_run(aeads, ops, 1);
    return (enum ipsec_status)p->op.status;
}

/* Every list seals to the same octets, and opens what the one before it has sealed. */
static void one_packet(const struct keys *k, uint32_t *seed)
{
    struct packet p;
    make_packet(&p, &k->seal[0], seed);
    struct blob plain = blob_copy(p.start, p.length - k->seal[0].tag_length);
    assert_int_equal(run(&k->seal[0], &p), IPSEC_OK);
    struct blob sealed = blob_copy(p.start, p.length);
    for (size_t i = 1; i < LISTS; i++) {
        assert_int_equal(run(&k->open[i], &p), IPSEC_OK);
        assert_memory_equal(p.start, plain.data, plain.length);
        assert_int_equal(run(&k->seal[i], &p), IPSEC_OK);
        assert_memory_equal(p.start, sealed.data, sealed.length);
    }
    const size_t at = kit_next(seed) % p.length;
    for (size_t i = 0; i < LISTS; i++) {
        p.start[at] ^= 0x40;
        assert_int_equal(run(&k->open[i], &p), IPSEC_DROP_ICV);
        memcpy(p.start, sealed.data, p.length);
    }
    blob_free(&plain);
    blob_free(&sealed);
    free(p.block);
}

static void what_one_seals_the_others_open(void **state)
{
    (void)state;
    uint32_t seed = 2026;
    for (size_t i = 0; i < IPSECI_COUNT(suites); i++) {
        if (!both_do(&suites[i])) {
            continue;
        }
        for (size_t round = 0; round < 12; round++) {
            struct keys keys;
            make_keys(&keys, &suites[i], &seed);
            for (size_t n = 0; n < 12; n++) {
                one_packet(&keys, &seed);
            }
            free_keys(&keys);
        }
    }
}

/* Cipher and MAC are two passes where they are of two providers, and one where they are not. */
static void passes_are_as_chosen(void **state)
{
    (void)state;
    uint32_t seed = 5;
    struct keys keys;
    if (!both_do(&suites[0])) {
        skip();
    }
    make_keys(&keys, &suites[0], &seed);
    for (size_t i = 0; i < LISTS; i++) {
        assert_int_equal(keys.seal[i].is_single, i < 2);
        assert_int_equal(keys.open[i].is_single, i < 2);
    }
    free_keys(&keys);
}

/* A burst that mixes providers, suites and directions; one of it is bad. */
static void batches_mix_providers(void **state)
{
    (void)state;
    static struct keys keys[IPSECI_COUNT(suites)];
    static struct packet packet[BATCH_MAX];
    const struct ipseci_aead *aead[BATCH_MAX];
    struct ipsec_crypto_op *op[BATCH_MAX];
    uint32_t seed = 77;
    for (size_t i = 0; i < IPSECI_COUNT(suites); i++) {
        if (!both_do(&suites[i])) {
            skip();
        }
        make_keys(&keys[i], &suites[i], &seed);
    }
    for (size_t n = 1; n <= BATCH_MAX; n++) {
        for (size_t i = 0; i < n; i++) {
            const struct keys *k = &keys[i % IPSECI_COUNT(suites)];
            make_packet(&packet[i], &k->seal[0], &seed);
            aead[i] = &k->seal[i % LISTS];
            op[i] = &packet[i].op;
        }
        ipseci_aead_run(aead, op, n);
        const size_t bad = kit_next(&seed) % n;
        packet[bad].op.tag[0] ^= 1;
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(op[i]->status, IPSEC_OK);
            aead[i] = &keys[i % IPSECI_COUNT(suites)].open[(i + 1) % LISTS];
        }
        ipseci_aead_run(aead, op, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(op[i]->status, i == bad ? IPSEC_DROP_ICV : IPSEC_OK);
            free(packet[i].block);
        }
    }
    for (size_t i = 0; i < IPSECI_COUNT(suites); i++) {
        free_keys(&keys[i]);
    }
}

#define LOSSES 9u

/* Its data is no whole blocks, which no provider can do; its MAC is right. */
static struct packet bad_packet(const struct keys *macs, const struct ipseci_aead *a,
                                uint32_t *seed)
{
    struct packet p;
    for (make_packet(&p, a, seed); p.op.data_length == 0; make_packet(&p, a, seed)) {
        free(p.block);
    }
    p.op.data_length--;
    p.op.tag--;
    assert_int_equal(run(&macs->seal[0], &p), IPSEC_OK);
    return p;
}

/* The bad one is done by this list, its neighbours by the other provider and by composed lists. */
static void lose(const struct keys *keys, const struct keys *macs, size_t bad, size_t list)
{
    struct packet packet[LOSSES];
    const struct ipseci_aead *aead[LOSSES];
    struct ipsec_crypto_op *op[LOSSES];
    uint32_t seed = 1 + (uint32_t)(bad * LISTS + list);
    for (size_t i = 0; i < LOSSES; i++) {
        if (i == bad) {
            packet[i] = bad_packet(macs, &keys->seal[0], &seed);
        } else {
            make_packet(&packet[i], &keys->seal[0], &seed);
        }
        op[i] = &packet[i].op;
    }
    for (uint8_t way = IPSEC_SEAL; way <= IPSEC_OPEN; way++) {
        for (size_t i = 0; i < LOSSES; i++) {
            const size_t by = (list + LISTS + i - bad) % LISTS;
            aead[i] = way == IPSEC_SEAL ? &keys->seal[by] : &keys->open[by];
        }
        struct blob before = blob_copy(packet[bad].start, packet[bad].length);
        ipseci_aead_run(aead, op, LOSSES);
        for (size_t i = 0; i < LOSSES; i++) {
            assert_int_equal(op[i]->status, i == bad ? IPSEC_FATAL_CRYPTO : IPSEC_OK);
        }
        assert_memory_equal(packet[bad].start, before.data, before.length);
        blob_free(&before);
    }
    for (size_t i = 0; i < LOSSES; i++) {
        free(packet[i].block);
    }
}

static void what_a_provider_can_not_do_is_lost_alone(void **state)
{
    (void)state;
    static const struct suite mac_alone = {IPSEC_ENCR_NULL, 0, IPSEC_INTEG_HMAC_SHA2_256_128};
    static struct keys keys;
    static struct keys macs;
    uint32_t seed = 303;
    uint32_t same = 303;
    if (!both_do(&suites[0])) {
        skip();
    }
    make_keys(&keys, &suites[0], &seed);
    make_keys(&macs, &mac_alone, &same);
    for (size_t bad = 0; bad < LOSSES; bad++) {
        for (size_t list = 0; list < LISTS; list++) {
            lose(&keys, &macs, bad, list);
        }
    }
    free_keys(&keys);
    free_keys(&macs);
}

/* ---- the rest -----------------------------------------------------------------------------------
 */

static void prfs_agree(void **state)
{
    (void)state;
    static const uint16_t ids[] = {2, 5, 6, 7};
    uint8_t octets[600];
    uint32_t seed = 9;
    kit_fill(&seed, octets, sizeof(octets));
    for (size_t n = 0; n < 400; n++) {
        const uint16_t id = ids[n % IPSECI_COUNT(ids)];
        const struct ipsec_view key = ipseci_view(octets, kit_next(&seed) % 300);
        const struct ipsec_view parts[2] = {ipseci_view(octets + 300, kit_next(&seed) % 150),
                                            ipseci_view(octets + 450, kit_next(&seed) % 150)};
        uint8_t out[2][IPSEC_PRF_BYTES_MAX] = {{0}};
        if (!both_have(IPSEC_TRANSFORM_PRF, id, 0)) {
            continue;
        }
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(tables[i]->prf(tables[i]->context, id, key, parts, 2, out[i]),
                             IPSEC_OK);
        }
        assert_memory_equal(out[0], out[1], sizeof(out[0]));
    }
}

static void meet(uint16_t group, const struct ipsec_crypto *i, const struct ipsec_crypto *r)
{
    uint8_t public_i[IPSEC_KE_PUBLIC_MAX];
    uint8_t public_r[IPSEC_KE_PUBLIC_MAX];
    uint8_t secret_i[IPSEC_KE_SECRET_MAX];
    uint8_t secret_r[IPSEC_KE_SECRET_MAX];
    size_t length_i = sizeof(public_i);
    size_t length_r = sizeof(public_r);
    size_t secret_length_i = sizeof(secret_i);
    size_t secret_length_r = sizeof(secret_r);
    struct ipsec_ke *ke = NULL;
    assert_int_equal(i->ke_start(i->context, group, &ke, public_i, &length_i), IPSEC_OK);
    assert_int_equal(r->ke_respond(r->context, group, ipseci_view(public_i, length_i), public_r,
                                   &length_r, secret_r, &secret_length_r),
                     IPSEC_OK);
    assert_int_equal(
        i->ke_finish(i->context, ke, ipseci_view(public_r, length_r), secret_i, &secret_length_i),
        IPSEC_OK);
    assert_int_equal(secret_length_i, secret_length_r);
    assert_memory_equal(secret_i, secret_r, secret_length_i);
    i->ke_free(i->context, ke);
}

static void key_exchanges_meet(void **state)
{
    (void)state;
    const struct ipseci_ke_info *info;
    size_t met = 0;
    if (tables[1]->ke_start == NULL) { /* it does packets only */
        skip();
    }
    for (size_t n = 0; (info = ipseci_ke_at(n)) != NULL; n++) {
        if (both_have(IPSEC_TRANSFORM_KE, info->id, 0)) {
            meet(info->id, tables[0], tables[1]);
            meet(info->id, tables[1], tables[0]);
            met++;
        }
    }
    assert_in_range(met, 4, 64);
}

static uint64_t nanoseconds(void *user)
{
    struct timespec t;
    (void)user;
    (void)timespec_get(&t, TIME_UTC);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Which is faster is the machine's affair; that all of it works afterwards is ours. */
static void measured_lists_work(void **state)
{
    (void)state;
    struct ipsec_crypto_measure m = IPSEC_CRYPTO_MEASURE_INIT;
    m.clock = nanoseconds;
    m.turn = 20000;
    assert_int_equal(ipsec_crypto_choice_measure(choice[0], &m), IPSEC_OK);
    const struct ipseci_ke_info *info;
    for (size_t n = 0; (info = ipseci_ke_at(n)) != NULL; n++) {
        assert_int_equal(
            ipsec_crypto_supports(&lists[2], IPSEC_TRANSFORM_KE, info->id, 0),
            tables[0]->supports(tables[0]->context, IPSEC_TRANSFORM_KE, info->id, 0) ||
                tables[1]->supports(tables[1]->context, IPSEC_TRANSFORM_KE, info->id, 0));
    }
    what_one_seals_the_others_open(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_seals_the_others_open),
        cmocka_unit_test(passes_are_as_chosen),
        cmocka_unit_test(batches_mix_providers),
        cmocka_unit_test(what_a_provider_can_not_do_is_lost_alone),
        cmocka_unit_test(prfs_agree),
        cmocka_unit_test(key_exchanges_meet),
        cmocka_unit_test(measured_lists_work),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
