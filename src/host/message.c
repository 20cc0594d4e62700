// SPDX-License-Identifier: MIT
/* Messages between a service and those who stand on it or are interested in it. */
#include <IOKit/IOService.h>

#include <stdlib.h>

#include "base/scope.h"
#include "host/host_internal.h"

IOReturn host_message_deliver(IOService *service, uint32_t type, IOService *provider,
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
	uint64_t except;
};

static void tell_registry(void *context)
{
	struct telling *telling = context;
	bool inlined = telling->size == 0;

	if (telling->runtime->entry)
		provider_message(telling->runtime->entry, telling->type,
				 inlined ? (uintptr_t)telling->argument : 0,
				 inlined ? NULL : telling->argument, telling->size,
				 telling->except);
}

/* The clients of SERVICE in this host, retained, in an allocated array: callbacks run without the
 * lock. */
static IOService **copy_clients(IOService *service, size_t *ret_n)
{
	IOService **clients;
	size_t n = 0;

	scope_lock(&service->runtime->lock);
	list_for_each(node, &service->runtime->clients)
		n++;
	clients = malloc((n + 1) * sizeof(*clients));
	n = 0;
	if (clients)
		list_for_each(node, &service->runtime->clients)
			clients[n++] = IOServiceRetain(
				container_of(node, struct IOServiceRuntime, client_link)->object);
	*ret_n = n;
	return clients;
}

void host_message_tell(IOService *service, uint32_t type, void *argument, size_t size,
		       IOService *except)
{
	struct telling telling = { service->runtime, type, argument, size,
				   except ? IOServiceGetEntryID(except) : 0 };
	size_t n;
	IOService **clients = copy_clients(service, &n);

	for (size_t i = 0; i < n; i++) {
		if (clients[i] != except)
			host_message_deliver(clients[i], type, service, argument);
		IOServiceRelease(clients[i]);
	}
	free(clients);
	if (!service->runtime->is_remote)
		host_tell(service->runtime->host, tell_registry, &telling);
}

/* kIOMessageCopyClientID: the registry knows who is interested; programs never see the question. */
static IOReturn copy_client_id(IOService *service, CFTypeRef *ret_pid)
{
	struct wire_interested request = { IOServiceGetEntryID(service) };
	struct wire_number_reply reply = { 0 };
	IOReturn status = host_ask(service->runtime->host, &wire_interested_layout, &request,
				   &wire_number_reply_layout, &reply, false);
	int32_t pid = (int32_t)reply.number;

	/* Each that is asked overwrites what the one before has answered: the latest remains. */
	if (status || !pid)
		return status;
	*ret_pid = CFNumberCreate(NULL, kCFNumberSInt32Type, &pid);
	return *ret_pid ? kIOReturnSuccess : kIOReturnNoMemory;
}

IOReturn IOServiceMessageClients(IOService *service, uint32_t type, void *argument, size_t size)
{
	if (service->runtime->is_remote)
		return kIOReturnNotPermitted;
	if (size && !argument)
		return kIOReturnBadArgument;
	if (type == kIOMessageCopyClientID && size == sizeof(CFTypeRef))
		return copy_client_id(service, argument);
	host_message_tell(service, type, argument, size, NULL);
	return kIOReturnSuccess;
}

IOReturn IOServiceMessageClient(IOService *service, uint32_t type, IOService *client,
				void *argument, size_t size)
{
	struct wire_message message = { .message_type = type,
					.argument = size ? 0 : (uintptr_t)argument };

	if (service->runtime->is_remote)
		return kIOReturnNotPermitted;
	if (!client || (size && !argument))
		return kIOReturnBadArgument;
	if (!client->runtime->is_remote)
		return host_message_deliver(client, type, service, argument);
	message.id = IOServiceGetEntryID(client);
	message.provider = IOServiceGetEntryID(service);
	if (size > WIRE_INTEREST_ARGUMENT_MAX)
		size = WIRE_INTEREST_ARGUMENT_MAX;
	message.argument_size = (uint32_t)size;
	message.data = (struct wire_bytes){ argument, size };
	return host_ask(service->runtime->host, &wire_message_client_layout, &message, NULL, NULL,
			false);
}
