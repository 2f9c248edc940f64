/* SPDX-License-Identifier: Apache-2.0
 *
 * What MemorySanitizer has to be told of the library, whose assembler it does not see: before a run
 * all that will be read is checked, and what the library has written counts as written. In other
 * builds these functions are empty.
 */
#ifndef IPSECI_IMB_WATCH_H
#define IPSECI_IMB_WATCH_H

#include <stddef.h>

#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#define IPSECI_IMB_WATCHED 1
#endif
#endif

#ifdef IPSECI_IMB_WATCHED
#include <sanitizer/msan_interface.h>

static inline void ipseci_imb_will_read(const void *data, size_t octets)
{
    __msan_check_mem_is_initialized(data, octets);
}

static inline void ipseci_imb_has_written(const void *data, size_t octets)
{
    __msan_unpoison(data, octets);
}
#else
static inline void ipseci_imb_will_read(const void *data, size_t octets)
{
    (void)data;
    (void)octets;
}

static inline void ipseci_imb_has_written(const void *data, size_t octets)
{
    (void)data;
    (void)octets;
}
#endif

#endif
