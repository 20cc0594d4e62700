// SPDX-License-Identifier: MIT
/*
 * The four phases of using a driver: discover the service, open it, call its
 * methods, close. Every answer and every refusal is compared with what is
 * documented. With --crash the program then watches its driver die and come
 * back: somebody else kills it meanwhile (or the command given with --crash).
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#define SERVICE_CLASS "CalculatorDriver"

enum {
	add,
	divide,
	statistics,
	reverse,
	add_later,
	repeat_method,
	fail_later,
	sleep_method,
	opens
};

static int n_wrong;

static void check(const char *what, kern_return_t actual, kern_return_t expected)
{
	printf("  %-58s 0x%08x %s\n", what, (unsigned)actual, actual == expected ? "ok" : "WRONG");
	if (actual != expected) {
		printf("  %58s 0x%08x was expected\n", "", (unsigned)expected);
		n_wrong++;
	}
}

static void check_true(const char *what, int condition)
{
	printf("  %-69s %s\n", what, condition ? "ok" : "WRONG");
	n_wrong += !condition;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- phase 1: discovery ------------------------------------------------- */

static void print_operations(io_service_t service)
{
	CFTypeRef names = IORegistryEntryCreateCFProperty(service, CFSTR("Operations"),
							  kCFAllocatorDefault, 0);
	char name[64];

	if (!names || CFGetTypeID(names) != CFArrayGetTypeID()) {
		check_true("property Operations is an array", 0);
	} else {
		printf("  operations:");
		for (CFIndex i = 0; i < CFArrayGetCount(names); i++)
			if (CFStringGetCString(CFArrayGetValueAtIndex(names, i), name, sizeof(name),
					       kCFStringEncodingUTF8))
				printf(" %s", name);
		printf("\n");
	}
	if (names)
		CFRelease(names);
}

static io_service_t discover(void)
{
	io_iterator_t iterator = IO_OBJECT_NULL;
	io_service_t service, found = IO_OBJECT_NULL;
	io_string_t path;
	io_name_t name, class_name;
	uint64_t id;

	printf("1. discovery\n");
	check("IOServiceGetMatchingServices",
	      IOServiceGetMatchingServices(kIOMainPortDefault, IOServiceMatching(SERVICE_CLASS),
					   &iterator),
	      kIOReturnSuccess);
	while ((service = IOIteratorNext(iterator))) {
		if (!IORegistryEntryGetName(service, name) &&
		    !IOObjectGetClass(service, class_name) &&
		    !IORegistryEntryGetRegistryEntryID(service, &id) &&
		    !IORegistryEntryGetPath(service, kIOServicePlane, path))
			printf("  %s, class %s, id 0x%llx, %s\n", name, class_name,
			       (unsigned long long)id, path);
		if (!found)
			found = service;
		else
			IOObjectRelease(service);
	}
	if (iterator)
		IOObjectRelease(iterator);
	check_true("a service was found", found != IO_OBJECT_NULL);
	if (found) {
		check_true("it conforms to IOService", IOObjectConformsTo(found, "IOService"));
		print_operations(found);
	}
	return found;
}

/* --- phase 2: open ------------------------------------------------------ */

static io_connect_t open_service(io_service_t service)
{
	io_connect_t connect = IO_OBJECT_NULL, privileged = IO_OBJECT_NULL, none = 1;
	kern_return_t kr;

	printf("2. open\n");
	check("IOServiceOpen type 0: for everybody",
	      IOServiceOpen(service, mach_task_self(), 0, &connect), kIOReturnSuccess);
	kr = IOServiceOpen(service, mach_task_self(), 1, &privileged);
	if (geteuid() == 0) {
		check("IOServiceOpen type 1: we are the administrator", kr, kIOReturnSuccess);
		if (!kr)
			check("IOServiceClose", IOServiceClose(privileged), kIOReturnSuccess);
	} else {
		check("IOServiceOpen type 1: needs the administrator", kr, kIOReturnNotPrivileged);
	}
	check("IOServiceOpen type 99: no such type",
	      IOServiceOpen(service, mach_task_self(), 99, &none), kIOReturnUnsupported);
	check_true("a refused open gives no connection", none == IO_OBJECT_NULL);
	return connect;
}

/* --- phase 3: calls ----------------------------------------------------- */

static void call_scalars(io_connect_t connect)
{
	const uint64_t in[] = { 40, 2, 0 }, by_zero[] = { 1, 0 };
	uint64_t out[4] = { 0 };
	uint32_t n = 1;

	check("add(40, 2)", IOConnectCallScalarMethod(connect, add, in, 2, out, &n),
	      kIOReturnSuccess);
	check_true("  = 42", n == 1 && out[0] == 42);
	n = 2;
	check("divide(40, 2)", IOConnectCallScalarMethod(connect, divide, in, 2, out, &n),
	      kIOReturnSuccess);
	check_true("  = 20 remainder 0", n == 2 && out[0] == 20 && out[1] == 0);
	n = 2;
	check("divide(1, 0)", IOConnectCallScalarMethod(connect, divide, by_zero, 2, out, &n),
	      kIOReturnBadArgument);
	n = 1;
	check("add with three numbers", IOConnectCallScalarMethod(connect, add, in, 3, out, &n),
	      kIOReturnBadArgument);
	n = 0;
	check("add without room for the sum",
	      IOConnectCallScalarMethod(connect, add, in, 2, NULL, &n), kIOReturnBadArgument);
	n = 0;
	check("a selector that does not exist",
	      IOConnectCallScalarMethod(connect, 1000, NULL, 0, NULL, &n), kIOReturnBadArgument);
	n = 0;
	check("an asynchronous method called synchronously",
	      IOConnectCallScalarMethod(connect, add_later, in, 3, NULL, &n), kIOReturnBadArgument);
}

static void call_structures(io_connect_t connect)
{
	const double numbers[] = { 1, 2, 3, 10 };
	double result[4] = { 0 };
	char word[] = "portico", back[sizeof(word)] = "";
	static unsigned char large[100000], large_back[sizeof(large)];
	size_t size = sizeof(result);
	int equal = 1;

	check("statistics of 1, 2, 3, 10",
	      IOConnectCallStructMethod(connect, statistics, numbers, sizeof(numbers), result,
					&size),
	      kIOReturnSuccess);
	check_true("  sum 16, mean 4, minimum 1, maximum 10",
		   size == sizeof(result) && fabs(result[0] - 16) < 1e-9 &&
			   fabs(result[1] - 4) < 1e-9 && fabs(result[2] - 1) < 1e-9 &&
			   fabs(result[3] - 10) < 1e-9);
	size = sizeof(result);
	check("statistics of seven bytes",
	      IOConnectCallStructMethod(connect, statistics, numbers, 7, result, &size),
	      kIOReturnBadArgument);
	size = 8;
	check("statistics with room for one number",
	      IOConnectCallStructMethod(connect, statistics, numbers, sizeof(numbers), result,
					&size),
	      kIOReturnBadArgument);
	size = sizeof(word) - 1;
	check("reverse(\"portico\")",
	      IOConnectCallStructMethod(connect, reverse, word, sizeof(word) - 1, back, &size),
	      kIOReturnSuccess);
	printf("  = \"%s\"\n", back);
	check_true("  = ocitrop", size == sizeof(word) - 1 && !strcmp(back, "ocitrop"));
	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (unsigned char)(i * 7 + i / 256);
	size = sizeof(large_back);
	check("reverse of 100000 bytes",
	      IOConnectCallStructMethod(connect, reverse, large, sizeof(large), large_back, &size),
	      kIOReturnSuccess);
	for (size_t i = 0; i < sizeof(large); i++)
		equal &= large_back[i] == large[sizeof(large) - 1 - i];
	check_true("  all bytes in reverse order", size == sizeof(large) && equal);
}

/* --- phase 4: close ----------------------------------------------------- */

static void close_service(io_connect_t connect)
{
	const uint64_t in[] = { 40, 2 };
	uint64_t out;
	uint32_t n = 1;

	printf("4. close\n");
	check("IOServiceClose", IOServiceClose(connect), kIOReturnSuccess);
	check("a call on the closed connection",
	      IOConnectCallScalarMethod(connect, add, in, 2, &out, &n), MACH_SEND_INVALID_DEST);
}

/* --- phase 5: the driver dies and comes back ----------------------------- */

struct watch {
	int n_matched, n_terminated; /* since the notifications were armed */
	double terminated_at, matched_at;
};

static void drain(io_iterator_t iterator, int *count)
{
	io_service_t service;
	uint64_t id = 0;

	while ((service = IOIteratorNext(iterator))) {
		(*count)++;
		IORegistryEntryGetRegistryEntryID(service, &id);
		printf("  id 0x%llx", (unsigned long long)id);
		IOObjectRelease(service);
	}
}

static void matched(void *refcon, io_iterator_t iterator)
{
	struct watch *w = refcon;

	printf("  matched:   ");
	drain(iterator, &w->n_matched);
	printf("\n");
	w->matched_at = now();
	CFRunLoopStop(CFRunLoopGetCurrent());
}

static void terminated(void *refcon, io_iterator_t iterator)
{
	struct watch *w = refcon;

	printf("  terminated:");
	drain(iterator, &w->n_terminated);
	printf("\n");
	w->terminated_at = now();
	CFRunLoopStop(CFRunLoopGetCurrent());
}

struct slow_call {
	io_connect_t connect;
	kern_return_t result;
	double returned_at;
};

static void *call_slowly(void *argument)
{
	struct slow_call *call = argument;
	const uint64_t minute = 60000000000;
	uint32_t n = 0;

	call->result = IOConnectCallScalarMethod(call->connect, sleep_method, &minute, 1, NULL, &n);
	call->returned_at = now();
	return NULL;
}

/* The driver has COUNT calls in flight as soon as it says so. */
static int wait_for_call_in_flight(io_connect_t connect)
{
	uint64_t numbers[4];
	double until = now() + 5;
	uint32_t n;

	do {
		n = 4;
		if (IOConnectCallScalarMethod(connect, opens, NULL, 0, numbers, &n))
			return 0;
		if (numbers[2] >= 2) /* the sleeping call and this one */
			return 1;
	} while (now() < until);
	return numbers[2] >= 1;
}

static void run_until(const int *count, double seconds)
{
	double until = now() + seconds;

	while (!*count && now() < until)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, until - now(), false);
}

static void wait_for_death(struct watch *w, io_connect_t connect, const char *command)
{
	struct slow_call call = { .connect = connect };
	pthread_t thread;
	double killed_at = now();
	int status;

	if (pthread_create(&thread, NULL, call_slowly, &call)) {
		check_true("a thread for the slow call", 0);
		return;
	}
	check_true("a call is in flight", wait_for_call_in_flight(connect));
	if (command) {
		killed_at = now();
		status = system(command);
		check_true(command, status == 0);
	} else {
		printf("  waiting: kill the driver's host now (portico crash Calculator)\n");
		fflush(stdout);
	}
	run_until(&w->n_terminated, 20);
	check_true("the service was reported as terminated", w->n_terminated == 1);
	if (w->n_terminated) {
		pthread_join(thread, NULL);
		check_true("the call in flight returned with an error", call.result != 0);
		printf("  0x%08x after %.1f ms\n", (unsigned)call.result,
		       (call.returned_at - killed_at) * 1e3);
	}
}

static void call_again(void)
{
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching(SERVICE_CLASS));
	const uint64_t in[] = { 40, 2 };
	io_connect_t connect = IO_OBJECT_NULL;
	uint64_t out = 0;
	uint32_t n = 1;

	check("IOServiceOpen of the new service",
	      service ? IOServiceOpen(service, mach_task_self(), 0, &connect) : kIOReturnNoDevice,
	      kIOReturnSuccess);
	check("add(40, 2)", IOConnectCallScalarMethod(connect, add, in, 2, &out, &n),
	      kIOReturnSuccess);
	check_true("  = 42", out == 42);
	IOServiceClose(connect);
	if (service)
		IOObjectRelease(service);
}

static void watch_crash(io_service_t service, const char *command)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t matches = IO_OBJECT_NULL, ends = IO_OBJECT_NULL;
	io_connect_t connect = IO_OBJECT_NULL;
	struct watch w = { 0 };
	int existing = 0;
	uint64_t in[] = { 40, 2 }, out;
	uint32_t n = 1;

	printf("5. the driver dies and comes back\n");
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	check("notification for matched services",
	      IOServiceAddMatchingNotification(port, kIOMatchedNotification,
					       IOServiceMatching(SERVICE_CLASS), matched, &w,
					       &matches),
	      kIOReturnSuccess);
	check("notification for terminated services",
	      IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
					       IOServiceMatching(SERVICE_CLASS), terminated, &w,
					       &ends),
	      kIOReturnSuccess);
	printf("  now there:");
	drain(matches, &existing);
	drain(ends, &w.n_terminated);
	printf("\n");
	check_true("one service exists, none has ended", existing == 1 && w.n_terminated == 0);
	check("IOServiceOpen", IOServiceOpen(service, mach_task_self(), 0, &connect),
	      kIOReturnSuccess);

	wait_for_death(&w, connect, command);
	check("a call on the dead connection",
	      IOConnectCallScalarMethod(connect, add, in, 2, &out, &n), MACH_SEND_INVALID_DEST);
	IOServiceClose(connect);
	run_until(&w.n_matched, 20);
	check_true("a new service was matched", w.n_matched == 1);
	if (w.n_matched) {
		printf("  %.1f ms after the end of the old one\n",
		       (w.matched_at - w.terminated_at) * 1e3);
		call_again();
	}
	IOObjectRelease(matches);
	IOObjectRelease(ends);
	IONotificationPortDestroy(port);
}

int main(int argc, char **argv)
{
	int crash = argc > 1 && !strcmp(argv[1], "--crash");
	io_service_t service;
	io_connect_t connect;

	if ((argc > 1 && !crash) || argc > 3) {
		fprintf(stderr, "usage: call_flow [--crash [COMMAND]]\n"
				"COMMAND kills the driver's host, for example \"portico crash "
				"Calculator\"\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	service = discover();
	if (!service) {
		fprintf(stderr, "no service of class %s: is its driver loaded?\n", SERVICE_CLASS);
		return 1;
	}
	connect = open_service(service);
	printf("3. calls\n");
	call_scalars(connect);
	call_structures(connect);
	close_service(connect);
	if (crash)
		watch_crash(service, argc == 3 ? argv[2] : NULL);
	IOObjectRelease(service);
	if (n_wrong)
		printf("%d answers were not as documented\n", n_wrong);
	else
		printf("everything as documented\n");
	return n_wrong != 0;
}
