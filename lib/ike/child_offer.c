/* SPDX-License-Identifier: Apache-2.0
 *
 * Child SAs offered, chosen and answered: see child_offer.h.
 */
#include "child_offer.h"

#include "address_config.h"
#include "child_mode.h"
#include "engine.h"
#include "explain.h"
#include "mobility.h"
#include "narrow.h"
#include "reauth.h"
#include "sa_payload.h"
#include "ts_payload.h"

#include <string.h>

enum ipsec_phase ipseci_child_phase(const struct ipseci_context *ctx)
{
    return ctx->hs->task == IPSECI_TASK_CHILD_REKEY ? IPSEC_PHASE_CHILD_REKEY
                                                    : IPSEC_PHASE_CHILD_CREATE;
}

void ipseci_child_proposals(const struct ipsec_ike *ike, const struct ipsec_child_config *config,
                            bool without_ke, struct ipsec_proposals *out)
{
    struct ipsec_proposals list;

    ipseci_proposals_usable(config->proposals, IPSEC_PROTOCOL_ESP, &ike->config.crypto, &list);
    if (without_ke) {
        ipseci_proposals_without_ke(&list, out);
    } else {
        *out = list;
    }
}

/* ---- building ----------------------------------------------------------------------------------
 */

void ipseci_child_add_sa(const struct ipseci_context *ctx, struct ipseci_step *step,
                         const struct ipsec_proposals *offered)
{
    uint8_t spi[4];

    ipseci_store32(spi, ctx->hs->child_spi);
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_SA);
    ipseci_sa_build(&step->w, offered, ipseci_view(spi, sizeof(spi)));
    ipseci_payload_end(&step->chain);
}

void ipseci_child_add_ts(struct ipseci_step *step, const struct ipsec_selectors *initiator,
                         const struct ipsec_selectors *responder)
{
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_TSI);
    ipseci_ts_build(&step->w, initiator->item, initiator->count);
    ipseci_payload_end(&step->chain);
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_TSR);
    ipseci_ts_build(&step->w, responder->item, responder->count);
    ipseci_payload_end(&step->chain);
}

/* RFC 7296 2.9: the packet's own first, "as the first Traffic Selector in each". A peer of ours
 * reads so many and no more: a full list has no place for one that it covers. */
static void add_offer(struct ipseci_step *step, uint8_t payload,
                      const struct ipsec_selectors *packet, const struct ipsec_selectors *ours)
{
    struct ipsec_selectors list = *ours;

    if (packet->count == 1 && ours->count < IPSEC_SELECTORS_MAX) {
        memmove(&list.item[1], &list.item[0], ours->count * sizeof(list.item[0]));
        list.item[0] = packet->item[0];
        list.count++;
    }
    ipseci_payload_begin(&step->chain, payload);
    ipseci_ts_build(&step->w, list.item, list.count);
    ipseci_payload_end(&step->chain);
}

void ipseci_child_offer_ts(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipsec_child_config *config = ctx->hs->config;
    const struct ipseci_child *child = ipseci_child_get(ctx->ike, ctx->hs->child);
    static const struct ipsec_selectors none;
    const bool wanted = child != NULL && child->state == IPSECI_CHILD_NEW;
    struct ipseci_child_sides sides;

    /* Without the address that it needs there is nothing to offer: the step does not go out. */
    step->w.failed = step->w.failed || !ipseci_child_sides(ctx, step, config, &sides);
    add_offer(step, IPSECI_PAYLOAD_TSI, wanted ? &child->local_ts : &none, &sides.local);
    add_offer(step, IPSECI_PAYLOAD_TSR, wanted ? &child->remote_ts : &none, &sides.remote);
    ipseci_mode_add(step, config);
}

void ipseci_child_add_answer(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipseci_child_terms *terms)
{
    uint8_t spi[4];

    ipseci_store32(spi, ctx->hs->child_spi);
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_SA);
    ipseci_choice_build(&step->w, &terms->choice, ipseci_view(spi, sizeof(spi)));
    ipseci_payload_end(&step->chain);
    ipseci_mode_add(step, terms->config);
}

/* ---- failures ----------------------------------------------------------------------------------
 */

static void fail_proposals(const struct ipseci_context *ctx, struct ipseci_step *step,
                           const struct ipsec_child_config *config, uint32_t flags)
{
    struct ipsec_proposals ours;
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_NO_PROPOSAL);

    f->child = config;
    f->notify = IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN;
    ipseci_child_proposals(ctx->ike, config, false, &ours);
    const struct ipseci_lists lists = {IPSEC_PROTOCOL_ESP, flags, &ours, config->proposals};
    ipseci_step_explain_ours(step, ctx, &lists);
    if (ours.count == 0 && config->proposals != NULL) {
        /* Nothing that is configured is built in: that, not the difference, is to be told. */
        f->cause = IPSEC_CAUSE_NOT_BUILT_IN;
        step->ours = *config->proposals;
        ipseci_explain_not_built_in(f, &step->ours, &ctx->ike->config.crypto, &ours);
        f->built_in = NULL; /* the step has no room for that list */
    }
}

static void fail_selectors(const struct ipseci_context *ctx, struct ipseci_step *step,
                           const struct ipsec_child_config *config)
{
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_SELECTORS);

    f->child = config;
    f->notify = IPSECI_NOTIFY_TS_UNACCEPTABLE;
    step->ts[0] = config->local_ts;
    step->ts[1] = config->remote_ts;
    f->our_local_ts = &step->ts[0];
    f->our_remote_ts = &step->ts[1];
    f->their_local_ts = &step->ts[2];
    f->their_remote_ts = &step->ts[3];
}

void ipseci_child_not_installed(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipsec_failure *f =
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_RESOURCE);

    f->status = ctx->hs->facts.install_status;
    f->notify = IPSECI_NOTIFY_NO_ADDITIONAL_SAS;
}

void ipseci_child_refused(const struct ipseci_context *ctx, struct ipseci_step *step,
                          const struct ipseci_notify *notify, uint32_t flags)
{
    const struct ipsec_child_config *config = ctx->hs->config;
    enum ipsec_cause cause = IPSEC_CAUSE_PEER_REFUSED;
    struct ipsec_proposals ours;

    if (notify->type == IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN) {
        cause = IPSEC_CAUSE_NO_PROPOSAL;
    } else if (notify->type == IPSECI_NOTIFY_INVALID_KE_PAYLOAD) {
        cause = IPSEC_CAUSE_KE_GROUP;
    } else if (notify->type == IPSECI_NOTIFY_TS_UNACCEPTABLE) {
        cause = IPSEC_CAUSE_SELECTORS;
    }
    struct ipsec_failure *f = ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), cause);
    f->refused_by = IPSEC_REFUSED_PEER;
    f->authenticated = true;
    f->notify = notify->type;
    if (cause == IPSEC_CAUSE_SELECTORS) {
        step->ts[0] = config->local_ts;
        step->ts[1] = config->remote_ts;
        f->our_local_ts = &step->ts[0];
        f->our_remote_ts = &step->ts[1];
    } else if (cause != IPSEC_CAUSE_PEER_REFUSED) {
        ipseci_child_proposals(ctx->ike, config, ctx->hs->without_pfs, &ours);
        /* Groups left out on demand are not "not built in". */
        const struct ipseci_lists lists = {IPSEC_PROTOCOL_ESP, flags, &ours,
                                           ctx->hs->without_pfs ? NULL : config->proposals};
        ipseci_step_explain_theirs(step, ctx, &lists, notify);
    }
}

/* ---- responder ---------------------------------------------------------------------------------
 */

static bool narrow_to(const struct ipseci_context *ctx, const struct ipseci_child_sides *ours,
                      const struct ipsec_selectors *asked_local,
                      const struct ipsec_selectors *asked_remote, struct ipseci_child_terms *terms)
{
    struct ipsec_selectors local = *asked_local;
    struct ipsec_selectors remote = *asked_remote;

    ipseci_mode_addresses(ctx, terms->config, &local, &remote);
    if (ipseci_ts_narrow(&ours->local, &local, &terms->local_ts) < IPSEC_OK ||
        ipseci_ts_narrow(&ours->remote, &remote, &terms->remote_ts) < IPSEC_OK ||
        ipseci_ts_pair_families(&terms->local_ts, &terms->remote_ts) < IPSEC_OK || /* TS-11 */
        !ipseci_mode_fits(ctx, terms)) {
        return false;
    }
    terms->narrowed = !ipseci_ts_equal(&ours->local, &terms->local_ts) ||
                      !ipseci_ts_equal(&ours->remote, &terms->remote_ts);
    return true;
}

/* None of the peer's children fits. */
static uint16_t no_selectors(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipsec_child_config *first, bool no_address)
{
    if (no_address) {
        /* RFC 7296 2.19: it has to ask for an address first (AUTH-32) */
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_POLICY)->notify =
            IPSECI_NOTIFY_FAILED_CP_REQUIRED;
        step->failure.child = first;
        return IPSECI_NOTIFY_FAILED_CP_REQUIRED;
    }
    if (first != NULL) {
        fail_selectors(ctx, step, first);
    } else {
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_POLICY);
    }
    return IPSECI_NOTIFY_TS_UNACCEPTABLE;
}

uint16_t ipseci_child_choose(const struct ipseci_context *ctx, struct ipseci_step *step,
                             const struct ipseci_child_request_terms *asked,
                             struct ipseci_child_terms *terms)
{
    const struct ipsec_child_config *only = asked->only;
    const uint32_t flags = asked->flags;
    const struct ipseci_payloads *p = &ctx->in->payloads;
    const struct ipsec_peer *peer =
        ctx->hs->facts.peer != NULL ? ctx->hs->facts.peer : ctx->sa->peer;
    const size_t count = only != NULL ? 1 : peer->child_count;
    const struct ipsec_child_config *fits = NULL;
    const struct ipsec_child_config *other_mode = NULL;
    struct ipsec_selectors *local = &step->ts[2];
    struct ipsec_selectors *remote = &step->ts[3];
    struct ipseci_child_sides sides;
    struct ipsec_proposals ours;
    bool no_address = false;
    bool cut = false;

    const struct ipseci_wish wish = {IPSEC_PROTOCOL_ESP, asked->ke_offered,
                                     flags | IPSECI_CHOICE_SPI | ipseci_choice_quirks(peer)};

    /* RFC 7296 2.9: TSi is the requester's side, so our remote one. */
    const bool readable =
        ipseci_ts_read(ipseci_payload_find(p, IPSECI_PAYLOAD_TSI)->body, remote, &cut) ==
            IPSEC_OK &&
        ipseci_ts_read(ipseci_payload_find(p, IPSECI_PAYLOAD_TSR)->body, local, &cut) == IPSEC_OK;

    for (size_t i = 0; i < count && readable; i++) {
        const struct ipsec_child_config *config = only != NULL ? only : &peer->children[i];
        if (!ipseci_child_sides(ctx, step, config, &sides)) {
            no_address = true;
            continue;
        }
        terms->config = config;
        if (!narrow_to(ctx, &sides, local, remote, terms)) {
            continue;
        }
        if (!ipseci_mode_agreed(ctx, config)) {
            other_mode = config;
            continue;
        }
        fits = fits == NULL ? config : fits;
        ipseci_child_proposals(ctx->ike, config, (flags & IPSECI_CHOICE_NO_KE) != 0, &ours);
        if (ipseci_choose(&ours, ipseci_payload_find(p, IPSECI_PAYLOAD_SA)->body, &wish,
                          &terms->choice) == IPSEC_OK) {
            return 0;
        }
    }
    if (fits != NULL) {
        fail_proposals(ctx, step, fits, flags);
        return IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN;
    }
    if (other_mode != NULL) {
        ipseci_mode_fail(ctx, step, other_mode);
        return IPSECI_NOTIFY_TS_UNACCEPTABLE;
    }
    const struct ipsec_child_config *first = count > 0 ? peer->children : NULL;
    return no_selectors(ctx, step, only != NULL ? only : first, no_address);
}

void ipseci_lower_nonce(const struct ipseci_key_seed *seed, uint8_t out[IPSECI_LOW_NONCE_BYTES])
{
    /* RFC 7296 2.8.1, 2.10: octet by octet; both have at least 16 */
    const int order = memcmp(seed->nonce_i.data, seed->nonce_r.data, IPSECI_LOW_NONCE_BYTES);

    memcpy(out, order <= 0 ? seed->nonce_i.data : seed->nonce_r.data, IPSECI_LOW_NONCE_BYTES);
}

enum ipsec_status ipseci_child_settle(const struct ipseci_context *ctx, struct ipseci_step *step,
                                      const struct ipseci_child_terms *terms,
                                      const struct ipseci_key_seed *seed)
{
    const struct ipseci_ike_sa *sa = ctx->sa;
    const struct ipseci_prf_info *prf = ipseci_prf_find(sa->suite.prf);
    struct ipseci_new_child *child = &step->new_child;

    if (prf == NULL) {
        return IPSEC_FATAL_INVARIANT;
    }
    child->config = terms->config;
    child->exchange_initiator = !ctx->hs->from_peer;
    child->outbound_ready = true;
    child->no_tfc =
        ipseci_notify_find(&ctx->in->payloads, IPSECI_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED, NULL);
    child->spi_in = ctx->hs->child_spi;
    child->spi_out = (uint32_t)terms->choice.spi;
    child->suite = terms->choice.suite;
    step->quirks |= terms->choice.quirks;
    child->local_ts = terms->local_ts;
    child->remote_ts = terms->remote_ts;
    child->narrowed = terms->narrowed;
    ipseci_lower_nonce(seed, child->low_nonce);
    step->actions |= IPSECI_ACT_NEW_CHILD;
    if (terms->narrowed) {
        step->warnings |= 1u << IPSEC_WARNING_NARROWED;
    }
    if (terms->choice.suite.encr == IPSEC_ENCR_NULL ||
        terms->choice.suite.encr == IPSEC_ENCR_NULL_AES_GMAC) {
        step->warnings |= 1u << IPSEC_WARNING_NULL_CIPHER;
    }
    const struct ipseci_parent_key parent = {sa->suite.prf, ipseci_view(sa->sk_d, prf->key_octets)};
    return ipseci_child_keys_derive(&ctx->ike->config.crypto, &parent, seed, &terms->choice.suite,
                                    &child->keys);
}

/* ---- initiator ---------------------------------------------------------------------------------
 */

/* RFC 7296 2.9: the answer must lie inside the offer (TS-07). Where we offered everything before we
 * knew our address, our side is what it says of that address. */
static bool read_selectors(const struct ipseci_context *ctx, struct ipsec_view tsi,
                           struct ipsec_view tsr, const struct ipseci_child_sides *ours,
                           struct ipseci_child_terms *terms)
{
    struct ipsec_selectors answered;
    bool cut = false;

    if (ipseci_ts_read(tsi, &terms->local_ts, &cut) < IPSEC_OK ||
        ipseci_ts_read(tsr, &terms->remote_ts, &cut) < IPSEC_OK) {
        return false;
    }
    ipseci_mode_addresses(ctx, terms->config, &terms->local_ts, &terms->remote_ts);
    if (!ipseci_mode_fits(ctx, terms) || !ipseci_ts_subset(&terms->remote_ts, &ours->remote)) {
        return false;
    }
    if (!terms->config->local_dynamic) {
        return ipseci_ts_subset(&terms->local_ts, &ours->local);
    }
    answered = terms->local_ts;
    return ipseci_ts_narrow(&ours->local, &answered, &terms->local_ts) == IPSEC_OK &&
           ipseci_ts_pair_families(&terms->local_ts, &terms->remote_ts) == IPSEC_OK;
}

bool ipseci_child_read_answer(const struct ipseci_context *ctx, struct ipseci_step *step,
                              const struct ipsec_proposals *offered, uint32_t flags,
                              struct ipseci_child_terms *terms)
{
    const struct ipseci_payloads *p = &ctx->in->payloads;
    const struct ipsec_child_config *config = ctx->hs->config;
    const struct ipseci_payload *sa = ipseci_payload_find(p, IPSECI_PAYLOAD_SA);
    const struct ipseci_payload *tsi = ipseci_payload_find(p, IPSECI_PAYLOAD_TSI);
    const struct ipseci_payload *tsr = ipseci_payload_find(p, IPSECI_PAYLOAD_TSR);
    struct ipseci_child_sides sides;

    memset(terms, 0, sizeof(*terms));
    terms->config = config;
    if (sa == NULL || tsi == NULL || tsr == NULL ||
        ipseci_choice_verify(offered, sa->body, IPSEC_PROTOCOL_ESP,
                             flags | IPSECI_CHOICE_SPI | ipseci_choice_quirks(ctx->sa->peer),
                             &terms->choice) < IPSEC_OK) {
        ipseci_step_fail(step, ctx, ipseci_child_phase(ctx), IPSEC_CAUSE_PROTOCOL);
        return false;
    }
    if (!ipseci_mode_agreed(ctx, config)) {
        /* RFC 7296 1.3.1: a tunnel instead, which is then to be deleted */
        ipseci_mode_fail(ctx, step, config);
        step->failure.refused_by = IPSEC_REFUSED_PEER;
        return false;
    }
    if (!ipseci_child_sides(ctx, step, config, &sides) ||
        !read_selectors(ctx, tsi->body, tsr->body, &sides, terms)) {
        step->ts[2] = terms->local_ts;
        step->ts[3] = terms->remote_ts;
        fail_selectors(ctx, step, config);
        return false;
    }
    terms->narrowed = !ipseci_ts_equal(&sides.local, &terms->local_ts) ||
                      !ipseci_ts_equal(&sides.remote, &terms->remote_ts);
    return true;
}

/* ---- IKE_AUTH ----------------------------------------------------------------------------------
 */

static void offer_child(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipsec_proposals offered;

    ipseci_config_ask(ctx, step);
    if (ctx->hs->config == NULL) {
        return; /* RFC 6023 3 */
    }
    /* RFC 7296 1.2: no KE payload here, so no groups are offered (AUTH-22). */
    ipseci_child_proposals(ctx->ike, ctx->hs->config, true, &offered);
    ipseci_child_add_sa(ctx, step, &offered);
    ipseci_child_offer_ts(ctx, step);
}

void ipseci_child_offer_auth(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    offer_child(ctx, step);
    ipseci_mobility_offer(ctx, step, ctx->sa->peer);
}

static struct ipseci_key_seed auth_seed(const struct ipseci_context *ctx)
{
    const struct ipseci_handshake *hs = ctx->hs;
    const struct ipsec_view own = ipseci_view(hs->nonce, sizeof(hs->nonce));
    const struct ipsec_view peer = ipseci_view(hs->peer_nonce, hs->peer_nonce_length);
    const struct ipseci_key_seed seed = {
        .nonce_i = ctx->sa->initiator ? own : peer,
        .nonce_r = ctx->sa->initiator ? peer : own,
    };

    return seed;
}

static enum ipsec_status answer_child(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipseci_child_terms terms;
    const struct ipseci_key_seed seed = auth_seed(ctx);

    if (ipseci_config_lacks_lease(ctx, step)) {
        return IPSEC_OK;
    }
    const uint16_t no_address = ipseci_config_answer(ctx, step);
    if (ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_SA) == NULL) {
        return IPSEC_OK; /* RFC 6023 3: none is asked for */
    }
    if (no_address != 0) {
        ipseci_step_notify(step, no_address, ipseci_view(NULL, 0));
        return IPSEC_OK;
    }
    if (ctx->hs->facts.peer != NULL && ctx->hs->facts.peer->childless == IPSEC_CHILDLESS_ALWAYS) {
        ipseci_step_fail(step, ctx, IPSEC_PHASE_CHILD_CREATE, IPSEC_CAUSE_POLICY)->notify =
            IPSECI_NOTIFY_NO_ADDITIONAL_SAS;
        ipseci_step_notify(step, IPSECI_NOTIFY_NO_ADDITIONAL_SAS, ipseci_view(NULL, 0));
        return IPSEC_OK;
    }
    if (ctx->hs->facts.install_status < IPSEC_OK) {
        ipseci_child_not_installed(ctx, step);
        ipseci_step_notify(step, IPSECI_NOTIFY_NO_ADDITIONAL_SAS, ipseci_view(NULL, 0));
        return IPSEC_OK;
    }
    const struct ipseci_child_request_terms asked = {.flags = IPSECI_CHOICE_NO_KE};
    const uint16_t error = ipseci_child_choose(ctx, step, &asked, &terms);
    if (error != 0) {
        step->failure.authenticated = true;
        ipseci_step_notify(step, error, ipseci_view(NULL, 0));
        if (error == IPSECI_NOTIFY_NO_PROPOSAL_CHOSEN) {
            ipseci_step_hint(step, ctx, &step->ours);
        }
        return IPSEC_OK;
    }
    ipseci_child_add_answer(ctx, step, &terms);
    ipseci_child_add_ts(step, &terms.remote_ts, &terms.local_ts);
    return ipseci_child_settle(ctx, step, &terms, &seed);
}

enum ipsec_status ipseci_child_answer_auth(const struct ipseci_context *ctx,
                                           struct ipseci_step *step)
{
    IPSECI_TRY(answer_child(ctx, step));
    ipseci_reauth_announce(ctx, step);
    /* RFC 4555 3.2: beside the SA payload, also when EAP came between */
    const struct ipsec_peer *peer = ctx->hs->facts.peer;
    ipseci_mobility_offer(ctx, step, peer != NULL ? peer : ctx->sa->peer);
    return IPSEC_OK;
}

enum ipsec_status ipseci_child_take_auth(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_key_seed seed = auth_seed(ctx);
    struct ipsec_proposals offered;
    struct ipseci_child_terms terms;
    struct ipseci_notify notify;

    ipseci_mobility_take(ctx, step);
    ipseci_reauth_take(ctx, step);
    ipseci_config_take(ctx, step);
    if (ctx->hs->config == NULL) {
        return IPSEC_OK;
    }
    step->new_child.slot = ctx->hs->child;
    if (ctx->hs->facts.install_status < IPSEC_OK) {
        /* The peer has it, we can not: it is told to drop it. */
        ipseci_child_not_installed(ctx, step);
        step->actions |= IPSECI_ACT_DELETE_CHILD;
        step->delete_spi = ctx->hs->child_spi;
        return IPSEC_OK;
    }
    if (ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_SA) == NULL &&
        ipseci_error_notify(&ctx->in->payloads, &notify) != 0) {
        ipseci_child_refused(ctx, step, &notify, IPSECI_CHOICE_NO_KE);
        return IPSEC_OK;
    }
    ipseci_child_proposals(ctx->ike, ctx->hs->config, true, &offered);
    if (!ipseci_child_read_answer(ctx, step, &offered, IPSECI_CHOICE_NO_KE, &terms)) {
        step->actions |= IPSECI_ACT_DELETE_CHILD;
        step->delete_spi = ctx->hs->child_spi;
        return IPSEC_OK;
    }
    return ipseci_child_settle(ctx, step, &terms, &seed);
}
