// SPDX-License-Identifier: MIT
/* What is known of who connects, and that the dead are nobody. */
#include "registry/subject.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void test_cgroup(const char *text, const char *unit, const char *app)
{
	struct registry_subject s = { .process = -1 };

	registry_subject_set_unit(&s, text);
	test_equal_text(s.unit ? s.unit : "", unit);
	test_equal_text(s.app ? s.app : "", app);
	test_equal(s.unknown, 0);
	registry_subject_fini(&s);
}

#define USER "0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

/* Of a registry in a container, which is not shown what its clients outside are in. */
TEST(what_is_outside_of_our_control_groups_is_not_known)
{
	static const char *const texts[] = { "0::/../system.slice/logger.service\n", "0::/..\n",
					     "9:name=systemd:/../../logger.service\n0::/\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct registry_subject s = { .process = -1 };

		registry_subject_set_unit(&s, texts[i]);
		test_true(!s.unit && !s.app);
		test_equal(s.unknown, REGISTRY_SUBJECT_UNIT);
		registry_subject_fini(&s);
	}
}

TEST(units_and_applications)
{
	test_cgroup("0::/system.slice/logger.service\n", "logger.service", "");
	test_cgroup("0::/system.slice/system-getty.slice/getty@tty1.service\n",
		    "getty@tty1.service", "");
	test_cgroup("0::/user.slice/user-1000.slice/session-2.scope\n", "session-2.scope", "");
	test_cgroup("0::/system.slice/_logger.service/child\n", "logger.service", "");
	test_cgroup("13:pids:/x.service\n1:name=systemd:/system.slice/a.service\n0::/\n",
		    "a.service", "");
	test_cgroup("13:pids:/x.service\n", "", "");
	test_cgroup("0::/\n", "", "");
	test_cgroup("0::/system.slice\n", "", "");
	test_cgroup("0::/docker/0123\n", "", "");
	test_cgroup("", "", "");
	test_cgroup("0:\n", "", "");
	test_cgroup("no colon\n::", "", "");
	/* what a service makes below itself is its own affair */
	test_cgroup("0::/system.slice/a.service/app-x.service\n", "a.service", "");
	test_cgroup("0::/" LONG LONG LONG LONG ".service\n", "", "");
	/* applications */
	test_cgroup(USER "app-org.example.App.service\n", "user@1000.service", "org.example.App");
	test_cgroup(USER "app-gnome-org.example.App-4711.scope\n", "user@1000.service",
		    "org.example.App");
	test_cgroup(USER "app-flatpak-org.example.App-4711.scope\n", "user@1000.service",
		    "org.example.App");
	test_cgroup(USER "app-org.example.App@77.service\n", "user@1000.service",
		    "org.example.App");
	test_cgroup(USER "app-gnome-a\\x2db-1.scope\n", "user@1000.service", "a-b");
	test_cgroup(USER "app-gnome-a\\x0ab\\xq-1.scope\n", "user@1000.service", "a\\x0ab\\xq");
	test_cgroup(USER "other.service\n", "user@1000.service", "");
	test_cgroup(USER "app-x.mount\n", "user@1000.service", "");
	test_cgroup(USER "\n", "user@1000.service", "");
	test_cgroup(USER "app-.scope\n", "user@1000.service", "");
}

static void test_label(const char *text, const char *label)
{
	struct registry_subject s = { .process = -1 };

	registry_subject_set_label(&s, text);
	test_true(label ? s.label && !strcmp(s.label, label) : !s.label);
	test_equal(s.unknown, 0);
	registry_subject_fini(&s);
}

TEST(labels_without_their_modes)
{
	test_label("unconfined\n", "unconfined");
	test_label("/usr/bin/logger (enforce)", "/usr/bin/logger");
	test_label("system_u:system_r:logger_t:s0", "system_u:system_r:logger_t:s0");
	test_label("", NULL);
	test_label("\n", NULL);
}

/* What cannot be found out is no reason to call somebody gone. */
static void no_descriptor_left(const struct registry_subject *subject, int socket)
{
	struct rlimit old, none;

	test_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){ 0, old.rlim_max };
	test_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	test_equal_error(registry_subject_check(subject, socket),
			 subject->process >= 0 ? 0 : -EMFILE);
	test_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

TEST(who_has_connected)
{
	struct registry_subject me;
	int fds[2];

	test_equal(fd_socketpair(fds), 0);
	test_equal(registry_subject_capture(fds[0], &me), 0);
	test_equal(me.who.pid, getpid());
	test_equal(me.who.uid, geteuid());
	test_equal(me.who.gid, getegid());
	test_equal(me.unknown & (unsigned)~REGISTRY_SUBJECT_LABEL, 0);
	test_equal_error(registry_subject_check(&me, fds[0]), 0);
	no_descriptor_left(&me, fds[0]);
	test_equal_error(registry_subject_check(&me, -1), -ESRCH);
	registry_subject_fini(&me);
	test_true(registry_subject_capture(-1, &me) != 0);
	close(fds[0]);
	close(fds[1]);
}

TEST(groups)
{
	gid_t groups[REGISTRY_SUBJECT_GROUPS_MAX + 1];
	struct registry_subject me;
	int fds[2];

	if (geteuid())
		test_skip("needs root");
	for (int i = 0; i <= REGISTRY_SUBJECT_GROUPS_MAX; i++)
		groups[i] = (gid_t)(5000 + i);
	for (int over = 0; over < 2; over++) {
		test_equal(setgroups(REGISTRY_SUBJECT_GROUPS_MAX + (size_t)over, groups), 0);
		test_equal(fd_socketpair(fds), 0);
		test_equal(registry_subject_capture(fds[0], &me), 0);
		test_equal(me.n_groups, over ? 0 : REGISTRY_SUBJECT_GROUPS_MAX);
		test_equal(me.unknown & REGISTRY_SUBJECT_GROUPS, over);
		registry_subject_fini(&me);
		close(fds[0]);
		close(fds[1]);
	}
}

/* A child connects and ends at once. Its socket stays open in us, so that nobody hangs up. */
TEST(who_has_ended_is_nobody)
{
	struct registry_subject subject;
	int listener, server, status;
	char name[600];

	snprintf(name, sizeof(name), "%s/s", test_folder());
	test_equal(fd_listen(name, &listener), 0);
	pid_t child = fork();
	if (child == 0) {
		int fd;

		_exit(fd_connect(name, &fd) ? 1 : 0);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	test_equal(fd_accept(listener, &server), 0);
	test_equal(registry_subject_capture(server, &subject), 0);
	test_equal(subject.who.pid, child);
	test_true(!subject.has_audit_session);
	test_true(subject.unit == NULL && subject.app == NULL);
	test_true(subject.unknown & REGISTRY_SUBJECT_UNIT);
	test_equal_error(registry_subject_check(&subject, server), -ESRCH);
	registry_subject_fini(&subject);
	close(server);
	close(listener);
	unlink(name);
}

/* Known while it lived; gone later, also before anybody has waited for it. */
TEST(who_ends_later_is_nobody_from_then_on)
{
	struct registry_subject subject;
	int listener, server, status, stop[2];
	char name[600], byte;
	siginfo_t info;

	snprintf(name, sizeof(name), "%s/s", test_folder());
	test_equal(fd_listen(name, &listener), 0);
	test_equal(pipe(stop), 0);
	pid_t child = fork();
	if (child == 0) {
		int fd;

		close(stop[1]);
		if (fd_connect(name, &fd) || read(stop[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	test_equal(fd_accept(listener, &server), 0);
	test_equal(registry_subject_capture(server, &subject), 0);
	test_equal(subject.who.pid, child);
	test_equal(subject.unknown & REGISTRY_SUBJECT_UNIT, 0);
	test_equal_error(registry_subject_check(&subject, server), 0);
	close(stop[1]);
	test_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	test_equal_error(registry_subject_check(&subject, server), -ESRCH);
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	test_equal_error(registry_subject_check(&subject, server), -ESRCH);
	registry_subject_fini(&subject);
	close(stop[0]);
	close(server);
	close(listener);
	unlink(name);
}

TEST_MAIN
