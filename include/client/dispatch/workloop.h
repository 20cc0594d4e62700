// SPDX-License-Identifier: MIT
/* Workloops: serial queues; here they run in the order of submission, whatever the class of the work is. */
#ifndef DISPATCH_WORKLOOP_H
#define DISPATCH_WORKLOOP_H

#include <dispatch/queue.h>

DISPATCH_DECL_SUBCLASS(dispatch_workloop, dispatch_queue);

DISPATCH_BEGIN_DECLS
#pragma GCC visibility push(default)

/* To be released by the caller. NULL when memory is short. */
dispatch_workloop_t dispatch_workloop_create(const char *label);
/* Runs nothing before dispatch_activate. */
dispatch_workloop_t dispatch_workloop_create_inactive(const char *label);
/* Without effect: there are no pools to drain. */
void dispatch_workloop_set_autorelease_frequency(dispatch_workloop_t workloop,
						 dispatch_autorelease_frequency_t frequency);

#pragma GCC visibility pop
DISPATCH_END_DECLS

#endif
