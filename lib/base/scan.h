/* SPDX-License-Identifier: Apache-2.0
 *
 * Small parsers over views of text (no NUL needed), for configuration texts: numbers, words,
 * addresses. Nothing here is for octets from a peer.
 */
#ifndef IPSECI_SCAN_H
#define IPSECI_SCAN_H

#include "bytes.h"

/* The octets of a C string; empty for NULL. */
struct ipsec_view ipseci_scan_string(const char *text);
/* The whole view is decimal digits (no sign) and the value at most max. */
bool ipseci_scan_u64(struct ipsec_view text, uint64_t max, uint64_t *out);
/* 0 to 15, or -1. */
int ipseci_scan_hex_digit(uint8_t c);
/* Equal to a lower-case word; letters of the text in either case. */
bool ipseci_scan_is(struct ipsec_view text, const char *word);
/* Text begins with the lower-case word; *rest is what follows. */
bool ipseci_scan_prefix(struct ipsec_view text, const char *word, struct ipsec_view *rest);
/* Offset of the first such character, or text.length. */
size_t ipseci_scan_find(struct ipsec_view text, char c);
struct ipsec_view ipseci_scan_head(struct ipsec_view text, size_t length);
struct ipsec_view ipseci_scan_tail(struct ipsec_view text, size_t from);
/* ipsec_addr_parse of a view; *out is unchanged on failure. */
bool ipseci_scan_addr(struct ipsec_view text, struct ipsec_addr *out);

#endif
