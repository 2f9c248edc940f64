/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into an IKE daemon that speaks PF_KEY (RFC 2367) to its kernel: says yes to every
 * request, so that the whole IKE side runs where the kernel has no PF_KEY or no ESP. No packet is
 * ever protected, and no use of an SA is reported. When the file /run/expire appears, the outbound
 * SA added last reaches its soft lifetime.
 */
#include <errno.h>
#include <linux/pfkeyv2.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    MESSAGE_MAX = 4096,
    UNIT = 8 /* octets, of every length */,
    LOOK_EVERY_MS = 50,
    ANSWER_MS = 5000
};

struct message {
    size_t length;
    uint8_t octets[MESSAGE_MAX];
};

/* The extension at `at`: its length in octets, or 0 at the end and for what makes no sense. */
static size_t extension_at(const struct message *message, size_t at, uint16_t *type)
{
    struct sadb_ext ext;
    if (at + sizeof(ext) > message->length) {
        return 0;
    }
    memcpy(&ext, message->octets + at, sizeof(ext));
    *type = ext.sadb_ext_type;
    const size_t length = (size_t)ext.sadb_ext_len * UNIT;
    return length <= message->length - at ? length : 0;
}

/* RFC 2367 3.1.1: the answer names the SPI where the request had a range. */
static void answer_getspi(struct message *message)
{
    static uint32_t next_spi = 0x1000;
    uint16_t type = 0;
    size_t length;
    for (size_t at = sizeof(struct sadb_msg); (length = extension_at(message, at, &type)) != 0;
         at += length) {
        if (type == SADB_EXT_SPIRANGE && length == sizeof(struct sadb_sa)) {
            const struct sadb_sa sa = {.sadb_sa_len = sizeof(sa) / UNIT,
                                       .sadb_sa_exttype = SADB_EXT_SA,
                                       .sadb_sa_spi = __builtin_bswap32(next_spi++)};
            memcpy(message->octets + at, &sa, sizeof(sa));
        }
    }
}

/* RFC 2367 3.1.8: base, SA, soft lifetime, addresses; all of them taken from the ADD. */
static void expire(int fd, const struct message *added)
{
    static struct message out;
    struct sadb_msg header;
    uint16_t type = 0;
    size_t length;
    memcpy(&header, added->octets, sizeof(header));
    out.length = sizeof(header);
    for (size_t at = sizeof(header); (length = extension_at(added, at, &type)) != 0; at += length) {
        if (type == SADB_EXT_SA || type == SADB_EXT_LIFETIME_SOFT || type == SADB_EXT_ADDRESS_SRC ||
            type == SADB_EXT_ADDRESS_DST) {
            memcpy(out.octets + out.length, added->octets + at, length);
            out.length += length;
        }
    }
    header.sadb_msg_type = SADB_EXPIRE;
    header.sadb_msg_len = (uint16_t)(out.length / UNIT);
    header.sadb_msg_pid = 0;
    memcpy(out.octets, &header, sizeof(header));
    (void)!write(fd, out.octets, out.length);
}

static void answer(int fd, struct message *message, struct message *added)
{
    struct sadb_msg header;
    memcpy(&header, message->octets, sizeof(header));
    if (header.sadb_msg_type == SADB_GETSPI) {
        answer_getspi(message);
    } else if (header.sadb_msg_type == SADB_ADD) {
        *added = *message;
    }
    (void)!write(fd, message->octets, message->length);
}

static void *serve(void *argument)
{
    static struct message message;
    static struct message added;
    struct pollfd poll_fd = {.fd = (int)(intptr_t)argument, .events = POLLIN};
    for (;;) {
        if (poll(&poll_fd, 1, LOOK_EVERY_MS) > 0) {
            const ssize_t length = syscall(SYS_read, poll_fd.fd, message.octets, MESSAGE_MAX);
            if (length < (ssize_t)sizeof(struct sadb_msg)) {
                return NULL;
            }
            message.length = (size_t)length;
            answer(poll_fd.fd, &message, &added);
        }
        if (added.length != 0 && unlink("/run/expire") == 0) {
            expire(poll_fd.fd, &added);
        }
    }
}

int socket(int domain, int type, int protocol)
{
    int pair[2];
    pthread_t thread;
    if (domain != PF_KEY) {
        return (int)syscall(SYS_socket, domain, type, protocol);
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 ||
        pthread_create(&thread, NULL, serve, (void *)(intptr_t)pair[1]) != 0) {
        return -1;
    }
    return pair[0];
}

static int option_of(int fd, int option)
{
    int value = -1;
    socklen_t length = sizeof(value);
    const int saved = errno;
    (void)getsockopt(fd, SOL_SOCKET, option, &value, &length);
    errno = saved;
    return value;
}

/* A kernel has answered when the write returns. The socket may have come from another process. */
ssize_t writev(int fd, const struct iovec *iov, int count)
{
    const ssize_t length = syscall(SYS_writev, fd, iov, count);
    if (length > 0 && option_of(fd, SO_TYPE) == SOCK_SEQPACKET &&
        option_of(fd, SO_DOMAIN) == AF_UNIX) {
        struct pollfd answered = {.fd = fd, .events = POLLIN};
        (void)poll(&answered, 1, ANSWER_MS);
    }
    return length;
}

/* A socket that by-passes policies: without IPsec in the kernel there is nothing to by-pass. */
int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    const int result = (int)syscall(SYS_setsockopt, fd, level, option, value, length);
    const int bypass = (level == IPPROTO_IP && option == IP_IPSEC_POLICY) ||
                       (level == IPPROTO_IPV6 && option == IPV6_IPSEC_POLICY);
    return bypass && result != 0 && errno == EOPNOTSUPP ? 0 : result;
}
