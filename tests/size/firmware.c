/* SPDX-License-Identifier: Apache-2.0
 *
 * What a gateway firmware calls of the library, linked by tests/size/report for its size and never
 * run: peers and their secrets from tables, no texts, nothing read from a configuration file. The
 * board's part (crypto, sockets, clock) is empty.
 */
#include <ipsec/ipsec.h>

#include <string.h>

#define TUNNELS 4

static uint8_t block[128 * 1024] __attribute__((aligned(8)));
static const struct ipsec_crypto board_crypto = {sizeof(board_crypto),
                                                 "board",
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL};
static const struct ipsec_crypto *const board_list[] = {&board_crypto};
static struct ipsec_child_config child[TUNNELS];
static struct ipsec_peer peer[TUNNELS];
static struct ipsec_secret secret[TUNNELS];
volatile ipsec_ms board_now;
struct ipsec_packet *volatile board_wan_in;
struct ipsec_packet *volatile board_lan_in;
struct ipsec_packet *const *volatile board_out;

static enum ipsec_status find_peer(void *user, uint32_t token, const struct ipsec_peer_query *query,
                                   const struct ipsec_peer **found)
{
    (void)user;
    (void)token;
    for (unsigned i = 0; i < TUNNELS; i++) {
        if (ipsec_addr_equal(&peer[i].remote.addr, &query->remote.addr)) {
            *found = &peer[i];
            return IPSEC_OK;
        }
    }
    return IPSEC_ERR_NOT_FOUND;
}

static enum ipsec_status find_secret(void *user, uint32_t token,
                                     const struct ipsec_secret_query *query,
                                     struct ipsec_secret *out)
{
    (void)user;
    (void)token;
    *out = secret[query->peer - peer];
    return IPSEC_OK;
}

static void output(void *user, struct ipsec_packet *const packets[], size_t n)
{
    (void)user;
    (void)n;
    board_out = packets;
}

static struct ipsec_gw *start(void)
{
    struct ipsec_gw_config config;
    struct ipsec_gw *gw = NULL;

    memset(&config, 0, sizeof(config));
    config.size = sizeof(config);
    config.crypto.item = board_list;
    config.crypto.count = 1;
    config.callbacks.size = sizeof(config.callbacks);
    config.callbacks.find_peer = find_peer;
    config.callbacks.find_secret = find_secret;
    config.callbacks.wan_send = output;
    config.callbacks.lan_deliver = output;
    config.ike.size = sizeof(config.ike);
    config.ike.sa_max = TUNNELS;
    if (ipsec_gw_init(block, sizeof(block), &config, board_now, &gw) != IPSEC_OK) {
        return NULL;
    }
    for (unsigned i = 0; i < TUNNELS; i++) {
        peer[i].children = &child[i];
        peer[i].child_count = 1;
        if (ipsec_gw_add_peer(gw, &peer[i]) != IPSEC_OK) {
            return NULL;
        }
    }
    return gw;
}

int main(void)
{
    struct ipsec_gw *gw = start();
    ipsec_handle sa;

    if (gw == NULL || ipsec_ike_initiate(ipsec_gw_ike(gw), &peer[0], board_now, &sa) != IPSEC_OK) {
        return 1;
    }
    for (;;) {
        struct ipsec_packet *packet = board_wan_in;

        ipsec_gw_wan_input(gw, &packet, 1, board_now);
        packet = board_lan_in;
        ipsec_gw_lan_input(gw, &packet, 1, board_now);
        if (ipsec_gw_deadline(gw) <= board_now) {
            ipsec_gw_expire(gw, board_now);
        }
    }
}
