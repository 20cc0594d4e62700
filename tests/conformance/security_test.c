// SPDX-License-Identifier: MIT
/* P: who may do what. Policy files stand for code signatures (docs/policy.md). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/IOKitLibPrivate.h>
#include <mach/mach.h>

#include "methods.h"
#include "test.h"
#include "world.h"

static char policy[512];

/* Replaces the policy: the session notices. ENTITLEMENTS and AUTHORIZATIONS are XML. */
static void grant(const char *entitlements, const char *authorizations)
{
	char fresh[600];
	FILE *f;

	snprintf(policy, sizeof(policy), "%s/policy.plist", test_folder());
	snprintf(fresh, sizeof(fresh), "%s.new", policy);
	f = fopen(fresh, "we");
	test_true(f != NULL);
	fprintf(f,
		"<plist version=\"1.0\"><dict><key>Grants</key><array><dict>"
		"<key>User</key><integer>%d</integer><key>Entitlements</key><dict>%s</dict>"
		"</dict></array><key>Authorizations</key><array>%s</array></dict></plist>",
		(int)geteuid(), entitlements, authorizations);
	test_equal(fclose(f), 0);
	test_equal(chmod(fresh, 0600), 0);
	test_equal(rename(fresh, policy), 0);
	setenv("PORTICO_POLICY", policy, 1);
}

#define TRUE_FOR(name) "<key>" name "</key><true/>"

TEST(P01)
{
	grant("", "");
	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE);
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);

	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	test_equal(methods_count(c, METHODS_N_CLOSES), closes + 1);
	grant(TRUE_FOR(METHODS_OPEN_ENTITLEMENT), "");
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), 0);
	/* boolean true is wanted, nothing else */
	grant("<key>" METHODS_OPEN_ENTITLEMENT "</key><string>true</string>", "");
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	/* a file that others may write does not count */
	grant(TRUE_FOR(METHODS_OPEN_ENTITLEMENT), "");
	test_equal(chmod(policy, 0622), 0);
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	IOServiceClose(c);
	world_stop();
}

TEST(P02_a_classic_client_needs_no_property)
{
	methods_start();
	test_equal_error(methods_try("MethodsDriver", METHODS_TABLE), 0);
	test_equal_error(methods_try("MethodsDriver", METHODS_FALSE), 0);
	test_equal_error(methods_try("MethodsDriver", METHODS_NUMBER), kIOReturnNotPrivileged);
	world_stop();
}

TEST(P03)
{
	grant(TRUE_FOR(METHODS_OPEN_ENTITLEMENT), "");
	methods_start();
	test_equal_error(methods_try("MethodsDriver", METHODS_2022_NONE), kIOReturnNotPrivileged);
	test_equal_error(methods_try("MethodsDriver", METHODS_2022), 0);
	test_equal_error(methods_try("MethodsDriver", METHODS_2022_NUMBER), kIOReturnNotPrivileged);
	test_equal_error(methods_try("MethodsDriver", METHODS_2022_ENTITLED), 0);
	grant("", "");
	test_equal_error(methods_try("MethodsDriver", METHODS_2022_ENTITLED),
			 kIOReturnNotPrivileged);
	world_stop();
}

TEST(P04_all_three_locking_properties)
{
	methods_start();
	test_equal_error(methods_try("MethodsDriver", METHODS_2022_LOCKING), kIOReturnError);
	world_stop();
}

TEST(P04_an_entitlement_for_one_method)
{
	uint64_t in[2] = { 1, 2 }, out;
	uint32_t n = 1;

	grant("", "");
	methods_start();
	io_connect_t c = methods_open(METHODS_2022);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_2022_NEEDS, in, 2, &out, &n),
			 kIOReturnNotPrivileged);
	IOServiceClose(c);
	grant(TRUE_FOR(METHODS_CALL_ENTITLEMENT), "");
	c = methods_open(METHODS_2022);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_2022_NEEDS, in, 2, &out, &n), 0);
	test_equal(out, 3);
	IOServiceClose(c);
	world_stop();
}

static uint32_t has_privilege(const char *name)
{
	io_connect_t c = methods_open(METHODS_TABLE);
	uint64_t status = methods_ask_text(c, METHODS_PRIVILEGE, name, 1);

	IOServiceClose(c);
	return (uint32_t)status;
}

TEST(P05)
{
	grant("", "");
	methods_start();
	test_equal_error(has_privilege("root"), geteuid() ? kIOReturnNotPrivileged : 0);
	grant(TRUE_FOR("com.apple.developer.driverkit.administrator"), "");
	test_equal_error(has_privilege("root"), 0);
	world_stop();
}

/* What a session withholds from everybody, root included. */
TEST(P05_withheld)
{
	grant(TRUE_FOR("com.apple.developer.driverkit.administrator"), "");
	setenv("PORTICO_ADMINISTRATOR", "0", 1);
	methods_start();
	test_equal_error(has_privilege("root"), kIOReturnNotPrivileged);
	world_stop();
}

TEST(P06)
{
	methods_start();
	test_equal_error(has_privilege("nonsense"), kIOReturnUnsupported);
	test_equal_error(has_privilege(""), kIOReturnUnsupported);
	test_equal_error(has_privilege("rootx"), kIOReturnUnsupported);
	test_equal_error(has_privilege("foreground"), 0);
	test_equal_error(has_privilege("local"), 0); /* no sessions are known: the owner is local */
	test_equal_error(has_privilege("secureprocess"), kIOReturnNotPrivileged);
	test_equal_error(has_privilege("consolesession"), kIOReturnNotPrivileged);
	world_stop();
}

TEST(P09)
{
	methods_start();
	io_connect_t plain = methods_open(METHODS_TABLE);
	uint64_t short_by = (uint64_t)-1;

	test_equal_error(methods_ask_with(plain, METHODS_REGISTER_FILTER, short_by),
			 kIOReturnBadArgument);
	test_equal_error(methods_ask_with(plain, METHODS_REGISTER_FILTER, 0), 0);
	test_equal_error(methods_ask_with(plain, METHODS_REGISTER_FILTER, 0), kIOReturnBusy);
	io_connect_t c = methods_open(METHODS_FILTERED);
	uint64_t entered = methods_count(plain, METHODS_N_ENTERED);
	/* type 1: a method, 2: asynchronous, 3: a trap */
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_THREE, NULL, 0, NULL, NULL),
			 kIOReturnAborted + 1);
	test_equal_error(IOConnectCallAsyncScalarMethod(c, METHODS_THREE, 0, (uint64_t[3]){ 0 }, 3,
							NULL, 0, NULL, NULL),
			 kIOReturnAborted + 2);
	test_equal_error(IOConnectTrap0(c, METHODS_TRAP_SUM), kIOReturnAborted + 3);
	test_equal(methods_count(plain, METHODS_N_ENTERED), entered + 1);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_FOUR, NULL, 0, NULL, NULL), 0);
	/* a client without a policy is not asked about */
	test_equal_error(IOConnectCallScalarMethod(plain, METHODS_THREE, NULL, 0, NULL, NULL), 0);
	uint64_t closes = methods_count(plain, METHODS_N_CLOSES);
	test_equal_error(methods_try("MethodsDriver", METHODS_UNFILTERED), kIOReturnNotPermitted);
	test_equal(methods_count(plain, METHODS_N_CLOSES), closes + 1);
	IOServiceClose(c);
	IOServiceClose(plain);
	world_stop();
}

TEST(P10_what_a_driver_sees_of_entitlements)
{
	grant(TRUE_FOR("a") "<key>text</key><string>x</string>", "");
	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE);
	uint64_t out[2];
	uint32_t n = 2;

	test_equal(methods_ask_text(c, METHODS_ENTITLEMENT, "a", 2), true);
	test_equal(methods_ask_text(c, METHODS_ENTITLEMENT, "text", 2), false);
	test_equal_error(
		IOConnectCallMethod(c, METHODS_ENTITLEMENT, NULL, 0, "b", 1, out, &n, NULL, NULL),
		0);
	test_equal(out[0], false);
	test_equal(out[1], geteuid() ? 2 : 3); /* DriverKit's for root */
	IOServiceClose(c);
	world_stop();
}

static kern_return_t authorize(const char *class_name)
{
	io_service_t service = world_service(class_name);
	kern_return_t result = IOServiceAuthorize(service, kIOServiceInteractionAllowed);

	IOObjectRelease(service);
	return result;
}

static uint32_t is_authorized(void)
{
	io_connect_t c = methods_open(METHODS_TABLE);
	uint64_t status = methods_ask(c, METHODS_AUTHORIZED);

	IOServiceClose(c);
	return (uint32_t)status;
}

#define RULE(service, allow) \
	"<dict><key>Group</key><integer>%d</integer><key>Services</key><array><string>" service \
	"</string></array><key>Allow</key><" allow "/></dict>"

TEST(P10_authorization)
{
	char rules[1024];

	grant("", "");
	methods_start();
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	test_equal_error(authorize("MethodsDriver"), kIOReturnNotPrivileged); /* nobody decides */
	test_equal_error(IOServiceAuthorize(root, 0), kIOReturnBadArgument);
	test_equal_error(IOServiceAuthorize(0, 0), MACH_SEND_INVALID_DEST);
	test_equal_error(is_authorized(), kIOReturnNotPermitted);
	snprintf(rules, sizeof(rules), RULE("MethodsDriver", "true") RULE("MethodsPlain", "false"),
		 (int)getegid(), (int)getegid());
	grant("", rules);
	test_equal_error(is_authorized(), kIOReturnNotPermitted); /* it must ask */
	test_equal_error(authorize("MethodsPlain"), kIOReturnNotPermitted);
	test_equal_error(authorize("MethodsDriver"), 0);
	test_equal_error(is_authorized(), 0);
	grant("", "");
	test_equal_error(authorize("MethodsDriver"), kIOReturnNotPrivileged);
	test_equal_error(is_authorized(), kIOReturnNotPermitted);
	IOObjectRelease(root);
	world_stop();
}

TEST(P11)
{
	grant("", "");
	methods_start();
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), kIOReturnNotPermitted);
	io_service_t service = world_service("MethodsDriverKit");
	io_registry_entry_t child = 0;
	test_equal_error(IORegistryEntryGetChildEntry(service, kIOServicePlane, &child),
			 kIOReturnNoDevice);
	IOObjectRelease(service);
	world_stop();
}

TEST(P12)
{
	grant("<key>com.apple.developer.driverkit.userclient-access</key><array>"
	      "<string>com.example.other</string><string>org.portico.test.Methods</string></array>",
	      "");
	methods_start();
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), 0);
	grant("<key>com.apple.developer.driverkit.userclient-access</key><array>"
	      "<string>com.example.other</string></array>",
	      "");
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), kIOReturnNotPermitted);
	/* a requirement on the driver's own entitlements */
	grant("<key>com.apple.private.driverkit.driver-access</key>"
	      "<string>org.portico.test.driver</string>",
	      "");
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), 0);
	grant("<key>com.apple.private.driverkit.driver-access</key>"
	      "<string>org.portico.test.other</string>",
	      "");
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), kIOReturnNotPermitted);
	world_stop();
}

TEST(P13)
{
	grant(TRUE_FOR("c"), "");
	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE);
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT), 0);
	grant(TRUE_FOR("a"), "");
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT), kIOReturnNotPermitted);
	test_equal(methods_count(c, METHODS_N_CLOSES), closes + 1);
	grant(TRUE_FOR("a") TRUE_FOR("b"), "");
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT), 0);
	/* an array of strings: any one of them */
	grant(TRUE_FOR("b"), "");
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT_STRINGS), 0);
	grant(TRUE_FOR("c"), "");
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT_STRINGS), kIOReturnNotPermitted);
	IOServiceClose(c);
	world_stop();
}

/* A grant for another program's file is none for us, whatever we call ourselves. */
TEST(P14)
{
	char rules[2048], self[1024];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *f;

	test_true(n > 0);
	self[n] = 0;
	chmod(self, 0755);
	grant("", "");
	for (int own = 0; own < 2; own++) {
		snprintf(rules, sizeof(rules), "%s/executable.plist", test_folder());
		f = fopen(rules, "we");
		fprintf(f,
			"<plist version=\"1.0\"><dict><key>Grants</key><array><dict>"
			"<key>Executable</key><string>%s</string><key>Entitlements</key><array>"
			"<string>" METHODS_OPEN_ENTITLEMENT
			"</string></array></dict></array></dict></plist>",
			own ? self : "/bin/sh");
		fclose(f);
		chmod(rules, 0600);
		test_equal(rename(rules, policy), 0);
		if (!own) {
			program_invocation_short_name = (char *)"sh";
			methods_start();
		}
		test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED),
				 own ? 0 : kIOReturnNotPrivileged);
	}
	/* the driver is told the truth about pid and user */
	io_connect_t c = methods_open(METHODS_TABLE);
	uint64_t out[5];
	methods_call(c, METHODS_IDENTITY, NULL, 0, out, 5);
	test_equal(out[0], getpid());
	test_equal(out[1], geteuid());
	IOServiceClose(c);
	world_stop();
}

TEST(P15)
{
	mach_timespec_t soon = { 5, 0 };

	methods_start();
	test_equal_error(
		IOKitWaitQuietWithOptions(kIOMainPortDefault, &soon, kIOWaitQuietPanicOnFailure),
		0);
	world_stop();
}

TEST_MAIN
