/* SPDX-License-Identifier: Apache-2.0 */
#include "lanpacket.h"

#include <string.h>

#define IP_BYTES     20
#define ICMP_REQUEST 8
#define ICMP_REPLY   0

static void store_u16(uint8_t *out, size_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

/* RFC 1071. */
static uint16_t checksum(const uint8_t *bytes, size_t length)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++) {
        sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void host_of(const struct ipsec_selector *selector, uint8_t out[4])
{
    memcpy(out, selector->first, 4);
    if (memcmp(selector->first, selector->last, 4) != 0) {
        out[3] = (uint8_t)(out[3] + 10);
    }
}

static void seal_checksums(uint8_t *packet, size_t bytes)
{
    store_u16(packet + 10, 0);
    store_u16(packet + 10, checksum(packet, IP_BYTES));
    store_u16(packet + IP_BYTES + 2, 0);
    store_u16(packet + IP_BYTES + 2, checksum(packet + IP_BYTES, bytes - IP_BYTES));
}

void lanpacket_make_request(uint8_t *packet, size_t bytes, const struct ipsec_selector *from,
                            const struct ipsec_selector *to, uint16_t sequence)
{
    memset(packet, 0, bytes);
    packet[0] = 0x45;
    store_u16(packet + 2, bytes);
    packet[8] = 64;
    packet[9] = 1;
    host_of(from, packet + 12);
    host_of(to, packet + 16);
    packet[IP_BYTES] = ICMP_REQUEST;
    store_u16(packet + IP_BYTES + 6, sequence);
    for (size_t i = IP_BYTES + 8; i < bytes; i++) {
        packet[i] = (uint8_t)i;
    }
    seal_checksums(packet, bytes);
}

static bool is_echo(const uint8_t *packet, size_t bytes, uint8_t type)
{
    return bytes >= IP_BYTES + 8 && packet[0] == 0x45 && packet[9] == 1 &&
           packet[IP_BYTES] == type && checksum(packet, IP_BYTES) == 0 &&
           checksum(packet + IP_BYTES, bytes - IP_BYTES) == 0;
}

bool lanpacket_make_reply(uint8_t *packet, size_t bytes)
{
    uint8_t source[4];
    if (!is_echo(packet, bytes, ICMP_REQUEST)) {
        return false;
    }
    memcpy(source, packet + 12, 4);
    memcpy(packet + 12, packet + 16, 4);
    memcpy(packet + 16, source, 4);
    packet[8] = 64;
    packet[IP_BYTES] = ICMP_REPLY;
    seal_checksums(packet, bytes);
    return true;
}

bool lanpacket_is_reply(const uint8_t *packet, size_t bytes)
{
    return is_echo(packet, bytes, ICMP_REPLY);
}
