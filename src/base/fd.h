// SPDX-License-Identifier: MIT
/*
 * Descriptors: close-on-exec from birth, per-call non-blocking operation (a
 * peer that shares an open file could switch O_NONBLOCK off), socket pairs and
 * the identity of a peer.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"

struct fd_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

/* Close if valid; returns -1. errno is preserved. */
int fd_close(int fd);
/* FD, or where a program has closed standard descriptors the same at another number, so that what it prints does not
 * get into our sockets. */
int fd_raise(int fd);
/* Programs of ours, at their start: whichever of 0 to 2 is closed becomes /dev/null. */
void fd_fill_standard(void);
err_t fd_dup(int fd, int *ret_fd);
/* A connected SOCK_SEQPACKET pair. */
err_t fd_socketpair(int ret_fds[2]);
/* Listen at PATH (at most 107 bytes). Refuses to replace a live socket (-EADDRINUSE) and whatever is no
 * socket of ours (-EEXIST). */
err_t fd_listen(const char *path, int *ret_fd);
/* -ENOENT or -ECONNREFUSED when nobody listens, -ENAMETOOLONG. */
err_t fd_connect(const char *path, int *ret_fd);
/* The same for who cannot wait longer than MS while too many others wait there: -ETIMEDOUT. */
err_t fd_connect_within(const char *path, unsigned ms, int *ret_fd);
err_t fd_accept(int listener, int *ret_fd);
/* Who connected (captured by the kernel at connect or socketpair time). */
err_t fd_peer(int socket, struct fd_peer *ret_peer);
/* SOCKET is the server's end of a connection: it gets a name, as those have that were accepted, by which others can
 * tell it. */
void fd_mark(int socket);
/* The other end of SOCKET is a server's. */
bool fd_has_marked_peer(int socket);
/* Whether descriptors may come in through SOCKET, which sockets accepted from it inherit. Where they may
 * not, who sends some has an error. No effect before Linux 6.16. */
void fd_pass_rights(int socket, bool wanted);
/* What was sent through SOCKET is still unread at the other end. */
bool fd_has_unread(int socket);
/* True when the other end of a socket has gone. Does not consume data. */
bool fd_is_hung_up(int socket);
/* False also when the number is another file's by now, or nobody's. */
bool fd_is_peer_there(int socket);
/* ppoll without a signal mask. A program that may have no more descriptors than it has (RLIMIT_NOFILE) may not poll them
 * either: then this takes some time, no more than TIMEOUT, and it is unknown which are ready (EINVAL). */
int fd_poll(struct pollfd *fds, nfds_t n, const struct timespec *timeout);
/* ERROR of a call on a socket says that it leads nowhere (any more). A program may have closed descriptors that are not
 * its own, and the socket with them. */
bool fd_is_end(int error);
