/* SPDX-License-Identifier: Apache-2.0
 *
 * Reports for the tests of the failure text.
 */
#include "failure_kit.h"
#include "explain.h"

char text[IPSEC_FAILURE_TEXT_MAX];
struct ipsec_failure f;
struct ipsec_proposals ours;
struct ipsec_proposals theirs;
struct ipsec_proposals built_in;
struct ipsec_selectors selectors[4];
struct ipsec_id ids[3];
struct ipsec_peer peer = IPSEC_PEER_INIT;
struct ipsec_child_config child = IPSEC_CHILD_CONFIG_INIT;

struct ipsec_endpoint failure_endpoint(const char *addr, uint16_t port)
{
    struct ipsec_endpoint e = {.port = port};
    assert_int_equal(ipsec_addr_parse(addr, &e.addr), IPSEC_OK);
    return e;
}

void failure_begin(enum ipsec_cause cause, enum ipsec_phase phase, enum ipsec_refuser refuser)
{
    memset(&f, 0, sizeof(f));
    peer.name = "berlin";
    child.name = "net";
    f.cause = cause;
    f.phase = phase;
    f.refused_by = refuser;
    f.peer = &peer;
    f.child = &child;
    f.local = failure_endpoint("203.0.113.1", 500);
    f.remote = failure_endpoint("198.51.100.2", 500);
}

void failure_show(void)
{
    memset(text, 0x7f, sizeof(text));
    ipsec_failure_text(&f, text, sizeof(text));
}

/* The text with line ends and indentation as single blanks, so that wrapping does not hide words.
 */
const char *failure_flat(void)
{
    static char out[IPSEC_FAILURE_TEXT_MAX];
    size_t n = 0;
    for (const char *c = text; *c != '\0'; c++) {
        const char now = *c == '\n' ? ' ' : *c;
        if (now != ' ' || (n > 0 && out[n - 1] != ' ')) {
            out[n++] = now;
        }
    }
    out[n] = '\0';
    return out;
}

/* A responder that refuses `b` with its own list `a`. */
void failure_refuse(const char *a, const char *b, enum ipsec_protocol protocol,
                    enum ipsec_phase phase)
{
    failure_begin(IPSEC_CAUSE_NO_PROPOSAL, phase, IPSEC_REFUSED_LOCAL);
    ours = kit_list(a, protocol);
    theirs = kit_list(b, protocol);
    f.notify = 14;
    f.ours = &ours;
    f.theirs = &theirs;
    ipseci_explain(&f, NULL, 0);
    failure_show();
}

/* An initiator that was refused and not told why. */
void failure_refused(const char *a, enum ipsec_protocol protocol, enum ipsec_phase phase)
{
    failure_begin(IPSEC_CAUSE_NO_PROPOSAL, phase, IPSEC_REFUSED_PEER);
    ours = kit_list(a, protocol);
    f.initiator = true;
    f.authenticated = phase != IPSEC_PHASE_IKE_SA_INIT;
    f.notify = 14;
    f.ours = &ours;
    ipseci_explain(&f, NULL, 0);
    failure_show();
}
