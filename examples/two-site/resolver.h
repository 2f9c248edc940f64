/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses of names by the system's resolver, which may take long: each lookup is a thread of its
 * own, and the tunnels go on meanwhile.
 */
#ifndef TWO_SITE_RESOLVER_H
#define TWO_SITE_RESOLVER_H

#include <ipsec/types.h>

#define RESOLVER_LOOKUPS_MAX 8

struct resolver_lookup;

/* All zero: nothing under way. */
struct resolver {
    struct resolver_lookup *lookup[RESOLVER_LOOKUPS_MAX];
};

/* Looks up an address of the family, or, when the name has none, of the other one. False: too many
 * lookups, or no thread. */
bool resolver_start(struct resolver *resolver, uint32_t token, const char *name, uint8_t family);
/* A lookup that has come to its end: its token, and the address, or an error. False: none. */
bool resolver_next(struct resolver *resolver, uint32_t *token, enum ipsec_status *status,
                   struct ipsec_addr *addr);
bool resolver_busy(const struct resolver *resolver);
/* Waits for nothing: what is under way ends by itself, and nobody hears of it. */
void resolver_deinit(struct resolver *resolver);

#endif
