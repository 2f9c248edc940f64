/* SPDX-License-Identifier: Apache-2.0
 *
 * A real TUN device in a network namespace of this process's own, so that nothing outside is
 * touched. Skipped, with the reason, where the system allows no namespace or no TUN.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ipsec/backend_linux_tun.h>

#define SKIPPED 77
#define BYTES   2048
#define OFFSET  128
#define PORT    5000

struct buffer {
    struct ipsec_packet packet;
    uint8_t octets[BYTES];
};

static struct buffer buffers[32];
static struct ipsec_packet *list[32];

static void empty(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        memset(&buffers[i], 0, sizeof buffers[i]);
        buffers[i].packet.buffer = buffers[i].octets;
        buffers[i].packet.capacity = BYTES;
        buffers[i].packet.offset = OFFSET;
        list[i] = &buffers[i].packet;
    }
}

/* ---- The namespace -------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, text, strlen(text));
        (void)close(fd);
    }
}

/* Root needs no user namespace; others become root of their own. */
static bool enter_namespace(void)
{
    const unsigned uid = (unsigned)getuid();
    const unsigned gid = (unsigned)getgid();
    char map[64];
    if (unshare(CLONE_NEWNET) == 0) {
        return true;
    }
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        return false;
    }
    write_file("/proc/self/setgroups", "deny");
    (void)snprintf(map, sizeof map, "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    (void)snprintf(map, sizeof map, "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
    return true;
}

/* 10.9.0.1/24 on the device; the kernel then routes 10.9.0.0/24 into it. */
static void set_address(const char *name)
{
    struct ifreq request;
    struct sockaddr_in sin = {.sin_family = AF_INET};
    const int control = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(control >= 0);
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, name, strlen(name));
    sin.sin_addr.s_addr = htonl(0x0A090001);
    memcpy(&request.ifr_addr, &sin, sizeof sin);
    assert_int_equal(ioctl(control, SIOCSIFADDR, &request), 0);
    sin.sin_addr.s_addr = htonl(0xFFFFFF00);
    memcpy(&request.ifr_netmask, &sin, sizeof sin);
    assert_int_equal(ioctl(control, SIOCSIFNETMASK, &request), 0);
    (void)close(control);
}

static int open_socket(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&sin, sizeof sin), 0);
    return fd;
}

/* What the kernel sends of its own (multicast) is not what the test is about. */
static size_t pull_udp(const struct ipsec_posix_lan *lan)
{
    size_t n = 0;
    size_t kept = 0;
    empty(32);
    assert_int_equal(lan->lan_pull(lan->context, list, 32, &n), IPSEC_OK);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *ip = list[i]->buffer + OFFSET;
        if (list[i]->length >= 28 && ip[0] == 0x45 && ip[9] == 17) {
            list[kept++] = list[i];
        }
    }
    return kept;
}

/* ---- Tests ---------------------------------------------------------------------------------- */

static struct ipsec_linux_tun *start(struct ipsec_posix_lan *lan, bool offload)
{
    struct ipsec_linux_tun_config config = IPSEC_LINUX_TUN_CONFIG_INIT;
    struct ipsec_linux_tun *tun = NULL;
    char why[IPSEC_POSIX_TEXT_MAX];
    config.name = "iptest%d";
    config.mtu = 1400;
    config.offload = offload;
    if (ipsec_linux_tun_open(&config, &tun, why) != IPSEC_OK) {
        fail_msg("%s", why);
    }
    ipsec_linux_tun_lan(tun, lan);
    assert_true(!offload || ipsec_linux_tun_has_offload(tun) || why[0] != '\0');
    return tun;
}

static void packets_go_both_ways(bool offload)
{
    struct ipsec_posix_lan lan;
    struct ipsec_linux_tun *tun = start(&lan, offload);
    const int fd = open_socket();
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    uint8_t octets[100];
    assert_true(lan.fd >= 0);
    assert_memory_equal(ipsec_linux_tun_name(tun), "iptest", 6);
    set_address(ipsec_linux_tun_name(tun));
    to.sin_addr.s_addr = htonl(0x0A090002);
    assert_int_equal(pull_udp(&lan), 0);
    for (uint8_t i = 0; i < 10; i++) {
        memset(octets, i, sizeof octets);
        assert_int_equal(
            sendto(fd, octets, sizeof octets, 0, (const struct sockaddr *)&to, sizeof to), 100);
    }
    const size_t n = pull_udp(&lan);
    assert_int_equal(n, 10);
    for (size_t i = 0; i < n; i++) {
        uint8_t *ip = list[i]->buffer + list[i]->offset;
        uint8_t swap[4];
        assert_int_equal(list[i]->length, 128);
        assert_int_equal(list[i]->carrier, IPSEC_CARRIER_NONE);
        assert_int_equal(ip[28], i);
        /* Back where it came from: addresses change places, and the checksum stays right. */
        memcpy(swap, ip + 12, 4);
        memcpy(ip + 12, ip + 16, 4);
        memcpy(ip + 16, swap, 4);
    }
    lan.lan_deliver(lan.context, list, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i]->status, IPSEC_OK);
        assert_int_equal(recv(fd, octets, sizeof octets, 0), 100);
        assert_int_equal(octets[99], i);
    }
    (void)close(fd);
    ipsec_linux_tun_close(tun);
}

static void packets_go_both_ways_in_bursts(void **state)
{
    (void)state;
    packets_go_both_ways(false);
}

/* The system leaves the checksums of these to the device: had they not been filled in, nothing
 * would come back. */
static void packets_go_both_ways_with_offload(void **state)
{
    (void)state;
    packets_go_both_ways(true);
}

static void what_is_no_packet_is_refused_alone(void **state)
{
    (void)state;
    for (int offload = 0; offload < 2; offload++) {
        struct ipsec_posix_lan lan;
        struct ipsec_linux_tun *tun = start(&lan, offload != 0);
        empty(2);
        list[0]->length = 0;
        list[1]->length = 40;
        list[1]->buffer[OFFSET] = 0x95; /* no IP version */
        lan.lan_deliver(lan.context, list, 2);
        assert_int_equal(list[1]->status, IPSEC_DROP_IO);
        ipsec_linux_tun_close(tun);
    }
}

/* ---- A stream ------------------------------------------------------------------------------- */

#define STREAM_BYTES (4u << 20)
#define STREAM_TURNS 200000

static uint8_t stream_octet(size_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) * 13 + (at >> 16));
}

/* 10.9.0.1 talks to 10.9.0.2, which is itself: what comes out of the device goes back into it with
 * its addresses exchanged, which changes no checksum. */
static int listen_here(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1; /* the last stream's port may still wait */
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&sin, sizeof sin), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

struct mirror {
    struct ipsec_posix_lan lan;
    size_t room;     /* packets a pull */
    size_t segments; /* with data */
    size_t largest;  /* burst of such */
};

static void turn_round(struct mirror *m)
{
    size_t n = 0;
    size_t data = 0;
    empty(32);
    assert_int_equal(m->lan.lan_pull(m->lan.context, list, m->room, &n), IPSEC_OK);
    for (size_t i = 0; i < n; i++) {
        uint8_t *ip = list[i]->buffer + OFFSET;
        uint8_t swap[4];
        assert_true(list[i]->length <= 1400);
        if (list[i]->length < 20 || ip[0] != 0x45) {
            continue; /* what the kernel sends of its own */
        }
        memcpy(swap, ip + 12, 4);
        memcpy(ip + 12, ip + 16, 4);
        memcpy(ip + 16, swap, 4);
        data += list[i]->length > 100;
    }
    m->segments += data;
    m->largest = data > m->largest ? data : m->largest;
    m->lan.lan_deliver(m->lan.context, list, n);
}

struct stream {
    int sender;
    int listener;
    int receiver;
    size_t sent;
    size_t received;
};

static void move_stream(struct stream *s)
{
    static uint8_t octets[65536];
    size_t n = sizeof octets < STREAM_BYTES - s->sent ? sizeof octets : STREAM_BYTES - s->sent;
    for (size_t i = 0; i < n; i++) {
        octets[i] = stream_octet(s->sent + i);
    }
    const ssize_t sent = n != 0 ? send(s->sender, octets, n, MSG_NOSIGNAL) : 0;
    s->sent += sent > 0 ? (size_t)sent : 0;
    s->receiver = s->receiver >= 0 ? s->receiver : accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);
    const ssize_t received = s->receiver >= 0 ? recv(s->receiver, octets, sizeof octets, 0) : -1;
    for (ssize_t i = 0; i < received; i++) {
        assert_int_equal(octets[i], stream_octet(s->received + (size_t)i));
    }
    s->received += received > 0 ? (size_t)received : 0;
}

static struct mirror run_stream(bool offload, size_t room)
{
    struct mirror m = {.room = room};
    struct ipsec_linux_tun *tun = start(&m.lan, offload);
    struct stream s = {.listener = listen_here(), .receiver = -1};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    set_address(ipsec_linux_tun_name(tun));
    to.sin_addr.s_addr = htonl(0x0A090002);
    s.sender = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(s.sender >= 0);
    (void)connect(s.sender, (const struct sockaddr *)&to, sizeof to);
    for (int i = 0; i < STREAM_TURNS && s.received < STREAM_BYTES; i++) {
        turn_round(&m);
        move_stream(&s);
        if (i > 2000) {
            (void)usleep(50); /* it waits for a retransmission */
        }
    }
    assert_int_equal(s.received, STREAM_BYTES);
    (void)close(s.sender);
    (void)close(s.receiver);
    (void)close(s.listener);
    ipsec_linux_tun_close(tun);
    return m;
}

static void a_tcp_stream_arrives_whole(void **state)
{
    (void)state;
    const struct mirror plain = run_stream(false, 32);
    assert_true(plain.segments > 0);
    const struct mirror m = run_stream(true, 32);
    /* With fewer packets a pull than a large one stands for, its segments come in parts. */
    const struct mirror narrow = run_stream(true, 7);
    assert_true(m.segments >= STREAM_BYTES / 1400);
    assert_true(narrow.largest <= 7);
    struct ipsec_posix_lan lan;
    struct ipsec_linux_tun *tun = start(&lan, true);
    if (ipsec_linux_tun_has_offload(tun)) {
        assert_true(m.largest > 10); /* they did come large */
    }
    ipsec_linux_tun_close(tun);
}

static int flags_and_mtu(const char *name, int *mtu)
{
    struct ifreq request;
    const int control = socket(AF_INET, SOCK_DGRAM, 0);
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, name, strlen(name));
    *mtu = -1;
    if (ioctl(control, SIOCGIFMTU, &request) == 0) {
        *mtu = request.ifr_mtu;
    }
    const int flags = ioctl(control, SIOCGIFFLAGS, &request) == 0 ? request.ifr_flags : -1;
    (void)close(control);
    return flags;
}

static void the_device_is_as_configured_and_goes_with_close(void **state)
{
    (void)state;
    struct ipsec_posix_lan lan;
    struct ipsec_linux_tun *tun = start(&lan, false);
    char name[IPSEC_LINUX_TUN_NAME_MAX] = "";
    int mtu = 0;
    memcpy(name, ipsec_linux_tun_name(tun), sizeof name);
    assert_true((flags_and_mtu(name, &mtu) & IFF_UP) != 0);
    assert_int_equal(mtu, 1400);
    ipsec_linux_tun_close(tun);
    assert_int_equal(flags_and_mtu(name, &mtu), -1);

    struct ipsec_linux_tun_config config = IPSEC_LINUX_TUN_CONFIG_INIT;
    config.name = "quiet0";
    config.down = true;
    assert_int_equal(ipsec_linux_tun_open(&config, &tun, NULL), IPSEC_OK);
    const int flags = flags_and_mtu("quiet0", &mtu);
    assert_true(flags >= 0 && (flags & IFF_UP) == 0);
    assert_int_equal(mtu, 1500);
    /* A device that is down gives nothing and takes nothing, and is no error. */
    size_t n = 7;
    ipsec_linux_tun_lan(tun, &lan);
    empty(1);
    assert_int_equal(lan.lan_pull(lan.context, list, 1, &n), IPSEC_OK);
    assert_int_equal(n, 0);
    list[0]->length = 20;
    list[0]->buffer[OFFSET] = 0x45;
    lan.lan_deliver(lan.context, list, 1);
    assert_int_equal(list[0]->status, IPSEC_DROP_IO);
    /* The name is taken. */
    struct ipsec_linux_tun *second = NULL;
    char why[IPSEC_POSIX_TEXT_MAX];
    assert_int_equal(ipsec_linux_tun_open(&config, &second, why), IPSEC_ERR_IO);
    assert_non_null(strstr(why, "quiet0"));
    ipsec_linux_tun_close(tun);
}

static void bad_configurations_are_refused(void **state)
{
    (void)state;
    struct ipsec_linux_tun_config config = IPSEC_LINUX_TUN_CONFIG_INIT;
    struct ipsec_linux_tun *tun = NULL;
    config.name = "a-name-much-too-long";
    assert_int_equal(ipsec_linux_tun_open(&config, &tun, NULL), IPSEC_ERR_ARGUMENT);
    config.name = NULL;
    config.mtu = 67;
    assert_int_equal(ipsec_linux_tun_open(&config, &tun, NULL), IPSEC_ERR_ARGUMENT);
    config.mtu = 65536;
    assert_int_equal(ipsec_linux_tun_open(&config, &tun, NULL), IPSEC_ERR_ARGUMENT);
    config.mtu = 0;
    assert_int_equal(ipsec_linux_tun_open(&config, NULL, NULL), IPSEC_ERR_ARGUMENT);
    config.size = 0;
    assert_int_equal(ipsec_linux_tun_open(&config, &tun, NULL), IPSEC_ERR_STRUCT_SIZE);
    ipsec_linux_tun_close(NULL);
}

/* Whether anything here can run at all. */
static bool possible(void)
{
    struct ipsec_linux_tun *tun = NULL;
    char why[IPSEC_POSIX_TEXT_MAX];
    if (!enter_namespace()) {
        (void)printf("skipped: no network namespace of one's own: %s\n", strerror(errno));
        return false;
    }
    if (ipsec_linux_tun_open(NULL, &tun, why) != IPSEC_OK) {
        (void)printf("skipped: %s\n", why);
        return false;
    }
    ipsec_linux_tun_close(tun);
    return true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_go_both_ways_in_bursts),
        cmocka_unit_test(packets_go_both_ways_with_offload),
        cmocka_unit_test(a_tcp_stream_arrives_whole),
        cmocka_unit_test(what_is_no_packet_is_refused_alone),
        cmocka_unit_test(the_device_is_as_configured_and_goes_with_close),
        cmocka_unit_test(bad_configurations_are_refused),
    };
    return possible() ? cmocka_run_group_tests(tests, NULL, NULL) : SKIPPED;
}
