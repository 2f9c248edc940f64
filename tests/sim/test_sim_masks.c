/* SPDX-License-Identifier: Apache-2.0
 *
 * Every pattern of losses: for each exchange all masks over its first datagrams. When the network
 * has calmed down both ends agree, the tunnel carries, nothing leaks, and no ESP packet was lost on
 * the way. RFC 7296 2.1 to 2.4, 2.8.
 */
#include "sim_test.h"

#define MASK_BITS 10
#define PATIENT   12 /* retransmissions: more than a mask can lose */

/* What is started while the mask is on. */
typedef void (*action)(struct sim *s);

struct scenario {
    action begin;
    bool set_up_before;
    uint32_t bits;
    uint32_t sas;
    uint32_t children;
    bool may_lose_esp; /* one end has the child before, or after, the other */
};

static void patient(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.retransmit_max = PATIENT;
        s->nodes[i].config.retransmit_first_ms = 500;
        s->nodes[i].config.retransmit_factor_percent = 120;
        s->nodes[i].config.half_open_ms = 60000;
        s->nodes[i].peer.liveness_ms = IPSEC_LIVENESS_OFF; /* no probes that the mask would lose */
        sim_esp_proposals(&s->nodes[i], "aes256-sha256-modp2048,aes256-sha256");
    }
}

static void fail_with(struct sim *s, uint64_t mask, const char *wrong)
{
    print_error("mask 0x%llx: %s\n%s", (unsigned long long)mask, wrong, s->ladder);
    fail();
}

static void run_mask(const struct scenario *scenario, uint64_t mask)
{
    struct sim *s = sim_new(mask + 1);

    patient(s);
    s->nodes[SIM_B].peer.child_count = 2;
    sim_start(s);
    if (scenario->set_up_before) {
        (void)sim_connect(s);
        sim_traffic(s);
    }
    sim_ladder_clear(s);
    s->loss_mask = mask;
    s->loss_first = s->sent;
    scenario->begin(s);
    for (int i = 0; i < 60; i++) {
        sim_traffic(s);
        sim_run(s, 1000);
    }
    s->loss_mask = 0;
    sim_run(s, 100000); /* a replaced SA whose delete never comes ends by itself */
    const char *wrong = sim_disagreement(s, scenario->sas, scenario->children);
    if (wrong == NULL && scenario->children > 0) {
        wrong = sim_dead(s);
    }
    if (wrong == NULL && s->esp_lost != 0 && !scenario->may_lose_esp) {
        wrong = "ESP packets were lost";
    }
    if (wrong != NULL) {
        fail_with(s, mask, wrong);
    }
    sim_free(s);
}

static void all_masks(const struct scenario *scenario)
{
    const uint32_t bits = scenario->bits != 0 ? scenario->bits : MASK_BITS;

    for (uint64_t mask = 0; mask < (uint64_t)1 << bits; mask++) {
        run_mask(scenario, mask);
    }
}

/* ---- what is started ---------------------------------------------------------------------------
 */

static void connect_a(struct sim *s)
{
    struct sim_node *a = &s->nodes[SIM_A];
    ipsec_handle sa;

    assert_int_equal(ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa), IPSEC_OK);
}

static void rekey_child(struct sim *s, int by, uint32_t flags)
{
    struct sim_node *n = &s->nodes[by];

    assert_int_equal(
        ipsec_ike_rekey_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), flags, s->now),
        IPSEC_OK);
}

static void rekey_child_a(struct sim *s)
{
    rekey_child(s, SIM_A, 0);
}

static void rekey_child_b(struct sim *s)
{
    rekey_child(s, SIM_B, 0);
}

static void rekey_child_without_pfs(struct sim *s)
{
    rekey_child(s, SIM_A, IPSEC_REKEY_WITHOUT_PFS);
}

static void rekey_child_both(struct sim *s)
{
    rekey_child(s, SIM_A, 0);
    rekey_child(s, SIM_B, 0);
}

static void rekey_ike(struct sim *s, int by)
{
    struct sim_node *n = &s->nodes[by];

    assert_int_equal(ipsec_ike_rekey(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now), IPSEC_OK);
}

static void rekey_ike_a(struct sim *s)
{
    rekey_ike(s, SIM_A);
}

static void rekey_ike_b(struct sim *s)
{
    rekey_ike(s, SIM_B);
}

static void rekey_ike_both(struct sim *s)
{
    rekey_ike(s, SIM_A);
    rekey_ike(s, SIM_B);
}

static void rekey_ike_a_child_b(struct sim *s)
{
    rekey_ike(s, SIM_A);
    rekey_child(s, SIM_B, 0);
}

static void rekey_child_a_ike_b(struct sim *s)
{
    rekey_child(s, SIM_A, 0);
    rekey_ike(s, SIM_B);
}

static void create_child_a(struct sim *s)
{
    struct sim_node *a = &s->nodes[SIM_A];

    assert_int_equal(
        ipsec_ike_create_child(a->ike, sim_sa(a, IPSEC_IKE_ESTABLISHED), &a->child[1], s->now),
        IPSEC_OK);
}

static void delete_ike(struct sim *s, int by)
{
    struct sim_node *n = &s->nodes[by];

    assert_int_equal(ipsec_ike_delete(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now), IPSEC_OK);
}

static void delete_ike_a(struct sim *s)
{
    delete_ike(s, SIM_A);
}

static void delete_ike_both(struct sim *s)
{
    delete_ike(s, SIM_A);
    delete_ike(s, SIM_B);
}

static void delete_child(struct sim *s, int by)
{
    struct sim_node *n = &s->nodes[by];

    assert_int_equal(ipsec_ike_delete_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), s->now),
                     IPSEC_OK);
}

static void delete_child_a(struct sim *s)
{
    delete_child(s, SIM_A);
}

static void delete_child_both(struct sim *s)
{
    delete_child(s, SIM_A);
    delete_child(s, SIM_B);
}

static void reauthenticate(struct sim *s, int by)
{
    struct sim_node *n = &s->nodes[by];

    assert_int_equal(ipsec_ike_reauthenticate(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
}

static void reauthenticate_a(struct sim *s)
{
    reauthenticate(s, SIM_A);
}

static void reauthenticate_b(struct sim *s)
{
    reauthenticate(s, SIM_B);
}

static void reauthenticate_a_rekey_b(struct sim *s)
{
    reauthenticate(s, SIM_A);
    rekey_ike(s, SIM_B);
}

static void reauthenticate_a_child_b(struct sim *s)
{
    reauthenticate(s, SIM_A);
    rekey_child(s, SIM_B, 0);
}

/* ---- all masks ---------------------------------------------------------------------------------
 */

#define MASK_TEST(test, ...)                                                                       \
    static void test(void **state)                                                                 \
    {                                                                                              \
        const struct scenario scenario = {__VA_ARGS__};                                            \
        (void)state;                                                                               \
        all_masks(&scenario);                                                                      \
    }

MASK_TEST(msgid_01_set_up, connect_a, false, 0, 1, 1, true)
MASK_TEST(msgid_01_child_rekey_by_a, rekey_child_a, true, 0, 1, 1, false)
MASK_TEST(msgid_01_child_rekey_by_b, rekey_child_b, true, 0, 1, 1, false)
MASK_TEST(msgid_01_child_rekey_without_pfs, rekey_child_without_pfs, true, 0, 1, 1, false)
MASK_TEST(coll_01_child_rekey_by_both, rekey_child_both, true, 0, 1, 1, false)
MASK_TEST(msgid_01_ike_rekey_by_a, rekey_ike_a, true, 0, 1, 1, false)
MASK_TEST(msgid_01_ike_rekey_by_b, rekey_ike_b, true, 0, 1, 1, false)
MASK_TEST(coll_04_ike_rekey_by_both, rekey_ike_both, true, 0, 1, 1, false)
MASK_TEST(coll_10_ike_rekey_against_child_rekey, rekey_ike_a_child_b, true, 0, 1, 1, false)
MASK_TEST(coll_13_child_rekey_against_ike_rekey, rekey_child_a_ike_b, true, 0, 1, 1, false)
MASK_TEST(child_01_further_child, create_child_a, true, 8, 1, 2, true)
MASK_TEST(info_06_ike_delete, delete_ike_a, true, 0, 0, 0, true)
MASK_TEST(coll_09_ike_delete_by_both, delete_ike_both, true, 0, 0, 0, true)
MASK_TEST(info_03_child_delete, delete_child_a, true, 8, 1, 0, true)
MASK_TEST(info_04_child_delete_by_both, delete_child_both, true, 8, 1, 0, true)
/* The small library has none: it says so before it looks at anything. */
#define REAUTH_MASK_TEST(test, begin)                                                              \
    static void test(void **state)                                                                 \
    {                                                                                              \
        const struct scenario scenario = {begin, true, 0, 1, 1, false};                            \
        (void)state;                                                                               \
        if (ipsec_ike_reauthenticate(NULL, 0, 0) == IPSEC_ERR_NOT_BUILT_IN) {                      \
            skip();                                                                                \
        }                                                                                          \
        all_masks(&scenario);                                                                      \
    }

REAUTH_MASK_TEST(rekey_11_reauthentication_by_a, reauthenticate_a)
REAUTH_MASK_TEST(rekey_11_reauthentication_by_b, reauthenticate_b)
REAUTH_MASK_TEST(coll_10_reauthentication_against_ike_rekey, reauthenticate_a_rekey_b)
REAUTH_MASK_TEST(coll_10_reauthentication_against_child_rekey, reauthenticate_a_child_b)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(msgid_01_set_up),
        cmocka_unit_test(msgid_01_child_rekey_by_a),
        cmocka_unit_test(msgid_01_child_rekey_by_b),
        cmocka_unit_test(msgid_01_child_rekey_without_pfs),
        cmocka_unit_test(coll_01_child_rekey_by_both),
        cmocka_unit_test(msgid_01_ike_rekey_by_a),
        cmocka_unit_test(msgid_01_ike_rekey_by_b),
        cmocka_unit_test(coll_04_ike_rekey_by_both),
        cmocka_unit_test(coll_10_ike_rekey_against_child_rekey),
        cmocka_unit_test(coll_13_child_rekey_against_ike_rekey),
        cmocka_unit_test(child_01_further_child),
        cmocka_unit_test(info_06_ike_delete),
        cmocka_unit_test(coll_09_ike_delete_by_both),
        cmocka_unit_test(info_03_child_delete),
        cmocka_unit_test(info_04_child_delete_by_both),
        cmocka_unit_test(rekey_11_reauthentication_by_a),
        cmocka_unit_test(rekey_11_reauthentication_by_b),
        cmocka_unit_test(coll_10_reauthentication_against_ike_rekey),
        cmocka_unit_test(coll_10_reauthentication_against_child_rekey),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
