/* SPDX-License-Identifier: Apache-2.0
 *
 * Asks the kernel and says in plain words what it refused. Called with every request.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xfrm_state.h"

struct reason {
    int error;
    enum ipsec_status status;
    const char *text;
};

static const struct reason reasons[] = {
    {EPERM, IPSEC_ERR_FORBIDDEN, "not permitted: this needs the capability CAP_NET_ADMIN"},
    {EACCES, IPSEC_ERR_FORBIDDEN, "not permitted: this needs the capability CAP_NET_ADMIN"},
    {EEXIST, IPSEC_ERR_STATE,
     "it is there already, of another program or left by one (see ip xfrm state, ip xfrm policy)"},
    {EPROTONOSUPPORT, IPSEC_ERR_NOT_BUILT_IN,
     "the kernel has no ESP (CONFIG_INET_ESP and CONFIG_INET6_ESP, modules esp4 and esp6)"},
    {ENOPROTOOPT, IPSEC_ERR_NOT_BUILT_IN,
     "the kernel has no ESP (CONFIG_INET_ESP and CONFIG_INET6_ESP, modules esp4 and esp6)"},
    {EAFNOSUPPORT, IPSEC_ERR_NOT_BUILT_IN, "the kernel lacks this address family"},
    {ENOSYS, IPSEC_ERR_NOT_BUILT_IN, "the kernel lacks this algorithm (see /proc/crypto)"},
    {ENOENT, IPSEC_ERR_NOT_BUILT_IN, "the kernel lacks this algorithm, or it is gone already"},
    {ESRCH, IPSEC_ERR_STALE, "it is not there any more"},
    {EINVAL, IPSEC_ERR_ARGUMENT, "the kernel does not take these parameters"},
    {ENOMEM, IPSEC_ERR_MEMORY, "the kernel has no memory for it"},
    {ENOBUFS, IPSEC_ERR_MEMORY, "the kernel has no memory for it"},
};

enum ipsec_status ipseci_xfrm_refuse(struct ipsec_xfrm *xfrm, enum ipsec_status status,
                                     const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(xfrm->why, sizeof xfrm->why, format, arguments);
    va_end(arguments);
    return status;
}

struct words {
    const char *text; /* NULL: none */
};

static int find_words(const struct nlattr *attr, void *data)
{
    struct words *words = data;
    if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
        mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0) {
        words->text = mnl_attr_get_str(attr);
    }
    return MNL_CB_OK;
}

/* The kernel's own words, where it has any (NETLINK_EXT_ACK). NLM_F_CAPPED: without the request. */
static const char *words_of(const struct nlmsghdr *answer)
{
    struct words words = {0};
    const struct nlmsgerr *error = mnl_nlmsg_get_payload(answer);
    size_t skip = sizeof *error;
    if ((answer->nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
        return NULL;
    }
    if ((answer->nlmsg_flags & NLM_F_CAPPED) == 0) {
        skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof error->msg;
    }
    if (skip <= mnl_nlmsg_get_payload_len(answer)) {
        (void)mnl_attr_parse(answer, (unsigned)skip, find_words, &words);
    }
    return words.text;
}

static enum ipsec_status explain(struct ipsec_xfrm *xfrm, const struct nlmsghdr *answer,
                                 const char *what)
{
    const struct nlmsgerr *error = mnl_nlmsg_get_payload(answer);
    const char *words = words_of(answer);
    const char *before = words != NULL ? "; the kernel says: " : "";
    words = words != NULL ? words : "";
    xfrm->counters.failures++;
    for (size_t i = 0; i < XFRM_COUNT(reasons); i++) {
        if (reasons[i].error == -error->error) {
            return ipseci_xfrm_refuse(xfrm, reasons[i].status, "%s: %s%s%s", what, reasons[i].text,
                                      before, words);
        }
    }
    return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_IO, "%s: %s%s%s", what, strerror(-error->error),
                              before, words);
}

/* What an answer says. */
static enum ipsec_status judge(struct ipsec_xfrm *xfrm, const struct xfrm_message *m, size_t length,
                               uint16_t type, const char *what)
{
    const struct nlmsghdr *answer = &m->u.header;
    if (!mnl_nlmsg_ok(answer, (int)length) || answer->nlmsg_seq != xfrm->sequence) {
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_IO, "%s: the kernel's answer can not be read",
                                  what);
    }
    if (answer->nlmsg_type != NLMSG_ERROR) {
        return type != 0 && answer->nlmsg_type == type
                   ? IPSEC_OK
                   : ipseci_xfrm_refuse(xfrm, IPSEC_ERR_IO, "%s: an answer to something else",
                                        what);
    }
    if (mnl_nlmsg_get_payload_len(answer) < sizeof(struct nlmsgerr)) {
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_IO, "%s: the kernel's answer is cut off", what);
    }
    const struct nlmsgerr *error = mnl_nlmsg_get_payload(answer);
    if (error->error == 0 && type == 0) {
        return IPSEC_OK;
    }
    return explain(xfrm, answer, what);
}

/* The answer takes the request's place. type: of the answer to a GET; 0: an acknowledgement. */
static enum ipsec_status exchange(struct ipsec_xfrm *xfrm, struct xfrm_message *m, uint16_t type,
                                  const char *what)
{
    struct xfrm_message request;
    size_t length = 0;
    if (m->overflow) {
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_ARGUMENT, "%s: too long for a message", what);
    }
    m->u.header.nlmsg_seq = ++xfrm->sequence;
    const size_t sent = m->u.header.nlmsg_len;
    memcpy(request.u.octets, m->u.octets, sent);
    const enum ipsec_status status = xfrm->link.request(xfrm->link.context, request.u.octets, sent,
                                                        m->u.octets, sizeof m->u.octets, &length);
    explicit_bzero(request.u.octets, sent);
    if (status < IPSEC_OK) {
        return ipseci_xfrm_refuse(xfrm, status, "%s: the netlink socket failed", what);
    }
    return judge(xfrm, m, length, type, what);
}

enum ipsec_status ipseci_xfrm_do(struct ipsec_xfrm *xfrm, struct xfrm_message *m, const char *what)
{
    const enum ipsec_status status = exchange(xfrm, m, 0, what);
    ipseci_xfrm_message_wipe(m);
    return status;
}

enum ipsec_status ipseci_xfrm_ask(struct ipsec_xfrm *xfrm, struct xfrm_message *m, const char *what)
{
    const enum ipsec_status status = exchange(xfrm, m, XFRM_MSG_NEWSA, what);
    if (status == IPSEC_OK &&
        mnl_nlmsg_get_payload_len(&m->u.header) < sizeof(struct xfrm_usersa_info)) {
        ipseci_xfrm_message_wipe(m);
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_IO, "%s: the kernel's answer is cut off", what);
    }
    if (status < IPSEC_OK) {
        ipseci_xfrm_message_wipe(m);
    }
    return status;
}

void ipseci_xfrm_do_quietly(struct ipsec_xfrm *xfrm, struct xfrm_message *m)
{
    char why[IPSEC_XFRM_TEXT_MAX];
    const uint64_t failures = xfrm->counters.failures;
    memcpy(why, xfrm->why, sizeof why);
    (void)ipseci_xfrm_do(xfrm, m, "");
    memcpy(xfrm->why, why, sizeof why);
    xfrm->counters.failures = failures;
}

void ipseci_xfrm_delete_sa(struct ipsec_xfrm *xfrm, uint32_t spi,
                           const struct ipsec_addr *destination)
{
    struct xfrm_message m;
    ipseci_xfrm_put_sa_id(xfrm, XFRM_MSG_DELSA, spi, destination, &m);
    ipseci_xfrm_do_quietly(xfrm, &m);
}
