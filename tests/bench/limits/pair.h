// SPDX-License-Identifier: MIT
/*
 * Two processes that hand something over to each other and back: a *handover*
 * is one way to do it (spin.c, block.c, socket.c, channel.c), a pair one end of
 * it in each process. The second process sleeps between two turns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAIR_LINE = 64, PAIRS_MAX = 64 };

struct pair {
	char *shared; /* zeros at first; 4 pages, and twice the payload rounded up to pages */
	size_t bytes; /* of the payload, there and back; 0: two numbers there, their sum back */
	char *mine;   /* private buffer of BYTES, of each process its own */
	int fds[4];
	int turns[2]; /* pipe */
	void *state;  /* the handover's own, of each process its own */
};

struct handover {
	/* Before the fork: what both need. May be NULL. */
	bool (*open)(struct pair *pair);
	/* In the second process: answer N calls. */
	void (*serve)(struct pair *pair, uint64_t n);
	/* In the first: A + B, and the payload from ->mine there and back to ->mine. */
	uint64_t (*call)(struct pair *pair, uint64_t a, uint64_t b);
};

extern const struct handover handover_spin_line, handover_spin_lines, handover_spin_copies;
extern const struct handover handover_yield, handover_futex, handover_pipe, handover_eventfd;
extern const struct handover handover_socket;
extern const struct handover handover_channel;

/* What is done with a handover. Each ends with bench_serve; the exit status. */
int pair_hot(const struct handover *handover, uint64_t bytes);	   /* call after call */
int pair_cold(const struct handover *handover, uint64_t unused);   /* one each millisecond */
int pair_crowd(const struct handover *handover, uint64_t threads); /* so many pairs at once */

/* The payload of the request and that of the reply in the shared memory. */
static inline char *pair_there(const struct pair *pair)
{
	return pair->shared + 4 * 4096;
}

static inline char *pair_back(const struct pair *pair)
{
	return pair_there(pair) + (pair->bytes + 4095) / 4096 * 4096;
}
