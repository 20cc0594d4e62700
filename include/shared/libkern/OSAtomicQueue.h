// SPDX-License-Identifier: MIT
/*
 * Queues that threads share: one that gives back the newest element first, one the oldest. An element is memory of the
 * caller's, with room for a pointer OFFSET bytes in while it is queued. A word of the head is a lock that is held for a
 * few instructions; contents of heads are nobody else's business.
 */
#ifndef PORTICO_LIBKERN_OSATOMICQUEUE_H
#define PORTICO_LIBKERN_OSATOMICQUEUE_H

#include <sched.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef volatile struct {
	void *opaque1; /* the newest element */
	long opaque2;  /* the lock */
} __attribute__((__aligned__(16))) OSQueueHead;

typedef volatile struct {
	void *opaque1; /* the oldest element */
	void *opaque2; /* the newest */
	int opaque3;   /* the lock */
} __attribute__((__aligned__(16))) OSFifoQueueHead;

#define OS_ATOMIC_QUEUE_INIT \
	{ \
		NULL, 0 \
	}
#define OS_ATOMIC_FIFO_QUEUE_INIT \
	{ \
		NULL, NULL, 0 \
	}

/* The pointer inside an element. */
static __inline__ void **portico_queue_link(void *element, size_t offset)
{
	return (void **)(void *)((char *)element + offset);
}

static __inline__ void portico_queue_lock(volatile long *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static __inline__ void portico_fifo_lock(volatile int *lock)
{
	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

static __inline__ void OSAtomicEnqueue(OSQueueHead *list, void *element, size_t offset)
{
	portico_queue_lock(&list->opaque2);
	*portico_queue_link(element, offset) = list->opaque1;
	list->opaque1 = element;
	__atomic_store_n(&list->opaque2, 0, __ATOMIC_RELEASE);
}

/* NULL when it is empty. */
static __inline__ void *OSAtomicDequeue(OSQueueHead *list, size_t offset)
{
	void *element;

	portico_queue_lock(&list->opaque2);
	element = list->opaque1;
	if (element)
		list->opaque1 = *portico_queue_link(element, offset);
	__atomic_store_n(&list->opaque2, 0, __ATOMIC_RELEASE);
	return element;
}

static __inline__ void OSAtomicFifoEnqueue(OSFifoQueueHead *list, void *element, size_t offset)
{
	portico_fifo_lock(&list->opaque3);
	*portico_queue_link(element, offset) = NULL;
	if (list->opaque2)
		*portico_queue_link(list->opaque2, offset) = element;
	else
		list->opaque1 = element;
	list->opaque2 = element;
	__atomic_store_n(&list->opaque3, 0, __ATOMIC_RELEASE);
}

/* NULL when it is empty. */
static __inline__ void *OSAtomicFifoDequeue(OSFifoQueueHead *list, size_t offset)
{
	void *element;

	portico_fifo_lock(&list->opaque3);
	element = list->opaque1;
	if (element)
		list->opaque1 = *portico_queue_link(element, offset);
	if (!list->opaque1)
		list->opaque2 = NULL;
	__atomic_store_n(&list->opaque3, 0, __ATOMIC_RELEASE);
	return element;
}

#ifdef __cplusplus
}
#endif

#endif
