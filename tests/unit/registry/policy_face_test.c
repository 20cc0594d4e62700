// SPDX-License-Identifier: MIT
/* What is told of the policy: denials, explanations; revoking. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing.h"
#include "registry/policy.h"
#include "registry/text.h"
#include "session.h"
#include "wire/policy.h"

static struct session s;
static struct end client, provider;
static uint64_t service;
static char path[600];

static void put(const char *text)
{
	char fresh[700];
	FILE *f;

	snprintf(path, sizeof(path), "%s/grants", test_folder());
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	f = fopen(fresh, "we");
	test_true(f != NULL);
	fputs(text, f);
	test_equal(fclose(f), 0);
	test_equal(chmod(fresh, 0600), 0);
	test_equal(rename(fresh, path), 0);
	setenv("PORTICO_POLICY", path, 1);
}

static void begin(const char *grants)
{
	CFDictionaryRef properties =
		plist_new("<dict><key>CFBundleIdentifier</key><string>org.fixture</string>"
			  "<key>PorticoUserClientTypes</key><array><integer>0</integer>"
			  "<integer>7</integer></array>"
			  "<key>IOUserClientEntitlements</key><array><array><string>a</string>"
			  "<string>b</string></array><string>c</string></array></dict>");

	put(grants);
	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	service = publish(&provider, 0, "Fixture", "", "", WIRE_PUBLISH_REGISTER, properties);
	CFRelease(properties);
}

static void end(void)
{
	end_close(&client);
	end_close(&provider);
	session_end(&s);
}

static CFDictionaryRef ask(const struct wire_layout *layout, const void *request)
{
	struct wire_value_reply reply = { NULL };

	test_equal_error(end_call(&client, layout, request, NULL, &wire_value_reply_layout, &reply),
			 0);
	test_true(registry_is_dictionary(reply.value));
	return reply.value;
}

static CFDictionaryRef ask_policy(void)
{
	return ask(&wire_policy_layout, &(struct wire_empty){ 0 });
}

static const char *text_of(CFDictionaryRef d, const char *key)
{
	static char text[1024];
	scope_cf CFStringRef name = registry_text_new(key);

	registry_text_get(CFDictionaryGetValue(d, name), text, sizeof(text));
	return text;
}

static bool has(CFDictionaryRef d, const char *key, const char *part)
{
	return strstr(text_of(d, key), part) != NULL;
}

static CFDictionaryRef get_in(CFDictionaryRef d, CFStringRef key, CFIndex index)
{
	CFArrayRef all = CFDictionaryGetValue(d, key);

	test_true(registry_is_array(all) && CFArrayGetCount(all) > index);
	return CFArrayGetValueAtIndex(all, index);
}

/* Opens as far as the host; the number of the request. */
static uint32_t begin_open(struct wire_open_client *message, int *fd)
{
	struct wire_open_request request = { service, 7 };
	uint32_t id = end_ask(&client, &wire_open_request_layout, &request, NULL);

	end_expect(&provider, &wire_open_client_layout, message);
	CFRelease(message->entitlements);
	*fd = wire_frame_take_fd(&provider.frame, 0);
	return id;
}

TEST(what_a_host_refuses_is_told_to_people)
{
	struct wire_open_client message;
	int fd;

	begin("[Grant broken]\nEntitlement = x\nAllow = nonsense\n");
	uint32_t id = begin_open(&message, &fd);
	struct wire_refused refused = { message.user_client, (uint32_t)kIOReturnNotPrivileged,
					WIRE_REFUSED_OPEN, "org.needed", "" };
	/* of others it is not believed */
	struct wire_refused foreign = { WIRE_ROOT_ID, (uint32_t)kIOReturnNotPrivileged, 3,
					"org.foreign", "" };
	end_ask(&provider, &wire_refused_layout, &foreign, NULL);
	end_ask(&provider, &wire_refused_layout, &refused, NULL);
	end_reply(&provider, &wire_empty_layout, kIOReturnNotPrivileged, NULL);
	test_equal_error(end_answer(&client, id, NULL, NULL), kIOReturnNotPrivileged);
	close(fd);
	scope_cf CFDictionaryRef policy = ask_policy();
	CFDictionaryRef denial = get_in(policy, CFSTR("Denials"), 0);
	test_equal(CFArrayGetCount(CFDictionaryGetValue(policy, CFSTR("Denials"))), 1);
	test_equal_text(text_of(denial, "Missing"), "org.needed");
	test_equal_text(text_of(denial, "Service"), "Fixture");
	test_equal_text(text_of(denial, "Process"), "client");
	test_equal_text(text_of(denial, "CFBundleIdentifier"), "org.fixture");
	CFArrayRef problems = CFDictionaryGetValue(policy, CFSTR("Problems"));
	test_equal(CFArrayGetCount(problems), 1);
	CFArrayRef paths = CFDictionaryGetValue(policy, CFSTR("Paths"));
	test_true(registry_text_equals(CFArrayGetValueAtIndex(paths, 0), path));
	end();
}

TEST(a_refusal_with_another_status_ends_the_host)
{
	begin("");
	struct wire_refused refused = { service, 0, 0, "", "" };
	end_ask(&provider, &wire_refused_layout, &refused, NULL);
	end_await_close(&provider);
	end();
}

static IOReturn open_status(uint32_t type)
{
	struct wire_open_request request = { service, type };

	return end_call(&client, &wire_open_request_layout, &request, NULL, NULL, NULL);
}

TEST(what_the_registry_refuses_itself)
{
	begin("[Grant closed]\nService = org.fix*\nType = 7\nDeny = *\n");
	test_equal_error(open_status(7), kIOReturnNotPermitted);
	test_equal_error(open_status(8), kIOReturnUnsupported); /* no type of the service's */
	struct wire_authorize_request authorize = { service, 0 };
	test_equal_error(
		end_call(&client, &wire_authorize_request_layout, &authorize, NULL, NULL, NULL),
		kIOReturnNotPrivileged);
	scope_cf CFDictionaryRef policy = ask_policy();
	test_equal_text(text_of(get_in(policy, CFSTR("Denials"), 0), "Missing"),
			"org.portico.service.authorize");
	CFDictionaryRef denial = get_in(policy, CFSTR("Denials"), 1);
	test_equal_text(text_of(denial, "Missing"), "opening");
	test_true(has(denial, "Reason", "by grant closed ("));
	test_equal_text(text_of(denial, "Status"), "kIOReturnNotPermitted");
	end();
}

static CFDictionaryRef explain(const char *name, uid_t uid)
{
	struct wire_explain request = { .service = name, .label = "", .unit = "", .app = "" };

	request.is_other = uid != 0;
	request.uid = request.gid = uid;
	return ask(&wire_explain_layout, &request);
}

TEST(who_may_open_what_and_why_not)
{
	char id[32];

	begin("[Grant lab]\nEntitlement = a b\nService = Fixture\nAllow = uid:1003\nDeny = uid:5\n"
	      "[Grant opening]\nService = Fix*\nAllow = uid:1003 uid:5\nDeny = uid:6\n");
	scope_cf CFDictionaryRef lab = explain("Fixture", 1003);
	test_equal_text(text_of(lab, "Result"), "yes: what is known of its demands is met");
	test_equal_text(text_of(lab, "Service"), "Fixture");
	test_equal_text(text_of(lab, "Subject"), "uid 1003, gid 1003");
	test_equal_text(text_of(get_in(lab, CFSTR("Demands"), 0), "Verdict"), "granted");
	test_true(has(get_in(lab, CFSTR("Demands"), 0), "By", "lab ("));
	test_equal_text(text_of(get_in(lab, CFSTR("Demands"), 2), "Demand"), "c");
	scope_cf CFDictionaryRef denied = explain("org.fixture", 5);
	test_equal_text(text_of(denied, "Result"), "no: an entitlement that it demands is missing");
	test_equal_text(text_of(get_in(denied, CFSTR("Demands"), 1), "Verdict"), "denied");
	scope_cf CFDictionaryRef closed = explain("Fixture", 6);
	test_equal_text(text_of(closed, "Result"), "no: opening it is denied");
	snprintf(id, sizeof(id), "0x%llx", (unsigned long long)service);
	scope_cf CFDictionaryRef other = explain(id, 7);
	CFDictionaryRef demand = get_in(other, CFSTR("Demands"), 0);
	test_equal_text(text_of(demand, "Verdict"), "not granted");
	test_equal_text(text_of(demand, "Demanded By"), "IOUserClientEntitlements of Fixture");
	test_equal(CFArrayGetCount(CFDictionaryGetValue(demand, CFSTR("Grant"))), 4);
	scope_cf CFDictionaryRef own = explain("Fixture", 0);
	test_equal_text(text_of(CFDictionaryGetValue(own, CFSTR("Opening")), "Verdict"), "granted");
	scope_cf CFDictionaryRef none = explain("Nothing", 1003);
	test_equal_text(text_of(none, "Result"),
			"there is no such service now: what it demands is not known");
	end();
}

TEST(a_grant_file_that_may_not_be_read_denies_and_is_named)
{
	test_obey_modes();
	begin("[Grant lab]\nService = Fixture\nAllow = uid:1003\n");
	test_equal(chmod(path, 0), 0);
	test_equal_error(open_status(7), kIOReturnNotPermitted);
	scope_cf CFDictionaryRef policy = ask_policy();
	CFDictionaryRef denial = get_in(policy, CFSTR("Denials"), 0);
	test_true(has(denial, "Reason", path));
	test_true(has(denial, "Reason", "cannot be read"));
	test_equal(CFArrayGetCount(CFDictionaryGetValue(policy, CFSTR("Problems"))), 1);
	scope_cf CFDictionaryRef lab = explain("Fixture", 1003);
	test_equal_text(text_of(lab, "Result"), "no: opening it is denied");
	test_true(has(CFDictionaryGetValue(lab, CFSTR("Opening")), "By", path));
	end();
}

static size_t revoke_open(const char *name, int uid, IOReturn status)
{
	struct wire_revoke request = { name, uid >= 0, (uint32_t)uid };
	struct wire_number_reply reply = { 0 };

	test_equal_error(end_call(&client, &wire_revoke_layout, &request, NULL,
				  status ? NULL : &wire_number_reply_layout, &reply),
			 status);
	return (size_t)reply.number;
}

/* The program's and the driver's end of its connection; the user client's ID. */
static uint64_t open_one(int *ret_own, int *ret_driver)
{
	struct wire_open_client_reply agreed = { "FixtureClient", NULL };
	struct wire_open_client message;
	struct wire_open_reply reply;
	uint32_t id = begin_open(&message, ret_driver);

	end_reply(&provider, &wire_open_client_reply_layout, 0, &agreed);
	test_equal_error(end_answer(&client, id, &wire_open_reply_layout, &reply), 0);
	*ret_own = wire_frame_take_fd(&client.frame, 0);
	return message.user_client;
}

TEST(revoking_ends_what_is_open)
{
	int own, fd;

	begin("");
	uint64_t user_client = open_one(&own, &fd);
	revoke_open("", -1, kIOReturnBadArgument);
	test_equal(revoke_open("Other", -1, 0), 0);
	test_equal(revoke_open("Fixture", (int)geteuid() + 1, 0), 0);
	test_equal(revoke_open("org.fixture", (int)geteuid(), 0), 1);
	end_expect_stop(&provider, user_client);
	test_equal(revoke_open("Fixture", -1, 0), 0);
	close(own);
	close(fd);
	end();
}

/* --- on the registry's own thread ---------------------------------------------------------------- */

/* Of the client, or of somebody who may not ask; nobody waits for the answers. */
static void handle(struct registry *r, bool as_other, const struct wire_layout *layout,
		   void *message)
{
	struct wire_frame frame = { .header = { .type = layout->type, .id = 1 } };
	struct registry_peer copy = { NULL };

	list_for_each(node, &r->peers) {
		struct registry_peer *one = container_of(node, struct registry_peer, link);

		if (one->role == WIRE_ROLE_CLIENT)
			copy = *one;
	}
	if (as_other)
		copy.subject.who.uid = geteuid() + 1003;
	for (size_t i = 0; i < registry_n_policy_handlers; i++)
		if (registry_policy_handlers[i].layout == layout)
			test_equal_error(registry_policy_handlers[i].handle(&copy, &frame, message),
					 0);
	char room[4096];
	while (recv(client.socket, room, sizeof(room), MSG_DONTWAIT) > 0)
		;
}

static void ask_short_of_memory(struct registry *r)
{
	struct wire_explain explain = { .service = "Fixture", .label = "", .unit = "", .app = "" };
	struct wire_revoke revoke = { "Nothing", false, 0 };
	struct {
		const struct wire_layout *layout;
		void *message;
	} all[] = { { &wire_policy_layout, NULL },
		    { &wire_explain_layout, &explain },
		    { &wire_revoke_layout, &revoke } };

	for (size_t i = 0; i < 3; i++)
		test_each_shortage(m)
		{
			test_shortage_begin(&m);
			handle(r, false, all[i].layout, all[i].message);
			test_shortage_end(&m);
		}
}

TEST(questions_stand_every_failed_allocation)
{
	begin("[Grant broken]\nEntitlement = x\nAllow = nonsense\n");
	session_run(&s, ask_short_of_memory);
	scope_cf CFDictionaryRef policy = ask_policy();
	test_equal(CFArrayGetCount(CFDictionaryGetValue(policy, CFSTR("Problems"))), 1);
	end();
}

static void ask_as_other(struct registry *r)
{
	struct wire_explain explain = { .service = "Fixture", .label = "", .unit = "", .app = "" };
	struct wire_revoke revoke = { "Fixture", false, 0 };

	handle(r, true, &wire_policy_layout, NULL);
	handle(r, true, &wire_explain_layout, &explain);
	explain.is_other = true;
	handle(r, true, &wire_explain_layout, &explain);
	handle(r, true, &wire_revoke_layout, &revoke);
}

static void ask_who_has_gone(struct registry *r)
{
	shutdown(client.socket, SHUT_RDWR);
	handle(r, false, &wire_policy_layout, NULL);
}

TEST(who_may_not_provide_is_told_less_and_revokes_nothing)
{
	int own, fd;

	begin("");
	open_one(&own, &fd);
	session_run(&s, ask_as_other);
	/* It is open still: the next one is who ends it. */
	test_equal(revoke_open("", geteuid(), 0), 1);
	session_run(&s, ask_who_has_gone);
	fd_close(own);
	fd_close(fd);
	end();
}

static void revoke_of_gone_service(struct registry *r)
{
	struct wire_revoke revoke = { "Fixture", false, 0 };
	struct registry_entry *entry;
	size_t cursor = 0;

	while ((entry = registry_tree_next(&r->tree, &cursor))) {
		struct registry_opener *opener = entry->attention ? entry->attention->opener : NULL;

		if (!opener)
			continue;
		opener->service += 1 << 20;
		handle(r, false, &wire_revoke_layout, &revoke);
		test_true(!registry_entry_is_inactive(entry));
		opener->service -= 1 << 20;
	}
}

TEST(a_service_that_has_gone_has_no_name_to_revoke_by)
{
	int own, fd;

	begin("");
	open_one(&own, &fd);
	session_run(&s, revoke_of_gone_service);
	fd_close(own);
	fd_close(fd);
	end();
}

TEST(another_subject_is_whatever_is_said_of_it)
{
	uint64_t groups[] = { 44, 55 };
	struct wire_explain request = { .service = "Fixture",
					.is_other = true,
					.uid = 1003,
					.gid = 1003,
					.groups = { groups, 2 },
					.label = "label",
					.unit = "a.service",
					.app = "org.app" };

	begin("[Grant 1]\nService=Fixture\nAllow=gid:55\n");
	scope_cf CFDictionaryRef d = ask(&wire_explain_layout, &request);
	test_equal_text(text_of(CFDictionaryGetValue(d, CFSTR("Opening")), "Verdict"), "granted");
	end();
}

TEST_MAIN
