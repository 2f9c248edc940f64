/* SPDX-License-Identifier: Apache-2.0
 *
 * The key of [gateway] about crypto providers. Called by config_keys.c.
 */
#include "config_place.h"

#include <string.h>

static const char *const names[] = {
    [CRYPTO_MBEDTLS] = "mbedtls", [CRYPTO_OPENSSL] = "openssl", [CRYPTO_IPSEC_MB] = "ipsec-mb"};

static bool add(struct config_gateway *gateway, const char *word, size_t length)
{
    for (uint8_t i = 0; i < CONFIG_CRYPTO_MAX; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], word, length) == 0) {
            for (size_t k = 0; k < gateway->crypto_count; k++) {
                if (gateway->crypto[k] == i) {
                    return false; /* twice */
                }
            }
            gateway->crypto[gateway->crypto_count++] = i;
            return true;
        }
    }
    return false;
}

/* ipsec-mb does packets only: whoever names it alone means that, and Mbed TLS for the rest. */
static void complete(struct config_gateway *gateway)
{
    if (gateway->crypto_count == 1 && gateway->crypto[0] == CRYPTO_IPSEC_MB) {
        gateway->crypto[gateway->crypto_count++] = CRYPTO_MBEDTLS;
    }
}

void config_crypto(const struct place *place, const char *value)
{
    struct config_gateway *gateway = place->gateway;
    const bool fastest = strcmp(value, "fastest") == 0;
    const char *at = fastest ? "ipsec-mb openssl mbedtls" : value;

    gateway->crypto_count = 0;
    gateway->crypto_fastest = fastest;
    while (*at != '\0') {
        const size_t length = strcspn(at, " \t");
        if (!add(gateway, at, length)) {
            gateway->crypto_count = 0;
            break;
        }
        at += length;
        at += strspn(at, " \t");
    }
    if (gateway->crypto_count == 0) {
        config_bad(place, value,
                   "fastest, or some of ipsec-mb, openssl and mbedtls in order of preference");
    }
    complete(gateway);
}
