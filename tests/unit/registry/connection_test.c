// SPDX-License-Identifier: MIT
#include "registry/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "registry/deferred.h"
#include "session.h"

static struct session s;
static struct end client, provider;
static uint64_t service;

static void begin(void)
{
	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	service = publish(&provider, 0, "Fixture", "", "", WIRE_PUBLISH_REGISTER, NULL);
}

static void end(void)
{
	end_close(&client);
	end_close(&provider);
	session_end(&s);
}

static IOReturn open_status(uint64_t id)
{
	struct wire_open_request request = { id, 0 };

	return end_call(&client, &wire_open_request_layout, &request, NULL, NULL, NULL);
}

/* Ask to open and take the host's side of it; FD gets the host's end. */
static uint32_t begin_open(struct wire_open_client *message, int *fd)
{
	struct wire_open_request request = { service, 7 };
	uint32_t id = end_ask(&client, &wire_open_request_layout, &request, NULL);

	end_expect(&provider, &wire_open_client_layout, message);
	CFRelease(message->entitlements); /* a dictionary always, of whatever the policy grants */
	message->entitlements = NULL;
	*fd = wire_frame_take_fd(&provider.frame, 0);
	return id;
}

static void agree(const char *class_name, CFDictionaryRef properties)
{
	struct wire_open_client_reply reply = { class_name, properties };

	end_reply(&provider, &wire_open_client_reply_layout, 0, &reply);
}

static bool is_hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 10000) > 0 && fd_is_hung_up(fd);
}

TEST(a_connection_joins_client_and_host)
{
	struct wire_open_client message;
	struct wire_open_reply reply;
	char byte = 'x';
	int fd;

	begin();
	uint32_t id = begin_open(&message, &fd);
	test_equal(message.service, service);
	test_equal(message.type, 7);
	test_equal(message.pid, getpid());
	test_equal_text(message.process, "client");
	test_equal(message.flags, (geteuid() == 0 ? WIRE_OPEN_ADMINISTRATOR : 0) |
					  WIRE_OPEN_LOCAL_USER | WIRE_OPEN_UNSTATED);
	CFDictionaryRef properties = matching_new("Colour", "red");
	agree("FixtureClient", properties);
	CFRelease(properties);
	test_equal_error(end_answer(&client, id, &wire_open_reply_layout, &reply), 0);
	test_equal(reply.user_client, message.user_client);
	int mine = wire_frame_take_fd(&client.frame, 0);
	test_equal(write(mine, &byte, 1), 1);
	test_equal(read(fd, &byte, 1), 1);
	close(mine);
	test_true(is_hung_up(fd));
	close(fd);
	/* K26: attached, not matchable */
	uint64_t ids[1];
	test_equal(find(&client, "FixtureClient", ids, 1), 0);
	struct wire_property_request property = { .id = reply.user_client,
						  .plane = "IOService",
						  .key = "IOUserClientCreator" };
	struct wire_value_reply value;
	char text[128], expected[128];
	test_equal_error(end_call(&client, &wire_property_request_layout, &property, NULL,
				  &wire_value_reply_layout, &value),
			 0);
	CFStringGetCString(value.value, text, sizeof(text), kCFStringEncodingUTF8);
	snprintf(expected, sizeof(expected), "pid %d, client", (int)getpid());
	test_equal_text(text, expected);
	wire_message_clear(&wire_value_reply_layout, &value);
	end();
}

TEST(spec_k01_k07_k08_refusals)
{
	begin();
	test_equal_error(open_status(WIRE_ROOT_ID), kIOReturnBadArgument);
	test_equal_error(open_status(12345), MACH_SEND_INVALID_DEST);
	test_equal_error(open_status(0x100000102), kIOReturnUnsupported);
	struct wire_entry_request hold = { service };
	struct wire_entry_reply entry;
	test_equal_error(end_call(&client, &wire_entry_request_layout, &hold, NULL,
				  &wire_entry_reply_layout, &entry),
			 0);
	struct wire_entry_options terminate = { service, 0 };
	test_equal_error(end_call(&provider, &wire_terminate_layout, &terminate, NULL, NULL, NULL),
			 0);
	test_equal_error(open_status(service), kIOReturnUnsupported);
	end();
}

TEST(the_driver_decides)
{
	struct wire_open_client message;
	int fd;

	begin();
	uint32_t id = begin_open(&message, &fd);
	end_reply(&provider, &wire_open_client_reply_layout, kIOReturnExclusiveAccess, NULL);
	test_equal_error(end_answer(&client, id, NULL, NULL), kIOReturnExclusiveAccess);
	test_true(is_hung_up(fd));
	close(fd);
	/* not a user client */
	id = begin_open(&message, &fd);
	agree("IOMedia", NULL);
	test_equal_error(end_answer(&client, id, NULL, NULL), kIOReturnError);
	close(fd);
	end();
}

TEST(a_host_that_dies_answers_the_client)
{
	struct wire_open_client message;
	int fd;

	begin();
	uint32_t id = begin_open(&message, &fd);
	close(fd);
	end_close(&provider);
	test_equal_error(end_answer(&client, id, NULL, NULL), kIOReturnOffline);
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	end();
}

static void let_a_minute_pass(struct registry *registry)
{
	list_for_each_safe(l, &registry->peers) {
		struct registry_peer *p = container_of(l, struct registry_peer, link);

		list_for_each_safe(k, &p->deferred) {
			struct registry_deferred *d =
				container_of(k, struct registry_deferred, link);

			d->timer.fn(d->timer.context);
		}
	}
}

/* What it does is nobody's business, but that it does not return is said. */
TEST(a_driver_that_does_not_open_is_named_and_its_answer_too_late)
{
	struct wire_open_client message;
	char text[512];
	int fd, log[2], old = dup(STDERR_FILENO);

	begin();
	test_equal(pipe2(log, O_CLOEXEC), 0);
	dup2(log[1], STDERR_FILENO);
	setenv("PORTICO_LOG", "warning", 1);
	log_init("test", LOG_LEVEL_WARNING);
	uint32_t id = begin_open(&message, &fd);
	session_run(&s, let_a_minute_pass);
	test_equal_error(end_answer(&client, id, NULL, NULL), kIOReturnTimeout);
	unsetenv("PORTICO_LOG");
	log_init("test", LOG_LEVEL_NONE);
	dup2(old, STDERR_FILENO);
	close(old);
	ssize_t n = read(log[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	test_true(strstr(text, ": Fixture was not opened within 60 s") != NULL);
	test_true(is_hung_up(fd));
	agree("FixtureClient", NULL);
	close(fd);
	close(log[0]);
	close(log[1]);
	end();
}

TEST(a_client_that_dies_leaves_a_hang_up)
{
	struct wire_open_client message;
	int fd;

	begin();
	begin_open(&message, &fd);
	end_close(&client);
	/* Whether the host ever answers or not. */
	test_true(is_hung_up(fd));
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "second");
	agree("FixtureClient", NULL);
	close(fd);
	end();
}

/* The host, in which the service takes it along, says nothing of it. */
TEST(what_was_opened_on_a_service_that_has_ended_ends)
{
	struct wire_open_client message;
	int fd;

	begin();
	uint32_t id = begin_open(&message, &fd);
	struct wire_entry_options terminate = { service, 0 };
	uint32_t ended = end_ask(&provider, &wire_terminate_layout, &terminate, NULL);
	agree("FixtureClient", NULL);
	test_equal_error(end_answer(&client, id, NULL, NULL), kIOReturnUnsupported);
	test_true(is_hung_up(fd));
	close(fd);
	test_equal_error(end_answer(&provider, ended, NULL, NULL), 0);
	end_expect_stop(&provider, message.user_client);
	end();
}

/* As a host that has lost its registry publishes it. */
static void come_back(struct end *host, uint64_t id, uint64_t parent, const char *class_name,
		      uint32_t flags)
{
	struct wire_publish request = { .id = id,
					.parent = parent,
					.flags = flags,
					.plane = "",
					.class_name = class_name,
					.name = "",
					.location = "" };

	test_equal_error(end_call(host, &wire_publish_layout, &request, NULL, NULL, NULL), 0);
}

/* The host asks something first, so that what it said before has been heard. */
static void expect_creator(struct end *host, uint64_t id, const char *creator)
{
	struct wire_property_request request = { .id = id,
						 .plane = "",
						 .key = "IOUserClientCreator" };
	struct wire_value_reply reply = { NULL };
	char text[64] = "";

	struct wire_interested interested = { id };
	test_equal_error(end_call(host, &wire_interested_layout, &interested, NULL, NULL, NULL), 0);
	IOReturn status = end_call(&client, &wire_property_request_layout, &request, NULL,
				   &wire_value_reply_layout, &reply);
	test_equal_error(status, creator ? 0 : kIOReturnNotFound);
	if (reply.value)
		CFStringGetCString(reply.value, text, sizeof(text), kCFStringEncodingUTF8);
	wire_message_clear(&wire_value_reply_layout, &reply);
	test_equal_text(text, creator ? creator : "");
}

static size_t revoke_all_of(uid_t uid)
{
	struct wire_revoke request = { "Fixture", true, uid };
	struct wire_number_reply reply = { 0 };

	test_equal_error(end_call(&client, &wire_revoke_layout, &request, NULL,
				  &wire_number_reply_layout, &reply),
			 0);
	return (size_t)reply.number;
}

TEST(after_a_restart_the_host_says_who_opened_what)
{
	enum { SERVICE = 0x100000200, USER_CLIENT, OTHER, OTHER_CLIENT };

	session_start_generation(&s, NULL, 1);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	come_back(&provider, SERVICE, 0, "Fixture", 0);
	come_back(&provider, USER_CLIENT, SERVICE, "FixtureClient", WIRE_PUBLISH_USER_CLIENT);
	struct wire_opened opened = { USER_CLIENT, SERVICE, 77, 1003, "tool" };
	end_ask(&provider, &wire_opened_layout, &opened, NULL);
	expect_creator(&provider, USER_CLIENT, "pid 77, tool");
	/* once; and neither of a service nor of what is not the sender's */
	opened.uid = 1004;
	end_ask(&provider, &wire_opened_layout, &opened, NULL);
	opened.user_client = SERVICE;
	end_ask(&provider, &wire_opened_layout, &opened, NULL);
	opened.user_client = WIRE_ROOT_ID;
	end_ask(&provider, &wire_opened_layout, &opened, NULL);
	expect_creator(&provider, SERVICE, NULL);
	/* nor of a service that is another's */
	struct end other;
	end_connect(&other, &s, WIRE_ROLE_PROVIDER, "other");
	come_back(&other, OTHER, 0, "Other", 0);
	come_back(&other, OTHER_CLIENT, OTHER, "OtherClient", WIRE_PUBLISH_USER_CLIENT);
	opened.user_client = OTHER_CLIENT;
	end_ask(&other, &wire_opened_layout, &opened, NULL);
	expect_creator(&other, OTHER_CLIENT, NULL);
	end_close(&other);
	test_equal(revoke_all_of(1004), 0);
	test_equal(revoke_all_of(1003), 1);
	end_expect_stop(&provider, USER_CLIENT);
	end();
}

/* --- other users ------------------------------------------------------------------------------------ */

enum { NOBODY = 65534 };

/* Another user asks, in a process that goes at once: has that been refused? */
static bool is_refused_to_another(const struct wire_layout *layout, const void *request)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct wire_entry_request none = { UINT64_MAX };

		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(255);
		end_connect(&client, &s, WIRE_ROLE_CLIENT, "another");
		uint32_t id = end_ask(&client, layout, request, NULL);
		/* Answered after a refusal; the host answers nothing. */
		end_ask(&client, &wire_entry_request_layout, &none, NULL);
		test_equal_error(
			wire_frame_receive(client.socket, &client.frame, WIRE_CONTROL_MAX, true),
			0);
		_exit(client.frame.header.id == id);
	}
	test_equal(waitpid(pid, &status, 0), pid);
	test_true(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status);
}

static bool is_another_refused(void)
{
	struct wire_open_request request = { service, 7 };

	return is_refused_to_another(&wire_open_request_layout, &request);
}

static void begin_for_all(const char *const *limits)
{
	if (getuid())
		test_skip("needs root");
	s.all_users = true;
	session_start_limited(&s, limits);
	test_equal(chmod(test_folder(), 0755), 0);
	test_equal(chmod(s.socket, 0777), 0);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	service = publish(&provider, 0, "Fixture", "", "", WIRE_PUBLISH_REGISTER, NULL);
}

/* What nobody awaits any more counts until the host has answered it: one user's could be all that a host is
 * asked. */
TEST(what_programs_that_have_gone_have_asked_for_counts)
{
	static const char *const few[] = { "user-requests=4",
					   NULL }; /* of which another has half */

	begin_for_all(few);
	struct wire_update nothing = { .id = service };
	test_true(!is_another_refused());
	test_true(!is_another_refused());
	test_true(is_another_refused());
	/* The owner's are another matter. */
	struct wire_open_client message;
	int fds[3];
	for (int i = 0; i < 2; i++) {
		end_expect(&provider, &wire_open_client_layout, &message);
		wire_message_clear(&wire_open_client_layout, &message);
		fds[i] = wire_frame_take_fd(&provider.frame, 0);
	}
	uint32_t second = provider.frame.header.id;
	begin_open(&message, &fds[2]);
	agree("FixtureClient", NULL);
	/* One answer makes room for one more. */
	provider.frame.header.id = second;
	agree("FixtureClient", NULL);
	test_equal_error(end_call(&provider, &wire_update_layout, &nothing, NULL, NULL, NULL), 0);
	test_true(!is_another_refused());
	test_true(is_another_refused());
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	s.all_users = false;
	end();
}

/* Reading all properties asks for each that is live. */
TEST(each_live_property_counts)
{
	static const char *const few[] = { "user-requests=6", NULL };
	const void *names[] = { CFSTR("A"), CFSTR("B"), CFSTR("C") };
	CFArrayRef live = CFArrayCreate(NULL, names, 3, &kCFTypeArrayCallBacks);

	begin_for_all(few);
	struct wire_update update = { .id = service, .live = live };
	test_equal_error(end_call(&provider, &wire_update_layout, &update, NULL, NULL, NULL), 0);
	struct wire_properties_request all = { service };
	test_true(!is_refused_to_another(&wire_properties_request_layout, &all));
	test_true(is_another_refused());
	CFRelease(live);
	s.all_users = false;
	end();
}

TEST_MAIN
