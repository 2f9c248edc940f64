/* SPDX-License-Identifier: Apache-2.0
 *
 * The SA sink: what IKE has negotiated goes into the kernel, is changed and taken out again. Called
 * by the IKE engine, directly or through a gateway. RFC 7296 2.8 (make before break), RFC 4301 4.4.
 */
#include <string.h>

#include "xfrm_state.h"

/* ---- Finding --------------------------------------------------------------------------------- */

static struct xfrm_child **handle_bucket(const struct ipsec_xfrm *xfrm, ipsec_handle child)
{
    return &xfrm->by_child[(child * 0x9e3779b1u >> 7) & (xfrm->buckets - 1)];
}

static struct xfrm_name **spi_bucket(const struct ipsec_xfrm *xfrm, uint32_t spi)
{
    return &xfrm->by_spi[(spi * 0x9e3779b1u >> 7) & (xfrm->buckets - 1)];
}

struct xfrm_child *ipseci_xfrm_child_find(const struct ipsec_xfrm *xfrm, ipsec_handle child)
{
    struct xfrm_child *record = *handle_bucket(xfrm, child);
    while (record != NULL && record->child != child) {
        record = record->in_bucket;
    }
    return record;
}

struct xfrm_child *ipseci_xfrm_child_of(const struct ipsec_xfrm *xfrm, uint32_t spi,
                                        const xfrm_address_t *destination, uint16_t family,
                                        bool *inbound)
{
    const size_t octets = family == AF_INET6 ? 16 : 4;
    for (struct xfrm_name *name = *spi_bucket(xfrm, spi); name != NULL; name = name->in_bucket) {
        struct xfrm_child *child = name->child;
        *inbound = name == &child->in;
        const struct ipsec_addr *addr = *inbound ? &child->local.addr : &child->remote.addr;
        if (name->spi == spi && memcmp(addr->bytes, destination, octets) == 0) {
            return child;
        }
    }
    return NULL;
}

static void name_link(struct ipsec_xfrm *xfrm, struct xfrm_child *child, struct xfrm_name *name,
                      uint32_t spi)
{
    struct xfrm_name **bucket = spi_bucket(xfrm, spi);
    name->spi = spi;
    name->child = child;
    name->in_bucket = *bucket;
    *bucket = name;
}

static void name_unlink(struct ipsec_xfrm *xfrm, const struct xfrm_name *name)
{
    struct xfrm_name **link = spi_bucket(xfrm, name->spi);
    while (*link != name) {
        link = &(*link)->in_bucket;
    }
    *link = name->in_bucket;
}

/* ---- Records --------------------------------------------------------------------------------- */

static struct xfrm_child *take(struct ipsec_xfrm *xfrm, const struct ipsec_child_sa *sa,
                               struct xfrm_group *group)
{
    struct xfrm_child *child = xfrm->free_children;
    struct xfrm_child **bucket = handle_bucket(xfrm, sa->child);
    xfrm->free_children = child->in_bucket;
    memset(child, 0, sizeof *child);
    child->child = sa->child;
    child->group = group;
    child->local = sa->local;
    child->remote = sa->remote;
    child->udp_encapsulation = sa->udp_encapsulation;
    child->in_bucket = *bucket;
    *bucket = child;
    name_link(xfrm, child, &child->in, sa->spi_in);
    name_link(xfrm, child, &child->out, sa->spi_out);
    child->in_group = group->children;
    group->children = child;
    return child;
}

static void release(struct ipsec_xfrm *xfrm, struct xfrm_child *child)
{
    struct xfrm_child **link = handle_bucket(xfrm, child->child);
    while (*link != child) {
        link = &(*link)->in_bucket;
    }
    *link = child->in_bucket;
    name_unlink(xfrm, &child->in);
    name_unlink(xfrm, &child->out);
    link = &child->group->children;
    while (*link != child) {
        link = &(*link)->in_group;
    }
    *link = child->in_group;
    memset(child, 0, sizeof *child);
    child->in_bucket = xfrm->free_children;
    xfrm->free_children = child;
}

static void leave_group(struct ipsec_xfrm *xfrm, struct xfrm_group *group)
{
    if (group->children == NULL && !group->trap) {
        ipseci_xfrm_group_drop(xfrm, group);
    }
}

/* ---- child_add ------------------------------------------------------------------------------- */

enum ipsec_status ipseci_xfrm_rules_check(const struct ipsec_child_config *config, const char **why)
{
    const struct ipsec_header_rules *rules = &config->headers;
    if (config->mode == IPSEC_MODE_TRANSPORT) {
        return IPSEC_OK; /* the packet's own header stays */
    }
    if (rules->df == IPSEC_DF_SET) {
        *why = "the kernel copies or clears DF of outer headers and can not set it";
        return IPSEC_ERR_ARGUMENT;
    }
    if (rules->dscp == IPSEC_DSCP_MAP ||
        (rules->dscp == IPSEC_DSCP_FIXED && rules->dscp_value != 0)) {
        *why = "the kernel copies the DSCP to outer headers or has it 0";
        return IPSEC_ERR_ARGUMENT;
    }
    return IPSEC_OK;
}

static enum ipsec_status check(struct ipsec_xfrm *xfrm, const struct ipsec_child_sa *sa)
{
    const char *why = "";
    const char *name = sa->config->name != NULL ? sa->config->name : "";
    const enum ipsec_status status = ipseci_xfrm_rules_check(sa->config, &why);
    if (status < IPSEC_OK) {
        return ipseci_xfrm_refuse(xfrm, status, "child \"%s\": %s", name, why);
    }
    if (!ipsec_xfrm_has_suite(&sa->suite)) {
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_NOT_BUILT_IN,
                                  "child \"%s\": Linux has no name for these algorithms", name);
    }
    if (sa->config->replay_window > 4096) {
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_ARGUMENT,
                                  "child \"%s\": a replay window of more than 4096", name);
    }
    if (xfrm->free_children == NULL) {
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_FULL, "child \"%s\": child_max", name);
    }
    return IPSEC_OK;
}

/* The group of the child's selectors, new where there is none. Narrowed ones come before what they
 * are narrowed from. */
static enum ipsec_status group_for(struct ipsec_xfrm *xfrm, const struct ipsec_child_sa *sa,
                                   struct xfrm_group **out)
{
    const struct xfrm_group *trap = ipseci_xfrm_trap_of(xfrm, sa->peer, sa->config);
    if (trap == NULL) {
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_NOT_FOUND,
                                  "the peer was not added to the kernel's policies");
    }
    *out = ipseci_xfrm_group_find(xfrm, sa->peer, sa->config, &sa->local_ts, &sa->remote_ts);
    return *out != NULL ? IPSEC_OK
                        : ipseci_xfrm_group_make(xfrm, sa->peer, sa->config, &sa->local_ts,
                                                 &sa->remote_ts, trap->priority - 1, out);
}

/* Inbound first: the peer may send as soon as it has our answer. */
static enum ipsec_status add_sas(struct ipsec_xfrm *xfrm, const struct ipsec_child_sa *sa,
                                 const struct xfrm_group *group)
{
    struct xfrm_message m;
    struct xfrm_group *trap = ipseci_xfrm_trap_of(xfrm, sa->peer, sa->config);
    const bool one = group->wants != NULL && group->wants->in_group == NULL;
    struct xfrm_sa wanted = {
        .child = sa, .only = one ? &group->wants->pair : NULL, .reqid = group->reqid};
    ipseci_xfrm_put_new_sa(xfrm, &wanted, &m);
    enum ipsec_status status = ipseci_xfrm_do(xfrm, &m, "installing the inbound SA");
    if (status < IPSEC_OK) {
        return status;
    }
    wanted.outbound = true;
    wanted.reqid++;
    wanted.acquire = trap->acquire;
    trap->acquire = 0;
    ipseci_xfrm_put_new_sa(xfrm, &wanted, &m);
    status = ipseci_xfrm_do(xfrm, &m, "installing the outbound SA");
    if (status < IPSEC_OK) {
        ipseci_xfrm_delete_sa(xfrm, sa->spi_in, &sa->local.addr);
    }
    return status;
}

static void delete_sas(struct ipsec_xfrm *xfrm, const struct xfrm_child *child)
{
    ipseci_xfrm_delete_sa(xfrm, child->out.spi, &child->remote.addr);
    ipseci_xfrm_delete_sa(xfrm, child->in.spi, &child->local.addr);
}

/* What is there for others serves them again. The reason stays that of the failure. */
static enum ipsec_status take_back(struct ipsec_xfrm *xfrm, struct xfrm_child *child,
                                   enum ipsec_status status)
{
    char why[IPSEC_XFRM_TEXT_MAX];
    struct xfrm_group *group = child->group;
    memcpy(why, xfrm->why, sizeof why);
    delete_sas(xfrm, child);
    release(xfrm, child);
    if (group->children != NULL || group->trap) {
        (void)ipseci_xfrm_group_refresh(xfrm, group);
    }
    leave_group(xfrm, group);
    memcpy(xfrm->why, why, sizeof why);
    return status;
}

static enum ipsec_status child_add(void *context, const struct ipsec_child_sa *sa)
{
    struct ipsec_xfrm *xfrm = context;
    struct xfrm_group *group = NULL;
    enum ipsec_status status = check(xfrm, sa);
    if (status == IPSEC_OK) {
        status = group_for(xfrm, sa, &group);
    }
    if (status < IPSEC_OK) {
        return status;
    }
    const bool is_new = group->children == NULL;
    status = add_sas(xfrm, sa, group);
    if (status < IPSEC_OK) {
        leave_group(xfrm, group);
        return status;
    }
    struct xfrm_child *child = take(xfrm, sa, group);
    child->order = sa->outbound_ready ? ++xfrm->order : 0;
    if (is_new || sa->outbound_ready) {
        status = ipseci_xfrm_group_refresh(xfrm, group);
    }
    return status < IPSEC_OK ? take_back(xfrm, child, status) : IPSEC_OK;
}

/* ---- child_update, child_remove, child_stats ------------------------------------------------- */

static enum ipsec_status child_update(void *context, const struct ipsec_child_update *update)
{
    struct ipsec_xfrm *xfrm = context;
    struct xfrm_child *child = ipseci_xfrm_child_find(xfrm, update->child);
    if (child == NULL) {
        return IPSEC_ERR_STALE;
    }
    switch (update->kind) {
    case IPSEC_CHILD_UPDATE_USE:
        child->order = ++xfrm->order;
        return ipseci_xfrm_group_refresh(xfrm, child->group);
    case IPSEC_CHILD_UPDATE_STOP:
        child->order = 0;
        return ipseci_xfrm_group_refresh(xfrm, child->group);
    case IPSEC_CHILD_UPDATE_MOVE:
        return ipseci_xfrm_move(xfrm, child, update);
    }
    return IPSEC_ERR_ARGUMENT;
}

/* The policy goes elsewhere first: with its SA gone, packets would ask for another one. */
static void child_remove(void *context, ipsec_handle handle)
{
    struct ipsec_xfrm *xfrm = context;
    struct xfrm_child *child = ipseci_xfrm_child_find(xfrm, handle);
    if (child == NULL) {
        return;
    }
    const struct xfrm_child gone = *child;
    struct xfrm_group *group = child->group;
    const bool was_sender = ipseci_xfrm_sender(group) == child;
    release(xfrm, child);
    if (was_sender && (group->children != NULL || group->trap)) {
        (void)ipseci_xfrm_group_refresh(xfrm, group);
    }
    leave_group(xfrm, group);
    delete_sas(xfrm, &gone);
}

static enum ipsec_status count(struct ipsec_xfrm *xfrm, uint32_t spi, const struct ipsec_addr *to,
                               uint64_t *packets, uint64_t *bytes)
{
    struct xfrm_message m;
    ipseci_xfrm_put_sa_id(xfrm, XFRM_MSG_GETSA, spi, to, &m);
    const enum ipsec_status status = ipseci_xfrm_ask(xfrm, &m, "asking for an SA's counters");
    if (status < IPSEC_OK) {
        return status;
    }
    const struct xfrm_usersa_info *info = mnl_nlmsg_get_payload(&m.u.header);
    *packets = info->curlft.packets;
    *bytes = info->curlft.bytes;
    ipseci_xfrm_message_wipe(&m);
    return IPSEC_OK;
}

static enum ipsec_status child_stats(void *context, ipsec_handle handle,
                                     struct ipsec_child_stats *stats)
{
    struct ipsec_xfrm *xfrm = context;
    struct ipsec_child_stats s;
    const struct xfrm_child *child = ipseci_xfrm_child_find(xfrm, handle);
    if (child == NULL) {
        return IPSEC_ERR_STALE;
    }
    enum ipsec_status status =
        count(xfrm, child->in.spi, &child->local.addr, &s.packets_in, &s.bytes_in);
    if (status == IPSEC_OK) {
        status = count(xfrm, child->out.spi, &child->remote.addr, &s.packets_out, &s.bytes_out);
    }
    if (status == IPSEC_OK) {
        *stats = s;
    }
    return status;
}

void ipseci_xfrm_child_functions(struct ipsec_sa_sink *sink)
{
    sink->child_add = child_add;
    sink->child_update = child_update;
    sink->child_remove = child_remove;
    sink->child_stats = child_stats;
}
