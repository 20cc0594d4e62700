// SPDX-License-Identifier: MIT
/*
 * libuv's loop and thread pool: the roles of peer_dispatch.c. A loop runs
 * functions of other threads as its users do it: a list under a mutex and one
 * uv_async_t, whose sends are joined by libuv while one is pending.
 */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "contestant.h"
#include "timing.h"

static uv_loop_t loop;
static uv_async_t async;
static uv_timer_t timer_handle;
static uv_sem_t done;
static uint64_t left;

/* --- functions in the pool: submitted from the loop's thread, which hears of their end ------- */

static void nothing(uv_work_t *request)
{
}

static void ended(uv_work_t *request, int status)
{
	free(request);
	left--;
}

/* The pool has one thread. */
static bool open_serial(void)
{
	return !setenv("UV_THREADPOOL_SIZE", "1", 1) && !uv_loop_init(&loop);
}

static bool open_concurrent(void)
{
	char count[16];
	uv_cpu_info_t *infos;
	int n;

	if (uv_cpu_info(&infos, &n))
		return false;
	uv_free_cpu_info(infos, n);
	snprintf(count, sizeof(count), "%d", n);
	return !setenv("UV_THREADPOOL_SIZE", count, 1) && !uv_loop_init(&loop);
}

static bool queue_one(void)
{
	uv_work_t *request = malloc(sizeof(*request));

	return request && !uv_queue_work(&loop, request, nothing, ended);
}

static uint64_t post(uint64_t n)
{
	uint64_t start = bench_now_ns();

	left = n;
	for (uint64_t i = 0; i < n; i++)
		if (!queue_one())
			return 0;
	uv_run(&loop, UV_RUN_DEFAULT);
	return left ? 0 : bench_now_ns() - start;
}

static uint64_t hop(uint64_t n)
{
	uint64_t start = bench_now_ns();

	left = n;
	for (uint64_t i = 0; i < n; i++) {
		if (!queue_one())
			return 0;
		uv_run(&loop, UV_RUN_DEFAULT);
	}
	return left ? 0 : bench_now_ns() - start;
}

/* --- functions of other threads on the loop ---------------------------------------------------- */

struct call {
	struct call *next;
	void (*function)(void);
};

static uv_mutex_t calls_lock;
static struct call *first, **last = &first;

static void run_calls(uv_async_t *handle)
{
	struct call *all;

	uv_mutex_lock(&calls_lock);
	all = first;
	first = NULL;
	last = &first;
	uv_mutex_unlock(&calls_lock);
	while (all) {
		struct call *next = all->next;

		all->function();
		free(all);
		all = next;
	}
}

static void call_on_loop(void (*function)(void))
{
	struct call *call = malloc(sizeof(*call));

	if (!call)
		abort();
	*call = (struct call){ NULL, function };
	uv_mutex_lock(&calls_lock);
	*last = call;
	last = &call->next;
	uv_mutex_unlock(&calls_lock);
	uv_async_send(&async);
}

static bool open_loop(void)
{
	return !uv_loop_init(&loop) && !uv_async_init(&loop, &async, run_calls) &&
	       !uv_mutex_init(&calls_lock) && !uv_sem_init(&done, 0);
}

static void count_down(void)
{
	if (!--left)
		uv_stop(&loop);
}

static void woken(void)
{
	count_down();
	uv_sem_post(&done);
}

static void post_to_loop(void *n)
{
	for (uint64_t i = 0; i < *(uint64_t *)n; i++)
		call_on_loop(count_down);
}

static void wake_loop(void *n)
{
	for (uint64_t i = 0; i < *(uint64_t *)n; i++) {
		call_on_loop(woken);
		uv_sem_wait(&done);
	}
}

static uint64_t run_loop_with(uv_thread_cb other, uint64_t n)
{
	uint64_t start = bench_now_ns();
	uv_thread_t thread;

	left = n;
	if (uv_thread_create(&thread, other, &n))
		return 0;
	uv_run(&loop, UV_RUN_DEFAULT);
	uint64_t ns = bench_now_ns() - start;
	uv_thread_join(&thread);
	return ns;
}

static uint64_t post_main(uint64_t n)
{
	return run_loop_with(post_to_loop, n);
}

static uint64_t wake(uint64_t n)
{
	return run_loop_with(wake_loop, n);
}

/* --- timers ---------------------------------------------------------------------------------------- */

static struct bench_lateness late;
static uint64_t interval_ns; /* the role's parameter */

static bool open_timer(void)
{
	return !uv_loop_init(&loop) && !uv_timer_init(&loop, &timer_handle);
}

static void set_timer(void);

static void timer_fired(uv_timer_t *handle)
{
	if (!bench_lateness_note(&late))
		set_timer();
}

static void set_timer(void)
{
	uv_update_time(&loop);
	bench_lateness_next(&late);
	uv_timer_start(&timer_handle, timer_fired, interval_ns / 1000000, 0);
}

static size_t timer(uint64_t n, double *values)
{
	if (!bench_lateness_begin(&late, n, interval_ns))
		return 0;
	set_timer();
	uv_run(&loop, UV_RUN_DEFAULT);
	return bench_lateness_end(&late, values);
}

/* --- roles ---------------------------------------------------------------------------------- */

static int play_post_serial(uint64_t unused)
{
	return open_serial() ? bench_serve(post) : 1;
}

static int play_post_concurrent(uint64_t unused)
{
	return open_concurrent() ? bench_serve(post) : 1;
}

static int play_post_main(uint64_t unused)
{
	return open_loop() ? bench_serve(post_main) : 1;
}

static int play_hop(uint64_t unused)
{
	return open_serial() ? bench_serve(hop) : 1;
}

static int play_wake(uint64_t unused)
{
	return open_loop() ? bench_serve(wake) : 1;
}

static int play_timer(uint64_t parameter)
{
	interval_ns = parameter;
	return open_timer() ? bench_serve_values(timer) : 1;
}

static const struct bench_role roles[] = {
	{ "post-serial", play_post_serial },
	{ "post-concurrent", play_post_concurrent },
	{ "post-main", play_post_main },
	{ "hop", play_hop },
	{ "wake", play_wake },
	{ "timer", play_timer },
	{ NULL },
};

int main(int argc, char **argv)
{
	return bench_play(argc, argv, roles);
}
