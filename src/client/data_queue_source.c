// SPDX-License-Identifier: MIT
/* A program's end of IODataQueueDispatchSource; the queue itself is in wire/aligned_queue.c. */
#include <portico/data_queue_source.h>

#include <string.h>

#include "wire/aligned_queue.h"

/* False: too small to be one. */
static bool attach(const void *memory, mach_vm_size_t size, struct wire_aligned_queue *ret_queue)
{
	const uint64_t header = sizeof(struct wire_aligned_memory);

	if (!memory || size < header || size - header > UINT32_MAX)
		return false;
	ret_queue->memory = (struct wire_aligned_memory *)(uintptr_t)memory;
	ret_queue->size = (uint32_t)(size - header) & ~3u;
	return true;
}

bool portico_data_queue_source_has_data(const void *memory, mach_vm_size_t size)
{
	struct wire_aligned_queue queue;

	return attach(memory, size, &queue) && wire_aligned_has_data(&queue);
}

struct entry {
	const void *data; /* in the queue */
	size_t size;
};

static void note_entry(void *context, const void *data, size_t size)
{
	*(struct entry *)context = (struct entry){ data, size };
}

IOReturn portico_data_queue_source_peek(const void *memory, mach_vm_size_t size, const void **data,
					uint32_t *dataSize)
{
	struct wire_aligned_queue queue;
	struct entry entry;
	IOReturn status;

	if (!data || !dataSize || !attach(memory, size, &queue))
		return kIOReturnBadArgument;
	status = wire_aligned_peek(&queue, note_entry, &entry);
	if (status)
		return status;
	*data = entry.data;
	*dataSize = (uint32_t)entry.size;
	return kIOReturnSuccess;
}

/* Where the entry goes, with the size that was checked against the room. */
struct room {
	void *data;
	size_t size;
};

static void copy_entry(void *context, const void *data, size_t size)
{
	struct room *room = context;

	/* The driver may have changed the size since it was looked at: never more than there is room. */
	if (size < room->size)
		room->size = size;
	if (room->data)
		memcpy(room->data, data, room->size);
}

IOReturn portico_data_queue_source_dequeue(void *memory, mach_vm_size_t size, void *data,
					   uint32_t *dataSize, bool *serviced)
{
	struct wire_aligned_queue queue;
	struct entry entry;
	struct room room = { .data = data };
	IOReturn status;

	if ((data && !dataSize) || !serviced || !attach(memory, size, &queue))
		return kIOReturnBadArgument;
	status = wire_aligned_peek(&queue, note_entry, &entry);
	if (!status && data && entry.size > *dataSize)
		return kIOReturnNoSpace;
	room.size = data ? *dataSize : 0;
	status = wire_aligned_dequeue(&queue, copy_entry, &room, serviced);
	if (!status && data)
		*dataSize = (uint32_t)room.size;
	return status;
}

static void fill_entry(void *context, void *data, size_t size)
{
	if (size)
		memcpy(data, *(const void **)context, size);
}

IOReturn portico_data_queue_source_enqueue(void *memory, mach_vm_size_t size, const void *data,
					   uint32_t dataSize, bool *available)
{
	struct wire_aligned_queue queue;

	if ((dataSize && !data) || !available || !attach(memory, size, &queue))
		return kIOReturnBadArgument;
	return wire_aligned_enqueue(&queue, dataSize, fill_entry, &data, available);
}
