/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures providers against each other, algorithm by algorithm, by the caller's clock.
 */
#include "provider_choice.h"

#define TURNS         3u /* the best counts: others on the machine only ever make one slower */
#define TURN_OPS_MAX  65536u
#define TICKS_MAX     ((uint64_t)1 << 42)
#define MARGIN        16u /* a sixteenth faster displaces */
#define BURST_OPS     8u
#define PACKET_OCTETS 256u
#define AAD_OCTETS    8u

/* So that none of the products in is_faster overflows. */
_Static_assert(TURN_OPS_MAX <= 65536u, "2^16 * 2^42 * 17 < 2^63");

/* A number of operations in a number of ticks; done 0: it failed. */
struct speed {
    uint64_t done;
    uint64_t ticks;
};

/* By more than the margin. */
static bool is_faster(const struct speed *a, const struct speed *b)
{
    if (a->done == 0 || b->done == 0) {
        return a->done != 0;
    }
    return a->done * b->ticks * MARGIN > b->done * a->ticks * (MARGIN + 1);
}

/* ---- one operation of each kind -----------------------------------------------------------------
 */

struct work {
    const struct ipsec_crypto *real;
    const struct ipseci_choice_row *row;
    struct ipsec_key *key;
    struct ipsec_crypto_op op[BURST_OPS];
    uint8_t aad[AAD_OCTETS];
    uint8_t iv[16];
    uint8_t tag[BURST_OPS][IPSEC_TAG_BYTES_MAX];
    uint8_t data[BURST_OPS][PACKET_OCTETS];
};

static bool once_packets(struct work *w)
{
    struct ipsec_crypto_op *ops[BURST_OPS];
    bool good = true;
    for (size_t i = 0; i < BURST_OPS; i++) {
        ops[i] = &w->op[i];
        ops[i]->status = IPSEC_FATAL_CRYPTO;
    }
    w->real->run(w->real->context, ops, BURST_OPS);
    for (size_t i = 0; i < BURST_OPS; i++) {
        good = good && ops[i]->status == IPSEC_OK;
    }
    return good;
}

static bool once_prf(struct work *w)
{
    uint8_t out[IPSEC_PRF_BYTES_MAX];
    const struct ipsec_view key = ipseci_view(w->data[1], 32);
    const struct ipsec_view part = ipseci_view(w->data[0], PACKET_OCTETS);
    return w->real->prf(w->real->context, w->row->id, key, &part, 1, out) == IPSEC_OK;
}

/* Both ends: what a gateway does of it depends on who begins. */
static bool once_ke(struct work *w)
{
    const struct ipsec_crypto *real = w->real;
    uint8_t public_i[IPSEC_KE_PUBLIC_MAX];
    uint8_t public_r[IPSEC_KE_PUBLIC_MAX];
    uint8_t secret[IPSEC_KE_SECRET_MAX];
    size_t length_i = sizeof(public_i);
    size_t length_r = sizeof(public_r);
    size_t secret_length = sizeof(secret);
    struct ipsec_ke *ke = NULL;

    bool good = real->ke_start(real->context, w->row->id, &ke, public_i, &length_i) == IPSEC_OK &&
                real->ke_respond(real->context, w->row->id, ipseci_view(public_i, length_i),
                                 public_r, &length_r, secret, &secret_length) == IPSEC_OK;
    secret_length = sizeof(secret);
    good = good && real->ke_finish(real->context, ke, ipseci_view(public_r, length_r), secret,
                                   &secret_length) == IPSEC_OK;
    real->ke_free(real->context, ke);
    ipseci_wipe(secret, sizeof(secret));
    return good;
}

static bool once(struct work *w)
{
    switch (w->row->type) {
    case IPSEC_TRANSFORM_PRF:
        return once_prf(w);
    case IPSEC_TRANSFORM_KE:
        return once_ke(w);
    default: /* ENCR and INTEG */
        return once_packets(w);
    }
}

/* ---- a provider at an algorithm -----------------------------------------------------------------
 */

/* The key of a cipher or MAC, and a burst; false: it can not be had. */
static bool prepare(struct work *w)
{
    static const uint8_t octets[IPSEC_INTEG_KEY_BYTES_MAX] = {1, 2, 3};
    const struct ipseci_choice_row *row = w->row;
    struct ipsec_key_params params = {.direction = IPSEC_SEAL};

    if (row->type == IPSEC_TRANSFORM_ENCR) {
        params.encr_id = row->id;
        params.encr_key_bits = row->key_bits;
        params.encr_key =
            ipseci_view(octets, ipseci_encr_key_octets(ipseci_encr_find(row->id), row->key_bits));
    } else if (row->type == IPSEC_TRANSFORM_INTEG) {
        params.integ_id = row->id;
        params.integ_key = ipseci_view(octets, ipseci_integ_find(row->id)->key_octets);
    } else {
        return true;
    }
    for (size_t i = 0; i < BURST_OPS; i++) {
        w->op[i].data = w->data[i];
        w->op[i].data_length = PACKET_OCTETS;
        w->op[i].aad = w->aad;
        w->op[i].aad_length = AAD_OCTETS;
        w->op[i].iv = w->iv;
        w->op[i].tag = w->tag[i];
    }
    if (w->real->key_new(w->real->context, &params, &w->key) != IPSEC_OK || w->key == NULL) {
        return false;
    }
    for (size_t i = 0; i < BURST_OPS; i++) {
        w->op[i].key = w->key;
    }
    return true;
}

static struct speed one_turn(struct work *w, const struct ipsec_crypto_measure *m)
{
    struct speed s = {0, 0};
    const uint64_t start = m->clock(m->user);
    do {
        if (!once(w)) {
            return (struct speed){0, 0};
        }
        s.done++;
        s.ticks = m->clock(m->user) - start;
    } while (s.ticks < m->turn && s.done < TURN_OPS_MAX);
    s.ticks = s.ticks < TICKS_MAX ? s.ticks : TICKS_MAX;
    return s;
}

static struct speed speed_of(const struct ipsec_crypto *real, const struct ipseci_choice_row *row,
                             const struct ipsec_crypto_measure *m)
{
    struct work w = {.real = real, .row = row};
    struct speed best = {0, 0};

    if (!prepare(&w)) {
        return best;
    }
    for (size_t i = 0; i < TURNS; i++) {
        const struct speed s = one_turn(&w, m);
        if (s.done == 0) {
            best = s;
            break;
        }
        if (best.done == 0 || s.done * best.ticks > best.done * s.ticks) {
            best = s;
        }
    }
    if (w.key != NULL) {
        real->key_free(real->context, w.key);
    }
    return best;
}

/* ENCR_NULL has no key of its own. */
static bool is_work(const struct ipseci_choice_row *row)
{
    return row->type != IPSEC_TRANSFORM_ENCR || row->id != IPSEC_ENCR_NULL;
}

/* What only one has is his. */
static bool is_contested(const struct ipsec_crypto_choice *choice,
                         const struct ipseci_choice_row *row)
{
    size_t count = 0;
    for (size_t i = 0; i < choice->list.count; i++) {
        count += ipseci_choice_has(choice->chosen[i].table.real, row);
    }
    return count > 1;
}

static void measure_row(const struct ipsec_crypto_choice *choice, struct ipseci_choice_row *row,
                        const struct ipsec_crypto_measure *m)
{
    struct speed best = {0, 0};
    bool any = false;
    for (size_t i = 0; i < choice->list.count; i++) {
        const struct ipsec_crypto *real = choice->chosen[i].table.real;
        if (!ipseci_choice_has(real, row)) {
            continue;
        }
        const struct speed s = speed_of(real, row, m);
        if (!any || is_faster(&s, &best)) {
            best = s;
            row->place = (uint8_t)i;
        }
        any = true;
    }
}

enum ipsec_status ipsec_crypto_choice_measure(struct ipsec_crypto_choice *choice,
                                              const struct ipsec_crypto_measure *measure)
{
    struct ipsec_crypto_measure m;
    if (measure == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    IPSECI_TRY(ipseci_struct_in(&m, sizeof(m), measure));
    if (m.clock == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < choice->rows; i++) {
        if (is_work(&choice->row[i]) && is_contested(choice, &choice->row[i])) {
            measure_row(choice, &choice->row[i], &m);
        }
    }
    return IPSEC_OK;
}
