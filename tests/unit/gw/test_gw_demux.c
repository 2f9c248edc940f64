/* SPDX-License-Identifier: Apache-2.0
 *
 * Which engine gets a WAN datagram, in what order, and what is done with the rest. RFC 3948 2,
 * RFC 7296 2.23, RFC 4303 3.4.
 */
#include "bytes.h"
#include "gw_kit.h"

struct pair {
    struct gw_kit a;
    struct gw_kit b;
};

static struct pair *start(bool udp)
{
    struct pair *p = malloc(sizeof *p);
    const struct kit_child at_a = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001, .udp = udp};
    const struct kit_child at_b = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001, .udp = udp};
    assert_non_null(p);
    kit_init(&p->a, false);
    kit_init(&p->b, true);
    kit_start(&p->a);
    kit_start(&p->b);
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

/* One datagram that A seals, as B receives it. */
static void sealed(struct pair *p, uint8_t mark, struct kit_packet *out)
{
    struct kit_packet ping;
    kit_ping(&p->a, &ping, mark);
    p->a.wan.count = 0;
    kit_lan(&p->a, &ping, 1);
    assert_int_equal(ping.packet.status, IPSEC_OK);
    kit_received(&p->a, 0, out);
    p->a.wan.count = 0;
}

/* ---- The table: NATT-06, NATT-12, CVE-2017-12896 --------------------------------------------- */

struct row {
    const char *what;
    uint8_t carrier;
    uint16_t port;
    uint8_t octets[40];
    uint32_t length;
    enum ipsec_status status;
    bool to_ike;
};

static const struct row rows[] = {
    {"500: anything is IKE", IPSEC_CARRIER_UDP, 500, {1}, 28, IPSEC_OK, true},
    {"500: one octet is IKE's to drop", IPSEC_CARRIER_UDP, 500, {0xFF}, 1, IPSEC_OK, true},
    {"500: empty", IPSEC_CARRIER_UDP, 500, {0}, 0, IPSEC_OK, true},
    {"500: an SPI is not looked for", IPSEC_CARRIER_UDP, 500, {0, 0, 0x10, 1}, 40, IPSEC_OK, true},
    {"4500: marker", IPSEC_CARRIER_UDP, 4500, {0, 0, 0, 0, 1}, 32, IPSEC_OK, true},
    {"4500: marker, cut IKE", IPSEC_CARRIER_UDP, 4500, {0}, 31, IPSEC_DROP_TRUNCATED, false},
    {"4500: marker alone", IPSEC_CARRIER_UDP, 4500, {0}, 4, IPSEC_DROP_TRUNCATED, false},
    {"4500: empty", IPSEC_CARRIER_UDP, 4500, {0}, 0, IPSEC_DROP_TRUNCATED, false},
    {"4500: keepalive", IPSEC_CARRIER_UDP, 4500, {0xFF}, 1, IPSEC_DROP_KEEPALIVE, false},
    {"4500: one other octet", IPSEC_CARRIER_UDP, 4500, {0xFE}, 1, IPSEC_DROP_TRUNCATED, false},
    {"4500: 2 octets", IPSEC_CARRIER_UDP, 4500, {0xFF, 0xFF}, 2, IPSEC_DROP_TRUNCATED, false},
    {"4500: 3 octets", IPSEC_CARRIER_UDP, 4500, {1, 2, 3}, 3, IPSEC_DROP_TRUNCATED, false},
    {"4500: SPI alone", IPSEC_CARRIER_UDP, 4500, {0, 0, 0x20, 1}, 4, IPSEC_DROP_TRUNCATED, false},
    {"4500: ESP header alone",
     IPSEC_CARRIER_UDP,
     4500,
     {0, 0, 0x20, 1},
     8,
     IPSEC_DROP_TRUNCATED,
     false},
    {"4500: least ESP of a known SPI",
     IPSEC_CARRIER_UDP,
     4500,
     {0, 0, 0x20, 1},
     12,
     IPSEC_DROP_TRUNCATED,
     false},
    {"4500: unknown SPI", IPSEC_CARRIER_UDP, 4500, {0, 0, 0x99, 1}, 40, IPSEC_DROP_SPI, false},
    {"4500: an outbound SPI is not ours",
     IPSEC_CARRIER_UDP,
     4500,
     {0, 0, 0x10, 1},
     40,
     IPSEC_DROP_SPI,
     false},
    {"4501: not our port",
     IPSEC_CARRIER_UDP,
     4501,
     {0, 0, 0x20, 1},
     40,
     IPSEC_DROP_ENCAPSULATION,
     false},
    {"port 0", IPSEC_CARRIER_UDP, 0, {0}, 40, IPSEC_DROP_ENCAPSULATION, false},
    {"50: empty", IPSEC_CARRIER_ESP, 0, {0}, 0, IPSEC_DROP_TRUNCATED, false},
    {"50: 11 octets", IPSEC_CARRIER_ESP, 0, {0, 0, 0x20, 1}, 11, IPSEC_DROP_TRUNCATED, false},
    {"50: unknown SPI", IPSEC_CARRIER_ESP, 0, {0, 0, 0x99, 1}, 40, IPSEC_DROP_SPI, false},
    {"50: SPI 0 is no marker here", IPSEC_CARRIER_ESP, 0, {0}, 40, IPSEC_DROP_SPI, false},
    {"50: one octet 0xFF", IPSEC_CARRIER_ESP, 0, {0xFF}, 1, IPSEC_DROP_TRUNCATED, false},
    {"no carrier", IPSEC_CARRIER_NONE, 500, {0}, 40, IPSEC_ERR_ARGUMENT, false},
};

static void natt_06_12_info_14_cve_2017_12896_demux_table(void **state)
{
    (void)state;
    struct pair *p = start(false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct kit_packet packet;
        const unsigned ike_before = p->b.ike->inputs;
        /* Exactly so many octets: a sanitizer sees any read beyond them. */
        uint8_t *exact = malloc(row->length + 1);
        assert_non_null(exact);
        memcpy(exact, row->octets, row->length);
        kit_datagram(&packet, row->carrier, row->port, exact, row->length);
        uint8_t *tight = realloc(exact, row->length != 0 ? row->length : 1);
        assert_non_null(tight);
        packet.packet.buffer = tight;
        packet.packet.offset = 0;
        packet.packet.capacity = row->length;
        kit_wan(&p->b, &packet, 1);
        if (packet.packet.status != row->status ||
            (p->b.ike->inputs != ike_before) != row->to_ike) {
            fail_msg("%s: status %d", row->what, packet.packet.status);
        }
        free(tight);
    }
    assert_int_equal(p->b.lan.count, 0);
    assert_int_equal(kit_drops_in(&p->b, IPSEC_DROP_KEEPALIVE), 1);
    assert_int_equal(kit_drops_in(&p->b, IPSEC_DROP_SPI), 4);
    assert_int_equal(kit_drops_in(&p->b, IPSEC_DROP_ENCAPSULATION), 2);
    assert_int_equal(kit_counters(&p->b).errors_in, 1);
    stop(p);
}

static void a_packet_outside_its_buffer_is_refused(void **state)
{
    (void)state;
    struct pair *p = start(false);
    struct kit_packet packet;
    const uint8_t octets[40] = {0};
    kit_datagram(&packet, IPSEC_CARRIER_ESP, 0, octets, sizeof octets);
    packet.packet.length = packet.packet.capacity - packet.packet.offset + 1;
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_ERR_BUFFER);
    packet.packet.length = 40;
    packet.packet.offset = packet.packet.capacity + 1;
    kit_lan(&p->b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_ERR_BUFFER);
    assert_int_equal(kit_counters(&p->b).errors_in, 1);
    assert_int_equal(kit_counters(&p->b).errors_out, 1);
    stop(p);
}

static void ike_gets_the_payload_with_its_marker_and_its_status_is_kept(void **state)
{
    (void)state;
    struct pair *p = start(false);
    struct kit_packet packet;
    p->b.ike->answer = IPSEC_DROP_MESSAGE_ID;
    kit_ike_datagram(&packet, KIT_NATT);
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(p->b.ike->input_length[0], 32);
    assert_int_equal(p->b.ike->input_port[0], KIT_NATT);
    assert_int_equal(packet.packet.status, IPSEC_DROP_MESSAGE_ID);
    p->b.ike->answer = IPSEC_PENDING;
    kit_ike_datagram(&packet, KIT_IKE);
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(p->b.ike->input_length[1], 28);
    assert_int_equal(packet.packet.status, IPSEC_PENDING);
    assert_int_equal(kit_drops_in(&p->b, IPSEC_DROP_MESSAGE_ID), 1);
    assert_int_equal(kit_all_drops(&p->b), 1);
    stop(p);
}

/* ---- NATT-11: in UDP and bare ---------------------------------------------------------------- */

static void natt_11_both_encapsulations_are_taken_on_an_sa_of_either(void **state)
{
    (void)state;
    for (unsigned udp = 0; udp < 2; udp++) {
        struct pair *p = start(udp == 1);
        struct kit_packet packet;
        sealed(p, 1, &packet);
        assert_int_equal(packet.packet.carrier, udp ? IPSEC_CARRIER_UDP : IPSEC_CARRIER_ESP);
        kit_wan(&p->b, &packet, 1);
        assert_int_equal(packet.packet.status, IPSEC_OK);
        sealed(p, 2, &packet);
        packet.packet.carrier = udp ? IPSEC_CARRIER_ESP : IPSEC_CARRIER_UDP;
        packet.packet.local.port = KIT_NATT;
        kit_wan(&p->b, &packet, 1);
        assert_int_equal(packet.packet.status, IPSEC_OK);
        assert_int_equal(p->b.lan.count, 2);
        assert_int_equal(kit_mark(&p->b.lan.item[1]), 2);
        stop(p);
    }
}

static void natt_11_vpp_e7901e88302_esp_in_udp_on_another_port_is_dropped(void **state)
{
    (void)state;
    struct pair *p = start(true);
    struct kit_packet packet;
    const uint16_t ports[] = {499, 4499, 4501, 53, 0};
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        sealed(p, 1, &packet);
        packet.packet.local.port = ports[i];
        kit_wan(&p->b, &packet, 1);
        assert_int_equal(packet.packet.status, IPSEC_DROP_ENCAPSULATION);
    }
    /* On the IKE port it goes to IKE, which will not know it. */
    sealed(p, 1, &packet);
    packet.packet.local.port = KIT_IKE;
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(p->b.ike->inputs, 1);
    assert_int_equal(p->b.lan.count, 0);
    stop(p);
}

static void vpp_e7901e88302_a_manual_sa_keeps_to_its_encapsulation(void **state)
{
    (void)state;
    struct pair *p = start(false);
    struct ipsec_sa_params params = IPSEC_SA_PARAMS_INIT;
    ipsec_handle handle = 0;
    struct kit_packet packet;
    const uint8_t key[64] = {1};
    uint8_t octets[80] = {0, 0, 0x30, 1, 0, 0, 0, 1};
    params.direction = IPSEC_OPEN;
    params.udp_encapsulation = true;
    params.spi = 0x3001;
    params.suite.encr = IPSEC_ENCR_AES_GCM_16;
    params.suite.encr_key_bits = 256;
    params.encr_key.data = key;
    params.encr_key.length = 36;
    params.local = kit_endpoint("192.0.2.2", KIT_NATT);
    params.remote = kit_endpoint("192.0.2.1", KIT_NATT);
    assert_int_equal(ipsec_sad_add(ipsec_gw_sad(p->b.gw), &params, &handle), IPSEC_OK);
    kit_datagram(&packet, IPSEC_CARRIER_ESP, 0, octets, sizeof octets);
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_ENCAPSULATION);
    kit_datagram(&packet, IPSEC_CARRIER_UDP, KIT_NATT, octets, sizeof octets);
    kit_wan(&p->b, &packet, 1);
    assert_int_equal(packet.packet.status, IPSEC_DROP_ICV);
    stop(p);
}

/* ---- Order ----------------------------------------------------------------------------------- */

struct order_probe {
    struct gw_kit *kit;
    size_t delivered_before;
};

static void look_at_lan(struct ipsec_ike *ike, void *user)
{
    struct order_probe *probe = user;
    (void)ike;
    probe->delivered_before = probe->kit->lan.count;
}

static void a_burst_keeps_its_order_around_ike(void **state)
{
    (void)state;
    struct pair *p = start(false);
    struct kit_packet *burst = calloc(5, sizeof *burst);
    struct order_probe probe = {&p->b, 99};
    assert_non_null(burst);
    p->b.ike->on_input = look_at_lan;
    p->b.ike->on_input_user = &probe;
    sealed(p, 1, &burst[0]);
    sealed(p, 2, &burst[1]);
    kit_ike_datagram(&burst[2], KIT_IKE);
    sealed(p, 3, &burst[3]);
    sealed(p, 4, &burst[4]);
    for (size_t i = 0; i < 5; i++) {
        burst[i].packet.buffer = burst[i].octets;
    }
    kit_wan(&p->b, burst, 5);
    assert_int_equal(probe.delivered_before, 2);
    assert_int_equal(p->b.lan.count, 4);
    assert_int_equal(p->b.lan.calls, 2);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(kit_mark(&p->b.lan.item[i]), i + 1);
    }
    assert_int_equal(kit_all_drops(&p->b), 0);
    free(burst);
    stop(p);
}

static void remove_the_child(struct ipsec_ike *ike, void *user)
{
    (void)user;
    ike->config.callbacks.child_remove(ike->config.user, 8);
}

static void esp_behind_an_ike_datagram_that_removes_its_sa_is_dropped(void **state)
{
    (void)state;
    struct pair *p = start(false);
    struct kit_packet burst[3];
    p->b.ike->on_input = remove_the_child;
    sealed(p, 1, &burst[0]);
    kit_ike_datagram(&burst[1], KIT_IKE);
    sealed(p, 2, &burst[2]);
    burst[0].packet.buffer = burst[0].octets;
    kit_wan(&p->b, burst, 3);
    assert_int_equal(burst[0].packet.status, IPSEC_OK);
    assert_int_equal(burst[2].packet.status, IPSEC_DROP_SPI);
    assert_int_equal(p->b.lan.count, 1);
    stop(p);
}

static void a_failed_packet_leaves_no_gap_in_a_burst(void **state)
{
    (void)state;
    struct pair *p = start(false);
    const size_t n = 150; /* more than two parts of a burst */
    struct kit_packet *burst = calloc(n, sizeof *burst);
    assert_non_null(burst);
    for (size_t i = 0; i < n; i++) {
        sealed(p, (uint8_t)i, &burst[i]);
        burst[i].packet.buffer = burst[i].octets;
        if (i % 3 == 1) {
            burst[i].octets[burst[i].packet.offset + 20] ^= 1; /* ICV */
        }
    }
    kit_wan(&p->b, burst, n);
    assert_int_equal(p->b.lan.count, n - n / 3);
    for (size_t i = 0, at = 0; i < n; i++) {
        assert_int_equal(burst[i].packet.status, i % 3 == 1 ? IPSEC_DROP_ICV : IPSEC_OK);
        if (i % 3 != 1) {
            assert_int_equal(kit_mark(&p->b.lan.item[at++]), (uint8_t)i);
        }
    }
    assert_int_equal(kit_drops_in(&p->b, IPSEC_DROP_ICV), n / 3);
    const struct ipsec_gw_counters counters = kit_counters(&p->b);
    assert_int_equal(counters.wan_in, n);
    assert_int_equal(counters.lan_out, n - n / 3);
    free(burst);
    stop(p);
}

static void lan_bursts_keep_their_order_too(void **state)
{
    (void)state;
    struct pair *p = start(false);
    const size_t n = 150;
    struct kit_packet *burst = calloc(n, sizeof *burst);
    assert_non_null(burst);
    for (size_t i = 0; i < n; i++) {
        kit_ping(&p->a, &burst[i], (uint8_t)i);
        if (i % 4 == 2) {
            kit_ipv4(&burst[i], "172.16.0.1", "172.16.0.2", 84, (uint8_t)i);
        }
    }
    kit_lan(&p->a, burst, n);
    const size_t sent = p->a.wan.count;
    assert_int_equal(sent, n - (n + 1) / 4);
    kit_carry(&p->a, &p->b);
    assert_int_equal(p->b.lan.count, sent);
    for (size_t i = 0, at = 0; i < n; i++) {
        assert_int_equal(burst[i].packet.status, i % 4 == 2 ? IPSEC_DROP_NO_POLICY : IPSEC_OK);
        if (i % 4 != 2) {
            assert_int_equal(kit_mark(&p->b.lan.item[at++]), (uint8_t)i);
        }
    }
    free(burst);
    stop(p);
}

/* ---- Re-entry -------------------------------------------------------------------------------- */

static void come_back(struct gw_kit *kit)
{
    struct kit_packet again;
    struct ipsec_packet *const list[] = {&again.packet};
    kit_ping(kit, &again, 9);
    ipsec_gw_lan_input(kit->gw, list, 1, kit->now);
    assert_int_equal(again.packet.status, IPSEC_ERR_REENTRY);
    again.packet.status = IPSEC_OK;
    ipsec_gw_wan_input(kit->gw, list, 1, kit->now);
    assert_int_equal(again.packet.status, IPSEC_ERR_REENTRY);
}

static void a_callback_that_comes_back_is_refused(void **state)
{
    (void)state;
    struct pair *p = start(false);
    struct kit_packet ping;
    p->a.on_wan_send = come_back;
    kit_ping(&p->a, &ping, 1);
    kit_lan(&p->a, &ping, 1);
    assert_int_equal(p->a.wan.count, 1);
    assert_int_equal(kit_counters(&p->a).lan_in, 1);
    stop(p);
}

/* RFC 7296 2.23: the newest authentic packet tells where the peer is, and no other. */
static void natt_09_openiked_baf0c8e_only_the_newest_packet_tells_of_a_move(void **state)
{
    struct pair *p = start(true);
    struct kit_packet packet[4];
    (void)state;
    for (uint8_t i = 0; i < 4; i++) {
        sealed(p, i, &packet[i]);
    }
    kit_wan(&p->b, &packet[1], 1);
    assert_int_equal(p->b.ike->moves, 0);
    /* an older one, a copy, and one that is not authentic */
    packet[0].packet.remote.port = 30001;
    kit_wan(&p->b, &packet[0], 1);
    assert_int_equal(packet[0].packet.status, IPSEC_OK);
    sealed(p, 9, &packet[1]);
    struct kit_packet forged = packet[1];
    forged.packet.buffer = forged.octets;
    forged.packet.remote.port = 30002;
    forged.octets[forged.packet.offset + forged.packet.length - 1] ^= 1;
    kit_wan(&p->b, &forged, 1);
    assert_int_equal(forged.packet.status, IPSEC_DROP_ICV);
    assert_int_equal(p->b.ike->moves, 0);
    /* two of one burst: the newer one counts, and the order of arrival does not */
    packet[3].packet.remote.port = 30004;
    packet[2].packet.remote.port = 30003;
    struct kit_packet burst[2] = {packet[3], packet[2]};
    burst[0].packet.buffer = burst[0].octets;
    burst[1].packet.buffer = burst[1].octets;
    kit_wan(&p->b, burst, 2);
    assert_int_equal(burst[0].packet.status, IPSEC_OK);
    assert_int_equal(burst[1].packet.status, IPSEC_OK);
    assert_int_equal(p->b.ike->moves, 1);
    assert_int_equal(p->b.ike->moved_child, 8);
    assert_int_equal(p->b.ike->moved_to.port, 30004);
    stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(natt_06_12_info_14_cve_2017_12896_demux_table),
        cmocka_unit_test(a_packet_outside_its_buffer_is_refused),
        cmocka_unit_test(ike_gets_the_payload_with_its_marker_and_its_status_is_kept),
        cmocka_unit_test(natt_11_both_encapsulations_are_taken_on_an_sa_of_either),
        cmocka_unit_test(natt_11_vpp_e7901e88302_esp_in_udp_on_another_port_is_dropped),
        cmocka_unit_test(vpp_e7901e88302_a_manual_sa_keeps_to_its_encapsulation),
        cmocka_unit_test(a_burst_keeps_its_order_around_ike),
        cmocka_unit_test(esp_behind_an_ike_datagram_that_removes_its_sa_is_dropped),
        cmocka_unit_test(a_failed_packet_leaves_no_gap_in_a_burst),
        cmocka_unit_test(lan_bursts_keep_their_order_too),
        cmocka_unit_test(a_callback_that_comes_back_is_refused),
        cmocka_unit_test(natt_09_openiked_baf0c8e_only_the_newest_packet_tells_of_a_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
