// SPDX-License-Identifier: MIT
/* portico/session.h and portico/port.h: Portico's extensions, against the real daemons. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/port.h>
#include <portico/session.h>

#include "test.h"
#include "world.h"

TEST(the_path_of_the_session)
{
	char path[512];

	world_start();
	test_equal(portico_session_get_path(path, sizeof(path)), 0);
	test_equal_text(path, world_socket());
	test_equal_error(portico_session_get_path(path, strlen(path)), kIOReturnMessageTooLarge);
	test_equal_error(portico_session_get_path(path, 0), kIOReturnMessageTooLarge);
	test_equal_error(portico_session_get_path(NULL, 10), kIOReturnBadArgument);
	test_equal_error(portico_session_get_user_path(NULL, 10), kIOReturnBadArgument);
	test_equal_error(portico_session_get_user_path(path, 1), kIOReturnMessageTooLarge);
	test_equal(setenv("XDG_RUNTIME_DIR", "/somewhere", 1), 0);
	test_equal(portico_session_get_user_path(path, sizeof(path)), 0);
	test_equal_text(path, "/somewhere/portico/registry.sock");
	test_equal(setenv("PORTICO_SESSION", "embedded", 1), 0);
	test_equal_error(portico_session_get_path(path, sizeof(path)), kIOReturnNotFound);
	world_stop();
}

TEST(status_and_quiet)
{
	world_start();
	CFDictionaryRef status = NULL;

	test_equal(portico_session_copy_status(world_socket(), &status), 0);
	test_equal(CFGetTypeID(status), CFDictionaryGetTypeID());
	test_true(CFDictionaryGetCount(status) > 0);
	CFRelease(status);
	test_equal(portico_session_copy_status(NULL, &status), 0);
	CFRelease(status);
	test_equal_error(portico_session_copy_status(NULL, NULL), kIOReturnBadArgument);
	test_equal(portico_session_wait_quiet(world_socket(), 10000), 0);
	test_equal(portico_session_wait_quiet(NULL, 0), 0);
	world_stop();
}

TEST(nobody_listens_there)
{
	CFDictionaryRef status = NULL;
	CFStringRef text = NULL;
	const char *const nowhere[] = { "/no/such/socket", "", "/dev/null" };
	char long_path[300];

	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = 0;
	for (int i = 0; i < 3; i++) {
		test_equal_error(portico_session_copy_status(nowhere[i], &status),
				 kIOReturnNotAttached);
		test_equal_error(portico_session_load(nowhere[i], "/x", &text),
				 kIOReturnNotAttached);
		test_equal_error(portico_session_unload(nowhere[i], "x", &text),
				 kIOReturnNotAttached);
		test_equal_error(portico_session_wait_quiet(nowhere[i], 1), kIOReturnNotAttached);
		test_equal_error(portico_session_copy_policy(nowhere[i], &status),
				 kIOReturnNotAttached);
		test_equal_error(portico_session_explain(nowhere[i], "x", 0, NULL, &status),
				 kIOReturnNotAttached);
		test_equal_error(portico_session_revoke(nowhere[i], "x", NULL, &(size_t){ 0 }),
				 kIOReturnNotAttached);
		test_equal_error(portico_session_stop(nowhere[i]), kIOReturnNotAttached);
	}
	test_true(portico_session_stop(long_path) != 0);
	test_true(status == NULL);
	test_true(text == NULL);
}

/* A server that hangs up N times and ends. */
static pid_t start_mute(char *path, size_t size, int n)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/mute.sock", test_folder());
	snprintf(path, size, "%s", address.sun_path);
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	test_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	test_equal(listen(listener, 5), 0);
	pid_t mute = fork();
	if (!mute) {
		for (; n; n--)
			close(accept(listener, NULL, NULL));
		_exit(0);
	}
	close(listener);
	return mute;
}

/* Whoever hangs up before he has heard what is wanted has not ended for our sake: he has no room. */
TEST(a_server_that_hangs_up_is_not_taken_for_stopped)
{
	CFDictionaryRef status = NULL;
	char path[128];
	pid_t mute = start_mute(path, sizeof(path), -1);

	test_equal_error(portico_session_stop(path), kIOReturnNoResources);
	test_equal_error(portico_session_copy_status(path, &status), kIOReturnNoResources);
	kill(mute, SIGKILL);
	test_equal(waitpid(mute, NULL, 0), mute);
	unlink(path);
}

TEST(a_server_that_ends_meanwhile_is_gone)
{
	CFDictionaryRef status = NULL;
	char path[128];
	pid_t mute = start_mute(path, sizeof(path), 1);

	test_equal_error(portico_session_copy_status(path, &status), kIOReturnNotAttached);
	test_equal(waitpid(mute, NULL, 0), mute);
	unlink(path);
}

/* Answers every greeting as a registry of another version does; ends as one does. */
static _Noreturn void be_foreign_registry(int listener)
{
	for (;;) {
		int s = accept(listener, NULL, NULL);
		uint32_t header[6];

		if (s < 0 || recv(s, header, sizeof(header), 0) != sizeof(header))
			_exit(1);
		header[1] = 1; /* a reply */
		header[3] = (uint32_t)kIOReturnUnsupported;
		header[4] = header[5] = 0;
		send(s, header, sizeof(header), 0);
		close(s);
	}
}

TEST(a_session_of_another_version_is_stopped)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	CFDictionaryRef status = NULL;
	int end;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", test_folder());
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	test_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	fflush(stdout);
	pid_t registry = fork();
	if (registry == 0) {
		if (listen(listener, 5))
			_exit(2);
		be_foreign_registry(listener);
	}
	while (portico_session_copy_status(a.sun_path, &status) == kIOReturnNotAttached)
		;
	test_equal_error(portico_session_copy_status(a.sun_path, &status), kIOReturnUnsupported);
	test_equal_error(portico_session_restart(a.sun_path), kIOReturnUnsupported);
	test_equal_error(portico_session_stop(a.sun_path), 0);
	test_equal(waitpid(registry, &end, 0), registry);
	test_true(WIFSIGNALED(end) && WTERMSIG(end) == SIGTERM);
	close(listener);
}

static void ignore(void *refcon, io_iterator_t iterator)
{
	(void)refcon;
	(void)iterator;
}

TEST(spec_d08_f25_unloaded_drivers_are_not_found)
{
	world_start();
	CFStringRef text = NULL;
	io_iterator_t it = 0;

	test_equal(portico_session_unload(NULL, "org.portico.driver.Mirror", &text), 0);
	if (text)
		CFRelease(text);
	test_equal(IOKitWaitQuiet(0, NULL), 0);
	test_equal(IOServiceGetMatchingServices(0, IOServiceMatching("MirrorDriver"), &it), 0);
	test_equal(it, 0);
	IONotificationPortRef port = IONotificationPortCreate(0);
	test_equal(IOServiceAddMatchingNotification(port, kIOFirstMatchNotification,
						    IOServiceMatching("MirrorDriver"), ignore, NULL,
						    &it),
		   0);
	test_equal(IOIteratorNext(it), 0);
	IOObjectRelease(it);
	IONotificationPortDestroy(port);
	text = NULL;
	test_equal(portico_session_load(NULL, test_built("drivers/Mirror.dext"), &text), 0);
	if (text)
		CFRelease(text);
	io_service_t s = world_service("MirrorDriver");
	test_true(s != 0);
	IOObjectRelease(s);
	text = NULL;
	test_true(portico_session_load(NULL, "/no/such/bundle", &text) != 0);
	test_true(text != NULL && CFStringGetLength(text) > 0);
	CFRelease(text);
	text = NULL;
	test_true(portico_session_unload(NULL, "no.such.bundle", &text) != 0);
	if (text)
		CFRelease(text);
	test_equal_error(portico_session_load(NULL, NULL, &text), kIOReturnBadArgument);
	test_equal_error(portico_session_unload(NULL, NULL, &text), kIOReturnBadArgument);
	test_true(portico_session_load(NULL, "/no/such/bundle", NULL) != 0);
	world_stop();
}

TEST(the_policy_is_told)
{
	struct portico_subject many = { .n_groups = 65 }, none = { .n_groups = 1 };
	struct portico_subject other = { .uid = 4242, .gid = 4242, .label = "l" };
	CFDictionaryRef answer = NULL;
	char long_text[300];
	size_t count = 9;

	world_start();
	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = 0;
	test_equal_error(portico_session_copy_policy(NULL, NULL), kIOReturnBadArgument);
	test_equal_error(portico_session_copy_policy(NULL, &answer), 0);
	test_true(CFDictionaryContainsKey(answer, CFSTR("Denials")));
	CFRelease(answer);
	test_equal_error(portico_session_explain(NULL, NULL, 0, NULL, &answer),
			 kIOReturnBadArgument);
	test_equal_error(portico_session_explain(NULL, long_text, 0, NULL, &answer),
			 kIOReturnBadArgument);
	test_equal_error(portico_session_explain(NULL, "x", 0, &many, &answer),
			 kIOReturnBadArgument);
	test_equal_error(portico_session_explain(NULL, "x", 0, &none, &answer),
			 kIOReturnBadArgument);
	test_equal_error(portico_session_explain(NULL, "MirrorDriver", 0, &other, &answer), 0);
	test_true(CFDictionaryContainsKey(answer, CFSTR("Result")));
	CFRelease(answer);
	test_equal_error(portico_session_revoke(NULL, NULL, NULL, &count), kIOReturnBadArgument);
	test_equal_error(portico_session_revoke(NULL, "MirrorDriver", NULL, NULL),
			 kIOReturnBadArgument);
	test_equal_error(portico_session_revoke(NULL, "MirrorDriver", NULL, &count), 0);
	test_equal(count, 0);
	world_stop();
}

TEST(a_session_is_stopped)
{
	world_start();
	test_equal(portico_session_stop(world_socket()), 0);
	test_equal_error(portico_session_stop(world_socket()), kIOReturnNotAttached);
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("IOResources")), 0);
	world_stop();
}

TEST(a_descriptor_polls_readable_while_a_message_waits)
{
	mach_port_t port = 0, set = 0;
	mach_msg_empty_rcv_t received;
	mach_msg_header_t m = { .msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
				.msgh_size = sizeof(m) };
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };

	errno = 0;
	test_equal(portico_port_get_descriptor(0), -1);
	test_equal(errno, EINVAL);
	test_equal(portico_port_get_descriptor(MACH_PORT_DEAD), -1);
	test_equal(portico_port_get_descriptor(0x1234567), -1);
	test_equal(portico_port_get_descriptor(mach_task_self()), -1);
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), 0);
	test_equal(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set), 0);
	test_equal(mach_port_move_member(mach_task_self(), port, set), 0);
	fds[0].fd = portico_port_get_descriptor(port);
	fds[1].fd = portico_port_get_descriptor(set);
	test_true(fds[0].fd >= 0 && fds[1].fd >= 0);
	test_equal(portico_port_get_descriptor(port), fds[0].fd);
	test_equal(poll(fds, 2, 0), 0);
	m.msgh_remote_port = port;
	test_equal_error(mach_msg(&m, MACH_SEND_MSG, sizeof(m), 0, 0, 0, 0), 0);
	test_equal(poll(fds, 2, 5000), 2);
	test_equal_error(mach_msg(&received.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
				  sizeof(received), set, 0, 0),
			 0);
	test_equal_error(mach_msg(&received.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
				  sizeof(received), set, 0, 0),
			 MACH_RCV_TIMED_OUT);
	test_equal(poll(fds, 2, 0), 0);
	mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_mod_refs(mach_task_self(), set, MACH_PORT_RIGHT_PORT_SET, -1);
}

TEST_MAIN
