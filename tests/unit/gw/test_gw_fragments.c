/* SPDX-License-Identifier: Apache-2.0
 *
 * Outer datagrams that come in fragments: in any order, too many, too long, too late, overlapping,
 * contradicting each other. RFC 4303 3.4.1, RFC 8200 4.5, RFC 5722, RFC 3168 5.3.
 */
#include "gw_kit.h"

#include "bytes.h"
#include "ip_header.h"

#define IPV4 20
#define IPV6 40
#define LAST 3000 /* up to the end */

static struct gw_kit a;
static struct gw_kit b;
static struct kit_packet whole; /* sealed by A */
static struct kit_packet piece;
static uint32_t header; /* octets of its IP header */

static void start(uint32_t fragment_max, bool ipv6, bool udp)
{
    const struct kit_child at_a = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001, .udp = udp};
    const struct kit_child at_b = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001, .udp = udp};
    kit_init(&a, false);
    kit_init(&b, true);
    a.config.outer = b.config.outer = IPSEC_OUTER_IP;
    b.config.fragment_max = fragment_max;
    header = ipv6 ? IPV6 : IPV4;
    if (ipv6) {
        a.peer.local = b.peer.remote = kit_endpoint("2001:db8::1", 0);
        a.peer.remote = b.peer.local = kit_endpoint("2001:db8::2", 0);
    }
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

static void make(uint32_t length, uint8_t mark)
{
    a.wan.count = 0;
    kit_ipv4(&whole, "192.168.1.10", "192.168.2.10", length, mark);
    kit_lan(&a, &whole, 1);
    assert_int_equal(a.wan.count, 1);
    kit_received(&a, 0, &whole);
    assert_int_equal(whole.packet.length > header, 1);
}

static uint32_t payload(void)
{
    return whole.packet.length - header;
}

/* Octets from `from` to `end` of what follows the IP header, as a fragment with this ID. */
static void cut(uint32_t from, uint32_t end, bool more, uint16_t id)
{
    const uint8_t *ip = kit_content(&whole);
    const uint32_t length = (end > payload() ? payload() : end) - from;
    const uint32_t head = header == IPV6 ? IPV6 + 8 : IPV4;
    piece = whole;
    piece.packet.buffer = piece.octets;
    piece.packet.offset = KIT_OFFSET;
    piece.packet.length = head + length;
    uint8_t *to = piece.octets + KIT_OFFSET;
    memcpy(to, ip, header);
    memcpy(to + head, ip + header + from, length);
    if (header == IPV4) {
        ipseci_store16(to + 2, (uint16_t)(head + length));
        ipseci_store16(to + 4, id);
        ipseci_store16(to + 6, (uint16_t)(from / 8 | (more ? 0x2000 : 0)));
        return;
    }
    ipseci_store16(to + 4, (uint16_t)(8 + length));
    to[IPV6] = to[6];
    to[IPV6 + 1] = 0;
    to[6] = IPSECI_IP_FRAGMENT;
    ipseci_store16(to + IPV6 + 2, (uint16_t)(from | (more ? 1 : 0)));
    ipseci_store32(to + IPV6 + 4, id);
}

/* Hands it to B; its status. */
static int32_t give(void)
{
    kit_wan(&b, &piece, 1);
    return piece.packet.status;
}

static int32_t give_part(uint32_t from, uint32_t end)
{
    cut(from, end, end < payload(), 1);
    return give();
}

static void expect_delivered(size_t count, uint32_t length, uint8_t mark)
{
    assert_int_equal(b.lan.count, count);
    if (count != 0) {
        assert_int_equal(b.lan.item[count - 1].packet.length, length);
        assert_int_equal(kit_mark(&b.lan.item[count - 1]), mark);
    }
}

static void spd_12_pieces_in_any_order_make_the_whole(void **state)
{
    static const uint32_t limit[4] = {0, 8, 64, LAST};
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        start(4, (kind & 1) != 0, (kind & 2) != 0);
        for (uint8_t i = 0; i < 6; i++) {
            make(200, i);
            for (unsigned j = 0; j < 3; j++) {
                const unsigned k = orders[i][j];
                assert_int_equal(b.lan.count, i);
                assert_int_equal(give_part(limit[k], limit[k + 1]), IPSEC_PENDING);
            }
            expect_delivered(i + 1u, 200, i);
        }
        const struct ipsec_gw_counters counters = kit_counters(&b);
        assert_true(counters.fragments_in == 18 && counters.reassembled == 6);
        assert_int_equal(kit_all_drops(&b), 0);
        stop();
    }
}

/* Those of two datagrams mixed, in one burst. */
static void datagrams_are_told_apart(void **state)
{
    (void)state;
    static struct kit_packet burst[4];
    start(8, false, false);
    for (uint16_t i = 0; i < 2; i++) {
        make(100, (uint8_t)(50 + i));
        for (uint16_t j = 0; j < 2; j++) {
            cut(j * 40u, j == 0 ? 40 : LAST, j == 0, (uint16_t)(i + 5));
            burst[2 * j + i] = piece;
            burst[2 * j + i].packet.buffer = burst[2 * j + i].octets;
        }
    }
    kit_wan(&b, burst, 4);
    expect_delivered(2, 100, 51);
    assert_int_equal(kit_mark(&b.lan.item[0]), 50);
    assert_int_equal(kit_all_drops(&b), 0);
    stop();
}

static void ike_comes_in_pieces_too(void **state)
{
    (void)state;
    start(4, false, true);
    make(100, 1);
    uint8_t *udp = whole.packet.buffer + whole.packet.offset + IPV4;
    memset(udp + 8, 0, 4); /* the non-ESP marker: IKE */
    assert_int_equal(give_part(40, LAST), IPSEC_PENDING);
    assert_int_equal(b.ike->inputs, 0);
    assert_int_equal(give_part(0, 40), IPSEC_PENDING);
    assert_int_equal(b.ike->inputs, 1);
    assert_int_equal(b.lan.count, 0);
    stop();
}

/* RFC 5722: neither the first nor the last word counts, and what still comes is dropped too. */
static void overlaps_spoil_the_whole(void **state)
{
    static const uint32_t again[][2] = {{0, 40}, {32, 40}, {0, 48}, {32, 80}, {0, 160}, {64, LAST}};
    (void)state;
    for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
        for (size_t i = 0; i < sizeof again / sizeof again[0]; i++) {
            start(4, ipv6 != 0, false);
            make(200, 9);
            assert_int_equal(give_part(0, 40), IPSEC_PENDING);
            assert_int_equal(give_part(96, LAST), IPSEC_PENDING);
            assert_int_equal(give_part(again[i][0], again[i][1]), IPSEC_DROP_FRAGMENT);
            assert_int_equal(give_part(40, 96), IPSEC_DROP_FRAGMENT);
            expect_delivered(0, 0, 0);
            assert_int_equal(kit_drops_in(&b, IPSEC_DROP_FRAGMENT), 2);
            stop();
        }
    }
}

static void contradictions_spoil_the_whole(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        start(4, false, false);
        make(200, 9);
        assert_int_equal(give_part(0, 40), IPSEC_PENDING);
        if (kind == 0) {
            cut(40, 47, true, 1); /* no multiple of eight */
        } else if (kind == 1) {
            cut(40, 40, true, 1); /* empty */
        } else if (kind == 2) {
            assert_int_equal(give_part(96, LAST), IPSEC_PENDING);
            cut(40, 48, false, 1); /* an end before what is there */
        } else {
            cut(40, 96, true, 1); /* so far away that no packet can be so long */
            ipseci_store16(piece.octets + KIT_OFFSET + 6, 0x3fff);
        }
        assert_int_equal(give(), IPSEC_DROP_FRAGMENT);
        assert_int_equal(give_part(40, 96), IPSEC_DROP_FRAGMENT);
        assert_int_equal(give_part(96, LAST), IPSEC_DROP_FRAGMENT);
        expect_delivered(0, 0, 0);
        stop();
    }
}

/* A datagram that claims an end and then more. */
static void nothing_comes_after_the_end(void **state)
{
    (void)state;
    start(4, false, false);
    make(200, 9);
    cut(40, 48, false, 1);
    assert_int_equal(give(), IPSEC_PENDING);
    cut(48, 96, true, 1);
    assert_int_equal(give(), IPSEC_DROP_FRAGMENT);
    assert_int_equal(give_part(0, 40), IPSEC_DROP_FRAGMENT);
    expect_delivered(0, 0, 0);
    stop();
}

/* What is whole but wrong inside is for ESP to find. */
static void a_forged_piece_fails_the_check(void **state)
{
    (void)state;
    start(4, false, false);
    make(200, 9);
    assert_int_equal(give_part(0, 40), IPSEC_PENDING);
    cut(40, LAST, false, 1);
    piece.octets[KIT_OFFSET + IPV4 + 30] ^= 1;
    assert_int_equal(give(), IPSEC_PENDING);
    expect_delivered(0, 0, 0);
    assert_int_equal(kit_drops_in(&b, IPSEC_DROP_ICV), 1);
    stop();
}

static int32_t begin_from(uint8_t source, uint16_t id)
{
    cut(0, 40, true, id);
    piece.octets[KIT_OFFSET + 15] = source;
    return give();
}

static void one_source_has_a_part_of_the_places(void **state)
{
    (void)state;
    start(8, false, false);
    make(200, 9);
    for (uint16_t id = 1; id <= 2; id++) {
        assert_int_equal(begin_from(1, id), IPSEC_PENDING);
    }
    assert_int_equal(begin_from(1, 3), IPSEC_DROP_FULL);
    for (uint8_t source = 2; source <= 7; source++) {
        assert_int_equal(begin_from(source, 1), IPSEC_PENDING);
    }
    assert_int_equal(begin_from(8, 1), IPSEC_DROP_FULL);
    assert_int_equal(kit_drops_in(&b, IPSEC_DROP_FULL), 2);
    /* After a second the oldest gives way. */
    b.now += 1000;
    assert_int_equal(begin_from(8, 1), IPSEC_PENDING);
    assert_int_equal(kit_drops_in(&b, IPSEC_DROP_FRAGMENT), 1);
    assert_int_equal(begin_from(8, 2), IPSEC_PENDING);
    assert_int_equal(begin_from(8, 3), IPSEC_DROP_FULL);
    stop();
}

static void pieces_that_are_late_find_nothing(void **state)
{
    (void)state;
    start(4, false, false);
    make(200, 9);
    assert_int_equal(give_part(0, 40), IPSEC_PENDING);
    b.now += 29999;
    assert_int_equal(give_part(40, 96), IPSEC_PENDING);
    b.now += 1;
    assert_int_equal(give_part(96, LAST), IPSEC_PENDING); /* of a new one */
    assert_int_equal(kit_drops_in(&b, IPSEC_DROP_FRAGMENT), 1);
    expect_delivered(0, 0, 0);
    assert_int_equal(give_part(0, 96), IPSEC_PENDING);
    expect_delivered(1, 200, 9);
    stop();
}

/* RFC 3168 5.3. */
static void marks_of_congestion_are_kept(void **state)
{
    static const struct {
        uint8_t first;
        uint8_t second;
        bool arrives;
    } rows[] = {{0, 0, true}, {2, 2, true},  {2, 3, true},
                {3, 2, true}, {0, 3, false}, {3, 0, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        start(4, false, false);
        kit_ipv4(&whole, "192.168.1.10", "192.168.2.10", 200, 9);
        whole.octets[KIT_OFFSET + 1] = IPSECI_ECN_ECT0;
        kit_lan(&a, &whole, 1);
        kit_received(&a, 0, &whole);
        cut(0, 40, true, 1);
        piece.octets[KIT_OFFSET + 1] = rows[i].first;
        assert_int_equal(give(), IPSEC_PENDING);
        cut(40, LAST, false, 1);
        piece.octets[KIT_OFFSET + 1] = rows[i].second;
        assert_int_equal(give(), rows[i].arrives ? IPSEC_PENDING : IPSEC_DROP_FRAGMENT);
        expect_delivered(rows[i].arrives, 200, 9);
        if (rows[i].arrives) {
            const bool marked = rows[i].first == 3 || rows[i].second == 3;
            assert_int_equal(kit_content(&b.lan.item[0])[1], marked ? 3 : 2);
        }
        stop();
    }
}

static void without_room_all_pieces_are_dropped(void **state)
{
    (void)state;
    start(0, false, false);
    make(200, 9);
    assert_int_equal(give_part(0, 40), IPSEC_DROP_FRAGMENT);
    assert_int_equal(give_part(40, LAST), IPSEC_DROP_FRAGMENT);
    assert_int_equal(kit_drops_in(&b, IPSEC_DROP_FRAGMENT), 2);
    stop();
}

/* Any pieces in any order: what arrives is whole and right. */
static void pieces_at_random(void **state)
{
    uint64_t seed = 20;
    uint32_t arrived = 0;
    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        start(1 + round % 5, round % 2 != 0, false);
        make(60 + round, 7);
        for (unsigned i = 0; i < 40; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            const uint32_t size = 8u << (seed >> 33) % 6;
            const uint32_t count = (payload() + size - 1) / size;
            const uint32_t from = (uint32_t)(seed >> 40) % count * size;
            const bool lies = (seed >> 60) == 0;
            const bool more = (from + size < payload()) != lies;
            if (from == 0 && !more) {
                continue; /* would be no fragment */
            }
            cut(from, from + size, more, (uint16_t)(seed >> 58 & 1));
            const int32_t status = give();
            assert_true(status == IPSEC_PENDING || status == IPSEC_DROP_FRAGMENT ||
                        status == IPSEC_DROP_FULL);
            b.now += (seed >> 50) % 3 == 0 ? 400 : 0;
        }
        assert_in_range(b.lan.count, 0, 1); /* a copy is a replay */
        expect_delivered(b.lan.count, 60 + round, 7);
        arrived += (uint32_t)b.lan.count;
        stop();
    }
    assert_true(arrived > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spd_12_pieces_in_any_order_make_the_whole),
        cmocka_unit_test(datagrams_are_told_apart),
        cmocka_unit_test(ike_comes_in_pieces_too),
        cmocka_unit_test(overlaps_spoil_the_whole),
        cmocka_unit_test(contradictions_spoil_the_whole),
        cmocka_unit_test(nothing_comes_after_the_end),
        cmocka_unit_test(a_forged_piece_fails_the_check),
        cmocka_unit_test(one_source_has_a_part_of_the_places),
        cmocka_unit_test(pieces_that_are_late_find_nothing),
        cmocka_unit_test(marks_of_congestion_are_kept),
        cmocka_unit_test(without_room_all_pieces_are_dropped),
        cmocka_unit_test(pieces_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
