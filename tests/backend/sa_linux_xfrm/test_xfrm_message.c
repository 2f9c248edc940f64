/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernel is told of one SA and its policies, octet by octet of the attributes: algorithms
 * by name, keys, ESN, encapsulation, limits, rules; and that nothing of it stays in memory.
 */
#include "xfrm_kit.h"

#include "xfrm_state.h"

/* ---- Algorithms ------------------------------------------------------------------------------ */

struct suite_row {
    const char *suite;
    const char *aead; /* or NULL: */
    const char *cipher;
    const char *auth;
    unsigned bits; /* of the ICV */
};

static const struct suite_row rows[] = {
    {"aes256gcm16", "rfc4106(gcm(aes))", NULL, NULL, 128},
    {"aes128gcm12", "rfc4106(gcm(aes))", NULL, NULL, 96},
    {"aes128gcm8", "rfc4106(gcm(aes))", NULL, NULL, 64},
    {"aes256ccm16", "rfc4309(ccm(aes))", NULL, NULL, 128},
    {"aes128ccm12", "rfc4309(ccm(aes))", NULL, NULL, 96},
    {"aes128ccm8", "rfc4309(ccm(aes))", NULL, NULL, 64},
    {"chacha20poly1305", "rfc7539esp(chacha20,poly1305)", NULL, NULL, 128},
    {"aes256gmac", "rfc4543(gcm(aes))", NULL, NULL, 128},
    {"aes256-sha256", NULL, "cbc(aes)", "hmac(sha256)", 128},
    {"aes256-sha384", NULL, "cbc(aes)", "hmac(sha384)", 192},
    {"aes256-sha512", NULL, "cbc(aes)", "hmac(sha512)", 256},
    {"aes128-sha1", NULL, "cbc(aes)", "hmac(sha1)", 96},
    {"aes128-aescmac", NULL, "cbc(aes)", "cmac(aes)", 96},
    {"aes128-aesxcbc", NULL, "cbc(aes)", "xcbc(aes)", 96},
    {"aes256ctr-sha256", NULL, "rfc3686(ctr(aes))", "hmac(sha256)", 128},
    {"null-sha256", NULL, "ecb(cipher_null)", "hmac(sha256)", 128},
};

static void check_aead(const struct fake_entry *sa, const struct suite_row *row, const uint8_t *key)
{
    struct xfrm_algo_aead aead;
    size_t length = 0;
    const uint8_t *octets = fake_sa_attr(sa, XFRMA_ALG_AEAD, &length);
    assert_non_null(octets);
    memcpy(&aead, octets, sizeof aead);
    assert_string_equal(aead.alg_name, row->aead);
    assert_int_equal(aead.alg_icv_len, row->bits);
    assert_int_equal(aead.alg_key_len, 36 * 8); /* the salt is part of it */
    assert_int_equal(length, sizeof aead + 36);
    assert_memory_equal(octets + sizeof aead, key, 36);
}

static void check_two(const struct fake_entry *sa, const struct suite_row *row, const uint8_t *encr,
                      const uint8_t *integ)
{
    struct xfrm_algo cipher;
    struct xfrm_algo_auth auth;
    size_t length = 0;
    const uint8_t *octets = fake_sa_attr(sa, XFRMA_ALG_CRYPT, &length);
    assert_non_null(octets);
    memcpy(&cipher, octets, sizeof cipher);
    assert_string_equal(cipher.alg_name, row->cipher);
    assert_int_equal(cipher.alg_key_len, 36 * 8);
    assert_int_equal(length, sizeof cipher + 36);
    assert_memory_equal(octets + sizeof cipher, encr, 36);
    octets = fake_sa_attr(sa, XFRMA_ALG_AUTH_TRUNC, &length);
    assert_non_null(octets);
    memcpy(&auth, octets, sizeof auth);
    assert_string_equal(auth.alg_name, row->auth);
    assert_int_equal(auth.alg_key_len, 32 * 8);
    assert_int_equal(auth.alg_trunc_len, row->bits);
    assert_int_equal(length, sizeof auth + 32);
    assert_memory_equal(octets + sizeof auth, integ, 32);
}

static void every_suite_has_its_name_and_keys(void **state)
{
    (void)state;
    struct xfrm_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    for (size_t i = 0; i < XFRM_COUNT(rows); i++) {
        xfrm_kit_init(kit);
        xfrm_kit_open(kit);
        const struct ipsec_child_sa sa = xfrm_kit_sa(kit, 1, rows[i].suite);
        assert_true(ipsec_xfrm_has_suite(&sa.suite));
        assert_int_equal(kit->sink->child_add(kit->sink->context, &sa), IPSEC_OK);
        const struct fake_entry *in = fake_sa(&kit->kernel, sa.spi_in);
        const struct fake_entry *out = fake_sa(&kit->kernel, sa.spi_out);
        assert_true(in != NULL && out != NULL);
        if (rows[i].aead != NULL) {
            check_aead(in, &rows[i], kit->keys[0]);
            check_aead(out, &rows[i], kit->keys[2]);
        } else {
            check_two(in, &rows[i], kit->keys[0], kit->keys[1]);
            check_two(out, &rows[i], kit->keys[2], kit->keys[3]);
        }
        xfrm_kit_close(kit);
    }
    free(kit);
}

static void suites_linux_has_not_are_refused_before_anything_is_asked(void **state)
{
    (void)state;
    static const char *const missing[] = {"aes256gcm16iiv", "aes128ccm8iiv", "chacha20poly1305iiv"};
    struct xfrm_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    xfrm_kit_init(kit);
    xfrm_kit_open(kit);
    for (size_t i = 0; i < XFRM_COUNT(missing); i++) {
        const unsigned before = kit->kernel.requests;
        struct ipsec_child_sa sa = xfrm_kit_sa(kit, 1, missing[i]);
        assert_false(ipsec_xfrm_has_suite(&sa.suite));
        assert_int_equal(kit->sink->child_add(kit->sink->context, &sa), IPSEC_ERR_NOT_BUILT_IN);
        assert_int_equal(kit->kernel.requests, before);
        sa.suite.encr = IPSEC_ENCR_AES_CBC; /* RFC 4303 5: not without integrity */
        sa.suite.integ = IPSEC_INTEG_NONE;
        assert_int_equal(kit->sink->child_add(kit->sink->context, &sa), IPSEC_ERR_NOT_BUILT_IN);
    }
    assert_non_null(strstr(ipsec_xfrm_why(kit->xfrm), "no name for these algorithms"));
    xfrm_kit_close(kit);
    free(kit);
}

/* ---- The rest of an SA ----------------------------------------------------------------------- */

struct one {
    struct xfrm_kit kit;
    struct ipsec_child_sa sa;
    const struct xfrm_usersa_info *in;
    const struct xfrm_usersa_info *out;
};

static struct one *one_begin(const char *suite)
{
    struct one *one = malloc(sizeof *one);
    assert_non_null(one);
    xfrm_kit_init(&one->kit);
    xfrm_kit_open(&one->kit);
    one->sa = xfrm_kit_sa(&one->kit, 1, suite);
    return one;
}

static void one_add(struct one *one)
{
    struct xfrm_kit *kit = &one->kit;
    assert_int_equal(kit->sink->child_add(kit->sink->context, &one->sa), IPSEC_OK);
    one->in = fake_sa_info(fake_sa(&kit->kernel, one->sa.spi_in));
    one->out = fake_sa_info(fake_sa(&kit->kernel, one->sa.spi_out));
}

static void one_end(struct one *one)
{
    xfrm_kit_close(&one->kit);
    free(one);
}

static const void *attr_of(struct one *one, uint32_t spi, uint16_t type, size_t *length)
{
    return fake_sa_attr(fake_sa(&one->kit.kernel, spi), type, length);
}

static void addresses_mode_and_selectors_of_both_directions(void **state)
{
    (void)state;
    struct one *one = one_begin("aes256gcm16");
    one_add(one);
    assert_memory_equal(&one->in->id.daddr, one->sa.local.addr.bytes, 4);
    assert_memory_equal(&one->in->saddr, one->sa.remote.addr.bytes, 4);
    assert_memory_equal(&one->out->id.daddr, one->sa.remote.addr.bytes, 4);
    assert_memory_equal(&one->out->saddr, one->sa.local.addr.bytes, 4);
    assert_int_equal(one->in->family, AF_INET);
    assert_int_equal(one->in->mode, XFRM_MODE_TUNNEL);
    assert_int_equal(one->in->flags, XFRM_STATE_NOPMTUDISC); /* DF is clear unless asked for */
    /* One pair of selectors: the SA itself carries nothing else (RFC 4301 5.2). */
    assert_int_equal(one->in->sel.family, AF_INET);
    assert_int_equal(one->in->sel.prefixlen_s, 16);
    assert_memory_equal(&one->in->sel.saddr, "\x0a\x02\x00\x00", 4);
    assert_memory_equal(&one->in->sel.daddr, "\x0a\x01\x00\x00", 4);
    assert_memory_equal(&one->out->sel.saddr, "\x0a\x01\x00\x00", 4);
    assert_int_equal(one->in->sel.sport_mask, 0);
    /* The SA that sends is never taken by a policy that waits. */
    assert_int_equal(one->out->reqid, one->in->reqid + 1);
    one_end(one);
}

static void several_selectors_are_the_policies_affair(void **state)
{
    (void)state;
    struct one *one = one_begin("aes256gcm16");
    one->sa.local_ts = xfrm_kit_selectors("10.1.0.0/24 10.1.8.0/24");
    one_add(one);
    assert_int_equal(one->in->sel.family, 0);
    assert_int_equal(one->in->flags & XFRM_STATE_AF_UNSPEC, XFRM_STATE_AF_UNSPEC);
    /* In front of the ones of the configuration. */
    assert_int_equal(fake_count(&one->kit.kernel, true), 3 + 2 * 3);
    const struct xfrm_userpolicy_info *whole =
        fake_policy_info(fake_policy(&one->kit.kernel, XFRM_POLICY_OUT, 0));
    const struct xfrm_userpolicy_info *narrow =
        fake_policy_info(fake_policy(&one->kit.kernel, XFRM_POLICY_OUT, 1));
    assert_int_equal(whole->sel.prefixlen_s, 16);
    assert_int_equal(narrow->sel.prefixlen_s, 24);
    assert_true(narrow->priority < whole->priority);
    one->kit.sink->child_remove(one->kit.sink->context, 1);
    assert_int_equal(fake_count(&one->kit.kernel, true), 3);
    one_end(one);
}

static void transport_mode_and_ipv6(void **state)
{
    (void)state;
    struct one *one = one_begin("aes256gcm16");
    one->kit.child[0].mode = IPSEC_MODE_TRANSPORT;
    assert_int_equal(ipsec_addr_parse("2001:db8::1", &one->sa.local.addr), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse("2001:db8::2", &one->sa.remote.addr), IPSEC_OK);
    one->sa.local_ts = xfrm_kit_selectors("2001:db8::1[tcp/80]");
    one->sa.remote_ts = xfrm_kit_selectors("2001:db8::2[tcp]");
    one_add(one);
    assert_int_equal(one->out->mode, XFRM_MODE_TRANSPORT);
    assert_int_equal(one->out->family, AF_INET6);
    assert_int_equal(one->out->flags, 0); /* the packet's own header has its own DF */
    assert_int_equal(one->out->sel.proto, IPPROTO_TCP);
    assert_int_equal(one->out->sel.sport, htons(80));
    assert_int_equal(one->out->sel.sport_mask, UINT16_MAX);
    assert_int_equal(one->out->sel.dport_mask, 0);
    assert_int_equal(one->in->sel.dport, htons(80));
    assert_int_equal(one->in->sel.prefixlen_d, 128);
    const struct xfrm_user_tmpl *template =
        fake_template(fake_policy(&one->kit.kernel, XFRM_POLICY_OUT, 1));
    assert_int_equal(template->mode, XFRM_MODE_TRANSPORT);
    assert_int_equal(template->family, AF_INET6);
    one_end(one);
}

static void replay_windows_and_esn(void **state)
{
    (void)state;
    struct xfrm_replay_state_esn replay;
    size_t length = 0;
    struct one *one = one_begin("aes256gcm16-esn");
    one->kit.child[0].replay_window = 1024;
    one_add(one);
    assert_int_equal(one->in->flags & XFRM_STATE_ESN, XFRM_STATE_ESN);
    assert_int_equal(one->out->flags & XFRM_STATE_ESN, XFRM_STATE_ESN);
    memcpy(&replay, attr_of(one, one->sa.spi_in, XFRMA_REPLAY_ESN_VAL, &length), sizeof replay);
    assert_int_equal(replay.replay_window, 1024);
    assert_int_equal(replay.bmp_len, 32);
    assert_int_equal(length, sizeof replay + 32 * 4);
    memcpy(&replay, attr_of(one, one->sa.spi_out, XFRMA_REPLAY_ESN_VAL, &length), sizeof replay);
    assert_true(replay.replay_window > 0); /* Linux refuses ESN without */
    one_end(one);

    one = one_begin("aes256gcm16");
    one_add(one);
    assert_int_equal(one->in->flags & XFRM_STATE_ESN, 0);
    memcpy(&replay, attr_of(one, one->sa.spi_in, XFRMA_REPLAY_ESN_VAL, &length), sizeof replay);
    assert_int_equal(replay.replay_window, 128);
    assert_null(attr_of(one, one->sa.spi_out, XFRMA_REPLAY_ESN_VAL, &length));
    one_end(one);

    one = one_begin("aes256gcm16");
    one->kit.child[0].replay_window = 4160;
    assert_int_equal(one->kit.sink->child_add(one->kit.sink->context, &one->sa),
                     IPSEC_ERR_ARGUMENT);
    one_end(one);
}

static void udp_encapsulation_names_the_ports_of_each_direction(void **state)
{
    (void)state;
    struct xfrm_encap_tmpl encap;
    size_t length = 0;
    struct one *one = one_begin("aes256gcm16");
    one->sa.udp_encapsulation = true;
    one->sa.remote.port = 1234;
    one_add(one);
    memcpy(&encap, attr_of(one, one->sa.spi_in, XFRMA_ENCAP, &length), sizeof encap);
    assert_int_equal(length, sizeof encap);
    assert_int_equal(encap.encap_type, 2); /* ESP in UDP, RFC 3948 */
    assert_int_equal(encap.encap_sport, htons(1234));
    assert_int_equal(encap.encap_dport, htons(4500));
    memcpy(&encap, attr_of(one, one->sa.spi_out, XFRMA_ENCAP, &length), sizeof encap);
    assert_int_equal(encap.encap_sport, htons(4500));
    assert_int_equal(encap.encap_dport, htons(1234));
    one_end(one);
}

static void limits_are_the_kernels_to_count(void **state)
{
    (void)state;
    struct one *one = one_begin("aes256gcm16");
    struct ipsec_lifetime *l = &one->kit.child[0].lifetime;
    *l = (struct ipsec_lifetime){
        .hard_ms = 7200000, .packets_soft = 800, .packets_hard = 1000, .bytes_hard = 1000000};
    one_add(one);
    assert_int_equal(one->out->lft.hard_packet_limit, 1000);
    assert_int_equal(one->out->lft.hard_byte_limit, 1000000);
    assert_in_range(one->out->lft.soft_packet_limit, 720, 800); /* jitter */
    assert_in_range(one->out->lft.soft_byte_limit, 810000, 900000);
    assert_int_equal(one->out->lft.soft_add_expires_seconds, 0); /* times are the engine's */
    assert_int_equal(one->out->lft.hard_add_expires_seconds, 7200 + 60);
    one_end(one);

    struct ipsec_key_limits key;
    one = one_begin("aes256gcm16");
    one_add(one);
    assert_int_equal(ipsec_key_limits(&one->sa.suite, &key), IPSEC_OK);
    assert_int_equal(one->out->lft.hard_packet_limit, key.packets_hard);
    assert_int_equal(one->out->lft.hard_byte_limit, key.bytes_hard);
    assert_true(one->out->lft.soft_packet_limit <= key.packets_soft);
    assert_true(one->out->lft.soft_packet_limit > key.packets_soft / 10 * 8);
    one_end(one);
}

static void rules_marks_and_interfaces(void **state)
{
    (void)state;
    size_t length = 0;
    struct xfrm_mark mark;
    struct one *one = malloc(sizeof *one);
    assert_non_null(one);
    xfrm_kit_init(&one->kit);
    one->kit.config.if_id = 7;
    one->kit.config.mark = 0x10;
    one->kit.config.mark_mask = 0xff;
    one->kit.child[0].headers = (struct ipsec_header_rules){
        .df = IPSEC_DF_COPY, .dscp = IPSEC_DSCP_FIXED, .ecn_compatible = true};
    one->kit.child[0].tfc = 1000;
    xfrm_kit_open(&one->kit);
    one->sa = xfrm_kit_sa(&one->kit, 1, "aes256gcm16");
    one_add(one);
    assert_int_equal(one->out->flags, XFRM_STATE_NOECN);
    assert_memory_equal(attr_of(one, one->sa.spi_out, XFRMA_IF_ID, &length), "\7\0\0\0", 4);
    memcpy(&mark, attr_of(one, one->sa.spi_in, XFRMA_MARK, &length), sizeof mark);
    assert_true(mark.v == 0x10 && mark.m == 0xff);
    assert_non_null(attr_of(one, one->sa.spi_out, XFRMA_SA_EXTRA_FLAGS, &length));
    assert_non_null(attr_of(one, one->sa.spi_out, XFRMA_TFCPAD, &length));
    assert_null(attr_of(one, one->sa.spi_in, XFRMA_TFCPAD, &length));
    const struct fake_entry *policy = fake_policy(&one->kit.kernel, XFRM_POLICY_OUT, 0);
    assert_non_null(fake_sa_attr(policy, XFRMA_IF_ID, &length));
    assert_non_null(fake_sa_attr(policy, XFRMA_MARK, &length));
    one_end(one);
}

static void rules_linux_has_not_are_refused(void **state)
{
    (void)state;
    static const uint8_t map[64];
    static const struct ipsec_header_rules bad[] = {
        {.df = IPSEC_DF_SET},
        {.dscp = IPSEC_DSCP_FIXED, .dscp_value = 46},
        {.dscp = IPSEC_DSCP_MAP, .dscp_map = map},
    };
    char why[IPSEC_XFRM_TEXT_MAX];
    for (size_t i = 0; i < XFRM_COUNT(bad); i++) {
        struct one *one = one_begin("aes256gcm16");
        one->kit.child[0].headers = bad[i];
        assert_int_equal(one->kit.sink->child_add(one->kit.sink->context, &one->sa),
                         IPSEC_ERR_ARGUMENT);
        assert_int_equal(ipsec_xfrm_check_child(&one->kit.child[0], why), IPSEC_ERR_ARGUMENT);
        assert_non_null(strstr(why, "the kernel copies"));
        one_end(one);
    }
}

/* ---- Keys ------------------------------------------------------------------------------------ */

static bool has_keys(const struct xfrm_message *m)
{
    for (size_t i = 0; i + 8 < sizeof m->u.octets; i++) {
        if (memcmp(m->u.octets + i, "\xa2\xa2\xa2\xa2\xa2\xa2\xa2\xa2", 8) == 0) {
            return true;
        }
    }
    return false;
}

static void a_message_is_wiped_when_it_was_sent(void **state)
{
    (void)state;
    struct one *one = one_begin("aes256gcm16");
    struct xfrm_message m;
    const struct xfrm_sa wanted = {.child = &one->sa, .outbound = true, .reqid = 2};
    memset(&m, 0, sizeof m);
    ipseci_xfrm_put_new_sa(one->kit.xfrm, &wanted, &m);
    assert_true(has_keys(&m));
    assert_int_equal(ipseci_xfrm_do(one->kit.xfrm, &m, "test"), IPSEC_OK);
    assert_false(has_keys(&m));
    ipseci_xfrm_put_new_sa(one->kit.xfrm, &wanted, &m);
    assert_int_equal(ipseci_xfrm_do(one->kit.xfrm, &m, "test"), IPSEC_ERR_STATE); /* EEXIST */
    assert_false(has_keys(&m));
    ipseci_xfrm_delete_sa(one->kit.xfrm, one->sa.spi_out, &one->sa.remote.addr);
    one_end(one);
}

static void a_key_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct one *one = one_begin("aes256-sha512");
    const unsigned before = one->kit.kernel.requests;
    one->sa.encr_key_in.length = IPSEC_INTEG_KEY_BYTES_MAX + 1;
    assert_int_equal(one->kit.sink->child_add(one->kit.sink->context, &one->sa),
                     IPSEC_ERR_ARGUMENT);
    assert_int_equal(one->kit.kernel.requests, before);
    one_end(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_has_its_name_and_keys),
        cmocka_unit_test(suites_linux_has_not_are_refused_before_anything_is_asked),
        cmocka_unit_test(addresses_mode_and_selectors_of_both_directions),
        cmocka_unit_test(several_selectors_are_the_policies_affair),
        cmocka_unit_test(transport_mode_and_ipv6),
        cmocka_unit_test(replay_windows_and_esn),
        cmocka_unit_test(udp_encapsulation_names_the_ports_of_each_direction),
        cmocka_unit_test(limits_are_the_kernels_to_count),
        cmocka_unit_test(rules_marks_and_interfaces),
        cmocka_unit_test(rules_linux_has_not_are_refused),
        cmocka_unit_test(a_message_is_wiped_when_it_was_sent),
        cmocka_unit_test(a_key_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
