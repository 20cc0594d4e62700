// SPDX-License-Identifier: MIT
#include "registry/subject.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scope.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* --- the process ------------------------------------------------------------------------ */

/* The process that connected, not one that got its number later. Kernels before 6.5 do not know this
 * option: -ENOPROTOOPT. Other errors: it is gone. */
static err_t open_process(int socket, int *ret_fd)
{
	socklen_t size = sizeof(*ret_fd);

	return getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, ret_fd, &size) ? err_from_errno() : 0;
}

/* One that has been reaped still has a descriptor on newer kernels; it counts as ended too. */
static err_t check_process(int process)
{
	struct pollfd p = { .fd = process, .events = POLLIN };

	return process < 0 || poll(&p, 1, 0) != 0 ? -ESRCH : 0;
}

err_t registry_subject_check(const struct registry_subject *subject, int socket)
{
	scope_fd int process = -1;
	err_t err;

	if (subject->process >= 0)
		return check_process(subject->process);
	err = open_process(socket, &process);
	if (err)
		return err == -EMFILE || err == -ENFILE || err == -ENOMEM ? err : -ESRCH;
	return check_process(process);
}

void registry_subject_kill(const struct registry_subject *subject, int socket)
{
	scope_fd int own = -1;
	int process = subject->process;

	if (process < 0 && !open_process(socket, &own))
		process = own;
	if (process >= 0)
		syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
}

/* --- groups and label ------------------------------------------------------------------------ */

static void read_groups(int socket, struct registry_subject *subject)
{
	socklen_t size = sizeof(subject->groups);

	if (!getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, subject->groups, &size))
		subject->n_groups = size / sizeof(gid_t);
	else
		subject->unknown |= REGISTRY_SUBJECT_GROUPS;
}

/* AppArmor adds the mode: "name (enforce)". */
void registry_subject_set_label(struct registry_subject *subject, const char *text)
{
	size_t n = strcspn(text, " \n");

	if (n && !(subject->label = strndup(text, n)))
		subject->unknown |= REGISTRY_SUBJECT_LABEL;
}

static void read_label(int socket, struct registry_subject *subject)
{
	char label[REGISTRY_SUBJECT_TEXT_MAX + 1] = "";
	socklen_t size = sizeof(label) - 1;

	if (!getsockopt(socket, SOL_SOCKET, SO_PEERSEC, label, &size))
		registry_subject_set_label(subject, label);
	else if (errno != ENOPROTOOPT)
		subject->unknown |= REGISTRY_SUBJECT_LABEL;
}

/* --- unit and application ---------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n > k && !strcmp(text + n - k, end);
}

/* The next component of *PATH that is no slice, without what escapes it; false: there is none. */
static bool next_unit(const char **path, char *unit)
{
	for (;;) {
		*path += strspn(*path, "/");
		size_t n = strcspn(*path, "/");
		const char *from = *path + (**path == '_');

		if (!n || n > REGISTRY_SUBJECT_TEXT_MAX)
			return false;
		snprintf(unit, REGISTRY_SUBJECT_TEXT_MAX + 1, "%.*s", (int)(*path + n - from),
			 from);
		*path += n;
		if (!ends_with(unit, ".slice"))
			return true;
	}
}

/* "\x2d" is how a dash is written inside an identifier. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		unsigned byte;

		if (from[0] == '\\' && from[1] == 'x' && sscanf(from + 2, "%2x", &byte) == 1 &&
		    byte > ' ' && byte < 127) {
			*to++ = (char)byte;
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = 0;
}

/* app[-LAUNCHER]-ID[@RANDOM].service, app[-LAUNCHER]-ID-RANDOM.scope */
static void read_app(char *unit, char *ret_app)
{
	bool is_scope = ends_with(unit, ".scope");
	char *dash;

	if (strncmp(unit, "app-", 4) || (!is_scope && !ends_with(unit, ".service")))
		return;
	*strrchr(unit, '.') = 0;
	if (is_scope && (dash = strrchr(unit + 4, '-')))
		*dash = 0;
	unit[strcspn(unit, "@")] = 0;
	strcpy(ret_app, strrchr(unit, '-') + 1);
	unescape(ret_app);
}

/* Where the service manager keeps its groups: the unified hierarchy or its own one. */
static const char *find_path(const char *text)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *name = strchr(line, ':');

		if (name && (!strncmp(name, "::", 2) || !strncmp(name, ":name=systemd:", 14)))
			return strchr(name + 1, ':') + 1;
	}
	return NULL;
}

/* False: it is outside of the control groups that we are shown (cgroup_namespaces(7)), whatever it is there. */
static bool find_unit(const char *text, char *ret_unit, char *ret_app)
{
	char path[4096], own[REGISTRY_SUBJECT_TEXT_MAX + 1];
	const char *found = find_path(text), *rest = path;

	*ret_unit = *ret_app = 0;
	if (!found)
		return true;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(found, "\n"), found);
	if (!next_unit(&rest, own))
		return true;
	if (!strcmp(own, ".."))
		return false;
	if (!ends_with(own, ".service") && !ends_with(own, ".scope"))
		return true;
	strcpy(ret_unit, own);
	/* What is below belongs to the user, who may call it what he likes. */
	if (!strncmp(own, "user@", 5) && next_unit(&rest, own))
		read_app(own, ret_app);
	return true;
}

void registry_subject_set_unit(struct registry_subject *subject, const char *text)
{
	char unit[REGISTRY_SUBJECT_TEXT_MAX + 1], app[REGISTRY_SUBJECT_TEXT_MAX + 1];

	if (!find_unit(text, unit, app) || (unit[0] && !(subject->unit = strdup(unit))) ||
	    (app[0] && !(subject->app = strdup(app))))
		subject->unknown |= REGISTRY_SUBJECT_UNIT;
}

static void read_unit(pid_t pid, struct registry_subject *subject)
{
	char path[64], text[8192];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0 || n == (ssize_t)sizeof(text) - 1) {
		subject->unknown |= REGISTRY_SUBJECT_UNIT;
		return;
	}
	text[n] = 0;
	registry_subject_set_unit(subject, text);
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

/* --- all of it ------------------------------------------------------------------------------- */

/* What /proc says of the number may be of another process, if ours ended meanwhile. */
static void forget_process(struct registry_subject *subject)
{
	free(take_ptr(subject->unit));
	free(take_ptr(subject->app));
	subject->unknown |= REGISTRY_SUBJECT_UNIT;
	subject->has_audit_session = false;
}

err_t registry_subject_capture(int socket, struct registry_subject *ret_subject)
{
	struct registry_subject subject = { .process = -1 };
	err_t err = fd_peer(socket, &subject.who);
	scope_fd int process = -1;

	if (err)
		return err;
	if (open_process(socket, &process) == -ENOPROTOOPT)
		subject.process = (int)syscall(SYS_pidfd_open, subject.who.pid, 0);
	read_groups(socket, &subject);
	read_label(socket, &subject);
	read_unit(subject.who.pid, &subject);
	read_audit_session(subject.who.pid, &subject);
	if (check_process(subject.process >= 0 ? subject.process : process))
		forget_process(&subject);
	*ret_subject = subject;
	return 0;
}

void registry_subject_fini(struct registry_subject *subject)
{
	free(take_ptr(subject->label));
	free(take_ptr(subject->unit));
	free(take_ptr(subject->app));
	subject->process = fd_close(subject->process);
}
