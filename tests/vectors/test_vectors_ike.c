/* SPDX-License-Identifier: Apache-2.0
 *
 * SK payloads and whole datagrams of other implementations (README.md here) through the engine's
 * own code: what must open opens to the published octets, what must not be taken is dropped without
 * an answer and without state. RFC 7296 3.14, RFC 5282.
 */
#include "capture_kit.h"

#define FOLDER VECTORS_DIR

/* The octets of several constants, one after the other. */
static struct ipsec_view joined(const json_t *values, const char *const *keys, size_t count)
{
    static uint8_t room[4096];
    struct ipseci_writer w = ipseci_writer_init(room, sizeof(room));

    for (size_t i = 0; i < count; i++) {
        ipseci_write_view(&w, kit_hex(values, keys[i]));
    }
    assert_false(w.failed);
    return exact(ipseci_written(&w));
}

static void assert_same(struct ipsec_view a, struct ipsec_view b)
{
    assert_int_equal(a.length, b.length);
    assert_memory_equal(a.data, b.data, a.length);
}

static void sk_01_android_cbc_and_sha1(void **state)
{
    static const char *const parts[] = {
        "IKE_AUTH_INIT_REQUEST_HEADER", "IKE_AUTH_INIT_REQUEST_SK_HEADER",
        "IKE_AUTH_INIT_REQUEST_IV", "IKE_AUTH_INIT_REQUEST_ENCRYPT_PADDED_DATA",
        "IKE_AUTH_INIT_REQUEST_CHECKSUM"};
    const struct ipseci_message *message;
    json_t *root = kit_json(FOLDER, "android-ike/encrypted-payload.json");
    const json_t *values = json_object_get(root, "values");
    const struct kit_keys keys = {IPSEC_ENCR_AES_CBC,
                                  128,
                                  IPSEC_INTEG_HMAC_SHA1_96,
                                  true,
                                  kit_hex(values, "ENCR_KEY_FROM_INIT_TO_RESP"),
                                  kit_hex(values, "INTE_KEY_FROM_INIT_TO_RESP")};
    const struct ipsec_view datagram = joined(values, parts, IPSECI_COUNT(parts));

    (void)state;
    assert_int_equal(kit_open(&keys, datagram, &message), IPSEC_OK);
    assert_same(message->raw, kit_hex(values, "IKE_AUTH_INIT_REQUEST_UNENCRYPTED_DATA"));
    kit_types_are(&message->payloads, "35 36 39 33 44 45 41 41");
    /* The same constants stand in two further files. */
    json_t *mac = kit_json(FOLDER, "android-ike/mac-integrity.json");
    const json_t *mac_values = json_object_get(mac, "values");
    assert_same(ipseci_view(datagram.data, datagram.length - 12),
                kit_hex(mac_values, "DATA_TO_AUTH_HEX_STRING"));
    assert_same(ipseci_view(datagram.data + datagram.length - 12, 12),
                kit_hex(mac_values, "CHECKSUM_HEX_STRING"));
    assert_same(keys.sk_a, kit_hex(mac_values, "INTEGRITY_KEY_HEX_STRING"));
    json_t *cipher = kit_json(FOLDER, "android-ike/normal-cipher.json");
    const json_t *cipher_values = json_object_get(cipher, "values");
    const struct ipsec_view padded =
        kit_hex(cipher_values, "IKE_AUTH_INIT_REQUEST_UNENCRYPTED_PADDED_DATA");
    assert_true(padded.length > message->raw.length);
    assert_memory_equal(padded.data, message->raw.data, message->raw.length);
    json_decref(cipher);
    json_decref(mac);
    json_decref(root);
}

/* Each octet of the message is covered. */
static void sk_02_sk_07_android_any_changed_octet_is_noticed(void **state)
{
    const struct ipseci_message *message;
    json_t *root = kit_json(FOLDER, "android-ike/encrypted-payload.json");
    const json_t *values = json_object_get(root, "values");
    const struct kit_keys keys = {.encr = IPSEC_ENCR_AES_GCM_16,
                                  .encr_key_bits = 256,
                                  .from_initiator = true,
                                  .sk_e = kit_hex(values, "AES_GCM_MSG_ENCR_KEY")};
    const struct ipsec_view datagram = kit_hex(values, "AES_GCM_MSG_HEX_STRING");
    uint8_t *octets = (uint8_t *)(uintptr_t)datagram.data;

    (void)state;
    for (size_t i = 0; i < datagram.length; i++) {
        octets[i] ^= 1;
        assert_true(kit_open(&keys, datagram, &message) < IPSEC_OK);
        octets[i] ^= 1;
    }
    assert_int_equal(kit_open(&keys, datagram, &message), IPSEC_OK);
    json_decref(root);
}

static void sk_07_sk_08_android_gcm(void **state)
{
    const struct ipseci_message *message;
    json_t *root = kit_json(FOLDER, "android-ike/encrypted-payload.json");
    const json_t *values = json_object_get(root, "values");
    const struct kit_keys keys = {.encr = IPSEC_ENCR_AES_GCM_16,
                                  .encr_key_bits = 256,
                                  .from_initiator = true,
                                  .sk_e = kit_hex(values, "AES_GCM_MSG_ENCR_KEY")};

    (void)state;
    assert_int_equal(kit_open(&keys, kit_hex(values, "AES_GCM_MSG_HEX_STRING"), &message),
                     IPSEC_OK);
    assert_same(message->raw, kit_hex(values, "AES_GCM_MSG_DECRYPTED_BODY_HEX_STRING"));
    json_decref(root);
}

/* Header and generic header are the additional data, IV and ciphertext follow. */
static void sk_07_sk_08_android_combined_cipher(void **state)
{
    static const char *const parts[] = {"ADDITIONAL_AUTH_DATA", "IV",
                                        "ENCRYPTED_PADDED_DATA_WITH_CHECKSUM"};
    const struct ipseci_message *message;
    json_t *root = kit_json(FOLDER, "android-ike/combined-cipher.json");
    const json_t *values = json_object_get(root, "values");
    const struct kit_keys keys = {.encr = IPSEC_ENCR_AES_GCM_16,
                                  .encr_key_bits = 256,
                                  .from_initiator = true,
                                  .sk_e = kit_hex(values, "KEY")};
    const struct ipsec_view padded = kit_hex(values, "UNENCRYPTED_PADDED_DATA");

    (void)state;
    assert_int_equal(kit_open(&keys, joined(values, parts, IPSECI_COUNT(parts)), &message),
                     IPSEC_OK);
    assert_same(message->raw, ipseci_view(padded.data, padded.length - 1)); /* Pad Length 0 */
    kit_types_are(&message->payloads, "41");
    json_decref(root);
}

/* ---- captures ----------------------------------------------------------------------------------
 */

/* It decrypts, the ICV is not right, and message ID 0 is not that of an IKE_AUTH. */
static void tcpdump_early_implementation_is_discarded(void **state)
{
    const struct ipseci_message *message;
    json_t *root = kit_json(FOLDER, "tcpdump/keys.json");
    const json_t *values = json_object_get(json_object_get(root, "keys"), "ikev2pI2.pcap");
    const struct kit_keys keys = {IPSEC_ENCR_AES_CBC,       128,
                                  IPSEC_INTEG_HMAC_SHA1_96, true,
                                  kit_hex(values, "SK_ei"), kit_hex(values, "SK_ai")};
    const struct ipsec_view datagram = kit_datagram(FOLDER, "tcpdump/ikev2pI2.pcap", 1);

    (void)state;
    assert_int_equal(kit_open(&keys, datagram, &message), IPSEC_DROP_ICV);
    assert_int_equal(message->header.message_id, 0);
    kit_retag_sha1(datagram, keys.sk_a);
    assert_int_equal(kit_open(&keys, datagram, &message), IPSEC_OK);
    kit_types_are(&message->payloads, "35 39");
    assert_true(kit_answer("aes128-sha1-modp2048", datagram, 500) < IPSEC_OK);
    assert_int_equal(kit_counters.sas, 0);
    json_decref(root);
}

/* CVE-2017-12896 and its neighbours: nothing is said, nothing is kept, on either port. */
static void tcpdump_crash_inputs_leave_no_state(void **state)
{
    static const char *const files[] = {"tcpdump/isakmp-3948-oobr-2.pcap",
                                        "tcpdump/isakmp-rfc3948-oobr.pcap",
                                        "tcpdump/isakmp-ikev1_n_print-oobr.pcap",
                                        "tcpdump/isakmp-pointer-loop.pcap",
                                        "tcpdump/ikev2-id-short.pcap",
                                        "tcpdump/esp_truncated.pcap"};
    static const uint16_t ports[] = {500, 4500};

    (void)state;
    for (size_t i = 0; i < IPSECI_COUNT(files); i++) {
        for (uint32_t n = 0; n < 16; n++) {
            const struct ipsec_view datagram = kit_datagram(FOLDER, files[i], n);
            for (size_t k = 0; k < 2 && datagram.data != NULL; k++) {
                assert_true(kit_answer("aes128-sha1-modp2048", datagram, ports[k]) < IPSEC_OK);
                assert_int_equal(kit_counters.sas, 0);
                assert_int_equal(kit_counters.half_open, 0);
            }
        }
    }
}

/* Real traffic offers what this library does not do at all, or does it. */
static void rusticata_request_is_answered(void **state)
{
    struct ipseci_notify notify;
    const struct ipsec_view request =
        kit_file(FOLDER, "rusticata-ipsec-parser/ike-sa-init-req.bin");

    (void)state;
    (void)kit_answer("aes256-sha256-modp2048", request, 500);
    assert_true(kit_sent_notify(IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN, &notify));
    assert_int_equal(kit_counters.sas, 0);
}

static void android_and_openiked_requests_are_answered(void **state)
{
    struct ipseci_notify notify;
    json_t *root = kit_json(FOLDER, "android-ike/payload-message.json");
    const struct ipsec_view request =
        kit_hex(json_object_get(root, "values"), "IKE_SA_INIT_RAW_PACKET");

    (void)state;
    /* It offers MODP 1024 only. */
    (void)kit_answer("aes128-sha1-modp2048", request, 500);
    assert_true(kit_sent_notify(IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN, &notify));
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(sk_01_android_cbc_and_sha1),
        WIRE_TEST(sk_02_sk_07_android_any_changed_octet_is_noticed),
        WIRE_TEST(sk_07_sk_08_android_gcm),
        WIRE_TEST(sk_07_sk_08_android_combined_cipher),
        WIRE_TEST(tcpdump_early_implementation_is_discarded),
        WIRE_TEST(tcpdump_crash_inputs_leave_no_state),
        WIRE_TEST(rusticata_request_is_answered),
        WIRE_TEST(android_and_openiked_requests_are_answered),
    };
    return cmocka_run_group_tests(tests, kit_start, kit_end);
}
