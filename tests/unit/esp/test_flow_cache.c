/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the flow cache (lib/esp/flow_cache.c): what is in it, for how long, and what makes room.
 */
#include "arena.h"
#include "esp_kit.h"
#include "flow_cache.h"

static _Alignas(max_align_t) uint8_t block[64 * 1024];
static struct toy toy;

static void start(struct ipseci_flow_cache *cache, uint32_t flows)
{
    struct ipseci_arena arena = ipseci_arena_init(block, sizeof(block));
    toy_init(&toy);
    ipseci_flow_cache_layout(cache, &arena, flows);
    assert_false(arena.failed);
    assert_int_equal(ipseci_flow_cache_init(cache, &toy.list), IPSEC_OK);
}

static struct ipseci_flow flow_of(uint8_t family, uint8_t last)
{
    struct ipseci_flow flow = {0};
    flow.family = family;
    flow.protocol = 17;
    flow.has_ports = true;
    flow.src_port = 1;
    flow.dst_port = 2;
    flow.src[0] = 10;
    flow.dst[0] = 11;
    flow.dst[family == IPSEC_FAMILY_IPV4 ? 3 : 15] = last;
    return flow;
}

static bool is_known(struct ipseci_flow_cache *cache, const struct ipseci_flow *flow, bool outbound)
{
    struct ipseci_flow_key key;
    uint32_t answer;
    return ipseci_flow_cache_find(cache, flow, outbound, &key, &answer);
}

static void learn(struct ipseci_flow_cache *cache, const struct ipseci_flow *flow, bool outbound,
                  uint32_t answer)
{
    struct ipseci_flow_key key;
    uint32_t found = 0;
    assert_false(ipseci_flow_cache_find(cache, flow, outbound, &key, &found));
    ipseci_flow_cache_store(cache, &key, answer);
    assert_true(ipseci_flow_cache_find(cache, flow, outbound, &key, &found));
    assert_int_equal(found, answer);
}

/* A flow that differs in one thing is another flow. */
static void every_part_of_a_flow_counts(void **state)
{
    struct ipseci_flow_cache cache;
    UNUSED_STATE;
    for (unsigned family = IPSEC_FAMILY_IPV4; family <= IPSEC_FAMILY_IPV6; family += 2) {
        const size_t octets = family == IPSEC_FAMILY_IPV4 ? 4 : 16;
        const struct ipseci_flow flow = flow_of((uint8_t)family, 1);
        struct ipseci_flow other = flow;
        start(&cache, 512);
        learn(&cache, &flow, true, 7);
        assert_false(is_known(&cache, &flow, false));
        for (size_t i = 0; i < octets; i++) {
            other.src[i] ^= 1;
            assert_false(is_known(&cache, &other, true));
            other = flow;
            other.dst[i] ^= 1;
            assert_false(is_known(&cache, &other, true));
            other = flow;
        }
        other.src_port ^= 1;
        assert_false(is_known(&cache, &other, true));
        other = flow;
        other.dst_port ^= 1;
        assert_false(is_known(&cache, &other, true));
        other = flow;
        other.protocol = 6;
        assert_false(is_known(&cache, &other, true));
        other = flow;
        other.has_ports = false;
        assert_false(is_known(&cache, &other, true));
        assert_true(is_known(&cache, &flow, true));
    }
}

static void the_oldest_of_a_set_makes_room(void **state)
{
    struct ipseci_flow_cache cache;
    UNUSED_STATE;
    start(&cache, 1); /* one set of four */
    for (uint8_t i = 0; i < 10; i++) {
        const struct ipseci_flow flow = flow_of(IPSEC_FAMILY_IPV6, i);
        learn(&cache, &flow, true, i);
    }
    for (uint8_t i = 0; i < 10; i++) {
        const struct ipseci_flow flow = flow_of(IPSEC_FAMILY_IPV6, i);
        assert_int_equal(is_known(&cache, &flow, true), i >= 6);
    }
    assert_int_equal(cache.stats.flow_evictions, 6);
    assert_int_equal(cache.stats.flow_hits, 10 + 4);
    assert_int_equal(cache.stats.flow_misses, 10 + 6);
}

static void forgetting_holds_when_generations_wrap(void **state)
{
    struct ipseci_flow_cache cache;
    const struct ipseci_flow flow = flow_of(IPSEC_FAMILY_IPV4, 1);
    UNUSED_STATE;
    start(&cache, 64);
    learn(&cache, &flow, true, 1); /* of the first generation */
    cache.generation = UINT32_MAX;
    assert_false(is_known(&cache, &flow, true));
    ipseci_flow_cache_forget(&cache);
    assert_int_equal(cache.generation, 1);
    assert_false(is_known(&cache, &flow, true));
    learn(&cache, &flow, true, 2);
    ipseci_flow_cache_forget(&cache);
    assert_false(is_known(&cache, &flow, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_of_a_flow_counts),
        cmocka_unit_test(the_oldest_of_a_set_makes_room),
        cmocka_unit_test(forgetting_holds_when_generations_wrap),
    };
    return cmocka_run_group_tests_name("flow_cache", tests, NULL, NULL);
}
