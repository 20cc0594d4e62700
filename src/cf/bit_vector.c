// SPDX-License-Identifier: MIT
#include <CoreFoundation/CFBitVector.h>
#include <stdlib.h>

#include "cf/cf_internal.h"

enum { BIT_VECTOR_MUTABLE = 1 };

struct __CFBitVector {
	struct cf_object base;
	UInt8 *bytes;		 /* bits beyond the count are 0 */
	CFIndex count, capacity; /* in bits */
};

static void vector_fini(void *object)
{
	free(((CFMutableBitVectorRef)object)->bytes);
}

static bool vector_equal(const void *a, const void *b)
{
	CFBitVectorRef x = a, y = b;

	return x->count == y->count &&
	       (!x->count || !memcmp(x->bytes, y->bytes, (size_t)(x->count + 7) / 8));
}

static CFHashCode vector_hash(const void *object)
{
	return (CFHashCode)((CFBitVectorRef)object)->count;
}

const struct cf_class cf_bit_vector_class = {
	.name = "CFBitVector",
	.fini = vector_fini,
	.equal = vector_equal,
	.hash = vector_hash,
};

CFTypeID CFBitVectorGetTypeID(void)
{
	return CF_TYPE_BIT_VECTOR;
}

static bool is_vector(CFBitVectorRef bv)
{
	return cf_is(bv, CF_TYPE_BIT_VECTOR);
}

static bool is_mutable(CFBitVectorRef bv)
{
	return is_vector(bv) && (cf_flags(bv) & BIT_VECTOR_MUTABLE);
}

static bool bit_get(const UInt8 *bytes, CFIndex i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

static void bit_set(UInt8 *bytes, CFIndex i, bool value)
{
	UInt8 mask = (UInt8)(0x80 >> i % 8);

	bytes[i / 8] = (UInt8)(value ? bytes[i / 8] | mask : bytes[i / 8] & ~mask);
}

/* Room for COUNT bits; new bytes are 0. */
static bool reserve(CFMutableBitVectorRef bv, CFIndex count)
{
	CFIndex capacity;
	UInt8 *bytes;

	if (count <= bv->capacity)
		return true;
	if (count > LONG_MAX - 64)
		return false;
	capacity = (count + 63) / 64 * 64;
	bytes = realloc(bv->bytes, (size_t)capacity / 8);
	if (!bytes)
		return false;
	memset(bytes + bv->capacity / 8, 0, (size_t)(capacity - bv->capacity) / 8);
	bv->bytes = bytes;
	bv->capacity = capacity;
	return true;
}

static CFMutableBitVectorRef vector_new(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex count,
					uint8_t flags)
{
	CFMutableBitVectorRef bv;

	if (count < 0 || (count && !bytes))
		return NULL;
	bv = cf_object_new_in(allocator, CF_TYPE_BIT_VECTOR, sizeof(*bv));
	if (bv && !reserve(bv, count)) {
		CFRelease(bv);
		return NULL;
	}
	if (!bv)
		return NULL;
	cf_set_flags(bv, flags);
	bv->count = count;
	for (CFIndex i = 0; i < count; i++)
		bit_set(bv->bytes, i, bit_get(bytes, i));
	return bv;
}

CFBitVectorRef CFBitVectorCreate(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex numBits)
{
	return vector_new(allocator, bytes, numBits, 0);
}

CFMutableBitVectorRef CFBitVectorCreateMutable(CFAllocatorRef allocator, CFIndex capacity)
{
	return capacity < 0 ? NULL : vector_new(allocator, NULL, 0, BIT_VECTOR_MUTABLE);
}

CFBitVectorRef CFBitVectorCreateCopy(CFAllocatorRef allocator, CFBitVectorRef bv)
{
	if (!is_vector(bv))
		return NULL;
	return is_mutable(bv) ? vector_new(allocator, bv->bytes, bv->count, 0) : CFRetain(bv);
}

CFMutableBitVectorRef CFBitVectorCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
						   CFBitVectorRef bv)
{
	return is_vector(bv) ? vector_new(allocator, bv->bytes, bv->count, BIT_VECTOR_MUTABLE)
			     : NULL;
}

/* --- reading ------------------------------------------------------------------------------ */

CFIndex CFBitVectorGetCount(CFBitVectorRef bv)
{
	return is_vector(bv) ? bv->count : 0;
}

CFBit CFBitVectorGetBitAtIndex(CFBitVectorRef bv, CFIndex idx)
{
	return idx >= 0 && idx < CFBitVectorGetCount(bv) && bit_get(bv->bytes, idx);
}

CFIndex CFBitVectorGetCountOfBit(CFBitVectorRef bv, CFRange range, CFBit value)
{
	CFIndex n = 0;

	range = cf_range_clip(range, CFBitVectorGetCount(bv));
	for (CFIndex i = 0; i < range.length; i++)
		n += bit_get(bv->bytes, range.location + i) == (value != 0);
	return n;
}

CFIndex CFBitVectorGetFirstIndexOfBit(CFBitVectorRef bv, CFRange range, CFBit value)
{
	range = cf_range_clip(range, CFBitVectorGetCount(bv));
	for (CFIndex i = range.location; i < range.location + range.length; i++)
		if (bit_get(bv->bytes, i) == (value != 0))
			return i;
	return kCFNotFound;
}

CFIndex CFBitVectorGetLastIndexOfBit(CFBitVectorRef bv, CFRange range, CFBit value)
{
	range = cf_range_clip(range, CFBitVectorGetCount(bv));
	for (CFIndex i = range.location + range.length; i-- > range.location;)
		if (bit_get(bv->bytes, i) == (value != 0))
			return i;
	return kCFNotFound;
}

Boolean CFBitVectorContainsBit(CFBitVectorRef bv, CFRange range, CFBit value)
{
	return CFBitVectorGetFirstIndexOfBit(bv, range, value) != kCFNotFound;
}

void CFBitVectorGetBits(CFBitVectorRef bv, CFRange range, UInt8 *bytes)
{
	range = cf_range_clip(range, CFBitVectorGetCount(bv));
	if (!bytes || !range.length)
		return;
	memset(bytes, 0, (size_t)(range.length + 7) / 8);
	for (CFIndex i = 0; i < range.length; i++)
		bit_set(bytes, i, bit_get(bv->bytes, range.location + i));
}

/* --- changing ------------------------------------------------------------------------------- */

void CFBitVectorSetBits(CFMutableBitVectorRef bv, CFRange range, CFBit value)
{
	if (!is_mutable(bv) || !cf_range_is_inside(range, bv->count))
		return;
	for (CFIndex i = 0; i < range.length; i++)
		bit_set(bv->bytes, range.location + i, value);
}

void CFBitVectorSetCount(CFMutableBitVectorRef bv, CFIndex count)
{
	if (!is_mutable(bv) || count < 0 || !reserve(bv, count))
		return;
	if (count < bv->count)
		CFBitVectorSetBits(bv, CFRangeMake(count, bv->count - count), 0);
	bv->count = count;
}

void CFBitVectorFlipBits(CFMutableBitVectorRef bv, CFRange range)
{
	if (!is_mutable(bv) || !cf_range_is_inside(range, bv->count))
		return;
	for (CFIndex i = 0; i < range.length; i++)
		bit_set(bv->bytes, range.location + i, !bit_get(bv->bytes, range.location + i));
}

void CFBitVectorFlipBitAtIndex(CFMutableBitVectorRef bv, CFIndex idx)
{
	CFBitVectorFlipBits(bv, CFRangeMake(idx, 1));
}

void CFBitVectorSetBitAtIndex(CFMutableBitVectorRef bv, CFIndex idx, CFBit value)
{
	CFBitVectorSetBits(bv, CFRangeMake(idx, 1), value);
}

void CFBitVectorSetAllBits(CFMutableBitVectorRef bv, CFBit value)
{
	CFBitVectorSetBits(bv, CFRangeMake(0, CFBitVectorGetCount(bv)), value);
}
