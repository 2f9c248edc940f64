/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's policies of one pair of selectors, in its three directions. Called when a group
 * comes, goes or sends with another SA. RFC 4301 4.4.1, 5.1 (nothing leaves in clear), 5.2 (nothing
 * is taken in clear).
 */
#include <string.h>

#include "xfrm_state.h"

static const int directions[] = {XFRM_POLICY_IN, XFRM_POLICY_FWD, XFRM_POLICY_OUT};

static const char *const installing[] = {
    [XFRM_POLICY_IN] = "installing a policy for packets that come in",
    [XFRM_POLICY_OUT] = "installing a policy for packets that go out",
    [XFRM_POLICY_FWD] = "installing a policy for packets that are forwarded",
};

/* Only what has come through an SA of the group. Where it came from is the SA's affair, so that
 * nothing changes here when a peer moves. */
static void terms_inward(const struct xfrm_group *group, struct xfrm_policy_terms *terms)
{
    terms->reqid = group->reqid;
    terms->remote.family = group->peer->remote.addr.family;
    if (group->children != NULL) {
        terms->remote.family = group->children->remote.addr.family;
    }
}

/* To the SA that sends. Without one, to one that is not there yet, for which the kernel then asks;
 * where nobody could be called, nowhere. */
static void terms_outward(const struct xfrm_group *group, struct xfrm_policy_terms *terms)
{
    const struct xfrm_child *sender = ipseci_xfrm_sender(group);
    if (sender != NULL) {
        terms->spi = sender->out.spi;
        terms->reqid = group->reqid + 1;
        terms->local = sender->local.addr;
        terms->remote = sender->remote.addr;
        return;
    }
    terms->reqid = group->reqid;
    terms->local = group->peer->local.addr;
    terms->remote = group->peer->remote.addr;
    terms->block = !group->trap || terms->remote.family == IPSEC_FAMILY_NONE;
    if (terms->local.family != terms->remote.family) {
        memset(&terms->local, 0, sizeof terms->local);
    }
}

static enum ipsec_status set_one(struct ipsec_xfrm *xfrm, const struct xfrm_want *want, int dir,
                                 bool fresh)
{
    struct xfrm_message m;
    const struct xfrm_group *group = want->group;
    struct xfrm_policy_terms terms = {
        .pair = &want->pair, .dir = dir, .priority = group->priority, .mode = group->config->mode};
    if (dir == XFRM_POLICY_OUT) {
        terms_outward(group, &terms);
    } else {
        terms_inward(group, &terms);
    }
    ipseci_xfrm_put_policy(xfrm, fresh ? XFRM_MSG_NEWPOLICY : XFRM_MSG_UPDPOLICY, &terms, &m);
    return ipseci_xfrm_do(xfrm, &m, installing[dir]);
}

static void remove_one(struct ipsec_xfrm *xfrm, const struct xfrm_pair *pair, int dir)
{
    struct xfrm_message m;
    ipseci_xfrm_put_policy_id(xfrm, pair, dir, &m);
    ipseci_xfrm_do_quietly(xfrm, &m);
}

enum ipsec_status ipseci_xfrm_policy_set(struct ipsec_xfrm *xfrm, const struct xfrm_want *want,
                                         bool fresh)
{
    for (size_t i = 0; i < XFRM_COUNT(directions); i++) {
        const enum ipsec_status status = set_one(xfrm, want, directions[i], fresh);
        if (status < IPSEC_OK) {
            while (fresh && i-- > 0) {
                remove_one(xfrm, &want->pair, directions[i]);
            }
            return status;
        }
    }
    return IPSEC_OK;
}

void ipseci_xfrm_policy_remove(struct ipsec_xfrm *xfrm, const struct xfrm_pair *pair)
{
    /* The way out last: until then nothing passes that is no longer expected back. */
    for (size_t i = 0; i < XFRM_COUNT(directions); i++) {
        remove_one(xfrm, pair, directions[i]);
    }
}
