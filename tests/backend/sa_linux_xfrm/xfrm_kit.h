/* SPDX-License-Identifier: Apache-2.0
 *
 * A sink over the fake kernel, with one peer, and Child SAs to install.
 */
#ifndef XFRM_KIT_H
#define XFRM_KIT_H

#include "fake_kernel.h"

struct xfrm_kit {
    struct fake_kernel kernel;
    struct ipsec_xfrm_config config;
    struct ipsec_xfrm *xfrm;
    const struct ipsec_sa_sink *sink;
    struct ipsec_child_config child[2];
    struct ipsec_peer peer;
    uint8_t keys[4][64];
};

/* 10.1.0.0/16 here, 10.2.0.0/16 there, 192.0.2.1 and .2 outside; nothing is open yet. */
void xfrm_kit_init(struct xfrm_kit *kit);
void xfrm_kit_open(struct xfrm_kit *kit);
void xfrm_kit_close(struct xfrm_kit *kit);
/* Both at once, on the heap. */
struct xfrm_kit *xfrm_kit_begin(void);
void xfrm_kit_end(struct xfrm_kit *kit);
/* A pair of the first child with this suite; SPIs 0x1000 and 0x2000 more than its number. */
struct ipsec_child_sa xfrm_kit_sa(struct xfrm_kit *kit, ipsec_handle child, const char *suite);
struct ipsec_selectors xfrm_kit_selectors(const char *text);

#endif
