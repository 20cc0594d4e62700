// SPDX-License-Identifier: MIT
#include "fan.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contestant.h"

static const struct fan *fan;
static unsigned n_watchers;
static struct shared {
	_Atomic uint32_t count; /* who has done what is waited for; the last one wakes */
} * shared;

static void count_one(void)
{
	if (atomic_fetch_add(&shared->count, 1) + 1 == n_watchers)
		syscall(SYS_futex, &shared->count, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void fan_ready(void)
{
	count_one();
}

void fan_told(void)
{
	count_one();
}

static void wait_for_all(void)
{
	uint32_t seen;

	while ((seen = atomic_load(&shared->count)) < n_watchers)
		syscall(SYS_futex, &shared->count, FUTEX_WAIT, seen, NULL, NULL, 0);
	atomic_store(&shared->count, 0);
}

static _Noreturn void be_watcher(unsigned index)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fan->watch(index);
	bench_complain("fan: watcher %u cannot go on", index);
	kill(getppid(), SIGTERM); /* it waits for what does not come */
	_exit(1);
}

static size_t run(uint64_t n, double *values)
{
	uint64_t ns = 0;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t start = bench_now_ns();

		if (!fan->raise(n_watchers))
			return 0;
		wait_for_all();
		ns += bench_now_ns() - start;
		if (fan->lower && !fan->lower())
			return 0;
	}
	values[FAN_NS] = (double)ns;
	values[FAN_NS_EACH] = (double)ns / (double)n / n_watchers;
	return FAN_VALUES;
}

int fan_play(const struct fan *with, uint64_t watchers)
{
	fan = with;
	n_watchers = (unsigned)watchers;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED || watchers > FAN_MAX || (fan->open && !fan->open(n_watchers))) {
		bench_complain("fan: %s", strerror(errno));
		return 1;
	}
	for (unsigned i = 0; i < n_watchers; i++) {
		pid_t child = fork();

		if (child == 0)
			be_watcher(i);
		if (child < 0)
			return 1;
	}
	wait_for_all();
	bench_move_away();
	return !fan->begin || fan->begin() ? bench_serve_values(run) : 1;
}
