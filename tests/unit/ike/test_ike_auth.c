/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/ike/ike_auth.h on a published IKE_AUTH. RFC 7296 2.15.
 */
#include "ike_auth.h"
#include "ike_kit.h"
#include "mbed_kit.h"

static uint8_t auth[IPSEC_PRF_BYTES_MAX];
static size_t length;

static struct ipseci_auth_octets published(void)
{
    kit_load("android-ike/auth-psk.json");
    const struct ipseci_auth_octets octets = {
        .prf = IPSEC_PRF_HMAC_SHA1,
        .message = kit_value("PSK_IKE_INIT_REQUEST_HEX_STRING"),
        .nonce = kit_value("PSK_NONCE_RESP_HEX_STRING"),
        .sk_p = kit_value("PSK_SKP_HEX_STRING"),
        .id_body = kit_value("PSK_ID_INITIATOR_PAYLOAD_HEX_STRING")};
    return octets;
}

static bool verifies(const struct ipseci_auth_octets *octets, struct ipsec_view secret)
{
    const struct ipsec_view expected = kit_value("PSK_AUTH_PAYLOAD_SIGNATURE_HEX_STRING");
    assert_int_equal(ipseci_auth_psk(&kit_crypto, octets, secret, auth, &length), IPSEC_OK);
    assert_int_equal(length, expected.length);
    return ipseci_equal_secret(auth, expected.data, length);
}

static void auth_08_auth_05_published_value(void **state)
{
    (void)state;
    const struct ipseci_auth_octets octets = published();
    assert_true(verifies(&octets, kit_value("PSK_HEX_STRING")));
}

static void auth_07_any_changed_octet_changes_the_value(void **state)
{
    (void)state;
    const struct ipseci_auth_octets good = published();
    struct ipsec_view secret = kit_value("PSK_HEX_STRING");
    const struct ipsec_view *const fields[] = {&good.message, &good.nonce, &good.sk_p,
                                               &good.id_body, &secret};
    for (size_t i = 0; i < IPSECI_COUNT(fields); i++) {
        /* First, middle and last octet; the ID's second octet is RESERVED (AUTH-06). */
        const size_t places[] = {0, 1, fields[i]->length / 2, fields[i]->length - 1};
        for (size_t k = 0; k < IPSECI_COUNT(places); k++) {
            uint8_t *octet = (uint8_t *)(uintptr_t)&fields[i]->data[places[k]];
            *octet ^= 1;
            assert_false(verifies(&good, secret));
            *octet ^= 1;
        }
    }
    assert_true(verifies(&good, secret));
}

static void auth_08_a_newline_behind_the_secret_is_another_secret(void **state)
{
    (void)state;
    const struct ipseci_auth_octets octets = published();
    assert_false(verifies(&octets, hex("6A756E69706572313233 0a")));
    assert_false(verifies(&octets, hex("6A756E69706572313233 20")));
}

static void auth_09_empty_secret_is_refused(void **state)
{
    (void)state;
    const struct ipseci_auth_octets octets = published();
    length = 1;
    assert_int_equal(ipseci_auth_psk(&kit_crypto, &octets, hex(""), auth, &length),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(length, 0);
}

static void lengths_of_the_prfs(void **state)
{
    (void)state;
    static const struct {
        uint16_t prf;
        size_t octets;
    } rows[] = {{IPSEC_PRF_HMAC_SHA2_256, 32},
                {IPSEC_PRF_HMAC_SHA2_384, 48},
                {IPSEC_PRF_HMAC_SHA2_512, 64}};
    struct ipseci_auth_octets octets = published();
    for (size_t i = 0; i < IPSECI_COUNT(rows); i++) {
        octets.prf = rows[i].prf;
        assert_int_equal(ipseci_auth_psk(&kit_crypto, &octets, hex("00"), auth, &length), IPSEC_OK);
        assert_int_equal(length, rows[i].octets);
    }
    octets.prf = 99;
    assert_int_equal(ipseci_auth_psk(&kit_crypto, &octets, hex("00"), auth, &length),
                     IPSEC_ERR_NOT_BUILT_IN);
    assert_int_equal(length, 0);
}

static unsigned calls;
static unsigned fail_at;

static bool toy_supports(void *context, enum ipsec_transform_type type, uint16_t id, uint16_t bits)
{
    (void)context;
    (void)id;
    (void)bits;
    return type == IPSEC_TRANSFORM_PRF;
}

static enum ipsec_status toy_prf(void *context, uint16_t prf_id, struct ipsec_view key,
                                 const struct ipsec_view parts[], size_t part_count, uint8_t *out)
{
    (void)context;
    (void)prf_id;
    (void)key;
    (void)parts;
    (void)part_count;
    memset(out, 0x5a, 32);
    return ++calls == fail_at ? IPSEC_FATAL_CRYPTO : IPSEC_OK;
}

static void failing_provider_gives_no_value(void **state)
{
    (void)state;
    const struct ipsec_crypto toy = {
        .size = sizeof(toy), .name = "toy", .supports = toy_supports, .prf = toy_prf};
    const struct ipsec_crypto *items[] = {&toy};
    const struct ipsec_crypto_list list = {items, 1};
    struct ipseci_auth_octets octets = published();
    octets.prf = IPSEC_PRF_HMAC_SHA2_256;
    for (fail_at = 1; fail_at <= 3; fail_at++) {
        calls = 0;
        assert_int_equal(ipseci_auth_psk(&list, &octets, hex("00"), auth, &length),
                         IPSEC_FATAL_CRYPTO);
        assert_int_equal(length, 0);
        assert_int_equal(calls, fail_at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(auth_08_auth_05_published_value),
        KIT_TEST(auth_07_any_changed_octet_changes_the_value),
        KIT_TEST(auth_08_a_newline_behind_the_secret_is_another_secret),
        KIT_TEST(auth_09_empty_secret_is_refused),
        KIT_TEST(lengths_of_the_prfs),
        KIT_TEST(failing_provider_gives_no_value),
    };
    return cmocka_run_group_tests(tests, kit_crypto_setup, kit_crypto_teardown);
}
