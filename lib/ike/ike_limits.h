/* SPDX-License-Identifier: Apache-2.0
 *
 * Every limit and timer of the IKE engine that is not in its config, in one place: name, unit,
 * reason.
 */
#ifndef IPSECI_IKE_LIMITS_H
#define IPSECI_IKE_LIMITS_H

enum {
    /* Defaults of struct ipsec_ike_config. */
    IPSECI_SA_MAX = 16,
    IPSECI_HANDSHAKE_MAX = 8,
    IPSECI_MESSAGE_BYTES = 2048,
    IPSECI_MESSAGE_BYTES_MIN = 576,   /* the least any IPv4 host takes: below it nothing works */
    IPSECI_MESSAGE_BYTES_MAX = 65000, /* what a UDP datagram can carry */
    /* What every IPv6 link carries (RFC 8200 5), and what IPv4 paths carry in practice. */
    IPSECI_FRAGMENT_BYTES = 1280,
    IPSECI_FRAGMENT_BYTES_MIN = 192, /* every suite leaves room for a block beside the headers */
    IPSECI_FRAGMENTS_MAX = 32,       /* and one more for every 256 octets of message_bytes */
    IPSECI_RETRANSMIT_FIRST_MS =
        2000, /* RFC 7296 2.4: "several times over several minutes" in sum */
    IPSECI_RETRANSMIT_FACTOR_PERCENT = 180,
    IPSECI_RETRANSMIT_MAX = 5,    /* 82 s in all with the defaults above */
    IPSECI_RETRANSMIT_MOST = 254, /* what the count of an SA can hold */
    IPSECI_FIRST_CONTACT_PER_S = 100,
    IPSECI_HALF_OPEN_MS = 30000,
    IPSECI_SOURCES_MAX = 64,     /* as many prefixes as a small gateway has peers, and then some */
    IPSECI_SOURCES_MOST = 65536, /* 4 MiB: whoever wants more should filter before the gate */
    IPSECI_AUTH_FAILURES = 3,
    IPSECI_STRAY_ANSWERS_PER_S = 10, /* hints; who does not get one finds out by silence */
    IPSECI_WINDOW_MAX = 32,          /* bits of a word, and one for the request awaited next */
    IPSECI_LIVENESS_MS = 30000,
    IPSECI_KEEPALIVE_MS = 20000, /* RFC 3948 4 */
    IPSECI_MOBILE_MAX = 4, /* IKE SAs with addresses to choose from: a branch has one or two */
    /* Further addresses kept of a peer and told of ourselves, each way. */
    IPSECI_ADDITIONAL_MAX = 4,
    /* A silent peer is looked for on so many paths, each with so many retransmissions: 5.6 s with
     * the default times. */
    IPSECI_PATHS_MAX = 16,
    IPSECI_PATH_TRIES = 1,
    /* Updates answered with UNEXPECTED_NAT_DETECTED are tried again so often (RFC 4555 3.9). */
    IPSECI_UPDATE_RETRIES_MAX = 4,
    IPSECI_REDIRECT_MAX = 4, /* peers: few are clients of more gateways, and those are few */
    /* So often in so long we are sent from one gateway to another: MAX_REDIRECTS and
     * REDIRECT_LOOP_DETECT_PERIOD of RFC 5685 8. */
    IPSECI_REDIRECTS_MAX = 5,
    IPSECI_REDIRECT_LOOP_MS = 300000,
    IPSECI_LIFETIME_MS = 3600000,
    IPSECI_SOFT_PERCENT = 90,
    IPSECI_JITTER_PERCENT = 10,

    /* Nonces: at least half the PRF's key and 16 (RFC 7296 2.10); 32 serves every PRF here. */
    IPSECI_NONCE_BYTES = 32,
    /* Octets of a nonce kept for deciding a collision (2.8.1): every nonce has so many, and two
     * that agree in all of them do not happen. */
    IPSECI_LOW_NONCE_BYTES = 12,
    /* Messages up to this many octets (an empty INFORMATIONAL, a delete) are stored in the SA
       itself. */
    IPSECI_SMALL_BYTES = 96, /* a delete under AES-CBC and HMAC-SHA2-512 */
    /* IKE_SA_INIT restarts for cookies and groups (COOKIE-08, INIT-21): a cookie, a group, a cookie
     * again, and one to spare. */
    IPSECI_RESTARTS_MAX = 4,
    /* A cookie secret lives so long, and its cookies as long again (COOKIE-06). */
    IPSECI_COOKIE_SECRET_MS = 60000,
    IPSECI_COOKIE_BYTES = 17, /* version of the secret, two 64-bit keyed hashes */
    /* Cookies that a flood made necessary are demanded until the cause has been gone for so long:
     * two messages say so at most every so often. */
    IPSECI_CALM_MS = 10000,
    /* The wait after too many failed authentications: doubled with each more, up to the bound,
     * which a person who corrects a secret can still wait for. */
    IPSECI_PENALTY_FIRST_MS = 2000,
    IPSECI_PENALTY_MAX_MS = 60000,
    /* Failures are forgotten after so long without another. */
    IPSECI_FAILURES_KEPT_MS = 600000,
    /* After an unprotected refusal the initiator waits so long for a better answer, because anybody
     * on the path could have sent it (RFC 7296 2.21.1). */
    IPSECI_REFUSED_WAIT_MS = 2000,
    /* A replaced child stays open inbound so long after its delete: what was under way still
       arrives. */
    IPSECI_LINGER_MS = 2000,
    /* A replaced SA whose initiator never deletes it is closed by us. */
    IPSECI_REPLACED_MS = 60000,
    /* A stored reply may be given up when buffers are short and no sane peer repeats any more. */
    IPSECI_REPLY_KEEP_MS = 180000,
    /* A set of fragments that got nothing new for so long is not gone on with: the peer's next
       sending is whole. */
    IPSECI_REASSEMBLY_MS = 30000,
    /* After so long without a new fragment a set gives way to others: they come back to back. */
    IPSECI_REASSEMBLY_IDLE_MS = 2000,
    /* A failed rekey is tried again after a quarter of the time left, within these bounds. */
    IPSECI_RETRY_MIN_MS = 1000,
    IPSECI_RETRY_MAX_MS = 60000,
    /* The end that was called begins a new IKE SA itself when this part of the time is left. */
    IPSECI_REAUTH_LAST_PART = 20,
    /* AUTH_LIFETIME 0 means at once; the old IKE SA has so long to be replaced (RFC 4478 2). */
    IPSECI_REAUTH_GRACE_MS = 60000,
    /* TEMPORARY_FAILURE (RFC 7296 2.25): tried again after this and up to as much again, so
     * often. */
    IPSECI_TEMPORARY_MS = 2000,
    IPSECI_TEMPORARY_MAX = 8,
    /* A child that is to be had always comes again after so long, doubled so often; one that lasted
     * for CALM is a new beginning. */
    IPSECI_RESTART_MS = 1000,
    IPSECI_RESTART_DOUBLE = 6,
    IPSECI_RESTART_CALM_MS = 60000,
    /* Peers that are kept up: a branch has one or two, a hub is called. */
    IPSECI_KEEP_UP_MAX = 16,
    IPSECI_KEEP_UP_FIRST_MS = 1000,
    IPSECI_KEEP_UP_WAIT_MS = 60000, /* the longest: who mends something can wait for it */
    /* An IKE SA that lasted for so long is a new beginning. */
    IPSECI_KEEP_UP_CALM_MS = 60000,
    /* Runs of one handler for one message: one more than facts a handler can ask for. */
    IPSECI_HANDLER_RUNS_MAX = 8,
    /* Child SPIs in one message of deletes that we act on. */
    IPSECI_DELETE_SPIS_MAX = 32,
    /* IKE SAs one public call can leave with something to do: the one in hand, its successor, the
     * one that lost a collision, two that are duplicates, and one to spare. */
    IPSECI_TOUCHED_MAX = 6,
    /* Requests one scheduling of an SA starts in a row when each fails at once. */
    IPSECI_STARTS_MAX = 4,
    /* Rounds of EAP in one IKE_AUTH: the longest methods with large certificates take some forty.
     */
    IPSECI_EAP_ROUNDS_MAX = 60,
    /* All of them together may take so many times half_open_ms, which each has: five minutes by
     * default, enough for a person with a token, and the most a stranger keeps a slot. */
    IPSECI_EAP_HALF_OPENS = 10,
    /* Revocation lists in one message that are looked at. */
    IPSECI_CRLS_MAX = 4,
    /* Authorities named in one CERTREQ: a hint only, a peer with more is asked for any. */
    IPSECI_AUTHORITIES_MAX = 16,
    /* The least secret that gets no warning, octets. */
    IPSECI_SECRET_WARN_BYTES = 16,
    /* Private-use status notify that carries a refusing ipsec-core's own proposals, and the vendor
     * ID that says it is understood. */
    IPSECI_NOTIFY_HINT = 40987,
    IPSECI_VENDOR_BYTES = 16
};

#endif
