// SPDX-License-Identifier: MIT
#include "registry/lifecycle.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "failing.h"
#include "session.h"

static struct session s;
static struct end client, provider, other;

static void begin(void)
{
	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
}

static void end(void)
{
	end_close(&client);
	end_close(&provider);
	end_close(&other);
	session_end(&s);
}

static uint32_t state_of(uint64_t id, uint32_t *busy)
{
	struct wire_entry_request request = { id };
	struct wire_entry_reply reply;

	if (end_call(&client, &wire_entry_request_layout, &request, NULL, &wire_entry_reply_layout,
		     &reply))
		return 0;
	*busy = reply.busy;
	return reply.state;
}

static void adjust(uint64_t id, int delta)
{
	struct wire_adjust_busy request = { id, delta };

	test_equal_error(end_call(&provider, &wire_adjust_busy_layout, &request, NULL, NULL, NULL),
			 0);
}

TEST(busy_goes_up_the_chain)
{
	struct wire_wait_quiet_request wait = { 0, 0 };
	uint32_t busy = 0;

	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	uint64_t b = publish(&provider, a, "B", "", "", 0, NULL);
	wait_quiet(&client);
	adjust(b, 1);
	adjust(b, 1);
	state_of(b, &busy);
	test_equal(busy, 2);
	state_of(a, &busy);
	test_equal(busy, 1);
	state_of(0x100000101, &busy);
	test_equal(busy, 1);
	test_equal_error(
		end_call(&client, &wire_wait_quiet_request_layout, &wait, NULL, NULL, NULL),
		kIOReturnTimeout);
	wait.timeout_ns = 1000000;
	test_equal_error(
		end_call(&client, &wire_wait_quiet_request_layout, &wait, NULL, NULL, NULL),
		kIOReturnTimeout);
	wait.timeout_ns = UINT64_MAX;
	uint32_t asked = end_ask(&client, &wire_wait_quiet_request_layout, &wait, NULL);
	adjust(b, -2);
	test_equal_error(end_answer(&client, asked, NULL, NULL), 0);
	state_of(0x100000101, &busy);
	test_equal(busy, 0);
	wait.id = WIRE_ROOT_ID;
	test_equal_error(
		end_call(&client, &wire_wait_quiet_request_layout, &wait, NULL, NULL, NULL),
		kIOReturnBadArgument);
	end();
}

/* It does not end with who has made it busy. */
TEST(the_machine_comes_to_rest_without_its_provider)
{
	begin();
	for (int i = 0; i < 3; i++) {
		struct wire_adjust_busy more = { 0, i == 2 ? -1 : 5 };

		test_equal_error(
			end_call(&other, &wire_adjust_busy_layout, &more, NULL, NULL, NULL), 0);
	}
	end_close(&other);
	wait_quiet(&client);
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	end();
}

static void adjust_as_other(int delta)
{
	struct wire_adjust_busy request = { 0, delta };

	test_equal_error(end_call(&other, &wire_adjust_busy_layout, &request, NULL, NULL, NULL), 0);
}

/* Whatever a provider says: it takes back what it has lent, no more and no less. */
TEST(the_machine_stays_as_busy_as_others_have_made_it)
{
	uint32_t busy = 0;

	begin();
	wait_quiet(&client);
	adjust(0, 3);
	adjust_as_other(-5);
	state_of(0x100000101, &busy);
	test_equal(busy, 3);
	for (int i = 0; i < 3; i++)
		adjust_as_other(INT_MAX);
	adjust_as_other(INT_MIN);
	adjust_as_other(INT_MAX);
	end_close(&other);
	do /* its end may take a moment */
		state_of(0x100000101, &busy);
	while (busy > 3);
	test_equal(busy, 3);
	adjust(0, -3);
	wait_quiet(&client);
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	end();
}

TEST(a_waiter_that_dies_is_forgotten)
{
	struct wire_wait_quiet_request wait = { 0, UINT64_MAX };
	struct end waiter;

	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	adjust(a, 1);
	end_connect(&waiter, &s, WIRE_ROLE_CLIENT, "waiter");
	end_ask(&waiter, &wire_wait_quiet_request_layout, &wait, NULL);
	end_close(&waiter);
	end_close(&provider); /* its busy count goes with it */
	wait_quiet(&client);
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	end();
}

TEST(states_of_a_service)
{
	uint32_t busy = 0;

	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	test_equal(state_of(a, &busy) & 0x1f, 0);
	struct wire_entry_options request = { a, 0 };
	test_equal_error(end_call(&provider, &wire_register_layout, &request, NULL, NULL, NULL), 0);
	test_equal(state_of(a, &busy) & 0x1f, 2 | 4 | 8 | 16);
	test_equal_error(end_call(&provider, &wire_terminate_layout, &request, NULL, NULL, NULL),
			 0);
	test_equal(state_of(a, &busy) & 0x1f, 1);
	test_equal_error(end_call(&provider, &wire_register_layout, &request, NULL, NULL, NULL),
			 kIOReturnNotFound);
	end();
}

static void terminate(uint64_t id)
{
	struct wire_entry_options request = { id, 0 };

	test_equal_error(end_call(&provider, &wire_terminate_layout, &request, NULL, NULL, NULL),
			 0);
}

static void attach_to_machine(uint64_t id)
{
	struct wire_attach attach = { id, 0, 0, "" };

	test_equal_error(end_call(&other, &wire_attach_layout, &attach, NULL, NULL, NULL), 0);
}

static bool path_is(uint64_t id, const char *path)
{
	struct wire_path_request request = { id, "IOService" };
	struct wire_text_reply text;

	return !end_call(&client, &wire_path_request_layout, &request, NULL,
			 &wire_text_reply_layout, &text) &&
	       !strcmp(text.text, path);
}

/* A; on it B and D; on B C. Downwards what will be, upwards what is; leaves stop first; what has
 * another provider stays. */
TEST(termination_goes_through_its_phases)
{
	struct wire_inactive inactive;
	struct wire_phase phase;
	uint32_t busy = 0;

	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	uint64_t b = publish(&other, a, "B", "", "", 0, NULL);
	uint64_t c = publish(&other, b, "C", "", "", 0, NULL);
	uint64_t d = publish(&other, a, "D", "", "", 0, NULL);
	attach_to_machine(d);
	test_true(state_of(c, &busy) != 0);
	terminate(a);
	end_expect(&other, &wire_inactive_layout, &inactive);
	test_equal(inactive.ids.count, 2);
	end_expect_will(&other, b, a);
	test_equal(state_of(c, &busy) & 1, 1);
	end_expect(&other, &wire_will_terminate_layout, &phase);
	test_equal(phase.id, d);
	test_equal(phase.leaves, 1);
	end_reply(&other, &wire_empty_layout, 0, NULL);
	end_expect_will(&other, c, b);
	end_expect_message_of_end(&other, c, b);
	end_expect_did(&other, c, b, true);
	end_expect_message_of_end(&other, b, a);
	end_expect_message_of_end(&other, d, a);
	end_expect_did(&other, b, a, true);
	end_expect_did(&other, d, a, true);
	end_expect_stop(&other, c);
	end_expect_stop(&other, b);
	wait_quiet(&client);
	test_equal(state_of(d, &busy) & 1, 0);
	test_true(path_is(d, "IOService:/D"));
	end();
}

/* Two drivers on one service, one of which keeps it open: the other stops meanwhile, and the service
 * stays until it is let go of. */
TEST(what_is_in_use_holds_up_itself_alone)
{
	struct wire_access let_go;
	uint32_t busy = 0;

	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	uint64_t b = publish(&other, a, "B", "", "", 0, NULL);
	uint64_t c = publish(&other, a, "C", "", "", 0, NULL);
	state_of(a, &busy); /* holds it */
	terminate(a);
	end_expect_will(&other, b, a);
	end_expect_will(&other, c, a);
	end_expect_message_of_end(&other, b, a);
	end_expect_message_of_end(&other, c, a);
	end_expect_did(&other, b, a, false);
	end_expect_did(&other, c, a, false);
	let_go = (struct wire_access){ .client = b, .provider = a };
	wire_send(other.socket, &wire_let_go_layout, 0, &let_go, NULL, 0, true);
	end_expect_stop(&other, b);
	state_of(0x100000101, &busy);
	test_equal(busy, 1);
	wire_send(other.socket, &wire_let_go_layout, 0, &let_go, NULL, 0,
		  true); /* again: nothing */
	let_go.client = c;
	wire_send(provider.socket, &wire_let_go_layout, 0, &let_go, NULL, 0,
		  true); /* not its own */
	state_of(0x100000101, &busy);
	test_equal(busy, 1);
	wire_send(other.socket, &wire_let_go_layout, 0, &let_go, NULL, 0, true);
	end_expect_stop(&other, c);
	wait_quiet(&client);
	end();
}

/* WIRE_RETIRE: the owner is asked as well; who waits for it hears of the end. */
TEST(an_owner_that_takes_part_is_asked_to_stop)
{
	struct wire_entry_options request, stop;

	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	request = (struct wire_entry_options){ a, 2 };
	uint32_t asked = end_ask(&provider, &wire_retire_layout, &request, NULL);
	end_expect(&provider, &wire_stop_layout, &stop);
	test_equal(stop.id, a);
	test_equal(stop.options, 2);
	end_reply(&provider, &wire_empty_layout, 0, NULL);
	test_equal_error(end_answer(&provider, asked, NULL, NULL), 0);
	test_equal_error(end_call(&provider, &wire_retire_layout, &request, NULL, NULL, NULL),
			 kIOReturnNotFound);
	end();
}

static bool has_message(struct end *e)
{
	struct pollfd p = { e->socket, POLLIN, 0 };

	return poll(&p, 1, 0) > 0;
}

/* B is being ended for itself when A goes as well: A waits for it. */
TEST(terminations_wait_for_each_other)
{
	struct wire_entry_options request, stop;
	struct wire_inactive inactive;
	uint32_t busy;

	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	uint64_t b = publish(&other, a, "B", "", "", 0, NULL);
	request = (struct wire_entry_options){ b, 0 };
	test_equal_error(end_call(&other, &wire_retire_layout, &request, NULL, NULL, NULL), 0);
	end_expect(&other, &wire_stop_layout, &stop);
	test_equal(stop.id, b);
	request.id = a;
	test_equal_error(end_call(&provider, &wire_retire_layout, &request, NULL, NULL, NULL), 0);
	end_expect(&provider, &wire_inactive_layout, &inactive);
	state_of(a, &busy);
	test_true(!has_message(&provider));
	end_reply(&other, &wire_empty_layout, 0, NULL);
	end_expect_stop(&provider, a);
	wait_quiet(&client);
	end();
}

/* However many there are, what ends is looked for by those alone that have waited for it. */
TEST(many_terminations_wait_for_each_other)
{
	enum { PAIRS = 3000 };
	struct wire_entry_options end_of = { 0, 0 };
	struct wire_entry_options stop;

	begin();
	for (int i = 0; i < PAIRS; i++) {
		uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);

		end_of.id = publish(&other, a, "B", "", "", 0, NULL);
		wire_send(other.socket, &wire_retire_layout, 0, &end_of, NULL, 0, true);
		end_expect(&other, &wire_stop_layout, &stop);
		test_equal(stop.id, end_of.id);
		end_of.id = a;
		wire_send(provider.socket, &wire_terminate_layout, 0, &end_of, NULL, 0, true);
	}
	end_close(&other);
	wait_quiet(&client);
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	end();
}

TEST(a_host_that_dies_while_stopping_is_not_awaited)
{
	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	uint64_t b = publish(&other, a, "B", "", "", 0, NULL);
	terminate(a);
	end_expect_will(&other, b, a);
	end_expect_message_of_end(&other, b, a);
	end_close(&other);
	wait_quiet(&client);
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	end();
}

TEST(a_host_that_dies_with_its_provider_open_is_not_awaited)
{
	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	uint64_t b = publish(&other, a, "B", "", "", 0, NULL);
	terminate(a);
	end_expect_will(&other, b, a);
	end_expect_message_of_end(&other, b, a);
	end_expect_did(&other, b, a, false);
	end_close(&other);
	wait_quiet(&client);
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	end();
}

/* messageClients: drivers in other hosts hear it from us, those of the same host from their host. */
static size_t n_peers;

static void count_peers(struct registry *registry)
{
	n_peers = 0;
	list_for_each(l, &registry->peers)
		n_peers++;
}

/* While another one is asked. */
TEST(a_host_that_dies_before_all_have_been_asked_is_not_awaited)
{
	struct wire_phase phase;
	struct end third;

	begin();
	end_connect(&third, &s, WIRE_ROLE_PROVIDER, "third");
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	uint64_t b = publish(&other, a, "B", "", "", 0, NULL);
	uint64_t c = publish(&third, a, "C", "", "", 0, NULL);
	terminate(a);
	end_expect_will(&other, b, a);
	end_expect_will(&third, c, a);
	end_expect_message_of_end(&other, b, a);
	end_expect_message_of_end(&third, c, a);
	end_expect_did(&other, b, a, false);
	end_expect(&third, &wire_did_terminate_layout, &phase);
	end_close(&other);
	do /* it may hear the third's answer first */
		session_run(&s, count_peers);
	while (n_peers > 3);
	struct wire_number_reply yes = { 1 };
	end_reply(&third, &wire_number_reply_layout, 0, &yes);
	end_expect_stop(&third, c);
	wait_quiet(&client);
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	end_close(&third);
	end();
}

TEST(messages_reach_the_clients_of_other_hosts)
{
	struct wire_message heard;

	begin();
	uint64_t a = publish(&provider, 0, "A", "", "", 0, NULL);
	publish(&provider, a, "Own", "", "", 0, NULL);
	uint64_t b = publish(&other, a, "B", "", "", 0, NULL);
	struct wire_message sent = { .id = a, .message_type = 0xe0001234, .argument = 7 };
	test_equal_error(end_call(&provider, &wire_message_layout, &sent, NULL, NULL, NULL), 0);
	test_equal(provider.n_backlog, 0);
	end_expect(&other, &wire_provider_message_layout, &heard);
	test_equal(heard.id, b);
	test_equal(heard.provider, a);
	test_equal(heard.argument, 7);
	sent.data = (struct wire_bytes){ "xy", 2 };
	test_equal_error(end_call(&provider, &wire_message_layout, &sent, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	end();
}

static void attach(uint64_t id, uint64_t parent, bool detach)
{
	struct wire_attach request = { .id = id, .parent = parent, .detach = detach, .plane = "" };

	test_equal_error(end_call(&provider, &wire_attach_layout, &request, NULL, NULL, NULL), 0);
}

TEST(what_is_attached_busy_makes_its_provider_busy)
{
	uint32_t busy = 0;

	begin();
	uint64_t up = publish(&provider, 0, "Up", "", "", 0, NULL);
	uint64_t first = publish(&provider, 0, "Up", "", "", 0, NULL);
	uint64_t down = publish(&provider, first, "Down", "", "", 0, NULL);
	attach(down, first, true);
	adjust(down, 1);
	state_of(first, &busy);
	test_equal(busy, 0);
	attach(down, up, false);
	state_of(up, &busy);
	test_equal(busy, 1);
	attach(down, up, true);
	state_of(up, &busy);
	test_equal(busy, 0);
	attach(down, up, false);
	adjust(down, -1);
	state_of(up, &busy);
	test_equal(busy, 0);
	end();
}

static void check_stops(struct registry *registry)
{
	test_true(list_is_empty(&registry->stops));
}

/* A provider in one plane is a client in another: whichever is looked at first, both go. */
TEST(what_stands_on_each_other_in_two_planes_goes)
{
	begin();
	uint64_t a = publish(&other, 0, "IOService", "a", "", 0, NULL);
	struct wire_publish request = { .parent = a,
					.plane = "Other",
					.class_name = "IOService",
					.name = "b",
					.location = "" };
	struct wire_publish_reply b;
	test_equal_error(end_call(&other, &wire_publish_layout, &request, NULL,
				  &wire_publish_reply_layout, &b),
			 0);
	struct wire_attach on_b = { .id = a, .parent = b.id, .plane = "IOService" };
	test_equal_error(end_call(&other, &wire_attach_layout, &on_b, NULL, NULL, NULL), 0);
	end_close(&other);
	wait_quiet(&client);
	session_run(&s, check_stops);
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	end();
}

/* --- little memory ------------------------------------------------------------------------------ */

/* Of the registry's thread. */
static struct test_shortage shortage;
static uint64_t first_of_stack;
static bool by_owner; /* who knows it then, and stops it itself */

static void begin_end(struct registry *registry)
{
	struct registry_entry *first = registry_entry_find(&registry->tree, first_of_stack);

	test_shortage_begin(&shortage);
	registry_lifecycle_terminate(registry, first, 0, by_owner ? first->owner : NULL, false);
	test_true(registry_entry_is_inactive(first)); /* whatever else is put off */
}

static void end_shortage(struct registry *registry)
{
	test_shortage_end(&shortage);
	/* What was promised for later is now. */
	if (!list_is_empty(&registry->owed_timer.link))
		loop_timer_start(registry->loop, &registry->owed_timer, 0);
}

/* Answer all that is asked until N objects have been stopped, each once. */
static void serve_stops(size_t n)
{
	struct wire_number_reply lets_go = { 1 };
	struct wire_entry_options stop;
	uint64_t stopped[4];

	for (size_t i = 0; i < n;) {
		test_equal_error(
			wire_frame_receive(other.socket, &other.frame, WIRE_CONTROL_MAX, true), 0);
		if (other.frame.header.type == WIRE_STOP) {
			test_equal_error(wire_frame_decode(&other.frame, &wire_stop_layout, &stop),
					 0);
			for (size_t k = 0; k < i; k++)
				test_true(stopped[k] != stop.id);
			stopped[i++] = stop.id;
		}
		if (other.frame.header.type == WIRE_DID_TERMINATE)
			end_reply(&other, &wire_number_reply_layout, 0, &lets_go);
		else if (other.frame.header.id)
			end_reply(&other, &wire_empty_layout, 0, NULL);
	}
}

/* Three on each other: nobody else would ever stop one that is passed over. */
static void publish_stack(void)
{
	first_of_stack = publish(&other, 0, "A", "", "", 0, NULL);
	uint64_t b = publish(&other, first_of_stack, "B", "", "", 0, NULL);
	publish(&other, b, "C", "", "", 0, NULL);
}

static void put_an_end_off(bool by_its_owner)
{
	by_owner = by_its_owner;
	begin();
	test_each_shortage(rounds)
	{
		publish_stack();
		shortage = rounds;
		session_run(&s, begin_end);
		session_run(&s, end_shortage);
		rounds = shortage;
		serve_stops(by_owner ? 2 : 3);
		wait_quiet(&client);
		session_run(&s, check_stops);
	}
	end();
}

TEST(an_end_that_finds_no_memory_comes_later)
{
	put_an_end_off(false);
}

TEST(an_end_of_ones_own_that_finds_no_memory_comes_later)
{
	put_an_end_off(true);
	by_owner = false;
}

/* Whichever question there is no memory for is asked later; what programs are told before it they hear once. */
TEST(a_phase_that_finds_no_memory_goes_on_later)
{
	struct wire_notify_reply reply;
	uint64_t ids[4];
	size_t n_told = 0;

	begin();
	int inlet = open_inlet(&client, 1, WIRE_INLET_NOTICES);
	uint64_t will = subscribe(&client, 1, "IOServiceWillTerminate", "B", &reply);
	wire_message_clear(&wire_notify_reply_layout, &reply);
	shortage = (struct test_shortage){ .has_failed = true };
	for (; shortage.has_failed; shortage.at++) {
		publish_stack();
		session_run(&s, begin_end);
		serve_stops(3);
		session_run(&s, end_shortage);
		wait_quiet(&client);
		session_run(&s, check_stops);
		size_t n = next(&client, will, ids, 4);
		test_true(n <= 1);
		n_told += n;
	}
	test_true(n_told > 0);
	close(inlet);
	end();
}

TEST_MAIN
