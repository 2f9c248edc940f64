/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests on published ESP packets share: octets, SAs, a provider around the real one that
 * gives the IV of a packet to seal, and packets through seal and open.
 */
#ifndef PACKET_KIT_H
#define PACKET_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "ip_header.h"
#include "sa.h"

#define KIT_OCTETS_MAX 512
#define KIT_HEAD       128

struct kit_octets {
    uint8_t data[KIT_OCTETS_MAX];
    size_t length;
};

/* ---- the provider ---- */

extern const struct ipsec_crypto *kit_real;
extern struct ipsec_crypto_list kit_crypto; /* around it */

int kit_start(void **state);
int kit_stop(void **state);

/* ---- vectors ---- */

/* A file of esp/. */
json_t *kit_load(const char *name);
const char *kit_text(const json_t *vector, const char *key);
struct kit_octets kit_octets(const json_t *vector, const char *key);
struct kit_octets kit_joined(const struct kit_octets *a, const struct kit_octets *b);
uint64_t kit_number(const json_t *vector, const char *key); /* 4 or 8 octets */

/* ---- SAs and packets ---- */

struct kit_sa {
    struct ipsec_sa *sa;
    _Alignas(max_align_t) uint8_t block[4096];
};

struct kit_recipe {
    struct ipsec_suite suite;
    uint8_t mode;               /* enum ipsec_mode; transport mode: whole packets */
    struct kit_octets encr_key; /* with salt */
    struct kit_octets integ_key;
    uint32_t spi;
    uint64_t sequence; /* of the packet */
};

enum ipsec_status kit_make(struct kit_sa *m, const struct kit_recipe *r,
                           enum ipsec_direction direction);

/* False: the build has no transport mode, or the provider no such suite. */
bool kit_has(const struct kit_recipe *r);

struct kit_packet {
    struct ipsec_packet packet;
    uint8_t buffer[KIT_OCTETS_MAX + 2 * KIT_HEAD];
};

void kit_put(struct kit_packet *w, struct ipsec_sa *sa, const uint8_t *data, size_t length);
const uint8_t *kit_content(const struct kit_packet *w);

/* Tunnel mode, without the outer header. */
void kit_seals_to(const struct kit_recipe *r, const struct kit_octets *inner, const uint8_t *esp,
                  size_t esp_length);
enum ipsec_status kit_opens(const struct kit_recipe *r, const uint8_t *esp, size_t esp_length,
                            struct kit_packet *w);
void kit_opens_to(const struct kit_recipe *r, const struct kit_octets *inner, const uint8_t *esp,
                  size_t esp_length);
/* One SA for all: a packet that is refused leaves no trace in it. */
void kit_opens_no_changed_bit(const struct kit_recipe *r, const uint8_t *esp, size_t esp_length);

/* Transport mode: the packet that was protected -> the packet on the wire and back, and no changed
 * bit behind the sequence number opens. ESP begins at `gap`, where the protected octets did. */
void kit_passes(const struct kit_recipe *r, const struct kit_octets *inner,
                const struct kit_octets *outer, size_t gap);
/* An IPv4 header in front. */
struct kit_octets kit_ipv4(uint8_t protocol, const uint8_t *data, size_t length);

#endif
