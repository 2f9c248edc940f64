/* SPDX-License-Identifier: Apache-2.0
 *
 * What a key of each cipher may be used for. RFC 8446 5.5, SP 800-67.
 */
#include "sa.h"

#include "esp_kit.h"

static struct kit kit;
static struct kit_buffer buffer;

static void keys_have_limits(void **state)
{
    UNUSED_STATE;
    static const struct {
        uint16_t encr;
        uint8_t soft; /* log2 of octets; 0: none */
        uint8_t hard;
    } rows[] = {{IPSEC_ENCR_AES_CBC, 38, 48},    {IPSEC_ENCR_AES_CTR, 38, 48},
                {IPSEC_ENCR_AES_GCM_16, 38, 48}, {IPSEC_ENCR_AES_GCM_8, 38, 48},
                {IPSEC_ENCR_AES_CCM_16, 37, 47}, {IPSEC_ENCR_3DES, 22, 23},
                {IPSEC_ENCR_NULL, 0, 0},         {IPSEC_ENCR_CHACHA20_POLY1305, 0, 0}};
    struct ipsec_key_limits limits;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct ipsec_suite suite = {.encr = rows[i].encr};
        assert_int_equal(ipsec_key_limits(&suite, &limits), IPSEC_OK);
        const uint64_t none = UINT64_MAX;
        assert_true(limits.bytes_soft == (rows[i].soft != 0 ? UINT64_C(1) << rows[i].soft : none));
        assert_true(limits.bytes_hard == (rows[i].hard != 0 ? UINT64_C(1) << rows[i].hard : none));
    }
    const struct ipsec_suite unknown = {.encr = 999};
    assert_int_equal(ipsec_key_limits(&unknown, &limits), IPSEC_ERR_ARGUMENT);
}

/* RFC 9001 6.6: from there on a new key is wanted. */
static void keys_stand_so_many_forgeries(void **state)
{
    UNUSED_STATE;
    static const struct {
        uint16_t encr;
        uint32_t most;
    } rows[] = {{IPSEC_ENCR_AES_GCM_8, 1u << 20},          {IPSEC_ENCR_AES_GCM_12, 1u << 26},
                {IPSEC_ENCR_AES_GCM_16, UINT32_MAX},       {IPSEC_ENCR_AES_CCM_8, 1u << 21},
                {IPSEC_ENCR_AES_CCM_12, 1u << 21},         {IPSEC_ENCR_AES_CCM_16, 1u << 21},
                {IPSEC_ENCR_AES_CCM_8_IIV, 1u << 21},      {IPSEC_ENCR_AES_CBC, UINT32_MAX},
                {IPSEC_ENCR_CHACHA20_POLY1305, UINT32_MAX}};
    struct ipsec_key_limits limits;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct ipsec_suite suite = {.encr = rows[i].encr};
        assert_int_equal(ipsec_key_limits(&suite, &limits), IPSEC_OK);
        assert_int_equal(limits.forgeries_soft, rows[i].most);
    }
}

/* A limit that is set does not move the key's own. */
static void a_key_ends_before_its_blocks_repeat(void **state)
{
    UNUSED_STATE;
    for (int set = 0; set <= 1; set++) {
        kit_init(&kit, KIT_CBC_SHA256);
        kit.params.bytes_max = set != 0 ? UINT64_C(1) << 60 : 0;
        kit_start(&kit);
        kit.out->bytes = kit.in->bytes = (UINT64_C(1) << 48) - 100;
        kit_ipv4(&buffer, kit.out, 60);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
        kit_ipv4(&buffer, kit.out, 41);
        assert_int_equal(kit_seal(&buffer), IPSEC_FATAL_LIFETIME);
        kit.out->bytes = 0; /* a peer that goes on */
        kit_ipv4(&buffer, kit.out, 41);
        assert_int_equal(kit_seal(&buffer), IPSEC_OK);
        assert_int_equal(kit_open(&buffer, kit.in), IPSEC_DROP_EXPIRED);
        kit_stop(&kit);
    }
    kit_init(&kit, KIT_CHACHA); /* has no such limit */
    kit_start(&kit);
    kit.out->bytes = UINT64_C(1) << 60;
    kit_ipv4(&buffer, kit.out, 41);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    kit_stop(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_limits),
        cmocka_unit_test(keys_stand_so_many_forgeries),
        cmocka_unit_test(a_key_ends_before_its_blocks_repeat),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
