// SPDX-License-Identifier: MIT
#include "registry/tray.h"

#include <string.h>
#include <unistd.h>

#include "base/shm.h"
#include "session.h"

static struct session s;
static struct end client, provider, other;
static struct wire_tray_writer tray;
static int inlets[4], events;
static uint64_t subs[4];

static IOReturn offer(uint64_t size, int fd)
{
	struct wire_tray_open request = { size };

	return end_call(&client, &wire_tray_open_layout, &request, &fd, NULL, NULL);
}

/* Four armed notifications of class Fixture, each on an inlet of its own, so that notices bring along what
 * is pending. */
static void begin(void)
{
	struct wire_notify_reply reply;
	uint64_t ids[4];
	int fd;

	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	end_connect(&other, &s, WIRE_ROLE_CLIENT, "other");
	events = open_inlet(&client, 1, WIRE_INLET_EVENTS);
	test_equal_error(wire_tray_create(&tray, &fd), 0);
	test_equal_error(offer(WIRE_TRAY_SIZE, fd), 0);
	close(fd);
	for (uint32_t i = 0; i < 4; i++) {
		inlets[i] = open_inlet(&client, 10 + i, WIRE_INLET_NOTICES);
		subs[i] = subscribe(&client, 10 + i, "IOServiceMatched", "Fixture", &reply);
		wire_message_clear(&wire_notify_reply_layout, &reply);
		test_equal(next(&client, subs[i], ids, 4), 0);
	}
}

static void end(void)
{
	for (int i = 0; i < 4; i++)
		close(inlets[i]);
	close(events);
	wire_tray_destroy(&tray);
	end_close(&client);
	end_close(&provider);
	end_close(&other);
	session_end(&s); /* the account of each connection is checked */
}

/* The registry answers before it has announced what was done: another program's question waits for that,
 * and touches no tray. */
static uint64_t register_one(void)
{
	uint64_t id = publish(&provider, 0, "Fixture", "", "", WIRE_PUBLISH_REGISTER, NULL);

	wait_quiet(&other);
	return id;
}

static void terminate(uint64_t id)
{
	struct wire_entry_options request = { id, 0 };

	test_equal_error(end_call(&provider, &wire_terminate_layout, &request, NULL, NULL, NULL),
			 0);
	wait_quiet(&other);
}

static void lay_down(uint64_t id, uint64_t n_grants)
{
	test_true(wire_tray_put(&tray, (struct wire_tray_record){ id, n_grants }));
}

/* Each of the four is told of ID, and gets a grant. */
static void expect_notices(uint64_t id)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	for (int i = 0; i < 4; i++) {
		struct wire_notices message;

		inlet_expect(inlets[i], &wire_notices_layout, &message, &frame);
		test_equal(message.marks.count, 3);
		test_equal(message.marks.items[0], subs[i]);
		test_equal(message.entries.count, 1);
		test_equal(message.entries.items[0].id, id);
		wire_message_clear(&wire_notices_layout, &message);
	}
	wire_frame_fini(&frame);
}

static bool are_silent(void)
{
	bool silent = true;

	for (int i = 0; i < 4; i++)
		silent &= inlet_is_empty(inlets[i]);
	return silent;
}

static bool is_known(uint64_t id)
{
	struct wire_entry_request request = { id };

	return !end_call(&client, &wire_entry_request_layout, &request, NULL, NULL, NULL);
}

TEST(notifications_are_armed_without_a_message)
{
	begin();
	expect_notices(register_one());
	uint64_t second = register_one();
	test_true(are_silent());
	/* what is pending is told with the next message, whatever it is */
	for (int i = 3; i >= 0; i--)
		lay_down(subs[i], 0);
	test_true(are_silent());
	test_true(is_known(WIRE_ROOT_ID));
	expect_notices(second);
	end();
}

TEST(an_event_finds_what_was_armed)
{
	begin();
	for (int round = 0; round < 3; round++) {
		expect_notices(register_one());
		for (int i = 3; i >= 0; i--)
			lay_down(subs[i], 0);
	}
	test_true(!wire_tray_is_empty(&tray));
	end();
}

/* Whoever has armed one and asks all the same gets the answer, and no notice that leads nowhere. */
TEST(the_question_counts)
{
	uint64_t ids[4];

	begin();
	expect_notices(register_one());
	uint64_t second = register_one();
	lay_down(subs[0], 0);
	test_equal(next(&client, subs[0], ids, 4), 1);
	test_equal(ids[0], second);
	test_true(are_silent());
	/* and what was armed before that question is over: it is not armed */
	register_one();
	test_true(are_silent());
	end();
}

TEST(who_has_given_back_what_dies_does_not_hear_of_it)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_dead dead;

	begin();
	uint64_t first = register_one();
	expect_notices(first);
	lay_down(first, 4);
	terminate(first);
	test_true(inlet_is_empty(events));
	test_true(wire_tray_is_empty(&tray));
	test_true(!is_known(first));
	/* one of four is kept */
	for (int i = 0; i < 4; i++)
		lay_down(subs[i], 0);
	uint64_t second = register_one();
	expect_notices(second);
	lay_down(second, 3);
	terminate(second);
	inlet_expect(events, &wire_dead_layout, &dead, &frame);
	test_equal(dead.ids.count, 1);
	test_equal(dead.ids.items[0], second);
	wire_message_clear(&wire_dead_layout, &dead);
	test_true(is_known(second)); /* which grants it once more */
	lay_down(second, 2);
	struct wire_release nothing = { { NULL, 0 } };
	test_equal_error(end_call(&client, &wire_release_layout, &nothing, NULL, NULL, NULL), 0);
	test_true(!is_known(second));
	wire_frame_fini(&frame);
	end();
}

/* Whoever counts what there is does not count what has been given back. */
TEST(counting_empties_all_trays)
{
	struct wire_property_request root = { .id = WIRE_ROOT_ID,
					      .key = "IOKitDiagnostics",
					      .plane = "" };
	struct wire_value_reply reply;

	begin();
	uint64_t id = register_one();
	expect_notices(id);
	lay_down(id, 4);
	test_equal_error(end_call(&other, &wire_property_request_layout, &root, NULL,
				  &wire_value_reply_layout, &reply),
			 0);
	wire_message_clear(&wire_value_reply_layout, &reply);
	test_true(wire_tray_is_empty(&tray));
	lay_down(subs[0], 0);
	test_equal_error(
		end_call(&other, &wire_status_layout, NULL, NULL, &wire_value_reply_layout, &reply),
		0);
	wire_message_clear(&wire_value_reply_layout, &reply);
	test_true(wire_tray_is_empty(&tray));
	end();
}

/* What was never granted or is no notification of this client's is refused and hurts nobody. */
TEST(strange_records_are_ignored)
{
	begin();
	uint64_t id = register_one();
	expect_notices(id);
	lay_down(id, 5);
	lay_down(id, UINT64_MAX);
	lay_down(12345, 1);
	lay_down(WIRE_ROOT_ID, 1);
	lay_down(12345, 0);
	lay_down(0, 0);
	test_true(is_known(id));
	test_true(wire_tray_is_empty(&tray));
	lay_down(id, 4);
	test_true(is_known(id)); /* its provider keeps it */
	end();
}

TEST(a_position_that_cannot_be_ends_the_connection)
{
	_Atomic uint64_t *put;
	void *base;
	int fd;

	begin();
	wire_tray_destroy(&tray);
	end_close(&client);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "hostile");
	test_equal_error(shm_create("tray", WIRE_TRAY_SIZE, &fd), 0);
	test_equal_error(shm_map(fd, WIRE_TRAY_SIZE, true, &base), 0);
	test_equal_error(offer(WIRE_TRAY_SIZE, fd), 0);
	close(fd);
	put = base;
	*put = WIRE_TRAY_SLOTS + 1;
	struct wire_entry_request request = { WIRE_ROOT_ID };
	end_ask(&client, &wire_entry_request_layout, &request, NULL);
	end_await_close(&client);
	shm_unmap(base, WIRE_TRAY_SIZE);
	register_one(); /* the others go on */
	end();
}

TEST(one_tray_of_the_right_kind)
{
	struct wire_tray_writer second;
	int fd;

	begin();
	test_equal_error(wire_tray_create(&second, &fd), 0);
	test_equal_error(offer(WIRE_TRAY_SIZE, fd), kIOReturnBadArgument); /* there is one */
	end_close(&client);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "another");
	test_equal_error(offer(WIRE_TRAY_SIZE - 8, fd), kIOReturnBadArgument);
	test_equal_error(offer(WIRE_TRAY_SIZE, events), kIOReturnBadArgument);
	test_equal_error(offer(WIRE_TRAY_SIZE, fd), 0);
	wire_tray_destroy(&second);
	close(fd);
	end();
}

TEST_MAIN
