// SPDX-License-Identifier: MIT
/* S: drivers in the form of DriverKit, as programs see them. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "../drivers/Kit.dext/Kit.h"
#include "test.h"
#include "world.h"

static io_service_t find(CFMutableDictionaryRef matching)
{
	return IOServiceGetMatchingService(kIOMainPortDefault, matching);
}

/* The service, which may still be on its way. */
static io_service_t driver(void)
{
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	io_service_t service = find(IOServiceNameMatching("KitDriver"));

	test_true(service != 0);
	return service;
}

static io_connect_t begin(void)
{
	io_connect_t connect = 0;

	world_start_with_bundle("Kit.dext");
	io_service_t service = driver();

	/* The library keeps what it learns of classes. */
	test_true(IOObjectConformsTo(service, "IOService"));
	CFRelease(IOObjectCopySuperclassForClass(CFSTR("IOUserUserClient")));
	IOObjectRelease(service);
	test_reset_baseline();
	service = driver();
	test_equal_error(IOServiceOpen(service, mach_task_self(), KIT_OPEN, &connect), 0);
	IOObjectRelease(service);
	return connect;
}

static void end(io_connect_t connect)
{
	test_equal_error(IOServiceClose(connect), 0);
	world_stop();
}

static uint64_t call1(io_connect_t connect, uint32_t selector, const uint64_t *in, uint32_t n_in)
{
	uint64_t out = 0;
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(connect, selector, in, n_in, &out, &n), 0);
	return out;
}

/* --- how it is found -------------------------------------------------------------------------- */

static void test_text(io_registry_entry_t entry, CFStringRef key, const char *expected)
{
	CFTypeRef value = IORegistryEntryCreateCFProperty(entry, key, NULL, 0);
	char text[128] = "";

	test_true(value && CFGetTypeID(value) == CFStringGetTypeID());
	CFStringGetCString(value, text, sizeof(text), kCFStringEncodingUTF8);
	test_equal_text(text, expected);
	CFRelease(value);
}

TEST(S01_how_programs_find_it)
{
	io_connect_t connect = begin();
	io_service_t by_name = find(IOServiceNameMatching("KitDriver")), by_class, own;
	CFMutableDictionaryRef matching = IOServiceMatching("IOUserService");
	const void *key = CFSTR("IOUserClass"), *value = CFSTR("KitDriver");
	CFDictionaryRef pair =
		CFDictionaryCreate(NULL, &key, &value, 1, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);
	io_name_t name;

	CFDictionarySetValue(matching, CFSTR("IOPropertyMatch"), pair);
	CFRelease(pair);
	by_class = find(matching);
	test_true(by_name != 0);
	test_true(IOObjectIsEqualTo(by_name, by_class));
	test_equal_error(IOObjectGetClass(by_name, name), 0);
	test_equal_text(name, "IOUserService");
	test_equal_error(IORegistryEntryGetName(by_name, name), 0);
	test_equal_text(name, "KitDriver");
	test_true(IOObjectConformsTo(by_name, "IOUserService"));
	test_true(IOObjectConformsTo(by_name, "IOService"));
	test_text(by_name, CFSTR("IOUserClass"), "KitDriver");
	test_text(by_name, CFSTR("CFBundleIdentifier"), "org.portico.test.Kit");
	own = find(IOServiceMatching("KitDriver")); /* no class of the registry's */
	test_equal(own, 0);
	IOObjectRelease(by_name);
	IOObjectRelease(by_class);
	end(connect);
}

TEST(S01_its_user_client)
{
	io_connect_t connect = begin();
	io_service_t service = driver();
	io_iterator_t children = 0;
	io_registry_entry_t client;
	io_name_t name;

	test_equal_error(IORegistryEntryGetChildIterator(service, kIOServicePlane, &children), 0);
	client = IOIteratorNext(children);
	test_true(client != 0);
	test_equal_error(IOObjectGetClass(client, name), 0);
	test_equal_text(name, "IOUserUserClient");
	test_equal_error(IORegistryEntryGetName(client, name), 0);
	test_equal_text(name, "KitUserClient");
	test_true(IOObjectConformsTo(client, "IOUserClient"));
	test_text(client, CFSTR("IOUserClass"), "KitUserClient");
	test_text(client, CFSTR("Kit"), "from the dictionary");
	CFTypeRef creator =
		IORegistryEntryCreateCFProperty(client, CFSTR("IOUserClientCreator"), NULL, 0);
	test_true(creator != NULL);
	CFRelease(creator);
	IOObjectRelease(client);
	IOObjectRelease(children);
	IOObjectRelease(service);
	end(connect);
}

TEST(S01_what_an_opening_gives)
{
	io_connect_t connect = begin(), other = 0;
	io_service_t service = driver();

	test_equal_error(IOServiceOpen(service, mach_task_self(), KIT_OPEN_BUSY, &other),
			 kIOReturnBusy);
	test_equal_error(IOServiceOpen(service, mach_task_self(), KIT_OPEN_NOTHING, &other),
			 kIOReturnUnsupported);
	test_equal_error(IOServiceOpen(service, mach_task_self(), KIT_OPEN_CHILD, &other),
			 kIOReturnUnsupported);
	test_equal_error(IOServiceOpen(service, mach_task_self(), 77, &other),
			 kIOReturnUnsupported);
	test_equal(other, 0);
	/* A class without NewUserClient. */
	uint64_t which = KIT_CREATE_CHILD;

	test_equal_error((uint32_t)call1(connect, KIT_CREATE, &which, 1), 0);
	io_service_t child = find(IOServiceNameMatching("KitChild"));
	while (!child) {
		test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
		child = find(IOServiceNameMatching("KitChild"));
	}
	test_equal_error(IOServiceOpen(child, mach_task_self(), 0, &other), kIOReturnError);
	IOObjectRelease(child);
	IOObjectRelease(service);
	end(connect);
}

TEST(S02)
{
	io_connect_t connect = begin();
	static const struct {
		uint64_t which;
		IOReturn expected;
	} cases[] = {
		{ KIT_CREATE_NO_SUCH_KEY, kIOReturnBadArgument },
		{ KIT_CREATE_OTHER_PROVIDER, kIOReturnUnsupported },
		{ KIT_CREATE_NO_SUCH_CLASS, kIOReturnNoMemory },
		{ KIT_CREATE_NAMELESS, kIOReturnBadArgument },
		{ KIT_CREATE_REFUSING, kIOReturnNoResources },
		{ KIT_CREATE_CLIENT, kIOReturnUnsupported },
		{ KIT_CREATE_CHILD, kIOReturnSuccess },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		test_equal_error((uint32_t)call1(connect, KIT_CREATE, &cases[i].which, 1),
				 cases[i].expected);
	test_equal(find(IOServiceNameMatching("KitRefusing")), 0);
	end(connect);
}

/* --- methods ---------------------------------------------------------------------------------------- */

struct completion {
	atomic_int count;
	IOReturn result;
	uint32_t n_words;
	uint64_t words[16];
};

/* Three words or more: as an array. */
static void keep_many(void *refcon, IOReturn result, void **args, uint32_t n)
{
	struct completion *c = refcon;

	c->result = result;
	c->n_words = n;
	for (uint32_t i = 0; i < n && i < 16; i++)
		c->words[i] = (uint64_t)(uintptr_t)args[i];
	c->count++;
	CFRunLoopStop(CFRunLoopGetCurrent());
}

static IONotificationPortRef make_port(void)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	return port;
}

static kern_return_t call_async(io_connect_t connect, uint32_t selector, IONotificationPortRef port,
				struct completion *c, const uint64_t *in, uint32_t n_in)
{
	io_async_ref64_t reference = { 0 };

	reference[kIOAsyncCalloutFuncIndex] = (uintptr_t)keep_many;
	reference[kIOAsyncCalloutRefconIndex] = (uintptr_t)c;
	return IOConnectCallAsyncScalarMethod(connect, selector,
					      IONotificationPortGetMachPort(port), reference,
					      kIOAsyncCalloutCount, in, n_in, NULL, NULL);
}

static void await_count(struct completion *c, int count)
{
	while (c->count < count)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal(c->count, count);
}

TEST(S03)
{
	io_connect_t connect = begin();
	IONotificationPortRef port = make_port();
	struct completion c = { 0 };
	uint64_t words[4] = { 1, 2, 3, 4 };

	test_equal_error(IOConnectCallScalarMethod(connect, KIT_ASYNC_ONLY, words, 4, NULL, NULL),
			 kIOReturnBadArgument);
	test_equal_error(call_async(connect, KIT_ASYNC_ONLY, port, &c, words, 4), 0);
	await_count(&c, 1);
	test_equal_error(c.result, 0);
	test_equal(c.n_words, 4);
	test_equal(c.words[3], 4);
	IONotificationPortDestroy(port);
	end(connect);
}

TEST(S03_the_other_checks)
{
	io_connect_t connect = begin();
	IONotificationPortRef port = make_port();
	struct completion c = { 0 };
	uint64_t word = 1, out = 7;
	uint32_t n = 1;

	test_equal(call1(connect, KIT_SYNC_ONLY, NULL, 0), 0);
	test_equal_error(call_async(connect, KIT_SYNC_ONLY, port, &c, NULL, 0),
			 kIOReturnBadArgument);
	test_equal(call1(connect, KIT_EITHER, NULL, 0), 0);
	test_equal_error(call_async(connect, KIT_EITHER, port, &c, NULL, 0), 0);
	test_equal_error(IOConnectCallScalarMethod(connect, KIT_SYNC_ONLY, &word, 1, &out, &n),
			 kIOReturnBadArgument);
	n = 0;
	test_equal_error(IOConnectCallScalarMethod(connect, KIT_SYNC_ONLY, NULL, 0, NULL, &n),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallStructMethod(connect, KIT_SYNC_ONLY, "x", 1, NULL, NULL),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectCallScalarMethod(connect, KIT_NO_FUNCTION, NULL, 0, NULL, NULL),
			 kIOReturnNoCompletion);
	test_equal_error(IOConnectCallScalarMethod(connect, KIT_SELECTORS, NULL, 0, NULL, NULL),
			 kIOReturnBadArgument);
	test_equal(out, 7);
	IONotificationPortDestroy(port);
	end(connect);
}

TEST(S04)
{
	io_connect_t connect = begin();
	char out[16];
	size_t size = sizeof(out);
	uint64_t wanted = 17;

	memset(out, 'x', sizeof(out));
	test_equal_error(IOConnectCallMethod(connect, KIT_ECHO, &wanted, 1, "0123456789", 10, NULL,
					     NULL, out, &size),
			 kIOReturnBadArgument);
	test_equal(size, sizeof(out));
	test_equal(out[0], 'x');
	wanted = 5;
	test_equal_error(IOConnectCallMethod(connect, KIT_ECHO, &wanted, 1, "0123456789", 10, NULL,
					     NULL, out, &size),
			 0);
	test_equal(size, 5);
	test_equal(memcmp(out, "01234x", 6), 0);
	size = wanted = sizeof(out);
	test_equal_error(IOConnectCallMethod(connect, KIT_ECHO, &wanted, 1, "0123456789", 10, NULL,
					     NULL, out, &size),
			 0);
	test_equal(size, 16);
	/* No OSData: the size stays the room there was. */
	wanted = UINT64_MAX;
	size = 8;
	test_equal_error(
		IOConnectCallMethod(connect, KIT_ECHO, &wanted, 1, NULL, 0, NULL, NULL, out, &size),
		0);
	test_equal(size, 8);
	wanted = 0;
	test_equal_error(
		IOConnectCallMethod(connect, KIT_ECHO, &wanted, 1, NULL, 0, NULL, NULL, out, &size),
		0);
	test_equal(size, 0);
	end(connect);
}

TEST(S04_any_size)
{
	io_connect_t connect = begin();
	uint64_t wanted = 100000;
	void *data = NULL;
	size_t size = (size_t)-3; /* kIOConnectMethodVarOutputSize */

	test_equal_error(IOConnectCallMethod(connect, KIT_ECHO, &wanted, 1, "abc", 3, NULL, NULL,
					     &data, &size),
			 0);
	test_equal(size, 100000);
	test_equal(memcmp(data, "abc", 4), 0);
	vm_deallocate(mach_task_self(), (vm_address_t)data, size);
	wanted = UINT64_MAX;
	size = (size_t)-3;
	test_equal_error(IOConnectCallMethod(connect, KIT_ECHO, &wanted, 1, "abc", 3, NULL, NULL,
					     &data, &size),
			 kIOReturnUnderrun);
	end(connect);
}

TEST(S04_large_structures)
{
	io_connect_t connect = begin();
	static uint8_t in[10000], out[10000];
	size_t size = sizeof(out);
	uint64_t wanted = 5;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7);
	test_equal_error(IOConnectCallStructMethod(connect, KIT_LARGE, in, sizeof(in), out, &size),
			 0);
	test_equal(size, sizeof(out));
	for (size_t i = 0; i < sizeof(in); i++)
		test_equal(out[i], in[sizeof(in) - 1 - i]);
	/* OSData where the program gave a large buffer: there is no room for it inline. */
	test_equal_error(IOConnectCallMethod(connect, KIT_ECHO, &wanted, 1, "abc", 3, NULL, NULL,
					     out, &size),
			 kIOReturnBadArgument);
	end(connect);
}

TEST(S05)
{
	io_connect_t connect = begin();
	IONotificationPortRef port = make_port();
	struct completion c = { 0 };
	uint64_t in[2] = { 0, 16 };

	test_equal_error(call_async(connect, KIT_KEEP, port, &c, NULL, 0), 0);
	test_equal_error((uint32_t)call1(connect, KIT_COMPLETE, in, 2), 0);
	await_count(&c, 1);
	test_equal(c.n_words, 16);
	for (uint64_t i = 0; i < 16; i++)
		test_equal(c.words[i], i);
	/* One too many; and one action completes as often as its driver likes. */
	in[1] = 17;
	test_equal_error((uint32_t)call1(connect, KIT_COMPLETE, in, 2), kIOReturnMessageTooLarge);
	in[0] = (uint32_t)kIOReturnNoDevice;
	in[1] = 3;
	test_equal_error((uint32_t)call1(connect, KIT_COMPLETE, in, 2), 0);
	test_equal_error((uint32_t)call1(connect, KIT_COMPLETE, in, 2), 0);
	await_count(&c, 3);
	test_equal_error(c.result, kIOReturnNoDevice);
	test_equal(c.n_words, 3);
	test_equal_error(IOConnectCallScalarMethod(connect, KIT_DROP, NULL, 0, NULL, NULL), 0);
	test_equal(call1(connect, KIT_ABORTED, NULL, 0), 0);
	in[1] = 0;
	test_equal_error((uint32_t)call1(connect, KIT_COMPLETE, in, 2), kIOReturnBadArgument);
	IONotificationPortDestroy(port);
	end(connect);
}

/* The framework keeps what it has to give back where the driver cannot write. */
TEST(S06_arguments_that_the_driver_clears)
{
	io_connect_t connect = begin();
	IONotificationPortRef port = make_port();
	struct completion completion = { 0 };

	test_equal_error(call_async(connect, KIT_SPOIL, port, &completion, NULL, 0), 0);
	test_equal(call1(connect, KIT_ABORTED, NULL, 0), 1);
	IONotificationPortDestroy(port);
	end(connect);
}

TEST(S06)
{
	io_connect_t connect = begin();
	IONotificationPortRef port = make_port();
	struct completion dropped = { 0 }, other = { 0 };
	uint64_t words[3] = { 1, 2, 3 };

	test_equal_error(call_async(connect, KIT_KEEP, port, &dropped, NULL, 0), 0);
	test_equal_error(IOConnectCallScalarMethod(connect, KIT_DROP, NULL, 0, NULL, NULL), 0);
	test_equal(call1(connect, KIT_ABORTED, NULL, 0), 1);
	/* What comes later on the same port overtakes nothing: the first call has no message. */
	test_equal_error(call_async(connect, KIT_ASYNC_ONLY, port, &other, words, 3), 0);
	await_count(&other, 1);
	test_equal(dropped.count, 0);
	IONotificationPortDestroy(port);
	end(connect);
}

/* A method that fails has no completion, kept or not. */
TEST(S06_after_a_method_that_failed)
{
	io_connect_t connect = begin();
	IONotificationPortRef port = make_port();
	struct completion failed = { 0 }, other = { 0 };
	uint64_t in[3] = { (uint32_t)kIOReturnNoDevice, 0, 0 };

	test_equal_error(call_async(connect, KIT_KEEP, port, &failed, in, 1), kIOReturnNoDevice);
	test_equal_error((uint32_t)call1(connect, KIT_COMPLETE, in, 2), MACH_SEND_INVALID_DEST);
	test_equal_error(call_async(connect, KIT_ASYNC_ONLY, port, &other, in, 3), 0);
	await_count(&other, 1);
	test_equal(failed.count, 0);
	IONotificationPortDestroy(port);
	end(connect);
}

static void *meet_often(void *context)
{
	uint64_t out[2];

	for (int i = 0; i < 50; i++) {
		uint32_t n = 2;

		test_equal_error(IOConnectCallScalarMethod(*(io_connect_t *)context, KIT_MEET, NULL,
							   0, out, &n),
				 0);
		test_equal(out[0], 1); /* never two at once */
		test_equal(out[1], 1); /* and on its queue */
	}
	return NULL;
}

TEST(S06_methods_of_a_client_are_serial)
{
	io_connect_t connect = begin();
	pthread_t threads[4];

	for (uint64_t own = 0; own < 2; own++) {
		test_equal_error(IOConnectCallScalarMethod(connect, KIT_QUEUE, &own, 1, NULL, NULL),
				 0);
		for (int i = 0; i < 4; i++)
			test_equal(pthread_create(&threads[i], NULL, meet_often, &connect), 0);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	}
	end(connect);
}

TEST(S07)
{
	io_connect_t connect = begin();
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	uint8_t byte;
	int zero[2];

	test_equal_error(IOConnectMapMemory64(connect, KIT_MEMORY_READ_ONLY, mach_task_self(),
					      &address, &size, kIOMapAnywhere),
			 0);
	test_equal(size, 100);
	test_equal(*(uint8_t *)(uintptr_t)address, 0x5a);
	/* The kernel refuses to write there on our behalf, and to let us write. */
	test_equal(pipe(zero), 0);
	test_equal(write(zero[1], "w", 1), 1);
	test_equal(read(zero[0], (void *)(uintptr_t)address, 1), -1);
	close(zero[0]);
	close(zero[1]);
	test_true(mprotect((void *)(uintptr_t)address, 4096, PROT_READ | PROT_WRITE) != 0);
	byte = *(uint8_t *)(uintptr_t)address;
	test_equal(byte, 0x5a);
	address = 0;
	test_equal_error(IOConnectMapMemory64(connect, KIT_MEMORY, mach_task_self(), &address,
					      &size, kIOMapAnywhere),
			 0);
	test_equal(size, 8192);
	*(uint8_t *)(uintptr_t)address = 1;
	test_equal_error(IOConnectMapMemory64(connect, 99, mach_task_self(), &address, &size,
					      kIOMapAnywhere),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectUnmapMemory64(connect, KIT_MEMORY, mach_task_self(), address), 0);
	end(connect);
}

/* --- life ---------------------------------------------------------------------------------------------- */

struct seen {
	int count;
	bool was_ready;
};

static void look(void *refcon, io_iterator_t iterator)
{
	struct seen *seen = refcon;
	io_service_t service;

	while ((service = IOIteratorNext(iterator))) {
		CFTypeRef ready = IORegistryEntryCreateCFProperty(service, CFSTR("Ready"), NULL, 0);

		seen->was_ready = ready == kCFBooleanTrue;
		seen->count++;
		if (ready)
			CFRelease(ready);
		IOObjectRelease(service);
	}
}

TEST(S08)
{
	world_start_with_bundle("Kit.dext");
	IONotificationPortRef port = make_port();
	struct seen seen = { 0 }, refused = { 0 };
	io_iterator_t iterator, second;

	/* The host that has it is started by a first look; a restart shows the order. */
	io_service_t service = driver();
	IOObjectRelease(service);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOPublishNotification,
							  IOServiceNameMatching("KitDriver"), look,
							  &seen, &iterator),
			 0);
	look(&seen, iterator);
	test_equal(seen.count, 1);
	test_true(seen.was_ready);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOPublishNotification,
							  IOServiceNameMatching("KitRefusing"),
							  look, &refused, &second),
			 0);
	look(&refused, second);
	seen.was_ready = false;
	test_equal(kill(world_host_pid("org.portico.test.Kit"), SIGKILL), 0);
	while (seen.count < 2)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_true(seen.was_ready);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	look(&refused, second);
	test_equal(refused.count, 0); /* its Start has failed */
	IOObjectRelease(iterator);
	IOObjectRelease(second);
	IONotificationPortDestroy(port);
	world_stop();
}

TEST(S09)
{
	io_connect_t connect = begin();
	io_service_t service = driver();
	CFTypeRef value;

	test_equal_error(IORegistryEntrySetCFProperty(service, CFSTR("Colour"), CFSTR("green")), 0);
	test_equal_error(IORegistryEntrySetCFProperty(service, CFSTR("Shape"), CFSTR("round")), 0);
	test_text(service, CFSTR("Colour"), "green");
	test_text(service, CFSTR("Shape"), "round");
	value = IORegistryEntryCreateCFProperty(service, CFSTR("IOUserServiceProperties"), NULL, 0);
	test_true(value && CFGetTypeID(value) == CFDictionaryGetTypeID());
	test_equal(CFDictionaryGetCount(value), 2);
	test_true(CFEqual(CFDictionaryGetValue(value, CFSTR("Colour")), CFSTR("green")));
	CFRelease(value);
	test_equal_error(IORegistryEntrySetCFProperty(service, CFSTR("Refuse"), CFSTR("it")),
			 kIOReturnNotPermitted);
	test_equal_error(IORegistryEntrySetCFProperty(service, CFSTR("Colour"), CFSTR("red")), 0);
	test_text(service, CFSTR("Colour"), "red");
	/* Only dictionaries; and only classes that have the operation. */
	test_equal_error(IORegistryEntrySetCFProperties(service, CFSTR("text")),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectSetCFProperty(connect, CFSTR("a"), CFSTR("b")),
			 kIOReturnUnsupported);
	IOObjectRelease(service);
	end(connect);
}

static void note(void *refcon, io_iterator_t iterator)
{
	io_service_t service;

	while ((service = IOIteratorNext(iterator))) {
		++*(int *)refcon;
		IOObjectRelease(service);
	}
}

TEST(S10)
{
	io_connect_t connect = begin(), again = 0;
	IONotificationPortRef port = make_port();
	io_service_t old = driver(), new;
	io_iterator_t iterator;
	int terminated = 0;

	CFTypeRef personality =
		IORegistryEntryCreateCFProperty(old, CFSTR("IOMatchedPersonality"), NULL, 0);
	test_true(personality && CFGetTypeID(personality) == CFDictionaryGetTypeID());
	test_true(CFEqual(CFDictionaryGetValue(personality, CFSTR("IOUserClass")),
			  CFSTR("KitDriver")));
	test_equal_error(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
							  IOServiceNameMatching("KitDriver"), note,
							  &terminated, &iterator),
			 0);
	note(&terminated, iterator);
	test_equal(kill(world_host_pid("org.portico.test.Kit"), SIGKILL), 0);
	while (!terminated)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal_error(IOConnectCallScalarMethod(connect, KIT_EITHER, NULL, 0, NULL, NULL),
			 MACH_SEND_INVALID_DEST);
	IOServiceClose(connect);
	new = 0;
	while (!new) {
		test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
		new = find(IOServiceNameMatching("KitDriver"));
	}
	test_true(!IOObjectIsEqualTo(old, new));
	CFTypeRef second =
		IORegistryEntryCreateCFProperty(new, CFSTR("IOMatchedPersonality"), NULL, 0);
	test_true(second && CFEqual(personality, second));
	CFRelease(second);
	CFRelease(personality);
	test_equal_error(IOServiceOpen(new, mach_task_self(), KIT_OPEN, &again), 0);
	test_equal(call1(again, KIT_SYNC_ONLY, NULL, 0), 0);
	IOObjectRelease(old);
	IOObjectRelease(new);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	end(again);
}

/* Closing stops the client, exactly once, kept completion and all. */
TEST(S10_closing_stops)
{
	io_connect_t connect = begin(), second = 0;
	IONotificationPortRef port = make_port();
	struct completion c = { 0 };
	io_service_t service = driver();
	uint64_t out[2] = { 0 };
	uint32_t n = 2;

	test_equal_error(IOServiceOpen(service, mach_task_self(), KIT_OPEN, &second), 0);
	test_equal_error(call_async(second, KIT_KEEP, port, &c, NULL, 0), 0);
	test_equal_error(IOServiceClose(second), 0);
	while (out[1] < 1)
		test_equal_error(IOConnectCallScalarMethod(connect, KIT_LIFE, NULL, 0, out, &n), 0);
	test_equal(out[0], 2);
	test_equal(out[1], 1);
	IOObjectRelease(service);
	IONotificationPortDestroy(port);
	end(connect);
}

TEST_MAIN
