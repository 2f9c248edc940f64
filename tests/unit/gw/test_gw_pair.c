/* SPDX-License-Identifier: Apache-2.0
 *
 * The reference scenario, whole: two sites, IKEv2 with PSK, ESP tunnel mode, AES-256-CBC with
 * HMAC-SHA2-256-128, group 14; traffic goes on through every rekey. RFC 7296 1.2, 1.3, 2.8.
 */
#include "allocations.h"
#include "pair_kit.h"

#define IKE     "aes256-sha256-modp2048"
#define ESP     "aes256-sha256"
#define ESP_PFS "aes256-sha256-modp2048"

static struct pair *start(const char *ike, const char *esp)
{
    struct pair *p = malloc(sizeof *p);
    assert_non_null(p);
    pair_init(p, ike, esp);
    pair_start(p);
    return p;
}

static void stop(struct pair *p)
{
    pair_stop(p);
    free(p);
}

static void two_sites_ping_each_other(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    struct ipsec_child_info info;
    struct ipsec_child_stats stats;
    pair_establish(p);
    pair_traffic(p, 50);
    pair_expect_no_loss(p);
    assert_int_equal(p->a.child_suite.encr, IPSEC_ENCR_AES_CBC);
    assert_int_equal(p->a.child_suite.encr_key_bits, 256);
    assert_int_equal(p->a.child_suite.integ, IPSEC_INTEG_HMAC_SHA2_256_128);
    assert_int_equal(ipsec_ike_child_info(ipsec_gw_ike(p->a.gw), p->a.child_sa, &info), IPSEC_OK);
    assert_int_equal(ipsec_gw_child_stats(p->a.gw, p->a.child_sa, &stats), IPSEC_OK);
    assert_int_equal(stats.packets_out, 50);
    assert_int_equal(stats.packets_in, 50);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->a.gw)), 2);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->b.gw)), 2);
    stop(p);
}

static void spd_04_the_first_packet_brings_the_tunnel_up(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    p->a.acquire_initiates = true;
    pair_ping(&p->a);
    pair_settle(p);
    assert_int_equal(p->a.events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    assert_int_equal(pair_dropped(&p->a, IPSEC_DROP_NO_SA), 1);
    assert_int_equal(p->b.arrived, 0);
    pair_ping(&p->a);
    pair_ping(&p->b);
    pair_settle(p);
    assert_int_equal(p->b.arrived, 1);
    assert_int_equal(p->a.arrived, 1);
    stop(p);
}

static void every_suite_carries_traffic(void **state)
{
    (void)state;
    static const char *const suites[][2] = {
        {"aes128-sha256-ecp256", "aes128-sha256"},
        {"aes256-sha384-ecp384", "aes256-sha384"},
        {"aes256-sha512-modp2048s256", "aes256-sha512-esn"},
        {"aes256gcm16-prfsha256-ecp256", "aes256gcm16-esn"},
        {"aes128gcm16-prfsha512-curve25519", "aes128gcm16"},
        {"chacha20poly1305-prfsha256-curve25519", "chacha20poly1305-esn"},
    };
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        struct pair *p = start(suites[i][0], suites[i][1]);
        pair_establish(p);
        pair_traffic(p, 20);
        pair_expect_no_loss(p);
        stop(p);
    }
}

/* ---- Rekeys under traffic -------------------------------------------------------------------- */

static void rekey_child(struct pair *p, struct pair_end *by, uint32_t flags)
{
    const unsigned before = by->events[IPSEC_EVENT_CHILD_REKEYED];
    const ipsec_handle old = by->child_sa;
    pair_traffic(p, 3);
    assert_int_equal(
        ipsec_ike_rekey_child(ipsec_gw_ike(by->gw), old, flags, ipsec_memory_now(p->memory)),
        IPSEC_OK);
    pair_traffic(p, 20);
    pair_settle(p);
    assert_int_equal(by->events[IPSEC_EVENT_CHILD_REKEYED], before + 1);
    assert_true(by->child_sa != old);
    pair_traffic(p, 3);
    pair_expect_no_loss(p);
}

static void rekey_04_child_rekeys_of_either_side_lose_nothing(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    pair_establish(p);
    for (unsigned i = 0; i < 3; i++) {
        rekey_child(p, &p->a, 0);
        rekey_child(p, &p->b, 0);
    }
    assert_int_equal(p->a.child_suite.ke, IPSEC_KE_NONE);
    /* What is left of the old ones goes in time, and only one pair stays. */
    pair_pass(p, 60000);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->a.gw)), 2);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->b.gw)), 2);
    pair_traffic(p, 5);
    pair_expect_no_loss(p);
    stop(p);
}

static void rekey_with_pfs_and_without_on_demand(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP_PFS "," ESP);
    pair_establish(p);
    rekey_child(p, &p->a, 0);
    assert_int_equal(p->a.child_suite.ke, IPSEC_KE_MODP_2048);
    assert_int_equal(p->b.child_suite.ke, IPSEC_KE_MODP_2048);
    rekey_child(p, &p->b, 0);
    assert_int_equal(p->a.child_suite.ke, IPSEC_KE_MODP_2048);
    rekey_child(p, &p->a, IPSEC_REKEY_WITHOUT_PFS);
    assert_int_equal(p->a.child_suite.ke, IPSEC_KE_NONE);
    assert_int_equal(p->b.child_suite.ke, IPSEC_KE_NONE);
    stop(p);
}

static void rekey_ike(struct pair *p, struct pair_end *by)
{
    const unsigned before = by->events[IPSEC_EVENT_IKE_REKEYED];
    pair_traffic(p, 3);
    assert_int_equal(ipsec_ike_rekey(ipsec_gw_ike(by->gw), by->ike_sa, ipsec_memory_now(p->memory)),
                     IPSEC_OK);
    pair_traffic(p, 20);
    pair_settle(p);
    assert_int_equal(by->events[IPSEC_EVENT_IKE_REKEYED], before + 1);
    pair_traffic(p, 3);
    pair_expect_no_loss(p);
}

static void rekey_08_ike_rekeys_under_traffic_lose_nothing(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    pair_establish(p);
    rekey_ike(p, &p->a);
    rekey_ike(p, &p->b);
    rekey_child(p, &p->a, 0); /* the children went along */
    rekey_child(p, &p->b, 0);
    pair_pass(p, 60000);
    assert_int_equal(pair_ike_counters(&p->a).sas, 1);
    assert_int_equal(pair_ike_counters(&p->b).sas, 1);
    stop(p);
}

static void simultaneous_child_rekeys_lose_nothing(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP_PFS);
    pair_establish(p);
    for (unsigned i = 0; i < 4; i++) {
        const ipsec_ms now = ipsec_memory_now(p->memory);
        assert_int_equal(ipsec_ike_rekey_child(ipsec_gw_ike(p->a.gw), p->a.child_sa, 0, now),
                         IPSEC_OK);
        assert_int_equal(ipsec_ike_rekey_child(ipsec_gw_ike(p->b.gw), p->b.child_sa, 0, now),
                         IPSEC_OK);
        pair_traffic(p, 20);
        pair_pass(p, 60000);
        pair_traffic(p, 3);
        pair_expect_no_loss(p);
        assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->a.gw)), 2);
        assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->b.gw)), 2);
        /* Which of the two rekeys won is the nonces' affair. */
        p->a.child_sa = ipsec_ike_next_child(ipsec_gw_ike(p->a.gw), 0);
        p->b.child_sa = ipsec_ike_next_child(ipsec_gw_ike(p->b.gw), 0);
    }
    stop(p);
}

static void simultaneous_ike_rekeys_lose_nothing(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    pair_establish(p);
    const ipsec_ms now = ipsec_memory_now(p->memory);
    assert_int_equal(ipsec_ike_rekey(ipsec_gw_ike(p->a.gw), p->a.ike_sa, now), IPSEC_OK);
    assert_int_equal(ipsec_ike_rekey(ipsec_gw_ike(p->b.gw), p->b.ike_sa, now), IPSEC_OK);
    pair_traffic(p, 20);
    pair_pass(p, 60000);
    pair_traffic(p, 3);
    pair_expect_no_loss(p);
    assert_int_equal(pair_ike_counters(&p->a).sas, 1);
    assert_int_equal(pair_ike_counters(&p->b).sas, 1);
    stop(p);
}

static void a_day_of_lifetimes_loses_nothing(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    pair_establish(p);
    for (unsigned minute = 0; minute < 24 * 60; minute++) {
        pair_traffic(p, 1);
        pair_pass(p, 60000);
    }
    pair_expect_no_loss(p);
    assert_true(p->a.events[IPSEC_EVENT_CHILD_REKEYED] >= 23);
    assert_true(p->a.events[IPSEC_EVENT_IKE_REKEYED] + p->b.events[IPSEC_EVENT_IKE_REKEYED] >= 23);
    assert_int_equal(p->a.events[IPSEC_EVENT_FAILURE], 0);
    assert_int_equal(p->b.events[IPSEC_EVENT_FAILURE], 0);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->a.gw)), 2);
    stop(p);
}

static void packet_limits_rekey_in_time(void **state)
{
    (void)state;
    struct pair *p = malloc(sizeof *p);
    assert_non_null(p);
    pair_init(p, IKE, ESP);
    p->a.child.lifetime.packets_soft = 50;
    p->a.child.lifetime.packets_hard = 100;
    pair_start(p);
    pair_establish(p);
    pair_traffic(p, 500);
    pair_expect_no_loss(p);
    assert_true(p->a.events[IPSEC_EVENT_CHILD_REKEYED] >= 8);
    stop(p);
}

/* A packet with the SPI that this end waits for, and nothing else that is right. */
static void forge(struct pair_end *at)
{
    struct ipsec_child_info info;
    uint8_t octets[8 + 16 + 48 + 16] = {0};
    struct ipsec_packet packet = {.buffer = octets,
                                  .capacity = sizeof octets,
                                  .length = sizeof octets,
                                  .carrier = IPSEC_CARRIER_ESP,
                                  .local = at->peer.local,
                                  .remote = at->peer.remote};
    struct ipsec_packet *const list[1] = {&packet};
    assert_int_equal(ipsec_ike_child_info(ipsec_gw_ike(at->gw), at->child_sa, &info), IPSEC_OK);
    for (int i = 0; i < 4; i++) {
        octets[i] = (uint8_t)(info.spi_in >> (24 - 8 * i));
    }
    octets[7] = 200;
    ipsec_gw_wan_input(at->gw, list, 1, ipsec_memory_now(at->pair->memory));
    assert_int_equal(packet.status, IPSEC_DROP_ICV);
}

/* RFC 9001 6.6: a new key before a forger may be lucky, and nobody's traffic ends by it. */
static void many_forged_packets_have_the_child_rekeyed(void **state)
{
    (void)state;
    struct pair *p = malloc(sizeof *p);
    assert_non_null(p);
    pair_init(p, IKE, ESP);
    p->b.child.lifetime.forgeries_soft = 20;
    pair_start(p);
    pair_establish(p);
    for (unsigned i = 1; i <= 60; i++) {
        forge(&p->b);
        pair_traffic(p, 3);
        pair_settle(p);
        assert_int_equal(p->b.events[IPSEC_EVENT_CHILD_REKEYED], i / 20);
    }
    assert_int_equal(p->a.events[IPSEC_EVENT_CHILD_REKEYED], 3);
    assert_int_equal(pair_dropped(&p->b, IPSEC_DROP_ICV), 60);
    assert_int_equal(pair_drops(&p->a) + pair_drops(&p->b), 60);
    assert_int_equal(p->a.arrived, p->b.sent);
    assert_int_equal(p->b.arrived, p->a.sent);
    stop(p);
}

/* The same limit on both ends, so low that nothing is drawn: both ask in the same turn, each time.
 */
static void both_ends_reach_their_limits_at_once(void **state)
{
    (void)state;
    for (int octets = 0; octets <= 1; octets++) {
        struct pair *p = malloc(sizeof *p);
        assert_non_null(p);
        pair_init(p, IKE, ESP);
        struct ipsec_lifetime *const ends[2] = {&p->a.child.lifetime, &p->b.child.lifetime};
        for (int i = 0; i < 2; i++) {
            ends[i]->packets_soft = octets != 0 ? 0 : 50;
            ends[i]->bytes_soft = octets != 0 ? 40000 : 0;
            ends[i]->bytes_hard = octets != 0 ? 80000 : 0;
            ends[i]->jitter_percent = 1;
        }
        pair_start(p);
        pair_establish(p);
        pair_traffic(p, 500);
        pair_pass(p, 60000); /* the old ones go */
        pair_expect_no_loss(p);
        assert_true(p->a.events[IPSEC_EVENT_CHILD_REKEYED] >= 8);
        assert_int_equal(p->a.events[IPSEC_EVENT_FAILURE] + p->b.events[IPSEC_EVENT_FAILURE], 0);
        assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->a.gw)), 2);
        assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->b.gw)), 2);
        stop(p);
    }
}

/* ---- The end --------------------------------------------------------------------------------- */

static void a_deleted_tunnel_sends_nothing_in_clear(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    pair_establish(p);
    pair_traffic(p, 5);
    pair_settle(p);
    assert_int_equal(
        ipsec_ike_delete(ipsec_gw_ike(p->a.gw), p->a.ike_sa, ipsec_memory_now(p->memory)),
        IPSEC_OK);
    pair_settle(p);
    assert_int_equal(p->a.events[IPSEC_EVENT_IKE_CLOSED], 1);
    assert_int_equal(p->b.events[IPSEC_EVENT_IKE_CLOSED], 1);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->a.gw)), 0);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->b.gw)), 0);
    struct ipsec_memory_counters before;
    struct ipsec_memory_counters after;
    ipsec_memory_counters(p->memory, &before);
    pair_traffic(p, 5);
    ipsec_memory_counters(p->memory, &after);
    assert_int_equal(after.wan_sent[IPSEC_MEMORY_A], before.wan_sent[IPSEC_MEMORY_A]);
    assert_int_equal(after.wan_sent[IPSEC_MEMORY_B], before.wan_sent[IPSEC_MEMORY_B]);
    assert_int_equal(pair_dropped(&p->a, IPSEC_DROP_NO_SA), 5);
    assert_int_equal(p->b.arrived, 5);
    stop(p);
}

static void removing_the_peer_ends_all(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    pair_establish(p);
    assert_int_equal(ipsec_gw_remove_peer(p->a.gw, &p->a.peer, ipsec_memory_now(p->memory)),
                     IPSEC_OK);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->a.gw)), 0);
    pair_ping(&p->a);
    pair_settle(p);
    assert_int_equal(pair_dropped(&p->a, IPSEC_DROP_NO_POLICY), 1);
    stop(p);
}

/* ---- Trouble --------------------------------------------------------------------------------- */

static void a_wrong_secret_fails_on_both_ends(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    ipsec_handle sa = 0;
    p->b.secret = "another secret of the tests, long enough";
    assert_int_equal(
        ipsec_ike_initiate(ipsec_gw_ike(p->a.gw), &p->a.peer, ipsec_memory_now(p->memory), &sa),
        IPSEC_OK);
    pair_settle(p);
    assert_int_equal(p->a.events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(p->b.events[IPSEC_EVENT_FAILURE], 1);
    assert_int_equal(p->a.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(p->b.cause, IPSEC_CAUSE_AUTHENTICATION);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->a.gw)), 0);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->b.gw)), 0);
    stop(p);
}

static void a_secret_that_comes_later_is_enough(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP);
    ipsec_handle sa = 0;
    struct ipsec_secret secret = {.length = strlen(p->b.secret)};
    memcpy(secret.bytes, p->b.secret, secret.length);
    const struct ipsec_answer answer = {.status = IPSEC_OK, .secret = &secret};
    p->b.pending_secret = true;
    assert_int_equal(
        ipsec_ike_initiate(ipsec_gw_ike(p->a.gw), &p->a.peer, ipsec_memory_now(p->memory), &sa),
        IPSEC_OK);
    pair_settle(p);
    assert_int_equal(p->a.events[IPSEC_EVENT_IKE_ESTABLISHED], 0);
    assert_true(p->b.secret_token != 0);
    p->b.pending_secret = false;
    assert_int_equal(ipsec_ike_answer(ipsec_gw_ike(p->b.gw), p->b.secret_token, &answer,
                                      ipsec_memory_now(p->memory)),
                     IPSEC_OK);
    pair_settle(p);
    assert_int_equal(p->a.events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    pair_traffic(p, 3);
    pair_expect_no_loss(p);
    stop(p);
}

static void a_full_sad_refuses_the_child_not_the_process(void **state)
{
    (void)state;
    struct pair *p = malloc(sizeof *p);
    ipsec_handle sa = 0;
    assert_non_null(p);
    pair_init(p, IKE, ESP);
    p->b.config.sa_max = 1;
    pair_start(p);
    assert_int_equal(
        ipsec_ike_initiate(ipsec_gw_ike(p->a.gw), &p->a.peer, ipsec_memory_now(p->memory), &sa),
        IPSEC_OK);
    pair_settle(p);
    pair_pass(p, 1000);
    assert_int_equal(p->b.events[IPSEC_EVENT_CHILD_ESTABLISHED], 0);
    assert_int_equal(p->a.events[IPSEC_EVENT_CHILD_ESTABLISHED], 0);
    assert_true(p->a.events[IPSEC_EVENT_FAILURE] >= 1);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->b.gw)), 0);
    stop(p);
}

/* One datagram of the set-up is lost, each in turn; retransmission repairs it. */
struct loss {
    unsigned seen;
    unsigned lose;
};

static bool lose_one(void *user, enum ipsec_memory_end from, struct ipsec_packet *datagram)
{
    struct loss *loss = user;
    (void)from;
    (void)datagram;
    return loss->seen++ != loss->lose;
}

static void any_lost_datagram_is_sent_again(void **state)
{
    (void)state;
    for (unsigned lose = 0; lose < 4; lose++) {
        struct pair *p = malloc(sizeof *p);
        struct loss loss = {0, lose};
        ipsec_handle sa = 0;
        assert_non_null(p);
        pair_init(p, IKE, ESP);
        p->memory_config.filter = lose_one;
        p->memory_config.user = &loss;
        pair_start(p);
        assert_int_equal(
            ipsec_ike_initiate(ipsec_gw_ike(p->a.gw), &p->a.peer, ipsec_memory_now(p->memory), &sa),
            IPSEC_OK);
        pair_pass(p, 10000);
        assert_int_equal(p->a.events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
        assert_int_equal(p->b.events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
        pair_traffic(p, 3);
        pair_settle(p);
        assert_int_equal(p->a.arrived, 3);
        assert_int_equal(p->b.arrived, 3);
        stop(p);
    }
}

static void natt_11_forced_encapsulation_puts_esp_into_udp(void **state)
{
    (void)state;
    struct pair *p = malloc(sizeof *p);
    struct ipsec_child_info info;
    assert_non_null(p);
    pair_init(p, IKE, ESP);
    p->a.peer.force_encapsulation = true;
    pair_start(p);
    pair_establish(p);
    assert_int_equal(ipsec_ike_child_info(ipsec_gw_ike(p->a.gw), p->a.child_sa, &info), IPSEC_OK);
    assert_true(info.udp_encapsulation);
    assert_int_equal(info.remote.port, 4500);
    pair_traffic(p, 10);
    rekey_child(p, &p->b, 0);
    rekey_ike(p, &p->a);
    stop(p);
}

static void builds_without_sockets_do_the_same(void **state)
{
    (void)state;
    struct pair *p = malloc(sizeof *p);
    assert_non_null(p);
    pair_init(p, IKE, ESP);
    p->a.config.outer = p->b.config.outer = IPSEC_OUTER_IP;
    pair_start(p);
    pair_establish(p);
    pair_traffic(p, 10);
    rekey_child(p, &p->a, 0);
    rekey_ike(p, &p->b);
    stop(p);
}

/* ---- Allocations: Mbed TLS is a library apart ------------------------------------------------ */

static void nothing_is_allocated_after_init(void **state)
{
    (void)state;
    struct pair *p = start(IKE, ESP_PFS);
    assert_true(allocations > 0); /* the counter works */
    allocations = 0;
    pair_establish(p);
    rekey_child(p, &p->a, 0);
    rekey_ike(p, &p->b);
    assert_int_equal(
        ipsec_ike_delete(ipsec_gw_ike(p->b.gw), p->b.ike_sa, ipsec_memory_now(p->memory)),
        IPSEC_OK);
    pair_pass(p, 60000);
    assert_int_equal(allocations, 0);
    stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sites_ping_each_other),
        cmocka_unit_test(spd_04_the_first_packet_brings_the_tunnel_up),
        cmocka_unit_test(every_suite_carries_traffic),
        cmocka_unit_test(rekey_04_child_rekeys_of_either_side_lose_nothing),
        cmocka_unit_test(rekey_with_pfs_and_without_on_demand),
        cmocka_unit_test(rekey_08_ike_rekeys_under_traffic_lose_nothing),
        cmocka_unit_test(simultaneous_child_rekeys_lose_nothing),
        cmocka_unit_test(simultaneous_ike_rekeys_lose_nothing),
        cmocka_unit_test(a_day_of_lifetimes_loses_nothing),
        cmocka_unit_test(packet_limits_rekey_in_time),
        cmocka_unit_test(many_forged_packets_have_the_child_rekeyed),
        cmocka_unit_test(both_ends_reach_their_limits_at_once),
        cmocka_unit_test(a_deleted_tunnel_sends_nothing_in_clear),
        cmocka_unit_test(removing_the_peer_ends_all),
        cmocka_unit_test(a_wrong_secret_fails_on_both_ends),
        cmocka_unit_test(a_secret_that_comes_later_is_enough),
        cmocka_unit_test(a_full_sad_refuses_the_child_not_the_process),
        cmocka_unit_test(any_lost_datagram_is_sent_again),
        cmocka_unit_test(natt_11_forced_encapsulation_puts_esp_into_udp),
        cmocka_unit_test(builds_without_sockets_do_the_same),
        cmocka_unit_test(nothing_is_allocated_after_init),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
