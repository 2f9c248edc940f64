/* SPDX-License-Identifier: Apache-2.0
 *
 * First contact: what forged answers may not do, and what INITIAL_CONTACT may not say.
 * RFC 7296 2.4, 2.21.1.
 */
#include "sim_test.h"

#include "ike_header.h"
#include "payload.h"

static struct sim_datagram copy_of_only(const struct sim *s)
{
    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        if (s->queue[i].used) {
            return s->queue[i];
        }
    }
    fail();
    return s->queue[0];
}

/* Overwrites the public value. */
static void spoil_ke(struct sim_datagram *d, uint8_t with)
{
    const struct ipsec_view raw = {d->octets, d->length};
    struct ipseci_ike_header header;
    static struct ipseci_payloads payloads; /* large */

    assert_int_equal(ipseci_ike_header_parse(raw, &header), IPSEC_OK);
    assert_int_equal(ipseci_message_parse(raw, &header, &payloads), IPSEC_OK);
    const struct ipseci_payload *ke = ipseci_payload_find(&payloads, IPSECI_PAYLOAD_KE);
    assert_non_null(ke);
    const size_t at = (size_t)(ke->body.data - d->octets) + 4;
    memset(d->octets + at, with, ke->body.length - 4);
}

/* INIT-23, INIT-29: an answer with a public value that is none is dropped, and the good one that
 * follows still counts. */
static void forged_answer_first(bool as_job)
{
    struct sim *s = sim_new(1);
    struct sim_node *a = &s->nodes[SIM_A];
    ipsec_handle sa;

    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa), IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    struct sim_datagram forged = copy_of_only(s);
    spoil_ke(&forged, 0);
    a->take_jobs = as_job;
    if (as_job) {
        assert_int_equal(sim_inject(s, SIM_A, &forged), IPSEC_PENDING);
        (void)sim_job_done(a);
        a->take_jobs = false;
    } else {
        assert_int_equal(sim_inject(s, SIM_A, &forged), IPSEC_DROP_KE);
    }
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void init_23_init_29_forged_answer_first(void **state)
{
    (void)state;
    forged_answer_first(false);
}

static void init_23_init_29_forged_answer_first_as_job(void **state)
{
    (void)state;
    forged_answer_first(true);
}

/* AUTH-30: a second SA beside a living one is not the only one, and does not say so. */
static void auth_30_second_sa_is_no_initial_contact(void **state)
{
    struct sim *s = sim_up(1);

    (void)state;
    (void)sim_connect(s);
    assert_null(strstr(s->ladder, "INITIAL_CONTACT"));
    assert_null(sim_disagreement(s, 2, 2));
    sim_free(s);
}

/* COOKIE-01: who floods from forged addresses gets cookies, and does not keep out who answers. */
static void cookie_01_flood_does_not_keep_out(void **state)
{
    struct sim *s = sim_new(1);
    struct sim_node *a = &s->nodes[SIM_A];
    struct sim_node *b = &s->nodes[SIM_B];
    ipsec_handle sa;

    (void)state;
    b->config.cookie_threshold = 1;
    b->config.first_contact_per_s = 10;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa), IPSEC_OK);
    struct sim_datagram forged = copy_of_only(s);
    for (uint32_t i = 0; i < 100; i++) {
        forged.octets[0] = (uint8_t)(i + 1); /* SPI */
        forged.remote.addr.bytes[3] = (uint8_t)(i + 100);
        assert_int_equal(sim_inject(s, SIM_B, &forged), IPSEC_DROP_COOKIE);
        sim_drop(s, 1); /* the demand */
    }
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* An answer to nobody in particular is not longer than what asked for it. */
static void cookie_01_no_amplification(void **state)
{
    struct sim *s = sim_new(1);
    struct sim_node *a = &s->nodes[SIM_A];
    struct sim_datagram nonce_only;
    ipsec_handle sa;

    (void)state;
    s->nodes[SIM_B].config.cookie_threshold = 1;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa), IPSEC_OK);
    nonce_only = copy_of_only(s);
    sim_drop(s, 0);
    struct ipseci_writer w = ipseci_writer_init(nonce_only.octets + 16, 64);
    ipseci_write32(&w, 0x28202208); /* nonce first, 2.0, IKE_SA_INIT, I */
    ipseci_write32(&w, 0);
    ipseci_write32(&w, 48);
    ipseci_write32(&w, 20); /* a nonce of 16 octets */
    nonce_only.length = 48;
    assert_int_equal(sim_inject(s, SIM_B, &nonce_only), IPSEC_DROP_PAYLOADS);
    assert_int_equal(sim_in_flight(s), 0);
    sim_free(s);
}

/* COOKIE-05: a cookie of long ago is none, even when nobody came meanwhile. */
static void cookie_05_expired_in_silence(void **state)
{
    struct sim *s = sim_new(1);
    struct sim_node *a = &s->nodes[SIM_A];
    ipsec_handle sa;

    (void)state;
    s->nodes[SIM_B].config.cookie_threshold = 1;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa), IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    assert_true(sim_deliver(s, 0));
    const struct sim_datagram with_cookie = copy_of_only(s);
    s->now += 600000;
    assert_int_equal(sim_inject(s, SIM_B, &with_cookie), IPSEC_DROP_COOKIE);
    sim_free(s);
}

/* INFO-12: what the restarted peer has forgotten makes room for what it asks for. */
static void info_12_initial_contact_makes_room(void **state)
{
    struct sim *s = sim_new(1);
    struct sim_node *a = &s->nodes[SIM_A];

    (void)state;
    s->nodes[SIM_B].children_max = 1;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    assert_int_equal(ipsec_ike_forget_peer(a->ike, &a->peer, s->now), IPSEC_OK);
    (void)sim_connect(s);
    assert_int_equal(s->nodes[SIM_B].last_reason, IPSEC_REASON_INITIAL_CONTACT);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void nothing_instead_of_an_engine_or_peer(void **state)
{
    struct sim *s = sim_new(1);
    struct sim_node *b = &s->nodes[SIM_B];
    ipsec_handle sa;

    (void)state;
    assert_int_equal(ipsec_ike_rekey(NULL, 1, 0), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_ike_delete(NULL, 1, 0), IPSEC_ERR_ARGUMENT);
    b->pend_peer = true; /* a half-open SA without a peer */
    sim_start(s);
    assert_int_equal(ipsec_ike_initiate(s->nodes[SIM_A].ike, &s->nodes[SIM_A].peer, s->now, &sa),
                     IPSEC_OK);
    sim_run(s, 100);
    assert_int_not_equal(sim_sa(b, 0), 0);
    assert_int_equal(ipsec_ike_forget_peer(b->ike, NULL, s->now), IPSEC_ERR_ARGUMENT);
    assert_int_not_equal(sim_sa(b, 0), 0);
    sim_free(s);
}

static uint32_t secrets_asked;

static enum ipsec_status count_secrets(void *user, uint32_t token,
                                       const struct ipsec_secret_query *query,
                                       struct ipsec_secret *secret)
{
    const struct sim_node *n = user;

    (void)token;
    (void)query;
    secrets_asked++;
    secret->length = strlen(n->secret);
    memcpy(secret->bytes, n->secret, secret->length);
    return IPSEC_OK;
}

/* AUTH-07: an IKE_AUTH request that failed here leaves no answers behind for the next one, which
 * may come with another identity. */
static void auth_07_each_request_is_asked_for_anew(void **state)
{
    struct sim *s = sim_new(1);
    struct sim_node *a = &s->nodes[SIM_A];
    struct sim_node *b = &s->nodes[SIM_B];
    ipsec_handle sa;

    (void)state;
    b->config.callbacks.find_secret = count_secrets;
    secrets_asked = 0;
    sim_start(s);
    s->held = true;
    assert_int_equal(ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa), IPSEC_OK);
    assert_true(sim_deliver(s, 0));
    assert_true(sim_deliver(s, 0));
    b->crypto.random_fails = true; /* the answer can not be sealed */
    assert_true(sim_deliver(s, 0));
    assert_int_equal(secrets_asked, 1);
    assert_int_equal(sim_sink_count(b), 0);
    b->crypto.random_fails = false;
    s->held = false;
    sim_run(s, 2500); /* the retransmission */
    assert_int_equal(secrets_asked, 2);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auth_07_each_request_is_asked_for_anew),
        cmocka_unit_test(info_12_initial_contact_makes_room),
        cmocka_unit_test(nothing_instead_of_an_engine_or_peer),
        cmocka_unit_test(cookie_05_expired_in_silence),
        cmocka_unit_test(cookie_01_flood_does_not_keep_out),
        cmocka_unit_test(cookie_01_no_amplification),
        cmocka_unit_test(init_23_init_29_forged_answer_first),
        cmocka_unit_test(init_23_init_29_forged_answer_first_as_job),
        cmocka_unit_test(auth_30_second_sa_is_no_initial_contact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
