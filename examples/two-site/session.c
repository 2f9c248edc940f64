/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"
#include "render.h"
#include "secret.h"
#include "session_eap.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A chain of three certificates with long RSA keys, and some to spare. */
#define MESSAGE_BYTES_WITH_CHAINS 12000

#define SESSION_BURST        64
#define SESSION_PACKET_BYTES 2048
#define SESSION_ROOM_BYTES   512 /* around an inner packet, sealed or to be */

uint64_t session_clock_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct session_site *session_site_of(struct session *session, const struct ipsec_peer *peer)
{
    for (size_t i = 0; peer != NULL && i < session->config->site_count; i++) {
        if (&session->site[i].config->peer == peer) {
            return &session->site[i];
        }
    }
    return NULL;
}

/* ---- Questions of the engine ------------------------------------------------------------------
 */

/* How well a site fits a first contact; 0: not at all. */
static unsigned fitness(const struct session_site *site, const struct ipsec_peer_query *query)
{
    const struct ipsec_peer *peer = &site->config->peer;
    if (site->held || site->config->role == ROLE_INITIATOR) {
        return 0;
    }
    unsigned score = 1;
    if (peer->remote.addr.family != IPSEC_FAMILY_NONE) {
        if (!ipsec_addr_equal(&peer->remote.addr, &query->remote.addr)) {
            return 0;
        }
        score += 4;
    }
    if (query->remote_id != NULL && peer->remote_id.type != IPSEC_ID_NONE) {
        if (!ipsec_id_equal(&peer->remote_id, query->remote_id)) {
            return 0;
        }
        score += 2;
    }
    if (query->local_id != NULL && peer->local_id.type != IPSEC_ID_NONE) {
        if (!ipsec_id_equal(&peer->local_id, query->local_id)) {
            return 0;
        }
        score += 1;
    }
    return score;
}

const struct ipsec_peer *session_best_peer(const struct session *session,
                                           const struct ipsec_peer_query *query)
{
    const struct ipsec_peer *peer = NULL;
    unsigned best = 0;
    for (size_t i = 0; i < session->config->site_count; i++) {
        const unsigned score = fitness(&session->site[i], query);
        if (score > best) {
            best = score;
            peer = &session->site[i].config->peer;
        }
    }
    return peer;
}

static enum ipsec_status find_peer(void *user, uint32_t token, const struct ipsec_peer_query *query,
                                   const struct ipsec_peer **peer)
{
    (void)token;
    *peer = session_best_peer(user, query);
    return *peer != NULL ? IPSEC_OK : IPSEC_ERR_NOT_FOUND;
}

static enum ipsec_status find_secret(void *user, uint32_t token,
                                     const struct ipsec_secret_query *query,
                                     struct ipsec_secret *secret)
{
    struct session *session = user;
    (void)token;
    const struct session_site *site = session_site_of(session, query->peer);
    if (site == NULL || site->config->secret.length == 0) {
        return IPSEC_ERR_NOT_FOUND;
    }
    memcpy(secret, &site->config->secret, sizeof(*secret));
    return IPSEC_OK;
}

static enum ipsec_status wall_time(void *user, int64_t *seconds)
{
    (void)user;
    *seconds = (int64_t)time(NULL);
    return IPSEC_OK;
}

static void on_key_log(void *user, const struct ipsec_key_log *log)
{
    struct session *session = user;
    keylog_write(session->keylog, log);
}

static void on_audit(void *user, const struct ipsec_gw_audit *audit)
{
    struct session *session = user;
    char source[IPSEC_SELECTOR_TEXT_MAX] = "";
    char destination[IPSEC_SELECTOR_TEXT_MAX] = "";
    struct render line = {.used = 0};
    if (audit->forged != 0) {
        render_add(&line, "%u packets failed their check, a new SA is asked for; the last is of ",
                   audit->forged);
    } else {
        render_add(&line, "dropped, %s: ", ipsec_status_text(audit->reason));
    }
    render_endpoint(&line, audit->outbound ? &audit->local : &audit->remote);
    render_add(&line, " to ");
    render_endpoint(&line, audit->outbound ? &audit->remote : &audit->local);
    if (audit->spi != 0) {
        render_add(&line, ", SPI %08x number %u", audit->spi, audit->sequence);
    }
    if (audit->source != NULL && audit->destination != NULL) {
        ipsec_selector_text(audit->source, source, sizeof(source));
        ipsec_selector_text(audit->destination, destination, sizeof(destination));
        render_add(&line, ", %s to %s", source, destination);
    }
    if (audit->missed != 0) {
        render_add(&line, "; %u others not shown", audit->missed);
    }
    journal_line(session->journal, audit->config != NULL ? audit->config->name : "gateway", "%s",
                 line.text);
}

static void on_mtu(void *user, const struct ipsec_child_config *config, ipsec_handle child,
                   uint32_t mtu)
{
    struct session *session = user;
    (void)child;
    if (mtu != 0) {
        journal_line(session->journal, config->name,
                     "packets of up to %u octets fit the path to the peer", mtu);
    } else {
        journal_line(session->journal, config->name,
                     "what the path to the peer carries is not known any more");
    }
}

static void acquire(struct session *session, const struct ipsec_peer *peer,
                    const struct ipsec_child_config *child)
{
    const enum ipsec_status status = ipsec_gw_acquire(session->gw, peer, child);
    journal_line(session->journal, peer->name, "traffic asks for child %s%s%s", child->name,
                 status < IPSEC_OK ? ": " : "", status < IPSEC_OK ? ipsec_status_text(status) : "");
}

static void on_acquire(void *user, const struct ipsec_peer *peer,
                       const struct ipsec_child_config *child)
{
    struct session *session = user;
    struct session_site *site = session_site_of(session, peer);
    if (site == NULL || site->held) {
        return;
    }
    if (site->config->role == ROLE_RESPONDER || site->config->remote_any) {
        if (!site->refused_acquire) {
            journal_line(session->journal, peer->name,
                         "traffic for %s waits for the peer: this end only answers", child->name);
        }
        site->refused_acquire = true;
        return;
    }
    if (child->start == IPSEC_START_ON_DEMAND || session_ike_of(session, peer) != 0) {
        acquire(session, peer, child);
    } else if (!site->wanted) {
        journal_line(session->journal, peer->name, "traffic for %s asks for the tunnel",
                     child->name);
        session_want(session, site);
    }
}

/* ---- Opening and closing ----------------------------------------------------------------------
 */

static void fill_config(struct session *session, struct ipsec_gw_config *out)
{
    const struct config *config = session->config;
    out->crypto = session->crypto;
    out->user = session;
    out->callbacks.size = (uint32_t)sizeof(out->callbacks);
    out->callbacks.find_peer = find_peer;
    out->callbacks.find_secret = find_secret;
    out->callbacks.wall_time = wall_time;
    out->callbacks.eap = session_eap_callback(session);
    out->callbacks.lease = session_lease;
    out->callbacks.release = session_release;
    out->callbacks.resolve = session_resolve;
    out->callbacks.redirect = session_redirect_to;
    out->callbacks.event = session_on_event;
    out->callbacks.acquire = on_acquire;
    out->callbacks.mtu = on_mtu;
    out->callbacks.audit = on_audit;
    out->callbacks.key_log = session->keylog == NULL ? NULL : on_key_log;
    out->ike.size = (uint32_t)sizeof(out->ike);
    out->ike.signer = session->signer;
    out->ike.x509 = session->x509;
    if (session->x509 != NULL) {
        out->ike.message_bytes = MESSAGE_BYTES_WITH_CHAINS;
    }
    out->ike.ike_port = config->gateway.ike_port;
    out->ike.natt_port = config->gateway.natt_port;
    out->ike.retransmit_first_ms = (uint32_t)config->gateway.retransmit_first_ms;
    out->ike.retransmit_max = config->gateway.retransmit_max;
    out->ike.fragment_bytes = config->gateway.fragment_bytes;
    out->ike.cookie_threshold = config->gateway.cookies_always ? 1 : 0;
    /* Room for every site twice (a rekey has two generations) and for strangers knocking. */
    out->ike.sa_max = (uint32_t)config->site_count * 3 + 8;
    /* Each site may send us on, and each of its IKE SAs may be sent. */
    out->ike.redirect_max = (uint32_t)config->site_count * 4 + 8;
    out->ike.mobile_max = (uint32_t)config->site_count * 2 + 2;
    out->ike.child_max = (uint32_t)config->child_count * 3 + 8;
    out->ike.keep_up_max = (uint32_t)config->site_count;
    out->ike.keep_up_first_ms = SESSION_WAIT_FIRST_MS;
    out->ike.keep_up_wait_ms = SESSION_WAIT_MAX_MS;
    out->replay_window_max = IPSEC_REPLAY_WINDOW_MAX;
    /* A large packet of the device in one burst, and buffers for what fits through it. */
    out->burst = SESSION_BURST;
    out->packet_bytes = config->gateway.mtu + SESSION_ROOM_BYTES > SESSION_PACKET_BYTES
                            ? config->gateway.mtu + SESSION_ROOM_BYTES
                            : SESSION_PACKET_BYTES;
    out->policy_max = (uint32_t)config->child_count * IPSEC_SELECTORS_MAX * IPSEC_SELECTORS_MAX + 8;
}

static bool make_gateway(struct session *session, ipsec_ms now)
{
    struct ipsec_gw_config config = IPSEC_GW_CONFIG_INIT;
    size_t bytes = 0;
    fill_config(session, &config);
    enum ipsec_status status = ipsec_gw_size(&config, &bytes);
    if (status == IPSEC_OK) {
        session->block = calloc(1, bytes);
        status = session->block == NULL
                     ? IPSEC_ERR_MEMORY
                     : ipsec_gw_init(session->block, bytes, &config, now, &session->gw);
    }
    if (status != IPSEC_OK) {
        journal_line(session->journal, "gateway", "can not start: %s", ipsec_status_text(status));
    }
    return status == IPSEC_OK;
}

/* Whether one of the site's children is to be there without being asked for. */
static bool has_standing_child(const struct ipsec_peer *peer)
{
    size_t i = 0;
    while (i < peer->child_count && peer->children[i].start != IPSEC_START_ALWAYS) {
        i++;
    }
    return i < peer->child_count;
}

static bool add_sites(struct session *session)
{
    for (size_t i = 0; i < session->config->site_count; i++) {
        const struct config_site *config = session->site[i].config;
        if (config->role == ROLE_INITIATOR && has_standing_child(&config->peer)) {
            session_want(session, &session->site[i]);
        }
        const enum ipsec_status status = ipsec_gw_add_peer(session->gw, &config->peer);
        if (status != IPSEC_OK) {
            journal_line(session->journal, config->name, "can not be added: %s",
                         ipsec_status_text(status));
            return false;
        }
    }
    return true;
}

bool session_open(struct session *session, const struct session_parts *parts, ipsec_ms now)
{
    memset(session, 0, sizeof(*session));
    session->config = parts->config;
    session->journal = parts->journal;
    session->keylog = parts->keylog;
    session->crypto = parts->crypto;
    session->signer = parts->signer;
    session->x509 = parts->x509;
    session->next_poll = IPSEC_NEVER;
    for (size_t i = 0; i < session->config->site_count; i++) {
        session->site[i].config = &session->config->site[i];
    }
    if (!session_eap_open(session)) {
        journal_line(session->journal, "gateway", "can not start: no memory for EAP");
        session_deinit(session);
        return false;
    }
    if (!make_gateway(session, now) || !add_sites(session)) {
        session_deinit(session);
        return false;
    }
    return true;
}

void session_deinit(struct session *session)
{
    resolver_deinit(&session->resolver);
    if (session->gw != NULL) {
        ipsec_gw_deinit(session->gw);
        session->gw = NULL;
    }
    free(session->block);
    session->block = NULL;
    session_eap_close(session);
}

enum ipsec_status session_turn(struct session *session, const struct ipsec_io *io, ipsec_ms until)
{
    const ipsec_ms tick = session_deadline(session);
    const enum ipsec_status status = ipsec_gw_run(session->gw, io, tick < until ? tick : until);
    session_tick(session, io->now(io->context));
    return status;
}

void session_close(struct session *session, ipsec_ms now)
{
    struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    session->closing = true;
    for (size_t i = 0; i < session->config->site_count; i++) {
        (void)ipsec_ike_let_go(ike, &session->config->site[i].peer);
    }
    for (ipsec_handle sa = ipsec_ike_next_sa(ike, 0); sa != 0; sa = ipsec_ike_next_sa(ike, sa)) {
        (void)ipsec_ike_delete(ike, sa, now);
    }
}

bool session_closed(const struct session *session)
{
    return ipsec_ike_next_sa(ipsec_gw_ike(session->gw), 0) == 0;
}
