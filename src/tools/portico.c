// SPDX-License-Identifier: MIT
/* The command `portico`: finds the subcommand and runs it. */
#include <stdio.h>
#include <string.h>

#include "tools/text.h"
#include "tools/tools.h"

static const struct tools_command *const commands[] = {
	&tools_run,  &tools_start,  &tools_stop,  &tools_restart, &tools_status, &tools_list,
	&tools_load, &tools_unload, &tools_crash, &tools_policy,  &tools_cc,	 &tools_cxx,
};

enum { n_commands = sizeof(commands) / sizeof(commands[0]) };

static const struct tools_command *find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static void print_commands(FILE *out)
{
	fprintf(out, "usage: portico COMMAND [OPTION]...\n\n");
	for (size_t i = 0; i < n_commands; i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out, "\n`portico help COMMAND` or `portico COMMAND --help` says more.\n"
		     "The first thing to try: portico run -- ioreg -l\n");
}

static int help(int argc, char **argv)
{
	const struct tools_command *command = argc > 2 ? find(argv[2]) : NULL;

	if (argc <= 2 || !strcmp(argv[2], "--help") || !strcmp(argv[2], "-h")) {
		print_commands(stdout);
		return 0;
	}
	if (!command) {
		tools_text_complain("portico: there is no command '%s'; `portico help` lists them",
				    argv[2]);
		return TOOLS_USAGE;
	}
	tools_print_help(command, stdout);
	return 0;
}

static int run(int argc, char **argv)
{
	const struct tools_command *command;

	if (argc < 2) {
		print_commands(stderr);
		return TOOLS_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(argc, argv);
	if (!strcmp(argv[1], "--version")) {
		printf("portico " PORTICO_VERSION "\n");
		return 0;
	}
	command = find(argv[1]);
	if (!command) {
		tools_text_complain("portico: there is no command '%s'; `portico help` lists them",
				    argv[1]);
		return TOOLS_USAGE;
	}
	if (argc > 2 && (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"))) {
		tools_print_help(command, stdout);
		return 0;
	}
	return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int result = run(argc, argv);

	if ((fflush(stdout) || ferror(stdout)) && !result) {
		fprintf(stderr, "portico: the output could not be written\n");
		return TOOLS_FAILED;
	}
	return result;
}
