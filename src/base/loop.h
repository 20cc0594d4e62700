// SPDX-License-Identifier: MIT
/*
 * Event loop of one thread: descriptors, timers and work posted by other
 * threads. Everything but loop_post* and loop_stop is called on the loop's own
 * thread (or before it runs). Callbacks may add and remove anything, including
 * themselves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"

struct loop;

/* EVENTS are EPOLL* bits. */
typedef void (*loop_fd_fn)(void *context, int fd, uint32_t events);
typedef void (*loop_fn)(void *context);

struct loop_timer {
	struct list link;
	uint64_t at_ns;
	loop_fn fn;
	void *context;
};

struct loop_task {
	struct list link;
	loop_fn fn;
	void *context;
	bool is_ours; /* the loop's to free */
};

err_t loop_new(struct loop **ret_loop);
/* Posted work that did not run is dropped. NULL is accepted; returns NULL. */
struct loop *loop_free(struct loop *loop);

err_t loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *context);
err_t loop_change_fd(struct loop *loop, int fd, uint32_t events);
/* Must come before the descriptor is closed. No callback for it follows. Unknown FD: no effect. */
void loop_remove_fd(struct loop *loop, int fd);

/* CLOCK_MONOTONIC in ns. */
uint64_t loop_now_ns(void);
void loop_timer_init(struct loop_timer *timer, loop_fn fn, void *context);
/* One shot at AT_NS; restarting moves it. */
void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t at_ns);
void loop_timer_stop(struct loop_timer *timer);
static inline bool loop_timer_is_set(const struct loop_timer *timer)
{
	return !list_is_empty(&timer->link);
}

/* Run FN on the loop's thread soon. Any thread. -ENOMEM. */
err_t loop_post(struct loop *loop, loop_fn fn, void *context);
/* The same without memory: TASK is the caller's, and may go once FN has begun. It runs, or is refused: -ESHUTDOWN
 * when the loop has ended. */
err_t loop_post_task(struct loop *loop, struct loop_task *task, loop_fn fn, void *context);
/* Until loop_stop. */
err_t loop_run(struct loop *loop);
/* Any thread, any number of times; a stop before loop_run makes it return at once. */
void loop_stop(struct loop *loop);
