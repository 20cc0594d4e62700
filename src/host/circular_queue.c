// SPDX-License-Identifier: MIT
/* The driver's end of IOCircularDataQueue; the queue itself is in wire/circular_queue.c. */
#include <IOKit/IOCircularDataQueue.h>

#include "host/host_internal.h"
#include "wire/circular_queue.h"

static void release_memory(IOCircularDataQueue *queue)
{
	IOMemoryDescriptorRelease(queue->owner);
}

/* Memory with a queue in it that programs can recognise. NULL: no memory. */
static IOMemoryDescriptor *make_memory(const IOCircularDataQueueDescription *description)
{
	IOMemoryDescriptor *memory = IOMemoryDescriptorCreate(description->allocMemSize, 0);
	CFDataRef data =
		memory ? CFDataCreate(NULL, (const UInt8 *)description, sizeof(*description))
		       : NULL;
	bool told = data &&
		    host_memory_set_context(memory, CFSTR(kIOCircularQueueDescriptionKey), data);

	if (data)
		CFRelease(data);
	if (!told) {
		IOMemoryDescriptorRelease(memory);
		return NULL;
	}
	wire_circular_queue_format(IOMemoryDescriptorGetBytes(memory), description);
	return memory;
}

IOReturn IOCircularDataQueueCreateWithEntries(IOCircularDataQueueCreateOptions options,
					      uint32_t numEntries, uint32_t entrySize,
					      IOCircularDataQueue **queue)
{
	IOCircularDataQueueDescription description;
	IOMemoryDescriptor *memory;

	(void)options; /* as macOS: the driver may do both */
	if (!queue)
		return kIOReturnBadArgument;
	*queue = NULL;
	if (!wire_circular_queue_describe(numEntries, entrySize, &description))
		return kIOReturnBadArgument;
	if (!wire_circular_queue_is_supported())
		return kIOReturnUnsupported;
	memory = make_memory(&description);
	if (!memory)
		return kIOReturnNoMemory;
	*queue = wire_circular_queue_new(IOMemoryDescriptorGetBytes(memory), true, &description,
					 release_memory, memory);
	if (!*queue)
		IOMemoryDescriptorRelease(memory);
	return *queue ? kIOReturnSuccess : kIOReturnNoMemory;
}

IOMemoryDescriptor *IOCircularDataQueueCopyMemoryDescriptor(IOCircularDataQueue *queue)
{
	return queue ? IOMemoryDescriptorRetain(queue->owner) : NULL;
}
