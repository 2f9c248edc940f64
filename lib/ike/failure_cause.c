/* SPDX-License-Identifier: Apache-2.0
 *
 * The failure report's parts about selectors, unknown peers, silence and the rest. Called by
 * failure_text.c.
 */
#include "narrow.h"
#include "notify.h"
#include "report.h"

/* ---- selectors ---------------------------------------------------------------------------------
 */

static void add_selectors(struct ipseci_text *t, const struct ipsec_selectors *list)
{
    char text[IPSEC_SELECTOR_TEXT_MAX];

    if (list == NULL || list->count == 0) {
        ipseci_text_add(t, "(nothing)");
        return;
    }
    for (uint32_t i = 0; i < list->count && i < IPSEC_SELECTORS_MAX; i++) {
        ipsec_selector_text(&list->item[i], text, sizeof(text));
        ipseci_text_add(t, i == 0 ? "" : ", ");
        ipseci_text_add(t, text);
    }
}

static void add_sides(struct ipseci_page *page, const char *label,
                      const struct ipsec_selectors *local_ts,
                      const struct ipsec_selectors *remote_ts)
{
    ipseci_page_begin(page, label);
    ipseci_text_add(&page->entry, "local_ts = ");
    add_selectors(&page->entry, local_ts);
    ipseci_text_add(&page->entry, "; remote_ts = ");
    add_selectors(&page->entry, remote_ts);
    ipseci_page_end(page, 2);
}

static bool selectors_meet(const struct ipsec_selectors *a, const struct ipsec_selectors *b)
{
    struct ipsec_selectors common;

    return a != NULL && b != NULL && ipseci_ts_narrow(a, b, &common) == IPSEC_OK;
}

/* One side of the child: our selectors there, what the peer says, and the words of both ends. */
struct side {
    const struct ipsec_selectors *ours;
    const struct ipsec_selectors *theirs;
    const char *here;  /* our word for this side */
    const char *there; /* the peer's word for the same side */
};

static void add_side_differs(struct ipseci_page *page, const struct side *side)
{
    ipseci_page_begin(page, "Differs:");
    ipseci_text_add(&page->entry, side->here);
    ipseci_text_add(&page->entry, " here (");
    add_selectors(&page->entry, side->ours);
    ipseci_text_add(&page->entry, ") does not overlap ");
    ipseci_text_add(&page->entry, side->there);
    ipseci_text_add(&page->entry, " there (");
    add_selectors(&page->entry, side->theirs);
    ipseci_text_char(&page->entry, ')');
    ipseci_page_end(page, 3);
}

static void add_setting(struct ipseci_page *page, const char *label, const char *where,
                        const char *key, const struct ipsec_selectors *value)
{
    ipseci_page_begin(page, label);
    ipseci_text_add(&page->entry, where);
    ipseci_text_add(&page->entry, key);
    ipseci_text_add(&page->entry, " = ");
    add_selectors(&page->entry, value);
    ipseci_page_end(page, 2);
}

static void add_side_advice(struct ipseci_page *page, const struct side *side, const char *label)
{
    add_setting(page, label, "on this gateway: ", side->here, side->theirs);
    add_setting(page, "", "or on the other: ", side->there, side->ours);
}

static void add_known_selectors(struct ipseci_page *page, const struct ipsec_failure *f)
{
    /* The peer's local side is our remote one. */
    const struct side local = {f->our_local_ts, f->their_local_ts, "local_ts", "remote_ts"};
    const struct side remote = {f->our_remote_ts, f->their_remote_ts, "remote_ts", "local_ts"};
    const bool local_meets = selectors_meet(local.ours, local.theirs);
    const bool remote_meets = selectors_meet(remote.ours, remote.theirs);

    if (local_meets && remote_meets) {
        ipseci_page_say(
            page, "Differs:",
            "nothing that can be seen from here: each side overlaps. The peer may know "
            "narrower selectors than it showed, or the address families do not pair up");
        return;
    }
    if (!local_meets) {
        add_side_differs(page, &local);
    }
    if (!remote_meets) {
        add_side_differs(page, &remote);
    }
    if (!local_meets) {
        add_side_advice(page, &local, "To do:");
    }
    if (!remote_meets) {
        add_side_advice(page, &remote, local_meets ? "To do:" : "and:");
    }
}

void ipseci_report_selectors(struct ipseci_page *page, const struct ipsec_failure *f)
{
    add_sides(page, "Here:", f->our_local_ts, f->our_remote_ts);
    if (f->their_local_ts != NULL && f->their_remote_ts != NULL) {
        add_sides(page, "There:", f->their_remote_ts, f->their_local_ts);
        add_known_selectors(page, f);
        return;
    }
    ipseci_page_say(
        page, "There:", "the peer did not say. Look there at its log and its local_ts, remote_ts");
    add_setting(page, "To do:", "on the other:    ", "local_ts", f->our_remote_ts);
    add_setting(page, "", "on the other:    ", "remote_ts", f->our_local_ts);
    ipseci_page_say(page, "", "or on this gateway the mirror of what the other end is set to");
}

/* ---- nobody, silence and the rest --------------------------------------------------------------
 */

static void add_who_came(struct ipseci_text *t, const struct ipsec_failure *f)
{
    ipseci_text_add(t, "nothing is configured here for a peer at ");
    ipseci_report_endpoint(t, &f->remote);
    if (f->their_id != NULL) {
        ipseci_text_add(t, " that says it is ");
        ipseci_report_quoted_id(t, f->their_id);
    }
    if (f->our_id != NULL) {
        ipseci_text_add(t, " (here we are ");
        ipseci_report_quoted_id(t, f->our_id);
        ipseci_text_char(t, ')');
    }
}

static void add_addr(struct ipseci_text *t, const struct ipsec_endpoint *endpoint)
{
    char text[IPSEC_ADDR_TEXT_MAX];

    ipsec_addr_text(&endpoint->addr, text, sizeof(text));
    ipseci_text_add(t, text);
}

static void add_no_connection_there(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, "the peer has nothing configured for us at ");
    ipseci_report_endpoint(&page->entry, &f->local);
    if (f->our_id != NULL) {
        ipseci_text_add(&page->entry, " as ");
        ipseci_report_quoted_id(&page->entry, f->our_id);
    }
    ipseci_page_end(page, 3);
    ipseci_page_begin(page, "To do:");
    ipseci_text_add(&page->entry, "on the other:    remote = ");
    add_addr(&page->entry, &f->local);
    if (f->our_id != NULL) {
        ipseci_text_add(&page->entry, ", remote_id = ");
        ipseci_report_id(&page->entry, f->our_id);
    }
    ipseci_page_end(page, 3);
}

void ipseci_report_no_connection(struct ipseci_page *page, const struct ipsec_failure *f)
{
    if (f->refused_by == IPSEC_REFUSED_PEER) {
        add_no_connection_there(page, f);
        return;
    }
    ipseci_page_begin(page, "Cause:");
    add_who_came(&page->entry, f);
    ipseci_page_end(page, 4);

    ipseci_page_begin(page, "To do:");
    ipseci_text_add(&page->entry, "on this gateway: a site with remote = ");
    add_addr(&page->entry, &f->remote);
    ipseci_text_add(&page->entry, " (or any)");
    if (f->their_id != NULL) {
        ipseci_text_add(&page->entry, " and remote_id = ");
        ipseci_report_id(&page->entry, f->their_id);
    }
    ipseci_page_end(page, 3);
    ipseci_page_say(page, "",
                    "or on the other: an address (local) and identity (local_id) that is "
                    "configured here");
}

/* ---- silence -----------------------------------------------------------------------------------
 */

static void add_count(struct ipseci_text *t, uint64_t n, const char *one, const char *many)
{
    ipseci_text_u64(t, n);
    ipseci_text_add(t, n == 1 ? one : many);
}

static void add_silence(struct ipseci_text *t, const struct ipsec_failure *f)
{
    if (!f->initiator && f->phase == IPSEC_PHASE_IKE_AUTH) {
        ipseci_text_add(t,
                        "the peer began with IKE_SA_INIT and did not go on with IKE_AUTH within ");
        add_count(t, f->duration_ms / 1000, " second", " seconds");
        return;
    }
    add_count(t, f->attempts, " datagram in ", " datagrams in ");
    add_count(t, f->duration_ms / 1000, " second to ", " seconds to ");
    ipseci_report_endpoint(t, &f->remote);
    ipseci_text_add(t, ", and not one answer");
}

static void add_silence_at_first(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_begin(page, "To do:");
    ipseci_text_add(&page->entry, "1. is it the right address, and is the other gateway running: ");
    ipseci_report_endpoint(&page->entry, &f->remote);
    ipseci_text_add(&page->entry, "?");
    ipseci_page_end(page, 2);
    ipseci_page_say(page, "",
                    "2. does every firewall between pass UDP 500 and 4500, in both directions?");
    ipseci_page_begin(page, "");
    ipseci_text_add(&page->entry, "3. the peer may drop on purpose: is our address ");
    ipseci_report_endpoint(&page->entry, &f->local);
    ipseci_text_add(&page->entry, " configured there?");
    ipseci_page_end(page, 2);
}

static void add_silence_at_auth(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_say(page, "",
                    f->initiator ? "IKE_SA_INIT was answered: the peer runs, and UDP 500 works"
                                 : "our answer to IKE_SA_INIT may not have reached it");
    ipseci_page_say(page, "To do:",
                    "1. does every firewall between pass UDP 4500, in both directions? Behind a "
                    "NAT IKE_AUTH moves there");
    ipseci_page_say(page, "", "2. IKE_AUTH is larger: are IP fragments lost on the way?");
    ipseci_page_say(page, "",
                    "3. some peers drop it in silence when the identity or the secret is "
                    "wrong: see the log there");
}

static void add_silence_later(struct ipseci_page *page)
{
    ipseci_page_say(page, "", "the peer has answered before on this IKE SA");
    ipseci_page_say(page, "To do:", "1. is the link up, and the other gateway running?");
    ipseci_page_say(page, "",
                    "2. it may have started anew and forgotten this SA: a new one is made "
                    "at the next start");
    ipseci_page_say(page, "",
                    "3. a NAT or firewall between may have dropped its mapping: does UDP "
                    "500 or 4500 still pass?");
}

void ipseci_report_silence(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_begin(page, "Cause:");
    add_silence(&page->entry, f);
    ipseci_page_end(page, 2);
    switch (f->phase) {
    case IPSEC_PHASE_START:
    case IPSEC_PHASE_IKE_SA_INIT:
        add_silence_at_first(page, f);
        break;
    case IPSEC_PHASE_IKE_AUTH:
        add_silence_at_auth(page, f);
        break;
    case IPSEC_PHASE_CHILD_CREATE:
    case IPSEC_PHASE_CHILD_REKEY:
    case IPSEC_PHASE_IKE_REKEY:
    case IPSEC_PHASE_ESTABLISHED:
        add_silence_later(page);
        break;
    }
}
