/* SPDX-License-Identifier: Apache-2.0
 *
 * Real sockets over loopback, on ports anybody may bind: bursts, addresses, marks, sizes, and that
 * errors of the network do not stop it. Raw ESP and IPv6 where the system lets us, skipped
 * otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <ipsec/backend_posix.h>
#include <ipsec/esp.h>

#define BYTES   4096
#define BURST   100
#define PACKETS 100

struct buffer {
    struct ipsec_packet packet;
    uint8_t octets[BYTES];
};

static struct buffer buffers[PACKETS];
static struct ipsec_packet *list[PACKETS];

struct ends {
    struct ipsec_posix *a; /* 127.0.0.1 */
    struct ipsec_posix *b; /* 127.0.0.2 */
    uint16_t port;         /* and port + 1 for NAT traversal, of both */
};

static struct ipsec_addr address(const char *text)
{
    struct ipsec_addr addr;
    assert_int_equal(ipsec_addr_parse(text, &addr), IPSEC_OK);
    return addr;
}

static struct ipsec_posix_config config_of(const char *addr, uint16_t port, uint8_t raw)
{
    struct ipsec_posix_config config = IPSEC_POSIX_CONFIG_INIT;
    config.local = address(addr);
    config.ike_port = port;
    config.natt_port = (uint16_t)(port + 1);
    config.raw_esp = raw;
    return config;
}

/* Somebody else may have a port: try some. */
static struct ends open_ends(const char *a, const char *b, uint8_t raw)
{
    struct ends ends = {0};
    char why[IPSEC_POSIX_TEXT_MAX] = "";
    for (uint16_t i = 0; i < 50; i++) {
        ends.port = (uint16_t)(20000 + (getpid() % 1000) * 20 + i * 2);
        const struct ipsec_posix_config at_a = config_of(a, ends.port, raw);
        const struct ipsec_posix_config at_b = config_of(b, ends.port, raw);
        if (ipsec_posix_open(&at_a, &ends.a, why) != IPSEC_OK) {
            continue;
        }
        if (ipsec_posix_open(&at_b, &ends.b, why) == IPSEC_OK) {
            return ends;
        }
        ipsec_posix_close(ends.a);
    }
    print_message("%s\n", why);
    ends.a = ends.b = NULL;
    return ends;
}

static void close_ends(struct ends *ends)
{
    ipsec_posix_close(ends->a);
    ipsec_posix_close(ends->b);
}

static void empty(size_t n, uint32_t offset, uint32_t capacity)
{
    for (size_t i = 0; i < n; i++) {
        memset(&buffers[i], 0, sizeof buffers[i]);
        buffers[i].packet.buffer = buffers[i].octets;
        buffers[i].packet.capacity = capacity;
        buffers[i].packet.offset = offset;
        list[i] = &buffers[i].packet;
    }
}

/* n datagrams, number i of i + 1 octets of value i. */
static void fill(size_t n, const char *from, const char *to, uint16_t port)
{
    empty(n, 64, BYTES);
    for (size_t i = 0; i < n; i++) {
        struct ipsec_packet *p = &buffers[i].packet;
        p->carrier = IPSEC_CARRIER_UDP;
        p->local.addr = address(from);
        p->remote.addr = address(to);
        p->local.port = p->remote.port = port;
        p->traffic_class = (uint8_t)(i * 4 + 2);
        p->length = (uint32_t)i + 1;
        p->status = IPSEC_FATAL_INVARIANT;
        memset(p->buffer + p->offset, (int)i, p->length);
    }
}

/* Waits for at least one datagram, at most a few seconds. */
static size_t receive(struct ipsec_posix *posix, size_t max)
{
    const struct ipsec_io *io = ipsec_posix_io(posix);
    size_t n = 0;
    const ipsec_ms until = io->now(io->context) + 5000;
    do {
        assert_int_equal(io->wait(io->context, until), IPSEC_OK);
        assert_int_equal(io->wan_receive(io->context, list, max, &n), IPSEC_OK);
    } while (n == 0 && io->now(io->context) < until);
    return n;
}

static void burst_between(const char *a, const char *b)
{
    struct ends ends = open_ends(a, b, IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    const struct ipsec_addr addr_a = address(a);
    const struct ipsec_addr addr_b = address(b);
    size_t total = 0;
    fill(BURST, a, b, (uint16_t)(ends.port + 1));
    io->wan_send(io->context, list, BURST);
    for (size_t i = 0; i < BURST; i++) {
        assert_int_equal(list[i]->status, IPSEC_OK);
    }
    while (total < BURST) {
        empty(PACKETS, 100, BYTES);
        const size_t n = receive(ends.b, 40);
        assert_true(n > 0 && n <= 40);
        for (size_t i = 0; i < n; i++, total++) {
            const struct ipsec_packet *p = list[i];
            assert_int_equal(p->offset, 100);
            assert_int_equal(p->length, total + 1);
            assert_int_equal(p->buffer[p->offset + total], (uint8_t)total);
            assert_int_equal(p->carrier, IPSEC_CARRIER_UDP);
            assert_int_equal(p->traffic_class, (uint8_t)(total * 4 + 2));
            assert_true(ipsec_addr_equal(&p->local.addr, &addr_b));
            assert_true(ipsec_addr_equal(&p->remote.addr, &addr_a));
            assert_int_equal(p->local.port, ends.port + 1);
            assert_int_equal(p->remote.port, ends.port + 1);
        }
    }
    close_ends(&ends);
}

static void udp_bursts_keep_order_addresses_and_marks(void **state)
{
    (void)state;
    burst_between("127.0.0.1", "127.0.0.2");
}

static void udp_over_ipv6_too(void **state)
{
    (void)state;
    struct ipsec_posix_config config = config_of("::1", 29999, IPSEC_POSIX_RAW_ESP_OFF);
    struct ipsec_posix *posix = NULL;
    char why[IPSEC_POSIX_TEXT_MAX];
    if (ipsec_posix_open(&config, &posix, why) != IPSEC_OK) {
        print_message("skipped: %s\n", why);
        skip();
    }
    const struct ipsec_io *io = ipsec_posix_io(posix);
    fill(1, "::1", "::1", 29999);
    io->wan_send(io->context, list, 1);
    assert_int_equal(list[0]->status, IPSEC_OK);
    empty(1, 0, BYTES);
    assert_int_equal(receive(posix, 1), 1);
    const struct ipsec_addr loopback = address("::1");
    assert_true(ipsec_addr_equal(&list[0]->local.addr, &loopback));
    assert_true(ipsec_addr_equal(&list[0]->remote.addr, &loopback));
    assert_int_equal(list[0]->traffic_class, 2);
    ipsec_posix_close(posix);
}

static void two_ports_in_one_burst(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    size_t ike = 0;
    size_t total = 0;
    fill(6, "127.0.0.1", "127.0.0.2", ends.port);
    list[2]->local.port = list[2]->remote.port = (uint16_t)(ends.port + 1);
    list[4]->local.port = (uint16_t)(ends.port + 7); /* no such socket */
    io->wan_send(io->context, list, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(list[i]->status, i == 4 ? IPSEC_DROP_IO : IPSEC_OK);
    }
    while (total < 5) {
        empty(8, 0, BYTES);
        const size_t n = receive(ends.b, 8);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++) {
            ike += list[i]->local.port == ends.port;
        }
        total += n;
    }
    assert_int_equal(total, 5);
    assert_int_equal(ike, 4);
    close_ends(&ends);
}

static void what_can_not_be_sent_is_dropped_alone(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    static uint8_t huge[70000];
    fill(5, "127.0.0.1", "127.0.0.2", ends.port);
    list[1]->carrier = IPSEC_CARRIER_ESP; /* no raw socket */
    list[2]->buffer = huge;               /* larger than a UDP datagram can be */
    list[2]->offset = 0;
    list[2]->length = list[2]->capacity = sizeof huge;
    list[3]->carrier = IPSEC_CARRIER_IP;
    io->wan_send(io->context, list, 5);
    assert_int_equal(list[0]->status, IPSEC_OK);
    assert_int_equal(list[1]->status, IPSEC_DROP_IO);
    assert_int_equal(list[2]->status, IPSEC_DROP_TOO_BIG);
    assert_int_equal(list[3]->status, IPSEC_DROP_IO);
    assert_int_equal(list[4]->status, IPSEC_OK);
    close_ends(&ends);
}

/* A socket of the test's own that sees UDP datagrams with their IP headers, or -1. */
static int open_raw_udp(void)
{
    return socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_UDP);
}

/* DF of the next datagram to this port that the raw socket sees. */
static bool next_df(int raw, uint16_t port)
{
    uint8_t octets[256];
    for (;;) {
        const ssize_t length = recv(raw, octets, sizeof octets, 0);
        assert_true(length >= 28);
        if (octets[22] == port >> 8 && octets[23] == (port & 0xff)) {
            return (octets[6] & 0x40) != 0;
        }
    }
}

static void pmtu_01_df_is_set_where_a_packet_wants_it(void **state)
{
    (void)state;
    static const bool df[] = {false, true, true, false, true, false};
    const int raw = open_raw_udp();
    if (raw < 0) {
        skip();
    }
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    fill(6, "127.0.0.1", "127.0.0.2", ends.port);
    for (size_t i = 0; i < 6; i++) {
        list[i]->flags = df[i] ? IPSEC_PACKET_DF : 0;
    }
    io->wan_send(io->context, list, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(list[i]->status, IPSEC_OK);
        assert_int_equal(next_df(raw, ends.port), df[i]);
    }
    close_ends(&ends);
    (void)close(raw);
}

static void a_peer_that_is_not_there_is_no_error(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    const uint16_t port = ends.port;
    size_t n = 9;
    ipsec_posix_close(ends.b);
    for (unsigned i = 0; i < 5; i++) {
        fill(2, "127.0.0.1", "127.0.0.2", port); /* port unreachable comes back */
        io->wan_send(io->context, list, 2);
        assert_int_equal(list[0]->status, IPSEC_OK);
        assert_int_equal(list[1]->status, IPSEC_OK);
        empty(2, 0, BYTES);
        assert_int_equal(io->wan_receive(io->context, list, 2, &n), IPSEC_OK);
        assert_int_equal(n, 0);
    }
    ipsec_posix_close(ends.a);
}

static void a_datagram_too_large_for_its_buffer_comes_empty(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    size_t total = 0;
    fill(2, "127.0.0.1", "127.0.0.2", ends.port);
    list[0]->length = 3000;
    io->wan_send(io->context, list, 2);
    while (total < 2) {
        empty(1, 20, 1520);
        assert_int_equal(receive(ends.b, 1), 1);
        assert_int_equal(list[0]->length, total == 0 ? 0 : 2);
        total++;
    }
    empty(1, BYTES, BYTES); /* no room at all */
    fill(1, "127.0.0.1", "127.0.0.2", ends.port);
    io->wan_send(io->context, list, 1);
    empty(1, BYTES, BYTES);
    assert_int_equal(receive(ends.b, 1), 1);
    assert_int_equal(list[0]->length, 0);
    close_ends(&ends);
}

static void large_datagrams_are_fragmented_not_refused(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    static uint8_t octets[65500];
    static uint8_t room[66000];
    fill(1, "127.0.0.1", "127.0.0.2", ends.port);
    octets[65406] = 0x5A;
    list[0]->buffer = octets;
    list[0]->offset = 0;
    list[0]->length = 65407; /* more than loopback's 65,536 with headers is refused elsewhere */
    list[0]->capacity = sizeof octets;
    io->wan_send(io->context, list, 1);
    assert_int_equal(list[0]->status, IPSEC_OK);
    empty(1, 0, BYTES);
    list[0]->buffer = room;
    list[0]->capacity = sizeof room;
    assert_int_equal(receive(ends.b, 1), 1);
    assert_int_equal(list[0]->length, 65407);
    assert_int_equal(room[65406], 0x5A);
    close_ends(&ends);
}

/* ---- Raw ESP --------------------------------------------------------------------------------- */

/* A socket that may be raw for IPv4 may be for IPv6, too. */
static void raw_esp_over_ipv6_too(void **state)
{
    (void)state;
    struct ipsec_posix_config config = config_of("::1", 29999, IPSEC_POSIX_RAW_ESP_REQUIRE);
    struct ipsec_posix *posix = NULL;
    char why[IPSEC_POSIX_TEXT_MAX];
    const int raw = open_raw_udp();
    if (raw < 0 || close(raw) != 0) {
        skip();
    }
    if (ipsec_posix_open(&config, &posix, why) != IPSEC_OK) {
        print_message("%s\n", why);
        assert_non_null(strstr(why, "bind")); /* no IPv6 here */
        skip();
    }
    const struct ipsec_io *io = ipsec_posix_io(posix);
    const struct ipsec_addr loopback = address("::1");
    fill(1, "::1", "::1", 0);
    list[0]->carrier = IPSEC_CARRIER_ESP;
    list[0]->length = 60;
    io->wan_send(io->context, list, 1);
    assert_int_equal(list[0]->status, IPSEC_OK);
    empty(1, 50, BYTES);
    assert_int_equal(receive(posix, 1), 1);
    assert_int_equal(list[0]->carrier, IPSEC_CARRIER_ESP);
    assert_int_equal(list[0]->length, 60);
    assert_int_equal(list[0]->traffic_class, 2);
    assert_true(ipsec_addr_equal(&list[0]->local.addr, &loopback));
    assert_true(ipsec_addr_equal(&list[0]->remote.addr, &loopback));
    ipsec_posix_close(posix);
}

static void raw_esp_travels_as_protocol_50(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_REQUIRE);
    if (ends.a == NULL) {
        print_message("skipped: this process may not open raw sockets\n");
        skip();
    }
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    const struct ipsec_addr addr_a = address("127.0.0.1");
    const struct ipsec_addr addr_b = address("127.0.0.2");
    size_t total = 0;
    assert_true(ipsec_posix_has_raw_esp(ends.a));
    fill(20, "127.0.0.1", "127.0.0.2", 0);
    for (size_t i = 0; i < 20; i++) {
        list[i]->carrier = IPSEC_CARRIER_ESP;
        list[i]->length = 60 + (uint32_t)i;
        memset(list[i]->buffer + list[i]->offset, (int)i, list[i]->length);
    }
    io->wan_send(io->context, list, 20);
    while (total < 20) {
        empty(20, 50, BYTES);
        const size_t n = receive(ends.b, 20);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++, total++) {
            const struct ipsec_packet *p = list[i];
            assert_int_equal(p->status, IPSEC_OK);
            assert_int_equal(p->carrier, IPSEC_CARRIER_ESP);
            assert_int_equal(p->length, 60 + total); /* without the IP header */
            assert_int_equal(p->buffer[p->offset], total);
            assert_int_equal(p->traffic_class, (uint8_t)(total * 4 + 2));
            assert_true(ipsec_addr_equal(&p->local.addr, &addr_b));
            assert_true(ipsec_addr_equal(&p->remote.addr, &addr_a));
            assert_int_equal(p->remote.port, 0);
        }
    }
    close_ends(&ends);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static void a_port_in_use_is_said(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_posix_config again =
        config_of("127.0.0.1", ends.port, IPSEC_POSIX_RAW_ESP_OFF);
    struct ipsec_posix *posix = NULL;
    char why[IPSEC_POSIX_TEXT_MAX];
    char port[8];
    assert_int_equal(ipsec_posix_open(&again, &posix, why), IPSEC_ERR_IO);
    (void)snprintf(port, sizeof port, "%u", (unsigned)ends.port);
    assert_non_null(strstr(why, "bind UDP port"));
    assert_non_null(strstr(why, port));
    assert_int_equal(ipsec_posix_open(&again, &posix, NULL), IPSEC_ERR_IO);
    assert_null(posix);
    close_ends(&ends);
}

static void bad_configurations_are_refused(void **state)
{
    (void)state;
    struct ipsec_posix *posix = NULL;
    struct ipsec_posix_config config = config_of("127.0.0.1", 20000, IPSEC_POSIX_RAW_ESP_OFF);
    config.natt_port = 20000;
    assert_int_equal(ipsec_posix_open(&config, &posix, NULL), IPSEC_ERR_ARGUMENT);
    config.natt_port = 20001;
    config.local.family = 7;
    assert_int_equal(ipsec_posix_open(&config, &posix, NULL), IPSEC_ERR_ARGUMENT);
    config.local.family = IPSEC_FAMILY_IPV4;
    config.raw_esp = 3;
    assert_int_equal(ipsec_posix_open(&config, &posix, NULL), IPSEC_ERR_ARGUMENT);
    config.raw_esp = 0;
    config.size = 4;
    assert_int_equal(ipsec_posix_open(&config, &posix, NULL), IPSEC_ERR_STRUCT_SIZE);
    assert_int_equal(ipsec_posix_open(NULL, NULL, NULL), IPSEC_ERR_ARGUMENT);
    ipsec_posix_close(NULL);
}

/* ---- The LAN side and the program's descriptors ---------------------------------------------- */

static enum ipsec_status one_packet(void *context, struct ipsec_packet *const packets[], size_t max,
                                    size_t *pulled)
{
    int *calls = context;
    (*calls)++;
    packets[0]->length = (uint32_t)max;
    *pulled = 1;
    return IPSEC_OK;
}

static void all_delivered(void *context, struct ipsec_packet *const packets[], size_t n)
{
    int *calls = context;
    *calls += 100;
    for (size_t i = 0; i < n; i++) {
        packets[i]->status = IPSEC_OK;
    }
}

static void the_lan_side_is_passed_through(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    int calls = 0;
    size_t n = 5;
    struct ipsec_posix_lan lan = IPSEC_POSIX_LAN_INIT;
    empty(2, 0, BYTES);
    assert_int_equal(io->lan_pull(io->context, list, 2, &n), IPSEC_OK);
    assert_int_equal(n, 0);
    io->lan_deliver(io->context, list, 2);
    assert_int_equal(list[1]->status, IPSEC_DROP_IO);
    lan.context = &calls;
    lan.lan_pull = one_packet;
    lan.lan_deliver = all_delivered;
    lan.fd = -1;
    assert_int_equal(ipsec_posix_set_lan(ends.a, &lan), IPSEC_OK);
    assert_int_equal(io->lan_pull(io->context, list, 2, &n), IPSEC_OK);
    assert_int_equal(n, 1);
    io->lan_deliver(io->context, list, 2);
    assert_int_equal(list[1]->status, IPSEC_OK);
    assert_int_equal(calls, 101);
    lan.size = 1;
    assert_int_equal(ipsec_posix_set_lan(ends.a, &lan), IPSEC_ERR_STRUCT_SIZE);
    assert_int_equal(ipsec_posix_set_lan(ends.a, NULL), IPSEC_OK);
    io->lan_deliver(io->context, list, 1);
    assert_int_equal(list[0]->status, IPSEC_DROP_IO);
    close_ends(&ends);
}

static void a_wait_ends_for_the_programs_descriptor_and_the_lans(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    struct ipsec_posix_lan lan = IPSEC_POSIX_LAN_INIT;
    int control[2];
    int device[2];
    uint8_t octet = 1;
    assert_int_equal(pipe(control), 0);
    assert_int_equal(pipe(device), 0);
    assert_int_equal(ipsec_posix_add_fd(ends.a, control[0]), IPSEC_OK);
    assert_int_equal(io->wait(io->context, 0), IPSEC_OK); /* in the past: at once */
    assert_false(ipsec_posix_fd_ready(ends.a, control[0]));
    assert_int_equal(write(control[1], &octet, 1), 1);
    /* With no deadline this returns only because of the descriptor. */
    assert_int_equal(io->wait(io->context, IPSEC_NEVER), IPSEC_OK);
    assert_true(ipsec_posix_fd_ready(ends.a, control[0]));
    assert_false(ipsec_posix_fd_ready(ends.a, control[1]));
    assert_int_equal(read(control[0], &octet, 1), 1);
    lan.fd = device[0];
    assert_int_equal(ipsec_posix_set_lan(ends.a, &lan), IPSEC_OK);
    assert_int_equal(write(device[1], &octet, 1), 1);
    assert_int_equal(io->wait(io->context, IPSEC_NEVER), IPSEC_OK);
    for (size_t i = 0; i < 2; i++) {
        (void)close(control[i]);
        (void)close(device[i]);
    }
    close_ends(&ends);
}

static void descriptors_are_added_and_removed(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    assert_int_equal(ipsec_posix_add_fd(ends.a, -1), IPSEC_ERR_ARGUMENT);
    for (int i = 0; i < IPSEC_POSIX_FD_MAX; i++) {
        assert_int_equal(ipsec_posix_add_fd(ends.a, 1000 + i), IPSEC_OK);
    }
    assert_int_equal(ipsec_posix_add_fd(ends.a, 1000), IPSEC_ERR_STATE);
    assert_int_equal(ipsec_posix_add_fd(ends.a, 2000), IPSEC_ERR_FULL);
    assert_int_equal(ipsec_posix_remove_fd(ends.a, 2000), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ipsec_posix_remove_fd(ends.a, 1000), IPSEC_OK);
    assert_int_equal(ipsec_posix_remove_fd(ends.a, 1000), IPSEC_ERR_NOT_FOUND);
    assert_int_equal(ipsec_posix_add_fd(ends.a, 2000), IPSEC_OK);
    assert_int_equal(ipsec_posix_remove_fd(ends.a, 1000 + IPSEC_POSIX_FD_MAX - 1), IPSEC_OK);
    close_ends(&ends);
}

static void the_clock_goes_forward_and_a_wait_ends_in_time(void **state)
{
    (void)state;
    struct ends ends = open_ends("127.0.0.1", "127.0.0.2", IPSEC_POSIX_RAW_ESP_OFF);
    const struct ipsec_io *io = ipsec_posix_io(ends.a);
    const ipsec_ms before = io->now(io->context);
    assert_int_equal(io->wait(io->context, before + 20), IPSEC_OK);
    assert_true(io->now(io->context) >= before + 20);
    close_ends(&ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_bursts_keep_order_addresses_and_marks),
        cmocka_unit_test(udp_over_ipv6_too),
        cmocka_unit_test(two_ports_in_one_burst),
        cmocka_unit_test(what_can_not_be_sent_is_dropped_alone),
        cmocka_unit_test(pmtu_01_df_is_set_where_a_packet_wants_it),
        cmocka_unit_test(a_peer_that_is_not_there_is_no_error),
        cmocka_unit_test(a_datagram_too_large_for_its_buffer_comes_empty),
        cmocka_unit_test(large_datagrams_are_fragmented_not_refused),
        cmocka_unit_test(raw_esp_travels_as_protocol_50),
        cmocka_unit_test(raw_esp_over_ipv6_too),
        cmocka_unit_test(a_port_in_use_is_said),
        cmocka_unit_test(bad_configurations_are_refused),
        cmocka_unit_test(the_lan_side_is_passed_through),
        cmocka_unit_test(a_wait_ends_for_the_programs_descriptor_and_the_lans),
        cmocka_unit_test(descriptors_are_added_and_removed),
        cmocka_unit_test(the_clock_goes_forward_and_a_wait_ends_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
