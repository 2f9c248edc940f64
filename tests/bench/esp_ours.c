/* SPDX-License-Identifier: Apache-2.0
 *
 * See esp_ours.h.
 */
#include "esp_ours.h"

#include "bench.h"

#include <string.h>

#define BURST        ESP_OURS_BURST
#define KEYS         ESP_OURS_KEYS
#define BUFFER_BYTES ESP_OURS_BUFFER_BYTES
#define OFFSET       128

const uint8_t esp_raw_key[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct ipsec_suite suite_of(enum esp_cipher cipher)
{
    struct ipsec_suite s = {.protocol = IPSEC_PROTOCOL_ESP};
    switch (cipher) {
    case ESP_GCM:
        s.encr = IPSEC_ENCR_AES_GCM_16;
        s.encr_key_bits = 256;
        break;
    case ESP_CBC:
        s.encr = IPSEC_ENCR_AES_CBC;
        s.encr_key_bits = 256;
        s.integ = IPSEC_INTEG_HMAC_SHA2_256_128;
        break;
    case ESP_CHACHA:
        s.encr = IPSEC_ENCR_CHACHA20_POLY1305;
        break;
    }
    return s;
}

static struct ipsec_selectors selectors_of(const char *text)
{
    struct ipsec_selectors ts = {.count = 1};
    bench_require(ipsec_selector_parse(text, &ts.item[0]) == IPSEC_OK, "selector");
    return ts;
}

static struct ipsec_endpoint endpoint_of(const char *text)
{
    struct ipsec_endpoint end = {.port = 0};
    bench_require(ipsec_addr_parse(text, &end.addr) == IPSEC_OK, "address");
    return end;
}

struct ipsec_sa_params esp_ours_params(enum esp_cipher cipher, enum ipsec_outer outer)
{
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    p.direction = IPSEC_SEAL;
    p.spi = ESP_OURS_SPI;
    p.outer = (uint8_t)outer;
    p.suite = suite_of(cipher);
    p.encr_key.data = esp_raw_key;
    p.encr_key.length = cipher == ESP_CBC ? 32 : 36;
    p.integ_key.data = esp_raw_key;
    p.integ_key.length = cipher == ESP_CBC ? 32 : 0;
    p.local = endpoint_of("192.0.2.1");
    p.remote = endpoint_of("192.0.2.2");
    p.local_ts = selectors_of("192.168.1.0/24");
    p.remote_ts = selectors_of("192.168.2.0/24");
    return p;
}

void esp_ours_init_shared(struct esp_ours *o, enum esp_cipher cipher,
                          const struct ipsec_crypto_list *crypto, enum ipsec_outer outer,
                          struct ipsec_sa_share *share)
{
    struct ipsec_sa_params out = esp_ours_params(cipher, outer);
    struct ipsec_sa_params in = out;
    out.share = share;
    in.direction = IPSEC_OPEN;
    in.local = out.remote;
    in.remote = out.local;
    in.local_ts = out.remote_ts;
    in.remote_ts = out.local_ts;
    memset(o, 0, sizeof(*o));
    for (unsigned i = 0; i < KEYS; i++) {
        bench_require(ipsec_sa_init(o->out_block[i], sizeof(o->out_block[i]), &out, crypto,
                                    &o->out[i]) == IPSEC_OK,
                      "outbound SA");
        bench_require(ipsec_sa_init(o->in_block[i], sizeof(o->in_block[i]), &in, crypto,
                                    &o->in[i]) == IPSEC_OK,
                      "inbound SA");
    }
}

void esp_ours_init(struct esp_ours *o, enum esp_cipher cipher,
                   const struct ipsec_crypto_list *crypto, enum ipsec_outer outer)
{
    esp_ours_init_shared(o, cipher, crypto, outer, NULL);
}

void esp_ours_deinit(struct esp_ours *o)
{
    for (unsigned i = 0; i < KEYS; i++) {
        ipsec_sa_deinit(o->out[i]);
        ipsec_sa_deinit(o->in[i]);
    }
}

static unsigned key_of(const struct esp_ours *o, unsigned packet)
{
    return (o->one_sa ? o->turn : packet) % KEYS;
}

void esp_ours_fill(void *work)
{
    struct esp_ours *o = work;
    o->turn++;
    for (unsigned i = 0; i < BURST; i++) {
        struct ipsec_packet *p = &o->packet[i];
        uint8_t *inner = o->buffer[i] + OFFSET;
        static const uint8_t start[20] = ESP_OURS_INNER_HEADER;
        memcpy(inner, start, sizeof(start));
        inner[2] = (uint8_t)(o->octets >> 8);
        inner[3] = (uint8_t)o->octets;
        p->buffer = o->buffer[i];
        p->capacity = BUFFER_BYTES;
        p->offset = OFFSET;
        p->length = o->octets;
        p->sa = o->out[key_of(o, i)];
        o->list[i] = p;
    }
}

void esp_ours_seal(void *work)
{
    struct esp_ours *o = work;
    bench_require(ipsec_esp_seal(o->list, BURST) == BURST, "a packet is not sealed");
}

void esp_ours_fill_and_seal(void *work)
{
    struct esp_ours *o = work;
    esp_ours_fill(o);
    esp_ours_seal(o);
    for (unsigned i = 0; i < BURST; i++) {
        struct ipsec_packet *p = &o->packet[i];
        p->sa = o->in[key_of(o, i)];
        if (p->carrier == IPSEC_CARRIER_IP) {
            p->traffic_class = p->buffer[p->offset + 1];
            p->carrier = IPSEC_CARRIER_ESP;
            p->offset += ESP_OURS_OUTER_OCTETS;
            p->length -= ESP_OURS_OUTER_OCTETS;
        }
    }
}

void esp_ours_open(void *work)
{
    struct esp_ours *o = work;
    bench_require(ipsec_esp_open(o->list, BURST) == BURST, "a packet is not opened");
}
