/* SPDX-License-Identifier: MIT */
/* Memory shared with clients: a buffer of their own, and pages that all may only read. */
#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>
#include <IOKit/IOWorkLoop.h>

enum { BUFFER_SIZE = 1024 * 1024, SHARED_SIZE = 64 * 1024, TICK_NS = 1000 * 1000 };
enum { MEMORY_BUFFER, MEMORY_SHARED };

struct MirrorDriver {
	IOService service;
	IOMemoryDescriptor *shared; /* starts with the counter */
	/* inside the work loop's gate */
	IOTimerEventSource *timer;
	unsigned users; /* the counter runs while somebody is there to see it */
};

struct MirrorUserClient {
	IOUserClient client;
	struct MirrorDriver *driver;
	IOMemoryDescriptor *buffer;
};

/* --- methods -------------------------------------------------------------- */

/* The part of the buffer that scalars 0 and 1 (offset, length) name, or NULL. */
static uint8_t *range(struct MirrorUserClient *self, const IOExternalMethodArguments *arguments)
{
	uint64_t offset = arguments->scalarInput[0], length = arguments->scalarInput[1];

	if (offset > BUFFER_SIZE || length > BUFFER_SIZE - offset)
		return NULL;
	return (uint8_t *)IOMemoryDescriptorGetBytes(self->buffer) + offset;
}

static IOReturn checksum(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	const uint8_t *bytes = range(target, arguments);
	uint32_t crc = 0xffffffff;

	if (!bytes)
		return kIOReturnBadArgument;
	for (uint64_t i = 0; i < arguments->scalarInput[1]; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	arguments->scalarOutput[0] = (uint32_t)~crc;
	return kIOReturnSuccess;
}

static IOReturn fill(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint8_t *bytes = range(target, arguments);

	if (!bytes || arguments->scalarInput[2] > 0xff)
		return kIOReturnBadArgument;
	for (uint64_t i = 0; i < arguments->scalarInput[1]; i++)
		bytes[i] = (uint8_t)arguments->scalarInput[2];
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch2022 methods[] = {
	{ checksum, 2, 0, 1, 0, false, NULL },
	{ fill, 3, 0, 0, 0, false, NULL },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	return IOUserClientDispatchExternalMethod(client, selector, arguments, methods,
						  sizeof(methods) / sizeof(*methods), client, NULL);
}

/* --- the counter ------------------------------------------------------------- */

static void tick(void *context, IOTimerEventSource *timer)
{
	struct MirrorDriver *self = context;
	uint64_t *counter = IOMemoryDescriptorGetBytes(self->shared);

	__atomic_fetch_add(counter, 1, __ATOMIC_RELEASE);
	IOTimerEventSourceSetTimeout(timer, TICK_NS);
}

/* ARGUMENT: one user more; NULL: one less. */
static IOReturn changeUsers(void *context, void *argument)
{
	struct MirrorDriver *self = context;

	if (argument && !self->users++)
		return IOTimerEventSourceSetTimeout(self->timer, TICK_NS);
	if (!argument && !--self->users)
		IOTimerEventSourceCancel(self->timer);
	return kIOReturnSuccess;
}

/* --- user client --------------------------------------------------------------- */

static IOReturn clientMemory(IOUserClient *client, uint32_t type, IOOptionBits *options,
			     IOMemoryDescriptor **memory)
{
	struct MirrorUserClient *self = (struct MirrorUserClient *)client;

	if (type > MEMORY_SHARED)
		return kIOReturnUnsupported;
	if (type == MEMORY_SHARED)
		*options |= kIOMapReadOnly;
	*memory = IOMemoryDescriptorRetain(type == MEMORY_SHARED ? self->driver->shared
								 : self->buffer);
	return kIOReturnSuccess;
}

static bool clientStart(IOService *service, IOService *provider)
{
	struct MirrorUserClient *self = (struct MirrorUserClient *)service;

	self->driver = (struct MirrorDriver *)provider;
	self->buffer = IOMemoryDescriptorCreate(BUFFER_SIZE, 0);
	return self->buffer &&
	       !IOWorkLoopRunAction(IOServiceGetWorkLoop(service), changeUsers, self->driver, self);
}

static void clientStop(IOService *service, IOService *provider)
{
	IOWorkLoopRunAction(IOServiceGetWorkLoop(service), changeUsers, provider, NULL);
}

static void clientFree(IOService *service)
{
	IOMemoryDescriptorRelease(((struct MirrorUserClient *)service)->buffer);
}

static IOReturn clientClose(IOUserClient *client)
{
	return IOServiceTerminate(&client->service, 0);
}

static IOService *clientService(IOUserClient *client)
{
	return IOServiceGetProvider(&client->service);
}

static const struct IODriverClass userClientClass = {
	.name = "MirrorUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct MirrorUserClient),
	.service =
		&(const struct IOServiceOperations){
			.start = clientStart,
			.stop = clientStop,
			.free = clientFree,
		},
	.userClient =
		&(const struct IOUserClientOperations){
			.externalMethod = clientMethod,
			.clientMemoryForType = clientMemory,
			.clientClose = clientClose,
			.getService = clientService,
		},
};

/* --- driver ------------------------------------------------------------------------ */

static bool driverStart(IOService *service, IOService *provider)
{
	struct MirrorDriver *self = (struct MirrorDriver *)service;

	self->shared = IOMemoryDescriptorCreate(SHARED_SIZE, kIOMemoryClientReadOnly);
	self->timer = IOTimerEventSourceCreate(IOServiceGetWorkLoop(service), tick, self);
	return self->shared && self->timer && !IOServiceRegister(service, 0);
}

static void driverFree(IOService *service)
{
	struct MirrorDriver *self = (struct MirrorDriver *)service;

	IOTimerEventSourceRelease(self->timer);
	IOMemoryDescriptorRelease(self->shared);
}

static IOReturn newUserClient(IOService *service, const IOClientTask *task, void *securityID,
			      uint32_t type, CFDictionaryRef properties, IOUserClient **client)
{
	return IOServiceCreateUserClient(service, &userClientClass, task, securityID, type,
					 properties, client);
}

static const struct IODriverClass driverClass = {
	.name = "MirrorDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct MirrorDriver),
	.service =
		&(const struct IOServiceOperations){
			.start = driverStart,
			.free = driverFree,
			.newUserClient = newUserClient,
		},
};

static const struct IODriverClass *const classes[] = { &driverClass, &userClientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.driver.Mirror",
	.classes = classes,
};
