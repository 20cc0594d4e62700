// SPDX-License-Identifier: MIT
#include "wire/packed.h"

#include <CoreFoundation/CoreFoundation.h>

#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "sample.h"
#include "test.h"
#include "wire/value.h"

static struct wire_bytes packed_of(const struct bytes *out)
{
	return (struct wire_bytes){ out->data, out->size };
}

static struct bytes pack(CFTypeRef value)
{
	struct bytes out = BYTES_INIT;

	test_equal_error(wire_value_encode(value, &out), 0);
	return out;
}

static CFMutableDictionaryRef numbered(int n)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	for (int i = 0; i < n; i++) {
		CFStringRef key = CFStringCreateWithFormat(NULL, NULL, CFSTR("key %d"), i);
		CFNumberRef value = CFNumberCreate(NULL, kCFNumberIntType, &i);

		CFDictionarySetValue(d, key, value);
		CFRelease(key);
		CFRelease(value);
	}
	return d;
}

TEST(every_pair_is_found_and_walked)
{
	/* few keys and many: they are compared in different ways */
	for (int n = 0; n < 200; n += 33) {
		CFMutableDictionaryRef d = numbered(n);
		struct bytes out = pack(d);
		struct wire_bytes found;
		int walked = 0;

		test_equal_error(wire_packed_check(packed_of(&out)), 0);
		test_true(wire_packed_is_dictionary(packed_of(&out)));
		for (int i = 0; i < n; i++) {
			char key[32];
			int value = -1;

			snprintf(key, sizeof(key), "key %d", i);
			test_true(wire_packed_find(packed_of(&out), key, strlen(key), &found));
			CFNumberRef number = wire_packed_copy(found);
			CFNumberGetValue(number, kCFNumberIntType, &value);
			CFRelease(number);
			test_equal(value, i);
		}
		test_true(!wire_packed_find(packed_of(&out), "key", 3, &found));
		test_true(!wire_packed_find(packed_of(&out), "key 100000", 10, &found));
		struct wire_packed_pair pair = wire_packed_begin(packed_of(&out));
		while (wire_packed_next(&pair))
			walked++;
		test_equal(walked, n);
		bytes_fini(&out);
		CFRelease(d);
	}
}

TEST(values_of_every_kind_are_stepped_over)
{
	CFMutableDictionaryRef d = numbered(2);
	CFTypeRef sample = sample_value(7);

	CFDictionarySetValue(d, CFSTR("one of everything"), sample);
	CFDictionarySetValue(d, CFSTR("last"), CFSTR("found"));
	struct bytes out = pack(d);
	struct wire_bytes found;
	test_equal_error(wire_packed_check(packed_of(&out)), 0);
	test_true(wire_packed_find(packed_of(&out), "last", 4, &found));
	test_true(wire_packed_find(packed_of(&out), "one of everything", 17, &found));
	CFTypeRef copy = wire_packed_copy(found);
	test_true(CFEqual(copy, sample));
	CFRelease(copy);
	CFRelease(sample);
	CFRelease(d);
	bytes_fini(&out);
}

TEST(only_dictionaries_have_keys)
{
	struct bytes out = pack(CFSTR("key 0"));
	struct wire_bytes found;

	test_true(!wire_packed_is_dictionary(packed_of(&out)));
	test_true(!wire_packed_find(packed_of(&out), "key 0", 5, &found));
	test_true(!wire_packed_is_dictionary((struct wire_bytes){ NULL, 0 }));
	bytes_fini(&out);
}

/* Two pairs whose keys have the same bytes, behind FILL others. */
TEST(a_key_twice_is_refused)
{
	for (int n = 2; n < 120; n += 59) {
		CFMutableDictionaryRef d = numbered(n);
		struct bytes out = pack(d);
		struct wire_packed_pair pair = wire_packed_begin(packed_of(&out));

		wire_packed_next(&pair);
		const void *first = pair.key.data;
		size_t size = pair.key.size;
		while (wire_packed_next(&pair))
			if (pair.key.size == size)
				break;
		test_equal(pair.key.size, size);
		memcpy((void *)pair.key.data, first, size);
		test_equal_error(wire_packed_check(packed_of(&out)), -EBADMSG);
		bytes_fini(&out);
		CFRelease(d);
	}
}

static bool text_is_accepted(const char *text, size_t n)
{
	uint32_t room[4] = { (uint32_t)WIRE_VALUE_STRING << 24 | (uint32_t)n };

	memcpy(room + 1, text, n);
	return !wire_packed_check((struct wire_bytes){ room, 4 + (n + 3) / 4 * 4 });
}

/* The checker's own idea of UTF-8 must be CoreFoundation's. */
TEST(texts_are_utf8_as_strings_are)
{
	uint64_t seed = 5;

	for (int i = 0; i < 200000; i++) {
		char text[5];
		size_t n = 1 + seed % 5;

		for (size_t k = 0; k < n; k++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			/* mostly lead and continuation bytes near the borders */
			text[k] = (char)(seed >> 62 ? 0x80 + (seed >> 40) % 0x80 : seed >> 50);
		}
		CFStringRef string = CFStringCreateWithBytes(NULL, (const UInt8 *)text, (CFIndex)n,
							     kCFStringEncodingUTF8, false);
		test_equal(text_is_accepted(text, n), string != NULL);
		if (string)
			CFRelease(string);
	}
}

TEST(set_members_must_differ_by_value)
{
	/* 5 in 32 and in 64 bits: equal, but not in their bytes */
	uint32_t set[] = { (uint32_t)WIRE_VALUE_SET << 24 | 2,
			   (uint32_t)WIRE_VALUE_INT32 << 24,
			   5,
			   (uint32_t)WIRE_VALUE_INT64 << 24,
			   5,
			   0 };

	test_equal_error(wire_packed_check((struct wire_bytes){ set, sizeof(set) }), -EBADMSG);
	set[4] = 6;
	test_equal_error(wire_packed_check((struct wire_bytes){ set, sizeof(set) }), 0);
}

TEST(nothing_is_read_beyond_the_end)
{
	CFTypeRef sample = sample_value(11);
	struct bytes out = pack(sample);

	for (size_t n = 0; n < out.size; n++) {
		void *exact = malloc(n ? n : 1);

		memcpy(exact, out.data, n);
		test_equal_error(wire_packed_check((struct wire_bytes){ exact, n }), -EBADMSG);
		free(exact);
	}
	CFRelease(sample);
	bytes_fini(&out);
}

static err_t check(const void *data, size_t size)
{
	return wire_packed_check((struct wire_bytes){ data, size });
}

static uint32_t head(enum wire_value_kind kind, uint32_t number)
{
	return (uint32_t)kind << 24 | number;
}

TEST(size_and_depth_are_bounded)
{
	uint32_t *all = calloc(1, WIRE_VALUE_MAX + 4);

	all[0] = head(WIRE_VALUE_DATA, WIRE_VALUE_MAX - 4);
	test_equal_error(check(all, WIRE_VALUE_MAX), 0);
	all[0] = head(WIRE_VALUE_DATA, WIRE_VALUE_MAX);
	test_equal_error(check(all, WIRE_VALUE_MAX + 4), -EBADMSG);
	for (int depth = 0; depth <= WIRE_VALUE_DEPTH_MAX; depth++)
		all[depth] = head(WIRE_VALUE_ARRAY, 1);
	all[WIRE_VALUE_DEPTH_MAX] = head(WIRE_VALUE_BOOLEAN, 1);
	test_equal_error(check(all, 4 * (WIRE_VALUE_DEPTH_MAX + 1)), 0);
	all[WIRE_VALUE_DEPTH_MAX] = head(WIRE_VALUE_ARRAY, 1);
	all[WIRE_VALUE_DEPTH_MAX + 1] = head(WIRE_VALUE_BOOLEAN, 1);
	test_equal_error(check(all, 4 * (WIRE_VALUE_DEPTH_MAX + 2)), -EBADMSG);
	all[0] = head(WIRE_VALUE_INT64, 0);
	test_equal_error(check(all, 8), -EBADMSG);
	free(all);
}

static void put_number(const void *cf, int64_t integer, double real)
{
	struct bytes out = pack(cf);

	test_equal(wire_packed_integer(packed_of(&out)), integer);
	test_true(wire_packed_real(packed_of(&out)) == real);
	CFRelease(cf);
	bytes_fini(&out);
}

TEST(numbers_are_read_where_they_lie)
{
	int32_t narrow = -7;
	int64_t wide = -7000000000000;
	float narrow_real = 1.5f;
	double wide_real = 0.1;
	struct bytes yes = pack(kCFBooleanTrue), text = pack(CFSTR("text"));

	put_number(CFNumberCreate(NULL, kCFNumberSInt32Type, &narrow), narrow, narrow);
	put_number(CFNumberCreate(NULL, kCFNumberSInt64Type, &wide), wide, (double)wide);
	put_number(CFNumberCreate(NULL, kCFNumberFloat32Type, &narrow_real), 0, narrow_real);
	put_number(CFNumberCreate(NULL, kCFNumberFloat64Type, &wide_real), 0, wide_real);
	test_equal(wire_packed_kind(packed_of(&yes)), WIRE_VALUE_BOOLEAN);
	test_equal(wire_packed_integer(packed_of(&yes)), 1);
	struct wire_bytes blob = wire_packed_blob(packed_of(&text));
	test_equal(blob.size, 4);
	test_true(!memcmp(blob.data, "text", 4));
	bytes_fini(&yes);
	bytes_fini(&text);
}

TEST(without_memory_nothing_is_taken_on_trust)
{
	CFMutableDictionaryRef many = numbered(100); /* sorted: takes memory */
	struct bytes out = pack(many);

	test_each_shortage(s)
	{
		test_shortage_begin(&s);
		err_t err = wire_packed_check(packed_of(&out));
		test_equal_error(err, test_shortage_end(&s) ? -ENOMEM : 0);
	}
	test_each_shortage(s)
	{
		test_shortage_begin(&s);
		CFTypeRef copy = wire_packed_copy(packed_of(&out));
		test_equal(copy == NULL, test_shortage_end(&s));
		if (copy)
			CFRelease(copy);
	}
	CFRelease(many);
	bytes_fini(&out);
}

TEST_MAIN
