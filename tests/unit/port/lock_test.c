// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "port_test.h"

#include <portico/port.h>

static err_t receive_nothing(void *context, int socket, struct port_message **ret_message)
{
	return -EAGAIN;
}

static void not_in_child(void *context)
{
	*(int *)context += 1;
}

static const struct port_inlet_ops ops = { receive_nothing, not_in_child };

static bool look_in_child(unsigned generation, mach_port_t port, int sender,
			  struct port_inlet *inlet, struct port *object, mach_port_name_t name,
			  const int *removed)
{
	struct word_message m;
	mach_port_t fresh = new_send_port();
	char c;

	port_remove_inlet(inlet);
	if (type_of(port) || type_of(name) || *removed)
		return false;
	if (port_fork_generation() != generation + 1)
		return false;
	if (receive_word(port, 0, &m) != MACH_RCV_INVALID_NAME)
		return false;
	if (port_make_send(object, &name) != -EPIPE || portico_port_get_descriptor(port) != -1)
		return false;
	/* The parent's end of the socket is open nowhere but in the parent. */
	if (recv(sender, &c, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		return false;
	if (type_of(mach_task_self()) != MACH_PORT_TYPE_SEND || send_word(fresh, 5))
		return false;
	return take_word(fresh) == 5 && !mach_port_deallocate(mach_task_self(), mach_host_self());
}

static void retain(void *object)
{
}

static const struct port_object_ops object_ops = { retain, retain };

TEST(forked_child_sees_no_ports_of_its_parent)
{
	mach_port_t port = new_send_port();
	struct port *p, *object;
	struct port_inlet *inlet;
	mach_port_name_t name;
	int fds[2], removed = 0, status;
	unsigned generation = port_fork_generation();

	test_equal(fd_socketpair(fds), 0);
	test_equal(port_from_receive_right(port, &p), 0);
	test_equal(port_add_inlet(p, fds[0], &ops, &removed, &inlet), 0);
	test_equal(port_new_object(1, &removed, &object_ops, &object), 0);
	test_equal(port_make_send(object, &name), 0);
	pid_t child = fork();
	if (!child)
		_exit(look_in_child(generation, port, fds[1], inlet, object, name, &removed) ? 0
											     : 1);
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	/* The parent has lost nothing. */
	test_equal(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	test_equal(type_of(name), MACH_PORT_TYPE_SEND);
	port_unref(p);
	destroy_port(port);
	test_equal(removed, 1);
	destroy_port(name);
	port_kill(object);
	port_unref(object);
	close(fds[1]);
}

static void *hang_in_receive(void *context)
{
	struct word_message m;

	mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), *(mach_port_t *)context, 0, 0);
	return NULL;
}

TEST(forked_child_is_not_held_up_by_threads_that_wait)
{
	mach_port_t port = new_port();
	struct port *p;
	pthread_t thread;
	int status;

	test_equal(port_from_receive_right(port, &p), 0);
	test_equal(pthread_create(&thread, NULL, hang_in_receive, &port), 0);
	pid_t child = fork();
	if (!child) {
		port_kill(p);
		port_unref(p);
		_exit(type_of(port) ? 1 : 0);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	drop_receive(port);
	pthread_join(thread, NULL);
	port_unref(p);
}

TEST(chain_of_ports_in_messages_is_destroyed_without_recursion)
{
	/* Each queue holds the receive right of the next. */
	enum { LENGTH = 20000 };
	mach_port_t first = new_port(), last = first;

	for (int i = 0; i < LENGTH; i++) {
		struct {
			mach_msg_header_t header;
			mach_msg_body_t body;
			mach_msg_port_descriptor_t port;
		} m = { .header.msgh_bits =
				MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
			.body.msgh_descriptor_count = 1,
			.port = { .name = last, .disposition = MACH_MSG_TYPE_MOVE_RECEIVE } };
		mach_port_t next = new_port();

		m.header.msgh_remote_port = next;
		test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0), 0);
		last = next;
	}
	drop_receive(last);
	test_equal(type_of(first), 0);
}

static void send_receive_right(mach_port_t to, mach_port_t port)
{
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
	} m = { .header.msgh_bits =
			MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
		.header.msgh_remote_port = to,
		.body.msgh_descriptor_count = 1,
		.port = { .name = port, .disposition = MACH_MSG_TYPE_MOVE_RECEIVE } };

	test_equal_error(mach_msg(&m.header, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0), 0);
}

TEST(queue_that_dies_with_two_rights_of_which_one_reports_to_the_other)
{
	mach_port_t queue = new_port(), reporter = new_port(), listener = new_port(), previous;

	test_equal_error(mach_port_request_notification(mach_task_self(), reporter,
							MACH_NOTIFY_PORT_DESTROYED, 0, listener,
							MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
			 0);
	send_receive_right(queue, reporter);
	send_receive_right(queue, listener);
	/* The listener is still on its way to its end when it gets the reporter's right. */
	drop_receive(queue);
	test_equal(type_of(reporter), 0);
	test_equal(type_of(listener), 0);
}

TEST_MAIN
