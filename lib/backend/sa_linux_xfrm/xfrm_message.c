/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests of NETLINK_XFRM as octets. Called by who installs, changes and removes SAs and policies.
 * The structs and attributes are those of linux/xfrm.h.
 */
#include <arpa/inet.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>

#include "xfrm_state.h"

#define ESN_WORDS_MAX (4096 / 32)

void ipseci_xfrm_message_wipe(struct xfrm_message *m)
{
    explicit_bzero(m->u.octets, sizeof m->u.octets);
}

/* The fixed part, zeroed. */
static void *begin(struct xfrm_message *m, uint16_t type, uint16_t flags, size_t fixed_bytes)
{
    memset(m->u.octets, 0, NLMSG_HDRLEN + NLMSG_ALIGN(fixed_bytes));
    m->overflow = false;
    struct nlmsghdr *header = mnl_nlmsg_put_header(m->u.octets);
    header->nlmsg_type = type;
    header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    return mnl_nlmsg_put_extra_header(header, fixed_bytes);
}

void ipseci_xfrm_put_attr(struct xfrm_message *m, uint16_t type, size_t length, const void *data)
{
    if (!mnl_attr_put_check(&m->u.header, sizeof m->u.octets, type, length, data)) {
        m->overflow = true;
    }
}

/* What ties SAs and policies to an interface, or to marked packets. */
static void put_domain(const struct ipsec_xfrm *xfrm, struct xfrm_message *m)
{
    if (xfrm->config.mark_mask != 0) {
        const struct xfrm_mark mark = {.v = xfrm->config.mark, .m = xfrm->config.mark_mask};
        ipseci_xfrm_put_attr(m, XFRMA_MARK, sizeof mark, &mark);
    }
    if (xfrm->config.if_id != 0) {
        ipseci_xfrm_put_attr(m, XFRMA_IF_ID, sizeof xfrm->config.if_id, &xfrm->config.if_id);
    }
}

void ipseci_xfrm_put_addr(const struct ipsec_addr *addr, xfrm_address_t *out)
{
    memcpy(out, addr->bytes, sizeof *out);
}

static uint16_t family_of(const struct ipsec_addr *addr)
{
    return addr->family == IPSEC_FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

/* ---- An SA ----------------------------------------------------------------------------------- */

union key_room {
    struct xfrm_algo cipher;
    struct xfrm_algo_auth auth;
    struct xfrm_algo_aead aead;
    uint8_t octets[sizeof(struct xfrm_algo_auth) + IPSEC_INTEG_KEY_BYTES_MAX];
};

_Static_assert(IPSEC_ENCR_KEY_BYTES_MAX <= IPSEC_INTEG_KEY_BYTES_MAX, "one room for both");

/* After the fixed part of `fixed` octets, which has the key's length at the same place in each. */
static void put_key(struct xfrm_message *m, uint16_t type, union key_room *room, size_t fixed,
                    struct ipsec_view key)
{
    if (key.length > IPSEC_INTEG_KEY_BYTES_MAX) {
        m->overflow = true;
        return;
    }
    room->cipher.alg_key_len = (unsigned)(8 * key.length);
    if (key.length != 0) {
        memcpy(room->octets + fixed, key.data, key.length);
    }
    ipseci_xfrm_put_attr(m, type, fixed + key.length, room);
    explicit_bzero(room, sizeof *room);
}

/* An AEAD's salt, and the nonce of AES-CTR, are the last octets of the key, in KEYMAT as in the
 * kernel (RFC 4106 8.1, RFC 3686 5.1). */
static void put_keys(const struct xfrm_sa *sa, struct xfrm_message *m)
{
    const struct ipsec_child_sa *c = sa->child;
    const struct ipsec_view encr = sa->outbound ? c->encr_key_out : c->encr_key_in;
    const struct ipsec_view integ = sa->outbound ? c->integ_key_out : c->integ_key_in;
    struct xfrm_suite names;
    union key_room room;
    memset(&room, 0, sizeof room);
    if (!ipseci_xfrm_suite(&c->suite, &names)) {
        m->overflow = true; /* the caller has asked before */
        return;
    }
    if (names.aead != NULL) {
        strncpy(room.aead.alg_name, names.aead, sizeof room.aead.alg_name - 1);
        room.aead.alg_icv_len = names.icv_bits;
        put_key(m, XFRMA_ALG_AEAD, &room, sizeof room.aead, encr);
        return;
    }
    strncpy(room.cipher.alg_name, names.cipher, sizeof room.cipher.alg_name - 1);
    put_key(m, XFRMA_ALG_CRYPT, &room, sizeof room.cipher, encr);
    strncpy(room.auth.alg_name, names.integ, sizeof room.auth.alg_name - 1);
    room.auth.alg_trunc_len = names.icv_bits;
    put_key(m, XFRMA_ALG_AUTH_TRUNC, &room, sizeof room.auth, integ);
}

/* RFC 4303 3.4.3. The kernel wants the state for ESN in both directions. */
static void put_replay(const struct xfrm_sa *sa, struct xfrm_message *m)
{
    union {
        struct xfrm_replay_state_esn state;
        uint8_t octets[sizeof(struct xfrm_replay_state_esn) + 4 * ESN_WORDS_MAX];
    } room;
    const bool esn = sa->child->suite.esn == IPSEC_ESN_YES;
    const uint32_t set = sa->child->config->replay_window;
    const uint32_t wanted = sa->outbound ? 32 : set != 0 ? set : 128;
    const uint32_t words = (wanted + 31) / 32;
    if (sa->outbound && !esn) {
        return;
    }
    if (words > ESN_WORDS_MAX) {
        m->overflow = true;
        return;
    }
    memset(&room, 0, sizeof room);
    room.state.bmp_len = words;
    room.state.replay_window = words * 32;
    ipseci_xfrm_put_attr(m, XFRMA_REPLAY_ESN_VAL, sizeof room.state + 4 * (size_t)words, &room);
}

void ipseci_xfrm_put_encap(const struct ipsec_endpoint *source,
                           const struct ipsec_endpoint *destination, struct xfrm_message *m)
{
    const struct xfrm_encap_tmpl encap = {.encap_type = UDP_ENCAP_ESPINUDP,
                                          .encap_sport = htons(source->port),
                                          .encap_dport = htons(destination->port)};
    ipseci_xfrm_put_attr(m, XFRMA_ENCAP, sizeof encap, &encap);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t or_infinite(uint64_t limit)
{
    return limit == UINT64_MAX ? XFRM_INF : limit;
}

/* As set, or 90 % of the hard limit, not beyond the key's, and a part earlier that differs between
 * SAs, or the two ends would always rekey at once. SPIs are chosen at random. */
static uint64_t soft_of(const struct ipsec_lifetime *l, uint64_t set, uint64_t hard,
                        uint64_t of_key, uint32_t spi)
{
    const uint64_t percent = l->jitter_percent == 0    ? 10
                             : l->jitter_percent > 100 ? 100
                                                       : l->jitter_percent;
    const uint64_t part = set != 0 ? set : hard - (hard + 9) / 10;
    const uint64_t soft = (set | hard) != 0 ? smaller(part, of_key) : of_key;
    const uint64_t span = soft / 100 * percent;
    return soft == UINT64_MAX || span == 0 ? soft : soft - (spi * 0x9e3779b97f4a7c15u) % (span + 1);
}

/* RFC 4301 4.4.2.1: octets and packets are the kernel's to count. Times are the engine's; the one
 * here is for SAs whose program was killed. */
static void put_limits(const struct xfrm_sa *sa, uint32_t spi, struct xfrm_lifetime_cfg *out,
                       struct xfrm_message *m)
{
    const struct ipsec_lifetime *l = &sa->child->config->lifetime;
    struct ipsec_key_limits key;
    if (ipsec_key_limits(&sa->child->suite, &key) < IPSEC_OK) {
        m->overflow = true; /* a suite nobody knows, which the caller has refused before */
        return;
    }
    const uint64_t bytes_hard =
        l->bytes_hard != 0 ? smaller(l->bytes_hard, key.bytes_hard) : key.bytes_hard;
    const uint64_t packets_hard =
        l->packets_hard != 0 ? smaller(l->packets_hard, key.packets_hard) : key.packets_hard;
    const uint64_t hard_ms = l->hard_ms != 0 ? l->hard_ms : 3600000;
    out->soft_byte_limit =
        or_infinite(soft_of(l, l->bytes_soft, l->bytes_hard, key.bytes_soft, spi));
    out->hard_byte_limit = or_infinite(bytes_hard);
    out->soft_packet_limit =
        or_infinite(soft_of(l, l->packets_soft, l->packets_hard, key.packets_soft, spi));
    out->hard_packet_limit = or_infinite(packets_hard);
    out->hard_add_expires_seconds = hard_ms / 1000 + XFRM_GRACE_S;
}

/* ipseci_xfrm_rules_check has refused what is not here. RFC 4301 8.1, RFC 6040 4.1. */
static void put_rules(const struct xfrm_sa *sa, struct xfrm_usersa_info *info,
                      struct xfrm_message *m)
{
    const struct ipsec_child_config *config = sa->child->config;
    const struct ipsec_header_rules *rules = &config->headers;
    if (config->mode == IPSEC_MODE_TRANSPORT) {
        return;
    }
    info->flags |= rules->df == IPSEC_DF_CLEAR ? XFRM_STATE_NOPMTUDISC : 0;
    info->flags |= rules->ecn_compatible ? XFRM_STATE_NOECN : 0;
    if (rules->dscp == IPSEC_DSCP_FIXED) {
        const uint32_t extra = XFRM_SA_XFLAG_DONT_ENCAP_DSCP;
        ipseci_xfrm_put_attr(m, XFRMA_SA_EXTRA_FLAGS, sizeof extra, &extra);
    }
    if (sa->outbound && config->tfc != 0 && !sa->child->no_tfc) {
        const uint32_t tfc = config->tfc == IPSEC_TFC_MTU ? UINT32_MAX : config->tfc;
        ipseci_xfrm_put_attr(m, XFRMA_TFCPAD, sizeof tfc, &tfc);
    }
}

void ipseci_xfrm_put_new_sa(const struct ipsec_xfrm *xfrm, const struct xfrm_sa *sa,
                            struct xfrm_message *m)
{
    const struct ipsec_child_sa *c = sa->child;
    const struct ipsec_endpoint *source = sa->outbound ? &c->local : &c->remote;
    const struct ipsec_endpoint *destination = sa->outbound ? &c->remote : &c->local;
    const uint32_t spi = sa->outbound ? c->spi_out : c->spi_in;
    struct xfrm_usersa_info *info = begin(m, XFRM_MSG_NEWSA, NLM_F_ACK, sizeof *info);
    ipseci_xfrm_put_addr(&destination->addr, &info->id.daddr);
    ipseci_xfrm_put_addr(&source->addr, &info->saddr);
    info->id.spi = htonl(spi);
    info->id.proto = IPPROTO_ESP;
    info->family = family_of(&destination->addr);
    info->mode = c->config->mode == IPSEC_MODE_TRANSPORT ? XFRM_MODE_TRANSPORT : XFRM_MODE_TUNNEL;
    info->reqid = sa->reqid;
    info->seq = sa->acquire;
    info->flags = c->suite.esn == IPSEC_ESN_YES ? XFRM_STATE_ESN : 0;
    if (sa->only != NULL) {
        ipseci_xfrm_pair_put(sa->only, sa->outbound ? XFRM_POLICY_OUT : XFRM_POLICY_IN, &info->sel);
    } else {
        info->flags |= XFRM_STATE_AF_UNSPEC; /* both families; the policies have the selectors */
    }
    put_limits(sa, spi, &info->lft, m);
    put_keys(sa, m);
    put_replay(sa, m);
    put_rules(sa, info, m);
    if (c->udp_encapsulation) {
        ipseci_xfrm_put_encap(source, destination, m);
    }
    put_domain(xfrm, m);
}

void ipseci_xfrm_put_sa_id(const struct ipsec_xfrm *xfrm, uint16_t type, uint32_t spi,
                           const struct ipsec_addr *destination, struct xfrm_message *m)
{
    const uint16_t flags = type == XFRM_MSG_GETSA ? 0 : NLM_F_ACK;
    struct xfrm_usersa_id *id = begin(m, type, flags, sizeof *id);
    ipseci_xfrm_put_addr(destination, &id->daddr);
    id->spi = htonl(spi);
    id->family = family_of(destination);
    id->proto = IPPROTO_ESP;
    put_domain(xfrm, m);
}

/* ---- A policy -------------------------------------------------------------------------------- */

static void put_template(const struct xfrm_policy_terms *t, struct xfrm_message *m)
{
    struct xfrm_user_tmpl template;
    memset(&template, 0, sizeof template);
    ipseci_xfrm_put_addr(&t->remote, &template.id.daddr);
    ipseci_xfrm_put_addr(&t->local, &template.saddr);
    template.id.spi = htonl(t->spi);
    template.id.proto = IPPROTO_ESP;
    template.family = family_of(&t->remote);
    template.reqid = t->reqid;
    template.mode = t->mode == IPSEC_MODE_TRANSPORT ? XFRM_MODE_TRANSPORT : XFRM_MODE_TUNNEL;
    template.aalgos = UINT32_MAX;
    template.ealgos = UINT32_MAX;
    template.calgos = UINT32_MAX;
    ipseci_xfrm_put_attr(m, XFRMA_TMPL, sizeof template, &template);
}

void ipseci_xfrm_put_policy(const struct ipsec_xfrm *xfrm, uint16_t type,
                            const struct xfrm_policy_terms *terms, struct xfrm_message *m)
{
    struct xfrm_userpolicy_info *info = begin(m, type, NLM_F_ACK, sizeof *info);
    ipseci_xfrm_pair_put(terms->pair, terms->dir, &info->sel);
    info->lft.soft_byte_limit = XFRM_INF;
    info->lft.hard_byte_limit = XFRM_INF;
    info->lft.soft_packet_limit = XFRM_INF;
    info->lft.hard_packet_limit = XFRM_INF;
    info->priority = terms->priority;
    info->dir = (uint8_t)terms->dir;
    info->action = terms->block ? XFRM_POLICY_BLOCK : XFRM_POLICY_ALLOW;
    if (!terms->block) {
        put_template(terms, m);
    }
    put_domain(xfrm, m);
}

void ipseci_xfrm_put_policy_id(const struct ipsec_xfrm *xfrm, const struct xfrm_pair *pair, int dir,
                               struct xfrm_message *m)
{
    struct xfrm_userpolicy_id *id = begin(m, XFRM_MSG_DELPOLICY, NLM_F_ACK, sizeof *id);
    ipseci_xfrm_pair_put(pair, dir, &id->sel);
    id->dir = (uint8_t)dir;
    put_domain(xfrm, m);
}
