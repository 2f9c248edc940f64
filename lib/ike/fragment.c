/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE message fragmentation (RFC 7383): into how many pieces a message is cut, and the sets of
 * pieces that wait for the rest. A cut message is a train: its fragments one after the other, each
 * a message of its own by its header's length, so that storing and repeating need to know no more.
 * Called by commit.c, sk.c, sa_table.c and the engine's input.
 */
#include "engine.h"
#include "reassembly.h"
#include "small_payloads.h"

#include <string.h>

#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40
#define UDP_HEADER_BYTES  8

/* ---- cutting -----------------------------------------------------------------------------------
 */

/* Octets of an IKE message in an IP packet of fragment_bytes. Room for the non-ESP marker is always
 * left: which port an answer leaves from is known later. */
static size_t fragment_limit(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const bool v6 = sa->remote.addr.family == IPSEC_FAMILY_IPV6;

    return ike->config.fragment_bytes - (v6 ? IPV6_HEADER_BYTES : IPV4_HEADER_BYTES) -
           UDP_HEADER_BYTES - IPSECI_MARKER_BYTES;
}

void ipseci_fragments_plan(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                           size_t plain, struct ipseci_cut *out)
{
    const struct ipseci_aead *aead = &sa->seal;
    const size_t limit = fragment_limit(ike, sa);
    const size_t fixed = ipseci_sk_bytes(aead, 0) - aead->cipher_block + IPSECI_SKF_FIXED_BYTES;

    out->count = 1;
    out->piece = plain;
    out->bytes = ipseci_sk_bytes(aead, plain);
    if (!sa->fragments || out->bytes <= limit || limit < fixed + aead->cipher_block) {
        return; /* RFC 7383 2.5: what fits is not cut */
    }
    const size_t sealed = (limit - fixed) / aead->cipher_block * aead->cipher_block;
    const size_t piece = sealed - 1; /* the pad length takes an octet */
    const size_t count = (plain + piece - 1) / piece;
    const size_t bytes = (count - 1) * (fixed + sealed) + IPSECI_SKF_FIXED_BYTES +
                         ipseci_sk_bytes(aead, plain - (count - 1) * piece);
    if (count > ike->config.fragments_max || bytes > ike->config.message_bytes) {
        return; /* the train has no room where it is stored: IP has to cut it, as without RFC 7383
                 */
    }
    out->count = (uint16_t)count;
    out->piece = piece;
    out->bytes = bytes;
}

/* ---- sets --------------------------------------------------------------------------------------
 */

static struct ipseci_reassembly *next_set(const struct ipsec_ike *ike, uint32_t *cursor,
                                          ipsec_handle *handle)
{
    return (struct ipseci_reassembly *)ipseci_pool_next(&ike->reassemblies, cursor, handle);
}

static void give_up(struct ipsec_ike *ike, ipsec_handle handle)
{
    ike->counters.reassemblies_dropped++;
    (void)ipseci_pool_release(&ike->reassemblies, handle);
}

static bool belongs(const struct ipseci_reassembly *set, ipsec_handle sa,
                    const struct ipseci_ike_header *header)
{
    return set->sa == sa && set->message_id == header->message_id &&
           set->response == ((header->flags & IPSECI_FLAG_RESPONSE) != 0);
}

static struct ipseci_reassembly *find_set(const struct ipsec_ike *ike, ipsec_handle sa,
                                          const struct ipseci_ike_header *header,
                                          ipsec_handle *handle)
{
    struct ipseci_reassembly *set;
    uint32_t cursor = 0;

    while ((set = next_set(ike, &cursor, handle)) != NULL) {
        if (belongs(set, sa, header)) {
            return set;
        }
    }
    return NULL;
}

static bool is_half_open(const struct ipsec_ike *ike, ipsec_handle handle)
{
    const struct ipseci_ike_sa *sa = ipseci_sa_get(ike, handle);

    return sa == NULL || sa->half_open;
}

/* Those who are not authenticated give way to those who are, whenever these need room. For the rest
 * a set that gets on is let alone: when many come at once, some of them are to become whole. */
static bool may_be_evicted(const struct ipsec_ike *ike, const struct ipseci_reassembly *set,
                           bool by_stranger)
{
    const bool stranger = is_half_open(ike, set->sa);

    if (stranger && !by_stranger) {
        return true;
    }
    return ike->now - set->since >= IPSECI_REASSEMBLY_IDLE_MS && stranger == by_stranger;
}

/* Makes room for one more set: false: nobody gives way. */
static bool evict(struct ipsec_ike *ike, bool by_stranger)
{
    const struct ipseci_reassembly *oldest = NULL;
    const struct ipseci_reassembly *set;
    ipsec_handle victim = 0;
    ipsec_handle handle;
    uint32_t cursor = 0;

    while ((set = next_set(ike, &cursor, &handle)) != NULL) {
        if (!may_be_evicted(ike, set, by_stranger)) {
            continue;
        }
        const bool stranger = is_half_open(ike, set->sa);
        const bool was = oldest != NULL && is_half_open(ike, oldest->sa);
        if (oldest == NULL || (stranger && !was) ||
            (stranger == was && set->since < oldest->since)) {
            oldest = set;
            victim = handle;
        }
    }
    if (victim != 0) {
        give_up(ike, victim);
    }
    return victim != 0;
}

static struct ipseci_reassembly *take_set(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                          const struct ipseci_message *in, ipsec_handle *handle)
{
    struct ipseci_pool *pool = &ike->reassemblies;
    struct ipseci_reassembly *set = (struct ipseci_reassembly *)ipseci_pool_take(pool, handle);

    if (set == NULL && evict(ike, sa->half_open)) {
        set = (struct ipseci_reassembly *)ipseci_pool_take(pool, handle);
    }
    if (set == NULL) {
        return NULL;
    }
    ipseci_reassembly_init(set, ike->config.fragments_max, ike->config.message_bytes);
    set->sa = sa->self;
    set->message_id = in->header.message_id;
    set->exchange = in->header.exchange;
    set->response = (in->header.flags & IPSECI_FLAG_RESPONSE) != 0;
    set->since = ike->now;
    return set;
}

void ipseci_fragments_forget(struct ipsec_ike *ike, ipsec_handle sa,
                             const struct ipseci_ike_header *header)
{
    struct ipseci_reassembly *set;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while (ike->reassemblies.used > 0 && (set = next_set(ike, &cursor, &handle)) != NULL) {
        if (header != NULL ? belongs(set, sa, header) : set->sa == sa) {
            give_up(ike, handle);
        }
    }
}

/* What will never be whole: of messages that are not awaited any more, or begun too long ago
 * (FRAG-05). But for a wide window that leaves one set of an SA and direction. */
static void give_up_old(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                        const struct ipseci_ike_header *header)
{
    const bool response = (header->flags & IPSECI_FLAG_RESPONSE) != 0;
    struct ipseci_reassembly *set;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((set = next_set(ike, &cursor, &handle)) != NULL) {
        const bool awaited = set->message_id == header->message_id ||
                             (!response && ipseci_window_awaits(ike, sa, set->message_id));
        if (set->sa == sa->self && set->response == response &&
            (!awaited || ike->now - set->since >= IPSECI_REASSEMBLY_MS)) {
            give_up(ike, handle);
        }
    }
}

/* The set that `in` belongs to. */
static struct ipseci_reassembly *set_for(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                         const struct ipseci_message *in, ipsec_handle *handle)
{
    give_up_old(ike, sa, &in->header);
    struct ipseci_reassembly *set = find_set(ike, sa->self, &in->header, handle);
    return set != NULL ? set : take_set(ike, sa, in, handle);
}

enum ipsec_status ipseci_fragments_collect(struct ipsec_ike *ike, const struct ipseci_ike_sa *sa,
                                           struct ipseci_message *in)
{
    const struct ipseci_piece piece = {in->fragment, in->fragments, in->first_inside, in->raw};
    ipsec_handle handle;
    struct ipseci_reassembly *set = set_for(ike, sa, in, &handle);

    if (set == NULL) {
        return IPSEC_DROP_FULL;
    }
    if (set->exchange != in->header.exchange) {
        return IPSEC_DROP_FRAGMENT;
    }
    const enum ipsec_status status = ipseci_reassembly_add(set, &piece);
    if (status < IPSEC_OK) {
        return status;
    }
    ike->counters.fragments_in++;
    set->since = ike->now;
    if (status == IPSEC_OK) {
        set->sa = 0; /* stays for the handlers, whatever becomes of the SA; see ipseci_leave */
        ike->whole = handle;
        ipseci_sk_inside(in, set->first, ipseci_view(set->data, set->used));
    }
    return status;
}
