/* SPDX-License-Identifier: Apache-2.0
 *
 * The control socket: what it answers, what it refuses, and its bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control.h"
#include "two_site_fixture.h"

#include <ipsec/backend_mbedtls.h>
#include <jansson.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define SECRET "the secret of this very test"

struct bench {
    struct config *config;
    struct journal *journal;
    struct ipsec_mbedtls *provider;
    const struct ipsec_crypto *crypto;
    struct session session;
    struct control *control;
    char path[64];
    int watched; /* descriptors added and not removed */
};

static bool add(void *user, int fd)
{
    struct bench *bench = user;
    (void)fd;
    bench->watched++;
    return true;
}

static void take_away(void *user, int fd)
{
    struct bench *bench = user;
    (void)fd;
    bench->watched--;
}

static int open_bench(void **state)
{
    static struct bench bench;
    char error[300];
    memset(&bench, 0, sizeof(bench));
    snprintf(bench.path, sizeof(bench.path), "/tmp/two-site-%d.sock", (int)getpid());
    bench.config = fixture_config(SECRET, "role = responder\n", "");
    bench.journal = journal_new(NULL);
    const struct control_watch watch = {.user = &bench, .add = add, .remove = take_away};
    *state = &bench;
    if (ipsec_mbedtls_new(NULL, &bench.provider) != IPSEC_OK) {
        return -1;
    }
    bench.crypto = ipsec_mbedtls_crypto(bench.provider);
    const struct session_parts parts = {
        .config = bench.config, .journal = bench.journal, .crypto = {&bench.crypto, 1}};
    if (!session_open(&bench.session, &parts, 1000)) {
        return -1;
    }
    bench.control = control_open(bench.path, &watch, error, sizeof(error));
    return bench.control == NULL ? -1 : 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    control_close(bench->control);
    session_deinit(&bench->session);
    ipsec_mbedtls_free(bench->provider);
    config_free(bench->config);
    free(bench->journal);
    const int left = bench->watched;
    return left == 0 && access(bench->path, F_OK) != 0 ? 0 : -1;
}

static int dial(const struct bench *bench)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", bench->path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void work(struct bench *bench, ipsec_ms now)
{
    control_work(bench->control, &bench->session, now);
}

/* Sends a request and gives what comes back; the caller frees it. */
static char *ask(struct bench *bench, const char *request, size_t length)
{
    char *answer = calloc(1, 1 << 20);
    size_t used = 0;
    const int fd = dial(bench);
    assert_int_equal(send(fd, request, length, MSG_NOSIGNAL), length);
    for (size_t i = 0; i < 20; i++) {
        work(bench, 1000);
        const ssize_t n = recv(fd, answer + used, (1 << 20) - 1 - used, 0);
        used += n > 0 ? (size_t)n : 0;
        if (n == 0) {
            break;
        }
    }
    (void)close(fd);
    work(bench, 1000);
    return answer;
}

static void expect(struct bench *bench, const char *request, const char *beginning)
{
    char *answer = ask(bench, request, strlen(request));
    if (strncmp(answer, beginning, strlen(beginning)) != 0) {
        print_error("\"%s\" gave \"%s\"\n", request, answer);
    }
    assert_int_equal(strncmp(answer, beginning, strlen(beginning)), 0);
    free(answer);
}

static void requests(void **state)
{
    static const char *const not_requests[] = {
        "\n",
        "  \n",
        "STATUS\n",
        "status now\n",
        "up\n",
        "up b c\n",
        "down\n",
        "move b\n",
        "reauth\n",
        "reauth b c\n",
        "redirect b\n",
        "dummy net 100\n",
        "dummy net 100 1 1\n",
        "redirect b 10.0.0.9 now\n",
        "rekey\n",
        "rekey b\n",
        "rekey ike\n",
        "rekey x b\n",
        "rekey child net with\n",
        "log on\n",
        "log follow me\n",
        "a b c d e f g\n",
    };
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof(not_requests) / sizeof(not_requests[0]); i++) {
        expect(bench, not_requests[i], "error not a request\n");
    }
    expect(bench, "up b\n", "ok\n");
    expect(bench, "up nobody\n", "error there is no site \"nobody\"\n");
    expect(bench, "down b\n", "ok\n");
    expect(bench, "down nobody\n", "error there is no site \"nobody\"\n");
    expect(bench, "rekey ike b\n", "error site b is not up\n");
    expect(bench, "reauth b\n", "error site b is not up\n");
    expect(bench, "reauth xyz\n", "error there is no site \"xyz\"\n");
    expect(bench, "move b 10.0.0.7\n", "error site b is not up, or the other end has no MOBIKE\n");
    expect(bench, "move b - 10.0.0.8\n",
           "error site b is not up, or the other end has no MOBIKE\n");
    expect(bench, "move b 10.0.0\n", "error not an address\n");
    expect(bench, "move b - there\n", "error not an address\n");
    expect(bench, "move xyz 10.0.0.7\n", "error there is no site \"xyz\"\n");
    expect(bench, "redirect b 10.0.0.9\n", "error site b is not up\n");
    expect(bench, "redirect b any\n", "error not an address or a host name\n");
    expect(bench, "redirect xyz 10.0.0.9\n", "error there is no site \"xyz\"\n");
    expect(bench, "dummy net 100 1\n", "error child net is not up\n");
    expect(bench, "dummy xyz 100 1\n", "error there is no child \"xyz\"\n");
    expect(bench, "dummy net 65536 1\n", "error octets are from 0 to 65535");
    expect(bench, "dummy net 100 0\n", "error octets are");
    expect(bench, "dummy net 100 1001\n", "error octets are");
    expect(bench, "dummy net x 1\n", "error octets are");
    expect(bench, "rekey child net\n", "error child net is not up\n");
    expect(bench, "rekey child net without-pfs\r\n", "error child net is not up\n");
    expect(bench, "rekey child xyz\n", "error there is no child \"xyz\"\n");
}

static void log_and_status(void **state)
{
    struct bench *bench = *state;
    journal_line(bench->journal, "b", "something happened");
    char *answer = ask(bench, "log\n", 4);
    assert_int_equal(strncmp(answer, "ok\n", 3), 0);
    assert_non_null(strstr(answer, "something happened\n"));
    free(answer);
    answer = ask(bench, "status\n", 7);
    assert_int_equal(strncmp(answer, "ok\n{", 4), 0);
    json_error_t error;
    json_t *status = json_loads(answer + 3, 0, &error);
    assert_non_null(status);
    const json_t *site = json_array_get(json_object_get(status, "sites"), 0);
    assert_string_equal(json_string_value(json_object_get(site, "name")), "b");
    assert_null(strstr(answer, SECRET));
    json_decref(status);
    free(answer);
}

static void requests_are_bounded(void **state)
{
    char request[CONTROL_REQUEST_MAX + 1];
    struct bench *bench = *state;
    memset(request, 'x', sizeof(request));
    request[CONTROL_REQUEST_MAX - 1] = '\n';
    char *answer = ask(bench, request, CONTROL_REQUEST_MAX); /* just fits, and is no request */
    assert_string_equal(answer, "error not a request\n");
    free(answer);
    memset(request, 'x', sizeof(request));
    answer = ask(bench, request, CONTROL_REQUEST_MAX); /* no newline: dropped */
    assert_string_equal(answer, "");
    free(answer);
    answer = ask(bench, request, CONTROL_REQUEST_MAX + 1);
    assert_string_equal(answer, "");
    free(answer);
    static const char with_nul[] = "status\0status\n";
    answer = ask(bench, with_nul, sizeof(with_nul) - 1);
    assert_int_equal(strncmp(answer, "ok\n", 3), 0); /* a NUL ends the words, nothing else */
    free(answer);
}

static void a_request_may_come_in_pieces(void **state)
{
    char answer[100] = "";
    struct bench *bench = *state;
    const int fd = dial(bench);
    for (const char *at = "down b\n"; *at != '\0'; at++) {
        assert_int_equal(send(fd, at, 1, 0), 1);
        work(bench, 1000);
    }
    assert_int_equal(recv(fd, answer, sizeof(answer) - 1, 0), 3);
    assert_string_equal(answer, "ok\n");
    (void)close(fd);
}

static void silent_clients_are_dropped(void **state)
{
    struct bench *bench = *state;
    const int before = bench->watched;
    const int fd = dial(bench);
    work(bench, 1000);
    assert_int_equal(bench->watched, before + 1);
    work(bench, 1000 + CONTROL_IDLE_MS);
    assert_int_equal(bench->watched, before + 1);
    work(bench, 1001 + CONTROL_IDLE_MS);
    assert_int_equal(bench->watched, before);
    (void)close(fd);
}

static void clients_are_bounded(void **state)
{
    int fd[CONTROL_CLIENTS_MAX + 2];
    struct bench *bench = *state;
    const int before = bench->watched;
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX + 2; i++) {
        fd[i] = dial(bench);
        work(bench, 1000);
    }
    assert_int_equal(bench->watched, before + CONTROL_CLIENTS_MAX);
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX + 2; i++) {
        (void)close(fd[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        work(bench, 1000);
    }
    assert_int_equal(bench->watched, before);
}

static void followers_get_what_happens(void **state)
{
    char answer[4000] = "";
    struct bench *bench = *state;
    const int fd = dial(bench);
    assert_int_equal(send(fd, "log follow\n", 11, 0), 11);
    work(bench, 1000);
    (void)recv(fd, answer, sizeof(answer) - 1, 0);
    assert_int_equal(strncmp(answer, "ok\n", 3), 0);
    journal_line(bench->journal, "b", "news of today");
    work(bench, 1000);
    memset(answer, 0, sizeof(answer));
    assert_true(recv(fd, answer, sizeof(answer) - 1, 0) > 0);
    assert_non_null(strstr(answer, "news of today\n"));
    (void)close(fd);
    work(bench, 1000);
}

/* One that follows and never reads costs a bounded amount and is let go. */
static void a_follower_that_does_not_read(void **state)
{
    struct bench *bench = *state;
    const int before = bench->watched;
    const int fd = dial(bench);
    assert_int_equal(send(fd, "log follow\n", 11, 0), 11);
    work(bench, 1000);
    assert_int_equal(bench->watched, before + 1);
    char line[400];
    memset(line, 'y', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    bool ended = false;
    for (size_t i = 0; i < CONTROL_PENDING_MAX / 100 && !ended; i++) {
        journal_line(bench->journal, "b", "%s", line);
        work(bench, 1000);
        ended = !control_pending(bench->control) && bench->watched == before;
    }
    char sink[65536];
    for (size_t i = 0; i < 2000 && bench->watched > before; i++) {
        (void)recv(fd, sink, sizeof(sink), 0);
        work(bench, 1000);
    }
    assert_int_equal(bench->watched, before);
    (void)close(fd);
}

static void the_socket_is_private(void **state)
{
    struct stat info;
    const struct bench *bench = *state;
    assert_int_equal(stat(bench->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void a_second_one_is_refused_and_a_stale_one_replaced(void **state)
{
    char error[300];
    char path[64];
    struct bench *bench = *state;
    const struct control_watch watch = {.user = bench, .add = add, .remove = take_away};
    assert_null(control_open(bench->path, &watch, error, sizeof(error)));
    assert_non_null(strstr(error, "another ipsec-two-site runs there"));

    snprintf(path, sizeof(path), "/tmp/two-site-stale-%d.sock", (int)getpid());
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    (void)close(fd); /* its file stays */
    struct control *control = control_open(path, &watch, error, sizeof(error));
    assert_non_null(control);
    control_close(control);

    FILE *file = fopen(path, "w"); /* what is no socket is not taken away */
    assert_int_equal(fclose(file), 0);
    assert_null(control_open(path, &watch, error, sizeof(error)));
    assert_int_equal(unlink(path), 0);
    assert_null(control_open("", &watch, error, sizeof(error)));
    assert_null(control_open("/nonexistent/x", &watch, error, sizeof(error)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(log_and_status),
        cmocka_unit_test(requests_are_bounded),
        cmocka_unit_test(a_request_may_come_in_pieces),
        cmocka_unit_test(silent_clients_are_dropped),
        cmocka_unit_test(clients_are_bounded),
        cmocka_unit_test(followers_get_what_happens),
        cmocka_unit_test(a_follower_that_does_not_read),
        cmocka_unit_test(the_socket_is_private),
        cmocka_unit_test(a_second_one_is_refused_and_a_stale_one_replaced),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
