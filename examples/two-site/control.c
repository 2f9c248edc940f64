/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* SO_PEERCRED's struct ucred, accept4 */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    int fd; /* -1: free */
    ipsec_ms since;
    size_t request_length;
    char request[CONTROL_REQUEST_MAX];
    bool answered;
    bool follow;
    uint64_t next_line; /* of the journal */
    char *pending;
    size_t pending_length;
    size_t pending_sent;
};

struct control {
    int fd;
    struct control_watch watch;
    char path[CONFIG_SOCKET_BYTES];
    struct client client[CONTROL_CLIENTS_MAX];
};

/* ---- Opening ----------------------------------------------------------------------------------
 */

static bool make_address(const char *path, struct sockaddr_un *address)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    const int length = snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
    return length > 0 && (size_t)length < sizeof(address->sun_path);
}

/* A socket file whose owner has gone refuses connections; then it is in nobody's way. */
static bool clear_stale(const struct sockaddr_un *address)
{
    struct stat info;
    if (lstat(address->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) {
        return false;
    }
    const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) {
        return false;
    }
    const int result = connect(probe, (const struct sockaddr *)address, sizeof(*address));
    const bool stale = result != 0 && errno == ECONNREFUSED;
    (void)close(probe);
    return stale && unlink(address->sun_path) == 0;
}

static bool bind_private(int fd, const struct sockaddr_un *address)
{
    const mode_t mask = umask(0177);
    const int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    const int reason = errno;
    (void)umask(mask);
    errno = reason;
    return result == 0;
}

static bool listen_at(int fd, const struct sockaddr_un *address, char *error, size_t capacity)
{
    bool bound = bind_private(fd, address);
    if (!bound && errno == EADDRINUSE) {
        if (!clear_stale(address)) {
            snprintf(error, capacity,
                     "control socket %s: in use; another ipsec-two-site runs there",
                     address->sun_path);
            return false;
        }
        bound = bind_private(fd, address);
    }
    if (!bound || listen(fd, CONTROL_CLIENTS_MAX) != 0) {
        snprintf(error, capacity, "control socket %s: %s", address->sun_path, strerror(errno));
        return false;
    }
    return true;
}

struct control *control_open(const char *path, const struct control_watch *watch, char *error,
                             size_t error_capacity)
{
    struct sockaddr_un address;
    if (!make_address(path, &address)) {
        snprintf(error, error_capacity, "control socket: the path is empty or too long");
        return NULL;
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || !listen_at(fd, &address, error, error_capacity)) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return NULL;
    }
    struct control *control = calloc(1, sizeof(*control));
    if (control == NULL || !watch->add(watch->user, fd)) {
        snprintf(error, error_capacity, "control socket: no room to wait for it");
        (void)close(fd);
        (void)unlink(path);
        free(control);
        return NULL;
    }
    control->fd = fd;
    control->watch = *watch;
    memcpy(control->path, address.sun_path, sizeof(control->path));
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        control->client[i].fd = -1;
    }
    return control;
}

static void drop_client(struct control *control, struct client *client)
{
    control->watch.remove(control->watch.user, client->fd);
    (void)close(client->fd);
    free(client->pending);
    memset(client, 0, sizeof(*client));
    client->fd = -1;
}

void control_close(struct control *control)
{
    if (control == NULL) {
        return;
    }
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (control->client[i].fd >= 0) {
            drop_client(control, &control->client[i]);
        }
    }
    control->watch.remove(control->watch.user, control->fd);
    (void)close(control->fd);
    (void)unlink(control->path);
    free(control);
}

/* ---- Clients ----------------------------------------------------------------------------------
 */

static bool same_user(int fd)
{
    struct ucred peer = {0};
    socklen_t length = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

static void accept_clients(struct control *control, ipsec_ms now)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->client[i];
        if (client->fd >= 0) {
            continue;
        }
        const int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        if (!same_user(fd) || !control->watch.add(control->watch.user, fd)) {
            (void)close(fd);
            continue;
        }
        *client = (struct client){.fd = fd, .since = now};
    }
}

static void queue(struct client *client, const char *text, size_t length)
{
    char *grown = client->pending_length + length > CONTROL_PENDING_MAX
                      ? NULL
                      : realloc(client->pending, client->pending_length + length);
    if (grown == NULL) {
        client->follow = false; /* too slow: it gets what it has so far, and the end */
        return;
    }
    memcpy(grown + client->pending_length, text, length);
    client->pending = grown;
    client->pending_length += length;
}

static void answer_client(struct client *client, struct session *session, ipsec_ms now)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    client->answered = true;
    if (out == NULL) {
        return;
    }
    const uint64_t next = session->journal->next;
    control_answer(session, client->request, now, out, &client->follow);
    client->next_line = next;
    if (fclose(out) == 0 && length > 0) {
        queue(client, text, length);
    }
    free(text);
}

/* False: the client has gone, or sends what no client sends. */
static bool read_client(struct client *client, struct session *session, ipsec_ms now)
{
    char more[CONTROL_REQUEST_MAX];
    const ssize_t n = recv(client->fd, more, sizeof(more), 0);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (n == 0) {
        return client->answered && !client->follow;
    }
    if (client->answered) {
        return false;
    }
    if ((size_t)n > sizeof(client->request) - client->request_length) {
        static const char too_long[] = "error the request is too long\n";
        client->answered = true;
        queue(client, too_long, sizeof(too_long) - 1);
        return true;
    }
    memcpy(client->request + client->request_length, more, (size_t)n);
    client->request_length += (size_t)n;
    char *end = memchr(client->request, '\n', client->request_length);
    if (end != NULL) {
        *end = '\0';
        answer_client(client, session, now);
        return true;
    }
    return client->request_length < sizeof(client->request);
}

static void follow_journal(struct client *client, const struct journal *journal)
{
    const uint64_t first = journal_first(journal);
    if (client->next_line < first) {
        client->next_line = first;
    }
    for (; client->follow && client->next_line < journal->next; client->next_line++) {
        const char *line = journal_get(journal, client->next_line);
        queue(client, line, strlen(line));
        queue(client, "\n", 1);
    }
}

/* False: gone. */
static bool flush_client(struct client *client)
{
    while (client->pending_sent < client->pending_length) {
        const ssize_t n = send(client->fd, client->pending + client->pending_sent,
                               client->pending_length - client->pending_sent, MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        client->pending_sent += (size_t)n;
    }
    client->pending_sent = 0;
    client->pending_length = 0;
    return !client->answered || client->follow;
}

void control_work(struct control *control, struct session *session, ipsec_ms now)
{
    accept_clients(control, now);
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->client[i];
        if (client->fd < 0) {
            continue;
        }
        bool stays = read_client(client, session, now);
        if (stays && client->follow) {
            follow_journal(client, session->journal);
        }
        stays = stays && flush_client(client);
        const bool late = !client->answered && now - client->since > CONTROL_IDLE_MS;
        if (!stays || late) {
            drop_client(control, client);
        }
    }
}

bool control_pending(const struct control *control)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        if (control->client[i].fd >= 0 && control->client[i].pending_length > 0) {
            return true;
        }
    }
    return false;
}
