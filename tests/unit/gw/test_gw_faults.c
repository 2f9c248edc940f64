/* SPDX-License-Identifier: Apache-2.0
 *
 * Two whole gateways under seeded faults: datagrams are lost, commands come at any moment from
 * either side. Then a calm phase, in which both must agree again, carry traffic, and hold no more
 * SAs than they need. A failing seed is printed; GW_SEED runs it alone.
 */
#include "pair_kit.h"

#define SEEDS 30
#define STEPS 40

struct faults {
    uint64_t state;
    uint32_t lose_percent;
};

/* xorshift64*: the same everywhere. */
static uint32_t draw(struct faults *f, uint32_t below)
{
    f->state ^= f->state >> 12;
    f->state ^= f->state << 25;
    f->state ^= f->state >> 27;
    return (uint32_t)(f->state * UINT64_C(2685821657736338717) >> 33) % below;
}

static bool lose(void *user, enum ipsec_memory_end from, struct ipsec_packet *datagram)
{
    struct faults *f = user;
    (void)from;
    if (draw(f, 100) < f->lose_percent / 4) {
        datagram->buffer[datagram->offset + draw(f, datagram->length)] ^= 0x10;
    }
    return draw(f, 100) >= f->lose_percent;
}

static void command(struct pair *p, struct faults *f)
{
    struct pair_end *by = draw(f, 2) == 0 ? &p->a : &p->b;
    struct ipsec_ike *ike = ipsec_gw_ike(by->gw);
    const ipsec_handle sa = ipsec_ike_next_sa(ike, 0);
    const ipsec_handle child = ipsec_ike_next_child(ike, 0);
    const ipsec_ms now = ipsec_memory_now(p->memory);
    /* Any may be refused: there may be no SA, or it may be closing. */
    switch (draw(f, 8)) {
    case 0:
    case 1:
        (void)ipsec_ike_rekey_child(ike, child, draw(f, 2) == 0 ? IPSEC_REKEY_WITHOUT_PFS : 0, now);
        break;
    case 2:
        (void)ipsec_ike_rekey(ike, sa, now);
        break;
    case 3:
        (void)ipsec_ike_probe(ike, sa, now);
        break;
    case 4:
        if (draw(f, 4) == 0) {
            (void)ipsec_ike_delete_child(ike, child, now);
        }
        break;
    case 5:
        if (draw(f, 8) == 0) {
            (void)ipsec_ike_delete(ike, sa, now);
        }
        break;
    default:
        break;
    }
}

static void trouble(struct pair *p, struct faults *f)
{
    for (unsigned i = 0; i < STEPS; i++) {
        command(p, f);
        pair_traffic(p, draw(f, 4));
        if (draw(f, 3) == 0) {
            pair_pass(p, draw(f, 4000));
        }
    }
}

/* Retransmissions and liveness run out, what is left comes up again by traffic. */
static void calm(struct pair *p, struct faults *f)
{
    f->lose_percent = 0;
    for (unsigned i = 0; i < 20; i++) {
        pair_traffic(p, 1);
        pair_pass(p, 30000);
    }
    p->a.sent = p->b.sent = p->a.expected = p->b.expected = p->a.arrived = p->b.arrived = 0;
    pair_traffic(p, 10);
    pair_settle(p);
}

static void expect_agreement(struct pair *p)
{
    assert_int_equal(p->a.arrived, 10);
    assert_int_equal(p->b.arrived, 10);
    const uint32_t sas_a = ipsec_sad_count(ipsec_gw_sad(p->a.gw));
    const uint32_t sas_b = ipsec_sad_count(ipsec_gw_sad(p->b.gw));
    assert_int_equal(sas_a, sas_b);
    assert_int_equal(pair_ike_counters(&p->a).children, sas_a / 2);
    assert_int_equal(pair_ike_counters(&p->b).children, sas_b / 2);
    assert_int_equal(pair_ike_counters(&p->a).sas, pair_ike_counters(&p->b).sas);
    assert_int_equal(pair_ike_counters(&p->a).handshakes, 0);
    assert_int_equal(pair_ike_counters(&p->b).handshakes, 0);
}

static void run_seed(uint64_t seed)
{
    struct pair *p = malloc(sizeof *p);
    struct faults f = {seed * UINT64_C(0x9E3779B97F4A7C15) + 1, 0};
    assert_non_null(p);
    print_message("seed %u\n", (unsigned)seed);
    pair_init(p, "aes256gcm16-prfsha256-curve25519", "aes256gcm16-curve25519-esn,aes256gcm16-esn");
    p->quiet = true;
    p->a.acquire_initiates = p->b.acquire_initiates = true;
    p->memory_config.filter = lose;
    p->memory_config.user = &f;
    pair_start(p);
    pair_establish(p);
    f.lose_percent = (uint32_t)(seed % 5) * 10;
    trouble(p, &f);
    calm(p, &f);
    expect_agreement(p);
    pair_stop(p);
    free(p);
}

static void after_any_trouble_both_agree_and_carry_traffic(void **state)
{
    (void)state;
    const char *one = getenv("GW_SEED");
    if (one != NULL) {
        run_seed(strtoull(one, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run_seed(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_any_trouble_both_agree_and_carry_traffic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
