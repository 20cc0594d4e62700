/* SPDX-License-Identifier: MIT */
/* The methods that take and return structures of any size. */
#include <string.h>

#include "Calculator.h"

enum { REVERSE_MAX = 64 * 1024 * 1024 };

/* A structure came inside the call or, when it is large, as a descriptor. */
static const uint8_t *input(const IOExternalMethodArguments *arguments, uint64_t *size)
{
	IOMemoryDescriptor *memory = arguments->structureInputDescriptor;

	*size = memory ? IOMemoryDescriptorGetLength(memory) : arguments->structureInputSize;
	return memory ? IOMemoryDescriptorGetBytes(memory) : arguments->structureInput;
}

/* Room for SIZE bytes of the answer, which becomes that long; NULL: the caller has less room. */
static uint8_t *output(IOExternalMethodArguments *arguments, uint64_t size)
{
	IOMemoryDescriptor *memory = arguments->structureOutputDescriptor;
	uint32_t *room = memory ? &arguments->structureOutputDescriptorSize
				: &arguments->structureOutputSize;

	if (size > *room)
		return NULL;
	*room = (uint32_t)size;
	return memory ? IOMemoryDescriptorGetBytes(memory) : arguments->structureOutput;
}

IOReturn statistics(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint64_t size;
	const uint8_t *bytes = input(arguments, &size);
	double value, sum = 0, least = 0, most = 0;

	if (!size || size % sizeof(double))
		return kIOReturnBadArgument;
	for (uint64_t at = 0; at < size; at += sizeof(double)) {
		memcpy(&value, bytes + at, sizeof(value));
		sum += value;
		/* What is no number stays: no comparison with it is true. */
		least = !at || value < least || value != value ? value : least;
		most = !at || value > most || value != value ? value : most;
	}
	const double answer[4] = { sum, sum / (double)(size / sizeof(double)), least, most };
	memcpy(arguments->structureOutput, answer, sizeof(answer));
	return kIOReturnSuccess;
}

IOReturn reverse(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint64_t size;
	const uint8_t *from = input(arguments, &size);
	uint8_t *to = size <= REVERSE_MAX ? output(arguments, size) : NULL;

	if (size && !to)
		return kIOReturnBadArgument;
	for (uint64_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
	return kIOReturnSuccess;
}
