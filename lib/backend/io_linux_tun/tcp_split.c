/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP segmentation. Called by tun_offload.c. RFC 9293 3.1, RFC 6864 (IPv4 IDs), RFC 3168 6.1.2
 * (CWR).
 */
#include "tcp_split.h"

#include "inet_sum.h"

static bool is_cuttable_ip(const uint8_t *ip, size_t tcp_at)
{
    if (ip[0] >> 4 == 4) {
        const bool fragment = (inet_load16(ip + 6) & 0x3FFFu) != 0;
        return (ip[0] & 0x0Fu) * 4u == tcp_at && tcp_at >= IPV4_BYTES_MIN && ip[9] == IP_TCP &&
               !fragment;
    }
    /* With extension headers in between, their last one names TCP; the system says where it is. */
    return ip[0] >> 4 == 6 && tcp_at >= IPV6_BYTES && (tcp_at != IPV6_BYTES || ip[6] == IP_TCP);
}

bool ipseci_tcp_split_start(struct tcp_split *s, const uint8_t *data, size_t length, size_t tcp_at,
                            size_t mss)
{
    if (length > UINT32_MAX || tcp_at < IPV4_BYTES_MIN || tcp_at > length ||
        length - tcp_at < TCP_BYTES_MIN || mss == 0 || mss > UINT16_MAX ||
        !is_cuttable_ip(data, tcp_at)) {
        return false;
    }
    const size_t tcp_bytes = (size_t)(data[tcp_at + TCP_OFFSET_AT] >> 4) * 4;
    if (tcp_bytes < TCP_BYTES_MIN || tcp_bytes >= length - tcp_at) {
        return false;
    }
    const size_t header = tcp_at + tcp_bytes;
    *s = (struct tcp_split){.data = data,
                            .tcp_at = (uint32_t)tcp_at,
                            .header_bytes = (uint32_t)header,
                            .payload_bytes = (uint32_t)(length - header),
                            .mss = (uint32_t)mss};
    return header + (mss < s->payload_bytes ? mss : s->payload_bytes) <= UINT16_MAX;
}

/* Lengths, ID and header checksum of one segment's IP header. */
static void finish_ip(uint8_t *ip, uint32_t total, uint32_t index)
{
    if (ip[0] >> 4 == 6) {
        inet_store16(ip + 4, total - IPV6_BYTES);
        return;
    }
    inet_store16(ip + 2, total);
    inet_store16(ip + 4, inet_load16(ip + 4) + index);
    inet_store16(ip + 10, 0);
    inet_store16(ip + 10, (uint16_t)~inet_sum(ip, (ip[0] & 0x0Fu) * 4u, 0));
}

size_t ipseci_tcp_split_next(struct tcp_split *s, uint8_t *out, size_t room)
{
    const uint32_t at = s->next;
    const uint32_t left = s->payload_bytes - at;
    const uint32_t payload = left < s->mss ? left : s->mss;
    const uint32_t total = s->header_bytes + payload;
    if (left == 0) {
        return 0;
    }
    s->next += payload;
    const uint32_t index = s->made++;
    if (total > room) {
        return 0;
    }
    memcpy(out, s->data, s->header_bytes);
    memcpy(out + s->header_bytes, s->data + s->header_bytes + at, payload);
    finish_ip(out, total, index);

    uint8_t *tcp = out + s->tcp_at;
    inet_store32(tcp + TCP_SEQUENCE_AT, inet_load32(tcp + TCP_SEQUENCE_AT) + at);
    /* FIN and PSH belong to the last octets; CWR is said once. */
    const uint8_t off =
        (uint8_t)((payload < left ? TCP_FIN | TCP_PSH : 0u) | (at != 0 ? TCP_CWR : 0u));
    tcp[TCP_FLAGS_AT] &= (uint8_t)~off;
    inet_store16(tcp + TCP_SUM_AT, 0);
    const uint32_t upper = total - s->tcp_at;
    const uint16_t pseudo = inet_pseudo_sum(out, IP_TCP, upper);
    inet_store16(tcp + TCP_SUM_AT, (uint16_t)~inet_sum(tcp, upper, pseudo));
    return total;
}
