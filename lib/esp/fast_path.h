/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways of seal.c and open.c through the usual packet of the usual tunnel, written as loops over
 * a burst with nothing to choose in them: IPv4 without options (plain_path.h), an AEAD with its
 * counter in the packet, numbers of 32 bits. Which of them an SA's packets may try is told at init.
 * They take no packet that they do not see through to its end without trouble: anything else is
 * left to the whole way before it has changed a thing, so that statuses are given in one place. In
 * a build without (plain_path) they take none.
 */
#ifndef IPSECI_FAST_PATH_H
#define IPSECI_FAST_PATH_H

#include "esp_batch.h"

#if IPSECI_FAST_PATH

/* Sets what an SA has of enum ipseci_shortcut but for IPSECI_SHORTCUT_PLAIN: after init, and after
 * each move. */
void ipseci_fast_choose(struct ipsec_sa *sa);

/* As ipseci_seal_prepare and ipseci_open_prepare with the packets in front, up to one that does not
 * go this way; each takes its place in the batch. How many. */
size_t ipseci_fast_seal_prepare(struct ipsec_packet *const packets[], size_t n,
                                struct ipseci_esp_batch *batch);
size_t ipseci_fast_open_prepare(struct ipsec_packet *const packets[], size_t n,
                                struct ipseci_esp_batch *batch);

/* As ipseci_seal_finish and ipseci_open_finish with the packets of the batch from that place on, up
 * to one that does not go this way; all of them end well. How many. */
size_t ipseci_fast_seal_finish(const struct ipseci_esp_batch *batch, size_t from);
size_t ipseci_fast_open_finish(const struct ipseci_esp_batch *batch, size_t from);

/* As ipseci_esp_add with a packet whose op is armed for the one pass of its SA. */
static inline void ipseci_fast_add(struct ipseci_esp_batch *batch, const struct ipsec_sa *sa)
{
    const size_t i = batch->count++;
    const struct ipsec_crypto *provider = sa->aead.first.provider;
    batch->ops[i] = &batch->op[i];
    batch->aead[i] = &sa->aead;
    batch->armed_for = i == 0 || batch->armed_for == provider ? provider : NULL;
}

/* Has all ops of the batch done. */
static inline void ipseci_fast_run(const struct ipseci_esp_batch *batch)
{
    if (batch->armed_for != NULL) {
        batch->armed_for->run(batch->armed_for->context, batch->ops, batch->count);
        return;
    }
    ipseci_aead_run(batch->aead, batch->ops, batch->count);
}

#else

static inline void ipseci_fast_choose(struct ipsec_sa *sa)
{
    (void)sa;
}

static inline size_t ipseci_fast_seal_prepare(struct ipsec_packet *const packets[], size_t n,
                                              struct ipseci_esp_batch *batch)
{
    (void)packets;
    (void)n;
    (void)batch;
    return 0;
}

static inline size_t ipseci_fast_open_prepare(struct ipsec_packet *const packets[], size_t n,
                                              struct ipseci_esp_batch *batch)
{
    (void)packets;
    (void)n;
    (void)batch;
    return 0;
}

static inline size_t ipseci_fast_seal_finish(const struct ipseci_esp_batch *batch, size_t from)
{
    (void)batch;
    (void)from;
    return 0;
}

static inline size_t ipseci_fast_open_finish(const struct ipseci_esp_batch *batch, size_t from)
{
    (void)batch;
    (void)from;
    return 0;
}

static inline void ipseci_fast_run(const struct ipseci_esp_batch *batch)
{
    ipseci_aead_run(batch->aead, batch->ops, batch->count);
}

#endif

#endif
