/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of posix_offload.c where the system has no messages of several datagrams.
 */
#include "posix_state.h"

void ipseci_posix_offload_start(struct posix_socket *s)
{
    s->gso = s->gro = false;
}

size_t ipseci_posix_gso_run(const struct posix_socket *s, struct ipsec_packet *const packets[],
                            size_t n)
{
    (void)s, (void)packets, (void)n;
    return 1;
}

size_t ipseci_posix_gso_control(struct msghdr *m, size_t used, uint32_t datagram_bytes)
{
    (void)m, (void)datagram_bytes;
    return used;
}

enum ipsec_status ipseci_posix_large_new(struct ipsec_posix *posix)
{
    posix->large = NULL;
    return IPSEC_OK;
}

void ipseci_posix_large_free(struct ipsec_posix *posix)
{
    (void)posix;
}

size_t ipseci_posix_large_give(struct ipsec_posix *posix, struct ipsec_packet *const packets[],
                               size_t max)
{
    (void)posix, (void)packets, (void)max;
    return 0;
}

int ipseci_posix_large_read(struct ipsec_posix *posix, const struct posix_socket *s)
{
    (void)posix, (void)s;
    return 0;
}
