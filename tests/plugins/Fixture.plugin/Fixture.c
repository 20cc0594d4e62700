/* SPDX-License-Identifier: MIT */
/* A plug-in with many factories, which notes what is done with its instances. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOCFPlugIn.h>

#include "Fixture.h"

__attribute__((visibility("default"))) char fixture_log[FIXTURE_LOG_SIZE];

struct kind {
	const char *name;
	SInt32 order;
	IOReturn probe, start, stop;
	bool has_interface;
};

struct instance {
	IOCFPlugInInterface *table; /* the interface is the address of this member */
	const struct kind *kind;
	ULONG references;
};

static void note(const char *what, const struct instance *instance)
{
	size_t n = strlen(fixture_log);

	snprintf(fixture_log + n, sizeof(fixture_log) - n, "%s %s;", what, instance->kind->name);
}

static HRESULT query(void *self, REFIID iid, LPVOID *result)
{
	struct instance *i = self;
	CFUUIDRef wanted = CFUUIDCreateFromUUIDBytes(NULL, iid);
	bool has = CFEqual(wanted, IUnknownUUID) ||
		   (i->kind->has_interface && CFEqual(wanted, kIOCFPlugInInterfaceID));

	CFRelease(wanted);
	*result = has ? self : NULL;
	if (has)
		i->references++;
	return has ? S_OK : E_NOINTERFACE;
}

static ULONG add_ref(void *self)
{
	return ++((struct instance *)self)->references;
}

static ULONG release(void *self)
{
	struct instance *i = self;

	if (--i->references)
		return i->references;
	note("free", i);
	free(i);
	return 0;
}

static IOReturn probe(void *self, CFDictionaryRef table, io_service_t service, SInt32 *order)
{
	struct instance *i = self;

	note("probe", i);
	*order += i->kind->order;
	return i->kind->probe;
}

static IOReturn start(void *self, CFDictionaryRef table, io_service_t service)
{
	note("start", self);
	return ((struct instance *)self)->kind->start;
}

static IOReturn stop(void *self)
{
	note("stop", self);
	return ((struct instance *)self)->kind->stop;
}

static IOCFPlugInInterface table = {
	NULL, query, add_ref, release, 1, 0, probe, start, stop,
};

static void *make(const struct kind *kind)
{
	struct instance *i = calloc(1, sizeof(*i));

	if (i)
		*i = (struct instance){ &table, kind, 1 };
	return i;
}

#define FACTORY(name, ...) \
	__attribute__((visibility("default"))) void *make_##name(CFAllocatorRef allocator, \
								 CFUUIDRef type); \
	void *make_##name(CFAllocatorRef allocator, CFUUIDRef type) \
	{ \
		static const struct kind kind = { #name, __VA_ARGS__ }; \
		return make(&kind); \
	}

FACTORY(ten, 10, 0, 0, 0, true)
FACTORY(twenty, 20, 0, kIOReturnNoDevice, 0, true)
FACTORY(one, 1, 0, 0, kIOReturnBusy, true)
FACTORY(refuse, 99, kIOReturnUnsupported, 0, 0, true)
FACTORY(left, 5, 0, 0, 0, true)
FACTORY(right, 5, 0, 0, 0, true)
FACTORY(lazy, 7, 0, kIOReturnError, 0, true)
FACTORY(idle, -7, 0, kIOReturnNotReady, 0, true)
FACTORY(plain, 50, 0, 0, 0, false)

__attribute__((visibility("default"))) void *make_nothing(CFAllocatorRef allocator, CFUUIDRef type);
void *make_nothing(CFAllocatorRef allocator, CFUUIDRef type)
{
	return NULL;
}

static void *make_log(CFAllocatorRef allocator, CFUUIDRef type)
{
	return fixture_log;
}

__attribute__((visibility("default"))) void fixture_register(CFUUIDRef factory);

/* A factory by address, which Info.plist does not know. */
void fixture_register(CFUUIDRef factory)
{
	CFPlugInRegisterFactoryFunction(factory, make_log);
	CFPlugInRegisterPlugInType(factory, FIXTURE_TYPE(FIXTURE_NOTHING));
}
