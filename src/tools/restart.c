// SPDX-License-Identifier: MIT
/* portico restart: another registry for the same session. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "tools/tools.h"

enum { RETURN_TRIES = 500, RETURN_MS = 10 };

/* Hosts that are there, in whatever state they serve; -1: nobody says. */
static CFIndex count_hosts(const char *path)
{
	CFDictionaryRef status = NULL;
	CFIndex n = 0;

	if (portico_session_copy_status(path, &status))
		return -1;
	CFTypeRef hosts = CFDictionaryGetValue(status, CFSTR("Hosts"));
	for (CFIndex i = 0; hosts && i < CFArrayGetCount(hosts); i++) {
		CFDictionaryRef one = CFArrayGetValueAtIndex(hosts, i);
		CFTypeRef state = CFDictionaryGetValue(one, CFSTR("State"));

		n += state && CFEqual(state, CFSTR("up"));
	}
	CFRelease(status);
	return n;
}

static int restart(int argc, char **argv)
{
	char path[4096];
	kern_return_t kr;

	if (argc > 1)
		return tools_misuse(&tools_restart, "unexpected argument %s", argv[1]);
	/* As with stop: the system's only where it is named. */
	kr = getenv("PORTICO_SESSION") ? portico_session_get_path(path, sizeof(path))
				       : portico_session_get_user_path(path, sizeof(path));
	if (kr) {
		tools_complain(&tools_restart, "the session is embedded in its program");
		return TOOLS_FAILED;
	}
	CFIndex before = count_hosts(path);
	kr = portico_session_restart(path);
	if (kr)
		return tools_complain_session(&tools_restart, path, kr);
	for (int i = 0; count_hosts(path) < before && i < RETURN_TRIES; i++)
		poll(NULL, 0, RETURN_MS);
	printf("session at %s has another registry\n", path);
	return 0;
}

const struct tools_command tools_restart = {
	.name = "restart",
	.usage = "",
	.summary = "replace the registry of a session, for example by a new version",
	.help = "Driver hosts and open connections live on; programs find their handles again. "
		"The\n"
		"command returns when the hosts have come back, after 5 seconds at the latest.\n",
	.run = restart,
};
