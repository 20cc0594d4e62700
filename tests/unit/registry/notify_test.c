// SPDX-License-Identifier: MIT
#include "registry/notify.h"

#include <errno.h>
#include <unistd.h>

#include <IOKit/IOMessage.h>

#include "failing.h"
#include "session.h"

static struct session s;
static struct end client, provider;
static int notices, events;

static void begin(void)
{
	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	notices = open_inlet(&client, 1, WIRE_INLET_NOTICES);
	events = open_inlet(&client, 2, WIRE_INLET_EVENTS);
}

static void end(void)
{
	close(notices);
	close(events);
	end_close(&client);
	end_close(&provider);
	session_end(&s);
}

static uint64_t register_one(const char *class_name)
{
	return publish(&provider, 0, class_name, "", "", WIRE_PUBLISH_REGISTER, NULL);
}

static IOReturn terminate(uint64_t id)
{
	struct wire_entry_options request = { id, 0 };

	return end_call(&provider, &wire_terminate_layout, &request, NULL, NULL, NULL);
}

static uint64_t expect_notice(uint32_t type)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_notice notice;

	inlet_expect(notices, &wire_notice_layout, &notice, &frame);
	test_equal(notice.type, type);
	wire_frame_fini(&frame);
	return notice.subscription;
}

static size_t initial(struct wire_notify_reply *reply)
{
	size_t n = reply->entries.count;

	wire_message_clear(&wire_notify_reply_layout, reply);
	return n;
}

/* To services of class Fixture, of which there are none yet. */
static uint64_t subscribe_armed(uint32_t inlet, const char *type)
{
	struct wire_notify_reply reply;
	uint64_t ids[1], sub = subscribe(&client, inlet, type, "Fixture", &reply);

	initial(&reply);
	test_equal(next(&client, sub, ids, 1), 0);
	return sub;
}

TEST(arming)
{
	struct wire_notify_reply reply;
	uint64_t ids[8];

	begin();
	uint64_t a = register_one("Fixture"), b = register_one("Fixture");
	uint64_t sub = subscribe(&client, 1, "IOServiceFirstMatch", "Fixture", &reply);
	test_equal(reply.entries.count, 2);
	test_true(reply.entries.items[0].id + reply.entries.items[1].id == a + b);
	initial(&reply);
	register_one("Fixture"); /* not armed yet: no notice */
	test_equal(next(&client, sub, ids, 8), 1);
	test_true(inlet_is_empty(notices));
	test_equal(next(&client, sub, ids, 8), 0); /* armed */
	uint64_t x = register_one("Fixture"), y = register_one("Fixture");
	test_equal(expect_notice(101), sub);
	test_equal(next(&client, sub, ids, 8), 2);
	test_equal(ids[0], y);
	test_equal(ids[1], x);
	/* not drained to the end: not armed */
	register_one("Fixture");
	test_equal(next(&client, sub, ids, 8), 1);
	test_true(inlet_is_empty(notices));
	end();
}

static struct wire_notices expect_notices(struct wire_frame *frame)
{
	struct wire_notices message;

	inlet_expect(notices, &wire_notices_layout, &message, frame);
	return message;
}

static void arm(const uint64_t *subscriptions, size_t n)
{
	struct wire_notify_arm request = { { subscriptions, n } };

	test_equal_error(end_call(&client, &wire_notify_arm_layout, &request, NULL, NULL, NULL), 0);
}

TEST(several_that_fire_at_once_are_told_in_one_message)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t subs[6], ids[8];

	begin();
	for (int i = 0; i < 6; i++) {
		subs[i] = subscribe_armed(1, "IOServiceMatched");
	}
	uint64_t x = register_one("Fixture");
	struct wire_notices message = expect_notices(&frame);
	test_equal(message.marks.count, 18);
	test_equal(message.entries.count, 6);
	for (int i = 0; i < 6; i++) {
		test_equal(message.marks.items[3 * i], subs[i]);
		test_equal(message.marks.items[3 * i + 1], 101);
		test_equal(message.marks.items[3 * i + 2], 1);
		test_equal(message.entries.items[i].id, x);
	}
	test_equal(message.generation, 6);
	wire_message_clear(&wire_notices_layout, &message);
	/* nothing is left, but they are not armed either */
	register_one("Fixture");
	test_true(inlet_is_empty(notices));
	/* what came since fires as soon as they arm; who asks arms in the old way */
	test_equal(next(&client, subs[5], ids, 8), 1);
	arm(subs, 6);
	message = expect_notices(&frame);
	test_equal(message.marks.count, 15);
	test_equal(message.entries.count, 5);
	wire_message_clear(&wire_notices_layout, &message);
	arm(subs, 6); /* twice does no harm */
	arm(subs, 5);
	test_true(inlet_is_empty(notices));
	register_one("Fixture");
	message = expect_notices(&frame);
	test_equal(message.marks.count, 15);
	wire_message_clear(&wire_notices_layout, &message);
	/* nobody else's, and none that is no such thing */
	uint64_t strange[] = { 0, 12345 };
	arm(strange, 2);
	wire_frame_fini(&frame);
	end();
}

TEST(so_are_those_of_several_programs)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t subs[4];
	int inlets[4];

	begin();
	for (uint32_t i = 0; i < 4; i++) {
		inlets[i] = open_inlet(&client, 10 + i, WIRE_INLET_NOTICES);
		subs[i] = subscribe_armed(10 + i, "IOServiceMatched");
	}
	uint64_t x = register_one("Fixture");
	for (int i = 0; i < 4; i++) {
		struct wire_notices message;

		inlet_expect(inlets[i], &wire_notices_layout, &message, &frame);
		test_equal(message.marks.count, 3);
		test_equal(message.marks.items[0], subs[i]);
		test_equal(message.entries.count, 1);
		test_equal(message.entries.items[0].id, x);
		wire_message_clear(&wire_notices_layout, &message);
		close(inlets[i]);
	}
	wire_frame_fini(&frame);
	end();
}

/* A client that never takes what is pending gets it at the next question; long lists are not sent along. */
TEST(more_than_comes_along_is_asked_for)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_notify_reply reply;
	uint64_t subs[4], ids[64];

	begin();
	for (int i = 0; i < 4; i++) {
		subs[i] = subscribe(&client, 1, "IOServiceMatched", "Fixture", &reply);
		initial(&reply);
		next(&client, subs[i], ids, 64);
	}
	register_one("Fixture");
	struct wire_notices message = expect_notices(&frame);
	wire_message_clear(&wire_notices_layout, &message);
	for (int i = 0; i < 20; i++)
		register_one("Fixture");
	arm(subs, 4);
	message = expect_notices(&frame);
	test_equal(message.entries.count, 0);
	wire_message_clear(&wire_notices_layout, &message);
	test_equal(next(&client, subs[0], ids, 64), 20);
	test_equal(next(&client, subs[0], ids, 64), 0);
	wire_frame_fini(&frame);
	end();
}

static struct test_shortage shortage; /* of the registry's thread */
static uint64_t fixture;

static void tell_with_shortage(struct registry *r)
{
	struct registry_entry *e = registry_entry_find(&r->tree, fixture);

	test_shortage_begin(&shortage);
	registry_notify_event(r, e, REGISTRY_EVENT_MATCHED);
	registry_notify_flush(r);
	test_shortage_end(&shortage);
}

static uint64_t n_told; /* times the client was told of the fixture */

/* What came to nothing is not counted. */
static void give_back(struct registry *r)
{
	list_for_each(l, &r->peers) {
		struct registry_peer *p = container_of(l, struct registry_peer, link);

		if (map_find(&p->grants, fixture))
			test_equal_error(registry_peer_release(p, fixture, n_told), 0);
		test_true(!map_find(&p->grants, fixture));
	}
}

/* How many subscriptions the next message tells of. */
static size_t next_notices(struct wire_frame *frame)
{
	struct wire_notices many;

	test_equal_error(wire_frame_receive(notices, frame, WIRE_CONTROL_MAX, true), 0);
	if (frame->header.type == WIRE_NOTICE)
		return 1;
	test_equal(frame->header.type, WIRE_NOTICES);
	test_equal_error(wire_frame_decode(frame, &wire_notices_layout, &many), 0);
	size_t n = many.marks.count / 3;
	n_told += many.entries.count;
	wire_message_clear(&wire_notices_layout, &many);
	return n;
}

/* More than a message takes that is made without memory. */
TEST(what_fires_while_memory_is_short_is_told)
{
	enum { MANY = WIRE_NOTICES_MAX };
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t subs[MANY], ids[8];

	begin();
	for (int i = 0; i < MANY; i++) {
		subs[i] = subscribe_armed(1, "IOServiceMatched");
	}
	fixture = publish(&provider, 0, "Fixture", "", "", 0, NULL);
	test_each_shortage(rounds)
	{
		shortage = rounds;
		session_run(&s, tell_with_shortage);
		rounds = shortage;
		for (size_t told = 0; told < MANY;)
			told += next_notices(&frame);
		test_true(inlet_is_empty(notices));
		for (int i = 0; i < MANY; i++) /* what has not come along; then it is armed */
			for (int n; (n = next(&client, subs[i], ids, 8));)
				n_told += n;
	}
	session_run(&s, give_back);
	wire_frame_fini(&frame);
	end();
}

static void tell_while_the_inlet_is_full(struct registry *r)
{
	test_fail_call("send", 0, EAGAIN);
	test_fail_call("sendmsg", 0, EAGAIN);
	tell_with_shortage(r);
	test_true(test_calls_failed());
}

TEST(a_notice_for_which_there_is_neither_room_nor_memory_comes_later)
{

	begin();
	uint64_t sub = subscribe_armed(1, "IOServiceMatched");
	fixture = publish(&provider, 0, "Fixture", "", "", 0, NULL);
	shortage = (struct test_shortage){ .lasting = true };
	session_run(&s, tell_while_the_inlet_is_full);
	test_true(shortage.has_failed);
	test_equal(expect_notice(101), sub);
	end();
}

TEST(types)
{
	struct wire_notify_add request = { .inlet = 1,
					   .type = "IOServiceNope",
					   .matching = matching_new("IOProviderClass", "Fixture") };
	struct wire_notify_reply reply;

	begin();
	test_equal_error(end_call(&client, &wire_notify_add_layout, &request, NULL, NULL, NULL),
			 kIOReturnUnsupported);
	register_one("Fixture");
	subscribe(&client, 1, "IOServiceTerminate", "Fixture", &reply);
	test_equal(initial(&reply), 0);
	subscribe(&client, 1, "IOServicePublish", "Fixture", &reply);
	test_equal(initial(&reply), 1);
	request.inlet = 77;
	request.type = "IOServiceMatched";
	test_equal_error(end_call(&client, &wire_notify_add_layout, &request, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	CFRelease(request.matching);
	end();
}

TEST(claimed_services_keep_their_names)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_dead dead;
	uint64_t ids[4];

	begin();
	uint64_t a = register_one("Fixture"), b = register_one("Other");
	test_equal(find(&client, "Fixture", ids, 4), 1);
	test_equal(find(&client, "Other", ids, 4), 1);
	uint64_t sub = subscribe_armed(1, "IOServiceTerminate");
	test_equal_error(terminate(b), 0);
	inlet_expect(events, &wire_dead_layout, &dead, &frame);
	test_equal(dead.ids.count, 1);
	test_equal(dead.ids.items[0], b);
	test_equal_error(terminate(a), 0);
	test_equal(expect_notice(102), sub);
	test_true(inlet_is_empty(events));
	test_equal(next(&client, sub, ids, 4), 1);
	test_equal(ids[0], a);
	/* still readable, inactive */
	struct wire_entry_request request = { a };
	struct wire_entry_reply entry;
	test_equal_error(end_call(&client, &wire_entry_request_layout, &request, NULL,
				  &wire_entry_reply_layout, &entry),
			 0);
	test_equal(entry.state & WIRE_STATE_INACTIVE, 1);
	test_equal_text(entry.class_name, "Fixture");
	/* the last hold given back: unknown */
	uint64_t pairs[] = { a, 3, b, 1 };
	struct wire_release release = { { pairs, 4 } };
	test_equal_error(end_call(&client, &wire_release_layout, &release, NULL, NULL, NULL), 0);
	test_equal_error(end_call(&client, &wire_entry_request_layout, &request, NULL, NULL, NULL),
			 MACH_SEND_INVALID_DEST);
	wire_frame_fini(&frame);
	end();
}

TEST(registering_again)
{
	const char *types[] = { "IOServicePublish", "IOServiceFirstPublish", "IOServiceMatched",
				"IOServiceFirstMatch" };
	struct wire_notify_reply reply;
	uint64_t subs[4], ids[4];

	begin();
	uint64_t a = register_one("Fixture");
	for (int i = 0; i < 4; i++) {
		subs[i] = subscribe(&client, 1, types[i], "Fixture", &reply);
		test_equal(initial(&reply), 1);
	}
	struct wire_entry_options request = { a, 0 };
	test_equal_error(end_call(&provider, &wire_register_layout, &request, NULL, NULL, NULL), 0);
	size_t expected[] = { 1, 0, 1, 0 };
	for (int i = 0; i < 4; i++)
		test_equal(next(&client, subs[i], ids, 4), expected[i]);
	end();
}

TEST(pending_services_are_capped)
{
	struct wire_notify_reply reply;
	uint64_t ids[1];

	begin();
	uint64_t sub = subscribe(&client, 1, "IOServicePublish", "Fixture", &reply);
	initial(&reply);
	for (int i = 0; i < 1100; i++)
		register_one("Fixture");
	test_equal(next(&client, sub, ids, 1), 1024);
	subscribe(&client, 1, "IOServicePublish", "Fixture", &reply);
	test_equal(initial(&reply), 1024);
	end();
}

/* A client that sleeps finds the services that are there when it wakes, however many came and went. */
TEST(services_that_have_ended_make_room)
{
	struct wire_notify_reply reply;
	uint64_t ids[1024], last[3];
	int n_found = 0;

	begin();
	uint64_t sub = subscribe(&client, 1, "IOServicePublish", "Fixture", &reply);
	initial(&reply);
	for (int i = 0; i < 3000; i++)
		test_equal_error(terminate(register_one("Fixture")), 0);
	for (int i = 0; i < 3; i++)
		last[i] = register_one("Fixture");
	size_t n = next(&client, sub, ids, 1024);
	test_true(n <= 1024);
	for (size_t k = 0; k < n; k++)
		for (int i = 0; i < 3; i++)
			n_found += ids[k] == last[i];
	test_equal(n_found, 3);
	end();
}

/* Nor does it keep those alive that have gone before it looked: they may be large. */
TEST(services_that_have_ended_are_not_kept)
{
	struct wire_notify_reply reply;
	uint64_t ids[1024];

	begin();
	uint64_t sub = subscribe(&client, 1, "IOServicePublish", "Fixture", &reply);
	initial(&reply);
	uint64_t ends = subscribe(&client, 1, "IOServiceTerminate", "Fixture", &reply);
	initial(&reply);
	for (int i = 0; i < 10; i++)
		test_equal_error(terminate(register_one("Fixture")), 0);
	test_equal(next(&client, ends, ids, 1024), 10); /* which is what it asked for */
	for (int i = 0; i < 10; i++) {
		uint64_t pair[] = { ids[i], 1 };
		struct wire_release release = { { pair, 2 } };

		test_equal_error(
			end_call(&client, &wire_release_layout, &release, NULL, NULL, NULL), 0);
	}
	test_equal(next(&client, sub, ids, 1024), 0);
	end();
}

/* Of all that ends with a service a client is told what it holds, be that little or most of it. */
TEST(clients_are_told_of_what_they_hold)
{
	enum { CHILDREN = 5 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_dead dead;
	uint64_t ids[CHILDREN + 1];

	for (int n_held = 1; n_held <= CHILDREN; n_held += CHILDREN - 1) {
		begin();
		ids[0] = register_one("Fixture");
		for (int i = 1; i <= CHILDREN; i++)
			ids[i] = publish(&provider, ids[0], "Child", "", "", 0, NULL);
		for (int i = 1; i <= n_held; i++) {
			struct wire_entry_request request = { ids[i] };
			struct wire_entry_reply reply;

			test_equal_error(end_call(&client, &wire_entry_request_layout, &request,
						  NULL, &wire_entry_reply_layout, &reply),
					 0);
		}
		/* And one that lives on. */
		struct wire_entry_request root = { WIRE_ROOT_ID };
		struct wire_entry_reply reply;
		test_equal_error(end_call(&client, &wire_entry_request_layout, &root, NULL,
					  &wire_entry_reply_layout, &reply),
				 0);
		test_equal_error(terminate(ids[0]), 0);
		inlet_expect(events, &wire_dead_layout, &dead, &frame);
		test_equal(dead.ids.count, n_held);
		for (int i = 0; i < n_held; i++)
			test_true(dead.ids.items[i] >= ids[1] && dead.ids.items[i] <= ids[n_held]);
		wire_message_clear(&wire_dead_layout, &dead);
		wire_frame_fini(&frame);
		end();
	}
}

TEST(removed_subscriptions_are_silent)
{

	begin();
	uint64_t sub = subscribe_armed(1, "IOServicePublish");
	struct wire_notify_remove request = { sub };
	test_equal_error(end_call(&client, &wire_notify_remove_layout, &request, NULL, NULL, NULL),
			 0);
	register_one("Fixture");
	test_true(inlet_is_empty(notices));
	end();
}

static IOReturn interest(uint64_t service, const char *type, uint64_t *sub)
{
	struct wire_notify_add request = { .inlet = 1, .service = service, .type = type };
	struct wire_notify_reply reply = { 0 };
	IOReturn status = end_call(&client, &wire_notify_add_layout, &request, NULL,
				   &wire_notify_reply_layout, &reply);

	*sub = reply.subscription;
	return status;
}

TEST(interest_errors)
{
	uint64_t sub;

	begin();
	uint64_t a = register_one("Fixture");
	test_equal_error(interest(a, "IONope", &sub), kIOReturnUnsupported);
	test_equal_error(interest(WIRE_ROOT_ID, "IOGeneralInterest", &sub), kIOReturnBadArgument);
	test_equal_error(interest(a, "IOAppPowerStateInterest", &sub), 0);
	struct wire_entry_request hold = { a };
	struct wire_entry_reply entry;
	test_equal_error(end_call(&client, &wire_entry_request_layout, &hold, NULL,
				  &wire_entry_reply_layout, &entry),
			 0);
	test_equal_error(terminate(a), 0);
	test_equal_error(interest(a, "IOGeneralInterest", &sub), kIOReturnUnsupported);
	end();
}

TEST(general_and_busy_interest)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_interest message;
	uint64_t first, second, busy;

	begin();
	uint64_t a = register_one("Fixture");
	test_equal_error(interest(a, "IOGeneralInterest", &first), 0);
	test_equal_error(interest(a, "IOGeneralInterest", &second), 0);
	test_equal_error(interest(a, "IOBusyInterest", &busy), 0);
	struct wire_message sent = {
		.id = a, .message_type = 0xe0001234, .argument_size = 5, .data = { "hello", 5 }
	};
	test_equal_error(end_call(&provider, &wire_message_layout, &sent, NULL, NULL, NULL), 0);
	inlet_expect(notices, &wire_interest_layout, &message, &frame);
	test_equal(message.subscription, first);
	test_equal(message.service, a);
	test_equal(message.message_type, 0xe0001234);
	test_equal(message.argument_size, 5);
	inlet_expect(notices, &wire_interest_layout, &message, &frame);
	test_equal(message.subscription, second);
	sent.message_type = kIOMessageCopyClientID;
	test_equal_error(end_call(&provider, &wire_message_layout, &sent, NULL, NULL, NULL), 0);
	int deltas[] = { 1, 1, -1, -1 };
	for (int i = 0; i < 4; i++) {
		struct wire_adjust_busy adjust = { a, deltas[i] };
		test_equal_error(
			end_call(&provider, &wire_adjust_busy_layout, &adjust, NULL, NULL, NULL),
			0);
	}
	for (uint64_t expected = 1; expected != (uint64_t)-1; expected--) {
		inlet_expect(notices, &wire_interest_layout, &message, &frame);
		test_equal(message.subscription, busy);
		test_equal(message.message_type, kIOMessageServiceBusyStateChange);
		test_equal(message.argument, expected);
	}
	test_true(inlet_is_empty(notices));
	test_equal_error(terminate(a), 0);
	for (;;) {
		inlet_expect(notices, &wire_interest_layout, &message, &frame);
		if (message.message_type == kIOMessageServiceIsTerminated)
			break;
	}
	test_equal(message.subscription, first);
	wire_frame_fini(&frame);
	end();
}

TEST(inlets_carry_nothing_back)
{
	struct wire_inlet_open again = { 1, WIRE_INLET_NOTICES }, second = { 3, WIRE_INLET_EVENTS };
	struct wire_notice junk = { 1, 1 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int fds[2];

	begin();
	test_equal_error(fd_socketpair(fds), 0);
	test_equal_error(end_call(&client, &wire_inlet_open_layout, &again, &fds[1], NULL, NULL),
			 kIOReturnBadArgument);
	test_equal_error(end_call(&client, &wire_inlet_open_layout, &second, &fds[1], NULL, NULL),
			 kIOReturnBadArgument);
	close(fds[0]);
	close(fds[1]);
	test_equal_error(wire_send(notices, &wire_notice_layout, 0, &junk, NULL, 0, true), 0);
	test_equal_error(wire_frame_receive(notices, &frame, WIRE_CONTROL_MAX, true), -EPIPE);
	wait_quiet(&client); /* the client itself lives on */
	wire_frame_fini(&frame);
	end();
}

TEST_MAIN
