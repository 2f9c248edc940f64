/* SPDX-License-Identifier: Apache-2.0
 *
 * The Security Association payload, read in place. RFC 7296 3.3. The builders stand in sa_build.c.
 */
#include "sa_payload.h"

#define PROPOSAL_HEADER_BYTES  8
#define PROPOSAL_MORE          2
#define TRANSFORM_HEADER_BYTES 8
#define TRANSFORM_MORE         3
#define ATTRIBUTE_TV           0x8000 /* RFC 7296 3.3.5: type and value, no length */
#define ATTRIBUTE_KEY_LENGTH   14

/* A substructure's two ends: the flag that says whether another follows, and its own octets. */
struct substructure {
    uint8_t last;
    struct ipseci_reader inside; /* past last flag, RESERVED and length */
};

/* RFC 7296 3.3.1, 3.3.2: proposals and transforms begin alike. */
static enum ipsec_status substructure_read(struct ipseci_reader *r, size_t least,
                                           struct substructure *out)
{
    out->last = ipseci_read8(r);
    ipseci_read_skip(r, 1);
    uint16_t length = ipseci_read16(r);
    if (r->failed) {
        return IPSEC_DROP_TRUNCATED;
    }
    if (length < least) {
        return IPSEC_DROP_MALFORMED;
    }
    out->inside = ipseci_reader_init(ipseci_read_view(r, (size_t)length - 4));
    return r->failed ? IPSEC_DROP_TRUNCATED : IPSEC_OK;
}

/* The flag must say what the octets say: 0 for the last one, `more` for the others. */
static bool last_flag_right(const struct ipseci_reader *r, uint8_t last, uint8_t more)
{
    return last == (r->left == 0 ? 0 : more);
}

static void key_length_take(struct ipseci_transform_view *out, uint16_t value)
{
    /* One Key Length only; 0 would look like "no attribute" to those who compare. */
    if (out->has_key_length || value == 0) {
        out->unknown_attribute = true;
    }
    out->has_key_length = true;
    out->key_bits = value;
}

static void attribute_read(struct ipseci_reader *r, struct ipseci_transform_view *out)
{
    uint16_t type = ipseci_read16(r);
    uint16_t value = ipseci_read16(r);
    if (type == (ATTRIBUTE_TV | ATTRIBUTE_KEY_LENGTH)) {
        key_length_take(out, value);
        return;
    }
    /* RFC 7296 3.3.6: an attribute not understood spoils this transform, not the proposal. */
    out->unknown_attribute = true;
    if ((type & ATTRIBUTE_TV) == 0) {
        ipseci_read_skip(r, value);
    }
}

static enum ipsec_status transform_read(struct ipseci_reader *r, struct ipseci_transform_view *out)
{
    struct substructure sub;
    *out = (struct ipseci_transform_view){0};
    IPSECI_TRY(substructure_read(r, TRANSFORM_HEADER_BYTES, &sub));
    out->type = ipseci_read8(&sub.inside);
    ipseci_read_skip(&sub.inside, 1);
    out->id = ipseci_read16(&sub.inside);
    while (sub.inside.left > 0 && !sub.inside.failed) {
        attribute_read(&sub.inside, out);
    }
    if (sub.inside.failed || !last_flag_right(r, sub.last, TRANSFORM_MORE)) {
        return IPSEC_DROP_MALFORMED;
    }
    return IPSEC_OK;
}

static enum ipsec_status proposal_read(struct ipseci_reader *r, struct ipseci_proposal_view *out)
{
    struct substructure sub;
    *out = (struct ipseci_proposal_view){0};
    IPSECI_TRY(substructure_read(r, PROPOSAL_HEADER_BYTES, &sub));
    out->number = ipseci_read8(&sub.inside);
    out->protocol = ipseci_read8(&sub.inside);
    uint8_t spi_size = ipseci_read8(&sub.inside);
    out->transform_count = ipseci_read8(&sub.inside);
    out->spi = ipseci_read_view(&sub.inside, spi_size);
    out->transforms = ipseci_read_rest(&sub.inside);
    if (sub.inside.failed || !last_flag_right(r, sub.last, PROPOSAL_MORE)) {
        return IPSEC_DROP_MALFORMED;
    }
    return IPSEC_OK;
}

/* The transforms are as many as the proposal says and fill it. */
static enum ipsec_status transforms_check(const struct ipseci_proposal_view *proposal)
{
    struct ipseci_reader r = ipseci_proposal_transforms(proposal);
    for (uint32_t i = 0; i < proposal->transform_count; i++) {
        struct ipseci_transform_view transform;
        IPSECI_TRY(transform_read(&r, &transform));
    }
    return r.left == 0 ? IPSEC_OK : IPSEC_DROP_MALFORMED;
}

/* RFC 7296 3.3.1: an offer counts 1, 2, 3 ...; an answer has one proposal with the chosen number.
 */
static bool number_right(uint8_t number, uint32_t index, bool alone)
{
    return alone ? number != 0 : number == index + 1;
}

enum ipsec_status ipseci_sa_check(struct ipsec_view sa_body)
{
    struct ipseci_reader r = ipseci_sa_proposals(sa_body);
    uint32_t index = 0;
    do {
        struct ipseci_proposal_view proposal;
        IPSECI_TRY(proposal_read(&r, &proposal));
        IPSECI_TRY(transforms_check(&proposal));
        if (!number_right(proposal.number, index, index == 0 && r.left == 0)) {
            return IPSEC_DROP_MALFORMED;
        }
        index++;
    } while (r.left > 0);
    return IPSEC_OK;
}

struct ipseci_reader ipseci_sa_proposals(struct ipsec_view sa_body)
{
    return ipseci_reader_init(sa_body);
}

bool ipseci_sa_next(struct ipseci_reader *proposals, struct ipseci_proposal_view *out)
{
    if (proposals->left == 0 || proposals->failed) {
        return false;
    }
    proposals->failed = proposal_read(proposals, out) != IPSEC_OK;
    return !proposals->failed;
}

struct ipseci_reader ipseci_proposal_transforms(const struct ipseci_proposal_view *proposal)
{
    return ipseci_reader_init(proposal->transforms);
}

bool ipseci_transform_next(struct ipseci_reader *transforms, struct ipseci_transform_view *out)
{
    if (transforms->left == 0 || transforms->failed) {
        return false;
    }
    transforms->failed = transform_read(transforms, out) != IPSEC_OK;
    return !transforms->failed;
}

uint32_t ipseci_sa_proposal_count(struct ipsec_view sa_body)
{
    struct ipseci_reader r = ipseci_sa_proposals(sa_body);
    struct ipseci_proposal_view proposal;
    uint32_t count = 0;
    while (ipseci_sa_next(&r, &proposal)) {
        count++;
    }
    return count;
}

bool ipseci_transform_type_known(uint8_t type)
{
    return type >= IPSEC_TRANSFORM_ENCR && type <= IPSEC_TRANSFORM_ADDKE7;
}

bool ipseci_proposal_types_known(const struct ipseci_proposal_view *proposal)
{
    struct ipseci_reader r = ipseci_proposal_transforms(proposal);
    struct ipseci_transform_view transform;
    while (ipseci_transform_next(&r, &transform)) {
        if (!ipseci_transform_type_known(transform.type)) {
            return false;
        }
    }
    return true;
}
