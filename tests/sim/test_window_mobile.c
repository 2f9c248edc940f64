/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses and a wide window: of requests that come out of order the newest says where the peer
 * is, whenever it came. RFC 7296 2.23, RFC 4555 3.5.
 */
#include "sim_mobile.h"

#define ID_AT   20
#define MARKER  4
#define FURTHER "203.0.113.99"

static uint8_t *id_at(struct sim_datagram *d)
{
    return d->octets + (d->local.port == 4500 ? MARKER : 0) + ID_AT;
}

/* A's request as if sent so much later from that address; its answer is lost. */
static void asked(struct sim *s, const struct sim_datagram *request, uint8_t later,
                  const char *from)
{
    struct sim_datagram d = *request;

    id_at(&d)[3] = (uint8_t)(id_at(&d)[3] + later);
    d.remote = mobile_at(from);
    d.remote.port = request->remote.port;
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_OK);
}

/* Up with a window of four at B, and a request of A's that says where it is, unsent. */
static struct sim *moving(struct sim_datagram *update)
{
    struct sim *s = mobile_made();

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    B(s)->config.window = 4;
    mobile_start(s);
    s->held = true;
    assert_int_equal(mobile_move(A(s), NEW_A, NULL), IPSEC_OK);
    *update = *mobile_in_flight(s);
    sim_drop(s, 0);
    s->cut = true;
    assert_true(mobile_remote_is(B(s), OLD_A));
    return s;
}

static void msgid_12_natt_09_the_newest_update_counts(void **state)
{
    struct sim_datagram update;
    struct sim *s = moving(&update);

    (void)state;
    asked(s, &update, 2, FURTHER);
    assert_true(mobile_remote_is(B(s), FURTHER));
    asked(s, &update, 1, NEW_A); /* older, though it comes later */
    assert_true(mobile_remote_is(B(s), FURTHER));
    asked(s, &update, 3, NEW_A);
    assert_true(mobile_remote_is(B(s), NEW_A));
    asked(s, &update, 0, FURTHER);
    assert_true(mobile_remote_is(B(s), NEW_A));
    asked(s, &update, 4, OLD_A); /* and in order again */
    assert_true(mobile_remote_is(B(s), OLD_A));
    sim_free(s);
}

/* The same of a peer behind a NAT, whose address says itself where it is. */
static void msgid_12_natt_09_the_newest_request_is_followed(void **state)
{
    struct sim *s = sim_new(2);

    (void)state;
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    B(s)->config.window = 4;
    s->nat = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    s->held = true;
    assert_int_equal(ipsec_ike_probe(A(s)->ike, mobile_sa(A(s)), s->now), IPSEC_OK);
    const struct sim_datagram probe = *mobile_in_flight(s);
    sim_drop(s, 0);
    s->cut = true;
    asked(s, &probe, 1, FURTHER);
    assert_true(mobile_remote_is(B(s), FURTHER));
    asked(s, &probe, 0, NEW_A);
    assert_true(mobile_remote_is(B(s), FURTHER));
    asked(s, &probe, 2, NEW_A);
    assert_true(mobile_remote_is(B(s), NEW_A));
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(msgid_12_natt_09_the_newest_update_counts),
        cmocka_unit_test(msgid_12_natt_09_the_newest_request_is_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
