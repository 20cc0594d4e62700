// SPDX-License-Identifier: MIT
/* Messages between objects, and exclusive access to a provider (IOService::open). */
#include <IOKit/IOService.h>

#include <string.h>

#include "base/scope.h"
#include "host/host_internal.h"

enum { SEIZE = 1, CLIENTS_MAX = 256 };

IOReturn host_service_deliver(IOService *service, uint32_t type, IOService *provider,
			      void *argument)
{
	IOReturn (*message)(IOService *, uint32_t, IOService *, void *) =
		host_service_op(service, message);

	return message ? message(service, type, provider, argument) : kIOReturnUnsupported;
}

struct telling {
	struct IOServiceRuntime *runtime;
	uint32_t type;
	void *argument;
	size_t size;
};

static void tell_registry(void *context)
{
	struct telling *telling = context;
	bool inlined = telling->size == 0;

	if (telling->runtime->entry)
		provider_message(telling->runtime->entry, telling->type,
				 inlined ? (uintptr_t)telling->argument : 0,
				 inlined ? NULL : telling->argument, telling->size);
}

/* Up to CLIENTS_MAX clients, retained: callbacks run without the lock. */
static size_t copy_clients(IOService *service, IOService **clients)
{
	size_t n = 0;

	scope_lock(&service->runtime->lock);
	list_for_each(node, &service->runtime->clients) {
		if (n == CLIENTS_MAX)
			break;
		clients[n++] = IOServiceRetain(
			container_of(node, struct IOServiceRuntime, client_link)->object);
	}
	return n;
}

static void tell(IOService *service, uint32_t type, void *argument, size_t size, IOService *except)
{
	struct telling telling = { service->runtime, type, argument, size };
	IOService *clients[CLIENTS_MAX];
	size_t n = copy_clients(service, clients);

	for (size_t i = 0; i < n; i++) {
		if (clients[i] != except)
			host_service_deliver(clients[i], type, service, argument);
		IOServiceRelease(clients[i]);
	}
	if (!service->runtime->is_remote)
		host_tell(service->runtime->host, tell_registry, &telling);
}

IOReturn IOServiceMessageClients(IOService *service, uint32_t type, void *argument, size_t size)
{
	if (service->runtime->is_remote)
		return kIOReturnNotPermitted;
	if (size && !argument)
		return kIOReturnBadArgument;
	tell(service, type, argument, size, NULL);
	return kIOReturnSuccess;
}

static bool take_ownership(struct IOServiceRuntime *provider, IOService *client)
{
	scope_lock(&provider->lock);
	if (provider->inactive || provider->owner)
		return false;
	provider->owner = client;
	return true;
}

bool IOServiceOpenProvider(IOService *client, IOService *provider, IOOptionBits options)
{
	struct IOServiceRuntime *runtime = provider->runtime;
	IOService *owner;

	tell(provider, kIOMessageServiceIsAttemptingOpen, (void *)(uintptr_t)options, 0, client);
	if (take_ownership(runtime, client))
		return true;
	if (!(options & SEIZE))
		return false;
	pthread_mutex_lock(&runtime->lock);
	owner = IOServiceRetain(runtime->owner);
	pthread_mutex_unlock(&runtime->lock);
	if (owner && !host_service_deliver(owner, kIOMessageServiceIsRequestingClose, provider,
					   (void *)(uintptr_t)options)) {
		IOServiceRelease(owner);
		return take_ownership(runtime, client);
	}
	IOServiceRelease(owner);
	return false;
}

void IOServiceCloseProvider(IOService *client, IOService *provider)
{
	struct IOServiceRuntime *runtime = provider->runtime;
	bool was;

	pthread_mutex_lock(&runtime->lock);
	was = runtime->owner == client;
	if (was)
		runtime->owner = NULL;
	pthread_mutex_unlock(&runtime->lock);
	if (was)
		tell(provider, kIOMessageServiceWasClosed, NULL, 0, client);
}

bool IOServiceIsOpenBy(IOService *provider, IOService *client)
{
	scope_lock(&provider->runtime->lock);
	return client ? provider->runtime->owner == client : provider->runtime->owner != NULL;
}
