// SPDX-License-Identifier: MIT
#include "registry/bind.h"
#include "registry/candidate.h"
#include "registry/home.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing.h"
#include "session.h"
#include "wire/value.h"

#define PERSONALITY(name, server, score, more) \
	"<key>" name "</key><dict><key>IOClass</key><string>" name "Class</string>" \
	"<key>IOProviderClass</key><string>Nub</string><key>IOUserServerName</key><string>" server \
	"</string><key>IOProbeScore</key><integer>" score "</integer>" more "</dict>"
#define BUNDLE(id, inner) \
	"<key>CFBundleIdentifier</key><string>" id "</string><key>CFBundleExecutable</key>" \
	"<string>x</string><key>IOKitPersonalities</key><dict>" inner "</dict>"

enum { TERMINATE_WITH_REMATCH = 0x10 };

static struct session s;
static struct end client, provider, host;
static char name[128];
static uint64_t nub;

static void begin_again(void)
{
	session_start(&s, test_folder());
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	nub = publish(&provider, 0, "Nub", "", "", WIRE_PUBLISH_REGISTER, NULL);
}

static void begin(const char *plist)
{
	write_bundle(test_folder(), "d", plist);
	begin_again();
}

static void end(void)
{
	end_close(&host);
	end_close(&client);
	end_close(&provider);
	session_end(&s);
}

/* The next probe; the answer is SCORE, or the refusal that it is when it is negative. Returns the candidate. */
static uint64_t answer_probe(const char *class_name, int32_t score)
{
	struct wire_probe probe;
	struct wire_probe_reply reply = { score, class_name };

	end_expect(&host, &wire_probe_layout, &probe);
	uint64_t candidate = probe.candidate;
	test_equal(probe.provider, nub);
	test_equal_text(probe.provider_class, "Nub");
	CFTypeRef class = CFDictionaryGetValue(probe.personality, CFSTR("IOClass"));
	CFStringRef expected = CFStringCreateWithCString(NULL, class_name, kCFStringEncodingUTF8);
	test_true(CFEqual(class, expected));
	CFRelease(expected);
	wire_message_clear(&wire_probe_layout, &probe);
	if (score < 0)
		end_reply(&host, &wire_probe_reply_layout, score, NULL);
	else
		end_reply(&host, &wire_probe_reply_layout, 0, &reply);
	return candidate;
}

static uint64_t answer_start(uint64_t candidate, IOReturn status)
{
	struct wire_start start;

	end_expect(&host, &wire_start_layout, &start);
	test_equal(start.candidate, candidate);
	end_reply(&host, &wire_empty_layout, status, NULL);
	return start.id;
}

static void expect_drop(uint64_t candidate)
{
	struct wire_drop drop;

	end_expect(&host, &wire_drop_layout, &drop);
	test_equal(drop.candidate, candidate);
}

static int64_t number_property(uint64_t id, const char *key)
{
	struct wire_property_request request = { .id = id, .plane = "IOService", .key = key };
	struct wire_value_reply reply;
	int64_t n = -1;

	test_equal_error(end_call(&client, &wire_property_request_layout, &request, NULL,
				  &wire_value_reply_layout, &reply),
			 0);
	CFNumberGetValue(reply.value, kCFNumberSInt64Type, &n);
	wire_message_clear(&wire_value_reply_layout, &reply);
	return n;
}

static const char *const two =
	BUNDLE("b", PERSONALITY("P1", "s", "100", "") PERSONALITY("P2", "s", "200", ""));

TEST(the_best_score_is_started)
{
	begin(two);
	end_serve(&host, &s, name);
	test_equal_text(name, "s");
	uint64_t p2 = answer_probe("P2Class", 200), p1 = answer_probe("P1Class", 100);
	uint64_t id = answer_start(p2, 0);
	expect_drop(p1);
	wait_quiet(&client);
	test_equal(number_property(id, "IOProbeScore"), 200);
	end();
}

TEST(a_refused_start_gives_way)
{
	begin(two);
	end_serve(&host, &s, name);
	uint64_t p2 = answer_probe("P2Class", 200), p1 = answer_probe("P1Class", 100);
	answer_start(p2, kIOReturnError);
	uint64_t id = answer_start(p1, 0);
	wait_quiet(&client);
	test_equal(number_property(id, "IOProbeScore"), 100);
	end();
}

TEST(a_refused_probe_gives_way)
{
	begin(two);
	end_serve(&host, &s, name);
	answer_probe("P2Class", -1);
	uint64_t p1 = answer_probe("P1Class", 100);
	answer_start(p1, 0);
	wait_quiet(&client);
	end();
}

TEST(a_host_short_of_memory_is_asked_again)
{
	begin(BUNDLE("b", PERSONALITY("P1", "s", "100", "")));
	end_serve(&host, &s, name);
	answer_probe("P1Class", kIOReturnNoMemory);
	answer_start(answer_probe("P1Class", 100), kIOReturnNoMemory);
	uint64_t id = answer_start(answer_probe("P1Class", 100), 0);
	wait_quiet(&client);
	test_equal(number_property(id, "IOProbeScore"), 100);
	end();
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

TEST(a_service_that_found_no_memory_is_matched_later)
{
	write_bundle(test_folder(), "d", BUNDLE("b", PERSONALITY("P1", "s", "100", "")));
	session_start(&s, test_folder());
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	nub = publish(&provider, 0, "Nub", "", "", 0, NULL);
	session_run(&s, begin_shortage);
	test_equal_error(end_call(&provider, &wire_register_layout,
				  &(struct wire_entry_options){ nub, 0 }, NULL, NULL, NULL),
			 0);
	session_run(&s, end_shortage);
	end_serve(&host, &s, name);
	answer_start(answer_probe("P1Class", 100), 0);
	wait_quiet(&client);
	end();
}

TEST(probe_raises_the_score)
{
	begin(two);
	end_serve(&host, &s, name);
	uint64_t p2 = answer_probe("P2Class", 200), p1 = answer_probe("P1Class", 300);
	uint64_t id = answer_start(p1, 0);
	expect_drop(p2);
	wait_quiet(&client);
	test_equal(number_property(id, "IOProbeScore"), 300);
	end();
}

TEST(categories_compete_independently)
{
	begin(BUNDLE("b",
		     PERSONALITY("P1", "s", "1", "<key>IOMatchCategory</key><string>c1</string>")
			     PERSONALITY("P2", "s", "1",
					 "<key>IOMatchCategory</key><string>c2</string>")));
	end_serve(&host, &s, name);
	uint64_t p1 = answer_probe("P1Class", 1), p2 = answer_probe("P2Class", 1);
	answer_start(p1, 0);
	answer_start(p2, 0);
	wait_quiet(&client);
	end();
}

/* A start that does not return, of a stopped host for instance, is nobody else's concern: a host that ends
 * meanwhile comes back, and what is loaded is started. */
TEST(a_driver_that_hangs_holds_up_no_other)
{
	char path[512];
	struct end hung;
	struct wire_start start;
	struct wire_text_reply reply;

	begin(BUNDLE("b",
		     PERSONALITY("P1", "s", "1", "<key>IOMatchCategory</key><string>c1</string>")));
	end_serve(&hung, &s, name);
	host = hung;
	uint64_t p1 = answer_probe("P1Class", 1);
	end_expect(&host, &wire_start_layout, &start);
	test_equal(start.candidate, p1);
	hung = host;
	write_bundle(test_folder(), "late",
		     BUNDLE("late", PERSONALITY("P2", "t", "1",
						"<key>IOMatchCategory</key><string>c2</string>")));
	snprintf(path, sizeof(path), "%s/late.dext", test_folder());
	struct wire_load load = { path };
	test_equal_error(
		end_call(&client, &wire_load_layout, &load, NULL, &wire_text_reply_layout, &reply),
		0);
	for (int i = 0; i < 2; i++) {
		end_serve(&host, &s, name);
		test_equal_text(name, "t");
		answer_start(answer_probe("P2Class", 1), 0);
		if (!i)
			end_close(&host);
	}
	end_reply(&hung, &wire_empty_layout, 0, NULL);
	wait_quiet(&client);
	end_close(&hung);
	end();
}

static void let_time_pass(struct registry *registry)
{
	struct registry_match_job *job = registry_entry_find(&registry->tree, nub)->job;

	loop_timer_start(registry->loop, &job->late_timer, 0);
}

/* Nor does it hide for ever what it would sit on. */
TEST(a_service_whose_driver_hangs_is_found)
{
	uint64_t ids[1];
	struct wire_start start;

	begin(BUNDLE("b", PERSONALITY("P1", "s", "1", "")));
	end_serve(&host, &s, name);
	answer_probe("P1Class", 1);
	end_expect(&host, &wire_start_layout, &start);
	test_equal(find(&client, "Nub", ids, 1), 0);
	session_run(&s, let_time_pass);
	while (!find(&client, "Nub", ids, 1))
		;
	test_equal(ids[0], nub);
	end_reply(&host, &wire_empty_layout, 0, NULL);
	wait_quiet(&client);
	end();
}

/* The driver registers itself in start(): it is matched after start has returned. */
TEST(registration_waits_for_start)
{
	uint64_t ids[2];
	struct wire_start start;

	begin(BUNDLE("b", PERSONALITY("P1", "s", "1", "")));
	end_serve(&host, &s, name);
	answer_probe("P1Class", 1);
	end_expect(&host, &wire_start_layout, &start);
	struct wire_header header = host.frame.header;
	struct wire_entry_options request = { start.id, 0 };
	test_equal_error(end_call(&host, &wire_register_layout, &request, NULL, NULL, NULL), 0);
	test_equal(find(&client, "P1Class", ids, 2), 0);
	test_equal_error(
		wire_reply(host.socket, &header, &wire_empty_layout, 0, NULL, NULL, 0, true), 0);
	wait_quiet(&client);
	test_equal(find(&client, "P1Class", ids, 2), 1);
	test_equal(ids[0], start.id);
	end();
}

TEST(a_dead_host_is_replaced_and_its_services_go)
{
	struct wire_notify_reply reply;
	uint64_t ids[4];

	begin(BUNDLE("b", PERSONALITY("P1", "s", "1", "")));
	end_serve(&host, &s, name);
	uint64_t first = answer_start(answer_probe("P1Class", 1), 0);
	struct wire_entry_options request = { first, 0 };
	test_equal_error(end_call(&host, &wire_register_layout, &request, NULL, NULL, NULL), 0);
	wait_quiet(&client);
	int inlet = open_inlet(&client, 1, WIRE_INLET_NOTICES);
	uint64_t sub = subscribe(&client, 1, "IOServiceTerminate", "P1Class", &reply);
	wire_message_clear(&wire_notify_reply_layout, &reply);
	test_equal(next(&client, sub, ids, 4), 0);
	end_close(&host);
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_notice notice;
	inlet_expect(inlet, &wire_notice_layout, &notice, &frame);
	test_equal(next(&client, sub, ids, 4), 1);
	test_equal(ids[0], first);
	end_serve(&host, &s, name);
	uint64_t second = answer_start(answer_probe("P1Class", 1), 0);
	test_true(second > first);
	wait_quiet(&client);
	wire_frame_fini(&frame);
	close(inlet);
	end();
}

static uint64_t awaited;
static bool is_there, was_short = true;

static void look_for_awaited(struct registry *registry)
{
	const struct registry_entry *e = registry_entry_find(&registry->tree, awaited);

	is_there = e && !registry_entry_is_inactive(e);
}

static void end_shortage_if_any(struct registry *registry)
{
	was_short = test_shortage_end(&shortage);
	/* The turn that was promised for later is now. */
	if (!list_is_empty(&registry->rematch_timer.link))
		loop_timer_start(registry->loop, &registry->rematch_timer, 0);
}

/* However little memory there is when a host ends: its driver starts anew when there is some. (Later calls than
 * these are of the next host's start.) */
TEST(a_host_that_ends_while_memory_is_short_is_replaced)
{
	write_bundle(test_folder(), "d", BUNDLE("b", PERSONALITY("P1", "s", "1", "")));
	for (int at = 0; at < 40; at++) {
		begin_again();
		end_serve(&host, &s, name);
		awaited = answer_start(answer_probe("P1Class", 1), 0);
		wait_quiet(&client);
		shortage.at = at;
		session_run(&s, begin_shortage);
		end_close(&host);
		do
			session_run(&s, look_for_awaited);
		while (is_there);
		session_run(&s, end_shortage_if_any);
		end_serve(&host, &s, name);
		answer_start(answer_probe("P1Class", 1), 0);
		wait_quiet(&client);
		end();
	}
	shortage.at = 0;
}

TEST(a_driver_that_ends_without_memory_makes_room_for_another)
{
	begin(BUNDLE("b", PERSONALITY("P1", "s", "1", "")));
	end_serve(&host, &s, name);
	uint64_t id = answer_start(answer_probe("P1Class", 1), 0);
	wait_quiet(&client);
	session_run(&s, begin_shortage);
	test_equal_error(end_call(&host, &wire_terminate_layout,
				  &(struct wire_entry_options){ id, TERMINATE_WITH_REMATCH }, NULL,
				  NULL, NULL),
			 0);
	session_run(&s, end_shortage);
	test_true(answer_start(answer_probe("P1Class", 1), 0) > id);
	wait_quiet(&client);
	end();
}

/* A second driver would wait for its probe's answer for ever. */
TEST(a_category_that_is_taken_stays_so_without_memory)
{
	begin(BUNDLE("b", PERSONALITY("P1", "s", "1", "")));
	end_serve(&host, &s, name);
	awaited = answer_start(answer_probe("P1Class", 1), 0);
	wait_quiet(&client);
	shortage.lasting = false;
	for (shortage.at = 0; was_short; shortage.at++) {
		session_run(&s, begin_shortage);
		end_call(&provider, &wire_register_layout, &(struct wire_entry_options){ nub, 0 },
			 NULL, NULL, NULL);
		session_run(&s, end_shortage_if_any);
		wait_quiet(&client);
	}
	shortage = (struct test_shortage){ .lasting = true };
	session_run(&s, look_for_awaited);
	test_true(is_there);
	end();
}

/* Dies in probe each time: the service becomes quiet, the driver is quarantined. */
TEST(crash_loops_end_in_quarantine)
{
	struct wire_value_reply reply;

	begin(BUNDLE("b", PERSONALITY("P1", "s", "1", "")));
	/* the pauses grow; three crashes show the way */
	for (int i = 0; i < 3; i++) {
		struct wire_probe probe;

		end_serve(&host, &s, name);
		end_expect(&host, &wire_probe_layout, &probe);
		wire_message_clear(&wire_probe_layout, &probe);
		end_close(&host);
	}
	wait_quiet(&client);
	test_equal_error(end_call(&client, &wire_status_layout, NULL, NULL,
				  &wire_value_reply_layout, &reply),
			 0);
	CFArrayRef hosts = CFDictionaryGetValue(reply.value, CFSTR("Hosts"));
	CFDictionaryRef one = CFArrayGetValueAtIndex(hosts, 0);
	int64_t crashes = 0;
	CFNumberGetValue(CFDictionaryGetValue(one, CFSTR("Crashes")), kCFNumberSInt64Type,
			 &crashes);
	test_equal(crashes, 3);
	test_true(CFEqual(CFDictionaryGetValue(one, CFSTR("State")), CFSTR("resting")));
	wire_message_clear(&wire_value_reply_layout, &reply);
	end_serve(&host, &s, name);
	answer_start(answer_probe("P1Class", 1), 0);
	end();
}

TEST(termination_stops_the_driver)
{
	struct wire_entry_options request;

	begin(BUNDLE("b", PERSONALITY("P1", "s", "1", "")));
	end_serve(&host, &s, name);
	uint64_t id = answer_start(answer_probe("P1Class", 1), 0);
	wait_quiet(&client);
	request = (struct wire_entry_options){ nub, 0 };
	test_equal_error(end_call(&provider, &wire_terminate_layout, &request, NULL, NULL, NULL),
			 0);
	end_expect_will(&host, id, nub);
	end_expect_message_of_end(&host, id, nub);
	end_expect_did(&host, id, nub, true);
	end_expect_stop(&host, id);
	wait_quiet(&client);
	end();
}

TEST(spec_n13_personalities_added_later)
{
	char path[512];
	uint64_t ids[1];

	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	nub = publish(&provider, 0, "Nub", "", "", WIRE_PUBLISH_REGISTER, NULL);
	test_equal(find(&client, "Nub", ids, 1), 1);
	write_bundle(test_folder(), "late", BUNDLE("late", PERSONALITY("P1", "s", "1", "")));
	snprintf(path, sizeof(path), "%s/late.dext", test_folder());
	struct wire_load request = { path };
	struct wire_text_reply reply;
	test_equal_error(end_call(&client, &wire_load_layout, &request, NULL,
				  &wire_text_reply_layout, &reply),
			 0);
	test_equal_text(reply.text, "late");
	end_serve(&host, &s, name);
	uint64_t id = answer_start(answer_probe("P1Class", 1), 0);
	wait_quiet(&client);
	/* and unloaded: stopped, and the host is told to end */
	struct wire_load unload = { "late" };
	uint32_t asked = end_ask(&client, &wire_unload_layout, &unload, NULL);
	struct wire_entry_options stop;
	struct wire_empty none;
	end_expect(&host, &wire_stop_layout, &stop);
	test_equal(stop.id, id);
	end_reply(&host, &wire_empty_layout, 0, NULL);
	end_expect(&host, &wire_shutdown_layout, &none);
	test_equal_error(end_answer(&client, asked, &wire_text_reply_layout, &reply), 0);
	end();
}

static struct test_shortage each;
static uint64_t generation; /* of the catalogue */

static void begin_each(struct registry *registry)
{
	test_shortage_begin(&each);
}

static void end_each(struct registry *registry)
{
	test_shortage_end(&each);
	generation = registry->catalogue.generation;
}

/* Without memory to say why it is none it was taken for a good one. */
TEST(a_new_version_that_is_none_does_not_take_the_place_of_the_old)
{
	char path[512], program[600];
	struct wire_text_reply reply;

	session_start(&s, NULL);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	write_bundle(test_folder(), "late", BUNDLE("late", PERSONALITY("P1", "s", "1", "")));
	snprintf(path, sizeof(path), "%s/late.dext", test_folder());
	struct wire_load request = { path };
	test_equal_error(end_call(&client, &wire_load_layout, &request, NULL,
				  &wire_text_reply_layout, &reply),
			 0);
	session_run(&s, end_each);
	uint64_t before = generation;
	snprintf(program, sizeof(program), "%s/x.so", path);
	test_equal(unlink(program), 0);
	test_each_shortage(rounds)
	{
		struct end caller;

		end_connect(&caller, &s, WIRE_ROLE_CLIENT, "caller");
		each = rounds;
		session_run(&s, begin_each);
		end_ask(&caller, &wire_load_layout, &request, NULL);
		struct pollfd p = { .fd = caller.socket, .events = POLLIN };
		test_equal(poll(&p, 1, -1), 1); /* an answer, or the end */
		session_run(&s, end_each);
		rounds = each;
		end_close(&caller);
		test_equal(generation, before);
	}
	end_close(&client);
	session_end(&s);
}

TEST(spec_n18_resource_match)
{
	uint64_t ids[1];

	write_bundle(test_folder(), "r",
		     BUNDLE("r", "<key>P</key><dict><key>IOClass</key><string>R</string>"
				 "<key>IOProviderClass</key><string>IOResources</string>"
				 "<key>IOResourceMatch</key><string>thing</string></dict>"));
	session_start(&s, test_folder());
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	wait_quiet(&client);
	struct wire_publish_resource request = { "thing", kCFBooleanTrue };
	test_equal_error(
		end_call(&provider, &wire_publish_resource_layout, &request, NULL, NULL, NULL), 0);
	end_serve(&host, &s, name);
	test_equal_text(name, "r");
	test_equal(find(&client, "IOResources", ids, 1), 1);
	nub = ids[0];
	struct wire_probe probe;
	end_expect(&host, &wire_probe_layout, &probe);
	struct wire_probe_reply accepted = { 0, "R" };
	uint64_t candidate = probe.candidate;
	wire_message_clear(&wire_probe_layout, &probe);
	end_reply(&host, &wire_probe_reply_layout, 0, &accepted);
	answer_start(candidate, 0);
	wait_quiet(&client);
	struct wire_property_request property = { .id = nub,
						  .plane = "IOService",
						  .key = "IOResourceMatched" };
	struct wire_value_reply value;
	test_equal_error(end_call(&client, &wire_property_request_layout, &property, NULL,
				  &wire_value_reply_layout, &value),
			 0);
	test_equal(CFArrayGetCount(value.value), 1);
	wire_message_clear(&wire_value_reply_layout, &value);
	end();
}

/* Where a registry notes which server the host at PLACE is. */
static const char *link_to(const char *place)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/r.sock%s/.%s", test_folder(), WIRE_HOSTS_SUFFIX, place);
	return path;
}

/* Who waits for the next registry is nobody but who it was to the last one, and nobody at all when that has
 * not said so. */
TEST(hosts_return_as_who_they_were)
{
	static const char *const were[] = { "mine", "mine", NULL };
	static const char *const say[] = { "bridge", "other", "mine" };
	char path[128], place[160];
	int listeners[3], socket;

	snprintf(path, sizeof(path), "%s/r.sock%s", test_folder(), WIRE_HOSTS_SUFFIX);
	test_equal(mkdir(path, 0700), 0);
	for (int i = 0; i < 3; i++) {
		char number[2] = { (char)('1' + i) };

		snprintf(place, sizeof(place), "%s/%s", path, number);
		test_equal_error(fd_listen(place, &listeners[i]), 0);
		if (were[i])
			test_equal(symlink(were[i], link_to(number)), 0);
	}
	session_start_generation(&s, NULL, 1);
	for (int i = 0; i < 3; i++) {
		test_equal_error(fd_accept(listeners[i], &socket), 0);
		fd_close(listeners[i]);
		test_equal_error(end_greet(&host, socket, WIRE_ROLE_PROVIDER, say[i], 12345),
				 kIOReturnNotPermitted);
		end_close(&host);
	}
	session_end(&s);
}

/* A registry that is killed while it notes what it knows already leaves that behind. */
TEST(what_is_noted_of_a_host_stays)
{
	static struct registry r;
	char socket_path[128], path[160], kept[160], server[16] = "";
	struct stat before, after;

	snprintf(socket_path, sizeof(socket_path), "%s/r.sock", test_folder());
	snprintf(path, sizeof(path), "%s%s", socket_path, WIRE_HOSTS_SUFFIX);
	test_equal(mkdir(path, 0700), 0);
	r.socket_path = socket_path;
	registry_home_note(&r, 77, "mine");
	test_equal(lstat(link_to("77"), &before), 0);
	/* So that no other link gets its number. */
	snprintf(kept, sizeof(kept), "%s/kept", test_folder());
	test_equal(linkat(AT_FDCWD, link_to("77"), AT_FDCWD, kept, 0), 0);
	registry_home_note(&r, 77, "mine");
	test_equal(lstat(link_to("77"), &after), 0);
	test_equal(after.st_ino, before.st_ino);
	registry_home_note(&r, 77, "other");
	test_equal(readlink(link_to("77"), server, sizeof(server)), 5);
	test_equal_text(server, "other");
	registry_home_forget(&r, 77);
	test_equal(rmdir(path), 0);
}

/* The hosts of the last registry come back with their entries and IDs: nothing is started anew. */
TEST(hosts_that_return_keep_their_drivers)
{
	uint64_t ids[1];

	write_bundle(test_folder(), "r",
		     BUNDLE("r", "<key>P</key><dict><key>IOClass</key><string>R</string>"
				 "<key>IOProviderClass</key><string>IOResources</string></dict>"));
	/* The registry comes to it. */
	char path[128];
	int listener, socket;
	snprintf(path, sizeof(path), "%s/r.sock%s", test_folder(), WIRE_HOSTS_SUFFIX);
	test_equal(mkdir(path, 0700), 0);
	strcat(path, "/1");
	test_equal_error(fd_listen(path, &listener), 0);
	test_equal(symlink("r", link_to("1")), 0);
	session_start_generation(&s, test_folder(), 1);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	test_equal_error(fd_accept(listener, &socket), 0);
	fd_close(listener);
	test_equal_error(end_greet(&host, socket, WIRE_ROLE_PROVIDER, "r", 12345), 0);
	CFDictionaryRef properties = matching_new("IOMatchCategory", "IODefaultMatchCategory");
	struct bytes packed = BYTES_INIT;
	test_equal_error(wire_value_encode(properties, &packed), 0);
	struct wire_publish request = { .id = 0x100000123,
					.parent = 0x100000102,
					.class_name = "R",
					.flags = WIRE_PUBLISH_REGISTER,
					.properties = { packed.data, packed.size } };
	struct wire_publish_reply published;
	test_equal_error(end_call(&host, &wire_publish_layout, &request, NULL,
				  &wire_publish_reply_layout, &published),
			 0);
	bytes_fini(&packed);
	test_equal(published.id, 0x100000123);
	test_equal(find(&client, "R", ids, 1), 1);
	test_equal(ids[0], 0x100000123);
	/* whoever comes and says that he is a host of ours is refused */
	struct end second;
	test_equal_error(fd_connect(s.socket, &socket), 0);
	test_equal_error(end_greet(&second, socket, WIRE_ROLE_PROVIDER, "r", 999),
			 kIOReturnNotPermitted);
	end_close(&second);
	CFRelease(properties);
	end_connect(&provider, &s, WIRE_ROLE_PROVIDER, "fixture");
	/* the end of the grace period announces itself by a published nub's matching */
	wait_quiet(&client);
	end();
}

/* What a driver has published before its start failed goes with it. */
TEST(a_refused_start_takes_its_nubs_along)
{
	struct wire_start start;
	uint64_t ids[2];

	begin(BUNDLE("b", PERSONALITY("P1", "s", "1", "")));
	end_serve(&host, &s, name);
	answer_probe("P1Class", 1);
	end_expect(&host, &wire_start_layout, &start);
	uint32_t id = host.frame.header.id;
	publish(&host, start.id, "Child", "", "", WIRE_PUBLISH_REGISTER, NULL);
	test_equal(find(&client, "Child", ids, 2), 1);
	host.frame.header.id = id;
	host.frame.header.type = WIRE_START;
	end_reply(&host, &wire_empty_layout, kIOReturnError, NULL);
	wait_quiet(&client);
	test_equal(find(&client, "Child", ids, 2), 0);
	end();
}

/* Matching ends by itself, again and again, when no host program can be started. */
TEST(a_host_that_cannot_be_started_leaves_matching_in_order)
{
	s.start_error = -ENOENT;
	begin(two);
	wait_quiet(&client);
	uint64_t second = publish(&provider, 0, "Nub", "", "", WIRE_PUBLISH_REGISTER, NULL);
	wait_quiet(&client);
	test_true(second > nub);
	end_close(&client);
	end_close(&provider);
	session_end(&s);
}

/* A host that has outlived a registry still knows the candidates of that one. */
TEST(candidates_are_not_numbered_as_in_the_last_registry)
{
	struct wire_probe probe;
	uint64_t ids[1];

	write_bundle(test_folder(), "r",
		     BUNDLE("r", "<key>P</key><dict><key>IOClass</key><string>R</string>"
				 "<key>IOProviderClass</key><string>IOResources</string></dict>"));
	session_start_generation(&s, test_folder(), 1);
	end_connect(&client, &s, WIRE_ROLE_CLIENT, "client");
	end_serve(&host, &s, name);
	end_expect(&host, &wire_probe_layout, &probe);
	test_true(probe.candidate > UINT32_MAX);
	wire_message_clear(&wire_probe_layout, &probe);
	end_reply(&host, &wire_probe_reply_layout, kIOReturnNoDevice, NULL);
	wait_quiet(&client);
	test_equal(find(&client, "R", ids, 1), 0);
	end_close(&host);
	end_close(&client);
	session_end(&s);
}

TEST_MAIN
