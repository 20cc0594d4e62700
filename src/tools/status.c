// SPDX-License-Identifier: MIT
/* portico status: what the session says about itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "tools/limits.h"
#include "tools/text.h"
#include "tools/tools.h"

/* Those of the hosts. */
static void remove_users(CFMutableDictionaryRef status)
{
	CFTypeRef hosts = CFDictionaryGetValue(status, CFSTR("Hosts"));
	CFMutableArrayRef all = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFIndex n = hosts && CFGetTypeID(hosts) == CFArrayGetTypeID() ? CFArrayGetCount(hosts) : 0;

	for (CFIndex i = 0; all && i < n; i++) {
		CFTypeRef host = CFArrayGetValueAtIndex(hosts, i);
		CFMutableDictionaryRef copy = CFGetTypeID(host) == CFDictionaryGetTypeID()
						    ? CFDictionaryCreateMutableCopy(NULL, 0, host)
						    : NULL;

		if (!copy)
			continue;
		CFDictionaryRemoveValue(copy, CFSTR("Users"));
		CFArrayAppendValue(all, copy);
		CFRelease(copy);
	}
	if (!all)
		return;
	CFDictionarySetValue(status, CFSTR("Hosts"), all);
	CFRelease(all);
}

/* The limits are a table. */
static void show(CFDictionaryRef answer)
{
	CFMutableDictionaryRef rest = CFDictionaryCreateMutableCopy(NULL, 0, answer);

	if (!rest)
		return;
	CFDictionaryRemoveValue(rest, CFSTR("Limits"));
	CFDictionaryRemoveValue(rest, CFSTR("Users"));
	CFDictionaryRemoveValue(rest, CFSTR("Session"));
	remove_users(rest);
	tools_text_show(stdout, rest, 0);
	CFRelease(rest);
	tools_limits_show(stdout, answer);
}

static int status(int argc, char **argv)
{
	bool is_json = argc == 2 && !strcmp(argv[1], "--json");
	CFDictionaryRef answer;
	char path[4096];
	kern_return_t kr;

	if (argc > 1 && !is_json)
		return tools_misuse(&tools_status, "unknown option %s", argv[1]);
	if (portico_session_get_path(path, sizeof(path)))
		return tools_complain_session(&tools_status, NULL, kIOReturnNotAttached);
	kr = portico_session_copy_status(path, &answer);
	if (kr)
		return tools_complain_session(&tools_status, path, kr);
	if (is_json) {
		tools_text_json(stdout, answer);
		putchar('\n');
	} else {
		printf("Socket: %s\n", path);
		show(answer);
	}
	CFRelease(answer);
	return 0;
}

const struct tools_command tools_status = {
	.name = "status",
	.usage = "[--json]",
	.summary = "show what the session says about itself, and its limits",
	.help = "  --json   one JSON object on one line, for programs\n"
		"\n"
		"The exit status is 1 when no session runs.\n",
	.run = status,
};
