// SPDX-License-Identifier: MIT
#include "registry/subject.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scope.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* The process that connected, not one that got its number later; kernels before 6.5 can only say what
 * has the number now. */
static int open_process(int socket, pid_t pid)
{
	int fd = -1;
	socklen_t size = sizeof(fd);

	if (!getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &fd, &size))
		return fd;
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static bool has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return pidfd < 0 || poll(&p, 1, 0) != 0;
}

static void read_groups(int socket, struct registry_subject *subject)
{
	socklen_t size = sizeof(subject->groups);

	if (!getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, subject->groups, &size))
		subject->n_groups = size / sizeof(gid_t);
}

static void read_audit_session(pid_t pid, struct registry_subject *subject)
{
	char path[64], text[16] = "";
	char *end;

	snprintf(path, sizeof(path), "/proc/%d/sessionid", (int)pid);
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return;
	unsigned long session = strtoul(text, &end, 10);
	if (end == text || session >= UINT_MAX) /* all ones: none */
		return;
	subject->audit_session = (unsigned)session;
	subject->has_audit_session = true;
}

static void read_executable(pid_t pid, struct registry_subject *subject)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	subject->device = st.st_dev;
	subject->inode = st.st_ino;
	subject->has_executable = true;
}

err_t registry_subject_capture(int socket, struct registry_subject *ret_subject)
{
	struct registry_subject subject = { .n_groups = 0 };
	err_t err = fd_peer(socket, &subject.who);

	if (err)
		return err;
	scope_fd int pidfd = open_process(socket, subject.who.pid);
	read_groups(socket, &subject);
	read_executable(subject.who.pid, &subject);
	read_audit_session(subject.who.pid, &subject);
	/* If it ended meanwhile, /proc may have told of another. */
	if (has_ended(pidfd))
		subject.has_executable = subject.has_audit_session = false;
	*ret_subject = subject;
	return 0;
}
