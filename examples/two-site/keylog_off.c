/* SPDX-License-Identifier: Apache-2.0
 *
 * --key-log in a build without -Dkey_log=true: a clear refusal, and no code that could write a key.
 */
#include "keylog.h"

#include <stdio.h>

bool keylog_built_in(void)
{
    return false;
}

struct keylog *keylog_open(const char *folder, char *error, size_t error_capacity)
{
    (void)folder;
    snprintf(
        error, error_capacity,
        "--key-log is not in this build: configure it with -Dkey_log=true (for debugging only)");
    return NULL;
}

void keylog_close(struct keylog *keylog)
{
    (void)keylog;
}

void keylog_write(struct keylog *keylog, const struct ipsec_key_log *log)
{
    (void)keylog;
    (void)log;
}
