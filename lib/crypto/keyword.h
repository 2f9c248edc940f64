/* SPDX-License-Identifier: Apache-2.0
 *
 * Algorithm words <-> transforms: one word of a proposal text. Used by the proposal files only.
 */
#ifndef IPSECI_KEYWORD_H
#define IPSECI_KEYWORD_H

#include "suite.h"
#include "text.h"

/* Reads one word in any case: strongSwan's keyword ("aes256gcm16"), one of its aliases
 * ("sha2_256"), or the registry's name with or without prefix ("ENCR_AES_CBC_256"). False: unknown.
 */
bool ipseci_keyword_find(const char *word, size_t length, struct ipsec_transform *out);

/* Adds the keyword; for what has none, type and number: "encr99". */
void ipseci_keyword_add(struct ipseci_text *text, const struct ipsec_transform *transform);

#endif
