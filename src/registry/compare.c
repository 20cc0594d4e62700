// SPDX-License-Identifier: MIT
#include "registry/compare.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 128 }; /* nested values; the wire allows less */

static bool equal_at(CFTypeRef a, CFTypeRef b, unsigned depth);

/* By 64-bit value whatever the width; a narrow negative number also equals its unsigned reading. */
static bool equal_numbers(CFNumberRef a, CFNumberRef b)
{
	int64_t x, y;

	if (CFNumberIsFloatType(a) || CFNumberIsFloatType(b)) {
		double p = 0, q = 0;

		CFNumberGetValue(a, kCFNumberDoubleType, &p);
		CFNumberGetValue(b, kCFNumberDoubleType, &q);
		return p == q;
	}
	CFNumberGetValue(a, kCFNumberSInt64Type, &x);
	CFNumberGetValue(b, kCFNumberSInt64Type, &y);
	if (x == y)
		return true;
	bool narrow_x = CFNumberGetByteSize(a) <= 4, narrow_y = CFNumberGetByteSize(b) <= 4;
	return (narrow_x && (int64_t)(uint32_t)x == y) || (narrow_y && x == (int64_t)(uint32_t)y);
}

static bool string_equals_data(CFStringRef string, CFDataRef data)
{
	CFIndex size = 0, have = CFDataGetLength(data);
	CFRange all = CFRangeMake(0, CFStringGetLength(string));
	UInt8 inline_bytes[256], *bytes = inline_bytes;

	CFStringGetBytes(string, all, kCFStringEncodingUTF8, 0, false, NULL, 0, &size);
	if (size != have && size + 1 != have)
		return false;
	if ((size_t)size > sizeof(inline_bytes) && !(bytes = malloc((size_t)size)))
		return false;
	CFStringGetBytes(string, all, kCFStringEncodingUTF8, 0, false, bytes, size, &size);
	bool equal = !memcmp(bytes, CFDataGetBytePtr(data), (size_t)size) &&
		     (size == have || CFDataGetBytePtr(data)[size] == 0);
	if (bytes != inline_bytes)
		free(bytes);
	return equal;
}

static bool equal_arrays(CFArrayRef a, CFArrayRef b, unsigned depth)
{
	CFIndex n = CFArrayGetCount(a);

	if (CFArrayGetCount(b) != n)
		return false;
	for (CFIndex i = 0; i < n; i++)
		if (!equal_at(CFArrayGetValueAtIndex(a, i), CFArrayGetValueAtIndex(b, i), depth))
			return false;
	return true;
}

struct pairs {
	CFDictionaryRef dictionary;
	unsigned depth;
	bool equal;
};

static void check_pair(const void *key, const void *value, void *context)
{
	struct pairs *p = context;

	p->equal = p->equal && equal_at(value, CFDictionaryGetValue(p->dictionary, key), p->depth);
}

static bool equal_dictionaries(CFDictionaryRef a, CFDictionaryRef b, unsigned depth)
{
	struct pairs p = { .dictionary = b, .depth = depth, .equal = true };

	if (CFDictionaryGetCount(a) != CFDictionaryGetCount(b))
		return false;
	CFDictionaryApplyFunction(a, check_pair, &p);
	return p.equal;
}

static bool equal_at(CFTypeRef a, CFTypeRef b, unsigned depth)
{
	if (!a || !b || depth == 0)
		return false;
	CFTypeID type = CFGetTypeID(a), other = CFGetTypeID(b);
	if (type == CFStringGetTypeID() && other == CFDataGetTypeID())
		return string_equals_data(a, b);
	if (type == CFDataGetTypeID() && other == CFStringGetTypeID())
		return string_equals_data(b, a);
	if (type != other)
		return false;
	if (type == CFNumberGetTypeID())
		return equal_numbers(a, b);
	if (type == CFArrayGetTypeID())
		return equal_arrays(a, b, depth - 1);
	if (type == CFDictionaryGetTypeID())
		return equal_dictionaries(a, b, depth - 1);
	return CFEqual(a, b);
}

bool registry_compare_values(CFTypeRef wanted, CFTypeRef have)
{
	return equal_at(wanted, have, DEPTH_MAX);
}
