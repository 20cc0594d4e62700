// SPDX-License-Identifier: MIT
/*
 * The producer's end of a data queue.
 *
 * Who writes what in the shared memory: the producer writes queueSize (once),
 * tail, and entries between tail and head; the consumer writes head. Both may
 * read everything; nothing read here is trusted.
 *
 * Fences: the producer stores tail (release), fences and loads head; the
 * consumer (IODataQueueClient) stores head (release), fences and loads tail.
 * So either the consumer's next look sees the entry, or the producer sees that
 * the queue was empty for the consumer and wakes it.
 */
#include <IOKit/IOSharedDataQueue.h>

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "host/host_internal.h"

struct IOSharedDataQueue {
	struct ref ref;
	IOMemoryDescriptor *memory;
	IODataQueueMemory *shared;
	uint8_t *entries; /* of the shared memory */
	uint32_t size;	  /* bytes for entries: never read back from the shared memory */
	uint32_t tail;	  /* ours; the shared one is for the consumer */

	pthread_mutex_t lock;
	IOWakePort *port; /* guarded by lock */
};

_Static_assert(DATA_QUEUE_MEMORY_HEADER_SIZE == 12, "spec 7.1");
_Static_assert(DATA_QUEUE_ENTRY_HEADER_SIZE == 4, "spec 7.1");
_Static_assert(DATA_QUEUE_MEMORY_APPENDIX_SIZE == 28, "spec 7.1");

/* APPENDIX: bytes behind the entries. */
static IOSharedDataQueue *create(uint64_t size, size_t appendix)
{
	const uint64_t extra = DATA_QUEUE_MEMORY_HEADER_SIZE + appendix;
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
	queue->shared = IOMemoryDescriptorGetBytes(queue->memory);
	queue->entries = (uint8_t *)queue->shared + DATA_QUEUE_MEMORY_HEADER_SIZE;
	queue->size = (uint32_t)size;
	queue->shared->queueSize = queue->size;
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
		ref_get(&queue->ref);
	return queue;
}

void IOSharedDataQueueRelease(IOSharedDataQueue *queue)
{
	if (!queue || !ref_put(&queue->ref))
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
	return queue->size;
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

/* Where an entry of NEED bytes goes and where the tail moves; false: no room. */
static bool place(const IOSharedDataQueue *queue, uint32_t head, uint64_t need, uint32_t *ret_at,
		  uint32_t *ret_tail)
{
	uint32_t tail = queue->tail;

	if (tail >= head) {
		if (need <= queue->size - tail) {
			*ret_at = tail;
			*ret_tail = tail + (uint32_t)need;
			return true;
		}
		if (head > need) {
			*ret_at = 0;
			*ret_tail = (uint32_t)need;
			return true;
		}
		return false;
	}
	if (head - tail <= need)
		return false;
	*ret_at = tail;
	*ret_tail = tail + (uint32_t)need;
	return true;
}

bool IOSharedDataQueueEnqueue(IOSharedDataQueue *queue, const void *data, uint32_t size)
{
	const uint64_t need = (uint64_t)size + DATA_QUEUE_ENTRY_HEADER_SIZE;
	uint32_t old_tail = queue->tail, new_tail, at;
	/* Acquire: the consumer has finished reading what we are going to overwrite. */
	uint32_t head = __atomic_load_n(&queue->shared->head, __ATOMIC_ACQUIRE);

	if ((size && !data) || head > queue->size || !place(queue, head, need, &at, &new_tail))
		return false;
	/* A reader that looks at the old tail finds a size that cannot fit, and wraps. */
	if (at != old_tail && queue->size - old_tail >= DATA_QUEUE_ENTRY_HEADER_SIZE)
		memcpy(queue->entries + old_tail, &size, sizeof(size));
	memcpy(queue->entries + at, &size, sizeof(size));
	if (size)
		memcpy(queue->entries + at + DATA_QUEUE_ENTRY_HEADER_SIZE, data, size);
	queue->tail = new_tail;
	/* Release: pairs with the consumer's acquire of tail. */
	__atomic_store_n(&queue->shared->tail, new_tail, __ATOMIC_RELEASE);
	if (old_tail != head) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		head = __atomic_load_n(&queue->shared->head, __ATOMIC_RELAXED);
	}
	if (old_tail == head)
		wake_consumer(queue);
	return true;
}

/* --- the driver as consumer: a program, or the driver itself, is the producer ------------------ */

/* The size of the entry at AT, if there is room for its header and for it. */
static bool entry_at(const IOSharedDataQueue *queue, uint32_t at, uint32_t *ret_size)
{
	uint32_t size;

	if (queue->size < DATA_QUEUE_ENTRY_HEADER_SIZE ||
	    at > queue->size - DATA_QUEUE_ENTRY_HEADER_SIZE)
		return false;
	memcpy(&size, queue->entries + at, sizeof(size));
	/* Whatever the compiler thinks, the shared word is not looked at again. */
	__asm__ volatile("" : "+r"(size));
	*ret_size = size;
	return size <= queue->size - DATA_QUEUE_ENTRY_HEADER_SIZE - at;
}

/* The oldest entry and where the producer is; false: empty or damaged. */
static bool find_entry(IOSharedDataQueue *queue, uint32_t *ret_at, uint32_t *ret_size,
		       uint32_t *ret_tail)
{
	uint32_t head = __atomic_load_n(&queue->shared->head, __ATOMIC_RELAXED);
	/* Acquire: pairs with the producer's release. */
	uint32_t tail = __atomic_load_n(&queue->shared->tail, __ATOMIC_ACQUIRE);

	if (head == tail || head > queue->size)
		return false;
	*ret_tail = tail;
	*ret_at = head;
	if (entry_at(queue, head, ret_size))
		return true;
	*ret_at = 0;
	return entry_at(queue, 0, ret_size);
}

bool IOSharedDataQueueDequeue(IOSharedDataQueue *queue, void *data, uint32_t *size)
{
	uint32_t at, found, tail;

	if (!find_entry(queue, &at, &found, &tail))
		return false;
	if (data) {
		if (!size || found > *size)
			return false;
		memcpy(data, queue->entries + at + DATA_QUEUE_ENTRY_HEADER_SIZE, found);
		*size = found;
	}
	at += DATA_QUEUE_ENTRY_HEADER_SIZE + found;
	__atomic_store_n(&queue->shared->head, at, __ATOMIC_RELEASE);
	if (at == tail)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return true;
}

const void *IOSharedDataQueuePeek(IOSharedDataQueue *queue, uint32_t *size)
{
	uint32_t at, found, tail;

	if (!find_entry(queue, &at, &found, &tail))
		return NULL;
	if (size)
		*size = found;
	return queue->entries + at + DATA_QUEUE_ENTRY_HEADER_SIZE;
}
