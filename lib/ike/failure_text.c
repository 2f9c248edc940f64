/* SPDX-License-Identifier: Apache-2.0
 *
 * The failure report in plain English: heading, phase, who refused, and then the part that belongs
 * to the cause. Called by the caller's event handler. The words for settings (ike, esp, local_ts,
 * remote_id ...) are those of the configuration.
 */
#include "addr_text.h"
#include "notify.h"
#include "report.h"

#include <ipsec/ike.h>

#define NAME_COLUMNS 40

void ipseci_report_endpoint(struct ipseci_text *t, const struct ipsec_endpoint *endpoint)
{
    const bool ipv6 = endpoint->addr.family == IPSEC_FAMILY_IPV6;

    if (endpoint->addr.family == IPSEC_FAMILY_NONE) {
        ipseci_text_add(t, "an unknown address");
        return;
    }
    ipseci_text_add(t, ipv6 ? "[" : "");
    ipseci_text_addr(t, endpoint->addr.family, endpoint->addr.bytes);
    ipseci_text_add(t, ipv6 ? "]" : "");
    if (endpoint->port != 0) {
        ipseci_text_char(t, ':');
        ipseci_text_u64(t, endpoint->port);
    }
}

void ipseci_report_id(struct ipseci_text *t, const struct ipsec_id *id)
{
    char text[81];

    if (id == NULL) {
        ipseci_text_add(t, "an unknown identity");
        return;
    }
    ipsec_id_text(id, text, sizeof(text)); /* escapes the peer's octets */
    ipseci_text_add(t, text);
}

void ipseci_report_notify(struct ipseci_text *t, uint16_t notify)
{
    const char *name = ipsec_notify_name(notify);

    if (name[0] != '?') {
        ipseci_text_add(t, name);
        return;
    }
    ipseci_text_add(t, "notify ");
    ipseci_text_u64(t, notify);
}

/* A name of the caller's configuration, in quotes. */
static void add_name(struct ipseci_text *t, const char *name)
{
    char text[NAME_COLUMNS];
    struct ipseci_text bounded = ipseci_text_init(text, sizeof(text));
    size_t length = 0;

    while (length < sizeof(text) && name[length] != '\0') {
        length++;
    }
    ipseci_text_escaped(&bounded, name, length);
    ipseci_text_char(t, '"');
    ipseci_text_add(t, text);
    ipseci_text_char(t, '"');
}

static void add_child(struct ipseci_text *t, const struct ipsec_failure *f)
{
    ipseci_text_add(t, "Child SA");
    if (f->child != NULL && f->child->name != NULL) {
        ipseci_text_char(t, ' ');
        add_name(t, f->child->name);
    }
}

static void add_peer(struct ipseci_text *t, const struct ipsec_failure *f)
{
    if (f->peer != NULL && f->peer->name != NULL) {
        add_name(t, f->peer->name);
        ipseci_text_add(t, " (");
        ipseci_report_endpoint(t, &f->remote);
        ipseci_text_char(t, ')');
        return;
    }
    ipseci_report_endpoint(t, &f->remote);
}

static void add_what_failed(struct ipseci_text *t, const struct ipsec_failure *f)
{
    switch (f->phase) {
    case IPSEC_PHASE_START:
        ipseci_text_add(t, "Nothing was started with ");
        break;
    case IPSEC_PHASE_IKE_SA_INIT:
    case IPSEC_PHASE_IKE_AUTH:
        ipseci_text_add(t, "No IKE SA with ");
        break;
    case IPSEC_PHASE_CHILD_CREATE:
        ipseci_text_add(t, "No ");
        add_child(t, f);
        ipseci_text_add(t, " with ");
        break;
    case IPSEC_PHASE_CHILD_REKEY:
        ipseci_text_add(t, "Rekey failed of ");
        add_child(t, f);
        ipseci_text_add(t, " with ");
        break;
    case IPSEC_PHASE_IKE_REKEY:
        ipseci_text_add(t, "Rekey failed of the IKE SA with ");
        break;
    case IPSEC_PHASE_ESTABLISHED:
        ipseci_text_add(t, f->notify == IPSECI_NOTIFY_REDIRECT
                               ? "The IKE SA stays where it is, with "
                               : "IKE SA lost with ");
        break;
    }
    add_peer(t, f);
}

static const char *cause_words(enum ipsec_cause cause)
{
    switch (cause) {
    case IPSEC_CAUSE_NO_CONNECTION:
        return "no connection is configured for it";
    case IPSEC_CAUSE_NO_PROPOSAL:
        return "no proposal in common";
    case IPSEC_CAUSE_KE_GROUP:
        return "no agreement on a Diffie-Hellman group";
    case IPSEC_CAUSE_SELECTORS:
        return "the traffic selectors do not meet";
    case IPSEC_CAUSE_AUTHENTICATION:
        return "authentication failed";
    case IPSEC_CAUSE_IDENTITY:
        return "an identity is not the expected one";
    case IPSEC_CAUSE_NOT_BUILT_IN:
        return "configured algorithms are not built in here";
    case IPSEC_CAUSE_POLICY:
        return "policy forbids it";
    case IPSEC_CAUSE_SILENT_PEER:
        return "no answer";
    case IPSEC_CAUSE_PROTOCOL:
        return "the protocol was broken";
    case IPSEC_CAUSE_RESOURCE:
        return "something ran out or failed";
    case IPSEC_CAUSE_PEER_REFUSED:
        return "the peer refused";
    }
    return "unknown cause";
}

static const char *phase_words(enum ipsec_phase phase)
{
    switch (phase) {
    case IPSEC_PHASE_START:
        return "before the first packet";
    case IPSEC_PHASE_IKE_SA_INIT:
        return "IKE_SA_INIT, the first exchange (proposals and keys of the IKE SA)";
    case IPSEC_PHASE_IKE_AUTH:
        return "IKE_AUTH, the second exchange (who the two ends are)";
    case IPSEC_PHASE_CHILD_CREATE:
        return "making a Child SA (in IKE_AUTH or CREATE_CHILD_SA)";
    case IPSEC_PHASE_CHILD_REKEY:
        return "CREATE_CHILD_SA, rekey of a Child SA";
    case IPSEC_PHASE_IKE_REKEY:
        return "CREATE_CHILD_SA, rekey of the IKE SA";
    case IPSEC_PHASE_ESTABLISHED:
        return "after it was established";
    }
    return "unknown";
}

static void add_heading(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_begin(page, NULL);
    add_what_failed(&page->entry, f);
    ipseci_text_add(&page->entry, ": ");
    ipseci_text_add(&page->entry,
                    f->id_length != 0 ? "an identity is too long" : cause_words(f->cause));
    ipseci_text_add(&page->entry, " [");
    ipseci_text_add(&page->entry, ipsec_cause_name(f->cause));
    ipseci_text_char(&page->entry, ']');
    ipseci_page_end(page, 3);

    ipseci_page_begin(page, "Phase:");
    ipseci_text_add(&page->entry, phase_words(f->phase));
    if (f->phase != IPSEC_PHASE_START) {
        ipseci_text_add(&page->entry, f->initiator ? "; we asked" : "; the peer asked");
    }
    ipseci_page_end(page, 1);
}

/* RFC 7296 2.21.1: what is not protected may come from anybody. */
static void add_peer_refusal(struct ipseci_text *t, const struct ipsec_failure *f)
{
    ipseci_text_add(t, "the peer");
    if (f->notify != 0) {
        ipseci_text_add(t, ", with ");
        ipseci_report_notify(t, f->notify);
    }
    if (!f->authenticated) {
        ipseci_text_add(t, "; only a hint (not authenticated: anyone on the path could have sent "
                           "it)");
    }
}

static void add_refuser(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_begin(page, "Refused by:");
    switch (f->refused_by) {
    case IPSEC_REFUSED_NOBODY:
        ipseci_text_add(&page->entry,
                        f->phase == IPSEC_PHASE_START ? "nobody: nothing was sent" : "nobody");
        break;
    case IPSEC_REFUSED_LOCAL:
        ipseci_text_add(&page->entry, "us, this gateway");
        if (f->notify != 0 && f->notify != IPSECI_NOTIFY_REDIRECT) {
            ipseci_text_add(&page->entry, "; we told the peer ");
            ipseci_report_notify(&page->entry, f->notify);
        }
        break;
    case IPSEC_REFUSED_PEER:
        add_peer_refusal(&page->entry, f);
        break;
    }
    ipseci_page_end(page, 2);
}

static void add_cause(struct ipseci_page *page, const struct ipsec_failure *f)
{
    switch (f->cause) {
    case IPSEC_CAUSE_NO_PROPOSAL:
    case IPSEC_CAUSE_KE_GROUP:
    case IPSEC_CAUSE_NOT_BUILT_IN:
        ipseci_report_proposals(page, f);
        break;
    case IPSEC_CAUSE_SELECTORS:
        ipseci_report_selectors(page, f);
        break;
    case IPSEC_CAUSE_AUTHENTICATION:
        ipseci_report_authentication(page, f);
        break;
    case IPSEC_CAUSE_IDENTITY:
        ipseci_report_identity(page, f);
        break;
    case IPSEC_CAUSE_NO_CONNECTION:
        ipseci_report_no_connection(page, f);
        break;
    case IPSEC_CAUSE_SILENT_PEER:
        ipseci_report_silence(page, f);
        break;
    case IPSEC_CAUSE_POLICY:
    case IPSEC_CAUSE_PROTOCOL:
    case IPSEC_CAUSE_RESOURCE:
    case IPSEC_CAUSE_PEER_REFUSED:
        ipseci_report_other(page, f);
        break;
    }
}

/* RFC 7296 2.8, 2.21.3: a rekey that failed takes nothing down. */
static void add_rekey_note(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const bool rekey = f->phase == IPSEC_PHASE_CHILD_REKEY || f->phase == IPSEC_PHASE_IKE_REKEY;

    if (rekey && f->cause != IPSEC_CAUSE_SILENT_PEER) {
        ipseci_page_say(page, "Note:",
                        "the SA stays up on its present keys until its hard "
                        "lifetime; the rekey is tried again until then");
    }
}

void ipsec_failure_text(const struct ipsec_failure *failure, char *text, size_t capacity)
{
    struct ipseci_page page;

    ipseci_page_init(&page, text, capacity);
    if (failure == NULL || capacity == 0) {
        return;
    }
    add_heading(&page, failure);
    add_refuser(&page, failure);
    add_cause(&page, failure);
    add_rekey_note(&page, failure);
}
