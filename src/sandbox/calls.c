// SPDX-License-Identifier: MIT
/*
 * The filters of system calls, by libseccomp. What is not named here is refused
 * with EPERM. Names that libseccomp does not know on this machine are passed
 * over: they stay refused. Rules of the kind "always" cost nothing at each
 * call (the kernel keeps them as a bitmap); those that look at arguments do.
 */
#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/sandbox_internal.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const always[] = {
	/* memory; mmap and mprotect see below */
	"brk",
	"madvise",
	"membarrier",
	"mincore",
	"mlock",
	"mlock2",
	"mremap",
	"mseal",
	"msync",
	"munlock",
	"munmap",
	/* files that are open, and what may be asked about any */
	"access",
	"close",
	"close_range",
	"dup",
	"dup2",
	"dup3",
	"faccessat",
	"faccessat2",
	"fadvise64",
	"fallocate",
	"fdatasync",
	"fstat",
	"fstatfs",
	"fsync",
	"ftruncate",
	"getcwd",
	"getdents",
	"getdents64",
	"lseek",
	"lstat",
	"newfstatat",
	"pread64",
	"preadv",
	"preadv2",
	"pwrite64",
	"pwritev",
	"pwritev2",
	"read",
	"readlink",
	"readlinkat",
	"readv",
	"stat",
	"statfs",
	"statx",
	"write",
	"writev",
	/* waiting */
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"eventfd",
	"eventfd2",
	"memfd_create",
	"pipe",
	"pipe2",
	"poll",
	"ppoll",
	"pselect6",
	"select",
	"signalfd",
	"signalfd4",
	"timerfd_create",
	"timerfd_gettime",
	"timerfd_settime",
	/* sockets that are there */
	"accept",
	"accept4",
	"getpeername",
	"getsockname",
	"getsockopt",
	"recvfrom",
	"recvmmsg",
	"recvmsg",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shutdown",
	/* threads */
	"arch_prctl",
	"exit",
	"exit_group",
	"futex",
	"futex_wait",
	"futex_waitv",
	"futex_wake",
	"get_robust_list",
	"getcpu",
	"gettid",
	"restart_syscall",
	"rseq",
	"sched_yield",
	"set_robust_list",
	"set_tid_address",
	/* signals: own handlers; sending see below */
	"pause",
	"rt_sigaction",
	"rt_sigpending",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigsuspend",
	"rt_sigtimedwait",
	"sigaltstack",
	/* time */
	"alarm",
	"clock_getres",
	"clock_gettime",
	"clock_nanosleep",
	"getitimer",
	"gettimeofday",
	"nanosleep",
	"setitimer",
	"time",
	"timer_create",
	"timer_delete",
	"timer_getoverrun",
	"timer_gettime",
	"timer_settime",
	"times",
	/* about itself */
	"getegid",
	"geteuid",
	"getgid",
	"getgroups",
	"getpgrp",
	"getpid",
	"getppid",
	"getrandom",
	"getresgid",
	"getresuid",
	"getrlimit",
	"getrusage",
	"getuid",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"sysinfo",
	"umask",
	"uname",
};

/* With paths that may be written: Landlock says which. Neither mode nor owner can be changed: that
 * Landlock does not govern. */
static const char *const writing[] = {
	"creat",     "flock", "link",	 "linkat",    "mkdir",	  "mkdirat", "rename",	 "renameat",
	"renameat2", "rmdir", "symlink", "symlinkat", "truncate", "unlink",  "unlinkat",
};

/* Address and thread sanitizers look at their own process, and start a symbolizer. */
static const char *const instrumented[] = {
	"clone",
	"execve",
	"fork",
	"kill",
	"mkdir",
	"mkdirat",
	"mmap",
	"mprotect",
	"open",
	"openat",
	"personality",
	"prctl",
	"prlimit64",
	"process_vm_readv",
	"ptrace",
	"rename",
	"sched_getaffinity",
	"setrlimit",
	"tgkill",
	"tkill",
	"unlink",
	"vfork",
	"wait4",
	"waitid",
};

struct filter {
	scmp_filter_ctx context;
	int error; /* the first one, negative */
};

static void note(struct filter *f, int result)
{
	if (result < 0 && !f->error)
		f->error = result;
}

/* COMPARE of N arguments must all hold. */
static void rule(struct filter *f, uint32_t action, const char *name, unsigned n,
		 const struct scmp_arg_cmp *compare)
{
	int call = seccomp_syscall_resolve_name(name);

	if (call != __NR_SCMP_ERROR)
		note(f, seccomp_rule_add_array(f->context, action, call, n, compare));
}

#define ALLOW_IF(f, name, ...) \
	rule(f, SCMP_ACT_ALLOW, name, \
	     sizeof((struct scmp_arg_cmp[]){ __VA_ARGS__ }) / sizeof(struct scmp_arg_cmp), \
	     (const struct scmp_arg_cmp[]){ __VA_ARGS__ })

static void allow_all(struct filter *f, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rule(f, SCMP_ACT_ALLOW, names[i], 0, NULL);
}

static void allow_each(struct filter *f, const char *name, unsigned argument,
		       const uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ALLOW_IF(f, name, SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, 0xffffffff, values[i]));
}

/* Threads, no processes and no namespaces. clone3 has its flags in memory, where a filter cannot look:
 * the C library takes clone where there is none. */
static void allow_threads(struct filter *f)
{
	const uint64_t looked_at = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_NEWNS |
				   CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
				   CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE | CLONE_VFORK;
	const uint64_t wanted = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;

	ALLOW_IF(f, "clone", SCMP_CMP(0, SCMP_CMP_MASKED_EQ, looked_at, wanted));
	rule(f, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

/* To this process and no other: neither signals nor priorities. A descriptor's owner (F_SETOWN and the
 * requests of ioctl) would be a way to send signals, too. */
static void allow_itself(struct filter *f)
{
	static const uint64_t fcntl_commands[] = {
		F_DUPFD,      F_DUPFD_CLOEXEC, F_GETFD,	    F_SETFD,	  F_GETFL, F_SETFL,
		F_GETPIPE_SZ, F_SETPIPE_SZ,    F_ADD_SEALS, F_GET_SEALS,  F_GETLK, F_SETLK,
		F_SETLKW,     F_OFD_GETLK,     F_OFD_SETLK, F_OFD_SETLKW,
	};
	static const uint64_t prctl_options[] = { PR_SET_NAME,	       PR_GET_NAME,
						  PR_SET_VMA,	       PR_GET_TIMERSLACK,
						  PR_SET_TIMERSLACK,   PR_GET_DUMPABLE,
						  PR_GET_NO_NEW_PRIVS, PR_CAPBSET_READ,
						  PR_GET_SECCOMP };
	static const char *const senders[] = { "kill", "tgkill", "rt_sigqueueinfo",
					       "rt_tgsigqueueinfo" };
	static const char *const questions[] = { "getpgid",	     "getsid",
						 "getpriority",	     "sched_getaffinity",
						 "sched_getparam",   "sched_getscheduler",
						 "sched_setaffinity" };
	uint64_t self = (uint64_t)getpid();

	for (size_t i = 0; i < N_OF(senders); i++)
		allow_each(f, senders[i], 0, &self, 1);
	for (size_t i = 0; i < N_OF(questions); i++)
		allow_each(f, questions[i], !strcmp(questions[i], "getpriority"), &(uint64_t){ 0 },
			   1);
	allow_each(f, "sched_getaffinity", 0, &self, 1);
	allow_each(f, "fcntl", 1, fcntl_commands, N_OF(fcntl_commands));
	allow_each(f, "prctl", 0, prctl_options, N_OF(prctl_options));
	ALLOW_IF(f, "prlimit64", SCMP_CMP(0, SCMP_CMP_MASKED_EQ, 0xffffffff, 0),
		 SCMP_CMP(2, SCMP_CMP_EQ, 0));
}

/* Datagram sockets can be sent to any name, connected or not; the others cannot. */
static void allow_sockets(struct filter *f, const struct sandbox_config *config)
{
	static const uint64_t types[] = { SOCK_STREAM, SOCK_SEQPACKET };

	for (size_t i = 0; i < N_OF(types); i++)
		ALLOW_IF(f, "socketpair", SCMP_CMP(0, SCMP_CMP_MASKED_EQ, 0xffffffff, AF_UNIX),
			 SCMP_CMP(1, SCMP_CMP_MASKED_EQ, 0xf, types[i]));
	for (uint64_t family = 1; family < 64; family++)
		if (config->families >> family & 1)
			allow_each(f, "socket", 0, &family, 1);
	if (config->families) {
		rule(f, SCMP_ACT_ALLOW, "bind", 0, NULL);
		rule(f, SCMP_ACT_ALLOW, "connect", 0, NULL);
	}
}

static bool declares(const struct sandbox_config *config, enum sandbox_access access)
{
	for (size_t i = 0; i < config->n_paths; i++)
		if (config->paths[i].access == access)
			return true;
	return false;
}

static void allow_files(struct filter *f, const struct sandbox_config *config)
{
	static const uint64_t requests
		[] = { TCGETS,	TIOCGWINSZ, FIONREAD, FIONBIO,
		       FIOCLEX, FIONCLEX,   TIOCOUTQ /* SIOCOUTQ as well: what is unread */ };

	if (declares(config, SANDBOX_WRITE))
		allow_all(f, writing, N_OF(writing));
	rule(f, SCMP_ACT_ALLOW, "open", 0, NULL);
	rule(f, SCMP_ACT_ALLOW, "openat", 0, NULL);
	if (declares(config, SANDBOX_DEVICE) || config->families)
		rule(f, SCMP_ACT_ALLOW, "ioctl", 0, NULL); /* a device's own have any number */
	else
		allow_each(f, "ioctl", 1, requests, N_OF(requests));
}

/* No mapping is writable and executable, nor becomes executable that was something else, and none
 * without a file is executable at all. Files are mapped executable at any time, as libraries are, and a
 * filter cannot see which: a memory file that the driver has filled is one of them. */
static void allow_memory(struct filter *f, const struct sandbox_config *config)
{
	if (config->executable) {
		rule(f, SCMP_ACT_ALLOW, "mmap", 0, NULL);
		rule(f, SCMP_ACT_ALLOW, "mprotect", 0, NULL);
		rule(f, SCMP_ACT_ALLOW, "pkey_mprotect", 0, NULL);
		return;
	}
	ALLOW_IF(f, "mmap", SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	ALLOW_IF(f, "mmap", SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
		 SCMP_CMP(3, SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0));
	ALLOW_IF(f, "mprotect", SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	ALLOW_IF(f, "pkey_mprotect", SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static void fill_allowed(struct filter *f, const struct sandbox_config *config)
{
	allow_all(f, always, N_OF(always));
	allow_threads(f);
	allow_itself(f);
	allow_sockets(f, config);
	allow_files(f, config);
	allow_memory(f, config);
	if (config->processes)
		rule(f, SCMP_ACT_ALLOW, "pidfd_open", 0, NULL);
	if (SANDBOX_INSTRUMENTED)
		allow_all(f, instrumented, N_OF(instrumented));
}

static void refuse(struct filter *f, int error, const char *name, unsigned argument, uint64_t mask,
		   uint64_t value)
{
	rule(f, SCMP_ACT_ERRNO(error), name, 1,
	     &SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value));
}

/* Opening to change anything. Landlock decides which files may be; where nothing may, and where there
 * is no Landlock, this refuses all. */
static void refuse_changes(struct filter *f)
{
	static const char *const names[] = { "open", "openat" };
	static const uint64_t flags[] = { O_CREAT, O_TRUNC, O_TMPFILE & ~O_DIRECTORY };
	static const uint64_t modes[] = { O_WRONLY, O_RDWR, O_ACCMODE };

	for (unsigned n = 0; n < N_OF(names); n++) {
		for (size_t i = 0; i < N_OF(flags); i++)
			refuse(f, EACCES, names[n], n + 1, flags[i], flags[i]);
		for (size_t i = 0; i < N_OF(modes); i++)
			refuse(f, EACCES, names[n], n + 1, O_ACCMODE, modes[i]);
	}
}

/* Nor can the mode be had with a new file that chmod would not give: whoever else may reach a declared
 * folder could run a program there with the rights of the session's owner. */
static void refuse_set_id(struct filter *f)
{
	static const char *const names[] = { "open", "openat" };
	static const uint64_t flags[] = { O_CREAT, O_TMPFILE & ~O_DIRECTORY };
	static const uint64_t modes[] = { S_ISUID, S_ISGID };

	for (size_t m = 0; m < N_OF(modes); m++) {
		refuse(f, EPERM, "creat", 1, modes[m], modes[m]);
		for (unsigned n = 0; n < N_OF(names); n++)
			for (size_t i = 0; i < N_OF(flags); i++)
				rule(f, SCMP_ACT_ERRNO(EPERM), names[n], 2,
				     (const struct scmp_arg_cmp[]){
					     SCMP_CMP(n + 1, SCMP_CMP_MASKED_EQ, flags[i],
						      flags[i]),
					     SCMP_CMP(n + 2, SCMP_CMP_MASKED_EQ, modes[m],
						      modes[m]) });
	}
}

/* What is carved out of calls that are allowed. */
static void fill_refused(struct filter *f, const struct sandbox_config *config)
{
	/* They send signals to others, or type into terminals. */
	static const uint64_t requests[] = { TIOCSCTTY, TIOCSPGRP, TIOCSTI,   TIOCLINUX, TIOCSETD,
					     TIOCSIG,	FIOASYNC,  FIOSETOWN, SIOCSPGRP };

	if (declares(config, SANDBOX_DEVICE) || config->families)
		for (size_t i = 0; i < N_OF(requests); i++)
			refuse(f, EPERM, "ioctl", 1, 0xffffffff, requests[i]);
	if (!SANDBOX_INSTRUMENTED && !declares(config, SANDBOX_DEVICE) &&
	    !declares(config, SANDBOX_WRITE))
		refuse_changes(f);
	else
		refuse_set_id(f);
}

typedef void (*fill_fn)(struct filter *f, const struct sandbox_config *config);

static err_t load(uint32_t otherwise, fill_fn fill, const struct sandbox_config *config)
{
	struct filter f = { .context = seccomp_init(otherwise) };

	if (!f.context)
		return -ENOMEM;
	/* Another word size would have other numbers: it is not there. */
	note(&f, seccomp_attr_set(f.context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
	/* A sanitizer has threads before us. */
	note(&f, seccomp_attr_set(f.context, SCMP_FLTATR_CTL_TSYNC, SANDBOX_INSTRUMENTED));
	/* The kernel's own slowing down of speculation would cost more than the filter. */
	note(&f, seccomp_attr_set(f.context, SCMP_FLTATR_CTL_SSB, 1));
	note(&f, seccomp_attr_set(f.context, SCMP_FLTATR_CTL_OPTIMIZE, 2));
	fill(&f, config);
	if (!f.error)
		note(&f, seccomp_load(f.context));
	seccomp_release(f.context);
	return f.error;
}

err_t sandbox_confine_calls(const struct sandbox_config *config)
{
	/* The one that allows comes last: it does not allow another. */
	err_t err = load(SCMP_ACT_ALLOW, fill_refused, config);

	return err ? err : load(SCMP_ACT_ERRNO(EPERM), fill_allowed, config);
}
