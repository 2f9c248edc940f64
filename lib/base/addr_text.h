/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses added to a text that is being built.
 */
#ifndef IPSECI_ADDR_TEXT_H
#define IPSECI_ADDR_TEXT_H

#include "text.h"

/* family: enum ipsec_family; bytes: 4 or 16 octets. "none" for any other family. */
void ipseci_text_addr(struct ipseci_text *t, uint8_t family, const uint8_t *bytes);

#endif
