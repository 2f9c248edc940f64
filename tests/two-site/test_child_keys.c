/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of children that are more than a word: DSCP by a list, where to cut, forged packets; and the
 * TTL. The others: test_config.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "two_site_fixture.h"

static void dscp_by_a_list(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        uint8_t inner;
        uint8_t outer;
    } rows[] = {
        {"dscp = 46:10, 0:1, 63:0\n", 46, 10},
        {"dscp = 46:10, 0:1, 63:0\n", 0, 1},
        {"dscp = 46:10, 0:1, 63:0\n", 63, 0},
        {"dscp = 46:10, 0:1, 63:0\n", 45, 45},
        {"dscp = *:7, 46:10\n", 46, 10},
        {"dscp = 46:10,*:7\n", 45, 7},
        {"dscp = *:0\n", 63, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config *config =
            fixture_config("a secret of more than twenty octets", "", rows[i].keys);
        const struct ipsec_header_rules *rules = &config->site[0].children[0].headers;
        assert_int_equal(rules->dscp, IPSEC_DSCP_MAP);
        assert_int_equal(rules->dscp_map[rows[i].inner], rows[i].outer);
        config_free(config);
    }
}

static struct config *read_text(const char *gateway_more, const char *child_more, bool *good)
{
    char text[4000];
    char *path = fixture_secret("a secret of more than twenty octets");
    snprintf(text, sizeof(text),
             FIXTURE_GATEWAY "%s" FIXTURE_SITE "[child net]\nsite = b\n"
                             "local_ts = 192.168.1.0/24\nremote_ts = 192.168.2.0/24\n%s",
             gateway_more, path, child_more);
    struct config *config = config_new();
    FILE *stream = fmemopen(text, strlen(text), "r");
    *good = config_read(config, stream, "x.conf", NULL, 0);
    (void)fclose(stream);
    (void)unlink(path);
    free(path);
    return config;
}

static void single_values(void **state)
{
    (void)state;
    bool good = false;
    struct config *config =
        read_text("ttl = 77\ntun_address = fd00::1\ntun_address = 10.1.1.1\n",
                  "ecn = normal\nfragment = before\nforged_packets = 9\n", &good);
    const struct ipsec_child_config *child = &config->site[0].children[0];
    assert_true(good);
    assert_int_equal(config->gateway.ttl, 77);
    assert_int_equal(config->gateway.tun_address.bytes[0], 10);
    assert_int_equal(config->gateway.tun_address6.bytes[0], 0xfd);
    assert_true(!child->headers.ecn_compatible && !child->fragment_after);
    assert_int_equal(child->lifetime.forgeries_soft, 9);
    config_free(config);
}

struct bad {
    const char *gateway;
    const char *child;
    const char *error;
};

static const struct bad bad[] = {
    {"", "dscp = 46:64\n", "a list of INNER:OUTER"},
    {"", "dscp = 64:46\n", "a list of INNER:OUTER"},
    {"", "dscp = 1:2, 3\n", "a list of INNER:OUTER"},
    {"", "dscp = 1:2,\n", "a list of INNER:OUTER"},
    {"", "dscp = 1:2, 1:2\n", "each inner one once"},
    {"", "dscp = *:2, *:3\n", "each inner one once"},
    {"", "dscp = :2\n", "a list of INNER:OUTER"},
    {"", "ecn = yes\n", "normal or compatible"},
    {"", "fragment = yes\n", "before or after"},
    {"", "forged_packets = 0\n", "from 1 to 4294967295"},
    {"", "forged_packets = 4294967296\n", "from 1 to 4294967295"},
    {"tun_address = 10.1.1.1\ntun_address = 10.1.1.2\n", "", "one address of each family"},
    {"tun_address = fd00::1\ntun_address = fd00::2\n", "", "one address of each family"},
    {"ttl = 0\n", "", "from 1 to 255"},
    {"ttl = 256\n", "", "from 1 to 255"},
};

static void what_is_no_value_is_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bool good = true;
        struct config *config = read_text(bad[i].gateway, bad[i].child, &good);
        assert_false(good);
        assert_int_equal(config->error_count, 1);
        assert_non_null(strstr(config->error[0].text, bad[i].error));
        config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dscp_by_a_list),
        cmocka_unit_test(single_values),
        cmocka_unit_test(what_is_no_value_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
