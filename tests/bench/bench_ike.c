/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole handshake of two engines in one process (IKE_SA_INIT, and IKE_AUTH with a Child SA), each
 * side beside the bare cost of its crypto: the calls that the engine makes of its provider are
 * noted once and then repeated without an engine. With a shared secret, and with certificates one
 * and two levels below the trust anchor, of Mbed TLS; with a shared secret of OpenSSL, too.
 *
 * The engine's share is what it takes in the very handshake outside of those calls; that is
 * steadier than the difference between two runs, most of which is powers of large numbers.
 */
#include "bench.h"
#include "ike_duel.h"
#include "ike_openssl.h"

#include <ipsec/backend_mbedtls.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_MARK 10.0 /* per cent of a handshake's processor time, at most */

struct goal {
    double value;
    double mark;
    enum bench_side side;
};

static const char *const side_names[2] = {"initiator", "responder"};

/* What is demanded. An engine's share says little where the crypto is as fast as OpenSSL's. */
enum demand { DEMAND_SHARE, DEMAND_BARE, DEMAND_NOTHING, DEMAND_RATE };

struct contest {
    const char *name;
    const char *ike;
    const char *esp;
    const char *credential[3]; /* certificates in x509/, ours first; none: a shared secret */
    const char *key;
    const char *anchor;
    enum demand demand;
};

static const struct contest contests[] = {
    {"psk modp2048", "aes256-sha256-modp2048", "aes256-sha256", {0}, 0, 0, DEMAND_SHARE},
    {"psk ecp256", "aes256-sha256-ecp256", "aes256-sha256", {0}, 0, 0, DEMAND_SHARE},
    {"psk ecp384", "aes256-sha256-ecp384", "aes256-sha256", {0}, 0, 0, DEMAND_SHARE},
    {"psk curve25519 gcm",
     "aes256gcm16-prfsha256-curve25519",
     "aes256gcm16",
     {0},
     0,
     0,
     DEMAND_BARE},
    {"rsa2048-pss modp2048 1",
     "aes256-sha256-modp2048",
     "aes256-sha256",
     {"gw-rsa-deep"},
     "gw-rsa",
     "ca-rsa",
     DEMAND_SHARE},
    {"rsa2048-pss modp2048 2",
     "aes256-sha256-modp2048",
     "aes256-sha256",
     {"gw-rsa-deep", "ca-rsa"},
     "gw-rsa",
     "root-rsa2",
     DEMAND_SHARE},
    {"ecdsa256 ecp256 1",
     "aes256-sha256-ecp256",
     "aes256-sha256",
     {"gw"},
     "gw",
     "ca",
     DEMAND_SHARE},
    {"ecdsa256 ecp256 2",
     "aes256-sha256-ecp256",
     "aes256-sha256",
     {"gw", "ca"},
     "gw",
     "root",
     DEMAND_SHARE},
};

static const struct contest openssl_contests[] = {
    {"openssl modp2048", "aes256-sha256-modp2048", "aes256-sha256", {0}, 0, 0, DEMAND_NOTHING},
    {"openssl ecp256", "aes256-sha256-ecp256", "aes256-sha256", {0}, 0, 0, DEMAND_NOTHING},
    {"openssl curve25519 gcm",
     "aes256gcm16-prfsha256-curve25519",
     "aes256gcm16",
     {0},
     0,
     0,
     DEMAND_RATE},
};
#define OPENSSL_CONTESTS    (sizeof(openssl_contests) / sizeof(openssl_contests[0]))
#define OPENSSL_RATE_MARK   8000.0 /* handshakes a second */
#define OPENSSL_OF_RAW_MARK 0.7    /* the bare cost of its crypto */
#define MBEDTLS_OF_RAW_MARK 0.9

/* ---- credentials -------------------------------------------------------------------------------
 */

#define FILE_OCTETS 4096

struct file {
    uint8_t octets[FILE_OCTETS];
    size_t length;
};

static void read_file(const char *name, const char *ending, struct file *out)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/x509/%s%s", VECTORS_DIR, name, ending);
    FILE *file = fopen(path, "rb");
    bench_require(file != NULL, path);
    out->length = fread(out->octets, 1, sizeof(out->octets), file);
    (void)fclose(file);
    bench_require(out->length > 0 && out->length < sizeof(out->octets), path);
}

struct identity {
    struct file chain[2];
    struct ipsec_view views[2];
    struct ipsec_credential credential;
    struct ipsec_trust *trust;
};

static void open_identity(struct ipsec_mbedtls *mbedtls, const struct contest *c,
                          struct identity *out)
{
    struct file file;
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; c->credential[i] != NULL; i++) {
        read_file(c->credential[i], ".der", &out->chain[i]);
        out->views[i] = (struct ipsec_view){out->chain[i].octets, out->chain[i].length};
        out->credential.chain_count = i + 1;
    }
    read_file(c->key, ".key.pem", &file);
    bench_require(ipsec_mbedtls_private_key_new(mbedtls,
                                                (struct ipsec_view){file.octets, file.length}, NULL,
                                                NULL, &out->credential.key) == IPSEC_OK,
                  "private key");
    out->credential.size = sizeof(out->credential);
    out->credential.chain = out->views;
    out->credential.signatures =
        1u << IPSEC_SIGNATURE_PSS_SHA2_256 | 1u << IPSEC_SIGNATURE_ECDSA_SHA2_256;
    read_file(c->anchor, ".der", &file);
    const struct ipsec_view anchor = {file.octets, file.length};
    bench_require(ipsec_mbedtls_trust_new(&out->trust) == IPSEC_OK &&
                      ipsec_mbedtls_trust_add_anchor(out->trust, anchor, NULL) == IPSEC_OK,
                  "trust anchor");
}

static void close_identity(struct identity *identity)
{
    ipsec_mbedtls_private_key_free(identity->credential.key);
    ipsec_mbedtls_trust_free(identity->trust);
}

/* ---- measuring ---------------------------------------------------------------------------------
 */

/* Each of a side's numbers, a round. */
enum number { NUMBER_CPU, NUMBER_ENGINE, NUMBER_BARE, NUMBER_PARTS };
#define NUMBERS (NUMBER_PARTS + COSTS)

struct samples {
    size_t rounds;
    double *of[2][NUMBERS];
};

static void take_bare(const struct ike_record *record, struct samples *s, int side, size_t round)
{
    uint64_t parts[COSTS] = {0};
    const uint64_t cpu = bench_cpu();
    ike_record_again(record, parts);
    s->of[side][NUMBER_BARE][round] = (double)(bench_cpu() - cpu);
    for (size_t i = 0; i < COSTS; i++) {
        s->of[side][NUMBER_PARTS + i][round] = (double)parts[i];
    }
}

static void take_round(struct duel *d, struct samples *s, size_t round)
{
    for (int side = 0; side < 2; side++) {
        d->end[side].cpu_ns = d->end[side].record.engine_ns = 0;
    }
    duel_handshake(d);
    for (int side = 0; side < 2; side++) {
        s->of[side][NUMBER_CPU][round] = (double)d->end[side].cpu_ns;
        s->of[side][NUMBER_ENGINE][round] = (double)d->end[side].record.engine_ns;
        take_bare(&d->end[side].record, s, side, round);
    }
}

/* The medians of one side, in microseconds; sorts the samples. */
static void medians(struct samples *s, int side, double out[NUMBERS])
{
    for (size_t i = 0; i < NUMBERS; i++) {
        out[i] = bench_median(s->of[side][i], s->rounds) / 1e3;
    }
}

/* ---- showing -----------------------------------------------------------------------------------
 */

static void print_head(void)
{
    printf("One side of a handshake in microseconds of processor time; chain: the check of the "
           "peer's certificate\n");
    printf("%-23s %-9s %6s %8s %8s %7s %6s %6s | %7s %7s %7s %7s %6s %6s\n", "ike", "side", "a s",
           "us", "bare", "of bare", "engine", "share", "dh", "sign", "verify", "chain", "prf",
           "sk");
}

static void print_side(const struct contest *c, int side, const double n[NUMBERS], double share)
{
    const double *part = n + NUMBER_PARTS;
    printf(
        "%-23s %-9s %6.0f %8.1f %8.1f %7.3f %6.1f %5.1f%% | %7.1f %7.1f %7.1f %7.1f %6.1f %6.1f\n",
        c->name, side_names[side], 1e6 / n[NUMBER_CPU], n[NUMBER_CPU], n[NUMBER_BARE],
        n[NUMBER_BARE] / n[NUMBER_CPU], n[NUMBER_ENGINE], share, part[COST_DH], part[COST_SIGN],
        part[COST_VERIFY], part[COST_CHAIN], part[COST_PRF], part[COST_SK]);
}

/* "ike WHAT CONTEST SIDE" with hyphens. */
static void mark(struct bench_report *report, const char *what, const struct contest *c, int side,
                 struct goal goal)
{
    char name[80];
    (void)snprintf(name, sizeof(name), "ike %s %s %s", what, c->name, side_names[side]);
    for (char *at = name; *at != '\0'; at++) {
        *at = *at == ' ' ? '-' : *at;
    }
    bench_mark(report, name, goal.value, goal.mark, goal.side);
}

static void show_side(struct bench_report *report, const struct contest *c, int side,
                      const double n[NUMBERS])
{
    const double *part = n + NUMBER_PARTS;
    const double share = 100 * n[NUMBER_ENGINE] / n[NUMBER_CPU];
    const double of_bare = n[NUMBER_BARE] / n[NUMBER_CPU];
    const struct bench_value values[] = {
        {"handshakes_per_s", 1e6 / n[NUMBER_CPU]},
        {"cpu_us", n[NUMBER_CPU]},
        {"bare_us", n[NUMBER_BARE]},
        {"of_bare", of_bare},
        {"engine_us", n[NUMBER_ENGINE]},
        {"engine_share_percent", share},
        {"bare_dh_us", part[COST_DH]},
        {"bare_sign_us", part[COST_SIGN]},
        {"bare_verify_us", part[COST_VERIFY]},
        {"bare_chain_us", part[COST_CHAIN]},
        {"bare_prf_us", part[COST_PRF]},
        {"bare_sk_us", part[COST_SK]},
    };
    print_side(c, side, n, share);
    bench_row_json(report, side_names[side], c->name, values, sizeof(values) / sizeof(values[0]));
    if (c->demand == DEMAND_SHARE || c->demand == DEMAND_BARE) {
        mark(report, "engine-share-percent", c, side,
             (struct goal){share, SHARE_MARK, BENCH_AT_MOST});
    }
    if (c->demand == DEMAND_BARE) {
        mark(report, "of-bare", c, side,
             (struct goal){of_bare, MBEDTLS_OF_RAW_MARK, BENCH_AT_LEAST});
    }
    if (c->demand == DEMAND_RATE) {
        mark(report, "handshakes-per-s", c, side,
             (struct goal){1e6 / n[NUMBER_CPU], OPENSSL_RATE_MARK, BENCH_AT_LEAST});
        mark(report, "of-bare", c, side,
             (struct goal){of_bare, OPENSSL_OF_RAW_MARK, BENCH_AT_LEAST});
    }
}

/* ---- one contest -------------------------------------------------------------------------------
 */

static void measure(struct bench_report *report, const struct contest *c,
                    const struct duel_crypto *crypto, const struct duel_proof *proof)
{
    static struct duel duel;
    struct samples s = {.rounds = bench_rounds(report)};
    double *values = calloc(2u * NUMBERS * s.rounds, sizeof(*values));
    bench_require(values != NULL, "no memory");
    for (size_t i = 0; i < 2u * NUMBERS; i++) {
        s.of[i / NUMBERS][i % NUMBERS] = values + i * s.rounds;
    }

    memset(&duel, 0, sizeof(duel));
    bench_require(ipsec_proposals_parse(c->ike, IPSEC_PROTOCOL_IKE, &duel.ike, NULL) == IPSEC_OK &&
                      ipsec_proposals_parse(c->esp, IPSEC_PROTOCOL_ESP, &duel.esp, NULL) ==
                          IPSEC_OK,
                  "proposals");
    duel_open(&duel, crypto, proof);
    duel.end[0].record.on = duel.end[1].record.on = true;
    duel_handshake(&duel);
    duel.end[0].record.on = duel.end[1].record.on = false;
    for (size_t i = 0; i < s.rounds; i++) {
        take_round(&duel, &s, i);
    }
    for (int side = 0; side < 2; side++) {
        double n[NUMBERS];
        medians(&s, side, n);
        show_side(report, c, side, n);
    }
    duel_close(&duel);
    free(values);
}

static void run_contest(struct bench_report *report, const struct contest *c,
                        struct ipsec_mbedtls *mbedtls)
{
    static struct identity identity;
    struct duel_crypto crypto = {.crypto = ipsec_mbedtls_crypto(mbedtls)};
    struct duel_proof proof = {.id = "gw.example.org"};

    if (c->key == NULL) {
        measure(report, c, &crypto, &proof);
        return;
    }
    crypto.signer = ipsec_mbedtls_signer(mbedtls);
    crypto.x509 = ipsec_mbedtls_x509();
    bench_require(crypto.signer != NULL && crypto.x509 != NULL, "signatures are not built in");
    open_identity(mbedtls, c, &identity);
    proof.credential = &identity.credential;
    proof.trust = identity.trust;
    measure(report, c, &crypto, &proof);
    close_identity(&identity);
}

static void run_openssl(struct bench_report *report)
{
    const struct duel_crypto crypto = {.crypto = ike_openssl_new()};
    const struct duel_proof proof = {.id = NULL};
    for (size_t i = 0; i < OPENSSL_CONTESTS && crypto.crypto != NULL; i++) {
        measure(report, &openssl_contests[i], &crypto, &proof);
    }
    ike_openssl_free();
}

int main(int argc, char **argv)
{
    struct bench_report *report = bench_start("ike", argc, argv, 41);
    struct ipsec_mbedtls *mbedtls = NULL;

    bench_require(ipsec_mbedtls_new(NULL, &mbedtls) == IPSEC_OK, "ipsec_mbedtls_new");
    print_head();
    for (size_t i = 0; i < sizeof(contests) / sizeof(contests[0]); i++) {
        run_contest(report, &contests[i], mbedtls);
    }
    ipsec_mbedtls_free(mbedtls);
    run_openssl(report);
    return bench_finish(report);
}
