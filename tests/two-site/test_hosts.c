/* SPDX-License-Identifier: Apache-2.0
 *
 * Children in transport mode: their keys, what must fit together, what `check` says, and the
 * settings for the other box.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "check.h"
#include "render.h"
#include "two_site_fixture.h"

#include <ipsec/backend_mbedtls.h>

#define HOST "[child host]\nsite = b\nmode = transport\nesp = aes256gcm16-ecp256\n"

/* A gateway with one child in transport mode; the caller frees it. */
static struct config *read_text(const char *gateway_more, const char *site_more, const char *child,
                                bool *good)
{
    char text[4000];
    char *path = fixture_secret("a secret of more than twenty octets");
    snprintf(text, sizeof(text), FIXTURE_GATEWAY "%s" FIXTURE_SITE "%s%s", gateway_more, path,
             site_more, child);
    struct config *config = config_new();
    FILE *stream = fmemopen(text, strlen(text), "r");
    *good = config_read(config, stream, "x.conf", NULL, 0);
    (void)fclose(stream);
    (void)unlink(path);
    free(path);
    return config;
}

static struct config *host(const char *site_more, const char *child_more)
{
    char child[1000];
    bool good = false;
    snprintf(child, sizeof(child), HOST "%s", child_more);
    struct config *config = read_text("", site_more, child, &good);
    if (!good) {
        config_print_errors(config, stderr);
        abort();
    }
    return config;
}

static void assert_selectors(const struct ipsec_selectors *list, const char *expected)
{
    struct render text = {.used = 0};
    render_selectors(&text, list);
    assert_string_equal(text.text, expected);
}

static void the_two_addresses_are_the_selectors(void **state)
{
    (void)state;
    struct config *config = host("", "");
    const struct ipsec_child_config *child = &config->site[0].children[0];
    assert_int_equal(child->mode, IPSEC_MODE_TRANSPORT);
    assert_selectors(&child->local_ts, "10.0.0.1");
    assert_selectors(&child->remote_ts, "10.0.0.2");
    assert_true(config_has_hosts(config));
    assert_int_equal(config->gateway.fwmark, CONFIG_FWMARK);
    config_free(config);
    config = host("local = 10.0.0.9\n", "local_ts = 10.0.0.9[tcp/80]\nremote_ts = 10.0.0.2[tcp]\n");
    assert_selectors(&config->site[0].children[0].local_ts, "10.0.0.9[tcp/80]");
    assert_selectors(&config->site[0].children[0].remote_ts, "10.0.0.2[tcp]");
    config_free(config);
    config = fixture_config("a secret of more than twenty octets", "", "mode = tunnel\n");
    assert_int_equal(config->site[0].children[0].mode, IPSEC_MODE_TUNNEL);
    assert_false(config_has_hosts(config));
    config_free(config);
}

struct bad {
    const char *gateway;
    const char *site;
    const char *child;
    const char *error;
};

static const struct bad bad[] = {
    {"", "", HOST "local_ts = 10.0.0.0/24\n", "local_ts has to be 10.0.0.1"},
    {"", "", HOST "local_ts = 10.0.0.1, 10.0.0.3\n", "local_ts has to be 10.0.0.1"},
    {"", "", HOST "remote_ts = 192.168.2.1\n", "remote_ts has to be 10.0.0.2"},
    {"", "", HOST "remote_ts = 2001:db8::1\n", "remote_ts has to be 10.0.0.2"},
    {"", "", HOST "local_ts = dynamic\n", "no inner addresses that could be dynamic"},
    {"", "", HOST "remote_ts = dynamic\n", "no inner addresses that could be dynamic"},
    {"", "",
     "[site c]\nremote = any\nauth = null\nrole = responder\n"
     "[child host]\nsite = c\nmode = transport\n",
     "remote_ts is missing"},
    {"", "", HOST "tfc = 1000\n", "tfc is for tunnels"},
    {"", "", "[child host]\nsite = b\nmode = beet\n", "tunnel or transport"},
    {"", "", "[child host]\nsite = b\nmode = Transport\n", "tunnel or transport"},
    {"fwmark = 0\n", "", HOST, "fwmark"},
    {"fwmark = 4294967296\n", "", HOST, "fwmark"},
};

static void what_does_not_fit_is_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool good = true;
        struct config *config = read_text(bad[i].gateway, bad[i].site, bad[i].child, &good);
        bool found = false;
        for (size_t j = 0; j < config->error_count; j++) {
            found = found || strstr(config->error[j].text, bad[i].error) != NULL;
        }
        if (good || !found) {
            print_message("row %zu: %s\n", i, bad[i].error);
            config_print_errors(config, stdout);
        }
        assert_true(!good && found);
        config_free(config);
    }
}

static char *findings(const struct config *config, struct check_counts *counts)
{
    char *text = NULL;
    size_t length = 0;
    struct ipsec_mbedtls *provider = NULL;
    assert_int_equal(ipsec_mbedtls_new(NULL, &provider), IPSEC_OK);
    const struct ipsec_crypto *item[] = {ipsec_mbedtls_crypto(provider)};
    const struct ipsec_crypto_list list = {.item = item, .count = 1};
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    check_config(config, &list, out, counts);
    assert_int_equal(fclose(out), 0);
    ipsec_mbedtls_free(provider);
    return text;
}

static void check_tells_of_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *site;
        const char *child;
        const char *said;
        bool is_said;
    } rows[] = {
        {"", "", "MOBIKE is not offered to site b", true},
        {"mobike = no\n", "", "MOBIKE", false},
        {"", "df = set\n", "df, dscp, ecn and fragment do nothing", true},
        {"", "dscp = 5\n", "df, dscp, ecn and fragment do nothing", true},
        {"", "ecn = compatible\n", "do nothing", true},
        {"", "fragment = after\n", "do nothing", true},
        {"", "", "do nothing", false},
        {"", "", "remote_ts holds the peer's own address", false}, /* it is what it should be */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct check_counts counts = {0};
        struct config *config = host(rows[i].site, rows[i].child);
        char *text = findings(config, &counts);
        assert_int_equal(strstr(text, rows[i].said) != NULL, rows[i].is_said);
        assert_int_equal(counts.errors + counts.warnings, 0);
        free(text);
        config_free(config);
    }
}

static void the_other_box_gets_the_mode(void **state)
{
    (void)state;
    struct config *config = host("", "");
    for (size_t i = 0; i < 2; i++) {
        char *text = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&text, &length);
        assert_non_null(out);
        (i == 0 ? mirror_ini : mirror_swanctl)(config, &config->site[0], out);
        assert_int_equal(fclose(out), 0);
        assert_non_null(strstr(text, "mode = transport\n"));
        assert_non_null(strstr(text, "local_ts = 10.0.0.2\n"));
        assert_non_null(strstr(text, "remote_ts = 10.0.0.1\n"));
        free(text);
    }
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_two_addresses_are_the_selectors),
        cmocka_unit_test(what_does_not_fit_is_an_error),
        cmocka_unit_test(check_tells_of_hosts),
        cmocka_unit_test(the_other_box_gets_the_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
