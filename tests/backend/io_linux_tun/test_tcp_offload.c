/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting and merging TCP packets without a device, in random sizes, against a slow model of its
 * own: checksums octet by octet, headers field by field. RFC 9293 3.1, RFC 6864 4.1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inet_sum.h"
#include "tcp_merge.h"
#include "tcp_model.h"
#include "tcp_split.h"

#define LARGE_BYTES 65535u
#define ROOM_BYTES  9200u
#define HEAD_ROOM   128u
#define ROUNDS      400u

static struct shape random_shape(uint32_t payload_max)
{
    const struct shape s = {.ipv6 = dice(2) == 0,
                            .dont_fragment = dice(2) == 0,
                            .tcp_options = dice(11) * 4,
                            .payload = 1 + dice(payload_max),
                            .flags = (uint8_t)(TCP_ACK | (dice(2) == 0 ? TCP_PSH : 0) |
                                               (dice(4) == 0 ? TCP_FIN : 0) |
                                               (dice(4) == 0 ? TCP_CWR : 0))};
    return s;
}

static uint8_t large[LARGE_BYTES + 200];
static uint8_t octets[TCP_MERGE_MAX][HEAD_ROOM + ROOM_BYTES];
static struct ipsec_packet packets[TCP_MERGE_MAX];
static struct ipsec_packet *list[TCP_MERGE_MAX];

static void empty_packets(void)
{
    for (size_t i = 0; i < TCP_MERGE_MAX; i++) {
        packets[i] = (struct ipsec_packet){
            .buffer = octets[i], .capacity = sizeof octets[i], .offset = HEAD_ROOM};
        list[i] = &packets[i];
    }
}

/* ---- Checksums ------------------------------------------------------------------------------ */

static void sums_agree_with_the_model(void **state)
{
    (void)state;
    static uint8_t data[4200];
    for (uint32_t round = 0; round < 3000; round++) {
        const size_t at = dice(9);
        const size_t length = round < 100 ? round : dice(4100);
        const uint8_t fill = (uint8_t)(dice(3) == 0 ? 0xFF : dice(256));
        const uint32_t start = dice(65536);
        memset(data, fill, sizeof data);
        for (size_t i = 0; i < dice(4000); i++) {
            data[at + i] = (uint8_t)dice(256);
        }
        const uint16_t sum = inet_sum(data + at, length, start);
        const uint32_t model = model_add(data + at, length, start);
        /* 0 and 0xFFFF are the same number in ones' complement. */
        assert_int_equal(sum % 0xFFFF, model % 0xFFFF);
    }
}

/* ---- Cutting -------------------------------------------------------------------------------- */

static void check_segment(const struct tcp_split *s, const uint8_t *at, size_t length,
                          uint32_t from)
{
    const uint8_t *tcp = at + s->tcp_at;
    const uint8_t *whole = large + s->tcp_at;
    const uint32_t payload = (uint32_t)length - s->header_bytes;
    const bool last = from + payload == s->payload_bytes;
    uint8_t flags = whole[13];
    flags &= (uint8_t) ~(from != 0 ? TCP_CWR : 0);
    flags &= (uint8_t) ~(last ? 0 : TCP_FIN | TCP_PSH);
    assert_true(model_is_right(at, length, s->tcp_at));
    assert_int_equal(payload, last ? s->payload_bytes - from : s->mss);
    assert_int_equal(inet_load32(tcp + 4), inet_load32(whole + 4) + from);
    assert_int_equal(tcp[13], flags);
    assert_memory_equal(tcp, whole, 4);
    assert_memory_equal(tcp + 8, whole + 8, 5);
    assert_memory_equal(tcp + 14, whole + 14, 2);
    assert_memory_equal(tcp + 18, whole + 18, s->header_bytes - s->tcp_at - 18);
    assert_memory_equal(at + s->header_bytes, large + s->header_bytes + from, payload);
    if (at[0] >> 4 == 4) {
        assert_int_equal(inet_load16(at + 4), (uint16_t)(inet_load16(large + 4) + (s->made - 1)));
        assert_memory_equal(at + 6, large + 6, 4);
        assert_memory_equal(at + 12, large + 12, 8);
    } else {
        assert_memory_equal(at, large, 4);
        assert_memory_equal(at + 6, large + 6, 34);
    }
}

static void segments_are_what_the_whole_stands_for(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const struct shape shape = random_shape(65000);
        const uint32_t mss = 1 + dice(round % 3 == 0 ? 9000 : 1460);
        const size_t total = build(large, &shape, 1000, 0xFFFFF000u + dice(8192));
        struct tcp_split s;
        uint32_t from = 0;
        uint32_t count = 0;
        assert_true(ipseci_tcp_split_start(&s, large, total, ip_bytes_of(&shape), mss));
        const uint32_t expected = (shape.payload + mss - 1) / mss;
        assert_int_equal(ipseci_tcp_split_left(&s), expected);
        for (size_t length; (length = ipseci_tcp_split_next(&s, octets[0], ROOM_BYTES)) != 0;) {
            check_segment(&s, octets[0], length, from);
            from += (uint32_t)length - s.header_bytes;
            count++;
        }
        assert_int_equal(from, shape.payload);
        assert_int_equal(count, expected);
        assert_int_equal(ipseci_tcp_split_left(&s), 0);
    }
}

static void a_segment_without_room_is_passed_over(void **state)
{
    (void)state;
    const struct shape shape = {.payload = 2500, .flags = TCP_ACK};
    const size_t total = build(large, &shape, 1, 7);
    struct tcp_split s;
    assert_true(ipseci_tcp_split_start(&s, large, total, 20, 1000));
    memset(octets[0], 0xA5, sizeof octets[0]);
    assert_int_equal(ipseci_tcp_split_next(&s, octets[0], 1039), 0);
    assert_int_equal(octets[0][0], 0xA5);
    assert_int_equal(ipseci_tcp_split_left(&s), 2);
    assert_int_equal(ipseci_tcp_split_next(&s, octets[0], 1040), 1040);
    assert_int_equal(inet_load32(octets[0] + 24), 1007);
    assert_int_equal(octets[0][1040], 0xA5);
    assert_int_equal(ipseci_tcp_split_next(&s, octets[0], 1040), 540);
    assert_int_equal(ipseci_tcp_split_next(&s, octets[0], 1040), 0);
}

static void what_is_no_tcp_packet_is_not_cut(void **state)
{
    (void)state;
    struct shape shape = {.payload = 3000, .flags = TCP_ACK};
    struct tcp_split s;
    const size_t total = build(large, &shape, 1, 7);
    assert_true(ipseci_tcp_split_start(&s, large, total, 20, 1000));
    assert_false(ipseci_tcp_split_start(&s, large, total, 24, 1000)); /* IHL says 20 */
    assert_false(ipseci_tcp_split_start(&s, large, total, 20, 0));
    assert_false(ipseci_tcp_split_start(&s, large, 40, 20, 1000)); /* no payload */
    assert_false(ipseci_tcp_split_start(&s, large, 39, 20, 1000));
    assert_false(ipseci_tcp_split_start(&s, large, 10, 20, 1000));
    assert_false(ipseci_tcp_split_start(&s, large, total, 4000, 1000));
    large[32] = 0x40; /* a TCP header of 16 octets */
    assert_false(ipseci_tcp_split_start(&s, large, total, 20, 1000));
    large[32] = 0x50;
    large[9] = 17;
    assert_false(ipseci_tcp_split_start(&s, large, total, 20, 1000));
    large[9] = 6;
    large[6] = 0x20; /* a fragment */
    assert_false(ipseci_tcp_split_start(&s, large, total, 20, 1000));
    large[6] = 0;
    large[0] = 0x55;
    assert_false(ipseci_tcp_split_start(&s, large, total, 20, 1000));
    shape.ipv6 = true;
    const size_t total6 = build(large, &shape, 1, 7);
    assert_true(ipseci_tcp_split_start(&s, large, total6, 40, 1000));
    large[6] = 17;
    assert_false(ipseci_tcp_split_start(&s, large, total6, 40, 1000));
}

/* ---- Merging -------------------------------------------------------------------------------- */

/* The whole that a group stands for, as the system would get it. */
static size_t write_whole(const struct tcp_merge *m, const struct tcp_group *g, uint8_t *out)
{
    ipseci_tcp_merge_header(m, g, out);
    size_t length = g->header_bytes;
    for (uint16_t i = g->first; i != TCP_MERGE_NO_PACKET; i = m->next[i]) {
        const size_t payload = list[i]->length - g->header_bytes;
        memcpy(out + length, list[i]->buffer + list[i]->offset + g->header_bytes, payload);
        length += payload;
    }
    assert_int_equal(length, g->length);
    return length;
}

/* What was cut is merged into what it was, and cutting it again makes the same octets. */
static void merging_undoes_cutting(void **state)
{
    (void)state;
    static uint8_t whole[LARGE_BYTES];
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct shape shape = random_shape(60000);
        shape.flags &= (uint8_t)~TCP_CWR;
        const size_t total = build(large, &shape, 1000, 0xFFFFF000u + dice(8192));
        const size_t ip_bytes = ip_bytes_of(&shape);
        const uint32_t mss = 1000 + dice(8000);
        struct tcp_merge m;
        struct tcp_split s;
        size_t n = 0;
        empty_packets();
        assert_true(ipseci_tcp_split_start(&s, large, total, ip_bytes, mss));
        for (; ipseci_tcp_split_left(&s) != 0; n++) {
            packets[n].length =
                (uint32_t)ipseci_tcp_split_next(&s, octets[n] + HEAD_ROOM, ROOM_BYTES);
        }
        ipseci_tcp_merge(&m, list, n);
        assert_int_equal(m.count, 1);
        assert_int_equal(m.group[0].count, n);
        assert_int_equal(m.group[0].mss, n > 1 ? mss : shape.payload);
        assert_int_equal(write_whole(&m, &m.group[0], whole), total);
        /* The checksum is left to be completed: with it, the packet is the one that was cut. */
        const uint16_t partial = inet_load16(whole + ip_bytes + 16);
        assert_int_equal(partial % 0xFFFF,
                         model_pseudo(whole, (uint32_t)(total - ip_bytes)) % 0xFFFF);
        model_fill(whole, total, ip_bytes);
        assert_memory_equal(whole, large, total);
    }
}

/* Two segments in a row that merge, but for what `spoil` does to the second. */
typedef void (*spoiler)(uint8_t *ip, size_t ip_bytes, uint32_t *length);

static void refill(uint8_t *ip, size_t ip_bytes, uint32_t length)
{
    model_fill(ip, length, ip_bytes);
}

static void spoil_nothing(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    refill(ip, ip_bytes, *length);
}

static void spoil_sequence(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[ip_bytes + 7]++;
    refill(ip, ip_bytes, *length);
}

static void spoil_acknowledgement(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[ip_bytes + 11]++;
    refill(ip, ip_bytes, *length);
}

static void spoil_window(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[ip_bytes + 15]++;
    refill(ip, ip_bytes, *length);
}

static void spoil_option(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[ip_bytes + 22]++;
    refill(ip, ip_bytes, *length);
}

static void spoil_payload(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    (void)ip_bytes;
    ip[*length - 1] ^= 1; /* and the checksum tells */
}

static void spoil_ttl(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[ip_bytes == 40 ? 7 : 8]--;
    refill(ip, ip_bytes, *length);
}

static void spoil_class(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[1] ^= 0x10; /* IPv4: DSCP; IPv6: traffic class */
    refill(ip, ip_bytes, *length);
}

static void spoil_syn(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[ip_bytes + 13] |= 0x02;
    refill(ip, ip_bytes, *length);
}

static void spoil_urgent(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[ip_bytes + 13] |= 0x20;
    refill(ip, ip_bytes, *length);
}

static void spoil_cwr(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[ip_bytes + 13] |= TCP_CWR;
    refill(ip, ip_bytes, *length);
}

static void spoil_echo(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    ip[ip_bytes + 13] |= 0x40;
    refill(ip, ip_bytes, *length);
}

static void spoil_data(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    *length = (uint32_t)ip_bytes + 32; /* an acknowledgement alone */
    inet_store16(ip + (ip_bytes == 40 ? 4 : 2), ip_bytes == 40 ? 32 : *length);
    refill(ip, ip_bytes, *length);
}

static void spoil_id(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    if (ip_bytes == 20) {
        ip[4] ^= 1;
    } else {
        ip[3]++; /* flow label */
    }
    refill(ip, ip_bytes, *length);
}

static void spoil_header_sum(uint8_t *ip, size_t ip_bytes, uint32_t *length)
{
    if (ip_bytes == 20) {
        ip[10]++;
    } else {
        spoil_payload(ip, ip_bytes, length);
    }
}

static void only_what_may_be_merged_is(void **state)
{
    (void)state;
    static const spoiler spoilers[] = {spoil_nothing, spoil_sequence, spoil_acknowledgement,
                                       spoil_window,  spoil_option,   spoil_payload,
                                       spoil_ttl,     spoil_class,    spoil_syn,
                                       spoil_urgent,  spoil_cwr,      spoil_echo,
                                       spoil_data,    spoil_id,       spoil_header_sum};
    for (size_t i = 0; i < 4 * (sizeof spoilers / sizeof spoilers[0]); i++) {
        const bool second = i % 2 == 0; /* else the first is spoilt */
        const struct shape shape = {
            .ipv6 = i / 2 % 2 != 0, .tcp_options = 12, .payload = 2000, .flags = TCP_ACK};
        struct tcp_merge m;
        struct tcp_split s;
        empty_packets();
        const size_t total = build(large, &shape, 9, 77);
        assert_true(ipseci_tcp_split_start(&s, large, total, ip_bytes_of(&shape), 1000));
        for (size_t n = 0; n < 2; n++) {
            packets[n].length =
                (uint32_t)ipseci_tcp_split_next(&s, octets[n] + HEAD_ROOM, ROOM_BYTES);
        }
        const size_t victim = second ? 1 : 0;
        spoilers[i / 4](octets[victim] + HEAD_ROOM, ip_bytes_of(&shape), &packets[victim].length);
        ipseci_tcp_merge(&m, list, 2);
        assert_int_equal(m.count, i / 4 == 0 ? 1 : 2);
        if (m.count == 2) {
            assert_int_equal(m.group[0].first, 0);
            assert_int_equal(m.group[1].first, 1);
            assert_int_equal(m.group[0].length, packets[0].length);
        }
    }
}

/* With DF, an IPv4 ID means nothing (RFC 6864 4.1), and is not looked at. */
static void ids_count_only_without_df(void **state)
{
    (void)state;
    const struct shape shape = {.dont_fragment = true, .payload = 2000, .flags = TCP_ACK};
    struct tcp_merge m;
    struct tcp_split s;
    empty_packets();
    assert_true(ipseci_tcp_split_start(&s, large, build(large, &shape, 9, 77), 20, 1000));
    for (size_t n = 0; n < 2; n++) {
        packets[n].length = (uint32_t)ipseci_tcp_split_next(&s, octets[n] + HEAD_ROOM, ROOM_BYTES);
        octets[n][HEAD_ROOM + 4] = octets[n][HEAD_ROOM + 5] = 0;
        model_fill(octets[n] + HEAD_ROOM, packets[n].length, 20);
    }
    ipseci_tcp_merge(&m, list, 2);
    assert_int_equal(m.count, 1);
}

/* Nothing is put behind PSH, FIN or a short segment, and no more than 64 kB together. */
static void a_group_ends_where_the_sender_ended_it(void **state)
{
    (void)state;
    static const uint8_t flags[] = {TCP_ACK, TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN};
    struct tcp_merge m;
    for (size_t kind = 0; kind < 4; kind++) {
        uint32_t sequence = 5;
        empty_packets();
        for (size_t n = 0; n < 3; n++) {
            const struct shape shape = {.ipv6 = true,
                                        .payload = kind == 3 && n == 1 ? 999 : 1000,
                                        .flags = n == 1 ? flags[kind % 3] : TCP_ACK};
            packets[n].length = (uint32_t)build(octets[n] + HEAD_ROOM, &shape, 9, sequence);
            sequence += shape.payload;
        }
        ipseci_tcp_merge(&m, list, 3);
        assert_int_equal(m.count, kind == 0 ? 1 : 2);
        assert_int_equal(m.group[0].count, kind == 0 ? 3 : 2);
    }
    uint32_t sequence = 5;
    empty_packets();
    for (size_t n = 0; n < 20; n++) {
        const struct shape shape = {.ipv6 = true, .payload = 8000, .flags = TCP_ACK};
        packets[n].length = (uint32_t)build(octets[n] + HEAD_ROOM, &shape, 9, sequence);
        sequence += shape.payload;
    }
    ipseci_tcp_merge(&m, list, 20);
    assert_int_equal(m.count, 3);
    assert_int_equal(m.group[0].count, 8);
    assert_int_equal(m.group[2].count, 4);
}

/* ---- Order ---------------------------------------------------------------------------------- */

/* One of what a burst can hold; the last octet tells which it was. */
static void put_something(size_t n, uint32_t sequence[4])
{
    const uint16_t port = (uint16_t)dice(4);
    const struct shape shape = {.ipv6 = port % 2 != 0,
                                .dont_fragment = true,
                                .payload = dice(5) == 0 ? 1 + dice(1000) : 1000,
                                .flags = (uint8_t)(dice(12) == 0 ? TCP_ACK | TCP_PSH : TCP_ACK)};
    uint8_t *ip = octets[n] + HEAD_ROOM;
    if (dice(15) == 0) {
        sequence[port] += 1; /* one is missing */
    }
    packets[n].length = (uint32_t)build(ip, &shape, port, sequence[port]);
    sequence[port] += shape.payload;
    ip[packets[n].length - 1] = (uint8_t)n;
    model_fill(ip, packets[n].length, ip_bytes_of(&shape));
    if (!shape.ipv6 && dice(20) == 0) {
        ip[9] = 17; /* UDP, as far as one can see */
    } else if (!shape.ipv6 && dice(30) == 0) {
        ip[6] = 0x20; /* a fragment */
    } else if (dice(60) == 0) {
        packets[n].length = dice(40);
    }
}

static int flow_of_packet(size_t n)
{
    const uint8_t *ip = octets[n] + HEAD_ROOM;
    if (packets[n].length < 61 || (ip[0] == 0x45 && ip[9] != 6)) {
        return -1;
    }
    return ip[ip[0] == 0x45 ? 21 : 41];
}

static void every_packet_is_in_one_group_and_flows_keep_their_order(void **state)
{
    (void)state;
    uint32_t merged = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t sequence[4] = {1, 1, 1, 1};
        int last[4] = {-1, -1, -1, -1};
        bool seen[TCP_MERGE_MAX] = {false};
        const size_t n = 1 + dice(TCP_MERGE_MAX);
        struct tcp_merge m;
        size_t count = 0;
        empty_packets();
        for (size_t i = 0; i < n; i++) {
            put_something(i, sequence);
        }
        ipseci_tcp_merge(&m, list, n);
        for (size_t g = 0; g < m.count; g++) {
            merged += m.group[g].count > 1;
            for (uint16_t i = m.group[g].first; i != TCP_MERGE_NO_PACKET; i = m.next[i]) {
                const int flow = flow_of_packet(i);
                assert_false(seen[i]);
                seen[i] = true;
                count++;
                if (flow >= 0) {
                    assert_true(last[flow] < i);
                    last[flow] = i;
                }
            }
        }
        assert_int_equal(count, n);
    }
    assert_true(merged > ROUNDS); /* the rounds were about something */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_agree_with_the_model),
        cmocka_unit_test(segments_are_what_the_whole_stands_for),
        cmocka_unit_test(a_segment_without_room_is_passed_over),
        cmocka_unit_test(what_is_no_tcp_packet_is_not_cut),
        cmocka_unit_test(merging_undoes_cutting),
        cmocka_unit_test(only_what_may_be_merged_is),
        cmocka_unit_test(ids_count_only_without_df),
        cmocka_unit_test(a_group_ends_where_the_sender_ended_it),
        cmocka_unit_test(every_packet_is_in_one_group_and_flows_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
