/* SPDX-License-Identifier: Apache-2.0
 *
 * IKE SA and handshake slots: taking, finding, keying, releasing. Called by run.c, commit.c and the
 * engine's entry points.
 */
#include "mobility.h"

#include <string.h>

struct ipseci_ike_sa *ipseci_sa_get(const struct ipsec_ike *ike, ipsec_handle h)
{
    return (struct ipseci_ike_sa *)ipseci_pool_get(&ike->sas, h);
}

struct ipseci_handshake *ipseci_handshake_get(const struct ipsec_ike *ike, ipsec_handle h)
{
    return (struct ipseci_handshake *)ipseci_pool_get(&ike->handshakes, h);
}

uint64_t ipseci_sa_own_spi(const struct ipseci_ike_sa *sa)
{
    return sa->initiator ? sa->spi_i : sa->spi_r;
}

enum ipsec_status ipseci_spi_new(const struct ipsec_ike *ike, uint64_t *spi)
{
    uint8_t octets[8];

    /* 0 has a meaning of its own (RFC 7296 3.1); one in use would be ambiguous. Eight draws of 64
     * bits that all collide mean a broken random source. */
    for (int i = 0; i < 8; i++) {
        IPSECI_TRY(ipseci_random(&ike->config.crypto, octets, sizeof(octets)));
        octets[0] = ipseci_spi_first(&ike->config, octets[0]);
        *spi = ipseci_load64(octets);
        if (*spi != 0 && ipseci_hash_find(&ike->by_spi, *spi) == 0) {
            return IPSEC_OK;
        }
    }
    return IPSEC_ERR_RANDOM;
}

bool ipseci_sa_has_room(const struct ipsec_ike *ike)
{
    return ike->sas.used + ike->reserved_sas < ike->sas.count;
}

struct ipseci_ike_sa *ipseci_sa_take(struct ipsec_ike *ike, bool initiator)
{
    ipsec_handle handle;

    if (!ipseci_sa_has_room(ike)) {
        return NULL;
    }
    struct ipseci_ike_sa *sa = (struct ipseci_ike_sa *)ipseci_pool_take(&ike->sas, &handle);
    if (sa == NULL) {
        return NULL;
    }
    sa->self = handle;
    sa->initiator = initiator;
    sa->first = initiator;
    sa->started = ike->now;
    sa->last_heard = ike->now;
    sa->sent_at = (uint32_t)ike->now;
    sa->rekey_due = IPSEC_NEVER;
    sa->reauth_due = IPSEC_NEVER;
    sa->auth_ends = IPSEC_NEVER;
    sa->ends = IPSEC_NEVER;
    sa->exchange_timer.owner = handle;
    sa->exchange_timer.kind = IPSECI_TIMER_EXCHANGE;
    sa->life_timer.owner = handle;
    sa->life_timer.kind = IPSECI_TIMER_LIFE;
    return sa;
}

enum ipsec_status ipseci_sa_index(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    return ipseci_hash_add(&ike->by_spi, ipseci_sa_own_spi(sa), sa->self);
}

void ipseci_sa_release(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    ipseci_sa_unindex_init(ike, sa);
    ipseci_lease_end(ike, sa);
    if (ipseci_hash_find(&ike->by_spi, ipseci_sa_own_spi(sa)) == sa->self) {
        (void)ipseci_hash_remove(&ike->by_spi, ipseci_sa_own_spi(sa));
    }
    ipseci_timer_cancel(&ike->timers, &sa->exchange_timer);
    ipseci_timer_cancel(&ike->timers, &sa->life_timer);
    ipseci_handshake_release(ike, sa->own_handshake);
    ipseci_handshake_release(ike, sa->peer_handshake);
    ipseci_path_release(ike, sa);
    ipseci_store_release(ike, &sa->request);
    ipseci_replies_release(ike, sa);
    ipseci_fragments_forget(ike, sa->self, NULL);
    ipseci_aead_deinit(&sa->seal);
    ipseci_aead_deinit(&sa->open);
    (void)ipseci_pool_release(&ike->sas, sa->self);
}

struct ipseci_ike_sa *ipseci_sa_by_spi(const struct ipsec_ike *ike, uint64_t own_spi)
{
    return ipseci_sa_get(ike, ipseci_hash_find(&ike->by_spi, own_spi));
}

/* A half-open SA is known by the initiator's SPI and address, because its retransmitted IKE_SA_INIT
 * does not have our SPI yet (MSGID-06). */
static uint64_t init_key(const struct ipsec_ike *ike, uint64_t spi_i,
                         const struct ipsec_endpoint *remote)
{
    uint8_t octets[8 + 1 + 16 + 2];

    ipseci_store64(octets, spi_i);
    octets[8] = remote->addr.family;
    memcpy(octets + 9, remote->addr.bytes, 16);
    ipseci_store16(octets + 25, remote->port);
    return ipseci_siphash(ike->gate_key, octets, sizeof(octets));
}

struct ipseci_ike_sa *ipseci_sa_by_init(const struct ipsec_ike *ike, uint64_t spi_i,
                                        const struct ipsec_endpoint *remote)
{
    return ipseci_sa_get(ike, ipseci_hash_find(&ike->by_init, init_key(ike, spi_i, remote)));
}

enum ipsec_status ipseci_sa_index_init(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    sa->init_key = init_key(ike, sa->spi_i, &sa->remote);
    IPSECI_TRY(ipseci_hash_add(&ike->by_init, sa->init_key, sa->self));
    sa->half_open = true;
    ike->half_open++;
    return IPSEC_OK;
}

void ipseci_sa_unindex_init(struct ipsec_ike *ike, struct ipseci_ike_sa *sa)
{
    if (sa->half_open) {
        sa->half_open = false;
        ike->half_open--;
        (void)ipseci_hash_remove(&ike->by_init, sa->init_key);
    }
}

enum ipsec_status ipseci_sa_set_keys(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                     const struct ipsec_suite *suite,
                                     const struct ipseci_ike_keys *keys)
{
    /* RFC 7296 2.14: the original initiator's messages use SK_ei, SK_ai (SK-10) */
    const uint8_t *encr_out = sa->initiator ? keys->ei : keys->er;
    const uint8_t *encr_in = sa->initiator ? keys->er : keys->ei;
    const uint8_t *integ_out = sa->initiator ? keys->ai : keys->ar;
    const uint8_t *integ_in = sa->initiator ? keys->ar : keys->ai;
    struct ipsec_key_params params = {
        .direction = IPSEC_SEAL,
        .encr_id = suite->encr,
        .encr_key_bits = suite->encr_key_bits,
        .integ_id = suite->integ,
        .encr_key = ipseci_view(encr_out, keys->encr_length),
        .integ_key = ipseci_view(integ_out, keys->integ_length),
    };

    IPSECI_TRY(ipseci_aead_init(&sa->seal, &ike->config.crypto, &params));
    params.direction = IPSEC_OPEN;
    params.encr_key = ipseci_view(encr_in, keys->encr_length);
    params.integ_key = ipseci_view(integ_in, keys->integ_length);
    const enum ipsec_status status = ipseci_aead_init(&sa->open, &ike->config.crypto, &params);
    if (status < IPSEC_OK) {
        ipseci_aead_deinit(&sa->seal);
        return status;
    }
    memcpy(sa->sk_d, keys->d, sizeof(sa->sk_d));
    sa->suite = *suite;
    sa->keys_ready = true;
    return IPSEC_OK;
}

struct ipsec_id ipseci_local_id(const struct ipsec_peer *peer, const struct ipsec_endpoint *local)
{
    struct ipsec_id id = {0};

    if (peer != NULL && peer->local_id.type != IPSEC_ID_NONE) {
        return peer->local_id;
    }
    if (peer != NULL && peer->local_auth == IPSEC_AUTH_NULL) {
        id.type = IPSEC_ID_NULL; /* RFC 7619 2.2 */
        return id;
    }
    const bool v6 = local->addr.family == IPSEC_FAMILY_IPV6;
    id.type = v6 ? IPSEC_ID_IPV6_ADDR : IPSEC_ID_IPV4_ADDR;
    id.length = v6 ? 16 : 4;
    memcpy(id.bytes, local->addr.bytes, id.length);
    return id;
}

bool ipseci_sa_is_with(const struct ipseci_ike_sa *sa, const struct ipsec_peer *peer,
                       const struct ipsec_id *remote_id)
{
    return sa->peer == peer && peer->remote_auth != IPSEC_AUTH_NULL &&
           remote_id->type != IPSEC_ID_NULL && ipsec_id_equal(&sa->remote_id, remote_id);
}

bool ipseci_sa_has_sibling(const struct ipsec_ike *ike, const struct ipseci_ike_sa *sa)
{
    const struct ipseci_ike_sa *other;
    uint32_t cursor = 0;
    ipsec_handle handle;

    while ((other = (const struct ipseci_ike_sa *)ipseci_pool_next(&ike->sas, &cursor, &handle)) !=
           NULL) {
        if (other != sa && other->peer == sa->peer && other->state == IPSECI_IKE_ESTABLISHED) {
            return true;
        }
    }
    return false;
}

bool ipseci_sa_encapsulates(const struct ipseci_ike_sa *sa)
{
    return sa->nat_local || sa->nat_remote || (sa->peer != NULL && sa->peer->force_encapsulation);
}

/* The peer moves to the new IKE SA as soon as it has answered: that there is room for it here is
 * made sure before we ask. */
enum ipsec_status ipseci_sa_reserve(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    if (!ipseci_sa_has_room(ike)) {
        return IPSEC_ERR_FULL;
    }
    hs->reserves_sa = true;
    ike->reserved_sas++;
    return IPSEC_OK;
}

void ipseci_sa_unreserve(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    if (hs->reserves_sa) {
        hs->reserves_sa = false;
        ike->reserved_sas--;
    }
}

/* ---- handshake slots ---------------------------------------------------------------------------
 */

static enum ipsec_status draw_values(struct ipsec_ike *ike, struct ipseci_handshake *hs)
{
    IPSECI_TRY(ipseci_random(&ike->config.crypto, hs->nonce, sizeof(hs->nonce)));
    IPSECI_TRY(ipseci_spi_new(ike, &hs->spi));
    return ipseci_child_spi_new(ike, &hs->child_spi);
}

struct ipseci_handshake *ipseci_handshake_take(struct ipsec_ike *ike, struct ipseci_ike_sa *sa,
                                               bool from_peer)
{
    const size_t room = ike->config.message_bytes;
    ipsec_handle handle;
    struct ipseci_handshake *hs =
        (struct ipseci_handshake *)ipseci_pool_take(&ike->handshakes, &handle);

    if (hs == NULL) {
        return NULL;
    }
    hs->self = handle;
    hs->sa = sa->self;
    hs->from_peer = from_peer;
    hs->job.handshake = handle;
    uint8_t *area = (uint8_t *)(hs + 1);
    hs->own_init.data = area;
    hs->peer_init.data = area + room;
    hs->parked.data = area + 2 * room;
    if (ipseci_handshake_rooms(&ike->config) > 3) {
        hs->eap.first.data = area + 3 * room;
        hs->eap.packet.data = area + 4 * room;
    }
    if (draw_values(ike, hs) < IPSEC_OK) {
        ipseci_handshake_release(ike, handle);
        return NULL;
    }
    if (from_peer) {
        sa->peer_handshake = handle;
    } else {
        sa->own_handshake = handle;
    }
    return hs;
}

void ipseci_handshake_release(struct ipsec_ike *ike, ipsec_handle handle)
{
    struct ipseci_handshake *hs = ipseci_handshake_get(ike, handle);

    if (hs == NULL) {
        return;
    }
    struct ipseci_ike_sa *sa = ipseci_sa_get(ike, hs->sa);
    if (sa != NULL && sa->own_handshake == handle) {
        sa->own_handshake = 0;
    }
    if (sa != NULL && sa->peer_handshake == handle) {
        sa->peer_handshake = 0;
    }
    hs->sa = 0;
    ipseci_lease_drop(ike, hs);
    ipseci_sa_unreserve(ike, hs);
    if (hs->job.out) {
        hs->job.abandoned = true; /* somebody is writing to it: ipsec_ike_job_done releases it */
        ipseci_wipe(&hs->facts, sizeof(hs->facts));
        ipseci_wipe(&hs->keys, sizeof(hs->keys));
        ipseci_wipe(&hs->eap.reply, sizeof(hs->eap.reply));
        return;
    }
    ipseci_ke_free(&hs->job.ke);
    (void)ipseci_pool_release(&ike->handshakes, handle);
}
