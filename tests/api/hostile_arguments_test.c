// SPDX-License-Identifier: MIT
/*
 * Every function of IOKitLib.h and IOKitLibPrivate.h with combinations of hostile arguments, each
 * function in a process of its own: whatever the answer is, the caller lives, the call returns, and
 * the session serves the next client.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

enum kind {
	END,
	HANDLE,
	TASK,
	TEXT,
	DICTIONARY,
	VALUE,
	STRING,
	OUT,
	NUMBER,
	IN,
	SIZE,
	OUT_SIZE,
	PORT
};
enum { MAX_ARGUMENTS = 12, MAX_CALLS = 1500, BUFFER = 1 << 16 };

struct function {
	const char *name;
	void (*call)(const unsigned *a);
	enum kind kinds[MAX_ARGUMENTS];
	struct function *next;
};
static struct function *functions;

/* --- what the arguments are drawn from ------------------------------------------- */

enum { HANDLES = 12, TEXTS = 8, DICTIONARIES = 7, VALUES = 5, STRINGS = 5, NUMBERS = 7, SIZES = 7 };
static mach_port_t handles[HANDLES];
static const char *texts[TEXTS];
static CFTypeRef values[VALUES], dictionaries[DICTIONARIES];
static CFStringRef strings[STRINGS];
static char buffer[BUFFER], input[BUFFER];
static size_t out_sizes[SIZES];
static uint32_t out_counts[SIZES];
static IONotificationPortRef port;
static struct {
	const char *name;
	unsigned a[MAX_ARGUMENTS], calls;
} * shared; /* what the child does just now */

static const uint32_t numbers[NUMBERS] = { 0, 1, 2, 3, 16, 17, UINT32_MAX };
static const size_t sizes[SIZES] = { 0, 1, 16, 4096, 4097, 65536, 48 };

static unsigned count_of(enum kind kind)
{
	static const unsigned counts[] = {
		[HANDLE] = HANDLES,
		[TASK] = 3,
		[TEXT] = TEXTS,
		[DICTIONARY] = DICTIONARIES,
		[VALUE] = VALUES,
		[STRING] = STRINGS,
		[OUT] = 2,
		[NUMBER] = NUMBERS,
		[IN] = 2,
		[SIZE] = SIZES,
		[OUT_SIZE] = SIZES + 1,
		[PORT] = 2,
	};
	return counts[kind];
}

static mach_port_t dead_name(void)
{
	mach_port_t name;

	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &name);
	mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND);
	mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1);
	return name;
}

static void make_handles(void)
{
	mach_port_t *h = handles;

	*h++ = 0;
	*h++ = MACH_PORT_DEAD;
	*h++ = 0x1234567;
	*h++ = dead_name();
	*h++ = IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver"));
	*h++ = IORegistryGetRootEntry(0);
	IOServiceOpen(handles[4], mach_task_self(), 0, h++);
	IOServiceGetMatchingServices(0, IOServiceMatching("IOService"), h++);
	IORegistryCreateIterator(0, kIOServicePlane, 1, h++);
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, h++);
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, h++);
	*h++ = mach_task_self();
}

static void make_values(void)
{
	static char long_text[6000], bytes[] = { (char)0xff, (char)0xfe, (char)0xc3, 0x28, 0 };
	static const char *const few[TEXTS] = { NULL,	     "",
						"IOService", "IOService:/",
						"%s%n%n",    bytes,
						long_text,   kIOFirstMatchNotification };
	int one = 1;
	CFNumberRef number = CFNumberCreate(NULL, kCFNumberIntType, &one);
	CFMutableDictionaryRef odd_key = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFMutableDictionaryRef odd_value = IOServiceMatching("IOService");
	CFMutableArrayRef deep = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	memset(long_text, 'x', sizeof(long_text) - 1);
	memcpy(texts, few, sizeof(texts));
	CFDictionarySetValue(odd_key, number, number);
	CFDictionarySetValue(odd_value, CFSTR(kIOPropertyMatchKey), CFRunLoopGetMain());
	for (int i = 0; i < 200; i++) {
		CFMutableArrayRef outer = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

		CFArrayAppendValue(outer, deep);
		deep = outer;
	}
	dictionaries[1] = IOServiceMatching("CalculatorDriver");
	dictionaries[2] = CFSTR("no dictionary");
	dictionaries[3] = odd_key;
	dictionaries[4] = odd_value;
	dictionaries[5] = IOServiceMatching(long_text);
	dictionaries[6] = IOServiceNameMatching("");
	values[1] = odd_value;
	values[2] = deep;
	values[3] = number;
	values[4] = odd_key;
	strings[1] = CFSTR("");
	strings[2] = CFSTR("IOClass");
	strings[3] = CFStringCreateWithCString(NULL, long_text, kCFStringEncodingUTF8);
	strings[4] = (CFStringRef)(CFTypeRef)number;
}

static void make_sizes(void)
{
	static const size_t values_of_sizes[SIZES] = { 0, 1, 16, 4096, 4097, (size_t)-3, SIZE_MAX };

	for (int i = 0; i < SIZES; i++) {
		out_sizes[i] = values_of_sizes[i];
		out_counts[i] = numbers[i] == 1 ? 2 : numbers[i];
	}
}

#define H(i) handles[a[i]]
#define T(i) texts[a[i]]
#define D(i) (CFDictionaryRef)(dictionaries[a[i]] ? CFRetain(dictionaries[a[i]]) : NULL)
#define PLAIN(i) (CFDictionaryRef) dictionaries[a[i]]
#define V(i) values[a[i]]
#define S(i) strings[a[i]]
#define O(i) ((void *)(a[i] ? buffer : NULL))
#define N(i) numbers[a[i]]
#define I(i) ((const void *)(a[i] ? input : NULL))
#define Z(i) sizes[a[i]]
#define OZ(i) (a[i] ? &out_sizes[a[i] - 1] : NULL)
#define ON(i) (a[i] ? &out_counts[a[i] - 1] : NULL)
#define P(i) (a[i] ? port : NULL)
#define W(i) (a[i] == 0 ? mach_task_self() : a[i] == 1 ? 0 : 0x777)

#define F(id, statement, ...) \
	static void call_##id(const unsigned *a) \
	{ \
		(void)a; \
		statement; \
	} \
	__attribute__((constructor)) static void add_##id(void) \
	{ \
		static struct function f = { #id, call_##id, { __VA_ARGS__ }, NULL }; \
\
		f.next = functions; \
		functions = &f; \
	}
#define FREE(x) \
	do { \
		CFTypeRef result_ = (x); \
		if (result_) \
			CFRelease(result_); \
	} while (0)
#define DROP(x) IOObjectRelease(x)

/* --- the functions ------------------------------------------------------------------ */

static void on_match(void *refcon, io_iterator_t iterator)
{
	(void)refcon;
	(void)iterator;
}

static void on_message(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	(void)refcon;
	(void)service;
	(void)type;
	(void)argument;
}

static mach_timespec_t wait_time(uint32_t seconds, uint32_t nanoseconds)
{
	return (mach_timespec_t){ .tv_sec = seconds & 1, .tv_nsec = (int)nanoseconds };
}

F(IOMainPort, IOMainPort(H(0), O(1)), HANDLE, OUT)
F(IOMasterPort, IOMasterPort(H(0), O(1)), HANDLE, OUT)
F(IONotificationPortCreate, IONotificationPortRef p = IONotificationPortCreate(H(0));
  if (p) IONotificationPortDestroy(p), HANDLE)
F(IONotificationPortDestroy, IONotificationPortDestroy(NULL), END)
F(IONotificationPortGetRunLoopSource, IONotificationPortGetRunLoopSource(P(0)), PORT)
F(IONotificationPortGetMachPort, IONotificationPortGetMachPort(P(0)), PORT)
F(IONotificationPortSetImportanceReceiver, IONotificationPortSetImportanceReceiver(P(0)), PORT)
F(IONotificationPortSetDispatchQueue, IONotificationPortSetDispatchQueue(P(0), NULL), PORT)
F(IOCreateReceivePort, IOCreateReceivePort(N(0), O(1)), NUMBER, OUT)
F(IOObjectRetain, IOObjectRetain(H(0)), HANDLE)
F(IOObjectRelease, IOObjectRelease(H(0)), HANDLE)
F(IOObjectGetClass, IOObjectGetClass(H(0), O(1)), HANDLE, OUT)
F(IOObjectCopyClass, FREE(IOObjectCopyClass(H(0))), HANDLE)
F(IOObjectCopySuperclassForClass, FREE(IOObjectCopySuperclassForClass(S(0))), STRING)
F(IOObjectCopyBundleIdentifierForClass, FREE(IOObjectCopyBundleIdentifierForClass(S(0))), STRING)
F(IOObjectConformsTo, IOObjectConformsTo(H(0), T(1)), HANDLE, TEXT)
F(IOObjectIsEqualTo, IOObjectIsEqualTo(H(0), H(1)), HANDLE, HANDLE)
F(IOObjectGetKernelRetainCount, IOObjectGetKernelRetainCount(H(0)), HANDLE)
F(IOObjectGetUserRetainCount, IOObjectGetUserRetainCount(H(0)), HANDLE)
F(IOObjectGetRetainCount, IOObjectGetRetainCount(H(0)), HANDLE)
F(IOIteratorNext, DROP(IOIteratorNext(H(0))), HANDLE)
F(IOIteratorReset, IOIteratorReset(H(0)), HANDLE)
F(IOIteratorIsValid, IOIteratorIsValid(H(0)), HANDLE)
F(IOServiceGetMatchingService, DROP(IOServiceGetMatchingService(H(0), D(1))), HANDLE, DICTIONARY)
F(IOServiceGetMatchingServices, IOServiceGetMatchingServices(H(0), D(1), O(2)), HANDLE, DICTIONARY,
  OUT)
F(IOServiceMatching, FREE(IOServiceMatching(T(0))), TEXT)
F(IOServiceNameMatching, FREE(IOServiceNameMatching(T(0))), TEXT)
F(IOBSDNameMatching, FREE(IOBSDNameMatching(H(0), N(1), T(2))), HANDLE, NUMBER, TEXT)
F(IOOpenFirmwarePathMatching, FREE(IOOpenFirmwarePathMatching(H(0), N(1), T(2))), HANDLE, NUMBER,
  TEXT)
F(IORegistryEntryIDMatching, FREE(IORegistryEntryIDMatching(N(0))), NUMBER)
F(IOServiceMatchPropertyTable, IOServiceMatchPropertyTable(H(0), PLAIN(1), O(2)), HANDLE,
  DICTIONARY, OUT)
F(IOServiceAddMatchingNotification,
  IOServiceAddMatchingNotification(P(0), T(1), D(2), a[3] ? on_match : NULL, NULL, O(4)), PORT,
  TEXT, DICTIONARY, OUT, OUT)
F(IOServiceAddNotification, IOServiceAddNotification(H(0), T(1), D(2), H(3), 5, O(4)), HANDLE, TEXT,
  DICTIONARY, HANDLE, OUT)
F(IOServiceAddInterestNotification,
  IOServiceAddInterestNotification(P(0), H(1), T(2), a[3] ? on_message : NULL, NULL, O(4)), PORT,
  HANDLE, TEXT, OUT, OUT)
F(IOServiceGetBusyState, IOServiceGetBusyState(H(0), O(1)), HANDLE, OUT)
F(IOServiceWaitQuiet, mach_timespec_t t = wait_time(N(1), N(2));
  IOServiceWaitQuiet(H(0), a[3] ? &t : NULL), HANDLE, NUMBER, NUMBER, OUT)
F(IOKitGetBusyState, IOKitGetBusyState(H(0), O(1)), HANDLE, OUT)
F(IOKitWaitQuiet, mach_timespec_t t = wait_time(0, N(1)); IOKitWaitQuiet(H(0), &t), HANDLE, NUMBER)
F(IOKitWaitQuietWithOptions, IOKitWaitQuietWithOptions(H(0), NULL, N(1)), HANDLE, NUMBER)
F(IOServiceOpen, IOServiceOpen(H(0), W(1), N(2), O(3)), HANDLE, TASK, NUMBER, OUT)
F(IOServiceRequestProbe, IOServiceRequestProbe(H(0), N(1)), HANDLE, NUMBER)
F(IOServiceAuthorize, IOServiceAuthorize(H(0), N(1)), HANDLE, NUMBER)
F(IOServiceOFPathToBSDName, IOServiceOFPathToBSDName(H(0), T(1), O(2)), HANDLE, TEXT, OUT)
F(IOServiceClose, IOServiceClose(H(0)), HANDLE)
F(IOConnectAddRef, IOConnectAddRef(H(0)), HANDLE)
F(IOConnectRelease, IOConnectRelease(H(0)), HANDLE)
F(IOConnectGetService, IOConnectGetService(H(0), O(1)), HANDLE, OUT)
F(IOConnectSetNotificationPort, IOConnectSetNotificationPort(H(0), N(1), H(2), N(3)), HANDLE,
  NUMBER, HANDLE, NUMBER)
F(IOConnectMapMemory64, if (a[4]) * (mach_vm_address_t *)buffer = N(6);
  IOConnectMapMemory64(H(0), N(1), W(2), O(4), a[5] ? (void *)(buffer + 64) : NULL, N(3)), HANDLE,
  NUMBER, TASK, NUMBER, OUT, OUT, NUMBER)
F(IOConnectUnmapMemory64, IOConnectUnmapMemory64(H(0), N(1), W(2), N(3)), HANDLE, NUMBER, TASK,
  NUMBER)
F(IOConnectMapMemory,
  IOConnectMapMemory(H(0), N(1), W(2), O(4), a[5] ? (void *)(buffer + 64) : NULL, N(3)), HANDLE,
  NUMBER, TASK, NUMBER, OUT, OUT)
F(IOConnectUnmapMemory, IOConnectUnmapMemory(H(0), N(1), W(2), N(3)), HANDLE, NUMBER, TASK, NUMBER)
F(IOConnectSetCFProperties, IOConnectSetCFProperties(H(0), V(1)), HANDLE, VALUE)
F(IOConnectSetCFProperty, IOConnectSetCFProperty(H(0), S(1), V(2)), HANDLE, STRING, VALUE)
F(IOConnectAddClient, IOConnectAddClient(H(0), H(1)), HANDLE, HANDLE)
F(IOConnectCallMethod,
  IOConnectCallMethod(H(0), N(1), I(2), N(3), I(4), Z(5), O(6), ON(7), a[8] ? buffer + 4096 : NULL,
		      OZ(9)),
  HANDLE, NUMBER, IN, NUMBER, IN, SIZE, OUT, OUT_SIZE, OUT, OUT_SIZE)
F(IOConnectCallAsyncMethod,
  IOConnectCallAsyncMethod(H(0), N(1), H(10), a[11] ? (uint64_t *)(void *)(buffer + 30000) : NULL,
			   N(3), I(2), N(3), I(4), Z(5), O(6), ON(7), a[8] ? buffer + 4096 : NULL,
			   OZ(9)),
  HANDLE, NUMBER, IN, NUMBER, IN, SIZE, OUT, OUT_SIZE, OUT, OUT_SIZE, HANDLE, OUT)
F(IOConnectCallStructMethod, IOConnectCallStructMethod(H(0), N(1), I(2), Z(3), O(4), OZ(5)), HANDLE,
  NUMBER, IN, SIZE, OUT, OUT_SIZE)
F(IOConnectCallAsyncStructMethod,
  IOConnectCallAsyncStructMethod(H(0), N(1), H(6), (uint64_t *)(void *)(buffer + 30000), N(7), I(2),
				 Z(3), O(4), OZ(5)),
  HANDLE, NUMBER, IN, SIZE, OUT, OUT_SIZE, HANDLE, NUMBER)
F(IOConnectCallScalarMethod, IOConnectCallScalarMethod(H(0), N(1), I(2), N(3), O(4), ON(5)), HANDLE,
  NUMBER, IN, NUMBER, OUT, OUT_SIZE)
F(IOConnectCallAsyncScalarMethod,
  IOConnectCallAsyncScalarMethod(H(0), N(1), H(6), (uint64_t *)(void *)(buffer + 30000), N(7), I(2),
				 N(3), O(4), ON(5)),
  HANDLE, NUMBER, IN, NUMBER, OUT, OUT_SIZE, HANDLE, NUMBER)
F(IOConnectTrap0, IOConnectTrap0(H(0), N(1)), HANDLE, NUMBER)
F(IOConnectTrap1, IOConnectTrap1(H(0), N(1), N(2)), HANDLE, NUMBER, NUMBER)
F(IOConnectTrap2, IOConnectTrap2(H(0), N(1), N(2), 2), HANDLE, NUMBER, NUMBER)
F(IOConnectTrap3, IOConnectTrap3(H(0), N(1), N(2), 2, 3), HANDLE, NUMBER, NUMBER)
F(IOConnectTrap4, IOConnectTrap4(H(0), N(1), N(2), 2, 3, 4), HANDLE, NUMBER, NUMBER)
F(IOConnectTrap5, IOConnectTrap5(H(0), N(1), N(2), 2, 3, 4, 5), HANDLE, NUMBER, NUMBER)
F(IOConnectTrap6, IOConnectTrap6(H(0), N(1), N(2), 2, 3, 4, 5, 6), HANDLE, NUMBER, NUMBER)
F(IORegistryGetRootEntry, DROP(IORegistryGetRootEntry(H(0))), HANDLE)
F(IORegistryEntryFromPath, DROP(IORegistryEntryFromPath(H(0), T(1))), HANDLE, TEXT)
F(IORegistryEntryCopyFromPath, DROP(IORegistryEntryCopyFromPath(H(0), S(1))), HANDLE, STRING)
F(IORegistryCreateIterator, IORegistryCreateIterator(H(0), T(1), N(2), O(3)), HANDLE, TEXT, NUMBER,
  OUT)
F(IORegistryEntryCreateIterator, IORegistryEntryCreateIterator(H(0), T(1), N(2), O(3)), HANDLE,
  TEXT, NUMBER, OUT)
F(IORegistryIteratorEnterEntry, IORegistryIteratorEnterEntry(H(0)), HANDLE)
F(IORegistryIteratorExitEntry, IORegistryIteratorExitEntry(H(0)), HANDLE)
F(IORegistryEntryGetName, IORegistryEntryGetName(H(0), O(1)), HANDLE, OUT)
F(IORegistryEntryGetNameInPlane, IORegistryEntryGetNameInPlane(H(0), T(1), O(2)), HANDLE, TEXT, OUT)
F(IORegistryEntryGetLocationInPlane, IORegistryEntryGetLocationInPlane(H(0), T(1), O(2)), HANDLE,
  TEXT, OUT)
F(IORegistryEntryGetPath, IORegistryEntryGetPath(H(0), T(1), O(2)), HANDLE, TEXT, OUT)
F(IORegistryEntryCopyPath, FREE(IORegistryEntryCopyPath(H(0), T(1))), HANDLE, TEXT)
F(IORegistryEntryGetRegistryEntryID, IORegistryEntryGetRegistryEntryID(H(0), O(1)), HANDLE, OUT)
F(IORegistryEntryCreateCFProperties, CFMutableDictionaryRef d = NULL;
  if (!IORegistryEntryCreateCFProperties(H(0), a[1] ? &d : NULL, NULL, N(2)) && d) CFRelease(d),
  HANDLE, OUT, NUMBER)
F(IORegistryEntryCreateCFProperty, FREE(IORegistryEntryCreateCFProperty(H(0), S(1), NULL, N(2))),
  HANDLE, STRING, NUMBER)
F(IORegistryEntrySearchCFProperty,
  FREE(IORegistryEntrySearchCFProperty(H(0), T(1), S(2), NULL, N(3))), HANDLE, TEXT, STRING, NUMBER)
F(IORegistryEntryGetProperty, uint32_t n = N(3); if (n > BUFFER) n = BUFFER;
  IORegistryEntryGetProperty(H(0), T(1), O(2), a[4] ? &n : NULL), HANDLE, TEXT, OUT, NUMBER, OUT)
F(IORegistryEntrySetCFProperties, IORegistryEntrySetCFProperties(H(0), V(1)), HANDLE, VALUE)
F(IORegistryEntrySetCFProperty, IORegistryEntrySetCFProperty(H(0), S(1), V(2)), HANDLE, STRING,
  VALUE)
F(IORegistryEntryGetChildIterator, IORegistryEntryGetChildIterator(H(0), T(1), O(2)), HANDLE, TEXT,
  OUT)
F(IORegistryEntryGetParentIterator, IORegistryEntryGetParentIterator(H(0), T(1), O(2)), HANDLE,
  TEXT, OUT)
F(IORegistryEntryGetChildEntry, IORegistryEntryGetChildEntry(H(0), T(1), O(2)), HANDLE, TEXT, OUT)
F(IORegistryEntryGetParentEntry, IORegistryEntryGetParentEntry(H(0), T(1), O(2)), HANDLE, TEXT, OUT)
F(IORegistryEntryInPlane, IORegistryEntryInPlane(H(0), T(1)), HANDLE, TEXT)
F(IOServiceGetState, IOServiceGetState(H(0), O(1)), HANDLE, OUT)
F(IOServiceGetBusyStateAndTime,
  IOServiceGetBusyStateAndTime(H(0), O(1), a[2] ? (void *)(buffer + 8) : NULL,
			       a[3] ? (void *)(buffer + 16) : NULL),
  HANDLE, OUT, OUT, OUT)
F(_IOObjectGetClass, _IOObjectGetClass(H(0), N(1), O(2)), HANDLE, NUMBER, OUT)
F(_IOObjectCopyClass, FREE(_IOObjectCopyClass(H(0), N(1))), HANDLE, NUMBER)
F(_IOObjectConformsTo, _IOObjectConformsTo(H(0), T(1), N(2)), HANDLE, TEXT, NUMBER)

/* --- running them ---------------------------------------------------------------------- */

static unsigned arguments_of(const struct function *f, unsigned long *ret_combinations)
{
	unsigned n = 0;

	*ret_combinations = 1;
	while (n < MAX_ARGUMENTS && f->kinds[n] != END)
		*ret_combinations *= count_of(f->kinds[n++]);
	return n;
}

/* All combinations when they are few, else as many of them as a fixed random series gives. */
static void call_all(const struct function *f)
{
	unsigned long combinations, random = 88172645463325252ul;
	unsigned n = arguments_of(f, &combinations);
	unsigned long limit = test_is_slow() ? MAX_CALLS / 5 : MAX_CALLS;
	bool all = combinations <= limit;

	for (unsigned long i = 0; i < (all ? combinations : limit); i++) {
		unsigned long left = i;

		for (unsigned k = 0; k < n; k++) {
			unsigned count = count_of(f->kinds[k]);

			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			shared->a[k] = (unsigned)((all ? left : random) % count);
			left /= count;
		}
		shared->calls++;
		make_sizes();
		memset(buffer, 0, 64);
		f->call(shared->a);
	}
}

static bool survives(const struct function *f)
{
	int status;

	memset(shared, 0, sizeof(*shared));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		alarm(60);
		make_handles();
		make_values();
		port = IONotificationPortCreate(0);
		call_all(f);
		_exit(0);
	}
	test_true(child > 0 && waitpid(child, &status, 0) == child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	printf("# %s: status 0x%x at call %u with choices", f->name, status, shared->calls);
	for (int k = 0; k < MAX_ARGUMENTS && f->kinds[k] != END; k++)
		printf(" %u", shared->a[k]);
	printf("\n");
	return false;
}

TEST(no_argument_kills_the_caller_or_the_session)
{
	unsigned failed = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	test_true(shared != MAP_FAILED);
	world_start();
	for (struct function *f = functions; f; f = f->next)
		failed += !survives(f);
	test_equal(failed, 0);
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[2] = { 2, 3 }, out = 0;
	uint32_t n = 1;
	test_equal_error(IOConnectCallScalarMethod(c, 0, in, 2, &out, &n), 0);
	test_equal(out, 5);
	IOServiceClose(c);
	world_stop();
	munmap(shared, sizeof(*shared));
}

TEST_MAIN
