/* SPDX-License-Identifier: Apache-2.0
 *
 * Two whole gateways of ipsec-two-site against each other in one process: the scenario, a mismatch,
 * a silent link, roles; and that no line of either journal holds the secret.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "inprocess.h"
#include "providers.h"

#define SECRET "the secret of the in-process test"

static char folder[] = "/tmp/two-site-inprocess-XXXXXX";
static char log_a[64];
static char log_b[64];
static char psk[64];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(log_a, sizeof(log_a), "%s/a.log", folder);
    snprintf(log_b, sizeof(log_b), "%s/b.log", folder);
    snprintf(psk, sizeof(psk), "%s/two-site.psk", folder);
    FILE *file = fopen(psk, "w");
    if (file == NULL || chmod(psk, 0600) != 0 || fputs(SECRET "\n", file) < 0) {
        return -1;
    }
    return fclose(file);
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(log_a);
    (void)unlink(log_b);
    return unlink(psk) == 0 ? rmdir(folder) : -1;
}

static struct config *read_end(bool a, const char *site_more, const char *child_more)
{
    char text[2000];
    snprintf(text, sizeof(text),
             "[gateway]\naddress = 10.9.0.%d\n[site x]\nremote = 10.9.0.%d\n"
             "local_id = %s.example\nremote_id = %s.example\nsecret_file = two-site.psk\n%s"
             "[child net]\nsite = x\nlocal_ts = 192.168.%d.0/24\nremote_ts = 192.168.%d.0/24\n%s",
             a ? 1 : 2, a ? 2 : 1, a ? "a" : "b", a ? "b" : "a", site_more, a ? 1 : 2, a ? 2 : 1,
             child_more);
    char name[100];
    snprintf(name, sizeof(name), "%s/x.conf", folder);
    struct config *config = config_new();
    FILE *stream = fmemopen(text, strlen(text), "r");
    if (!config_read(config, stream, name, NULL, 0)) {
        config_print_errors(config, stderr);
        fail();
    }
    (void)fclose(stream);
    return config;
}

static char *content(const char *path)
{
    char *text = calloc(1, 1 << 20);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    const size_t length = fread(text, 1, (1 << 20) - 1, file);
    assert_true(length < (1 << 20) - 1);
    (void)fclose(file);
    return text;
}

struct result {
    int status;
    char *a;
    char *b;
};

static struct result play(struct config *a, struct config *b, const char *steps, bool lose_all)
{
    struct options options = {
        .steps = (char *)(uintptr_t)steps, .log_a = log_a, .log_b = log_b, .lose_all = lose_all};
    struct result result = {.status = inprocess_run(a, b, &options)};
    config_free(a);
    config_free(b);
    result.a = content(log_a);
    result.b = content(log_b);
    assert_null(strstr(result.a, SECRET));
    assert_null(strstr(result.b, SECRET));
    return result;
}

static void done(struct result *result)
{
    free(result->a);
    free(result->b);
}

#define ESP "esp = aes256-sha256-modp2048\n"

static void the_whole_scenario(void **state)
{
    static const char *const lines[] = {
        "-> IKE_SA_INIT request 0",      "<- IKE_AUTH response 1", "IKE SA established",
        "child net established",         "lifetimes are local",    "child net rekeyed with PFS",
        "child net rekeyed without PFS", "IKE SA rekeyed",         "IKE SA closed",
    };
    (void)state;
    struct result result = play(
        read_end(true, "role = initiator\n", ESP),
        read_end(false, "role = responder\n", ESP "esp = aes256-sha256\n"),
        "up ping stream packet rekey-child rekey-child-without-pfs rekey-ike ping down", false);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (strstr(result.a, lines[i]) == NULL) {
            print_error("not in the log: %s\n", lines[i]);
        }
        assert_non_null(strstr(result.a, lines[i]));
    }
    assert_int_equal(result.status, EXIT_SUCCESS);
    done(&result);
}

/* No packet is lost meanwhile. */
static void a_site_that_proves_itself_anew(void **state)
{
    (void)state;
    if (ipsec_ike_reauthenticate(NULL, 0, 0) == IPSEC_ERR_NOT_BUILT_IN) {
        skip();
    }
    struct result result =
        play(read_end(true, "role = initiator\n", ESP), read_end(false, "role = responder\n", ESP),
             "up reauth ping reauth ping rekey-ike reauth ping down", false);
    assert_int_equal(result.status, EXIT_SUCCESS);
    const char *first = strstr(result.a, "IKE SA established");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "IKE SA established"));
    done(&result);
}

static void a_mismatch_is_reported_on_both_ends(void **state)
{
    (void)state;
    struct result result =
        play(read_end(true, "role = initiator\nike = aes256-sha256-modp2048\n", ESP),
             read_end(false, "role = responder\nike = aes128-sha256-modp2048\n", ESP), "up", false);
    assert_int_equal(result.status, EXIT_FAILURE);
    assert_non_null(strstr(result.a, "failed: no-proposal"));
    assert_non_null(strstr(result.a, "next attempt in "));
    assert_non_null(strstr(result.b, "failed: no-proposal"));
    done(&result);
}

static void a_silent_link_is_reported(void **state)
{
    (void)state;
    struct result result = play(read_end(true, "role = initiator\n", ESP),
                                read_end(false, "role = responder\n", ESP), "up", true);
    assert_int_equal(result.status, EXIT_FAILURE);
    assert_non_null(strstr(result.a, "failed: silent-peer"));
    assert_null(strstr(result.b, "failed"));
    done(&result);
}

static void an_initiator_answers_nobody(void **state)
{
    (void)state;
    struct result result =
        play(read_end(true, "role = both\n", ESP),
             read_end(false, "role = initiator\nliveness = off\n", ESP), "up", false);
    /* A is told to call, and B calls: what comes up was B's. */
    assert_null(strstr(result.b, "as responder"));
    done(&result);
}

static void traffic_starts_a_tunnel_of_role_both(void **state)
{
    (void)state;
    struct result result = play(read_end(true, "role = both\n", ESP),
                                read_end(false, "role = responder\n", ESP), "ping ping", false);
    /* The first packets have no tunnel yet, so the first step fails, as it should. */
    assert_int_equal(result.status, EXIT_FAILURE);
    assert_non_null(strstr(result.a, "traffic for net asks for the tunnel"));
    assert_non_null(strstr(result.a, "child net established"));
    done(&result);
}

static void unknown_steps_fail(void **state)
{
    (void)state;
    struct result result = play(read_end(true, "", ESP), read_end(false, "", ESP), "jump", false);
    assert_int_equal(result.status, EXIT_FAILURE);
    done(&result);
}

static void providers_by_order_or_speed(void **state)
{
    (void)state;
    struct config *config = read_end(true, "", ESP);
    assert_int_equal(config->gateway.crypto_count, 1);
    assert_int_equal(config->gateway.crypto[0], CRYPTO_MBEDTLS);
    config_free(config);
    config = read_end(true, "", ESP "[gateway]\ncrypto = openssl  mbedtls\n");
    assert_int_equal(config->gateway.crypto_count, 2);
    assert_int_equal(config->gateway.crypto[0], CRYPTO_OPENSSL);
    assert_int_equal(config->gateway.crypto[1], CRYPTO_MBEDTLS);
    assert_false(config->gateway.crypto_fastest);
    config_free(config);
    config = read_end(true, "", ESP "[gateway]\ncrypto = ipsec-mb\n"); /* which has no keys */
    assert_int_equal(config->gateway.crypto_count, 2);
    assert_int_equal(config->gateway.crypto[0], CRYPTO_IPSEC_MB);
    assert_int_equal(config->gateway.crypto[1], CRYPTO_MBEDTLS);
    config_free(config);
    config = read_end(true, "", ESP "[gateway]\ncrypto = fastest\n");
    assert_int_equal(config->gateway.crypto_count, 3);
    assert_true(config->gateway.crypto_fastest);
    config_free(config);
}

/* Built, and on this processor. */
static bool have_ipsec_mb(void)
{
    void *held = NULL;
    const struct ipsec_crypto *crypto = NULL;
    const bool have = providers_ipsec_mb_open(&held, &crypto) == IPSEC_OK;
    providers_ipsec_mb_close(held);
    return have;
}

/* Every provider that is built against Mbed TLS, and one that is not built. */
static void gateways_with_other_crypto_understand_each_other(void **state)
{
    (void)state;
    static const char *const words[] = {"openssl mbedtls", "openssl", "mbedtls openssl",
                                        "ipsec-mb",        "fastest", "ipsec-mb openssl"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char more[100];
        const bool built = (HAVE_OPENSSL || strstr(words[i], "openssl") == NULL) &&
                           (have_ipsec_mb() || strstr(words[i], "ipsec-mb") == NULL);
        snprintf(more, sizeof(more), ESP "[gateway]\ncrypto = %s\n", words[i]);
        struct result result = play(read_end(true, "role = initiator\n", more),
                                    read_end(false, "role = responder\n", ESP),
                                    "up ping rekey-child ping down", false);
        assert_int_equal(result.status, built ? EXIT_SUCCESS : EXIT_FAILURE);
        done(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_scenario),
        cmocka_unit_test(a_site_that_proves_itself_anew),
        cmocka_unit_test(a_mismatch_is_reported_on_both_ends),
        cmocka_unit_test(a_silent_link_is_reported),
        cmocka_unit_test(an_initiator_answers_nobody),
        cmocka_unit_test(traffic_starts_a_tunnel_of_role_both),
        cmocka_unit_test(unknown_steps_fail),
        cmocka_unit_test(providers_by_order_or_speed),
        cmocka_unit_test(gateways_with_other_crypto_understand_each_other),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
