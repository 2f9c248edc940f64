/* SPDX-License-Identifier: Apache-2.0
 *
 * Two gateways in one process: a link between their WAN sides, a queue either way on each LAN side,
 * and a clock that stands until the caller moves it. For tests and demonstrations without a
 * network.
 *
 *     LAN A <-> gateway A <== link ==> gateway B <-> LAN B
 *
 * Uses the heap in new, nowhere else. Both ends are used from one thread.
 */
#ifndef IPSEC_BACKEND_MEMORY_H
#define IPSEC_BACKEND_MEMORY_H

#include <ipsec/io.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_memory;

enum ipsec_memory_end { IPSEC_MEMORY_A = 0, IPSEC_MEMORY_B = 1 };

struct ipsec_memory_config {
    uint32_t size;
    uint32_t queue_max;    /* packets in each queue of an end (WAN, LAN in, LAN out); 0: 256 */
    uint32_t packet_bytes; /* largest packet; 0: 2048 */
    ipsec_ms start;        /* first value of the clock */
    /* Sees each datagram on the link and may change it in place; false: it is lost. It is called
     * while `from` sends and may not call the gateways. NULL: all pass. */
    bool (*filter)(void *user, enum ipsec_memory_end from, struct ipsec_packet *datagram);
    void *user;
};
#define IPSEC_MEMORY_CONFIG_INIT IPSEC_STRUCT_INIT(struct ipsec_memory_config)

/* config may be NULL. IPSEC_ERR_MEMORY, IPSEC_ERR_STRUCT_SIZE, IPSEC_ERR_ARGUMENT (a setting above
 * 1,048,576). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status
ipsec_memory_new(const struct ipsec_memory_config *config, struct ipsec_memory **memory);
/* NULL is allowed. */
IPSEC_API void ipsec_memory_free(struct ipsec_memory *memory);

/* The table to run an end's gateway on; valid until ipsec_memory_free. What A sends from its
 * `local` to its `remote`, B receives the other way round. A full queue, or a packet larger than
 * packet_bytes, is IPSEC_DROP_IO. `wait` returns at once and does not move the clock. */
IPSEC_API const struct ipsec_io *ipsec_memory_io(const struct ipsec_memory *memory,
                                                 enum ipsec_memory_end end);

IPSEC_API ipsec_ms ipsec_memory_now(const struct ipsec_memory *memory);
/* An earlier time is taken too: clocks step back. */
IPSEC_API void ipsec_memory_set_now(struct ipsec_memory *memory, ipsec_ms now);

/* A packet from the LAN of this end to its gateway. Copied. IPSEC_ERR_FULL, IPSEC_ERR_BUFFER
 * (larger than packet_bytes). */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_memory_lan_send(struct ipsec_memory *memory,
                                                                   enum ipsec_memory_end end,
                                                                   struct ipsec_view packet);
/* The next packet this end's gateway delivered to its LAN. IPSEC_ERR_AGAIN: there is none.
 * IPSEC_ERR_BUFFER: it is larger than capacity, stays, and *length says how large. */
IPSEC_API IPSEC_MUST_CHECK enum ipsec_status ipsec_memory_lan_receive(struct ipsec_memory *memory,
                                                                      enum ipsec_memory_end end,
                                                                      uint8_t *out, size_t capacity,
                                                                      size_t *length);

/* True when no gateway has anything to read: run on, or move the clock to the next deadline. */
IPSEC_API bool ipsec_memory_idle(const struct ipsec_memory *memory);

struct ipsec_memory_counters {
    uint64_t wan_sent[2]; /* by end: taken from its gateway, lost ones included */
    uint64_t wan_lost[2]; /* by the filter */
    uint64_t refused[2];  /* queue full or packet too large, link or LAN */
};
IPSEC_API void ipsec_memory_counters(const struct ipsec_memory *memory,
                                     struct ipsec_memory_counters *out);

#ifdef __cplusplus
}
#endif

#endif
