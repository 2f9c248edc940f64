/* SPDX-License-Identifier: Apache-2.0
 *
 * See gw_kit.h.
 */
#include "gw_kit.h"
#include "bytes.h"
#include "ip_header.h"

struct ipsec_selector kit_selector(const char *text)
{
    struct ipsec_selector s;
    assert_int_equal(ipsec_selector_parse(text, &s), IPSEC_OK);
    return s;
}

struct ipsec_endpoint kit_endpoint(const char *addr, uint16_t port)
{
    struct ipsec_endpoint e = {.port = port};
    assert_int_equal(ipsec_addr_parse(addr, &e.addr), IPSEC_OK);
    return e;
}

/* ---- The record of outputs ------------------------------------------------------------------- */

static void note(struct kit_output *output, struct ipsec_packet *const packets[], size_t n)
{
    output->calls++;
    for (size_t i = 0; i < n; i++) {
        assert_true(output->count < KIT_PACKETS);
        struct kit_packet *item = &output->item[output->count++];
        item->packet = *packets[i];
        item->packet.buffer = item->octets;
        item->packet.capacity = sizeof item->octets;
        item->packet.offset = KIT_OFFSET;
        item->packet.sa = NULL;
        memcpy(item->octets + KIT_OFFSET, packets[i]->buffer + packets[i]->offset,
               packets[i]->length);
    }
}

static void on_wan_send(void *user, struct ipsec_packet *const packets[], size_t n)
{
    struct gw_kit *kit = user;
    note(&kit->wan, packets, n);
    if (kit->on_wan_send != NULL) {
        kit->on_wan_send(kit);
    }
}

static void on_lan_deliver(void *user, struct ipsec_packet *const packets[], size_t n)
{
    struct gw_kit *kit = user;
    note(&kit->lan, packets, n);
}

static void on_acquire(void *user, const struct ipsec_peer *peer,
                       const struct ipsec_child_config *child)
{
    struct gw_kit *kit = user;
    assert_ptr_equal(peer, &kit->peer);
    kit->acquires++;
    kit->acquired = child;
}

/* ---- The gateway ----------------------------------------------------------------------------- */

static void set_selectors(struct ipsec_child_config *child, const char *local, const char *remote)
{
    child->size = sizeof *child;
    child->local_ts.count = child->remote_ts.count = 1;
    child->local_ts.item[0] = kit_selector(local);
    child->remote_ts.item[0] = kit_selector(remote);
}

void kit_init(struct gw_kit *kit, bool mirrored)
{
    memset(kit, 0, sizeof *kit);
    toy_init(&kit->toy);
    kit->now = 1000;
    kit->peer.size = sizeof kit->peer;
    kit->peer.name = "other";
    kit->peer.local = kit_endpoint(mirrored ? "192.0.2.2" : "192.0.2.1", 0);
    kit->peer.remote = kit_endpoint(mirrored ? "192.0.2.1" : "192.0.2.2", 0);
    kit->peer.children = kit->child;
    kit->peer.child_count = 2;
    set_selectors(&kit->child[0], mirrored ? "192.168.2.0/24" : "192.168.1.0/24",
                  mirrored ? "192.168.1.0/24" : "192.168.2.0/24");
    set_selectors(&kit->child[1], mirrored ? "10.2.0.0/16" : "10.1.0.0/16",
                  mirrored ? "10.1.0.0/16" : "10.2.0.0/16");
    kit->config.size = sizeof kit->config;
    kit->config.crypto = kit->toy.list;
    kit->config.user = kit;
    kit->config.callbacks.size = sizeof kit->config.callbacks;
    kit->config.callbacks.wan_send = on_wan_send;
    kit->config.callbacks.lan_deliver = on_lan_deliver;
    kit->config.callbacks.acquire = on_acquire;
}

void kit_start(struct gw_kit *kit)
{
    size_t bytes = 0;
    assert_int_equal(ipsec_gw_size(&kit->config, &bytes), IPSEC_OK);
    kit->block = malloc(bytes);
    assert_non_null(kit->block);
    memset(kit->block, 0xA5, bytes); /* init may not rely on zeros */
    assert_int_equal(ipsec_gw_init(kit->block, bytes, &kit->config, kit->now, &kit->gw), IPSEC_OK);
    assert_int_equal(ipsec_gw_add_peer(kit->gw, &kit->peer), IPSEC_OK);
    kit->ike = ipsec_gw_ike(kit->gw);
}

void kit_stop(struct gw_kit *kit)
{
    ipsec_gw_deinit(kit->gw);
    assert_int_equal(kit->toy.keys_alive, 0);
    free(kit->block);
    kit->gw = NULL;
}

/* ---- Children -------------------------------------------------------------------------------- */

struct key_pair {
    uint8_t encr[32];
    uint8_t integ[32];
};

static struct key_pair key_of(uint32_t spi)
{
    struct key_pair pair;
    for (unsigned i = 0; i < sizeof pair.encr; i++) {
        pair.encr[i] = (uint8_t)(spi * 7 + i);
        pair.integ[i] = (uint8_t)(spi * 13 + i + 100);
    }
    return pair;
}

enum ipsec_status kit_install(struct gw_kit *kit, const struct kit_child *c)
{
    const struct key_pair in = key_of(c->spi_in);
    const struct key_pair out = key_of(c->spi_out);
    struct ipsec_child_sa sa = {
        .child = c->child,
        .ike_sa = 1,
        .replaces = c->replaces,
        .peer = &kit->peer,
        .config = &kit->child[c->config],
        .spi_in = c->spi_in,
        .spi_out = c->spi_out,
        .suite = {.protocol = IPSEC_PROTOCOL_ESP,
                  .encr = IPSEC_ENCR_AES_CBC,
                  .encr_key_bits = 256,
                  .integ = IPSEC_INTEG_HMAC_SHA2_256_128},
        .encr_key_in = {in.encr, sizeof in.encr},
        .integ_key_in = {in.integ, sizeof in.integ},
        .encr_key_out = {out.encr, sizeof out.encr},
        .integ_key_out = {out.integ, sizeof out.integ},
        .local = kit->peer.local,
        .remote = kit->peer.remote,
        .udp_encapsulation = c->udp,
        .no_tfc = c->no_tfc,
        .outbound_ready = !c->waits,
        .local_ts = kit->child[c->config].local_ts,
        .remote_ts = kit->child[c->config].remote_ts,
    };
    if (c->host != NULL) {
        sa.remote = kit_endpoint(c->host, 0);
        sa.remote_ts.count = 1;
        sa.remote_ts.item[0] = kit_selector(c->host);
    }
    sa.local.port = sa.remote.port = c->udp ? KIT_NATT : KIT_IKE;
    return kit->ike->config.callbacks.child_add(kit->ike->config.user, &sa);
}

enum ipsec_status kit_update(struct gw_kit *kit, ipsec_handle child,
                             enum ipsec_child_update_kind kind)
{
    const struct ipsec_child_update update = {.child = child,
                                              .kind = kind,
                                              .local = kit_endpoint("198.51.100.1", KIT_NATT),
                                              .remote = kit_endpoint("198.51.100.2", 40000),
                                              .udp_encapsulation = true};
    return kit->ike->config.callbacks.child_update(kit->ike->config.user, &update);
}

void kit_remove(struct gw_kit *kit, ipsec_handle child)
{
    kit->ike->config.callbacks.child_remove(kit->ike->config.user, child);
}

/* ---- Packets --------------------------------------------------------------------------------- */

static void empty(struct kit_packet *p)
{
    memset(p, 0, sizeof *p);
    p->packet.buffer = p->octets;
    p->packet.capacity = sizeof p->octets;
    p->packet.offset = KIT_OFFSET;
}

void kit_ipv4(struct kit_packet *p, const char *from, const char *to, uint32_t length, uint8_t mark)
{
    const struct ipsec_endpoint src = kit_endpoint(from, 0);
    const struct ipsec_endpoint dst = kit_endpoint(to, 0);
    empty(p);
    uint8_t *ip = p->octets + KIT_OFFSET;
    ip[0] = 0x45;
    ipseci_store16(ip + 2, (uint16_t)length);
    ip[8] = 64;
    ip[9] = 17;
    memcpy(ip + 12, src.addr.bytes, 4);
    memcpy(ip + 16, dst.addr.bytes, 4);
    ipseci_store16(ip + 10, ipseci_checksum(ipseci_view(ip, 20), 0));
    ipseci_store16(ip + 20, 1000);
    ipseci_store16(ip + 22, 2000);
    ipseci_store16(ip + 24, (uint16_t)(length - 20));
    ip[length - 1] = mark;
    p->packet.length = length;
}

void kit_ping(const struct gw_kit *kit, struct kit_packet *p, uint8_t mark)
{
    const bool mirrored = kit->child[0].local_ts.item[0].first[2] == 2;
    kit_ipv4(p, mirrored ? "192.168.2.10" : "192.168.1.10",
             mirrored ? "192.168.1.10" : "192.168.2.10", 84, mark);
}

void kit_datagram(struct kit_packet *p, enum ipsec_carrier carrier, uint16_t local_port,
                  const void *octets, uint32_t length)
{
    empty(p);
    p->packet.carrier = (uint8_t)carrier;
    p->packet.local = kit_endpoint("192.0.2.1", local_port);
    p->packet.remote = kit_endpoint("192.0.2.2", 4500);
    p->packet.length = length;
    if (length != 0) {
        memcpy(p->octets + KIT_OFFSET, octets, length);
    }
}

void kit_ike_datagram(struct kit_packet *p, uint16_t local_port)
{
    uint8_t octets[4 + 28] = {0};
    const uint32_t marker = local_port == KIT_NATT ? 4 : 0;
    octets[marker] = 0x77; /* initiator SPI */
    kit_datagram(p, IPSEC_CARRIER_UDP, local_port, octets, marker + 28);
}

const uint8_t *kit_content(const struct kit_packet *p)
{
    return p->packet.buffer + p->packet.offset;
}

uint8_t kit_mark(const struct kit_packet *p)
{
    return kit_content(p)[p->packet.length - 1];
}

static void input(struct gw_kit *kit, struct kit_packet *packets, size_t n, bool wan)
{
    struct ipsec_packet *list[KIT_PACKETS];
    assert_true(n <= KIT_PACKETS);
    for (size_t i = 0; i < n; i++) {
        list[i] = &packets[i].packet;
    }
    if (wan) {
        ipsec_gw_wan_input(kit->gw, list, n, kit->now);
    } else {
        ipsec_gw_lan_input(kit->gw, list, n, kit->now);
    }
}

void kit_wan(struct gw_kit *kit, struct kit_packet *packets, size_t n)
{
    input(kit, packets, n, true);
}

void kit_lan(struct gw_kit *kit, struct kit_packet *packets, size_t n)
{
    input(kit, packets, n, false);
}

void kit_received(const struct gw_kit *from, size_t i, struct kit_packet *out)
{
    assert_true(i < from->wan.count);
    *out = from->wan.item[i];
    out->packet.buffer = out->octets;
    const struct ipsec_endpoint local = out->packet.local;
    out->packet.local = out->packet.remote;
    out->packet.remote = local;
}

void kit_carry(struct gw_kit *from, struct gw_kit *to)
{
    struct kit_packet *burst = calloc(KIT_PACKETS, sizeof *burst);
    const size_t n = from->wan.count;
    assert_non_null(burst);
    for (size_t i = 0; i < n; i++) {
        kit_received(from, i, &burst[i]);
    }
    from->wan.count = 0;
    kit_wan(to, burst, n);
    free(burst);
}

/* ---- Counters -------------------------------------------------------------------------------- */

struct ipsec_gw_counters kit_counters(const struct gw_kit *kit)
{
    struct ipsec_gw_counters counters;
    ipsec_gw_counters(kit->gw, &counters);
    return counters;
}

uint64_t kit_drops_in(const struct gw_kit *kit, enum ipsec_status status)
{
    return kit_counters(kit).drops_in[ipsec_drop_index(status)];
}

uint64_t kit_drops_out(const struct gw_kit *kit, enum ipsec_status status)
{
    return kit_counters(kit).drops_out[ipsec_drop_index(status)];
}

uint64_t kit_all_drops(const struct gw_kit *kit)
{
    const struct ipsec_gw_counters counters = kit_counters(kit);
    uint64_t sum = counters.errors_in + counters.errors_out;
    for (size_t i = 0; i < IPSEC_DROP_REASONS; i++) {
        sum += counters.drops_in[i] + counters.drops_out[i];
    }
    return sum;
}
