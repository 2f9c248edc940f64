/* SPDX-License-Identifier: Apache-2.0 */
#include "render.h"
#include "site_status.h"

#include <inttypes.h>
#include <ipsec/version.h>

static void put(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

static json_t *hex(uint64_t value, int digits)
{
    char text[20];
    snprintf(text, sizeof(text), "%0*" PRIx64, digits, value);
    return json_string(text);
}

static json_t *rendered(const struct render *text)
{
    return json_string(text->text);
}

static json_t *endpoint_json(const struct ipsec_endpoint *endpoint)
{
    struct render text = {.used = 0};
    render_endpoint(&text, endpoint);
    return rendered(&text);
}

static json_t *selectors_json(const struct ipsec_selectors *selectors)
{
    struct render text = {.used = 0};
    render_selectors(&text, selectors);
    return rendered(&text);
}

static json_t *suite_json(const struct ipsec_suite *suite)
{
    char text[IPSEC_PROPOSAL_TEXT_MAX];
    ipsec_suite_text(suite, text, sizeof(text));
    return json_string(text);
}

static json_t *id_json(const struct ipsec_id *id)
{
    char text[IPSEC_ID_TEXT_MAX];
    ipsec_id_text(id, text, sizeof(text));
    return json_string(text);
}

/* Seconds from now; null for never. */
static json_t *seconds_json(ipsec_ms now, ipsec_ms then)
{
    if (then == IPSEC_NEVER) {
        return json_null();
    }
    return json_integer(then > now ? (json_int_t)((then - now) / 1000) : 0);
}

static const char *ike_phase_text(enum ipsec_ike_sa_phase phase)
{
    switch (phase) {
    case IPSEC_IKE_OPENING:
        return "opening";
    case IPSEC_IKE_ESTABLISHED:
        return "established";
    case IPSEC_IKE_REPLACED:
        return "replaced";
    case IPSEC_IKE_CLOSING:
        return "closing";
    }
    return "?";
}

static const char *child_phase_text(enum ipsec_child_phase phase)
{
    switch (phase) {
    case IPSEC_CHILD_OPENING:
        return "opening";
    case IPSEC_CHILD_INSTALLED:
        return "installed";
    case IPSEC_CHILD_REPLACED:
        return "replaced";
    case IPSEC_CHILD_CLOSING:
        return "closing";
    }
    return "?";
}

static json_t *ike_json(const struct ipsec_ike_sa_info *info, ipsec_ms now)
{
    json_t *object = json_object();
    put(object, "phase", json_string(ike_phase_text(info->phase)));
    put(object, "role", json_string(info->initiator ? "initiator" : "responder"));
    put(object, "local", endpoint_json(&info->local));
    put(object, "remote", endpoint_json(&info->remote));
    put(object, "local_id", id_json(&info->local_id));
    put(object, "remote_id", id_json(&info->remote_id));
    put(object, "spi_i", hex(info->spi_i, 16));
    put(object, "spi_r", hex(info->spi_r, 16));
    put(object, "suite", suite_json(&info->suite));
    put(object, "nat_local", json_boolean(info->nat_local));
    put(object, "nat_remote", json_boolean(info->nat_remote));
    put(object, "age_s", json_integer((json_int_t)((now - info->established) / 1000)));
    put(object, "rekey_in_s", seconds_json(now, info->rekey_due));
    put(object, "ends_in_s", seconds_json(now, info->ends));
    put(object, "rekeys", json_integer(info->rekeys));
    return object;
}

static json_t *drops_json(const uint64_t drops[IPSEC_DROP_REASONS])
{
    json_t *object = json_object();
    for (size_t i = 0; i < IPSEC_DROP_REASONS; i++) {
        if (drops[i] != 0) {
            put(object, ipsec_status_text(ipsec_drop_status(i)),
                json_integer((json_int_t)drops[i]));
        }
    }
    return object;
}

static json_t *child_json(const struct session *session, ipsec_handle child,
                          const struct ipsec_child_info *info, ipsec_ms now)
{
    struct ipsec_sa_stats in = {0};
    struct ipsec_sa_stats out = {0};
    json_t *object = json_object();
    put(object, "name", json_string(info->config != NULL ? info->config->name : "?"));
    put(object, "phase", json_string(child_phase_text(info->phase)));
    put(object, "spi_in", hex(info->spi_in, 8));
    put(object, "spi_out", hex(info->spi_out, 8));
    put(object, "suite", suite_json(&info->suite));
    put(object, "local_ts", selectors_json(&info->local_ts));
    put(object, "remote_ts", selectors_json(&info->remote_ts));
    put(object, "udp_encapsulation", json_boolean(info->udp_encapsulation));
    put(object, "age_s", json_integer((json_int_t)((now - info->established) / 1000)));
    put(object, "rekey_in_s", seconds_json(now, info->rekey_due));
    put(object, "ends_in_s", seconds_json(now, info->ends));
    put(object, "rekeys", json_integer(info->rekeys));
    if (ipsec_gw_child_sa_stats(session->gw, child, &in, &out) == IPSEC_OK) {
        put(object, "packets_in", json_integer((json_int_t)in.packets));
        put(object, "packets_out", json_integer((json_int_t)out.packets));
        put(object, "bytes_in", json_integer((json_int_t)in.bytes));
        put(object, "bytes_out", json_integer((json_int_t)out.bytes));
        put(object, "sequence_in", json_integer((json_int_t)in.sequence));
        put(object, "sequence_out", json_integer((json_int_t)out.sequence));
        put(object, "drops_in", drops_json(in.drops));
        put(object, "drops_out", drops_json(out.drops));
    }
    return object;
}

static json_t *site_ikes(const struct session *session, const struct ipsec_peer *peer, ipsec_ms now)
{
    const struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    json_t *list = json_array();
    for (ipsec_handle sa = ipsec_ike_next_sa(ike, 0); sa != 0; sa = ipsec_ike_next_sa(ike, sa)) {
        struct ipsec_ike_sa_info info;
        if (ipsec_ike_sa_info(ike, sa, &info) == IPSEC_OK && info.peer == peer) {
            (void)json_array_append_new(list, ike_json(&info, now));
        }
    }
    return list;
}

static json_t *site_children(const struct session *session, const struct ipsec_peer *peer,
                             ipsec_ms now)
{
    const struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    json_t *list = json_array();
    for (ipsec_handle sa = ipsec_ike_next_child(ike, 0); sa != 0;
         sa = ipsec_ike_next_child(ike, sa)) {
        struct ipsec_child_info info;
        if (ipsec_ike_child_info(ike, sa, &info) == IPSEC_OK && info.peer == peer) {
            (void)json_array_append_new(list, child_json(session, sa, &info, now));
        }
    }
    return list;
}

/* When the peer is called again, and after how many attempts; nothing when it need not be. */
static void put_retry(json_t *object, const struct session *session, const struct ipsec_peer *peer,
                      ipsec_ms now)
{
    struct ipsec_keep_up_info info;
    if (ipsec_ike_keep_up_info(ipsec_gw_ike(session->gw), peer, &info) == IPSEC_OK &&
        info.next_try != IPSEC_NEVER) {
        put(object, "next_attempt_in_s", seconds_json(now, info.next_try));
        put(object, "attempts", json_integer(info.tries));
    }
}

static json_t *site_json(const struct session *session, const struct session_site *site,
                         ipsec_ms now)
{
    const struct ipsec_peer *peer = &site->config->peer;
    json_t *object = json_object();
    put(object, "name", json_string(site->config->name));
    put(object, "role", json_string(config_role_text(site->config->role)));
    put(object, "held", json_boolean(site->held));
    put(object, "wanted", json_boolean(site->wanted));
    put_retry(object, session, peer, now);
    put(object, "failures", json_integer(site->failures));
    put(object, "last_cause",
        site->last_cause == 0 ? json_null() : json_string(ipsec_cause_name(site->last_cause)));
    put(object, "ike", site_ikes(session, peer, now));
    put(object, "children", site_children(session, peer, now));
    return object;
}

static json_t *counters_json(const struct session *session)
{
    struct ipsec_gw_counters gw = {0};
    struct ipsec_ike_counters ike = {0};
    json_t *object = json_object();
    ipsec_gw_counters(session->gw, &gw);
    ipsec_ike_counters(ipsec_gw_ike(session->gw), &ike);
    put(object, "lan_in", json_integer((json_int_t)gw.lan_in));
    put(object, "lan_out", json_integer((json_int_t)gw.lan_out));
    put(object, "wan_in", json_integer((json_int_t)gw.wan_in));
    put(object, "wan_out", json_integer((json_int_t)gw.wan_out));
    put(object, "acquires", json_integer((json_int_t)gw.acquires));
    put(object, "drops_from_wan", drops_json(gw.drops_in));
    put(object, "drops_from_lan", drops_json(gw.drops_out));
    put(object, "drops_ike", drops_json(ike.drops));
    put(object, "ike_messages_in", json_integer((json_int_t)ike.messages_in));
    put(object, "ike_messages_out", json_integer((json_int_t)ike.messages_out));
    put(object, "retransmissions", json_integer((json_int_t)ike.retransmissions));
    return object;
}

json_t *status_json(const struct session *session, ipsec_ms now)
{
    json_t *object = json_object();
    json_t *sites = json_array();
    put(object, "version", json_string(IPSEC_VERSION_STRING));
    for (size_t i = 0; i < session->config->site_count; i++) {
        (void)json_array_append_new(sites, site_json(session, &session->site[i], now));
    }
    put(object, "sites", sites);
    put(object, "counters", counters_json(session));
    return object;
}
