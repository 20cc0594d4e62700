// SPDX-License-Identifier: MIT
#include "wire/slot_server.h"

#include <string.h>

#include "base/cpu.h"
#include "base/futex.h"
#include "base/shm.h"
#include "wire/stream.h"

void wire_slot_server_init(struct wire_slot_server *server, struct wire_slots *shared)
{
	memset(server, 0, sizeof(*server));
	server->shared = shared;
	server->caller_cpu = WIRE_SLOT_NO_CPU;
	/* As if the answer to the request before the first had been given. */
	for (unsigned i = 0; i < WIRE_SLOTS_COUNT; i++)
		server->seen[i] = (uint32_t)-1;
	wire_patience_init(&server->patience);
}

err_t wire_slot_server_map(int fd, struct wire_slots **ret_shared)
{
	void *base;
	err_t err = shm_verify(fd, sizeof(struct wire_slots));

	if (!err)
		err = shm_map(fd, sizeof(struct wire_slots), true, &base);
	if (!err)
		*ret_shared = base;
	return err;
}

void wire_slot_server_unmap(struct wire_slots *shared)
{
	shm_unmap(shared, sizeof(struct wire_slots));
}

static void put(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* --- looking ------------------------------------------------------------------------- */

/* Slots to look at: up to the last that was used once. */
static unsigned count_used(struct wire_slot_server *server)
{
	/* Sequentially consistent, as the slots' steps, for the last look before sleeping. */
	uint64_t used = atomic_load(&server->shared->used);

	return used ? WIRE_SLOTS_COUNT - (unsigned)__builtin_clzll(used) : 0;
}

/* Is there a new request in slot INDEX? Its own last request, our answer to it, or the next one:
 * anything else is no caller of ours. */
static err_t look(struct wire_slot_server *server, unsigned index, uint64_t *ret_word)
{
	uint64_t word =
		atomic_load_explicit(&server->shared->slots[index].word[0], memory_order_acquire);
	uint32_t ahead = (uint32_t)word - server->seen[index];

	if (ahead < 2)
		return -EAGAIN;
	if (ahead > 2)
		return -EBADMSG;
	/* A second request before the answer to the first. */
	if (atomic_load_explicit(&server->answered[index], memory_order_relaxed) !=
	    server->seen[index] + 1)
		return -EBADMSG;
	*ret_word = word;
	return 0;
}

/* Each word is read once. */
static err_t take(struct wire_slot_server *server, unsigned index, uint64_t word,
		  struct wire_slot_request *request)
{
	struct wire_slot *slot = &server->shared->slots[index];
	struct wire_slot_head *head = (void *)wire_slot_payload(server->shared, index);
	struct wire_slot_sizes sizes = wire_slot_unpack(get(&slot->word[1]));

	/* Our answer goes into the same line. */
	cpu_prefetch_write(slot);
	if (sizes.in > wire_slot_capacity(index) || sizes.out > wire_slot_capacity(index) ||
	    sizes.n_in > WIRE_SCALARS_MAX || sizes.n_out > WIRE_SCALARS_MAX || sizes.exceeds)
		return -EBADMSG;
	for (uint32_t i = 0; i < sizes.n_in; i++)
		request->input[i] =
			get(i < WIRE_SLOT_SCALARS ? &slot->word[2 + i]
						  : &head->scalars[i - WIRE_SLOT_SCALARS]);
	request->index = index;
	request->step = (uint32_t)word;
	request->selector = (uint32_t)(word >> 32);
	request->n_input = sizes.n_in;
	request->output_capacity = sizes.n_out;
	request->structure_size = sizes.in;
	request->structure_capacity = sizes.out;
	request->caller_cpu = server->caller_cpu = sizes.cpu;
	server->seen[index] = request->step;
	server->next = index + 1;
	atomic_store_explicit(&slot->taken, request->step, memory_order_relaxed);
	return 0;
}

/* Each slot once, beginning behind the last one that had a request. */
static err_t look_at_all(struct wire_slot_server *server, struct wire_slot_request *ret_request)
{
	unsigned n = count_used(server);

	for (unsigned i = 0; i < n; i++) {
		unsigned index = server->next < n ? server->next : 0;
		uint64_t word;
		err_t err = look(server, index, &word);

		if (!err)
			return take(server, index, word, ret_request);
		if (err != -EAGAIN)
			return err;
		server->next = index + 1;
	}
	return -EAGAIN;
}

err_t wire_slot_server_next(struct wire_slot_server *server, struct wire_slot_request *ret_request)
{
	struct wire_waiting waiting;
	err_t err;

	wire_wait_begin(&waiting, &server->patience, server->caller_cpu);
	/* One caller: this is its request, or nothing. */
	if (count_used(server) == 1)
		wire_wait_look(&waiting, &server->shared->slots[0].word[0], server->seen[0] + 1);
	do
		err = look_at_all(server, ret_request);
	while (err == -EAGAIN && wire_wait_again(&waiting));
	if (err) {
		wire_wait_gave_up(&waiting);
		return err;
	}
	wire_wait_end(&waiting);
	wire_wait_move_away(&waiting, server->caller_cpu);
	return 0;
}

err_t wire_slot_server_copy_structure(struct wire_slot_server *server,
				      const struct wire_slot_request *request, void *bytes,
				      const atomic_bool *ends)
{
	const uint8_t *from = wire_slot_payload(server->shared, request->index) + WIRE_SLOT_HEAD;

	if (wire_slot_is_wide(request->index))
		return wire_stream_in(&server->shared->slots[request->index].sent, bytes, from,
				      request->structure_size, ends);
	memcpy(bytes, from, request->structure_size);
	return 0;
}

/* --- answering ----------------------------------------------------------------------- */

static uint32_t smaller(uint64_t a, uint32_t b)
{
	return a < b ? (uint32_t)a : b;
}

static void put_words(struct wire_slot *slot, struct wire_slot_head *head,
		      const struct wire_slot_sizes *sizes, const struct wire_slot_answer *answer)
{
	if (sizes->exceeds) {
		put(&head->n_scalars, answer->n_scalars);
		put(&head->structure_size, answer->structure_size);
	}
	for (uint32_t i = 0; i < sizes->n_out; i++)
		put(i < WIRE_SLOT_SCALARS ? &slot->word[2 + i]
					  : &head->scalars[i - WIRE_SLOT_SCALARS],
		    answer->scalars[i]);
	put(&slot->word[1], wire_slot_pack(sizes));
}

/* Status 0. */
static struct wire_slot_sizes size_up(const struct wire_slot_request *request,
				      const struct wire_slot_answer *answer)
{
	struct wire_slot_sizes sizes = {
		.n_out = smaller(answer->n_scalars, request->output_capacity),
		.out = smaller(answer->structure_size, request->structure_capacity),
	};

	sizes.exceeds = answer->n_scalars > sizes.n_out || answer->structure_size > sizes.out;
	return sizes;
}

void wire_slot_server_answer(struct wire_slot_server *server,
			     const struct wire_slot_request *request,
			     const struct wire_slot_answer *answer)
{
	struct wire_slot *slot = &server->shared->slots[request->index];
	uint8_t *payload = wire_slot_payload(server->shared, request->index);
	uint8_t *structure = payload + WIRE_SLOT_HEAD;
	struct wire_slot_sizes sizes = { 0 };
	bool wide = wire_slot_is_wide(request->index), later;

	if (!answer->status)
		sizes = size_up(request, answer);
	sizes.cpu = cpu_current();
	later = wide && sizes.out && sizes.cpu != request->caller_cpu;
	if (sizes.out && !later)
		memcpy(structure, answer->structure, sizes.out);
	if (wide)
		atomic_store_explicit(&slot->answered, later ? 0 : sizes.out, memory_order_relaxed);
	put_words(slot, (void *)payload, &sizes, answer);
	/* Before the answer is seen: the next request may come at once. */
	atomic_store_explicit(&server->answered[request->index], request->step + 1,
			      memory_order_relaxed);
	/* Sequentially consistent: before the look at "caller_sleeps". */
	atomic_exchange(&slot->word[0],
			wire_slot_word(request->step + 1, (uint32_t)answer->status));
	if (atomic_load(&slot->caller_sleeps))
		futex_wake(&slot->step, 1);
	if (later)
		wire_stream_out(&slot->answered, structure, answer->structure, sizes.out);
}

/* --- sleeping ------------------------------------------------------------------------ */

void wire_slot_server_run(struct wire_slot_server *server, bool running, bool is_slow)
{
	atomic_store_explicit(&server->shared->running, running, memory_order_relaxed);
	if (is_slow)
		atomic_store(&server->shared->unattended, running);
}

uint32_t wire_slot_server_knocks(struct wire_slot_server *server)
{
	return atomic_load(&server->shared->knocks);
}

bool wire_slot_server_begin_sleep(struct wire_slot_server *server, uint32_t *ret_knocks)
{
	unsigned n;
	uint64_t word;

	*ret_knocks = wire_slot_server_knocks(server);
	/* Sequentially consistent: before the last look. */
	atomic_store(&server->shared->unattended, 1);
	n = count_used(server);
	for (unsigned i = 0; i < n; i++) {
		word = atomic_load(&server->shared->slots[i].word[0]);
		if ((uint32_t)word - server->seen[i] >= 2) {
			wire_slot_server_end_sleep(server);
			return false;
		}
	}
	return true;
}

void wire_slot_server_sleep(struct wire_slot_server *server, uint32_t knocks,
			    const struct timespec *timeout)
{
	futex_wait(&server->shared->knocks, knocks, timeout);
}

void wire_slot_server_end_sleep(struct wire_slot_server *server)
{
	atomic_store_explicit(&server->shared->unattended, 0, memory_order_relaxed);
}

void wire_slot_server_wake_all(struct wire_slot_server *server)
{
	atomic_fetch_add(&server->shared->knocks, 1);
	futex_wake(&server->shared->knocks, INT32_MAX);
}
