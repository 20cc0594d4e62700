/* SPDX-License-Identifier: MIT */
/*
 * The client side of I/O Kit: finding services, reading the registry,
 * notifications, opening connections and calling drivers.
 *
 * Every function may be called on any thread at any time; the exceptions are
 * noted at IONotificationPortRef. Handles (io_object_t and its kin) are names
 * of this process; unless noted, a handle that a function returns is the
 * caller's, who gives it up with IOObjectRelease (connections: IOServiceClose).
 * The same service always has the same handle; each return adds one reference.
 *
 * Common results: kIOReturnBadArgument for a live handle of the wrong kind and
 * for NULL where a result goes; MACH_SEND_INVALID_DEST for a handle that is
 * null, released or dead, and when no registry can be reached;
 * MIG_SERVER_DIED when the registry went away during the call.
 * Functions that take a main port accept 0 (kIOMainPortDefault) or the port of
 * IOMainPort; any other gives kIOReturnNotPrivileged.
 */
#ifndef _IOKIT_IOKITLIB_H
#define _IOKIT_IOKITLIB_H

#include <arpa/inet.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#include <AvailabilityMacros.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFRunLoop.h>
#include <dispatch/dispatch.h>
#include <mach/mach_init.h>
#include <mach/mach_types.h>

#include <IOKit/IOKitKeys.h>
#include <IOKit/IOTypes.h>
#include <IOKit/OSMessageNotification.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* The registry of this session. */
extern const mach_port_t kIOMainPortDefault;
extern const mach_port_t kIOMasterPortDefault;

/*
 * Delivers notifications and asynchronous results by exactly one of: a run-loop
 * source, a dispatch queue, mach_msg on its port, or a descriptor
 * (portico_port_get_descriptor). GetRunLoopSource, SetDispatchQueue and Destroy
 * on one port must not run at the same time.
 */
typedef struct IONotificationPort *IONotificationPortRef;

/* Something arrived for ITERATOR (borrowed): drain it with IOIteratorNext, which arms it again. */
typedef void (*IOServiceMatchingCallback)(void *refcon, io_iterator_t iterator);
/* SERVICE (borrowed) sent MESSAGETYPE. MESSAGEARGUMENT is the value itself when it is shorter than
 * 16 bytes, else points at it for the time of the call. */
typedef void (*IOServiceInterestCallback)(void *refcon, io_service_t service, uint32_t messageType,
					  void *messageArgument);

/* The number of arguments that the driver sent decides which of these is called: 0, 1, 2, more.
 * ARGS holds NUMARGS 64-bit words and is valid during the call. Calls that a driver leaves behind when it
 * dies end with kIOReturnAborted and 0; a callback of the last kind then finds 16 words of zero. */
typedef void (*IOAsyncCallback0)(void *refcon, IOReturn result);
typedef void (*IOAsyncCallback1)(void *refcon, IOReturn result, void *arg0);
typedef void (*IOAsyncCallback2)(void *refcon, IOReturn result, void *arg0, void *arg1);
typedef void (*IOAsyncCallback)(void *refcon, IOReturn result, void **args, uint32_t numArgs);

/* --- main port ------------------------------------------------------------ */

/* A send right to the main port, the caller's (mach_port_deallocate). BOOTSTRAPPORT is ignored. */
kern_return_t IOMainPort(mach_port_t bootstrapPort, mach_port_t *mainPort);
kern_return_t IOMasterPort(mach_port_t bootstrapPort, mach_port_t *mainPort);

/* --- notification ports --------------------------------------------------- */

/* NULL on failure. Release with IONotificationPortDestroy. */
IONotificationPortRef IONotificationPortCreate(mach_port_t mainPort);
/* Stops delivery; queued messages are dropped. Allowed inside a callback of the same port. A callback that
 * runs on a dispatch queue, or in another thread's run loop, is waited for, a tenth of a second at most, as it may
 * wait for the caller; no other begins. Iterators, notifiers and connections that use it stay the caller's to release. */
void IONotificationPortDestroy(IONotificationPortRef notify);
/* The port's run-loop source, created once; not the caller's to release. NULL on failure. */
CFRunLoopSourceRef IONotificationPortGetRunLoopSource(IONotificationPortRef notify);
/* The receive right, borrowed: the wake port of asynchronous calls, or for mach_msg. */
mach_port_t IONotificationPortGetMachPort(IONotificationPortRef notify);
/* Accepted for compatibility; has no effect. */
kern_return_t IONotificationPortSetImportanceReceiver(IONotificationPortRef notify);
/* Deliver on QUEUE (retained) from now on, callbacks of one port one at a time; NULL stops delivery.
 * Messages that are pending are delivered on the new queue. */
void IONotificationPortSetDispatchQueue(IONotificationPortRef notify, dispatch_queue_t queue);
/* Call the callback for a message received with mach_msg and release the rights it carries. UNUSED and
 * REFERENCE are ignored; so are messages with another msgh_id than kOSNotificationMessageID. */
void IODispatchCalloutFromMessage(void *unused, mach_msg_header_t *msg, void *reference);
/* Parts of a received matching or asynchronous message, which they point into; any pointer may be
 * NULL. INDEX must be 0. kIOReturnBadMessageID, kIOReturnNoResources. */
kern_return_t OSGetNotificationFromMessage(mach_msg_header_t *msg, uint32_t index, uint32_t *type,
					   uintptr_t *reference, void **content, vm_size_t *size);
/* A plain receive right for MSGTYPE kOSNotificationMessageID or kOSAsyncCompleteMessageID. Release with
 * mach_port_mod_refs(RECEIVE, -1). */
kern_return_t IOCreateReceivePort(uint32_t msgType, mach_port_t *recvPort);

/* --- objects -------------------------------------------------------------- */

/* Give up one reference. KERN_INVALID_NAME when the name is not known. 0 is accepted. */
kern_return_t IOObjectRelease(io_object_t object);
/* One reference more; works on dead handles too. */
kern_return_t IOObjectRetain(io_object_t object);
/* The class name, at most 127 characters, or what the entry shows as IOClassNameOverride. */
kern_return_t IOObjectGetClass(io_object_t object, io_name_t className);
/* The same as a string, to be released. NULL on failure. */
CFStringRef IOObjectCopyClass(io_object_t object);
/* The name of the superclass, to be released; NULL for root classes and unknown classes. */
CFStringRef IOObjectCopySuperclassForClass(CFStringRef classname);
/* The bundle that supplies the class, to be released; NULL when unknown. */
CFStringRef IOObjectCopyBundleIdentifierForClass(CFStringRef classname);
/* Whether the object's class is CLASSNAME or inherits from it. FALSE for bad handles. */
boolean_t IOObjectConformsTo(io_object_t object, const char *className);
boolean_t IOObjectIsEqualTo(io_object_t object, io_object_t anObject);
/* References that the registry counts on the entry; 0 on failure. */
uint32_t IOObjectGetKernelRetainCount(io_object_t object);
/* References of this process on the handle; 0 for dead or unknown handles. */
uint32_t IOObjectGetUserRetainCount(io_object_t object);
/* Same as IOObjectGetKernelRetainCount. */
uint32_t IOObjectGetRetainCount(io_object_t object);

/* --- iterators ------------------------------------------------------------ */

/* The next object, or 0 at the end, on failure, or when the iterator is no longer valid. Getting 0 from
 * the iterator of a matching notification arms the notification. */
io_object_t IOIteratorNext(io_iterator_t iterator);
/* Start again; clears the invalid mark. No effect on notifications. */
void IOIteratorReset(io_iterator_t iterator);
/* FALSE when the registry changed under a registry iterator, and on failure. */
boolean_t IOIteratorIsValid(io_iterator_t iterator);

/* --- finding services ----------------------------------------------------- */

/* The first matched service, or 0. Consumes one reference of MATCHING always. */
io_service_t IOServiceGetMatchingService(mach_port_t mainPort, CFDictionaryRef matching);
/* A snapshot of all matched services. No match is success with an iterator of 0. Consumes one reference
 * of MATCHING always. kIOReturnUnsupported, kIOReturnMessageTooLarge: it cannot be sent. */
kern_return_t IOServiceGetMatchingServices(mach_port_t mainPort, CFDictionaryRef matching,
					   io_iterator_t *existing);
/* Dictionaries for the functions above: retained, mutable. NULL on failure and for a NULL name. */
CFMutableDictionaryRef IOServiceMatching(const char *name);
CFMutableDictionaryRef IOServiceNameMatching(const char *name);
CFMutableDictionaryRef IOBSDNameMatching(mach_port_t mainPort, uint32_t options,
					 const char *bsdName);
CFMutableDictionaryRef IOOpenFirmwarePathMatching(mach_port_t mainPort, uint32_t options,
						  const char *path);
CFMutableDictionaryRef IORegistryEntryIDMatching(uint64_t entryID);
/* The BSD name of the service at a path in the device tree. KERN_FAILURE: no such service, or it has
 * none. */
kern_return_t IOServiceOFPathToBSDName(mach_port_t mainPort, const char *openFirmwarePath,
				       io_name_t bsdName);
/* Whether SERVICE matches, in whatever state it is. MATCHING is not consumed. */
kern_return_t IOServiceMatchPropertyTable(io_service_t service, CFDictionaryRef matching,
					  boolean_t *matches);

/* --- notifications -------------------------------------------------------- */

/* Call back for services that MATCHING describes. TYPE is a kIO...Notification string. NOTIFICATION
 * starts with the services that already qualify and must be drained to 0 once to arm it. Consumes one
 * reference of MATCHING always. kIOReturnUnsupported: unknown type. Release the iterator to stop. */
kern_return_t IOServiceAddMatchingNotification(IONotificationPortRef notifyPort,
					       const char *notificationType,
					       CFDictionaryRef matching,
					       IOServiceMatchingCallback callback, void *refCon,
					       io_iterator_t *notification);
/* The same with a raw port, of which the caller has the receive right; the messages carry REFERENCE
 * in the first word. */
kern_return_t IOServiceAddNotification(mach_port_t mainPort, const char *notificationType,
				       CFDictionaryRef matching, mach_port_t wakePort,
				       uintptr_t reference, io_iterator_t *notification);
/* Call back for the messages of SERVICE. INTERESTTYPE is kIOGeneralInterest, kIOBusyInterest, ... ;
 * kIOReturnUnsupported for others and for inactive services. Release the notifier to stop. */
kern_return_t IOServiceAddInterestNotification(IONotificationPortRef notifyPort,
					       io_service_t service, const char *interestType,
					       IOServiceInterestCallback callback, void *refCon,
					       io_object_t *notification);

/* --- busy state ----------------------------------------------------------- */

kern_return_t IOServiceGetBusyState(io_service_t service, uint32_t *busyState);
/* Wait until the service and all below it are quiet. WAITTIME NULL: without limit.
 * kIOReturnTimeout. */
kern_return_t IOServiceWaitQuiet(io_service_t service, mach_timespec_t *waitTime);
/* The same of the whole machine. */
kern_return_t IOKitGetBusyState(mach_port_t mainPort, uint32_t *busyState);
kern_return_t IOKitWaitQuiet(mach_port_t mainPort, mach_timespec_t *waitTime);
kern_return_t IOKitWaitQuietWithOptions(mach_port_t mainPort, mach_timespec_t *waitTime,
					IOOptionBits options);
enum { kIOWaitQuietPanicOnFailure = 0x00000001 };

/* --- connections ---------------------------------------------------------- */

/* Open a connection of the driver's TYPE; OWNINGTASK is mach_task_self(). The driver's refusal is
 * returned unchanged, with CONNECT 0. End with IOServiceClose. */
kern_return_t IOServiceOpen(io_service_t service, task_port_t owningTask, uint32_t type,
			    io_connect_t *connect);
/* Ask the driver to probe again; no driver of this system does: kIOReturnUnsupported. */
kern_return_t IOServiceRequestProbe(io_service_t service, uint32_t options);
/* Ask the user to let this program open SERVICE. There is no agent that could ask:
 * kIOReturnNotPrivileged. OPTIONS: kIOServiceInteractionAllowed. */
kern_return_t IOServiceAuthorize(io_service_t service, uint32_t options);
enum { kIOServiceInteractionAllowed = 0x00000001 };
/* The device node of SERVICE (its IOCalloutDevice, or its BSD name below /dev), opened with the flags
 * of open(2); the caller closes it. -1 and errno: EINVAL, no service; ENOTSUP, it has no node; EACCES,
 * not allowed; EBADMSG, what it calls its node is none; ENOMEM; and what open(2) may give. */
int IOServiceOpenAsFileDescriptor(io_service_t service, int oflag);
/* Tell the driver (once) and give up one reference of the handle, whatever the result. */
kern_return_t IOServiceClose(io_connect_t connect);
kern_return_t IOConnectAddRef(io_connect_t connect);
/* The last release without IOServiceClose closes, too. */
kern_return_t IOConnectRelease(io_connect_t connect);
/* The service that the connection is open on; kIOReturnUnsupported when the driver does not say. */
kern_return_t IOConnectGetService(io_connect_t connect, io_service_t *service);
/* Give the driver PORT, of which the caller has the receive right, for TYPE; 0 takes it back.
 * MACH_SEND_INVALID_RIGHT; else the driver's result. */
kern_return_t IOConnectSetNotificationPort(io_connect_t connect, uint32_t type, mach_port_t port,
					   uintptr_t reference);
/* Map the driver's memory TYPE into this process. OPTIONS: kIOMapAnywhere, or the page at *ATADDRESS
 * exactly, which must be free. OFSIZE gets the size in bytes, not rounded. The driver decides whether it
 * can be written. The same type mapped again gives the same address. Every failure is
 * kIOReturnBadArgument. Mappings end with IOConnectUnmapMemory or with the connection's last
 * reference. */
kern_return_t IOConnectMapMemory64(io_connect_t connect, uint32_t memoryType, task_port_t intoTask,
				   mach_vm_address_t *atAddress, mach_vm_size_t *ofSize,
				   IOOptionBits options);
/* kIOReturnBadArgument when TYPE is not mapped; else the driver's result. ATADDRESS is ignored. */
kern_return_t IOConnectUnmapMemory64(io_connect_t connect, uint32_t memoryType,
				     task_port_t fromTask, mach_vm_address_t atAddress);
#ifdef IOCONNECT_MAPMEMORY_10_6
kern_return_t IOConnectMapMemory(io_connect_t connect, uint32_t memoryType, task_port_t intoTask,
				 vm_address_t *atAddress, vm_size_t *ofSize, IOOptionBits options);
kern_return_t IOConnectUnmapMemory(io_connect_t connect, uint32_t memoryType, task_port_t fromTask,
				   vm_address_t atAddress);
#else
kern_return_t IOConnectMapMemory(io_connect_t connect, uint32_t memoryType, task_port_t intoTask,
				 mach_vm_address_t *atAddress, mach_vm_size_t *ofSize,
				 IOOptionBits options);
kern_return_t IOConnectUnmapMemory(io_connect_t connect, uint32_t memoryType, task_port_t fromTask,
				   mach_vm_address_t atAddress);
#endif
/* Hand PROPERTIES to the driver's user client. kIOReturnUnsupported: no property list, or the driver
 * takes none. */
kern_return_t IOConnectSetCFProperties(io_connect_t connect, CFTypeRef properties);
kern_return_t IOConnectSetCFProperty(io_connect_t connect, CFStringRef propertyName,
				     CFTypeRef property);
/* Tell the driver of CONNECT about another connection. */
kern_return_t IOConnectAddClient(io_connect_t connect, io_connect_t client);

/*
 * Call method SELECTOR of the driver. At most 16 scalars each way (MIG_ARRAY_TOO_LARGE). The counts
 * behind OUTPUTCNT and OUTPUTSTRUCTCNT are capacities before and what the driver returned after; on
 * failure nothing is written, but by MIG_ARRAY_TOO_LARGE: the driver returned more than it was asked for,
 * and what fits and its count are there. Structures of up to 4096 bytes reach the driver as bytes, larger ones as
 * memory. *OUTPUTSTRUCTCNT == kIOConnectMethodVarOutputSize (as size_t): *(void **)OUTPUTSTRUCT gets
 * new memory for vm_deallocate. Returns the driver's result; kIOReturnOffline when the driver went away
 * during the call.
 */
kern_return_t IOConnectCallMethod(mach_port_t connection, uint32_t selector, const uint64_t *input,
				  uint32_t inputCnt, const void *inputStruct, size_t inputStructCnt,
				  uint64_t *output, uint32_t *outputCnt, void *outputStruct,
				  size_t *outputStructCnt);
/*
 * The same for methods that answer later. REFERENCE has REFERENCECNT (1 to 8) words, of which word 1 is
 * the callback and word 2 its refcon; it is copied. Results arrive as messages on WAKEPORT, whose receive
 * right the caller has (MACH_SEND_INVALID_RIGHT), possibly before this call returns. When the driver goes
 * away, one result kIOReturnAborted without arguments comes for each call still outstanding. WAKEPORT
 * 0: results are dropped.
 */
kern_return_t IOConnectCallAsyncMethod(mach_port_t connection, uint32_t selector,
				       mach_port_t wakePort, uint64_t *reference,
				       uint32_t referenceCnt, const uint64_t *input,
				       uint32_t inputCnt, const void *inputStruct,
				       size_t inputStructCnt, uint64_t *output, uint32_t *outputCnt,
				       void *outputStruct, size_t *outputStructCnt);
/* Shorthands without scalars or without structures. */
kern_return_t IOConnectCallStructMethod(mach_port_t connection, uint32_t selector,
					const void *inputStruct, size_t inputStructCnt,
					void *outputStruct, size_t *outputStructCnt);
kern_return_t IOConnectCallAsyncStructMethod(mach_port_t connection, uint32_t selector,
					     mach_port_t wakePort, uint64_t *reference,
					     uint32_t referenceCnt, const void *inputStruct,
					     size_t inputStructCnt, void *outputStruct,
					     size_t *outputStructCnt);
kern_return_t IOConnectCallScalarMethod(mach_port_t connection, uint32_t selector,
					const uint64_t *input, uint32_t inputCnt, uint64_t *output,
					uint32_t *outputCnt);
kern_return_t IOConnectCallAsyncScalarMethod(mach_port_t connection, uint32_t selector,
					     mach_port_t wakePort, uint64_t *reference,
					     uint32_t referenceCnt, const uint64_t *input,
					     uint32_t inputCnt, uint64_t *output,
					     uint32_t *outputCnt);
/* Call trap INDEX of the driver with word-size parameters (pointers mean nothing to the driver).
 * Returns the trap's result; kIOReturnBadArgument when CONNECT is no live connection. */
kern_return_t IOConnectTrap0(io_connect_t connect, uint32_t index);
kern_return_t IOConnectTrap1(io_connect_t connect, uint32_t index, uintptr_t p1);
kern_return_t IOConnectTrap2(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2);
kern_return_t IOConnectTrap3(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2,
			     uintptr_t p3);
kern_return_t IOConnectTrap4(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2,
			     uintptr_t p3, uintptr_t p4);
kern_return_t IOConnectTrap5(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2,
			     uintptr_t p3, uintptr_t p4, uintptr_t p5);
kern_return_t IOConnectTrap6(io_connect_t connect, uint32_t index, uintptr_t p1, uintptr_t p2,
			     uintptr_t p3, uintptr_t p4, uintptr_t p5, uintptr_t p6);

/* --- registry ------------------------------------------------------------- */

enum { kIORegistryIterateRecursively = 0x00000001, kIORegistryIterateParents = 0x00000002 };

/* The root; 0 on failure. */
io_registry_entry_t IORegistryGetRootEntry(mach_port_t mainPort);
/* The entry at "Plane:/name@location/...", or 0. */
io_registry_entry_t IORegistryEntryFromPath(mach_port_t mainPort, const char *path);
io_registry_entry_t IORegistryEntryCopyFromPath(mach_port_t mainPort, CFStringRef path);
/* Walk what is below (with kIORegistryIterateParents: above) the root or ENTRY in PLANE, without itself.
 * The walk is live: it ends early when the list it stands in changes; then reset and start again.
 * kIOReturnBadArgument: unknown plane. */
kern_return_t IORegistryCreateIterator(mach_port_t mainPort, const char *plane,
				       IOOptionBits options, io_iterator_t *iterator);
kern_return_t IORegistryEntryCreateIterator(io_registry_entry_t entry, const char *plane,
					    IOOptionBits options, io_iterator_t *iterator);
/* Go below the entry returned last; back to the level above (kIOReturnNoDevice at the top). */
kern_return_t IORegistryIteratorEnterEntry(io_iterator_t iterator);
kern_return_t IORegistryIteratorExitEntry(io_iterator_t iterator);

/* Names: at most 127 characters and a NUL. */
kern_return_t IORegistryEntryGetName(io_registry_entry_t entry, io_name_t name);
/* PLANE NULL or unknown: the name that is valid in all planes. */
kern_return_t IORegistryEntryGetNameInPlane(io_registry_entry_t entry, const char *plane,
					    io_name_t name);
/* kIOReturnNotFound: the entry has no location. */
kern_return_t IORegistryEntryGetLocationInPlane(io_registry_entry_t entry, const char *plane,
						io_name_t location);
/* At most 510 characters and a NUL, else kIOReturnBadArgument; also when the entry is not in PLANE. */
kern_return_t IORegistryEntryGetPath(io_registry_entry_t entry, const char *plane,
				     io_string_t path);
/* Of any length, to be released; NULL on failure. */
CFStringRef IORegistryEntryCopyPath(io_registry_entry_t entry, const char *plane);
/* Never used again for another entry; works for entries that are gone; *ENTRYID is 0 on failure. */
kern_return_t IORegistryEntryGetRegistryEntryID(io_registry_entry_t entry, uint64_t *entryID);
/* A copy of all properties, mutable, to be released. OPTIONS are ignored. */
kern_return_t IORegistryEntryCreateCFProperties(io_registry_entry_t entry,
						CFMutableDictionaryRef *properties,
						CFAllocatorRef allocator, IOOptionBits options);
/* A copy of one property, to be released, or NULL. */
CFTypeRef IORegistryEntryCreateCFProperty(io_registry_entry_t entry, CFStringRef key,
					  CFAllocatorRef allocator, IOOptionBits options);
/* The entry's own first; OPTIONS kIORegistryIterateRecursively continues below it in PLANE, with
 * kIORegistryIterateParents above it. */
CFTypeRef IORegistryEntrySearchCFProperty(io_registry_entry_t entry, const char *plane,
					  CFStringRef key, CFAllocatorRef allocator,
					  IOOptionBits options);
/* BUFFER is Apple's io_struct_inband_t, which is the same to a caller; gcc would warn of each that is
 * shorter. The bytes of a string (with NUL), data, number or boolean ("Yes", "No"). *SIZE is the room in BUFFER
 * (at most 4096 are used), then the length. kIOReturnNoResources: no such property;
 * kIOReturnIPCError: BUFFER is too small; kIOReturnBadArgument: a collection. */
kern_return_t IORegistryEntryGetProperty(io_registry_entry_t entry, const char *propertyName,
					 char *buffer, uint32_t *size);
/* Hand properties to the driver; kIOReturnUnsupported when it takes none. */
kern_return_t IORegistryEntrySetCFProperties(io_registry_entry_t entry, CFTypeRef properties);
kern_return_t IORegistryEntrySetCFProperty(io_registry_entry_t entry, CFStringRef propertyName,
					   CFTypeRef property);
/* A snapshot of the children or parents in PLANE; an unknown plane is success with 0. */
kern_return_t IORegistryEntryGetChildIterator(io_registry_entry_t entry, const char *plane,
					      io_iterator_t *iterator);
kern_return_t IORegistryEntryGetParentIterator(io_registry_entry_t entry, const char *plane,
					       io_iterator_t *iterator);
/* The first child or parent; kIOReturnNoDevice and 0 when there is none. */
kern_return_t IORegistryEntryGetChildEntry(io_registry_entry_t entry, const char *plane,
					   io_registry_entry_t *child);
kern_return_t IORegistryEntryGetParentEntry(io_registry_entry_t entry, const char *plane,
					    io_registry_entry_t *parent);
/* An unknown plane asks whether the entry is attached anywhere. */
boolean_t IORegistryEntryInPlane(io_registry_entry_t entry, const char *plane);

/* --- catalogue (IOKitServer.h has the flags) ------------------------------------ */

/* Change the personalities of the session; BUFFER holds an array or dictionary as a property list
 * (XML or binary). Only the session's own user and root may; others get a success that has no effect.
 * kIOReturnBadArgument: no data, data of the wrong type, unknown FLAG; kIOReturnNoMemory: BUFFER is no
 * property list; kIOReturnMessageTooLarge: more than 4 MiB; KERN_NOT_SUPPORTED: a flag of the past. */
kern_return_t IOCatalogueSendData(mach_port_t mainPort, uint32_t flag, const char *buffer,
				  uint32_t size);
/* End the drivers of a bundle, or the services of a class. kIOReturnNotPrivileged: needs root. */
kern_return_t IOCatalogueTerminate(mach_port_t mainPort, uint32_t flag, io_name_t description);
/* KERN_NOT_SUPPORTED for known flags; kIOReturnBadArgument. */
kern_return_t IOCatalogueGetData(mach_port_t mainPort, uint32_t flag, char **buffer,
				 uint32_t *size);
/* Match again: the bundle NAME can be used now. kIOReturnNotPrivileged: needs root. */
kern_return_t IOCatalogueModuleLoaded(mach_port_t mainPort, io_name_t name);
/* Forget what programs have changed: the personalities are those of the loaded bundles.
 * kIOReturnNotPrivileged: needs root. */
kern_return_t IOCatalogueReset(mach_port_t mainPort, uint32_t flag);
/* Grows whenever the set of personalities changes. */
kern_return_t IOCatlogueGetGenCount(mach_port_t mainPort, uint32_t *genCount);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
