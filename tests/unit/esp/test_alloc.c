/* SPDX-License-Identifier: Apache-2.0
 *
 * After init nothing is allocated: every malloc of the process is counted while packets are sealed
 * and opened, SAs are looked up and removed and policy is asked, with the Mbed TLS provider
 * underneath. (Making a key is the provider's own business and may allocate.)
 */
#include "allocations.h"
#include "esp_kit.h"

#include <ipsec/backend_mbedtls.h>
#include <ipsec/sad.h>
#include <ipsec/spd.h>

#define BURST 40

static struct ipsec_mbedtls *mbedtls;
static const struct ipsec_crypto *items[1];
static struct ipsec_crypto_list crypto;
static struct kit_buffer buffers[BURST];
static struct ipsec_packet *list[BURST];

static int provider_start(void **state)
{
    UNUSED_STATE;
    if (ipsec_mbedtls_new(NULL, &mbedtls) != IPSEC_OK) {
        return 1;
    }
    items[0] = ipsec_mbedtls_crypto(mbedtls);
    crypto.item = items;
    crypto.count = 1;
    return 0;
}

static int provider_stop(void **state)
{
    UNUSED_STATE;
    ipsec_mbedtls_free(mbedtls);
    return 0;
}

static void the_counter_counts(void **state)
{
    UNUSED_STATE;
    const unsigned before = allocations;
    void *volatile block = malloc(10);
    block = realloc(block, 20);
    free(block);
    assert_true(allocations == before + 2);
}

static void seal_and_open_bursts(struct ipsec_sa *out, struct ipsec_sa *in)
{
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < BURST; i++) {
            kit_ipv4(&buffers[i], out, 40 + 13 * i);
            list[i] = &buffers[i].packet;
        }
        const unsigned before = allocations;
        const size_t sealed = ipsec_esp_seal(list, BURST);
        for (unsigned i = 0; i < BURST; i++) {
            buffers[i].packet.sa = in;
        }
        kit_content(&buffers[3])[20] ^= 1; /* one that fails */
        const size_t opened = ipsec_esp_open(list, BURST);
        const size_t again = ipsec_esp_open(list, 1);
        assert_true(allocations == before);
        assert_int_equal(sealed, BURST);
        assert_int_equal(opened, BURST - 1);
        assert_int_equal(again, 0);
    }
}

static void sec_06_no_allocation_for_packets(void **state)
{
    static struct kit kit;
    UNUSED_STATE;
    for (int suite = 0; suite < KIT_SUITES; suite++) {
        for (int esn = 0; esn <= 1; esn++) {
            kit_init(&kit, (enum kit_suite)suite);
            kit.params.suite.esn = (uint16_t)esn;
            const struct ipsec_sa_params in = kit_mirror(&kit.params);
            assert_int_equal(
                ipsec_sa_init(kit.out_block, sizeof(kit.out_block), &kit.params, &crypto, &kit.out),
                IPSEC_OK);
            assert_int_equal(
                ipsec_sa_init(kit.in_block, sizeof(kit.in_block), &in, &crypto, &kit.in), IPSEC_OK);
            seal_and_open_bursts(kit.out, kit.in);
            ipsec_sa_deinit(kit.out);
            ipsec_sa_deinit(kit.in);
        }
    }
}

static void sec_06_no_allocation_in_the_databases(void **state)
{
    static _Alignas(max_align_t) uint8_t sad_block[64 * 1024];
    static _Alignas(max_align_t) uint8_t spd_block[16 * 1024];
    static struct kit kit;
    struct ipsec_sad_config sad_config = IPSEC_SAD_CONFIG_INIT;
    struct ipsec_spd_config spd_config = IPSEC_SPD_CONFIG_INIT;
    struct ipsec_spd_entry entry = IPSEC_SPD_ENTRY_INIT;
    struct ipsec_spd_result result;
    struct ipsec_sad *sad;
    struct ipsec_spd *spd;
    ipsec_handle sa;
    ipsec_handle policy;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    kit_ipv4(&buffers[0], NULL, 40);
    entry.action = IPSEC_SPD_PROTECT;
    entry.local = kit_selector("192.168.1.0/24");
    entry.remote = kit_selector("192.168.2.0/24");
    sad_config.crypto = kit.toy.list;
    sad_config.sa_max = 16;

    const struct ipsec_sa_params in = kit_mirror(&kit.params);
    unsigned before = allocations;
    assert_int_equal(ipsec_sad_init(sad_block, sizeof(sad_block), &sad_config, &sad), IPSEC_OK);
    assert_int_equal(ipsec_spd_init(spd_block, sizeof(spd_block), &spd_config, &spd), IPSEC_OK);
    assert_int_equal(ipsec_spd_add(spd, &entry, &policy), IPSEC_OK);
    assert_true(allocations == before);

    assert_int_equal(ipsec_sad_add(sad, &in, &sa), IPSEC_OK);
    assert_true(allocations == before + 1); /* the toy's key */
    before = allocations;
    assert_non_null(ipsec_sad_find(sad, KIT_SPI));
    assert_int_equal(ipsec_spd_set_sa(spd, policy, sa), IPSEC_OK);
    assert_int_equal(
        ipsec_spd_lookup(spd, ipseci_view(kit_content(&buffers[0]), 40), true, &result), IPSEC_OK);
    assert_int_equal(result.sa, sa);
    assert_int_equal(ipsec_sad_remove(sad, sa), IPSEC_OK);
    assert_int_equal(ipsec_spd_remove(spd, policy), IPSEC_OK);
    ipsec_sad_deinit(sad);
    ipsec_spd_deinit(spd);
    assert_true(allocations == before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counter_counts),
        cmocka_unit_test(sec_06_no_allocation_for_packets),
        cmocka_unit_test(sec_06_no_allocation_in_the_databases),
    };
    return cmocka_run_group_tests(tests, provider_start, provider_stop);
}
