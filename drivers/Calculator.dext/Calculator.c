/* SPDX-License-Identifier: MIT */
/* A driver with a user client: methods, the table that checks them, opening and closing. */
#include <time.h>

#include "Calculator.h"
#define ANY kIOUCVariableStructureSize

static IOReturn add(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = arguments->scalarInput[0] + arguments->scalarInput[1];
	return kIOReturnSuccess;
}

static IOReturn divide(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	if (!arguments->scalarInput[1])
		return kIOReturnBadArgument;
	arguments->scalarOutput[0] = arguments->scalarInput[0] / arguments->scalarInput[1];
	arguments->scalarOutput[1] = arguments->scalarInput[0] % arguments->scalarInput[1];
	return kIOReturnSuccess;
}

static IOReturn sleepFor(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct timespec left = { .tv_sec = (time_t)(arguments->scalarInput[0] / 1000000000),
				 .tv_nsec = (long)(arguments->scalarInput[0] % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left))
		;
	return kIOReturnSuccess;
}

static IOReturn opens(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct CalculatorDriver *driver = ((struct CalculatorUserClient *)target)->driver;

	arguments->scalarOutput[0] = driver->opens;
	arguments->scalarOutput[1] = driver->closes;
	arguments->scalarOutput[2] = driver->inFlight; /* this call is one of them */
	arguments->scalarOutput[3] = driver->outstanding;
	return kIOReturnSuccess;
}

/* Scalars in, structure in, scalars out, structure out; asynchronous? */
static const IOExternalMethodDispatch2022 methods[] = {
	{ add, 2, 0, 1, 0, false, NULL },
	{ divide, 2, 0, 2, 0, false, NULL },
	{ statistics, 0, ANY, 0, 4 * sizeof(double), false, NULL },
	{ reverse, 0, ANY, 0, ANY, false, NULL },
	{ laterAdd, 3, 0, 0, 0, true, NULL },
	{ laterRepeat, 2, 0, 0, 0, true, NULL },
	{ laterFail, 2, 0, 0, 0, true, NULL },
	{ sleepFor, 1, 0, 0, 0, false, NULL },
	{ opens, 0, 0, 4, 0, false, NULL },
};

static IOReturn clientMethod(IOUserClient *client, uint32_t selector,
			     IOExternalMethodArguments *arguments)
{
	struct CalculatorUserClient *self = (struct CalculatorUserClient *)client;
	IOReturn status;

	self->driver->inFlight++;
	status = IOUserClientDispatchExternalMethod(client, selector, arguments, methods,
						    sizeof(methods) / sizeof(*methods), self, NULL);
	self->driver->inFlight--;
	return status;
}

static bool clientStart(IOService *service, IOService *provider)
{
	struct CalculatorUserClient *self = (struct CalculatorUserClient *)service;

	self->driver = (struct CalculatorDriver *)provider;
	self->driver->opens++;
	return IOServiceGetWorkLoop(service) != NULL;
}

static IOReturn clientClose(IOUserClient *client)
{
	struct CalculatorUserClient *self = (struct CalculatorUserClient *)client;

	laterAbortAll(self);
	self->driver->closes++;
	return IOServiceTerminate(&client->service, 0);
}

static IOService *clientService(IOUserClient *client)
{
	return IOServiceGetProvider(&client->service);
}

static const struct IODriverClass userClientClass = {
	.name = "CalculatorUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(struct CalculatorUserClient),
	.service = &(const struct IOServiceOperations){ .start = clientStart },
	.userClient =
		&(const struct IOUserClientOperations){
			.externalMethod = clientMethod,
			.clientClose = clientClose,
			.getService = clientService,
		},
};

static bool driverStart(IOService *service, IOService *provider)
{
	static const char *const names[] = { "add",	  "divide",   "statistics",
					     "reverse",	  "addLater", "repeat",
					     "failLater", "sleep",    "opens" };
	CFMutableArrayRef operations = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		CFStringRef name = CFStringCreateWithCString(NULL, names[i], kCFStringEncodingUTF8);
		CFArrayAppendValue(operations, name);
		CFRelease(name);
	}
	IOServiceSetProperty(service, CFSTR("Operations"), operations);
	CFRelease(operations);
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static IOReturn newUserClient(IOService *service, const IOClientTask *task, void *securityID,
			      uint32_t type, CFDictionaryRef properties, IOUserClient **client)
{
	if (type > 1)
		return kIOReturnUnsupported;
	if (type && IOUserClientClientHasPrivilege(task, kIOClientPrivilegeAdministrator))
		return kIOReturnNotPrivileged;
	return IOServiceCreateUserClient(service, &userClientClass, task, securityID, type,
					 properties, client);
}

static const struct IODriverClass driverClass = {
	.name = "CalculatorDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(struct CalculatorDriver),
	.service =
		&(const struct IOServiceOperations){
			.start = driverStart,
			.newUserClient = newUserClient,
		},
};

static const struct IODriverClass *const classes[] = { &driverClass, &userClientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.driver.Calculator",
	.classes = classes,
};
