/* SPDX-License-Identifier: Apache-2.0
 *
 * A policy database as RFC 4301 4.4.1 describes it, and nothing more: a list in order, walked from
 * the front. Tests and the fuzz target hold lib/esp/spd.c against it. It shares no code with that.
 */
#ifndef SPD_MODEL_H
#define SPD_MODEL_H

#include <ipsec/spd.h>

struct spd_model_rule {
    struct ipsec_spd_entry entry;
    ipsec_handle handle;
};

struct spd_model {
    struct spd_model_rule *rules; /* room for them is the caller's */
    uint32_t count;
};

/* UDP, TCP, ICMP, ICMPv6 or another protocol; ports become type and code of an ICMP message. */
struct spd_model_packet {
    uint8_t family;
    uint8_t protocol;
    uint8_t src[16];
    uint8_t dst[16];
    uint16_t src_port;
    uint16_t dst_port;
    bool later_fragment;
    bool outbound;
};

struct spd_model_answer {
    enum ipsec_spd_action action;
    ipsec_handle entry;
    ipsec_handle sa;
};

void spd_model_add(struct spd_model *model, const struct ipsec_spd_entry *entry,
                   ipsec_handle handle);
void spd_model_remove(struct spd_model *model, uint32_t at);
struct spd_model_answer spd_model_lookup(const struct spd_model *model,
                                         const struct spd_model_packet *packet);

#define SPD_MODEL_PACKET_BYTES 56
/* The packet as octets, which lie in `octets`. */
struct ipsec_view spd_model_build(const struct spd_model_packet *packet,
                                  uint8_t octets[SPD_MODEL_PACKET_BYTES]);

#endif
