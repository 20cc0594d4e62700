// SPDX-License-Identifier: MIT
/*
 * Drivers in DriverKit form: the operations of the classic form, carried out by
 * those of struct IOUserServiceOperations on the object's queues.
 */
#include "host/user_service.h"

#include <stdlib.h>
#include <string.h>

#include <IOKit/IORegistryEntry.h>

#include "base/log.h"
#include "base/scope.h"

struct host_named_queue {
	struct list link;
	IODispatchQueue *queue;
	char name[];
};

/* --- classes ------------------------------------------------------------------------ */

void *host_user_operation(const struct IODriverClass *cls, size_t offset)
{
	void *operation = NULL;

	for (; cls && !operation; cls = cls->superclass)
		if (cls->userService)
			memcpy(&operation, (const char *)cls->userService + offset,
			       sizeof(operation));
	return operation;
}

bool host_user_is_class(const struct IODriverClass *cls)
{
	for (; cls; cls = cls->superclass)
		if (cls == &IOUserServiceBase || cls == &IOUserUserClientBase)
			return true;
	return false;
}

static bool copy_text(CFDictionaryRef dictionary, CFStringRef key, char *text)
{
	CFTypeRef value = CFDictionaryGetValue(dictionary, key);

	return value && CFGetTypeID(value) == CFStringGetTypeID() &&
	       CFStringGetCString(value, text, WIRE_NAME_MAX + 1, kCFStringEncodingUTF8) && *text;
}

const struct IODriverClass *host_user_find_class(const struct host_bundle *bundle,
						 CFDictionaryRef properties)
{
	char shown[WIRE_NAME_MAX + 1], own[WIRE_NAME_MAX + 1];
	const struct IODriverClass *cls;

	if (!copy_text(properties, CFSTR(kIOClassKey), shown) ||
	    !copy_text(properties, CFSTR(kIOUserClassKey), own))
		return NULL;
	cls = host_loader_find_class(bundle, own);
	return cls && host_user_is_class(cls) ? cls : NULL;
}

/* --- life of the private part ---------------------------------------------------------- */

static struct host_named_queue *new_named_queue(const char *name, IODispatchQueue *queue)
{
	struct host_named_queue *named = malloc(sizeof(*named) + strlen(name) + 1);

	if (!named)
		return NULL;
	list_init(&named->link);
	strcpy(named->name, name);
	named->queue = IODispatchQueueRetain(queue);
	return named;
}

static void free_named_queue(struct host_named_queue *named)
{
	list_remove(&named->link);
	IODispatchQueueRelease(named->queue);
	free(named);
}

static struct host_named_queue *new_default_queue(const char *class_name)
{
	struct host_named_queue *named = NULL;
	IODispatchQueue *queue;

	if (IODispatchQueueCreate(class_name, 0, 0, &queue))
		return NULL;
	named = new_named_queue(kIOServiceDefaultQueueName, queue);
	IODispatchQueueRelease(queue);
	return named;
}

bool host_user_init(IOService *service, CFDictionaryRef properties)
{
	struct host_user *user = calloc(1, sizeof(*user));
	struct host_named_queue *named = new_default_queue(service->objectClass->name);
	char shown[WIRE_NAME_MAX + 1];
	const char *name = shown;

	if (!properties || !copy_text(properties, CFSTR(kIOClassKey), shown))
		name = host_class_conforms(service->objectClass, IOUserClientBase.name)
			     ? IOUserUserClientBase.name
			     : IOUserServiceBase.name;
	if (user)
		user->class_name = strdup(name);
	if (!user || !named || !user->class_name) {
		if (named)
			free_named_queue(named);
		free(user ? user->class_name : NULL);
		free(user);
		return false;
	}
	list_init(&user->queues);
	list_add(&user->queues, &named->link);
	service->runtime->user = user;
	return true;
}

void host_user_free(struct IOServiceRuntime *runtime)
{
	struct host_user *user = take_ptr(runtime->user);

	if (!user)
		return;
	list_for_each_safe(node, &user->queues)
		free_named_queue(container_of(node, struct host_named_queue, link));
	free(user->class_name);
	free(user);
}

void host_user_set_name(IOService *service)
{
	if (service->runtime->user)
		IOServiceSetName(service, service->objectClass->name, NULL);
}

/* --- queues ------------------------------------------------------------------------------ */

static struct host_named_queue *find_queue_locked(struct host_user *user, const char *name)
{
	list_for_each(node, &user->queues) {
		struct host_named_queue *named = container_of(node, struct host_named_queue, link);

		if (!strcmp(named->name, name))
			return named;
	}
	return NULL;
}

IODispatchQueue *host_user_copy_queue(IOService *service, const char *name)
{
	struct host_user *user = service->runtime->user;
	struct host_named_queue *named = NULL;

	scope_lock(&service->runtime->lock);
	if (name)
		named = find_queue_locked(user, name);
	if (!named)
		named = list_first(&user->queues, struct host_named_queue, link);
	return IODispatchQueueRetain(named->queue);
}

IOReturn host_user_run(IOService *service, const char *name, void *context,
		       IODispatchFunction function)
{
	IODispatchQueue *queue = host_user_copy_queue(service, name);
	IOReturn status = IODispatchQueueDispatchSync_f(queue, context, function);

	IODispatchQueueRelease(queue);
	return status;
}

/* The old queue, for the caller to release without the lock. */
static IODispatchQueue *replace_locked(struct host_user *user, struct host_named_queue *old,
				       struct host_named_queue *new)
{
	IODispatchQueue *released = NULL;

	if (old && new) { /* the default one stays first */
		released = old->queue;
		old->queue = IODispatchQueueRetain(new->queue);
	} else if (old) {
		list_remove(&old->link);
	} else if (new) {
		list_add(&user->queues, &new->link);
	}
	return released;
}

IOReturn IOServiceSetDispatchQueue(IOService *service, const char *name, IODispatchQueue *queue)
{
	struct host_user *user = service ? service->runtime->user : NULL;
	struct host_named_queue *old, *named = NULL;
	IODispatchQueue *released;
	bool is_default;

	if (!user || !name || !*name)
		return kIOReturnBadArgument;
	is_default = !strcmp(name, kIOServiceDefaultQueueName);
	if (is_default && !queue)
		return kIOReturnBadArgument;
	if (queue) {
		named = new_named_queue(name, queue);
		if (!named)
			return kIOReturnNoMemory;
	}
	pthread_mutex_lock(&service->runtime->lock);
	old = find_queue_locked(user, name);
	released = replace_locked(user, old, named);
	pthread_mutex_unlock(&service->runtime->lock);
	IODispatchQueueRelease(released);
	if (old && named)
		free_named_queue(named);
	else if (old)
		free_named_queue(old);
	return kIOReturnSuccess;
}

IOReturn IOServiceCopyDispatchQueue(IOService *service, const char *name, IODispatchQueue **queue)
{
	struct host_user *user = service ? service->runtime->user : NULL;
	struct host_named_queue *named;

	if (!user || !name || !queue)
		return kIOReturnBadArgument;
	scope_lock(&service->runtime->lock);
	named = find_queue_locked(user, name);
	if (!named)
		return kIOReturnNotFound;
	*queue = IODispatchQueueRetain(named->queue);
	return kIOReturnSuccess;
}

/* --- start, stop, properties --------------------------------------------------------------- */

/* One operation on its way to the object's default queue. */
struct operation {
	IOService *service, *provider;
	CFDictionaryRef properties;
	uint32_t type;
	uint64_t *options;
	IOUserClient *client;
	IOMemoryDescriptor *memory;
	IOReturn status;
};

static void run_start(void *context)
{
	struct operation *o = context;
	__typeof__(((struct IOUserServiceOperations *)0)->Start) start =
		host_user_op(o->service, Start);

	o->status = start ? start(o->service, o->provider) : kIOReturnSuccess;
}

static bool user_start(IOService *service, IOService *provider)
{
	struct operation o = { .service = service, .provider = provider };

	return !host_user_run(service, NULL, &o, run_start) && !o.status;
}

static void run_stop(void *context)
{
	struct operation *o = context;
	__typeof__(((struct IOUserServiceOperations *)0)->Stop) stop =
		host_user_op(o->service, Stop);

	if (stop)
		stop(o->service, o->provider);
}

static void user_stop(IOService *service, IOService *provider)
{
	struct operation o = { .service = service, .provider = provider };

	/* A queue that the driver has cancelled: what it has to do in Stop is done all the same. */
	if (host_user_run(service, NULL, &o, run_stop))
		run_stop(&o);
}

static void run_set_properties(void *context)
{
	struct operation *o = context;
	__typeof__(((struct IOUserServiceOperations *)0)->SetProperties) set =
		host_user_op(o->service, SetProperties);

	o->status = set ? set(o->service, o->properties) : kIOReturnUnsupported;
}

static IOReturn user_set_properties(IOService *service, CFTypeRef properties)
{
	struct operation o = { .service = service, .properties = properties };
	IOReturn status;

	if (CFGetTypeID(properties) != CFDictionaryGetTypeID())
		return kIOReturnBadArgument;
	status = host_user_run(service, NULL, &o, run_set_properties);
	return status ? status : o.status;
}

static void merge_one(const void *key, const void *value, void *context)
{
	CFDictionarySetValue(context, key, value);
}

IOReturn IOUserServiceSetProperties(IOService *service, OSDictionary *properties)
{
	CFStringRef key = CFSTR(kIOUserServicePropertiesKey);
	CFMutableDictionaryRef merged;
	CFTypeRef old;
	IOReturn status;

	if (!service || !properties || CFGetTypeID(properties) != CFDictionaryGetTypeID())
		return kIOReturnBadArgument;
	old = IOServiceCopyProperty(service, key);
	merged = old && CFGetTypeID(old) == CFDictionaryGetTypeID()
		       ? CFDictionaryCreateMutableCopy(NULL, 0, old)
		       : CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
						   &kCFTypeDictionaryValueCallBacks);
	if (old)
		CFRelease(old);
	if (!merged)
		return kIOReturnNoMemory;
	CFDictionaryApplyFunction(properties, merge_one, merged);
	status = IOServiceSetProperty(service, key, merged);
	CFRelease(merged);
	return status;
}

/* --- opening ------------------------------------------------------------------------------------ */

static void run_open(void *context)
{
	struct operation *o = context;
	__typeof__(((struct IOUserServiceOperations *)0)->NewUserClient) open =
		host_user_op(o->service, NewUserClient);

	o->status = open ? open(o->service, o->type, &o->client) : kIOReturnError;
}

/* Not what an opening may give: end it, whatever it is. */
static void discard(IOUserClient *client)
{
	struct IOServiceRuntime *runtime = client->service.runtime;

	if (runtime->connection) {
		host_client_end(client, 0, HOST_UNKNOWN); /* takes the reference */
		return;
	}
	IOServiceTerminate(&client->service, 0);
	IOServiceRelease(&client->service);
}

static IOReturn user_new_user_client(IOService *service, const IOClientTask *task, void *securityID,
				     uint32_t type, CFDictionaryRef properties,
				     IOUserClient **client)
{
	struct host_user *user = service->runtime->user;
	struct operation o = { .service = service, .type = type };
	IOReturn status;

	user->opening = task;
	user->open_type = type;
	status = host_user_run(service, NULL, &o, run_open);
	user->opening = NULL;
	status = status ? status : o.status;
	if (!status && !o.client)
		status = kIOReturnUnsupported;
	if (!status && (!o.client->service.runtime->user || !o.client->service.runtime->connection))
		status = kIOReturnUnsupported;
	if (status) {
		if (o.client)
			discard(o.client);
		return status;
	}
	*client = o.client;
	return kIOReturnSuccess;
}

static IOReturn create_client(IOService *service, const struct IODriverClass *cls,
			      CFDictionaryRef properties, IOService **result)
{
	struct host_user *user = service->runtime->user;
	IOUserClient *client = NULL;
	IOReturn status;

	if (!user->opening)
		return kIOReturnUnsupported;
	status = IOServiceCreateUserClient(service, cls, user->opening, (void *)user->opening,
					   user->open_type, properties, &client);
	if (!status)
		*result = &client->service;
	/* Attaching and starting are what may be refused. */
	return (uint32_t)status == (uint32_t)kIOReturnUnsupported ? kIOReturnNoResources : status;
}

static IOReturn create_service(IOService *service, const struct IODriverClass *cls,
			       CFDictionaryRef properties, IOService **result)
{
	IOReturn status = IOServicePublishNub(service, cls, cls->name, NULL, properties, result);

	if (status)
		return (uint32_t)status == (uint32_t)kIOReturnNoMemory ? status
								       : kIOReturnNoResources;
	(*result)->runtime->is_nub = false; /* started here, so stopped as well */
	if (host_service_start(*result, service)) {
		host_service_flush_register(*result);
		return kIOReturnSuccess;
	}
	(*result)->runtime->is_nub = true;
	IOServiceTerminate(*result, 0);
	IOServiceRelease(take_ptr(*result));
	return kIOReturnNoResources;
}

IOReturn IOServiceCreate(IOService *service, IOService *provider, const char *propertiesKey,
			 IOService **result)
{
	char shown[WIRE_NAME_MAX + 1], own[WIRE_NAME_MAX + 1];
	const struct IODriverClass *cls;
	CFTypeRef properties = NULL;
	CFStringRef key;
	IOReturn status = kIOReturnBadArgument;

	if (!service || !result || !propertiesKey || !service->runtime->user)
		return kIOReturnBadArgument;
	if (provider != service)
		return kIOReturnUnsupported;
	key = CFStringCreateWithCString(NULL, propertiesKey, kCFStringEncodingUTF8);
	if (key)
		properties = IOServiceCopyProperty(service, key);
	if (properties && CFGetTypeID(properties) == CFDictionaryGetTypeID() &&
	    copy_text(properties, CFSTR(kIOClassKey), shown) &&
	    copy_text(properties, CFSTR(kIOUserClassKey), own)) {
		cls = host_user_find_class(service->runtime->driver->bundle, properties);
		if (!cls)
			log_info("%s: its bundle has no class %s (IOUserClass in %s)",
				 host_service_shown_class(service), own, propertiesKey);
		if (!cls)
			status = kIOReturnNoMemory; /* as macOS: the class cannot be allocated */
		else if (host_class_conforms(cls, IOUserClientBase.name))
			status = create_client(service, cls, properties, result);
		else
			status = create_service(service, cls, properties, result);
	}
	if (properties)
		CFRelease(properties);
	if (key)
		CFRelease(key);
	return status;
}

/* --- user clients ---------------------------------------------------------------------------------- */

static void run_copy_memory(void *context)
{
	struct operation *o = context;
	__typeof__(((struct IOUserServiceOperations *)0)->CopyClientMemoryForType) copy =
		host_user_op(o->service, CopyClientMemoryForType);

	o->status = copy ? copy((IOUserClient *)o->service, o->type, o->options, &o->memory)
			 : kIOReturnUnsupported;
}

static IOReturn client_memory(IOUserClient *client, uint32_t type, IOOptionBits *options,
			      IOMemoryDescriptor **memory)
{
	uint64_t own_options = 0;
	struct operation o = { .service = &client->service, .type = type, .options = &own_options };
	IOReturn status = host_user_run(&client->service, NULL, &o, run_copy_memory);

	if (status)
		return status;
	if (own_options & kIOUserClientMemoryReadOnly)
		*options |= kIOMapReadOnly;
	*memory = o.memory;
	return o.status;
}

/* Terminating stops the client. */
static IOReturn client_close(IOUserClient *client)
{
	return IOServiceTerminate(&client->service, kIOServiceTerminateNeedWillTerminate);
}

static const struct IOServiceOperations service_operations = {
	.start = user_start,
	.stop = user_stop,
	.setProperties = user_set_properties,
	.newUserClient = user_new_user_client,
};
static const struct IOUserClientOperations client_operations = {
	.externalMethod = host_user_external_method,
	.clientMemoryForType = client_memory,
	.clientClose = client_close,
};

const struct IODriverClass IOUserServiceBase = {
	.name = "IOUserService",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service = &service_operations,
};

const struct IODriverClass IOUserUserClientBase = {
	.name = "IOUserUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct IOUserClient),
	.service = &service_operations,
	.userClient = &client_operations,
};
