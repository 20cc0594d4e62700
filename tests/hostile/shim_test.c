// SPDX-License-Identifier: MIT
/* The unmodified client library in a program that spoils what it sends and shares (shim.c). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <mach/mach.h>

#include "Hostile.h"
#include "Queue.h"
#include "arena.h"

static void on_event(void *refcon, io_iterator_t iterator)
{
	(void)refcon;
	(void)iterator;
}

static void on_completion(void *refcon, IOReturn result, void *argument)
{
	(void)refcon;
	(void)result;
	(void)argument;
}

/* What the library offers, whatever comes of it. */
static void use_everything(void)
{
	uint64_t in[3] = { QUEUE_SHARED, 4096, 0 }, out[2], reference[8] = { 0 };
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	mach_port_t wake = port ? IONotificationPortGetMachPort(port) : 0;
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	io_iterator_t iterator = 0;
	io_connect_t hostile = 0, queue = 0;
	io_service_t service;
	uint32_t n;

	reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)on_completion;
	service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("HostileDriver"));
	IOServiceOpen(service, mach_task_self(), 0, &hostile);
	IOObjectRelease(service);
	service = IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("QueueDriver"));
	IOServiceOpen(service, mach_task_self(), 0, &queue);
	IOObjectRelease(service);
	IOServiceAddMatchingNotification(port, kIOMatchedNotification,
					 IOServiceMatching("IOService"), on_event, NULL, &iterator);
	IOConnectMapMemory64(hostile, 0, mach_task_self(), &address, &size, kIOMapAnywhere);
	IOConnectSetNotificationPort(queue, 0, wake, 0);
	n = 2;
	IOConnectCallScalarMethod(queue, QUEUE_CREATE, in, 3, out, &n);
	IOConnectMapMemory64(queue, 0, mach_task_self(), &address, &size, kIOMapAnywhere);
	IOConnectCallAsyncScalarMethod(hostile, HOSTILE_KEEP, wake, reference, 3, NULL, 0, NULL,
				       NULL);
	for (uint64_t i = 0; i < 40; i++) {
		n = 1;
		IOConnectCallScalarMethod(hostile, HOSTILE_COMPLETE, &i, 1, out, &n);
		n = 1;
		IOConnectCallScalarMethod(hostile, HOSTILE_TOUCH, &i, 1, out, &n);
		n = 1;
		IOConnectCallMethod(queue, QUEUE_ENQUEUE, NULL, 0, "12345678", 8, out, &n, NULL,
				    NULL);
	}
	IOServiceClose(queue);
	IOServiceClose(hostile);
}

static pid_t start_attacker(const char *mode, uint64_t number)
{
	char seed[32];

	fflush(stdout);
	pid_t child = fork();

	if (!child) {
		snprintf(seed, sizeof(seed), "%llu", (unsigned long long)number * 7919 + 1);
		setenv("SHIM_SEED", seed, 1);
		setenv("SHIM_MODE", mode, 1);
		arena_preload("libshim.so");
		execl("/proc/self/exe", "shim_test", "--behind-the-shim", (char *)NULL);
		_exit(127);
	}
	return child;
}

/* How the programs end is their own affair, but they do. */
static void attack(const char *mode, uint64_t rounds)
{
	enum { AT_ONCE = 6 };

	arena_begin("Hostile.dext", "Queue.dext", NULL);
	for (uint64_t done = 0; done < rounds; done += AT_ONCE) {
		pid_t attackers[AT_ONCE];

		for (uint64_t i = 0; i < AT_ONCE; i++)
			attackers[i] = start_attacker(mode, done + i);
		for (int i = 0; i < AT_ONCE; i++)
			test_true(arena_wait(attackers[i]) != 127);
	}
	arena_count(rounds * 200);
	arena_end();
}

HOSTILE(P_W2, the_library_says_everything_twice)
{
	attack("repeat", test_rounds(20, 1000));
}

HOSTILE(P_W2, the_library_says_things_in_another_order)
{
	attack("swap", test_rounds(6, 200));
}

HOSTILE(P_W3, bits_of_the_library_are_flipped)
{
	attack("flip", test_rounds(40, 2000));
}

HOSTILE(P_W1, words_of_the_library_are_cut)
{
	attack("cut", test_rounds(10, 200));
}

HOSTILE(P_M8, memory_of_the_library_is_scribbled_over)
{
	attack("scribble", test_rounds(20, 500));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--behind-the-shim")) {
		alarm(1); /* its own calls may wait for what it has spoilt */
		use_everything();
		_exit(0);
	}
	return test_main(argc, argv);
}
