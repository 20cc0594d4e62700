// SPDX-License-Identifier: MIT
/* What is given up, seen from inside: each case confines a child of the test. */
#include "sandbox/sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "test.h"

/* Line of the first expectation that does not hold, 0: all do. */
#define EXPECT(condition) \
	do { \
		if (!(condition)) \
			return __LINE__; \
	} while (0)

static char own[512], other[512];

static _Noreturn void enter_and_look(const struct sandbox_config *config, int (*look)(void),
				     int told)
{
	struct sandbox_result result;
	int line;

	sandbox_enter(config, &result);
	line = look();
	if (write(told, &line, sizeof(line)) != sizeof(line) ||
	    write(told, &result, sizeof(result)) != sizeof(result))
		_exit(1);
	_exit(0);
}

/* A child in the memory of the test, which waits for its end: what it counts for `make coverage` is not
 * lost with it, though it may write no file. Sanitizers want a memory for each. */
static void run_confined(const struct sandbox_config *config, int (*look)(void), int told)
{
	int status;
	pid_t pid = SANDBOX_INSTRUMENTED ? fork() : vfork();

	if (pid == 0)
		enter_and_look(config, look, told);
	test_equal(waitpid(pid, &status, 0), pid);
	test_equal(status, 0);
	/* That goes with the memory. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int run(const struct sandbox_config *config, struct sandbox_result *ret_result,
	       int (*look)(void))
{
	int line, fds[2];

	test_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(stdout);
	run_confined(config, look, fds[1]);
	close(fds[1]);
	test_equal(read(fds[0], &line, sizeof(line)), sizeof(line));
	test_equal(read(fds[0], ret_result, sizeof(*ret_result)), sizeof(*ret_result));
	close(fds[0]);
	if (ret_result->missing[0])
		printf("# missing: %s\n", ret_result->missing);
	return line;
}

static void expect(struct sandbox_config *config, int (*look)(void))
{
	struct sandbox_result result;
	int line = run(config, &result, look);

	if (config->tier == SANDBOX_SPACES && result.tier < SANDBOX_SPACES)
		test_skip("no user namespaces here");
	test_equal(result.tier, config->tier);
	if (line)
		test_fail(__FILE__, line, "does not hold in tier %u", result.tier);
}

static void make_files(void)
{
	snprintf(own, sizeof(own), "%s/own", test_folder());
	snprintf(other, sizeof(other), "%s/other", test_folder());
	close(open(own, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	close(open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static int opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static bool refuses(long result)
{
	return result < 0 &&
	       (errno == EPERM || errno == EACCES || errno == ENOSYS || errno == EROFS);
}

/* The call for it is not allowed any more. All ones: it cannot be read. */
static uint64_t read_capabilities(void)
{
	char text[4096], *permitted;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	permitted = strstr(text, "\nCapPrm:");
	return permitted ? strtoull(permitted + 8, NULL, 16) : UINT64_MAX;
}

/* --- files ------------------------------------------------------------------------------- */

static int look_at_files(void)
{
	EXPECT(opens(own, O_RDONLY) == 0);
	EXPECT(opens(own, O_RDWR) < 0);
	EXPECT(opens(other, O_RDONLY) < 0);
	EXPECT(opens("/etc/passwd", O_RDONLY) < 0);
	EXPECT(opens("/proc/1/environ", O_RDONLY) < 0);
	EXPECT(opens("/tmp/portico-new-file", O_WRONLY | O_CREAT) < 0);
	EXPECT(opens("/proc/self/maps", O_RDONLY) == 0);
	EXPECT(opens("/dev/urandom", O_RDONLY) == 0 && opens("/dev/urandom", O_WRONLY) < 0);
	EXPECT(refuses(unlink(other)) || errno == ENOENT);
	return 0;
}

static int look_at_declared_files(void)
{
	EXPECT(opens(own, O_RDWR) == 0);
	EXPECT(refuses(open(own, O_RDWR | O_CREAT | O_CLOEXEC, 04600)) &&
	       refuses(creat(own, 02600)));
	EXPECT(open("/", O_RDWR | O_TMPFILE | O_CLOEXEC, 04600) < 0 && errno == EPERM);
	EXPECT(opens("/dev/zero", O_RDWR) == 0);
	EXPECT(opens(other, O_RDONLY) < 0);
	EXPECT(opens(other, O_RDWR | O_CREAT) < 0);
	EXPECT(opens("/dev/tty", O_RDWR) < 0);
	return 0;
}

static void files(unsigned tier)
{
	struct sandbox_config c = { .tier = tier };

	make_files();
	c.paths[c.n_paths++] = (struct sandbox_path){ own, SANDBOX_READ };
	expect(&c, look_at_files);
	c.paths[0].access = SANDBOX_WRITE;
	c.paths[c.n_paths++] = (struct sandbox_path){ "/dev/zero", SANDBOX_DEVICE };
	/* another name for all there is */
	c.paths[c.n_paths++] = (struct sandbox_path){ "/proc/self/root", SANDBOX_READ };
	expect(&c, look_at_declared_files);
}

TEST(only_declared_files_are_opened)
{
	files(SANDBOX_SELF);
}

TEST(only_declared_files_are_in_a_namespace)
{
	files(SANDBOX_SPACES);
}

static int map_what_was_written(void)
{
	int fd = open(own, O_RDWR | O_CLOEXEC);
	void *page;

	EXPECT(fd >= 0 && write(fd, "x", 1) == 1);
	page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	close(fd);
	return page == MAP_FAILED ? -errno : 0;
}

static int look_for_no_code(void)
{
	EXPECT(map_what_was_written() == -EPERM);
	return 0;
}

static int look_for_code(void)
{
	EXPECT(map_what_was_written() == 0);
	return 0;
}

TEST(what_can_be_written_is_no_code_in_a_namespace)
{
	struct sandbox_config c = { .tier = SANDBOX_SPACES };

	make_files();
	c.paths[c.n_paths++] = (struct sandbox_path){ own, SANDBOX_WRITE };
	expect(&c, look_for_no_code);
	c.executable = true;
	expect(&c, look_for_code);
	/* nor is the bundle's code lost where all around it may be written */
	c.executable = false;
	c.paths[0].path = test_folder();
	expect(&c, look_for_no_code);
	c.paths[c.n_paths++] = (struct sandbox_path){ other, SANDBOX_READ };
	expect(&c, look_for_code);
}

static char writable[512], link_out[600], through_it[700], chain[512], through_both[600];

static int look_for_what_a_link_names(void)
{
	EXPECT(opens(through_it, O_RDONLY) < 0 && opens("/etc/passwd", O_RDONLY) < 0);
	EXPECT(opens(chain, O_RDONLY) < 0 && opens(through_both, O_RDONLY) < 0);
	EXPECT(opens(own, O_RDONLY) == 0);
	return 0;
}

/* Which the driver may have made, before it was started again. */
TEST(a_link_in_a_folder_that_may_be_written_leads_nowhere_else)
{
	struct sandbox_config c = { .tier = SANDBOX_SELF };

	snprintf(writable, sizeof(writable), "%s/writable", test_folder());
	snprintf(link_out, sizeof(link_out), "%s/link", writable);
	snprintf(through_it, sizeof(through_it), "%s/passwd", link_out);
	snprintf(own, sizeof(own), "%s/own", test_folder());
	test_equal(mkdir(writable, 0700), 0);
	test_equal(symlink("/etc", link_out), 0);
	test_equal(symlink("writable/file", own), 0);
	/* Somebody else's link leads to the driver's. */
	snprintf(chain, sizeof(chain), "%s/chain", test_folder());
	snprintf(through_both, sizeof(through_both), "%s/group", chain);
	test_equal(symlink("writable/link", chain), 0);
	snprintf(other, sizeof(other), "%s/writable/file", test_folder());
	close(open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	c.paths[c.n_paths++] = (struct sandbox_path){ writable, SANDBOX_WRITE };
	c.paths[c.n_paths++] = (struct sandbox_path){ link_out, SANDBOX_READ };
	c.paths[c.n_paths++] = (struct sandbox_path){ through_it, SANDBOX_WRITE };
	c.paths[c.n_paths++] = (struct sandbox_path){ own, SANDBOX_READ };
	c.paths[c.n_paths++] = (struct sandbox_path){ chain, SANDBOX_READ };
	c.paths[c.n_paths++] = (struct sandbox_path){ through_both, SANDBOX_READ };
	expect(&c, look_for_what_a_link_names);
	c.tier = SANDBOX_SPACES;
	expect(&c, look_for_what_a_link_names);
}

/* --- messages ---------------------------------------------------------------------------- */

static int look_at_the_terminal(void)
{
	char byte;

	EXPECT(write(STDERR_FILENO, "#", 1) == 1);
	EXPECT(read(STDERR_FILENO, &byte, 1) < 0 && errno == EBADF);
	EXPECT(fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK) == 0);
	return 0;
}

/* Its flags are not those of whoever else writes there. */
TEST(what_is_typed_is_not_for_drivers)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), old = dup(STDERR_FILENO);

	test_true(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal));
	int end = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	test_equal(dup2(end, STDERR_FILENO), STDERR_FILENO);
	test_equal(write(terminal, "password\n", 9), 9);
	for (unsigned tier = SANDBOX_SELF; tier <= SANDBOX_SPACES; tier++)
		expect(&(struct sandbox_config){ .tier = tier }, look_at_the_terminal);
	test_true(!(fcntl(end, F_GETFL) & O_NONBLOCK));
	dup2(old, STDERR_FILENO);
	close(old);
	close(end);
	close(terminal);
}

static int write_what_nobody_reads(void)
{
	EXPECT(write(STDERR_FILENO, "#", 1) < 0 && errno == EAGAIN);
	return 0;
}

/* Who else writes there may wait, if he wants. */
TEST(messages_that_nobody_reads_hold_no_driver_up)
{
	int pipe[2], old = dup(STDERR_FILENO);

	test_equal(pipe2(pipe, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(pipe[1], "a line that nobody reads\n", 25) > 0)
		;
	while (write(pipe[1], "#", 1) > 0)
		;
	test_equal(fcntl(pipe[1], F_SETFL, 0), 0);
	test_equal(dup2(pipe[1], STDERR_FILENO), STDERR_FILENO);
	for (unsigned tier = SANDBOX_SELF; tier <= SANDBOX_SPACES; tier++)
		expect(&(struct sandbox_config){ .tier = tier }, write_what_nobody_reads);
	test_true(!(fcntl(pipe[1], F_GETFL) & O_NONBLOCK));
	dup2(old, STDERR_FILENO);
	close(old);
	close(pipe[0]);
	close(pipe[1]);
}

/* --- calls ------------------------------------------------------------------------------- */

static void *nothing(void *context)
{
	return context;
}

static int look_at_calls(void)
{
	pthread_t thread;
	int fds[2];

	EXPECT(!pthread_create(&thread, NULL, nothing, NULL) && !pthread_join(thread, NULL));
	EXPECT(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	EXPECT(!fd_has_unread(fds[0]) && send(fds[0], "", 1, 0) == 1 && fd_has_unread(fds[0]));
	EXPECT(!close(fds[0]) && !close(fds[1]));
	EXPECT(refuses(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds)));
	EXPECT(refuses(socket(AF_UNIX, SOCK_STREAM, 0)) &&
	       refuses(socket(AF_NETLINK, SOCK_RAW, 0)));
	EXPECT(refuses(kill(getppid(), 0)) || SANDBOX_INSTRUMENTED);
	EXPECT(kill(getpid(), 0) == 0);
	EXPECT(refuses(fcntl(0, F_SETOWN, 1)) && fcntl(0, F_GETFD) >= 0);
	EXPECT(refuses(syscall(SYS_pidfd_open, getppid(), 0)));
	EXPECT(refuses(syscall(SYS_unshare, 0x10000000)));
	EXPECT(refuses(syscall(SYS_io_uring_setup, 1, NULL)) &&
	       refuses(syscall(SYS_bpf, 0, NULL, 0)));
	errno = 0;
	EXPECT(syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
	EXPECT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && read_capabilities() == 0);
	return 0;
}

static rlim_t signals_before;

static int look_at_release_calls(void)
{
	struct rlimit limit = { 1, 1 };
	char *const none[] = { NULL };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(refuses(fork()) && refuses(execve("/bin/true", none, none)));
	EXPECT(refuses(setrlimit(RLIMIT_NOFILE, &limit)) && !getrlimit(RLIMIT_NOFILE, &limit));
	EXPECT(!getrlimit(RLIMIT_SIGPENDING, &limit) && limit.rlim_max <= signals_before / 2);
	EXPECT(page != MAP_FAILED && refuses(mprotect(page, 4096, PROT_EXEC)));
	EXPECT(mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	EXPECT(refuses(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)) && !prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	return 0;
}

static int look_at_memory(void)
{
	EXPECT(mmap(NULL, 1ull << 32, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED);
	EXPECT(errno == ENOMEM);
	return 0;
}

static int look_at_declared_calls(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(fd >= 0 && page != MAP_FAILED && !close(fd));
	EXPECT(refuses(socket(AF_INET, SOCK_STREAM, 0)));
	fd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	EXPECT(fd >= 0 && refuses(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0)) && !close(fd));
	EXPECT(opens("/proc/1/stat", O_RDONLY) == 0);
	return 0;
}

TEST(calls_that_reach_others_are_refused)
{
	expect(&(struct sandbox_config){ .tier = SANDBOX_SELF }, look_at_calls);
	expect(&(struct sandbox_config){ .tier = SANDBOX_SPACES }, look_at_calls);
}

TEST(processes_programs_and_new_code_are_refused)
{
	if (SANDBOX_INSTRUMENTED)
		test_skip("a sanitizer needs them");
	struct rlimit limit;
	test_equal(getrlimit(RLIMIT_SIGPENDING, &limit), 0);
	signals_before = limit.rlim_cur;
	expect(&(struct sandbox_config){ .tier = SANDBOX_SELF }, look_at_release_calls);
}

TEST(memory_is_limited)
{
	if (SANDBOX_INSTRUMENTED)
		test_skip("a sanitizer's shadow is larger than any limit");
	expect(&(struct sandbox_config){ .tier = SANDBOX_SELF, .memory_bytes = 1ull << 30 },
	       look_at_memory);
}

TEST(what_is_declared_is_allowed)
{
	expect(&(struct sandbox_config){ .tier = SANDBOX_SELF,
					 .families = 1ull << AF_NETLINK,
					 .processes = true,
					 .executable = true },
	       look_at_declared_calls);
}

static int look_at_nothing(void)
{
	EXPECT(opens("/etc/passwd", O_RDONLY) == 0);
	return 0;
}

TEST(tier_0_gives_nothing_up)
{
	expect(&(struct sandbox_config){ .tier = SANDBOX_OFF }, look_at_nothing);
}

/* --- a system that lacks something ---------------------------------------------------------- */

static int look_away(void)
{
	return 0;
}

TEST(a_lower_tier_is_said_never_silent)
{
	struct sandbox_config c = { .tier = SANDBOX_SPACES, .capabilities = ~0ull };
	struct sandbox_result result;

	if (!sandbox_held_capabilities())
		test_skip("there are no capabilities to be kept");
	run(&c, &result, look_away);
	test_equal(result.tier, SANDBOX_SELF);
	test_true(result.is_declared);
	test_true(strstr(result.missing, "namespaces") != NULL);
}

/* CALL (with OPTION as its first argument) fails from now on, for children as well. */
static void deny(const char *call, int option)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int number = seccomp_syscall_resolve_name(call);

	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, geteuid() != 0);
	test_equal(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, option >= 0,
				    SCMP_A0(SCMP_CMP_EQ, (uint64_t)option)),
		   0);
	test_equal(seccomp_load(filter), 0);
	seccomp_release(filter);
}

TEST(limits_that_cannot_be_set_are_missing)
{
	struct sandbox_config c = { .tier = SANDBOX_SELF };
	struct sandbox_result result;

	deny("prlimit64", -1);
	deny("setrlimit", -1);
	run(&c, &result, look_away);
	test_true(strstr(result.missing, "limits (") != NULL);
}

TEST(a_host_that_others_may_look_into_says_so)
{
	struct sandbox_config c = { .tier = SANDBOX_SELF };
	struct sandbox_result result;

	if (SANDBOX_INSTRUMENTED)
		test_skip("others may look into an instrumented one");
	deny("prctl", PR_SET_DUMPABLE);
	run(&c, &result, look_away);
	test_true(strstr(result.missing, "hidden") != NULL);
}

static uid_t expected_uid;

static int look_for_uid(void)
{
	EXPECT(geteuid() == expected_uid);
	return 0;
}

TEST(a_user_namespace_that_cannot_be_used_is_not_entered)
{
	struct sandbox_config c = { .tier = SANDBOX_SPACES };
	struct sandbox_result result;

	expected_uid = geteuid();
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
		test_skip("only root can have a /proc that may only be read");
	int line = run(&c, &result, look_for_uid);
	test_equal(result.tier, SANDBOX_SELF);
	test_true(strstr(result.missing, "user namespaces") != NULL);
	if (line)
		test_fail(__FILE__, line, "is another user");
}

/* Where the kernel looks for the terminals that it makes, a namespace has none. */
TEST(who_makes_terminals_stays_outside_of_namespaces)
{
	struct sandbox_config c = { .tier = SANDBOX_SPACES,
				    .paths = { { "/dev/ptmx", SANDBOX_DEVICE } },
				    .n_paths = 1 };
	struct sandbox_result result;

	run(&c, &result, look_away);
	test_equal(result.tier, SANDBOX_SELF);
	test_true(result.is_declared);
	test_true(strstr(result.missing, "terminals") != NULL);
}

/* --- capabilities ---------------------------------------------------------------------------- */

#define NET_ADMIN (1ull << CAP_NET_ADMIN)

static int look_for_net_admin(void)
{
	EXPECT(read_capabilities() == NET_ADMIN);
	return 0;
}

static int look_for_no_capability(void)
{
	EXPECT(read_capabilities() == 0);
	return 0;
}

TEST(a_capability_that_is_held_and_declared_is_kept)
{
	struct sandbox_config c = { .tier = SANDBOX_SPACES, .capabilities = NET_ADMIN };
	struct sandbox_result result;

	if (!(sandbox_held_capabilities() & NET_ADMIN))
		test_skip("there is no capability to be kept");
	int line = run(&c, &result, look_for_net_admin);
	/* In a user namespace it would be worth nothing. */
	test_equal(result.tier, SANDBOX_SELF);
	if (line)
		test_fail(__FILE__, line, "does not hold");
}

/* A user namespace of its own gives all of them. */
TEST(a_capability_that_is_declared_and_not_held_is_not_given)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	test_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(uint32_t)NET_ADMIN;
	data[0].permitted &= ~(uint32_t)NET_ADMIN;
	data[0].inheritable &= ~(uint32_t)NET_ADMIN;
	test_equal(syscall(SYS_capset, &header, data), 0);
	expect(&(struct sandbox_config){ .tier = SANDBOX_SPACES, .capabilities = NET_ADMIN },
	       look_for_no_capability);
}

/* As a unit of systemd, whose filter has no capset. */
TEST(who_has_no_capabilities_need_not_drop_them)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	test_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	test_equal(syscall(SYS_capset, &header, none), 0);
	deny("capset", -1);
	expect(&(struct sandbox_config){ .tier = SANDBOX_SELF }, look_for_no_capability);
}

TEST(names_are_known_or_refused)
{
	test_equal(sandbox_family("netlink"), AF_NETLINK);
	test_equal(sandbox_family("nonsense"), -1);
	test_equal(sandbox_capability("net_admin"), 12);
	test_equal(sandbox_capability("sys_admin"), -1); /* as good as all */
}

TEST(the_environment_may_name_a_lower_tier)
{
	unsetenv("PORTICO_SANDBOX");
	test_equal(sandbox_tier_of_environment(), SANDBOX_SPACES);
	setenv("PORTICO_SANDBOX", "1", true);
	test_equal(sandbox_tier_of_environment(), SANDBOX_SELF);
	setenv("PORTICO_SANDBOX", "0", true);
	test_equal(sandbox_tier_of_environment(), SANDBOX_OFF);
	/* a unit's cannot be had by asking, and nonsense is no way down */
	setenv("PORTICO_SANDBOX", "3", true);
	test_equal(sandbox_tier_of_environment(), SANDBOX_SPACES);
	setenv("PORTICO_SANDBOX", "00", true);
	test_equal(sandbox_tier_of_environment(), SANDBOX_SPACES);
	setenv("PORTICO_SANDBOX", "", true);
	test_equal(sandbox_tier_of_environment(), SANDBOX_SPACES);
}

TEST_MAIN
