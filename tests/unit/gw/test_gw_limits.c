/* SPDX-License-Identifier: Apache-2.0
 *
 * What the data plane tells IKE about a child: that its peer sends on it, that it is time to rekey,
 * that it is used up. RFC 7296 2.8, RFC 4301 4.4.2.1 (lifetimes), RFC 4303 3.3.3.
 */
#include "gw_kit.h"
#include "sa.h"

struct pair {
    struct gw_kit a;
    struct gw_kit b;
};

static struct pair *prepare(void)
{
    struct pair *p = malloc(sizeof *p);
    assert_non_null(p);
    kit_init(&p->a, false);
    kit_init(&p->b, true);
    return p;
}

static void start(struct pair *p)
{
    const struct kit_child at_a = {.child = 7, .spi_in = 0x1001, .spi_out = 0x2001};
    const struct kit_child at_b = {.child = 8, .spi_in = 0x2001, .spi_out = 0x1001};
    kit_start(&p->a);
    kit_start(&p->b);
    assert_int_equal(kit_install(&p->a, &at_a), IPSEC_OK);
    assert_int_equal(kit_install(&p->b, &at_b), IPSEC_OK);
}

static void stop(struct pair *p)
{
    kit_stop(&p->a);
    kit_stop(&p->b);
    free(p);
}

/* n pings from A to B in one burst; how many arrived. */
static size_t ping(struct pair *p, size_t n)
{
    struct kit_packet *burst = calloc(n, sizeof *burst);
    const size_t before = p->b.lan.count;
    assert_non_null(burst);
    for (size_t i = 0; i < n; i++) {
        kit_ping(&p->a, &burst[i], (uint8_t)i);
    }
    kit_lan(&p->a, burst, n);
    free(burst);
    kit_carry(&p->a, &p->b);
    return p->b.lan.count - before;
}

static void the_first_authentic_packet_is_told_once(void **state)
{
    (void)state;
    struct pair *p = prepare();
    start(p);
    struct kit_packet forged;
    const uint8_t octets[72] = {0, 0, 0x20, 1, 0, 0, 0, 1};
    kit_datagram(&forged, IPSEC_CARRIER_ESP, 0, octets, 72);
    kit_wan(&p->b, &forged, 1);
    assert_int_equal(forged.packet.status, IPSEC_DROP_ICV);
    assert_int_equal(p->b.ike->notices, 0);
    assert_int_equal(ping(p, 3), 3);
    assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_INBOUND), 1);
    assert_int_equal(ping(p, 3), 3);
    assert_int_equal(p->b.ike->notices, 1);
    assert_int_equal(p->a.ike->notices, 0);
    stop(p);
}

static void a_notice_that_was_not_taken_is_given_again(void **state)
{
    (void)state;
    struct pair *p = prepare();
    start(p);
    p->b.ike->notice_answer = IPSEC_ERR_BUSY;
    assert_int_equal(ping(p, 1), 1);
    assert_int_equal(ping(p, 1), 1);
    assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_INBOUND), 2);
    p->b.ike->notice_answer = IPSEC_OK;
    assert_int_equal(ping(p, 1), 1);
    assert_int_equal(ping(p, 1), 1);
    assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_INBOUND), 3);
    stop(p);
}

static void soft_limit_in_packets_asks_for_a_rekey_once(void **state)
{
    (void)state;
    struct pair *p = prepare();
    p->a.child[0].lifetime.packets_soft = 10;
    p->b.child[0].lifetime.packets_soft = 12; /* it counts what it receives, too */
    start(p);
    assert_int_equal(ping(p, 9), 9);
    assert_int_equal(fake_notices(p->a.ike, 7, IPSEC_CHILD_NOTICE_SOFT), 0);
    assert_int_equal(ping(p, 1), 1);
    assert_int_equal(fake_notices(p->a.ike, 7, IPSEC_CHILD_NOTICE_SOFT), 1);
    assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_SOFT), 0);
    assert_int_equal(ping(p, 5), 5);
    assert_int_equal(fake_notices(p->a.ike, 7, IPSEC_CHILD_NOTICE_SOFT), 1);
    assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_SOFT), 1);
    stop(p);
}

static void soft_limit_in_octets_asks_for_a_rekey_once(void **state)
{
    (void)state;
    struct pair *p = prepare();
    p->a.child[0].lifetime.bytes_soft = 84 * 5; /* and up to a tenth less */
    start(p);
    assert_int_equal(ping(p, 4), 4);
    assert_int_equal(p->a.ike->notices, 0);
    assert_int_equal(ping(p, 1), 1);
    assert_int_equal(fake_notices(p->a.ike, 7, IPSEC_CHILD_NOTICE_SOFT), 1);
    assert_int_equal(ping(p, 4), 4);
    assert_int_equal(p->a.ike->notices, 1);
    stop(p);
}

/* n packets with A's SPI and a wrong ICV at B, in one burst. */
static void forge(struct pair *p, size_t n)
{
    struct kit_packet *burst = calloc(n, sizeof *burst);
    const uint8_t octets[72] = {0, 0, 0x20, 1, 0, 0, 0, 1};
    assert_non_null(burst);
    for (size_t i = 0; i < n; i++) {
        kit_datagram(&burst[i], IPSEC_CARRIER_ESP, 0, octets, 72);
    }
    kit_wan(&p->b, burst, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(burst[i].packet.status, IPSEC_DROP_ICV);
    }
    free(burst);
}

static void forged_packets_ask_for_a_rekey_once(void **state)
{
    (void)state;
    struct pair *p = prepare();
    p->b.child[0].lifetime.forgeries_soft = 10;
    start(p);
    forge(p, 9);
    assert_int_equal(p->b.ike->notices, 0);
    forge(p, 1);
    assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_SOFT), 1);
    forge(p, 20);
    assert_int_equal(p->b.ike->notices, 1);
    assert_int_equal(ping(p, 3), 3); /* the SA goes on, or this would end it for anybody */
    stop(p);

    p = prepare(); /* a notice that was not taken is given with the next one */
    p->b.child[0].lifetime.forgeries_soft = 3;
    start(p);
    p->b.ike->notice_answer = IPSEC_ERR_BUSY;
    forge(p, 3);
    p->b.ike->notice_answer = IPSEC_OK;
    forge(p, 1);
    forge(p, 1);
    assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_SOFT), 2);
    stop(p);
}

/* What is set above it does not move the key's own limit. */
static void forged_packets_are_limited_by_the_key(void **state)
{
    (void)state;
    for (uint32_t set = 0; set < 2; set++) {
        struct pair *p = prepare();
        p->b.child[0].lifetime.forgeries_soft = set * UINT32_MAX;
        start(p);
        struct ipsec_sa *in = ipsec_sad_find(ipsec_gw_sad(p->b.gw), 0x2001);
        assert_non_null(in);
        in->drops[ipsec_drop_index(IPSEC_DROP_ICV)] = UINT32_MAX - 2;
        forge(p, 1);
        assert_int_equal(p->b.ike->notices, 0);
        forge(p, 1);
        assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_SOFT), 1);
        stop(p);
    }
}

static void hard_limit_outbound_ends_the_child_and_nothing_goes_in_clear(void **state)
{
    (void)state;
    struct pair *p = prepare();
    p->a.child[0].lifetime.packets_hard = 5;
    start(p);
    p->a.ike->remove_on_hard = true;
    assert_int_equal(ping(p, 8), 5);
    assert_int_equal(fake_notices(p->a.ike, 7, IPSEC_CHILD_NOTICE_HARD), 1);
    assert_int_equal(kit_counters(&p->a).errors_out, 3); /* they met a dead SA */
    assert_int_equal(ping(p, 2), 0);
    assert_int_equal(kit_drops_out(&p->a, IPSEC_DROP_NO_SA), 2);
    assert_int_equal(p->a.acquires, 1);
    assert_int_equal(p->a.ike->notices, 2);
    assert_int_equal(p->a.ike->notice[0].notice, IPSEC_CHILD_NOTICE_SOFT); /* nine tenths of it */
    stop(p);
}

static void hard_limit_inbound_is_told_too(void **state)
{
    (void)state;
    struct pair *p = prepare();
    p->b.child[0].lifetime.packets_hard = 5;
    start(p);
    p->b.ike->remove_on_hard = true;
    assert_int_equal(ping(p, 8), 5);
    assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_INBOUND), 1);
    assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_HARD), 1);
    assert_int_equal(ping(p, 1), 0);
    assert_int_equal(kit_drops_in(&p->b, IPSEC_DROP_SPI), 1);
    stop(p);
}

static void all_limits_in_one_burst_end_in_order(void **state)
{
    (void)state;
    struct pair *p = prepare();
    p->b.child[0].lifetime.packets_soft = 3;
    p->b.child[0].lifetime.packets_hard = 5;
    start(p);
    p->b.ike->remove_on_hard = true;
    assert_int_equal(ping(p, 8), 5);
    assert_int_equal(p->b.ike->notices, 3);
    assert_int_equal(p->b.ike->notice[0].notice, IPSEC_CHILD_NOTICE_INBOUND);
    assert_int_equal(p->b.ike->notice[1].notice, IPSEC_CHILD_NOTICE_SOFT);
    assert_int_equal(p->b.ike->notice[2].notice, IPSEC_CHILD_NOTICE_HARD);
    stop(p);
}

/* Lifetimes of A's child, and how many packets it takes until A asks for a new one. */
static uint32_t packets_until_soft(const struct ipsec_lifetime *lifetime, size_t most)
{
    struct pair *p = prepare();
    uint32_t sent = 0;
    p->a.child[0].lifetime = *lifetime;
    start(p);
    while (fake_notices(p->a.ike, 7, IPSEC_CHILD_NOTICE_SOFT) == 0 && sent < most) {
        assert_int_equal(ping(p, 1), 1);
        p->a.wan.count = 0;
        p->b.lan.count = 0;
        sent++;
    }
    stop(p);
    return sent;
}

static void hard_limits_alone_have_a_soft_one_before_them(void **state)
{
    (void)state;
    const struct ipsec_lifetime packets = {.packets_hard = 20};
    assert_int_equal(packets_until_soft(&packets, 30), 18);
    const struct ipsec_lifetime bytes = {.bytes_hard = 84 * 20};
    const uint32_t sent = packets_until_soft(&bytes, 30);
    assert_in_range(sent, 17, 18);
    const struct ipsec_lifetime both = {.packets_hard = 20, .packets_soft = 3};
    assert_int_equal(packets_until_soft(&both, 30), 3);
    const struct ipsec_lifetime none = {0};
    assert_int_equal(packets_until_soft(&none, 100), 100);
}

/* Both ends count the same packets: not all of them ask at the same one. */
static void soft_limits_are_drawn(void **state)
{
    (void)state;
    struct pair *p = prepare();
    const uint32_t all = 16;
    uint32_t asked = 0;
    uint32_t last = 0;
    p->a.child[0].lifetime.packets_soft = 150;
    p->a.child[0].lifetime.jitter_percent = 80;
    start(p);
    for (uint32_t i = 1; i <= all; i++) {
        const ipsec_handle child = 100 + i;
        const struct kit_child at_a = {
            .child = child, .spi_in = 0x3000 + i, .spi_out = 0x4000 + i, .replaces = child - 1};
        assert_int_equal(kit_install(&p->a, &at_a), IPSEC_OK);
        uint32_t sent = 0;
        while (fake_notices(p->a.ike, child, IPSEC_CHILD_NOTICE_SOFT) == 0) {
            struct kit_packet one;
            kit_ping(&p->a, &one, 1);
            kit_lan(&p->a, &one, 1);
            p->a.wan.count = 0;
            sent++;
        }
        assert_in_range(sent, 70, 150);
        asked += sent != last ? 1 : 0;
        last = sent;
        kit_remove(&p->a, child);
    }
    assert_true(asked > all / 2);
    stop(p);
}

/* RFC 4303 3.3.3, RFC 8446 5.5: without any limit set, the key has some. */
static void a_key_is_replaced_before_its_numbers_and_blocks_end(void **state)
{
    (void)state;
    for (unsigned of = 0; of < 3; of++) {
        struct pair *p = prepare();
        start(p);
        struct ipsec_sa *sa = ipsec_sad_find(ipsec_gw_sad(p->b.gw), 0x2001);
        assert_non_null(sa);
        sa->packets = of == 0 ? UINT64_C(0xd0000000) : of == 1 ? UINT64_C(0xf0000000) : 0;
        sa->bytes = of == 0 ? UINT64_C(1) << 37 : of == 2 ? UINT64_C(1) << 38 : 0;
        assert_int_equal(ping(p, 1), 1);
        assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_SOFT), of != 0);
        assert_int_equal(fake_notices(p->b.ike, 8, IPSEC_CHILD_NOTICE_HARD), 0);
        stop(p);
    }
}

/* Two children are due at once, and the notice about one removes the other. */
static void remove_both(struct ipsec_ike *ike, void *user)
{
    (void)user;
    ike->config.callbacks.child_remove(ike->config.user, 7);
    ike->config.callbacks.child_remove(ike->config.user, 9);
}

static void children_removed_while_they_are_due_are_let_go(void **state)
{
    (void)state;
    struct pair *p = prepare();
    p->a.child[0].lifetime.packets_soft = 1;
    p->a.child[1].lifetime.packets_soft = 1;
    start(p);
    const struct kit_child other = {.child = 9, .spi_in = 0x1005, .spi_out = 0x2005, .config = 1};
    assert_int_equal(kit_install(&p->a, &other), IPSEC_OK);
    struct kit_packet burst[2];
    kit_ping(&p->a, &burst[0], 1);
    kit_ipv4(&burst[1], "10.1.0.1", "10.2.0.1", 60, 2);
    p->a.ike->on_notice = remove_both;
    kit_lan(&p->a, burst, 2);
    assert_int_equal(p->a.wan.count, 2);
    assert_int_equal(p->a.ike->notices, 1);
    assert_int_equal(ipsec_sad_count(ipsec_gw_sad(p->a.gw)), 0);
    kit_lan(&p->a, burst, 0);
    assert_int_equal(p->a.ike->notices, 1);
    stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_authentic_packet_is_told_once),
        cmocka_unit_test(a_notice_that_was_not_taken_is_given_again),
        cmocka_unit_test(soft_limit_in_packets_asks_for_a_rekey_once),
        cmocka_unit_test(soft_limit_in_octets_asks_for_a_rekey_once),
        cmocka_unit_test(forged_packets_ask_for_a_rekey_once),
        cmocka_unit_test(forged_packets_are_limited_by_the_key),
        cmocka_unit_test(hard_limit_outbound_ends_the_child_and_nothing_goes_in_clear),
        cmocka_unit_test(hard_limit_inbound_is_told_too),
        cmocka_unit_test(all_limits_in_one_burst_end_in_order),
        cmocka_unit_test(hard_limits_alone_have_a_soft_one_before_them),
        cmocka_unit_test(soft_limits_are_drawn),
        cmocka_unit_test(a_key_is_replaced_before_its_numbers_and_blocks_end),
        cmocka_unit_test(children_removed_while_they_are_due_are_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
