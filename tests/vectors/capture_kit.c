/* SPDX-License-Identifier: Apache-2.0
 *
 * See capture_kit.h.
 */
#include "capture_kit.h"
#include "ip_header.h"
#include "udp_encap.h"
#include "vectors_crypto.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_BYTES_MAX 65536

static const struct ipsec_crypto *item[1];
static const struct ipsec_crypto_list crypto = {item, 1};

struct ipsec_view kit_sent;
struct ipsec_ike_counters kit_counters;

/* ---- files -------------------------------------------------------------------------------------
 */

struct ipsec_view kit_file(const char *folder, const char *name)
{
    static uint8_t octets[FILE_BYTES_MAX];
    char path[1024];

    assert_true(snprintf(path, sizeof(path), "%s/%s", folder, name) < (int)sizeof(path));
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s: can not be opened", path);
        return ipseci_view(NULL, 0);
    }
    const size_t length = fread(octets, 1, sizeof(octets), file);
    fclose(file);
    assert_true(length > 0 && length < sizeof(octets));
    return exact(ipseci_view(octets, length));
}

json_t *kit_json(const char *folder, const char *name)
{
    const struct ipsec_view v = kit_file(folder, name);
    json_t *root = json_loadb((const char *)v.data, v.length, 0, NULL);

    assert_non_null(root);
    return root;
}

struct ipsec_view kit_hex(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (text == NULL) {
        fail_msg("no %s", key);
    }
    return hex(text);
}

static uint32_t little32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* From the link header to the UDP payload; empty when something on the way is refused. */
static struct ipsec_view udp_payload(struct ipsec_view frame, uint32_t link_type)
{
    const size_t link_bytes = link_type == 1 ? 14 : 4; /* Ethernet, or the loopback's NULL */
    const struct ipsec_view none = {NULL, 0};
    struct ipseci_flow flow;
    struct ipseci_udp udp;

    if (frame.length < link_bytes) {
        return none;
    }
    const struct ipsec_view packet =
        exact(ipseci_view(frame.data + link_bytes, frame.length - link_bytes));
    if (ipseci_ip_parse(packet, &flow) != IPSEC_OK || flow.protocol != IPSECI_IP_UDP ||
        ipseci_udp_parse(
            ipseci_view(packet.data + flow.upper_at, flow.total_length - flow.upper_at), &udp) !=
            IPSEC_OK) {
        return none;
    }
    return exact(udp.payload);
}

struct ipsec_view kit_datagram(const char *folder, const char *name, uint32_t n)
{
    const struct ipsec_view file = kit_file(folder, name);
    size_t at = 24;

    assert_true(file.length >= 24 && little32(file.data) == 0xa1b2c3d4);
    while (at + 16 <= file.length) {
        size_t length = little32(file.data + at + 8);
        at += 16;
        length = length > file.length - at ? file.length - at : length; /* the file is cut */
        if (n == 0) {
            return udp_payload(ipseci_view(file.data + at, length),
                               little32(file.data + 20) & 0xffff);
        }
        at += length;
        n--;
    }
    return ipseci_view(NULL, 0);
}

/* ---- a responder -------------------------------------------------------------------------------
 */

static struct ipsec_proposals proposals;
static struct ipsec_peer peer;
static struct ipsec_child_config child;

static void on_send(void *user, struct ipsec_packet *datagram)
{
    (void)user;
    kit_sent = exact(ipseci_view(datagram->buffer + datagram->offset, datagram->length));
}

static enum ipsec_status on_find_peer(void *user, uint32_t token,
                                      const struct ipsec_peer_query *query,
                                      const struct ipsec_peer **out)
{
    (void)user;
    (void)token;
    (void)query;
    *out = &peer;
    return IPSEC_OK;
}

static enum ipsec_status on_child_add(void *user, const struct ipsec_child_sa *sa)
{
    (void)user;
    (void)sa;
    return IPSEC_OK;
}

static void on_child_remove(void *user, ipsec_handle handle)
{
    (void)user;
    (void)handle;
}

static struct ipsec_ike *engine_new(const char *text, void **block)
{
    struct ipsec_ike_config config = IPSEC_IKE_CONFIG_INIT;
    const struct ipsec_ike_callbacks callbacks = {.size = sizeof(callbacks),
                                                  .send = on_send,
                                                  .find_peer = on_find_peer,
                                                  .child_add = on_child_add,
                                                  .child_remove = on_child_remove};
    struct ipsec_ike *ike = NULL;
    size_t bytes = 0;

    assert_int_equal(ipsec_proposals_parse(text, IPSEC_PROTOCOL_IKE, &proposals, NULL), IPSEC_OK);
    peer = (struct ipsec_peer)IPSEC_PEER_INIT;
    child = (struct ipsec_child_config)IPSEC_CHILD_CONFIG_INIT;
    peer.proposals = &proposals;
    peer.children = &child;
    peer.child_count = 1;
    config.crypto = crypto;
    config.callbacks = callbacks;
    assert_int_equal(ipsec_ike_size(&config, &bytes), IPSEC_OK);
    *block = malloc(bytes);
    assert_non_null(*block);
    assert_int_equal(ipsec_ike_init(*block, bytes, &config, 1000, &ike), IPSEC_OK);
    return ike;
}

enum ipsec_status kit_answer(const char *text, struct ipsec_view datagram, uint16_t port)
{
    void *block = NULL;
    struct ipsec_ike *ike = engine_new(text, &block);
    const struct ipsec_view octets = exact(datagram); /* decrypted in place */
    struct ipsec_packet packet = {.buffer = (uint8_t *)(uintptr_t)octets.data,
                                  .capacity = (uint32_t)octets.length,
                                  .length = (uint32_t)octets.length,
                                  .carrier = IPSEC_CARRIER_UDP};

    assert_int_equal(ipsec_addr_parse("192.0.2.1", &packet.local.addr), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse("192.0.2.2", &packet.remote.addr), IPSEC_OK);
    packet.local.port = packet.remote.port = port;
    kit_sent = ipseci_view(NULL, 0);
    const enum ipsec_status status = ipsec_ike_input(ike, &packet, 2000);
    ipsec_ike_counters(ike, &kit_counters);
    ipsec_ike_deinit(ike);
    free(block);
    return status;
}

bool kit_sent_notify(uint16_t type, struct ipseci_notify *notify)
{
    struct ipseci_ike_header header;
    static struct ipseci_payloads payloads;

    return ipseci_message_parse(kit_sent, &header, &payloads) == IPSEC_OK &&
           ipseci_notify_find(&payloads, type, notify);
}

/* ---- SK ----------------------------------------------------------------------------------------
 */

static void fill_keys(const struct kit_keys *from, struct ipseci_ike_keys *out)
{
    assert_true(from->sk_e.length <= sizeof(out->ei) && from->sk_a.length <= sizeof(out->ai));
    memset(out, 0, sizeof(*out));
    out->encr_length = (uint8_t)from->sk_e.length;
    out->integ_length = (uint8_t)from->sk_a.length;
    memcpy(from->from_initiator ? out->ei : out->er, from->sk_e.data, from->sk_e.length);
    if (from->sk_a.length > 0) {
        memcpy(from->from_initiator ? out->ai : out->ar, from->sk_a.data, from->sk_a.length);
    }
}

enum ipsec_status kit_open(const struct kit_keys *keys, struct ipsec_view datagram,
                           const struct ipseci_message **message)
{
    static struct ipseci_message opened;
    const struct ipsec_suite suite = {.protocol = IPSEC_PROTOCOL_IKE,
                                      .encr = keys->encr,
                                      .encr_key_bits = keys->encr_key_bits,
                                      .integ = keys->integ,
                                      .prf = IPSEC_PRF_HMAC_SHA2_256};
    struct ipseci_ike_sa sa = {.initiator = !keys->from_initiator};
    const struct ipsec_view octets = exact(datagram);
    struct ipsec_packet packet = {.buffer = (uint8_t *)(uintptr_t)octets.data,
                                  .capacity = (uint32_t)octets.length,
                                  .length = (uint32_t)octets.length};
    struct ipseci_ike_keys all;
    void *block = NULL;
    struct ipsec_ike *ike = engine_new("aes256-sha256-modp2048", &block);

    fill_keys(keys, &all);
    assert_int_equal(ipseci_sa_set_keys(ike, &sa, &suite, &all), IPSEC_OK);
    memset(&opened, 0, sizeof(opened));
    const enum ipsec_status status = ipseci_sk_open(ike, &sa, &packet, octets, &opened);
    ipseci_aead_deinit(&sa.seal);
    ipseci_aead_deinit(&sa.open);
    ipsec_ike_deinit(ike);
    free(block);
    *message = &opened;
    return status;
}

void kit_types_are(const struct ipseci_payloads *payloads, const char *types)
{
    char text[256] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < payloads->count; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i == 0 ? "" : " ",
                                 payloads->item[i].type);
        assert_true(used < sizeof(text));
    }
    assert_string_equal(text, types);
}

void kit_retag_sha1(struct ipsec_view datagram, struct ipsec_view sk_a)
{
    uint8_t mac[IPSEC_PRF_BYTES_MAX];
    struct ipseci_prf prf;
    const struct ipsec_view covered = ipseci_view(datagram.data, datagram.length - 12);

    assert_int_equal(ipseci_prf_bind(&prf, &crypto, IPSEC_PRF_HMAC_SHA1), IPSEC_OK);
    assert_int_equal(ipseci_prf_run(&prf, sk_a, &covered, 1, mac), IPSEC_OK);
    memcpy((uint8_t *)(uintptr_t)datagram.data + covered.length, mac, 12);
}

int kit_start(void **state)
{
    (void)state;
    item[0] = vectors_crypto_new();
    return item[0] != NULL ? 0 : -1;
}

int kit_end(void **state)
{
    (void)state;
    vectors_crypto_free();
    return 0;
}
