/* SPDX-License-Identifier: Apache-2.0
 *
 * What rekeying a Child SA costs, without PFS and with it, by group: CREATE_CHILD_SA and the
 * deletion of the old pair between two engines in one process, in microseconds of processor time of
 * each side. On each provider; a group that one does not have is left out.
 */
#include "bench.h"
#include "ike_duel.h"
#include "ike_openssl.h"

#include <ipsec/backend_mbedtls.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IKE_PROPOSAL "aes256gcm16-prfsha256-curve25519"
#define ESP_PROPOSAL "aes256gcm16"

struct group {
    const char *name;
    uint16_t id;
};

static const struct group groups[] = {
    {"none", IPSEC_KE_NONE},          {"curve25519", IPSEC_KE_CURVE25519},
    {"ecp256", IPSEC_KE_ECP_256},     {"ecp384", IPSEC_KE_ECP_384},
    {"ecp521", IPSEC_KE_ECP_521},     {"modp2048", IPSEC_KE_MODP_2048},
    {"modp3072", IPSEC_KE_MODP_3072}, {"modp4096", IPSEC_KE_MODP_4096},
};

struct cost {
    double us[2]; /* initiator, responder */
};

static bool has(const struct ipsec_crypto *crypto, const struct group *group)
{
    const struct ipsec_crypto *const items[1] = {crypto};
    const struct ipsec_crypto_list list = {items, 1};
    return group->id == IPSEC_KE_NONE ||
           ipsec_crypto_supports(&list, IPSEC_TRANSFORM_KE, group->id, 0);
}

static struct cost measure(const struct bench_report *report, const struct ipsec_crypto *crypto,
                           const struct group *group)
{
    static struct duel duel;
    char esp[64];
    const struct duel_crypto provider = {.crypto = crypto};
    const struct duel_proof proof = {.id = NULL};
    const size_t rounds = bench_rounds(report);
    double *times = calloc(2 * rounds, sizeof(*times));
    bench_require(times != NULL, "no memory");

    (void)snprintf(esp, sizeof(esp), ESP_PROPOSAL "%s%s", group->id == IPSEC_KE_NONE ? "" : "-",
                   group->id == IPSEC_KE_NONE ? "" : group->name);
    memset(&duel, 0, sizeof(duel));
    bench_require(ipsec_proposals_parse(IKE_PROPOSAL, IPSEC_PROTOCOL_IKE, &duel.ike, NULL) ==
                          IPSEC_OK &&
                      ipsec_proposals_parse(esp, IPSEC_PROTOCOL_ESP, &duel.esp, NULL) == IPSEC_OK,
                  "proposals");
    duel_open(&duel, &provider, &proof);
    duel_connect(&duel);
    duel_rekey(&duel); /* warm */
    for (size_t i = 0; i < rounds; i++) {
        duel.end[0].cpu_ns = duel.end[1].cpu_ns = 0;
        duel_rekey(&duel);
        times[i] = (double)duel.end[0].cpu_ns;
        times[rounds + i] = (double)duel.end[1].cpu_ns;
    }
    duel_forget(&duel);
    duel_close(&duel);
    const struct cost cost = {
        {bench_median(times, rounds) / 1e3, bench_median(times + rounds, rounds) / 1e3}};
    free(times);
    return cost;
}

static void show(struct bench_report *report, const char *provider, const struct group *group,
                 const struct cost *cost, const struct cost *without)
{
    const struct bench_value values[] = {
        {"initiator_us", cost->us[0]},
        {"responder_us", cost->us[1]},
        {"initiator_pfs_us", cost->us[0] - without->us[0]},
        {"responder_pfs_us", cost->us[1] - without->us[1]},
    };
    printf("%-8s %-11s %10.1f %10.1f %10.1f %10.1f\n", provider, group->name, values[0].value,
           values[1].value, values[2].value, values[3].value);
    bench_row_json(report, provider, group->name, values, sizeof(values) / sizeof(values[0]));
}

static void run_provider(struct bench_report *report, const char *name,
                         const struct ipsec_crypto *crypto)
{
    const struct cost without = measure(report, crypto, &groups[0]);
    show(report, name, &groups[0], &without, &without);
    for (size_t i = 1; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (has(crypto, &groups[i])) {
            const struct cost cost = measure(report, crypto, &groups[i]);
            show(report, name, &groups[i], &cost, &without);
        }
    }
}

int main(int argc, char **argv)
{
    struct bench_report *report = bench_start("rekey", argc, argv, 41);
    struct ipsec_mbedtls *mbedtls = NULL;
    bench_require(ipsec_mbedtls_new(NULL, &mbedtls) == IPSEC_OK, "ipsec_mbedtls_new");
    printf("%-8s %-11s %10s %10s %10s %10s\n", "rekey", "PFS", "init us", "resp us", "init PFS",
           "resp PFS");
    run_provider(report, "mbedtls", ipsec_mbedtls_crypto(mbedtls));
    ipsec_mbedtls_free(mbedtls);
    const struct ipsec_crypto *openssl = ike_openssl_new();
    if (openssl != NULL) {
        run_provider(report, "openssl", openssl);
        ike_openssl_free();
    }
    return bench_finish(report);
}
