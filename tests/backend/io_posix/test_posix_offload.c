/* SPDX-License-Identifier: Apache-2.0
 *
 * Datagrams that leave and come many in one message (UDP_SEGMENT, UDP_GRO): over loopback where the
 * system has it, and with a sendmmsg(2) of this program's own that refuses what it is told to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ipsec/esp.h>

#include "posix_state.h"

#define BYTES   2048
#define PACKETS 128

static uint8_t octets[PACKETS][BYTES];
static struct ipsec_packet packets[PACKETS];
static struct ipsec_packet *list[PACKETS];

/* ---- A system that refuses --------------------------------------------------------------------
 */

/* Each call takes so many messages, or, with 0, fails with an error. Past the end: takes all. */
struct answer {
    int taken;
    int error;
};

static const struct answer *script;
static size_t script_left;
static bool scripted;
static size_t sent_count;         /* datagrams taken */
static uint8_t sent[2 * PACKETS]; /* first octet of each */
static size_t calls;

static size_t take_message(const struct msghdr *m)
{
    for (size_t i = 0; i < m->msg_iovlen; i++) {
        sent[sent_count++] = *(const uint8_t *)m->msg_iov[i].iov_base;
    }
    return m->msg_iovlen;
}

/* In the place of the system's. */
int sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    struct answer answer = {(int)n, 0};
    if (!scripted) {
        return (int)syscall(SYS_sendmmsg, fd, messages, n, flags);
    }
    calls++;
    if (script_left != 0) {
        answer = *script++;
        script_left--;
    }
    if (answer.taken == 0) {
        errno = answer.error;
        return -1;
    }
    const int taken = answer.taken < (int)n ? answer.taken : (int)n;
    for (int i = 0; i < taken; i++) {
        (void)take_message(&messages[i].msg_hdr);
    }
    return taken;
}

static void play(const struct answer *answers, size_t n)
{
    script = answers;
    script_left = n;
    scripted = true;
    sent_count = calls = 0;
}

/* ---- Packets ----------------------------------------------------------------------------------
 */

static void fill(size_t n, uint16_t port, uint32_t length)
{
    for (size_t i = 0; i < n; i++) {
        packets[i] = (struct ipsec_packet){.buffer = octets[i],
                                           .capacity = BYTES,
                                           .offset = 100,
                                           .length = length,
                                           .carrier = IPSEC_CARRIER_UDP,
                                           .status = IPSEC_FATAL_INVARIANT};
        assert_int_equal(ipsec_addr_parse("127.0.0.1", &packets[i].local.addr), IPSEC_OK);
        assert_int_equal(ipsec_addr_parse("127.0.0.1", &packets[i].remote.addr), IPSEC_OK);
        packets[i].local.port = packets[i].remote.port = port;
        memset(octets[i], (int)i, BYTES);
        list[i] = &packets[i];
    }
}

static struct ipsec_posix with_socket(bool gso)
{
    struct ipsec_posix posix = {.socket_count = 1};
    posix.socket[0] = (struct posix_socket){
        .fd = -1, .family = IPSEC_FAMILY_IPV4, .carrier = IPSEC_CARRIER_UDP, .port = 9, .gso = gso};
    return posix;
}

/* ---- Runs -------------------------------------------------------------------------------------
 */

static void only_what_is_alike_goes_together(void **state)
{
    (void)state;
    struct ipsec_posix posix = with_socket(true);
    const struct posix_socket *s = &posix.socket[0];
    fill(PACKETS, 9, 1000);
    assert_int_equal(ipseci_posix_gso_run(s, list, 1), 1);
    assert_int_equal(ipseci_posix_gso_run(s, list, 10), 10);
    assert_int_equal(ipseci_posix_gso_run(s, list, PACKETS), 64);
    list[3]->length = 999; /* the last of its run */
    assert_int_equal(ipseci_posix_gso_run(s, list, 10), 4);
    list[3]->length = 1001;
    assert_int_equal(ipseci_posix_gso_run(s, list, 10), 3);
    list[3]->length = 0;
    assert_int_equal(ipseci_posix_gso_run(s, list, 10), 3);
    assert_int_equal(ipseci_posix_gso_run(s, list + 3, 7), 1);
    fill(PACKETS, 9, 1500);
    assert_int_equal(ipseci_posix_gso_run(s, list, PACKETS), 43); /* 64 kB */
    fill(4, 9, 100);
    list[2]->traffic_class = 3; /* ECN belongs to each datagram */
    assert_int_equal(ipseci_posix_gso_run(s, list, 4), 2);
    fill(4, 9, 100);
    list[2]->remote.port = 10;
    assert_int_equal(ipseci_posix_gso_run(s, list, 4), 2);
    fill(4, 9, 100);
    list[1]->remote.addr.bytes[3] = 2;
    assert_int_equal(ipseci_posix_gso_run(s, list, 4), 1);
    fill(4, 9, 100);
    list[1]->local.addr.bytes[3] = 2;
    assert_int_equal(ipseci_posix_gso_run(s, list, 4), 1);
    posix.socket[0].gso = false;
    assert_int_equal(ipseci_posix_gso_run(s, list, 4), 1);
}

/* ---- Refusals ---------------------------------------------------------------------------------
 */

static void all_have(size_t first, size_t end, enum ipsec_status status)
{
    for (size_t i = first; i < end; i++) {
        assert_int_equal(list[i]->status, status);
    }
}

static void sent_are(size_t first, size_t end)
{
    assert_int_equal(sent_count, end - first);
    for (size_t i = first; i < end; i++) {
        assert_int_equal(sent[i - first], i);
    }
}

static void a_burst_of_equals_is_one_message(void **state)
{
    (void)state;
    struct ipsec_posix posix = with_socket(true);
    fill(40, 9, 1400);
    play(NULL, 0);
    ipseci_posix_wan_send(&posix, list, 40);
    assert_int_equal(calls, 1);
    sent_are(0, 40);
    all_have(0, 40, IPSEC_OK);
}

/* A smaller MTU on the way (EMSGSIZE; EINVAL in older systems): one by one, now, and together again
 * the next time. */
static void what_is_too_large_together_goes_one_by_one(void **state)
{
    (void)state;
    static const struct answer first[] = {
        {0, EMSGSIZE}, {3, 0}, {0, EMSGSIZE}, {0, EMSGSIZE}, {99, 0}};
    struct ipsec_posix posix = with_socket(true);
    fill(10, 9, 1400);
    play(first, 5);
    ipseci_posix_wan_send(&posix, list, 10);
    assert_int_equal(sent_count, 9);
    all_have(0, 3, IPSEC_OK);
    all_have(3, 4, IPSEC_DROP_TOO_BIG); /* asked again, as it may be old news */
    all_have(4, 10, IPSEC_OK);
    assert_true(posix.socket[0].gso);
    static const struct answer older[] = {{0, EINVAL}};
    fill(10, 9, 1400);
    play(older, 1);
    ipseci_posix_wan_send(&posix, list, 10);
    sent_are(0, 10);
    all_have(0, 10, IPSEC_OK);
    assert_true(posix.socket[0].gso);
}

static void a_device_that_can_not_is_not_asked_again(void **state)
{
    (void)state;
    static const struct answer answers[] = {{0, EIO}};
    struct ipsec_posix posix = with_socket(true);
    fill(10, 9, 1400);
    assert_int_equal(ipsec_posix_offload(&posix), IPSEC_POSIX_OFFLOAD_SEND);
    play(answers, 1);
    ipseci_posix_wan_send(&posix, list, 10);
    sent_are(0, 10);
    all_have(0, 10, IPSEC_OK);
    assert_false(posix.socket[0].gso);
    assert_int_equal(ipsec_posix_offload(&posix), 0);
}

/* The first run was taken, then there is no room: what was taken stays sent, the rest is lost. */
static void a_full_socket_loses_what_it_did_not_take(void **state)
{
    (void)state;
    static const int errors[] = {EAGAIN, ENOBUFS, ENOMEM};
    for (size_t i = 0; i < 6; i++) {
        struct ipsec_posix posix = with_socket(i % 2 == 0);
        const struct answer answers[] = {{i % 2 == 0 ? 1 : 4, 0}, {0, errors[i / 2]}};
        fill(10, 9, 1400);
        list[3]->length = 700; /* ends the first run */
        play(answers, 2);
        ipseci_posix_wan_send(&posix, list, 10);
        sent_are(0, 4);
        assert_int_equal(calls, 2);
        all_have(0, 4, IPSEC_OK);
        all_have(4, 10, IPSEC_DROP_IO);
        assert_int_equal(posix.socket[0].gso, i % 2 == 0);
    }
}

/* An interrupted call, and the news that an earlier datagram found nobody, are no refusals. */
static void a_signal_is_no_refusal(void **state)
{
    (void)state;
    static const struct answer answers[] = {{0, ECONNREFUSED}};
    struct ipsec_posix posix = with_socket(true);
    fill(10, 9, 1400);
    play(answers, 1);
    ipseci_posix_wan_send(&posix, list, 10);
    sent_are(0, 10);
    assert_int_equal(calls, 2);
    all_have(0, 10, IPSEC_OK);
}

/* ---- Loopback ---------------------------------------------------------------------------------
 */

static struct ipsec_posix *open_one(uint16_t *port)
{
    struct ipsec_posix *posix = NULL;
    struct ipsec_posix_config config = IPSEC_POSIX_CONFIG_INIT;
    assert_int_equal(ipsec_addr_parse("127.0.0.1", &config.local), IPSEC_OK);
    config.raw_esp = IPSEC_POSIX_RAW_ESP_OFF;
    config.offload = true;
    config.socket_bytes = 1u << 20;
    scripted = false;
    for (unsigned i = 0; i < 50 && posix == NULL; i++) {
        config.ike_port = (uint16_t)(42000 + (getpid() % 1000) * 20 + i * 2);
        config.natt_port = *port = (uint16_t)(config.ike_port + 1);
        (void)!ipsec_posix_open(&config, &posix, NULL);
    }
    assert_non_null(posix);
    return posix;
}

/* Sizes in runs, as bursts of a tunnel have them: many equal ones, and what ends them. */
static uint32_t length_of(size_t i)
{
    return i % 30 == 29 ? 60 + (uint32_t)i : (i / 30 % 2 == 0 ? 1400 : 300);
}

static void exchange(struct ipsec_posix *posix, uint16_t port, size_t room, uint32_t capacity)
{
    const struct ipsec_io *io = ipsec_posix_io(posix);
    size_t total = 0;
    fill(PACKETS, port, 0);
    for (size_t i = 0; i < PACKETS; i++) {
        list[i]->length = length_of(i);
        list[i]->traffic_class = i < 100 ? 2 : 1;
    }
    io->wan_send(io->context, list, PACKETS);
    all_have(0, PACKETS, IPSEC_OK);
    while (total < PACKETS) {
        size_t n = 0;
        fill(room, 0, 0);
        for (size_t i = 0; i < room; i++) {
            list[i]->capacity = capacity;
        }
        assert_int_equal(io->wan_receive(io->context, list, room, &n), IPSEC_OK);
        assert_true(n <= room);
        for (size_t i = 0; i < n; i++, total++) {
            const struct ipsec_packet *p = list[i];
            const uint32_t length = length_of(total);
            assert_int_equal(p->status, IPSEC_OK);
            assert_int_equal(p->carrier, IPSEC_CARRIER_UDP);
            assert_int_equal(p->offset, 100);
            assert_int_equal(p->traffic_class, total < 100 ? 2 : 1);
            assert_int_equal(p->remote.port, port);
            assert_int_equal(p->local.port, port);
            assert_int_equal(p->remote.addr.bytes[0], 127);
            assert_int_equal(p->length, 100 + length <= capacity ? length : 0);
            assert_true(p->length == 0 || p->buffer[100] == total);
            assert_true(p->length == 0 || p->buffer[100 + length - 1] == total);
        }
    }
    assert_int_equal(total, PACKETS);
}

static void datagrams_arrive_as_they_were_sent(void **state)
{
    (void)state;
    static const size_t rooms[] = {64, 32, 7, 1};
    uint16_t port = 0;
    struct ipsec_posix *posix = open_one(&port);
    const uint32_t kinds = ipsec_posix_offload(posix);
    print_message("offload: %s%s\n", (kinds & IPSEC_POSIX_OFFLOAD_SEND) != 0 ? "send " : "",
                  (kinds & IPSEC_POSIX_OFFLOAD_RECEIVE) != 0 ? "receive" : "");
    for (size_t i = 0; i < 4; i++) {
        exchange(posix, port, rooms[i], BYTES);
    }
    /* Those too large for their buffers come empty, the others whole. */
    exchange(posix, port, 64, 1000);
    ipsec_posix_close(posix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_alike_goes_together),
        cmocka_unit_test(a_burst_of_equals_is_one_message),
        cmocka_unit_test(what_is_too_large_together_goes_one_by_one),
        cmocka_unit_test(a_device_that_can_not_is_not_asked_again),
        cmocka_unit_test(a_full_socket_loses_what_it_did_not_take),
        cmocka_unit_test(a_signal_is_no_refusal),
        cmocka_unit_test(datagrams_arrive_as_they_were_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
