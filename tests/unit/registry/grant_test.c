// SPDX-License-Identifier: MIT
/* Policy files: who is meant, what counts for nothing, whose files count at all. */
#include "registry/grant.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "registry/text.h"
#include "test.h"

static char path[600];
static struct registry_grants *grants;
static struct registry_subject me;

#define HEAD "<plist version=\"1.0\"><dict><key>Grants</key><array>"
#define MIDDLE "</array><key>Authorizations</key><array>"
#define TAIL "</array></dict></plist>"
#define YES "<key>Entitlements</key><dict><key>x</key><true/></dict>"

static void put(const char *rules, const char *authorizations)
{
	FILE *f;

	unlink(path); /* another file: seen even within one tick of the clock */
	f = fopen(path, "we");
	test_true(f != NULL);
	fprintf(f, HEAD "%s" MIDDLE "%s" TAIL, rules, authorizations);
	test_equal(fclose(f), 0);
	test_equal(chmod(path, 0600), 0);
}

static void begin(void)
{
	const char *paths[] = { path, NULL };
	int fds[2];

	snprintf(path, sizeof(path), "%s/policy.plist", test_folder());
	test_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	test_equal(registry_subject_capture(fds[0], &me), 0);
	close(fds[0]);
	close(fds[1]);
	test_equal(registry_grants_new(paths, false, &grants), 0);
}

static void end(void)
{
	registry_grants_free(grants);
}

static bool holds(const struct registry_subject *subject, CFStringRef name)
{
	CFMutableDictionaryRef all = registry_grants_copy(grants, subject);
	bool has = all && CFDictionaryGetValue(all, name) == kCFBooleanTrue;

	CFRelease(all);
	return has;
}

static bool grants_with(const char *keys)
{
	char rule[2048];

	snprintf(rule, sizeof(rule), "<dict>%s</dict>", keys);
	put(rule, "");
	return holds(&me, CFSTR("x"));
}

static bool grants_for(const char *subject_key, const char *value)
{
	char keys[1500];

	snprintf(keys, sizeof(keys), "<key>%s</key>%s" YES, subject_key, value);
	return grants_with(keys);
}

static const char *integer(long n)
{
	static char text[64];

	snprintf(text, sizeof(text), "<integer>%ld</integer>", n);
	return text;
}

TEST(a_subject_is_a_user_a_group_or_a_program)
{
	struct registry_subject other;
	char self[500], text[600];
	ssize_t n;

	begin();
	test_true(!holds(&me, CFSTR("x"))); /* no file */
	test_true(grants_for("User", integer(getuid())));
	test_true(!grants_for("User", integer(getuid() + 1)));
	test_true(!grants_for("User", "<string>no such user here</string>"));
	test_true(grants_for("Group", integer(getgid())));
	test_true(!grants_for("Group", integer(54321)));
	other = me;
	other.groups[0] = 54321;
	other.n_groups = 1;
	test_true(holds(&other, CFSTR("x")));
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	test_true(n > 0);
	self[n] = 0;
	snprintf(text, sizeof(text), "<string>%s</string>", self);
	test_true(me.has_executable);
	chmod(self, 0755);
	test_true(grants_for("Executable", text));
	other = me;
	other.inode++;
	test_true(!holds(&other, CFSTR("x")));
	other = me;
	other.has_executable = false;
	test_true(!holds(&other, CFSTR("x")));
	/* a file that anybody may replace says nothing of who runs it */
	chmod(self, 0777);
	test_true(!holds(&me, CFSTR("x")));
	chmod(self, 0755);
	test_true(!grants_for("Executable", "<string>relative/path</string>"));
	end();
}

TEST(all_keys_of_a_rule_must_fit)
{
	char keys[600];

	begin();
	snprintf(keys, sizeof(keys), "<key>User</key><integer>%d</integer><key>Group</key>%s" YES,
		 (int)getuid(), integer(54321));
	test_true(!grants_with(keys));
	snprintf(keys, sizeof(keys), "<key>User</key><integer>%d</integer><key>Group</key>%s" YES,
		 (int)getuid(), integer(getgid()));
	test_true(grants_with(keys));
	end();
}

TEST(what_cannot_be_understood_grants_nothing)
{
	char keys[600];

	begin();
	test_true(!grants_with(YES)); /* to whom? */
	test_true(!grants_for("User", "<true/>"));
	test_true(!grants_for("User", "<integer>-1</integer>"));
	test_true(!grants_for("User", "<integer>4294967295</integer>"));
	snprintf(keys, sizeof(keys), "<key>User</key>%s<key>Excutable</key><string>/x</string>" YES,
		 integer(getuid()));
	test_true(!grants_with(keys));
	snprintf(keys, sizeof(keys), "<key>User</key>%s", integer(getuid()));
	test_true(!grants_with(keys));
	put("<string>no rule</string>", "");
	test_true(!holds(&me, CFSTR("x")));
	FILE *f = fopen(path, "we");
	fputs("this is no property list", f);
	fclose(f);
	test_true(!holds(&me, CFSTR("x")));
	/* a list of names means that each is true */
	snprintf(keys, sizeof(keys),
		 "<key>User</key>%s<key>Entitlements</key><array><string>x</string></array>",
		 integer(getuid()));
	test_true(grants_with(keys));
	end();
}

TEST(the_first_rule_decides)
{
	char rules[1024];

	begin();
	snprintf(rules, sizeof(rules),
		 "<dict><key>User</key><integer>%d</integer><key>Entitlements</key><dict>"
		 "<key>x</key><false/></dict></dict>"
		 "<dict><key>User</key><integer>%d</integer><key>Entitlements</key><dict>"
		 "<key>x</key><true/><key>y</key><true/></dict></dict>",
		 (int)getuid(), (int)getuid());
	put(rules, "");
	test_true(!holds(&me, CFSTR("x")));
	test_true(holds(&me, CFSTR("y")));
	end();
}

TEST(only_files_that_nobody_else_may_write_count)
{
	begin();
	test_true(grants_for("User", integer(getuid())));
	test_equal(chmod(path, 0620), 0);
	test_true(!holds(&me, CFSTR("x")));
	test_equal(chmod(path, 0602), 0);
	test_true(!holds(&me, CFSTR("x")));
	test_equal(chmod(path, 0644), 0);
	test_true(holds(&me, CFSTR("x")));
	if (geteuid() == 0) {
		test_equal(chown(path, 12345, 12345), 0);
		test_true(!holds(&me, CFSTR("x")));
	}
	/* nor do other kinds of files, and none of them makes us wait */
	unlink(path);
	test_equal(mkfifo(path, 0600), 0);
	test_true(!holds(&me, CFSTR("x")));
	unlink(path);
	test_equal(mkdir(path, 0700), 0);
	test_true(!holds(&me, CFSTR("x")));
	rmdir(path);
	end();
}

static IOReturn authorize(CFStringRef class_name, CFTypeRef identifier)
{
	return registry_grants_authorize(grants, &me, class_name, identifier);
}

TEST(authorizations)
{
	char rules[1024];

	begin();
	test_equal_error(authorize(CFSTR("C"), NULL), kIOReturnNotPrivileged);
	snprintf(rules, sizeof(rules),
		 "<dict><key>User</key><integer>%d</integer><key>Services</key><array>"
		 "<string>C</string><string>org.b</string></array><key>Allow</key><true/></dict>"
		 "<dict><key>User</key><integer>%d</integer><key>Services</key><array>"
		 "<string>D</string></array><key>Allow</key><false/></dict>"
		 "<dict><key>User</key><integer>%d</integer></dict>", /* no Allow: no rule */
		 (int)getuid(), (int)getuid(), (int)getuid());
	put("", rules);
	test_equal_error(authorize(CFSTR("C"), NULL), 0);
	test_equal_error(authorize(CFSTR("E"), CFSTR("org.b")), 0);
	test_equal_error(authorize(CFSTR("D"), CFSTR("org.d")), kIOReturnNotPermitted);
	test_equal_error(authorize(CFSTR("E"), kCFBooleanTrue), kIOReturnNotPrivileged);
	end();
}

TEST(a_process_that_ended_has_no_program)
{
	struct registry_subject subject;
	int fds[2], listener;
	char name[600];

	begin();
	snprintf(name, sizeof(name), "%s/s", test_folder());
	test_equal(fd_listen(name, &listener), 0);
	pid_t child = fork();
	if (child == 0) {
		int fd;

		_exit(fd_connect(name, &fd) ? 1 : 0);
	}
	int status;
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	test_equal(fd_accept(listener, &fds[0]), 0);
	test_equal(registry_subject_capture(fds[0], &subject), 0);
	test_equal(subject.who.pid, child);
	test_true(!subject.has_executable);
	close(fds[0]);
	close(listener);
	unlink(name);
	end();
}

TEST_MAIN
