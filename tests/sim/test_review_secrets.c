/* SPDX-License-Identifier: Apache-2.0
 *
 * What an engine that is at rest still holds in its block: no pre-shared key, no key of a child, no
 * key of an IKE SA but SK_d.
 */
#include "sim_test.h"

#include "step.h"

static bool holds(const struct sim_node *n, const void *secret, size_t length)
{
    const uint8_t *block = n->block;
    size_t bytes = 0;

    assert_int_equal(ipsec_ike_size(&n->config, &bytes), IPSEC_OK);
    for (size_t i = 0; i + length <= bytes; i++) {
        if (memcmp(block + i, secret, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_zero(const void *data, size_t length)
{
    const uint8_t *octet = data;

    for (size_t i = 0; i < length; i++) {
        if (octet[i] != 0) {
            return false;
        }
    }
    return true;
}

static void assert_clean(const struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        const struct sim_node *n = &s->nodes[i];
        assert_false(holds(n, n->secret, strlen(n->secret)));
        assert_true(is_zero(&n->ike->step->keys, sizeof(n->ike->step->keys)));
        assert_true(is_zero(&n->ike->step->new_ike.keys, sizeof(n->ike->step->new_ike.keys)));
        for (size_t k = 0; k < SIM_CHILDREN_MAX; k++) {
            const struct sim_child *c = &n->sink[k];
            if (c->used) {
                assert_false(holds(n, c->keys[0], c->sa.encr_key_in.length));
                assert_false(holds(n, c->keys[1], c->sa.integ_key_in.length));
                assert_false(holds(n, c->keys[2], c->sa.encr_key_out.length));
                assert_false(holds(n, c->keys[3], c->sa.integ_key_out.length));
            }
        }
    }
}

static void sec_03_secrets_are_gone_after_setup(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    sim_start(s);
    (void)sim_connect(s);
    assert_null(sim_disagreement(s, 1, 1));
    assert_clean(s);
    sim_free(s);
}

static void sec_03_secrets_are_gone_after_a_child_rekey(void **state)
{
    struct sim *s = sim_up(1);
    struct sim_node *a = &s->nodes[SIM_A];

    (void)state;
    s->held = true;
    (void)ipsec_ike_rekey_child(a->ike, sim_child_in(a, IPSEC_CHILD_INSTALLED), 0, s->now);
    (void)sim_deliver(s, 0);
    sim_drop(s, 0); /* the last step of B was the answer */
    assert_clean(s);
    sim_free(s);
}

static void sec_03_secrets_are_gone_after_an_ike_rekey(void **state)
{
    struct sim *s = sim_up(1);
    struct sim_node *a = &s->nodes[SIM_A];

    (void)state;
    s->held = true;
    (void)ipsec_ike_rekey(a->ike, sim_sa(a, IPSEC_IKE_ESTABLISHED), s->now);
    (void)sim_deliver(s, 0);
    sim_drop(s, 0);
    assert_clean(s);
    sim_free(s);
}

static void sec_03_secrets_are_gone_after_a_failure(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    s->nodes[SIM_B].secret = "another pre-shared key, also long";
    sim_start(s);
    (void)sim_connect(s);
    assert_int_equal(sim_sa(&s->nodes[SIM_A], 0), 0);
    assert_clean(s);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sec_03_secrets_are_gone_after_setup),
        cmocka_unit_test(sec_03_secrets_are_gone_after_a_child_rekey),
        cmocka_unit_test(sec_03_secrets_are_gone_after_an_ike_rekey),
        cmocka_unit_test(sec_03_secrets_are_gone_after_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
