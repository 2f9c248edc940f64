/* SPDX-License-Identifier: Apache-2.0
 *
 * Passwords as MS-CHAPv2 hashes them: UTF-8 to UTF-16, little endian.
 */
#ifndef IPSECI_MSCHAP_UTF16_H
#define IPSECI_MSCHAP_UTF16_H

#include <ipsec/types.h>

#define IPSECI_MSCHAP_UTF8_MAX 256 /* octets in; twice as many come out at most */

/* False, with *length 0: not UTF-8 to the letter (too short, overlong, a surrogate, above
 * U+10FFFF), a NUL, or more than IPSECI_MSCHAP_UTF8_MAX octets. RFC 3629 3, RFC 2781 2.1. */
bool ipseci_mschap_utf16(struct ipsec_view text, uint8_t out[2 * IPSECI_MSCHAP_UTF8_MAX],
                         size_t *length);

#endif
