// SPDX-License-Identifier: MIT
/* Times as seconds and microseconds, in the results of the info calls. */
#pragma once

#include <mach/vm_types.h>

struct time_value {
	integer_t seconds;
	integer_t microseconds;
};
typedef struct time_value time_value_t;

#define TIME_MICROS_MAX (1000000)

#define time_value_add_usec(val, micros) \
	{ \
		(val)->microseconds += (micros); \
		if ((val)->microseconds >= TIME_MICROS_MAX) { \
			(val)->microseconds -= TIME_MICROS_MAX; \
			(val)->seconds++; \
		} \
	}

#define time_value_add(result, addend) \
	{ \
		(result)->seconds += (addend)->seconds; \
		time_value_add_usec(result, (addend)->microseconds); \
	}
