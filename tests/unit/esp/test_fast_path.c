/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of lib/esp/fast_path.h: two pairs of SAs that are the same, but that one of them does not
 * know the fast way, get the same bursts of good and bad packets, and answer the same. RFC
 * 4303 3.3, 3.4.
 */
#include "sa.h"

#include "esp_kit.h"

#define BURST            40 /* a batch and some of the next */
#define BURSTS           12
#define SEEDS            400
#define CHANCE(seed, of) (seeded(seed) % (of) == 0)

struct twin {
    struct kit kit;
    struct kit_buffer sealed[BURST];
    struct kit_buffer opened[BURST];
};

static struct twin fast;
static struct twin whole;

/* ---- Two that are the same ------------------------------------------------------------------- */

static void forget_shortcuts(struct ipsec_sa *sa)
{
    sa->shortcuts &= IPSECI_SHORTCUT_PLAIN;
}

static void set_params(struct ipsec_sa_params *p, uint64_t seed)
{
    p->local_ts.count = p->remote_ts.count = 1;
    p->outer = CHANCE(&seed, 2) ? IPSEC_OUTER_IP : IPSEC_OUTER_NONE;
    p->replay_window = CHANCE(&seed, 2) ? 64 : 1024;
    if (CHANCE(&seed, 4)) {
        p->udp_encapsulation = true;
        p->local.port = p->remote.port = 4500;
    }
    p->accept_any_encapsulation = CHANCE(&seed, 4);
    p->no_replay_check = CHANCE(&seed, 8);
    p->suite.esn = CHANCE(&seed, 8) ? IPSEC_ESN_YES : IPSEC_ESN_NO;
    if (CHANCE(&seed, 4)) {
        p->packets_max = 100 + seeded(&seed) % 300;
    }
    if (CHANCE(&seed, 4)) {
        p->bytes_max = 10000 + seeded(&seed) % 60000;
    }
    if (CHANCE(&seed, 4)) {
        p->sequence_start = UINT32_MAX - seeded(&seed) % 400;
    }
    if (CHANCE(&seed, 8)) { /* ports are not the fast way's */
        p->remote_ts.item[0] = kit_selector("192.168.2.0/24[udp/2000]");
    }
}

static void start(struct twin *twin, uint64_t seed)
{
    static const enum kit_suite suites[] = {KIT_GCM, KIT_GCM, KIT_CHACHA, KIT_CBC_SHA256};
    kit_init(&twin->kit, suites[seed % IPSECI_COUNT(suites)]);
    if (seed % 5 == 0 && twin->kit.params.suite.encr == IPSEC_ENCR_AES_GCM_16) {
        twin->kit.params.suite.encr = IPSEC_ENCR_AES_GCM_8;
    }
    set_params(&twin->kit.params, seed * 77);
    kit_start(&twin->kit);
    if (seed % 7 == 0) { /* the receiver's end comes first */
        twin->kit.in->packets_max = 150;
        twin->kit.in->bytes_max = 30000;
    }
    twin->kit.toy.fails_at = seed % 3 == 0 ? 1 + seed % 211 : 0;
}

static void start_simple(struct twin *twin)
{
    kit_init(&twin->kit, KIT_GCM);
    twin->kit.params.local_ts.count = twin->kit.params.remote_ts.count = 1;
    kit_start(&twin->kit);
}

static void move(struct twin *twin, const char *local, const char *remote)
{
    const struct ipsec_endpoint here = kit_endpoint(local, 4500);
    const struct ipsec_endpoint there = kit_endpoint(remote, 4500);
    const bool udp = twin->kit.params.udp_encapsulation;
    assert_int_equal(ipsec_sa_move(twin->kit.out, &here, &there, udp), IPSEC_OK);
    assert_int_equal(ipsec_sa_move(twin->kit.in, &there, &here, udp), IPSEC_OK);
}

static void move_both(uint64_t seed)
{
    const char *here = seed % 2 == 0 ? "192.0.2.70" : "2001:db8::70";
    const char *there = seed % 2 == 0 ? "192.0.2.77" : "2001:db8::77";
    move(&fast, here, there);
    move(&whole, here, there);
}

/* ---- Packets to seal ------------------------------------------------------------------------- */

static void fill(struct kit_buffer *b, struct ipsec_sa *sa, uint64_t *seed)
{
    const uint32_t length = 28 + (uint32_t)(seeded(seed) % 400);
    if (CHANCE(seed, 12)) {
        kit_ipv6(b, sa, length + 40);
        return;
    }
    kit_ipv4(b, sa, length);
    uint8_t *ip = kit_content(b);
    switch (seeded(seed) % 24) {
    case 0: /* any octet of the header */
        ip[seeded(seed) % 20] = (uint8_t)seeded(seed);
        break;
    case 1: /* of another network */
        ip[12 + seeded(seed) % 2 * 4] ^= 1;
        break;
    case 2:
        b->packet.flags = IPSEC_PACKET_DUMMY;
        break;
    case 3:
        b->packet.flags = IPSEC_PACKET_TFC;
        b->packet.length += (uint32_t)(seeded(seed) % 100);
        break;
    case 4: /* octets behind that are not sent */
        b->packet.length += (uint32_t)(seeded(seed) % 100);
        break;
    case 5: /* not quite room in front */
        b->packet.buffer += b->packet.offset;
        b->packet.capacity -= b->packet.offset;
        b->packet.offset = (uint32_t)(seeded(seed) % 60);
        b->packet.buffer -= b->packet.offset;
        break;
    case 6: /* and behind */
        b->packet.capacity = b->packet.offset + length + (uint32_t)(seeded(seed) % 30);
        break;
    case 7:
        b->packet.length -= (uint32_t)(seeded(seed) % (length + 1));
        break;
    case 8:
        ip[1] = (uint8_t)seeded(seed); /* DSCP and ECN */
        break;
    case 9:
        b->packet.sa = NULL;
        break;
    default:
        break;
    }
}

/* ---- Packets to open ------------------------------------------------------------------------- */

static void harm(struct kit_buffer *b, uint64_t *seed)
{
    struct ipsec_packet *p = &b->packet;
    switch (seeded(seed) % 20) {
    case 0:
        p->buffer[p->offset + seeded(seed) % p->length] ^= (uint8_t)(1u << seeded(seed) % 8);
        break;
    case 1:
        p->length = (uint32_t)(seeded(seed) % (p->length + 1));
        break;
    case 2:
        p->carrier = (uint8_t)(seeded(seed) % 4);
        break;
    case 3:
        p->traffic_class = (uint8_t)seeded(seed); /* congestion on the way */
        break;
    case 4:
        p->remote = kit_endpoint("198.51.100.9", 4500); /* another address of the peer's */
        break;
    case 5:
        p->remote.port = 4501;
        break;
    case 6:
        p->capacity = p->offset + p->length - 1;
        break;
    default:
        break;
    }
}

/* What was sealed, in nearly the same order, with copies. How many. */
static size_t carry(struct twin *to, const struct kit_buffer sealed[BURST], uint64_t seed)
{
    size_t n = 0;
    for (size_t i = 0; i < BURST && n < BURST; i++) {
        const size_t from = CHANCE(&seed, 10) ? seeded(&seed) % BURST : i;
        const struct kit_buffer *b = &sealed[from];
        if (b->packet.status != IPSEC_OK || b->packet.sa == NULL) {
            continue;
        }
        struct kit_buffer *copy = &to->opened[n++];
        *copy = *b;
        copy->packet.buffer = copy->octets + (b->packet.buffer - b->octets);
        copy->packet.sa = to->kit.in;
        copy->packet.local = b->packet.remote;
        copy->packet.remote = b->packet.local;
        harm(copy, &seed);
    }
    return n;
}

/* ---- Looking at both ------------------------------------------------------------------------- */

static void assert_same(const struct kit_buffer *a, const struct kit_buffer *b)
{
    const struct ipsec_packet *p = &a->packet;
    const struct ipsec_packet *q = &b->packet;
    assert_int_equal(p->status, q->status);
    assert_int_equal(p->offset, q->offset);
    assert_int_equal(p->length, q->length);
    assert_int_equal(p->carrier, q->carrier);
    assert_int_equal(p->traffic_class, q->traffic_class);
    assert_int_equal(p->flags, q->flags);
    assert_memory_equal(&p->local, &q->local, sizeof(p->local));
    assert_memory_equal(&p->remote, &q->remote, sizeof(p->remote));
    if (p->status == IPSEC_OK) {
        assert_int_equal(p->next_header, q->next_header);
        assert_memory_equal(p->buffer + p->offset, q->buffer + q->offset, p->length);
    }
}

static void assert_same_sa(const struct ipsec_sa *a, const struct ipsec_sa *b)
{
    struct ipsec_sa_stats p;
    struct ipsec_sa_stats q;
    ipsec_sa_stats(a, &p);
    ipsec_sa_stats(b, &q);
    assert_memory_equal(&p, &q, sizeof(p));
}

static size_t seal(struct twin *twin, uint64_t seed)
{
    struct ipsec_packet *list[BURST];
    for (size_t i = 0; i < BURST; i++) {
        fill(&twin->sealed[i], twin->kit.out, &seed);
        list[i] = &twin->sealed[i].packet;
    }
    return ipsec_esp_seal(list, BURST);
}

static size_t open(struct twin *twin, size_t n)
{
    struct ipsec_packet *list[BURST];
    for (size_t i = 0; i < n; i++) {
        list[i] = &twin->opened[i].packet;
    }
    return ipsec_esp_open(list, n);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void both_ways_answer_the_same(void **state)
{
    size_t sealed = 0;
    size_t opened = 0;
    size_t fast_sas = 0;
    UNUSED_STATE;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        start(&fast, seed);
        start(&whole, seed);
        fast_sas += (fast.kit.out->shortcuts & IPSECI_SHORTCUT_SEAL) != 0;
        for (uint64_t burst = 0; burst < BURSTS; burst++) {
            const uint64_t now = seed * 1000 + burst;
            if (burst == BURSTS / 2) {
                move_both(seed);
            }
            forget_shortcuts(whole.kit.out);
            forget_shortcuts(whole.kit.in);
            const size_t n = seal(&fast, now);
            assert_int_equal(seal(&whole, now), n);
            for (size_t i = 0; i < BURST; i++) {
                assert_same(&fast.sealed[i], &whole.sealed[i]);
            }
            const size_t arrived = carry(&fast, fast.sealed, now);
            assert_int_equal(carry(&whole, whole.sealed, now), arrived);
            const size_t good = open(&fast, arrived);
            assert_int_equal(open(&whole, arrived), good);
            for (size_t i = 0; i < arrived; i++) {
                assert_same(&fast.opened[i], &whole.opened[i]);
            }
            assert_same_sa(fast.kit.out, whole.kit.out);
            assert_same_sa(fast.kit.in, whole.kit.in);
            sealed += n;
            opened += good;
        }
        kit_stop(&fast.kit);
        kit_stop(&whole.kit);
    }
    /* It was about something. */
    assert_true(sealed > SEEDS * BURSTS * BURST / 4);
    assert_true(opened > sealed / 4);
    assert_true(fast_sas > SEEDS / 4);
}

/* Padding as no sealer here makes it: all lengths, and one octet of it wrong. */
static void any_trailer_is_answered_the_same(void **state)
{
    size_t good = 0;
    uint64_t number = 0;
    UNUSED_STATE;
    start_simple(&fast);
    start_simple(&whole);
    forget_shortcuts(whole.kit.in);
    for (uint8_t padding = 0; padding < 40; padding++) {
        const uint32_t length = 60 + (0u - (60u + padding + 2u)) % 4;
        for (uint32_t wrong = 0; wrong <= padding + 2u; wrong++) {
            struct kit_plain plain = kit_plain_of(length, 0, padding, 4);
            const struct ipsec_view view = {plain.octets, plain.length};
            plain.octets[plain.length - wrong] ^= (uint8_t)(wrong != 0);
            number++;
            kit_craft(&fast.kit, &fast.opened[0], number, view);
            kit_craft(&whole.kit, &whole.opened[0], number, view);
            const enum ipsec_status status = kit_open(&fast.opened[0], fast.kit.in);
            assert_int_equal(kit_open(&whole.opened[0], whole.kit.in), status);
            assert_same(&fast.opened[0], &whole.opened[0]);
            good += status == IPSEC_OK;
        }
    }
    assert_same_sa(fast.kit.in, whole.kit.in);
    assert_true(good >= 40 && good < 100);
    kit_stop(&fast.kit);
    kit_stop(&whole.kit);
}

static uint8_t shortcuts_of(enum kit_suite suite, const char *remote_ts, uint8_t esn)
{
    kit_init(&fast.kit, suite);
    fast.kit.params.local_ts.count = fast.kit.params.remote_ts.count = 1;
    fast.kit.params.remote_ts.item[0] = kit_selector(remote_ts);
    fast.kit.params.suite.esn = esn;
    kit_start(&fast.kit);
    const uint8_t shortcuts = fast.kit.out->shortcuts | fast.kit.in->shortcuts;
    kit_stop(&fast.kit);
    return shortcuts & (IPSECI_SHORTCUT_SEAL | IPSECI_SHORTCUT_OPEN);
}

static void which_sas_go_the_fast_way(void **state)
{
    UNUSED_STATE;
    const uint8_t both = IPSECI_SHORTCUT_SEAL | IPSECI_SHORTCUT_OPEN;
    assert_int_equal(shortcuts_of(KIT_GCM, "192.168.2.0/24", IPSEC_ESN_NO), both);
    assert_int_equal(shortcuts_of(KIT_CHACHA, "192.168.2.0/24", IPSEC_ESN_NO), both);
    assert_int_equal(shortcuts_of(KIT_GCM, "192.168.2.0/24", IPSEC_ESN_YES), 0);
    assert_int_equal(shortcuts_of(KIT_GCM, "192.168.2.0/24[udp/53]", IPSEC_ESN_NO), 0);
    assert_int_equal(shortcuts_of(KIT_CBC_SHA256, "192.168.2.0/24", IPSEC_ESN_NO), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_answer_the_same),
        cmocka_unit_test(any_trailer_is_answered_the_same),
        cmocka_unit_test(which_sas_go_the_fast_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
