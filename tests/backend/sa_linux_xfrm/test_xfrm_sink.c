/* SPDX-License-Identifier: Apache-2.0
 *
 * What is in the kernel after each step: policies before SAs, make before break, moves, what is
 * refused, and that a step that fails leaves nothing behind, whichever request it was.
 */
#include "xfrm_kit.h"

#include <errno.h>
#include <stdio.h>

static enum ipsec_status add(struct xfrm_kit *kit, ipsec_handle child, bool ready)
{
    struct ipsec_child_sa sa = xfrm_kit_sa(kit, child, "aes256gcm16");
    sa.outbound_ready = ready;
    return kit->sink->child_add(kit->sink->context, &sa);
}

static enum ipsec_status update(struct xfrm_kit *kit, ipsec_handle child,
                                enum ipsec_child_update_kind kind)
{
    const struct ipsec_child_update u = {.child = child, .kind = kind};
    return kit->sink->child_update(kit->sink->context, &u);
}

static const struct xfrm_user_tmpl *sending(const struct xfrm_kit *kit)
{
    return fake_template(fake_policy(&kit->kernel, XFRM_POLICY_OUT, 0));
}

static uint32_t sending_spi(const struct xfrm_kit *kit)
{
    return ntohl(sending(kit)->id.spi);
}

/* ---- Policies -------------------------------------------------------------------------------- */

static void policies_are_there_before_any_sa(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    static const int dirs[] = {XFRM_POLICY_OUT, XFRM_POLICY_IN, XFRM_POLICY_FWD};
    assert_int_equal(fake_count(&kit->kernel, true), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct fake_entry *policy = fake_policy(&kit->kernel, dirs[i], 0);
        assert_non_null(policy);
        assert_int_equal(fake_policy_info(policy)->action, XFRM_POLICY_ALLOW);
        assert_non_null(fake_template(policy)); /* by ESP only */
        assert_int_equal(fake_template(policy)->optional, 0);
        assert_int_equal(fake_template(policy)->id.proto, IPPROTO_ESP);
    }
    assert_int_equal(sending_spi(kit), 0);
    assert_memory_equal(&sending(kit)->id.daddr, kit->peer.remote.addr.bytes, 4);
    /* Inward only the reqid counts, so that a peer may move. */
    const struct xfrm_user_tmpl *in = fake_template(fake_policy(&kit->kernel, XFRM_POLICY_IN, 0));
    assert_int_equal(in->saddr.a4, 0);
    assert_true(in->reqid != 0);
    assert_int_equal(ipsec_xfrm_add_peer(kit->xfrm, &kit->peer), IPSEC_ERR_STATE);
    assert_int_equal(ipsec_xfrm_remove_peer(kit->xfrm, &kit->peer), IPSEC_OK);
    assert_int_equal(fake_count(&kit->kernel, true), 0);
    assert_int_equal(ipsec_xfrm_remove_peer(kit->xfrm, &kit->peer), IPSEC_ERR_NOT_FOUND);
    xfrm_kit_end(kit);
}

static void without_an_address_to_call_packets_stay_here(void **state)
{
    (void)state;
    struct xfrm_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    xfrm_kit_init(kit);
    kit->peer.remote.addr.family = IPSEC_FAMILY_NONE;
    xfrm_kit_open(kit);
    const struct fake_entry *out = fake_policy(&kit->kernel, XFRM_POLICY_OUT, 0);
    assert_int_equal(fake_policy_info(out)->action, XFRM_POLICY_BLOCK);
    struct ipsec_child_sa sa = xfrm_kit_sa(kit, 1, "aes256gcm16");
    assert_int_equal(ipsec_addr_parse("198.51.100.9", &sa.remote.addr), IPSEC_OK);
    assert_int_equal(kit->sink->child_add(kit->sink->context, &sa), IPSEC_OK);
    out = fake_policy(&kit->kernel, XFRM_POLICY_OUT, 0);
    assert_int_equal(fake_policy_info(out)->action, XFRM_POLICY_ALLOW);
    assert_memory_equal(&sending(kit)->id.daddr, sa.remote.addr.bytes, 4);
    kit->sink->child_remove(kit->sink->context, 1);
    out = fake_policy(&kit->kernel, XFRM_POLICY_OUT, 0);
    assert_int_equal(fake_policy_info(out)->action, XFRM_POLICY_BLOCK);
    xfrm_kit_end(kit);
}

static void a_policy_of_somebody_else_is_not_taken_over(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    struct ipsec_xfrm *second = NULL;
    char why[IPSEC_XFRM_TEXT_MAX];
    assert_int_equal(ipsec_xfrm_open(&kit->config, &second, why), IPSEC_OK);
    assert_int_equal(ipsec_xfrm_add_peer(second, &kit->peer), IPSEC_ERR_STATE);
    assert_non_null(strstr(ipsec_xfrm_why(second), "there already"));
    ipsec_xfrm_close(second);
    assert_int_equal(fake_count(&kit->kernel, true), 3); /* the first one's */
    xfrm_kit_end(kit);
}

static void peers_with_the_same_networks_take_turns(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    struct ipsec_peer other = kit->peer;
    struct ipsec_child_config child = kit->child[0];
    other.children = &child;
    assert_int_equal(ipsec_addr_parse("192.0.2.9", &other.remote.addr), IPSEC_OK);
    assert_int_equal(ipsec_xfrm_add_peer(kit->xfrm, &other), IPSEC_OK);
    assert_int_equal(fake_count(&kit->kernel, true), 3); /* the kernel has them once */
    assert_memory_equal(&sending(kit)->id.daddr, kit->peer.remote.addr.bytes, 4); /* the first */
    struct ipsec_child_sa sa = xfrm_kit_sa(kit, 5, "aes256gcm16");
    sa.peer = &other;
    sa.config = &child;
    sa.remote.addr = other.remote.addr;
    assert_int_equal(kit->sink->child_add(kit->sink->context, &sa), IPSEC_OK);
    assert_int_equal(sending_spi(kit), sa.spi_out); /* who is up */
    kit->sink->child_remove(kit->sink->context, 5);
    assert_memory_equal(&sending(kit)->id.daddr, kit->peer.remote.addr.bytes, 4);
    assert_int_equal(ipsec_xfrm_remove_peer(kit->xfrm, &kit->peer), IPSEC_OK);
    assert_memory_equal(&sending(kit)->id.daddr, other.remote.addr.bytes, 4);
    xfrm_kit_end(kit);
}

/* ---- Selectors ------------------------------------------------------------------------------- */

static enum ipsec_status try_selectors(const char *local, const char *remote, unsigned *policies)
{
    struct xfrm_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    xfrm_kit_init(kit);
    kit->child[0].local_ts = xfrm_kit_selectors(local);
    kit->child[0].remote_ts = xfrm_kit_selectors(remote);
    char why[IPSEC_XFRM_TEXT_MAX];
    assert_int_equal(ipsec_xfrm_open(&kit->config, &kit->xfrm, NULL), IPSEC_OK);
    const enum ipsec_status status = ipsec_xfrm_add_peer(kit->xfrm, &kit->peer);
    assert_int_equal(ipsec_xfrm_check_child(&kit->child[0], why), status);
    assert_int_equal(why[0] == '\0', status == IPSEC_OK);
    *policies = fake_count(&kit->kernel, true);
    assert_int_equal(*policies % 3, 0);
    *policies /= 3;
    xfrm_kit_close(kit);
    free(kit);
    return status;
}

static void ranges_become_prefixes_or_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *local;
        const char *remote;
        enum ipsec_status status;
        unsigned policies;
    } cases[] = {
        {"0.0.0.0/0", "0.0.0.0/0", IPSEC_OK, 1},
        {"10.0.0.1", "10.0.0.2", IPSEC_OK, 1},
        {"10.0.0.0-10.0.0.2", "10.2.0.0/16", IPSEC_OK, 2},
        {"10.0.0.1-10.0.0.6", "10.2.0.0/16", IPSEC_OK, 4}, /* 1, 2-3, 4-5, 6 */
        {"10.0.0.0/24 10.0.0.0/24", "10.2.0.0/16", IPSEC_OK, 1},
        {"10.0.0.1-10.255.255.254", "10.2.0.0/16", IPSEC_OK, 46},
        {"0.0.0.1-255.255.255.254", "10.2.0.0/16", IPSEC_OK, 62},
        {"0.0.0.1-255.255.255.254", "10.0.0.0-10.0.0.2", IPSEC_ERR_FULL, 0},
        {"fd00::-fd00::2", "fd01::/64", IPSEC_OK, 2},
        {"fd00::1-fd01::1", "fd01::/64", IPSEC_ERR_FULL, 0},
        {"::/0", "::/0", IPSEC_OK, 1},
        {"10.0.0.0/24 fd00::/64", "10.2.0.0/16 fd01::/64", IPSEC_OK, 2}, /* no mixed pairs */
        {"10.0.0.0/24", "fd01::/64", IPSEC_ERR_ARGUMENT, 0},
        {"10.0.0.0/24[tcp]", "10.2.0.0/16", IPSEC_OK, 1},
        {"10.0.0.0/24[tcp]", "10.2.0.0/16[udp]", IPSEC_ERR_ARGUMENT, 0},
        {"10.0.0.0/24[tcp/80-83]", "10.2.0.0/16", IPSEC_OK, 1},
        {"10.0.0.0/24[tcp/1024-65535]", "10.2.0.0/16", IPSEC_OK, 6},
        {"10.0.0.0/24[tcp/1-65534]", "10.2.0.0/16[tcp/0-2]", IPSEC_OK, 60},
        {"10.0.0.0/24[tcp/1-65534]", "10.2.0.0/16[tcp/1-6]", IPSEC_ERR_FULL, 0},
        {"10.0.0.0/24[tcp/opaque]", "10.2.0.0/16[tcp]", IPSEC_ERR_ARGUMENT, 0},
        {"10.0.0.0/24[icmp/2048]", "10.2.0.0/16[icmp/2048]", IPSEC_OK, 1}, /* echo request */
        {"10.0.0.0/24[icmp/2048-2303]", "10.2.0.0/16[icmp]", IPSEC_OK, 1}, /* type 8, any code */
        {"10.0.0.0/24[icmp/768-1279]", "10.2.0.0/16[icmp]", IPSEC_OK, 2},  /* types 3 and 4 */
        {"10.0.0.0/24[icmp/2049-2400]", "10.2.0.0/16[icmp]", IPSEC_ERR_ARGUMENT, 0},
        {"10.0.0.0/24[icmp/0]", "10.2.0.0/16[icmp/2048]", IPSEC_ERR_ARGUMENT, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned policies = 0;
        assert_int_equal(try_selectors(cases[i].local, cases[i].remote, &policies),
                         cases[i].status);
        assert_int_equal(policies, cases[i].policies);
    }
}

/* Every address of a range is in exactly one of its prefixes, and none beside. */
static void prefixes_cover_their_range_exactly(void **state)
{
    (void)state;
    char text[64];
    for (unsigned first = 0; first < 40; first++) {
        for (unsigned last = first; last < 48; last++) {
            struct xfrm_kit *kit = malloc(sizeof *kit);
            assert_non_null(kit);
            xfrm_kit_init(kit);
            (void)snprintf(text, sizeof text, "10.1.0.%u-10.1.0.%u", first, last);
            kit->child[0].local_ts = xfrm_kit_selectors(text);
            xfrm_kit_open(kit);
            for (unsigned host = 0; host < 64; host++) {
                unsigned n = 0;
                const struct fake_entry *policy;
                for (unsigned i = 0;
                     (policy = fake_policy(&kit->kernel, XFRM_POLICY_OUT, i)) != NULL; i++) {
                    const struct xfrm_selector *sel = &fake_policy_info(policy)->sel;
                    const uint32_t mask = UINT32_MAX << (32 - sel->prefixlen_s);
                    n += ((0x0a010000u | host) & mask) == ntohl(sel->saddr.a4);
                }
                assert_int_equal(n, host >= first && host <= last);
            }
            xfrm_kit_close(kit);
            free(kit);
        }
    }
}

static void icmp_types_do_not_change_places_inward(void **state)
{
    (void)state;
    struct xfrm_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    xfrm_kit_init(kit);
    kit->child[0].local_ts = xfrm_kit_selectors("10.1.0.0/16[icmp/2049]");
    kit->child[0].remote_ts = xfrm_kit_selectors("10.2.0.0/16[icmp]");
    xfrm_kit_open(kit);
    for (int dir = 0; dir < XFRM_POLICY_MAX; dir++) {
        const struct xfrm_selector *sel = &fake_policy_info(fake_policy(&kit->kernel, dir, 0))->sel;
        assert_int_equal(sel->sport, htons(8));
        assert_int_equal(sel->dport, htons(1));
        assert_int_equal(sel->proto, IPPROTO_ICMP);
    }
    xfrm_kit_end(kit);
}

/* ---- Make before break ----------------------------------------------------------------------- */

static void a_rekey_changes_the_sender_only_when_told(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    assert_int_equal(add(kit, 1, true), IPSEC_OK);
    assert_int_equal(sending_spi(kit), 0x2001);
    assert_int_equal(add(kit, 2, false), IPSEC_OK);
    assert_int_equal(sending_spi(kit), 0x2001);
    assert_int_equal(fake_count(&kit->kernel, false), 4); /* both are open inward */
    assert_int_equal(fake_sa_info(fake_sa(&kit->kernel, 0x1001))->reqid,
                     fake_sa_info(fake_sa(&kit->kernel, 0x1002))->reqid);
    assert_int_equal(update(kit, 2, IPSEC_CHILD_UPDATE_USE), IPSEC_OK);
    assert_int_equal(sending_spi(kit), 0x2002);
    kit->sink->child_remove(kit->sink->context, 1);
    assert_int_equal(sending_spi(kit), 0x2002);
    assert_int_equal(fake_count(&kit->kernel, false), 2);
    assert_int_equal(update(kit, 2, IPSEC_CHILD_UPDATE_STOP), IPSEC_OK);
    assert_int_equal(sending_spi(kit), 0); /* waits, although an SA is there */
    assert_true(sending(kit)->reqid != fake_sa_info(fake_sa(&kit->kernel, 0x2002))->reqid);
    assert_int_equal(update(kit, 1, IPSEC_CHILD_UPDATE_USE), IPSEC_ERR_STALE);
    kit->sink->child_remove(kit->sink->context, 2);
    kit->sink->child_remove(kit->sink->context, 2); /* no harm */
    assert_int_equal(fake_count(&kit->kernel, true), 3);
    xfrm_kit_end(kit);
}

static void the_policy_goes_elsewhere_before_its_sa_is_gone(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    assert_int_equal(add(kit, 1, true), IPSEC_OK);
    unsigned at = kit->kernel.requests;
    kit->sink->child_remove(kit->sink->context, 1);
    assert_true(kit->kernel.requests >= at + 3);
    while (at + 2 < kit->kernel.requests) {
        assert_int_equal(kit->kernel.types[at++], XFRM_MSG_UPDPOLICY);
    }
    assert_int_equal(kit->kernel.types[at], XFRM_MSG_DELSA);
    assert_int_equal(kit->kernel.types[at + 1], XFRM_MSG_DELSA);
    xfrm_kit_end(kit);
}

static void counters_come_from_both_sas(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    struct ipsec_child_stats stats;
    assert_int_equal(add(kit, 1, true), IPSEC_OK);
    fake_sa(&kit->kernel, 0x1001)->packets = 3;
    fake_sa(&kit->kernel, 0x1001)->bytes = 300;
    fake_sa(&kit->kernel, 0x2001)->packets = 5;
    fake_sa(&kit->kernel, 0x2001)->bytes = 600;
    assert_int_equal(kit->sink->child_stats(kit->sink->context, 1, &stats), IPSEC_OK);
    assert_true(stats.packets_in == 3 && stats.bytes_in == 300);
    assert_true(stats.packets_out == 5 && stats.bytes_out == 600);
    fake_sa(&kit->kernel, 0x2001)->used = false; /* it has come to its end */
    assert_int_equal(kit->sink->child_stats(kit->sink->context, 1, &stats), IPSEC_ERR_STALE);
    assert_int_equal(kit->sink->child_stats(kit->sink->context, 9, &stats), IPSEC_ERR_STALE);
    xfrm_kit_end(kit);
}

/* ---- Moving ---------------------------------------------------------------------------------- */

static struct ipsec_child_update move_to(const char *local, const char *remote, uint16_t port)
{
    struct ipsec_child_update u = {.child = 1, .kind = IPSEC_CHILD_UPDATE_MOVE};
    assert_int_equal(ipsec_addr_parse(local, &u.local.addr), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse(remote, &u.remote.addr), IPSEC_OK);
    u.local.port = 4500;
    u.remote.port = port;
    u.udp_encapsulation = port != 0;
    return u;
}

static void expect_moved(struct xfrm_kit *kit, const struct ipsec_child_update *u, uint32_t packets)
{
    size_t length = 0;
    const struct fake_entry *in = fake_sa(&kit->kernel, 0x1001);
    const struct fake_entry *out = fake_sa(&kit->kernel, 0x2001);
    assert_int_equal(fake_count(&kit->kernel, false), 2);
    assert_memory_equal(&fake_sa_info(in)->id.daddr, u->local.addr.bytes, 16);
    assert_memory_equal(&fake_sa_info(in)->saddr, u->remote.addr.bytes, 16);
    assert_memory_equal(&fake_sa_info(out)->id.daddr, u->remote.addr.bytes, 16);
    assert_memory_equal(&fake_sa_info(out)->saddr, u->local.addr.bytes, 16);
    assert_int_equal(fake_sa_attr(in, XFRMA_ENCAP, &length) != NULL, u->udp_encapsulation);
    const uint8_t *key = fake_sa_attr(out, XFRMA_ALG_AEAD, &length);
    assert_memory_equal(key + sizeof(struct xfrm_algo_aead), kit->keys[2], 36);
    /* RFC 4303 3.3.3: no number twice. */
    struct xfrm_replay_state replay;
    memcpy(&replay, fake_sa_attr(out, XFRMA_REPLAY_VAL, &length), sizeof replay);
    assert_true(replay.oseq > packets);
    struct xfrm_lifetime_cur used;
    memcpy(&used, fake_sa_attr(out, XFRMA_LTIME_VAL, &length), sizeof used);
    assert_int_equal(used.packets, packets); /* limits go on counting */
    assert_int_equal(used.add_time, 1000);
    assert_memory_equal(&sending(kit)->id.daddr, u->remote.addr.bytes, 16);
    assert_memory_equal(&sending(kit)->saddr, u->local.addr.bytes, 16);
}

static void a_move_keeps_keys_state_and_counters(void **state)
{
    (void)state;
    static const struct {
        const char *local;
        const char *remote;
        uint16_t port;
    } moves[] = {
        {"192.0.2.7", "192.0.2.2", 0},     /* ours */
        {"192.0.2.1", "198.51.100.3", 0},  /* the peer's */
        {"192.0.2.1", "192.0.2.2", 4500},  /* into UDP */
        {"192.0.2.1", "192.0.2.2", 61000}, /* another port alone */
        {"2001:db8::1", "2001:db8::2", 0}, /* another family */
    };
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        struct xfrm_kit *kit = xfrm_kit_begin();
        struct ipsec_child_stats stats;
        assert_int_equal(add(kit, 1, true), IPSEC_OK);
        fake_sa(&kit->kernel, 0x2001)->packets = 1234;
        const struct ipsec_child_update u = move_to(moves[i].local, moves[i].remote, moves[i].port);
        assert_int_equal(kit->sink->child_update(kit->sink->context, &u), IPSEC_OK);
        expect_moved(kit, &u, 1234);
        assert_int_equal(kit->sink->child_stats(kit->sink->context, 1, &stats), IPSEC_OK);
        kit->sink->child_remove(kit->sink->context, 1);
        assert_int_equal(fake_count(&kit->kernel, false), 0); /* deleted where they are now */
        xfrm_kit_end(kit);
    }
}

static void esn_numbers_carry_into_the_high_half(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    struct xfrm_replay_state_esn replay;
    size_t length = 0;
    const struct ipsec_child_sa sa = xfrm_kit_sa(kit, 1, "aes256gcm16-esn");
    assert_int_equal(kit->sink->child_add(kit->sink->context, &sa), IPSEC_OK);
    struct fake_entry *out = fake_sa(&kit->kernel, 0x2001);
    uint8_t *octets =
        out->request.octets +
        ((const uint8_t *)fake_sa_attr(out, XFRMA_REPLAY_ESN_VAL, &length) - out->request.octets);
    memcpy(&replay, octets, sizeof replay);
    replay.oseq = UINT32_MAX - 5;
    replay.oseq_hi = 3;
    memcpy(octets, &replay, sizeof replay);
    const struct ipsec_child_update u = move_to("192.0.2.1", "192.0.2.2", 4500);
    assert_int_equal(kit->sink->child_update(kit->sink->context, &u), IPSEC_OK);
    out = fake_sa(&kit->kernel, 0x2001);
    memcpy(&replay, fake_sa_attr(out, XFRMA_REPLAY_ESN_VAL, &length), sizeof replay);
    assert_int_equal(replay.oseq_hi, 4);
    assert_int_equal(replay.oseq, 65536 - 6);
    xfrm_kit_end(kit);
}

static void a_move_without_numbers_left_is_refused(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    assert_int_equal(add(kit, 1, true), IPSEC_OK);
    fake_sa(&kit->kernel, 0x2001)->packets = UINT32_MAX - 100;
    const struct ipsec_child_update u = move_to("192.0.2.1", "192.0.2.3", 0);
    assert_int_equal(kit->sink->child_update(kit->sink->context, &u), IPSEC_ERR_STATE);
    assert_non_null(strstr(ipsec_xfrm_why(kit->xfrm), "nearly used up"));
    xfrm_kit_end(kit);
}

static void a_kernel_that_hides_keys_can_not_move(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    memset(kit->keys, 0, sizeof kit->keys);
    assert_int_equal(add(kit, 1, true), IPSEC_OK);
    const struct ipsec_child_update u = move_to("192.0.2.1", "192.0.2.3", 0);
    assert_int_equal(kit->sink->child_update(kit->sink->context, &u), IPSEC_ERR_FORBIDDEN);
    assert_non_null(strstr(ipsec_xfrm_why(kit->xfrm), "locked down"));
    assert_int_equal(fake_count(&kit->kernel, false), 2);
    xfrm_kit_end(kit);
}

/* ---- Failures -------------------------------------------------------------------------------- */

/* Each request of adding a child fails in turn; nothing of it is left, and what was there stays. */
static void a_failure_leaves_nothing_behind(void **state)
{
    (void)state;
    for (int narrowed = 0; narrowed < 2; narrowed++) {
        for (unsigned fail = 1;; fail++) {
            struct xfrm_kit *kit = xfrm_kit_begin();
            assert_int_equal(add(kit, 1, true), IPSEC_OK);
            struct ipsec_child_sa sa = xfrm_kit_sa(kit, 2, "aes256gcm16");
            if (narrowed) {
                sa.local_ts = xfrm_kit_selectors("10.1.2.0-10.1.2.2");
            }
            const unsigned before = kit->kernel.requests;
            kit->kernel.fail_at = before + fail;
            kit->kernel.fail_with = ENOMEM;
            const enum ipsec_status status = kit->sink->child_add(kit->sink->context, &sa);
            const bool done = kit->kernel.requests < kit->kernel.fail_at;
            assert_int_equal(status, done ? IPSEC_OK : IPSEC_ERR_MEMORY);
            kit->kernel.fail_at = 0;
            if (!done) {
                assert_int_equal(fake_count(&kit->kernel, false), 2);
                assert_int_equal(fake_count(&kit->kernel, true), 3);
                assert_int_equal(sending_spi(kit), 0x2001);
                assert_non_null(strstr(ipsec_xfrm_why(kit->xfrm), "no memory"));
                assert_int_equal(add(kit, 2, true), IPSEC_OK); /* there is room for another try */
            }
            xfrm_kit_end(kit);
            if (done) {
                assert_int_equal(fail, narrowed ? 2 + 2 * 3 + 1 : 2 + 3 + 1);
                break;
            }
        }
    }
}

static void adding_a_peer_is_all_or_nothing(void **state)
{
    (void)state;
    for (unsigned fail = 1; fail <= 6; fail++) {
        struct xfrm_kit *kit = malloc(sizeof *kit);
        assert_non_null(kit);
        xfrm_kit_init(kit);
        kit->child[1].local_ts = xfrm_kit_selectors("10.9.0.0/16");
        kit->child[1].remote_ts = xfrm_kit_selectors("10.8.0.0/16");
        kit->peer.child_count = 2;
        assert_int_equal(ipsec_xfrm_open(&kit->config, &kit->xfrm, NULL), IPSEC_OK);
        kit->kernel.fail_at = kit->kernel.requests + fail;
        kit->kernel.fail_with = EINVAL;
        assert_int_equal(ipsec_xfrm_add_peer(kit->xfrm, &kit->peer), IPSEC_ERR_ARGUMENT);
        assert_int_equal(fake_count(&kit->kernel, true), 0);
        kit->kernel.fail_at = 0;
        assert_int_equal(ipsec_xfrm_add_peer(kit->xfrm, &kit->peer), IPSEC_OK);
        assert_int_equal(fake_count(&kit->kernel, true), 6);
        xfrm_kit_end(kit);
    }
}

static void reasons_are_in_plain_words(void **state)
{
    (void)state;
    static const struct {
        int error;
        enum ipsec_status status;
        const char *text;
    } cases[] = {
        {EPERM, IPSEC_ERR_FORBIDDEN, "CAP_NET_ADMIN"},
        {EPROTONOSUPPORT, IPSEC_ERR_NOT_BUILT_IN, "the kernel has no ESP"},
        {ENOPROTOOPT, IPSEC_ERR_NOT_BUILT_IN, "the kernel has no ESP"},
        {ENOSYS, IPSEC_ERR_NOT_BUILT_IN, "lacks this algorithm"},
        {EINVAL, IPSEC_ERR_ARGUMENT, "does not take these parameters"},
        {ENOBUFS, IPSEC_ERR_MEMORY, "no memory"},
        {EIO, IPSEC_ERR_IO, "Input/output error"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct xfrm_kit *kit = malloc(sizeof *kit);
        char why[IPSEC_XFRM_TEXT_MAX];
        assert_non_null(kit);
        xfrm_kit_init(kit);
        kit->kernel.fail_at = 1;
        kit->kernel.fail_with = cases[i].error;
        kit->kernel.words = "in its own words";
        assert_int_equal(ipsec_xfrm_open(&kit->config, &kit->xfrm, why), cases[i].status);
        assert_non_null(strstr(why, cases[i].text));
        assert_non_null(strstr(why, "the kernel says: in its own words"));
        free(kit);
    }
}

static void a_socket_that_fails_is_reported(void **state)
{
    (void)state;
    struct xfrm_kit *kit = xfrm_kit_begin();
    kit->kernel.broken = IPSEC_ERR_IO;
    assert_int_equal(add(kit, 1, true), IPSEC_ERR_IO);
    assert_non_null(strstr(ipsec_xfrm_why(kit->xfrm), "netlink socket failed"));
    kit->kernel.broken = IPSEC_OK;
    assert_int_equal(add(kit, 1, true), IPSEC_OK);
    xfrm_kit_end(kit);
}

static void tables_have_an_end(void **state)
{
    (void)state;
    struct xfrm_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    xfrm_kit_init(kit);
    kit->config.child_max = 2;
    kit->config.policy_max = 2;
    xfrm_kit_open(kit);
    assert_int_equal(add(kit, 1, true), IPSEC_OK);
    struct ipsec_child_sa sa = xfrm_kit_sa(kit, 2, "aes256gcm16");
    sa.local_ts = xfrm_kit_selectors("10.1.2.0-10.1.2.2"); /* two, and one is left */
    assert_int_equal(kit->sink->child_add(kit->sink->context, &sa), IPSEC_ERR_FULL);
    assert_int_equal(add(kit, 2, true), IPSEC_OK);
    assert_int_equal(add(kit, 3, true), IPSEC_ERR_FULL);
    assert_int_equal(fake_count(&kit->kernel, false), 4);
    struct ipsec_peer stranger = kit->peer;
    sa = xfrm_kit_sa(kit, 4, "aes256gcm16");
    sa.peer = &stranger;
    kit->sink->child_remove(kit->sink->context, 2);
    assert_int_equal(kit->sink->child_add(kit->sink->context, &sa), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ipsec_xfrm_remove_peer(kit->xfrm, &kit->peer), IPSEC_ERR_STATE);
    xfrm_kit_end(kit);
}

static void bad_configurations_are_refused(void **state)
{
    (void)state;
    struct xfrm_kit *kit = malloc(sizeof *kit);
    struct ipsec_xfrm *xfrm = NULL;
    assert_non_null(kit);
    xfrm_kit_init(kit);
    kit->config.size = 0;
    assert_int_equal(ipsec_xfrm_open(&kit->config, &xfrm, NULL), IPSEC_ERR_STRUCT_SIZE);
    kit->config.size = (uint32_t)sizeof kit->config;
    kit->config.child_max = UINT32_MAX;
    assert_int_equal(ipsec_xfrm_open(&kit->config, &xfrm, NULL), IPSEC_ERR_ARGUMENT);
    kit->config.child_max = 0;
    kit->kernel.link.request = NULL;
    assert_int_equal(ipsec_xfrm_open(&kit->config, &xfrm, NULL), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_xfrm_open(&kit->config, NULL, NULL), IPSEC_ERR_ARGUMENT);
    assert_null(xfrm);
    ipsec_xfrm_close(NULL);
    free(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_are_there_before_any_sa),
        cmocka_unit_test(without_an_address_to_call_packets_stay_here),
        cmocka_unit_test(a_policy_of_somebody_else_is_not_taken_over),
        cmocka_unit_test(peers_with_the_same_networks_take_turns),
        cmocka_unit_test(ranges_become_prefixes_or_are_refused),
        cmocka_unit_test(prefixes_cover_their_range_exactly),
        cmocka_unit_test(icmp_types_do_not_change_places_inward),
        cmocka_unit_test(a_rekey_changes_the_sender_only_when_told),
        cmocka_unit_test(the_policy_goes_elsewhere_before_its_sa_is_gone),
        cmocka_unit_test(counters_come_from_both_sas),
        cmocka_unit_test(a_move_keeps_keys_state_and_counters),
        cmocka_unit_test(esn_numbers_carry_into_the_high_half),
        cmocka_unit_test(a_move_without_numbers_left_is_refused),
        cmocka_unit_test(a_kernel_that_hides_keys_can_not_move),
        cmocka_unit_test(a_failure_leaves_nothing_behind),
        cmocka_unit_test(adding_a_peer_is_all_or_nothing),
        cmocka_unit_test(reasons_are_in_plain_words),
        cmocka_unit_test(a_socket_that_fails_is_reported),
        cmocka_unit_test(tables_have_an_end),
        cmocka_unit_test(bad_configurations_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
