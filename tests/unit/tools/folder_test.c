// SPDX-License-Identifier: MIT
/* Folders of sessions. */
#include "tools/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

TEST(a_private_folder_is_closed_to_others_and_goes_with_its_files)
{
	char path[4096], file[4200];
	struct stat s;

	setenv("XDG_RUNTIME_DIR", test_folder(), 1);
	test_true(tools_folder_make_private(path, sizeof(path)));
	test_equal(strncmp(path, test_folder(), strlen(test_folder())), 0);
	test_equal(stat(path, &s), 0);
	test_equal(s.st_mode & 0777, 0700);
	snprintf(file, sizeof(file), "%s/registry.sock", path);
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	tools_folder_remove(path);
	test_equal(access(path, F_OK), -1);
}

TEST(folders_in_it_go_too_and_nothing_that_a_link_names)
{
	char path[4096], other[4200], link[4300];

	setenv("XDG_RUNTIME_DIR", test_folder(), 1);
	test_true(tools_folder_make_private(path, sizeof(path)));
	snprintf(other, sizeof(other), "%s/other", test_folder());
	test_equal(mkdir(other, 0700), 0);
	snprintf(link, sizeof(link), "%s/link", path);
	test_equal(symlink(other, link), 0);
	snprintf(link, sizeof(link), "%s/hosts", path);
	test_equal(mkdir(link, 0700), 0);
	strcat(link, "/link");
	test_equal(symlink(other, link), 0);
	tools_folder_remove(path);
	test_equal(access(path, F_OK), -1);
	test_equal(access(other, F_OK), 0);
}

TEST(a_missing_runtime_folder_falls_back)
{
	char path[4096];

	setenv("XDG_RUNTIME_DIR", "/no/such/folder", 1);
	test_true(tools_folder_make_private(path, sizeof(path)));
	test_equal(strncmp(path, "/tmp/portico-", 13), 0);
	tools_folder_remove(path);
}

TEST(the_users_folder_is_made_and_closed)
{
	char folder[4096], socket[4200];
	struct stat s;

	snprintf(folder, sizeof(folder), "%s/portico", test_folder());
	snprintf(socket, sizeof(socket), "%s/registry.sock", folder);
	test_true(tools_folder_make_user(socket));
	test_equal(stat(folder, &s), 0);
	test_equal(s.st_mode & 0777, 0700);
	test_equal(chmod(folder, 0755), 0);
	test_true(tools_folder_make_user(socket));
	test_equal(stat(folder, &s), 0);
	test_equal(s.st_mode & 0777, 0700);
}

TEST(what_is_no_folder_of_ours_is_refused)
{
	char path[4096], socket[4200];

	snprintf(path, sizeof(path), "%s/portico", test_folder());
	test_equal(symlink("/tmp", path), 0);
	snprintf(socket, sizeof(socket), "%s/registry.sock", path);
	test_true(!tools_folder_make_user(socket));
	snprintf(socket, sizeof(socket), "%s/missing/deeper/registry.sock", test_folder());
	test_true(!tools_folder_make_user(socket));
}

TEST_MAIN
