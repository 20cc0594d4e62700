/* SPDX-License-Identifier: MIT */
/* Memory types of every kind. */
#include <string.h>

#include "driver.h"

enum { OTHERS = 15 }; /* slot of METHODS_MEMORY_COOKIE */

static size_t slotOf(uint32_t type)
{
	return type < OTHERS ? type : OTHERS;
}

static IOMemoryDescriptor *need(struct MethodsClient *self, uint32_t type)
{
	IOMemoryDescriptor **at = &self->memories[slotOf(type)];

	if (type == METHODS_MEMORY_FRESH) {
		IOMemoryDescriptorRelease(*at);
		*at = NULL;
	}
	if (!*at)
		*at = IOMemoryDescriptorCreate(
			METHODS_MEMORY_SIZE,
			type == METHODS_MEMORY_SEALED ? kIOMemoryClientReadOnly : 0);
	return *at;
}

IOReturn clientMemory(IOUserClient *client, uint32_t type, IOOptionBits *optionBits,
		      IOMemoryDescriptor **memory)
{
	struct MethodsClient *self = SELF(client);

	self->driver->options = *optionBits;
	if (type > METHODS_MEMORY_TURNS && type != METHODS_MEMORY_COOKIE)
		return kIOReturnNoSpace;
	switch (type) {
	case METHODS_MEMORY_REFUSED:
		return kIOReturnNotReadable;
	case METHODS_MEMORY_NULL:
		return kIOReturnSuccess;
	case METHODS_MEMORY_READ_ONLY:
		*optionBits |= kIOMapReadOnly;
		break;
	case METHODS_MEMORY_UNIQUE:
		*optionBits |= kIOMapUnique;
		break;
	case METHODS_MEMORY_USER_BITS:
		*optionBits = kIOMapReadOnly | kIOMapAnywhere | kIOMapInhibitCache;
		break;
	case METHODS_MEMORY_TURNS:
		if (self->turns++ & 1)
			*optionBits |= kIOMapReadOnly;
		break;
	}
	*memory = IOMemoryDescriptorRetain(need(self, type));
	return *memory ? kIOReturnSuccess : kIOReturnNoMemory;
}

void releaseMemories(struct MethodsClient *self)
{
	for (size_t i = 0; i < sizeof(self->memories) / sizeof(*self->memories); i++)
		IOMemoryDescriptorRelease(self->memories[i]);
}

IOReturn poke(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint8_t byte = (uint8_t)arguments->scalarInput[2];
	IOMemoryDescriptor *memory = need(SELF(target), (uint32_t)arguments->scalarInput[0]);

	return IOMemoryDescriptorWriteBytes(memory, arguments->scalarInput[1], &byte, 1) == 1
		     ? kIOReturnSuccess
		     : kIOReturnUnderrun;
}

IOReturn peek(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint8_t byte = 0;
	IOMemoryDescriptor *memory = need(SELF(target), (uint32_t)arguments->scalarInput[0]);

	if (IOMemoryDescriptorReadBytes(memory, arguments->scalarInput[1], &byte, 1) != 1)
		return kIOReturnUnderrun;
	arguments->scalarOutput[0] = byte;
	return kIOReturnSuccess;
}

IOReturn options(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = SELF(target)->driver->options;
	return kIOReturnSuccess;
}
