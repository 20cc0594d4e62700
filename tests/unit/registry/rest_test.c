// SPDX-License-Identifier: MIT
#include "registry/rest.h"

#include "session.h"
#include "wire/query.h"

enum { MORE = 5, MANY = WIRE_FOUND_MAX + MORE };

static struct session s;
static struct end client, provider;

static void begin(void)
{
	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
}

static void end(void)
{
	end_close(&client);
	end_close(&provider);
	session_end(&s); /* the account of each connection is checked */
}

static void publish_many(int n)
{
	for (int i = 0; i < n; i++)
		publish(&provider, 0, "Fixture", "", "", WIRE_PUBLISH_REGISTER, NULL);
}

static size_t count(const struct wire_layout *layout, const void *request, uint64_t *last)
{
	struct wire_entries_reply reply;

	test_equal_error(
		end_call(&client, layout, request, NULL, &wire_entries_reply_layout, &reply), 0);
	size_t n = reply.entries.count;
	for (size_t i = 0; i < n; i++) {
		test_true(reply.entries.items[i].id > *last); /* in order, each once */
		*last = reply.entries.items[i].id;
	}
	wire_message_clear(&wire_entries_reply_layout, &reply);
	return n;
}

static size_t find_parts(uint64_t rest, uint64_t *last)
{
	struct wire_find_request request = { .rest = rest,
					     .matching =
						     matching_new("IOProviderClass", "Fixture") };
	size_t n;

	*last = 0;
	n = count(&wire_find_request_layout, &request, last);
	CFRelease(request.matching);
	return n;
}

static size_t more(uint64_t rest, uint64_t *last)
{
	struct wire_find_more request = { rest };

	return count(&wire_find_more_layout, &request, last);
}

TEST(a_long_search_comes_in_parts)
{
	uint64_t last;

	begin();
	publish_many(WIRE_FOUND_MAX - 1);
	test_equal(find_parts(7, &last), WIRE_FOUND_MAX - 1);
	test_equal(more(7, &last), 0); /* nothing was left */
	publish_many(1);
	test_equal(find_parts(7, &last), WIRE_FOUND_MAX);
	test_equal(more(7, &last), 0); /* just so many */
	publish_many(MORE);
	test_equal(find_parts(7, &last), WIRE_FOUND_MAX);
	test_equal(more(8, &last), 0); /* another's number */
	test_equal(more(7, &last), MORE);
	test_equal(more(7, &last), 0);
	/* without a number all come at once, as before */
	test_equal(find_parts(0, &last), MANY);
	end();
}

TEST(few_rests_are_kept)
{
	uint64_t last[REGISTRY_RESTS_MAX + 3];

	begin();
	publish_many(MANY);
	for (int i = 1; i <= REGISTRY_RESTS_MAX + 1; i++)
		test_equal(find_parts((uint64_t)i, &last[i]), WIRE_FOUND_MAX);
	test_equal(more(1, &last[1]), 0); /* the oldest made room */
	test_equal(more(2, &last[2]), MORE);
	/* the same number again: a new search */
	test_equal(find_parts(3, &last[3]), WIRE_FOUND_MAX);
	test_equal(more(3, &last[3]), MORE);
	end(); /* the others go with the client */
}

TEST(what_has_ended_meanwhile_is_left_out)
{
	uint64_t last;

	begin();
	publish_many(MANY);
	test_equal(find_parts(7, &last), WIRE_FOUND_MAX);
	/* Nobody else holds what was not told yet. */
	for (uint64_t id = last + 1; id <= last + MORE - 1; id++) {
		struct wire_entry_options ended = { id, 0 };

		test_equal_error(
			end_call(&provider, &wire_terminate_layout, &ended, NULL, NULL, NULL), 0);
	}
	test_equal(more(7, &last), 1);
	test_equal(more(7, &last), 0);
	end();
}

TEST_MAIN
