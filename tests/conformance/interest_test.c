// SPDX-License-Identifier: MIT
/* H: messages of services to programs that are interested in them. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <IOKit/IOMessage.h>
#include <mach/mach.h>

#include "life.h"
#include "test.h"
#include "world.h"

enum { HEARD_MAX = 64, MESSAGE = 0xe0001234 };

/* What callbacks have heard, in order. */
static struct {
	intptr_t who;
	io_service_t service;
	uint32_t type;
	uintptr_t argument;
	unsigned char bytes[64];
} heard[HEARD_MAX];
static int n_heard;
static size_t pointed_at; /* bytes behind the argument; 0: it is the value */
static IONotificationPortRef port;

static void hear(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	test_true(n_heard < HEARD_MAX);
	heard[n_heard].who = (intptr_t)refcon;
	heard[n_heard].service = service;
	heard[n_heard].type = type;
	heard[n_heard].argument = (uintptr_t)argument;
	if (pointed_at)
		memcpy(heard[n_heard].bytes, argument, pointed_at);
	n_heard++;
}

static void open_port(void)
{
	port = IONotificationPortCreate(kIOMainPortDefault);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
}

static void close_port(void)
{
	IONotificationPortDestroy(port);
	port = NULL;
}

static void await(int n)
{
	while (n_heard < n)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	test_equal(n_heard, n);
}

/* What was sent has arrived when the answer to a later question has, and more comes at once. */
static void expect_no_more(void)
{
	int n = n_heard;

	IOKitWaitQuiet(kIOMainPortDefault, NULL);
	while (CFRunLoopRunInMode(kCFRunLoopDefaultMode, 0, true) == kCFRunLoopRunHandledSource)
		;
	test_equal(n_heard, n);
}

static io_object_t interest(io_service_t service, const char *type, intptr_t who)
{
	io_object_t notifier = 0;

	test_equal_error(
		IOServiceAddInterestNotification(port, service, type, hear, (void *)who, &notifier),
		0);
	test_true(notifier != 0);
	return notifier;
}

static void send_bytes(struct life *l, const void *bytes, size_t n)
{
	CFDataRef data = CFDataCreate(NULL, bytes, (CFIndex)n);

	stage_do(l->stage, data, "message key=a type=0xe0001234");
	CFRelease(data);
}

/* A service A with an open port and a general interest 1 in it. */
struct scene {
	struct life l;
	uint64_t id;
	io_service_t a;
	io_object_t notifier;
};

static struct scene begin(void)
{
	struct scene s = { .l = life_begin() };

	open_port();
	s.id = stage_publish(s.l.stage, NULL, "key=a register");
	s.a = stage_service(s.id);
	s.notifier = interest(s.a, kIOGeneralInterest, 1);
	return s;
}

static void end(struct scene *s)
{
	IOObjectRelease(s->notifier);
	IOObjectRelease(s->a);
	close_port();
	life_end(&s->l);
}

TEST(H01_a_message_with_a_value)
{
	struct scene s = begin();

	stage_do(s.l.stage, NULL, "message key=a type=0xe0001234 argument=0x1122334455667788");
	await(1);
	test_equal(heard[0].who, 1);
	test_equal(heard[0].service, s.a);
	test_equal_error(heard[0].type, MESSAGE);
	test_equal(heard[0].argument, 0x1122334455667788);
	end(&s);
}

static void fill(unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)(0x91 + i);
}

TEST(H02)
{
	struct scene s = begin();
	unsigned char bytes[64];
	uint64_t first;
	int n = 0;

	fill(bytes, sizeof(bytes));
	memcpy(&first, bytes, 8);
	for (size_t size = 8; size < 16; size++) {
		send_bytes(&s.l, bytes, size);
		await(++n);
		test_equal(heard[n - 1].argument, first);
	}
	for (pointed_at = 16; pointed_at <= 48; pointed_at++) {
		send_bytes(&s.l, bytes, pointed_at);
		await(++n);
		test_equal(memcmp(heard[n - 1].bytes, bytes, pointed_at), 0);
		test_equal(heard[n - 1].argument % 8, 0);
	}
	pointed_at = 0;
	end(&s);
}

TEST(H02_fewer_than_eight_bytes_are_followed_by_zeros)
{
	struct scene s = begin();
	unsigned char bytes[8];

	fill(bytes, sizeof(bytes));
	for (size_t size = 1; size < 8; size++) {
		uint64_t value = 0;

		memcpy(&value, bytes, size);
		send_bytes(&s.l, bytes, size);
		await((int)size);
		test_equal(heard[size - 1].argument, value);
	}
	end(&s);
}

TEST(H03)
{
	struct scene s = begin();

	send_bytes(&s.l, &(uint32_t){ 0x80000000 }, 4);
	await(1);
	test_equal(heard[0].argument, 0x80000000ull);
	end(&s);
}

TEST(H04)
{
	struct scene s = begin();
	unsigned char bytes[100];

	fill(bytes, sizeof(bytes));
	pointed_at = 64;
	send_bytes(&s.l, bytes, 100);
	await(1);
	test_equal(memcmp(heard[0].bytes, bytes, 64), 0);
	pointed_at = 0;
	end(&s);
}

/* --- the message itself --------------------------------------------------------------- */

struct raw {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t service;
	OSNotificationHeader64 notification __attribute__((packed, aligned(4)));
	uint32_t type;
	unsigned char argument[64 + MAX_TRAILER_SIZE];
} __attribute__((packed, aligned(4)));

static void receive(IONotificationPortRef from, struct raw *m)
{
	memset(m, 0xee, sizeof(*m));
	test_equal_error(mach_msg(&m->header, MACH_RCV_MSG, 0, sizeof(*m),
				  IONotificationPortGetMachPort(from), 0, MACH_PORT_NULL),
			 0);
}

static void drop(struct raw *m)
{
	mach_port_deallocate(mach_task_self(), m->header.msgh_remote_port);
	mach_port_deallocate(mach_task_self(), m->service.name);
}

/* A scene whose port is not served by a run loop. */
static struct scene begin_raw(void)
{
	struct scene s = { .l = life_begin() };

	port = IONotificationPortCreate(kIOMainPortDefault);
	s.id = stage_publish(s.l.stage, NULL, "key=a register");
	s.a = stage_service(s.id);
	s.notifier = interest(s.a, kIOGeneralInterest, 0x77);
	return s;
}

TEST(H05)
{
	struct scene s = begin_raw();
	struct raw m;
	uint64_t value;

	stage_do(s.l.stage, NULL, "message key=a type=0xe0001234 argument=0x1122334455667788");
	receive(port, &m);
	test_true(m.header.msgh_bits & MACH_MSGH_BITS_COMPLEX);
	test_equal(m.header.msgh_size, 124);
	test_equal(m.header.msgh_id, kOSNotificationMessageID);
	test_equal(m.header.msgh_remote_port, s.notifier);
	test_equal(m.header.msgh_local_port, IONotificationPortGetMachPort(port));
	test_equal(m.body.msgh_descriptor_count, 1);
	test_equal(m.service.type, MACH_MSG_PORT_DESCRIPTOR);
	test_equal(m.service.name, s.a);
	test_equal(m.notification.size, 76);
	test_equal(m.notification.type, kIOServiceMessageNotificationType);
	test_equal(m.notification.reference[0], 0);
	test_equal(m.notification.reference[kIOInterestCalloutFuncIndex], (uintptr_t)hear);
	test_equal(m.notification.reference[kIOInterestCalloutRefconIndex], 0x77);
	test_equal(m.notification.reference[kIOInterestCalloutServiceIndex], s.a);
	test_equal_error(m.type, MESSAGE);
	memcpy(&value, m.argument, 8);
	test_equal(value, 0x1122334455667788);
	drop(&m);
	end(&s);
}

TEST(H06)
{
	struct scene s = begin_raw();
	unsigned char bytes[64];
	struct raw m;

	fill(bytes, sizeof(bytes));
	for (uint32_t n = 1; n <= 64; n++) {
		send_bytes(&s.l, bytes, n);
		receive(port, &m);
		test_equal(m.header.msgh_size, 116 + (n + 3) / 4 * 4);
		test_equal(m.notification.size, 76);
		test_equal(m.notification.type,
			   kIOServiceMessageNotificationType |
				   (n & kIOKitNoticationMsgSizeMask)
					   << kIOKitNoticationTypeSizeAdjShift);
		test_equal(memcmp(m.argument, bytes, n), 0);
		for (uint32_t i = n; i < (n + 3) / 4 * 4; i++)
			test_equal(m.argument[i], 0);
		drop(&m);
	}
	end(&s);
}

/* --- what is refused ----------------------------------------------------------------------- */

TEST(H07)
{
	struct scene s = begin();
	io_object_t notifier = 77;

	test_equal_error(
		IOServiceAddInterestNotification(port, s.a, "IONope", hear, NULL, &notifier),
		kIOReturnUnsupported);
	test_equal(notifier, 0);
	test_equal_error(IOServiceAddInterestNotification(port, s.a, "", hear, NULL, &notifier),
			 kIOReturnUnsupported);
	end(&s);
}

TEST(H07_the_known_types)
{
	static const char *const types[] = { kIOGeneralInterest, kIOBusyInterest,
					     kIOAppPowerStateInterest,
					     kIOPriorityPowerStateInterest,
					     "IOConsoleSecurityInterest" };
	struct scene s = begin();

	for (int i = 0; i < 5; i++)
		IOObjectRelease(interest(s.a, types[i], i));
	end(&s);
}

static void ignore(void *refcon, io_iterator_t iterator)
{
	(void)refcon;
	(void)iterator;
}

TEST(H08)
{
	struct scene s = begin();
	io_iterator_t claim = 0;
	io_object_t notifier = 77;

	test_equal_error(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
							  IOServiceMatching("StageNub"), ignore,
							  NULL, &claim),
			 0);
	test_equal(IOIteratorNext(claim), 0);
	stage_do(s.l.stage, NULL, "terminate key=a");
	test_equal_error(IOServiceAddInterestNotification(port, s.a, kIOGeneralInterest, hear, NULL,
							  &notifier),
			 kIOReturnUnsupported);
	test_equal(notifier, 0);
	IOObjectRelease(claim);
	end(&s);
}

TEST(H08_dead_names)
{
	struct scene s = begin();
	io_object_t notifier = 0;

	stage_do(s.l.stage, NULL, "terminate key=a");
	await(1);
	test_equal_error(IOServiceAddInterestNotification(port, s.a, kIOGeneralInterest, hear, NULL,
							  &notifier),
			 MACH_SEND_INVALID_DEST);
	end(&s);
}

TEST(H09)
{
	struct scene s = begin();
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	io_object_t notifier = 0;

	test_equal_error(IOServiceAddInterestNotification(port, root, kIOGeneralInterest, hear,
							  NULL, &notifier),
			 kIOReturnBadArgument);
	test_equal_error(IOServiceAddInterestNotification(port, 0, kIOGeneralInterest, hear, NULL,
							  &notifier),
			 MACH_SEND_INVALID_DEST);
	test_equal(notifier, 0);
	IOObjectRelease(root);
	end(&s);
}

/* --- busy ----------------------------------------------------------------------------------- */

TEST(H10)
{
	struct scene s = begin();
	io_object_t busy = interest(s.a, kIOBusyInterest, 2);

	for (const char *const *d = (const char *[]){ "1", "1", "-1", "-1", NULL }; *d; d++)
		stage_do(s.l.stage, NULL, "busy key=a delta=%s", *d);
	await(2);
	for (int i = 0; i < 2; i++) {
		test_equal(heard[i].who, 2);
		test_equal_error(heard[i].type, kIOMessageServiceBusyStateChange);
		test_equal(heard[i].service, s.a);
	}
	test_equal(heard[0].argument, 1);
	test_equal(heard[1].argument, 0);
	expect_no_more();
	IOObjectRelease(busy);
	end(&s);
}

TEST(H10_the_whole_chain_hears_of_it)
{
	struct scene s = begin();
	uint64_t id = stage_publish(s.l.stage, NULL, "key=b parent=a register");
	io_service_t b = stage_service(id);
	io_object_t up = interest(s.a, kIOBusyInterest, 2), down = interest(b, kIOBusyInterest, 3);

	stage_do(s.l.stage, NULL, "busy key=b delta=1");
	await(2);
	test_equal(heard[0].who, 3); /* the service first, then its provider */
	test_equal(heard[1].who, 2);
	stage_do(s.l.stage, NULL, "busy key=a delta=1"); /* busy already */
	stage_do(s.l.stage, NULL, "busy key=b delta=-1");
	await(3);
	test_equal(heard[2].who, 3);
	stage_do(s.l.stage, NULL, "busy key=a delta=-1");
	await(4);
	test_equal(heard[3].who, 2);
	test_equal(heard[3].argument, 0);
	IOObjectRelease(up);
	IOObjectRelease(down);
	IOObjectRelease(b);
	end(&s);
}

TEST(H10_registering_again_makes_busy_and_quiet)
{
	struct scene s = begin();
	io_object_t busy = interest(s.a, kIOBusyInterest, 2);

	stage_do(s.l.stage, NULL, "register key=a");
	await(2);
	test_equal(heard[0].argument, 1);
	test_equal(heard[1].argument, 0);
	expect_no_more();
	IOObjectRelease(busy);
	end(&s);
}

/* --- open, close, end -------------------------------------------------------------------------- */

TEST(H11)
{
	struct life l = life_begin();

	open_port();
	uint64_t id = life_publish(&l, "a", "d", "");
	io_service_t a = stage_service(id);
	io_object_t notifier = interest(a, kIOGeneralInterest, 1);
	test_equal(life_do(&l, "open d 0"), 1);
	await(1);
	test_equal_error(heard[0].type, kIOMessageServiceIsAttemptingOpen);
	test_equal(heard[0].argument, 0);
	life_do(&l, "close d");
	await(2);
	test_equal_error(heard[1].type, kIOMessageServiceWasClosed);
	/* An attempt is announced whether it succeeds or not, with its options. */
	test_equal(life_do(&l, "open d 0"), 1);
	test_equal(life_do(&l, "open d 0"), 0);
	await(4);
	test_equal_error(heard[3].type, kIOMessageServiceIsAttemptingOpen);
	/* The one who opens does not hear of it. */
	test_true(!life_has(&l, "message d e0000101 0"));
	test_true(!life_has(&l, "message d e0000110 0"));
	IOObjectRelease(notifier);
	IOObjectRelease(a);
	close_port();
	life_end(&l);
}

static int matching_calls;

static void on_terminated(void *refcon, io_iterator_t iterator)
{
	io_service_t s;

	(void)refcon;
	while ((s = IOIteratorNext(iterator)))
		IOObjectRelease(s);
	matching_calls++;
	test_equal(n_heard, 0); /* the matching notification is first */
}

TEST(H12_termination)
{
	struct life l = life_begin();
	io_iterator_t claim = 0;

	open_port();
	uint64_t id = life_publish(&l, "a", "d", "LifeOpen LifeKeep");
	io_service_t a = stage_service(id);
	io_object_t notifier = interest(a, kIOGeneralInterest, 1);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
							  IOServiceMatching("StageNub"),
							  on_terminated, NULL, &claim),
			 0);
	test_equal(IOIteratorNext(claim), 0);
	stage_do(l.stage, NULL, "terminate key=a options=4");
	life_await(&l, "message d e0000100 4");
	await(1);
	test_equal(matching_calls, 1);
	test_equal_error(heard[0].type, kIOMessageServiceIsTerminated);
	test_equal(heard[0].argument, 4);
	test_equal(heard[0].service, a);
	/* The drivers have heard the same, after all willTerminate and before didTerminate. */
	life_expect_order(&l, "will d", "message d e0000010 4");
	life_expect_order(&l, "message d e0000010 4", "did d");
	life_do(&l, "close d");
	life_await(&l, "free d");
	expect_no_more();
	IOObjectRelease(claim);
	IOObjectRelease(notifier);
	IOObjectRelease(a);
	close_port();
	life_end(&l);
}

TEST(H12_termination_without_a_claim)
{
	struct scene s = begin();
	mach_port_type_t type = 0;

	stage_do(s.l.stage, NULL, "terminate key=a");
	await(1);
	test_equal_error(heard[0].type, kIOMessageServiceIsTerminated);
	/* The handle has died; the message brought a name of its own. */
	test_equal_error(mach_port_type(mach_task_self(), s.a, &type), 0);
	test_equal(type, MACH_PORT_TYPE_DEAD_NAME);
	end(&s);
}

TEST(H13_drivers_hear_before_programs)
{
	struct life l = life_begin();

	open_port();
	uint64_t id = life_publish(&l, "a", "d", "");
	io_service_t a = stage_service(id);
	io_object_t notifier = interest(a, kIOGeneralInterest, 1);
	for (int i = 0; i < 20; i++) {
		char line[64];

		stage_do(l.stage, NULL, "message key=a type=0xe0001234 argument=%d", i);
		await(i + 1);
		test_equal(heard[i].argument, i);
		snprintf(line, sizeof(line), "message d e0001234 %x", i);
		life_await(&l, line);
	}
	IOObjectRelease(notifier);
	IOObjectRelease(a);
	close_port();
	life_end(&l);
}

TEST(H14)
{
	struct scene s = begin();
	io_object_t second = interest(s.a, kIOGeneralInterest, 2);
	io_object_t third = interest(s.a, kIOGeneralInterest, 3);

	stage_do(s.l.stage, NULL, "message key=a type=1");
	await(3);
	for (int i = 0; i < 3; i++)
		test_equal(heard[i].who, i + 1);
	/* One goes, one comes: the order stays that of registration. */
	IOObjectRelease(second);
	second = interest(s.a, kIOGeneralInterest, 4);
	stage_do(s.l.stage, NULL, "message key=a type=2");
	await(6);
	test_equal(heard[3].who, 1);
	test_equal(heard[4].who, 3);
	test_equal(heard[5].who, 4);
	IOObjectRelease(third);
	IOObjectRelease(second);
	end(&s);
}

TEST(H14_kinds_do_not_mix)
{
	struct scene s = begin();
	io_object_t others[] = { interest(s.a, kIOBusyInterest, 2),
				 interest(s.a, kIOAppPowerStateInterest, 3),
				 interest(s.a, kIOPriorityPowerStateInterest, 4),
				 interest(s.a, "IOConsoleSecurityInterest", 5) };

	stage_do(s.l.stage, NULL, "message key=a type=1");
	await(1);
	test_equal(heard[0].who, 1);
	expect_no_more();
	for (int i = 0; i < 4; i++)
		IOObjectRelease(others[i]);
	end(&s);
}

TEST(H15)
{
	struct scene s = begin();
	io_name_t name;

	test_equal(IOIteratorNext(s.notifier), 0);
	test_true(IOIteratorIsValid(s.notifier));
	IOIteratorReset(s.notifier);
	test_equal(IOIteratorNext(s.notifier), 0);
	test_equal_error(IOObjectGetClass(s.notifier, name), 0);
	end(&s);
}

TEST(H16)
{
	struct scene s = begin();

	test_equal(stage_do(s.l.stage, NULL, "clientid key=a"), getpid());
	stage_do(s.l.stage, NULL, "message key=a type=0xe0000330");
	expect_no_more();
	test_equal(n_heard, 0);
	IOObjectRelease(s.notifier);
	s.notifier = 0;
	test_equal(stage_do(s.l.stage, NULL, "clientid key=a"), 0);
	end(&s);
}

TEST(H17)
{
	struct scene s = begin();

	test_equal(IOObjectGetUserRetainCount(s.a), 1);
	stage_do(s.l.stage, NULL, "message key=a type=1");
	await(1);
	test_equal(heard[0].service, s.a);
	test_equal(IOObjectGetUserRetainCount(s.a), 1);
	end(&s);
}

static void release_it(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	(void)refcon;
	(void)type;
	(void)argument;
	test_equal(IOObjectGetUserRetainCount(service), 2); /* the client's and the message's */
	test_equal(IOObjectRelease(service), 0);
	n_heard++;
}

TEST(H17_releasing_the_borrowed_handle)
{
	struct life l = life_begin();
	io_object_t notifier = 0;

	open_port();
	io_service_t a = stage_publish_service(l.stage, NULL, "key=a register");
	test_equal_error(IOServiceAddInterestNotification(port, a, kIOGeneralInterest, release_it,
							  NULL, &notifier),
			 0);
	stage_do(l.stage, NULL, "message key=a type=1");
	await(1);
	test_equal(IOObjectGetUserRetainCount(a), 0);
	test_equal_error(IOObjectRelease(a), KERN_INVALID_NAME);
	IOObjectRelease(notifier);
	close_port();
	life_end(&l);
}

static void release_itself(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	(void)service;
	(void)type;
	(void)argument;
	test_equal(IOObjectRelease(*(io_object_t *)refcon), 0);
	n_heard++;
}

TEST(H17_a_notifier_released_in_its_callback)
{
	struct life l = life_begin();
	io_object_t notifier = 0;

	open_port();
	io_service_t a = stage_publish_service(l.stage, NULL, "key=a register");
	test_equal_error(IOServiceAddInterestNotification(port, a, kIOGeneralInterest,
							  release_itself, &notifier, &notifier),
			 0);
	stage_do(l.stage, NULL, "message key=a type=1");
	stage_do(l.stage, NULL, "message key=a type=2");
	await(1);
	expect_no_more();
	IOObjectRelease(a);
	close_port();
	life_end(&l);
}

TEST(H17_released_with_messages_waiting)
{
	struct scene s = begin();

	for (int i = 0; i < 10; i++)
		stage_do(s.l.stage, NULL, "message key=a type=1");
	IOObjectRelease(s.notifier);
	s.notifier = 0;
	expect_no_more();
	test_equal(n_heard, 0);
	test_equal(IOObjectGetUserRetainCount(s.a), 1);
	end(&s);
}

TEST(H17_many_messages_wait_for_a_slow_program)
{
	struct scene s = begin_raw();
	struct raw m;

	for (int i = 0; i < 300; i++)
		stage_do(s.l.stage, NULL, "message key=a type=1 argument=%d", i);
	for (uint64_t i = 0, value; i < 300; i++) {
		receive(port, &m);
		memcpy(&value, m.argument, 8);
		test_equal(value, i);
		drop(&m);
	}
	test_equal(IOObjectGetUserRetainCount(s.a), 1);
	end(&s);
}

TEST_MAIN
