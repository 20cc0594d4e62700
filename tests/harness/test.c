// SPDX-License-Identifier: MIT
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	EXIT_FAILED = 101,
	EXIT_SKIPPED = 77,
	WATCHDOG_S = 60,
	WATCHDOG_SLOW_S = 150,
	WATCHDOG_FULL_S = 900
};

static struct test_case *first_test, **last_test = &first_test;
static char folder[256];

void test_register(struct test_case *test)
{
	*last_test = test;
	last_test = &test->next;
}

_Noreturn void test_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;
	char text[4096];

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	printf("# %s:%d: ", file, line);
	for (const char *c = text; *c; c++) {
		putchar(*c);
		if (*c == '\n')
			fputs("# ", stdout); /* a comment for TAP, whatever the text is */
	}
	putchar('\n');
	fflush(stdout);
	_exit(EXIT_FAILED);
}

_Noreturn void test_skip(const char *reason)
{
	printf("# skipped: %s\n", reason);
	fflush(stdout);
	_exit(EXIT_SKIPPED);
}

void test_equal_text_at(const char *file, int line, const char *what, const char *actual,
			const char *expected)
{
	if (!actual || !expected ? actual != expected : strcmp(actual, expected))
		test_fail(file, line, "%s is \"%s\", expected \"%s\"", what,
			  actual ? actual : "(null)", expected ? expected : "(null)");
}

bool test_is_slow(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return true;
#endif
#endif
	return getenv("PORTICO_TEST_SLOW") != NULL;
}

bool test_is_full(void)
{
	return getenv("PORTICO_TEST_FULL") != NULL;
}

uint64_t test_rounds(uint64_t few, uint64_t many)
{
	if (!test_is_full())
		return test_is_slow() ? (few + 3) / 4 : few;
	return test_is_slow() ? (many + 9) / 10 : many;
}

const char *test_folder(void)
{
	return folder;
}

pid_t test_fork_with_number(pid_t pid)
{
	FILE *f = fopen("/proc/sys/kernel/ns_last_pid", "we");
	pid_t child;

	if (!f)
		return -1;
	fprintf(f, "%d", (int)pid - 1);
	if (fclose(f))
		return -1;
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	return child;
}

int test_count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return -1;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(d))
			n++;
	closedir(d);
	return n;
}

void test_show_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	char path[300], target[256];

	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof(path), "/proc/self/fd/%s", e->d_name);
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		if (n > 0)
			printf("#   descriptor %s -> %.*s\n", e->d_name, (int)n, target);
	}
	if (d)
		closedir(d);
}

const char *test_built(const char *relative)
{
	static _Thread_local char path[1024];
	const char *build = getenv("PORTICO_BUILD");

	if (!build)
		test_fail(__FILE__, __LINE__, "PORTICO_BUILD is not set; run through meson test");
	snprintf(path, sizeof(path), "%s/%s", build, relative);
	return path;
}

void test_obey_modes(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	test_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH);
	test_equal(syscall(SYS_capset, &header, data), 0);
}

rlim_t test_use_up_descriptors(bool polled)
{
	struct rlimit limit;
	int lowest = dup(STDERR_FILENO);

	close(lowest);
	test_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	rlim_t before = limit.rlim_cur;
	/* poll looks at no more than may be open. */
	limit.rlim_cur = polled ? (rlim_t)lowest : 0;
	test_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

void test_give_descriptors_back(rlim_t before)
{
	struct rlimit limit;

	test_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = before;
	test_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

void test_refuse_call(long number, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };

	test_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		test_skip("no system call filters here");
}

/* Children of this process, dead ones that nobody waited for included. */
static int count_children(void)
{
	DIR *d = opendir("/proc");
	int n = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		char path[300], line[512];
		int parent = 0;

		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		FILE *f = atoi(e->d_name) ? fopen(path, "re") : NULL;
		if (!f)
			continue;
		const char *after = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
		if (after && sscanf(after, ") %*c %d", &parent) == 1 && parent == getpid())
			n++;
		fclose(f);
	}
	if (d)
		closedir(d);
	return n;
}

enum { HOOKS_MAX = 16 };
static struct {
	int fds, children;
	int64_t counts[HOOKS_MAX];
} baseline;

void test_reset_baseline(void)
{
	baseline.fds = test_count_fds();
	baseline.children = count_children();
	for (int i = 0; test_leak_hooks && test_leak_hooks[i].name && i < HOOKS_MAX; i++)
		baseline.counts[i] = test_leak_hooks[i].count();
}

static bool is_back_at_baseline(void)
{
	if (test_count_fds() > baseline.fds || count_children() > baseline.children)
		return false;
	for (int i = 0; test_leak_hooks && test_leak_hooks[i].name && i < HOOKS_MAX; i++)
		if (test_leak_hooks[i].count() > baseline.counts[i])
			return false;
	return true;
}

/* Threads of the libraries may still be letting go of what the test has closed: a leak is what
 * stays. */
static void check_leaks(void)
{
	for (int i = 0; i < 300 && !is_back_at_baseline(); i++)
		poll(NULL, 0, 10);
	for (int i = 0; test_leak_hooks && test_leak_hooks[i].name && i < HOOKS_MAX; i++)
		if (test_leak_hooks[i].count() > baseline.counts[i])
			test_fail(__FILE__, __LINE__, "leak: %s was %lld, is %lld",
				  test_leak_hooks[i].name, (long long)baseline.counts[i],
				  (long long)test_leak_hooks[i].count());
	if (count_children() > baseline.children)
		test_fail(__FILE__, __LINE__, "leak: %d child processes before, %d after",
			  baseline.children, count_children());
	if (test_count_fds() > baseline.fds) {
		test_show_fds();
		test_fail(__FILE__, __LINE__, "leak: %d descriptors before, %d after", baseline.fds,
			  test_count_fds());
	}
}

/* PORTICO_TEST_WATCHDOG: seconds. */
static unsigned watchdog(void)
{
	const char *seconds = getenv("PORTICO_TEST_WATCHDOG");

	if (seconds)
		return (unsigned)strtoul(seconds, NULL, 10);
	return test_is_full() ? WATCHDOG_FULL_S : test_is_slow() ? WATCHDOG_SLOW_S : WATCHDOG_S;
}

unsigned test_patience_s(void)
{
	return watchdog() / 3;
}

bool test_pause(uint64_t *begun)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	uint64_t now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	if (!*begun)
		*begun = now;
	poll(NULL, 0, 2);
	return now - *begun < test_patience_s() * 1000000000ull;
}

static void run_in_child(struct test_case *test)
{
	/* Children of killed children come to us, so that they cannot escape the leak check. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	alarm(watchdog());
	test_reset_baseline();
	test->run();
	check_leaks();
	fflush(stdout);
	exit(0);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

/* What a test's process has started must end with it (driver hosts of an embedded session do so
 * when their registry goes). False when something stays. */
static bool await_group(pid_t group)
{
	for (int i = 0; i < 500 && (kill(-group, 0) == 0 || errno != ESRCH); i++)
		poll(NULL, 0, 10);
	return kill(-group, 0) < 0 && errno == ESRCH;
}

/* 0 passed, 1 failed, 2 skipped */
static int run(struct test_case *test)
{
	int status;

	snprintf(folder, sizeof(folder), "%s/portico-test-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(folder)) {
		printf("# mkdtemp: %s\n", strerror(errno));
		return 1;
	}
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		run_in_child(test);
	}
	setpgid(pid, pid);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* So that a failed test's session ends in order, also what the test has stopped. */
	if (status) {
		kill(-pid, SIGTERM);
		kill(-pid, SIGCONT);
	}
	bool orphans = !await_group(pid);
	kill(-pid, SIGKILL); /* whatever a failed test left running */
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (WIFSIGNALED(status))
		printf("# %s by signal %d (%s)\n",
		       WTERMSIG(status) == SIGALRM ? "stopped by the watchdog" : "killed",
		       WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED)
		return 2;
	if (orphans) {
		printf("# processes of the test outlived it by five seconds\n");
		return 1;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

static bool is_selected(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

int test_main(int argc, char **argv)
{
	int n = 0, failed = 0;

	for (struct test_case *t = first_test; t; t = t->next)
		n += is_selected(t->name, argc, argv);
	printf("1..%d\n", n);
	n = 0;
	for (struct test_case *t = first_test; t; t = t->next) {
		if (!is_selected(t->name, argc, argv))
			continue;
		int result = run(t);

		failed += result == 1;
		printf("%sok %d - %s%s\n", result == 1 ? "not " : "", ++n, t->name,
		       result == 2 ? " # SKIP" : "");
		fflush(stdout);
	}
	return failed ? 1 : 0;
}
