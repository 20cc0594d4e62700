// SPDX-License-Identifier: MIT
/*
 * How long a line takes from the first processor to the second and back. The
 * processors of a virtual machine may be two threads of one core at one moment
 * and two cores at the next, which changes everything that goes between them by
 * a factor of five. Contestants can be compared only while it stays.
 */
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { PARTS = 5, PART = 400 };

static _Alignas(64) _Atomic uint32_t step;

static void stay_on(int index)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(bench_find_cpu(index), &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void wait_for(uint32_t wanted)
{
	while (atomic_load_explicit(&step, memory_order_acquire) != wanted)
		;
}

static void *answer(void *unused)
{
	stay_on(1);
	for (uint32_t i = 0; i < 1 + PARTS * PART; i++) {
		wait_for(2 * i + 1);
		atomic_store_explicit(&step, 2 * i + 2, memory_order_release);
	}
	return NULL;
}

static void *ask(void *best)
{
	uint32_t i = 0;

	stay_on(0);
	for (int part = -1; part < PARTS; part++) {
		/* The first waits until the other is there. */
		uint64_t start = bench_now_ns();
		for (int n = part < 0 ? 1 : PART; n; n--, i++) {
			atomic_store_explicit(&step, 2 * i + 1, memory_order_release);
			wait_for(2 * i + 2);
		}
		double ns = (double)(bench_now_ns() - start) / PART;
		if (part >= 0 && (!*(double *)best || ns < *(double *)best))
			*(double *)best = ns;
	}
	return NULL;
}

double bench_probe_ns(void)
{
	pthread_t first, second;
	double best = 0;

	if (bench_find_cpu(1) < 0)
		return 0;
	atomic_store(&step, 0);
	if (pthread_create(&second, NULL, answer, NULL))
		return 0;
	/* Not in this thread, whose affinity the contestants inherit. */
	if (!pthread_create(&first, NULL, ask, &best))
		pthread_join(first, NULL);
	else
		ask(&best);
	pthread_join(second, NULL);
	return best;
}
