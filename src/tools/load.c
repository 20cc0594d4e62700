// SPDX-License-Identifier: MIT
/* portico load: give a driver bundle, or a folder of them, to the running session. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "tools/text.h"
#include "tools/tools.h"

enum { QUIET_TIMEOUT_MS = 5000 };

/* ENTRY[KEY], to be freed; NULL when it has none. */
static char *copy_field(CFDictionaryRef entry, CFStringRef key)
{
	CFTypeRef value = CFDictionaryGetValue(entry, key);

	return value && CFGetTypeID(value) == CFStringGetTypeID() ? tools_text_copy(value) : NULL;
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && (!path[n] || path[n] == '/');
}

/* What the host of the bundle says, if it is the one at PATH or in that folder. True: it said something. */
static bool complain_of(CFDictionaryRef bundle, const char *path)
{
	char *own = copy_field(bundle, CFSTR("Path"));
	char *why = copy_field(bundle, CFSTR("Host Problem"));
	bool has_failed = own && why && is_below(own, path);

	if (has_failed)
		tools_complain(&tools_load, "%s: %s", own, why);
	free(own);
	free(why);
	return has_failed;
}

/* A bundle that can be read may have code that cannot be used. */
static bool complain_of_hosts(const char *path)
{
	CFDictionaryRef status;
	bool has_failed = false;

	if (portico_session_copy_status(NULL, &status))
		return false;
	CFTypeRef bundles = CFDictionaryGetValue(status, CFSTR("Bundles"));
	CFIndex n = bundles && CFGetTypeID(bundles) == CFArrayGetTypeID() ? CFArrayGetCount(bundles)
									  : 0;
	for (CFIndex i = 0; i < n; i++) {
		CFTypeRef bundle = CFArrayGetValueAtIndex(bundles, i);

		if (CFGetTypeID(bundle) == CFDictionaryGetTypeID())
			has_failed |= complain_of(bundle, path);
	}
	CFRelease(status);
	return has_failed;
}

static int load(int argc, char **argv)
{
	char path[PATH_MAX];
	CFStringRef text = NULL;
	kern_return_t kr;

	if (argc != 2)
		return tools_misuse(&tools_load,
				    "give the path of one bundle or of one folder of bundles");
	if (!realpath(argv[1], path)) {
		tools_complain(&tools_load, "%s: %s", argv[1], strerror(errno));
		return TOOLS_FAILED;
	}
	kr = portico_session_load(NULL, path, &text);
	if (kr && !text)
		return tools_complain_session(&tools_load, NULL, kr);
	/* What was loaded, of a folder perhaps without the rest, is there for the next command. */
	portico_session_wait_quiet(NULL, QUIET_TIMEOUT_MS);
	if (text) {
		if (kr)
			fputs("portico load: ", stderr);
		tools_text_print(text, kr ? stderr : stdout);
		CFRelease(text);
	}
	return complain_of_hosts(path) || kr ? TOOLS_FAILED : 0;
}

const struct tools_command tools_load = {
	.name = "load",
	.usage = "PATH",
	.summary = "load a driver bundle, or every bundle of a folder, into the session",
	.help = "The registry matches the new drivers at once and starts them for the services "
		"they fit.\n"
		"A bundle that is loaded already, and whose files have changed, takes the place of "
		"its\n"
		"old version. The command returns when that is done, after 5 seconds at the "
		"latest.\n"
		"The exit status is 1 when a bundle was not loaded, when a folder holds none, and "
		"when\n"
		"a host could not load the code, lacked a class in it or has crashed; the others "
		"of "
		"a\n"
		"folder are there all the same.\n",
	.run = load,
};
