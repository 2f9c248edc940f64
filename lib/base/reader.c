/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounded big-endian reader. Called by everything that looks at octets from a peer.
 */
#include "reader.h"

#include <string.h>

struct ipseci_reader ipseci_reader_init(struct ipsec_view view)
{
    struct ipseci_reader r = {view.data, view.length, false};

    if (view.data == NULL && view.length != 0) {
        r.left = 0;
        r.failed = true;
    }
    return r;
}

/* The next octets, or NULL with the reader failed. Nothing is left after a failure, so that a loop
 * over what is left ends. */
static const uint8_t *take(struct ipseci_reader *r, size_t length)
{
    const uint8_t *start = r->at;

    if (r->failed || length > r->left) {
        r->failed = true;
        r->left = 0;
        return NULL;
    }
    if (length != 0) {
        r->at += length;
        r->left -= length;
    }
    return start;
}

uint8_t ipseci_read8(struct ipseci_reader *r)
{
    const uint8_t *p = take(r, 1);

    return p == NULL ? 0 : p[0];
}

uint16_t ipseci_read16(struct ipseci_reader *r)
{
    const uint8_t *p = take(r, 2);

    return p == NULL ? 0 : ipseci_load16(p);
}

uint32_t ipseci_read32(struct ipseci_reader *r)
{
    const uint8_t *p = take(r, 4);

    return p == NULL ? 0 : ipseci_load32(p);
}

uint64_t ipseci_read64(struct ipseci_reader *r)
{
    const uint8_t *p = take(r, 8);

    return p == NULL ? 0 : ipseci_load64(p);
}

struct ipsec_view ipseci_read_view(struct ipseci_reader *r, size_t length)
{
    const uint8_t *p = take(r, length);

    return ipseci_view(p, p == NULL ? 0 : length);
}

void ipseci_read_bytes(struct ipseci_reader *r, void *out, size_t length)
{
    const uint8_t *p = take(r, length);

    if (length == 0) {
        return;
    }
    if (p == NULL) {
        memset(out, 0, length);
        return;
    }
    memcpy(out, p, length);
}

void ipseci_read_skip(struct ipseci_reader *r, size_t length)
{
    (void)take(r, length);
}

struct ipsec_view ipseci_read_rest(struct ipseci_reader *r)
{
    return ipseci_read_view(r, r->left);
}
