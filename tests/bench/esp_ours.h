/* SPDX-License-Identifier: Apache-2.0
 *
 * Our side of the ESP benchmarks: bursts of inner packets sealed, and opened again.
 */
#ifndef ESP_OURS_H
#define ESP_OURS_H

#include "esp_raw.h"

#include <ipsec/esp.h>
#include <ipsec/sa_share.h>

#include <stdbool.h>
#include <stddef.h>

#define ESP_OURS_BURST 32u
/* Where keys and packets lie against the stack modulo 4 KiB decides several percent on some
 * processors, in favour of either side. So packets have strides that do not repeat, and several
 * keys at different places take turns. All packets begin on a cache line, as those of a pool do;
 * without that, the wide loads of some libraries take longer, on either side again. */
#define ESP_OURS_KEYS         8u
#define ESP_OURS_LINE         64
#define ESP_OURS_BUFFER_BYTES (2048 + 3 * ESP_OURS_LINE)
#define ESP_OURS_SPI          0x1000u
#define ESP_OURS_OUTER_OCTETS 20u
/* The inner network that packets come from, 192.168.1.0/24, and that they go to; with OUTER_IP the
 * tunnel is from 192.0.2.1 to 192.0.2.2. */
#define ESP_OURS_INNER_HEADER                                                                      \
    {                                                                                              \
        0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 192, 168, 1, 10, 192, 168, 2, 10                  \
    }

struct esp_ours {
    struct ipsec_sa *out[ESP_OURS_KEYS];
    struct ipsec_sa *in[ESP_OURS_KEYS];
    bool one_sa; /* a burst; else the keys take turns in it. Set after init */
    unsigned turn;
    unsigned octets; /* of an inner packet; set before the first fill */
    struct ipsec_packet packet[ESP_OURS_BURST];
    struct ipsec_packet *list[ESP_OURS_BURST];
    _Alignas(max_align_t) uint8_t out_block[ESP_OURS_KEYS][1024];
    _Alignas(max_align_t) uint8_t in_block[ESP_OURS_KEYS][1024];
    _Alignas(ESP_OURS_LINE) uint8_t buffer[ESP_OURS_BURST][ESP_OURS_BUFFER_BYTES];
};

void esp_ours_init(struct esp_ours *o, enum esp_cipher cipher,
                   const struct ipsec_crypto_list *crypto, enum ipsec_outer outer);
/* All outbound SAs are senders of this share, which is of esp_ours_params; NULL: as above. */
void esp_ours_init_shared(struct esp_ours *o, enum esp_cipher cipher,
                          const struct ipsec_crypto_list *crypto, enum ipsec_outer outer,
                          struct ipsec_sa_share *share);
/* Those of an outbound SA. */
struct ipsec_sa_params esp_ours_params(enum esp_cipher cipher, enum ipsec_outer outer);
void esp_ours_deinit(struct esp_ours *o);

/* For bench_pair; work is a struct esp_ours. What is not timed: */
void esp_ours_fill(void *work); /* a fresh inner packet in every buffer */
/* Sealed packets as they are when their SA is known: the outer header has been read. */
void esp_ours_fill_and_seal(void *work);
/* What is: */
void esp_ours_seal(void *work);
void esp_ours_open(void *work);

#endif
