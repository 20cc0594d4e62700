// SPDX-License-Identifier: MIT
/* IODataQueueDispatchSource; the queue itself is in wire/aligned_queue.c. */
#include <IOKit/IODataQueueDispatchSource.h>

#include <pthread.h>
#include <stdlib.h>

#include "base/ref.h"
#include "base/scope.h"
#include "host/user_service.h"
#include "wire/aligned_queue.h"

struct IODataQueueDispatchSource {
	IOMemoryDescriptor *memory;
	struct wire_aligned_queue shared;
	struct ref ref;
	IODispatchQueue *queue; /* may be NULL */

	pthread_mutex_t lock;
	/* guarded by lock */
	OSAction *available, *serviced; /* retained; NULL: nobody is told */
	bool is_disabled, is_cancelled;
};

size_t IODataQueueDispatchSourceGetDataQueueEntryHeaderSize(void)
{
	return sizeof(uint32_t);
}

IOReturn IODataQueueDispatchSourceCreate(uint64_t queueByteCount, IODispatchQueue *queue,
					 IODataQueueDispatchSource **source)
{
	const uint64_t header = sizeof(struct wire_aligned_memory);
	IODataQueueDispatchSource *made;

	if (!source || queueByteCount % 4 || queueByteCount > UINT32_MAX - header)
		return kIOReturnBadArgument;
	made = calloc(1, sizeof(*made));
	if (!made)
		return kIOReturnNoMemory;
	made->memory = IOMemoryDescriptorCreate(queueByteCount + header, 0);
	if (!made->memory) {
		free(made);
		return kIOReturnNoMemory;
	}
	ref_init(&made->ref);
	pthread_mutex_init(&made->lock, NULL);
	made->shared.memory = IOMemoryDescriptorGetBytes(made->memory);
	made->shared.size = (uint32_t)queueByteCount;
	made->queue = IODispatchQueueRetain(queue);
	*source = made;
	return kIOReturnSuccess;
}

IODataQueueDispatchSource *IODataQueueDispatchSourceRetain(IODataQueueDispatchSource *source)
{
	if (source)
		host_reference_get(&source->ref, "IODataQueueDispatchSource", HOST_CALLER);
	return source;
}

void IODataQueueDispatchSourceRelease(IODataQueueDispatchSource *source)
{
	if (!source || !host_reference_put(&source->ref, "IODataQueueDispatchSource", HOST_CALLER))
		return;
	OSActionRelease(source->available);
	OSActionRelease(source->serviced);
	IODispatchQueueRelease(source->queue);
	IOMemoryDescriptorRelease(source->memory);
	pthread_mutex_destroy(&source->lock);
	free(source);
}

IOReturn IODataQueueDispatchSourceCopyMemory(IODataQueueDispatchSource *source,
					     IOMemoryDescriptor **memory)
{
	if (!source || !memory)
		return kIOReturnBadArgument;
	*memory = IOMemoryDescriptorRetain(source->memory);
	return kIOReturnSuccess;
}

/* --- actions --------------------------------------------------------------------------- */

static IOReturn set_action(IODataQueueDispatchSource *source, OSAction **slot, OSAction *action)
{
	OSAction *old;
	bool is_cancelled;

	pthread_mutex_lock(&source->lock);
	is_cancelled = source->is_cancelled;
	old = *slot;
	*slot = is_cancelled ? NULL : OSActionRetain(action);
	pthread_mutex_unlock(&source->lock);
	OSActionRelease(old);
	return is_cancelled && action ? kIOReturnNotReady : kIOReturnSuccess;
}

static IOReturn copy_action(IODataQueueDispatchSource *source, OSAction **slot, OSAction **action)
{
	if (!action)
		return kIOReturnBadArgument;
	scope_lock(&source->lock);
	*action = OSActionRetain(*slot);
	return *action ? kIOReturnSuccess : kIOReturnNotReady;
}

/* True: it was there to be told. */
static bool tell(IODataQueueDispatchSource *source, OSAction **slot)
{
	OSAction *action;

	pthread_mutex_lock(&source->lock);
	action = source->is_disabled ? NULL : OSActionRetain(*slot);
	pthread_mutex_unlock(&source->lock);
	if (action)
		host_action_invoke(action);
	OSActionRelease(action);
	return action != NULL;
}

IOReturn IODataQueueDispatchSourceSetDataAvailableHandler(IODataQueueDispatchSource *source,
							  OSAction *action)
{
	IOReturn status;

	if (!source)
		return kIOReturnBadArgument;
	status = set_action(source, &source->available, action);
	if (!status && IODataQueueDispatchSourceIsDataAvailable(source))
		tell(source, &source->available);
	return status;
}

IOReturn IODataQueueDispatchSourceSetDataServicedHandler(IODataQueueDispatchSource *source,
							 OSAction *action)
{
	return source ? set_action(source, &source->serviced, action) : kIOReturnBadArgument;
}

IOReturn IODataQueueDispatchSourceCopyDataAvailableHandler(IODataQueueDispatchSource *source,
							   OSAction **action)
{
	return source ? copy_action(source, &source->available, action) : kIOReturnBadArgument;
}

IOReturn IODataQueueDispatchSourceCopyDataServicedHandler(IODataQueueDispatchSource *source,
							  OSAction **action)
{
	return source ? copy_action(source, &source->serviced, action) : kIOReturnBadArgument;
}

void IODataQueueDispatchSourceSendDataAvailable(IODataQueueDispatchSource *source)
{
	if (source)
		tell(source, &source->available);
}

void IODataQueueDispatchSourceSendDataServiced(IODataQueueDispatchSource *source)
{
	bool is_set;

	if (!source)
		return;
	pthread_mutex_lock(&source->lock);
	is_set = source->serviced && !source->is_disabled;
	pthread_mutex_unlock(&source->lock);
	/* First, so that a producer that is told and finds no room again is told again. */
	if (is_set)
		__atomic_store_n(&source->shared.memory->need_serviced, 0, __ATOMIC_SEQ_CST);
	tell(source, &source->serviced);
}

IOReturn IODataQueueDispatchSourceSetEnable(IODataQueueDispatchSource *source, bool enable)
{
	if (!source)
		return kIOReturnBadArgument;
	pthread_mutex_lock(&source->lock);
	source->is_disabled = !enable;
	pthread_mutex_unlock(&source->lock);
	if (enable && IODataQueueDispatchSourceIsDataAvailable(source))
		tell(source, &source->available);
	return kIOReturnSuccess;
}

IOReturn IODataQueueDispatchSourceCancel(IODataQueueDispatchSource *source)
{
	if (!source)
		return kIOReturnBadArgument;
	pthread_mutex_lock(&source->lock);
	source->is_cancelled = true;
	pthread_mutex_unlock(&source->lock);
	set_action(source, &source->available, NULL);
	return set_action(source, &source->serviced, NULL);
}

/* --- producer --------------------------------------------------------------------------------- */

IOReturn IODataQueueDispatchSourceEnqueueWithCoalesce(
	IODataQueueDispatchSource *source, uint32_t dataSize, bool *sendDataAvailable,
	IODataQueueClientEnqueueEntryFunction callback, void *context)
{
	if (!source || !sendDataAvailable || !callback)
		return kIOReturnBadArgument;
	return wire_aligned_enqueue(&source->shared, dataSize, callback, context,
				    sendDataAvailable);
}

IOReturn IODataQueueDispatchSourceEnqueue(IODataQueueDispatchSource *source, uint32_t dataSize,
					  IODataQueueClientEnqueueEntryFunction callback,
					  void *context)
{
	bool send = false;
	IOReturn status = IODataQueueDispatchSourceEnqueueWithCoalesce(source, dataSize, &send,
								       callback, context);

	if (send)
		IODataQueueDispatchSourceSendDataAvailable(source);
	return status;
}

IOReturn IODataQueueDispatchSourceCanEnqueueDataCount(IODataQueueDispatchSource *source,
						      uint32_t dataSize, uint32_t entryCount)
{
	if (!source)
		return kIOReturnBadArgument;
	return wire_aligned_can_enqueue(&source->shared, dataSize, entryCount);
}

IOReturn IODataQueueDispatchSourceCanEnqueueData(IODataQueueDispatchSource *source,
						 uint32_t dataSize)
{
	return IODataQueueDispatchSourceCanEnqueueDataCount(source, dataSize, 1);
}

/* --- consumer ----------------------------------------------------------------------------------- */

bool IODataQueueDispatchSourceIsDataAvailable(IODataQueueDispatchSource *source)
{
	return source && wire_aligned_has_data(&source->shared);
}

IOReturn IODataQueueDispatchSourcePeek(IODataQueueDispatchSource *source,
				       IODataQueueClientDequeueEntryFunction callback,
				       void *context)
{
	if (!source || !callback)
		return kIOReturnBadArgument;
	return wire_aligned_peek(&source->shared, callback, context);
}

IOReturn IODataQueueDispatchSourceDequeueWithCoalesce(
	IODataQueueDispatchSource *source, bool *sendDataServiced,
	IODataQueueClientDequeueEntryFunction callback, void *context)
{
	if (!source || !sendDataServiced || !callback)
		return kIOReturnBadArgument;
	return wire_aligned_dequeue(&source->shared, callback, context, sendDataServiced);
}

IOReturn IODataQueueDispatchSourceDequeue(IODataQueueDispatchSource *source,
					  IODataQueueClientDequeueEntryFunction callback,
					  void *context)
{
	bool send = false;
	IOReturn status =
		IODataQueueDispatchSourceDequeueWithCoalesce(source, &send, callback, context);

	if (send)
		IODataQueueDispatchSourceSendDataServiced(source);
	return status;
}
