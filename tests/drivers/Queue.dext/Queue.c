/* SPDX-License-Identifier: MIT */
/* A driver whose clients say which data queue they want and what goes into it. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include <IOKit/IOCircularDataQueue.h>
#include <IOKit/IODriver.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOUserClient.h>

#include "Queue.h"

struct QueueDriver {
	IOService service;
	pthread_mutex_t lock;
	IOCircularDataQueue *circular; /* guarded by lock */
	uint32_t size;		       /* of its entries */
};

struct QueueUserClient {
	IOUserClient client;
	struct QueueDriver *driver;
	IOSharedDataQueue *queue;
	IOMemoryDescriptor *memory; /* one descriptor for the life of the queue */
	IOWakePort *port;
	pthread_t thread;
	bool running;
	atomic_bool stop;
	uint64_t count, most; /* for the thread */
};

static struct QueueUserClient *self_of(void *target)
{
	return target;
}

/* --- data queues ---------------------------------------------------------------------- */

static IOReturn create(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct QueueUserClient *self = self_of(target);
	uint32_t a = (uint32_t)arguments->scalarInput[1], b = (uint32_t)arguments->scalarInput[2];

	switch (arguments->scalarInput[0]) {
	case QUEUE_SHARED:
		self->queue = IOSharedDataQueueCreateWithCapacity(a);
		break;
	case QUEUE_SHARED_ENTRIES:
		self->queue = IOSharedDataQueueCreateWithEntries(a, b);
		break;
	case QUEUE_PLAIN:
		self->queue = IODataQueueCreateWithCapacity(a);
		break;
	case QUEUE_PLAIN_ENTRIES:
		self->queue = IODataQueueCreateWithEntries(a, b);
		break;
	}
	arguments->scalarOutput[0] = self->queue != NULL;
	if (!self->queue)
		return kIOReturnSuccess;
	arguments->scalarOutput[1] = IOSharedDataQueueGetQueueSize(self->queue);
	self->memory = IOSharedDataQueueCopyMemoryDescriptor(self->queue);
	IOSharedDataQueueSetNotificationPort(self->queue, self->port);
	return kIOReturnSuccess;
}

static IOReturn enqueue(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = IOSharedDataQueueEnqueue(
		self_of(target)->queue, arguments->structureInput, arguments->structureInputSize);
	return kIOReturnSuccess;
}

static IOReturn fill(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint8_t data[4096];
	uint64_t n = 0;

	if (arguments->scalarInput[1] > sizeof(data))
		return kIOReturnBadArgument;
	for (; n < arguments->scalarInput[0]; n++) {
		memset(data, (int)n, sizeof(data));
		if (!IOSharedDataQueueEnqueue(self_of(target)->queue, data,
					      (uint32_t)arguments->scalarInput[1]))
			break;
	}
	arguments->scalarOutput[0] = n;
	return kIOReturnSuccess;
}

static IOReturn dequeue(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint8_t data[4096] = { 0 };
	uint32_t size = (uint32_t)arguments->scalarInput[0];

	if (size > sizeof(data))
		return kIOReturnBadArgument;
	arguments->scalarOutput[0] = IOSharedDataQueueDequeue(self_of(target)->queue, data, &size);
	arguments->scalarOutput[1] = size;
	arguments->scalarOutput[2] = data[0];
	return kIOReturnSuccess;
}

static IOReturn skip(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = IOSharedDataQueueDequeue(self_of(target)->queue, NULL, NULL);
	return kIOReturnSuccess;
}

static IOReturn peek(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint32_t size = 0;
	const uint8_t *data = IOSharedDataQueuePeek(self_of(target)->queue, &size);

	arguments->scalarOutput[0] = data != NULL;
	arguments->scalarOutput[1] = size;
	arguments->scalarOutput[2] = data && size ? *data : 0;
	return kIOReturnSuccess;
}

/* --- threads -------------------------------------------------------------------------- */

static void join(struct QueueUserClient *self)
{
	if (!self->running)
		return;
	self->stop = true;
	pthread_join(self->thread, NULL);
	self->stop = false;
	self->running = false;
}

static IOReturn start(struct QueueUserClient *self, void *(*run)(void *))
{
	join(self);
	self->running = !pthread_create(&self->thread, NULL, run, self);
	return self->running ? kIOReturnSuccess : kIOReturnNoResources;
}

static void *produce(void *context)
{
	struct QueueUserClient *self = context;
	uint8_t data[4096] = { 0 };

	for (uint64_t n = 0; n < self->count && !self->stop;) {
		memcpy(data, &n, sizeof(n));
		if (IOSharedDataQueueEnqueue(self->queue, data,
					     queue_size_of(n, (unsigned)self->most)))
			n++;
		else
			sched_yield();
	}
	return NULL;
}

static IOReturn run(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct QueueUserClient *self = self_of(target);

	if (arguments->scalarInput[1] < 8 || arguments->scalarInput[1] > 4096)
		return kIOReturnBadArgument;
	join(self);
	self->count = arguments->scalarInput[0];
	self->most = arguments->scalarInput[1];
	return start(self, produce);
}

/* --- circular queue ------------------------------------------------------------------------ */

static IOReturn createCircular(OSObject *target, void *reference,
			       IOExternalMethodArguments *arguments)
{
	struct QueueDriver *driver = self_of(target)->driver;

	pthread_mutex_lock(&driver->lock);
	IOCircularDataQueueDestroy(&driver->circular);
	arguments->scalarOutput[0] = (uint32_t)IOCircularDataQueueCreateWithEntries(
		kIOCircularDataQueueCreateProducer, (uint32_t)arguments->scalarInput[0],
		(uint32_t)arguments->scalarInput[1], &driver->circular);
	driver->size = (uint32_t)arguments->scalarInput[1];
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn enqueueCircular(OSObject *target, void *reference,
				IOExternalMethodArguments *arguments)
{
	struct QueueDriver *driver = self_of(target)->driver;

	pthread_mutex_lock(&driver->lock);
	arguments->scalarOutput[0] = (uint32_t)IOCircularDataQueueEnqueue(
		driver->circular, arguments->structureInput, arguments->structureInputSize);
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn fillEntry(struct QueueDriver *driver, uint64_t number)
{
	uint64_t words[512];
	IOReturn status;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		words[i] = number;
	pthread_mutex_lock(&driver->lock);
	status = IOCircularDataQueueEnqueue(driver->circular, words,
					    driver->size < sizeof(words) ? driver->size
									 : sizeof(words));
	pthread_mutex_unlock(&driver->lock);
	return status;
}

static IOReturn fillCircular(OSObject *target, void *reference,
			     IOExternalMethodArguments *arguments)
{
	uint64_t first = arguments->scalarInput[0];

	for (uint64_t n = first; n - first < arguments->scalarInput[1]; n++)
		arguments->scalarOutput[0] = (uint32_t)fillEntry(self_of(target)->driver, n);
	return kIOReturnSuccess;
}

static void *fillForEver(void *context)
{
	struct QueueUserClient *self = context;

	for (uint64_t n = 0; !self->stop; n++)
		fillEntry(self->driver, n);
	return NULL;
}

static IOReturn runCircular(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return start(self_of(target), fillForEver);
}

static IOReturn latestCircular(OSObject *target, void *reference,
			       IOExternalMethodArguments *arguments)
{
	struct QueueDriver *driver = self_of(target)->driver;
	uint8_t data[4096] = { 0 };
	size_t size = sizeof(data);

	pthread_mutex_lock(&driver->lock);
	arguments->scalarOutput[0] =
		(uint32_t)IOCircularDataQueueCopyLatest(driver->circular, data, &size);
	pthread_mutex_unlock(&driver->lock);
	arguments->scalarOutput[1] = size;
	arguments->scalarOutput[2] = data[0];
	return kIOReturnSuccess;
}

/* --- user client ------------------------------------------------------------------------ */

static const IOExternalMethodDispatch methods[QUEUE_SELECTORS] = {
	[QUEUE_CREATE] = { create, 3, 0, 2, 0 },
	[QUEUE_ENQUEUE] = { enqueue, 0, kIOUCVariableStructureSize, 1, 0 },
	[QUEUE_FILL] = { fill, 2, 0, 1, 0 },
	[QUEUE_DEQUEUE] = { dequeue, 1, 0, 3, 0 },
	[QUEUE_SKIP] = { skip, 0, 0, 1, 0 },
	[QUEUE_PEEK] = { peek, 0, 0, 3, 0 },
	[QUEUE_RUN] = { run, 2, 0, 0, 0 },
	[QUEUE_CIRCULAR_CREATE] = { createCircular, 2, 0, 1, 0 },
	[QUEUE_CIRCULAR_ENQUEUE] = { enqueueCircular, 0, kIOUCVariableStructureSize, 1, 0 },
	[QUEUE_CIRCULAR_FILL] = { fillCircular, 2, 0, 1, 0 },
	[QUEUE_CIRCULAR_RUN] = { runCircular, 0, 0, 0, 0 },
	[QUEUE_CIRCULAR_LATEST] = { latestCircular, 0, 0, 3, 0 },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	struct QueueUserClient *self = (struct QueueUserClient *)client;

	if (selector >= QUEUE_SELECTORS)
		return kIOReturnBadArgument;
	if (!self->queue && selector > QUEUE_CREATE && selector < QUEUE_CIRCULAR_CREATE)
		return kIOReturnNotReady;
	return IOUserClientExternalMethod(client, selector, arguments, &methods[selector], self,
					  NULL);
}

static IOReturn clientPort(IOUserClient *client, IOWakePort *port, uint32_t type,
			   uint64_t reference)
{
	struct QueueUserClient *self = (struct QueueUserClient *)client;

	IOWakePortRetain(port);
	IOWakePortRelease(self->port);
	self->port = port;
	if (self->queue)
		IOSharedDataQueueSetNotificationPort(self->queue, port);
	return kIOReturnSuccess;
}

static IOReturn clientMemory(IOUserClient *client, uint32_t type, IOOptionBits *options,
			     IOMemoryDescriptor **memory)
{
	struct QueueUserClient *self = (struct QueueUserClient *)client;

	if (type == 0) {
		*memory = IOMemoryDescriptorRetain(self->memory);
	} else {
		pthread_mutex_lock(&self->driver->lock);
		*memory = IOCircularDataQueueCopyMemoryDescriptor(self->driver->circular);
		pthread_mutex_unlock(&self->driver->lock);
	}
	if (type == 2)
		*options |= kIOMapReadOnly;
	return *memory ? kIOReturnSuccess : kIOReturnNotReady;
}

static IOReturn clientClose(IOUserClient *client)
{
	join((struct QueueUserClient *)client);
	return IOServiceTerminate(&client->service, 0);
}

static bool clientStart(IOService *service, IOService *provider)
{
	((struct QueueUserClient *)service)->driver = (struct QueueDriver *)provider;
	return true;
}

static void clientFree(IOService *service)
{
	struct QueueUserClient *self = (struct QueueUserClient *)service;

	IOMemoryDescriptorRelease(self->memory);
	IOSharedDataQueueRelease(self->queue);
	IOWakePortRelease(self->port);
}

static const struct IODriverClass userClientClass = {
	.name = "QueueUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct QueueUserClient),
	.service = &(const struct IOServiceOperations){ .start = clientStart, .free = clientFree },
	.userClient =
		&(const struct IOUserClientOperations){
			.externalMethod = clientMethod,
			.clientClose = clientClose,
			.registerNotificationPort = clientPort,
			.clientMemoryForType = clientMemory,
		},
};

/* --- driver ------------------------------------------------------------------------------ */

static bool driverInit(IOService *service, CFDictionaryRef properties)
{
	return !pthread_mutex_init(&((struct QueueDriver *)service)->lock, NULL);
}

static void driverFree(IOService *service)
{
	struct QueueDriver *self = (struct QueueDriver *)service;

	IOCircularDataQueueDestroy(&self->circular);
	pthread_mutex_destroy(&self->lock);
}

static bool driverStart(IOService *service, IOService *provider)
{
	return !IOServiceRegister(service, 0);
}

static const struct IODriverClass driverClass = {
	.name = "QueueDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct QueueDriver),
	.service =
		&(const struct IOServiceOperations){
			.init = driverInit,
			.start = driverStart,
			.free = driverFree,
		},
};

static const struct IODriverClass *const classes[] = { &driverClass, &userClientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Queue",
	.classes = classes,
};
