// SPDX-License-Identifier: MIT
/* Broken bundles: a clear line each, and every other driver works. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "test.h"
#include "world.h"

static const char *folder(void)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/bundles", test_folder());
	mkdir(path, 0700);
	return path;
}

static void make_bundle(const char *name, const char *plist)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder(), name);
	test_equal(mkdir(path, 0700), 0);
	if (!plist)
		return;
	strcat(path, "/Info.plist");
	FILE *f = fopen(path, "we");
	test_true(f != NULL);
	fputs(plist, f);
	fclose(f);
}

static void use_sample(const char *name)
{
	char from[1024], to[1024];

	snprintf(from, sizeof(from), "%s/%s", test_built("drivers"), name);
	snprintf(to, sizeof(to), "%s/%s", folder(), name);
	test_equal(symlink(from, to), 0);
}

#define PLIST(body) \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
	"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" " \
	"\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n" \
	"<plist version=\"1.0\"><dict>" body "</dict></plist>\n"
#define KEY(name, value) "<key>" name "</key><string>" value "</string>"
#define PERSONALITY(executable, class) \
	PLIST(KEY("CFBundleIdentifier", "test.broken." class) \
		      KEY("CFBundleExecutable", \
			  executable) "<key>IOKitPersonalities</key><dict><key>One</" \
				      "key><dict>" KEY("IOClass", class) KEY("IOProviderClass", \
									     "IOResources") \
					      KEY("IOUserServerName", "test.broken." class) KEY( \
						      "IOMatchCategory", class) "</dict></dict>")

static void check_calculator_works(void)
{
	io_connect_t c = world_open("CalculatorDriver", 0);
	uint64_t in[2] = { 1, 2 }, out[1] = { 0 };
	uint32_t n = 1;

	test_equal_error(IOConnectCallScalarMethod(c, 0, in, 2, out, &n), 0);
	test_equal(out[0], 3);
	IOServiceClose(c);
}

TEST(bundles_that_cannot_be_read)
{
	make_bundle("NoPlist.dext", NULL);
	make_bundle("Garbage.dext", "this is no property list");
	make_bundle("Truncated.dext",
		    "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>CFBundleId");
	make_bundle("Empty.dext", "");
	make_bundle("NoPersonality.dext", PLIST(KEY("CFBundleIdentifier", "test.none")));
	use_sample("Calculator.dext");
	world_start_with(folder());
	check_calculator_works();
	world_await_log("NoPlist.dext");
	world_await_log("Garbage.dext");
	world_await_log("Truncated.dext");
	world_await_log("Empty.dext");
	world_stop();
}

TEST(bundles_whose_program_is_missing_or_no_driver)
{
	make_bundle("Missing.dext", PERSONALITY("Missing.so", "MissingDriver"));
	make_bundle("NoDriver.dext", PERSONALITY("Info.plist", "NoDriver"));
	make_bundle("Escape.dext", PERSONALITY("../../../../../../bin/sh", "EscapeDriver"));
	use_sample("Calculator.dext");
	world_start_with(folder());
	check_calculator_works();
	world_await_log("Missing");
	world_await_log("NoDriver");
	world_await_log("Escape");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("MissingDriver")), 0);
	test_equal(IOServiceGetMatchingService(0, IOServiceMatching("EscapeDriver")), 0);
	world_stop();
}

TEST_MAIN
