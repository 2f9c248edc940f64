/* SPDX-License-Identifier: Apache-2.0
 *
 * Octets from hex for the tests of lib/wire.
 */
#include "wire_test.h"
#include <stdlib.h>

#define BLOCKS_MAX 4096

static uint8_t *blocks[BLOCKS_MAX];
static size_t block_count;

static uint8_t *block_new(size_t length)
{
    uint8_t *block = malloc(length == 0 ? 1 : length);
    assert_non_null(block);
    assert_true(block_count < BLOCKS_MAX);
    blocks[block_count++] = block;
    return block;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    return at == NULL ? -1 : (int)(at - digits);
}

struct ipsec_view hex(const char *text)
{
    size_t digits = 0;
    for (const char *c = text; *c != '\0'; c++) {
        digits += *c != ' ';
    }
    assert_int_equal(digits % 2, 0);
    uint8_t *block = block_new(digits / 2);
    size_t at = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == ' ') {
            continue;
        }
        assert_true(digit(*c) >= 0);
        uint8_t nibble = (uint8_t)digit(*c);
        block[at / 2] = (uint8_t)(at % 2 == 0 ? nibble << 4 : block[at / 2] | nibble);
        at++;
    }
    return ipseci_view(block, digits / 2);
}

struct ipsec_view exact(struct ipsec_view octets)
{
    uint8_t *block = block_new(octets.length);
    if (octets.length > 0) {
        memcpy(block, octets.data, octets.length);
    }
    return ipseci_view(block, octets.length);
}

int wire_test_free(void **state)
{
    (void)state;
    while (block_count > 0) {
        free(blocks[--block_count]);
    }
    return 0;
}
