// SPDX-License-Identifier: MIT
/* portico stop: end a session. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portico/session.h>

#include "tools/tools.h"

static int stop(int argc, char **argv)
{
	char path[4096];
	kern_return_t kr;

	if (argc > 1)
		return tools_misuse(&tools_stop, "unexpected argument %s", argv[1]);
	/* Never the system's session by accident: only one that is named, or the user's. */
	kr = getenv("PORTICO_SESSION") ? portico_session_get_path(path, sizeof(path))
				       : portico_session_get_user_path(path, sizeof(path));
	if (kr) {
		tools_complain(&tools_stop,
			       "the session is embedded in its program and ends with it");
		return TOOLS_FAILED;
	}
	kr = portico_session_stop(path);
	if (kr)
		return tools_complain_session(&tools_stop, path, kr);
	printf("session at %s ended\n", path);
	return 0;
}

const struct tools_command tools_stop = {
	.name = "stop",
	.usage = "",
	.summary = "end the session of this user, or the one that PORTICO_SESSION names",
	.run = stop,
};
