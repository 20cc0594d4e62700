/* SPDX-License-Identifier: MIT */
#include "attempts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* One attempt whose result is negative when it failed. */
static bool note(struct probe_result *result, long value)
{
	result->attempts++;
	if (value >= 0)
		result->succeeded++;
	else
		result->error = errno;
	return value >= 0;
}

static void note_fd(struct probe_result *result, int fd)
{
	if (note(result, fd))
		close(fd);
}

/* --- files ------------------------------------------------------------------------------------ */

static void try_read(struct probe_result *result, const char *path)
{
	note_fd(result, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

static void try_create(struct probe_result *result, const char *folder)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/portico-probe-%d", folder, (int)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	note_fd(result, fd);
	if (fd >= 0)
		unlink(path);
	long made = mkdir(path, 0700);
	note(result, made);
	if (!made)
		rmdir(path);
	made = mkfifo(path, 0600);
	note(result, made);
	if (!made)
		unlink(path);
}

static void try_write_bundle(struct probe_result *result, const char *bundle)
{
	char path[512];

	try_create(result, bundle);
	snprintf(path, sizeof(path), "%s/Info.plist", bundle);
	note_fd(result, open(path, O_WRONLY | O_CLOEXEC));
	note_fd(result, open(path, O_RDWR | O_CLOEXEC));
}

static void try_undeclared_device(struct probe_result *result)
{
	static const char *const nodes[] = { "/dev/ptmx", "/dev/kmsg", "/dev/fuse",
					     "/dev/mem",  "/dev/kvm",  "/dev/loop-control",
					     "/dev/tty0", "/dev/tty",  "/dev/net/tun" };

	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		try_read(result, nodes[i]);
}

static void try_list_processes(struct probe_result *result)
{
	DIR *folder = opendir("/proc");
	struct dirent *d;
	long others = 0;

	while (folder && (d = readdir(folder)))
		others += atoi(d->d_name) > 0 && atoi(d->d_name) != getpid();
	if (folder)
		closedir(folder);
	note(result, others ? 0 : -1);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static void try_socket(struct probe_result *result, int family, int type)
{
	note_fd(result, socket(family, type | SOCK_CLOEXEC, 0));
}

/* With a socket of our own, with those that we may have, and as a datagram. */
static void try_connect(struct probe_result *result, const char *name, bool is_abstract)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t size;

	snprintf(to.sun_path + is_abstract, sizeof(to.sun_path) - is_abstract, "%s", name);
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + is_abstract + strlen(name));
	for (size_t i = 0; i < 3; i++) {
		int pair[2] = { -1, -1 }, fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0);

		if (fd < 0 && !socketpair(AF_UNIX, types[i] | SOCK_CLOEXEC, 0, pair))
			fd = pair[0];
		note(result, fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to, size));
		if (types[i] == SOCK_DGRAM)
			note(result, fd < 0 ? -1
					    : sendto(fd, "", 1, MSG_NOSIGNAL,
						     (struct sockaddr *)&to, size));
		if (fd >= 0)
			close(fd);
		if (pair[1] >= 0)
			close(pair[1]);
	}
}

/* --- processes and threads -------------------------------------------------------------------- */

static void try_exec(struct probe_result *result, const char *program)
{
	char *const arguments[] = { (char *)program, (char *)"-c", (char *)"exit 7", NULL };
	char *const none[] = { NULL };

	/* If it succeeds, the caller hears that this process has gone. */
	note(result, execve(program, arguments, none));
	note(result, syscall(SYS_execveat, AT_FDCWD, program, arguments, none, 0));
}

static void try_fork(struct probe_result *result)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (note(result, pid))
		waitpid(pid, NULL, 0);
	/* below the C library */
	long clone = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (clone == 0)
		syscall(SYS_exit_group, 0);
	if (note(result, clone))
		waitpid((pid_t)clone, NULL, 0);
}

static void *wait_for(void *context)
{
	pthread_mutex_lock(context);
	pthread_mutex_unlock(context);
	return NULL;
}

static unsigned make_threads(struct probe_result *result, unsigned n)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	pthread_t *threads = calloc(n, sizeof(*threads));
	pthread_attr_t small;
	unsigned made = 0;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_mutex_lock(&gate);
	while (threads && made < n) {
		int error = pthread_create(&threads[made], &small, wait_for, &gate);

		if (error)
			result->error = error;
		if (error)
			break;
		made++;
	}
	pthread_mutex_unlock(&gate);
	for (unsigned i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&small);
	free(threads);
	return made;
}

static void try_thread(struct probe_result *result)
{
	note(result, make_threads(result, 1) == 1 ? 0 : -1);
}

static void try_kill(struct probe_result *result, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), fd = dup(0);
	union sigval value = { 0 };

	note(result, kill(pid, 0));
	note(result, sigqueue(pid, 0, value));
	note(result, syscall(SYS_tkill, pid, 0));
	note(result, syscall(SYS_tgkill, pid, pid, 0));
	note(result, pidfd < 0 ? -1 : syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
	note(result, fcntl(fd, F_SETOWN, pid));
	close(fd);
	if (pidfd >= 0)
		close(pidfd);
}

static void try_each(struct probe_result *result, const struct probe_targets *targets,
		     void (*attempt)(struct probe_result *, pid_t))
{
	attempt(result, targets->registry);
	attempt(result, targets->host);
}

static void try_ptrace(struct probe_result *result, pid_t pid)
{
	if (note(result, ptrace(PTRACE_SEIZE, pid, NULL, NULL)))
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

static void try_memory_file(struct probe_result *result, pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	try_read(result, path);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	try_read(result, path);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	try_read(result, path);
}

static void try_memory_call(struct probe_result *result, pid_t pid)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { (void *)try_memory_call, 1 };
	ssize_t n = process_vm_readv(pid, &to, 1, &from, 1, 0);

	/* A wrong address is a call that was let through. */
	note(result, n < 0 && errno == EFAULT ? 0 : n);
	n = process_vm_writev(pid, &to, 1, &from, 1, 0);
	note(result, n < 0 && errno == EFAULT ? 0 : n);
}

static void try_take_descriptor(struct probe_result *result, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	note_fd(result, pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0));
	if (pidfd >= 0)
		close(pidfd);
}

/* --- the system ------------------------------------------------------------------------------- */

static void try_namespace(struct probe_result *result)
{
	note(result, unshare(CLONE_NEWUSER));
	note(result, unshare(CLONE_NEWNS));
	int own = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	note(result, setns(own, CLONE_NEWUSER));
	if (own >= 0)
		close(own);
}

static void try_kernel_code(struct probe_result *result)
{
	struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(event) };
	uint64_t attributes[16] = { 1 | (uint64_t)4 << 32, (uint64_t)1 << 32 | 4 };

	note_fd(result, (int)syscall(SYS_bpf, 0, attributes, sizeof(attributes)));
	note_fd(result, (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
}

static void try_rings(struct probe_result *result)
{
	char parameters[256] = { 0 };

	note_fd(result, (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1));
	note_fd(result, (int)syscall(SYS_io_uring_setup, 1, parameters));
}

static void try_keys(struct probe_result *result)
{
	note(result, syscall(SYS_add_key, "user", "portico-probe", "x", 1, -2));
	note(result, syscall(SYS_keyctl, 0, -2, 0));
	note(result, syscall(SYS_request_key, "user", "portico-probe", NULL, -2));
}

static void try_priority(struct probe_result *result)
{
	struct sched_param first = { .sched_priority = 1 };
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_max++;
	note(result, setrlimit(RLIMIT_NOFILE, &files));
	note(result, setrlimit(RLIMIT_CORE, &(struct rlimit){ 1 << 20, 1 << 20 }));
	note(result, setpriority(PRIO_PROCESS, 0, -5));
	note(result, sched_setscheduler(0, SCHED_FIFO, &first));
}

static void try_privileges(struct probe_result *result)
{
	note(result, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? -1 : 0);
	note(result, syscall(SYS_setresuid, 0, 0, 0));
	try_exec(result, "/bin/su");
}

static void try_executable(struct probe_result *result)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	note(result, page == MAP_FAILED ? -1 : 0);
	if (page == MAP_FAILED)
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	note(result, page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC));
	if (page != MAP_FAILED)
		munmap(page, 4096);
}

static void try_excess(struct probe_result *result)
{
	void *memory =
		mmap(NULL, 1ull << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	note(result, memory == MAP_FAILED ? -1 : 0);
	if (memory != MAP_FAILED)
		munmap(memory, 1ull << 30);
	/* The kernel does not count the threads of root. */
	if (geteuid() != 0)
		note(result, make_threads(result, 1000) == 1000 ? 0 : -1);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static bool is_documented(const char *target)
{
	static const char *const kinds[] = {
		"socket:[",  "anon_inode:[eventpoll]", "anon_inode:[eventfd]",
		"/dev/null", "anon_inode:[timerfd]",   "/memfd:portico",
		"/dev/zero"
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strncmp(target, kinds[i], strlen(kinds[i])))
			return true;
	return false;
}

static void try_descriptors(struct probe_result *result)
{
	/* 2 is where the session's messages go, whatever that is. */
	for (int fd = 0; fd < 1024; fd++) {
		char path[64], target[256];

		if (fd == 2 || fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = 0;
		errno = EBADF;
		if (!note(result, is_documented(target) ? -1 : 0))
			continue;
		fprintf(stderr, "Probe: descriptor %d is %s\n", fd, target);
	}
}

/* As a process with another number would say it; our own connection is the only way there. Or, to the next
 * registry, as another host: what the entry IDs' proofs are made from. */
static void try_pretending(struct probe_result *result, const struct probe_targets *targets)
{
	struct ucred who = { targets->client, geteuid(), getegid() };
	char control[CMSG_SPACE(sizeof(who))] = { 0 }, byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	char path[300];
	int pair[2];

	snprintf(path, sizeof(path), "%s/registry.sock", targets->runtime);
	try_connect(result, path, false);
	snprintf(path, sizeof(path), "%s/registry.sock.hosts/.@key", targets->runtime);
	try_read(result, path);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(who));
	memcpy(CMSG_DATA(c), &who, sizeof(who));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return;
	note(result, sendmsg(pair[0], &message, MSG_NOSIGNAL));
	close(pair[0]);
	close(pair[1]);
}

/* --- by number -------------------------------------------------------------------------------- */

static bool try_files(uint64_t number, const struct probe_targets *t, struct probe_result *result)
{
	const char *const folders[] = { t->runtime, "/tmp", t->home };
	const char *const reads[] = { "/etc/passwd", t->home, t->policy, t->other_bundle };

	if (number >= 1 && number <= 4)
		try_read(result, reads[number - 1]);
	else if (number >= 5 && number <= 7)
		try_create(result, folders[number - 5]);
	else if (number == 8)
		try_write_bundle(result, t->bundle);
	else if (number == 31)
		try_undeclared_device(result);
	else if (number == 32)
		note_fd(result, open("/dev/full", O_RDWR | O_CLOEXEC));
	else if (number == 33)
		try_list_processes(result);
	else
		return false;
	return true;
}

static bool try_processes(uint64_t number, const struct probe_targets *t,
			  struct probe_result *result)
{
	const pid_t pids[] = { t->registry, t->host, t->client };

	if (number == 15)
		try_exec(result, "/bin/sh");
	else if (number == 16)
		try_fork(result);
	else if (number == 17)
		try_thread(result);
	else if (number >= 18 && number <= 20)
		try_kill(result, pids[number - 18]);
	else if (number == 21)
		note(result, kill(0, 0)), note(result, kill(-1, 0)),
			note(result, killpg(getpgrp(), 0));
	else if (number == 22)
		try_each(result, t, try_ptrace);
	else if (number == 23)
		try_each(result, t, try_memory_file);
	else if (number == 24)
		try_each(result, t, try_memory_call);
	else if (number == 25)
		try_each(result, t, try_take_descriptor);
	else
		return false;
	return true;
}

static bool try_system(uint64_t number, struct probe_result *result)
{
	if (number == 26)
		try_namespace(result);
	else if (number == 27)
		note(result, mount("none", "/tmp", "tmpfs", 0, NULL));
	else if (number == 28)
		note(result, syscall(SYS_pivot_root, "/tmp", "/tmp"));
	else if (number == 29)
		try_kernel_code(result);
	else if (number == 30)
		try_rings(result);
	else if (number == 34)
		try_keys(result);
	else if (number == 35)
		try_priority(result);
	else if (number == 36)
		try_privileges(result);
	else if (number == 37)
		try_executable(result);
	else if (number == 38)
		try_excess(result);
	else if (number == 39)
		try_descriptors(result);
	else
		return false;
	return true;
}

bool probe_try(uint64_t number, const struct probe_targets *targets, struct probe_result *result)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_NETLINK, AF_PACKET };
	static const int types[] = { SOCK_STREAM, SOCK_STREAM, SOCK_RAW, SOCK_RAW };

	if (number >= 9 && number <= 12)
		try_socket(result, families[number - 9], types[number - 9]);
	else if (number == 13 || number == 14)
		try_connect(result, number == 13 ? targets->named : targets->abstract,
			    number == 14);
	else if (number == 40)
		try_pretending(result, targets);
	else
		return try_files(number, targets, result) ||
		       try_processes(number, targets, result) || try_system(number, result);
	return true;
}
