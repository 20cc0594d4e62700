// SPDX-License-Identifier: MIT
#include "test.h"

#include <CoreFoundation/CFMachPort.h>
#include <mach/mach.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "info.h"

/* The main loop stays. */
static void keep_loop(void)
{
	CFRunLoopGetMain();
	test_reset_baseline();
}

static int called, invalidated;
static CFIndex last_size;
static int last_id;

static void message(CFMachPortRef port, void *msg, CFIndex size, void *info)
{
	(void)port;
	called++;
	last_size = size;
	last_id = ((mach_msg_header_t *)msg)->msgh_id;
	if (info)
		CFMachPortInvalidate(info);
}

static void gone(CFMachPortRef port, void *info)
{
	(void)info;
	test_true(port != NULL);
	invalidated++;
}

static void send_id(mach_port_t port, int id, mach_msg_size_t size)
{
	char buffer[16384];
	mach_msg_header_t *h = (mach_msg_header_t *)buffer;

	memset(buffer, 0, sizeof buffer);
	h->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	h->msgh_size = size;
	h->msgh_remote_port = port;
	h->msgh_id = id;
	test_equal_error(mach_msg(h, MACH_SEND_MSG, size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL),
			 MACH_MSG_SUCCESS);
}

static CFRunLoopRunResult run_once(void)
{
	return CFRunLoopRunInMode(CFSTR("m"), 10, true);
}

static void hear_without_descriptors(bool polled)
{
	CFMachPortRef port;
	CFRunLoopSourceRef source;

	keep_loop();
	CFRunLoopRunInMode(CFSTR("m"), 0, false);
	port = CFMachPortCreate(NULL, message, NULL, NULL);
	source = CFMachPortCreateRunLoopSource(NULL, port, 0);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("m"));
	if (!polled) /* it has one */
		CFRunLoopRunInMode(CFSTR("m"), 0, false);
	rlim_t before = test_use_up_descriptors(polled);
	send_id(CFMachPortGetPort(port), 1, 100);
	test_equal(run_once(), kCFRunLoopRunHandledSource);
	test_true(called == 1 && last_id == 1 && CFMachPortIsValid(port));
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 0.01, true), kCFRunLoopRunTimedOut);
	test_give_descriptors_back(before);
	send_id(CFMachPortGetPort(port), 2, 100);
	test_equal(run_once(), kCFRunLoopRunHandledSource);
	test_true(called == 2 && last_id == 2);
	CFMachPortInvalidate(port);
	CFRelease(source);
	CFRelease(port);
}

TEST(p_f3_a_port_without_a_descriptor_stays_valid)
{
	hear_without_descriptors(true);
}

TEST(p_f3_a_program_that_may_poll_nothing_hears_its_ports)
{
	hear_without_descriptors(false);
}

TEST(one_message_for_each_pass_of_any_size)
{
	keep_loop();

	CFMachPortRef port = CFMachPortCreate(NULL, message, NULL, NULL);
	CFRunLoopSourceRef source = CFMachPortCreateRunLoopSource(NULL, port, 0);
	CFRunLoopSourceRef same = CFMachPortCreateRunLoopSource(NULL, port, 0);

	test_true(source == same);
	CFRelease(same);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("m"));
	send_id(CFMachPortGetPort(port), 7, 24);
	send_id(CFMachPortGetPort(port), 8, 12000);
	test_equal(run_once(), kCFRunLoopRunHandledSource);
	test_equal(called, 1);
	test_equal(last_id, 7);
	test_equal(last_size, 24);
	test_equal(run_once(), kCFRunLoopRunHandledSource);
	test_equal(called, 2);
	test_equal(last_id, 8);
	test_equal(last_size, 12000);
	CFMachPortInvalidate(port);
	CFRelease(source);
	CFRelease(port);
}

TEST(one_port_object_for_each_name)
{
	keep_loop();

	Boolean should_free = true;
	CFMachPortRef a = CFMachPortCreate(NULL, message, NULL, &should_free), b;
	mach_port_t name = CFMachPortGetPort(a);

	test_true(!should_free);
	b = CFMachPortCreateWithPort(NULL, name, NULL, NULL, &should_free);
	test_true(a == b && should_free);
	CFRelease(b);
	CFRelease(a); /* gives the rights back */
	test_true(CFMachPortCreateWithPort(NULL, name, message, NULL, &should_free) == NULL);
	test_true(CFMachPortCreateWithPort(NULL, MACH_PORT_NULL, message, NULL, NULL) == NULL);
}

TEST(no_callback_after_invalidation)
{
	keep_loop();

	CFMachPortContext context = { 0 };
	CFMachPortRef port = CFMachPortCreate(NULL, message, &context, NULL);
	CFRunLoopSourceRef source = CFMachPortCreateRunLoopSource(NULL, port, 0);

	CFMachPortSetInvalidationCallBack(port, gone);
	test_true(CFMachPortGetInvalidationCallBack(port) == gone);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("m"));
	send_id(CFMachPortGetPort(port), 1, 24);
	CFMachPortInvalidate(port);
	CFMachPortInvalidate(port);
	test_equal(invalidated, 1);
	test_true(!CFRunLoopSourceIsValid(source));
	test_true(!CFMachPortIsValid(port));
	test_equal(run_once(), kCFRunLoopRunFinished);
	test_equal(called, 0);
	test_true(CFMachPortCreateRunLoopSource(NULL, port, 0) == NULL);
	CFMachPortSetInvalidationCallBack(port, gone);
	test_equal(invalidated, 2); /* at once */
	CFRelease(source);
	CFRelease(port);
}

TEST(death_of_the_right_invalidates)
{
	keep_loop();

	mach_port_t name;
	CFMachPortRef port;
	CFRunLoopSourceRef source;

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name), 0);
	port = CFMachPortCreateWithPort(NULL, name, message, NULL, NULL);
	test_true(port != NULL);
	CFMachPortSetInvalidationCallBack(port, gone);
	source = CFMachPortCreateRunLoopSource(NULL, port, 0);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("m"));
	test_equal(mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1), 0);
	test_equal(run_once(), kCFRunLoopRunFinished);
	test_equal(invalidated, 1);
	test_true(!CFMachPortIsValid(port));
	CFRelease(source);
	CFRelease(port);
}

static void *destroy_right(void *name)
{
	while (!CFRunLoopIsWaiting(CFRunLoopGetMain()))
		sched_yield();
	mach_port_mod_refs(mach_task_self(), (mach_port_t)(uintptr_t)name, MACH_PORT_RIGHT_RECEIVE,
			   -1);
	return NULL;
}

TEST(death_of_the_right_wakes_a_sleeping_loop)
{
	pthread_t thread;
	mach_port_t name;
	CFMachPortRef port;
	CFRunLoopSourceRef source;

	keep_loop();
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name), 0);
	port = CFMachPortCreateWithPort(NULL, name, message, NULL, NULL);
	source = CFMachPortCreateRunLoopSource(NULL, port, 0);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("m"));
	pthread_create(&thread, NULL, destroy_right, (void *)(uintptr_t)name);
	test_equal(CFRunLoopRunInMode(CFSTR("m"), 20, false), kCFRunLoopRunFinished);
	pthread_join(thread, NULL);
	test_true(!CFMachPortIsValid(port));
	CFRelease(source);
	CFRelease(port);
}

TEST(invalidation_inside_its_own_callback)
{
	keep_loop();

	CFMachPortContext context = { 0 };
	mach_port_t name;
	CFMachPortRef port;
	CFRunLoopSourceRef source;

	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name), 0);
	test_equal(mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND),
		   0);
	port = CFMachPortCreateWithPort(NULL, name, message, &context, NULL);
	CFMachPortGetContext(port, &context);
	source = CFMachPortCreateRunLoopSource(NULL, port, 0);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("m"));
	send_id(name, 1, 24);
	send_id(name, 2, 24);
	test_equal(run_once(), kCFRunLoopRunHandledSource);
	CFMachPortInvalidate(port);
	test_equal(run_once(), kCFRunLoopRunFinished);
	test_equal(called, 1);
	CFRelease(source);
	CFRelease(port);
	mach_port_destroy(mach_task_self(), name);
}

static void invalidate_it(CFMachPortRef port, void *msg, CFIndex size, void *info)
{
	CFMachPortInvalidate(port);
	info_expect_kept(info);
}

TEST(invalidation_leaves_its_callback_the_info)
{
	CFMachPortContext context = { 0, &info_refs, info_retain, info_release, NULL };

	keep_loop();
	CFMachPortRef port = CFMachPortCreate(NULL, invalidate_it, &context, NULL);
	CFRunLoopSourceRef source = CFMachPortCreateRunLoopSource(NULL, port, 0);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), source, CFSTR("m"));
	send_id(CFMachPortGetPort(port), 1, 24);
	test_equal(run_once(), kCFRunLoopRunHandledSource);
	info_expect_dropped();
	CFRelease(source);
	CFRelease(port);
}

extern long cf_private_count_objects(void);

static int64_t count_objects(void)
{
	return cf_private_count_objects();
}

const struct test_leak_hook test_leak_hooks[] = { { "CF objects", count_objects }, { NULL, NULL } };

TEST_MAIN
