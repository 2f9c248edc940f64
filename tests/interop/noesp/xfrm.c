/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into an IKE daemon: lets it run its whole IKE side on a kernel without ESP. The
 * kernel's "no such protocol" and "no such cipher" to a netlink (XFRM) request are read as success.
 * Nothing else changes: on a kernel with ESP this does nothing.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_netlink(int fd)
{
    int domain = 0;
    socklen_t length = sizeof(domain);
    const int saved = errno;
    const int ok = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
    errno = saved;
    return ok == 0 && domain == AF_NETLINK;
}

static void forgive(int fd, void *data, ssize_t length)
{
    struct nlmsghdr *const header = data;
    if (length < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || !is_netlink(fd) ||
        header->nlmsg_type != NLMSG_ERROR) {
        return;
    }
    struct nlmsgerr *const answer = NLMSG_DATA(header);
    if (answer->error == -EPROTONOSUPPORT || answer->error == -ENOSYS) {
        answer->error = 0;
    }
}

ssize_t recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from,
                 socklen_t *from_length)
{
    const ssize_t length = syscall(SYS_recvfrom, fd, data, size, flags, from, from_length);
    forgive(fd, data, length);
    return length;
}

ssize_t recv(int fd, void *data, size_t size, int flags)
{
    return recvfrom(fd, data, size, flags, NULL, NULL);
}

ssize_t read(int fd, void *data, size_t size)
{
    const ssize_t length = syscall(SYS_read, fd, data, size);
    forgive(fd, data, length);
    return length;
}
