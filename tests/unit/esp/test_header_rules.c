/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of outer headers made by rules: DF, DSCP, ECN and flow label, for whole packets and for
 * carriers that make the headers themselves.
 */
#include "esp_kit.h"
#include "ip_header.h"

static struct kit kit;
static struct kit_buffer buffer;
static struct ipsec_header_rules rules;

static void start(bool ipv6_outside, enum ipsec_outer outer)
{
    kit_init(&kit, KIT_GCM);
    kit.params.outer = (uint8_t)outer;
    kit.params.rules = &rules;
    if (ipv6_outside) {
        kit.params.local = kit_endpoint("2001:db8::1", 0);
        kit.params.remote = kit_endpoint("2001:db8::2", 0);
    }
    kit_start(&kit);
}

static struct ipseci_flow seal_and_read(void)
{
    struct ipseci_flow flow;
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(
        ipseci_ip_parse(ipseci_view(kit_content(&buffer), buffer.packet.length), &flow), IPSEC_OK);
    if (flow.family == IPSEC_FAMILY_IPV4) {
        assert_true(ipseci_ipv4_checksum_valid(kit_content(&buffer)));
    }
    return flow;
}

/* Df of the outer header, by rule, for an inner IPv4 packet with and without DF, and for IPv6. */
static void pmtu_01_df_is_copied_set_or_cleared(void **state)
{
    UNUSED_STATE;
    static const bool expected[3][3] = {[IPSEC_DF_CLEAR] = {false, false, false},
                                        [IPSEC_DF_COPY] = {false, true, true},
                                        [IPSEC_DF_SET] = {true, true, true}};
    for (unsigned df = 0; df < 3; df++) {
        rules = (struct ipsec_header_rules){.df = (uint8_t)df};
        start(false, IPSEC_OUTER_IP);
        for (unsigned inner = 0; inner < 3; inner++) {
            if (inner == 2) {
                kit_ipv6(&buffer, kit.out, 60);
            } else {
                kit_ipv4(&buffer, kit.out, 60);
                ipseci_ipv4_set_df(kit_content(&buffer), inner == 1);
            }
            buffer.packet.flags = IPSEC_PACKET_DF; /* from an earlier use */
            assert_int_equal(seal_and_read().dont_fragment, expected[df][inner]);
            assert_int_equal((buffer.packet.flags & IPSEC_PACKET_DF) != 0, expected[df][inner]);
            assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
            assert_true(inner == 2 || ipseci_ipv4_has_df(kit_content(&buffer)) == (inner == 1));
        }
        kit_stop(&kit);
    }
}

/* RFC 4213 3.2.2. */
static void pmtu_08_what_has_to_be_cut_gets_no_df(void **state)
{
    UNUSED_STATE;
    rules = (struct ipsec_header_rules){.df = IPSEC_DF_SET};
    start(false, IPSEC_OUTER_IP);
    kit_ipv6(&buffer, kit.out, 1280);
    buffer.packet.flags = IPSEC_PACKET_CUT;
    assert_false(seal_and_read().dont_fragment);
    assert_int_equal(buffer.packet.flags & IPSEC_PACKET_DF, 0);
    kit_ipv6(&buffer, kit.out, 1280);
    assert_true(seal_and_read().dont_fragment);
    kit_stop(&kit);
}

static void pmtu_01_the_carrier_is_told_of_df(void **state)
{
    UNUSED_STATE;
    rules = (struct ipsec_header_rules){.df = IPSEC_DF_COPY};
    start(false, IPSEC_OUTER_NONE);
    kit_ipv4(&buffer, kit.out, 60);
    ipseci_ipv4_set_df(kit_content(&buffer), true);
    assert_int_equal(kit_seal(&buffer), IPSEC_OK);
    assert_int_equal(buffer.packet.flags, IPSEC_PACKET_DF);
    kit_stop(&kit);
}

static uint8_t expected_class(unsigned inner, const uint8_t *map)
{
    unsigned dscp = inner >> 2;
    if (rules.dscp == IPSEC_DSCP_FIXED) {
        dscp = rules.dscp_value;
    } else if (rules.dscp == IPSEC_DSCP_MAP) {
        dscp = map[dscp] & 0x3f;
    }
    return (uint8_t)(dscp << 2 | (rules.ecn_compatible ? 0 : inner & 3));
}

static void espb_16_pmtu_09_dscp_and_ecn_by_rules(void **state)
{
    UNUSED_STATE;
    uint8_t map[64];
    for (unsigned i = 0; i < 64; i++) {
        map[i] = (uint8_t)(i * 5 + 192); /* the two high bits are nothing of a DSCP */
    }
    for (unsigned way = 0; way < 12; way++) {
        const bool ipv6 = way % 2 != 0;
        rules = (struct ipsec_header_rules){.dscp = (uint8_t)(way / 4),
                                            .dscp_value = 46,
                                            .ecn_compatible = way / 2 % 2 != 0,
                                            .dscp_map = map};
        start(ipv6, IPSEC_OUTER_IP);
        for (unsigned inner = 0; inner < 256; inner++) {
            kit_ipv4(&buffer, kit.out, 40);
            ipseci_ip_set_traffic_class(kit_content(&buffer), (uint8_t)inner);
            const uint8_t expected = expected_class(inner, map);
            assert_int_equal(seal_and_read().traffic_class, expected);
            assert_int_equal(buffer.packet.traffic_class, expected);
            assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
            /* RFC 4301 5.1.2: the inner DSCP comes out as it went in. */
            assert_int_equal(kit_content(&buffer)[1], inner);
        }
        kit_stop(&kit);
    }
}

static uint32_t label_after(uint8_t rule, bool inner_ipv6, uint32_t inner_label)
{
    rules = (struct ipsec_header_rules){.flow_label = rule};
    start(true, IPSEC_OUTER_IP);
    if (inner_ipv6) {
        kit_ipv6(&buffer, kit.out, 60);
        ipseci_ipv6_set_flow_label(kit_content(&buffer), inner_label);
    } else {
        kit_ipv4(&buffer, kit.out, 60);
    }
    const struct ipseci_flow flow = seal_and_read();
    const uint32_t first = ipseci_load32(kit_content(&buffer));
    assert_int_equal(first >> 28, 6);
    assert_int_equal(flow.traffic_class, 0);
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_OK);
    kit_stop(&kit);
    return first & 0xfffff;
}

static void espb_17_flow_labels(void **state)
{
    UNUSED_STATE;
    const uint32_t own = KIT_SPI & 0xfffff;
    assert_int_equal(label_after(IPSEC_FLOW_LABEL_ZERO, true, 0xabcde), 0);
    assert_int_equal(label_after(IPSEC_FLOW_LABEL_SA, true, 0xabcde), own);
    assert_int_equal(label_after(IPSEC_FLOW_LABEL_SA, false, 0), own);
    assert_int_equal(label_after(IPSEC_FLOW_LABEL_COPY, true, 0xabcde), 0xabcde);
    assert_int_equal(label_after(IPSEC_FLOW_LABEL_COPY, false, 0), own);
}

static void a_dummy_has_nothing_to_copy(void **state)
{
    UNUSED_STATE;
    rules = (struct ipsec_header_rules){.df = IPSEC_DF_COPY,
                                        .flow_label = IPSEC_FLOW_LABEL_COPY,
                                        .dscp = IPSEC_DSCP_FIXED,
                                        .dscp_value = 10};
    start(false, IPSEC_OUTER_IP);
    kit_ipv4(&buffer, kit.out, 60);
    memset(kit_content(&buffer), 0xff, 60);
    buffer.packet.flags = IPSEC_PACKET_DUMMY;
    const struct ipseci_flow flow = seal_and_read();
    assert_false(flow.dont_fragment);
    assert_int_equal(flow.traffic_class, 40);
    assert_int_equal(kit_open(&buffer, kit.in), IPSEC_DROP_DUMMY);
    kit_stop(&kit);
}

static void rules_that_say_nothing_are_refused(void **state)
{
    UNUSED_STATE;
    static const uint8_t map[64];
    const struct ipsec_header_rules bad[] = {
        {.df = IPSEC_DF_SET + 1},
        {.dscp = IPSEC_DSCP_MAP + 1, .dscp_map = map},
        {.dscp = IPSEC_DSCP_MAP},
        {.dscp = IPSEC_DSCP_FIXED, .dscp_value = 64},
        {.flow_label = IPSEC_FLOW_LABEL_COPY + 1},
    };
    for (size_t i = 0; i < IPSECI_COUNT(bad); i++) {
        rules = bad[i];
        kit_init(&kit, KIT_GCM);
        kit.params.rules = &rules;
        assert_int_equal(ipsec_sa_init(kit.out_block, sizeof(kit.out_block), &kit.params,
                                       &kit.toy.list, &kit.out),
                         IPSEC_ERR_ARGUMENT);
        assert_int_equal(kit.toy.keys_alive, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pmtu_01_df_is_copied_set_or_cleared),
        cmocka_unit_test(pmtu_08_what_has_to_be_cut_gets_no_df),
        cmocka_unit_test(pmtu_01_the_carrier_is_told_of_df),
        cmocka_unit_test(espb_16_pmtu_09_dscp_and_ecn_by_rules),
        cmocka_unit_test(espb_17_flow_labels),
        cmocka_unit_test(a_dummy_has_nothing_to_copy),
        cmocka_unit_test(rules_that_say_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
