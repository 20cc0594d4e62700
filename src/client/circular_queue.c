// SPDX-License-Identifier: MIT
/*
 * A program's end of IOCircularDataQueue; the queue itself is in
 * wire/circular_queue.c. The handle has a mapping of its own, so that neither
 * IOConnectUnmapMemory nor the end of the connection takes it away.
 */
#include <IOKit/IOCircularDataQueue.h>

#include <string.h>

#include "client/memory.h"
#include "wire/circular_queue.h"

static void release_mapping(IOCircularDataQueue *queue)
{
	client_memory_unmap_private(queue->memory, queue->description.allocMemSize);
}

/* False: the driver says nothing of a queue, or nonsense. */
static bool get_description(const struct client_private_mapping *mapping,
			    IOCircularDataQueueDescription *ret_description)
{
	CFTypeRef context = mapping->context, data;

	if (!context || CFGetTypeID(context) != CFDictionaryGetTypeID())
		return false;
	data = CFDictionaryGetValue(context, CFSTR(kIOCircularQueueDescriptionKey));
	if (!data || CFGetTypeID(data) != CFDataGetTypeID() ||
	    CFDataGetLength(data) != sizeof(*ret_description))
		return false;
	memcpy(ret_description, CFDataGetBytePtr(data), sizeof(*ret_description));
	return wire_circular_queue_is_valid(ret_description, mapping->size);
}

static IOReturn make_queue(const struct client_private_mapping *mapping,
			   IOCircularDataQueue **ret_queue)
{
	IOCircularDataQueueMemory *memory = mapping->base;
	IOCircularDataQueueDescription description;

	if (!get_description(mapping, &description) ||
	    __atomic_load_n(&memory->sentinel, __ATOMIC_RELAXED) != description.sentinel)
		return kIOReturnBadArgument;
	*ret_queue = wire_circular_queue_new(memory, mapping->writable, &description,
					     release_mapping, NULL);
	return *ret_queue ? kIOReturnSuccess : kIOReturnNoMemory;
}

IOReturn IOCircularDataQueueCreateWithConnection(IOCircularDataQueueCreateOptions options,
						 io_connect_t connect, uint32_t memoryType,
						 IOCircularDataQueue **queue)
{
	struct client_private_mapping mapping;
	IOReturn status;

	(void)options; /* as macOS: how the driver lets the memory be mapped decides */
	if (!queue)
		return kIOReturnBadArgument;
	*queue = NULL;
	if (!wire_circular_queue_is_supported())
		return kIOReturnUnsupported;
	status = client_memory_map_private(connect, memoryType, &mapping);
	if (status)
		return status;
	status = make_queue(&mapping, queue);
	if (status)
		client_memory_unmap_private(mapping.base, mapping.size);
	if (mapping.context)
		CFRelease(mapping.context);
	return status;
}
