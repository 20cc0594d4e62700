// SPDX-License-Identifier: MIT
#include "registry/access.h"

#include <sys/socket.h>

#include "session.h"

static struct session s;
static struct end client, provider, other;
static uint64_t service, driver;

static void begin_limited(const char *const *limits)
{
	session_start_limited(&s, limits);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	service = publish(&provider, 0, "Service", "", "", WIRE_PUBLISH_REGISTER, NULL);
	driver = publish(&other, service, "Driver", "it", "", 0, NULL);
}

static void begin(void)
{
	begin_limited((const char *const[]){ NULL });
}

static void end(void)
{
	end_close(&client);
	end_close(&provider);
	end_close(&other);
	session_end(&s);
}

static uint32_t ask(struct end *e, uint64_t by, uint64_t of, uint32_t what)
{
	struct wire_access access = { by, of, what, 7 };

	return end_ask(e, &wire_access_layout, &access, NULL);
}

static uint64_t number(struct end *e, uint32_t asked)
{
	struct wire_number_reply reply = { 99 };

	test_equal_error(end_answer(e, asked, &wire_number_reply_layout, &reply), 0);
	return reply.number;
}

/* The provider's host hears WHAT of CLIENT_ID and answers it. */
static void expect_access_of(uint64_t client_id, uint32_t what, uint64_t answer)
{
	struct wire_number_reply reply = { answer };
	struct wire_provider_access heard;

	end_expect(&provider, &wire_provider_access_layout, &heard);
	test_equal(heard.client, client_id);
	test_equal(heard.provider, service);
	test_equal(heard.what, what);
	if (heard.client_class[0]) {
		test_equal_text(heard.client_class, "Driver");
		test_equal_text(heard.client_name, "it");
		test_equal(heard.options, 7);
	}
	if (provider.frame.header.id)
		end_reply(&provider, &wire_number_reply_layout, 0, &reply);
}

static void expect_access(uint32_t what, uint64_t answer)
{
	expect_access_of(driver, what, answer);
}

TEST(the_host_of_the_provider_decides)
{
	begin();
	uint32_t asked = ask(&other, driver, service, WIRE_ACCESS_OPEN);
	expect_access(WIRE_ACCESS_OPEN, 0);
	test_equal(number(&other, asked), 0);
	asked = ask(&other, driver, service, WIRE_ACCESS_OPEN);
	expect_access(WIRE_ACCESS_OPEN, 1);
	test_equal(number(&other, asked), 1);
	asked = ask(&other, driver, service, WIRE_ACCESS_CLOSE);
	expect_access(WIRE_ACCESS_CLOSE, 0);
	test_equal(number(&other, asked), 0);
	end();
}

TEST(nobody_opens_for_another)
{
	struct wire_access access = { driver, service, WIRE_ACCESS_OPEN, 0 };

	begin();
	access.client = service; /* not of the asker */
	access.provider = service;
	test_equal_error(end_call(&other, &wire_access_layout, &access, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	access = (struct wire_access){ driver, service, 4, 0 };
	test_equal_error(end_call(&other, &wire_access_layout, &access, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	/* Services of the registry's own and unknown ones are not opened. */
	test_equal(number(&other, ask(&other, driver, 0x100000102, WIRE_ACCESS_OPEN)), 0);
	test_equal(number(&other, ask(&other, driver, 0x777, WIRE_ACCESS_OPEN)), 0);
	end();
}

TEST(who_goes_has_closed)
{
	begin();
	uint32_t asked = ask(&other, driver, service, WIRE_ACCESS_OPEN);
	expect_access(WIRE_ACCESS_OPEN, 1);
	test_equal(number(&other, asked), 1);
	end_close(&other);
	expect_access(WIRE_ACCESS_CLOSE, 0);
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	end();
}

/* The provider agrees to all of them. */
static uint64_t open_by(struct end *e, uint64_t by)
{
	uint32_t asked = ask(e, by, service, WIRE_ACCESS_OPEN);

	expect_access_of(by, WIRE_ACCESS_OPEN, 1);
	return number(e, asked);
}

TEST(one_provider_opens_as_much_as_it_may_and_no_other_has_less)
{
	struct end third;

	begin_limited((const char *const[]){ "accesses=1", NULL });
	end_connect(&third, &s, WIRE_ROLE_PROVIDER, "third");
	uint64_t second_driver = publish(&other, service, "Driver", "it", "", 0, NULL);
	uint64_t third_driver = publish(&third, service, "Driver", "it", "", 0, NULL);
	test_equal(open_by(&other, driver), 1);
	test_equal(open_by(&other, driver), 1); /* it has it open */
	test_equal(open_by(&other, second_driver), 0);
	expect_access_of(second_driver, WIRE_ACCESS_CLOSE, 0);
	test_equal(open_by(&third, third_driver), 1);
	end_close(&third);
	expect_access_of(third_driver, WIRE_ACCESS_CLOSE, 0);
	end();
}

TEST(a_provider_that_goes_refuses)
{
	begin();
	uint32_t asked = ask(&other, driver, service, WIRE_ACCESS_OPEN);
	struct wire_provider_access heard;
	end_expect(&provider, &wire_provider_access_layout, &heard);
	end_close(&provider);
	test_equal(number(&other, asked), 0);
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	end();
}

/* --- after a restart ------------------------------------------------------------------------------ */

enum { SERVICE = 0x100000200, DRIVER };

static void come_back(struct end *e, uint64_t id, uint64_t parent)
{
	struct wire_publish request = {
		.id = id,
		.parent = parent,
		.plane = "",
		.class_name = "Thing",
		.name = "",
		.location = "",
	};

	test_equal_error(end_call(e, &wire_publish_layout, &request, NULL, NULL, NULL), 0);
}

static void begin_again(void)
{
	session_start_generation(&s, NULL, 1);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	service = SERVICE;
	come_back(&provider, SERVICE, 0);
}

TEST(whoever_has_come_back_has_open_what_it_had)
{
	begin_again();
	test_equal(number(&provider, ask(&provider, DRIVER, SERVICE, WIRE_ACCESS_HELD)), 1);
	come_back(&other, DRIVER, SERVICE);
	end_close(&other);
	expect_access_of(DRIVER, WIRE_ACCESS_CLOSE, 0);
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	end();
}

TEST(whoever_does_not_come_back_has_closed)
{
	begin_again();
	test_equal(number(&provider, ask(&provider, DRIVER, SERVICE, WIRE_ACCESS_HELD)), 1);
	expect_access_of(DRIVER, WIRE_ACCESS_CLOSE, 0);
	/* By now at once. */
	test_equal(number(&provider, ask(&provider, DRIVER, SERVICE, WIRE_ACCESS_HELD)), 1);
	expect_access_of(DRIVER, WIRE_ACCESS_CLOSE, 0);
	end();
}

TEST(nobody_says_so_of_a_service_of_another)
{
	begin_again();
	test_equal_error(
		end_answer(&other, ask(&other, DRIVER, SERVICE, WIRE_ACCESS_HELD), NULL, NULL),
		kIOReturnBadArgument);
	end();
}

TEST(a_message_to_one_driver_and_its_answer)
{
	struct wire_message sent = { .message_type = 0xe0000100, .argument = 5 }, heard;

	begin();
	sent.id = driver;
	sent.provider = service;
	uint32_t asked = end_ask(&provider, &wire_message_client_layout, &sent, NULL);
	end_expect(&other, &wire_provider_message_layout, &heard);
	test_equal(heard.id, driver);
	test_equal(heard.argument, 5);
	end_reply(&other, &wire_empty_layout, kIOReturnBusy, NULL);
	test_equal_error(end_answer(&provider, asked, NULL, NULL), kIOReturnBusy);
	/* Only a provider speaks for itself. */
	test_equal_error(end_call(&other, &wire_message_client_layout, &sent, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	end();
}

/* Its host would take it to be from its own provider. */
TEST(no_message_to_a_driver_of_somebody_elses)
{
	struct wire_message sent = { .message_type = 0xe0000010 },
			    heard; /* service is terminated */

	begin();
	sent.id = publish(&other, 0, "Driver", "it", "", 0, NULL);
	sent.provider = service;
	test_equal_error(end_call(&provider, &wire_message_client_layout, &sent, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	/* One that has it open may stand anywhere. */
	uint32_t opening = ask(&other, sent.id, service, WIRE_ACCESS_OPEN);
	expect_access_of(sent.id, WIRE_ACCESS_OPEN, 1);
	test_equal(number(&other, opening), 1);
	uint32_t asked = end_ask(&provider, &wire_message_client_layout, &sent, NULL);
	end_expect(&other, &wire_provider_message_layout, &heard);
	end_reply(&other, &wire_empty_layout, 0, NULL);
	test_equal_error(end_answer(&provider, asked, NULL, NULL), 0);
	end();
}

TEST(request_probe_is_the_drivers_business)
{
	struct wire_request_probe request = { 0, 3 };
	struct wire_provider_probe heard;

	begin();
	uint64_t ids[1];
	test_equal(find(&client, "Service", ids, 1), 1);
	request.id = service;
	uint32_t asked = end_ask(&client, &wire_request_probe_layout, &request, NULL);
	end_expect(&provider, &wire_provider_probe_layout, &heard);
	test_equal(heard.id, service);
	test_equal(heard.options, 3);
	test_equal(heard.pid, getpid());
	end_reply(&provider, &wire_empty_layout, kIOReturnNoDevice, NULL);
	test_equal_error(end_answer(&client, asked, NULL, NULL), kIOReturnNoDevice);
	request.id = 0x100000102; /* IOResources */
	test_equal_error(end_call(&client, &wire_request_probe_layout, &request, NULL, NULL, NULL),
			 kIOReturnUnsupported);
	request.id = WIRE_ROOT_ID;
	test_equal_error(end_call(&client, &wire_request_probe_layout, &request, NULL, NULL, NULL),
			 kIOReturnBadArgument);
	end();
}

/* Whether those who have asked are still there or not. */
TEST(questions_that_nobody_answers_are_so_many_at_most)
{
	enum { EACH = 512 };
	const char *limits[] = { "requests=64K", "user-requests=64K", NULL };
	struct wire_request_probe request = { 0, 0 };
	struct wire_header first = { .type = WIRE_PROVIDER_PROBE, .id = 1 };
	struct wire_provider_probe heard;
	char bytes[64];
	struct end asker;

	begin_limited(limits);
	request.id = service;
	end_connect(&asker, &s, WIRE_ROLE_CLIENT, "asker");
	for (int n = 0; n < REGISTRY_QUESTIONS_MAX; n += EACH) {
		for (int i = 0; i < EACH; i++)
			end_ask(&asker, &wire_request_probe_layout, &request, NULL);
		for (int i = 0; i < EACH; i++)
			test_true(recv(provider.socket, bytes, sizeof(bytes), 0) > 0);
	}
	end_close(&asker);
	test_equal_error(end_call(&client, &wire_request_probe_layout, &request, NULL, NULL, NULL),
			 kIOReturnNoResources);
	/* Who has answered one may be asked another. */
	wire_reply(provider.socket, &first, &wire_empty_layout, 0, NULL, NULL, 0, true);
	test_true(publish(&provider, 0, "Service", "", "", 0, NULL));
	uint32_t asked = end_ask(&client, &wire_request_probe_layout, &request, NULL);
	end_expect(&provider, &wire_provider_probe_layout, &heard);
	end_reply(&provider, &wire_empty_layout, 0, NULL);
	test_equal_error(end_answer(&client, asked, NULL, NULL), 0);
	end();
}

TEST_MAIN
