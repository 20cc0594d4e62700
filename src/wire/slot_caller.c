// SPDX-License-Identifier: MIT
#include "wire/slot_caller.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cpu.h"
#include "base/fd.h"
#include "base/futex.h"
#include "base/loop.h"
#include "base/scope.h"
#include "base/shm.h"
#include "wire/patience.h"
#include "wire/stream.h"

enum { LEASE_LEAVES = 8 }; /* slots for threads without one */
#define ROUSE_NS (20ull * 1000 * 1000)

struct wire_slot_caller {
	struct wire_slots *shared;
	bool is_mapped; /* and to be unmapped */
	pthread_mutex_t
		look; /* guards the next: nobody looks at a descriptor that is being closed */
	int socket;   /* whose hang-up is the server's end; -1: none */
	atomic_bool lost;
	atomic_uint n_asleep;
	_Atomic uint64_t used;	     /* what was told in shared->used */
	_Atomic uint32_t server_cpu; /* of the last answer */
	struct wire_patience patience;
	_Atomic uint64_t busy; /* bit i: slot i has an owner */
	/* By the slot's owner: its last step. */
	uint32_t steps[WIRE_SLOTS_COUNT];
};

/* --- the object --------------------------------------------------------------------- */

err_t wire_slot_caller_new_at(struct wire_slots *shared, struct wire_slot_caller **ret_caller)
{
	struct wire_slot_caller *caller = calloc(1, sizeof(*caller));

	if (!caller)
		return -ENOMEM;
	caller->shared = shared;
	pthread_mutex_init(&caller->look, NULL);
	caller->socket = -1;
	atomic_init(&caller->server_cpu, WIRE_SLOT_NO_CPU);
	wire_patience_init(&caller->patience);
	*ret_caller = caller;
	return 0;
}

err_t wire_slot_caller_new(struct wire_slot_caller **ret_caller, int *ret_fd)
{
	void *base;
	int fd;
	err_t err = shm_create("portico call slots", sizeof(struct wire_slots), &fd);

	if (err)
		return err;
	err = shm_map(fd, sizeof(struct wire_slots), true, &base);
	if (!err) {
		/* A forked child has no connection: it shall not hold the memory. */
		madvise(base, sizeof(struct wire_slots), MADV_DONTFORK);
		err = wire_slot_caller_new_at(base, ret_caller);
		if (err)
			shm_unmap(base, sizeof(struct wire_slots));
	}
	if (err) {
		fd_close(fd);
		return err;
	}
	(*ret_caller)->is_mapped = true;
	*ret_fd = fd;
	return 0;
}

void wire_slot_caller_look_at(struct wire_slot_caller *caller, int socket)
{
	scope_lock(&caller->look);
	caller->socket = socket;
}

struct wire_slot_caller *wire_slot_caller_free(struct wire_slot_caller *caller)
{
	if (!caller)
		return NULL;
	if (caller->is_mapped)
		shm_unmap(caller->shared, sizeof(struct wire_slots));
	pthread_mutex_destroy(&caller->look);
	free(caller);
	return NULL;
}

/* Whoever goes to sleep is counted and then looks at "lost": who is not seen here sees that. The words
 * in shared memory stay as they are; the other end would take a changed step for a broken rule.
 * Some do not wake at once (a debugger holds them) or never (a signal's handler has left the call): they
 * are not waited for. Sleep has a limit of its own. */
void wire_slot_caller_lose(struct wire_slot_caller *caller)
{
	uint64_t until = loop_now_ns() + ROUSE_NS;

	atomic_store(&caller->lost, true);
	while (atomic_load(&caller->n_asleep) && loop_now_ns() < until) {
		for (unsigned i = 0; i < WIRE_SLOTS_COUNT; i++)
			futex_wake(&caller->shared->slots[i].step, INT32_MAX);
		sched_yield();
	}
}

/* --- claiming a slot ---------------------------------------------------------------- */

static int claim(struct wire_slot_caller *caller, uint64_t mask)
{
	uint64_t busy = atomic_load_explicit(&caller->busy, memory_order_relaxed);
	uint64_t bit;

	do {
		uint64_t free_slots = ~busy & mask;

		if (!free_slots)
			return -1;
		bit = free_slots & -free_slots;
	} while (!atomic_compare_exchange_weak_explicit(
		&caller->busy, &busy, busy | bit, memory_order_acquire, memory_order_relaxed));
	return __builtin_ctzll(bit);
}

static void unclaim(struct wire_slot_caller *caller, unsigned index)
{
	atomic_fetch_and_explicit(&caller->busy, ~(1ull << index), memory_order_release);
}

/* The server looks at the slots that were used once. */
static void show(struct wire_slot_caller *caller, unsigned index)
{
	uint64_t bit = 1ull << index;

	if (atomic_load_explicit(&caller->used, memory_order_relaxed) & bit)
		return;
	atomic_fetch_or_explicit(&caller->used, bit, memory_order_relaxed);
	atomic_fetch_or(&caller->shared->used, bit);
}

bool wire_slot_caller_is_lost(const struct wire_slot_caller *caller)
{
	return atomic_load_explicit(&caller->lost, memory_order_relaxed);
}

static const uint64_t wide = ~0ull << WIRE_SLOT_FIRST_WIDE;

int wire_slot_caller_lease(struct wire_slot_caller *caller)
{
	uint64_t busy = atomic_load_explicit(&caller->busy, memory_order_relaxed);

	return __builtin_popcountll(~busy & ~wide) > LEASE_LEAVES ? claim(caller, ~wide) : -1;
}

void wire_slot_caller_give_back(struct wire_slot_caller *caller, int index)
{
	/* The slot of a call without an answer is of no more use. */
	if (index >= 0 && !(caller->steps[index] & 1))
		unclaim(caller, (unsigned)index);
}

/* A free slot that is large enough, or INDEX if it can be. */
static int find_slot(struct wire_slot_caller *caller, int index, const struct wire_slot_call *call)
{
	uint64_t size = call->structure_size > call->structure_capacity ? call->structure_size
									: call->structure_capacity;

	if (size > wire_slot_capacity(WIRE_SLOT_FIRST_WIDE))
		return -1;
	if (size > wire_slot_capacity(0))
		return claim(caller, wide);
	/* A signal's handler may have left the last call on a leased one: its answer is still to come. */
	return index >= 0 && !(caller->steps[index] & 1) ? index : claim(caller, ~wide);
}

/* --- sending -------------------------------------------------------------------------- */

static void put(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void knock(struct wire_slots *shared)
{
	atomic_fetch_add(&shared->knocks, 1);
	futex_wake(&shared->knocks, 1);
}

/* The server copies behind us: from the other processor, and what is worth it. */
static bool streams(struct wire_slot_caller *caller, unsigned index,
		    const struct wire_slot_call *call)
{
	return wire_slot_is_wide(index) && call->structure_size &&
	       atomic_load_explicit(&caller->server_cpu, memory_order_relaxed) != cpu_current();
}

/* The program's arrays need not be aligned. */
static uint64_t input_at(const struct wire_slot_call *call, uint32_t i)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)call->input + i * sizeof(value), sizeof(value));
	return value;
}

static void put_output(const struct wire_slot_call *call, uint32_t i, uint64_t value)
{
	memcpy((uint8_t *)call->output + i * sizeof(value), &value, sizeof(value));
}

static void put_words(struct wire_slot *slot, struct wire_slot_head *head,
		      const struct wire_slot_call *call)
{
	struct wire_slot_sizes sizes = {
		.in = (uint32_t)call->structure_size,
		.out = (uint32_t)call->structure_capacity,
		.n_in = call->n_input,
		.n_out = call->output_capacity,
		.cpu = cpu_current(),
	};

	for (uint32_t i = WIRE_SLOT_SCALARS; i < call->n_input; i++)
		put(&head->scalars[i - WIRE_SLOT_SCALARS], input_at(call, i));
	for (uint32_t i = 0; i < call->n_input && i < WIRE_SLOT_SCALARS; i++)
		put(&slot->word[2 + i], input_at(call, i));
	put(&slot->word[1], wire_slot_pack(&sizes));
}

static void send_request(struct wire_slot_caller *caller, unsigned index,
			 const struct wire_slot_call *call, uint32_t step)
{
	struct wire_slots *shared = caller->shared;
	struct wire_slot *slot = &shared->slots[index];
	uint8_t *payload = wire_slot_payload(shared, index);
	uint8_t *structure = payload + WIRE_SLOT_HEAD;
	bool later = streams(caller, index, call);

	if (!later && call->structure_size)
		memcpy(structure, call->structure, call->structure_size);
	if (wire_slot_is_wide(index))
		atomic_store_explicit(&slot->sent, later ? 0 : (uint32_t)call->structure_size,
				      memory_order_relaxed);
	put_words(slot, (void *)payload, call);
	/* Sequentially consistent: before the look at "unattended". */
	atomic_exchange(&slot->word[0], wire_slot_word(step, call->selector));
	if (atomic_load(&shared->unattended) && atomic_exchange(&shared->unattended, 0))
		knock(shared);
	if (later)
		wire_stream_out(&slot->sent, structure, call->structure, call->structure_size);
}

/* --- waiting ---------------------------------------------------------------------------- */

/* A request that was not taken yet may have been overlooked by a server that went into a method just
 * then; and what another process should wake may never be woken. */
static const struct timespec when_taken = { .tv_nsec = 200 * 1000 * 1000 };
static const struct timespec when_not_taken = { .tv_nsec = 1000 * 1000 };

static bool is_peer_there(struct wire_slot_caller *caller)
{
	scope_lock(&caller->look);
	return caller->socket < 0 || fd_is_peer_there(caller->socket);
}

static void sleep_for_answer(struct wire_slot_caller *caller, struct wire_slot *slot, uint32_t step)
{
	struct wire_slots *shared = caller->shared;
	bool is_taken = atomic_load_explicit(&slot->taken, memory_order_relaxed) == step;

	if (!is_taken && atomic_load_explicit(&shared->running, memory_order_relaxed))
		knock(shared);
	atomic_fetch_add(&caller->n_asleep, 1);
	atomic_store(&slot->caller_sleeps, 1);
	if (atomic_load(&slot->step) == step && !atomic_load(&caller->lost))
		futex_wait(&slot->step, step, is_taken ? &when_taken : &when_not_taken);
	atomic_store_explicit(&slot->caller_sleeps, 0, memory_order_relaxed);
	atomic_fetch_sub(&caller->n_asleep, 1);
	if (atomic_load(&slot->step) == step && !is_peer_there(caller))
		wire_slot_caller_lose(caller);
}

/* Word 0 of the answer to STEP. */
static err_t await(struct wire_slot_caller *caller, struct wire_slot *slot, uint32_t step,
		   uint64_t *ret_word)
{
	struct wire_waiting waiting;
	uint64_t word;

	wire_wait_begin(&waiting, &caller->patience,
			atomic_load_explicit(&caller->server_cpu, memory_order_relaxed));
	for (;;) {
		word = wire_wait_look(&waiting, &slot->word[0], step);
		if ((uint32_t)word != step)
			break;
		if (wire_wait_again(&waiting))
			continue;
		if (atomic_load(&caller->lost)) {
			/* What came before the end counts. */
			word = atomic_load(&slot->word[0]);
			if ((uint32_t)word == step)
				return -EPIPE;
			break;
		}
		sleep_for_answer(caller, slot, step);
		wire_wait_slept(&waiting);
	}
	wire_wait_end(&waiting);
	/* The next request goes into the same line. */
	cpu_prefetch_write(slot);
	if ((uint32_t)word != step + 1)
		return -EBADMSG;
	*ret_word = word;
	return 0;
}

/* --- receiving ------------------------------------------------------------------------------ */

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What the driver left exceeds what it was asked for: the true counts. */
static err_t take_counts(const struct wire_slot_head *head, struct wire_slot_call *call)
{
	uint64_t n = get(&head->n_scalars), size = get(&head->structure_size);

	if (n > UINT32_MAX || smaller(n, call->output_capacity) != call->n_output ||
	    smaller(size, call->structure_capacity) != call->structure_output_size)
		return -EBADMSG;
	call->n_output = (uint32_t)n;
	call->structure_output_size = size;
	return 0;
}

static err_t take_structure(struct wire_slot_caller *caller, unsigned index, size_t size, void *to)
{
	const uint8_t *from = wire_slot_payload(caller->shared, index) + WIRE_SLOT_HEAD;

	if (wire_slot_is_wide(index))
		return wire_stream_in(&caller->shared->slots[index].answered, to, from, size,
				      &caller->lost);
	memcpy(to, from, size);
	return 0;
}

/* Each word is read once. */
static err_t take_answer(struct wire_slot_caller *caller, unsigned index,
			 struct wire_slot_call *call)
{
	struct wire_slot *slot = &caller->shared->slots[index];
	const struct wire_slot_head *head = (void *)wire_slot_payload(caller->shared, index);
	struct wire_slot_sizes sizes = wire_slot_unpack(get(&slot->word[1]));
	err_t err = 0;

	atomic_store_explicit(&caller->server_cpu, sizes.cpu, memory_order_relaxed);
	if (call->status)
		return 0;
	if (sizes.n_out > call->output_capacity || sizes.out > call->structure_capacity)
		return -EBADMSG;
	for (uint32_t i = 0; i < sizes.n_out; i++)
		put_output(call, i,
			   get(i < WIRE_SLOT_SCALARS ? &slot->word[2 + i]
						     : &head->scalars[i - WIRE_SLOT_SCALARS]));
	call->n_output = sizes.n_out;
	call->structure_output_size = sizes.out;
	if (sizes.out)
		err = take_structure(caller, index, sizes.out, call->structure_output);
	return err || !sizes.exceeds ? err : take_counts(head, call);
}

err_t wire_slot_caller_call(struct wire_slot_caller *caller, int leased,
			    struct wire_slot_call *call)
{
	int index = find_slot(caller, leased, call);
	struct wire_slot *slot;
	uint64_t word;
	uint32_t step;
	err_t err;

	if (index < 0)
		return -EAGAIN;
	slot = &caller->shared->slots[index];
	show(caller, (unsigned)index);
	/* Odd until there is an answer. */
	step = ++caller->steps[index];
	send_request(caller, (unsigned)index, call, step);
	err = await(caller, slot, step, &word);
	if (!err) {
		call->status = (int32_t)(word >> 32);
		err = take_answer(caller, (unsigned)index, call);
	}
	/* A slot whose call has no answer stays taken: the connection is at its end. */
	if (err)
		return err;
	caller->steps[index]++;
	if (index != leased)
		unclaim(caller, (unsigned)index);
	return 0;
}
