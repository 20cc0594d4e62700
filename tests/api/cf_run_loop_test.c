// SPDX-License-Identifier: MIT
/* The run loop as a client program sees it: public headers only. */
#include "test.h"

#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>
#include <pthread.h>

static dispatch_semaphore_t running;
static CFRunLoopRef loop;
static int ticks;

static void tick(CFRunLoopTimerRef timer, void *info)
{
	(void)timer;
	ticks++;
	if (info)
		dispatch_semaphore_signal(running);
}

static void *run_thread(void *unused)
{
	CFRunLoopTimerContext context = { 0, &ticks, NULL, NULL, NULL };
	CFRunLoopTimerRef timer = CFRunLoopTimerCreate(
		kCFAllocatorDefault, CFAbsoluteTimeGetCurrent(), 0.001, 0, 0, tick, &context);

	loop = CFRunLoopGetCurrent();
	CFRunLoopAddTimer(loop, timer, kCFRunLoopDefaultMode);
	CFRunLoopRun();
	CFRunLoopTimerInvalidate(timer);
	CFRelease(timer);
	return unused;
}

TEST(loop_of_a_thread_is_stopped_by_another)
{
	pthread_t thread;

	running = dispatch_semaphore_create(0);
	CFRunLoopGetMain();
	test_reset_baseline();
	pthread_create(&thread, NULL, run_thread, NULL);
	for (int i = 0; i < 5; i++)
		dispatch_semaphore_wait(running, DISPATCH_TIME_FOREVER);
	CFRunLoopStop(loop);
	pthread_join(thread, NULL);
	test_true(ticks >= 5);
}

static void stop(void *info)
{
	(void)info;
	ticks++;
	CFRunLoopStop(CFRunLoopGetCurrent());
}

TEST(main_loop_performs_a_source_and_the_main_queue)
{
	CFRunLoopSourceContext context = { .version = 0, .perform = stop };
	CFRunLoopSourceRef source = CFRunLoopSourceCreate(kCFAllocatorDefault, 0, &context);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, kCFRunLoopCommonModes);
	/* The library keeps the descriptors of the main loop. */
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false);
	test_reset_baseline();
	CFRunLoopSourceSignal(source);
	CFRunLoopRun();
	test_equal(ticks, 1);
	dispatch_async_f(dispatch_get_main_queue(), NULL, stop);
	CFRunLoopRun();
	test_equal(ticks, 2);
	CFRunLoopSourceInvalidate(source);
	CFRelease(source);
}

/* What is no object of the type, or none at all, does nothing. */
TEST(arguments_of_the_wrong_kind)
{
	CFRunLoopRef rl = CFRunLoopGetMain();
	const void *const wrong[] = { NULL, CFSTR("text"), kCFBooleanTrue, rl };

	test_reset_baseline();
	for (int i = 0; i < 4; i++) {
		CFRunLoopSourceRef source = (CFRunLoopSourceRef)(uintptr_t)wrong[i];
		CFRunLoopTimerRef timer = (CFRunLoopTimerRef)(uintptr_t)wrong[i];
		CFRunLoopObserverRef observer = (CFRunLoopObserverRef)(uintptr_t)wrong[i];
		CFMachPortRef port = (CFMachPortRef)(uintptr_t)wrong[i];
		CFFileDescriptorRef file = (CFFileDescriptorRef)(uintptr_t)wrong[i];
		CFSocketRef socket = (CFSocketRef)(uintptr_t)wrong[i];

		CFRunLoopAddSource(rl, source, kCFRunLoopDefaultMode);
		CFRunLoopRemoveSource(rl, source, kCFRunLoopDefaultMode);
		test_true(!CFRunLoopContainsSource(rl, source, kCFRunLoopDefaultMode));
		CFRunLoopSourceSignal(source);
		CFRunLoopSourceInvalidate(source);
		test_true(!CFRunLoopSourceIsValid(source));
		CFRunLoopAddTimer(rl, timer, kCFRunLoopDefaultMode);
		CFRunLoopTimerSetNextFireDate(timer, 0);
		CFRunLoopTimerInvalidate(timer);
		test_true(!CFRunLoopTimerIsValid(timer) && !CFRunLoopTimerDoesRepeat(timer));
		CFRunLoopAddObserver(rl, observer, kCFRunLoopDefaultMode);
		CFRunLoopObserverInvalidate(observer);
		test_true(!CFRunLoopObserverIsValid(observer));
		CFMachPortInvalidate(port);
		test_true(!CFMachPortIsValid(port));
		test_equal(CFMachPortGetPort(port), MACH_PORT_NULL);
		test_true(CFMachPortCreateRunLoopSource(NULL, port, 0) == NULL);
		CFFileDescriptorEnableCallBacks(file, 3);
		CFFileDescriptorInvalidate(file);
		test_equal(CFFileDescriptorGetNativeDescriptor(file), -1);
		test_true(CFFileDescriptorCreateRunLoopSource(NULL, file, 0) == NULL);
		CFSocketInvalidate(socket);
		test_true(!CFSocketIsValid(socket));
		test_true(CFSocketCreateRunLoopSource(NULL, socket, 0) == NULL);
	}
	CFRunLoopStop(NULL);
	CFRunLoopWakeUp(NULL);
	CFRunLoopAddCommonMode(rl, NULL);
	CFRunLoopAddCommonMode(NULL, CFSTR("m"));
	test_true(CFRunLoopCopyAllModes(NULL) == NULL);
	test_true(CFRunLoopCopyCurrentMode(NULL) == NULL);
	test_true(!CFRunLoopIsWaiting(NULL));
	test_equal(CFRunLoopRunInMode(NULL, 60, false), kCFRunLoopRunFinished);
	test_true(CFRunLoopGetNextTimerFireDate(rl, NULL) == 0);
}

TEST_MAIN
