// SPDX-License-Identifier: MIT
/* Vectors of bits. In bytes the first bit is the highest one. One thread at a time. */
#ifndef __COREFOUNDATION_CFBITVECTOR__
#define __COREFOUNDATION_CFBITVECTOR__

#include <CoreFoundation/CFBase.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef UInt32 CFBit;
typedef const struct __CFBitVector *CFBitVectorRef;
typedef struct __CFBitVector *CFMutableBitVectorRef;

CF_EXPORT CFTypeID CFBitVectorGetTypeID(void);
CF_EXPORT CFBitVectorRef CFBitVectorCreate(CFAllocatorRef allocator, const UInt8 *bytes,
					   CFIndex numBits);
/* Immutable; for an immutable one the same object, retained. */
CF_EXPORT CFBitVectorRef CFBitVectorCreateCopy(CFAllocatorRef allocator, CFBitVectorRef bv);
/* Empty; CAPACITY is a hint. */
CF_EXPORT CFMutableBitVectorRef CFBitVectorCreateMutable(CFAllocatorRef allocator,
							 CFIndex capacity);
CF_EXPORT CFMutableBitVectorRef CFBitVectorCreateMutableCopy(CFAllocatorRef allocator,
							     CFIndex capacity, CFBitVectorRef bv);
CF_EXPORT CFIndex CFBitVectorGetCount(CFBitVectorRef bv);
CF_EXPORT CFIndex CFBitVectorGetCountOfBit(CFBitVectorRef bv, CFRange range, CFBit value);
CF_EXPORT Boolean CFBitVectorContainsBit(CFBitVectorRef bv, CFRange range, CFBit value);
/* 0 outside. */
CF_EXPORT CFBit CFBitVectorGetBitAtIndex(CFBitVectorRef bv, CFIndex idx);
/* Into whole bytes; unused bits at the end become 0. */
CF_EXPORT void CFBitVectorGetBits(CFBitVectorRef bv, CFRange range, UInt8 *bytes);
/* kCFNotFound when there is none. */
CF_EXPORT CFIndex CFBitVectorGetFirstIndexOfBit(CFBitVectorRef bv, CFRange range, CFBit value);
CF_EXPORT CFIndex CFBitVectorGetLastIndexOfBit(CFBitVectorRef bv, CFRange range, CFBit value);
/* Changing: nothing happens to immutable ones, and outside. New bits are 0. */
CF_EXPORT void CFBitVectorSetCount(CFMutableBitVectorRef bv, CFIndex count);
CF_EXPORT void CFBitVectorFlipBitAtIndex(CFMutableBitVectorRef bv, CFIndex idx);
CF_EXPORT void CFBitVectorFlipBits(CFMutableBitVectorRef bv, CFRange range);
CF_EXPORT void CFBitVectorSetBitAtIndex(CFMutableBitVectorRef bv, CFIndex idx, CFBit value);
CF_EXPORT void CFBitVectorSetBits(CFMutableBitVectorRef bv, CFRange range, CFBit value);
CF_EXPORT void CFBitVectorSetAllBits(CFMutableBitVectorRef bv, CFBit value);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
