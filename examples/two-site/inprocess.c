/* SPDX-License-Identifier: Apache-2.0 */
#include "inprocess.h"
#include "credential.h"
#include "lanpacket.h"
#include "packet.h"
#include "providers.h"
#include "session.h"

#include <errno.h>
#include <ipsec/backend_memory.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MS_MAX    300000 /* virtual; beyond the last retransmission */
#define TURNS_MAX      200000
#define PINGS          20
#define STREAM_PACKETS 1000
#define CAPTURE_BYTES  2048
#define TRAFFIC_MS     10

struct end {
    struct config *config;
    struct providers providers;
    struct journal *journal;
    struct session session;
    const struct ipsec_io *io;
    bool open;
};

struct world {
    struct ipsec_memory *memory;
    struct end end[2];
    ipsec_ms now;
    bool lose_all;
    uint8_t esp[CAPTURE_BYTES]; /* the last ESP packet A sent */
    size_t esp_length;
    uint32_t esp_inner; /* length of what A's LAN sent last */
    uint32_t sent;
    uint32_t received;
    uint32_t refused; /* replies a full queue did not take */
};

/* ---- The link ---------------------------------------------------------------------------------
 */

static bool on_link(void *user, enum ipsec_memory_end from, struct ipsec_packet *datagram)
{
    struct world *world = user;
    const uint8_t *content = datagram->buffer + datagram->offset;
    const bool natt = datagram->carrier == IPSEC_CARRIER_UDP && datagram->length > 8 &&
                      (datagram->local.port == 4500 || datagram->remote.port == 4500) &&
                      (content[0] | content[1] | content[2] | content[3]) != 0;
    const bool esp = datagram->carrier == IPSEC_CARRIER_ESP || natt;
    if (esp && from == IPSEC_MEMORY_A && datagram->length <= sizeof(world->esp)) {
        memcpy(world->esp, content, datagram->length);
        world->esp_length = datagram->length;
    }
    return !world->lose_all;
}

static void drain(struct world *world)
{
    uint8_t packet[CAPTURE_BYTES];
    size_t length = 0;
    while (ipsec_memory_lan_receive(world->memory, IPSEC_MEMORY_B, packet, sizeof(packet),
                                    &length) == IPSEC_OK) {
        if (lanpacket_make_reply(packet, length)) {
            const struct ipsec_view reply = {.data = packet, .length = length};
            const enum ipsec_status status =
                ipsec_memory_lan_send(world->memory, IPSEC_MEMORY_B, reply);
            world->refused += status == IPSEC_OK ? 0 : 1;
        }
    }
    while (ipsec_memory_lan_receive(world->memory, IPSEC_MEMORY_A, packet, sizeof(packet),
                                    &length) == IPSEC_OK) {
        world->received += lanpacket_is_reply(packet, length) ? 1 : 0;
    }
}

static void turn(struct world *world)
{
    for (size_t i = 0; i < 2; i++) {
        struct end *end = &world->end[i];
        (void)session_turn(&end->session, end->io, world->now);
    }
    drain(world);
}

static ipsec_ms next_deadline(const struct world *world)
{
    ipsec_ms next = IPSEC_NEVER;
    for (size_t i = 0; i < 2; i++) {
        const struct session *session = &world->end[i].session;
        const ipsec_ms gw = ipsec_gw_deadline(session->gw);
        const ipsec_ms own = session_deadline(session);
        next = gw < next ? gw : next;
        next = own < next ? own : next;
    }
    return next;
}

/* Runs what can run at this moment. */
static void settle(struct world *world)
{
    for (uint32_t i = 0; i < TURNS_MAX; i++) {
        turn(world);
        if (ipsec_memory_idle(world->memory) && next_deadline(world) > world->now) {
            return;
        }
    }
}

static void set_now(struct world *world, ipsec_ms now)
{
    world->now = now;
    ipsec_memory_set_now(world->memory, now);
}

/* Lets virtual time go on until `done` or for span_ms. True: done. */
static bool run_until(struct world *world, bool (*done)(const struct world *), ipsec_ms span_ms)
{
    const ipsec_ms end = world->now + span_ms;
    settle(world);
    while (!done(world) && world->now < end) {
        const ipsec_ms next = next_deadline(world);
        set_now(world, next < end ? next : end);
        settle(world);
    }
    return done(world);
}

/* ---- Steps ------------------------------------------------------------------------------------
 */

static const struct ipsec_child_config *first_child(const struct end *end)
{
    return &end->config->site[0].children[0];
}

static bool is_up(const struct world *world)
{
    return session_child_of(&world->end[0].session, first_child(&world->end[0])) != 0 &&
           session_child_of(&world->end[1].session, first_child(&world->end[1])) != 0;
}

/* Up, or failed, and waiting for the next attempt where there is one. */
static bool is_decided(const struct world *world)
{
    const struct session *session = &world->end[0].session;
    struct ipsec_keep_up_info info;
    const bool kept =
        ipsec_ike_keep_up_info(ipsec_gw_ike(session->gw), &world->end[0].config->site[0].peer,
                               &info) == IPSEC_OK;
    return is_up(world) ||
           (session->site[0].failures > 0 && (!kept || info.next_try != IPSEC_NEVER));
}

static bool is_down(const struct world *world)
{
    return session_closed(&world->end[0].session) && session_closed(&world->end[1].session);
}

static bool all_back(const struct world *world)
{
    return world->received >= world->sent;
}

static void send_one(struct world *world, size_t inner_bytes)
{
    uint8_t packet[CAPTURE_BYTES];
    const struct ipsec_child_config *child = first_child(&world->end[0]);
    lanpacket_make_request(packet, inner_bytes, &child->local_ts.item[0], &child->remote_ts.item[0],
                           (uint16_t)world->sent);
    const struct ipsec_view view = {.data = packet, .length = inner_bytes};
    world->sent++;
    world->esp_inner = (uint32_t)inner_bytes;
    if (ipsec_memory_lan_send(world->memory, IPSEC_MEMORY_A, view) == IPSEC_OK) {
        settle(world);
    }
}

static bool report_traffic(const struct world *world, const char *what)
{
    printf("%s: %u sent, %u answered, %u lost\n", what, world->sent, world->received,
           world->sent - world->received);
    return world->sent == world->received;
}

static bool do_traffic(struct world *world, const char *what, uint32_t count, size_t bytes)
{
    world->sent = 0;
    world->received = 0;
    for (uint32_t i = 0; i < count; i++) {
        send_one(world, bytes);
        set_now(world, world->now + TRAFFIC_MS);
    }
    (void)run_until(world, all_back, 1000);
    return report_traffic(world, what);
}

static bool do_up(struct world *world)
{
    (void)session_up(&world->end[0].session, world->end[0].config->site[0].name);
    (void)run_until(world, is_decided, STEP_MS_MAX);
    const bool up = is_up(world);
    printf("up: %s\n", up ? "the tunnel is up" : "failed");
    return up;
}

static bool do_down(struct world *world)
{
    (void)session_down(&world->end[0].session, world->end[0].config->site[0].name, world->now);
    const bool down = run_until(world, is_down, STEP_MS_MAX);
    printf("down: %s\n", down ? "closed on both ends" : "not closed");
    return down;
}

static bool do_packet(struct world *world)
{
    struct ipsec_child_info info;
    const struct session *session = &world->end[0].session;
    const ipsec_handle child = session_child_of(session, first_child(&world->end[0]));
    if (child == 0 || world->esp_length == 0 ||
        ipsec_ike_child_info(ipsec_gw_ike(session->gw), child, &info) != IPSEC_OK) {
        printf("packet: none seen\n");
        return false;
    }
    const struct packet_layout layout = {.esp = {.data = world->esp, .length = world->esp_length},
                                         .suite = info.suite,
                                         .inner_bytes = world->esp_inner};
    return packet_print(&layout, stdout);
}

static uint32_t spi_of(const struct world *world)
{
    struct ipsec_child_info info;
    const struct session *session = &world->end[0].session;
    const ipsec_handle child = session_child_of(session, first_child(&world->end[0]));
    const struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    return child != 0 && ipsec_ike_child_info(ike, child, &info) == IPSEC_OK ? info.spi_in : 0;
}

static uint64_t ike_spi_of(const struct world *world)
{
    struct ipsec_ike_sa_info info;
    const struct session *session = &world->end[0].session;
    const ipsec_handle sa = session_ike_of(session, &world->end[0].config->site[0].peer);
    const struct ipsec_ike *ike = ipsec_gw_ike(session->gw);
    return sa != 0 && ipsec_ike_sa_info(ike, sa, &info) == IPSEC_OK ? info.spi_i : 0;
}

static enum ipsec_status begin_renewal(struct world *world, const char *step)
{
    struct session *session = &world->end[0].session;
    const char *site = world->end[0].config->site[0].name;
    const uint32_t flags =
        strcmp(step, "rekey-child-without-pfs") == 0 ? IPSEC_REKEY_WITHOUT_PFS : 0;
    if (strcmp(step, "rekey-ike") == 0) {
        return session_rekey_ike(session, site, world->now);
    }
    if (strcmp(step, "reauth") == 0) {
        return session_reauth(session, site, world->now);
    }
    return session_rekey_child(session, first_child(&world->end[0])->name, flags, world->now);
}

static bool do_renewal(struct world *world, const char *step)
{
    const uint32_t spi = spi_of(world);
    const uint64_t ike_spi = ike_spi_of(world);
    const bool ike = strcmp(step, "rekey-ike") == 0 || strcmp(step, "reauth") == 0;
    world->sent = 0;
    world->received = 0;
    send_one(world, 84);
    const enum ipsec_status status = begin_renewal(world, step);
    for (uint32_t i = 0; i < 100; i++) {
        send_one(world, 84);
        set_now(world, world->now + TRAFFIC_MS);
    }
    (void)run_until(world, all_back, 1000);
    const bool renewed = ike ? ike_spi_of(world) != ike_spi : spi_of(world) != spi;
    printf("%s: %s\n", step, status < 0 ? ipsec_status_text(status) : renewed ? "done" : "failed");
    return report_traffic(world, "under way") && renewed && is_up(world);
}

static bool do_step(struct world *world, const char *step)
{
    if (strcmp(step, "up") == 0) {
        return do_up(world);
    }
    if (strcmp(step, "down") == 0) {
        return do_down(world);
    }
    if (strcmp(step, "ping") == 0) {
        return do_traffic(world, "ping", PINGS, 84);
    }
    if (strcmp(step, "stream") == 0) {
        return do_traffic(world, "stream", STREAM_PACKETS, 1400);
    }
    if (strcmp(step, "packet") == 0) {
        return do_packet(world);
    }
    if (strncmp(step, "rekey-", 6) == 0 || strcmp(step, "reauth") == 0) {
        return do_renewal(world, step);
    }
    fprintf(stderr, "ipsec-two-site: unknown step \"%s\"\n", step);
    return false;
}

static bool do_steps(struct world *world, const char *steps)
{
    char text[400];
    char *rest = NULL;
    bool good = strlen(steps) < sizeof(text);
    snprintf(text, sizeof(text), "%s", steps);
    for (char *step = strtok_r(text, " ,", &rest); good && step != NULL;
         step = strtok_r(NULL, " ,", &rest)) {
        good = do_step(world, step);
        (void)fflush(stdout);
    }
    return good;
}

/* ---- Opening and closing ----------------------------------------------------------------------
 */

static bool open_end(struct world *world, size_t index, struct config *config, FILE *log)
{
    struct end *end = &world->end[index];
    char why[PROVIDERS_WHY_BYTES];
    end->config = config;
    if (!providers_open(&end->providers, &config->gateway, why)) {
        fprintf(stderr, "%s: %s\n", config->file, why);
        return false;
    }
    end->io = ipsec_memory_io(world->memory, index == 0 ? IPSEC_MEMORY_A : IPSEC_MEMORY_B);
    end->journal = journal_new(log);
    if (end->journal == NULL) {
        return false;
    }
    end->journal->clock = &world->now;
    end->journal->start = world->now;
    const struct session_parts parts = {
        .config = config,
        .journal = end->journal,
        .crypto = end->providers.list,
        .signer = ipsec_mbedtls_signer(end->providers.mbedtls),
        .x509 = ipsec_mbedtls_x509(),
    };
    if (!credentials_load(config, end->providers.mbedtls)) {
        config_print_errors(config, stderr);
        return false;
    }
    end->open = session_open(&end->session, &parts, world->now);
    return end->open;
}

static bool open_world(struct world *world, struct config *a, struct config *b, FILE *log_a,
                       FILE *log_b)
{
    struct ipsec_memory_config memory = IPSEC_MEMORY_CONFIG_INIT;
    world->now = 1000;
    memory.start = world->now;
    memory.filter = on_link;
    memory.user = world;
    return ipsec_memory_new(&memory, &world->memory) == IPSEC_OK && open_end(world, 0, a, log_a) &&
           open_end(world, 1, b, log_b);
}

static void close_world(struct world *world)
{
    for (size_t i = 0; i < 2; i++) {
        if (world->end[i].open) {
            session_deinit(&world->end[i].session);
        }
        free(world->end[i].journal);
        if (world->end[i].config != NULL) {
            credentials_free(world->end[i].config);
        }
        providers_close(&world->end[i].providers);
    }
    ipsec_memory_free(world->memory);
    free(world);
}

/* NULL: no log file wanted. *failed is set when one is and can not be opened. */
static FILE *open_log(const char *path, bool *failed)
{
    if (path == NULL) {
        return NULL;
    }
    FILE *log = fopen(path, "we");
    if (log == NULL) {
        fprintf(stderr, "ipsec-two-site: %s: %s\n", path, strerror(errno));
        *failed = true;
    }
    return log;
}

int inprocess_run(struct config *a, struct config *b, const struct options *options)
{
    bool failed = false;
    struct world *world = calloc(1, sizeof(*world));
    FILE *log_a = open_log(options->log_a, &failed);
    FILE *log_b = open_log(options->log_b, &failed);
    const bool apart = options->log_a != NULL || options->log_b != NULL;
    if (world == NULL || failed) {
        free(world);
        return EXIT_FAILURE;
    }
    world->lose_all = options->lose_all != 0;
    const bool good = open_world(world, a, b, apart ? log_a : stdout, apart ? log_b : NULL) &&
                      do_steps(world, options->steps != NULL ? options->steps : "up ping down");
    close_world(world);
    if (log_a != NULL) {
        (void)fclose(log_a);
    }
    if (log_b != NULL) {
        (void)fclose(log_b);
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
