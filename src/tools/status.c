// SPDX-License-Identifier: MIT
/* portico status: what the session says about itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "tools/text.h"
#include "tools/tools.h"

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
		tools_text_show(stdout, answer, 0);
	}
	CFRelease(answer);
	return 0;
}

const struct tools_command tools_status = {
	.name = "status",
	.usage = "[--json]",
	.summary = "show what the session says about itself",
	.help = "  --json   one JSON object on one line, for programs\n"
		"\n"
		"The exit status is 1 when no session runs.\n",
	.run = status,
};
