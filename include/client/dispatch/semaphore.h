// SPDX-License-Identifier: MIT
/*
 * Counting semaphores. Signal and wait make no system call unless a thread
 * has to sleep or be woken. Any thread.
 */
#ifndef DISPATCH_SEMAPHORE_H
#define DISPATCH_SEMAPHORE_H

#include <dispatch/object.h>
#include <dispatch/time.h>

DISPATCH_DECL(dispatch_semaphore);

DISPATCH_BEGIN_DECLS
#pragma GCC visibility push(default)

/* To be released by the caller, with the count at or above VALUE. NULL: VALUE is negative, or
 * memory is short. */
dispatch_semaphore_t dispatch_semaphore_create(intptr_t value);
/* 0, or non-zero when TIMEOUT came first. */
intptr_t dispatch_semaphore_wait(dispatch_semaphore_t semaphore, dispatch_time_t timeout);
/* Non-zero when a waiting thread is woken. */
intptr_t dispatch_semaphore_signal(dispatch_semaphore_t semaphore);

#pragma GCC visibility pop
DISPATCH_END_DECLS

#endif
