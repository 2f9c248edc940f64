/* SPDX-License-Identifier: Apache-2.0
 *
 * See fake_ike.h.
 */
#include "fake_ike.h"

#include <string.h>

enum ipsec_status ipsec_ike_size(const struct ipsec_ike_config *config, size_t *bytes)
{
    *bytes = sizeof(struct ipsec_ike);
    return config->size == sizeof *config ? IPSEC_OK : IPSEC_ERR_STRUCT_SIZE;
}

enum ipsec_status ipsec_ike_init(void *block, size_t block_bytes,
                                 const struct ipsec_ike_config *config, ipsec_ms now,
                                 struct ipsec_ike **ike)
{
    (void)now;
    if (block_bytes < sizeof **ike) {
        return IPSEC_ERR_BUFFER;
    }
    *ike = block;
    memset(*ike, 0, sizeof **ike);
    (*ike)->config = *config;
    (*ike)->deadline = IPSEC_NEVER;
    return IPSEC_OK;
}

void ipsec_ike_deinit(struct ipsec_ike *ike)
{
    (void)ike;
}

enum ipsec_status ipsec_ike_input(struct ipsec_ike *ike, struct ipsec_packet *datagram,
                                  ipsec_ms now)
{
    (void)now;
    if (ike->inputs < FAKE_NOTES) {
        ike->input_length[ike->inputs] = datagram->length;
        ike->input_port[ike->inputs] = datagram->local.port;
    }
    ike->inputs++;
    if (ike->on_input != NULL) {
        ike->on_input(ike, ike->on_input_user);
    }
    return ike->answer;
}

void ipsec_ike_expire(struct ipsec_ike *ike, ipsec_ms now)
{
    (void)now;
    ike->expired++;
    ike->deadline = IPSEC_NEVER;
}

ipsec_ms ipsec_ike_deadline(const struct ipsec_ike *ike)
{
    return ike->deadline;
}

enum ipsec_status ipsec_ike_forget_peer(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                        ipsec_ms now)
{
    (void)now;
    ike->forgotten = peer;
    return IPSEC_OK;
}

enum ipsec_status ipsec_ike_child_notice(struct ipsec_ike *ike, ipsec_handle child,
                                         enum ipsec_child_notice notice, ipsec_ms now)
{
    (void)now;
    if (ike->notices < FAKE_NOTES) {
        ike->notice[ike->notices].child = child;
        ike->notice[ike->notices].notice = notice;
    }
    ike->notices++;
    if (ike->on_notice != NULL) {
        ike->on_notice(ike, NULL);
    }
    if (notice == IPSEC_CHILD_NOTICE_HARD && ike->remove_on_hard) {
        ike->config.callbacks.child_remove(ike->config.user, child);
    }
    return ike->notice_answer;
}

enum ipsec_status ipsec_ike_acquire(struct ipsec_ike *ike, const struct ipsec_peer *peer,
                                    const struct ipsec_child_config *config,
                                    const struct ipsec_packet_selectors *packet, ipsec_ms now)
{
    (void)now;
    ike->acquires++;
    ike->acquired_peer = peer;
    ike->acquired = config;
    ike->acquired_with_packet = packet != NULL;
    if (packet != NULL) {
        ike->acquired_packet = *packet;
    }
    return IPSEC_OK;
}

enum ipsec_status ipsec_ike_child_moved(struct ipsec_ike *ike, ipsec_handle child,
                                        const struct ipsec_endpoint *remote, ipsec_ms now)
{
    (void)now;
    ike->moves++;
    ike->moved_child = child;
    ike->moved_to = *remote;
    return IPSEC_OK;
}

unsigned fake_notices(const struct ipsec_ike *ike, ipsec_handle child,
                      enum ipsec_child_notice notice)
{
    unsigned count = 0;
    for (unsigned i = 0; i < ike->notices && i < FAKE_NOTES; i++) {
        count += ike->notice[i].child == child && ike->notice[i].notice == notice;
    }
    return count;
}
