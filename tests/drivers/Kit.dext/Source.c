/* SPDX-License-Identifier: MIT */
/* The data queue of a connection. */
#include <string.h>

#include "Kit_internal.h"

struct entry {
	const void *bytes; /* in */
	uint64_t size, first;
};

static void write_entry(void *context, void *data, size_t size)
{
	memcpy(data, ((struct entry *)context)->bytes, size);
}

static void read_entry(void *context, const void *data, size_t size)
{
	struct entry *entry = context;

	entry->size = size;
	entry->first = size ? *(const uint8_t *)data : 0;
}

static void available(IOService *target, OSAction *action)
{
	++*(int *)OSActionGetReference(action);
	kit_self(target)->available++;
}

static void serviced(IOService *target, OSAction *action)
{
	kit_self(target)->serviced++;
}

static kern_return_t create(OSObject *target, void *reference,
			    IOUserClientMethodArguments *arguments)
{
	struct KitUserClient *self = kit_self(target);

	kit_source_free(self);
	arguments->scalarOutput[0] = (uint32_t)IODataQueueDispatchSourceCreate(
		arguments->scalarInput[0], NULL, &self->source);
	return kIOReturnSuccess;
}

static struct entry entry_of(IOUserClientMethodArguments *arguments)
{
	OSData *data = arguments->structureInput;

	return (struct entry){ data ? CFDataGetBytePtr(data) : NULL,
			       data ? (uint64_t)CFDataGetLength(data) : 0, 0 };
}

static kern_return_t enqueue(OSObject *target, void *reference,
			     IOUserClientMethodArguments *arguments)
{
	struct entry entry = entry_of(arguments);

	arguments->scalarOutput[0] = (uint32_t)IODataQueueDispatchSourceEnqueue(
		kit_self(target)->source, (uint32_t)entry.size, write_entry, &entry);
	return kIOReturnSuccess;
}

static kern_return_t coalesce(OSObject *target, void *reference,
			      IOUserClientMethodArguments *arguments)
{
	struct entry entry = entry_of(arguments);
	bool send = false;

	arguments->scalarOutput[0] = (uint32_t)IODataQueueDispatchSourceEnqueueWithCoalesce(
		kit_self(target)->source, (uint32_t)entry.size, &send, write_entry, &entry);
	arguments->scalarOutput[1] = send;
	return kIOReturnSuccess;
}

static kern_return_t sendAvailable(OSObject *target, void *reference,
				   IOUserClientMethodArguments *arguments)
{
	IODataQueueDispatchSourceSendDataAvailable(kit_self(target)->source);
	return kIOReturnSuccess;
}

static kern_return_t take(IOUserClientMethodArguments *arguments, IOReturn status,
			  const struct entry *entry)
{
	arguments->scalarOutput[0] = (uint32_t)status;
	arguments->scalarOutput[1] = entry->size;
	arguments->scalarOutput[2] = entry->first;
	return kIOReturnSuccess;
}

static kern_return_t dequeue(OSObject *target, void *reference,
			     IOUserClientMethodArguments *arguments)
{
	struct entry entry = { 0 };
	IOReturn status =
		IODataQueueDispatchSourceDequeue(kit_self(target)->source, read_entry, &entry);

	return take(arguments, status, &entry);
}

static kern_return_t peek(OSObject *target, void *reference, IOUserClientMethodArguments *arguments)
{
	struct entry entry = { 0 };
	IOReturn status =
		IODataQueueDispatchSourcePeek(kit_self(target)->source, read_entry, &entry);

	return take(arguments, status, &entry);
}

static kern_return_t can(OSObject *target, void *reference, IOUserClientMethodArguments *arguments)
{
	arguments->scalarOutput[0] = (uint32_t)IODataQueueDispatchSourceCanEnqueueDataCount(
		kit_self(target)->source, (uint32_t)arguments->scalarInput[0],
		(uint32_t)arguments->scalarInput[1]);
	return kIOReturnSuccess;
}

static kern_return_t handle(OSObject *target, void *reference,
			    IOUserClientMethodArguments *arguments)
{
	struct KitUserClient *self = kit_self(target);
	OSAction *first = NULL, *second = NULL;

	if (arguments->scalarInput[0] &&
	    (OSActionCreate(&self->client.service, NULL, available, sizeof(int), &first) ||
	     OSActionCreate(&self->client.service, NULL, serviced, 0, &second)))
		return kIOReturnNoMemory;
	IODataQueueDispatchSourceSetDataAvailableHandler(self->source, first);
	IODataQueueDispatchSourceSetDataServicedHandler(self->source, second);
	OSActionRelease(first);
	OSActionRelease(second);
	return kIOReturnSuccess;
}

static kern_return_t copy(OSObject *target, void *reference, IOUserClientMethodArguments *arguments)
{
	OSAction *action = NULL;

	arguments->scalarOutput[0] = (uint32_t)IODataQueueDispatchSourceCopyDataAvailableHandler(
		kit_self(target)->source, &action);
	OSActionRelease(action);
	action = NULL;
	arguments->scalarOutput[1] = (uint32_t)IODataQueueDispatchSourceCopyDataServicedHandler(
		kit_self(target)->source, &action);
	OSActionRelease(action);
	return kIOReturnSuccess;
}

/* On the same queue as the actions, so after those that are under way. */
static kern_return_t told(OSObject *target, void *reference, IOUserClientMethodArguments *arguments)
{
	arguments->scalarOutput[0] = (uint64_t)kit_self(target)->available;
	arguments->scalarOutput[1] = (uint64_t)kit_self(target)->serviced;
	return kIOReturnSuccess;
}

static kern_return_t enable(OSObject *target, void *reference,
			    IOUserClientMethodArguments *arguments)
{
	if (arguments->scalarInput[0] == 2)
		return IODataQueueDispatchSourceCancel(kit_self(target)->source);
	return IODataQueueDispatchSourceSetEnable(kit_self(target)->source,
						  arguments->scalarInput[0]);
}

void kit_source_free(struct KitUserClient *self)
{
	IODataQueueDispatchSourceCancel(self->source);
	IODataQueueDispatchSourceRelease(self->source);
	self->source = NULL;
}

#define ANY kIOUserClientVariableStructureSize
const IOUserClientMethodDispatch kit_source_methods[KIT_SELECTORS] = {
	[KIT_SOURCE_CREATE] = { create, 0, 1, 0, 1, 0 },
	[KIT_SOURCE_ENQUEUE] = { enqueue, 0, 0, ANY, 1, 0 },
	[KIT_SOURCE_COALESCE] = { coalesce, 0, 0, ANY, 2, 0 },
	[KIT_SOURCE_SEND] = { sendAvailable, 0, 0, 0, 0, 0 },
	[KIT_SOURCE_DEQUEUE] = { dequeue, 0, 0, 0, 3, 0 },
	[KIT_SOURCE_PEEK] = { peek, 0, 0, 0, 3, 0 },
	[KIT_SOURCE_CAN] = { can, 0, 2, 0, 1, 0 },
	[KIT_SOURCE_HANDLE] = { handle, 0, 1, 0, 0, 0 },
	[KIT_SOURCE_COPY] = { copy, 0, 0, 0, 2, 0 },
	[KIT_SOURCE_TOLD] = { told, 0, 0, 0, 2, 0 },
	[KIT_SOURCE_ENABLE] = { enable, 0, 1, 0, 0, 0 },
};
