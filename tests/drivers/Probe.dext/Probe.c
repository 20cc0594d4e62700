/* SPDX-License-Identifier: MIT */
#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

#include "attempts.h"

static IOReturn try(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct probe_result result = { 0 };

	(void)target;
	(void)reference;
	if (!probe_try(arguments->scalarInput[0], arguments->structureInput, &result))
		return kIOReturnBadArgument;
	arguments->scalarOutput[0] = result.succeeded;
	arguments->scalarOutput[1] = result.attempts;
	arguments->scalarOutput[2] = (uint64_t)result.error;
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch2022 methods[] = {
	[PROBE_TRY] = { try, 1, sizeof(struct probe_targets), 3, 0, false, NULL },
};

static IOReturn method(IOUserClient *client, uint32_t selector,
		       IOExternalMethodArguments *arguments)
{
	return IOUserClientDispatchExternalMethod(client, selector, arguments, methods, 1, client,
						  NULL);
}

static IOReturn closed(IOUserClient *client)
{
	return IOServiceTerminate(&client->service, 0);
}

static const struct IODriverClass clientClass = {
	.name = "ProbeUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(IOUserClient),
	.userClient = &(const struct IOUserClientOperations){ .externalMethod = method,
							      .clientClose = closed },
};

static bool start(IOService *service, IOService *provider)
{
	(void)provider;
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static const struct IODriverClass driverClass = {
	.name = "ProbeDriver",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service = &(const struct IOServiceOperations){ .start = start },
};

static const struct IODriverClass *const classes[] = { &driverClass, &clientClass, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.test.Probe",
	.classes = classes,
};
