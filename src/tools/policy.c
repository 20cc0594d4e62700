// SPDX-License-Identifier: MIT
/* portico policy: grant files and what they decide, for people. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <portico/session.h>

#include "tools/paths.h"
#include "tools/text.h"
#include "tools/tools.h"

enum { GROUPS_MAX = 64 };

/* --- check ------------------------------------------------------------------------------- */

/* The registry's own reader looks at them. */
static int run_check(int argc, char **argv)
{
	struct tools_paths paths;
	char program[PATH_MAX + 16];
	const char **words;

	if (argc < 2)
		return tools_misuse(&tools_policy, "check needs files or folders");
	if (!tools_paths_find(&paths))
		return TOOLS_FAILED;
	snprintf(program, sizeof(program), "%s/porticod", paths.bin);
	words = calloc((size_t)argc + 2, sizeof(*words));
	if (!words)
		return TOOLS_FAILED;
	words[0] = program;
	words[1] = "--check-policy";
	for (int i = 1; i < argc; i++)
		words[i + 1] = argv[i];
	execv(program, (char **)words);
	tools_complain(&tools_policy, "%s: %s", program, strerror(errno));
	free(words);
	return TOOLS_FAILED;
}

/* --- denials and problems -------------------------------------------------------------------- */

static int show(CFDictionaryRef answer, CFStringRef key, bool is_json, const char *nothing)
{
	CFTypeRef value = key ? CFDictionaryGetValue(answer, key) : answer;
	bool is_empty =
		!value || (CFGetTypeID(value) == CFArrayGetTypeID() && !CFArrayGetCount(value));

	if (is_json) {
		tools_text_json(stdout, value ? value : answer);
		putchar('\n');
	} else if (is_empty) {
		printf("%s\n", nothing);
	} else {
		tools_text_show(stdout, value, 0);
	}
	return 0;
}

static int run_denials(int argc, char **argv)
{
	bool is_json = argc == 2 && !strcmp(argv[1], "--json");
	CFDictionaryRef policy;
	kern_return_t kr;
	int status;

	if (argc > 1 && !is_json)
		return tools_misuse(&tools_policy, "unknown option %s", argv[1]);
	kr = portico_session_copy_policy(NULL, &policy);
	if (kr)
		return tools_complain_session(&tools_policy, NULL, kr);
	status = show(policy, CFSTR("Denials"), is_json, "Nothing was denied.");
	CFRelease(policy);
	return status;
}

/* One object, as programs read it. */
static void show_files_json(CFDictionaryRef policy)
{
	CFMutableDictionaryRef files = CFDictionaryCreateMutableCopy(NULL, 0, policy);

	if (!files)
		return;
	CFDictionaryRemoveValue(files, CFSTR("Denials"));
	show(files, NULL, true, "");
	CFRelease(files);
}

static int run_files(int argc, char **argv)
{
	bool is_json = argc == 2 && !strcmp(argv[1], "--json");
	CFDictionaryRef policy;
	kern_return_t kr;

	if (argc > 1 && !is_json)
		return tools_misuse(&tools_policy, "unknown option %s", argv[1]);
	kr = portico_session_copy_policy(NULL, &policy);
	if (kr)
		return tools_complain_session(&tools_policy, NULL, kr);
	if (is_json) {
		show_files_json(policy);
	} else {
		printf("In ascending force:\n");
		show(policy, CFSTR("Paths"), false, "No folders.");
		printf("What is wrong with them:\n");
		show(policy, CFSTR("Problems"), false, "Nothing.");
	}
	CFRelease(policy);
	return 0;
}

/* --- explain ------------------------------------------------------------------------------------ */

struct other {
	struct portico_subject subject;
	unsigned groups[GROUPS_MAX];
	bool is_given;
};

static bool read_number(const char *text, unsigned *ret_number)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 0);
	if (!*text || *end || errno || n > UINT_MAX || *text == '-')
		return false;
	*ret_number = (unsigned)n;
	return true;
}

/* A user's name, or a number, whose groups are asked for when somebody has it. */
static bool read_user(struct other *other, const char *text)
{
	struct passwd *found = getpwnam(text);
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;
	unsigned uid;

	other->subject.n_groups = 0;
	if (!found && !read_number(text, &uid))
		return false;
	if (!found)
		found = getpwuid(uid);
	if (!found) {
		other->subject.uid = other->subject.gid = uid;
		return true;
	}
	other->subject.uid = found->pw_uid;
	other->subject.gid = found->pw_gid;
	if (getgrouplist(found->pw_name, found->pw_gid, groups, &n) < 0)
		n = GROUPS_MAX;
	for (int i = 0; i < n; i++)
		other->groups[i] = groups[i];
	other->subject.n_groups = (size_t)n;
	return true;
}

static const char **text_option(struct other *other, const char *option)
{
	return !strcmp(option, "--label") ? &other->subject.label
	     : !strcmp(option, "--unit")  ? &other->subject.unit
	     : !strcmp(option, "--app")	  ? &other->subject.app
					  : NULL;
}

/* 0, or the exit status. */
static int read_option(struct other *other, unsigned *type, const char *option, const char *value)
{
	const char **text = text_option(other, option);

	if (strcmp(option, "--as") && strcmp(option, "--type") && !text)
		return tools_misuse(&tools_policy, "unknown option %s", option);
	if (!value)
		return tools_misuse(&tools_policy, "%s needs a value", option);
	if (!strcmp(option, "--type"))
		return read_number(value, type)
			     ? 0
			     : tools_misuse(&tools_policy, "%s is no number", value);
	if (text) {
		*text = value;
	} else if (!read_user(other, value)) {
		tools_complain(&tools_policy, "there is no user %s", value);
		return TOOLS_FAILED;
	}
	other->is_given = true;
	return 0;
}

static int run_explain(int argc, char **argv)
{
	struct other other = { .is_given = false };
	const char *service = NULL;
	CFDictionaryRef answer;
	char self[16];
	bool is_json = false;
	unsigned type = 0;
	kern_return_t kr;
	int status = 0;

	other.subject.groups = other.groups;
	snprintf(self, sizeof(self), "%u", (unsigned)geteuid());
	read_user(&other, self);
	for (int i = 1; i < argc && !status; i++) {
		if (!strcmp(argv[i], "--json"))
			is_json = true;
		else if (argv[i][0] == '-')
			status = read_option(&other, &type, argv[i], argv[i + 1]), i++;
		else if (service)
			status = tools_misuse(&tools_policy, "one service at a time");
		else
			service = argv[i];
	}
	if (status)
		return status;
	if (!service)
		return tools_misuse(&tools_policy, "explain needs a service");
	kr = portico_session_explain(NULL, service, type, other.is_given ? &other.subject : NULL,
				     &answer);
	if (kr == kIOReturnNotPrivileged) {
		tools_complain(&tools_policy, "about others only the session's owner may ask");
		return TOOLS_FAILED;
	}
	if (kr)
		return tools_complain_session(&tools_policy, NULL, kr);
	show(answer, NULL, is_json, "");
	CFRelease(answer);
	return 0;
}

/* --- revoke --------------------------------------------------------------------------------------- */

static int run_revoke(int argc, char **argv)
{
	const char *service = NULL;
	struct other other = { .is_given = false };
	size_t count;
	kern_return_t kr;

	for (int i = 1; i < argc; i++) {
		bool is_service = !strcmp(argv[i], "--service");

		if (!is_service && strcmp(argv[i], "--user"))
			return tools_misuse(&tools_policy, "unknown option %s", argv[i]);
		if (i + 1 == argc)
			return tools_misuse(&tools_policy, "%s needs a value", argv[i]);
		if (is_service) {
			service = argv[++i];
		} else if (!read_user(&other, argv[++i])) {
			tools_complain(&tools_policy, "there is no user %s", argv[i]);
			return TOOLS_FAILED;
		} else {
			other.is_given = true;
		}
	}
	if (!service && !other.is_given)
		return tools_misuse(&tools_policy, "revoke needs --service or --user");
	kr = portico_session_revoke(NULL, service, other.is_given ? &other.subject.uid : NULL,
				    &count);
	if (kr == kIOReturnNotPrivileged) {
		tools_complain(&tools_policy, "only the session's owner may revoke");
		return TOOLS_FAILED;
	}
	if (kr)
		return tools_complain_session(&tools_policy, NULL, kr);
	printf("%zu connection%s ended\n", count, count == 1 ? "" : "s");
	return 0;
}

/* --- all of them ------------------------------------------------------------------------------------ */

static int policy(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} parts[] = { { "check", run_check },
		      { "explain", run_explain },
		      { "denials", run_denials },
		      { "files", run_files },
		      { "revoke", run_revoke } };

	for (size_t i = 0; argc > 1 && i < sizeof(parts) / sizeof(*parts); i++)
		if (!strcmp(argv[1], parts[i].name))
			return parts[i].run(argc - 1, argv + 1);
	return tools_misuse(&tools_policy,
			    argc > 1 ? "there is no \"policy %s\""
				     : "check, explain, denials, files or revoke?",
			    argv[1]);
}

const struct tools_command tools_policy = {
	.name = "policy",
	.usage = "check PATH... | explain SERVICE [--as USER] | denials | files | revoke",
	.summary = "look at grant files, and at what they decide",
	.help = "  check PATH...     say what is wrong with grant files or folders of them; no\n"
		"                    session is needed. The exit status is 1 when something is\n"
		"  explain SERVICE   who may open it, what it demands, which grants decide. "
		"SERVICE\n"
		"                    is a class, a bundle identifier, a name or 0x and an entry "
		"ID\n"
		"      --as USER     for a user (name or number) instead of yourself, with\n"
		"      --label TEXT, --unit NAME, --app ID   what else would be known of him\n"
		"      --type N      for this type of user client instead of 0\n"
		"      --json        one JSON object on one line\n"
		"  denials [--json]  what was denied lately, and the grants that are missing\n"
		"  files [--json]    where the grants are (Paths), and what is wrong with them\n"
		"                    (Problems)\n"
		"  revoke [--service SERVICE] [--user USER]\n"
		"                    end the open connections to a service, of a user, or both\n"
		"\n"
		"portico-policy(5) describes the files.\n",
	.run = policy,
};
