// SPDX-License-Identifier: MIT
/* The system's stdlib.h with the program's name and reallocf. */
#ifndef PORTICO_DARWIN_STDLIB_H
#define PORTICO_DARWIN_STDLIB_H

#include_next <stdlib.h>

#ifdef _GNU_SOURCE
#ifdef __cplusplus
extern "C" {
#endif
extern char *portico_program_name __asm__("program_invocation_short_name");

/* The last part of the program's path; borrowed. */
static __inline__ __attribute__((unused)) const char *getprogname(void)
{
	return portico_program_name;
}

/* NAME must stay as long as it is asked for. */
static __inline__ __attribute__((unused)) void setprogname(const char *name)
{
	const char *last = name;

	for (; *name; name++)
		if (*name == '/')
			last = name + 1;
	portico_program_name = (char *)last;
}

/* As realloc, but POINTER is freed on failure, too. */
static __inline__ __attribute__((unused)) void *reallocf(void *pointer, size_t size)
{
	void *larger = realloc(pointer, size);

	if (!larger && size)
		free(pointer);
	return larger;
}

#ifdef __cplusplus
}
#endif
#endif

#endif
