/* SPDX-License-Identifier: Apache-2.0
 *
 * A responder's window of more than one request: any order within it, each answer under the ID of
 * its request and kept as long as it may be asked for, and what closes a window. RFC 7296 2.1 to
 * 2.3, 2.8.
 */
#include "ike_state.h"
#include "sim_edit.h"
#include "sim_test.h"

#define A(s) (&(s)->nodes[SIM_A])
#define B(s) (&(s)->nodes[SIM_B])

#define CREATE_CHILD_SA 36
#define INFORMATIONAL   37
#define NOTIFY          41
#define DELETE          42
#define SET_WINDOW_SIZE 16385

#define ID_AT 20

/* Up, with such a window on B. Every tag passes, so that messages can be made and changed. */
static struct sim *up(uint64_t seed, uint32_t window)
{
    struct sim *s = sim_new(seed);

    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    B(s)->config.window = window;
    B(s)->peer.child_count = 2;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    sim_ladder_clear(s);
    s->keep_sent = true;
    s->kept = 0;
    return s;
}

static uint32_t id_of(const struct sim_datagram *d)
{
    const uint8_t *p = d->octets + ID_AT;

    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void set_id(struct sim_datagram *d, uint32_t id)
{
    for (int i = 0; i < 4; i++) {
        d->octets[ID_AT + i] = (uint8_t)(id >> (24 - 8 * i));
    }
}

static struct ipseci_ike_sa *sa_of(struct sim_node *n)
{
    return ipseci_sa_get(n->ike, sim_sa(n, 0));
}

static struct sim_datagram asks(struct sim *s, uint8_t exchange, uint8_t first,
                                struct ipsec_view chain)
{
    const struct sim_craft what = {.exchange = exchange, .first = first, .chain = chain};
    struct sim_datagram d;

    memset(&d, 0, sizeof(d));
    assert_true(sim_craft(B(s), &what, &d));
    return d;
}

static struct sim_datagram asks_nothing(struct sim *s, uint32_t id)
{
    struct sim_datagram d = asks(s, INFORMATIONAL, 0, sim_hex(""));

    set_id(&d, id);
    return d;
}

/* B takes it and answers under its ID; the answer. */
static struct sim_datagram answered(struct sim *s, const struct sim_datagram *d)
{
    s->kept = 0;
    assert_int_equal(sim_inject(s, SIM_B, d), IPSEC_OK);
    assert_int_equal(s->kept, 1);
    assert_int_equal(id_of(&s->kept_datagram[0]), id_of(d));
    return s->kept_datagram[0];
}

/* The same octets again; nothing is worked on. */
static void answered_again(struct sim *s, const struct sim_datagram *d,
                           const struct sim_datagram *before)
{
    s->kept = 0;
    const uint64_t digest = sim_digest(B(s));
    assert_int_equal(sim_inject(s, SIM_B, d), IPSEC_DROP_DUPLICATE);
    assert_int_equal(s->kept, 1);
    assert_int_equal(s->kept_datagram[0].length, before->length);
    assert_memory_equal(s->kept_datagram[0].octets, before->octets, before->length);
    assert_true(sim_digest(B(s)) == digest);
}

static void ignored(struct sim *s, const struct sim_datagram *d, enum ipsec_status status)
{
    s->kept = 0;
    const uint64_t digest = sim_digest(B(s));
    assert_int_equal(sim_inject(s, SIM_B, d), status);
    assert_int_equal(s->kept, 0);
    assert_true(sim_digest(B(s)) == digest);
}

/* ---- telling -----------------------------------------------------------------------------------
 */

static void msgid_12_the_window_is_told_in_ike_auth(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    A(s)->config.window = 3;
    B(s)->config.window = 5;
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I "B IKE_SA_INIT response 0: " INIT_R
                         "A IKE_AUTH request 1: SK{IDi N(INITIAL_CONTACT) IDr AUTH "
                         "N(SET_WINDOW_SIZE) SA TSi TSr}\n"
                         "B IKE_AUTH response 1: SK{IDr AUTH N(SET_WINDOW_SIZE) SA TSi TSr}\n");
    const struct ipsec_view b = sim_edit_body(&s->kept_datagram[3], NOTIFY);
    static const uint8_t expected[] = {0, 0, 0x40, 0x01, 0, 0, 0, 5};
    assert_int_equal(b.length, sizeof(expected));
    assert_memory_equal(b.data, expected, sizeof(expected));
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void msgid_12_window_limits(void **state)
{
    struct sim *s = sim_new(2);
    struct ipsec_ike_config c = B(s)->config;
    size_t one = 0;
    size_t default_one = 0;
    size_t four = 0;

    (void)state;
    c.buffer_max = 40;
    assert_int_equal(ipsec_ike_size(&c, &default_one), IPSEC_OK);
    c.window = 1;
    assert_int_equal(ipsec_ike_size(&c, &one), IPSEC_OK);
    assert_int_equal(one, default_one);
    c.window = 4;
    assert_int_equal(ipsec_ike_size(&c, &four), IPSEC_OK);
    assert_true(four - one <= 16 * (3 * sizeof(struct ipseci_stored) + sizeof(uint32_t)) + 16);
    c.window = 32;
    assert_int_equal(ipsec_ike_size(&c, &four), IPSEC_OK);
    c.window = 33;
    assert_int_equal(ipsec_ike_size(&c, &four), IPSEC_ERR_ARGUMENT);
    c.window = UINT32_MAX;
    c.buffer_max = 0;
    assert_int_equal(ipsec_ike_size(&c, &four), IPSEC_ERR_ARGUMENT);
    sim_free(s);
}

/* ---- order -------------------------------------------------------------------------------------
 */

#define WINDOW 4
#define ORDERS 24

/* The n-th order of four. */
static void order_of(uint32_t n, uint32_t order[WINDOW])
{
    uint32_t left[WINDOW] = {0, 1, 2, 3};
    uint32_t divisor = ORDERS;

    for (uint32_t i = 0; i < WINDOW; i++) {
        divisor /= WINDOW - i;
        const uint32_t pick = n / divisor % (WINDOW - i);
        order[i] = left[pick];
        memmove(&left[pick], &left[pick + 1], (WINDOW - 1 - pick) * sizeof(left[0]));
    }
}

static void msgid_12_msgid_02_msgid_03_every_order_of_four(void **state)
{
    struct sim *s = up(3, WINDOW);
    struct sim_datagram reply[WINDOW];

    (void)state;
    for (uint32_t n = 0; n < ORDERS; n++) {
        const uint32_t first = sa_of(B(s))->expected_id;
        uint32_t order[WINDOW];
        order_of(n, order);
        for (uint32_t i = 0; i < WINDOW; i++) {
            const struct sim_datagram d = asks_nothing(s, first + order[i]);
            reply[order[i]] = answered(s, &d);
            for (uint32_t k = 0; k <= i; k++) {
                const struct sim_datagram again = asks_nothing(s, first + order[k]);
                answered_again(s, &again, &reply[order[k]]);
            }
            if (order[0] != 0 && i == 0) { /* the first is still missing: the window stays */
                const struct sim_datagram beyond = asks_nothing(s, first + WINDOW);
                ignored(s, &beyond, IPSEC_DROP_MESSAGE_ID);
            }
        }
        assert_int_equal(sa_of(B(s))->expected_id, first + WINDOW);
        if (first >= WINDOW) {
            const struct sim_datagram old = asks_nothing(s, first - 1);
            ignored(s, &old, IPSEC_DROP_MESSAGE_ID);
        }
    }
    sim_free(s);
}

/* The widest, backwards, as often as the places come round. */
static void msgid_12_widest_window_backwards(void **state)
{
    struct sim *s = up(4, 32);

    (void)state;
    for (int round = 0; round < 5; round++) {
        const uint32_t first = sa_of(B(s))->expected_id;
        for (uint32_t i = 32; i > 0; i--) {
            const struct sim_datagram d = asks_nothing(s, first + i - 1);
            const struct sim_datagram reply = answered(s, &d);
            answered_again(s, &d, &reply);
        }
        assert_int_equal(sa_of(B(s))->expected_id, first + 32);
        const struct sim_datagram d = asks_nothing(s, first);
        s->kept = 0;
        assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_DUPLICATE);
        assert_int_equal(s->kept, 1);
    }
    sim_free(s);
}

static void msgid_07_msgid_08_a_window_of_one_takes_one(void **state)
{
    struct sim *s = up(5, 0);
    const uint32_t first = sa_of(B(s))->expected_id;

    (void)state;
    assert_null(B(s)->ike->more_replies);
    for (uint32_t i = 1; i < 40; i++) {
        const struct sim_datagram d = asks_nothing(s, first + i);
        ignored(s, &d, IPSEC_DROP_MESSAGE_ID);
    }
    const struct sim_datagram d = asks_nothing(s, first);
    const struct sim_datagram reply = answered(s, &d);
    answered_again(s, &d, &reply);
    sim_free(s);
}

static void msgid_11_last_message_id_in_a_window(void **state)
{
    struct sim *s = up(6, WINDOW);

    (void)state;
    sa_of(B(s))->expected_id = UINT32_MAX - 2;
    const struct sim_datagram wrapped = asks_nothing(s, 0);
    ignored(s, &wrapped, IPSEC_DROP_MESSAGE_ID);
    const struct sim_datagram last = asks_nothing(s, UINT32_MAX);
    assert_int_equal(sim_inject(s, SIM_B, &last), IPSEC_FATAL_MESSAGE_ID);
    assert_int_equal(sim_sa(B(s), 0), 0);
    sim_free(s);
}

/* ---- replies -----------------------------------------------------------------------------------
 */

/* A's request for a further child, whole and unsent to B. */
static struct sim_datagram child_request(struct sim *s)
{
    s->held = true;
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sim_sa(A(s), 0), &A(s)->child[1], s->now),
                     IPSEC_OK);
    const struct sim_datagram d = *sim_flying(s);
    sim_drop(s, 0);
    return d;
}

/* Long replies lie in the buffer pool, one for each ID, and are given back with the IKE SA. */
static void msgid_12_msgid_02_long_replies(void **state)
{
    struct sim *s = up(7, 3);
    const uint32_t before = B(s)->ike->buffers.used;
    struct sim_datagram request[3];
    struct sim_datagram reply[3];

    (void)state;
    const struct sim_datagram d = child_request(s);
    const uint32_t first = id_of(&d);
    for (uint32_t i = 0; i < 3; i++) {
        request[i] = d;
        set_id(&request[i], first + 2 - i);
        reply[i] = answered(s, &request[i]);
        assert_true(reply[i].length > 200);
        assert_int_equal(sim_sink_count(B(s)), 2 + i);
    }
    for (uint32_t i = 0; i < 3; i++) {
        answered_again(s, &request[i], &reply[i]);
        assert_memory_not_equal(reply[i].octets + 32, reply[(i + 1) % 3].octets + 32, 100);
    }
    assert_in_range(B(s)->ike->buffers.used - before, 2, 3); /* IKE_AUTH's was one */
    assert_int_equal(ipsec_ike_forget_peer(B(s)->ike, &B(s)->peer, s->now), IPSEC_OK);
    assert_int_equal(B(s)->ike->buffers.used, 0);
    /* The next SA in that place begins with none of it. */
    s->held = false;
    assert_int_equal(ipsec_ike_forget_peer(A(s)->ike, &A(s)->peer, s->now), IPSEC_OK);
    sim_run(s, 1000);
    (void)sim_connect(s);
    const struct sim_datagram early = asks_nothing(s, 0);
    s->kept = 0;
    (void)sim_inject(s, SIM_B, &early);
    assert_int_equal(s->kept, 0);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Two requests in pieces, whose pieces come in turns. */
static void msgid_12_frag_02_pieces_of_two_requests(void **state)
{
    struct sim *s = sim_new(8);

    (void)state;
    A(s)->crypto.tags_pass = B(s)->crypto.tags_pass = true;
    A(s)->config.fragment_bytes = B(s)->config.fragment_bytes = 224;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    B(s)->config.window = 2;
    B(s)->peer.child_count = 2;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    s->held = true;
    assert_int_equal(ipsec_ike_create_child(A(s)->ike, sim_sa(A(s), 0), &A(s)->child[1], s->now),
                     IPSEC_OK);
    struct sim_datagram piece[8];
    uint32_t pieces = 0;
    while (sim_in_flight(s) > 0) {
        assert_true(pieces < 8);
        piece[pieces++] = *sim_flying(s);
        sim_drop(s, 0);
    }
    assert_true(pieces >= 2);
    const uint32_t id = id_of(&piece[0]);
    for (uint32_t i = 0; i < pieces; i++) {
        struct sim_datagram other = piece[i];
        set_id(&other, id + 1);
        assert_int_equal(sim_inject(s, SIM_B, &other), IPSEC_OK);
        assert_int_equal(sim_inject(s, SIM_B, &piece[i]), IPSEC_OK);
    }
    assert_int_equal(sim_sink_count(B(s)), 3);
    assert_int_equal(sa_of(B(s))->expected_id, id + 2);
    assert_int_equal(B(s)->ike->reassemblies.used, 0);
    /* Pieces of one that is not whole are given up when its ID is over. */
    struct sim_datagram third = piece[0];
    set_id(&third, id + 2);
    assert_int_equal(sim_inject(s, SIM_B, &third), IPSEC_OK);
    assert_int_equal(B(s)->ike->reassemblies.used, 1);
    const struct sim_datagram whole = asks_nothing(s, id + 2);
    assert_int_equal(sim_inject(s, SIM_B, &whole), IPSEC_OK);
    assert_int_equal(B(s)->ike->reassemblies.used, 0);
    sim_free(s);
}

/* ---- while one waits ---------------------------------------------------------------------------
 */

/* One whose key exchange is out does not hold up the others, but for such as need one, too. */
static void msgid_12_a_job_does_not_hold_up_the_window(void **state)
{
    struct sim *s = up(9, WINDOW);

    (void)state;
    B(s)->take_jobs = true;
    const struct sim_datagram request = child_request(s);
    const uint32_t id = id_of(&request);
    assert_int_equal(sim_inject(s, SIM_B, &request), IPSEC_PENDING);
    ignored(s, &request, IPSEC_DROP_DUPLICATE);
    const struct sim_datagram probe = asks_nothing(s, id + 1);
    const struct sim_datagram reply = answered(s, &probe);
    struct sim_datagram second = request;
    set_id(&second, id + 2);
    ignored(s, &second, IPSEC_DROP_FULL);
    answered_again(s, &probe, &reply);
    ignored(s, &request, IPSEC_DROP_DUPLICATE);
    B(s)->take_jobs = false;
    s->kept = 0;
    assert_int_equal(sim_job_done(B(s)), IPSEC_OK);
    assert_int_equal(s->kept, 1);
    assert_int_equal(id_of(&s->kept_datagram[0]), id);
    assert_int_equal(sa_of(B(s))->expected_id, id + 2);
    (void)answered(s, &second);
    assert_int_equal(sim_sink_count(B(s)), 3);
    sim_free(s);
}

/* A delete of the IKE SA overtakes what is being worked on. */
static void msgid_12_info_06_delete_ahead_of_a_job(void **state)
{
    struct sim *s = up(10, WINDOW);

    (void)state;
    B(s)->take_jobs = true;
    const struct sim_datagram request = child_request(s);
    assert_int_equal(sim_inject(s, SIM_B, &request), IPSEC_PENDING);
    struct sim_datagram over = asks(s, INFORMATIONAL, DELETE, sim_hex("00 00 0008 01 00 0000"));
    set_id(&over, id_of(&request) + 1);
    assert_int_equal(sim_inject(s, SIM_B, &over), IPSEC_OK);
    assert_int_equal(sim_sa(B(s), 0), 0);
    assert_int_equal(sim_sink_count(B(s)), 0);
    (void)sim_job_done(B(s));
    assert_int_equal(B(s)->ike->handshakes.used, 0);
    assert_int_equal(B(s)->ike->buffers.used, 0);
    sim_free(s);
}

/* ---- a rekey closes the window -----------------------------------------------------------------
 */

static struct ipseci_ike_sa *sa_in_state(struct sim_node *n, enum ipsec_ike_sa_phase phase)
{
    return ipseci_sa_get(n->ike, sim_sa(n, phase));
}

/* The rekey of the IKE SA comes before what was asked earlier: that comes too late, and is told to
 * come again over the new one; a delete of a child that has moved is no harm. */
static void rekey_09_msgid_12_a_rekey_ends_the_old_window(void **state)
{
    struct sim *s = up(11, WINDOW);

    (void)state;
    const struct sim_datagram late = child_request(s);
    const uint32_t id = id_of(&late);
    s->held = false;
    sim_run(s, 10000); /* that child is made */
    assert_int_equal(sim_sink_count(B(s)), 2);
    s->held = true;
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    struct sim_datagram rekey = *sim_flying(s);
    assert_int_equal(id_of(&rekey), id + 1);
    set_id(&rekey, id + 3);
    (void)answered(s, &rekey);
    struct ipseci_ike_sa *old = sa_in_state(B(s), IPSEC_IKE_REPLACED);
    struct ipseci_ike_sa *heir = sa_in_state(B(s), IPSEC_IKE_ESTABLISHED);
    assert_non_null(old);
    assert_non_null(heir);
    assert_int_equal(heir->expected_id, 0); /* REKEY-08 */
    assert_false(heir->wide);
    struct sim_datagram again = late;
    set_id(&again, id + 1);
    sim_ladder_clear(s);
    (void)answered(s, &again);
    assert_non_null(strstr(s->ladder, "SK{N(TEMPORARY_FAILURE)}"));
    assert_int_equal(sim_sink_count(B(s)), 2);
    assert_int_equal(old->expected_id, id + 2);
    sim_free(s);
}

/* Over the new one it is one again, until we have said otherwise. */
static void rekey_08_msgid_07_window_is_one_after_a_rekey(void **state)
{
    struct sim *s = up(12, WINDOW);

    (void)state;
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    sim_run(s, 10000);
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_REKEYED], 1);
    struct sim_datagram d = asks_nothing(s, sa_of(B(s))->expected_id + 1);
    ignored(s, &d, IPSEC_DROP_MESSAGE_ID);
    sim_ladder_clear(s);
    assert_int_equal(ipsec_ike_probe(A(s)->ike, sim_sa(A(s), 0), s->now), IPSEC_OK);
    sim_run(s, 1000);
    sim_assert_ladder(s, "A INFORMATIONAL request 0: SK{}\n"
                         "B INFORMATIONAL response 0: SK{N(SET_WINDOW_SIZE)}\n");
    set_id(&d, sa_of(B(s))->expected_id + 1);
    (void)answered(s, &d);
    sim_free(s);
    /* By a request of its own, too; said once. */
    s = up(13, WINDOW);
    assert_int_equal(ipsec_ike_rekey(B(s)->ike, sim_sa(B(s), 0), s->now), IPSEC_OK);
    sim_run(s, 10000);
    sim_ladder_clear(s);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ipsec_ike_probe(B(s)->ike, sim_sa(B(s), 0), s->now), IPSEC_OK);
        sim_run(s, 1000);
    }
    sim_assert_ladder(s, "B INFORMATIONAL request 0: SK{N(SET_WINDOW_SIZE)}\n"
                         "A INFORMATIONAL response 0: SK{}\n"
                         "B INFORMATIONAL request 1: SK{}\nA INFORMATIONAL response 1: SK{}\n");
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- what the peer offers ----------------------------------------------------------------------
 */

/* Whatever it says: one request of ours at a time, which is always allowed. */
static void msgid_07_msgid_09_what_the_peer_offers_changes_nothing(void **state)
{
    static const char *const data[] = {"00000000", "00000001", "ffffffff",  "",
                                       "00",       "000005",   "0000000005"};
    struct sim *s = up(14, 0);

    (void)state;
    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
        const struct ipsec_view notify = sim_notify(SET_WINDOW_SIZE, sim_hex(data[i]));
        uint8_t chain[32] = {0, 0, 0, (uint8_t)(notify.length + 4)};
        memcpy(chain + 4, notify.data, notify.length);
        const struct ipsec_view view = {chain, notify.length + 4};
        const struct sim_datagram d = asks(s, INFORMATIONAL, NOTIFY, view);
        (void)answered(s, &d);
        assert_int_equal(sim_in_flight(s), 1);
        sim_drop(s, 0);
    }
    sa_of(A(s))->request_id = sa_of(B(s))->expected_id; /* as if A had sent those */
    s->held = true;
    assert_int_equal(ipsec_ike_probe(B(s)->ike, sim_sa(B(s), 0), s->now), IPSEC_OK);
    assert_int_equal(ipsec_ike_create_child(B(s)->ike, sim_sa(B(s), 0), &B(s)->child[1], s->now),
                     IPSEC_OK);
    assert_int_equal(
        ipsec_ike_rekey_child(B(s)->ike, sim_child_in(B(s), IPSEC_CHILD_INSTALLED), 0, s->now),
        IPSEC_OK);
    assert_int_equal(sim_in_flight(s), 1);
    s->held = false;
    sim_run(s, 60000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Two engines with wide windows live as ever. */
static void msgid_12_wide_on_both_ends(void **state)
{
    struct sim *s = sim_new(15);

    (void)state;
    A(s)->config.window = 7;
    B(s)->config.window = 2;
    s->loss_percent = 20;
    s->double_percent = 20;
    s->jitter_ms = 300;
    sim_start(s);
    (void)sim_connect(s);
    for (int i = 0; i < 30; i++) {
        struct sim_node *n = &s->nodes[i % 2];
        sim_run(s, 20000);
        (void)ipsec_ike_rekey_child(n->ike, sim_child_in(n, IPSEC_CHILD_INSTALLED), 0, s->now);
        if (i % 5 == 4) {
            (void)ipsec_ike_rekey(n->ike, sim_sa(n, IPSEC_IKE_ESTABLISHED), s->now);
        }
        if (sim_sa(A(s), 0) == 0) {
            (void)sim_connect(s);
        }
    }
    s->loss_percent = s->double_percent = s->jitter_ms = 0;
    sim_run(s, 300000);
    assert_true(A(s)->events[IPSEC_EVENT_CHILD_REKEYED] >= 10);
    assert_true(A(s)->events[IPSEC_EVENT_IKE_REKEYED] >= 2);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(msgid_12_the_window_is_told_in_ike_auth),
        cmocka_unit_test(msgid_12_window_limits),
        cmocka_unit_test(msgid_12_msgid_02_msgid_03_every_order_of_four),
        cmocka_unit_test(msgid_12_widest_window_backwards),
        cmocka_unit_test(msgid_07_msgid_08_a_window_of_one_takes_one),
        cmocka_unit_test(msgid_11_last_message_id_in_a_window),
        cmocka_unit_test(msgid_12_msgid_02_long_replies),
        cmocka_unit_test(msgid_12_frag_02_pieces_of_two_requests),
        cmocka_unit_test(msgid_12_a_job_does_not_hold_up_the_window),
        cmocka_unit_test(msgid_12_info_06_delete_ahead_of_a_job),
        cmocka_unit_test(rekey_09_msgid_12_a_rekey_ends_the_old_window),
        cmocka_unit_test(rekey_08_msgid_07_window_is_one_after_a_rekey),
        cmocka_unit_test(msgid_07_msgid_09_what_the_peer_offers_changes_nothing),
        cmocka_unit_test(msgid_12_wide_on_both_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
