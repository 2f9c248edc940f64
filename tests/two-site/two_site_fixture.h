/* SPDX-License-Identifier: Apache-2.0
 *
 * A configuration of one site from a text, for the tests of ipsec-two-site.
 */
#ifndef TWO_SITE_FIXTURE_H
#define TWO_SITE_FIXTURE_H

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIXTURE_GATEWAY "[gateway]\naddress = 10.0.0.1\n"
#define FIXTURE_SITE    "[site b]\nremote = 10.0.0.2\nremote_id = b.example\nsecret_file = %s\n"
#define FIXTURE_CHILD                                                                              \
    "[child net]\nsite = b\nlocal_ts = 192.168.1.0/24\nremote_ts = 192.168.2.0/24\n"

/* A private file with this content; the caller unlinks and frees the path. */
static inline char *fixture_secret(const char *secret)
{
    char *path = strdup("/tmp/two-site-psk-XXXXXX");
    const int fd = mkstemp(path);
    if (fd < 0 || write(fd, secret, strlen(secret)) != (ssize_t)strlen(secret) || close(fd) != 0) {
        abort();
    }
    return path;
}

/* Reads gateway, site (which gets the secret's path), site_more, child, and child_more; aborts when
 * the configuration is bad. */
static inline struct config *fixture_config(const char *secret, const char *site_more,
                                            const char *child_more)
{
    char text[4000];
    char *path = fixture_secret(secret);
    snprintf(text, sizeof(text), FIXTURE_GATEWAY FIXTURE_SITE "%s" FIXTURE_CHILD "%s", path,
             site_more, child_more);
    struct config *config = config_new();
    FILE *stream = fmemopen(text, strlen(text), "r");
    if (!config_read(config, stream, "x.conf", NULL, 0)) {
        config_print_errors(config, stderr);
        abort();
    }
    (void)fclose(stream);
    (void)unlink(path);
    free(path);
    return config;
}

#endif
