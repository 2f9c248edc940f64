/* SPDX-License-Identifier: Apache-2.0
 *
 * See esp_kit.h.
 */
#include "esp_kit.h"
#include "ip_header.h"

static const uint8_t key_octets[64] = {
    1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,
    45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64};

struct suite_row {
    uint16_t encr;
    uint16_t bits;
    uint16_t integ;
    uint8_t encr_octets;
    uint8_t integ_octets;
};

static const struct suite_row suite_rows[KIT_SUITES] = {
    [KIT_GCM] = {IPSEC_ENCR_AES_GCM_16, 256, IPSEC_INTEG_NONE, 36, 0},
    [KIT_CHACHA] = {IPSEC_ENCR_CHACHA20_POLY1305, 0, IPSEC_INTEG_NONE, 36, 0},
    [KIT_CBC_SHA256] = {IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA2_256_128, 32, 32},
    [KIT_CBC_SHA512] = {IPSEC_ENCR_AES_CBC, 128, IPSEC_INTEG_HMAC_SHA2_512_256, 16, 64},
    [KIT_CTR_SHA256] = {IPSEC_ENCR_AES_CTR, 256, IPSEC_INTEG_HMAC_SHA2_256_128, 36, 32},
    [KIT_NULL_SHA256] = {IPSEC_ENCR_NULL, 0, IPSEC_INTEG_HMAC_SHA2_256_128, 0, 32},
};

struct ipsec_endpoint kit_endpoint(const char *addr, uint16_t port)
{
    struct ipsec_endpoint e = {.port = port};
    assert_int_equal(ipsec_addr_parse(addr, &e.addr), IPSEC_OK);
    return e;
}

struct ipsec_selector kit_selector(const char *text)
{
    struct ipsec_selector s;
    assert_int_equal(ipsec_selector_parse(text, &s), IPSEC_OK);
    return s;
}

void kit_init(struct kit *kit, enum kit_suite suite)
{
    const struct suite_row *row = &suite_rows[suite];
    memset(kit, 0, sizeof(*kit));
    toy_init(&kit->toy);
    struct ipsec_sa_params *p = &kit->params;
    p->size = sizeof(*p);
    p->direction = IPSEC_SEAL;
    p->spi = KIT_SPI;
    p->suite.protocol = IPSEC_PROTOCOL_ESP;
    p->suite.encr = row->encr;
    p->suite.encr_key_bits = row->bits;
    p->suite.integ = row->integ;
    p->encr_key.data = key_octets;
    p->encr_key.length = row->encr_octets;
    p->integ_key.data = key_octets;
    p->integ_key.length = row->integ_octets;
    p->local = kit_endpoint("192.0.2.1", 0);
    p->remote = kit_endpoint("192.0.2.2", 0);
    p->local_ts.count = 2;
    p->local_ts.item[0] = kit_selector("192.168.1.0/24");
    p->local_ts.item[1] = kit_selector("fd00:1::/32");
    p->remote_ts.count = 2;
    p->remote_ts.item[0] = kit_selector("192.168.2.0/24");
    p->remote_ts.item[1] = kit_selector("fd00:2::/32");
}

struct ipsec_sa_params kit_mirror(const struct ipsec_sa_params *out)
{
    struct ipsec_sa_params p = *out;
    p.direction = IPSEC_OPEN;
    p.local = out->remote;
    p.remote = out->local;
    p.local_ts = out->remote_ts;
    p.remote_ts = out->local_ts;
    return p;
}

void kit_start(struct kit *kit)
{
    const struct ipsec_sa_params in = kit_mirror(&kit->params);
    assert_int_equal(ipsec_sa_init(kit->out_block, sizeof(kit->out_block), &kit->params,
                                   &kit->toy.list, &kit->out),
                     IPSEC_OK);
    assert_int_equal(
        ipsec_sa_init(kit->in_block, sizeof(kit->in_block), &in, &kit->toy.list, &kit->in),
        IPSEC_OK);
}

void kit_stop(struct kit *kit)
{
    ipsec_sa_deinit(kit->out);
    ipsec_sa_deinit(kit->in);
    assert_int_equal(kit->toy.keys_alive, 0);
}

static void start_packet(struct kit_buffer *b, struct ipsec_sa *sa, uint32_t length)
{
    assert_true(KIT_OFFSET + length <= KIT_BUFFER_BYTES);
    memset(b, 0, sizeof(*b));
    for (uint32_t i = 0; i < length; i++) {
        b->octets[KIT_OFFSET + i] = (uint8_t)(i * 7 + 3);
    }
    b->packet.buffer = b->octets;
    b->packet.capacity = KIT_BUFFER_BYTES;
    b->packet.offset = KIT_OFFSET;
    b->packet.length = length;
    b->packet.sa = sa;
}

static void write_ports(uint8_t *upper, uint32_t left)
{
    if (left >= 4) {
        ipseci_store16(upper, 1000);
        ipseci_store16(upper + 2, 2000);
    }
}

static void write_header(struct kit_buffer *b, const char *src, const char *dst)
{
    const struct ipsec_endpoint from = kit_endpoint(src, 0);
    const struct ipsec_endpoint to = kit_endpoint(dst, 0);
    const struct ipseci_ip_outer ip = {.family = from.addr.family,
                                       .protocol = IPSECI_IP_UDP,
                                       .ttl = 63,
                                       .src = from.addr.bytes,
                                       .dst = to.addr.bytes};
    const uint32_t header = from.addr.family == IPSEC_FAMILY_IPV4 ? 20 : 40;
    assert_true(b->packet.length >= header);
    assert_int_equal(ipseci_ip_build(kit_content(b), &ip, b->packet.length - header), header);
    write_ports(kit_content(b) + header, b->packet.length - header);
}

void kit_ipv4(struct kit_buffer *b, struct ipsec_sa *sa, uint32_t length)
{
    start_packet(b, sa, length);
    write_header(b, "192.168.1.10", "192.168.2.10");
}

void kit_ipv6(struct kit_buffer *b, struct ipsec_sa *sa, uint32_t length)
{
    start_packet(b, sa, length);
    write_header(b, "fd00:1::10", "fd00:2::10");
}

uint8_t *kit_content(struct kit_buffer *b)
{
    return b->octets + b->packet.offset;
}

enum ipsec_status kit_seal(struct kit_buffer *b)
{
    struct ipsec_packet *const list[1] = {&b->packet};
    const size_t sealed = ipsec_esp_seal(list, 1);
    assert_int_equal(sealed, b->packet.status == IPSEC_OK);
    return b->packet.status;
}

enum ipsec_status kit_open(struct kit_buffer *b, struct ipsec_sa *sa)
{
    struct ipsec_packet *const list[1] = {&b->packet};
    b->packet.sa = sa;
    const size_t opened = ipsec_esp_open(list, 1);
    assert_int_equal(opened, b->packet.status == IPSEC_OK);
    return b->packet.status;
}

void kit_craft(struct kit *kit, struct kit_buffer *b, uint64_t sequence, struct ipsec_view plain)
{
    const struct ipsec_sa_params *p = &kit->params;
    const struct ipsec_key_params key = {.direction = IPSEC_SEAL,
                                         .encr_id = p->suite.encr,
                                         .encr_key_bits = p->suite.encr_key_bits,
                                         .integ_id = p->suite.integ,
                                         .encr_key = p->encr_key,
                                         .integ_key = p->integ_key};
    struct ipseci_aead aead;
    assert_int_equal(ipseci_aead_init(&aead, &kit->toy.list, &key), IPSEC_OK);
    const uint32_t head = 8u + aead.iv_length;
    start_packet(b, kit->in, head + (uint32_t)plain.length + aead.tag_length);
    uint8_t *esp = kit_content(b);
    ipseci_store32(esp, p->spi);
    ipseci_store32(esp + 4, (uint32_t)sequence);
    memcpy(esp + head, plain.data, plain.length);

    struct ipsec_crypto_op op = {.data = esp + head,
                                 .aad = esp,
                                 .iv = esp + 8,
                                 .tag = esp + head + plain.length,
                                 .data_length = (uint32_t)plain.length};
    op.aad_length = aead.is_aead ? 8 : (uint16_t)head;
    if (p->suite.esn == IPSEC_ESN_YES && aead.is_aead) {
        ipseci_store32(op.scratch, p->spi);
        ipseci_store64(op.scratch + 4, sequence);
        op.aad = op.scratch;
        op.aad_length = 12;
    } else if (p->suite.esn == IPSEC_ESN_YES) {
        ipseci_store32(op.scratch, (uint32_t)(sequence >> 32));
        op.tail_length = 4;
    }
    const struct ipseci_aead *const aeads[1] = {&aead};
    struct ipsec_crypto_op *const ops[1] = {&op};
    ipseci_aead_run(aeads, ops, 1);
    assert_int_equal(op.status, IPSEC_OK);
    ipseci_aead_deinit(&aead);
    b->packet.carrier = IPSEC_CARRIER_ESP;
}

struct kit_plain kit_plain_of(uint32_t length, uint32_t more, uint8_t padding, uint8_t next_header)
{
    struct kit_plain p = {.length = 0};
    struct kit_buffer b;
    kit_ipv4(&b, NULL, length);
    memcpy(p.octets, kit_content(&b), length);
    memset(p.octets + length, 0xa5, more);
    p.length = length + more;
    for (unsigned i = 0; i < padding; i++) {
        p.octets[p.length++] = (uint8_t)(i + 1);
    }
    p.octets[p.length++] = padding;
    p.octets[p.length++] = next_header;
    return p;
}
