/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a gateway over an I/O backend, one turn a call, with packets from the gateway's own block.
 * Called by the program's loop.
 */
#include "gw_state.h"

/* Fresh packets: the whole room, less what sealing needs around the content. */
static struct ipsec_packet *const *empty_burst(struct ipsec_gw *gw)
{
    const struct ipsec_packet none = {0};
    for (uint32_t i = 0; i < gw->config.burst; i++) {
        struct ipsec_packet *packet = &gw->burst[i];
        *packet = none;
        packet->buffer = gw->burst_bytes + (size_t)i * gw->config.packet_bytes;
        packet->capacity = gw->config.packet_bytes - IPSECI_GW_TAIL_ROOM;
        packet->offset = IPSECI_GW_HEAD_ROOM;
        gw->burst_list[i] = packet;
    }
    return gw->burst_list;
}

static enum ipsec_status from_wan(struct ipsec_gw *gw, const struct ipsec_io *io, size_t *moved)
{
    size_t n = 0;
    struct ipsec_packet *const *packets = empty_burst(gw);
    IPSECI_TRY(io->wan_receive(io->context, packets, gw->config.burst, &n));
    if (n > gw->config.burst) {
        return IPSEC_ERR_IO;
    }
    if (n != 0) {
        ipsec_gw_wan_input(gw, packets, n, io->now(io->context));
    }
    *moved += n;
    return IPSEC_OK;
}

static enum ipsec_status from_lan(struct ipsec_gw *gw, const struct ipsec_io *io, size_t *moved)
{
    size_t n = 0;
    struct ipsec_packet *const *packets = empty_burst(gw);
    IPSECI_TRY(io->lan_pull(io->context, packets, gw->config.burst, &n));
    if (n > gw->config.burst) {
        return IPSEC_ERR_IO;
    }
    for (size_t i = 0; i < n; i++) {
        packets[i]->capacity = gw->config.packet_bytes; /* the tail room was kept from reading */
    }
    if (n != 0) {
        ipsec_gw_lan_input(gw, packets, n, io->now(io->context));
    }
    *moved += n;
    return IPSEC_OK;
}

/* What the system has learned of the paths. */
static void from_path(struct ipsec_gw *gw, const struct ipsec_io *io)
{
    struct ipsec_path_mtu told;
    const bool tells = io->size >= sizeof *io && io->path_mtu != NULL;
    for (uint32_t i = 0; tells && i < gw->config.burst; i++) {
        if (!io->path_mtu(io->context, &told)) {
            return;
        }
        ipseci_gw_mtu_told(gw, &told, io->now(io->context));
    }
}

/* Both sides once, and what is due. */
static enum ipsec_status turn(struct ipsec_gw *gw, const struct ipsec_io *io, size_t *moved)
{
    IPSECI_TRY(from_wan(gw, io, moved));
    from_path(gw, io);
    IPSECI_TRY(from_lan(gw, io, moved));
    const ipsec_ms now = io->now(io->context);
    if (ipsec_gw_deadline(gw) <= now) {
        ipsec_gw_expire(gw, now);
    }
    return IPSEC_OK;
}

enum ipsec_status ipsec_gw_run(struct ipsec_gw *gw, const struct ipsec_io *io, ipsec_ms until)
{
    size_t moved = 0;
    if (gw == NULL || io == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    if (gw->busy) {
        return IPSEC_ERR_REENTRY;
    }
    gw->io = io;
    /* Reading without asking first saves the wait's system call while there is traffic. */
    IPSECI_TRY(turn(gw, io, &moved));
    if (moved != 0) {
        return IPSEC_OK;
    }
    const ipsec_ms due = ipsec_gw_deadline(gw);
    IPSECI_TRY(io->wait(io->context, due < until ? due : until));
    return turn(gw, io, &moved);
}
