/* SPDX-License-Identifier: Apache-2.0
 *
 * What every test of the base layer includes: CMocka, and a seeded generator.
 */
#ifndef TEST_BASE_CHECK_H
#define TEST_BASE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* splitmix64: the same seed gives the same test. */
static inline uint64_t seeded(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

#endif
