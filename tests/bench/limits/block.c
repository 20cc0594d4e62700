// SPDX-License-Identifier: MIT
/*
 * Hand-overs through the scheduler. The numbers and the payload are in shared
 * memory, copied four times as in spin.c; what differs is how the other process
 * is told: sched_yield until it is one's turn, a futex, two pipes, two eventfds.
 */
#include "limits/pair.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

struct line {
	_Atomic uint32_t step; /* odd: a request, even: a reply */
	uint64_t a, b;
} __attribute__((aligned(PAIR_LINE)));

static inline struct line *line_of(const struct pair *pair)
{
	return (struct line *)pair->shared;
}

static inline void put_request(struct pair *pair, uint64_t a, uint64_t b)
{
	line_of(pair)->a = a;
	line_of(pair)->b = b;
	memcpy(pair_there(pair), pair->mine, pair->bytes);
}

static inline void answer(struct pair *pair)
{
	line_of(pair)->a += line_of(pair)->b;
	memcpy(pair->mine, pair_there(pair), pair->bytes);
	memcpy(pair_back(pair), pair->mine, pair->bytes);
}

static inline uint64_t take_reply(struct pair *pair)
{
	memcpy(pair->mine, pair_back(pair), pair->bytes);
	return line_of(pair)->a;
}

/* --- by a word in memory --------------------------------------------------------- */

typedef void (*wait_fn)(struct line *line, uint32_t step);
typedef void (*post_fn)(struct line *line, uint32_t step);

static inline void serve_word(struct pair *pair, uint64_t n, wait_fn wait, post_fn post)
{
	struct line *line = line_of(pair);
	uint32_t step = atomic_load(&line->step) | 1;

	for (; n; n--, step += 2) {
		wait(line, step);
		answer(pair);
		post(line, step + 1);
	}
}

static inline uint64_t call_word(struct pair *pair, uint64_t a, uint64_t b, wait_fn wait,
				 post_fn post)
{
	struct line *line = line_of(pair);
	uint32_t step = atomic_load_explicit(&line->step, memory_order_relaxed) + 1;

	put_request(pair, a, b);
	post(line, step);
	wait(line, step + 1);
	return take_reply(pair);
}

static inline void yield_wait(struct line *line, uint32_t step)
{
	while (atomic_load_explicit(&line->step, memory_order_acquire) != step)
		sched_yield();
}

static inline void yield_post(struct line *line, uint32_t step)
{
	atomic_store_explicit(&line->step, step, memory_order_release);
}

static void yield_serve(struct pair *pair, uint64_t n)
{
	serve_word(pair, n, yield_wait, yield_post);
}

static uint64_t yield_call(struct pair *pair, uint64_t a, uint64_t b)
{
	return call_word(pair, a, b, yield_wait, yield_post);
}

const struct handover handover_yield = { .serve = yield_serve, .call = yield_call };

static inline void futex_wait(struct line *line, uint32_t step)
{
	while (atomic_load_explicit(&line->step, memory_order_acquire) != step)
		syscall(SYS_futex, &line->step, FUTEX_WAIT, step - 1, NULL, NULL, 0);
}

static inline void futex_post(struct line *line, uint32_t step)
{
	atomic_store_explicit(&line->step, step, memory_order_release);
	syscall(SYS_futex, &line->step, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void futex_serve(struct pair *pair, uint64_t n)
{
	serve_word(pair, n, futex_wait, futex_post);
}

static uint64_t futex_call(struct pair *pair, uint64_t a, uint64_t b)
{
	return call_word(pair, a, b, futex_wait, futex_post);
}

const struct handover handover_futex = { .serve = futex_serve, .call = futex_call };

/* --- by a descriptor ----------------------------------------------------------------- */

static bool pipe_open(struct pair *pair)
{
	return !pipe(pair->fds) && !pipe(pair->fds + 2);
}

static bool eventfd_open(struct pair *pair)
{
	pair->fds[0] = pair->fds[1] = eventfd(0, EFD_CLOEXEC);
	pair->fds[2] = pair->fds[3] = eventfd(0, EFD_CLOEXEC);
	return pair->fds[0] >= 0 && pair->fds[2] >= 0;
}

static void descriptor_serve(struct pair *pair, uint64_t n)
{
	uint64_t one;

	for (; n && read(pair->fds[0], &one, sizeof(one)) == sizeof(one); n--) {
		answer(pair);
		if (write(pair->fds[3], &one, sizeof(one)) != sizeof(one))
			return;
	}
}

static uint64_t descriptor_call(struct pair *pair, uint64_t a, uint64_t b)
{
	uint64_t one = 1;

	put_request(pair, a, b);
	if (write(pair->fds[1], &one, sizeof(one)) != sizeof(one) ||
	    read(pair->fds[2], &one, sizeof(one)) != sizeof(one))
		return 0;
	return take_reply(pair);
}

const struct handover handover_pipe = {
	.open = pipe_open,
	.serve = descriptor_serve,
	.call = descriptor_call,
};
const struct handover handover_eventfd = {
	.open = eventfd_open,
	.serve = descriptor_serve,
	.call = descriptor_call,
};
