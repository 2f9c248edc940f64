/* SPDX-License-Identifier: Apache-2.0
 *
 * Children at the edges: answers that do not fit, an IKE SA that closes meanwhile, long deletes,
 * and failures that end without anybody having said so. RFC 7296 1.3, 1.4.1, 2.25.
 */
#include "sim_test.h"

#include "ike_header.h"
#include "ike_state.h"
#include "payload.h"
#include "small_payloads.h"

static struct sim_node *A(struct sim *s)
{
    return &s->nodes[SIM_A];
}

static struct sim_node *B(struct sim *s)
{
    return &s->nodes[SIM_B];
}

/* An answer that fits before it is sealed and not after must not leave a child behind each time the
 * request comes. */
static void child_14_answer_that_does_not_fit(void **state)
{
    static const char *const lan[] = {"fd00:2:0:1::/64", "fd00:2:0:3::/64", "fd00:2:0:5::/64",
                                      "fd00:2:0:7::/64"};
    struct sim *s = sim_new(1);

    (void)state;
    B(s)->config.message_bytes = 576;
    sim_child_ts(&A(s)->child[0], "fd00:1::/64", "fd00:2::/48");
    sim_child_ts(&B(s)->child[0], lan[0], "fd00:1::/64");
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ipsec_selector_parse(lan[i], &B(s)->child[0].local_ts.item[i]), IPSEC_OK);
    }
    B(s)->child[0].local_ts.count = 4;
    sim_start(s);
    (void)sim_connect(s);
    assert_null(sim_disagreement(s, 1, 1));
    (void)ipsec_ike_rekey_child(A(s)->ike, sim_child_in(A(s), IPSEC_CHILD_INSTALLED), 0, s->now);
    sim_run(s, 20000);
    assert_int_equal(sim_sink_count(B(s)), 1);
    sim_free(s);
}

/* A child that comes when its IKE SA is closing is not brought up any more. */
static void child_answer_while_the_ike_sa_closes(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    B(s)->peer.child_count = 2;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    s->held = true;
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[1], s->now), IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    assert_int_equal(sim_sink_count(B(s)), 2);
    (void)ipsec_ike_delete(A(s)->ike, sa, s->now);
    assert_int_equal(sim_sink_count(A(s)), 0);
    const uint32_t up = A(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED];
    assert_true(sim_deliver(s, 0));
    assert_int_equal(sim_sink_count(A(s)), 0);
    assert_int_equal(A(s)->events[IPSEC_EVENT_CHILD_ESTABLISHED], up);
    s->held = false;
    sim_run(s, 1000);
    assert_null(sim_disagreement(s, 0, 0));
    sim_free(s);
}

/* The same with the key exchange still out: nothing is asked for any more. */
static void child_start_while_the_ike_sa_closes(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    B(s)->peer.child_count = 2;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    A(s)->take_jobs = true;
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[1], s->now), IPSEC_OK);
    assert_int_equal(A(s)->job_count, 1);
    (void)ipsec_ike_delete(A(s)->ike, sa, s->now);
    sim_ladder_clear(s);
    (void)sim_job_done(A(s));
    sim_run(s, 1000);
    sim_assert_ladder(s, "A INFORMATIONAL request 2: SK{D}\nB INFORMATIONAL response 2: SK{}\n");
    assert_null(sim_disagreement(s, 0, 0));
    sim_free(s);
}

/* ---- deletes -----------------------------------------------------------------------------------
 */

#define MANY 10

/* A's delete of those SPIs, as the next request; B takes any tag. */
static enum ipsec_status inject_delete(struct sim *s, const uint32_t *spi, uint16_t count)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED));
    const struct ipseci_ike_header header = {.spi_i = sa->spi_i,
                                             .spi_r = sa->spi_r,
                                             .next_payload = IPSECI_PAYLOAD_SK,
                                             .version = IPSECI_IKE_VERSION,
                                             .exchange = IPSECI_EXCHANGE_INFORMATIONAL,
                                             .flags = IPSECI_FLAG_INITIATOR,
                                             .message_id = sa->request_id};
    const size_t plain = 8 + 4 * (size_t)count;
    const size_t padded = (plain + 16) / 16 * 16;
    static const uint8_t zero[64];
    static struct sim_datagram d;
    struct ipseci_writer w = ipseci_writer_init(d.octets, sizeof(d.octets));

    ipseci_ike_header_build(&w, &header);
    ipseci_write8(&w, IPSECI_PAYLOAD_DELETE);
    ipseci_write8(&w, 0);
    ipseci_write16(&w, (uint16_t)(4 + 16 + padded + 16));
    ipseci_write_bytes(&w, zero, 16);
    ipseci_write16(&w, IPSECI_PAYLOAD_NONE << 8);
    ipseci_write16(&w, (uint16_t)plain);
    ipseci_delete_build_esp(&w, spi, count);
    ipseci_write_bytes(&w, zero, padded - plain - 1);
    ipseci_write8(&w, (uint8_t)(padded - plain - 1));
    ipseci_write_bytes(&w, zero, 16);
    ipseci_ike_header_finish(&w, 0);
    d.length = (uint32_t)w.used;
    d.local = sa->remote;
    d.remote = sa->local;
    return sim_inject(s, SIM_B, &d);
}

/* INFO-03: a delete of many children leaves none of them behind. */
static void info_03_delete_of_many(void **state)
{
    struct sim *s = sim_new(1);
    uint32_t spi[MANY];
    uint16_t count = 0;

    (void)state;
    B(s)->peer.child_count = 2;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    for (int i = 1; i < MANY; i++) {
        assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[1], s->now), IPSEC_OK);
        sim_run(s, 1000);
    }
    assert_int_equal(sim_sink_count(B(s)), MANY);
    for (size_t i = 0; i < SIM_CHILDREN_MAX; i++) {
        if (B(s)->sink[i].used) {
            spi[count++] = B(s)->sink[i].sa.spi_out;
        }
    }
    assert_int_equal(count, MANY);
    B(s)->crypto.tags_pass = true;
    s->held = true;
    assert_int_equal(inject_delete(s, spi, count), IPSEC_OK);
    assert_int_equal(sim_sink_count(B(s)), 0);
    sim_free(s);
}

/* ---- failures ----------------------------------------------------------------------------------
 */

/* COLL-14: a peer that always says TEMPORARY_FAILURE ends in a report. */
static void coll_14_temporary_for_ever(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    B(s)->peer.child_count = 2;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    struct ipseci_ike_sa *busy = ipseci_sa_get(B(s)->ike, sim_sa(B(s), IPSEC_IKE_ESTABLISHED));
    busy->task = IPSECI_TASK_IKE_REKEY; /* one that never ends */
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[1], s->now), IPSEC_OK);
    sim_run(s, 120000);
    busy->task = IPSECI_TASK_NONE;
    assert_true(A(s)->has_failure);
    assert_int_equal(A(s)->failure.phase, IPSEC_PHASE_CHILD_CREATE);
    assert_int_equal(A(s)->failure.notify, 43);
    assert_ptr_equal(A(s)->failure.child, &A(s)->child[1]);
    assert_null(sim_disagreement(s, 1, 1));
    sim_free(s);
}

/* No key exchange to be had here, again and again: reported as well. */
static void child_without_a_key_exchange(void **state)
{
    struct sim *s = sim_up(1);

    (void)state;
    A(s)->crypto.kes_left = 0;
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sim_sa(A(s), 0), &A(s)->child[1], s->now),
                     IPSEC_OK);
    sim_run(s, 120000);
    assert_true(A(s)->has_failure);
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_RESOURCE);
    assert_ptr_equal(A(s)->failure.child, &A(s)->child[1]);
    assert_null(sim_disagreement(s, 1, 1));
    sim_free(s);
}

/* A child of which nothing is built in is refused here, not offered empty. */
static void child_with_nothing_built_in(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    assert_int_equal(ipsec_proposals_parse("chacha20poly1305", IPSEC_PROTOCOL_ESP,
                                           &A(s)->esp_proposals[1], NULL),
                     IPSEC_OK);
    A(s)->crypto.absent[0] = A(s)->esp_proposals[1].item[0].transform[0];
    A(s)->crypto.absent[0].key_bits = 0;
    A(s)->crypto.absent_count = 1;
    sim_start(s);
    const ipsec_handle sa = sim_connect(s);
    sim_ladder_clear(s);
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sa, &A(s)->child[1], s->now),
                     IPSEC_ERR_NOT_BUILT_IN);
    sim_run(s, 1000);
    sim_assert_ladder(s, "");
    assert_int_equal(A(s)->failure.cause, IPSEC_CAUSE_NOT_BUILT_IN);
    A(s)->peer.child_count = 2;
    ipsec_handle second;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &second),
                     IPSEC_ERR_NOT_BUILT_IN);
    sim_free(s);
}

/* An end without room for the child that its answer brings tells the peer, be it later: here no
 * random octets are to be had when it wants to. */
static void child_delete_that_can_not_be_sent_at_once(void **state)
{
    struct sim *s = sim_new(1);
    ipsec_handle sa;

    (void)state;
    A(s)->config.child_max = 1;
    A(s)->peer.no_initial_contact = B(s)->peer.no_initial_contact = true;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    sim_start(s);
    (void)sim_connect(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(A(s)->ike, &A(s)->peer, s->now, &sa), IPSEC_OK);
    for (int i = 0; i < 3; i++) {
        assert_true(sim_deliver(s, 0));
    }
    assert_int_equal(sim_sink_count(B(s)), 2);
    const uint32_t sent = s->sent;
    A(s)->crypto.random_fails = true;
    assert_true(sim_deliver(s, 0));
    assert_int_equal(s->sent, sent);
    A(s)->crypto.random_fails = false;
    s->held = false;
    sim_run(s, 10000);
    assert_int_equal(sim_sink_count(B(s)), 1);
    assert_null(sim_disagreement(s, 2, 1));
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_14_answer_that_does_not_fit),
        cmocka_unit_test(child_answer_while_the_ike_sa_closes),
        cmocka_unit_test(child_start_while_the_ike_sa_closes),
        cmocka_unit_test(info_03_delete_of_many),
        cmocka_unit_test(coll_14_temporary_for_ever),
        cmocka_unit_test(child_without_a_key_exchange),
        cmocka_unit_test(child_with_nothing_built_in),
        cmocka_unit_test(child_delete_that_can_not_be_sent_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
