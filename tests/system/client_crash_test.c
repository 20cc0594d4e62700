// SPDX-License-Identifier: MIT
/* Clients die, fork and exec: the driver sees one close each, nobody else notices. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

enum { ADD, ADD_LATER = 4, SLEEP = 7, OPENS = 8 };

static void opens(io_connect_t c, uint64_t out[4])
{
	uint32_t n = 4;

	test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, out, &n), 0);
}

/* In a child: open, say so, wait to be killed. */
static pid_t start_client(int signal_fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		io_connect_t c = world_open("CalculatorDriver", 0);
		uint64_t in[3] = { 1, 2, 3600ull * 1000000000 };
		io_async_ref64_t reference = { 0 };
		IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
		uint32_t n = 0;

		IOConnectCallAsyncScalarMethod(c, ADD_LATER, IONotificationPortGetMachPort(port),
					       reference, 3, in, 3, NULL, &n);
		if (write(signal_fd, "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	return pid;
}

TEST(spec_k14_a_killed_client_is_closed_once)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t before[4], after[4];
	int fds[2];
	char byte;

	test_equal(pipe(fds), 0);
	opens(c, before);
	for (int i = 0; i < 5; i++) {
		pid_t pid = start_client(fds[1]);

		test_equal(read(fds[0], &byte, 1), 1);
		kill(pid, SIGKILL);
		test_equal(waitpid(pid, NULL, 0), pid);
	}
	do
		opens(c, after);
	while (after[1] - before[1] < 5 || after[3] > 0);
	test_equal(after[0] - before[0], 5);
	test_equal(after[1] - before[1], 5);
	close(fds[0]);
	close(fds[1]);
	IOServiceClose(c);
	world_stop();
}

TEST(a_forked_child_sees_invalid_handles_and_reconnects)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	io_service_t s = world_service("CalculatorDriver");
	uint64_t in[2] = { 20, 22 }, out[1] = { 0 };
	uint32_t n = 1;
	int status;

	pid_t pid = fork();
	if (pid == 0) {
		io_name_t name;

		if ((uint32_t)IOConnectCallScalarMethod(c, ADD, in, 2, out, &n) !=
		    (uint32_t)MACH_SEND_INVALID_DEST)
			_exit(2);
		if ((uint32_t)IOObjectGetClass(s, name) != (uint32_t)MACH_SEND_INVALID_DEST)
			_exit(3);
		io_connect_t own = world_open("CalculatorDriver", 0);
		if (IOConnectCallScalarMethod(own, ADD, in, 2, out, &n) || out[0] != 42)
			_exit(4);
		IOServiceClose(own);
		_exit(0);
	}
	test_equal(waitpid(pid, &status, 0), pid);
	test_equal(status, 0);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n), 0);
	test_equal(out[0], 42);
	IOObjectRelease(s);
	IOServiceClose(c);
	world_stop();
}

TEST(the_parents_death_is_seen_although_a_child_lives_on)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t before[4], after[4];
	int fds[2];
	pid_t grandchild = 0;

	test_equal(pipe(fds), 0);
	opens(c, before);
	pid_t pid = fork();
	if (pid == 0) {
		world_open("CalculatorDriver", 0);
		pid_t own = fork();
		if (own == 0) {
			for (;;)
				pause();
		}
		if (write(fds[1], &own, sizeof(own)) != sizeof(own))
			_exit(1);
		_exit(0);
	}
	close(fds[1]); /* so that a child that fails is noticed */
	test_equal(read(fds[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	test_equal(waitpid(pid, NULL, 0), pid);
	do
		opens(c, after);
	while (after[1] - before[1] < 1);
	kill(grandchild, SIGKILL);
	close(fds[0]);
	IOServiceClose(c);
	world_stop();
}

TEST(nothing_is_inherited_over_exec)
{
	world_start();
	io_connect_t c = world_open("MirrorDriver", 0);
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	char command[256];

	IONotificationPortGetRunLoopSource(port);
	IOConnectMapMemory64(c, 0, mach_task_self(), &address, &size, kIOMapAnywhere);
	/* Only descriptors that exist in the harness too may be there: 0, 1, 2 and ls's own. */
	snprintf(
		command, sizeof(command),
		"ls -l /proc/self/fd | grep -E 'socket|memfd|eventpoll|eventfd' && exit 1; exit 0");
	test_equal(system(command), 0);
	IONotificationPortDestroy(port);
	IOServiceClose(c);
	world_stop();
}

TEST_MAIN
