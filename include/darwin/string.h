// SPDX-License-Identifier: MIT
/* The system's string.h, the two bounded functions that older C libraries lack, and strerror_r with
 * the result that POSIX and macOS give it. */
#ifndef PORTICO_DARWIN_STRING_H
#define PORTICO_DARWIN_STRING_H

#include_next <string.h>

#if defined(__GLIBC__) && defined(_GNU_SOURCE)
#ifdef __cplusplus
extern "C" {
#endif
/* The text for ERROR into SIZE bytes. 0 or an errno value. */
int portico_strerror_r(int error, char *text, size_t size) __asm__("__xpg_strerror_r");
#ifdef __cplusplus
}
#endif
#define strerror_r portico_strerror_r
#endif

#if !defined(__GLIBC__) || __GLIBC__ < 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ < 38)

/* Copy SOURCE into SIZE bytes at TARGET, always with a NUL when SIZE is not 0. Returns the length of
 * SOURCE: a result of SIZE or more means that it was cut. */
static __inline__ __attribute__((unused)) size_t strlcpy(char *target, const char *source,
							 size_t size)
{
	size_t length = strlen(source);

	if (size) {
		size_t n = length < size ? length : size - 1;

		memcpy(target, source, n);
		target[n] = 0;
	}
	return length;
}

/* Append SOURCE to the text in the SIZE bytes at TARGET. Returns the length that it tried to make;
 * SIZE or more means that it was cut. */
static __inline__ __attribute__((unused)) size_t strlcat(char *target, const char *source,
							 size_t size)
{
	const char *end = (const char *)memchr(target, 0, size);

	if (!end)
		return size + strlen(source);
	return (size_t)(end - target) +
	       strlcpy(target + (end - target), source, size - (size_t)(end - target));
}

#endif

#endif
