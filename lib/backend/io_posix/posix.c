/* SPDX-License-Identifier: Apache-2.0
 *
 * The POSIX backend's object: its table, its clock, and the one poll(2) that waits for the sockets,
 * the LAN side and the program's own descriptors. Called by ipsec_gw_run and by the program.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "posix_state.h"

#define POLL_MAX (POSIX_SOCKETS_MAX + 1 + IPSEC_POSIX_FD_MAX)

/* ---- The table ---- */

static enum ipsec_status lan_pull(void *context, struct ipsec_packet *const packets[], size_t max,
                                  size_t *pulled)
{
    const struct ipsec_posix *posix = context;
    *pulled = 0;
    return posix->lan.lan_pull != NULL
               ? posix->lan.lan_pull(posix->lan.context, packets, max, pulled)
               : IPSEC_OK;
}

static void lan_deliver(void *context, struct ipsec_packet *const packets[], size_t n)
{
    const struct ipsec_posix *posix = context;
    if (posix->lan.lan_deliver != NULL) {
        posix->lan.lan_deliver(posix->lan.context, packets, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        packets[i]->status = IPSEC_DROP_IO;
    }
}

static ipsec_ms now(void *context)
{
    struct timespec t = {0};
    (void)context;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (ipsec_ms)t.tv_sec * 1000 + (ipsec_ms)t.tv_nsec / 1000000;
}

static int timeout_until(ipsec_ms deadline)
{
    const ipsec_ms time = now(NULL);
    if (deadline == IPSEC_NEVER) {
        return -1;
    }
    if (deadline <= time) {
        return 0;
    }
    return deadline - time < INT_MAX ? (int)(deadline - time) : INT_MAX;
}

static enum ipsec_status wait(void *context, ipsec_ms deadline)
{
    struct ipsec_posix *posix = context;
    struct pollfd fds[POLL_MAX];
    nfds_t n = 0;
    for (size_t i = 0; i < posix->socket_count; i++) {
        posix->socket[i].rest = 0; /* this one may be what ends the wait */
        fds[n++].fd = posix->socket[i].fd;
    }
    fds[n++].fd = posix->lan.fd; /* poll passes over -1 */
    for (size_t i = 0; i < posix->fd_count; i++) {
        fds[n++].fd = posix->fd[i];
    }
    for (nfds_t i = 0; i < n; i++) {
        fds[i].events = POLLIN;
    }
    const int ready = poll(fds, n, timeout_until(deadline));
    for (size_t i = 0; ready > 0 && i < posix->socket_count; i++) {
        posix->socket[i].heard = posix->socket[i].heard || (fds[i].revents & POLLERR) != 0;
    }
    /* A signal ends the wait: it is a reason of the program's own. */
    return ready >= 0 || errno == EINTR || errno == EAGAIN ? IPSEC_OK : IPSEC_ERR_IO;
}

/* ---- The object ---- */

static enum ipsec_status read_config(struct ipsec_posix_config *to,
                                     const struct ipsec_posix_config *from)
{
    const struct ipsec_posix_config defaults = IPSEC_POSIX_CONFIG_INIT;
    *to = from != NULL ? *from : defaults;
    if (to->size != sizeof *to) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    to->ike_port = to->ike_port != 0 ? to->ike_port : 500;
    to->natt_port = to->natt_port != 0 ? to->natt_port : 4500;
    const uint8_t family = to->local.family;
    const bool known =
        family == IPSEC_FAMILY_NONE || family == IPSEC_FAMILY_IPV4 || family == IPSEC_FAMILY_IPV6;
    const bool right = known && to->ike_port != to->natt_port &&
                       to->raw_esp <= IPSEC_POSIX_RAW_ESP_REQUIRE && to->socket_bytes <= INT_MAX;
    return right ? IPSEC_OK : IPSEC_ERR_ARGUMENT;
}

static void fill_table(struct ipsec_posix *posix)
{
    struct ipsec_io *io = &posix->io;
    io->size = (uint32_t)sizeof *io;
    io->context = posix;
    io->wan_receive = ipseci_posix_wan_receive;
    io->wan_send = ipseci_posix_wan_send;
    io->lan_pull = lan_pull;
    io->lan_deliver = lan_deliver;
    io->now = now;
    io->wait = wait;
    io->path_mtu = ipseci_posix_path_mtu;
}

enum ipsec_status ipsec_posix_open(const struct ipsec_posix_config *config,
                                   struct ipsec_posix **posix, char *why)
{
    struct ipsec_posix_config complete;
    if (why != NULL) {
        why[0] = '\0';
    }
    enum ipsec_status status = posix != NULL ? read_config(&complete, config) : IPSEC_ERR_ARGUMENT;
    if (status < IPSEC_OK) {
        return status;
    }
    struct ipsec_posix *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    p->config = complete;
    p->lan.fd = -1;
    fill_table(p);
    status = ipseci_posix_sockets_open(p, why);
    if (status < IPSEC_OK) {
        ipsec_posix_close(p);
        return status;
    }
    *posix = p;
    return IPSEC_OK;
}

void ipsec_posix_close(struct ipsec_posix *posix)
{
    if (posix == NULL) {
        return;
    }
    ipseci_posix_sockets_close(posix);
    ipseci_posix_large_free(posix);
    free(posix);
}

bool ipsec_posix_has_raw_esp(const struct ipsec_posix *posix)
{
    return posix->has_raw_esp;
}

uint32_t ipsec_posix_offload(const struct ipsec_posix *posix)
{
    uint32_t kinds = 0;
    for (size_t i = 0; i < posix->socket_count; i++) {
        kinds |= posix->socket[i].gso ? IPSEC_POSIX_OFFLOAD_SEND : 0;
        kinds |= posix->socket[i].gro ? IPSEC_POSIX_OFFLOAD_RECEIVE : 0;
    }
    return kinds;
}

const struct ipsec_io *ipsec_posix_io(const struct ipsec_posix *posix)
{
    return &posix->io;
}

enum ipsec_status ipsec_posix_set_lan(struct ipsec_posix *posix, const struct ipsec_posix_lan *lan)
{
    const struct ipsec_posix_lan none = {.size = (uint32_t)sizeof none, .fd = -1};
    if (lan != NULL && lan->size != sizeof *lan) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    posix->lan = lan != NULL ? *lan : none;
    return IPSEC_OK;
}

/* ---- The program's own descriptors ---- */

static size_t index_of(const struct ipsec_posix *posix, int fd)
{
    size_t i = 0;
    while (i < posix->fd_count && posix->fd[i] != fd) {
        i++;
    }
    return i;
}

enum ipsec_status ipsec_posix_add_fd(struct ipsec_posix *posix, int fd)
{
    if (fd < 0) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (index_of(posix, fd) < posix->fd_count) {
        return IPSEC_ERR_STATE;
    }
    if (posix->fd_count == IPSEC_POSIX_FD_MAX) {
        return IPSEC_ERR_FULL;
    }
    posix->fd[posix->fd_count++] = fd;
    return IPSEC_OK;
}

enum ipsec_status ipsec_posix_remove_fd(struct ipsec_posix *posix, int fd)
{
    const size_t i = index_of(posix, fd);
    if (i == posix->fd_count) {
        return IPSEC_ERR_NOT_FOUND;
    }
    posix->fd[i] = posix->fd[--posix->fd_count];
    return IPSEC_OK;
}

bool ipsec_posix_fd_ready(const struct ipsec_posix *posix, int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    return index_of(posix, fd) < posix->fd_count && poll(&one, 1, 0) > 0;
}
