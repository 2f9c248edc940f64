/* SPDX-License-Identifier: Apache-2.0
 *
 * Audit records of packets that were dropped: which, with what in them, and not too many. RFC
 * 4303 4, RFC 4301 5.2.
 */
#include "gw_kit.h"
#include "sa.h"

#define MANY 40

static struct gw_kit a;
static struct gw_kit b;
static struct kit_packet packet;
static unsigned told;
static struct ipsec_gw_audit last; /* pointers cleared */
static struct ipsec_selector source;
static struct ipsec_selector destination;

static void on_audit(void *user, const struct ipsec_gw_audit *audit)
{
    assert_true(user == &a || user == &b);
    told++;
    last = *audit;
    assert_int_equal(audit->source == NULL, audit->destination == NULL);
    memset(&source, 0, sizeof source);
    memset(&destination, 0, sizeof destination);
    if (audit->source != NULL) {
        source = *audit->source;
        destination = *audit->destination;
    }
    last.source = last.destination = NULL;
}

static void start(void)
{
    const struct kit_child at_a = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001};
    const struct kit_child at_b = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001};
    told = 0;
    memset(&last, 0, sizeof last);
    kit_init(&a, false);
    kit_init(&b, true);
    a.config.callbacks.audit = b.config.callbacks.audit = on_audit;
    kit_start(&a);
    kit_start(&b);
    assert_int_equal(kit_install(&a, &at_a), IPSEC_OK);
    assert_int_equal(kit_install(&b, &at_b), IPSEC_OK);
}

static void stop(void)
{
    kit_stop(&a);
    kit_stop(&b);
}

/* A packet from A to B, sealed and not delivered yet. */
static void make(const char *from, const char *to)
{
    a.wan.count = 0;
    kit_ipv4(&packet, from, to, 60, 3);
    kit_lan(&a, &packet, 1);
    assert_int_equal(a.wan.count, 1);
    kit_received(&a, 0, &packet);
}

static uint8_t *esp(void)
{
    return packet.packet.buffer + packet.packet.offset;
}

static void expect(enum ipsec_status reason, uint32_t spi, uint32_t sequence)
{
    assert_int_equal(told, 1);
    assert_int_equal(last.reason, reason);
    assert_int_equal(last.spi, spi);
    assert_int_equal(last.sequence, sequence);
    assert_int_equal(last.missed, 0);
    assert_false(last.outbound);
    assert_true(ipsec_addr_equal(&last.remote.addr, &packet.packet.remote.addr));
    assert_true(ipsec_addr_equal(&last.local.addr, &packet.packet.local.addr));
    told = 0;
}

static void drops_are_told_with_what_they_were(void **state)
{
    (void)state;
    start();
    b.now = 5000;
    make("192.168.1.10", "192.168.2.10");
    kit_wan(&b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_OK);
    assert_int_equal(told, 0);

    make("192.168.1.10", "192.168.2.10");
    struct kit_packet copy = packet;
    copy.packet.buffer = copy.octets;
    kit_wan(&b, &packet, 1);
    kit_wan(&b, &copy, 1);
    expect(IPSEC_DROP_REPLAY, 0x2001, 2);
    assert_true(last.now == 5000 && last.child == 8 && last.config == &b.child[0]);
    assert_int_equal(source.family, 0); /* not decrypted, not shown */

    make("192.168.1.10", "192.168.2.10");
    esp()[packet.packet.length - 1] ^= 1;
    kit_wan(&b, &packet, 1);
    expect(IPSEC_DROP_ICV, 0x2001, 3);

    make("192.168.1.10", "192.168.2.10");
    esp()[3] ^= 0x40;
    kit_wan(&b, &packet, 1);
    expect(IPSEC_DROP_SPI, 0x2041, 4);
    assert_true(last.child == 0 && last.config == NULL);
    stop();
}

/* RFC 4301 5.2: with the addresses that do not belong there. */
static void flows_that_do_not_belong_are_shown(void **state)
{
    (void)state;
    start();
    struct ipsec_sa *sa = ipsec_sad_find(ipsec_gw_sad(b.gw), 0x2001);
    assert_non_null(sa);
    /* B has agreed to less than A sends. */
    sa->selectors[sa->local_count] = kit_selector("192.168.1.99");
    make("192.168.1.10", "192.168.2.10");
    kit_wan(&b, &packet, 1);
    expect(IPSEC_DROP_SELECTORS, 0x2001, 1);
    assert_memory_equal(source.first, ((uint8_t[]){192, 168, 1, 10}), 4);
    assert_memory_equal(destination.first, ((uint8_t[]){192, 168, 2, 10}), 4);
    assert_int_equal(destination.port_first, 2000);
    stop();
}

/* A first piece of ESP over IPv6, and its second one. */
static void make_piece(uint16_t field)
{
    const struct ipsec_endpoint from = kit_endpoint("2001:db8::1", 0);
    const struct ipsec_endpoint to = kit_endpoint("2001:db8::2", 0);
    uint8_t octets[40 + 8 + 24] = {0x6a, 0xb1, 0x23, 0x45, 0, 32, 44, 9};
    memcpy(octets + 8, from.addr.bytes, 16);
    memcpy(octets + 24, to.addr.bytes, 16);
    octets[40] = 50;
    octets[42] = (uint8_t)(field >> 8);
    octets[43] = (uint8_t)field;
    memcpy(octets + 48, ((uint8_t[]){0, 0, 0x20, 1, 0, 0, 0, 9}), 8);
    kit_datagram(&packet, IPSEC_CARRIER_IP, 0, octets, sizeof octets);
}

/* RFC 4303 3.4.1: SPI, addresses, sequence number and flow ID, as far as they are there. */
static void pieces_are_told_with_what_can_be_read(void **state)
{
    (void)state;
    start();
    make_piece(1);
    kit_wan(&b, &packet, 1);
    expect(IPSEC_DROP_FRAGMENT, 0x2001, 9);
    assert_int_equal(last.flow_label, 0x12345);
    assert_int_equal(last.remote.addr.family, IPSEC_FAMILY_IPV6);
    assert_int_equal(last.remote.addr.bytes[15], 1);
    assert_int_equal(last.local.addr.bytes[15], 2);

    make_piece(24);
    kit_wan(&b, &packet, 1);
    expect(IPSEC_DROP_FRAGMENT, 0, 0);
    assert_int_equal(last.flow_label, 0x12345);

    make_piece(0); /* whole, and of nobody */
    packet.octets[KIT_OFFSET + 48] = 0x77;
    kit_wan(&b, &packet, 1);
    expect(IPSEC_DROP_SPI, 0x77002001, 9);
    assert_int_equal(last.flow_label, 0x12345);
    assert_int_equal(last.remote.addr.bytes[15], 1);
    stop();
}

/* Once an SA, also when so many came that single ones are not told any more. */
static void too_many_forged_packets_are_told_as_such(void **state)
{
    (void)state;
    const struct kit_child another = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001};
    start();
    kit_stop(&b);
    kit_init(&b, true);
    b.config.callbacks.audit = on_audit;
    b.child[0].lifetime.forgeries_soft = MANY;
    kit_start(&b);
    assert_int_equal(kit_install(&b, &another), IPSEC_OK);
    make("192.168.1.10", "192.168.2.10");
    kit_wan(&b, &packet, 1);
    for (unsigned i = 0; i < MANY; i++) {
        make("192.168.1.10", "192.168.2.10");
        esp()[packet.packet.length - 1] ^= 1;
        assert_int_equal(last.forged, 0);
        kit_wan(&b, &packet, 1);
    }
    assert_int_equal(last.forged, MANY);
    assert_int_equal(last.reason, IPSEC_DROP_ICV);
    assert_true(last.spi == 0x2001 && last.sequence == 1 && last.child == 8);
    assert_int_equal(last.missed, MANY - 20);
    assert_int_equal(told, 20 + 1);
    make("192.168.1.10", "192.168.2.10");
    esp()[packet.packet.length - 1] ^= 1;
    kit_wan(&b, &packet, 1);
    assert_int_equal(told, 20 + 1);
    stop();
}

static void packets_in_clear_are_told(void **state)
{
    (void)state;
    start();
    kit_ipv4(&packet, "192.168.1.10", "192.168.2.10", 60, 3);
    packet.packet.carrier = IPSEC_CARRIER_IP;
    kit_wan(&b, &packet, 1);
    assert_int_equal(told, 1);
    assert_int_equal(last.reason, IPSEC_DROP_POLICY);
    assert_int_equal(last.spi, 0);
    assert_memory_equal(source.first, ((uint8_t[]){192, 168, 1, 10}), 4);
    assert_memory_equal(destination.last, ((uint8_t[]){192, 168, 2, 10}), 4);
    assert_int_equal(source.protocol, 17);
    assert_int_equal(source.port_first, 1000);
    assert_int_equal(destination.port_last, 2000);
    stop();
}

/* RFC 4303 3.3.3: the end of the counter, of the SA that sends. */
static void the_end_of_an_sa_is_told(void **state)
{
    (void)state;
    start();
    a.child[0].lifetime.packets_hard = 1;
    const struct kit_child next = {.child = 9, .replaces = 7, .spi_in = 0x1009, .spi_out = 0x2009};
    assert_int_equal(kit_install(&a, &next), IPSEC_OK);
    make("192.168.1.10", "192.168.2.10");
    kit_ipv4(&packet, "192.168.1.10", "192.168.2.10", 60, 3);
    kit_lan(&a, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_FATAL_LIFETIME);
    assert_int_equal(told, 1);
    assert_true(last.outbound && last.child == 9 && last.spi == 0x2009 && last.sequence == 1);
    assert_int_equal(last.reason, IPSEC_FATAL_LIFETIME);
    assert_memory_equal(destination.last, ((uint8_t[]){192, 168, 2, 10}), 4);
    stop();
}

static void what_is_usual_is_not_told(void **state)
{
    (void)state;
    start();
    assert_int_equal(ipsec_gw_send_dummy(a.gw, 7, 50, 0), IPSEC_OK);
    kit_carry(&a, &b);
    assert_int_equal(kit_drops_in(&b, IPSEC_DROP_DUMMY), 1);
    const uint8_t keepalive = 0xff;
    kit_datagram(&packet, IPSEC_CARRIER_UDP, KIT_NATT, &keepalive, 1);
    kit_wan(&b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_KEEPALIVE);
    kit_ipv4(&packet, "172.16.0.1", "172.16.0.2", 60, 3); /* what a host asks for */
    kit_lan(&a, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_NO_POLICY);
    assert_int_equal(told, 0);
    stop();
}

static void a_flood_is_told_of_in_brief(void **state)
{
    (void)state;
    start();
    const uint8_t octets[72] = {0, 0, 0x77, 1, 0, 0, 0, 1};
    for (unsigned i = 0; i < MANY; i++) {
        kit_datagram(&packet, IPSEC_CARRIER_ESP, 0, octets, 72);
        kit_wan(&b, &packet, 1);
    }
    assert_int_equal(told, 20);
    assert_int_equal(last.missed, 0);
    assert_int_equal(kit_drops_in(&b, IPSEC_DROP_SPI), MANY);
    b.now += 1000;
    kit_datagram(&packet, IPSEC_CARRIER_ESP, 0, octets, 72);
    kit_wan(&b, &packet, 1);
    assert_int_equal(told, 21);
    assert_int_equal(last.missed, MANY - 20);
    b.now += 1000;
    kit_datagram(&packet, IPSEC_CARRIER_ESP, 0, octets, 72);
    kit_wan(&b, &packet, 1);
    assert_int_equal(told, 22);
    assert_int_equal(last.missed, 0);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops_are_told_with_what_they_were),
        cmocka_unit_test(flows_that_do_not_belong_are_shown),
        cmocka_unit_test(pieces_are_told_with_what_can_be_read),
        cmocka_unit_test(too_many_forged_packets_are_told_as_such),
        cmocka_unit_test(packets_in_clear_are_told),
        cmocka_unit_test(the_end_of_an_sa_is_told),
        cmocka_unit_test(what_is_usual_is_not_told),
        cmocka_unit_test(a_flood_is_told_of_in_brief),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
