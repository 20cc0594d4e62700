/* SPDX-License-Identifier: MIT */
/*
 * IOUserClient: one open connection of a program to a service.
 *
 * Order of operations: initWithTask, start, methods, clientClose exactly once
 * (or clientDied, whose default calls clientClose), willTerminate,
 * didTerminate, stop, free. Methods of one client may run on several threads
 * at once unless its property IOUserClientDefaultLockingSingleThreadExternalMethod
 * is true; clientClose, clientMemoryForType, connectClient and
 * registerNotificationPort wait until none is running and keep new ones out.
 * Traps, getService and setProperties take no part in that, and with the
 * property IOUserClientDefaultLocking false methods and memory do not either.
 * Nothing is dispatched after clientClose has returned, and stop waits for
 * whatever still runs.
 */
#pragma once

#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/IOService.h>
#include <IOKit/OSMessageNotification.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct IOUserClient {
	IOService service;
};

#define kIOUCVariableStructureSize 0xffffffffu
enum { kIOExternalMethodScalarInputCountMax = 16, kIOExternalMethodScalarOutputCountMax = 16 };
enum { kIOExternalMethodArgumentsCurrentVersion = 2 };
enum { kIOUserNotifyMaxMessageSize = 64, kIOUserNotifyOptionCanDrop = 1 };
enum { kIOUCAsync64Flag = 1, kIOUCAsyncErrorLoggedFlag = 2, kIOUCAsync0Flags = 3 };

#define kIOClientPrivilegeAdministrator "root"
#define kIOClientPrivilegeLocalUser "local"
#define kIOClientPrivilegeConsoleUser "console"
#define kIOClientPrivilegeSecureConsoleProcess "secureprocess"
#define kIOClientPrivilegeConsoleSession "consolesession"
#define kIOClientPrivilegeForeground "foreground"

/* Everything pointed to is valid only during the call; retain a descriptor to keep it. Output
 * buffers are zero-filled. Counts and sizes of outputs: capacity on entry, produced on return. */
typedef struct IOExternalMethodArguments {
	uint32_t version; /* kIOExternalMethodArgumentsCurrentVersion */
	uint32_t selector;
	uintptr_t asyncWakePort;	     /* 0: synchronous, or no wake port */
	io_user_reference_t *asyncReference; /* copy it with IOUserClientCopyAsyncReference */
	uint32_t asyncReferenceCount;
	const uint64_t *scalarInput;
	uint32_t scalarInputCount;
	const void *structureInput; /* up to 4096 bytes */
	uint32_t structureInputSize;
	IOMemoryDescriptor *structureInputDescriptor; /* more than 4096 bytes; else NULL */
	uint64_t *scalarOutput;
	uint32_t scalarOutputCount;
	void *structureOutput; /* up to 4096 bytes */
	uint32_t structureOutputSize;
	IOMemoryDescriptor *structureOutputDescriptor; /* more than 4096 bytes; else NULL */
	uint32_t structureOutputDescriptorSize;
	uint32_t __reservedA;
	/* Not NULL: the caller takes any size; store a CFDataRef, whose reference is consumed. */
	CFTypeRef *structureVariableOutputData;
	uint32_t __reserved[30];
} IOExternalMethodArguments;

typedef IOReturn (*IOExternalMethodAction)(OSObject *target, void *reference,
					   IOExternalMethodArguments *arguments);

/* A count or size that must match exactly, or kIOUCVariableStructureSize. */
typedef struct IOExternalMethodDispatch {
	IOExternalMethodAction function;
	uint32_t checkScalarInputCount;
	uint32_t checkStructureInputSize;
	uint32_t checkScalarOutputCount;
	uint32_t checkStructureOutputSize;
} IOExternalMethodDispatch;

typedef struct IOExternalMethodDispatch2022 {
	IOExternalMethodAction function;
	uint32_t checkScalarInputCount;
	uint32_t checkStructureInputSize;
	uint32_t checkScalarOutputCount;
	uint32_t checkStructureOutputSize;
	uint8_t allowAsync;
	const char *checkEntitlement; /* NULL: none */
} IOExternalMethodDispatch2022;

typedef IOReturn (*IOTrap)(IOService *target, uintptr_t p1, uintptr_t p2, uintptr_t p3,
			   uintptr_t p4, uintptr_t p5, uintptr_t p6);
typedef struct IOExternalTrap {
	IOService *object;
	IOTrap func;
} IOExternalTrap;

/* Methods of the time before dispatch tables. Scalars arrive cut to 32 bits; at most six parameters
 * in all, the unused ones NULL. In order: the scalars; then pointers to 32-bit scalar results
 * (ScalarIScalarO), or the output and an IOByteCount * (ScalarIStructO), or the input and its size
 * (ScalarIStructI); input, output, size, IOByteCount * (StructIStructO; without the half whose
 * size in the table is 0). What does not fit into six is left out. */
typedef IOReturn (*IOMethod)(IOService *target, void *p1, void *p2, void *p3, void *p4, void *p5,
			     void *p6);
typedef IOReturn (*IOAsyncMethod)(IOService *target, OSAsyncReference asyncRef, void *p1, void *p2,
				  void *p3, void *p4, void *p5, void *p6);

enum {
	kIOUCTypeMask = 0xf,
	kIOUCScalarIScalarO = 0,
	kIOUCScalarIStructO = 2,
	kIOUCStructIStructO = 3,
	kIOUCScalarIStructI = 4,
	kIOUCForegroundOnly = 0x10,
};

/* Counts of scalars must be met exactly, sizes too unless kIOUCVariableStructureSize. */
typedef struct IOExternalMethod {
	IOService *object;
	IOMethod func;
	IOOptionBits flags; /* kIOUC* */
	IOByteCount count0; /* of the input */
	IOByteCount count1; /* of the output, or of the second input */
} IOExternalMethod;
typedef struct IOExternalAsyncMethod {
	IOService *object;
	IOAsyncMethod func;
	IOOptionBits flags;
	IOByteCount count0;
	IOByteCount count1;
} IOExternalAsyncMethod;

/* The right to wake a program that waits on a notification port. Reference-counted. */
typedef struct IOWakePort IOWakePort;

struct IOUserClientOperations {
	/* PROPERTIES may be NULL. TASK is valid until clientClose has returned. Default true. */
	bool (*initWithTask)(IOUserClient *client, const IOClientTask *task, void *securityID,
			     uint32_t type, CFDictionaryRef properties);
	/* Usually: complete what is outstanding, then IOServiceTerminate the client. The default
	 * does nothing: the client stays until its program has let go of the connection. */
	IOReturn (*clientClose)(IOUserClient *client);
	/* The program let go or died without closing. Default: clientClose. */
	IOReturn (*clientDied)(IOUserClient *client);
	/* PORT is borrowed (retain it to keep it); NULL takes the registration back. Default
	 * kIOReturnUnsupported. */
	IOReturn (*registerNotificationPort)(IOUserClient *client, IOWakePort *port, uint32_t type,
					     uint64_t reference);
	/* The memory of TYPE, with a reference for the framework: the same object each time.
	 * OPTIONS: kIOMapReadOnly and others of the driver. Default kIOReturnUnsupported. */
	IOReturn (*clientMemoryForType)(IOUserClient *client, uint32_t type, IOOptionBits *options,
					IOMemoryDescriptor **memory);
	/* Default: IOUserClientExternalMethod without a dispatch entry. */
	IOReturn (*externalMethod)(IOUserClient *client, uint32_t selector,
				   IOExternalMethodArguments *arguments);
	/* For IOConnectGetService: borrowed, usually the provider. Default none. */
	IOService *(*getService)(IOUserClient *client);
	/* For IOConnectAddClient; both are of this host. Default kIOReturnUnsupported. */
	IOReturn (*connectClient)(IOUserClient *client, IOUserClient *other);
	/* For IOConnectTrap0 to 6. Default NULL. Takes no lock; pointers in the parameters mean
	 * nothing here. */
	IOExternalTrap *(*getTargetAndTrapForIndex)(IOUserClient *client, IOService **target,
						    uint32_t index);
	/* The older form, which getTargetAndTrapForIndex's default asks: the target is the trap's
	 * object. Default NULL. */
	IOExternalTrap *(*getExternalTrapForIndex)(IOUserClient *client, uint32_t index);
	/* For a client without dispatch tables (the default of externalMethod). TARGET is NULL on
	 * entry; without one or without a method the caller gets kIOReturnUnsupported. Default: the
	 * forms below, with the object that the method names. */
	IOExternalMethod *(*getTargetAndMethodForIndex)(IOUserClient *client, IOService **target,
							uint32_t index);
	IOExternalAsyncMethod *(*getAsyncTargetAndMethodForIndex)(IOUserClient *client,
								  IOService **target,
								  uint32_t index);
	IOExternalMethod *(*getExternalMethodForIndex)(IOUserClient *client, uint32_t index);
	IOExternalAsyncMethod *(*getExternalAsyncMethodForIndex)(IOUserClient *client,
								 uint32_t index);
};

/* --- dispatching ---------------------------------------------------------- */

/* Check counts and sizes against DISPATCH, then call its function. kIOReturnBadArgument: a
 * mismatch; kIOReturnNoCompletion: no function. DISPATCH NULL: the method tables of the time before
 * (getTargetAndMethodForIndex): kIOReturnIPCError with memory descriptors, kIOReturnUnsupported
 * without a method. */
IOReturn IOUserClientExternalMethod(IOUserClient *client, uint32_t selector,
				    IOExternalMethodArguments *arguments,
				    const IOExternalMethodDispatch *dispatch, OSObject *target,
				    void *reference);
/* The 2022 form: ARRAY of COUNT entries indexed by SELECTOR. kIOReturnError: ARRAY NULL;
 * kIOReturnBadArgument: selector, count, size or an asynchronous call where none is allowed;
 * kIOReturnNotPrivileged: the entitlement is missing; kIOReturnNoCompletion: no function. */
IOReturn IOUserClientDispatchExternalMethod(IOUserClient *client, uint32_t selector,
					    IOExternalMethodArguments *arguments,
					    const IOExternalMethodDispatch2022 *array, size_t count,
					    OSObject *target, void *reference);

/* --- asynchronous results -------------------------------------------------- */

/* Keep the reference of an asynchronous call beyond the call. Only after the method has returned
 * success it may be completed from other threads; it must be released once at the end. */
void IOUserClientCopyAsyncReference(const IOExternalMethodArguments *arguments,
				    OSAsyncReference64 reference);
/* Words 0 to 2 as given; the flag bits of word 0 are kept. */
void IOUserClientSetAsyncReference64(OSAsyncReference64 reference, uintptr_t wakePort,
				     mach_vm_address_t callback, io_user_reference_t refcon);
/* Send one completion with COUNT (at most 16) words. Any number of completions may follow each
 * other on one reference. Never blocks. kIOReturnSuccess (also without a wake port);
 * kIOReturnMessageTooLarge; 0x10000003: the receiver has gone or the reference was released;
 * 0x1000000d: 65,534 messages are waiting already. */
IOReturn IOUserClientSendAsyncResult64(IOUserClient *client, OSAsyncReference64 reference,
				       IOReturn result, const io_user_reference_t *arguments,
				       uint32_t count);
/* OPTIONS kIOUserNotifyOptionCanDrop: rather drop (0x10000004) than let messages wait. */
IOReturn IOUserClientSendAsyncResult64WithOptions(IOUserClient *client,
						  OSAsyncReference64 reference, IOReturn result,
						  const io_user_reference_t *arguments,
						  uint32_t count, IOOptionBits options);
/* No completion follows. A method that fails must not call it: the framework does. */
IOReturn IOUserClientReleaseAsyncReference64(IOUserClient *client, OSAsyncReference64 reference);

/* The same with references of 32-bit words, as asynchronous methods of the older tables get them. */
void IOUserClientSetAsyncReference(OSAsyncReference reference, uintptr_t wakePort,
				   mach_vm_address_t callback, io_user_reference_t refcon);
IOReturn IOUserClientSendAsyncResult(IOUserClient *client, OSAsyncReference reference,
				     IOReturn result, void *const *arguments, uint32_t count);
IOReturn IOUserClientReleaseAsyncReference(IOUserClient *client, OSAsyncReference reference);

/* --- wake ports and rights ------------------------------------------------- */

IOWakePort *IOWakePortRetain(IOWakePort *port);
void IOWakePortRelease(IOWakePort *port);
/* Wake the receiver. Never blocks; a wake-up that is already waiting is enough. 0, or 0x10000003
 * when the receiver has gone. */
IOReturn IOUserClientSendNotification(IOWakePort *port);
/* A Mach message of the driver's own: a header with MESSAGEID and SIZE (at most 4096) bytes after it,
 * filled up to a multiple of 4. Never blocks. 0x10000003: the receiver has gone; 0x10000004: it has
 * some tens of KiB of messages unread and this one is lost; kIOReturnMessageTooLarge. */
IOReturn IOUserClientSendMessage(IOWakePort *port, int32_t messageID, const void *data,
				 size_t size);

/* What the registry found when the client opened. "root": administrator; "local": the user has a
 * session at the console (where the registry knows none: the session's own user or root);
 * "console": that session is in front; "secureprocess": nor does another process hold secure input;
 * "consolesession": the client belongs to the session in front; "foreground": always.
 * kIOReturnNotPrivileged; other names kIOReturnUnsupported. */
IOReturn IOUserClientClientHasPrivilege(const IOClientTask *task, const char *privilege);
/* kIOReturnNotPermitted unless the program was authorized for SERVICE (IOServiceAuthorize) before it
 * opened it. */
IOReturn IOUserClientClientHasAuthorization(const IOClientTask *task, IOService *service);
/* What the session's policy grants to the program: a new reference, NULL when there is nothing. */
CFDictionaryRef IOUserClientCopyClientEntitlements(const IOClientTask *task);
CFTypeRef IOUserClientCopyClientEntitlement(const IOClientTask *task, const char *name);
/* Is the entitlement there and boolean true? */
bool IOTaskHasEntitlement(const IOClientTask *task, const char *name);
/* The program behind the client; NULL after clientClose. */
const IOClientTask *IOUserClientGetTask(IOUserClient *client);

/* --- memory of the program ---------------------------------------------------- */

/* A descriptor of the program's memory at up to 32 SEGMENTS, in their order, for reading
 * (kIOMemoryDirectionOut), writing (In) or both. It holds no bytes (IOMemoryDescriptorGetBytes is NULL):
 * IOMemoryDescriptorReadBytes and WriteBytes ask the program, each time, while a method of CLIENT
 * runs; what the program could not access itself ends the copy early. When no method of CLIENT runs any
 * more they copy nothing. kIOReturnNotPermitted unless the bundle's Info.plist has PorticoClientMemory
 * true; kIOReturnNotReady outside methods; kIOReturnBadArgument. */
IOReturn IOUserClientCreateMemoryDescriptorFromClient(IOUserClient *client,
						      uint64_t memoryDescriptorCreateOptions,
						      uint32_t segmentsCount,
						      const IOAddressSegment *segments,
						      IOMemoryDescriptor **memory);

/* --- message filter --------------------------------------------------------- */

typedef uintptr_t io_filter_policy_t;
typedef enum io_filter_type_t {
	io_filter_type_external_method = 1,
	io_filter_type_external_async_method = 2,
	io_filter_type_trap = 3,
} io_filter_type_t;

struct io_filter_callbacks {
	/* At each open, before the program gets the connection: the policy for it, not 0, which then
	 * is asked before each call. kIOReturnUnsupported: no filter; another failure refuses the
	 * opening. */
	IOReturn (*io_filter_resolver)(const IOClientTask *task, IOUserClient *client,
				       uint32_t type, io_filter_policy_t *policy);
	/* A failure goes to the caller and the driver does not see the call. Any thread. */
	IOReturn (*io_filter_applier)(IOUserClient *client, io_filter_policy_t policy,
				      io_filter_type_t type, uint32_t selector);
	/* The connection has gone; NULL: nothing to do. */
	void (*io_filter_release)(io_filter_policy_t policy);
};

/* CALLBACKS (kept, not copied) filter the calls to all drivers in the host of SERVICE. The first
 * registration wins. kIOReturnBadArgument: SIZE is less than the structure's; kIOReturnBusy. */
IOReturn IOUserClientRegisterFilterCallbacks(IOService *service,
					     const struct io_filter_callbacks *callbacks,
					     size_t size);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
