/* SPDX-License-Identifier: Apache-2.0
 *
 * Wireshark's key tables, so that a capture of one's own traffic can be read:
 * ikev2_decryption_table and esp_sa in one folder. THEY HOLD THE SECRETS OF EVERY SA. Only in
 * builds with -Dkey_log=true (keylog.c; keylog_off.c otherwise), and only when --key-log is given
 * as well.
 */
#ifndef TWO_SITE_KEYLOG_H
#define TWO_SITE_KEYLOG_H

#include <ipsec/ike.h>

struct keylog;

/* True in a build that can write keys. */
bool keylog_built_in(void);

/* Makes the folder (mode 0700) when it is not there, and the two files (mode 0600) anew. NULL with
 * the reason in `error`. */
struct keylog *keylog_open(const char *folder, char *error, size_t error_capacity);
void keylog_close(struct keylog *keylog);

/* The gateway's key_log callback does this. */
void keylog_write(struct keylog *keylog, const struct ipsec_key_log *log);

#endif
