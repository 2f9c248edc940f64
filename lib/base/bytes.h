/* SPDX-License-Identifier: Apache-2.0
 *
 * Octets: big-endian loads and stores, constant-time compare, wipe.
 */
#ifndef IPSECI_BYTES_H
#define IPSECI_BYTES_H

#include <ipsec/types.h>

/* Numbers in network order, at any address. Where the compiler says how memory is laid out, as it
 * says itself what one instruction does: of the shifts gcc makes a dozen at -O3. */
#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static inline uint16_t ipseci_load16(const uint8_t *p)
{
    uint16_t v;
    __builtin_memcpy(&v, p, sizeof(v));
    return __builtin_bswap16(v);
}

static inline uint32_t ipseci_load32(const uint8_t *p)
{
    uint32_t v;
    __builtin_memcpy(&v, p, sizeof(v));
    return __builtin_bswap32(v);
}

static inline uint64_t ipseci_load64(const uint8_t *p)
{
    uint64_t v;
    __builtin_memcpy(&v, p, sizeof(v));
    return __builtin_bswap64(v);
}

static inline void ipseci_store16(uint8_t *p, uint16_t v)
{
    v = __builtin_bswap16(v);
    __builtin_memcpy(p, &v, sizeof(v));
}

static inline void ipseci_store32(uint8_t *p, uint32_t v)
{
    v = __builtin_bswap32(v);
    __builtin_memcpy(p, &v, sizeof(v));
}

static inline void ipseci_store64(uint8_t *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    __builtin_memcpy(p, &v, sizeof(v));
}
#else
static inline uint16_t ipseci_load16(const uint8_t *p)
{
    return (uint16_t)((uint16_t)p[0] << 8 | p[1]);
}

static inline uint32_t ipseci_load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t ipseci_load64(const uint8_t *p)
{
    return (uint64_t)ipseci_load32(p) << 32 | ipseci_load32(p + 4);
}

static inline void ipseci_store16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void ipseci_store32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void ipseci_store64(uint8_t *p, uint64_t v)
{
    ipseci_store32(p, (uint32_t)(v >> 32));
    ipseci_store32(p + 4, (uint32_t)v);
}
#endif

/* Time depends on length only. */
bool ipseci_equal_secret(const void *a, const void *b, size_t length);

/* Zeros that the compiler may not leave out. */
void ipseci_wipe(void *p, size_t length);

/* Completes an open input struct (types.h): copies the caller's `size` octets into the library's
 * own struct of `known` octets and zeros the rest. IPSEC_ERR_STRUCT_SIZE when size is smaller than
 * 4 or when octets this library does not know are not zero. */
enum ipsec_status ipseci_struct_in(void *to, size_t known, const void *from);

static inline struct ipsec_view ipseci_view(const void *data, size_t length)
{
    struct ipsec_view v = {data, length};
    return v;
}

#define IPSECI_TRY(call)                                                                           \
    do {                                                                                           \
        enum ipsec_status ipseci_try_ = (call);                                                    \
        if (ipseci_try_ < IPSEC_OK) {                                                              \
            return ipseci_try_;                                                                    \
        }                                                                                          \
    } while (0)

#define IPSECI_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
