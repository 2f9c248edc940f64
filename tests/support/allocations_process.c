/* SPDX-License-Identifier: Apache-2.0
 *
 * See allocations.h: in the place of the C library's functions, so that shared libraries count,
 * too. For glibc without sanitizers, which have such functions of their own.
 */
#include "allocations.h"

#include <errno.h>
#include <stddef.h>

/* The C library's own, under the names it keeps for those who replace malloc. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t align, size_t bytes);
void __libc_free(void *block);

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *block, size_t bytes);
void *aligned_alloc(size_t align, size_t bytes);
int posix_memalign(void **block, size_t align, size_t bytes);
void free(void *block);

volatile unsigned allocations;

void *malloc(size_t bytes)
{
    allocations++;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    allocations++;
    return __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
    allocations++;
    return __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t align, size_t bytes)
{
    allocations++;
    return __libc_memalign(align, bytes);
}

int posix_memalign(void **block, size_t align, size_t bytes)
{
    allocations++;
    *block = __libc_memalign(align, bytes);
    return *block == NULL ? ENOMEM : 0;
}

void free(void *block)
{
    __libc_free(block);
}
