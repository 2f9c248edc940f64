/* SPDX-License-Identifier: Apache-2.0
 *
 * Called by the `check` command and, for its warnings, at the start of `run`.
 */
#include "check.h"
#include "render.h"

#include <stdarg.h>
#include <string.h>

#define IPV6_MTU_MIN 1280u /* RFC 8200 5; Linux takes IPv6 off such a device */

enum grade { GRADE_ERROR, GRADE_WARNING, GRADE_NOTE };

struct checking {
    const struct config *config;
    const struct ipsec_crypto_list *crypto;
    FILE *out;
    struct check_counts *counts;
};

__attribute__((format(printf, 4, 5))) static void say(const struct checking *at, enum grade grade,
                                                      uint32_t line, const char *format, ...)
{
    static const char *const words[] = {"error", "warning", "note"};
    uint32_t *const counts[] = {&at->counts->errors, &at->counts->warnings, &at->counts->notes};
    ++*counts[grade];
    if (line == 0) {
        fprintf(at->out, "%s: %s: ", at->config->file, words[grade]);
    } else {
        fprintf(at->out, "%s:%u: %s: ", at->config->file, line, words[grade]);
    }
    va_list arguments;
    va_start(arguments, format);
    vfprintf(at->out, format, arguments);
    va_end(arguments);
    fputc('\n', at->out);
}

/* ---- Algorithms -------------------------------------------------------------------------------
 */

struct weakness {
    uint8_t type;
    uint16_t id;
    const char *why;
};

#define SHORT_ICV                                                                                  \
    "its ICV of 8 octets is meant for links where every octet counts (RFC 8221 5); use that of 16"

static const struct weakness weaknesses[] = {
    {IPSEC_TRANSFORM_KE, IPSEC_KE_MODP_2048_256,
     "group 24 is a SHOULD NOT of RFC 8247: its small subgroup has to be checked for and nobody "
     "knows how its numbers were made; use modp2048 (14), ecp256 (19) or curve25519 (31)"},
    {IPSEC_TRANSFORM_KE, 1, "group 1 (768 bits) can be broken"},
    {IPSEC_TRANSFORM_KE, 2, "group 2 (1024 bits) can be broken by a state; RFC 8247: SHOULD NOT"},
    {IPSEC_TRANSFORM_KE, 5, "group 5 (1536 bits) is too small; RFC 8247: SHOULD NOT"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL, "NULL authenticates the traffic but does not hide it"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_NULL_AES_GMAC,
     "AES-GMAC authenticates the traffic but does not hide it"},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_GCM_8, SHORT_ICV},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_8, SHORT_ICV},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_AES_CCM_8_IIV, SHORT_ICV},
    {IPSEC_TRANSFORM_ENCR, IPSEC_ENCR_3DES, "3DES has 64-bit blocks and is slow"},
    {IPSEC_TRANSFORM_INTEG, IPSEC_INTEG_HMAC_SHA1_96,
     "SHA-1 is on its way out; use sha256 (RFC 8247, RFC 8221)"},
    {IPSEC_TRANSFORM_PRF, IPSEC_PRF_HMAC_SHA1, "SHA-1 is on its way out; use prfsha256"},
};

static const char *weakness_of(const struct ipsec_transform *transform)
{
    for (size_t i = 0; i < sizeof(weaknesses) / sizeof(weaknesses[0]); i++) {
        if (weaknesses[i].type == transform->type && weaknesses[i].id == transform->id) {
            return weaknesses[i].why;
        }
    }
    return NULL;
}

static bool needs_provider(const struct ipsec_transform *transform)
{
    return transform->type != IPSEC_TRANSFORM_ESN && transform->id != 0;
}

/* True when every type of the proposal still has something that is built in. */
static bool check_proposal(const struct checking *at, uint32_t line, const char *key,
                           const struct ipsec_proposal *proposal)
{
    bool named[16] = {false};
    bool built_in[16] = {false};
    bool whole = true;
    for (size_t i = 0; i < proposal->transform_count; i++) {
        const struct ipsec_transform *t = &proposal->transform[i];
        char text[IPSEC_TRANSFORM_TEXT_MAX];
        ipsec_transform_text(t, text, sizeof(text));
        const bool here =
            !needs_provider(t) || ipsec_crypto_supports(at->crypto, t->type, t->id, t->key_bits);
        named[t->type & 15] = true;
        built_in[t->type & 15] = built_in[t->type & 15] || here;
        if (!here) {
            say(at, GRADE_WARNING, line, "%s: %s is not built in here and will not be offered", key,
                text);
        } else if (weakness_of(t) != NULL) {
            say(at, GRADE_WARNING, line, "%s: %s: %s", key, text, weakness_of(t));
        }
    }
    for (size_t type = 0; type < 16; type++) {
        whole = whole && (!named[type] || built_in[type]);
    }
    return whole;
}

static void check_proposals(const struct checking *at, uint32_t line, const char *key,
                            const struct ipsec_proposals *list)
{
    size_t usable = 0;
    for (size_t i = 0; i < list->count; i++) {
        usable += check_proposal(at, line, key, &list->item[i]) ? 1 : 0;
    }
    if (usable == 0) {
        say(at, GRADE_ERROR, line, "%s: none of these proposals is built in here: nothing to offer",
            key);
    }
}

static bool has_group(const struct ipsec_proposals *list)
{
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < list->item[i].transform_count; j++) {
            if (list->item[i].transform[j].type == IPSEC_TRANSFORM_KE) {
                return true;
            }
        }
    }
    return false;
}

/* ---- Selectors --------------------------------------------------------------------------------
 */

static size_t address_bytes(uint8_t family)
{
    return family == IPSEC_FAMILY_IPV6 ? 16 : 4;
}

static bool overlap(const struct ipsec_selector *a, const struct ipsec_selector *b)
{
    if (a->family != b->family) {
        return false;
    }
    if (a->protocol != 0 && b->protocol != 0 && a->protocol != b->protocol) {
        return false;
    }
    if (a->port_first > b->port_last || b->port_first > a->port_last) {
        return false;
    }
    const size_t n = address_bytes(a->family);
    return memcmp(a->first, b->last, n) <= 0 && memcmp(b->first, a->last, n) <= 0;
}

static bool any_overlap(const struct ipsec_selectors *a, const struct ipsec_selectors *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            if (overlap(&a->item[i], &b->item[j])) {
                return true;
            }
        }
    }
    return false;
}

static bool holds_address(const struct ipsec_selectors *list, const struct ipsec_addr *addr)
{
    struct ipsec_selectors one = {.count = 1};
    one.item[0].family = addr->family;
    one.item[0].port_last = UINT16_MAX;
    memcpy(one.item[0].first, addr->bytes, 16);
    memcpy(one.item[0].last, addr->bytes, 16);
    return addr->family != IPSEC_FAMILY_NONE && any_overlap(list, &one);
}

static void check_pairs(const struct checking *at)
{
    const struct config *config = at->config;
    for (size_t i = 0; i < config->child_count; i++) {
        for (size_t j = i + 1; j < config->child_count; j++) {
            const struct config_child *a = &config->child[i];
            const struct config_child *b = &config->child[j];
            if (any_overlap(&a->child.local_ts, &b->child.local_ts) &&
                any_overlap(&a->child.remote_ts, &b->child.remote_ts)) {
                say(at, GRADE_WARNING, b->line,
                    "child %s: its selectors overlap those of child %s (line %u): packets of both "
                    "go into %s",
                    b->name, a->name, a->line, a->name);
            }
        }
    }
}

/* ---- Children and sites -----------------------------------------------------------------------
 */

static void check_lifetime_of(const struct checking *at, const struct config_child *child)
{
    const struct ipsec_lifetime *life = &child->child.lifetime;
    if (life->hard_ms != 0 && life->hard_ms < 300000) {
        say(at, GRADE_NOTE, child->line, "child %s: a lifetime below 5 minutes rekeys very often",
            child->name);
    }
    if (life->bytes_soft != 0 && life->bytes_hard == 0) {
        say(at, GRADE_NOTE, child->line,
            "child %s: soft_bytes without hard_bytes: after it the SA goes on if rekeying fails",
            child->name);
    }
    if (life->packets_hard > UINT32_MAX) {
        say(at, GRADE_NOTE, child->line,
            "child %s: without ESN (esp = ...-esn) an SA ends at 4294967295 packets anyway",
            child->name);
    }
}

static void check_padding_of(const struct checking *at, const struct config_child *child)
{
    const struct ipsec_child_config *c = &child->child;
    if (c->tfc == IPSEC_TFC_MTU && c->mtu == 0) {
        say(at, GRADE_NOTE, child->line,
            "child %s: tfc = mtu without mtu: nothing is padded until the path tells its MTU",
            child->name);
    }
}

/* RFC 4555 1.2: MOBIKE is for tunnels. */
static void check_host(const struct checking *at, const struct config_site *site,
                       const struct config_child *child)
{
    const struct ipsec_child_config *c = &child->child;
    if (!site->peer.no_mobike) {
        say(at, GRADE_NOTE, child->line,
            "child %s: transport mode is between two addresses, so MOBIKE is not offered to site "
            "%s: a new address needs a new connection",
            child->name, site->name);
    }
    if (c->headers.df != IPSEC_DF_CLEAR || c->headers.dscp != IPSEC_DSCP_COPY ||
        c->headers.ecn_compatible || c->fragment_after) {
        say(at, GRADE_NOTE, child->line,
            "child %s: in transport mode packets keep their own headers, and are cut when they are "
            "sealed: df, dscp, ecn and fragment do nothing",
            child->name);
    }
    if (site->remote_any) {
        say(at, GRADE_WARNING, child->line,
            "child %s: transport mode with remote = any: whoever proves to be site %s may be any "
            "address of remote_ts; no route is set",
            child->name, site->name);
    }
}

static bool has_family(const struct ipsec_selectors *side, uint8_t family)
{
    for (uint32_t i = 0; i < side->count; i++) {
        if (side->item[i].family == family) {
            return true;
        }
    }
    return false;
}

static void check_own(const struct checking *at, const struct config_child *child,
                      const struct ipsec_addr *own)
{
    const struct ipsec_child_config *c = &child->child;
    if (has_family(&c->local_ts, own->family) && !c->local_dynamic && !config_is_host(c) &&
        !holds_address(&c->local_ts, own)) {
        char text[IPSEC_ADDR_TEXT_MAX];
        ipsec_addr_text(own, text, sizeof(text));
        say(at, GRADE_NOTE, child->line,
            "child %s: local_ts does not hold tun_address %s: what this machine itself sends is "
            "not "
            "for this child",
            child->name, text);
    }
}

static void check_child(const struct checking *at, const struct config_child *child)
{
    const struct config_site *site = config_find_site(at->config, child->site);
    const struct ipsec_child_config *c = &child->child;
    check_proposals(at, child->esp_line != 0 ? child->esp_line : child->line, "esp", &child->esp);
    if (!has_group(&child->esp)) {
        say(at, GRADE_WARNING, child->esp_line != 0 ? child->esp_line : child->line,
            "child %s: no Diffie-Hellman group in esp, so rekeying has no PFS: whoever learns the "
            "IKE SA's keys reads all traffic; add one, e.g. aes256-sha256-modp2048, on both boxes",
            child->name);
    }
    if (any_overlap(&c->local_ts, &c->remote_ts)) {
        say(at, GRADE_WARNING, child->line,
            "child %s: local_ts and remote_ts overlap: which side is an address on?", child->name);
    }
    if (site != NULL && config_is_host(c)) {
        check_host(at, site, child);
    } else if (site != NULL && holds_address(&c->remote_ts, &site->peer.remote.addr)) {
        say(at, GRADE_WARNING, child->line,
            "child %s: remote_ts holds the peer's own address: with a route into the tunnel, the "
            "tunnel's packets would go into the tunnel; routes for it are not set",
            child->name);
    }
    check_own(at, child, &at->config->gateway.tun_address);
    check_own(at, child, &at->config->gateway.tun_address6);
    if (has_family(&c->remote_ts, IPSEC_FAMILY_IPV6) && at->config->gateway.mtu < IPV6_MTU_MIN) {
        say(at, GRADE_WARNING, child->line,
            "child %s: the device carries no IPv6, as its mtu is less than %u", child->name,
            IPV6_MTU_MIN);
    }
    check_lifetime_of(at, child);
    check_padding_of(at, child);
}

static void check_secret(const struct checking *at, const struct config_site *site)
{
    if (config_site_uses(site, IPSEC_AUTH_PSK) && site->secret.length < 20) {
        say(at, GRADE_WARNING, site->secret_line,
            "site %s: the secret has only %zu octets: whoever plays the peer once can try words at "
            "leisure; `openssl rand -base64 32` makes a good one",
            site->name, site->secret.length);
    }
}

static void check_eap(const struct checking *at, const struct config_site *site)
{
    const uint32_t line = site->eap.line != 0 ? site->eap.line : site->line;

    if (site->peer.local_auth == IPSEC_AUTH_EAP && site->peer.remote_auth == IPSEC_AUTH_EAP) {
        say(at, GRADE_WARNING, line,
            "site %s: EAP on both sides: whoever answers in the server's place sees what takes one "
            "DES key to turn into the password; let the server show a certificate (on the server "
            "local_auth = certificate, here remote_auth = certificate)",
            site->name);
    }
    if (site->eap.any_id) {
        say(at, GRADE_WARNING, line,
            "site %s: eap_any_id: every user in eap_users_file%s may have the identity of another "
            "in "
            "IKE; eap_ids_file ties a user to one",
            site->name, site->eap.ids_file[0] != '\0' ? " who is not in eap_ids_file" : "");
    }
}

/* With EAP the users are who may call, each by its own name. */
static void check_identity(const struct checking *at, const struct config_site *site)
{
    if (site->peer.remote_id.type != IPSEC_ID_NONE || site->peer.remote_auth == IPSEC_AUTH_EAP) {
        return;
    }
    if (site->remote_any) {
        say(at, GRADE_WARNING, site->line,
            "site %s: remote = any and no remote_id: everybody who has the secret is this site",
            site->name);
    } else {
        say(at, GRADE_NOTE, site->line,
            "site %s: no remote_id: the peer may use any identity with this secret", site->name);
    }
}

#define IKE_LIFETIME_MS 3600000u
#define REAUTH_SHORT_MS 300000u
#define REAUTH_LONG_MS  (7 * 86400000ull)

static void check_reauth(const struct checking *at, const struct config_site *site)
{
    const uint64_t reauth = site->peer.reauth_ms;
    const uint64_t hard = site->peer.lifetime.hard_ms;
    const uint32_t line = site->reauth_line;
    if (reauth == 0) {
        return;
    }
    if (reauth < REAUTH_SHORT_MS) {
        say(at, GRADE_NOTE, line,
            "site %s: a reauth_time below 5 minutes sets up the tunnel anew very often",
            site->name);
    } else if (reauth > REAUTH_LONG_MS) {
        say(at, GRADE_NOTE, line,
            "site %s: a reauth_time of more than a week: whose certificate is revoked, or whose "
            "password is taken away, keeps the tunnel that long",
            site->name);
    }
    if (reauth <= (hard != 0 ? hard : IKE_LIFETIME_MS)) {
        say(at, GRADE_NOTE, line,
            "site %s: reauth_time is not above ike_lifetime: the IKE SA is set up anew before it "
            "would be rekeyed, so ike_lifetime does nothing",
            site->name);
    }
}

static void check_site(const struct checking *at, const struct config_site *site)
{
    const struct config_gateway *gateway = &at->config->gateway;
    check_proposals(at, site->ike_line != 0 ? site->ike_line : site->line, "ike", &site->ike);
    check_secret(at, site);
    check_eap(at, site);
    check_identity(at, site);
    check_reauth(at, site);
    if (site->peer.liveness_ms == IPSEC_LIVENESS_OFF) {
        say(at, GRADE_NOTE, site->line,
            "site %s: liveness = off: a peer that vanished is noticed at the next rekey only",
            site->name);
    }
    if (gateway->ike_port != 500 && !site->remote_any) {
        say(at, GRADE_NOTE, at->config->gateway_line,
            "ike_port = %u: the other box must be told this port (500 is what it expects)",
            gateway->ike_port);
    }
    say(at, GRADE_NOTE, site->line,
        "site %s: lifetimes are local in IKEv2: the two boxes need not agree, and a difference is "
        "never why a tunnel does not come up",
        site->name);
}

static bool same_answers(const struct config_site *a, const struct config_site *b)
{
    const bool both = a->role != ROLE_INITIATOR && b->role != ROLE_INITIATOR;
    const bool address = (a->remote_any && b->remote_any) ||
                         ipsec_addr_equal(&a->peer.remote.addr, &b->peer.remote.addr);
    return both && address;
}

static void check_site_pairs(const struct checking *at)
{
    const struct config *config = at->config;
    for (size_t i = 0; i < config->site_count; i++) {
        for (size_t j = i + 1; j < config->site_count; j++) {
            const struct config_site *a = &config->site[i];
            const struct config_site *b = &config->site[j];
            if (same_answers(a, b) && strcmp(a->ike_text, b->ike_text) != 0) {
                say(at, GRADE_WARNING, b->line,
                    "site %s: has the same remote as site %s: the first message does not say who "
                    "calls, so the proposals of %s decide for both",
                    b->name, a->name, a->name);
            }
        }
    }
}

void check_config(const struct config *config, const struct ipsec_crypto_list *crypto, FILE *out,
                  struct check_counts *counts)
{
    *counts = (struct check_counts){0};
    const struct checking at = {.config = config, .crypto = crypto, .out = out, .counts = counts};
    for (size_t i = 0; i < config->site_count; i++) {
        check_site(&at, &config->site[i]);
    }
    for (size_t i = 0; i < config->child_count; i++) {
        check_child(&at, &config->child[i]);
    }
    check_pairs(&at);
    check_site_pairs(&at);
}
