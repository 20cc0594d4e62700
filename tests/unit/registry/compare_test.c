// SPDX-License-Identifier: MIT
#include "registry/compare.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "registry/text.h"
#include "test.h"
#include "wire/value.h"

enum { MANY = 64 };

static CFTypeRef values[MANY];
static size_t n_values;

static void add(CFTypeRef value)
{
	test_true(value != NULL && n_values < MANY);
	values[n_values++] = value;
}

static void add_number(CFNumberType type, int64_t n)
{
	int32_t narrow = (int32_t)n;
	float f = (float)n;
	double d = (double)n;

	add(CFNumberCreate(NULL, type,
			   type == kCFNumberSInt32Type	  ? (void *)&narrow
			   : type == kCFNumberSInt64Type  ? (void *)&n
			   : type == kCFNumberFloat32Type ? (void *)&f
							  : (void *)&d));
}

static void add_text(const char *text, size_t size)
{
	add(CFDataCreate(NULL, (const UInt8 *)text, (CFIndex)size));
	add(CFStringCreateWithBytes(NULL, (const UInt8 *)text, (CFIndex)size, kCFStringEncodingUTF8,
				    false));
}

static void add_all(void)
{
	static const int64_t numbers[] = {
		0,	   1,	       -1,	  -5,	     4294967295,       4294967291,
		INT32_MIN, 2147483648, INT64_MIN, INT64_MAX, 9007199254740993, 9007199254740992
	};
	double nan_value = NAN, half = -0.5, zero = -0.0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i] == (int32_t)numbers[i])
			add_number(kCFNumberSInt32Type, numbers[i]);
		add_number(kCFNumberSInt64Type, numbers[i]);
		add_number(kCFNumberFloat64Type, numbers[i]);
	}
	add_number(kCFNumberFloat32Type, -1);
	add(CFNumberCreate(NULL, kCFNumberFloat64Type, &nan_value));
	add(CFNumberCreate(NULL, kCFNumberFloat64Type, &half));
	add(CFNumberCreate(NULL, kCFNumberFloat64Type, &zero));
	add(CFRetain(kCFBooleanTrue));
	add(CFRetain(kCFBooleanFalse));
	add_text("", 0);
	add_text("\0", 1);
	add_text("a", 1);
	add_text("a\0", 2);
	add_text("a\0\0", 3);
	add_text("a\0b", 3);
	add_text("\xc3\xa9", 2);
	add_text("12345678", 8);
	add_text("123456789", 9);
	/* Longer than what is compared where it is. */
	char text[600];
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	add_text(text, sizeof(text));
	add_text(text, sizeof(text) - 1);
	text[300] = 'y';
	add_text(text, sizeof(text) - 1);
}

static struct wire_bytes encode(CFTypeRef value, struct bytes *out)
{
	*out = (struct bytes)BYTES_INIT;
	test_equal_error(wire_value_encode(value, out), 0);
	return (struct wire_bytes){ out->data, out->size };
}

TEST(encoded_values_are_compared_like_objects_and_equal_ones_share_their_hash)
{
	size_t n_equal = 0;

	add_all();
	for (size_t i = 0; i < n_values; i++)
		for (size_t j = 0; j < n_values; j++) {
			struct bytes a, b;
			struct wire_bytes wanted = encode(values[i], &a),
					  have = encode(values[j], &b);
			bool equal = registry_compare_values(values[i], values[j]);
			uint64_t x, y;

			test_equal(registry_compare_encoded(values[i], have), equal);
			test_equal(registry_compare_packed(wanted, have), equal);
			test_true(registry_compare_hash(wanted, &x));
			test_true(registry_compare_hash(have, &y));
			test_true(!equal || x == y);
			n_equal += equal;
			bytes_fini(&a);
			bytes_fini(&b);
		}
	test_true(n_equal > n_values);
	for (size_t i = 0; i < n_values; i++)
		CFRelease(values[i]);
}

TEST(collections_have_no_hash)
{
	CFDictionaryRef d = registry_dictionary_new();
	struct bytes out;
	uint64_t hash;

	test_true(!registry_compare_hash(encode(d, &out), &hash));
	test_true(registry_compare_packed((struct wire_bytes){ out.data, out.size },
					  (struct wire_bytes){ out.data, out.size }));
	bytes_fini(&out);
	CFRelease(d);
}

TEST_MAIN
