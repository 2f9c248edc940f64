/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE fragmentation between two engines: what is agreed, what is sent, every order of arrival, and
 * retransmission. RFC 7383.
 */
#include "frag_kit.h"
#include "ike_state.h"

#define AUTH_IN_3                                                                                  \
    "A IKE_AUTH request 1: SKF 1/3\nA IKE_AUTH request 1: SKF 2/3\n"                               \
    "A IKE_AUTH request 1: SKF 3/3{IDi N(INITIAL_CONTACT) IDr AUTH SA TSi TSr}\n"
#define ANSWER_IN_3                                                                                \
    "B IKE_AUTH response 1: SKF 1/3\nB IKE_AUTH response 1: SKF 2/3\n"                             \
    "B IKE_AUTH response 1: SKF 3/3{IDr AUTH SA TSi TSr}\n"

/* ---- agreeing ----------------------------------------------------------------------------------
 */

static void frag_01_agreed_in_ike_sa_init(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    frag_set_up(s);
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_ladder(s, "A IKE_SA_INIT request 0: " INIT_I
                         "B IKE_SA_INIT response 0: " INIT_R AUTH_IN_3 ANSWER_IN_3);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void off_by(struct sim *s, int how)
{
    A(s)->config.no_fragmentation = how == 0;
    A(s)->peer.no_fragmentation = how == 1;
    B(s)->config.no_fragmentation = how == 2;
    B(s)->peer.no_fragmentation = how == 3;
}

/* Whoever does not want it: nothing is cut, and the answer does not claim what was not offered. */
static void frag_01_not_agreed_messages_go_whole(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct sim *s = sim_new(1);
        frag_set_up(s);
        off_by(s, how);
        sim_start(s);
        (void)sim_connect(s);
        assert_int_equal(frag_ladder_count(s, FRAG), how < 2 ? 0 : 1);
        assert_null(strstr(s->ladder, "SKF"));
        sim_assert_agree(s, 1, 1);
        assert_int_equal(A(s)->ike->counters.fragments_out, 0);
        sim_free(s);
    }
}

static void frag_01_what_fits_is_not_cut(void **state)
{
    struct sim *s = sim_up(1);

    (void)state;
    assert_int_equal(A(s)->ike->counters.fragments_out, 0);
    assert_int_equal(B(s)->ike->counters.fragments_in, 0);
    sim_free(s);
}

/* The rekeyed SA cuts as the first one did, IKE_SA_INIT never. */
static void frag_01_inherited_by_rekeyed_sas(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    frag_set_up(s);
    A(s)->config.fragment_bytes = 192;
    sim_start(s);
    (void)sim_connect(s);
    assert_null(strstr(s->ladder, "IKE_SA_INIT request 0: SKF"));
    for (int i = 0; i < 2; i++) {
        sim_ladder_clear(s);
        assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now),
                         IPSEC_OK);
        sim_run(s, 1000);
        assert_non_null(strstr(s->ladder, "{SA Ni KE}"));
        assert_non_null(strstr(s->ladder, "A CREATE_CHILD_SA request"));
        assert_non_null(strstr(s->ladder, ": SKF 1/"));
        sim_assert_agree(s, 1, 1);
    }
    sim_free(s);
}

/* ---- what is sent ------------------------------------------------------------------------------
 */

static void look_at_fragments(const struct sim *s, uint32_t limit)
{
    uint32_t seen = 0;

    for (uint32_t i = 0; i < s->kept; i++) {
        const struct sim_datagram *d = &s->kept_datagram[i];
        const struct frag_view f = frag_look(d);
        if (f.number == 0) {
            continue;
        }
        seen++;
        assert_true(d->length <= limit);
        assert_true(f.number < f.total ? d->length > limit - 16 - 4 : true); /* as full as can be */
        assert_int_equal(f.first != 0, f.number == 1);
        assert_int_equal(f.length, f.message[24] << 24 | f.message[25] << 16 | f.message[26] << 8 |
                                       f.message[27]);
    }
    assert_true(seen >= 4);
    assert_int_equal(
        s->nodes[0].ike->counters.fragments_out + s->nodes[1].ike->counters.fragments_out, seen);
}

/* Every suite, every limit: no packet is over it, and all arrives. */
static void frag_02_fragments_fit_the_packet(void **state)
{
    static const char *const suites[] = {"aes256-sha256-modp2048", "aes256gcm16-prfsha256-ecp256",
                                         "aes128-sha512-ecp384",
                                         "chacha20poly1305-prfsha512-curve25519"};

    (void)state;
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        for (uint32_t bytes = 192; bytes < 300; bytes += 7) {
            struct sim *s = sim_new(bytes);
            frag_set_up(s);
            for (int k = 0; k < 2; k++) {
                s->nodes[k].config.fragment_bytes = bytes;
                s->nodes[k].peer.force_encapsulation = bytes % 2 == 0;
                sim_ike_proposals(&s->nodes[k], suites[i]);
            }
            s->keep_sent = true;
            sim_start(s);
            (void)sim_connect(s);
            sim_assert_agree(s, 1, 1);
            look_at_fragments(s, bytes - 28);
            sim_free(s);
        }
    }
}

static void frag_02_ipv6_headers_are_longer(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    frag_set_up(s);
    for (int i = 0; i < 2; i++) {
        s->nodes[i].peer.local.addr.family = IPSEC_FAMILY_IPV6;
        s->nodes[i].peer.remote.addr.family = IPSEC_FAMILY_IPV6;
    }
    s->keep_sent = true;
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    look_at_fragments(s, FRAG_BYTES - 48);
    sim_free(s);
}

/* A message that has no room in pieces still goes, whole. */
static void frag_05_too_many_pieces_go_whole(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    frag_set_up(s);
    A(s)->config.fragments_max = 2;
    B(s)->config.message_bytes = 576; /* room for the answer whole, but not in five */
    B(s)->config.fragment_bytes = 192;
    sim_ike_proposals(A(s), "aes256-sha512-modp2048");
    sim_ike_proposals(B(s), "aes256-sha512-modp2048");
    sim_start(s);
    (void)sim_connect(s);
    assert_non_null(strstr(s->ladder, "A IKE_AUTH request 1: SK{"));
    assert_non_null(strstr(s->ladder, "B IKE_AUTH response 1: SK{"));
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* ---- every order -------------------------------------------------------------------------------
 */

static void deliver_in_order(bool answer, uint32_t a, uint32_t b)
{
    struct sim *s = frag_in_flight(answer);

    assert_true(sim_deliver(s, a) && sim_deliver(s, b));
    assert_int_equal(s->nodes[answer ? SIM_A : SIM_B].ike->reassemblies.used, 1);
    assert_true(sim_deliver(s, 0));
    assert_int_equal(s->nodes[answer ? SIM_A : SIM_B].ike->reassemblies.used, 0);
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

static void frag_02_every_order_of_arrival(void **state)
{
    (void)state;
    for (int answer = 0; answer < 2; answer++) {
        for (uint32_t a = 0; a < 3; a++) {
            for (uint32_t b = 0; b < 2; b++) {
                deliver_in_order(answer != 0, a, b);
            }
        }
    }
}

/* Each fragment a hundred times: taken once, and worked on once. */
static void frag_04_doubled_fragments(void **state)
{
    (void)state;
    for (int answer = 0; answer < 2; answer++) {
        struct sim *s = frag_in_flight(answer != 0);
        struct sim_node *n = &s->nodes[answer ? SIM_A : SIM_B];
        const uint64_t before = n->ike->counters.fragments_in;
        for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
            const struct sim_datagram d = s->queue[i];
            for (int k = 0; d.used && frag_look(&d).number < 3 && k < 100; k++) {
                assert_int_equal(sim_inject(s, d.to, &d), k == 0 ? IPSEC_OK : IPSEC_DROP_DUPLICATE);
            }
        }
        assert_int_equal(n->ike->counters.fragments_in, before + 2);
        s->held = false;
        sim_run(s, 1000);
        assert_int_equal(n->ike->counters.fragments_in, before + 3);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* Every octet of every fragment: nothing that was changed is kept. */
static void frag_04_corrupted_fragments_change_nothing(void **state)
{
    static struct sim_datagram d;
    struct sim *s = frag_in_flight(false);

    (void)state;
    assert_true(sim_deliver(s, 1)); /* one of them is there */
    const uint64_t before = sim_digest(B(s));
    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        for (uint32_t at = 0; s->queue[i].used && at < s->queue[i].length; at++) {
            d = s->queue[i];
            d.octets[at] ^= 0x41;
            assert_true(sim_inject(s, SIM_B, &d) < IPSEC_OK);
            assert_int_equal(sim_digest(B(s)), before);
        }
    }
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* What a fragment says in clear costs a look and no cipher. */
static void frag_05_too_large_a_total_is_not_opened(void **state)
{
    static struct sim_datagram d;
    struct sim *s = frag_in_flight(false);

    (void)state;
    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        if (s->queue[i].used) {
            d = s->queue[i];
        }
    }
    d.octets[34] = 0xff;
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_FRAGMENT);
    d.octets[34] = 0;
    d.octets[35]++;
    assert_int_equal(sim_inject(s, SIM_B, &d), IPSEC_DROP_ICV);
    sim_free(s);
}

/* CVE-2016-1287: cut off anywhere. */
static void frag_03_cve_2016_1287_every_length(void **state)
{
    static struct sim_datagram d;
    struct sim *s = frag_in_flight(false);
    const uint64_t before = sim_digest(B(s));

    (void)state;
    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        for (uint32_t length = 0; s->queue[i].used && length < s->queue[i].length; length++) {
            d = s->queue[i];
            d.length = length;
            if (length >= 36) { /* its own lengths say so, too */
                d.octets[26] = (uint8_t)(length >> 8);
                d.octets[27] = (uint8_t)length;
                d.octets[30] = (uint8_t)((length - 28) >> 8);
                d.octets[31] = (uint8_t)(length - 28);
            }
            assert_true(sim_inject(s, SIM_B, &d) < IPSEC_OK);
        }
    }
    assert_int_equal(sim_digest(B(s)), before);
    sim_free(s);
}

/* ---- sent again --------------------------------------------------------------------------------
 */

/* The answer is lost: the request comes again in three, and is answered once, in three. */
static void frag_06_a_repeated_request_is_answered_once(void **state)
{
    struct sim *s = frag_in_flight(true);

    (void)state;
    sim_drop(s, 0);
    sim_drop(s, 0);
    sim_drop(s, 0);
    sim_ladder_clear(s);
    sim_run(s, 2500);
    assert_int_equal(sim_in_flight(s), 3);
    assert_int_equal(B(s)->ike->counters.duplicates_answered, 0);
    sim_ladder_clear(s);
    assert_true(sim_deliver(s, 1) && sim_deliver(s, 1)); /* 2 and 3 */
    sim_assert_ladder(s, "");
    assert_true(sim_deliver(s, 0));
    sim_assert_ladder(s, "B IKE_AUTH response 1, sent again: SKF 1/3\n"
                         "B IKE_AUTH response 1, sent again: SKF 2/3\n"
                         "B IKE_AUTH response 1, sent again: SKF 3/3\n");
    assert_int_equal(B(s)->ike->counters.duplicates_answered, 1);
    assert_int_equal(B(s)->ike->reassemblies.used, 0);
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* Sent again bit for bit; what is there from the first sending completes the second. */
static void frag_06_what_came_is_not_lost(void **state)
{
    struct sim *s = frag_in_flight(false);
    static struct sim_datagram first[3];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        if (s->queue[i].used) {
            first[count++] = s->queue[i];
        }
    }
    assert_true(sim_deliver(s, 0));
    sim_drop(s, 0);
    assert_true(sim_deliver(s, 0));
    sim_run(s, 2500);
    assert_int_equal(sim_in_flight(s), 3);
    count = 0;
    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        if (s->queue[i].used) {
            assert_int_equal(s->queue[i].length, first[count].length);
            assert_memory_equal(s->queue[i].octets, first[count].octets, first[count].length);
            count++;
        }
    }
    assert_true(sim_deliver(s, 1));
    assert_int_equal(B(s)->events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    s->held = false;
    sim_run(s, 1000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

/* While a question or a job is out, what comes again opens no new set. */
static void frag_06_while_an_answer_is_awaited(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct sim *s = sim_new(1);
        frag_set_up(s);
        sim_start(s);
        B(s)->pend_peer = how == 0;
        B(s)->pend_secret = how == 1;
        A(s)->pend_secret = how == 2;
        (void)sim_connect(s);
        s->double_percent = 100;
        sim_run(s, 3000);
        for (int i = 0; i < 40 && (A(s)->question_count > 0 || B(s)->question_count > 0); i++) {
            assert_int_equal(A(s)->ike->reassemblies.used, 0);
            assert_int_equal(B(s)->ike->reassemblies.used, 0);
            sim_answer(A(s), IPSEC_OK);
            sim_answer(B(s), IPSEC_OK);
            sim_run(s, 3000);
        }
        s->double_percent = 0;
        sim_run(s, 3000);
        sim_assert_agree(s, 1, 1);
        sim_free(s);
    }
}

/* As before for an answer, whose key exchange is still computed. */
static void frag_06_while_a_job_is_out(void **state)
{
    struct sim *s = sim_new(1);

    (void)state;
    frag_set_up(s);
    sim_start(s);
    (void)sim_connect(s);
    A(s)->take_jobs = true;
    assert_int_equal(ipsec_ike_rekey(A(s)->ike, sim_sa(A(s), IPSEC_IKE_ESTABLISHED), s->now),
                     IPSEC_OK);
    assert_int_equal(sim_job_done(A(s)), IPSEC_OK);
    s->double_percent = 100;
    sim_run(s, 100);
    assert_int_equal(A(s)->job_count, 1);
    assert_true(A(s)->ike->counters.fragments_in > 0);
    assert_int_equal(A(s)->ike->reassemblies.used, 0);
    A(s)->take_jobs = false;
    assert_int_equal(sim_job_done(A(s)), IPSEC_OK);
    sim_run(s, 1000);
    s->double_percent = 0;
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frag_01_agreed_in_ike_sa_init),
        cmocka_unit_test(frag_01_not_agreed_messages_go_whole),
        cmocka_unit_test(frag_01_what_fits_is_not_cut),
        cmocka_unit_test(frag_01_inherited_by_rekeyed_sas),
        cmocka_unit_test(frag_02_fragments_fit_the_packet),
        cmocka_unit_test(frag_02_ipv6_headers_are_longer),
        cmocka_unit_test(frag_05_too_many_pieces_go_whole),
        cmocka_unit_test(frag_02_every_order_of_arrival),
        cmocka_unit_test(frag_04_doubled_fragments),
        cmocka_unit_test(frag_04_corrupted_fragments_change_nothing),
        cmocka_unit_test(frag_05_too_large_a_total_is_not_opened),
        cmocka_unit_test(frag_03_cve_2016_1287_every_length),
        cmocka_unit_test(frag_06_a_repeated_request_is_answered_once),
        cmocka_unit_test(frag_06_what_came_is_not_lost),
        cmocka_unit_test(frag_06_while_an_answer_is_awaited),
        cmocka_unit_test(frag_06_while_a_job_is_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
