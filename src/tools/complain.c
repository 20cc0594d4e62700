// SPDX-License-Identifier: MIT
#include "tools/tools.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOReturn.h>
#include <portico/session.h>

#include "tools/silence.h"
#include "tools/text.h"

static void write_line(const struct tools_command *command, const char *format, va_list arguments)
{
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "portico %s: ", command->name);
	tools_text_complain_v(prefix, format, arguments);
}

void tools_complain(const struct tools_command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(command, format, arguments);
	va_end(arguments);
}

int tools_misuse(const struct tools_command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(command, format, arguments);
	va_end(arguments);
	fprintf(stderr, "usage: portico %s %s\n", command->name, command->usage);
	fprintf(stderr, "`portico %s --help` explains the options\n", command->name);
	return TOOLS_USAGE;
}

void tools_print_help(const struct tools_command *command, FILE *out)
{
	fprintf(out, "usage: portico %s %s\n%s.\n", command->name, command->usage,
		command->summary);
	if (command->help)
		fprintf(out, "\n%s", command->help);
}

int tools_complain_session(const struct tools_command *command, const char *path, int status)
{
	char own[4096], why[128];

	if (!path) {
		if (portico_session_get_path(own, sizeof(own))) {
			tools_complain(command,
				       "no session is running: `portico start` starts one, "
				       "`portico run -- COMMAND` makes one for a command");
			return TOOLS_FAILED;
		}
		path = own;
	}
	switch (status) {
	case kIOReturnNotAttached:
		tools_complain(command, "nobody listens at %s: %s", path,
			       getenv("PORTICO_SESSION")
				       ? "the session that PORTICO_SESSION names has ended"
				       : "`portico start` starts a session");
		break;
	case kIOReturnNotPermitted:
		tools_complain(command, "the server at %s belongs to another user; it is not asked",
			       path);
		break;
	case kIOReturnNoResources:
		tools_complain(command,
			       "the server at %s has no room for another connection of this user "
			       "(user-connections and user-descriptors of portico.conf(5))",
			       path);
		break;
	case kIOReturnUnsupported:
		tools_complain(command,
			       "the server at %s speaks another version of the protocol: "
			       "restart it with `portico stop` and `portico start`",
			       path);
		break;
	case kIOReturnTimeout:
		tools_silence_explain(path, why, sizeof(why));
		tools_complain(command, "the server at %s did not answer within ten seconds; %s",
			       path, why);
		break;
	default:
		tools_complain(command, "the server at %s answered 0x%08x", path, (unsigned)status);
		break;
	}
	return TOOLS_FAILED;
}
