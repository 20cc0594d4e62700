// SPDX-License-Identifier: MIT
/* Programs that walk, arm, set and name too much. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

#include "arena.h"
#include "audit.h"
#include "stage.h"

/* --- P-R1, P-R2 ------------------------------------------------------------------------------------ */

static atomic_bool ends;

static void *walk_all_the_time(void *context)
{
	atomic_ulong *entries = context;

	while (!atomic_load(&ends)) {
		io_iterator_t iterator = 0;
		io_object_t entry;
		io_name_t name;

		test_equal_error(IORegistryCreateIterator(kIOMainPortDefault, kIOServicePlane,
							  kIORegistryIterateRecursively, &iterator),
				 0);
		for (int i = 0; i < 10000 && (entry = IOIteratorNext(iterator)); i++) {
			kern_return_t status = IORegistryEntryGetName(entry, name);

			/* A name, or a documented error for what has gone meanwhile. */
			test_true(!status || status == (kern_return_t)kIOReturnNoDevice ||
				  status == (kern_return_t)kIOReturnNotFound ||
				  arena_is_death(status));
			atomic_fetch_add(entries, 1);
			IOObjectRelease(entry);
		}
		IOIteratorIsValid(iterator);
		IOObjectRelease(iterator);
	}
	return NULL;
}

struct churner {
	io_connect_t stage;
	uint64_t count;
	pthread_t thread;
};

static void *churn(void *context)
{
	struct churner *churner = context;

	stage_do(churner->stage, NULL, "churn count=%llu class=StageLeaf",
		 (unsigned long long)churner->count);
	return NULL;
}

/* COUNT services (divided by four), each of which is an event when it comes and one when it goes. */
static void come_and_go(io_connect_t stage, uint64_t count)
{
	enum { CHURNERS = 4 };
	struct churner churners[CHURNERS];

	for (int i = 0; i < CHURNERS; i++) {
		churners[i] = (struct churner){ stage, count / CHURNERS, 0 };
		test_equal(pthread_create(&churners[i].thread, NULL, churn, &churners[i]), 0);
	}
	for (int i = 0; i < CHURNERS; i++)
		pthread_join(churners[i].thread, NULL);
}

HOSTILE(P_R1, walks_while_entries_come_and_go)
{
	enum { WALKERS = 16 };
	const uint64_t rounds =
		test_rounds(100, 60000); /* as many as in ten minutes of 100 a second */
	pthread_t threads[WALKERS];
	atomic_ulong entries = 0;

	arena_begin("Stage.dext", NULL);
	io_connect_t stage = stage_open();

	for (int i = 0; i < WALKERS; i++)
		test_equal(pthread_create(&threads[i], NULL, walk_all_the_time, &entries), 0);
	come_and_go(stage, rounds);
	atomic_store(&ends, true);
	for (int i = 0; i < WALKERS; i++)
		pthread_join(threads[i], NULL);
	IOServiceClose(stage);
	arena_count(atomic_load(&entries) + rounds * 3);
	arena_end();
}

struct shared_iterator {
	io_iterator_t iterator;
	atomic_bool go;
};

static void *step_until_gone(void *context)
{
	struct shared_iterator *shared = context;
	io_object_t entry;

	while (!atomic_load(&shared->go))
		sched_yield();
	while ((entry = IOIteratorNext(shared->iterator)))
		IOObjectRelease(entry);
	return NULL;
}

HOSTILE(P_R2, an_iterator_is_released_under_its_users)
{
	arena_begin("Stage.dext", NULL);
	for (uint64_t round = test_rounds(100, 20000); round--;) {
		struct shared_iterator shared = { 0 };
		pthread_t threads[3];
		io_object_t first;

		test_equal_error(IORegistryCreateIterator(kIOMainPortDefault, kIOServicePlane,
							  kIORegistryIterateRecursively,
							  &shared.iterator),
				 0);
		first = IOIteratorNext(shared.iterator);
		for (int i = 0; i < 3; i++)
			test_equal(pthread_create(&threads[i], NULL, step_until_gone, &shared), 0);
		atomic_store(&shared.go, true);
		IOObjectRelease(first);
		if (round % 2)
			sched_yield();
		IOObjectRelease(shared.iterator);
		for (int i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
	}
	arena_end();
}

/* --- P-R3 ------------------------------------------------------------------------------------------ */

static unsigned drain(io_iterator_t iterator)
{
	io_object_t entry;
	unsigned n = 0;

	while ((entry = IOIteratorNext(iterator))) {
		IOObjectRelease(entry);
		n++;
	}
	return n;
}

static void on_event(void *refcon, io_iterator_t iterator)
{
	*(unsigned *)refcon += drain(iterator);
}

static void hear_all(IONotificationPortRef port)
{
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	while (CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true) == kCFRunLoopRunHandledSource)
		;
}

/* Armed and never looked at while devices come and go; then what is drained is what is there. */
HOSTILE(P_R3, a_thousand_notifications_that_nobody_takes)
{
	const unsigned n = test_is_full() ? 1000 : 100;
	const uint64_t rounds = test_rounds(200, 500000); /* each of two events */
	io_iterator_t *iterators = calloc(n, sizeof(*iterators));
	unsigned seen = 0, pending = 0;

	arena_begin("Stage.dext", NULL);
	io_connect_t stage = stage_open();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);

	for (unsigned i = 0; i < n; i++) {
		test_equal_error(IOServiceAddMatchingNotification(port, kIOMatchedNotification,
								  IOServiceMatching("StageLeaf"),
								  on_event, &seen, &iterators[i]),
				 0);
		test_equal(drain(iterators[i]), 0);
	}
	come_and_go(stage, rounds / 2);
	long half_kib = audit_resident_kib(world_registry_pid());
	come_and_go(stage, rounds / 2);
	/* There is a most of what is kept for who sleeps, and it was reached; messages that wait while others
	 * need the processor come on top. */
	if (test_is_full() && !test_is_slow())
		test_true(audit_resident_kib(world_registry_pid()) < half_kib + 4096);
	stage_do(stage, NULL, "publish key=last class=StageLeaf name=last register");
	test_equal(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	/* At most those that came, and the last one that still is there in each of them. */
	for (unsigned i = 0; i < n; i++) {
		io_object_t entry;
		bool last = false;
		io_name_t name;

		while ((entry = IOIteratorNext(iterators[i]))) {
			if (!IORegistryEntryGetName(entry, name))
				last |= !strcmp(name, "last");
			IOObjectRelease(entry);
			pending++;
		}
		test_true(last);
	}
	printf("# pending: %u of %llu\n", pending, (unsigned long long)n * (rounds + 1));
	hear_all(port);
	for (unsigned i = 0; i < n; i++)
		IOObjectRelease(iterators[i]);
	IONotificationPortDestroy(port);
	free(iterators);
	stage_do(stage, NULL, "terminate key=last");
	IOServiceClose(stage);
	arena_count(rounds * n);
	arena_end();
}

/* The port goes with events that it never gave out. */
HOSTILE(P_R3, a_port_that_goes_with_what_it_holds)
{
	enum { WATCHERS = 70 }; /* more than one message of notices has room for */
	io_iterator_t iterators[WATCHERS] = { 0 };
	unsigned seen = 0;

	arena_begin("Stage.dext", NULL);
	io_connect_t stage = stage_open();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);

	for (int i = 0; i < WATCHERS; i++) {
		test_equal_error(IOServiceAddMatchingNotification(port, kIOMatchedNotification,
								  IOServiceMatching("StageLeaf"),
								  on_event, &seen, &iterators[i]),
				 0);
		test_equal(drain(iterators[i]), 0);
	}
	come_and_go(stage, 4);
	for (int i = 0; i < WATCHERS; i++)
		IOObjectRelease(iterators[i]);
	IONotificationPortDestroy(port);
	IOServiceClose(stage);
	arena_end();
}

/* --- P-R4, P-R5 ------------------------------------------------------------------------------------ */

static CFTypeRef make_deep(int depth)
{
	CFMutableArrayRef inner = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	for (int i = 0; i < depth; i++) {
		CFMutableArrayRef outer = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

		CFArrayAppendValue(outer, inner);
		CFRelease(inner);
		inner = outer;
	}
	return inner;
}

static void set_everywhere(CFTypeRef value)
{
	io_iterator_t iterator = 0;
	io_object_t entry;

	test_equal_error(IORegistryCreateIterator(kIOMainPortDefault, kIOServicePlane,
						  kIORegistryIterateRecursively, &iterator),
			 0);
	while ((entry = IOIteratorNext(iterator))) {
		test_true(IORegistryEntrySetCFProperties(entry, value) != 0);
		IOObjectRelease(entry);
	}
	IOObjectRelease(iterator);
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	test_true(IORegistryEntrySetCFProperties(root, value) != 0);
	IOObjectRelease(root);
}

HOSTILE(P_R4, properties_that_nobody_may_set)
{
	CFMutableDictionaryRef odd = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFMutableDataRef giant = CFDataCreateMutable(NULL, 0);
	CFTypeRef deep = make_deep(200);
	int one = 1;
	CFNumberRef number = CFNumberCreate(NULL, kCFNumberIntType, &one);

	world_withhold_privileges();
	arena_begin("Fixture.dext", NULL);
	CFDataSetLength(giant, 5 << 20);
	CFDictionarySetValue(odd, number, number); /* a key that is no string */
	set_everywhere(odd);
	set_everywhere(deep);
	set_everywhere(giant);
	set_everywhere(number);
	CFDictionaryRemoveAllValues(odd);
	CFDictionarySetValue(odd, CFSTR("IOClass"), CFSTR("Mine"));
	set_everywhere(odd);
	CFRelease(deep);
	CFRelease(giant);
	CFRelease(odd);
	CFRelease(number);
	arena_end();
}

/* What the tools print has no byte that a terminal would obey. */
static void check_tool(const char *words)
{
	char command[600];
	int c, last = 0;
	FILE *f;

	snprintf(command, sizeof(command), "%s/%s 2>&1", test_built("bin"), words);
	f = popen(command, "re");
	test_true(f != NULL);
	for (; (c = fgetc(f)) != EOF; last = c) {
		bool is_c1 = last == 0xc2 && c < 0xa0; /* U+0080 to U+009F */

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || is_c1)
			test_fail(__FILE__, __LINE__, "%s prints byte %#x", words, c);
	}
	pclose(f);
}

/* 100 KiB of them, as a name and as a value. */
static void name_at_length(io_connect_t stage)
{
	enum { LENGTH = 100 << 10 };
	char *bytes = malloc(LENGTH + 1);

	test_true(bytes != NULL);
	memset(bytes, '\033', LENGTH);
	bytes[LENGTH] = '\0';
	CFStringRef text = CFStringCreateWithCString(NULL, bytes, kCFStringEncodingUTF8);
	CFDictionaryRef properties = stage_dictionary("Long", CFRetain(text), NULL);

	stage_do(stage, properties, "set key=k0");
	stage_try(stage, text, NULL, "name key=k0");
	CFRelease(properties);
	CFRelease(text);
	free(bytes);
}

HOSTILE(P_R5, names_and_values_with_control_bytes)
{
	static const char *const names[] = { "%1b[2J%07evil", "a%2fb", "%c3%28",    "%0a%0dline",
					     "%7f%08%08",     "a%40b", "%c2%9bcsi", "%ff%fe" };

	arena_begin("Stage.dext", NULL);
	io_connect_t stage = stage_open();
	CFStringRef text =
		CFStringCreateWithCString(NULL, "\033]0;owned\007\b\x7f", kCFStringEncodingUTF8);
	CFMutableDictionaryRef properties = stage_dictionary("\033[31mKey", text, NULL);

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		stage_try(stage, properties, NULL,
			  "publish key=k%u class=StageLeaf name=%s register", i, names[i]);
	CFRelease(properties);
	name_at_length(stage);
	check_tool("ioreg -l -w0");
	check_tool("ioreg -a");
	check_tool("portico status");
	check_tool("portico list");
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		stage_try(stage, NULL, NULL, "terminate key=k%u", i);
	IOServiceClose(stage);
	arena_end();
}

/* Nor have their complaints, about what somebody else has called something. */
HOSTILE(P_R5, complaints_about_names_with_control_bytes)
{
	static const char *const commands[] = {
		"porticod --no-bridge --socket '/nowhere\033[2J/s'",
		"porticod --no-bridge --socket s --limit '\302\233m\033[2J=1'",
		"porticod --no-bridge --socket s --config '/nowhere\033[2J'",
		"porticod --no-bridge --socket s --generation '\033[2J'",
		"porticod '--\033[2J'",
		"porticod --check-policy '/nowhere\033[2J'",
		"portico '\033[2J'",
		"portico help '\033[2J'",
		"portico status '\033[2J'",
		"portico load '/nowhere\033[2J'",
		"portico crash '\033[2J'",
		"portico policy check '/nowhere\302\233m'",
		"portico policy explain '\033[2J'",
		"portico run --no-bridge -- '\033[2J'",
		"ioreg -p '\033[2J'",
		"ioreg -d '\033[2J'",
		"ioreg '\033[2J'",
	};

	arena_begin("Stage.dext", NULL);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		check_tool(commands[i]);
	arena_end();
}

TEST_MAIN
