/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirect's changes of state: calling the gateway that a peer sends us to, make before break;
 * sending peers away, before anything is kept of them, in IKE_AUTH and by command; and what is
 * remembered of both. RFC 5685. See redirect.h.
 */
#include "redirect.h"
#include "mobility.h"
#include "redirect_wire.h"

#include <string.h>

/* ---- what is remembered ------------------------------------------------------------------------
 */

struct ipseci_redirect *ipseci_redirect_of(const struct ipsec_ike *ike,
                                           const struct ipsec_peer *peer)
{
    for (uint32_t i = 0; i < ike->config.redirect_max; i++) {
        if (peer != NULL && ike->redirects[i].peer == peer) {
            return &ike->redirects[i];
        }
    }
    return NULL;
}

struct ipseci_redirect *ipseci_redirect_wish(const struct ipsec_ike *ike,
                                             const struct ipseci_ike_sa *sa)
{
    for (uint32_t i = 0; i < ike->config.redirect_max; i++) {
        if (ike->redirects[i].peer == NULL && ike->redirects[i].sa == sa->self) {
            return &ike->redirects[i];
        }
    }
    return NULL;
}

/* The IKE SA that `entry` has yet to delete. */
static struct ipseci_ike_sa *left_behind(const struct ipsec_ike *ike,
                                         const struct ipseci_redirect *entry)
{
    return ipseci_sa_get(ike, entry->sa) == NULL ? NULL : ipseci_sa_get(ike, entry->leaves);
}

static bool is_over(const struct ipsec_ike *ike, const struct ipseci_redirect *entry)
{
    const uint32_t newest = (entry->next + IPSECI_REDIRECTS_MAX - 1u) % IPSECI_REDIRECTS_MAX;

    if (entry->peer == NULL) {
        return ipseci_sa_get(ike, entry->sa) == NULL;
    }
    return ike->now - entry->at[newest] >= IPSECI_REDIRECT_LOOP_MS &&
           left_behind(ike, entry) == NULL;
}

/* Entries are not given back: those whose time is over are found here. */
static struct ipseci_redirect *free_entry(const struct ipsec_ike *ike)
{
    for (uint32_t i = 0; i < ike->config.redirect_max; i++) {
        if (is_over(ike, &ike->redirects[i])) {
            return &ike->redirects[i];
        }
    }
    return NULL;
}

static struct ipseci_redirect *take_entry(struct ipsec_ike *ike)
{
    struct ipseci_redirect *entry = free_entry(ike);

    if (entry != NULL) {
        memset(entry, 0, sizeof(*entry));
    }
    return entry;
}

bool ipseci_redirect_has_room(const struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    return ipseci_sa_has_room(ike) && ike->handshakes.used < ike->handshakes.count &&
           (ipseci_redirect_of(ike, peer) != NULL || free_entry(ike) != NULL);
}

void ipseci_redirects_forget(struct ipsec_ike *ike, const struct ipsec_peer *peer)
{
    struct ipseci_redirect *entry = ipseci_redirect_of(ike, peer);

    if (entry != NULL) {
        memset(entry, 0, sizeof(*entry));
    }
}

static void emit(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                 const struct ipsec_redirect_info *info, ipsec_handle old)
{
    struct ipsec_event event = {.type = IPSEC_EVENT_REDIRECTED,
                                .ike_sa = sa->self,
                                .old_sa = old,
                                .peer = sa->peer,
                                .remote = sa->remote,
                                .redirect = info};

    ipseci_emit(ike, &event);
}

/* ---- the address of a name ---------------------------------------------------------------------
 */

bool ipseci_redirect_local(const struct ipseci_ike_sa *sa, uint8_t family, struct ipsec_addr *out)
{
    const struct ipsec_peer *peer = sa->peer;

    *out = sa->local.addr.family == family ? sa->local.addr : peer->local.addr;
    for (size_t i = 0; i < peer->other_local_count && out->family != family; i++) {
        *out = peer->other_local[i];
    }
    return out->family == family;
}

enum ipsec_status ipseci_ask_address(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, hs->sa);
    struct ipsec_addr addr = {0};
    enum ipsec_status status = IPSEC_ERR_NOT_BUILT_IN;

    if (sa == NULL) {
        return IPSEC_FATAL_INVARIANT;
    }
    const struct ipsec_resolve_query query = {sa->peer, &hs->gateway, sa->local.addr.family};
    if (ike->config.callbacks.resolve != NULL) {
        status = ike->config.callbacks.resolve(ike->config.user, ipseci_new_token(ike, hs), &query,
                                               &addr);
    }
    if (status == IPSEC_PENDING) {
        return IPSEC_PENDING;
    }
    ipseci_fact_resolved(ike, hs, status, &addr);
    return IPSEC_OK;
}

/* The SA is called there from now on. */
static enum ipsec_status call_at(struct ipseci_ike_sa *sa, const struct ipsec_addr *addr)
{
    struct ipsec_id gateway;

    ipseci_gateway_of(addr, &gateway);
    if (!ipseci_gateway_usable(&gateway)) {
        return IPSEC_ERR_NOT_FOUND;
    }
    if (!ipseci_redirect_local(sa, addr->family, &sa->local.addr)) {
        return IPSEC_ERR_ARGUMENT;
    }
    sa->remote.addr = *addr;
    return IPSEC_OK;
}

void ipseci_fact_resolved(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                          enum ipsec_status status, const struct ipsec_addr *addr)
{
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, hs->sa);

    hs->facts.resolve_status = status == IPSEC_OK && sa != NULL ? call_at(sa, addr) : status;
    ipseci_fact_found(hs, IPSECI_NEED_RESOLVE);
}

void ipseci_redirect_unresolved(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);

    if (hs != NULL) {
        ipseci_fact_resolved(ike, hs, IPSEC_ERR_NOT_FOUND, NULL);
        ipseci_resume(ike, hs);
    }
}

/* ---- we are sent -------------------------------------------------------------------------------
 */

static struct ipsec_redirect_info info_of(enum ipsec_redirect_kind kind,
                                          const struct ipseci_ike_sa *sa,
                                          const struct ipsec_id *gateway)
{
    struct ipsec_redirect_info info = {.kind = kind, .phase = IPSEC_PHASE_ESTABLISHED};

    if (sa->state < IPSECI_IKE_ESTABLISHED) {
        const bool init = sa->state == IPSECI_IKE_INIT_SENT || sa->state == IPSECI_IKE_REFUSED;
        info.phase = init ? IPSEC_PHASE_IKE_SA_INIT : IPSEC_PHASE_IKE_AUTH;
    }
    info.from = kind == IPSEC_REDIRECT_SENT ? sa->local.addr : sa->remote.addr;
    info.to = *gateway;
    return info;
}

static void note_time(struct ipsec_ike *ike, struct ipseci_redirect *entry)
{
    entry->at[entry->next] = ike->now;
    entry->next = (uint8_t)((entry->next + 1) % IPSECI_REDIRECTS_MAX);
    entry->count = entry->count < IPSECI_REDIRECTS_MAX ? (uint8_t)(entry->count + 1) : entry->count;
}

/* What the new IKE SA begins with: as the old one did, or, when that is up, with what it has. */
static const struct ipsec_child_config *first_config(const struct ipsec_ike *ike,
                                                     const struct ipseci_ike_sa *old)
{
    const struct ipseci_handshake *hs = ipseci_handshake_get(ike, old->own_handshake);
    const struct ipseci_child *child = ipseci_child_get(ike, old->child_first);
    const struct ipsec_child_config *config = ipseci_first_child(old->peer);

    if (old->state < IPSECI_IKE_ESTABLISHED) {
        return hs == NULL ? config : hs->config;
    }
    while (config == NULL && child != NULL && old->peer->childless != IPSEC_CHILDLESS_ALWAYS) {
        config = child->state == IPSECI_CHILD_INSTALLED ? child->config : NULL;
        child = ipseci_child_get(ike, child->next);
    }
    return config;
}

/* Children that wait for an IKE SA that is not up go with it. Of one that is up, those that nobody
 * would ask for again by themselves are asked for; it keeps its own until the end. */
static void bring_children(struct ipsec_ike *ike, struct ipseci_ike_sa *old,
                           struct ipseci_ike_sa *sa)
{
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);
    const struct ipseci_handshake *before = ipseci_handshake_get(ike, old->own_handshake);
    const struct ipseci_child *child = ipseci_child_get(ike, old->child_first);

    if (old->state < IPSECI_IKE_ESTABLISHED) {
        hs->child = before == NULL ? 0 : before->child;
        ipseci_children_move(ike, old, sa);
        return;
    }
    while (child != NULL) {
        struct ipseci_child *anew = NULL;
        if (child->state == IPSECI_CHILD_INSTALLED && child->config != hs->config &&
            child->config->start != IPSEC_START_ALWAYS &&
            ipseci_child_of(ike, sa, child->config, IPSECI_CHILD_ANY) == NULL) {
            anew = ipseci_child_take(ike, sa);
        }
        if (anew != NULL) {
            anew->config = child->config;
            anew->want_create = true;
        }
        child = ipseci_child_get(ike, child->next);
    }
}

static void give_up(struct ipsec_ike *ike, struct ipseci_redirect *entry)
{
    struct ipseci_ike_sa *old = left_behind(ike, entry);

    entry->leaves = 0;
    if (old != NULL && old->state == IPSECI_IKE_ESTABLISHED) {
        ipseci_path_pass(ike, old, ipseci_sa_get(ike, entry->sa));
        ipseci_ike_end(ike, old, IPSEC_REASON_REDIRECTED); /* RFC 5685 5 */
    }
}

/* Sent on and on, the way leads away from the IKE SA that is up; sent once more from there, what
 * that one was called in the place of is not waited for. */
static void leave(struct ipsec_ike *ike, struct ipseci_redirect *entry,
                  const struct ipseci_ike_sa *old, const struct ipseci_ike_sa *sa)
{
    if (old->state == IPSECI_IKE_ESTABLISHED) {
        give_up(ike, entry);
        entry->leaves = old->self;
    } else if (entry->sa != old->self) {
        entry->leaves = 0;
    }
    entry->sa = sa->self;
}

static enum ipsec_status call_gateway(struct ipsec_ike *ike, struct ipseci_ike_sa *old,
                                      const struct ipsec_id *gateway, ipsec_handle *handle)
{
    struct ipseci_redirect *entry = ipseci_redirect_of(ike, old->peer);
    struct ipsec_addr addr;

    entry = entry != NULL ? entry : take_entry(ike);
    if (entry == NULL) {
        return IPSEC_ERR_FULL;
    }
    IPSECI_TRY(ipseci_initiate(ike, old->peer, first_config(ike, old), handle));
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, *handle);
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, sa->own_handshake);
    sa->local.addr = old->local.addr;
    hs->redirected_from = old->remote.addr;
    if (ipseci_gateway_address(gateway, &addr)) {
        (void)call_at(sa, &addr); /* the handler has made sure that it can be */
    } else {
        hs->gateway = *gateway;
    }
    bring_children(ike, old, sa);
    entry->peer = old->peer;
    note_time(ike, entry);
    leave(ike, entry, old, sa);
    return IPSEC_OK;
}

static void follow(struct ipsec_ike *ike, struct ipseci_ike_sa *old, const struct ipsec_id *gateway)
{
    const struct ipsec_redirect_info info = info_of(IPSEC_REDIRECT_FOLLOWED, old, gateway);
    ipsec_handle handle = 0;
    const enum ipsec_status status = call_gateway(ike, old, gateway, &handle);
    const struct ipsec_failure failure = {
        .phase = info.phase,
        .cause = IPSEC_CAUSE_RESOURCE,
        .refused_by = IPSEC_REFUSED_LOCAL,
        .status = status,
        .notify = IPSECI_NOTIFY_REDIRECT,
        .initiator = true,
        .peer = old->peer,
        .their_id = gateway,
        .local = old->local,
        .remote = old->remote,
    };

    if (status == IPSEC_OK) {
        emit(ike, ipseci_sa_get(ike, handle), &info, old->self);
    } else {
        ipseci_emit_failure(ike, old, &failure);
    }
}

void ipseci_redirect_settle(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    struct ipseci_redirect *entry = ipseci_redirect_of(ike, sa->peer);

    if (entry != NULL && entry->sa == sa->self && entry->leaves != 0 &&
        sa->state == IPSECI_IKE_ESTABLISHED && sa->task == IPSECI_TASK_NONE) {
        give_up(ike, entry);
    }
}

void ipseci_redirect_inherit(struct ipsec_ike *ike, const struct ipseci_ike_sa *old,
                             const struct ipseci_ike_sa *new_sa)
{
    for (uint32_t i = 0; i < ike->config.redirect_max; i++) {
        struct ipseci_redirect *entry = &ike->redirects[i];
        if (entry->sa == old->self) {
            entry->sa = new_sa->self;
            entry->out = false; /* the peer may not have taken it on the old one */
        }
        if (entry->leaves == old->self) {
            entry->leaves = new_sa->self;
        }
    }
}

/* ---- we send -----------------------------------------------------------------------------------
 */

static bool ask(struct ipsec_ike *ike, const struct ipsec_redirect_query *query,
                struct ipsec_id *gateway)
{
    memset(gateway, 0, sizeof(*gateway));
    const bool go = ike->config.callbacks.redirect != NULL &&
                    ike->config.callbacks.redirect(ike->config.user, query, gateway) == IPSEC_OK &&
                    ipseci_gateway_usable(gateway);
    if (!go) {
        gateway->type = IPSEC_ID_NONE;
    }
    return go;
}

enum ipsec_status ipseci_ask_redirect(struct ipsec_ike *ike, struct ipseci_handshake *hs,
                                      const struct ipseci_need *need)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, hs->sa);

    if (sa == NULL) {
        return IPSEC_FATAL_INVARIANT;
    }
    const struct ipsec_redirect_query query = {
        .local = sa->local,
        .remote = sa->remote,
        .redirected_from = hs->redirected_from,
        .peer = hs->facts.peer != NULL ? hs->facts.peer : sa->peer,
        .remote_id = &need->peer_remote_id,
    };
    (void)ask(ike, &query, &hs->gateway);
    ipseci_fact_found(hs, IPSECI_NEED_REDIRECT);
    return IPSEC_OK;
}

bool ipseci_redirect_first(struct ipsec_ike *ike, const struct ipseci_message *in)
{
    const struct ipseci_payload *nonce = ipseci_payload_find(&in->payloads, IPSECI_PAYLOAD_NONCE);
    struct ipsec_redirect_query query = {.local = in->local, .remote = in->remote};
    struct ipsec_redirect_info info = {
        .kind = IPSEC_REDIRECT_SENT, .phase = IPSEC_PHASE_IKE_SA_INIT, .from = in->local.addr};
    uint8_t octets[2 + IPSEC_ID_BYTES_MAX + 256]; /* and the longest nonce */
    struct ipseci_writer w = ipseci_writer_init(octets, sizeof(octets));

    if (nonce == NULL || in->payloads.unknown_critical != 0 ||
        !ipseci_redirect_supported(&in->payloads, &query.redirected_from) ||
        !ask(ike, &query, &info.to)) {
        return false;
    }
    ipseci_redirect_build(&w, &info.to, nonce->body);
    /* Nobody has proven its address yet: the answer is never longer than what was asked. IKE_AUTH
     * is another opportunity. */
    if (w.failed || IPSECI_IKE_HEADER_BYTES + 8 + w.used > in->header.length) {
        return false;
    }
    ipseci_notify_plain(ike, in, IPSECI_NOTIFY_REDIRECT, ipseci_written(&w));
    struct ipsec_event event = {
        .type = IPSEC_EVENT_REDIRECTED, .remote = in->remote, .redirect = &info};
    ipseci_emit(ike, &event);
    return true;
}

/* Authenticated, and of no further use but to be deleted by the peer. */
static void sent_in_auth(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                         struct ipseci_handshake *hs)
{
    ipseci_gate_authenticated(ike, hs->source, true);
    ipseci_sa_unindex_init(ike, sa);
    ipseci_timer_cancel(&ike->timers, &sa->exchange_timer);
    sa->state = IPSECI_IKE_REPLACED;
    sa->reason = IPSEC_REASON_REDIRECTED;
    sa->ends = ipseci_after(ike->now, IPSECI_REPLACED_MS);
    ipseci_life_update_ike(ike, sa);
    ipseci_handshake_release(ike, hs->self);
}

static void sent(struct ipsec_ike *ike, struct ipseci_ike_sa *sa, struct ipseci_handshake *hs,
                 const struct ipsec_id *gateway)
{
    const struct ipsec_redirect_info info = info_of(IPSEC_REDIRECT_SENT, sa, gateway);

    if (sa->state == IPSECI_IKE_INIT_REPLIED) {
        sent_in_auth(ike, sa, hs);
    }
    emit(ike, sa, &info, 0);
}

/* Redirected to us, as it says, and now known to be who it is. */
static void arrived(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                    const struct ipseci_handshake *hs)
{
    const struct ipsec_redirect_info info = {
        .kind = IPSEC_REDIRECT_ARRIVED, .phase = IPSEC_PHASE_IKE_AUTH, .from = hs->redirected_from};

    if (info.from.family != IPSEC_FAMILY_NONE) {
        emit(ike, sa, &info, 0);
    }
}

bool ipseci_redirect_wanted(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    struct ipseci_redirect *wish = ipseci_redirect_wish(ike, sa);
    const bool wanted = wish != NULL && !wish->out;

    if (wanted) {
        wish->out = true;
    }
    return wanted;
}

void ipseci_redirect_unsent(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    struct ipseci_redirect *wish = ipseci_redirect_wish(ike, sa);

    if (wish != NULL) {
        wish->out = false;
    }
}

static void told(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    struct ipseci_redirect *wish = ipseci_redirect_wish(ike, sa);

    if (wish != NULL && wish->out) {
        memset(wish, 0, sizeof(*wish));
    }
}

static enum ipsec_status wish_for(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                  const struct ipsec_id *gateway)
{
    struct ipseci_redirect *wish;

    if (sa->state != IPSECI_IKE_ESTABLISHED) {
        return IPSEC_ERR_STATE;
    }
    if (!sa->takes_redirects) {
        return IPSEC_ERR_FORBIDDEN;
    }
    wish = ipseci_redirect_wish(ike, sa);
    wish = wish != NULL ? wish : take_entry(ike);
    if (wish == NULL) {
        return IPSEC_ERR_FULL;
    }
    wish->sa = sa->self;
    wish->to = *gateway;
    wish->out = false;
    return IPSEC_OK;
}

enum ipsec_status ipsec_ike_redirect(struct ipsec_ike *ike, ipsec_handle sa_handle,
                                     const struct ipsec_id *gateway, ipsec_ms now)
{
    enum ipsec_status status = IPSEC_ERR_STALE;

    if (gateway == NULL || !ipseci_gateway_usable(gateway)) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_enter(ike, now));
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, sa_handle);
    if (sa != NULL) {
        status = wish_for(ike, sa, gateway);
        ipseci_touch(ike, sa_handle);
    }
    ipseci_leave(ike);
    return status;
}

/* ---- commit ------------------------------------------------------------------------------------
 */

void ipseci_redirect_commit(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                            struct ipseci_handshake *hs, const struct ipseci_step *step)
{
    const uint8_t what = step->redirect;

    if ((what & IPSECI_REDIRECT_OFFERED) != 0) {
        sa->redirectable = true;
    }
    if ((what & IPSECI_REDIRECT_SUPPORTED) != 0) {
        sa->takes_redirects = true;
        hs->redirected_from = step->redirected_from;
    }
    if ((what & IPSECI_REDIRECT_FOLLOW) != 0) {
        follow(ike, sa, &step->gateway);
    }
    if ((what & IPSECI_REDIRECT_SEND) != 0) {
        sent(ike, sa, hs, &step->gateway);
    }
    if ((what & IPSECI_REDIRECT_TOLD) != 0) {
        told(ike, sa);
    }
    if ((step->actions & IPSECI_ACT_ESTABLISH) != 0 && !sa->initiator) {
        arrived(ike, sa, hs);
    }
}
