/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of posix_mtu.c where sockets have no error queues: nothing is learned of the path.
 */
#include "posix_state.h"

void ipseci_posix_mtu_start(const struct posix_socket *s)
{
    (void)s;
}

int ipseci_posix_mtu_df(bool df)
{
    return df ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
}

void ipseci_posix_mtu_read(struct ipsec_posix *posix, struct posix_socket *s)
{
    (void)posix;
    s->heard = false;
}

bool ipseci_posix_path_mtu(void *context, struct ipsec_path_mtu *told)
{
    (void)context;
    (void)told;
    return false;
}
