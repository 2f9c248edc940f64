/* SPDX-License-Identifier: Apache-2.0
 *
 * The ipsec-mb provider takes no memory for a packet.
 */
#include "provider_suite.h"

#include <ipsec/backend_ipsec_mb.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
    struct ipsec_mb *provider = NULL;
    size_t bytes = 0;
    if (ipsec_mb_size(&bytes) != IPSEC_OK) {
        return 1;
    }
    void *block = malloc(bytes);
    const enum ipsec_status status = ipsec_mb_init(block, bytes, NULL, &provider);
    if (status == IPSEC_ERR_NOT_BUILT_IN) {
        printf("SKIP: the processor has no AES-NI\n");
        return 77;
    }
    if (status != IPSEC_OK) {
        return 1;
    }
    const int failed = provider_alloc_run(ipsec_mb_crypto(provider));
    ipsec_mb_deinit(provider);
    free(block);
    return failed;
}
