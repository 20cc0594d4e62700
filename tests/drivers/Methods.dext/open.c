/* SPDX-License-Identifier: MIT */
/* How connections come and go: the driver's classes, and the lives of its user clients. */
#include <stdlib.h>

#include "driver.h"

/* --- user clients ------------------------------------------------------------------------ */

static void advance(struct MethodsClient *self, int from, int to)
{
	if (self->stage != from && self->driver)
		self->driver->counts[METHODS_N_DISORDER]++;
	self->stage = to;
}

static bool clientInit(IOUserClient *client, const IOClientTask *task, void *securityID,
		       uint32_t type, CFDictionaryRef properties)
{
	struct MethodsClient *self = SELF(client);

	if (securityID != (void *)task)
		return false;
	self->type = type;
	self->task = task;
	self->stage = INITED;
	return type != METHODS_NO_INIT;
}

static void setNumber(IOService *service, CFStringRef key)
{
	int one = 1;
	CFNumberRef number = CFNumberCreate(NULL, kCFNumberIntType, &one);

	IOServiceSetProperty(service, key, number);
	CFRelease(number);
}

static CFArrayRef arrayOf(CFIndex n, const void **items)
{
	return CFArrayCreate(NULL, items, n, &kCFTypeArrayCallBacks);
}

static void setDextEntitlements(IOService *service, bool strings)
{
	CFArrayRef both = arrayOf(2, (const void *[]){ CFSTR("a"), CFSTR("b") });
	CFArrayRef one = arrayOf(1, (const void *[]){ CFSTR("c") });
	CFArrayRef all = arrayOf(2, (const void *[]){ both, one });

	IOServiceSetProperty(service, CFSTR("IOServiceDEXTEntitlements"), strings ? both : all);
	CFRelease(all);
	CFRelease(one);
	CFRelease(both);
}

static void setAllowable(IOService *service)
{
	CFArrayRef ok = arrayOf(1, (const void *[]){ CFSTR("ok") });

	IOServiceSetProperty(service, CFSTR("IORegistryEntryAllowableSetProperties"), ok);
	CFRelease(ok);
}

static void setLocking(IOService *service, bool two)
{
	IOServiceSetProperty(service, CFSTR(kIOUserClientDefaultLockingKey), kCFBooleanTrue);
	IOServiceSetProperty(service, CFSTR(kIOUserClientDefaultLockingSetPropertiesKey),
			     kCFBooleanFalse);
	if (!two)
		IOServiceSetProperty(
			service, CFSTR(kIOUserClientDefaultLockingSingleThreadExternalMethodKey),
			kCFBooleanFalse);
}

static void setProperties2022(IOService *service, uint32_t type)
{
	CFStringRef key = CFSTR(kIOUserClientEntitlementsKey);

	if (!IOServiceConformsTo(service, "IOUserClient2022"))
		return;
	setLocking(service, type == METHODS_2022_LOCKING);
	if (type == METHODS_2022 || type == METHODS_2022_LOCKING)
		IOServiceSetProperty(service, key, kCFBooleanFalse);
	else if (type == METHODS_2022_NUMBER)
		setNumber(service, key);
	else if (type == METHODS_2022_ENTITLED)
		IOServiceSetProperty(service, key, CFSTR(METHODS_OPEN_ENTITLEMENT));
}

static void setPropertiesOfType(IOService *service, uint32_t type)
{
	CFStringRef key = CFSTR(kIOUserClientEntitlementsKey);

	switch (type) {
	case METHODS_SHARED:
		IOServiceSetProperty(service, CFSTR(kIOUserClientSharedInstanceKey),
				     kCFBooleanTrue);
		break;
	case METHODS_ALONE:
		IOServiceSetProperty(service, CFSTR(kIOUserClientDefaultLockingKey),
				     kCFBooleanTrue);
		IOServiceSetProperty(
			service, CFSTR(kIOUserClientDefaultLockingSingleThreadExternalMethodKey),
			kCFBooleanTrue);
		break;
	case METHODS_UNLOCKED:
		IOServiceSetProperty(service, CFSTR(kIOUserClientDefaultLockingKey),
				     kCFBooleanFalse);
		break;
	case METHODS_SET_LOCKED:
		setLocking(service, false);
		IOServiceSetProperty(service, CFSTR(kIOUserClientDefaultLockingSetPropertiesKey),
				     kCFBooleanTrue);
		break;
	case METHODS_ENTITLED:
		IOServiceSetProperty(service, key, CFSTR(METHODS_OPEN_ENTITLEMENT));
		break;
	case METHODS_NUMBER:
		setNumber(service, key);
		break;
	case METHODS_FALSE:
		IOServiceSetProperty(service, key, kCFBooleanFalse);
		break;
	case METHODS_DEXT:
	case METHODS_DEXT_STRINGS:
		setDextEntitlements(service, type == METHODS_DEXT_STRINGS);
		break;
	case METHODS_ALLOWABLE:
		setAllowable(service);
		break;
	default:
		setProperties2022(service, type);
	}
}

static bool clientStart(IOService *service, IOService *provider)
{
	struct MethodsClient *self = SELF(service);

	/* Beyond stop as well: free counts there. */
	self->driver = (struct MethodsDriver *)IOServiceRetain(provider);
	self->driver->counts[METHODS_N_INITS]++;
	if (self->type == METHODS_NO_START)
		return false;
	self->driver->counts[METHODS_N_STARTS]++;
	advance(self, INITED, STARTED);
	if (self->type == METHODS_ENDS_PROVIDER)
		IOServiceTerminate(provider, kIOServiceSynchronous);
	setPropertiesOfType(service, self->type);
	return true;
}

static IOReturn clientClose(IOUserClient *client)
{
	struct MethodsClient *self = SELF(client);

	self->driver->counts[METHODS_N_CLOSES]++;
	if (self->running)
		self->driver->counts[METHODS_N_OVERLAPS]++;
	if (self->type != METHODS_SHARED)
		advance(self, STARTED, CLOSED);
	if (self->type == METHODS_SHARED || self->type == METHODS_STAYS)
		return kIOReturnError; /* which nobody hears of */
	return IOServiceTerminate(&client->service, 0);
}

static IOReturn ownDeath(IOUserClient *client)
{
	SELF(client)->driver->counts[METHODS_N_DIED_OWN]++;
	advance(SELF(client), STARTED, CLOSED);
	return kIOReturnSuccess;
}

static bool clientWill(IOService *service, IOService *provider, IOOptionBits options)
{
	struct MethodsClient *self = SELF(service);

	self->driver->counts[METHODS_N_WILLS]++;
	if (self->type != METHODS_SHARED)
		advance(self, CLOSED, WILL);
	return true;
}

static bool clientDid(IOService *service, IOService *provider, IOOptionBits options)
{
	struct MethodsClient *self = SELF(service);

	self->driver->counts[METHODS_N_DIDS]++;
	if (self->type != METHODS_SHARED)
		advance(self, WILL, DID);
	return true;
}

static void clientStop(IOService *service, IOService *provider)
{
	struct MethodsClient *self = SELF(service);

	self->driver->counts[METHODS_N_STOPS]++;
	if (self->type != METHODS_SHARED)
		advance(self, DID, STOPPED);
}

static void clientFree(IOService *service)
{
	struct MethodsClient *self = SELF(service);

	if (self->driver) {
		self->driver->counts[METHODS_N_FREES]++;
		if (self->type != METHODS_SHARED && self->type != METHODS_NO_START)
			advance(self, STOPPED, NEW);
	}
	releaseMemories(self);
	IOWakePortRelease(self->port);
	if (self->driver)
		IOServiceRelease(&self->driver->service);
}

static IOReturn clientMessage(IOService *service, uint32_t type, IOService *provider,
			      void *argument)
{
	if (type != kIOMessageServiceIsRequestingClose)
		return kIOReturnUnsupported;
	SELF(service)->driver->counts[METHODS_N_REQUESTS]++;
	if (SELF(service)->type != METHODS_STAYS)
		return kIOReturnBusy;
	IOServiceCloseProvider(service, provider);
	return kIOReturnSuccess;
}

static IOReturn clientProperties(IOService *service, CFTypeRef properties)
{
	struct MethodsDriver *driver = SELF(service)->driver;

	driver->counts[METHODS_N_SET]++;
	if (SELF(service)->running)
		driver->counts[METHODS_N_OVERLAPS]++;
	if (CFGetTypeID(properties) != CFDictionaryGetTypeID())
		return kIOReturnBadArgument;
	return CFDictionaryContainsKey(properties, CFSTR("ok")) ? kIOReturnSuccess
								: kIOReturnNotFound;
}

static IOReturn clientPort(IOUserClient *client, IOWakePort *port, uint32_t type,
			   uint64_t reference)
{
	struct MethodsClient *self = SELF(client);

	if (type == 99)
		return kIOReturnNoSpace;
	IOWakePortRelease(self->port);
	self->port = port ? IOWakePortRetain(port) : NULL;
	self->portType = type;
	self->portReference = reference;
	return kIOReturnSuccess;
}

static IOReturn clientConnect(IOUserClient *client, IOUserClient *other)
{
	SELF(client)->driver->counts[METHODS_N_CONNECTED]++;
	return SELF(other)->driver == SELF(client)->driver ? kIOReturnSuccess : kIOReturnError;
}

static IOService *clientService(IOUserClient *client)
{
	return &SELF(client)->driver->service;
}

static const struct IOServiceOperations clientOperations = {
	.start = clientStart,
	.stop = clientStop,
	.free = clientFree,
	.message = clientMessage,
	.setProperties = clientProperties,
	.willTerminate = clientWill,
	.didTerminate = clientDid,
};

const struct IODriverClass tableClientClass = {
	.name = "MethodsUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct MethodsClient),
	.service = &clientOperations,
	.userClient =
		&(const struct IOUserClientOperations){
			.initWithTask = clientInit,
			.clientClose = clientClose,
			.registerNotificationPort = clientPort,
			.clientMemoryForType = clientMemory,
			.externalMethod = tableMethod,
			.getService = clientService,
			.connectClient = clientConnect,
			.getTargetAndTrapForIndex = clientTrap,
		},
};

const struct IODriverClass ownDeathClientClass = {
	.name = "MethodsOwnDeathUserClient",
	.superclass = &tableClientClass,
	.instanceSize = sizeof(struct MethodsClient),
	.userClient = &(const struct IOUserClientOperations){ .clientDied = ownDeath },
};

const struct IODriverClass client2022Class = {
	.name = "MethodsUserClient2022",
	.superclass = &IOUserClient2022Base,
	.instanceSize = sizeof(struct MethodsClient),
	.service = &clientOperations,
	.userClient =
		&(const struct IOUserClientOperations){
			.initWithTask = clientInit,
			.clientClose = clientClose,
			.externalMethod = method2022,
		},
};

const struct IODriverClass baseClientClass = {
	.name = "MethodsBaseUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct MethodsClient),
};

/* --- the driver ------------------------------------------------------------------------------ */

static const struct IODriverClass *classFor(uint32_t type)
{
	switch (type) {
	case METHODS_2022:
	case METHODS_2022_NONE:
	case METHODS_2022_NUMBER:
	case METHODS_2022_ENTITLED:
	case METHODS_2022_LOCKING:
		return &client2022Class;
	case METHODS_BASE:
		return &baseClientClass;
	case METHODS_LEGACY:
		return &legacyClientClass;
	case METHODS_LEGACY_OLD:
		return &oldLegacyClientClass;
	case METHODS_DIES_OWN:
		return &ownDeathClientClass;
	default:
		return &tableClientClass;
	}
}

static IOReturn newUserClient(IOService *service, const IOClientTask *task, void *securityID,
			      uint32_t type, CFDictionaryRef properties, IOUserClient **client)
{
	if (type == METHODS_EXCLUSIVE)
		return kIOReturnExclusiveAccess;
	if (type == METHODS_NOTHING)
		return kIOReturnSuccess;
	return IOServiceCreateUserClient(service, classFor(type), task, securityID, type,
					 properties, client);
}

static IOReturn fourArguments(IOService *service, const IOClientTask *task, void *securityID,
			      uint32_t type, IOUserClient **client)
{
	if (type)
		return kIOReturnExclusiveAccess;
	return IOServiceCreateUserClient(service, &tableClientClass, task, securityID, type, NULL,
					 client);
}

static bool driverInit(IOService *service, CFDictionaryRef properties)
{
	struct MethodsDriver *self = (struct MethodsDriver *)service;

	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->changed, NULL);
	return true;
}

static bool driverStart(IOService *service, IOService *provider)
{
	return !IOServiceRegister(service, 0);
}

static void driverStop(IOService *service, IOService *provider)
{
	struct MethodsDriver *self = (struct MethodsDriver *)service;

	IOMemoryDescriptorRelease(self->heldMemory);
	self->heldMemory = NULL;
	for (int i = 0; i < METHODS_SLOTS; i++) {
		if (self->slots[i].client)
			IOServiceRelease(&self->slots[i].client->service);
		self->slots[i].client = NULL;
	}
}

static const struct IODriverClass commonClass = {
	.name = "MethodsCommon",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct MethodsDriver),
	.service =
		&(const struct IOServiceOperations){
			.init = driverInit,
			.start = driverStart,
			.stop = driverStop,
		},
};

const struct IODriverClass methodsDriverClass = {
	.name = "MethodsDriver",
	.superclass = &commonClass,
	.instanceSize = sizeof(struct MethodsDriver),
	.service = &(const struct IOServiceOperations){ .newUserClient = newUserClient },
};

/* The four-argument form, in a service without and one with IOUserClientClass. */
static const struct IOServiceOperations fourOperations = { .newUserClientSimple = fourArguments };
static const struct IODriverClass fourClass = {
	.name = "MethodsFour",
	.superclass = &commonClass,
	.instanceSize = sizeof(struct MethodsDriver),
	.service = &fourOperations,
};
static const struct IODriverClass fourDefaultClass = {
	.name = "MethodsFourDefault",
	.superclass = &commonClass,
	.instanceSize = sizeof(struct MethodsDriver),
	.service = &fourOperations,
};

/* Told apart by what their personalities say. */
#define PLAIN(variable, class_name) \
	static const struct IODriverClass variable = { \
		.name = class_name, \
		.superclass = &commonClass, \
		.instanceSize = sizeof(struct MethodsDriver), \
	}
PLAIN(plainClass, "MethodsPlain");
PLAIN(byClass, "MethodsByClass");
PLAIN(unknownClass, "MethodsUnknownClass");
PLAIN(noClientClass, "MethodsNoClientClass");
PLAIN(numberClass, "MethodsNumberClass");
PLAIN(driverKitClass, "MethodsDriverKit");

static const struct IODriverClass *const classes[] = {
	&methodsDriverClass,
	&plainClass,
	&fourClass,
	&fourDefaultClass,
	&byClass,
	&unknownClass,
	&noClientClass,
	&numberClass,
	&driverKitClass,
	&tableClientClass,
	&client2022Class,
	&baseClientClass,
	&legacyClientClass,
	&oldLegacyClientClass,
	&ownDeathClientClass,
	NULL,
};
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Methods",
	.classes = classes,
};
