/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"
#include "site_status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static FILE *connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    if (length <= 0 || (size_t)length >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return NULL;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        const int reason = errno;
        (void)close(fd);
        errno = reason;
        return NULL;
    }
    FILE *stream = fdopen(fd, "r+");
    if (stream == NULL) {
        (void)close(fd);
    }
    return stream;
}

static int print_lines(FILE *stream, FILE *out)
{
    char line[1024];
    while (fgets(line, sizeof(line), stream) != NULL) {
        fputs(line, out);
        (void)fflush(out);
    }
    return 0;
}

static int print_status(FILE *stream, FILE *out)
{
    json_error_t error;
    json_t *status = json_loadf(stream, 0, &error);
    if (status == NULL) {
        fprintf(stderr, "ipsec-two-site: the answer can not be read: %s\n", error.text);
        return 2;
    }
    status_print(status, out);
    json_decref(status);
    return 0;
}

static int print_answer(FILE *stream, bool status, FILE *out)
{
    char verdict[512];
    if (fgets(verdict, sizeof(verdict), stream) == NULL) {
        fprintf(stderr, "ipsec-two-site: no answer\n");
        return 2;
    }
    if (strcmp(verdict, "ok\n") != 0) {
        const char *reason = strncmp(verdict, "error ", 6) == 0 ? verdict + 6 : verdict;
        fprintf(stderr, "ipsec-two-site: %s", reason);
        return 1;
    }
    return status ? print_status(stream, out) : print_lines(stream, out);
}

int control_ask(const char *path, const char *request, bool json, FILE *out)
{
    FILE *stream = connect_to(path);
    if (stream == NULL) {
        fprintf(stderr, "ipsec-two-site: control socket %s: %s%s\n", path, strerror(errno),
                errno == ENOENT || errno == ECONNREFUSED ? " (is `ipsec-two-site run` running?)"
                                                         : "");
        return 2;
    }
    fprintf(stream, "%s\n", request);
    (void)fflush(stream);
    const int result = print_answer(stream, !json && strcmp(request, "status") == 0, out);
    (void)fclose(stream);
    return result;
}
