// SPDX-License-Identifier: MIT
/* Hosts that come back in another order than they came. */
#include "registry/orphan.h"

#include "session.h"

enum { NUB = 0x100000200, DRIVER, BELOW };

static struct session s;
static struct end client, nubs, drivers;

static void begin(unsigned generation)
{
	session_start_generation(&s, NULL, generation);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&nubs, &s, WIRE_ROLE_PROVIDER, "nubs");
	end_connect(&drivers, &s, WIRE_ROLE_PROVIDER, "drivers");
}

static void end(void)
{
	end_close(&client);
	end_close(&drivers);
	end_close(&nubs);
	session_end(&s);
}

static IOReturn come_back(struct end *e, uint64_t id, uint64_t parent, const char *class_name)
{
	struct wire_publish request = {
		.id = id,
		.parent = parent,
		.plane = "",
		.class_name = class_name,
		.name = "",
		.location = "",
	};
	struct wire_publish_reply reply = { 0 };
	IOReturn status = end_call(e, &wire_publish_layout, &request, NULL,
				   &wire_publish_reply_layout, &reply);

	test_true(status || reply.id == id);
	return status;
}

static IOReturn announce(struct end *e, uint64_t id)
{
	struct wire_entry_options options = { id, 0 };

	return end_call(e, &wire_register_layout, &options, NULL, NULL, NULL);
}

static bool is_found(const char *class_name)
{
	uint64_t ids[4];

	return find(&client, class_name, ids, 4) == 1;
}

static char *path_of(uint64_t id)
{
	static char path[128];
	struct wire_path_request request = { id, "IOService" };
	struct wire_text_reply reply;

	if (end_call(&client, &wire_path_request_layout, &request, NULL, &wire_text_reply_layout,
		     &reply))
		return NULL;
	snprintf(path, sizeof(path), "%s", strrchr(reply.text, ':'));
	return path;
}

/* They are taken in before the nub is registered, and registered then. */
TEST(who_comes_before_its_provider_is_taken_in)
{
	begin(1);
	test_equal_error(come_back(&drivers, DRIVER, NUB, "Driver"), 0);
	test_equal_error(come_back(&drivers, BELOW, DRIVER, "Below"), 0);
	test_equal_error(announce(&drivers, DRIVER), 0);
	test_equal_error(announce(&drivers, BELOW), 0);
	test_true(!path_of(DRIVER));
	test_true(!is_found("Driver"));
	test_equal_error(come_back(&nubs, NUB, 0, "Nub"), 0);
	test_equal_text(path_of(BELOW), ":/Nub/Driver/Below");
	test_true(is_found("Driver"));
	test_true(is_found("Below"));
	test_equal_error(announce(&nubs, NUB), 0);
	end();
}

/* A further provider is waited for as well, and is no reason to end. */
TEST(a_further_provider_may_come_later)
{
	struct wire_attach attach = { DRIVER, NUB, 0, "" };

	begin(1);
	test_equal_error(come_back(&drivers, DRIVER, 0, "Driver"), 0);
	test_equal_error(end_call(&drivers, &wire_attach_layout, &attach, NULL, NULL, NULL), 0);
	test_equal_error(come_back(&nubs, NUB, 0, "Nub"), 0);
	/* It is attached there already. */
	attach.detach = 1;
	test_equal_error(end_call(&drivers, &wire_attach_layout, &attach, NULL, NULL, NULL), 0);
	end();
}

TEST(who_waits_in_vain_ends)
{
	begin(1);
	test_equal_error(come_back(&drivers, DRIVER, NUB, "Driver"), 0);
	end_expect_stop(&drivers, DRIVER);
	/* Later than that nobody is waited for. */
	test_equal_error(come_back(&drivers, BELOW, NUB, "Below"), kIOReturnBadArgument);
	end();
}

TEST(who_comes_after_the_end_of_its_provider_ends)
{
	struct wire_entry_options options = { NUB, 0 };

	begin(1);
	test_equal_error(come_back(&nubs, NUB, 0, "Nub"), 0);
	test_equal_error(end_call(&nubs, &wire_terminate_layout, &options, NULL, NULL, NULL), 0);
	test_equal_error(come_back(&drivers, DRIVER, NUB, "Driver"), 0);
	end_expect_stop(&drivers, DRIVER);
	end();
}

/* Nobody has been there before the first generation. */
TEST(nobody_waits_in_a_new_session)
{
	begin(0);
	test_equal_error(come_back(&drivers, DRIVER, NUB, "Driver"), kIOReturnNotPermitted);
	end();
}

TEST(who_goes_while_it_waits_is_forgotten)
{
	begin(1);
	test_equal_error(come_back(&drivers, DRIVER, NUB, "Driver"), 0);
	end_close(&drivers);
	end_connect(&drivers, &s, WIRE_ROLE_PROVIDER, "drivers");
	test_equal_error(come_back(&nubs, NUB, 0, "Nub"), 0);
	test_true(!path_of(DRIVER));
	end();
}

TEST_MAIN
