// SPDX-License-Identifier: MIT
#include "test.h"

#include <CoreFoundation/CFRunLoop.h>
#include <dispatch/dispatch.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "info.h"

static char trace[4096];

static void note(const char *what)
{
	strncat(trace, what, sizeof trace - strlen(trace) - 1);
}

/* Run BODY on a thread of its own: the main loop is never empty. */
static void on_thread(void *(*body)(void *))
{
	pthread_t thread;

	CFRunLoopGetMain();
	test_reset_baseline();
	test_equal(pthread_create(&thread, NULL, body, NULL), 0);
	pthread_join(thread, NULL);
}

static void perform(void *info)
{
	note(info);
}

static void schedule(void *info, CFRunLoopRef rl, CFRunLoopMode mode)
{
	note("+");
	note(info);
	test_true(rl && mode);
}

static void cancel(void *info, CFRunLoopRef rl, CFRunLoopMode mode)
{
	note("-");
	note(info);
	test_true(rl && mode);
}

static CFRunLoopSourceRef source_new(const char *name, CFIndex order)
{
	CFRunLoopSourceContext context = {
		.info = (void *)name,
		.schedule = schedule,
		.cancel = cancel,
		.perform = perform,
	};

	return CFRunLoopSourceCreate(NULL, order, &context);
}

static void *empty_modes(void *unused)
{
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 1, false), kCFRunLoopRunFinished);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 1, false), kCFRunLoopRunFinished);
	test_equal(CFRunLoopRunInMode(kCFRunLoopCommonModes, 1, false), kCFRunLoopRunFinished);
	test_equal(CFRunLoopRunInMode(NULL, 1, false), kCFRunLoopRunFinished);
	CFRunLoopRun();
	return unused;
}

TEST(empty_mode_finishes_at_once)
{
	on_thread(empty_modes);
}

static void *time_out(void *unused)
{
	CFRunLoopSourceRef s = source_new("s", 0);
	CFAbsoluteTime start;

	CFRunLoopAddSource(CFRunLoopGetCurrent(), s, kCFRunLoopDefaultMode);
	start = CFAbsoluteTimeGetCurrent();
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.1, false), kCFRunLoopRunTimedOut);
	test_true(CFAbsoluteTimeGetCurrent() - start >= 0.0999);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false), kCFRunLoopRunTimedOut);
	CFRunLoopSourceSignal(s);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true), kCFRunLoopRunHandledSource);
	CFRunLoopSourceInvalidate(s);
	test_true(!CFRunLoopSourceIsValid(s));
	test_true(!CFRunLoopContainsSource(CFRunLoopGetCurrent(), s, kCFRunLoopDefaultMode));
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, false), kCFRunLoopRunFinished);
	CFRelease(s);
	test_equal_text(trace, "+ss-s");
	return unused;
}

TEST(times_out_not_before_its_time)
{
	on_thread(time_out);
}

static void *signal_in_order(void *unused)
{
	CFRunLoopSourceRef a = source_new("a", 5), b = source_new("b", -1), c = source_new("c", 5);
	CFRunLoopRef rl = CFRunLoopGetCurrent();

	CFRunLoopAddSource(rl, a, kCFRunLoopDefaultMode);
	CFRunLoopAddSource(rl, b, kCFRunLoopCommonModes);
	CFRunLoopAddSource(rl, c, kCFRunLoopDefaultMode);
	CFRunLoopAddSource(rl, c, kCFRunLoopDefaultMode);
	trace[0] = 0;
	CFRunLoopSourceSignal(c);
	CFRunLoopSourceSignal(b);
	CFRunLoopSourceSignal(a);
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false);
	test_equal_text(trace, "bac");
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false);
	test_equal_text(trace, "bac");
	test_true(CFRunLoopContainsSource(rl, b, kCFRunLoopCommonModes));
	test_true(CFRunLoopContainsSource(rl, b, kCFRunLoopDefaultMode));
	CFRunLoopAddCommonMode(rl, CFSTR("other"));
	test_true(CFRunLoopContainsSource(rl, b, CFSTR("other")));
	test_true(!CFRunLoopContainsSource(rl, a, CFSTR("other")));
	CFRunLoopRemoveSource(rl, b, kCFRunLoopCommonModes);
	test_true(!CFRunLoopContainsSource(rl, b, kCFRunLoopDefaultMode));
	CFArrayRef modes = CFRunLoopCopyAllModes(rl);
	test_equal(CFArrayGetCount(modes), 2);
	CFRelease(modes);
	CFRelease(a);
	CFRelease(b);
	CFRelease(c);
	return unused; /* the end of the thread empties its loop */
}

TEST(signalled_sources_perform_in_order)
{
	on_thread(signal_in_order);
}

/* --- stop and wake --------------------------------------------------------------------- */

static CFRunLoopRef loop;
static dispatch_semaphore_t ready, again;
static int rounds;

static void *stop_rounds(void *unused)
{
	CFRunLoopSourceRef s = source_new("", 0);

	loop = CFRunLoopGetCurrent();
	CFRunLoopAddSource(loop, s, kCFRunLoopDefaultMode);
	CFRunLoopStop(loop); /* no run in progress: no effect */
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.001, false), kCFRunLoopRunTimedOut);
	for (int i = 0; i < rounds; i++) {
		test_equal(dispatch_semaphore_signal(ready) >= 0, 1);
		test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, false),
			   kCFRunLoopRunStopped);
		dispatch_semaphore_signal(again);
	}
	CFRelease(s);
	return unused;
}

static void mark_entry(CFRunLoopObserverRef o, CFRunLoopActivity activity, void *info)
{
	(void)o;
	(void)activity;
	dispatch_semaphore_signal(info);
}

static void *stop_by_observer(void *unused)
{
	CFRunLoopSourceRef s = source_new("", 0);
	CFRunLoopObserverContext context = { .info = ready };
	CFRunLoopObserverRef o =
		CFRunLoopObserverCreate(NULL, kCFRunLoopEntry, true, 0, mark_entry, &context);

	loop = CFRunLoopGetCurrent();
	CFRunLoopAddSource(loop, s, kCFRunLoopDefaultMode);
	CFRunLoopAddObserver(loop, o, kCFRunLoopDefaultMode);
	for (int i = 0; i < rounds; i++) {
		CFRunLoopRun();
		dispatch_semaphore_signal(again);
	}
	CFRelease(s);
	CFRelease(o);
	return unused;
}

TEST(stop_of_a_running_loop_is_never_lost)
{
	pthread_t thread;

	rounds = test_is_slow() ? 500 : 5000;
	CFRunLoopGetMain();
	test_reset_baseline();
	ready = dispatch_semaphore_create(0);
	again = dispatch_semaphore_create(0);
	pthread_create(&thread, NULL, stop_by_observer, NULL);
	for (int i = 0; i < rounds; i++) {
		dispatch_semaphore_wait(ready, DISPATCH_TIME_FOREVER);
		/* Once in a while let it fall asleep first. */
		if (i % 16 == 0)
			while (!CFRunLoopIsWaiting(loop))
				sched_yield();
		CFRunLoopStop(loop);
		dispatch_semaphore_wait(again, DISPATCH_TIME_FOREVER);
	}
	pthread_join(thread, NULL);
	dispatch_release(ready);
	dispatch_release(again);
}

TEST(stop_without_a_run_has_no_effect)
{
	pthread_t thread;

	rounds = 20;
	CFRunLoopGetMain();
	test_reset_baseline();
	ready = dispatch_semaphore_create(0);
	again = dispatch_semaphore_create(0);
	pthread_create(&thread, NULL, stop_rounds, NULL);
	for (int i = 0; i < rounds; i++) {
		dispatch_semaphore_wait(ready, DISPATCH_TIME_FOREVER);
		while (!CFRunLoopIsWaiting(loop))
			sched_yield();
		CFRunLoopStop(loop);
		dispatch_semaphore_wait(again, DISPATCH_TIME_FOREVER);
	}
	pthread_join(thread, NULL);
	dispatch_release(ready);
	dispatch_release(again);
}

static atomic_int performed;

static void count_perform(void *info)
{
	atomic_fetch_add(&performed, 1);
	dispatch_semaphore_signal(info);
}

static void *wait_for_signals(void *unused)
{
	loop = CFRunLoopGetCurrent();
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false);
	CFRunLoopTimerRef forever = CFRunLoopTimerCreate(NULL, 1e12, 0, 0, 0, NULL, NULL);
	CFRunLoopAddTimer(loop, forever, kCFRunLoopDefaultMode);
	dispatch_semaphore_signal(ready);
	CFRunLoopRun();
	CFRunLoopTimerInvalidate(forever);
	CFRelease(forever);
	return unused;
}

TEST(source_of_another_thread_is_seen_and_no_wake_up_is_lost)
{
	CFRunLoopSourceContext context = { .perform = count_perform };
	CFRunLoopSourceRef s;
	pthread_t thread;
	int count = test_is_slow() ? 500 : 5000;

	CFRunLoopGetMain();
	test_reset_baseline();
	ready = dispatch_semaphore_create(0);
	again = dispatch_semaphore_create(0);
	context.info = again;
	s = CFRunLoopSourceCreate(NULL, 0, &context);
	pthread_create(&thread, NULL, wait_for_signals, NULL);
	dispatch_semaphore_wait(ready, DISPATCH_TIME_FOREVER);
	CFRunLoopAddSource(loop, s, kCFRunLoopDefaultMode);
	for (int i = 0; i < count; i++) {
		CFRunLoopSourceSignal(s);
		CFRunLoopWakeUp(loop);
		dispatch_semaphore_wait(again, DISPATCH_TIME_FOREVER);
	}
	test_equal(performed, count);
	while (!CFRunLoopIsWaiting(loop))
		sched_yield();
	CFRunLoopStop(loop);
	pthread_join(thread, NULL);
	CFRelease(s);
	dispatch_release(ready);
	dispatch_release(again);
}

static void *finish_when_emptied(void *unused)
{
	CFRunLoopRef rl = CFRunLoopGetCurrent();

	loop = (CFRunLoopRef)CFRetain(rl);
	CFRunLoopAddSource(rl, (CFRunLoopSourceRef)unused, kCFRunLoopDefaultMode);
	dispatch_semaphore_signal(ready);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, false), kCFRunLoopRunFinished);
	return NULL;
}

TEST(invalidating_the_last_source_ends_the_run)
{
	CFRunLoopSourceRef s;
	pthread_t thread;

	CFRunLoopGetMain();
	test_reset_baseline();
	s = source_new("s", 0);
	ready = dispatch_semaphore_create(0);
	pthread_create(&thread, NULL, finish_when_emptied, s);
	dispatch_semaphore_wait(ready, DISPATCH_TIME_FOREVER);
	while (!CFRunLoopIsWaiting(loop))
		sched_yield();
	CFRunLoopSourceInvalidate(s);
	pthread_join(thread, NULL);
	CFRelease(s);
	/* The loop of a thread that has ended accepts calls. */
	CFRunLoopWakeUp(loop);
	CFRunLoopStop(loop);
	CFRelease(loop);
	dispatch_release(ready);
}

/* --- observers, nesting ------------------------------------------------------------------ */

static void observe(CFRunLoopObserverRef o, CFRunLoopActivity activity, void *info)
{
	char text[16];

	(void)o;
	(void)info;
	snprintf(text, sizeof text, "%lu ", activity);
	note(text);
}

static void *observe_pass(void *unused)
{
	CFRunLoopRef rl = CFRunLoopGetCurrent();
	CFRunLoopSourceRef s = source_new("s ", 0);
	CFRunLoopObserverRef all =
		CFRunLoopObserverCreate(NULL, kCFRunLoopAllActivities, true, 0, observe, NULL);
	CFRunLoopObserverRef once =
		CFRunLoopObserverCreate(NULL, kCFRunLoopBeforeTimers, false, 0, observe, NULL);

	CFRunLoopAddSource(rl, s, kCFRunLoopDefaultMode);
	CFRunLoopAddObserver(rl, all, kCFRunLoopDefaultMode);
	CFRunLoopAddObserver(rl, once, kCFRunLoopDefaultMode);
	trace[0] = 0;
	CFRunLoopSourceSignal(s);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 1, true), kCFRunLoopRunHandledSource);
	test_equal_text(trace, "1 2 2 4 s 128 ");
	test_true(!CFRunLoopObserverIsValid(once));
	trace[0] = 0;
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.01, true), kCFRunLoopRunTimedOut);
	test_equal_text(trace, "1 2 4 32 64 128 ");
	CFRunLoopObserverInvalidate(all);
	CFRelease(all);
	CFRelease(once);
	CFRelease(s);
	return unused;
}

static void invalidate_it(CFRunLoopObserverRef o, CFRunLoopActivity activity, void *info)
{
	CFRunLoopObserverInvalidate(o);
	info_expect_kept(info);
}

static void *observe_and_invalidate(void *unused)
{
	CFRunLoopObserverContext context = { 0, &info_refs, info_retain, info_release, NULL };
	CFRunLoopRef rl = CFRunLoopGetCurrent();
	CFRunLoopSourceRef s = source_new("s", 0);
	CFRunLoopObserverRef o = CFRunLoopObserverCreate(NULL, kCFRunLoopAllActivities, true, 0,
							 invalidate_it, &context);

	CFRunLoopAddSource(rl, s, kCFRunLoopDefaultMode);
	CFRunLoopAddObserver(rl, o, kCFRunLoopDefaultMode);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true), kCFRunLoopRunTimedOut);
	info_expect_dropped();
	CFRelease(o);
	CFRelease(s);
	return unused;
}

TEST(invalidation_leaves_an_observers_callback_the_info)
{
	on_thread(observe_and_invalidate);
}

TEST(observers_see_the_order_of_a_pass)
{
	on_thread(observe_pass);
}

static CFRunLoopSourceRef inner, outer;
static int depth;

static void nest(void *info)
{
	(void)info;
	test_equal(depth, 0); /* not performed inside itself */
	depth++;
	note("(");
	CFRunLoopSourceSignal(outer);
	CFRunLoopSourceSignal(inner);
	CFStringRef mode = CFRunLoopCopyCurrentMode(CFRunLoopGetCurrent());
	test_true(CFEqual(mode, kCFRunLoopDefaultMode));
	CFRelease(mode);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true), kCFRunLoopRunHandledSource);
	note(")");
	depth--;
	CFRunLoopSourceInvalidate(outer);
}

static void *nested_runs(void *unused)
{
	CFRunLoopSourceContext context = { .perform = nest };

	outer = CFRunLoopSourceCreate(NULL, 0, &context);
	inner = source_new("i", 1);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), outer, kCFRunLoopDefaultMode);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), inner, kCFRunLoopDefaultMode);
	trace[0] = 0;
	CFRunLoopSourceSignal(outer);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true), kCFRunLoopRunHandledSource);
	test_equal_text(trace, "(i)");
	test_true(CFRunLoopCopyCurrentMode(CFRunLoopGetCurrent()) == NULL);
	CFRelease(outer);
	CFRelease(inner);
	return unused;
}

TEST(nested_run_does_not_reenter_a_source)
{
	on_thread(nested_runs);
}

static void stop_inner(void *info)
{
	(void)info;
	CFRunLoopStop(CFRunLoopGetCurrent());
}

static void run_until_stopped(void *info)
{
	(void)info;
	CFRunLoopSourceSignal(inner);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, false), kCFRunLoopRunStopped);
	note("inner ended ");
}

static void *stop_nested(void *unused)
{
	CFRunLoopSourceContext stop = { .perform = stop_inner },
			       run = { .perform = run_until_stopped };

	inner = CFRunLoopSourceCreate(NULL, 0, &stop);
	outer = CFRunLoopSourceCreate(NULL, 0, &run);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), inner, kCFRunLoopDefaultMode);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), outer, kCFRunLoopDefaultMode);
	CFRunLoopSourceSignal(outer);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.01, false), kCFRunLoopRunTimedOut);
	test_equal_text(trace, "inner ended ");
	CFRelease(inner);
	CFRelease(outer);
	return unused;
}

TEST(stop_ends_the_innermost_run_only)
{
	on_thread(stop_nested);
}

/* --- timers ---------------------------------------------------------------------------- */

static int fired;
static CFAbsoluteTime fired_at;

static void fire(CFRunLoopTimerRef timer, void *info)
{
	(void)timer;
	fired++;
	fired_at = CFAbsoluteTimeGetCurrent();
	if (info)
		note(info);
}

static void fire_slowly(CFRunLoopTimerRef timer, void *info)
{
	fire(timer, info);
	if (fired == 1)
		usleep(35000); /* misses three periods */
	if (fired == 3)
		CFRunLoopStop(CFRunLoopGetCurrent());
}

static void *timers(void *unused)
{
	CFRunLoopRef rl = CFRunLoopGetCurrent();
	CFAbsoluteTime now = CFAbsoluteTimeGetCurrent();
	CFRunLoopTimerContext late = { .info = (char[]){ "l" } },
			      early = { .info = (char[]){ "e" } };
	CFRunLoopTimerRef a = CFRunLoopTimerCreate(NULL, now + 0.02, 0, 0, 0, fire, &late);
	CFRunLoopTimerRef b = CFRunLoopTimerCreate(NULL, now + 0.01, 0, 0, 9, fire, &early);

	CFRunLoopAddTimer(rl, a, kCFRunLoopDefaultMode);
	CFRunLoopAddTimer(rl, b, kCFRunLoopCommonModes);
	test_true(CFRunLoopGetNextTimerFireDate(rl, kCFRunLoopDefaultMode) == now + 0.01);
	test_true(CFRunLoopContainsTimer(rl, b, kCFRunLoopDefaultMode));
	/* The mode is empty once both have fired. */
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, true), kCFRunLoopRunFinished);
	test_equal_text(trace, "el");
	test_true(fired_at >= now + 0.02);
	test_true(!CFRunLoopTimerIsValid(a) && CFRunLoopTimerGetNextFireDate(a) == 0);
	CFRelease(a);
	CFRelease(b);

	fired = 0;
	now = CFAbsoluteTimeGetCurrent();
	a = CFRunLoopTimerCreate(NULL, now, 0.01, 0, 0, fire_slowly, NULL);
	test_true(CFRunLoopTimerDoesRepeat(a) && CFRunLoopTimerGetInterval(a) == 0.01);
	CFRunLoopAddTimer(rl, a, kCFRunLoopDefaultMode);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, false), kCFRunLoopRunStopped);
	test_equal(fired, 3);
	/* 0, then 40 ms and 50 ms: skipped ones are not made up for, the grid is kept. */
	test_true(fired_at >= now + 0.0499);
	CFRunLoopTimerInvalidate(a);
	CFRelease(a);
	return unused;
}

TEST(timers_fire_in_time_order_and_skip_what_they_missed)
{
	on_thread(timers);
}

static void *timer_moved(void *unused)
{
	CFRunLoopTimerRef t =
		CFRunLoopTimerCreate(NULL, CFAbsoluteTimeGetCurrent() + 1e6, 0, 0, 0, fire, NULL);

	loop = CFRunLoopGetCurrent();
	CFRunLoopAddTimer(loop, t, kCFRunLoopDefaultMode);
	*(CFRunLoopTimerRef *)unused = t;
	dispatch_semaphore_signal(ready);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, false), kCFRunLoopRunFinished);
	CFRelease(t);
	return NULL;
}

TEST(setting_a_fire_date_from_another_thread_wakes_the_loop)
{
	CFRunLoopTimerRef t;
	pthread_t thread;

	CFRunLoopGetMain();
	test_reset_baseline();
	ready = dispatch_semaphore_create(0);
	pthread_create(&thread, NULL, timer_moved, &t);
	dispatch_semaphore_wait(ready, DISPATCH_TIME_FOREVER);
	while (!CFRunLoopIsWaiting(loop))
		sched_yield();
	CFRunLoopTimerSetNextFireDate(t, CFAbsoluteTimeGetCurrent());
	pthread_join(thread, NULL);
	test_equal(fired, 1);
	dispatch_release(ready);
}

static void stop_loop(void *info)
{
	CFRunLoopStop(CFRunLoopGetCurrent());
}

static void *stop_and_time_out(void *unused)
{
	CFRunLoopSourceContext context = { .perform = stop_loop };
	CFRunLoopSourceRef s = CFRunLoopSourceCreate(NULL, 0, &context);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), s, CFSTR("m"));
	CFRunLoopSourceSignal(s);
	/* Both are true: as on macOS the time counts. */
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 0, false), kCFRunLoopRunTimedOut);
	CFRunLoopSourceSignal(s);
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 60, false), kCFRunLoopRunStopped);
	CFRunLoopSourceInvalidate(s);
	CFRelease(s);
	return unused;
}

TEST(the_end_of_the_time_comes_before_a_stop)
{
	on_thread(stop_and_time_out);
}

/* --- the main loop ------------------------------------------------------------------------ */

static void on_main(void *info)
{
	test_equal(gettid(), getpid());
	note(info);
}

static void stop_main(void *info)
{
	on_main(info);
	/* Inside the main queue the queue itself does not keep a mode alive. */
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, false), kCFRunLoopRunFinished);
	CFRunLoopStop(CFRunLoopGetMain());
}

static void from_worker(void *info)
{
	dispatch_async_f(dispatch_get_main_queue(), info, on_main);
	dispatch_async_f(dispatch_get_main_queue(), (void *)(uintptr_t) "stop", stop_main);
}

TEST(main_loop_drains_the_main_queue)
{
	CFRunLoopGetMain();
	test_true(CFRunLoopGetCurrent() == CFRunLoopGetMain());
	_dispatch_get_main_queue_handle_4CF();
	test_reset_baseline();
	/* Never empty in a common mode. */
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.01, false), kCFRunLoopRunTimedOut);
	test_equal(CFRunLoopRunInMode(CFSTR("custom"), 10, false), kCFRunLoopRunFinished);
	dispatch_async_f(dispatch_get_main_queue(), (void *)(uintptr_t) "1 ", on_main);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true), kCFRunLoopRunHandledSource);
	dispatch_async_f(dispatch_get_global_queue(0, 0), (void *)(uintptr_t) "2 ", from_worker);
	CFRunLoopRun();
	test_equal_text(trace, "1 2 stop");
}

static void *stop_waiting_main(void *unused)
{
	while (!CFRunLoopIsWaiting(CFRunLoopGetMain()))
		sched_yield();
	CFRunLoopStop(CFRunLoopGetMain());
	return unused;
}

/* As daemons do: none of the descriptors that it opens from then on is taken for the loop's. */
static void run_without_descriptors(void)
{
	enum { PIPES = 8 };
	int pipes[PIPES][2];
	char byte = 0;
	pthread_t thread;

	close_range(3, ~0u, 0);
	for (int i = 0; i < PIPES; i++) {
		test_equal(pipe(pipes[i]), 0);
		test_equal(write(pipes[i][1], "x", 1), 1);
	}
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.01, false), kCFRunLoopRunTimedOut);
	test_equal(pthread_create(&thread, NULL, stop_waiting_main, NULL), 0);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, false), kCFRunLoopRunStopped);
	pthread_join(thread, NULL);
	for (int i = 0; i < PIPES; i++) {
		test_equal(read(pipes[i][0], &byte, 1), 1);
		test_equal(byte, 'x');
	}
}

TEST(p_c5_a_child_that_closes_all_descriptors_runs_its_loop)
{
	int status;

	CFRunLoopGetMain();
	_dispatch_get_main_queue_handle_4CF();
	test_reset_baseline();
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.001, false);
	pid_t child = fork();
	if (!child) {
		alarm(20); /* one that waits for a byte */
		run_without_descriptors();
		_exit(0);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
}

static void stop_it(CFRunLoopObserverRef observer, CFRunLoopActivity activity, void *info)
{
	CFRunLoopStop(CFRunLoopGetCurrent());
}

/* A child's loop has no descriptor yet that could be written to. */
static rlim_t descriptors_before;

static void *give_descriptors_back(void *unused)
{
	while (!CFRunLoopIsWaiting(CFRunLoopGetMain()))
		sched_yield();
	test_give_descriptors_back(descriptors_before);
	dispatch_async_f(dispatch_get_main_queue(), (void *)(uintptr_t) "main", on_main);
	return unused;
}

/* Once there are some again, what a descriptor would have told is told all the same. */
TEST(p_f3_the_main_queue_runs_without_a_descriptor)
{
	pthread_t thread;

	CFRunLoopGetMain();
	descriptors_before = test_use_up_descriptors(true);
	test_equal(pthread_create(&thread, NULL, give_descriptors_back, NULL), 0);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 20, true), kCFRunLoopRunHandledSource);
	pthread_join(thread, NULL);
	test_equal_text(trace, "main");
	_dispatch_get_main_queue_handle_4CF();
	test_reset_baseline();
}

static void count_pass(CFRunLoopObserverRef observer, CFRunLoopActivity activity, void *passes)
{
	++*(int *)passes;
}

/* The loop's own as well, which it has used: it goes on with others. */
static void close_descriptors_and_run(void)
{
	int passes = 0;
	CFRunLoopObserverContext context = { .info = &passes };
	CFRunLoopObserverRef observer = CFRunLoopObserverCreate(NULL, kCFRunLoopBeforeWaiting, true,
								0, count_pass, &context);
	pthread_t thread;

	CFRunLoopAddObserver(CFRunLoopGetMain(), observer, kCFRunLoopDefaultMode);
	open("/dev/null", O_RDONLY | O_CLOEXEC); /* a new one gets this number, and no old one's */
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.001, false);
	close_range(3, ~0u, 0);
	passes = 0;
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.1, false), kCFRunLoopRunTimedOut);
	test_true(passes < 20);
	dispatch_async_f(dispatch_get_main_queue(), (void *)(uintptr_t) "main", on_main);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true), kCFRunLoopRunHandledSource);
	test_equal(pthread_create(&thread, NULL, stop_waiting_main, NULL), 0);
	test_equal(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 60, false), kCFRunLoopRunStopped);
	pthread_join(thread, NULL);
}

TEST(p_f4_descriptors_that_a_program_closes_are_made_anew)
{
	int status;

	CFRunLoopGetMain();
	test_reset_baseline();
	pid_t child = fork();
	if (!child) {
		alarm(20);
		close_descriptors_and_run();
		_exit(0);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
}

TEST(a_wake_up_before_a_childs_first_run_ends_its_first_sleep)
{
	int status;

	loop = CFRunLoopGetMain();
	_dispatch_get_main_queue_handle_4CF();
	test_reset_baseline();
	pid_t child = fork();
	if (!child) {
		CFRunLoopObserverRef observer = CFRunLoopObserverCreate(
			NULL, kCFRunLoopAfterWaiting, true, 0, stop_it, NULL);

		CFRunLoopAddObserver(loop, observer, kCFRunLoopDefaultMode);
		CFRunLoopWakeUp(loop);
		_exit(CFRunLoopRunInMode(kCFRunLoopDefaultMode, 20, false) != kCFRunLoopRunStopped);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
}

extern long cf_private_count_objects(void);

static int64_t count_objects(void)
{
	return cf_private_count_objects();
}

const struct test_leak_hook test_leak_hooks[] = { { "CF objects", count_objects }, { NULL, NULL } };

TEST_MAIN
