/* SPDX-License-Identifier: MIT */
/* A well-behaved driver: calls, completions and a queue, nothing else. */
#include <IOKit/IODriver.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOUserClient.h>

#include "Witness.h"

enum { CAPACITY = 64 * 1024 };

struct WitnessUserClient {
	IOUserClient client;
	IOSharedDataQueue *queue;
	OSAsyncReference64 reference;
	bool subscribed;
};

static IOReturn echo(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = arguments->scalarInput[0] + 1;
	return kIOReturnSuccess;
}

static IOReturn subscribe(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct WitnessUserClient *self = target;

	if (!arguments->asyncReference || self->subscribed)
		return kIOReturnBadArgument;
	IOUserClientCopyAsyncReference(arguments, self->reference);
	self->subscribed = true;
	return kIOReturnSuccess;
}

static IOReturn tick(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct WitnessUserClient *self = target;
	io_user_reference_t number = arguments->scalarInput[0];

	if (!self->subscribed)
		return kIOReturnNotReady;
	arguments->scalarOutput[0] = !IOUserClientSendAsyncResult64(&self->client, self->reference,
								    kIOReturnSuccess, &number, 1);
	arguments->scalarOutput[1] = IOSharedDataQueueEnqueue(self->queue, &number, sizeof(number));
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch methods[WITNESS_SELECTORS] = {
	[WITNESS_ECHO] = { echo, 1, 0, 1, 0 },
	[WITNESS_SUBSCRIBE] = { subscribe, 0, 0, 0, 0 },
	[WITNESS_TICK] = { tick, 1, 0, 2, 0 },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	if (selector >= WITNESS_SELECTORS)
		return kIOReturnBadArgument;
	return IOUserClientExternalMethod(client, selector, arguments, &methods[selector], client,
					  NULL);
}

static IOReturn clientMemory(IOUserClient *client, uint32_t type, IOOptionBits *options,
			     IOMemoryDescriptor **memory)
{
	struct WitnessUserClient *self = (struct WitnessUserClient *)client;

	if (type)
		return kIOReturnBadArgument;
	*memory = IOSharedDataQueueCopyMemoryDescriptor(self->queue);
	return *memory ? kIOReturnSuccess : kIOReturnNoMemory;
}

static bool clientStart(IOService *service, IOService *provider)
{
	struct WitnessUserClient *self = (struct WitnessUserClient *)service;

	self->queue = IOSharedDataQueueCreateWithCapacity(CAPACITY);
	return self->queue != NULL;
}

static IOReturn clientClose(IOUserClient *client)
{
	return IOServiceTerminate(&client->service, 0);
}

static void clientFree(IOService *service)
{
	IOSharedDataQueueRelease(((struct WitnessUserClient *)service)->queue);
}

static const struct IODriverClass userClientClass = {
	.name = "WitnessUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct WitnessUserClient),
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

static bool driverStart(IOService *service, IOService *provider)
{
	return !IOServiceRegister(service, 0);
}

static const struct IODriverClass driverClass = {
	.name = "WitnessDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service = &(const struct IOServiceOperations){ .start = driverStart },
};

static const struct IODriverClass *const classes[] = { &driverClass, &userClientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Witness",
	.classes = classes,
};
