// SPDX-License-Identifier: MIT
/* Workloops, and scheduling hints that are kept or have no meaning here. */
#include "gcd/gcd_internal.h"

/* Blocks run one at a time, in the order they came. */
dispatch_workloop_t dispatch_workloop_create(const char *label)
{
	return dispatch_queue_create(label, DISPATCH_QUEUE_SERIAL);
}

dispatch_workloop_t dispatch_workloop_create_inactive(const char *label)
{
	return dispatch_queue_create(label, DISPATCH_QUEUE_SERIAL_INACTIVE);
}

void dispatch_workloop_set_autorelease_frequency(dispatch_workloop_t workloop,
						 dispatch_autorelease_frequency_t frequency)
{
	(void)workloop;
	(void)frequency; /* there are no pools to drain */
}

dispatch_queue_attr_t
dispatch_queue_attr_make_with_autorelease_frequency(dispatch_queue_attr_t attr,
						    dispatch_autorelease_frequency_t frequency)
{
	(void)frequency;
	return attr;
}

void dispatch_set_qos_class_floor(dispatch_object_t object, dispatch_qos_class_t qos_class,
				  int relative_priority)
{
	struct dispatch_queue_s *global = gcd_global_for_class(qos_class);

	(void)relative_priority;
	if (global)
		dispatch_set_target_queue(object, global);
}

dispatch_queue_t dispatch_get_current_queue(void)
{
	if (gcd_frame_current)
		return gcd_frame_current->queue;
	return gcd_main_is_current_thread() ? &gcd_main_queue : gcd_queue_or_default(NULL);
}
