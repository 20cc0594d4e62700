// SPDX-License-Identifier: MIT
#include "registry/door.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "registry/home.h"
#include "session.h"

enum { CROWD = 300 };

static struct session s;
static struct end client;

static void begin(const char *limit)
{
	session_start_limited(&s, (const char *const[]){ limit, NULL });
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
}

static void finish(void)
{
	end_close(&client);
	session_end(&s);
}

static bool has_ended(int socket)
{
	char byte;

	return recv(socket, &byte, 1, MSG_DONTWAIT) == 0;
}

static void check_client(void)
{
	struct wire_entry_request request = { WIRE_ROOT_ID };
	struct wire_entry_reply reply;

	test_equal_error(end_call(&client, &wire_entry_request_layout, &request, NULL,
				  &wire_entry_reply_layout, &reply),
			 0);
}

TEST(who_does_not_greet_is_closed_in_time)
{
	struct pollfd p = { .events = POLLIN };

	begin("greeting-time=20");
	test_equal_error(fd_connect(s.socket, &p.fd), 0);
	test_equal(poll(&p, 1, -1), 1);
	test_true(has_ended(p.fd));
	close(p.fd);
	check_client(); /* who has greeted stays */
	finish();
}

/* The oldest makes room: a crowd of strangers never keeps anybody out. */
TEST(strangers_are_few)
{
	int sockets[CROWD];
	struct end late;

	begin("user-greetings=4");
	for (int i = 0; i < CROWD; i++)
		test_equal_error(fd_connect(s.socket, &sockets[i]), 0);
	end_connect(&late, &s, WIRE_ROLE_CLIENT, "late");
	check_client();
	for (int i = 0; i < CROWD - 4; i++) {
		struct pollfd p = { .fd = sockets[i], .events = POLLIN };

		test_equal(poll(&p, 1, -1), 1);
		test_true(has_ended(sockets[i]));
	}
	for (int i = 0; i < CROWD; i++)
		close(sockets[i]);
	end_close(&late);
	finish();
}

static err_t send_descriptor(int socket, int fd, bool greets)
{
	struct wire_hello hello = {
		.magic = WIRE_MAGIC, .version = WIRE_VERSION, .role = WIRE_ROLE_CLIENT, .name = "x"
	};
	struct bytes payload = { .data = NULL };
	struct wire_header header = { .type = WIRE_HELLO, .id = 1 };
	err_t err = greets ? wire_message_encode(&wire_hello_layout, &hello, &payload) : 0;

	test_equal_error(err, 0);
	err = wire_frame_send(socket, &header, payload.data, payload.size, &fd, 1, true);
	bytes_fini(&payload);
	return err;
}

/* Does this kernel know SO_PASSRIGHTS? */
static bool can_refuse(void)
{
	int fds[2];

	test_equal_error(fd_socketpair(fds), 0);
	fd_pass_rights(fds[1], false);
	bool refused = send_descriptor(fds[0], 0, false) == -EPERM;
	close(fds[0]);
	close(fds[1]);
	return refused;
}

/* Refused by the kernel (Linux 6.16), or the end of the connection. */
TEST(strangers_cannot_send_descriptors)
{
	struct end e = { 0 };

	begin("user-greetings=4");
	test_equal_error(fd_connect(s.socket, &e.socket), 0);
	err_t err = send_descriptor(e.socket, 0, true);
	test_equal_error(err, can_refuse() ? -EPERM : 0);
	if (!err)
		end_await_close(&e);
	end_close(&e);
	check_client();
	/* Who has greeted may. */
	close(open_inlet(&client, 1, WIRE_INLET_NOTICES));
	finish();
}

static int make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	test_true(fd >= 0);
	return fd;
}

static void connect_to(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, path);
	test_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static uint64_t processor_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* No descriptor for one more: who is there is served, nobody is lost for good, and nothing spins. The
 * registry is a thread of this process and shares its limit. */
TEST(connections_wait_while_there_is_no_descriptor)
{
	struct rlimit old, few;
	struct end late = { 0 };
	struct pollfd p = { .events = POLLIN };

	begin("user-greetings=4");
	int socket = -1;
	test_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 3;
	socket = make_socket();
	test_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	connect_to(socket, s.socket);
	uint64_t begin_ns = processor_ns();
	p.fd = socket;
	test_equal(poll(&p, 1, 300), 0);
	test_true(processor_ns() - begin_ns < 150 * 1000 * 1000);
	check_client();
	test_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	test_equal_error(end_greet(&late, socket, WIRE_ROLE_CLIENT, "late", 0), 0);
	end_close(&late);
	finish();
}

/* --- after a restart -------------------------------------------------------------------------- */

static uint64_t begun_ns;

/* A host of the last registry, which the new one comes to; its number is 1. */
static void begin_with_host(struct end *ret_host)
{
	char folder[128], place[140], link[140];
	int listener, socket;

	snprintf(folder, sizeof(folder), "%s/r.sock%s", test_folder(), WIRE_HOSTS_SUFFIX);
	snprintf(place, sizeof(place), "%s/1", folder);
	snprintf(link, sizeof(link), "%s/.1", folder);
	test_equal(mkdir(folder, 0700), 0);
	test_equal_error(fd_listen(place, &listener), 0);
	test_equal(symlink("mine", link), 0);
	begun_ns = loop_now_ns();
	session_start_generation(&s, NULL, 1);
	test_equal_error(fd_accept(listener, &socket), 0);
	close(listener);
	test_equal_error(end_greet(ret_host, socket, WIRE_ROLE_PROVIDER, "mine", 12345), 0);
}

static bool is_closed, is_late;
static size_t n_expected;

static void look_at_door(struct registry *registry)
{
	is_closed =
		list_is_empty(&registry->strangers) && loop_timer_is_set(&registry->accept_timer);
	is_late = loop_now_ns() >= begun_ns + 250 * 1000 * 1000;
	n_expected = registry->n_expected;
}

TEST(nobody_comes_in_before_hosts_are_back)
{
	struct end hosts, late;
	int socket;

	begin_with_host(&hosts);
	test_equal_error(fd_connect(s.socket, &socket), 0);
	for (int i = 0; i < 3; i++) {
		session_run(&s, look_at_door);
		test_true(is_closed || is_late);
		test_equal(n_expected, 1);
	}
	struct wire_empty nothing = { 0 };
	end_ask(&hosts, &wire_returned_layout, &nothing, NULL);
	test_equal_error(end_greet(&late, socket, WIRE_ROLE_CLIENT, "late", 0), 0);
	session_run(&s, look_at_door);
	test_true(!is_closed);
	test_equal(n_expected, 0);
	end_close(&late);
	end_close(&hosts);
	session_end(&s);
}

TEST(nobody_waits_for_a_host_that_has_gone)
{
	struct end hosts, late;
	int socket;

	begin_with_host(&hosts);
	end_close(&hosts);
	test_equal_error(fd_connect(s.socket, &socket), 0);
	test_equal_error(end_greet(&late, socket, WIRE_ROLE_CLIENT, "late", 0), 0);
	session_run(&s, look_at_door);
	test_equal(n_expected, 0);
	end_close(&late);
	session_end(&s);
}

TEST(a_host_that_does_not_say_that_it_is_back_keeps_nobody_out)
{
	struct end hosts, late;
	int socket;

	begin_with_host(&hosts);
	test_equal_error(fd_connect(s.socket, &socket), 0);
	test_equal_error(end_greet(&late, socket, WIRE_ROLE_CLIENT, "late", 0), 0);
	end_close(&late);
	end_close(&hosts);
	session_end(&s);
}

/* Between bind and listen its socket is as one that a killed registry has left. */
TEST(a_place_that_another_is_about_to_take_is_left_to_it)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct registry r = { .socket_path = address.sun_path, .listener = -1 };
	struct stat before, after;
	int lock, fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", test_folder());
	test_equal_error(registry_home_lock(r.socket_path, &lock), 0);
	test_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	test_equal(lstat(r.socket_path, &before), 0);
	test_equal_error(registry_door_open(&r), -EADDRINUSE);
	test_equal(lstat(r.socket_path, &after), 0);
	test_equal(after.st_ino, before.st_ino);
	close(fd);
	close(lock);
	unlink(r.socket_path);
	registry_home_unmake(r.socket_path);
}

TEST_MAIN
