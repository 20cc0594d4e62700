// SPDX-License-Identifier: MIT
/* Notifications whose registry dies at a bad moment, and services that do not come back with the next one. */
#include <string.h>
#include <sys/socket.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "client/handle.h"
#include "client/watch_internal.h"
#include "fake.h"
#include "test.h"
#include "wire/notice.h"

static struct fake fake;
static IONotificationPortRef notify;
static io_iterator_t iterator;

static void matched(void *refcon, io_iterator_t it)
{
	(void)refcon;
	(void)it;
}

static int drain(io_iterator_t it)
{
	io_object_t object;
	int n = 0;

	while ((object = IOIteratorNext(it))) {
		IOObjectRelease(object);
		n++;
	}
	return n;
}

static io_iterator_t add(void)
{
	test_equal_error(IOServiceAddMatchingNotification(notify, kIOFirstMatchNotification,
							  IOServiceMatching("FixtureDriver"),
							  matched, NULL, &iterator),
			 0);
	return iterator;
}

static void start(fake_hook_fn hook)
{
	fake_start(&fake, hook);
	notify = IONotificationPortCreate(kIOMainPortDefault);
	test_true(notify != NULL);
	add();
}

static void go_on_with_another(fake_hook_fn hook)
{
	fake_stop(&fake);
	memset(fake.granted, 0, sizeof(fake.granted));
	memset(fake.released, 0, sizeof(fake.released));
	fake.n_next = 0;
	fake.hook = hook;
	fake_restart(&fake);
}

static void end(void)
{
	/* Two services that are no news, and nothing more: that is what arms. */
	fake_wait(&fake, fake.n_next > 0);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(notify);
	fake_end(&fake);
}

static bool die_when_asked(struct fake *f, int socket, struct wire_frame *frame)
{
	(void)f;
	if (frame->header.type != WIRE_NOTIFY_NEXT)
		return false;
	shutdown(socket, SHUT_RDWR);
	return true;
}

/* Who has drained its iterator does not look again before it is called again. */
TEST(a_registry_dies_while_it_arms)
{
	start(die_when_asked);
	test_equal(drain(iterator), 2);
	go_on_with_another(NULL);
	end();
}

static bool drain_in_between(struct fake *f, int socket, struct wire_frame *frame)
{
	(void)socket;
	if (frame->header.type != WIRE_INLET_OPEN || f->inlets[WIRE_INLET_EVENTS] < 0)
		return false;
	f->hook = NULL;
	test_equal(drain(iterator), 2);
	return false;
}

TEST(a_program_drains_while_the_library_subscribes_again)
{
	start(NULL);
	go_on_with_another(drain_in_between);
	end();
}

static unsigned n_refused, n_taken;

static bool refuse_while_hidden(struct fake *f, int socket, struct wire_frame *frame)
{
	struct wire_notify_add request;

	if (frame->header.type != WIRE_NOTIFY_ADD)
		return false;
	test_equal(wire_frame_decode(frame, &wire_notify_add_layout, &request), 0);
	bool is_interest = request.service != 0;
	wire_message_clear(&wire_notify_add_layout, &request);
	if (!is_interest || !f->hidden[FAKE_SERVICE]) {
		n_taken += is_interest;
		return false;
	}
	fake_reply_status(socket, frame, kIOReturnBadArgument);
	/* Its host comes back. */
	if (++n_refused == 2)
		f->hidden[FAKE_SERVICE] = false;
	return true;
}

static void on_interest(void *refcon, io_service_t service, uint32_t type, void *argument)
{
	(void)refcon;
	(void)service;
	(void)type;
	(void)argument;
}

/* It is tried again, and what is subscribed already is left alone meanwhile. */
TEST(interest_in_a_service_whose_host_comes_back_late)
{
	io_object_t notifier = 0;

	start(NULL);
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("FixtureDriver"));

	test_equal_error(IOServiceAddInterestNotification(notify, service, kIOGeneralInterest,
							  on_interest, NULL, &notifier),
			 0);
	uint64_t first = fake.subscription;
	fake.hidden[FAKE_SERVICE] = true;
	go_on_with_another(refuse_while_hidden);
	fake_wait(&fake, n_taken && fake.subscription >= first + 2);
	test_equal(n_refused, 2);
	test_equal(fake.subscription, first + 2);
	IOObjectRelease(notifier);
	IOObjectRelease(service);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(notify);
	fake_end(&fake);
}

static int n_ended;
static io_iterator_t last_iterator;

static void ended(void *refcon, io_iterator_t it)
{
	(void)refcon;
	last_iterator = it;
	n_ended = drain(it);
}

static io_iterator_t await_end_of(const char *class_name)
{
	io_iterator_t it = 0;

	test_equal_error(IOServiceAddMatchingNotification(notify, kIOTerminatedNotification,
							  IOServiceMatching(class_name), ended,
							  NULL, &it),
			 0);
	drain(it);
	return it;
}

static kern_return_t receive(mach_msg_option_t options)
{
	_Alignas(8) char buffer[512];
	mach_msg_header_t *message = (mach_msg_header_t *)buffer;
	kern_return_t status = mach_msg(message, MACH_RCV_MSG | options, 0, sizeof(buffer),
					IONotificationPortGetMachPort(notify), 0, 0);

	if (!status)
		IODispatchCalloutFromMessage(NULL, message, NULL);
	return status;
}

/* It went while there was no registry that could have said so. */
TEST(the_end_of_what_did_not_come_back_is_announced)
{
	fake_start(&fake, NULL);
	notify = IONotificationPortCreate(kIOMainPortDefault);
	iterator = await_end_of("FixtureDriver");
	io_iterator_t others = await_end_of("OtherDriver");
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching("FixtureDriver"));
	struct client_entry *entry = client_handle_find(FAKE_ID(FAKE_SERVICE));

	test_true(service && entry);
	test_true(client_watch_entry_lost(entry));
	test_equal_error(receive(0), 0);
	test_equal(last_iterator, iterator);
	test_equal(n_ended, 1);
	test_equal_error(receive(MACH_RCV_TIMEOUT), MACH_RCV_TIMED_OUT);
	client_entry_unref(entry);
	IOObjectRelease(service);
	IOObjectRelease(others);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(notify);
	fake_end(&fake);
}

static bool walk_on(uint64_t walk)
{
	struct client_watch *watch = client_watch_walk(walk);

	if (watch)
		client_object_unref(&watch->object);
	return watch != NULL;
}

static int walk_all(uint64_t walk)
{
	int n = 0;

	while (walk_on(walk))
		n++;
	return n;
}

TEST(a_walk_comes_by_each_notification_once)
{
	start(NULL);
	io_iterator_t first = iterator, second = add(), third = add();
	uint64_t walk = client_watch_begin_walk();

	test_true(walk_on(walk));
	/* One that is released meanwhile is passed over. */
	IOObjectRelease(third);
	test_equal(walk_all(walk), 1);
	test_equal(walk_all(client_watch_begin_walk()), 2);
	IOObjectRelease(first);
	IOObjectRelease(second);
	IONotificationPortDestroy(notify);
	fake_end(&fake);
}

TEST_MAIN
