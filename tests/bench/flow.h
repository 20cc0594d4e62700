// SPDX-License-Identifier: MIT
/*
 * Records that go one way, from one process to another: a *flow* is one way to
 * do it. The first word of each record counts up, and the receiver checks it.
 * Two measurements: the time for N records one after the other, and how long
 * one takes when one is sent each millisecond, its first word the time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FLOW_BYTES_MAX = 4096 };

struct flow {
	/* Before the fork, for records of BYTES (0: of mixed sizes, see flow_size): what both processes
	 * need. */
	bool (*open)(size_t bytes);
	/* In the sending process, and in the receiving one; may be NULL. */
	bool (*open_sender)(void);
	bool (*open_receiver)(void);
	/* Send N records whose first words are WORD, WORD + 1, ...; wait while there is no room. */
	bool (*send)(uint64_t word, uint64_t n);
	/* Take N records; the first word of the last into *WORD. False when they do not count up. */
	bool (*receive)(uint64_t *word, uint64_t n);
};

/* Be the receiver, the child the sender. Ends with bench_serve; the exit status. */
int flow_hot(const struct flow *flow, uint64_t bytes);
int flow_cold(const struct flow *flow, uint64_t bytes);

/* Receive what somebody else has been told to send once each millisecond: values of bench_cold. */
size_t flow_receive_cold(bool (*receive)(uint64_t *word, uint64_t n), uint64_t n, double *values);

/* The size of record number WORD when the sizes are mixed: 16 to 1,024 bytes, most of them small. */
static inline size_t flow_mixed_size(uint64_t word)
{
	static const uint16_t sizes[16] = { 16,	 64, 24, 128,  32, 16,	256, 48,
					    512, 16, 64, 1024, 40, 128, 16,  96 };

	return sizes[word % 16];
}

/* What is at RECORD has been used: a compiler that sees only its first word read may not copy less. */
static inline void flow_use(const void *record)
{
	__asm__ volatile("" ::"r"(record) : "memory");
}

static inline size_t flow_size(size_t bytes, uint64_t word)
{
	return bytes ? bytes : flow_mixed_size(word);
}

#ifdef __cplusplus
}
#endif
