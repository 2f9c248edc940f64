/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy database against a model: a list of policies that is walked from the front. Policies
 * are drawn from few addresses, ports and protocols, so that they overlap in all ways, come and go
 * at random, and packets of every kind are held against both.
 */
#include "esp_kit.h"
#include "spd_model.h"

#include <stdlib.h>

#define RULES_MAX 600u

static struct toy toy;
static uint64_t draw_state;

/* xorshift64* (Vigna 2016): the same numbers in every run. */
static uint32_t draw(uint32_t below)
{
    draw_state ^= draw_state >> 12;
    draw_state ^= draw_state << 25;
    draw_state ^= draw_state >> 27;
    return (uint32_t)((draw_state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

struct fixture {
    void *block;
    struct ipsec_spd *spd;
    struct spd_model model;
};

static void start(struct fixture *f, uint32_t entry_max, uint32_t flow_max)
{
    struct ipsec_spd_config c = IPSEC_SPD_CONFIG_INIT;
    size_t bytes = 0;
    memset(f, 0, sizeof(*f));
    c.entry_max = entry_max;
    c.flow_max = flow_max;
    c.crypto = toy.list;
    assert_int_equal(ipsec_spd_size(&c, &bytes), IPSEC_OK);
    f->block = malloc(bytes);
    assert_non_null(f->block);
    assert_int_equal(ipsec_spd_init(f->block, bytes, &c, &f->spd), IPSEC_OK);
    f->model.rules = calloc(entry_max, sizeof(*f->model.rules));
    assert_non_null(f->model.rules);
}

static void stop(struct fixture *f)
{
    ipsec_spd_deinit(f->spd);
    free(f->block);
    free(f->model.rules);
}

static void add(struct fixture *f, const struct ipsec_spd_entry *entry)
{
    ipsec_handle handle = 0;
    assert_int_equal(ipsec_spd_add(f->spd, entry, &handle), IPSEC_OK);
    spd_model_add(&f->model, entry, handle);
}

static void drop(struct fixture *f, uint32_t at)
{
    const ipsec_handle handle = f->model.rules[at].handle;
    assert_int_equal(ipsec_spd_remove(f->spd, handle), IPSEC_OK);
    assert_int_equal(ipsec_spd_remove(f->spd, handle), IPSEC_ERR_STALE);
    spd_model_remove(&f->model, at);
}

/* ---- Drawing --------------------------------------------------------------------------------- */

/* Addresses that differ in few bits, high and low ones. */
static void draw_address(uint8_t family, uint8_t *address)
{
    const size_t octets = family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    memset(address, 0, 16);
    address[0] = (uint8_t)(draw(4) * 64);
    address[octets / 2] = (uint8_t)draw(4);
    address[octets - 1] = (uint8_t)draw(8);
}

static void draw_range(struct ipsec_selector *s)
{
    const size_t octets = s->family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    draw_address(s->family, s->first);
    memcpy(s->last, s->first, sizeof(s->last));
    switch (draw(5)) {
    case 0: /* everything */
        memset(s->first, 0, octets);
        memset(s->last, 0xff, octets);
        break;
    case 1: /* a prefix that ends at an octet */
        memset(s->first + octets / 2, 0, octets / 2);
        memset(s->last + octets / 2, 0xff, octets / 2);
        break;
    case 2: /* a range that is no prefix */
        draw_address(s->family, s->last);
        if (memcmp(s->first, s->last, octets) > 0) {
            uint8_t swap[16];
            memcpy(swap, s->first, sizeof(swap));
            memcpy(s->first, s->last, sizeof(swap));
            memcpy(s->last, swap, sizeof(swap));
        }
        break;
    case 3: /* a prefix that ends inside an octet */
        s->first[octets - 1] &= 0xfc;
        s->last[octets - 1] |= 0x03;
        break;
    default: /* a host */
        break;
    }
}

static void draw_ports(struct ipsec_selector *s)
{
    switch (draw(5)) {
    case 0:
        s->port_first = s->port_last = (uint16_t)draw(3);
        break;
    case 1:
        s->port_first = (uint16_t)draw(2);
        s->port_last = (uint16_t)(s->port_first + draw(0x900));
        break;
    case 2: /* OPAQUE */
        s->port_first = UINT16_MAX;
        s->port_last = 0;
        break;
    default:
        s->port_first = 0;
        s->port_last = UINT16_MAX;
        break;
    }
}

static const uint8_t protocols[] = {0, 0, 0, 1, 6, 17, 47, 58};

static struct ipsec_spd_entry draw_entry(void)
{
    struct ipsec_spd_entry e = IPSEC_SPD_ENTRY_INIT;
    e.action = (uint8_t)draw(3);
    e.priority = (int32_t)draw(5) - 2;
    e.local.family = e.remote.family = draw(2) == 0 ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6;
    e.local.protocol = protocols[draw(8)];
    /* Now and then two that contradict each other: such an entry matches nothing. */
    e.remote.protocol = draw(4) != 0 ? e.local.protocol : protocols[draw(8)];
    draw_range(&e.local);
    draw_range(&e.remote);
    draw_ports(&e.local);
    draw_ports(&e.remote);
    e.sa = e.action == IPSEC_SPD_PROTECT ? draw(100) : 0;
    return e;
}

static struct spd_model_packet draw_packet(void)
{
    struct spd_model_packet p = {0};
    p.family = draw(2) == 0 ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6;
    p.protocol = protocols[3 + draw(5)];
    draw_address(p.family, p.src);
    draw_address(p.family, p.dst);
    p.src_port = (uint16_t)(draw(4) == 0 ? 0x800 : draw(4));
    p.dst_port = (uint16_t)(draw(4) == 0 ? 0x800 : draw(4));
    p.later_fragment = draw(4) == 0;
    p.outbound = draw(2) == 0;
    return p;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

static void compare(struct fixture *f, const struct spd_model_packet *packet)
{
    uint8_t octets[SPD_MODEL_PACKET_BYTES];
    struct ipsec_spd_result result;
    const struct spd_model_answer expected = spd_model_lookup(&f->model, packet);
    const struct ipsec_view view = spd_model_build(packet, octets);
    assert_int_equal(ipsec_spd_lookup(f->spd, view, packet->outbound, &result), IPSEC_OK);
    assert_int_equal(result.entry, expected.entry);
    assert_int_equal(result.action, expected.action);
    assert_int_equal(result.sa, expected.sa);
}

/* Each packet comes twice: with a flow cache the second answer is the remembered one. */
static struct ipsec_spd_stats run(uint32_t rules, uint32_t turns, uint64_t seed, uint32_t flows)
{
    struct ipsec_spd_stats stats;
    struct fixture f;
    draw_state = seed;
    start(&f, rules, flows);
    for (uint32_t turn = 0; turn < turns; turn++) {
        if (f.model.count < rules && draw(3) != 0) {
            const struct ipsec_spd_entry entry = draw_entry();
            add(&f, &entry);
        } else if (f.model.count != 0 && draw(2) == 0) {
            drop(&f, draw(f.model.count));
        }
        for (unsigned i = 0; i < 8; i++) {
            const struct spd_model_packet packet = draw_packet();
            compare(&f, &packet);
            compare(&f, &packet);
        }
    }
    while (f.model.count != 0) {
        const struct spd_model_packet packet = draw_packet();
        compare(&f, &packet);
        drop(&f, draw(f.model.count));
    }
    const struct spd_model_packet packet = draw_packet();
    compare(&f, &packet); /* nothing is left behind */
    ipsec_spd_stats(f.spd, &stats);
    stop(&f);
    return stats;
}

static void spd_01_as_the_model_with_few_entries(void **state)
{
    UNUSED_STATE;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        (void)run(1 + (uint32_t)seed % 7, 200, seed, 0);
    }
}

static void spd_01_as_the_model_with_many_entries(void **state)
{
    UNUSED_STATE;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        (void)run(RULES_MAX, 3000, seed << 32, 0);
    }
}

static enum ipsec_status try_flows(uint32_t flow_max, const struct ipsec_crypto_list *crypto)
{
    static _Alignas(max_align_t) uint8_t block[64 * 1024];
    struct ipsec_spd_config c = IPSEC_SPD_CONFIG_INIT;
    struct ipsec_spd *spd = NULL;
    c.flow_max = flow_max;
    c.crypto = *crypto;
    return ipsec_spd_init(block, sizeof(block), &c, &spd);
}

static void flows_that_are_refused(void **state)
{
    const struct ipsec_crypto_list none = {NULL, 0};
    UNUSED_STATE;
    toy_init(&toy);
    assert_int_equal(try_flows(0, &none), IPSEC_OK);
    if (try_flows(4, &toy.list) == IPSEC_ERR_NOT_BUILT_IN) {
        return; /* a small build */
    }
    assert_int_equal(try_flows(4, &toy.list), IPSEC_OK);
    assert_int_equal(try_flows(4, &none), IPSEC_ERR_ARGUMENT);
    assert_int_equal(try_flows(UINT32_MAX, &toy.list), IPSEC_ERR_ARGUMENT);
    toy.random_fails = true;
    assert_int_equal(try_flows(4, &toy.list), IPSEC_ERR_RANDOM);
    toy.random_fails = false;
}

static void spd_01_as_the_model_with_a_flow_cache(void **state)
{
    UNUSED_STATE;
    toy_init(&toy);
    if (try_flows(4, &toy.list) == IPSEC_ERR_NOT_BUILT_IN) {
        return;
    }
    for (uint64_t seed = 1; seed <= 12; seed++) {
        const struct ipsec_spd_stats s = run(40, 600, seed << 16, 1u << seed);
        /* 8 new packets a turn, a quarter of them later fragments, each looked up twice. */
        assert_true(s.flow_hits > 600 * 4 && s.flow_misses > 600 * 4);
        assert_true(s.flow_hits + s.flow_misses < 2 * (600 * 8 + 41));
        assert_true(seed > 4 || s.flow_evictions > 0);
    }
}

/* More kinds of prefixes than there are tuples: what finds no place of its own is found all the
 * same. */
static void spd_01_every_pair_of_prefix_lengths(void **state)
{
    UNUSED_STATE;
    struct fixture f;
    start(&f, 33 * 33, 0);
    for (uint32_t i = 0; i < 33 * 33; i++) {
        const uint32_t length[2] = {(i * 7 % (33 * 33)) / 33, (i * 7 % (33 * 33)) % 33};
        struct ipsec_spd_entry e = IPSEC_SPD_ENTRY_INIT;
        struct ipsec_selector *const side[2] = {&e.local, &e.remote};
        e.action = IPSEC_SPD_BYPASS;
        e.priority = -(int32_t)(length[0] + length[1]); /* longest first */
        for (unsigned k = 0; k < 2; k++) {
            const uint32_t host = length[k] == 32 ? 0 : UINT32_MAX >> length[k];
            side[k]->family = IPSEC_FAMILY_IPV4;
            side[k]->port_last = UINT16_MAX;
            ipseci_store32(side[k]->first, 0x0a0b0c0d & ~host);
            ipseci_store32(side[k]->last, 0x0a0b0c0d | host);
        }
        add(&f, &e);
    }
    for (uint32_t i = 0; i < 33 * 33; i++) {
        struct spd_model_packet p = {.family = IPSEC_FAMILY_IPV4, .protocol = 6, .outbound = true};
        /* The first bit that differs decides which prefixes hold the address. */
        ipseci_store32(p.src, 0x0a0b0c0d ^ (i / 33 == 32 ? 0 : UINT32_C(1) << (31 - i / 33)));
        ipseci_store32(p.dst, 0x0a0b0c0d ^ (i % 33 == 32 ? 0 : UINT32_C(1) << (31 - i % 33)));
        compare(&f, &p);
    }
    while (f.model.count != 0) {
        drop(&f, f.model.count / 2);
    }
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spd_01_as_the_model_with_few_entries),
        cmocka_unit_test(spd_01_as_the_model_with_many_entries),
        cmocka_unit_test(flows_that_are_refused),
        cmocka_unit_test(spd_01_as_the_model_with_a_flow_cache),
        cmocka_unit_test(spd_01_every_pair_of_prefix_lengths),
    };
    return cmocka_run_group_tests_name("spd_model", tests, NULL, NULL);
}
