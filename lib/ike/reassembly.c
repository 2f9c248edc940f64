/* SPDX-License-Identifier: Apache-2.0
 *
 * See reassembly.h. Pieces are found by number and kept in order without gaps, so that the last one
 * to come makes the chain whole without another buffer; the cost is bounded by the octets and the
 * number of fragments (CVE-2016-10396).
 */
#include "reassembly.h"

#include <string.h>

size_t ipseci_reassembly_bytes(uint32_t total_max, uint32_t room)
{
    return sizeof(struct ipseci_reassembly) + (size_t)total_max * sizeof(uint16_t) + room;
}

void ipseci_reassembly_init(struct ipseci_reassembly *set, uint32_t total_max, uint32_t room)
{
    set->total_max = (uint16_t)total_max;
    set->room = room;
    set->lengths = (uint16_t *)(set + 1);
    set->data = (uint8_t *)(set->lengths + total_max);
}

static void start(struct ipseci_reassembly *set, uint16_t total)
{
    memset(set->lengths, 0, set->total_max * sizeof(set->lengths[0]));
    ipseci_wipe(set->data, set->used);
    set->total = total;
    set->have = 0;
    set->used = 0;
    set->first = 0;
}

static uint32_t offset_of(const struct ipseci_reassembly *set, uint16_t number)
{
    uint32_t offset = 0;

    for (uint16_t i = 0; i + 1 < number; i++) {
        offset += set->lengths[i] > 0 ? set->lengths[i] - 1u : 0;
    }
    return offset;
}

static void insert(struct ipseci_reassembly *set, const struct ipseci_piece *piece)
{
    const uint32_t offset = offset_of(set, piece->number);
    const size_t length = piece->chain.length;

    if (length > 0) {
        memmove(set->data + offset + length, set->data + offset, set->used - offset);
        memcpy(set->data + offset, piece->chain.data, length);
    }
    set->used += (uint32_t)length;
    set->lengths[piece->number - 1] = (uint16_t)(length + 1);
    set->have++;
    if (piece->number == 1) {
        set->first = piece->first;
    }
}

enum ipsec_status ipseci_reassembly_add(struct ipseci_reassembly *set,
                                        const struct ipseci_piece *piece)
{
    const bool anew = piece->total > set->total;

    if (piece->number == 0 || piece->number > piece->total || piece->total > set->total_max ||
        piece->total < set->total) {
        return IPSEC_DROP_FRAGMENT;
    }
    if (!anew && set->lengths[piece->number - 1] != 0) {
        return IPSEC_DROP_DUPLICATE;
    }
    const uint32_t left = set->room - (anew ? 0 : set->used);
    if (piece->chain.length > left || piece->chain.length >= UINT16_MAX) {
        return IPSEC_DROP_TOO_BIG;
    }
    if (anew) {
        start(set, piece->total);
    }
    insert(set, piece);
    return set->have == set->total ? IPSEC_OK : IPSEC_PENDING;
}
