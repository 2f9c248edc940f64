/* SPDX-License-Identifier: Apache-2.0
 *
 * The contestants of bench_esp.c: a crypto provider, and the library under it called by hand on the
 * same octets, with keys prepared and contexts reused as well as that library allows.
 */
#ifndef ESP_RAW_H
#define ESP_RAW_H

#include <ipsec/crypto.h>

#include <stdbool.h>

#define ESP_RAW_IV_BYTES  16
#define ESP_RAW_BURST_MAX 32
#define ESP_RAW_AAD_BYTES 8 /* and the IV behind it, where a MAC covers it */
#define ESP_RAW_THREADS   2

enum esp_cipher { ESP_GCM, ESP_CBC, ESP_CHACHA };

/* One packet: header is SPI | sequence | IV, iv the cipher's nonce. */
struct esp_raw_packet {
    const uint8_t *header;
    const uint8_t *iv;
    uint8_t *data;
    size_t octets;
    uint8_t *tag;
};

/* What is demanded of seal and open with AES-256-GCM; 0: nothing. */
struct esp_marks {
    double of_raw_64;
    double over_raw_ns; /* at any size */
    double of_raw_1420;
};

struct esp_raw {
    const char *prefix; /* of the rows' names */
    struct esp_marks marks;
    const struct ipsec_crypto *(*provider_new)(void); /* NULL: not on this machine. One a thread */
    void (*provider_free)(void);                      /* all of them */
    void *(*key_new)(enum esp_cipher cipher);         /* with esp_raw_key */
    void (*key_free)(void *key);
    /* Other than 0: failed. */
    int (*seal)(void *key, const struct esp_raw_packet *p);
    int (*open)(void *key, const struct esp_raw_packet *p);
    /* NULL: packet by packet, by the two above. Data lies behind a copy of its header. */
    int (*burst)(void *const keys[], const struct esp_raw_packet *p, unsigned n, bool is_open);
};

extern const uint8_t esp_raw_key[64];

/* NULL: not built. */
const struct esp_raw *esp_raw_mbedtls(void);
const struct esp_raw *esp_raw_openssl(void);
const struct esp_raw *esp_raw_ipsec_mb(void);

#endif
