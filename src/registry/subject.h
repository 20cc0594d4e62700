// SPDX-License-Identifier: MIT
/*
 * Who a peer is: what the kernel says of the process that connected, taken when
 * it connected. Nothing here comes from the peer's own words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/fd.h"

enum { REGISTRY_SUBJECT_GROUPS_MAX = 64 }; /* further groups are not looked at */

struct registry_subject {
	struct fd_peer who;
	gid_t groups[REGISTRY_SUBJECT_GROUPS_MAX]; /* supplementary ones */
	size_t n_groups;
	bool has_executable; /* its file could be named */
	dev_t device;
	ino_t inode;
	bool has_audit_session; /* it belongs to a login */
	unsigned audit_session;
};

/* Fill RET_SUBJECT for the process at the other end of SOCKET. What cannot be found out is absent. */
err_t registry_subject_capture(int socket, struct registry_subject *ret_subject);
