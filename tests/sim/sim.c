/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim.h: making and ending a simulation, and the reference scenario in it.
 */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "simulator: %s\n", what);
        abort();
    }
}

void sim_ike_proposals(struct sim_node *n, const char *text)
{
    must(ipsec_proposals_parse(text, IPSEC_PROTOCOL_IKE, &n->ike_proposals, NULL) == IPSEC_OK,
         text);
    n->peer.proposals = &n->ike_proposals;
}

void sim_esp_proposals(struct sim_node *n, const char *text)
{
    must(ipsec_proposals_parse(text, IPSEC_PROTOCOL_ESP, &n->esp_proposals[0], NULL) == IPSEC_OK,
         text);
    for (size_t i = 0; i < SIM_CONFIGS_MAX; i++) {
        n->esp_proposals[i] = n->esp_proposals[0];
        n->child[i].proposals = &n->esp_proposals[i];
    }
}

void sim_child_ts(struct ipsec_child_config *c, const char *local, const char *remote)
{
    c->local_ts.count = 1;
    c->remote_ts.count = 1;
    must(ipsec_selector_parse(local, &c->local_ts.item[0]) == IPSEC_OK, local);
    must(ipsec_selector_parse(remote, &c->remote_ts.item[0]) == IPSEC_OK, remote);
}

void sim_id(struct ipsec_id *id, const char *text)
{
    must(ipsec_id_parse(text, id) == IPSEC_OK, text);
}

static void set_endpoint(struct ipsec_endpoint *e, const char *addr)
{
    must(ipsec_addr_parse(addr, &e->addr) == IPSEC_OK, addr);
    e->port = 500;
}

static const char *const address[2] = {"203.0.113.1", "203.0.113.2"};
static const char *const identity[2] = {"gw-a.example", "gw-b.example"};
static const char *const child_name[SIM_CONFIGS_MAX] = {"lan", "lan2", "lan3", "lan4"};
static const char *const lan[2][SIM_CONFIGS_MAX] = {
    {"192.168.1.0/24", "10.1.0.0/16", "10.3.0.0/16", "10.5.0.0/16"},
    {"192.168.2.0/24", "10.2.0.0/16", "10.4.0.0/16", "10.6.0.0/16"}};

static void set_up_node(struct sim *s, int index, uint64_t seed)
{
    struct sim_node *n = &s->nodes[index];
    const int other = 1 - index;
    const struct ipsec_ike_config config = IPSEC_IKE_CONFIG_INIT;
    const struct ipsec_peer peer = IPSEC_PEER_INIT;
    const struct ipsec_child_config child = IPSEC_CHILD_CONFIG_INIT;

    n->sim = s;
    n->index = index;
    n->sink = s->sinks[index];
    n->config = config;
    n->peer = peer;
    n->secret = "a pre-shared key of some length";
    sim_crypto_init(&n->crypto, seed);
    n->config.crypto = n->crypto.list;
    sim_auth_init(&n->auth);
    /* Silence is what most tests look for. */
    n->config.stray_answers_per_s = IPSEC_STRAY_ANSWERS_OFF;
    sim_node_callbacks(n);
    n->peer.name = index == SIM_A ? "site-b" : "site-a";
    set_endpoint(&n->peer.local, address[index]);
    set_endpoint(&n->peer.remote, address[other]);
    sim_id(&n->peer.local_id, identity[index]);
    sim_id(&n->peer.remote_id, identity[other]);
    n->peer.children = n->child;
    /* Without it ports change only for a NAT, and messages are crafted more easily. The tests of
     * mobility, and some of the seeded runs, have it. */
    n->peer.no_mobike = true;
    n->peer.child_count = 1;
    for (size_t i = 0; i < SIM_CONFIGS_MAX; i++) {
        n->child[i] = child;
        n->child[i].name = child_name[i];
        sim_child_ts(&n->child[i], lan[index][i], lan[other][i]);
    }
    sim_ike_proposals(n, "aes256-sha256-modp2048");
    sim_esp_proposals(n, "aes256-sha256-modp2048");
}

void sim_certificates(struct sim *s, enum ipsec_key_kind kind, uint16_t bits)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        const struct sim_cert cert = {
            .kind = (uint8_t)kind,
            .bits = bits,
            .issuer = 7,
            .not_after = SIM_NOW + 1000000,
            .id = &n->peer.local_id,
        };
        sim_auth_certify(&n->auth, &cert);
        n->auth.trust.issuer = 7;
        n->config.signer = &n->auth.signer;
        n->config.x509 = &n->auth.x509;
        n->peer.local_auth = IPSEC_AUTH_SIGNATURE;
        n->peer.remote_auth = IPSEC_AUTH_SIGNATURE;
        n->peer.credential = &n->auth.credential;
        n->peer.trust = &n->auth.trust;
    }
}

void sim_eap(struct sim *s, unsigned rounds, bool alone)
{
    sim_certificates(s, IPSEC_KEY_EC, 256);
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        n->speaks_eap = true;
        n->eap_rounds = rounds;
        n->eap_key = IPSEC_EAP_MSK_BYTES;
        n->eap_secret = 99;
        sim_node_callbacks(n);
    }
    s->nodes[SIM_A].peer.local_auth = s->nodes[SIM_B].peer.remote_auth = IPSEC_AUTH_EAP;
    if (alone) {
        s->nodes[SIM_B].peer.local_auth = s->nodes[SIM_A].peer.remote_auth = IPSEC_AUTH_EAP;
    }
}

struct sim *sim_new(uint64_t seed)
{
    struct sim *s = calloc(1, sizeof(*s));

    must(s != NULL, "no memory");
    sim_init(s, seed);
    return s;
}

void sim_init(struct sim *s, uint64_t seed)
{
    s->state = seed * 3 + 1;
    s->now = 1000000;
    s->delay_ms = 10;
    sim_address(&s->nat_inside, address[SIM_A]);
    sim_address(&s->nat_outside, "198.51.100.7");
    s->nat_shift = 20000;
    set_up_node(s, SIM_A, seed * 3 + 2);
    set_up_node(s, SIM_B, seed * 3 + 3);
}

void sim_start(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        size_t bytes = 0;
        must(ipsec_ike_size(&n->config, &bytes) == IPSEC_OK, "ipsec_ike_size");
        if (n->block == NULL) {
            n->block = malloc(bytes);
            n->block_bytes = bytes;
        }
        must(n->block != NULL, "no memory");
        must(ipsec_ike_init(n->block, n->block_bytes, &n->config, s->now, &n->ike) == IPSEC_OK,
             "ipsec_ike_init");
    }
}

void sim_free(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        while (n->job_count > 0) {
            (void)sim_job_done(n);
        }
        if (n->ike != NULL) {
            ipsec_ike_deinit(n->ike);
            must(n->crypto.keys_alive == 0, "keys of an engine outlive it");
            must(n->crypto.kes_alive == 0, "key exchanges of an engine outlive it");
            must(sim_sink_count(n) == 0, "children of an engine outlive it");
            must(n->leased == n->released, "leases of an engine outlive it");
        }
        free(n->block);
    }
    free(s);
}

ipsec_handle sim_connect(struct sim *s)
{
    struct sim_node *a = &s->nodes[SIM_A];
    ipsec_handle sa = 0;

    must(ipsec_ike_initiate(a->ike, &a->peer, s->now, &sa) == IPSEC_OK, "ipsec_ike_initiate");
    sim_run(s, 1000);
    return sa;
}

ipsec_handle sim_sa(struct sim_node *n, enum ipsec_ike_sa_phase phase)
{
    struct ipsec_ike_sa_info info;
    ipsec_handle h = 0;

    while ((h = ipsec_ike_next_sa(n->ike, h)) != 0) {
        if (ipsec_ike_sa_info(n->ike, h, &info) == IPSEC_OK &&
            (phase == 0 || info.phase == phase)) {
            return h;
        }
    }
    return 0;
}

ipsec_handle sim_child_in(struct sim_node *n, enum ipsec_child_phase phase)
{
    struct ipsec_child_info info;
    ipsec_handle h = 0;

    while ((h = ipsec_ike_next_child(n->ike, h)) != 0) {
        if (ipsec_ike_child_info(n->ike, h, &info) == IPSEC_OK &&
            (phase == 0 || info.phase == phase)) {
            return h;
        }
    }
    return 0;
}
