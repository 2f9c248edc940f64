/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages that no engine would send, with a good ICV: the receiver's provider lets every tag pass
 * and ciphers nothing (sim_crypto.tags_pass). Used by tests and by fuzz/fuzz_sk.c.
 */
#ifndef SIM_CRAFT_H
#define SIM_CRAFT_H

#include "sim.h"

struct sim_craft {
    uint8_t exchange;
    bool answer;
    bool newest_sa;     /* of several: the last in the table, else the first */
    int32_t id_offset;  /* from the message ID that is expected */
    uint8_t pad_blocks; /* more than needed: 16 octets each, to at most 255 in all */
    uint8_t pad_fill;   /* the octets of padding */
    uint8_t pad_octet;  /* instead of the right pad length; 0: the right one */
    uint8_t first;      /* payload type of the chain's first */
    struct ipsec_view chain;
    bool is_fragment; /* in SKF, with these as they stand */
    uint16_t fragment;
    uint16_t fragments;
    uint8_t clear_type; /* so many empty payloads of this type come before SK or SKF */
    uint8_t clear_flags;
    uint16_t clear_count;
    uint16_t cut; /* SK's, or SKF's, body ends so many octets early */
};

/* As the peer of the node's IKE SA would send it. False: it has no keyed SA, or it is too long. */
bool sim_craft(const struct sim_node *victim, const struct sim_craft *what,
               struct sim_datagram *out);
/* What is inside the SK of a datagram that was sent with tags_pass (AES-CBC, 16 octets of tag). */
struct ipsec_view sim_craft_inside(const struct sim_datagram *d, uint8_t *first);

#endif
