/* SPDX-License-Identifier: Apache-2.0 */
#include "providers.h"

#include <ipsec/backend_ipsec_mb.h>
#include <stdlib.h>

/* The block begins with the provider's name for itself. */
struct open_mb {
    struct ipsec_mb *mb;
    unsigned char block[];
};

enum ipsec_status providers_ipsec_mb_open(void **ipsec_mb, const struct ipsec_crypto **crypto)
{
    size_t bytes = 0;
    enum ipsec_status status = ipsec_mb_size(&bytes);
    struct open_mb *made = status == IPSEC_OK ? malloc(sizeof(*made) + bytes) : NULL;
    if (made == NULL) {
        return status == IPSEC_OK ? IPSEC_ERR_MEMORY : status;
    }
    status = ipsec_mb_init(made->block, bytes, NULL, &made->mb);
    if (status != IPSEC_OK) {
        free(made);
        return status;
    }
    *crypto = ipsec_mb_crypto(made->mb);
    *ipsec_mb = made;
    return IPSEC_OK;
}

void providers_ipsec_mb_close(void *ipsec_mb)
{
    struct open_mb *made = ipsec_mb;
    if (made != NULL) {
        ipsec_mb_deinit(made->mb);
        free(made);
    }
}
