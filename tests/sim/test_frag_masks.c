/* SPDX-License-Identifier: Apache-2.0
 *
 * Every pattern of losses over exchanges that go in fragments. When the network has calmed down
 * both ends agree, the tunnel carries, and nothing leaks. RFC 7383 2.6.
 */
#include "frag_kit.h"

#define PATIENT 14 /* retransmissions: more than a mask can lose */

typedef void (*action)(struct sim *s);

static void patient(struct sim *s)
{
    frag_set_up(s);
    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.retransmit_max = PATIENT;
        s->nodes[i].config.retransmit_first_ms = 500;
        s->nodes[i].config.retransmit_factor_percent = 120;
        s->nodes[i].config.half_open_ms = 60000;
        s->nodes[i].peer.liveness_ms = IPSEC_LIVENESS_OFF; /* no probes that the mask would lose */
    }
}

static void run_mask(action begin, bool set_up_before, uint64_t mask)
{
    struct sim *s = sim_new(mask + 1);

    patient(s);
    sim_start(s);
    if (set_up_before) {
        (void)sim_connect(s);
    }
    sim_ladder_clear(s);
    s->loss_mask = mask;
    s->loss_first = s->sent;
    begin(s);
    for (int i = 0; i < 40; i++) {
        sim_traffic(s);
        sim_run(s, 1000);
    }
    s->loss_mask = 0;
    sim_run(s, 100000); /* a replaced SA whose delete never comes ends by itself */
    const char *wrong = sim_disagreement(s, 1, 1);
    wrong = wrong != NULL ? wrong : sim_dead(s);
    if (wrong == NULL && frag_ladder_count(s, ": SKF 3/") < 2) {
        wrong = "nothing went in fragments";
    }
    if (wrong != NULL) {
        print_error("mask 0x%llx: %s\n%s", (unsigned long long)mask, wrong, s->ladder);
        fail();
    }
    sim_free(s);
}

static void all_masks(action begin, bool set_up_before, uint32_t bits)
{
    for (uint64_t mask = 0; mask < (uint64_t)1 << bits; mask++) {
        run_mask(begin, set_up_before, mask);
    }
}

static void connect_a(struct sim *s)
{
    struct sim_node *a = A(s);
    ipsec_handle sa;

    assert_int_equal(ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa), IPSEC_OK);
}

static void rekey_ike_b(struct sim *s)
{
    assert_int_equal(ipsec_ike_rekey(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
}

static void rekey_child_both(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        assert_int_equal(
            ipsec_ike_rekey_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), 0, s->now),
            IPSEC_OK);
    }
}

/* Both IKE_SA_INIT messages, three fragments each way, and the first of what is sent again. */
static void frag_02_frag_06_ike_auth_with_every_loss(void **state)
{
    (void)state;
    all_masks(connect_a, false, 12);
}

static void frag_02_ike_rekey_with_every_loss(void **state)
{
    (void)state;
    all_masks(rekey_ike_b, true, 10);
}

static void frag_02_child_rekey_by_both_with_every_loss(void **state)
{
    (void)state;
    all_masks(rekey_child_both, true, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frag_02_frag_06_ike_auth_with_every_loss),
        cmocka_unit_test(frag_02_ike_rekey_with_every_loss),
        cmocka_unit_test(frag_02_child_rekey_by_both_with_every_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
