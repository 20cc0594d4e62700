// SPDX-License-Identifier: MIT
/* What threads of one process can do for each other, and how exact the clock wakes them. */
#include "limits/limits.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contestant.h"
#include "timing.h"

/* --- a mutex that nobody else wants -------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static uint64_t lock_and_unlock(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++) {
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
	return bench_now_ns() - start;
}

int limit_mutex(uint64_t unused)
{
	return bench_serve(lock_and_unlock);
}

/* --- to another thread and back: it sleeps on a word, so do we -------------------- */

static _Atomic uint32_t step;

static void wait_while(uint32_t value)
{
	while (atomic_load(&step) == value)
		syscall(SYS_futex, &step, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void advance(void)
{
	atomic_fetch_add(&step, 1);
	syscall(SYS_futex, &step, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *answer(void *unused)
{
	for (uint32_t next = 0;; next += 2) {
		wait_while(next);
		advance();
	}
	return unused;
}

static uint64_t hand_over(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++) {
		advance();
		wait_while(atomic_load(&step) | 1u);
	}
	return bench_now_ns() - start;
}

int limit_futex_threads(uint64_t unused)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, answer, NULL) ? 1 : bench_serve(hand_over);
}

/* --- the kernel's own timer ---------------------------------------------------------- */

static uint64_t interval_ns;

static size_t sleep_again(uint64_t n, double *values)
{
	struct bench_lateness late;

	if (!bench_lateness_begin(&late, n, interval_ns))
		return 0;
	do
		bench_sleep_until(bench_lateness_next(&late));
	while (!bench_lateness_note(&late));
	return bench_lateness_end(&late, values);
}

int limit_sleep(uint64_t parameter)
{
	interval_ns = parameter;
	prctl(PR_SET_TIMERSLACK, 1); /* as exact as it can be had */
	return bench_serve_values(sleep_again);
}
