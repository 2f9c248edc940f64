/* SPDX-License-Identifier: Apache-2.0
 *
 * Two gateways in every mix of families inside and outside, of modes, bare and in UDP, over sockets
 * and with whole packets.
 */
#include "gw_kit.h"
#include "ip_header.h"

struct pair {
    struct gw_kit a;
    struct gw_kit b;
};

struct mix {
    bool ipv6_inside;
    bool ipv6_outside;
    bool udp;
    bool whole;
    bool transport;
};

static const char *const outside[2][2] = {{"192.0.2.1", "192.0.2.2"},
                                          {"2001:db8::1", "2001:db8::2"}};
static const char *const inside[2][2] = {{"192.168.1.10", "192.168.2.10"},
                                         {"fd00:1::10", "fd00:2::10"}};
static const char *const nets[2][2] = {{"192.168.1.0/24", "192.168.2.0/24"},
                                       {"fd00:1::/32", "fd00:2::/32"}};

static void configure(struct gw_kit *kit, const struct mix *m, int here)
{
    const char *const *ends = m->transport ? outside[m->ipv6_outside] : nets[m->ipv6_inside];
    kit_init(kit, here == 1);
    kit->config.outer = m->whole ? IPSEC_OUTER_IP : IPSEC_OUTER_NONE;
    kit->peer.local = kit_endpoint(outside[m->ipv6_outside][here], 0);
    kit->peer.remote = kit_endpoint(outside[m->ipv6_outside][1 - here], 0);
    kit->child[0].local_ts.item[0] = kit_selector(ends[here]);
    kit->child[0].remote_ts.item[0] = kit_selector(ends[1 - here]);
    kit->child[0].mode = m->transport ? IPSEC_MODE_TRANSPORT : IPSEC_MODE_TUNNEL;
    kit_start(kit);
}

static struct pair *start(const struct mix *m)
{
    struct pair *p = malloc(sizeof *p);
    const struct kit_child at_a = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001, .udp = m->udp};
    const struct kit_child at_b = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001, .udp = m->udp};
    assert_non_null(p);
    configure(&p->a, m, 0);
    configure(&p->b, m, 1);
    assert_int_equal(kit_install(&p->a, &at_a), IPSEC_OK);
    assert_int_equal(kit_install(&p->b, &at_b), IPSEC_OK);
    return p;
}

static void stop(struct pair *p)
{
    kit_stop(&p->a);
    kit_stop(&p->b);
    free(p);
}

/* A packet of protocol 253 (RFC 3692: for experiments), of either family. */
static void make(struct kit_packet *packet, const char *from, const char *to, uint32_t length,
                 uint8_t mark)
{
    const struct ipsec_endpoint src = kit_endpoint(from, 0);
    const struct ipsec_endpoint dst = kit_endpoint(to, 0);
    const struct ipseci_ip_outer ip = {.family = src.addr.family,
                                       .protocol = 253,
                                       .traffic_class = 0x48,
                                       .ttl = 63,
                                       .src = src.addr.bytes,
                                       .dst = dst.addr.bytes};
    const uint32_t header = src.addr.family == IPSEC_FAMILY_IPV4 ? 20 : 40;
    kit_ipv4(packet, "192.168.1.1", "192.168.1.2", length, mark);
    assert_int_equal(ipseci_ip_build(packet->octets + packet->packet.offset, &ip, length - header),
                     header);
}

static uint8_t version(const struct kit_packet *packet)
{
    return kit_content(packet)[0] >> 4;
}

static void travel(struct gw_kit *from, struct gw_kit *to, const struct mix *m, int here)
{
    struct kit_packet sent;
    const char *const *hosts = m->transport ? outside[m->ipv6_outside] : inside[m->ipv6_inside];
    for (uint32_t length = 60; length < 100; length++) {
        make(&sent, hosts[here], hosts[1 - here], length, (uint8_t)length);
        const struct kit_packet copy = sent;
        kit_lan(from, &sent, 1);
        assert_int_equal(sent.packet.status, IPSEC_OK);
        assert_int_equal(from->wan.count, 1);
        if (m->whole) {
            assert_int_equal(version(&from->wan.item[0]), m->ipv6_outside ? 6 : 4);
        }
        kit_carry(from, to);
        assert_int_equal(to->lan.count, 1);
        assert_int_equal(to->lan.item[0].packet.length, length);
        if (m->whole || !m->transport) {
            assert_memory_equal(kit_content(&to->lan.item[0]), copy.octets + KIT_OFFSET, length);
        } else {
            const uint32_t header = m->ipv6_outside ? 40 : 20;
            assert_memory_equal(kit_content(&to->lan.item[0]) + header,
                                copy.octets + KIT_OFFSET + header, length - header);
        }
        to->lan.count = 0;
    }
    assert_int_equal(kit_all_drops(from) + kit_all_drops(to), 0);
}

static void espb_03_04_every_mix_travels_both_ways(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        const struct mix m = {.ipv6_inside = (i & 1) != 0,
                              .ipv6_outside = (i & 2) != 0,
                              .udp = (i & 4) != 0,
                              .whole = (i & 8) != 0,
                              .transport = (i & 16) != 0};
        struct pair *p = start(&m);
        travel(&p->a, &p->b, &m, 0);
        travel(&p->b, &p->a, &m, 1);
        stop(p);
    }
}

/* What is not from host to host has no policy. */
static void transport_mode_is_for_the_hosts_alone(void **state)
{
    (void)state;
    const struct mix m = {.transport = true};
    struct pair *p = start(&m);
    struct kit_packet packet;
    make(&packet, "192.168.1.10", "192.168.2.10", 60, 1);
    kit_lan(&p->a, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_NO_POLICY);
    stop(p);
}

static void spd_11_fragments_are_dropped_and_counted(void **state)
{
    (void)state;
    const struct mix m = {.transport = true, .whole = true};
    struct pair *p = start(&m);
    struct kit_packet packet;
    make(&packet, "192.0.2.1", "192.0.2.2", 60, 1);
    packet.octets[KIT_OFFSET + 6] = 0x20;
    kit_lan(&p->a, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_FRAGMENT);
    assert_int_equal(kit_drops_out(&p->a, IPSEC_DROP_FRAGMENT), 1);
    stop(p);
}

/* The rules of a child reach its SA. */
static void pmtu_01_a_childs_rules_make_its_outer_headers(void **state)
{
    (void)state;
    const struct mix m = {.whole = true};
    struct pair *p = malloc(sizeof *p);
    struct kit_packet packet;
    const struct kit_child at_a = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001};
    assert_non_null(p);
    configure(&p->a, &m, 0);
    p->a.child[0].headers.df = IPSEC_DF_SET;
    p->a.child[0].headers.dscp = IPSEC_DSCP_FIXED;
    p->a.child[0].headers.dscp_value = 10;
    p->a.child[0].ttl = 9;
    assert_int_equal(kit_install(&p->a, &at_a), IPSEC_OK);
    make(&packet, inside[0][0], inside[0][1], 60, 1);
    kit_lan(&p->a, &packet, 1);
    const uint8_t *ip = kit_content(&p->a.wan.item[0]);
    assert_int_equal(ip[1], 40);
    assert_int_equal(ip[6], 0x40);
    assert_int_equal(ip[8], 9);
    kit_stop(&p->a);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(espb_03_04_every_mix_travels_both_ways),
        cmocka_unit_test(transport_mode_is_for_the_hosts_alone),
        cmocka_unit_test(spd_11_fragments_are_dropped_and_counted),
        cmocka_unit_test(pmtu_01_a_childs_rules_make_its_outer_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
