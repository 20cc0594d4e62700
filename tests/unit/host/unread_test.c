// SPDX-License-Identifier: MIT
/* Answers with descriptors cost the host, not the client that leaves them unread: L9. */
#include "test.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_registry.h"
#include "wire/call.h"
#include "wire/memory.h"
#include "wire/publish.h"

enum { SERVICE = 100, REVERSE = 3, SIZE = 3 << 20, A_WHILE_MS = 200 };

static struct fake_registry fake;
static char bytes[SIZE], log_path[600];

/* The host says so when a charge was not given back, or twice. */
static void finish(void)
{
	char text[8192] = "";

	fake_finish(&fake);
	FILE *f = fopen(log_path, "re");
	test_true(f != NULL);
	(void)!fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	test_true(!strstr(text, "the account of"));
}

static void begin_with(const char *limits, const char *bundle, const char *driver)
{
	struct wire_limits message = { limits };

	snprintf(log_path, sizeof(log_path), "%s/log", test_folder());
	setenv("PORTICO_LOG", "error", 1);
	test_true(freopen(log_path, "we", stderr) != NULL);
	fake_start(&fake);
	fake_load(&fake, SERVICE, test_built(bundle), driver);
	test_equal(wire_send(fake.socket, &wire_limits_layout, 0, &message, NULL, 0, true), 0);
}

static void begin(const char *limits)
{
	begin_with(limits, "drivers/Calculator.dext", "CalculatorDriver");
}

static int connect_one(void)
{
	uint64_t client;
	int socket;

	test_equal_error(fake_open(&fake, SERVICE, 0, 0, 0, &client, &socket), 0);
	return socket;
}

static void ask(int socket, uint32_t request)
{
	struct wire_call_request call = {
		.selector = REVERSE,
		.structure = { bytes, SIZE },
		.structure_output_size = SIZE,
		.flags = WIRE_CALL_INPUT_MEMORY | WIRE_CALL_OUTPUT_MEMORY,
	};

	test_equal(wire_send(socket, &wire_call_request_layout, request, &call, NULL, 0, true), 0);
}

static bool has_answer(int socket, int ms)
{
	struct pollfd p = { .fd = socket, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void read_answer(int socket)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	test_true(has_answer(socket, 60 * 1000));
	test_equal(wire_frame_receive(socket, &frame, SIZE + 4096, true), 0);
	test_equal(frame.header.status, 0);
	wire_frame_fini(&frame);
}

TEST(a_client_that_leaves_large_answers_unread_loses_its_connection)
{
	begin("unread-answers=4M");
	int socket = connect_one();
	ask(socket, 1);
	ask(socket, 2);
	fake_expect(&fake, WIRE_RETIRE, 1);
	close(socket);
	finish();
}

TEST(the_connections_of_a_user_share_what_may_be_unread)
{
	begin("user-unread-answers=4M");
	int first = connect_one(), second = connect_one();
	ask(first, 1);
	test_true(has_answer(first, 60 * 1000));
	ask(second, 1);
	test_true(!has_answer(second, A_WHILE_MS));
	read_answer(first);
	read_answer(second);
	close(first);
	close(second);
	fake_expect(&fake, WIRE_RETIRE, 2);
	finish();
}

TEST(what_is_read_makes_room)
{
	begin("unread-answers=4M");
	int socket = connect_one();
	for (uint32_t i = 1; i <= 5; i++) {
		ask(socket, i);
		read_answer(socket);
	}
	close(socket);
	fake_expect(&fake, WIRE_RETIRE, 1);
	finish();
}

/* Larger than what a connection may leave unread: the first always goes. */
TEST(one_large_answer_is_always_sent)
{
	begin("unread-answers=1M");
	int socket = connect_one();
	ask(socket, 1);
	read_answer(socket);
	ask(socket, 2);
	read_answer(socket);
	close(socket);
	fake_expect(&fake, WIRE_RETIRE, 1);
	finish();
}

static void ask_for_memory(int socket, uint32_t request)
{
	struct wire_map_request map = { .memory_type = 0 };

	test_equal(wire_send(socket, &wire_map_request_layout, request, &map, NULL, 0, true), 0);
}

/* The kernel counts descriptors that nobody reads by the user of the host: small answers with one are few, too. */
TEST(the_connections_of_a_user_share_what_descriptors_may_be_unread)
{
	begin_with("user-unread-files=2", "drivers/Mirror.dext", "MirrorDriver");
	int first = connect_one(), second = connect_one();
	ask_for_memory(first, 1);
	ask_for_memory(first, 2);
	ask_for_memory(first, 3);
	/* Who has none unread gets one all the same. */
	ask_for_memory(second, 1);
	read_answer(second);
	read_answer(first);
	read_answer(first);
	read_answer(first);
	close(first);
	close(second);
	fake_expect(&fake, WIRE_RETIRE, 2);
	finish();
}

TEST(a_client_that_leaves_descriptors_unread_loses_its_connection)
{
	begin_with("user-unread-files=2", "drivers/Mirror.dext", "MirrorDriver");
	int socket = connect_one();
	for (uint32_t i = 1; i <= 3; i++)
		ask_for_memory(socket, i);
	fake_expect(&fake, WIRE_RETIRE, 1);
	close(socket);
	finish();
}

TEST_MAIN
