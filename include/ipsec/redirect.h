/* SPDX-License-Identifier: Apache-2.0
 *
 * Redirect (RFC 5685): a gateway sends the peers that call it to another gateway, because it is
 * full, is to be switched off, or was called at an address that many share. A gateway is an
 * identity of the type IPV4_ADDR, IPV6_ADDR or FQDN (ipsec_id_parse makes them of texts).
 *
 * Who is sent: the end that began the first IKE SA, if its ipsec_peer.follow_redirects says so. It
 * calls the new gateway as the same peer: the same entry says who that has to be (remote_id), what
 * it may be called with (credential, secret, trust), and what is negotiated. So the gateways of a
 * group need one identity in common, and its secret or certificates; or remote_id is NONE, and then
 * everybody that the trust anchors vouch for may be the new gateway. Without protection
 * (IPSEC_REDIRECTS_ANY) whoever is on the path says where to call; that gateway has to prove itself
 * like the first one, but the call can be led to nowhere.
 */
#ifndef IPSEC_REDIRECT_H
#define IPSEC_REDIRECT_H

#include <ipsec/event.h>
#include <ipsec/peer.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ipsec_ike;

/* Asked by the end that was sent to a gateway with a name. */
struct ipsec_resolve_query {
    const struct ipsec_peer *peer;
    const struct ipsec_id *name; /* FQDN: letters, digits, '-', '_', '.'; copy it before PENDING */
    uint8_t family;              /* enum ipsec_family of the address that we call from */
};

/* Asked by the end that may send its peer elsewhere: at IKE_SA_INIT, before anything is kept of the
 * caller, and in IKE_AUTH, when the peer has proven who it is. */
struct ipsec_redirect_query {
    struct ipsec_endpoint local; /* where it called */
    struct ipsec_endpoint remote;
    struct ipsec_addr redirected_from; /* it says that the gateway there has sent it to us; family
                                          NONE: nobody has. Not proven in IKE_SA_INIT */
    const struct ipsec_peer *peer;     /* NULL in IKE_SA_INIT, as the next */
    const struct ipsec_id *remote_id;
};

enum ipsec_redirect_kind {
    IPSEC_REDIRECT_FOLLOWED = 1, /* the peer sends us to another gateway, and we go: old_sa is left,
                                    ike_sa is the one that calls the new gateway, in the place of
                                    what ipsec_ike_initiate gave, or of one that is up till then */
    IPSEC_REDIRECT_SENT = 2,     /* the peer is told to go: ike_sa, 0 in IKE_SA_INIT */
    IPSEC_REDIRECT_ARRIVED = 3   /* ike_sa, which is up now, was sent to us by another gateway */
};

/* Of IPSEC_EVENT_REDIRECTED. */
struct ipsec_redirect_info {
    enum ipsec_redirect_kind kind;
    enum ipsec_phase phase; /* IKE_SA_INIT, IKE_AUTH or ESTABLISHED */
    struct ipsec_addr from; /* the gateway that sends */
    struct ipsec_id to;     /* and the one that is to be called; ARRIVED: NONE */
};

/* Sends the peer of an established IKE SA to another gateway (RFC 5685 5). IPSEC_OK: under way, an
 * event tells when it is sent. The peer calls the new gateway and then deletes this IKE SA; one
 * that can not get there stays: delete it when it may not. A second call before the peer has
 * answered replaces the first. IPSEC_ERR_STATE: not established; IPSEC_ERR_FORBIDDEN: the peer does
 * not take it (it has not said so, or it is the one that was called); IPSEC_ERR_ARGUMENT: not a
 * gateway; IPSEC_ERR_FULL: redirect_max; IPSEC_ERR_NOT_BUILT_IN; IPSEC_ERR_STALE. */
IPSEC_API enum ipsec_status ipsec_ike_redirect(struct ipsec_ike *ike, ipsec_handle sa,
                                               const struct ipsec_id *gateway, ipsec_ms now);

#ifdef __cplusplus
}
#endif

#endif
