/* SPDX-License-Identifier: MIT */
/*
 * The driver behind the fuzz targets host and session. It touches every byte that it is given and
 * counts what must come in pairs; no method waits for anything.
 */
#include <stdatomic.h>
#include <string.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOUserClient.h>

struct FuzzDriver {
	IOService service;
	atomic_ulong opened, closed;
};

struct FuzzUserClient {
	IOUserClient client;
	struct FuzzDriver *driver;
	IOSharedDataQueue *queue;
	IOMemoryDescriptor *memory, *readable;
	IOWakePort *port;
	bool isClosed;
};

static struct FuzzUserClient *self_of(void *target)
{
	return target;
}

/* --- methods ----------------------------------------------------------------------------- */

static IOReturn sum(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < arguments->scalarInputCount; i++)
		all += arguments->scalarInput[i];
	for (uint32_t i = 0; i < arguments->scalarOutputCount; i++)
		arguments->scalarOutput[i] = all;
	return kIOReturnSuccess;
}

/* All input to all output, whichever form they come in. */
static IOReturn copy(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	const void *from = arguments->structureInput;
	void *to = arguments->structureOutput;
	size_t in = arguments->structureInputSize, out = arguments->structureOutputSize;

	if (arguments->structureInputDescriptor) {
		from = IOMemoryDescriptorGetBytes(arguments->structureInputDescriptor);
		in = IOMemoryDescriptorGetLength(arguments->structureInputDescriptor);
	}
	if (arguments->structureOutputDescriptor) {
		to = IOMemoryDescriptorGetBytes(arguments->structureOutputDescriptor);
		out = IOMemoryDescriptorGetLength(arguments->structureOutputDescriptor);
	}
	if (to && out)
		memset(to, 0x55, out);
	if (to && from && in && out)
		memcpy(to, from, in < out ? in : out);
	return kIOReturnSuccess;
}

/* Claims other counts and sizes than it was given room for. */
static IOReturn lie(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutputCount = (uint32_t)arguments->scalarInput[0];
	arguments->structureOutputSize = (uint32_t)arguments->scalarInput[1];
	arguments->structureOutputDescriptorSize = (uint32_t)arguments->scalarInput[1];
	return (IOReturn)arguments->scalarInput[2];
}

static IOReturn later(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	io_user_reference_t words[16] = { 1, 2, 3 };

	if (!arguments->asyncReference)
		return kIOReturnBadArgument;
	for (uint64_t i = 0; i < arguments->scalarInput[0] % 4; i++)
		IOUserClientSendAsyncResult64(&self_of(target)->client, arguments->asyncReference,
					      kIOReturnSuccess, words,
					      (uint32_t)arguments->scalarInput[1]);
	return (IOReturn)arguments->scalarInput[2];
}

static IOReturn variable(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	CFMutableDataRef data;

	if (!arguments->structureVariableOutputData)
		return kIOReturnNotReady;
	data = CFDataCreateMutable(NULL, 0);
	CFDataSetLength(data, (CFIndex)(arguments->scalarInput[0] % 10000));
	*arguments->structureVariableOutputData = data;
	return kIOReturnSuccess;
}

static IOReturn enqueue(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	if (arguments->structureInput)
		arguments->scalarOutput[0] = IOSharedDataQueueEnqueue(
			self_of(target)->queue, (void *)arguments->structureInput,
			arguments->structureInputSize);
	return kIOReturnSuccess;
}

static IOReturn dequeue(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint8_t data[256];
	uint32_t size = sizeof(data);

	arguments->scalarOutput[0] = IOSharedDataQueueDequeue(self_of(target)->queue, data, &size);
	return kIOReturnSuccess;
}

static IOReturn counts(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = self_of(target)->driver->opened;
	arguments->scalarOutput[1] = self_of(target)->driver->closed;
	return kIOReturnSuccess;
}

static IOReturn end(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return IOServiceTerminate(&self_of(target)->client.service, 0);
}

static IOReturn tell(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return IOUserClientSendMessage(self_of(target)->port, (int32_t)arguments->scalarInput[0],
				       arguments->structureInput, arguments->structureInputSize);
}

enum { ANY = kIOUCVariableStructureSize };

static const IOExternalMethodDispatch methods[] = {
	{ sum, 2, 0, 1, 0 },	 { copy, ANY, ANY, ANY, ANY }, { lie, 3, ANY, ANY, ANY },
	{ later, 3, 0, 0, 0 },	 { variable, 1, 0, 0, ANY },   { enqueue, 0, ANY, 1, 0 },
	{ dequeue, 0, 0, 1, 0 }, { counts, 0, 0, 2, 0 },       { end, 0, 0, 0, 0 },
	{ tell, 1, ANY, 0, 0 },	 { sum, ANY, ANY, ANY, ANY },  { NULL, 0, 0, 0, 0 },
};
enum { METHODS = sizeof(methods) / sizeof(*methods) };

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	return IOUserClientExternalMethod(client, selector, arguments,
					  selector < METHODS ? &methods[selector] : NULL, client,
					  NULL);
}

/* --- traps -------------------------------------------------------------------------------- */

static IOReturn trap(IOService *target, uintptr_t p1, uintptr_t p2, uintptr_t p3, uintptr_t p4,
		     uintptr_t p5, uintptr_t p6)
{
	return (IOReturn)(p1 ^ p6);
}

static IOExternalTrap *clientTrap(IOUserClient *client, IOService **target, uint32_t index)
{
	static IOExternalTrap theTrap = { NULL, trap };

	if (index > 1)
		return NULL;
	*target = &client->service;
	return &theTrap;
}

/* --- the rest of a client ------------------------------------------------------------------- */

static IOReturn clientPort(IOUserClient *client, IOWakePort *port, uint32_t type,
			   uint64_t reference)
{
	struct FuzzUserClient *self = self_of(client);

	IOWakePortRetain(port);
	IOWakePortRelease(self->port);
	self->port = port;
	IOSharedDataQueueSetNotificationPort(self->queue, port);
	return kIOReturnSuccess;
}

static IOReturn clientMemory(IOUserClient *client, uint32_t type, IOOptionBits *options,
			     IOMemoryDescriptor **memory)
{
	struct FuzzUserClient *self = self_of(client);

	if (type > 2)
		return kIOReturnUnsupported;
	if (type == 2)
		*options |= kIOMapReadOnly;
	*memory = IOMemoryDescriptorRetain(type == 1 ? self->readable : self->memory);
	return kIOReturnSuccess;
}

static IOReturn clientClose(IOUserClient *client)
{
	struct FuzzUserClient *self = self_of(client);

	self->driver->closed++;
	self->isClosed = true;
	return IOServiceTerminate(&client->service, 0);
}

static bool clientStart(IOService *service, IOService *provider)
{
	struct FuzzUserClient *self = self_of(service);

	self->driver = (struct FuzzDriver *)provider;
	self->queue = IOSharedDataQueueCreateWithCapacity(512);
	self->memory = IOSharedDataQueueCopyMemoryDescriptor(self->queue);
	self->readable = IOMemoryDescriptorCreate(100, kIOMemoryClientReadOnly);
	if (!self->queue || !self->memory || !self->readable)
		return false;
	self->driver->opened++;
	return true;
}

static IOService *clientService(IOUserClient *client)
{
	return &self_of(client)->driver->service;
}

static IOReturn clientConnect(IOUserClient *client, IOUserClient *other)
{
	return kIOReturnSuccess;
}

static void clientFree(IOService *service)
{
	struct FuzzUserClient *self = self_of(service);

	IOMemoryDescriptorRelease(self->memory);
	IOMemoryDescriptorRelease(self->readable);
	IOSharedDataQueueRelease(self->queue);
	IOWakePortRelease(self->port);
}

static const struct IODriverClass userClientClass = {
	.name = "FuzzDriverUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct FuzzUserClient),
	.service = &(const struct IOServiceOperations){ .start = clientStart, .free = clientFree },
	.userClient =
		&(const struct IOUserClientOperations){
			.externalMethod = clientMethod,
			.clientClose = clientClose,
			.registerNotificationPort = clientPort,
			.clientMemoryForType = clientMemory,
			.getService = clientService,
			.connectClient = clientConnect,
			.getTargetAndTrapForIndex = clientTrap,
		},
};

/* --- driver --------------------------------------------------------------------------------- */

static bool driverStart(IOService *service, IOService *provider)
{
	return !IOServiceRegister(service, 0);
}

static const struct IODriverClass driverClass = {
	.name = "FuzzDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct FuzzDriver),
	.service = &(const struct IOServiceOperations){ .start = driverStart },
};

static const struct IODriverClass *const classes[] = { &driverClass, &userClientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Fuzz",
	.classes = classes,
};
