// SPDX-License-Identifier: MIT
/* IODataQueue* on what is known of the queue's address (client/memory.c); the queue itself is in
 * wire/data_queue.c. */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <IOKit/IODataQueueClientPrivate.h>
#include <mach/mach.h>
#include <portico/data_queue.h>

#include "base/list.h"
#include "base/map.h"
#include "base/scope.h"
#include "client/inlet.h"
#include "client/memory.h"
#include "client/message.h"
#include "wire/frame.h"
#include "wire/async.h"

/* Where wake-ups go that this process sends: never read from shared memory. */
static pthread_mutex_t wake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map wake_ports = MAP_INIT; /* queue -> (void *)port name */

/* A thread that waits for data; on its stack. Under wake_lock. */
struct waiter {
	struct list link;
	IODataQueueMemory *queue;
	mach_port_t port;
	bool is_unmapped; /* the queue has gone, and is not looked at any more */
	bool is_told;	  /* a message is on its way to the port */
};
static struct list waiters = LIST_INIT(waiters);

/* GIVEN: what the caller knows, 0 for nothing. */
static uint32_t size_of(const struct client_queue *known, IODataQueueMemory *memory, uint64_t given)
{
	uint64_t room = UINT32_MAX;

	if (!given)
		return known ? known->size : __atomic_load_n(&memory->queueSize, __ATOMIC_RELAXED);
	if (known)
		room = known->room < DATA_QUEUE_MEMORY_HEADER_SIZE
			     ? 0
			     : known->room - DATA_QUEUE_MEMORY_HEADER_SIZE;
	if (given > room)
		given = room;
	return given < UINT32_MAX ? (uint32_t)given : UINT32_MAX;
}

enum side { CONSUMER, PRODUCER };

/* In the place of a queue that cannot be known: its head is none, which each end takes for an error. */
static IODataQueueMemory nothing = { .head = 1 };

/* The end for one call. UNKNOWN: room for that of memory that we did not map, whose header says its size. */
static inline struct wire_queue_end *end_of(IODataQueueMemory *memory, uint64_t given,
					    enum side side, struct wire_queue_end *unknown)
{
	struct client_queue *known = client_memory_find_queue(memory);
	struct wire_queue_end *end = unknown;
	uint32_t size = size_of(known, memory, given);

	if (known && known->room)
		end = side == CONSUMER ? &known->consumer : &known->producer;
	else
		*end = wire_queue_end_new(known ? &nothing : memory, size);
	if (end->size != size)
		end->size = size;
	if (side == CONSUMER)
		wire_queue_sync_consumer(end);
	else
		wire_queue_sync_producer(end);
	return end;
}

/* --- consumer ------------------------------------------------------------------------ */

Boolean IODataQueueDataAvailable(IODataQueueMemory *dataQueue)
{
	struct wire_queue_end unknown;
	struct client_queue *known;

	if (!dataQueue)
		return false;
	known = client_memory_find_queue(dataQueue);
	if (known)
		return known->room && wire_queue_has_data(&known->consumer);
	unknown = wire_queue_end_new(dataQueue, 0);
	return wire_queue_has_data(&unknown);
}

static IODataQueueEntry *peek(IODataQueueMemory *dataQueue, uint64_t queueSize, size_t *entrySize)
{
	struct wire_queue_end *end, unknown;
	uint32_t at, size;

	if (!dataQueue)
		return NULL;
	end = end_of(dataQueue, queueSize, CONSUMER, &unknown);
	if (wire_queue_peek(end, &at, &size))
		return NULL;
	if (entrySize)
		*entrySize = size;
	return wire_queue_entry(end, at);
}

IODataQueueEntry *_IODataQueuePeek(IODataQueueMemory *dataQueue, uint64_t queueSize,
				   size_t *entrySize)
{
	return peek(dataQueue, queueSize, entrySize);
}

IODataQueueEntry *IODataQueuePeek(IODataQueueMemory *dataQueue)
{
	return peek(dataQueue, 0, NULL);
}

static inline IOReturn dequeue(IODataQueueMemory *dataQueue, uint64_t queueSize, void *data,
			       uint32_t *dataSize)
{
	struct wire_queue_end unknown;

	if (!dataQueue || (data && !dataSize))
		return kIOReturnBadArgument;
	return wire_queue_take(end_of(dataQueue, queueSize, CONSUMER, &unknown), data, dataSize);
}

IOReturn _IODataQueueDequeue(IODataQueueMemory *dataQueue, uint64_t queueSize, void *data,
			     uint32_t *dataSize)
{
	return dequeue(dataQueue, queueSize, data, dataSize);
}

IOReturn IODataQueueDequeue(IODataQueueMemory *dataQueue, void *data, uint32_t *dataSize)
{
	return dequeue(dataQueue, 0, data, dataSize);
}

IOReturn portico_data_queue_dequeue(IODataQueueMemory *dataQueue, void *buffer, size_t size,
				    struct portico_data_queue_record *records, uint32_t *count)
{
	struct wire_queue_end unknown;

	if (!dataQueue || (size && !buffer) || !records || !count)
		return kIOReturnBadArgument;
	return wire_queue_take_many(end_of(dataQueue, 0, CONSUMER, &unknown), buffer, size, records,
				    count);
}

static void send_wake_up(struct port *port)
{
	struct port_message *message;

	if (!client_message_new_wake_up(&message))
		port_send(port, message);
}

/* Its driver has gone, and all that it had put in was taken. */
static bool has_ended(IODataQueueMemory *queue)
{
	return client_memory_is_left(queue) && !IODataQueueDataAvailable(queue);
}

static void wake(mach_port_t name)
{
	struct port *port;

	if (port_from_receive_right(name, &port))
		return;
	send_wake_up(port);
	port_unref(port);
}

static IOReturn wait_at(mach_port_t port)
{
	struct {
		mach_msg_header_t header;
		mach_msg_trailer_t trailer;
	} message;

	return mach_msg(&message.header, MACH_RCV_MSG, 0, sizeof(message), port,
			MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
}

/* Under wake_lock, which whoever unmaps the queue takes before it goes. Why WAITER is not to wait. */
static IOReturn end_of_wait_locked(const struct waiter *waiter)
{
	if (waiter->is_unmapped)
		return kIOReturnAborted;
	return has_ended(waiter->queue) ? kIOReturnOffline : kIOReturnSuccess;
}

static void leave(void *waiter)
{
	scope_lock(&wake_lock);
	list_remove(&((struct waiter *)waiter)->link);
}

/* Does somebody else wait there whose queue has gone, or its driver? The message was for him, too. */
static bool is_another_to_end_locked(mach_port_t port)
{
	list_for_each(node, &waiters) {
		const struct waiter *waiter = container_of(node, struct waiter, link);

		if (waiter->port == port && end_of_wait_locked(waiter))
			return true;
	}
	return false;
}

/* For one message; RET_PASS_ON: others need one, too. */
static IOReturn wait_listed(struct waiter *waiter, bool *ret_pass_on)
{
	IOReturn status;

	/* A signal handler may end the thread. */
	pthread_cleanup_push(leave, waiter);
	status = wait_at(waiter->port);
	pthread_cleanup_pop(false);
	scope_lock(&wake_lock);
	list_remove(&waiter->link);
	*ret_pass_on = is_another_to_end_locked(waiter->port);
	return status ? status : end_of_wait_locked(waiter);
}

IOReturn IODataQueueWaitForAvailableData(IODataQueueMemory *dataQueue, mach_port_t notificationPort)
{
	struct waiter waiter = { .queue = dataQueue, .port = notificationPort };
	bool pass_on;
	IOReturn status;

	if (!dataQueue || notificationPort == MACH_PORT_NULL)
		return kIOReturnBadArgument;
	pthread_mutex_lock(&wake_lock);
	status = end_of_wait_locked(&waiter);
	if (!status)
		list_add(&waiters, &waiter.link);
	pthread_mutex_unlock(&wake_lock);
	if (status)
		return status;
	status = wait_listed(&waiter, &pass_on);
	if (pass_on)
		wake(notificationPort);
	return status;
}

/* All that wait for a queue there know then that it has gone, before any of them is woken: a port where some of them
 * wait that are to be woken. */
static mach_port_t tell_waiters(const void *base, size_t size)
{
	mach_port_t port = MACH_PORT_NULL;

	scope_lock(&wake_lock);
	list_for_each(node, &waiters) {
		struct waiter *waiter = container_of(node, struct waiter, link);

		if ((uintptr_t)waiter->queue - (uintptr_t)base >= size)
			continue;
		waiter->is_unmapped = true;
		if (!waiter->is_told && !port)
			port = waiter->port;
		waiter->is_told |= waiter->port == port;
	}
	return port;
}

void client_data_queue_end(struct client_inlet_set *set)
{
	struct port *port;

	while ((port = client_inlet_tell(set))) {
		send_wake_up(port);
		port_unref(port);
	}
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
	/* One that came before a message of the driver's own keeps its place. */
	if (own && awake)
		send_wake_up(inlet->port);
	if (own && !err)
		return 0;
	if (awake && !own)
		return client_message_new_wake_up(ret_message);
	inlet->broken = err && err != -EAGAIN;
	return err == -EBADMSG ? -EPIPE : err ? err : -EAGAIN;
}

/* --- producer --------------------------------------------------------------------------- */

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

/* STATUS: of putting an entry. */
static IOReturn tell_consumer(IODataQueueMemory *queue, mach_msg_header_t *msgh, IOReturn status,
			      bool notify, uint32_t options)
{
	bool force = options & kIODataQueueDeliveryNotificationForce;
	bool suppress = (options & kIODataQueueDeliveryNotificationSuppress) && !force;

	if (status) {
		/* Full: the consumer may have missed that there is something. */
		if (status == kIOReturnOverrun && !suppress)
			_IODataQueueSendDataAvailableNotification(queue, msgh);
		return status;
	}
	if (!force && (suppress || !notify))
		return kIOReturnSuccess;
	return _IODataQueueSendDataAvailableNotification(queue, msgh);
}

IOReturn IODataQueueEnqueue(IODataQueueMemory *dataQueue, void *data, uint32_t dataSize)
{
	bool notify = false;
	IOReturn status;
	struct wire_queue_end unknown;

	if (!dataQueue || (dataSize && !data))
		return kIOReturnBadArgument;
	status = wire_queue_put(end_of(dataQueue, 0, PRODUCER, &unknown), data, dataSize, &notify);
	return tell_consumer(dataQueue, NULL, status, notify, 0);
}

IOReturn portico_data_queue_enqueue(IODataQueueMemory *dataQueue,
				    const struct portico_data_queue_record *records,
				    uint32_t *count)
{
	uint32_t wanted, put;
	IOReturn status = kIOReturnSuccess;
	struct wire_queue_end *end, unknown;

	if (!dataQueue || !records || !count)
		return kIOReturnBadArgument;
	wanted = *count;
	end = end_of(dataQueue, 0, PRODUCER, &unknown);
	for (*count = 0; !status && *count < wanted; *count += put) {
		bool notify = false;

		status = wire_queue_put_some(end, records + *count, wanted - *count, &put, &notify);
		/* Whether a wake-up waits already is no news. */
		tell_consumer(dataQueue, NULL, status, notify, 0);
	}
	return *count ? kIOReturnSuccess : status;
}

struct callback {
	IODataQueueClientEnqueueReadBytesCallback function;
	void *refcon;
};

static void call_back(void *context, void *data, uint32_t size)
{
	const struct callback *callback = context;

	callback->function(callback->refcon, data, size);
}

IOReturn
_IODataQueueEnqueueWithReadCallbackOptions(IODataQueueMemory *dataQueue, uint64_t queueSize,
					   mach_msg_header_t *msgh, uint32_t dataSize,
					   IODataQueueClientEnqueueReadBytesCallback callback,
					   void *refcon, uint32_t options)
{
	struct callback context = { callback, refcon };
	bool notify = false;
	IOReturn status;
	struct wire_queue_end *end, unknown;

	if (!dataQueue || !callback)
		return kIOReturnBadArgument;
	end = end_of(dataQueue, queueSize, PRODUCER, &unknown);
	status = wire_queue_put_filled(end, dataSize, call_back, &context, &notify);
	return tell_consumer(dataQueue, msgh, status, notify, options);
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
	const uint64_t around = DATA_QUEUE_MEMORY_HEADER_SIZE + sizeof(IODataQueueAppendix);
	IODataQueueAppendix appendix = { .msgh = wake_up_for(port) };
	const struct client_queue *known = client_memory_find_queue(queue);
	uint8_t *at = (uint8_t *)queue + DATA_QUEUE_MEMORY_HEADER_SIZE + size_of(known, queue, 0);

	if (!known)
		set_foreign(at, &appendix);
	else if (known->writable && known->room >= known->size + around)
		memcpy(at, &appendix, sizeof(appendix));
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
	mach_port_t port;

	while ((port = tell_waiters(base, size)))
		wake(port);
	scope_lock(&wake_lock);
	while (map_next(&wake_ports, &cursor, &queue))
		if (queue - (uintptr_t)base < size)
			map_remove(&wake_ports, queue);
}

void client_data_queue_forget_waiters(void)
{
	list_init(&waiters);
}

void client_data_queue_lock(void)
{
	pthread_mutex_lock(&wake_lock);
}

void client_data_queue_unlock(void)
{
	pthread_mutex_unlock(&wake_lock);
}
