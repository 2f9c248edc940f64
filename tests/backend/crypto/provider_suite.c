/* SPDX-License-Identifier: Apache-2.0
 *
 * The conformance suite: one after the other.
 */
#include "provider_suite.h"

int provider_suite_run(const struct ipsec_crypto *provider)
{
    return provider_vectors_run(provider) + provider_modes_run(provider) +
           provider_packets_run(provider) + provider_prf_run(provider) + provider_ke_run(provider);
}
