/* SPDX-License-Identifier: MIT */
/* The table client: methods that show what reaches a driver. */
#include <stdlib.h>
#include <string.h>

#include <mach/mig_errors.h>

#include "driver.h"

/* --- what a method sees -------------------------------------------------------------- */

static IOReturn sum(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = arguments->scalarInput[0] + arguments->scalarInput[1];
	return kIOReturnSuccess;
}

static IOReturn copy16(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	memcpy(arguments->structureOutput, arguments->structureInput, 16);
	return kIOReturnSuccess;
}

static IOReturn look(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;
	uint64_t seen[METHODS_SEEN] = {
		[METHODS_SEEN_SCALARS] = arguments->scalarInputCount,
		[METHODS_SEEN_STRUCTURE] = arguments->structureInput != NULL,
		[METHODS_SEEN_SIZE] = arguments->structureInputSize,
		[METHODS_SEEN_DESCRIPTOR] = arguments->structureInputDescriptor != NULL,
		[METHODS_SEEN_DESCRIPTOR_LENGTH] =
			IOMemoryDescriptorGetLength(arguments->structureInputDescriptor),
		[METHODS_SEEN_SCALARS_OUT] = arguments->scalarOutputCount,
		[METHODS_SEEN_OUTPUT] = arguments->structureOutput != NULL,
		[METHODS_SEEN_OUTPUT_SIZE] = arguments->structureOutputSize,
		[METHODS_SEEN_OUTPUT_DESCRIPTOR] = arguments->structureOutputDescriptor != NULL,
		[METHODS_SEEN_OUTPUT_DESCRIPTOR_LENGTH] =
			IOMemoryDescriptorGetLength(arguments->structureOutputDescriptor),
		[METHODS_SEEN_OUTPUT_DESCRIPTOR_SIZE] = arguments->structureOutputDescriptorSize,
		[METHODS_SEEN_WAKE_PORT] = arguments->asyncWakePort,
		[METHODS_SEEN_REFERENCES] = arguments->asyncReferenceCount,
		[METHODS_SEEN_VARIABLE] = arguments->structureVariableOutputData != NULL,
		[METHODS_SEEN_VERSION] = arguments->version,
	};

	pthread_mutex_lock(&driver->lock);
	seen[METHODS_SEEN_CALLS] = driver->seen[METHODS_SEEN_CALLS] + 1;
	memcpy(driver->seen, seen, sizeof(seen));
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn looked(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;

	pthread_mutex_lock(&driver->lock);
	memcpy(arguments->scalarOutput, driver->seen, sizeof(driver->seen));
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn nothing(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return kIOReturnSuccess;
}

/* --- what it gives back ----------------------------------------------------------------- */

static IOReturn produce(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	for (uint32_t i = 0; i < arguments->scalarOutputCount; i++)
		arguments->scalarOutput[i] = 0x55;
	if (arguments->structureOutputSize)
		memset(arguments->structureOutput, 0x55, arguments->structureOutputSize);
	arguments->scalarOutputCount = (uint32_t)arguments->scalarInput[0];
	arguments->structureOutputSize = (uint32_t)arguments->scalarInput[1];
	return kIOReturnSuccess;
}

static IOReturn giveBack(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint8_t byte = 0x66;

	for (uint32_t i = 0; i < arguments->scalarOutputCount; i++)
		arguments->scalarOutput[i] = 0x66;
	if (arguments->structureOutputSize)
		memset(arguments->structureOutput, 0x66, arguments->structureOutputSize);
	if (arguments->structureOutputDescriptor)
		IOMemoryDescriptorWriteBytes(arguments->structureOutputDescriptor, 0, &byte, 1);
	return (IOReturn)arguments->scalarInput[0];
}

static IOReturn variable(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	uint64_t size = arguments->scalarInput[0];
	CFMutableDataRef data;

	if (!arguments->structureVariableOutputData)
		return kIOReturnNotReady;
	if (size != UINT64_MAX) {
		data = CFDataCreateMutable(NULL, 0);
		CFDataSetLength(data, (CFIndex)size);
		for (uint64_t i = 0; i < size; i++)
			CFDataGetMutableBytePtr(data)[i] = (uint8_t)i;
		*arguments->structureVariableOutputData = data;
	}
	return (IOReturn)arguments->scalarInput[1];
}

static IOReturn keep(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	SELF(target)->driver->kept = arguments->structureInput;
	return kIOReturnSuccess;
}

/* In the middle of the structure: what comes later in the same place is shorter. */
static IOReturn kept(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	memcpy(arguments->scalarOutput, (const char *)SELF(target)->driver->kept + 2048, 8);
	return kIOReturnSuccess;
}

static IOReturn holdMemory(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;

	if (!arguments->structureInputDescriptor)
		return kIOReturnBadArgument;
	IOMemoryDescriptorRelease(driver->heldMemory);
	driver->heldMemory = IOMemoryDescriptorRetain(arguments->structureInputDescriptor);
	return kIOReturnSuccess;
}

static IOReturn heldMemory(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;
	uint8_t byte = 0;

	if (!driver->heldMemory)
		return kIOReturnNotFound;
	IOMemoryDescriptorReadBytes(driver->heldMemory, arguments->scalarInput[0], &byte, 1);
	arguments->scalarOutput[0] = byte;
	arguments->scalarOutput[1] = IOMemoryDescriptorGetLength(driver->heldMemory);
	IOMemoryDescriptorRelease(driver->heldMemory);
	driver->heldMemory = NULL;
	return kIOReturnSuccess;
}

static IOReturn fillMemory(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	IOMemoryDescriptor *memory = arguments->structureOutputDescriptor;

	if (!memory)
		return kIOReturnBadArgument;
	memset(IOMemoryDescriptorGetBytes(memory), (int)arguments->scalarInput[0],
	       IOMemoryDescriptorGetLength(memory));
	arguments->structureOutputDescriptorSize = (uint32_t)arguments->scalarInput[1];
	return kIOReturnSuccess;
}

/* --- several at once ------------------------------------------------------------------- */

static IOReturn meet(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;

	pthread_mutex_lock(&driver->lock);
	driver->meeting++;
	pthread_cond_broadcast(&driver->changed);
	while (driver->meeting < 2)
		pthread_cond_wait(&driver->changed, &driver->lock);
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn pass(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;

	pthread_mutex_lock(&driver->lock);
	if (++driver->running > driver->mostRunning)
		driver->mostRunning = driver->running;
	pthread_mutex_unlock(&driver->lock);
	sched_yield();
	pthread_mutex_lock(&driver->lock);
	driver->running--;
	arguments->scalarOutput[0] = driver->mostRunning;
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn hold(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;

	pthread_mutex_lock(&driver->lock);
	driver->released = false;
	driver->counts[METHODS_N_HELD]++;
	while (!driver->released)
		pthread_cond_wait(&driver->changed, &driver->lock);
	driver->counts[METHODS_N_HELD]--;
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn letGo(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;

	pthread_mutex_lock(&driver->lock);
	driver->released = true;
	pthread_cond_broadcast(&driver->changed);
	pthread_mutex_unlock(&driver->lock);
	return kIOReturnSuccess;
}

static IOReturn counts(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	for (int i = 0; i < METHODS_N; i++)
		arguments->scalarOutput[i] = SELF(target)->driver->counts[i];
	return kIOReturnSuccess;
}

/* --- who calls ------------------------------------------------------------------------------ */

static void text(const IOExternalMethodArguments *arguments, char name[64])
{
	size_t n = arguments->structureInputSize < 63 ? arguments->structureInputSize : 63;

	if (n)
		memcpy(name, arguments->structureInput, n);
	name[n] = 0;
}

static IOReturn privilege(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	char name[64];

	text(arguments, name);
	arguments->scalarOutput[0] =
		(uint32_t)IOUserClientClientHasPrivilege(SELF(target)->task, name);
	return kIOReturnSuccess;
}

static IOReturn entitlement(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	CFDictionaryRef all = IOUserClientCopyClientEntitlements(SELF(target)->task);
	char name[64];

	text(arguments, name);
	arguments->scalarOutput[0] = IOTaskHasEntitlement(SELF(target)->task, name);
	arguments->scalarOutput[1] = all ? (uint64_t)CFDictionaryGetCount(all) : 0;
	if (all)
		CFRelease(all);
	return kIOReturnSuccess;
}

static IOReturn authorized(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = (uint32_t)IOUserClientClientHasAuthorization(
		SELF(target)->task, &SELF(target)->driver->service);
	return kIOReturnSuccess;
}

static IOReturn identity(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	const IOClientTask *task = SELF(target)->task;

	arguments->scalarOutput[0] = (uint64_t)task->pid;
	arguments->scalarOutput[1] = task->uid;
	arguments->scalarOutput[2] = task->gid;
	arguments->scalarOutput[3] = SELF(target)->type;
	arguments->scalarOutput[4] = task->administrator;
	return kIOReturnSuccess;
}

static IOReturn terminate(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	return IOServiceTerminate(arguments->scalarInput[0] ? &SELF(target)->driver->service
							    : &SELF(target)->client.service,
				  0);
}

/* --- the registered port --------------------------------------------------------------------- */

static IOReturn post(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	size_t size = (size_t)arguments->scalarInput[1];
	unsigned char *data = size < 65536 ? malloc(size + 1) : NULL;

	for (size_t i = 0; data && i < size; i++)
		data[i] = (unsigned char)(i + 1);
	arguments->scalarOutput[0] = (uint32_t)IOUserClientSendMessage(
		SELF(target)->port, (int32_t)arguments->scalarInput[0], data, size);
	free(data);
	return kIOReturnSuccess;
}

static IOReturn wake(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = (uint32_t)IOUserClientSendNotification(SELF(target)->port);
	return kIOReturnSuccess;
}

static IOReturn port(OSObject *target, void *reference, IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = SELF(target)->port != NULL;
	arguments->scalarOutput[1] = SELF(target)->portType;
	arguments->scalarOutput[2] = SELF(target)->portReference;
	return kIOReturnSuccess;
}

/* --- filter, exclusive access ------------------------------------------------------------------ */

static IOReturn resolve(const IOClientTask *task, IOUserClient *client, uint32_t type,
			io_filter_policy_t *policy)
{
	if (type == METHODS_UNFILTERED)
		return kIOReturnNotPermitted;
	if (type != METHODS_FILTERED)
		return kIOReturnUnsupported;
	*policy = 3;
	return kIOReturnSuccess;
}

static IOReturn apply(IOUserClient *client, io_filter_policy_t policy, io_filter_type_t type,
		      uint32_t selector)
{
	if (selector == METHODS_SUM)
		return MIG_NO_REPLY;
	return selector == policy ? kIOReturnAborted + (IOReturn)type : kIOReturnSuccess;
}

static const struct io_filter_callbacks filter = { resolve, apply, NULL };

static IOReturn registerFilter(OSObject *target, void *reference,
			       IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] = (uint32_t)IOUserClientRegisterFilterCallbacks(
		&SELF(target)->driver->service, &filter,
		sizeof(filter) + (size_t)arguments->scalarInput[0]);
	return kIOReturnSuccess;
}

static IOReturn openProvider(OSObject *target, void *reference,
			     IOExternalMethodArguments *arguments)
{
	arguments->scalarOutput[0] =
		IOServiceOpenProvider(&SELF(target)->client.service, &SELF(target)->driver->service,
				      (IOOptionBits)arguments->scalarInput[0]);
	return kIOReturnSuccess;
}

static IOReturn closeProvider(OSObject *target, void *reference,
			      IOExternalMethodArguments *arguments)
{
	struct MethodsDriver *driver = SELF(target)->driver;

	IOServiceCloseProvider(&SELF(target)->client.service, &driver->service);
	arguments->scalarOutput[0] = IOServiceIsOpenBy(&driver->service, NULL);
	return kIOReturnSuccess;
}

/* --- tables -------------------------------------------------------------------------------- */

#define ANY kIOUCVariableStructureSize

static const IOExternalMethodDispatch table[METHODS_SELECTORS] = {
	[METHODS_SUM] = { sum, 2, 0, 1, 0 },
	[METHODS_COPY16] = { copy16, 0, 16, 0, 16 },
	[METHODS_LOOK] = { look, ANY, ANY, ANY, ANY },
	[METHODS_THREE] = { nothing, 0, 0, 0, 0 },
	[METHODS_FOUR] = { nothing, 0, 0, 0, 0 },
	[METHODS_LOOKED] = { looked, 0, 0, METHODS_SEEN, 0 },
	[METHODS_PRODUCE] = { produce, 2, 0, ANY, ANY },
	[METHODS_RETURN] = { giveBack, 1, 0, ANY, ANY },
	[METHODS_VARIABLE] = { variable, 2, 0, 0, ANY },
	[METHODS_KEEP] = { keep, 0, ANY, 0, 0 },
	[METHODS_KEPT] = { kept, 0, 0, 1, 0 },
	[METHODS_HOLD_MEMORY] = { holdMemory, 0, ANY, 0, 0 },
	[METHODS_HELD_MEMORY] = { heldMemory, 1, 0, 2, 0 },
	[METHODS_FILL_MEMORY] = { fillMemory, 2, 0, 0, ANY },
	[METHODS_NULL] = { NULL, 1, 0, 0, 0 },
	[METHODS_MEET] = { meet, 0, 0, 0, 0 },
	[METHODS_PASS] = { pass, 0, 0, 1, 0 },
	[METHODS_HOLD] = { hold, 0, 0, 0, 0 },
	[METHODS_RELEASE] = { letGo, 0, 0, 0, 0 },
	[METHODS_COUNTS] = { counts, 0, 0, METHODS_N, 0 },
	[METHODS_PRIVILEGE] = { privilege, 0, ANY, 1, 0 },
	[METHODS_ENTITLEMENT] = { entitlement, 0, ANY, 2, 0 },
	[METHODS_AUTHORIZED] = { authorized, 0, 0, 1, 0 },
	[METHODS_IDENTITY] = { identity, 0, 0, 5, 0 },
	[METHODS_TERMINATE] = { terminate, 1, 0, 0, 0 },
	[METHODS_POST] = { post, 2, 0, 1, 0 },
	[METHODS_WAKE] = { wake, 0, 0, 1, 0 },
	[METHODS_PORT] = { port, 0, 0, 3, 0 },
	[METHODS_POKE] = { poke, 3, 0, 0, 0 },
	[METHODS_PEEK] = { peek, 2, 0, 1, 0 },
	[METHODS_OPTIONS] = { options, 0, 0, 1, 0 },
	[METHODS_REGISTER_FILTER] = { registerFilter, 1, 0, 1, 0 },
	[METHODS_OPEN] = { openProvider, 1, 0, 1, 0 },
	[METHODS_CLOSE] = { closeProvider, 0, 0, 1, 0 },
	[METHODS_CLIENT_MEMORY] = { accessClient, 6, 0, 3, 0 },
	[METHODS_KEPT_CLIENT_MEMORY] = { accessKept, 0, 0, 1, 0 },
	[METHODS_LATER] = { later, 1, ANY, ANY, ANY },
	[METHODS_NOW] = { now, 2, 0, 1, 0 },
	[METHODS_FAIL_LATER] = { failLater, 1, 0, 0, 0 },
	[METHODS_COMPLETE] = { complete, 4, 0, 1, 0 },
	[METHODS_FORGET] = { forget, 1, 0, 0, 0 },
	[METHODS_WORDS] = { words, 1, 0, 8, 0 },
	[METHODS_SET_WORDS] = { setWords, 3, 0, 0, 0 },
};

static const IOExternalMethodDispatch2022 table2022[] = {
	[METHODS_2022_SYNC] = { sum, 2, 0, 1, 0, false, NULL },
	[METHODS_2022_ASYNC] = { sum, 2, 0, 1, 0, true, NULL },
	[METHODS_2022_NEEDS] = { sum, 2, 0, 1, 0, false, METHODS_CALL_ENTITLEMENT },
	[METHODS_2022_NULL] = { NULL, 2, 0, 1, 0, false, NULL },
};

IOReturn tableMethod(IOUserClient *client, uint32_t selector, IOExternalMethodArguments *arguments)
{
	struct MethodsClient *self = SELF(client);
	IOReturn status;

	if (selector == METHODS_NULL_TABLE || selector == METHODS_OUT_OF_TABLE)
		return IOUserClientDispatchExternalMethod(
			client, selector == METHODS_NULL_TABLE ? 0 : 4, arguments,
			selector == METHODS_NULL_TABLE ? NULL : table2022, 4, self, NULL);
	if (selector >= METHODS_SELECTORS)
		return kIOReturnBadArgument;
	self->driver->counts[METHODS_N_ENTERED]++;
	if (self->stage != STARTED)
		self->driver->counts[METHODS_N_DISORDER]++;
	self->running++;
	status = IOUserClientExternalMethod(client, selector, arguments, &table[selector], self,
					    NULL);
	self->running--;
	return status;
}

IOReturn method2022(IOUserClient *client, uint32_t selector, IOExternalMethodArguments *arguments)
{
	return IOUserClientDispatchExternalMethod(client, selector, arguments, table2022, 4, client,
						  NULL);
}

/* --- traps ------------------------------------------------------------------------------------ */

static IOReturn trapSum(IOService *target, uintptr_t p1, uintptr_t p2, uintptr_t p3, uintptr_t p4,
			uintptr_t p5, uintptr_t p6)
{
	return (IOReturn)(p1 + p2 + p3 + p4 + p5 + p6);
}

IOExternalTrap *clientTrap(IOUserClient *client, IOService **target, uint32_t index)
{
	struct MethodsClient *self = SELF(client);

	if (index != METHODS_TRAP_SUM && index != METHODS_TRAP_NULL &&
	    index != METHODS_TRAP_NO_TARGET)
		return NULL;
	self->trap = (IOExternalTrap){ NULL, index == METHODS_TRAP_NULL ? NULL : trapSum };
	if (index != METHODS_TRAP_NO_TARGET)
		*target = &client->service;
	return &self->trap;
}
