// SPDX-License-Identifier: MIT
/* What somebody is told who has a file looked at before it comes into force. */
#include "registry/grants_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing.h"
#include "test.h"

static char path[600];

static void put(const char *text)
{
	snprintf(path, sizeof(path), "%s/grants", test_folder());
	FILE *f = fopen(path, "we");

	test_true(f != NULL);
	fputs(text, f);
	test_equal(fclose(f), 0);
	test_equal(chmod(path, 0600), 0);
}

/* Whether the file is good, and said so with these words. */
static void check(bool good, const char *words)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	test_equal(registry_grants_check(path, out), good);
	test_equal(fclose(out), 0);
	if (words)
		test_true(strstr(text, words) != NULL);
	else
		test_equal_text(text, "");
	free(text);
}

TEST(a_good_file_is_passed_in_silence)
{
	put("[Grant a]\nEntitlement=x\nAllow=uid:1003\n");
	check(true, NULL);
}

TEST(what_is_wrong_is_told_with_its_line)
{
	put("[Grant a]\nEntitlement=x\nAllow=nonsense\n");
	check(false, "grants:3: error: ");
}

TEST(a_warning_is_no_error)
{
	put("[Grant a]\nEntitlement=x\nAllow=user:nobody-has-this-name\n");
	check(true, "grants:3: warning: ");
}

TEST(a_file_that_is_not_there_is_told)
{
	put("");
	test_equal(unlink(path), 0);
	check(false, "grants: error: it is not there");
}

TEST(what_cannot_be_checked_is_not_good)
{
	struct test_shortage all = { .lasting = true };

	put("");
	test_shortage_begin(&all);
	bool good = registry_grants_check(path, stderr);
	test_true(test_shortage_end(&all));
	test_true(!good);
}

TEST_MAIN
