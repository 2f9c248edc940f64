/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim.h: whether the two ends agree when the network has calmed down. Without a test library,
 * so that fuzz targets can ask, too.
 */
#include "ike_state.h"
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char complaint[512];

const char *sim_complain(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(complaint, sizeof(complaint), format, args);
    va_end(args);
    return complaint;
}

static char name(const struct sim_node *n)
{
    return n->index == SIM_A ? 'A' : 'B';
}

/* ---- slots -------------------------------------------------------------------------------------
 */

static const char *check_slots(struct sim_node *n, uint32_t sas, uint32_t children)
{
    const struct ipsec_ike *ike = n->ike;
    struct ipsec_ike_counters counters;

    ipsec_ike_counters(ike, &counters);
    if (counters.sas != sas || counters.children != children) {
        return sim_complain("%c has %u IKE SAs and %u children, not %u and %u", name(n),
                            counters.sas, counters.children, sas, children);
    }
    if (counters.handshakes != 0 || counters.half_open != 0 || ike->handshakes.used != 0) {
        return sim_complain("%c has %u handshakes and %u half-open SAs left", name(n),
                            counters.handshakes, counters.half_open);
    }
    if (ike->by_spi.used != sas || ike->by_init.used != 0 || ike->by_esp.used != children) {
        return sim_complain("%c has %u, %u, %u entries in its tables", name(n), ike->by_spi.used,
                            ike->by_init.used, ike->by_esp.used);
    }
    if (counters.reassemblies != 0) {
        return sim_complain("%c has %u sets of fragments left", name(n), counters.reassemblies);
    }
    if (ike->paths.used > sas) {
        return sim_complain("%c remembers paths of %u IKE SAs", name(n), ike->paths.used);
    }
    if (ike->buffers.used > sas * ike->config.window) { /* stored replies */
        return sim_complain("%c has %u buffers in use", name(n), ike->buffers.used);
    }
    if (sim_sink_count(n) != children) {
        return sim_complain("%c has %u children in the sink, not %u", name(n), sim_sink_count(n),
                            children);
    }
    if (n->crypto.keys_alive > sas * 4 || n->crypto.kes_alive != 0) {
        return sim_complain("%c has %u keys and %u key exchanges alive", name(n),
                            n->crypto.keys_alive, n->crypto.kes_alive);
    }
    return NULL;
}

/* ---- IKE SAs -----------------------------------------------------------------------------------
 */

static const struct ipseci_ike_sa *by_spis(const struct sim_node *n, uint64_t spi_i, uint64_t spi_r)
{
    struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = ipseci_pool_next(&n->ike->sas, &cursor, &handle)) != NULL) {
        if (sa->spi_i == spi_i && sa->spi_r == spi_r) {
            return sa;
        }
    }
    return NULL;
}

static const char *compare_ike(const struct ipseci_ike_sa *a, const struct ipseci_ike_sa *b)
{
    if (a->state != IPSECI_IKE_ESTABLISHED || b->state != IPSECI_IKE_ESTABLISHED) {
        return sim_complain("IKE SA in states %u and %u", a->state, b->state);
    }
    if (a->initiator == b->initiator) {
        return "both ends are original initiator";
    }
    if (memcmp(&a->suite, &b->suite, sizeof(a->suite)) != 0 ||
        memcmp(a->sk_d, b->sk_d, sizeof(a->sk_d)) != 0) {
        return "the ends of an IKE SA differ in suite or SK_d";
    }
    if (a->request_id != b->expected_id || b->request_id != a->expected_id) {
        return sim_complain("message IDs: A %u/%u, B %u/%u", a->request_id, a->expected_id,
                            b->request_id, b->expected_id);
    }
    if (a->task != IPSECI_TASK_NONE || b->task != IPSECI_TASK_NONE || a->collision != 0 ||
        b->collision != 0 || a->peer_busy || b->peer_busy) {
        return sim_complain("not idle: tasks %u, %u", a->task, b->task);
    }
    return NULL;
}

static const char *check_ike(const struct sim *s)
{
    const struct sim_node *a = &s->nodes[SIM_A];
    const struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = ipseci_pool_next(&a->ike->sas, &cursor, &handle)) != NULL) {
        const struct ipseci_ike_sa *other = by_spis(&s->nodes[SIM_B], sa->spi_i, sa->spi_r);
        if (other == NULL) {
            return "A has an IKE SA that B has not";
        }
        const char *wrong = compare_ike(sa, other);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

/* ---- children ----------------------------------------------------------------------------------
 */

static bool same_view(struct ipsec_view a, struct ipsec_view b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static bool same_ts(const struct ipsec_selectors *a, const struct ipsec_selectors *b)
{
    return a->count == b->count && memcmp(a->item, b->item, a->count * sizeof(a->item[0])) == 0;
}

static const char *compare_child(const struct sim_child *a, const struct sim_child *b)
{
    if (a->sa.spi_out != b->sa.spi_in) {
        return "a child's SPIs are not mirrored";
    }
    if (!same_view(a->sa.encr_key_out, b->sa.encr_key_in) ||
        !same_view(a->sa.integ_key_out, b->sa.integ_key_in) ||
        !same_view(a->sa.encr_key_in, b->sa.encr_key_out) ||
        !same_view(a->sa.integ_key_in, b->sa.integ_key_out)) {
        return "a child's keys are not the same crosswise";
    }
    if (same_view(a->sa.encr_key_out, a->sa.encr_key_in) &&
        same_view(a->sa.integ_key_out, a->sa.integ_key_in)) {
        return "a child has one key for both directions";
    }
    if (!same_ts(&a->sa.local_ts, &b->sa.remote_ts) ||
        !same_ts(&a->sa.remote_ts, &b->sa.local_ts)) {
        return "a child's selectors are not mirrored";
    }
    if (memcmp(&a->sa.suite, &b->sa.suite, sizeof(a->sa.suite)) != 0) {
        return "a child's suites differ";
    }
    if (a->sa.udp_encapsulation != b->sa.udp_encapsulation) {
        return "one end encapsulates";
    }
    return NULL;
}

static const char *check_children(const struct sim *s)
{
    for (size_t i = 0; i < s->nodes[SIM_A].sink_top; i++) {
        const struct sim_child *a = &s->nodes[SIM_A].sink[i];
        const struct sim_child *b = NULL;
        for (size_t k = 0; k < s->nodes[SIM_B].sink_top && a->used; k++) {
            const struct sim_child *c = &s->nodes[SIM_B].sink[k];
            b = c->used && c->sa.spi_out == a->sa.spi_in ? c : b;
        }
        if (a->used && b == NULL) {
            return "A has a child that B has not";
        }
        const char *wrong = a->used ? compare_child(a, b) : NULL;
        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

const char *sim_disagreement(struct sim *s, uint32_t sas, uint32_t children)
{
    const char *wrong = check_slots(&s->nodes[SIM_A], sas, children);

    wrong = wrong != NULL ? wrong : check_slots(&s->nodes[SIM_B], sas, children);
    wrong = wrong != NULL ? wrong : check_ike(s);
    return wrong != NULL ? wrong : check_children(s);
}

void sim_print(const struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        const struct sim_node *n = &s->nodes[i];
        const struct ipseci_ike_sa *sa;
        const struct ipseci_child *c;
        uint32_t cursor = 0;
        ipsec_handle handle;
        while ((sa = ipseci_pool_next(&n->ike->sas, &cursor, &handle)) != NULL) {
            printf("%c IKE SA %08x: %08x %08x state %u task %u%s%s\n", name(n), handle,
                   (uint32_t)sa->spi_i, (uint32_t)sa->spi_r, sa->state, sa->task,
                   sa->want_delete ? " wants delete" : "", sa->want_rekey ? " wants rekey" : "");
        }
        cursor = 0;
        while ((c = ipseci_pool_next(&n->ike->children, &cursor, &handle)) != NULL) {
            printf("%c child %08x of %08x: %08x %08x state %u, %s%s%s%s\n", name(n), handle,
                   c->ike_sa, c->spi_in, c->spi_out, c->state, c->config->name,
                   c->in_sink ? " installed" : "", c->outbound_ready ? " sends" : "",
                   c->want_delete ? " wants delete" : "");
        }
    }
}
