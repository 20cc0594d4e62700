// SPDX-License-Identifier: MIT
/*
 * Descriptors: close-on-exec from birth, per-call non-blocking operation (a
 * peer that shares an open file could switch O_NONBLOCK off), socket pairs and
 * the identity of a peer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

struct fd_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

/* Close if valid; returns -1. errno is preserved. */
int fd_close(int fd);
err_t fd_dup(int fd, int *ret_fd);
/* A connected SOCK_SEQPACKET pair. */
err_t fd_socketpair(int ret_fds[2]);
/* Listen at PATH (at most 107 bytes). Refuses to replace a live socket: -EADDRINUSE. */
err_t fd_listen(const char *path, int *ret_fd);
/* -ENOENT or -ECONNREFUSED when nobody listens, -ENAMETOOLONG. */
err_t fd_connect(const char *path, int *ret_fd);
err_t fd_accept(int listener, int *ret_fd);
/* Who connected (captured by the kernel at connect or socketpair time). */
err_t fd_peer(int socket, struct fd_peer *ret_peer);
/* True when the other end of a socket has gone. Does not consume data. */
bool fd_is_hung_up(int socket);
