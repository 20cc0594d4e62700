/* SPDX-License-Identifier: MIT */
/*
 * Drivers in the form of DriverKit, in C: Start, NewUserClient, ExternalMethod
 * with IOUserClientMethodArguments, OSAction completions, dispatch queues.
 *
 * The personality names the class that the registry shows (IOClass,
 * "IOUserService") and the driver's own class (IOUserClass), which descends from
 * IOUserServiceBase. Programs find the service by IOServiceNameMatching of its
 * IOUserClass or by IOServiceMatching("IOUserService"). User clients descend from
 * IOUserUserClientBase and are made with IOServiceCreate.
 *
 *	struct Clock { IOService service; uint64_t ticks; };
 *	static kern_return_t clockStart(IOService *service, IOService *provider)
 *	{
 *		return IOServiceRegister(service, 0);
 *	}
 *	static kern_return_t clockOpen(IOService *service, uint32_t type, IOUserClient **client)
 *	{
 *		return IOServiceCreate(service, service, "UserClientProperties",
 *				       (IOService **)client);
 *	}
 *	static const struct IODriverClass clockClass = {
 *		.name = "Clock", .superclass = &IOUserServiceBase,
 *		.instanceSize = sizeof(struct Clock),
 *		.userService = &(const struct IOUserServiceOperations){
 *			.Start = clockStart, .NewUserClient = clockOpen },
 *	};
 *
 * Threads: all operations of one object run on its default queue, one at a time;
 * ExternalMethod on the queue kIOUserClientQueueNameExternalMethod if the driver
 * has set one. init and free of struct IOServiceOperations work as for every class.
 */
#pragma once

#include <IOKit/IODispatchQueue.h>
#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/IOService.h>
#include <IOKit/IOUserClient.h>
#include <IOKit/OSAction.h>
#include <mach/kern_return.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* OSData * is CFDataRef, OSDictionary * is CFDictionaryRef. */
typedef const struct __CFData OSData;
typedef const struct __CFDictionary OSDictionary;

enum {
	kIOUserClientScalarArrayCountMax = 16,
	kIOUserClientAsyncReferenceCountMax = 16,
	kIOUserClientAsyncArgumentsCountMax = 16,
};
enum { kIOUserClientMethodArgumentsCurrentVersion = 2 };
#define kIOUserClientVariableStructureSize 0xffffffffu
enum { kIOUserClientMemoryReadOnly = 0x00000001 };
#define kIOUserClientQueueNameExternalMethod "IOUserClientQueueExternalMethod"
#define kIOServiceDefaultQueueName "Default"

typedef uint64_t IOUserClientScalarArray[kIOUserClientScalarArrayCountMax];
typedef uint64_t IOUserClientAsyncReferenceArray[kIOUserClientAsyncReferenceCountMax];
typedef uint64_t IOUserClientAsyncArgumentsArray[kIOUserClientAsyncArgumentsCountMax];

/* Everything pointed to is valid only during the call; retain what is to be kept. */
typedef struct IOUserClientMethodArguments {
	uint64_t version; /* kIOUserClientMethodArgumentsCurrentVersion */
	uint64_t selector;
	OSAction *completion; /* NULL: a synchronous call. Retain it to complete it later */
	const uint64_t *scalarInput;
	uint32_t scalarInputCount;
	OSData *structureInput;			      /* NULL: none, or more than 4096 bytes */
	IOMemoryDescriptor *structureInputDescriptor; /* more than 4096 bytes; else NULL */
	uint64_t *scalarOutput;
	uint32_t scalarOutputCount; /* capacity; number produced */
	/* What the driver sets here is copied to the program and its reference consumed; longer than
	 * the program has room for is kIOReturnBadArgument. */
	OSData *structureOutput;
	IOMemoryDescriptor *structureOutputDescriptor; /* more than 4096 bytes: write here */
	uint64_t structureOutputMaximumSize; /* kIOUserClientVariableStructureSize: any size */
	uint64_t __reserved[30];
} IOUserClientMethodArguments;

typedef kern_return_t (*IOUserClientMethodFunction)(OSObject *target, void *reference,
						    IOUserClientMethodArguments *arguments);

typedef struct IOUserClientMethodDispatch {
	IOUserClientMethodFunction function;
	uint32_t checkCompletionExists; /* 1: asynchronous only, 0: synchronous only, -1U: both */
	/* exactly, or kIOUserClientVariableStructureSize */
	uint32_t checkScalarInputCount;
	uint32_t checkStructureInputSize;
	uint32_t checkScalarOutputCount;
	uint32_t checkStructureOutputSize; /* of structureOutputMaximumSize */
} IOUserClientMethodDispatch;

struct IOUserServiceOperations {
	/* kIOReturnSuccess: running. Default success. IOServiceRegister in it takes effect after it. */
	kern_return_t (*Start)(IOService *service, IOService *provider);
	/* Exactly once for each successful Start. A user client whose program has closed it, or died,
	 * is stopped as well. */
	kern_return_t (*Stop)(IOService *service, IOService *provider);
	/* Usually IOServiceCreate of "UserClientProperties". Default kIOReturnError. */
	kern_return_t (*NewUserClient)(IOService *service, uint32_t type,
				       IOUserClient **userClient);
	/* From IORegistryEntrySetCFProperties. Default kIOReturnUnsupported. */
	kern_return_t (*SetProperties)(IOService *service, OSDictionary *properties);

	/* User clients. DISPATCH, TARGET and REFERENCE are NULL: choose them by SELECTOR and hand all to
	 * IOUserUserClientExternalMethod. Default kIOReturnUnsupported. */
	kern_return_t (*ExternalMethod)(IOUserClient *client, uint64_t selector,
					IOUserClientMethodArguments *arguments,
					const IOUserClientMethodDispatch *dispatch,
					OSObject *target, void *reference);
	/* The memory of TYPE with a reference for the framework: the same object each time. *OPTIONS:
	 * kIOUserClientMemoryReadOnly. Default kIOReturnUnsupported. */
	kern_return_t (*CopyClientMemoryForType)(IOUserClient *client, uint64_t type,
						 uint64_t *options, IOMemoryDescriptor **memory);
};

/* Classes "IOUserService" and "IOUserUserClient". */
extern const struct IODriverClass IOUserServiceBase;
extern const struct IODriverClass IOUserUserClientBase;

/* Make the object that the dictionary PROPERTIESKEY of SERVICE describes: IOClass is the class that
 * the registry shows (for a user client "IOUserUserClient"), IOUserClass the class of this bundle, the
 * rest its properties. It is attached and started; *RESULT has a reference for the caller. PROVIDER
 * must be SERVICE, else kIOReturnUnsupported. kIOReturnBadArgument: no such dictionary, or without
 * these names; kIOReturnUnsupported: a user client outside NewUserClient; kIOReturnNoMemory: no such
 * class, no memory; kIOReturnNoResources: Start has failed, or SERVICE is inactive. */
IOReturn IOServiceCreate(IOService *service, IOService *provider, const char *propertiesKey,
			 IOService **result);
/* What SetProperties of the base class does: merge PROPERTIES into the property
 * IOUserServiceProperties of the service, where programs see each of them. */
IOReturn IOUserServiceSetProperties(IOService *service, OSDictionary *properties);
/* What ExternalMethod of the base class does: check against DISPATCH, then call its function.
 * kIOReturnBadArgument: a mismatch, first that of the completion; kIOReturnNoCompletion: no function;
 * kIOReturnUnsupported: no DISPATCH. */
IOReturn IOUserUserClientExternalMethod(IOUserClient *client, uint64_t selector,
					IOUserClientMethodArguments *arguments,
					const IOUserClientMethodDispatch *dispatch,
					OSObject *target, void *reference);
/* Send one completion of an asynchronous call with ASYNCDATACOUNT words (at most 16); any number may
 * follow each other. Never blocks. kIOReturnBadArgument: not a completion of this client's; others as
 * IOUserClientSendAsyncResult64. When ACTION is released for the last time nothing can follow. */
IOReturn IOUserClientAsyncCompletion(IOUserClient *client, OSAction *action, IOReturn status,
				     const uint64_t *asyncData, uint32_t asyncDataCount);

/* QUEUE (retained) becomes the queue of that name: kIOServiceDefaultQueueName,
 * kIOUserClientQueueNameExternalMethod, or one of the driver's. NULL takes it back. Call it in init or
 * Start. kIOReturnBadArgument: no name, or no DriverKit-style object; kIOReturnNoMemory. */
IOReturn IOServiceSetDispatchQueue(IOService *service, const char *name, IODispatchQueue *queue);
/* With a reference for the caller. The default queue always exists. kIOReturnNotFound. */
IOReturn IOServiceCopyDispatchQueue(IOService *service, const char *name, IODispatchQueue **queue);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
