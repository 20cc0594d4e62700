// SPDX-License-Identifier: MIT
/* portico unload: take a driver bundle out of the running session. */
#include <stdio.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "tools/text.h"
#include "tools/tools.h"

static int unload(int argc, char **argv)
{
	CFStringRef text = NULL;
	kern_return_t kr;

	if (argc != 2)
		return tools_misuse(&tools_unload,
				    "give the identifier of one bundle; `portico list` shows "
				    "them");
	kr = portico_session_unload(NULL, argv[1], &text);
	if (kr && !text)
		return tools_complain_session(&tools_unload, NULL, kr);
	if (text) {
		if (kr)
			fputs("portico unload: ", stderr);
		tools_text_print(text, kr ? stderr : stdout);
		CFRelease(text);
	}
	return kr ? TOOLS_FAILED : 0;
}

const struct tools_command tools_unload = {
	.name = "unload",
	.usage = "IDENTIFIER",
	.summary = "unload a driver bundle: its services are terminated",
	.run = unload,
};
