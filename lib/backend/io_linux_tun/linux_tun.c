/* SPDX-License-Identifier: Apache-2.0
 *
 * A Linux TUN device as LAN side. See backend_linux_tun.h. Called through the POSIX backend's
 * table.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tun_state.h"

#define MTU_MIN 68 /* RFC 791 */
#define MTU_MAX 65535

_Static_assert(IPSEC_LINUX_TUN_NAME_MAX == IFNAMSIZ, "the system's limit on interface names");

/* ---- Packets -------------------------------------------------------------------------------- */

static enum ipsec_status lan_pull(void *context, struct ipsec_packet *const packets[], size_t max,
                                  size_t *pulled)
{
    const struct ipsec_linux_tun *tun = context;
    *pulled = 0;
    while (*pulled < max) {
        struct ipsec_packet *packet = packets[*pulled];
        const size_t room =
            packet->offset < packet->capacity ? packet->capacity - packet->offset : 0;
        const ssize_t length = read(tun->fd, packet->buffer + packet->offset, room);
        if (length < 0) {
            break;
        }
        packet->length = (uint32_t)length;
        packet->status = IPSEC_OK;
        packet->carrier = IPSEC_CARRIER_NONE;
        (*pulled)++;
    }
    /* A device that is down gives nothing until it is up again (EIO); one that is gone is an error.
     */
    return *pulled == 0 && (errno == EBADF || errno == EBADFD) && max != 0 ? IPSEC_ERR_IO
                                                                           : IPSEC_OK;
}

static void lan_deliver(void *context, struct ipsec_packet *const packets[], size_t n)
{
    const struct ipsec_linux_tun *tun = context;
    for (size_t i = 0; i < n; i++) {
        struct ipsec_packet *packet = packets[i];
        const ssize_t written = write(tun->fd, packet->buffer + packet->offset, packet->length);
        packet->status = written == (ssize_t)packet->length ? IPSEC_OK : IPSEC_DROP_IO;
    }
}

/* ---- The device ----------------------------------------------------------------------------- */

static enum ipsec_status fail(char *why, const char *step, const char *name)
{
    if (why != NULL) {
        (void)snprintf(why, IPSEC_POSIX_TEXT_MAX, "%s %s: %s", step, name, strerror(errno));
    }
    return IPSEC_ERR_IO;
}

static enum ipsec_status attach(struct ipsec_linux_tun *tun, const char *name, short flags,
                                char *why)
{
    struct ifreq request = {0};
    tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tun->fd < 0) {
        return fail(why, "open", "/dev/net/tun");
    }
    request.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags);
    memcpy(request.ifr_name, name, strlen(name));
    if (ioctl(tun->fd, TUNSETIFF, &request) != 0) {
        return fail(why, "create the TUN device", name);
    }
    memcpy(tun->name, request.ifr_name, sizeof tun->name);
    tun->name[sizeof tun->name - 1] = '\0';
    return IPSEC_OK;
}

static bool enable_offload(struct ipsec_linux_tun *tun)
{
    const unsigned long kinds = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    int bytes = sizeof(struct virtio_net_hdr);
    if (ioctl(tun->fd, TUNSETVNETHDRSZ, &bytes) != 0 || ioctl(tun->fd, TUNSETOFFLOAD, kinds) != 0) {
        return false;
    }
    tun->offload = calloc(1, sizeof *tun->offload);
    return tun->offload != NULL;
}

/* With offload where it is wished and the system has it; otherwise without, and `why` says so. */
static enum ipsec_status attach_best(struct ipsec_linux_tun *tun, const char *name, bool offload,
                                     char *why)
{
    char reason[IPSEC_POSIX_TEXT_MAX] = "";
    if (offload) {
        if (attach(tun, name, IFF_VNET_HDR, reason) == IPSEC_OK && enable_offload(tun)) {
            return IPSEC_OK;
        }
        if (reason[0] == '\0') {
            (void)fail(reason, "offload of", name);
        }
        if (tun->fd >= 0) {
            (void)close(tun->fd);
        }
    }
    const enum ipsec_status status = attach(tun, name, 0, why);
    if (status == IPSEC_OK && why != NULL) {
        memcpy(why, reason, sizeof reason);
    }
    return status;
}

static enum ipsec_status set_mtu(const struct ipsec_linux_tun *tun, int control, uint32_t mtu,
                                 char *why)
{
    struct ifreq request = {0};
    if (mtu == 0) {
        return IPSEC_OK;
    }
    memcpy(request.ifr_name, tun->name, sizeof tun->name);
    request.ifr_mtu = (int)mtu;
    return ioctl(control, SIOCSIFMTU, &request) == 0 ? IPSEC_OK
                                                     : fail(why, "set the MTU of", tun->name);
}

static enum ipsec_status set_up(const struct ipsec_linux_tun *tun, int control, char *why)
{
    struct ifreq request = {0};
    memcpy(request.ifr_name, tun->name, sizeof tun->name);
    if (ioctl(control, SIOCGIFFLAGS, &request) != 0) {
        return fail(why, "read the flags of", tun->name);
    }
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    return ioctl(control, SIOCSIFFLAGS, &request) == 0 ? IPSEC_OK : fail(why, "set up", tun->name);
}

static enum ipsec_status configure(const struct ipsec_linux_tun *tun,
                                   const struct ipsec_linux_tun_config *config, char *why)
{
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0) {
        return fail(why, "open a socket to configure", tun->name);
    }
    enum ipsec_status status = set_mtu(tun, control, config->mtu, why);
    if (status == IPSEC_OK && !config->down) {
        status = set_up(tun, control, why);
    }
    (void)close(control);
    return status;
}

enum ipsec_status ipsec_linux_tun_open(const struct ipsec_linux_tun_config *config,
                                       struct ipsec_linux_tun **tun, char *why)
{
    const struct ipsec_linux_tun_config defaults = IPSEC_LINUX_TUN_CONFIG_INIT;
    const struct ipsec_linux_tun_config *c = config != NULL ? config : &defaults;
    if (why != NULL) {
        why[0] = '\0';
    }
    if (c->size != sizeof *c) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    const char *name = c->name != NULL ? c->name : "ipsec%d";
    if (tun == NULL || strlen(name) >= IPSEC_LINUX_TUN_NAME_MAX ||
        (c->mtu != 0 && (c->mtu < MTU_MIN || c->mtu > MTU_MAX))) {
        return IPSEC_ERR_ARGUMENT;
    }
    struct ipsec_linux_tun *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    t->fd = -1;
    enum ipsec_status status = attach_best(t, name, c->offload, why);
    status = status == IPSEC_OK ? configure(t, c, why) : status;
    if (status < IPSEC_OK) {
        ipsec_linux_tun_close(t);
        return status;
    }
    *tun = t;
    return IPSEC_OK;
}

void ipsec_linux_tun_close(struct ipsec_linux_tun *tun)
{
    if (tun == NULL) {
        return;
    }
    if (tun->fd >= 0) {
        (void)close(tun->fd);
    }
    free(tun->offload);
    free(tun);
}

const char *ipsec_linux_tun_name(const struct ipsec_linux_tun *tun)
{
    return tun->name;
}

bool ipsec_linux_tun_has_offload(const struct ipsec_linux_tun *tun)
{
    return tun->offload != NULL;
}

void ipsec_linux_tun_lan(struct ipsec_linux_tun *tun, struct ipsec_posix_lan *lan)
{
    lan->size = (uint32_t)sizeof *lan;
    lan->context = tun;
    lan->lan_pull = tun->offload != NULL ? ipseci_tun_offload_pull : lan_pull;
    lan->lan_deliver = tun->offload != NULL ? ipseci_tun_offload_deliver : lan_deliver;
    lan->fd = tun->fd;
}
