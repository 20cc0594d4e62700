// SPDX-License-Identifier: MIT
#include "slot_pair.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "test.h"

struct wire_slots *slot_pair_memory(void)
{
	void *base = mmap(NULL, sizeof(struct wire_slots), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	test_true(base != MAP_FAILED);
	return base;
}

void slot_pair_memory_free(struct wire_slots *shared)
{
	munmap(shared, sizeof(*shared));
}

struct slot_pair *slot_pair_start(void *(*fn)(void *pair))
{
	struct slot_pair *pair = calloc(1, sizeof(*pair));

	pair->shared = slot_pair_memory();
	test_equal_error(wire_slot_caller_new_at(pair->shared, &pair->caller), 0);
	wire_slot_server_init(&pair->server, pair->shared);
	test_equal(pthread_create(&pair->thread, NULL, fn, pair), 0);
	return pair;
}

void slot_pair_end(struct slot_pair *pair)
{
	atomic_store(&pair->ends, true);
	wire_slot_server_wake_all(&pair->server);
	pthread_join(pair->thread, NULL);
	wire_slot_caller_free(pair->caller);
	slot_pair_memory_free(pair->shared);
	free(pair);
}

static void echo(struct slot_pair *pair, const struct wire_slot_request *request)
{
	uint64_t scalars[WIRE_SCALARS_MAX];
	uint8_t *bytes = malloc(request->structure_size + 1);
	struct wire_slot_answer answer = {
		.status = request->selector == SLOT_PAIR_FAIL ? -77 : 0,
		.n_scalars = request->n_input,
		.scalars = scalars,
		.structure_size = request->structure_size,
		.structure = bytes,
	};

	for (uint32_t i = 0; i < request->n_input; i++)
		scalars[i] = request->input[i] + 1;
	test_equal_error(
		wire_slot_server_copy_structure(&pair->server, request, bytes, &pair->ends), 0);
	for (uint32_t i = 0; i < request->structure_size; i++)
		bytes[i] ^= 0xff;
	wire_slot_server_answer(&pair->server, request, &answer);
	free(bytes);
}

void *slot_pair_echo(void *context)
{
	struct slot_pair *pair = context;
	struct wire_slot_request request;
	uint32_t knocks;

	while (!atomic_load(&pair->ends)) {
		err_t err = wire_slot_server_next(&pair->server, &request);

		if (!err && request.selector == SLOT_PAIR_IGNORE) {
			atomic_fetch_add(&pair->n_ignored, 1);
		} else if (!err) {
			echo(pair, &request);
		} else {
			test_equal_error(err, -EAGAIN);
			if (!wire_slot_server_begin_sleep(&pair->server, &knocks))
				continue;
			if (!atomic_load(&pair->ends))
				wire_slot_server_sleep(&pair->server, knocks, NULL);
			wire_slot_server_end_sleep(&pair->server);
		}
	}
	return NULL;
}

void slot_pair_await_ignored(struct slot_pair *pair, unsigned n)
{
	while (atomic_load(&pair->n_ignored) < n)
		sched_yield();
}
