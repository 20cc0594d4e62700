// SPDX-License-Identifier: MIT
/* Driver for measuring calls. Selectors: 0 adds two scalars, 1 gives the structure back as it came. */
#include <string.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

static IOReturn add(OSObject *target, void *reference, IOExternalMethodArguments *a)
{
	a->scalarOutput[0] = a->scalarInput[0] + a->scalarInput[1];
	return kIOReturnSuccess;
}

static IOReturn echo(OSObject *target, void *reference, IOExternalMethodArguments *a)
{
	IOMemoryDescriptor *in = a->structureInputDescriptor, *out = a->structureOutputDescriptor;
	const void *from = in ? IOMemoryDescriptorGetBytes(in) : a->structureInput;
	void *to = out ? IOMemoryDescriptorGetBytes(out) : a->structureOutput;
	uint64_t size = in ? IOMemoryDescriptorGetLength(in) : a->structureInputSize;

	if (size != (out ? a->structureOutputDescriptorSize : a->structureOutputSize))
		return kIOReturnBadArgument;
	memcpy(to, from, size);
	return kIOReturnSuccess;
}

static const IOExternalMethodDispatch2022 methods[] = {
	{ .function = add, .checkScalarInputCount = 2, .checkScalarOutputCount = 1 },
	{ .function = echo,
	  .checkStructureInputSize = kIOUCVariableStructureSize,
	  .checkStructureOutputSize = kIOUCVariableStructureSize },
};

static IOReturn external_method(IOUserClient *client, uint32_t selector,
				IOExternalMethodArguments *arguments)
{
	return IOUserClientDispatchExternalMethod(client, selector, arguments, methods,
						  sizeof(methods) / sizeof(*methods), client, NULL);
}

static IOReturn close_client(IOUserClient *client)
{
	IOServiceTerminate((IOService *)client, 0);
	return kIOReturnSuccess;
}

static const struct IOUserClientOperations client_operations = {
	.clientClose = close_client,
	.externalMethod = external_method,
};
static const struct IODriverClass client_class = {
	.name = "BenchEchoUserClient",
	.superclass = &IOUserClientBase,
	.instanceSize = sizeof(IOUserClient),
	.userClient = &client_operations,
};

static bool start(IOService *service, IOService *provider)
{
	return IOServiceRegister(service, 0) == kIOReturnSuccess;
}

static const struct IOServiceOperations driver_service = { .start = start };
static const struct IODriverClass driver_class = {
	.name = "BenchEcho",
	.superclass = &IOServiceBase,
	.instanceSize = sizeof(IOService),
	.service = &driver_service,
};

static const struct IODriverClass *const classes[] = { &driver_class, &client_class, NULL };
const struct IODriver portico_driver = {
	.version = IODRIVER_VERSION,
	.identifier = "org.portico.bench.echo",
	.classes = classes,
};
