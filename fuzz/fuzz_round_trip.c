/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP there and back under a fuzzer: packets of chosen sizes are sealed in tunnel mode and opened
 * by the other end, with crypto whose tags are real (tests/unit/esp/toy_crypto.c). What comes out
 * is what went in; a copy is refused as a replay, and a packet with one bit changed behind its
 * header by its ICV. Input: two octets that choose the SAs, then four a packet: what is done to it,
 * its length in two, and where its bit changes.
 */
#include "bytes.h"
#include "toy_crypto.h"

#include <ipsec/esp.h>

#include <string.h>

#define PACKETS_MAX 64u
#define ROOM        160u
#define BYTES_MAX   9000u
#define BLOCK_BYTES 4096u
#define ESP_HEADER  8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

static const struct suite {
    uint16_t encr;
    uint16_t bits;
    uint8_t key;
    uint16_t integ;
} suites[] = {
    {IPSEC_ENCR_AES_GCM_16, 256, 36, IPSEC_INTEG_NONE},
    {IPSEC_ENCR_AES_CBC, 128, 16, IPSEC_INTEG_HMAC_SHA2_256_128},
    {IPSEC_ENCR_CHACHA20_POLY1305, 0, 36, IPSEC_INTEG_NONE},
    {IPSEC_ENCR_NULL, 0, 0, IPSEC_INTEG_HMAC_SHA2_256_128},
};

static struct ipsec_endpoint end_of(uint8_t family, uint8_t last)
{
    struct ipsec_endpoint e = {{family, {192, 0, 2, 0}}, 4500};
    e.addr.bytes[family == IPSEC_FAMILY_IPV4 ? 3 : 15] = last;
    return e;
}

static struct ipsec_sa_params params_of(const uint8_t choice[2])
{
    static const uint8_t key[64] = {7, 9};
    const struct suite *s = &suites[choice[0] & 3];
    const uint8_t family = (choice[0] & 4) != 0 ? IPSEC_FAMILY_IPV6 : IPSEC_FAMILY_IPV4;
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    p.spi = 0x1000;
    p.suite.encr = s->encr;
    p.suite.encr_key_bits = s->bits;
    p.suite.integ = s->integ;
    p.suite.esn = (choice[0] & 8) != 0 ? IPSEC_ESN_YES : IPSEC_ESN_NO;
    p.encr_key = ipseci_view(key, s->key);
    p.integ_key = ipseci_view(key, s->integ == IPSEC_INTEG_NONE ? 0 : 32);
    p.outer = (choice[1] & 1) != 0 ? IPSEC_OUTER_IP : IPSEC_OUTER_NONE;
    p.udp_encapsulation = (choice[1] & 2) != 0;
    p.sequence_start = (choice[0] & 24) == 24 ? UINT64_C(0xfffffff0) : 0;
    p.local = end_of(family, 1);
    p.remote = end_of(family, 2);
    return p;
}

static size_t fill(uint8_t *at, bool v6, uint16_t wanted)
{
    const size_t header = v6 ? 40 : 20;
    const size_t length = header + wanted % (BYTES_MAX - header);
    memset(at, 0, header);
    if (v6) {
        at[0] = 0x60;
        ipseci_store16(at + 4, (uint16_t)(length - header));
        at[6] = 59;
        at[7] = 64;
    } else {
        at[0] = 0x45;
        ipseci_store16(at + 2, (uint16_t)length);
        at[8] = 64;
        at[9] = 253;
    }
    for (size_t i = header; i < length; i++) {
        at[i] = (uint8_t)(i * 7 + wanted);
    }
    return length;
}

/* Where the ESP header begins in what was sealed. */
static uint32_t esp_at(const struct ipsec_packet *p)
{
    if (p->carrier != IPSEC_CARRIER_IP) {
        return 0;
    }
    const uint8_t *ip = p->buffer + p->offset;
    const uint32_t header = ip[0] >> 4 == 4 ? 20 : 40;
    return header + (ip[ip[0] >> 4 == 4 ? 9 : 6] == 17 ? 8 : 0);
}

struct trip {
    struct ipsec_sa *out;
    struct ipsec_sa *in;
    uint8_t sealed[BYTES_MAX + 2 * ROOM];
    uint8_t copy[BYTES_MAX + 2 * ROOM];
    uint8_t inner[BYTES_MAX];
};

/* Opens a copy, so that the sealed packet stays. */
static int32_t open_copy(struct trip *t, const struct ipsec_packet *sealed, struct ipsec_packet *p)
{
    struct ipsec_packet *const list[1] = {p};
    memcpy(t->copy, t->sealed, sizeof(t->copy));
    *p = *sealed;
    p->buffer = t->copy;
    p->sa = t->in;
    (void)ipsec_esp_open(list, 1);
    return p->status;
}

static void there_and_back(struct trip *t, const uint8_t step[4])
{
    struct ipsec_packet p = {.buffer = t->sealed, .capacity = sizeof(t->sealed), .offset = ROOM};
    struct ipsec_packet *const list[1] = {&p};
    struct ipsec_packet opened;
    const size_t length = fill(t->inner, (step[0] & 1) != 0, ipseci_load16(step + 1));
    memcpy(t->sealed + ROOM, t->inner, length);
    p.length = (uint32_t)length;
    p.sa = t->out;
    require(ipsec_esp_seal(list, 1) == 1);
    const uint32_t begin = p.offset + esp_at(&p) + ESP_HEADER;
    const uint32_t end = p.offset + p.length;
    require(begin < end && end <= p.capacity);
    if ((step[0] & 2) != 0) {
        uint8_t *octet = &t->sealed[begin + (uint32_t)step[3] * 37u % (end - begin)];
        *octet ^= (uint8_t)(1u << (step[3] & 7));
        require(open_copy(t, &p, &opened) == IPSEC_DROP_ICV);
        *octet ^= (uint8_t)(1u << (step[3] & 7));
    }
    if ((step[0] & 4) != 0) {
        return; /* lost */
    }
    require(open_copy(t, &p, &opened) == IPSEC_OK);
    require(opened.length == length);
    require(memcmp(opened.buffer + opened.offset, t->inner, length) == 0);
    require(open_copy(t, &p, &opened) == IPSEC_DROP_REPLAY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(max_align_t) uint8_t block[2][BLOCK_BYTES];
    static struct trip t;
    static struct toy toy;
    if (size < 2) {
        return 0;
    }
    toy_init(&toy);
    struct ipsec_sa_params p = params_of(data);
    p.direction = IPSEC_SEAL;
    require(ipsec_sa_init(block[0], BLOCK_BYTES, &p, &toy.list, &t.out) == IPSEC_OK);
    const struct ipsec_endpoint local = p.local;
    p.local = p.remote;
    p.remote = local;
    p.direction = IPSEC_OPEN;
    require(ipsec_sa_init(block[1], BLOCK_BYTES, &p, &toy.list, &t.in) == IPSEC_OK);
    for (size_t at = 2, n = 0; size - at >= 4 && n < PACKETS_MAX; at += 4, n++) {
        there_and_back(&t, data + at);
    }
    ipsec_sa_deinit(t.out);
    ipsec_sa_deinit(t.in);
    require(toy.keys_alive == 0);
    return 0;
}
