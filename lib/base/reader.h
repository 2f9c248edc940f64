/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounded big-endian reader and writer. A step past the end sets `failed`, which stays set; reads
 * then give 0 or an empty view and writes do nothing, so the flag is checked once, at the end.
 */
#ifndef IPSECI_READER_H
#define IPSECI_READER_H

#include "bytes.h"

struct ipseci_reader {
    const uint8_t *at;
    size_t left;
    bool failed;
};

struct ipseci_reader ipseci_reader_init(struct ipsec_view view);
uint8_t ipseci_read8(struct ipseci_reader *r);
uint16_t ipseci_read16(struct ipseci_reader *r);
uint32_t ipseci_read32(struct ipseci_reader *r);
uint64_t ipseci_read64(struct ipseci_reader *r);
/* A view of the next octets, not a copy. */
struct ipsec_view ipseci_read_view(struct ipseci_reader *r, size_t length);
/* Copies; on failure out is zeroed. */
void ipseci_read_bytes(struct ipseci_reader *r, void *out, size_t length);
void ipseci_read_skip(struct ipseci_reader *r, size_t length);
/* All that is left. */
struct ipsec_view ipseci_read_rest(struct ipseci_reader *r);

struct ipseci_writer {
    uint8_t *start;
    size_t capacity;
    size_t used;
    bool failed;
};

struct ipseci_writer ipseci_writer_init(void *buffer, size_t capacity);
void ipseci_write8(struct ipseci_writer *w, uint8_t v);
void ipseci_write16(struct ipseci_writer *w, uint16_t v);
void ipseci_write32(struct ipseci_writer *w, uint32_t v);
void ipseci_write64(struct ipseci_writer *w, uint64_t v);
void ipseci_write_bytes(struct ipseci_writer *w, const void *data, size_t length);
void ipseci_write_view(struct ipseci_writer *w, struct ipsec_view view);
void ipseci_write_zeros(struct ipseci_writer *w, size_t length);
/* Room to fill later: the start of `length` octets (zeroed), or NULL when failed. */
uint8_t *ipseci_write_hole(struct ipseci_writer *w, size_t length);
/* Overwrites octets already written at `at`; failed when they are not there. */
void ipseci_write_patch8(struct ipseci_writer *w, size_t at, uint8_t v);
void ipseci_write_patch16(struct ipseci_writer *w, size_t at, uint16_t v);
void ipseci_write_patch32(struct ipseci_writer *w, size_t at, uint32_t v);
struct ipsec_view ipseci_written(const struct ipseci_writer *w);

#endif
