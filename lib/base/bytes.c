/* SPDX-License-Identifier: Apache-2.0
 *
 * Constant-time compare, wipe, and the completion of open input structs. Called by every layer.
 */
#include "bytes.h"

#include <string.h>

bool ipseci_equal_secret(const void *a, const void *b, size_t length)
{
    const volatile uint8_t *x = (const volatile uint8_t *)a;
    const volatile uint8_t *y = (const volatile uint8_t *)b;
    uint8_t difference = 0;

    for (size_t i = 0; i < length; i++) {
        difference = (uint8_t)(difference | (x[i] ^ y[i]));
    }
    return difference == 0;
}

#if defined(__GNUC__)
void ipseci_wipe(void *p, size_t length)
{
    if (length == 0) {
        return;
    }
    memset(p, 0, length);
    /* The barrier makes the zeros visible to code the compiler can not see, so they stay. */
    __asm__ volatile("" : : "r"(p) : "memory");
}
#else
void ipseci_wipe(void *p, size_t length)
{
    volatile uint8_t *at = (volatile uint8_t *)p;

    for (size_t i = 0; i < length; i++) {
        at[i] = 0;
    }
}
#endif

enum ipsec_status ipseci_struct_in(void *to, size_t known, const void *from)
{
    uint32_t size;
    const uint32_t known_size = (uint32_t)known;
    const uint8_t *octets = (const uint8_t *)from;

    if (from == NULL) {
        return IPSEC_ERR_ARGUMENT;
    }
    memcpy(&size, from, sizeof(size));
    if (size < sizeof(size)) {
        return IPSEC_ERR_STRUCT_SIZE;
    }
    for (size_t i = known; i < size; i++) {
        if (octets[i] != 0) {
            return IPSEC_ERR_STRUCT_SIZE;
        }
    }
    memset(to, 0, known);
    memcpy(to, from, size < known ? size : known);
    memcpy(to, &known_size, sizeof(known_size));
    return IPSEC_OK;
}
