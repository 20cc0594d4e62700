/* SPDX-License-Identifier: MIT */
/* What the Queue driver and its tests agree on. */
#pragma once

enum {		      /* selectors; each connection has one queue, mapped as memory type 0 */
       QUEUE_CREATE,  /* kind, two numbers; out: there is one, its queue size */
       QUEUE_ENQUEUE, /* structure; out: it was stored */
       QUEUE_FILL,    /* count, size of each: bytes that count; out: how many were stored */
       QUEUE_DEQUEUE, /* room; out: done, size, first byte */
       QUEUE_SKIP,    /* out: done */
       QUEUE_PEEK,    /* out: found, size, first byte */
       QUEUE_RUN,     /* count, most bytes: a thread enqueues numbered entries until all are in */
       /* one circular queue of the driver's, mapped as memory type 1 (2: for reading only) */
       QUEUE_CIRCULAR_CREATE,  /* entries, size; out: IOReturn */
       QUEUE_CIRCULAR_ENQUEUE, /* structure; out: IOReturn */
       QUEUE_CIRCULAR_FILL,    /* first, count: entries full of one 64-bit number; out: IOReturn */
       QUEUE_CIRCULAR_RUN,     /* a thread does so without end, until the connection is closed */
       QUEUE_CIRCULAR_LATEST,  /* out: IOReturn, size, first byte: as the driver reads it */
       QUEUE_SELECTORS
};

enum { QUEUE_SHARED, QUEUE_SHARED_ENTRIES, QUEUE_PLAIN, QUEUE_PLAIN_ENTRIES }; /* kinds */

/* Entry N of QUEUE_RUN has so many bytes; its first eight are N. */
static inline unsigned queue_size_of(unsigned long n, unsigned most)
{
	return 8 + (unsigned)((n * 2654435761u >> 7) % (most - 7));
}
