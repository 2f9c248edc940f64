/* SPDX-License-Identifier: Apache-2.0
 *
 * The XFRM sink as an object: opening and closing, peers, and what it says of itself. See
 * backend_xfrm.h. Called by the program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xfrm_state.h"

#define CHILD_MAX   32
#define POLICY_MAX  256
#define PRIORITY    0x10000
#define REQID       0x100000
#define RECORDS_MAX (1u << 24)

/* ---- Memory ---------------------------------------------------------------------------------- */

static size_t buckets_for(size_t n)
{
    size_t buckets = 16;
    while (buckets < n) {
        buckets *= 2;
    }
    return buckets;
}

static void chain(struct ipsec_xfrm *xfrm, size_t children, size_t wants, size_t groups)
{
    for (size_t i = children; i-- > 0;) {
        xfrm->all_children[i].in_bucket = xfrm->free_children;
        xfrm->free_children = &xfrm->all_children[i];
    }
    for (size_t i = wants; i-- > 0;) {
        xfrm->all_wants[i].in_group = xfrm->free_wants;
        xfrm->free_wants = &xfrm->all_wants[i];
    }
    for (size_t i = groups; i-- > 0;) {
        xfrm->all_groups[i].next = xfrm->free_groups;
        xfrm->free_groups = &xfrm->all_groups[i];
    }
}

/* A group for each child and, at most, for each policy that is there without one. */
static enum ipsec_status allocate(struct ipsec_xfrm *xfrm)
{
    const size_t children = xfrm->config.child_max;
    const size_t wants = xfrm->config.policy_max;
    const size_t groups = children + wants;
    xfrm->buckets = buckets_for(children > wants ? 2 * children : wants);
    xfrm->by_child = calloc(xfrm->buckets, sizeof *xfrm->by_child);
    xfrm->by_spi = calloc(xfrm->buckets, sizeof *xfrm->by_spi);
    xfrm->by_pair = calloc(xfrm->buckets, sizeof *xfrm->by_pair);
    xfrm->all_children = calloc(children, sizeof *xfrm->all_children);
    xfrm->all_wants = calloc(wants, sizeof *xfrm->all_wants);
    xfrm->all_groups = calloc(groups, sizeof *xfrm->all_groups);
    if (xfrm->by_child == NULL || xfrm->by_spi == NULL || xfrm->by_pair == NULL ||
        xfrm->all_children == NULL || xfrm->all_wants == NULL || xfrm->all_groups == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    chain(xfrm, children, wants, groups);
    return IPSEC_OK;
}

/* ---- Opening and closing --------------------------------------------------------------------- */

/* As the library does with its open structs. */
static enum ipsec_status struct_in(void *to, size_t known, const void *from)
{
    uint32_t size;
    memcpy(&size, from, sizeof size);
    memset(to, 0, known);
    if (size < sizeof size) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    memcpy(to, from, size < known ? size : known);
    for (size_t i = known; i < size; i++) {
        if (((const uint8_t *)from)[i] != 0) {
            return IPSEC_ERR_STRUCT_SIZE;
        }
    }
    return IPSEC_OK;
}

static enum ipsec_status complete(struct ipsec_xfrm_config *c,
                                  const struct ipsec_xfrm_config *given)
{
    const struct ipsec_xfrm_config none = IPSEC_XFRM_CONFIG_INIT;
    const enum ipsec_status status = struct_in(c, sizeof *c, given != NULL ? given : &none);
    if (status < IPSEC_OK) {
        return status;
    }
    c->child_max = c->child_max != 0 ? c->child_max : CHILD_MAX;
    c->policy_max = c->policy_max != 0 ? c->policy_max : POLICY_MAX;
    c->priority = c->priority != 0 ? c->priority : PRIORITY;
    c->reqid = c->reqid != 0 ? c->reqid : REQID;
    return c->child_max > RECORDS_MAX || c->policy_max > RECORDS_MAX ? IPSEC_ERR_ARGUMENT
                                                                     : IPSEC_OK;
}

static enum ipsec_status take_link(struct ipsec_xfrm *xfrm, char *why)
{
    if (xfrm->config.link == NULL) {
        return ipseci_xfrm_link_open(xfrm, why);
    }
    const enum ipsec_status status = struct_in(&xfrm->link, sizeof xfrm->link, xfrm->config.link);
    if (status < IPSEC_OK) {
        return status;
    }
    return xfrm->link.request != NULL && xfrm->link.event != NULL ? IPSEC_OK : IPSEC_ERR_ARGUMENT;
}

/* An SA between addresses that nobody has, with the least a kernel with ESP can do. */
static enum ipsec_status probe(struct ipsec_xfrm *xfrm)
{
    static const uint8_t zeros[32];
    struct xfrm_message m;
    const struct ipsec_child_config config = IPSEC_CHILD_CONFIG_INIT;
    struct ipsec_child_sa sa;
    memset(&sa, 0, sizeof sa);
    sa.config = &config;
    sa.spi_out = 0xc0000000u | (uint32_t)((uintptr_t)xfrm >> 4);
    sa.suite.protocol = IPSEC_PROTOCOL_ESP;
    sa.suite.encr = IPSEC_ENCR_NULL;
    sa.suite.integ = IPSEC_INTEG_HMAC_SHA2_256_128;
    sa.integ_key_out = (struct ipsec_view){zeros, sizeof zeros};
    sa.local.addr = (struct ipsec_addr){IPSEC_FAMILY_IPV4, {192, 0, 2, 254}};
    sa.remote.addr = (struct ipsec_addr){IPSEC_FAMILY_IPV4, {192, 0, 2, 255}};
    const struct xfrm_sa wanted = {.child = &sa, .outbound = true, .reqid = xfrm->config.reqid};
    ipseci_xfrm_put_new_sa(xfrm, &wanted, &m);
    const enum ipsec_status status =
        ipseci_xfrm_do(xfrm, &m, "trying whether the kernel has ESP, with NULL and HMAC-SHA2-256");
    if (status == IPSEC_OK) {
        ipseci_xfrm_delete_sa(xfrm, sa.spi_out, &sa.remote.addr);
    }
    return status == IPSEC_ERR_STATE ? IPSEC_OK : status;
}

static enum ipsec_status open_all(struct ipsec_xfrm *xfrm, char *why)
{
    xfrm->next_reqid = xfrm->config.reqid;
    xfrm->next_priority = xfrm->config.priority + 1;
    xfrm->sink.size = (uint32_t)sizeof xfrm->sink;
    xfrm->sink.context = xfrm;
    ipseci_xfrm_child_functions(&xfrm->sink);
    enum ipsec_status status = allocate(xfrm);
    if (status == IPSEC_OK) {
        status = take_link(xfrm, why);
    }
    if (status < IPSEC_OK) {
        return status;
    }
    status = probe(xfrm);
    if (status < IPSEC_OK && why != NULL) {
        memcpy(why, xfrm->why, sizeof xfrm->why);
    }
    return status;
}

enum ipsec_status ipsec_xfrm_open(const struct ipsec_xfrm_config *config, struct ipsec_xfrm **xfrm,
                                  char *why)
{
    struct ipsec_xfrm_config c;
    if (why != NULL) {
        why[0] = '\0';
    }
    if (xfrm == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    enum ipsec_status status = complete(&c, config);
    if (status < IPSEC_OK) {
        return status;
    }
    struct ipsec_xfrm *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return IPSEC_ERR_MEMORY;
    }
    made->config = c;
    status = open_all(made, why);
    if (status < IPSEC_OK) {
        ipsec_xfrm_close(made);
        return status;
    }
    *xfrm = made;
    return IPSEC_OK;
}

static void remove_all(struct ipsec_xfrm *xfrm)
{
    for (uint32_t i = 0; xfrm->all_children != NULL && i < xfrm->config.child_max; i++) {
        if (xfrm->all_children[i].child != 0) {
            xfrm->sink.child_remove(xfrm, xfrm->all_children[i].child);
        }
    }
    while (xfrm->groups != NULL) {
        ipseci_xfrm_group_drop(xfrm, xfrm->groups);
    }
}

void ipsec_xfrm_close(struct ipsec_xfrm *xfrm)
{
    if (xfrm == NULL) {
        return;
    }
    remove_all(xfrm);
    ipseci_xfrm_link_close(xfrm);
    free(xfrm->by_child);
    free(xfrm->by_spi);
    free(xfrm->by_pair);
    free(xfrm->all_children);
    free(xfrm->all_wants);
    free(xfrm->all_groups);
    free(xfrm);
}

/* ---- Peers ----------------------------------------------------------------------------------- */

/* RFC 4301 5.1: before any SA is. */
static enum ipsec_status add_trap(struct ipsec_xfrm *xfrm, const struct ipsec_peer *peer,
                                  const struct ipsec_child_config *config)
{
    static const struct ipsec_selectors none;
    const bool dynamic = config->local_dynamic || config->remote_dynamic;
    const struct ipsec_selectors *local = dynamic ? &none : &config->local_ts;
    const struct ipsec_selectors *remote = dynamic ? &none : &config->remote_ts;
    const char *why = "";
    struct xfrm_group *group = NULL;
    enum ipsec_status status = ipseci_xfrm_rules_check(config, &why);
    if (status < IPSEC_OK) {
        return ipseci_xfrm_refuse(xfrm, status, "child \"%s\": %s",
                                  config->name != NULL ? config->name : "", why);
    }
    if (!dynamic && (local->count == 0 || remote->count == 0)) {
        return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_ARGUMENT, "a child without selectors");
    }
    status = ipseci_xfrm_group_make(xfrm, peer, config, local, remote, xfrm->next_priority, &group);
    if (status < IPSEC_OK) {
        return status;
    }
    xfrm->next_priority += 2;
    group->trap = true;
    return ipseci_xfrm_group_refresh(xfrm, group);
}

static void drop_traps(struct ipsec_xfrm *xfrm, const struct ipsec_peer *peer)
{
    struct xfrm_group *group = xfrm->groups;
    while (group != NULL) {
        struct xfrm_group *next = group->next;
        if (group->peer == peer) {
            ipseci_xfrm_group_drop(xfrm, group);
        }
        group = next;
    }
}

enum ipsec_status ipsec_xfrm_add_peer(struct ipsec_xfrm *xfrm, const struct ipsec_peer *peer)
{
    if (xfrm == NULL || peer == NULL || (peer->child_count != 0 && peer->children == NULL)) {
        return IPSEC_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < peer->child_count; i++) {
        if (ipseci_xfrm_trap_of(xfrm, peer, &peer->children[i]) != NULL) {
            return ipseci_xfrm_refuse(xfrm, IPSEC_ERR_STATE, "the peer was added before");
        }
    }
    for (size_t i = 0; i < peer->child_count; i++) {
        const enum ipsec_status status = add_trap(xfrm, peer, &peer->children[i]);
        if (status < IPSEC_OK) {
            drop_traps(xfrm, peer);
            return status;
        }
    }
    return IPSEC_OK;
}

enum ipsec_status ipsec_xfrm_remove_peer(struct ipsec_xfrm *xfrm, const struct ipsec_peer *peer)
{
    bool found = false;
    if (xfrm == NULL || peer == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    for (const struct xfrm_group *group = xfrm->groups; group != NULL; group = group->next) {
        if (group->peer == peer && group->children != NULL) {
            return IPSEC_ERR_STATE;
        }
        found = found || group->peer == peer;
    }
    drop_traps(xfrm, peer);
    return found ? IPSEC_OK : IPSEC_ERR_NOT_FOUND;
}

/* ---- Looking at it --------------------------------------------------------------------------- */

void ipsec_xfrm_attach(struct ipsec_xfrm *xfrm, struct ipsec_ike *ike)
{
    xfrm->ike = ike;
}

const struct ipsec_sa_sink *ipsec_xfrm_sink(const struct ipsec_xfrm *xfrm)
{
    return &xfrm->sink;
}

const char *ipsec_xfrm_why(const struct ipsec_xfrm *xfrm)
{
    return xfrm->why;
}

int ipsec_xfrm_fd(const struct ipsec_xfrm *xfrm)
{
    return xfrm->link.fd;
}

void ipsec_xfrm_counters(const struct ipsec_xfrm *xfrm, struct ipsec_xfrm_counters *out)
{
    *out = xfrm->counters;
}

enum ipsec_status ipsec_xfrm_check_child(const struct ipsec_child_config *child, char *why)
{
    struct xfrm_pairs pairs;
    const char *text = "";
    if (child == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    enum ipsec_status status = ipseci_xfrm_rules_check(child, &text);
    if (status == IPSEC_OK && child->local_ts.count != 0 && child->remote_ts.count != 0) {
        status = ipseci_xfrm_pairs(&child->local_ts, &child->remote_ts, &pairs, &text);
    }
    if (why != NULL) {
        (void)snprintf(why, IPSEC_XFRM_TEXT_MAX, "%s", text);
    }
    return status;
}
