// SPDX-License-Identifier: MIT
/*
 * The one thread of the client library. It looks at descriptors for hang-ups
 * and events and runs small delayed work; callers never wait for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Runs on the watcher's thread for EPOLL* events. True: stop watching FD. */
typedef bool (*client_watcher_fd_fn)(void *context, int fd, uint32_t events);
typedef void (*client_watcher_fn)(void *context);

/* Watch FD until FN says stop; DONE follows then, or when the watcher ends first: FD may be closed in
 * it. Starts the thread when needed. On failure DONE is not called. */
err_t client_watcher_add(int fd, uint32_t events, client_watcher_fd_fn fn, client_watcher_fn done,
			 void *context);
/* Run FN on the watcher's thread after DELAY_NS. Dropped when the watcher ends. */
err_t client_watcher_run_later(uint64_t delay_ns, client_watcher_fn fn, void *context);
/* End the thread and forget all descriptors. Not from the watcher's thread. */
void client_watcher_end(void);
/* In a forked child: the thread does not exist here; close what it used. */
void client_watcher_forget(void);
/* Around fork. */
void client_watcher_lock(void);
void client_watcher_unlock(void);
