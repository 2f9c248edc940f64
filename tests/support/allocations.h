/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts allocations: of a program and what is linked into it statically (allocations.c, linked
 * with
 * --wrap=malloc,--wrap=calloc,--wrap=realloc), or of the whole process (allocations_process.c).
 */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

extern volatile unsigned allocations; /* so far; a test may set it back */

#endif
