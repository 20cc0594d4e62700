/* SPDX-License-Identifier: MIT */
/*
 * IOService: what every driver is, and how a driver declares a class.
 *
 * A class is constant data: a name, a superclass, the size of an instance and
 * a struct of operations. An instance is the driver's own struct, zero-filled,
 * whose first member is an IOService (or IOUserClient). An operation that is
 * NULL is inherited. `init` runs from the base class to the derived one and
 * `free` the other way round, each class's own; of all other operations only
 * the most derived one runs.
 *
 *	struct Clock { IOService service; uint64_t ticks; };
 *	static const struct IOServiceOperations operations = { .start = clockStart };
 *	static const struct IODriverClass clockClass = {
 *		.name = "Clock", .superclass = &IOServiceBase,
 *		.instanceSize = sizeof(struct Clock), .service = &operations,
 *	};
 *
 * Threads: init, probe, start, stop, newUserClient, setProperties, message and
 * the termination operations of one driver never overlap each other; external
 * methods and work-loop callbacks run beside them. All functions below may be
 * called on any thread of the driver, at any time, while the object is valid.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitKeys.h>
#include <IOKit/IOMessage.h>
#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct IOService IOService;
typedef struct IOUserClient IOUserClient;
typedef struct IOWorkLoop IOWorkLoop;

struct IODriverClass;
struct IOServiceRuntime;
struct IOUserClientOperations;
struct IOUserServiceOperations;

/* The head of every instance; filled in by the runtime, never by the driver. */
struct IOService {
	const struct IODriverClass *objectClass;
	struct IOServiceRuntime *runtime;
};

/* Target of a dispatched method: whatever the driver passes along, usually its user client. */
typedef void OSObject;

/* The program that opens or calls. Valid during the call it is given to and, for a user client,
 * until clientClose has returned. */
typedef struct IOClientTask {
	int32_t pid;
	uint32_t uid, gid;
	bool administrator;			 /* root, or granted by the session's policy */
	const char *name;			 /* of the process, for display */
	const struct IOClientTaskRights *rights; /* the runtime's: ask IOUserClientClientHas... */
} IOClientTask;

struct IOServiceOperations {
	/* PROPERTIES: the personality, or what the creator gave (may be NULL). Default true. */
	bool (*init)(IOService *service, CFDictionaryRef properties);
	/* Look at PROVIDER, adjust SCORE; the service itself to be a candidate, else NULL. */
	IOService *(*probe)(IOService *service, IOService *provider, int32_t *score);
	/* True: running. After false the object is freed without stop. Default true. */
	bool (*start)(IOService *service, IOService *provider);
	/* Exactly once for each successful start. */
	void (*stop)(IOService *service, IOService *provider);
	/* Release what the class has put into its part of the instance; not the instance. */
	void (*free)(IOService *service);
	/* A message of PROVIDER (IOMessage.h). Default kIOReturnUnsupported. */
	IOReturn (*message)(IOService *service, uint32_t type, IOService *provider, void *argument);
	/* From IORegistryEntrySetCFProperties or IOConnectSetCFProperties. Default Unsupported. */
	IOReturn (*setProperties)(IOService *service, CFTypeRef properties);
	/* Open. On success *CLIENT is attached and started (IOServiceCreateUserClient does it all)
	 * and its reference goes to the framework; each opening has one of its own (else
	 * kIOReturnUnsupported). The code of a failure reaches the caller.
	 * Default: newUserClientSimple, then the class named by property IOUserClientClass. */
	IOReturn (*newUserClient)(IOService *service, const IOClientTask *task, void *securityID,
				  uint32_t type, CFDictionaryRef properties, IOUserClient **client);
	/* The four-argument form. Its failures are forgotten and the default goes on (as macOS). */
	IOReturn (*newUserClientSimple)(IOService *service, const IOClientTask *task,
					void *securityID, uint32_t type, IOUserClient **client);
	/* PROVIDER goes away; called from the provider towards the leaves. Default true. */
	bool (*willTerminate)(IOService *service, IOService *provider, IOOptionBits options);
	/* Called from the leaves towards the provider, before stop; IOServiceDidTerminate follows, whatever
	 * it returns. Default true. */
	bool (*didTerminate)(IOService *service, IOService *provider, IOOptionBits options);
	/* Does the service, one that others are matched on, fit the personality TABLE? Asked after
	 * the keys of IOKit itself and of the known families have held; may change SCORE. Of a nub
	 * it is the class's of the bundle that published it. Default true. */
	bool (*matchPropertyTable)(IOService *service, CFDictionaryRef table, int32_t *score);
	/* The current value of a live property (IOServiceSetLiveProperty), retained, or NULL. */
	CFTypeRef (*copyProperty)(IOService *service, CFStringRef key);

	/* --- since IODRIVER_VERSION 2 --- */

	/* Wins over didTerminate. When *DEFER is true on return, the service is not stopped and not asked
	 * to close until it has called IOServiceDidTerminate itself. */
	bool (*didTerminateDeferring)(IOService *service, IOService *provider, IOOptionBits options,
				      bool *defer);
	/* The last thing before the service leaves its provider, after stop. Default true. */
	bool (*finalize)(IOService *service, IOOptionBits options);
	/* Exclusive access to the service: may CLIENT have it? Default IOServiceHandleOpen, one owner at a
	 * time. These three run on the thread of whoever opens, closes or asks, may overlap each other,
	 * and belong together. CLIENT may be a stand-in for an object of another host. */
	bool (*handleOpen)(IOService *service, IOService *client, IOOptionBits options);
	void (*handleClose)(IOService *service, IOService *client, IOOptionBits options);
	/* CLIENT NULL: by anybody? */
	bool (*handleIsOpen)(IOService *service, IOService *client);
	/* From IOServiceRequestProbe: look for new hardware. Default kIOReturnUnsupported. */
	IOReturn (*requestProbe)(IOService *service, IOOptionBits options);
};

struct IODriverClass {
	const char *name;			/* at most 127 bytes */
	const struct IODriverClass *superclass; /* IOServiceBase, IOUserClientBase or one's own */
	size_t instanceSize;
	const struct IOServiceOperations *service;	   /* may be NULL */
	const struct IOUserClientOperations *userClient;   /* IOUserClient.h; user clients only */
	const struct IOUserServiceOperations *userService; /* IOUserService.h: as in DriverKit */
};

/* Classes "IOService" and "IOUserClient". */
extern const struct IODriverClass IOServiceBase;
extern const struct IODriverClass IOUserClientBase;
/* "IOUserClient2022": its clients must have the properties IOUserClientEntitlements (a string, or
 * boolean false) and all three of IOUserClientDefaultLocking*, or opening fails. */
extern const struct IODriverClass IOUserClient2022Base;

/* --- references --------------------------------------------------------- */

/* Returns SERVICE. NULL is accepted. */
IOService *IOServiceRetain(IOService *service);
void IOServiceRelease(IOService *service);
/* Is the object of class NAME or of a subclass? */
bool IOServiceConformsTo(IOService *service, const char *name);

/* --- identity ------------------------------------------------------------ */

/* Class name and entry name; valid as long as the object. */
const char *IOServiceGetClassName(IOService *service);
const char *IOServiceGetEntryName(IOService *service);
/* 0 until the registry knows the object (before start). */
uint64_t IOServiceGetEntryID(IOService *service);
/* Borrowed; NULL when detached. */
IOService *IOServiceGetProvider(IOService *service);
bool IOServiceIsInactive(IOService *service);

/* --- properties ---------------------------------------------------------- */

/* A new reference, or NULL. For a provider in another process: as it was at probe time. */
CFTypeRef IOServiceCopyProperty(IOService *service, CFStringRef key);
/* Integer property; FALLBACK when it is missing or no number. */
int64_t IOServiceGetNumberProperty(IOService *service, CFStringRef key, int64_t fallback);
/* Set (VALUE is retained; it must not change afterwards) or remove (VALUE NULL).
 * kIOReturnNotPermitted for an object of another process; kIOReturnMessageTooLarge: VALUE is deeper or
 * larger than a property may be (DIFFERENCES.md); kIOReturnBadArgument: a dictionary in it has a key that
 * is no string; kIOReturnNoMemory. On failure KEY is as it was. */
IOReturn IOServiceSetProperty(IOService *service, CFStringRef key, CFTypeRef value);
IOReturn IOServiceRemoveProperty(IOService *service, CFStringRef key);
/* From now on KEY is computed by the operation copyProperty whenever somebody reads it. */
IOReturn IOServiceSetLiveProperty(IOService *service, CFStringRef key);
/* A key of IOResources; drivers with IOResourceMatch wait for it. VALUE NULL: "IOService". Codes as above. */
IOReturn IOServicePublishResource(IOService *service, const char *key, CFTypeRef value);

/* --- life ---------------------------------------------------------------- */

enum {
	kIOServiceExclusive = 1,
	kIOServiceRequired = 1,
	kIOServiceSeize = 1,
	kIOServiceSynchronous = 2,
	kIOServiceTerminate = 4,
	kIOServiceAsynchronous = 8,
	kIOServiceTerminateWithRematch = 0x10,
	kIOServiceTerminateWithRematchCurrentDext = 0x20,
	kIOServiceTerminateNeedWillTerminate = 0x100,
};

/* Make the service findable and start matching on it, or do both again. Called in start it takes effect
 * when start has returned true. A service that is not attached to the registry's root is not registered:
 * a line is logged. With kIOServiceSynchronous (not in start) it returns when the drivers have started.
 * kIOReturnNotAttached for one that has no entry. */
IOReturn IOServiceRegister(IOService *service, IOOptionBits options);
/* End the object and what stands on it. Harmless when it is ending already. At once, here and in every
 * other host, all of it is inactive; then, from the provider to the leaves, each hears willTerminate; then,
 * from the leaves up, the message kIOMessageServiceIsTerminated and didTerminate; and what does not have its
 * provider open any more is stopped and freed. Who has it open is sent kIOMessageServiceIsRequestingClose
 * and has all the time it needs. The object itself hears willTerminate and didTerminate as well.
 * kIOServiceSynchronous (not of a driver in its own start or newUserClient: that is stopped when they have
 * returned) waits until all is over: kIOReturnTimeout after 15 s. On the thread that runs the
 * driver's operations, other operations of the driver may run meanwhile, from inside this call.
 * kIOServiceTerminateWithRematch: the provider is matched again afterwards. The other options are passed on
 * and change nothing. */
IOReturn IOServiceTerminate(IOService *service, IOOptionBits options);
/* The default of didTerminate, for drivers that have deferred it: unless DEFER (may be NULL) points at
 * true, ask SERVICE to close PROVIDER if it has it open, and let it be stopped once it has not. */
bool IOServiceDidTerminate(IOService *service, IOService *provider, IOOptionBits options,
			   bool *defer);
/* Make a child of PARENT (a nub) of class CLS and publish it; returns when the registry knows it.
 * The caller owns one reference of *NUB. Its start is not called; stop is not either.
 * kIOReturnMessageTooLarge: PROPERTIES are deeper or larger than they may be. */
IOReturn IOServicePublishNub(IOService *parent, const struct IODriverClass *cls, const char *name,
			     const char *location, CFDictionaryRef properties, IOService **nub);
/* What IOServicePublishNubs makes. Borrowed during the call. */
typedef struct IONubDescription {
	const struct IODriverClass *nubClass;
	const char *name, *location; /* NULL: the class name; none */
	CFDictionaryRef properties;  /* NULL: none */
	IOOptionBits options;	     /* kIONubRegister: findable at once */
} IONubDescription;
enum {
	kIONubRegister = 1,
	kIONubsMax = 4096 /* in one call */
};
/* Many at once, COUNT of them: as IOServicePublishNub for each, in this order, but without waiting
 * for one before the next is sent. Returns when the registry knows all; the caller owns one
 * reference of each of NUBS. On failure NUBS is untouched and none of them stays: those that were
 * published are terminated. */
IOReturn IOServicePublishNubs(IOService *parent, const IONubDescription *descriptions,
			      uint32_t count, IOService **nubs);
/* Make, initialise, attach and start a user client of class CLS (of the same bundle), with the
 * documented codes: kIOReturnNoMemory; kIOReturnBadArgument (initWithTask refused);
 * kIOReturnUnsupported (no user client, provider inactive, start refused). For newUserClient. */
IOReturn IOServiceCreateUserClient(IOService *provider, const struct IODriverClass *cls,
				   const IOClientTask *task, void *securityID, uint32_t type,
				   CFDictionaryRef properties, IOUserClient **client);
/* +1 or -1: the service is (no longer) busy. */
IOReturn IOServiceAdjustBusy(IOService *service, int32_t delta);

/* --- messages and exclusive access ---------------------------------------- */

/* Tell the clients of the service, in whatever host they are, then the interested programs in the order in
 * which they registered. SIZE 0: ARGUMENT is the value itself; else it points at SIZE bytes (at most 64
 * reach other processes). Nobody's answer is waited for, but for objects of this host.
 * kIOMessageCopyClientID reaches no program: with SIZE sizeof(CFTypeRef) ARGUMENT points at a CFTypeRef,
 * which gets the pid of the program that registered its interest last (CFNumber, a new reference) and is
 * left alone when there is none. */
IOReturn IOServiceMessageClients(IOService *service, uint32_t type, void *argument, size_t size);
/* CLIENT alone, and its answer. kIOReturnOffline: its host has gone. */
IOReturn IOServiceMessageClient(IOService *service, uint32_t type, IOService *client,
				void *argument, size_t size);

/* Exclusive use of PROVIDER by CLIENT among all drivers (IOService::open). Everybody else who stands on
 * PROVIDER or is interested in it hears kIOMessageServiceIsAttemptingOpen. By default there is one owner;
 * with kIOServiceSeize it is sent kIOMessageServiceIsRequestingClose and the open succeeds if it answers
 * success and has closed by then. False: somebody has it (even CLIENT itself), it is inactive, or its host
 * does not answer. On the thread that runs the driver's operations, and with a PROVIDER of another host,
 * other operations of the driver may run meanwhile. */
bool IOServiceOpenProvider(IOService *client, IOService *provider, IOOptionBits options);
/* The others hear kIOMessageServiceWasClosed. Nothing happens unless CLIENT has it open. */
void IOServiceCloseProvider(IOService *client, IOService *provider);
/* CLIENT NULL: open by anybody? */
bool IOServiceIsOpenBy(IOService *provider, IOService *client);
/* The defaults of handleOpen, handleClose and handleIsOpen, for overrides that extend them. */
bool IOServiceHandleOpen(IOService *service, IOService *client, IOOptionBits options);
void IOServiceHandleClose(IOService *service, IOService *client, IOOptionBits options);
bool IOServiceHandleIsOpen(IOService *service, IOService *client);

/* The errno that stands for STATUS (IOService::errnoFromReturn); EIO when there is none of its own. */
int IOServiceErrnoFromReturn(IOReturn status);

/* The driver's work loop (IOWorkLoop.h), made at the first call; borrowed, valid until the driver
 * has stopped. The same one for all objects of one driver. NULL: out of memory. */
IOWorkLoop *IOServiceGetWorkLoop(IOService *service);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
