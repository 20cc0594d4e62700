// SPDX-License-Identifier: MIT
/*
 * Exclusive access to a provider (IOService::open). The provider's host
 * decides. For a client in another host a stand-in is the owner there; and the
 * stand-in that a driver has for a provider in another host remembers which of
 * the driver's own objects has it open.
 */
#include <IOKit/IOService.h>

#include "base/scope.h"
#include "host/host_internal.h"

enum { SEIZE = 1 };

/* --- the provider's part --------------------------------------------------------------- */

static bool take_ownership(struct IOServiceRuntime *provider, IOService *client)
{
	scope_lock(&provider->lock);
	if (provider->inactive || provider->owner)
		return false;
	provider->owner = client;
	return true;
}

bool IOServiceHandleOpen(IOService *service, IOService *client, IOOptionBits options)
{
	struct IOServiceRuntime *runtime = service->runtime;
	IOService *owner;
	bool taken = take_ownership(runtime, client);

	if (taken || !(options & SEIZE))
		return taken;
	pthread_mutex_lock(&runtime->lock);
	owner = IOServiceRetain(runtime->owner);
	pthread_mutex_unlock(&runtime->lock);
	if (owner && !IOServiceMessageClient(service, kIOMessageServiceIsRequestingClose, owner,
					     (void *)(uintptr_t)options, 0))
		taken = take_ownership(runtime, client);
	IOServiceRelease(owner);
	return taken;
}

void IOServiceHandleClose(IOService *service, IOService *client, IOOptionBits options)
{
	scope_lock(&service->runtime->lock);
	if (service->runtime->owner == client)
		service->runtime->owner = NULL;
}

bool IOServiceHandleIsOpen(IOService *service, IOService *client)
{
	scope_lock(&service->runtime->lock);
	return client ? service->runtime->owner == client : service->runtime->owner != NULL;
}

static bool open_here(IOService *client, IOService *provider, IOOptionBits options)
{
	bool (*handle)(IOService *, IOService *, IOOptionBits) =
		host_service_op(provider, handleOpen);

	host_message_tell(provider, kIOMessageServiceIsAttemptingOpen, (void *)(uintptr_t)options,
			  0, client);
	if (IOServiceIsInactive(provider))
		return false;
	return handle ? handle(provider, client, options)
		      : IOServiceHandleOpen(provider, client, options);
}

static bool is_open_here(IOService *provider, IOService *client)
{
	bool (*handle)(IOService *, IOService *) = host_service_op(provider, handleIsOpen);

	return handle ? handle(provider, client) : IOServiceHandleIsOpen(provider, client);
}

static void close_here(IOService *client, IOService *provider, IOOptionBits options)
{
	void (*handle)(IOService *, IOService *, IOOptionBits) =
		host_service_op(provider, handleClose);

	if (!is_open_here(provider, client))
		return;
	if (handle)
		handle(provider, client, options);
	else
		IOServiceHandleClose(provider, client, options);
	host_message_tell(provider, kIOMessageServiceWasClosed, (void *)(uintptr_t)options, 0,
			  client);
}

/* --- providers of other hosts -------------------------------------------------------------- */

static bool ask(IOService *client, IOService *provider, uint32_t what, IOOptionBits options)
{
	struct wire_access access = { client ? IOServiceGetEntryID(client) : 0,
				      IOServiceGetEntryID(provider), what, options };
	struct wire_number_reply reply = { 0 };

	return !host_ask(provider->runtime->host, &wire_access_layout, &access,
			 &wire_number_reply_layout, &reply, true) &&
	       reply.number == 1;
}

static bool open_there(IOService *client, IOService *provider, IOOptionBits options)
{
	if (!ask(client, provider, WIRE_ACCESS_OPEN, options))
		return false;
	pthread_mutex_lock(&provider->runtime->lock);
	provider->runtime->owner = client;
	pthread_mutex_unlock(&provider->runtime->lock);
	return true;
}

static void close_there(IOService *client, IOService *provider, IOOptionBits options)
{
	bool was;

	pthread_mutex_lock(&provider->runtime->lock);
	was = provider->runtime->owner == client;
	if (was)
		provider->runtime->owner = NULL;
	pthread_mutex_unlock(&provider->runtime->lock);
	if (was)
		ask(client, provider, WIRE_ACCESS_CLOSE, options);
}

/* --- what drivers call ------------------------------------------------------------------- */

bool IOServiceOpenProvider(IOService *client, IOService *provider, IOOptionBits options)
{
	return provider->runtime->is_remote ? open_there(client, provider, options)
					    : open_here(client, provider, options);
}

void IOServiceCloseProvider(IOService *client, IOService *provider)
{
	if (provider->runtime->is_remote)
		close_there(client, provider, 0);
	else
		close_here(client, provider, 0);
	host_terminate_closed(client, provider);
}

bool IOServiceIsOpenBy(IOService *provider, IOService *client)
{
	if (!provider->runtime->is_remote)
		return is_open_here(provider, client);
	if (IOServiceHandleIsOpen(provider, client))
		return true;
	return !client && ask(NULL, provider, WIRE_ACCESS_IS_OPEN, 0);
}

/* --- clients of other hosts ------------------------------------------------------------------ */

static IOService *find_standin_locked(IOService *provider, uint64_t id)
{
	list_for_each(node, &provider->runtime->standins) {
		struct IOServiceRuntime *r =
			container_of(node, struct IOServiceRuntime, standin_link);

		if (r->id == id)
			return r->object;
	}
	return NULL;
}

/* The stand-in of the client, retained, made if need be and possible. */
static IOService *obtain_standin(IOService *provider, const struct wire_provider_access *access,
				 bool make)
{
	struct IOServiceRuntime *runtime = provider->runtime;
	IOService *made = NULL, *found;

	if (make)
		made = host_service_new_remote(runtime->driver, access->client,
					       access->client_class, access->client_name, NULL);
	pthread_mutex_lock(&runtime->lock);
	found = IOServiceRetain(find_standin_locked(provider, access->client));
	if (!found && made) {
		list_add(&runtime->standins, &made->runtime->standin_link);
		found = IOServiceRetain(made);
		made = NULL; /* the list's */
	}
	pthread_mutex_unlock(&runtime->lock);
	IOServiceRelease(made);
	return found;
}

static void drop_standin(IOService *provider, IOService *standin)
{
	bool was;

	pthread_mutex_lock(&provider->runtime->lock);
	was = find_standin_locked(provider, standin->runtime->id) == standin;
	list_remove(&standin->runtime->standin_link);
	pthread_mutex_unlock(&provider->runtime->lock);
	if (was)
		IOServiceRelease(standin);
}

bool host_access_remote(IOService *provider, const struct wire_provider_access *access)
{
	IOService *standin = NULL;
	bool yes = false;

	if (access->client) {
		standin = obtain_standin(provider, access, access->what == WIRE_ACCESS_OPEN);
		if (!standin)
			return false;
	}
	switch (access->what) {
	case WIRE_ACCESS_OPEN:
		yes = standin && open_here(standin, provider, access->options);
		break;
	case WIRE_ACCESS_CLOSE:
		if (standin)
			close_here(standin, provider, access->options);
		break;
	case WIRE_ACCESS_IS_OPEN:
		yes = is_open_here(provider, standin);
		break;
	default:
		break;
	}
	if (standin && !is_open_here(provider, standin))
		drop_standin(provider, standin);
	IOServiceRelease(standin);
	return yes;
}

static void remind(struct host *host, struct IOServiceRuntime *runtime)
{
	struct wire_access access = { .provider = runtime->id, .what = WIRE_ACCESS_HELD };

	scope_lock(&runtime->lock);
	list_for_each(node, &runtime->standins) {
		access.client = container_of(node, struct IOServiceRuntime, standin_link)->id;
		provider_send(host->provider, &wire_access_layout, &access);
	}
}

void host_access_remind(void *context)
{
	struct host *host = context;
	struct IOServiceRuntime *runtime;
	size_t cursor = 0;

	while ((runtime = map_next(&host->services, &cursor, NULL)))
		remind(host, runtime);
}

void host_access_fini(struct IOServiceRuntime *runtime)
{
	list_for_each_safe(node, &runtime->standins) {
		struct IOServiceRuntime *r =
			container_of(node, struct IOServiceRuntime, standin_link);

		list_remove(node);
		IOServiceRelease(r->object);
	}
}
