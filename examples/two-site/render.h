/* SPDX-License-Identifier: Apache-2.0
 *
 * SAs, selectors and ESP packets as text. Pure: writes only into the text it is given.
 */
#ifndef TWO_SITE_RENDER_H
#define TWO_SITE_RENDER_H

#include <ipsec/event.h>

#define RENDER_BYTES 700

struct render {
    char text[RENDER_BYTES]; /* always ends with a NUL */
    size_t used;
};

__attribute__((format(printf, 2, 3))) void render_add(struct render *out, const char *format, ...);

void render_addr(struct render *out, const struct ipsec_addr *addr);
void render_endpoint(struct render *out, const struct ipsec_endpoint *endpoint);
/* "192.168.1.0/24, 10.0.0.1" */
void render_selectors(struct render *out, const struct ipsec_selectors *selectors);
/* "AES-CBC-256, HMAC-SHA2-256-128, MODP-2048 (group 14)" */
void render_suite(struct render *out, const struct ipsec_suite *suite);
/* "54m12s", "now" */
void render_span(struct render *out, ipsec_ms from, ipsec_ms until);

/* The facts of an SA, without its name. */
void render_ike(struct render *out, const struct ipsec_ike_sa_info *ike, ipsec_ms now);
void render_child(struct render *out, const struct ipsec_child_info *child, ipsec_ms now);

/* Sizes of an ESP packet's parts: what the layout shows. */
struct render_esp_sizes {
    uint32_t iv;
    uint32_t icv;
    uint32_t block; /* the cipher text is a multiple of it */
};
/* False for a suite it does not know. */
bool render_esp_sizes(const struct ipsec_suite *suite, struct render_esp_sizes *sizes);

#endif
