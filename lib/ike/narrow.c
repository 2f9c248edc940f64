/* SPDX-License-Identifier: Apache-2.0
 *
 * Traffic selectors: reading and narrowing. Called by the exchange handlers that make a Child SA.
 * RFC 7296 2.9, 3.13; RFC 4301 4.4.1.1.
 */
#include "narrow.h"
#include "ts_payload.h"

#include <string.h>

enum ipsec_status ipseci_ts_read(struct ipsec_view ts_body, struct ipsec_selectors *out, bool *cut)
{
    struct ipseci_ts_result result = {0};
    const enum ipsec_status status = ipseci_ts_parse_list(ts_body, out, &result);

    *cut = result.truncated;
    if (status == IPSEC_OK && out->count > 0) {
        return IPSEC_OK;
    }
    memset(out, 0, sizeof(*out));
    /* TS-02, TS-06: well formed, but nothing that could be agreed on: TS_UNACCEPTABLE to the peer.
     */
    return status == IPSEC_OK || status == IPSEC_DROP_SELECTORS ? IPSEC_ERR_NOT_FOUND
                                                                : IPSEC_DROP_MALFORMED;
}

static uint32_t selector_count(const struct ipsec_selectors *list)
{
    return list->count < IPSEC_SELECTORS_MAX ? list->count : IPSEC_SELECTORS_MAX;
}

static size_t addr_bytes(uint8_t family)
{
    return family == IPSEC_FAMILY_IPV4 ? 4 : 16;
}

static bool ports_are_any(const struct ipsec_selector *s)
{
    return s->port_first == 0 && s->port_last == UINT16_MAX;
}

static bool ports_are_opaque(const struct ipsec_selector *s)
{
    return s->port_first == UINT16_MAX && s->port_last == 0;
}

/* RFC 4301 4.4.1.1: ANY holds OPAQUE; a range and OPAQUE have nothing in common. ICMP's type and
 * code are a range like any other (TS-05). */
static bool ports_meet(const struct ipsec_selector *a, const struct ipsec_selector *b,
                       struct ipsec_selector *out)
{
    if (ports_are_opaque(a) || ports_are_opaque(b)) {
        out->port_first = UINT16_MAX;
        out->port_last = 0;
        return (ports_are_opaque(a) || ports_are_any(a)) &&
               (ports_are_opaque(b) || ports_are_any(b));
    }
    out->port_first = a->port_first > b->port_first ? a->port_first : b->port_first;
    out->port_last = a->port_last < b->port_last ? a->port_last : b->port_last;
    return out->port_first <= out->port_last;
}

static bool addrs_meet(const struct ipsec_selector *a, const struct ipsec_selector *b,
                       struct ipsec_selector *out)
{
    const size_t n = addr_bytes(a->family);

    memcpy(out->first, memcmp(a->first, b->first, n) > 0 ? a->first : b->first, n);
    memcpy(out->last, memcmp(a->last, b->last, n) < 0 ? a->last : b->last, n);
    return memcmp(out->first, out->last, n) <= 0;
}

static bool selectors_meet(const struct ipsec_selector *a, const struct ipsec_selector *b,
                           struct ipsec_selector *out)
{
    *out = (struct ipsec_selector){.family = a->family};
    if (a->family != b->family ||
        (a->family != IPSEC_FAMILY_IPV4 && a->family != IPSEC_FAMILY_IPV6)) {
        return false;
    }
    if (a->protocol != b->protocol && a->protocol != 0 && b->protocol != 0) {
        return false;
    }
    out->protocol = a->protocol != 0 ? a->protocol : b->protocol;
    return ports_meet(a, b, out) && addrs_meet(a, b, out);
}

static bool selector_equal(const struct ipsec_selector *a, const struct ipsec_selector *b)
{
    const size_t n = addr_bytes(a->family);

    return a->family == b->family && a->protocol == b->protocol && a->port_first == b->port_first &&
           a->port_last == b->port_last && memcmp(a->first, b->first, n) == 0 &&
           memcmp(a->last, b->last, n) == 0;
}

static bool selector_within(const struct ipsec_selector *inner, const struct ipsec_selector *outer)
{
    struct ipsec_selector common;
    return selectors_meet(inner, outer, &common) && selector_equal(inner, &common);
}

static bool list_covers(const struct ipsec_selectors *list, const struct ipsec_selector *s)
{
    for (uint32_t i = 0; i < selector_count(list); i++) {
        if (selector_within(s, &list->item[i])) {
            return true;
        }
    }
    return false;
}

/* What lies in another selector of the list says nothing new: it would only take a place. */
static void list_add(struct ipsec_selectors *list, const struct ipsec_selector *s)
{
    uint32_t kept = 0;

    if (list_covers(list, s)) {
        return;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        if (!selector_within(&list->item[i], s)) {
            list->item[kept++] = list->item[i];
        }
    }
    list->count = kept;
    /* RFC 7296 2.9: beyond our room we narrow further; the first ones of the offer are in. */
    if (kept < IPSEC_SELECTORS_MAX) {
        list->item[list->count++] = *s;
    }
}

enum ipsec_status ipseci_ts_narrow(const struct ipsec_selectors *ours,
                                   const struct ipsec_selectors *offered,
                                   struct ipsec_selectors *out)
{
    struct ipsec_selectors result = {0};

    /* RFC 7296 2.9: in the order of the offer, so that the packet that caused it (its first
     * selector) is covered when we allow it (TS-07). */
    for (uint32_t i = 0; i < selector_count(offered); i++) {
        for (uint32_t k = 0; k < selector_count(ours); k++) {
            struct ipsec_selector common;
            if (selectors_meet(&offered->item[i], &ours->item[k], &common)) {
                list_add(&result, &common);
            }
        }
    }
    *out = result;
    return result.count > 0 ? IPSEC_OK : IPSEC_ERR_NOT_FOUND;
}

static bool has_family(const struct ipsec_selectors *list, uint8_t family)
{
    for (uint32_t i = 0; i < selector_count(list); i++) {
        if (list->item[i].family == family) {
            return true;
        }
    }
    return false;
}

static void keep_families(struct ipsec_selectors *list, const struct ipsec_selectors *other)
{
    struct ipsec_selectors kept = {0};

    for (uint32_t i = 0; i < selector_count(list); i++) {
        if (has_family(other, list->item[i].family)) {
            kept.item[kept.count++] = list->item[i];
        }
    }
    *list = kept;
}

enum ipsec_status ipseci_ts_pair_families(struct ipsec_selectors *a, struct ipsec_selectors *b)
{
    keep_families(a, b);
    keep_families(b, a);
    return a->count > 0 && b->count > 0 ? IPSEC_OK : IPSEC_ERR_NOT_FOUND;
}

bool ipseci_ts_subset(const struct ipsec_selectors *inner, const struct ipsec_selectors *outer)
{
    for (uint32_t i = 0; i < selector_count(inner); i++) {
        if (!list_covers(outer, &inner->item[i])) {
            return false;
        }
    }
    return true;
}

bool ipseci_ts_equal(const struct ipsec_selectors *a, const struct ipsec_selectors *b)
{
    return ipseci_ts_subset(a, b) && ipseci_ts_subset(b, a);
}
