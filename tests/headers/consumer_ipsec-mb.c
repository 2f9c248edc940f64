/* SPDX-License-Identifier: Apache-2.0
 *
 * As consumer.c, for the module of the ipsec-mb provider: makes a provider and a key.
 */
#include <ipsec/backend_ipsec_mb.h>
#include <ipsec/ipsec.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    static const uint8_t octets[36] = {1, 2, 3};
    struct ipsec_mb *provider = NULL;
    struct ipsec_key_params params;
    struct ipsec_key *key = NULL;
    const struct ipsec_crypto *crypto;
    enum ipsec_status status;
    size_t bytes = 0;
    void *block;

    if (ipsec_mb_size(&bytes) != IPSEC_OK) {
        return 1;
    }
    block = malloc(bytes);
    status = ipsec_mb_init(block, bytes, NULL, &provider);
    if (status == IPSEC_ERR_NOT_BUILT_IN) {
        free(block);
        printf("not on this processor\n");
        return 0;
    }
    if (status != IPSEC_OK) {
        return 2;
    }
    crypto = ipsec_mb_crypto(provider);
    memset(&params, 0, sizeof(params));
    params.encr_id = IPSEC_ENCR_AES_GCM_16;
    params.encr_key_bits = 256;
    params.encr_key.data = octets;
    params.encr_key.length = sizeof(octets);
    if (crypto->key_new(crypto->context, &params, &key) != IPSEC_OK) {
        return 3;
    }
    crypto->key_free(crypto->context, key);
    ipsec_mb_deinit(provider);
    free(block);
    printf("a key was made\n");
    return 0;
}
