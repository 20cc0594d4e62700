// SPDX-License-Identifier: MIT
/* Methods and memory of user clients in DriverKit form. */
#include "host/user_service.h"

#include <string.h>

_Static_assert(sizeof(IOUserClientMethodArguments) == 336, "spec 4.7");
_Static_assert(offsetof(IOUserClientMethodArguments, completion) == 16, "spec 4.7");
_Static_assert(offsetof(IOUserClientMethodArguments, structureInput) == 40, "spec 4.7");
_Static_assert(offsetof(IOUserClientMethodArguments, scalarOutput) == 56, "spec 4.7");
_Static_assert(offsetof(IOUserClientMethodArguments, structureOutput) == 72, "spec 4.7");
_Static_assert(offsetof(IOUserClientMethodArguments, structureOutputMaximumSize) == 88, "spec 4.7");
_Static_assert(sizeof(IOUserClientMethodDispatch) == 32, "spec 4.7");

/* --- the dispatch table --------------------------------------------------------------- */

static bool fits(uint32_t check, uint64_t actual)
{
	return check == kIOUserClientVariableStructureSize || check == actual;
}

static uint64_t input_size(const IOUserClientMethodArguments *arguments)
{
	if (arguments->structureInputDescriptor)
		return IOMemoryDescriptorGetLength(arguments->structureInputDescriptor);
	return arguments->structureInput ? (uint64_t)CFDataGetLength(arguments->structureInput) : 0;
}

IOReturn host_user_dispatch_check(const IOUserClientMethodDispatch *dispatch,
				  const IOUserClientMethodArguments *arguments)
{
	bool is_async = arguments->completion != NULL;

	if (!dispatch)
		return kIOReturnUnsupported;
	if (dispatch->checkCompletionExists != UINT32_MAX &&
	    (dispatch->checkCompletionExists != 0) != is_async)
		return kIOReturnBadArgument;
	if (!fits(dispatch->checkScalarInputCount, arguments->scalarInputCount) ||
	    !fits(dispatch->checkStructureInputSize, input_size(arguments)) ||
	    !fits(dispatch->checkScalarOutputCount, arguments->scalarOutputCount) ||
	    !fits(dispatch->checkStructureOutputSize, arguments->structureOutputMaximumSize))
		return kIOReturnBadArgument;
	return dispatch->function ? kIOReturnSuccess : kIOReturnNoCompletion;
}

IOReturn IOUserUserClientExternalMethod(IOUserClient *client, uint64_t selector,
					IOUserClientMethodArguments *arguments,
					const IOUserClientMethodDispatch *dispatch,
					OSObject *target, void *reference)
{
	IOReturn status;

	(void)selector;
	if (!client || !arguments)
		return kIOReturnBadArgument;
	status = host_user_dispatch_check(dispatch, arguments);
	return status ? status : dispatch->function(target ? target : client, reference, arguments);
}

/* --- a call ------------------------------------------------------------------------------ */

struct call {
	IOUserClient *client;
	uint64_t selector;
	IOUserClientMethodArguments arguments; /* the driver may write into them */
	OSData *input;
	OSAction *completion;
	IOReturn status;
};

static void run(void *context)
{
	struct call *call = context;
	__typeof__(((struct IOUserServiceOperations *)0)->ExternalMethod) method =
		host_user_op(&call->client->service, ExternalMethod);

	call->status =
		method ? method(call->client, call->selector, &call->arguments, NULL, NULL, NULL)
		       : kIOReturnUnsupported;
}

static uint64_t maximum_size(const IOExternalMethodArguments *from)
{
	if (from->structureVariableOutputData)
		return kIOUserClientVariableStructureSize;
	return from->structureOutputDescriptor
		     ? IOMemoryDescriptorGetLength(from->structureOutputDescriptor)
		     : from->structureOutputSize;
}

/* False: no memory. */
static bool fill_arguments(struct call *call, const IOExternalMethodArguments *from)
{
	IOUserClientMethodArguments *to = &call->arguments;

	*to = (IOUserClientMethodArguments){
		.version = kIOUserClientMethodArgumentsCurrentVersion,
		.selector = from->selector,
		.scalarInput = from->scalarInput,
		.scalarInputCount = from->scalarInputCount,
		.structureInputDescriptor = from->structureInputDescriptor,
		.scalarOutput = from->scalarOutput,
		.scalarOutputCount = from->scalarOutputCount,
		.structureOutputDescriptor = from->structureOutputDescriptor,
		.structureOutputMaximumSize = maximum_size(from),
	};
	if (from->structureInputSize) {
		to->structureInput = call->input =
			CFDataCreate(NULL, from->structureInput, from->structureInputSize);
		if (!call->input)
			return false;
	}
	if (from->asyncWakePort) {
		to->completion = call->completion =
			host_action_new_completion(call->client, from->asyncReference);
		if (!call->completion)
			return false;
	}
	return true;
}

/* What the driver has left in its OSData. */
static IOReturn hand_over_structure(OSData *data, IOExternalMethodArguments *to)
{
	CFIndex size;

	if (CFGetTypeID(data) != CFDataGetTypeID())
		return kIOReturnBadArgument;
	size = CFDataGetLength(data);
	if (to->structureVariableOutputData) {
		*to->structureVariableOutputData = CFRetain(data);
		return kIOReturnSuccess;
	}
	if ((uint64_t)size > to->structureOutputSize)
		return kIOReturnBadArgument;
	if (size)
		memcpy(to->structureOutput, CFDataGetBytePtr(data), (size_t)size);
	to->structureOutputSize = (uint32_t)size;
	return kIOReturnSuccess;
}

IOReturn host_user_external_method(IOUserClient *client, uint32_t selector,
				   IOExternalMethodArguments *arguments)
{
	struct call call = { .client = client, .selector = selector };
	IOReturn status = kIOReturnNoMemory;

	if (fill_arguments(&call, arguments)) {
		status = host_user_run(&client->service, kIOUserClientQueueNameExternalMethod,
				       &call, run);
		status = status ? status : call.status;
	}
	if (!status)
		arguments->scalarOutputCount = call.arguments.scalarOutputCount;
	if (!status && call.arguments.structureOutput)
		status = hand_over_structure(call.arguments.structureOutput, arguments);
	if (call.arguments.structureOutput)
		CFRelease(call.arguments.structureOutput);
	if (call.input)
		CFRelease(call.input);
	OSActionRelease(call.completion);
	return status;
}
