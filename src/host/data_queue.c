// SPDX-License-Identifier: MIT
/* The driver's end of a data queue; the queue itself is in wire/data_queue.c. */
#include <IOKit/IOSharedDataQueue.h>
#include <portico/shared_data_queue.h>

#include <stdlib.h>

#include "base/scope.h"
#include "host/host_internal.h"
#include "wire/data_queue.h"

struct IOSharedDataQueue {
	IOMemoryDescriptor *memory;
	struct wire_queue_end producer; /* its index is ours: the shared one is for the consumer */
	struct ref ref;
	struct wire_queue_end consumer; /* if the driver is that */

	pthread_mutex_t lock;
	IOWakePort *port; /* guarded by lock */
};

/* APPENDIX: bytes behind the entries. */
static IOSharedDataQueue *create(uint64_t size, size_t appendix)
{
	const uint64_t extra = DATA_QUEUE_MEMORY_HEADER_SIZE + appendix;
	IODataQueueMemory *shared;
	IOSharedDataQueue *queue;

	if (!size || size > UINT32_MAX - extra)
		return NULL;
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return NULL;
	queue->memory = IOMemoryDescriptorCreate(size + extra, 0);
	if (!queue->memory) {
		free(queue);
		return NULL;
	}
	ref_init(&queue->ref);
	pthread_mutex_init(&queue->lock, NULL);
	shared = IOMemoryDescriptorGetBytes(queue->memory);
	shared->queueSize = (uint32_t)size;
	queue->producer = (struct wire_queue_end){ .memory = shared, .size = (uint32_t)size };
	queue->consumer = queue->producer;
	return queue;
}

/* Bytes for COUNT entries and one more, so that they fit wherever the queue starts. Too many: more than
 * any queue can have. */
static uint64_t size_of_entries(uint32_t count, uint32_t entry_size)
{
	uint64_t entry = (uint64_t)entry_size + DATA_QUEUE_ENTRY_HEADER_SIZE, size;

	if (__builtin_mul_overflow((uint64_t)count + 1, entry, &size))
		return UINT64_MAX;
	return size;
}

IOSharedDataQueue *IOSharedDataQueueCreateWithCapacity(uint32_t size)
{
	return create(size, DATA_QUEUE_MEMORY_APPENDIX_SIZE);
}

IOSharedDataQueue *IOSharedDataQueueCreateWithEntries(uint32_t count, uint32_t entrySize)
{
	return create(size_of_entries(count, entrySize), DATA_QUEUE_MEMORY_APPENDIX_SIZE);
}

IODataQueue *IODataQueueCreateWithCapacity(uint32_t size)
{
	return create(size, 0);
}

IODataQueue *IODataQueueCreateWithEntries(uint32_t count, uint32_t entrySize)
{
	return create(size_of_entries(count, entrySize), 0);
}

IOSharedDataQueue *IOSharedDataQueueRetain(IOSharedDataQueue *queue)
{
	if (queue)
		host_reference_get(&queue->ref, "IOSharedDataQueue", HOST_CALLER);
	return queue;
}

void IOSharedDataQueueRelease(IOSharedDataQueue *queue)
{
	if (!queue || !host_reference_put(&queue->ref, "IOSharedDataQueue", HOST_CALLER))
		return;
	IOWakePortRelease(queue->port);
	IOMemoryDescriptorRelease(queue->memory);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

IOMemoryDescriptor *IOSharedDataQueueCopyMemoryDescriptor(IOSharedDataQueue *queue)
{
	return IOMemoryDescriptorRetain(queue->memory);
}

uint32_t IOSharedDataQueueGetQueueSize(const IOSharedDataQueue *queue)
{
	return queue->producer.size;
}

void IOSharedDataQueueSetNotificationPort(IOSharedDataQueue *queue, IOWakePort *port)
{
	IOWakePort *old;

	IOWakePortRetain(port);
	pthread_mutex_lock(&queue->lock);
	old = queue->port;
	queue->port = port;
	pthread_mutex_unlock(&queue->lock);
	IOWakePortRelease(old);
}

static void wake_consumer(IOSharedDataQueue *queue)
{
	scope_lock(&queue->lock);
	if (queue->port)
		IOUserClientSendNotification(queue->port);
}

bool IOSharedDataQueueEnqueue(IOSharedDataQueue *queue, const void *data, uint32_t size)
{
	bool notify = false;

	if ((size && !data) || wire_queue_put(&queue->producer, data, size, &notify))
		return false;
	if (notify)
		wake_consumer(queue);
	return true;
}

uint32_t portico_shared_data_queue_enqueue(IOSharedDataQueue *queue,
					   const struct portico_data_queue_record *records,
					   uint32_t count)
{
	uint32_t done = 0, put;

	for (; done < count; done += put) {
		bool notify = false;

		if (wire_queue_put_some(&queue->producer, records + done, count - done, &put,
					&notify))
			break;
		if (notify)
			wake_consumer(queue);
	}
	return done;
}

/* --- the driver as consumer: a program, or the driver itself, is the producer ------------------ */

bool IOSharedDataQueueDequeue(IOSharedDataQueue *queue, void *data, uint32_t *size)
{
	if (data && !size)
		return false;
	wire_queue_sync_consumer(&queue->consumer);
	return !wire_queue_take(&queue->consumer, data, size);
}

uint32_t portico_shared_data_queue_dequeue(IOSharedDataQueue *queue, void *buffer, size_t size,
					   struct portico_data_queue_record *records,
					   uint32_t count)
{
	wire_queue_sync_consumer(&queue->consumer);
	wire_queue_take_many(&queue->consumer, buffer, size, records, &count);
	return count;
}

const void *IOSharedDataQueuePeek(IOSharedDataQueue *queue, uint32_t *size)
{
	uint32_t at, found;

	wire_queue_sync_consumer(&queue->consumer);
	if (wire_queue_peek(&queue->consumer, &at, &found))
		return NULL;
	if (size)
		*size = found;
	return wire_queue_entry(&queue->consumer, at)->data;
}
