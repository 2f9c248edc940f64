/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim.h: what holds of an engine between any two calls, and when it has ended.
 */
#include "ike_state.h"
#include "sim.h"

#include <string.h>

/* ---- IKE SAs -----------------------------------------------------------------------------------
 */

static const char *check_sa(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                            ipsec_handle handle)
{
    const uint64_t own = sa->initiator ? sa->spi_i : sa->spi_r;
    struct ipsec_ike_sa_info info;

    if (sa->self != handle || ipsec_ike_sa_info(ike, handle, &info) != IPSEC_OK) {
        return "an IKE SA does not know its handle";
    }
    if (own == 0 || ipseci_hash_find(&ike->by_spi, own) != handle) {
        return "an IKE SA is not found by its SPI";
    }
    if (sa->exchange_timer.position == 0 && sa->life_timer.position == 0) {
        return sim_complain("an IKE SA in state %u waits for nothing", sa->state);
    }
    if (sa->task == IPSECI_TASK_NONE && ipseci_handshake_get(ike, sa->own_handshake) != NULL &&
        sa->follow == IPSECI_TASK_NONE) {
        return "a handshake without a request of its own";
    }
    return NULL;
}

static const char *check_sas(const struct ipsec_ike *ike)
{
    const struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    uint32_t half_open = 0;
    uint32_t walked = 0;
    ipsec_handle handle;

    while ((sa = ipseci_pool_next(&ike->sas, &cursor, &handle)) != NULL) {
        const char *wrong = check_sa(ike, sa, handle);
        if (wrong != NULL) {
            return wrong;
        }
        half_open += sa->half_open ? 1 : 0;
    }
    for (handle = ipsec_ike_next_sa(ike, 0); handle != 0; handle = ipsec_ike_next_sa(ike, handle)) {
        walked++;
    }
    if (walked != ike->sas.used || ike->by_spi.used != walked) {
        return sim_complain("%u IKE SAs, %u met on a walk, %u by SPI", ike->sas.used, walked,
                            ike->by_spi.used);
    }
    if (half_open != ike->half_open || ike->by_init.used != half_open) {
        return sim_complain("%u half-open SAs, %u counted, %u in the table", half_open,
                            ike->half_open, ike->by_init.used);
    }
    return NULL;
}

/* ---- children ----------------------------------------------------------------------------------
 */

/* Of all children, those that their IKE SAs list; a list that is no list ends at the pool's size.
 */
static uint32_t count_listed(const struct ipsec_ike *ike)
{
    const struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    uint32_t listed = 0;
    ipsec_handle handle;

    while ((sa = ipseci_pool_next(&ike->sas, &cursor, &handle)) != NULL) {
        const struct ipseci_child *c = ipseci_child_get(ike, sa->child_first);
        for (; c != NULL && listed <= ike->children.count; c = ipseci_child_get(ike, c->next)) {
            listed += c->ike_sa == handle ? 1 : 0;
        }
    }
    return listed;
}

static const char *check_children(struct sim_node *n)
{
    const struct ipsec_ike *ike = n->ike;
    const struct ipseci_child *c;
    uint32_t cursor = 0;
    uint32_t in_sink = 0;
    uint32_t with_spi = 0;
    ipsec_handle handle;

    while ((c = ipseci_pool_next(&ike->children, &cursor, &handle)) != NULL) {
        struct ipsec_child_info info;
        if (c->self != handle || ipsec_ike_child_info(ike, handle, &info) != IPSEC_OK) {
            return "a child does not know its handle";
        }
        if (c->in_sink && sim_sink_find(n, handle) == NULL) {
            return "a child is not in the sink";
        }
        in_sink += c->in_sink ? 1 : 0;
        with_spi += ipseci_hash_find(&ike->by_esp, c->spi_in) == handle ? 1 : 0;
    }
    if (sim_sink_count(n) != in_sink) {
        return sim_complain("the sink has %u children, the engine %u", sim_sink_count(n), in_sink);
    }
    if (count_listed(ike) != ike->children.used || ike->by_esp.used != with_spi) {
        return sim_complain("%u children, %u listed, %u of %u by SPI", ike->children.used,
                            count_listed(ike), with_spi, ike->by_esp.used);
    }
    return NULL;
}

/* ---- kept-up peers -----------------------------------------------------------------------------
 */

/* Each waits for a time, or for the end of an IKE SA. */
static const char *check_kept(const struct ipsec_ike *ike)
{
    const struct ipseci_keep_up *kept;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((kept = ipseci_pool_next(&ike->kept, &cursor, &handle)) != NULL) {
        struct ipsec_keep_up_info info;
        if (kept->timer.owner != handle ||
            ipsec_ike_keep_up_info(ike, kept->peer, &info) != IPSEC_OK) {
            return "a kept-up peer is not found";
        }
        if (kept->timer.position == 0 && info.next_try != IPSEC_NEVER) {
            return "a kept-up peer that nobody will look at again";
        }
    }
    return NULL;
}

/* ---- handshakes and counters -------------------------------------------------------------------
 */

static const char *check_handshakes(const struct sim_node *n)
{
    const struct ipsec_ike *ike = n->ike;
    const struct ipseci_handshake *hs;
    uint32_t cursor = 0;
    uint32_t reserved = 0;
    ipsec_handle handle;

    while ((hs = ipseci_pool_next(&ike->handshakes, &cursor, &handle)) != NULL) {
        const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, hs->sa);
        const bool owned =
            sa != NULL && (sa->own_handshake == handle || sa->peer_handshake == handle);
        if (hs->self != handle || owned == hs->job.abandoned) {
            return "a handshake that nobody has";
        }
        reserved += hs->reserves_sa ? 1 : 0;
    }
    if (reserved != ike->reserved_sas || ike->sas.used + reserved > ike->sas.count) {
        return sim_complain("%u IKE SAs reserved, %u counted", reserved, ike->reserved_sas);
    }
    if (n->crypto.kes_alive > ike->handshakes.used || n->crypto.keys_alive > 4 * ike->sas.used) {
        return sim_complain("%u key exchanges and %u keys alive", n->crypto.kes_alive,
                            n->crypto.keys_alive);
    }
    return NULL;
}

static const char *check_counters(struct sim_node *n)
{
    struct ipsec_ike_counters now;
    bool back = false;

    ipsec_ike_counters(n->ike, &now);
    for (size_t i = 0; i < IPSEC_DROP_REASONS; i++) {
        back = back || now.drops[i] < n->seen.drops[i];
    }
    back = back || now.messages_in < n->seen.messages_in || now.messages_out < n->seen.messages_out;
    n->seen = now;
    if (back) {
        return "a counter went back";
    }
    return now.messages_out < now.retransmissions + now.duplicates_answered
               ? "more sent again than sent at all"
               : NULL;
}

const char *sim_broken(struct sim_node *n)
{
    const struct ipsec_ike *ike = n->ike;
    const char *wrong = check_sas(ike);

    if (ike->busy || ike->touched_count != 0) {
        return "a call has left something undone";
    }
    if (ike->now > n->sim->now) {
        return "the engine is ahead of the clock";
    }
    wrong = wrong != NULL ? wrong : check_children(n);
    wrong = wrong != NULL ? wrong : check_handshakes(n);
    wrong = wrong != NULL ? wrong : check_kept(ike);
    return wrong != NULL ? wrong : check_counters(n);
}

/* ---- the end -----------------------------------------------------------------------------------
 */

/* With memcmp and memchr: a fuzzer that counts comparisons would be held up by loops. */
static bool all_zero(const struct ipseci_pool *pool)
{
    const size_t bytes = pool->count * pool->slot_bytes;

    return bytes == 0 ||
           (pool->slots[0] == 0 && memcmp(pool->slots, pool->slots + 1, bytes - 1) == 0);
}

static bool holds(const uint8_t *block, size_t bytes, const void *secret, size_t length)
{
    const uint8_t *wanted = secret;
    const uint8_t *end = block + bytes;
    const uint8_t *at = block;

    while (length > 1 && *wanted == 0) { /* most of a block is zero */
        wanted++;
        length--;
    }
    while (at < end && (at = memchr(at, *wanted, (size_t)(end - at))) != NULL) {
        if ((size_t)(end - at) >= length && memcmp(at, wanted, length) == 0) {
            return true;
        }
        at++;
    }
    return false;
}

static uint32_t count_events(const struct sim_node *n)
{
    uint32_t count = n->question_count + n->job_count + n->sim->sent;

    for (size_t i = 0; i < SIM_EVENTS; i++) {
        count += n->events[i];
    }
    return count;
}

const char *sim_end(struct sim_node *n)
{
    struct ipsec_ike *ike = n->ike;
    const uint32_t before = count_events(n);
    uint8_t sk_d[IPSEC_PRF_BYTES_MAX] = {0};
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, sim_sa(n, IPSEC_IKE_ESTABLISHED));

    if (sa != NULL) {
        memcpy(sk_d, sa->sk_d, sizeof(sk_d));
    }
    n->ike = NULL;
    ipsec_ike_deinit(ike);
    if (count_events(n) != before) {
        return "an engine that ends has called";
    }
    if (sim_sink_count(n) != 0 || n->crypto.keys_alive != 0 || n->crypto.kes_alive != 0) {
        return "something outlives its engine";
    }
    if (n->leased != n->released) {
        return "a lease outlives its engine";
    }
    if (!all_zero(&ike->sas) || !all_zero(&ike->children) || !all_zero(&ike->handshakes) ||
        !all_zero(&ike->reassemblies)) {
        return "a slot of an engine that ended is not wiped";
    }
    if ((sa != NULL && holds(n->block, n->block_bytes, sk_d, 16)) ||
        (n->secret != NULL && holds(n->block, n->block_bytes, n->secret, strlen(n->secret)))) {
        return "a secret is left in the block of an engine that ended";
    }
    return NULL;
}
