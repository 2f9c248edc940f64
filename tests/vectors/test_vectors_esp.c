/* SPDX-License-Identifier: Apache-2.0
 *
 * Published ESP packets through seal and open with each provider: the same octets in both
 * directions. The IV of a packet is given to seal by a provider around the real one.
 */
#include "packet_kit.h"

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

static struct kit_recipe dpdk_recipe(const json_t *v)
{
    const struct kit_octets key = kit_octets(v, "key");
    const struct kit_octets salt = kit_octets(v, "salt");
    struct kit_recipe r = {.encr_key = kit_joined(&key, &salt),
                           .integ_key = kit_octets(v, "integ_key"),
                           .spi = (uint32_t)kit_number(v, "spi"),
                           .sequence = kit_number(v, "seq")};
    r.suite.encr = id_of(encr_names, IPSECI_COUNT(encr_names), kit_text(v, "encr"));
    r.suite.integ = id_of(integ_names, IPSECI_COUNT(integ_names), kit_text(v, "integ"));
    const bool has_bits = r.suite.encr == IPSEC_ENCR_AES_GCM_16 ||
                          r.suite.encr == IPSEC_ENCR_AES_CBC || r.suite.encr == IPSEC_ENCR_AES_CTR;
    r.suite.encr_key_bits = has_bits ? (uint16_t)(key.length * 8) : 0;
    return r;
}

/* Those the library will not do: old ciphers, and encryption without integrity (ESPB-10). */
static bool is_refused(const struct kit_recipe *r)
{
    struct kit_sa m;
    const enum ipsec_status status = kit_make(&m, r, IPSEC_OPEN);
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
    json_t *root = kit_load("dpdk-tunnel-packets.json");
    const json_t *vectors = json_object_get(root, "vectors");
    unsigned done = 0;
    (void)state;
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *v = json_array_get(vectors, i);
        const struct kit_recipe r = dpdk_recipe(v);
        if (is_refused(&r)) {
            continue;
        }
        const struct kit_octets inner = kit_octets(v, "inner_packet");
        const struct kit_octets outer = kit_octets(v, "outer_packet");
        const size_t header = strcmp(kit_text(v, "outer"), "IPv6") == 0 ? 40 : 20;
        kit_seals_to(&r, &inner, outer.data + header, outer.length - header);
        kit_opens_to(&r, &inner, outer.data + header, outer.length - header);
        kit_opens_no_changed_bit(&r, outer.data + header, outer.length - header);
        done++;
    }
    /* GCM 128, GCM 256, GCM 256 over IPv6, CBC with SHA-256, CBC with SHA-512; where the provider
     * has them, CTR with either and NULL with XCBC. */
    const bool ctr =
        ipsec_crypto_supports(&kit_crypto, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CTR, 128);
    const bool xcbc =
        ipsec_crypto_supports(&kit_crypto, IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_AES_XCBC_96, 0);
    assert_int_equal(done, 5 + (ctr ? 2 : 0) + (xcbc ? 1 : 0));
    json_decref(root);
}

/* ---- RFC 7634 -----------------------------------------------------------------------------------
 */

static void espb_06_rfc_7634_chacha20_poly1305(void **state)
{
    json_t *root = kit_load("rfc7634.json");
    const json_t *v = json_object_get(root, "esp");
    const struct kit_octets key = kit_octets(v, "key");
    const struct kit_octets salt = kit_octets(v, "salt");
    const struct kit_recipe r = {.suite.encr = IPSEC_ENCR_CHACHA20_POLY1305,
                                 .encr_key = kit_joined(&key, &salt),
                                 .spi = (uint32_t)kit_number(v, "spi"),
                                 .sequence = kit_number(v, "seq")};
    struct kit_octets inner = kit_octets(v, "plaintext_with_trailer");
    const struct kit_octets esp = kit_octets(v, "esp_packet");
    (void)state;
    inner.length = ipseci_load16(inner.data + 2);
    kit_seals_to(&r, &inner, esp.data, esp.length);
    kit_opens_to(&r, &inner, esp.data, esp.length);
    kit_opens_no_changed_bit(&r, esp.data, esp.length);
    json_decref(root);
}

/* ---- the GCM draft ------------------------------------------------------------------------------
 */

static struct kit_recipe mcgrew_recipe(const json_t *v)
{
    const struct kit_octets key = kit_octets(v, "key");
    const struct kit_octets salt = kit_octets(v, "salt");
    const bool esn = json_is_true(json_object_get(v, "esn"));
    return (struct kit_recipe){.suite.encr = IPSEC_ENCR_AES_GCM_16,
                               .suite.encr_key_bits = (uint16_t)(key.length * 8),
                               .suite.esn = esn ? IPSEC_ESN_YES : IPSEC_ESN_NO,
                               .encr_key = kit_joined(&key, &salt),
                               .spi = (uint32_t)kit_number(v, "spi"),
                               .sequence = kit_number(v, "seq")};
}

/* Their trailer names ICMP, which a tunnel does not carry: authentic, decrypted, then dropped. */
static void espb_06_14_replay_10_draft_mcgrew_gcm(void **state)
{
    json_t *root = kit_load("draft-mcgrew-gcm.json");
    const json_t *vectors = json_object_get(root, "vectors");
    unsigned done = 0;
    (void)state;
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *v = json_array_get(vectors, i);
        const struct kit_octets plain = kit_octets(v, "plaintext_with_trailer");
        const struct kit_octets esp = kit_octets(v, "esp_packet");
        struct kit_recipe r = mcgrew_recipe(v);
        const bool esn = r.suite.esn == IPSEC_ESN_YES;
        struct kit_packet w;
        assert_int_equal(plain.data[plain.length - 1], 1);
        assert_int_equal(kit_opens(&r, esp.data, esp.length, &w), IPSEC_DROP_NEXT_HEADER);
        assert_memory_equal(kit_content(&w) + 16, plain.data, plain.length);
        /* The other kind of sequence number is another packet. */
        r.suite.esn = esn ? IPSEC_ESN_NO : IPSEC_ESN_YES;
        if (r.sequence <= UINT32_MAX) {
            assert_int_equal(kit_opens(&r, esp.data, esp.length, &w), IPSEC_DROP_ICV);
        }
        done++;
    }
    assert_int_equal(done, 7);
    json_decref(root);
}

/* What the trailer says they are: ICMP between two hosts. */
static void espb_04_06_draft_mcgrew_gcm_in_transport_mode(void **state)
{
    json_t *root = kit_load("draft-mcgrew-gcm.json");
    const json_t *vectors = json_object_get(root, "vectors");
    (void)state;
    assert_int_equal(json_array_size(vectors), 7);
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *v = json_array_get(vectors, i);
        const struct kit_octets plain = kit_octets(v, "plaintext_with_trailer");
        const struct kit_octets esp = kit_octets(v, "esp_packet");
        const size_t trailer = 2u + plain.data[plain.length - 2];
        struct kit_recipe r = mcgrew_recipe(v);
        r.mode = IPSEC_MODE_TRANSPORT;
        if (!kit_has(&r)) {
            json_decref(root);
            skip();
        }
        const struct kit_octets inner = kit_ipv4(1, plain.data, plain.length - trailer);
        const struct kit_octets outer = kit_ipv4(50, esp.data, esp.length);
        kit_passes(&r, &inner, &outer, 20);
    }
    json_decref(root);
}

/* ---- RFC 3602 -----------------------------------------------------------------------------------
 */

/* CVE-2005-0039: packets without integrity have no SA they could be opened with. */
static void espb_10_cve_2005_0039_rfc_3602_is_refused(void **state)
{
    json_t *root = kit_load("rfc3602-esp.json");
    const json_t *vectors = json_object_get(root, "vectors");
    (void)state;
    assert_true(json_array_size(vectors) > 0);
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *v = json_array_get(vectors, i);
        const struct kit_recipe r = {.suite.encr = IPSEC_ENCR_AES_CBC,
                                     .suite.encr_key_bits = 128,
                                     .encr_key = kit_octets(v, "key"),
                                     .spi = (uint32_t)kit_number(v, "spi"),
                                     .sequence = kit_number(v, "seq")};
        struct kit_sa m;
        assert_int_equal(kit_make(&m, &r, IPSEC_OPEN), IPSEC_ERR_FORBIDDEN);
        assert_int_equal(kit_make(&m, &r, IPSEC_SEAL), IPSEC_ERR_FORBIDDEN);
    }
    json_decref(root);
}

static void crypt(const json_t *v, enum ipsec_direction direction, const uint8_t *iv,
                  struct kit_octets *data)
{
    const struct kit_octets key = kit_octets(v, "key");
    const struct ipsec_key_params params = {.direction = (uint8_t)direction,
                                            .encr_id = IPSEC_ENCR_AES_CBC,
                                            .encr_key_bits = 128,
                                            .encr_key = {key.data, key.length}};
    struct ipsec_crypto_op op = {
        .iv = iv, .data = data->data, .data_length = (uint32_t)data->length, .status = -1};
    struct ipsec_crypto_op *const ops[1] = {&op};
    assert_int_equal(kit_real->key_new(kit_real->context, &params, &op.key), IPSEC_OK);
    kit_real->run(kit_real->context, ops, 1);
    assert_int_equal(op.status, IPSEC_OK);
    kit_real->key_free(kit_real->context, op.key);
}

/* Below ESP, where a cipher may be used alone, they open, and seal to the same octets. */
static void rfc_3602_packets_by_the_cipher_alone(void **state)
{
    json_t *root = kit_load("rfc3602-esp.json");
    const json_t *vectors = json_object_get(root, "vectors");
    (void)state;
    assert_int_equal(json_array_size(vectors), 2);
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *v = json_array_get(vectors, i);
        const struct kit_octets iv = kit_octets(v, "iv");
        const struct kit_octets payload = kit_octets(v, "payload");
        const struct kit_octets padding = kit_octets(v, "padding");
        struct kit_octets esp = kit_octets(v, "esp_packet");
        struct kit_octets plain = kit_joined(&payload, &padding);
        plain.data[plain.length++] = (uint8_t)padding.length;
        plain.data[plain.length++] = (uint8_t)json_integer_value(json_object_get(v, "next_header"));
        assert_memory_equal(esp.data + 8, iv.data, 16);
        esp.length -= 24;
        memmove(esp.data, esp.data + 24, esp.length);
        struct kit_octets data = esp;
        crypt(v, IPSEC_OPEN, iv.data, &data);
        assert_int_equal(data.length, plain.length);
        assert_memory_equal(data.data, plain.data, plain.length);
        crypt(v, IPSEC_SEAL, iv.data, &data);
        assert_memory_equal(data.data, esp.data, esp.length);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(espb_03_05_06_08_dpdk_tunnel_packets),
        cmocka_unit_test(espb_06_rfc_7634_chacha20_poly1305),
        cmocka_unit_test(espb_06_14_replay_10_draft_mcgrew_gcm),
        cmocka_unit_test(espb_04_06_draft_mcgrew_gcm_in_transport_mode),
        cmocka_unit_test(rfc_3602_packets_by_the_cipher_alone),
        cmocka_unit_test(espb_10_cve_2005_0039_rfc_3602_is_refused),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_stop);
}
