/* SPDX-License-Identifier: Apache-2.0
 *
 * Gateways side by side in one process: two behind one address, which get their datagrams by
 * ipsec_gw_instance, and two pairs in a thread each, that have nothing in common (tests/run runs
 * this under ThreadSanitizer, too). RFC 4301 4.1.
 */
#include "pair_kit.h"

#include "bytes.h"

#include <pthread.h>
#include <stdio.h>

#define INSTANCES    2
#define BITS         3
#define QUEUE        64
#define BUFFER_BYTES 2304
#define HEAD         128

/* ---- two behind one address ---------------------------------------------------------------------
 * Server i is instance 5 + i behind 192.0.2.1; client i is 192.0.2.(10 + i), and its host is
 * 192.168.(10 + i).10. Clients call by themselves; which server that will be is i.
 */

struct host {
    struct ipsec_mbedtls *provider;
    const struct ipsec_crypto *items[1];
    struct ipsec_proposals ike;
    struct ipsec_proposals esp;
    struct ipsec_child_config child;
    struct ipsec_peer peer;
    struct ipsec_gw_config config;
    void *block;
    struct ipsec_gw *gw;
    struct ipsec_child_info up; /* the newest child */
    ipsec_handle ike_sa;
    ipsec_handle child_sa;
    unsigned delivered;
};

struct sent {
    struct ipsec_packet packet;
    bool by_server;
    uint8_t octets[BUFFER_BYTES];
};

static struct host server[INSTANCES];
static struct host client[INSTANCES];
static struct sent queue[QUEUE];
static size_t queued;
static ipsec_ms now;
static unsigned calls;    /* datagrams that were nobody's */
static unsigned by_owner; /* and those that were an instance's */

static bool is_server(const struct host *h)
{
    return h >= server && h < server + INSTANCES;
}

static enum ipsec_status find_peer(void *user, uint32_t token, const struct ipsec_peer_query *query,
                                   const struct ipsec_peer **peer)
{
    struct host *h = user;
    (void)token;
    (void)query;
    *peer = &h->peer;
    return IPSEC_OK;
}

static enum ipsec_status find_secret(void *user, uint32_t token,
                                     const struct ipsec_secret_query *query,
                                     struct ipsec_secret *secret)
{
    (void)user;
    (void)token;
    (void)query;
    secret->length = 32;
    memset(secret->bytes, 7, 32);
    return IPSEC_OK;
}

static void on_event(void *user, const struct ipsec_event *event)
{
    struct host *h = user;
    if (event->type == IPSEC_EVENT_IKE_ESTABLISHED || event->type == IPSEC_EVENT_IKE_REKEYED) {
        h->ike_sa = event->ike_sa;
    }
    if (event->type == IPSEC_EVENT_CHILD_ESTABLISHED || event->type == IPSEC_EVENT_CHILD_REKEYED) {
        h->child_sa = event->child_sa;
        h->up = *event->child;
    }
}

static void on_send(void *user, struct ipsec_packet *const packets[], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sent *s = &queue[queued++];
        assert_true(queued <= QUEUE);
        s->packet = *packets[i];
        s->packet.buffer = s->octets;
        s->packet.capacity = BUFFER_BYTES;
        s->packet.offset = HEAD;
        s->packet.sa = NULL;
        s->by_server = is_server(user);
        memcpy(s->octets + HEAD, packets[i]->buffer + packets[i]->offset, packets[i]->length);
    }
}

static void on_deliver(void *user, struct ipsec_packet *const packets[], size_t n)
{
    struct host *h = user;
    const uint8_t *inner = packets[0]->buffer + packets[0]->offset;
    const size_t index = (size_t)(h - (is_server(h) ? server : client));
    h->delivered += (unsigned)n;
    assert_int_equal(inner[is_server(h) ? 14 : 18], 10 + index); /* the client's network */
}

static void names(struct host *h, size_t index)
{
    const bool is_one = is_server(h);
    char text[40];
    snprintf(text, sizeof text, "192.0.2.%d", 10 + (int)index);
    assert_int_equal(
        ipsec_addr_parse("192.0.2.1", is_one ? &h->peer.local.addr : &h->peer.remote.addr),
        IPSEC_OK);
    assert_int_equal(ipsec_addr_parse(text, is_one ? &h->peer.remote.addr : &h->peer.local.addr),
                     IPSEC_OK);
    snprintf(text, sizeof text, "192.168.%d.0/24", 10 + (int)index);
    struct ipsec_selectors *near = is_one ? &h->child.remote_ts : &h->child.local_ts;
    struct ipsec_selectors *far = is_one ? &h->child.local_ts : &h->child.remote_ts;
    assert_int_equal(ipsec_selector_parse(text, &near->item[near->count++]), IPSEC_OK);
    assert_int_equal(ipsec_selector_parse("10.0.0.0/8", &far->item[far->count++]), IPSEC_OK);
}

static void host_start(struct host *h, size_t index, uint8_t instance)
{
    size_t bytes = 0;
    memset(h, 0, sizeof *h);
    assert_int_equal(ipsec_mbedtls_new(NULL, &h->provider), IPSEC_OK);
    h->items[0] = ipsec_mbedtls_crypto(h->provider);
    assert_int_equal(
        ipsec_proposals_parse("aes128-sha256-ecp256", IPSEC_PROTOCOL_IKE, &h->ike, NULL), IPSEC_OK);
    assert_int_equal(ipsec_proposals_parse("aes128gcm16", IPSEC_PROTOCOL_ESP, &h->esp, NULL),
                     IPSEC_OK);
    h->child.size = sizeof h->child;
    h->child.name = "lan";
    h->child.proposals = &h->esp;
    h->peer.size = sizeof h->peer;
    h->peer.name = "other";
    h->peer.proposals = &h->ike;
    h->peer.children = &h->child;
    h->peer.child_count = 1;
    names(h, index);
    h->config = (struct ipsec_gw_config)IPSEC_GW_CONFIG_INIT;
    h->config.crypto = (struct ipsec_crypto_list){h->items, 1};
    h->config.user = h;
    h->config.callbacks = (struct ipsec_gw_callbacks)IPSEC_GW_CALLBACKS_INIT;
    h->config.callbacks.find_peer = find_peer;
    h->config.callbacks.find_secret = find_secret;
    h->config.callbacks.event = on_event;
    h->config.callbacks.wan_send = on_send;
    h->config.callbacks.lan_deliver = on_deliver;
    h->config.ike = (struct ipsec_ike_config)IPSEC_IKE_CONFIG_INIT;
    h->config.ike.instance_bits = is_server(h) ? BITS : 0;
    h->config.ike.instance = instance;
    assert_int_equal(ipsec_gw_size(&h->config, &bytes), IPSEC_OK);
    h->block = malloc(bytes);
    assert_non_null(h->block);
    assert_int_equal(ipsec_gw_init(h->block, bytes, &h->config, now, &h->gw), IPSEC_OK);
    assert_int_equal(ipsec_gw_add_peer(h->gw, &h->peer), IPSEC_OK);
}

static void host_stop(struct host *h)
{
    ipsec_gw_deinit(h->gw);
    free(h->block);
    ipsec_mbedtls_free(h->provider);
}

/* What whoever reads the server's socket does. */
static struct host *server_of(const struct ipsec_packet *packet)
{
    uint32_t instance = 0;
    const enum ipsec_status status = ipsec_gw_instance(&server[0].config.ike, packet, &instance);
    if (status == IPSEC_ERR_NOT_FOUND) {
        calls++;
        return &server[packet->remote.addr.bytes[3] - 10];
    }
    assert_int_equal(status, IPSEC_OK);
    by_owner++;
    assert_in_range(instance, 5, 5 + INSTANCES - 1);
    return &server[instance - 5];
}

static void settle(void)
{
    for (size_t i = 0; i < queued; i++) {
        struct ipsec_packet *p = &queue[i].packet;
        const struct ipsec_endpoint from = p->local;
        p->local = p->remote;
        p->remote = from;
        struct host *to = queue[i].by_server ? &client[p->local.addr.bytes[3] - 10] : server_of(p);
        ipsec_gw_wan_input(to->gw, &p, 1, now);
        assert_int_equal(p->status, IPSEC_OK);
    }
    queued = 0;
}

/* A packet each way. */
static void ping(size_t index)
{
    uint8_t octets[BUFFER_BYTES] = {0};
    for (int back = 0; back <= 1; back++) {
        struct host *from = back != 0 ? &server[index] : &client[index];
        struct host *to = back != 0 ? &client[index] : &server[index];
        const uint8_t ends[2][4] = {{192, 168, (uint8_t)(10 + index), 10}, {10, 1, 2, 3}};
        const uint8_t head[12] = {0x45, 0, 0, 84, 0, 0, 0, 0, 64, 1, 0, 0};
        const unsigned before = to->delivered;
        struct ipsec_packet p = {
            .buffer = octets, .capacity = sizeof octets, .offset = HEAD, .length = 84};
        struct ipsec_packet *list = &p;
        memcpy(octets + HEAD, head, sizeof head);
        memcpy(octets + HEAD + 12, ends[back], 4);
        memcpy(octets + HEAD + 16, ends[1 - back], 4);
        ipsec_gw_lan_input(from->gw, &list, 1, now);
        assert_int_equal(p.status, IPSEC_OK);
        settle();
        assert_int_equal(to->delivered, before + 1);
    }
}

static void expect_numbered(size_t index)
{
    struct ipsec_ike_sa_info info;
    assert_int_equal(ipsec_ike_sa_info(ipsec_gw_ike(server[index].gw), server[index].ike_sa, &info),
                     IPSEC_OK);
    const uint64_t own = info.initiator ? info.spi_i : info.spi_r;
    assert_int_equal(own >> (64 - BITS), 5 + index);
    assert_int_equal(server[index].up.spi_in >> (32 - BITS), 5 + index);
    assert_int_equal(server[index].up.spi_in, client[index].up.spi_out);
}

static void two_instances_behind_one_address(void **state)
{
    (void)state;
    now = 1000000;
    queued = 0;
    calls = 0;
    by_owner = 0;
    for (uint8_t i = 0; i < INSTANCES; i++) {
        host_start(&server[i], i, (uint8_t)(5 + i));
        host_start(&client[i], i, 0);
    }
    ipsec_handle sa;
    /* Both at once, so that datagrams of both are in between; one is called by its server. */
    assert_int_equal(ipsec_ike_initiate(ipsec_gw_ike(client[0].gw), &client[0].peer, now, &sa),
                     IPSEC_OK);
    assert_int_equal(ipsec_ike_initiate(ipsec_gw_ike(server[1].gw), &server[1].peer, now, &sa),
                     IPSEC_OK);
    settle();
    assert_int_equal(calls, 1);
    for (size_t i = 0; i < INSTANCES; i++) {
        expect_numbered(i);
        ping(i);
    }
    /* The new SAs of rekeys, begun by either side, are the instance's, too. */
    for (size_t i = 0; i < INSTANCES; i++) {
        for (int by_client = 0; by_client <= 1; by_client++) {
            struct host *h = by_client != 0 ? &client[i] : &server[i];
            const uint32_t before = server[i].up.spi_in;
            assert_int_equal(ipsec_ike_rekey_child(ipsec_gw_ike(h->gw), h->child_sa, 0, now),
                             IPSEC_OK);
            settle();
            assert_int_not_equal(server[i].up.spi_in, before);
            expect_numbered(i);
            assert_int_equal(ipsec_ike_rekey(ipsec_gw_ike(h->gw), h->ike_sa, now), IPSEC_OK);
            settle();
            expect_numbered(i);
            ping(i);
        }
    }
    assert_int_equal(calls, 1);
    assert_true(by_owner > 20);
    for (size_t i = 0; i < INSTANCES; i++) {
        host_stop(&server[i]);
        host_stop(&client[i]);
    }
}

static void a_number_has_to_fit(void **state)
{
    (void)state;
    struct host *h = &server[0];
    size_t bytes;
    host_start(h, 0, 7);
    ipsec_gw_deinit(h->gw);
    assert_int_equal(ipsec_gw_size(&h->config, &bytes), IPSEC_OK);
    h->config.ike.instance = 8;
    assert_int_equal(ipsec_gw_init(h->block, bytes, &h->config, now, &h->gw), IPSEC_ERR_ARGUMENT);
    h->config.ike.instance = 0;
    h->config.ike.instance_bits = IPSEC_INSTANCE_BITS_MAX + 1;
    assert_int_equal(ipsec_gw_init(h->block, bytes, &h->config, now, &h->gw), IPSEC_ERR_ARGUMENT);
    h->config.ike.instance_bits = 0;
    h->config.ike.instance = 1;
    assert_int_equal(ipsec_gw_init(h->block, bytes, &h->config, now, &h->gw), IPSEC_ERR_ARGUMENT);
    free(h->block);
    ipsec_mbedtls_free(h->provider);
}

/* ---- a pair in a thread each --------------------------------------------------------------------
 */

static void *whole_life(void *argument)
{
    struct pair *p = argument;
    pair_init(p, "aes128-sha256-ecp256", "aes128gcm16-ecp256");
    pair_start(p);
    pair_establish(p);
    pair_traffic(p, 50);
    assert_int_equal(
        ipsec_ike_rekey_child(ipsec_gw_ike(p->a.gw), p->a.child_sa, 0, ipsec_memory_now(p->memory)),
        IPSEC_OK);
    pair_traffic(p, 50);
    assert_int_equal(
        ipsec_ike_rekey(ipsec_gw_ike(p->b.gw), p->b.ike_sa, ipsec_memory_now(p->memory)), IPSEC_OK);
    pair_traffic(p, 50);
    pair_expect_no_loss(p);
    pair_stop(p);
    return p;
}

static void instances_have_nothing_in_common(void **state)
{
    (void)state;
    static struct pair pairs[INSTANCES];
    pthread_t thread[INSTANCES];
    for (size_t i = 0; i < INSTANCES; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, whole_life, &pairs[i]), 0);
    }
    for (size_t i = 0; i < INSTANCES; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(thread[i], &result), 0);
        assert_ptr_equal(result, &pairs[i]);
        assert_int_equal(pairs[i].a.arrived, 150);
        assert_int_equal(pairs[i].b.arrived, 150);
        assert_int_equal(pairs[i].a.events[IPSEC_EVENT_CHILD_REKEYED], 1);
        assert_int_equal(pairs[i].b.events[IPSEC_EVENT_IKE_REKEYED], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_instances_behind_one_address),
        cmocka_unit_test(a_number_has_to_fit),
        cmocka_unit_test(instances_have_nothing_in_common),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
