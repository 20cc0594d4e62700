// SPDX-License-Identifier: MIT
/*
 * Driver that sends what flows one way: records through a data queue, or
 * completions of an asynchronous call. Selectors: 0 watch (asynchronous: its
 * reference gets the completions), 1 send (enum stream_order). The call returns
 * at once; a thread of the client's sends.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOSharedDataQueue.h>
#include <IOKit/IOUserClient.h>
#include <portico/shared_data_queue.h>

#include "drivers/BenchStream.dext/stream.h"
#include "flow.h"
#include "limits/cpu.h"

enum { QUEUE_BYTES = 256 * 1024, PATIENCE_NS = 2000000000, PERIOD_NS = 1000000, PAUSES = 1000 };
enum { STATUS_FULL = 0x1000000d }; /* of a port's queue */

struct stream_client {
	IOUserClient client;
	IOSharedDataQueue *queue;
	OSAsyncReference64 watcher;
	bool watched;
	pthread_t thread;
	bool has_thread;
	atomic_bool stopping;
	sem_t ordered;
	uint64_t order[STREAM_ORDER_COUNT];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

/* --- sending ------------------------------------------------------------------- */

union record {
	uint64_t word;
	uint8_t bytes[FLOW_BYTES_MAX];
};

static uint64_t try_send_many(struct stream_client *c, uint64_t word, uint64_t count)
{
	/* One behind the other: at the same place of 32 pages they would share few cache lines. */
	static _Thread_local union {
		uint64_t word;
		uint8_t bytes[STREAM_MANY * FLOW_BYTES_MAX];
	} data;
	struct portico_data_queue_record records[STREAM_MANY];
	uint32_t n = count < STREAM_MANY ? (uint32_t)count : STREAM_MANY;
	size_t used = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t number = word + i;

		records[i].data = memcpy(&data.bytes[used], &number, sizeof(number));
		records[i].size = (uint32_t)flow_size(c->order[STREAM_BYTES], number);
		used += records[i].size;
	}
	return portico_shared_data_queue_enqueue(c->queue, records, n);
}

/* How many of COUNT records have gone. */
static uint64_t try_send(struct stream_client *c, uint64_t word, uint64_t count)
{
	static _Thread_local union record record;

	if (c->order[STREAM_HOW] == STREAM_RECORDS)
		return try_send_many(c, word, count);
	if (c->order[STREAM_HOW] == STREAM_COMPLETION)
		return IOUserClientSendAsyncResult64(&c->client, c->watcher, kIOReturnSuccess,
						     &word, 1) != STATUS_FULL;
	record.word = word;
	return IOSharedDataQueueEnqueue(c->queue, &record,
					(uint32_t)flow_size(c->order[STREAM_BYTES], word));
}

/* 0: the receiver has been away for too long. */
static uint64_t send_some(struct stream_client *c, uint64_t word, uint64_t count)
{
	uint64_t since = 0, sent;

	for (unsigned steps = 0; !(sent = try_send(c, word, count)); steps++) {
		if (c->order[STREAM_PARALLEL] && steps < PAUSES) {
			cpu_relax();
			continue;
		}
		if (!since)
			since = now_ns();
		if (now_ns() - since > PATIENCE_NS || atomic_load(&c->stopping))
			return 0;
		sched_yield();
	}
	return sent;
}

static void fulfil(struct stream_client *c)
{
	uint64_t begin = now_ns(), count = c->order[STREAM_COUNT], sent = 1;
	bool paced = c->order[STREAM_PACED];

	for (uint64_t i = 0; sent && i < count; i += sent) {
		if (paced)
			sleep_until(begin + (i + 1) * PERIOD_NS);
		sent = send_some(c, paced ? now_ns() : c->order[STREAM_WORD] + i,
				 paced ? 1 : count - i);
	}
}

static void *send_orders(void *context)
{
	struct stream_client *c = context;

	for (;;) {
		while (sem_wait(&c->ordered))
			;
		if (atomic_load(&c->stopping))
			return NULL;
		fulfil(c);
	}
}

/* --- methods --------------------------------------------------------------------- */

static IOReturn watch(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct stream_client *c = target;

	if (c->watched)
		return kIOReturnBusy;
	IOUserClientCopyAsyncReference(arguments, c->watcher);
	c->watched = true;
	return kIOReturnSuccess;
}

static IOReturn order(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct stream_client *c = target;

	if (arguments->scalarInput[STREAM_HOW] == STREAM_COMPLETION && !c->watched)
		return kIOReturnNotReady;
	if (arguments->scalarInput[STREAM_BYTES] > FLOW_BYTES_MAX)
		return kIOReturnBadArgument;
	memcpy(c->order, arguments->scalarInput, sizeof(c->order));
	sem_post(&c->ordered);
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch2022 methods[] = {
	[STREAM_WATCH] = { .function = watch, .allowAsync = true },
	[STREAM_SEND] = { .function = order, .checkScalarInputCount = STREAM_ORDER_COUNT },
};

static IOReturn external_method(IOUserClient *client, uint32_t selector,
				IOExternalMethodArguments *arguments)
{
	return IOUserClientDispatchExternalMethod(client, selector, arguments, methods,
						  sizeof(methods) / sizeof(*methods), client, NULL);
}

/* --- the client ---------------------------------------------------------------------- */

static bool start(IOService *service, IOService *provider)
{
	struct stream_client *c = (struct stream_client *)service;

	c->queue = IOSharedDataQueueCreateWithCapacity(QUEUE_BYTES);
	if (!c->queue || sem_init(&c->ordered, 0, 0))
		return false;
	c->has_thread = !pthread_create(&c->thread, NULL, send_orders, c);
	return c->has_thread;
}

static void end_thread(struct stream_client *c)
{
	if (!c->has_thread)
		return;
	atomic_store(&c->stopping, true);
	sem_post(&c->ordered);
	pthread_join(c->thread, NULL);
	c->has_thread = false;
}

static void free_client(IOService *service)
{
	struct stream_client *c = (struct stream_client *)service;

	end_thread(c); /* a client that died has not closed */
	if (c->queue)
		IOSharedDataQueueRelease(c->queue);
}

static IOReturn close_client(IOUserClient *client)
{
	struct stream_client *c = (struct stream_client *)client;

	end_thread(c);
	if (c->watched)
		IOUserClientReleaseAsyncReference64(client, c->watcher);
	c->watched = false;
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
