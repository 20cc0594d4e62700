// SPDX-License-Identifier: MIT
/*
 * Who a peer is: what the kernel says of the process that connected, taken when
 * it connected. Nothing here comes from the peer's own words, and nothing that
 * decides can be changed by what it runs later: no path, no name, no number of
 * the process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/fd.h"

enum { REGISTRY_SUBJECT_GROUPS_MAX = 64, REGISTRY_SUBJECT_TEXT_MAX = 255 };

/* What could not be found out, so that a denial must hold and a permission must not. */
enum {
	REGISTRY_SUBJECT_GROUPS = 1, /* there are more than the maximum */
	REGISTRY_SUBJECT_LABEL = 2,
	REGISTRY_SUBJECT_UNIT = 4, /* unit and app */
};

struct registry_subject {
	struct fd_peer who; /* the number of the process is shown and never decides */
	gid_t groups[REGISTRY_SUBJECT_GROUPS_MAX]; /* supplementary ones */
	size_t n_groups;
	char *label;	  /* of the security module; NULL: none */
	char *unit;	  /* of the system's service manager; NULL: none */
	char *app;	  /* what the user's service manager started it as; NULL: none */
	unsigned unknown; /* REGISTRY_SUBJECT_* */
	int process;	  /* -1: the socket itself can tell whether the process lives */
	unsigned audit_session;
	bool has_audit_session; /* it belongs to a login */
};

/* Fill RET_SUBJECT for the process at the other end of SOCKET. */
err_t registry_subject_capture(int socket, struct registry_subject *ret_subject);
void registry_subject_fini(struct registry_subject *subject);
/* Is the process that connected through SOCKET still there? -ESRCH: it has gone; other errors: there was
 * no descriptor, or no memory, to find out. */
err_t registry_subject_check(const struct registry_subject *subject, int socket);
/* End that process, by force. */
void registry_subject_kill(const struct registry_subject *subject, int socket);

/* What capturing makes of the security module's TEXT, and of TEXT in /proc/PID/cgroup: the system's unit and
 * the application. */
void registry_subject_set_label(struct registry_subject *subject, const char *text);
void registry_subject_set_unit(struct registry_subject *subject, const char *text);
