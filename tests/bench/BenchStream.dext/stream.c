// SPDX-License-Identifier: MIT
/*
 * Driver for the data-queue measurement: selector 0 puts as many records of 64
 * bytes into the queue as its one scalar says and returns when all are in. When
 * the queue is full it waits for the consumer.
 */
#include <string.h>
#include <time.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOUserClient.h>

enum { QUEUE_BYTES = 1024 * 1024, RECORD_BYTES = 64, WAIT_NS = 20000, WAITS_MAX = 100000 };

struct stream_client {
	IOUserClient client;
	IOSharedDataQueue *queue;
};

static void wait_a_little(void)
{
	struct timespec t = { 0, WAIT_NS };

	nanosleep(&t, NULL);
}

static IOReturn produce(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct stream_client *c = target;
	uint64_t record[RECORD_BYTES / sizeof(uint64_t)] = { 0 };

	for (uint64_t i = 0; i < arguments->scalarInput[0]; i++) {
		record[0] = i;
		for (int waits = 0; !IOSharedDataQueueEnqueue(c->queue, record, sizeof(record));
		     waits++) {
			/* A consumer that has gone must not keep the host. */
			if (waits == WAITS_MAX)
				return kIOReturnTimeout;
			wait_a_little();
		}
	}
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch2022 methods[] = {
	{ .function = produce, .checkScalarInputCount = 1 },
};

static IOReturn external_method(IOUserClient *client, uint32_t selector,
				IOExternalMethodArguments *arguments)
{
	return IOUserClientDispatchExternalMethod(client, selector, arguments, methods, 1, client,
						  NULL);
}

static bool start(IOService *service, IOService *provider)
{
	struct stream_client *c = (struct stream_client *)service;

	c->queue = IOSharedDataQueueCreateWithCapacity(QUEUE_BYTES);
	return c->queue != NULL;
}

static void free_client(IOService *service)
{
	struct stream_client *c = (struct stream_client *)service;

	if (c->queue)
		IOSharedDataQueueRelease(c->queue);
}

static IOReturn close_client(IOUserClient *client)
{
	IOServiceTerminate((IOService *)client, 0);
	return kIOReturnSuccess;
}

static IOReturn register_port(IOUserClient *client, IOWakePort *port, uint32_t type,
			      uint64_t reference)
{
	IOSharedDataQueueSetNotificationPort(((struct stream_client *)client)->queue, port);
	return kIOReturnSuccess;
}

static IOReturn memory_for_type(IOUserClient *client, uint32_t type, IOOptionBits *options,
				IOMemoryDescriptor **memory)
{
	*memory = IOSharedDataQueueCopyMemoryDescriptor(((struct stream_client *)client)->queue);
	return *memory ? kIOReturnSuccess : kIOReturnNoMemory;
}

static const struct IOServiceOperations client_service = { .start = start, .free = free_client };
static const struct IOUserClientOperations client_operations = {
	.clientClose = close_client,
	.externalMethod = external_method,
	.registerNotificationPort = register_port,
	.clientMemoryForType = memory_for_type,
};
static const struct IODriverClass client_class = {
	.name = "BenchStreamUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct stream_client),
	.service = &client_service,
	.userClient = &client_operations,
};

static bool start_driver(IOService *service, IOService *provider)
{
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static const struct IOServiceOperations driver_service = { .start = start_driver };
static const struct IODriverClass driver_class = {
	.name = "BenchStream",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service = &driver_service,
};

static const struct IODriverClass *const classes[] = { &driver_class, &client_class, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.bench.stream",
	.classes = classes,
};
