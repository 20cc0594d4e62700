// SPDX-License-Identifier: MIT
/* The life of drivers and user clients, against the sample drivers and a fake registry. */
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <IOKit/IOReturn.h>
#include <IOKit/IOService.h>

#include "base/fd.h"
#include "Fixture.h"
#include "fake_registry.h"
#include "Torrent.h"
#include "wire/async.h"
#include "wire/call.h"
#include "wire/memory.h"
#include "wire/notice.h"
#include "wire/open.h"
#include "wire/publish.h"

enum { SERVICE = 100 };
enum { ADD, DIVIDE, STATISTICS, REVERSE, ADD_LATER, REPEAT, FAIL_LATER, SLEEP, OPENS };

static void load_calculator(struct fake_registry *fake)
{
	fake_start(fake);
	fake_load(fake, SERVICE, test_built("drivers/Calculator.dext"), "CalculatorDriver");
}

/* Read selector 8 over CHANNEL. */
static uint64_t count(struct wire_channel *channel, int which)
{
	uint64_t counts[4];

	test_equal_error(fake_scalar(channel, OPENS, NULL, 0, counts, 4), 0);
	return counts[which];
}

TEST(a_driver_starts_registers_and_stops)
{
	struct fake_registry fake;

	load_calculator(&fake);
	fake_expect(&fake, WIRE_REGISTER, 1);
	test_equal(fake.seen[WIRE_DECLARE_CLASSES], 1);
	test_equal(fake.last_update_id, SERVICE);
	test_true(CFDictionaryContainsKey(fake.last_set, CFSTR("Operations")));
	test_equal_error(fake_stop(&fake, SERVICE), 0);
	test_equal_error(fake_stop(&fake, SERVICE), 0); /* what is gone is stopped */
	fake_finish(&fake);
}

TEST(spec_s08_registration_in_start_comes_with_the_answer)
{
	struct fake_registry fake;

	fake_start(&fake);
	test_equal_error(
		fake_probe(&fake, 1, test_built("drivers/Calculator.dext"), "CalculatorDriver"), 0);
	test_equal(fake.seen[WIRE_REGISTER], 0);
	test_equal_error(fake_start_driver(&fake, 1, SERVICE), 0);
	test_equal(fake.seen[WIRE_REGISTER], 1); /* before it: never quiet in between */
	fake_finish(&fake);
}

/* The start of a LifeDriver on a nub with property KEY, below which it publishes something. */
static uint32_t begin_start(struct fake_registry *fake, CFStringRef key)
{
	const void *keys[] = { CFSTR("IOClass"), CFSTR("LifeBelow"), key };
	const void *values[] = { CFSTR("LifeDriver"), CFSTR("below"), kCFBooleanTrue };
	CFDictionaryRef properties =
		CFDictionaryCreate(NULL, keys, values, 3, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);
	struct wire_probe probe = { .candidate = SERVICE,
				    .provider = FAKE_PROVIDER_ID,
				    .provider_class = "LifeNub",
				    .provider_name = "nub",
				    .bundle = test_built("tests/drivers/Life.dext"),
				    .provider_properties = properties,
				    .personality = properties };
	struct wire_start start = { SERVICE, SERVICE };

	test_equal_error(fake_call(fake, &wire_probe_layout, &probe, -1, NULL), 0);
	CFRelease(properties);
	return fake_ask(fake, &wire_start_layout, &start, -1);
}

/* It waits in start until what it has published has been matched. */
static uint32_t begin_waiting(struct fake_registry *fake)
{
	fake_start(fake);
	fake->keeps = WIRE_REGISTER;
	uint32_t id = begin_start(fake, CFSTR("LifeWait"));
	fake_expect(fake, WIRE_REGISTER, 1);
	return id;
}

/* What waits in start runs other operations, but not the one that would free the driver. */
TEST(a_driver_is_stopped_when_its_start_has_returned)
{
	struct wire_entry_options stop = { .id = SERVICE };
	struct wire_phase will = { .id = SERVICE, .provider = FAKE_PROVIDER_ID };
	struct fake_registry fake;

	uint32_t started = begin_waiting(&fake);
	uint32_t stopped = fake_ask(&fake, &wire_stop_layout, &stop, -1);
	test_equal_error(fake_call(&fake, &wire_will_terminate_layout, &will, -1, NULL), 0);
	fake_answer_kept(&fake);
	test_equal_error(fake_await(&fake, started, NULL), 0);
	test_equal_error(fake_await(&fake, stopped, NULL), 0);
	fake_finish(&fake);
}

/* Until start has returned it cannot end. */
TEST(a_driver_that_ends_itself_in_start_does_not_wait_for_that)
{
	struct fake_registry fake;

	fake_start(&fake);
	test_equal_error(fake_await(&fake, begin_start(&fake, CFSTR("LifeEnd")), NULL), 0);
	fake_expect(&fake, WIRE_RETIRE, 1);
	test_equal(fake.last_terminated, SERVICE);
	test_equal(fake.last_options & kIOServiceSynchronous, 0);
	fake_finish(&fake);
}

/* Nobody answers it any more. */
TEST(a_session_may_end_while_start_waits)
{
	struct wire_empty empty = { 0 };
	struct fake_registry fake;

	begin_waiting(&fake);
	test_equal(wire_send(fake.socket, &wire_shutdown_layout, 0, &empty, NULL, 0, true), 0);
	fake_finish(&fake);
}

TEST(a_session_may_end_with_everything_open)
{
	struct fake_registry fake;
	struct wire_channel *channel;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	fake_finish(&fake);
	wire_channel_unref(channel);
}

TEST(what_demands_nothing_is_not_open_to_strangers)
{
	struct fake_registry fake;
	uint64_t client;
	int socket;

	load_calculator(&fake);
	fake.is_stranger = true;
	test_equal_error(fake_open(&fake, SERVICE, 0, WIRE_OPEN_ADMINISTRATOR, 0, &client, &socket),
			 kIOReturnNotPrivileged);
	close(socket);
	fake.is_stranger = false;
	test_equal_error(fake_open(&fake, SERVICE, 0, 0, 1000, &client, &socket), 0);
	close(socket);
	fake_expect(&fake, WIRE_RETIRE, 1);
	fake_finish(&fake);
}

/* What is left of it, the address sanitizer sees. */
TEST(a_session_may_end_with_a_driver_that_was_only_probed)
{
	struct fake_registry fake;

	fake_start(&fake);
	test_equal_error(
		fake_probe(&fake, 1, test_built("drivers/Calculator.dext"), "CalculatorDriver"), 0);
	fake_finish(&fake);
}

TEST(scalar_methods_answer)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	uint64_t out[2];

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	test_equal_error(fake_scalar(channel, ADD, (uint64_t[]){ UINT64_MAX, 3 }, 2, out, 1), 0);
	test_equal(out[0], 2);
	test_equal_error(fake_scalar(channel, DIVIDE, (uint64_t[]){ 17, 5 }, 2, out, 2), 0);
	test_equal(out[0], 3);
	test_equal(out[1], 2);
	test_equal_error(fake_scalar(channel, DIVIDE, (uint64_t[]){ 17, 0 }, 2, out, 2),
			 kIOReturnBadArgument);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(spec_j01_wrong_counts_are_refused)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	uint64_t in[3] = { 1, 2, 3 }, out[2];

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	test_equal_error(fake_scalar(channel, ADD, in, 1, out, 1), kIOReturnBadArgument);
	test_equal_error(fake_scalar(channel, ADD, in, 3, out, 1), kIOReturnBadArgument);
	test_equal_error(fake_scalar(channel, ADD, in, 2, out, 0), kIOReturnBadArgument);
	test_equal_error(fake_scalar(channel, 9, in, 2, out, 1), kIOReturnBadArgument);
	test_equal_error(fake_scalar(channel, ADD_LATER, in, 3, NULL, 0), kIOReturnBadArgument);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

/* Reverse SIZE bytes; both structures by the way their size demands. */
static void check_reverse(struct wire_channel *channel, size_t size)
{
	struct wire_call_request call = { .selector = REVERSE, .structure_output_size = size };
	struct wire_call_reply reply;
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint8_t *in = malloc(size);
	int32_t status;

	for (size_t i = 0; i < size; i++)
		in[i] = (uint8_t)(i * 7);
	call.structure = (struct wire_bytes){ in, size };
	call.flags = size > 4096 ? WIRE_CALL_INPUT_MEMORY | WIRE_CALL_OUTPUT_MEMORY : 0;
	test_equal(wire_channel_call(channel, &wire_call_request_layout, &call, NULL, 0,
				     &wire_call_reply_layout, &reply, &frame, &status),
		   0);
	test_equal_error(status, 0);
	test_equal(reply.structure_output_size, size);
	test_equal(reply.structure.size, size);
	for (size_t i = 0; i < size; i++)
		test_equal(((const uint8_t *)reply.structure.data)[i], in[size - 1 - i]);
	wire_frame_fini(&frame);
	free(in);
}

TEST(spec_j04_structures_of_all_sizes)
{
	struct fake_registry fake;
	struct wire_channel *channel;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	check_reverse(channel, 1);
	check_reverse(channel, 4096);
	check_reverse(channel, 4097);
	check_reverse(channel, 1024 * 1024);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(spec_4_3_memory_flags_must_fit_the_size)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	struct wire_call_request call = { .selector = REVERSE };
	struct wire_frame frame = WIRE_FRAME_INIT;
	char bytes[5000] = { 0 };
	int32_t status;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	call.structure = (struct wire_bytes){ bytes, 10 };
	call.flags = WIRE_CALL_INPUT_MEMORY;
	test_equal(wire_channel_call(channel, &wire_call_request_layout, &call, NULL, 0, NULL, NULL,
				     &frame, &status),
		   0);
	test_equal_error(status, kIOReturnIPCError);
	call.structure.size = sizeof(bytes);
	call.flags = 0;
	test_equal(wire_channel_call(channel, &wire_call_request_layout, &call, NULL, 0, NULL, NULL,
				     &frame, &status),
		   0);
	test_equal_error(status, kIOReturnIPCError);
	wire_frame_fini(&frame);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(open_types_follow_the_contract)
{
	struct fake_registry fake;
	uint64_t client;
	int socket;

	load_calculator(&fake);
	test_equal_error(fake_open(&fake, SERVICE, 1, 0, 1000, &client, &socket),
			 kIOReturnNotPrivileged);
	close(socket);
	test_equal_error(fake_open(&fake, SERVICE, 2, 0, 0, &client, &socket),
			 kIOReturnUnsupported);
	close(socket);
	test_equal_error(
		fake_open(&fake, SERVICE, 1, WIRE_OPEN_ADMINISTRATOR, 1000, &client, &socket), 0);
	close(socket);
	fake_expect(&fake, WIRE_RETIRE, 1);
	test_equal(fake.last_terminated, client);
	test_equal_error(fake_open(&fake, 4711, 0, 0, 0, &client, &socket), kIOReturnNotFound);
	close(socket);
	fake_finish(&fake);
}

TEST(a_user_client_is_given_to_one_program)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	uint64_t client, number = 1;
	int socket;

	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("tests/drivers/Fixture.dext"), "FixtureDriver");
	channel = fake_connect(&fake, SERVICE, FIXTURE_AGAIN, &client);
	test_equal_error(fake_open(&fake, SERVICE, FIXTURE_AGAIN, 0, 0, &client, &socket),
			 kIOReturnUnsupported);
	close(socket);
	test_equal_error(fake_scalar(channel, FIXTURE_ECHO, &number, 1, &number, 1), 0);
	test_equal(number, 2);
	wire_channel_unref(channel);
	fake_expect(&fake, WIRE_RETIRE, 1);
	/* Nor when it has ended, and the driver has kept it. */
	test_equal_error(fake_open(&fake, SERVICE, FIXTURE_AGAIN, 0, 0, &client, &socket),
			 kIOReturnUnsupported);
	close(socket);
	fake_finish(&fake);
}

TEST(spec_k09_close_runs_once_and_ends_the_connection)
{
	struct fake_registry fake;
	struct wire_channel *channel, *other;
	uint64_t client;

	load_calculator(&fake);
	other = fake_connect(&fake, SERVICE, 0, NULL);
	channel = fake_connect(&fake, SERVICE, 0, &client);
	test_equal_error(fake_plain(channel, &wire_close_layout), 0);
	fake_expect(&fake, WIRE_RETIRE, 1);
	test_equal(fake.last_terminated, client);
	test_equal(count(other, 0), 2);
	test_equal(count(other, 1), 1);
	wire_channel_unref(channel);
	wire_channel_unref(other);
	fake_finish(&fake);
}

TEST(spec_k13_hang_up_is_a_close)
{
	struct fake_registry fake;
	struct wire_channel *channel, *other;

	load_calculator(&fake);
	other = fake_connect(&fake, SERVICE, 0, NULL);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	wire_channel_unref(channel);
	fake_expect(&fake, WIRE_RETIRE, 1);
	test_equal(count(other, 1), 1);
	wire_channel_unref(other);
	fake_finish(&fake);
}

struct sleeper {
	struct wire_channel *channel;
	int32_t status;
};

static void *sleep_a_while(void *context)
{
	struct sleeper *sleeper = context;

	sleeper->status = fake_scalar(sleeper->channel, SLEEP, (uint64_t[]){ 300 * 1000 * 1000ull },
				      1, NULL, 0);
	return NULL;
}

/* Start a slow call and wait until the driver has it. */
static pthread_t begin_sleep(struct sleeper *sleeper, struct wire_channel *channel,
			     struct wire_channel *observer)
{
	pthread_t thread;

	sleeper->channel = channel;
	test_equal(pthread_create(&thread, NULL, sleep_a_while, sleeper), 0);
	while (count(observer, 2) < 2)
		;
	return thread;
}

TEST(spec_j21_methods_run_beside_each_other)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	struct sleeper sleeper;
	pthread_t thread;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	thread = begin_sleep(&sleeper, channel, channel); /* counts over the same connection */
	test_equal(pthread_join(thread, NULL), 0);
	test_equal_error(sleeper.status, 0);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(spec_j22_close_waits_for_calls_in_flight)
{
	struct fake_registry fake;
	struct wire_channel *channel, *other;
	struct sleeper sleeper;
	pthread_t thread;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	other = fake_connect(&fake, SERVICE, 0, NULL);
	thread = begin_sleep(&sleeper, channel, other);
	test_equal_error(fake_plain(channel, &wire_close_layout), 0);
	test_equal(count(other, 1), 1);
	test_equal(count(other, 2), 1); /* the slow call had ended before */
	test_equal(pthread_join(thread, NULL), 0);
	test_equal_error(sleeper.status, 0); /* and was answered */
	wire_channel_unref(channel);
	wire_channel_unref(other);
	fake_finish(&fake);
}

/* The registry goes on to the next when one of them takes too long: what waits for a method goes on in order. */
TEST(the_phases_of_an_end_wait_for_calls_in_flight)
{
	struct fake_registry fake;
	struct wire_channel *channel, *other;
	struct wire_phase phase = { .provider = SERVICE };
	struct wire_entry_options stop = { 0 };
	struct sleeper sleeper;
	uint64_t client;
	uint32_t asked[3];
	pthread_t thread;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, &client);
	other = fake_connect(&fake, SERVICE, 0, NULL);
	thread = begin_sleep(&sleeper, channel, other);
	struct wire_inactive inactive = { .ids = { &client, 1 } };
	test_equal(wire_send(fake.socket, &wire_inactive_layout, 0, &inactive, NULL, 0, true), 0);
	phase.id = stop.id = client;
	asked[0] = fake_ask(&fake, &wire_will_terminate_layout, &phase, -1);
	asked[1] = fake_ask(&fake, &wire_did_terminate_layout, &phase, -1);
	asked[2] = fake_ask(&fake, &wire_stop_layout, &stop, -1);
	for (int i = 0; i < 3; i++)
		test_equal_error(fake_await(&fake, asked[i], NULL), 0);
	test_equal(count(other, 1), 1);
	test_equal(count(other, 2), 1); /* the slow call had ended before */
	test_equal(pthread_join(thread, NULL), 0);
	test_equal_error(sleeper.status, 0);
	wire_channel_unref(channel);
	wire_channel_unref(other);
	fake_finish(&fake);
}

TEST(spec_k15_death_waits_for_calls_in_flight)
{
	struct fake_registry fake;
	struct wire_channel *other;
	struct wire_call_request call = {
		.selector = SLEEP,
		.scalars = { (uint64_t[]){ 100 * 1000 * 1000ull }, 1 },
	};
	uint64_t client;
	int socket;

	load_calculator(&fake);
	other = fake_connect(&fake, SERVICE, 0, NULL);
	test_equal_error(fake_open(&fake, SERVICE, 0, 0, 0, &client, &socket), 0);
	test_equal(wire_send(socket, &wire_call_request_layout, 1, &call, NULL, 0, true), 0);
	while (count(other, 2) < 2)
		;
	close(socket);
	fake_expect(&fake, WIRE_RETIRE, 1);
	test_equal(count(other, 1), 1);
	test_equal(count(other, 2), 1);
	wire_channel_unref(other);
	fake_finish(&fake);
}

TEST(stopping_the_service_ends_its_connections)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	struct wire_empty empty = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	test_equal_error(fake_stop(&fake, SERVICE), 0);
	test_equal_error(wire_channel_call(channel, &wire_get_service_layout, &empty, NULL, 0, NULL,
					   NULL, &frame, &status),
			 -EPIPE);
	wire_frame_fini(&frame);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(a_malformed_message_ends_only_that_connection)
{
	struct fake_registry fake;
	struct wire_channel *other;
	uint64_t client;
	int socket;
	char byte;

	load_calculator(&fake);
	other = fake_connect(&fake, SERVICE, 0, NULL);
	test_equal_error(fake_open(&fake, SERVICE, 0, 0, 0, &client, &socket), 0);
	test_equal(send(socket, "garbage", 7, MSG_NOSIGNAL), 7);
	test_equal(recv(socket, &byte, 1, 0), 0); /* hung up */
	close(socket);
	fake_expect(&fake, WIRE_RETIRE, 1);
	test_equal(fake.last_terminated, client);
	test_equal(count(other, 1), 1);
	wire_channel_unref(other);
	fake_finish(&fake);
}

TEST(spec_k19_get_service_names_the_provider)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	struct wire_number_reply reply;
	struct wire_empty empty = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	test_equal(wire_channel_call(channel, &wire_get_service_layout, &empty, NULL, 0,
				     &wire_number_reply_layout, &reply, &frame, &status),
		   0);
	test_equal_error(status, 0);
	test_equal(reply.number, SERVICE);
	wire_frame_fini(&frame);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(connections_of_others_cannot_be_named)
{
	struct fake_registry fake;
	struct wire_channel *channel, *own;
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_connect_client request;
	uint64_t own_id, foreign_id;
	int32_t status;
	int foreign;

	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("tests/drivers/Fixture.dext"), "FixtureDriver");
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	own = fake_connect(&fake, SERVICE, 0, &own_id);
	test_equal_error(fake_open(&fake, SERVICE, 0, 0, 1001, &foreign_id, &foreign), 0);
	request.user_client = own_id;
	test_equal(wire_channel_call(channel, &wire_connect_client_layout, &request, NULL, 0, NULL,
				     NULL, &frame, &status),
		   0);
	test_equal_error(status, 0);
	request.user_client = foreign_id;
	test_equal(wire_channel_call(channel, &wire_connect_client_layout, &request, NULL, 0, NULL,
				     NULL, &frame, &status),
		   0);
	test_equal_error(status, kIOReturnBadArgument);
	wire_frame_fini(&frame);
	close(foreign);
	wire_channel_unref(own);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

/* --- asynchronous calls ------------------------------------------------------------- */

static int open_inlet(struct wire_channel *channel, uint32_t number, uint32_t inlet_class)
{
	struct wire_inlet_open open = { number, inlet_class };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int sockets[2];
	int32_t status;

	test_equal(fd_socketpair(sockets), 0);
	test_equal(wire_channel_call(channel, &wire_inlet_open_layout, &open, &sockets[1], 1, NULL,
				     NULL, &frame, &status),
		   0);
	test_equal_error(status, 0);
	close(sockets[1]);
	wire_frame_fini(&frame);
	return sockets[0];
}

static int32_t call_async(struct wire_channel *channel, uint32_t selector, const uint64_t *in,
			  uint32_t n_in, uint32_t inlet, uint64_t token)
{
	struct wire_call_request call = {
		.selector = selector,
		.flags = WIRE_CALL_ASYNC,
		.inlet = inlet,
		.token = token,
		.reference = { (const uint64_t[]){ 0, 0, 0 }, 3 },
		.scalars = { in, n_in },
	};
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;

	test_equal(wire_channel_call(channel, &wire_call_request_layout, &call, NULL, 0, NULL, NULL,
				     &frame, &status),
		   0);
	wire_frame_fini(&frame);
	return status;
}

/* The next completion on an inlet; its arguments point into FRAME. */
static struct wire_completion completion(int inlet, struct wire_frame *frame)
{
	struct wire_completion message;

	test_equal(wire_frame_receive(inlet, frame, WIRE_CONTROL_MAX, true), 0);
	test_equal(frame->header.type, WIRE_COMPLETION);
	test_equal(wire_frame_decode(frame, &wire_completion_layout, &message), 0);
	return message;
}

static void expect_released(int inlet, struct wire_frame *frame, uint64_t token)
{
	struct wire_token_released message;

	test_equal(wire_frame_receive(inlet, frame, WIRE_CONTROL_MAX, true), 0);
	test_equal(frame->header.type, WIRE_TOKEN_RELEASED);
	test_equal(wire_frame_decode(frame, &wire_token_released_layout, &message), 0);
	test_equal(message.token, token);
}

TEST(completions_carry_token_status_and_arguments)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_completion done;
	int inlet;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	inlet = open_inlet(channel, 1, WIRE_INLET_COMPLETIONS);
	test_equal_error(call_async(channel, ADD_LATER, (uint64_t[]){ 2, 3, 1000 }, 3, 1, 77), 0);
	done = completion(inlet, &frame);
	test_equal(done.token, 77);
	test_equal_error(done.result, 0);
	test_equal(done.arguments.count, 1);
	test_equal(done.arguments.items[0], 5);
	expect_released(inlet, &frame, 77);
	test_equal_error(
		call_async(channel, FAIL_LATER, (uint64_t[]){ 0xe00002ca, 1000 }, 2, 1, 78), 0);
	done = completion(inlet, &frame);
	test_equal_error(done.result, kIOReturnIOError);
	test_equal(done.arguments.count, 0);
	expect_released(inlet, &frame, 78);
	test_equal_error(call_async(channel, REPEAT, (uint64_t[]){ 5, 1000 }, 2, 1, 79), 0);
	for (uint64_t i = 0; i < 5; i++) {
		done = completion(inlet, &frame);
		test_equal(done.arguments.count, 3);
		test_equal(done.arguments.items[0], i);
		test_equal(done.arguments.items[1], 5);
	}
	expect_released(inlet, &frame, 79);
	wire_frame_fini(&frame);
	close(inlet);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(a_refused_asynchronous_call_releases_its_token)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	struct wire_frame frame = WIRE_FRAME_INIT;
	int inlet;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	inlet = open_inlet(channel, 1, WIRE_INLET_COMPLETIONS);
	test_equal_error(call_async(channel, ADD, (uint64_t[]){ 1, 2 }, 2, 1, 5),
			 kIOReturnBadArgument);
	expect_released(inlet, &frame, 5);
	/* an inlet that nobody opened, or of another class */
	test_equal_error(call_async(channel, ADD_LATER, (uint64_t[]){ 1, 2, 3 }, 3, 9, 6),
			 kIOReturnBadArgument);
	test_equal(count(channel, 3), 0);
	wire_frame_fini(&frame);
	close(inlet);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(spec_i03_without_wake_port_the_call_runs_silently)
{
	struct fake_registry fake;
	struct wire_channel *channel;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	test_equal_error(call_async(channel, ADD_LATER, (uint64_t[]){ 1, 2, 1000 }, 3, 0, 0), 0);
	while (count(channel, 3))
		;
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(closing_aborts_what_is_outstanding)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_completion done;
	int inlet;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	inlet = open_inlet(channel, 3, WIRE_INLET_COMPLETIONS);
	test_equal_error(call_async(channel, ADD_LATER, (uint64_t[]){ 2, 3, UINT64_MAX }, 3, 3, 8),
			 0);
	test_equal(count(channel, 3), 1);
	test_equal_error(fake_plain(channel, &wire_close_layout), 0);
	done = completion(inlet, &frame);
	test_equal(done.token, 8);
	test_equal_error(done.result, kIOReturnAborted);
	test_equal(done.arguments.count, 0);
	expect_released(inlet, &frame, 8);
	fake_expect(&fake, WIRE_RETIRE, 1); /* and is stopped */
	test_equal_error(wire_frame_receive(inlet, &frame, WIRE_CONTROL_MAX, true), -EPIPE);
	wire_frame_fini(&frame);
	close(inlet);
	wire_channel_unref(channel);
	fake_finish(&fake);
}

TEST(spec_i13_a_closed_receiver_does_not_harm)
{
	struct fake_registry fake;
	struct wire_channel *channel;
	int inlet;

	load_calculator(&fake);
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	inlet = open_inlet(channel, 3, WIRE_INLET_COMPLETIONS);
	test_equal_error(call_async(channel, REPEAT, (uint64_t[]){ 20, 100000 }, 2, 3, 8), 0);
	close(inlet);
	while (count(channel, 3))
		;
	wire_channel_unref(channel);
	fake_finish(&fake);
}

/* A thread of the driver's own has it, and completes until it is told that nobody is there. */
static void outlive_session(void)
{
	struct fake_registry fake;
	struct wire_channel *channel;

	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built("tests/drivers/Torrent.dext"), "Torrent");
	channel = fake_connect(&fake, SERVICE, 0, NULL);
	struct pollfd inlet = { .fd = open_inlet(channel, 1, WIRE_INLET_COMPLETIONS) };
	test_equal_error(
		call_async(channel, TORRENT_STREAM, (uint64_t[]){ UINT64_MAX, true }, 2, 1, 1), 0);
	fake_finish(&fake);
	test_equal(poll(&inlet, 1, -1), 1);
	test_true(inlet.revents & POLLHUP);
}

/* In a process of its own: what such a driver may still use is kept for good. */
TEST(nobody_receives_what_is_completed_after_the_session)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		outlive_session();
		_exit(0);
	}
	test_equal(waitpid(pid, &status, 0), pid);
	test_equal(status, 0);
}

TEST_MAIN
