// SPDX-License-Identifier: MIT
/* Objects that a driver publishes below its own. */
#include <IOKit/IORegistryEntry.h>

#include <stdlib.h>
#include <string.h>

#include "host/host_internal.h"

/* So many are made while the registry has the ones before. */
enum { PART = 256 };

/* Nubs that are being published together. */
struct publishing {
	struct host *host;
	uint64_t parent;
	struct nub *nubs;
	size_t count, n_sent;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t n_awaited; /* under lock */
	err_t err;
};

struct nub {
	struct publishing *publishing;
	IOService *service;
	uint32_t flags;
	err_t err; /* 0: the registry knows it */
};

static void finish(struct nub *nub, err_t err)
{
	struct publishing *publishing = nub->publishing;

	pthread_mutex_lock(&publishing->lock);
	nub->err = err;
	if (err)
		publishing->err = err;
	if (--publishing->n_awaited == 0)
		pthread_cond_signal(&publishing->changed);
	pthread_mutex_unlock(&publishing->lock);
}

static void published(void *context, struct provider_entry *entry, uint64_t id)
{
	struct nub *nub = context;
	struct IOServiceRuntime *runtime = nub->service->runtime;
	err_t err = id ? map_set(&runtime->host->services, id, runtime) : -EACCES;

	if (!err) {
		runtime->entry = entry;
		pthread_mutex_lock(&runtime->lock);
		runtime->id = id;
		pthread_mutex_unlock(&runtime->lock);
	} else if (id) {
		provider_terminate(entry, 0);
	} else {
		provider_forget(entry);
	}
	finish(nub, err);
}

static err_t publish_one(struct nub *nub)
{
	struct IOServiceRuntime *runtime = nub->service->runtime;
	struct provider_description description = {
		.parent_id = nub->publishing->parent,
		.flags = nub->flags,
		.class_name = host_service_shown_class(nub->service),
		.name = runtime->name,
		.location = IOServiceGetLocation(nub->service, NULL),
		.context = nub,
		.published = published,
	};
	struct provider_entry *entry;

	if (runtime->host->ending)
		return -ESHUTDOWN;
	description.properties = runtime->properties; /* nobody else has the object yet */
	return provider_publish(runtime->host->provider, &description, &entry);
}

static void publish(void *context)
{
	struct publishing *publishing = context;

	for (; publishing->n_sent < publishing->count; publishing->n_sent++) {
		struct nub *nub = &publishing->nubs[publishing->n_sent];
		err_t err = publish_one(nub);

		if (err)
			finish(nub, err);
	}
}

/* Send what has been made since the last time; it is awaited from now on. */
static err_t publish_part(struct publishing *publishing)
{
	size_t n = publishing->count - publishing->n_sent;
	err_t err;

	pthread_mutex_lock(&publishing->lock);
	publishing->n_awaited += n;
	pthread_mutex_unlock(&publishing->lock);
	err = host_on_loop(publishing->host, publish, publishing);
	/* It did not run: there is nobody to wait for. */
	for (; err && publishing->n_sent < publishing->count; publishing->n_sent++)
		finish(&publishing->nubs[publishing->n_sent], err);
	return err;
}

static err_t await_all(struct publishing *publishing)
{
	pthread_mutex_lock(&publishing->lock);
	while (publishing->n_awaited)
		pthread_cond_wait(&publishing->changed, &publishing->lock);
	pthread_mutex_unlock(&publishing->lock);
	return publishing->err;
}

static IOReturn status_of(err_t err)
{
	switch (err) {
	case 0:
		return kIOReturnSuccess;
	case -ENOMEM:
		return kIOReturnNoMemory;
	case -EMSGSIZE:
		return kIOReturnMessageTooLarge;
	default:
		return kIOReturnNoResources;
	}
}

static bool is_good(IOService *parent, const struct IODriverClass *cls)
{
	return cls &&
	       (cls == &IOServiceBase ||
		host_loader_owns_class(parent->runtime->driver->bundle, cls)) &&
	       !host_class_conforms(cls, IOUserClientBase.name);
}

/* The string property KEY of PROPERTIES in TEXT, unless OTHERWISE says something. */
static const char *seed(CFDictionaryRef properties, CFStringRef key, const char *otherwise,
			char *text, size_t size)
{
	CFTypeRef value = properties ? CFDictionaryGetValue(properties, key) : NULL;

	if ((otherwise && *otherwise) || !value || CFGetTypeID(value) != CFStringGetTypeID() ||
	    !CFStringGetCString(value, text, (CFIndex)size, kCFStringEncodingUTF8))
		return otherwise;
	return text;
}

/* The object, initialised and attached, but not published. */
static IOReturn make(IOService *parent, const IONubDescription *description, IOService **ret_nub)
{
	IOService *service = host_service_new(parent->runtime->driver, description->nubClass,
					      description->properties);
	char name_text[WIRE_NAME_MAX + 1], location_text[WIRE_NAME_MAX + 1];
	const char *name = seed(description->properties, CFSTR("IOName"), description->name,
				name_text, sizeof(name_text));
	const char *location = seed(description->properties, CFSTR("IOLocation"),
				    description->location, location_text, sizeof(location_text));

	if (!service)
		return kIOReturnNoMemory;
	service->runtime->is_nub = true;
	if (name && *name) {
		free(service->runtime->name);
		service->runtime->name = strdup(name);
	}
	if (!service->runtime->name || host_plane_remember(service, name, location) ||
	    !host_service_init(service, description->properties)) {
		IOServiceRelease(service);
		return kIOReturnNoMemory;
	}
	if (!host_service_attach(service, parent)) {
		IOServiceRelease(service);
		return kIOReturnNotAttached;
	}
	*ret_nub = service;
	return kIOReturnSuccess;
}

/* Those that are known to the registry go like any other service. */
static void drop(struct nub *nub)
{
	if (nub->err)
		host_service_detach(nub->service);
	else
		IOServiceTerminate(nub->service, 0);
	IOServiceRelease(nub->service);
}

/* Make nubs up to number END. */
static IOReturn make_part(struct publishing *publishing, IOService *parent,
			  const IONubDescription *descriptions, uint32_t end)
{
	IOReturn status = kIOReturnSuccess;

	for (size_t i = publishing->count; !status && i < end; i++) {
		struct nub *nub = &publishing->nubs[i];

		*nub = (struct nub){ .publishing = publishing, .err = -EAGAIN };
		if (descriptions[i].options & kIONubRegister)
			nub->flags = WIRE_PUBLISH_REGISTER;
		status = make(parent, &descriptions[i], &nub->service);
		publishing->count += !status;
	}
	return status;
}

/* One part is made while the registry has the one before. */
static IOReturn publish_all(struct publishing *publishing, IOService *parent,
			    const IONubDescription *descriptions, uint32_t count)
{
	IOReturn status = kIOReturnSuccess;
	err_t err = 0;

	pthread_mutex_init(&publishing->lock, NULL);
	pthread_cond_init(&publishing->changed, NULL);
	while (!status && !err && publishing->count < count) {
		uint32_t left = count - (uint32_t)publishing->count;

		status = make_part(publishing, parent, descriptions,
				   count - left + (left < PART ? left : PART));
		if (!status)
			err = publish_part(publishing);
	}
	if (await_all(publishing) && !status)
		status = status_of(publishing->err);
	pthread_cond_destroy(&publishing->changed);
	pthread_mutex_destroy(&publishing->lock);
	return status;
}

IOReturn IOServicePublishNubs(IOService *parent, const IONubDescription *descriptions,
			      uint32_t count, IOService **nubs)
{
	struct publishing publishing = { .host = parent->runtime->host,
					 .parent = IOServiceGetEntryID(parent) };
	IOReturn status;

	if (!nubs || !descriptions || !count || count > kIONubsMax || parent->runtime->is_remote)
		return kIOReturnBadArgument;
	for (uint32_t i = 0; i < count; i++)
		if (!is_good(parent, descriptions[i].nubClass))
			return kIOReturnBadArgument;
	if (!publishing.parent)
		return kIOReturnNotAttached;
	publishing.nubs = calloc(count, sizeof(*publishing.nubs));
	if (!publishing.nubs)
		return kIOReturnNoMemory;
	status = publish_all(&publishing, parent, descriptions, count);
	for (size_t i = 0; i < publishing.count; i++) {
		if (status)
			drop(&publishing.nubs[i]);
		else
			nubs[i] = publishing.nubs[i].service;
	}
	free(publishing.nubs);
	return status;
}

IOReturn IOServicePublishNub(IOService *parent, const struct IODriverClass *cls, const char *name,
			     const char *location, CFDictionaryRef properties, IOService **nub)
{
	IONubDescription description = {
		.nubClass = cls, .name = name, .location = location, .properties = properties
	};

	return IOServicePublishNubs(parent, &description, 1, nub);
}
