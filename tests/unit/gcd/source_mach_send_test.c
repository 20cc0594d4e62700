// SPDX-License-Identifier: MIT
#include "warm.h"

#include <mach/mach.h>

static dispatch_semaphore_t told, cancelled;

static void on_death(void *context)
{
	(void)context;
	dispatch_semaphore_signal(told);
}

static void on_cancel(void *context)
{
	(void)context;
	dispatch_semaphore_signal(cancelled);
}

static dispatch_source_t begin(mach_port_t port)
{
	dispatch_source_t source = dispatch_source_create(DISPATCH_SOURCE_TYPE_MACH_SEND, port,
							  DISPATCH_MACH_SEND_DEAD, NULL);

	test_true(source);
	dispatch_source_set_event_handler_f(source, on_death);
	dispatch_source_set_cancel_handler_f(source, on_cancel);
	dispatch_activate(source);
	return source;
}

static mach_port_t new_port(void)
{
	mach_port_t port = MACH_PORT_NULL;

	warm_up();
	told = dispatch_semaphore_create(0);
	cancelled = dispatch_semaphore_create(0);
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	return port;
}

static void end(dispatch_source_t source, mach_port_t port)
{
	dispatch_source_cancel(source);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER);
	dispatch_release(source);
	dispatch_release(told);
	dispatch_release(cancelled);
	mach_port_destroy(mach_task_self(), port);
}

TEST(the_death_of_a_port_is_told)
{
	mach_port_t port = new_port();
	mach_port_urefs_t refs = 0;
	dispatch_source_t source = begin(port);

	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	dispatch_semaphore_wait(told, DISPATCH_TIME_FOREVER);
	test_equal(dispatch_source_get_handle(source), port);
	/* The name has the references of before. */
	test_equal_error(
		mach_port_get_refs(mach_task_self(), port, MACH_PORT_RIGHT_DEAD_NAME, &refs), 0);
	test_equal(refs, 1);
	end(source, port);
}

TEST(a_dead_name_is_told_at_once)
{
	mach_port_t port = new_port();

	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	dispatch_source_t source = begin(port);
	dispatch_semaphore_wait(told, DISPATCH_TIME_FOREVER);
	end(source, port);
}

TEST(cancelled_source_leaves_the_name_alone)
{
	mach_port_t port = new_port();
	mach_port_type_t type = 0;
	dispatch_source_t source = begin(port);

	dispatch_source_cancel(source);
	dispatch_semaphore_wait(cancelled, DISPATCH_TIME_FOREVER);
	test_equal_error(mach_port_type(mach_task_self(), port, &type), 0);
	test_equal(type, MACH_PORT_TYPE_SEND_RECEIVE);
	dispatch_release(source);
	dispatch_release(told);
	dispatch_release(cancelled);
	mach_port_destroy(mach_task_self(), port);
}

TEST(bad_arguments)
{
	test_true(!dispatch_source_create(DISPATCH_SOURCE_TYPE_MACH_SEND, 0,
					  DISPATCH_MACH_SEND_DEAD, NULL));
	test_true(!dispatch_source_create(DISPATCH_SOURCE_TYPE_MACH_SEND, 5, 0, NULL));
}

TEST_MAIN
