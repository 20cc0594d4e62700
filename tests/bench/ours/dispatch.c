// SPDX-License-Identifier: MIT
/*
 * Dispatch queues, their timers and the run loop: from the call that submits an
 * empty function until it has run. peers/glib.c and peers/uv.c have the same roles.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>

#include "contestant.h"
#include "timing.h"

static dispatch_queue_t queue;
static dispatch_semaphore_t done;
static uint64_t left; /* functions that have not run yet; the serial queue's or the main thread's */

static bool open_queue(dispatch_queue_attr_t attributes)
{
	queue = dispatch_queue_create("bench", attributes);
	done = dispatch_semaphore_create(0);
	return queue && done;
}

static void signal_done(void *context)
{
	dispatch_semaphore_signal(done);
}

static void nothing(void *context)
{
}

/* --- post: as many as the program can, until the last has run --------------------- */

static void count_down(void *context)
{
	if (!--left)
		dispatch_semaphore_signal(done);
}

static uint64_t post_serial(uint64_t n)
{
	uint64_t start = bench_now_ns();

	left = n;
	for (uint64_t i = 0; i < n; i++)
		dispatch_async_f(queue, NULL, count_down);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	return bench_now_ns() - start;
}

static _Atomic uint64_t left_anywhere;

static void count_down_anywhere(void *context)
{
	if (atomic_fetch_sub(&left_anywhere, 1) == 1)
		dispatch_semaphore_signal(done);
}

static uint64_t post_concurrent(uint64_t n)
{
	uint64_t start = bench_now_ns();

	left_anywhere = n;
	for (uint64_t i = 0; i < n; i++)
		dispatch_async_f(queue, NULL, count_down_anywhere);
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	return bench_now_ns() - start;
}

/* --- hop: one function on an idle queue, and back -------------------------------- */

static uint64_t hop_serial(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++) {
		dispatch_async_f(queue, NULL, signal_done);
		dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	}
	return bench_now_ns() - start;
}

/* --- sync: an empty function on an idle queue, in place ---------------------------- */

static uint64_t sync_idle(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++)
		dispatch_sync_f(queue, NULL, nothing);
	return bench_now_ns() - start;
}

/* --- main: another thread posts to this one's loop ---------------------------------- */

static void count_down_main(void *context)
{
	if (!--left)
		CFRunLoopStop(CFRunLoopGetCurrent());
}

static void *post_to_main(void *n)
{
	for (uint64_t i = 0; i < *(uint64_t *)n; i++)
		dispatch_async_f(dispatch_get_main_queue(), NULL, count_down_main);
	return NULL;
}

static uint64_t post_main(uint64_t n)
{
	uint64_t start = bench_now_ns();
	pthread_t poster;

	left = n;
	if (pthread_create(&poster, NULL, post_to_main, &n))
		return 0;
	CFRunLoopRun();
	uint64_t ns = bench_now_ns() - start;
	pthread_join(poster, NULL);
	return ns;
}

/* --- wake: another thread wakes this one's sleeping loop and waits for its answer ------ */

static CFRunLoopSourceRef source;
static CFRunLoopRef main_loop;
static sem_t answer;

static void woken(void *info)
{
	if (!--left)
		CFRunLoopStop(main_loop);
	sem_post(&answer);
}

static bool open_source(void)
{
	CFRunLoopSourceContext context = { .perform = woken };

	main_loop = CFRunLoopGetCurrent();
	source = CFRunLoopSourceCreate(NULL, 0, &context);
	if (!source || sem_init(&answer, 0, 0))
		return false;
	CFRunLoopAddSource(main_loop, source, kCFRunLoopDefaultMode);
	return true;
}

static void *wake_loop(void *n)
{
	for (uint64_t i = 0; i < *(uint64_t *)n; i++) {
		CFRunLoopSourceSignal(source);
		CFRunLoopWakeUp(main_loop);
		sem_wait(&answer);
	}
	return NULL;
}

static uint64_t wake(uint64_t n)
{
	uint64_t start = bench_now_ns();
	pthread_t waker;

	left = n;
	if (pthread_create(&waker, NULL, wake_loop, &n))
		return 0;
	CFRunLoopRun();
	uint64_t ns = bench_now_ns() - start;
	pthread_join(waker, NULL);
	return ns;
}

/* --- timers: set for an interval from now, again and again; how far off they fire ---------- */

static struct bench_lateness late;
static uint64_t interval_ns; /* the role's parameter */

static void set_timer(void);

static void timer_fired(void *context)
{
	if (bench_lateness_note(&late))
		dispatch_semaphore_signal(done);
	else
		set_timer();
}

static void set_timer(void)
{
	dispatch_after_f(bench_lateness_next(&late), queue, NULL, timer_fired);
}

static size_t timer(uint64_t n, double *values)
{
	if (!bench_lateness_begin(&late, n, interval_ns))
		return 0;
	set_timer();
	dispatch_semaphore_wait(done, DISPATCH_TIME_FOREVER);
	return bench_lateness_end(&late, values);
}

static void set_loop_timer(CFRunLoopTimerRef timer)
{
	double seconds = (double)(bench_lateness_next(&late) - bench_now_ns()) / 1e9;

	CFRunLoopTimerSetNextFireDate(timer, CFAbsoluteTimeGetCurrent() + seconds);
}

static void loop_timer_fired(CFRunLoopTimerRef timer, void *info)
{
	if (bench_lateness_note(&late))
		CFRunLoopStop(CFRunLoopGetCurrent());
	else
		set_loop_timer(timer);
}

static size_t loop_timer(uint64_t n, double *values)
{
	const double never = 1e9;
	CFRunLoopTimerRef timer =
		CFRunLoopTimerCreate(NULL, never * 2, never, 0, 0, loop_timer_fired, NULL);

	if (!timer || !bench_lateness_begin(&late, n, interval_ns))
		return 0;
	CFRunLoopAddTimer(CFRunLoopGetCurrent(), timer, kCFRunLoopDefaultMode);
	set_loop_timer(timer);
	CFRunLoopRun();
	CFRunLoopTimerInvalidate(timer);
	CFRelease(timer);
	return bench_lateness_end(&late, values);
}

/* --- roles ----------------------------------------------------------------------------------- */

static int play_post_serial(uint64_t unused)
{
	return open_queue(DISPATCH_QUEUE_SERIAL) ? bench_serve(post_serial) : 1;
}

static int play_post_concurrent(uint64_t unused)
{
	return open_queue(DISPATCH_QUEUE_CONCURRENT) ? bench_serve(post_concurrent) : 1;
}

static int play_post_main(uint64_t unused)
{
	return bench_serve(post_main);
}

static int play_hop(uint64_t unused)
{
	return open_queue(DISPATCH_QUEUE_SERIAL) ? bench_serve(hop_serial) : 1;
}

static int play_sync(uint64_t unused)
{
	return open_queue(DISPATCH_QUEUE_SERIAL) ? bench_serve(sync_idle) : 1;
}

static int play_wake(uint64_t unused)
{
	return open_source() ? bench_serve(wake) : 1;
}

static int play_timer(uint64_t parameter)
{
	interval_ns = parameter;
	return open_queue(DISPATCH_QUEUE_SERIAL) ? bench_serve_values(timer) : 1;
}

static int play_loop_timer(uint64_t parameter)
{
	interval_ns = parameter;
	return bench_serve_values(loop_timer);
}

static const struct bench_role roles[] = {
	{ "post-serial", play_post_serial },
	{ "post-concurrent", play_post_concurrent },
	{ "post-main", play_post_main },
	{ "hop", play_hop },
	{ "sync", play_sync },
	{ "wake", play_wake },
	{ "timer", play_timer },
	{ "loop-timer", play_loop_timer },
	{ NULL },
};

int main(int argc, char **argv)
{
	return bench_play(argc, argv, roles);
}
