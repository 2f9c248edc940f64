/* SPDX-License-Identifier: Apache-2.0
 *
 * A site-to-site tunnel in one page. As root, on the gateway of 192.168.1.0/24:
 *
 *   TUNNEL_SECRET=... ipsec-minimal 192.0.2.1 192.0.2.2 192.168.1.0/24 192.168.2.0/24 &
 *   ip route add 192.168.2.0/24 dev vpn0
 *
 * The first packet brings the tunnel up. What goes wrong in a negotiation is printed in words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ipsec/backend_linux_tun.h>
#include <ipsec/backend_mbedtls.h>
#include <ipsec/ipsec.h>

#define TRY(call)                                                                                  \
    ((call) < IPSEC_OK ? (fprintf(stderr, "failed: %s %s\n", #call, why), exit(1)) : (void)0)

static struct ipsec_child_config lan = {.size = sizeof lan, .name = "lan"};
static struct ipsec_peer peer = {
    .size = sizeof peer, .name = "b", .children = &lan, .child_count = 1};
static struct ipsec_gw *gw;
static const struct ipsec_io *io;

static enum ipsec_status find_peer(void *user, uint32_t token, const struct ipsec_peer_query *query,
                                   const struct ipsec_peer **found)
{
    *found = &peer; /* the only one; it is authenticated by the secret */
    return IPSEC_OK;
}

static enum ipsec_status find_secret(void *user, uint32_t token,
                                     const struct ipsec_secret_query *query,
                                     struct ipsec_secret *secret)
{
    const char *text = getenv("TUNNEL_SECRET");
    secret->length = text != NULL ? strnlen(text, sizeof secret->bytes) : 0;
    memcpy(secret->bytes, text != NULL ? text : "", secret->length);
    return secret->length != 0 ? IPSEC_OK : IPSEC_ERR_NOT_FOUND;
}

static void acquire(void *user, const struct ipsec_peer *who,
                    const struct ipsec_child_config *child)
{
    ipsec_handle sa = ipsec_ike_next_sa(ipsec_gw_ike(gw), 0); /* a packet has no tunnel yet: */
    if (sa == 0 &&
        ipsec_ike_initiate(ipsec_gw_ike(gw), who, io->now(io->context), &sa) < IPSEC_OK) {
        fprintf(stderr, "can not start\n");
    }
}

static void event(void *user, const struct ipsec_event *e)
{
    char text[IPSEC_FAILURE_TEXT_MAX];
    if (e->type == IPSEC_EVENT_CHILD_ESTABLISHED) {
        puts("tunnel is up");
    } else if (e->type == IPSEC_EVENT_FAILURE) {
        ipsec_failure_text(e->failure, text, sizeof text);
        puts(text); /* which side refused, what each offered, what to change */
    }
}

int main(int argc, char **argv)
{
    char why[IPSEC_POSIX_TEXT_MAX] = "";
    size_t bytes;
    struct ipsec_mbedtls *mbedtls;
    struct ipsec_posix *posix;
    struct ipsec_linux_tun *tun;
    struct ipsec_posix_lan device = IPSEC_POSIX_LAN_INIT;
    const struct ipsec_linux_tun_config tun_config = {sizeof tun_config, "vpn0", 1400, false, true};
    struct ipsec_gw_config config = IPSEC_GW_CONFIG_INIT;
    static struct ipsec_proposals ike, esp;

    if (argc != 5) {
        return fprintf(stderr, "usage: %s OWN_ADDRESS PEER OWN_NET PEER_NET\n", argv[0]) > 0;
    }
    TRY(ipsec_proposals_parse("aes256-sha256-modp2048", IPSEC_PROTOCOL_IKE, &ike, NULL));
    TRY(ipsec_proposals_parse("aes256-sha256-modp2048", IPSEC_PROTOCOL_ESP, &esp, NULL)); /* PFS */
    TRY(ipsec_addr_parse(argv[1], &peer.local.addr));
    TRY(ipsec_addr_parse(argv[2], &peer.remote.addr));
    TRY(ipsec_selector_parse(argv[3], &lan.local_ts.item[lan.local_ts.count++]));
    TRY(ipsec_selector_parse(argv[4], &lan.remote_ts.item[lan.remote_ts.count++]));
    peer.proposals = &ike;
    lan.proposals = &esp;

    TRY(ipsec_mbedtls_new(NULL, &mbedtls));
    TRY(ipsec_posix_open(NULL, &posix, why));
    TRY(ipsec_linux_tun_open(&tun_config, &tun, why));
    ipsec_linux_tun_lan(tun, &device);
    TRY(ipsec_posix_set_lan(posix, &device));
    io = ipsec_posix_io(posix);

    const struct ipsec_crypto *const providers[] = {ipsec_mbedtls_crypto(mbedtls)};
    config.crypto.item = providers;
    config.crypto.count = 1;
    config.callbacks.find_peer = find_peer;
    config.callbacks.find_secret = find_secret;
    config.callbacks.acquire = acquire;
    config.callbacks.event = event;
    config.io = io;
    TRY(ipsec_gw_size(&config, &bytes)); /* all the memory it will ever use */
    TRY(ipsec_gw_init(malloc(bytes), bytes, &config, io->now(io->context), &gw));
    TRY(ipsec_gw_add_peer(gw, &peer)); /* from here on nothing goes in clear between the two */
    for (;;) {
        TRY(ipsec_gw_run(gw, io, IPSEC_NEVER));
    }
}
