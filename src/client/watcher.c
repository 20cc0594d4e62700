// SPDX-License-Identifier: MIT
#include "client/watcher.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/list.h"
#include "base/loop.h"
#include "base/scope.h"

struct watch {
	struct list link; /* watches */
	int fd;
	uint32_t events;
	client_watcher_fd_fn fn;
	client_watcher_fn done;
	void *context;
};

struct delayed {
	struct list link; /* delayed_work */
	struct loop_timer timer;
	uint64_t at_ns;
	client_watcher_fn fn;
	void *context;
};

static pthread_mutex_t watcher_lock = PTHREAD_MUTEX_INITIALIZER;
static struct loop *watcher_loop; /* under watcher_lock */
static pthread_t watcher_thread;
static struct list watches = LIST_INIT(watches);	   /* under watcher_lock */
static struct list delayed_work = LIST_INIT(delayed_work); /* under watcher_lock */

static void end_watch(struct watch *watch)
{
	pthread_mutex_lock(&watcher_lock);
	list_remove(&watch->link);
	pthread_mutex_unlock(&watcher_lock);
	watch->done(watch->context);
	free(watch);
}

static void watch_event(void *context, int fd, uint32_t events)
{
	struct watch *watch = context;

	if (!watch->fn(watch->context, fd, events))
		return;
	loop_remove_fd(watcher_loop, fd);
	end_watch(watch);
}

static void watch_begin(void *context)
{
	struct watch *watch = context;

	if (loop_add_fd(watcher_loop, watch->fd, watch->events, watch_event, watch) == 0)
		return;
	/* It cannot be watched (no memory): treat it as gone rather than never noticing. */
	watch->fn(watch->context, watch->fd, EPOLLHUP);
	end_watch(watch);
}

static void delayed_run(void *context)
{
	struct delayed *work = context;
	client_watcher_fn fn = work->fn;
	void *fn_context = work->context;

	pthread_mutex_lock(&watcher_lock);
	list_remove(&work->link);
	pthread_mutex_unlock(&watcher_lock);
	free(work);
	fn(fn_context);
}

static void delayed_begin(void *context)
{
	struct delayed *work = context;

	loop_timer_start(watcher_loop, &work->timer, work->at_ns);
}

static void *watcher_main(void *context)
{
	loop_run(context);
	return NULL;
}

static err_t watcher_start_locked(void)
{
	struct loop *loop;
	sigset_t all, before;
	err_t err;
	int error;

	if (watcher_loop)
		return 0;
	err = loop_new(&loop);
	if (err)
		return err;
	/* The program's signals are for the program's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	watcher_loop = loop;
	error = pthread_create(&watcher_thread, NULL, watcher_main, loop);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		watcher_loop = loop_free(loop);
		return -error;
	}
	return 0;
}

err_t client_watcher_add(int fd, uint32_t events, client_watcher_fd_fn fn, client_watcher_fn done,
			 void *context)
{
	struct watch *watch = malloc(sizeof(*watch));
	err_t err;

	if (!watch)
		return -ENOMEM;
	*watch = (struct watch){
		.fd = fd, .events = events, .fn = fn, .done = done, .context = context
	};
	scope_lock(&watcher_lock);
	err = watcher_start_locked();
	if (!err) {
		list_add(&watches, &watch->link);
		err = loop_post(watcher_loop, watch_begin, watch);
		if (err)
			list_remove(&watch->link);
	}
	if (err)
		free(watch);
	return err;
}

err_t client_watcher_run_later(uint64_t delay_ns, client_watcher_fn fn, void *context)
{
	struct delayed *work = malloc(sizeof(*work));
	err_t err;

	if (!work)
		return -ENOMEM;
	work->fn = fn;
	work->context = context;
	work->at_ns = loop_now_ns() + delay_ns;
	loop_timer_init(&work->timer, delayed_run, work);
	scope_lock(&watcher_lock);
	err = watcher_start_locked();
	if (!err) {
		list_add(&delayed_work, &work->link);
		err = loop_post(watcher_loop, delayed_begin, work);
		if (err)
			list_remove(&work->link);
	}
	if (err)
		free(work);
	return err;
}

static void drop_everything(bool call)
{
	list_for_each_safe(node, &watches) {
		struct watch *watch = container_of(node, struct watch, link);

		list_remove(node);
		if (call)
			watch->done(watch->context);
		free(watch);
	}
	list_for_each_safe(node, &delayed_work) {
		list_remove(node);
		free(container_of(node, struct delayed, link));
	}
}

void client_watcher_end(void)
{
	struct loop *loop;
	pthread_t thread;

	pthread_mutex_lock(&watcher_lock);
	loop = watcher_loop;
	thread = watcher_thread;
	pthread_mutex_unlock(&watcher_lock);
	if (!loop)
		return;
	loop_stop(loop);
	pthread_join(thread, NULL);
	pthread_mutex_lock(&watcher_lock);
	watcher_loop = NULL;
	pthread_mutex_unlock(&watcher_lock);
	loop_free(loop);
	drop_everything(true);
}

void client_watcher_forget(void)
{
	if (watcher_loop)
		watcher_loop = loop_free(watcher_loop);
	drop_everything(false);
}

void client_watcher_lock(void)
{
	pthread_mutex_lock(&watcher_lock);
}

void client_watcher_unlock(void)
{
	pthread_mutex_unlock(&watcher_lock);
}
