/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim_redirect.h.
 */
#include "sim_test.h"

static enum ipsec_status on_redirect(void *user, const struct ipsec_redirect_query *query,
                                     struct ipsec_id *gateway)
{
    struct sim_node *n = user;
    struct sim_redirects *r = &n->redirects;
    const char *to = query->remote_id == NULL ? r->init : r->auth;
    struct ipsec_addr here;

    r->asked++;
    r->query = *query;
    r->knew_peer = query->peer == &n->peer;
    r->query.peer = NULL;
    r->query.remote_id = NULL;
    if (r->only_at != NULL) {
        sim_address(&here, r->only_at);
        to = ipsec_addr_equal(&here, &query->local.addr) ? to : NULL;
    }
    if (to == NULL) {
        return IPSEC_ERR_NOT_FOUND;
    }
    sim_id(gateway, to);
    return IPSEC_OK;
}

static enum ipsec_status on_resolve(void *user, uint32_t token,
                                    const struct ipsec_resolve_query *query,
                                    struct ipsec_addr *addr)
{
    struct sim_node *n = user;
    struct sim_redirects *r = &n->redirects;

    r->resolved++;
    r->name = *query->name;
    r->family = query->family;
    assert_ptr_equal(query->peer, &n->peer);
    if (r->pend && n->question_count == SIM_PARKED_MAX) {
        return IPSEC_ERR_FULL;
    }
    if (r->pend) {
        const struct sim_parked_question question = {.token = token, .is_resolve = true};
        n->question[n->question_count] = question;
        n->question_count++;
        return IPSEC_PENDING;
    }
    if (r->address == NULL) {
        return IPSEC_ERR_NOT_FOUND;
    }
    sim_address(addr, r->address);
    return IPSEC_OK;
}

void redirect_callbacks(struct sim_node *n)
{
    n->config.callbacks.redirect = on_redirect;
    n->config.callbacks.resolve = on_resolve;
}

struct sim *redirect_made(enum ipsec_redirects follow)
{
    struct sim *s = sim_new(1);

    for (int i = 0; i < 2; i++) {
        redirect_callbacks(&s->nodes[i]);
        s->nodes[i].peer.liveness_ms = IPSEC_LIVENESS_OFF;
    }
    s->nodes[SIM_A].peer.follow_redirects = (uint8_t)follow;
    return s;
}

struct sim *redirect_up(enum ipsec_redirects follow)
{
    struct sim *s = redirect_made(follow);

    sim_start(s);
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    sim_ladder_clear(s);
    return s;
}

enum ipsec_status redirect_to(struct sim *s, const char *gateway)
{
    struct sim_node *b = &s->nodes[SIM_B];
    struct ipsec_id id;

    sim_id(&id, gateway);
    return ipsec_ike_redirect(b->ike, sim_sa(b, IPSEC_IKE_ESTABLISHED), &id, s->now);
}

void redirect_assert_at(struct sim *s, const char *address)
{
    struct sim_node *a = &s->nodes[SIM_A];
    struct ipsec_ike_sa_info info;
    char text[IPSEC_ADDR_TEXT_MAX];

    assert_int_equal(ipsec_ike_sa_info(a->ike, sim_sa(a, IPSEC_IKE_ESTABLISHED), &info), IPSEC_OK);
    ipsec_addr_text(&info.remote.addr, text, sizeof(text));
    assert_string_equal(text, address);
    sim_run(s, 2500); /* the old children stay open a little */
    sim_assert_agree(s, 1, (uint32_t)a->peer.child_count);
}

void redirect_assert_addr(const struct ipsec_addr *addr, const char *expected)
{
    char text[IPSEC_ADDR_TEXT_MAX];

    ipsec_addr_text(addr, text, sizeof(text));
    assert_string_equal(text, expected);
}

void redirect_assert_followed(const struct sim_node *n, enum ipsec_phase phase, const char *from,
                              const char *to)
{
    char text[IPSEC_ID_TEXT_MAX];

    assert_int_equal(n->redirects.info.kind, IPSEC_REDIRECT_FOLLOWED);
    assert_int_equal(n->redirects.info.phase, phase);
    redirect_assert_addr(&n->redirects.info.from, from);
    ipsec_id_text(&n->redirects.info.to, text, sizeof(text));
    assert_string_equal(text, to);
}
