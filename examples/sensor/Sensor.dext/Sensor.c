/* SPDX-License-Identifier: MIT */
/* A made-up sensor in the form of DriverKit: its samples stand in a ring that any number of programs
 * read, and whoever wants to be told of each of them leaves an asynchronous call behind. */
#include <math.h>
#include <pthread.h>
#include <time.h>

#include <IOKit/IOCircularDataQueue.h>
#include <IOKit/IODriver.h>
#include <IOKit/IOUserService.h>
#include <IOKit/IOWorkLoop.h>

#include "../sensor_interface.h"

enum { PERIOD_NS = 2000000, N_SAMPLES = 256 };

struct Sensor {
	IOService service;
	IOCircularDataQueue *samples; /* written by the timer alone */
	IOTimerEventSource *timer;
	struct sensor_sample last;
	struct SensorUserClient *clients; /* inside the work loop's gate */
};

struct SensorUserClient {
	IOUserClient client;
	struct Sensor *sensor;
	struct SensorUserClient *next; /* inside the gate, as the next one */
	OSAction *watch;
};

/* --- the sensor --------------------------------------------------------------------------- */

static void measure(void *context, IOTimerEventSource *timer)
{
	struct Sensor *self = context;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	self->last.time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	self->last.value = sin((double)self->last.number / 50);
	IOCircularDataQueueEnqueue(self->samples, &self->last, sizeof(self->last));
	for (struct SensorUserClient *c = self->clients; c; c = c->next) {
		uint64_t words[3] = { self->last.number, self->last.time,
				      (uint64_t)(int64_t)(self->last.value * 1000) };

		if (c->watch)
			IOUserClientAsyncCompletion(&c->client, c->watch, kIOReturnSuccess, words,
						    3);
	}
	self->last.number++;
	IOTimerEventSourceSetTimeout(timer, PERIOD_NS);
}

static kern_return_t sensorStart(IOService *service, IOService *provider)
{
	struct Sensor *self = (struct Sensor *)service;

	if (IOCircularDataQueueCreateWithEntries(kIOCircularDataQueueCreateProducer, N_SAMPLES,
						 sizeof(struct sensor_sample), &self->samples))
		return kIOReturnNoMemory;
	self->timer = IOTimerEventSourceCreate(IOServiceGetWorkLoop(service), measure, self);
	if (!self->timer)
		return kIOReturnNoMemory;
	IOTimerEventSourceSetTimeout(self->timer, PERIOD_NS);
	return IOServiceRegister(service, 0);
}

static kern_return_t sensorStop(IOService *service, IOService *provider)
{
	IOTimerEventSourceRelease(((struct Sensor *)service)->timer);
	((struct Sensor *)service)->timer = NULL;
	return kIOReturnSuccess;
}

static void sensorFree(IOService *service)
{
	IOTimerEventSourceRelease(((struct Sensor *)service)->timer);
	IOCircularDataQueueDestroy(&((struct Sensor *)service)->samples);
}

static kern_return_t newUserClient(IOService *service, uint32_t type, IOUserClient **client)
{
	if (type)
		return kIOReturnUnsupported;
	return IOServiceCreate(service, service, "UserClientProperties", (IOService **)client);
}

/* --- its user clients ------------------------------------------------------------------------ */

static IOReturn join(void *context, void *argument)
{
	struct SensorUserClient *self = context;

	self->next = self->sensor->clients;
	self->sensor->clients = self;
	return kIOReturnSuccess;
}

static IOReturn leave(void *context, void *argument)
{
	struct SensorUserClient *self = context, **link = &self->sensor->clients;

	while (*link && *link != self)
		link = &(*link)->next;
	if (*link)
		*link = self->next;
	OSActionRelease(self->watch);
	self->watch = NULL;
	return kIOReturnSuccess;
}

static IOReturn set_watch(void *context, void *argument)
{
	struct SensorUserClient *self = context;

	OSActionRelease(self->watch);
	self->watch = argument;
	return kIOReturnSuccess;
}

static kern_return_t watch(OSObject *target, void *reference,
			   IOUserClientMethodArguments *arguments)
{
	struct SensorUserClient *self = target;

	/* Kept beyond the call; it completes once for each sample. */
	return IOWorkLoopRunAction(IOServiceGetWorkLoop(target), set_watch, self,
				   OSActionRetain(arguments->completion));
}

static const IOUserClientMethodDispatch methods[] = {
	/* completion, scalars in, structure in, scalars out, structure out */
	[SENSOR_WATCH] = { watch, 1, 0, 0, 0, 0 },
};

static kern_return_t method(IOUserClient *client, uint64_t selector,
			    IOUserClientMethodArguments *arguments,
			    const IOUserClientMethodDispatch *dispatch, OSObject *target,
			    void *reference)
{
	if (selector >= sizeof(methods) / sizeof(*methods))
		return kIOReturnBadArgument;
	return IOUserUserClientExternalMethod(client, selector, arguments, &methods[selector],
					      client, NULL);
}

static kern_return_t copyMemory(IOUserClient *client, uint64_t type, uint64_t *options,
				IOMemoryDescriptor **memory)
{
	struct SensorUserClient *self = (struct SensorUserClient *)client;

	if (type != SENSOR_SAMPLES)
		return kIOReturnUnsupported;
	*options |= kIOUserClientMemoryReadOnly; /* programs read, nobody else writes */
	*memory = IOCircularDataQueueCopyMemoryDescriptor(self->sensor->samples);
	return kIOReturnSuccess;
}

static kern_return_t clientStart(IOService *service, IOService *provider)
{
	((struct SensorUserClient *)service)->sensor = (struct Sensor *)provider;
	return IOWorkLoopRunAction(IOServiceGetWorkLoop(service), join, service, NULL);
}

static kern_return_t clientStop(IOService *service, IOService *provider)
{
	return IOWorkLoopRunAction(IOServiceGetWorkLoop(service), leave, service, NULL);
}

/* --- declarations ------------------------------------------------------------------------------ */

static const struct IODriverClass sensorClass = {
	.name = "Sensor",
	.superclass = &IOUserServiceBase,
	.instanceSize = sizeof(struct Sensor),
	.service = &(const struct IOServiceOperations){ .free = sensorFree },
	.userService =
		&(const struct IOUserServiceOperations){
			.Start = sensorStart,
			.Stop = sensorStop,
			.NewUserClient = newUserClient,
		},
};

static const struct IODriverClass clientClass = {
	.name = "SensorUserClient",
	.superclass = &IOUserUserClientBase,
	.instanceSize = sizeof(struct SensorUserClient),
	.userService =
		&(const struct IOUserServiceOperations){
			.Start = clientStart,
			.Stop = clientStop,
			.ExternalMethod = method,
			.CopyClientMemoryForType = copyMemory,
		},
};

static const struct IODriverClass *const classes[] = { &sensorClass, &clientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.example.Sensor",
	.classes = classes,
};
