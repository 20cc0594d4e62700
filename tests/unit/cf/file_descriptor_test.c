// SPDX-License-Identifier: MIT
#include "test.h"

#include <CoreFoundation/CFFileDescriptor.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "info.h"

/* The main loop stays. */
static void keep_loop(void)
{
	CFRunLoopGetMain();
	test_reset_baseline();
}

static int called;
static CFOptionFlags last_types;

static void ready(CFFileDescriptorRef f, CFOptionFlags types, void *info)
{
	called++;
	last_types = types;
	if (info)
		CFFileDescriptorInvalidate(f);
}

static CFRunLoopRunResult run_for(CFTimeInterval seconds)
{
	return CFRunLoopRunInMode(CFSTR("m"), seconds, true);
}

TEST(calls_once_for_each_enabling)
{
	keep_loop();

	int fds[2];

	test_equal(pipe(fds), 0);
	CFFileDescriptorRef f = CFFileDescriptorCreate(NULL, fds[0], true, ready, NULL);
	CFRunLoopSourceRef s = CFFileDescriptorCreateRunLoopSource(NULL, f, 0);

	test_equal(CFFileDescriptorGetNativeDescriptor(f), fds[0]);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), s, CFSTR("m"));
	test_equal(write(fds[1], "x", 1), 1);
	test_equal(run_for(0.005), kCFRunLoopRunTimedOut);
	CFFileDescriptorEnableCallBacks(f, kCFFileDescriptorReadCallBack);
	test_equal(run_for(10), kCFRunLoopRunHandledSource);
	test_equal(called, 1);
	test_equal(last_types, kCFFileDescriptorReadCallBack);
	test_equal(run_for(0.005), kCFRunLoopRunTimedOut);
	CFFileDescriptorEnableCallBacks(f, kCFFileDescriptorReadCallBack);
	CFFileDescriptorDisableCallBacks(f, kCFFileDescriptorReadCallBack);
	test_equal(run_for(0.005), kCFRunLoopRunTimedOut);
	test_equal(called, 1);
	CFFileDescriptorInvalidate(f);
	test_equal(run_for(10), kCFRunLoopRunFinished);
	test_equal(CFFileDescriptorGetNativeDescriptor(f), -1);
	test_true(!CFFileDescriptorIsValid(f));
	test_equal(fcntl(fds[0], F_GETFD), -1);
	test_true(CFFileDescriptorCreateRunLoopSource(NULL, f, 0) == NULL);
	test_true(CFFileDescriptorCreate(NULL, -1, false, ready, NULL) == NULL);
	CFRelease(s);
	CFRelease(f);
	close(fds[1]);
}

TEST(writable_and_invalidated_in_the_callback)
{
	keep_loop();

	int fds[2];

	test_equal(pipe(fds), 0);
	CFFileDescriptorContext context = { .info = &called };
	CFFileDescriptorRef f = CFFileDescriptorCreate(NULL, fds[1], false, ready, &context);
	CFRunLoopSourceRef s = CFFileDescriptorCreateRunLoopSource(NULL, f, 0);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), s, CFSTR("m"));
	CFFileDescriptorEnableCallBacks(f, kCFFileDescriptorWriteCallBack);
	test_equal(run_for(10), kCFRunLoopRunHandledSource);
	test_equal(last_types, kCFFileDescriptorWriteCallBack);
	test_true(!CFFileDescriptorIsValid(f));
	CFRelease(s);
	CFRelease(f);
	close(fds[0]);
	test_equal(close(fds[1]), 0);
}

static void invalidate_it(CFFileDescriptorRef f, CFOptionFlags types, void *info)
{
	CFFileDescriptorInvalidate(f);
	info_expect_kept(info);
}

TEST(invalidation_leaves_its_callback_the_info)
{
	CFFileDescriptorContext context = { 0, &info_refs, info_keep, info_drop, NULL };
	int fds[2];

	keep_loop();
	test_equal(pipe(fds), 0);
	CFFileDescriptorRef f = CFFileDescriptorCreate(NULL, fds[1], true, invalidate_it, &context);
	CFRunLoopSourceRef s = CFFileDescriptorCreateRunLoopSource(NULL, f, 0);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), s, CFSTR("m"));
	CFFileDescriptorEnableCallBacks(f, kCFFileDescriptorWriteCallBack);
	test_equal(run_for(10), kCFRunLoopRunHandledSource);
	info_expect_dropped();
	CFRelease(s);
	CFRelease(f);
	close(fds[0]);
}

static void *enable_later(void *f)
{
	while (!CFRunLoopIsWaiting(CFRunLoopGetMain()))
		usleep(100);
	CFFileDescriptorEnableCallBacks(f, kCFFileDescriptorReadCallBack);
	return NULL;
}

TEST(enabling_from_another_thread_wakes_the_loop)
{
	keep_loop();

	pthread_t thread;
	int fds[2];

	test_equal(pipe(fds), 0);
	test_equal(write(fds[1], "x", 1), 1);
	CFFileDescriptorRef f = CFFileDescriptorCreate(NULL, fds[0], true, ready, NULL);
	CFRunLoopSourceRef s = CFFileDescriptorCreateRunLoopSource(NULL, f, 0);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), s, CFSTR("m"));
	pthread_create(&thread, NULL, enable_later, f);
	test_equal(run_for(30), kCFRunLoopRunHandledSource);
	pthread_join(thread, NULL);
	CFFileDescriptorInvalidate(f);
	CFRelease(s);
	CFRelease(f);
	close(fds[1]);
}

TEST_MAIN
