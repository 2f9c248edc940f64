/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/esp/ecn.h: all 16 combinations of RFC 6040 4.2, both families.
 */
#include "ecn.h"

#include "esp_kit.h"

#define DROP 9

/* RFC 6040 figure 4 once more, in the order of the codepoints: Not-ECT, ECT(1), ECT(0), CE. */
static const uint8_t expected[4][4] = {
    {0, 0, 0, DROP},
    {1, 1, 1, 3},
    {2, 1, 2, 3},
    {3, 3, 3, 3},
};

static void check_one(struct kit_buffer *b, bool is_ipv4, uint8_t inner, uint8_t outer)
{
    const uint8_t dscp = 0xb8;
    const uint8_t inner_class = dscp | inner;
    if (is_ipv4) {
        kit_ipv4(b, NULL, 40);
    } else {
        kit_ipv6(b, NULL, 60);
    }
    uint8_t *packet = kit_content(b);
    ipseci_ip_set_traffic_class(packet, inner_class);
    const uint8_t expect = expected[inner][outer];
    /* The outer DSCP is not ours: only its ECN field counts. */
    const enum ipsec_status status = ipseci_ecn_merge(packet, inner_class, 0x28 | outer);

    struct ipseci_flow flow;
    assert_int_equal(status, expect == DROP ? IPSEC_DROP_ECN : IPSEC_OK);
    assert_int_equal(ipseci_ip_parse(ipseci_view(packet, b->packet.length), &flow), IPSEC_OK);
    assert_int_equal(flow.traffic_class, expect == DROP ? inner_class : (dscp | expect));
    assert_true(!is_ipv4 || ipseci_ipv4_checksum_valid(packet));
}

static void pmtu_10_11_12_all_sixteen_ipv4(void **state)
{
    struct kit_buffer b;
    UNUSED_STATE;
    for (uint8_t i = 0; i < 16; i++) {
        check_one(&b, true, i / 4, i % 4);
    }
}

static void pmtu_10_11_all_sixteen_ipv6(void **state)
{
    struct kit_buffer b;
    UNUSED_STATE;
    for (uint8_t i = 0; i < 16; i++) {
        check_one(&b, false, i / 4, i % 4);
    }
}

/* The checksum stays right for every value it can have. */
static void pmtu_12_checksum_for_every_id(void **state)
{
    struct kit_buffer b;
    UNUSED_STATE;
    for (uint32_t id = 0; id < 65536; id++) {
        kit_ipv4(&b, NULL, 24);
        uint8_t *packet = kit_content(&b);
        ipseci_ipv4_finish(packet, 2, 24, (uint16_t)id);
        assert_int_equal(ipseci_ecn_merge(packet, 2, 3), IPSEC_OK);
        assert_int_equal(packet[1], 3);
        if (!ipseci_ipv4_checksum_valid(packet)) {
            fail_msg("id %u", id);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pmtu_10_11_12_all_sixteen_ipv4),
        cmocka_unit_test(pmtu_10_11_all_sixteen_ipv6),
        cmocka_unit_test(pmtu_12_checksum_for_every_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
