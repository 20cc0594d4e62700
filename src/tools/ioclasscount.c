// SPDX-License-Identifier: MIT
/* The command `ioclasscount`: how many objects of each class there are. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach_error.h>

#include "tools/diagnostics.h"

/* Type of the connection that records where objects are made; macOS's development kernels have it. */
enum { DIAGNOSTICS_CLIENT = 0x99000002 };

static int usage(void)
{
	printf("usage: ioclasscount [--track] [--leaks] [--reset] [--start] [--stop]\n"
	       "                    [--exclude] [--maps=PID] [--size=BYTES] [--capsize=BYTES]\n"
	       "                    [--perfdata=pdj] [--perfdata-name=name] [--ignore=symbol]\n"
	       "                    [--tag=vmtag] [--zsize=BYTES]\n"
	       "                    [classname] [...] \n");
	return 1;
}

/* 0; 1: usage. *RET_TRACKS: an option that asks for records. */
static int read_options(int argc, char **argv, bool *ret_tracks)
{
	enum { PLAIN = 'a', RECORDS };
	static const struct option options[] = {
		{ "track", no_argument, NULL, RECORDS },
		{ "reset", no_argument, NULL, RECORDS },
		{ "start", no_argument, NULL, RECORDS },
		{ "stop", no_argument, NULL, RECORDS },
		{ "leaks", no_argument, NULL, RECORDS },
		{ "maps", required_argument, NULL, RECORDS },
		{ "capsize", required_argument, NULL, RECORDS },
		{ "exclude", no_argument, NULL, PLAIN },
		{ "ignore", required_argument, NULL, PLAIN },
		{ "perfdata", required_argument, NULL, PLAIN },
		{ "perfdata-name", required_argument, NULL, PLAIN },
		{ "site", required_argument, NULL, PLAIN },
		{ "size", required_argument, NULL, PLAIN },
		{ "tag", required_argument, NULL, PLAIN },
		{ "zsize", required_argument, NULL, PLAIN },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == RECORDS)
			*ret_tracks = true;
		else if (option != PLAIN)
			return usage();
	}
	return 0;
}

/* As on a machine whose kernel keeps no records. */
static int track(void)
{
	io_registry_entry_t root = IORegistryGetRootEntry(kIOMainPortDefault);
	io_connect_t connect = IO_OBJECT_NULL;
	kern_return_t result =
		IOServiceOpen(root, mach_task_self(), (uint32_t)DIAGNOSTICS_CLIENT, &connect);

	if (root)
		IOObjectRelease(root);
	if (!result)
		IOServiceClose(connect);
	fprintf(stderr, "open %s (0x%x), need DEVELOPMENT kernel\n", mach_error_string(result),
		(unsigned)result);
	return 1;
}

static bool put(CFDictionaryRef classes, int n, char **names)
{
	if (!n)
		return tools_diagnostics_put_classes(stdout, classes);
	for (int i = 0; i < n; i++) {
		CFStringRef name = CFStringCreateWithCString(kCFAllocatorDefault, names[i],
							     kCFStringEncodingUTF8);

		if (!name) {
			fprintf(stderr, "ioclasscount: a class name is not in UTF-8\n");
			return false;
		}
		tools_diagnostics_put_class(stdout, classes, name, i + 1 < n ? ", " : "\n");
		CFRelease(name);
	}
	return true;
}

int main(int argc, char **argv)
{
	CFDictionaryRef diagnostics;
	CFTypeRef classes;
	bool tracks = false, is_good = false;
	int status = read_options(argc, argv, &tracks);

	if (status)
		return status;
	if (tracks)
		return track();
	diagnostics = tools_diagnostics_copy("ioclasscount");
	if (!diagnostics)
		return EX_OSERR;
	classes = CFDictionaryGetValue(diagnostics, CFSTR("Classes"));
	if (classes && CFGetTypeID(classes) == CFDictionaryGetTypeID())
		is_good = put(classes, argc - optind, argv + optind);
	else
		fputs("ioclasscount: the registry publishes no classes\n", stderr);
	CFRelease(diagnostics);
	if (fflush(stdout) || ferror(stdout)) {
		fputs("ioclasscount: the output could not be written\n", stderr);
		return EX_IOERR;
	}
	return is_good ? EX_OK : EX_OSERR;
}
