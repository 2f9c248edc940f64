/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the SA database (lib/esp/sad.c).
 */
#include "esp_kit.h"
#include "sa.h"

#include <ipsec/sad.h>

static struct kit kit;

struct database {
    struct ipsec_sad *sad;
    void *block;
    size_t bytes;
};

static struct database database_make(uint32_t sa_max)
{
    struct ipsec_sad_config c = IPSEC_SAD_CONFIG_INIT;
    struct database d = {.sad = NULL};
    c.sa_max = sa_max;
    c.crypto = kit.toy.list;
    assert_int_equal(ipsec_sad_size(&c, &d.bytes), IPSEC_OK);
    d.block = malloc(d.bytes);
    assert_non_null(d.block);
    memset(d.block, 0xee, d.bytes);
    assert_int_equal(ipsec_sad_init(d.block, d.bytes - 1, &c, &d.sad), IPSEC_ERR_BUFFER);
    assert_int_equal(ipsec_sad_init(d.block, d.bytes, &c, &d.sad), IPSEC_OK);
    return d;
}

static void database_free(struct database *d)
{
    ipsec_sad_deinit(d->sad);
    assert_int_equal(kit.toy.keys_alive, 0);
    free(d->block);
}

static struct ipsec_sa_params inbound(uint32_t spi)
{
    struct ipsec_sa_params p = kit_mirror(&kit.params);
    p.spi = spi;
    return p;
}

static void espb_02_inbound_sas_are_found_by_spi(void **state)
{
    ipsec_handle handles[64];
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct database d = database_make(64);
    for (uint32_t i = 0; i < 64; i++) {
        const struct ipsec_sa_params p = inbound(0x1000 + i * 77);
        assert_int_equal(ipsec_sad_add(d.sad, &p, &handles[i]), IPSEC_OK);
    }
    assert_int_equal(ipsec_sad_count(d.sad), 64);
    for (uint32_t i = 0; i < 64; i++) {
        struct ipsec_sa *sa = ipsec_sad_find(d.sad, 0x1000 + i * 77);
        assert_non_null(sa);
        assert_int_equal(ipsec_sa_spi(sa), 0x1000 + i * 77);
        assert_ptr_equal(sa, ipsec_sad_get(d.sad, handles[i]));
    }
    assert_null(ipsec_sad_find(d.sad, 0x1001));
    assert_null(ipsec_sad_find(d.sad, 0));
    database_free(&d);
}

static void outbound_sas_are_not_found_and_may_share_an_spi(void **state)
{
    ipsec_handle a;
    ipsec_handle b;
    ipsec_handle c;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct database d = database_make(4);
    assert_int_equal(ipsec_sad_add(d.sad, &kit.params, &a), IPSEC_OK);
    assert_int_equal(ipsec_sad_add(d.sad, &kit.params, &b), IPSEC_OK);
    assert_null(ipsec_sad_find(d.sad, KIT_SPI));
    const struct ipsec_sa_params in = inbound(KIT_SPI);
    assert_int_equal(ipsec_sad_add(d.sad, &in, &c), IPSEC_OK);
    assert_ptr_equal(ipsec_sad_find(d.sad, KIT_SPI), ipsec_sad_get(d.sad, c));
    assert_int_equal(ipsec_sad_remove(d.sad, a), IPSEC_OK);
    assert_non_null(ipsec_sad_find(d.sad, KIT_SPI));
    database_free(&d);
}

static void an_inbound_spi_can_be_used_once_at_a_time(void **state)
{
    ipsec_handle first;
    ipsec_handle second = 123;
    UNUSED_STATE;
    kit_init(&kit, KIT_CBC_SHA256);
    struct database d = database_make(4);
    const struct ipsec_sa_params p = inbound(5000);
    assert_int_equal(ipsec_sad_add(d.sad, &p, &first), IPSEC_OK);
    assert_int_equal(ipsec_sad_add(d.sad, &p, &second), IPSEC_ERR_STATE);
    assert_int_equal(second, 123);
    assert_int_equal(ipsec_sad_count(d.sad), 1);
    assert_int_equal(kit.toy.keys_alive, 2); /* cipher and MAC of the first */
    assert_int_equal(ipsec_sad_remove(d.sad, first), IPSEC_OK);
    assert_null(ipsec_sad_find(d.sad, 5000));
    assert_int_equal(ipsec_sad_add(d.sad, &p, &second), IPSEC_OK);
    assert_true(first != second);
    database_free(&d);
}

static void stale_handles_are_errors(void **state)
{
    ipsec_handle old;
    ipsec_handle now;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct database d = database_make(1);
    const struct ipsec_sa_params p = inbound(5000);
    assert_int_equal(ipsec_sad_add(d.sad, &p, &old), IPSEC_OK);
    assert_int_equal(ipsec_sad_remove(d.sad, old), IPSEC_OK);
    assert_int_equal(ipsec_sad_remove(d.sad, old), IPSEC_ERR_STALE);
    assert_null(ipsec_sad_get(d.sad, old));
    assert_int_equal(ipsec_sad_add(d.sad, &p, &now), IPSEC_OK);
    assert_null(ipsec_sad_get(d.sad, old)); /* the same slot, another SA */
    assert_int_equal(ipsec_sad_remove(d.sad, old), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_sad_remove(d.sad, 0), IPSEC_ERR_STALE);
    assert_int_equal(ipsec_sad_remove(d.sad, UINT32_MAX), IPSEC_ERR_STALE);
    assert_non_null(ipsec_sad_find(d.sad, 5000));
    database_free(&d);
}

static void a_full_database_says_so(void **state)
{
    ipsec_handle handle;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct database d = database_make(3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct ipsec_sa_params p = inbound(5000 + i);
        assert_int_equal(ipsec_sad_add(d.sad, &p, &handle), IPSEC_OK);
    }
    const struct ipsec_sa_params p = inbound(6000);
    ipsec_handle untouched = 42;
    assert_int_equal(ipsec_sad_add(d.sad, &p, &untouched), IPSEC_ERR_FULL);
    assert_int_equal(untouched, 42);
    for (uint32_t i = 0; i < 3; i++) {
        assert_non_null(ipsec_sad_find(d.sad, 5000 + i));
    }
    assert_int_equal(ipsec_sad_remove(d.sad, handle), IPSEC_OK);
    assert_int_equal(ipsec_sad_add(d.sad, &p, &untouched), IPSEC_OK);
    database_free(&d);
}

static void refused_params_take_no_slot(void **state)
{
    ipsec_handle handle;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct database d = database_make(1);
    struct ipsec_sa_params p = inbound(255);
    assert_int_equal(ipsec_sad_add(d.sad, &p, &handle), IPSEC_ERR_ARGUMENT);
    p = inbound(5000);
    p.replay_window = 4096; /* the database was made for 1024 */
    assert_int_equal(ipsec_sad_add(d.sad, &p, &handle), IPSEC_ERR_BUFFER);
    p.replay_window = 1024;
    kit.toy.keys_left = 0;
    assert_int_equal(ipsec_sad_add(d.sad, &p, &handle), IPSEC_ERR_MEMORY);
    kit.toy.keys_left = 10;
    assert_int_equal(ipsec_sad_count(d.sad), 0);
    p.local_ts.count = p.remote_ts.count = 4;
    for (unsigned i = 2; i < 4; i++) {
        p.local_ts.item[i] = p.local_ts.item[0];
        p.remote_ts.item[i] = p.remote_ts.item[0];
    }
    assert_int_equal(ipsec_sad_add(d.sad, &p, &handle), IPSEC_OK);
    database_free(&d);
}

/* An SA taken out of the database leaves no key, number or address in its memory (SEC-03). */
static void sec_03_a_removed_sa_is_wiped(void **state)
{
    ipsec_handle handle;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct database d = database_make(1);
    const struct ipsec_sa_params p = inbound(5000);
    assert_int_equal(ipsec_sad_add(d.sad, &p, &handle), IPSEC_OK);
    const uint8_t *slot = (const uint8_t *)ipsec_sad_get(d.sad, handle);
    assert_int_equal(ipsec_sad_remove(d.sad, handle), IPSEC_OK);
    for (size_t i = 0; i < sizeof(struct ipsec_sa); i++) {
        assert_int_equal(slot[i], 0);
    }
    database_free(&d);
}

static void configurations_that_are_refused(void **state)
{
    struct ipsec_sad_config c = IPSEC_SAD_CONFIG_INIT;
    struct ipsec_sad *sad;
    static _Alignas(max_align_t) uint8_t block[128 * 1024];
    size_t bytes;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    c.crypto = kit.toy.list;
    assert_int_equal(ipsec_sad_size(NULL, &bytes), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_sad_size(&c, NULL), IPSEC_ERR_ARGUMENT);
    c.replay_window_max = 65;
    assert_int_equal(ipsec_sad_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c.replay_window_max = 8192;
    assert_int_equal(ipsec_sad_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c.replay_window_max = 0;
    c.sa_max = 1u << 21;
    assert_int_equal(ipsec_sad_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c.sa_max = 0;
    c.selectors_max = 9;
    assert_int_equal(ipsec_sad_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c.selectors_max = 0;
    /* SEC-04: no secret for the hash, no database. */
    kit.toy.random_fails = true;
    assert_int_equal(ipsec_sad_init(block, sizeof(block), &c, &sad), IPSEC_ERR_RANDOM);
    kit.toy.random_fails = false;
    assert_int_equal(ipsec_sad_init(block, sizeof(block), &c, &sad), IPSEC_OK);
    ipsec_sad_deinit(sad);
    assert_int_equal(ipsec_sad_init(NULL, sizeof(block), &c, &sad), IPSEC_ERR_ARGUMENT);
    ipsec_sad_deinit(NULL);
    assert_null(ipsec_sad_find(NULL, 1));
    assert_int_equal(ipsec_sad_count(NULL), 0);
}

static void many_adds_and_removes(void **state)
{
    ipsec_handle handles[32] = {0};
    uint32_t spis[32] = {0};
    uint64_t seed = 3;
    UNUSED_STATE;
    kit_init(&kit, KIT_GCM);
    struct database d = database_make(32);
    for (unsigned i = 0; i < 20000; i++) {
        const unsigned at = (unsigned)(seeded(&seed) % 32);
        if (handles[at] != 0) {
            assert_int_equal(ipsec_sa_spi(ipsec_sad_find(d.sad, spis[at])), spis[at]);
            assert_int_equal(ipsec_sad_remove(d.sad, handles[at]), IPSEC_OK);
            assert_null(ipsec_sad_find(d.sad, spis[at]));
            handles[at] = 0;
            continue;
        }
        spis[at] = 256 + at + 32 * (uint32_t)(seeded(&seed) % 1000000);
        const struct ipsec_sa_params p = inbound(spis[at]);
        assert_int_equal(ipsec_sad_add(d.sad, &p, &handles[at]), IPSEC_OK);
    }
    database_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(espb_02_inbound_sas_are_found_by_spi),
        cmocka_unit_test(outbound_sas_are_not_found_and_may_share_an_spi),
        cmocka_unit_test(an_inbound_spi_can_be_used_once_at_a_time),
        cmocka_unit_test(stale_handles_are_errors),
        cmocka_unit_test(a_full_database_says_so),
        cmocka_unit_test(refused_params_take_no_slot),
        cmocka_unit_test(sec_03_a_removed_sa_is_wiped),
        cmocka_unit_test(configurations_that_are_refused),
        cmocka_unit_test(many_adds_and_removes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
