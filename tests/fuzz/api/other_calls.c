// SPDX-License-Identifier: MIT
/* Data queues in memory that says anything, and their ports. */
#include <string.h>

#include <IOKit/IODataQueueClient.h>

#include "model.h"

static void queue(struct fuzz *f)
{
	enum { SIZE = 256 };
	_Alignas(8) static _Thread_local uint8_t memory[12 + SIZE + 28];
	IODataQueueMemory *q = (IODataQueueMemory *)memory;
	uint8_t data[512] = { 1 };
	uint32_t n = fuzz_below(f, sizeof(data));

	memset(memory, 0, sizeof(memory));
	q->queueSize = SIZE;
	q->head = fuzz_one_in(f, 2) ? fuzz_below(f, SIZE + 2) : fuzz_count(f);
	q->tail = fuzz_one_in(f, 2) ? fuzz_below(f, SIZE + 2) : fuzz_count(f);
	for (int i = 0; i < SIZE; i += 4)
		if (fuzz_one_in(f, 2))
			memcpy((uint8_t *)q->queue + i, &(uint32_t){ fuzz_count(f) }, 4);
	fuzz_log(f, "data queue, head %u, tail %u", q->head, q->tail);
	IODataQueueEntry *entry = IODataQueuePeek(q);
	if (entry) {
		uint32_t size;

		memcpy(&size, entry, 4);
		fuzz_require(f, (uint8_t *)entry >= (uint8_t *)q->queue &&
					(uint8_t *)entry + 4 + (uint64_t)size <=
						(uint8_t *)q->queue + SIZE);
	}
	fuzz_require(f, IODataQueueDataAvailable(q) == (q->head != q->tail));
	uint32_t room = n;
	fuzz_codes(f, IODataQueueDequeue(q, fuzz_one_in(f, 4) ? NULL : data, &n), OK,
		   kIOReturnUnderrun, kIOReturnError, kIOReturnNoSpace);
	fuzz_require(f, n <= room);
	fuzz_codes(f, IODataQueueEnqueue(q, data, fuzz_below(f, 300)), OK, kIOReturnOverrun,
		   kIOReturnUnderrun);
}

static void null_queue(struct fuzz *f)
{
	uint32_t n = 4;
	char data[4];

	fuzz_log(f, "data queue NULL");
	fuzz_codes(f, IODataQueueDequeue(NULL, data, &n), BAD);
	fuzz_codes(f, IODataQueueSetNotificationPort(NULL, 1), BAD);
	fuzz_codes(f, IODataQueueWaitForAvailableData(NULL, 0), BAD);
	fuzz_require(f, !IODataQueuePeek(NULL) && !IODataQueueDataAvailable(NULL));
}

static void queue_port(struct fuzz *f)
{
	fuzz_log(f, "IODataQueueAllocateNotificationPort");
	mach_port_t port = IODataQueueAllocateNotificationPort();

	fuzz_require(f, port != 0);
	model_add(f, port, MODEL_RECEIVE, 0);
}

const struct fuzz_call fuzz_other_calls[] = {
	{ "queue", queue },
	{ "null_queue", null_queue },
	{ "queue_port", queue_port },
	{ NULL, NULL },
};
