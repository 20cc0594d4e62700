// SPDX-License-Identifier: MIT
/* Small files with limits. */
#include "bridge/sysfs.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static void put(const char *text, size_t size)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/file", test_folder());
	f = fopen(path, "we");
	fwrite(text, 1, size, f);
	fclose(f);
}

TEST(text_without_its_newline)
{
	char text[16];
	size_t size;

	put("value \n\n", 8);
	test_equal_error(bridge_sysfs_read(test_folder(), "file", text, sizeof(text), &size), 0);
	test_equal_text(text, "value");
	test_equal(size, 5);
}

TEST(long_files_are_cut)
{
	char text[4];
	size_t size;

	put("0123456789", 10);
	test_equal_error(bridge_sysfs_read(test_folder(), "file", text, sizeof(text), &size), 0);
	test_equal_text(text, "012");
	test_equal(size, 3);
}

TEST(missing_files_and_long_paths)
{
	char text[4], name[5000];

	test_equal_error(bridge_sysfs_read(test_folder(), "no", text, sizeof(text), NULL), -ENOENT);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	test_equal_error(bridge_sysfs_read(test_folder(), name, text, sizeof(text), NULL),
			 -ENAMETOOLONG);
}

TEST_MAIN
