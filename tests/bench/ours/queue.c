// SPDX-License-Identifier: MIT
/*
 * A driver in another process fills a data queue, this empties it: looking for
 * the next record all the time, as the peers do, or asleep until it is notified.
 */
#include "ours/ours.h"

#include <string.h>

#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/data_queue.h>

#include "contestant.h"
#include "drivers/BenchStream.dext/stream.h"
#include "flow.h"
#include "ours/stream.h"
#include "timing.h"

static io_connect_t connection;
static mach_port_t port; /* 0: nobody is notified */
static IODataQueueMemory *queue;
static uint64_t record_bytes;

static bool wait_for_data(unsigned *steps)
{
	if (!port) {
		bench_relax(steps);
		return true;
	}
	return IODataQueueDataAvailable(queue) ||
	       IODataQueueWaitForAvailableData(queue, port) == kIOReturnSuccess;
}

/* Take N records; they must be those that were sent, in order. */
static bool receive(uint64_t *word, uint64_t n)
{
	static union {
		uint64_t word;
		uint8_t bytes[FLOW_BYTES_MAX];
	} record;

	for (uint64_t i = 0; i < n; i++) {
		uint32_t size = sizeof(record);
		unsigned steps = 0;
		IOReturn kr;

		while ((kr = IODataQueueDequeue(queue, &record, &size)) == kIOReturnUnderrun)
			if (!wait_for_data(&steps))
				return false;
		if (kr || (i && record.word != *word + 1)) {
			bench_complain("queue: record %llu is wrong (0x%x)", (unsigned long long)i,
				       kr);
			return false;
		}
		*word = record.word;
	}
	return true;
}

/* The same, many at a time. */
static bool receive_many(uint64_t *word, uint64_t n)
{
	static uint64_t buffer[STREAM_MANY * FLOW_BYTES_MAX / sizeof(uint64_t)];
	struct portico_data_queue_record records[STREAM_MANY];
	uint32_t count;

	for (uint64_t i = 0; i < n; i += count) {
		unsigned steps = 0;
		IOReturn kr;

		do
			count = n - i < STREAM_MANY ? (uint32_t)(n - i) : STREAM_MANY;
		while ((kr = portico_data_queue_dequeue(queue, buffer, sizeof(buffer), records,
							&count)) == kIOReturnUnderrun &&
		       wait_for_data(&steps));
		for (uint32_t k = 0; !kr && k < count; k++) {
			uint64_t found = *(uint64_t *)records[k].data;

			if (i + k && found != *word + 1)
				kr = kIOReturnError;
			*word = found;
		}
		if (kr) {
			bench_complain("queue: record %llu is wrong (0x%x)", (unsigned long long)i,
				       kr);
			return false;
		}
	}
	return true;
}

static uint64_t run_many(uint64_t n)
{
	uint64_t start = bench_now_ns(), last;

	return stream_send(connection, STREAM_RECORDS, n, record_bytes, false) &&
			       receive_many(&last, n)
		     ? bench_now_ns() - start
		     : 0;
}

static uint64_t run(uint64_t n)
{
	uint64_t start = bench_now_ns(), last;

	return stream_send(connection, STREAM_RECORD, n, record_bytes, false) && receive(&last, n)
		     ? bench_now_ns() - start
		     : 0;
}

static size_t run_cold(uint64_t n, double *values)
{
	return stream_send(connection, STREAM_RECORD, n, record_bytes, true)
		     ? flow_receive_cold(receive, n, values)
		     : 0;
}

static bool open_queue(uint64_t bytes, bool notified)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	kern_return_t kr = 0;

	record_bytes = bytes;
	connection = stream_open();
	if (!connection)
		return false;
	if (notified) {
		port = IODataQueueAllocateNotificationPort();
		kr = IOConnectSetNotificationPort(connection, 0, port, 0);
	}
	if (!kr)
		kr = IOConnectMapMemory64(connection, 0, mach_task_self(), &address, &size,
					  kIOMapAnywhere);
	if (kr)
		bench_complain("queue: cannot be mapped: 0x%x", kr);
	queue = (IODataQueueMemory *)(uintptr_t)address;
	return !kr;
}

int ours_queue(uint64_t bytes)
{
	return open_queue(bytes, false) ? bench_serve(run) : 1;
}

int ours_queue_many(uint64_t bytes)
{
	return open_queue(bytes, false) ? bench_serve(run_many) : 1;
}

int ours_queue_notified(uint64_t bytes)
{
	return open_queue(bytes, true) ? bench_serve(run) : 1;
}

int ours_queue_cold(uint64_t bytes)
{
	return open_queue(bytes, true) ? bench_serve_values(run_cold) : 1;
}
