/* SPDX-License-Identifier: Apache-2.0
 *
 * Sequence numbers and octets that several senders of an outbound SA draw, from any thread. Called
 * by seal.c when an SA has none left, and after a burst that did not use all. The atomic operations
 * need no order among each other: what matters is that one object is never given twice, and each
 * has its own loop. RFC 4303 3.3.3, RFC 4106 3.1.
 */
#include "esp_batch.h"
#include "sa_draw.h"

#include <ipsec/sa_share.h>

#include <stdatomic.h>

struct ipsec_sa_share {
    /* In one cache line: a draw is of both. */
    _Atomic uint64_t sequence; /* last number drawn */
    _Atomic uint64_t bytes;    /* octets drawn */
    atomic_bool told;          /* that a soft limit is reached */
    bool esn;
    uint16_t encr;
    uint32_t spi;
    uint64_t sequence_start;
    uint64_t sequence_end; /* last number that may be drawn */
    uint64_t bytes_max;
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics without a lock; see shared_sa");

/* ---- the object ---------------------------------------------------------------------------------
 */

size_t ipsec_sa_share_size(void)
{
    return sizeof(struct ipsec_sa_share);
}

enum ipsec_status ipsec_sa_share_init(void *block, size_t block_bytes,
                                      const struct ipsec_sa_params *params,
                                      struct ipsec_sa_share **share)
{
    struct ipsec_sa_params p;
    struct ipsec_key_limits key;
    if (block == NULL || share == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_struct_in(&p, sizeof(p), params));
    IPSECI_TRY(ipsec_key_limits(&p.suite, &key));
    const bool esn = p.suite.esn == IPSEC_ESN_YES;
    const uint64_t last = ipseci_sequence_last(esn);
    if (p.spi < IPSEC_SPI_MIN || p.sequence_start > last) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (block_bytes < sizeof(**share)) {
        return IPSEC_ERR_BUFFER;
    }
    struct ipsec_sa_share *made = block;
    const uint64_t left = last - p.sequence_start;
    const uint64_t packets = p.packets_max != 0 && p.packets_max < left ? p.packets_max : left;
    atomic_init(&made->sequence, p.sequence_start);
    atomic_init(&made->bytes, 0);
    atomic_init(&made->told, false);
    made->esn = esn;
    made->encr = p.suite.encr;
    made->spi = p.spi;
    made->sequence_start = p.sequence_start;
    made->sequence_end = p.sequence_start + packets;
    made->bytes_max =
        p.bytes_max != 0 && p.bytes_max < key.bytes_hard ? p.bytes_max : key.bytes_hard;
    *share = made;
    return IPSEC_OK;
}

uint64_t ipsec_sa_share_packets(const struct ipsec_sa_share *share)
{
    return atomic_load_explicit(&share->sequence, memory_order_relaxed) - share->sequence_start;
}

uint64_t ipsec_sa_share_bytes(const struct ipsec_sa_share *share)
{
    return atomic_load_explicit(&share->bytes, memory_order_relaxed);
}

bool ipsec_sa_share_is_due(struct ipsec_sa_share *share, const struct ipsec_key_limits *limits)
{
    const bool reached = ipsec_sa_share_packets(share) >= limits->packets_soft ||
                         ipsec_sa_share_bytes(share) >= limits->bytes_soft;
    /* Read first, so that those who ask often do not take the cache line from each other. */
    return reached && !atomic_load_explicit(&share->told, memory_order_relaxed) &&
           !atomic_exchange_explicit(&share->told, true, memory_order_relaxed);
}

/* ---- drawing ------------------------------------------------------------------------------------
 */

enum ipsec_status ipseci_share_choose(struct ipsec_sa *sa, const struct ipsec_sa_params *params)
{
    const struct ipsec_sa_share *share = params->share;
    if (share == NULL) {
        return IPSEC_OK;
    }
    if (sa->direction != IPSEC_SEAL || share->spi != sa->spi || share->esn != sa->esn ||
        share->encr != params->suite.encr) {
        return IPSEC_ERR_ARGUMENT;
    }
    sa->way.sending.share = params->share;
    sa->way.sending.sequence = share->sequence_start;
    sa->packets_max = 0;
    sa->bytes_max = 0;
    return IPSEC_OK;
}

/* Adds up to `most` to what was drawn, as far as the end allows; how much it was. Where it began
 * goes to *from. */
static uint64_t draw_of(_Atomic uint64_t *drawn, uint64_t end, uint64_t most, uint64_t *from)
{
    uint64_t seen = atomic_load_explicit(drawn, memory_order_relaxed);
    uint64_t got;
    do {
        got = end - seen < most ? end - seen : most;
    } while (got != 0 && !atomic_compare_exchange_weak_explicit(
                             drawn, &seen, seen + got, memory_order_relaxed, memory_order_relaxed));
    *from = seen;
    return got;
}

/* Of the packets of a burst that are the first one's SA's. */
struct wanted {
    uint64_t packets;
    uint64_t octets; /* at most */
};

static struct wanted want(struct ipsec_packet *const packets[], size_t n)
{
    struct wanted w = {0, 0};
    for (size_t i = 0; i < n && i < IPSECI_ESP_BATCH_MAX; i++) {
        if (packets[i]->sa == packets[0]->sa) {
            w.packets++;
            w.octets += packets[i]->length;
        }
    }
    return w;
}

enum ipsec_status ipseci_share_draw(struct ipsec_packet *const packets[], size_t n, uint32_t octets)
{
    struct ipsec_sa *sa = packets[0]->sa;
    struct ipseci_sending *s = &sa->way.sending;
    struct ipsec_sa_share *share = s->share;
    uint64_t from = 0;
    if (share == NULL) {
        return ipseci_numbers_end(sa, s->sequence);
    }
    const struct wanted w = want(packets, n);
    if (sa->packets == sa->packets_max) {
        const uint64_t got = draw_of(&share->sequence, share->sequence_end, w.packets, &from);
        if (got == 0) {
            return ipseci_numbers_end(sa, from);
        }
        s->sequence = from;
        sa->packets_max += got;
    }
    const uint64_t left = sa->bytes_max - sa->bytes;
    if (octets > left) {
        sa->bytes_max += draw_of(&share->bytes, share->bytes_max, w.octets - left, &from);
    }
    return octets > sa->bytes_max - sa->bytes ? IPSEC_FATAL_LIFETIME : IPSEC_OK;
}

/* ---- giving back --------------------------------------------------------------------------------
 */

/* Numbers only when they are the last that were drawn: kept for later they would fall behind the
 * peer's window. */
static void give_back(struct ipsec_sa *sa)
{
    struct ipsec_sa_share *share = sa->way.sending.share;
    const uint64_t first = sa->way.sending.sequence;
    uint64_t last = first + (sa->packets_max - sa->packets);
    (void)atomic_compare_exchange_strong_explicit(&share->sequence, &last, first,
                                                  memory_order_relaxed, memory_order_relaxed);
    sa->packets_max = sa->packets;
    (void)atomic_fetch_sub_explicit(&share->bytes, sa->bytes_max - sa->bytes, memory_order_relaxed);
    sa->bytes_max = sa->bytes;
}

void ipseci_share_return(struct ipsec_packet *const packets[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ipsec_sa *sa = packets[i]->sa;
        if (sa != NULL && sa->direction == IPSEC_SEAL && sa->way.sending.share != NULL) {
            give_back(sa);
        }
    }
}
