// SPDX-License-Identifier: MIT
/* Objects that a driver publishes below its own. */
#include <IOKit/IOService.h>

#include <stdlib.h>
#include <string.h>

#include "host/host_internal.h"

struct publishing {
	struct IOServiceRuntime *runtime;
	uint64_t parent;
	const char *location;
	err_t err;
	uint64_t id;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
};

static void finish(struct publishing *publishing, uint64_t id)
{
	pthread_mutex_lock(&publishing->lock);
	publishing->id = id;
	publishing->done = true;
	pthread_cond_signal(&publishing->changed);
	pthread_mutex_unlock(&publishing->lock);
}

static void published(void *context, struct provider_entry *entry, uint64_t id)
{
	struct publishing *publishing = context;
	struct IOServiceRuntime *runtime = publishing->runtime;

	if (id && map_set(&runtime->host->services, id, runtime)) {
		provider_terminate(entry, 0);
		id = 0;
	} else if (id) {
		runtime->entry = entry;
		pthread_mutex_lock(&runtime->lock);
		runtime->id = id;
		pthread_mutex_unlock(&runtime->lock);
	} else {
		provider_forget(entry);
	}
	finish(publishing, id);
}

static void publish(void *context)
{
	struct publishing *publishing = context;
	struct IOServiceRuntime *runtime = publishing->runtime;
	struct provider_description description = {
		.parent_id = publishing->parent,
		.class_name = runtime->object->objectClass->name,
		.name = runtime->name,
		.location = publishing->location,
		.context = publishing,
		.published = published,
	};
	struct provider_entry *entry;

	if (runtime->host->ending) {
		publishing->err = -ESHUTDOWN;
		return;
	}
	description.properties = runtime->properties; /* nobody else has the object yet */
	publishing->err = provider_publish(runtime->host->provider, &description, &entry);
}

static err_t publish_and_wait(struct publishing *publishing)
{
	err_t err;

	pthread_mutex_init(&publishing->lock, NULL);
	pthread_cond_init(&publishing->changed, NULL);
	err = host_on_loop(publishing->runtime->host, publish, publishing);
	err = err ? err : publishing->err;
	pthread_mutex_lock(&publishing->lock);
	while (!err && !publishing->done)
		pthread_cond_wait(&publishing->changed, &publishing->lock);
	pthread_mutex_unlock(&publishing->lock);
	pthread_cond_destroy(&publishing->changed);
	pthread_mutex_destroy(&publishing->lock);
	return err ? err : publishing->id ? 0 : -EACCES;
}

IOReturn IOServicePublishNub(IOService *parent, const struct IODriverClass *cls, const char *name,
			     const char *location, CFDictionaryRef properties, IOService **nub)
{
	struct host_driver *driver = parent->runtime->driver;
	struct publishing publishing = { .parent = IOServiceGetEntryID(parent),
					 .location = location };
	IOService *service;
	err_t err;

	if (!nub || !cls || parent->runtime->is_remote ||
	    (cls != &IOServiceBase && !host_loader_owns_class(driver->bundle, cls)) ||
	    host_class_conforms(cls, IOUserClientBase.name))
		return kIOReturnBadArgument;
	if (!publishing.parent)
		return kIOReturnNotAttached;
	service = host_service_new(driver, cls, properties);
	if (!service)
		return kIOReturnNoMemory;
	service->runtime->is_nub = true;
	if (name && *name) {
		free(service->runtime->name);
		service->runtime->name = strdup(name);
	}
	if (!service->runtime->name || host_plane_remember(service, name, location) ||
	    !host_service_init(service, properties)) {
		IOServiceRelease(service);
		return kIOReturnNoMemory;
	}
	if (!host_service_attach(service, parent)) {
		IOServiceRelease(service);
		return kIOReturnNotAttached;
	}
	publishing.runtime = service->runtime;
	err = publish_and_wait(&publishing);
	if (err) {
		host_service_detach(service);
		IOServiceRelease(service);
		return err == -ENOMEM ? kIOReturnNoMemory : kIOReturnNoResources;
	}
	*nub = service;
	return kIOReturnSuccess;
}
