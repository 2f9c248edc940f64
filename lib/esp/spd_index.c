/* SPDX-License-Identifier: Apache-2.0
 *
 * The order over policies as a tuple space: policies whose ranges are of the same kind form a tuple
 * (as many leading bits of either address, the protocol and the ports named or not), each policy is
 * filed under a hash of just those bits, and a lookup asks every tuple once. See spd_rule.h.
 *
 * Why this one. A bit vector over range ends takes memory, and a change time, that grow with the
 * square of the policies; a decision tree has to be built anew for a change, while SAs with
 * addresses of their own change policies all the time, and can copy a policy into many leaves. Here
 * a policy is filed once, adding and removing touch one chain, and a lookup costs what there are
 * tuples: one or two for any number of networks of equal size.
 *
 * A range that is no prefix is filed under the shortest prefix that holds it. It then contains the
 * middle of that prefix; so policies that meet in one chain overlap one another (or met by chance
 * of the hash), and ranges that do not overlap never make a chain long, however they lie. Chains
 * and tuples are in the order of the policies: a search ends as soon as what is left stands behind
 * what was found.
 *
 * The hash is without key: whom the chains hold is decided by policies, not by packets.
 */
#include "flow_cache.h"
#include "spd_rule.h"

/* A policy that would need one more is filed in a coarser tuple of those that are there. The first
 * ones, of no bits at all, hold what fits no other. */
#define TUPLES_MAX  64u
#define TUPLES_ROOT (2u * IPSECI_SPD_PURPOSES)
#define TUPLE_NONE  UINT8_MAX
/* Above the place of its first policy a chain has a mark for each hash that is in it, so that most
 * that is not there is not looked for. */
#define PLACE_BITS   21u
#define PLACE_MASK   ((UINT32_C(1) << PLACE_BITS) - 1)
#define MARKS        (32u - PLACE_BITS)
#define WORDS        4u /* local and remote address, two each; an IPv4 address fills half of one */
#define ADDRESS_BITS 128u

/* What is named by a key besides addresses. */
#define NAMES_PROTOCOL    1u
#define NAMES_LOCAL_PORT  2u
#define NAMES_REMOTE_PORT 4u

_Static_assert(IPSECI_POOL_MAX <= PLACE_MASK, "a place is an index plus one");

struct shape {
    uint8_t purpose; /* enum ipseci_spd_purpose */
    uint8_t family;
    uint8_t local_bits;
    uint8_t remote_bits;
    uint8_t names;
};

struct tuple {
    uint64_t mask[WORDS];
    uint64_t age; /* no policy of it stands before these two */
    int32_t priority;
    uint32_t count; /* policies filed in it; 0: not in use */
    struct shape shape;
};

struct ipseci_spd_order {
    struct ipseci_rule *rules;
    struct tuple *tuple;
    struct chains {
        uint32_t *first; /* by hash: place of a policy, as in struct ipseci_rule, and marks */
        uint32_t mask;
    } chains[IPSECI_SPD_PURPOSES];
    uint32_t tuple_max;
    uint32_t used; /* of sorted */
    uint8_t sorted[TUPLES_MAX];
    struct ipseci_flow_cache flows; /* answers: places, as in struct ipseci_rule; 0: none */
};

/* What a search compares: of a packet, or of a policy that is filed. */
struct point {
    uint64_t word[WORDS];
    uint16_t local_port;
    uint16_t remote_port;
    uint8_t protocol;
};

/* At least so many, a power of two. */
static void lay_out_chains(struct chains *chains, struct ipseci_arena *arena, uint32_t wanted)
{
    uint32_t count = 2;
    while (count < wanted) {
        count *= 2;
    }
    chains->first = IPSECI_ARENA_NEW(arena, count, uint32_t);
    chains->mask = count - 1;
}

enum ipsec_status ipseci_spd_order_check(const struct ipsec_spd_config *c)
{
    return ipseci_flow_cache_check(c);
}

enum ipsec_status ipseci_spd_order_init(struct ipseci_spd_order *order,
                                        const struct ipsec_spd_config *c)
{
    return ipseci_flow_cache_init(&order->flows, &c->crypto);
}

struct ipseci_spd_order *ipseci_spd_order_layout(struct ipseci_arena *arena,
                                                 struct ipseci_rule *rules,
                                                 const struct ipsec_spd_config *c)
{
    const uint32_t rule_max = c->entry_max;
    struct ipseci_spd_order measured;
    struct ipseci_spd_order *order = IPSECI_ARENA_NEW(arena, 1, struct ipseci_spd_order);
    struct ipseci_spd_order *to = order != NULL ? order : &measured;
    to->rules = rules;
    to->tuple_max =
        rule_max < (TUPLES_MAX - TUPLES_ROOT) / 2 ? TUPLES_ROOT + 2 * rule_max : TUPLES_MAX;
    to->tuple = IPSECI_ARENA_NEW(arena, to->tuple_max, struct tuple);
    lay_out_chains(&to->chains[IPSECI_SPD_MATCH], arena, rule_max);
    /* Only fragments come here, and only where certain ports are named. */
    lay_out_chains(&to->chains[IPSECI_SPD_GUARD], arena, rule_max / 4);
    ipseci_flow_cache_layout(&to->flows, arena, c->flow_max);
    for (uint32_t i = 0; i < TUPLES_ROOT && to->tuple != NULL; i++) {
        to->tuple[i].shape.purpose = (uint8_t)(i / 2);
        to->tuple[i].shape.family = i % 2 == 0 ? IPSEC_FAMILY_IPV4 : IPSEC_FAMILY_IPV6;
    }
    return order;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

static void load_address(uint64_t word[2], uint8_t family, const uint8_t *address)
{
    if (family == IPSEC_FAMILY_IPV4) {
        word[0] = (uint64_t)ipseci_load32(address) << 32;
        word[1] = 0;
    } else {
        word[0] = ipseci_load64(address);
        word[1] = ipseci_load64(address + 8);
    }
}

static uint64_t mix(uint64_t state, uint64_t word)
{
    const uint64_t product = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return product ^ product >> 32;
}

static uint64_t hash_of(const struct ipseci_spd_order *order, const struct tuple *t,
                        const struct point *p)
{
    const uint8_t names = t->shape.names;
    uint64_t rest = (uint64_t)(t - order->tuple) << 40;
    rest |= (names & NAMES_PROTOCOL) != 0 ? (uint64_t)p->protocol << 32 : 0;
    rest |= (names & NAMES_LOCAL_PORT) != 0 ? (uint64_t)p->local_port << 16 : 0;
    rest |= (names & NAMES_REMOTE_PORT) != 0 ? p->remote_port : 0u;
    uint64_t h = mix(mix(rest, p->word[0] & t->mask[0]), p->word[2] & t->mask[2]);
    if (t->shape.family == IPSEC_FAMILY_IPV6) {
        h = mix(mix(h, p->word[1] & t->mask[1]), p->word[3] & t->mask[3]);
    }
    return mix(h, 0);
}

static uint32_t *chain_at(const struct ipseci_spd_order *order, uint8_t purpose, uint64_t hash)
{
    const struct chains *chains = &order->chains[purpose];
    return &chains->first[(uint32_t)hash & chains->mask];
}

static uint32_t mark_of(uint64_t hash)
{
    return UINT32_C(1) << (PLACE_BITS + (uint32_t)(hash >> 32) % MARKS);
}

/* ---- Search ---------------------------------------------------------------------------------- */

static bool is_before(const struct ipseci_rule *rule, int32_t priority, uint64_t age)
{
    return rule->priority < priority || (rule->priority == priority && rule->age < age);
}

static struct point point_of(const struct ipseci_flow *flow, bool outbound)
{
    struct point p = {.protocol = flow->protocol};
    load_address(p.word, flow->family, outbound ? flow->src : flow->dst);
    load_address(p.word + 2, flow->family, outbound ? flow->dst : flow->src);
    p.local_port = outbound ? flow->src_port : flow->dst_port;
    p.remote_port = outbound ? flow->dst_port : flow->src_port;
    return p;
}

/* What is looked for. */
struct query {
    const struct ipseci_flow *flow;
    bool outbound;
    uint8_t purpose; /* enum ipseci_spd_purpose */
};

static bool is_match(const struct ipseci_rule *rule, const struct query *q)
{
    return q->purpose == IPSECI_SPD_MATCH ? ipseci_rule_matches(rule, q->flow, q->outbound)
                                          : ipseci_rule_covers(rule, q->flow, q->outbound);
}

/* The first of a chain that matches, when it stands before `best` (NULL: behind all). */
static const struct ipseci_rule *search_chain(const struct ipseci_rule *rules, uint32_t place,
                                              const struct query *q, const struct ipseci_rule *best)
{
    while (place != 0) {
        const struct ipseci_rule *rule = &rules[place - 1];
        if (best != NULL && is_before(best, rule->priority, rule->age)) {
            return NULL;
        }
        if (is_match(rule, q)) {
            return rule;
        }
        place = rule->next[q->purpose];
    }
    return NULL;
}

static bool may_hold(const struct tuple *t, const struct query *q)
{
    const uint8_t ports = NAMES_LOCAL_PORT | NAMES_REMOTE_PORT;
    return t->shape.purpose == q->purpose && t->shape.family == q->flow->family &&
           (q->flow->has_ports || (t->shape.names & ports) == 0);
}

/* The first rule before `best` (NULL: of all); `best` when there is none. */
static const struct ipseci_rule *search(const struct ipseci_spd_order *order, const struct query *q,
                                        const struct ipseci_rule *best)
{
    const struct point p = point_of(q->flow, q->outbound);
    for (uint32_t i = 0; i < order->used; i++) {
        const struct tuple *t = &order->tuple[order->sorted[i]];
        if (best != NULL && is_before(best, t->priority, t->age)) {
            break;
        }
        if (!may_hold(t, q)) {
            continue;
        }
        const uint64_t hash = hash_of(order, t, &p);
        const uint32_t chain = *chain_at(order, q->purpose, hash);
        if ((chain & mark_of(hash)) != 0) {
            const struct ipseci_rule *rule =
                search_chain(order->rules, chain & PLACE_MASK, q, best);
            best = rule != NULL ? rule : best;
        }
    }
    return best;
}

const struct ipseci_rule *ipseci_spd_order_first(struct ipseci_spd_order *order,
                                                 const struct ipseci_flow *flow, bool outbound)
{
    const struct query q = {flow, outbound, IPSECI_SPD_MATCH};
    struct ipseci_flow_key key;
    uint32_t place;
    if (order->flows.entry == NULL || flow->fragment_not_first) {
        return search(order, &q, NULL);
    }
    if (ipseci_flow_cache_find(&order->flows, flow, outbound, &key, &place)) {
        return place == 0 ? NULL : &order->rules[place - 1];
    }
    const struct ipseci_rule *rule = search(order, &q, NULL);
    place = rule == NULL ? 0 : (uint32_t)(rule - order->rules) + 1;
    ipseci_flow_cache_store(&order->flows, &key, place);
    return rule;
}

void ipseci_spd_order_stats(const struct ipseci_spd_order *order, struct ipsec_spd_stats *out)
{
    *out = order->flows.stats;
}

const struct ipseci_rule *ipseci_spd_order_guard(const struct ipseci_spd_order *order,
                                                 const struct ipseci_rule *found,
                                                 const struct ipseci_flow *flow, bool outbound)
{
    const struct query q = {flow, outbound, IPSECI_SPD_GUARD};
    const struct ipseci_rule *rule = search(order, &q, found);
    return rule != found ? rule : NULL;
}

/* ---- Tuples ---------------------------------------------------------------------------------- */

/* Leading bits that the two ends of a range share. */
static uint8_t common_bits(const struct ipsec_selector *s)
{
    const uint32_t all = s->family == IPSEC_FAMILY_IPV4 ? 32u : ADDRESS_BITS;
    uint32_t bits = 0;
    while (bits < all && s->first[bits / 8] == s->last[bits / 8]) {
        bits += 8;
    }
    if (bits < all) {
        for (unsigned differ = s->first[bits / 8] ^ s->last[bits / 8]; differ < 0x80;
             differ <<= 1) {
            bits++;
        }
    }
    return (uint8_t)bits;
}

static struct shape shape_of(const struct ipseci_rule *rule, enum ipseci_spd_purpose purpose)
{
    struct shape shape = {(uint8_t)purpose, rule->local.family, common_bits(&rule->local),
                          common_bits(&rule->remote), 0};
    /* Two that differ match nothing, wherever they are filed. */
    shape.names |= rule->local.protocol != 0 && rule->local.protocol == rule->remote.protocol
                       ? NAMES_PROTOCOL
                       : 0;
    if (purpose == IPSECI_SPD_MATCH) {
        shape.names |= rule->local.port_first == rule->local.port_last ? NAMES_LOCAL_PORT : 0;
        shape.names |= rule->remote.port_first == rule->remote.port_last ? NAMES_REMOTE_PORT : 0;
    }
    return shape;
}

static uint64_t mask_word(uint32_t bits)
{
    return bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
}

static void set_masks(struct tuple *t)
{
    const uint32_t local = t->shape.local_bits;
    const uint32_t remote = t->shape.remote_bits;
    t->mask[0] = mask_word(local);
    t->mask[1] = mask_word(local > 64 ? local - 64 : 0);
    t->mask[2] = mask_word(remote);
    t->mask[3] = mask_word(remote > 64 ? remote - 64 : 0);
}

/* How much of a policy's shape a tuple looks at; -1: it can not hold it. */
static int fit(const struct shape *t, const struct shape *wanted)
{
    if (t->purpose != wanted->purpose || t->family != wanted->family ||
        t->local_bits > wanted->local_bits || t->remote_bits > wanted->remote_bits ||
        (t->names & ~wanted->names) != 0) {
        return -1;
    }
    return t->local_bits + t->remote_bits + 8 * t->names;
}

static bool is_shape(const struct shape *a, const struct shape *b)
{
    return fit(a, b) >= 0 && fit(b, a) >= 0;
}

/* A tuple of this shape, a new one when there is room, or the one that fits best. */
static uint32_t choose(const struct ipseci_spd_order *order, const struct shape *wanted)
{
    uint32_t unused = TUPLE_NONE;
    uint32_t best = (uint32_t)wanted->purpose * 2 + (wanted->family == IPSEC_FAMILY_IPV6);
    for (uint32_t i = 0; i < order->tuple_max; i++) {
        const struct tuple *t = &order->tuple[i];
        if (t->count == 0 && i >= TUPLES_ROOT) {
            unused = i;
        } else if (is_shape(&t->shape, wanted)) {
            return i;
        } else if (fit(&t->shape, wanted) > fit(&order->tuple[best].shape, wanted)) {
            best = i;
        }
    }
    return unused != TUPLE_NONE ? unused : best;
}

static void open_tuple(struct ipseci_spd_order *order, uint32_t at, const struct shape *shape)
{
    struct tuple *t = &order->tuple[at];
    if (at >= TUPLES_ROOT) {
        t->shape = *shape;
        set_masks(t);
    }
    t->priority = INT32_MAX;
    t->age = UINT64_MAX;
    order->sorted[order->used++] = (uint8_t)at;
}

static uint32_t place_of(const struct ipseci_spd_order *order, uint32_t at)
{
    uint32_t i = 0;
    while (order->sorted[i] != at) {
        i++;
    }
    return i;
}

/* The rule is in the tuple: it moves forward in the order of tuples when that is before all others
 * of it. It does not move back when a rule goes: that costs a search nothing but time. */
static void advance(struct ipseci_spd_order *order, uint32_t at, const struct ipseci_rule *rule)
{
    struct tuple *t = &order->tuple[at];
    if (!is_before(rule, t->priority, t->age)) {
        return;
    }
    t->priority = rule->priority;
    t->age = rule->age;
    uint32_t i = place_of(order, at);
    for (; i > 0; i--) {
        const struct tuple *other = &order->tuple[order->sorted[i - 1]];
        if (!is_before(rule, other->priority, other->age)) {
            break;
        }
        order->sorted[i] = order->sorted[i - 1];
    }
    order->sorted[i] = (uint8_t)at;
}

static void close_tuple(struct ipseci_spd_order *order, uint32_t at)
{
    order->used--;
    for (uint32_t i = place_of(order, at); i < order->used; i++) {
        order->sorted[i] = order->sorted[i + 1];
    }
}

/* ---- Filing ---------------------------------------------------------------------------------- */

static uint64_t hash_for(const struct ipseci_spd_order *order, const struct ipseci_rule *rule,
                         enum ipseci_spd_purpose purpose)
{
    struct point p = {.protocol = rule->local.protocol};
    load_address(p.word, rule->local.family, rule->local.first);
    load_address(p.word + 2, rule->remote.family, rule->remote.first);
    p.local_port = rule->local.port_first;
    p.remote_port = rule->remote.port_first;
    return hash_of(order, &order->tuple[rule->tuple[purpose]], &p);
}

static void file(struct ipseci_spd_order *order, struct ipseci_rule *rule,
                 enum ipseci_spd_purpose purpose)
{
    const struct shape shape = shape_of(rule, purpose);
    const uint32_t at = choose(order, &shape);
    if (order->tuple[at].count++ == 0) {
        open_tuple(order, at, &shape);
    }
    advance(order, at, rule);
    rule->tuple[purpose] = (uint8_t)at;
    const uint64_t hash = hash_for(order, rule, purpose);
    uint32_t *chain = chain_at(order, (uint8_t)purpose, hash);
    uint32_t first = *chain & PLACE_MASK;
    uint32_t *link = &first;
    while (*link != 0 && is_before(&order->rules[*link - 1], rule->priority, rule->age)) {
        link = &order->rules[*link - 1].next[purpose];
    }
    rule->next[purpose] = *link;
    *link = (uint32_t)(rule - order->rules) + 1;
    *chain = (*chain & ~PLACE_MASK) | mark_of(hash) | first;
}

static void unfile(struct ipseci_spd_order *order, const struct ipseci_rule *rule,
                   enum ipseci_spd_purpose purpose)
{
    const uint32_t at = rule->tuple[purpose];
    uint32_t *chain = chain_at(order, (uint8_t)purpose, hash_for(order, rule, purpose));
    uint32_t first = *chain & PLACE_MASK;
    uint32_t *link = &first;
    while (&order->rules[*link - 1] != rule) {
        link = &order->rules[*link - 1].next[purpose];
    }
    *link = rule->next[purpose];
    uint32_t marks = 0; /* of those that stay */
    for (uint32_t place = first; place != 0; place = order->rules[place - 1].next[purpose]) {
        marks |= mark_of(hash_for(order, &order->rules[place - 1], purpose));
    }
    *chain = marks | first;
    if (--order->tuple[at].count == 0) {
        close_tuple(order, at);
    }
}

/* A rule without certain ports is found by its first purpose for a fragment as well. */
static bool is_guard(const struct ipseci_rule *rule)
{
    return rule->action != IPSEC_SPD_BYPASS &&
           (ipseci_selector_has_ports(&rule->local) || ipseci_selector_has_ports(&rule->remote));
}

void ipseci_spd_order_insert(struct ipseci_spd_order *order, struct ipseci_rule *rule)
{
    ipseci_flow_cache_forget(&order->flows);
    file(order, rule, IPSECI_SPD_MATCH);
    if (is_guard(rule)) {
        file(order, rule, IPSECI_SPD_GUARD);
    }
}

void ipseci_spd_order_remove(struct ipseci_spd_order *order, struct ipseci_rule *rule)
{
    ipseci_flow_cache_forget(&order->flows);
    unfile(order, rule, IPSECI_SPD_MATCH);
    if (is_guard(rule)) {
        unfile(order, rule, IPSECI_SPD_GUARD);
    }
}
