/* SPDX-License-Identifier: Apache-2.0 */
#include "providers.h"

#include <ipsec/crypto_choice.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TURN_NS 500000u /* of a measurement */

static bool failed(char why[PROVIDERS_WHY_BYTES], const char *name, enum ipsec_status status,
                   const char *algorithm)
{
    (void)snprintf(why, PROVIDERS_WHY_BYTES, "crypto: %s: %s%s%s", name, ipsec_status_text(status),
                   algorithm == NULL ? "" : ": ", algorithm == NULL ? "" : algorithm);
    return false;
}

static void add(struct providers *p, const struct ipsec_crypto *crypto)
{
    p->item[p->list.count] = crypto;
    p->list.count++;
}

typedef enum ipsec_status (*opener)(void **provider, const struct ipsec_crypto **crypto);

/* One that not every build has. */
static bool add_optional(struct providers *p, enum config_crypto kind, bool must,
                         char why[PROVIDERS_WHY_BYTES])
{
    const bool openssl = kind == CRYPTO_OPENSSL;
    const opener open = openssl ? providers_openssl_open : providers_ipsec_mb_open;
    const struct ipsec_crypto *crypto = NULL;
    const enum ipsec_status status = open(openssl ? &p->openssl : &p->ipsec_mb, &crypto);
    if (status == IPSEC_ERR_NOT_BUILT_IN && !must) {
        return true;
    }
    if (status != IPSEC_OK) {
        return failed(why, openssl ? "openssl" : "ipsec-mb", status, NULL);
    }
    add(p, crypto);
    return true;
}

static uint64_t nanoseconds(void *user)
{
    struct timespec t;
    (void)user;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool choose_fastest(struct providers *p, char why[PROVIDERS_WHY_BYTES])
{
    struct ipsec_crypto_measure measure = IPSEC_CRYPTO_MEASURE_INIT;
    struct ipsec_crypto_choice *choice = NULL;
    size_t bytes = 0;
    measure.clock = nanoseconds;
    measure.turn = TURN_NS;
    enum ipsec_status status = ipsec_crypto_choice_size(&p->list, &bytes);
    if (status == IPSEC_OK) {
        p->choice = malloc(bytes);
        status = p->choice == NULL ? IPSEC_ERR_MEMORY
                                   : ipsec_crypto_choice_init(p->choice, bytes, &p->list, &choice);
    }
    if (status == IPSEC_OK) {
        status = ipsec_crypto_choice_measure(choice, &measure);
    }
    if (status != IPSEC_OK) {
        return failed(why, "fastest", status, NULL);
    }
    p->list = *ipsec_crypto_choice_list(choice);
    return true;
}

bool providers_open(struct providers *out, const struct config_gateway *gateway,
                    char why[PROVIDERS_WHY_BYTES])
{
    const bool fastest = gateway->crypto_fastest;
    *out = (struct providers){0};
    out->list.item = out->item;
    const enum ipsec_status status = ipsec_mbedtls_new(NULL, &out->mbedtls);
    if (status != IPSEC_OK) {
        return failed(why, "mbedtls", status, NULL);
    }
    for (size_t i = 0; i < gateway->crypto_count; i++) {
        const enum config_crypto kind = gateway->crypto[i];
        if (kind == CRYPTO_MBEDTLS) {
            add(out, ipsec_mbedtls_crypto(out->mbedtls));
        } else if (!add_optional(out, kind, !fastest, why)) {
            return false;
        }
    }
    return !fastest || choose_fastest(out, why);
}

bool providers_test(const struct providers *providers, char why[PROVIDERS_WHY_BYTES])
{
    for (size_t i = 0; i < providers->list.count; i++) {
        const char *algorithm = NULL;
        const enum ipsec_status status = ipsec_crypto_self_test(providers->item[i], &algorithm);
        if (status != IPSEC_OK) {
            return failed(why, providers->item[i]->name, status, algorithm);
        }
    }
    return true;
}

void providers_close(struct providers *providers)
{
    free(providers->choice);
    providers_openssl_close(providers->openssl);
    providers_ipsec_mb_close(providers->ipsec_mb);
    ipsec_mbedtls_free(providers->mbedtls);
    *providers = (struct providers){0};
}
