// SPDX-License-Identifier: MIT
#include "plugin/trust.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static bool may(mode_t mode, uid_t owner, uid_t user)
{
	struct stat status = { .st_mode = mode, .st_uid = owner };

	return plugin_trust_status(&status, user);
}

TEST(only_root_and_the_user_may_own_it)
{
	test_true(may(S_IFREG | 0644, 0, 1000));
	test_true(may(S_IFREG | 0600, 1000, 1000));
	test_true(!may(S_IFREG | 0644, 1001, 1000));
	test_true(!may(S_IFREG | 0644, 1000, 0));
	test_true(!may(S_IFDIR | 0755, 1001, 1000));
}

TEST(nobody_else_may_write_to_it)
{
	test_true(!may(S_IFREG | 0664, 0, 0));
	test_true(!may(S_IFREG | 0646, 0, 0));
	test_true(!may(S_IFREG | S_ISVTX | 0666, 0, 0));
	test_true(!may(S_IFDIR | 0777, 0, 0));
	test_true(!may(S_IFDIR | 0775, 0, 0));
	/* As /tmp is: others add, but replace nothing. */
	test_true(may(S_IFDIR | S_ISVTX | 0777, 0, 1000));
}

TEST(only_files_and_folders)
{
	test_true(!may(S_IFIFO | 0600, 0, 0));
	test_true(!may(S_IFSOCK | 0600, 0, 0));
	test_true(!may(S_IFCHR | 0600, 0, 0));
}

TEST(every_folder_on_the_way_counts)
{
	char folder[PATH_MAX], file[PATH_MAX + 8], link[PATH_MAX + 8], resolved[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/a", test_folder());
	snprintf(file, sizeof(file), "%s/f", folder);
	snprintf(link, sizeof(link), "%s-link", folder);
	test_equal(mkdir(folder, 0755), 0);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	test_equal(symlink(folder, link), 0);
	test_true(plugin_trust_path(file, resolved));
	test_true(plugin_trust_path(link, resolved));
	test_equal_text(resolved, folder);
	test_equal(chmod(folder, 0777), 0);
	test_true(!plugin_trust_path(file, resolved));
	test_true(!plugin_trust_path("relative", resolved));
	test_true(!plugin_trust_path("/no/such/file", resolved));
}

TEST_MAIN
