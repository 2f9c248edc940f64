/* SPDX-License-Identifier: Apache-2.0
 *
 * Inner addresses: see address_config.h.
 */
#include "address_config.h"

#include "cp_payload.h"
#include "engine.h"
#include "narrow.h"

#include <string.h>

/* ---- selectors ---------------------------------------------------------------------------------
 */

static const struct ipseci_lease *lease_of(const struct ipseci_context *ctx,
                                           const struct ipseci_step *step)
{
    return (step->actions & IPSECI_ACT_LEASE) != 0 ? &step->lease : &ctx->sa->lease;
}

static void add_range(struct ipsec_selectors *list, uint8_t family, const uint8_t *first,
                      const uint8_t *last)
{
    struct ipsec_selector *s = &list->item[list->count];
    const size_t octets = family == IPSEC_FAMILY_IPV4 ? 4 : 16;

    memset(s, 0, sizeof(*s));
    s->family = family;
    s->port_last = UINT16_MAX;
    memcpy(s->first, first, octets);
    memcpy(s->last, last, octets);
    list->count++;
}

/* The leased addresses, within what the configuration allows (protocols, ports, ranges). */
static bool leased(const struct ipseci_lease *lease, const struct ipsec_selectors *within,
                   struct ipsec_selectors *out)
{
    struct ipsec_selectors list = {0};

    if (lease->has_ipv4) {
        add_range(&list, IPSEC_FAMILY_IPV4, lease->ipv4, lease->ipv4);
    }
    if (lease->has_ipv6) {
        add_range(&list, IPSEC_FAMILY_IPV6, lease->ipv6, lease->ipv6);
    }
    if (within->count == 0) {
        *out = list;
        return list.count > 0;
    }
    return ipseci_ts_narrow(within, &list, out) == IPSEC_OK;
}

/* Before the address is known everything is offered, for the responder to narrow (RFC 7296 2.19).
 */
static void any_of(uint32_t wishes, struct ipsec_selectors *out)
{
    static const uint8_t zeros[16];
    uint8_t ones[16];

    memset(ones, 0xff, sizeof(ones));
    memset(out, 0, sizeof(*out));
    if ((wishes & IPSEC_CONFIG_IPV4) != 0) {
        add_range(out, IPSEC_FAMILY_IPV4, zeros, ones);
    }
    if ((wishes & IPSEC_CONFIG_IPV6) != 0) {
        add_range(out, IPSEC_FAMILY_IPV6, zeros, ones);
    }
}

bool ipseci_child_sides(const struct ipseci_context *ctx, const struct ipseci_step *step,
                        const struct ipsec_child_config *config, struct ipseci_child_sides *out)
{
    const struct ipseci_lease *lease = lease_of(ctx, step);
    const bool asking = ctx->sa->initiator && ctx->in == NULL &&
                        ctx->sa->state < IPSECI_IKE_ESTABLISHED; /* our IKE_AUTH */

    out->local = config->local_ts;
    out->remote = config->remote_ts;
    if (config->local_dynamic && asking) {
        if (config->local_ts.count == 0) {
            any_of(ctx->sa->peer->request_config, &out->local);
        }
    } else if (config->local_dynamic && !leased(lease, &config->local_ts, &out->local)) {
        return false;
    }
    return !config->remote_dynamic || leased(lease, &config->remote_ts, &out->remote);
}

/* ---- what may be an address --------------------------------------------------------------------
 */

static bool usable(uint8_t family, const uint8_t *octets)
{
    static const uint8_t loopback[16] = {[15] = 1};
    static const uint8_t zeros[16];

    if (family == IPSEC_FAMILY_IPV4) {
        return octets[0] != 0 && octets[0] != 127 && octets[0] < 224;
    }
    return octets[0] != 0xff && memcmp(octets, zeros, 16) != 0 && memcmp(octets, loopback, 16) != 0;
}

/* False: not one. */
static bool read_addr(uint8_t family, struct ipsec_view value, struct ipsec_addr *out)
{
    const size_t octets = family == IPSEC_FAMILY_IPV4 ? 4 : 16;

    if (value.length < octets || !usable(family, value.data)) {
        return false;
    }
    memset(out, 0, sizeof(*out));
    out->family = family;
    memcpy(out->bytes, value.data, octets);
    return true;
}

/* Bits of a netmask; 0: it has a hole, or is none. */
static uint8_t mask_bits(const uint8_t *octets)
{
    const uint32_t mask = ipseci_load32(octets);
    uint8_t bits = 0;

    while (bits < 32 && (mask & 0x80000000u >> bits) != 0) {
        bits++;
    }
    return bits < 32 && (mask & UINT32_MAX >> bits) != 0 ? 0 : bits;
}

/* ---- initiator ---------------------------------------------------------------------------------
 */

struct wish {
    uint16_t type;
    uint8_t wish;   /* enum ipsec_config_wish */
    uint8_t family; /* asked for when this family's address is, or none at all */
};

static const struct wish wishes[] = {
    {IPSECI_CP_INTERNAL_IP4_ADDRESS, IPSEC_CONFIG_IPV4, IPSEC_CONFIG_IPV4},
    {IPSECI_CP_INTERNAL_IP4_NETMASK, IPSEC_CONFIG_IPV4, IPSEC_CONFIG_IPV4},
    {IPSECI_CP_INTERNAL_IP6_ADDRESS, IPSEC_CONFIG_IPV6, IPSEC_CONFIG_IPV6},
    {IPSECI_CP_INTERNAL_IP4_DNS, IPSEC_CONFIG_DNS, IPSEC_CONFIG_IPV4},
    {IPSECI_CP_INTERNAL_IP6_DNS, IPSEC_CONFIG_DNS, IPSEC_CONFIG_IPV6},
    {IPSECI_CP_INTERNAL_IP4_SUBNET, IPSEC_CONFIG_SUBNETS, IPSEC_CONFIG_IPV4},
    {IPSECI_CP_INTERNAL_IP6_SUBNET, IPSEC_CONFIG_SUBNETS, IPSEC_CONFIG_IPV6},
};

static const struct ipseci_lease no_lease;

/* RFC 7296 3.15.1: an address that is wanted again (2.19: "the initiator may suggest"). */
static void ask_for(struct ipseci_step *step, uint16_t type, const struct ipseci_lease *held)
{
    uint8_t ipv6[17];
    struct ipsec_view value = {NULL, 0};

    if (type == IPSECI_CP_INTERNAL_IP4_ADDRESS && held->has_ipv4) {
        value = ipseci_view(held->ipv4, sizeof(held->ipv4));
    } else if (type == IPSECI_CP_INTERNAL_IP6_ADDRESS && held->has_ipv6) {
        memcpy(ipv6, held->ipv6, sizeof(held->ipv6));
        ipv6[16] = 128;
        value = ipseci_view(ipv6, sizeof(ipv6));
    }
    ipseci_cp_build_attribute(&step->w, type, value);
}

void ipseci_config_ask(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const uint32_t asked = ctx->sa->peer->request_config;
    const struct ipseci_ike_sa *elder = ipseci_sa_get(ctx->ike, ctx->sa->elder);
    const struct ipseci_lease *held = elder != NULL ? &elder->lease : &no_lease;
    const uint32_t families = asked & (IPSEC_CONFIG_IPV4 | IPSEC_CONFIG_IPV6);

    if (asked == 0) {
        return;
    }
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_CP);
    ipseci_cp_build(&step->w, IPSECI_CP_REQUEST);
    for (size_t i = 0; i < IPSECI_COUNT(wishes); i++) {
        if ((asked & wishes[i].wish) != 0 &&
            (families == 0 || (families & wishes[i].family) != 0)) {
            ask_for(step, wishes[i].type, held);
        }
    }
    ipseci_payload_end(&step->chain);
}

static void take_dns(struct ipsec_config_set *set, uint8_t family, struct ipsec_view value)
{
    if (set->dns_count < IPSEC_CONFIG_DNS_MAX &&
        read_addr(family, value, &set->dns[set->dns_count])) {
        set->dns_count++;
    }
}

static void take_subnet(struct ipsec_config_set *set, uint8_t family, struct ipsec_view value)
{
    const bool v4 = family == IPSEC_FAMILY_IPV4;
    struct ipsec_prefix *to = &set->subnet[set->subnet_count];

    if (set->subnet_count == IPSEC_CONFIG_SUBNETS_MAX || value.length < (v4 ? 8u : 17u)) {
        return;
    }
    const uint8_t bits = v4 ? mask_bits(value.data + 4) : value.data[16];
    const bool whole = v4 ? bits > 0 || ipseci_load32(value.data + 4) == 0 : bits <= 128;
    if (whole) {
        memset(to, 0, sizeof(*to));
        to->addr.family = family;
        memcpy(to->addr.bytes, value.data, v4 ? 4 : 16);
        to->bits = bits;
        set->subnet_count++;
    }
}

/* RFC 7296 3.15.1: of several addresses of one family the first; what is not known or has a length
 * that it can not have is passed over (AUTH-33). */
static void take_attribute(struct ipsec_config_set *set, const struct ipseci_cp_attribute *a)
{
    const uint8_t *v = a->value.data;

    if (!a->length_valid || a->value.length == 0) {
        return;
    }
    if (a->type == IPSECI_CP_INTERNAL_IP4_ADDRESS && set->ipv4.family == IPSEC_FAMILY_NONE) {
        (void)read_addr(IPSEC_FAMILY_IPV4, a->value, &set->ipv4);
    } else if (a->type == IPSECI_CP_INTERNAL_IP4_NETMASK) {
        set->ipv4_bits = mask_bits(v);
    } else if (a->type == IPSECI_CP_INTERNAL_IP6_ADDRESS && set->ipv6.family == IPSEC_FAMILY_NONE) {
        if (read_addr(IPSEC_FAMILY_IPV6, a->value, &set->ipv6)) {
            set->ipv6_bits = v[16] <= 128 ? v[16] : 0;
        }
    } else if (a->type == IPSECI_CP_INTERNAL_IP4_DNS || a->type == IPSECI_CP_INTERNAL_IP6_DNS) {
        take_dns(set, a->type == IPSECI_CP_INTERNAL_IP4_DNS ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6,
                 a->value);
    } else if (a->type == IPSECI_CP_INTERNAL_IP4_SUBNET ||
               a->type == IPSECI_CP_INTERNAL_IP6_SUBNET) {
        take_subnet(
            set, a->type == IPSECI_CP_INTERNAL_IP4_SUBNET ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6,
            a->value);
    }
}

/* The first CP payload of this type; false: there is none that can be read. */
static bool find_cp(const struct ipseci_context *ctx, uint8_t type, struct ipseci_cp *cp)
{
    const struct ipseci_payload *p = ipseci_payload_find(&ctx->in->payloads, IPSECI_PAYLOAD_CP);

    return p != NULL && ipseci_cp_parse(p->body, cp) == IPSEC_OK && cp->type == type;
}

static void keep_lease(struct ipseci_step *step, const struct ipsec_config_set *set)
{
    struct ipseci_lease *lease = &step->lease;

    step->lease_number = set->lease;
    lease->has_ipv4 = set->ipv4.family == IPSEC_FAMILY_IPV4;
    lease->has_ipv6 = set->ipv6.family == IPSEC_FAMILY_IPV6;
    memcpy(lease->ipv4, set->ipv4.bytes, sizeof(lease->ipv4));
    memcpy(lease->ipv6, set->ipv6.bytes, sizeof(lease->ipv6));
    step->actions |= IPSECI_ACT_LEASE;
}

void ipseci_config_take(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipseci_cp_attribute attribute;
    struct ipseci_cp cp;

    if (ctx->sa->peer->request_config == 0 || !find_cp(ctx, IPSECI_CP_REPLY, &cp)) {
        return; /* none was asked for (AUTH-33), or none came (AUTH-32) */
    }
    struct ipseci_reader r = ipseci_reader_init(cp.attributes);
    while (ipseci_cp_next(&r, &attribute)) {
        take_attribute(&step->config, &attribute);
    }
    keep_lease(step, &step->config);
}

/* ---- responder ---------------------------------------------------------------------------------
 */

/* What the request wants, and the addresses it would like. */
static uint32_t read_wishes(const struct ipseci_cp *cp, struct ipsec_lease_query *query)
{
    struct ipseci_reader r = ipseci_reader_init(cp->attributes);
    struct ipseci_cp_attribute attribute;
    uint32_t wanted = 0;

    while (ipseci_cp_next(&r, &attribute)) {
        for (size_t i = 0; i < IPSECI_COUNT(wishes); i++) {
            wanted |= attribute.type == wishes[i].type ? wishes[i].wish : 0;
        }
        if (attribute.length_valid && attribute.type == IPSECI_CP_INTERNAL_IP4_ADDRESS) {
            (void)read_addr(IPSEC_FAMILY_IPV4, attribute.value, &query->ipv4);
        } else if (attribute.length_valid && attribute.type == IPSECI_CP_INTERNAL_IP6_ADDRESS) {
            (void)read_addr(IPSEC_FAMILY_IPV6, attribute.value, &query->ipv6);
        }
    }
    return wanted;
}

bool ipseci_config_lacks_lease(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    struct ipsec_lease_query *query = &step->need.lease;
    struct ipseci_cp cp;

    if (ctx->ike->config.callbacks.lease == NULL || ipseci_has(ctx, IPSECI_NEED_LEASE) ||
        !find_cp(ctx, IPSECI_CP_REQUEST, &cp)) {
        return false;
    }
    query->wanted = read_wishes(&cp, query);
    if (query->wanted == 0) {
        return false;
    }
    step->need.kind = IPSECI_NEED_LEASE;
    query->ike_sa = ctx->sa->self;
    query->peer = ctx->hs->facts.peer != NULL ? ctx->hs->facts.peer : ctx->sa->peer;
    query->remote_id = &step->remote_id;
    query->held = ipseci_lease_held(ctx->ike, query->peer, query->remote_id);
    return true;
}

static void add_addr(struct ipseci_step *step, uint16_t type, const struct ipsec_addr *addr,
                     const uint8_t *bits)
{
    const size_t octets = addr->family == IPSEC_FAMILY_IPV4 ? 4 : 16;
    uint8_t value[20];

    memcpy(value, addr->bytes, octets);
    if (bits != NULL && octets == 4) {
        ipseci_store32(value + 4, *bits == 0 ? 0 : UINT32_MAX << (32 - *bits));
    } else if (bits != NULL) {
        value[16] = *bits;
    }
    const size_t extra = bits == NULL ? 0 : octets == 4 ? 4 : 1;
    ipseci_cp_build_attribute(&step->w, type, ipseci_view(value, octets + extra));
}

static void add_addresses(struct ipseci_step *step, const struct ipsec_config_set *set)
{
    uint8_t mask[4];

    if (set->ipv4.family == IPSEC_FAMILY_IPV4) {
        add_addr(step, IPSECI_CP_INTERNAL_IP4_ADDRESS, &set->ipv4, NULL);
    }
    if (set->ipv4.family == IPSEC_FAMILY_IPV4 && set->ipv4_bits != 0) {
        ipseci_store32(mask, UINT32_MAX << (32 - set->ipv4_bits));
        ipseci_cp_build_attribute(&step->w, IPSECI_CP_INTERNAL_IP4_NETMASK,
                                  ipseci_view(mask, sizeof(mask)));
    }
    if (set->ipv6.family == IPSEC_FAMILY_IPV6) {
        add_addr(step, IPSECI_CP_INTERNAL_IP6_ADDRESS, &set->ipv6, &set->ipv6_bits);
    }
}

static void add_set(struct ipseci_step *step, const struct ipsec_config_set *set)
{
    ipseci_payload_begin(&step->chain, IPSECI_PAYLOAD_CP);
    ipseci_cp_build(&step->w, IPSECI_CP_REPLY);
    add_addresses(step, set);
    for (uint32_t i = 0; i < set->dns_count; i++) {
        const bool v4 = set->dns[i].family == IPSEC_FAMILY_IPV4;
        add_addr(step, v4 ? IPSECI_CP_INTERNAL_IP4_DNS : IPSECI_CP_INTERNAL_IP6_DNS, &set->dns[i],
                 NULL);
    }
    for (uint32_t i = 0; i < set->subnet_count; i++) {
        const bool v4 = set->subnet[i].addr.family == IPSEC_FAMILY_IPV4;
        add_addr(step, v4 ? IPSECI_CP_INTERNAL_IP4_SUBNET : IPSECI_CP_INTERNAL_IP6_SUBNET,
                 &set->subnet[i].addr, &set->subnet[i].bits);
    }
    ipseci_payload_end(&step->chain);
}

/* Whether the request asks for an address, and not only for the rest. */
static bool wants_address(const struct ipseci_context *ctx)
{
    struct ipsec_lease_query query;
    struct ipseci_cp cp;

    return find_cp(ctx, IPSECI_CP_REQUEST, &cp) &&
           (read_wishes(&cp, &query) & (IPSEC_CONFIG_IPV4 | IPSEC_CONFIG_IPV6)) != 0;
}

uint16_t ipseci_config_answer(const struct ipseci_context *ctx, struct ipseci_step *step)
{
    const struct ipseci_facts *facts = &ctx->hs->facts;

    if (!ipseci_has(ctx, IPSECI_NEED_LEASE)) {
        return 0;
    }
    const bool given = facts->lease_status == IPSEC_OK;
    if (given) {
        add_set(step, &facts->lease);
        keep_lease(step, &facts->lease);
        step->lease.given = true;
    }
    if (wants_address(ctx) && !(given && (step->lease.has_ipv4 || step->lease.has_ipv6))) {
        /* RFC 7296 3.15.4: the IKE SA stays, the child is not made (AUTH-32) */
        ipseci_step_fail(step, ctx, IPSEC_PHASE_CHILD_CREATE, IPSEC_CAUSE_RESOURCE)->status =
            facts->lease_status;
        step->failure.notify = IPSECI_NOTIFY_INTERNAL_ADDRESS_FAILURE;
        return IPSECI_NOTIFY_INTERNAL_ADDRESS_FAILURE;
    }
    return 0;
}
