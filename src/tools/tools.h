// SPDX-License-Identifier: MIT
/*
 * What the subcommands of `portico` share: the table entry of a subcommand and
 * how they complain. One file is one subcommand; public headers only.
 */
#pragma once

#include <stdio.h>

struct tools_command {
	const char *name;
	const char *usage;   /* after "portico NAME " */
	const char *summary; /* one line for `portico help` */
	const char *help;    /* the rest of `portico NAME --help` */
	/* argv[0] is the subcommand's name. Returns the exit status. */
	int (*run)(int argc, char **argv);
};

extern const struct tools_command tools_run, tools_start, tools_stop, tools_restart, tools_status;
extern const struct tools_command tools_load, tools_unload, tools_list, tools_crash;
extern const struct tools_command tools_cc, tools_cxx, tools_policy;

/* Exit statuses. */
enum {
	TOOLS_FAILED = 1,
	TOOLS_USAGE = 64,	/* sysexits.h EX_USAGE */
	TOOLS_NO_SESSION = 125, /* portico run itself failed; as env(1), timeout(1) */
	TOOLS_NOT_EXECUTABLE = 126,
	TOOLS_NOT_FOUND = 127,
};

/* "portico NAME: message" on standard error. */
void tools_complain(const struct tools_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Complain, point at --help, return TOOLS_USAGE. */
int tools_misuse(const struct tools_command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The text of `portico NAME --help`. */
void tools_print_help(const struct tools_command *command, FILE *out);
/* What a failure of portico/session.h means for the session at PATH (NULL: the own one); returns
 * TOOLS_FAILED. */
int tools_complain_session(const struct tools_command *command, const char *path, int status);
