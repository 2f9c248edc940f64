/* SPDX-License-Identifier: Apache-2.0
 *
 * INVALID_SYNTAX ends the IKE SA on both ends, without a delete. RFC 7296 2.21.3.
 */
#include "sim_test.h"

#include "ike_header.h"
#include "payload.h"

#define SK_BODY (28 + 4 + 16) /* AES-CBC */

/* A payload of the only datagram in flight, which nothing has ciphered. */
static uint8_t *payload_in_flight(struct sim *s, uint8_t type, size_t *length)
{
    static struct ipseci_payloads payloads; /* large */

    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        struct sim_datagram *d = &s->queue[i];
        if (!d->used) {
            continue;
        }
        const size_t padded = d->length - SK_BODY - 16;
        const size_t plain = padded - 1 - d->octets[SK_BODY + padded - 1];
        const struct ipsec_view inside = {d->octets + SK_BODY, plain};
        assert_int_equal(ipseci_payloads_parse(d->octets[28], inside, &payloads, NULL), IPSEC_OK);
        const struct ipseci_payload *p = ipseci_payload_find(&payloads, type);
        assert_non_null(p);
        *length = p->body.length;
        return d->octets + (size_t)(p->body.data - d->octets);
    }
    fail();
    return NULL;
}

static struct sim *clear_sim(void)
{
    struct sim *s = sim_new(1);

    s->nodes[SIM_A].crypto.tags_pass = true;
    s->nodes[SIM_B].crypto.tags_pass = true;
    sim_start(s);
    (void)sim_connect(s);
    assert_null(sim_disagreement(s, 1, 1));
    s->held = true;
    return s;
}

static void both_ends_close(struct sim *s)
{
    s->held = false;
    sim_run(s, 1000);
    assert_non_null(strstr(s->ladder, "SK{N(INVALID_SYNTAX)}"));
    assert_null(sim_disagreement(s, 0, 0));
    for (int i = 0; i < 2; i++) {
        assert_true(s->nodes[i].has_failure);
        assert_int_equal(s->nodes[i].failure.notify, 7);
        assert_int_equal(s->nodes[i].last_reason, IPSEC_REASON_FAILURE);
    }
    sim_free(s);
}

static void rekey_child(struct sim *s)
{
    struct sim_node *a = &s->nodes[SIM_A];

    (void)ipsec_ike_rekey_child(a->ike, sim_child_in(a, IPSEC_CHILD_INSTALLED), 0, s->now);
}

/* CHILD-11, SK-09 */
static void child_11_short_nonce(void **state)
{
    struct sim *s = clear_sim();
    size_t length;

    (void)state;
    rekey_child(s);
    uint8_t *nonce = payload_in_flight(s, IPSECI_PAYLOAD_NONCE, &length);
    /* a nonce of 15 octets, and what follows it as a vendor ID */
    nonce[-1] = 4 + 15;
    nonce[15] = nonce[-4];
    nonce[-4] = 43;
    nonce[16] = 0;
    nonce[17] = 0;
    nonce[18] = (uint8_t)(length - 15);
    both_ends_close(s);
}

static void init_23_public_value_of_a_child(void **state)
{
    struct sim *s = clear_sim();
    size_t length;

    (void)state;
    rekey_child(s);
    uint8_t *ke = payload_in_flight(s, IPSECI_PAYLOAD_KE, &length);
    memset(ke + 4, 0, length - 4);
    both_ends_close(s);
}

static void init_23_public_value_of_an_ike_rekey(void **state)
{
    struct sim *s = clear_sim();
    size_t length;

    (void)state;
    (void)ipsec_ike_rekey(s->nodes[SIM_A].ike, sim_sa(&s->nodes[SIM_A], 0), s->now);
    uint8_t *ke = payload_in_flight(s, IPSECI_PAYLOAD_KE, &length);
    memset(ke + 4, 0, length - 4);
    both_ends_close(s);
}

/* SK-09: two nonces and no KE. */
static void sk_09_doubled_payload(void **state)
{
    struct sim *s = clear_sim();
    size_t length;

    (void)state;
    (void)ipsec_ike_rekey(s->nodes[SIM_A].ike, sim_sa(&s->nodes[SIM_A], 0), s->now);
    uint8_t *nonce = payload_in_flight(s, IPSECI_PAYLOAD_NONCE, &length);
    assert_int_equal(nonce[-4], IPSECI_PAYLOAD_KE);
    nonce[-4] = IPSECI_PAYLOAD_NONCE;
    both_ends_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_11_short_nonce),
        cmocka_unit_test(init_23_public_value_of_a_child),
        cmocka_unit_test(init_23_public_value_of_an_ike_rekey),
        cmocka_unit_test(sk_09_doubled_payload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
