/* SPDX-License-Identifier: Apache-2.0
 *
 * SipHash-2-4 against the example of its paper (appendix A) and the published reference outputs,
 * key 00 01 .. 0f, data 00 01 .. of each length.
 */
#include "hash.h"

#include "base_check.h"

static const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

static void known_answers(void **state)
{
    static const struct {
        size_t length;
        uint64_t hash;
    } rows[] = {
        {0, 0x726fdb47dd0e0e31u},  {1, 0x74f839c593dc67fdu},  {2, 0x0d6c8009d9a94f5au},
        {7, 0xab0200f58b01d137u},  {8, 0x93f5f5799a932462u},  {9, 0x9e0082df0ba9e4b0u},
        {15, 0xa129ca6149be45e5u}, {16, 0x3f2acc7f57c29bdbu}, {63, 0x958a324ceb064572u},
    };
    uint8_t data[64];

    (void)state;
    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)i;
    }
    for (unsigned i = 0; i < IPSECI_COUNT(rows); i++) {
        assert_true(ipseci_siphash(key, data, rows[i].length) == rows[i].hash);
    }
}

static void depends_on_key_and_on_every_bit(void **state)
{
    uint8_t data[17] = {0};
    const uint64_t other[2] = {key[0], key[1] ^ 1};
    const uint64_t plain = ipseci_siphash(key, data, sizeof(data));

    (void)state;
    assert_true(ipseci_siphash(other, data, sizeof(data)) != plain);
    for (unsigned bit = 0; bit < 8 * sizeof(data); bit++) {
        data[bit / 8] = (uint8_t)(1u << bit % 8);
        assert_true(ipseci_siphash(key, data, sizeof(data)) != plain);
        data[bit / 8] = 0;
    }
}

static void words_are_octets_of_little_endian(void **state)
{
    const uint64_t words[3] = {0x0807060504030201u, 0, 0xffeeddccbbaa9988u};
    uint8_t octets[24];

    (void)state;
    for (unsigned i = 0; i < 24; i++) {
        octets[i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
    }
    for (size_t count = 0; count <= 3; count++) {
        assert_true(ipseci_siphash_words(key, words, count) ==
                    ipseci_siphash(key, octets, 8 * count));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_octets_of_little_endian),
        cmocka_unit_test(known_answers),
        cmocka_unit_test(depends_on_key_and_on_every_bit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
