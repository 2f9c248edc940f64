/* SPDX-License-Identifier: Apache-2.0
 *
 * Stands in for the IKE engine in tests of the gateway: notes what the gateway hands to it, and
 * lets a test call the gateway's SA sink as the engine would.
 */
#ifndef FAKE_IKE_H
#define FAKE_IKE_H

#include <ipsec/gw.h>

#define FAKE_NOTES 64

struct fake_notice {
    ipsec_handle child;
    enum ipsec_child_notice notice;
};

struct ipsec_ike {
    struct ipsec_ike_config config;
    ipsec_ms deadline;
    unsigned expired;
    /* Datagrams taken: their length, local port and the status they were answered with. */
    unsigned inputs;
    uint32_t input_length[FAKE_NOTES];
    uint16_t input_port[FAKE_NOTES];
    enum ipsec_status answer; /* for every input */
    /* Runs inside input, as the engine's callbacks do. */
    void (*on_input)(struct ipsec_ike *ike, void *user);
    void *on_input_user;
    unsigned notices;
    struct fake_notice notice[FAKE_NOTES];
    enum ipsec_status notice_answer;
    unsigned moves;
    ipsec_handle moved_child; /* of the last */
    struct ipsec_endpoint moved_to;
    void (*on_notice)(struct ipsec_ike *ike, void *user); /* runs inside every notice */
    bool remove_on_hard; /* answers NOTICE_HARD with child_remove, as the engine does */
    const struct ipsec_peer *forgotten;
    unsigned acquires;
    const struct ipsec_peer *acquired_peer; /* of the last */
    const struct ipsec_child_config *acquired;
    bool acquired_with_packet;
    struct ipsec_packet_selectors acquired_packet;
};

/* Times a notice was given for a child. */
unsigned fake_notices(const struct ipsec_ike *ike, ipsec_handle child,
                      enum ipsec_child_notice notice);

#endif
