/* SPDX-License-Identifier: MIT */
/* A driver in the form of DriverKit that does on demand what its tests want to see. */
#include <sched.h>
#include <string.h>

#include <IOKit/IODriver.h>

#include "Kit_internal.h"

#define ANY kIOUserClientVariableStructureSize
#define EITHER UINT32_MAX

/* --- methods ------------------------------------------------------------------------- */

static kern_return_t echo(OSObject *target, void *reference, IOUserClientMethodArguments *arguments)
{
	uint64_t wanted = arguments->scalarInput[0];
	CFMutableDataRef data;

	if (wanted == UINT64_MAX) /* no structure at all */
		return kIOReturnSuccess;
	data = arguments->structureInput
		     ? CFDataCreateMutableCopy(NULL, 0, arguments->structureInput)
		     : CFDataCreateMutable(NULL, 0);
	CFDataSetLength(data, (CFIndex)wanted);
	arguments->structureOutput = data;
	return kIOReturnSuccess;
}

static kern_return_t completeNow(OSObject *target, void *reference,
				 IOUserClientMethodArguments *arguments)
{
	IOUserClientAsyncCompletion(target, arguments->completion, kIOReturnSuccess,
				    arguments->scalarInput, arguments->scalarInputCount);
	return kIOReturnSuccess;
}

static kern_return_t isAsync(OSObject *target, void *reference,
			     IOUserClientMethodArguments *arguments)
{
	if (arguments->scalarOutputCount)
		arguments->scalarOutput[0] = arguments->completion != NULL;
	return kIOReturnSuccess;
}

static void countAborted(void *context)
{
	((struct KitDriver *)context)->aborted++;
}

static kern_return_t keep(OSObject *target, void *reference, IOUserClientMethodArguments *arguments)
{
	struct KitUserClient *self = kit_self(target);

	OSActionRelease(self->kept);
	self->kept = OSActionRetain(arguments->completion);
	OSActionSetAbortedHandler(self->kept, countAborted, self->driver);
	return arguments->scalarInputCount ? (kern_return_t)arguments->scalarInput[0]
					   : kIOReturnSuccess;
}

static kern_return_t complete(OSObject *target, void *reference,
			      IOUserClientMethodArguments *arguments)
{
	uint64_t words[32];

	for (uint64_t i = 0; i < 32; i++)
		words[i] = i;
	arguments->scalarOutput[0] = (uint32_t)IOUserClientAsyncCompletion(
		target, kit_self(target)->kept, (IOReturn)arguments->scalarInput[0], words,
		(uint32_t)arguments->scalarInput[1]);
	return kIOReturnSuccess;
}

static kern_return_t drop(OSObject *target, void *reference, IOUserClientMethodArguments *arguments)
{
	OSActionRelease(kit_self(target)->kept);
	kit_self(target)->kept = NULL;
	return kIOReturnSuccess;
}

static kern_return_t spoil(OSObject *target, void *reference,
			   IOUserClientMethodArguments *arguments)
{
	OSActionSetAbortedHandler(arguments->completion, countAborted, kit_self(target)->driver);
	memset(arguments, 0, sizeof(*arguments));
	return kIOReturnSuccess;
}

static kern_return_t aborted(OSObject *target, void *reference,
			     IOUserClientMethodArguments *arguments)
{
	arguments->scalarOutput[0] = (uint64_t)kit_self(target)->driver->aborted;
	return kIOReturnSuccess;
}

static kern_return_t create(OSObject *target, void *reference,
			    IOUserClientMethodArguments *arguments)
{
	static const char *const keys[] = {
		[KIT_CREATE_CHILD] = "ChildProperties",
		[KIT_CREATE_NO_SUCH_KEY] = "NoSuchProperties",
		[KIT_CREATE_OTHER_PROVIDER] = "ChildProperties",
		[KIT_CREATE_NO_SUCH_CLASS] = "UnknownProperties",
		[KIT_CREATE_NAMELESS] = "NamelessProperties",
		[KIT_CREATE_REFUSING] = "RefusingProperties",
		[KIT_CREATE_CLIENT] = "UserClientProperties",
	};
	struct KitUserClient *self = kit_self(target);
	IOService *driver = &self->driver->service, *made = NULL;
	uint64_t which = arguments->scalarInput[0];

	arguments->scalarOutput[0] = (uint32_t)IOServiceCreate(
		driver, which == KIT_CREATE_OTHER_PROVIDER ? &self->client.service : driver,
		keys[which], &made);
	IOServiceRelease(made);
	return kIOReturnSuccess;
}

static kern_return_t meet(OSObject *target, void *reference, IOUserClientMethodArguments *arguments)
{
	struct KitDriver *driver = kit_self(target)->driver;
	IODispatchQueue *queue = NULL;
	int inside = ++driver->inside;

	if (inside > driver->most)
		driver->most = inside;
	for (int i = 0; i < 10; i++)
		sched_yield();
	driver->inside--;
	if (IOServiceCopyDispatchQueue(target, kIOUserClientQueueNameExternalMethod, &queue))
		IOServiceCopyDispatchQueue(target, kIOServiceDefaultQueueName, &queue);
	arguments->scalarOutput[0] = (uint64_t)driver->most;
	arguments->scalarOutput[1] = IODispatchQueueOnQueue(queue);
	IODispatchQueueRelease(queue);
	return kIOReturnSuccess;
}

static kern_return_t setQueue(OSObject *target, void *reference,
			      IOUserClientMethodArguments *arguments)
{
	IODispatchQueue *queue = NULL;
	IOReturn status;

	if (arguments->scalarInput[0] && IODispatchQueueCreate("methods", 0, 0, &queue))
		return kIOReturnNoMemory;
	status = IOServiceSetDispatchQueue(target, kIOUserClientQueueNameExternalMethod, queue);
	IODispatchQueueRelease(queue);
	return status;
}

static kern_return_t reverse(OSObject *target, void *reference,
			     IOUserClientMethodArguments *arguments)
{
	const uint8_t *in = IOMemoryDescriptorGetBytes(arguments->structureInputDescriptor);
	uint8_t *out = IOMemoryDescriptorGetBytes(arguments->structureOutputDescriptor);
	uint64_t size = IOMemoryDescriptorGetLength(arguments->structureInputDescriptor);

	if (!in || !out || arguments->structureInput ||
	    arguments->structureOutputMaximumSize != size)
		return kIOReturnBadArgument;
	for (uint64_t i = 0; i < size; i++)
		out[i] = in[size - 1 - i];
	return kIOReturnSuccess;
}

static kern_return_t life(OSObject *target, void *reference, IOUserClientMethodArguments *arguments)
{
	arguments->scalarOutput[0] = (uint64_t)kit_self(target)->driver->started;
	arguments->scalarOutput[1] = (uint64_t)kit_self(target)->driver->stopped;
	return kIOReturnSuccess;
}

static const IOUserClientMethodDispatch methods[KIT_SOURCE_CREATE] = {
	[KIT_ECHO] = { echo, 0, 1, ANY, 0, ANY },
	[KIT_ASYNC_ONLY] = { completeNow, 1, ANY, 0, 0, 0 },
	[KIT_SYNC_ONLY] = { isAsync, 0, 0, 0, 1, 0 },
	[KIT_EITHER] = { isAsync, EITHER, 0, 0, ANY, 0 },
	[KIT_NO_FUNCTION] = { NULL, EITHER, ANY, ANY, ANY, ANY },
	[KIT_KEEP] = { keep, 1, ANY, 0, 0, 0 },
	[KIT_COMPLETE] = { complete, 0, 2, 0, 1, 0 },
	[KIT_DROP] = { drop, 0, 0, 0, 0, 0 },
	[KIT_ABORTED] = { aborted, 0, 0, 0, 1, 0 },
	[KIT_CREATE] = { create, 0, 1, 0, 1, 0 },
	[KIT_MEET] = { meet, 0, 0, 0, 2, 0 },
	[KIT_QUEUE] = { setQueue, 0, 1, 0, 0, 0 },
	[KIT_LARGE] = { reverse, 0, 0, ANY, 0, ANY },
	[KIT_LIFE] = { life, 0, 0, 0, 2, 0 },
	[KIT_SPOIL] = { spoil, 1, ANY, ANY, 0, 0 },
};

static kern_return_t clientMethod(IOUserClient *client, uint64_t selector,
				  IOUserClientMethodArguments *arguments,
				  const IOUserClientMethodDispatch *dispatch, OSObject *target,
				  void *reference)
{
	struct KitUserClient *self = (struct KitUserClient *)client;

	if (selector >= KIT_SELECTORS)
		return kIOReturnBadArgument;
	if (selector > KIT_SOURCE_CREATE && !self->source)
		return kIOReturnNotReady;
	return IOUserUserClientExternalMethod(
		client, selector, arguments,
		selector < KIT_SOURCE_CREATE ? &methods[selector] : &kit_source_methods[selector],
		self, NULL);
}

/* --- user client ------------------------------------------------------------------------ */

static kern_return_t clientStart(IOService *service, IOService *provider)
{
	struct KitUserClient *self = (struct KitUserClient *)service;
	IOAddressSegment range;

	self->driver = (struct KitDriver *)provider;
	if (IOBufferMemoryDescriptorCreate(kIOMemoryDirectionInOut, 8192, 0, &self->memory) ||
	    IOBufferMemoryDescriptorCreate(kIOMemoryDirectionInOut, 8192, 0, &self->readOnly) ||
	    IOBufferMemoryDescriptorSetLength(self->readOnly, 100) ||
	    IOBufferMemoryDescriptorGetAddressRange(self->readOnly, &range))
		return kIOReturnNoMemory;
	memset((void *)(uintptr_t)range.address, 0x5a, range.length);
	self->driver->started++;
	return kIOReturnSuccess;
}

static kern_return_t clientStop(IOService *service, IOService *provider)
{
	struct KitUserClient *self = (struct KitUserClient *)service;

	OSActionRelease(self->kept);
	self->kept = NULL;
	kit_source_free(self);
	self->driver->stopped++;
	return kIOReturnSuccess;
}

static void clientFree(IOService *service)
{
	struct KitUserClient *self = (struct KitUserClient *)service;

	IOMemoryDescriptorRelease(self->memory);
	IOMemoryDescriptorRelease(self->readOnly);
}

static kern_return_t clientMemory(IOUserClient *client, uint64_t type, uint64_t *options,
				  IOMemoryDescriptor **memory)
{
	struct KitUserClient *self = (struct KitUserClient *)client;

	switch (type) {
	case KIT_MEMORY:
		*memory = IOMemoryDescriptorRetain(self->memory);
		return kIOReturnSuccess;
	case KIT_MEMORY_READ_ONLY:
		*options |= kIOUserClientMemoryReadOnly;
		*memory = IOMemoryDescriptorRetain(self->readOnly);
		return kIOReturnSuccess;
	case KIT_MEMORY_SOURCE:
		return IODataQueueDispatchSourceCopyMemory(self->source, memory);
	default:
		return kIOReturnBadArgument;
	}
}

static const struct IODriverClass clientClass = {
	.name = "KitUserClient",
	.superclass = &IOUserUserClientBase,
	.instanceSize = sizeof(struct KitUserClient),
	.service = &(const struct IOServiceOperations){ .free = clientFree },
	.userService =
		&(const struct IOUserServiceOperations){
			.Start = clientStart,
			.Stop = clientStop,
			.ExternalMethod = clientMethod,
			.CopyClientMemoryForType = clientMemory,
		},
};

/* --- driver ------------------------------------------------------------------------------ */

/* Registered before it is ready: nobody may see it so. */
static kern_return_t driverStart(IOService *service, IOService *provider)
{
	IOReturn status = IOServiceRegister(service, 0);

	for (int i = 0; i < 1000; i++)
		sched_yield();
	IOServiceSetProperty(service, CFSTR("Ready"), kCFBooleanTrue);
	return status;
}

static kern_return_t driverOpen(IOService *service, uint32_t type, IOUserClient **client)
{
	switch (type) {
	case KIT_OPEN:
		return IOServiceCreate(service, service, "UserClientProperties",
				       (IOService **)client);
	case KIT_OPEN_BUSY:
		return kIOReturnBusy;
	case KIT_OPEN_NOTHING:
		return kIOReturnSuccess;
	case KIT_OPEN_CHILD:
		return IOServiceCreate(service, service, "ChildProperties", (IOService **)client);
	default:
		return kIOReturnUnsupported;
	}
}

static kern_return_t driverProperties(IOService *service, OSDictionary *properties)
{
	if (CFDictionaryContainsKey(properties, CFSTR("Refuse")))
		return kIOReturnNotPermitted;
	return IOUserServiceSetProperties(service, properties);
}

static const struct IODriverClass driverClass = {
	.name = "KitDriver",
	.superclass = &IOUserServiceBase,
	.instanceSize = sizeof(struct KitDriver),
	.userService =
		&(const struct IOUserServiceOperations){
			.Start = driverStart,
			.NewUserClient = driverOpen,
			.SetProperties = driverProperties,
		},
};

static kern_return_t childStart(IOService *service, IOService *provider)
{
	return IOServiceRegister(service, 0);
}

static const struct IODriverClass childClass = {
	.name = "KitChild",
	.superclass = &IOUserServiceBase,
	.instanceSize = sizeof(IOService),
	.userService = &(const struct IOUserServiceOperations){ .Start = childStart },
};

static kern_return_t refuse(IOService *service, IOService *provider)
{
	IOServiceRegister(service, 0);
	return kIOReturnNoDevice;
}

static const struct IODriverClass refusingClass = {
	.name = "KitRefusing",
	.superclass = &IOUserServiceBase,
	.instanceSize = sizeof(IOService),
	.userService = &(const struct IOUserServiceOperations){ .Start = refuse },
};

static const struct IODriverClass *const classes[] = { &driverClass, &clientClass, &childClass,
						       &refusingClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Kit",
	.classes = classes,
};
