/* SPDX-License-Identifier: Apache-2.0
 *
 * Conformance suite: a provider takes no memory for a packet. The process's allocator is counted
 * around runs. Built for glibc without sanitizers only, whose allocator can be stood in front of.
 */
#include "allocations.h"
#include "provider_suite.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct ipsec_crypto *crypto;
static struct ipsec_crypto_list list = {&crypto, 1};

struct suite {
    uint16_t encr;
    uint16_t bits;
    uint16_t integ;
};

static const struct suite suites[] = {
    {IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_ENCR_AES_CBC, 128, IPSEC_INTEG_HMAC_SHA2_512_256},
    {IPSEC_ENCR_AES_CBC, 128, IPSEC_INTEG_HMAC_SHA2_384_192},
    {IPSEC_ENCR_AES_CBC, 128, IPSEC_INTEG_HMAC_SHA1_96},
    {IPSEC_ENCR_AES_GCM_16, 256, 0},
    {IPSEC_ENCR_CHACHA20_POLY1305, 0, 0},
    {IPSEC_ENCR_NULL, 0, IPSEC_INTEG_HMAC_SHA2_256_128},
};

/* Allocations of 10 packets sealed and opened, one of them bad. */
static size_t packets(const struct ipseci_aead *seal, const struct ipseci_aead *open)
{
    static uint8_t packet[24 + 1424];
    uint8_t tag[IPSEC_TAG_BYTES_MAX];
    size_t before = allocations;
    for (size_t i = 0; i < 10; i++) {
        struct ipsec_crypto_op op = {.data = packet + 24,
                                     .aad = packet,
                                     .iv = packet + 8,
                                     .tag = tag,
                                     .data_length = 1424,
                                     .aad_length = seal->is_aead ? 8 : 24};
        struct ipsec_crypto_op *const ops[1] = {&op};
        ipseci_aead_run(&seal, ops, 1);
        tag[0] ^= i == 5;
        ipseci_aead_run(&open, ops, 1);
        if ((op.status == IPSEC_OK) == (i == 5)) {
            return SIZE_MAX;
        }
    }
    return allocations - before;
}

static void no_memory_is_taken_for_packets(void **state)
{
    (void)state;
    static const uint8_t key[IPSEC_INTEG_KEY_BYTES_MAX] = {1};
    for (size_t i = 0; i < IPSECI_COUNT(suites); i++) {
        const struct suite *s = &suites[i];
        const struct ipseci_encr *encr = ipseci_encr_find(s->encr);
        const struct ipseci_integ *integ = ipseci_integ_find(s->integ);
        struct ipseci_aead seal;
        struct ipseci_aead open;
        struct ipsec_key_params params = {
            .encr_id = s->encr,
            .encr_key_bits = s->bits,
            .integ_id = s->integ,
            .encr_key = {key, ipseci_encr_key_octets(encr, s->bits)},
            .integ_key = {key, integ != NULL ? integ->key_octets : 0},
        };
        size_t before = allocations;
        if (ipseci_aead_init(&seal, &list, &params) == IPSEC_ERR_NOT_BUILT_IN) {
            continue;
        }
        params.direction = IPSEC_OPEN;
        assert_int_equal(ipseci_aead_init(&open, &list, &params), IPSEC_OK);
        assert_true(allocations > before); /* the counter counts */
        assert_int_equal(packets(&seal, &open), 0);
        ipseci_aead_deinit(&seal);
        ipseci_aead_deinit(&open);
    }
}

int provider_alloc_run(const struct ipsec_crypto *of)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_memory_is_taken_for_packets)};
    crypto = of;
    return cmocka_run_group_tests_name("provider allocations", tests, NULL, NULL);
}
