/* SPDX-License-Identifier: Apache-2.0
 *
 * The Configuration payload (RFC 7296 3.15), both directions. Called by the IKE_AUTH handlers.
 */
#ifndef IPSECI_CP_PAYLOAD_H
#define IPSECI_CP_PAYLOAD_H

#include "reader.h"

enum ipseci_cp_type {
    IPSECI_CP_REQUEST = 1,
    IPSECI_CP_REPLY = 2,
    IPSECI_CP_SET = 3,
    IPSECI_CP_ACK = 4
};

enum ipseci_cp_attribute_type {
    IPSECI_CP_INTERNAL_IP4_ADDRESS = 1,
    IPSECI_CP_INTERNAL_IP4_NETMASK = 2,
    IPSECI_CP_INTERNAL_IP4_DNS = 3,
    IPSECI_CP_INTERNAL_IP4_NBNS = 4,
    IPSECI_CP_INTERNAL_IP4_DHCP = 6,
    IPSECI_CP_APPLICATION_VERSION = 7,
    IPSECI_CP_INTERNAL_IP6_ADDRESS = 8,
    IPSECI_CP_INTERNAL_IP6_DNS = 10,
    IPSECI_CP_INTERNAL_IP6_DHCP = 12,
    IPSECI_CP_INTERNAL_IP4_SUBNET = 13,
    IPSECI_CP_SUPPORTED_ATTRIBUTES = 14,
    IPSECI_CP_INTERNAL_IP6_SUBNET = 15
};

struct ipseci_cp {
    uint8_t type; /* enum ipseci_cp_type, unjudged */
    struct ipsec_view attributes;
};

struct ipseci_cp_attribute {
    uint16_t type;
    struct ipsec_view value;
    bool length_valid; /* false: a known type with a length it can not have; skip it (AUTH-33) */
};

/* Checks that the attributes fill the body. IPSEC_DROP_TRUNCATED otherwise. */
enum ipsec_status ipseci_cp_parse(struct ipsec_view body, struct ipseci_cp *out);
/* Iterate: struct ipseci_reader r = ipseci_reader_init(cp.attributes); false at the end. */
bool ipseci_cp_next(struct ipseci_reader *attributes, struct ipseci_cp_attribute *out);

/* The four fixed octets, then one attribute at a time. */
void ipseci_cp_build(struct ipseci_writer *w, uint8_t type);
void ipseci_cp_build_attribute(struct ipseci_writer *w, uint16_t type, struct ipsec_view value);

#endif
