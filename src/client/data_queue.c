// SPDX-License-Identifier: MIT
/*
 * IODataQueue*. The peer can write anything at any time: head, tail and sizes
 * are read once, checked against the size that we know privately, and only the
 * local copies are used. The fences on both sides guarantee that either the
 * consumer sees a new entry or the producer sees that a wake-up is needed.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <IOKit/IODataQueueClientPrivate.h>
#include <mach/mach.h>

#include "base/map.h"
#include "base/scope.h"
#include "client/inlet.h"
#include "client/memory.h"
#include "client/message.h"
#include "wire/frame.h"
#include "wire/async.h"

enum { ENTRY_HEADER = DATA_QUEUE_ENTRY_HEADER_SIZE };

/* Where wake-ups go that this process sends: never read from shared memory. */
static pthread_mutex_t wake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map wake_ports = MAP_INIT; /* queue -> (void *)port name */

static uint8_t *entries_of(IODataQueueMemory *queue)
{
	return (uint8_t *)queue + DATA_QUEUE_MEMORY_HEADER_SIZE;
}

/* GIVEN: what the caller knows, 0 for nothing. */
static uint32_t queue_size_of(IODataQueueMemory *queue, uint64_t given)
{
	uint64_t total, room = UINT32_MAX;
	uint32_t size;

	if (client_memory_find_queue(queue, &size, &total))
		room = total < DATA_QUEUE_MEMORY_HEADER_SIZE
			     ? 0
			     : total - DATA_QUEUE_MEMORY_HEADER_SIZE;
	else
		size = __atomic_load_n(&queue->queueSize, __ATOMIC_RELAXED);
	if (!given)
		return size;
	if (given > room)
		given = room;
	return given < UINT32_MAX ? (uint32_t)given : UINT32_MAX;
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
static IOReturn locate(IODataQueueMemory *queue, uint32_t queue_size, uint32_t *ret_at,
		       uint32_t *ret_size, uint32_t *ret_tail)
{
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

IODataQueueEntry *_IODataQueuePeek(IODataQueueMemory *dataQueue, uint64_t queueSize,
				   size_t *entrySize)
{
	uint32_t at, size, tail;

	if (!dataQueue || locate(dataQueue, queue_size_of(dataQueue, queueSize), &at, &size, &tail))
		return NULL;
	if (entrySize)
		*entrySize = size;
	return (IODataQueueEntry *)(entries_of(dataQueue) + at);
}

IODataQueueEntry *IODataQueuePeek(IODataQueueMemory *dataQueue)
{
	return _IODataQueuePeek(dataQueue, 0, NULL);
}

IOReturn _IODataQueueDequeue(IODataQueueMemory *dataQueue, uint64_t queueSize, void *data,
			     uint32_t *dataSize)
{
	uint32_t at, size, tail;
	IOReturn status;

	if (!dataQueue || (data && !dataSize))
		return kIOReturnBadArgument;
	status = locate(dataQueue, queue_size_of(dataQueue, queueSize), &at, &size, &tail);
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

IOReturn IODataQueueDequeue(IODataQueueMemory *dataQueue, void *data, uint32_t *dataSize)
{
	return _IODataQueueDequeue(dataQueue, 0, data, dataSize);
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

/* One that came before a message of the driver's own keeps its place. */
static void send_wake_up(struct port *port)
{
	struct port_message *message;

	if (!client_message_new_wake_up(&message))
		port_send(port, message);
}

static err_t receive_own(struct wire_frame *frame, struct port_message **ret_message)
{
	struct wire_port_message own;
	err_t err = wire_frame_decode(frame, &wire_port_message_layout, &own);

	if (!err)
		err = client_message_new_plain((int32_t)own.id, own.data.data, own.data.size,
					       ret_message);
	return err;
}

/* A driver's queue became non-empty: any number of wake-ups is one message. Messages of the driver's
 * own are as many as they are. */
err_t client_data_queue_receive(void *context, int socket, struct port_message **ret_message)
{
	struct client_inlet *inlet = context;
	struct wire_frame frame = WIRE_FRAME_INIT;
	bool awake = false, own = false;
	err_t err = 0;

	for (int n = 0; !err && !own && n < CLIENT_INLET_FRAMES; n++) {
		err = wire_frame_receive(socket, &frame, WIRE_INLINE_MAX, false);
		if (err)
			break;
		awake |= frame.header.type == WIRE_QUEUE_WAKE;
		own = frame.header.type == WIRE_PORT_MESSAGE;
		if (own)
			err = receive_own(&frame, ret_message);
		wire_frame_clear(&frame);
	}
	wire_frame_fini(&frame);
	if (own && awake)
		send_wake_up(inlet->port);
	if (own && !err)
		return 0;
	if (awake && !own)
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

static mach_port_t wake_port_of(IODataQueueMemory *queue)
{
	scope_lock(&wake_lock);
	return (mach_port_t)(uintptr_t)map_find(&wake_ports, (uintptr_t)queue);
}

static mach_msg_header_t wake_up_for(mach_port_t port)
{
	return (mach_msg_header_t){ .msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				    .msgh_size = sizeof(mach_msg_header_t),
				    .msgh_remote_port = port };
}

IOReturn _IODataQueueSendDataAvailableNotification(IODataQueueMemory *dataQueue,
						   mach_msg_header_t *msgh)
{
	mach_msg_header_t header;

	if (!dataQueue)
		return kIOReturnBadArgument;
	header = msgh ? *msgh : wake_up_for(wake_port_of(dataQueue));
	if (!header.msgh_remote_port)
		return kIOReturnSuccess;
	/* Whatever a caller's header says, it is one and nothing more. */
	header.msgh_size = sizeof(header);
	return mach_msg(&header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(header), 0,
			MACH_PORT_NULL, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

/* What an entry is filled with: bytes, or whatever a callback writes. */
struct source {
	const void *data;
	IODataQueueClientEnqueueReadBytesCallback callback;
	void *refcon;
};

static void write_entry(IODataQueueMemory *queue, uint32_t at, uint32_t size,
			const struct source *source)
{
	uint8_t *entry = entries_of(queue) + at;

	memcpy(entry, &size, ENTRY_HEADER);
	if (source->callback)
		source->callback(source->refcon, entry + ENTRY_HEADER, size);
	else if (size)
		memcpy(entry + ENTRY_HEADER, source->data, size);
}

static IOReturn enqueue(IODataQueueMemory *queue, uint32_t queue_size, mach_msg_header_t *msgh,
			uint32_t data_size, const struct source *source, uint32_t options)
{
	bool force = options & kIODataQueueDeliveryNotificationForce;
	bool suppress = (options & kIODataQueueDeliveryNotificationSuppress) && !force;
	uint64_t size = (uint64_t)ENTRY_HEADER + data_size;
	uint32_t tail = __atomic_load_n(&queue->tail, __ATOMIC_RELAXED);
	/* Acquire: the consumer has finished reading what we are going to overwrite. */
	uint32_t head = __atomic_load_n(&queue->head, __ATOMIC_ACQUIRE), at = 0;
	IOReturn status = reserve(queue_size, head, tail, size, &at);

	if (status) {
		/* Full: the consumer may have missed that there is something. */
		if (status == kIOReturnOverrun && !suppress)
			_IODataQueueSendDataAvailableNotification(queue, msgh);
		return status;
	}
	write_entry(queue, at, data_size, source);
	/* A reader that looks at the old tail sees a size that cannot fit there, and wraps. */
	if (at != tail && queue_size - tail >= ENTRY_HEADER)
		memcpy(entries_of(queue) + tail, &data_size, ENTRY_HEADER);
	__atomic_store_n(&queue->tail, (uint32_t)(at + size), __ATOMIC_RELEASE);
	if (tail != head) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		head = __atomic_load_n(&queue->head, __ATOMIC_RELAXED);
	}
	if (!force && (suppress || tail != head))
		return kIOReturnSuccess;
	return _IODataQueueSendDataAvailableNotification(queue, msgh);
}

IOReturn IODataQueueEnqueue(IODataQueueMemory *dataQueue, void *data, uint32_t dataSize)
{
	struct source source = { .data = data };

	if (!dataQueue || (dataSize && !data))
		return kIOReturnBadArgument;
	return enqueue(dataQueue, queue_size_of(dataQueue, 0), NULL, dataSize, &source, 0);
}

IOReturn
_IODataQueueEnqueueWithReadCallbackOptions(IODataQueueMemory *dataQueue, uint64_t queueSize,
					   mach_msg_header_t *msgh, uint32_t dataSize,
					   IODataQueueClientEnqueueReadBytesCallback callback,
					   void *refcon, uint32_t options)
{
	struct source source = { .callback = callback, .refcon = refcon };

	if (!dataQueue || !callback)
		return kIOReturnBadArgument;
	return enqueue(dataQueue, queue_size_of(dataQueue, queueSize), msgh, dataSize, &source,
		       options);
}

IOReturn _IODataQueueEnqueueWithReadCallback(IODataQueueMemory *dataQueue, uint64_t queueSize,
					     mach_msg_header_t *msgh, uint32_t dataSize,
					     IODataQueueClientEnqueueReadBytesCallback callback,
					     void *refcon)
{
	return _IODataQueueEnqueueWithReadCallbackOptions(dataQueue, queueSize, msgh, dataSize,
							  callback, refcon, 0);
}

/* Memory that we did not map: does an appendix follow the entries, empty or set by us? It is looked at
 * and written through the kernel, which knows where memory ends. */
static void set_foreign(uint8_t *at, const IODataQueueAppendix *appendix)
{
	static const IODataQueueAppendix empty;
	IODataQueueAppendix found, own = *appendix;
	struct iovec here = { &found, sizeof(found) }, there = { at, sizeof(found) };
	ssize_t n = process_vm_readv(getpid(), &here, 1, &there, 1, 0);

	if (n != (ssize_t)sizeof(found))
		return;
	own.msgh.msgh_remote_port = found.msgh.msgh_remote_port;
	if (memcmp(&found, &empty, sizeof(found)) && memcmp(&found, &own, sizeof(found)))
		return;
	here.iov_base = (void *)appendix;
	if (process_vm_writev(getpid(), &here, 1, &there, 1, 0) < 0)
		return; /* read-only memory */
}

/* For others to see. What is sent comes from our own table: the peer can change the appendix. */
static void set_appendix(IODataQueueMemory *queue, mach_port_t port)
{
	IODataQueueAppendix appendix = { .msgh = wake_up_for(port) };
	uint32_t queue_size;
	uint64_t total;

	if (!client_memory_find_queue(queue, &queue_size, &total)) {
		queue_size = __atomic_load_n(&queue->queueSize, __ATOMIC_RELAXED);
		set_foreign(entries_of(queue) + queue_size, &appendix);
		return;
	}
	total -= total < DATA_QUEUE_MEMORY_HEADER_SIZE ? total : DATA_QUEUE_MEMORY_HEADER_SIZE;
	if (total >= (uint64_t)queue_size + sizeof(appendix) && client_memory_is_writable(queue))
		memcpy(entries_of(queue) + queue_size, &appendix, sizeof(appendix));
}

IOReturn IODataQueueSetNotificationPort(IODataQueueMemory *dataQueue, mach_port_t notifyPort)
{
	err_t err = 0;

	if (!dataQueue)
		return kIOReturnBadArgument;
	set_appendix(dataQueue, notifyPort);
	scope_lock(&wake_lock);
	if (notifyPort)
		err = map_set(&wake_ports, (uintptr_t)dataQueue, (void *)(uintptr_t)notifyPort);
	else
		map_remove(&wake_ports, (uintptr_t)dataQueue);
	return err ? kIOReturnNoMemory : kIOReturnSuccess;
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
