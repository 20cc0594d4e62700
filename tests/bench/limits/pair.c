// SPDX-License-Identifier: MIT
#include "limits/pair.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "contestant.h"

static const struct handover *handover;
static struct pair pairs[PAIRS_MAX];
static size_t n_pairs;

/* --- the second process ------------------------------------------------------ */

static void *serve(void *context)
{
	struct pair *pair = context;
	uint64_t n;

	while (read(pair->turns[0], &n, sizeof(n)) == sizeof(n))
		handover->serve(pair, n);
	return NULL;
}

static _Noreturn void be_second(void)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < n_pairs; i++)
		close(pairs[i].turns[1]);
	for (size_t i = 1; i < n_pairs; i++)
		if (pthread_create(&thread, NULL, serve, &pairs[i]))
			_exit(1);
	serve(&pairs[0]);
	_exit(0);
}

/* --- the first ----------------------------------------------------------------- */

static bool open_pair(struct pair *pair, size_t bytes)
{
	size_t shared = 4 * 4096 + 2 * ((bytes + 4095) / 4096 * 4096);

	pair->bytes = bytes;
	pair->mine = calloc(1, bytes + 1);
	pair->shared =
		mmap(NULL, shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!pair->mine || pair->shared == MAP_FAILED || pipe(pair->turns))
		return false;
	/* A page that is touched for the first time costs more than what is measured. */
	memset(pair->shared, 0, shared);
	return !handover->open || handover->open(pair);
}

static bool open_pairs(const struct handover *with, size_t n, size_t bytes)
{
	handover = with;
	for (n_pairs = 0; n_pairs < n && n_pairs < PAIRS_MAX; n_pairs++)
		if (!open_pair(&pairs[n_pairs], bytes)) {
			bench_complain("pair: %s", strerror(errno));
			return false;
		}
	pid_t child = fork();
	if (child == 0)
		be_second();
	for (size_t i = 0; i < n_pairs; i++)
		close(pairs[i].turns[0]);
	bench_move_away();
	return child > 0;
}

/* Let the second process answer N calls. */
static bool tell(struct pair *pair, uint64_t n)
{
	return write(pair->turns[1], &n, sizeof(n)) == sizeof(n);
}

static bool call(struct pair *pair, uint64_t i)
{
	if (pair->bytes)
		memcpy(pair->mine, &i, sizeof(i));
	uint64_t sum = handover->call(pair, i, 1);
	bool right = pair->bytes ? !memcmp(pair->mine, &i, sizeof(i)) : sum == i + 1;
	if (!right)
		bench_complain("pair: a wrong answer");
	return right;
}

static bool call_all(struct pair *pair, uint64_t n)
{
	bool ok = tell(pair, n);

	for (uint64_t i = 0; ok && i < n; i++)
		ok = call(pair, i);
	return ok;
}

static uint64_t run_hot(uint64_t n)
{
	uint64_t start = bench_now_ns();

	return call_all(&pairs[0], n) ? bench_now_ns() - start : 0;
}

int pair_hot(const struct handover *with, uint64_t bytes)
{
	return open_pairs(with, 1, bytes) ? bench_serve(run_hot) : 1;
}

static bool call_first(uint64_t i)
{
	return call(&pairs[0], i);
}

static size_t run_cold(uint64_t n, double *values)
{
	return tell(&pairs[0], n) ? bench_cold(call_first, n, values) : 0;
}

int pair_cold(const struct handover *with, uint64_t unused)
{
	return open_pairs(with, 1, 0) ? bench_serve_values(run_cold) : 1;
}

/* --- many pairs at once ------------------------------------------------------------- */

static uint64_t n_each;

static void *call_many(void *pair)
{
	return call_all(pair, n_each) ? pair : NULL;
}

static uint64_t run_crowd(uint64_t n)
{
	pthread_t threads[PAIRS_MAX];
	uint64_t start = bench_now_ns();
	size_t started = 0;
	bool ok = true;

	n_each = (n + n_pairs - 1) / n_pairs;
	while (started < n_pairs &&
	       !pthread_create(&threads[started], NULL, call_many, &pairs[started]))
		started++;
	for (size_t i = 0; i < started; i++) {
		void *result;

		pthread_join(threads[i], &result);
		ok = ok && result;
	}
	return ok && started == n_pairs ? bench_now_ns() - start : 0;
}

int pair_crowd(const struct handover *with, uint64_t threads)
{
	return open_pairs(with, threads, 0) ? bench_serve(run_crowd) : 1;
}
