/* SPDX-License-Identifier: Apache-2.0
 *
 * See packet_kit.h.
 */
#include "packet_kit.h"
#include "test_hex.h"
#include "vectors_crypto.h"

#include <stdio.h>

/* ---- the provider that sets IVs ----------------------------------------------------------------
 */

const struct ipsec_crypto *kit_real;
static struct ipsec_crypto table;
static const struct ipsec_crypto *items[1];
struct ipsec_crypto_list kit_crypto;
static struct kit_octets forced_iv; /* length 0: none */

static void run_with_iv(void *context, struct ipsec_crypto_op *const ops[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        /* The IV lies in front of the data. */
        memcpy(ops[i]->data - forced_iv.length, forced_iv.data, forced_iv.length);
    }
    kit_real->run(context, ops, n);
}

int kit_start(void **state)
{
    (void)state;
    kit_real = vectors_crypto_new();
    if (kit_real == NULL) {
        return 1;
    }
    table = *kit_real;
    table.run = run_with_iv;
    items[0] = &table;
    kit_crypto.item = items;
    kit_crypto.count = 1;
    return 0;
}

int kit_stop(void **state)
{
    (void)state;
    vectors_crypto_free();
    return 0;
}

/* ---- vectors ------------------------------------------------------------------------------------
 */

json_t *kit_load(const char *name)
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

const char *kit_text(const json_t *vector, const char *key)
{
    const char *text = json_string_value(json_object_get(vector, key));
    assert_non_null(text);
    return text;
}

struct kit_octets kit_octets(const json_t *vector, const char *key)
{
    struct kit_octets o;
    o.length = test_hex(kit_text(vector, key), o.data, sizeof(o.data));
    assert_true(o.length != SIZE_MAX);
    return o;
}

struct kit_octets kit_joined(const struct kit_octets *a, const struct kit_octets *b)
{
    struct kit_octets o = *a;
    assert_true(a->length + b->length <= sizeof(o.data));
    memcpy(o.data + a->length, b->data, b->length);
    o.length += b->length;
    return o;
}

uint64_t kit_number(const json_t *vector, const char *key)
{
    const struct kit_octets o = kit_octets(vector, key);
    assert_true(o.length == 4 || o.length == 8);
    return o.length == 4 ? ipseci_load32(o.data) : ipseci_load64(o.data);
}

/* ---- SAs ----------------------------------------------------------------------------------------
 */

enum ipsec_status kit_make(struct kit_sa *m, const struct kit_recipe *r,
                           enum ipsec_direction direction)
{
    struct ipsec_sa_params p = IPSEC_SA_PARAMS_INIT;
    p.direction = (uint8_t)direction;
    p.mode = r->mode;
    if (r->mode == IPSEC_MODE_TRANSPORT) {
        p.outer = IPSEC_OUTER_IP;
        assert_int_equal(ipsec_addr_parse("192.0.2.1", &p.local.addr), IPSEC_OK);
        assert_int_equal(ipsec_addr_parse("192.0.2.2", &p.remote.addr), IPSEC_OK);
    }
    p.suite = r->suite;
    p.suite.protocol = IPSEC_PROTOCOL_ESP;
    p.encr_key = ipseci_view(r->encr_key.data, r->encr_key.length);
    p.integ_key = ipseci_view(r->integ_key.data, r->integ_key.length);
    p.sequence_start = r->sequence - 1;
    p.spi = r->spi < IPSEC_SPI_MIN ? r->spi + IPSEC_SPI_MIN : r->spi;
    m->sa = NULL;
    const enum ipsec_status status =
        ipsec_sa_init(m->block, sizeof(m->block), &p, &kit_crypto, &m->sa);
    if (status == IPSEC_OK) {
        m->sa->spi = r->spi; /* some vectors have SPIs from the reserved range */
    }
    return status;
}

bool kit_has(const struct kit_recipe *r)
{
    struct kit_sa m;
    const enum ipsec_status status = kit_make(&m, r, IPSEC_OPEN);
    ipsec_sa_deinit(m.sa);
    return status != IPSEC_ERR_NOT_BUILT_IN;
}

void kit_put(struct kit_packet *w, struct ipsec_sa *sa, const uint8_t *data, size_t length)
{
    memset(w, 0, sizeof(*w));
    memcpy(w->buffer + KIT_HEAD, data, length);
    w->packet.buffer = w->buffer;
    w->packet.capacity = sizeof(w->buffer);
    w->packet.offset = KIT_HEAD;
    w->packet.length = (uint32_t)length;
    w->packet.carrier = IPSEC_CARRIER_ESP;
    w->packet.sa = sa;
}

const uint8_t *kit_content(const struct kit_packet *w)
{
    return w->buffer + w->packet.offset;
}

void kit_seals_to(const struct kit_recipe *r, const struct kit_octets *inner, const uint8_t *esp,
                  size_t esp_length)
{
    struct kit_sa m;
    struct kit_packet w;
    assert_int_equal(kit_make(&m, r, IPSEC_SEAL), IPSEC_OK);
    forced_iv.length = m.sa->aead.iv_length;
    memcpy(forced_iv.data, esp + 8, forced_iv.length);
    kit_put(&w, m.sa, inner->data, inner->length);
    struct ipsec_packet *const list[1] = {&w.packet};
    assert_int_equal(ipsec_esp_seal(list, 1), 1);
    forced_iv.length = 0;
    assert_int_equal(w.packet.length, esp_length);
    assert_memory_equal(kit_content(&w), esp, esp_length);
    ipsec_sa_deinit(m.sa);
}

enum ipsec_status kit_opens(const struct kit_recipe *r, const uint8_t *esp, size_t esp_length,
                            struct kit_packet *w)
{
    struct kit_sa m;
    assert_int_equal(kit_make(&m, r, IPSEC_OPEN), IPSEC_OK);
    kit_put(w, m.sa, esp, esp_length);
    struct ipsec_packet *const list[1] = {&w->packet};
    (void)ipsec_esp_open(list, 1);
    const enum ipsec_status status = (enum ipsec_status)w->packet.status;
    /* A second time it is a replay, unless the first was refused. */
    if (status != IPSEC_DROP_ICV) {
        struct kit_packet again;
        kit_put(&again, m.sa, esp, esp_length);
        struct ipsec_packet *const copy[1] = {&again.packet};
        assert_int_equal(ipsec_esp_open(copy, 1), 0);
        assert_int_equal(again.packet.status, IPSEC_DROP_REPLAY);
    }
    ipsec_sa_deinit(m.sa);
    return status;
}

void kit_opens_to(const struct kit_recipe *r, const struct kit_octets *inner, const uint8_t *esp,
                  size_t esp_length)
{
    struct kit_packet w;
    assert_int_equal(kit_opens(r, esp, esp_length, &w), IPSEC_OK);
    assert_int_equal(w.packet.length, inner->length);
    assert_memory_equal(kit_content(&w), inner->data, inner->length);
}

void kit_opens_no_changed_bit(const struct kit_recipe *r, const uint8_t *esp, size_t esp_length)
{
    struct kit_sa m;
    struct kit_packet w;
    struct ipsec_packet *const list[1] = {&w.packet};
    assert_int_equal(kit_make(&m, r, IPSEC_OPEN), IPSEC_OK);
    for (size_t bit = 0; bit < esp_length * 8; bit++) {
        kit_put(&w, m.sa, esp, esp_length);
        w.buffer[KIT_HEAD + bit / 8] ^= (uint8_t)(1u << bit % 8);
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
    kit_put(&w, m.sa, esp, esp_length);
    assert_int_equal(ipsec_esp_open(list, 1), 1);
    ipsec_sa_deinit(m.sa);
}

/* ---- transport mode -----------------------------------------------------------------------------
 */

void kit_passes(const struct kit_recipe *r, const struct kit_octets *inner,
                const struct kit_octets *outer, size_t gap)
{
    struct kit_sa m;
    struct kit_packet w;
    struct ipsec_packet *const list[1] = {&w.packet};
    assert_int_equal(kit_make(&m, r, IPSEC_SEAL), IPSEC_OK);
    forced_iv.length = m.sa->aead.iv_length;
    memcpy(forced_iv.data, outer->data + gap + 8, forced_iv.length);
    kit_put(&w, m.sa, inner->data, inner->length);
    assert_int_equal(ipsec_esp_seal(list, 1), 1);
    forced_iv.length = 0;
    assert_int_equal(w.packet.length, outer->length);
    assert_memory_equal(kit_content(&w), outer->data, outer->length);
    ipsec_sa_deinit(m.sa);

    assert_int_equal(kit_make(&m, r, IPSEC_OPEN), IPSEC_OK);
    for (size_t bit = gap * 8 + 64; bit <= outer->length * 8; bit++) { /* none, in the end */
        const bool is_good = bit == outer->length * 8;
        kit_put(&w, m.sa, outer->data, outer->length);
        w.packet.carrier = IPSEC_CARRIER_IP;
        if (!is_good) {
            w.buffer[KIT_HEAD + bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_equal(ipsec_esp_open(list, 1), is_good);
        assert_int_equal(w.packet.status, is_good ? IPSEC_OK : IPSEC_DROP_ICV);
    }
    assert_int_equal(w.packet.length, inner->length);
    assert_memory_equal(kit_content(&w), inner->data, inner->length);
    ipsec_sa_deinit(m.sa);
}

struct kit_octets kit_ipv4(uint8_t protocol, const uint8_t *data, size_t length)
{
    struct kit_octets o = {
        .data = {0x45, [8] = 64, [9] = protocol, [12] = 192, 0, 2, 1, 192, 0, 2, 2},
        .length = 20 + length};
    assert_true(o.length <= sizeof(o.data));
    ipseci_store16(o.data + 2, (uint16_t)o.length);
    ipseci_store16(o.data + 10, ipseci_checksum(ipseci_view(o.data, 20), 0));
    if (length != 0) {
        memcpy(o.data + 20, data, length);
    }
    return o;
}
