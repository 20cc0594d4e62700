// SPDX-License-Identifier: MIT
/* The garbage collector of Objective-C, which macOS no longer has: its calls did nothing for C programs. */
#ifndef PORTICO_OBJC_OBJC_AUTO_H
#define PORTICO_OBJC_OBJC_AUTO_H

#include <stdbool.h>

enum { OBJC_COLLECT_IF_NEEDED = 1 << 0, OBJC_EXHAUSTIVE_COLLECTION = 1 << 1 };

static __inline__ __attribute__((unused)) void objc_startCollectorThread(void)
{
}

static __inline__ __attribute__((unused)) bool objc_collectingEnabled(void)
{
	return false;
}

static __inline__ __attribute__((unused)) void objc_collect(unsigned long options)
{
	(void)options;
}

#endif
