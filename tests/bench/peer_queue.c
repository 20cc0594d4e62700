// SPDX-License-Identifier: MIT
/* A driver in another process fills a data queue with records of 64 bytes; this empties it. */
#include "bench.h"

#include <pthread.h>
#include <string.h>

#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "service.h"

enum { PRODUCE = 0, RECORD_BYTES = 64 };

static io_connect_t connection;
static mach_port_t port;
static IODataQueueMemory *queue;

static void *produce(void *context)
{
	uint32_t none = 0;
	kern_return_t kr = IOConnectCallScalarMethod(connection, PRODUCE, context, 1, NULL, &none);

	return (void *)(uintptr_t)(uint32_t)kr;
}

/* Take N records; they must be those that were sent, in order. */
static bool consume(uint64_t n)
{
	uint64_t record[RECORD_BYTES / sizeof(uint64_t)];

	for (uint64_t i = 0; i < n; i++) {
		uint32_t size = sizeof(record);

		while (!IODataQueueDataAvailable(queue)) {
			IOReturn kr = IODataQueueWaitForAvailableData(queue, port);

			if (kr) {
				bench_complain("queue: waiting failed: 0x%x", kr);
				return false;
			}
		}
		IOReturn kr = IODataQueueDequeue(queue, record, &size);
		if (kr || size != sizeof(record) || record[0] != i) {
			bench_complain("queue: record %llu is wrong (0x%x)", (unsigned long long)i,
				       kr);
			return false;
		}
	}
	return true;
}

static uint64_t run(uint64_t n)
{
	uint64_t start = bench_now_ns();
	pthread_t producer;
	void *kr;

	if (pthread_create(&producer, NULL, produce, &n))
		return 0;
	bool ok = consume(n);
	uint64_t ns = bench_now_ns() - start;
	pthread_join(producer, &kr);
	if (kr)
		bench_complain("queue: the driver returned 0x%lx", (unsigned long)(uintptr_t)kr);
	return ok && !kr ? ns : 0;
}

int bench_peer_queue(void)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;

	connection = bench_service_open("BenchStream");
	if (!connection)
		return 1;
	port = IODataQueueAllocateNotificationPort();
	kern_return_t kr = IOConnectSetNotificationPort(connection, 0, port, 0);
	if (!kr)
		kr = IOConnectMapMemory64(connection, 0, mach_task_self(), &address, &size,
					  kIOMapAnywhere);
	if (kr) {
		bench_complain("queue: cannot be mapped: 0x%x", kr);
		return 1;
	}
	queue = (IODataQueueMemory *)(uintptr_t)address;
	return bench_peer_serve(run);
}
