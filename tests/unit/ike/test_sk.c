/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of the encrypted payload on published messages: what is authenticated, where the salt is
 * taken from, what comes out. RFC 7296 3.14, RFC 5282, RFC 7634 appendix B.
 */
#include "engine.h"
#include "ike_kit.h"
#include "mbed_kit.h"

#define MESSAGE_BYTES 512

static struct ipseci_message in;
static uint8_t octets[MESSAGE_BYTES];

static void key_sa(struct ipseci_ike_sa *sa, const struct ipsec_key_params *params)
{
    struct ipsec_key_params p = *params;

    memset(sa, 0, sizeof(*sa));
    p.direction = IPSEC_SEAL;
    assert_int_equal(ipseci_aead_init(&sa->seal, &kit_crypto, &p), IPSEC_OK);
    p.direction = IPSEC_OPEN;
    assert_int_equal(ipseci_aead_init(&sa->open, &kit_crypto, &p), IPSEC_OK);
}

static void end_sa(struct ipseci_ike_sa *sa)
{
    ipseci_aead_deinit(&sa->seal);
    ipseci_aead_deinit(&sa->open);
}

static enum ipsec_status open_message(const struct ipseci_ike_sa *sa, struct ipsec_view message)
{
    static struct ipsec_ike ike;
    struct ipsec_packet packet = {
        .buffer = octets, .capacity = sizeof(octets), .length = (uint32_t)message.length};

    assert_true(message.length <= sizeof(octets));
    memcpy(octets, message.data, message.length);
    memset(&in, 0, sizeof(in));
    ike.config.message_bytes = sizeof(octets);
    const struct ipsec_view whole = ipseci_view(octets, message.length);
    assert_int_equal(ipseci_ike_header_parse(whole, &in.header), IPSEC_OK);
    return ipseci_sk_open(&ike, sa, &packet, whole, &in);
}

/* Opened as published, and not when any bit of it is another: header and SK header are covered. */
static void opens_as(const struct ipseci_ike_sa *sa, struct ipsec_view message, uint8_t first,
                     struct ipsec_view inside)
{
    uint8_t copy[MESSAGE_BYTES];

    assert_int_equal(open_message(sa, message), IPSEC_OK);
    assert_int_equal(in.first_inside, first);
    assert_int_equal(in.raw.length, inside.length);
    assert_memory_equal(in.raw.data, inside.data, inside.length);
    for (size_t bit = 0; bit < message.length * 8; bit++) {
        const bool length_or_version = bit / 8 == 17 || (bit / 8 >= 24 && bit / 8 < 28);
        memcpy(copy, message.data, message.length);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (!length_or_version) { /* refused before the ICV is looked at */
            assert_true(open_message(sa, ipseci_view(copy, message.length)) < IPSEC_OK);
        }
    }
}

static struct ipsec_view joined(const char *const names[], size_t count)
{
    static uint8_t room[MESSAGE_BYTES];
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        const struct ipsec_view part = kit_value(names[i]);
        assert_true(used + part.length <= sizeof(room));
        memcpy(room + used, part.data, part.length);
        used += part.length;
    }
    return ipseci_view(room, used);
}

static void chacha(struct ipseci_ike_sa *sa)
{
    static const char *const key[] = {"key", "salt"};

    kit_load("esp/rfc7634.json");
    const struct ipsec_key_params params = {
        .encr_id = IPSEC_ENCR_CHACHA20_POLY1305, .encr_key_bits = 0, .encr_key = joined(key, 2)};
    key_sa(sa, &params);
}

static void sk_07_08_rfc_7634_appendix_b_opens(void **state)
{
    struct ipseci_ike_sa sa;

    (void)state;
    chacha(&sa);
    const struct ipsec_view with_pad = kit_value("plaintext_with_pad_length");
    opens_as(&sa, kit_value("message"), IPSECI_PAYLOAD_NOTIFY,
             ipseci_view(with_pad.data, with_pad.length - 1));
    end_sa(&sa);
}

/* With the same counter as IV we send the same octets. */
static void sk_07_08_rfc_7634_appendix_b_seals(void **state)
{
    static struct ipsec_ike ike;
    static uint8_t out[MESSAGE_BYTES];
    struct ipseci_ike_sa sa;
    struct ipseci_ike_header header;
    struct ipsec_view sealed;
    uint8_t body[64] = {IPSECI_PAYLOAD_NOTIFY};

    (void)state;
    chacha(&sa);
    const struct ipsec_view message = kit_value("message");
    const struct ipsec_view with_pad = kit_value("plaintext_with_pad_length");
    memcpy(body + 1, with_pad.data, with_pad.length - 1);
    assert_int_equal(ipseci_ike_header_parse(message, &header), IPSEC_OK);
    ike.config.message_bytes = sizeof(out) - IPSECI_MARKER_BYTES;
    ike.config.crypto = kit_crypto;
    ike.out = out;
    sa.iv_counter = 0x1011121314151617u;
    assert_int_equal(
        ipseci_sk_seal(&ike, &sa, &header, ipseci_view(body, with_pad.length), &sealed), IPSEC_OK);
    assert_int_equal(sealed.length, message.length);
    assert_memory_equal(sealed.data, message.data, message.length);
    assert_true(sa.iv_counter == 0x1011121314151618u);
    end_sa(&sa);
}

static void sk_07_08_android_gcm_opens(void **state)
{
    struct ipseci_ike_sa sa;

    (void)state;
    kit_load("android-ike/encrypted-payload.json");
    const struct ipsec_key_params params = {.encr_id = IPSEC_ENCR_AES_GCM_16,
                                            .encr_key_bits = 256,
                                            .encr_key = kit_value("AES_GCM_MSG_ENCR_KEY")};
    key_sa(&sa, &params);
    opens_as(&sa, kit_value("AES_GCM_MSG_HEX_STRING"), 39,
             kit_value("AES_GCM_MSG_DECRYPTED_BODY_HEX_STRING"));
    end_sa(&sa);
}

static void sk_02_android_cbc_opens(void **state)
{
    static const char *const message[] = {
        "IKE_AUTH_INIT_REQUEST_HEADER", "IKE_AUTH_INIT_REQUEST_SK_HEADER",
        "IKE_AUTH_INIT_REQUEST_IV", "IKE_AUTH_INIT_REQUEST_ENCRYPT_PADDED_DATA",
        "IKE_AUTH_INIT_REQUEST_CHECKSUM"};
    struct ipseci_ike_sa sa;

    (void)state;
    kit_load("android-ike/encrypted-payload.json");
    const struct ipsec_key_params params = {.encr_id = IPSEC_ENCR_AES_CBC,
                                            .encr_key_bits = 128,
                                            .integ_id = IPSEC_INTEG_HMAC_SHA1_96,
                                            .encr_key = kit_value("ENCR_KEY_FROM_INIT_TO_RESP"),
                                            .integ_key = kit_value("INTE_KEY_FROM_INIT_TO_RESP")};
    key_sa(&sa, &params);
    opens_as(&sa, joined(message, 5), 35, kit_value("IKE_AUTH_INIT_REQUEST_UNENCRYPTED_DATA"));
    end_sa(&sa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(sk_07_08_rfc_7634_appendix_b_opens),
        KIT_TEST(sk_07_08_rfc_7634_appendix_b_seals),
        KIT_TEST(sk_07_08_android_gcm_opens),
        KIT_TEST(sk_02_android_cbc_opens),
    };

    return cmocka_run_group_tests(tests, kit_crypto_setup, kit_crypto_teardown);
}
