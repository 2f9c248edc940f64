/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim.h: what must hold when the network has calmed down.
 */
#include "sim_test.h"

#include "ike_state.h"

/* ---- life --------------------------------------------------------------------------------------
 */

const char *sim_dead(struct sim *s)
{
    const uint32_t lost = s->esp_lost;
    const uint32_t good = s->esp_good;
    const uint32_t sent = s->esp_sent;

    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        const ipsec_handle sa = sim_sa(n, IPSEC_IKE_ESTABLISHED);
        const struct ipseci_ike_sa *state = ipseci_sa_get(n->ike, sa);
        const uint32_t id = state == NULL ? 0 : state->request_id;
        if (ipsec_ike_probe(n->ike, sa, s->now) != IPSEC_OK) {
            return sim_complain("%c can not probe", "AB"[i]);
        }
        sim_run(s, 100);
        if (state->request_id == id) {
            return sim_complain("%c got no answer to its probe", "AB"[i]);
        }
    }
    sim_traffic(s);
    if (s->esp_sent < sent + 2 || s->esp_lost != lost || s->esp_good - good != s->esp_sent - sent) {
        return sim_complain("of %u packets %u arrived well", s->esp_sent - sent,
                            s->esp_good - good);
    }
    return NULL;
}

void sim_assert_agree(struct sim *s, uint32_t sas, uint32_t children)
{
    const char *wrong = sim_disagreement(s, sas, children);

    wrong = wrong != NULL || children == 0 ? wrong : sim_dead(s);
    if (wrong != NULL) {
        print_error("%s\n%s%s%s", wrong, s->ladder, s->nodes[SIM_A].failure_text,
                    s->nodes[SIM_B].failure_text);
        fail();
    }
}

static uint64_t mix_pool(uint64_t h, const struct ipseci_pool *pool)
{
    uint32_t cursor = 0;
    ipsec_handle handle;
    const uint8_t *slot;

    while ((slot = ipseci_pool_next(pool, &cursor, &handle)) != NULL) {
        h = (h ^ handle) * 0x100000001b3u;
        for (size_t i = 0; i < pool->slot_bytes; i++) {
            h = (h ^ slot[i]) * 0x100000001b3u;
        }
    }
    return h;
}

uint64_t sim_digest(struct sim_node *n)
{
    const struct ipsec_ike *ike = n->ike;
    uint64_t h = 0xcbf29ce484222325u;

    h = mix_pool(h, &ike->sas);
    h = mix_pool(h, &ike->children);
    h = mix_pool(h, &ike->handshakes);
    h = mix_pool(h, &ike->buffers);
    h = mix_pool(h, &ike->reassemblies);
    h = (h ^ ipsec_ike_deadline(ike)) * 0x100000001b3u;
    h = (h ^ ike->half_open) * 0x100000001b3u;
    return (h ^ sim_sink_count(n)) * 0x100000001b3u + n->crypto.keys_alive;
}

static struct sim *connected(struct sim *s)
{
    (void)sim_connect(s);
    sim_assert_agree(s, 1, 1);
    sim_ladder_clear(s);
    return s;
}

struct sim *sim_up(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    sim_start(s);
    return connected(s);
}

struct sim *sim_readable(uint64_t seed)
{
    struct sim *s = sim_new(seed);

    s->nodes[SIM_A].crypto.tags_pass = s->nodes[SIM_B].crypto.tags_pass = true;
    sim_start(s);
    return s;
}

struct sim *sim_readable_up(uint64_t seed)
{
    return connected(sim_readable(seed));
}

void sim_goes_on(struct sim *s)
{
    s->held = false;
    sim_run(s, 5000);
    sim_assert_agree(s, 1, 1);
    sim_free(s);
}

struct sim_datagram *sim_in_the_air(struct sim *s)
{
    struct sim_datagram *d = sim_queued(s, 0);

    for (uint32_t n = 1; d != NULL && d->esp; n++) {
        d = sim_queued(s, n);
    }
    if (d == NULL) {
        fail();
    }
    return d;
}

void sim_assert_dropped(struct sim *s, const struct sim_datagram *d, enum ipsec_status status)
{
    const uint64_t before = sim_digest(&s->nodes[d->to]);
    const uint32_t sent = s->sent;

    assert_int_equal(sim_inject(s, d->to, d), status);
    assert_true(sim_digest(&s->nodes[d->to]) == before);
    assert_int_equal(s->sent, sent);
}

/* ---- the ladder --------------------------------------------------------------------------------
 */

void sim_ladder_clear(struct sim *s)
{
    s->ladder_used = 0;
    s->ladder[0] = '\0';
}

void sim_assert_ladder(struct sim *s, const char *expected)
{
    if (strcmp(s->ladder, expected) != 0) {
        print_error("expected:\n%sseen:\n%s", expected, s->ladder);
        fail();
    }
    sim_ladder_clear(s);
}
