/* SPDX-License-Identifier: Apache-2.0
 *
 * As consumer.c, for the module of the OpenSSL provider: makes a provider and draws from it.
 */
#include <ipsec/backend_openssl.h>
#include <ipsec/ipsec.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    struct ipsec_openssl *provider = NULL;
    const struct ipsec_crypto *crypto;
    uint8_t octets[32];

    memset(octets, 0, sizeof(octets));
    if (ipsec_openssl_new(NULL, &provider) != IPSEC_OK) {
        return 1;
    }
    crypto = ipsec_openssl_crypto(provider);
    if (crypto == NULL || crypto->random(crypto->context, octets, sizeof(octets)) != IPSEC_OK) {
        return 2;
    }
    ipsec_openssl_free(provider);
    printf("random octets begin with %02x\n", (unsigned)octets[0]);
    return 0;
}
