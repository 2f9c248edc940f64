/* SPDX-License-Identifier: Apache-2.0
 *
 * The SA database (RFC 4301 4.4.2): owns the memory of its SAs, both directions, and finds an
 * inbound SA by SPI. The lookup is keyed with a random value, so a peer can not choose collisions.
 */
#ifndef IPSEC_SAD_H
#define IPSEC_SAD_H

#include <ipsec/esp.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_sad;

struct ipsec_sad_config {
    uint32_t size;
    uint32_t sa_max;            /* SAs of either direction; 0: 64 */
    uint32_t replay_window_max; /* largest window any SA asks for; 0: 1024 */
    struct ipsec_crypto_list crypto;
    uint32_t selectors_max; /* selectors any SA has, both sides together; 0: 8 */
};
#define IPSEC_SAD_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_sad_config)

IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_sad_size(const struct ipsec_sad_config *config,
                                                            size_t *bytes);
/* crypto is copied by value; its tables must outlive the database. IPSEC_ERR_ARGUMENT,
 * IPSEC_ERR_BUFFER, IPSEC_ERR_RANDOM (no key for the lookup). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_sad_init(void *block, size_t block_bytes,
                                                            const struct ipsec_sad_config *config,
                                                            struct ipsec_sad **sad);
/* Removes and wipes every SA. NULL is allowed. */
IPSEC_API void ipsec_sad_deinit(struct ipsec_sad *sad);

/* Makes an SA (see ipsec_sa_init) inside the database. IPSEC_ERR_FULL, IPSEC_ERR_STATE (inbound SPI
 * in use), IPSEC_ERR_BUFFER (window and selectors together need more than the configuration allows
 * for), and what ipsec_sa_init says. *handle is written on success. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_sad_add(struct ipsec_sad *sad, const struct ipsec_sa_params *params, ipsec_handle *handle);
/* Wipes and frees. IPSEC_ERR_STALE. Pointers to the SA are invalid from here on. */
IPSEC_API enum ipsec_status ipsec_sad_remove(struct ipsec_sad *sad, ipsec_handle handle);

/* NULL when the handle is stale. */
IPSEC_API struct ipsec_sa *ipsec_sad_get(struct ipsec_sad *sad, ipsec_handle handle);

/* The inbound SA of this SPI, or NULL. RFC 4301 4.1: unicast SAs are found by the SPI alone. */
IPSEC_API struct ipsec_sa *ipsec_sad_find(struct ipsec_sad *sad, uint32_t spi);

IPSEC_API uint32_t ipsec_sad_count(const struct ipsec_sad *sad);

#ifdef __cplusplus
}
#endif

#endif
