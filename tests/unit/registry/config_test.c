// SPDX-License-Identifier: MIT
#include "registry/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "test.h"

static struct limits limits;
static char why[LIMITS_WHY_MAX];

static const char *write_conf(const char *name, const char *text)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", test_folder(), name);
	FILE *f = fopen(path, "we");
	test_true(f != NULL);
	fputs(text, f);
	fclose(f);
	return path;
}

static void begin(void)
{
	unsetenv("PORTICO_CONF");
	unsetenv("PORTICO_LIMITS");
	setenv("XDG_CONFIG_HOME", test_folder(), 1);
}

TEST(the_file_that_is_named_alone)
{
	begin();
	setenv("PORTICO_CONF", write_conf("other.conf", "[Limits]\ngrants=5\ninlets=6\n"), 1);
	test_equal_error(registry_config_read(write_conf("my.conf", "[Limits]\ngrants=7\n"), false,
					      &limits, why),
			 0);
	test_equal(limits.of[LIMITS_GRANTS][LIMITS_CONNECTION], 7);
	test_equal(limits.of[LIMITS_INLETS][LIMITS_CONNECTION], 1024);
	test_equal_error(registry_config_read(NULL, false, &limits, why), 0);
	test_equal(limits.of[LIMITS_GRANTS][LIMITS_CONNECTION], 5);
}

TEST(the_users_file_unless_it_is_the_systems_session)
{
	char folder[512];

	begin();
	snprintf(folder, sizeof(folder), "%s/portico", test_folder());
	test_equal(mkdir(folder, 0700), 0);
	test_equal_error(registry_config_read(NULL, false, &limits, why), 0);
	test_equal(limits.of[LIMITS_GRANTS][LIMITS_CONNECTION], 4194304);
	write_conf("portico/portico.conf", "[Limits]\ngrants=8\n");
	test_equal_error(registry_config_read(NULL, false, &limits, why), 0);
	test_equal(limits.of[LIMITS_GRANTS][LIMITS_CONNECTION], 8);
	test_equal_error(registry_config_read(NULL, true, &limits, why), 0);
	test_equal(limits.of[LIMITS_GRANTS][LIMITS_CONNECTION], 4194304);
}

TEST(the_environment_comes_last)
{
	begin();
	setenv("PORTICO_CONF", write_conf("my.conf", "[Limits]\ngrants=5\ninlets=6\n"), 1);
	setenv("PORTICO_LIMITS", "grants=9,  user-grants=1K", 1);
	test_equal_error(registry_config_read(NULL, false, &limits, why), 0);
	test_equal(limits.of[LIMITS_GRANTS][LIMITS_CONNECTION], 9);
	test_equal(limits.of[LIMITS_GRANTS][LIMITS_USER], 1024);
	test_equal(limits.of[LIMITS_INLETS][LIMITS_CONNECTION], 6);
}

/* Nothing is changed, and it says where. */
TEST(what_is_wrong_is_refused)
{
	static const struct limits before;

	begin();
	limits = before;
	test_equal_error(registry_config_read("/no/such/file", false, &limits, why), -ENOENT);
	test_true(strstr(why, "/no/such/file") != NULL);
	test_equal_error(registry_config_read(write_conf("bad.conf", "[Limits]\ngrants=5\nx=1\n"),
					      false, &limits, why),
			 -EINVAL);
	test_true(strstr(why, "bad.conf:3: ") != NULL);
	setenv("PORTICO_LIMITS", "inlets=5 grants", 1);
	test_equal_error(registry_config_read(NULL, false, &limits, why), -EINVAL);
	test_true(strstr(why, "PORTICO_LIMITS: ") != NULL);
	test_true(!memcmp(&limits, &before, sizeof(limits)));
}

TEST_MAIN
