/* SPDX-License-Identifier: Apache-2.0
 *
 * The fragments of one IKE message on their way to being whole (RFC 7383 2.6). Pure: called by
 * fragment.c with pieces that are authenticated and decrypted.
 */
#ifndef IPSECI_REASSEMBLY_H
#define IPSECI_REASSEMBLY_H

#include "bytes.h"

/* One fragment's content: a part of the payload chain. */
struct ipseci_piece {
    uint16_t number; /* from 1 to total, checked by the caller */
    uint16_t total;
    uint8_t first; /* type of the chain's first payload; of number 1 only */
    struct ipsec_view chain;
};

struct ipseci_reassembly {
    ipsec_handle sa; /* 0: whole, and lent to the message in hand */
    uint32_t message_id;
    ipsec_ms since; /* the last new fragment */
    bool response;
    uint8_t exchange;
    uint8_t first;
    uint16_t total;
    uint16_t have;
    uint16_t total_max;
    uint32_t used;
    uint32_t room;
    uint16_t *lengths; /* by number: octets + 1; 0: not there yet */
    uint8_t *data;     /* what is there, in the order of numbers, without gaps */
};

/* Octets of a set whose message has up to `room` octets of payloads in up to total_max fragments.
 */
size_t ipseci_reassembly_bytes(uint32_t total_max, uint32_t room);
/* Makes an empty set in a zeroed block of that size. */
void ipseci_reassembly_init(struct ipseci_reassembly *set, uint32_t total_max, uint32_t room);

/* IPSEC_OK: data[0..used) is the whole chain, which starts with payload type `first`.
 * IPSEC_PENDING: taken, more to come. IPSEC_DROP_DUPLICATE: this number is there, and the first one
 * stays (FRAG-04). IPSEC_DROP_FRAGMENT: a smaller total than seen before, or more fragments than
 * allowed (FRAG-03, FRAG-05). IPSEC_DROP_TOO_BIG: the chain would have more octets than there is
 * room. After an error the set is as it was. A larger total starts the set anew (RFC 7383 2.6: the
 * peer has cut the message into smaller pieces). */
enum ipsec_status ipseci_reassembly_add(struct ipseci_reassembly *set,
                                        const struct ipseci_piece *piece);

#endif
