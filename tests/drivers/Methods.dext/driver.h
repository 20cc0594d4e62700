/* SPDX-License-Identifier: MIT */
/* Shared by the files of the driver. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include <IOKit/IODriver.h>
#include <IOKit/IOUserClient.h>

#include "Methods.h"

struct Slot {
	OSAsyncReference64 reference;
	IOUserClient *client; /* retained; NULL: free */
};

struct MethodsDriver {
	IOService service;
	atomic_uint_fast64_t counts[METHODS_N];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* guarded by lock */
	uint64_t seen[METHODS_SEEN];
	unsigned meeting, running, mostRunning;
	bool released;
	struct Slot slots[METHODS_SLOTS];
	_Atomic IOOptionBits options; /* as clientMemoryForType got them */
	const void *kept;
	IOMemoryDescriptor *heldMemory, *clientMemory;
};

struct MethodsClient {
	IOUserClient client;
	struct MethodsDriver *driver;
	const IOClientTask *task;
	uint32_t type;
	atomic_int running; /* methods inside */
	enum { NEW, INITED, STARTED, CLOSED, WILL, DID, STOPPED } stage;
	IOWakePort *port;
	uint32_t portType;
	uint64_t portReference;
	IOMemoryDescriptor *memories[16];
	unsigned turns;
	IOExternalTrap trap;
	struct IOExternalMethod method;
	struct IOExternalAsyncMethod asyncMethod;
};

#define SELF(target) ((struct MethodsClient *)(target))

extern const struct IODriverClass methodsDriverClass;
extern const struct IODriverClass tableClientClass, client2022Class, baseClientClass;
extern const struct IODriverClass legacyClientClass, oldLegacyClientClass, ownDeathClientClass;

/* Methods.c */
IOReturn tableMethod(IOUserClient *client, uint32_t selector, IOExternalMethodArguments *arguments);
IOReturn method2022(IOUserClient *client, uint32_t selector, IOExternalMethodArguments *arguments);
IOExternalTrap *clientTrap(IOUserClient *client, IOService **target, uint32_t index);

/* async.c */
IOReturn later(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn now(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn failLater(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn complete(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn forget(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn words(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn setWords(OSObject *target, void *reference, IOExternalMethodArguments *arguments);

/* memory.c */
IOReturn clientMemory(IOUserClient *client, uint32_t type, IOOptionBits *options,
		      IOMemoryDescriptor **memory);
void releaseMemories(struct MethodsClient *self);
IOReturn poke(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn peek(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn accessClient(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn accessKept(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
IOReturn options(OSObject *target, void *reference, IOExternalMethodArguments *arguments);
