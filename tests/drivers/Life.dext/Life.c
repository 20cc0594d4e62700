/* SPDX-License-Identifier: MIT */
/* Drivers whose life a test can watch and hold up. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IODriver.h>
#include <IOKit/IORegistryEntry.h>
#include <IOKit/IOUserClient.h>

#include "Life.h"

enum { EVENTS_MAX = 64 * 1024, NAME_MAX_ = 64 };

struct LifeDriver {
	IOService service;
	struct LifeDriver *next; /* guarded by lock */
	char name[NAME_MAX_];
	bool released, continued; /* guarded by lock */
	IOService *provider;	  /* of start */
	IOService *below;	  /* retained */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char events[EVENTS_MAX];	   /* guarded by lock */
static struct LifeDriver *drivers; /* guarded by lock */

static void note(const char *what, const struct LifeDriver *driver, const char *more)
{
	size_t used;

	pthread_mutex_lock(&lock);
	used = strlen(events);
	snprintf(events + used, sizeof(events) - used, "%s %s%s\n", what, driver->name, more);
	pthread_mutex_unlock(&lock);
}

static bool isTrue(IOService *provider, const char *key)
{
	CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);
	CFTypeRef value = IOServiceCopyProperty(provider, name);
	bool yes = value == kCFBooleanTrue;

	if (value)
		CFRelease(value);
	CFRelease(name);
	return yes;
}

static bool copyText(IOService *provider, CFStringRef key, char *text, size_t size)
{
	CFTypeRef value = IOServiceCopyProperty(provider, key);
	bool found = value && CFGetTypeID(value) == CFStringGetTypeID() &&
		     CFStringGetCString(value, text, (CFIndex)size, kCFStringEncodingUTF8);

	if (value)
		CFRelease(value);
	return found;
}

/* --- what drivers stand on -------------------------------------------------------------------- */

struct LifeNub {
	IOService service;
	atomic_int owners, admitted; /* admitted 0: one, the default way */
	IOService *who[8];	     /* guarded by lock */
};

static bool nubOpen(IOService *service, IOService *client, IOOptionBits options)
{
	struct LifeNub *nub = (struct LifeNub *)service;
	bool taken = false;

	if (!nub->admitted)
		return IOServiceHandleOpen(service, client, options);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < nub->admitted && !taken; i++)
		if (!nub->who[i]) {
			nub->who[i] = client;
			taken = true;
		}
	pthread_mutex_unlock(&lock);
	return taken;
}

static void nubClose(IOService *service, IOService *client, IOOptionBits options)
{
	struct LifeNub *nub = (struct LifeNub *)service;

	if (!nub->admitted)
		IOServiceHandleClose(service, client, options);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < 8; i++)
		if (nub->who[i] == client)
			nub->who[i] = NULL;
	pthread_mutex_unlock(&lock);
}

static bool nubIsOpen(IOService *service, IOService *client)
{
	struct LifeNub *nub = (struct LifeNub *)service;
	bool yes = false;

	if (!nub->admitted)
		return IOServiceHandleIsOpen(service, client);
	pthread_mutex_lock(&lock);
	for (int i = 0; i < 8; i++)
		yes |= nub->who[i] && (!client || nub->who[i] == client);
	pthread_mutex_unlock(&lock);
	return yes;
}

static const struct IODriverClass nubClass = {
	.name = "LifeNub",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct LifeNub),
	.service =
		&(const struct IOServiceOperations){
			.handleOpen = nubOpen,
			.handleClose = nubClose,
			.handleIsOpen = nubIsOpen,
		},
};

static IOReturn publishBelow(struct LifeDriver *driver, const char *name, bool announce,
			     IOService **ret_nub)
{
	CFStringRef text = CFStringCreateWithCString(NULL, name, kCFStringEncodingUTF8);
	bool waits = driver->provider && isTrue(driver->provider, "LifeWait");
	const void *keys[] = { CFSTR("LifeName"), CFSTR("LifeHold") };
	const void *values[] = { text, waits ? kCFBooleanTrue : kCFBooleanFalse };
	CFDictionaryRef properties =
		CFDictionaryCreate(NULL, keys, values, 2, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);
	IOReturn status =
		IOServicePublishNub(&driver->service, &nubClass, name, NULL, properties, ret_nub);

	if (!status && announce)
		status = IOServiceRegister(*ret_nub, waits ? kIOServiceSynchronous : 0);
	CFRelease(properties);
	CFRelease(text);
	return status;
}

/* --- the driver --------------------------------------------------------------------------------- */

static void enlist(struct LifeDriver *driver)
{
	pthread_mutex_lock(&lock);
	driver->next = drivers;
	drivers = driver;
	pthread_mutex_unlock(&lock);
}

static void delist(struct LifeDriver *driver)
{
	struct LifeDriver **at;

	pthread_mutex_lock(&lock);
	for (at = &drivers; *at && *at != driver; at = &(*at)->next)
		;
	if (*at)
		*at = driver->next;
	pthread_mutex_unlock(&lock);
}

static bool driverStart(IOService *service, IOService *provider)
{
	struct LifeDriver *self = (struct LifeDriver *)service;
	char below[NAME_MAX_];

	copyText(provider, isTrue(service, "LifeSecond") ? CFSTR("LifeTwice") : CFSTR("LifeName"),
		 self->name, sizeof(self->name));
	self->provider = provider;
	enlist(self);
	note("start", self, "");
	pthread_mutex_lock(&lock);
	while (isTrue(provider, "LifeHold") && !self->released)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	if (isTrue(provider, "LifeRefuse") ||
	    (isTrue(provider, "LifeOpen") && !IOServiceOpenProvider(service, provider, 0))) {
		delist(self);
		return false;
	}
	if (copyText(provider, CFSTR("LifeBelow"), below, sizeof(below)))
		publishBelow(self, below, true, &self->below);
	if (isTrue(provider, "LifeEnd"))
		IOServiceTerminate(service, kIOServiceSynchronous);
	IOServiceSetProperty(service, CFSTR("LifeStarted"), kCFBooleanTrue);
	IOServiceRegister(service, 0);
	return true;
}

static void driverStop(IOService *service, IOService *provider)
{
	struct LifeDriver *self = (struct LifeDriver *)service;

	note("stop", self, provider == self->provider ? "" : " other");
	delist(self);
	IOServiceRelease(self->below);
	self->below = NULL;
}

static void driverFree(IOService *service)
{
	note("free", (struct LifeDriver *)service, "");
}

static bool driverWill(IOService *service, IOService *provider, IOOptionBits options)
{
	note("will", (struct LifeDriver *)service, IOServiceIsInactive(service) ? "" : " active");
	return true;
}

static bool driverDid(IOService *service, IOService *provider, IOOptionBits options, bool *defer)
{
	struct LifeDriver *self = (struct LifeDriver *)service;

	note("did", self, "");
	*defer = isTrue(provider, "LifeDefer");
	return true;
}

static bool driverFinalize(IOService *service, IOOptionBits options)
{
	note("finalize", (struct LifeDriver *)service, "");
	return true;
}

static IOReturn driverMessage(IOService *service, uint32_t type, IOService *provider,
			      void *argument)
{
	struct LifeDriver *self = (struct LifeDriver *)service;
	char more[64];

	snprintf(more, sizeof(more), " %x %llx", type, (unsigned long long)(uintptr_t)argument);
	note("message", self, more);
	if (type != kIOMessageServiceIsRequestingClose)
		return kIOReturnUnsupported;
	if (isTrue(self->provider, "LifeKeep"))
		return kIOReturnBusy;
	IOServiceCloseProvider(service, provider);
	return kIOReturnSuccess;
}

static IOReturn driverProbe(IOService *service, IOOptionBits options)
{
	struct LifeDriver *self = (struct LifeDriver *)service;
	char more[32];

	snprintf(more, sizeof(more), " %x", options);
	note("probe", self, more);
	return (IOReturn)IOServiceGetNumberProperty(self->provider, CFSTR("LifeProbe"),
						    kIOReturnUnsupported);
}

static const struct IODriverClass driverClass = {
	.name = "LifeDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct LifeDriver),
	.service =
		&(const struct IOServiceOperations){
			.start = driverStart,
			.stop = driverStop,
			.free = driverFree,
			.message = driverMessage,
			.willTerminate = driverWill,
			.didTerminateDeferring = driverDid,
			.finalize = driverFinalize,
			.requestProbe = driverProbe,
		},
};

/* --- commands -------------------------------------------------------------------------------------- */

/* Retained, or NULL. */
static struct LifeDriver *copyDriver(const char *name)
{
	struct LifeDriver *d;

	pthread_mutex_lock(&lock);
	for (d = drivers; d && strcmp(d->name, name); d = d->next)
		;
	if (d)
		IOServiceRetain(&d->service);
	pthread_mutex_unlock(&lock);
	return d;
}

static uint64_t isOpen(struct LifeDriver *d)
{
	return (IOServiceIsOpenBy(d->provider, &d->service) ? 1u : 0u) |
	       (IOServiceIsOpenBy(d->provider, NULL) ? 2u : 0u);
}

static uint64_t makeAndEnd(struct LifeDriver *d, IOOptionBits options)
{
	IOService *nub = NULL;
	IOReturn status = publishBelow(d, "short-lived", false, &nub);

	if (!status)
		status = IOServiceTerminate(nub, options);
	IOServiceRelease(nub);
	return (uint32_t)status;
}

static uint64_t attach(struct LifeDriver *d, const char *other)
{
	struct LifeDriver *provider = copyDriver(other);
	IOReturn status = kIOReturnNotFound;

	if (provider) {
		status = IOServiceAttachToParent(&d->service, &provider->service, kIOServicePlane);
		IOServiceRelease(&provider->service);
	}
	return (uint32_t)status;
}

static void set(struct LifeDriver *d, bool *flag)
{
	pthread_mutex_lock(&lock);
	*flag = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static uint64_t runCommand(struct LifeDriver *d, const char *verb, const char *word)
{
	IOOptionBits options = (IOOptionBits)strtoul(word, NULL, 0);

	if (!strcmp(verb, "open"))
		return IOServiceOpenProvider(&d->service, d->provider, options);
	if (!strcmp(verb, "close"))
		IOServiceCloseProvider(&d->service, d->provider);
	else if (!strcmp(verb, "isopen"))
		return isOpen(d);
	else if (!strcmp(verb, "release"))
		set(d, &d->released);
	else if (!strcmp(verb, "continue"))
		IOServiceDidTerminate(&d->service, d->provider, 0, NULL);
	else if (!strcmp(verb, "terminate"))
		return (uint32_t)IOServiceTerminate(&d->service, options);
	else if (!strcmp(verb, "inactive"))
		return IOServiceIsInactive(&d->service);
	else if (!strcmp(verb, "guard") && d->below)
		((struct LifeNub *)d->below)->admitted = (int)options;
	else if (!strcmp(verb, "register"))
		return (uint32_t)IOServiceRegister(&d->service, options);
	else if (!strcmp(verb, "attach"))
		return attach(d, word);
	else if (!strcmp(verb, "nub"))
		return makeAndEnd(d, options);
	return 0;
}

static IOReturn doCommand(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	char line[256] = "", verb[32] = "", name[NAME_MAX_] = "", word[NAME_MAX_] = "";
	struct LifeDriver *driver;

	if (arguments->structureInputSize >= sizeof(line))
		return kIOReturnBadArgument;
	memcpy(line, arguments->structureInput, arguments->structureInputSize);
	if (sscanf(line, "%31s %63s %63s", verb, name, word) < 2)
		return kIOReturnBadArgument;
	driver = copyDriver(name);
	if (!driver) {
		arguments->scalarOutput[0] = 2;
		return strcmp(verb, "inactive") ? kIOReturnNotFound : kIOReturnSuccess;
	}
	arguments->scalarOutput[0] = runCommand(driver, verb, word);
	IOServiceRelease(&driver->service);
	return kIOReturnSuccess;
}

static IOReturn doRead(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	if (!arguments->structureVariableOutputData)
		return kIOReturnBadArgument;
	pthread_mutex_lock(&lock);
	*arguments->structureVariableOutputData =
		CFDataCreate(NULL, (const UInt8 *)events, (CFIndex)strlen(events) + 1);
	pthread_mutex_unlock(&lock);
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch methods[] = {
	[LIFE_COMMAND] = { doCommand, 0, kIOUCVariableStructureSize, 1, 0 },
	[LIFE_READ] = { doRead, 0, 0, 0, kIOUCVariableStructureSize },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	if (selector >= sizeof(methods) / sizeof(*methods))
		return kIOReturnBadArgument;
	return IOUserClientExternalMethod(client, selector, arguments, &methods[selector], client,
					  NULL);
}

static IOReturn clientClose(IOUserClient *client)
{
	return IOServiceTerminate(&client->service, 0);
}

static const struct IODriverClass clientClass = {
	.name = "LifeClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(IOUserClient),
	.userClient =
		&(const struct IOUserClientOperations){
			.externalMethod = clientMethod,
			.clientClose = clientClose,
		},
};

static bool lifeStart(IOService *service, IOService *provider)
{
	return !IOServiceRegister(service, 0);
}

static const struct IODriverClass lifeClass = {
	.name = "Life",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service = &(const struct IOServiceOperations){ .start = lifeStart },
};

static const struct IODriverClass *const classes[] = { &lifeClass, &clientClass, &driverClass,
						       &nubClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Life",
	.classes = classes,
};
