/* SPDX-License-Identifier: Apache-2.0
 *
 * What tests of ESP share: a pair of SAs that understand each other, packets in buffers of their
 * own, and ESP packets made by hand with any plaintext.
 */
#ifndef ESP_KIT_H
#define ESP_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facade.h"
#include "toy_crypto.h"

#include <ipsec/esp.h>

#define KIT_SPI          0x11223344u
#define KIT_BUFFER_BYTES 2304
#define KIT_OFFSET       128
#define KIT_SA_BYTES     2048

/* Suites by number, for loops over all. */
enum kit_suite {
    KIT_GCM,
    KIT_CHACHA,
    KIT_CBC_SHA256,
    KIT_CBC_SHA512,
    KIT_NULL_SHA256,
    KIT_CTR_SHA256,
    KIT_SUITES
};

struct kit_buffer {
    struct ipsec_packet packet;
    uint8_t octets[KIT_BUFFER_BYTES];
};

struct kit {
    struct toy toy;
    struct ipsec_sa_params params; /* of the outbound SA; changed by a test before kit_start */
    struct ipsec_sa *out;
    struct ipsec_sa *in;
    _Alignas(max_align_t) uint8_t out_block[KIT_SA_BYTES];
    _Alignas(max_align_t) uint8_t in_block[KIT_SA_BYTES];
};

/* Params of an outbound SA 192.0.2.1 -> 192.0.2.2 for 192.168.1.0/24 to 192.168.2.0/24 (and
 * fd00:1::/32 to fd00:2::/32), crypto the toy. */
void kit_init(struct kit *kit, enum kit_suite suite);
/* The same SA seen from the other end. */
struct ipsec_sa_params kit_mirror(const struct ipsec_sa_params *out);
/* Makes both SAs; they must be made. */
void kit_start(struct kit *kit);
void kit_stop(struct kit *kit);

struct ipsec_endpoint kit_endpoint(const char *addr, uint16_t port);
struct ipsec_selector kit_selector(const char *text);

/* An inner packet of `length` octets in all, 192.168.1.10 -> 192.168.2.10 UDP 1000 -> 2000, to be
 * sealed with sa. */
void kit_ipv4(struct kit_buffer *b, struct ipsec_sa *sa, uint32_t length);
void kit_ipv6(struct kit_buffer *b, struct ipsec_sa *sa, uint32_t length);
uint8_t *kit_content(struct kit_buffer *b);

enum ipsec_status kit_seal(struct kit_buffer *b);
/* Opens with sa what stands in the buffer; the carrier stays what seal made it. */
enum ipsec_status kit_open(struct kit_buffer *b, struct ipsec_sa *sa);

/* An ESP packet of kit->params' keys with this number and this whole plaintext (padding and trailer
 * included), carrier ESP, to be opened with kit->in. */
void kit_craft(struct kit *kit, struct kit_buffer *b, uint64_t sequence, struct ipsec_view plain);

/* A plaintext of ESP: an inner IPv4 packet of `length` octets followed by `more` octets of TFC
 * padding, then as much padding as given and the trailer. */
struct kit_plain {
    uint8_t octets[1024];
    size_t length;
};
struct kit_plain kit_plain_of(uint32_t length, uint32_t more, uint8_t padding, uint8_t next_header);

/* splitmix64: the same seed gives the same test. */
static inline uint64_t seeded(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#define UNUSED_STATE (void)state

#endif
