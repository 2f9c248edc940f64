/* SPDX-License-Identifier: Apache-2.0
 *
 * See frag_kit.h.
 */
#include "frag_kit.h"

#define LONG_ID                                                                                    \
    "a-gateway-with-a-name-that-is-so-long-that-it-takes-more-than-one-fragment-to-tell-it-"       \
    "1234567890123456789.example"

void frag_set_up(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.fragment_bytes = FRAG_BYTES;
    }
    sim_id(&B(s)->peer.local_id, LONG_ID);
    sim_id(&A(s)->peer.remote_id, LONG_ID);
}

struct sim *frag_in_flight(bool answer)
{
    struct sim *s = sim_new(1);

    frag_set_up(s);
    sim_start(s);
    s->held = true;
    (void)sim_connect(s);
    assert_true(sim_deliver(s, 0) && sim_deliver(s, 0));
    assert_int_equal(sim_in_flight(s), 3);
    if (answer) {
        assert_true(sim_deliver(s, 0) && sim_deliver(s, 0) && sim_deliver(s, 0));
        assert_int_equal(sim_in_flight(s), 3);
    }
    return s;
}

struct frag_view frag_look(const struct sim_datagram *d)
{
    const uint32_t marker = d->local.port == 4500 ? 4 : 0;
    struct frag_view view = {.message = d->octets + marker, .length = d->length - marker};

    if (view.length >= 36 && view.message[16] == 53) {
        view.first = view.message[28];
        view.number = (uint16_t)(view.message[32] << 8 | view.message[33]);
        view.total = (uint16_t)(view.message[34] << 8 | view.message[35]);
    }
    return view;
}

uint32_t frag_ladder_count(const struct sim *s, const char *text)
{
    uint32_t count = 0;

    for (const char *at = strstr(s->ladder, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

uint32_t frag_sets(struct sim_node *n)
{
    struct ipsec_ike_counters counters;

    ipsec_ike_counters(n->ike, &counters);
    return counters.reassemblies;
}

uint64_t frag_given_up(struct sim_node *n)
{
    struct ipsec_ike_counters counters;

    ipsec_ike_counters(n->ike, &counters);
    return counters.reassemblies_dropped;
}
