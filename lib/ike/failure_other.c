/* SPDX-License-Identifier: Apache-2.0
 *
 * The failure report's part about policy, broken protocol, resources and the peer's other refusals.
 * Called by failure_text.c.
 */
#include "notify.h"
#include "report.h"

struct notify_words {
    uint16_t notify;
    const char *meaning;
    const char *advice;
};

static const struct notify_words refusals[] = {
    {IPSECI_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
     "it does not know a payload that we called critical",
     "capture the exchange: this library marks none as critical"},
    {IPSECI_NOTIFY_INVALID_IKE_SPI,
     "it does not know this IKE SA (any more): it may have restarted", "start the tunnel again"},
    {IPSECI_NOTIFY_INVALID_MAJOR_VERSION, "it does not speak IKEv2",
     "on the other:    switch IKEv2 on; IKEv1 can not be used with this gateway"},
    {IPSECI_NOTIFY_INVALID_SYNTAX, "it could not read our message",
     "compare the two versions; its log says what it stumbled over"},
    {IPSECI_NOTIFY_INVALID_MESSAGE_ID, "it saw a message number outside its window",
     "start the tunnel again"},
    {IPSECI_NOTIFY_INVALID_SPI, "it got a packet for a Child SA that it does not have",
     "start the tunnel again"},
    {IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN, "it accepts none of the proposals",
     "compare ike and esp with the settings of the other end"},
    {IPSECI_NOTIFY_AUTHENTICATION_FAILED, "it does not accept who we are",
     "compare secret, local_id and remote_id on both ends"},
    {IPSECI_NOTIFY_SINGLE_PAIR_REQUIRED, "it takes selectors of one single address pair only",
     "on the other:    allow networks as selectors, or set single addresses in local_ts, "
     "remote_ts"},
    {IPSECI_NOTIFY_NO_ADDITIONAL_SAS, "it takes no further Child SAs on this IKE SA",
     "put the networks into one child (several values of local_ts, remote_ts), or raise its limit"},
    {IPSECI_NOTIFY_INTERNAL_ADDRESS_FAILURE, "it could not give us an inner address",
     "on the other:    look at its address pool; a site-to-site tunnel needs none"},
    {IPSECI_NOTIFY_FAILED_CP_REQUIRED,
     "it demands that we ask for an inner address (remote access)",
     "on the other:    set it up as site-to-site, without an address pool"},
    {IPSECI_NOTIFY_TS_UNACCEPTABLE, "it accepts none of the traffic selectors",
     "compare local_ts and remote_ts with the mirrored settings of the other end"},
    {IPSECI_NOTIFY_UNACCEPTABLE_ADDRESSES, "it does not accept our new address",
     "on the other:    allow this gateway's address to change"},
    {IPSECI_NOTIFY_UNEXPECTED_NAT_DETECTED,
     "a NAT has changed addresses on a path where none is allowed",
     "allow NATs (RFC 4555 3.9 is configured), or look for who changes packets"},
    {IPSECI_NOTIFY_TEMPORARY_FAILURE, "it is busy with another exchange on this SA",
     "nothing: it is tried again"},
    {IPSECI_NOTIFY_CHILD_SA_NOT_FOUND, "it does not have the Child SA that we want to rekey",
     "nothing: the child is made anew"},
};

static const struct notify_words *find_words(uint16_t notify)
{
    for (size_t i = 0; i < IPSECI_COUNT(refusals); i++) {
        if (refusals[i].notify == notify) {
            return &refusals[i];
        }
    }
    return NULL;
}

static void report_refusal(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const struct notify_words *words = find_words(f->notify);

    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, "the peer answers ");
    ipseci_report_notify(&page->entry, f->notify);
    if (words != NULL) {
        ipseci_text_add(&page->entry, ": ");
        ipseci_text_add(&page->entry, words->meaning);
    }
    ipseci_page_end(page, 2);
    ipseci_page_say(page,
                    "To do:", words != NULL ? words->advice : "the log of the other end says why");
}

/* "the reason is: <text>", when there is one. */
static void add_status(struct ipseci_text *t, const struct ipsec_failure *f)
{
    if (f->status >= IPSEC_OK) {
        return;
    }
    ipseci_text_add(t, ": ");
    ipseci_text_add(t, ipsec_status_text(f->status));
}

static void report_childless(struct ipseci_page *page)
{
    ipseci_page_say(page, "Cause:",
                    "the peer takes no IKE SA without a child (RFC 6023), and there is no child to "
                    "begin with");
    ipseci_page_say(page, "To do:",
                    "on this gateway: let a child start at once, not on demand; or on the other: "
                    "allow childless IKE SAs");
}

/* RFC 5685: why the other gateway is not called, by the status. */
static const struct redirect_words {
    enum ipsec_status status;
    const char *why;
    const char *advice;
} not_followed[] = {
    {IPSEC_ERR_FORBIDDEN, "but it does so before it has shown who it is",
     "on the other:    let it redirect in IKE_AUTH or later; or on this gateway: follow redirects "
     "of any kind, call the other gateway at once, or follow none"},
    {IPSEC_ERR_AGAIN, "and we were sent so often within five minutes that it looks like a loop",
     "on the others:   see that no two gateways send us to each other; a redirect is followed "
     "again "
     "when five minutes are over"},
    {IPSEC_ERR_NOT_BUILT_IN, "and nobody here can look up names",
     "on the other:    name the gateway by its address; or give this library the callback resolve"},
    {IPSEC_ERR_ARGUMENT, "and this gateway has no address of that family to call from",
     "on this gateway: give the peer another local address; or on the other: name a gateway of "
     "this family"},
    {IPSEC_ERR_FULL, "and there is no room here to call it",
     "on this gateway: raise the maximum that was reached (redirect_max, sa_max, handshake_max), "
     "or "
     "end tunnels that are not needed"},
};

static void report_redirect(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const struct redirect_words *words = NULL;

    for (size_t i = 0; i < IPSECI_COUNT(not_followed) && words == NULL; i++) {
        words = not_followed[i].status == f->status ? &not_followed[i] : NULL;
    }
    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, "the peer sends us to another gateway, ");
    ipseci_report_quoted_id(&page->entry, f->their_id);
    ipseci_text_add(&page->entry, ", ");
    ipseci_text_add(&page->entry, words != NULL ? words->why : "whose address was not found");
    if (words == NULL) {
        add_status(&page->entry, f);
    }
    ipseci_page_end(page, 3);
    ipseci_page_say(page, "To do:",
                    words != NULL ? words->advice
                                  : "on this gateway: see that the name resolves (DNS); or on the "
                                    "other: name the gateway by its address");
}

/* RFC 7296 1.3.1 */
static void report_mode(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const bool peer = f->refused_by == IPSEC_REFUSED_PEER;

    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, peer ? "the child is in transport mode here, and the peer makes "
                                         "a tunnel of it"
                                       : "the child is in transport mode here, and the peer asks "
                                         "for a tunnel");
    add_status(&page->entry, f);
    ipseci_page_end(page, 2);
    ipseci_page_say(page, "To do:",
                    "give it the same mode on both gateways: here mode = tunnel, or there "
                    "transport mode between the two hosts");
}

/* RFC 7296 2.19: a side of the child is an address that nobody has assigned. */
static bool lacks_address(const struct ipsec_failure *f)
{
    return f->refused_by == IPSEC_REFUSED_LOCAL && f->phase == IPSEC_PHASE_CHILD_CREATE &&
           (f->notify == IPSECI_NOTIFY_FAILED_CP_REQUIRED || f->status == IPSEC_ERR_NOT_FOUND);
}

static void report_no_address(struct ipseci_page *page, const struct ipsec_failure *f)
{
    ipseci_page_say(page, "Cause:",
                    f->initiator ? "a side of this child is an inner address, and the peer has "
                                   "assigned none that fits"
                                 : "the peer's side of this child is an inner address, and it was "
                                   "given none that fits: it may not have asked for one");
    ipseci_page_say(page, "To do:",
                    f->initiator ? "on the other:    let it give inner addresses (a pool) to this "
                                   "gateway"
                                 : "on the other:    let it ask for an inner address");
    ipseci_page_say(page, "", "or on this gateway: networks in local_ts and remote_ts");
}

static void report_policy(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const bool peer = f->refused_by == IPSEC_REFUSED_PEER;

    if (f->notify == IPSECI_NOTIFY_CHILDLESS_IKEV2_SUPPORTED) {
        report_childless(page);
        return;
    }
    if (f->notify == IPSECI_NOTIFY_REDIRECT) {
        report_redirect(page, f);
        return;
    }
    if (f->notify == IPSECI_NOTIFY_USE_TRANSPORT_MODE) {
        report_mode(page, f);
        return;
    }
    if (lacks_address(f)) {
        report_no_address(page, f);
        return;
    }

    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, peer ? "the peer's policy forbids it"
                                       : "the policy of this gateway forbids it");
    add_status(&page->entry, f);
    ipseci_page_end(page, 2);
    ipseci_page_say(page, "To do:",
                    peer
                        ? "on the other:    its log says which rule it is"
                        : "on this gateway: change the policy, or the peer's settings so that they "
                          "fit it");
}

static void report_protocol(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const bool peer = f->refused_by == IPSEC_REFUSED_PEER;

    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, peer ? "the peer says that a message of ours breaks the rules"
                                       : "a message of the peer breaks the rules of RFC 7296");
    add_status(&page->entry, f);
    ipseci_page_end(page, 2);
    ipseci_page_say(page, "To do:",
                    "no setting helps. Capture the exchange on both ends (UDP 500 and 4500), note "
                    "the two versions, and report it");
}

/* What to do about a resource, by the class and the number of the status. */
static const char *resource_advice(enum ipsec_status status)
{
    if (status == IPSEC_ERR_RANDOM) {
        return "on this gateway: the random source of the crypto provider fails: mend it first";
    }
    if (ipsec_status_class(status) == IPSEC_CLASS_FATAL) {
        return "on this gateway: a crypto provider fails: run ipsec_crypto_self_test on it";
    }
    if (status == IPSEC_ERR_MEMORY) {
        return "on this gateway: give the process, or the crypto provider, more memory";
    }
    if (status == IPSEC_ERR_BUFFER) {
        return "on this gateway: raise message_bytes: what is to be sent, certificates among it, "
               "is "
               "longer";
    }
    return "on this gateway: raise the maximum that was reached (sa_max, child_max, handshake_max, "
           "buffer_max, redirect_max), or end tunnels that are not needed";
}

static void report_unanswered(struct ipseci_page *page, const struct ipsec_failure *f)
{
    static const char *const question[] = {
        [IPSEC_QUESTION_NONE] = "",
        [IPSEC_QUESTION_PEER] = "which peer it is (find_peer)",
        [IPSEC_QUESTION_SECRET] = "what its secret is (find_secret)",
        [IPSEC_QUESTION_EAP] = "how EAP goes on (eap)",
        [IPSEC_QUESTION_LEASE] = "which inner address it gets (lease)",
        [IPSEC_QUESTION_JOB] = "what came of a key exchange or signature (job)",
        [IPSEC_QUESTION_RESOLVE] = "where the gateway is that it was sent to (resolve)",
    };
    const bool known = f->waited_for < IPSECI_COUNT(question);

    ipseci_page_begin(page, "Cause:");
    ipseci_text_add(&page->entry, "the peer was there, but this gateway did not find out in time ");
    ipseci_text_add(&page->entry, known ? question[f->waited_for] : "something");
    ipseci_page_end(page, 2);
    ipseci_page_say(page, "To do:",
                    "on this gateway: see why what it asks (a server, a directory, a token) does "
                    "not answer; or give it longer (half_open_ms, retransmit_max)");
}

static void report_resource(struct ipseci_page *page, const struct ipsec_failure *f)
{
    const bool peer = f->refused_by == IPSEC_REFUSED_PEER;

    if (f->waited_for != IPSEC_QUESTION_NONE) {
        report_unanswered(page, f);
        return;
    }
    if (f->notify == IPSECI_NOTIFY_REDIRECT && f->status == IPSEC_ERR_FULL) {
        report_redirect(page, f);
        return;
    }
    ipseci_page_begin(page, "Cause:");
    if (f->status == IPSEC_ERR_BUFFER && !peer) {
        ipseci_text_add(&page->entry, "a message of ours would be longer than message_bytes");
    } else {
        ipseci_text_add(&page->entry, peer ? "the peer has run out of something"
                                           : "this gateway ran out of something");
        add_status(&page->entry, f);
    }
    ipseci_page_end(page, 2);
    ipseci_page_say(page, "To do:",
                    peer ? "on the other:    its log says what; or try again later"
                         : resource_advice(f->status));
}

void ipseci_report_other(struct ipseci_page *page, const struct ipsec_failure *f)
{
    if (f->cause == IPSEC_CAUSE_POLICY) {
        report_policy(page, f);
    } else if (f->cause == IPSEC_CAUSE_PROTOCOL) {
        report_protocol(page, f);
    } else if (f->cause == IPSEC_CAUSE_RESOURCE) {
        report_resource(page, f);
    } else {
        report_refusal(page, f);
    }
}
