/* SPDX-License-Identifier: MIT */
#include "Torrent.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

struct stream {
	IOUserClient *client; /* retained */
	OSAsyncReference64 reference;
	uint64_t count;
	bool insists;
};

static _Atomic uint64_t accepted, refused, running;

/* The receiver has gone. */
static bool isOver(IOReturn status)
{
	return status == 0x10000003; /* MACH_SEND_INVALID_DEST */
}

static void *run(void *context)
{
	struct stream *s = context;
	uint64_t index = 0, misses = 0;
	IOReturn status = kIOReturnSuccess;

	while (index + (s->insists ? 0 : misses) < s->count && !isOver(status)) {
		io_user_reference_t arguments[3] = { index, s->count, misses };

		status = IOUserClientSendAsyncResult64(s->client, s->reference, kIOReturnSuccess,
						       arguments, 3);
		if (status) {
			misses++;
			atomic_fetch_add(&refused, 1);
			sched_yield();
		} else {
			index++;
			atomic_fetch_add(&accepted, 1);
		}
	}
	IOUserClientReleaseAsyncReference64(s->client, s->reference);
	IOServiceRelease((IOService *)s->client);
	free(s);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

static IOReturn stream(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct stream *s = calloc(1, sizeof(*s));
	pthread_t thread;

	if (!s)
		return kIOReturnNoMemory;
	s->client = (IOUserClient *)target;
	s->count = arguments->scalarInput[0];
	s->insists = arguments->scalarInput[1];
	IOUserClientCopyAsyncReference(arguments, s->reference);
	IOServiceRetain((IOService *)target);
	atomic_fetch_add(&running, 1);
	if (pthread_create(&thread, NULL, run, s)) {
		atomic_fetch_sub(&running, 1);
		IOServiceRelease((IOService *)target);
		free(s);
		return kIOReturnNoResources;
	}
	pthread_detach(thread);
	return kIOReturnSuccess;
}

static IOReturn counts(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = atomic_load(&accepted);
	arguments->scalarOutput[1] = atomic_load(&refused);
	arguments->scalarOutput[2] = atomic_load(&running);
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch2022 methods[] = {
	[TORRENT_STREAM] = { .function = stream, .checkScalarInputCount = 2, .allowAsync = true },
	[TORRENT_COUNTS] = { .function = counts, .checkScalarOutputCount = 3 },
};

static IOReturn externalMethod(IOUserClient *client, uint32_t selector,
			       IOExternalMethodArguments *arguments)
{
	return IOUserClientDispatchExternalMethod(client, selector, arguments, methods,
						  sizeof(methods) / sizeof(methods[0]), client,
						  NULL);
}

static IOReturn clientClose(IOUserClient *client)
{
	IOServiceTerminate((IOService *)client, 0);
	return kIOReturnSuccess;
}

static const struct IOUserClientOperations clientOperations = {
	.clientClose = clientClose,
	.externalMethod = externalMethod,
};
static const struct IODriverClass clientClass = {
	.name = "TorrentUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(IOUserClient),
	.userClient = &clientOperations,
};

static bool start(IOService *service, IOService *provider)
{
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static const struct IOServiceOperations operations = { .start = start };
static const struct IODriverClass driverClass = {
	.name = "Torrent",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service = &operations,
};

static const struct IODriverClass *const classes[] = { &driverClass, &clientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Torrent",
	.classes = classes,
};
