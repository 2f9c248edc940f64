/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done about packets that are too big, under a fuzzer: messages read and built, the segment
 * size of TCP, IPv4 packets cut. Input: two octets that are the MTU, then a packet.
 */
#include "icmp.h"
#include "ip_fragment.h"
#include "ip_header.h"

#include <ipsec/mtu.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sink;

static void require(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

static void read_all(struct ipsec_view v)
{
    for (size_t i = 0; i < v.length; i++) {
        sink += v.data[i];
    }
}

/* What is built is read again, unless too little could be quoted. */
static void build(struct ipsec_view packet, uint32_t mtu)
{
    uint8_t out[IPSEC_TOO_BIG_BYTES];
    size_t length = 0;
    struct ipseci_flow flow;
    struct ipseci_too_big said;
    if (ipsec_too_big_build(packet, mtu, NULL, out, &length) != IPSEC_OK) {
        return;
    }
    require(length <= sizeof(out));
    require(ipseci_ip_parse(ipseci_view(out, length), &flow) == IPSEC_OK);
    require(flow.total_length == length);
    if (ipseci_too_big_parse(ipseci_view(out, length), &said)) {
        require(said.mtu == mtu || (flow.family == 6 && said.mtu == 1280));
    }
}

/* What has a wrong one is not cut. */
static void set_checksum(uint8_t *ip, size_t length)
{
    const size_t header = length == 0 ? 0 : (size_t)(ip[0] & 15) * 4;
    if (header >= IPSECI_IPV4_HEADER_BYTES && header <= length && ip[0] >> 4 == 4) {
        ipseci_store16(ip + 10, 0);
        ipseci_store16(ip + 10, ipseci_checksum(ipseci_view(ip, header), 0));
    }
}

static void cut(struct ipsec_view packet, uint32_t mtu)
{
    struct ipseci_cutter c;
    uint8_t *out = malloc(mtu + 1u);
    size_t total = 0;
    require(out != NULL);
    if (ipseci_cutter_start(&c, packet, mtu) == IPSEC_OK) {
        const size_t payload = c.packet.length - c.header_bytes;
        for (uint32_t length; (length = ipseci_cutter_next(&c, out)) != 0;) {
            require(length <= mtu && length > c.header_bytes);
            require(ipseci_ipv4_checksum_valid(out));
            require((ipseci_load16(out + 6) & 0x1fffu) * 8u + length <= UINT16_MAX);
            total += length - c.header_bytes;
        }
        require(total == payload);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipseci_too_big said;
    if (size < 2) {
        return 0;
    }
    const uint32_t mtu = ipseci_load16(data);
    const size_t length = size - 2;
    uint8_t *exact = malloc(length == 0 ? 1 : length);
    require(exact != NULL);
    memcpy(exact, data + 2, length);
    const struct ipsec_view packet = ipseci_view(exact, length);
    if (ipseci_too_big_parse(packet, &said)) {
        require(said.upper.length >= 8);
        read_all(said.upper);
    }
    build(packet, mtu);
    cut(packet, mtu);
    set_checksum(exact, length);
    cut(packet, mtu);
    if (ipsec_tcp_mss_clamp(exact, length, mtu)) {
        require(!ipsec_tcp_mss_clamp(exact, length, mtu)); /* once is enough */
    }
    free(exact);
    return 0;
}
