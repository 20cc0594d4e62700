// SPDX-License-Identifier: MIT
/* Look-ups, handles, iterators, properties, against a registry of the test's own. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IODataQueueClient.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>
#include <mach/mig_errors.h>

#include "client/session.h"
#include "fake.h"
#include "test.h"

static struct fake fake;

static io_service_t fixture(void)
{
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("FixtureDriver"));

	test_true(service != 0);
	return service;
}

static bool text_is(CFStringRef string, const char *text)
{
	char buffer[600];
	bool same = string &&
		    CFStringGetCString(string, buffer, sizeof(buffer), kCFStringEncodingUTF8) &&
		    !strcmp(buffer, text);

	if (string)
		CFRelease(string);
	return same;
}

TEST(spec_b01_main_port_is_always_the_same)
{
	mach_port_t a, b;

	test_equal(IOMainPort(MACH_PORT_NULL, &a), 0);
	test_equal(IOMasterPort(bootstrap_port, &b), 0);
	test_equal(a, b);
	test_equal_error(IOMainPort(0, NULL), kIOReturnBadArgument);
	mach_port_deallocate(mach_task_self(), a);
	mach_port_deallocate(mach_task_self(), b);
}

TEST(spec_b03_b06_same_service_same_name)
{
	io_service_t a, b;

	fake_start(&fake, NULL);
	a = fixture();
	b = fixture();
	test_equal(a, b);
	test_equal(IOObjectIsEqualTo(a, b), 1);
	test_equal(IOObjectGetUserRetainCount(a), 2);
	test_equal(IOObjectRetain(a), 0);
	test_equal(IOObjectGetUserRetainCount(a), 3);
	for (int i = 0; i < 3; i++)
		test_equal(IOObjectRelease(a), 0);
	test_equal(IOObjectRelease(a), KERN_INVALID_NAME);
	test_equal(IOObjectRelease(0), 0);
	test_equal(IOObjectRetain(0), 0);
	test_equal(IOObjectGetUserRetainCount(0), 1);
	test_equal(IOObjectGetKernelRetainCount(a), 0);
	fake_end(&fake);
}

TEST(spec_b02_other_main_ports_are_refused)
{
	mach_port_t port, main_port;
	io_iterator_t iterator;

	fake_start(&fake, NULL);
	mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	test_equal_error(
		IOServiceGetMatchingServices(port, IOServiceMatching("FixtureDriver"), &iterator),
		kIOReturnNotPrivileged);
	test_equal_error(
		IOServiceGetMatchingServices(~0u, IOServiceMatching("FixtureDriver"), &iterator),
		MACH_SEND_INVALID_DEST);
	mach_port_destroy(mach_task_self(), port);
	test_equal(IOMainPort(0, &main_port), 0);
	test_equal_error(IOServiceGetMatchingServices(main_port, IOServiceMatching("FixtureDriver"),
						      &iterator),
			 0);
	IOObjectRelease(iterator);
	mach_port_deallocate(mach_task_self(), main_port);
	fake_end(&fake);
}

TEST(spec_c01_c02_snapshot_iterator)
{
	io_iterator_t iterator;
	io_service_t first, second, again;

	fake_start(&fake, NULL);
	test_equal(IOServiceGetMatchingServices(0, IOServiceMatching("FixtureDriver"), &iterator),
		   0);
	first = IOIteratorNext(iterator);
	second = IOIteratorNext(iterator);
	test_true(first && second && first != second);
	test_equal(IOIteratorNext(iterator), 0);
	test_equal(IOIteratorNext(iterator), 0);
	IOIteratorReset(iterator);
	again = IOIteratorNext(iterator);
	test_equal(again, first);
	test_equal(IOIteratorIsValid(iterator), 1);
	test_equal_error(IORegistryIteratorEnterEntry(iterator), kIOReturnBadArgument);
	IOObjectRelease(iterator);
	test_equal(IOObjectConformsTo(first, "IOService"), 1);
	IOObjectRelease(first);
	IOObjectRelease(again);
	IOObjectRelease(second);
	test_equal(IOServiceGetMatchingServices(0, IOServiceMatching("None"), &iterator), 0);
	test_equal(iterator, 0);
	test_equal(IOIteratorNext(0), 0);
	test_equal(IOIteratorIsValid(0), 0);
	fake_end(&fake);
}

TEST(spec_d01_matching_is_consumed_always)
{
	CFMutableDictionaryRef matching = IOServiceMatching("FixtureDriver");
	io_iterator_t iterator;
	int number = 1;
	CFNumberRef key = CFNumberCreate(NULL, kCFNumberIntType, &number);
	CFMutableDictionaryRef bad = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	fake_start(&fake, NULL);
	CFRetain(matching);
	CFRetain(matching);
	IOObjectRelease(IOServiceGetMatchingService(0, matching));
	test_equal(CFGetRetainCount(matching), 2);
	test_equal_error(IOServiceGetMatchingServices(0, matching, NULL), kIOReturnBadArgument);
	test_equal(CFGetRetainCount(matching), 1);
	CFRelease(matching);
	test_equal(IOServiceGetMatchingService(0, NULL), 0);
	test_equal_error(IOServiceGetMatchingServices(0, NULL, &iterator), kIOReturnBadArgument);
	CFDictionarySetValue(bad, key, key);
	test_equal_error(IOServiceGetMatchingServices(0, bad, &iterator), kIOReturnBadArgument);
	test_equal_error(
		IOServiceGetMatchingServices(0, (CFDictionaryRef)CFRetain(CFSTR("x")), &iterator),
		kIOReturnBadArgument);
	CFRelease(key);
	fake_end(&fake);
}

TEST(spec_d10_to_d16_matching_dictionaries)
{
	char path[600];
	CFMutableDictionaryRef d = IOServiceMatching("x");
	int64_t id = 0;

	test_equal(CFDictionaryGetCount(d), 1);
	test_true(text_is(CFRetain(CFDictionaryGetValue(d, CFSTR("IOProviderClass"))), "x"));
	CFRelease(d);
	d = IOBSDNameMatching(0, 0, "disk0");
	test_true(text_is(CFRetain(CFDictionaryGetValue(d, CFSTR("BSD Name"))), "disk0"));
	CFRelease(d);
	d = IOServiceNameMatching("y");
	test_true(text_is(CFRetain(CFDictionaryGetValue(d, CFSTR("IONameMatch"))), "y"));
	CFRelease(d);
	d = IORegistryEntryIDMatching(0x123456789abc);
	CFNumberGetValue(CFDictionaryGetValue(d, CFSTR("IORegistryEntryID")), kCFNumberSInt64Type,
			 &id);
	test_equal(id, 0x123456789abc);
	CFRelease(d);
	test_true(!IOBSDNameMatching(0, 0, NULL) && !IOServiceMatching(NULL) &&
		  !IOServiceNameMatching(NULL));
	memset(path, 'a', sizeof(path));
	path[499] = '\0';
	test_true(!IOOpenFirmwarePathMatching(0, 0, path));
	path[498] = '\0';
	d = IOOpenFirmwarePathMatching(0, 0, path);
	test_true(d != NULL);
	CFRelease(d);
}

TEST(classes_names_and_paths)
{
	io_service_t service;
	io_name_t name;
	io_string_t path;
	uint64_t id = 5;

	fake_start(&fake, NULL);
	service = fixture();
	test_equal(IOObjectGetClass(service, name), 0);
	test_equal_text(name, "FixtureDriver");
	test_true(text_is(IOObjectCopyClass(service), "FixtureDriver"));
	test_equal(IOObjectConformsTo(service, "FixtureDriver"), 1);
	test_equal(IOObjectConformsTo(service, "OSObject"), 1);
	test_equal(IOObjectConformsTo(service, "IOUserClient"), 0);
	test_true(text_is(IOObjectCopySuperclassForClass(CFSTR("IOService")), "IORegistryEntry"));
	test_true(!IOObjectCopySuperclassForClass(CFSTR("OSObject")));
	test_true(!IOObjectCopySuperclassForClass(CFSTR("Unknown")));
	test_true(!IOObjectCopySuperclassForClass(NULL));
	test_true(text_is(IOObjectCopyBundleIdentifierForClass(CFSTR("IOService")),
			  "org.example.fixture"));
	test_equal(IORegistryEntryGetName(service, name), 0);
	test_equal_text(name, "fixture");
	test_equal(IORegistryEntryGetLocationInPlane(service, "IOService", name), 0);
	test_equal_text(name, "5");
	test_equal(IORegistryEntryGetPath(service, "IOService", path), 0);
	test_equal_text(path, "IOService:/fixture@5");
	test_true(text_is(IORegistryEntryCopyPath(service, "IOService"), "IOService:/fixture@5"));
	test_equal(IORegistryEntryFromPath(0, path), service);
	test_equal(IORegistryEntryCopyFromPath(0, CFSTR("IOService:/fixture@5")), service);
	test_equal(IORegistryEntryFromPath(0, "IOService/nope"), 0);
	test_equal(IORegistryEntryGetRegistryEntryID(service, &id), 0);
	test_equal(id, FAKE_ID(FAKE_SERVICE));
	test_equal(IORegistryEntryInPlane(service, "IOService"), 1);
	for (int i = 0; i < 3; i++)
		IOObjectRelease(service);
	/* null, released, unknown */
	for (io_object_t bad = 0;; bad = ~0u) {
		test_equal_error(IOObjectGetClass(bad, name), MACH_SEND_INVALID_DEST);
		test_equal_error(IORegistryEntryGetName(bad, name), MACH_SEND_INVALID_DEST);
		test_equal_error(IORegistryEntryGetRegistryEntryID(bad, &id),
				 MACH_SEND_INVALID_DEST);
		test_equal(id, 0);
		test_true(!IOObjectCopyClass(bad));
		test_equal(IOObjectConformsTo(bad, "IOService"), 0);
		test_true(!IORegistryEntryCopyPath(bad, "IOService"));
		if (bad)
			break;
	}
	test_equal_error(IOObjectGetClass(service, name), MACH_SEND_INVALID_DEST);
	fake_end(&fake);
}

TEST(spec_e19_to_e23_properties)
{
	io_service_t service;
	CFMutableDictionaryRef all;
	io_struct_inband_t buffer;
	uint32_t size;
	CFTypeRef value;

	fake_start(&fake, NULL);
	service = fixture();
	test_true(text_is(IORegistryEntryCreateCFProperty(service, CFSTR("text"), NULL, 0), "abc"));
	test_true(!IORegistryEntryCreateCFProperty(service, CFSTR("none"), NULL, 0));
	test_true(!IORegistryEntryCreateCFProperty(service, NULL, NULL, 0));
	value = IORegistryEntrySearchCFProperty(service, "IOService", CFSTR("yes"), NULL, 3);
	test_true(value == kCFBooleanTrue);
	CFRelease(value);
	test_equal(IORegistryEntryCreateCFProperties(service, &all, NULL, 0), 0);
	test_equal(CFDictionaryGetCount(all), 1);
	CFRelease(all);
	size = 4;
	test_equal(IORegistryEntryGetProperty(service, "text", buffer, &size), 0);
	test_equal(size, 4);
	test_equal_text(buffer, "abc");
	size = 3;
	test_equal_error(IORegistryEntryGetProperty(service, "text", buffer, &size),
			 kIOReturnIPCError);
	size = sizeof(buffer);
	test_equal(IORegistryEntryGetProperty(service, "small", buffer, &size), 0);
	test_equal(size, 4);
	test_equal(memcmp(buffer, "\xfe\xff\xff\xff", 4), 0);
	size = sizeof(buffer);
	test_equal(IORegistryEntryGetProperty(service, "yes", buffer, &size), 0);
	test_equal_text(buffer, "Yes");
	size = sizeof(buffer);
	test_equal(IORegistryEntryGetProperty(service, "data", buffer, &size), 0);
	test_equal(size, 3);
	test_equal_error(IORegistryEntryGetProperty(service, "list", buffer, &size),
			 kIOReturnBadArgument);
	test_equal_error(IORegistryEntryGetProperty(service, "none", buffer, &size),
			 kIOReturnNoResources);
	test_equal_error(IORegistryEntrySetCFProperty(service, CFSTR("a"), CFSTR("b")),
			 kIOReturnUnsupported);
	test_equal_error(IORegistryEntrySetCFProperties(service, NULL), kIOReturnUnsupported);
	IOObjectRelease(service);
	fake_end(&fake);
}

static int drain(io_iterator_t iterator)
{
	io_object_t object;
	int n = 0;

	while ((object = IOIteratorNext(iterator))) {
		IOObjectRelease(object);
		n++;
	}
	return n;
}

/* The names that a recursive walk meets, one after the other. */
static void walk_names(char *names, size_t size)
{
	io_iterator_t iterator;
	io_registry_entry_t entry;
	io_name_t name;

	names[0] = '\0';
	test_equal(
		IORegistryCreateIterator(0, "IOService", kIORegistryIterateRecursively, &iterator),
		0);
	while ((entry = IOIteratorNext(iterator))) {
		test_equal(IORegistryEntryGetName(entry, name), 0);
		strncat(names, name, size - strlen(names) - 1);
		strncat(names, " ", size - strlen(names) - 1);
		IOObjectRelease(entry);
	}
	test_equal(IOIteratorIsValid(iterator), 1);
	IOObjectRelease(iterator);
}

TEST(walks_go_on_where_an_answer_was_cut)
{
	char whole[256], parts[256];

	fake_start(&fake, NULL);
	walk_names(whole, sizeof(whole));
	test_equal_text(whole, "machine fixture nub second uc ");
	unsigned n_whole = fake.n_children;
	for (unsigned most = 1; most < FAKE_ENTRIES; most++) {
		fake.most_children = most;
		unsigned before = fake.n_children;
		walk_names(parts, sizeof(parts));
		test_equal_text(parts, whole);
		test_true(most == FAKE_ENTRIES - 1 || fake.n_children > before + n_whole);
	}
	/* the names came along */
	test_equal(fake.n_names, 0);
	fake_end(&fake);
}

/* --- asking ahead ----------------------------------------------------------------- */

/* At the first of the machine's two children, which come one in an answer. */
static io_iterator_t stand_at_first(void)
{
	io_registry_entry_t machine = IORegistryEntryFromPath(0, "IOService:/");
	io_iterator_t iterator;

	test_equal(IORegistryEntryCreateIterator(machine, "IOService", 0, &iterator), 0);
	IOObjectRelease(machine);
	io_registry_entry_t child = IOIteratorNext(iterator);
	test_true(child != 0);
	IOObjectRelease(child);
	return iterator;
}

static io_iterator_t start_at_first(fake_hook_fn hook)
{
	fake_start(&fake, hook);
	fake.most_children = 1;
	return stand_at_first();
}

/* Questions about children that have been heard when another one has been answered. */
static unsigned count_questions(void)
{
	io_registry_entry_t machine = IORegistryEntryFromPath(0, "IOService:/");

	IOObjectRelease(machine);
	return fake.n_children;
}

TEST(the_next_part_is_asked_for_before_it_is_needed)
{
	io_iterator_t iterator = start_at_first(NULL);
	test_equal(count_questions(), 2);
	test_equal(drain(iterator), 1);
	test_equal(IOIteratorIsValid(iterator), 1);
	test_equal(count_questions(), 2);
	IOIteratorReset(iterator);
	test_equal(drain(iterator), 2);
	IOObjectRelease(iterator);
	fake_end(&fake);
}

/* Whoever drops or resets a walk gives back what is on its way (which the end of the test counts). */
TEST(an_answer_that_nobody_wants_is_given_back)
{
	io_iterator_t iterator = start_at_first(NULL);
	IOIteratorReset(iterator);
	test_equal(drain(iterator), 2);
	IOObjectRelease(iterator);
	for (int i = 0; i < 10; i++)
		IOObjectRelease(stand_at_first());
	fake_end(&fake);
}

TEST(one_walk_of_a_program_asks_ahead_at_a_time)
{
	io_iterator_t first = start_at_first(NULL);
	test_equal(count_questions(), 2);
	io_iterator_t second = stand_at_first();
	test_equal(count_questions(), 3);
	test_equal(drain(second), 1);
	test_equal(count_questions(), 4);
	IOObjectRelease(first);
	IOIteratorReset(second);
	test_equal(drain(second), 2);
	IOObjectRelease(second);
	fake_end(&fake);
}

/* An entry in it may have died before it had a handle that somebody could kill. */
TEST(an_answer_from_before_a_death_is_asked_for_again)
{
	io_iterator_t iterator = start_at_first(NULL);
	test_equal(count_questions(), 2);
	fake_send_dead(&fake, FAKE_NUB);
	test_equal(drain(iterator), 1);
	test_equal(count_questions(), 3);
	IOObjectRelease(iterator);
	fake_end(&fake);
}

TEST(an_answer_from_before_a_change_ends_the_walk)
{
	io_iterator_t iterator = start_at_first(NULL);
	test_equal(count_questions(), 2);
	fake.list_generation++;
	fake.page->tree_generation++;
	test_equal(drain(iterator), 0);
	test_equal(IOIteratorIsValid(iterator), 0);
	IOObjectRelease(iterator);
	fake_end(&fake);
}

static bool keep_second_answer(struct fake *f, int socket, struct wire_frame *frame)
{
	return frame->header.type == WIRE_CHILDREN && f->n_children == 1;
}

/* The registry goes with the answer. */
TEST(a_lost_answer_ends_the_walk)
{
	io_iterator_t iterator = start_at_first(keep_second_answer);
	fake_stop(&fake);
	test_equal(drain(iterator), 0);
	test_equal(IOIteratorIsValid(iterator), 0);
	IOObjectRelease(iterator);
	client_session_end();
	memcpy(fake.released, fake.granted, sizeof(fake.released));
	fake_free(&fake);
}

TEST(lists_are_read_in_parts)
{
	io_registry_entry_t root, machine, child;
	io_iterator_t iterator;

	fake_start(&fake, NULL);
	root = IORegistryGetRootEntry(0);
	test_equal(IORegistryEntryGetChildEntry(root, "IOService", &machine), 0);
	fake.most_children = 1;
	test_equal(IORegistryEntryGetChildIterator(machine, "IOService", &iterator), 0);
	test_equal(drain(iterator), 2);
	IOObjectRelease(iterator);
	test_equal(IORegistryEntryGetChildEntry(machine, "IOService", &child), 0);
	IOObjectRelease(child);
	IOObjectRelease(machine);
	IOObjectRelease(root);
	fake_end(&fake);
}

TEST(a_name_that_came_along_is_good_until_one_changes)
{
	io_registry_entry_t root, machine;
	io_iterator_t iterator;
	io_name_t name;

	fake_start(&fake, NULL);
	root = IORegistryGetRootEntry(0);
	test_equal(IORegistryEntryGetChildIterator(root, "IOService", &iterator), 0);
	machine = IOIteratorNext(iterator);
	test_equal(IORegistryEntryGetName(machine, name), 0);
	test_equal_text(name, "machine");
	test_equal(fake.n_names, 0);
	fake.page->tree_generation++;
	test_equal(IORegistryEntryGetName(machine, name), 0);
	test_equal(fake.n_names, 0);
	fake.page->name_generation++;
	test_equal(IORegistryEntryGetName(machine, name), 0);
	test_equal_text(name, "machine");
	test_equal(fake.n_names, 1);
	IOObjectRelease(machine);
	IOObjectRelease(iterator);
	IOObjectRelease(root);
	fake_end(&fake);
}

TEST(a_class_that_nothing_overrides_is_good_until_names_change)
{
	io_registry_entry_t root, machine;
	io_name_t class;

	fake_start(&fake, NULL);
	root = IORegistryGetRootEntry(0);
	test_equal(IORegistryEntryGetChildEntry(root, "IOService", &machine), 0);
	unsigned before = fake.n_properties;
	test_equal(IOObjectGetClass(machine, class), 0);
	test_equal_text(class, "IOPlatformExpertDevice");
	test_true(!IOObjectConformsTo(machine, "Another"));
	test_equal(fake.n_properties, before);
	fake.page->name_generation++;
	test_equal(IOObjectGetClass(machine, class), 0);
	test_equal_text(class, "IOPlatformExpertDevice");
	test_equal(fake.n_properties, before + 1);
	/* Nobody has said so of the root. */
	test_equal(IOObjectGetClass(root, class), 0);
	test_equal(fake.n_properties, before + 2);
	IOObjectRelease(machine);
	IOObjectRelease(root);
	fake_end(&fake);
}

TEST(spec_c04_to_c10_registry_walks)
{
	io_iterator_t iterator;
	io_registry_entry_t root, child;
	uint64_t id;

	fake_start(&fake, NULL);
	test_equal(
		IORegistryCreateIterator(0, "IOService", kIORegistryIterateRecursively, &iterator),
		0);
	test_equal(drain(iterator), FAKE_ENTRIES - 1);
	IOIteratorReset(iterator);
	child = IOIteratorNext(iterator);
	IORegistryEntryGetRegistryEntryID(child, &id);
	test_equal(id, FAKE_ID(FAKE_MACHINE));
	IOObjectRelease(child);
	/* Something else changes: the level is looked at again and found good. */
	fake.page->tree_generation++;
	test_equal(IOIteratorIsValid(iterator), 1);
	child = IOIteratorNext(iterator);
	IOObjectRelease(child);
	/* The level itself changes. */
	fake.hidden[FAKE_SECOND] = true;
	fake.list_generation++;
	fake.page->tree_generation++;
	/* The walk stands below what it returned last: it notices when it comes back. */
	test_equal(IOIteratorIsValid(iterator), 1);
	test_equal(drain(iterator), 1);
	test_equal(IOIteratorIsValid(iterator), 0);
	IOIteratorReset(iterator);
	test_equal(IOIteratorIsValid(iterator), 1);
	test_equal(drain(iterator), FAKE_ENTRIES - 3);
	IOObjectRelease(iterator);
	root = IORegistryGetRootEntry(0);
	IORegistryEntryGetRegistryEntryID(root, &id);
	test_equal(id, WIRE_ROOT_ID);
	test_equal(IORegistryEntryCreateIterator(root, "IOService", 0, &iterator), 0);
	child = IOIteratorNext(iterator);
	test_equal(IORegistryIteratorEnterEntry(iterator), 0);
	test_equal(drain(iterator), 1);
	test_equal(IORegistryIteratorExitEntry(iterator), 0);
	test_equal(IOIteratorNext(iterator), 0);
	test_equal_error(IORegistryIteratorExitEntry(iterator), kIOReturnNoDevice);
	IOObjectRelease(iterator);
	IOObjectRelease(child);
	test_equal_error(IORegistryCreateIterator(0, "Nope", 0, &iterator), kIOReturnBadArgument);
	test_equal(IORegistryEntryGetChildIterator(root, "Nope", &iterator), 0);
	test_equal(iterator, 0);
	test_equal(IORegistryEntryGetChildEntry(root, "IOService", &child), 0);
	test_equal(IORegistryEntryGetChildIterator(child, "IOService", &iterator), 0);
	test_equal(drain(iterator), 1);
	IOObjectRelease(iterator);
	IOObjectRelease(child);
	child = 7;
	test_equal_error(IORegistryEntryGetParentEntry(root, "IOService", &child),
			 kIOReturnNoDevice);
	test_equal(child, 0);
	IOObjectRelease(root);
	fake_end(&fake);
}

TEST(spec_d33_only_services_have_state)
{
	io_registry_entry_t root;
	io_service_t service;
	uint32_t busy = 9;
	uint64_t state = 9, busy_ns;
	boolean_t matches = 0;
	mach_timespec_t none = { 0, 0 };
	CFMutableDictionaryRef matching = IOServiceMatching("FixtureDriver");

	fake_start(&fake, NULL);
	root = IORegistryGetRootEntry(0);
	service = fixture();
	test_equal_error(IOServiceMatchPropertyTable(root, matching, &matches),
			 kIOReturnBadArgument);
	test_equal_error(IOServiceMatchPropertyTable(service, NULL, &matches),
			 kIOReturnBadArgument);
	test_equal(IOServiceMatchPropertyTable(service, matching, &matches), 0);
	test_equal(matches, 1);
	test_equal_error(IOServiceGetBusyState(root, &busy), kIOReturnBadArgument);
	test_equal(busy, 0);
	test_equal(IOServiceGetBusyState(service, &busy), 0);
	test_equal(busy, 2);
	test_equal(IOKitGetBusyState(0, &busy), 0);
	test_equal(busy, 2);
	test_equal(IOServiceGetState(service, &state), 0);
	test_equal(state, 30);
	test_equal(IOServiceGetBusyStateAndTime(service, &state, &busy, &busy_ns), 0);
	test_equal(busy_ns, 77);
	test_equal_error(IOServiceWaitQuiet(service, &none), kIOReturnTimeout);
	test_equal_error(IOKitWaitQuiet(0, &none), kIOReturnTimeout);
	test_equal_error(IOServiceRequestProbe(service, 0), kIOReturnUnsupported);
	test_equal_error(IOServiceRequestProbe(root, 0), kIOReturnBadArgument);
	CFRelease(matching);
	IOObjectRelease(root);
	IOObjectRelease(service);
	fake_end(&fake);
}

TEST(spec_f11_dead_entries_have_dead_names)
{
	io_service_t service;
	mach_port_type_t type;
	io_name_t name;

	fake_start(&fake, NULL);
	service = fixture();
	fake_send_dead(&fake, FAKE_SERVICE);
	do {
		test_equal(mach_port_type(mach_task_self(), service, &type), 0);
	} while (type != MACH_PORT_TYPE_DEAD_NAME);
	test_equal_error(IOObjectGetClass(service, name), MACH_SEND_INVALID_DEST);
	test_equal(IOObjectRetain(service), 0);
	test_equal(IOObjectRelease(service), 0);
	test_equal(IOObjectRelease(service), 0);
	test_equal(IOObjectRelease(service), KERN_INVALID_NAME);
	fake_end(&fake);
}

TEST(lost_registry_is_found_again_with_the_same_handles)
{
	io_service_t service, again;
	io_name_t name;

	fake_start(&fake, NULL);
	service = fixture();
	fake_stop(&fake);
	memset(fake.granted, 0, sizeof(fake.granted));
	memset(fake.released, 0, sizeof(fake.released));
	test_equal_error(IORegistryEntryGetName(service, name), MACH_SEND_INVALID_DEST);
	fake_restart(&fake);
	test_equal(IORegistryEntryGetName(service, name), 0);
	again = fixture();
	test_equal(again, service);
	IOObjectRelease(service);
	IOObjectRelease(again);
	fake_end(&fake);
}

TEST(forked_child_has_no_handles_and_connects_anew)
{
	io_service_t service;
	int status;
	pid_t pid;

	fake_start(&fake, NULL);
	service = fixture();
	pid = fork();
	if (pid == 0) {
		io_name_t name;

		if (IOObjectGetClass(service, name) != MACH_SEND_INVALID_DEST)
			_exit(1);
		service = IOServiceGetMatchingService(0, IOServiceMatching("FixtureDriver"));
		_exit(service && IOObjectGetClass(service, name) == 0 ? 0 : 2);
	}
	test_equal(waitpid(pid, &status, 0), pid);
	test_equal(status, 0);
	IOObjectRelease(service);
	client_session_end();
	fake_stop(&fake);
	/* The child's grants went with it. */
	memcpy(fake.granted, fake.released, sizeof(fake.granted));
	fake_free(&fake);
}

TEST(no_registry_is_an_error_not_a_crash)
{
	io_iterator_t iterator = 5;

	setenv("PORTICO_SESSION", "/nonexistent/socket", 1);
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("x")), 0);
	test_equal_error(IOServiceGetMatchingServices(0, IOServiceMatching("x"), &iterator),
			 MACH_SEND_INVALID_DEST);
	test_equal(iterator, 5);
	test_equal(IORegistryGetRootEntry(0), 0);
}

static bool wrong_version(struct fake *f, int socket, struct wire_frame *frame)
{
	if (frame->header.type != WIRE_HELLO)
		return false;
	fake_reply_status(socket, frame, kIOReturnUnsupported);
	return true;
}

TEST(registry_of_another_version_is_refused)
{
	fake_start(&fake, wrong_version);
	test_equal(IORegistryGetRootEntry(0), 0);
	fake_end(&fake);
}

/* Of no size; setting a port writes the appendix behind its entries. */
static union {
	IODataQueueMemory queue;
	uint8_t room[DATA_QUEUE_MEMORY_HEADER_SIZE + DATA_QUEUE_MEMORY_APPENDIX_SIZE];
} local;
static _Atomic bool stop_using;

/* What needs no registry, but locks. */
static void use_locks(void)
{
	CFStringRef superclass = IOObjectCopySuperclassForClass(CFSTR("IOService"));
	mach_port_t port;

	test_true(superclass != NULL);
	CFRelease(superclass);
	test_equal(IOMainPort(0, &port), 0);
	mach_port_deallocate(mach_task_self(), port);
	test_equal(IODataQueueSetNotificationPort(&local.queue, 0), 0);
}

static void *use_locks_until(void *context)
{
	while (!atomic_load(&stop_using))
		use_locks();
	return NULL;
}

TEST(forked_child_is_not_held_up_by_what_other_threads_hold)
{
	pthread_t threads[3];
	io_service_t service;
	int status;

	fake_start(&fake, NULL);
	service = fixture();
	use_locks();
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, use_locks_until, NULL);
	for (int i = 0; i < (test_is_slow() ? 30 : 300); i++) {
		pid_t pid = fork();

		if (!pid) {
			alarm(20);
			use_locks();
			_exit(0);
		}
		test_equal(waitpid(pid, &status, 0), pid);
		test_equal(status, 0);
	}
	atomic_store(&stop_using, true);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	IOObjectRelease(service);
	fake_end(&fake);
}

TEST_MAIN
