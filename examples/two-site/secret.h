/* SPDX-License-Identifier: Apache-2.0
 *
 * Pre-shared keys: read from files that nobody else can read, wiped, never printed.
 */
#ifndef TWO_SITE_SECRET_H
#define TWO_SITE_SECRET_H

#include <ipsec/ike.h>

/* Reads a secret file: one line; a text, or "0x" and hexadecimal digits. False with the reason in
 * `error`, which never holds any of the content. */
bool secret_read(const char *path, struct ipsec_secret *secret, char *error, size_t error_capacity);

/* Whether an open file may hold a secret: regular, nobody else's to read or write, and the property
 * of who runs this or of root. False with the reason in `error`, as the end of a sentence. */
bool secret_file_trusted(int file, char *error, size_t error_capacity);

void secret_wipe(struct ipsec_secret *secret);

/* Overwrites memory in a way the compiler does not take out. */
void secret_wipe_bytes(void *bytes, size_t length);

#endif
