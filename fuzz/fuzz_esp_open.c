/* SPDX-License-Identifier: Apache-2.0
 *
 * ESP under a fuzzer, with crypto that changes nothing and takes every ICV, so that the input
 * reaches what lies behind it. Input: two octets that choose the SA, then packets, each with a
 * 16-bit length. All of them are opened in one call; each that opens is sealed again, in tunnel or
 * in transport mode, and must come back the same.
 */
#include "ip_header.h"

#include <ipsec/esp.h>

#include <stdlib.h>
#include <string.h>

#define PACKETS_MAX  40
#define BUFFER_BYTES 66000
#define ROOM         256
#define HEADER_ROOM  40
#define SPI          0x01020304u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

/* ---- crypto that does nothing -------------------------------------------------------------------
 */

struct ipsec_key {
    int nothing;
};

static struct ipsec_key one_key;
static volatile unsigned sink;

static bool null_supports(void *context, enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    (void)context;
    (void)type;
    (void)id;
    (void)bits;
    return true;
}

static enum ipsec_status null_random(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memset(out, 0x5a, length);
    return IPSEC_OK;
}

static enum ipsec_status null_key_new(void *context, const struct ipsec_key_params *params,
                                      struct ipsec_key **key)
{
    (void)context;
    (void)params;
    *key = &one_key;
    return IPSEC_OK;
}

static void null_key_free(void *context, struct ipsec_key *key)
{
    (void)context;
    require(key == &one_key);
}

/* Reads every octet it was given, so that the sanitizer sees a range that is wrong. */
static void null_run(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    (void)context;
    for (size_t i = 0; i < n; i++) {
        unsigned sum = 0;
        for (uint32_t j = 0; j < ops[i]->data_length; j++) {
            sum += ops[i]->data[j];
        }
        for (uint16_t j = 0; j < ops[i]->aad_length; j++) {
            sum += ops[i]->aad[j];
        }
        sink += sum + ops[i]->tag[0];
        ops[i]->status = IPSEC_OK;
    }
}

static const struct ipsec_crypto null_crypto = {.size = sizeof(null_crypto),
                                                .name = "null",
                                                .supports = null_supports,
                                                .random = null_random,
                                                .key_new = null_key_new,
                                                .key_free = null_key_free,
                                                .run = null_run};
static const struct ipsec_crypto *const items[] = {&null_crypto};
static const struct ipsec_crypto_list crypto = {items, 1};

/* ---- SAs ----------------------------------------------------------------------------------------
 */

struct pair {
    struct ipsec_sa *in;
    struct ipsec_sa *out; /* of the same suite, for what came out */
    struct ipsec_sa *back;
    _Alignas(max_align_t) uint8_t block[3][4096];
};

static struct ipsec_selectors everything(void)
{
    struct ipsec_selectors ts = {.count = 2};
    for (uint32_t i = 0; i < ts.count; i++) {
        ts.item[i].family = i == 0 ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6;
        ts.item[i].port_last = UINT16_MAX;
        memset(ts.item[i].last, 0xff, i == 0 ? 4 : 16);
    }
    return ts;
}

static void set_suite(struct ipsec_sa_params *p, unsigned choice)
{
    static const uint8_t key[64];
    p->suite.esn = (choice & 4) != 0 ? IPSEC_ESN_YES : IPSEC_ESN_NO;
    p->integ_key = ipseci_view(key, 32);
    p->suite.integ = IPSEC_INTEG_HMAC_SHA2_256_128;
    switch (choice & 3) {
    case 0:
    case 1:
        p->suite.encr = IPSEC_ENCR_AES_GCM_16;
        p->suite.encr_key_bits = 256;
        p->encr_key = ipseci_view(key, 36);
        p->suite.integ = IPSEC_INTEG_NONE;
        p->integ_key.length = 0;
        break;
    case 2:
        p->suite.encr = IPSEC_ENCR_AES_CBC;
        p->suite.encr_key_bits = 128;
        p->encr_key = ipseci_view(key, 16);
        break;
    default:
        p->suite.encr = IPSEC_ENCR_NULL;
        p->encr_key = ipseci_view(key, 0);
        break;
    }
}

/* The first octet of the input: suite, and above it the modes of either SA. */
#define MODE_IN  16u
#define MODE_OUT 32u

static struct ipsec_endpoint outside(uint8_t last)
{
    const struct ipsec_endpoint e = {{IPSEC_FAMILY_IPV4, {192, 0, 2, last}}, 0};
    return e;
}

static struct ipsec_sa *make(void *block, size_t bytes, const struct ipsec_sa_params *p)
{
    struct ipsec_sa *sa = NULL;
    require(ipsec_sa_init(block, bytes, p, &crypto, &sa) == IPSEC_OK);
    return sa;
}

static void pair_start(struct pair *pair, uint8_t suite, uint8_t flags)
{
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    p.spi = SPI;
    set_suite(&p, suite);
    p.udp_encapsulation = (flags & 1) != 0;
    p.accept_any_encapsulation = (flags & 2) != 0;
    p.no_replay_check = (flags & 4) != 0;
    p.replay_window = 64u + 64u * (flags >> 6);
    if ((flags & 8) != 0) {
        p.local_ts = everything();
        p.remote_ts = p.local_ts;
    }
    p.sequence_start = p.suite.esn != 0 && (suite & 8) != 0 ? UINT64_C(0xfffffff0) : 0;
    p.direction = IPSEC_OPEN;
    p.mode = (suite & MODE_IN) != 0 ? IPSEC_MODE_TRANSPORT : IPSEC_MODE_TUNNEL;
    if (p.mode == IPSEC_MODE_TRANSPORT) {
        p.local = outside(1);
        p.remote = outside(2);
    }
    pair->in = make(pair->block[0], sizeof(pair->block[0]), &p);
    p.local_ts.count = p.remote_ts.count = 0;
    p.udp_encapsulation = false;
    p.mode = (suite & MODE_OUT) != 0 ? IPSEC_MODE_TRANSPORT : IPSEC_MODE_TUNNEL;
    p.outer = (suite & MODE_OUT) != 0 ? IPSEC_OUTER_IP : IPSEC_OUTER_NONE;
    p.local = outside(1);
    p.remote = outside(2);
    pair->back = make(pair->block[1], sizeof(pair->block[1]), &p);
    p.direction = IPSEC_SEAL;
    pair->out = make(pair->block[2], sizeof(pair->block[2]), &p);
}

/* ---- packets ------------------------------------------------------------------------------------
 */

static void check_opened(const struct ipsec_packet *p)
{
    const uint8_t *inner = p->buffer + p->offset;
    require(p->offset <= p->capacity && p->length <= p->capacity - p->offset && p->length >= 20);
    require(p->next_header == (inner[0] >> 4 == 4 ? 4 : 41));
    require(p->length ==
            (p->next_header == 4 ? ipseci_load16(inner + 2) : 40u + ipseci_load16(inner + 4)));
}

static void repair(uint8_t *ip)
{
    ipseci_store16(ip + 10, 0);
    ipseci_store16(ip + 10, ipseci_checksum(ipseci_view(ip, (size_t)(ip[0] & 15) * 4), 0));
}

static void seal_and_open_again(const struct pair *pair, const struct ipsec_packet *opened)
{
    static uint8_t buffer[BUFFER_BYTES + 2 * ROOM];
    struct ipsec_packet p = {.buffer = buffer,
                             .capacity = sizeof(buffer),
                             .offset = ROOM,
                             .length = opened->length,
                             .sa = pair->out};
    struct ipsec_packet *const list[1] = {&p};
    memcpy(buffer + ROOM, opened->buffer + opened->offset, opened->length);
    if (ipsec_esp_seal(list, 1) != 1) {
        require(p.status == IPSEC_DROP_TOO_BIG || p.status == IPSEC_DROP_FRAGMENT ||
                p.status == IPSEC_DROP_NEXT_HEADER);
        require(p.length == opened->length &&
                memcmp(p.buffer + p.offset, opened->buffer + opened->offset, p.length) == 0);
        return;
    }
    p.sa = pair->back;
    if (p.carrier == IPSEC_CARRIER_IP && p.buffer[p.offset] >> 4 == IPSEC_FAMILY_IPV4) {
        repair(p.buffer + p.offset); /* the fuzzer's packets mostly have another checksum */
        repair(opened->buffer + opened->offset);
    }
    require(ipsec_esp_open(list, 1) == 1 && p.length == opened->length);
    require(memcmp(p.buffer + p.offset, opened->buffer + opened->offset, p.length) == 0);
}

static void check(const struct pair *pair, struct ipsec_packet *const list[], size_t n)
{
    struct ipsec_sa_stats before;
    struct ipsec_sa_stats after;
    uint64_t drops = 0;
    ipsec_sa_stats(pair->in, &before);
    const size_t opened = ipsec_esp_open(list, n);
    ipsec_sa_stats(pair->in, &after);
    size_t good = 0;
    for (size_t i = 0; i < n; i++) {
        const enum ipsec_status status = (enum ipsec_status)list[i]->status;
        if (status == IPSEC_OK) {
            good++;
            check_opened(list[i]);
            seal_and_open_again(pair, list[i]);
        } else {
            require(ipsec_status_class(status) == IPSEC_CLASS_PEER);
        }
    }
    for (size_t i = 0; i < IPSEC_DROP_REASONS; i++) {
        drops += after.drops[i] - before.drops[i];
    }
    require(good == opened && drops == n - good && after.sequence >= before.sequence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pair pair;
    struct ipsec_packet packets[PACKETS_MAX];
    struct ipsec_packet *list[PACKETS_MAX];
    size_t n = 0;
    if (size < 2) {
        return 0;
    }
    const uint8_t flags = data[1];
    pair_start(&pair, data[0], flags);
    size_t at = 2;
    while (n < PACKETS_MAX && size - at >= 2) {
        const size_t wanted = ipseci_load16(data + at);
        at += 2;
        const size_t length = wanted < size - at ? wanted : size - at;
        /* Transport mode makes a header in front. */
        const size_t room = (data[0] & MODE_IN) != 0 ? HEADER_ROOM : 0;
        /* A block of just this length, so that a sanitizer sees the first octet beyond it. */
        uint8_t *exact = malloc(room + length == 0 ? 1 : room + length);
        require(exact != NULL);
        memcpy(exact + room, data + at, length);
        at += length;
        memset(&packets[n], 0, sizeof(packets[n]));
        packets[n].buffer = exact;
        packets[n].capacity = (uint32_t)(room + length);
        packets[n].offset = (uint32_t)room;
        packets[n].length = (uint32_t)length;
        packets[n].carrier = (uint8_t)(1 + (flags >> 4 & 3) % 3);
        packets[n].traffic_class = flags;
        packets[n].sa = pair.in;
        list[n] = &packets[n];
        n++;
    }
    check(&pair, list, n);
    for (size_t i = 0; i < n; i++) {
        free(packets[i].buffer);
    }
    ipsec_sa_deinit(pair.in);
    ipsec_sa_deinit(pair.back);
    ipsec_sa_deinit(pair.out);
    return 0;
}
