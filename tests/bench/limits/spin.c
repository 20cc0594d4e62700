// SPDX-License-Identifier: MIT
/*
 * Hand-overs between two processors that do nothing but look: request and reply
 * in one line, in a line each, and in one line beside a payload that is copied
 * as a whole at each step.
 */
#include "limits/pair.h"

#include <stdatomic.h>
#include <string.h>

#include "limits/cpu.h"

/* STEP is odd when a request is there and even when a reply is; it is stored last. */
struct line {
	_Atomic uint64_t step;
	uint64_t a, b;
} __attribute__((aligned(PAIR_LINE)));

static inline void wait_for(const struct line *line, uint64_t step)
{
	while (atomic_load_explicit(&line->step, memory_order_acquire) != step)
		cpu_relax();
}

/* For a line that is written next: looking at it fetches it to be written, which saves one trip. */
static inline void wait_to_write(const struct line *line, uint64_t step)
{
	for (;;) {
		cpu_prefetch_to_write(line);
		if (atomic_load_explicit(&line->step, memory_order_acquire) == step)
			return;
		cpu_relax();
	}
}

static void post(struct line *line, uint64_t step)
{
	atomic_store_explicit(&line->step, step, memory_order_release);
}

/* --- one line ------------------------------------------------------------------ */

static void line_serve(struct pair *pair, uint64_t n)
{
	struct line *line = (struct line *)pair->shared;
	uint64_t step = atomic_load(&line->step) | 1;

	for (; n; n--, step += 2) {
		wait_to_write(line, step);
		line->a = line->a + line->b;
		post(line, step + 1);
	}
}

static uint64_t line_call(struct pair *pair, uint64_t a, uint64_t b)
{
	struct line *line = (struct line *)pair->shared;
	uint64_t step = atomic_load_explicit(&line->step, memory_order_relaxed) + 1;

	line->a = a;
	line->b = b;
	post(line, step);
	wait_to_write(line, step + 1);
	return line->a;
}

const struct handover handover_spin_line = { .serve = line_serve, .call = line_call };

/* --- a line for the request and one for the reply ----------------------------------- */

static void lines_serve(struct pair *pair, uint64_t n)
{
	struct line *there = (struct line *)pair->shared, *back = there + 2;
	uint64_t step = atomic_load(&back->step) + 1;

	for (; n; n--, step++) {
		wait_for(there, step);
		back->a = there->a + there->b;
		post(back, step);
	}
}

static uint64_t lines_call(struct pair *pair, uint64_t a, uint64_t b)
{
	struct line *there = (struct line *)pair->shared, *back = there + 2;
	uint64_t step = atomic_load_explicit(&there->step, memory_order_relaxed) + 1;

	there->a = a;
	there->b = b;
	post(there, step);
	wait_for(back, step);
	return back->a;
}

const struct handover handover_spin_lines = { .serve = lines_serve, .call = lines_call };

/* --- four copies: in and out of the shared memory, there and back ---------------------- */

static void copies_serve(struct pair *pair, uint64_t n)
{
	struct line *line = (struct line *)pair->shared;
	uint64_t step = atomic_load(&line->step) | 1;

	for (; n; n--, step += 2) {
		wait_to_write(line, step);
		memcpy(pair->mine, pair_there(pair), pair->bytes);
		memcpy(pair_back(pair), pair->mine, pair->bytes);
		post(line, step + 1);
	}
}

static uint64_t copies_call(struct pair *pair, uint64_t a, uint64_t b)
{
	struct line *line = (struct line *)pair->shared;
	uint64_t step = atomic_load_explicit(&line->step, memory_order_relaxed) + 1;

	memcpy(pair_there(pair), pair->mine, pair->bytes);
	post(line, step);
	wait_to_write(line, step + 1);
	memcpy(pair->mine, pair_back(pair), pair->bytes);
	return a + b;
}

const struct handover handover_spin_copies = { .serve = copies_serve, .call = copies_call };
