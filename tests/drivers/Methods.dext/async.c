/* SPDX-License-Identifier: MIT */
/* Asynchronous calls: kept references, completed by whoever asks for it. */
#include <string.h>

#include "driver.h"

static struct Slot *slot(OSObject *target, uint64_t number)
{
	return &SELF(target)->driver->slots[number % METHODS_SLOTS];
}

static IOReturn keep(OSObject *target, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;
	struct Slot *at = slot(target, arguments->scalarInput[0]);
	IOUserClient *old;

	pthread_mutex_lock(&driver->lock);
	old = at->client;
	at->client = &SELF(target)->client;
	IOServiceRetain(&at->client->service);
	IOUserClientCopyAsyncReference(arguments, at->reference);
	pthread_mutex_unlock(&driver->lock);
	if (old)
		IOServiceRelease(&old->service);
	return kIOReturnSuccess;
}

IOReturn later(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	/* Results of the call itself, whatever comes later. */
	if (arguments->scalarOutputCount)
		arguments->scalarOutput[0] = 4711;
	if (arguments->structureOutputSize)
		memcpy(arguments->structureOutput, "now", 3);
	return keep(target, arguments);
}

IOReturn failLater(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	keep(target, arguments);
	return kIOReturnNoDevice;
}

static void fill(io_user_reference_t *args, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		args[i] = 0x1111111100000000u + i;
}

IOReturn now(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	io_user_reference_t args[32] = { 0 };
	uint64_t count = arguments->scalarInput[0];
	OSAsyncReference64 copy;

	fill(args, count > 32 ? 32 : count);
	IOUserClientCopyAsyncReference(arguments, copy);
	arguments->scalarOutput[0] = (uint32_t)IOUserClientSendAsyncResult64(
		&SELF(target)->client, copy, (IOReturn)arguments->scalarInput[1], args,
		(uint32_t)count);
	IOUserClientReleaseAsyncReference64(&SELF(target)->client, copy);
	return kIOReturnSuccess;
}

IOReturn complete(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct Slot *at = slot(target, arguments->scalarInput[0]);
	io_user_reference_t args[32] = { 0 };
	uint64_t count = arguments->scalarInput[1];

	fill(args, count > 32 ? 32 : count);
	if (!at->client)
		return kIOReturnNotFound;
	arguments->scalarOutput[0] = (uint32_t)IOUserClientSendAsyncResult64WithOptions(
		at->client, at->reference, (IOReturn)arguments->scalarInput[2], args,
		(uint32_t)count, (IOOptionBits)arguments->scalarInput[3]);
	return kIOReturnSuccess;
}

IOReturn forget(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;
	struct Slot *at = slot(target, arguments->scalarInput[0]);
	IOUserClient *client;

	pthread_mutex_lock(&driver->lock);
	client = at->client;
	at->client = NULL;
	pthread_mutex_unlock(&driver->lock);
	if (!client)
		return kIOReturnNotFound;
	IOUserClientReleaseAsyncReference64(client, at->reference);
	IOServiceRelease(&client->service);
	return kIOReturnSuccess;
}

IOReturn words(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	memcpy(arguments->scalarOutput, slot(target, arguments->scalarInput[0])->reference,
	       sizeof(OSAsyncReference64));
	return kIOReturnSuccess;
}

IOReturn setWords(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct Slot *at = slot(target, arguments->scalarInput[0]);

	IOUserClientSetAsyncReference64(at->reference,
					(uintptr_t)(at->reference[0] & ~(uint64_t)kIOUCAsync0Flags),
					arguments->scalarInput[1], arguments->scalarInput[2]);
	return kIOReturnSuccess;
}
