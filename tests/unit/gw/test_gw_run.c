/* SPDX-License-Identifier: Apache-2.0
 *
 * The gateway's memory and its turn over an I/O backend: a small one that counts its calls.
 */
#include "allocations.h"
#include "gw_kit.h"

/* ---- A backend ------------------------------------------------------------------------------- */

struct fake_io {
    struct ipsec_io io;
    struct gw_kit *kit;
    struct kit_packet *wan;
    size_t wan_count;
    struct kit_packet *lan;
    size_t lan_count;
    enum ipsec_status receive_status;
    enum ipsec_status pull_status;
    enum ipsec_status wait_status;
    size_t lie; /* receive claims this many more than there was room for */
    unsigned waits;
    ipsec_ms waited_until;
    size_t sent;
    size_t delivered;
    uint32_t smallest_room;
    struct ipsec_path_mtu told[4];
    size_t told_count;
};

static size_t give(struct kit_packet *from, size_t count, struct ipsec_packet *const to[],
                   size_t max)
{
    const size_t n = count < max ? count : max;
    for (size_t i = 0; i < n; i++) {
        struct ipsec_packet *p = to[i];
        assert_true(p->capacity - p->offset >= from[i].packet.length);
        p->carrier = from[i].packet.carrier;
        p->local = from[i].packet.local;
        p->remote = from[i].packet.remote;
        p->length = from[i].packet.length;
        memcpy(p->buffer + p->offset, kit_content(&from[i]), p->length);
    }
    return n;
}

static enum ipsec_status receive(void *context, struct ipsec_packet *const packets[], size_t max,
                                 size_t *received)
{
    struct fake_io *f = context;
    *received = give(f->wan, f->wan_count, packets, max);
    f->wan += *received;
    f->wan_count -= *received;
    *received += f->lie != 0 ? max + f->lie : 0;
    return f->receive_status;
}

static enum ipsec_status pull(void *context, struct ipsec_packet *const packets[], size_t max,
                              size_t *pulled)
{
    struct fake_io *f = context;
    *pulled = give(f->lan, f->lan_count, packets, max);
    f->lan += *pulled;
    f->lan_count -= *pulled;
    return f->pull_status;
}

static void count_sent(void *context, struct ipsec_packet *const packets[], size_t n)
{
    struct fake_io *f = context;
    for (size_t i = 0; i < n; i++) {
        packets[i]->status = f->sent++ % 2 == 0 ? IPSEC_OK : IPSEC_DROP_IO;
    }
}

static void count_delivered(void *context, struct ipsec_packet *const packets[], size_t n)
{
    struct fake_io *f = context;
    f->delivered += n;
    for (size_t i = 0; i < n; i++) {
        packets[i]->status = IPSEC_OK;
    }
}

static ipsec_ms tell_time(void *context)
{
    const struct fake_io *f = context;
    return f->kit->now;
}

static enum ipsec_status wait_until(void *context, ipsec_ms deadline)
{
    struct fake_io *f = context;
    f->waits++;
    f->waited_until = deadline;
    return f->wait_status;
}

static bool tell_mtu(void *context, struct ipsec_path_mtu *told)
{
    struct fake_io *f = context;
    if (f->told_count == 0) {
        return false;
    }
    *told = f->told[--f->told_count];
    return true;
}

static const struct kit_child one = {.child = 1, .spi_in = 0x1001, .spi_out = 0x2001};

static struct gw_kit *start(struct fake_io *f)
{
    struct gw_kit *kit = malloc(sizeof *kit);
    assert_non_null(kit);
    kit_init(kit, false);
    kit->config.burst = 4;
    kit_start(kit);
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    memset(f, 0, sizeof *f);
    f->kit = kit;
    f->io.size = sizeof f->io;
    f->io.context = f;
    f->io.wan_receive = receive;
    f->io.wan_send = count_sent;
    f->io.lan_pull = pull;
    f->io.lan_deliver = count_delivered;
    f->io.now = tell_time;
    f->io.wait = wait_until;
    f->io.path_mtu = tell_mtu;
    return kit;
}

static void stop(struct gw_kit *kit)
{
    kit_stop(kit);
    free(kit);
}

static uint32_t inner_mtu(const struct gw_kit *kit)
{
    uint32_t mtu = 9;
    assert_int_equal(ipsec_gw_child_mtu(kit->gw, one.child, &mtu), IPSEC_OK);
    return mtu;
}

static void turn(struct fake_io *f)
{
    assert_int_equal(ipsec_gw_run(f->kit->gw, &f->io, f->kit->now), IPSEC_OK);
}

/* What the backend has learned of a path is the children's: the system's own word for all that go
 * there, an ICMP message's for that whose SPI it quotes. */
static void pmtu_04_a_backend_tells_path_mtus(void **state)
{
    (void)state;
    struct fake_io f;
    struct gw_kit *kit = start(&f);
    const struct ipsec_addr peer = kit_endpoint("192.0.2.2", 0).addr;
    const struct ipsec_addr other = kit_endpoint("192.0.2.3", 0).addr;
    f.told[0] = (struct ipsec_path_mtu){peer, 1400, 0x2002}; /* not an SPI of ours */
    f.told[1] = (struct ipsec_path_mtu){other, 1400, 0x2001};
    f.told[2] = (struct ipsec_path_mtu){other, 1400, 0};
    f.told[3] = (struct ipsec_path_mtu){peer, 0, 0x2001};
    f.told_count = 4;
    turn(&f);
    assert_int_equal(f.told_count, 0);
    assert_int_equal(inner_mtu(kit), 0);
    f.told[f.told_count++] = (struct ipsec_path_mtu){peer, 1400, 0x2001};
    turn(&f);
    const uint32_t routers = inner_mtu(kit);
    assert_true(routers > 1300 && routers < 1400);
    f.told[f.told_count++] = (struct ipsec_path_mtu){peer, 1300, 0};
    turn(&f);
    assert_true(inner_mtu(kit) < routers);
    f.told_count = 1;
    f.io.size = offsetof(struct ipsec_io, path_mtu); /* of a program that does not know it */
    f.told[0].mtu = 900;
    const uint32_t before = inner_mtu(kit);
    turn(&f);
    assert_int_equal(f.told_count, 1);
    assert_int_equal(inner_mtu(kit), before);
    stop(kit);
}

static void a_turn_waits_only_when_there_is_nothing(void **state)
{
    (void)state;
    struct fake_io f;
    struct gw_kit *kit = start(&f);
    struct kit_packet *pings = calloc(10, sizeof *pings);
    assert_non_null(pings);
    for (size_t i = 0; i < 10; i++) {
        kit_ping(kit, &pings[i], (uint8_t)i);
    }
    f.lan = pings;
    f.lan_count = 10;
    for (size_t turns = 0; turns < 3; turns++) {
        assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 5000), IPSEC_OK);
    }
    assert_int_equal(f.sent, 10);
    assert_int_equal(f.waits, 0);
    assert_int_equal(kit_drops_out(kit, IPSEC_DROP_IO), 5); /* the io refused every second */
    assert_int_equal(kit_counters(kit).wan_out, 5);
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 5000), IPSEC_OK);
    assert_int_equal(f.waits, 1);
    assert_int_equal(f.waited_until, 5000);
    kit->ike->deadline = 3000;
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 5000), IPSEC_OK);
    assert_int_equal(f.waited_until, 3000);
    assert_int_equal(kit->ike->expired, 0);
    kit->now = 3000;
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 5000), IPSEC_OK);
    assert_int_equal(kit->ike->expired, 1);
    assert_int_equal(kit->wan.count, 0); /* nothing by the callbacks */
    free(pings);
    stop(kit);
}

static void both_sides_are_served_in_one_turn(void **state)
{
    (void)state;
    struct fake_io f;
    struct gw_kit *kit = start(&f);
    struct kit_packet ping;
    struct kit_packet datagrams[3];
    kit_ping(kit, &ping, 1);
    kit_ike_datagram(&datagrams[0], KIT_IKE);
    kit_ike_datagram(&datagrams[1], KIT_NATT);
    kit_datagram(&datagrams[2], IPSEC_CARRIER_ESP, 0, "", 0);
    f.lan = &ping;
    f.lan_count = 1;
    f.wan = datagrams;
    f.wan_count = 3;
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 0), IPSEC_OK);
    assert_int_equal(f.sent, 1);
    assert_int_equal(kit->ike->inputs, 2);
    assert_int_equal(kit_drops_in(kit, IPSEC_DROP_TRUNCATED), 1);
    stop(kit);
}

static void a_full_sized_packet_has_room_to_be_sealed(void **state)
{
    (void)state;
    struct fake_io f;
    struct gw_kit *kit = start(&f);
    struct kit_packet big;
    kit_ipv4(&big, "192.168.1.10", "192.168.2.10", 2048 - 128 - 64, 1);
    f.lan = &big;
    f.lan_count = 1;
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 0), IPSEC_OK);
    assert_int_equal(f.sent, 1);
    assert_int_equal(kit_all_drops(kit), 0);
    stop(kit);
}

static void failures_of_the_backend_come_out(void **state)
{
    (void)state;
    struct fake_io f;
    struct gw_kit *kit = start(&f);
    f.receive_status = IPSEC_ERR_IO;
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 0), IPSEC_ERR_IO);
    f.receive_status = IPSEC_OK;
    f.pull_status = IPSEC_ERR_IO;
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 0), IPSEC_ERR_IO);
    f.pull_status = IPSEC_OK;
    f.wait_status = IPSEC_ERR_IO;
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 0), IPSEC_ERR_IO);
    f.wait_status = IPSEC_OK;
    f.lie = 1;
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 0), IPSEC_ERR_IO);
    f.lie = 0;
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 0), IPSEC_OK);
    assert_int_equal(ipsec_gw_run(kit->gw, NULL, 0), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_gw_run(NULL, &f.io, 0), IPSEC_ERR_ARGUMENT);
    stop(kit);
}

static void without_any_output_packets_are_dropped(void **state)
{
    (void)state;
    struct gw_kit *kit = malloc(sizeof *kit);
    struct kit_packet ping;
    assert_non_null(kit);
    kit_init(kit, false);
    kit->config.callbacks.wan_send = NULL;
    kit->config.callbacks.lan_deliver = NULL;
    kit_start(kit);
    assert_int_equal(kit_install(kit, &one), IPSEC_OK);
    kit_ping(kit, &ping, 1);
    kit_lan(kit, &ping, 1);
    assert_int_equal(ping.packet.status, IPSEC_DROP_IO);
    assert_int_equal(kit_drops_out(kit, IPSEC_DROP_IO), 1);
    stop(kit);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void the_block_is_exactly_as_large_as_said(void **state)
{
    (void)state;
    struct gw_kit *kit = malloc(sizeof *kit);
    size_t bytes = 0;
    assert_non_null(kit);
    kit_init(kit, false);
    kit->config.outer = IPSEC_OUTER_IP;
    assert_int_equal(ipsec_gw_size(&kit->config, &bytes), IPSEC_OK);
    void *block = malloc(bytes);
    assert_non_null(block);
    assert_int_equal(ipsec_gw_init(block, bytes - 1, &kit->config, 0, &kit->gw), IPSEC_ERR_BUFFER);
    assert_int_equal(ipsec_gw_init(block, 0, &kit->config, 0, &kit->gw), IPSEC_ERR_BUFFER);
    assert_int_equal(ipsec_gw_init(NULL, bytes, &kit->config, 0, &kit->gw), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_gw_init(block, bytes, &kit->config, 0, &kit->gw), IPSEC_OK);
    ipsec_gw_deinit(kit->gw);
    ipsec_gw_deinit(NULL);
    free(block);
    free(kit);
}

static void configurations_that_can_not_be_are_refused(void **state)
{
    (void)state;
    struct gw_kit *kit = malloc(sizeof *kit);
    size_t bytes = 0;
    assert_non_null(kit);
    kit_init(kit, false);
    struct ipsec_gw_config good = kit->config;
    assert_int_equal(ipsec_gw_size(NULL, &bytes), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_gw_size(&good, NULL), IPSEC_ERR_ARGUMENT);
    struct ipsec_gw_config c = good;
    c.size = 0;
    assert_int_equal(ipsec_gw_size(&c, &bytes), IPSEC_ERR_STRUCT_SIZE);
    c = good;
    c.outer = 2;
    assert_int_equal(ipsec_gw_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c = good;
    c.crypto.count = 0;
    assert_int_equal(ipsec_gw_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c = good;
    c.packet_bytes = 192;
    assert_int_equal(ipsec_gw_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c = good;
    c.policy_max = 1u << 21;
    assert_int_equal(ipsec_gw_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    c = good;
    c.replay_window_max = 100000;
    assert_int_equal(ipsec_gw_size(&c, &bytes), IPSEC_ERR_ARGUMENT);
    free(kit);
}

static void nothing_is_allocated_after_init(void **state)
{
    (void)state;
    struct fake_io f;
    struct gw_kit *kit = start(&f);
    struct kit_packet burst[4];
    const struct kit_child next = {
        .child = 2, .replaces = 1, .spi_in = 0x1002, .spi_out = 0x2002, .waits = true};
    /* The toy provider's keys are its own business, and so they are made before. */
    assert_int_equal(kit_install(kit, &next), IPSEC_OK);
    assert_true(allocations > 0); /* the counter works */
    allocations = 0;
    for (uint8_t i = 0; i < 4; i++) {
        kit_ping(kit, &burst[i], i);
    }
    kit_lan(kit, burst, 4);
    kit_update(kit, 2, IPSEC_CHILD_UPDATE_USE);
    kit_remove(kit, 1);
    kit_ike_datagram(&burst[0], KIT_IKE);
    kit_datagram(&burst[1], IPSEC_CARRIER_ESP, 0, "\0\0\x10\x02\0\0\0\1--------------------", 28);
    kit_wan(kit, burst, 2);
    assert_int_equal(ipsec_gw_run(kit->gw, &f.io, 0), IPSEC_OK);
    assert_int_equal(ipsec_gw_remove_peer(kit->gw, &kit->peer, 0), IPSEC_OK);
    assert_int_equal(ipsec_gw_add_peer(kit->gw, &kit->peer), IPSEC_OK);
    ipsec_gw_expire(kit->gw, 9);
    assert_int_equal(allocations, 0);
    stop(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pmtu_04_a_backend_tells_path_mtus),
        cmocka_unit_test(a_turn_waits_only_when_there_is_nothing),
        cmocka_unit_test(both_sides_are_served_in_one_turn),
        cmocka_unit_test(a_full_sized_packet_has_room_to_be_sealed),
        cmocka_unit_test(failures_of_the_backend_come_out),
        cmocka_unit_test(without_any_output_packets_are_dropped),
        cmocka_unit_test(the_block_is_exactly_as_large_as_said),
        cmocka_unit_test(configurations_that_can_not_be_are_refused),
        cmocka_unit_test(nothing_is_allocated_after_init),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
