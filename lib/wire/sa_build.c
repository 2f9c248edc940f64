/* SPDX-License-Identifier: Apache-2.0
 *
 * The Security Association payload: offers, answers and copies for reports. RFC 7296 3.3. Reading
 * stands in sa_payload.c.
 */
#include "sa_payload.h"

#define PROPOSAL_MORE        2
#define TRANSFORM_MORE       3
#define KEY_LENGTH_ATTRIBUTE 0x800e /* RFC 7296 3.3.5: type 14 in its two-octet form */

/* Writes octets that begin a substructure and gives the offset of its length. */
static size_t substructure_begin(struct ipseci_writer *w, uint8_t last)
{
    ipseci_write8(w, last);
    ipseci_write8(w, 0);
    ipseci_write16(w, 0);
    return w->used - 2;
}

static void substructure_end(struct ipseci_writer *w, size_t length_at)
{
    if (w->failed || w->used + 2 - length_at > UINT16_MAX) {
        w->failed = true;
        return;
    }
    ipseci_write_patch16(w, length_at, (uint16_t)(w->used + 2 - length_at));
}

static void transform_build(struct ipseci_writer *w, const struct ipsec_transform *transform,
                            bool last)
{
    size_t length_at = substructure_begin(w, last ? 0 : TRANSFORM_MORE);
    ipseci_write8(w, transform->type);
    ipseci_write8(w, 0);
    ipseci_write16(w, transform->id);
    /* RFC 7296 3.3.5: never sent for ciphers of one key length; the caller's key_bits is 0 then. */
    if (transform->key_bits != 0) {
        ipseci_write16(w, KEY_LENGTH_ATTRIBUTE);
        ipseci_write16(w, transform->key_bits);
    }
    substructure_end(w, length_at);
}

static void proposal_build(struct ipseci_writer *w, const struct ipsec_proposal *proposal,
                           uint8_t number, struct ipsec_view spi, bool last)
{
    if (spi.length > UINT8_MAX || proposal->transform_count > IPSEC_PROPOSAL_TRANSFORMS_MAX) {
        w->failed = true;
        return;
    }
    size_t length_at = substructure_begin(w, last ? 0 : PROPOSAL_MORE);
    ipseci_write8(w, number);
    ipseci_write8(w, proposal->protocol);
    ipseci_write8(w, (uint8_t)spi.length);
    ipseci_write8(w, proposal->transform_count);
    ipseci_write_view(w, spi);
    for (uint8_t i = 0; i < proposal->transform_count; i++) {
        transform_build(w, &proposal->transform[i], i + 1 == proposal->transform_count);
    }
    substructure_end(w, length_at);
}

void ipseci_sa_build(struct ipseci_writer *w, const struct ipsec_proposals *list,
                     struct ipsec_view spi)
{
    /* RFC 7296 3.3: an SA payload without proposals is none. */
    if (list->count == 0 || list->count > IPSEC_PROPOSALS_MAX) {
        w->failed = true;
        return;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        proposal_build(w, &list->item[i], (uint8_t)(i + 1), spi, i + 1 == list->count);
    }
}

static void transform_add(struct ipsec_proposal *proposal, uint8_t type, uint16_t id,
                          uint16_t key_bits)
{
    proposal->transform[proposal->transform_count++] =
        (struct ipsec_transform){.type = type, .id = id, .key_bits = key_bits};
}

void ipseci_sa_build_suite(struct ipseci_writer *w, const struct ipsec_suite *suite, uint8_t number,
                           struct ipsec_view spi, bool integ_none)
{
    struct ipsec_proposal proposal = {.protocol = suite->protocol};
    bool ike = suite->protocol == IPSEC_PROTOCOL_IKE;
    if (suite->encr != 0) {
        transform_add(&proposal, IPSEC_TRANSFORM_ENCR, suite->encr, suite->encr_key_bits);
    }
    if (ike) {
        transform_add(&proposal, IPSEC_TRANSFORM_PRF, suite->prf, 0);
    }
    if (suite->integ != IPSEC_INTEG_NONE || integ_none) {
        transform_add(&proposal, IPSEC_TRANSFORM_INTEG, suite->integ, 0);
    }
    if (suite->ke != IPSEC_KE_NONE) {
        transform_add(&proposal, IPSEC_TRANSFORM_KE, suite->ke, 0);
    }
    /* RFC 7296 3.3.3: ESN is mandatory for ESP and AH. */
    if (!ike) {
        transform_add(&proposal, IPSEC_TRANSFORM_ESN, suite->esn, 0);
    }
    proposal_build(w, &proposal, number, spi, true);
}

/* False: not all of it fitted. */
static bool proposal_copy(const struct ipseci_proposal_view *view, struct ipsec_proposal *out)
{
    struct ipseci_reader r = ipseci_proposal_transforms(view);
    struct ipseci_transform_view transform;
    *out = (struct ipsec_proposal){.protocol = view->protocol};
    while (ipseci_transform_next(&r, &transform)) {
        if (out->transform_count == IPSEC_PROPOSAL_TRANSFORMS_MAX) {
            return false;
        }
        transform_add(out, transform.type, transform.id, transform.key_bits);
    }
    return out->transform_count == view->transform_count;
}

void ipseci_sa_copy(struct ipsec_view sa_body, uint8_t protocol, struct ipsec_proposals *out,
                    bool *truncated)
{
    struct ipseci_reader r = ipseci_sa_proposals(sa_body);
    struct ipseci_proposal_view proposal;
    out->count = 0;
    *truncated = false;
    while (ipseci_sa_next(&r, &proposal)) {
        if (protocol != 0 && proposal.protocol != protocol) {
            continue;
        }
        if (out->count == IPSEC_PROPOSALS_MAX) {
            *truncated = true;
            return;
        }
        if (!proposal_copy(&proposal, &out->item[out->count++])) {
            *truncated = true;
        }
    }
    if (r.failed) {
        *truncated = true;
    }
}
