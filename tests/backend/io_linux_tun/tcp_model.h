/* SPDX-License-Identifier: Apache-2.0
 *
 * TCP packets for tests, and a slow model of what is right about them: octet by octet, and nothing
 * of the code under test but its loads and stores of header fields.
 */
#ifndef TCP_MODEL_H
#define TCP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "inet_sum.h"

static uint64_t seed = 1;

static uint32_t dice(uint32_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32) % sides;
}

/* ---- The model ------------------------------------------------------------------------------ */

static uint32_t model_add(const uint8_t *data, size_t length, uint32_t sum)
{
    for (size_t i = 0; i < length; i++) {
        sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
        sum = (sum & 0xFFFFu) + (sum >> 16);
    }
    return sum;
}

static uint32_t model_pseudo(const uint8_t *ip, uint32_t upper)
{
    uint8_t pseudo[40] = {0};
    const bool ipv4 = ip[0] >> 4 == 4;
    const size_t addresses = ipv4 ? 8 : 32;
    memcpy(pseudo, ip + (ipv4 ? 12 : 8), addresses);
    pseudo[addresses + 2] = (uint8_t)(upper >> 8);
    pseudo[addresses + 3] = (uint8_t)upper;
    pseudo[addresses + 7] = 6;
    return model_add(pseudo, addresses + 8, 0);
}

static bool model_is_right(const uint8_t *ip, size_t length, size_t ip_bytes)
{
    const bool ipv4 = ip[0] >> 4 == 4;
    const size_t total = ipv4 ? (size_t)(ip[2] << 8 | ip[3]) : (size_t)(ip[4] << 8 | ip[5]) + 40;
    const uint32_t upper = (uint32_t)(length - ip_bytes);
    return total == length && (!ipv4 || model_add(ip, ip_bytes, 0) == 0xFFFF) &&
           model_add(ip + ip_bytes, upper, model_pseudo(ip, upper)) == 0xFFFF;
}

static void model_fill(uint8_t *ip, size_t length, size_t ip_bytes)
{
    const uint32_t upper = (uint32_t)(length - ip_bytes);
    uint8_t *tcp = ip + ip_bytes;
    if (ip[0] >> 4 == 4) {
        ip[10] = ip[11] = 0;
        const uint32_t sum = ~model_add(ip, ip_bytes, 0);
        ip[10] = (uint8_t)(sum >> 8);
        ip[11] = (uint8_t)sum;
    }
    tcp[16] = tcp[17] = 0;
    const uint32_t sum = ~model_add(tcp, upper, model_pseudo(ip, upper));
    tcp[16] = (uint8_t)(sum >> 8);
    tcp[17] = (uint8_t)sum;
}

/* ---- Packets -------------------------------------------------------------------------------- */

struct shape {
    bool ipv6;
    bool dont_fragment;
    uint32_t tcp_options; /* octets */
    uint32_t payload;
    uint8_t flags;
};

static size_t ip_bytes_of(const struct shape *s)
{
    return s->ipv6 ? 40 : 20;
}

/* A whole packet, right in everything. */
static size_t build(uint8_t *out, const struct shape *s, uint16_t port, uint32_t sequence)
{
    const size_t ip_bytes = ip_bytes_of(s);
    const size_t header = ip_bytes + 20 + s->tcp_options;
    const size_t total = header + s->payload;
    for (size_t i = header; i < total; i++) {
        out[i] = (uint8_t)dice(256);
    }
    memset(out, 0, header);
    if (s->ipv6) {
        out[0] = 0x60;
        out[1] = 0x10;
        inet_store16(out + 4, (uint32_t)total - 40);
        out[6] = 6;
        out[7] = 61;
        memset(out + 8, 0xFD, 32);
    } else {
        out[0] = 0x45;
        out[1] = 0x02;
        inet_store16(out + 2, (uint32_t)total);
        inet_store16(out + 4, dice(65536));
        out[6] = s->dont_fragment ? 0x40 : 0;
        out[8] = 61;
        out[9] = 6;
        memcpy(out + 12, "\x0A\x01\x01\x01\x0A\x02\x02\x02", 8);
    }
    uint8_t *tcp = out + ip_bytes;
    inet_store16(tcp, port);
    inet_store16(tcp + 2, 443);
    inet_store32(tcp + 4, sequence);
    inet_store32(tcp + 8, 0x01020304);
    tcp[12] = (uint8_t)((20 + s->tcp_options) / 4 << 4);
    tcp[13] = s->flags;
    inet_store16(tcp + 14, 500);
    memset(tcp + 20, 1, s->tcp_options);
    model_fill(out, total, ip_bytes);
    return total;
}

#endif
