/* SPDX-License-Identifier: Apache-2.0
 *
 * UDP headers and UDP encapsulation. RFC 768, RFC 3948 2.
 */
#include "udp_encap.h"
#include "esp_header.h"
#include "ike_header.h"
#include "ip_header.h"

enum ipsec_status ipseci_udp_parse(struct ipsec_view datagram, struct ipseci_udp *out)
{
    struct ipseci_reader r = ipseci_reader_init(datagram);
    out->src_port = ipseci_read16(&r);
    out->dst_port = ipseci_read16(&r);
    uint16_t length = ipseci_read16(&r);
    out->checksum = ipseci_read16(&r);
    out->payload = ipseci_view(NULL, 0);
    if (r.failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (length < IPSECI_UDP_HEADER_BYTES) {
        return IPSEC_DROP_MALFORMED;
    }
    out->payload = ipseci_read_view(&r, (size_t)length - IPSECI_UDP_HEADER_BYTES);
    return r.failed ? IPSEC_DROP_TRUNCATED : IPSEC_OK;
}

void ipseci_udp_build(uint8_t out[IPSECI_UDP_HEADER_BYTES], uint16_t src_port, uint16_t dst_port,
                      uint16_t payload_length)
{
    ipseci_store16(out, src_port);
    ipseci_store16(out + 2, dst_port);
    ipseci_store16(out + 4, (uint16_t)(payload_length + IPSECI_UDP_HEADER_BYTES));
    /* RFC 3948 2.1: zero for IPv4. */
    ipseci_store16(out + 6, 0);
}

static uint32_t words_sum(const uint8_t *octets, size_t even_length)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < even_length; i += 2) {
        sum += ipseci_load16(octets + i);
    }
    return sum;
}

uint16_t ipseci_upper_checksum(const struct ipsec_addr *src, const struct ipsec_addr *dst,
                               uint8_t protocol, struct ipsec_view upper)
{
    size_t address_bytes = src->family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    uint32_t pseudo = words_sum(src->bytes, address_bytes) + words_sum(dst->bytes, address_bytes) +
                      protocol + (uint32_t)upper.length;
    return ipseci_checksum(upper, pseudo);
}

uint16_t ipseci_udp_checksum(const struct ipsec_addr *src, const struct ipsec_addr *dst,
                             struct ipsec_view datagram)
{
    uint16_t checksum = ipseci_upper_checksum(src, dst, IPSECI_IP_UDP, datagram);
    /* RFC 768: a computed zero is sent as all ones. */
    return checksum == 0 ? UINT16_MAX : checksum;
}

enum ipseci_encap ipseci_udp_encap_sort(struct ipsec_view payload, struct ipsec_view *content)
{
    *content = ipseci_view(NULL, 0);
    /* RFC 3948 2.3: the keepalive is one octet, all ones. */
    if (payload.length == 1 && payload.data[0] == IPSECI_KEEPALIVE_OCTET) {
        return IPSECI_ENCAP_KEEPALIVE;
    }
    /* The marker is read only when there is one (CVE-2017-12896). */
    if (payload.length < IPSECI_ESP_BYTES_MIN) {
        return IPSECI_ENCAP_SHORT;
    }
    /* RFC 3948 2.2: an SPI of zero is the non-ESP marker. */
    if (ipseci_load32(payload.data) != 0) {
        *content = payload;
        return IPSECI_ENCAP_ESP;
    }
    if (payload.length < IPSECI_NON_ESP_MARKER_BYTES + IPSECI_IKE_HEADER_BYTES) {
        return IPSECI_ENCAP_SHORT;
    }
    *content = ipseci_view(payload.data + IPSECI_NON_ESP_MARKER_BYTES,
                           payload.length - IPSECI_NON_ESP_MARKER_BYTES);
    return IPSECI_ENCAP_IKE;
}
