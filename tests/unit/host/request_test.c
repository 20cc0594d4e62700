// SPDX-License-Identifier: MIT
/* What the registry may ask of a host, good and bad; and the drivers that share memory. */
#include "test.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <IOKit/IODataQueueShared.h>
#include <IOKit/IOReturn.h>

#include "base/fd.h"
#include "base/shm.h"
#include "fake_registry.h"
#include "wire/async.h"
#include "wire/call.h"
#include "wire/memory.h"
#include "wire/notice.h"
#include "wire/publish.h"

enum { SERVICE = 100 };

TEST(probes_that_cannot_succeed)
{
	struct fake_registry fake;

	fake_start(&fake);
	test_equal_error(fake_probe(&fake, 1, "/nonexistent/Nothing.dext", "X"),
			 kIOReturnNoResources);
	test_equal_error(
		fake_probe(&fake, 2, test_built("drivers/Mirror.dext"), "CalculatorDriver"),
		kIOReturnNotFound);
	test_equal_error(fake_start_driver(&fake, 3, SERVICE), kIOReturnNotFound);
	test_equal_error(fake_stop(&fake, 4711), 0);
	fake_finish(&fake);
}

TEST(a_dropped_candidate_is_forgotten)
{
	struct fake_registry fake;
	struct wire_drop drop = { 1 };

	fake_start(&fake);
	test_equal_error(fake_probe(&fake, 1, test_built("drivers/Mirror.dext"), "MirrorDriver"),
			 0);
	test_equal(wire_send(fake.socket, &wire_drop_layout, 0, &drop, NULL, 0, true), 0);
	test_equal_error(fake_start_driver(&fake, 1, SERVICE), kIOReturnNotFound);
	fake_finish(&fake);
}

TEST(instance_counts_return_to_zero)
{
	struct fake_registry fake;
	struct wire_read_property read = { .id = 0, .key = "Classes" };
	struct wire_value_reply reply;
	struct wire_frame frame = WIRE_FRAME_INIT;
	CFNumberRef number;
	int count = -1;

	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("drivers/Mirror.dext"), "MirrorDriver");
	wire_channel_unref(fake_connect(&fake, SERVICE, 0, NULL));
	fake_expect(&fake, WIRE_RETIRE, 1);
	test_equal_error(fake_stop(&fake, SERVICE), 0);
	test_equal_error(fake_call(&fake, &wire_read_property_layout, &read, -1, &frame), 0);
	test_equal(wire_frame_decode(&frame, &wire_value_reply_layout, &reply), 0);
	number = CFDictionaryGetValue(reply.value, CFSTR("MirrorDriver"));
	test_true(number && CFNumberGetValue(number, kCFNumberIntType, &count));
	test_equal(count, 0);
	number = CFDictionaryGetValue(reply.value, CFSTR("MirrorUserClient"));
	test_true(number && CFNumberGetValue(number, kCFNumberIntType, &count));
	test_equal(count, 0);
	wire_message_clear(&wire_value_reply_layout, &reply);
	wire_frame_fini(&frame);
	fake_finish(&fake);
}

static int count_instances(struct fake_registry *fake, CFStringRef class_name)
{
	struct wire_read_property read = { .id = 0, .key = "Classes" };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_value_reply reply;
	int count = -1;

	test_equal_error(fake_call(fake, &wire_read_property_layout, &read, -1, &frame), 0);
	test_equal(wire_frame_decode(&frame, &wire_value_reply_layout, &reply), 0);
	CFNumberRef number = CFDictionaryGetValue(reply.value, class_name);
	test_true(number && CFNumberGetValue(number, kCFNumberIntType, &count));
	wire_message_clear(&wire_value_reply_layout, &reply);
	wire_frame_fini(&frame);
	return count;
}

/* Its service ended while it was on its way: the order to stop comes before it has begun. */
TEST(a_driver_that_is_stopped_before_it_has_started)
{
	enum { START = 999, ROUNDS = 200 };
	struct fake_registry fake;

	fake_start(&fake);
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		struct wire_start start = { i, SERVICE + i };

		test_equal_error(
			fake_probe(&fake, i, test_built("drivers/Mirror.dext"), "MirrorDriver"), 0);
		test_equal(wire_send(fake.socket, &wire_start_layout, START, &start, NULL, 0, true),
			   0);
		fake.stopping = START;
		test_equal_error(fake_stop(&fake, SERVICE + i), 0);
		while (fake.stopped != i)
			count_instances(&fake, CFSTR("MirrorDriver"));
	}
	test_equal(count_instances(&fake, CFSTR("MirrorDriver")), 0);
	fake_finish(&fake);
}

static int32_t map(struct wire_channel *channel, uint32_t type, struct wire_map_reply *reply,
		   int *ret_fd)
{
	struct wire_map_request request = { type, 1 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;

	test_equal(wire_channel_call(channel, &wire_map_request_layout, &request, NULL, 0,
				     &wire_map_reply_layout, reply, &frame, &status),
		   0);
	*ret_fd = status ? -1 : wire_frame_take_fd(&frame, 0);
	wire_frame_fini(&frame);
	return status;
}

TEST(spec_l01_mirror_shares_both_ways)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	struct wire_map_reply first, second;
	uint64_t crc;
	void *base;
	int fd, again;

	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("drivers/Mirror.dext"), "MirrorDriver");
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	test_equal_error(map(channel, 0, &first, &fd), 0);
	test_equal(first.size, 1024 * 1024);
	test_equal(first.flags, 0);
	test_equal(shm_verify(fd, first.size), 0);
	test_equal(shm_map(fd, first.size, true, &base), 0);
	memcpy(base, "123456789", 9);
	test_equal_error(fake_scalar(channel, 0, (uint64_t[]){ 0, 9 }, 2, &crc, 1), 0);
	test_equal(crc, 0xcbf43926);
	test_equal_error(fake_scalar(channel, 1, (uint64_t[]){ 5, 3, 0xab }, 3, NULL, 0), 0);
	test_equal(memcmp(base,
			  "12345\xab\xab\xab"
			  "9",
			  9),
		   0);
	test_equal_error(map(channel, 0, &second, &again), 0);
	test_equal(first.memory, second.memory);
	close(again);
	test_equal_error(map(channel, 2, &second, &again), kIOReturnUnsupported);
	/* outside the buffer */
	test_equal_error(fake_scalar(channel, 1, (uint64_t[]){ 1024 * 1024, 1, 0 }, 3, NULL, 0),
			 kIOReturnBadArgument);
	test_equal_error(fake_scalar(channel, 1, (uint64_t[]){ UINT64_MAX, 2, 0 }, 3, NULL, 0),
			 kIOReturnBadArgument);
	shm_unmap(base, first.size);
	close(fd);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(spec_l04_the_counter_page_is_read_only_and_runs)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	struct wire_map_reply reply;
	void *base;
	int fd;

	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("drivers/Mirror.dext"), "MirrorDriver");
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	test_equal_error(map(channel, 1, &reply, &fd), 0);
	test_equal(reply.flags, WIRE_MAP_READ_ONLY);
	test_equal(reply.size, 64 * 1024);
	test_true(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	test_equal(shm_map(fd, reply.size, false, &base), 0);
	uint64_t seen = __atomic_load_n((uint64_t *)base, __ATOMIC_ACQUIRE);
	while (__atomic_load_n((uint64_t *)base, __ATOMIC_ACQUIRE) < seen + 3)
		usleep(100);
	shm_unmap(base, reply.size);
	close(fd);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

/* A ProcessMonitor connection with its queue and wake port. */
struct monitor {
	struct wire_channel *channel;
	IODataQueueMemory *queue;
	uint64_t size;
	int wake;
};

static void open_monitor(struct fake_registry *fake, struct monitor *m)
{
	struct wire_inlet_open open = { 1, WIRE_INLET_WAKEUPS };
	struct wire_set_notification_port set = { .type = 0, .inlet = 1 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_map_reply reply;
	int sockets[2], fd;
	int32_t status;

	m->channel = fake_connect(fake, SERVICE, 0, NULL);
	test_equal(fd_socketpair(sockets), 0);
	test_equal(wire_channel_call(m->channel, &wire_inlet_open_layout, &open, &sockets[1], 1,
				     NULL, NULL, &frame, &status),
		   0);
	test_equal_error(status, 0);
	close(sockets[1]);
	m->wake = sockets[0];
	test_equal(wire_channel_call(m->channel, &wire_set_notification_port_layout, &set, NULL, 0,
				     NULL, NULL, &frame, &status),
		   0);
	test_equal_error(status, 0);
	set.type = 1;
	test_equal(wire_channel_call(m->channel, &wire_set_notification_port_layout, &set, NULL, 0,
				     NULL, NULL, &frame, &status),
		   0);
	test_equal_error(status, kIOReturnUnsupported);
	wire_frame_fini(&frame);
	test_equal_error(map(m->channel, 0, &reply, &fd), 0);
	m->size = reply.size;
	test_equal(shm_map(fd, reply.size, true, (void **)&m->queue), 0);
	close(fd);
}

static void close_monitor(struct monitor *m)
{
	shm_unmap(m->queue, m->size);
	close(m->wake);
	wire_channel_unref(m->channel);
}

TEST(monitor_self_test_fills_the_queue_and_wakes_once)
{
	struct fake_registry fake;
	struct monitor m;
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t counts[4];

	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("drivers/ProcessMonitor.dext"), "ProcessMonitor");
	open_monitor(&fake, &m);
	test_equal(m.queue->queueSize, 256 * 1024);
	test_equal_error(fake_scalar(m.channel, 3, (uint64_t[]){ 3 }, 1, NULL, 0), 0);
	test_equal(wire_frame_receive(m.wake, &frame, WIRE_CONTROL_MAX, true), 0);
	test_equal(frame.header.type, WIRE_QUEUE_WAKE);
	test_equal_error(wire_frame_receive(m.wake, &frame, WIRE_CONTROL_MAX, false), -EAGAIN);
	test_equal(m.queue->tail, 3 * 52);
	uint32_t record[12]; /* of the third entry */
	memcpy(record, (uint8_t *)m.queue + DATA_QUEUE_MEMORY_HEADER_SIZE + 2 * 52 + 4, 48);
	test_equal(record[0], 1);
	test_equal(record[1], 100);
	test_equal(record[2], 2);
	test_equal(record[6], 3); /* sequence */
	test_equal_error(fake_scalar(m.channel, 3, (uint64_t[]){ 10000 }, 1, NULL, 0), 0);
	test_equal_error(fake_scalar(m.channel, 2, NULL, 0, counts, 4), 0);
	test_equal(counts[0], 256 * 1024 / 52);
	test_equal(counts[0] + counts[1], 10003);
	test_equal(counts[2], 256 * 1024);
	test_true(counts[3] == 1 || counts[3] == 2);
	wire_frame_fini(&frame);
	close_monitor(&m);
	fake_finish(&fake);
}

TEST(monitor_sees_a_real_process)
{
	struct fake_registry fake;
	struct monitor m;
	struct wire_frame frame = WIRE_FRAME_INIT;
	bool started = false, ended = false;
	pid_t child;
	int hold[2];
	char byte;

	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("drivers/ProcessMonitor.dext"), "ProcessMonitor");
	open_monitor(&fake, &m);
	test_equal_error(fake_scalar(m.channel, 0, (uint64_t[]){ 0 }, 1, NULL, 0),
			 kIOReturnBadArgument);
	test_equal_error(fake_scalar(m.channel, 0, (uint64_t[]){ 7 }, 1, NULL, 0), 0);
	test_equal(fd_socketpair(hold), 0);
	child = fork();
	if (!child) {
		close(hold[0]);
		_exit(read(hold[1], &byte, 1) < 0);
	}
	close(hold[1]);
	uint8_t *entries = (uint8_t *)m.queue + DATA_QUEUE_MEMORY_HEADER_SIZE;
	while (!ended) {
		uint32_t head = m.queue->head, record[12];

		if (head == __atomic_load_n(&m.queue->tail, __ATOMIC_ACQUIRE)) {
			test_equal(wire_frame_receive(m.wake, &frame, WIRE_CONTROL_MAX, true), 0);
			continue;
		}
		if (head + 52 > 256 * 1024)
			head = 0;
		memcpy(record, entries + head + 4, sizeof(record));
		__atomic_store_n(&m.queue->head, head + 52, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (record[2] != (uint32_t)child)
			continue;
		if (record[1] == 1 && !started) {
			started = true;
			close(hold[0]); /* now it may end */
			test_equal(waitpid(child, NULL, 0), child);
		}
		ended |= record[1] == 3;
	}
	test_true(started);
	test_equal_error(fake_scalar(m.channel, 1, NULL, 0, NULL, 0), 0);
	wire_frame_fini(&frame);
	close_monitor(&m);
	fake_finish(&fake);
}

TEST_MAIN
