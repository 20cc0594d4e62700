// SPDX-License-Identifier: MIT
#include <IOKit/IOService.h>

#include <errno.h>

#include "base/bytes.h"
#include "base/scope.h"
#include "host/host_internal.h"
#include "wire/protocol.h"
#include "wire/value.h"

CFTypeRef IOServiceCopyProperty(IOService *service, CFStringRef key)
{
	CFTypeRef value;

	scope_lock(&service->runtime->lock);
	value = CFDictionaryGetValue(service->runtime->properties, key);
	return value ? CFRetain(value) : NULL;
}

int64_t IOServiceGetNumberProperty(IOService *service, CFStringRef key, int64_t fallback)
{
	CFTypeRef value = IOServiceCopyProperty(service, key);
	int64_t number = fallback;

	if (!value)
		return fallback;
	if (CFGetTypeID(value) != CFNumberGetTypeID() ||
	    !CFNumberGetValue(value, kCFNumberSInt64Type, &number))
		number = fallback;
	CFRelease(value);
	return number;
}

struct change {
	struct IOServiceRuntime *runtime;
	CFDictionaryRef set;
	CFArrayRef remove, live;
	err_t err;
};

static void apply(void *context)
{
	struct change *change = context;

	if (change->runtime->entry)
		change->err = provider_update(change->runtime->entry, change->set, change->remove,
					      change->live);
}

static IOReturn send_change(struct change *change)
{
	err_t err = host_tell(change->runtime->host, apply, change);

	return err || change->err ? kIOReturnNoMemory : kIOReturnSuccess;
}

/* Whether the registry can be told of VALUE; an object that is no property list is told as a text. */
static IOReturn check(CFTypeRef value)
{
	struct bytes encoded = { .limit = WIRE_VALUE_MAX };
	err_t err = wire_value_encode(value, &encoded);

	bytes_fini(&encoded);
	switch (err) {
	case 0:
		return kIOReturnSuccess;
	case -EINVAL:
		return kIOReturnBadArgument;
	case -E2BIG:
	case -EMSGSIZE:
		return kIOReturnMessageTooLarge;
	default:
		return kIOReturnNoMemory;
	}
}

/* True: the entry is known and must be told. */
static bool remember_locked(struct IOServiceRuntime *runtime, CFStringRef key, CFTypeRef value)
{
	CFDictionarySetValue(runtime->properties, key, value);
	if (runtime->id)
		return true;
	if (!runtime->pending)
		runtime->pending = CFDictionaryCreateMutable(
			NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	if (runtime->pending)
		CFDictionarySetValue(runtime->pending, key, value);
	return false;
}

IOReturn IOServiceSetProperty(IOService *service, CFStringRef key, CFTypeRef value)
{
	struct IOServiceRuntime *runtime = service->runtime;
	struct change change = { .runtime = runtime };
	IOReturn status;
	bool known;

	if (runtime->is_remote)
		return kIOReturnNotPermitted;
	if (!value)
		return IOServiceRemoveProperty(service, key);
	change.set = CFDictionaryCreate(NULL, (const void **)&key, (const void **)&value, 1,
					&kCFTypeDictionaryKeyCallBacks,
					&kCFTypeDictionaryValueCallBacks);
	if (!change.set)
		return kIOReturnNoMemory;
	/* What cannot be sent is not kept: it would keep all the rest from the next registry. */
	status = check(change.set);
	if (!status) {
		pthread_mutex_lock(&runtime->lock);
		known = remember_locked(runtime, key, value);
		pthread_mutex_unlock(&runtime->lock);
		status = known ? send_change(&change) : kIOReturnSuccess;
	}
	CFRelease(change.set);
	return status;
}

IOReturn IOServiceRemoveProperty(IOService *service, CFStringRef key)
{
	struct IOServiceRuntime *runtime = service->runtime;
	struct change change = { .runtime = runtime };
	IOReturn status;
	bool known;

	if (runtime->is_remote)
		return kIOReturnNotPermitted;
	pthread_mutex_lock(&runtime->lock);
	CFDictionaryRemoveValue(runtime->properties, key);
	if (runtime->pending)
		CFDictionaryRemoveValue(runtime->pending, key);
	known = runtime->id != 0;
	pthread_mutex_unlock(&runtime->lock);
	if (!known)
		return kIOReturnSuccess;
	change.remove = CFArrayCreate(NULL, (const void **)&key, 1, &kCFTypeArrayCallBacks);
	if (!change.remove)
		return kIOReturnNoMemory;
	status = send_change(&change);
	CFRelease(change.remove);
	return status;
}

IOReturn IOServiceSetLiveProperty(IOService *service, CFStringRef key)
{
	struct IOServiceRuntime *runtime = service->runtime;
	struct change change = { .runtime = runtime };
	IOReturn status;

	if (runtime->is_remote)
		return kIOReturnNotPermitted;
	pthread_mutex_lock(&runtime->lock);
	if (!runtime->live)
		runtime->live = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	if (runtime->live)
		CFArrayAppendValue(runtime->live, key);
	bool known = runtime->id != 0, failed = !runtime->live;
	pthread_mutex_unlock(&runtime->lock);
	if (failed)
		return kIOReturnNoMemory;
	if (!known)
		return kIOReturnSuccess;
	change.live = CFArrayCreate(NULL, (const void **)&key, 1, &kCFTypeArrayCallBacks);
	if (!change.live)
		return kIOReturnNoMemory;
	status = send_change(&change);
	CFRelease(change.live);
	return status;
}

struct resource {
	struct host *host;
	const char *key;
	CFTypeRef value;
	err_t err;
};

static void publish_resource(void *context)
{
	struct resource *resource = context;

	resource->err =
		provider_publish_resource(resource->host->provider, resource->key, resource->value);
}

IOReturn IOServicePublishResource(IOService *service, const char *key, CFTypeRef value)
{
	struct resource resource = { service->runtime->host, key, value, 0 };

	if (!key)
		return kIOReturnBadArgument;
	if (!value)
		resource.value = CFSTR("IOService");
	IOReturn status = check(resource.value);
	if (status)
		return status;
	if (host_tell(service->runtime->host, publish_resource, &resource) || resource.err)
		return kIOReturnNoMemory;
	return kIOReturnSuccess;
}

struct busy {
	struct IOServiceRuntime *runtime;
	int32_t delta;
};

static void adjust_busy(void *context)
{
	struct busy *busy = context;

	if (busy->runtime->entry)
		provider_adjust_busy(busy->runtime->entry, busy->delta);
}

IOReturn IOServiceAdjustBusy(IOService *service, int32_t delta)
{
	struct busy busy = { service->runtime, delta };

	if (service->runtime->is_remote)
		return kIOReturnNotPermitted;
	host_tell(service->runtime->host, adjust_busy, &busy);
	return kIOReturnSuccess;
}
