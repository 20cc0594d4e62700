// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "port_test.h"

#include <portico/port.h>

TEST(descriptor_is_one_and_ends_with_the_right)
{
	mach_port_t port = new_port();
	int before = test_count_fds();
	int fd = portico_port_get_descriptor(port);

	test_true(fd >= 0);
	test_equal(portico_port_get_descriptor(port), fd);
	test_true(test_count_fds() > before);
	destroy_port(port);
	test_equal(test_count_fds(), before);
}

TEST(message_before_the_descriptor_is_seen)
{
	mach_port_t port = new_port();
	struct epoll_event e = { .events = EPOLLIN };

	send_word(port, 1);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	test_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, portico_port_get_descriptor(port), &e), 0);
	test_equal(epoll_wait(epoll, &e, 1, 0), 1);
	/* Level-triggered. */
	test_equal(epoll_wait(epoll, &e, 1, 0), 1);
	take_word(port);
	test_equal(epoll_wait(epoll, &e, 1, 0), 0);
	close(epoll);
	destroy_port(port);
}

TEST(names_without_receive_right_have_none)
{
	mach_port_t dead = new_send_port();
	const mach_port_t names[] = { 0, MACH_PORT_DEAD, 0x7654321, dead, mach_task_self() };

	drop_receive(dead);
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		errno = 0;
		test_equal(portico_port_get_descriptor(names[i]), -1);
		test_equal(errno, EINVAL);
	}
	destroy_port(dead);
}

TEST(l1_exhausted_descriptors_are_an_error_and_nothing_more)
{
	mach_port_t port = new_port(), set = new_set();
	struct rlimit old, none;

	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	errno = 0;
	int fd = portico_port_get_descriptor(port);
	int error = errno;
	mach_port_insert_member(mach_task_self(), port, set);
	send_word(port, 3);
	uint32_t word = take_word(set);
	setrlimit(RLIMIT_NOFILE, &old);
	test_equal(fd, -1);
	test_equal(error, EMFILE);
	test_equal(word, 3);
	test_true(portico_port_get_descriptor(port) >= 0);
	destroy_port(port);
	destroy_port(set);
}

TEST_MAIN
