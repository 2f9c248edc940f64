/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts and classes of statuses (ipsec/status.h). Called by anybody.
 */
#include "bytes.h"

static const char *const ok_texts[] = {"ok", "pending"};

static const char *const usage_texts[] = {
    "argument not allowed",
    "struct size not known",
    "buffer too small",
    "called from inside a callback",
    "handle of something that no longer exists",
    "not possible in this state",
    "text can not be read",
    "algorithm not built in",
    "forbidden by policy",
};

static const char *const resource_texts[] = {
    "table or queue full",    "no memory",     "random source failed",   "busy",
    "input or output failed", "no such entry", "nothing now, try again",
};

static const char *const drop_texts[] = {
    "truncated",
    "malformed",
    "version not supported",
    "exchange type not possible here",
    "role flag contradicts the sender",
    "no SA has this SPI",
    "message ID outside the window",
    "duplicate",
    "integrity check failed",
    "unknown critical payload",
    "payloads missing, repeated or not allowed here",
    "over the rate limit for first contacts",
    "cookie missing or wrong",
    "key exchange value not acceptable",
    "no slot for a new peer",
    "no connection for this peer",
    "replayed sequence number",
    "sequence number left of the replay window",
    "sequence number zero",
    "padding wrong",
    "inner protocol not carried by this SA",
    "dummy packet",
    "inner packet outside the SA's selectors",
    "discarded by policy",
    "no policy matches",
    "no SA for this policy yet",
    "fragment that can not be handled",
    "too big",
    "congestion mark to be dropped",
    "time to live ran out",
    "encapsulation contradicts the SA",
    "NAT keepalive",
    "IP header contradicts itself",
    "SA beyond its hard lifetime",
    "not taken by the backend",
};

static const char *const fatal_texts[] = {
    "sequence numbers used up", "hard lifetime reached",       "crypto provider failed",
    "internal contradiction",   "IKE message IDs are used up",
};

_Static_assert(IPSECI_COUNT(ok_texts) == IPSEC_PENDING + 1, "a text a status");
_Static_assert(IPSECI_COUNT(usage_texts) == -IPSEC_ERR_FORBIDDEN, "a text a status");
_Static_assert(IPSECI_COUNT(resource_texts) == IPSEC_ERR_FULL - IPSEC_ERR_AGAIN + 1,
               "a text a status");
_Static_assert(IPSECI_COUNT(drop_texts) == IPSEC_DROP_REASONS, "a text a status");
_Static_assert(IPSEC_DROP_REASONS == IPSEC_DROP_FIRST - IPSEC_DROP_LAST + 1, "a counter a status");
_Static_assert(IPSECI_COUNT(fatal_texts) == IPSEC_FATAL_SEQUENCE - IPSEC_FATAL_MESSAGE_ID + 1,
               "a text a status");

/* Apart from the texts: who only asks for the class does not carry them. */
static const struct {
    int first; /* the statuses of a class go down from here, except those of OK, which go up */
    int step;
    unsigned count;
    enum ipsec_status_class class_;
} classes[] = {
    {IPSEC_OK, 1, IPSECI_COUNT(ok_texts), IPSEC_CLASS_OK},
    {IPSEC_ERR_ARGUMENT, -1, IPSECI_COUNT(usage_texts), IPSEC_CLASS_USAGE},
    {IPSEC_ERR_FULL, -1, IPSECI_COUNT(resource_texts), IPSEC_CLASS_RESOURCE},
    {IPSEC_DROP_FIRST, -1, IPSECI_COUNT(drop_texts), IPSEC_CLASS_PEER},
    {IPSEC_FATAL_SEQUENCE, -1, IPSECI_COUNT(fatal_texts), IPSEC_CLASS_FATAL},
};

static const char *const *const texts[] = {ok_texts, usage_texts, resource_texts, drop_texts,
                                           fatal_texts};

_Static_assert(IPSECI_COUNT(texts) == IPSECI_COUNT(classes), "a list of texts a class");

/* The row of a status and its index there; IPSECI_COUNT(classes) when unknown. */
static size_t find(enum ipsec_status status, size_t *index)
{
    for (size_t i = 0; i < IPSECI_COUNT(classes); i++) {
        const int64_t offset = ((int64_t)status - classes[i].first) * classes[i].step;

        if (offset >= 0 && offset < (int64_t)classes[i].count) {
            *index = (size_t)offset;
            return i;
        }
    }
    *index = 0;
    return IPSECI_COUNT(classes);
}

enum ipsec_status_class ipsec_status_class(enum ipsec_status status)
{
    size_t index;
    const size_t row = find(status, &index);

    return row < IPSECI_COUNT(classes) ? classes[row].class_ : IPSEC_CLASS_FATAL;
}

const char *ipsec_status_text(enum ipsec_status status)
{
    size_t index;
    const size_t row = find(status, &index);

    return row < IPSECI_COUNT(classes) ? texts[row][index] : "unknown status";
}

size_t ipsec_drop_index(enum ipsec_status status)
{
    if (status > IPSEC_DROP_FIRST || status < IPSEC_DROP_LAST) {
        return IPSEC_DROP_REASONS;
    }
    return (size_t)(IPSEC_DROP_FIRST - (int)status);
}

enum ipsec_status ipsec_drop_status(size_t index)
{
    if (index >= IPSEC_DROP_REASONS) {
        return IPSEC_OK;
    }
    return (enum ipsec_status)(IPSEC_DROP_FIRST - (int)index);
}
