/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"
#include "site_status.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

#define DUMMIES_MAX 1000 /* of one request: they are sent at once */

/* Splits in place at blanks; more words than fit give CONTROL_WORDS_MAX + 1. */
static size_t split(char *request, const char *words[CONTROL_WORDS_MAX])
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(request, " \t\r\n", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r\n", &rest)) {
        if (count == CONTROL_WORDS_MAX) {
            return CONTROL_WORDS_MAX + 1;
        }
        words[count++] = word;
    }
    return count;
}

static void answer_status(struct session *session, ipsec_ms now, FILE *out)
{
    json_t *status = status_json(session, now);
    char *text = status == NULL ? NULL : json_dumps(status, JSON_INDENT(2));
    if (text == NULL) {
        fprintf(out, "error no memory\n");
    } else {
        fprintf(out, "ok\n%s\n", text);
    }
    free(text);
    json_decref(status);
}

static void answer_log(const struct session *session, FILE *out)
{
    const struct journal *journal = session->journal;
    fprintf(out, "ok\n");
    for (uint64_t n = journal_first(journal); n < journal->next; n++) {
        fprintf(out, "%s\n", journal_get(journal, n));
    }
}

static void answer(FILE *out, enum ipsec_status status, const char *kind, const char *name)
{
    if (status >= 0) {
        fprintf(out, "ok\n");
    } else if (status == IPSEC_ERR_NOT_FOUND) {
        fprintf(out, "error there is no %s \"%s\"\n", kind, name);
    } else if (status == IPSEC_ERR_STATE) {
        fprintf(out, "error %s %s is not up\n", kind, name);
    } else {
        fprintf(out, "error %s\n", ipsec_status_text(status));
    }
}

static bool answer_rekey(struct session *session, const char *const words[], size_t count,
                         ipsec_ms now, FILE *out)
{
    if (count == 3 && strcmp(words[1], "ike") == 0) {
        answer(out, session_rekey_ike(session, words[2], now), "site", words[2]);
        return true;
    }
    const bool without = count == 4 && strcmp(words[3], "without-pfs") == 0;
    if ((count == 3 || without) && count > 2 && strcmp(words[1], "child") == 0) {
        const uint32_t flags = without ? IPSEC_REKEY_WITHOUT_PFS : 0;
        answer(out, session_rekey_child(session, words[2], flags, now), "child", words[2]);
        return true;
    }
    return false;
}

/* "move SITE LOCAL [REMOTE]"; "-" leaves an end where it is. */
static bool answer_move(struct session *session, const char *const words[], size_t count,
                        ipsec_ms now, FILE *out)
{
    struct session_ends to = {.has_local = strcmp(words[2], "-") != 0,
                              .has_remote = count == 4 && strcmp(words[3], "-") != 0};
    if ((to.has_local && ipsec_addr_parse(words[2], &to.local.addr) != IPSEC_OK) ||
        (to.has_remote && ipsec_addr_parse(words[3], &to.remote.addr) != IPSEC_OK)) {
        fprintf(out, "error not an address\n");
        return true;
    }
    const enum ipsec_status status = session_move(session, words[1], &to, now);
    if (status == IPSEC_ERR_STATE && session_has_hosts(session, words[1])) {
        fprintf(out,
                "error site %s has a child in transport mode, which is between two addresses: "
                "change them in the configuration of both gateways\n",
                words[1]);
    } else if (status == IPSEC_ERR_STATE) {
        fprintf(out, "error site %s is not up, or the other end has no MOBIKE\n", words[1]);
    } else {
        answer(out, status, "site", words[1]);
    }
    return true;
}

static void answer_redirect(struct session *session, const char *const words[], ipsec_ms now,
                            FILE *out)
{
    struct ipsec_id gateway;
    if (!config_gateway(words[2], &gateway)) {
        fprintf(out, "error not an address or a host name\n");
        return;
    }
    const enum ipsec_status status = session_redirect(session, words[1], &gateway, now);
    if (status == IPSEC_ERR_STATE) {
        fprintf(out, "error site %s is not up\n", words[1]);
    } else if (status == IPSEC_ERR_FORBIDDEN) {
        fprintf(out, "error the peer of site %s does not follow redirects, or did not call us\n",
                words[1]);
    } else {
        answer(out, status, "site", words[1]);
    }
}

static void answer_reauth(struct session *session, const char *site, ipsec_ms now, FILE *out)
{
    const enum ipsec_status status = session_reauth(session, site, now);
    if (status == IPSEC_ERR_ARGUMENT) {
        fprintf(out, "error only the peer of site %s can do that: it called us\n", site);
    } else {
        answer(out, status, "site", site);
    }
}

/* "dummy CHILD OCTETS COUNT" */
static void answer_dummy(struct session *session, const char *const words[], ipsec_ms now,
                         FILE *out)
{
    uint64_t octets = 0;
    uint64_t count = 0;
    if (!value_number(words[2], 0, UINT16_MAX, &octets) ||
        !value_number(words[3], 1, DUMMIES_MAX, &count)) {
        fprintf(out, "error octets are from 0 to %u, the count from 1 to %u\n", UINT16_MAX,
                DUMMIES_MAX);
        return;
    }
    const enum ipsec_status status =
        session_dummy(session, words[1], (uint32_t)octets, (uint32_t)count, now);
    if (status == IPSEC_ERR_BUFFER) {
        fprintf(out, "error no packet here is so large\n");
    } else {
        answer(out, status, "child", words[1]);
    }
}

static bool answer_words(struct session *session, const char *const words[], size_t count,
                         ipsec_ms now, FILE *out)
{
    if (count == 1 && strcmp(words[0], "status") == 0) {
        answer_status(session, now, out);
        return true;
    }
    if (count == 2 && strcmp(words[0], "up") == 0) {
        answer(out, session_up(session, words[1]), "site", words[1]);
        return true;
    }
    if (count == 2 && strcmp(words[0], "down") == 0) {
        answer(out, session_down(session, words[1], now), "site", words[1]);
        return true;
    }
    if (count == 2 && strcmp(words[0], "reauth") == 0) {
        answer_reauth(session, words[1], now, out);
        return true;
    }
    if ((count == 3 || count == 4) && strcmp(words[0], "move") == 0) {
        return answer_move(session, words, count, now, out);
    }
    if (count == 3 && strcmp(words[0], "redirect") == 0) {
        answer_redirect(session, words, now, out);
        return true;
    }
    if (count == 4 && strcmp(words[0], "dummy") == 0) {
        answer_dummy(session, words, now, out);
        return true;
    }
    return count > 0 && strcmp(words[0], "rekey") == 0 &&
           answer_rekey(session, words, count, now, out);
}

void control_answer(struct session *session, char *request, ipsec_ms now, FILE *out, bool *follow)
{
    const char *words[CONTROL_WORDS_MAX] = {NULL};
    const size_t count = split(request, words);
    *follow = false;
    if (count == 0 || count > CONTROL_WORDS_MAX) {
        fprintf(out, "error not a request\n");
        return;
    }
    if (strcmp(words[0], "log") == 0 &&
        (count == 1 || (count == 2 && strcmp(words[1], "follow") == 0))) {
        *follow = count == 2;
        answer_log(session, out);
        return;
    }
    if (!answer_words(session, words, count, now, out)) {
        fprintf(out, "error not a request\n");
    }
}
