/* SPDX-License-Identifier: Apache-2.0
 *
 * Implicit IVs (RFC 8750). The explicit IV of an AEAD is our sequence number, too, so a packet with
 * an implicit one is the same packet without those 8 octets.
 */
#include "esp_kit.h"

#define IV_AT 8u
#define IV    8u

static struct kit explicit_kit;
static struct kit implicit_kit;
static struct kit_buffer a;
static struct kit_buffer b;

struct pair {
    uint16_t with;
    uint16_t without;
    uint16_t bits;
    uint8_t key_octets;
};

static const struct pair pairs[] = {
    {IPSEC_ENCR_AES_CCM_8, IPSEC_ENCR_AES_CCM_8_IIV, 128, 19},
    {IPSEC_ENCR_AES_GCM_16, IPSEC_ENCR_AES_GCM_16_IIV, 256, 36},
    {IPSEC_ENCR_CHACHA20_POLY1305, IPSEC_ENCR_CHACHA20_POLY1305_IIV, 0, 36},
};

static void start_one(struct kit *kit, const struct pair *pair, uint16_t encr, bool esn,
                      uint64_t sequence)
{
    kit_init(kit, KIT_GCM);
    kit->params.suite.encr = encr;
    kit->params.suite.encr_key_bits = pair->bits;
    kit->params.suite.esn = esn ? IPSEC_ESN_YES : IPSEC_ESN_NO;
    kit->params.encr_key.length = pair->key_octets;
    kit->params.sequence_start = sequence;
    kit_start(kit);
}

static void start(const struct pair *pair, bool esn, uint64_t sequence)
{
    start_one(&explicit_kit, pair, pair->with, esn, sequence);
    start_one(&implicit_kit, pair, pair->without, esn, sequence);
}

static void stop(void)
{
    kit_stop(&explicit_kit);
    kit_stop(&implicit_kit);
}

static void seal_both(uint32_t length)
{
    kit_ipv4(&a, explicit_kit.out, length);
    kit_ipv4(&b, implicit_kit.out, length);
    assert_int_equal(kit_seal(&a), IPSEC_OK);
    assert_int_equal(kit_seal(&b), IPSEC_OK);
}

static void the_same_packets_without_eight_octets(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2 * sizeof(pairs) / sizeof(pairs[0]); round++) {
        const bool esn = round % 2 != 0;
        start(&pairs[round / 2], esn, esn ? 0xffffffff0 : 5);
        for (uint32_t length = 20; length < 120; length++) {
            seal_both(length);
            const uint8_t *with = kit_content(&a);
            const uint8_t *without = kit_content(&b);
            assert_int_equal(b.packet.length + IV, a.packet.length);
            assert_memory_equal(without, with, IV_AT);
            assert_memory_equal(without + IV_AT, with + IV_AT + IV, b.packet.length - IV_AT);
            assert_int_equal(kit_open(&b, implicit_kit.in), IPSEC_OK);
            assert_int_equal(b.packet.length, length);
        }
        stop();
    }
}

/* The IV is as authentic as the number it is. */
static void another_number_is_another_iv(void **state)
{
    (void)state;
    start(&pairs[1], false, 100);
    seal_both(60);
    ipseci_store32(kit_content(&b) + 4, 102);
    assert_int_equal(kit_open(&b, implicit_kit.in), IPSEC_DROP_ICV);
    stop();
}

/* A packet of the other kind is none of ours. */
static void the_two_kinds_do_not_open_each_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        start(&pairs[i], true, 0);
        seal_both(64);
        assert_int_equal(kit_open(&a, implicit_kit.in), IPSEC_DROP_ICV);
        assert_int_equal(kit_open(&b, explicit_kit.in), IPSEC_DROP_ICV);
        stop();
    }
}

/* RFC 8750 3: no number, and so no IV, comes twice. */
static void numbers_end_as_always(void **state)
{
    (void)state;
    start(&pairs[1], false, UINT32_MAX - 1);
    seal_both(40);
    kit_ipv4(&b, implicit_kit.out, 40);
    assert_int_equal(kit_seal(&b), IPSEC_FATAL_SEQUENCE);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_packets_without_eight_octets),
        cmocka_unit_test(another_number_is_another_iv),
        cmocka_unit_test(the_two_kinds_do_not_open_each_other),
        cmocka_unit_test(numbers_end_as_always),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
