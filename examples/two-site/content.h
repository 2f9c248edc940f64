/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that the configuration names, read whole.
 */
#ifndef TWO_SITE_CONTENT_H
#define TWO_SITE_CONTENT_H

#include "config.h"

/* Reads a file, with a NUL behind it as PEM readers like it. What is secret must be as
 * secret_file_trusted has it. False after config_fail at `line`; *out is empty then. */
bool content_load(struct config *config, uint32_t line, const char *name, bool secret,
                  struct config_content *out);
/* Wipes and releases. */
void content_release(struct config_content *content);

#endif
