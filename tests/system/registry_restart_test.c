// SPDX-License-Identifier: MIT
/* The registry is killed and started again: connections live on, handles and notifications return. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/session.h>

#include "life.h"
#include "test.h"
#include "world.h"

enum { ADD };

static kern_return_t add(io_connect_t c)
{
	uint64_t in[2] = { 1, 2 }, out[1] = { 0 };
	uint32_t n = 1;
	kern_return_t result = IOConnectCallScalarMethod(c, ADD, in, 2, out, &n);

	if (!result)
		test_equal(out[0], 3);
	return result;
}

TEST(open_connections_live_on)
{
	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);

	world_kill_registry();
	for (int i = 0; i < 1000; i++)
		test_equal_error(add(c), 0);
	world_restart_registry();
	for (int i = 0; i < 1000; i++)
		test_equal_error(add(c), 0);
	IOServiceClose(c);
	world_stop();
}

TEST(services_keep_their_ids_and_handles)
{
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	uint64_t before = 0, after = 0;
	pid_t host = world_host_pid("org.portico.driver.Calculator");

	test_equal_error(IORegistryEntryGetRegistryEntryID(s, &before), 0);
	world_kill_registry();
	world_restart_registry();
	io_service_t again = world_service("CalculatorDriver");
	test_equal_error(IORegistryEntryGetRegistryEntryID(again, &after), 0);
	test_equal(after, before);
	test_equal(again, s);
	test_equal(world_host_pid("org.portico.driver.Calculator"), host);
	io_connect_t c = 0;
	test_equal_error(IOServiceOpen(s, mach_task_self(), 0, &c), 0);
	test_equal_error(add(c), 0);
	IOServiceClose(c);
	IOObjectRelease(s);
	IOObjectRelease(again);
	world_stop();
}

/* Until no host of the last registry is waited for any more: whoever loads something, or nothing, waits for that,
 * too. */
static void await_return(void)
{
	CFStringRef words = NULL;

	test_equal_error(portico_session_load(world_socket(), test_folder(), &words),
			 kIOReturnNotFound);
	CFRelease(words);
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
}

static void read_creator(io_service_t service, char *ret_text, size_t size)
{
	io_registry_entry_t client = 0;
	CFStringRef creator;

	test_equal_error(IORegistryEntryGetChildEntry(service, kIOServicePlane, &client), 0);
	creator = IORegistryEntryCreateCFProperty(client, CFSTR("IOUserClientCreator"), NULL, 0);
	test_true(creator &&
		  CFStringGetCString(creator, ret_text, (CFIndex)size, kCFStringEncodingUTF8));
	CFRelease(creator);
	IOObjectRelease(client);
}

TEST(who_has_opened_what_is_known_and_can_be_revoked)
{
	char before[128], after[128];
	size_t count = 0;

	if (!world_is_daemon())
		test_skip("needs a registry that tools can ask");
	world_start();
	io_service_t s = world_service("CalculatorDriver");
	io_connect_t c = world_open("CalculatorDriver", 0);
	read_creator(s, before, sizeof(before));
	world_kill_registry();
	world_restart_registry();
	await_return();
	read_creator(s, after, sizeof(after));
	test_equal_text(after, before);
	uid_t uid = geteuid();
	test_equal_error(portico_session_revoke(world_socket(), "CalculatorDriver", &uid, &count),
			 0);
	test_equal(count, 1);
	while (!add(c))
		; /* until the host has heard of it */
	IOServiceClose(c);
	IOObjectRelease(s);
	world_stop();
}

/* As `systemctl restart` does: see packaging/systemd/porticod.service.in. */
TEST(one_that_is_signalled_makes_room_for_the_next)
{
	enum { RESTART = 75 };

	world_start();
	io_connect_t c = world_open("CalculatorDriver", 0);
	pid_t host = world_host_pid("org.portico.driver.Calculator");

	for (int i = 0; i < 3; i++) {
		kill(world_registry_pid(), SIGUSR1);
		test_equal(world_await_registry(), RESTART);
		world_restart_registry();
		IOObjectRelease(world_service("CalculatorDriver"));
		test_equal_error(add(c), 0);
		test_equal(world_host_pid("org.portico.driver.Calculator"), host);
	}
	IOServiceClose(c);
	world_stop();
}

TEST(a_session_that_has_ended_leaves_nothing_to_the_next)
{
	CFStringRef text;
	uint64_t before = 0, after = 0;

	world_start();
	io_service_t s = world_service("CalculatorDriver");
	test_equal_error(IORegistryEntryGetRegistryEntryID(s, &before), 0);
	IOObjectRelease(s);
	test_equal_error(portico_session_unload(world_socket(), "org.portico.driver.Mirror", &text),
			 0);
	CFRelease(text);
	kill(world_registry_pid(), SIGTERM);
	test_equal(world_await_registry(), 0);
	world_restart_registry();
	IOObjectRelease(world_service("MirrorDriver"));
	s = world_service("CalculatorDriver");
	test_equal_error(IORegistryEntryGetRegistryEntryID(s, &after), 0);
	test_true(after != before);
	IOObjectRelease(s);
	world_stop();
}

static void expect_dead(const char *what, kern_return_t result)
{
	if ((uint32_t)result != (uint32_t)MACH_SEND_INVALID_DEST)
		test_fail(__FILE__, __LINE__, "%s: 0x%08x", what, (unsigned)result);
}

/* Whoever holds one learns that it is gone, not that he has called wrongly; in the next registry of the
 * same session they come to life again. */
TEST(handles_of_another_session_are_dead_at_once)
{
	CFMutableDictionaryRef properties, matching = IOServiceMatching("CalculatorDriver");
	io_iterator_t iterator;
	mach_timespec_t second = { 1, 0 };
	io_string_t path;
	uint32_t busy;
	boolean_t matches;
	io_connect_t c;

	world_start();
	io_service_t s = world_service("CalculatorDriver");
	kill(world_registry_pid(), SIGTERM);
	test_equal(world_await_registry(), 0);
	world_restart_registry();
	expect_dead("open", IOServiceOpen(s, mach_task_self(), 0, &c));
	expect_dead("properties", IORegistryEntryCreateCFProperties(s, &properties, NULL, 0));
	expect_dead("path", IORegistryEntryGetPath(s, kIOServicePlane, path));
	expect_dead("children", IORegistryEntryGetChildIterator(s, kIOServicePlane, &iterator));
	expect_dead("parents", IORegistryEntryGetParentIterator(s, kIOServicePlane, &iterator));
	expect_dead("busy", IOServiceGetBusyState(s, &busy));
	expect_dead("quiet", IOServiceWaitQuiet(s, &second));
	expect_dead("match", IOServiceMatchPropertyTable(s, matching, &matches));
	expect_dead("probe", IOServiceRequestProbe(s, 0));
	expect_dead("set", IORegistryEntrySetCFProperties(s, matching));
	expect_dead("authorize", IOServiceAuthorize(s, 0));
	/* The library has looked as soon as it could. */
	IOObjectRelease(world_service("CalculatorDriver"));
	io_name_t name;
	test_await((uint32_t)IORegistryEntryGetName(s, name) == (uint32_t)MACH_SEND_INVALID_DEST);
	CFRelease(matching);
	IOObjectRelease(s);
	world_stop();
}

TEST(look_ups_fail_clearly_while_it_is_away)
{
	world_start();
	io_iterator_t iterator = 0;

	world_kill_registry();
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("CalculatorDriver")), 0);
	test_true(IOServiceGetMatchingServices(0, IOServiceMatching("CalculatorDriver"),
					       &iterator) != 0);
	world_restart_registry();
	io_service_t s = world_service("CalculatorDriver");
	IOObjectRelease(s);
	world_stop();
}

/* In a session that it has found by itself: another one, or one of its own, would answer wrongly. */
static _Noreturn void be_program_of_the_user(int said, int heard)
{
	io_name_t name;
	char byte;

	unsetenv("PORTICO_SESSION");
	setenv("XDG_RUNTIME_DIR", test_folder(), 1);
	io_service_t s = world_service("MirrorDriver");
	if (write(said, "x", 1) != 1 || read(heard, &byte, 1) != 1)
		_exit(2);
	if (IOServiceGetMatchingService(0, IOServiceMatching("MirrorDriver")))
		_exit(3);
	if (!IORegistryEntryGetName(s, name))
		_exit(4);
	if (write(said, "x", 1) != 1 || read(heard, &byte, 1) != 1)
		_exit(5);
	io_service_t again = world_service("MirrorDriver");
	if (again != s || IORegistryEntryGetName(s, name) || strcmp(name, "MirrorDriver"))
		_exit(6);
	_exit(0);
}

TEST(a_program_stays_with_the_session_that_it_has_found)
{
	char path[512];
	int said[2], heard[2], status;
	char byte;

	world_start();
	snprintf(path, sizeof(path), "%s/portico", test_folder());
	test_equal(mkdir(path, 0700), 0);
	strcat(path, "/registry.sock");
	test_equal(symlink(world_socket(), path), 0);
	test_equal(pipe(said), 0);
	test_equal(pipe(heard), 0);
	fflush(stdout);
	pid_t program = fork();
	if (program == 0)
		be_program_of_the_user(said[1], heard[0]);
	test_equal(read(said[0], &byte, 1), 1);
	world_kill_registry();
	test_equal(write(heard[1], "x", 1), 1);
	test_equal(read(said[0], &byte, 1), 1);
	world_restart_registry();
	test_equal(write(heard[1], "x", 1), 1);
	test_equal(waitpid(program, &status, 0), program);
	test_true(WIFEXITED(status));
	test_equal(WEXITSTATUS(status), 0);
	for (int i = 0; i < 2; i++) {
		close(said[i]);
		close(heard[i]);
	}
	world_stop();
}

/* A copy of a sample driver. */
static void install(const char *folder, const char *name)
{
	char command[2048];

	snprintf(command, sizeof(command), "mkdir -p %s && cp -rL %s/%s.dext %s", folder,
		 test_built("drivers"), name, folder);
	test_equal(system(command), 0);
}

TEST(what_was_loaded_stays_and_what_was_unloaded_stays_away)
{
	char folder[512], other[512], path[600];
	CFStringRef text = NULL;

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	snprintf(other, sizeof(other), "%s/others", test_folder());
	snprintf(path, sizeof(path), "%s/Calculator.dext", other);
	install(folder, "Mirror");
	install(folder, "Calculator");
	install(other, "Calculator");
	world_start_with(folder);
	test_equal_error(portico_session_unload(world_socket(), "org.portico.driver.Mirror", &text),
			 0);
	CFRelease(text);
	test_equal_error(
		portico_session_unload(world_socket(), "org.portico.driver.Calculator", &text), 0);
	CFRelease(text);
	test_equal_error(portico_session_load(world_socket(), path, &text), 0);
	CFRelease(text);
	IOObjectRelease(world_service("CalculatorDriver"));
	for (int i = 0; i < 2; i++) {
		world_kill_registry();
		world_restart_registry();
		IOObjectRelease(world_service("CalculatorDriver"));
		/* The host is started again, from where it was loaded. */
		snprintf(path, sizeof(path), "rm -rf %s/Calculator.dext", folder);
		test_equal(system(path), 0);
		pid_t host = world_host_pid("org.portico.driver.Calculator");
		kill(host, SIGKILL);
		test_await(world_host_pid("org.portico.driver.Calculator") != host);
		io_connect_t c = world_open("CalculatorDriver", 0);
		test_equal_error(add(c), 0);
		IOServiceClose(c);
		test_equal_error(portico_session_wait_quiet(world_socket(), 5000), 0);
		test_equal(IOServiceGetMatchingService(0, IOServiceMatching("MirrorDriver")), 0);
	}
	world_stop();
}

static int terminated;

static void on_terminated(void *refcon, io_iterator_t iterator)
{
	io_service_t s;

	(void)refcon;
	while ((s = IOIteratorNext(iterator))) {
		terminated++;
		IOObjectRelease(s);
	}
}

TEST(notifications_are_armed_again)
{
	world_start();
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator = 0;

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	test_equal_error(IOServiceAddMatchingNotification(port, kIOTerminatedNotification,
							  IOServiceMatching("CalculatorDriver"),
							  on_terminated, NULL, &iterator),
			 0);
	on_terminated(NULL, iterator);
	world_kill_registry();
	world_restart_registry();
	/* What happens before the library has armed them is not told: look-ups may be quicker. */
	do {
		IOObjectRelease(world_service("CalculatorDriver"));
		kill(world_host_pid("org.portico.driver.Calculator"), SIGKILL);
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, 5, true);
	} while (!terminated);
	test_equal(terminated, 1);
	IOObjectRelease(iterator);
	IONotificationPortDestroy(port);
	world_stop();
}

/* A driver stands on a service of another host, which comes back after it. */
TEST(what_was_open_stays_open_and_can_be_closed)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeOpen");
	world_kill_registry();
	world_restart_registry();
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(life_do(&l, "isopen d"), 3);
	await_return();
	test_equal(life_do(&l, "isopen d"), 3);
	test_equal(life_do(&l, "open d 0"), 0);
	life_do(&l, "close d");
	test_equal(life_do(&l, "isopen d"), 0);
	test_equal(life_do(&l, "open d 0"), 1);
	life_end(&l);
}

#define LIFE_SERVER "org.portico.test.Life"

static pid_t await_host(const char *server, pid_t other_than)
{
	pid_t pid;

	test_await((pid = world_host_pid(server)) > 0 && pid != other_than);
	return pid;
}

/* A driver that opens its provider, which another host has, exclusively; and its host dies. It starts again on that
 * provider: whoever has it open by then is nobody any more. */
static void die_with_an_open_provider(bool while_away)
{
	struct life l = life_begin();
	pid_t host = await_host(LIFE_SERVER, 0);

	life_publish(&l, "a", "d", "LifeOpen");
	test_equal(life_do(&l, "isopen d"), 3);
	world_kill_registry();
	if (!while_away) {
		world_restart_registry();
		await_return();
	}
	test_equal(kill(host, SIGKILL), 0);
	if (while_away)
		world_restart_registry();
	await_host(LIFE_SERVER, host);
	IOServiceClose(l.life);
	l.life = world_open("Life", 0);
	life_await(&l, "start d");
	test_await(life_do(&l, "isopen d") == 3);
	life_end(&l);
}

TEST(what_was_open_is_closed_when_its_user_dies)
{
	die_with_an_open_provider(false);
}

TEST(what_was_open_is_closed_when_its_user_does_not_come_back)
{
	die_with_an_open_provider(true);
}

/* It hears of the end once; the next registry asks again, or finds nothing of the provider any more when the driver's
 * host comes back after the provider's. */
TEST(an_end_that_a_driver_puts_off_is_put_off_still)
{
	struct life l = life_begin();

	life_publish(&l, "a", "d", "LifeDefer");
	stage_do(l.stage, NULL, "terminate key=a");
	life_await(&l, "did d");
	world_kill_registry();
	world_restart_registry();
	test_await(life_count(&l, "message d e0000010 0") == 2 || life_has(&l, "stop d"));
	usleep(100 * 1000); /* for a stop that must not come any more */
	bool is_asked_again = life_count(&l, "message d e0000010 0") == 2;
	test_equal(life_has(&l, "stop d"), !is_asked_again);
	if (is_asked_again)
		life_do(&l, "continue d");
	life_await(&l, "free d");
	test_equal(life_count(&l, "did d"), 1);
	test_equal(life_count(&l, "stop d"), 1);
	life_end(&l);
}

/* It is no ghost: it ends as if its provider had. */
TEST(a_driver_whose_provider_does_not_come_back_ends)
{
	struct life l = life_begin();
	pid_t host = world_host_pid("org.portico.test.Stage");

	life_publish(&l, "a", "d", "");
	world_kill_registry();
	test_equal(kill(host, SIGKILL), 0);
	world_restart_registry();
	life_await(&l, "free d");
	test_equal(life_count(&l, "stop d"), 1);
	IOServiceClose(l.life);
	IOServiceClose(l.stage);
	world_stop();
}

TEST_MAIN
