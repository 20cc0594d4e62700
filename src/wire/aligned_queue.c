// SPDX-License-Identifier: MIT
/* Fences as in wire/data_queue.c: either the consumer sees the entry, or the producer sees that the
 * queue was empty for it. */
#include "wire/aligned_queue.h"

#include <string.h>

enum { HEADER = 4 };

_Static_assert(offsetof(struct wire_aligned_memory, need_serviced) == 8, "spec 7.9");
_Static_assert(offsetof(struct wire_aligned_memory, entries) == 128, "spec 7.9");

/* Bytes that an entry takes; more than any queue has when SIZE is too large to be rounded. */
static uint64_t taken_by(uint32_t size)
{
	return HEADER + (((uint64_t)size + 3) & ~(uint64_t)3);
}

/* Where an entry of NEED bytes goes; false: there is no room. */
static bool place(uint32_t size, uint32_t head, uint32_t tail, uint64_t need, uint32_t *ret_at)
{
	if (tail < head) {
		*ret_at = tail;
		return head - tail > need;
	}
	if (need <= size - tail) {
		*ret_at = tail;
		return true;
	}
	*ret_at = 0;
	return head > need;
}

static void store_size(const struct wire_aligned_queue *queue, uint32_t at, uint32_t size)
{
	memcpy(queue->memory->entries + at, &size, sizeof(size));
}

IOReturn wire_aligned_enqueue(const struct wire_aligned_queue *queue, uint32_t size,
			      wire_aligned_write_fn write, void *context, bool *notify)
{
	struct wire_aligned_memory *memory = queue->memory;
	uint64_t need = taken_by(size);
	uint32_t head, tail, at;

	if (!memory)
		return kIOReturnNoMemory;
	tail = __atomic_load_n(&memory->tail, __ATOMIC_RELAXED);
	/* Acquire: the consumer has finished reading what we are going to overwrite. */
	head = __atomic_load_n(&memory->head, __ATOMIC_ACQUIRE);
	if (need <= UINT32_MAX && (tail > queue->size || head > queue->size))
		return kIOReturnUnderrun;
	if (need > UINT32_MAX)
		return kIOReturnOverrun;
	if (!place(queue->size, head, tail, need, &at)) {
		__atomic_store_n(&memory->need_serviced, 1, __ATOMIC_SEQ_CST);
		*notify = true;
		return kIOReturnOverrun;
	}
	write(context, memory->entries + at + HEADER, size);
	store_size(queue, at, size);
	/* A reader that looks at the old tail finds a size that cannot fit, and wraps. */
	if (at != tail && queue->size - tail >= HEADER)
		store_size(queue, tail, (uint32_t)need - HEADER);
	__atomic_store_n(&memory->tail, at + (uint32_t)need, __ATOMIC_RELEASE);
	if (tail != head) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		head = __atomic_load_n(&memory->head, __ATOMIC_RELAXED);
	}
	if (tail == head)
		*notify = true;
	return kIOReturnSuccess;
}

/* The size of the entry at AT, if there is room for it. */
static bool entry_at(const struct wire_aligned_queue *queue, uint32_t at, uint32_t *ret_size)
{
	uint32_t size;

	if (queue->size < HEADER || at > queue->size - HEADER)
		return false;
	memcpy(&size, queue->memory->entries + at, sizeof(size));
	/* Whatever the compiler thinks, the shared word is not looked at again. */
	__asm__ volatile("" : "+r"(size));
	*ret_size = size;
	return taken_by(size) <= queue->size - at;
}

static IOReturn locate(const struct wire_aligned_queue *queue, uint32_t *ret_at, uint32_t *ret_size,
		       uint32_t *ret_tail)
{
	uint32_t head;

	if (!queue->memory)
		return kIOReturnNoMemory;
	head = __atomic_load_n(&queue->memory->head, __ATOMIC_RELAXED);
	*ret_tail = __atomic_load_n(&queue->memory->tail, __ATOMIC_ACQUIRE);
	if (head == *ret_tail)
		return kIOReturnUnderrun;
	if (head > queue->size)
		return kIOReturnError;
	*ret_at = head;
	if (entry_at(queue, head, ret_size))
		return kIOReturnSuccess;
	*ret_at = 0;
	return entry_at(queue, 0, ret_size) ? kIOReturnSuccess : kIOReturnError;
}

IOReturn wire_aligned_peek(const struct wire_aligned_queue *queue, wire_aligned_read_fn read,
			   void *context)
{
	uint32_t at, size, tail;
	IOReturn status = locate(queue, &at, &size, &tail);

	if (!status)
		read(context, queue->memory->entries + at + HEADER, size);
	return status;
}

static bool is_service_wanted(const struct wire_aligned_queue *queue)
{
	return __atomic_load_n(&queue->memory->need_serviced, __ATOMIC_SEQ_CST);
}

IOReturn wire_aligned_dequeue(const struct wire_aligned_queue *queue, wire_aligned_read_fn read,
			      void *context, bool *notify)
{
	uint32_t at, size, tail;
	IOReturn status = locate(queue, &at, &size, &tail);

	if (!status) {
		read(context, queue->memory->entries + at + HEADER, size);
		at += (uint32_t)taken_by(size);
		__atomic_store_n(&queue->memory->head, at, __ATOMIC_RELEASE);
		/* Also before the flag is looked at: the producer sets it after it has looked at the head. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	if ((!status || (uint32_t)status == (uint32_t)kIOReturnUnderrun) &&
	    is_service_wanted(queue))
		*notify = true;
	return status;
}

IOReturn wire_aligned_can_enqueue(const struct wire_aligned_queue *queue, uint32_t size,
				  uint32_t count)
{
	uint64_t need = taken_by(size), room;
	uint32_t head, tail;

	if (!queue->memory)
		return kIOReturnNoMemory;
	if (need > UINT32_MAX)
		return kIOReturnOverrun;
	tail = __atomic_load_n(&queue->memory->tail, __ATOMIC_RELAXED);
	head = __atomic_load_n(&queue->memory->head, __ATOMIC_ACQUIRE);
	if (tail > queue->size || head > queue->size)
		return kIOReturnError;
	/* The tail never comes up to the head from below. */
	if (tail < head)
		room = (head - tail - 1) / need;
	else
		room = (queue->size - tail) / need + (head ? (head - 1) / need : 0);
	return room >= count ? kIOReturnSuccess : kIOReturnOverrun;
}

bool wire_aligned_has_data(const struct wire_aligned_queue *queue)
{
	return queue->memory && __atomic_load_n(&queue->memory->head, __ATOMIC_RELAXED) !=
					__atomic_load_n(&queue->memory->tail, __ATOMIC_ACQUIRE);
}
