// SPDX-License-Identifier: MIT
#include "limits/channel.h"

#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "limits/cpu.h"

enum {
	LOOKS = 20,		/* before the clock is read for the first time */
	SURE_NS = 1000,		/* then the other's flag is looked at behind a fence */
	BUDGET_MAX_NS = 100000, /* about what it takes to wake another core */
	BUDGET_MIN_NS = 500,
	GAP_NS = 30000, /* between two looks: somebody else ran here */
	GRUDGE_MAX = 4096,
	YIELDS = 4,
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void channel_init(struct channel *channel, void *region, enum channel_side side, const char *in,
		  char *out, size_t n_bytes_max)
{
	*channel = (struct channel){ .region = region,
				     .side = side,
				     .n_bytes_max = n_bytes_max,
				     .in = in,
				     .out = out,
				     .other_cpu = UINT32_MAX,
				     .flag_is_sure = true,
				     .budget_ns = BUDGET_MAX_NS / 4 };
}

static uint32_t *futex_of(struct channel *channel)
{
	/* The step is the lower half: little endian only, as all that we measure on. */
	return (uint32_t *)&channel->region->line.head;
}

static void wake_if_asleep(struct channel *channel)
{
	if (atomic_load_explicit(&channel->region->asleep[!channel->side].flag,
				 memory_order_relaxed)) {
		channel->flag_is_sure = true;
		syscall(SYS_futex, futex_of(channel), FUTEX_WAKE, 1, NULL, NULL, 0);
	}
}

void channel_settle(struct channel *channel)
{
	if (channel->flag_is_sure)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	wake_if_asleep(channel);
	channel->flag_is_sure = true;
}

/* --- waiting ---------------------------------------------------------------------- */

/* Has the next message come? Anything but the present step and the next is a lie. */
static inline bool look(struct channel *channel)
{
	uint32_t step =
		(uint32_t)atomic_load_explicit(&channel->region->line.head, memory_order_acquire);

	if (step == channel->step)
		return false;
	channel->is_broken |= step != channel->step + 1;
	return true;
}

/* Look for the budget. False when it is spent, or when somebody else needs this processor. */
static bool look_for_a_while(struct channel *channel, uint64_t start)
{
	for (uint64_t last = start, now;; last = now) {
		if (look(channel))
			return true;
		now = now_ns();
		if (now - last > GAP_NS) {
			channel->grudge = channel->grudge * 2 + 8;
			if (channel->grudge > GRUDGE_MAX)
				channel->grudge = GRUDGE_MAX;
			channel->patience = channel->grudge;
			return false;
		}
		if (now - start > SURE_NS)
			channel_settle(channel);
		if (now - start > channel->budget_ns)
			return false;
	}
}

static void sleep_until_posted(struct channel *channel)
{
	_Atomic uint32_t *asleep = &channel->region->asleep[channel->side].flag;

	for (;;) {
		atomic_store_explicit(asleep, 1, memory_order_relaxed);
		/* Either we see the step here, or the poster sees our flag behind its fence. */
		atomic_thread_fence(memory_order_seq_cst);
		if (look(channel))
			break;
		syscall(SYS_futex, futex_of(channel), FUTEX_WAIT, channel->step, NULL, NULL, 0);
	}
	atomic_store_explicit(asleep, 0, memory_order_relaxed);
}

/* The wait took so long, and looking did not catch it. */
static void learn(struct channel *channel, uint64_t ns)
{
	if (ns > BUDGET_MAX_NS)
		channel->budget_ns =
			channel->budget_ns > BUDGET_MIN_NS ? channel->budget_ns / 2 : 0;
	else if (channel->patience)
		channel->patience--;
	else if (ns > channel->budget_ns)
		channel->budget_ns = 2 * ns < BUDGET_MAX_NS ? 2 * ns : BUDGET_MAX_NS;
}

/* The first looks failed. */
static void wait_long(struct channel *channel)
{
	uint64_t start = now_ns();
	bool is_elsewhere = channel->other_cpu != cpu_number();

	if (is_elsewhere && channel->budget_ns && !channel->patience) {
		if (look_for_a_while(channel, start)) {
			channel->grudge -= channel->grudge > 0;
			return;
		}
	}
	channel_settle(channel);
	for (int i = 0; !is_elsewhere && i < YIELDS; i++) {
		sched_yield();
		if (look(channel))
			return;
	}
	sleep_until_posted(channel);
	learn(channel, now_ns() - start);
}

static void wait_for_next(struct channel *channel)
{
	bool is_elsewhere = channel->other_cpu != cpu_number();

	for (int i = 0; is_elsewhere && i < LOOKS; i++) {
		/* The line is written next: looking fetches it for that, which saves one trip. */
		cpu_prefetch_to_write(&channel->region->line);
		if (look(channel))
			return;
		cpu_relax();
	}
	wait_long(channel);
}

/* --- payload ------------------------------------------------------------------------ */

static size_t chunk_at(size_t at, size_t n)
{
	return n - at < CHANNEL_CHUNK ? n - at : CHANNEL_CHUNK;
}

static void publish(struct channel *channel, size_t n)
{
	atomic_store_explicit(&channel->region->progress[channel->side].at,
			      (uint64_t)channel->step << 32 | n, memory_order_release);
}

/* The step has been posted: the reader is right behind us. */
static void stream_out(struct channel *channel, const char *payload, size_t n)
{
	for (size_t at = 0; at < n; at += chunk_at(at, n)) {
		size_t size = chunk_at(at, n), ahead = at + size;

		for (size_t i = 0; i < CHANNEL_CHUNK && ahead + i < n; i += 64)
			cpu_prefetch_to_write(channel->out + ahead + i);
		memcpy(channel->out + at, payload + at, size);
		publish(channel, at + size);
	}
}

/* How much of N bytes is there, at least one chunk beyond DONE. A writer that stops keeps us from nothing but this. */
static size_t wait_for_progress(struct channel *channel, size_t done, size_t n)
{
	_Atomic uint64_t *progress = &channel->region->progress[!channel->side].at;

	for (unsigned looks = 1;; looks++) {
		uint64_t at = atomic_load_explicit(progress, memory_order_acquire);
		size_t there = (uint32_t)(at >> 32) == channel->step ? (uint32_t)at : 0;

		if (there > done)
			return there < n ? there : n;
		cpu_relax();
		if (looks % 1024 == 0)
			sched_yield();
	}
}

static void stream_in(struct channel *channel, char *payload, size_t n)
{
	for (size_t done = 0; done < n;) {
		size_t there = wait_for_progress(channel, done, n);

		memcpy(payload + done, channel->in + done, there - done);
		done = there;
	}
}

/* --- messages ---------------------------------------------------------------------------- */

static bool streams(size_t n)
{
	return n >= CHANNEL_STREAM_MIN;
}

void channel_post(struct channel *channel, const struct channel_message *message,
		  const char *payload)
{
	struct channel_region *region = channel->region;
	uint32_t cpu = cpu_number();
	bool early = streams(message->n_bytes) && channel->other_cpu != cpu;
	uint64_t shape = message->n_bytes | (uint64_t)message->n_words << 32 | (uint64_t)cpu << 40;
	uint64_t head = (uint32_t)++channel->step | (uint64_t)message->code << 32;

	if (!early) {
		memcpy(channel->out, payload, message->n_bytes);
		if (streams(message->n_bytes))
			publish(channel, message->n_bytes);
	}
	/* All from registers, one after the other: the other side pulls the line away while it looks. */
	for (uint32_t i = 0; i < message->n_words; i++)
		atomic_store_explicit(&region->line.words[i], message->words[i],
				      memory_order_relaxed);
	atomic_store_explicit(&region->line.shape, shape, memory_order_relaxed);
	atomic_store_explicit(&region->line.head, head, memory_order_release);
	channel->flag_is_sure = false;
	wake_if_asleep(channel);
	if (early)
		stream_out(channel, payload, message->n_bytes);
}

bool channel_receive(struct channel *channel, struct channel_message *message, char *payload)
{
	struct channel_region *region = channel->region;

	wait_for_next(channel);
	uint64_t head = atomic_load_explicit(&region->line.head, memory_order_acquire);
	uint64_t shape = atomic_load_explicit(&region->line.shape, memory_order_relaxed);

	message->code = (uint32_t)(head >> 32);
	message->n_bytes = (uint32_t)shape;
	message->n_words = (uint8_t)(shape >> 32);
	channel->other_cpu = (uint32_t)(shape >> 40);
	channel->step++;
	if ((uint32_t)head != channel->step || message->n_words > CHANNEL_WORDS ||
	    message->n_bytes > channel->n_bytes_max || channel->is_broken) {
		channel->is_broken = true;
		return false;
	}
	for (uint32_t i = 0; i < message->n_words; i++)
		message->words[i] =
			atomic_load_explicit(&region->line.words[i], memory_order_relaxed);
	if (streams(message->n_bytes))
		stream_in(channel, payload, message->n_bytes);
	else
		memcpy(payload, channel->in, message->n_bytes);
	return true;
}
