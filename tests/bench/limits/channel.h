// SPDX-License-Identifier: MIT
/*
 * The bare channel: the least that a call between two processes needs when
 * neither trusts the other and no core is to be burnt. It is the yardstick for
 * Portico's calls; nothing of Portico is in it.
 *
 * One line of 64 bytes carries a small call both ways, so that request and reply
 * are one transfer each. Its first word holds the step (odd: a request, even: a
 * reply) and is stored last; the step is also the futex that the other side
 * sleeps on. Each side keeps its own count of steps and copies the line before it
 * looks at anything in it: a step that is neither the present one nor its
 * successor, or a count out of bounds, ends the channel.
 *
 * Waiting. The flags "asleep" live in a line of their own. Who goes to sleep sets
 * its flag, fences, looks at the step once more and sleeps on it. Who posts looks
 * at the other's flag right behind its store and without a fence: the processor
 * may have read the flag before the store was seen, so it looks again behind a
 * fence when no answer has come after a microsecond, and in any case before it
 * sleeps or yields itself. A wake-up may be late by so much, but is never lost,
 * and the fast path has no fence.
 *
 * How to wait (channel_wait) depends on where the other side ran when it last
 * posted: on another processor we look, for a budget that adapts; on ours it
 * cannot run before we stop, so we yield, and then sleep.
 *
 * Payload is copied into the shared memory before the step is stored. When there
 * is much of it and the other side runs elsewhere, the step comes first and the
 * payload streams behind it: the writer publishes its progress every 2 KiB and
 * fetches the next lines for writing meanwhile, the reader copies right behind.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CHANNEL_WORDS = 6,
	CHANNEL_STREAM_MIN = 8 * 1024, /* below, one transfer is quicker */
	CHANNEL_CHUNK = 2 * 1024,
};

enum channel_side { CHANNEL_CLIENT, CHANNEL_SERVER };

/* In shared memory. The line belongs to the side whose turn it is. */
struct channel_region {
	struct {
		_Atomic uint64_t head;	/* step, and in the upper half selector or status */
		_Atomic uint64_t shape; /* payload bytes, in the upper half words and processor */
		_Atomic uint64_t words[CHANNEL_WORDS];
	} line __attribute__((aligned(64)));
	struct {
		_Atomic uint32_t flag;
	} asleep[2] __attribute__((aligned(64))); /* each written by its side alone */
	struct {
		_Atomic uint64_t at; /* bytes, and in the upper half the step they belong to */
	} __attribute__((aligned(64))) progress[2];
};

/* What one message is, once it has been copied and checked. */
struct channel_message {
	uint32_t code; /* selector or status */
	uint32_t n_words, n_bytes;
	uint64_t words[CHANNEL_WORDS];
};

/* One end: private. */
struct channel {
	struct channel_region *region;
	enum channel_side side;
	size_t n_bytes_max;
	const char *in; /* payload of the other side, in shared memory */
	char *out;
	uint32_t step;	    /* of the last message seen or posted */
	uint32_t other_cpu; /* where the other side was then */
	bool flag_is_sure;  /* its flag was looked at behind a fence since we posted */
	bool is_broken;	    /* it has lied: nothing is read any more */
	uint64_t budget_ns; /* how long to look before sleeping */
	uint32_t patience;  /* short waits to come before looking is worth a try again */
	uint32_t grudge;    /* how many of them the next disturbance will cost */
};

void channel_init(struct channel *channel, void *region, enum channel_side side, const char *in,
		  char *out, size_t n_bytes_max);
/* Post MESSAGE with the payload at PAYLOAD. */
void channel_post(struct channel *channel, const struct channel_message *message,
		  const char *payload);
/* No message is awaited for now: the other side is awake or has seen what was posted. */
void channel_settle(struct channel *channel);
/* Wait for the next message and copy it, its payload to PAYLOAD. False when the channel is broken. */
bool channel_receive(struct channel *channel, struct channel_message *message, char *payload);
