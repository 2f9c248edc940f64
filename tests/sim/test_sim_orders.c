/* SPDX-License-Identifier: Apache-2.0
 *
 * Simultaneous rekeys in every order of arrival, and with every single loss: what is in flight is
 * delivered in the order that a number spells. RFC 7296 2.8.1, 2.8.2, 2.25.
 */
#include "sim_craft.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define STEPS 7 /* deliveries whose order is chosen; what follows comes as it was sent */
#define WIDTH 3 /* choices at each: which of the oldest in flight */

typedef void (*action)(struct sim *s);

static void rekey_child(struct sim *s, struct sim_node *n)
{
    (void)ipsec_ike_rekey_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), 0, s->now);
}

static void rekey_ike(struct sim *s, struct sim_node *n)
{
    (void)ipsec_ike_rekey(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now);
}

static void children(struct sim *s)
{
    rekey_child(s, A(s));
    rekey_child(s, B(s));
}

static void ikes(struct sim *s)
{
    rekey_ike(s, A(s));
    rekey_ike(s, B(s));
}

static void ike_and_child(struct sim *s)
{
    rekey_ike(s, A(s));
    rekey_child(s, B(s));
}

static void ike_and_delete_child(struct sim *s)
{
    rekey_ike(s, A(s));
    (void)ipsec_ike_delete_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), s->now);
}

static void child_and_delete_child(struct sim *s)
{
    rekey_child(s, A(s));
    (void)ipsec_ike_delete_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), s->now);
}

static void child_and_delete_ike(struct sim *s)
{
    rekey_child(s, A(s));
    (void)ipsec_ike_delete(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now);
}

static void ike_and_delete_ike(struct sim *s)
{
    rekey_ike(s, A(s));
    (void)ipsec_ike_delete(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now);
}

static struct sim *begin(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    for (int i = 0; i < 2; i++) {
        s->nodes[i].peer.liveness_ms = IPSEC_LIVENESS_OFF;
        s->nodes[i].config.retransmit_max = 10;
    }
    sim_start(s);
    (void)sim_connect(s);
    sim_traffic(s);
    sim_ladder_clear(s);
    return s;
}

static void deliver_in_order(struct sim *s, uint32_t order, int lost)
{
    s->held = true;
    for (int step = 0; step < STEPS; step++) {
        const uint32_t flying = sim_in_flight(s);
        if (flying == 0) {
            break;
        }
        const uint32_t which = order % WIDTH % flying;
        order /= WIDTH;
        if (step == lost) {
            sim_drop(s, which);
        } else {
            (void)sim_deliver(s, which);
        }
    }
    s->held = false;
    for (int i = 0; i < 30; i++) {
        sim_traffic(s);
        sim_run(s, 1000);
    }
    sim_run(s, 200000);
}

static uint32_t one_order(action begin_with, uint32_t order, int lost, bool lives)
{
    struct sim *s = begin(order + 1);
    struct ipsec_ike_counters a;

    begin_with(s);
    deliver_in_order(s, order, lost);
    ipsec_ike_counters(A(s)->ike, &a);
    const char *wrong = sim_disagreement(s, a.sas, a.children);
    if (wrong == NULL && lives && (a.sas != 1 || a.children != 1)) {
        wrong = "not one IKE SA with one child";
    }
    if (wrong == NULL && lives) {
        wrong = sim_dead(s);
    }
    if (wrong == NULL && lives && s->esp_lost != 0) {
        wrong = "ESP packets were lost";
    }
    if (wrong != NULL) {
        print_error("order %u, lost %d: %s\n%s", order, lost, wrong, s->ladder);
        fail();
    }
    const uint32_t rekeyed = A(s)->events[IPSEC_EVENT_CHILD_REKEYED] +
                             B(s)->events[IPSEC_EVENT_CHILD_REKEYED] +
                             A(s)->events[IPSEC_EVENT_IKE_REKEYED];
    sim_free(s);
    return rekeyed;
}

static void all_orders(action begin_with, bool lives)
{
    uint32_t orders = 1;
    uint32_t rekeyed = 0;

    for (int i = 0; i < STEPS; i++) {
        orders *= WIDTH;
    }
    for (uint32_t order = 0; order < orders; order++) {
        rekeyed += one_order(begin_with, order, -1, lives);
        rekeyed += one_order(begin_with, order, (int)(order % STEPS), lives);
    }
    assert_true(!lives || rekeyed >= orders * 2);
}

#define ORDER_TEST(name, begin_with, lives)                                                        \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        all_orders(begin_with, lives);                                                             \
    }

ORDER_TEST(coll_01_03_children_at_once, children, true)
ORDER_TEST(coll_04_ike_sas_at_once, ikes, true)
ORDER_TEST(coll_10_13_ike_sa_and_child, ike_and_child, true)
ORDER_TEST(coll_08_ike_rekey_and_child_delete, ike_and_delete_child, false)
ORDER_TEST(coll_05_06_child_rekey_and_its_delete, child_and_delete_child, false)
ORDER_TEST(child_rekey_and_ike_delete, child_and_delete_ike, false)
ORDER_TEST(coll_11_12_ike_rekey_and_ike_delete, ike_and_delete_ike, false)

/* COLL-01: the four nonces decide, and both ends decide alike: both roles win over many seeds, and
 * the loser's creator deletes it. */
static void coll_01_nonces_decide(void **state)
{
    uint32_t won_by_a = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct sim *s = begin(1000 + seed);
        children(s);
        sim_run(s, 20000);
        sim_assert_agree(s, 1, 1);
        const struct sim_child *a = sim_sink_sender(A(s), A(s)->child);
        struct sim_child *b = sim_sink_sender(B(s), B(s)->child);
        assert_non_null(a);
        assert_int_equal(a->sa.spi_out, b->sa.spi_in);
        struct ipsec_child_info info;
        assert_int_equal(ipsec_ike_child_info(A(s)->ike, a->sa.child, &info), IPSEC_OK);
        /* Each end asked once and was asked once; of the two answers one is gone. */
        assert_non_null(strstr(s->ladder, "A CREATE_CHILD_SA request 2: SK{N(REKEY_SA)"));
        assert_non_null(strstr(s->ladder, "B CREATE_CHILD_SA request 0: SK{N(REKEY_SA)"));
        won_by_a += A(s)->events[IPSEC_EVENT_CHILD_REKEYED];
        sim_free(s);
    }
    assert_in_range(won_by_a, 61, 119);
}

/* ---- answered as RFC 7296 2.25 has it ----------------------------------------------------------
 */

/* A has begun something and B's request comes before A's answer: what A says. */
static void says(uint64_t seed, action a_begins, action b_asks, const char *answer)
{
    struct sim *s = begin(seed);

    s->held = true;
    a_begins(s);
    b_asks(s);
    assert_int_equal(sim_in_flight(s), 2);
    assert_true(sim_deliver(s, 1));
    if (strstr(s->ladder, answer) == NULL) {
        print_error("not said: %s\n%s", answer, s->ladder);
        fail();
    }
    sim_free(s);
}

static void a_rekeys_child(struct sim *s)
{
    rekey_child(s, A(s));
}

static void b_rekeys_child(struct sim *s)
{
    rekey_child(s, B(s));
}

static void a_rekeys_ike(struct sim *s)
{
    rekey_ike(s, A(s));
}

static void b_rekeys_ike(struct sim *s)
{
    rekey_ike(s, B(s));
}

static void a_deletes_ike(struct sim *s)
{
    (void)ipsec_ike_delete(A(s)->ike, sim_sa(A(s), 0), s->now);
}

static void b_deletes_ike(struct sim *s)
{
    (void)ipsec_ike_delete(B(s)->ike, sim_sa(B(s), 0), s->now);
}

static void b_deletes_child(struct sim *s)
{
    (void)ipsec_ike_delete_child(B(s)->ike, sim_child_in(B(s), 0), s->now);
}

static void a_deletes_child(struct sim *s)
{
    (void)ipsec_ike_delete_child(A(s)->ike, sim_child_in(A(s), 0), s->now);
}

#define SAYS(name, seed, a_begins, b_asks, answer)                                                 \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        says(seed, a_begins, b_asks, answer);                                                      \
    }

#define LATER   "A CREATE_CHILD_SA response 0: SK{N(TEMPORARY_FAILURE)}\n"
#define DELETED "A INFORMATIONAL response 0: SK{D}\n"
#define CLOSED  "A INFORMATIONAL response 0: SK{}\n"
#define REKEYED "A CREATE_CHILD_SA response 0: SK{SA Nr KE TSi TSr}\n"
#define RENEWED "A CREATE_CHILD_SA response 0: SK{SA Nr KE}\n"

SAYS(coll_05_rekey_of_a_child_being_closed, 1, a_deletes_child, b_rekeys_child, LATER)
SAYS(coll_06_delete_of_a_child_being_rekeyed, 2, a_rekeys_child, b_deletes_child, DELETED)
SAYS(coll_07_rekey_of_a_child_being_rekeyed, 3, a_rekeys_child, b_rekeys_child, REKEYED)
SAYS(coll_08_delete_of_a_child_while_the_ike_sa_is_rekeyed, 4, a_rekeys_ike, b_deletes_child,
     DELETED)
SAYS(coll_09_close_of_an_ike_sa_being_closed, 5, a_deletes_ike, b_deletes_ike, CLOSED)
SAYS(coll_10_ike_rekey_while_a_child_is_rekeyed, 6, a_rekeys_child, b_rekeys_ike, LATER)
SAYS(coll_11_rekey_of_an_ike_sa_being_closed, 7, a_deletes_ike, b_rekeys_ike, LATER)
SAYS(coll_12_close_of_an_ike_sa_being_rekeyed, 8, a_rekeys_ike, b_deletes_ike, CLOSED)
SAYS(coll_13_child_rekey_while_the_ike_sa_is_rekeyed, 9, a_rekeys_ike, b_rekeys_child, LATER)
SAYS(coll_04_rekey_of_an_ike_sa_being_rekeyed, 10, a_rekeys_ike, b_rekeys_ike, RENEWED)

/* ---- which of the two --------------------------------------------------------------------------
 */

struct made {
    uint8_t nonce[32];
    bool from_a;
    bool request;
    uint32_t spi; /* offered or chosen by who sent it */
};

/* The nonce and the ESP SPI of a CREATE_CHILD_SA message that nothing has ciphered. */
static bool read_made(const struct sim_datagram *d, struct made *out)
{
    uint8_t type = 0;
    const struct ipsec_view in = sim_craft_inside(d, &type);
    bool found = false;

    if (d->octets[18] != 36) {
        return false;
    }
    for (size_t at = 0; at + 4 <= in.length;) {
        const uint8_t *p = in.data + at;
        if (type == 33) {
            const uint8_t *spi = p + 4 + 8; /* of the first proposal */
            out->spi =
                (uint32_t)spi[0] << 24 | (uint32_t)spi[1] << 16 | (uint32_t)spi[2] << 8 | spi[3];
        } else if (type == 40) {
            assert_int_equal(p[2] << 8 | p[3], 36);
            memcpy(out->nonce, p + 4, 32);
            found = true;
        }
        type = p[0];
        at += (size_t)p[2] << 8 | p[3];
    }
    out->from_a = d->to == SIM_B;
    out->request = (d->octets[19] & 0x20) == 0;
    return found;
}

/* RFC 7296 2.8.1: the SA made by the exchange with the lowest of the four nonces is the one that
 * goes, and A's exchange is that of its request and B's answer. */
static void coll_01_02_the_lowest_nonce_loses(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct sim *s = sim_new(2000 + seed);
        struct made made[4];
        uint32_t count = 0;
        uint32_t lowest = 0;
        A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
        sim_start(s);
        (void)sim_connect(s);
        s->keep_sent = true;
        children(s);
        sim_run(s, 20000);
        for (uint32_t i = 0; i < s->kept && count < 4; i++) {
            count += read_made(&s->kept_datagram[i], &made[count]) ? 1 : 0;
        }
        assert_int_equal(count, 4);
        for (uint32_t i = 1; i < 4; i++) {
            lowest = memcmp(made[i].nonce, made[lowest].nonce, 32) < 0 ? i : lowest;
        }
        const bool a_lost = made[lowest].from_a == made[lowest].request;
        uint32_t winner = 0; /* the SPI that A receives with */
        for (uint32_t i = 0; i < 4; i++) {
            if (made[i].from_a && made[i].request != a_lost) {
                winner = made[i].spi;
            }
        }
        assert_int_equal(sim_sink_sender(A(s), A(s)->child)->sa.spi_in, winner);
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coll_01_03_children_at_once),
        cmocka_unit_test(coll_04_ike_sas_at_once),
        cmocka_unit_test(coll_10_13_ike_sa_and_child),
        cmocka_unit_test(coll_08_ike_rekey_and_child_delete),
        cmocka_unit_test(coll_05_06_child_rekey_and_its_delete),
        cmocka_unit_test(child_rekey_and_ike_delete),
        cmocka_unit_test(coll_11_12_ike_rekey_and_ike_delete),
        cmocka_unit_test(coll_05_rekey_of_a_child_being_closed),
        cmocka_unit_test(coll_06_delete_of_a_child_being_rekeyed),
        cmocka_unit_test(coll_07_rekey_of_a_child_being_rekeyed),
        cmocka_unit_test(coll_08_delete_of_a_child_while_the_ike_sa_is_rekeyed),
        cmocka_unit_test(coll_09_close_of_an_ike_sa_being_closed),
        cmocka_unit_test(coll_10_ike_rekey_while_a_child_is_rekeyed),
        cmocka_unit_test(coll_11_rekey_of_an_ike_sa_being_closed),
        cmocka_unit_test(coll_12_close_of_an_ike_sa_being_rekeyed),
        cmocka_unit_test(coll_13_child_rekey_while_the_ike_sa_is_rekeyed),
        cmocka_unit_test(coll_04_rekey_of_an_ike_sa_being_rekeyed),
        cmocka_unit_test(coll_01_nonces_decide),
        cmocka_unit_test(coll_01_02_the_lowest_nonce_loses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
