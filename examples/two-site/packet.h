/* SPDX-License-Identifier: Apache-2.0
 *
 * One ESP packet, field by field: [outer IP][SPI, sequence][IV][inner packet][padding, pad length,
 * next header][ICV]. Pure but for packet_from_pcap.
 */
#ifndef TWO_SITE_PACKET_H
#define TWO_SITE_PACKET_H

#include <ipsec/proposal.h>
#include <stdio.h>

struct packet_layout {
    struct ipsec_view outer; /* IP header, and UDP header when encapsulated; empty: not seen */
    struct ipsec_view esp;   /* SPI to ICV */
    struct ipsec_suite suite;
    uint32_t inner_bytes; /* length of the inner packet where it is known; 0: not known */
};

/* False, with a line that says why, when the lengths do not fit the suite. */
bool packet_print(const struct packet_layout *layout, FILE *out);

/* Finds ESP in an IPv4 packet, bare or in UDP. False: something else. */
bool packet_find_esp(struct ipsec_view ip, struct packet_layout *layout);

/* The first ESP packet of a capture (pcap, Ethernet) of at least inner_bytes, printed with this
 * suite. The exit status of the `packet` command. */
int packet_from_pcap(const char *path, const struct ipsec_suite *suite, uint32_t inner_bytes,
                     FILE *out);

#endif
