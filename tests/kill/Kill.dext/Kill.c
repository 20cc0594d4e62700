/* SPDX-License-Identifier: MIT */
/* The driver of the kill campaigns: it counts what the framework does to its user clients. */
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

#include "Kill.h"

#define ANY kIOUCVariableStructureSize

struct KillDriver {
	IOService service;
};

struct KillUserClient {
	IOUserClient client;
	IOMemoryDescriptor *memory;
	atomic_bool closed;
};

static _Atomic uint64_t counts[KILL_N];

/* --- methods -------------------------------------------------------------- */

static IOReturn add(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = arguments->scalarInput[0] + arguments->scalarInput[1];
	return kIOReturnSuccess;
}

static IOReturn echo(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	IOMemoryDescriptor *in = arguments->structureInputDescriptor;
	IOMemoryDescriptor *out = arguments->structureOutputDescriptor;
	uint64_t size = in ? IOMemoryDescriptorGetLength(in) : arguments->structureInputSize;
	uint32_t *room =
		out ? &arguments->structureOutputDescriptorSize : &arguments->structureOutputSize;

	if (size > *room)
		return kIOReturnBadArgument;
	*room = (uint32_t)size;
	memcpy(out ? IOMemoryDescriptorGetBytes(out) : arguments->structureOutput,
	       in ? IOMemoryDescriptorGetBytes(in) : arguments->structureInput, size);
	return kIOReturnSuccess;
}

static IOReturn sleepFor(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct timespec left = { .tv_sec = (time_t)(arguments->scalarInput[0] / 1000000000),
				 .tv_nsec = (long)(arguments->scalarInput[0] % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left))
		;
	return kIOReturnSuccess;
}

/* The framework takes the reference back when the user client ends. */
static IOReturn keep(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return arguments->asyncReference ? kIOReturnSuccess : kIOReturnBadArgument;
}

static IOReturn count(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	for (int i = 0; i < KILL_N; i++)
		arguments->scalarOutput[i] = atomic_load(&counts[i]);
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch2022 methods[KILL_SELECTORS] = {
	[KILL_ADD] = { add, 2, 0, 1, 0, false, NULL },
	[KILL_ECHO] = { echo, 0, ANY, 0, ANY, false, NULL },
	[KILL_SLEEP] = { sleepFor, 1, 0, 0, 0, false, NULL },
	[KILL_KEEP] = { keep, 0, 0, 0, 0, true, NULL },
	[KILL_COUNTS] = { count, 0, 0, KILL_N, 0, false, NULL },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	if (atomic_load(&((struct KillUserClient *)client)->closed))
		atomic_fetch_add(&counts[KILL_LATE], 1);
	return IOUserClientDispatchExternalMethod(client, selector, arguments, methods,
						  KILL_SELECTORS, client, NULL);
}

/* --- user client --------------------------------------------------------------- */

static bool clientStart(IOService *service, IOService *provider)
{
	struct KillUserClient *self = (struct KillUserClient *)service;

	self->memory = IOMemoryDescriptorCreate(KILL_MEMORY_SIZE, 0);
	if (self->memory)
		atomic_fetch_add(&counts[KILL_OPENS], 1);
	return self->memory;
}

static void clientFree(IOService *service)
{
	struct KillUserClient *self = (struct KillUserClient *)service;

	if (self->memory)
		atomic_fetch_add(&counts[KILL_FREES], 1);
	IOMemoryDescriptorRelease(self->memory);
}

static IOReturn clientClose(IOUserClient *client)
{
	struct KillUserClient *self = (struct KillUserClient *)client;

	atomic_fetch_add(&counts[atomic_exchange(&self->closed, true) ? KILL_DOUBLES : KILL_CLOSES],
			 1);
	return IOServiceTerminate(&client->service, 0);
}

static IOReturn clientMemory(IOUserClient *client, uint32_t type, IOOptionBits *options,
			     IOMemoryDescriptor **memory)
{
	if (type != KILL_MEMORY)
		return kIOReturnUnsupported;
	*memory = IOMemoryDescriptorRetain(((struct KillUserClient *)client)->memory);
	return kIOReturnSuccess;
}

static const struct IODriverClass userClientClass = {
	.name = "KillUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct KillUserClient),
	.service =
		&(const struct IOServiceOperations){
			.start = clientStart,
			.free = clientFree,
		},
	.userClient =
		&(const struct IOUserClientOperations){
			.externalMethod = clientMethod,
			.clientClose = clientClose,
			.clientMemoryForType = clientMemory,
		},
};

/* --- driver ---------------------------------------------------------------------- */

static bool driverStart(IOService *service, IOService *provider)
{
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static IOReturn newUserClient(IOService *service, const IOClientTask *task, void *securityID,
			      uint32_t type, CFDictionaryRef properties, IOUserClient **client)
{
	return IOServiceCreateUserClient(service, &userClientClass, task, securityID, type,
					 properties, client);
}

static const struct IODriverClass driverClass = {
	.name = "KillDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct KillDriver),
	.service =
		&(const struct IOServiceOperations){
			.start = driverStart,
			.newUserClient = newUserClient,
		},
};

static const struct IODriverClass *const classes[] = { &driverClass, &userClientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Kill",
	.classes = classes,
};
