// SPDX-License-Identifier: MIT
/* Let the library open the descriptors that it keeps, so that only others count as leaks. */
#pragma once

#include "test.h"

#include <dispatch/dispatch.h>

static void warm_signal(void *semaphore)
{
	dispatch_semaphore_signal(semaphore);
}

static inline void warm_up(void)
{
	dispatch_semaphore_t s = dispatch_semaphore_create(0);

	dispatch_after_f(dispatch_time(DISPATCH_TIME_NOW, 1000000), dispatch_get_global_queue(0, 0),
			 s, warm_signal);
	dispatch_semaphore_wait(s, DISPATCH_TIME_FOREVER);
	dispatch_release(s);
	_dispatch_get_main_queue_handle_4CF();
	test_reset_baseline();
}
