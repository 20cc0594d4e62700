// SPDX-License-Identifier: MIT
/* Byte buffers: immutable ones hold their bytes in the object. */
#include "cf/cf_internal.h"

#include <stdlib.h>

enum { DATA_MUTABLE = 1, DATA_EXTERNAL = 2 };

struct __CFData {
	struct cf_object base;
	uint8_t *bytes;
	CFIndex length;
};

struct mutable_data {
	struct __CFData data;
	CFIndex capacity;
};

struct external_data {
	struct __CFData data;
	CFAllocatorRef deallocator; /* retained; frees the bytes */
};

static void data_fini(void *object)
{
	struct __CFData *d = object;

	if (cf_flags(d) & DATA_MUTABLE) {
		free(d->bytes);
	} else if (cf_flags(d) & DATA_EXTERNAL) {
		CFAllocatorRef deallocator = ((struct external_data *)d)->deallocator;

		CFAllocatorDeallocate(deallocator, d->bytes);
		CFRelease(deallocator);
	}
}

static bool data_equal(const void *a, const void *b)
{
	const struct __CFData *x = a, *y = b;

	return x->length == y->length &&
	       (!x->length || memcmp(x->bytes, y->bytes, (size_t)x->length) == 0);
}

static CFHashCode data_hash(const void *object)
{
	const struct __CFData *d = object;
	CFIndex n = d->length < 80 ? d->length : 80;
	uint64_t h = (uint64_t)d->length;

	for (CFIndex i = 0; i < n; i++)
		h = (h ^ d->bytes[i]) * 0x100000001b3ull;
	return h ^ h >> 29;
}

static CFStringRef data_copy_description(const void *object)
{
	const struct __CFData *d = object;
	CFMutableStringRef text = CFStringCreateMutable(NULL, 0);

	CFStringAppendFormat(text, NULL, CFSTR("{length = %ld, bytes = 0x"), d->length);
	for (CFIndex i = 0; i < d->length; i++) {
		if (d->length > 24 && i == 16) {
			CFStringAppend(text, CFSTR(" ... "));
			i = d->length - 8;
		}
		CFStringAppendFormat(text, NULL, CFSTR("%02x"), d->bytes[i]);
	}
	CFStringAppend(text, CFSTR("}"));
	return text;
}

const struct cf_class cf_data_class = {
	.name = "CFData",
	.fini = data_fini,
	.equal = data_equal,
	.hash = data_hash,
	.copy_description = data_copy_description,
};

CFTypeID CFDataGetTypeID(void)
{
	return CF_TYPE_DATA;
}

/* --- making -------------------------------------------------------------------------- */

CFDataRef CFDataCreate(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length)
{
	struct __CFData *d;

	if (length < 0 || length > LONG_MAX / 2 || (length && !bytes))
		return NULL;
	d = cf_object_new_in(allocator, CF_TYPE_DATA, sizeof(*d) + (size_t)length);
	if (!d)
		return NULL;
	d->bytes = (uint8_t *)(d + 1);
	d->length = length;
	if (length)
		memcpy(d->bytes, bytes, (size_t)length);
	return d;
}

CFDataRef CFDataCreateWithBytesNoCopy(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length,
				      CFAllocatorRef bytesDeallocator)
{
	struct external_data *d;

	if (length < 0 || (length && !bytes))
		return NULL;
	d = cf_object_new_in(allocator, CF_TYPE_DATA, sizeof(*d));
	if (!d)
		return NULL;
	d->data.bytes = (uint8_t *)bytes;
	d->data.length = length;
	d->deallocator = CFRetain(cf_allocator_real(bytesDeallocator));
	cf_set_flags(d, DATA_EXTERNAL);
	return &d->data;
}

CFDataRef CFDataCreateCopy(CFAllocatorRef allocator, CFDataRef theData)
{
	if (!cf_is(theData, CF_TYPE_DATA))
		return NULL;
	if (!(cf_flags(theData) & DATA_MUTABLE))
		return CFRetain(theData);
	return CFDataCreate(allocator, theData->bytes, theData->length);
}

CFMutableDataRef CFDataCreateMutable(CFAllocatorRef allocator, CFIndex capacity)
{
	struct mutable_data *d;

	if (capacity < 0)
		return NULL;
	d = cf_object_new_in(allocator, CF_TYPE_DATA, sizeof(*d));
	if (!d)
		return NULL;
	cf_set_flags(d, DATA_MUTABLE);
	return &d->data;
}

CFMutableDataRef CFDataCreateMutableCopy(CFAllocatorRef allocator, CFIndex capacity,
					 CFDataRef theData)
{
	CFMutableDataRef d;

	if (!cf_is(theData, CF_TYPE_DATA))
		return NULL;
	d = CFDataCreateMutable(allocator, 0);
	if (!d)
		return NULL;
	CFDataAppendBytes(d, theData->bytes, theData->length);
	if (d->length != theData->length) {
		CFRelease(d);
		return NULL;
	}
	return d;
}

/* --- reading -------------------------------------------------------------------------- */

CFIndex CFDataGetLength(CFDataRef theData)
{
	return cf_is(theData, CF_TYPE_DATA) ? theData->length : 0;
}

const UInt8 *CFDataGetBytePtr(CFDataRef theData)
{
	static const UInt8 nothing[1];

	return cf_is(theData, CF_TYPE_DATA) && theData->bytes ? theData->bytes : nothing;
}

static bool is_mutable(CFDataRef data)
{
	return cf_is(data, CF_TYPE_DATA) && (cf_flags(data) & DATA_MUTABLE);
}

void CFDataGetBytes(CFDataRef theData, CFRange range, UInt8 *buffer)
{
	range = cf_range_clip(range, CFDataGetLength(theData));
	if (range.length && buffer)
		memcpy(buffer, theData->bytes + range.location, (size_t)range.length);
}

CFRange CFDataFind(CFDataRef theData, CFDataRef dataToFind, CFRange searchRange,
		   CFDataSearchFlags compareOptions)
{
	CFIndex n = CFDataGetLength(dataToFind), places;
	const UInt8 *bytes = CFDataGetBytePtr(theData), *what = CFDataGetBytePtr(dataToFind);

	searchRange = cf_range_clip(searchRange, CFDataGetLength(theData));
	places = searchRange.length - n + 1;
	if (!n || places < 1)
		return CFRangeMake(kCFNotFound, 0);
	for (CFIndex i = 0; i < (compareOptions & kCFDataSearchAnchored ? 1 : places); i++) {
		CFIndex at = searchRange.location +
			     (compareOptions & kCFDataSearchBackwards ? places - 1 - i : i);

		if (!memcmp(bytes + at, what, (size_t)n))
			return CFRangeMake(at, n);
	}
	return CFRangeMake(kCFNotFound, 0);
}

/* --- changing ----------------------------------------------------------------------------- */

/* Room for LENGTH bytes. */
static bool reserve(CFMutableDataRef data, CFIndex length)
{
	struct mutable_data *d = (struct mutable_data *)data;
	CFIndex capacity;
	uint8_t *bytes;

	if (length <= d->capacity)
		return true;
	if (length > LONG_MAX / 4)
		return false;
	capacity = length + length / 2;
	bytes = realloc(data->bytes, (size_t)capacity);
	if (!bytes)
		return false;
	data->bytes = bytes;
	d->capacity = capacity;
	return true;
}

UInt8 *CFDataGetMutableBytePtr(CFMutableDataRef theData)
{
	/* Not NULL for empty data either: callers take NULL for failure. */
	if (!is_mutable(theData) || !reserve(theData, 1))
		return NULL;
	return theData->bytes;
}

void CFDataSetLength(CFMutableDataRef theData, CFIndex length)
{
	if (!is_mutable(theData) || length < 0 || !reserve(theData, length))
		return;
	if (length > theData->length)
		memset(theData->bytes + theData->length, 0, (size_t)(length - theData->length));
	theData->length = length;
}

void CFDataIncreaseLength(CFMutableDataRef theData, CFIndex extraLength)
{
	CFIndex length = CFDataGetLength(theData);

	if (extraLength >= -length && extraLength <= LONG_MAX - length)
		CFDataSetLength(theData, length + extraLength);
}

void CFDataReplaceBytes(CFMutableDataRef theData, CFRange range, const UInt8 *newBytes,
			CFIndex newLength)
{
	uint8_t *copy = NULL;
	CFIndex tail;

	if (!newLength && !range.length)
		return;
	if (!is_mutable(theData) || newLength < 0 || newLength > LONG_MAX / 4 ||
	    (newLength && !newBytes) || !cf_range_is_inside(range, theData->length))
		return;
	/* The new bytes may be part of the data, which may move. */
	if (newLength && theData->bytes && newBytes >= theData->bytes &&
	    newBytes < theData->bytes + theData->length) {
		copy = malloc((size_t)newLength);
		if (!copy)
			return;
		newBytes = memcpy(copy, newBytes, (size_t)newLength);
	}
	if (reserve(theData, theData->length - range.length + newLength)) {
		uint8_t *at = theData->bytes + range.location;

		tail = theData->length - range.location - range.length;
		if (tail)
			memmove(at + newLength, at + range.length, (size_t)tail);
		if (newLength)
			memcpy(at, newBytes, (size_t)newLength);
		theData->length += newLength - range.length;
	}
	free(copy);
}

void CFDataAppendBytes(CFMutableDataRef theData, const UInt8 *bytes, CFIndex length)
{
	CFDataReplaceBytes(theData, CFRangeMake(CFDataGetLength(theData), 0), bytes, length);
}

void CFDataDeleteBytes(CFMutableDataRef theData, CFRange range)
{
	CFDataReplaceBytes(theData, range, NULL, 0);
}
