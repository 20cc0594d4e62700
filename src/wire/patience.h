// SPDX-License-Identifier: MIT
/*
 * How long to look at a word that a peer is about to change before sleeping:
 * waking a sleeper costs 2 to 80 microseconds, looking costs the processor.
 *
 *  - The peer runs on this processor: it cannot answer until we stop. Yield a
 *    few times, then sleep.
 *  - It runs on another: look after each pause of the processor, the first looks without
 *    reading the clock, then until the budget is used up.
 *  - The budget follows what happens. A sleep that a longer look would have
 *    spared raises it, a long sleep halves it. A gap between two looks means
 *    that somebody else needed the processor: looking does harm, so there is
 *    no budget any more until a number of short waits, which grows with every
 *    gap, has shown that it would pay. With fewer free processors than
 *    runnable threads the budget is therefore nothing by itself.
 *
 * Two that call each other densely on one processor while another is idle are
 * up to twenty times slower than apart, and the scheduler takes its time to
 * notice: after a while the server moves (wire_wait_move_away), each time that
 * did not last less readily.
 *
 * A patience belongs to one end of one connection. Several threads of it may
 * use it at once: what they lose of each other's changes does not matter.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cpu.h"

enum { WIRE_WAIT_BLIND_LOOKS = 20 }; /* without the clock: about half a microsecond */

struct wire_patience {
	_Atomic uint32_t budget_ns;
	_Atomic uint32_t penance; /* short waits until there may be a budget again */
	_Atomic uint32_t penalty; /* what the next gap costs */
	_Atomic uint32_t together,
		together_max; /* dense waits on the peer's processor in a row, and
						  * for how many it moves */
};

/* One wait. */
struct wire_waiting {
	struct wire_patience *patience;
	uint32_t looks;
	bool shares_cpu; /* with whom it waits for */
	bool has_slept;
	uint64_t start_ns, last_ns; /* 0: the clock has not been read */
};

void wire_patience_init(struct wire_patience *patience);
/* PEER_CPU as cpu_current, taken from the peer's last message: a hint. */
static inline void wire_wait_begin(struct wire_waiting *waiting, struct wire_patience *patience,
				   unsigned peer_cpu)
{
	waiting->patience = patience;
	waiting->looks = 0;
	waiting->shares_cpu = peer_cpu == cpu_current();
	waiting->has_slept = false;
	waiting->start_ns = waiting->last_ns = 0;
}

/* Look at WORD until its low half is not STEP or the first looks are used up; what was seen last. Where
 * the peer shares this processor, once. */
static inline uint64_t wire_wait_look(struct wire_waiting *waiting, const _Atomic uint64_t *word,
				      uint32_t step)
{
	uint64_t seen = atomic_load_explicit(word, memory_order_acquire);

	if (waiting->shares_cpu)
		return seen;
	while ((uint32_t)seen == step && waiting->looks < WIRE_WAIT_BLIND_LOOKS) {
		waiting->looks++;
		/* The line is written next: looking fetches it for that, which saves a transfer. */
		cpu_prefetch_write((const void *)word);
		cpu_relax();
		seen = atomic_load_explicit(word, memory_order_acquire);
	}
	return seen;
}
/* After a look in vain. True: look again. False: it is time to sleep. */
bool wire_wait_again(struct wire_waiting *waiting);
/* The caller has slept and goes on looking, once, before it sleeps again. */
void wire_wait_slept(struct wire_waiting *waiting);
/* One end's part: after a wait that needed no sleep on the peer's processor, move to another that the
 * thread may use, when there have been many in a row. */
void wire_wait_move_away(struct wire_waiting *waiting, unsigned peer_cpu);
/* The same end after a wait in vain: they are not dense. */
void wire_wait_gave_up(struct wire_waiting *waiting);
/* What was waited for is there. */
void wire_wait_settle(struct wire_waiting *waiting);
static inline void wire_wait_end(struct wire_waiting *waiting)
{
	if (waiting->start_ns)
		wire_wait_settle(waiting);
}
