/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of sa_share.c in a build whose outbound SAs have one sender each. RFC 4303 3.3.3.
 */
#include <ipsec/sa_share.h>

size_t ipsec_sa_share_size(void)
{
    return 0;
}

enum ipsec_status ipsec_sa_share_init(void *block, size_t block_bytes,
                                      const struct ipsec_sa_params *params,
                                      struct ipsec_sa_share **share)
{
    (void)block;
    (void)block_bytes;
    (void)params;
    (void)share;
    return IPSEC_ERR_NOT_BUILT_IN;
}

uint64_t ipsec_sa_share_packets(const struct ipsec_sa_share *share)
{
    (void)share;
    return 0;
}

uint64_t ipsec_sa_share_bytes(const struct ipsec_sa_share *share)
{
    (void)share;
    return 0;
}

bool ipsec_sa_share_is_due(struct ipsec_sa_share *share, const struct ipsec_key_limits *limits)
{
    (void)share;
    (void)limits;
    return false;
}
