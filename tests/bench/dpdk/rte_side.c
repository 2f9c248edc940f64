/* SPDX-License-Identifier: Apache-2.0
 *
 * See rte_side.h. Written from the API documentation of DPDK 22.11: rte_ipsec, rte_cryptodev,
 * rte_mbuf. A burst belongs to one SA, which suits rte_ipsec best; finished ops are turned into
 * packets by hand, as no grouping by SA is needed.
 */
#define _GNU_SOURCE
#include "rte_side.h"

#include "bench.h"

#include <rte_cryptodev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ipsec.h>
#include <rte_mbuf.h>

#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST           ESP_OURS_BURST
#define KEYS            ESP_OURS_KEYS
#define KEY_OCTETS      32
#define SALT_OCTETS     4
#define OUTER_OCTETS    ESP_OURS_OUTER_OCTETS
#define REPLAY_WINDOW   128 /* ours */
#define POOL_PACKETS    1023
#define POOL_SESSIONS   256
#define SALTED_IV       12
#define IV_OCTETS_MAX   16
#define HEAD_ROOM       128
#define PACKET_OCTETS   2048
#define QUEUE_OPS       256
#define MEMORY_MEGABYTE "128"

/* Behind the op, where rte_ipsec writes the nonce of each packet. */
#define IV_AT (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))

struct one_way {
    void *sa;
    struct rte_ipsec_session session;
};

struct rte_side {
    enum esp_cipher cipher;
    enum rte_way way;
    struct one_way out[KEYS];
    struct one_way in[KEYS];
    unsigned octets;
    unsigned turn;
    struct rte_mbuf *packet[BURST];
    struct rte_crypto_op *op[BURST];
};

static uint8_t device;
static struct rte_mempool *packets;
static struct rte_mempool *ops;
static struct rte_mempool *sessions;

/* ---- DPDK itself --------------------------------------------------------------------------------
 */

static bool start_device(const char *driver)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "%s0", driver);
    const int id = rte_cryptodev_get_dev_id(name);
    if (id < 0) {
        return false;
    }
    device = (uint8_t)id;
    sessions = rte_cryptodev_sym_session_pool_create(
        "sessions", POOL_SESSIONS, rte_cryptodev_sym_get_private_session_size(device), 0, 0,
        SOCKET_ID_ANY);
    packets = rte_pktmbuf_pool_create("packets", POOL_PACKETS, 64, 0, HEAD_ROOM + PACKET_OCTETS,
                                      SOCKET_ID_ANY);
    ops = rte_crypto_op_pool_create("ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, POOL_PACKETS, 64,
                                    IV_OCTETS_MAX, SOCKET_ID_ANY);
    struct rte_cryptodev_config config = {.socket_id = 0, .nb_queue_pairs = 1};
    const struct rte_cryptodev_qp_conf queue = {.nb_descriptors = QUEUE_OPS,
                                                .mp_session = sessions};
    return sessions != NULL && packets != NULL && ops != NULL &&
           rte_cryptodev_configure(device, &config) == 0 &&
           rte_cryptodev_queue_pair_setup(device, 0, &queue, SOCKET_ID_ANY) == 0 &&
           rte_cryptodev_start(device) == 0;
}

bool rte_side_begin(const char *driver)
{
    char words[][32] = {"bench_dpdk",     "--no-huge",         "-m",       MEMORY_MEGABYTE,
                        "--no-pci",       "--no-shconf",       "--lcores", "",
                        "--no-telemetry", "--log-level=error", "--vdev",   ""};
    enum { WORD_CORE = 7, WORD_VDEV = 11, WORDS };
    char *arguments[WORDS];
    cpu_set_t cpus;
    (void)snprintf(words[WORD_CORE], sizeof(words[0]), "0@%d", sched_getcpu());
    (void)snprintf(words[WORD_VDEV], sizeof(words[0]), "%s0", driver);
    for (size_t i = 0; i < WORDS; i++) {
        arguments[i] = words[i];
    }
    /* DPDK ties the thread to one processor; its neighbours are not ours to choose. */
    const bool known = sched_getaffinity(0, sizeof(cpus), &cpus) == 0;
    if (rte_eal_init(WORDS, arguments) < 0) {
        (void)fprintf(stderr, "bench: DPDK does not start: %s\n", rte_strerror(rte_errno));
        return false;
    }
    bench_require(known && sched_setaffinity(0, sizeof(cpus), &cpus) == 0, "processors");
    if (!start_device(driver)) {
        (void)fprintf(stderr, "bench: DPDK has no device %s\n", driver);
        (void)rte_eal_cleanup();
        return false;
    }
    return true;
}

void rte_side_end(void)
{
    rte_cryptodev_stop(device);
    (void)rte_eal_cleanup();
}

/* ---- SAs ----------------------------------------------------------------------------------------
 */

static void aead_xform(enum esp_cipher cipher, bool seal, struct rte_crypto_sym_xform *out)
{
    *out = (struct rte_crypto_sym_xform){.type = RTE_CRYPTO_SYM_XFORM_AEAD};
    out->aead.op = seal ? RTE_CRYPTO_AEAD_OP_ENCRYPT : RTE_CRYPTO_AEAD_OP_DECRYPT;
    out->aead.algo =
        cipher == ESP_GCM ? RTE_CRYPTO_AEAD_AES_GCM : RTE_CRYPTO_AEAD_CHACHA20_POLY1305;
    out->aead.key.data = esp_raw_key;
    out->aead.key.length = KEY_OCTETS;
    out->aead.iv.offset = IV_AT;
    out->aead.iv.length = SALTED_IV;
    out->aead.digest_length = 16;
    out->aead.aad_length = ESP_RAW_AAD_BYTES;
}

/* Two in the order in which they are done. */
static struct rte_crypto_sym_xform *cbc_xforms(bool seal, struct rte_crypto_sym_xform out[2])
{
    struct rte_crypto_sym_xform *cipher = &out[0];
    struct rte_crypto_sym_xform *mac = &out[1];
    *cipher = (struct rte_crypto_sym_xform){.type = RTE_CRYPTO_SYM_XFORM_CIPHER};
    cipher->cipher.op = seal ? RTE_CRYPTO_CIPHER_OP_ENCRYPT : RTE_CRYPTO_CIPHER_OP_DECRYPT;
    cipher->cipher.algo = RTE_CRYPTO_CIPHER_AES_CBC;
    cipher->cipher.key.data = esp_raw_key;
    cipher->cipher.key.length = KEY_OCTETS;
    cipher->cipher.iv.offset = IV_AT;
    cipher->cipher.iv.length = 16;
    *mac = (struct rte_crypto_sym_xform){.type = RTE_CRYPTO_SYM_XFORM_AUTH};
    mac->auth.op = seal ? RTE_CRYPTO_AUTH_OP_GENERATE : RTE_CRYPTO_AUTH_OP_VERIFY;
    mac->auth.algo = RTE_CRYPTO_AUTH_SHA256_HMAC;
    mac->auth.key.data = esp_raw_key;
    mac->auth.key.length = KEY_OCTETS;
    mac->auth.digest_length = 16;
    struct rte_crypto_sym_xform *first = seal ? cipher : mac;
    first->next = seal ? mac : cipher;
    return first;
}

static void ipsec_xform(bool seal, struct rte_security_ipsec_xform *out)
{
    out->spi = ESP_OURS_SPI;
    memcpy(&out->salt, esp_raw_key + KEY_OCTETS, SALT_OCTETS);
    out->direction = seal ? RTE_SECURITY_IPSEC_SA_DIR_EGRESS : RTE_SECURITY_IPSEC_SA_DIR_INGRESS;
    out->proto = RTE_SECURITY_IPSEC_SA_PROTO_ESP;
    out->mode = RTE_SECURITY_IPSEC_SA_MODE_TUNNEL;
    out->tunnel.type = RTE_SECURITY_IPSEC_TUNNEL_IPV4;
    out->replay_win_sz = REPLAY_WINDOW;
    /* As ours does for every packet. */
    out->options.ecn = 1;
    out->options.copy_dscp = 1;
}

static bool make_session(const struct rte_ipsec_sa_prm *params, enum rte_way way,
                         struct one_way *out)
{
    const int octets = rte_ipsec_sa_size(params);
    if (octets <= 0) {
        return false;
    }
    out->sa = aligned_alloc(RTE_CACHE_LINE_SIZE,
                            RTE_ALIGN_CEIL((size_t)octets, (size_t)RTE_CACHE_LINE_SIZE));
    bench_require(out->sa != NULL, "no memory");
    memset(out->sa, 0, (size_t)octets);
    if (rte_ipsec_sa_init(out->sa, params, (uint32_t)octets) < 0) {
        return false;
    }
    out->session.sa = out->sa;
    out->session.type =
        way == RTE_WAY_SYNC ? RTE_SECURITY_ACTION_TYPE_CPU_CRYPTO : RTE_SECURITY_ACTION_TYPE_NONE;
    out->session.crypto.dev_id = device;
    out->session.crypto.ses =
        rte_cryptodev_sym_session_create(device, params->crypto_xform, sessions);
    return out->session.crypto.ses != NULL && rte_ipsec_session_prepare(&out->session) == 0;
}

static bool make_sa(enum esp_cipher cipher, enum rte_way way, bool seal, struct one_way *out)
{
    static const uint8_t outer[OUTER_OCTETS] = {0x45, 0, 0,   0, 0, 0, 0,   0, 64, IPPROTO_ESP,
                                                0,    0, 192, 0, 2, 1, 192, 0, 2,  2};
    struct rte_crypto_sym_xform xforms[2];
    struct rte_ipsec_sa_prm params;
    memset(&params, 0, sizeof(params));
    ipsec_xform(seal, &params.ipsec_xform);
    if (cipher == ESP_CBC) {
        params.crypto_xform = cbc_xforms(seal, xforms);
    } else {
        aead_xform(cipher, seal, &xforms[0]);
        params.crypto_xform = &xforms[0];
    }
    params.tun.hdr = outer;
    params.tun.hdr_len = OUTER_OCTETS;
    params.tun.next_proto = IPPROTO_IPIP;
    return make_session(&params, way, out);
}

static void free_sa(struct one_way *sa)
{
    if (sa->session.crypto.ses != NULL) {
        (void)rte_cryptodev_sym_session_free(device, sa->session.crypto.ses);
    }
    free(sa->sa);
}

struct rte_side *rte_side_new(enum esp_cipher cipher, enum rte_way way)
{
    struct rte_side *s = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*s));
    bench_require(s != NULL, "no memory");
    memset(s, 0, sizeof(*s));
    s->cipher = cipher;
    s->way = way;
    bench_require(rte_pktmbuf_alloc_bulk(packets, s->packet, BURST) == 0 &&
                      rte_crypto_op_bulk_alloc(ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC, s->op, BURST) ==
                          BURST,
                  "DPDK's pools are empty");
    for (unsigned i = 0; i < KEYS; i++) {
        if (!make_sa(cipher, way, true, &s->out[i]) || !make_sa(cipher, way, false, &s->in[i])) {
            rte_side_free(s);
            return NULL;
        }
    }
    return s;
}

void rte_side_free(struct rte_side *s)
{
    for (unsigned i = 0; i < KEYS; i++) {
        free_sa(&s->out[i]);
        free_sa(&s->in[i]);
    }
    rte_pktmbuf_free_bulk(s->packet, BURST);
    rte_mempool_put_bulk(ops, (void **)s->op, BURST);
    free(s);
}

void rte_side_octets(struct rte_side *s, unsigned octets)
{
    s->octets = octets;
}

/* ---- packets ------------------------------------------------------------------------------------
 */

void rte_side_fill(void *work)
{
    static const uint8_t start[] = ESP_OURS_INNER_HEADER;
    struct rte_side *s = work;
    s->turn++;
    for (unsigned i = 0; i < BURST; i++) {
        struct rte_mbuf *m = s->packet[i];
        rte_pktmbuf_reset(m);
        uint8_t *inner = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)s->octets);
        memcpy(inner, start, sizeof(start));
        inner[2] = (uint8_t)(s->octets >> 8);
        inner[3] = (uint8_t)s->octets;
        m->l2_len = 0;
        m->l3_len = sizeof(start);
    }
}

/* The device is polled until it has given all back. */
static void run_async(struct rte_side *s, const struct rte_ipsec_session *session)
{
    uint16_t done = 0;
    bench_require(rte_ipsec_pkt_crypto_prepare(session, s->packet, s->op, BURST) == BURST &&
                      rte_cryptodev_enqueue_burst(device, 0, s->op, BURST) == BURST,
                  "DPDK does not take a packet");
    while (done < BURST) {
        done = (uint16_t)(done + rte_cryptodev_dequeue_burst(device, 0, s->op + done,
                                                             (uint16_t)(BURST - done)));
    }
    for (unsigned i = 0; i < BURST; i++) {
        struct rte_mbuf *m = s->op[i]->sym->m_src;
        s->packet[i] = m;
        if (s->op[i]->status != RTE_CRYPTO_OP_STATUS_SUCCESS) {
            m->ol_flags |= RTE_MBUF_F_RX_SEC_OFFLOAD_FAILED;
        }
    }
}

static void run(struct rte_side *s, const struct rte_ipsec_session *session)
{
    if (s->way == RTE_WAY_ASYNC) {
        run_async(s, session);
    } else {
        bench_require(rte_ipsec_pkt_cpu_prepare(session, s->packet, BURST) == BURST,
                      "DPDK does not take a packet");
    }
    bench_require(rte_ipsec_pkt_process(session, s->packet, BURST) == BURST,
                  "a packet of DPDK's fails");
}

void rte_side_seal(void *work)
{
    struct rte_side *s = work;
    run(s, &s->out[s->turn % KEYS].session);
}

void rte_side_fill_and_seal(void *work)
{
    struct rte_side *s = work;
    rte_side_fill(s);
    rte_side_seal(s);
    for (unsigned i = 0; i < BURST; i++) {
        s->packet[i]->ol_flags = 0;
        s->packet[i]->l2_len = 0;
        s->packet[i]->l3_len = OUTER_OCTETS;
    }
}

void rte_side_open(void *work)
{
    struct rte_side *s = work;
    run(s, &s->in[s->turn % KEYS].session);
}

struct ipsec_view rte_side_packet(const struct rte_side *s, unsigned i)
{
    const struct rte_mbuf *m = s->packet[i];
    return (struct ipsec_view){rte_pktmbuf_mtod(m, const uint8_t *), m->data_len};
}
