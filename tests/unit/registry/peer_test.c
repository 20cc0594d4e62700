// SPDX-License-Identifier: MIT
/*
 * What a connection may make the registry keep: for each limit one case that
 * reaches it, gets the error of the table, leaves the others alone, and is at
 * zero afterwards.
 */
#include "registry/registry.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crowd.h"
#include "failing.h"
#include "session.h"
#include "wire/hello.h"
#include "wire/value.h"

static struct session s;
static struct end witness, attacker, provider;
static uint64_t service; /* published by the provider; the attacker does not hold it */

/* --- what the session says about itself ------------------------------------------------------- */

static CFTypeRef dictionary_at(CFTypeRef value, const char *key)
{
	CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);
	CFTypeRef at = value ? CFDictionaryGetValue(value, name) : NULL;

	CFRelease(name);
	return at;
}

static int64_t number_at(CFTypeRef value, const char *key)
{
	CFTypeRef at = dictionary_at(value, key);
	int64_t n = 0;

	if (at)
		CFNumberGetValue(at, kCFNumberSInt64Type, &n);
	return n;
}

/* KEY ("Now", "Highest", "Refused") of the limit NAME, of this user or (IS_SESSION) of the session. */
static int64_t usage(const char *name, const char *key, bool is_session)
{
	struct wire_value_reply reply;
	int64_t n = 0;

	test_equal_error(end_call(&witness, &wire_status_layout, NULL, NULL,
				  &wire_value_reply_layout, &reply),
			 0);
	test_equal(number_at(reply.value, "Account Errors"), 0);
	CFArrayRef users = dictionary_at(reply.value, "Users");
	for (CFIndex i = 0; i < CFArrayGetCount(users); i++) {
		CFTypeRef user = CFArrayGetValueAtIndex(users, i);

		if (number_at(user, "UID") == getuid())
			n = number_at(dictionary_at(dictionary_at(user, "Use"), name), key);
	}
	if (is_session)
		n = number_at(dictionary_at(dictionary_at(reply.value, "Session"), name), key);
	wire_message_clear(&wire_value_reply_layout, &reply);
	return n;
}

/* --- single steps: the status of the Nth ------------------------------------------------------- */

static IOReturn take_grant(int n)
{
	struct wire_entry_request request = { service };
	struct wire_entry_reply reply;

	return end_call(&attacker, &wire_entry_request_layout, &request, NULL,
			&wire_entry_reply_layout, &reply);
}

/* The attacker's ends of inlets. */
enum { KEPT_MAX = 16 };
static int kept[KEPT_MAX];
static size_t n_kept;

static void close_kept(void)
{
	while (n_kept)
		close(kept[--n_kept]);
}

static IOReturn add_inlet(int n)
{
	struct wire_inlet_open request = { 100 + (uint32_t)n, WIRE_INLET_NOTICES };
	int fds[2];

	test_equal_error(fd_socketpair(fds), 0);
	IOReturn status =
		end_call(&attacker, &wire_inlet_open_layout, &request, &fds[1], NULL, NULL);
	close(fds[1]);
	test_true(n_kept < KEPT_MAX);
	kept[n_kept++] = fds[0];
	return status;
}

static IOReturn add_notification(int n)
{
	struct wire_notify_add request = { .inlet = 1, .type = "IOServicePublish" };
	struct wire_notify_reply reply;

	if (n == 0)
		kept[n_kept++] = open_inlet(&attacker, 1, WIRE_INLET_NOTICES);
	request.matching = matching_new("IOProviderClass", "NoSuchClass");
	IOReturn status = end_call(&attacker, &wire_notify_add_layout, &request, NULL,
				   &wire_notify_reply_layout, &reply);
	CFRelease(request.matching);
	return status;
}

/* The machine is busy: each waits, the one too many is answered. */
static IOReturn wait_long(int n)
{
	struct wire_wait_quiet_request request = { 0, UINT64_MAX };
	struct wire_adjust_busy busy = { service, 1 };

	if (n == 0)
		test_equal_error(
			end_call(&provider, &wire_adjust_busy_layout, &busy, NULL, NULL, NULL), 0);
	uint32_t id = end_ask(&attacker, &wire_wait_quiet_request_layout, &request, NULL);
	if (n < 2)
		return 0;
	IOReturn status = end_answer(&attacker, id, NULL, NULL);
	busy.delta = -1;
	test_equal_error(end_call(&provider, &wire_adjust_busy_layout, &busy, NULL, NULL, NULL), 0);
	return status;
}

static IOReturn publish_in(struct end *e, const char *plane, const char *class_name,
			   CFDictionaryRef properties, uint64_t *ret_id)
{
	struct bytes packed = BYTES_INIT;
	struct wire_publish request = {
		.plane = plane, .class_name = class_name, .name = "", .location = ""
	};
	struct wire_publish_reply reply = { 0 };

	if (properties)
		test_equal_error(wire_value_encode(properties, &packed), 0);
	request.properties = (struct wire_bytes){ packed.data, packed.size };
	IOReturn status = end_call(e, &wire_publish_layout, &request, NULL,
				   &wire_publish_reply_layout, &reply);
	bytes_fini(&packed);
	if (ret_id)
		*ret_id = reply.id;
	return status;
}

static IOReturn publish_entry(int n)
{
	return publish_in(&attacker, "", "Fixture", NULL, NULL);
}

static IOReturn publish_properties(int n)
{
	char text[1001];

	memset(text, 'x', 1000);
	text[1000] = 0;
	CFDictionaryRef properties = matching_new("Key", text);
	IOReturn status = publish_in(&attacker, "", "Fixture", properties, NULL);
	CFRelease(properties);
	return status;
}

static uint64_t own_entry;

/* An entry that is there grows. */
static IOReturn set_properties(int n)
{
	char key[16], text[1001];
	struct wire_update update = { 0 };

	if (n == 0)
		test_equal_error(publish_in(&attacker, "", "Fixture", NULL, &own_entry), 0);
	memset(text, 'x', 1000);
	text[1000] = 0;
	snprintf(key, sizeof(key), "Key %d", n);
	update.id = own_entry;
	update.set = matching_new(key, text);
	IOReturn status = end_call(&attacker, &wire_update_layout, &update, NULL, NULL, NULL);
	CFRelease(update.set);
	return status;
}

/* One entry in many planes. */
static IOReturn add_plane(int n)
{
	char name[16];
	struct wire_attach attach = { .parent = service, .plane = name };

	if (n == 0)
		test_equal_error(publish_in(&attacker, "", "Fixture", NULL, &own_entry), 0);
	attach.id = own_entry;
	snprintf(name, sizeof(name), "Plane%d", n);
	return end_call(&attacker, &wire_attach_layout, &attach, NULL, NULL, NULL);
}

static IOReturn use_plane(int n)
{
	char name[16];

	snprintf(name, sizeof(name), "Plane%d", n);
	return publish_in(&attacker, name, "Fixture", NULL, NULL);
}

static IOReturn use_resource_of(struct end *e, int n)
{
	char key[16], text[1001];
	struct wire_publish_resource request = { .key = key };

	memset(text, 'x', 1000);
	text[1000] = 0;
	snprintf(key, sizeof(key), "Key %d", n);
	CFDictionaryRef value = matching_new("Key", text);
	request.value = value;
	IOReturn status = end_call(e, &wire_publish_resource_layout, &request, NULL, NULL, NULL);
	CFRelease(value);
	return status;
}

static IOReturn use_resource(int n)
{
	return use_resource_of(&attacker, n);
}

static const struct {
	const char *limit; /* small */
	const char *name;  /* of the resource */
	uint32_t role;	   /* of the attacker */
	int n_allowed;
	IOReturn (*step)(int n);
	bool is_session; /* what it uses stays */
} cases[] = {
	{ "grants=3", "grants", WIRE_ROLE_CLIENT, 3, take_grant },
	{ "user-grants=3", "grants", WIRE_ROLE_CLIENT, 3, take_grant },
	{ "inlets=3", "inlets", WIRE_ROLE_CLIENT, 3, add_inlet },
	{ "user-inlets=3", "inlets", WIRE_ROLE_CLIENT, 3, add_inlet },
	{ "user-descriptors=6", "descriptors", WIRE_ROLE_CLIENT, 3, add_inlet },
	{ "notifications=3", "notifications", WIRE_ROLE_CLIENT, 3, add_notification },
	{ "user-notifications=3", "notifications", WIRE_ROLE_CLIENT, 3, add_notification },
	{ "property-bytes=900", "property-bytes", WIRE_ROLE_CLIENT, 4, add_notification },
	{ "requests=2", "requests", WIRE_ROLE_CLIENT, 2, wait_long },
	{ "user-requests=2", "requests", WIRE_ROLE_CLIENT, 2, wait_long },
	{ "entries=3", "entries", WIRE_ROLE_PROVIDER, 3, publish_entry },
	{ "user-entries=4", "entries", WIRE_ROLE_PROVIDER, 3, publish_entry },
	{ "entries=4", "entries", WIRE_ROLE_PROVIDER, 3, add_plane },
	{ "property-bytes=3500", "property-bytes", WIRE_ROLE_PROVIDER, 3, publish_properties },
	{ "user-property-bytes=3500", "property-bytes", WIRE_ROLE_PROVIDER, 3, publish_properties },
	{ "property-bytes=3500", "property-bytes", WIRE_ROLE_PROVIDER, 3, set_properties },
	{ "session-planes=8", "planes", WIRE_ROLE_PROVIDER, 2, use_plane, true },
	{ "session-property-bytes=56000", "property-bytes", WIRE_ROLE_PROVIDER, 3, use_resource,
	  true },
};

static void begin(const char *limit, uint32_t role)
{
	session_start_limited(&s, (const char *const[]){ limit, NULL });
	end_connect(&witness, &s, WIRE_ROLE_CLIENT, "witness");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "provider");
	service = publish(&provider, 0, "Fixture", "", "", WIRE_PUBLISH_REGISTER, NULL);
	end_connect(&attacker, &s, role, "attacker");
}

/* Somebody else has what he had, and can do what he could. */
static void check_witness(void)
{
	struct wire_properties_request request = { service };
	struct wire_packed_reply reply;

	test_equal_error(end_call(&witness, &wire_properties_request_layout, &request, NULL,
				  &wire_packed_reply_layout, &reply),
			 0);
}

static void finish(void)
{
	end_close(&witness);
	end_close(&provider);
	session_end(&s);
}

/* The registry hears of the end in its own time. */
static void await_usage(const char *name, int64_t expected)
{
	while (usage(name, "Now", false) != expected)
		;
}

TEST(each_limit_is_the_senders_problem_alone)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(cases[i].limit, cases[i].role);
		int64_t before = usage(cases[i].name, "Now", cases[i].is_session);
		printf("# %s: %s\n", cases[i].limit, cases[i].name);
		for (int n = 0; n < cases[i].n_allowed; n++)
			test_equal_error(cases[i].step(n), 0);
		test_equal(usage(cases[i].name, "Refused", cases[i].is_session), 0);
		test_equal_error(cases[i].step(cases[i].n_allowed), kIOReturnNoResources);
		test_true(cases[i].step == use_plane ||
			  usage(cases[i].name, "Refused", cases[i].is_session) > 0);
		check_witness();
		end_close(&attacker);
		close_kept();
		if (!cases[i].is_session) {
			/* The attacker's own connection is gone as well. */
			before -= !strcmp(cases[i].name, "descriptors");
			if (cases[i].step == add_plane)
				before += 3; /* the parent is in those planes, too */
			await_usage(cases[i].name, before);
		}
		check_witness();
		finish();
	}
}

/* What it publishes stays for good, so that it may not be all that there can be. */
TEST(resources_are_not_one_providers_alone)
{
	int n = 0;

	begin("session-property-bytes=56000", WIRE_ROLE_PROVIDER);
	while (!use_resource(n))
		test_true(++n < 10);
	test_equal_error(use_resource_of(&provider, n), 0);
	end_close(&attacker);
	finish();
}

/* --- limits whose answer is the end of the connection --------------------------------------------- */

/* Requests whose answers are not read, until the registry has had enough. */
static void ask_without_reading(void)
{
	struct wire_properties_request request = { service };
	err_t err;
	uint32_t id = 1;

	do
		err = wire_send(attacker.socket, &wire_properties_request_layout, ++id, &request,
				NULL, 0, true);
	while (!err);
	test_equal_error(err, -EPIPE);
}

TEST(who_does_not_read_is_cut_off)
{
	static const char *const limits[] = { "queued=8", "user-queued=8", "queued-bytes=500",
					      "user-queued-bytes=500" };

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		begin(limits[i], WIRE_ROLE_CLIENT);
		ask_without_reading();
		check_witness();
		end_close(&attacker);
		await_usage("queued", 0);
		await_usage("queued-bytes", 0);
		test_true(usage(i < 2 ? "queued" : "queued-bytes", "Refused", false) > 0);
		finish();
	}
}

/* --- large answers ------------------------------------------------------------------------------- */

static void publish_large(void)
{
	static char text[40001];

	memset(text, 'x', 40000);
	CFDictionaryRef properties = matching_new("Key", text);
	service = publish(&provider, 0, "Large", "", "", 0, properties);
	CFRelease(properties);
}

/* They lie in memory files, of which a socket takes hundreds: refused, and answered again when the others
 * have been read. */
TEST(large_answers_that_are_not_read_are_bounded)
{
	struct wire_properties_request request = { 0 };
	uint32_t ids[6];

	begin("unread-bytes=100K", WIRE_ROLE_CLIENT);
	publish_large();
	request.id = service;
	for (int i = 0; i < 6; i++)
		ids[i] = end_ask(&attacker, &wire_properties_request_layout, &request, NULL);
	while (usage("unread-bytes", "Refused", false) < 4)
		;
	for (int i = 0; i < 6; i++)
		test_equal_error(end_answer(&attacker, ids[i], NULL, NULL),
				 i < 2 ? 0 : kIOReturnNoResources);
	test_equal_error(
		end_call(&attacker, &wire_properties_request_layout, &request, NULL, NULL, NULL),
		0);
	end_close(&attacker);
	await_usage("unread-bytes", 0);
	finish();
}

/* Whoever ends the connection and keeps its end of the socket keeps them, too, and pays for it. */
TEST(what_is_unread_at_the_end_is_still_paid_for)
{
	struct wire_properties_request request = { 0 };

	begin("user-unread-bytes=100K", WIRE_ROLE_CLIENT);
	publish_large();
	request.id = service;
	end_ask(&attacker, &wire_properties_request_layout, &request, NULL);
	while (usage("unread-bytes", "Now", false) == 0)
		;
	test_equal(send(attacker.socket, "nonsense", 8, 0), 8);
	while (usage("inlets", "Now", false) || usage("connections", "Highest", false) < 4)
		;
	test_true(usage("unread-bytes", "Now", false) > 40000);
	test_equal(usage("connections", "Now", false), 3);
	end_close(&attacker);
	await_usage("unread-bytes", 0);
	await_usage("connections", 2);
	finish();
}

/* What has ended is on the account of those who hold it. */
TEST(remains_are_bounded)
{
	struct wire_entry_options end = { 0 };
	CFDictionaryRef properties = matching_new("Key", "0123456789");
	uint64_t ids[4];

	begin("remains=200", WIRE_ROLE_CLIENT);
	for (int i = 0; i < 4; i++) {
		ids[i] =
			publish(&provider, 0, "Fixture", "", "", WIRE_PUBLISH_REGISTER, properties);
		service = ids[i];
		test_equal_error(take_grant(0), 0);
	}
	CFRelease(properties);
	for (int i = 0; i < 4; i++) {
		end.id = ids[i];
		test_equal_error(
			end_call(&provider, &wire_terminate_layout, &end, NULL, NULL, NULL), 0);
		if (i == 0)
			while (usage("remains", "Now", false) == 0)
				;
	}
	/* One by one it stays below, all together do not. */
	if (usage("remains", "Refused", false) == 0)
		test_true(usage("remains", "Now", false) <= 200);
	else
		end_await_close(&attacker);
	end_close(&attacker);
	await_usage("remains", 0);
	await_usage("grants", 0);
	service = publish(&provider, 0, "Fixture", "", "", 0, NULL);
	check_witness();
	finish();
}

/* Many end at once, of which the one holds all and the other few. */
TEST(remains_are_on_the_account_of_all_who_hold_them)
{
	CFDictionaryRef properties = matching_new("Key", "0123456789");
	uint64_t ids[4];

	begin(NULL, WIRE_ROLE_CLIENT);
	for (int i = 0; i < 4; i++)
		service = publish(&provider, 0, "Step", "", "", WIRE_PUBLISH_REGISTER, properties);
	CFRelease(properties);
	test_equal(find(&witness, "Step", ids, 4), 4);
	test_equal_error(take_grant(0), 0);
	end_close(&provider);
	while (usage("remains", "Now", false) == 0)
		;
	int64_t all = usage("remains", "Now", false);
	end_close(&attacker);
	await_usage("remains", all / 5 * 4);
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "provider");
	service = publish(&provider, 0, "Fixture", "", "", 0, NULL);
	finish();
}

/* A notification that is not drained keeps so many, the others are left out, as on Darwin. */
TEST(notices_are_bounded)
{
	struct wire_notify_reply reply;
	uint64_t ids[8];

	begin("notices=3", WIRE_ROLE_CLIENT);
	kept[n_kept++] = open_inlet(&attacker, 1, WIRE_INLET_NOTICES);
	uint64_t number = subscribe(&attacker, 1, "IOServicePublish", "Late", &reply);
	wire_message_clear(&wire_notify_reply_layout, &reply);
	for (int i = 0; i < 5; i++)
		publish(&provider, 0, "Late", "", "", WIRE_PUBLISH_REGISTER, NULL);
	test_equal(usage("notices", "Now", false), 3);
	test_equal(usage("notices", "Refused", false), 2);
	test_equal(next(&attacker, number, ids, 8), 3);
	await_usage("notices", 0);
	check_witness();
	end_close(&attacker);
	close_kept();
	finish();
}

TEST(connections_are_bounded)
{
	struct end extra = { 0 };

	begin("user-connections=3", WIRE_ROLE_CLIENT);
	test_equal_error(fd_connect(s.socket, &extra.socket), 0);
	end_await_close(&extra);
	end_close(&extra);
	test_equal(usage("connections", "Refused", false), 1);
	check_witness();
	end_close(&attacker);
	await_usage("connections", 2);
	end_connect(&attacker, &s, WIRE_ROLE_CLIENT, "again");
	end_close(&attacker);
	finish();
}

/* --- other users ---------------------------------------------------------------------------------- */

enum { NOBODY = 65534 };

/* In a process of its own: how many grants another user gets, at most MAX. */
static int count_grants_of_another(int max)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int n = 0;

		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(255);
		end_connect(&attacker, &s, WIRE_ROLE_CLIENT, "another");
		while (n < max && !take_grant(0))
			n++;
		_exit(n);
	}
	test_equal(waitpid(pid, &status, 0), pid);
	test_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(another_user_leaves_something_to_the_next)
{
	if (getuid())
		test_skip("needs root");
	s.all_users = true;
	begin("user-grants=100", WIRE_ROLE_CLIENT);
	test_equal(chmod(test_folder(), 0755), 0);
	test_equal(chmod(s.socket, 0777), 0);
	test_equal(count_grants_of_another(200), 50);
	/* The owner's own are another matter. */
	for (int i = 0; i < 100; i++)
		test_equal_error(take_grant(0), 0);
	test_equal_error(take_grant(0), kIOReturnNoResources);
	end_close(&attacker);
	finish();
}

/* In a process of its own: another user connects, and is not welcome. */
static void await_refusal_of_another(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct wire_hello hello = { .magic = WIRE_MAGIC,
					    .version = WIRE_VERSION,
					    .role = WIRE_ROLE_CLIENT,
					    .name = "another" };

		if (setgid(NOBODY) || setuid(NOBODY) || fd_connect(s.socket, &attacker.socket))
			_exit(255);
		wire_send(attacker.socket, &wire_hello_layout, 1, &hello, NULL, 0, true);
		_exit(wire_frame_receive(attacker.socket, &attacker.frame, WIRE_CONTROL_MAX,
					 true) != -EPIPE);
	}
	test_equal(waitpid(pid, &status, 0), pid);
	test_equal(status, 0);
}

TEST(who_has_left_too_many_descriptors_behind_comes_in_no_more)
{
	if (getuid())
		test_skip("needs root");
	s.all_users = true;
	begin("user-connections=100", WIRE_ROLE_CLIENT);
	test_equal(chmod(test_folder(), 0755), 0);
	test_equal(chmod(s.socket, 0777), 0);
	crowd(NOBODY);
	await_refusal_of_another();
	check_witness();
	uncrowd(NOBODY);
	test_equal(count_grants_of_another(1), 1);
	end_close(&attacker);
	finish();
}

/* Of the registry's thread. */
static struct test_shortage shortage = { .lasting = true };

static void begin_shortage(struct registry *registry)
{
	test_shortage_begin(&shortage);
}

static void end_shortage(struct registry *registry)
{
	test_true(test_shortage_end(&shortage));
}

/* It would believe that it was heard. */
TEST(a_host_whose_message_found_no_memory_is_cut_off)
{
	struct wire_update update = { .set = plist_new(
					      "<dict><key>a</key><string>b</string></dict>") };

	session_start(&s, NULL);
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "provider");
	update.id = publish(&provider, 0, "Fixture", "fixture", "", 0, NULL);
	session_run(&s, begin_shortage);
	test_equal(wire_send(provider.socket, &wire_update_layout, 0, &update, NULL, 0, true), 0);
	end_await_close(&provider);
	session_run(&s, end_shortage);
	end_close(&provider);
	session_end(&s);
	CFRelease(update.set);
}

/* However much it has published, others are answered before all of that has gone. */
TEST(the_end_of_a_large_provider_leaves_the_others_their_turn)
{
	enum { MANY = 50000 };
	struct wire_publish message = {
		.plane = "", .class_name = "Fixture", .name = "fixture", .location = ""
	};
	int64_t n = MANY;
	bool between = false;

	session_start(&s, NULL);
	end_connect(&witness, &s, WIRE_ROLE_CLIENT, "witness");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "provider");
	message.parent = publish(&provider, 0, "Fixture", "root", "", 0, NULL);
	for (int i = 0; i < MANY; i++)
		wire_send(provider.socket, &wire_publish_layout, 0, &message, NULL, 0, true);
	publish(&provider, 0, "Fixture", "last", "", 0, NULL);
	end_close(&provider);
	while (n) {
		n = usage("entries", "Now", false);
		between |= n && n < MANY;
	}
	test_true(between);
	end_close(&witness);
	session_end(&s);
}

TEST_MAIN
