/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim.h: what a node answers, installs and records when its engine calls.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_send(void *user, struct ipsec_packet *datagram)
{
    struct sim_node *n = user;

    sim_send(n->sim, n->index, datagram);
}

/* ---- questions ---------------------------------------------------------------------------------
 */

static enum ipsec_status park(struct sim_node *n, uint32_t token, bool is_secret)
{
    if (n->question_count == SIM_PARKED_MAX) {
        return IPSEC_ERR_FULL;
    }
    n->question[n->question_count].token = token;
    n->question[n->question_count].is_secret = is_secret;
    n->question[n->question_count].is_eap = false;
    n->question[n->question_count].is_lease = false;
    n->question[n->question_count].is_resolve = false;
    n->question_count++;
    return IPSEC_PENDING;
}

static enum ipsec_status on_find_peer(void *user, uint32_t token,
                                      const struct ipsec_peer_query *query,
                                      const struct ipsec_peer **peer)
{
    struct sim_node *n = user;

    if (n->pend_peer) {
        return park(n, token, false);
    }
    if (n->unknown_peer || (n->unknown_id && query->remote_id != NULL)) {
        return IPSEC_ERR_NOT_FOUND;
    }
    *peer = &n->peer;
    return IPSEC_OK;
}

static enum ipsec_status fill_secret(const struct sim_node *n, struct ipsec_secret *secret)
{
    if (n->secret == NULL) {
        return IPSEC_ERR_NOT_FOUND;
    }
    secret->length = strlen(n->secret);
    memcpy(secret->bytes, n->secret, secret->length);
    return IPSEC_OK;
}

static enum ipsec_status on_find_secret(void *user, uint32_t token,
                                        const struct ipsec_secret_query *query,
                                        struct ipsec_secret *secret)
{
    struct sim_node *n = user;

    (void)query;
    return n->pend_secret ? park(n, token, true) : fill_secret(n, secret);
}

static void eap_packet(struct ipsec_eap_reply *reply, uint8_t code, unsigned identifier)
{
    const uint8_t packet[6] = {code, (uint8_t)identifier, 0, code < 3 ? 6 : 4, 254, 77};

    reply->length = packet[3];
    memcpy(reply->packet, packet, reply->length);
}

static void eap_success(const struct sim_node *n, struct ipsec_eap_reply *reply)
{
    reply->state = IPSEC_EAP_SUCCESS;
    reply->msk_length = n->eap_key;
    memset(reply->msk, n->eap_secret, n->eap_key);
}

/* A method of nothing but rounds. */
static enum ipsec_status eap_round(struct sim_node *n, bool server, struct ipsec_view packet,
                                   struct ipsec_eap_reply *reply)
{
    /* The first request has identifier 0: what went before came to nothing. */
    if (packet.length == 0 ||
        (!server && packet.data[0] == 1 && (n->eap_seen == n->eap_rounds || packet.data[1] == 0))) {
        n->eap_seen = 0;
    }
    n->eap_seen += packet.length > 0 && packet.data[0] < 3 ? 1 : 0;
    if (n->eap_quirk == SIM_EAP_BREAKS) {
        return IPSEC_ERR_NOT_FOUND;
    }
    if (server && n->eap_quirk == SIM_EAP_REFUSES && n->eap_seen > 0) {
        eap_packet(reply, 4, n->eap_seen);
        reply->state = IPSEC_EAP_FAILURE;
    } else if (server && (n->eap_seen == n->eap_rounds ||
                          (n->eap_quirk == SIM_EAP_EARLY && n->eap_seen > 0))) {
        eap_packet(reply, 3, n->eap_seen);
        eap_success(n, reply);
    } else if (server) {
        eap_packet(reply, 1, n->eap_seen);
    } else if (packet.data[0] == 3) {
        if (n->eap_seen == n->eap_rounds) {
            eap_success(n, reply);
        } else {
            reply->state = IPSEC_EAP_FAILURE;
        }
    } else {
        eap_packet(reply, 2, packet.data[1]);
    }
    if (n->eap_full && (n->eap_seen > 0 || n->eap_full_first) && reply->length == 6) {
        memset(reply->packet + 6, 77, reply->capacity - 6);
        reply->length = reply->capacity;
        reply->packet[2] = (uint8_t)(reply->length >> 8);
        reply->packet[3] = (uint8_t)reply->length;
    }
    n->eap_longest = reply->length > n->eap_longest ? reply->length : n->eap_longest;
    reply->length -= n->eap_quirk == SIM_EAP_GARBAGE && reply->length > 0 ? 1 : 0;
    return IPSEC_OK;
}

static enum ipsec_status on_eap(void *user, uint32_t token, const struct ipsec_eap_query *query,
                                struct ipsec_eap_reply *reply)
{
    struct sim_node *n = user;

    if (n->eap_run != NULL) {
        return n->eap_run(n->eap_method, token, query, reply);
    }
    if (!n->pend_eap || n->question_count == SIM_PARKED_MAX) {
        return eap_round(n, query->server, query->packet, reply);
    }
    struct sim_parked_question *q = &n->question[n->question_count];
    q->token = token;
    q->is_secret = false;
    q->is_eap = true;
    q->is_lease = false;
    q->server = query->server;
    q->length = query->packet.length < sizeof(q->packet) ? query->packet.length : 0;
    if (q->length > 0) {
        memcpy(q->packet, query->packet.data, q->length);
    }
    n->question_count++;
    return IPSEC_PENDING;
}

/* Where that lease, or none, is noted as given. */
static uint32_t *find_lease(struct sim_node *n, uint32_t lease)
{
    for (size_t i = 0; i < SIM_LEASES_MAX; i++) {
        if (n->lease_out[i] == lease) {
            return &n->lease_out[i];
        }
    }
    return NULL;
}

static enum ipsec_status give_lease(struct sim_node *n, const struct ipsec_lease_query *query,
                                    struct ipsec_config_set *set, bool *once_more)
{
    if (n->lease_status < IPSEC_OK) {
        return n->lease_status;
    }
    uint32_t *out = find_lease(n, 0);
    if (out == NULL) {
        return IPSEC_ERR_FULL;
    }
    *set = n->lease;
    *once_more = query->held != 0 && query->ipv4.family != IPSEC_FAMILY_NONE &&
                 find_lease(n, query->held) != NULL;
    if (*once_more) {
        set->ipv4 = query->ipv4;
        set->ipv6 = query->ipv6;
        set->lease = query->held;
        return IPSEC_OK;
    }
    n->leased++;
    set->lease = *out = n->leased;
    return IPSEC_OK;
}

static void take_back(struct sim_node *n, uint32_t lease)
{
    uint32_t *out = lease == 0 ? NULL : find_lease(n, lease);

    if (out == NULL) {
        fprintf(stderr, "simulator: a lease is released that is not given\n");
        abort();
    }
    *out = 0;
    n->released++;
}

static enum ipsec_status on_lease(void *user, uint32_t token, const struct ipsec_lease_query *query,
                                  struct ipsec_config_set *set)
{
    struct sim_node *n = user;
    bool once_more;

    n->last_lease = *query;
    n->last_lease.peer = NULL;
    n->last_lease.remote_id = NULL;
    if (!n->pend_lease || n->question_count == SIM_PARKED_MAX) {
        return give_lease(n, &n->last_lease, set, &once_more);
    }
    const enum ipsec_status status = park(n, token, false);
    n->question[n->question_count - 1].is_lease = true;
    n->question[n->question_count - 1].lease = n->last_lease;
    return status;
}

static void on_release(void *user, const struct ipsec_peer *peer, uint32_t lease)
{
    struct sim_node *n = user;

    if (peer != &n->peer) {
        fprintf(stderr, "simulator: a lease of another peer is released\n");
        abort();
    }
    take_back(n, lease);
}

static enum ipsec_status on_wall_time(void *user, int64_t *seconds)
{
    const struct sim_node *n = user;

    *seconds = SIM_NOW + (int64_t)(n->sim->now / 1000) - 1000;
    return n->auth.no_time ? IPSEC_ERR_NOT_FOUND : IPSEC_OK;
}

void sim_answer(struct sim_node *n, enum ipsec_status status)
{
    bool once_more = false;
    struct ipsec_secret secret = {0};
    struct ipsec_eap_reply reply = {0};
    struct ipsec_config_set set = {0};
    struct ipsec_addr addr = {0};
    uint8_t room[64];
    struct ipsec_answer answer = {.status = status};

    if (n->question_count == 0) {
        return;
    }
    const struct sim_parked_question q = n->question[0];
    n->question_count--;
    memmove(&n->question[0], &n->question[1], n->question_count * sizeof(n->question[0]));
    if (status == IPSEC_OK && q.is_eap) {
        const struct ipsec_view packet = {q.packet, q.length};
        reply.packet = room;
        answer.status = eap_round(n, q.server, packet, &reply);
        answer.eap = &reply;
    } else if (status == IPSEC_OK && q.is_lease) {
        answer.status = give_lease(n, &q.lease, &set, &once_more);
        answer.lease = &set;
    } else if (status == IPSEC_OK && q.is_resolve) {
        sim_address(&addr, n->redirects.address);
        answer.addr = &addr;
    } else if (status == IPSEC_OK && q.is_secret) {
        answer.status = fill_secret(n, &secret);
        answer.secret = &secret;
    } else if (status == IPSEC_OK) {
        answer.peer = &n->peer;
    }
    if (ipsec_ike_answer(n->ike, q.token, &answer, n->sim->now) == IPSEC_ERR_STALE && q.is_lease &&
        answer.lease != NULL && answer.status == IPSEC_OK && !once_more) {
        take_back(n, set.lease); /* nobody took it */
    }
}

static bool on_job(void *user, struct ipsec_job *job)
{
    struct sim_node *n = user;

    if (!n->take_jobs || n->job_count == SIM_PARKED_MAX) {
        return false;
    }
    n->job[n->job_count] = job;
    n->job_count++;
    return true;
}

enum ipsec_status sim_job_done(struct sim_node *n)
{
    if (n->job_count == 0) {
        return IPSEC_ERR_NOT_FOUND;
    }
    struct ipsec_job *job = n->job[0];
    n->job_count--;
    memmove(&n->job[0], &n->job[1], n->job_count * sizeof(n->job[0]));
    ipsec_job_run(job, NULL);
    return ipsec_ike_job_done(n->ike, job, n->sim->now);
}

/* ---- the sink ----------------------------------------------------------------------------------
 */

struct sim_child *sim_sink_find(struct sim_node *n, ipsec_handle child)
{
    for (size_t i = 0; i < n->sink_top; i++) {
        if (n->sink[i].used && n->sink[i].sa.child == child) {
            return &n->sink[i];
        }
    }
    return NULL;
}

struct sim_child *sim_sink_sender(struct sim_node *n, const struct ipsec_child_config *config)
{
    struct sim_child *best = NULL;

    for (size_t i = 0; i < n->sink_top; i++) {
        struct sim_child *c = &n->sink[i];
        if (c->used && c->sends && c->sa.config == config &&
            (best == NULL || c->order > best->order)) {
            best = c;
        }
    }
    return best;
}

uint32_t sim_sink_count(const struct sim_node *n)
{
    uint32_t count = 0;

    for (size_t i = 0; i < n->sink_top; i++) {
        count += n->sink[i].used ? 1 : 0;
    }
    return count;
}

static void keep_key(struct sim_child *c, int which, struct ipsec_view *view)
{
    if (view->length > sizeof(c->keys[which])) {
        abort();
    }
    if (view->length > 0) {
        memcpy(c->keys[which], view->data, view->length);
    }
    view->data = c->keys[which];
}

static enum ipsec_status on_child_add(void *user, const struct ipsec_child_sa *sa)
{
    struct sim_node *n = user;
    struct sim_child *c = NULL;

    if (n->children_max != 0 && sim_sink_count(n) >= n->children_max) {
        return IPSEC_ERR_FULL;
    }
    for (size_t i = 0; i < n->sink_top && c == NULL; i++) {
        c = n->sink[i].used ? NULL : &n->sink[i];
    }
    if (c == NULL && n->sink_top == SIM_CHILDREN_MAX) {
        return IPSEC_ERR_FULL;
    }
    c = c != NULL ? c : &n->sink[n->sink_top++];
    memset(c, 0, sizeof(*c));
    c->used = true;
    c->sa = *sa;
    keep_key(c, 0, &c->sa.encr_key_in);
    keep_key(c, 1, &c->sa.integ_key_in);
    keep_key(c, 2, &c->sa.encr_key_out);
    keep_key(c, 3, &c->sa.integ_key_out);
    c->sends = sa->outbound_ready;
    c->order = n->sim->order++;
    return IPSEC_OK;
}

static enum ipsec_status on_child_update(void *user, const struct ipsec_child_update *update)
{
    struct sim_node *n = user;
    struct sim_child *c = sim_sink_find(n, update->child);

    if (c == NULL) {
        return IPSEC_ERR_STALE;
    }
    switch (update->kind) {
    case IPSEC_CHILD_UPDATE_USE:
        c->sends = true;
        c->order = n->sim->order++;
        break;
    case IPSEC_CHILD_UPDATE_STOP:
        c->sends = false;
        break;
    case IPSEC_CHILD_UPDATE_MOVE:
        c->sa.local = update->local;
        c->sa.remote = update->remote;
        c->sa.udp_encapsulation = update->udp_encapsulation;
        break;
    }
    return IPSEC_OK;
}

static void on_child_remove(void *user, ipsec_handle child)
{
    struct sim_node *n = user;
    struct sim_child *c = sim_sink_find(n, child);

    if (c == NULL) {
        fprintf(stderr, "simulator: a child is removed that is not in the sink\n");
        abort();
    }
    c->used = false;
}

static enum ipsec_status on_child_stats(void *user, ipsec_handle child,
                                        struct ipsec_child_stats *stats)
{
    const struct sim_child *c = sim_sink_find(user, child);

    if (c == NULL) {
        return IPSEC_ERR_STALE;
    }
    stats->packets_in = c->packets_in;
    stats->packets_out = c->packets_out;
    return IPSEC_OK;
}

/* ---- events ------------------------------------------------------------------------------------
 */

/* "A IKE_SA_INIT request 0: SA KE Ni": without arrow and lengths, which depend on nothing that
 * matters here. */
static void add_line(struct sim_node *n, const struct ipsec_message_info *m)
{
    struct sim *s = n->sim;
    char text[IPSEC_MESSAGE_TEXT_MAX];
    const size_t room = SIM_LADDER_BYTES - s->ladder_used;

    ipsec_message_text(m, text, sizeof(text));
    char *comma = strchr(text, ',');
    char *rest = comma == NULL ? NULL : strstr(comma, "octets");
    if (comma != NULL && rest != NULL) {
        memmove(comma, rest + 6, strlen(rest + 6) + 1);
    }
    const int used = snprintf(s->ladder + s->ladder_used, room, "%c %s\n",
                              n->index == SIM_A ? 'A' : 'B', text + 3);
    if (used > 0 && (size_t)used < room) {
        s->ladder_used += (uint32_t)used;
    }
}

static void keep_failure(struct sim_node *n, const struct ipsec_failure *failure)
{
    n->has_failure = true;
    n->failure = *failure;
    n->failure.ours = NULL;
    n->failure.theirs = NULL;
    n->failure.built_in = NULL;
    n->failure.our_local_ts = NULL;
    n->failure.our_remote_ts = NULL;
    n->failure.their_local_ts = NULL;
    n->failure.their_remote_ts = NULL;
    n->failure.our_id = NULL;
    n->failure.their_id = NULL;
    n->failure.expected_id = NULL;
    if (!n->sim->quiet) {
        ipsec_failure_text(failure, n->failure_text, sizeof(n->failure_text));
    }
}

static void keep_redirect(struct sim_redirects *r, const struct ipsec_event *event)
{
    r->events[event->redirect->kind]++;
    r->info = *event->redirect;
    r->event = *event;
    r->event.redirect = NULL;
}

static void say(const struct sim_node *n, const struct ipsec_event *event)
{
    static const char *const what[SIM_EVENTS] = {
        "",           "message",  "IKE up",        "IKE rekeyed",
        "IKE closed", "child up", "child rekeyed", "child closed",
        "failure",    "warning",  "rekey failed",  "drop",
        "moved",      "assigned", "retry",         "redirected"};
    char text[IPSEC_MESSAGE_TEXT_MAX] = "";

    if (event->message != NULL) {
        ipsec_message_text(event->message, text, sizeof(text));
    }
    printf("%8llu %c %s %s", (unsigned long long)(event->now - 1000000),
           n->index == SIM_A ? 'A' : 'B', what[event->type], text);
    if (event->child != NULL) {
        printf(" %08x %08x of %08x", event->child->spi_in, event->child->spi_out,
               event->child->ike_sa);
    }
    if (event->ike != NULL) {
        printf(" %08x %08x", (uint32_t)event->ike->spi_i, (uint32_t)event->ike->spi_r);
    }
    if (event->failure != NULL) {
        printf(" %s in phase %d", ipsec_cause_name(event->failure->cause), event->failure->phase);
    }
    printf(" sa %08x reason %d status %d\n", event->ike_sa, event->reason, event->status);
}

static void on_event(void *user, const struct ipsec_event *event)
{
    struct sim_node *n = user;

    n->events[event->type]++;
    if (n->sim->verbose) {
        say(n, event);
    }
    if (event->type == IPSEC_EVENT_MESSAGE && event->message->outbound && !n->sim->quiet) {
        add_line(n, event->message);
    } else if (event->type == IPSEC_EVENT_FAILURE) {
        keep_failure(n, event->failure);
    } else if (event->type == IPSEC_EVENT_WARNING) {
        n->warnings |= 1u << event->warning;
        n->quirks |= event->quirks;
    } else if (event->type == IPSEC_EVENT_DROP) {
        n->last_drop = event->status;
    } else if (event->type == IPSEC_EVENT_RETRY) {
        n->retry.tries = event->tries;
        n->retry.at = event->now;
        n->retry.next = event->next_try;
        n->retry.child = event->child != NULL;
        n->retry.status = event->status;
    } else if (event->type == IPSEC_EVENT_REDIRECTED) {
        keep_redirect(&n->redirects, event);
    } else if (event->type == IPSEC_EVENT_CONFIG) {
        n->assigned = *event->config;
    } else if (event->type == IPSEC_EVENT_ADDRESS_CHANGED) {
        n->old_remote = event->old_remote;
        n->new_remote = event->ike->remote;
    } else if (event->type == IPSEC_EVENT_IKE_CLOSED || event->type == IPSEC_EVENT_CHILD_CLOSED) {
        n->last_reason = event->reason;
    }
}

void sim_node_callbacks(struct sim_node *n)
{
    const struct ipsec_ike_callbacks callbacks = {
        .size = sizeof(callbacks),
        .send = on_send,
        .find_peer = on_find_peer,
        .find_secret = on_find_secret,
        .wall_time = on_wall_time,
        .eap = n->speaks_eap ? on_eap : NULL,
        .lease = n->leases ? on_lease : NULL,
        .release = on_release,
        .child_add = on_child_add,
        .child_update = on_child_update,
        .child_remove = on_child_remove,
        .child_stats = on_child_stats,
        .event = on_event,
        .job = on_job,
    };

    n->config.callbacks = callbacks;
    n->config.user = n;
}
