// SPDX-License-Identifier: MIT
#include <asl.h>
#include <os/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>

#include "test.h"

/* What was written to descriptor 2, or to a log file. */
static char written[4096];

static int open_log(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/log", test_folder());
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	test_true(fd >= 0);
	return fd;
}

static const char *contents(int fd)
{
	ssize_t n = pread(fd, written, sizeof(written) - 1, 0);

	written[n > 0 ? n : 0] = '\0';
	return written;
}

static int redirect(const char *target)
{
	int fd = open_log();

	setenv("PORTICO_OS_LOG", target, 1);
	unsetenv("OS_ACTIVITY_DT_MODE");
	test_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	return fd;
}

TEST(messages_go_to_standard_error)
{
	int fd = redirect("stderr");
	os_log_t log = os_log_create("org.example", "test");

	test_true(os_log_create("org.example", "test") == log);
	test_true(os_log_create("org.example", "other") != log);
	errno = ENOENT;
	os_log(log, "%{public}s and %d%% of %@: %m", "text", 5, CFSTR("object"));
	test_equal(errno, ENOENT);
	os_log_info(log, "hidden");
	os_log_debug(log, "hidden");
	os_log(OS_LOG_DISABLED, "hidden");
	os_log_error(OS_LOG_DEFAULT, "an error %u %{private, mask.hash}s", 7u, "x");
	contents(fd);
	test_true(strstr(written, "[org.example:test] text and 5% of object: No such file"));
	test_true(strstr(written, "] an error 7 x\n"));
	test_true(!strstr(written, "hidden"));
	test_true(os_log_type_enabled(log, OS_LOG_TYPE_FAULT));
	test_true(!os_log_debug_enabled(log));
	test_true(!os_log_type_enabled(OS_LOG_DISABLED, OS_LOG_TYPE_FAULT));
	close(fd);
}

TEST(debug_messages_on_demand)
{
	int fd = redirect("debug");

	os_log_debug(OS_LOG_DEFAULT, "deep %s", "inside");
	os_log_info(OS_LOG_DEFAULT, "100%% of %lld", 1234567890123ll);
	contents(fd);
	test_true(strstr(written, "deep inside\n") && strstr(written, "100% of 1234567890123\n"));
	close(fd);
}

TEST(asl_filters_and_writes_files)
{
	int fd = redirect("stderr"), file;
	char path[512];
	aslclient client = asl_open("me", "com.example", 0);

	snprintf(path, sizeof(path), "%s/file", test_folder());
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	test_equal(asl_add_log_file(client, file), 0);
	test_equal(asl_log(client, NULL, ASL_LEVEL_ERR, "bad %d", 3), 0);
	test_equal(asl_log(client, NULL, ASL_LEVEL_DEBUG, "quiet"), 0);
	test_equal(asl_set_filter(client, ASL_FILTER_MASK_UPTO(ASL_LEVEL_DEBUG)),
		   ASL_FILTER_MASK_UPTO(ASL_LEVEL_NOTICE));
	test_equal(asl_log(client, NULL, ASL_LEVEL_DEBUG, "loud"), 0);
	test_equal(asl_log(client, NULL, 8, "none"), -1);
	contents(file);
	test_true(strstr(written, "me: bad 3\n") && strstr(written, "me: loud\n"));
	test_true(!strstr(written, "quiet"));
	test_true(strstr(contents(fd), "me: bad 3\n"));
	test_equal(asl_remove_log_file(client, file), 0);
	test_equal(asl_remove_log_file(client, file), -1);
	asl_close(client);
	close(file);
	close(fd);
}

TEST_MAIN
