/* SPDX-License-Identifier: Apache-2.0
 *
 * The in-memory link: what goes in at one end comes out at the other, in order, with the addresses
 * the other way round; loss is what the filter says; full queues refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ipsec/backend_memory.h>

#define BYTES 256

struct buffer {
    struct ipsec_packet packet;
    uint8_t octets[BYTES];
};

static void make(struct buffer *b, uint8_t mark, uint32_t length)
{
    memset(b, 0, sizeof *b);
    b->packet.buffer = b->octets;
    b->packet.capacity = sizeof b->octets;
    b->packet.offset = 32;
    b->packet.length = length;
    b->packet.carrier = IPSEC_CARRIER_UDP;
    b->packet.traffic_class = 0xB8;
    assert_int_equal(ipsec_addr_parse("192.0.2.1", &b->packet.local.addr), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse("192.0.2.2", &b->packet.remote.addr), IPSEC_OK);
    b->packet.local.port = 500;
    b->packet.remote.port = 4500;
    memset(b->octets + 32, mark, length);
}

static void send(const struct ipsec_io *io, struct buffer *b)
{
    struct ipsec_packet *const list[] = {&b->packet};
    b->packet.status = IPSEC_FATAL_INVARIANT;
    io->wan_send(io->context, list, 1);
}

static size_t receive(const struct ipsec_io *io, struct buffer *b)
{
    struct ipsec_packet *const list[] = {&b->packet};
    size_t n = 99;
    memset(b, 0, sizeof *b);
    b->packet.buffer = b->octets;
    b->packet.capacity = sizeof b->octets;
    b->packet.offset = 16;
    assert_int_equal(io->wan_receive(io->context, list, 1, &n), IPSEC_OK);
    return n;
}

static struct ipsec_memory *start(const struct ipsec_memory_config *config)
{
    struct ipsec_memory *m = NULL;
    assert_int_equal(ipsec_memory_new(config, &m), IPSEC_OK);
    return m;
}

static void datagrams_cross_with_their_addresses_turned(void **state)
{
    (void)state;
    struct ipsec_memory *m = start(NULL);
    const struct ipsec_io *a = ipsec_memory_io(m, IPSEC_MEMORY_A);
    const struct ipsec_io *b = ipsec_memory_io(m, IPSEC_MEMORY_B);
    struct buffer out;
    struct buffer in;
    assert_true(ipsec_memory_idle(m));
    for (uint8_t i = 1; i <= 3; i++) {
        make(&out, i, 10u * i);
        send(a, &out);
        assert_int_equal(out.packet.status, IPSEC_OK);
    }
    assert_false(ipsec_memory_idle(m));
    assert_int_equal(receive(a, &in), 0);
    for (uint8_t i = 1; i <= 3; i++) {
        assert_int_equal(receive(b, &in), 1);
        assert_int_equal(in.packet.length, 10 * i);
        assert_int_equal(in.octets[16], i);
        assert_int_equal(in.packet.carrier, IPSEC_CARRIER_UDP);
        assert_int_equal(in.packet.traffic_class, 0xB8);
        assert_int_equal(in.packet.local.port, 4500);
        assert_int_equal(in.packet.remote.port, 500);
        assert_true(ipsec_addr_equal(&in.packet.remote.addr, &out.packet.local.addr));
    }
    assert_int_equal(receive(b, &in), 0);
    assert_true(ipsec_memory_idle(m));
    make(&out, 9, 1);
    send(b, &out);
    assert_int_equal(receive(a, &in), 1);
    ipsec_memory_free(m);
}

static void queues_wrap_and_full_ones_refuse(void **state)
{
    (void)state;
    struct ipsec_memory_config config = IPSEC_MEMORY_CONFIG_INIT;
    config.queue_max = 3;
    config.packet_bytes = 100;
    struct ipsec_memory *m = start(&config);
    const struct ipsec_io *a = ipsec_memory_io(m, IPSEC_MEMORY_A);
    const struct ipsec_io *b = ipsec_memory_io(m, IPSEC_MEMORY_B);
    struct buffer out;
    struct buffer in;
    struct ipsec_memory_counters counters;
    make(&out, 0, 101);
    send(a, &out);
    assert_int_equal(out.packet.status, IPSEC_DROP_IO);
    for (uint8_t round = 0; round < 5; round++) {
        for (uint8_t i = 0; i < 4; i++) {
            make(&out, (uint8_t)(round * 4 + i), 100);
            send(a, &out);
            assert_int_equal(out.packet.status, i < 3 ? IPSEC_OK : IPSEC_DROP_IO);
        }
        for (uint8_t i = 0; i < 3; i++) {
            assert_int_equal(receive(b, &in), 1);
            assert_int_equal(in.octets[16], round * 4 + i);
            assert_int_equal(in.octets[16 + 99], round * 4 + i);
        }
    }
    ipsec_memory_counters(m, &counters);
    assert_int_equal(counters.wan_sent[IPSEC_MEMORY_A], 21);
    assert_int_equal(counters.refused[IPSEC_MEMORY_A], 6);
    assert_int_equal(counters.refused[IPSEC_MEMORY_B], 0);
    ipsec_memory_free(m);
}

static void a_packet_too_large_for_the_reader_is_cut_not_overrun(void **state)
{
    (void)state;
    struct ipsec_memory *m = start(NULL);
    const struct ipsec_io *b = ipsec_memory_io(m, IPSEC_MEMORY_B);
    struct buffer out;
    struct buffer in;
    struct ipsec_packet *const list[] = {&in.packet};
    size_t n = 0;
    make(&out, 7, 100);
    send(ipsec_memory_io(m, IPSEC_MEMORY_A), &out);
    memset(&in, 0, sizeof in);
    in.packet.buffer = in.octets;
    in.packet.offset = 8;
    in.packet.capacity = 50;
    assert_int_equal(b->wan_receive(b->context, list, 1, &n), IPSEC_OK);
    assert_int_equal(in.packet.length, 42);
    assert_int_equal(in.octets[49], 7);
    assert_int_equal(in.octets[50], 0);
    ipsec_memory_free(m);
}

struct loss {
    unsigned seen;
    unsigned mask;
};

static bool lose(void *user, enum ipsec_memory_end from, struct ipsec_packet *datagram)
{
    struct loss *loss = user;
    const bool pass = (loss->mask >> loss->seen++ & 1) == 0;
    datagram->buffer[datagram->offset] ^= from == IPSEC_MEMORY_B ? 0xFF : 0;
    return pass;
}

static void the_filter_loses_and_changes(void **state)
{
    (void)state;
    struct loss loss = {0, 0x2};
    struct ipsec_memory_config config = IPSEC_MEMORY_CONFIG_INIT;
    config.filter = lose;
    config.user = &loss;
    struct ipsec_memory *m = start(&config);
    const struct ipsec_io *a = ipsec_memory_io(m, IPSEC_MEMORY_A);
    const struct ipsec_io *b = ipsec_memory_io(m, IPSEC_MEMORY_B);
    struct ipsec_memory_counters counters;
    struct buffer out;
    struct buffer in;
    for (uint8_t i = 0; i < 3; i++) {
        make(&out, i, 8);
        send(a, &out);
        assert_int_equal(out.packet.status, IPSEC_OK); /* a link does not tell */
    }
    assert_int_equal(receive(b, &in), 1);
    assert_int_equal(in.octets[16], 0);
    assert_int_equal(receive(b, &in), 1);
    assert_int_equal(in.octets[16], 2);
    assert_int_equal(receive(b, &in), 0);
    make(&out, 0x0F, 8);
    send(b, &out);
    assert_int_equal(receive(a, &in), 1);
    assert_int_equal(in.octets[16], 0xF0);
    ipsec_memory_counters(m, &counters);
    assert_int_equal(counters.wan_lost[IPSEC_MEMORY_A], 1);
    assert_int_equal(counters.wan_lost[IPSEC_MEMORY_B], 0);
    ipsec_memory_free(m);
}

static void lan_queues_go_both_ways(void **state)
{
    (void)state;
    struct ipsec_memory_config config = IPSEC_MEMORY_CONFIG_INIT;
    config.queue_max = 2;
    config.packet_bytes = 64;
    struct ipsec_memory *m = start(&config);
    const struct ipsec_io *a = ipsec_memory_io(m, IPSEC_MEMORY_A);
    const uint8_t octets[65] = {1, 2, 3};
    const struct ipsec_view packet = {octets, 64};
    const struct ipsec_view too_large = {octets, 65};
    struct buffer in;
    struct ipsec_packet *const list[] = {&in.packet};
    uint8_t out[64];
    size_t n = 0;
    assert_int_equal(ipsec_memory_lan_send(m, IPSEC_MEMORY_A, too_large), IPSEC_ERR_BUFFER);
    assert_int_equal(ipsec_memory_lan_send(m, IPSEC_MEMORY_A, packet), IPSEC_OK);
    assert_int_equal(ipsec_memory_lan_send(m, IPSEC_MEMORY_A, packet), IPSEC_OK);
    assert_int_equal(ipsec_memory_lan_send(m, IPSEC_MEMORY_A, packet), IPSEC_ERR_FULL);
    memset(&in, 0, sizeof in);
    in.packet.buffer = in.octets;
    in.packet.capacity = sizeof in.octets;
    assert_int_equal(a->lan_pull(a->context, list, 1, &n), IPSEC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(in.packet.carrier, IPSEC_CARRIER_NONE);
    assert_memory_equal(in.octets, octets, 64);
    assert_false(ipsec_memory_idle(m));
    assert_int_equal(ipsec_memory_lan_receive(m, IPSEC_MEMORY_A, out, sizeof out, &n),
                     IPSEC_ERR_AGAIN);
    a->lan_deliver(a->context, list, 1);
    a->lan_deliver(a->context, list, 1);
    assert_int_equal(in.packet.status, IPSEC_OK);
    a->lan_deliver(a->context, list, 1);
    assert_int_equal(in.packet.status, IPSEC_DROP_IO);
    assert_int_equal(ipsec_memory_lan_receive(m, IPSEC_MEMORY_A, out, 63, &n), IPSEC_ERR_BUFFER);
    assert_int_equal(n, 64);
    assert_int_equal(ipsec_memory_lan_receive(m, IPSEC_MEMORY_A, out, 64, &n), IPSEC_OK);
    assert_memory_equal(out, octets, 64);
    ipsec_memory_free(m);
}

static void the_clock_stands_until_it_is_moved(void **state)
{
    (void)state;
    struct ipsec_memory_config config = IPSEC_MEMORY_CONFIG_INIT;
    config.start = 123;
    struct ipsec_memory *m = start(&config);
    const struct ipsec_io *b = ipsec_memory_io(m, IPSEC_MEMORY_B);
    assert_int_equal(b->now(b->context), 123);
    assert_int_equal(b->wait(b->context, 99999), IPSEC_OK);
    assert_int_equal(b->now(b->context), 123);
    ipsec_memory_set_now(m, 500);
    assert_int_equal(b->now(b->context), 500);
    ipsec_memory_set_now(m, 400);
    assert_int_equal(ipsec_memory_now(m), 400);
    ipsec_memory_free(m);
}

static void bad_configurations_are_refused(void **state)
{
    (void)state;
    struct ipsec_memory_config config = IPSEC_MEMORY_CONFIG_INIT;
    struct ipsec_memory *m = NULL;
    config.size--;
    assert_int_equal(ipsec_memory_new(&config, &m), IPSEC_ERR_STRUCT_SIZE);
    config.size++;
    config.queue_max = (1u << 20) + 1;
    assert_int_equal(ipsec_memory_new(&config, &m), IPSEC_ERR_ARGUMENT);
    assert_int_equal(ipsec_memory_new(NULL, NULL), IPSEC_ERR_ARGUMENT);
    assert_null(m);
    ipsec_memory_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_cross_with_their_addresses_turned),
        cmocka_unit_test(queues_wrap_and_full_ones_refuse),
        cmocka_unit_test(a_packet_too_large_for_the_reader_is_cut_not_overrun),
        cmocka_unit_test(the_filter_loses_and_changes),
        cmocka_unit_test(lan_queues_go_both_ways),
        cmocka_unit_test(the_clock_stands_until_it_is_moved),
        cmocka_unit_test(bad_configurations_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
