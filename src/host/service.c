// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include <IOKit/IORegistryEntry.h>

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/scope.h"
#include "host/user_service.h"

const struct IODriverClass IOServiceBase = {
	.name = "IOService",
	.instanceSize = sizeof(IOService),
};

/* --- operations ---------------------------------------------------------------- */

static void *member_at(const void *operations, size_t offset)
{
	void *member;

	if (!operations)
		return NULL;
	memcpy(&member, (const char *)operations + offset, sizeof(member));
	return member;
}

void *host_service_operation(const struct IODriverClass *cls, size_t offset)
{
	void *operation = NULL;

	for (; cls && !operation; cls = cls->superclass)
		operation = member_at(cls->service, offset);
	return operation;
}

void *host_client_operation(const struct IODriverClass *cls, size_t offset)
{
	void *operation = NULL;

	for (; cls && !operation; cls = cls->superclass)
		operation = member_at(cls->userClient, offset);
	return operation;
}

/* --- birth and death ----------------------------------------------------------- */

static atomic_int *counter(const struct host_bundle *bundle, const struct IODriverClass *cls)
{
	for (size_t i = 0; bundle && i < bundle->n_classes; i++)
		if (bundle->driver->classes[i] == cls)
			return &bundle->counts[i];
	return NULL;
}

static void count_instance(const struct IOServiceRuntime *runtime, int delta)
{
	atomic_int *count = counter(runtime->bundle, runtime->object->objectClass);

	if (count)
		atomic_fetch_add(count, delta);
}

IOService *host_service_new(struct host_driver *driver, const struct IODriverClass *cls,
			    CFDictionaryRef properties)
{
	struct IOServiceRuntime *runtime = calloc(1, sizeof(*runtime));
	IOService *service = calloc(1, cls->instanceSize);

	if (!runtime || !service)
		goto fail;
	runtime->properties =
		properties ? CFDictionaryCreateMutableCopy(NULL, 0, properties)
			   : CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
						       &kCFTypeDictionaryValueCallBacks);
	runtime->name = strdup(cls->name);
	if (!runtime->properties || !runtime->name)
		goto fail;
	pthread_mutex_init(&runtime->lock, NULL);
	ref_init(&runtime->ref);
	list_init(&runtime->clients);
	list_init(&runtime->client_link);
	list_init(&runtime->names);
	list_init(&runtime->standins);
	list_init(&runtime->standin_link);
	list_init(&runtime->phases);
	runtime->object = service;
	runtime->host = driver->host;
	runtime->driver = host_driver_ref(driver);
	if (driver->bundle && host_loader_owns_class(driver->bundle, cls))
		runtime->bundle = driver->bundle;
	service->objectClass = cls;
	service->runtime = runtime;
	count_instance(runtime, 1);
	if (host_user_is_class(cls) && !host_user_init(service, properties)) {
		IOServiceRelease(service); /* nothing of the driver's has run */
		return NULL;
	}
	return service;
fail:
	if (runtime) {
		if (runtime->properties)
			CFRelease(runtime->properties);
		free(runtime->name);
	}
	free(runtime);
	free(service);
	return NULL;
}

IOService *host_service_new_remote(struct host_driver *driver, uint64_t id, const char *class_name,
				   const char *name, CFDictionaryRef properties)
{
	IOService *service = host_service_new(driver, &IOServiceBase, properties);
	struct IOServiceRuntime *runtime = service ? service->runtime : NULL;

	if (!service)
		return NULL;
	free(runtime->name);
	runtime->name = strdup(name);
	runtime->remote_class = strdup(class_name);
	runtime->is_remote = true;
	runtime->id = id;
	if (!runtime->name || !runtime->remote_class) {
		IOServiceRelease(service);
		return NULL;
	}
	return service;
}

const char *host_service_shown_class(const IOService *service)
{
	return service->runtime->user ? service->runtime->user->class_name
				      : service->objectClass->name;
}

/* The class's own init, base class first. */
static bool init_as(IOService *service, const struct IODriverClass *cls, CFDictionaryRef properties)
{
	if (cls->superclass && !init_as(service, cls->superclass, properties))
		return false;
	return !cls->service || !cls->service->init || cls->service->init(service, properties);
}

bool host_service_init(IOService *service, CFDictionaryRef properties)
{
	return init_as(service, service->objectClass, properties);
}

IOService *IOServiceRetain(IOService *service)
{
	if (service)
		host_reference_get(&service->runtime->ref, "IOService", HOST_CALLER);
	return service;
}

static void destroy(IOService *service)
{
	struct IOServiceRuntime *runtime = service->runtime;

	for (const struct IODriverClass *cls = service->objectClass; cls; cls = cls->superclass)
		if (cls->service && cls->service->free)
			cls->service->free(service);
	host_connection_free(runtime->connection);
	host_access_fini(runtime);
	host_terminate_fini(runtime);
	host_user_free(runtime);
	CFRelease(runtime->properties);
	if (runtime->pending)
		CFRelease(runtime->pending);
	if (runtime->live)
		CFRelease(runtime->live);
	host_driver_unref(runtime->driver);
	pthread_mutex_destroy(&runtime->lock);
	host_plane_fini(runtime);
	free(runtime->remote_class);
	free(runtime->name);
	/* Last: the host does not go before all are gone. */
	count_instance(runtime, -1);
	free(runtime);
	free(service);
}

void IOServiceRelease(IOService *service)
{
	if (!service || !host_reference_put(&service->runtime->ref, "IOService", HOST_CALLER))
		return;
	/* Whoever has made it known holds a reference until it is taken back. */
	if (service->runtime->entry)
		host_reference_end(host_service_shown_class(service),
				   "was released once too often, while it is in the registry",
				   HOST_CALLER);
	destroy(service);
}

/* --- attachment ------------------------------------------------------------------ */

bool host_service_attach(IOService *service, IOService *provider)
{
	struct IOServiceRuntime *up = provider->runtime, *down = service->runtime;

	pthread_mutex_lock(&up->lock);
	if (up->inactive) {
		pthread_mutex_unlock(&up->lock);
		return false;
	}
	list_add(&up->clients, &down->client_link);
	IOServiceRetain(service); /* the list's */
	pthread_mutex_unlock(&up->lock);
	pthread_mutex_lock(&down->lock);
	down->provider = IOServiceRetain(provider);
	pthread_mutex_unlock(&down->lock);
	return true;
}

void host_service_detach(IOService *service)
{
	struct IOServiceRuntime *down = service->runtime;
	IOService *provider;

	pthread_mutex_lock(&down->lock);
	provider = take_ptr(down->provider);
	pthread_mutex_unlock(&down->lock);
	if (!provider)
		return;
	pthread_mutex_lock(&provider->runtime->lock);
	list_remove(&down->client_link);
	if (provider->runtime->owner == service)
		provider->runtime->owner = NULL;
	pthread_mutex_unlock(&provider->runtime->lock);
	IOServiceRelease(provider);
	IOServiceRelease(service);
}

IOService *IOServiceGetProvider(IOService *service)
{
	scope_lock(&service->runtime->lock);
	return service->runtime->provider;
}

bool IOServiceIsInactive(IOService *service)
{
	scope_lock(&service->runtime->lock);
	return service->runtime->inactive;
}

bool IOServiceConformsTo(IOService *service, const char *name)
{
	return service && name && host_class_conforms(service->objectClass, name);
}

const char *IOServiceGetClassName(IOService *service)
{
	return service->runtime->is_remote ? service->runtime->remote_class
					   : service->objectClass->name;
}

const char *IOServiceGetEntryName(IOService *service)
{
	return IOServiceGetName(service, NULL);
}

uint64_t IOServiceGetEntryID(IOService *service)
{
	scope_lock(&service->runtime->lock);
	return service->runtime->id;
}

/* --- start ------------------------------------------------------------------------ */

bool host_service_start(IOService *service, IOService *provider)
{
	struct IOServiceRuntime *runtime = service->runtime;
	__typeof__(((struct IOServiceOperations *)0)->start) start =
		host_service_op(service, start);
	bool started;

	pthread_mutex_lock(&runtime->lock);
	runtime->starting = true;
	pthread_mutex_unlock(&runtime->lock);
	started = !start || start(service, provider);
	pthread_mutex_lock(&runtime->lock);
	runtime->starting = false;
	pthread_mutex_unlock(&runtime->lock);
	return started;
}

struct entering {
	IOService *service;
	uint64_t id, proof, parent;
	uint32_t flags;
	uint64_t epoch;
	err_t err;
};

static void enter(void *context)
{
	struct entering *entering = context;
	struct IOServiceRuntime *runtime = entering->service->runtime;
	struct host *host = runtime->host;
	const struct host_connection *connection = runtime->connection;
	struct provider_description description = {
		.parent_id = entering->parent,
		.flags = entering->flags,
		.class_name = host_service_shown_class(entering->service),
		.name = runtime->name,
		.context = runtime,
	};
	CFDictionaryRef properties, pending;
	CFArrayRef live;

	if (connection) /* a user client */
		description.opener =
			(struct provider_opener){ (uint32_t)connection->task.pid,
						  connection->task.uid, connection->process };
	/* The ID is of a registry that has gone, and the next one would never hear of it. */
	if (entering->epoch != provider_epoch(host->provider)) {
		entering->err = -ESTALE;
		return;
	}
	pthread_mutex_lock(&runtime->lock);
	properties = CFDictionaryCreateCopy(NULL, runtime->properties);
	pending = take_ptr(runtime->pending);
	live = runtime->live ? CFArrayCreateCopy(NULL, runtime->live) : NULL;
	pthread_mutex_unlock(&runtime->lock);
	description.properties = properties;
	entering->err = map_set(&host->services, entering->id, runtime);
	if (!entering->err)
		entering->err = provider_adopt(host->provider, entering->id, entering->proof,
					       &description, &runtime->entry);
	if (entering->err)
		map_remove(&host->services, entering->id);
	else if (pending || live)
		provider_update(runtime->entry, pending, NULL, live);
	if (properties)
		CFRelease(properties);
	if (pending)
		CFRelease(pending);
	if (live)
		CFRelease(live);
	if (entering->err)
		return;
	pthread_mutex_lock(&runtime->lock);
	runtime->id = entering->id;
	pthread_mutex_unlock(&runtime->lock);
}

err_t host_service_enter(IOService *service, uint64_t id, uint64_t proof, uint64_t parent,
			 uint32_t flags, uint64_t epoch)
{
	struct entering entering = { service, id, proof, parent, flags, epoch, 0 };
	err_t err = host_on_loop(service->runtime->host, enter, &entering);

	err = err ? err : entering.err;
	if (!err)
		host_user_set_name(service);
	return err;
}

static void look_up(void *context)
{
	struct entering *entering = context;
	struct host *host = (struct host *)entering->service;
	struct IOServiceRuntime *runtime = map_find(&host->services, entering->id);

	entering->service = runtime ? IOServiceRetain(runtime->object) : NULL;
}

IOService *host_service_find(struct host *host, uint64_t id)
{
	struct entering query = { .service = (IOService *)host, .id = id };

	return host_on_loop(host, look_up, &query) ? NULL : query.service;
}

/* --- registration -------------------------------------------------------------------- */

static void do_register(void *context)
{
	struct IOServiceRuntime *runtime = context;
	IOOptionBits options;

	pthread_mutex_lock(&runtime->lock);
	options = runtime->register_options;
	pthread_mutex_unlock(&runtime->lock);
	if (!runtime->entry)
		return;
	if (options & kIOServiceSynchronous) /* who waits asks for it (await_match) */
		provider_note_registered(runtime->entry, options);
	else
		provider_register(runtime->entry, options);
}

static void await_match(IOService *service, IOOptionBits options)
{
	struct wire_entry_options message = { IOServiceGetEntryID(service), options };

	host_ask(service->runtime->host, &wire_register_layout, &message, NULL, NULL, true);
}

IOReturn IOServiceRegister(IOService *service, IOOptionBits options)
{
	struct IOServiceRuntime *runtime = service->runtime;
	bool later;

	if (runtime->is_remote)
		return kIOReturnNotPermitted;
	pthread_mutex_lock(&runtime->lock);
	runtime->register_options = options;
	later = runtime->starting;
	runtime->register_wanted |= later;
	if (later) /* nothing can be waited for before start has returned */
		runtime->register_options &= ~(IOOptionBits)kIOServiceSynchronous;
	bool attached = runtime->id != 0;
	pthread_mutex_unlock(&runtime->lock);
	if (!attached) {
		log_warning("%s is not attached: its registration is ignored",
			    IOServiceGetEntryName(service));
		return kIOReturnNotAttached;
	}
	if (later)
		return kIOReturnSuccess;
	host_tell(runtime->host, do_register, runtime);
	if (options & kIOServiceSynchronous)
		await_match(service, options);
	return kIOReturnSuccess;
}

void host_service_flush_register(IOService *service)
{
	struct IOServiceRuntime *runtime = service->runtime;
	bool wanted;

	pthread_mutex_lock(&runtime->lock);
	wanted = runtime->register_wanted;
	runtime->register_wanted = false;
	pthread_mutex_unlock(&runtime->lock);
	if (wanted)
		host_tell(runtime->host, do_register, runtime);
}

IOWorkLoop *IOServiceGetWorkLoop(IOService *service)
{
	struct host_driver *driver = service->runtime->driver;

	scope_lock(&driver->lock);
	if (!driver->work_loop && driver->queue && host_work_loop_new(&driver->work_loop))
		return NULL;
	return driver->work_loop;
}
