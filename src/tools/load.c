// SPDX-License-Identifier: MIT
/* portico load: give a driver bundle, or a folder of them, to the running session. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "tools/text.h"
#include "tools/tools.h"

enum { QUIET_TIMEOUT_MS = 5000 };

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
	return kr ? TOOLS_FAILED : 0;
}

const struct tools_command tools_load = {
	.name = "load",
	.usage = "PATH",
	.summary = "load a driver bundle, or every bundle of a folder, into the session",
	.help = "The registry matches the new drivers at once and starts them for the services "
		"they fit.\n"
		"A bundle that is loaded already, and whose files have changed, takes the place of "
		"its\n"
		"old version. The exit status is 1 when a bundle was not loaded; the others of a "
		"folder\n"
		"are there all the same.\n"
		"The command returns when that is done, after 5 seconds at the latest.\n",
	.run = load,
};
