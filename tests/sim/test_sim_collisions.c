/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of lib/ike/COLLISIONS.md: what is in flight on one side, what the other asks, what is
 * answered, and what is left of it all. Every cell is tried in every order of arrival of the first
 * messages and with each single message lost. RFC 7296 2.8, 2.25.
 */
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

enum act { CREATE, REKEY_CHILD, REKEY_IKE, DELETE_CHILD, DELETE_IKE, PROBE, ACTS };

static const char *const act_name[ACTS] = {
    [CREATE] = "create child",       [REKEY_CHILD] = "rekey child",  [REKEY_IKE] = "rekey IKE SA",
    [DELETE_CHILD] = "delete child", [DELETE_IKE] = "delete IKE SA", [PROBE] = "liveness",
};

static void begin_act(struct sim *s, struct sim_node *n, enum act act)
{
    const ipsec_handle sa = sim_sa(n, IPSEC_IKE_ESTABLISHED);
    const ipsec_handle child = sim_child_in(n, IPSEC_CHILD_INSTALLED);
    enum ipsec_status status = IPSEC_OK;

    switch (act) {
    case CREATE:
        status = ipsec_ike_create_child(n->ike, sa, &n->child[n->index + 1], s->now);
        break;
    case REKEY_CHILD:
        status = ipsec_ike_rekey_child(n->ike, child, 0, s->now);
        break;
    case REKEY_IKE:
        status = ipsec_ike_rekey(n->ike, sa, s->now);
        break;
    case DELETE_CHILD:
        status = ipsec_ike_delete_child(n->ike, child, s->now);
        break;
    case DELETE_IKE:
        status = ipsec_ike_delete(n->ike, sa, s->now);
        break;
    case PROBE:
        status = ipsec_ike_probe(n->ike, sa, s->now);
        break;
    case ACTS:
        break;
    }
    assert_int_equal(status, IPSEC_OK);
}

static struct sim *begin(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    for (int i = 0; i < 2; i++) {
        s->nodes[i].peer.liveness_ms = IPSEC_LIVENESS_OFF;
        s->nodes[i].config.retransmit_max = 10;
        s->nodes[i].config.child_max = 40;
        s->nodes[i].peer.child_count = 1;
    }
    sim_start(s);
    (void)sim_connect(s);
    sim_traffic(s);
    sim_ladder_clear(s);
    return s;
}

/* What A answers to B's request while its own is in flight, and what is left when all is calm. */
struct cell {
    const char *answer; /* inside SK */
    uint32_t sas;
    uint32_t children;
};

#define MADE    "SA Nr KE TSi TSr"
#define RENEWED "SA Nr KE"
#define LATER   "N(TEMPORARY_FAILURE)"
#define DELETED "D"
#define EMPTY   ""

/* Rows: in flight from A. Columns: asked by B. The document has the same numbers. */
static const struct cell table[ACTS][ACTS] = {
    [CREATE] = {[CREATE] = {MADE, 1, 3},
                [REKEY_CHILD] = {MADE, 1, 2},
                [REKEY_IKE] = {LATER, 1, 2},
                [DELETE_CHILD] = {DELETED, 1, 1},
                [DELETE_IKE] = {EMPTY, 0, 0},
                [PROBE] = {EMPTY, 1, 2}},
    [REKEY_CHILD] = {[CREATE] = {MADE, 1, 2},
                     [REKEY_CHILD] = {MADE, 1, 1},
                     [REKEY_IKE] = {LATER, 1, 1},
                     [DELETE_CHILD] = {DELETED, 1, 0},
                     [DELETE_IKE] = {EMPTY, 0, 0},
                     [PROBE] = {EMPTY, 1, 1}},
    [REKEY_IKE] = {[CREATE] = {LATER, 1, 2},
                   [REKEY_CHILD] = {LATER, 1, 1},
                   [REKEY_IKE] = {RENEWED, 1, 1},
                   [DELETE_CHILD] = {DELETED, 1, 0},
                   [DELETE_IKE] = {EMPTY, 0, 0},
                   [PROBE] = {EMPTY, 1, 1}},
    [DELETE_CHILD] = {[CREATE] = {MADE, 1, 1},
                      [REKEY_CHILD] = {LATER, 1, 0},
                      [REKEY_IKE] = {LATER, 1, 0},
                      [DELETE_CHILD] = {EMPTY, 1, 0},
                      [DELETE_IKE] = {EMPTY, 0, 0},
                      [PROBE] = {EMPTY, 1, 0}},
    [DELETE_IKE] = {[CREATE] = {LATER, 0, 0},
                    [REKEY_CHILD] = {LATER, 0, 0},
                    [REKEY_IKE] = {LATER, 0, 0},
                    [DELETE_CHILD] = {EMPTY, 0, 0},
                    [DELETE_IKE] = {EMPTY, 0, 0},
                    [PROBE] = {EMPTY, 0, 0}},
    [PROBE] = {[CREATE] = {MADE, 1, 2},
               [REKEY_CHILD] = {MADE, 1, 1},
               [REKEY_IKE] = {RENEWED, 1, 1},
               [DELETE_CHILD] = {DELETED, 1, 0},
               [DELETE_IKE] = {EMPTY, 0, 0},
               [PROBE] = {EMPTY, 1, 1}},
};

static struct sim *collide(enum act a, enum act b)
{
    struct sim *s = begin((uint64_t)a * ACTS + (uint64_t)b + 1);

    A(s)->peer.child_count = B(s)->peer.child_count = 3;
    s->held = true;
    begin_act(s, A(s), a);
    begin_act(s, B(s), b);
    assert_int_equal(sim_in_flight(s), 2);
    return s;
}

static void calm(struct sim *s, const struct cell *cell, const char *what)
{
    s->held = false;
    for (int i = 0; i < 20; i++) {
        sim_traffic(s);
        sim_run(s, 1000);
    }
    sim_run(s, 200000);
    const char *wrong = sim_disagreement(s, cell->sas, cell->children);
    if (wrong == NULL && cell->children > 0) {
        wrong = sim_dead(s);
    }
    if (wrong != NULL) {
        print_error("%s: %s\n%s", what, wrong, s->ladder);
        fail();
    }
}

/* What a crossing request is answered with. */
static void answers(enum act a)
{
    for (unsigned b = 0; b < ACTS; b++) {
        const struct cell *cell = &table[a][b];
        struct sim *s = collide(a, (enum act)b);
        char wanted[80];
        assert_true(sim_deliver(s, 1));
        (void)snprintf(wanted, sizeof(wanted), " response 0: SK{%s}\n", cell->answer);
        if (strstr(s->ladder, wanted) == NULL) {
            print_error("%s, then %s: not %s%s", act_name[a], act_name[b], wanted, s->ladder);
            fail();
        }
        calm(s, cell, act_name[b]);
        sim_free(s);
    }
}

#define CHOICES 6 /* deliveries for which the first or the second in flight is chosen */
#define LOSSES  9 /* of the first so many deliveries each is lost once */

/* One cell in every order of arrival, and with each single message lost. */
static void orders_and_losses(enum act a, enum act b)
{
    char what[120];

    for (unsigned run = 0; run < 1u << CHOICES; run++) {
        for (int lost = -1; lost < LOSSES; lost++) {
            if (lost >= 0 && run > 1) {
                break; /* losses in the two plain orders of arrival */
            }
            struct sim *s = collide(a, b);
            for (int step = 0; step < LOSSES && sim_in_flight(s) > 0; step++) {
                const bool second =
                    step < CHOICES && (run >> step & 1u) != 0 && sim_in_flight(s) > 1;
                if (step == lost) {
                    sim_drop(s, second ? 1 : 0);
                } else {
                    (void)sim_deliver(s, second ? 1 : 0);
                }
            }
            (void)snprintf(what, sizeof(what), "%s, %s, order %u, lost %d", act_name[a],
                           act_name[b], run, lost);
            calm(s, &table[a][b], what);
            sim_free(s);
        }
    }
}

#define ROW(name, row)                                                                             \
    static void name##_answers(void **state)                                                       \
    {                                                                                              \
        (void)state;                                                                               \
        answers(row);                                                                              \
    }                                                                                              \
    static void name##_in_every_order_and_with_each_loss(void **state)                             \
    {                                                                                              \
        (void)state;                                                                               \
        for (unsigned b = 0; b < ACTS; b++) {                                                      \
            orders_and_losses(row, (enum act)b);                                                   \
        }                                                                                          \
    }

ROW(create_child, CREATE)
ROW(coll_07_coll_10_rekey_child, REKEY_CHILD)
ROW(coll_04_coll_08_coll_12_coll_13_rekey_ike_sa, REKEY_IKE)
ROW(coll_05_info_04_delete_child, DELETE_CHILD)
ROW(coll_09_coll_11_delete_ike_sa, DELETE_IKE)
ROW(liveness, PROBE)

#define ROW_TESTS(name)                                                                            \
    cmocka_unit_test(name##_answers), cmocka_unit_test(name##_in_every_order_and_with_each_loss)

/* The document's rows, from the table: what people read is what is tested. */
static void print_table(void)
{
    printf("| in flight here | asked by the peer | answer | then IKE SAs | children |\n");
    printf("|---|---|---|---|---|\n");
    for (unsigned a = 0; a < ACTS; a++) {
        for (unsigned b = 0; b < ACTS; b++) {
            const struct cell *cell = &table[a][b];
            printf("| %s | %s | %s | %u | %u |\n", act_name[a], act_name[b],
                   cell->answer[0] == '\0' ? "(empty)" : cell->answer, cell->sas, cell->children);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ROW_TESTS(create_child),
        ROW_TESTS(coll_07_coll_10_rekey_child),
        ROW_TESTS(coll_04_coll_08_coll_12_coll_13_rekey_ike_sa),
        ROW_TESTS(coll_05_info_04_delete_child),
        ROW_TESTS(coll_09_coll_11_delete_ike_sa),
        ROW_TESTS(liveness),
    };

    if (argc > 1 && strcmp(argv[1], "--table") == 0) {
        print_table();
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
