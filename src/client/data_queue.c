// SPDX-License-Identifier: MIT
/*
 * IODataQueue*. The peer can write anything at any time: head, tail and sizes
 * are read once, checked against the size that we know privately, and only the
 * local copies are used. The fences on both sides guarantee that either the
 * consumer sees a new entry or the producer sees that a wake-up is needed.
 */
#include <pthread.h>
#include <string.h>

#include <IOKit/IODataQueueClient.h>
#include <mach/mach.h>

#include "base/map.h"
#include "base/scope.h"
#include "client/inlet.h"
#include "client/memory.h"
#include "client/message.h"
#include "wire/frame.h"

enum { ENTRY_HEADER = DATA_QUEUE_ENTRY_HEADER_SIZE };

/* Where wake-ups go that this process sends: never read from shared memory. */
static pthread_mutex_t wake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map wake_ports = MAP_INIT; /* queue -> (void *)port name */

static uint8_t *entries_of(IODataQueueMemory *queue)
{
	return (uint8_t *)queue + DATA_QUEUE_MEMORY_HEADER_SIZE;
}

static uint32_t queue_size_of(IODataQueueMemory *queue)
{
	uint64_t total;
	uint32_t size;

	if (client_memory_find_queue(queue, &size, &total))
		return size;
	return __atomic_load_n(&queue->queueSize, __ATOMIC_RELAXED);
}

/* --- consumer ------------------------------------------------------------------------ */

/* The size of the entry at AT, if there is room for its header and for it. */
static bool entry_at(IODataQueueMemory *queue, uint32_t queue_size, uint32_t at, uint32_t *ret_size)
{
	uint32_t size;

	if (queue_size < ENTRY_HEADER || at > queue_size - ENTRY_HEADER)
		return false;
	memcpy(&size, entries_of(queue) + at, sizeof(size));
	/* Whatever the compiler thinks, the shared word is not looked at again. */
	__asm__ volatile("" : "+r"(size));
	*ret_size = size;
	return size <= queue_size - ENTRY_HEADER - at;
}

/* Offset and size of the oldest entry. kIOReturnUnderrun: empty; kIOReturnError: damaged. */
static IOReturn locate(IODataQueueMemory *queue, uint32_t *ret_at, uint32_t *ret_size,
		       uint32_t *ret_tail)
{
	uint32_t queue_size = queue_size_of(queue);
	uint32_t head = __atomic_load_n(&queue->head, __ATOMIC_RELAXED);
	uint32_t tail = __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE);

	if (head == tail)
		return kIOReturnUnderrun;
	if (head > queue_size)
		return kIOReturnError;
	*ret_tail = tail;
	*ret_at = head;
	if (entry_at(queue, queue_size, head, ret_size))
		return kIOReturnSuccess;
	*ret_at = 0;
	return entry_at(queue, queue_size, 0, ret_size) ? kIOReturnSuccess : kIOReturnError;
}

Boolean IODataQueueDataAvailable(IODataQueueMemory *dataQueue)
{
	return dataQueue && __atomic_load_n(&dataQueue->head, __ATOMIC_RELAXED) !=
				    __atomic_load_n(&dataQueue->tail, __ATOMIC_ACQUIRE);
}

IODataQueueEntry *IODataQueuePeek(IODataQueueMemory *dataQueue)
{
	uint32_t at, size, tail;

	if (!dataQueue || locate(dataQueue, &at, &size, &tail))
		return NULL;
	return (IODataQueueEntry *)(entries_of(dataQueue) + at);
}

IOReturn IODataQueueDequeue(IODataQueueMemory *dataQueue, void *data, uint32_t *dataSize)
{
	uint32_t at, size, tail;
	IOReturn status;

	if (!dataQueue || (data && !dataSize))
		return kIOReturnBadArgument;
	status = locate(dataQueue, &at, &size, &tail);
	if (status)
		return status;
	if (data) {
		if (size > *dataSize)
			return kIOReturnNoSpace;
		memcpy(data, entries_of(dataQueue) + at + ENTRY_HEADER, size);
		*dataSize = size;
	}
	at += ENTRY_HEADER + size;
	__atomic_store_n(&dataQueue->head, at, __ATOMIC_RELEASE);
	/* Empty: whoever looks at the tail next must see what the producer stored before it looked at our
	 * head. */
	if (at == tail)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return kIOReturnSuccess;
}

IOReturn IODataQueueWaitForAvailableData(IODataQueueMemory *dataQueue, mach_port_t notificationPort)
{
	struct {
		mach_msg_header_t header;
		mach_msg_trailer_t trailer;
	} message;

	if (!dataQueue || notificationPort == MACH_PORT_NULL)
		return kIOReturnBadArgument;
	return mach_msg(&message.header, MACH_RCV_MSG, 0, sizeof(message), notificationPort,
			MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

mach_port_t IODataQueueAllocateNotificationPort(void)
{
	mach_port_limits_t limits = { .mpl_qlimit = 1 };
	mach_port_t port;

	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port))
		return MACH_PORT_NULL;
	if (mach_port_set_attributes(mach_task_self(), port, MACH_PORT_LIMITS_INFO,
				     (mach_port_info_t)&limits, MACH_PORT_LIMITS_INFO_COUNT)) {
		mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
		return MACH_PORT_NULL;
	}
	return port;
}

/* A driver's queue became non-empty: any number of wake-ups is one message. */
err_t client_data_queue_receive(void *context, int socket, struct port_message **ret_message)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	bool awake = false;
	err_t err = 0;

	for (int n = 0; !err && n < CLIENT_INLET_FRAMES; n++) {
		err = wire_frame_receive(socket, &frame, WIRE_INLINE_MAX, false);
		if (err)
			break;
		awake |= frame.header.type == WIRE_QUEUE_WAKE;
		wire_frame_clear(&frame);
	}
	wire_frame_fini(&frame);
	if (awake)
		return client_message_new_wake_up(ret_message);
	return err == -EBADMSG ? -EPIPE : err ? err : -EAGAIN;
}

/* --- producer --------------------------------------------------------------------------- */

/* The offset for an entry of SIZE bytes in all. */
static IOReturn reserve(uint32_t queue_size, uint32_t head, uint32_t tail, uint64_t size,
			uint32_t *ret_at)
{
	if (head > queue_size || tail > queue_size)
		return kIOReturnUnderrun;
	if (tail >= head) {
		if (size <= queue_size - tail) {
			*ret_at = tail;
			return kIOReturnSuccess;
		}
		*ret_at = 0;
		return head > size ? kIOReturnSuccess : kIOReturnOverrun;
	}
	*ret_at = tail;
	return head - tail > size ? kIOReturnSuccess : kIOReturnOverrun;
}

static IOReturn wake_consumer(IODataQueueMemory *queue)
{
	mach_msg_header_t header = { .msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				     .msgh_size = sizeof(header) };
	mach_port_t port;

	pthread_mutex_lock(&wake_lock);
	port = (mach_port_t)(uintptr_t)map_find(&wake_ports, (uintptr_t)queue);
	pthread_mutex_unlock(&wake_lock);
	if (!port)
		return kIOReturnSuccess;
	header.msgh_remote_port = port;
	return mach_msg(&header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(header), 0,
			MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

IOReturn IODataQueueEnqueue(IODataQueueMemory *dataQueue, void *data, uint32_t dataSize)
{
	uint64_t size = (uint64_t)ENTRY_HEADER + dataSize;
	uint32_t queue_size, head, tail, at = 0, head_after;
	IOReturn status;

	if (!dataQueue || (dataSize && !data))
		return kIOReturnBadArgument;
	queue_size = queue_size_of(dataQueue);
	tail = __atomic_load_n(&dataQueue->tail, __ATOMIC_RELAXED);
	head = __atomic_load_n(&dataQueue->head, __ATOMIC_ACQUIRE);
	status = reserve(queue_size, head, tail, size, &at);
	if (status) {
		/* Full: the consumer may have missed that there is something. */
		if (status == kIOReturnOverrun)
			wake_consumer(dataQueue);
		return status;
	}
	/* A reader that looks at the old tail sees a size that cannot fit there, and wraps. */
	if (at != tail && queue_size - tail >= ENTRY_HEADER)
		memcpy(entries_of(dataQueue) + tail, &dataSize, ENTRY_HEADER);
	memcpy(entries_of(dataQueue) + at, &dataSize, ENTRY_HEADER);
	if (dataSize)
		memcpy(entries_of(dataQueue) + at + ENTRY_HEADER, data, dataSize);
	__atomic_store_n(&dataQueue->tail, (uint32_t)(at + size), __ATOMIC_RELEASE);
	head_after = head;
	if (tail != head) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		head_after = __atomic_load_n(&dataQueue->head, __ATOMIC_RELAXED);
	}
	return tail == head_after ? wake_consumer(dataQueue) : kIOReturnSuccess;
}

/* Kept apart from the shared appendix, which the peer could change. */
IOReturn IODataQueueSetNotificationPort(IODataQueueMemory *dataQueue, mach_port_t notifyPort)
{
	err_t err = 0;

	if (!dataQueue)
		return kIOReturnBadArgument;
	scope_lock(&wake_lock);
	if (notifyPort)
		err = map_set(&wake_ports, (uintptr_t)dataQueue, (void *)(uintptr_t)notifyPort);
	else
		map_remove(&wake_ports, (uintptr_t)dataQueue);
	if (err)
		return kIOReturnNoMemory;
	return kIOReturnSuccess;
}

void client_data_queue_forget(const void *base, size_t size)
{
	size_t cursor = 0;
	uint64_t queue;

	scope_lock(&wake_lock);
	while (map_next(&wake_ports, &cursor, &queue))
		if (queue - (uintptr_t)base < size)
			map_remove(&wake_ports, queue);
}

void client_data_queue_lock(void)
{
	pthread_mutex_lock(&wake_lock);
}

void client_data_queue_unlock(void)
{
	pthread_mutex_unlock(&wake_lock);
}
