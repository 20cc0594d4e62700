// SPDX-License-Identifier: MIT
/* Who may not open: programs of other users and groups, while grants change and are broken; identities that are
 * passed on or given again. The session is the system's, its owner is root. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdatomic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>
#include <portico/session.h>

#include "Methods.h"
#include "arena.h"
#include "raw_client.h"
#include "wire/frame.h"
#include "wire/open.h"

enum { USER = 4242, GROUP = 4343, OTHER_GROUP = 4344, NO_SERVICE = 0x7fffffff };

#define OPENING(allow) "[Grant o]\nService = MethodsDriver\nAllow = " allow "\n"
#define ENTITLED(allow) "[Grant e]\nEntitlement = " METHODS_OPEN_ENTITLEMENT "\nAllow = " allow "\n"
#define MISSING ((kern_return_t)kIOReturnNotPrivileged)
#define DENIED ((kern_return_t)kIOReturnNotPermitted)

static char grants[512];
static uint64_t service;

/* --- grant files ---------------------------------------------------------------------------------------- */

/* The file NAME of the grants, replaced whole; SIZE bytes of TEXT. */
static void grant_bytes(const char *name, const char *text, size_t size)
{
	char path[600], fresh[600];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", grants, name);
	snprintf(fresh, sizeof(fresh), "%s/.fresh", grants);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	test_true(fd >= 0 && write(fd, text, size) == (ssize_t)size);
	close(fd);
	test_equal(rename(fresh, path), 0);
}

static void grant(const char *name, const char *text)
{
	grant_bytes(name, text, strlen(text));
}

static void withdraw(const char *name)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s", grants, name);
	test_true(!unlink(path) || errno == ENOENT);
}

static void begin(void)
{
	if (getuid())
		test_skip("only root can be another user");
	/* Others have to come in. */
	test_equal(chmod(test_folder(), 0711), 0);
	snprintf(grants, sizeof(grants), "%s/grants", test_folder());
	test_equal(mkdir(grants, 0700), 0);
	world_add_option("--system", NULL);
	world_add_option("--policy", grants);
	arena_begin("Methods.dext", NULL);
	service = arena_service_id("MethodsDriver");
}

/* --- other users ---------------------------------------------------------------------------------------- */

static void become(uid_t uid, gid_t group)
{
	if (setgroups(group ? 1 : 0, &group) || setgid(uid) || setuid(uid))
		_exit(125);
}

/* What WIRE_OPEN says on a greeted connection; the connection that comes of it is in *RET_DATA. */
static int32_t ask_to_open(int control, uint64_t entry, uint32_t type, int *ret_data)
{
	struct wire_open_request request = { .service = entry, .type = type };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;

	test_equal_error(wire_send(control, &wire_open_request_layout, 2, &request, NULL, 0, true),
			 0);
	test_equal_error(wire_frame_receive(control, &frame, WIRE_CONTROL_MAX, true), 0);
	status = frame.header.status;
	*ret_data = status ? -1 : wire_frame_take_fd(&frame, 0);
	wire_frame_fini(&frame);
	return status;
}

static int32_t open_once(uint64_t entry, uint32_t type)
{
	int control = raw_connect(world_socket()), data;
	int32_t status;

	raw_greet(control);
	status = ask_to_open(control, entry, type, &data);
	if (data >= 0)
		close(data);
	close(control);
	return status;
}

/* The status that somebody else gets, by a pipe. */
static kern_return_t try_as(uid_t uid, gid_t group, uint64_t entry, uint32_t type)
{
	int fds[2];
	int32_t status = 1;

	test_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		become(uid, group);
		status = open_once(entry, type);
		_exit(write(fds[1], &status, sizeof(status)) != sizeof(status));
	}
	close(fds[1]);
	test_equal(read(fds[0], &status, sizeof(status)), sizeof(status));
	close(fds[0]);
	test_equal(arena_wait(child), 0);
	return status;
}

/* --- P-P5 ------------------------------------------------------------------------------------------ */

HOSTILE(P_P5, who_holds_nothing)
{
	begin();
	grant("a", ENTITLED("gid:4343") OPENING("gid:4343"));
	for (uint64_t i = test_rounds(2, 100); i--;) {
		test_equal_error(try_as(USER, GROUP, service, METHODS_ENTITLED), 0);
		test_equal_error(try_as(USER, GROUP, service, METHODS_TABLE), 0);
		/* unentitled, in the wrong group, a service that is none */
		test_equal_error(try_as(USER, 0, service, METHODS_ENTITLED), MISSING);
		test_equal_error(try_as(USER, OTHER_GROUP, service, METHODS_ENTITLED), MISSING);
		test_equal_error(try_as(USER, OTHER_GROUP, service, METHODS_TABLE), MISSING);
		test_true(try_as(USER, GROUP, NO_SERVICE, METHODS_TABLE) != 0);
		test_true(try_as(USER, 0, NO_SERVICE, METHODS_TABLE) != 0);
		test_true(try_as(USER, 0, UINT64_MAX, METHODS_TABLE) != 0);
	}
	arena_end();
}

/* Files that are broken in any way deny what they name, or count for nothing; those beside them hold. */
HOSTILE(P_P5, broken_files)
{
	static char large[70 * 1024];
	static const char *const denying[] = {
		"[Grant e]\nEntitlement = " METHODS_OPEN_ENTITLEMENT
		"\nAllow = uid:4242 nobody-knows\n",
		"[Grant e]\nEntitlement = " METHODS_OPEN_ENTITLEMENT
		"\nAllow = uid:4242\nWhat = 1\n",
		"[Grant e]\nEntitlement = " METHODS_OPEN_ENTITLEMENT "\nAllow = uid:4242\n\001\n",
		"[Grant e]\nEntitlement = " METHODS_OPEN_ENTITLEMENT
		"\nAllow = uid:42", /* cut off */
	};

	begin();
	grant("good", OPENING("uid:4242"));
	for (size_t i = 0; i < sizeof(denying) / sizeof(*denying); i++) {
		grant("entitled", ENTITLED("uid:4242"));
		test_equal_error(try_as(USER, 0, service, METHODS_ENTITLED), 0);
		grant("broken", denying[i]);
		test_equal_error(try_as(USER, 0, service, METHODS_ENTITLED), DENIED);
		test_equal_error(try_as(USER, 0, service, METHODS_TABLE), 0);
		grant("broken", "");
		test_equal_error(try_as(USER, 0, service, METHODS_ENTITLED), 0);
		withdraw("broken");
	}
	/* What cannot be read as a grant file at all gives nothing to anybody. */
	withdraw("entitled");
	memset(large, 'x', sizeof(large));
	grant_bytes("huge", large, sizeof(large));
	memset(large, 0, sizeof(large));
	grant_bytes("zeros", large, 4096);
	grant_bytes("noise", "\xff\xfe\x1b[2J\n", 7);
	test_equal_error(try_as(USER, 0, service, METHODS_ENTITLED), MISSING);
	test_equal_error(try_as(USER, 0, service, METHODS_TABLE), 0);
	grant("entitled", ENTITLED("uid:4242"));
	test_equal_error(try_as(USER, 0, service, METHODS_ENTITLED), 0);
	arena_end();
}

/* Somebody who owns the files: he writes, removes and replaces them as fast as he can. */
static atomic_bool ends;

static void *edit_all_the_time(void *context)
{
	(void)context;
	for (unsigned i = 0; !atomic_load(&ends); i++) {
		grant("a", i % 3 ? ENTITLED("uid:4242") : ENTITLED("uid:4242 gid:4343"));
		if (i % 5 == 0)
			withdraw("a");
		grant("b", i % 2 ? OPENING("*") : OPENING("uid:4242"));
	}
	return NULL;
}

HOSTILE(P_P5, grants_that_change_all_the_time)
{
	pthread_t thread;

	begin();
	grant("steady",
	      "[Grant s]\nEntitlement = " METHODS_OPEN_ENTITLEMENT
	      "\nType = 13\nService = MethodsDriver\nAllow = gid:4343\nDeny = uid:4245\n");
	test_equal(pthread_create(&thread, NULL, edit_all_the_time, NULL), 0);
	for (uint64_t i = test_rounds(10, 300); i--;) {
		kern_return_t status = try_as(USER, 0, service, METHODS_ENTITLED);

		/* One table or another, never half of one: what no table says does not come. */
		test_true(!status || status == MISSING);
		test_equal_error(try_as(USER + 1, 0, service, METHODS_ENTITLED), MISSING);
		test_equal_error(try_as(USER + 2, GROUP, service, METHODS_ENTITLED), 0);
		test_equal_error(try_as(USER + 3, GROUP, service, METHODS_ENTITLED), DENIED);
	}
	atomic_store(&ends, true);
	pthread_join(thread, NULL);
	/* And the last one holds at once. */
	grant("a", ENTITLED("uid:4242"));
	test_equal_error(try_as(USER, 0, service, METHODS_ENTITLED), 0);
	withdraw("a");
	test_equal_error(try_as(USER, 0, service, METHODS_ENTITLED), MISSING);
	arena_end();
}

/* --- P-P1, P-P2 ------------------------------------------------------------------------------------ */

/* A descriptor for another process, or from one. */
static void send_fd(int to, int fd)
{
	test_true(raw_post(to, "x", 1, &fd, 1));
}

static int receive_fd(int from)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd;

	test_equal(recvmsg(from, &message, MSG_CMSG_CLOEXEC), 1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

/* The opener's authority goes with the connection, to whomever; and the registry can end it. */
HOSTILE(P_P2, a_connection_that_another_user_has)
{
	int pair[2], data;
	size_t count = 0;

	begin();
	for (uint64_t i = test_rounds(2, 100); i--;) {
		int control = raw_connect(world_socket());

		raw_greet(control);
		test_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
		fflush(stdout);
		pid_t child = fork();
		if (!child) {
			become(USER, 0);
			int own = receive_fd(pair[1]);
			int32_t status = ask_to_open(own, service, METHODS_TABLE, &data);

			if (status || open_once(service, METHODS_TABLE) != MISSING)
				_exit(1);
			send_fd(pair[1], data); /* opened: now revoked */
			raw_await_end(data);
			_exit(0);
		}
		send_fd(pair[0], control);
		data = receive_fd(pair[0]);
		test_equal_error(
			portico_session_revoke(world_socket(), "MethodsDriver", NULL, &count), 0);
		test_true(count >= 1);
		raw_await_end(data);
		test_equal(arena_wait(child), 0);
		close(data);
		close(control);
		close(pair[0]);
		close(pair[1]);
	}
	arena_end();
}

/* It connects, gives its connection away and ends; then a process of root has its number. */
HOSTILE(P_P1, numbers_that_are_given_again)
{
	const uint64_t rounds = test_rounds(20, 1000);
	unsigned n_reused = 0;
	int pair[2], data;

	begin();
	grant("a", OPENING("uid:4242"));
	test_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	for (uint64_t i = 0; i < rounds; i++) {
		fflush(stdout);
		pid_t child = fork(), heir;

		if (!child) {
			become(USER, 0);
			int control = raw_connect(world_socket());

			if (i % 2)
				raw_greet(control);
			send_fd(pair[1], control);
			_exit(0);
		}
		int control = receive_fd(pair[0]);
		test_equal(arena_wait(child), 0);
		heir = test_fork_with_number(child);
		n_reused += heir == child;
		if (i % 2 == 0)
			raw_greet(control);
		test_equal_error(ask_to_open(control, service, METHODS_TABLE, &data), DENIED);
		close(control);
		if (heir > 0) {
			kill(heir, SIGKILL);
			arena_wait(heir);
		}
	}
	printf("# numbers given again: %u of %llu\n", n_reused, (unsigned long long)rounds);
	close(pair[0]);
	close(pair[1]);
	arena_count(rounds);
	arena_end();
}

TEST_MAIN
