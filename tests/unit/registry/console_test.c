// SPDX-License-Identifier: MIT
#include "registry/console.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scope.h"
#include "registry/text.h"
#include "session.h"

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	test_true(f && fputs(text, f) >= 0 && !fclose(f));
}

TEST(a_file_says_who_sits_there)
{
	struct registry r = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/users", test_folder());
	write_file(path, "<plist><array><dict><key>kCGSSessionUserIDKey</key><integer>42</integer>"
			 "</dict></array></plist>");
	registry_console_init(&r, path);
	CFArrayRef users = registry_console_copy_users(&r);
	test_equal(CFArrayGetCount(users), 1);
	test_true(registry_console_get_recent_users(&r) == users);
	CFRelease(users);
	registry_console_fini(&r);
}

/* What FILE makes the registry say, cut to SIZE. */
static void init_loudly(const char *file, char *said, size_t size)
{
	struct registry r = { 0 };
	int ends[2], saved = dup(STDERR_FILENO);

	test_true(saved >= 0 && !pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	dup2(ends[1], STDERR_FILENO);
	log_init("test", LOG_LEVEL_WARNING);
	registry_console_init(&r, file);
	dup2(saved, STDERR_FILENO);
	ssize_t n = read(ends[0], said, size - 1);
	said[n > 0 ? n : 0] = 0;
	close(saved);
	close(ends[0]);
	close(ends[1]);
	test_true(!r.console_users);
	registry_console_fini(&r);
}

TEST(a_file_that_is_not_heard_is_named)
{
	char path[512], said[1024];

	snprintf(path, sizeof(path), "%s/users", test_folder());
	init_loudly(path, said, sizeof(said));
	test_true(strstr(said, path));
	write_file(path, "no property list");
	init_loudly(path, said, sizeof(said));
	test_true(strstr(said, path));
	write_file(path, "<plist><dict/></plist>");
	init_loudly(path, said, sizeof(said));
	test_true(strstr(said, path));
	init_loudly(NULL, said, sizeof(said));
	test_equal_text(said, "");
}

TEST(a_file_that_is_none_says_nothing)
{
	struct registry r = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/users", test_folder());
	registry_console_init(&r, path);
	test_true(!r.console_users);
	registry_console_fini(&r);
	write_file(path, "<plist><dict/></plist>");
	registry_console_init(&r, path);
	test_true(!r.console_users);
	registry_console_fini(&r);
}

/* Another /run, for this process alone. */
static void make_sessions(void)
{
	if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/run", "tmpfs", 0, NULL))
		test_skip("this system gives nobody folders of his own");
	test_true(!mkdir("/run/systemd", 0755) && !mkdir("/run/systemd/sessions", 0755));
}

static int64_t number_of(CFDictionaryRef d, CFStringRef key)
{
	int64_t n = -1;

	registry_number_get(CFDictionaryGetValue(d, key), &n);
	return n;
}

/* The kind of files that logind keeps. */
TEST(logins_of_people_are_shown)
{
	struct registry r = { 0 };

	make_sessions();
	scope_cf CFArrayRef none = registry_console_copy_users(&r);
	test_equal(CFArrayGetCount(none), 0);
	test_true(registry_console_is_locked(none));
	write_file("/run/systemd/sessions/7",
		   "UID=0\nUSER=root\nACTIVE=1\nSTATE=active\nTYPE=tty\nCLASS=user\nSEAT=seat0\n");
	write_file(
		"/run/systemd/sessions/c1",
		"UID=0\nUSER=root\nACTIVE=1\nSTATE=active\nTYPE=x11\nCLASS=greeter\nSEAT=seat0\n");
	scope_cf CFArrayRef users = registry_console_copy_users(&r);
	if (!CFArrayGetCount(users))
		test_skip("libsystemd is not here");
	test_equal(CFArrayGetCount(users), 1);
	CFDictionaryRef d = CFArrayGetValueAtIndex(users, 0);
	test_equal(number_of(d, CFSTR("kCGSSessionUserIDKey")), 0);
	test_equal(number_of(d, CFSTR("kCGSSessionAuditIDKey")), 7);
	test_true(CFDictionaryGetValue(d, CFSTR("kCGSSessionOnConsoleKey")) == kCFBooleanTrue);
	CFStringRef name = CFDictionaryGetValue(d, CFSTR("kCGSSessionUserNameKey"));
	test_true(name && CFEqual(name, CFSTR("root")));
	test_true(!registry_console_is_locked(users));
}

TEST_MAIN
