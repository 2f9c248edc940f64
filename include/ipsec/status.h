/* SPDX-License-Identifier: Apache-2.0
 *
 * One status for the whole library. Zero and above is no error. Errors come in four classes that
 * say what to do about them:
 *
 *   USAGE     the caller made a mistake: fix the program. State is unchanged.
 *   RESOURCE  something is full or absent for now: try later. State is unchanged.
 *   PEER      bytes from outside were not acceptable: drop them, count them. State is unchanged.
 *   FATAL     this one SA (or object) can not be used any further; the others are not affected.
 *
 * There is no errno and no thread-local state.
 */
#ifndef IPSEC_STATUS_H
#define IPSEC_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define IPSEC_API
#elif defined(__GNUC__)
#define IPSEC_API __attribute__((visibility("default")))
#else
#define IPSEC_API
#endif

#if defined(__GNUC__)
#define IPSEC_MUST_CHECK __attribute__((warn_unused_result))
#else
#define IPSEC_MUST_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum ipsec_status {
    IPSEC_OK = 0,
    IPSEC_PENDING = 1, /* accepted; the answer comes later (a token or an event says which) */

    /* USAGE: fix the caller. */
    IPSEC_ERR_ARGUMENT = -1,     /* a NULL, a range or a combination that is not allowed */
    IPSEC_ERR_STRUCT_SIZE = -2,  /* the struct's `size` field is 0, or newer than this library */
    IPSEC_ERR_BUFFER = -3,       /* the caller's buffer or memory block is too small */
    IPSEC_ERR_REENTRY = -4,      /* called from inside one of the object's own callbacks */
    IPSEC_ERR_STALE = -5,        /* the handle names something that no longer exists */
    IPSEC_ERR_STATE = -6,        /* not possible in the object's present state */
    IPSEC_ERR_SYNTAX = -7,       /* a text (proposal, address, configuration) can not be read */
    IPSEC_ERR_NOT_BUILT_IN = -8, /* no provider given has this algorithm */
    IPSEC_ERR_FORBIDDEN = -9,    /* allowed by no policy, e.g. encryption without integrity */

    /* RESOURCE: state unchanged, try later or configure more. */
    IPSEC_ERR_FULL = -100,      /* a table or queue has reached its configured maximum */
    IPSEC_ERR_MEMORY = -101,    /* an allocator (the caller's, a provider's) gave nothing */
    IPSEC_ERR_RANDOM = -102,    /* the random source failed: nothing was generated */
    IPSEC_ERR_BUSY = -103,      /* the work this depends on is still in flight */
    IPSEC_ERR_IO = -104,        /* a backend could not send, receive or open */
    IPSEC_ERR_NOT_FOUND = -105, /* no such entry */
    IPSEC_ERR_AGAIN = -106,     /* nothing to read now, or no room to write now */

    /* PEER: drop and count. Each has a counter: see ipsec_drop_index(). */
    IPSEC_DROP_TRUNCATED = -200,     /* shorter than its own lengths, or than the least possible */
    IPSEC_DROP_MALFORMED = -201,     /* lengths or fields contradict each other */
    IPSEC_DROP_VERSION = -202,       /* another major version of IKE, or not IPv4/IPv6 */
    IPSEC_DROP_EXCHANGE = -203,      /* exchange type unknown or not possible in this state */
    IPSEC_DROP_ROLE = -204,          /* I or R flag contradicts the sender's role */
    IPSEC_DROP_SPI = -205,           /* no SA has this SPI */
    IPSEC_DROP_MESSAGE_ID = -206,    /* outside the window, or a response nobody waits for */
    IPSEC_DROP_DUPLICATE = -207,     /* a copy of what is being worked on; answered if it was */
    IPSEC_DROP_ICV = -208,           /* the integrity check failed */
    IPSEC_DROP_CRITICAL = -209,      /* unknown payload with the critical bit */
    IPSEC_DROP_PAYLOADS = -210,      /* payloads missing, repeated or not allowed here */
    IPSEC_DROP_RATE = -211,          /* over the rate limit for first contacts */
    IPSEC_DROP_COOKIE = -212,        /* a cookie is demanded; the message had none or a wrong one */
    IPSEC_DROP_KE = -213,            /* a key exchange value fails its group's checks */
    IPSEC_DROP_FULL = -214,          /* no slot for a new peer now */
    IPSEC_DROP_NO_PEER = -215,       /* no connection is configured for this address or identity */
    IPSEC_DROP_REPLAY = -216,        /* sequence number seen before */
    IPSEC_DROP_REPLAY_OLD = -217,    /* sequence number left of the window */
    IPSEC_DROP_SEQUENCE_ZERO = -218, /* sequence number 0 */
    IPSEC_DROP_PADDING = -219,       /* pad length or padding wrong */
    IPSEC_DROP_NEXT_HEADER = -220,   /* the inner protocol is not one this SA carries */
    IPSEC_DROP_DUMMY = -221,     /* a dummy packet (next header 59): valid, nothing to deliver */
    IPSEC_DROP_SELECTORS = -222, /* the inner packet is outside the SA's selectors */
    IPSEC_DROP_POLICY = -223,    /* policy says discard, or protect where it came in clear */
    IPSEC_DROP_NO_POLICY = -224, /* no policy matches */
    IPSEC_DROP_NO_SA = -225,     /* policy says protect and there is no SA (yet) */
    IPSEC_DROP_FRAGMENT = -226,  /* a fragment where none can be handled */
    IPSEC_DROP_TOO_BIG = -227,   /* does not fit the buffer, or the path */
    IPSEC_DROP_ECN = -228,       /* congestion mark that RFC 6040 says to drop */
    IPSEC_DROP_TTL = -229,       /* time to live ran out before the tunnel */
    IPSEC_DROP_ENCAPSULATION = -230, /* in UDP (or not) against what the SA says */
    IPSEC_DROP_KEEPALIVE = -231,     /* a NAT keepalive: nothing to do */
    IPSEC_DROP_HEADER = -232,        /* an IP header that contradicts itself */
    IPSEC_DROP_EXPIRED = -233,       /* for an SA beyond its hard lifetime */
    IPSEC_DROP_IO = -234,            /* the backend did not take it */

    /* FATAL: this SA is dead. */
    IPSEC_FATAL_SEQUENCE = -300,  /* sequence numbers or IVs are used up; RFC 4303 3.3.3 */
    IPSEC_FATAL_LIFETIME = -301,  /* hard limit reached */
    IPSEC_FATAL_CRYPTO = -302,    /* a provider failed in a way that is not the peer's doing */
    IPSEC_FATAL_INVARIANT = -303, /* internal contradiction; the SA was wiped */
    IPSEC_FATAL_MESSAGE_ID = -304 /* IKE message IDs are used up; RFC 7296 2.2 */
};

#define IPSEC_DROP_FIRST   (-200)
#define IPSEC_DROP_LAST    (-234)
#define IPSEC_DROP_REASONS 35 /* entries of an array of drop counters */

enum ipsec_status_class {
    IPSEC_CLASS_OK,
    IPSEC_CLASS_USAGE,
    IPSEC_CLASS_RESOURCE,
    IPSEC_CLASS_PEER,
    IPSEC_CLASS_FATAL
};

/* The class of a status. Any int is accepted; an unknown one is IPSEC_CLASS_FATAL. */
IPSEC_API enum ipsec_status_class ipsec_status_class(enum ipsec_status status);

/* A short constant text in English, never NULL. */
IPSEC_API const char *ipsec_status_text(enum ipsec_status status);

/* Index of a PEER status in an array of IPSEC_DROP_REASONS counters; any other status gives
 * IPSEC_DROP_REASONS, one past the end. */
IPSEC_API size_t ipsec_drop_index(enum ipsec_status status);

/* The status whose counter has this index (for printing); IPSEC_OK when out of range. */
IPSEC_API enum ipsec_status ipsec_drop_status(size_t index);

#ifdef __cplusplus
}
#endif

#endif
