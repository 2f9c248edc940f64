/* SPDX-License-Identifier: Apache-2.0
 *
 * The library's events as lines of the journal.
 */
#include "render.h"
#include "session_eap.h"
#include "value.h"

#include <inttypes.h>

#define EXCHANGE_CREATE_CHILD_SA 36 /* IANA */
#define EXCHANGE_IKE_SA_INIT     34
#define REPORT_LINES             12 /* of the budget */

static const char *topic_of(const struct ipsec_event *event)
{
    return event->peer != NULL && event->peer->name != NULL ? event->peer->name : "gateway";
}

/* Whoever sends rubbish may not fill the log. */
bool session_may_say(struct session *session, ipsec_ms now, uint32_t lines)
{
    struct session_budget *budget = &session->strangers;
    if (now - budget->window >= SESSION_STRANGER_WINDOW_MS) {
        if (budget->hidden > 0) {
            journal_line(session->journal, "gateway",
                         "%" PRIu64 " more messages of callers not authenticated were not shown",
                         budget->hidden);
        }
        *budget = (struct session_budget){.window = now};
    }
    if (budget->used + lines > SESSION_STRANGER_LINES) {
        budget->hidden++;
        return false;
    }
    budget->used += lines;
    return true;
}

/* ---- Messages ---------------------------------------------------------------------------------
 */

static void count_cost(struct session *session, const struct ipsec_message_info *message)
{
    struct session_cost *cost = &session->cost;
    if (message->exchange != EXCHANGE_CREATE_CHILD_SA || message->retransmission) {
        return;
    }
    if (!message->response && (cost->started_us == 0 || cost->messages >= 2)) {
        *cost = (struct session_cost){.started_us = session_clock_us()};
    }
    cost->messages++;
    cost->octets += message->length;
}

static void on_message(struct session *session, const struct ipsec_event *event)
{
    char text[IPSEC_MESSAGE_TEXT_MAX];
    const struct ipsec_message_info *message = event->message;
    const bool called = message->outbound ? !message->from_initiator : message->from_initiator;
    count_cost(session, message);
    if (message->exchange == EXCHANGE_IKE_SA_INIT && called &&
        !session_may_say(session, event->now, 1)) {
        return;
    }
    ipsec_message_text(message, text, sizeof(text));
    journal_line(session->journal, topic_of(event), "%s", text);
}

/* " in 12.3 ms with 2 messages, 1204 octets" */
static void add_cost(struct render *out, struct session *session)
{
    const struct session_cost *cost = &session->cost;
    if (cost->started_us != 0 && cost->messages > 0) {
        const uint64_t us = session_clock_us() - cost->started_us;
        render_add(out, " in %" PRIu64 ".%" PRIu64 " ms with %u messages, %u octets", us / 1000,
                   us % 1000 / 100, cost->messages, cost->octets);
    }
    session->cost = (struct session_cost){0};
}

/* ---- SAs --------------------------------------------------------------------------------------
 */

/* Something worked: the next failure is news again. */
static void note_success(struct session *session, const struct ipsec_event *event)
{
    struct session_site *site = session_site_of(session, event->peer);
    if (site != NULL) {
        site->last_cause = 0;
        site->failures = 0;
        site->refused_acquire = false;
    }
}

static void on_ike(struct session *session, const struct ipsec_event *event, const char *what)
{
    struct render line = {.used = 0};
    render_add(&line, "IKE SA %s", what);
    if (event->type == IPSEC_EVENT_IKE_REKEYED) {
        add_cost(&line, session);
    }
    render_add(&line, ": ");
    render_ike(&line, event->ike, event->now);
    journal_line(session->journal, topic_of(event), "%s", line.text);
    note_success(session, event);
}

static void add_pfs(struct render *out, const struct ipsec_child_info *child)
{
    if (child->suite.ke == IPSEC_KE_NONE) {
        render_add(out, " without PFS");
        return;
    }
    char group[IPSEC_TRANSFORM_TEXT_MAX];
    const struct ipsec_transform ke = {.type = IPSEC_TRANSFORM_KE, .id = child->suite.ke};
    ipsec_transform_text(&ke, group, sizeof(group));
    render_add(out, " with PFS (%s)", group);
}

static void on_child(struct session *session, const struct ipsec_event *event)
{
    struct render line = {.used = 0};
    const struct ipsec_child_info *child = event->child;
    const bool rekeyed = event->type == IPSEC_EVENT_CHILD_REKEYED;
    render_add(&line, "child %s %s", child->config->name, rekeyed ? "rekeyed" : "established");
    if (rekeyed) {
        add_pfs(&line, child);
        add_cost(&line, session);
    }
    render_add(&line, ": ");
    render_child(&line, child, event->now);
    journal_line(session->journal, topic_of(event), "%s", line.text);
    if (!rekeyed) {
        char life[VALUE_DURATION_BYTES];
        const uint64_t hard = child->config->lifetime.hard_ms;
        value_duration_text(hard != 0 ? hard : 3600000, life);
        journal_line(session->journal, topic_of(event),
                     "child %s lives %s here; lifetimes are local in IKEv2: the peer's may differ, "
                     "and the end whose time is up first rekeys",
                     child->config->name, life);
    }
    note_success(session, event);
}

static void on_closed(struct session *session, const struct ipsec_event *event)
{
    if (event->type == IPSEC_EVENT_CHILD_CLOSED) {
        journal_line(session->journal, topic_of(event),
                     "child %s closed: %s (SPIs in %08" PRIx32 " out %08" PRIx32 ")",
                     event->child->config->name, ipsec_reason_text(event->reason),
                     event->child->spi_in, event->child->spi_out);
    } else {
        journal_line(session->journal, topic_of(event),
                     "IKE SA closed: %s (SPIs %016" PRIx64 " %016" PRIx64 ")",
                     ipsec_reason_text(event->reason), event->ike->spi_i, event->ike->spi_r);
    }
}

/* What the peer has assigned to us. */
static void on_config(struct session *session, const struct ipsec_event *event)
{
    const struct ipsec_config_set *set = event->config;
    struct render line = {.used = 0};
    char text[IPSEC_ADDR_TEXT_MAX];
    render_add(&line, "assigned by the peer:");
    if (set->ipv4.family != IPSEC_FAMILY_NONE) {
        ipsec_addr_text(&set->ipv4, text, sizeof(text));
        render_add(&line, " %s", text);
        session->assigned = set->ipv4;
    }
    if (set->ipv6.family != IPSEC_FAMILY_NONE) {
        ipsec_addr_text(&set->ipv6, text, sizeof(text));
        render_add(&line, " %s", text);
    }
    for (uint32_t i = 0; i < set->dns_count; i++) {
        ipsec_addr_text(&set->dns[i], text, sizeof(text));
        render_add(&line, "%s %s", i == 0 ? ", DNS" : "", text);
    }
    for (uint32_t i = 0; i < set->subnet_count; i++) {
        ipsec_addr_text(&set->subnet[i].addr, text, sizeof(text));
        render_add(&line, "%s %s/%u", i == 0 ? ", networks" : "", text, set->subnet[i].bits);
    }
    journal_line(session->journal, topic_of(event), "%s", line.text);
}

static void on_redirected(struct session *session, const struct ipsec_event *event)
{
    const struct ipsec_redirect_info *redirect = event->redirect;
    char from[IPSEC_ADDR_TEXT_MAX];
    char to[IPSEC_ID_TEXT_MAX];
    struct render remote = {.used = 0};
    ipsec_addr_text(&redirect->from, from, sizeof(from));
    ipsec_id_text(&redirect->to, to, sizeof(to));
    render_endpoint(&remote, &event->remote);
    switch (redirect->kind) {
    case IPSEC_REDIRECT_FOLLOWED:
        journal_line(session->journal, topic_of(event), "redirected by %s to %s, which is called",
                     from, to);
        break;
    case IPSEC_REDIRECT_SENT:
        if (event->ike_sa != 0 || session_may_say(session, event->now, 1)) {
            journal_line(session->journal, topic_of(event), "%s is redirected to %s", remote.text,
                         to);
        }
        break;
    case IPSEC_REDIRECT_ARRIVED:
        journal_line(session->journal, topic_of(event), "%s was redirected to us by %s",
                     remote.text, from);
        break;
    }
    session->dirty = true;
}

/* ---- Trouble ----------------------------------------------------------------------------------
 */

static void on_failure(struct session *session, const struct ipsec_event *event)
{
    const struct ipsec_failure *failure = event->failure;
    struct session_site *site = session_site_of(session, failure->peer);
    const char *topic = failure->peer != NULL ? failure->peer->name : topic_of(event);
    if (!failure->initiator && !failure->authenticated &&
        !session_may_say(session, event->now, REPORT_LINES)) {
        return;
    }
    const bool again = site != NULL && site->last_cause == failure->cause &&
                       site->last_phase == failure->phase && site->failures > 0;
    if (again) {
        journal_line(session->journal, topic, "failed again: %s", ipsec_cause_name(failure->cause));
    } else {
        char text[IPSEC_FAILURE_TEXT_MAX];
        ipsec_failure_text(failure, text, sizeof(text));
        journal_line(session->journal, topic, "failed: %s", ipsec_cause_name(failure->cause));
        journal_block(session->journal, topic, text);
    }
    if (site == NULL) {
        return;
    }
    site->last_cause = failure->cause;
    site->last_phase = failure->phase;
    site->failures++;
}

static void on_retry(struct session *session, const struct ipsec_event *event)
{
    struct render line = {.used = 0};
    if (event->status != IPSEC_OK) {
        render_add(&line, "can not call the peer: %s; ", ipsec_status_text(event->status));
    }
    if (event->child != NULL) {
        render_add(&line, "child %s: ", event->child->config->name);
    }
    if (event->next_try == IPSEC_NEVER) {
        render_add(&line, "no next attempt until `up`");
    } else {
        render_add(&line, "next attempt in %" PRIu64 " s",
                   (event->next_try - event->now + 999) / 1000);
    }
    journal_line(session->journal, topic_of(event), "%s", line.text);
}

static void on_rekey_failed(struct session *session, const struct ipsec_event *event)
{
    journal_line(session->journal, topic_of(event),
                 "the rekey of %s%s did not succeed; it is tried again, %u s are left",
                 event->child != NULL   ? "child "
                 : event->child_sa != 0 ? "a child"
                                        : "the IKE SA",
                 event->child != NULL ? event->child->config->name : "", event->seconds_left);
}

static void on_moved(struct session *session, const struct ipsec_event *event)
{
    struct render from = {.used = 0};
    struct render to = {.used = 0};
    render_endpoint(&from, &event->old_local);
    render_add(&from, " - ");
    render_endpoint(&from, &event->old_remote);
    render_endpoint(&to, &event->ike->local);
    render_add(&to, " - ");
    render_endpoint(&to, &event->ike->remote);
    journal_line(session->journal, topic_of(event), "addresses changed: %s to %s", from.text,
                 to.text);
}

static void on_drop(struct session *session, const struct ipsec_event *event)
{
    struct render from = {.used = 0};
    if (!session_may_say(session, event->now, 1)) {
        return;
    }
    render_endpoint(&from, &event->remote);
    journal_line(session->journal, topic_of(event), "dropped a datagram from %s: %s", from.text,
                 ipsec_status_text(event->status));
}

static void on_warning(struct session *session, const struct ipsec_event *event)
{
    journal_line(session->journal, topic_of(event), "warning: %s",
                 ipsec_warning_text(event->warning));
    for (uint32_t bit = 1; bit <= IPSEC_QUIRKS_ALL; bit <<= 1) {
        if ((event->quirks & bit) != 0) {
            journal_line(session->journal, topic_of(event), "quirk: %s", ipsec_quirk_text(bit));
        }
    }
}

void session_on_event(void *user, const struct ipsec_event *event)
{
    struct session *session = user;
    session->last_event = event->now;
    if (event->type == IPSEC_EVENT_IKE_CLOSED || event->type == IPSEC_EVENT_FAILURE) {
        session_eap_forget(session, event->ike_sa);
    }
    switch (event->type) {
    case IPSEC_EVENT_MESSAGE:
        on_message(session, event);
        break;
    case IPSEC_EVENT_IKE_ESTABLISHED:
        on_ike(session, event, "established");
        break;
    case IPSEC_EVENT_IKE_REKEYED:
        on_ike(session, event, "rekeyed");
        break;
    case IPSEC_EVENT_CHILD_ESTABLISHED:
    case IPSEC_EVENT_CHILD_REKEYED:
        on_child(session, event);
        break;
    case IPSEC_EVENT_IKE_CLOSED:
    case IPSEC_EVENT_CHILD_CLOSED:
        on_closed(session, event);
        break;
    case IPSEC_EVENT_FAILURE:
        on_failure(session, event);
        break;
    case IPSEC_EVENT_WARNING:
        on_warning(session, event);
        break;
    case IPSEC_EVENT_REKEY_FAILED:
        on_rekey_failed(session, event);
        break;
    case IPSEC_EVENT_DROP:
        on_drop(session, event);
        break;
    case IPSEC_EVENT_ADDRESS_CHANGED:
        on_moved(session, event);
        break;
    case IPSEC_EVENT_CONFIG:
        on_config(session, event);
        break;
    case IPSEC_EVENT_RETRY:
        on_retry(session, event);
        break;
    case IPSEC_EVENT_REDIRECTED:
        on_redirected(session, event);
        break;
    }
}
