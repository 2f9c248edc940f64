/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/wire on messages of other implementations (README.md here): what must parse gives the values
 * its origin states, what is damaged is refused, and no prefix of any of it is read beyond its end.
 */
#include "ip_header.h"
#include "notify.h"
#include "payload.h"
#include "sa_payload.h"
#include "small_payloads.h"
#include "ts_payload.h"
#include "udp_encap.h"
#include "wire_test.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* fuzz/fuzz_wire.c */

#define FILE_BYTES_MAX 65536

static uint8_t file_octets[FILE_BYTES_MAX];

static struct ipsec_view file_read(const char *name)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s: can not be opened", path);
        return ipseci_view(NULL, 0);
    }
    size_t length = fread(file_octets, 1, sizeof(file_octets), file);
    fclose(file);
    assert_true(length > 0 && length < sizeof(file_octets));
    return ipseci_view(file_octets, length);
}

static json_t *json_open(const char *name)
{
    struct ipsec_view v = file_read(name);
    json_t *root = json_loadb((const char *)v.data, v.length, 0, NULL);
    assert_non_null(root);
    return root;
}

/* The octets of one hex constant of a file. */
static struct ipsec_view value(const char *name, const char *key)
{
    json_t *root = json_open(name);
    const char *text = json_string_value(json_object_get(json_object_get(root, "values"), key));
    if (text == NULL) {
        fail_msg("%s has no %s", name, key);
    }
    struct ipsec_view octets = hex(text);
    json_decref(root);
    return octets;
}

static void assert_same(struct ipsec_view a, struct ipsec_view b)
{
    assert_int_equal(a.length, b.length);
    assert_memory_equal(a.data, b.data, a.length);
}

/* A constant that begins with a generic header, without it. */
static struct ipsec_view body_of(const char *name, const char *key)
{
    struct ipsec_view v = value(name, key);
    assert_int_equal(ipseci_load16(v.data + 2), v.length);
    assert_true(v.length > 4);
    return exact(ipseci_view(v.data + 4, v.length - 4));
}

#define MESSAGES "android-ike/payload-message.json"

static void types_are(const struct ipseci_payloads *p, const uint8_t *types, size_t count)
{
    assert_int_equal(p->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(p->item[i].type, types[i]);
    }
}

static void android_sa_init_parses(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    struct ipseci_payloads p;
    struct ipseci_ke ke;
    struct ipseci_notify n;
    static const uint8_t types[] = {33, 34, 40, 41, 41, 43};
    assert_int_equal(ipseci_message_parse(value(MESSAGES, "IKE_SA_INIT_RAW_PACKET"), &h, &p),
                     IPSEC_OK);
    assert_true(h.spi_i == 0x8f54bf6d8b48e6e1u && h.spi_r == 0);
    assert_int_equal(h.exchange, IPSECI_EXCHANGE_IKE_SA_INIT);
    types_are(&p, types, sizeof(types));
    assert_int_equal(ipseci_ke_parse(p.item[1].body, &ke), IPSEC_OK);
    assert_int_equal(ke.group, 2);
    assert_same(ke.data, value("android-ike/payload-ke.json", "KEY_EXCHANGE_DATA_RAW_PACKET"));
    assert_same(p.item[2].body,
                value("android-ike/payload-nonce.json", "NONCE_DATA_RAW_HEX_STRING"));
    assert_true(ipseci_notify_find(&p, IPSECI_NOTIFY_NAT_DETECTION_SOURCE_IP, &n));
    assert_int_equal(n.data.length, IPSECI_NAT_DETECTION_BYTES);
    assert_true(ipseci_notify_find(&p, IPSECI_NOTIFY_NAT_DETECTION_DESTINATION_IP, &n));
    assert_int_equal(ipseci_sa_check(p.item[0].body), IPSEC_OK);
}

/* The header alone says 336 octets, which are not there; a group that nobody knows is no error yet.
 */
static void android_header_and_unknown_group(void **state)
{
    (void)state;
    static const char file[] = "android-ike/payload-header.json";
    struct ipseci_ike_header h;
    struct ipseci_ke ke;
    struct ipsec_view message = value(file, "IKE_SA_INIT_RAW_PACKET");
    struct ipsec_view header = value(file, "IKE_HEADER_HEX_STRING");
    assert_same(ipseci_view(message.data, IPSECI_IKE_HEADER_BYTES), header);
    assert_int_equal(ipseci_ike_header_parse(header, &h), IPSEC_DROP_TRUNCATED);
    assert_int_equal(ipseci_ike_header_parse(message, &h), IPSEC_OK);
    assert_true(h.spi_i == ipseci_load64(value(file, "IKE_INITIATOR_SPI").data));
    assert_int_equal(
        ipseci_ke_parse(value("android-ike/payload-ke.json", "unrecognizedKePayload"), &ke),
        IPSEC_OK);
    assert_int_equal(ke.group, 0x0fff);
}

/* Built again from what was parsed, the message is the same to the last octet. */
static void android_sa_init_is_rebuilt(void **state)
{
    (void)state;
    static uint8_t buffer[1000];
    struct ipsec_view original = value(MESSAGES, "IKE_SA_INIT_RAW_PACKET");
    struct ipseci_ike_header h;
    struct ipseci_payloads p;
    struct ipsec_proposals list;
    bool truncated;
    assert_int_equal(ipseci_message_parse(original, &h, &p), IPSEC_OK);
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_ike_header_build(&w, &h);
    struct ipseci_chain chain = ipseci_chain_init(&w, IPSECI_IKE_NEXT_PAYLOAD_AT);
    for (uint32_t i = 0; i < p.count; i++) {
        ipseci_payload_begin(&chain, p.item[i].type);
        if (p.item[i].type == IPSECI_PAYLOAD_SA) {
            ipseci_sa_copy(p.item[i].body, 0, &list, &truncated);
            assert_false(truncated);
            ipseci_sa_build(&w, &list, ipseci_view(NULL, 0));
        } else if (p.item[i].type == IPSECI_PAYLOAD_NOTIFY) {
            struct ipseci_notify n;
            assert_int_equal(ipseci_notify_parse(p.item[i].body, &n), IPSEC_OK);
            ipseci_notify_build(&w, &n);
        } else {
            ipseci_write_view(&w, p.item[i].body);
        }
        ipseci_payload_end(&chain);
    }
    ipseci_ike_header_finish(&w, 0);
    assert_same(ipseci_written(&w), original);
}

static void android_ike_auth_has_sk_and_its_inside_parses(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    struct ipseci_payloads p;
    static const uint8_t types[] = {35, 36, 39, 33, 44, 45, 41, 41};
    assert_int_equal(ipseci_message_parse(value(MESSAGES, "IKE_AUTH_HEX_STRING"), &h, &p),
                     IPSEC_OK);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.item[0].type, IPSECI_PAYLOAD_SK);
    assert_int_equal(p.item[0].next_payload, IPSECI_PAYLOAD_IDI);
    struct ipsec_view inside =
        value("android-ike/encrypted-payload.json", "IKE_AUTH_INIT_REQUEST_UNENCRYPTED_DATA");
    struct ipsec_view rest;
    assert_int_equal(ipseci_payloads_parse(IPSECI_PAYLOAD_IDI, inside, &p, &rest), IPSEC_OK);
    assert_int_equal(rest.length, 0);
    types_are(&p, types, sizeof(types));
    struct ipsec_selectors ts;
    struct ipseci_ts_result result;
    assert_int_equal(ipseci_ts_parse_list(p.item[4].body, &ts, &result), IPSEC_OK);
    assert_int_equal(ts.count, 1);
    assert_int_equal(ts.item[0].last[0], 255);
    struct ipseci_notify n;
    assert_true(ipseci_notify_find(&p, IPSECI_NOTIFY_INITIAL_CONTACT, &n));
    assert_int_equal(ipseci_sa_check(p.item[3].body), IPSEC_OK);
    assert_int_equal(ipseci_sa_proposal_count(p.item[3].body), 1);
}

static void android_identities(void **state)
{
    (void)state;
    static const char file[] = "android-ike/payload-id.json";
    static const struct {
        const char *key;
        uint8_t type;
    } cases[] = {
        {"IPV4_ADDR_ID_PAYLOAD_RESPONDER_HEX_STRING", IPSEC_ID_IPV4_ADDR},
        {"IPV6_ADDR_ID_PAYLOAD_RESPONDER_HEX_STRING", IPSEC_ID_IPV6_ADDR},
        {"FQDN_ID_PAYLOAD_HEX_STRING", IPSEC_ID_FQDN},
        {"RFC822_ADDR_ID_PAYLOAD_HEX_STRING", IPSEC_ID_RFC822_ADDR},
        {"KEY_ID_PAYLOAD_HEX_STRING", IPSEC_ID_KEY_ID},
        {"ASN1_DN_PAYLOAD_HEX_STRING", IPSEC_ID_DER_ASN1_DN},
    };
    for (size_t i = 0; i < IPSECI_COUNT(cases); i++) {
        struct ipseci_id id;
        assert_int_equal(ipseci_id_parse(body_of(file, cases[i].key), &id), IPSEC_OK);
        assert_int_equal(id.type, cases[i].type);
    }
    struct ipseci_id id;
    assert_int_equal(ipseci_id_parse(body_of(file, "FQDN_ID_PAYLOAD_HEX_STRING"), &id), IPSEC_OK);
    assert_int_equal(id.data.length, strlen("ike.android.net"));
    assert_memory_equal(id.data.data, "ike.android.net", id.data.length);
}

static void android_selectors(void **state)
{
    (void)state;
    struct ipsec_selector s[2];
    struct ipseci_ts_result result;
    struct ipsec_view body =
        body_of("android-ike/payload-ts.json", "TS_INITIATOR_PAYLOAD_HEX_STRING");
    assert_int_equal(ipseci_ts_parse(body, s, 2, &result), IPSEC_OK);
    assert_int_equal(result.stored, 2);
    assert_int_equal(s[0].port_first, 16);
    assert_int_equal(s[0].port_last, 65520);
    assert_memory_equal(s[0].last, hex("c0000365").data, 4);
    static const struct {
        const char *key;
        enum ipsec_status status;
    } cases[] = {
        {"TS_IPV4_ONE_HEX_STRING", IPSEC_OK},
        {"TS_IPV4_TWO_HEX_STRING", IPSEC_OK},
        {"TS_IPV6_THREE_HEX_ADDRESS", IPSEC_OK},
        {"TX_IPV4_INVALID_PORT_RANGE_HEX_STRING", IPSEC_DROP_SELECTORS},
        {"TX_IPV4_INVALID_ADDRESS_RANGE_HEX_STRING", IPSEC_DROP_SELECTORS},
    };
    for (size_t i = 0; i < IPSECI_COUNT(cases); i++) {
        uint8_t octets[64] = {1};
        struct ipsec_view one = value("android-ike/traffic-selector.json", cases[i].key);
        memcpy(octets + 4, one.data, one.length);
        assert_int_equal(ipseci_ts_parse(exact(ipseci_view(octets, 4 + one.length)), s, 2, &result),
                         cases[i].status);
    }
}

static void android_deletes(void **state)
{
    (void)state;
    static const char file[] = "android-ike/payload-delete.json";
    struct ipseci_delete d;
    assert_int_equal(ipseci_delete_parse(body_of(file, "DELETE_IKE_PAYLOAD_HEX_STRING"), &d),
                     IPSEC_OK);
    assert_int_equal(d.protocol, IPSEC_PROTOCOL_IKE);
    assert_int_equal(
        ipseci_delete_parse(body_of(file, "DELETE_MULTIPLE_CHILD_PAYLOAD_HEX_STRING"), &d),
        IPSEC_OK);
    assert_int_equal(d.count, 2);
    assert_int_equal(ipseci_delete_spi(&d, 0), 0xabcdef01);
    assert_int_equal(ipseci_delete_spi(&d, 1), 0x20fedcba);
}

static void android_proposals(void **state)
{
    (void)state;
    static const char file[] = "android-ike/payload-sa.json";
    static const struct {
        const char *key;
        uint32_t proposals;
        uint32_t transforms; /* of all of them */
    } cases[] = {
        {"OUTBOUND_PROPOSAL_RAW_PACKET", 1, 4},
        {"INBOUND_TWO_PROPOSAL_RAW_PACKET", 2, 0x19 + 0x1a},
        {"INBOUND_CHILD_PROPOSAL_RAW_PACKET", 1, 3},
        {"INBOUND_CHILD_TWO_PROPOSAL_RAW_PACKET", 2, 4},
        {"saPayloadBodyHex", 1, 4},
        {"inboundRequestSaPayload", 1, 8},
    };
    for (size_t i = 0; i < IPSECI_COUNT(cases); i++) {
        struct ipsec_view body = value(file, cases[i].key);
        struct ipseci_proposal_view proposal;
        struct ipseci_transform_view transform;
        uint32_t transforms = 0;
        assert_int_equal(ipseci_sa_check(body), IPSEC_OK);
        assert_int_equal(ipseci_sa_proposal_count(body), cases[i].proposals);
        struct ipseci_reader p = ipseci_sa_proposals(body);
        while (ipseci_sa_next(&p, &proposal)) {
            struct ipseci_reader t = ipseci_proposal_transforms(&proposal);
            while (ipseci_transform_next(&t, &transform)) {
                transforms++;
            }
        }
        assert_int_equal(transforms, cases[i].transforms);
    }
}

static void openiked_message_parses(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    struct ipseci_payloads p;
    static const uint8_t types[] = {33, 34, 40, 41, 41};
    struct ipsec_view v = value("openiked/parser-payloads.json", "valid_packet");
    assert_int_equal(ipseci_message_parse(v, &h, &p), IPSEC_OK);
    types_are(&p, types, sizeof(types));
    assert_int_equal(ipseci_sa_check(p.item[0].body), IPSEC_OK);
}

static void openiked_payload_chains(void **state)
{
    (void)state;
    static const char file[] = "openiked/parser-payloads.json";
    static const struct {
        const char *key;
        uint8_t first;
        uint32_t count;
        size_t rest;
    } cases[] = {
        {"saxform_pld", 33, 1, 0}, {"ke_pld", 34, 1, 0},      {"id_pld", 35, 1, 0},
        {"cert_pld", 37, 1, 8},    {"certreq_pld", 38, 1, 0}, {"auth_pld", 39, 1, 0},
        {"nonce_pld", 40, 1, 0},   {"delete_pld", 42, 2, 0},  {"vendor_pld", 43, 1, 0},
        {"ts_pld", 44, 1, 0},      {"sk_pld", 46, 1, 0},      {"skf_1of1_pld", 53, 1, 0},
    };
    for (size_t i = 0; i < IPSECI_COUNT(cases); i++) {
        struct ipseci_payloads p;
        struct ipsec_view rest;
        assert_int_equal(
            ipseci_payloads_parse(cases[i].first, value(file, cases[i].key), &p, &rest), IPSEC_OK);
        assert_int_equal(p.count, cases[i].count);
        assert_int_equal(rest.length, cases[i].rest);
    }
    struct ipseci_payloads p;
    struct ipseci_delete d;
    struct ipsec_view deletes = value(file, "delete_pld");
    assert_int_equal(ipseci_payloads_parse(42, deletes, &p, NULL), IPSEC_OK);
    /* INFO-06: a Delete for IKE that brings an SPI. */
    assert_int_equal(ipseci_delete_parse(p.item[0].body, &d), IPSEC_DROP_MALFORMED);
    assert_int_equal(ipseci_delete_parse(p.item[1].body, &d), IPSEC_OK);
    assert_int_equal(d.count, 2);
}

static void rusticata_real_traffic_parses(void **state)
{
    (void)state;
    struct ipseci_ike_header h;
    struct ipseci_payloads p;
    struct ipseci_cert request;
    static const uint8_t request_types[] = {33, 34, 40};
    static const uint8_t response_types[] = {33, 34, 40, 38, 41};
    struct ipsec_view v = exact(file_read("rusticata-ipsec-parser/ike-sa-init-req.bin"));
    assert_int_equal(ipseci_message_parse(v, &h, &p), IPSEC_OK);
    assert_int_equal(h.flags, IPSECI_FLAG_INITIATOR);
    types_are(&p, request_types, sizeof(request_types));
    v = exact(file_read("rusticata-ipsec-parser/ike-sa-init-resp.bin"));
    assert_int_equal(ipseci_message_parse(v, &h, &p), IPSEC_OK);
    assert_int_equal(h.flags, IPSECI_FLAG_RESPONSE);
    assert_true(h.spi_r == 0x6386aa2273ed3972u);
    types_are(&p, response_types, sizeof(response_types));
    assert_int_equal(ipseci_cert_parse(p.item[3].body, &request), IPSEC_OK);
    assert_int_equal(ipseci_certreq_hash(&request, 0).length, IPSECI_CA_HASH_BYTES);
    assert_int_equal(ipseci_certreq_hash(&request, 1).length, 0);
}

/* A capture: the records of a classic pcap file, or one packet at a known place. */
struct capture {
    struct ipsec_view octets;
    size_t at;
    uint32_t link_type;
};

static uint32_t little32(const uint8_t *p)
{
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static struct capture capture_open(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "tcpdump/%s", name);
    struct ipsec_view octets = exact(file_read(path));
    assert_true(octets.length >= 24 && little32(octets.data) == 0xa1b2c3d4);
    return (struct capture){octets, 24, little32(octets.data + 20) & 0xffff};
}

/* The next record from its IP header on. */
static bool capture_next(struct capture *c, struct ipsec_view *packet)
{
    if (c->at + 16 > c->octets.length) {
        return false;
    }
    size_t length = little32(c->octets.data + c->at + 8);
    c->at += 16;
    if (length > c->octets.length - c->at) {
        length = c->octets.length - c->at; /* the file itself is cut */
    }
    size_t link_bytes = c->link_type == 1 ? 14 : 4; /* Ethernet, or the loopback's NULL */
    assert_true(length >= link_bytes);
    *packet = exact(ipseci_view(c->octets.data + c->at + link_bytes, length - link_bytes));
    c->at += length;
    return true;
}

/* From an IP packet to the UDP payload; false when something on the way is refused. */
static bool udp_payload(struct ipsec_view packet, struct ipseci_udp *udp)
{
    struct ipseci_flow flow;
    if (ipseci_ip_parse(packet, &flow) != IPSEC_OK || flow.protocol != IPSECI_IP_UDP) {
        return false;
    }
    return ipseci_udp_parse(
               ipseci_view(packet.data + flow.upper_at, flow.total_length - flow.upper_at), udp) ==
           IPSEC_OK;
}

static void tcpdump_esp_tunnel(void **state)
{
    (void)state;
    struct capture c = capture_open("02-sunrise-sunset-esp.pcap");
    struct ipsec_view packet;
    uint32_t count = 0;
    while (capture_next(&c, &packet)) {
        struct ipseci_flow flow;
        assert_int_equal(ipseci_ip_parse(packet, &flow), IPSEC_OK);
        assert_int_equal(flow.protocol, IPSECI_IP_ESP);
        assert_true(ipseci_ipv4_checksum_valid(packet.data));
        assert_int_equal(ipseci_load32(packet.data + flow.upper_at), 0x12345678);
        assert_int_equal(ipseci_load32(packet.data + flow.upper_at + 4), ++count);
    }
    assert_int_equal(count, 8);
}

static void tcpdump_early_implementation_parses(void **state)
{
    (void)state;
    struct capture c = capture_open("ikev2pI2.pcap");
    static const uint8_t exchanges[] = {34, 35};
    for (size_t i = 0; i < 2; i++) {
        struct ipsec_view packet;
        struct ipseci_udp udp;
        struct ipseci_ike_header h;
        struct ipseci_payloads p;
        assert_true(capture_next(&c, &packet));
        assert_true(udp_payload(packet, &udp));
        assert_int_equal(ipseci_message_parse(udp.payload, &h, &p), IPSEC_OK);
        assert_int_equal(h.exchange, exchanges[i]);
        assert_int_equal(p.item[0].type, i == 0 ? IPSECI_PAYLOAD_SA : IPSECI_PAYLOAD_SK);
    }
}

/* Everything after the first proposal's fourth transform is overwritten. The one packet stands at a
 * known place of the pcapng file. */
static void tcpdump_damaged_message_is_refused(void **state)
{
    (void)state;
    struct ipsec_view file = file_read("tcpdump/ikev2pI2-segfault.pcapng");
    struct ipseci_udp udp;
    struct ipseci_ike_header h;
    struct ipseci_payloads p;
    struct ipsec_view packet = exact(ipseci_view(file.data + 0x74, 0x21c - 4));
    assert_true(udp_payload(packet, &udp));
    assert_int_equal(ipseci_message_parse(udp.payload, &h, &p), IPSEC_DROP_TRUNCATED);
    assert_int_equal(p.item[0].type, IPSECI_PAYLOAD_SA);
    assert_true(ipseci_sa_check(p.item[0].body) < IPSEC_OK);
}

static void auth_14_cve_2017_13690_tcpdump_short_identity(void **state)
{
    (void)state;
    struct capture c = capture_open("ikev2-id-short.pcap");
    struct ipsec_view packet;
    struct ipseci_udp udp;
    struct ipseci_ike_header h;
    struct ipseci_payloads p;
    struct ipseci_id id;
    assert_true(capture_next(&c, &packet));
    assert_true(udp_payload(packet, &udp));
    /* The chain ends after the identity, and Length covers more. */
    assert_int_equal(ipseci_message_parse(udp.payload, &h, &p), IPSEC_DROP_MALFORMED);
    assert_int_equal(p.item[0].type, IPSECI_PAYLOAD_IDI);
    assert_int_equal(ipseci_id_parse(p.item[0].body, &id), IPSEC_DROP_TRUNCATED);
}

/* Every record must be refused somewhere between its IP header and its payloads. */
static void tcpdump_crash_inputs_are_refused(void **state)
{
    (void)state;
    static const char *const files[] = {
        "isakmp-3948-oobr-2.pcap",  "isakmp-rfc3948-oobr.pcap", "isakmp-ikev1_n_print-oobr.pcap",
        "isakmp-pointer-loop.pcap", "esp_truncated.pcap",
    };
    for (size_t i = 0; i < IPSECI_COUNT(files); i++) {
        struct capture c = capture_open(files[i]);
        struct ipsec_view packet;
        uint32_t records = 0;
        while (capture_next(&c, &packet)) {
            struct ipseci_udp udp;
            struct ipseci_ike_header h;
            struct ipseci_payloads p;
            assert_true(!udp_payload(packet, &udp) ||
                        ipseci_message_parse(udp.payload, &h, &p) < IPSEC_OK);
            records++;
        }
        assert_true(records > 0);
    }
}

/* Every prefix in a block of its own, as everything lib/wire can take it for; once as it is, and
 * once with an IKE Length that fits, so that the payloads are reached. */
static void prefixes(struct ipsec_view whole)
{
    for (size_t n = 0; n <= whole.length; n++) {
        uint8_t *part = malloc(n == 0 ? 1 : n);
        assert_non_null(part);
        memcpy(part, whole.data, n);
        LLVMFuzzerTestOneInput(part, n);
        if (n >= IPSECI_IKE_HEADER_BYTES) {
            ipseci_store32(part + IPSECI_IKE_LENGTH_AT, (uint32_t)n);
            LLVMFuzzerTestOneInput(part, n);
        }
        free(part);
    }
}

static void prefixes_of_json(const char *name)
{
    json_t *root = json_open(name);
    const char *key;
    json_t *item;
    json_object_foreach(json_object_get(root, "values"), key, item)
    {
        const char *text = json_string_value(item);
        if (text != NULL && strlen(text) % 2 == 0 &&
            strspn(text, "0123456789abcdefABCDEF") == strlen(text)) {
            prefixes(hex(text));
        }
    }
    json_decref(root);
}

static void every_prefix_of_every_sample(void **state)
{
    (void)state;
    static const char *const json[] = {
        "android-ike/payload-message.json", "android-ike/payload-sa.json",
        "android-ike/payload-ts.json",      "android-ike/payload-id.json",
        "android-ike/payload-delete.json",  "android-ike/payload-nonce.json",
        "openiked/parser-payloads.json",    "android-ike/encrypted-payload.json",
    };
    static const char *const captures[] = {
        "02-sunrise-sunset-esp.pcap", "esp_truncated.pcap",
        "ikev2-id-short.pcap",        "ikev2pI2.pcap",
        "isakmp-3948-oobr-2.pcap",    "isakmp-ikev1_n_print-oobr.pcap",
        "isakmp-pointer-loop.pcap",   "isakmp-rfc3948-oobr.pcap",
    };
    for (size_t i = 0; i < IPSECI_COUNT(json); i++) {
        prefixes_of_json(json[i]);
    }
    prefixes(exact(file_read("rusticata-ipsec-parser/ike-sa-init-req.bin")));
    prefixes(exact(file_read("rusticata-ipsec-parser/ike-sa-init-resp.bin")));
    for (size_t i = 0; i < IPSECI_COUNT(captures); i++) {
        struct capture c = capture_open(captures[i]);
        struct ipsec_view packet;
        while (capture_next(&c, &packet)) {
            prefixes(packet);
            if (packet.length > 28) {
                prefixes(ipseci_view(packet.data + 28, packet.length - 28));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE_TEST(android_sa_init_parses),
        WIRE_TEST(android_header_and_unknown_group),
        WIRE_TEST(android_sa_init_is_rebuilt),
        WIRE_TEST(android_ike_auth_has_sk_and_its_inside_parses),
        WIRE_TEST(android_identities),
        WIRE_TEST(android_selectors),
        WIRE_TEST(android_deletes),
        WIRE_TEST(android_proposals),
        WIRE_TEST(openiked_message_parses),
        WIRE_TEST(openiked_payload_chains),
        WIRE_TEST(rusticata_real_traffic_parses),
        WIRE_TEST(tcpdump_esp_tunnel),
        WIRE_TEST(tcpdump_early_implementation_parses),
        WIRE_TEST(tcpdump_damaged_message_is_refused),
        WIRE_TEST(auth_14_cve_2017_13690_tcpdump_short_identity),
        WIRE_TEST(tcpdump_crash_inputs_are_refused),
        WIRE_TEST(every_prefix_of_every_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
