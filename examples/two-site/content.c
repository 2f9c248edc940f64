/* SPDX-License-Identifier: Apache-2.0 */
#include "content.h"
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX ((off_t)1 << 20) /* a bundle of authorities has some hundred kB */

void content_release(struct config_content *content)
{
    if (content->data != NULL) {
        secret_wipe_bytes(content->data, content->length);
    }
    free(content->data);
    content->data = NULL;
    content->length = 0;
}

static const char *fill(int file, struct config_content *out)
{
    struct stat info;

    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        return "is not a regular file";
    }
    if (info.st_size == 0 || info.st_size > FILE_BYTES_MAX) {
        return info.st_size == 0 ? "is empty" : "is larger than a megabyte";
    }
    out->length = (size_t)info.st_size;
    out->data = calloc(1, out->length + 1);
    if (out->data == NULL) {
        return "finds no memory";
    }
    for (size_t have = 0; have < out->length;) {
        const ssize_t more = read(file, out->data + have, out->length - have);
        if (more <= 0) {
            return "can not be read";
        }
        have += (size_t)more;
    }
    return NULL;
}

bool content_load(struct config *config, uint32_t line, const char *name, bool secret,
                  struct config_content *out)
{
    char path[2 * CONFIG_PATH_BYTES];

    memset(out, 0, sizeof(*out));
    if (!config_path(config, name, path, sizeof(path))) {
        config_fail(config, line, "%.60s: the path is too long", name);
        return false;
    }
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        config_fail(config, line, "%.200s: %s", path, strerror(errno));
        return false;
    }
    char fault[80];
    const char *reason = secret && !secret_file_trusted(file, fault, sizeof(fault)) ? fault : NULL;
    reason = reason == NULL ? fill(file, out) : reason;
    (void)close(file);
    if (reason != NULL) {
        content_release(out);
        config_fail(config, line, "%.200s %s", path, reason);
        return false;
    }
    return true;
}
