// SPDX-License-Identifier: MIT
/* Programs and providers that make the registry bother others, who may be slow: nobody is cut off for what
 * somebody else has said. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

#include "Fixture.h"
#include "Methods.h"
#include "arena.h"
#include "bundles.h"
#include "raw_client.h"
#include "raw_provider.h"
#include "stage.h"
#include "wire/browse.h"
#include "wire/frame.h"
#include "wire/memory.h"
#include "wire/open.h"
#include "wire/publish.h"

enum { MESSAGE = 0xe0000100 }; /* of the attacker's own making */

static CFDictionaryRef make_large(CFIndex size)
{
	CFMutableDataRef data = CFDataCreateMutable(NULL, 0);

	CFDataSetLength(data, size);
	return stage_dictionary("Large", data, NULL);
}

/* Everything that FD has said so far has been heard. */
static void await_heard(int fd)
{
	struct wire_access is_open = { .what = WIRE_ACCESS_IS_OPEN };
	struct wire_number_reply number;

	test_equal_error(
		raw_ask(fd, &wire_access_layout, &is_open, &wire_number_reply_layout, &number), 0);
}

/* The status of the next one. */
static int32_t await_answer(int fd)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	test_equal_error(wire_frame_receive(fd, &frame, WIRE_CONTROL_MAX, true), 0);
	int32_t status = frame.header.status;
	wire_frame_fini(&frame);
	return status;
}

/* A host that is stopped hears nothing, and a program without any privilege has much to say to it. */
HOSTILE(P_C4, a_stopped_host_that_a_program_writes_to)
{
	enum { WRITES = 500, SIZE = 30000 }; /* more than may wait for anybody */
	static const char server[] = "org.portico.test.Fixture";

	world_withhold_privileges();
	arena_begin("Fixture.dext", NULL);
	pid_t host = world_host_pid(server);
	CFDictionaryRef large = make_large(SIZE);
	struct wire_set_properties_request request = { arena_service_id("FixtureDriver"), large };
	int fd = raw_connect(world_socket());

	raw_greet(fd);
	kill(host, SIGSTOP);
	for (uint32_t i = 1; i <= WRITES; i++)
		test_equal_error(wire_send(fd, &wire_set_properties_request_layout, i, &request,
					   NULL, 0, true),
				 0);
	/* Those that are too much are answered while the host sleeps, the others when it has woken up. */
	test_equal_error(await_answer(fd), kIOReturnNoResources);
	kill(host, SIGCONT);
	for (uint32_t i = 2; i <= WRITES; i++)
		await_answer(fd);
	io_connect_t connect = world_open("FixtureDriver", 0);
	IOServiceClose(connect);
	test_equal(world_host_pid(server), host);
	close(fd);
	CFRelease(large);
	arena_count(WRITES * SIZE / 10); /* bytes that were on their way */
	arena_end();
}

/* A driver on somebody else's service hears its messages, when it comes to that. */
HOSTILE(P_W4, a_provider_that_talks_to_one_who_does_not_listen)
{
	enum { MESSAGES = 30000 };

	arena_begin("Stage.dext", NULL);
	int talker = raw_provide(world_socket(), "talker");
	int listener = raw_provide(world_socket(), "listener");
	uint64_t below = raw_publish(talker, 0, "IOService", "below", NULL);
	uint64_t above = raw_publish(listener, below, "IOService", "above", NULL);
	struct wire_message message = { .id = below, .message_type = MESSAGE };

	test_true(above != 0);
	for (int i = 0; i < MESSAGES; i++)
		test_true(raw_say(talker, &wire_message_layout, &message));
	await_heard(talker);
	await_heard(listener);
	close(talker);
	close(listener);
	arena_count(MESSAGES);
	arena_end();
}

static void count_services(void *refcon, io_iterator_t iterator)
{
	io_object_t service;

	while ((service = IOIteratorNext(iterator))) {
		++*(unsigned *)refcon;
		IOObjectRelease(service);
	}
}

static void ignore(void *refcon, io_service_t service, uint32_t type, void *argument)
{
}

/* A port has two notifications: of a service that never stops talking, and of others. */
HOSTILE(P_R3, a_port_that_one_service_floods)
{
	enum { MESSAGES = 30000 };
	unsigned n_leaves = 0;
	io_iterator_t leaves = 0;
	io_object_t interest = 0;

	arena_begin("Stage.dext", NULL);
	io_connect_t stage = stage_open();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	int talker = raw_provide(world_socket(), "talker");
	struct wire_message message = { .id = raw_publish(talker, 0, "IOService", "talker", NULL),
					.message_type = MESSAGE };
	io_service_t service = IOServiceGetMatchingService(kIOMainPortDefault,
							   IORegistryEntryIDMatching(message.id));

	test_equal_error(IOServiceAddInterestNotification(port, service, kIOGeneralInterest, ignore,
							  NULL, &interest),
			 0);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOMatchedNotification,
							  IOServiceMatching("StageLeaf"),
							  count_services, &n_leaves, &leaves),
			 0);
	count_services(&n_leaves, leaves);
	for (int i = 0; i < MESSAGES; i++)
		test_true(raw_say(talker, &wire_message_layout, &message));
	await_heard(talker);
	stage_do(stage, NULL, "publish key=leaf class=StageLeaf name=leaf register");
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	while (!n_leaves)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10, true);
	stage_do(stage, NULL, "terminate key=leaf");
	IOObjectRelease(interest);
	IOObjectRelease(leaves);
	IOObjectRelease(service);
	IONotificationPortDestroy(port);
	IOServiceClose(stage);
	close(talker);
	arena_count(MESSAGES);
	arena_end();
}

static unsigned count_drivers(const char *class_name)
{
	io_iterator_t services = 0;
	unsigned n = 0;

	test_equal_error(IOServiceGetMatchingServices(kIOMainPortDefault,
						      IOServiceMatching(class_name), &services),
			 0);
	count_services(&n, services);
	IOObjectRelease(services);
	return n;
}

/* A driver whose host is stopped while more services for it come than it could be told of. */
HOSTILE(P_C4, a_stopped_host_that_has_many_services_to_probe)
{
	enum { NUBS = 1500, SIZE = 7000 };
	static const char server[] = "org.portico.test.Hostile";
	static const char nubs_too[] = "</dict><key>Nubs</key><dict>"
				       "<key>IOClass</key><string>HostileDriver</string>"
				       "<key>IOProviderClass</key><string>HostileNub</string>"
				       "<key>IOUserServerName</key><string>org.portico.test.Hostile"
				       "</string>";

	bundle_make(bundle_folder(), "Hostile", "Hostile.so", "HostileUserClient", nubs_too);
	arena_begin_with(bundle_folder());
	pid_t host = world_host_pid(server);
	CFDictionaryRef large = make_large(SIZE);
	int provider = raw_provide(world_socket(), "provider");

	kill(host, SIGSTOP);
	for (int i = 0; i < NUBS; i++)
		raw_publish(provider, 0, "HostileNub", "nub", large);
	kill(host, SIGCONT);
	/* The provider serves its nubs no longer than it has to say something. */
	while (count_drivers("HostileDriver") < NUBS + 1)
		await_heard(provider);
	test_equal(world_host_pid(server), host);
	close(provider);
	CFRelease(large);
	arena_spare(server);	      /* keeps what so many objects took */
	arena_count(NUBS * SIZE / 4); /* nor does the registry give back all of it */
	arena_end();
}

/* --- one driver, many programs ------------------------------------------------------------------ */

/* Ask for an opening of TYPE. */
static void ask_to_open(int fd, uint32_t id, uint64_t service, uint32_t type)
{
	struct wire_open_request request = { service, type };

	test_equal_error(wire_send(fd, &wire_open_request_layout, id, &request, NULL, 0, true), 0);
}

/* The next one has succeeded; the connection. */
static int await_opening(int fd)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	test_equal_error(wire_frame_receive(fd, &frame, WIRE_CONTROL_MAX, true), 0);
	test_equal_error(frame.header.status, 0);
	int connection = wire_frame_take_fd(&frame, 0);
	wire_frame_fini(&frame);
	return connection;
}

/* The host has all that FD has asked for. */
static void await_passed_on(int fd)
{
	test_equal_error(raw_ask(fd, &wire_status_layout, &(struct wire_empty){ 0 }, NULL, NULL),
			 0);
}

/* So many of those that wait in the Fixture go on. */
static void admit(io_connect_t fixture, uint64_t n)
{
	test_equal_error(IOConnectCallScalarMethod(fixture, FIXTURE_ADMIT, &n, 1, NULL, NULL), 0);
}

/* A program of its own; returns when it has said (by a byte into the descriptor) that it is so far. */
static pid_t start_program(const char *driver, void (*run)(uint64_t service, int said))
{
	uint64_t service = arena_service_id(driver);
	int said[2];
	char byte;

	test_equal(pipe(said), 0);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		alarm(60);
		run(service, said[1]);
		_exit(0);
	}
	close(said[1]);
	test_equal(read(said[0], &byte, 1), 1);
	close(said[0]);
	return child;
}

enum { OPENINGS = 200, STOP = 64 };

/* All at once; the driver keeps the first and one more. */
static void open_at_once(uint64_t service, int said)
{
	int fd = raw_connect(world_socket());

	raw_greet(fd);
	for (uint32_t i = 1; i <= OPENINGS; i++)
		ask_to_open(fd, i, service, i == 1 || i == STOP ? FIXTURE_WAITS : FIXTURE_PLAIN);
	await_passed_on(fd);
	test_equal(write(said, "", 1), 1);
	for (int i = 0; i < OPENINGS; i++)
		await_opening(fd);
}

/* Who opens much at once waits; who opens once does not. */
HOSTILE(P_L1, an_opening_beside_a_program_that_opens_much)
{
	arena_begin("Fixture.dext", NULL);
	io_connect_t fixture = world_open("FixtureDriver", 0);
	pid_t child = start_program("FixtureDriver", open_at_once);
	int fd = raw_connect(world_socket());

	raw_greet(fd);
	ask_to_open(fd, 1, arena_service_id("FixtureDriver"), FIXTURE_PLAIN);
	await_passed_on(fd);
	admit(fixture, 1);
	close(await_opening(fd));
	/* Only now the others get any further, and then again when the connections have died. */
	admit(fixture, 1 + 2);
	test_equal(arena_wait(child), 0);
	close(fd);
	IOServiceClose(fixture);
	arena_count(OPENINGS);
	arena_end();
}

enum { CONNECTIONS = 150 };

static void hold_many(uint64_t service, int said)
{
	int fd = raw_connect(world_socket());

	raw_greet(fd);
	for (uint32_t i = 1; i <= CONNECTIONS; i++)
		ask_to_open(fd, i, service, FIXTURE_WAITS);
	for (int i = 0; i < CONNECTIONS; i++)
		await_opening(fd);
	test_equal(write(said, "", 1), 1);
	pause();
}

/* The driver takes leave of each connection of a program that was killed; others need not wait for all. */
HOSTILE(P_L1, an_opening_beside_a_program_that_dies_with_much)
{
	arena_begin("Fixture.dext", NULL);
	io_connect_t fixture = world_open("FixtureDriver", 0);
	admit(fixture, CONNECTIONS);
	pid_t child = start_program("FixtureDriver", hold_many);
	int fd = raw_connect(world_socket());

	raw_greet(fd);
	kill(child, SIGKILL);
	test_equal(arena_wait(child), 1000 + SIGKILL);
	ask_to_open(fd, 1, arena_service_id("FixtureDriver"), FIXTURE_PLAIN);
	await_passed_on(fd);
	admit(fixture, CONNECTIONS / 2);
	close(await_opening(fd));
	admit(fixture, CONNECTIONS - CONNECTIONS / 2);
	close(fd);
	IOServiceClose(fixture);
	arena_count(CONNECTIONS);
	arena_end();
}

/* --- descriptors under way ---------------------------------------------------------------------- */

enum { FILES = 1024, SILENT = 6, ANSWERS = 250 }; /* more than FILES, fewer than sockets hold */

/* Memory again and again; the answers stay where they are. */
static void map_and_not_read(uint64_t service, int said)
{
	struct wire_map_request request = { .memory_type = METHODS_MEMORY };
	struct raw_client raw;

	for (int i = 0; i < SILENT; i++) {
		raw_open(&raw, world_socket(), service);
		for (uint32_t k = 1; k <= ANSWERS; k++)
			test_equal_error(wire_send(raw.data, &wire_map_request_layout, k, &request,
						   NULL, 0, true),
					 0);
		close(raw.control);
	}
	test_equal(write(said, "", 1), 1);
	pause();
}

static kern_return_t map_once(io_connect_t connect)
{
	mach_vm_address_t at = 0;
	mach_vm_size_t size = 0;
	kern_return_t status = IOConnectMapMemory64(connect, METHODS_MEMORY, mach_task_self(), &at,
						    &size, kIOMapAnywhere);

	if (!status)
		status = IOConnectUnmapMemory64(connect, METHODS_MEMORY, mach_task_self(), at);
	return status;
}

/* Linux counts by user what is under way, and the hosts are of one. */
HOSTILE(P_F2, descriptors_that_a_program_does_not_read)
{
	struct rlimit few = { FILES, FILES };

	test_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	arena_begin("Methods.dext", NULL);
	io_connect_t connect = world_open("MethodsDriver", METHODS_TABLE);
	pid_t child = start_program("MethodsDriver", map_and_not_read);

	/* Its answers are sent meanwhile, or wait until its connections have ended. */
	for (int i = 0; i < SILENT * ANSWERS; i++)
		test_equal_error(map_once(connect), 0);
	kill(child, SIGKILL);
	test_equal(arena_wait(child), 1000 + SIGKILL);
	IOServiceClose(connect);
	arena_count(SILENT * ANSWERS);
	arena_end();
}

TEST_MAIN
