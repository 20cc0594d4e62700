// SPDX-License-Identifier: MIT
/*
 * Who writes what: the producer tail, and the entries between tail and head;
 * the consumer head. Each end remembers its own index and the other's as last
 * seen, and looks at the memory again only when what it has seen is used up: a
 * look takes the line with both indices away from the other side, which stores
 * to it for every entry. For the same reason an end that has found little twice
 * in a row (it is right behind the other) pauses before it looks once more.
 * Every entry is visible as soon as it is put.
 *
 * Order of memory. The producer stores tail with release after the entry, the
 * consumer loads it with acquire before: it reads whole entries. The consumer
 * stores head with release after it has copied, the producer loads it with
 * acquire before it overwrites. These two cost nothing on x86-64.
 *
 * Wake-ups. A consumer sleeps after: store head, FENCE C, load tail, which says
 * "empty". The producer does: store tail, FENCE P, load head. Fences are totally
 * ordered. C before P: the producer's load sees that head, which is the tail
 * before one of the entries it has just put, and it notifies. P before C: the
 * consumer's load sees the new tail and does not sleep. Without either fence its
 * store may be seen after its load, and both may miss each other for good. So
 * FENCE P stands once for all entries of a put, and FENCE C where a consumer has
 * used up what it has seen, and nowhere else. tests/model/data_queue.pml.
 *
 * Whoever follows the documented algorithm without all this may be at the other
 * end: it needs nothing of us but the layout and the order of stores above.
 *
 * What a hostile peer can do: head and tail only select among the checked
 * positions; an entry's size is read once into a register, checked against the
 * private size, and that copy is used. A tail that is no end of an entry is
 * forgotten when it has been passed.
 */
#include "wire/data_queue.h"

#include <string.h>

#include "base/cpu.h"

enum {
	HEADER = DATA_QUEUE_ENTRY_HEADER_SIZE,
	STEP = 4096, /* bytes after which the other side is thought of when there are many records */
	LITTLE = 1024,	 /* a look that finds less than these bytes is a short one */
	SHORT_LOOKS = 2, /* in a row, then we pause */
	PAUSES = 16,
	LARGE = 1024, /* bytes for which aligned stores pay */
	LINE = 64,
	CHUNK = 16,
};

_Static_assert(DATA_QUEUE_MEMORY_HEADER_SIZE == 12, "spec 7.1");
_Static_assert(DATA_QUEUE_ENTRY_HEADER_SIZE == 4, "spec 7.1");
_Static_assert(DATA_QUEUE_MEMORY_APPENDIX_SIZE == 28, "spec 7.1");

static uint8_t *entries_of(const struct wire_queue_end *end)
{
	return (uint8_t *)end->memory + DATA_QUEUE_MEMORY_HEADER_SIZE;
}

/* SIZE below CHUNK: two halves that may overlap. */
static inline void copy_little(uint8_t *to, const uint8_t *from, uint32_t size)
{
	if (size >= 8) {
		memcpy(to, from, 8);
		memcpy(to + size - 8, from + size - 8, 8);
	} else if (size >= 4) {
		memcpy(to, from, 4);
		memcpy(to + size - 4, from + size - 4, 4);
	} else {
		while (size--)
			to[size] = from[size];
	}
}

/* For all sizes in line, and never with string instructions, which compiler and library take for some: these
 * are slow for entries, which are hardly ever aligned. */
static inline void copy(uint8_t *to, const uint8_t *from, uint32_t size)
{
	if (size >= LARGE) {
		uint32_t first = LINE - ((uintptr_t)to & (LINE - 1));

		memcpy(to, from, LINE);
		to += first, from += first, size -= first;
	}
	if (size < CHUNK) {
		copy_little(to, from, size);
		return;
	}
	for (; size >= LINE; to += LINE, from += LINE, size -= LINE)
		memcpy(to, from, LINE);
	for (; size >= CHUNK; to += CHUNK, from += CHUNK, size -= CHUNK)
		memcpy(to, from, CHUNK);
	if (size)
		memcpy(to + size - CHUNK, from + size - CHUNK, CHUNK);
}

/* --- indices --------------------------------------------------------------------------------- */

/* Others of this process may ask wire_queue_has_data meanwhile. */
static void set_own(struct wire_queue_end *end, uint32_t own)
{
	__atomic_store_n(&end->own, own, __ATOMIC_RELAXED);
}

static void set_other(struct wire_queue_end *end, uint32_t other)
{
	__atomic_store_n(&end->other, other, __ATOMIC_RELAXED);
}

void wire_queue_sync_producer(struct wire_queue_end *end)
{
	uint32_t tail = __atomic_load_n(&end->memory->tail, __ATOMIC_RELAXED);

	if (tail == end->own)
		return;
	set_own(end, tail);
	set_other(end, UINT32_MAX);
}

void wire_queue_sync_consumer(struct wire_queue_end *end)
{
	uint32_t head = __atomic_load_n(&end->memory->head, __ATOMIC_RELAXED);

	if (head == end->own)
		return;
	set_own(end, head);
	set_other(end, head);
}

/* Before a look; it found FOUND bytes (modulo the queue's size: a hint). */
static void pause_when_close(const struct wire_queue_end *end)
{
	if (end->short_looks >= SHORT_LOOKS)
		for (int i = 0; i < PAUSES; i++)
			cpu_relax();
}

static void looked(struct wire_queue_end *end, uint32_t from, uint32_t to)
{
	uint32_t found = to >= from ? to - from : end->size - from + to;

	end->short_looks = found && found < LITTLE ? end->short_looks + 1 : 0;
}

/* --- producer ------------------------------------------------------------------------------------ */

/* Where an entry of NEED bytes goes as far as we know; false: no room. */
static inline bool place(const struct wire_queue_end *end, uint64_t need, uint32_t *ret_at)
{
	uint32_t tail = end->own, head = end->other;

	*ret_at = tail;
	if (head > end->size || tail > end->size)
		return false;
	if (tail < head)
		return head - tail > need;
	if (need <= end->size - tail)
		return true;
	*ret_at = 0;
	return head > need;
}

static __attribute__((noinline)) IOReturn look_and_place(struct wire_queue_end *end, uint64_t need,
							 uint32_t *ret_at)
{
	uint32_t head;

	if (need > UINT32_MAX)
		return kIOReturnOverrun;
	pause_when_close(end);
	/* Acquire: the consumer has finished reading what we are going to overwrite. */
	head = __atomic_load_n(&end->memory->head, __ATOMIC_ACQUIRE);
	if (head > end->size || end->own > end->size)
		return kIOReturnUnderrun;
	looked(end, end->other, head);
	set_other(end, head);
	return place(end, need, ret_at) ? kIOReturnSuccess : kIOReturnOverrun;
}

static inline IOReturn reserve(struct wire_queue_end *end, uint32_t size, uint32_t *ret_at)
{
	uint64_t need = (uint64_t)size + HEADER;

	return place(end, need, ret_at) ? kIOReturnSuccess : look_and_place(end, need, ret_at);
}

static inline uint8_t *start_entry(struct wire_queue_end *end, uint32_t at, uint32_t size)
{
	uint8_t *entry = entries_of(end) + at;

	memcpy(entry, &size, HEADER);
	return entry + HEADER;
}

/* The entry at AT is written: show it. */
static inline void publish(struct wire_queue_end *end, uint32_t at, uint32_t size)
{
	uint32_t tail = end->own, next = at + HEADER + size;

	/* A reader that looks at the old tail finds a size that cannot fit there, and wraps. Who puts at the same
	 * time against the rules may have taken over any tail meanwhile. */
	if (at != tail && (uint64_t)tail + HEADER <= end->size)
		memcpy(entries_of(end) + tail, &size, HEADER);
	set_own(end, next);
	__atomic_store_n(&end->memory->tail, next, __ATOMIC_RELEASE);
}

/* What was put since FROM is visible: has the consumer seen the end of the queue meanwhile? */
static inline IOReturn settle(struct wire_queue_end *end, uint32_t from, bool *notify)
{
	uint32_t head, tail = end->own;

	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* FENCE P */
	head = __atomic_load_n(&end->memory->head, __ATOMIC_ACQUIRE);
	if (head > end->size) {
		/* Damaged: as if we had looked before. */
		set_own(end, from);
		set_other(end, UINT32_MAX);
		__atomic_store_n(&end->memory->tail, from, __ATOMIC_RELAXED);
		return kIOReturnUnderrun;
	}
	set_other(end, head);
	/* Does head stand before one of the new entries? */
	if (tail >= from ? from <= head && head < tail : from <= head || head < tail)
		*notify = true;
	return kIOReturnSuccess;
}

IOReturn wire_queue_put_filled(struct wire_queue_end *end, uint32_t size, wire_queue_fill_fn fill,
			       void *context, bool *notify)
{
	uint32_t at, from = end->own;
	IOReturn status = reserve(end, size, &at);

	if (status)
		return status;
	fill(context, start_entry(end, at, size), size);
	publish(end, at, size);
	return settle(end, from, notify);
}

IOReturn wire_queue_put(struct wire_queue_end *end, const void *data, uint32_t size, bool *notify)
{
	uint32_t at, from = end->own;
	IOReturn status = reserve(end, size, &at);

	if (status)
		return status;
	copy(start_entry(end, at, size), data, size);
	publish(end, at, size);
	return settle(end, from, notify);
}

IOReturn wire_queue_put_some(struct wire_queue_end *end,
			     const struct portico_data_queue_record *records, uint32_t count,
			     uint32_t *ret_put, bool *notify)
{
	uint32_t from = end->own, at, put = 0;
	uint64_t bytes = 0, step;
	IOReturn status;

	*ret_put = 0;
	if (!count)
		return kIOReturnSuccess;
	status = reserve(end, records->size, &at);
	if (status)
		return status;
	/* A consumer that may sleep is woken by the first entry, not by the last. */
	step = end->own == end->other ? 0 : STEP;
	/* No look before settle: then what is put since FROM never reaches around to it. */
	do {
		const struct portico_data_queue_record *record = &records[put++];

		copy(start_entry(end, at, record->size), record->data, record->size);
		publish(end, at, record->size);
		bytes += (uint64_t)record->size + HEADER;
	} while (put < count && bytes < step &&
		 place(end, (uint64_t)records[put].size + HEADER, &at));
	status = settle(end, from, notify);
	if (!status)
		*ret_put = put;
	return status;
}

/* --- consumer --------------------------------------------------------------------------------- */

/* The size of the entry at AT, if there is room for its header and for it. */
static inline bool entry_at(const struct wire_queue_end *end, uint32_t at, uint32_t *ret_size)
{
	uint32_t size;

	if (end->size < HEADER || at > end->size - HEADER)
		return false;
	memcpy(&size, entries_of(end) + at, sizeof(size));
	/* Whatever the compiler thinks, the shared word is not looked at again. */
	__asm__ volatile("" : "+r"(size));
	*ret_size = size;
	return size <= end->size - HEADER - at;
}

static __attribute__((noinline)) bool look_for_data(struct wire_queue_end *end)
{
	uint32_t tail;

	pause_when_close(end);
	tail = __atomic_load_n(&end->memory->tail, __ATOMIC_ACQUIRE);
	looked(end, end->own, tail);
	set_other(end, tail);
	return tail != end->own;
}

static inline IOReturn find(struct wire_queue_end *end, uint32_t *ret_at, uint32_t *ret_size)
{
	uint32_t own = end->own;

	if (own == end->other && !look_for_data(end))
		return kIOReturnUnderrun;
	*ret_at = own;
	if (own <= end->size) {
		if (entry_at(end, own, ret_size))
			return kIOReturnSuccess;
		*ret_at = 0;
		if (entry_at(end, 0, ret_size))
			return kIOReturnSuccess;
	}
	set_other(end, own); /* look again next time */
	return kIOReturnError;
}

IOReturn wire_queue_peek(struct wire_queue_end *end, uint32_t *ret_at, uint32_t *ret_size)
{
	return find(end, ret_at, ret_size);
}

/* The entry of SIZE bytes at AT has been read. */
static inline void pass(struct wire_queue_end *end, uint32_t at, uint32_t size)
{
	uint32_t own = end->own, other = end->other, next = at + HEADER + size;

	set_own(end, next);
	/* Two of three: what was seen does not end where an entry does, and has been passed. */
	if ((own < other) + (at < own) + (next > other) >= 2)
		set_other(end, next);
}

/* What has been read may be overwritten. */
static inline void give_back(const struct wire_queue_end *end)
{
	__atomic_store_n(&end->memory->head, end->own, __ATOMIC_RELEASE);
	if (end->own == end->other)
		__atomic_thread_fence(__ATOMIC_SEQ_CST); /* FENCE C */
}

IOReturn wire_queue_take(struct wire_queue_end *end, void *data, uint32_t *size)
{
	uint32_t at, found;
	IOReturn status = find(end, &at, &found);

	if (status)
		return status;
	if (data) {
		if (found > *size)
			return kIOReturnNoSpace;
		copy(data, entries_of(end) + at + HEADER, found);
		*size = found;
	}
	pass(end, at, found);
	give_back(end);
	return kIOReturnSuccess;
}

IOReturn wire_queue_take_many(struct wire_queue_end *end, void *buffer, size_t room,
			      struct portico_data_queue_record *records, uint32_t *count)
{
	const size_t mask = PORTICO_DATA_QUEUE_RECORD_ALIGNMENT - 1;
	size_t used = 0, given = 0;
	uint32_t at, size, n = 0;
	IOReturn status = kIOReturnSuccess;

	/* One look at most. */
	for (; n < *count && (!n || end->own != end->other); n++) {
		size_t start = (used + mask) & ~mask;

		status = find(end, &at, &size);
		if (!status && (start > room || size > room - start))
			status = kIOReturnNoSpace;
		if (status)
			break;
		records[n].data = (uint8_t *)buffer + start;
		records[n].size = size;
		copy(records[n].data, entries_of(end) + at + HEADER, size);
		used = start + size;
		pass(end, at, size);
		if (used - given >= STEP) {
			give_back(end);
			given = used;
		}
	}
	if (n)
		give_back(end);
	*count = n;
	return n ? kIOReturnSuccess : status;
}

bool wire_queue_has_data(const struct wire_queue_end *end)
{
	uint32_t head = __atomic_load_n(&end->memory->head, __ATOMIC_RELAXED);
	uint32_t own = __atomic_load_n(&end->own, __ATOMIC_RELAXED);

	if (head == own && own != __atomic_load_n(&end->other, __ATOMIC_RELAXED))
		return true;
	return head != __atomic_load_n(&end->memory->tail, __ATOMIC_ACQUIRE);
}
