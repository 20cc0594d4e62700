// SPDX-License-Identifier: MIT
/* Which folders the dynamic linker searches by itself. */
#include "tools/paths.h"

#include "test.h"

TEST(standard_folders)
{
	test_true(tools_paths_is_standard("/usr/lib"));
	test_true(tools_paths_is_standard("/lib"));
	test_true(tools_paths_is_standard("/usr/lib/x86_64-linux-gnu"));
	test_true(tools_paths_is_standard("/usr/local/lib/aarch64-linux-gnu"));
	test_true(!tools_paths_is_standard("/usr/lib/portico"));
	test_true(!tools_paths_is_standard("/usr/libexec"));
	test_true(!tools_paths_is_standard("/opt/portico/lib"));
	test_true(!tools_paths_is_standard("/usr/lib/x86_64-linux-gnu/portico"));
}

TEST_MAIN
