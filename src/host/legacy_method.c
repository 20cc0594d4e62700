// SPDX-License-Identifier: MIT
/* Method and trap tables of the time before dispatch tables (spec 4.8). */
#include "host/host_internal.h"

enum { PARAMETERS = 6 };

/* What both kinds of tables say of a method. */
struct entry {
	IOService *object;
	IOMethod func; /* one of the two */
	IOAsyncMethod async_func;
	IOByteCount count0, count1;
	IOOptionBits flags;
};

static IOReturn run(const struct entry *entry, const IOExternalMethodArguments *arguments,
		    void *const p[PARAMETERS])
{
	OSAsyncReference reference = { 0 };

	if (!entry->async_func)
		return entry->func(entry->object, p[0], p[1], p[2], p[3], p[4], p[5]);
	for (uint32_t i = 0; i < arguments->asyncReferenceCount && i < kOSAsyncRefCount; i++)
		reference[i] = (natural_t)arguments->asyncReference[i];
	return entry->async_func(entry->object, reference, p[0], p[1], p[2], p[3], p[4], p[5]);
}

static bool fits(IOByteCount wanted, uint64_t actual)
{
	return wanted == kIOUCVariableStructureSize || wanted == actual;
}

static void put_scalars(const IOExternalMethodArguments *arguments, void *p[PARAMETERS])
{
	for (uint32_t i = 0; i < arguments->scalarInputCount; i++)
		p[i] = (void *)(uintptr_t)(uint32_t)arguments->scalarInput[i];
}

static IOReturn run_scalars(const struct entry *entry, IOExternalMethodArguments *arguments)
{
	uint32_t n = arguments->scalarInputCount, outputs[PARAMETERS] = { 0 };
	void *p[PARAMETERS] = { NULL };
	IOReturn status;

	if (n != entry->count0 || arguments->scalarOutputCount != entry->count1 || n > PARAMETERS)
		return kIOReturnBadArgument;
	put_scalars(arguments, p);
	for (uint32_t i = n; i < PARAMETERS; i++)
		p[i] = &outputs[i - n];
	status = run(entry, arguments, p);
	for (uint32_t i = 0; i < arguments->scalarOutputCount; i++)
		arguments->scalarOutput[i] = i < PARAMETERS - n ? outputs[i] : 0;
	return status;
}

/* Scalars, then one structure: FIRST and, if there is room, SECOND. */
static IOReturn run_with_structure(const struct entry *entry, IOExternalMethodArguments *arguments,
				   uint64_t size, void *first, void *second)
{
	uint32_t n = arguments->scalarInputCount;
	void *p[PARAMETERS] = { NULL };

	if (n != entry->count0 || !fits(entry->count1, size) || n >= PARAMETERS)
		return kIOReturnBadArgument;
	put_scalars(arguments, p);
	p[n] = first;
	if (n + 1 < PARAMETERS)
		p[n + 1] = second;
	return run(entry, arguments, p);
}

static IOReturn run_structures(const struct entry *entry, IOExternalMethodArguments *arguments,
			       IOByteCount *output_size)
{
	void *input = (void *)arguments->structureInput;
	void *input_size = (void *)(uintptr_t)arguments->structureInputSize;
	void *output = arguments->structureOutput;

	if (!fits(entry->count0, arguments->structureInputSize) ||
	    !fits(entry->count1, arguments->structureOutputSize))
		return kIOReturnBadArgument;
	if (!entry->count1)
		return run(entry, arguments, (void *[PARAMETERS]){ input, input_size });
	if (!entry->count0)
		return run(entry, arguments, (void *[PARAMETERS]){ output, output_size });
	return run(entry, arguments,
		   (void *[PARAMETERS]){ input, output, input_size, output_size });
}

static IOReturn run_by_type(const struct entry *entry, IOExternalMethodArguments *arguments)
{
	IOByteCount output_size = arguments->structureOutputSize;
	IOReturn status;

	switch (entry->flags & kIOUCTypeMask) {
	case kIOUCScalarIScalarO:
		return run_scalars(entry, arguments);
	case kIOUCScalarIStructI:
		return run_with_structure(entry, arguments, arguments->structureInputSize,
					  (void *)arguments->structureInput,
					  (void *)(uintptr_t)arguments->structureInputSize);
	case kIOUCScalarIStructO:
		status = run_with_structure(entry, arguments, output_size,
					    arguments->structureOutput, &output_size);
		break;
	case kIOUCStructIStructO:
		status = run_structures(entry, arguments, &output_size);
		break;
	default:
		return kIOReturnBadArgument;
	}
	if (output_size > UINT32_MAX)
		return kIOReturnBadArgument;
	arguments->structureOutputSize = (uint32_t)output_size;
	return status;
}

/* --- looking methods up ------------------------------------------------------------ */

static const IOExternalMethod *find_method(IOUserClient *client, IOService **target, uint32_t index)
{
	__typeof__(((struct IOUserClientOperations *)0)->getTargetAndMethodForIndex) get =
		host_client_op(client, getTargetAndMethodForIndex);
	__typeof__(((struct IOUserClientOperations *)0)->getExternalMethodForIndex) get_old =
		host_client_op(client, getExternalMethodForIndex);
	IOExternalMethod *method;

	if (get)
		return get(client, target, index);
	method = get_old ? get_old(client, index) : NULL;
	if (method)
		*target = method->object;
	return method;
}

static const IOExternalAsyncMethod *find_async_method(IOUserClient *client, IOService **target,
						      uint32_t index)
{
	__typeof__(((struct IOUserClientOperations *)0)->getAsyncTargetAndMethodForIndex) get =
		host_client_op(client, getAsyncTargetAndMethodForIndex);
	__typeof__(((struct IOUserClientOperations *)0)->getExternalAsyncMethodForIndex) get_old =
		host_client_op(client, getExternalAsyncMethodForIndex);
	IOExternalAsyncMethod *method;

	if (get)
		return get(client, target, index);
	method = get_old ? get_old(client, index) : NULL;
	if (method)
		*target = method->object;
	return method;
}

IOReturn host_legacy_method_run(IOUserClient *client, uint32_t selector,
				IOExternalMethodArguments *arguments)
{
	struct entry entry = { 0 };

	if (arguments->structureInputDescriptor || arguments->structureOutputDescriptor)
		return kIOReturnIPCError;
	if (arguments->asyncWakePort) {
		const IOExternalAsyncMethod *method =
			find_async_method(client, &entry.object, selector);

		if (!method || !entry.object || !method->func)
			return kIOReturnUnsupported;
		entry.async_func = method->func;
		entry.flags = method->flags;
		entry.count0 = method->count0;
		entry.count1 = method->count1;
	} else {
		const IOExternalMethod *method = find_method(client, &entry.object, selector);

		if (!method || !entry.object || !method->func)
			return kIOReturnUnsupported;
		entry.func = method->func;
		entry.flags = method->flags;
		entry.count0 = method->count0;
		entry.count1 = method->count1;
	}
	return run_by_type(&entry, arguments);
}

IOExternalTrap *host_legacy_method_find_trap(IOUserClient *client, IOService **target,
					     uint32_t index)
{
	__typeof__(((struct IOUserClientOperations *)0)->getTargetAndTrapForIndex) get =
		host_client_op(client, getTargetAndTrapForIndex);
	__typeof__(((struct IOUserClientOperations *)0)->getExternalTrapForIndex) get_old =
		host_client_op(client, getExternalTrapForIndex);
	IOExternalTrap *trap;

	if (get)
		return get(client, target, index);
	trap = get_old ? get_old(client, index) : NULL;
	if (trap)
		*target = trap->object;
	return trap;
}
