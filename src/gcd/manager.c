// SPDX-License-Identifier: MIT
/*
 * The thread that waits for descriptors and timers on behalf of all sources.
 * Started with the first of them. It runs no client code; it marks sources
 * and pushes items.
 */
#include "gcd/gcd_internal.h"

#include "base/fd.h"
#include "base/map.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define ID_WAKE 0
#define ID_TIMER 1 /* and the clock */
#define ID_FIRST_WATCH 16
#define MANAGER_BATCH 64

static struct {
	pthread_mutex_t lock;
	struct gcd_timer *first[GCD_CLOCK_COUNT];
	struct map watches; /* by id: an event may come late */
	uint64_t next_id;
	/* a leaf lock; what it guards does not change once the thread runs */
	pthread_mutex_t start_lock;
	bool started;
	int epoll_fd, timer_fds[GCD_CLOCK_COUNT];
	_Atomic int wake_fd;
} manager = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.watches = MAP_INIT,
	.next_id = ID_FIRST_WATCH,
	.start_lock = PTHREAD_MUTEX_INITIALIZER,
	.epoll_fd = -1,
	.timer_fds = { -1, -1 },
	.wake_fd = -1,
};

void gcd_manager_lock(void)
{
	pthread_mutex_lock(&manager.lock);
}

void gcd_manager_unlock(void)
{
	pthread_mutex_unlock(&manager.lock);
}

/* --- timers: a pairing heap for each clock ------------ */

static struct gcd_timer *heap_merge(struct gcd_timer *a, struct gcd_timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->at_ns < a->at_ns) {
		struct gcd_timer *swap = a;

		a = b;
		b = swap;
	}
	b->next = a->child;
	if (b->next)
		b->next->previous = b;
	b->previous = a;
	a->child = b;
	return a;
}

/* Merge a list of siblings into one heap: in pairs, then all. */
static struct gcd_timer *heap_merge_siblings(struct gcd_timer *list)
{
	struct gcd_timer *pairs = NULL, *all = NULL;

	while (list) {
		struct gcd_timer *a = list, *b = a->next;

		list = b ? b->next : NULL;
		a->next = a->previous = NULL;
		if (b)
			b->next = b->previous = NULL;
		a = heap_merge(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct gcd_timer *a = pairs;

		pairs = a->next;
		a->next = NULL;
		all = heap_merge(all, a);
	}
	return all;
}

static void heap_add(struct gcd_timer *t)
{
	t->child = t->next = t->previous = NULL;
	t->queued = true;
	manager.first[t->clock] = heap_merge(manager.first[t->clock], t);
}

static void heap_remove(struct gcd_timer *t)
{
	struct gcd_timer **first = &manager.first[t->clock], *rest;

	rest = heap_merge_siblings(t->child);
	if (*first == t) {
		*first = rest;
	} else {
		if (t->previous->child == t)
			t->previous->child = t->next;
		else
			t->previous->next = t->next;
		if (t->next)
			t->next->previous = t->previous;
		*first = heap_merge(*first, rest);
	}
	t->child = t->next = t->previous = NULL;
	t->queued = false;
}

static void timer_arm_clock(enum gcd_clock clock)
{
	struct gcd_timer *first = manager.first[clock];
	struct itimerspec when;

	memset(&when, 0, sizeof when);
	if (first) {
		when.it_value.tv_sec = (time_t)(first->at_ns / NSEC_PER_SEC);
		when.it_value.tv_nsec = (long)(first->at_ns % NSEC_PER_SEC);
		if (!first->at_ns)
			when.it_value.tv_nsec = 1; /* zero would disarm */
	}
	timerfd_settime(manager.timer_fds[clock],
			TFD_TIMER_ABSTIME | (clock == GCD_CLOCK_WALL ? TFD_TIMER_CANCEL_ON_SET : 0),
			&when, NULL);
}

void gcd_timer_start_locked(struct gcd_timer *timer, enum gcd_clock clock, uint64_t at_ns)
{
	if (timer->queued)
		gcd_timer_stop_locked(timer);
	timer->clock = clock;
	timer->at_ns = at_ns;
	heap_add(timer);
	if (manager.first[clock] == timer)
		timer_arm_clock(clock);
}

void gcd_timer_stop_locked(struct gcd_timer *timer)
{
	/* The descriptor may fire once for nothing. */
	if (timer->queued)
		heap_remove(timer);
}

static void timer_fire_due(enum gcd_clock clock)
{
	uint64_t now = gcd_clock_now(clock);

	while (manager.first[clock] && manager.first[clock]->at_ns <= now) {
		struct gcd_timer *t = manager.first[clock];
		uint64_t next;

		heap_remove(t);
		next = t->fire(t, now);
		if (next != UINT64_MAX) {
			t->at_ns = next;
			heap_add(t);
		}
	}
	timer_arm_clock(clock);
}

/* --- descriptors ------------ */

err_t gcd_watch_add(struct gcd_watch *watch)
{
	struct epoll_event event = { .events = watch->events | EPOLLONESHOT };
	err_t err = gcd_manager_start();

	if (err)
		return err;
	pthread_mutex_lock(&manager.lock);
	event.data.u64 = watch->id = manager.next_id++;
	err = map_set(&manager.watches, watch->id, watch);
	if (!err && epoll_ctl(manager.epoll_fd, EPOLL_CTL_ADD, watch->fd, &event)) {
		err = err_from_errno();
		map_remove(&manager.watches, watch->id);
	}
	if (err)
		watch->id = 0;
	pthread_mutex_unlock(&manager.lock);
	return err;
}

void gcd_watch_rearm(struct gcd_watch *watch)
{
	struct epoll_event event = { .events = watch->events | EPOLLONESHOT };

	if (!watch->id)
		return;
	event.data.u64 = watch->id;
	epoll_ctl(manager.epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void gcd_watch_remove(struct gcd_watch *watch)
{
	struct epoll_event event = { 0 };

	pthread_mutex_lock(&manager.lock);
	if (watch->id && map_remove(&manager.watches, watch->id))
		epoll_ctl(manager.epoll_fd, EPOLL_CTL_DEL, watch->fd, &event);
	watch->id = 0;
	pthread_mutex_unlock(&manager.lock);
}

/* --- the thread ------------ */

static void manager_handle(const struct epoll_event *event)
{
	struct gcd_watch *watch;
	uint64_t count;

	if (event->data.u64 >= ID_FIRST_WATCH) {
		watch = map_find(&manager.watches, event->data.u64);
		if (watch)
			watch->ready(watch, event->events);
	} else if (event->data.u64 == ID_WAKE) {
		gcd_signal_deliver_locked();
		gcd_worker_watch_locked();
	} else {
		enum gcd_clock clock = (enum gcd_clock)(event->data.u64 - ID_TIMER);

		/* ECANCELED: the wall clock was set. Due timers are looked up either way. */
		if (read(manager.timer_fds[clock], &count, sizeof count) < 0 && errno == EAGAIN)
			return;
		timer_fire_due(clock);
	}
}

static void *manager_main(void *unused)
{
	struct epoll_event events[MANAGER_BATCH];
	int epoll_fd = manager.epoll_fd;

	pthread_setname_np(pthread_self(), "dispatch-manager");
	for (;;) {
		int n = epoll_wait(epoll_fd, events, MANAGER_BATCH, -1);

		/* A program has closed what is not its own: nothing comes any more. */
		if (n < 0 && errno != EINTR)
			break;
		pthread_mutex_lock(&manager.lock);
		for (int i = 0; i < n; i++)
			manager_handle(&events[i]);
		pthread_mutex_unlock(&manager.lock);
	}
	return unused;
}

static void manager_close(void)
{
	manager.epoll_fd = fd_close(manager.epoll_fd);
	manager.wake_fd = fd_close(manager.wake_fd);
	for (int i = 0; i < GCD_CLOCK_COUNT; i++)
		manager.timer_fds[i] = fd_close(manager.timer_fds[i]);
}

static bool manager_listen(int fd, uint64_t id)
{
	struct epoll_event event = { .events = id == ID_WAKE ? 0 : EPOLLIN, .data.u64 = id };

	return fd >= 0 && !epoll_ctl(manager.epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static err_t manager_open(void)
{
	err_t err;

	manager.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	manager.wake_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	manager.timer_fds[GCD_CLOCK_UPTIME] =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	manager.timer_fds[GCD_CLOCK_WALL] =
		timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	bool listens = manager_listen(manager.wake_fd, ID_WAKE);
	/* For a signal that came before. */
	gcd_manager_wake();
	if (listens &&
	    manager_listen(manager.timer_fds[GCD_CLOCK_UPTIME], ID_TIMER + GCD_CLOCK_UPTIME) &&
	    manager_listen(manager.timer_fds[GCD_CLOCK_WALL], ID_TIMER + GCD_CLOCK_WALL))
		err = gcd_worker_start_thread(manager_main, NULL);
	else
		err = err_from_errno();
	if (err)
		manager_close();
	return err;
}

err_t gcd_manager_start(void)
{
	err_t err = 0;

	pthread_mutex_lock(&manager.start_lock);
	if (!manager.started) {
		err = manager_open();
		manager.started = !err;
	}
	pthread_mutex_unlock(&manager.start_lock);
	return err;
}

void gcd_manager_lock_start(void)
{
	pthread_mutex_lock(&manager.start_lock);
}

void gcd_manager_unlock_start(void)
{
	pthread_mutex_unlock(&manager.start_lock);
}

/* As in base/loop.c: a descriptor that can always be read is looked at once. */
void gcd_manager_wake(void)
{
	int saved = errno, fd = atomic_load(&manager.wake_fd);
	struct epoll_event once = { .events = EPOLLIN | EPOLLONESHOT, .data.u64 = ID_WAKE };

	if (fd >= 0)
		epoll_ctl(manager.epoll_fd, EPOLL_CTL_MOD, fd, &once);
	errno = saved;
}

void gcd_manager_reset_child(void)
{
	struct gcd_watch *watch;
	size_t cursor = 0;

	/* Only our copies are closed; the parent's registrations are not touched. */
	manager_close();
	manager.started = false;
	while ((watch = map_next(&manager.watches, &cursor, NULL))) {
		watch->fd = fd_close(watch->fd);
		watch->id = 0;
	}
	map_fini(&manager.watches);
	manager.watches = (struct map)MAP_INIT;
	memset(manager.first, 0, sizeof manager.first);
}
