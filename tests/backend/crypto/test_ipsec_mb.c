/* SPDX-License-Identifier: Apache-2.0
 *
 * The ipsec-mb provider: the conformance suite at each level of instructions that the processor
 * has, and what is its own: its block, bursts of jobs, octets that do not touch each other.
 */
#include "provider_kit.h"
#include "provider_suite.h"

#include <ipsec/backend_ipsec_mb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *block;
static size_t block_bytes;
static struct ipsec_mb *mb;
static const struct ipsec_crypto *p;

static enum ipsec_status init(uint8_t level)
{
    struct ipsec_mb_config config = IPSEC_MB_CONFIG_INIT;
    config.level = level;
    assert_int_equal(ipsec_mb_size(&block_bytes), IPSEC_OK);
    block = malloc(block_bytes);
    assert_non_null(block);
    const enum ipsec_status status = ipsec_mb_init(block, block_bytes, &config, &mb);
    assert_int_equal(status == IPSEC_OK, mb != NULL);
    p = mb != NULL ? ipsec_mb_crypto(mb) : NULL;
    return status;
}

static void deinit(void)
{
    ipsec_mb_deinit(mb);
    free(block);
    mb = NULL;
}

static int setup(void **state)
{
    (void)state;
    return init(IPSEC_MB_BEST) == IPSEC_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    deinit();
    return 0;
}

/* ---- the context --------------------------------------------------------------------------------
 */

static void configs_and_blocks(void **state)
{
    (void)state;
    struct {
        struct ipsec_mb_config config;
        uint8_t more[8];
    } newer = {IPSEC_MB_CONFIG_INIT, {0}};
    struct ipsec_mb *out = mb;
    size_t bytes = 0;
    assert_int_equal(ipsec_mb_size(NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_mb_size(&bytes), IPSEC_OK);
    uint8_t *room = malloc(bytes + 1);
    assert_int_equal(ipsec_mb_init(room, bytes, NULL, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_mb_init(NULL, bytes, NULL, &out), IPSEC_ERR_ARGUMENT);
    assert_null(out);
    assert_int_equal(ipsec_mb_init(room, bytes - 1, NULL, &out), IPSEC_ERR_BUFFER);
    newer.config.size = sizeof(newer);
    newer.more[7] = 1;
    assert_int_equal(ipsec_mb_init(room, bytes, &newer.config, &out), IPSEC_ERR_STRUCT_SIZE);
    newer.config.size = 3;
    assert_int_equal(ipsec_mb_init(room, bytes, &newer.config, &out), IPSEC_ERR_STRUCT_SIZE);
    newer.config.size = sizeof(newer.config);
    newer.config.level = IPSEC_MB_AVX512 + 1;
    assert_int_equal(ipsec_mb_init(room, bytes, &newer.config, &out), IPSEC_ERR_ARGUMENT);
    assert_null(out);
    newer.config.level = IPSEC_MB_BEST;
    newer.config.size = sizeof(newer);
    newer.more[7] = 0;
    /* at any alignment, and wiped in the end */
    for (size_t shift = 0; shift < 2; shift++) {
        assert_int_equal(ipsec_mb_init(room + shift, bytes, &newer.config, &out), IPSEC_OK);
        assert_int_equal(ipsec_crypto_self_test(ipsec_mb_crypto(out), NULL), IPSEC_OK);
        ipsec_mb_deinit(out);
        for (size_t i = 0; i < bytes; i++) {
            assert_int_equal(room[shift + i], 0);
        }
    }
    ipsec_mb_deinit(NULL);
    free(room);
}

static void what_is_expected_is_there(void **state)
{
    (void)state;
    static const uint16_t macs[] = {2, 5, 8, 12, 13, 14};
    for (uint16_t bits = 128; bits <= 256; bits += 64) {
        static const uint16_t ciphers[] = {
            IPSEC_ENCR_AES_CBC,    IPSEC_ENCR_AES_CTR,   IPSEC_ENCR_AES_GCM_16,
            IPSEC_ENCR_AES_GCM_12, IPSEC_ENCR_AES_GCM_8, IPSEC_ENCR_AES_CCM_16,
            IPSEC_ENCR_AES_CCM_12, IPSEC_ENCR_AES_CCM_8, IPSEC_ENCR_NULL_AES_GMAC};
        for (size_t i = 0; i < IPSECI_COUNT(ciphers); i++) {
            assert_true(p->supports(p->context, IPSEC_TRANSFORM_ENCR, ciphers[i], bits));
        }
    }
    assert_true(p->supports(p->context, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_CHACHA20_POLY1305, 0));
    assert_true(p->supports(p->context, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL, 0));
    for (size_t i = 0; i < IPSECI_COUNT(macs); i++) {
        assert_true(p->supports(p->context, IPSEC_TRANSFORM_INTEG, macs[i], 0));
        assert_true(p->combines(p->context, IPSEC_ENCR_AES_CBC, 192, macs[i]));
        assert_true(p->combines(p->context, IPSEC_ENCR_AES_CTR, 128, macs[i]));
    }
    assert_false(p->combines(p->context, IPSEC_ENCR_AES_CBC, 512, 12));
    assert_false(p->combines(p->context, IPSEC_ENCR_AES_GCM_16, 256, 12));
    assert_false(p->supports(p->context, IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256, 0));
    assert_false(p->supports(p->context, IPSEC_TRANSFORM_KE, IPSEC_KE_ECP_256, 0));
}

/* ---- bursts -------------------------------------------------------------------------------------
 */

#define BURST_MAX 70 /* more than are in hand at once */

enum kind {
    GCM,
    CBC_SHA256,
    CBC_SHA512,
    CHACHA,
    SHA1_ALONE,
    CTR_CMAC,
    CCM,
    CCM_BY_HAND,
    XCBC_ALONE,
    KINDS
};

struct pair {
    struct ipsec_key *key[2]; /* by direction */
    bool is_aead;
};

static const uint8_t octets[64] = {3, 1, 4, 1, 5, 9, 2, 6};

static struct pair pair_of(enum kind kind)
{
    static const struct ipsec_key_params params[KINDS] = {
        [GCM] = {.encr_id = IPSEC_ENCR_AES_GCM_16, .encr_key_bits = 256, .encr_key = {octets, 36}},
        [CBC_SHA256] = {.encr_id = IPSEC_ENCR_AES_CBC,
                        .encr_key_bits = 256,
                        .encr_key = {octets, 32},
                        .integ_id = IPSEC_INTEG_HMAC_SHA2_256_128,
                        .integ_key = {octets, 32}},
        [CBC_SHA512] = {.encr_id = IPSEC_ENCR_AES_CBC,
                        .encr_key_bits = 128,
                        .encr_key = {octets, 16},
                        .integ_id = IPSEC_INTEG_HMAC_SHA2_512_256,
                        .integ_key = {octets, 64}},
        [CHACHA] = {.encr_id = IPSEC_ENCR_CHACHA20_POLY1305, .encr_key = {octets, 36}},
        [SHA1_ALONE] = {.integ_id = IPSEC_INTEG_HMAC_SHA1_96, .integ_key = {octets, 20}},
        [CTR_CMAC] = {.encr_id = IPSEC_ENCR_AES_CTR,
                      .encr_key_bits = 192,
                      .encr_key = {octets, 28},
                      .integ_id = IPSEC_INTEG_AES_CMAC_96,
                      .integ_key = {octets, 16}},
        [CCM] = {.encr_id = IPSEC_ENCR_AES_CCM_16, .encr_key_bits = 256, .encr_key = {octets, 35}},
        [CCM_BY_HAND] = {.encr_id = IPSEC_ENCR_AES_CCM_12,
                         .encr_key_bits = 192,
                         .encr_key = {octets, 27}},
        [XCBC_ALONE] = {.integ_id = IPSEC_INTEG_AES_XCBC_96, .integ_key = {octets, 16}},
    };
    struct pair pair = {.is_aead =
                            kind == GCM || kind == CHACHA || kind == CCM || kind == CCM_BY_HAND};
    for (uint8_t way = IPSEC_SEAL; way <= IPSEC_OPEN; way++) {
        struct ipsec_key_params with = params[kind];
        with.direction = way;
        assert_int_equal(p->key_new(p->context, &with, &pair.key[way]), IPSEC_OK);
        assert_int_equal((uintptr_t)pair.key[way] % 64, 0);
    }
    return pair;
}

static void free_pair(struct pair *pair)
{
    p->key_free(p->context, pair->key[IPSEC_SEAL]);
    p->key_free(p->context, pair->key[IPSEC_OPEN]);
}

/* header | IV | data | tag in an allocation of their exact size */
struct packet {
    uint8_t *start;
    size_t length;
    struct ipsec_crypto_op op;
};

static struct packet make_packet(const struct pair *pair, size_t data_length, uint32_t *seed)
{
    struct packet made = {.length = 24 + data_length + 32};
    made.start = malloc(made.length);
    assert_non_null(made.start);
    kit_fill(seed, made.start, made.length);
    made.op = (struct ipsec_crypto_op){.key = pair->key[IPSEC_SEAL],
                                       .aad = made.start,
                                       .aad_length = pair->is_aead ? 8 : 24,
                                       .iv = made.start + 8,
                                       .data = made.start + 24,
                                       .data_length = (uint32_t)data_length,
                                       .tag = made.start + 24 + data_length};
    if (!pair->is_aead && data_length % 32 == 0) { /* of ESN */
        made.op.tail_length = 4;
        kit_fill(seed, made.op.scratch, 4);
    }
    return made;
}

/* Sizes that a lane finishes at different times, from nothing to the longest ESP has. */
static size_t size_of(size_t i)
{
    static const size_t sizes[] = {16, 1408, 0, 64, 65440, 32, 512, 48, 9008, 128};
    return sizes[i % IPSECI_COUNT(sizes)];
}

/* All is sealed; then every second with a broken tag is opened among good ones. */
static void run_burst(struct pair *pairs, size_t n)
{
    struct packet packet[BURST_MAX] = {{0}};
    struct blob plain[BURST_MAX] = {{0}};
    struct blob sealed[BURST_MAX] = {{0}};
    struct ipsec_crypto_op *ops[BURST_MAX] = {NULL};
    uint32_t seed = 2 + (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        packet[i] = make_packet(&pairs[i % KINDS], size_of(i), &seed);
        plain[i] = blob_copy(packet[i].op.data, packet[i].op.data_length);
        packet[i].op.status = 77;
        ops[i] = &packet[i].op;
    }
    p->run(p->context, ops, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(packet[i].op.status, IPSEC_OK);
        packet[i].op.tag[i % 12] ^= i % 2 != 0;
        packet[i].op.key = pairs[i % KINDS].key[IPSEC_OPEN];
        packet[i].op.status = 77;
        sealed[i] = blob_copy(packet[i].start, packet[i].length);
    }
    p->run(p->context, ops, n);
    for (size_t i = 0; i < n; i++) {
        const struct packet *at = &packet[i];
        assert_int_equal(at->op.status, i % 2 != 0 ? IPSEC_DROP_ICV : IPSEC_OK);
        if (i % 2 == 0) {
            assert_memory_equal(at->op.data, plain[i].data, plain[i].length);
        } else if (!pairs[i % KINDS].is_aead) {
            assert_memory_equal(at->start, sealed[i].data, at->length); /* nothing was touched */
        } else {
            for (size_t k = 0; k < at->op.data_length; k++) {
                assert_int_equal(at->op.data[k], 0);
            }
        }
        /* header, IV and tag are never written when opening */
        assert_memory_equal(at->start, sealed[i].data, 24);
        assert_memory_equal(at->op.tag, sealed[i].data + (at->op.tag - at->start), 32);
        blob_free(&plain[i]);
        blob_free(&sealed[i]);
        free(packet[i].start);
    }
}

static void bursts_of_any_length_lose_only_their_bad_packets(void **state)
{
    (void)state;
    struct pair pairs[KINDS];
    for (size_t i = 0; i < KINDS; i++) {
        pairs[i] = pair_of((enum kind)i);
    }
    for (size_t n = 0; n <= BURST_MAX; n++) {
        run_burst(pairs, n);
    }
    for (size_t i = 0; i < KINDS; i++) {
        free_pair(&pairs[i]);
    }
}

/* The same octets sealed in the middle of a burst, and alone. */
static void company_changes_nothing(void **state)
{
    (void)state;
    struct packet packet[BURST_MAX] = {{0}};
    struct ipsec_crypto_op *ops[BURST_MAX] = {NULL};
    struct pair pairs[KINDS];
    uint32_t seed = 40;
    for (size_t i = 0; i < KINDS; i++) {
        pairs[i] = pair_of((enum kind)i);
    }
    for (size_t i = 0; i < BURST_MAX; i++) {
        packet[i] = make_packet(&pairs[i % KINDS], size_of(i), &seed);
        ops[i] = &packet[i].op;
    }
    p->run(p->context, ops, BURST_MAX);
    seed = 40;
    for (size_t i = 0; i < BURST_MAX; i++) {
        struct packet alone = make_packet(&pairs[i % KINDS], size_of(i), &seed);
        struct ipsec_crypto_op *const one[1] = {&alone.op};
        p->run(p->context, one, 1);
        assert_memory_equal(alone.start, packet[i].start, alone.length);
        free(alone.start);
        free(packet[i].start);
    }
    for (size_t i = 0; i < KINDS; i++) {
        free_pair(&pairs[i]);
    }
}

/* One op the library can not do: too long for a lane, or no whole blocks. It alone is lost. */
static void one_that_can_not_be_done_is_lost_alone(void **state)
{
    (void)state;
    static const size_t bad[] = {65536, 17, 65520};
    static const enum kind of[] = {SHA1_ALONE, CBC_SHA256, CBC_SHA256};
    for (size_t n = 0; n < IPSECI_COUNT(bad); n++) {
        struct pair cbc = pair_of(CBC_SHA256);
        struct pair other = pair_of(of[n]);
        uint32_t seed = 9;
        struct packet packet[5];
        struct ipsec_crypto_op *ops[5];
        for (size_t i = 0; i < 5; i++) {
            packet[i] = make_packet(i == 2 ? &other : &cbc, i == 2 ? bad[n] : 64, &seed);
            ops[i] = &packet[i].op;
        }
        for (uint8_t way = IPSEC_SEAL; way <= IPSEC_OPEN; way++) {
            for (size_t i = 0; i < 5; i++) {
                packet[i].op.key = (i == 2 ? &other : &cbc)->key[way];
            }
            p->run(p->context, ops, 5);
            for (size_t i = 0; i < 5; i++) {
                assert_int_equal(packet[i].op.status, i == 2 ? IPSEC_FATAL_CRYPTO : IPSEC_OK);
            }
        }
        for (size_t i = 0; i < 5; i++) {
            free(packet[i].start);
        }
        free_pair(&cbc);
        free_pair(&other);
    }
}

/* aad, data, tail and tag apart from each other give what they give when they touch. */
static void parts_need_not_touch(void **state)
{
    (void)state;
    for (enum kind kind = GCM; kind < KINDS; kind++) {
        struct pair pair = pair_of(kind);
        for (size_t length = 0; length <= 128; length += 16) {
            uint32_t seed = 11;
            struct packet one = make_packet(&pair, length, &seed);
            struct blob aad = blob_copy(one.start, one.op.aad_length);
            struct blob data = blob_copy(one.op.data, length);
            struct blob tag = blob_copy(one.op.tag, 32);
            struct ipsec_crypto_op apart = one.op;
            struct ipsec_crypto_op *const ops[2] = {&apart, &one.op};
            apart.aad = aad.data;
            apart.data = data.data;
            apart.tag = tag.data;
            p->run(p->context, ops, 2);
            assert_int_equal(apart.status, IPSEC_OK);
            assert_int_equal(one.op.status, IPSEC_OK);
            assert_memory_equal(data.data, one.op.data, length);
            assert_memory_equal(tag.data, one.op.tag, 32);
            apart.key = pair.key[IPSEC_OPEN];
            one.op.key = pair.key[IPSEC_OPEN];
            p->run(p->context, ops, 2);
            assert_int_equal(apart.status, IPSEC_OK);
            assert_int_equal(one.op.status, IPSEC_OK);
            assert_memory_equal(data.data, one.op.data, length);
            tag.data[0] ^= 1;
            p->run(p->context, ops, 1);
            assert_int_equal(apart.status, IPSEC_DROP_ICV);
            blob_free(&aad);
            blob_free(&data);
            blob_free(&tag);
            free(one.start);
        }
        free_pair(&pair);
    }
}

/* RFC 3610 2 under the key of CCM, block by block with AES-CBC. */
static void ccm_of(const uint8_t *aad, uint16_t aad_length, const uint8_t iv[8], uint8_t *data,
                   uint32_t length, uint8_t tag[16])
{
    static uint8_t blocks[512];
    const struct ipsec_key_params cbc = {
        .encr_id = IPSEC_ENCR_AES_CBC, .encr_key_bits = 256, .encr_key = {octets, 32}};
    size_t at = 18;
    memset(blocks, 0, sizeof(blocks));
    blocks[0] = 0x40 | 7 << 3 | 3;
    memcpy(blocks + 1, octets + 32, 3);
    memcpy(blocks + 4, iv, 8);
    blocks[15] = (uint8_t)length;
    blocks[17] = (uint8_t)aad_length;
    memcpy(blocks + at, aad, aad_length);
    at = (at + aad_length + 15) / 16 * 16;
    memcpy(blocks + at, data, length);
    at = (at + length + 15) / 16 * 16;
    static const uint8_t zero[16] = {0};
    struct ipsec_crypto_op op = {.data = blocks, .data_length = (uint32_t)at, .iv = zero};
    assert_int_equal(kit_run(p, &cbc, &op), IPSEC_OK);
    memcpy(tag, blocks + at - 16, 16);
    /* A block under CBC with a zero IV is the cipher alone. */
    for (uint32_t n = 0; n <= (length + 15) / 16; n++) {
        uint8_t stream[16] = {3};
        memcpy(stream + 1, octets + 32, 3);
        memcpy(stream + 4, iv, 8);
        stream[15] = (uint8_t)n;
        struct ipsec_crypto_op one = {.data = stream, .data_length = 16, .iv = zero};
        assert_int_equal(kit_run(p, &cbc, &one), IPSEC_OK);
        uint8_t *to = n == 0 ? tag : data + 16 * (n - 1);
        const uint32_t count = n == 0 || length - 16 * (n - 1) > 16 ? 16 : length - 16 * (n - 1);
        for (uint32_t i = 0; i < count; i++) {
            to[i] ^= stream[i];
        }
    }
}

/* The library's job takes 46 octets; more the provider puts together. */
static void ccm_takes_an_aad_of_any_length(void **state)
{
    (void)state;
    struct pair pair = pair_of(CCM);
    uint32_t seed = 3610;
    for (uint16_t length = 1; length <= 120; length++) {
        uint8_t aad[120];
        uint8_t iv[8];
        uint8_t data[33];
        uint8_t expected[33];
        uint8_t tag[16];
        uint8_t made[16];
        kit_fill(&seed, aad, sizeof(aad));
        kit_fill(&seed, iv, sizeof(iv));
        kit_fill(&seed, data, sizeof(data));
        memcpy(expected, data, sizeof(data));
        struct ipsec_crypto_op op = {.key = pair.key[IPSEC_SEAL],
                                     .aad = aad,
                                     .aad_length = length,
                                     .iv = iv,
                                     .data = data,
                                     .data_length = sizeof(data),
                                     .tag = made};
        struct ipsec_crypto_op *const ops[1] = {&op};
        ccm_of(aad, length, iv, expected, sizeof(expected), tag);
        p->run(p->context, ops, 1);
        assert_int_equal(op.status, IPSEC_OK);
        assert_memory_equal(data, expected, sizeof(data));
        assert_memory_equal(made, tag, sizeof(tag));
        op.key = pair.key[IPSEC_OPEN];
        p->run(p->context, ops, 1);
        assert_int_equal(op.status, IPSEC_OK);
        aad[length - 1] ^= 1;
        p->run(p->context, ops, 1);
        assert_int_equal(op.status, IPSEC_DROP_ICV);
    }
    free_pair(&pair);
}

/* ---- all of it ----------------------------------------------------------------------------------
 */

/* The suite at a level. */
static int suite_at(uint8_t level)
{
    int failed = 0;
    const enum ipsec_status status = init(level);
    if (status == IPSEC_OK) {
        failed = provider_suite_run(p);
    } else if (status == IPSEC_ERR_NOT_BUILT_IN) {
        print_message("SKIP: the processor has no such instructions\n");
        failed = 77;
    } else {
        failed = 1;
    }
    deinit();
    return failed;
}

/* Without an argument what is of this provider alone; else the suite at one level of instructions,
 * as results of one program may tell of a test once only. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configs_and_blocks),
        cmocka_unit_test(what_is_expected_is_there),
        cmocka_unit_test(bursts_of_any_length_lose_only_their_bad_packets),
        cmocka_unit_test(company_changes_nothing),
        cmocka_unit_test(one_that_can_not_be_done_is_lost_alone),
        cmocka_unit_test(parts_need_not_touch),
        cmocka_unit_test(ccm_takes_an_aad_of_any_length),
    };
    if (argc > 1) {
        return suite_at((uint8_t)strtoul(argv[1], NULL, 10));
    }
    if (init(IPSEC_MB_BEST) == IPSEC_ERR_NOT_BUILT_IN) {
        print_message("SKIP: the processor has no AES-NI\n");
        deinit();
        return 77;
    }
    deinit();
    return cmocka_run_group_tests_name("ipsec-mb", tests, setup, teardown);
}
