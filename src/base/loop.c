// SPDX-License-Identifier: MIT
#include "base/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/map.h"
#include "base/scope.h"

struct watch {
	int fd;
	uint32_t events;
	loop_fd_fn fn;
	void *context;
	bool removed;
	struct list link; /* in the graveyard */
};

struct loop {
	int epoll_fd, wake_fd;
	struct map watches;    /* fd -> watch */
	struct list timers;    /* sorted by time */
	struct list graveyard; /* removed watches that this round may still name */
	atomic_bool stopped;
	/* guarded by lock */
	pthread_mutex_t lock;
	struct list tasks;
	bool has_ended;
};

uint64_t loop_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

err_t loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return -ENOMEM;
	list_init(&loop->timers);
	list_init(&loop->graveyard);
	list_init(&loop->tasks);
	pthread_mutex_init(&loop->lock, NULL);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	struct epoll_event e = { .events = 0, .data.ptr = NULL };
	if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &e) < 0) {
		err_t err = err_from_errno();

		loop_free(loop);
		return err;
	}
	*ret_loop = loop;
	return 0;
}

static void bury(struct loop *loop)
{
	list_for_each_safe(node, &loop->graveyard) {
		list_remove(node);
		free(container_of(node, struct watch, link));
	}
}

static void free_ours(struct loop_task *task)
{
	if (task->is_ours)
		free(task);
}

struct loop *loop_free(struct loop *loop)
{
	size_t cursor = 0;
	struct watch *w;

	if (!loop)
		return NULL;
	while ((w = map_next(&loop->watches, &cursor, NULL)))
		free(w);
	map_fini(&loop->watches);
	bury(loop);
	list_for_each_safe(node, &loop->tasks)
		free_ours(container_of(node, struct loop_task, link));
	list_for_each_safe(timer, &loop->timers)
		list_remove(timer);
	fd_close(loop->epoll_fd);
	fd_close(loop->wake_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
	return NULL;
}

err_t loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *context)
{
	struct watch *w = malloc(sizeof(*w));

	if (!w)
		return -ENOMEM;
	*w = (struct watch){ .fd = fd, .events = events, .fn = fn, .context = context };
	list_init(&w->link);
	err_t err = map_set(&loop->watches, (uint64_t)fd, w);
	struct epoll_event e = { .events = events, .data.ptr = w };
	if (!err && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
		err = err_from_errno();
		map_remove(&loop->watches, (uint64_t)fd);
	}
	if (err)
		free(w);
	return err;
}

err_t loop_change_fd(struct loop *loop, int fd, uint32_t events)
{
	struct watch *w = map_find(&loop->watches, (uint64_t)fd);

	if (!w)
		return -ENOENT;
	if (w->events == events)
		return 0;
	struct epoll_event e = { .events = events, .data.ptr = w };
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &e) < 0)
		return err_from_errno();
	w->events = events;
	return 0;
}

void loop_remove_fd(struct loop *loop, int fd)
{
	struct watch *w = map_remove(&loop->watches, (uint64_t)fd);

	if (!w)
		return;
	/* A duplicate of the file may live in another process, so closing alone would not end the
	 * registration. */
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	w->removed = true;
	list_add(&loop->graveyard, &w->link);
}

void loop_timer_init(struct loop_timer *timer, loop_fn fn, void *context)
{
	*timer = (struct loop_timer){ .fn = fn, .context = context };
	list_init(&timer->link);
}

void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t at_ns)
{
	struct list *at = loop->timers.prev;

	list_remove(&timer->link);
	at = loop->timers.prev;
	timer->at_ns = at_ns;
	/* New timers are mostly the latest, so look from the end. */
	while (at != &loop->timers && container_of(at, struct loop_timer, link)->at_ns > at_ns)
		at = at->prev;
	list_add_first(at, &timer->link);
}

void loop_timer_stop(struct loop_timer *timer)
{
	list_remove(&timer->link);
}

/* The descriptor can always be read; it is looked at once. Nothing is written: when a program has closed our
 * descriptors and opened files of its own, the number may be one of these. */
static void wake(struct loop *loop)
{
	struct epoll_event once = { .events = EPOLLIN | EPOLLONESHOT, .data.ptr = NULL };

	epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, loop->wake_fd, &once);
}

static void post(struct loop *loop, struct loop_task *task)
{
	{
		scope_lock(&loop->lock);
		list_add(&loop->tasks, &task->link);
	}
	wake(loop);
}

err_t loop_post(struct loop *loop, loop_fn fn, void *context)
{
	struct loop_task *task = malloc(sizeof(*task));

	if (!task)
		return -ENOMEM;
	*task = (struct loop_task){ .fn = fn, .context = context, .is_ours = true };
	post(loop, task);
	return 0;
}

err_t loop_post_task(struct loop *loop, struct loop_task *task, loop_fn fn, void *context)
{
	*task = (struct loop_task){ .fn = fn, .context = context };
	{
		scope_lock(&loop->lock);
		if (loop->has_ended)
			return -ESHUTDOWN;
		list_add(&loop->tasks, &task->link);
	}
	wake(loop);
	return 0;
}

static void run_all(struct list *tasks)
{
	list_for_each_safe(node, tasks) {
		struct loop_task *task = container_of(node, struct loop_task, link);
		struct loop_task copy = *task;

		list_remove(node);
		free_ours(task);
		copy.fn(copy.context);
	}
}

static void run_tasks(struct loop *loop)
{
	struct list tasks;

	list_init(&tasks);
	{
		scope_lock(&loop->lock);
		list_splice(&tasks, &loop->tasks);
	}
	run_all(&tasks);
}

/* Somebody may wait for what was posted with memory of its own. */
static void end(struct loop *loop)
{
	struct list tasks;

	list_init(&tasks);
	{
		scope_lock(&loop->lock);
		loop->has_ended = true;
		list_for_each_safe(node, &loop->tasks)
			if (!container_of(node, struct loop_task, link)->is_ours) {
				list_remove(node);
				list_add(&tasks, node);
			}
	}
	run_all(&tasks);
}

static void run_timers(struct loop *loop)
{
	/* Nobody asks for the time while no timer runs. */
	uint64_t now = list_is_empty(&loop->timers) ? 0 : loop_now_ns();

	while (!list_is_empty(&loop->timers)) {
		struct loop_timer *timer = list_first(&loop->timers, struct loop_timer, link);

		if (timer->at_ns > now)
			return;
		list_remove(&timer->link);
		timer->fn(timer->context);
	}
}

static int next_timeout_ms(struct loop *loop)
{
	if (list_is_empty(&loop->timers))
		return -1;
	uint64_t at = list_first(&loop->timers, struct loop_timer, link)->at_ns;
	uint64_t now = loop_now_ns();
	uint64_t ms = at > now ? (at - now + 999999) / 1000000 : 0;
	return ms > 3600000 ? 3600000 : (int)ms;
}

err_t loop_run(struct loop *loop)
{
	struct epoll_event events[64];

	while (!atomic_load(&loop->stopped)) {
		int n = epoll_wait(loop->epoll_fd, events, 64, next_timeout_ms(loop));

		/* A process that was stopped goes on with this: what has come meanwhile goes before times that have
		 * passed. */
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_from_errno();
		for (int i = 0; i < n; i++) {
			struct watch *w = events[i].data.ptr;

			if (!w)
				run_tasks(loop);
			else if (!w->removed)
				w->fn(w->context, w->fd, events[i].events);
		}
		run_timers(loop);
		bury(loop);
	}
	end(loop);
	return 0;
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stopped, true);
	wake(loop);
}
