// SPDX-License-Identifier: MIT
/*
 * One thread with an epoll set. Timers sit in a heap behind one timerfd, so
 * any thread can set them without waking the work loop for it.
 */
#include <IOKit/IOWorkLoop.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scope.h"
#include "host/host_internal.h"

enum { KEY_STOP = 1, KEY_TIMER = 2, KEY_FIRST_SOURCE = 3 };
enum { NOT_QUEUED = -1 };

struct IOWorkLoop {
	struct ref ref; /* the owner's and one for each event source */
	pthread_t thread;
	pthread_mutex_t gate; /* recursive */
	atomic_uint gate_depth;
	int epoll_fd, stop_fd, timer_fd;

	pthread_mutex_t lock; /* inside the gate, never around callbacks */
	bool stopped;
	IOTimerEventSource **heap; /* earliest first */
	size_t n_timers, capacity;
	struct map sources;
	uint64_t last_key;
};

struct IOTimerEventSource {
	struct ref ref;
	IOWorkLoop *loop;
	IOTimerAction action;
	void *context;
	/* guarded by loop->lock */
	uint64_t at;
	long position; /* in the heap or NOT_QUEUED */
	bool firing;   /* taken out of the heap, not called yet */
};

struct IODescriptorEventSource {
	struct ref ref;
	IOWorkLoop *loop;
	IODescriptorAction action;
	void *context;
	int fd;
	uint64_t key;
};

/* --- gate --------------------------------------------------------------------- */

static void enter_gate(IOWorkLoop *loop)
{
	pthread_mutex_lock(&loop->gate);
	atomic_fetch_add(&loop->gate_depth, 1);
}

static void leave_gate(IOWorkLoop *loop)
{
	atomic_fetch_sub(&loop->gate_depth, 1);
	pthread_mutex_unlock(&loop->gate);
}

IOReturn IOWorkLoopRunAction(IOWorkLoop *workLoop, IOWorkLoopAction action, void *context,
			     void *argument)
{
	IOReturn status;

	if (!workLoop || !action)
		return kIOReturnBadArgument;
	enter_gate(workLoop);
	status = action(context, argument);
	leave_gate(workLoop);
	return status;
}

bool IOWorkLoopInGate(IOWorkLoop *workLoop)
{
	bool mine;

	if (pthread_mutex_trylock(&workLoop->gate))
		return false;
	/* Recursive: we hold it now; more than once means that it was ours before. */
	mine = atomic_load(&workLoop->gate_depth) > 0;
	pthread_mutex_unlock(&workLoop->gate);
	return mine;
}

/* --- timers -------------------------------------------------------------------- */

static void heap_put(IOWorkLoop *loop, size_t position, IOTimerEventSource *timer)
{
	loop->heap[position] = timer;
	timer->position = (long)position;
}

static void heap_up(IOWorkLoop *loop, size_t position)
{
	IOTimerEventSource *timer = loop->heap[position];

	while (position && loop->heap[(position - 1) / 2]->at > timer->at) {
		heap_put(loop, position, loop->heap[(position - 1) / 2]);
		position = (position - 1) / 2;
	}
	heap_put(loop, position, timer);
}

static void heap_down(IOWorkLoop *loop, size_t position)
{
	IOTimerEventSource *timer = loop->heap[position];
	size_t child;

	while ((child = position * 2 + 1) < loop->n_timers) {
		if (child + 1 < loop->n_timers && loop->heap[child + 1]->at < loop->heap[child]->at)
			child++;
		if (loop->heap[child]->at >= timer->at)
			break;
		heap_put(loop, position, loop->heap[child]);
		position = child;
	}
	heap_put(loop, position, timer);
}

static err_t heap_add(IOWorkLoop *loop, IOTimerEventSource *timer)
{
	if (loop->n_timers == loop->capacity) {
		size_t capacity = loop->capacity ? loop->capacity * 2 : 16;
		void *heap = realloc(loop->heap, capacity * sizeof(*loop->heap));

		if (!heap)
			return -ENOMEM;
		loop->heap = heap;
		loop->capacity = capacity;
	}
	heap_put(loop, loop->n_timers, timer);
	heap_up(loop, loop->n_timers++);
	return 0;
}

static void heap_remove(IOWorkLoop *loop, IOTimerEventSource *timer)
{
	size_t position;
	IOTimerEventSource *last;

	if (timer->position == NOT_QUEUED)
		return;
	position = (size_t)timer->position;
	timer->position = NOT_QUEUED;
	last = loop->heap[--loop->n_timers];
	if (last == timer)
		return;
	heap_put(loop, position, last);
	heap_up(loop, position);
	heap_down(loop, (size_t)last->position);
}

/* Point the timerfd at the earliest timer. */
static void arm_locked(IOWorkLoop *loop)
{
	struct itimerspec when = { 0 };
	uint64_t at = loop->n_timers ? loop->heap[0]->at : 0;

	if (loop->n_timers) {
		at = at ? at : 1; /* zero would disarm */
		when.it_value.tv_sec = (time_t)(at / 1000000000);
		when.it_value.tv_nsec = (long)(at % 1000000000);
	}
	timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static IOTimerEventSource *unref_timer(IOTimerEventSource *timer);

/* The next due timer, retained, or NULL; the timerfd is armed again then. */
static IOTimerEventSource *take_due(IOWorkLoop *loop, uint64_t now)
{
	IOTimerEventSource *timer;

	scope_lock(&loop->lock);
	if (loop->stopped || !loop->n_timers || loop->heap[0]->at > now) {
		arm_locked(loop);
		return NULL;
	}
	timer = loop->heap[0];
	heap_remove(loop, timer);
	timer->firing = true;
	ref_get(&timer->ref);
	return timer;
}

static void fire(IOWorkLoop *loop, IOTimerEventSource *timer)
{
	bool still;

	enter_gate(loop);
	pthread_mutex_lock(&loop->lock);
	still = timer->firing;
	timer->firing = false;
	pthread_mutex_unlock(&loop->lock);
	if (still)
		timer->action(timer->context, timer);
	leave_gate(loop);
	unref_timer(timer);
}

static void run_timers(IOWorkLoop *loop)
{
	uint64_t ticks, now = loop_now_ns();
	IOTimerEventSource *timer;

	if (read(loop->timer_fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
		return;
	while ((timer = take_due(loop, now)))
		fire(loop, timer);
}

IOTimerEventSource *IOTimerEventSourceCreate(IOWorkLoop *workLoop, IOTimerAction action,
					     void *context)
{
	IOTimerEventSource *timer = workLoop && action ? calloc(1, sizeof(*timer)) : NULL;

	if (!timer)
		return NULL;
	ref_init(&timer->ref);
	ref_get(&workLoop->ref);
	timer->loop = workLoop;
	timer->action = action;
	timer->context = context;
	timer->position = NOT_QUEUED;
	return timer;
}

IOReturn IOTimerEventSourceSetTime(IOTimerEventSource *timer, uint64_t at)
{
	IOWorkLoop *loop = timer->loop;
	err_t err;

	scope_lock(&loop->lock);
	if (loop->stopped)
		return kIOReturnNotReady;
	heap_remove(loop, timer);
	timer->firing = false;
	timer->at = at;
	err = heap_add(loop, timer);
	if (err)
		return kIOReturnNoMemory;
	if (loop->heap[0] == timer)
		arm_locked(loop);
	return kIOReturnSuccess;
}

IOReturn IOTimerEventSourceSetTimeout(IOTimerEventSource *timer, uint64_t nanoseconds)
{
	uint64_t now = loop_now_ns();

	/* Far enough is never: keep the sum and the timerfd's range valid. */
	if (nanoseconds > INT64_MAX - now)
		nanoseconds = INT64_MAX - now;
	return IOTimerEventSourceSetTime(timer, now + nanoseconds);
}

void IOTimerEventSourceCancel(IOTimerEventSource *timer)
{
	IOWorkLoop *loop = timer->loop;

	enter_gate(loop);
	pthread_mutex_lock(&loop->lock);
	heap_remove(loop, timer);
	timer->firing = false;
	pthread_mutex_unlock(&loop->lock);
	leave_gate(loop);
}

static void unref_loop(IOWorkLoop *loop)
{
	if (!ref_put(&loop->ref))
		return;
	fd_close(loop->epoll_fd);
	fd_close(loop->stop_fd);
	fd_close(loop->timer_fd);
	map_fini(&loop->sources);
	free(loop->heap);
	pthread_mutex_destroy(&loop->lock);
	pthread_mutex_destroy(&loop->gate);
	free(loop);
}

static IOTimerEventSource *unref_timer(IOTimerEventSource *timer)
{
	if (ref_put(&timer->ref)) {
		unref_loop(timer->loop);
		free(timer);
	}
	return NULL;
}

void IOTimerEventSourceRelease(IOTimerEventSource *timer)
{
	if (!timer)
		return;
	IOTimerEventSourceCancel(timer);
	unref_timer(timer);
}

/* --- descriptors --------------------------------------------------------------- */

static void unref_source(IODescriptorEventSource *source)
{
	if (ref_put(&source->ref)) {
		unref_loop(source->loop);
		free(source);
	}
}

IODescriptorEventSource *IODescriptorEventSourceCreate(IOWorkLoop *workLoop, int fd,
						       uint32_t events, IODescriptorAction action,
						       void *context)
{
	struct epoll_event event = { 0 };
	IODescriptorEventSource *source;
	bool added;

	if (!workLoop || !action || fd < 0)
		return NULL;
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	ref_init(&source->ref);
	source->loop = workLoop;
	source->action = action;
	source->context = context;
	source->fd = fd;
	event.events = (events & POLLIN ? EPOLLIN : 0) | (events & POLLOUT ? EPOLLOUT : 0);
	pthread_mutex_lock(&workLoop->lock);
	source->key = event.data.u64 = ++workLoop->last_key;
	added = !workLoop->stopped && !map_set(&workLoop->sources, source->key, source);
	if (added && epoll_ctl(workLoop->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		map_remove(&workLoop->sources, source->key);
		added = false;
	}
	if (added)
		ref_get(&workLoop->ref);
	pthread_mutex_unlock(&workLoop->lock);
	if (added)
		return source;
	free(source);
	return NULL;
}

void IODescriptorEventSourceRelease(IODescriptorEventSource *source)
{
	IOWorkLoop *loop;

	if (!source)
		return;
	loop = source->loop;
	enter_gate(loop);
	pthread_mutex_lock(&loop->lock);
	if (map_remove(&loop->sources, source->key))
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	pthread_mutex_unlock(&loop->lock);
	leave_gate(loop);
	unref_source(source);
}

static void run_source(IOWorkLoop *loop, uint64_t key, uint32_t events)
{
	IODescriptorEventSource *source;

	enter_gate(loop);
	pthread_mutex_lock(&loop->lock);
	source = map_find(&loop->sources, key); /* NULL: released since epoll_wait */
	if (source)
		ref_get(&source->ref);
	pthread_mutex_unlock(&loop->lock);
	if (source)
		source->action(source->context, source->fd,
			       (events & EPOLLIN ? POLLIN : 0) | (events & EPOLLOUT ? POLLOUT : 0) |
				       (events & EPOLLERR ? POLLERR : 0) |
				       (events & EPOLLHUP ? POLLHUP : 0));
	leave_gate(loop);
	if (source)
		unref_source(source);
}

/* --- the thread ------------------------------------------------------------------ */

static void *run(void *context)
{
	IOWorkLoop *loop = context;
	struct epoll_event events[16];

	for (;;) {
		int n = epoll_wait(loop->epoll_fd, events, 16, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.u64 == KEY_STOP)
				return NULL;
			if (events[i].data.u64 == KEY_TIMER)
				run_timers(loop);
			else
				run_source(loop, events[i].data.u64, events[i].events);
		}
	}
}

static err_t open_fds(IOWorkLoop *loop)
{
	struct epoll_event stop = { .events = EPOLLIN, .data.u64 = KEY_STOP };
	struct epoll_event timer = { .events = EPOLLIN, .data.u64 = KEY_TIMER };

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->stop_fd < 0 || loop->timer_fd < 0 ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->stop_fd, &stop) ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &timer))
		return err_from_errno();
	return 0;
}

err_t host_work_loop_new(IOWorkLoop **ret_loop)
{
	IOWorkLoop *loop = calloc(1, sizeof(*loop));
	pthread_mutexattr_t recursive;
	err_t err;

	if (!loop)
		return -ENOMEM;
	ref_init(&loop->ref);
	loop->epoll_fd = loop->stop_fd = loop->timer_fd = -1;
	loop->last_key = KEY_FIRST_SOURCE;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&loop->gate, &recursive);
	pthread_mutexattr_destroy(&recursive);
	pthread_mutex_init(&loop->lock, NULL);
	err = open_fds(loop);
	if (!err)
		err = -pthread_create(&loop->thread, NULL, run, loop);
	if (err) {
		unref_loop(loop);
		return err;
	}
	*ret_loop = loop;
	return 0;
}

IOWorkLoop *host_work_loop_free(IOWorkLoop *loop)
{
	uint64_t one = 1;

	if (!loop)
		return NULL;
	pthread_mutex_lock(&loop->lock);
	loop->stopped = true;
	pthread_mutex_unlock(&loop->lock);
	while (write(loop->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(loop->thread, NULL);
	unref_loop(loop);
	return NULL;
}
