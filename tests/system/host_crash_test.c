// SPDX-License-Identifier: MIT
/* A driver host is killed: calls return, completions come, services go and come back. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOMessage.h>
#include <mach/mach.h>

#include "Queue.h"
#include "mach_words.h"
#include "test.h"
#include "world.h"

enum { ADD, ADD_LATER = 4, SLEEP = 7, OPENS = 8 };

static pid_t calculator_host(void)
{
	pid_t pid = world_host_pid("org.portico.driver.Calculator");

	test_true(pid > 0);
	return pid;
}

struct sleeper {
	io_connect_t connect;
	_Atomic int started;
	kern_return_t result;
};

static void *sleep_in_driver(void *context)
{
	struct sleeper *s = context;
	uint64_t ns = 60ull * 1000000000;
	uint32_t none = 0;

	s->result = IOConnectCallScalarMethod(s->connect, SLEEP, &ns, 1, NULL, &none);
	return NULL;
}

static void wait_until_in_flight(io_connect_t c, uint64_t n_calls)
{
	uint64_t out[4] = { 0 };
	uint32_t n = 4;

	while (out[2] < n_calls)
		test_equal_error(IOConnectCallScalarMethod(c, OPENS, NULL, 0, out, &n), 0);
}

static bool is_in_death_set(kern_return_t result)
{
	uint32_t r = (uint32_t)result;

	return r == (uint32_t)kIOReturnOffline || r == (uint32_t)kIOReturnAborted ||
	       r == (uint32_t)kIOReturnNotReady || r == (uint32_t)kIOReturnIPCError ||
	       r == (uint32_t)MACH_SEND_INVALID_DEST;
}

TEST(waiting_calls_return_with_a_documented_error)
{
	world_start();
	enum { THREADS = 4 };
	struct sleeper sleepers[THREADS];
	pthread_t threads[THREADS];
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[2] = { 1, 2 }, out[1];
	uint32_t n = 1;

	for (int i = 0; i < THREADS; i++) {
		sleepers[i] = (struct sleeper){ .connect = c };
		test_equal(pthread_create(&threads[i], NULL, sleep_in_driver, &sleepers[i]), 0);
	}
	wait_until_in_flight(c, THREADS + 1);
	kill(calculator_host(), SIGKILL);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		test_true(is_in_death_set(sleepers[i].result));
	}
	test_true(is_in_death_set(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n)));
	IOServiceClose(c);
	world_stop();
}

struct reader {
	mach_port_t port;
	IODataQueueMemory *queue;
	uint64_t read;
	IOReturn result;
	_Atomic pid_t tid;
};

static void *read_queue(void *context)
{
	struct reader *r = context;

	while (!(r->result = IODataQueueWaitForAvailableData(r->queue, r->port)))
		while (IODataQueueDataAvailable(r->queue) &&
		       !IODataQueueDequeue(r->queue, NULL, NULL))
			r->read++;
	return NULL;
}

static io_connect_t open_queue(struct reader *ret_reader)
{
	io_connect_t c = world_open("QueueDriver", 0);
	uint64_t in[3] = { QUEUE_SHARED, 4096, 0 }, out[2];
	mach_vm_address_t address = 0;
	mach_vm_size_t size;
	uint32_t n = 2;

	ret_reader->port = IODataQueueAllocateNotificationPort();
	test_equal_error(IOConnectSetNotificationPort(c, 0, ret_reader->port, 0), 0);
	test_equal_error(IOConnectCallScalarMethod(c, QUEUE_CREATE, in, 3, out, &n), 0);
	test_equal_error(
		IOConnectMapMemory64(c, 0, mach_task_self(), &address, &size, kIOMapAnywhere), 0);
	ret_reader->queue = (IODataQueueMemory *)(uintptr_t)address;
	return c;
}

/* Each of several; and what the driver had put in is not lost. */
TEST(who_waits_for_data_is_told)
{
	enum { READERS = 3, ENTRIES = 5 };
	struct reader readers[READERS] = { 0 };
	uint64_t fill[2] = { ENTRIES, 8 }, stored;
	pthread_t threads[READERS];
	uint32_t n = 1;

	world_start_with_bundle("Queue.dext");
	io_connect_t c = open_queue(&readers[0]);

	for (int i = 1; i < READERS; i++) {
		readers[i] = readers[0];
		test_equal(pthread_create(&threads[i], NULL, read_queue, &readers[i]), 0);
	}
	kill(world_host_pid("org.portico.test.Queue"), SIGKILL);
	for (int i = 1; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		test_equal_error(readers[i].result, kIOReturnOffline);
	}
	IOServiceClose(c);
	mach_port_destroy(mach_task_self(), readers[0].port);

	c = open_queue(&readers[0]);
	test_equal_error(IOConnectCallScalarMethod(c, QUEUE_FILL, fill, 2, &stored, &n), 0);
	kill(world_host_pid("org.portico.test.Queue"), SIGKILL);
	test_await(IOConnectCallScalarMethod(c, QUEUE_FILL, fill, 2, &stored, &n));
	read_queue(&readers[0]);
	test_equal_error(readers[0].result, kIOReturnOffline);
	test_equal(readers[0].read, ENTRIES);
	IOServiceClose(c);
	mach_port_destroy(mach_task_self(), readers[0].port);
	world_stop();
}

static void *wait_once(void *context)
{
	struct reader *r = context;

	atomic_store(&r->tid, gettid());
	r->result = IODataQueueWaitForAvailableData(r->queue, r->port);
	return NULL;
}

/* As is who waits for a queue that another thread closes, and whoever waits with him at its port. */
TEST(who_waits_for_a_queue_that_goes_is_told)
{
	enum { READERS = 8, ROUNDS = 10 };
	struct reader readers[READERS] = { 0 };
	pthread_t threads[READERS];

	world_start_with_bundle("Queue.dext");
	for (int round = 0; round < ROUNDS; round++) {
		io_connect_t c = open_queue(&readers[0]);

		for (int i = 0; i < READERS; i++) {
			readers[i].queue = readers[0].queue;
			readers[i].port = readers[0].port;
			atomic_store(&readers[i].tid, 0);
			test_equal(pthread_create(&threads[i], NULL, wait_once, &readers[i]), 0);
			test_await(atomic_load(&readers[i].tid) &&
				   is_asleep(atomic_load(&readers[i].tid)));
		}
		if (round % 2)
			test_equal_error(IOConnectUnmapMemory64(c, 0, mach_task_self(),
								(uintptr_t)readers[0].queue),
					 0);
		test_equal_error(IOServiceClose(c), 0);
		for (int i = 0; i < READERS; i++) {
			pthread_join(threads[i], NULL);
			test_equal_error(readers[i].result, kIOReturnAborted);
		}
		mach_port_destroy(mach_task_self(), readers[0].port);
	}
	world_stop();
}

/* Whoever else waits at the port, for a queue that is nobody's business, may have the message. */
TEST(who_waits_at_a_port_for_many_queues_is_told)
{
	enum { READERS = 8 };
	static IODataQueueMemory own;
	struct reader readers[READERS] = { 0 };
	pthread_t threads[READERS];

	world_start_with_bundle("Queue.dext");
	io_connect_t c = open_queue(&readers[0]);

	for (int i = READERS; i--;) {
		if (i)
			readers[i].queue = &own;
		readers[i].port = readers[0].port;
		test_equal(pthread_create(&threads[i], NULL, wait_once, &readers[i]), 0);
		test_await(atomic_load(&readers[i].tid) && is_asleep(atomic_load(&readers[i].tid)));
	}
	kill(world_host_pid("org.portico.test.Queue"), SIGKILL);
	pthread_join(threads[0], NULL);
	test_equal_error(readers[0].result, kIOReturnOffline);
	mach_port_destroy(mach_task_self(), readers[0].port);
	for (int i = 1; i < READERS; i++)
		pthread_join(threads[i], NULL);
	IOServiceClose(c);
	world_stop();
}

static void end_thread(int signal)
{
	pthread_exit(NULL);
}

/* Who is gone is not: his stack may be anything's. */
TEST(who_ended_while_he_waited_is_not_told)
{
#ifdef __SANITIZE_THREAD__
	test_skip("the thread sanitizer allows no end of a thread in a signal's handler");
#endif
	enum { SIZE = 1 << 20 };
	struct sigaction ends = { .sa_handler = end_thread }, before;
	struct reader reader = { 0 };
	pthread_attr_t attributes;
	pthread_t thread;
	void *stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	world_start_with_bundle("Queue.dext");
	io_connect_t c = open_queue(&reader);
	test_equal(sigaction(SIGUSR1, &ends, &before), 0);
	test_equal(pthread_attr_init(&attributes), 0);
	test_equal(pthread_attr_setstack(&attributes, stack, SIZE), 0);
	test_equal(pthread_create(&thread, &attributes, wait_once, &reader), 0);
	test_await(atomic_load(&reader.tid) && is_asleep(atomic_load(&reader.tid)));
	test_equal(pthread_kill(thread, SIGUSR1), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	munmap(stack, SIZE);
	test_equal_error(IOServiceClose(c), 0);
	sigaction(SIGUSR1, &before, NULL);
	mach_port_destroy(mach_task_self(), reader.port);
	world_stop();
}

/* Who has ended the connection himself is told nothing: his queue has gone. */
TEST(an_end_of_ones_own_is_no_news)
{
	struct reader reader = { 0 };
	mach_msg_header_t *message = (mach_msg_header_t[4]){ 0 };

	world_start_with_bundle("Queue.dext");
	for (int releases = 0; releases < 2; releases++) {
		io_connect_t c = open_queue(&reader);
		pid_t host = world_host_pid("org.portico.test.Queue");

		if (releases)
			IOObjectRelease(c);
		else
			IOServiceClose(c);
		kill(host, SIGKILL);
		test_await(world_host_pid("org.portico.test.Queue") != host);
		test_equal_error(mach_msg(message, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
					  4 * sizeof(*message), reader.port, 0, MACH_PORT_NULL),
				 MACH_RCV_TIMED_OUT);
		mach_port_destroy(mach_task_self(), reader.port);
	}
	world_stop();
}

struct story {
	io_service_t service;
	int terminated, came_back, aborted, interest_terminated;
	uint32_t aborted_result;
	bool same_name;
};

static void on_terminated(void *refcon, io_iterator_t iterator)
{
	struct story *story = refcon;
	io_service_t s;

	while ((s = IOIteratorNext(iterator))) {
		uint64_t id = 0;

		story->terminated++;
		story->same_name = s == story->service;
		test_equal_error(IORegistryEntryGetRegistryEntryID(s, &id), 0);
		test_true(id > 0x100000100);
		IOObjectRelease(s);
	}
}

static void on_matched(void *refcon, io_iterator_t iterator)
{
	struct story *story = refcon;
	io_service_t s;

	while ((s = IOIteratorNext(iterator))) {
		story->came_back++;
		IOObjectRelease(s);
	}
}

static void on_interest(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	(void)service;
	(void)argument;
	if (type == kIOMessageServiceIsTerminated)
		((struct story *)refcon)->interest_terminated++;
}

static void on_aborted(void *refcon, IOReturn result)
{
	struct story *story = refcon;

	story->aborted++;
	story->aborted_result = (uint32_t)result;
}

static IONotificationPortRef arm(struct story *story, io_iterator_t iterators[3])
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
							  IOServiceMatching("CalculatorDriver"),
							  on_terminated, story, &iterators[0]),
			 0);
	on_terminated(story, iterators[0]);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOFirstMatchNotification,
							  IOServiceMatching("CalculatorDriver"),
							  on_matched, story, &iterators[1]),
			 0);
	on_matched(story, iterators[1]);
	test_equal(story->came_back, 1);
	story->came_back = 0;
	test_equal_error(IOServiceAddInterestNotification(port, story->service, kIOGeneralInterest,
							  on_interest, story, &iterators[2]),
			 0);
	return port;
}

TEST(spec_f10_f26_services_terminate_are_notified_and_come_back)
{
	world_start();
	struct story story = { .service = world_service("CalculatorDriver") };
	io_iterator_t iterators[3];
	IONotificationPortRef port = arm(&story, iterators);
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t later[3] = { 1, 2, 3600ull * 1000000000 }, in[2] = { 2, 3 }, out[1] = { 0 };
	io_async_ref64_t reference = { 0 };
	kern_return_t result;
	uint32_t n = 0;

	reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)on_aborted;
	reference[kIOAsyncCalloutRefconIndex] = (uintptr_t)&story;
	test_equal_error(IOConnectCallAsyncScalarMethod(c, ADD_LATER,
							IONotificationPortGetMachPort(port),
							reference, 3, later, 3, NULL, &n),
			 0);
	kill(calculator_host(), SIGKILL);
	while (!story.terminated || !story.came_back || !story.aborted)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal(story.terminated, 1);
	test_true(story.same_name);
	test_equal(story.came_back, 1);
	test_equal(story.aborted, 1);
	test_equal_error(story.aborted_result, kIOReturnAborted);
	test_equal(story.interest_terminated, 1);
	n = 1;
	/* The host's sockets close one after the other: a call may still set out on the last. */
	while ((uint32_t)(result = IOConnectCallScalarMethod(c, ADD, in, 2, out, &n)) ==
	       (uint32_t)kIOReturnOffline)
		n = 1;
	test_equal_error(result, MACH_SEND_INVALID_DEST);
	IOServiceClose(c);
	c = world_open("CalculatorDriver", 0);
	test_equal_error(IOConnectCallScalarMethod(c, ADD, in, 2, out, &n), 0);
	test_equal(out[0], 5);
	IOServiceClose(c);
	for (int i = 0; i < 3; i++)
		IOObjectRelease(iterators[i]);
	IONotificationPortDestroy(port);
	IOObjectRelease(story.service);
	world_stop();
}

TEST(spec_f11_without_a_terminated_notification_handles_die)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	mach_port_type_t type = 0;
	io_name_t name;

	kill(calculator_host(), SIGKILL);
	while (mach_port_type(mach_task_self(), s, &type) == 0 &&
	       !(type & MACH_PORT_TYPE_DEAD_NAME))
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0.001, false);
	test_equal_error(IOObjectGetClass(s, name), MACH_SEND_INVALID_DEST);
	test_equal_error(IOObjectRetain(s), 0);
	test_equal_error(IOObjectRelease(s), 0);
	test_equal_error(IOObjectRelease(s), 0);
	test_equal_error(IOObjectRelease(s), KERN_INVALID_NAME);
	world_stop();
}

TEST(killed_again_and_again)
{
	world_start();
	int rounds = test_is_slow() ? 3 : 8;

	for (int i = 0; i < rounds; i++) {
		io_connect_t c = world_open("CalculatorDriver", 0);
		uint64_t in[2] = { (uint64_t)i, 1 }, out[1] = { 0 };
		uint32_t n = 1;
		kern_return_t result;

		kill(calculator_host(), SIGKILL);
		do
			result = IOConnectCallScalarMethod(c, ADD, in, 2, out, &n);
		while (result == 0);
		test_true(is_in_death_set(result));
		IOServiceClose(c);
	}
	world_stop();
}

TEST(other_hosts_are_not_disturbed)
{
	world_start();
	io_connect_t mirror = world_open("MirrorDriver", 0);
	pid_t pid = world_host_pid("org.portico.driver.Mirror");
	uint64_t in[2] = { 0, 16 }, out[1];
	uint32_t n = 1;

	kill(calculator_host(), SIGKILL);
	IOServiceClose(world_open("CalculatorDriver", 0));
	test_equal_error(IOConnectCallScalarMethod(mirror, 0, in, 2, out, &n), 0);
	test_equal(world_host_pid("org.portico.driver.Mirror"), pid);
	IOServiceClose(mirror);
	world_stop();
}

TEST_MAIN
