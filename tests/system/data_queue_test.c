// SPDX-License-Identifier: MIT
/* The receive loop on ProcessMonitor's queue: notification port, map, wait, drain, unmap. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

enum { START, STOP, STATISTICS, SELF_TEST };
enum { FORK = 1, EXEC = 2, EXIT = 3, SELF_TEST_KIND = 100 };

struct __attribute__((packed)) record {
	uint32_t version, kind, pid, extra;
	uint64_t time, sequence;
	char comm[16];
};

struct monitor {
	io_connect_t connect;
	mach_port_t port;
	IODataQueueMemory *queue;
	mach_vm_size_t size;
};

static struct monitor open_monitor(void)
{
	struct monitor m = { .connect = world_open("ProcessMonitor", 0) };
	mach_vm_address_t address = 0;

	test_equal(sizeof(struct record), 48);
	m.port = IODataQueueAllocateNotificationPort();
	test_true(m.port != 0);
	test_equal_error(IOConnectSetNotificationPort(m.connect, 0, m.port, 0), 0);
	test_equal_error(IOConnectMapMemory64(m.connect, kIODefaultMemoryType, mach_task_self(),
					      &address, &m.size, kIOMapAnywhere),
			 0);
	m.queue = (IODataQueueMemory *)(uintptr_t)address;
	return m;
}

static void close_monitor(struct monitor *m)
{
	test_equal_error(IOConnectUnmapMemory64(m->connect, kIODefaultMemoryType, mach_task_self(),
						(uintptr_t)m->queue),
			 0);
	if (m->port)
		test_equal_error(
			mach_port_mod_refs(mach_task_self(), m->port, MACH_PORT_RIGHT_RECEIVE, -1),
			0);
	test_equal_error(IOServiceClose(m->connect), 0);
}

static kern_return_t self_test(struct monitor *m, uint64_t n)
{
	uint32_t none = 0;

	return IOConnectCallScalarMethod(m->connect, SELF_TEST, &n, 1, NULL, &none);
}

static bool next(struct monitor *m, struct record *r)
{
	uint32_t size = sizeof(*r);

	while (!IODataQueueDataAvailable(m->queue))
		test_equal_error(IODataQueueWaitForAvailableData(m->queue, m->port), 0);
	test_equal_error(IODataQueueDequeue(m->queue, r, &size), 0);
	test_equal(size, sizeof(*r));
	return true;
}

TEST(records_arrive_complete_and_in_order)
{
	world_start();
	struct monitor m = open_monitor();
	struct record r;

	test_equal(m.queue->queueSize, 256 << 10);
	test_equal_error(self_test(&m, 1000), 0);
	for (unsigned i = 0; i < 1000; i++) {
		next(&m, &r);
		test_equal(r.version, 1);
		test_equal(r.kind, SELF_TEST_KIND);
		test_equal(r.pid, i);
		test_equal(r.sequence, i + 1);
	}
	test_true(!IODataQueueDataAvailable(m.queue));
	close_monitor(&m);
	world_stop();
}

TEST(a_full_queue_drops_and_counts)
{
	world_start();
	struct monitor m = open_monitor();
	uint64_t statistics[4] = { 0 };
	uint32_t n = 4;
	struct record r;

	self_test(&m, 10000);
	test_equal_error(IOConnectCallScalarMethod(m.connect, STATISTICS, NULL, 0, statistics, &n),
			 0);
	test_equal(statistics[0] + statistics[1], 10000);
	test_true(statistics[1] > 0);
	test_equal(statistics[2], 256 << 10);
	test_true(statistics[3] == 1 || statistics[3] == 2);
	for (uint64_t i = 0; i < statistics[0]; i++)
		next(&m, &r);
	test_true(!IODataQueueDataAvailable(m.queue));
	test_equal_error(self_test(&m, 1), 0);
	next(&m, &r);
	close_monitor(&m);
	world_stop();
}

struct feeder {
	struct monitor *monitor;
	uint64_t rounds;
	_Atomic uint64_t consumed;
};

static void *feed(void *context)
{
	struct feeder *f = context;
	uint64_t produced = 0;

	for (uint64_t i = 0; i < f->rounds; i++) {
		/* The queue has room for some 5000 records; a full one drops, which is another story. */
		while (produced - atomic_load(&f->consumed) > 4000)
			sched_yield();
		test_equal_error(self_test(f->monitor, 1 + i % 7), 0);
		produced += 1 + i % 7;
	}
	return NULL;
}

TEST(wake_ups_of_many_calls)
{
	world_start();
	struct monitor m = open_monitor();
	struct feeder f = { .monitor = &m, .rounds = test_is_slow() ? 2000 : 20000 };
	uint64_t expected = 0, last = 0;
	struct record r;
	pthread_t thread;

	for (uint64_t i = 0; i < f.rounds; i++)
		expected += 1 + i % 7;
	test_equal(pthread_create(&thread, NULL, feed, &f), 0);
	for (uint64_t i = 0; i < expected; i++) {
		next(&m, &r);
		test_equal(r.sequence, ++last);
		atomic_store(&f.consumed, last);
	}
	pthread_join(thread, NULL);
	close_monitor(&m);
	world_stop();
}

TEST(real_processes_are_seen)
{
	world_start();
	struct monitor m = open_monitor();
	uint64_t mask = 1 << FORK | 1 << EXEC | 1 << EXIT;
	uint32_t none = 0, seen = 0;
	struct record r;

	test_equal_error(IOConnectCallScalarMethod(m.connect, START, &mask, 1, NULL, &none), 0);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/sleep", "sleep", "0.3", (char *)NULL);
		_exit(127);
	}
	while (!(seen & 1 << EXIT)) {
		next(&m, &r);
		if (r.pid == (uint32_t)pid)
			seen |= 1u << r.kind;
	}
	test_true(seen & (1 << FORK | 1 << EXEC));
	test_equal(waitpid(pid, NULL, 0), pid);
	test_equal_error(IOConnectCallScalarMethod(m.connect, STOP, NULL, 0, NULL, &none), 0);
	close_monitor(&m);
	world_stop();
}

TEST_MAIN
