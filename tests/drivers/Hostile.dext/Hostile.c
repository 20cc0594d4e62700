/* SPDX-License-Identifier: MIT */
/* A driver that lies, scribbles and crashes when it is told to. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

extern char **environ;

struct HostileDriver {
	IOService service;
	atomic_uint_fast64_t entered;
	IOMemoryDescriptor *page;
};

struct HostileUserClient {
	IOUserClient client;
	struct HostileDriver *driver;
	pthread_mutex_t lock;
	OSAsyncReference64 kept; /* guarded by lock */
};

static struct HostileUserClient *self_of(void *target)
{
	return target;
}

/* --- methods with counts that must match ------------------------------------------------------- */

static IOReturn sum(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	self_of(target)->driver->entered++;
	arguments->scalarOutput[0] = arguments->scalarInput[0] + arguments->scalarInput[1];
	return kIOReturnSuccess;
}

static IOReturn copy(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	self_of(target)->driver->entered++;
	memcpy(arguments->structureOutput, arguments->structureInput, 16);
	return kIOReturnSuccess;
}

/* Every byte that the framework says is there is read or written. */
static IOReturn any(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	const uint8_t *in = arguments->structureInput;
	uint64_t total = 0;

	self_of(target)->driver->entered++;
	for (uint32_t i = 0; i < arguments->structureInputSize; i++)
		total += in[i];
	for (uint32_t i = 0; i < arguments->scalarInputCount; i++)
		total += arguments->scalarInput[i];
	for (uint32_t i = 0; i < arguments->scalarOutputCount; i++)
		arguments->scalarOutput[i] = total;
	if (arguments->structureOutputSize)
		memset(arguments->structureOutput, 0x3c, arguments->structureOutputSize);
	if (arguments->structureOutputDescriptor)
		memset(IOMemoryDescriptorGetBytes(arguments->structureOutputDescriptor), 0x3c,
		       IOMemoryDescriptorGetLength(arguments->structureOutputDescriptor));
	return kIOReturnSuccess;
}

static IOReturn entered(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = self_of(target)->driver->entered;
	return kIOReturnSuccess;
}

static IOReturn part(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	size_t n = (size_t)arguments->scalarInput[0];

	if (arguments->structureOutputDescriptor) {
		memset(IOMemoryDescriptorGetBytes(arguments->structureOutputDescriptor), 0x3c, n);
		arguments->structureOutputDescriptorSize = (uint32_t)arguments->scalarInput[1];
	} else {
		memset(arguments->structureOutput, 0x3c, n);
		arguments->structureOutputSize = (uint32_t)arguments->scalarInput[1];
	}
	return kIOReturnSuccess;
}

/* --- asynchronous ---------------------------------------------------------------------------------- */

static IOReturn keep(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	pthread_mutex_lock(&self_of(target)->lock);
	IOUserClientCopyAsyncReference(arguments, self_of(target)->kept);
	pthread_mutex_unlock(&self_of(target)->lock);
	return kIOReturnSuccess;
}

static IOReturn complete(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	io_user_reference_t number = arguments->scalarInput[0];

	pthread_mutex_lock(&self_of(target)->lock);
	arguments->scalarOutput[0] = (uint32_t)IOUserClientSendAsyncResult64(
		&self_of(target)->client, self_of(target)->kept, kIOReturnSuccess, &number, 1);
	pthread_mutex_unlock(&self_of(target)->lock);
	return kIOReturnSuccess;
}

static IOReturn forge(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint64_t *kept = self_of(target)->kept;

	pthread_mutex_lock(&self_of(target)->lock);
	kept[1] = arguments->scalarInput[0];
	kept[2] = arguments->scalarInput[1];
	for (int i = 3; i < kOSAsyncRef64Count; i++)
		kept[i] = ~kept[i];
	pthread_mutex_unlock(&self_of(target)->lock);
	return kIOReturnSuccess;
}

static IOReturn forget(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	IOReturn status;

	pthread_mutex_lock(&self_of(target)->lock);
	status = IOUserClientReleaseAsyncReference64(&self_of(target)->client,
						     self_of(target)->kept);
	pthread_mutex_unlock(&self_of(target)->lock);
	return status;
}

/* --- below the framework ----------------------------------------------------------------------------- */

static IOReturn lie(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] =
		hostile_lie((enum hostile_lie)arguments->scalarInput[0], arguments->scalarInput[1]);
	return kIOReturnSuccess;
}

static IOReturn scribble(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return hostile_scribble(arguments->scalarInput[0], arguments->scalarInput[1])
		     ? kIOReturnSuccess
		     : kIOReturnNotFound;
}

static IOReturn crash(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	self_of(target)->driver->entered++;
	arguments->scalarOutput[0] = hostile_crash((enum hostile_crash)arguments->scalarInput[0],
						   arguments->scalarInput[1]);
	return kIOReturnSuccess;
}

static IOReturn touch(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	volatile uint8_t *page = IOMemoryDescriptorGetBytes(self_of(target)->driver->page);
	uint64_t total = 0;

	for (int i = 0; i < HOSTILE_PAGE; i++)
		page[i] = (uint8_t)arguments->scalarInput[0];
	for (int i = 0; i < HOSTILE_PAGE; i++)
		total += page[i];
	arguments->scalarOutput[0] = total;
	return kIOReturnSuccess;
}

/* What drivers have to do with a command in memory that their client can write: copy, check, use. */
static IOReturn command(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	volatile uint32_t *page = IOMemoryDescriptorGetBytes(self_of(target)->driver->page);
	uint64_t wild = 0;

	for (uint64_t i = 0; i < arguments->scalarInput[0]; i++) {
		volatile uint32_t copied = *page;

		if (copied >= HOSTILE_COMMAND_MAX)
			continue;
		wild += copied >= HOSTILE_COMMAND_MAX;
	}
	arguments->scalarOutput[0] = wild;
	return kIOReturnSuccess;
}

static IOReturn fds(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[1] = hostile_count_descriptors(&arguments->scalarOutput[0]);
	return kIOReturnSuccess;
}

static IOReturn environment(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	char *out = arguments->structureOutput;
	size_t room = arguments->structureOutputSize;

	for (char **at = environ; *at; at++) {
		size_t n = strlen(*at);

		if (n + 1 > room)
			break;
		memcpy(out, *at, n);
		out[n] = '\n';
		out += n + 1;
		room -= n + 1;
	}
	return kIOReturnSuccess;
}

/* What is there is no output of anybody's, and less than is reported. */
static IOReturn elsewhere(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	static uint64_t others = 0x6f74686572736f6eu;

	arguments->scalarOutput = &others;
	arguments->structureOutput = &others;
	if (arguments->structureOutputDescriptor)
		arguments->structureOutputDescriptor = self_of(target)->driver->page;
	else
		arguments->structureVariableOutputData = NULL;
	return kIOReturnSuccess;
}

#define ANY kIOUCVariableStructureSize

static const IOExternalMethodDispatch methods[HOSTILE_SELECTORS] = {
	[HOSTILE_SUM] = { sum, 2, 0, 1, 0 },
	[HOSTILE_COPY] = { copy, 0, 16, 0, 16 },
	[HOSTILE_ANY] = { any, ANY, ANY, ANY, ANY },
	[HOSTILE_ENTERED] = { entered, 0, 0, 1, 0 },
	[HOSTILE_PART] = { part, 2, 0, 0, ANY },
	[HOSTILE_KEEP] = { keep, 0, 0, 0, 0 },
	[HOSTILE_COMPLETE] = { complete, 1, 0, 1, 0 },
	[HOSTILE_FORGE] = { forge, 2, 0, 0, 0 },
	[HOSTILE_FORGET] = { forget, 0, 0, 0, 0 },
	[HOSTILE_LIE] = { lie, 2, 0, 1, 0 },
	[HOSTILE_SCRIBBLE] = { scribble, 2, 0, 0, 0 },
	[HOSTILE_CRASH] = { crash, 2, 0, 1, 0 },
	[HOSTILE_TOUCH] = { touch, 1, 0, 1, 0 },
	[HOSTILE_COMMAND] = { command, 1, 0, 1, 0 },
	[HOSTILE_FDS] = { fds, 0, 0, 2, 0 },
	[HOSTILE_ENVIRONMENT] = { environment, 0, 0, 0, ANY },
	[HOSTILE_ELSEWHERE] = { elsewhere, ANY, ANY, ANY, ANY },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	if (selector >= HOSTILE_SELECTORS)
		return kIOReturnBadArgument;
	hostile_crash_at(&self_of(client)->driver->service, "method");
	return IOUserClientExternalMethod(client, selector, arguments, &methods[selector], client,
					  NULL);
}

/* --- life ------------------------------------------------------------------------------------------------ */

static IOReturn clientMemory(IOUserClient *client, uint32_t type, IOOptionBits *options,
			     IOMemoryDescriptor **memory)
{
	if (type)
		return kIOReturnBadArgument;
	*memory = IOMemoryDescriptorRetain(self_of(client)->driver->page);
	return kIOReturnSuccess;
}

static bool clientStart(IOService *service, IOService *provider)
{
	struct HostileUserClient *self = self_of(service);

	self->driver = (struct HostileDriver *)provider;
	pthread_mutex_init(&self->lock, NULL);
	hostile_crash_at(provider, "open");
	return true;
}

static IOReturn clientClose(IOUserClient *client)
{
	hostile_crash_at(&self_of(client)->driver->service, "close");
	return IOServiceTerminate(&client->service, 0);
}

static void clientFree(IOService *service)
{
	pthread_mutex_destroy(&self_of(service)->lock);
}

static const struct IODriverClass userClientClass = {
	.name = "HostileUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct HostileUserClient),
	.service =
		&(const struct IOServiceOperations){
			.start = clientStart,
			.free = clientFree,
		},
	.userClient =
		&(const struct IOUserClientOperations){
			.externalMethod = clientMethod,
			.clientMemoryForType = clientMemory,
			.clientClose = clientClose,
		},
};

static IOService *driverProbe(IOService *service, IOService *provider, int32_t *score)
{
	hostile_crash_at(service, "probe");
	return service;
}

static bool driverStart(IOService *service, IOService *provider)
{
	struct HostileDriver *self = (struct HostileDriver *)service;

	hostile_crash_at(service, "start");
	self->page = IOMemoryDescriptorCreate(HOSTILE_PAGE, 0);
	return self->page && !IOServiceRegister(service, 0);
}

static void driverStop(IOService *service, IOService *provider)
{
	hostile_crash_at(service, "stop");
}

static void driverFree(IOService *service)
{
	IOMemoryDescriptorRelease(((struct HostileDriver *)service)->page);
}

static const struct IODriverClass driverClass = {
	.name = "HostileDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct HostileDriver),
	.service =
		&(const struct IOServiceOperations){
			.probe = driverProbe,
			.start = driverStart,
			.stop = driverStop,
			.free = driverFree,
		},
};

static const struct IODriverClass *const classes[] = { &driverClass, &userClientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Hostile",
	.classes = classes,
};
