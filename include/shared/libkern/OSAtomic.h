// SPDX-License-Identifier: MIT
/*
 * The old atomic operations of libkern. Each comes in a relaxed form and in a
 * Barrier form that is sequentially consistent. Arithmetic returns the new
 * value, the Orig forms return the old one, compare-and-swap returns true when
 * it stored. Any thread; the address must be naturally aligned.
 *
 * OSSpinLock waits by yielding the processor: for very short sections only.
 */
#ifndef PORTICO_LIBKERN_OSATOMIC_H
#define PORTICO_LIBKERN_OSATOMIC_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libkern/OSAtomicQueue.h>

#ifdef __cplusplus
extern "C" {
#endif

static __inline__ int32_t OSAtomicAdd32(int32_t amount, volatile int32_t *value)
{
	return __atomic_add_fetch(value, amount, __ATOMIC_RELAXED);
}

static __inline__ int32_t OSAtomicIncrement32(volatile int32_t *value)
{
	return __atomic_add_fetch(value, 1, __ATOMIC_RELAXED);
}

static __inline__ int32_t OSAtomicDecrement32(volatile int32_t *value)
{
	return __atomic_sub_fetch(value, 1, __ATOMIC_RELAXED);
}

static __inline__ int32_t OSAtomicAdd32Barrier(int32_t amount, volatile int32_t *value)
{
	return __atomic_add_fetch(value, amount, __ATOMIC_SEQ_CST);
}

static __inline__ int32_t OSAtomicIncrement32Barrier(volatile int32_t *value)
{
	return __atomic_add_fetch(value, 1, __ATOMIC_SEQ_CST);
}

static __inline__ int32_t OSAtomicDecrement32Barrier(volatile int32_t *value)
{
	return __atomic_sub_fetch(value, 1, __ATOMIC_SEQ_CST);
}

static __inline__ int64_t OSAtomicAdd64(int64_t amount, volatile int64_t *value)
{
	return __atomic_add_fetch(value, amount, __ATOMIC_RELAXED);
}

static __inline__ int64_t OSAtomicIncrement64(volatile int64_t *value)
{
	return __atomic_add_fetch(value, 1, __ATOMIC_RELAXED);
}

static __inline__ int64_t OSAtomicDecrement64(volatile int64_t *value)
{
	return __atomic_sub_fetch(value, 1, __ATOMIC_RELAXED);
}

static __inline__ int64_t OSAtomicAdd64Barrier(int64_t amount, volatile int64_t *value)
{
	return __atomic_add_fetch(value, amount, __ATOMIC_SEQ_CST);
}

static __inline__ int64_t OSAtomicIncrement64Barrier(volatile int64_t *value)
{
	return __atomic_add_fetch(value, 1, __ATOMIC_SEQ_CST);
}

static __inline__ int64_t OSAtomicDecrement64Barrier(volatile int64_t *value)
{
	return __atomic_sub_fetch(value, 1, __ATOMIC_SEQ_CST);
}

static __inline__ int32_t OSAtomicOr32(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_or_fetch(value, mask, __ATOMIC_RELAXED);
}

static __inline__ int32_t OSAtomicOr32Orig(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_fetch_or(value, mask, __ATOMIC_RELAXED);
}

static __inline__ int32_t OSAtomicAnd32(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_and_fetch(value, mask, __ATOMIC_RELAXED);
}

static __inline__ int32_t OSAtomicAnd32Orig(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_fetch_and(value, mask, __ATOMIC_RELAXED);
}

static __inline__ int32_t OSAtomicXor32(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_xor_fetch(value, mask, __ATOMIC_RELAXED);
}

static __inline__ int32_t OSAtomicXor32Orig(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_fetch_xor(value, mask, __ATOMIC_RELAXED);
}

static __inline__ int32_t OSAtomicOr32Barrier(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_or_fetch(value, mask, __ATOMIC_SEQ_CST);
}

static __inline__ int32_t OSAtomicOr32OrigBarrier(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_fetch_or(value, mask, __ATOMIC_SEQ_CST);
}

static __inline__ int32_t OSAtomicAnd32Barrier(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_and_fetch(value, mask, __ATOMIC_SEQ_CST);
}

static __inline__ int32_t OSAtomicAnd32OrigBarrier(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_fetch_and(value, mask, __ATOMIC_SEQ_CST);
}

static __inline__ int32_t OSAtomicXor32Barrier(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_xor_fetch(value, mask, __ATOMIC_SEQ_CST);
}

static __inline__ int32_t OSAtomicXor32OrigBarrier(uint32_t mask, volatile uint32_t *value)
{
	return (int32_t)__atomic_fetch_xor(value, mask, __ATOMIC_SEQ_CST);
}

static __inline__ bool OSAtomicCompareAndSwap32(int32_t before, int32_t after,
						volatile int32_t *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

static __inline__ bool OSAtomicCompareAndSwap32Barrier(int32_t before, int32_t after,
						       volatile int32_t *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static __inline__ bool OSAtomicCompareAndSwap64(int64_t before, int64_t after,
						volatile int64_t *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

static __inline__ bool OSAtomicCompareAndSwap64Barrier(int64_t before, int64_t after,
						       volatile int64_t *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static __inline__ bool OSAtomicCompareAndSwapInt(int before, int after, volatile int *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

static __inline__ bool OSAtomicCompareAndSwapIntBarrier(int before, int after, volatile int *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static __inline__ bool OSAtomicCompareAndSwapLong(long before, long after, volatile long *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

static __inline__ bool OSAtomicCompareAndSwapLongBarrier(long before, long after,
							 volatile long *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

static __inline__ bool OSAtomicCompareAndSwapPtr(void *before, void *after, void *volatile *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

static __inline__ bool OSAtomicCompareAndSwapPtrBarrier(void *before, void *after,
							void *volatile *value)
{
	return __atomic_compare_exchange_n(value, &before, after, 0, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

/* Bit N counts from the most significant bit of the byte at ADDRESS + N / 8. Returns the old bit. */
static __inline__ bool OSAtomicTestAndSetBarrier(uint32_t n, volatile void *address)
{
	volatile uint8_t *byte = (volatile uint8_t *)address + (n >> 3);
	uint8_t mask = (uint8_t)(0x80u >> (n & 7));

	return (__atomic_fetch_or(byte, mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

static __inline__ bool OSAtomicTestAndClearBarrier(uint32_t n, volatile void *address)
{
	volatile uint8_t *byte = (volatile uint8_t *)address + (n >> 3);
	uint8_t mask = (uint8_t)(0x80u >> (n & 7));

	return (__atomic_fetch_and(byte, (uint8_t)~mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

static __inline__ bool OSAtomicTestAndSet(uint32_t n, volatile void *address)
{
	return OSAtomicTestAndSetBarrier(n, address);
}

static __inline__ bool OSAtomicTestAndClear(uint32_t n, volatile void *address)
{
	return OSAtomicTestAndClearBarrier(n, address);
}

static __inline__ void OSMemoryBarrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

typedef int32_t OSSpinLock;

#define OS_SPINLOCK_INIT 0

static __inline__ bool OSSpinLockTry(volatile OSSpinLock *lock)
{
	int32_t before = 0;

	return __atomic_compare_exchange_n(lock, &before, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static __inline__ void OSSpinLockLock(volatile OSSpinLock *lock)
{
	while (!OSSpinLockTry(lock))
		sched_yield();
}

static __inline__ void OSSpinLockUnlock(volatile OSSpinLock *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

#ifdef __cplusplus
}
#endif

#endif
