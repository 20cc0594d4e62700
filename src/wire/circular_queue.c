// SPDX-License-Identifier: MIT
/*
 * The two words of 128 bits are changed with one exchange each. They are read
 * in halves, because memory that is mapped for reading cannot be exchanged: the
 * sequence number, which only grows, before and after the other half. When both
 * are the same, the three belong together.
 *
 * An entry's header says that it is being written before the first byte of data
 * changes, and that it is done after the last (a sequence lock): who finds the
 * same header before and after copying has copied one whole entry.
 */
#include "wire/circular_queue.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define SENTINEL 0xA5A5A5A5A5A5A5A5u

enum {
	ALIGNMENT = 16,
	GENERATIONS = 1 << 30,
	READ_TURNS = 100, /* for a word that a broken producer changes all the time */
	WRITE_TURNS = 100,
	LATEST_TURNS = 5, /* the documented number */
};

__extension__ typedef unsigned __int128 word_t;

_Static_assert(sizeof(IOCircularDataQueueDescription) == 32, "spec 7.10");
_Static_assert(sizeof(IOCircularDataQueueMemoryCursor) == 16, "spec 7.10");
_Static_assert(CIRCULAR_DATA_QUEUE_MEMORY_HEADER_SIZE == 32, "spec 7.10");
_Static_assert(CIRCULAR_DATA_QUEUE_ENTRY_HEADER_SIZE == 32, "spec 7.10");
_Static_assert(offsetof(IOCircularDataQueueMemory, queueState) == 16, "spec 7.10");
_Static_assert(offsetof(IOCircularDataQueueEntryHeader, sentinel) == 16, "spec 7.10");
_Static_assert(sizeof(IOCircularDataQueueState) == 16, "spec 7.10");
_Static_assert(sizeof(IOCircularDataQueueEntryHeaderInfo) == 16, "spec 7.10");

/* On x86-64 the build asks for -mcx16: the exchanges below are single instructions, never calls. */
/* --- words ------------------------------------------------------------------------------- */

bool wire_circular_queue_is_supported(void)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;

	__cpuid(1, a, b, c, d); /* each of them has this leaf */
	return c & bit_CMPXCHG16B;
#else
	return true;
#endif
}

static uint64_t load_half(const void *word, size_t half)
{
	return __atomic_load_n((const uint64_t *)word + half, __ATOMIC_ACQUIRE);
}

/* False: it never stood still. */
static bool load_word(const void *word, word_t *ret_value)
{
	for (int turn = 0; turn < READ_TURNS; turn++) {
		uint64_t low = load_half(word, 0), high = load_half(word, 1);

		if (load_half(word, 0) == low) {
			*ret_value = (word_t)high << 64 | low;
			return true;
		}
	}
	return false;
}

static bool exchange_word(void *word, word_t old, word_t new)
{
	return __sync_bool_compare_and_swap((word_t *)word, old, new);
}

/* Whatever stands there. False: somebody else writes it all the time. */
static bool store_word(void *word, word_t value)
{
	word_t old = 0;

	for (int turn = 0; turn < WRITE_TURNS; turn++) {
		word_t seen = __sync_val_compare_and_swap((word_t *)word, old, value);

		if (seen == old)
			return true;
		old = seen;
	}
	return false;
}

/* --- making ------------------------------------------------------------------------------- */

bool wire_circular_queue_describe(uint32_t n_entries, uint32_t data_size,
				  IOCircularDataQueueDescription *ret_description)
{
	uint64_t rounded = ((uint64_t)data_size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	uint64_t entry = rounded + CIRCULAR_DATA_QUEUE_ENTRY_HEADER_SIZE, entries;

	if (!n_entries || !data_size || __builtin_mul_overflow(entry, n_entries, &entries) ||
	    entries > UINT32_MAX - CIRCULAR_DATA_QUEUE_MEMORY_HEADER_SIZE)
		return false;
	*ret_description = (IOCircularDataQueueDescription){
		.sentinel = SENTINEL,
		.allocMemSize = (uint32_t)(entries + CIRCULAR_DATA_QUEUE_MEMORY_HEADER_SIZE),
		.entryDataSize = (uint32_t)entry,
		.memorySize = (uint32_t)entries,
		.numEntries = n_entries,
		.dataSize = data_size,
	};
	return true;
}

bool wire_circular_queue_is_valid(const IOCircularDataQueueDescription *description, uint64_t size)
{
	IOCircularDataQueueDescription own;

	if (!wire_circular_queue_describe(description->numEntries, description->dataSize, &own))
		return false;
	own.sentinel = description->sentinel;
	own.padding = description->padding;
	return !memcmp(&own, description, sizeof(own)) && own.allocMemSize == size;
}

void wire_circular_queue_format(IOCircularDataQueueMemory *memory,
				const IOCircularDataQueueDescription *description)
{
	IOCircularDataQueueState state = { .fields = { .seqNum = UINT64_MAX } };

	memory->sentinel = description->sentinel;
	/* Making a queue counts as a reset: entries that were never written are of another generation. */
	state.fields.generation = (state.fields.generation + 1) % GENERATIONS;
	store_word(&memory->queueState, state.val);
}

IOCircularDataQueue *wire_circular_queue_new(IOCircularDataQueueMemory *memory, bool writable,
					     const IOCircularDataQueueDescription *description,
					     void (*release)(IOCircularDataQueue *), void *owner)
{
	IOCircularDataQueue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->memory = memory;
	queue->writable = writable;
	queue->description = *description;
	memset(&queue->cursor, 0xff, sizeof(queue->cursor));
	queue->release = release;
	queue->owner = owner;
	return queue;
}

IOReturn IOCircularDataQueueDestroy(IOCircularDataQueue **queue)
{
	if (!queue)
		return kIOReturnBadArgument;
	if (*queue) {
		(*queue)->release(*queue);
		free(*queue);
		*queue = NULL;
	}
	return kIOReturnSuccess;
}

/* --- looking ------------------------------------------------------------------------------ */

/* POSITION is below numEntries. */
static IOCircularDataQueueEntryHeader *entry_at(const IOCircularDataQueue *queue, uint32_t position)
{
	size_t offset = (size_t)position * queue->description.entryDataSize;

	return (IOCircularDataQueueEntryHeader *)((uint8_t *)queue->memory->entries + offset);
}

static uint32_t position_before(const IOCircularDataQueue *queue, uint32_t position)
{
	return position ? position - 1 : queue->description.numEntries - 1;
}

static bool is_damaged(const IOCircularDataQueue *queue)
{
	return __atomic_load_n(&queue->memory->sentinel, __ATOMIC_RELAXED) !=
	       queue->description.sentinel;
}

static bool is_entry_damaged(const IOCircularDataQueue *queue,
			     const IOCircularDataQueueEntryHeader *entry)
{
	return __atomic_load_n(&entry->sentinel, __ATOMIC_RELAXED) != queue->description.sentinel;
}

static bool is_nowhere(const IOCircularDataQueue *queue)
{
	return queue->cursor.position >= queue->description.numEntries;
}

static IOReturn load_state(const IOCircularDataQueue *queue, IOCircularDataQueueState *ret_state)
{
	if (is_damaged(queue))
		return kIOReturnBadMedia;
	if (!load_word(&queue->memory->queueState, &ret_state->val) || ret_state->fields.rstStatus)
		return kIOReturnBusy;
	return kIOReturnSuccess;
}

/* Where the latest entry is. kIOReturnBadMedia: a producer has written nonsense. */
static IOReturn find_latest(const IOCircularDataQueue *queue, const IOCircularDataQueueState *state,
			    uint32_t *ret_position)
{
	if (state->fields.wrIndex >= queue->description.numEntries)
		return kIOReturnBadMedia;
	*ret_position = position_before(queue, state->fields.wrIndex);
	return kIOReturnSuccess;
}

/* What a reader wants of the entry it has found. */
struct request {
	void **data;  /* where to put the pointer, or ... */
	void *buffer; /* ... the bytes */
	size_t room;  /* of the buffer */
	size_t *size;
	IOReturn beaten; /* overwritten while copying */
};

static void move_to(IOCircularDataQueue *queue, uint32_t position,
		    const IOCircularDataQueueEntryHeaderInfo *info)
{
	queue->cursor.position = position;
	queue->cursor.generation = info->fields.generation;
	queue->cursor.sequenceNum = info->fields.seqNum;
}

/* INFO is what the header of the entry at POSITION has said. */
static IOReturn hand_over(const IOCircularDataQueue *queue, uint32_t position,
			  const IOCircularDataQueueEntryHeaderInfo *info,
			  const struct request *request)
{
	IOCircularDataQueueEntryHeader *entry = entry_at(queue, position);
	IOCircularDataQueueEntryHeaderInfo after;
	uint32_t size = info->fields.dataSize;

	if (size > queue->description.dataSize)
		return kIOReturnOverrun;
	*request->size = size;
	if (request->data) {
		*request->data = entry->data;
		return is_damaged(queue) ? kIOReturnBadMedia : kIOReturnSuccess;
	}
	if (size > request->room)
		return kIOReturnOverrun;
	memcpy(request->buffer, entry->data, size);
	/* The bytes have been read before the header is looked at again. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!load_word(&entry->headerInfo, &after.val) || after.val != info->val) {
		*request->size = 0;
		return request->beaten;
	}
	return is_damaged(queue) ? kIOReturnBadMedia : kIOReturnSuccess;
}

/* --- reading -------------------------------------------------------------------------------- */

/* One look at the latest entry. kIOReturnTimeout: it was being overwritten. */
static IOReturn try_latest(IOCircularDataQueue *queue, const struct request *request)
{
	IOCircularDataQueueEntryHeaderInfo info;
	IOCircularDataQueueState state;
	IOCircularDataQueueEntryHeader *entry;
	uint32_t position;
	IOReturn status = load_state(queue, &state);

	if (status)
		return status;
	if (state.fields.seqNum == UINT64_MAX)
		return kIOReturnUnderrun;
	status = find_latest(queue, &state, &position);
	if (status)
		return status;
	entry = entry_at(queue, position);
	if (is_entry_damaged(queue, entry))
		return kIOReturnBadMedia;
	if (!load_word(&entry->headerInfo, &info.val) || info.fields.wrStatus ||
	    info.fields.generation != state.fields.generation ||
	    info.fields.seqNum != state.fields.seqNum)
		return kIOReturnTimeout;
	move_to(queue, position, &info);
	return hand_over(queue, position, &info, request);
}

static IOReturn read_latest(IOCircularDataQueue *queue, const struct request *request)
{
	IOReturn status = kIOReturnTimeout;

	for (int turn = 0; turn < LATEST_TURNS && status == kIOReturnTimeout; turn++)
		status = try_latest(queue, request);
	return status;
}

/* The queue's state, for a cursor that must stand in this queue's present. */
static IOReturn load_state_for_cursor(const IOCircularDataQueue *queue,
				      IOCircularDataQueueState *ret_state)
{
	const IOCircularDataQueueMemoryCursor *cursor = &queue->cursor;
	IOReturn status;

	if (is_damaged(queue))
		return kIOReturnBadMedia;
	if (is_nowhere(queue))
		return kIOReturnAborted;
	status = load_state(queue, ret_state);
	if (status)
		return status;
	if (cursor->generation != ret_state->fields.generation ||
	    cursor->sequenceNum > ret_state->fields.seqNum)
		return kIOReturnAborted;
	if (ret_state->fields.seqNum == UINT64_MAX)
		return kIOReturnUnderrun;
	return kIOReturnSuccess;
}

static IOReturn read_next(IOCircularDataQueue *queue, const struct request *request)
{
	IOCircularDataQueueEntryHeaderInfo info;
	IOCircularDataQueueEntryHeader *entry;
	IOCircularDataQueueState state;
	IOReturn status = load_state_for_cursor(queue, &state);
	uint32_t position;

	if (status)
		return status;
	if (queue->cursor.sequenceNum == state.fields.seqNum)
		return kIOReturnUnderrun;
	position = (queue->cursor.position + 1) % queue->description.numEntries;
	entry = entry_at(queue, position);
	if (is_entry_damaged(queue, entry))
		return kIOReturnBadMedia;
	if (!load_word(&entry->headerInfo, &info.val))
		return kIOReturnOverrun;
	if (info.fields.generation != state.fields.generation)
		return kIOReturnAborted;
	if (info.fields.wrStatus || info.fields.seqNum != queue->cursor.sequenceNum + 1)
		return kIOReturnOverrun;
	move_to(queue, position, &info);
	return hand_over(queue, position, &info, request);
}

static IOReturn read_previous(IOCircularDataQueue *queue, const struct request *request)
{
	IOCircularDataQueueEntryHeaderInfo info;
	IOCircularDataQueueEntryHeader *entry;
	IOCircularDataQueueState state;
	IOReturn status = load_state_for_cursor(queue, &state);
	uint32_t position;

	if (status)
		return status;
	position = position_before(queue, queue->cursor.position);
	entry = entry_at(queue, position);
	/* An entry that was never written has no sentinel either: older than the ring. */
	if (!load_word(&entry->headerInfo, &info.val) || info.fields.wrStatus ||
	    info.fields.generation != state.fields.generation ||
	    info.fields.seqNum + 1 != queue->cursor.sequenceNum)
		return kIOReturnOverrun;
	if (is_entry_damaged(queue, entry))
		return kIOReturnBadMedia;
	move_to(queue, position, &info);
	return hand_over(queue, position, &info, request);
}

static IOReturn read_current(IOCircularDataQueue *queue, const struct request *request)
{
	IOCircularDataQueueEntryHeaderInfo info;
	IOCircularDataQueueEntryHeader *entry;
	IOCircularDataQueueState state;
	IOReturn status = load_state_for_cursor(queue, &state);

	if (status)
		return status;
	entry = entry_at(queue, queue->cursor.position);
	if (is_entry_damaged(queue, entry))
		return kIOReturnBadMedia;
	if (!load_word(&entry->headerInfo, &info.val))
		return kIOReturnOverrun;
	if (info.fields.generation != state.fields.generation)
		return kIOReturnAborted;
	if (info.fields.wrStatus || info.fields.seqNum != queue->cursor.sequenceNum)
		return kIOReturnOverrun;
	return hand_over(queue, queue->cursor.position, &info, request);
}

IOReturn IOCircularDataQueueSetCursorLatest(IOCircularDataQueue *queue)
{
	IOCircularDataQueueEntryHeaderInfo info;
	IOCircularDataQueueEntryHeader *entry;
	IOCircularDataQueueState state;
	uint32_t position;
	IOReturn status;

	if (!queue)
		return kIOReturnBadArgument;
	status = load_state(queue, &state);
	if (status)
		return status;
	if (state.fields.seqNum == UINT64_MAX)
		return kIOReturnUnderrun;
	status = find_latest(queue, &state, &position);
	if (status)
		return status;
	entry = entry_at(queue, position);
	if (is_entry_damaged(queue, entry))
		return kIOReturnBadMedia;
	if (!load_word(&entry->headerInfo, &info.val) ||
	    info.fields.generation != state.fields.generation)
		return kIOReturnAborted;
	move_to(queue, position, &info);
	return kIOReturnSuccess;
}

IOReturn IOCircularDataQueueIsCurrentDataValid(IOCircularDataQueue *queue)
{
	IOCircularDataQueueEntryHeaderInfo info;
	IOCircularDataQueueEntryHeader *entry;
	IOCircularDataQueueState state;
	IOReturn status;

	if (!queue)
		return kIOReturnBadArgument;
	if (is_damaged(queue))
		return kIOReturnBadMedia;
	if (is_nowhere(queue))
		return kIOReturnBadArgument;
	/* What was read of the entry has been read before the header is looked at again. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	status = load_state(queue, &state);
	if (status)
		return status;
	if (state.fields.generation != queue->cursor.generation)
		return kIOReturnAborted;
	entry = entry_at(queue, queue->cursor.position);
	if (is_entry_damaged(queue, entry))
		return kIOReturnBadMedia;
	if (!load_word(&entry->headerInfo, &info.val) || info.fields.wrStatus ||
	    info.fields.generation != state.fields.generation ||
	    info.fields.seqNum != queue->cursor.sequenceNum)
		return kIOReturnOverrun;
	return kIOReturnSuccess;
}

typedef IOReturn (*reader_fn)(IOCircularDataQueue *queue, const struct request *request);

static IOReturn get(IOCircularDataQueue *queue, reader_fn read, void **data, size_t *size)
{
	struct request request = { .data = data, .size = size };

	if (!queue || !data || !size)
		return kIOReturnBadArgument;
	*size = 0;
	return read(queue, &request);
}

static IOReturn copy(IOCircularDataQueue *queue, reader_fn read, void *data, size_t *size,
		     IOReturn beaten)
{
	struct request request = { .buffer = data, .size = size, .beaten = beaten };

	if (!queue || !data || !size)
		return kIOReturnBadArgument;
	request.room = *size;
	*size = 0;
	return read(queue, &request);
}

IOReturn IOCircularDataQueueGetLatest(IOCircularDataQueue *queue, void **data, size_t *size)
{
	return get(queue, read_latest, data, size);
}

IOReturn IOCircularDataQueueCopyLatest(IOCircularDataQueue *queue, void *data, size_t *size)
{
	return copy(queue, read_latest, data, size, kIOReturnTimeout);
}

IOReturn IOCircularDataQueueGetNext(IOCircularDataQueue *queue, void **data, size_t *size)
{
	return get(queue, read_next, data, size);
}

IOReturn IOCircularDataQueueCopyNext(IOCircularDataQueue *queue, void *data, size_t *size)
{
	return copy(queue, read_next, data, size, kIOReturnOverrun);
}

IOReturn IOCircularDataQueueGetPrevious(IOCircularDataQueue *queue, void **data, size_t *size)
{
	return get(queue, read_previous, data, size);
}

IOReturn IOCircularDataQueueCopyPrevious(IOCircularDataQueue *queue, void *data, size_t *size)
{
	return copy(queue, read_previous, data, size, kIOReturnOverrun);
}

IOReturn IOCircularDataQueueGetCurrent(IOCircularDataQueue *queue, void **data, size_t *size)
{
	return get(queue, read_current, data, size);
}

IOReturn IOCircularDataQueueCopyCurrent(IOCircularDataQueue *queue, void *data, size_t *size)
{
	return copy(queue, read_current, data, size, kIOReturnBusy);
}

/* --- blocks: pointers to the published layout, called where they are -------------------------- */

struct block {
	void *isa;
	int flags, reserved;
	void (*invoke)(void *block, const void *data, size_t size);
};

#pragma GCC visibility push(default)
IOReturn IOCircularDataQueueGetLatestWithBlock(IOCircularDataQueue *queue, void *handler);
IOReturn IOCircularDataQueueGetNextWithBlock(IOCircularDataQueue *queue, void *handler);
IOReturn IOCircularDataQueueGetPreviousWithBlock(IOCircularDataQueue *queue, void *handler);
#pragma GCC visibility pop

static IOReturn call(IOCircularDataQueue *queue, reader_fn read, struct block *handler)
{
	void *data;
	size_t size;
	IOReturn status = handler ? get(queue, read, &data, &size) : kIOReturnBadArgument;

	if (status)
		return status;
	handler->invoke(handler, data, size);
	return IOCircularDataQueueIsCurrentDataValid(queue);
}

IOReturn IOCircularDataQueueGetLatestWithBlock(IOCircularDataQueue *queue, void *handler)
{
	return call(queue, read_latest, handler);
}

IOReturn IOCircularDataQueueGetNextWithBlock(IOCircularDataQueue *queue, void *handler)
{
	return call(queue, read_next, handler);
}

IOReturn IOCircularDataQueueGetPreviousWithBlock(IOCircularDataQueue *queue, void *handler)
{
	return call(queue, read_previous, handler);
}

/* --- writing ----------------------------------------------------------------------------------- */

static bool write_entry(IOCircularDataQueue *queue, const IOCircularDataQueueState *state,
			const void *data, size_t size)
{
	IOCircularDataQueueEntryHeader *entry = entry_at(queue, state->fields.wrIndex);
	IOCircularDataQueueEntryHeaderInfo info = { .fields = {
							    .seqNum = state->fields.seqNum + 1,
							    .dataSize = (uint32_t)size,
							    .generation = state->fields.generation,
							    .wrStatus = 1,
						    } };

	/* The exchange is a full barrier: no byte of data is seen before it, none later than the next. */
	if (!store_word(&entry->headerInfo, info.val))
		return false;
	__atomic_store_n(&entry->sentinel, queue->description.sentinel, __ATOMIC_RELAXED);
	memcpy(entry->data, data, size);
	info.fields.wrStatus = 0;
	return store_word(&entry->headerInfo, info.val);
}

IOReturn IOCircularDataQueueEnqueue(IOCircularDataQueue *queue, const void *data, size_t dataSize)
{
	IOCircularDataQueueState state, next;
	bool written;

	if (!queue || !data || !dataSize || dataSize > queue->description.dataSize)
		return kIOReturnBadArgument;
	if (!queue->writable)
		return kIOReturnNotWritable;
	if (is_damaged(queue))
		return kIOReturnBadMedia;
	if (!load_word(&queue->memory->queueState, &state.val) || state.fields.wrStatus)
		return kIOReturnBusy;
	if (state.fields.wrIndex >= queue->description.numEntries)
		return kIOReturnBadMedia;
	if (state.fields.seqNum + 1 == UINT64_MAX)
		return kIOReturnOverrun;
	next = state;
	next.fields.wrStatus = 1;
	if (!exchange_word(&queue->memory->queueState, state.val, next.val))
		return kIOReturnBusy;
	written = write_entry(queue, &state, data, dataSize);
	next = state;
	if (written) {
		next.fields.seqNum++;
		next.fields.wrIndex = (state.fields.wrIndex + 1) % queue->description.numEntries;
	}
	if (!store_word(&queue->memory->queueState, next.val) || !written)
		return kIOReturnBadMedia;
	return is_damaged(queue) ? kIOReturnBadMedia : kIOReturnSuccess;
}
