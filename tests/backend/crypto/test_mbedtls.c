/* SPDX-License-Identifier: Apache-2.0
 *
 * The Mbed TLS provider: the conformance suite, and what is its own: configuration, entropy,
 * threads of failure.
 */
#include "provider_suite.h"

#include <ipsec/backend_mbedtls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* An entropy source that can be switched off. */
struct source {
    bool works;
    uint32_t calls;
    uint8_t next;
};

static bool read_source(void *user, uint8_t *out, size_t length)
{
    struct source *s = user;
    s->calls++;
    for (size_t i = 0; i < length; i++) {
        out[i] = s->next++;
    }
    return s->works;
}

static struct ipsec_mbedtls *make(struct source *source)
{
    struct ipsec_mbedtls *provider = NULL;
    struct ipsec_mbedtls_config config = IPSEC_MBEDTLS_CONFIG_INIT;
    config.entropy = read_source;
    config.entropy_user = source;
    assert_int_equal(ipsec_mbedtls_new(&config, &provider), IPSEC_OK);
    return provider;
}

static void the_callers_entropy_decides(void **state)
{
    (void)state;
    struct source a = {true, 0, 0};
    struct source b = {true, 0, 0};
    struct source c = {true, 0, 1};
    struct ipsec_mbedtls *with[3] = {make(&a), make(&b), make(&c)};
    uint8_t out[3][32];
    for (size_t i = 0; i < 3; i++) {
        const struct ipsec_crypto *p = ipsec_mbedtls_crypto(with[i]);
        assert_int_equal(p->random(p->context, out[i], 32), IPSEC_OK);
        ipsec_mbedtls_free(with[i]);
    }
    assert_true(a.calls > 0);
    assert_memory_equal(out[0], out[1], 32);
    assert_memory_not_equal(out[0], out[2], 32);
}

static void no_entropy_no_provider(void **state)
{
    (void)state;
    struct source broken = {false, 0, 0};
    struct ipsec_mbedtls *provider = (struct ipsec_mbedtls *)(void *)&broken;
    struct ipsec_mbedtls_config config = IPSEC_MBEDTLS_CONFIG_INIT;
    config.entropy = read_source;
    config.entropy_user = &broken;
    assert_int_equal(ipsec_mbedtls_new(&config, &provider), IPSEC_ERR_RANDOM);
    assert_null(provider);
}

static void entropy_that_dries_up_fails_random_and_key_exchange(void **state)
{
    (void)state;
    struct source s = {true, 0, 0};
    struct ipsec_mbedtls *provider = make(&s);
    const struct ipsec_crypto *p = ipsec_mbedtls_crypto(provider);
    struct ipsec_crypto_list list = {&p, 1};
    uint8_t out[16];
    enum ipsec_status status = IPSEC_OK;
    s.works = false;
    for (size_t i = 0; i < 100000 && status == IPSEC_OK; i++) {
        status = ipseci_random(&list, out, sizeof(out));
    }
    assert_int_equal(status, IPSEC_ERR_RANDOM); /* at the next reseed, not never */

    static const uint16_t groups[] = {IPSEC_KE_MODP_2048, IPSEC_KE_ECP_256, IPSEC_KE_CURVE25519};
    for (size_t i = 0; i < IPSECI_COUNT(groups); i++) {
        uint8_t room[IPSEC_KE_PUBLIC_MAX];
        struct ipseci_octets value = {room, sizeof(room), 0};
        struct ipseci_ke_state ke;
        if (p->supports(p->context, IPSEC_TRANSFORM_KE, groups[i], 0)) {
            assert_int_equal(ipseci_ke_start(&ke, &list, groups[i], &value), IPSEC_ERR_RANDOM);
        }
        ipseci_ke_free(&ke);
    }
    s.works = true;
    assert_int_equal(ipseci_random(&list, out, sizeof(out)), IPSEC_OK); /* and it heals */
    ipsec_mbedtls_free(provider);
}

static void config_sizes(void **state)
{
    (void)state;
    struct ipsec_mbedtls *provider = NULL;
    struct {
        struct ipsec_mbedtls_config config;
        uint8_t more[8];
    } newer = {IPSEC_MBEDTLS_CONFIG_INIT, {0}};
    newer.config.size = sizeof(newer);
    assert_int_equal(ipsec_mbedtls_new(&newer.config, &provider), IPSEC_OK);
    ipsec_mbedtls_free(provider);
    newer.more[7] = 1;
    assert_int_equal(ipsec_mbedtls_new(&newer.config, &provider), IPSEC_ERR_STRUCT_SIZE);
    assert_null(provider);
    newer.config.size = 3;
    assert_int_equal(ipsec_mbedtls_new(&newer.config, &provider), IPSEC_ERR_STRUCT_SIZE);
    newer.config.size = 4; /* an older program: the rest is default */
    assert_int_equal(ipsec_mbedtls_new(&newer.config, &provider), IPSEC_OK);
    ipsec_mbedtls_free(provider);
    assert_int_equal(ipsec_mbedtls_new(NULL, NULL), IPSEC_ERR_ARGUMENT);
    ipsec_mbedtls_free(NULL);
}

static void what_the_reference_scenario_needs_is_there(void **state)
{
    (void)state;
    struct ipsec_mbedtls *provider = NULL;
    assert_int_equal(ipsec_mbedtls_new(NULL, &provider), IPSEC_OK);
    const struct ipsec_crypto *p = ipsec_mbedtls_crypto(provider);
    assert_true(p->supports(p->context, IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CBC, 256));
    assert_true(p->supports(p->context, IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA2_256_128, 0));
    assert_true(p->supports(p->context, IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA2_256, 0));
    assert_true(p->supports(p->context, IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048, 0));
    assert_true(p->combines(p->context, IPSEC_ENCR_AES_CBC, 256, IPSEC_INTEG_HMAC_SHA2_256_128));
    assert_false(
        p->combines(p->context, IPSEC_ENCR_AES_GCM_16, 256, IPSEC_INTEG_HMAC_SHA2_256_128));
    assert_false(p->combines(p->context, IPSEC_ENCR_AES_CBC, 256, 0));
    ipsec_mbedtls_free(provider);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_callers_entropy_decides),
        cmocka_unit_test(no_entropy_no_provider),
        cmocka_unit_test(entropy_that_dries_up_fails_random_and_key_exchange),
        cmocka_unit_test(config_sizes),
        cmocka_unit_test(what_the_reference_scenario_needs_is_there),
    };
    struct ipsec_mbedtls *provider = NULL;
    int failed = cmocka_run_group_tests_name("mbedtls", tests, NULL, NULL);
    if (ipsec_mbedtls_new(NULL, &provider) != IPSEC_OK) {
        return 1;
    }
    failed += provider_suite_run(ipsec_mbedtls_crypto(provider));
    ipsec_mbedtls_free(provider);
    return failed;
}
