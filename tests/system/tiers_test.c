// SPDX-License-Identifier: MIT
/* Hosts that are confined less than wanted or demanded, and what a bundle that joins means for one. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <portico/session.h>

#include "test.h"
#include "world.h"

static const char calculator[] = "org.portico.driver.Calculator";

/* A copy of the sample driver NAME in FOLDER; EDIT is a sed script for its Info.plist. */
static void install(const char *folder, const char *name, const char *edit)
{
	char command[2048];

	snprintf(command, sizeof(command),
		 "set -e; d=%s/%s.dext; s=%s/%s.dext; mkdir -p $d; cp $s/%s.so $d/; "
		 "sed '%s' $s/Info.plist >$d/Info.plist",
		 folder, name, test_built("drivers"), name, name, edit);
	test_equal(system(command), 0);
}

static kern_return_t add(io_connect_t c)
{
	uint64_t in[2] = { 1, 2 }, out[1] = { 0 };
	uint32_t n = 1;

	return IOConnectCallScalarMethod(c, 0, in, 2, out, &n);
}

TEST(a_bundle_that_demands_a_higher_tier_is_not_used)
{
	char folder[512];

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	install(folder, "Calculator",
		"s|<key>IOKitPersonalities</key>|<key>PorticoSandbox</key><dict><key>MinimumTier</"
		"key>"
		"<integer>2</integer></dict>&|");
	install(folder, "Mirror", "");
	setenv("PORTICO_SANDBOX", "1", 1);
	world_start_with(folder);
	world_await_log(
		"host of org.portico.driver.Calculator is not used: it needs sandbox tier 2 and "
		"would have 1");
	/* The others are there, and nothing of this one. */
	IOServiceClose(world_open("MirrorDriver", 0));
	test_equal(IOServiceGetMatchingService(kIOMainPortDefault,
					       IOServiceMatching("CalculatorDriver")),
		   0);
	test_equal(world_host_pid(calculator), 0);
	world_stop();
}

/* As much as the arrays of a bundle may have. */
static void declare_much(const char *bundle)
{
	char command[2048];

	snprintf(command, sizeof(command),
		 "set -e; files=$(yes '<string>/etc/passwd</string>' | head -n 64 | tr -d '\\n'); "
		 "sed -i \"s|<key>IOKitPersonalities</key>|<key>PorticoSandbox</key><dict>"
		 "<key>ReadOnlyPaths</key><array>$files</array>"
		 "<key>ReadWritePaths</key><array>$files</array></dict>&|\" %s/Info.plist",
		 bundle);
	test_equal(system(command), 0);
}

/* Beside a bundle that shares the host. */
TEST(a_bundle_that_declares_much_is_used)
{
	char folder[512], bundle[600];

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	install(folder, "Calculator", "");
	snprintf(bundle, sizeof(bundle), "%s/Calculator.dext", folder);
	declare_much(bundle);
	install(folder, "Mirror",
		"/IOUserServerName/{n;s/org.portico.driver.Mirror/org.portico.driver.Calculator/}");
	world_start_with(folder);
	io_connect_t c = world_open("CalculatorDriver", 0);
	test_equal_error(add(c), 0);
	IOServiceClose(c);
	IOServiceClose(world_open("MirrorDriver", 0));
	world_stop();
}

/* Bundles may be added to a host without end, what it is confined by has one. */
TEST(bundles_that_declare_too_much_together_are_not_used)
{
	char folder[512], bundle[600], command[2048];

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	install(folder, "Calculator", "");
	install(folder, "Mirror", "");
	snprintf(bundle, sizeof(bundle), "%s/Calculator.dext", folder);
	declare_much(bundle);
	/* 9 of 128 files each; a bundle is known by its identifier. */
	snprintf(command, sizeof(command),
		 "set -e; cd %s; for i in 1 2 3 4 5 6 7 8; do cp -r Calculator.dext $i.dext; "
		 "sed -i \"/CFBundleIdentifier/{n;s/Calculator/&$i/}\" $i.dext/Info.plist; done",
		 folder);
	test_equal(system(command), 0);
	world_start_with(folder);
	world_await_log("host of org.portico.driver.Calculator is not started: its bundles declare "
			"too much");
	IOServiceClose(world_open("MirrorDriver", 0));
	test_equal(world_host_pid(calculator), 0);
	world_stop();
}

TEST(a_host_with_less_than_the_wanted_tier_is_warned_of)
{
	unsetenv("PORTICO_SANDBOX");
	test_refuse_call(SYS_unshare, EPERM);
	world_start();
	world_await_log("org.portico.driver.Calculator: sandbox tier 1 instead of 2");
	io_connect_t c = world_open("CalculatorDriver", 0);
	test_equal_error(add(c), 0);
	IOServiceClose(c);
	world_stop();
}

/* What a host can read was settled when it started. */
TEST(a_bundle_that_joins_a_running_host_starts_it_again)
{
	char folder[512], joining[512], path[600];
	CFStringRef text = NULL;

	snprintf(folder, sizeof(folder), "%s/drivers", test_folder());
	snprintf(joining, sizeof(joining), "%s/joining", test_folder());
	install(folder, "Calculator", "");
	install(joining, "Mirror",
		"/IOUserServerName/{n;s/org.portico.driver.Mirror/org.portico.driver.Calculator/}");
	unsetenv("PORTICO_SANDBOX");
	world_start_with(folder);
	io_connect_t c = world_open("CalculatorDriver", 0);
	pid_t pid = world_host_pid(calculator);

	test_equal_error(add(c), 0);
	snprintf(path, sizeof(path), "%s/Mirror.dext", joining);
	test_equal_error(portico_session_load(world_socket(), path, &text), 0);
	CFRelease(text);
	io_connect_t mirror = world_open("MirrorDriver", 0);
	test_true(world_host_pid(calculator) != pid);
	test_equal(world_host_pid("org.portico.driver.Mirror"), 0);
	test_true(add(c) != 0);
	IOServiceClose(c);
	c = world_open("CalculatorDriver", 0);
	test_equal_error(add(c), 0);
	IOServiceClose(c);
	IOServiceClose(mirror);
	world_stop();
}

TEST_MAIN
