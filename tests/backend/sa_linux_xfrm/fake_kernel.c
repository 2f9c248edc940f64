/* SPDX-License-Identifier: Apache-2.0
 *
 * See fake_kernel.h.
 */
#include "fake_kernel.h"

#include <errno.h>

/* ---- Taking messages apart ------------------------------------------------------------------- */

const void *fake_attr(const struct nlmsghdr *message, size_t fixed, uint16_t type, size_t *length)
{
    const uint8_t *octets = (const uint8_t *)message;
    const void *found = NULL;
    size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);
    *length = 0;
    while (at < message->nlmsg_len) {
        struct nlattr attr;
        assert_true(message->nlmsg_len - at >= sizeof attr);
        memcpy(&attr, octets + at, sizeof attr);
        assert_true(attr.nla_len >= sizeof attr);
        assert_true(attr.nla_len <= message->nlmsg_len - at);
        if (attr.nla_type == type) {
            assert_null(found); /* each once */
            found = octets + at + NLA_HDRLEN;
            *length = attr.nla_len - (size_t)NLA_HDRLEN;
        }
        at += NLA_ALIGN(attr.nla_len);
    }
    assert_int_equal(at, message->nlmsg_len);
    return found;
}

static size_t fixed_of(const struct fake_entry *entry)
{
    return entry->policy ? sizeof(struct xfrm_userpolicy_info) : sizeof(struct xfrm_usersa_info);
}

const struct xfrm_usersa_info *fake_sa_info(const struct fake_entry *sa)
{
    return (const struct xfrm_usersa_info *)(const void *)(sa->request.octets + NLMSG_HDRLEN);
}

const void *fake_sa_attr(const struct fake_entry *sa, uint16_t type, size_t *length)
{
    return fake_attr(&sa->request.header, fixed_of(sa), type, length);
}

const struct xfrm_userpolicy_info *fake_policy_info(const struct fake_entry *policy)
{
    return (const struct xfrm_userpolicy_info *)(const void *)(policy->request.octets +
                                                               NLMSG_HDRLEN);
}

const struct xfrm_user_tmpl *fake_template(const struct fake_entry *policy)
{
    size_t length = 0;
    const void *template = fake_sa_attr(policy, XFRMA_TMPL, &length);
    assert_true(template == NULL || length == sizeof(struct xfrm_user_tmpl));
    return template;
}

/* ---- Keeping --------------------------------------------------------------------------------- */

unsigned fake_count(const struct fake_kernel *kernel, bool policies)
{
    unsigned n = 0;
    for (size_t i = 0; i < FAKE_ENTRIES; i++) {
        n += kernel->entry[i].used && kernel->entry[i].policy == policies;
    }
    return n;
}

struct fake_entry *fake_sa(struct fake_kernel *kernel, uint32_t spi)
{
    for (size_t i = 0; i < FAKE_ENTRIES; i++) {
        struct fake_entry *entry = &kernel->entry[i];
        if (entry->used && !entry->policy && ntohl(fake_sa_info(entry)->id.spi) == spi) {
            return entry;
        }
    }
    return NULL;
}

const struct fake_entry *fake_policy(const struct fake_kernel *kernel, int dir, unsigned n)
{
    for (size_t i = 0; i < FAKE_ENTRIES; i++) {
        const struct fake_entry *entry = &kernel->entry[i];
        if (entry->used && entry->policy && fake_policy_info(entry)->dir == dir && n-- == 0) {
            return entry;
        }
    }
    return NULL;
}

/* An SA that moves is there twice for a while. */
static struct fake_entry *find_sa(struct fake_kernel *kernel, const xfrm_address_t *daddr,
                                  __be32 spi)
{
    for (size_t i = 0; i < FAKE_ENTRIES; i++) {
        struct fake_entry *entry = &kernel->entry[i];
        if (entry->used && !entry->policy && fake_sa_info(entry)->id.spi == spi &&
            memcmp(&fake_sa_info(entry)->id.daddr, daddr, sizeof *daddr) == 0) {
            return entry;
        }
    }
    return NULL;
}

static struct fake_entry *find_policy(struct fake_kernel *kernel, const struct xfrm_selector *sel,
                                      int dir)
{
    for (size_t i = 0; i < FAKE_ENTRIES; i++) {
        struct fake_entry *entry = &kernel->entry[i];
        if (entry->used && entry->policy && fake_policy_info(entry)->dir == dir &&
            memcmp(&fake_policy_info(entry)->sel, sel, sizeof *sel) == 0) {
            return entry;
        }
    }
    return NULL;
}

static int keep(struct fake_entry *there, struct fake_kernel *kernel, bool policy,
                const struct nlmsghdr *message)
{
    size_t length = 0;
    for (size_t i = 0; there == NULL && i < FAKE_ENTRIES; i++) {
        there = kernel->entry[i].used ? NULL : &kernel->entry[i];
    }
    assert_non_null(there);
    assert_true(message->nlmsg_len <= FAKE_ENTRY_BYTES);
    memset(there, 0, sizeof *there);
    there->used = true;
    there->policy = policy;
    there->length = message->nlmsg_len;
    memcpy(there->request.octets, message, message->nlmsg_len);
    (void)fake_sa_attr(there, 0, &length); /* all can be read */
    return 0;
}

static int new_sa(struct fake_kernel *kernel, const struct nlmsghdr *message, const void *payload)
{
    struct xfrm_usersa_info info;
    size_t length = 0;
    memcpy(&info, payload, sizeof info);
    assert_int_equal(info.id.proto, IPPROTO_ESP);
    assert_true(info.family == AF_INET || info.family == AF_INET6);
    assert_true(info.sel.family != 0 || (info.flags & XFRM_STATE_AF_UNSPEC) != 0);
    const bool aead = fake_attr(message, sizeof info, XFRMA_ALG_AEAD, &length) != NULL;
    const bool cipher = fake_attr(message, sizeof info, XFRMA_ALG_CRYPT, &length) != NULL;
    const bool auth = fake_attr(message, sizeof info, XFRMA_ALG_AUTH_TRUNC, &length) != NULL;
    assert_true(aead ? !cipher && !auth : cipher && auth);
    if ((info.flags & XFRM_STATE_ESN) != 0) {
        assert_non_null(fake_attr(message, sizeof info, XFRMA_REPLAY_ESN_VAL, &length));
    }
    return find_sa(kernel, &info.id.daddr, info.id.spi) != NULL
               ? EEXIST
               : keep(NULL, kernel, false, message);
}

static int new_policy(struct fake_kernel *kernel, const struct nlmsghdr *message,
                      const void *payload)
{
    struct xfrm_userpolicy_info info;
    memcpy(&info, payload, sizeof info);
    struct fake_entry *there = find_policy(kernel, &info.sel, info.dir);
    if (there != NULL && message->nlmsg_type == XFRM_MSG_NEWPOLICY) {
        return EEXIST;
    }
    return keep(there, kernel, true, message);
}

static int drop(struct fake_entry *entry, int missing)
{
    if (entry == NULL) {
        return missing;
    }
    entry->used = false;
    return 0;
}

static int del_sa(struct fake_kernel *kernel, const void *payload)
{
    struct xfrm_usersa_id id;
    memcpy(&id, payload, sizeof id);
    return drop(find_sa(kernel, &id.daddr, id.spi), ESRCH);
}

static int del_policy(struct fake_kernel *kernel, const void *payload)
{
    struct xfrm_userpolicy_id id;
    memcpy(&id, payload, sizeof id);
    return drop(find_policy(kernel, &id.sel, id.dir), ENOENT);
}

/* ---- Answering ------------------------------------------------------------------------------- */

static size_t answer_error(const struct fake_kernel *kernel, const struct nlmsghdr *request,
                           int error, uint8_t *answer)
{
    struct nlmsghdr header = {.nlmsg_type = NLMSG_ERROR, .nlmsg_seq = request->nlmsg_seq};
    const struct nlmsgerr body = {.error = -error, .msg = *request};
    size_t length = NLMSG_HDRLEN + sizeof body;
    memcpy(answer + NLMSG_HDRLEN, &body, sizeof body);
    if (error != 0 && kernel->words != NULL) {
        const size_t words = strlen(kernel->words) + 1;
        const struct nlattr attr = {.nla_type = NLMSGERR_ATTR_MSG,
                                    .nla_len = (uint16_t)(NLA_HDRLEN + words)};
        memcpy(answer + length, &attr, sizeof attr);
        memcpy(answer + length + NLA_HDRLEN, kernel->words, words);
        header.nlmsg_flags = NLM_F_ACK_TLVS | NLM_F_CAPPED;
        length += NLA_HDRLEN + NLA_ALIGN(words);
    }
    header.nlmsg_len = (uint32_t)length;
    memcpy(answer, &header, sizeof header);
    return length;
}

static size_t put(uint8_t *answer, size_t at, uint16_t type, size_t length, const void *data)
{
    const struct nlattr attr = {.nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + length)};
    memcpy(answer + at, &attr, sizeof attr);
    memcpy(answer + at + NLA_HDRLEN, data, length);
    return at + NLA_ALIGN(attr.nla_len);
}

/* As the kernel does: the SA with its keys, its counters, and the state it has made. */
static size_t answer_sa(struct fake_kernel *kernel, const struct nlmsghdr *request, uint8_t *answer)
{
    struct xfrm_usersa_id id;
    struct xfrm_usersa_info info;
    size_t length = 0;
    memcpy(&id, (const uint8_t *)request + NLMSG_HDRLEN, sizeof id);
    const struct fake_entry *sa = find_sa(kernel, &id.daddr, id.spi);
    if (sa == NULL) {
        return answer_error(kernel, request, ESRCH, answer);
    }
    memcpy(answer, sa->request.octets, sa->length);
    memcpy(&info, fake_sa_info(sa), sizeof info);
    info.curlft.packets = sa->packets;
    info.curlft.bytes = sa->bytes;
    info.curlft.add_time = 1000;
    memcpy(answer + NLMSG_HDRLEN, &info, sizeof info);
    size_t at = sa->length;
    if (fake_sa_attr(sa, XFRMA_REPLAY_ESN_VAL, &length) == NULL) {
        const struct xfrm_replay_state replay = {.oseq = (uint32_t)sa->packets};
        at = put(answer, at, XFRMA_REPLAY_VAL, sizeof replay, &replay);
    }
    at = put(answer, at, XFRMA_LASTUSED, sizeof(uint64_t), &sa->packets);
    struct nlmsghdr header = *request;
    header.nlmsg_type = XFRM_MSG_NEWSA;
    header.nlmsg_len = (uint32_t)at;
    memcpy(answer, &header, sizeof header);
    return at;
}

static int carry_out(struct fake_kernel *kernel, const struct nlmsghdr *m)
{
    const uint8_t *payload = (const uint8_t *)m + NLMSG_HDRLEN;
    switch (m->nlmsg_type) {
    case XFRM_MSG_NEWSA:
        return new_sa(kernel, m, payload);
    case XFRM_MSG_DELSA:
        return del_sa(kernel, payload);
    case XFRM_MSG_NEWPOLICY:
    case XFRM_MSG_UPDPOLICY:
        return new_policy(kernel, m, payload);
    case XFRM_MSG_DELPOLICY:
        return del_policy(kernel, payload);
    default:
        return EOPNOTSUPP;
    }
}

static enum ipsec_status request(void *context, const void *message, size_t length, void *answer,
                                 size_t capacity, size_t *answered)
{
    struct fake_kernel *kernel = context;
    union {
        struct nlmsghdr header;
        uint8_t octets[8192];
    } m;
    assert_true(length <= sizeof m && length >= NLMSG_HDRLEN && capacity >= 4096);
    memcpy(&m, message, length);
    assert_int_equal(m.header.nlmsg_len, length);
    assert_int_equal(length % 4, 0);
    assert_true((m.header.nlmsg_flags & NLM_F_REQUEST) != 0);
    assert_true(kernel->requests < FAKE_REQUESTS);
    kernel->types[kernel->requests++] = m.header.nlmsg_type;
    if (kernel->broken < IPSEC_OK) {
        return kernel->broken;
    }
    if (kernel->requests == kernel->fail_at) {
        *answered = answer_error(kernel, &m.header, kernel->fail_with, answer);
        return IPSEC_OK;
    }
    if (m.header.nlmsg_type == XFRM_MSG_GETSA) {
        *answered = answer_sa(kernel, &m.header, answer);
        return IPSEC_OK;
    }
    assert_true((m.header.nlmsg_flags & NLM_F_ACK) != 0);
    *answered = answer_error(kernel, &m.header, carry_out(kernel, &m.header), answer);
    return IPSEC_OK;
}

/* ---- Events ---------------------------------------------------------------------------------- */

static enum ipsec_status event(void *context, void *buffer, size_t capacity, size_t *length)
{
    struct fake_kernel *kernel = context;
    const enum ipsec_status status = kernel->event_status;
    kernel->event_status = IPSEC_ERR_AGAIN;
    if (status == IPSEC_OK) {
        assert_true(kernel->event_length <= capacity);
        memcpy(buffer, kernel->event, kernel->event_length);
        *length = kernel->event_length;
    }
    return status;
}

static void *begin_event(struct fake_kernel *kernel, uint16_t type, size_t fixed)
{
    const struct nlmsghdr header = {.nlmsg_type = type,
                                    .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + NLMSG_ALIGN(fixed))};
    memset(kernel->event, 0, sizeof kernel->event);
    memcpy(kernel->event, &header, sizeof header);
    kernel->event_length = header.nlmsg_len;
    kernel->event_status = IPSEC_OK;
    return kernel->event + NLMSG_HDRLEN;
}

void fake_expire(struct fake_kernel *kernel, uint32_t spi, bool hard)
{
    const struct fake_entry *sa = fake_sa(kernel, spi);
    struct xfrm_user_expire expire;
    assert_non_null(sa);
    memset(&expire, 0, sizeof expire);
    memcpy(&expire.state, fake_sa_info(sa), sizeof expire.state);
    expire.hard = hard;
    memcpy(begin_event(kernel, XFRM_MSG_EXPIRE, sizeof expire), &expire, sizeof expire);
}

void fake_mapping(struct fake_kernel *kernel, uint32_t spi, const char *addr, uint16_t port)
{
    const struct fake_entry *sa = fake_sa(kernel, spi);
    struct xfrm_user_mapping mapping;
    struct ipsec_addr parsed;
    assert_non_null(sa);
    assert_int_equal(ipsec_addr_parse(addr, &parsed), IPSEC_OK);
    memset(&mapping, 0, sizeof mapping);
    mapping.id.daddr = fake_sa_info(sa)->id.daddr;
    mapping.id.spi = fake_sa_info(sa)->id.spi;
    mapping.id.family = fake_sa_info(sa)->family;
    mapping.id.proto = IPPROTO_ESP;
    memcpy(&mapping.new_saddr, parsed.bytes, sizeof mapping.new_saddr);
    mapping.new_sport = htons(port);
    memcpy(begin_event(kernel, XFRM_MSG_MAPPING, sizeof mapping), &mapping, sizeof mapping);
}

void fake_acquire(struct fake_kernel *kernel, unsigned n, const char *from, const char *to,
                  uint8_t protocol, uint16_t sport, uint16_t dport)
{
    const struct fake_entry *policy = fake_policy(kernel, XFRM_POLICY_OUT, n);
    struct xfrm_user_acquire acquire;
    struct ipsec_addr addr;
    assert_non_null(policy);
    assert_non_null(fake_template(policy));
    memset(&acquire, 0, sizeof acquire);
    memcpy(&acquire.policy, fake_policy_info(policy), sizeof acquire.policy);
    assert_int_equal(ipsec_addr_parse(from, &addr), IPSEC_OK);
    memcpy(&acquire.sel.saddr, addr.bytes, 16);
    acquire.sel.family = addr.family == IPSEC_FAMILY_IPV6 ? AF_INET6 : AF_INET;
    acquire.sel.prefixlen_s = acquire.sel.prefixlen_d = addr.family == IPSEC_FAMILY_IPV6 ? 128 : 32;
    assert_int_equal(ipsec_addr_parse(to, &addr), IPSEC_OK);
    memcpy(&acquire.sel.daddr, addr.bytes, 16);
    acquire.sel.proto = protocol;
    acquire.sel.sport = htons(sport);
    acquire.sel.dport = htons(dport);
    acquire.sel.sport_mask = acquire.sel.dport_mask = UINT16_MAX;
    acquire.seq = 77;
    memcpy(begin_event(kernel, XFRM_MSG_ACQUIRE, sizeof acquire), &acquire, sizeof acquire);
    const size_t end = put(kernel->event, kernel->event_length, XFRMA_TMPL,
                           sizeof(struct xfrm_user_tmpl), fake_template(policy));
    const uint32_t length = (uint32_t)end;
    memcpy(kernel->event, &length, sizeof length);
    kernel->event_length = end;
}

void fake_init(struct fake_kernel *kernel)
{
    memset(kernel, 0, sizeof *kernel);
    kernel->link.size = (uint32_t)sizeof kernel->link;
    kernel->link.context = kernel;
    kernel->link.request = request;
    kernel->link.event = event;
    kernel->link.fd = -1;
    kernel->event_status = IPSEC_ERR_AGAIN;
}
