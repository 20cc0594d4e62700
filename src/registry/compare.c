// SPDX-License-Identifier: MIT
#include "registry/compare.h"

#include <stdlib.h>
#include <string.h>

#include "registry/text.h"
#include "wire/packed.h"

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

/* --- encoded values ------------------------------------------------------------- */

static bool equal_bytes(const void *wanted, size_t size, struct wire_bytes have)
{
	struct wire_bytes blob = wire_packed_blob(have);

	return blob.size == size && !memcmp(blob.data, wanted, size);
}

static bool equal_integer(CFNumberRef wanted, struct wire_bytes have)
{
	int64_t x, y = wire_packed_integer(have);

	CFNumberGetValue(wanted, kCFNumberSInt64Type, &x);
	if (x == y)
		return true;
	bool narrow_x = CFNumberGetByteSize(wanted) <= 4;
	bool narrow_y = wire_packed_kind(have) == WIRE_VALUE_INT32;
	return (narrow_x && (int64_t)(uint32_t)x == y) || (narrow_y && x == (int64_t)(uint32_t)y);
}

bool registry_compare_encoded(CFTypeRef wanted, struct wire_bytes have)
{
	CFTypeID type = wanted ? CFGetTypeID(wanted) : 0;
	enum wire_value_kind kind = wire_packed_kind(have);

	if (!wanted)
		return false;
	if (type == CFStringGetTypeID() && kind == WIRE_VALUE_STRING) {
		const char *text = CFStringGetCStringPtr(wanted, kCFStringEncodingUTF8);

		if (text)
			return equal_bytes(text, (size_t)CFStringGetLength(wanted), have);
	}
	if (type == CFDataGetTypeID() && kind == WIRE_VALUE_DATA)
		return equal_bytes(CFDataGetBytePtr(wanted), (size_t)CFDataGetLength(wanted), have);
	if (type == CFBooleanGetTypeID() && kind == WIRE_VALUE_BOOLEAN)
		return CFBooleanGetValue(wanted) == wire_packed_integer(have);
	if (type == CFNumberGetTypeID() && !CFNumberIsFloatType(wanted) &&
	    (kind == WIRE_VALUE_INT32 || kind == WIRE_VALUE_INT64))
		return equal_integer(wanted, have);
	scope_cf CFTypeRef object = wire_packed_copy(have);
	return registry_compare_values(wanted, object);
}

bool registry_compare_packed(struct wire_bytes wanted, struct wire_bytes have)
{
	enum wire_value_kind kind = wire_packed_kind(wanted);

	/* Encoded alike, scalars of most kinds are equal, and only then. Numbers of different width may be,
	 * and a real number need not equal itself. */
	if (kind == wire_packed_kind(have) &&
	    (kind == WIRE_VALUE_STRING || kind == WIRE_VALUE_DATA || kind == WIRE_VALUE_BOOLEAN ||
	     kind == WIRE_VALUE_INT64))
		return wanted.size == have.size && !memcmp(wanted.data, have.data, have.size);
	if (kind == WIRE_VALUE_INT32 && kind == wire_packed_kind(have))
		return wire_packed_integer(wanted) == wire_packed_integer(have);
	scope_cf CFTypeRef object = wire_packed_copy(wanted);
	return registry_compare_encoded(object, have);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static uint64_t hash_bytes(uint64_t seed, const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t hash = mix(seed, size), word;

	for (; size >= sizeof(word); p += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	memcpy(&word, p, size);
	return mix(hash, word);
}

enum { HASHED_MAX = 1024 }; /* bytes: those of a large value are not all read to find it */

/* A string equals data with the same bytes, with or without a NUL behind them. */
static uint64_t hash_blob(struct wire_bytes blob)
{
	const uint8_t *p = blob.data;

	if (blob.size > HASHED_MAX)
		blob.size = HASHED_MAX;
	while (blob.size && !p[blob.size - 1])
		blob.size--;
	return hash_bytes(WIRE_VALUE_STRING, p, blob.size);
}

/* Numbers of all kinds and widths are compared by value, a large one at times as a double only; and a
 * negative one may stand for what its 32 bits are without a sign. */
static uint64_t hash_number(double value)
{
	uint64_t bits;

	if (value < 0 && value >= INT32_MIN)
		value += 1ull << 32;
	if (value == 0)
		value = 0; /* without a sign */
	memcpy(&bits, &value, sizeof(bits));
	return mix(WIRE_VALUE_INT64, bits);
}

bool registry_compare_hash(struct wire_bytes value, uint64_t *ret_hash)
{
	switch (wire_packed_kind(value)) {
	case WIRE_VALUE_BOOLEAN:
		*ret_hash = mix(WIRE_VALUE_BOOLEAN, (uint64_t)wire_packed_integer(value));
		return true;
	case WIRE_VALUE_INT32:
	case WIRE_VALUE_INT64:
	case WIRE_VALUE_FLOAT32:
	case WIRE_VALUE_FLOAT64:
		*ret_hash = hash_number(wire_packed_real(value));
		return true;
	case WIRE_VALUE_STRING:
	case WIRE_VALUE_DATA:
		*ret_hash = hash_blob(wire_packed_blob(value));
		return true;
	default:
		return false;
	}
}
