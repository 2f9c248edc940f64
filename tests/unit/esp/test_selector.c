/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/esp/selector.h.
 */
#include "selector.h"

#include "esp_kit.h"

/* A flow 10.1.2.3 port 1000 -> 10.9.8.7 port 80. */
static struct ipseci_flow tcp_flow(void)
{
    struct ipseci_flow flow = {.family = IPSEC_FAMILY_IPV4,
                               .protocol = IPSECI_IP_TCP,
                               .has_ports = true,
                               .src_port = 1000,
                               .dst_port = 80,
                               .src = {10, 1, 2, 3},
                               .dst = {10, 9, 8, 7}};
    return flow;
}

static bool matches(const char *selector, const struct ipseci_flow *flow, enum ipseci_flow_end end)
{
    const struct ipsec_selector s = kit_selector(selector);
    assert_true(ipseci_selector_valid(&s));
    return ipseci_selector_matches(&s, flow, end);
}

static void spd_06_addresses_protocol_ports(void **state)
{
    const struct ipseci_flow flow = tcp_flow();
    UNUSED_STATE;
    assert_true(matches("10.1.0.0/16", &flow, IPSECI_FLOW_SOURCE));
    assert_false(matches("10.1.0.0/16", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.9.8.7", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.9.8.1-10.9.8.7", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.9.8.7-10.9.8.9", &flow, IPSECI_FLOW_DESTINATION));
    assert_false(matches("10.9.8.1-10.9.8.6", &flow, IPSECI_FLOW_DESTINATION));
    assert_false(matches("10.9.8.8-10.9.8.9", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("0.0.0.0/0", &flow, IPSECI_FLOW_DESTINATION));
    assert_false(matches("::/0", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.9.8.7[tcp/80]", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.9.8.7[tcp/any]", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.9.8.7[tcp/80-90]", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.9.8.7[tcp/70-80]", &flow, IPSECI_FLOW_DESTINATION));
    assert_false(matches("10.9.8.7[tcp/81-90]", &flow, IPSECI_FLOW_DESTINATION));
    assert_false(matches("10.9.8.7[tcp/1000]", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.1.2.3[tcp/1000]", &flow, IPSECI_FLOW_SOURCE));
    assert_false(matches("10.9.8.7[udp/80]", &flow, IPSECI_FLOW_DESTINATION));
    struct ipsec_selector any_protocol = kit_selector("10.9.8.7[tcp/80]");
    any_protocol.protocol = 0;
    assert_true(ipseci_selector_matches(&any_protocol, &flow, IPSECI_FLOW_DESTINATION));
}

static void spd_06_icmp_type_and_code(void **state)
{
    struct ipseci_flow flow = tcp_flow();
    UNUSED_STATE;
    flow.protocol = IPSECI_IP_ICMP;
    flow.src_port = flow.dst_port = 8 * 256;
    assert_true(matches("10.9.8.7[icmp/2048]", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.1.2.3[icmp/2048-2303]", &flow, IPSECI_FLOW_SOURCE));
    assert_false(matches("10.1.2.3[icmp/0]", &flow, IPSECI_FLOW_SOURCE));
}

static void spd_06_ipv6_range(void **state)
{
    struct ipseci_flow flow = {
        .family = IPSEC_FAMILY_IPV6, .protocol = IPSECI_IP_TCP, .src = {0xfd, 0, 0, 1, [15] = 9}};
    UNUSED_STATE;
    assert_true(matches("fd00:1::/32", &flow, IPSECI_FLOW_SOURCE));
    assert_true(matches("fd00:1::9", &flow, IPSECI_FLOW_SOURCE));
    assert_false(matches("fd00:1::a-fd00:1::f", &flow, IPSECI_FLOW_SOURCE));
    assert_false(matches("fd00:2::/32", &flow, IPSECI_FLOW_SOURCE));
}

static void spd_06_10_any_opaque_and_hidden_ports(void **state)
{
    struct ipseci_flow flow = tcp_flow();
    struct ipsec_selector opaque = kit_selector("10.9.8.7");
    UNUSED_STATE;
    opaque.port_first = 65535;
    opaque.port_last = 0;
    assert_true(ipseci_selector_valid(&opaque));
    assert_false(ipseci_selector_matches(&opaque, &flow, IPSECI_FLOW_DESTINATION));

    flow.has_ports = false;
    flow.src_port = flow.dst_port = 0;
    assert_true(ipseci_selector_matches(&opaque, &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.9.8.7", &flow, IPSECI_FLOW_DESTINATION));
    assert_true(matches("10.9.8.7[tcp/any]", &flow, IPSECI_FLOW_DESTINATION));
    assert_false(matches("10.9.8.7[tcp/80]", &flow, IPSECI_FLOW_DESTINATION));
    /* Not even one that begins with port 0. */
    assert_false(matches("10.9.8.7[tcp/0-80]", &flow, IPSECI_FLOW_DESTINATION));
}

static void selectors_that_are_not_valid(void **state)
{
    struct ipsec_selector s = kit_selector("10.0.0.1-10.0.0.9");
    UNUSED_STATE;
    s.first[3] = 10;
    assert_false(ipseci_selector_valid(&s));
    s.first[3] = 9;
    assert_true(ipseci_selector_valid(&s));
    s.port_first = 2;
    s.port_last = 1;
    assert_false(ipseci_selector_valid(&s));
    s = kit_selector("10.0.0.1");
    s.family = IPSEC_FAMILY_NONE;
    assert_false(ipseci_selector_valid(&s));
    s.family = 5;
    assert_false(ipseci_selector_valid(&s));
}

static void one_of_several_is_enough(void **state)
{
    const struct ipseci_flow flow = tcp_flow();
    const struct ipsec_selector list[2] = {kit_selector("172.16.0.0/12"),
                                           kit_selector("10.9.0.0/16")};
    UNUSED_STATE;
    assert_true(ipseci_selectors_match(list, 2, &flow, IPSECI_FLOW_DESTINATION));
    assert_false(ipseci_selectors_match(list, 1, &flow, IPSECI_FLOW_DESTINATION));
    assert_false(ipseci_selectors_match(list, 0, &flow, IPSECI_FLOW_DESTINATION));
    assert_false(ipseci_selectors_match(list, 2, &flow, IPSECI_FLOW_SOURCE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spd_06_addresses_protocol_ports),
        cmocka_unit_test(spd_06_icmp_type_and_code),
        cmocka_unit_test(spd_06_ipv6_range),
        cmocka_unit_test(spd_06_10_any_opaque_and_hidden_ports),
        cmocka_unit_test(selectors_that_are_not_valid),
        cmocka_unit_test(one_of_several_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
