/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim_craft.h.
 */
#include "sim_craft.h"
#include "ike_header.h"
#include "ike_state.h"
#include "reader.h"

#define IV_BYTES  16
#define TAG_BYTES 16
#define INSIDE_AT (IPSECI_IKE_HEADER_BYTES + 4 + IV_BYTES)
#define SK        46
#define SKF       53

static const struct ipseci_ike_sa *keyed_sa(const struct sim_node *n, bool newest)
{
    const struct ipseci_ike_sa *found = NULL;
    const struct ipseci_ike_sa *sa;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((sa = ipseci_pool_next(&n->ike->sas, &cursor, &handle)) != NULL) {
        if (sa->keys_ready && (found == NULL || newest)) {
            found = sa;
        }
    }
    return found;
}

static uint8_t sealed_type(const struct sim_craft *what)
{
    return what->is_fragment ? SKF : SK;
}

/* Payloads that nothing protects, in front of what is sealed. */
static void add_clear(struct ipseci_writer *w, const struct sim_craft *what)
{
    for (uint16_t i = 0; i < what->clear_count; i++) {
        ipseci_write8(w, i + 1 < what->clear_count ? what->clear_type : sealed_type(what));
        ipseci_write8(w, what->clear_flags);
        ipseci_write16(w, 4);
    }
}

bool sim_craft(const struct sim_node *victim, const struct sim_craft *what,
               struct sim_datagram *out)
{
    const struct ipseci_ike_sa *sa = keyed_sa(victim, what->newest_sa);
    struct ipseci_writer w = ipseci_writer_init(out->octets, sizeof(out->octets));
    const size_t pad = 15 - what->chain.length % 16 + (size_t)16 * what->pad_blocks;

    if (sa == NULL) {
        return false;
    }
    const uint32_t id = what->answer ? sa->request_id : sa->expected_id;
    const struct ipseci_ike_header header = {
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .next_payload = what->clear_count > 0 ? what->clear_type : sealed_type(what),
        .version = IPSECI_IKE_VERSION,
        .exchange = what->exchange,
        .flags = (uint8_t)((sa->initiator ? 0 : IPSECI_FLAG_INITIATOR) |
                           (what->answer ? IPSECI_FLAG_RESPONSE : 0)),
        .message_id = id + (uint32_t)what->id_offset,
    };
    ipseci_ike_header_build(&w, &header);
    add_clear(&w, what);
    const size_t sealed_at = w.used;
    ipseci_write8(&w, what->first);
    ipseci_write8(&w, 0);
    ipseci_write16(&w, 0);
    if (what->is_fragment) {
        ipseci_write16(&w, what->fragment);
        ipseci_write16(&w, what->fragments);
    }
    ipseci_write_zeros(&w, IV_BYTES);
    ipseci_write_view(&w, what->chain);
    for (size_t i = 0; i < pad; i++) {
        ipseci_write8(&w, what->pad_fill);
    }
    ipseci_write8(&w, what->pad_octet != 0 ? what->pad_octet : (uint8_t)pad);
    ipseci_write_zeros(&w, TAG_BYTES);
    w.used -= what->cut;
    ipseci_write_patch16(&w, sealed_at + 2, (uint16_t)(w.used - sealed_at));
    ipseci_ike_header_finish(&w, 0);
    out->to = victim->index;
    out->length = (uint32_t)w.used;
    out->local = sa->local;
    out->remote = sa->remote;
    return !w.failed;
}

struct ipsec_view sim_craft_inside(const struct sim_datagram *d, uint8_t *first)
{
    if (d->length < INSIDE_AT + TAG_BYTES + 1) {
        return ipseci_view(NULL, 0);
    }
    const size_t body = d->length - INSIDE_AT - TAG_BYTES;
    const size_t pad = (size_t)d->octets[INSIDE_AT + body - 1] + 1;

    *first = d->octets[IPSECI_IKE_HEADER_BYTES];
    return pad <= body ? ipseci_view(d->octets + INSIDE_AT, body - pad) : ipseci_view(NULL, 0);
}
