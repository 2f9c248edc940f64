/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints the octets that objects take, a line each, for tests/size/report: differences between
 * configurations that differ by one object. Keys are measured as what the heap grows by.
 */
#include <ipsec/backend_mbedtls.h>
#include <ipsec/ipsec.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(enum ipsec_status status)
{
    if (status != IPSEC_OK) {
        fprintf(stderr, "objects: %s\n", ipsec_status_text(status));
        exit(1);
    }
}

static size_t print(const char *name, size_t bytes)
{
    printf("%s %zu\n", name, bytes);
    return bytes;
}

/* Never called: a configuration is complete only with them. */
static void no_send(void *user, struct ipsec_packet *datagram)
{
    (void)user;
    (void)datagram;
}

static enum ipsec_status no_child_add(void *user, const struct ipsec_child_sa *child)
{
    (void)user;
    (void)child;
    return IPSEC_ERR_FULL;
}

static void no_child_remove(void *user, ipsec_handle child)
{
    (void)user;
    (void)child;
}

/* A configuration with every number given, so that one can be raised without others following. */
static struct ipsec_ike_config ike_config(const struct ipsec_crypto_list *crypto)
{
    struct ipsec_ike_config config = IPSEC_IKE_CONFIG_INIT;

    config.crypto = *crypto;
    config.callbacks.size = sizeof(config.callbacks);
    config.callbacks.send = no_send;
    config.callbacks.child_add = no_child_add;
    config.callbacks.child_remove = no_child_remove;
    config.sa_max = 64;
    config.child_max = 64;
    config.handshake_max = 16;
    config.buffer_max = 64;
    config.message_bytes = 2048;
    config.half_open_max = 16;
    return config;
}

static size_t ike_bytes(const struct ipsec_ike_config *config)
{
    size_t bytes = 0;

    must(ipsec_ike_size(config, &bytes));
    return bytes;
}

/* 64 more of a thing, so that a table that grows by powers of two is counted fairly. */
static size_t ike_step(const struct ipsec_crypto_list *crypto, size_t field)
{
    const struct ipsec_ike_config before = ike_config(crypto);
    struct ipsec_ike_config after = before;
    uint32_t count;

    memcpy(&count, (const char *)&before + field, sizeof(count));
    count *= 2;
    memcpy((char *)&after + field, &count, sizeof(count));
    return (ike_bytes(&after) - ike_bytes(&before)) / (count / 2);
}

static size_t sad_bytes(const struct ipsec_crypto_list *crypto, uint32_t sa_max)
{
    struct ipsec_sad_config config = IPSEC_SAD_CONFIG_INIT;
    size_t bytes = 0;

    config.crypto = *crypto;
    config.sa_max = sa_max;
    config.replay_window_max = 128;
    config.selectors_max = 2;
    must(ipsec_sad_size(&config, &bytes));
    return bytes;
}

static size_t spd_bytes(uint32_t entry_max)
{
    struct ipsec_spd_config config = IPSEC_SPD_CONFIG_INIT;
    size_t bytes = 0;

    config.entry_max = entry_max;
    must(ipsec_spd_size(&config, &bytes));
    return bytes;
}

/* What one prepared key adds to the heap; more than one is made, so that rounding shows. */
static size_t key_bytes(const struct ipsec_crypto *crypto, const struct ipsec_key_params *params)
{
    enum { KEYS = 64 };
    struct ipsec_key *key[KEYS];
    const struct mallinfo2 before = mallinfo2();
    struct mallinfo2 after;

    for (unsigned i = 0; i < KEYS; i++) {
        must(crypto->key_new(crypto->context, params, &key[i]));
    }
    after = mallinfo2();
    for (unsigned i = 0; i < KEYS; i++) {
        crypto->key_free(crypto->context, key[i]);
    }
    return (after.uordblks - before.uordblks) / KEYS;
}

/* The key of one direction of an SA. AES-CBC with HMAC is one combined key of the provider. */
static size_t print_keys(const struct ipsec_crypto *crypto)
{
    static const uint8_t octets[64] = {1};
    struct ipsec_key_params params = {0};

    params.direction = IPSEC_SEAL;
    params.encr_id = IPSEC_ENCR_AES_GCM_16;
    params.encr_key_bits = 256;
    params.encr_key.data = octets;
    params.encr_key.length = 36;
    (void)print("key.aes256-gcm.bytes", key_bytes(crypto, &params));
    params.encr_id = IPSEC_ENCR_AES_CBC;
    params.encr_key.length = 32;
    params.integ_id = IPSEC_INTEG_HMAC_SHA2_256_128;
    params.integ_key.data = octets;
    params.integ_key.length = 32;
    return print("key.aes256-cbc-hmac-sha256.bytes", key_bytes(crypto, &params));
}

int main(void)
{
    struct ipsec_mbedtls *provider = NULL;
    const struct ipsec_crypto *item[1];
    struct ipsec_crypto_list crypto = {item, 1};
    size_t ike_sa;
    size_t child;
    size_t buffer;
    size_t sad_entry;
    size_t spd_entry;
    size_t keys;

    must(ipsec_mbedtls_new(NULL, &provider));
    item[0] = ipsec_mbedtls_crypto(provider);
    ike_sa = print("ike-sa.bytes", ike_step(&crypto, offsetof(struct ipsec_ike_config, sa_max)));
    child = print("child-sa-pair.bytes",
                  ike_step(&crypto, offsetof(struct ipsec_ike_config, child_max)));
    (void)print("handshake.bytes",
                ike_step(&crypto, offsetof(struct ipsec_ike_config, handshake_max)));
    buffer = print("message-buffer.bytes",
                   ike_step(&crypto, offsetof(struct ipsec_ike_config, buffer_max)));
    sad_entry = print("sad-entry.bytes", (sad_bytes(&crypto, 128) - sad_bytes(&crypto, 64)) / 64);
    spd_entry = print("spd-entry.bytes", (spd_bytes(128) - spd_bytes(64)) / 64);
    keys = print_keys(item[0]);
    /* A tunnel at rest, AES-256-CBC with HMAC-SHA2-256: its IKE SA, one pair of Child SAs, both
     * directions in the SAD with their keys, one policy. A stored message is shown apart, as it is
     * held while an exchange is open and for the last reply. */
    (void)buffer;
    (void)print("tunnel.bytes", ike_sa + child + 2 * (sad_entry + keys) + spd_entry);
    ipsec_mbedtls_free(provider);
    return 0;
}
