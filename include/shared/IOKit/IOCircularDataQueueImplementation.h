/* SPDX-License-Identifier: MIT */
/*
 * IOCircularDataQueue: what both sides share. Programs and drivers include
 * IOKit/IOCircularDataQueue.h, which adds how each side makes a queue.
 *
 * One producer writes entries of a fixed size into a ring in shared memory; any
 * number of readers look whenever they like, each with a cursor of its own. The
 * producer never waits: who reads too slowly loses entries and is told so. There
 * is no notification.
 *
 * A queue handle belongs to one thread at a time. Nothing in the shared memory is
 * trusted: a damaged queue gives an error, never an access outside it.
 */
#ifndef _IOKIT_IOCIRCULARDATAQUEUEIMPLEMENTATION_H
#define _IOKIT_IOCIRCULARDATAQUEUEIMPLEMENTATION_H

#include <stddef.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

typedef struct IOCircularDataQueue IOCircularDataQueue;

typedef enum IOCircularDataQueueCreateOptions {
	kIOCircularDataQueueCreateConsumer = 0x00000001,
	kIOCircularDataQueueCreateProducer = 0x00000002
} IOCircularDataQueueCreateOptions;

/* --- layout ------------------------------------------------------------------------- */

/* The key under which the description travels with the memory. */
#define kIOCircularQueueDescriptionKey "IOCircularQueueDescription"

/* One word of 128 bits, changed as a whole. */
typedef union {
	__extension__ unsigned __int128 val;
	struct {
		uint64_t seqNum;	  /* of the latest entry; all ones before the first */
		uint32_t wrIndex;	  /* where the next entry goes */
		uint32_t generation : 30; /* counts resets */
		uint32_t rstStatus : 1;
		uint32_t wrStatus : 1; /* an entry is being written */
	} fields;
} IOCircularDataQueueState;

typedef union {
	__extension__ unsigned __int128 val;
	struct {
		uint64_t seqNum;
		uint32_t dataSize;
		uint32_t generation : 30;
		uint32_t _reserved : 1;
		uint32_t wrStatus : 1;
	} fields;
} IOCircularDataQueueEntryHeaderInfo;

typedef struct {
	IOCircularDataQueueEntryHeaderInfo headerInfo;
	volatile uint64_t sentinel;
	uint64_t _pad;
	uint8_t data[16]; /* really dataSize bytes, rounded up to 16 */
} IOCircularDataQueueEntryHeader;

typedef struct IOCircularDataQueueMemory {
	uint64_t sentinel;
	uint64_t _padding;
	IOCircularDataQueueState queueState;
	IOCircularDataQueueEntryHeader entries[1];
} IOCircularDataQueueMemory;

#define CIRCULAR_DATA_QUEUE_ENTRY_HEADER_SIZE (offsetof(IOCircularDataQueueEntryHeader, data))
#define CIRCULAR_DATA_QUEUE_MEMORY_HEADER_SIZE (offsetof(IOCircularDataQueueMemory, entries))

/* Where a reader stands; private to it. All ones: nowhere yet. */
typedef struct IOCircularDataQueueMemoryCursor {
	uint32_t generation;
	uint32_t position;
	uint64_t sequenceNum;
} IOCircularDataQueueMemoryCursor;

/* What a reader knows of the queue without the shared memory. */
typedef struct IOCircularDataQueueDescription {
	uint64_t sentinel;
	uint32_t allocMemSize;	/* of the memory, queue header included */
	uint32_t entryDataSize; /* of an entry, its header included */
	uint32_t memorySize;	/* of all entries */
	uint32_t numEntries;
	uint32_t dataSize; /* most bytes of data in an entry */
	uint32_t padding;
} IOCircularDataQueueDescription;

/* --- both sides ------------------------------------------------------------------------ */

/* Give the handle and its memory back; *QUEUE becomes NULL. kIOReturnBadArgument: QUEUE is NULL. */
IOReturn IOCircularDataQueueDestroy(IOCircularDataQueue **queue);
/* Add an entry over the oldest. kIOReturnBadArgument: NULL, no data, more than an entry holds;
 * kIOReturnBusy: another thread or process enqueues, or died doing so; kIOReturnBadMedia: damaged;
 * kIOReturnNotWritable: the memory was mapped for reading. */
IOReturn IOCircularDataQueueEnqueue(IOCircularDataQueue *queue, const void *data, size_t dataSize);

/* Get: *DATA points into the shared memory, *SIZE is the entry's size. The producer may overwrite it
 * at any time: IOCircularDataQueueIsCurrentDataValid after reading tells whether it has.
 * Copy: DATA is a buffer of *SIZE bytes, *SIZE the entry's size afterwards; what is copied is one
 * whole entry. A buffer that is too small gives kIOReturnOverrun and the size.
 * Always possible: kIOReturnBadArgument (NULL), kIOReturnBadMedia (damaged). *SIZE is 0 after most
 * failures. */

/* The latest entry, where the cursor then stands. kIOReturnUnderrun: none was ever written;
 * kIOReturnTimeout: the producer was quicker five times. */
IOReturn IOCircularDataQueueGetLatest(IOCircularDataQueue *queue, void **data, size_t *size);
IOReturn IOCircularDataQueueCopyLatest(IOCircularDataQueue *queue, void *data, size_t *size);
/* The entry after the cursor, which moves there. kIOReturnAborted: the cursor stands nowhere, or the
 * queue was reset; kIOReturnUnderrun: it stands at the latest; kIOReturnOverrun: it is overwritten. */
IOReturn IOCircularDataQueueGetNext(IOCircularDataQueue *queue, void **data, size_t *size);
IOReturn IOCircularDataQueueCopyNext(IOCircularDataQueue *queue, void *data, size_t *size);
/* The entry before the cursor, which moves there. kIOReturnAborted; kIOReturnOverrun: not in the
 * ring any more, or there never was one. */
IOReturn IOCircularDataQueueGetPrevious(IOCircularDataQueue *queue, void **data, size_t *size);
IOReturn IOCircularDataQueueCopyPrevious(IOCircularDataQueue *queue, void *data, size_t *size);
/* The entry at the cursor. kIOReturnAborted, kIOReturnOverrun; Copy: kIOReturnBusy when it was
 * overwritten meanwhile. */
IOReturn IOCircularDataQueueGetCurrent(IOCircularDataQueue *queue, void **data, size_t *size);
IOReturn IOCircularDataQueueCopyCurrent(IOCircularDataQueue *queue, void *data, size_t *size);
/* Move the cursor to the latest entry without reading it. kIOReturnUnderrun: there is none;
 * kIOReturnAborted: the queue was reset. */
IOReturn IOCircularDataQueueSetCursorLatest(IOCircularDataQueue *queue);
/* Is the entry at the cursor still what it was? kIOReturnOverrun: no; kIOReturnAborted: the queue was
 * reset; kIOReturnBadArgument: the cursor stands nowhere. */
IOReturn IOCircularDataQueueIsCurrentDataValid(IOCircularDataQueue *queue);

#ifdef __BLOCKS__
/* Get with HANDLER called for the entry; an error also when the entry was overwritten before HANDLER
 * returned. */
IOReturn IOCircularDataQueueGetLatestWithBlock(IOCircularDataQueue *queue,
					       void (^handler)(const void *data, size_t size));
IOReturn IOCircularDataQueueGetNextWithBlock(IOCircularDataQueue *queue,
					     void (^handler)(const void *data, size_t size));
IOReturn IOCircularDataQueueGetPreviousWithBlock(IOCircularDataQueue *queue,
						 void (^handler)(const void *data, size_t size));
#endif

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
