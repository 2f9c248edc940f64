/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 2759 8 and RFC 3079 3, on nettle's MD4, SHA-1 and DES.
 */
#include "mschap_proof.h"
#include "mschap_utf16.h"

#include <nettle/des.h>
#include <nettle/md4.h>
#include <nettle/sha1.h>
#include <string.h>

bool ipseci_mschap_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
    volatile uint8_t difference = 0;

    for (size_t i = 0; i < length; i++) {
        difference |= a[i] ^ b[i];
    }
    return difference == 0;
}

void ipseci_mschap_wipe(void *data, size_t length)
{
    volatile uint8_t *octet = data;

    for (size_t i = 0; i < length; i++) {
        octet[i] = 0;
    }
}

static struct ipsec_view octets(const void *data, size_t length)
{
    const struct ipsec_view view = {data, length};
    return view;
}

static void md4(struct ipsec_view data, uint8_t out[MD4_DIGEST_SIZE])
{
    struct md4_ctx md4_state;

    md4_init(&md4_state);
    md4_update(&md4_state, data.length, data.data);
    md4_digest(&md4_state, MD4_DIGEST_SIZE, out);
    ipseci_mschap_wipe(&md4_state, sizeof(md4_state));
}

static void sha1(const struct ipsec_view parts[], size_t count, uint8_t out[SHA1_DIGEST_SIZE])
{
    struct sha1_ctx sha1_state;

    sha1_init(&sha1_state);
    for (size_t i = 0; i < count; i++) {
        sha1_update(&sha1_state, parts[i].length, parts[i].data);
    }
    sha1_digest(&sha1_state, SHA1_DIGEST_SIZE, out);
    ipseci_mschap_wipe(&sha1_state, sizeof(sha1_state));
}

bool ipseci_mschap_hash(struct ipsec_view password, uint8_t hash[IPSECI_MSCHAP_HASH_BYTES])
{
    uint8_t wide[2 * IPSECI_MSCHAP_UTF8_MAX];
    size_t length = 0;
    const bool good = ipseci_mschap_utf16(password, wide, &length) && length > 0;

    if (good) {
        md4(octets(wide, length), hash);
    }
    ipseci_mschap_wipe(wide, sizeof(wide));
    return good;
}

/* RFC 2759 4: "DOMAIN\user" is hashed as "user". */
static struct ipsec_view without_domain(struct ipsec_view name)
{
    const uint8_t *slash = name.length == 0 ? NULL : memchr(name.data, '\\', name.length);

    if (slash == NULL) {
        return name;
    }
    return octets(slash + 1, name.length - (size_t)(slash + 1 - name.data));
}

void ipseci_mschap_challenge(const struct ipseci_mschap_facts *facts, uint8_t out[8])
{
    uint8_t digest[SHA1_DIGEST_SIZE];
    const struct ipsec_view parts[] = {
        octets(facts->client_challenge, IPSECI_MSCHAP_CHALLENGE_BYTES),
        octets(facts->server_challenge, IPSECI_MSCHAP_CHALLENGE_BYTES),
        without_domain(facts->name),
    };

    sha1(parts, 3, digest);
    memcpy(out, digest, 8);
}

/* RFC 2759 8.6: seven octets become the eight of a DES key, whose parity nobody looks at. A key
 * that DES calls weak is used as any other. */
static void des_block(const uint8_t key[7], const uint8_t clear[8], uint8_t cypher[8])
{
    struct des_ctx des_state;
    uint8_t spread[DES_KEY_SIZE];
    unsigned carried = 0;

    for (unsigned i = 0; i < 7; i++) {
        spread[i] = (uint8_t)(carried | key[i] >> i);
        carried = (unsigned)key[i] << (7 - i) & 0xffu;
        spread[i] &= 0xfe;
    }
    spread[7] = (uint8_t)carried;
    (void)des_set_key(&des_state, spread);
    des_encrypt(&des_state, DES_BLOCK_SIZE, cypher, clear);
    ipseci_mschap_wipe(&des_state, sizeof(des_state));
    ipseci_mschap_wipe(spread, sizeof(spread));
}

void ipseci_mschap_nt_response(const struct ipseci_mschap_facts *facts,
                               uint8_t out[IPSECI_MSCHAP_NT_BYTES])
{
    uint8_t challenge[8];
    uint8_t keys[21] = {0}; /* RFC 2759 8.5: the hash, padded with zeros */

    ipseci_mschap_challenge(facts, challenge);
    memcpy(keys, facts->hash, IPSECI_MSCHAP_HASH_BYTES);
    for (size_t i = 0; i < 3; i++) {
        des_block(keys + 7 * i, challenge, out + 8 * i);
    }
    ipseci_mschap_wipe(keys, sizeof(keys));
}

void ipseci_mschap_answer(const struct ipseci_mschap_facts *facts,
                          const uint8_t nt_response[IPSECI_MSCHAP_NT_BYTES],
                          uint8_t out[IPSECI_MSCHAP_ANSWER_BYTES])
{
    static const char magic1[] = "Magic server to client signing constant";
    static const char magic2[] = "Pad to make it do more than one iteration";
    uint8_t twice[MD4_DIGEST_SIZE];
    uint8_t digest[SHA1_DIGEST_SIZE];
    uint8_t challenge[8];

    md4(octets(facts->hash, IPSECI_MSCHAP_HASH_BYTES), twice);
    ipseci_mschap_challenge(facts, challenge);
    const struct ipsec_view first[] = {
        octets(twice, sizeof(twice)),
        octets(nt_response, IPSECI_MSCHAP_NT_BYTES),
        octets(magic1, sizeof(magic1) - 1),
    };
    sha1(first, 3, digest);
    const struct ipsec_view second[] = {
        octets(digest, sizeof(digest)),
        octets(challenge, sizeof(challenge)),
        octets(magic2, sizeof(magic2) - 1),
    };
    sha1(second, 3, out);
    ipseci_mschap_wipe(twice, sizeof(twice));
    ipseci_mschap_wipe(digest, sizeof(digest));
}

/* GetAsymmetricStartKey (RFC 3079 3.4), of 16 octets. */
static void start_key(const uint8_t master[16], const char *magic, uint8_t out[16])
{
    static const uint8_t pad1[40] = {0};
    uint8_t pad2[40];
    uint8_t digest[SHA1_DIGEST_SIZE];

    memset(pad2, 0xf2, sizeof(pad2));
    const struct ipsec_view parts[] = {
        octets(master, 16),
        octets(pad1, sizeof(pad1)),
        octets(magic, strlen(magic)),
        octets(pad2, sizeof(pad2)),
    };
    sha1(parts, 4, digest);
    memcpy(out, digest, 16);
    ipseci_mschap_wipe(digest, sizeof(digest));
}

void ipseci_mschap_key(const uint8_t hash[IPSECI_MSCHAP_HASH_BYTES],
                       const uint8_t nt_response[IPSECI_MSCHAP_NT_BYTES],
                       uint8_t out[IPSECI_MSCHAP_KEY_BYTES])
{
    static const char magic1[] = "This is the MPPE Master Key";
    static const char to_server[] = "On the client side, this is the send key; on the server side, "
                                    "it is the receive key.";
    static const char to_client[] = "On the client side, this is the receive key; on the server "
                                    "side, it is the send key.";
    uint8_t twice[MD4_DIGEST_SIZE];
    uint8_t master[SHA1_DIGEST_SIZE];

    md4(octets(hash, IPSECI_MSCHAP_HASH_BYTES), twice);
    const struct ipsec_view parts[] = {
        octets(twice, sizeof(twice)),
        octets(nt_response, IPSECI_MSCHAP_NT_BYTES),
        octets(magic1, sizeof(magic1) - 1),
    };
    sha1(parts, 3, master);
    start_key(master, to_server, out);
    start_key(master, to_client, out + 16);
    ipseci_mschap_wipe(twice, sizeof(twice));
    ipseci_mschap_wipe(master, sizeof(master));
}
