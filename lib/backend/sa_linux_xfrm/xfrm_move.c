/* SPDX-License-Identifier: Apache-2.0
 *
 * An SA that gets other outer addresses or encapsulation. The kernel can not change them in place,
 * so the SA is read with its keys and state, and installed anew. Called by xfrm_child.c. RFC 7296
 * 2.23 (NAT mappings), RFC 4555 3.5 (MOBIKE), RFC 4303 3.3.3 (sequence numbers never repeat).
 */
#include <arpa/inet.h>
#include <string.h>

#include "xfrm_state.h"

struct moving {
    struct xfrm_message *to;
    bool outbound;
    enum ipsec_status status;
    const char *why;
};

static enum ipsec_status fail(struct moving *m, enum ipsec_status status, const char *why)
{
    m->status = status;
    m->why = why;
    return status;
}

/* A kernel that is locked down gives zeros instead of keys. */
static void copy_key(struct moving *m, const struct nlattr *attr, size_t fixed)
{
    const uint8_t *octets = mnl_attr_get_payload(attr);
    const size_t length = mnl_attr_get_payload_len(attr);
    uint8_t any = 0;
    for (size_t i = fixed; i < length; i++) {
        any |= octets[i];
    }
    if (length > fixed && any == 0) {
        (void)fail(m, IPSEC_ERR_FORBIDDEN, "the kernel is locked down and does not tell keys");
    }
    ipseci_xfrm_put_attr(m->to, mnl_attr_get_type(attr), length, octets);
}

/* RFC 4303 3.3.3: what is sent between reading and deleting must not be sent again. */
static void copy_replay_esn(struct moving *m, const struct nlattr *attr)
{
    union {
        struct xfrm_replay_state_esn state;
        uint8_t octets[sizeof(struct xfrm_replay_state_esn) + 4096 / 8];
    } room;
    const size_t length = mnl_attr_get_payload_len(attr);
    if (length < sizeof room.state || length > sizeof room) {
        (void)fail(m, IPSEC_ERR_IO, "a replay state that can not be read");
        return;
    }
    memcpy(room.octets, mnl_attr_get_payload(attr), length);
    if (m->outbound) {
        room.state.oseq += XFRM_MOVE_GAP;
        room.state.oseq_hi += room.state.oseq < XFRM_MOVE_GAP;
    }
    ipseci_xfrm_put_attr(m->to, XFRMA_REPLAY_ESN_VAL, length, &room);
}

static void copy_replay(struct moving *m, const struct nlattr *attr)
{
    struct xfrm_replay_state state;
    if (mnl_attr_get_payload_len(attr) < sizeof state) {
        (void)fail(m, IPSEC_ERR_IO, "a replay state that can not be read");
        return;
    }
    memcpy(&state, mnl_attr_get_payload(attr), sizeof state);
    if (m->outbound && state.oseq > UINT32_MAX - XFRM_MOVE_GAP) {
        (void)fail(m, IPSEC_ERR_STATE, "its sequence numbers are nearly used up");
        return;
    }
    state.oseq += m->outbound ? XFRM_MOVE_GAP : 0;
    ipseci_xfrm_put_attr(m->to, XFRMA_REPLAY_VAL, sizeof state, &state);
}

static int copy_attr(const struct nlattr *attr, void *data)
{
    struct moving *m = data;
    const uint16_t type = mnl_attr_get_type(attr);
    switch (type) {
    case XFRMA_ALG_AEAD:
        copy_key(m, attr, sizeof(struct xfrm_algo_aead));
        break;
    case XFRMA_ALG_CRYPT:
        copy_key(m, attr, sizeof(struct xfrm_algo));
        break;
    case XFRMA_ALG_AUTH_TRUNC: /* XFRMA_ALG_AUTH stands beside it and says the same */
        copy_key(m, attr, sizeof(struct xfrm_algo_auth));
        break;
    case XFRMA_REPLAY_ESN_VAL:
        copy_replay_esn(m, attr);
        break;
    case XFRMA_REPLAY_VAL:
        copy_replay(m, attr);
        break;
    case XFRMA_TFCPAD:
    case XFRMA_SA_EXTRA_FLAGS:
    case XFRMA_MARK:
    case XFRMA_IF_ID:
        ipseci_xfrm_put_attr(m->to, type, mnl_attr_get_payload_len(attr),
                             mnl_attr_get_payload(attr));
        break;
    default:
        break; /* ENCAP is made anew */
    }
    return m->status < IPSEC_OK ? MNL_CB_ERROR : MNL_CB_OK;
}

/* from: the kernel's answer. gap: leave out sequence numbers. */
static enum ipsec_status rebuild(const struct xfrm_message *from, bool outbound,
                                 const struct ipsec_child_update *u, struct xfrm_message *to,
                                 const char **why)
{
    struct moving m = {.to = to, .outbound = outbound, .status = IPSEC_OK};
    const struct ipsec_endpoint *source = outbound ? &u->local : &u->remote;
    const struct ipsec_endpoint *destination = outbound ? &u->remote : &u->local;
    struct xfrm_lifetime_cur used;
    memset(to->u.octets, 0, NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct xfrm_usersa_info)));
    to->overflow = false;
    struct nlmsghdr *header = mnl_nlmsg_put_header(to->u.octets);
    header->nlmsg_type = XFRM_MSG_NEWSA;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    struct xfrm_usersa_info *info = mnl_nlmsg_put_extra_header(header, sizeof *info);
    memcpy(info, mnl_nlmsg_get_payload(&from->u.header), sizeof *info);
    memset(&info->stats, 0, sizeof info->stats);
    info->seq = 0;
    ipseci_xfrm_put_addr(&source->addr, &info->saddr);
    ipseci_xfrm_put_addr(&destination->addr, &info->id.daddr);
    info->family = destination->addr.family == IPSEC_FAMILY_IPV6 ? AF_INET6 : AF_INET;
    memcpy(&used, &info->curlft, sizeof used);
    if (mnl_attr_parse(&from->u.header, sizeof *info, copy_attr, &m) < 0 && m.status == IPSEC_OK) {
        (void)fail(&m, IPSEC_ERR_IO, "attributes that can not be read");
    }
    ipseci_xfrm_put_attr(to, XFRMA_LTIME_VAL, sizeof used, &used);
    if (u->udp_encapsulation) {
        ipseci_xfrm_put_encap(source, destination, to);
    }
    *why = m.why;
    return m.status;
}

/* Where the destination stays, so does the SA's name in the kernel: it has to go before it comes
 * back. Otherwise it is never away. */
static enum ipsec_status replace(struct ipsec_xfrm *xfrm, uint32_t spi,
                                 const struct ipsec_addr *was, const struct ipsec_addr *becomes,
                                 struct xfrm_message *m)
{
    const bool same = ipsec_addr_equal(was, becomes);
    if (same) {
        ipseci_xfrm_delete_sa(xfrm, spi, was);
    }
    const enum ipsec_status status = ipseci_xfrm_do(xfrm, m, "moving an SA");
    if (!same && status == IPSEC_OK) {
        ipseci_xfrm_delete_sa(xfrm, spi, was);
    }
    return status;
}

static enum ipsec_status move_sa(struct ipsec_xfrm *xfrm, const struct xfrm_child *child,
                                 bool outbound, const struct ipsec_child_update *u)
{
    struct xfrm_message from;
    struct xfrm_message to;
    const char *why = NULL;
    const uint32_t spi = outbound ? child->out.spi : child->in.spi;
    const struct ipsec_addr *was = outbound ? &child->remote.addr : &child->local.addr;
    const struct ipsec_addr *becomes = outbound ? &u->remote.addr : &u->local.addr;
    ipseci_xfrm_put_sa_id(xfrm, XFRM_MSG_GETSA, spi, was, &from);
    enum ipsec_status status = ipseci_xfrm_ask(xfrm, &from, "reading an SA that moves");
    if (status < IPSEC_OK) {
        return status;
    }
    status = rebuild(&from, outbound, u, &to, &why);
    ipseci_xfrm_message_wipe(&from);
    if (status < IPSEC_OK) {
        ipseci_xfrm_message_wipe(&to);
        return ipseci_xfrm_refuse(xfrm, status, "moving an SA: %s", why);
    }
    return replace(xfrm, spi, was, becomes, &to);
}

enum ipsec_status ipseci_xfrm_move(struct ipsec_xfrm *xfrm, struct xfrm_child *child,
                                   const struct ipsec_child_update *update)
{
    const enum ipsec_status in = move_sa(xfrm, child, false, update);
    if (in < IPSEC_OK) {
        return in;
    }
    child->local = update->local; /* the inbound SA's name */
    const enum ipsec_status out = move_sa(xfrm, child, true, update);
    if (out < IPSEC_OK) {
        return out;
    }
    child->remote = update->remote;
    child->udp_encapsulation = update->udp_encapsulation;
    return ipseci_xfrm_group_refresh(xfrm, child->group);
}
