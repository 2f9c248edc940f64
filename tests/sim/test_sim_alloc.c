/* SPDX-License-Identifier: Apache-2.0
 *
 * After ipsec_ike_init the core allocates nothing: every malloc of the process is counted through
 * set-up, rekeys, deletes, losses and failures. The provider here has its own arena, and the
 * simulator does without malloc, too.
 */
#include "allocations.h"
#include "sim_test.h"

static void do_everything(struct sim *s)
{
    struct sim_node *a = &s->nodes[SIM_A];
    struct sim_node *b = &s->nodes[SIM_B];

    (void)sim_connect(s);
    for (int i = 0; i < 20; i++) {
        sim_traffic(s);
        (void)ipsec_ike_rekey_child(b->ike, sim_child_in(b, IPSEC_CHILD_INSTALLED), 0, s->now);
        sim_run(s, 5000);
        (void)ipsec_ike_rekey(a->ike, sim_sa(a, IPSEC_IKE_ESTABLISHED), s->now);
        sim_run(s, 5000);
        s->loss_percent = 20;
    }
    s->loss_percent = 0;
    sim_run(s, 100000);
    (void)ipsec_ike_delete(a->ike, sim_sa(a, 0), s->now);
    sim_run(s, 10000);
    b->secret = "wrong";
    (void)sim_connect(s);
    sim_ike_proposals(b, "aes128-sha256-ecp256");
    (void)sim_connect(s);
    sim_run(s, 100000);
}

static void nothing_is_allocated_after_init(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    /* Counting works. */
    allocations = 0;
    void *volatile one = malloc(1); /* not left out by the compiler */
    free(one);
    assert_int_equal(allocations, 1);
    s->no_malloc = true;
    sim_start(s);
    allocations = 0;
    do_everything(s);
    const unsigned counted = allocations;
    assert_int_equal(counted, 0);
    assert_true(s->nodes[SIM_A].events[IPSEC_EVENT_IKE_REKEYED] >= 5);
    assert_int_equal(s->nodes[SIM_A].failure.cause, IPSEC_CAUSE_NO_PROPOSAL);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_allocated_after_init),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
