// SPDX-License-Identifier: MIT
/* P: who may do what. Grant files stand for code signatures (docs/policy.md). */
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
#include <portico/session.h>

#include "methods.h"
#include "test.h"
#include "world.h"

static char policy[512];

/* Replaces the policy: the session notices. */
static void grant(const char *sections)
{
	char fresh[600];
	FILE *f;

	snprintf(policy, sizeof(policy), "%s/grants", test_folder());
	snprintf(fresh, sizeof(fresh), "%s.new", policy);
	f = fopen(fresh, "we");
	test_true(f != NULL);
	fputs(sections, f);
	test_equal(fclose(f), 0);
	test_equal(chmod(fresh, 0600), 0);
	test_equal(rename(fresh, policy), 0);
	setenv("PORTICO_POLICY", policy, 1);
}

#define SECTION(name, lines) "[Grant " name "]\n" lines "\n"
#define TRUE_FOR(name) SECTION(name, "Entitlement = " name "\nAllow = owner")
#define VALUE_FOR(name, values) \
	SECTION(name, "Entitlement = " name "\nValue = " values "\nAllow = owner")
#define DENIED(name) SECTION(name, "Entitlement = " name "\nDeny = owner")

TEST(P01)
{
	grant("");
	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE);
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);

	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	test_equal(methods_count(c, METHODS_N_CLOSES), closes + 1);
	grant(TRUE_FOR(METHODS_OPEN_ENTITLEMENT));
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), 0);
	/* boolean true is wanted, nothing else */
	grant(VALUE_FOR(METHODS_OPEN_ENTITLEMENT, "true"));
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	/* a file that others may write does not count */
	grant(TRUE_FOR(METHODS_OPEN_ENTITLEMENT));
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
	grant(TRUE_FOR(METHODS_OPEN_ENTITLEMENT));
	methods_start();
	test_equal_error(methods_try("MethodsDriver", METHODS_2022_NONE), kIOReturnNotPrivileged);
	test_equal_error(methods_try("MethodsDriver", METHODS_2022), 0);
	test_equal_error(methods_try("MethodsDriver", METHODS_2022_NUMBER), kIOReturnNotPrivileged);
	test_equal_error(methods_try("MethodsDriver", METHODS_2022_ENTITLED), 0);
	grant("");
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

	grant("");
	methods_start();
	io_connect_t c = methods_open(METHODS_2022);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_2022_NEEDS, in, 2, &out, &n),
			 kIOReturnNotPrivileged);
	IOServiceClose(c);
	grant(TRUE_FOR(METHODS_CALL_ENTITLEMENT));
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
	grant("");
	methods_start();
	test_equal_error(has_privilege("root"), geteuid() ? kIOReturnNotPrivileged : 0);
	grant(TRUE_FOR("com.apple.developer.driverkit.administrator"));
	test_equal_error(has_privilege("root"), 0);
	world_stop();
}

/* What a session withholds from everybody, root included. */
TEST(P05_withheld)
{
	grant(TRUE_FOR("com.apple.developer.driverkit.administrator"));
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
	/* what is reserved confuses nobody (spec 4.10) */
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_SUM, NULL, 0, NULL, NULL),
			 kIOReturnError);
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
	grant(TRUE_FOR("a") VALUE_FOR("text", "x"));
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

#define AUTHORIZE "Entitlement = org.portico.service.authorize\n"

TEST(P10_authorization)
{
	grant("");
	methods_start();
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	test_equal_error(authorize("MethodsDriver"), kIOReturnNotPrivileged); /* nobody decides */
	test_equal_error(IOServiceAuthorize(root, 0), kIOReturnBadArgument);
	test_equal_error(IOServiceAuthorize(0, 0), MACH_SEND_INVALID_DEST);
	test_equal_error(is_authorized(), kIOReturnNotPermitted);
	grant(SECTION("one", AUTHORIZE "Service = MethodsDriver\nAllow = owner")
		      SECTION("two", AUTHORIZE "Service = MethodsPlain\nDeny = owner"));
	test_equal_error(is_authorized(), kIOReturnNotPermitted); /* it must ask */
	test_equal_error(authorize("MethodsPlain"), kIOReturnNotPermitted);
	test_equal_error(authorize("MethodsDriver"), 0);
	test_equal_error(is_authorized(), 0);
	grant("");
	test_equal_error(authorize("MethodsDriver"), kIOReturnNotPrivileged);
	test_equal_error(is_authorized(), kIOReturnNotPermitted);
	IOObjectRelease(root);
	world_stop();
}

TEST(P11)
{
	grant("");
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
	grant(VALUE_FOR("com.apple.developer.driverkit.userclient-access",
			"com.example.other org.portico.test.Methods"));
	methods_start();
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), 0);
	grant(VALUE_FOR("com.apple.developer.driverkit.userclient-access", "com.example.other"));
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), kIOReturnNotPermitted);
	/* a requirement on the driver's own entitlements */
	grant(VALUE_FOR("com.apple.private.driverkit.driver-access", "org.portico.test.driver"));
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), 0);
	grant(VALUE_FOR("com.apple.private.driverkit.driver-access", "org.portico.test.other"));
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), kIOReturnNotPermitted);
	world_stop();
}

TEST(P13)
{
	grant(TRUE_FOR("c"));
	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE);
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT), 0);
	grant(TRUE_FOR("a"));
	uint64_t closes = methods_count(c, METHODS_N_CLOSES);
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT), kIOReturnNotPermitted);
	test_equal(methods_count(c, METHODS_N_CLOSES), closes + 1);
	grant(TRUE_FOR("a") TRUE_FOR("b"));
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT), 0);
	/* an array of strings: any one of them */
	grant(TRUE_FOR("b"));
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT_STRINGS), 0);
	grant(TRUE_FOR("c"));
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT_STRINGS), kIOReturnNotPermitted);
	IOServiceClose(c);
	world_stop();
}

/* A grant for others is none for us, whatever we call ourselves. */
TEST(P14)
{
	char text[600];

	snprintf(text, sizeof(text),
		 "[Grant others]\nEntitlement = " METHODS_OPEN_ENTITLEMENT
		 "\nAllow = uid:%u unit:sh.service app:sh label:sh\n",
		 (unsigned)geteuid() + 1);
	grant(text);
	program_invocation_short_name = (char *)"sh";
	methods_start();
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	snprintf(text, sizeof(text),
		 "[Grant us]\nEntitlement = " METHODS_OPEN_ENTITLEMENT "\nAllow = uid:%u\n",
		 (unsigned)geteuid());
	grant(text);
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), 0);
	/* the driver is told the truth about pid and user */
	io_connect_t c = methods_open(METHODS_TABLE);
	uint64_t out[5];
	methods_call(c, METHODS_IDENTITY, NULL, 0, out, 5);
	test_equal(out[0], getpid());
	test_equal(out[1], geteuid());
	IOServiceClose(c);
	world_stop();
}

/* P-P5: missing is not privileged, denied is not permitted; a broken section denies what it names. */
TEST(a_denial_says_so)
{
	grant(DENIED(METHODS_OPEN_ENTITLEMENT));
	methods_start();
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPermitted);
	test_equal_error(methods_try("MethodsDriver", METHODS_2022_ENTITLED),
			 kIOReturnNotPermitted);
	test_equal_error(methods_try("MethodsDriver", METHODS_TABLE), 0);
	grant(SECTION("broken", "Entitlement = " METHODS_OPEN_ENTITLEMENT "\nAllow = nonsense"));
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPermitted);
	test_equal_error(methods_try("MethodsDriver", METHODS_TABLE), 0);
	grant("");
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	world_stop();
}

/* What was missing is told, by the registry's words and in a grant that would do. */
static void expect_denial(const char *missing, const char *service, const char *entitlement)
{
	CFDictionaryRef answer = NULL, denial;
	CFStringRef text = CFStringCreateWithCString(NULL, missing, kCFStringEncodingUTF8);
	char line[256], told[256];

	test_equal_error(portico_session_copy_policy(world_socket(), &answer), 0);
	denial = CFArrayGetValueAtIndex(CFDictionaryGetValue(answer, CFSTR("Denials")), 0);
	test_true(CFEqual(CFDictionaryGetValue(denial, CFSTR("Missing")), text));
	CFRelease(text);
	snprintf(line, sizeof(line), "[Grant NAME]\n%sService = %s\nAllow = uid:%u", entitlement,
		 service, (unsigned)geteuid());
	text = CFStringCreateByCombiningStrings(NULL, CFDictionaryGetValue(denial, CFSTR("Grant")),
						CFSTR("\n"));
	CFStringGetCString(text, told, sizeof(told), kCFStringEncodingUTF8);
	test_equal_text(told, line);
	CFRelease(text);
	CFRelease(answer);
}

TEST(what_is_missing_can_be_looked_up)
{
	uint64_t in[2] = { 1, 2 }, out;
	uint32_t n = 1;

	if (!world_is_daemon())
		test_skip("needs a registry that tools can ask");
	grant("");
	methods_start();
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	expect_denial(METHODS_OPEN_ENTITLEMENT, "MethodsDriver",
		      "Entitlement = " METHODS_OPEN_ENTITLEMENT "\n");
	test_equal_error(methods_try("MethodsDriver", METHODS_DEXT), kIOReturnNotPermitted);
	expect_denial("a", "MethodsDriver", "Entitlement = a\n");
	test_equal_error(methods_try("MethodsDriverKit", METHODS_TABLE), kIOReturnNotPermitted);
	expect_denial("com.apple.developer.driverkit.userclient-access", "MethodsDriverKit",
		      "Entitlement = com.apple.developer.driverkit.userclient-access\n"
		      "Value = org.portico.test.Methods\n");
	io_connect_t c = methods_open(METHODS_2022);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_2022_NEEDS, in, 2, &out, &n),
			 kIOReturnNotPrivileged);
	expect_denial(METHODS_CALL_ENTITLEMENT, "MethodsDriver",
		      "Entitlement = " METHODS_CALL_ENTITLEMENT "\n");
	IOServiceClose(c);
	world_stop();
}

TEST(revoking_ends_a_connection_and_no_other)
{
	size_t count = 9;

	if (!world_is_daemon())
		test_skip("needs a registry that tools can ask");
	grant("");
	methods_start();
	io_connect_t c = methods_open(METHODS_TABLE);
	test_equal_error(portico_session_revoke(world_socket(), "MethodsPlain", NULL, &count), 0);
	test_equal(count, 0);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_THREE, NULL, 0, NULL, NULL), 0);
	test_equal_error(portico_session_revoke(world_socket(), "MethodsDriver", NULL, &count), 0);
	test_equal(count, 1);
	while (!IOConnectCallScalarMethod(c, METHODS_THREE, NULL, 0, NULL, NULL))
		; /* until the host has heard of it */
	test_equal_error(methods_try("MethodsDriver", METHODS_TABLE), 0);
	IOServiceClose(c);
	world_stop();
}

TEST(opening_itself_can_be_denied)
{
	grant(SECTION("no", "Service = MethodsDriver\nType = 0\nDeny = *"));
	methods_start();
	test_equal_error(methods_try("MethodsDriver", METHODS_TABLE), kIOReturnNotPermitted);
	test_equal_error(methods_try("MethodsDriver", METHODS_FALSE), 0);
	grant(SECTION("no", "Service = MethodsDriver\nDeny = *"));
	test_equal_error(methods_try("MethodsDriver", METHODS_FALSE), kIOReturnNotPermitted);
	/* for whoever is connected already, too */
	grant("");
	test_equal_error(methods_try("MethodsDriver", METHODS_TABLE), 0);
	world_stop();
}

TEST(an_entitlement_for_one_service_and_type)
{
	grant(SECTION("type", "Entitlement = " METHODS_OPEN_ENTITLEMENT
			      "\nService = MethodsDriver\nType = 1000\nAllow = owner"));
	methods_start();
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), kIOReturnNotPrivileged);
	grant(SECTION("service", "Entitlement = " METHODS_OPEN_ENTITLEMENT
				 "\nService = Methods*\nAllow = owner"));
	test_equal_error(methods_try("MethodsDriver", METHODS_ENTITLED), 0);
	world_stop();
}

TEST(P04_a_denied_entitlement_for_one_method)
{
	uint64_t in[2] = { 1, 2 }, out;
	uint32_t n = 1;

	grant(DENIED(METHODS_CALL_ENTITLEMENT));
	methods_start();
	io_connect_t c = methods_open(METHODS_2022);
	test_equal_error(IOConnectCallScalarMethod(c, METHODS_2022_NEEDS, in, 2, &out, &n),
			 kIOReturnNotPermitted);
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
