/* SPDX-License-Identifier: Apache-2.0
 *
 * The Configuration payload, parse and build. RFC 7296 3.15.
 */
#include "cp_payload.h"

#define ATTRIBUTE_TYPE_MASK 0x7fff /* RFC 7296 3.15.1: the top bit is reserved and ignored */

static bool length_valid(uint16_t type, size_t length)
{
    switch (type) {
    case IPSECI_CP_INTERNAL_IP4_ADDRESS:
    case IPSECI_CP_INTERNAL_IP4_NETMASK:
    case IPSECI_CP_INTERNAL_IP4_DNS:
    case IPSECI_CP_INTERNAL_IP4_NBNS:
    case IPSECI_CP_INTERNAL_IP4_DHCP:
        return length == 0 || length == 4;
    case IPSECI_CP_INTERNAL_IP4_SUBNET:
        return length == 0 || length == 8;
    case IPSECI_CP_INTERNAL_IP6_ADDRESS:
    case IPSECI_CP_INTERNAL_IP6_SUBNET:
        return length == 0 || length == 17;
    case IPSECI_CP_INTERNAL_IP6_DNS:
    case IPSECI_CP_INTERNAL_IP6_DHCP:
        return length == 0 || length == 16;
    case IPSECI_CP_SUPPORTED_ATTRIBUTES:
        return length % 2 == 0;
    default: /* a wire value, not an enum: text and unknown types have any length */
        return true;
    }
}

bool ipseci_cp_next(struct ipseci_reader *attributes, struct ipseci_cp_attribute *out)
{
    if (attributes->left == 0) {
        return false;
    }
    out->type = ipseci_read16(attributes) & ATTRIBUTE_TYPE_MASK;
    uint16_t length = ipseci_read16(attributes);
    out->value = ipseci_read_view(attributes, length);
    out->length_valid = length_valid(out->type, length);
    return !attributes->failed;
}

enum ipsec_status ipseci_cp_parse(struct ipsec_view body, struct ipseci_cp *out)
{
    struct ipseci_reader r = ipseci_reader_init(body);
    struct ipseci_cp_attribute attribute;
    out->type = ipseci_read8(&r);
    ipseci_read_skip(&r, 3);
    out->attributes = ipseci_view(r.at, r.left);
    while (ipseci_cp_next(&r, &attribute)) {
    }
    return r.failed ? IPSEC_DROP_TRUNCATED : IPSEC_OK;
}

void ipseci_cp_build(struct ipseci_writer *w, uint8_t type)
{
    ipseci_write8(w, type);
    ipseci_write_zeros(w, 3);
}

void ipseci_cp_build_attribute(struct ipseci_writer *w, uint16_t type, struct ipsec_view value)
{
    if (value.length > UINT16_MAX) {
        w->failed = true;
        return;
    }
    ipseci_write16(w, type & ATTRIBUTE_TYPE_MASK);
    ipseci_write16(w, (uint16_t)value.length);
    ipseci_write_view(w, value);
}
