// SPDX-License-Identifier: MIT
/* Sizes of allocated memory, as macOS asks for them. */
#ifndef PORTICO_MALLOC_MALLOC_H
#define PORTICO_MALLOC_MALLOC_H

#include <malloc.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that can be used at POINTER, which malloc gave; 0 for NULL. */
static __inline__ __attribute__((unused)) size_t malloc_size(const void *pointer)
{
	return malloc_usable_size((void *)pointer);
}

/* The size that an allocation of SIZE bytes gets. */
static __inline__ __attribute__((unused)) size_t malloc_good_size(size_t size)
{
	size_t with_header = (size + sizeof(size_t) + 15) & ~(size_t)15;

	return (with_header < 32 ? 32 : with_header) - sizeof(size_t);
}

#ifdef __cplusplus
}
#endif

#endif
