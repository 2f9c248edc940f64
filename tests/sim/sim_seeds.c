/* SPDX-License-Identifier: Apache-2.0
 *
 * Seeded runs: two engines under faults, with everything a caller can ask for at random times, then
 * a calm, after which both must agree, be live, and have leaked nothing. The same seed is the same
 * run. Called by tests/sim/run and as a test:
 *
 *   sim_seeds --seeds N [--first S] [--show] [--mix | OPTION...]
 *
 * --mix: the seed picks the options, by its remainder: see mixes[].
 * --harder: both ends may have several IKE SAs, and time may jump.
 * --fragments: messages go in fragments of many sizes, where both ends want it.
 * --mobile: with MOBIKE; both ends change their addresses, and no NAT stands between them.
 * --keep-up: one end or both keep the other up; then nobody helps after the calm.
 * --redirects: both ends send the other from one address to the next.
 * --reauth: IKE SAs are set up anew before their time, or when asked, and duplicates go.
 * --window: both ends take several requests at once, and answer what belongs to no IKE SA.
 * --sessions: leases, childless starts, children on demand, idle and restarted ones, EAP and
 * certificates.
 * Ends with "N passed, M failed"; a failing seed is printed and can be replayed with
 * --seeds 1 --first SEED --show and the same options.
 */
#include "seed_choices.h"
#include "seed_mobile.h"
#include "seed_redirects.h"
#include "seed_sessions.h"
#include "sim_mobile.h"

#include <signal.h>

static uint32_t pick(struct sim *s, uint32_t below)
{
    return seed_pick(s, below);
}

/* ---- what a run is like ------------------------------------------------------------------------
 */

static void choose_proposals(struct sim *s)
{
    static const char *const ike[][2] = {
        {"aes256-sha256-modp2048", "aes256-sha256-modp2048"},
        {"aes256-sha256-modp2048-ecp256", "aes256-sha256-ecp256"},
        {"aes256gcm16-prfsha256-ecp256", "aes128gcm16-aes256gcm16-prfsha256-ecp256"},
        {"chacha20poly1305-prfsha256-curve25519,aes128-sha1-modp2048",
         "chacha20poly1305-prfsha256-curve25519"}};
    static const char *const esp[][2] = {
        {"aes256-sha256-modp2048", "aes256-sha256-modp2048"},
        {"aes256-sha256", "aes256-sha256"},
        {"aes256gcm16-modp2048-ecp256", "aes256gcm16-ecp256"},
        {"aes256-sha256-ecp256,aes128-sha256", "aes256-sha256-ecp256,aes128-sha256"}};
    const uint32_t i = pick(s, 4);
    const uint32_t e = pick(s, 4);

    for (uint32_t k = 0; k < 2; k++) {
        sim_ike_proposals(&s->nodes[k], ike[i][k]);
        sim_esp_proposals(&s->nodes[k], esp[e][k]);
    }
}

static void choose_lifetime(struct sim *s, struct ipsec_lifetime *l)
{
    if (pick(s, 3) == 0) {
        return; /* the default, an hour: longer than a run */
    }
    l->soft_ms = 10000 + pick(s, 60000);
    l->hard_ms = l->soft_ms + 20000 + pick(s, 60000);
    l->jitter_percent = 1 + pick(s, 50);
}

static void choose_node(struct sim *s, struct sim_node *n)
{
    struct ipsec_ike_config *c = &n->config;

    c->retransmit_first_ms = 300 + pick(s, 2000);
    c->retransmit_factor_percent = 110 + pick(s, 40);
    c->retransmit_max = 4 + pick(s, 5);
    c->cookie_threshold = pick(s, 4) == 0 ? 1 : 0;
    n->peer.liveness_ms = 2000 + pick(s, 20000);
    n->peer.force_encapsulation = pick(s, 8) == 0;
    n->peer.no_initial_contact = pick(s, 4) == 0;
    choose_lifetime(s, &n->peer.lifetime);
    for (uint32_t i = 0; i < SIM_CONFIGS_MAX; i++) {
        choose_lifetime(s, &n->child[i].lifetime);
    }
}

/* Who calls again, and how soon; behind a NAT is who has to. */
static void choose_keep_up(struct sim *s)
{
    const uint32_t ends = s->nat ? 1 : 1 + pick(s, 3);

    for (uint32_t i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        s->keeps[i] = (ends >> i & 1) != 0;
        n->config.keep_up_first_ms = 100 + pick(s, 4000);
        n->config.keep_up_wait_ms = n->config.keep_up_first_ms + pick(s, 60000);
        for (size_t k = 0; k < SIM_CONFIGS_MAX; k++) {
            n->child[k].restart = s->keeps[i] && pick(s, 2) == 0;
        }
    }
}

static void keep_up(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        if (s->keeps[i]) {
            (void)!ipsec_ike_keep_up(n->ike, &n->peer, s->now);
        }
    }
}

static void choose(struct sim *s)
{
    const uint32_t children = 1 + pick(s, 3);

    choose_proposals(s);
    for (int i = 0; i < 2; i++) {
        choose_node(s, &s->nodes[i]);
        s->nodes[i].peer.child_count = children;
    }
    if (s->fragments) {
        seed_choose_fragments(s);
    } else {
        s->nodes[SIM_A].config.no_fragmentation = true; /* seeds stay the runs they were */
        s->nodes[SIM_B].config.no_fragmentation = true;
    }
    for (int i = 0; i < 2 && s->window; i++) {
        s->nodes[i].config.window = 1 + pick(s, 5);
        s->nodes[i].config.stray_answers_per_s = 1 + pick(s, 20);
    }
    s->nat = pick(s, 6) == 0;
    for (int i = 0; i < 2 && s->mobile; i++) {
        s->nodes[i].peer.no_mobike = pick(s, 20) == 0;
        s->nodes[i].peer.routability = (uint8_t)pick(s, 3);
        s->nodes[i].config.mobile_max = 1 + pick(s, 16);
        s->nat = false; /* the end behind it would be lost at its other addresses */
    }
    seed_choose_reauth(s);
    if (s->keep_up) {
        choose_keep_up(s);
    }
    s->delay_ms = 1 + pick(s, 200);
    if (s->sessions) {
        seed_sessions_choose(s);
    }
    if (s->redirecting) {
        seed_redirects_choose(s);
    }
}

static void faults(struct sim *s)
{
    s->loss_percent = pick(s, 2) * pick(s, 50);
    s->double_percent = pick(s, 2) * pick(s, 30);
    s->corrupt_percent = pick(s, 3) == 0 ? pick(s, 20) : 0;
    s->jitter_ms = pick(s, 2) * pick(s, 4000);
    for (int i = 0; i < 2; i++) {
        s->nodes[i].pend_peer = pick(s, 5) == 0;
        s->nodes[i].pend_secret = pick(s, 5) == 0;
        s->nodes[i].take_jobs = pick(s, 4) == 0;
        s->nodes[i].children_max = pick(s, 6) == 0 ? 1 + pick(s, 4) : 0;
    }
    if (s->sessions) {
        seed_sessions_faults(s);
    }
    if (s->redirecting) {
        seed_redirects_faults(s);
    }
}

/* ---- what is asked for -------------------------------------------------------------------------
 */

static ipsec_handle random_sa(struct sim *s, struct sim_node *n)
{
    ipsec_handle h = 0;

    for (uint32_t i = pick(s, 3) + 1; i > 0; i--) {
        h = ipsec_ike_next_sa(n->ike, h);
    }
    return h;
}

static ipsec_handle random_child(struct sim *s, struct sim_node *n)
{
    ipsec_handle h = 0;

    for (uint32_t i = pick(s, 5) + 1; i > 0; i--) {
        h = ipsec_ike_next_child(n->ike, h);
    }
    return h;
}

static void replay(struct sim *s, struct sim_node *n)
{
    if (s->kept > 0) {
        const struct sim_datagram *d = &s->kept_datagram[pick(s, s->kept)];
        if (d->to == n->index) {
            (void)sim_inject(s, n->index, d);
        }
    }
}

static void initiate(struct sim *s, struct sim_node *n)
{
    ipsec_handle sa;

    /* Through a NAT only the end behind it can be the first to speak. */
    if (!(s->nat && n->index == SIM_B) && !(s->sessions && !seed_sessions_may_call(s, n)) &&
        (sim_sa(n, 0) == 0 || (s->harder && pick(s, 10) == 0))) {
        (void)!ipsec_ike_initiate(n->ike, &n->peer, s->now, &sa);
    }
}

/* What only some runs have; true: that was it. */
static bool ask_more(struct sim *s, struct sim_node *n)
{
    if (s->mobile && pick(s, 4) == 0) {
        seed_mobile_ask(s, n, random_sa(s, n));
        return true;
    }
    if (s->sessions && pick(s, 6) == 0) {
        seed_sessions_ask(s, n);
        return true;
    }
    if (s->redirecting && pick(s, 6) == 0) {
        seed_redirects_ask(s, n, random_sa(s, n));
        return true;
    }
    if (s->reauth && pick(s, 8) == 0) {
        (void)ipsec_ike_reauthenticate(n->ike, random_sa(s, n), s->now);
        return true;
    }
    return false;
}

static void ask(struct sim *s)
{
    struct sim_node *n = &s->nodes[pick(s, 2)];

    if (ask_more(s, n)) {
        return;
    }
    const ipsec_handle sa = random_sa(s, n);
    const ipsec_handle child = random_child(s, n);

    switch (pick(s, 16)) {
    case 0:
    case 1:
        initiate(s, n);
        break;
    case 2:
    case 3:
        (void)ipsec_ike_rekey(n->ike, sa, s->now);
        break;
    case 4:
    case 5:
        (void)ipsec_ike_rekey_child(n->ike, child, pick(s, 2) * IPSEC_REKEY_WITHOUT_PFS, s->now);
        break;
    case 6:
        if (pick(s, 6) == 0) {
            (void)ipsec_ike_delete(n->ike, sa, s->now);
        }
        break;
    case 7:
        (void)ipsec_ike_delete_child(n->ike, child, s->now);
        break;
    case 8:
        (void)!ipsec_ike_create_child(n->ike, sa, &n->child[pick(s, (uint32_t)n->peer.child_count)],
                                      s->now);
        break;
    case 9:
        (void)ipsec_ike_probe(n->ike, sa, s->now);
        break;
    case 10:
        (void)ipsec_ike_child_notice(n->ike, child, (enum ipsec_child_notice)(1 + pick(s, 2)),
                                     s->now);
        break;
    case 11:
        replay(s, n);
        break;
    case 12:
        if (pick(s, 20) == 0) {
            (void)ipsec_ike_forget_peer(n->ike, &n->peer, s->now);
        }
        break;
    default:
        sim_traffic(s);
        break;
    }
}

static void settle_parked(struct sim *s, bool all)
{
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        while (n->job_count > 0 && (all || pick(s, 3) == 0)) {
            (void)sim_job_done(n);
        }
        while (n->question_count > 0 && (all || pick(s, 3) == 0)) {
            sim_answer(n, all || pick(s, 10) != 0 ? IPSEC_OK : IPSEC_ERR_NOT_FOUND);
        }
    }
}

/* ---- the run -----------------------------------------------------------------------------------
 */

static void trouble(struct sim *s)
{
    const uint32_t turns = 10 + pick(s, 150);

    faults(s);
    for (uint32_t i = 0; i < turns; i++) {
        if (pick(s, 40) == 0) {
            faults(s);
        }
        ask(s);
        settle_parked(s, false);
        if (s->kept == SIM_SENT_MAX && pick(s, 4) == 0) {
            s->kept = 0;
        }
        sim_run(s, pick(s, 3) == 0 ? pick(s, 5000) : pick(s, 100));
        if (s->harder && pick(s, 60) == 0) {
            s->now += pick(s, 30000); /* nobody was called for so long */
        }
    }
}

static void calm(struct sim *s)
{
    const struct ipsec_lifetime hour = {0};

    s->delay_ms = 5;
    s->loss_percent = s->double_percent = s->corrupt_percent = s->jitter_ms = 0;
    for (int i = 0; i < 2; i++) {
        struct sim_node *n = &s->nodes[i];
        n->pend_peer = n->pend_secret = n->take_jobs = false;
        n->children_max = 0;
        n->peer.lifetime = hour; /* of SAs made from now on */
        n->peer.reauth_ms = 0;
        for (size_t k = 0; k < SIM_CONFIGS_MAX; k++) {
            n->child[k].lifetime = hour;
        }
    }
    if (s->sessions) {
        seed_sessions_calm(s);
    }
    if (s->redirecting) {
        seed_redirects_calm(s);
    }
    settle_parked(s, true);
    keep_up(s); /* a delete of ours may have ended it */
    for (int i = 0; i < 60; i++) {
        sim_traffic(s);
        sim_run(s, 10000);
        settle_parked(s, true);
    }
}

/* The first child of A, when everything was deleted. */
static void revive(struct sim *s)
{
    struct sim_node *a = &s->nodes[SIM_A];
    const ipsec_handle sa = sim_sa(a, IPSEC_IKE_ESTABLISHED);

    if (s->sessions) {
        seed_sessions_revive(s);
        return;
    }
    if (sa == 0) {
        (void)sim_connect(s);
    } else if (sim_sink_sender(a, &a->child[0]) == NULL) {
        (void)!ipsec_ike_create_child(a->ike, sa, &a->child[0], s->now);
    }
    sim_run(s, 20000);
    sim_traffic(s);
}

static const char *judge(struct sim *s)
{
    struct ipsec_ike_counters a;
    const char *wrong = NULL;

    /* A liveness check may be under way at any one moment. */
    for (int i = 0; i < 20 && (i == 0 || wrong != NULL); i++) {
        sim_run(s, 137);
        ipsec_ike_counters(s->nodes[SIM_A].ike, &a);
        wrong = sim_disagreement(s, a.sas, a.children);
        wrong = wrong != NULL || !s->mobile ? wrong : seed_mobile_apart(s);
        wrong = wrong != NULL || !s->sessions ? wrong : seed_sessions_judge(s);
    }
    if (wrong == NULL && a.children == 0) {
        wrong = "there is no child";
    }
    return wrong != NULL ? wrong : sim_dead(s);
}

/* ---- options -----------------------------------------------------------------------------------
 */

struct options {
    bool harder;
    bool fragments;
    bool mobile;
    bool window;
    bool keep_up;
    bool reauth;
    bool sessions;
    bool redirects;
    bool mix;
    bool show;
};

/* Each thing alone with what it may break, and together. tests/sim/run says the same. */
static const struct options mixes[] = {
    {0},
    {.harder = true},
    {.harder = true, .fragments = true},
    {.mobile = true},
    {.harder = true, .window = true},
    {.harder = true, .keep_up = true},
    {.sessions = true},
    {.sessions = true, .harder = true, .fragments = true, .window = true},
    {.sessions = true, .fragments = true, .mobile = true, .window = true},
    {.reauth = true, .harder = true, .keep_up = true},
    {.reauth = true, .harder = true, .mobile = true},
};
#define MIXES (sizeof(mixes) / sizeof(mixes[0]))

static const struct {
    const char *name;
    size_t at;
} flags[] = {
    {"--harder", offsetof(struct options, harder)},
    {"--fragments", offsetof(struct options, fragments)},
    {"--mobile", offsetof(struct options, mobile)},
    {"--window", offsetof(struct options, window)},
    {"--keep-up", offsetof(struct options, keep_up)},
    {"--reauth", offsetof(struct options, reauth)},
    {"--sessions", offsetof(struct options, sessions)},
    {"--redirects", offsetof(struct options, redirects)},
    {"--mix", offsetof(struct options, mix)},
    {"--show", offsetof(struct options, show)},
};
#define FLAGS (sizeof(flags) / sizeof(flags[0]))

static bool set_flag(struct options *options, const char *name)
{
    for (size_t i = 0; i < FLAGS; i++) {
        if (strcmp(flags[i].name, name) == 0) {
            *(bool *)((char *)options + flags[i].at) = true;
            return true;
        }
    }
    return false;
}

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s [--seeds N] [--first S]", program);
    for (size_t i = 0; i < FLAGS; i++) {
        fprintf(stderr, " [%s]", flags[i].name);
    }
    fprintf(stderr, "\n--keep-up and --sessions do not go together\n");
    return 2;
}

/* ---- one seed after the other ------------------------------------------------------------------
 */

static volatile sig_atomic_t seed_now; /* for abort, which has no other way to say it */

static void on_abort(int signal_number)
{
    (void)signal_number;
    fprintf(stderr, "seed %lld: aborted\n", (long long)seed_now);
}

static bool run_seed(uint64_t seed, const struct options *options)
{
    const struct options *chosen = options->mix ? &mixes[seed % MIXES] : options;
    struct sim *s = sim_new(seed);

    seed_now = (sig_atomic_t)seed;
    s->verbose = options->show;
    s->harder = chosen->harder;
    s->fragments = chosen->fragments;
    s->mobile = chosen->mobile;
    s->window = chosen->window;
    s->keep_up = chosen->keep_up;
    s->sessions = chosen->sessions;
    s->redirecting = chosen->redirects;
    s->reauth = chosen->reauth;
    choose(s);
    sim_start(s);
    s->keep_sent = true;
    if (s->keep_up) {
        keep_up(s);
    } else if (s->sessions) {
        initiate(s, &s->nodes[s->caller == SIM_B ? SIM_B : SIM_A]);
    } else {
        (void)sim_connect(s);
    }
    trouble(s);
    calm(s);
    const bool lost = s->keep_up && sim_sa(&s->nodes[SIM_A], IPSEC_IKE_ESTABLISHED) == 0;
    revive(s);
    const char *wrong = lost ? "a peer that is kept up is not up" : judge(s);
    if (wrong != NULL) {
        printf("seed %llu: %s\n", (unsigned long long)seed, wrong);
    }
    if (options->show) {
        sim_print(s);
    }
    sim_free(s);
    return wrong == NULL;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 100;
    uint64_t first = 1;
    uint64_t failed = 0;
    struct options options = {0};

    (void)signal(SIGABRT, on_abort);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) {
            seeds = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--first") == 0 && i + 1 < argc) {
            first = strtoull(argv[++i], NULL, 10);
        } else if (!set_flag(&options, argv[i])) {
            return usage(argv[0]);
        }
    }
    if (options.keep_up && options.sessions) { /* of which only one end may call */
        return usage(argv[0]);
    }
    for (uint64_t i = 0; i < seeds; i++) {
        failed += run_seed(first + i, &options) ? 0 : 1;
    }
    printf("%llu passed, %llu failed\n", (unsigned long long)(seeds - failed),
           (unsigned long long)failed);
    return failed == 0 && seeds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
