/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim_mobile.h.
 */
#include "sim_mobile.h"

struct sim *mobile_made(void)
{
    struct sim *s = sim_new(1);

    A(s)->peer.no_mobike = B(s)->peer.no_mobike = false;
    A(s)->peer.liveness_ms = B(s)->peer.liveness_ms = IPSEC_LIVENESS_OFF;
    return s;
}

struct sim *mobile_start(struct sim *s)
{
    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    sim_ladder_clear(s);
    return s;
}

struct sim *mobile_up(void)
{
    return mobile_start(mobile_made());
}

ipsec_handle mobile_sa(struct sim_node *n)
{
    return sim_sa(n, IPSEC_IKE_ESTABLISHED);
}

struct ipsec_ike_sa_info mobile_info(struct sim_node *n)
{
    struct ipsec_ike_sa_info info;

    assert_int_equal(ipsec_ike_sa_info(n->ike, mobile_sa(n), &info), IPSEC_OK);
    return info;
}

const struct ipseci_ike_sa *mobile_state(struct sim_node *n)
{
    return ipseci_sa_get(n->ike, mobile_sa(n));
}

struct ipsec_endpoint mobile_at(const char *text)
{
    struct ipsec_endpoint e = {.port = 0};

    sim_address(&e.addr, text);
    return e;
}

enum ipsec_status mobile_move(struct sim_node *n, const char *local, const char *remote)
{
    const struct ipsec_endpoint l = local == NULL ? mobile_at(OLD_A) : mobile_at(local);
    const struct ipsec_endpoint r = remote == NULL ? mobile_at(OLD_B) : mobile_at(remote);

    return ipsec_ike_move(n->ike, mobile_sa(n), local == NULL ? NULL : &l,
                          remote == NULL ? NULL : &r, n->sim->now);
}

bool mobile_is_at(const struct ipsec_endpoint *e, const char *text)
{
    const struct ipsec_endpoint expected = mobile_at(text);

    return ipsec_addr_equal(&e->addr, &expected.addr);
}

bool mobile_remote_is(struct sim_node *n, const char *text)
{
    const struct ipsec_ike_sa_info info = mobile_info(n);

    return mobile_is_at(&info.remote, text);
}

/* Where both ends and their children send, by A's and B's addresses. */
const char *mobile_not_at(struct sim *s, const char *a, const char *b)
{
    const struct ipsec_ike_sa_info ia = mobile_info(A(s));
    const struct ipsec_ike_sa_info ib = mobile_info(B(s));

    if (!mobile_is_at(&ia.local, a) || !mobile_is_at(&ia.remote, b)) {
        return "A's IKE SA is elsewhere";
    }
    if (!mobile_is_at(&ib.local, b) || !mobile_is_at(&ib.remote, a)) {
        return "B's IKE SA is elsewhere";
    }
    for (int i = 0; i < 2; i++) {
        const struct sim_child *c = sim_sink_sender(&s->nodes[i], &s->nodes[i].child[0]);
        if (c == NULL || !mobile_is_at(&c->sa.local, i == SIM_A ? a : b) ||
            !mobile_is_at(&c->sa.remote, i == SIM_A ? b : a)) {
            return i == SIM_A ? "A's child is elsewhere" : "B's child is elsewhere";
        }
    }
    return NULL;
}

void mobile_assert_at(struct sim *s, const char *a, const char *b)
{
    const char *wrong = mobile_not_at(s, a, b);

    if (wrong != NULL) {
        print_error("%s\n%s", wrong, s->ladder);
        fail();
    }
}

struct sim_datagram *mobile_in_flight(struct sim *s)
{
    struct sim_datagram *found = NULL;

    for (size_t i = 0; i < SIM_QUEUE_MAX; i++) {
        if (s->queue[i].used && (found == NULL || s->queue[i].order > found->order)) {
            found = &s->queue[i];
        }
    }
    assert_non_null(found);
    return found;
}

/* Retransmission that is quick and patient. */
void mobile_be_patient(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        s->nodes[i].config.retransmit_first_ms = 300;
        s->nodes[i].config.retransmit_factor_percent = 100;
        s->nodes[i].config.retransmit_max = 20;
    }
}
