/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon.h"
#include "check.h"
#include "control.h"
#include "credential.h"
#include "netsetup.h"
#include "providers.h"
#include "session.h"

#include <ipsec/backend_linux_tun.h>
#include <ipsec/backend_posix.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CLOSE_MS 2000 /* so long the peers may take to answer our DELETEs */
/* Bursts of a fast peer: a raw socket that is full makes Linux answer "protocol unreachable". */
#define SOCKET_BYTES (4u << 20)
#define PENDING_MS   50 /* a slow control client is served again after this */

struct daemon {
    struct config *config;
    const struct options *options;
    struct journal *journal;
    struct keylog *keylog;
    struct providers providers;
    struct ipsec_posix *posix;
    struct ipsec_linux_tun *tun;
    struct control *control;
    int signals;      /* -1: none */
    uint32_t offload; /* what the sockets had of it when last looked at */
    struct session session;
    bool session_open;
    bool has_rules; /* perhaps */
};

static bool watch_add(void *user, int fd)
{
    const struct daemon *daemon = user;
    return ipsec_posix_add_fd(daemon->posix, fd) == IPSEC_OK;
}

static void watch_remove(void *user, int fd)
{
    const struct daemon *daemon = user;
    (void)ipsec_posix_remove_fd(daemon->posix, fd);
}

static bool open_crypto(struct daemon *daemon)
{
    char why[PROVIDERS_WHY_BYTES];
    if (!providers_open(&daemon->providers, &daemon->config->gateway, why) ||
        !providers_test(&daemon->providers, why)) {
        journal_line(daemon->journal, "gateway", "%s", why);
        return false;
    }
    if (!credentials_load(daemon->config, daemon->providers.mbedtls)) {
        config_print_errors(daemon->config, stderr);
        return false;
    }
    return true;
}

static bool open_keylog(struct daemon *daemon)
{
    char error[400];
    if (daemon->options->key_log == NULL) {
        return true;
    }
    daemon->keylog = keylog_open(daemon->options->key_log, error, sizeof(error));
    if (daemon->keylog == NULL) {
        fprintf(stderr, "ipsec-two-site: %s\n", error);
        return false;
    }
    journal_line(daemon->journal, "gateway",
                 "WARNING: all keys are being written into %s: whoever reads it reads the traffic",
                 daemon->options->key_log);
    return true;
}

/* Says once what is missing of it, at the start or when a device has refused. */
static void look_at_offload(struct daemon *daemon)
{
    const uint32_t before = daemon->offload;
    daemon->offload = ipsec_posix_offload(daemon->posix);
    if ((before & ~daemon->offload & IPSEC_POSIX_OFFLOAD_SEND) != 0) {
        journal_line(daemon->journal, "gateway",
                     "ESP in UDP is sent one by one: the system or a device has no UDP_SEGMENT");
    }
    if ((before & ~daemon->offload & IPSEC_POSIX_OFFLOAD_RECEIVE) != 0) {
        journal_line(daemon->journal, "gateway",
                     "ESP in UDP is received one by one: the system has no UDP_GRO");
    }
}

static bool open_sockets(struct daemon *daemon)
{
    struct config_gateway *gateway = &daemon->config->gateway;
    struct ipsec_posix_config config = IPSEC_POSIX_CONFIG_INIT;
    char why[IPSEC_POSIX_TEXT_MAX] = "";
    config.local = gateway->address;
    config.ike_port = gateway->ike_port;
    config.natt_port = gateway->natt_port;
    config.socket_bytes = SOCKET_BYTES;
    config.ttl = gateway->ttl;
    config.offload = !gateway->no_offload;
    config.mark = config_has_hosts(daemon->config) ? gateway->fwmark : 0;
    const enum ipsec_status status = ipsec_posix_open(&config, &daemon->posix, why);
    if (status != IPSEC_OK) {
        journal_line(daemon->journal, "gateway", "%s: %s", ipsec_status_text(status), why);
        return false;
    }
    daemon->offload = config.offload ? IPSEC_POSIX_OFFLOAD_SEND | IPSEC_POSIX_OFFLOAD_RECEIVE : 0;
    look_at_offload(daemon);
    if (!ipsec_posix_has_raw_esp(daemon->posix)) {
        journal_line(daemon->journal, "gateway", "%s: ESP travels in UDP to every peer", why);
        for (size_t i = 0; i < daemon->config->site_count; i++) {
            daemon->config->site[i].peer.force_encapsulation = true;
        }
    }
    return true;
}

static bool open_tun(struct daemon *daemon)
{
    struct ipsec_linux_tun_config config = IPSEC_LINUX_TUN_CONFIG_INIT;
    struct ipsec_posix_lan lan = IPSEC_POSIX_LAN_INIT;
    char why[IPSEC_POSIX_TEXT_MAX] = "";
    config.name = daemon->config->gateway.tun;
    config.mtu = daemon->config->gateway.mtu;
    config.offload = !daemon->config->gateway.no_offload;
    enum ipsec_status status = ipsec_linux_tun_open(&config, &daemon->tun, why);
    if (status == IPSEC_OK) {
        ipsec_linux_tun_lan(daemon->tun, &lan);
        status = ipsec_posix_set_lan(daemon->posix, &lan);
    }
    if (status != IPSEC_OK) {
        journal_line(daemon->journal, "gateway", "TUN device: %s: %s", ipsec_status_text(status),
                     why);
        return false;
    }
    if (why[0] != '\0') {
        journal_line(daemon->journal, "gateway",
                     "%s: each packet goes through the device by itself", why);
    }
    const char *device = ipsec_linux_tun_name(daemon->tun);
    daemon->has_rules = true;
    return netsetup_apply(daemon->config, device, daemon->journal) &&
           netsetup_hosts_apply(daemon->config, device, daemon->journal);
}

static bool open_signals(struct daemon *daemon)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return false;
    }
    daemon->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return daemon->signals >= 0 && watch_add(daemon, daemon->signals);
}

static bool open_control(struct daemon *daemon)
{
    char error[300];
    const struct control_watch watch = {.user = daemon, .add = watch_add, .remove = watch_remove};
    const char *path = daemon->options->control != NULL ? daemon->options->control
                                                        : daemon->config->gateway.control;
    daemon->control = control_open(path, &watch, error, sizeof(error));
    if (daemon->control == NULL) {
        journal_line(daemon->journal, "gateway", "%s", error);
    }
    return daemon->control != NULL;
}

static ipsec_ms now_of(const struct daemon *daemon)
{
    const struct ipsec_io *io = ipsec_posix_io(daemon->posix);
    return io->now(io->context);
}

static bool open_session(struct daemon *daemon)
{
    const struct session_parts parts = {.config = daemon->config,
                                        .journal = daemon->journal,
                                        .keylog = daemon->keylog,
                                        .crypto = daemon->providers.list,
                                        .signer = ipsec_mbedtls_signer(daemon->providers.mbedtls),
                                        .x509 = ipsec_mbedtls_x509()};
    daemon->session_open = session_open(&daemon->session, &parts, now_of(daemon));
    return daemon->session_open;
}

static bool open_all(struct daemon *daemon)
{
    return open_keylog(daemon) && open_crypto(daemon) && open_sockets(daemon) &&
           open_signals(daemon) && open_control(daemon) && open_tun(daemon) && open_session(daemon);
}

static void close_all(struct daemon *daemon)
{
    if (daemon->session_open) {
        session_deinit(&daemon->session);
    }
    control_close(daemon->control);
    if (daemon->has_rules) {
        netsetup_hosts_remove(daemon->config);
    }
    if (daemon->posix != NULL) {
        const enum ipsec_status status = ipsec_posix_set_lan(daemon->posix, NULL);
        (void)status; /* taking it away does not fail */
    }
    ipsec_linux_tun_close(daemon->tun);
    if (daemon->signals >= 0) {
        (void)ipsec_posix_remove_fd(daemon->posix, daemon->signals);
        (void)close(daemon->signals);
    }
    ipsec_posix_close(daemon->posix);
    credentials_free(daemon->config);
    providers_close(&daemon->providers);
    keylog_close(daemon->keylog);
    free(daemon->journal);
}

static bool signalled(const struct daemon *daemon)
{
    struct signalfd_siginfo info;
    return read(daemon->signals, &info, sizeof(info)) == (ssize_t)sizeof(info);
}

static void announce(const struct daemon *daemon)
{
    const struct config_gateway *gateway = &daemon->config->gateway;
    char address[IPSEC_ADDR_TEXT_MAX] = "any address";
    if (gateway->address.family != IPSEC_FAMILY_NONE) {
        ipsec_addr_text(&gateway->address, address, sizeof(address));
    }
    journal_line(daemon->journal, "gateway",
                 "ready: %s, UDP %u and %u, ESP %s, device %s, %zu site%s", address,
                 gateway->ike_port, gateway->natt_port,
                 ipsec_posix_has_raw_esp(daemon->posix) ? "raw and in UDP" : "in UDP",
                 ipsec_linux_tun_name(daemon->tun), daemon->config->site_count,
                 daemon->config->site_count == 1 ? "" : "s");
}

/* Until a signal, or until the backend fails. */
static bool loop(struct daemon *daemon)
{
    const struct ipsec_io *io = ipsec_posix_io(daemon->posix);
    ipsec_ms looked = 0; /* at what is not traffic: asking costs more than a packet does */
    for (;;) {
        const ipsec_ms until =
            control_pending(daemon->control) ? now_of(daemon) + PENDING_MS : IPSEC_NEVER;
        if (session_turn(&daemon->session, io, until) < 0) {
            journal_line(daemon->journal, "gateway", "the sockets or the device failed");
            return false;
        }
        look_at_offload(daemon);
        if (daemon->session.assigned.family != IPSEC_FAMILY_NONE) {
            netsetup_assign(daemon->config, &daemon->session.assigned,
                            ipsec_linux_tun_name(daemon->tun), daemon->journal);
            daemon->session.assigned.family = IPSEC_FAMILY_NONE;
        }
        const ipsec_ms now = now_of(daemon);
        if (now == looked) {
            continue;
        }
        looked = now;
        if (signalled(daemon)) {
            return true;
        }
        control_work(daemon->control, &daemon->session, now);
    }
}

static void say_goodbye(struct daemon *daemon)
{
    const struct ipsec_io *io = ipsec_posix_io(daemon->posix);
    const ipsec_ms end = now_of(daemon) + CLOSE_MS;
    journal_line(daemon->journal, "gateway", "closing");
    session_close(&daemon->session, now_of(daemon));
    while (!session_closed(&daemon->session) && now_of(daemon) < end) {
        if (session_turn(&daemon->session, io, end) < 0) {
            break;
        }
    }
    journal_line(daemon->journal, "gateway", "closed");
}

/* What `check` would warn of is in the log from the start. */
static void log_findings(struct daemon *daemon)
{
    struct check_counts counts;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) {
        return;
    }
    check_config(daemon->config, &daemon->providers.list, out, &counts);
    (void)fclose(out);
    if (counts.warnings + counts.errors > 0) {
        journal_line(daemon->journal, "gateway",
                     "the configuration has %u warning%s: `ipsec-two-site check %s` tells",
                     counts.warnings + counts.errors,
                     counts.warnings + counts.errors == 1 ? "" : "s", daemon->config->file);
    }
    free(text);
}

int daemon_run(struct config *config, const struct options *options)
{
    struct daemon daemon = {.config = config, .options = options, .signals = -1};
    daemon.journal = journal_new(options->quiet ? NULL : stdout);
    if (daemon.journal == NULL) {
        fprintf(stderr, "ipsec-two-site: no memory\n");
        return EXIT_FAILURE;
    }
    bool good = open_all(&daemon);
    if (good) {
        log_findings(&daemon);
        announce(&daemon);
        good = loop(&daemon);
        say_goodbye(&daemon);
    }
    close_all(&daemon);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
