/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (2 * IPSEC_SECRET_BYTES_MAX + 4) /* "0x", digits, newline, one too many */

void secret_wipe_bytes(void *bytes, size_t length)
{
    explicit_bzero(bytes, length);
}

void secret_wipe(struct ipsec_secret *secret)
{
    secret_wipe_bytes(secret, sizeof(*secret));
}

bool secret_file_trusted(int file, char *error, size_t capacity)
{
    struct stat info;
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        snprintf(error, capacity, "is not a regular file");
        return false;
    }
    if ((info.st_mode & 077) != 0) {
        snprintf(error, capacity, "can be read or written by others (mode %04o): chmod 600",
                 (unsigned)(info.st_mode & 07777));
        return false;
    }
    if (info.st_uid != 0 && info.st_uid != geteuid()) {
        snprintf(error, capacity, "belongs to another user (uid %u)", (unsigned)info.st_uid);
        return false;
    }
    return true;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool from_hex(const char *digits, size_t length, struct ipsec_secret *secret)
{
    if (length % 2 != 0 || length / 2 > IPSEC_SECRET_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < length; i += 2) {
        const int high = nibble(digits[i]);
        const int low = nibble(digits[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        secret->bytes[i / 2] = (uint8_t)(high * 16 + low);
    }
    secret->length = length / 2;
    return true;
}

static bool from_text(const char *text, size_t length, struct ipsec_secret *secret,
                      const char **reason)
{
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r')) {
        length--;
    }
    if (length == 0) {
        *reason = "is empty";
        return false;
    }
    if (memchr(text, '\n', length) != NULL) {
        *reason = "has more than one line";
        return false;
    }
    if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        *reason = "begins with 0x but the rest is not an even number of hexadecimal digits";
        return from_hex(text + 2, length - 2, secret);
    }
    *reason = "is longer than 256 octets";
    if (length > IPSEC_SECRET_BYTES_MAX) {
        return false;
    }
    memcpy(secret->bytes, text, length);
    secret->length = length;
    return true;
}

bool secret_read(const char *path, struct ipsec_secret *secret, char *error, size_t error_capacity)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        snprintf(error, error_capacity, "the secret file %s: %s", path, strerror(errno));
        return false;
    }
    char fault[80];
    const char *reason = fault;
    bool good = secret_file_trusted(file, fault, sizeof(fault));
    if (good) {
        char text[FILE_BYTES_MAX + 1];
        const ssize_t length = read(file, text, sizeof(text));
        reason = "can not be read";
        secret_wipe(secret);
        good = length >= 0 && from_text(text, (size_t)length, secret, &reason);
        secret_wipe_bytes(text, sizeof(text));
    }
    if (!good) {
        secret_wipe(secret);
        snprintf(error, error_capacity, "the secret file %s %s", path, reason);
    }
    (void)close(file);
    return good;
}
