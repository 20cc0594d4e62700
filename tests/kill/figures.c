/* SPDX-License-Identifier: MIT */
#include "kill.h"

#include <string.h>

#include <mach/mach.h>

static const char *const status_names[KILL_STATUSES] = {
	"success",     "Offline",	  "Aborted", "NotReady", "IPCError", "invalid destination",
	"server died", "no such service", "OTHER",
};

enum kill_status kill_status_of(kern_return_t result)
{
	static const struct {
		uint32_t code;
		enum kill_status status;
	} known[] = {
		{ 0, KILL_SUCCESS },
		{ (uint32_t)kIOReturnOffline, KILL_OFFLINE },
		{ (uint32_t)kIOReturnAborted, KILL_ABORTED },
		{ (uint32_t)kIOReturnNotReady, KILL_NOT_READY },
		{ (uint32_t)kIOReturnIPCError, KILL_IPC_ERROR },
		{ (uint32_t)MACH_SEND_INVALID_DEST, KILL_INVALID_DEST },
		{ (uint32_t)MIG_SERVER_DIED, KILL_SERVER_DIED },
		{ (uint32_t)kIOReturnUnsupported, KILL_ABSENT },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].code == (uint32_t)result)
			return known[i].status;
	return KILL_OTHER;
}

bool kill_status_is_death(enum kill_status status)
{
	return status >= KILL_OFFLINE && status <= KILL_INVALID_DEST;
}

/* --- times ------------------------------------------------------------------- */

/* 16 buckets for each power of two; the first 16 hold one nanosecond each. */
static unsigned bucket_of(uint64_t ns)
{
	unsigned power, bucket;

	if (ns < 16)
		return (unsigned)ns;
	power = 63 - (unsigned)__builtin_clzll(ns);
	bucket = (power - 3) * 16 + (unsigned)(ns >> (power - 4) & 15);
	return bucket < KILL_BUCKETS ? bucket : KILL_BUCKETS - 1;
}

/* The largest time of a bucket. */
static uint64_t time_of(unsigned bucket)
{
	unsigned power = bucket / 16 + 3;

	if (bucket < 16)
		return bucket;
	return ((16 + bucket % 16 + 1ull) << (power - 4)) - 1;
}

void kill_times_add(struct kill_times *times, uint64_t ns, uint64_t promised_ns)
{
	uint_fast64_t max = atomic_load(&times->max_ns);

	while (ns > max && !atomic_compare_exchange_weak(&times->max_ns, &max, ns))
		;
	atomic_fetch_add(&times->count, 1);
	atomic_fetch_add(&times->buckets[bucket_of(ns)], 1);
	if (ns > promised_ns)
		atomic_fetch_add(&times->over, 1);
}

uint64_t kill_times_quantile(struct kill_times *times, double q)
{
	uint64_t count = atomic_load(&times->count), seen = 0;
	uint64_t max = atomic_load(&times->max_ns);

	for (unsigned i = 0; i < KILL_BUCKETS; i++) {
		seen += atomic_load(&times->buckets[i]);
		if (seen && (double)seen >= q * (double)count)
			return time_of(i) < max ? time_of(i) : max;
	}
	return max;
}

/* --- figures -------------------------------------------------------------------- */

void kill_figures_count(struct kill_figures *figures, enum kill_status status)
{
	atomic_fetch_add(&figures->statuses[status], 1);
}

static void print_times(const char *name, struct kill_times *times)
{
	if (!atomic_load(&times->count))
		return;
	printf("  %-34s %9llu   p50 %8.3f ms   p99 %8.3f ms   latest %9.3f ms", name,
	       (unsigned long long)atomic_load(&times->count),
	       (double)kill_times_quantile(times, 0.5) / 1e6,
	       (double)kill_times_quantile(times, 0.99) / 1e6,
	       (double)atomic_load(&times->max_ns) / 1e6);
	printf("   late %llu\n", (unsigned long long)atomic_load(&times->over));
}

void kill_figures_print(struct kill_figures *figures)
{
	double seconds = (double)atomic_load(&figures->spent_ns) / 1e9;
	uint64_t kills = atomic_load(&figures->kills);

	printf("%s: %llu of %llu in %.1f s (%.0f/s)\n", figures->name, (unsigned long long)kills,
	       (unsigned long long)figures->wanted, seconds,
	       seconds > 0 ? (double)kills / seconds : 0);
	print_times(figures->answers_name, &figures->answers);
	print_times("served again after", &figures->returns);
	printf("  answers:");
	for (int i = 0; i < KILL_STATUSES; i++)
		if (atomic_load(&figures->statuses[i]))
			printf(" %s %llu", status_names[i],
			       (unsigned long long)atomic_load(&figures->statuses[i]));
	printf("\n");
	fflush(stdout);
}

/* --- from run to run --------------------------------------------------------------- */

/* All numbers of FIGURES, one after the other. */
static size_t list_numbers(struct kill_figures *figures, atomic_uint_fast64_t **ret_numbers)
{
	struct kill_times *times[] = { &figures->answers, &figures->returns };
	size_t n = 0;

	ret_numbers[n++] = &figures->kills;
	ret_numbers[n++] = &figures->spent_ns;
	for (int i = 0; i < KILL_STATUSES; i++)
		ret_numbers[n++] = &figures->statuses[i];
	for (int t = 0; t < 2; t++) {
		ret_numbers[n++] = &times[t]->count;
		ret_numbers[n++] = &times[t]->max_ns;
		ret_numbers[n++] = &times[t]->over;
		for (int i = 0; i < KILL_BUCKETS; i++)
			ret_numbers[n++] = &times[t]->buckets[i];
	}
	return n;
}

enum { NUMBERS_MAX = 2 * KILL_BUCKETS + 64 };

bool kill_figures_load(struct kill_figures *const *all, const char *path)
{
	atomic_uint_fast64_t *numbers[NUMBERS_MAX];
	FILE *file = fopen(path, "re");
	unsigned long long value;
	char name[64];
	bool good = file != NULL;

	for (; good && *all; all++) {
		size_t n = list_numbers(*all, numbers);

		good = fscanf(file, "%63s", name) == 1 && !strcmp(name, (*all)->name);
		for (size_t i = 0; good && i < n; i++) {
			good = fscanf(file, "%llu", &value) == 1;
			atomic_store(numbers[i], good ? value : 0);
		}
	}
	if (file)
		fclose(file);
	return good;
}

void kill_figures_save(struct kill_figures *const *all, const char *path)
{
	atomic_uint_fast64_t *numbers[NUMBERS_MAX];
	FILE *file = fopen(path, "we");

	for (; file && *all; all++) {
		size_t n = list_numbers(*all, numbers);

		fprintf(file, "%s", (*all)->name);
		for (size_t i = 0; i < n; i++)
			fprintf(file, " %llu", (unsigned long long)atomic_load(numbers[i]));
		fprintf(file, "\n");
	}
	if (!file || fclose(file))
		fprintf(stderr, "portico-kill: cannot write %s\n", path);
}
