// SPDX-License-Identifier: MIT
#include "port_test.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing.h"
#include "port/port_internal.h"

TEST(k13_names_are_sparse_and_not_used_again)
{
	enum { N = 20000 };
	mach_port_t last = 0;
	size_t before = port_count_names();

	for (int i = 0; i < N; i++) {
		mach_port_t name;

		mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &name);
		test_true(name > 0xffff && name != MACH_PORT_DEAD);
		test_true(name != last && name != last + 1);
		last = name;
		mach_port_deallocate(mach_task_self(), name);
		test_equal(type_of(last), 0);
	}
	test_equal(port_count_names(), before);
}

TEST(many_names_live_at_once)
{
	enum { N = 5000 };
	static mach_port_t names[N];
	size_t before = port_count_names();

	for (int i = 0; i < N; i++)
		names[i] = new_port();
	test_equal(port_count_names(), before + N);
	for (int i = 0; i < N; i++) {
		test_equal(type_of(names[i]), MACH_PORT_TYPE_RECEIVE);
		destroy_port(names[i]);
	}
	test_equal(port_count_names(), before);
}

/* The names that follow each other are known: each is a fixed step from the last. */
static const uint32_t STEP = 0x9e3779b1u;

static mach_port_name_t new_dead_name(void)
{
	mach_port_name_t name = MACH_PORT_NULL;

	test_equal_error(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &name),
			 KERN_SUCCESS);
	return name;
}

TEST(null_and_dead_are_no_names)
{
	port_lock();
	test_true(!port_name_find_locked(MACH_PORT_NULL));
	test_true(!port_name_find_locked(MACH_PORT_DEAD));
	port_unlock();
}

TEST(a_name_that_is_taken_is_passed_over)
{
	mach_port_name_t last = new_dead_name(), wanted = last + STEP;
	struct port_name *taken;

	port_lock();
	test_equal_error(port_name_new_locked(NULL, MACH_PORT_TYPE_DEAD_NAME, wanted, &taken), 0);
	taken->urefs = 1;
	port_unlock();
	mach_port_name_t next = new_dead_name();
	test_equal(next, wanted + STEP);
	mach_port_deallocate(mach_task_self(), last);
	mach_port_deallocate(mach_task_self(), wanted);
	mach_port_deallocate(mach_task_self(), next);
}

TEST(k13_small_names_are_passed_over)
{
	mach_port_name_t last = new_dead_name();
	uint32_t n = 1;

	mach_port_deallocate(mach_task_self(), last);
	while (last + n * STEP >= 0x10000)
		n++;
	for (uint32_t i = 1; i < n; i++) {
		last = new_dead_name();
		mach_port_deallocate(mach_task_self(), last);
	}
	mach_port_name_t next = new_dead_name();
	test_true(next >= 0x10000);
	test_equal(next, last + 2 * STEP);
	mach_port_deallocate(mach_task_self(), next);
}

TEST(a_dead_name_has_no_more_references_than_there_may_be)
{
	mach_port_t port = new_port(), notify = new_port(), previous;
	mach_port_urefs_t refs = 0;

	test_equal_error(
		mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_SUCCESS);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND,
					    PORT_UREFS_MAX - 1),
			 KERN_SUCCESS);
	test_equal_error(mach_port_request_notification(mach_task_self(), port,
							MACH_NOTIFY_DEAD_NAME, 0, notify,
							MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
			 KERN_SUCCESS);
	test_equal_error(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1),
			 KERN_SUCCESS);
	test_equal(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	test_equal_error(
		mach_port_get_refs(mach_task_self(), port, MACH_PORT_RIGHT_DEAD_NAME, &refs),
		KERN_SUCCESS);
	test_equal(refs, PORT_UREFS_MAX);
	mach_port_destroy(mach_task_self(), port);
	destroy_port(notify);
}

TEST(without_memory_there_is_no_name)
{
	enum { N = 300 };
	static mach_port_name_t names[N];
	size_t before = port_count_names();

	/* The table grows at some of them. */
	for (int i = 0; i < N; i++)
		test_each_shortage(s)
		{
			mach_port_name_t name = MACH_PORT_NULL;

			test_shortage_begin(&s);
			kern_return_t status = mach_port_allocate(mach_task_self(),
								  MACH_PORT_RIGHT_DEAD_NAME, &name);
			test_equal_error(status, test_shortage_end(&s) ? KERN_RESOURCE_SHORTAGE
								       : KERN_SUCCESS);
			if (status)
				test_equal(port_count_names(), before + i);
			else if (s.lasting)
				names[i] = name;
			else
				mach_port_deallocate(mach_task_self(), name);
		}
	for (int i = 0; i < N; i++)
		mach_port_deallocate(mach_task_self(), names[i]);
	test_equal(port_count_names(), before);
}

static void keep(void *object)
{
}

TEST(a_pinned_name_outlives_a_fork)
{
	static const struct port_object_ops ops = { .retain = keep, .no_senders = keep };
	int object, status;
	struct port *port;

	test_equal_error(port_new_object(77, &object, &ops, &port), 0);
	test_each_shortage(s)
	{
		test_shortage_begin(&s);
		mach_port_name_t name = port_name_pin(port);
		bool failed = test_shortage_end(&s);
		test_equal(name == MACH_PORT_NULL, failed);
	}
	mach_port_t other = new_port();
	/* By the child, on purpose: its leak check is to find it. */
	static struct port *volatile lost;
	port_lock();
	lost = port_name_find_locked(other)->port;
	test_true(lost != NULL);
	port_unlock();
	pid_t child = fork();
	if (child == 0) {
		test_true(type_of(port_name_pin(port)) & MACH_PORT_TYPE_SEND);
		test_equal(type_of(other), 0);
		/* And once more, which is what a fork does. */
		other = new_dead_name();
		port_lock();
		port_names_forget_locked();
		port_unlock();
		test_true(type_of(port_name_pin(port)) & MACH_PORT_TYPE_SEND);
		test_equal(type_of(other), 0);
		exit(0);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	destroy_port(other);
	port_unref(port);
}

TEST_MAIN
