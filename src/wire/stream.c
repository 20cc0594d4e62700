// SPDX-License-Identifier: MIT
#include "wire/stream.h"

#include <sched.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"

enum {
	CHUNK = 2048,
	LOOKS = 2000, /* then the writer does not run */
	YIELDS = 20,
	SLEEP_MIN_NS = 50 * 1000,
	SLEEP_MAX_NS = 20 * 1000 * 1000,
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

void wire_stream_out(_Atomic uint32_t *progress, void *to, const void *from, size_t size)
{
	for (size_t at = 0, n; at < size; at += n) {
		n = smaller(CHUNK, size - at);
		/* The reader has had these lines: fetch the next ones while this chunk is copied. */
		for (size_t ahead = at + n; ahead < smaller(at + n + CHUNK, size); ahead += 64)
			cpu_prefetch_write((const char *)to + ahead);
		memcpy((char *)to + at, (const char *)from + at, n);
		atomic_store_explicit(progress, (uint32_t)(at + n), memory_order_release);
	}
}

/* How much is there, more than DONE; DONE when it ends. */
static size_t await(const _Atomic uint32_t *progress, size_t done, const atomic_bool *ends)
{
	struct timespec pause = { .tv_nsec = SLEEP_MIN_NS };
	size_t there;

	for (unsigned looks = 1;; looks++) {
		there = atomic_load_explicit(progress, memory_order_acquire);
		if (there > done || atomic_load_explicit(ends, memory_order_relaxed))
			return there;
		if (looks < LOOKS) {
			cpu_relax();
		} else if (looks < LOOKS + YIELDS) {
			sched_yield();
		} else {
			nanosleep(&pause, NULL);
			if (pause.tv_nsec < SLEEP_MAX_NS)
				pause.tv_nsec *= 2;
		}
	}
}

err_t wire_stream_in(const _Atomic uint32_t *progress, void *to, const void *from, size_t size,
		     const atomic_bool *ends)
{
	for (size_t done = 0, there; done < size; done = there) {
		there = smaller(await(progress, done, ends), size);
		if (there <= done)
			return -EPIPE;
		memcpy((char *)to + done, (const char *)from + done, there - done);
	}
	return 0;
}
