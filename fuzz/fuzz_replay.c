/* SPDX-License-Identifier: Apache-2.0
 *
 * The replay window under a fuzzer, against a model of ten lines: a list of every number that was
 * entered. Input: an octet that chooses the window and the start, then steps of three octets: what
 * to do, and how far from the top.
 */
#include "replay.h"

#include <string.h>

#define STEPS_MAX 2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        __builtin_trap();
    }
}

/* ---- The model ------------------------------------------------------------------------------- */

struct model {
    uint64_t entered[STEPS_MAX];
    uint32_t count;
    uint64_t start; /* up to here all were seen */
    uint64_t top;
    uint32_t window;
};

static enum ipsec_status model_check(const struct model *m, uint64_t n)
{
    bool seen = n <= m->start;
    for (uint32_t i = 0; i < m->count; i++) {
        seen |= m->entered[i] == n;
    }
    if (n > m->top) {
        return IPSEC_OK;
    }
    return n == 0                    ? IPSEC_DROP_SEQUENCE_ZERO
           : m->top - n >= m->window ? IPSEC_DROP_REPLAY_OLD
           : seen                    ? IPSEC_DROP_REPLAY
                                     : IPSEC_OK;
}

static void model_enter(struct model *m, uint64_t n)
{
    m->entered[m->count++] = n;
    m->top = n > m->top ? n : m->top;
}

/* RFC 4303 A2: of the numbers with this low half, the one inside the window or next above it; none
 * is before the first subspace. */
static uint64_t model_extend(const struct model *m, uint32_t low)
{
    const uint64_t bottom = m->top >= m->window - 1 ? m->top - (m->window - 1) : 0;
    const uint64_t same = (bottom >> 32) << 32 | low;
    return same >= bottom ? same : same + (UINT64_C(1) << 32);
}

/* ---- The steps ------------------------------------------------------------------------------- */

static uint64_t near_top(const struct model *m, uint8_t how, uint16_t distance)
{
    const uint64_t far = (how & 8) != 0 ? (uint64_t)distance << 24 : distance;
    return (how & 1) != 0 || far > m->top ? m->top + far : m->top - far;
}

static void step(struct ipseci_replay *r, struct model *m, uint8_t how, uint16_t distance)
{
    const uint64_t n = near_top(m, how, distance);
    const enum ipsec_status expected = model_check(m, n);
    require(ipseci_replay_check(r, n) == expected);
    require(ipseci_replay_extend(r, (uint32_t)n) == model_extend(m, (uint32_t)n));
    if ((how & 2) != 0) {
        require(ipseci_replay_enter(r, n) == expected);
        if (expected == IPSEC_OK) {
            model_enter(m, n);
        }
    }
    require(r->top == m->top);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    static uint32_t bits[4096 / 32];
    struct ipseci_replay r;
    if (size < 1) {
        return 0;
    }
    m.count = 0;
    m.window = 64u * (1 + (data[0] & 15));
    m.start = (data[0] & 16) != 0 ? UINT64_C(0xffffff00) : 0;
    m.top = m.start;
    ipseci_replay_init(&r, bits, m.window, m.top);
    size_t at = 1;
    for (unsigned i = 0; i < STEPS_MAX && size - at >= 3; i++) {
        step(&r, &m, data[at], ipseci_load16(data + at + 1));
        at += 3;
    }
    return 0;
}
