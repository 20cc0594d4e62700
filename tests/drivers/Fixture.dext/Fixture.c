/* SPDX-License-Identifier: MIT */
/* A driver that does on demand what the sample drivers never do. */
#include <stdatomic.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

#include "Fixture.h"

struct FixtureDriver {
	IOService service;
	IOService *nub; /* guarded by lock */
	IOUserClient *again;
	atomic_int ticks;
	atomic_uint_fast64_t counts[FIXTURE_COUNTS];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned meeting, held, running, mostRunning; /* guarded by lock */
	bool released;				      /* guarded by lock */
	uint64_t admitted;			      /* guarded by lock */
};

struct FixtureUserClient {
	IOUserClient client;
	struct FixtureDriver *driver;
	uint32_t type;
	atomic_int running; /* methods of this connection */
	atomic_bool closed;
	IOExternalTrap trap;
};

/* --- methods -------------------------------------------------------------------- */

static IOReturn variable(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint64_t size = arguments->scalarInput[0];
	CFMutableDataRef data;

	if (!arguments->structureVariableOutputData)
		return kIOReturnBadArgument;
	if (size == FIXTURE_NOTHING)
		return kIOReturnSuccess;
	if (size == FIXTURE_NO_DATA) {
		*arguments->structureVariableOutputData = CFRetain(CFSTR("text"));
		return kIOReturnSuccess;
	}
	data = CFDataCreateMutable(NULL, 0);
	CFDataSetLength(data, (CFIndex)size);
	for (uint64_t i = 0; i < size; i++)
		CFDataGetMutableBytePtr(data)[i] = (uint8_t)i;
	*arguments->structureVariableOutputData = data;
	return kIOReturnSuccess;
}

/* Returns when two calls are inside. */
static IOReturn meet(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct FixtureDriver *driver = ((struct FixtureUserClient *)target)->driver;

	pthread_mutex_lock(&driver->lock);
	driver->meeting++;
	pthread_cond_broadcast(&driver->changed);
	while (driver->meeting < 2)
		pthread_cond_wait(&driver->changed, &driver->lock);
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn pass(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct FixtureDriver *driver = ((struct FixtureUserClient *)target)->driver;

	pthread_mutex_lock(&driver->lock);
	if (++driver->running > driver->mostRunning)
		driver->mostRunning = driver->running;
	pthread_mutex_unlock(&driver->lock);
	sched_yield();
	pthread_mutex_lock(&driver->lock);
	driver->running--;
	arguments->scalarOutput[0] = driver->mostRunning;
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn counts(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct FixtureDriver *driver = ((struct FixtureUserClient *)target)->driver;

	for (int i = 0; i < FIXTURE_COUNTS; i++)
		arguments->scalarOutput[i] = driver->counts[i];
	pthread_mutex_lock(&driver->lock);
	arguments->scalarOutput[FIXTURE_HELD] = driver->held;
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn echo(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = arguments->scalarInput[0] + 1;
	return kIOReturnSuccess;
}

/* What a driver has checked must be what it then uses. */
static IOReturn steady(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	IOMemoryDescriptor *memory = arguments->structureInputDescriptor;
	const volatile uint8_t *bytes =
		memory ? IOMemoryDescriptorGetBytes(memory) : arguments->structureInput;
	uint64_t size =
		memory ? IOMemoryDescriptorGetLength(memory) : arguments->structureInputSize;
	uint8_t first[64];

	arguments->scalarOutput[0] = 0;
	if (size > sizeof(first))
		size = sizeof(first);
	for (uint64_t i = 0; i < size; i++)
		first[i] = bytes[i];
	for (int looks = 0; looks < 100; looks++)
		for (uint64_t i = 0; i < size; i++)
			arguments->scalarOutput[0] += bytes[i] != first[i];
	return kIOReturnSuccess;
}

static IOReturn tell(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct FixtureUserClient *self = target;

	return IOServiceMessageClients(&self->driver->service, (uint32_t)arguments->scalarInput[0],
				       (void *)(uintptr_t)arguments->scalarInput[1], 0);
}

/* Returns when FIXTURE_RELEASE is called on any connection. */
static IOReturn hold(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct FixtureDriver *driver = ((struct FixtureUserClient *)target)->driver;

	pthread_mutex_lock(&driver->lock);
	driver->released = false;
	driver->held++;
	while (!driver->released)
		pthread_cond_wait(&driver->changed, &driver->lock);
	driver->held--;
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn letGo(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct FixtureDriver *driver = ((struct FixtureUserClient *)target)->driver;

	pthread_mutex_lock(&driver->lock);
	driver->released = true;
	pthread_cond_broadcast(&driver->changed);
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn admit(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct FixtureDriver *driver = ((struct FixtureUserClient *)target)->driver;

	pthread_mutex_lock(&driver->lock);
	driver->admitted += arguments->scalarInput[0];
	pthread_cond_broadcast(&driver->changed);
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static void awaitAdmission(struct FixtureDriver *driver)
{
	pthread_mutex_lock(&driver->lock);
	while (!driver->admitted)
		pthread_cond_wait(&driver->changed, &driver->lock);
	driver->admitted--;
	pthread_mutex_unlock(&driver->lock);
}

static IOReturn openProvider(OSObject *target, void *reference,
			     IOExternalMethodArguments *arguments)
{
	struct FixtureUserClient *self = target;

	arguments->scalarOutput[0] =
		IOServiceOpenProvider(&self->client.service, &self->driver->service,
				      (IOOptionBits)arguments->scalarInput[0]);
	return kIOReturnSuccess;
}

static IOReturn closeProvider(OSObject *target, void *reference,
			      IOExternalMethodArguments *arguments)
{
	struct FixtureUserClient *self = target;

	IOServiceCloseProvider(&self->client.service, &self->driver->service);
	arguments->scalarOutput[0] = IOServiceIsOpenBy(&self->driver->service, NULL);
	return kIOReturnSuccess;
}

static IOReturn endNub(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct FixtureDriver *driver = ((struct FixtureUserClient *)target)->driver;
	IOService *nub;

	pthread_mutex_lock(&driver->lock);
	nub = driver->nub;
	driver->nub = NULL;
	pthread_mutex_unlock(&driver->lock);
	if (!nub)
		return kIOReturnNotFound;
	IOServiceTerminate(nub, 0);
	IOServiceRelease(nub);
	return kIOReturnSuccess;
}

static const struct IODriverClass nubClass = {
	.name = "FixtureNub",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
};

static IOReturn publishNub(struct FixtureDriver *driver)
{
	IOService *nub, *old;
	IOReturn status =
		IOServicePublishNub(&driver->service, &nubClass, "fixture nub", "1,2", NULL, &nub);

	if (status)
		return status;
	pthread_mutex_lock(&driver->lock);
	old = driver->nub;
	driver->nub = nub;
	pthread_mutex_unlock(&driver->lock);
	if (old)
		IOServiceTerminate(old, 0);
	IOServiceRelease(old);
	return IOServiceRegister(nub, 0);
}

static void standStill(int number)
{
	for (;;)
		pause();
}

/* The link's thread is the program's first. */
static IOReturn stick(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	signal(SIGUSR1, standStill);
	return syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1) ? kIOReturnError : kIOReturnSuccess;
}

static IOReturn makeNub(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return publishNub(((struct FixtureUserClient *)target)->driver);
}

static const IOExternalMethodDispatch methods[] = {
	[FIXTURE_VARIABLE] = { variable, 1, 0, 0, kIOUCVariableStructureSize },
	[FIXTURE_MEET] = { meet, 0, 0, 0, 0 },
	[FIXTURE_PASS] = { pass, 0, 0, 1, 0 },
	[FIXTURE_COUNT] = { counts, 0, 0, FIXTURE_COUNTS, 0 },
	[FIXTURE_TELL] = { tell, 2, 0, 0, 0 },
	[FIXTURE_HOLD] = { hold, 0, 0, 0, 0 },
	[FIXTURE_RELEASE] = { letGo, 0, 0, 0, 0 },
	[FIXTURE_OPEN] = { openProvider, 1, 0, 1, 0 },
	[FIXTURE_CLOSE] = { closeProvider, 0, 0, 1, 0 },
	[FIXTURE_END_NUB] = { endNub, 0, 0, 0, 0 },
	[FIXTURE_MAKE_NUB] = { makeNub, 0, 0, 0, 0 },
	[FIXTURE_ECHO] = { echo, 1, 0, 1, 0 },
	[FIXTURE_STICK] = { stick, 0, 0, 0, 0 },
	[FIXTURE_STEADY] = { steady, 0, kIOUCVariableStructureSize, 1, 0 },
	[FIXTURE_ADMIT] = { admit, 1, 0, 0, 0 },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	struct FixtureUserClient *self = (struct FixtureUserClient *)client;
	IOReturn status;

	if (selector >= sizeof(methods) / sizeof(*methods))
		return kIOReturnBadArgument;
	self->running++;
	if (self->closed)
		self->driver->counts[FIXTURE_LATE]++;
	status = IOUserClientExternalMethod(client, selector, arguments, &methods[selector], self,
					    NULL);
	self->running--;
	return status;
}

/* --- traps ------------------------------------------------------------------------- */

static IOReturn add(IOService *target, uintptr_t p1, uintptr_t p2, uintptr_t p3, uintptr_t p4,
		    uintptr_t p5, uintptr_t p6)
{
	return (IOReturn)(p1 + 10 * p2 + 100 * p3 + 1000 * p4 + 10000 * p5 + 100000 * p6);
}

static IOExternalTrap *clientTrap(IOUserClient *client, IOService **target, uint32_t index)
{
	struct FixtureUserClient *self = (struct FixtureUserClient *)client;

	*target = &client->service;
	self->trap = (IOExternalTrap){ &client->service, index == 1 ? NULL : add };
	return index > 1 ? NULL : &self->trap;
}

/* --- user client ---------------------------------------------------------------------- */

static bool clientInit(IOUserClient *client, const IOClientTask *task, void *securityID,
		       uint32_t type, CFDictionaryRef properties)
{
	((struct FixtureUserClient *)client)->type = type;
	return type != FIXTURE_NO_INIT;
}

static bool clientStart(IOService *service, IOService *provider)
{
	struct FixtureUserClient *self = (struct FixtureUserClient *)service;

	self->driver = (struct FixtureDriver *)provider;
	if (self->type == FIXTURE_ALONE)
		IOServiceSetProperty(
			service, CFSTR(kIOUserClientDefaultLockingSingleThreadExternalMethodKey),
			kCFBooleanTrue);
	if (self->type == FIXTURE_SHARED)
		IOServiceSetProperty(service, CFSTR(kIOUserClientSharedInstanceKey),
				     kCFBooleanTrue);
	if (self->type == FIXTURE_ENTITLED)
		IOServiceSetProperty(service, CFSTR(kIOUserClientEntitlementsKey),
				     CFSTR("no.such"));
	return self->type != FIXTURE_NO_START;
}

static IOReturn clientClose(IOUserClient *client)
{
	struct FixtureUserClient *self = (struct FixtureUserClient *)client;

	self->closed = true;
	self->driver->counts[FIXTURE_CLOSES]++;
	if (self->running)
		self->driver->counts[FIXTURE_OVERLAPS]++;
	if (self->type == FIXTURE_SHARED)
		return kIOReturnSuccess;
	return IOServiceTerminate(&client->service, 0);
}

static IOReturn clientDied(IOUserClient *client)
{
	struct FixtureUserClient *self = (struct FixtureUserClient *)client;

	if (self->type == FIXTURE_WAITS)
		awaitAdmission(self->driver);
	self->driver->counts[FIXTURE_DEATHS]++;
	if (self->running)
		self->driver->counts[FIXTURE_OVERLAPS]++;
	return kIOReturnSuccess;
}

static void clientStop(IOService *service, IOService *provider)
{
	((struct FixtureUserClient *)service)->driver->counts[FIXTURE_STOPS]++;
}

static IOReturn clientMessage(IOService *service, uint32_t type, IOService *provider,
			      void *argument)
{
	struct FixtureUserClient *self = (struct FixtureUserClient *)service;

	if (type != kIOMessageServiceIsRequestingClose)
		return kIOReturnUnsupported;
	self->driver->counts[FIXTURE_REQUESTS]++;
	if (self->type != FIXTURE_YIELDS)
		return kIOReturnBusy;
	IOServiceCloseProvider(service, provider);
	return kIOReturnSuccess;
}

static IOReturn clientProperties(IOService *service, CFTypeRef properties)
{
	return properties == kCFBooleanTrue ? kIOReturnSuccess : kIOReturnBadArgument;
}

static IOReturn clientConnect(IOUserClient *client, IOUserClient *other)
{
	struct FixtureUserClient *self = (struct FixtureUserClient *)client;

	self->driver->counts[FIXTURE_CONNECTED] = IOServiceGetEntryID(&other->service);
	return kIOReturnSuccess;
}

static IOService *clientService(IOUserClient *client)
{
	struct FixtureDriver *driver = ((struct FixtureUserClient *)client)->driver;
	IOService *nub;

	pthread_mutex_lock(&driver->lock);
	nub = driver->nub;
	pthread_mutex_unlock(&driver->lock);
	return nub;
}

static const struct IODriverClass userClientClass = {
	.name = "FixtureUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct FixtureUserClient),
	.service =
		&(const struct IOServiceOperations){
			.start = clientStart,
			.stop = clientStop,
			.message = clientMessage,
			.setProperties = clientProperties,
		},
	.userClient =
		&(const struct IOUserClientOperations){
			.initWithTask = clientInit,
			.externalMethod = clientMethod,
			.clientClose = clientClose,
			.clientDied = clientDied,
			.connectClient = clientConnect,
			.getService = clientService,
			.getTargetAndTrapForIndex = clientTrap,
		},
};

/* --- driver -------------------------------------------------------------------------------- */

static bool driverInit(IOService *service, CFDictionaryRef properties)
{
	struct FixtureDriver *self = (struct FixtureDriver *)service;

	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->changed, NULL);
	return true;
}

static bool driverStart(IOService *service, IOService *provider)
{
	struct FixtureDriver *self = (struct FixtureDriver *)service;

	return !IOServiceSetLiveProperty(service, CFSTR("Ticks")) && !publishNub(self) &&
	       !IOServiceRegister(service, 0);
}

static void driverStop(IOService *service, IOService *provider)
{
	struct FixtureDriver *self = (struct FixtureDriver *)service;

	IOServiceRelease(self->nub);
	self->nub = NULL;
	IOServiceRelease((IOService *)self->again);
	self->again = NULL;
}

static void driverFree(IOService *service)
{
	struct FixtureDriver *self = (struct FixtureDriver *)service;

	pthread_cond_destroy(&self->changed);
	pthread_mutex_destroy(&self->lock);
}

static CFTypeRef driverProperty(IOService *service, CFStringRef key)
{
	int32_t n = ++((struct FixtureDriver *)service)->ticks;

	return CFEqual(key, CFSTR("Ticks")) ? CFNumberCreate(NULL, kCFNumberSInt32Type, &n) : NULL;
}

static IOReturn driverProperties(IOService *service, CFTypeRef properties)
{
	CFTypeRef echo;

	if (CFGetTypeID(properties) != CFDictionaryGetTypeID())
		return kIOReturnBadArgument;
	echo = CFDictionaryGetValue(properties, CFSTR("Echo"));
	return echo ? IOServiceSetProperty(service, CFSTR("Echo"), echo) : kIOReturnNotPermitted;
}

static IOReturn newUserClient(IOService *service, const IOClientTask *task, void *securityID,
			      uint32_t type, CFDictionaryRef properties, IOUserClient **client)
{
	struct FixtureDriver *self = (struct FixtureDriver *)service;
	IOReturn status = kIOReturnSuccess;

	if (type == FIXTURE_NOT_ALLOWED)
		return kIOReturnExclusiveAccess;
	if (type == FIXTURE_WAITS)
		awaitAdmission(self);
	if (type == FIXTURE_AGAIN && self->again)
		*client = self->again;
	else
		status = IOServiceCreateUserClient(service, &userClientClass, task, securityID,
						   type, properties, client);
	if (type == FIXTURE_AGAIN && !status && !self->again)
		self->again = (IOUserClient *)IOServiceRetain(&(*client)->service);
	return status;
}

static const struct IODriverClass driverClass = {
	.name = "FixtureDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct FixtureDriver),
	.service =
		&(const struct IOServiceOperations){
			.init = driverInit,
			.start = driverStart,
			.stop = driverStop,
			.free = driverFree,
			.setProperties = driverProperties,
			.copyProperty = driverProperty,
			.newUserClient = newUserClient,
		},
};

static const struct IODriverClass *const classes[] = { &driverClass, &userClientClass, &nubClass,
						       NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Fixture",
	.classes = classes,
};
