/* SPDX-License-Identifier: Apache-2.0
 *
 * What seal.c and open.c share: up to 32 packets between their prepare and their finish half,
 * around one call of the crypto facade. Lives on the stack (about 3 KiB).
 */
#ifndef IPSECI_ESP_BATCH_H
#define IPSECI_ESP_BATCH_H

#include "sa.h"

#define IPSECI_ESP_BATCH_MAX 32u
/* A packet of any traffic costs at least this much of an inbound SA's octet limit. */
#define IPSECI_INNER_BYTES_MIN 1u

/* Of an outer header. */
struct ipseci_marks {
    uint8_t traffic_class;
    bool dont_fragment;  /* IPv4 */
    uint32_t flow_label; /* IPv6 */
};

/* One packet on its way through the first half of sealing. */
struct ipseci_inner {
    uint8_t *data; /* the first octet to be encrypted */
    uint32_t length;
    uint32_t clear; /* octets before data that stay as they are, and move to the front */
    uint32_t padding;
    uint8_t next_header;
    struct ipseci_marks marks; /* seal: to be written */
};

/* What came out of the second half of opening. */
struct ipseci_payload_out {
    uint8_t *data;
    uint32_t length; /* without padding and trailer */
    uint8_t next_header;
};

/* What the finish half needs to know of one packet. */
struct ipseci_esp_note {
    struct ipsec_packet *packet;
    uint64_t sequence;         /* open: with its high half */
    struct ipseci_marks marks; /* seal: of the header to come; open: of the one that came */
};

struct ipseci_esp_batch {
    size_t count;
    /* What all ops are armed for, each with its key and a status that is a failure. NULL: not all
     * of them, or not for the same. */
    const struct ipsec_crypto *armed_for;
    struct ipseci_esp_note note[IPSECI_ESP_BATCH_MAX];
    const struct ipseci_aead *aead[IPSECI_ESP_BATCH_MAX];
    struct ipsec_crypto_op *ops[IPSECI_ESP_BATCH_MAX];
    struct ipsec_crypto_op op[IPSECI_ESP_BATCH_MAX];
};

/* seal.c and open.c, for look-aside: their two halves for one packet. Between them note and op stay
 * where they are; finish is called when the op has its status, and says how the packet ended.
 * Sealing takes the first of these packets, and sees what follows it in its burst. */
enum ipsec_status ipseci_seal_prepare(struct ipsec_packet *const packets[], size_t n,
                                      struct ipseci_esp_note *note, struct ipsec_crypto_op *op);
enum ipsec_status ipseci_seal_finish(const struct ipseci_esp_note *note,
                                     const struct ipsec_crypto_op *op);
enum ipsec_status ipseci_open_prepare(struct ipsec_packet *p, struct ipseci_esp_note *note,
                                      struct ipsec_crypto_op *op);
enum ipsec_status ipseci_open_finish(const struct ipseci_esp_note *note,
                                     const struct ipsec_crypto_op *op);

/* How a packet ended, also for its SA's counters. */
static inline void ipseci_esp_settle(struct ipsec_packet *p, enum ipsec_status status)
{
    p->status = status;
    if (status != IPSEC_OK && p->sa != NULL) {
        ipseci_sa_count_drop(p->sa, status);
    }
}

static inline void ipseci_esp_begin(struct ipseci_esp_batch *batch)
{
    batch->count = 0;
    batch->armed_for = NULL;
}

/* A prepared packet takes its place. */
static inline void ipseci_esp_add(struct ipseci_esp_batch *batch, const struct ipsec_packet *p)
{
    const size_t i = batch->count++;
    batch->ops[i] = &batch->op[i];
    batch->aead[i] = &p->sa->aead;
    batch->armed_for = NULL;
}

/* RFC 7296 2.23 (NATT-09): by the newest packet only, so that one that was held back, or comes a
 * second time, leads nobody away. Called before the number is entered. */
static inline bool ipseci_esp_has_moved(const struct ipsec_sa *sa, const struct ipsec_packet *p,
                                        uint64_t sequence)
{
    const bool known =
        p->remote.addr.family != IPSEC_FAMILY_NONE && sa->remote.addr.family != IPSEC_FAMILY_NONE;
    const bool other_port =
        sa->udp_encapsulation && p->remote.port != 0 && p->remote.port != sa->remote.port;

    return sequence > sa->way.replay.top && known &&
           (other_port || !ipsec_addr_equal(&p->remote.addr, &sa->remote.addr));
}

static inline bool ipseci_esp_is_inside(const struct ipsec_packet *p)
{
    return p->buffer != NULL && p->offset <= p->capacity && p->length <= p->capacity - p->offset;
}

/* Content inside the buffer, and an SA of this direction. */
static inline bool ipseci_esp_is_usable(const struct ipsec_packet *p,
                                        enum ipsec_direction direction)
{
    return p->sa != NULL && p->sa->direction == direction && ipseci_esp_is_inside(p);
}

/* The authenticated octets in front of the ciphertext, and the high half of the sequence number.
 * esp points at the SPI. */
static inline void ipseci_esp_bind(struct ipsec_crypto_op *op, const struct ipsec_sa *sa,
                                   const uint8_t *esp, uint64_t sequence)
{
    op->iv = esp + IPSECI_ESP_HEADER_BYTES;
    op->aad = esp;
    op->tail_length = 0;
    op->reserved = 0;
    if (!sa->aead.is_aead) {
        op->aad_length = (uint16_t)(IPSECI_ESP_HEADER_BYTES + sa->aead.iv_length);
        if (sa->esn) {
            /* RFC 4303 3.3.2.1: the high half takes part in the ICV as if it followed the trailer.
             */
            ipseci_store32(op->scratch, (uint32_t)(sequence >> 32));
            op->tail_length = 4;
        }
        return;
    }
    op->aad_length = IPSECI_ESP_HEADER_BYTES;
    if (sa->esn || sa->iv_source == IPSECI_IV_IMPLICIT) {
        ipseci_store32(op->scratch, sa->spi);
        ipseci_store64(op->scratch + 4, sequence);
    }
    if (sa->esn) {
        /* RFC 4106 5, RFC 7634 2.1: SPI and the whole 64-bit number. */
        op->aad = op->scratch;
        op->aad_length = 12;
    }
    if (sa->iv_source == IPSECI_IV_IMPLICIT) {
        op->iv = op->scratch + 4; /* RFC 8750 4: the number, of 64 bits in any case */
    }
}

#endif
