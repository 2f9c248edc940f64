/* SPDX-License-Identifier: Apache-2.0
 *
 * The policy database (RFC 4301 4.4.1): an ordered list; the first entry that matches decides. A
 * packet that matches nothing is discarded.
 */
#ifndef IPSEC_SPD_H
#define IPSEC_SPD_H

#include <ipsec/esp.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_spd;

enum ipsec_spd_action { IPSEC_SPD_DISCARD = 0, IPSEC_SPD_BYPASS = 1, IPSEC_SPD_PROTECT = 2 };

/* Seen from this gateway: local is the LAN side. */
struct ipsec_spd_entry {
    uint32_t size;
    uint8_t action;   /* enum ipsec_spd_action */
    int32_t priority; /* smaller is looked at first; equal: in order of adding */
    struct ipsec_selector local;
    struct ipsec_selector remote;
    ipsec_handle sa; /* PROTECT: handle in the SAD of the SA to send with; 0: none yet (acquire) */
    void *user;      /* PROTECT: what an acquire names */
};
#define IPSEC_SPD_ENTRY_INIT IPSEC_STRUCT_INIT(struct ipsec_spd_entry)

struct ipsec_spd_config {
    uint32_t size;
    uint32_t entry_max; /* 0: 64 */
    /* Flows whose answer is remembered, rounded up to a power of two; 0: none. It pays where
     * policies are of many kinds, so that a lookup has to try many. */
    uint32_t flow_max;
    struct ipsec_crypto_list crypto; /* random for flow_max; unused without */
};
#define IPSEC_SPD_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_spd_config)

IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_spd_size(const struct ipsec_spd_config *config,
                                                            size_t *bytes);
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_spd_init(void *block, size_t block_bytes,
                                                            const struct ipsec_spd_config *config,
                                                            struct ipsec_spd **spd);
/* ipsec_spd_size and ipsec_spd_init: IPSEC_ERR_ARGUMENT, IPSEC_ERR_BUFFER, IPSEC_ERR_RANDOM,
 * IPSEC_ERR_NOT_BUILT_IN (flow_max in a small build). */
IPSEC_API void ipsec_spd_deinit(struct ipsec_spd *spd);

/* Both selectors have one family. IPSEC_ERR_ARGUMENT, IPSEC_ERR_FULL, IPSEC_ERR_STRUCT_SIZE. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_spd_add(struct ipsec_spd *spd, const struct ipsec_spd_entry *entry, ipsec_handle *handle);
/* IPSEC_ERR_STALE. */
IPSEC_API enum ipsec_status ipsec_spd_remove(struct ipsec_spd *spd, ipsec_handle handle);
/* Names the SA a PROTECT entry sends with; 0 takes it away (packets then acquire, RFC 4301 5.1:
 * never in clear). IPSEC_ERR_STALE, IPSEC_ERR_STATE (not a PROTECT entry). */
IPSEC_API enum ipsec_status ipsec_spd_set_sa(struct ipsec_spd *spd, ipsec_handle handle,
                                             ipsec_handle sa);

struct ipsec_spd_result {
    enum ipsec_spd_action action;
    ipsec_handle entry; /* 0: nothing matched, action is DISCARD */
    ipsec_handle sa;    /* PROTECT: 0 means acquire */
    void *user;
};

/* Decides for an inner packet on its way out (outbound true) or for one that came in without
 * protection (outbound false; source and destination change places). Status: IPSEC_OK,
 * IPSEC_DROP_TRUNCATED, IPSEC_DROP_HEADER, IPSEC_DROP_VERSION; then the action is DISCARD. A
 * non-first fragment has no ports and matches only entries for any port or OPAQUE (RFC 4301 7);
 * when it could belong to an earlier entry that names ports and does not bypass, no later entry
 * lets it bypass: it is discarded under the earlier one. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_spd_lookup(struct ipsec_spd *spd,
                                                              struct ipsec_view inner_packet,
                                                              bool outbound,
                                                              struct ipsec_spd_result *result);

/* Since ipsec_spd_init; all zero without flow_max. A change of the policies makes everything that
 * is remembered old, which shows as misses; a change of an entry's SA does not, as the SA is not
 * remembered. */
struct ipsec_spd_stats {
    uint64_t flow_hits;
    uint64_t flow_misses;
    uint64_t flow_evictions; /* flows that made room for others */
};
IPSEC_API void ipsec_spd_stats(const struct ipsec_spd *spd, struct ipsec_spd_stats *out);

#ifdef __cplusplus
}
#endif

#endif
