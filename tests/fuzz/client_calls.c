// SPDX-License-Identifier: MIT
#include "client_calls.h"

#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>

enum {
	OBJECTS_MAX = 8,
	CONNECTS_MAX = 2,
	NEXT_MAX = 6, /* entries that are taken from one iterator */
};

static struct {
	io_object_t objects[OBJECTS_MAX];
	io_connect_t connects[CONNECTS_MAX];
	IONotificationPortRef port;
} w;

static io_object_t object_of(const struct fuzz_record *record)
{
	return w.objects[record->kind / 7 % OBJECTS_MAX];
}

static io_connect_t connect_of(const struct fuzz_record *record)
{
	return w.connects[record->kind / 7 % CONNECTS_MAX];
}

static void keep(const struct fuzz_record *record, io_object_t object)
{
	io_object_t *place = &w.objects[record->flags % OBJECTS_MAX];

	if (!object)
		return;
	if (*place)
		IOObjectRelease(*place);
	*place = object;
}

static void take_all(const struct fuzz_record *record, io_iterator_t iterator)
{
	io_object_t next;

	for (int i = 0; i < NEXT_MAX && (next = IOIteratorNext(iterator)); i++)
		keep(record, next);
	IOIteratorIsValid(iterator);
	if (record->flags & 128)
		IOIteratorReset(iterator);
	IOObjectRelease(iterator);
}

static void find(const struct fuzz_record *record)
{
	io_iterator_t iterator = 0;

	if (record->kind % 2)
		keep(record, IOServiceGetMatchingService(0, IOServiceMatching("FuzzDriver")));
	else if (!IOServiceGetMatchingServices(0, IOServiceMatching("FuzzDriver"), &iterator))
		take_all(record, iterator);
	keep(record, IORegistryEntryFromPath(0, "IOService:/IOResources/FuzzDriver"));
}

static void walk(const struct fuzz_record *record)
{
	io_object_t from = object_of(record);
	io_iterator_t iterator = 0;
	io_object_t parent = 0;

	if (!from)
		from = IORegistryGetRootEntry(0);
	else
		IOObjectRetain(from);
	switch (record->kind % 4) {
	case 0:
		IORegistryEntryGetChildIterator(from, kIOServicePlane, &iterator);
		break;
	case 1:
		IORegistryEntryGetParentIterator(from, kIOServicePlane, &iterator);
		break;
	case 2:
		IORegistryEntryCreateIterator(from, kIOServicePlane, kIORegistryIterateRecursively,
					      &iterator);
		break;
	default:
		IORegistryEntryGetParentEntry(from, kIOServicePlane, &parent);
		keep(record, parent);
	}
	if (iterator)
		take_all(record, iterator);
	IOObjectRelease(from);
}

static void names(const struct fuzz_record *record)
{
	io_object_t o = object_of(record);
	io_string_t path;
	io_name_t name;
	uint64_t id;

	switch (record->kind % 7) {
	case 0:
		IORegistryEntryGetName(o, name);
		break;
	case 1:
		IORegistryEntryGetNameInPlane(o, kIOServicePlane, name);
		break;
	case 2:
		IORegistryEntryGetLocationInPlane(o, kIOServicePlane, name);
		break;
	case 3:
		IORegistryEntryGetPath(o, kIOServicePlane, path);
		break;
	case 4:
		IORegistryEntryInPlane(o, kIOServicePlane);
		break;
	case 5:
		IORegistryEntryGetRegistryEntryID(o, &id);
		break;
	default:
		IOObjectGetClass(o, name);
	}
}

static void release(CFTypeRef value)
{
	if (value)
		CFRelease(value);
}

static void properties(const struct fuzz_record *record)
{
	io_object_t o = object_of(record);
	CFMutableDictionaryRef all = NULL;

	switch (record->kind % 4) {
	case 0:
		IORegistryEntryCreateCFProperties(o, &all, NULL, 0);
		release(all);
		break;
	case 1:
		release(IORegistryEntryCreateCFProperty(o, CFSTR("k"), NULL, 0));
		break;
	case 2:
		release(IORegistryEntrySearchCFProperty(o, kIOServicePlane, CFSTR("k"), NULL,
							kIORegistryIterateRecursively));
		break;
	default:
		IORegistryEntrySetCFProperty(o, CFSTR("k"), kCFBooleanTrue);
	}
}

static void states(const struct fuzz_record *record)
{
	io_object_t o = object_of(record);
	mach_timespec_t now = { 0, 0 };
	uint32_t busy;
	uint64_t state, ns;

	switch (record->kind % 5) {
	case 0:
		IOServiceGetBusyState(o, &busy);
		break;
	case 1:
		IOServiceGetBusyStateAndTime(o, &state, &busy, &ns);
		break;
	case 2:
		IOServiceWaitQuiet(o, &now);
		break;
	case 3:
		IOServiceRequestProbe(o, 0);
		break;
	default:
		IOObjectGetKernelRetainCount(o);
	}
}

static void classes(const struct fuzz_record *record)
{
	io_object_t o = object_of(record);

	switch (record->kind % 4) {
	case 0:
		IOObjectConformsTo(o, "FuzzDriver");
		break;
	case 1:
		release(IOObjectCopyClass(o));
		break;
	case 2:
		release(IOObjectCopySuperclassForClass(CFSTR("FuzzDriver")));
		break;
	default:
		release(IOObjectCopyBundleIdentifierForClass(CFSTR("FuzzDriver")));
	}
}

static void open_service(const struct fuzz_record *record)
{
	io_connect_t *place = &w.connects[record->kind / 7 % CONNECTS_MAX];

	if (*place)
		IOServiceClose(*place);
	*place = 0;
	if (IOServiceOpen(object_of(record), mach_task_self(), 0, place))
		*place = 0;
}

/* What is said to be there is. */
static void touch(const void *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		(void)((const volatile uint8_t *)data)[i];
}

static void call(const struct fuzz_record *record)
{
	uint64_t in[3] = { 1, 2, 3 }, out[4];
	uint32_t n_out = record->kind % 5;
	uint8_t bytes[80];
	size_t size = record->kind % sizeof(bytes);

	IOReturn status = IOConnectCallMethod(connect_of(record), record->kind % 9, in, 3, in, 24,
					      out, &n_out, bytes, &size);
	if (!status && n_out && n_out <= 4)
		touch(out, n_out * sizeof(*out));
}

static void on_result(void *context, IOReturn result, void **arguments, uint32_t n)
{
	touch(arguments, n * sizeof(*arguments));
	fuzz_require(context == &w);
}

static void call_async(const struct fuzz_record *record)
{
	uint64_t reference[kOSAsyncRef64Count] = { 0 };

	reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)on_result;
	reference[kIOAsyncCalloutRefconIndex] = (uintptr_t)&w;
	IOConnectCallAsyncScalarMethod(connect_of(record), 4, IONotificationPortGetMachPort(w.port),
				       reference, kIOAsyncCalloutCount, NULL, 0, NULL, NULL);
}

static void memory(const struct fuzz_record *record)
{
	mach_vm_address_t at = 0;
	mach_vm_size_t size = 0;
	io_connect_t c = connect_of(record);

	if (IOConnectMapMemory64(c, 0, mach_task_self(), &at, &size, kIOMapAnywhere))
		return;
	fuzz_require(at && size);
	touch((void *)(uintptr_t)at, 1);
	touch((void *)(uintptr_t)(at + size - 1), 1);
	if (record->kind % 2)
		IOConnectUnmapMemory64(c, 0, mach_task_self(), at);
}

static void connections(const struct fuzz_record *record)
{
	io_connect_t c = connect_of(record);
	io_service_t service = 0;

	switch (record->kind % 5) {
	case 0:
		if (!IOConnectGetService(c, &service))
			keep(record, service);
		break;
	case 1:
		IOConnectSetNotificationPort(c, 0, IONotificationPortGetMachPort(w.port), 5);
		break;
	case 2:
		IOConnectAddClient(c, w.connects[0]);
		break;
	case 3:
		IOConnectSetCFProperty(c, CFSTR("k"), kCFBooleanTrue);
		break;
	default:
		IOConnectTrap1(c, 0, 1);
	}
}

static void on_match(void *context, io_iterator_t iterator)
{
	io_object_t next;

	for (int i = 0; i < NEXT_MAX && (next = IOIteratorNext(iterator)); i++)
		IOObjectRelease(next);
}

static void on_interest(void *context, io_service_t service, uint32_t type, void *argument)
{
	fuzz_require(context == &w);
}

static void notifications(const struct fuzz_record *record)
{
	io_object_t o = 0;

	if (record->kind % 2) {
		if (!IOServiceAddInterestNotification(w.port, object_of(record), kIOGeneralInterest,
						      on_interest, &w, &o))
			keep(record, o);
	} else if (!IOServiceAddMatchingNotification(w.port, kIOMatchedNotification,
						     IOServiceMatching("FuzzDriver"), on_match,
						     NULL, &o)) {
		on_match(NULL, o);
		keep(record, o);
	}
}

static void serve(const struct fuzz_record *record)
{
	CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, false);
}

static void (*const calls[FUZZ_CLIENT_CALLS])(const struct fuzz_record *) = {
	find, walk,	  names,  properties,  states,	      classes, open_service,
	call, call_async, memory, connections, notifications, serve,
};

void fuzz_client_begin(void)
{
	memset(&w, 0, sizeof(w));
	w.port = IONotificationPortCreate(kIOMainPortDefault);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(w.port),
			   kCFRunLoopDefaultMode);
}

void fuzz_client_call(unsigned number, const struct fuzz_record *record)
{
	calls[number](record);
}

void fuzz_client_end(void)
{
	for (int i = 0; i < CONNECTS_MAX; i++)
		if (w.connects[i])
			IOServiceClose(w.connects[i]);
	for (int i = 0; i < OBJECTS_MAX; i++)
		if (w.objects[i])
			IOObjectRelease(w.objects[i]);
	IONotificationPortDestroy(w.port);
	memset(&w, 0, sizeof(w));
}
