// SPDX-License-Identifier: MIT
/* The system's session with programs of several users; connections whose process has ended. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/session.h>

#include "Methods.h"
#include "base/fd.h"
#include "test.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/open.h"

enum { USER = 4242, GROUP = 4343 };

static char folder[600], path[700], policy[700];
static pid_t registry;

/* --- the session ------------------------------------------------------------------------ */

static void grant(const char *sections)
{
	char fresh[800];
	FILE *f;

	snprintf(fresh, sizeof(fresh), "%s.new", policy);
	f = fopen(fresh, "we");
	test_true(f != NULL);
	fputs(sections, f);
	test_equal(fclose(f), 0);
	test_equal(chmod(fresh, 0600), 0);
	test_equal(rename(fresh, policy), 0);
}

/* Others must be able to come in: not below a folder of mode 0700. */
static void start(const char *sections)
{
	char drivers[700], target[800], ready[16], byte;
	const char *program;
	int fds[2];

	if (geteuid())
		test_skip("needs root");
	snprintf(folder, sizeof(folder), "%s", test_folder());
	test_equal(chmod(folder, 0711), 0);
	snprintf(path, sizeof(path), "%s/registry.sock", folder);
	snprintf(policy, sizeof(policy), "%s/grants", folder);
	snprintf(drivers, sizeof(drivers), "%s/drivers", folder);
	test_equal(mkdir(drivers, 0755), 0);
	snprintf(target, sizeof(target), "%s/Methods.dext", drivers);
	test_equal(symlink(test_built("tests/drivers/Methods.dext"), target), 0);
	grant(sections);
	test_equal(pipe2(fds, O_CLOEXEC), 0);
	program = strdup(test_built("bin/porticod"));
	snprintf(ready, sizeof(ready), "%d", fds[1]);
	fflush(stdout);
	registry = fork();
	if (registry == 0) {
		fcntl(fds[1], F_SETFD, 0);
		setenv("PORTICO_LOG", "none", 1);
		execl(program, "porticod", "--system", "--socket", path, "--no-bridge",
		      "--no-default-drivers", "--drivers", drivers, "--policy", policy,
		      "--ready-fd", ready, (char *)NULL);
		_exit(127);
	}
	free((void *)program);
	close(fds[1]);
	test_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	setenv("PORTICO_SESSION", path, 1);
}

static void stop(void)
{
	int status;

	test_equal(kill(registry, SIGTERM), 0);
	test_equal(waitpid(registry, &status, 0), registry);
	while (waitpid(-1, NULL, 0) > 0) /* hosts, if they were left to us */
		;
}

/* --- programs of other users ------------------------------------------------------------------ */

struct report {
	kern_return_t result;
	uint64_t id;
};

/* In a process of its own, since the library keeps its connection for the life of a process. */
static struct report run_as(uid_t uid, gid_t group, void (*fn)(struct report *report))
{
	struct report report = { -1, 0 };
	int fds[2], status;

	test_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		if (setgroups(group ? 1 : 0, &group) || setgid(uid) || setuid(uid))
			_exit(1);
		fn(&report);
		_exit(write(fds[1], &report, sizeof(report)) != sizeof(report));
	}
	close(fds[1]);
	test_equal(read(fds[0], &report, sizeof(report)), sizeof(report));
	close(fds[0]);
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	return report;
}

static void find_service(struct report *report)
{
	mach_timespec_t soon = { 30, 0 };
	io_service_t service;

	IOKitWaitQuiet(kIOMainPortDefault, &soon);
	service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("MethodsDriver"));
	report->result = IORegistryEntryGetRegistryEntryID(service, &report->id);
}

static uint32_t wanted_type;

static void open_service(struct report *report)
{
	mach_timespec_t soon = { 30, 0 };
	io_connect_t connect = 0;
	io_service_t service;

	IOKitWaitQuiet(kIOMainPortDefault, &soon);
	service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("MethodsDriver"));
	report->result = IOServiceOpen(service, mach_task_self(), wanted_type, &connect);
}

static kern_return_t try_as(uid_t uid, gid_t group, uint32_t type)
{
	wanted_type = type;
	return run_as(uid, group, open_service).result;
}

#define OPENING(allow) "[Grant o]\nService = MethodsDriver\nAllow = " allow "\n"
#define ENTITLED(allow) "[Grant e]\nEntitlement = " METHODS_OPEN_ENTITLEMENT "\nAllow = " allow "\n"

TEST(what_demands_nothing_is_open_to_the_owner_and_by_a_grant)
{
	start("");
	test_equal_error(try_as(0, 0, METHODS_TABLE), 0);
	test_equal_error(try_as(USER, 0, METHODS_TABLE), kIOReturnNotPrivileged);
	test_equal_error(try_as(USER, 0, METHODS_FALSE), 0); /* admits everybody */
	grant(OPENING("uid:4242"));
	test_equal_error(try_as(USER, 0, METHODS_TABLE), 0);
	test_equal_error(try_as(USER + 1, 0, METHODS_TABLE), kIOReturnNotPrivileged);
	grant(OPENING("gid:4343"));
	test_equal_error(try_as(USER, 0, METHODS_TABLE), kIOReturnNotPrivileged);
	test_equal_error(try_as(USER, GROUP, METHODS_TABLE), 0);
	/* not even he holds what it does not give */
	test_equal_error(try_as(USER, GROUP, METHODS_ENTITLED), kIOReturnNotPrivileged);
	stop();
}

/* P-P5: by user, by group; changed while running; broken. */
TEST(an_entitlement_for_some)
{
	start(ENTITLED("uid:4242"));
	test_equal_error(try_as(USER, 0, METHODS_ENTITLED), 0);
	test_equal_error(try_as(USER + 1, 0, METHODS_ENTITLED), kIOReturnNotPrivileged);
	grant(ENTITLED("gid:4343"));
	test_equal_error(try_as(USER, 0, METHODS_ENTITLED), kIOReturnNotPrivileged);
	test_equal_error(try_as(USER, GROUP, METHODS_ENTITLED), 0);
	grant(ENTITLED("*\nDeny = gid:4343"));
	test_equal_error(try_as(USER, GROUP, METHODS_ENTITLED), kIOReturnNotPermitted);
	test_equal_error(try_as(USER, 0, METHODS_ENTITLED), 0);
	grant(OPENING("uid:4242") ENTITLED("uid:4242 nobody-knows"));
	test_equal_error(try_as(USER, 0, METHODS_ENTITLED), kIOReturnNotPermitted);
	test_equal_error(try_as(0, 0, METHODS_ENTITLED), kIOReturnNotPermitted);
	test_equal_error(try_as(USER, 0, METHODS_TABLE), 0); /* the other section holds */
	stop();
}

static void ask_about_others(struct report *report)
{
	struct portico_subject other = { .uid = 1 };
	CFDictionaryRef answer;
	size_t count;

	report->result = portico_session_explain(NULL, "MethodsDriver", 0, NULL, &answer);
	report->id = CFDictionaryContainsKey(CFDictionaryGetValue(answer, CFSTR("Opening")),
					     CFSTR("Grants"))
			   ? 4
			   : 0;
	if (portico_session_explain(NULL, "MethodsDriver", 0, &other, &answer) ==
	    kIOReturnNotPrivileged)
		report->id |= 1;
	if (portico_session_revoke(NULL, "MethodsDriver", NULL, &count) == kIOReturnNotPrivileged)
		report->id |= 2;
}

static void count_denials(struct report *report)
{
	CFDictionaryRef answer;
	CFArrayRef denials;

	report->result = portico_session_copy_policy(NULL, &answer);
	denials = CFDictionaryGetValue(answer, CFSTR("Denials"));
	report->id = denials ? (uint64_t)CFArrayGetCount(denials) : 99;
	if (CFDictionaryContainsKey(answer, CFSTR("Problems")))
		report->id |= 256;
}

static char bait[700];

static void load_bait(struct report *report)
{
	CFStringRef words = NULL;

	report->result = portico_session_load(NULL, bait, &words);
	if (words)
		CFRelease(words);
}

/* Where others could have file systems of their own, a look might never end. */
TEST(nothing_is_looked_at_for_who_may_not_load)
{
	const struct timespec past[2] = { { 1000, 0 }, { 2000, 0 } };
	struct stat st;

	start("");
	snprintf(bait, sizeof(bait), "%s/bait", folder);
	test_equal(symlink("drivers", bait), 0);
	test_equal(utimensat(AT_FDCWD, bait, past, AT_SYMLINK_NOFOLLOW), 0);
	test_equal_error(run_as(USER, 0, load_bait).result, kIOReturnNotPrivileged);
	test_equal(lstat(bait, &st), 0);
	test_equal(st.st_atim.tv_sec, past[0].tv_sec);
	test_equal_error(run_as(0, 0, load_bait).result, 0);
	unlink(bait);
	stop();
}

TEST(others_see_what_concerns_themselves)
{
	struct report report;

	start("");
	try_as(USER, 0, METHODS_ENTITLED);
	report = run_as(USER, 0, ask_about_others);
	test_equal_error(report.result, 0);
	test_equal(report.id, 3);
	test_equal(run_as(USER, 0, count_denials).id, 1);
	test_equal(run_as(USER + 1, 0, count_denials).id, 0);
	test_equal(run_as(0, 0, count_denials).id, 256 + 1);
	stop();
}

/* --- P-P1: whose process has ended ------------------------------------------------------------ */

static void send_fd(int to, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	if (sendmsg(to, &message, 0) != 1)
		_exit(2);
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

/* A child of root connects; its socket is ours. RET_CHILD waits until STOP is closed. */
static int connect_as_child(pid_t *ret_child, int *ret_stop)
{
	int pair[2], end[2], fd;
	char byte;

	test_equal(fd_socketpair(pair), 0);
	test_equal(pipe2(end, O_CLOEXEC), 0);
	fflush(stdout);
	*ret_child = fork();
	if (*ret_child == 0) {
		close(end[1]);
		if (fd_connect(path, &fd))
			_exit(1);
		send_fd(pair[1], fd);
		_exit(read(end[0], &byte, 1) != 0);
	}
	close(pair[1]);
	close(end[0]);
	fd = receive_fd(pair[0]);
	close(pair[0]);
	*ret_stop = end[1];
	return fd;
}

static void receive(int socket, struct wire_frame *frame)
{
	struct pollfd p = { .fd = socket, .events = POLLIN };
	err_t err;

	while ((err = wire_frame_receive(socket, frame, WIRE_CONTROL_MAX, false)) == -EAGAIN)
		test_true(poll(&p, 1, 30000) > 0);
	test_equal(err, 0);
}

static int32_t greet_and_open(int socket, uint64_t service)
{
	struct wire_hello hello = { .magic = WIRE_MAGIC,
				    .version = WIRE_VERSION,
				    .role = WIRE_ROLE_CLIENT,
				    .pid = 1,
				    .name = "heir" };
	struct wire_open_request request = { service, METHODS_TABLE };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;

	test_equal(wire_send(socket, &wire_hello_layout, 1, &hello, NULL, 0, false), 0);
	receive(socket, &frame);
	test_equal(frame.header.status, 0);
	wire_frame_fini(&frame);
	test_equal(wire_send(socket, &wire_open_request_layout, 2, &request, NULL, 0, false), 0);
	receive(socket, &frame);
	status = frame.header.status;
	wire_frame_fini(&frame);
	return status;
}

TEST(the_connection_of_an_ended_process_opens_nothing)
{
	uint64_t id;
	int status, n_reused = 0;

	start("");
	id = run_as(0, 0, find_service).id;
	for (int round = 0; round < 50; round++) {
		pid_t child, other;
		int end, socket = connect_as_child(&child, &end);

		/* passed on while its process lives: the authority of who connected */
		if (round == 0)
			test_equal_error(greet_and_open(socket, id), 0);
		close(end);
		test_equal(waitpid(child, &status, 0), child);
		test_equal(status, 0);
		other = test_fork_with_number(child);
		n_reused += other == child;
		if (round > 0)
			test_equal_error(greet_and_open(socket, id), kIOReturnNotPermitted);
		close(socket);
		if (other > 0) {
			kill(other, SIGKILL);
			test_equal(waitpid(other, &status, 0), other);
		}
	}
	printf("# numbers given again: %d of 50\n", n_reused);
	stop();
}

TEST_MAIN
