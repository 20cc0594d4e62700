// SPDX-License-Identifier: MIT
/*
 * Calls through shared memory: what it looks like. The two ends are
 * slot_caller.h (client library) and slot_server.h (driver host).
 *
 * A slot carries one call at a time. Its line of 64 bytes is all that a small
 * call needs, in both directions: the caller writes the request into it, the
 * server takes it from there and writes the answer over it, so that each way is
 * one transfer of one line between two processors.
 *
 *   word 0   low half: the step; high half: selector, or the answer's status
 *   word 1   sizes, counts, flags, the sender's processor (wire_slot_sizes)
 *   word 2-7 up to six scalars
 *
 * A slot's step grows by one with every message: request 1, answer 2, request
 * 3 ... Word 0 is stored last (release) and read first (acquire): whoever sees
 * the step sees the rest. Each end knows which step must come; any other ends
 * the connection. Both copy what they read to memory of their own, once, and
 * check the copy. Structures, scalars beyond six and the true counts of an
 * answer that exceeds what was asked for are in the slot's payload.
 *
 * The payload of a wide slot is written while the other side reads behind
 * (stream.h) when the two are on different processors; else before the step.
 *
 * Sleeping. Each side tells in a line of its own that it sleeps: the caller in
 * its slot (caller_sleeps; it waits on the step), the server for all slots
 * (unattended; it waits on knocks). Sender: store the step, then look whether
 * the other sleeps. Sleeper: tell, then look at the step once more, then sleep.
 * Both stores and looks are sequentially consistent, so one of the two sees the
 * other's: no wake-up is lost (tests/model/call_slot.pml).
 *
 * "unattended" is also set while the one server thread that looks at the slots
 * runs a method that is known to take long: the next caller's knock brings
 * another thread. Where that was not known, a caller that has waited in vain
 * and finds its request not taken while a method is running knocks before it
 * sleeps.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/protocol.h"

#define WIRE_SLOT_LINE __attribute__((aligned(64)))

struct wire_slot {
	WIRE_SLOT_LINE union {
		_Atomic uint64_t word[2 + WIRE_SLOT_SCALARS];
		_Atomic uint32_t step; /* low half of word 0: what a caller sleeps on */
	};
	WIRE_SLOT_LINE _Atomic uint32_t caller_sleeps; /* the caller writes */
	_Atomic uint32_t sent;		       /* bytes of the request's structure that are there */
	WIRE_SLOT_LINE _Atomic uint32_t taken; /* the server writes: the request it has */
	_Atomic uint32_t answered;	       /* bytes of the answer's structure that are there */
	WIRE_SLOT_LINE uint8_t spare[64];      /* some processors fetch lines in pairs */
};

struct wire_slots {
	WIRE_SLOT_LINE _Atomic uint64_t used; /* callers: bit i, slot i was used once */
	WIRE_SLOT_LINE _Atomic uint32_t unattended;
	_Atomic uint32_t knocks;		 /* what servers sleep on */
	WIRE_SLOT_LINE _Atomic uint32_t running; /* servers: who looks at the slots runs a method */
	__attribute__((aligned(4096))) struct wire_slot slots[WIRE_SLOTS_COUNT];
	__attribute__((aligned(4096))) uint8_t narrow[WIRE_SLOTS_COUNT][WIRE_SLOT_NARROW];
	uint8_t wide[WIRE_SLOTS_WIDE][WIRE_SLOT_WIDE];
};

_Static_assert(sizeof(struct wire_slot) == 256, "four lines");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the step is the low half of word 0");

/* The last slots are the wide ones: most calls are small, and few slots are used. */
enum { WIRE_SLOT_FIRST_WIDE = WIRE_SLOTS_COUNT - WIRE_SLOTS_WIDE };

static inline uint8_t *wire_slot_payload(struct wire_slots *shared, unsigned index)
{
	return index < WIRE_SLOT_FIRST_WIDE ? shared->narrow[index]
					    : shared->wide[index - WIRE_SLOT_FIRST_WIDE];
}

static inline bool wire_slot_is_wide(unsigned index)
{
	return index >= WIRE_SLOT_FIRST_WIDE;
}

/* Bytes of a structure that fit. */
static inline uint64_t wire_slot_capacity(unsigned index)
{
	return (index < WIRE_SLOT_FIRST_WIDE ? WIRE_SLOT_NARROW : WIRE_SLOT_WIDE) - WIRE_SLOT_HEAD;
}

/* Word 1. Of a request: sizes and counts that are there and that are asked for; of an answer: "in" is
 * zero, "out" what is there. */
struct wire_slot_sizes {
	uint32_t in, out;     /* bytes of the structures, at most 2^21 - 1 */
	uint32_t n_in, n_out; /* scalars, at most 31 */
	bool exceeds;	      /* an answer: the true counts are in the payload */
	unsigned cpu;	      /* at most 1022; WIRE_SLOT_NO_CPU: unknown */
};

enum { WIRE_SLOT_NO_CPU = 1023 };

static inline uint64_t wire_slot_pack(const struct wire_slot_sizes *sizes)
{
	unsigned cpu = sizes->cpu < WIRE_SLOT_NO_CPU ? sizes->cpu : WIRE_SLOT_NO_CPU;

	return (uint64_t)sizes->in | (uint64_t)sizes->out << 21 | (uint64_t)sizes->n_in << 42 |
	       (uint64_t)sizes->n_out << 47 | (uint64_t)sizes->exceeds << 52 | (uint64_t)cpu << 54;
}

static inline struct wire_slot_sizes wire_slot_unpack(uint64_t word)
{
	return (struct wire_slot_sizes){
		.in = word & 0x1fffff,
		.out = word >> 21 & 0x1fffff,
		.n_in = word >> 42 & 31,
		.n_out = word >> 47 & 31,
		.exceeds = word >> 52 & 1,
		.cpu = word >> 54,
	};
}

/* In a payload before the structure. */
struct wire_slot_head {
	_Atomic uint64_t scalars[WIRE_SCALARS_MAX - WIRE_SLOT_SCALARS];
	_Atomic uint64_t n_scalars, structure_size; /* of an answer that exceeds */
};

_Static_assert(sizeof(struct wire_slot_head) <= WIRE_SLOT_HEAD, "before the structure");

static inline uint64_t wire_slot_word(uint32_t step, uint32_t other)
{
	return step | (uint64_t)other << 32;
}
