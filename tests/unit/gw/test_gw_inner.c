/* SPDX-License-Identifier: Apache-2.0
 *
 * Inner packets that are fragments or have IPv6 extension headers, in every mix of families inside
 * and outside, bare and in UDP: what the selectors of either end make of them. RFC 4301 4.4.1.1, 7,
 * RFC 8200 4.
 */
#include "gw_kit.h"
#include "ip_header.h"

#include <stdio.h>

struct mix {
    bool ipv6_outside;
    bool udp;
    bool whole;
};

/* What a selector says beside addresses: both ends have it. */
enum narrow { NARROW_NOT, NARROW_PROTOCOL, NARROW_PORTS, NARROW_OPAQUE, NARROW_COUNT };

/* Headers of an inner packet without addresses and lengths; UDP from port 1000 to 2000 follows, or,
 * in later fragments, what is no header. */
struct inner {
    const char *name;
    uint8_t headers[80];
    uint32_t length;
    bool has_upper;
    bool passes[NARROW_COUNT];
};

#define ALL                                                                                        \
    {                                                                                              \
        true, true, true, false                                                                    \
    }
#define NO_PORTS                                                                                   \
    {                                                                                              \
        true, true, false, true                                                                    \
    }
#define NO_PROTOCOL                                                                                \
    {                                                                                              \
        true, false, false, false                                                                  \
    }

static const struct inner inners[] = {
    {"IPv4", {0x45, [8] = 9, 17}, 20, true, ALL},
    {"options", {0x47, [8] = 9, 17, [20] = 0x94, 4, 0, 0, 1, 1, 1, 0}, 28, true, ALL},
    {"DF", {0x45, [6] = 0x40, [8] = 9, 17}, 20, true, ALL},
    {"first", {0x45, [4] = 1, 2, 0x20, [8] = 9, 17}, 20, true, ALL},
    {"middle", {0x45, [4] = 1, 2, 0x20, 1, 9, 17}, 20, false, NO_PORTS},
    {"last", {0x45, [4] = 1, 2, 0, 9, 9, 17}, 20, false, NO_PORTS},
    {"another protocol's last", {0x45, [4] = 1, 2, 0, 9, 9, 6}, 20, false, NO_PROTOCOL},
    {"IPv6", {0x60, [6] = 17, 9}, 40, true, ALL},
    {"hop-by-hop", {0x60, [6] = 0, 9, [40] = 17, 0, 1, 4}, 48, true, ALL},
    {"destination", {0x60, [6] = 60, 9, [40] = 17, 1, 1, 12}, 56, true, ALL},
    {"routing", {0x60, [6] = 43, 9, [40] = 17, 0, 4, 0}, 48, true, ALL},
    {"all of them",
     {0x60, [6] = 0, 9, [40] = 43, 0, 1, 4, [48] = 60, 0, 4, 0, [56] = 17, 0, 1, 4},
     64,
     true,
     ALL},
    {"atomic", {0x60, [6] = 44, 9, [40] = 17, [44] = 1, 2, 3, 4}, 48, true, ALL},
    {"first of IPv6", {0x60, [6] = 44, 9, [40] = 17, 0, 0, 1, 1, 2, 3, 4}, 48, true, ALL},
    {"middle of IPv6", {0x60, [6] = 44, 9, [40] = 17, 0, 0, 9, 1, 2, 3, 4}, 48, false, NO_PORTS},
    {"last of IPv6", {0x60, [6] = 44, 9, [40] = 17, 0, 0, 16, 1, 2, 3, 4}, 48, false, NO_PORTS},
    {"first behind hop-by-hop",
     {0x60, [6] = 0, 9, [40] = 44, 0, 1, 4, [48] = 17, 0, 0, 1, 1, 2, 3, 4},
     56,
     true,
     ALL},
    {"destination in the first",
     {0x60, [6] = 44, 9, [40] = 60, 0, 0, 1, 1, 2, 3, 4, 17, 0, 1, 4},
     56,
     true,
     ALL},
    /* It does not say what the first one had behind its options. */
    {"destination in a later one",
     {0x60, [6] = 44, 9, [40] = 60, 0, 0, 8, 1, 2, 3, 4, 17, 0, 1, 4},
     56,
     false,
     NO_PROTOCOL},
};

static const char *const outside[2][2] = {{"192.0.2.1", "192.0.2.2"},
                                          {"2001:db8::1", "2001:db8::2"}};
static const char *const inside[2][2] = {{"192.168.1.10", "192.168.2.10"},
                                         {"fd00:1::10", "fd00:2::10"}};
static const char *const nets[2][2] = {{"192.168.1.0/24", "192.168.2.0/24"},
                                       {"fd00:1::/32", "fd00:2::/32"}};

/* From gateway A's net (0), port 1000, to B's (1), port 2000. */
static struct ipsec_selector selector(bool ipv6, int net, enum narrow narrow)
{
    static const char *const forms[NARROW_COUNT][2] = {{"", ""},
                                                       {"[udp]", "[udp]"},
                                                       {"[udp/1000]", "[udp/2000]"},
                                                       {"[udp/opaque]", "[udp/opaque]"}};
    char text[60];
    (void)snprintf(text, sizeof text, "%s%s", nets[ipv6][net], forms[narrow][net]);
    return kit_selector(text);
}

static void configure(struct gw_kit *kit, const struct mix *m, int here, bool ipv6,
                      enum narrow narrow)
{
    const struct kit_child child = {.child = 7,
                                    .spi_in = here == 0 ? 0x1001 : 0x2001,
                                    .spi_out = here == 0 ? 0x2001 : 0x1001,
                                    .udp = m->udp};
    kit_init(kit, here == 1);
    kit->config.outer = m->whole ? IPSEC_OUTER_IP : IPSEC_OUTER_NONE;
    kit->peer.local = kit_endpoint(outside[m->ipv6_outside][here], 0);
    kit->peer.remote = kit_endpoint(outside[m->ipv6_outside][1 - here], 0);
    kit->child[0].local_ts.item[0] = selector(ipv6, here, narrow);
    kit->child[0].remote_ts.item[0] = selector(ipv6, 1 - here, narrow);
    kit_start(kit);
    assert_int_equal(kit_install(kit, &child), IPSEC_OK);
}

static void make(struct kit_packet *packet, const struct inner *inner)
{
    static const uint8_t upper[24] = {0x03, 0xe8, 0x07, 0xd0, 0, 24, 0x12, 0x34, 1, 2, 3};
    const bool ipv6 = inner->headers[0] >> 4 == 6;
    const struct ipsec_endpoint src = kit_endpoint(inside[ipv6][0], 0);
    const struct ipsec_endpoint dst = kit_endpoint(inside[ipv6][1], 0);
    const uint32_t length = inner->length + (uint32_t)sizeof upper;
    kit_ipv4(packet, "192.168.1.1", "192.168.1.2", length, 0);
    uint8_t *ip = packet->octets + packet->packet.offset;
    memcpy(ip, inner->headers, inner->length);
    memcpy(ip + inner->length, upper, sizeof upper);
    if (!inner->has_upper) { /* it would be ports that do not fit */
        memset(ip + inner->length, 0xff, 8);
    }
    if (ipv6) {
        ipseci_store16(ip + 4, (uint16_t)(length - 40));
        memcpy(ip + 8, src.addr.bytes, 16);
        memcpy(ip + 24, dst.addr.bytes, 16);
    } else {
        ipseci_store16(ip + 2, (uint16_t)length);
        memcpy(ip + 12, src.addr.bytes, 4);
        memcpy(ip + 16, dst.addr.bytes, 4);
        ipseci_store16(ip + 10, ipseci_checksum(ipseci_view(ip, inner->length), 0));
    }
}

struct way {
    struct gw_kit a; /* takes everything */
    struct gw_kit narrow_a;
    struct gw_kit b;
};

/* Inbound, and that what a peer would refuse is not sent, and not in clear either. */
static bool goes(struct way *w, const struct inner *inner, bool passes)
{
    struct kit_packet packet;
    make(&packet, inner);
    const struct kit_packet copy = packet;
    const uint64_t drops = kit_drops_in(&w->b, IPSEC_DROP_SELECTORS);
    const struct kit_packet *out = &w->b.lan.item[0];
    kit_lan(&w->a, &packet, 1);
    kit_carry(&w->a, &w->b);
    bool right = w->b.lan.count == (passes ? 1 : 0) &&
                 kit_drops_in(&w->b, IPSEC_DROP_SELECTORS) == drops + (passes ? 0 : 1);
    if (right && passes) {
        right = out->packet.length == copy.packet.length &&
                memcmp(kit_content(out), copy.octets + KIT_OFFSET, copy.packet.length) == 0;
    }
    w->b.lan.count = 0;

    packet = copy;
    kit_lan(&w->narrow_a, &packet, 1);
    right = right && packet.packet.status == (passes ? IPSEC_OK : IPSEC_DROP_NO_POLICY) &&
            w->narrow_a.wan.count == (passes ? 1 : 0);
    w->narrow_a.wan.count = 0;
    return right;
}

static void through(const struct mix *m, enum narrow narrow)
{
    for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
        struct way *w = malloc(sizeof *w);
        assert_non_null(w);
        configure(&w->a, m, 0, ipv6 != 0, NARROW_NOT);
        configure(&w->narrow_a, m, 0, ipv6 != 0, narrow);
        configure(&w->b, m, 1, ipv6 != 0, narrow);
        for (size_t i = 0; i < sizeof inners / sizeof inners[0]; i++) {
            if (inners[i].headers[0] >> 4 == (ipv6 != 0 ? 6 : 4) &&
                !goes(w, &inners[i], inners[i].passes[narrow])) {
                print_message("%s: outside IPv%d%s%s, narrow %d\n", inners[i].name,
                              m->ipv6_outside ? 6 : 4, m->udp ? ", UDP" : "",
                              m->whole ? ", whole" : "", (int)narrow);
                fail();
            }
        }
        kit_stop(&w->a);
        kit_stop(&w->narrow_a);
        kit_stop(&w->b);
        free(w);
    }
}

static void spd_10_fragments_and_extension_headers_in_every_mix(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        const struct mix m = {
            .ipv6_outside = (i & 1) != 0, .udp = (i & 2) != 0, .whole = (i & 4) != 0};
        for (enum narrow narrow = NARROW_NOT; narrow < NARROW_COUNT; narrow++) {
            through(&m, narrow);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spd_10_fragments_and_extension_headers_in_every_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
