/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses to text (RFC 5952), and their comparison. Called by anybody.
 */
#include "addr_text.h"

#include <string.h>

#define GROUPS 8

static void add_ipv4(struct ipseci_text *t, const uint8_t *bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i != 0) {
            ipseci_text_char(t, '.');
        }
        ipseci_text_u64(t, bytes[i]);
    }
}

/* A group in hexadecimal without leading zeros. */
static void add_group(struct ipseci_text *t, uint16_t group)
{
    unsigned shift = 12;

    while (shift > 0 && group >> shift == 0) {
        shift -= 4;
    }
    for (;; shift -= 4) {
        ipseci_text_char(t, "0123456789abcdef"[group >> shift & 15]);
        if (shift == 0) {
            return;
        }
    }
}

/* RFC 5952 4.2: the longest run of zero groups, the first of equal ones, and never one alone. */
static unsigned zero_run(const uint8_t *bytes, unsigned *start)
{
    unsigned best = 1;
    unsigned run = 0;

    *start = GROUPS;
    for (unsigned i = 0; i < GROUPS; i++) {
        run = ipseci_load16(bytes + 2 * i) == 0 ? run + 1 : 0;
        if (run > best) {
            best = run;
            *start = i + 1 - run;
        }
    }
    return *start == GROUPS ? 0 : best;
}

static void add_ipv6(struct ipseci_text *t, const uint8_t *bytes)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    unsigned start;
    const unsigned run = zero_run(bytes, &start);

    if (memcmp(bytes, mapped, sizeof(mapped)) == 0) { /* RFC 5952 5 */
        ipseci_text_add(t, "::ffff:");
        add_ipv4(t, bytes + 12);
        return;
    }
    for (unsigned i = 0; i < GROUPS;) {
        if (i == start) {
            ipseci_text_add(t, "::");
            i += run;
            continue;
        }
        if (i != 0 && i != start + run) {
            ipseci_text_char(t, ':');
        }
        add_group(t, ipseci_load16(bytes + 2 * i));
        i++;
    }
}

void ipseci_text_addr(struct ipseci_text *t, uint8_t family, const uint8_t *bytes)
{
    if (family == IPSEC_FAMILY_IPV4) {
        add_ipv4(t, bytes);
    } else if (family == IPSEC_FAMILY_IPV6) {
        add_ipv6(t, bytes);
    } else {
        ipseci_text_add(t, "none");
    }
}

void ipsec_addr_text(const struct ipsec_addr *addr, char *text, size_t capacity)
{
    struct ipseci_text t = ipseci_text_init(text, capacity);

    ipseci_text_addr(&t, addr->family, addr->bytes);
}

bool ipsec_addr_equal(const struct ipsec_addr *a, const struct ipsec_addr *b)
{
    if (a->family != b->family) {
        return false;
    }
    if (a->family == IPSEC_FAMILY_NONE) {
        return true;
    }
    return memcmp(a->bytes, b->bytes, a->family == IPSEC_FAMILY_IPV4 ? 4 : 16) == 0;
}
