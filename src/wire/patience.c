// SPDX-License-Identifier: MIT
#include "wire/patience.h"

#include <sched.h>

#include "base/loop.h"

enum {
	YIELDS = 6,
	GAP_NS = 15 * 1000,	   /* between two looks: somebody else ran */
	BUDGET_MAX_NS = 60 * 1000, /* what waking another processor may cost */
	BUDGET_MIN_NS = 1000,	   /* less is none */
	BUDGET_START_NS = 20 * 1000,
	PENALTY_MAX = 1024,
	TOGETHER_START = 64,
	TOGETHER_MAX = 4096, /* moving costs as much as a few tens of calls */
};

void wire_patience_init(struct wire_patience *patience)
{
	atomic_init(&patience->budget_ns, BUDGET_START_NS);
	atomic_init(&patience->penance, 0);
	atomic_init(&patience->penalty, 0);
	atomic_init(&patience->together, 0);
	atomic_init(&patience->together_max, TOGETHER_START);
}

static uint32_t get(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void set(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

/* Somebody else ran in between. */
static void punish(struct wire_patience *patience)
{
	uint32_t penalty = get(&patience->penalty) * 2 + 1;

	penalty = penalty < PENALTY_MAX ? penalty : PENALTY_MAX;
	set(&patience->penalty, penalty);
	set(&patience->penance, penalty);
	set(&patience->budget_ns, 0);
}

bool wire_wait_again(struct wire_waiting *waiting)
{
	uint64_t now;

	if (waiting->has_slept)
		return false;
	waiting->looks++;
	if (waiting->shares_cpu) {
		if (waiting->looks > YIELDS) {
			waiting->start_ns = loop_now_ns();
			return false;
		}
		sched_yield();
		return true;
	}
	if (waiting->looks <= WIRE_WAIT_BLIND_LOOKS) {
		cpu_relax();
		return true;
	}
	now = loop_now_ns();
	if (!waiting->start_ns) {
		waiting->start_ns = now;
	} else if (now - waiting->last_ns > GAP_NS) {
		punish(waiting->patience);
		return false;
	}
	waiting->last_ns = now;
	if (now - waiting->start_ns >= get(&waiting->patience->budget_ns))
		return false;
	cpu_relax();
	return true;
}

void wire_wait_slept(struct wire_waiting *waiting)
{
	waiting->has_slept = true;
}

static void raise_budget(struct wire_patience *patience, uint64_t waited_ns)
{
	uint64_t wanted = 2 * waited_ns;

	wanted = wanted < BUDGET_MAX_NS ? wanted : BUDGET_MAX_NS;
	if (wanted > get(&patience->budget_ns))
		set(&patience->budget_ns, (uint32_t)wanted);
}

void wire_wait_settle(struct wire_waiting *waiting)
{
	struct wire_patience *patience = waiting->patience;
	uint64_t waited;

	waited = loop_now_ns() - waiting->start_ns;
	if (waiting->has_slept && waited > BUDGET_MAX_NS) {
		uint32_t budget = get(&patience->budget_ns) / 2;

		set(&patience->budget_ns, budget < BUDGET_MIN_NS ? 0 : budget);
	} else if (get(&patience->penance)) {
		set(&patience->penance, get(&patience->penance) - 1);
	} else {
		raise_budget(patience, waited);
		if (get(&patience->penalty) && !waiting->has_slept)
			set(&patience->penalty, get(&patience->penalty) - 1);
	}
}

/* --- moving ----------------------------------------------------------------------------- */

static void move(unsigned from)
{
	cpu_set_t allowed, others;

	if (from >= CPU_SETSIZE || sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	others = allowed;
	CPU_CLR(from, &others);
	/* It stays where it then is: the second call only takes the limit away again. */
	if (CPU_COUNT(&others) && !sched_setaffinity(0, sizeof(others), &others))
		sched_setaffinity(0, sizeof(allowed), &allowed);
}

void wire_wait_gave_up(struct wire_waiting *waiting)
{
	set(&waiting->patience->together, 0);
}

void wire_wait_move_away(struct wire_waiting *waiting, unsigned peer_cpu)
{
	struct wire_patience *patience = waiting->patience;
	uint32_t max = get(&patience->together_max);

	if (!waiting->shares_cpu) {
		wire_wait_gave_up(waiting);
		return;
	}
	set(&patience->together, get(&patience->together) + 1);
	if (get(&patience->together) < max)
		return;
	set(&patience->together, 0);
	set(&patience->together_max, max * 2 < TOGETHER_MAX ? max * 2 : TOGETHER_MAX);
	move(peer_cpu);
}
