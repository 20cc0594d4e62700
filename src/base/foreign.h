// SPDX-License-Identifier: MIT
/*
 * Descriptors that have come from other processes. To close some takes as long
 * as whoever made them likes (files of their own file systems, SO_LINGER), so a
 * few threads do that, and what waits for them is counted for the user who sent
 * it: who has too much there may not send descriptors. Any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum {
	FOREIGN_THREADS_OF_USER = 4, /* that close what one user has sent */
	FOREIGN_OF_USER = 1024, /* descriptors; where a process may have few, an eighth of those */
};

/* A local socket for whole messages in order, or memory: neither to close it nor to use its number blocks. */
bool foreign_is_tame(int fd);
/* Close FD (-1: nothing), which is not wanted. A moment may pass until it is closed. */
void foreign_discard(int fd, uid_t sender);
/* Shut down and close SOCKET (-1: nothing), a local one, with what lies in it unread. */
void foreign_end(int socket, uid_t sender);
/* SOCKET may be held for as long as its sender's connection lives: neither is it an end of such a connection nor does
 * one lie in it, which would never end then. No descriptors come in through it any more (Linux 6.16). */
bool foreign_is_fresh(int socket);
/* Forget the next message in a local SOCKET, if there is one: no more, for who sends fast must not keep the
 * caller. False: nobody is at its other end, or he sends descriptors, which stay in it. */
bool foreign_skip(int socket, uid_t sender);

extern atomic_uint foreign_n_waiting;

bool foreign_is_crowded_now(uid_t sender);
/* No more descriptors from SENDER: too many of his wait to be closed. */
static inline bool foreign_is_crowded(uid_t sender)
{
	return atomic_load_explicit(&foreign_n_waiting, memory_order_relaxed) &&
	       foreign_is_crowded_now(sender);
}
/* The next message in SOCKET, which BLOCK waits for, has descriptors. */
bool foreign_is_next(int socket, bool block);
