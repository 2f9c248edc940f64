/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration reader of ipsec-two-site: what it takes, and for everything it does not take,
 * the line and the words.
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

#include "config.h"
#include "value.h"

static char folder[] = "/tmp/two-site-test-XXXXXX";

static void write_file(const char *name, const char *content, size_t length, mode_t mode)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int make_folder(void **state)
{
    static char long_secret[300];
    (void)state;
    assert_non_null(mkdtemp(folder));
    memset(long_secret, 'x', sizeof(long_secret));
    write_file("good.psk", "a secret nobody guesses\n", 24, 0600);
    write_file("open.psk", "a secret everybody reads\n", 25, 0640);
    write_file("empty.psk", "\n", 1, 0600);
    write_file("lines.psk", "one\ntwo\n", 8, 0600);
    write_file("hex.psk", "0x00ff10\n", 9, 0400);
    write_file("badhex.psk", "0x00f\n", 6, 0600);
    write_file("long.psk", long_secret, sizeof(long_secret), 0600);
    return 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"good.psk", "open.psk",   "empty.psk", "lines.psk",
                                        "hex.psk",  "badhex.psk", "long.psk"};
    char path[256];
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    return rmdir(folder);
}

static struct config *read_text(const char *text, const char *const overrides[], size_t count)
{
    char name[128];
    struct config *config = config_new();
    assert_non_null(config);
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(stream);
    snprintf(name, sizeof(name), "%s/x.conf", folder);
    (void)config_read(config, stream, name, overrides, count);
    assert_int_equal(fclose(stream), 0);
    return config;
}

#define GATEWAY "[gateway]\naddress = 10.0.0.1\n"
#define SITE    "[site b]\nremote = 10.0.0.2\nsecret_file = good.psk\n"
#define CHILD   "[child net]\nsite = b\nlocal_ts = 192.168.1.0/24\nremote_ts = 192.168.2.0/24\n"

static void sessions(void **state)
{
    (void)state;
    struct config *config = read_text(
        GATEWAY SITE "childless = always\nrequest_address = ipv4, dns\nrequest_address = subnets\n"
                     "pool = 10.77.0.0/24\ndns = 10.0.0.53\ndns = fd00::53\n"
                     "[child net]\nsite = b\nlocal_ts = dynamic\nremote_ts = dynamic\n"
                     "start = on-demand\nidle = 90s\n",
        NULL, 0);
    config_print_errors(config, stderr);
    assert_int_equal(config->error_count, 0);
    const struct config_site *site = &config->site[0];
    assert_int_equal(site->peer.childless, IPSEC_CHILDLESS_ALWAYS);
    assert_int_equal(site->peer.request_config,
                     IPSEC_CONFIG_IPV4 | IPSEC_CONFIG_DNS | IPSEC_CONFIG_SUBNETS);
    assert_int_equal(site->pool.last[3], 255);
    assert_int_equal(site->dns_count, 2);
    const struct ipsec_child_config *child = &site->peer.children[0];
    assert_true(child->local_dynamic && child->remote_dynamic);
    assert_int_equal(child->start, IPSEC_START_ON_DEMAND);
    assert_int_equal(child->idle_ms, 90000);
    config_free(config);
}

static void bad_sessions(void **state)
{
    static const char *const line[] = {
        "childless = perhaps\n",     "request_address = ipv5\n", "pool = fd00::/64\n",
        "pool = 10.0.0.0/24[tcp]\n", "pool = everything\n",      "dns = server\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++) {
        char text[400];
        snprintf(text, sizeof(text), GATEWAY SITE "%s" CHILD, line[i]);
        struct config *config = read_text(text, NULL, 0);
        assert_int_equal(config->error_count, 1);
        assert_int_equal(config->error[0].line, 6);
        config_free(config);
    }
    struct config *config = read_text(GATEWAY SITE CHILD "start = later\nidle = 5ms\n", NULL, 0);
    assert_int_equal(config->error_count, 2);
    config_free(config);
}

static void quirks(void **state)
{
    static const struct {
        const char *line;
        uint32_t set;
        uint32_t errors;
    } rows[] = {
        {"", 0, 0},
        {"quirks = fortigate, cisco-asa\n", IPSEC_QUIRK_FORTIGATE | IPSEC_QUIRK_CISCO_ASA, 0},
        {"quirks = windows\nquirks = azure,mikrotik\n",
         IPSEC_QUIRK_WINDOWS | IPSEC_QUIRK_AZURE | IPSEC_QUIRK_MIKROTIK, 0},
        {"quirks = none\n", IPSEC_QUIRKS_NONE, 0},
        {"quirks = fortinet\n", 0, 1},
        {"quirks = none, windows\n", 0, 1},
        {"quirks = a-name-of-twenty-four-octets\n", 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[400];
        snprintf(text, sizeof(text), GATEWAY SITE "%s" CHILD, rows[i].line);
        struct config *config = read_text(text, NULL, 0);
        assert_int_equal(config->error_count, rows[i].errors);
        if (rows[i].errors == 0) {
            assert_int_equal(config->site[0].peer.quirks, rows[i].set);
        } else {
            assert_int_equal(config->error[0].line, 6);
        }
        config_free(config);
    }
}

/* ---- Good -------------------------------------------------------------------------------------
 */

static void defaults(void **state)
{
    (void)state;
    struct config *config = read_text(GATEWAY SITE CHILD, NULL, 0);
    config_print_errors(config, stderr);
    assert_int_equal(config->error_count, 0);
    assert_int_equal(config->gateway.ike_port, 500);
    assert_int_equal(config->gateway.natt_port, 4500);
    assert_int_equal(config->gateway.mtu, 1400);
    assert_string_equal(config->gateway.tun, "ipsec0");
    assert_int_equal(config->site_count, 1);
    const struct ipsec_peer *peer = &config->site[0].peer;
    assert_string_equal(peer->name, "b");
    assert_int_equal(peer->local.addr.bytes[3], 1);
    assert_int_equal(peer->remote.addr.bytes[3], 2);
    assert_int_equal(config->site[0].role, ROLE_BOTH);
    assert_int_equal(config->site[0].secret.length, 23);
    assert_int_equal(peer->child_count, 1);
    assert_ptr_equal(peer->children[0].proposals, &config->child[0].esp);
    assert_true(config->child[0].esp.count > 0);
    assert_true(config->site[0].ike.count > 0);
    config_free(config);
}

static void every_child_key(const struct ipsec_child_config *child)
{
    assert_int_equal(child->local_ts.count, 3);
    assert_int_equal(child->lifetime.hard_ms, 90 * 60000);
    assert_int_equal(child->lifetime.bytes_hard, 2 << 20);
    assert_int_equal(child->lifetime.packets_soft, 10);
    assert_int_equal(child->replay_window, 256);
    assert_int_equal(child->headers.df, IPSEC_DF_COPY);
    assert_int_equal(child->mtu, 1400);
    assert_true(child->clamp_mss && child->tfc == IPSEC_TFC_MTU);
    assert_int_equal(child->headers.dscp, IPSEC_DSCP_FIXED);
    assert_int_equal(child->headers.dscp_value, 46);
    assert_true(child->headers.ecn_compatible && child->fragment_after);
}

static void every_key(void **state)
{
    (void)state;
    struct config *config = read_text(
        "\xEF\xBB\xBF[gateway]\naddress = 10.0.0.1 ; a comment\nike_port = 5000\nnatt_port=5001\n"
        "tun = vpn%d\n",
        NULL, 0);
    assert_int_equal(config->error[0].line, 5); /* '%' is not for a name here */
    config_free(config);
    config = read_text(
        "# comment\n[gateway]\naddress = 10.0.0.1 ; a comment\nike_port = 5000\nnatt_port=5001\n"
        "tun = vpn7\ntun_address = 192.168.1.1\nmtu = 1300\nroutes = no\noffload = no\ncontrol = "
        "/tmp/c\nretransmit = 500ms\nretransmit_tries = 3\ncookies = always\nfragment_bytes = 576\n"
        "[site b]\nlocal = 10.0.0.9\nremote = 10.0.0.2\nremote_port = 5002\n"
        "local_id = @left.example\nremote_id = user@example\nsecret_file = hex.psk\n"
        "role = both\nike = aes256-sha256-modp2048\nike = aes128-sha256-ecp256\n"
        "reauth_time = 8h\nseveral_ike_sas = yes\n"
        "ike_lifetime = 4h\nliveness = off\nkeepalive = 45s\nfollow = port\nmobike = "
        "no\nfollow_redirects = authenticated\nredirect_to = fd00::9 at-once\nencapsulation = "
        "always\ninitial_contact = no\nfragmentation = no\n"
        "[child net]\n  site = b\n  local_ts = 192.168.1.0/24, 10.1.0.0/16\n"
        "local_ts = 10.2.0.1\nremote_ts = 192.168.2.0/24\nesp = aes256-sha256-modp2048\n"
        "lifetime = 90m\nsoft_bytes = 1M\nhard_bytes = 2M\nsoft_packets = 10\n"
        "hard_packets = 20\nreplay_window = 256\ndf = copy\ndscp = 46\necn = compatible\n"
        "fragment = after\nmtu = 1400\nclamp_mss = yes\ntfc = mtu\n",
        NULL, 0);
    config_print_errors(config, stderr);
    assert_int_equal(config->error_count, 0);
    const struct config_site *site = &config->site[0];
    assert_int_equal(site->peer.local.addr.bytes[3], 9);
    assert_int_equal(site->peer.local.port, 5000);
    assert_int_equal(site->peer.remote.port, 5002);
    assert_int_equal(site->peer.local_id.type, IPSEC_ID_FQDN);
    assert_int_equal(site->peer.remote_id.type, IPSEC_ID_RFC822_ADDR);
    assert_int_equal(site->role, ROLE_BOTH);
    assert_int_equal(site->peer.follow_redirects, IPSEC_REDIRECTS_AUTHENTICATED);
    assert_int_equal(site->redirect_to.type, IPSEC_ID_IPV6_ADDR);
    assert_true(site->redirect_at_once);
    assert_int_equal(site->ike.count, 2);
    assert_int_equal(site->peer.lifetime.hard_ms, 4 * 3600000);
    assert_int_equal(site->peer.reauth_ms, 8 * 3600000);
    assert_true(site->peer.several_ike_sas);
    assert_int_equal(site->peer.liveness_ms, IPSEC_LIVENESS_OFF);
    assert_int_equal(site->peer.keepalive_ms, 45000);
    assert_int_equal(site->peer.follow, IPSEC_FOLLOW_PORT);
    assert_true(site->peer.no_mobike);
    assert_true(site->peer.force_encapsulation && site->peer.no_initial_contact);
    assert_true(site->peer.no_fragmentation);
    assert_int_equal(site->secret.length, 3);
    assert_int_equal(site->secret.bytes[1], 0xff);
    every_child_key(&site->children[0]);
    assert_int_equal(config->gateway.retransmit_first_ms, 500);
    assert_int_equal(config->gateway.fragment_bytes, 576);
    assert_true(config->gateway.cookies_always && config->gateway.no_routes);
    assert_true(config->gateway.no_offload);
    config_free(config);
}

static void overrides_stand_over_the_file(void **state)
{
    (void)state;
    static const char *const set[] = {"child net.lifetime=8h", "site b.role=responder"};
    struct config *config =
        read_text(GATEWAY SITE "role = initiator\n" CHILD "lifetime = 1h\n", set, 2);
    assert_int_equal(config->error_count, 0);
    assert_int_equal(config->site[0].children[0].lifetime.hard_ms, 8 * 3600000);
    assert_int_equal(config->site[0].role, ROLE_RESPONDER);
    config_free(config);
}

/* ---- Bad: a table -----------------------------------------------------------------------------
 */

struct bad {
    const char *text;
    uint32_t line;
    const char *message; /* part of it */
};

static const struct bad bad_configs[] = {
    {"", 0, "there is no [site NAME] section"},
    {GATEWAY, 0, "there is no [site NAME] section"},
    {"address = 10.0.0.1\n", 1, "stands before the first section"},
    {"[gateway]\nnonsense\n", 2, "neither \"[section]\" nor \"key = value\" nor a comment"},
    {"[gateway\naddress = 10.0.0.1\n", 1, "neither \"[section]\""},
    {"[gateway]\nadress = 10.0.0.1\n", 2, "unknown key \"adress\": did you mean \"address\"?"},
    {"[gateway]\nfrobnicate = 1\n", 2, "unknown key \"frobnicate\""},
    {"[gatway]\naddress = 10.0.0.1\n", 2, "unknown section \"gatway\": did you mean \"gateway\"?"},
    {"[sites b]\nremote = 10.0.0.2\n", 2, "unknown section \"sites\": did you mean \"site\"?"},
    {"[site]\nremote = 10.0.0.2\n", 2, "[site] needs a name"},
    {"[child ]\nsite = b\n", 2, "needs a name"},
    {"[site a/b]\nremote = 10.0.0.2\n", 2, "letters, digits, '-', '_' and '.'"},
    {"[site abcdefghijklmnopqrstuvwxyz0123456789]\nremote = 10.0.0.2\n", 2, "up to 32 letters"},
    {"[site abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrst]\nremote = any\n", 1,
     "a name is longer than 49 characters"},
    {"[gateway]\naddress = 10.0.0.256\n", 2, "\"10.0.0.256\" is not an IPv4 or IPv6 address"},
    {"[gateway]\nike_port = 0\n", 2, "\"0\" is not a number from 1 to 65535"},
    {"[gateway]\nike_port = 65536\n", 2, "\"65536\" is not a number from 1 to 65535"},
    {"[gateway]\nike_port = -1\n", 2, "\"-1\" is not a number"},
    {"[gateway]\nike_port = 18446744073709551617\n", 2, "is not a number"},
    {"[gateway]\nike_port = 4500\n", 2, "ike_port and natt_port must differ"},
    {"[gateway]\nmtu = 575\n", 2, "576 to 9000"},
    {"[gateway]\nmtu = 9001\n", 2, "576 to 9000"},
    {"[gateway]\ntun = a-device-name-too-long\n", 2, "from 1 to 15 characters"},
    {"[gateway]\ntun = ../x\n", 2, "is not a device name"},
    {"[gateway]\nroutes = maybe\n", 2, "is not yes or no"},
    {"[gateway]\noffload = tso\n", 2, "is not yes or no"},
    {"[gateway]\ncookies = never\n", 2, "is not auto or always"},
    {"[gateway]\nfragment_bytes = 191\n", 2, "191"},
    {"[gateway]\ncrypto = opensll\n", 2, "\"opensll\" is not fastest, or some of ipsec-mb"},
    {"[gateway]\ncrypto = mbedtls mbedtls\n", 2, "in order of preference"},
    {"[gateway]\ncrypto = mbedtls fastest\n", 2, "in order of preference"},
    {"[gateway]\ncrypto =\n", 2, "crypto"},
    {"[gateway]\nretransmit = 99ms\n", 2, "is less than"},
    {"[gateway]\nretransmit_tries = 21\n", 2, "from 1 to 20"},
    {"[gateway]\nmtu = 1300\nmtu = 1400\n", 3, "mtu is given twice"},
    {GATEWAY "[site b]\nsecret_file = good.psk\n" CHILD, 4, "remote is missing"},
    {GATEWAY "[site b]\nremote = 10.0.0.2\n" CHILD, 4, "secret_file is missing"},
    {GATEWAY SITE "role = boss\n" CHILD, 6, "\"boss\" is not initiator, responder or both"},
    {GATEWAY "[site b]\nremote = any\nrole = initiator\nsecret_file = good.psk\n" CHILD, 4,
     "nobody can call \"any\""},
    {SITE CHILD, 2, "local is missing"},
    {GATEWAY "[site b]\nremote = fd00::1\nsecret_file = good.psk\n" CHILD, 4,
     "different IP versions"},
    {GATEWAY "[site b]\nremote = 10.0.0.1\nsecret_file = good.psk\n" CHILD, 4, "the same address"},
    {GATEWAY SITE "ike = aes257-sha256-modp2048\n" CHILD, 6, "aes257"},
    {GATEWAY SITE "ike = aes256-sha256\n" CHILD, 6, "ike: "},
    {GATEWAY SITE "ike = ,\n" CHILD, 6, "ike: "},
    {GATEWAY SITE "ike_lifetime = 1x\n" CHILD, 6, "is not a time such as 3600, 60m or 1h"},
    {GATEWAY SITE "ike_lifetime = 9s\n" CHILD, 6, "is less than 10 s"},
    {GATEWAY SITE "ike_lifetime = 999999999999h\n" CHILD, 6, "more than a year"},
    {GATEWAY SITE "liveness = soon\n" CHILD, 6, "is not a time"},
    {GATEWAY SITE "local_id = any\n" CHILD, 6, "is not a single identity"},
    {GATEWAY SITE "reauth_time = 9s\n" CHILD, 6, "is less than 10 s"},
    {GATEWAY SITE "several_ike_sas = two\n" CHILD, 6, "is not yes or no"},
    {GATEWAY SITE "mobike = perhaps\n" CHILD, 6, "is not yes or no"},
    {GATEWAY SITE "keepalive = often\n" CHILD, 6, "is not a time"},
    {GATEWAY SITE "follow = yes\n" CHILD, 6, "is not nat, never, port or any"},
    {GATEWAY SITE "follow_redirects = yes\n" CHILD, 6, "is not never, authenticated or any"},
    {GATEWAY SITE "redirect_to = any\n" CHILD, 6, "is not an address or a host name"},
    {GATEWAY SITE "redirect_to = 10.0.0.9 now\n" CHILD, 6, "is not an address or a host name"},
    {GATEWAY SITE "role = initiator\nredirect_to = 10.0.0.9\n" CHILD, 7, "for peers that call"},
    {GATEWAY SITE "role = responder\nfollow_redirects = any\n" CHILD, 7, "this one only answers"},
    {GATEWAY SITE "encapsulation = yes\n" CHILD, 6, "is not auto or always"},
    {GATEWAY SITE "fragmentation = force\n" CHILD, 6, "is not yes or no"},
    {GATEWAY SITE, 4, "site b has no tunnel"},
    {GATEWAY SITE "[child net]\nsite = c\nlocal_ts = 10.1.0.0/16\nremote_ts = 10.2.0.0/16\n", 7,
     "there is no [site c]"},
    {GATEWAY "[site berlin]\nremote = 10.0.0.2\nsecret_file = good.psk\n"
             "[child net]\nsite = berlim\nlocal_ts = 10.1.0.0/16\nremote_ts = 10.2.0.0/16\n",
     7, "did you mean \"berlin\"?"},
    {GATEWAY SITE "[child net]\nlocal_ts = 10.1.0.0/16\nremote_ts = 10.2.0.0/16\n", 7,
     "child net: site is missing"},
    {GATEWAY SITE "[child net]\nsite = b\nremote_ts = 10.2.0.0/16\n", 7, "local_ts is missing"},
    {GATEWAY SITE "[child net]\nsite = b\nlocal_ts = 10.2.0.0/16\n", 7, "remote_ts is missing"},
    {GATEWAY SITE CHILD "esp = aes256\n", 10, "esp: "},
    {GATEWAY SITE CHILD "esp = aes256-sha256-prfsha256\n", 10, "prfsha256"},
    {GATEWAY SITE CHILD "local_ts = 192.168.1.0/33\n", 10, "is not a selector"},
    {GATEWAY SITE CHILD "local_ts = 10.0.0.1,\n", 10, "an empty or overlong item"},
    {GATEWAY SITE CHILD "local_ts = 1.0.0.1, 1.0.0.2, 1.0.0.3, 1.0.0.4\n", 10,
     "more than 4 selectors"},
    {GATEWAY SITE CHILD "soft_bytes = 1X\n", 10, "is not a number of octets"},
    {GATEWAY SITE CHILD "soft_bytes = 2M\nhard_bytes = 2M\n", 7,
     "soft_bytes must be less than hard_bytes"},
    {GATEWAY SITE CHILD "soft_packets = 5\nhard_packets = 4\n", 7,
     "soft_packets must be less than hard_packets"},
    {GATEWAY SITE CHILD "hard_packets = 0\n", 10, "is not a number from 1"},
    {GATEWAY SITE CHILD "replay_window = 100\n", 10, "a multiple of 64"},
    {GATEWAY SITE CHILD "replay_window = 4160\n", 10, "from 64 to 4096"},
    {GATEWAY SITE CHILD "df = yes\n", 10, "clear, copy or set"},
    {GATEWAY SITE CHILD "dscp = 64\n", 10, "from 0 to 63"},
    {GATEWAY SITE CHILD "mtu = 575\n", 10, "from 576 to 65535"},
    {GATEWAY SITE CHILD "clamp_mss = 1\n", 10, "yes or no"},
    {GATEWAY SITE CHILD "tfc = 63\n", 10, "64 to 65534"},
    {GATEWAY "[site b]\nremote = 10.0.0.2\nsecret_file = open.psk\n" CHILD, 5,
     "can be read or written by others (mode 0640): chmod 600"},
    {GATEWAY "[site b]\nremote = 10.0.0.2\nsecret_file = none.psk\n" CHILD, 5,
     "No such file or directory"},
    {GATEWAY "[site b]\nremote = 10.0.0.2\nsecret_file = .\n" CHILD, 5, "not a regular file"},
    {GATEWAY "[site b]\nremote = 10.0.0.2\nsecret_file = empty.psk\n" CHILD, 5, "is empty"},
    {GATEWAY "[site b]\nremote = 10.0.0.2\nsecret_file = lines.psk\n" CHILD, 5, "one line"},
    {GATEWAY "[site b]\nremote = 10.0.0.2\nsecret_file = badhex.psk\n" CHILD, 5,
     "hexadecimal digits"},
    {GATEWAY "[site b]\nremote = 10.0.0.2\nsecret_file = long.psk\n" CHILD, 5,
     "longer than 256 octets"},
};

static void bad_config_names_line_and_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_configs) / sizeof(bad_configs[0]); i++) {
        const struct bad *bad = &bad_configs[i];
        struct config *config = read_text(*bad->text != '\0' ? bad->text : "\n", NULL, 0);
        bool found = false;
        for (size_t j = 0; j < config->error_count && j < CONFIG_ERRORS_MAX; j++) {
            found = found || (config->error[j].line == bad->line &&
                              strstr(config->error[j].text, bad->message) != NULL);
        }
        if (!found) {
            config_print_errors(config, stderr);
            print_error("row %zu: line %u: \"%s\" was expected\n", i, bad->line, bad->message);
        }
        assert_true(found);
        config_free(config);
    }
}

static void bad_override(void **state)
{
    static const char *const set[] = {"lifetime=8h", "child net", "child net.=1",
                                      "child net.lifetim=8h"};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct config *config = read_text(GATEWAY SITE CHILD, &set[i], 1);
        assert_int_equal(config->error_count, 1);
        assert_int_equal(config->error[0].line, 0);
        config_free(config);
    }
}

static void long_line_is_an_error_with_its_line(void **state)
{
    char text[1200] = "[gateway]\n; ";
    (void)state;
    const size_t start = strlen(text);
    memset(text + start, 'x', 500); /* a comment may be long as well as not */
    strcpy(text + start + 500, "\naddress = 10.0.0.1\nfoo = 1\n");
    struct config *config = read_text(text, NULL, 0);
    assert_int_equal(config->error[0].line, 2);
    assert_non_null(strstr(config->error[0].text, "longer than"));
    /* What follows still has its right number. */
    assert_int_equal(config->error[1].line, 4);
    config_free(config);
}

static void more_errors_than_are_kept_are_counted(void **state)
{
    char text[4000] = "[gateway]\n";
    (void)state;
    for (size_t i = 0; i < 80; i++) {
        strcat(text, "wrong = 1\n");
    }
    struct config *config = read_text(text, NULL, 0);
    assert_int_equal(config->error_count, 80);
    assert_int_equal(config->error[CONFIG_ERRORS_MAX - 1].line, CONFIG_ERRORS_MAX + 1);
    config_free(config);
}

static void too_many_sites_and_children(void **state)
{
    static char text[20000];
    (void)state;
    strcpy(text, GATEWAY);
    for (int i = 0; i <= CONFIG_SITES_MAX; i++) {
        sprintf(text + strlen(text), "[site s%d]\nremote=10.0.1.%d\nsecret_file=good.psk\n", i, i);
        sprintf(text + strlen(text), "[child c%d]\nsite=s%d\nlocal_ts=1.1.1.1\nremote_ts=2.2.2.2\n",
                i, i);
    }
    struct config *config = read_text(text, NULL, 0);
    assert_int_equal(config->site_count, CONFIG_SITES_MAX);
    assert_non_null(strstr(config->error[0].text, "more than 32 sites"));
    config_free(config);
    strcpy(text, GATEWAY SITE);
    for (int i = 0; i <= CONFIG_SITE_CHILDREN_MAX; i++) {
        sprintf(text + strlen(text), "[child c%d]\nsite=b\nlocal_ts=1.1.1.1\nremote_ts=2.2.2.2\n",
                i);
    }
    config = read_text(text, NULL, 0);
    assert_int_equal(config->error_count, 1);
    assert_non_null(strstr(config->error[0].text, "more than 8 children"));
    config_free(config);
}

static void errors_never_show_the_secret(void **state)
{
    char *text = NULL;
    size_t length = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(bad_configs) / sizeof(bad_configs[0]); i++) {
        struct config *config =
            read_text(*bad_configs[i].text != '\0' ? bad_configs[i].text : "\n", NULL, 0);
        FILE *out = open_memstream(&text, &length);
        config_print_errors(config, out);
        assert_int_equal(fclose(out), 0);
        assert_null(strstr(text, "a secret"));
        assert_null(strstr(text, "00f\n"));
        free(text);
        config_free(config);
    }
}

static void missing_file(void **state)
{
    (void)state;
    struct config *config = config_new();
    assert_false(config_load(config, "/nonexistent/x.conf", NULL, 0));
    assert_int_equal(config->error_count, 1);
    assert_int_equal(config->error[0].line, 0);
    config_free(config);
}

/* ---- Values -----------------------------------------------------------------------------------
 */

static void durations(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"3600", 3600000}, {"3600s", 3600000}, {"60m", 3600000}, {"1h", 3600000},
                {"1d", 86400000},  {"500ms", 500},     {"0", 0}};
    static const char *const bad[] = {
        "", "h", "-1", "1.5h", " 1", "1 h", "1hh", "99999999999999999999", "18446744073709551615h"};
    uint64_t ms = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(value_duration(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(value_duration(bad[i], &ms));
    }
}

static void durations_read_back(void **state)
{
    static const uint64_t values[] = {500, 1000, 59000, 60000, 3600000, 5400000, 86400000, 3601000};
    char text[VALUE_DURATION_BYTES];
    uint64_t ms = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        value_duration_text(values[i], text);
        assert_true(value_duration(text, &ms));
        assert_int_equal(ms, values[i]);
    }
}

static void sizes(void **state)
{
    uint64_t bytes = 0;
    (void)state;
    assert_true(value_size("64k", &bytes) && bytes == 65536);
    assert_true(value_size("4G", &bytes) && bytes == 4ULL << 30);
    assert_false(value_size("4GB", &bytes));
    assert_false(value_size("18446744073709551615T", &bytes));
}

static void list_items(void **state)
{
    char item[8];
    const char *list = " a , b,c\t";
    (void)state;
    assert_true(value_next_item(&list, item, sizeof(item)));
    assert_string_equal(item, "a");
    assert_true(value_next_item(&list, item, sizeof(item)));
    assert_string_equal(item, "b");
    assert_true(value_next_item(&list, item, sizeof(item)));
    assert_string_equal(item, "c");
    assert_false(value_next_item(&list, item, sizeof(item)));
    assert_non_null(list);
    list = "a,,b";
    assert_true(value_next_item(&list, item, sizeof(item)));
    assert_false(value_next_item(&list, item, sizeof(item)));
    assert_null(list);
    list = "toolongitem";
    assert_false(value_next_item(&list, item, sizeof(item)));
    assert_null(list);
}

static void nearest_word(void **state)
{
    static const char *const words[] = {"lifetime", "liveness", "local", "esp"};
    (void)state;
    assert_string_equal(value_nearest("lifetim", words, 4), "lifetime");
    assert_string_equal(value_nearest("Local", words, 4), "local");
    assert_null(value_nearest("xyzzy", words, 4));
    assert_null(value_nearest("", words, 4));
    assert_null(value_nearest("a word of more than thirty-two letters", words, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_key),
        cmocka_unit_test(sessions),
        cmocka_unit_test(bad_sessions),
        cmocka_unit_test(quirks),
        cmocka_unit_test(overrides_stand_over_the_file),
        cmocka_unit_test(bad_config_names_line_and_reason),
        cmocka_unit_test(bad_override),
        cmocka_unit_test(long_line_is_an_error_with_its_line),
        cmocka_unit_test(more_errors_than_are_kept_are_counted),
        cmocka_unit_test(too_many_sites_and_children),
        cmocka_unit_test(errors_never_show_the_secret),
        cmocka_unit_test(missing_file),
        cmocka_unit_test(durations),
        cmocka_unit_test(durations_read_back),
        cmocka_unit_test(sizes),
        cmocka_unit_test(list_items),
        cmocka_unit_test(nearest_word),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
