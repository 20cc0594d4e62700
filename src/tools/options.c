// SPDX-License-Identifier: MIT
#include "tools/options.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool add_argument(struct tools_options *o, const char *argument)
{
	if (o->n_daemon_arguments == TOOLS_OPTIONS_MAX)
		return false;
	o->daemon_arguments[o->n_daemon_arguments++] = argument;
	o->daemon_arguments[o->n_daemon_arguments] = NULL;
	return true;
}

static bool is_bundle_name(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && !strcmp(name + n - 5, ".dext");
}

static int is_bundle(const struct dirent *d)
{
	return d->d_name[0] != '.' && is_bundle_name(d->d_name);
}

/* Whoever names a folder that is not built yet wonders where the driver is. */
static void warn_if_empty(const struct tools_command *command, const char *folder)
{
	struct dirent **found;
	int n = scandir(folder, &found, is_bundle, NULL);

	if (n < 0)
		tools_complain(command, "--drivers %s: %s", folder, strerror(errno));
	else if (n == 0)
		tools_complain(command,
			       "--drivers %s: there are no driver bundles (Name.dext) in it",
			       folder);
	for (int i = 0; i < n; i++)
		free(found[i]);
	if (n >= 0)
		free(found);
}

/* The folder of drivers as the daemon will see it: absolute, and there. */
static int add_drivers(struct tools_options *o, const struct tools_command *command,
		       const char *path)
{
	struct stat s;
	char *absolute = realpath(path, NULL);

	if (!absolute || stat(absolute, &s) < 0 || !S_ISDIR(s.st_mode) ||
	    is_bundle_name(absolute)) {
		tools_complain(command, "--drivers %s: %s", path,
			       absolute ? "give the folder that holds the bundles"
					: strerror(errno));
		free(absolute);
		return TOOLS_USAGE;
	}
	if (o->n_drivers == TOOLS_OPTIONS_MAX / 2 - 4) {
		free(absolute);
		return tools_misuse(command, "too many folders of drivers");
	}
	warn_if_empty(command, absolute);
	o->drivers[o->n_drivers++] = absolute;
	add_argument(o, "--drivers");
	add_argument(o, absolute);
	return 0;
}

static int set_sandbox(struct tools_options *o, const struct tools_command *command,
		       const char *tier)
{
	if (tier[0] < '0' || tier[0] > '2' || tier[1])
		return tools_misuse(command, "--sandbox %s: it takes 0, 1 or 2", tier);
	if (o->is_in_process)
		return tools_misuse(command,
				    "--sandbox: with --in-process the drivers are threads of "
				    "the command, which nothing confines");
	add_argument(o, "--sandbox");
	add_argument(o, tier);
	return 0;
}

/* Whether there is such a limit only the registry knows. */
static int add_limit(struct tools_options *o, const struct tools_command *command,
		     const char *assignment)
{
	if (!strchr(assignment, '='))
		return tools_misuse(command, "--limit %s: it needs NAME=N", assignment);
	if (o->n_limits == TOOLS_OPTIONS_MAX / 4 || !add_argument(o, "--limit") ||
	    !add_argument(o, assignment))
		return tools_misuse(command, "too many limits");
	o->limits[o->n_limits++] = assignment;
	return 0;
}

static int parse_one(struct tools_options *o, const struct tools_command *command, int argc,
		     char **argv, int *index)
{
	const char *option = argv[*index];

	if (!strcmp(option, "--in-process") && command == &tools_run)
		o->is_in_process = true;
	else if (!strcmp(option, "--verbose"))
		o->is_verbose = true;
	else if (!strcmp(option, "--no-default-drivers"))
		o->no_default_drivers = true;
	else if (!strcmp(option, "--no-bridge"))
		o->no_bridge = true;
	else if (!strncmp(option, "--sandbox=", 10))
		return set_sandbox(o, command, option + 10);
	else if (!strcmp(option, "--sandbox"))
		return set_sandbox(o, command,
				   *index + 1 < argc ? argv[++*index] : "without a tier");
	else if (!strncmp(option, "--limit=", 8))
		return add_limit(o, command, option + 8);
	else if (!strcmp(option, "--limit") && *index + 1 < argc)
		return add_limit(o, command, argv[++*index]);
	else if (!strcmp(option, "--limit"))
		return tools_misuse(command, "--limit needs NAME=N");
	else if (!strncmp(option, "--drivers=", 10))
		return add_drivers(o, command, option + 10);
	else if (!strcmp(option, "--drivers") && *index + 1 < argc)
		return add_drivers(o, command, argv[++*index]);
	else if (!strcmp(option, "--drivers"))
		return tools_misuse(command, "--drivers needs a folder");
	else
		return tools_misuse(command, "unknown option %s", option);
	return 0;
}

int tools_options_parse(struct tools_options *ret_options, const struct tools_command *command,
			int argc, char **argv)
{
	struct tools_options o = { .is_verbose = false };
	int i = 1, status = 0;

	for (; i < argc && argv[i][0] == '-' && !status; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		status = parse_one(&o, command, argc, argv, &i);
	}
	if (status) {
		tools_options_fini(&o);
		return status;
	}
	if (i < argc)
		o.command = argv + i;
	if (o.no_default_drivers)
		add_argument(&o, "--no-default-drivers");
	if (o.no_bridge)
		add_argument(&o, "--no-bridge");
	/* Its session is its program's alone: the same each time. */
	if (command == &tools_run)
		add_argument(&o, "--private");
	if (o.is_verbose)
		setenv("PORTICO_LOG", "info", 0);
	*ret_options = o;
	return 0;
}

void tools_options_fini(struct tools_options *options)
{
	for (unsigned i = 0; i < options->n_drivers; i++)
		free(options->drivers[i]);
	options->n_drivers = 0;
}

static bool set_unless_empty(const char *name, const char *value)
{
	return !*value || setenv(name, value, 1) == 0;
}

static bool limits_to_environment(const struct tools_options *options)
{
	const char *old = getenv("PORTICO_LIMITS");
	size_t size = old ? strlen(old) + 1 : 1;

	for (unsigned i = 0; i < options->n_limits; i++)
		size += strlen(options->limits[i]) + 1;
	char *text = calloc(1, size);
	if (!text)
		return false;
	if (old)
		strcat(text, old);
	for (unsigned i = 0; i < options->n_limits; i++) {
		if (*text)
			strcat(text, " ");
		strcat(text, options->limits[i]);
	}
	bool is_set = set_unless_empty("PORTICO_LIMITS", text);
	free(text);
	return is_set;
}

static bool drivers_to_environment(const struct tools_options *options)
{
	const char *old = getenv("PORTICO_DRIVERS");
	size_t size = old ? strlen(old) + 1 : 1;

	for (unsigned i = 0; i < options->n_drivers; i++)
		size += strlen(options->drivers[i]) + 1;
	char *text = calloc(1, size);
	if (!text)
		return false;
	for (unsigned i = 0; i < options->n_drivers; i++) {
		strcat(text, options->drivers[i]);
		if (i + 1 < options->n_drivers || (old && *old))
			strcat(text, ":");
	}
	if (old)
		strcat(text, old);
	bool is_set = set_unless_empty("PORTICO_DRIVERS", text);
	free(text);
	return is_set;
}

bool tools_options_to_environment(const struct tools_options *options)
{
	if (!drivers_to_environment(options) || !limits_to_environment(options))
		return false;
	if (options->no_default_drivers && setenv("PORTICO_NO_DEFAULT_DRIVERS", "1", 1))
		return false;
	return !options->no_bridge || !setenv("PORTICO_NO_BRIDGE", "1", 1);
}
