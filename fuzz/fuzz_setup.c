/* SPDX-License-Identifier: Apache-2.0
 *
 * See fuzz_setup.h.
 */
#include "fuzz_setup.h"

const char *const fuzz_gateway[2] = {"203.0.113.10", "203.0.113.20"};

static void choose_proposals(struct sim *s, uint8_t how)
{
    /* AES-CBC and a tag of 16 octets: what sim_craft makes. */
    static const char *const ike[][2] = {
        {"aes256-sha256-modp2048", "aes256-sha256-modp2048"},
        {"aes256-sha256-modp2048-ecp256", "aes256-sha256-ecp256"},
        {"aes128-sha256-ecp256", "aes256-sha256-ecp256,aes128-sha256-ecp256"},
        {"aes256-sha256-ecp256", "aes128-sha256-ecp256"}};
    static const char *const esp[][2] = {{"aes256-sha256-modp2048", "aes256-sha256-modp2048"},
                                         {"aes256-sha256", "aes256-sha256"},
                                         {"aes256gcm16-modp2048-ecp256", "aes256gcm16-ecp256"},
                                         {"aes256gcm16", "aes256-sha256,aes256gcm16"}};

    for (int k = 0; k < 2 && (how & 15) != 0; k++) { /* 0: as they are */
        sim_ike_proposals(&s->nodes[k], ike[how & 3][k]);
        sim_esp_proposals(&s->nodes[k], esp[how >> 2 & 3][k]);
    }
}

static uint32_t table(uint8_t how, uint32_t fallback)
{
    return how == 0 ? fallback : how;
}

static void choose_node(struct sim_node *n, uint8_t tables, uint8_t times)
{
    struct ipsec_ike_config *c = &n->config;

    c->sa_max = table(tables & 3, c->sa_max);
    c->child_max = table(tables >> 2 & 3, c->child_max);
    c->handshake_max = table(tables >> 4 & 3, c->handshake_max);
    c->buffer_max = table(tables >> 6 & 3, 0);
    c->message_bytes = 1280; /* wiped often */
    c->half_open_max = (tables >> 4 & 3) == 0 ? 2 : 0;
    c->cookie_threshold = times & 1;
    n->peer.child_count = 1 + (times >> 1 & 3);
    n->peer.no_initial_contact = (times & 8) != 0;
    c->fragment_bytes = (times & 0x80) != 0 ? 192 : 0;
    n->peer.force_encapsulation = (times & 0x10) != 0;
    if ((times & 0x20) != 0) {
        n->peer.lifetime.soft_ms = 110000;
        n->peer.lifetime.hard_ms = 200000;
        n->child[0].lifetime.soft_ms = 90000;
        n->child[0].lifetime.hard_ms = 160000;
    }
    if ((times & 0x40) != 0) {
        n->peer.liveness_ms = 5000;
    }
}

/* How the ends prove who they are: 0 secret, 1 and 2 certificates, 3 and 4 EAP with a certificate
 * on the other side and alone, else secret. */
static void choose_proof(struct sim *s, uint8_t how)
{
    switch (how) {
    case 1:
        sim_certificates(s, IPSEC_KEY_RSA, 2048);
        break;
    case 2:
        sim_certificates(s, IPSEC_KEY_EC, 256);
        break;
    case 3:
    case 4:
        sim_eap(s, 2, how == 4);
        break;
    default:
        break;
    }
}

/* A asks B for inner addresses, and for a child over them when `dynamic`. */
static void choose_addresses(struct sim *s, bool dynamic)
{
    struct sim_node *a = &s->nodes[SIM_A];
    struct sim_node *b = &s->nodes[SIM_B];
    struct ipsec_config_set *lease = &b->lease;

    a->peer.request_config =
        IPSEC_CONFIG_IPV4 | IPSEC_CONFIG_IPV6 | IPSEC_CONFIG_DNS | IPSEC_CONFIG_SUBNETS;
    b->leases = true;
    sim_node_callbacks(b);
    sim_address(&lease->ipv4, "10.77.0.5");
    lease->ipv4_bits = 24;
    sim_address(&lease->ipv6, "fd00:77::5");
    lease->ipv6_bits = 64;
    sim_address(&lease->dns[0], "192.168.2.53");
    lease->dns_count = 1;
    sim_address(&lease->subnet[0].addr, "192.168.2.0");
    lease->subnet[0].bits = 24;
    lease->subnet_count = 1;
    if (dynamic) {
        a->child[0].local_dynamic = true;
        a->child[0].local_ts.count = 0;
        b->child[0].remote_dynamic = true;
        b->child[0].remote_ts.count = 0;
    }
}

static void choose_features(struct sim *s, uint8_t how)
{
    if ((how & 1) != 0) {
        choose_addresses(s, (how & 2) != 0);
    }
    for (int k = 0; k < 2; k++) {
        struct sim_node *n = &s->nodes[k];
        n->peer.no_mobike = (how & 4) == 0;
        n->config.window = (how & 8) != 0 ? 3 : 1;
        n->config.stray_answers_per_s = (how & 8) != 0 ? 0 : IPSEC_STRAY_ANSWERS_OFF;
        n->peer.childless = (how & 0x40) != 0 ? IPSEC_CHILDLESS_ALWAYS : IPSEC_CHILDLESS_DEFAULT;
        n->child[0].prove_pfs = (how & 0x80) != 0;
        n->child[1].idle_ms = (how & 0x80) != 0 ? 20000 : 0;
        for (int i = 0; i < SIM_CONFIGS_MAX; i++) {
            n->child[i].restart = (how & 0x10) != 0;
        }
        n->child[1].start = (how & 0x20) != 0 ? IPSEC_START_ON_DEMAND : IPSEC_START_ALWAYS;
    }
}

/* From where it is usually called, to another of its addresses. */
static enum ipsec_status on_redirect(void *user, const struct ipsec_redirect_query *query,
                                     struct ipsec_id *gateway)
{
    const struct sim_node *n = user;

    if ((query->remote_id == NULL ? n->redirects.init : n->redirects.auth) == NULL ||
        !ipsec_addr_equal(&query->local.addr, &n->peer.local.addr)) {
        return IPSEC_ERR_NOT_FOUND;
    }
    sim_id(gateway, fuzz_gateway[n->index]);
    return IPSEC_OK;
}

/* After all that sets callbacks. */
static void choose_redirects(struct sim *s, bool in_init, bool in_auth)
{
    for (int k = 0; k < 2; k++) {
        struct sim_node *n = &s->nodes[k];
        n->redirects.init = in_init ? fuzz_gateway[k] : NULL;
        n->redirects.auth = in_auth ? fuzz_gateway[k] : NULL;
        n->peer.follow_redirects = in_init   ? IPSEC_REDIRECTS_ANY
                                   : in_auth ? IPSEC_REDIRECTS_AUTHENTICATED
                                             : IPSEC_REDIRECTS_NEVER;
        n->config.callbacks.redirect = in_init || in_auth ? on_redirect : NULL;
    }
}

void fuzz_set_up(struct sim *s, struct ipsec_view setup)
{
    const uint8_t *o = setup.data;

    fuzz_begin(s, 1 + (o[0] & 7));
    /* With MOBIKE the end behind it would be lost at its other addresses. */
    s->nat = (o[0] & 8) != 0 && (o[9] & 4) == 0;
    choose_proposals(s, o[1]);
    for (int k = 0; k < 2; k++) {
        struct sim_node *n = &s->nodes[k];
        choose_node(n, o[2 + k], o[4 + k]);
        n->crypto.tags_pass = (o[0] & 0x10) == 0;
        n->unknown_peer = (o[6] & (1 << k)) != 0;
        n->unknown_id = (o[6] & (4 << k)) != 0;
        n->secret = (o[6] & (16 << k)) != 0 ? NULL : n->secret;
        n->peer.follow = o[7] >> 5 & 3;
    }
    choose_proof(s, o[7] >> 2 & 7);
    choose_features(s, o[9]);
    choose_redirects(s, (o[6] & 0x80) != 0, (o[6] & 0x40) != 0);
    if ((o[8] & 15) != 0) {
        fuzz_reach(s, (enum fuzz_state)(((o[8] & 15) - 1) & 7));
    } else if ((o[7] & 2) != 0) {
        fuzz_reach(s, FUZZ_UP);
    } else {
        fuzz_engines(s);
    }
}
