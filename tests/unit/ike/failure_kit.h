/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the failure text share: one report, its parts, and what it says.
 */
#ifndef FAILURE_KIT_H
#define FAILURE_KIT_H

#include "ike_kit.h"

#include <ipsec/ike.h>

extern char text[IPSEC_FAILURE_TEXT_MAX];
extern struct ipsec_failure f;
extern struct ipsec_proposals ours;
extern struct ipsec_proposals theirs;
extern struct ipsec_proposals built_in;
extern struct ipsec_selectors selectors[4];
extern struct ipsec_id ids[3];
extern struct ipsec_peer peer;
extern struct ipsec_child_config child;

struct ipsec_endpoint failure_endpoint(const char *addr, uint16_t port);
/* An empty report between two named ends. */
void failure_begin(enum ipsec_cause cause, enum ipsec_phase phase, enum ipsec_refuser refuser);
/* Writes the report to `text`. */
void failure_show(void);
/* The text with line ends and indentation as single blanks, so that wrapping does not hide words.
 */
const char *failure_flat(void);
/* A responder that refuses `b` with its own list `a`. */
void failure_refuse(const char *a, const char *b, enum ipsec_protocol protocol,
                    enum ipsec_phase phase);
/* An initiator that was refused and not told why. */
void failure_refused(const char *a, enum ipsec_protocol protocol, enum ipsec_phase phase);

#define assert_says(words)                                                                         \
    do {                                                                                           \
        if (strstr(failure_flat(), words) == NULL) {                                               \
            fail_msg("\"%s\" is not in:\n%s", words, text);                                        \
        }                                                                                          \
    } while (0)

#define assert_silent_about(words)                                                                 \
    do {                                                                                           \
        if (strstr(failure_flat(), words) != NULL) {                                               \
            fail_msg("\"%s\" is in:\n%s", words, text);                                            \
        }                                                                                          \
    } while (0)

#endif
