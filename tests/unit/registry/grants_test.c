// SPDX-License-Identifier: MIT
/* Folders of grant files: which count, in what order, how a change comes into force. */
#include "registry/grants.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "registry/grant_text.h"
#include "failing.h"
#include "test.h"

static struct registry_grants *grants;
static char weak[600], strong[600];

/* Whole, as a file should be replaced. */
static void put(const char *folder, const char *name, const char *text)
{
	char path[700], fresh[800];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	snprintf(fresh, sizeof(fresh), "%s/.new", folder);
	f = fopen(fresh, "we");
	test_true(f != NULL);
	fputs(text, f);
	test_equal(fclose(f), 0);
	test_equal(chmod(fresh, 0600), 0);
	test_equal(rename(fresh, path), 0);
}

static void remove_file(const char *folder, const char *name)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	test_equal(unlink(path), 0);
}

static void begin(void)
{
	const char *paths[] = { weak, strong, NULL };
	struct registry_grants_config config = { .paths = paths };

	snprintf(weak, sizeof(weak), "%s/weak", test_folder());
	snprintf(strong, sizeof(strong), "%s/strong", test_folder());
	test_equal(registry_grants_new(&config, &grants), 0);
	test_equal(mkdir(weak, 0700), 0);
	test_equal(mkdir(strong, 0700), 0);
}

static void end(void)
{
	grants = registry_grants_free(grants);
}

static enum registry_verdict ask_as(uid_t uid, const char *entitlement)
{
	struct registry_subject subject = { .who = { 1, uid, 1 } };
	struct registry_grant_question q = { &subject, "Class", NULL, 0 };
	const struct registry_grant_table *table = registry_grants_look(grants);

	return table ? registry_grant_decide(table, &q, entitlement, NULL) : REGISTRY_DENIED;
}

static bool holds(const char *entitlement)
{
	return ask_as(1003, entitlement) == REGISTRY_GRANTED;
}

static bool has_problem(const char *part)
{
	const char *problem;

	registry_grants_look(grants);
	for (size_t i = 0; (problem = registry_grants_problem(grants, i)); i++)
		if (strstr(problem, part))
			return true;
	return false;
}

#define GRANT(entitlement) "[Grant a]\nEntitlement=" entitlement "\nAllow=uid:1003\n"
#define DENY(entitlement) "[Grant a]\nEntitlement=" entitlement "\nDeny=*\n"

TEST(what_holds_without_files)
{
	struct registry_grants_config config = { .paths = (const char *[]){ NULL } };

	for (int withheld = 0; withheld < 2; withheld++) {
		config.no_administrator = withheld;
		test_equal(registry_grants_new(&config, &grants), 0);
		test_equal(ask_as(0, "com.apple.developer.driverkit.administrator"),
			   withheld ? REGISTRY_DENIED : REGISTRY_GRANTED);
		test_equal(ask_as(1003, "com.apple.developer.driverkit.administrator"),
			   withheld ? REGISTRY_DENIED : REGISTRY_NOT_GRANTED);
		test_equal(ask_as(0, NULL), REGISTRY_GRANTED);
		test_equal(ask_as(geteuid(), NULL), REGISTRY_GRANTED);
		test_equal(ask_as(geteuid() + 1003, NULL), REGISTRY_NOT_GRANTED);
		test_true(registry_grants_path(grants, 0) == NULL);
		test_true(registry_grants_problem(grants, 0) == NULL);
		end();
	}
}

TEST(a_change_is_seen_by_the_next_decision)
{
	begin();
	test_true(!holds("x"));
	put(weak, "1", GRANT("x"));
	test_true(holds("x"));
	put(weak, "1", GRANT("y"));
	test_true(!holds("x"));
	test_true(holds("y"));
	put(weak, "2", GRANT("x"));
	test_true(holds("x"));
	remove_file(weak, "1");
	test_true(!holds("y"));
	put(strong, "1", DENY("x"));
	test_true(!holds("x"));
	remove_file(strong, "1");
	test_true(holds("x"));
	/* many in one tick of the clock */
	for (int i = 0; i < 1000; i++) {
		put(weak, "2", i % 2 ? GRANT("x") : GRANT("y"));
		test_equal(holds("x"), i % 2);
	}
	/* the folder too */
	remove_file(weak, "2");
	test_equal(rmdir(weak), 0);
	test_true(!holds("x"));
	test_equal(mkdir(weak, 0700), 0);
	put(weak, "1", GRANT("x"));
	test_true(holds("x"));
	end();
}

TEST(the_stronger_folder_wins_whatever_the_names)
{
	begin();
	put(weak, "9", DENY("x"));
	put(strong, "1", GRANT("x"));
	test_true(holds("x"));
	put(strong, "2", DENY("x"));
	test_true(!holds("x"));
	test_equal_text(registry_grants_path(grants, 0), weak);
	test_equal_text(registry_grants_path(grants, 1), strong);
	test_true(registry_grants_path(grants, 2) == NULL);
	end();
}

TEST(leftovers_do_not_count)
{
	begin();
	put(weak, ".hidden", GRANT("x"));
	put(weak, "a~", GRANT("x"));
	put(weak, "a.dpkg-old", GRANT("x"));
	put(weak, "a.rpmsave", GRANT("x"));
	test_true(!holds("x"));
	test_true(registry_grants_problem(grants, 0) == NULL);
	end();
}

TEST(a_broken_file_spoils_no_other)
{
	begin();
	put(weak, "1", GRANT("x"));
	put(weak, "2", "[Grant b]\nEntitlement=y\nAllow=nonsense\n");
	put(weak, "3", GRANT("z"));
	test_true(holds("x"));
	test_equal(ask_as(1003, "y"), REGISTRY_DENIED);
	test_true(holds("z"));
	test_true(has_problem("weak/2:3: \"nonsense\" cannot be understood"));
	put(weak, "2", GRANT("y"));
	test_true(holds("y"));
	test_true(registry_grants_problem(grants, 0) == NULL);
	end();
}

TEST(only_files_that_nobody_else_may_write_count)
{
	char path[700];

	begin();
	put(weak, "1", GRANT("x"));
	snprintf(path, sizeof(path), "%s/1", weak);
	test_true(holds("x"));
	test_equal(chmod(path, 0620), 0);
	test_true(!holds("x"));
	test_true(has_problem("others may write it"));
	test_equal(chmod(path, 0602), 0);
	test_true(!holds("x"));
	test_equal(chmod(path, 0644), 0);
	test_true(holds("x"));
	if (geteuid() == 0) {
		test_equal(chown(path, 12345, 12345), 0);
		test_true(!holds("x"));
		test_true(has_problem("neither root nor the session's owner"));
		test_equal(chown(path, 0, 0), 0);
	}
	/* nor does anything in a folder where others could put and remove files */
	test_equal(chmod(weak, 0777), 0);
	test_true(!holds("x"));
	test_equal(chmod(weak, 0755), 0);
	test_true(holds("x"));
	end();
}

TEST(only_regular_files_count_and_none_makes_us_wait)
{
	char path[700], other[700];

	begin();
	snprintf(path, sizeof(path), "%s/1", weak);
	snprintf(other, sizeof(other), "%s/other", strong);
	put(strong, ".other", GRANT("x"));
	test_equal(symlink(other, path), 0);
	test_true(!holds("x"));
	test_true(has_problem("symbolic link"));
	unlink(path);
	test_equal(mkfifo(path, 0600), 0);
	test_true(!holds("x"));
	test_true(has_problem("no regular file"));
	unlink(path);
	test_equal(mkdir(path, 0700), 0);
	test_true(!holds("x"));
	test_true(has_problem("it is a folder"));
	rmdir(path);
	/* nor a folder behind a link */
	test_equal(rename(weak, other), 0);
	put(other, "1", GRANT("x"));
	test_equal(symlink(other, weak), 0);
	test_true(!holds("x"));
	end();
}

TEST(a_file_in_place_of_a_folder)
{
	begin();
	test_equal(rmdir(weak), 0);
	put(test_folder(), "weak", GRANT("x"));
	test_true(holds("x"));
	end();
}

TEST(too_many_files_change_nothing)
{
	char name[16];

	begin();
	put(strong, "1", GRANT("x"));
	test_true(holds("x"));
	for (int i = 0; i < REGISTRY_GRANT_FILES_MAX - 1; i++) {
		snprintf(name, sizeof(name), "%d", i);
		put(weak, name, GRANT("y"));
	}
	test_true(holds("y"));
	put(strong, "0", DENY("x"));
	test_true(has_problem("more than 1024 files"));
	test_true(has_problem("what was in force stays in force"));
	test_true(holds("x"));
	test_true(holds("y"));
	remove_file(weak, "0");
	test_true(!holds("x"));
	test_true(holds("y"));
	/* nor in one folder */
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "more%d", i);
		put(weak, name, GRANT("y"));
	}
	test_true(has_problem("more than 1024 files"));
	test_true(holds("y"));
	end();
}

TEST(too_many_grants_from_the_start_deny_everything)
{
	struct registry_grants_config config = { .paths = (const char *[]){ weak, NULL } };
	char path[700];
	FILE *f;

	snprintf(weak, sizeof(weak), "%s/weak", test_folder());
	test_equal(mkdir(weak, 0700), 0);
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%d", weak, i);
		f = fopen(path, "we");
		for (int k = 0; k < REGISTRY_GRANTS_MAX / 4; k++)
			fprintf(f, "[Grant %d]\nService=*\nAllow=*\n", k);
		fclose(f);
		chmod(path, 0600);
	}
	test_equal(registry_grants_new(&config, &grants), 0);
	test_true(registry_grants_look(grants) == NULL);
	test_true(has_problem("more than 4096 grants"));
	test_true(has_problem("everything is denied"));
	unlink(path);
	test_true(registry_grants_look(grants) != NULL);
	test_equal(ask_as(5, NULL), REGISTRY_GRANTED);
	end();
}

static int n_reports;

static void count_report(void *context, const char *file, unsigned line, bool is_error,
			 const char *message)
{
	n_reports++;
}

/* How far the clock that stamps files has been put back since they were written. */
static time_t put_back;

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int result = (int)syscall(SYS_clock_gettime, clock, ret_time);

	if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_REALTIME)
		ret_time->tv_sec -= put_back;
	return result;
}

TEST(time_stamps_of_the_future_do_not_make_every_decision_read)
{
	const char *paths[] = { weak, NULL };
	struct registry_grants_config config = { .paths = paths, .report = count_report };

	snprintf(weak, sizeof(weak), "%s/weak", test_folder());
	test_equal(mkdir(weak, 0700), 0);
	put(weak, "1", "[Grant a]\nEntitlement=x\nAllow=nonsense\n");
	put_back = 3600;
	test_equal(registry_grants_new(&config, &grants), 0);
	test_equal(n_reports, 1);
	for (int i = 0; i < 100; i++)
		registry_grants_look(grants);
	test_equal(n_reports, 1);
	/* a change shows nonetheless */
	put(weak, "1", GRANT("x"));
	test_true(holds("x"));
	/* and when the clock has come there, files are read once more */
	put(weak, "2", "[Grant a]\nEntitlement=y\nAllow=nonsense\n");
	test_true(holds("x"));
	n_reports = 0;
	put_back = -3600;
	for (int i = 0; i < 100; i++)
		registry_grants_look(grants);
	test_equal(n_reports, 1);
	end();
}

static const char *who_decided(const char *entitlement)
{
	struct registry_subject subject = { .who = { 1, 1003, 1 } };
	struct registry_grant_question q = { &subject, "Class", NULL, 0 };
	const struct registry_grant *by = NULL;

	registry_grant_decide(registry_grants_look(grants), &q, entitlement, &by);
	return by ? by->file : NULL;
}

TEST(what_may_not_be_read_may_deny_anything)
{
	char path[700];

	begin();
	test_obey_modes();
	snprintf(path, sizeof(path), "%s/2", weak);
	put(weak, "1", GRANT("x"));
	put(weak, "2", DENY("other"));
	put(strong, "1", GRANT("y"));
	test_true(holds("x"));
	test_equal(chmod(path, 0), 0);
	test_equal(ask_as(1003, "x"), REGISTRY_DENIED);
	test_equal(ask_as(1003, "nobody-names-it"), REGISTRY_DENIED);
	test_equal(ask_as(geteuid(), NULL), REGISTRY_DENIED);
	test_equal_text(who_decided("x"), path);
	test_true(has_problem("weak/2: it cannot be read"));
	test_true(holds("y"));
	test_equal(chmod(path, 0600), 0);
	test_true(holds("x"));
	test_true(registry_grants_problem(grants, 0) == NULL);
	/* a folder as well, also one that cannot even be looked at */
	test_equal(chmod(strong, 0), 0);
	test_equal(ask_as(1003, "x"), REGISTRY_DENIED);
	test_equal(ask_as(1003, "y"), REGISTRY_DENIED);
	test_equal_text(who_decided("y"), strong);
	test_equal(chmod(strong, 0700), 0);
	test_true(holds("y"));
	test_equal(chmod(test_folder(), 0), 0);
	test_equal(ask_as(1003, "y"), REGISTRY_DENIED);
	test_equal(chmod(test_folder(), 0700), 0);
	test_true(holds("y"));
	end();
}

/* Who has another's HOME has no files of his own there. */
TEST(a_home_that_may_not_be_entered_has_no_grants)
{
	test_obey_modes();
	unsetenv("PORTICO_POLICY");
	unsetenv("XDG_RUNTIME_DIR");
	setenv("XDG_CONFIG_HOME", test_folder(), 1);
	test_equal(chmod(test_folder(), 0), 0);
	test_equal(registry_grants_new(&(struct registry_grants_config){ 0 }, &grants), 0);
	test_equal(chmod(test_folder(), 0700), 0);
	test_equal(ask_as(geteuid(), NULL), REGISTRY_GRANTED);
	end();
}

/* A denial must not be lost because a file could not be opened just then. */
TEST(without_descriptors_what_was_in_force_stays)
{
	struct rlimit limit, none;

	begin();
	put(weak, "1", GRANT("x"));
	test_true(holds("x"));
	put(strong, "1", DENY("x"));
	test_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ 0, limit.rlim_max };
	test_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	test_true(holds("x"));
	test_true(has_problem("cannot be opened"));
	test_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	test_true(!holds("x"));
	end();
}

/* The environment's paths, in ascending force. */
static void test_paths(bool system, const char *const *expected)
{
	struct registry_grants_config config = { .system = system };
	size_t i = 0;

	test_equal(registry_grants_new(&config, &grants), 0);
	for (; expected[i]; i++)
		test_equal_text(registry_grants_path(grants, i), expected[i]);
	test_true(registry_grants_path(grants, i) == NULL);
	end();
}

TEST(where_the_files_are)
{
	const char *vendor;

	unsetenv("PORTICO_POLICY");
	setenv("XDG_CONFIG_HOME", "/nowhere/config", 1);
	setenv("XDG_RUNTIME_DIR", "/nowhere/run", 1);
	test_equal(registry_grants_new(&(struct registry_grants_config){ .system = true }, &grants),
		   0);
	vendor = strdup(registry_grants_path(grants, 0));
	end();
	test_true(strstr(vendor, "/lib/portico/grants.d") != NULL);
	test_paths(true, (const char *[]){ vendor, "/etc/portico/grants.d", "/run/portico/grants.d",
					   NULL });
	test_paths(false,
		   (const char *[]){ vendor, "/nowhere/config/portico/grants.d",
				     "/nowhere/run/portico/grants.d", "/etc/portico/grants.d",
				     "/run/portico/grants.d", NULL });
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	setenv("HOME", "/nowhere", 1);
	test_paths(false,
		   (const char *[]){ vendor, "/nowhere/.config/portico/grants.d",
				     "/etc/portico/grants.d", "/run/portico/grants.d", NULL });
	setenv("HOME", "relative", 1);
	test_paths(false, (const char *[]){ vendor, "/etc/portico/grants.d",
					    "/run/portico/grants.d", NULL });
	setenv("PORTICO_POLICY", "/a:/b::/c", 1);
	test_paths(true, (const char *[]){ "/a", "/b", "/c", NULL });
	free((void *)vendor);
}

TEST(users_and_groups_of_this_machine)
{
	uint32_t number = 5;

	test_equal(registry_grants_find_user(NULL, "root", &number), 0);
	test_equal(number, 0);
	number = 5;
	test_equal(registry_grants_find_group(NULL, "root", &number), 0);
	test_equal(number, 0);
	test_equal(registry_grants_find_user(NULL, "no-such-user-here", &number), -ENOENT);
	test_equal(registry_grants_find_group(NULL, "no-such-group-here", &number), -ENOENT);
}

/* --- calls that fail ----------------------------------------------------------------------------- */

TEST(names_are_looked_up_again_with_more_room)
{
	uid_t user;
	gid_t group;

	test_fail_call("getpwnam_r", 0, ERANGE);
	test_fail_call("getgrnam_r", 0, ERANGE);
	test_equal_error(registry_grants_find_user(NULL, "root", &user), 0);
	test_equal_error(registry_grants_find_group(NULL, "root", &group), 0);
	test_true(test_calls_failed());
	test_equal(user, 0);
	test_equal(group, 0);
	/* but not with any amount */
	for (int i = 0; i < 8; i++)
		test_fail_call(i < 4 ? "getpwnam_r" : "getgrnam_r", 0, ERANGE);
	test_fail_call("getpwnam_r", 0, ERANGE);
	test_fail_call("getgrnam_r", 0, ERANGE);
	test_equal_error(registry_grants_find_user(NULL, "root", &user), -ERANGE);
	test_equal_error(registry_grants_find_group(NULL, "root", &group), -ERANGE);
	test_true(test_calls_failed());
}

/* Nobody has the name, or nobody knows: a grant for the latter is not to be taken for an empty one. */
TEST(a_name_that_nobody_has_is_not_one_that_nobody_could_look_up)
{
	static const int absent[] = { ENOENT, ESRCH, EBADF, EPERM }, unknown[] = { EIO, EMFILE };
	uid_t user;
	gid_t group;

	for (size_t i = 0; i < 4; i++) {
		test_fail_call("getpwnam_r", 0, absent[i]);
		test_fail_call("getgrnam_r", 0, absent[i]);
		test_equal_error(registry_grants_find_user(NULL, "root", &user), -ENOENT);
		test_equal_error(registry_grants_find_group(NULL, "root", &group), -ENOENT);
		test_true(test_calls_failed());
	}
	for (size_t i = 0; i < 2; i++) {
		test_fail_call("getpwnam_r", 0, unknown[i]);
		test_fail_call("getgrnam_r", 0, unknown[i]);
		test_equal_error(registry_grants_find_user(NULL, "root", &user), -unknown[i]);
		test_equal_error(registry_grants_find_group(NULL, "root", &group), -unknown[i]);
		test_true(test_calls_failed());
	}
	struct test_shortage all = { .lasting = true };
	test_shortage_begin(&all);
	test_equal_error(registry_grants_find_user(NULL, "root", &user), -ENOMEM);
	test_equal_error(registry_grants_find_group(NULL, "root", &group), -ENOMEM);
	test_true(test_shortage_end(&all));
}

TEST(an_interrupted_read_goes_on)
{
	begin();
	put(weak, "1", GRANT("x"));
	test_fail_call("read", 0, EINTR);
	test_true(holds("x"));
	test_true(test_calls_failed());
	end();
}

/* A denial must not be lost because of a failed call either; the next decision tries again. */
TEST(whatever_fails_what_was_in_force_stays)
{
	static const struct {
		const char *call;
		int after, error;
	} faults[] = { { "read", 0, EIO },
		       { "fdopendir", 0, ENOMEM },
		       { "fdopendir", 1, ENOMEM },
		       { "readdir64", 0, EIO },
		       { "readdir64", 4, EIO } };

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		begin();
		put(weak, "1", GRANT("x"));
		put(strong, "1", DENY("y"));
		test_true(holds("x"));
		put(strong, "1", DENY("x"));
		test_fail_call(faults[i].call, faults[i].after, faults[i].error);
		test_true(holds("x"));
		test_true(test_calls_failed());
		test_true(!holds("x"));
		end();
		remove_file(weak, "1");
		remove_file(strong, "1");
		test_equal(rmdir(weak), 0);
		test_equal(rmdir(strong), 0);
	}
}

TEST(what_cannot_be_judged_counts_for_nothing)
{
	begin();
	put(weak, "1", GRANT("x"));
	test_fail_call("fstat64", 1, EIO);
	test_true(!holds("x"));
	test_true(test_calls_failed());
	test_true(has_problem("counts for nothing") || holds("x"));
	end();
}

TEST(so_many_problems_are_kept_and_no_more)
{
	char name[16];
	size_t n = 0;

	begin();
	for (int i = 0; i < REGISTRY_GRANT_PROBLEMS_MAX + 5; i++) {
		snprintf(name, sizeof(name), "%d", i);
		put(weak, name, "nonsense\n");
	}
	registry_grants_look(grants);
	while (registry_grants_problem(grants, n))
		n++;
	test_equal(n, REGISTRY_GRANT_PROBLEMS_MAX);
	/* The same ones again are no news. */
	put(weak, "x", GRANT("x"));
	test_true(holds("x"));
	end();
}

TEST(only_so_many_paths_are_taken)
{
	setenv("PORTICO_POLICY", "/1:/2:/3:/4:/5:/6:/7:/8:/9:/10:/11:/12:/13:/14:/15:/16", 1);
	test_equal_error(registry_grants_new(&(struct registry_grants_config){ 0 }, &grants), 0);
	end();
	setenv("PORTICO_POLICY", "/1:/2:/3:/4:/5:/6:/7:/8:/9:/10:/11:/12:/13:/14:/15:/16:/17", 1);
	test_equal_error(registry_grants_new(&(struct registry_grants_config){ 0 }, &grants),
			 -E2BIG);
	test_true(!registry_grants_free(NULL));
}

TEST(an_empty_list_of_paths_is_none)
{
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("HOME");
	setenv("PORTICO_POLICY", "", 1);
	test_equal_error(registry_grants_new(&(struct registry_grants_config){ 0 }, &grants), 0);
	test_true(registry_grants_path(grants, 0) != NULL);
	end();
}

TEST(what_was_there_is_known)
{
	char path[700];

	begin();
	put(weak, "1", GRANT("x"));
	test_true(holds("x"));
	snprintf(path, sizeof(path), "%s/1", weak);
	test_true(registry_grants_has(grants, path));
	test_true(registry_grants_has(grants, strong));
	test_equal(rmdir(strong), 0);
	test_true(holds("x"));
	test_true(!registry_grants_has(grants, strong));
	test_true(!registry_grants_has(grants, "/nowhere/at/all"));
	end();
}

/* Same size, same times of its contents: what changed shows in the file's own time. */
TEST(a_change_that_leaves_size_and_time_alone_shows)
{
	char path[700], other[700];
	struct stat before, now;

	begin();
	put(weak, "1", GRANT("x"));
	snprintf(path, sizeof(path), "%s/1", weak);
	snprintf(other, sizeof(other), "%s/other", test_folder());
	test_true(holds("x"));
	test_equal(stat(path, &before), 0);
	do {
		test_equal(link(path, other), 0);
		test_equal(unlink(other), 0);
		test_equal(stat(path, &now), 0);
		test_true(holds("x"));
	} while (now.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
	/* And one of its contents' time alone. */
	test_equal(utimensat(AT_FDCWD, path, (struct timespec[]){ { 5, 5 }, { 5, 5 } }, 0), 0);
	test_true(holds("x"));
	end();
}

TEST(a_file_of_the_owner_of_the_session_counts)
{
	char path[700];

	if (geteuid())
		test_skip("root only");
	begin();
	put(weak, "1", GRANT("x"));
	snprintf(path, sizeof(path), "%s/1", weak);
	test_equal(chown(path, 1003, 1003), 0);
	test_true(!holds("x"));
	test_equal(chmod(test_folder(), 0755), 0);
	test_equal(chmod(weak, 0755), 0);
	test_equal(chmod(strong, 0755), 0);
	test_equal(seteuid(1003), 0);
	test_true(holds("x"));
	test_equal(seteuid(0), 0);
	end();
}

/* All of it in paths of one kind or the other; PATHS NULL: those of the environment. */
static void run_short_of_memory(const char *const *paths, bool no_administrator)
{
	struct registry_grants_config config = { .paths = paths,
						 .no_administrator = no_administrator };

	test_each_shortage(s)
	{
		grants = NULL;
		test_shortage_begin(&s);
		err_t err = registry_grants_new(&config, &grants);
		enum registry_verdict verdict = err ? REGISTRY_DENIED : ask_as(1003, "never");
		bool failed = test_shortage_end(&s);
		test_true(err == 0 || (failed && err == -ENOMEM));
		test_true(verdict != REGISTRY_GRANTED);
		if (!err) {
			test_true(paths == NULL || holds("x"));
			test_true(!holds("never"));
			test_true(paths == NULL || registry_grants_problem(grants, 1));
		}
		end();
	}
}

TEST(without_memory_nothing_is_granted_and_the_next_decision_tries_again)
{
	const char *paths[] = { weak, strong, NULL };

	begin();
	end();
	put(weak, "1", GRANT("x"));
	put(weak, "2", "[Grant a]\nEntitlement=z\nAllow=nonsense\n");
	put(weak, "3", "[Grant a]\nEntitlement=never\nAllow=uid:1003 @nobody\n");
	put(strong, "1", DENY("never"));
	run_short_of_memory(paths, false);
	run_short_of_memory(paths, true);
	unsetenv("PORTICO_POLICY");
	setenv("XDG_CONFIG_HOME", "/nowhere/config", 1);
	setenv("XDG_RUNTIME_DIR", "/nowhere/run", 1);
	run_short_of_memory(NULL, false);
	unsetenv("XDG_CONFIG_HOME");
	setenv("HOME", "/nowhere", 1);
	run_short_of_memory(NULL, false);
	setenv("PORTICO_POLICY", "/nowhere/a:/nowhere/b", 1);
	run_short_of_memory(NULL, false);
}

TEST(a_file_that_is_too_large_grants_nothing)
{
	char *text = malloc(REGISTRY_GRANT_FILE_MAX + 100);

	begin();
	put(strong, "1", GRANT("y"));
	strcpy(text, GRANT("x"));
	memset(text + strlen(text), '\n', REGISTRY_GRANT_FILE_MAX);
	text[REGISTRY_GRANT_FILE_MAX + 50] = 0;
	put(weak, "1", text);
	test_true(!holds("x"));
	test_true(holds("y"));
	free(text);
	end();
}

TEST(what_is_below_a_file_is_not_there)
{
	char below[700];
	const char *paths[] = { below, NULL };
	struct registry_grants_config config = { .paths = paths };

	begin();
	end();
	put(weak, "1", GRANT("x"));
	snprintf(below, sizeof(below), "%s/1/below", weak);
	test_equal_error(registry_grants_new(&config, &grants), 0);
	test_true(!holds("x"));
	test_true(!registry_grants_has(grants, below));
	test_true(registry_grants_problem(grants, 0) == NULL);
	end();
}

TEST(a_socket_is_no_file_of_grants)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	begin();
	test_true(snprintf(at.sun_path, sizeof(at.sun_path), "%s/1", weak) <
		  (int)sizeof(at.sun_path));
	test_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	put(strong, "1", GRANT("y"));
	test_true(holds("y"));
	test_true(has_problem("counts for nothing"));
	close(fd);
	end();
}

TEST(the_strongest_file_that_may_not_be_read_denies)
{
	static const char *const names[] = { "1", "2" };
	const char *paths[] = { weak, strong, NULL };
	char path[700] = "";

	begin();
	test_obey_modes();
	for (int i = 0; i < 4; i++) {
		const char *folder = i < 2 ? weak : strong;

		put(folder, names[i % 2], GRANT("never"));
		snprintf(path, sizeof(path), "%s/%s", folder, names[i % 2]);
		test_equal(chmod(path, 0), 0);
	}
	test_equal(ask_as(1003, "never"), REGISTRY_DENIED);
	path[strlen(path) - 1] = '1';
	test_equal_text(who_decided("never"), path);
	end();
	test_each_shortage(s)
	{
		struct registry_grants_config config = { .paths = paths };

		grants = NULL;
		test_shortage_begin(&s);
		err_t err = registry_grants_new(&config, &grants);
		bool failed = test_shortage_end(&s);
		test_true(err == 0 || (failed && err == -ENOMEM));
		if (!err)
			test_equal(ask_as(1003, "never"), REGISTRY_DENIED);
		end();
	}
}

TEST_MAIN
