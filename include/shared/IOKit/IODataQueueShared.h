/* SPDX-License-Identifier: MIT */
/*
 * Layout of a data queue in shared memory: one producer, one consumer. All
 * numbers are bytes from the start of the queue area. An entry is its size
 * (32 bits) and that many bytes, without any rounding. head is written by the
 * consumer alone, tail by the producer alone; head == tail is empty. The
 * appendix directly behind the queue area (unaligned: copy it with memcpy) is a
 * message header that wakes the consumer.
 */
#ifndef _IOKIT_IODATAQUEUESHARED_H
#define _IOKIT_IODATAQUEUESHARED_H

#include <stdint.h>
#include <mach/message.h>

typedef struct _IODataQueueEntry {
	uint32_t size;	 /* bytes of data */
	uint8_t data[4]; /* really SIZE bytes */
} IODataQueueEntry;

typedef struct _IODataQueueMemory {
	uint32_t queueSize; /* bytes of the queue area; for information only */
	volatile uint32_t head;
	volatile uint32_t tail;
	IODataQueueEntry queue[1];
} IODataQueueMemory;

typedef struct _IODataQueueAppendix {
	uint32_t version;
	mach_msg_header_t msgh;
} IODataQueueAppendix;

#define DATA_QUEUE_ENTRY_HEADER_SIZE (sizeof(IODataQueueEntry) - 4)
#define DATA_QUEUE_MEMORY_HEADER_SIZE (sizeof(IODataQueueMemory) - sizeof(IODataQueueEntry))
#define DATA_QUEUE_MEMORY_APPENDIX_SIZE (sizeof(IODataQueueAppendix))

#endif
