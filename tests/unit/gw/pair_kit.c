/* SPDX-License-Identifier: Apache-2.0
 *
 * See pair_kit.h.
 */
#include "pair_kit.h"

#include "bytes.h"

#define TURNS_MAX 2000

/* ---- Callbacks ------------------------------------------------------------------------------- */

static enum ipsec_status find_peer(void *user, uint32_t token, const struct ipsec_peer_query *query,
                                   const struct ipsec_peer **peer)
{
    struct pair_end *end = user;
    (void)token;
    (void)query;
    *peer = &end->peer;
    return IPSEC_OK;
}

static enum ipsec_status find_secret(void *user, uint32_t token,
                                     const struct ipsec_secret_query *query,
                                     struct ipsec_secret *secret)
{
    struct pair_end *end = user;
    assert_ptr_equal(query->peer, &end->peer);
    if (end->pending_secret) {
        end->secret_token = token;
        return IPSEC_PENDING;
    }
    secret->length = strlen(end->secret);
    memcpy(secret->bytes, end->secret, secret->length);
    return IPSEC_OK;
}

/* With GW_TRACE set: what happened, for finding out about a seed that fails. */
static void trace(const struct pair_end *end, const struct ipsec_event *event)
{
    static const char *const names[PAIR_EVENTS] = {
        "",           "message",  "ike up",        "ike rekeyed",
        "ike closed", "child up", "child rekeyed", "child closed",
        "failure",    "warning",  "rekey failed",  "drop"};
    if (getenv("GW_TRACE") == NULL) {
        return;
    }
    print_message("%10u %c %-13s ike %08x child %08x old %08x reason %d status %d",
                  (unsigned)event->now, end->end == IPSEC_MEMORY_A ? 'A' : 'B', names[event->type],
                  event->ike_sa, event->child_sa, event->old_child, (int)event->reason,
                  (int)event->status);
    if (event->message != NULL) {
        print_message(" %s %s %u id %u%s", event->message->outbound ? "out" : "in",
                      event->message->response ? "response" : "request",
                      (unsigned)event->message->exchange, (unsigned)event->message->message_id,
                      event->message->retransmission ? " again" : "");
    }
    if (event->child != NULL) {
        print_message(" spi in %08x out %08x", event->child->spi_in, event->child->spi_out);
    }
    print_message("\n");
}

static void on_event(void *user, const struct ipsec_event *event)
{
    struct pair_end *end = user;
    char text[IPSEC_FAILURE_TEXT_MAX];
    assert_in_range(event->type, 1, PAIR_EVENTS - 1);
    end->events[event->type]++;
    trace(end, event);
    if (event->type == IPSEC_EVENT_IKE_ESTABLISHED || event->type == IPSEC_EVENT_IKE_REKEYED) {
        end->ike_sa = event->ike_sa;
    }
    if (event->type == IPSEC_EVENT_CHILD_ESTABLISHED || event->type == IPSEC_EVENT_CHILD_REKEYED) {
        end->child_sa = event->child_sa;
        end->child_suite = event->child->suite;
    }
    if (event->type == IPSEC_EVENT_FAILURE) {
        end->cause = event->failure->cause;
        ipsec_failure_text(event->failure, text, sizeof text);
        if (!end->pair->quiet) {
            print_message("%c: %s\n", end->end == IPSEC_MEMORY_A ? 'A' : 'B', text);
        }
    }
}

static void on_acquire(void *user, const struct ipsec_peer *peer,
                       const struct ipsec_child_config *child)
{
    struct pair_end *end = user;
    ipsec_handle sa = 0;
    assert_ptr_equal(child, &end->child);
    if (end->acquire_initiates) {
        const enum ipsec_status status = ipsec_ike_initiate(
            ipsec_gw_ike(end->gw), peer, ipsec_memory_now(end->pair->memory), &sa);
        /* With a peer that does not answer, attempts fill the table in time. */
        assert_true(status == IPSEC_OK || status == IPSEC_ERR_FULL);
    }
}

/* ---- Making it ------------------------------------------------------------------------------- */

static void set_addresses(struct pair_end *end, const char *local, const char *remote,
                          const char *local_net, const char *remote_net)
{
    assert_int_equal(ipsec_addr_parse(local, &end->peer.local.addr), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse(remote, &end->peer.remote.addr), IPSEC_OK);
    assert_int_equal(ipsec_selector_parse(local_net, &end->child.local_ts.item[0]), IPSEC_OK);
    assert_int_equal(ipsec_selector_parse(remote_net, &end->child.remote_ts.item[0]), IPSEC_OK);
    end->child.local_ts.count = end->child.remote_ts.count = 1;
}

static void end_init(struct pair *pair, struct pair_end *end, const char *ike, const char *esp)
{
    end->pair = pair;
    end->secret = "a secret of the tests, long enough";
    assert_int_equal(ipsec_proposals_parse(ike, IPSEC_PROTOCOL_IKE, &end->ike_proposals, NULL),
                     IPSEC_OK);
    assert_int_equal(ipsec_proposals_parse(esp, IPSEC_PROTOCOL_ESP, &end->esp_proposals, NULL),
                     IPSEC_OK);
    assert_int_equal(ipsec_mbedtls_new(NULL, &end->provider), IPSEC_OK);
    end->items[0] = ipsec_mbedtls_crypto(end->provider);
    end->child.size = sizeof end->child;
    end->child.name = "lan";
    end->child.proposals = &end->esp_proposals;
    end->peer.size = sizeof end->peer;
    end->peer.name = "other";
    end->peer.proposals = &end->ike_proposals;
    end->peer.children = &end->child;
    end->peer.child_count = 1;
    end->peer.remote_id.type = IPSEC_ID_NONE;
    end->config.size = sizeof end->config;
    end->config.crypto.item = end->items;
    end->config.crypto.count = 1;
    end->config.user = end;
    end->config.callbacks.size = sizeof end->config.callbacks;
    end->config.callbacks.find_peer = find_peer;
    end->config.callbacks.find_secret = find_secret;
    end->config.callbacks.event = on_event;
    end->config.callbacks.acquire = on_acquire;
}

void pair_init(struct pair *pair, const char *ike, const char *esp)
{
    memset(pair, 0, sizeof *pair);
    pair->memory_config.size = sizeof pair->memory_config;
    pair->memory_config.start = 1000000;
    pair->b.end = IPSEC_MEMORY_B;
    end_init(pair, &pair->a, ike, esp);
    end_init(pair, &pair->b, ike, esp);
    set_addresses(&pair->a, "192.0.2.1", "192.0.2.2", "192.168.1.0/24", "192.168.2.0/24");
    set_addresses(&pair->b, "192.0.2.2", "192.0.2.1", "192.168.2.0/24", "192.168.1.0/24");
}

static void end_start(struct pair_end *end)
{
    const ipsec_ms now = ipsec_memory_now(end->pair->memory);
    size_t bytes = 0;
    end->config.io = ipsec_memory_io(end->pair->memory, end->end);
    assert_int_equal(ipsec_gw_size(&end->config, &bytes), IPSEC_OK);
    end->block = malloc(bytes);
    assert_non_null(end->block);
    assert_int_equal(ipsec_gw_init(end->block, bytes, &end->config, now, &end->gw), IPSEC_OK);
    assert_int_equal(ipsec_gw_add_peer(end->gw, &end->peer), IPSEC_OK);
}

void pair_start(struct pair *pair)
{
    assert_int_equal(ipsec_memory_new(&pair->memory_config, &pair->memory), IPSEC_OK);
    end_start(&pair->a);
    end_start(&pair->b);
}

static void end_stop(struct pair_end *end)
{
    ipsec_gw_deinit(end->gw);
    free(end->block);
    ipsec_mbedtls_free(end->provider);
}

void pair_stop(struct pair *pair)
{
    end_stop(&pair->a);
    end_stop(&pair->b);
    ipsec_memory_free(pair->memory);
}

/* ---- The hosts ------------------------------------------------------------------------------- */

static uint32_t ping_length(uint32_t number)
{
    return 100 + number * 37 % 1301;
}

void pair_ping(struct pair_end *from)
{
    uint8_t p[1500] = {0x45};
    const uint32_t number = from->sent++;
    const uint32_t length = ping_length(number);
    ipseci_store16(p + 2, (uint16_t)length);
    p[8] = 64;
    p[9] = 1; /* ICMP echo request */
    memcpy(p + 12, from->child.local_ts.item[0].first, 3);
    memcpy(p + 16, from->child.remote_ts.item[0].first, 3);
    p[15] = p[19] = 10;
    p[20] = 8;
    ipseci_store32(p + 24, number);
    memset(p + 28, (int)number, length - 28);
    const struct ipsec_view packet = {p, length};
    assert_int_equal(ipsec_memory_lan_send(from->pair->memory, from->end, packet), IPSEC_OK);
}

static void read_lan(struct pair_end *end)
{
    uint8_t p[2048];
    size_t length = 0;
    while (ipsec_memory_lan_receive(end->pair->memory, end->end, p, sizeof p, &length) ==
           IPSEC_OK) {
        const uint32_t number = ipseci_load32(p + 24);
        assert_int_equal(length, ping_length(number));
        assert_int_equal(p[length - 1], (uint8_t)number);
        assert_memory_equal(p + 16, end->child.local_ts.item[0].first, 3);
        assert_true(number >= end->expected); /* order is kept */
        end->expected = number + 1;
        end->arrived++;
    }
}

/* ---- Running --------------------------------------------------------------------------------- */

static void turn(struct pair_end *end)
{
    const struct ipsec_io *io = ipsec_memory_io(end->pair->memory, end->end);
    assert_int_equal(ipsec_gw_run(end->gw, io, 0), IPSEC_OK);
    read_lan(end);
}

void pair_turn(struct pair *pair)
{
    turn(&pair->a);
    turn(&pair->b);
}

void pair_settle(struct pair *pair)
{
    unsigned turns = 0;
    do {
        pair_turn(pair);
        assert_true(++turns < TURNS_MAX);
    } while (!ipsec_memory_idle(pair->memory));
}

void pair_pass(struct pair *pair, ipsec_ms ms)
{
    const ipsec_ms until = ipsec_memory_now(pair->memory) + ms;
    unsigned turns = 0;
    for (;;) {
        pair_settle(pair);
        const ipsec_ms due_a = ipsec_gw_deadline(pair->a.gw);
        const ipsec_ms due_b = ipsec_gw_deadline(pair->b.gw);
        const ipsec_ms due = due_a < due_b ? due_a : due_b;
        if (due > until) {
            break;
        }
        assert_true(++turns < TURNS_MAX);
        if (due > ipsec_memory_now(pair->memory)) {
            ipsec_memory_set_now(pair->memory, due);
        }
    }
    ipsec_memory_set_now(pair->memory, until);
}

void pair_traffic(struct pair *pair, unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        pair_ping(&pair->a);
        pair_ping(&pair->b);
        pair_turn(pair);
    }
}

void pair_establish(struct pair *pair)
{
    ipsec_handle sa = 0;
    assert_int_equal(ipsec_ike_initiate(ipsec_gw_ike(pair->a.gw), &pair->a.peer,
                                        ipsec_memory_now(pair->memory), &sa),
                     IPSEC_OK);
    pair_settle(pair);
    assert_int_equal(pair->a.events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    assert_int_equal(pair->b.events[IPSEC_EVENT_CHILD_ESTABLISHED], 1);
    assert_int_equal(pair->a.events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
    assert_int_equal(pair->b.events[IPSEC_EVENT_IKE_ESTABLISHED], 1);
}

/* ---- Looking --------------------------------------------------------------------------------- */

uint64_t pair_drops(const struct pair_end *end)
{
    struct ipsec_gw_counters counters;
    ipsec_gw_counters(end->gw, &counters);
    uint64_t sum = counters.errors_in + counters.errors_out;
    for (size_t i = 0; i < IPSEC_DROP_REASONS; i++) {
        sum += counters.drops_in[i] + counters.drops_out[i];
        if (counters.drops_in[i] + counters.drops_out[i] != 0) {
            print_message("%c: %u times: %s\n", end->end == IPSEC_MEMORY_A ? 'A' : 'B',
                          (unsigned)(counters.drops_in[i] + counters.drops_out[i]),
                          ipsec_status_text(ipsec_drop_status(i)));
        }
    }
    return sum;
}

uint64_t pair_dropped(const struct pair_end *end, enum ipsec_status status)
{
    struct ipsec_gw_counters counters;
    const size_t i = ipsec_drop_index(status);
    ipsec_gw_counters(end->gw, &counters);
    return counters.drops_in[i] + counters.drops_out[i];
}

void pair_expect_no_loss(struct pair *pair)
{
    pair_settle(pair);
    assert_int_equal(pair_drops(&pair->a), 0);
    assert_int_equal(pair_drops(&pair->b), 0);
    assert_int_equal(pair->a.arrived, pair->b.sent);
    assert_int_equal(pair->b.arrived, pair->a.sent);
}

struct ipsec_ike_counters pair_ike_counters(struct pair_end *end)
{
    struct ipsec_ike_counters counters;
    ipsec_ike_counters(ipsec_gw_ike(end->gw), &counters);
    return counters;
}
