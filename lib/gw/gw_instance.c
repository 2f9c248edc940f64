/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose a datagram is, where several gateways stand behind one address: by the instance's number in
 * the first bits of the SPI that the receiver of the datagram has chosen. Called by programs, from
 * any thread. RFC 4303 2.1, RFC 7296 2.6, 3.1.
 */
#include "esp_header.h"
#include "gw_state.h"
#include "ike_header.h"
#include "ip_header.h"
#include "udp_encap.h"

#define INITIATOR_SPI_AT 0
#define RESPONDER_SPI_AT 8
#define SPI_BYTES        8
#define FLAGS_AT         19

struct ports {
    uint16_t ike;
    uint16_t natt;
    uint8_t bits;
};

static enum ipsec_status of_esp(const struct ports *ports, struct ipsec_view esp,
                                uint32_t *instance)
{
    if (esp.length < IPSECI_ESP_BYTES_MIN) {
        return IPSEC_DROP_TRUNCATED;
    }
    *instance = (uint32_t)((uint64_t)ipseci_esp_spi(esp.data) >> (32 - ports->bits));
    return IPSEC_OK;
}

/* RFC 7296 3.1: the I flag says which of the two SPIs is the sender's; the other one is ours. */
static enum ipsec_status of_ike(const struct ports *ports, struct ipsec_view ike,
                                uint32_t *instance)
{
    if (ike.length < IPSECI_IKE_HEADER_BYTES) {
        return IPSEC_DROP_TRUNCATED;
    }
    const bool from_initiator = (ike.data[FLAGS_AT] & IPSECI_FLAG_INITIATOR) != 0;
    const uint8_t *ours = ike.data + (from_initiator ? RESPONDER_SPI_AT : INITIATOR_SPI_AT);
    if (ipseci_load64(ours) != 0) {
        *instance = (uint32_t)ours[0] >> (8 - ports->bits);
        return IPSEC_OK;
    }
    if (!from_initiator) {
        return IPSEC_DROP_SPI;
    }
    /* RFC 7296 2.6: who repeats it, with a cookie or for another group, keeps its SPI. The last
     * octet, for the first may be an instance's number there. */
    *instance = ike.data[INITIATOR_SPI_AT + SPI_BYTES - 1];
    return IPSEC_ERR_NOT_FOUND;
}

static enum ipsec_status of_udp(const struct ports *ports, uint16_t port, struct ipsec_view payload,
                                uint32_t *instance)
{
    struct ipsec_view content;
    if (port != ports->natt) {
        return port == ports->ike ? of_ike(ports, payload, instance) : IPSEC_DROP_ENCAPSULATION;
    }
    switch (ipseci_udp_encap_sort(payload, &content)) {
    case IPSECI_ENCAP_IKE:
        return of_ike(ports, content, instance);
    case IPSECI_ENCAP_ESP:
        return of_esp(ports, content, instance);
    case IPSECI_ENCAP_KEEPALIVE:
        return IPSEC_DROP_KEEPALIVE;
    case IPSECI_ENCAP_SHORT:
        break;
    }
    return IPSEC_DROP_TRUNCATED;
}

static enum ipsec_status of_ip(const struct ports *ports, struct ipsec_view packet,
                               uint32_t *instance)
{
    struct ipseci_flow flow;
    struct ipseci_udp udp;
    IPSECI_TRY(ipseci_ip_parse(packet, &flow));
    if (flow.fragment) {
        return IPSEC_DROP_FRAGMENT;
    }
    const struct ipsec_view upper = {packet.data + flow.upper_at,
                                     flow.total_length - flow.upper_at};
    if (flow.protocol == IPSECI_IP_ESP) {
        return of_esp(ports, upper, instance);
    }
    if (flow.protocol != IPSECI_IP_UDP ||
        (flow.dst_port != ports->ike && flow.dst_port != ports->natt)) {
        return IPSEC_DROP_POLICY;
    }
    IPSECI_TRY(ipseci_udp_parse(upper, &udp));
    return of_udp(ports, flow.dst_port, udp.payload, instance);
}

enum ipsec_status ipsec_gw_instance(const struct ipsec_ike_config *config,
                                    const struct ipsec_packet *datagram, uint32_t *instance)
{
    struct ipsec_ike_config c;
    if (datagram == NULL || instance == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_struct_in(&c, sizeof c, config));
    if (c.instance_bits > IPSEC_INSTANCE_BITS_MAX) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (datagram->buffer == NULL || datagram->offset > datagram->capacity ||
        datagram->length > datagram->capacity - datagram->offset) {
        return IPSEC_ERR_BUFFER;
    }
    const struct ports ports = {c.ike_port != 0 ? c.ike_port : IPSECI_PORT_IKE,
                                c.natt_port != 0 ? c.natt_port : IPSECI_PORT_NATT, c.instance_bits};
    const struct ipsec_view content = {datagram->buffer + datagram->offset, datagram->length};
    switch ((enum ipsec_carrier)datagram->carrier) {
    case IPSEC_CARRIER_UDP:
        return of_udp(&ports, datagram->local.port, content, instance);
    case IPSEC_CARRIER_ESP:
        return of_esp(&ports, content, instance);
    case IPSEC_CARRIER_IP:
        return of_ip(&ports, content, instance);
    case IPSEC_CARRIER_NONE:
        break;
    }
    return IPSEC_ERR_ARGUMENT;
}
