/* SPDX-License-Identifier: Apache-2.0
 *
 * The maximum segment size that a TCP SYN offers. See ipsec/mtu.h. RFC 9293 3.7.1, RFC 6691.
 */
#include "ip_header.h"

#include <ipsec/mtu.h>

#define TCP_HEADER_BYTES 20u
#define TCP_OFFSET_AT    12u
#define TCP_FLAGS_AT     13u
#define TCP_CHECKSUM_AT  16u
#define TCP_SYN          0x02
#define OPTION_END       0
#define OPTION_NOP       1
#define OPTION_MSS       2
#define MSS_BYTES        4u

/* Where the value of the option stands; 0: there is none, or the options are broken. */
static uint32_t find_mss(const uint8_t *tcp, uint32_t end)
{
    uint32_t at = TCP_HEADER_BYTES;
    while (at < end && tcp[at] != OPTION_END) {
        if (tcp[at] == OPTION_NOP) {
            at++;
            continue;
        }
        if (end - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > end - at) {
            return 0;
        }
        if (tcp[at] == OPTION_MSS) {
            return tcp[at + 1] == MSS_BYTES ? at + 2 : 0;
        }
        at += tcp[at + 1];
    }
    return 0;
}

static uint16_t swapped(uint16_t v)
{
    return (uint16_t)(v << 8 | v >> 8);
}

bool ipsec_tcp_mss_clamp(uint8_t *packet, size_t length, uint32_t mtu)
{
    struct ipseci_flow flow;
    if (packet == NULL || ipseci_ip_parse(ipseci_view(packet, length), &flow) != IPSEC_OK ||
        flow.protocol != IPSECI_IP_TCP || flow.fragment ||
        flow.total_length - flow.upper_at < TCP_HEADER_BYTES ||
        mtu <= flow.upper_at + TCP_HEADER_BYTES) {
        return false;
    }
    uint8_t *tcp = packet + flow.upper_at;
    const uint32_t end = (uint32_t)(tcp[TCP_OFFSET_AT] >> 4) * 4;
    if ((tcp[TCP_FLAGS_AT] & TCP_SYN) == 0 || end > flow.total_length - flow.upper_at) {
        return false;
    }
    const uint32_t at = find_mss(tcp, end);
    const uint32_t most = mtu - flow.upper_at - TCP_HEADER_BYTES;
    if (at == 0 || ipseci_load16(tcp + at) <= most) {
        return false;
    }
    const uint16_t old = ipseci_load16(tcp + at);
    const uint16_t now = (uint16_t)most;
    ipseci_store16(tcp + at, now);
    /* Behind an odd number of octets the value's halves belong to two words of the sum. */
    const bool odd = at % 2 != 0;
    ipseci_store16(tcp + TCP_CHECKSUM_AT,
                   ipseci_checksum_update(ipseci_load16(tcp + TCP_CHECKSUM_AT),
                                          odd ? swapped(old) : old, odd ? swapped(now) : now));
    return true;
}
