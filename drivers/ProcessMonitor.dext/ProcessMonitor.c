/* SPDX-License-Identifier: MIT */
/* The driver: a data queue of process events for each client. */
#include "ProcessMonitor.h"

#include <string.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOUserClient.h>

enum { QUEUE_DEFAULT = 256 * 1024, QUEUE_MIN = 256, QUEUE_MAX = 64 * 1024 * 1024 };
enum { PORT_MONITOR = 0, MEMORY_QUEUE = kIODefaultMemoryType };
enum { SELF_TEST_MAX = 1000 * 1000 };

struct ProcessMonitor {
	IOService service;
	bool connector; /* the kernel sends events */
};

/* The mask has the bit of each kind's number; no kind has number 0, so bit 0 asks for all. */
#define EVERY_KIND 1ull
#define KNOWN_KINDS 0xfull

struct ProcessMonitorUserClient {
	IOUserClient client;
	struct ProcessMonitor *monitor;
	IOSharedDataQueue *queue;
	/* inside the work loop's gate */
	struct Connector *connector;
	struct Scan *scan;
	uint64_t mask, sequence, enqueued, dropped;
};

/* --- records --------------------------------------------------------------- */

static void enqueue(struct ProcessMonitorUserClient *self, struct ProcessRecord *record)
{
	record->version = 1;
	record->sequence = ++self->sequence;
	if (IOSharedDataQueueEnqueue(self->queue, record, sizeof(*record)))
		self->enqueued++;
	else
		self->dropped++;
}

static void processEvent(void *context, uint32_t kind, uint32_t pid, uint32_t parentOrStatus,
			 uint64_t time, const char *comm)
{
	struct ProcessMonitorUserClient *self = context;
	struct ProcessRecord record = {
		.kind = kind,
		.pid = pid,
		.parentOrStatus = parentOrStatus,
		.time = time ? time : processNow(),
	};

	if (!(self->mask & (1ull << kind | EVERY_KIND)))
		return;
	if (comm)
		memcpy(record.comm, comm, sizeof(record.comm));
	else
		processRead(pid, record.comm, NULL, NULL);
	enqueue(self, &record);
}

/* --- what runs inside the gate ------------------------------------------------ */

static IOReturn stopInGate(void *context, void *argument)
{
	struct ProcessMonitorUserClient *self = context;

	connectorStop(self->connector);
	scanStop(self->scan);
	self->connector = NULL;
	self->scan = NULL;
	self->mask = 0;
	return kIOReturnSuccess;
}

static IOReturn startInGate(void *context, void *argument)
{
	struct ProcessMonitorUserClient *self = context;
	IOWorkLoop *loop = IOServiceGetWorkLoop(&self->client.service);

	self->mask = *(const uint64_t *)argument;
	if (self->connector || self->scan)
		return kIOReturnSuccess; /* only the mask has changed */
	if (self->monitor->connector)
		self->connector = connectorStart(loop, processEvent, self);
	if (!self->connector)
		self->scan = scanStart(loop, processEvent, self);
	return self->connector || self->scan ? kIOReturnSuccess : kIOReturnNoResources;
}

static IOReturn statisticsInGate(void *context, void *argument)
{
	struct ProcessMonitorUserClient *self = context;
	uint64_t *output = argument;
	bool connector = self->connector || (self->monitor->connector && !self->scan);

	output[0] = self->enqueued;
	output[1] = self->dropped;
	output[2] = IOSharedDataQueueGetQueueSize(self->queue);
	output[3] = connector ? SOURCE_CONNECTOR : SOURCE_SCAN;
	return kIOReturnSuccess;
}

static IOReturn selfTestInGate(void *context, void *argument)
{
	const uint64_t *count = argument;

	for (uint64_t i = 0; i < *count; i++) {
		struct ProcessRecord record = { .kind = KIND_SELF_TEST,
						.pid = (uint32_t)i,
						.time = processNow(),
						.comm = "selfTest" };
		enqueue(context, &record);
	}
	return kIOReturnSuccess;
}

/* --- methods --------------------------------------------------------------------- */

static IOReturn inGate(OSObject *target, IOWorkLoopAction action, void *argument)
{
	struct ProcessMonitorUserClient *self = target;

	return IOWorkLoopRunAction(IOServiceGetWorkLoop(&self->client.service), action, self,
				   argument);
}

static IOReturn start(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint64_t mask = arguments->scalarInput[0] & KNOWN_KINDS;

	return mask ? inGate(target, startInGate, &mask) : kIOReturnBadArgument;
}

static IOReturn stop(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return inGate(target, stopInGate, NULL);
}

static IOReturn statistics(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return inGate(target, statisticsInGate, arguments->scalarOutput);
}

static IOReturn selfTest(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint64_t count = arguments->scalarInput[0];

	return count <= SELF_TEST_MAX ? inGate(target, selfTestInGate, &count)
				      : kIOReturnBadArgument;
}

static const IOExternalMethodDispatch2022 methods[] = {
	{ start, 1, 0, 0, 0, false, NULL },
	{ stop, 0, 0, 0, 0, false, NULL },
	{ statistics, 0, 0, 4, 0, false, NULL },
	{ selfTest, 1, 0, 0, 0, false, NULL },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	return IOUserClientDispatchExternalMethod(client, selector, arguments, methods,
						  sizeof(methods) / sizeof(*methods), client, NULL);
}

/* --- user client -------------------------------------------------------------------- */

static bool clientStart(IOService *service, IOService *provider)
{
	struct ProcessMonitorUserClient *self = (struct ProcessMonitorUserClient *)service;
	int64_t size = IOServiceGetNumberProperty(provider, CFSTR("QueueSize"), QUEUE_DEFAULT);

	if (size < QUEUE_MIN || size > QUEUE_MAX)
		size = QUEUE_DEFAULT;
	self->monitor = (struct ProcessMonitor *)provider;
	self->queue = IOSharedDataQueueCreateWithCapacity((uint32_t)size);
	return self->queue && IOServiceGetWorkLoop(service);
}

static IOReturn clientPort(IOUserClient *client, IOWakePort *port, uint32_t type,
			   uint64_t reference)
{
	if (type != PORT_MONITOR)
		return kIOReturnUnsupported;
	IOSharedDataQueueSetNotificationPort(((struct ProcessMonitorUserClient *)client)->queue,
					     port);
	return kIOReturnSuccess;
}

static IOReturn clientMemory(IOUserClient *client, uint32_t type, IOOptionBits *options,
			     IOMemoryDescriptor **memory)
{
	if (type != MEMORY_QUEUE)
		return kIOReturnUnsupported;
	*memory = IOSharedDataQueueCopyMemoryDescriptor(
		((struct ProcessMonitorUserClient *)client)->queue);
	return kIOReturnSuccess;
}

static IOReturn clientClose(IOUserClient *client)
{
	inGate(client, stopInGate, NULL);
	return IOServiceTerminate(&client->service, 0);
}

static IOService *clientService(IOUserClient *client)
{
	return IOServiceGetProvider(&client->service);
}

static void clientFree(IOService *service)
{
	IOSharedDataQueueRelease(((struct ProcessMonitorUserClient *)service)->queue);
}

static const struct IODriverClass userClientClass = {
	.name = "ProcessMonitorUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct ProcessMonitorUserClient),
	.service = &(const struct IOServiceOperations){ .start = clientStart, .free = clientFree },
	.userClient =
		&(const struct IOUserClientOperations){
			.externalMethod = clientMethod,
			.registerNotificationPort = clientPort,
			.clientMemoryForType = clientMemory,
			.clientClose = clientClose,
			.getService = clientService,
		},
};

/* --- driver ----------------------------------------------------------------------------- */

static bool driverStart(IOService *service, IOService *provider)
{
	((struct ProcessMonitor *)service)->connector = connectorWorks();
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static const struct IODriverClass driverClass = {
	.name = "ProcessMonitor",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct ProcessMonitor),
	.service = &(const struct IOServiceOperations){ .start = driverStart },
};

static const struct IODriverClass *const classes[] = { &driverClass, &userClientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.driver.ProcessMonitor",
	.classes = classes,
};
