// SPDX-License-Identifier: MIT
/* Names and paths of processes as macOS programs ask for them. */
#include <errno.h>
#include <libproc.h>
#include <limits.h>
#include <mach-o/dyld.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

TEST(own_path_and_name)
{
	char path[PROC_PIDPATHINFO_MAXSIZE], own[PATH_MAX], name[64];
	uint32_t size = sizeof(own);

	test_equal(_NSGetExecutablePath(own, &size), 0);
	test_equal(proc_pidpath(getpid(), path, sizeof(path)), strlen(own));
	test_equal_text(path, own);
	test_true(proc_name(getpid(), name, sizeof(name)) > 0);
	test_equal(strncmp(strrchr(own, '/') + 1, name, strlen(name)), 0);
}

TEST(short_buffers)
{
	char path[4];
	uint32_t size = sizeof(path);

	test_equal(_NSGetExecutablePath(path, &size), -1);
	test_true(size > 4);
	test_equal(proc_pidpath(getpid(), path, sizeof(path)), 0);
	test_equal(errno, ENOMEM);
	test_equal(proc_name(getpid(), path, sizeof(path)), 3);
}

TEST(no_such_process)
{
	char path[64];

	test_equal(proc_pidpath(INT_MAX, path, sizeof(path)), 0);
	test_equal(errno, ESRCH);
	test_equal(proc_name(INT_MAX, path, sizeof(path)), 0);
	test_equal(errno, ESRCH);
}

TEST(all_processes)
{
	int size = proc_listpids(PROC_ALL_PIDS, 0, NULL, 0);
	int *pids = malloc((size_t)size), n = proc_listallpids(pids, size);
	bool is_found = false;

	test_true(n > 0);
	for (int i = 0; i < n; i++)
		is_found |= pids[i] == getpid();
	test_true(is_found);
	free(pids);
	test_equal(proc_listpids(99, 0, NULL, 0), 0);
}

TEST(processes_of_a_user)
{
	int pids[4096], n = proc_listpids(PROC_UID_ONLY, geteuid(), pids, sizeof(pids));
	bool is_found = false;
	struct stat s;
	char path[64];

	test_true(n > 0);
	for (int i = 0; i < n / (int)sizeof(int); i++) {
		is_found |= pids[i] == getpid();
		snprintf(path, sizeof(path), "/proc/%d", pids[i]);
		test_true(stat(path, &s) || s.st_uid == geteuid()); /* it may have ended */
	}
	test_true(is_found);
	test_equal(proc_listpids(PROC_UID_ONLY, (uint32_t)-2, pids, sizeof(pids)), 0);
}

TEST_MAIN
