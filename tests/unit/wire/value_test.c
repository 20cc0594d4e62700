// SPDX-License-Identifier: MIT
#include "wire/value.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFDate.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFSet.h>
#include <CoreFoundation/CFString.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "failing.h"
#include "sample.h"
#include "test.h"
#include "wire/packed.h"
#include "wire/protocol.h"

/* Encode and decode VALUE; consumes it and returns the copy. */
static CFTypeRef trip(CFTypeRef value)
{
	struct bytes out = BYTES_INIT;
	CFTypeRef copy = NULL;

	test_equal_error(wire_value_encode(value, &out), 0);
	CFRelease(value);
	test_equal(out.size % 4, 0);
	struct bytes_reader in = bytes_reader(out.data, out.size);
	test_equal_error(wire_value_decode(&in, &copy), 0);
	test_equal(bytes_left(&in), 0);
	bytes_fini(&out);
	return copy;
}

static err_t encode_only(CFTypeRef value)
{
	struct bytes out = BYTES_INIT;
	err_t err = wire_value_encode(value, &out);

	bytes_fini(&out);
	return err;
}

static err_t decode_only(const void *data, size_t size)
{
	struct bytes_reader in = bytes_reader(data, size);
	CFTypeRef value = NULL;
	err_t err = wire_value_decode(&in, &value);

	if (err) {
		test_true(value == NULL);
		test_equal_error(in.err, -EBADMSG);
	} else {
		CFRelease(value);
	}
	/* What is only checked must be held to the same rules. */
	bool whole = !err && !bytes_left(&in);
	test_equal_error(wire_packed_check((struct wire_bytes){ data, size }),
			 whole ? 0 : -EBADMSG);
	return err;
}

static CFMutableDictionaryRef new_dictionary(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}

static CFMutableArrayRef new_array(void)
{
	return CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
}

static uint32_t head(enum wire_value_kind kind, uint32_t number)
{
	return (uint32_t)kind << 24 | number;
}

TEST(one_of_everything_comes_back_equal)
{
	CFTypeRef value = sample_value(3);
	CFTypeRef copy = trip(CFRetain(value));

	test_true(CFEqual(value, copy));
	CFRelease(value);
	CFRelease(copy);
}

TEST(every_type_keeps_its_type)
{
	const int8_t byte = -3;
	CFTypeRef values[] = {
		CFRetain(kCFBooleanTrue),
		CFNumberCreate(NULL, kCFNumberSInt8Type, &byte),
		CFStringCreateWithCString(NULL, "", kCFStringEncodingUTF8),
		CFDataCreate(NULL, NULL, 0),
		new_array(),
		CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks),
		new_dictionary(),
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		CFTypeRef copy = trip(CFRetain(values[i]));

		test_equal(CFGetTypeID(copy), CFGetTypeID(values[i]));
		test_true(CFEqual(copy, values[i]));
		CFRelease(values[i]);
		CFRelease(copy);
	}
}

static CFNumberType type_after_trip(CFNumberType type, const void *value)
{
	CFNumberRef copy = trip(CFNumberCreate(NULL, type, value));
	CFNumberType result = CFNumberGetType(copy);

	CFRelease(copy);
	return result;
}

TEST(integers_come_back_in_one_of_two_widths)
{
	int8_t i8 = -1;
	int16_t i16 = -300;
	int32_t i32 = INT32_MIN;
	int64_t i64 = 1, back = 0;
	float f32 = 1.5f;
	double f64 = 0.1;

	test_equal(type_after_trip(kCFNumberSInt8Type, &i8), kCFNumberSInt32Type);
	test_equal(type_after_trip(kCFNumberSInt16Type, &i16), kCFNumberSInt32Type);
	test_equal(type_after_trip(kCFNumberSInt32Type, &i32), kCFNumberSInt32Type);
	test_equal(type_after_trip(kCFNumberSInt64Type, &i64), kCFNumberSInt64Type);
	test_equal(type_after_trip(kCFNumberFloat32Type, &f32), kCFNumberFloat32Type);
	test_equal(type_after_trip(kCFNumberFloat64Type, &f64), kCFNumberFloat64Type);

	i64 = INT64_MIN;
	CFNumberRef copy = trip(CFNumberCreate(NULL, kCFNumberSInt64Type, &i64));
	test_true(CFNumberGetValue(copy, kCFNumberSInt64Type, &back));
	test_equal(back, INT64_MIN);
	CFRelease(copy);
	copy = trip(CFNumberCreate(NULL, kCFNumberSInt8Type, &i8));
	test_true(CFNumberGetValue(copy, kCFNumberSInt64Type, &back));
	test_equal(back, -1);
	CFRelease(copy);
}

TEST(floats_keep_every_bit)
{
	double values[] = { 0.1, -0.0, INFINITY, 5e-324 };

	for (size_t i = 0; i < 4; i++) {
		CFNumberRef copy = trip(CFNumberCreate(NULL, kCFNumberFloat64Type, &values[i]));
		double back = 1;

		CFNumberGetValue(copy, kCFNumberFloat64Type, &back);
		test_true(!memcmp(&back, &values[i], sizeof(back)));
		CFRelease(copy);
	}
}

TEST(containers_come_back_mutable)
{
	CFMutableDictionaryRef dictionary = new_dictionary();
	CFMutableArrayRef array = new_array();

	CFDictionarySetValue(dictionary, CFSTR("array"), array);
	CFRelease(array);
	dictionary = (CFMutableDictionaryRef)trip(dictionary);
	array = (CFMutableArrayRef)CFDictionaryGetValue(dictionary, CFSTR("array"));
	CFArrayAppendValue(array, kCFBooleanTrue);
	CFDictionarySetValue(dictionary, CFSTR("more"), kCFBooleanTrue);
	test_equal(CFArrayGetCount(array), 1);
	test_equal(CFDictionaryGetCount(dictionary), 2);
	CFRelease(dictionary);
}

TEST(texts_of_any_content_survive)
{
	static const UInt8 text[] = "a\0b \xe2\x82\xac \xf0\x9f\x98\x80";
	CFStringRef string =
		CFStringCreateWithBytes(NULL, text, sizeof(text) - 1, kCFStringEncodingUTF8, false);
	CFTypeRef copy = trip(CFRetain(string));

	test_true(CFEqual(copy, string));
	test_equal(CFStringGetLength(copy), CFStringGetLength(string));
	CFRelease(copy);
	CFRelease(string);
	/* Plain, but for C it would end early. */
	copy = trip(CFStringCreateWithBytes(NULL, text, 3, kCFStringEncodingUTF8, false));
	test_equal(CFStringGetLength(copy), 3);
	CFRelease(copy);
}

TEST(half_a_surrogate_pair_becomes_a_question_mark)
{
	UniChar half[] = { 'x', 0xd83d, 'y' };
	CFTypeRef copy = trip(CFStringCreateWithCharacters(NULL, half, 3));

	test_true(CFEqual(copy, CFSTR("x?y")));
	CFRelease(copy);
}

TEST(types_that_cannot_travel_become_a_string)
{
	CFTypeRef copy = trip(CFDateCreate(NULL, 1.0));

	test_equal(CFGetTypeID(copy), CFStringGetTypeID());
	test_true(CFStringHasSuffix(copy, CFSTR(" is not serializable")));
	CFRelease(copy);
}

TEST(keys_must_be_strings)
{
	CFMutableDictionaryRef d = new_dictionary();

	CFDictionarySetValue(d, kCFBooleanTrue, kCFBooleanTrue);
	test_equal_error(encode_only(d), -EINVAL);
	CFRelease(d);
	test_equal_error(encode_only(NULL), -EINVAL);

	uint32_t encoded[] = { head(WIRE_VALUE_DICTIONARY, 1), head(WIRE_VALUE_BOOLEAN, 1),
			       head(WIRE_VALUE_BOOLEAN, 1) };
	test_equal_error(decode_only(encoded, sizeof(encoded)), -EBADMSG);
}

static CFTypeRef nest(int depth)
{
	CFTypeRef value = CFRetain(kCFBooleanTrue);

	while (depth--) {
		CFMutableArrayRef outer = new_array();

		CFArrayAppendValue(outer, value);
		CFRelease(value);
		value = outer;
	}
	return value;
}

TEST(depth_is_bounded_both_ways)
{
	CFTypeRef deepest = nest(WIRE_VALUE_DEPTH_MAX), deeper = nest(WIRE_VALUE_DEPTH_MAX + 1);
	uint32_t encoded[WIRE_VALUE_DEPTH_MAX + 2];

	CFRelease(trip(deepest));
	test_equal_error(encode_only(deeper), -E2BIG);
	CFRelease(deeper);
	for (int i = 0; i <= WIRE_VALUE_DEPTH_MAX; i++)
		encoded[i] = head(WIRE_VALUE_ARRAY, 1);
	encoded[WIRE_VALUE_DEPTH_MAX + 1] = head(WIRE_VALUE_BOOLEAN, 0);
	test_equal_error(decode_only(encoded, sizeof(encoded)), -EBADMSG);
	test_equal_error(decode_only(encoded + 1, sizeof(encoded) - 4), 0);
	/* Ten thousand opening arrays: stopped at the bound, not at the end of the stack. */
	uint32_t *bomb = malloc(40000);
	for (int i = 0; i < 10000; i++)
		bomb[i] = head(WIRE_VALUE_ARRAY, 1);
	test_equal_error(decode_only(bomb, 40000), -EBADMSG);
	free(bomb);
}

TEST(a_value_that_contains_itself_is_refused)
{
	CFMutableArrayRef array = new_array();

	CFArrayAppendValue(array, array);
	test_equal_error(encode_only(array), -E2BIG);
	CFArrayRemoveAllValues(array);
	CFRelease(array);
}

TEST(objects_and_bytes_are_bounded)
{
	CFMutableArrayRef level = new_array();
	char *zeros = calloc(1, WIRE_VALUE_MAX + 4);

	/* 2^21 objects from 21 arrays. */
	CFArrayAppendValue(level, kCFBooleanTrue);
	for (int i = 0; i < 20; i++) {
		CFMutableArrayRef outer = new_array();

		CFArrayAppendValue(outer, level);
		CFArrayAppendValue(outer, level);
		CFRelease(level);
		level = outer;
	}
	test_equal_error(encode_only(level), -E2BIG);
	CFRelease(level);

	CFDataRef data = CFDataCreate(NULL, (UInt8 *)zeros, WIRE_VALUE_MAX - 4);
	test_equal_error(encode_only(data), 0);
	CFRelease(data);
	data = CFDataCreate(NULL, (UInt8 *)zeros, WIRE_VALUE_MAX);
	test_equal_error(encode_only(data), -E2BIG);
	CFRelease(data);
	uint32_t first = head(WIRE_VALUE_DATA, WIRE_VALUE_MAX);
	memcpy(zeros, &first, 4);
	test_equal_error(decode_only(zeros, WIRE_VALUE_MAX + 4), -EBADMSG);
	free(zeros);
}

TEST(counts_without_objects_are_refused_before_anything_is_made)
{
	for (int kind = WIRE_VALUE_ARRAY; kind <= WIRE_VALUE_DICTIONARY; kind++) {
		uint32_t encoded[] = { head(kind, 0xffffff), 0, 0 };

		test_equal_error(decode_only(encoded, sizeof(encoded)), -EBADMSG);
	}
	for (int kind = WIRE_VALUE_STRING; kind <= WIRE_VALUE_DATA; kind++) {
		uint32_t encoded[] = { head(kind, 9), 0, 0 };

		test_equal_error(decode_only(encoded, sizeof(encoded)), -EBADMSG);
	}
}

TEST(duplicates_are_refused)
{
	uint32_t key = head(WIRE_VALUE_STRING, 1), yes = head(WIRE_VALUE_BOOLEAN, 1);
	uint32_t dictionary[] = { head(WIRE_VALUE_DICTIONARY, 2), key, 'k', yes, key, 'k', yes };
	uint32_t set[] = { head(WIRE_VALUE_SET, 2), yes, yes };

	test_equal_error(decode_only(dictionary, sizeof(dictionary)), -EBADMSG);
	dictionary[5] = 'l';
	test_equal_error(decode_only(dictionary, sizeof(dictionary)), 0);
	test_equal_error(decode_only(set, sizeof(set)), -EBADMSG);
	set[2] = head(WIRE_VALUE_BOOLEAN, 0);
	test_equal_error(decode_only(set, sizeof(set)), 0);
}

/* Their hashes say little and comparing them costs much. */
TEST(containers_in_a_set_are_bounded)
{
	CFMutableSetRef set = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
	uint32_t many[1 + 3 * (WIRE_VALUE_SET_CONTAINERS_MAX + 1)];

	for (uint32_t i = 0; i <= WIRE_VALUE_SET_CONTAINERS_MAX; i++) {
		int32_t n = (int32_t)i;
		CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt32Type, &n);
		CFArrayRef one =
			CFArrayCreate(NULL, (const void **)&number, 1, &kCFTypeArrayCallBacks);

		if (i == WIRE_VALUE_SET_CONTAINERS_MAX)
			test_equal_error(encode_only(set), 0);
		CFSetAddValue(set, one);
		CFRelease(one);
		CFRelease(number);
		many[1 + 3 * i] = head(WIRE_VALUE_ARRAY, 1);
		many[2 + 3 * i] = head(WIRE_VALUE_INT32, 0);
		many[3 + 3 * i] = i;
	}
	test_equal_error(encode_only(set), -E2BIG);
	CFRelease(set);
	many[0] = head(WIRE_VALUE_SET, WIRE_VALUE_SET_CONTAINERS_MAX);
	test_equal_error(decode_only(many, sizeof(many) - 12), 0);
	many[0] = head(WIRE_VALUE_SET, WIRE_VALUE_SET_CONTAINERS_MAX + 1);
	test_equal_error(decode_only(many, sizeof(many)), -EBADMSG);
}

TEST(sets_are_bounded)
{
	CFMutableSetRef set = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);

	for (int i = 0; i <= WIRE_VALUE_SET_MAX; i++) {
		CFNumberRef number = CFNumberCreate(NULL, kCFNumberIntType, &i);

		if (i == WIRE_VALUE_SET_MAX)
			CFRelease(trip(CFRetain(set)));
		CFSetAddValue(set, number);
		CFRelease(number);
	}
	test_equal_error(encode_only(set), -E2BIG);
	CFRelease(set);
	uint32_t *many = calloc(WIRE_VALUE_SET_MAX + 2, 12);
	many[0] = head(WIRE_VALUE_SET, WIRE_VALUE_SET_MAX + 1);
	for (uint32_t i = 0; i <= WIRE_VALUE_SET_MAX; i++) {
		many[1 + 2 * i] = head(WIRE_VALUE_INT32, 0);
		many[2 + 2 * i] = i;
	}
	test_equal_error(decode_only(many, 4 + 8 * (WIRE_VALUE_SET_MAX + 1)), -EBADMSG);
	free(many);
}

TEST(malformed_objects_are_refused)
{
	static const uint32_t bad[][3] = {
		{ 0 },
		{ 11u << 24 },
		{ 0xff000000 },
		{ 1u << 24 | 2 },	  /* a third boolean */
		{ 2u << 24 | 1, 5 },	  /* a number with a length */
		{ 6u << 24 | 1, 0x6100 }, /* padding that is not zero */
		{ 6u << 24 | 2, 0xc3c3 }, /* no UTF-8 */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		test_equal_error(decode_only(bad[i], sizeof(bad[i])), -EBADMSG);
	test_equal_error(decode_only(NULL, 0), -EBADMSG);
	uint32_t number = head(WIRE_VALUE_INT32, 0); /* and nothing behind it */
	test_equal_error(decode_only(&number, sizeof(number)), -EBADMSG);
}

TEST(a_value_cut_or_changed_anywhere_does_no_harm)
{
	struct bytes out = BYTES_INIT;
	CFTypeRef value = sample_value(9);

	test_equal_error(wire_value_encode(value, &out), 0);
	CFRelease(value);
	for (size_t n = 0; n < out.size; n++) {
		uint8_t *cut = malloc(n + 1);

		memcpy(cut, out.data, n);
		test_equal_error(decode_only(cut, n), -EBADMSG);
		free(cut);
	}
	for (size_t bit = 0; bit < out.size * 8; bit++) {
		out.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		err_t err = decode_only(out.data, out.size);
		test_true(err == 0 || err == -EBADMSG);
		out.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	bytes_fini(&out);
}

TEST(values_follow_each_other_in_one_reader)
{
	uint32_t two[] = { head(WIRE_VALUE_BOOLEAN, 1), head(WIRE_VALUE_BOOLEAN, 0) };
	struct bytes_reader in = bytes_reader(two, sizeof(two));
	CFTypeRef first, second;

	test_equal_error(wire_value_decode(&in, &first), 0);
	test_equal_error(wire_value_decode(&in, &second), 0);
	test_true(first == kCFBooleanTrue && second == kCFBooleanFalse);
	CFRelease(first);
	CFRelease(second);
}

/* --- what cannot be sent ---------------------------------------------- */

static void check_refused(CFTypeRef value, err_t err)
{
	test_equal_error(encode_only(value), err);
	CFRelease(value);
}

TEST(one_text_or_blob_is_bounded_by_itself)
{
	enum { N = WIRE_VALUE_MAX + 1 };
	char *text = malloc(N);
	UniChar *wide = malloc(N / 2 * sizeof(*wide));

	memset(text, 'x', N);
	check_refused(CFDataCreate(NULL, (UInt8 *)text, N), -E2BIG);
	check_refused(CFStringCreateWithBytes(NULL, (UInt8 *)text, N, kCFStringEncodingUTF8, false),
		      -E2BIG);
	/* Three bytes of UTF-8 each: the text is short enough, what is sent is not. */
	for (int i = 0; i < N / 2; i++)
		wide[i] = 0x4e00;
	check_refused(CFStringCreateWithCharacters(NULL, wide, N / 2), -E2BIG);
	free(text);
	free(wide);
}

TEST(containers_say_at_once_that_they_are_too_large)
{
	enum { N = WIRE_VALUE_OBJECTS_MAX + 1 };
	const void **same = malloc(N * sizeof(*same));

	for (int i = 0; i < N; i++)
		same[i] = kCFBooleanTrue;
	check_refused(CFArrayCreate(NULL, same, N, NULL), -E2BIG);
	for (uintptr_t i = 0; i < N; i++)
		same[i] = (void *)(i + 1);
	check_refused(CFDictionaryCreate(NULL, same, same, N / 2 + 1, NULL, NULL), -E2BIG);
	free(same);
}

/* Their bytes would do: what takes time is to make and to free them. */
TEST(more_objects_than_there_may_be_are_refused)
{
	enum { N = WIRE_VALUE_OBJECTS_MAX };
	uint32_t *words = malloc((N + 1) * sizeof(*words));

	for (uint32_t n = N - 1; n <= N; n++) {
		struct bytes_reader in = bytes_reader(words, (n + 1) * sizeof(*words));
		CFTypeRef value = NULL;

		words[0] = (uint32_t)WIRE_VALUE_ARRAY << 24 | n;
		for (uint32_t i = 1; i <= n; i++)
			words[i] = (uint32_t)WIRE_VALUE_BOOLEAN << 24;
		err_t expected = n < N ? 0 : -EBADMSG;
		test_equal_error(wire_packed_check((struct wire_bytes){ words, in.size }),
				 expected);
		test_equal_error(wire_value_decode(&in, &value), expected);
		if (value)
			CFRelease(value);
	}
	free(words);
}

TEST(what_is_inside_is_refused_with_its_container)
{
	const void *nothing[] = { NULL }, *number[] = { kCFBooleanTrue, kCFBooleanFalse };
	CFMutableArrayRef self = new_array();

	check_refused(CFSetCreate(NULL, nothing, 1, NULL), -EINVAL);
	check_refused(CFDictionaryCreate(NULL, nothing, number, 1, NULL, NULL), -EINVAL);
	check_refused(CFDictionaryCreate(NULL, number, number, 2, NULL, NULL), -EINVAL);
	/* Whichever the set has first, it ends there. */
	CFArrayAppendValue(self, self);
	const void *both[] = { self, CFSTR("key") };
	check_refused(CFSetCreate(NULL, both, 2, NULL), -E2BIG);
	check_refused(CFDictionaryCreate(NULL, both + 1, both, 1, NULL, NULL), -E2BIG);
	char *text = malloc(WIRE_VALUE_MAX + 1);
	memset(text, 'k', WIRE_VALUE_MAX + 1);
	CFStringRef key = CFStringCreateWithBytes(NULL, (UInt8 *)text, WIRE_VALUE_MAX + 1,
						  kCFStringEncodingUTF8, false);
	const void *keys[] = { key };
	check_refused(CFDictionaryCreate(NULL, keys, number, 1, NULL, NULL), -E2BIG);
	CFRelease(key);
	free(text);
	CFArrayRemoveAllValues(self);
	CFRelease(self);
}

/* --- without memory --------------------------------------------------- */

/* One of everything, of which some cannot be sent as it is. */
static CFTypeRef everything(void)
{
	CFTypeRef sample = sample_value(3);
	CFMutableDictionaryRef all = CFDictionaryCreateMutableCopy(NULL, 0, sample);
	CFDateRef date = CFDateCreate(NULL, 1);
	CFMutableStringRef wide = CFStringCreateMutable(NULL, 0);

	for (int i = 0; i < 200; i++)
		CFStringAppend(wide, CFSTR("\xc3\xa4"));
	CFRelease(sample);
	CFDictionarySetValue(all, CFSTR("date"), date);
	CFDictionarySetValue(all, CFSTR("wide"), wide);
	CFRelease(date);
	CFRelease(wide);
	return all;
}

TEST(encoding_stands_every_failed_allocation)
{
	CFTypeRef value = everything();

	test_each_shortage(s)
	{
		struct bytes out = BYTES_INIT;

		test_shortage_begin(&s);
		err_t err = wire_value_encode(value, &out);
		bool failed = test_shortage_end(&s);
		/* The description of a type may go without its name. */
		test_true(err == (failed ? -ENOMEM : 0) || (failed && !s.lasting && !err));
		bytes_fini(&out);
	}
	CFRelease(value);
}

TEST(decoding_stands_every_failed_allocation)
{
	CFTypeRef value = everything();
	struct bytes out = BYTES_INIT;

	test_equal_error(wire_value_encode(value, &out), 0);
	test_each_shortage(s)
	{
		struct bytes_reader in = bytes_reader(out.data, out.size);
		CFTypeRef copy = NULL;

		test_shortage_begin(&s);
		err_t err = wire_value_decode(&in, &copy);
		bool failed = test_shortage_end(&s);
		test_equal_error(err, failed ? -ENOMEM : 0);
		test_equal(copy == NULL, failed);
		if (copy)
			CFRelease(copy);
	}
	CFRelease(value);
	bytes_fini(&out);
}

TEST_MAIN
