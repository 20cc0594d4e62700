// SPDX-License-Identifier: MIT
#include <poll.h>
#include <pthread.h>

#include "port_test.h"

#include <portico/port.h>

static int64_t count_names(void)
{
	return (int64_t)port_count_names();
}

const struct test_leak_hook test_leak_hooks[] = { { "port names", count_names }, { NULL, NULL } };

static bool polls(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

TEST(members_take_turns)
{
	mach_port_t ports[3], set = new_set();
	int counts[3] = { 0 };
	struct word_message m;

	for (int i = 0; i < 3; i++) {
		ports[i] = new_port();
		mach_port_insert_member(mach_task_self(), ports[i], set);
		for (int k = 0; k < 5; k++)
			send_word(ports[i], 0);
	}
	for (int i = 0; i < 6; i++) {
		test_equal_error(receive_word(set, 0, &m), MACH_MSG_SUCCESS);
		for (int k = 0; k < 3; k++)
			counts[k] += m.header.msgh_local_port == ports[k];
	}
	for (int i = 0; i < 3; i++) {
		test_equal(counts[i], 2);
		destroy_port(ports[i]);
	}
	destroy_port(set);
}

TEST(descriptor_of_a_set_follows_its_members)
{
	mach_port_t before = new_port(), after = new_port(), set = new_set();

	mach_port_insert_member(mach_task_self(), before, set);
	int fd = portico_port_get_descriptor(set);
	mach_port_insert_member(mach_task_self(), after, set);
	test_true(!polls(fd));
	send_word(before, 1);
	test_true(polls(fd));
	take_word(set);
	test_true(!polls(fd));
	send_word(after, 2);
	test_true(polls(fd));
	/* Out of the set it counts no more. */
	mach_port_extract_member(mach_task_self(), after, set);
	test_true(!polls(fd));
	test_true(is_empty(set));
	mach_port_insert_member(mach_task_self(), after, set);
	test_true(polls(fd));
	destroy_port(after);
	test_true(!polls(fd));
	destroy_port(before);
	destroy_port(set);
}

static void *receive_for_ever(void *context)
{
	struct word_message m;
	mach_msg_return_t result =
		mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), *(mach_port_t *)context, 0, 0);

	return (void *)(uintptr_t)(unsigned)result;
}

TEST(destroyed_set_wakes_its_receivers)
{
	for (int with_descriptor = 0; with_descriptor < 2; with_descriptor++) {
		mach_port_t port = new_port(), set = new_set();
		pthread_t thread;
		void *result;

		mach_port_insert_member(mach_task_self(), port, set);
		if (with_descriptor)
			portico_port_get_descriptor(set);
		test_equal(pthread_create(&thread, NULL, receive_for_ever, &set), 0);
		destroy_port(set);
		pthread_join(thread, &result);
		/* It may have come before or after the receiver began. */
		test_true((uintptr_t)result == MACH_RCV_PORT_CHANGED ||
			  (uintptr_t)result == MACH_RCV_INVALID_NAME);
		test_equal(type_of(port), MACH_PORT_TYPE_RECEIVE);
		destroy_port(port);
	}
}

TEST_MAIN
