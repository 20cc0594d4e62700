// SPDX-License-Identifier: MIT
/* Byte order, atomic operations, spin locks and queues of libkern. */
#include <libkern/OSAtomic.h>
#include <libkern/OSByteOrder.h>

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "test.h"

/* Constants can be made of these. */
static const uint32_t swapped = OSSwapConstInt32(0x11223344);
_Static_assert(OSSwapHostToBigConstInt16(0x1234) == 0x3412, "big");
_Static_assert(OSSwapLittleToHostConstInt64(5) == 5, "little");

TEST(numbers_are_read_and_written_in_either_order)
{
	unsigned char bytes[] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99 };

	test_equal(swapped, 0x44332211);
	test_equal(OSHostByteOrder(), OSLittleEndian);
	test_equal(OSReadBigInt16(bytes, 1), 0x2233);
	test_equal(OSReadBigInt32(bytes, 1), 0x22334455);
	test_equal(OSReadBigInt64(bytes, 1), 0x2233445566778899);
	test_equal(OSReadLittleInt16(bytes, 0), 0x2211);
	test_equal(OSReadLittleInt32(bytes, 0), 0x44332211);
	test_equal(OSReadLittleInt64(bytes, 0), (int64_t)0x8877665544332211);
	test_equal(OSReadBigInt(bytes, 0), 0x11223344);
	test_equal(OSReadLittleInt(bytes, 0), 0x44332211);
	OSWriteBigInt32(bytes, 0, 0xaabbccdd);
	test_equal(bytes[0], 0xaa);
	OSWriteLittleInt(bytes, 0, 0xaabbccdd);
	test_equal(bytes[0], 0xdd);
	OSWriteBigInt(bytes, 0, 1);
	test_equal(bytes[3], 1);
	test_equal(OSSwapInt16(swapped), 0x1122);
	test_equal(OSSwapInt(swapped), 0x11223344);
	test_equal(OSSwapInt64(0x1122334455667788), (int64_t)0x8877665544332211);
	test_equal(OSSwapBigToHostInt16(0x1234), 0x3412);
	test_equal(OSSwapHostToLittleInt(7), 7);
	test_equal(OSSwapLittleToHostInt(7), 7);
}

TEST(atomic_operations_return_what_apples_do)
{
	int32_t a = 5;
	int64_t b = 5;
	uint32_t bits = 0xf0;
	unsigned char set[4] = { 0 };
	void *pointer = NULL;

	test_equal(OSAtomicAdd32(3, &a), 8);
	test_equal(OSAtomicDecrement32Barrier(&a), 7);
	test_equal(OSAtomicAdd64Barrier(-6, &b), -1);
	test_equal(OSAtomicIncrement64(&b), 0);
	test_equal(OSAtomicOr32(0x0f, &bits), 0xff);
	test_equal(OSAtomicAnd32Orig(0x3c, &bits), 0xff);
	test_equal(OSAtomicXor32(0xff, &bits), 0xc3);
	test_true(OSAtomicCompareAndSwap32(7, 9, &a) && a == 9);
	test_true(!OSAtomicCompareAndSwap32Barrier(7, 1, &a) && a == 9);
	test_true(OSAtomicCompareAndSwapPtr(NULL, &a, &pointer) && pointer == &a);
	/* Bit 0 is the highest of the first byte. */
	test_true(!OSAtomicTestAndSet(0, set));
	test_equal(set[0], 0x80);
	test_true(OSAtomicTestAndSet(0, set));
	test_true(!OSAtomicTestAndSetBarrier(15, set));
	test_equal(set[1], 1);
	test_true(OSAtomicTestAndClear(0, set));
	test_equal(set[0], 0);
	OSMemoryBarrier();
}

struct element {
	int number;
	void *link;
};

enum { EACH = 2000, THREADS = 4 };

static OSSpinLock lock = OS_SPINLOCK_INIT;
static OSQueueHead stack = OS_ATOMIC_QUEUE_INIT;
static OSFifoQueueHead fifo = OS_ATOMIC_FIFO_QUEUE_INIT;
static struct element elements[THREADS][EACH];
static int counted;

static void *fill(void *context)
{
	struct element *mine = context;

	for (int i = 0; i < EACH; i++) {
		mine[i].number = i;
		if (i % 2)
			OSAtomicEnqueue(&stack, &mine[i], offsetof(struct element, link));
		else
			OSAtomicFifoEnqueue(&fifo, &mine[i], offsetof(struct element, link));
		OSSpinLockLock(&lock);
		counted++;
		OSSpinLockUnlock(&lock);
	}
	return NULL;
}

TEST(queues_and_spin_locks_are_shared_by_threads)
{
	pthread_t threads[THREADS];
	int n = 0, last = -1;
	struct element *e;

	for (int i = 0; i < THREADS; i++)
		test_equal(pthread_create(&threads[i], NULL, fill, elements[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	test_equal(counted, THREADS * EACH);
	while (OSAtomicDequeue(&stack, offsetof(struct element, link)))
		n++;
	test_equal(n, THREADS * EACH / 2);
	/* The elements of one thread come in its order. */
	while ((e = OSAtomicFifoDequeue(&fifo, offsetof(struct element, link)))) {
		if (e >= elements[0] && e < elements[0] + EACH) {
			test_true(e->number > last);
			last = e->number;
		}
		n++;
	}
	test_equal(n, THREADS * EACH);
	test_true(!OSAtomicFifoDequeue(&fifo, offsetof(struct element, link)));
	OSAtomicEnqueue(&stack, &elements[0][0], offsetof(struct element, link));
	OSAtomicEnqueue(&stack, &elements[0][1], offsetof(struct element, link));
	test_true(OSAtomicDequeue(&stack, offsetof(struct element, link)) == &elements[0][1]);
	test_true(OSSpinLockTry(&lock));
	test_true(!OSSpinLockTry(&lock));
	OSSpinLockUnlock(&lock);
}

TEST_MAIN
