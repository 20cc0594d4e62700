// SPDX-License-Identifier: MIT
/*
 * Counting semaphores under port names; semaphore_create and semaphore_destroy are in mach/task.h.
 * KERN_INVALID_NAME: NULL, DEAD or unknown; KERN_INVALID_RIGHT: destroyed before; KERN_INVALID_CAPABILITY:
 * another kind of port. Any thread.
 */
#pragma once

#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/port.h>
#include <mach/sync_policy.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Wake one waiter, or let the next wait through. */
kern_return_t semaphore_signal(semaphore_t semaphore);
/* Wake those who wait now; nothing is kept for later. */
kern_return_t semaphore_signal_all(semaphore_t semaphore);
/* Wake that thread (mach_thread_self there). KERN_NOT_WAITING. */
kern_return_t semaphore_signal_thread(semaphore_t semaphore, thread_t thread);
/* KERN_TERMINATED: destroyed meanwhile; KERN_ABORTED: a signal handler ran. */
kern_return_t semaphore_wait(semaphore_t semaphore);
/* WAIT_TIME is relative; zero does not wait. KERN_OPERATION_TIMED_OUT, KERN_INVALID_VALUE (tv_nsec). */
kern_return_t semaphore_timedwait(semaphore_t semaphore, mach_timespec_t wait_time);
/* Signal one semaphore and wait on the other. */
kern_return_t semaphore_wait_signal(semaphore_t wait_semaphore, semaphore_t signal_semaphore);
kern_return_t semaphore_timedwait_signal(semaphore_t wait_semaphore, semaphore_t signal_semaphore,
					 mach_timespec_t wait_time);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
