/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of what is said and done about packets that are too big: ICMP messages, the size TCP
 * offers, fragments.
 */
#include "icmp.h"
#include "ip_fragment.h"
#include "ip_header.h"
#include "udp_encap.h"
#include "wire_test.h"

#include <ipsec/mtu.h>

#include <stdlib.h>

static uint8_t packet[4000];
static uint8_t message[IPSEC_TOO_BIG_BYTES];

static const uint8_t src[16] = {0x2d, 1, 2, 3, [15] = 9};
static const uint8_t dst[16] = {0x2d, 9, 8, 7, [15] = 1};

/* Of either family; what follows the header counts up. */
static struct ipsec_view make(uint8_t family, uint8_t protocol, size_t length)
{
    const struct ipseci_ip_outer ip = {
        .family = family, .protocol = protocol, .ttl = 9, .id = 0x4321, .src = src, .dst = dst};
    const size_t header = family == 4 ? 20 : 40;
    for (size_t i = header; i < length; i++) {
        packet[i] = (uint8_t)(i * 3);
    }
    assert_int_equal(ipseci_ip_build(packet, &ip, length - header), header);
    return ipseci_view(packet, length);
}

static struct ipsec_addr addr_of(uint8_t family, const uint8_t *octets)
{
    struct ipsec_addr addr = {.family = family};
    memcpy(addr.bytes, octets, family == 4 ? 4 : 16);
    return addr;
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void pmtu_02_messages_of_both_families(void **state)
{
    (void)state;
    static const size_t lengths[] = {60, 576, 577, 1280, 1281, 3000};
    for (size_t i = 0; i < 12; i++) {
        const uint8_t family = i % 2 == 0 ? 4 : 6;
        const size_t header = family == 4 ? 20 : 40;
        const size_t most = family == 4 ? 576 : 1280;
        const size_t whole = lengths[i / 2] + header + 8;
        size_t length = 0;
        struct ipseci_flow flow;
        struct ipseci_too_big said;
        const struct ipsec_view about = make(family, 17, lengths[i / 2]);
        assert_int_equal(ipsec_too_big_build(about, 1400, NULL, message, &length), IPSEC_OK);
        assert_int_equal(length, whole < most ? whole : most);
        assert_int_equal(ipseci_ip_parse(ipseci_view(message, length), &flow), IPSEC_OK);
        assert_int_equal(flow.total_length, length);
        assert_memory_equal(flow.src, dst, header == 20 ? 4 : 16);
        assert_memory_equal(flow.dst, src, header == 20 ? 4 : 16);
        assert_int_equal(flow.protocol, family == 4 ? 1 : 58);
        if (family == 4) {
            assert_true(ipseci_ipv4_checksum_valid(message));
        } else {
            const struct ipsec_addr from = addr_of(6, dst);
            const struct ipsec_addr to = addr_of(6, src);
            assert_int_equal(
                ipseci_upper_checksum(&from, &to, 58, ipseci_view(message + 40, length - 40)), 0);
        }
        assert_true(ipseci_too_big_parse(ipseci_view(message, length), &said));
        assert_int_equal(said.mtu, 1400);
        assert_int_equal(said.family, family);
        assert_int_equal(said.protocol, 17);
        assert_memory_equal(said.dst, dst, family == 4 ? 4 : 16);
        assert_memory_equal(said.upper.data, packet + header, 8);
    }
}

static void pmtu_08_an_ipv6_sender_is_never_told_less_than_1280(void **state)
{
    (void)state;
    size_t length = 0;
    struct ipseci_too_big said;
    const struct ipsec_view about = make(6, 6, 1500);
    assert_int_equal(ipsec_too_big_build(about, 900, NULL, message, &length), IPSEC_OK);
    assert_true(ipseci_too_big_parse(ipseci_view(message, length), &said));
    assert_int_equal(said.mtu, 1280);
}

static enum ipsec_status build(struct ipsec_view about)
{
    size_t length = 0;
    return ipsec_too_big_build(about, 1000, NULL, message, &length);
}

static void pmtu_07_some_packets_are_not_spoken_of(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        struct ipsec_view about = make(4, 1, 100);
        packet[20] = (uint8_t)type;
        const bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
        assert_int_equal(build(about), error ? IPSEC_DROP_POLICY : IPSEC_OK);
        about = make(6, 58, 100);
        packet[40] = (uint8_t)type;
        assert_int_equal(build(about), type < 128 ? IPSEC_DROP_POLICY : IPSEC_OK);
    }
    struct ipsec_view about = make(4, 17, 100);
    packet[7] = 1; /* a later fragment */
    assert_int_equal(build(about), IPSEC_DROP_POLICY);
    about = make(4, 17, 100);
    packet[16] = 224; /* to a group */
    assert_int_equal(build(about), IPSEC_DROP_POLICY);
    about = make(6, 17, 100);
    packet[24] = 0xff; /* which RFC 4443 allows */
    assert_int_equal(build(about), IPSEC_OK);
    packet[8] = 0xff;
    assert_int_equal(build(about), IPSEC_DROP_POLICY);
    about = make(4, 17, 100);
    memset(packet + 12, 0, 4);
    assert_int_equal(build(about), IPSEC_DROP_POLICY);
}

static void what_can_not_be_built_is_said(void **state)
{
    (void)state;
    size_t length = 0;
    const struct ipsec_addr from = addr_of(6, src);
    const struct ipsec_view about = make(4, 17, 100);
    assert_int_equal(ipsec_too_big_build(about, 1, &from, message, &length), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_too_big_build(about, 1, NULL, NULL, &length), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_too_big_build(ipseci_view(packet, 99), 1, NULL, message, &length),
                     IPSEC_DROP_TRUNCATED);
    const struct ipsec_addr router = addr_of(4, (const uint8_t[]){10, 0, 0, 1});
    assert_int_equal(ipsec_too_big_build(about, 1, &router, message, &length), IPSEC_OK);
    assert_memory_equal(message + 12, router.bytes, 4);
}

/* The checksum of an ICMP message that was changed is right again. */
static void sum_again(uint8_t family, uint8_t *ip, size_t length)
{
    const size_t at = family == 4 ? 20 : 40;
    const struct ipsec_view octets = ipseci_view(ip + at, length - at);
    const struct ipsec_addr from = addr_of(family, ip + (family == 4 ? 12 : 8));
    const struct ipsec_addr to = addr_of(family, ip + (family == 4 ? 16 : 24));
    ipseci_store16(ip + at + 2, 0);
    ipseci_store16(ip + at + 2, family == 4 ? ipseci_checksum(octets, 0)
                                            : ipseci_upper_checksum(&from, &to, 58, octets));
}

/* RFC 4443 2.3, RFC 792: what was changed on its way says nothing. */
static void pmtu_04_a_wrong_checksum_is_not_believed(void **state)
{
    (void)state;
    struct ipseci_too_big said;
    size_t length = 0;
    for (unsigned family = 4; family <= 6; family += 2) {
        const size_t header = family == 4 ? 20 : 40;
        assert_int_equal(
            ipsec_too_big_build(make((uint8_t)family, 50, 100), 1400, NULL, message, &length),
            IPSEC_OK);
        for (size_t at = header; at < length; at++) {
            message[at] ^= 0x10;
            assert_false(ipseci_too_big_parse(ipseci_view(message, length), &said));
            message[at] ^= 0x10;
        }
        message[header + 7] ^= 0x10; /* the MTU */
        sum_again((uint8_t)family, message, length);
        assert_true(ipseci_too_big_parse(ipseci_view(message, length), &said));
        assert_int_equal(said.mtu, 1400 ^ 0x10);
    }
    message[9] ^= 1; /* who says so is in the checksum of ICMPv6 */
    assert_false(ipseci_too_big_parse(ipseci_view(message, length), &said));
}

static void pmtu_04_other_messages_are_not_read(void **state)
{
    (void)state;
    struct ipseci_too_big said;
    size_t length = 0;
    for (unsigned family = 4; family <= 6; family += 2) {
        const size_t at = family == 4 ? 20 : 40;
        assert_int_equal(
            ipsec_too_big_build(make((uint8_t)family, 50, 100), 1000, NULL, message, &length),
            IPSEC_OK);
        assert_true(ipseci_too_big_parse(ipseci_view(message, length), &said));
        for (size_t cut = 0; cut < length; cut++) { /* shorter than its header says */
            assert_false(ipseci_too_big_parse(ipseci_view(message, cut), &said));
        }
        for (size_t quoted = 0; quoted < at + 8; quoted++) { /* and by its header as well */
            uint8_t *exact = malloc(at + 8 + quoted);
            assert_non_null(exact);
            memcpy(exact, message, at + 8 + quoted);
            ipseci_ip_set_length(exact, (uint16_t)(at + 8 + quoted));
            sum_again((uint8_t)family, exact, at + 8 + quoted);
            assert_false(ipseci_too_big_parse(ipseci_view(exact, at + 8 + quoted), &said));
            free(exact);
        }
        message[at] ^= 1; /* another type */
        sum_again((uint8_t)family, message, length);
        assert_false(ipseci_too_big_parse(ipseci_view(message, length), &said));
        message[at] ^= 1;
        message[at + 1] ^= 1; /* another code */
        sum_again((uint8_t)family, message, length);
        assert_false(ipseci_too_big_parse(ipseci_view(message, length), &said));
    }
    assert_int_equal(ipsec_too_big_build(make(4, 50, 100), 1000, NULL, message, &length), IPSEC_OK);
    message[28] = 0x44; /* a quoted header that is too short */
    sum_again(4, message, length);
    assert_false(ipseci_too_big_parse(ipseci_view(message, length), &said));
}

/* ---- TCP ------------------------------------------------------------------------------------- */

/* A SYN with these options; the checksum is right. */
static size_t syn(uint8_t family, const uint8_t *options, size_t count)
{
    const size_t header = family == 4 ? 20 : 40;
    const size_t length = header + 20 + count;
    uint8_t *tcp = packet + header;
    (void)make(family, 6, length);
    memset(tcp, 0, 20);
    tcp[12] = (uint8_t)((20 + count) / 4 << 4);
    tcp[13] = 2;
    memcpy(tcp + 20, options, count);
    const struct ipsec_addr from = addr_of(family, src);
    const struct ipsec_addr to = addr_of(family, dst);
    ipseci_store16(tcp + 16, ipseci_upper_checksum(&from, &to, 6, ipseci_view(tcp, 20 + count)));
    return length;
}

static void check_sum(uint8_t family, size_t length)
{
    const size_t header = family == 4 ? 20 : 40;
    const struct ipsec_addr from = addr_of(family, src);
    const struct ipsec_addr to = addr_of(family, dst);
    assert_int_equal(
        ipseci_upper_checksum(&from, &to, 6, ipseci_view(packet + header, length - header)), 0);
}

static void a_syn_offers_no_more_than_fits(void **state)
{
    (void)state;
    static const uint8_t even[] = {2, 4, 0x05, 0xb4, 1, 1, 4, 2};
    static const uint8_t odd[] = {1, 2, 4, 0x05, 0xb4, 1, 1, 0};
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t family = i % 2 == 0 ? 4 : 6;
        const size_t header = family == 4 ? 20 : 40;
        const size_t at = header + 20 + (i / 2 == 0 ? 2 : 3);
        for (uint32_t mtu = 100; mtu < 1600; mtu++) {
            const size_t length = syn(family, i / 2 == 0 ? even : odd, 8);
            const uint32_t fits = mtu - (uint32_t)header - 20;
            assert_int_equal(ipsec_tcp_mss_clamp(packet, length, mtu), fits < 1460);
            assert_int_equal(ipseci_load16(packet + at), fits < 1460 ? fits : 1460);
            check_sum(family, length);
        }
    }
}

static void other_segments_are_left_alone(void **state)
{
    (void)state;
    static const uint8_t good[] = {2, 4, 0x05, 0xb4};
    static const uint8_t bad[][8] = {{3, 3, 7, 0, 0, 0, 0, 0},   {8, 0, 2, 4, 5, 180, 0, 0},
                                     {8, 9, 2, 4, 5, 180, 0, 0}, {0, 2, 4, 5, 180, 0, 0, 0},
                                     {2, 3, 5, 180, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 1, 1, 2},
                                     {1, 1, 1, 1, 2, 5, 5, 180}};
    static uint8_t before[200];
    for (size_t i = 0; i < 7; i++) {
        const size_t length = syn(4, bad[i], 8);
        memcpy(before, packet, length);
        assert_false(ipsec_tcp_mss_clamp(packet, length, 500));
        assert_memory_equal(packet, before, length);
    }
    size_t length = syn(4, good, 4);
    packet[33] = 0x10; /* no SYN */
    assert_false(ipsec_tcp_mss_clamp(packet, length, 500));
    length = syn(4, good, 4);
    packet[6] = 0x20; /* a fragment */
    assert_false(ipsec_tcp_mss_clamp(packet, length, 500));
    length = syn(4, good, 4);
    packet[9] = 17;
    assert_false(ipsec_tcp_mss_clamp(packet, length, 500));
    length = syn(4, good, 4);
    packet[32] = 0xf0; /* a header longer than the packet */
    assert_false(ipsec_tcp_mss_clamp(packet, length, 500));
    length = syn(4, good, 4);
    assert_false(ipsec_tcp_mss_clamp(packet, length, 40)); /* nothing would be left */
    assert_false(ipsec_tcp_mss_clamp(packet, length - 1, 500));
    assert_false(ipsec_tcp_mss_clamp(NULL, 0, 500));
}

/* ---- Fragments ------------------------------------------------------------------------------- */

/* Flags and offset, with a right checksum. */
static void set_field(uint16_t field)
{
    ipseci_store16(packet + 6, field);
    ipseci_store16(packet + 10, 0);
    ipseci_store16(packet + 10,
                   ipseci_checksum(ipseci_view(packet, (size_t)(packet[0] & 15) * 4), 0));
}

/* Cuts, checks each piece, and puts the payloads together again. */
static void cut(struct ipsec_view whole, uint32_t mtu, unsigned pieces)
{
    static uint8_t joined[4000];
    uint8_t *out = malloc(mtu);
    struct ipseci_cutter c;
    struct ipseci_flow flow;
    unsigned count = 0;
    size_t total = 0;
    const uint16_t field = ipseci_load16(whole.data + 6);
    const size_t header = (size_t)(whole.data[0] & 15) * 4;
    assert_non_null(out);
    assert_int_equal(ipseci_cutter_start(&c, whole, mtu), IPSEC_OK);
    for (uint32_t length; (length = ipseci_cutter_next(&c, out)) != 0; count++) {
        assert_true(length <= mtu);
        assert_int_equal(ipseci_ip_parse(ipseci_view(out, length), &flow), IPSEC_OK);
        assert_int_equal(flow.total_length, length);
        assert_true(ipseci_ipv4_checksum_valid(out));
        assert_int_equal(ipseci_load16(out + 4), ipseci_load16(whole.data + 4));
        assert_int_equal((ipseci_load16(out + 6) & 0x1fff) * 8, (field & 0x1fff) * 8 + total);
        memcpy(joined + total, out + header, length - header);
        total += length - header;
        const bool last = total == whole.length - header;
        assert_int_equal((out[6] & 0x20) != 0, !last || (field & 0x2000) != 0);
    }
    assert_int_equal(count, pieces);
    assert_int_equal(total, whole.length - header);
    assert_memory_equal(joined, whole.data + header, total);
    free(out);
}

static void pmtu_02_ipv4_packets_are_cut(void **state)
{
    (void)state;
    cut(make(4, 17, 1500), 1500, 1);
    cut(make(4, 17, 1500), 1499, 2);
    cut(make(4, 17, 1500), 576, 3);
    cut(make(4, 17, 1500), 28, 185);
    cut(make(4, 17, 1500), 35, 185);
    struct ipsec_view fragment = make(4, 17, 1004);
    set_field(0x2000 | 100); /* in the middle of another packet */
    cut(fragment, 500, 3);
    fragment = make(4, 17, 1000);
    set_field(100); /* its end */
    cut(fragment, 500, 3);
}

static void options_are_copied_where_they_say_so(void **state)
{
    (void)state;
    static const uint8_t options[] = {0x94, 4, 1, 2, 7, 7, 4, 0, 0, 0, 0, 1};
    uint8_t out[200];
    struct ipseci_cutter c;
    const struct ipsec_view whole = make(4, 17, 300);
    packet[0] = 0x48;
    memcpy(packet + 20, options, 12);
    set_field(0);
    cut(whole, 200, 2);
    assert_int_equal(ipseci_cutter_start(&c, whole, 200), IPSEC_OK);
    assert_true(ipseci_cutter_next(&c, out) != 0);
    assert_memory_equal(out + 20, options, 12);
    assert_true(ipseci_cutter_next(&c, out) != 0);
    assert_memory_equal(out + 20, options, 4); /* router alert is, record route is not */
    for (size_t i = 24; i < 32; i++) {
        assert_int_equal(out[i], 1);
    }
    packet[25] = 99; /* an option that is longer than the header */
    set_field(0);
    cut(whole, 200, 2);
}

static void what_can_not_be_cut(void **state)
{
    (void)state;
    struct ipseci_cutter c;
    const struct ipsec_view whole = make(4, 17, 1500);
    assert_int_equal(ipseci_cutter_start(&c, ipseci_view(packet, 1499), 1000),
                     IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_cutter_start(&c, whole, 27), IPSEC_DROP_TOO_BIG);
    packet[10] ^= 1; /* broken on the way here: a fragment would say that it is not */
    assert_int_equal(ipseci_cutter_start(&c, whole, 1000), IPSEC_DROP_HEADER);
    assert_int_equal(ipseci_cutter_start(&c, make(6, 17, 1500), 1300), IPSEC_DROP_HEADER);
    (void)make(4, 17, 1500);
    set_field(8004); /* ends at 65,532 octets */
    assert_int_equal(ipseci_cutter_start(&c, whole, 1000), IPSEC_OK);
    set_field(8005); /* beyond the largest packet: its second half would be a first fragment */
    assert_int_equal(ipseci_cutter_start(&c, whole, 1000), IPSEC_DROP_HEADER);
    set_field(8191);
    assert_int_equal(ipseci_cutter_start(&c, whole, 1000), IPSEC_DROP_HEADER);
    (void)make(4, 17, 1499);
    set_field(0x2000 | 100); /* not the last one, and no multiple of 8 octets */
    assert_int_equal(ipseci_cutter_start(&c, ipseci_view(packet, 1499), 1000), IPSEC_DROP_HEADER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pmtu_02_messages_of_both_families),
        cmocka_unit_test(pmtu_08_an_ipv6_sender_is_never_told_less_than_1280),
        cmocka_unit_test(pmtu_07_some_packets_are_not_spoken_of),
        cmocka_unit_test(what_can_not_be_built_is_said),
        cmocka_unit_test(pmtu_04_a_wrong_checksum_is_not_believed),
        cmocka_unit_test(pmtu_04_other_messages_are_not_read),
        cmocka_unit_test(a_syn_offers_no_more_than_fits),
        cmocka_unit_test(other_segments_are_left_alone),
        cmocka_unit_test(pmtu_02_ipv4_packets_are_cut),
        cmocka_unit_test(options_are_copied_where_they_say_so),
        cmocka_unit_test(what_can_not_be_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
