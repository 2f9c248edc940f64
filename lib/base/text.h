/* SPDX-License-Identifier: Apache-2.0
 *
 * Bounded text building: always NUL-terminated, cut with "..." when the room is too small; no
 * printf, so that a microcontroller build does not pull it in.
 */
#ifndef IPSECI_TEXT_H
#define IPSECI_TEXT_H

#include "bytes.h"

struct ipseci_text {
    char *start;
    size_t capacity;
    size_t used;
    bool cut;
};

struct ipseci_text ipseci_text_init(char *buffer, size_t capacity);
void ipseci_text_add(struct ipseci_text *t, const char *s);
void ipseci_text_char(struct ipseci_text *t, char c);
void ipseci_text_u64(struct ipseci_text *t, uint64_t v);
void ipseci_text_hex(struct ipseci_text *t, const void *data, size_t length);
/* Peer octets: everything that is not printable ASCII (and the backslash) becomes \xNN. */
void ipseci_text_escaped(struct ipseci_text *t, const void *data, size_t length);

#endif
