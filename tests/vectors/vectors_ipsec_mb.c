/* SPDX-License-Identifier: Apache-2.0
 *
 * See vectors_crypto.h. It has no random octets of its own; those of published packets are told.
 */
#include "vectors_crypto.h"

#include <ipsec/backend_ipsec_mb.h>

#include <stdlib.h>
#include <string.h>

static void *block;
static struct ipsec_mb *provider;
static struct ipsec_crypto table;

static enum ipsec_status no_chance(void *context, uint8_t *out, size_t length)
{
    (void)context;
    if (length != 0) {
        memset(out, 0xa5, length);
    }
    return IPSEC_OK;
}

const struct ipsec_crypto *vectors_crypto_new(void)
{
    size_t bytes = 0;
    if (ipsec_mb_size(&bytes) != IPSEC_OK) {
        return NULL;
    }
    block = malloc(bytes);
    if (ipsec_mb_init(block, bytes, NULL, &provider) != IPSEC_OK) {
        return NULL;
    }
    table = *ipsec_mb_crypto(provider);
    table.random = no_chance;
    return &table;
}

void vectors_crypto_free(void)
{
    ipsec_mb_deinit(provider);
    free(block);
}
