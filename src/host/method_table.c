// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

_Static_assert(sizeof(IOExternalMethodArguments) == 248, "spec 4.4");
_Static_assert(offsetof(IOExternalMethodArguments, asyncReference) == 16, "spec 4.4");
_Static_assert(offsetof(IOExternalMethodArguments, structureInputDescriptor) == 64, "spec 4.4");
_Static_assert(offsetof(IOExternalMethodArguments, structureOutputDescriptorSize) == 112,
	       "spec 4.4");
_Static_assert(offsetof(IOExternalMethodArguments, structureVariableOutputData) == 120, "spec 4.4");
_Static_assert(sizeof(IOExternalMethodDispatch) == 24, "spec 4.5");
_Static_assert(sizeof(IOExternalMethodDispatch2022) == 40, "spec 4.5");

static bool fits(uint32_t check, uint64_t actual)
{
	return check == kIOUCVariableStructureSize || check == actual;
}

static uint64_t input_size(const IOExternalMethodArguments *arguments)
{
	return arguments->structureInputDescriptor
		     ? IOMemoryDescriptorGetLength(arguments->structureInputDescriptor)
		     : arguments->structureInputSize;
}

static uint64_t output_size(const IOExternalMethodArguments *arguments)
{
	return arguments->structureOutputDescriptor
		     ? IOMemoryDescriptorGetLength(arguments->structureOutputDescriptor)
		     : arguments->structureOutputSize;
}

static IOReturn check_sizes(const IOExternalMethodArguments *arguments, uint32_t scalar_input,
			    uint32_t structure_input, uint32_t scalar_output,
			    uint32_t structure_output)
{
	if (!fits(scalar_input, arguments->scalarInputCount) ||
	    !fits(structure_input, input_size(arguments)) ||
	    !fits(scalar_output, arguments->scalarOutputCount) ||
	    !fits(structure_output, output_size(arguments)))
		return kIOReturnBadArgument;
	return kIOReturnSuccess;
}

IOReturn host_method_table_check(const IOExternalMethodDispatch *dispatch,
				 const IOExternalMethodArguments *arguments)
{
	IOReturn status;

	status = check_sizes(arguments, dispatch->checkScalarInputCount,
			     dispatch->checkStructureInputSize, dispatch->checkScalarOutputCount,
			     dispatch->checkStructureOutputSize);
	if (status)
		return status;
	return dispatch->function ? kIOReturnSuccess : kIOReturnNoCompletion;
}

IOReturn host_method_table_check_2022(const IOExternalMethodDispatch2022 *array, size_t count,
				      uint32_t selector, const IOExternalMethodArguments *arguments,
				      IOReturn (*entitled)(void *context, const char *name),
				      void *context)
{
	const IOExternalMethodDispatch2022 *entry;
	IOReturn status;

	if (!array)
		return kIOReturnError;
	if (selector >= count)
		return kIOReturnBadArgument;
	entry = &array[selector];
	status =
		check_sizes(arguments, entry->checkScalarInputCount, entry->checkStructureInputSize,
			    entry->checkScalarOutputCount, entry->checkStructureOutputSize);
	if (status)
		return status;
	if (arguments->asyncWakePort && !entry->allowAsync)
		return kIOReturnBadArgument;
	if (entry->checkEntitlement) {
		status = entitled(context, entry->checkEntitlement);
		if (status)
			return status;
	}
	return entry->function ? kIOReturnSuccess : kIOReturnNoCompletion;
}

IOReturn host_method_table_clean_status(IOReturn status)
{
	return status <= -300 && status >= -325 ? kIOReturnError : status;
}

IOReturn IOUserClientExternalMethod(IOUserClient *client, uint32_t selector,
				    IOExternalMethodArguments *arguments,
				    const IOExternalMethodDispatch *dispatch, OSObject *target,
				    void *reference)
{
	IOReturn status;

	if (!dispatch)
		return host_legacy_method_run(client, selector, arguments);
	status = host_method_table_check(dispatch, arguments);
	return status ? status : dispatch->function(target, reference, arguments);
}

struct calling {
	IOUserClient *client;
	uint32_t selector;
};

static IOReturn entitled(void *context, const char *name)
{
	const struct calling *calling = context;

	return host_client_rights_check_method(calling->client, calling->selector, name);
}

IOReturn IOUserClientDispatchExternalMethod(IOUserClient *client, uint32_t selector,
					    IOExternalMethodArguments *arguments,
					    const IOExternalMethodDispatch2022 *array, size_t count,
					    OSObject *target, void *reference)
{
	struct calling calling = { client, selector };
	IOReturn status =
		host_method_table_check_2022(array, count, selector, arguments, entitled, &calling);

	return status ? status : array[selector].function(target, reference, arguments);
}
