// SPDX-License-Identifier: MIT
/* The limits of driver hosts: who exceeds one gets the error, nobody else notices, and it all goes back to zero. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>
#include <portico/session.h>

#include "test.h"
#include "world.h"

enum { ADD, ADD_LATER = 4, STEPS_MAX = 8 };

static io_connect_t calculator, mirror;
static IONotificationPortRef ports[STEPS_MAX];
static io_connect_t opened[STEPS_MAX];

/* --- steps: the status of the Nth ------------------------------------------------------ */

/* What was closed before, by the session's start, may be on its way out. */
static io_connect_t open_patiently(const char *class_name)
{
	io_service_t service = world_service(class_name);
	io_connect_t connection;
	kern_return_t kr;

	do
		kr = IOServiceOpen(service, mach_task_self(), 0, &connection);
	while (kr == kIOReturnNoResources);
	test_equal_error(kr, 0);
	IOObjectRelease(service);
	return connection;
}

static kern_return_t open_one(int n)
{
	io_service_t service = world_service("CalculatorDriver");
	kern_return_t kr = IOServiceOpen(service, mach_task_self(), 0, &opened[n]);

	IOObjectRelease(service);
	return kr;
}

static void ignore(void *refcon, IOReturn result, void *argument)
{
}

static kern_return_t call_later(IONotificationPortRef port)
{
	io_async_ref64_t reference = { 0 };
	uint64_t in[3] = { 1, 2, 60 * 1000 * 1000 }; /* a minute */
	uint32_t n_out = 0;

	reference[kIOAsyncCalloutFuncIndex] = (io_user_reference_t)(uintptr_t)ignore;
	return IOConnectCallAsyncScalarMethod(calculator, ADD_LATER,
					      IONotificationPortGetMachPort(port), reference,
					      kIOAsyncCalloutCount, in, 3, NULL, &n_out);
}

static kern_return_t call_with_new_port(int n)
{
	if (ports[n])
		IONotificationPortDestroy(ports[n]);
	ports[n] = IONotificationPortCreate(kIOMainPortDefault);
	return call_later(ports[n]);
}

static kern_return_t call_with_one_port(int n)
{
	if (n == 0)
		ports[0] = IONotificationPortCreate(kIOMainPortDefault);
	return call_later(ports[0]);
}

static kern_return_t map_type(int n)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;

	return IOConnectMapMemory64(mirror, (uint32_t)n, mach_task_self(), &address, &size,
				    n ? kIOMapAnywhere | kIOMapReadOnly : kIOMapAnywhere);
}

/* Sizes that go through a memory file. */
static kern_return_t send_structure(int n)
{
	size_t size = n == 0 ? 2 << 20 : 6 << 20, out = 0;
	char *structure = calloc(1, size);
	kern_return_t kr = IOConnectCallStructMethod(calculator, 2, structure, size, NULL, &out);

	free(structure);
	/* The driver may not like it, which is not the point. */
	return kr == kIOReturnNoResources ? kr : 0;
}

/* Less than the limit as it travels, more when it has been decoded. */
static kern_return_t set_value(int n)
{
	CFMutableDataRef value = CFDataCreateMutable(NULL, 0);
	kern_return_t kr;

	CFDataSetLength(value, n == 0 ? 1 << 10 : 1 << 20);
	kr = IOConnectSetCFProperty(calculator, CFSTR("Value"), value);
	CFRelease(value);
	return kr == kIOReturnNoResources ? kr : 0;
}

static const struct {
	const char *limit, *name;
	const char *server; /* that of the driver */
	int n_allowed;
	kern_return_t (*step)(int n);
	kern_return_t status; /* of the one too many; 0: kIOReturnNoResources */
} cases[] = {
	{ "user-opens=3", "opens", "org.portico.driver.Calculator", 2, open_one },
	{ "ports=2", "ports", "org.portico.driver.Calculator", 2, call_with_new_port },
	{ "user-ports=2", "ports", "org.portico.driver.Calculator", 2, call_with_new_port },
	{ "async-calls=3", "async-calls", "org.portico.driver.Calculator", 3, call_with_one_port },
	{ "user-async-calls=3", "async-calls", "org.portico.driver.Calculator", 3,
	  call_with_one_port },
	{ "memories=1", "memories", "org.portico.driver.Mirror", 1, map_type,
	  kIOReturnBadArgument },
	{ "user-memories=1", "memories", "org.portico.driver.Mirror", 1, map_type,
	  kIOReturnBadArgument },
	{ "call-bytes=4M", "call-bytes", "org.portico.driver.Calculator", 1, send_structure },
	{ "user-call-bytes=4M", "call-bytes", "org.portico.driver.Calculator", 1, send_structure },
	{ "call-bytes=4M", "call-bytes", "org.portico.driver.Calculator", 1, set_value },
};

/* --- what is used -------------------------------------------------------------------------- */

static int64_t number_at(CFTypeRef dictionary, CFStringRef key)
{
	CFTypeRef number = dictionary ? CFDictionaryGetValue(dictionary, key) : NULL;
	int64_t n = 0;

	if (number)
		CFNumberGetValue(number, kCFNumberSInt64Type, &n);
	return n;
}

static CFTypeRef at_text(CFTypeRef dictionary, const char *key)
{
	CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);
	CFTypeRef value = CFDictionaryGetValue(dictionary, name);

	CFRelease(name);
	return value;
}

static bool is_server(CFTypeRef host, const char *server)
{
	char name[128];

	return CFStringGetCString(CFDictionaryGetValue(host, CFSTR("IOUserServerName")), name,
				  sizeof(name), kCFStringEncodingUTF8) &&
	       !strcmp(name, server);
}

/* KEY of the limit NAME in the host of SERVER. */
static int64_t usage(const char *server, const char *name, CFStringRef key)
{
	CFDictionaryRef status;
	int64_t n = -1;

	test_equal_error(portico_session_copy_status(world_socket(), &status), 0);
	test_equal(number_at(status, CFSTR("Account Errors")), 0);
	CFArrayRef hosts = CFDictionaryGetValue(status, CFSTR("Hosts"));
	for (CFIndex i = 0; i < CFArrayGetCount(hosts); i++) {
		CFTypeRef host = CFArrayGetValueAtIndex(hosts, i);
		CFArrayRef users = CFDictionaryGetValue(host, CFSTR("Users"));

		if (!is_server(host, server) || !users)
			continue;
		n = 0;
		for (CFIndex u = 0; u < CFArrayGetCount(users); u++) {
			CFTypeRef use = CFDictionaryGetValue(CFArrayGetValueAtIndex(users, u),
							     CFSTR("Use"));
			CFTypeRef row = at_text(use, name);

			n += row ? number_at(row, key) : 0;
		}
	}
	CFRelease(status);
	return n;
}

static void check_witness(void)
{
	uint64_t in[2] = { 5, 6 }, out[1] = { 0 };
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(calculator, ADD, in, 2, out, &n), 0);
	test_equal(out[0], 11);
}

static void give_back(void)
{
	for (int i = 0; i < STEPS_MAX; i++) {
		if (opened[i])
			IOServiceClose(opened[i]);
		opened[i] = 0;
	}
	IOServiceClose(calculator);
	IOServiceClose(mirror);
	for (int i = 0; i < STEPS_MAX; i++) {
		if (ports[i])
			IONotificationPortDestroy(ports[i]);
		ports[i] = NULL;
	}
}

static void run_case(size_t i)
{
	setenv("PORTICO_LIMITS", cases[i].limit, 1);
	world_start();
	calculator = open_patiently("CalculatorDriver");
	mirror = open_patiently("MirrorDriver");
	for (int n = 0; n < cases[i].n_allowed; n++) {
		if (cases[i].step == open_one)
			opened[n] = open_patiently("CalculatorDriver");
		else
			test_equal_error(cases[i].step(n), 0);
	}
	for (int n = 0; n < 2; n++)
		test_equal_error(cases[i].step(cases[i].n_allowed),
				 cases[i].status ? cases[i].status : kIOReturnNoResources);
	check_witness();
	if (world_is_daemon())
		test_true(usage(cases[i].server, cases[i].name, CFSTR("Refused")) >= 2);
	give_back();
	if (world_is_daemon())
		while (usage(cases[i].server, cases[i].name, CFSTR("Now")))
			;
	calculator = open_patiently("CalculatorDriver");
	check_witness();
	IOServiceClose(calculator);
	world_stop();
}

/* Each in a process of its own: a session inside this process reads its limits once. */
TEST(opens)
{
	run_case(0);
}

TEST(ports_of_a_connection)
{
	run_case(1);
}

TEST(ports_of_a_user)
{
	run_case(2);
}

TEST(async_calls_of_a_connection)
{
	run_case(3);
}

TEST(async_calls_of_a_user)
{
	run_case(4);
}

TEST(memories_of_a_connection)
{
	run_case(5);
}

TEST(memories_of_a_user)
{
	run_case(6);
}

TEST(call_bytes_of_a_connection)
{
	run_case(7);
}

TEST(call_bytes_of_a_user)
{
	run_case(8);
}

TEST(call_bytes_of_values)
{
	run_case(9);
}

/* Each of them has threads in the host, which a confined one may have only so many of, with stacks that count. */
TEST(many_connections_that_are_used)
{
	enum { MANY = 600, CALLS = 10 };
	static io_connect_t connections[MANY];
	int n_connections = test_is_slow() ? MANY / 6 : MANY;
	uint64_t in[2] = { 1, 2 }, sum;

	world_start();
	for (int i = 0; i < n_connections; i++) {
		connections[i] = open_patiently("CalculatorDriver");
		for (int j = 0; j < CALLS; j++) {
			uint32_t n = 1;

			test_equal_error(
				IOConnectCallScalarMethod(connections[i], ADD, in, 2, &sum, &n), 0);
		}
	}
	for (int i = 0; i < n_connections; i++)
		test_equal_error(IOServiceClose(connections[i]), 0);
	world_stop();
}

/* An answer that has an entry in it holds the entry, until that is given back: questions do so at once. */
TEST(questions_hold_nothing)
{
	setenv("PORTICO_LIMITS", "grants=4000", 1);
	world_start();
	io_service_t service = world_service("CalculatorDriver");

	for (int i = 0; i < 10000; i++) {
		io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
		uint64_t state, busy_ns;
		uint32_t busy;

		test_true(root != 0);
		IOObjectRelease(root);
		test_equal_error(IOServiceGetBusyState(service, &busy), 0);
		test_equal_error(IOServiceGetBusyStateAndTime(service, &state, &busy, &busy_ns), 0);
		test_true(IOObjectGetKernelRetainCount(service) > 0);
		/* And again what there is a handle for. */
		io_service_t again = IOServiceGetMatchingService(
			kIOMainPortDefault, IOServiceMatching("CalculatorDriver"));
		test_equal(again, service);
		IOObjectRelease(again);
	}
	IOObjectRelease(service);
	world_stop();
}

TEST_MAIN
