/* SPDX-License-Identifier: Apache-2.0
 *
 * Habits of other implementations: which of them hold for a peer. Where each is put up with stands
 * in choice.c.
 */
#ifndef IPSECI_QUIRKS_H
#define IPSECI_QUIRKS_H

#include <ipsec/ike.h>

/* 0 is the harmless ones, which all of them are so far; a number that nobody knows says nothing. */
static inline uint32_t ipseci_quirks_of(const struct ipsec_peer *peer)
{
    return peer->quirks == 0 ? IPSEC_QUIRKS_ALL : peer->quirks & IPSEC_QUIRKS_ALL;
}

#endif
