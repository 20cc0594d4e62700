/* SPDX-License-Identifier: MIT */
/* Memory types of every kind. */
#include <stdlib.h>
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
	if (type > METHODS_MEMORY_CLIENT && type != METHODS_MEMORY_COOKIE)
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
	case METHODS_MEMORY_CLIENT:
		*memory = IOMemoryDescriptorRetain(self->driver->clientMemory);
		return kIOReturnSuccess;
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

/* --- the program's own memory, by address ------------------------------------------------------- */

static uint64_t readAll(IOMemoryDescriptor *memory, uint64_t *sum)
{
	uint64_t length = IOMemoryDescriptorGetLength(memory), n;
	unsigned char *bytes = malloc(length);

	n = IOMemoryDescriptorReadBytes(memory, 0, bytes, length);
	*sum = 0;
	for (uint64_t i = 0; i < n; i++)
		*sum += bytes[i];
	free(bytes);
	return n;
}

static uint64_t writeAll(IOMemoryDescriptor *memory, uint8_t byte)
{
	uint64_t length = IOMemoryDescriptorGetLength(memory), n;
	unsigned char *bytes = malloc(length);

	memset(bytes, byte, length);
	n = IOMemoryDescriptorWriteBytes(memory, 0, bytes, length);
	free(bytes);
	return n;
}

IOReturn accessClient(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	const uint64_t *in = arguments->scalarInput;
	IOAddressSegment segments[2] = { { in[0], in[1] }, { in[2], in[3] } };
	uint64_t mode = in[4], *out = arguments->scalarOutput;
	IOMemoryDescriptor *memory = NULL;

	out[2] = (uint32_t)IOUserClientCreateMemoryDescriptorFromClient(
		&SELF(target)->client,
		mode == METHODS_WRITE || mode == METHODS_READ_OTHERWISE ? kIOMemoryDirectionIn
									: kIOMemoryDirectionOut,
		in[3] ? 2 : 1, segments, &memory);
	if (out[2])
		return kIOReturnSuccess;
	if (mode == METHODS_WRITE)
		out[0] = writeAll(memory, (uint8_t)in[5]);
	else
		out[0] = readAll(memory, &out[1]);
	if (mode == METHODS_KEEP_DESCRIPTOR)
		SELF(target)->driver->clientMemory = IOMemoryDescriptorRetain(memory);
	IOMemoryDescriptorRelease(memory);
	return kIOReturnSuccess;
}

IOReturn accessKept(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;
	uint64_t sum;

	arguments->scalarOutput[0] = readAll(driver->clientMemory, &sum);
	IOMemoryDescriptorRelease(driver->clientMemory);
	driver->clientMemory = NULL;
	return kIOReturnSuccess;
}
