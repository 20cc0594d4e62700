// SPDX-License-Identifier: MIT
/* Both ends of the call slots as threads of this process over one mapping, and servers that lie. */
#include "wire/slot_caller.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/futex.h"
#include "slot_pair.h"
#include "test.h"

enum { THREADS = 8 };

/* --- what an answer looks like ------------------------------------------------------------ */

TEST(every_count_of_scalars)
{
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);

	for (uint32_t n_in = 0; n_in <= WIRE_SCALARS_MAX; n_in++)
		for (uint32_t n_out = 0; n_out <= WIRE_SCALARS_MAX; n_out++) {
			uint64_t in[WIRE_SCALARS_MAX], out[WIRE_SCALARS_MAX + 1];
			struct wire_slot_call call = { .selector = 7,
						       .input = in,
						       .n_input = n_in,
						       .output = out,
						       .output_capacity = n_out };

			for (uint32_t i = 0; i < WIRE_SCALARS_MAX; i++)
				in[i] = n_in * 1000ull + i;
			memset(out, 0xa5, sizeof(out));
			test_equal_error(wire_slot_caller_call(pair->caller, -1, &call), 0);
			test_equal(call.status, 0);
			test_equal(call.n_output, n_in);
			for (uint32_t i = 0; i < n_out; i++)
				test_equal(out[i], i < n_in ? in[i] + 1 : 0xa5a5a5a5a5a5a5a5);
			test_equal(out[n_out], 0xa5a5a5a5a5a5a5a5);
		}
	slot_pair_end(pair);
}

/* As the kernel's own: bytes, wherever they are. */
TEST(arrays_that_are_not_aligned)
{
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);
	uint8_t in[8 * WIRE_SCALARS_MAX + 1], out[8 * WIRE_SCALARS_MAX + 1];
	struct wire_slot_call call = { .input = (void *)(in + 1),
				       .n_input = WIRE_SCALARS_MAX,
				       .output = (void *)(out + 1),
				       .output_capacity = WIRE_SCALARS_MAX };
	uint64_t value;

	memset(in, 3, sizeof(in));
	test_equal_error(wire_slot_caller_call(pair->caller, -1, &call), 0);
	for (int i = 0; i < WIRE_SCALARS_MAX; i++) {
		memcpy(&value, out + 1 + 8 * i, 8);
		test_equal(value, 0x0303030303030304);
	}
	slot_pair_end(pair);
}

static void echo_structure(struct slot_pair *pair, size_t size, size_t capacity)
{
	uint8_t *in = malloc(size + 1), *out = malloc(capacity + 1);
	struct wire_slot_call call = { .structure = in,
				       .structure_size = size,
				       .structure_output = out,
				       .structure_capacity = capacity };

	for (size_t i = 0; i < size; i++)
		in[i] = (uint8_t)(i * 7 + size);
	memset(out, 0xa5, capacity + 1);
	test_equal_error(wire_slot_caller_call(pair->caller, -1, &call), 0);
	test_equal(call.structure_output_size, size);
	for (size_t i = 0; i < capacity; i++)
		if (out[i] != (i < size ? (uint8_t)(in[i] ^ 0xff) : 0xa5))
			test_fail(__FILE__, __LINE__, "byte %zu of %zu", i, size);
	test_equal(out[capacity], 0xa5);
	free(out);
	free(in);
}

TEST(structures_of_every_kind_of_size)
{
	static const size_t sizes[] = { 0,    1,    7,	  8,	4095,  4096,
					4097, 8063, 8064, 8065, 65536, 1 << 20 };
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (size_t j = 0; j < sizeof(sizes) / sizeof(*sizes); j++)
			echo_structure(pair, sizes[i], sizes[j]);
	slot_pair_end(pair);
}

TEST(too_large_is_somebody_elses)
{
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);
	struct wire_slot_call call = { .structure_size =
					       wire_slot_capacity(WIRE_SLOT_FIRST_WIDE) + 1 };

	test_equal_error(wire_slot_caller_call(pair->caller, -1, &call), -EAGAIN);
	call = (struct wire_slot_call){ .structure_capacity = SIZE_MAX };
	test_equal_error(wire_slot_caller_call(pair->caller, -1, &call), -EAGAIN);
	slot_pair_end(pair);
}

TEST(a_failed_call_has_its_status_alone)
{
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);
	uint64_t out = 5;
	struct wire_slot_call call = { .selector = SLOT_PAIR_FAIL,
				       .output = &out,
				       .output_capacity = 1 };

	test_equal_error(wire_slot_caller_call(pair->caller, -1, &call), 0);
	test_equal(call.status, -77);
	test_equal(out, 5);
	slot_pair_end(pair);
}

/* --- many threads --------------------------------------------------------------------------- */

struct worker {
	struct slot_pair *pair;
	uint64_t number;
	bool leases;
	pthread_t thread;
};

static void *call_often(void *context)
{
	struct worker *w = context;
	int n = test_is_slow() ? 500 : 5000;
	int leased = w->leases ? wire_slot_caller_lease(w->pair->caller) : -1;

	for (int i = 0; i < n; i++) {
		uint64_t in[2] = { w->number << 32 | (unsigned)i, 9 }, out[2] = { 0 };
		struct wire_slot_call call = {
			.input = in, .n_input = 2, .output = out, .output_capacity = 2
		};
		err_t err;

		while ((err = wire_slot_caller_call(w->pair->caller, leased, &call)) == -EAGAIN)
			sched_yield();
		test_equal_error(err, 0);
		test_equal(out[0], in[0] + 1);
		test_equal(out[1], 10);
	}
	wire_slot_caller_give_back(w->pair->caller, leased);
	return NULL;
}

static void call_from(unsigned threads, bool leases)
{
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);
	struct worker workers[WIRE_SLOTS_COUNT + 16];

	for (unsigned i = 0; i < threads; i++) {
		workers[i] = (struct worker){ pair, i, leases && i % 2, 0 };
		test_equal(pthread_create(&workers[i].thread, NULL, call_often, &workers[i]), 0);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	slot_pair_end(pair);
}

TEST(each_thread_gets_its_own_answers)
{
	call_from(THREADS, true);
}

TEST(more_threads_than_slots)
{
	if (test_is_slow())
		test_skip("the same as with fewer threads");
	call_from(WIRE_SLOTS_COUNT + 16, false);
}

TEST(leases_leave_slots_for_others)
{
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);
	int leased[WIRE_SLOTS_COUNT], n = 0;

	while ((leased[n] = wire_slot_caller_lease(pair->caller)) >= 0)
		test_true(++n < WIRE_SLOT_FIRST_WIDE);
	echo_structure(pair, 100, 100);
	while (n)
		wire_slot_caller_give_back(pair->caller, leased[--n]);
	test_true(wire_slot_caller_lease(pair->caller) >= 0);
	slot_pair_end(pair);
}

/* --- the end ----------------------------------------------------------------------------------- */

static void *call_forever(void *context)
{
	struct wire_slot_call call = { .selector = SLOT_PAIR_IGNORE };

	test_equal_error(wire_slot_caller_call(context, -1, &call), -EPIPE);
	return NULL;
}

TEST(loss_releases_all_that_wait)
{
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, call_forever, pair->caller);
	slot_pair_await_ignored(pair, THREADS);
	wire_slot_caller_lose(pair->caller);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	slot_pair_end(pair);
}

static sigjmp_buf left;

static void leave(int signal)
{
	siglongjmp(left, 1);
}

struct leaver {
	struct slot_pair *pair;
	int leased;
};

static void *leave_a_call(void *context)
{
	struct leaver *l = context;
	struct wire_slot_call call = { .selector = SLOT_PAIR_IGNORE };

	if (!sigsetjmp(left, 1))
		wire_slot_caller_call(l->pair->caller, l->leased, &call);
	/* The slot is not the caller's again before it is answered; there are others. */
	for (uint64_t i = 0; i < 100; i++) {
		uint64_t out = 0;

		call = (struct wire_slot_call){
			.input = &i, .n_input = 1, .output = &out, .output_capacity = 1
		};
		test_equal_error(wire_slot_caller_call(l->pair->caller, l->leased, &call), 0);
		test_equal(out, i + 1);
	}
	return NULL;
}

static void await_sleeper(struct slot_pair *pair)
{
	unsigned i = 0;

	while (!atomic_load(&pair->shared->slots[i].caller_sleeps))
		i = (i + 1) % WIRE_SLOTS_COUNT;
}

/* As a program does that limits the time of a call by an alarm. */
static void leave_through_a_signal(bool leases)
{
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);
	struct leaver leaver = { pair, leases ? wire_slot_caller_lease(pair->caller) : -1 };
	pthread_t thread;

	signal(SIGUSR1, leave);
	pthread_create(&thread, NULL, leave_a_call, &leaver);
	slot_pair_await_ignored(pair, 1);
	await_sleeper(pair);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	wire_slot_caller_lose(pair->caller); /* and returns */
	slot_pair_end(pair);
}

TEST(p_l7_a_call_that_a_signal_handler_leaves_harms_no_other)
{
	leave_through_a_signal(false);
	leave_through_a_signal(true);
}

/* Nobody tells the caller: its own look does. The first looks find the peer there. */
TEST(who_waits_sees_the_hang_up_of_the_socket)
{
	struct slot_pair *pair = slot_pair_start(slot_pair_echo);
	int sockets[2];
	pthread_t thread;

	test_equal(fd_socketpair(sockets), 0);
	wire_slot_caller_look_at(pair->caller, sockets[0]);
	pthread_create(&thread, NULL, call_forever, pair->caller);
	slot_pair_await_ignored(pair, 1);
	fd_close(sockets[1]);
	pthread_join(thread, NULL);
	fd_close(sockets[0]);
	slot_pair_end(pair);
}

/* --- servers that lie: the thread "lie" answers instead of a server ---------------------------- */

struct lie {
	struct wire_slots *shared;
	uint32_t step; /* added to the right one */
	struct wire_slot_sizes sizes;
	uint64_t n_scalars, structure_size;
};

static void *tell(void *context)
{
	struct lie *lie = context;
	struct wire_slot *slot = &lie->shared->slots[0];
	struct wire_slot_head *head = (void *)wire_slot_payload(lie->shared, 0);
	uint32_t step;

	while (!((step = atomic_load(&slot->step)) & 1))
		sched_yield();
	atomic_store(&head->n_scalars, lie->n_scalars);
	atomic_store(&head->structure_size, lie->structure_size);
	atomic_store(&slot->word[1], wire_slot_pack(&lie->sizes));
	atomic_store(&slot->word[0], wire_slot_word(step + 1 + lie->step, 0));
	futex_wake(&slot->step, 1);
	return NULL;
}

static err_t call_liar(struct lie lie, uint8_t out[16])
{
	struct wire_slot_caller *caller;
	uint64_t scalars[2] = { 0xa5, 0xa5 };
	struct wire_slot_call call = { .output = scalars,
				       .output_capacity = 1,
				       .structure_output = out,
				       .structure_capacity = 8 };
	pthread_t thread;
	err_t err;

	lie.shared = slot_pair_memory();
	test_equal_error(wire_slot_caller_new_at(lie.shared, &caller), 0);
	pthread_create(&thread, NULL, tell, &lie);
	err = wire_slot_caller_call(caller, -1, &call);
	pthread_join(thread, NULL);
	test_equal(scalars[1], 0xa5);
	for (int i = 8; i < 16; i++)
		test_equal(out[i], 0xa5);
	wire_slot_caller_free(caller);
	slot_pair_memory_free(lie.shared);
	return err;
}

TEST(a_lying_server_hurts_nobody)
{
	uint8_t out[16];

	memset(out, 0xa5, sizeof(out));
	test_equal_error(call_liar((struct lie){ .sizes = { .n_out = 1, .out = 8 } }, out), 0);
	test_equal_error(call_liar((struct lie){ .step = 1 }, out), -EBADMSG);
	test_equal_error(call_liar((struct lie){ .step = 0x80000000 }, out), -EBADMSG);
	test_equal_error(call_liar((struct lie){ .sizes = { .n_out = 2 } }, out), -EBADMSG);
	test_equal_error(call_liar((struct lie){ .sizes = { .n_out = 31 } }, out), -EBADMSG);
	test_equal_error(call_liar((struct lie){ .sizes = { .out = 9 } }, out), -EBADMSG);
	test_equal_error(call_liar((struct lie){ .sizes = { .out = 0x1fffff } }, out), -EBADMSG);
	/* True counts that do not fit what came. */
	test_equal_error(call_liar((struct lie){ .sizes = { .exceeds = true } }, out), 0);
	test_equal_error(
		call_liar((struct lie){ .sizes = { .exceeds = true }, .n_scalars = 5 }, out),
		-EBADMSG);
	test_equal_error(
		call_liar((struct lie){ .sizes = { .exceeds = true }, .structure_size = 5 }, out),
		-EBADMSG);
	test_equal_error(call_liar((struct lie){ .sizes = { .n_out = 1, .exceeds = true },
						 .n_scalars = 1ull << 32 },
				   out),
			 -EBADMSG);
}

TEST(memory_for_slots_is_sealed)
{
	struct wire_slot_caller *caller;
	struct wire_slots *shared;
	int fd;

	test_equal_error(wire_slot_caller_new(&caller, &fd), 0);
	test_equal(ftruncate(fd, 0), -1);
	test_equal(ftruncate(fd, sizeof(struct wire_slots) * 2), -1);
	test_equal_error(wire_slot_server_map(fd, &shared), 0);
	wire_slot_server_unmap(shared);
	close(fd);
	wire_slot_caller_free(caller);
}

TEST_MAIN
