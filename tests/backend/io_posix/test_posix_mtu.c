/* SPDX-License-Identifier: Apache-2.0
 *
 * Path MTUs that the sockets learn: of the device, and of ICMP messages, in a network namespace of
 * this program's own, with a loopback device as small as a test wants it; and the mark and TTL of
 * what is sent. Skipped where no namespace can be made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <ipsec/esp.h>

#include "posix_state.h"

#define BYTES      4096
#define IKE_PORT   500
#define NATT_PORT  4500
#define SPI        0xc0ffee01u
#define QUOTED_MAX 64

static bool alone; /* in a namespace of its own, with a device that is up */

static void set_device(short flags, int mtu)
{
    struct ifreq request = {.ifr_name = "lo"};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    request.ifr_mtu = mtu;
    assert_int_equal(ioctl(fd, SIOCSIFMTU, &request), 0);
    request.ifr_flags = flags;
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    (void)close(fd);
}

static int be_alone(void **state)
{
    (void)state;
    alone = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    if (alone) {
        set_device(IFF_UP | IFF_RUNNING, 1500);
    }
    return 0;
}

/* ---- One end, and what it sends ---------------------------------------------------------------
 */

struct end {
    struct ipsec_posix *posix;
    const struct ipsec_io *io;
    const char *local;
    const char *remote;
    struct ipsec_packet packet;
    uint8_t octets[BYTES];
};

static void start(struct end *end, bool six)
{
    char why[IPSEC_POSIX_TEXT_MAX] = "";
    struct ipsec_posix_config config = IPSEC_POSIX_CONFIG_INIT;
    if (!alone) {
        skip();
    }
    memset(end, 0, sizeof *end);
    end->local = six ? "::1" : "127.0.0.1";
    end->remote = six ? "::1" : "127.0.0.2";
    assert_int_equal(ipsec_addr_parse(end->local, &config.local), IPSEC_OK);
    config.raw_esp = IPSEC_POSIX_RAW_ESP_REQUIRE;
    if (ipsec_posix_open(&config, &end->posix, why) != IPSEC_OK) {
        print_message("%s\n", why);
        fail();
    }
    end->io = ipsec_posix_io(end->posix);
}

static void stop(struct end *end)
{
    ipsec_posix_close(end->posix);
}

static int32_t send_one(struct end *end, uint8_t carrier, uint32_t length, bool df)
{
    struct ipsec_packet *p = &end->packet;
    struct ipsec_packet *const list[1] = {p};
    *p = (struct ipsec_packet){.buffer = end->octets,
                               .capacity = BYTES,
                               .offset = 64,
                               .length = length,
                               .carrier = carrier,
                               .flags = df ? IPSEC_PACKET_DF : 0,
                               .status = IPSEC_FATAL_INVARIANT};
    assert_int_equal(ipsec_addr_parse(end->local, &p->local.addr), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse(end->remote, &p->remote.addr), IPSEC_OK);
    p->local.port = p->remote.port = carrier == IPSEC_CARRIER_UDP ? NATT_PORT : 0;
    end->io->wan_send(end->io->context, list, 1);
    return p->status;
}

/* Reads what has come, so that the error queues are read, too. Returns how much. */
static size_t read_all(struct end *end)
{
    size_t all = 0;
    for (size_t n = 1, turns = 0; n != 0 || turns < 2; turns++) {
        struct ipsec_packet *p = &end->packet;
        struct ipsec_packet *const list[1] = {p};
        *p = (struct ipsec_packet){.buffer = end->octets, .capacity = BYTES};
        assert_int_equal(end->io->wait(end->io->context, end->io->now(end->io->context)), IPSEC_OK);
        assert_int_equal(end->io->wan_receive(end->io->context, list, 1, &n), IPSEC_OK);
        all += n;
    }
    return all;
}

static void assert_told(struct end *end, const char *remote, uint32_t mtu, uint32_t spi)
{
    struct ipsec_path_mtu told = {.mtu = 0};
    struct ipsec_addr addr;
    assert_int_equal(ipsec_addr_parse(remote, &addr), IPSEC_OK);
    assert_true(end->io->path_mtu(end->io->context, &told));
    assert_true(ipsec_addr_equal(&told.remote, &addr));
    assert_int_equal(told.mtu, mtu);
    assert_int_equal(told.spi, spi);
}

static void assert_told_nothing(struct end *end)
{
    struct ipsec_path_mtu told;
    assert_false(end->io->path_mtu(end->io->context, &told));
}

/* Nothing is left that would end every wait. */
static void assert_quiet(const struct end *end)
{
    for (size_t i = 0; i < end->posix->socket_count; i++) {
        struct pollfd fd = {.fd = end->posix->socket[i].fd};
        assert_int_equal(poll(&fd, 1, 0), 0);
        assert_false(end->posix->socket[i].heard);
    }
}

/* ---- A router ---------------------------------------------------------------------------------
 */

static uint16_t sum(const uint8_t *octets, size_t n)
{
    uint32_t total = 0;
    for (size_t i = 0; i + 1 < n; i += 2) {
        total += (uint32_t)octets[i] << 8 | octets[i + 1];
    }
    total = (total & 0xffff) + (total >> 16);
    return (uint16_t) ~(total + (total >> 16));
}

static size_t put_upper(uint8_t *at, uint8_t carrier, uint32_t spi)
{
    const uint8_t udp[8] = {
        NATT_PORT >> 8, NATT_PORT & 0xff, NATT_PORT >> 8, NATT_PORT & 0xff, 0x05, 0x00};
    const uint8_t esp[8] = {(uint8_t)(spi >> 24), (uint8_t)(spi >> 16), (uint8_t)(spi >> 8),
                            (uint8_t)spi};
    const size_t before = carrier == IPSEC_CARRIER_UDP ? sizeof udp : 0;
    memcpy(at, udp, before);
    memcpy(at + before, esp, sizeof esp);
    return before + sizeof esp;
}

/* "Fragmentation needed", or another code of destination unreachable, about a packet to remote. */
static void router_says(const struct end *end, uint8_t carrier, uint8_t code, uint16_t mtu,
                        uint32_t spi)
{
    uint8_t message[QUOTED_MAX] = {3, code, 0, 0, 0, 0, (uint8_t)(mtu >> 8), (uint8_t)mtu};
    uint8_t *ip = message + 8;
    struct ipsec_addr src;
    struct ipsec_addr dst;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    assert_true(fd >= 0);
    assert_int_equal(ipsec_addr_parse(end->local, &src), IPSEC_OK);
    assert_int_equal(ipsec_addr_parse(end->remote, &dst), IPSEC_OK);
    ip[0] = 0x45;
    ip[2] = 0x05; /* it was larger than what is quoted */
    ip[6] = 0x40;
    ip[8] = 64;
    ip[9] = carrier == IPSEC_CARRIER_UDP ? IPPROTO_UDP : 50;
    memcpy(ip + 12, src.bytes, 4);
    memcpy(ip + 16, dst.bytes, 4);
    /* A router that quotes 8 octets only shows no SPI in UDP. */
    const size_t upper = spi != 0 ? put_upper(ip + 20, carrier, spi) : 8;
    (void)put_upper(ip + 20, carrier, spi);
    const size_t length = 8 + 20 + upper;
    const uint16_t check = sum(message, length);
    message[2] = (uint8_t)(check >> 8);
    message[3] = (uint8_t)check;
    assert_int_equal(sendto(fd, message, length, 0, (struct sockaddr *)&to, sizeof to),
                     (ssize_t)length);
    (void)close(fd);
}

static void router_says_six(uint8_t carrier, uint32_t mtu, uint32_t spi)
{
    uint8_t message[8 + 40 + 16] = {ICMP6_PACKET_TOO_BIG, 0,           0, 0, 0, 0,
                                    (uint8_t)(mtu >> 8),  (uint8_t)mtu};
    uint8_t *ip = message + 8;
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const int fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    assert_true(fd >= 0);
    ip[0] = 0x60;
    ip[4] = 0x05;
    ip[6] = carrier == IPSEC_CARRIER_UDP ? IPPROTO_UDP : 50;
    ip[7] = 64;
    ip[8 + 15] = ip[24 + 15] = 1; /* ::1, both */
    const size_t length = 8 + 40 + put_upper(ip + 40, carrier, spi);
    assert_int_equal(sendto(fd, message, length, 0, (struct sockaddr *)&to, sizeof to),
                     (ssize_t)length);
    (void)close(fd);
}

/* ---- Tests ------------------------------------------------------------------------------------
 */

static const uint8_t carriers[] = {IPSEC_CARRIER_UDP, IPSEC_CARRIER_ESP};

static void pmtu_04_the_device_says_what_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct end end;
        start(&end, false);
        set_device(IFF_UP | IFF_RUNNING, 1400);
        assert_int_equal(send_one(&end, carriers[i], 1450, false), IPSEC_OK); /* in fragments */
        (void)read_all(&end);
        assert_told_nothing(&end);
        assert_int_equal(send_one(&end, carriers[i], 1450, true), IPSEC_DROP_TOO_BIG);
        assert_int_equal(send_one(&end, carriers[i], 1300, true), IPSEC_OK);
        (void)read_all(&end);
        assert_told(&end, "127.0.0.2", 1400, 0);
        assert_told_nothing(&end);
        assert_quiet(&end);
        set_device(IFF_UP | IFF_RUNNING, 1500);
        stop(&end);
    }
}

static void pmtu_04_a_router_that_quotes_the_spi_is_heard(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct end end;
        start(&end, false);
        assert_int_equal(send_one(&end, carriers[i], 1300, true), IPSEC_OK);
        router_says(&end, carriers[i], ICMP_FRAG_NEEDED, 1200, SPI);
        (void)read_all(&end);
        assert_told(&end, "127.0.0.2", 1200, SPI);
        assert_told_nothing(&end);
        /* The system goes on sending what the gateway wants sent. */
        assert_int_equal(send_one(&end, carriers[i], 1300, true), IPSEC_OK);
        assert_int_equal(send_one(&end, carriers[i], 1300, false), IPSEC_OK);
        (void)read_all(&end);
        assert_told_nothing(&end);
        assert_quiet(&end);
        stop(&end);
    }
}

static void pmtu_04_ipv6_is_heard_as_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct end end;
        start(&end, true);
        router_says_six(carriers[i], 1300, SPI);
        (void)read_all(&end);
        assert_told(&end, "::1", 1300, SPI);
        assert_told_nothing(&end);
        assert_quiet(&end);
        stop(&end);
    }
}

/* Nor does any of it cost a packet. */
static void pmtu_04_other_news_tell_no_mtu(void **state)
{
    (void)state;
    for (uint8_t code = 0; code <= 15; code++) {
        struct end end;
        start(&end, false);
        assert_int_equal(send_one(&end, IPSEC_CARRIER_UDP, 1300, true), IPSEC_OK);
        router_says(&end, IPSEC_CARRIER_UDP, code, 1200, code == ICMP_FRAG_NEEDED ? 0 : SPI);
        router_says(&end, IPSEC_CARRIER_ESP, code, 0, SPI);
        assert_int_equal(send_one(&end, IPSEC_CARRIER_UDP, 1300, true), IPSEC_OK);
        assert_int_equal(send_one(&end, IPSEC_CARRIER_ESP, 1300, false), IPSEC_OK);
        (void)read_all(&end);
        assert_told_nothing(&end);
        assert_quiet(&end);
        stop(&end);
    }
}

/* Several about one SPI are one, the least; of so many SPIs not all are kept. */
static void pmtu_04_what_is_kept_is_bounded(void **state)
{
    (void)state;
    struct end end;
    struct ipsec_path_mtu told;
    size_t count = 0;
    start(&end, false);
    assert_int_equal(send_one(&end, IPSEC_CARRIER_ESP, 100, true), IPSEC_OK);
    router_says(&end, IPSEC_CARRIER_ESP, ICMP_FRAG_NEEDED, 1300, SPI);
    router_says(&end, IPSEC_CARRIER_ESP, ICMP_FRAG_NEEDED, 1100, SPI);
    router_says(&end, IPSEC_CARRIER_ESP, ICMP_FRAG_NEEDED, 1200, SPI);
    (void)read_all(&end);
    assert_told(&end, "127.0.0.2", 1100, SPI);
    assert_told_nothing(&end);
    for (uint32_t i = 0; i < POSIX_TOLD_MAX + 9; i++) {
        router_says(&end, IPSEC_CARRIER_ESP, ICMP_FRAG_NEEDED, 1300, SPI + i);
    }
    (void)read_all(&end);
    while (end.io->path_mtu(end.io->context, &told)) {
        assert_int_equal(told.mtu, 1300);
        count++;
    }
    assert_int_equal(count, POSIX_TOLD_MAX);
    assert_quiet(&end);
    stop(&end);
}

/* ---- The mark and the TTL
 * ---------------------------------------------------------------------------------
 */

static int ttl_of(const struct posix_socket *s)
{
    const bool six = s->family == IPSEC_FAMILY_IPV6;
    int ttl = -1;
    socklen_t length = sizeof ttl;
    assert_int_equal(getsockopt(s->fd, six ? IPPROTO_IPV6 : IPPROTO_IP,
                                six ? IPV6_UNICAST_HOPS : IP_TTL, &ttl, &length),
                     0);
    return ttl;
}

static void each_socket_has_the_mark_and_the_ttl(void **state)
{
    (void)state;
    for (uint32_t mark = 0; mark <= 4096; mark += 4096) {
        struct ipsec_posix *posix = NULL;
        struct ipsec_posix_config config = IPSEC_POSIX_CONFIG_INIT;
        char why[IPSEC_POSIX_TEXT_MAX] = "";
        if (!alone) {
            skip();
        }
        config.raw_esp = IPSEC_POSIX_RAW_ESP_REQUIRE;
        config.ipv6 = true;
        config.mark = mark;
        config.ttl = mark != 0 ? 77 : 0;
        assert_int_equal(ipsec_posix_open(&config, &posix, why), IPSEC_OK);
        assert_true(posix->socket_count >= 3);
        for (size_t i = 0; i < posix->socket_count; i++) {
            uint32_t is = 1;
            socklen_t length = sizeof is;
            assert_int_equal(getsockopt(posix->socket[i].fd, SOL_SOCKET, SO_MARK, &is, &length), 0);
            assert_int_equal(is, mark);
            assert_int_equal(ttl_of(&posix->socket[i]) == 77, mark != 0);
        }
        ipsec_posix_close(posix);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pmtu_04_the_device_says_what_fits),
        cmocka_unit_test(pmtu_04_a_router_that_quotes_the_spi_is_heard),
        cmocka_unit_test(pmtu_04_ipv6_is_heard_as_well),
        cmocka_unit_test(pmtu_04_other_news_tell_no_mtu),
        cmocka_unit_test(pmtu_04_what_is_kept_is_bounded),
        cmocka_unit_test(each_socket_has_the_mark_and_the_ttl),
    };
    return cmocka_run_group_tests(tests, be_alone, NULL);
}
