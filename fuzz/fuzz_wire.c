/* SPDX-License-Identifier: Apache-2.0
 *
 * The wire layer under a fuzzer. The input is taken as an IKE message, as the body of every
 * payload, as an IP packet and as a UDP datagram; everything that parses is iterated to its end,
 * and what can be built again is built and parsed once more. A contradiction traps.
 */
#include "esp_header.h"
#include "ip_header.h"
#include "ladder_text.h"
#include "notify.h"
#include "payload.h"
#include "redirect_wire.h"
#include "sa_payload.h"
#include "small_payloads.h"
#include "ts_payload.h"
#include "udp_encap.h"
#include <string.h>

#define BUFFER_BYTES 65600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t buffer[BUFFER_BYTES];
static volatile unsigned sink;

static void require(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

/* Touches every octet, so that a view outside the input is seen by the sanitizer. */
static void touch(struct ipsec_view view)
{
    unsigned sum = 0;
    for (size_t i = 0; i < view.length; i++) {
        sum += view.data[i];
    }
    sink += sum;
}

static bool same(struct ipsec_view a, struct ipsec_view b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static void sa_copy_rebuild(struct ipsec_view body)
{
    struct ipsec_proposals list;
    struct ipsec_proposals again;
    bool truncated;
    ipseci_sa_copy(body, 0, &list, &truncated);
    require(list.count <= IPSEC_PROPOSALS_MAX);
    if (list.count == 0) {
        return;
    }
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_sa_build(&w, &list, ipseci_view("12345678", 8));
    require(!w.failed && ipseci_sa_check(ipseci_written(&w)) == IPSEC_OK);
    ipseci_sa_copy(ipseci_written(&w), 0, &again, &truncated);
    require(!truncated && again.count == list.count);
    for (uint32_t i = 0; i < list.count; i++) {
        require(again.item[i].transform_count == list.item[i].transform_count);
    }
}

static void sa(struct ipsec_view body)
{
    struct ipseci_proposal_view proposal;
    struct ipseci_transform_view transform;
    uint32_t proposals = 0;
    bool sound = ipseci_sa_check(body) == IPSEC_OK;
    struct ipseci_reader p = ipseci_sa_proposals(body);
    while (ipseci_sa_next(&p, &proposal)) {
        uint32_t transforms = 0;
        struct ipseci_reader t = ipseci_proposal_transforms(&proposal);
        while (ipseci_transform_next(&t, &transform)) {
            sink += transform.id + transform.key_bits;
            transforms++;
        }
        touch(proposal.spi);
        sink += ipseci_proposal_types_known(&proposal);
        require(!sound || transforms == proposal.transform_count);
        proposals++;
    }
    require(proposals == ipseci_sa_proposal_count(body) && (!sound || proposals > 0));
    sa_copy_rebuild(body);
}

static void ts(struct ipsec_view body)
{
    struct ipsec_selector item[IPSEC_SELECTORS_MAX];
    struct ipsec_selector again[IPSEC_SELECTORS_MAX];
    struct ipseci_ts_result result;
    enum ipsec_status status = ipseci_ts_parse(body, item, IPSEC_SELECTORS_MAX, &result);
    require(result.stored <= IPSEC_SELECTORS_MAX);
    if (status != IPSEC_OK) {
        return;
    }
    uint32_t stored = result.stored;
    require(stored > 0 && stored + result.unknown <= result.present);
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_ts_build(&w, item, stored);
    require(!w.failed &&
            ipseci_ts_parse(ipseci_written(&w), again, IPSEC_SELECTORS_MAX, &result) == IPSEC_OK);
    require(result.stored == stored && memcmp(item, again, stored * sizeof(item[0])) == 0);
}

/* What is taken is built to the same octets: there is one way to write it. */
static void redirect(struct ipsec_view data)
{
    struct ipsec_id gateway;
    struct ipsec_addr from;
    struct ipsec_view nonce;
    const enum ipsec_status status = ipseci_redirect_parse(data, &gateway, &nonce);
    touch(nonce);
    require((ipseci_redirected_from_parse(data, &from) == IPSEC_OK) ==
            (status == IPSEC_OK && nonce.length == 0 && gateway.type != IPSEC_ID_FQDN));
    if (status != IPSEC_OK) {
        return;
    }
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_redirect_build(&w, &gateway, nonce);
    require(!w.failed && same(ipseci_written(&w), data));
}

static void notify(struct ipsec_view body)
{
    struct ipseci_notify n;
    if (ipseci_notify_parse(body, &n) != IPSEC_OK) {
        return;
    }
    touch(n.spi);
    touch(n.data);
    sink += ipseci_notify_name(n.type) != NULL;
    redirect(n.data);
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_notify_build(&w, &n);
    require(w.failed ? body.length > sizeof(buffer) : same(ipseci_written(&w), body));
}

static void id(struct ipsec_view body)
{
    struct ipseci_id parsed;
    struct ipsec_id copied;
    if (ipseci_id_parse(body, &parsed) != IPSEC_OK) {
        return;
    }
    touch(parsed.data);
    require(same(parsed.body, body));
    if (ipseci_id_copy(&parsed, &copied) == IPSEC_OK) {
        struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
        ipseci_id_build(&w, &copied);
        require(!w.failed && w.used == body.length);
    }
}

static void del(struct ipsec_view body)
{
    struct ipseci_delete d;
    if (ipseci_delete_parse(body, &d) != IPSEC_OK) {
        return;
    }
    require(d.spis.length == (size_t)d.spi_size * d.count);
    for (uint32_t i = 0; i < d.count; i++) {
        sink += ipseci_delete_spi(&d, (uint16_t)i);
    }
    require(ipseci_delete_spi(&d, d.count) == 0);
}

static void cp(struct ipsec_view body)
{
    struct ipseci_cp parsed;
    struct ipseci_cp_attribute attribute;
    if (ipseci_cp_parse(body, &parsed) != IPSEC_OK) {
        return;
    }
    size_t octets = 0;
    struct ipseci_reader r = ipseci_reader_init(parsed.attributes);
    while (ipseci_cp_next(&r, &attribute)) {
        touch(attribute.value);
        octets += 4 + attribute.value.length;
    }
    require(octets == parsed.attributes.length);
}

static void cert(struct ipsec_view body)
{
    struct ipseci_cert parsed;
    if (ipseci_cert_parse(body, &parsed) != IPSEC_OK) {
        return;
    }
    struct ipsec_view hash;
    for (size_t i = 0; (hash = ipseci_certreq_hash(&parsed, i)).length > 0; i++) {
        touch(hash);
    }
    touch(parsed.data);
}

static void rest(struct ipsec_view body)
{
    struct ipseci_ke k;
    struct ipseci_auth a;
    struct ipseci_eap e;
    struct ipseci_skf f;
    struct ipsec_view nonce;
    if (ipseci_ke_parse(body, &k) == IPSEC_OK) {
        touch(k.data);
    }
    if (ipseci_auth_parse(body, &a) == IPSEC_OK) {
        touch(a.data);
    }
    if (ipseci_eap_parse(body, &e) == IPSEC_OK) {
        struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
        ipseci_eap_build(&w, &e);
        require(same(ipseci_written(&w), body));
    }
    if (ipseci_skf_parse(body, &f) == IPSEC_OK) {
        touch(f.data);
    }
    if (ipseci_nonce_parse(body, &nonce) == IPSEC_OK) {
        touch(nonce);
    }
}

/* As every payload: what a wrong type would make of it is as much the peer's choice as the octets.
 */
static void bodies(struct ipsec_view body)
{
    sa(body);
    ts(body);
    notify(body);
    id(body);
    del(body);
    cp(body);
    cert(body);
    rest(body);
}

static void payloads(uint8_t first, struct ipsec_view body)
{
    struct ipseci_payloads p;
    struct ipsec_view left;
    if (ipseci_payloads_parse(first, body, &p, &left) != IPSEC_OK) {
        return;
    }
    require(p.count <= IPSECI_PAYLOADS_MAX);
    touch(left);
    char text[200];
    struct ipseci_text t = ipseci_text_init(text, sizeof(text));
    ipseci_payloads_text(&p, &t);
    require(strlen(text) < sizeof(text));
    for (uint32_t i = 0; i < p.count; i++) {
        bodies(p.item[i].body);
    }
    struct ipseci_notify n;
    uint32_t cursor = 0;
    uint32_t notifies = 0;
    while (ipseci_notify_next(&p, &cursor, &n)) {
        require(ipseci_notify_find(&p, n.type, NULL));
        notifies++;
    }
    require(ipseci_notifies_check(&p) != IPSEC_OK ||
            notifies == ipseci_payload_count(&p, IPSECI_PAYLOAD_NOTIFY));
}

static void message(struct ipsec_view datagram)
{
    struct ipseci_ike_header h;
    struct ipseci_payloads p;
    if (datagram.length > IPSECI_IKE_HEADER_BYTES) {
        payloads(datagram.data[IPSECI_IKE_NEXT_PAYLOAD_AT],
                 ipseci_view(datagram.data + IPSECI_IKE_HEADER_BYTES,
                             datagram.length - IPSECI_IKE_HEADER_BYTES));
    }
    if (ipseci_message_parse(datagram, &h, &p) != IPSEC_OK) {
        return;
    }
    const struct ipseci_payload *sk = ipseci_payload_find(&p, IPSECI_PAYLOAD_SK);
    if (sk != NULL) {
        payloads(sk->next_payload, sk->body); /* as if it had been decrypted */
    }
    struct ipseci_writer w = ipseci_writer_init(buffer, sizeof(buffer));
    ipseci_ike_header_build(&w, &h);
    require(memcmp(buffer, datagram.data, IPSECI_IKE_HEADER_BYTES) == 0);
}

static void ip(struct ipsec_view packet)
{
    struct ipseci_flow flow;
    struct ipseci_udp udp;
    if (ipseci_ip_parse(packet, &flow) != IPSEC_OK || packet.length > sizeof(buffer)) {
        return;
    }
    require(flow.upper_at <= flow.total_length && flow.total_length <= packet.length);
    struct ipsec_view upper =
        ipseci_view(packet.data + flow.upper_at, flow.total_length - flow.upper_at);
    if (ipseci_udp_parse(upper, &udp) == IPSEC_OK) {
        touch(udp.payload);
    }
    memcpy(buffer, packet.data, packet.length);
    ipseci_ip_set_ttl(buffer, 1);
    ipseci_ip_set_traffic_class(buffer, 3);
    struct ipseci_flow again;
    require(ipseci_ip_parse(ipseci_view(buffer, packet.length), &again) == IPSEC_OK);
    require(again.ttl == 1 && again.traffic_class == 3 && again.src_port == flow.src_port);
    require(memcmp(again.dst, flow.dst, sizeof(flow.dst)) == 0);
}

static void udp4500(struct ipsec_view datagram)
{
    struct ipsec_view content;
    switch (ipseci_udp_encap_sort(datagram, &content)) {
    case IPSECI_ENCAP_IKE:
        message(content);
        break;
    case IPSECI_ENCAP_ESP:
        sink += ipseci_esp_spi(content.data) + ipseci_esp_sequence(content.data);
        break;
    case IPSECI_ENCAP_KEEPALIVE:
    case IPSECI_ENCAP_SHORT:
        require(content.length == 0);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipsec_view input = ipseci_view(data, size);
    message(input);
    bodies(input);
    if (size > 0) {
        payloads(data[0], ipseci_view(data + 1, size - 1));
    }
    ip(input);
    udp4500(input);
    return 0;
}
