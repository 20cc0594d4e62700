// SPDX-License-Identifier: MIT
/* Options of `portico run` and `portico start`. */
#include "tools/options.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static int parse(struct tools_options *o, const struct tools_command *command, const char *a,
		 const char *b, const char *c, const char *d)
{
	const char *argv[] = { "run", a, b, c, d, NULL };
	int argc = 1;

	while (argv[argc])
		argc++;
	static char *copy[8];
	memcpy(copy, argv, sizeof(argv));
	return tools_options_parse(o, command, argc, copy);
}

TEST(the_command_follows_the_dashes)
{
	struct tools_options o;

	test_equal(parse(&o, &tools_run, "--in-process", "--", "true", "--verbose"), 0);
	test_true(o.is_in_process && !o.is_verbose);
	test_equal_text(o.command[0], "true");
	test_equal_text(o.command[1], "--verbose");
	test_equal(parse(&o, &tools_run, "true", NULL, NULL, NULL), 0);
	test_equal_text(o.command[0], "true");
	test_equal(parse(&o, &tools_run, "--", NULL, NULL, NULL), 0);
	test_true(!o.command);
}

TEST(driver_folders_become_absolute)
{
	struct tools_options o;

	test_equal(parse(&o, &tools_run, "--drivers", "/usr/../tmp", "--", "true"), 0);
	test_equal_text(o.daemon_arguments[0], "--drivers");
	test_equal_text(o.daemon_arguments[1], "/tmp");
	test_equal_text(o.daemon_arguments[2], "--private");
	test_true(!o.daemon_arguments[3]);
	tools_options_fini(&o);
	test_equal(parse(&o, &tools_run, "--no-bridge", "--no-default-drivers", "x", NULL), 0);
	test_equal_text(o.daemon_arguments[0], "--no-default-drivers");
	test_equal_text(o.daemon_arguments[1], "--no-bridge");
}

TEST(wrong_options_are_misuse)
{
	struct tools_options o;

	test_equal(parse(&o, &tools_run, "--nonsense", NULL, NULL, NULL), TOOLS_USAGE);
	test_equal(parse(&o, &tools_run, "--drivers", NULL, NULL, NULL), TOOLS_USAGE);
	test_equal(parse(&o, &tools_run, "--drivers", "/no/such/folder", NULL, NULL), TOOLS_USAGE);
	test_equal(parse(&o, &tools_run, "--drivers", "/etc/passwd", NULL, NULL), TOOLS_USAGE);
	test_equal(parse(&o, &tools_start, "--in-process", NULL, NULL, NULL), TOOLS_USAGE);
}

TEST(an_embedded_session_gets_the_same_wishes)
{
	struct tools_options o;

	setenv("PORTICO_DRIVERS", "/old", 1);
	test_equal(parse(&o, &tools_run, "--drivers=/tmp", "--no-bridge", "true", NULL), 0);
	test_true(tools_options_to_environment(&o));
	test_equal_text(getenv("PORTICO_DRIVERS"), "/tmp:/old");
	test_equal_text(getenv("PORTICO_NO_BRIDGE"), "1");
	test_true(!getenv("PORTICO_NO_DEFAULT_DRIVERS"));
	tools_options_fini(&o);
}

TEST_MAIN
