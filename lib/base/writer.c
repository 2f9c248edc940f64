/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounded big-endian writer. Called by everything that builds octets for a peer.
 */
#include "reader.h"

#include <string.h>

struct ipseci_writer ipseci_writer_init(void *buffer, size_t capacity)
{
    struct ipseci_writer w = {(uint8_t *)buffer, capacity, 0, false};

    if (buffer == NULL) {
        w.capacity = 0;
        w.failed = capacity != 0;
    }
    return w;
}

static uint8_t *take(struct ipseci_writer *w, size_t length)
{
    uint8_t *start;

    if (w->failed || length > w->capacity - w->used || w->start == NULL) {
        w->failed = w->failed || length != 0;
        return NULL;
    }
    start = w->start + w->used;
    w->used += length;
    return start;
}

void ipseci_write8(struct ipseci_writer *w, uint8_t v)
{
    uint8_t *p = take(w, 1);

    if (p != NULL) {
        p[0] = v;
    }
}

void ipseci_write16(struct ipseci_writer *w, uint16_t v)
{
    uint8_t *p = take(w, 2);

    if (p != NULL) {
        ipseci_store16(p, v);
    }
}

void ipseci_write32(struct ipseci_writer *w, uint32_t v)
{
    uint8_t *p = take(w, 4);

    if (p != NULL) {
        ipseci_store32(p, v);
    }
}

void ipseci_write64(struct ipseci_writer *w, uint64_t v)
{
    uint8_t *p = take(w, 8);

    if (p != NULL) {
        ipseci_store64(p, v);
    }
}

void ipseci_write_bytes(struct ipseci_writer *w, const void *data, size_t length)
{
    uint8_t *p = take(w, length);

    if (p != NULL && length != 0) {
        memcpy(p, data, length);
    }
}

void ipseci_write_view(struct ipseci_writer *w, struct ipsec_view view)
{
    ipseci_write_bytes(w, view.data, view.length);
}

void ipseci_write_zeros(struct ipseci_writer *w, size_t length)
{
    (void)ipseci_write_hole(w, length);
}

uint8_t *ipseci_write_hole(struct ipseci_writer *w, size_t length)
{
    uint8_t *p = take(w, length);

    if (p != NULL) {
        memset(p, 0, length);
    }
    return p;
}

/* Octets written before, or NULL with the writer failed. */
static uint8_t *written_at(struct ipseci_writer *w, size_t at, size_t length)
{
    if (w->failed || at > w->used || length > w->used - at) {
        w->failed = true;
        return NULL;
    }
    return w->start + at;
}

void ipseci_write_patch8(struct ipseci_writer *w, size_t at, uint8_t v)
{
    uint8_t *p = written_at(w, at, 1);

    if (p != NULL) {
        p[0] = v;
    }
}

void ipseci_write_patch16(struct ipseci_writer *w, size_t at, uint16_t v)
{
    uint8_t *p = written_at(w, at, 2);

    if (p != NULL) {
        ipseci_store16(p, v);
    }
}

void ipseci_write_patch32(struct ipseci_writer *w, size_t at, uint32_t v)
{
    uint8_t *p = written_at(w, at, 4);

    if (p != NULL) {
        ipseci_store32(p, v);
    }
}

struct ipsec_view ipseci_written(const struct ipseci_writer *w)
{
    return w->failed ? ipseci_view(NULL, 0) : ipseci_view(w->start, w->used);
}
