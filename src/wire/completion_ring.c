// SPDX-License-Identifier: MIT
/*
 * The ring is an array of slots of one cache line, and a page with three words.
 *
 * Records. A record takes one slot, or up to three that follow each other. A
 * position counts slots since the beginning and never wraps. Word 0 of a
 * record's first slot is its stamp: the position plus 1. It is stored last, so
 * whoever has loaded it sees the record. What a slot held a lap ago is never
 * the stamp that is awaited now, so nothing is cleared; words 0 of slots that
 * continue a record are not written at all: drivers choose what is in a
 * record, and must not be able to choose a stamp. The reader polls the line
 * that it is going to read, and no index besides: one transfer per record.
 *
 * Room. The reader stores its position in `taken` after it has copied a
 * record; the writer looks there only when the ring seems full.
 *
 * Waking. The reader sets `reader` to ASLEEP and looks for a record once more;
 * the writer stores the stamp and then looks at `reader`. These four accesses
 * are sequentially consistent, so one of the two sees the other: a record is
 * found, or a wake-up is sent. The writer that changes ASLEEP to AWAKE sends
 * it, once, as a datagram on the inlet's socket; while AWAKE, posting needs no
 * system call.
 *
 * The datagram is what others see: it makes the port poll readable, and has to
 * be there exactly as long as records are. So
 *  - the reader receives it only when it has found the ring empty after setting
 *    ASLEEP, and never more of them than were sent for times of sleep that it
 *    knows to be over (`unread`): one that it does not know of belongs to a
 *    record that it has not seen;
 *  - a reader that does find a record then has a datagram already: it takes the
 *    ASLEEP back, or receives one of two if the writer was quicker;
 *  - the writer sends none when the reader has read everything before it slept.
 * tests/model/completion_ring.pml shows that nothing is lost so, and that
 * whoever takes one record each time that the socket is readable finds one.
 *
 * Waiting for room is the same with roles exchanged: the writer stores in
 * `room_wanted` from which position on it wants to be told and looks at
 * `taken` again; the reader stores `taken` and looks at `room_wanted`. Only
 * before it sleeps is that sequentially consistent: a reader that goes on
 * reading may be late, and always sleeps in the end.
 *
 * Trust. Each side keeps position and bounds to itself. The writer takes from
 * the memory the reader's position, which is ignored unless it lies between
 * the last one and its own, and two hints: somebody who writes other things
 * there loses his own wake-ups. The reader copies a record before it looks at
 * it; a count or kind that cannot be ends the inlet; tokens are looked up in a
 * private table. No lock lives here and nobody waits on these words.
 */
#include "wire/completion_ring.h"

#include <stdatomic.h>
#include <stddef.h>

#include "base/cpu.h"
#include "base/fd.h"
#include "base/scope.h"
#include "base/shm.h"

enum {
	N_SLOTS = WIRE_RING_SLOTS, /* a power of two */
	SLOT_WORDS = 8,
	FIRST_ARGUMENTS = 5, /* in the first slot, after stamp, token and the word of the rest */
	NEXT_ARGUMENTS = 7,  /* in each slot that follows */
	UNREAD_MAX = 8,	     /* an honest writer is never that far ahead */
	AHEAD = 8,	     /* slots that are fetched before they are needed */
};

struct slot {
	_Alignas(64) _Atomic uint64_t words[SLOT_WORDS];
};

struct wire_ring_memory {
	/* written by the host, */
	_Alignas(64) _Atomic uint64_t room_wanted; /* 0: no */
	/* by the client, */
	_Alignas(64) _Atomic uint64_t taken;
	/* and by both */
	_Alignas(64) _Atomic uint32_t reader; /* enum wire_ring_reader_state */
	_Alignas(4096) struct slot slots[N_SLOTS];
};

_Static_assert(sizeof(struct wire_ring_memory) == WIRE_RING_SIZE, "as protocol.md says");
_Static_assert((N_SLOTS & (N_SLOTS - 1)) == 0, "positions are masked");

static struct slot *slot_at(struct wire_ring_memory *memory, uint64_t position)
{
	return &memory->slots[position & (N_SLOTS - 1)];
}

static uint64_t load(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

static void store(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_relaxed);
}

/* False: it is not in STATE any more but in what STATE says then. */
static bool wake_reader(struct wire_ring_memory *memory, uint32_t *state)
{
	return atomic_compare_exchange_strong(&memory->reader, state, WIRE_RING_AWAKE);
}

static unsigned slots_of(unsigned count)
{
	if (count <= FIRST_ARGUMENTS)
		return 1;
	return 1 + (count - FIRST_ARGUMENTS + NEXT_ARGUMENTS - 1) / NEXT_ARGUMENTS;
}

/* --- the host's end -------------------------------------------------------- */

err_t wire_ring_attach(struct wire_ring_writer *writer, int fd)
{
	void *base;
	err_t err = shm_verify(fd, sizeof(struct wire_ring_memory));

	if (!err)
		err = shm_map(fd, sizeof(struct wire_ring_memory), true, &base);
	if (!err)
		*writer = (struct wire_ring_writer){ .memory = base };
	return err;
}

void wire_ring_detach(struct wire_ring_writer *writer)
{
	shm_unmap(writer->memory, sizeof(struct wire_ring_memory));
	writer->memory = NULL;
}

static bool has_room(const struct wire_ring_writer *w, unsigned n_slots)
{
	return w->at + n_slots - w->taken <= N_SLOTS;
}

/* Acquire: the reader has copied what was there before we write over it. */
static bool look_for_room(struct wire_ring_writer *w, unsigned n_slots)
{
	uint64_t taken = atomic_load(&w->memory->taken);

	if (taken - w->taken <= w->at - w->taken)
		w->taken = taken;
	return has_room(w, n_slots);
}

static void put_more(struct wire_ring_writer *w, const uint64_t *arguments, unsigned count)
{
	for (uint64_t at = w->at + 1; count; at++) {
		_Atomic uint64_t *words = slot_at(w->memory, at)->words;
		unsigned n = count < NEXT_ARGUMENTS ? count : NEXT_ARGUMENTS;

		for (unsigned i = 0; i < n; i++)
			store(&words[1 + i], arguments[i]);
		arguments += n;
		count -= n;
	}
}

bool wire_ring_put(struct wire_ring_writer *w, const struct wire_ring_record *record)
{
	const unsigned count = record->count, n_slots = slots_of(count);
	_Atomic uint64_t *words = slot_at(w->memory, w->at)->words;
	unsigned n_first = count < FIRST_ARGUMENTS ? count : FIRST_ARGUMENTS;

	if (!has_room(w, n_slots) && !look_for_room(w, n_slots))
		return false;
	cpu_prefetch_write(slot_at(w->memory, w->at + AHEAD));
	if (count > n_first)
		put_more(w, record->arguments + n_first, count - n_first);
	store(&words[1], record->token);
	store(&words[2],
	      (uint32_t)record->result | (uint64_t)count << 32 | (uint64_t)record->kind << 40);
	for (unsigned i = 0; i < n_first; i++)
		store(&words[3 + i], record->arguments[i]);
	/* Sequentially consistent: before the look at `reader`. */
	atomic_store(&words[0], w->at + 1);
	w->at += n_slots;
	return true;
}

bool wire_ring_is_crowded(struct wire_ring_writer *w)
{
	return !has_room(w, N_SLOTS / 2) && !look_for_room(w, N_SLOTS / 2);
}

enum wire_ring_reader_state wire_ring_reader_state(struct wire_ring_writer *w)
{
	uint32_t state = atomic_load(&w->memory->reader);

	/* It may have read the record before it fell asleep. */
	if (state == WIRE_RING_ASLEEP && atomic_load(&w->memory->taken) != w->at &&
	    wake_reader(w->memory, &state))
		return WIRE_RING_ASLEEP;
	return state == WIRE_RING_CLOSED ? WIRE_RING_CLOSED : WIRE_RING_AWAKE;
}

bool wire_ring_is_closed(const struct wire_ring_writer *w)
{
	return atomic_load(&w->memory->reader) == WIRE_RING_CLOSED;
}

bool wire_ring_want_room(struct wire_ring_writer *w)
{
	atomic_store(&w->memory->room_wanted, w->taken + N_SLOTS / 2);
	if (!look_for_room(w, slots_of(WIRE_ASYNC_ARGUMENTS_MAX)))
		return true;
	store(&w->memory->room_wanted, 0);
	return false;
}

/* --- the client's end ------------------------------------------------------ */

err_t wire_ring_create(struct wire_ring_reader *reader, int *ret_fd)
{
	scope_fd int fd = -1;
	void *base;
	err_t err = shm_create("portico-completions", sizeof(struct wire_ring_memory), &fd);

	if (!err)
		err = shm_map(fd, sizeof(struct wire_ring_memory), true, &base);
	if (err)
		return err;
	*reader = (struct wire_ring_reader){ .memory = base, .slept = true };
	atomic_init(&reader->memory->reader, WIRE_RING_ASLEEP);
	*ret_fd = take_fd(&fd);
	return 0;
}

void wire_ring_destroy(struct wire_ring_reader *reader)
{
	shm_unmap(reader->memory, sizeof(struct wire_ring_memory));
	reader->memory = NULL;
}

void wire_ring_close(struct wire_ring_reader *reader)
{
	if (reader->memory)
		atomic_store(&reader->memory->reader, WIRE_RING_CLOSED);
}

bool wire_ring_is_empty(const struct wire_ring_reader *r)
{
	return atomic_load(&slot_at(r->memory, r->at)->words[0]) != r->at + 1;
}

unsigned wire_ring_next_kind(const struct wire_ring_reader *r)
{
	const _Atomic uint64_t *words = slot_at(r->memory, r->at)->words;

	if (atomic_load_explicit(&words[0], memory_order_acquire) != r->at + 1)
		return 0;
	return (uint8_t)(load(&words[2]) >> 40);
}

static void take_more(const struct wire_ring_reader *r, uint64_t *arguments, unsigned count)
{
	for (uint64_t at = r->at + 1; count; at++) {
		const _Atomic uint64_t *words = slot_at(r->memory, at)->words;
		unsigned n = count < NEXT_ARGUMENTS ? count : NEXT_ARGUMENTS;

		for (unsigned i = 0; i < n; i++)
			arguments[i] = load(&words[1 + i]);
		arguments += n;
		count -= n;
	}
}

err_t wire_ring_take(struct wire_ring_reader *r, struct wire_ring_record *ret_record,
		     uint64_t arguments[static WIRE_ASYNC_ARGUMENTS_MAX])
{
	const _Atomic uint64_t *words = slot_at(r->memory, r->at)->words;
	unsigned count, n_first;
	uint64_t rest;

	if (atomic_load_explicit(&words[0], memory_order_acquire) != r->at + 1)
		return -EAGAIN;
	/* Everything from here on is about this copy. */
	rest = load(&words[2]);
	count = (uint8_t)(rest >> 32);
	*ret_record = (struct wire_ring_record){
		.token = load(&words[1]),
		.result = (int32_t)(uint32_t)rest,
		.kind = (uint8_t)(rest >> 40),
		.count = (uint8_t)count,
		.arguments = arguments,
	};
	if (count > WIRE_ASYNC_ARGUMENTS_MAX || rest >> 48 ||
	    (ret_record->kind != WIRE_RING_COMPLETION && ret_record->kind != WIRE_RING_RELEASED))
		return -EBADMSG;
	n_first = count < FIRST_ARGUMENTS ? count : FIRST_ARGUMENTS;
	for (unsigned i = 0; i < n_first; i++)
		arguments[i] = load(&words[3 + i]);
	if (count > n_first)
		take_more(r, arguments + n_first, count - n_first);
	r->at += slots_of(count);
	/* Release: what was copied may be written over. */
	atomic_store_explicit(&r->memory->taken, r->at, memory_order_release);
	return 0;
}

static void count_unread(struct wire_ring_reader *r)
{
	if (r->unread < UNREAD_MAX)
		r->unread++;
}

bool wire_ring_sleep(struct wire_ring_reader *r)
{
	uint32_t asleep = WIRE_RING_ASLEEP;

	/* AWAKE was written by the writer: a wake-up was or will be sent. */
	if (atomic_exchange(&r->memory->reader, WIRE_RING_ASLEEP) != WIRE_RING_ASLEEP && r->slept)
		count_unread(r);
	r->slept = true;
	if (wire_ring_is_empty(r))
		return true;
	/* The wake-up that is there is enough: no other, unless it is on its way. */
	if (r->unread) {
		if (!wake_reader(r->memory, &asleep))
			count_unread(r);
		r->slept = false;
	}
	return false;
}

bool wire_ring_must_tell(struct wire_ring_reader *r, bool any)
{
	uint64_t wanted = load(&r->memory->room_wanted);

	if (any) {
		atomic_store(&r->memory->taken, r->at);
		wanted = atomic_load(&r->memory->room_wanted);
	}
	if (!wanted || (!any && r->at - wanted > UINT64_MAX / 2))
		return false;
	return atomic_exchange(&r->memory->room_wanted, 0) != 0;
}
