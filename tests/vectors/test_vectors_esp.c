/* SPDX-License-Identifier: Apache-2.0
 *
 * Published ESP packets through seal and open with each provider: the same octets in both
 * directions. The IV of a packet is given to seal by a provider around the real one.
 */
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
#include "test_hex.h"
#include "vectors_crypto.h"

#define OCTETS_MAX 512
#define HEAD       128

struct octets {
    uint8_t data[OCTETS_MAX];
    size_t length;
};

/* ---- the provider that sets IVs ----------------------------------------------------------------
 */

static const struct ipsec_crypto *real;
static struct ipsec_crypto table;
static const struct ipsec_crypto *items[1];
static struct ipsec_crypto_list crypto;
static struct octets forced_iv; /* length 0: none */

static void run_with_iv(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* The IV lies in front of the data. */
        memcpy(ops[i]->data - forced_iv.length, forced_iv.data, forced_iv.length);
    }
    real->run(context, ops, n);
}

static int provider_start(void **state)
{
    (void)state;
    real = vectors_crypto_new();
    if (real == NULL) {
        return 1;
    }
    table = *real;
    table.run = run_with_iv;
    items[0] = &table;
    crypto.item = items;
    crypto.count = 1;
    return 0;
}

static int provider_stop(void **state)
{
    (void)state;
    vectors_crypto_free();
    return 0;
}

/* ---- vectors ------------------------------------------------------------------------------------
 */

static json_t *load(const char *name)
{
    char path[512];
    assert_true((size_t)snprintf(path, sizeof(path), "%s/esp/%s", VECTORS_DIR, name) <
                sizeof(path));
    json_error_t error;
    json_t *root = json_load_file(path, 0, &error);
    if (root == NULL) {
        fail_msg("%s: %s", path, error.text);
    }
    return root;
}

static const char *text_of(const json_t *vector, const char *key)
{
    const char *text = json_string_value(json_object_get(vector, key));
    assert_non_null(text);
    return text;
}

static struct octets octets_of(const json_t *vector, const char *key)
{
    struct octets o;
    o.length = test_hex(text_of(vector, key), o.data, sizeof(o.data));
    assert_true(o.length != SIZE_MAX);
    return o;
}

static struct octets joined(const struct octets *a, const struct octets *b)
{
    struct octets o = *a;
    assert_true(a->length + b->length <= sizeof(o.data));
    memcpy(o.data + a->length, b->data, b->length);
    o.length += b->length;
    return o;
}

static uint64_t number_of(const json_t *vector, const char *key)
{
    const struct octets o = octets_of(vector, key);
    assert_true(o.length == 4 || o.length == 8);
    return o.length == 4 ? ipseci_load32(o.data) : ipseci_load64(o.data);
}

/* ---- SAs ----------------------------------------------------------------------------------------
 */

struct made {
    struct ipsec_sa *sa;
    _Alignas(max_align_t) uint8_t block[4096];
};

struct recipe {
    struct ipsec_suite suite;
    struct octets encr_key; /* with salt */
    struct octets integ_key;
    uint32_t spi;
    uint64_t sequence; /* of the packet */
};

static enum ipsec_status make(struct made *m, const struct recipe *r,
                              enum ipsec_direction direction)
{
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    p.direction = (uint8_t)direction;
    p.suite = r->suite;
    p.suite.protocol = IPSEC_PROTOCOL_ESP;
    p.encr_key = ipseci_view(r->encr_key.data, r->encr_key.length);
    p.integ_key = ipseci_view(r->integ_key.data, r->integ_key.length);
    p.sequence_start = r->sequence - 1;
    p.spi = r->spi < IPSEC_SPI_MIN ? r->spi + IPSEC_SPI_MIN : r->spi;
    m->sa = NULL;
    const enum ipsec_status status = ipsec_sa_init(m->block, sizeof(m->block), &p, &crypto, &m->sa);
    if (status == IPSEC_OK) {
        m->sa->spi = r->spi; /* some vectors have SPIs from the reserved range */
    }
    return status;
}

struct work {
    struct ipsec_packet packet;
    uint8_t buffer[OCTETS_MAX + 2 * HEAD];
};

static void put(struct work *w, struct ipsec_sa *sa, const uint8_t *data, size_t length)
{
    memset(w, 0, sizeof(*w));
    memcpy(w->buffer + HEAD, data, length);
    w->packet.buffer = w->buffer;
    w->packet.capacity = sizeof(w->buffer);
    w->packet.offset = HEAD;
    w->packet.length = (uint32_t)length;
    w->packet.carrier = IPSEC_CARRIER_ESP;
    w->packet.sa = sa;
}

static const uint8_t *content(const struct work *w)
{
    return w->buffer + w->packet.offset;
}

static void seals_to(const struct recipe *r, const struct octets *inner, const uint8_t *esp,
                     size_t esp_length)
{
    struct made m;
    struct work w;
    assert_int_equal(make(&m, r, IPSEC_SEAL), IPSEC_OK);
    forced_iv.length = m.sa->aead.iv_length;
    memcpy(forced_iv.data, esp + 8, forced_iv.length);
    put(&w, m.sa, inner->data, inner->length);
    struct ipsec_packet *const list[1] = {&w.packet};
    assert_int_equal(ipsec_esp_seal(list, 1), 1);
    forced_iv.length = 0;
    assert_int_equal(w.packet.length, esp_length);
    assert_memory_equal(content(&w), esp, esp_length);
    ipsec_sa_deinit(m.sa);
}

static enum ipsec_status opens(const struct recipe *r, const uint8_t *esp, size_t esp_length,
                               struct work *w)
{
    struct made m;
    assert_int_equal(make(&m, r, IPSEC_OPEN), IPSEC_OK);
    put(w, m.sa, esp, esp_length);
    struct ipsec_packet *const list[1] = {&w->packet};
    (void)ipsec_esp_open(list, 1);
    const enum ipsec_status status = (enum ipsec_status)w->packet.status;
    /* A second time it is a replay, unless the first was refused. */
    if (status != IPSEC_DROP_ICV) {
        struct work again;
        put(&again, m.sa, esp, esp_length);
        struct ipsec_packet *const copy[1] = {&again.packet};
        assert_int_equal(ipsec_esp_open(copy, 1), 0);
        assert_int_equal(again.packet.status, IPSEC_DROP_REPLAY);
    }
    ipsec_sa_deinit(m.sa);
    return status;
}

static void opens_to(const struct recipe *r, const struct octets *inner, const uint8_t *esp,
                     size_t esp_length)
{
    struct work w;
    assert_int_equal(opens(r, esp, esp_length, &w), IPSEC_OK);
    assert_int_equal(w.packet.length, inner->length);
    assert_memory_equal(content(&w), inner->data, inner->length);
}

/* One SA for all: a packet that is refused leaves no trace in it. */
static void opens_no_changed_bit(const struct recipe *r, const uint8_t *esp, size_t esp_length)
{
    struct made m;
    struct work w;
    struct ipsec_packet *const list[1] = {&w.packet};
    assert_int_equal(make(&m, r, IPSEC_OPEN), IPSEC_OK);
    for (size_t bit = 0; bit < esp_length * 8; bit++) {
        put(&w, m.sa, esp, esp_length);
        w.buffer[HEAD + bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(ipsec_esp_open(list, 1), 0);
        if (bit < 32) {
            assert_int_equal(w.packet.status, IPSEC_DROP_SPI);
        } else if (bit >= 64) {
            assert_int_equal(w.packet.status, IPSEC_DROP_ICV);
        } else { /* of the sequence number: it may also fall out of the window */
            assert_int_equal(ipsec_status_class((enum ipsec_status)w.packet.status),
                             IPSEC_CLASS_PEER);
        }
    }
    put(&w, m.sa, esp, esp_length);
    assert_int_equal(ipsec_esp_open(list, 1), 1);
    ipsec_sa_deinit(m.sa);
}

/* ---- DPDK ---------------------------------------------------------------------------------------
 */

struct name_id {
    const char *name;
    uint16_t id;
};

static const struct name_id encr_names[] = {{"AES-GCM-16", IPSEC_ENCR_AES_GCM_16},
                                            {"AES-CBC", IPSEC_ENCR_AES_CBC},
                                            {"AES-CTR", IPSEC_ENCR_AES_CTR},
                                            {"3DES-CBC", IPSEC_ENCR_3DES},
                                            {"DES-CBC", 2},
                                            {"NULL", IPSEC_ENCR_NULL}};
static const struct name_id integ_names[] = {{"(AEAD)", IPSEC_INTEG_NONE},
                                             {"none", IPSEC_INTEG_NONE},
                                             {"HMAC-SHA2-256-128", IPSEC_INTEG_HMAC_SHA2_256_128},
                                             {"HMAC-SHA2-512-256", IPSEC_INTEG_HMAC_SHA2_512_256},
                                             {"HMAC-MD5-96", 1},
                                             {"AES-XCBC-96", IPSEC_INTEG_AES_XCBC_96}};

static uint16_t id_of(const struct name_id *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].id;
        }
    }
    fail_msg("no id for %s", name);
    return 0;
}

static struct recipe dpdk_recipe(const json_t *v)
{
    const struct octets key = octets_of(v, "key");
    const struct octets salt = octets_of(v, "salt");
    struct recipe r = {.encr_key = joined(&key, &salt),
                       .integ_key = octets_of(v, "integ_key"),
                       .spi = (uint32_t)number_of(v, "spi"),
                       .sequence = number_of(v, "seq")};
    r.suite.encr = id_of(encr_names, IPSECI_COUNT(encr_names), text_of(v, "encr"));
    r.suite.integ = id_of(integ_names, IPSECI_COUNT(integ_names), text_of(v, "integ"));
    const bool has_bits = r.suite.encr == IPSEC_ENCR_AES_GCM_16 ||
                          r.suite.encr == IPSEC_ENCR_AES_CBC || r.suite.encr == IPSEC_ENCR_AES_CTR;
    r.suite.encr_key_bits = has_bits ? (uint16_t)(key.length * 8) : 0;
    return r;
}

/* Those the library will not do: old ciphers, and encryption without integrity (ESPB-10). */
static bool is_refused(const struct recipe *r)
{
    struct made m;
    const enum ipsec_status status = make(&m, r, IPSEC_OPEN);
    if (status == IPSEC_OK) {
        ipsec_sa_deinit(m.sa);
        return false;
    }
    assert_true(status == IPSEC_ERR_ARGUMENT || status == IPSEC_ERR_NOT_BUILT_IN ||
                status == IPSEC_ERR_FORBIDDEN);
    return true;
}

static void espb_03_05_06_08_dpdk_tunnel_packets(void **state)
{
    json_t *root = load("dpdk-tunnel-packets.json");
    const json_t *vectors = json_object_get(root, "vectors");
    unsigned done = 0;
    (void)state;
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *v = json_array_get(vectors, i);
        const struct recipe r = dpdk_recipe(v);
        if (is_refused(&r)) {
            continue;
        }
        const struct octets inner = octets_of(v, "inner_packet");
        const struct octets outer = octets_of(v, "outer_packet");
        const size_t header = strcmp(text_of(v, "outer"), "IPv6") == 0 ? 40 : 20;
        seals_to(&r, &inner, outer.data + header, outer.length - header);
        opens_to(&r, &inner, outer.data + header, outer.length - header);
        opens_no_changed_bit(&r, outer.data + header, outer.length - header);
        done++;
    }
    /* GCM 128, GCM 256, GCM 256 over IPv6, CBC with SHA-256, CBC with SHA-512; where the provider
     * has them, CTR with either and NULL with XCBC. */
    const bool ctr = ipsec_crypto_supports(&crypto, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CTR, 128);
    const bool xcbc =
        ipsec_crypto_supports(&crypto, IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_AES_XCBC_96, 0);
    assert_int_equal(done, 5 + (ctr ? 2 : 0) + (xcbc ? 1 : 0));
    json_decref(root);
}

/* ---- RFC 7634 -----------------------------------------------------------------------------------
 */

static void espb_06_rfc_7634_chacha20_poly1305(void **state)
{
    json_t *root = load("rfc7634.json");
    const json_t *v = json_object_get(root, "esp");
    const struct octets key = octets_of(v, "key");
    const struct octets salt = octets_of(v, "salt");
    const struct recipe r = {.suite.encr = IPSEC_ENCR_CHACHA20_POLY1305,
                             .encr_key = joined(&key, &salt),
                             .spi = (uint32_t)number_of(v, "spi"),
                             .sequence = number_of(v, "seq")};
    struct octets inner = octets_of(v, "plaintext_with_trailer");
    const struct octets esp = octets_of(v, "esp_packet");
    (void)state;
    inner.length = ipseci_load16(inner.data + 2);
    seals_to(&r, &inner, esp.data, esp.length);
    opens_to(&r, &inner, esp.data, esp.length);
    opens_no_changed_bit(&r, esp.data, esp.length);
    json_decref(root);
}

/* ---- the GCM draft ------------------------------------------------------------------------------
 */

/* Their trailer names ICMP, which a tunnel does not carry: authentic, decrypted, then dropped. */
static void espb_06_14_replay_10_draft_mcgrew_gcm(void **state)
{
    json_t *root = load("draft-mcgrew-gcm.json");
    const json_t *vectors = json_object_get(root, "vectors");
    unsigned done = 0;
    (void)state;
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *v = json_array_get(vectors, i);
        const struct octets key = octets_of(v, "key");
        const struct octets salt = octets_of(v, "salt");
        const struct octets plain = octets_of(v, "plaintext_with_trailer");
        const struct octets esp = octets_of(v, "esp_packet");
        const bool esn = json_is_true(json_object_get(v, "esn"));
        struct recipe r = {.suite.encr = IPSEC_ENCR_AES_GCM_16,
                           .suite.encr_key_bits = (uint16_t)(key.length * 8),
                           .suite.esn = esn ? IPSEC_ESN_YES : IPSEC_ESN_NO,
                           .encr_key = joined(&key, &salt),
                           .spi = (uint32_t)number_of(v, "spi"),
                           .sequence = number_of(v, "seq")};
        struct work w;
        assert_int_equal(plain.data[plain.length - 1], 1);
        assert_int_equal(opens(&r, esp.data, esp.length, &w), IPSEC_DROP_NEXT_HEADER);
        assert_memory_equal(content(&w) + 16, plain.data, plain.length);
        /* The other kind of sequence number is another packet. */
        r.suite.esn = esn ? IPSEC_ESN_NO : IPSEC_ESN_YES;
        if (r.sequence <= UINT32_MAX) {
            assert_int_equal(opens(&r, esp.data, esp.length, &w), IPSEC_DROP_ICV);
        }
        done++;
    }
    assert_int_equal(done, 7);
    json_decref(root);
}

/* ---- RFC 3602 -----------------------------------------------------------------------------------
 */

/* CVE-2005-0039: packets without integrity have no SA they could be opened with. */
static void espb_10_cve_2005_0039_rfc_3602_is_refused(void **state)
{
    json_t *root = load("rfc3602-esp.json");
    const json_t *vectors = json_object_get(root, "vectors");
    (void)state;
    assert_true(json_array_size(vectors) > 0);
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *v = json_array_get(vectors, i);
        const struct recipe r = {.suite.encr = IPSEC_ENCR_AES_CBC,
                                 .suite.encr_key_bits = 128,
                                 .encr_key = octets_of(v, "key"),
                                 .spi = (uint32_t)number_of(v, "spi"),
                                 .sequence = number_of(v, "seq")};
        struct made m;
        assert_int_equal(make(&m, &r, IPSEC_OPEN), IPSEC_ERR_FORBIDDEN);
        assert_int_equal(make(&m, &r, IPSEC_SEAL), IPSEC_ERR_FORBIDDEN);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(espb_03_05_06_08_dpdk_tunnel_packets),
        cmocka_unit_test(espb_06_rfc_7634_chacha20_poly1305),
        cmocka_unit_test(espb_06_14_replay_10_draft_mcgrew_gcm),
        cmocka_unit_test(espb_10_cve_2005_0039_rfc_3602_is_refused),
    };
    return cmocka_run_group_tests(tests, provider_start, provider_stop);
}
