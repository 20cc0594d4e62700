// SPDX-License-Identifier: MIT
/* Serialised objects that are none: what a program unserialises, and what it sends to the registry. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOCFSerialize.h>
#include <IOKit/IOCFUnserialize.h>

#include "arena.h"
#include "raw_client.h"
#include "wire/protocol.h"

/* The binary form: a signature, then words; kinds in the upper half, the last of a list has this bit. */
enum {
	BINARY_SIGNATURE = 0x000000d3,
	KIND_DICTIONARY = 0x01000000,
	KIND_ARRAY = 0x02000000,
	KIND_SET = 0x03000000,
	KIND_NUMBER = 0x04000000,
	KIND_SYMBOL = 0x08000000,
	KIND_STRING = 0x09000000,
	KIND_DATA = 0x0a000000,
	KIND_BOOLEAN = 0x0b000000,
	KIND_OBJECT = 0x0c000000,
};
#define LAST 0x80000000u

/* Accepted or refused; with an object there is no error text, and the other way round. */
static bool is_accepted(const void *bytes, size_t size)
{
	CFStringRef error = NULL;
	CFTypeRef object = IOCFUnserializeWithSize(bytes, size, NULL, 0, &error);

	if (error)
		CFRelease(error);
	if (object)
		CFRelease(object);
	return object != NULL;
}

#define IS_ACCEPTED(text) is_accepted(text, sizeof(text))

static bool is_accepted_binary(const uint32_t *words, size_t n)
{
	CFStringRef error = NULL;
	CFTypeRef object = IOCFUnserializeBinary((const char *)words, n * 4, NULL, 0, &error);

	if (error)
		CFRelease(error);
	if (object)
		CFRelease(object);
	return object != NULL;
}

/* --- the registry's form, by raw protocol -------------------------------------------------------------- */

/* WIRE_FIND with SIZE bytes as its matching dictionary: refused, or the connection ends. */
static void offer(const void *value, size_t size)
{
	size_t padded = (size + 7) / 8 * 8, total = sizeof(struct wire_header) + 24 + padded;
	uint8_t *message = calloc(1, total);
	struct wire_header header = { .type = WIRE_FIND, .id = 1, .size = 24 + padded };
	uint64_t length = size;
	int fd = raw_connect(world_socket());

	test_true(message != NULL);
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header) + 16, &length, sizeof(length));
	memcpy(message + sizeof(header) + 24, value, size);
	raw_greet(fd);
	if (raw_post(fd, message, total, NULL, 0))
		shutdown(fd, SHUT_WR);
	raw_await_end(fd);
	close(fd);
	free(message);
}

static uint32_t word(unsigned kind, uint32_t n)
{
	return kind << 24 | n;
}

/* A refusal takes no longer than this. */
#define REFUSAL_NS 10000000ull

static bool is_refused_in_time(bool (*try)(size_t), size_t argument, struct arena_times *times)
{
	uint64_t began = arena_now_ns();
	bool accepted = try(argument);

	arena_took(times, arena_now_ns() - began);
	return !accepted;
}

/* --- P-S1 ------------------------------------------------------------------------------------------ */

static bool nest_binary(size_t depth)
{
	uint32_t *words = calloc(depth + 2, sizeof(*words));
	bool accepted;

	words[0] = BINARY_SIGNATURE;
	for (size_t i = 0; i < depth; i++)
		words[1 + i] = KIND_ARRAY | LAST | (i + 1 < depth ? 1 : 0);
	accepted = is_accepted_binary(words, depth + 1);
	free(words);
	return accepted;
}

static bool nest_xml(size_t depth)
{
	char *text = malloc(depth * 15 + 1), *at = text;
	bool accepted;

	for (size_t i = 0; i < depth; i++)
		at = stpcpy(at, "<array>");
	for (size_t i = 0; i < depth; i++)
		at = stpcpy(at, "</array>");
	accepted = is_accepted(text, (size_t)(at - text) + 1);
	free(text);
	return accepted;
}

HOSTILE(P_S1, depth)
{
	struct arena_times times = { .what = "refusals", .promised_ns = REFUSAL_NS };
	uint32_t words[4096];

	arena_begin("Fixture.dext", NULL);
	test_true(nest_binary(64));
	test_true(nest_xml(64));
	/* programs may go deeper than the registry, which takes 64 */
	for (size_t depth = 600; depth <= 600000; depth *= 10) {
		test_true(is_refused_in_time(nest_binary, depth, &times));
		test_true(is_refused_in_time(nest_xml, depth, &times));
	}
	arena_judge(&times);
	for (unsigned depth = 1; depth < 4096; depth *= 3) {
		for (unsigned i = 0; i < depth; i++)
			words[i] = word(WIRE_VALUE_ARRAY, i + 1 < depth);
		offer(words, depth * 4);
	}
	arena_end();
}

/* --- P-S2, P-S3, P-S4 -------------------------------------------------------------------------------- */

HOSTILE(P_S2, references_to_what_is_not_there)
{
	static const uint32_t numbers[] = { 0, 1, 2, 3, 4, 0x7fffff, 0xffffff };

	arena_begin("Fixture.dext", NULL);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		const uint32_t in_array[] = { BINARY_SIGNATURE, KIND_ARRAY | LAST | 1,
					      KIND_OBJECT | LAST | numbers[i] };
		const uint32_t as_key[] = { BINARY_SIGNATURE, KIND_DICTIONARY | LAST | 1,
					    KIND_OBJECT | numbers[i], KIND_BOOLEAN | LAST | 1 };
		const uint32_t alone[] = { BINARY_SIGNATURE, KIND_OBJECT | LAST | numbers[i] };
		/* A key that is replaced, then referred to. */
		const uint32_t replaced[] = { BINARY_SIGNATURE, KIND_DICTIONARY | LAST | 3,
					      KIND_SYMBOL | 2,	0x00000061,
					      KIND_BOOLEAN | 1, KIND_SYMBOL | 2,
					      0x00000061,	KIND_BOOLEAN,
					      KIND_OBJECT | 1,	KIND_OBJECT | LAST | numbers[i] };

		is_accepted_binary(in_array, 3);
		test_true(!is_accepted_binary(as_key, 4) || numbers[i] > 0);
		test_true(!is_accepted_binary(alone, 2));
		is_accepted_binary(replaced, 10);
	}
	test_true(!IS_ACCEPTED("<array><string IDREF=\"1\"/></array>"));
	IS_ACCEPTED("<array ID=\"1\"><array IDREF=\"1\"/></array>");
	arena_end();
}

HOSTILE(P_S3, lengths_beyond_the_end)
{
	static const uint32_t kinds[] = { KIND_NUMBER, KIND_SYMBOL, KIND_STRING, KIND_DATA };
	static const uint32_t lengths[] = { 5, 64, 65, 0x7fffff, 0xfffffc, 0xffffff };
	static const unsigned ours[] = { WIRE_VALUE_STRING, WIRE_VALUE_DATA, WIRE_VALUE_ARRAY,
					 WIRE_VALUE_SET, WIRE_VALUE_DICTIONARY };

	arena_begin("Fixture.dext", NULL);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
			uint32_t *words = arena_guarded(12);

			words[0] = BINARY_SIGNATURE;
			words[1] = kinds[k] | LAST | lengths[i];
			words[2] = 0x00414141;
			/* A number of up to 64 bits needs eight bytes: there are four. */
			test_true(!is_accepted_binary(words, 3));
			arena_guarded_free(words, 12);
		}
		for (size_t k = 0; k < sizeof(ours) / sizeof(*ours); k++) {
			const uint32_t words[] = { word(ours[k], lengths[i]), 0x00414141 };

			offer(words, sizeof(words));
		}
	}
	arena_end();
}

HOSTILE(P_S4, too_many_objects)
{
	const uint32_t n = test_is_full() ? 10000000 : 200000;
	uint32_t *words = malloc((n + 2) * sizeof(*words));
	struct arena_times times = { .what = "too many objects", .promised_ns = 1000000000 };
	uint64_t began;

	arena_begin("Fixture.dext", NULL);
	test_true(words != NULL);
	words[0] = BINARY_SIGNATURE;
	words[1] = KIND_ARRAY | LAST | n;
	for (uint32_t i = 0; i < n; i++)
		words[2 + i] = KIND_ARRAY | (i + 1 == n ? LAST : 0);
	/* More than are there, and all of them. */
	test_true(!is_accepted_binary(words, 100));
	began = arena_now_ns();
	is_accepted_binary(words, n + 2);
	words[1] = KIND_ARRAY | LAST | 131072;
	is_accepted_binary(words, 131072 + 2);
	arena_took(&times, arena_now_ns() - began);
	arena_judge(&times);
	words[0] = word(WIRE_VALUE_ARRAY, 7000);
	for (uint32_t i = 1; i <= 7000; i++)
		words[i] = word(WIRE_VALUE_ARRAY, 0);
	offer(words, 7001 * 4);
	words[0] = word(WIRE_VALUE_ARRAY, 0xffffff);
	offer(words, 7001 * 4);
	words[0] = word(WIRE_VALUE_SET, 7000);
	offer(words, 7001 * 4);
	free(words);
	arena_end();
}

/* --- P-S5, P-S6 ------------------------------------------------------------------------------------ */

/* TEXT, REPEAT so often, END. */
static bool try_xml(const char *start, const char *repeat, size_t times, const char *end)
{
	size_t size = strlen(start) + strlen(repeat) * times + strlen(end) + 1;
	char *text = malloc(size), *at = stpcpy(text, start);
	bool accepted;

	test_true(text != NULL);
	for (size_t i = 0; i < times; i++)
		at = stpcpy(at, repeat);
	stpcpy(at, end);
	accepted = is_accepted(text, size);
	free(text);
	return accepted;
}

HOSTILE(P_S5, documents_that_are_none)
{
	const size_t many = test_is_full() ? 10 << 20 : 1 << 18;

	arena_begin("Fixture.dext", NULL);
	try_xml("<!DOCTYPE a [<!ENTITY x \"", "&x;&x;", 1000, "\">]><string>&x;</string>");
	test_true(!try_xml("<string>&lol;", "&lol9;", 1000, "</string>"));
	test_true(!try_xml("", "<dict>", 100000, ""));
	test_true(!try_xml("<array>", "<string>", 10000, ""));
	test_true(!try_xml("<string", " a", many / 2, ""));
	try_xml("<string x=\"", "A", many, "\">a</string>");
	test_true(!try_xml("<", "A", many, ">"));
	test_true(!try_xml("<!--", "-", many, ""));
	test_true(!try_xml("", "<", many, ""));
	test_true(!IS_ACCEPTED("\xff\xfe<\0s\0"));
	test_true(!IS_ACCEPTED("<string>a\0b</string"));
	test_true(!IS_ACCEPTED("<integer>99999999999999999999999"));
	test_true(!IS_ACCEPTED("<data>===="));
	arena_end();
}

/* Every cut and every flipped bit of a document of each form. */
static void spoil(const uint8_t *bytes, size_t size)
{
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *copy = arena_guarded(cut ? cut : 1);

		memcpy(copy, bytes, cut);
		is_accepted(copy, cut);
		arena_guarded_free(copy, cut ? cut : 1);
	}
	uint8_t *copy = arena_guarded(size);

	for (size_t bit = 0; bit < size * 8; bit++) {
		memcpy(copy, bytes, size);
		copy[bit / 8] ^= 1u << bit % 8;
		is_accepted(copy, size);
	}
	arena_guarded_free(copy, size);
}

HOSTILE(P_S6, cut_anywhere_and_flipped_anywhere)
{
	CFMutableDictionaryRef d = IOServiceMatching("IOService");
	int64_t number = 0x123456789;

	arena_begin("Fixture.dext", NULL);
	CFNumberRef n = CFNumberCreate(NULL, kCFNumberSInt64Type, &number);
	CFDataRef bytes = CFDataCreate(NULL, (const UInt8 *)"\1\2\3\4\5", 5);

	CFDictionarySetValue(d, CFSTR("number"), n);
	CFDictionarySetValue(d, CFSTR("data"), bytes);
	CFDictionarySetValue(d, CFSTR("yes"), kCFBooleanTrue);
	CFRelease(n);
	CFRelease(bytes);
	for (CFOptionFlags options = 0; options <= kIOCFSerializeToBinary;
	     options += kIOCFSerializeToBinary) {
		CFDataRef data = IOCFSerialize(d, options);

		test_true(data != NULL);
		spoil(CFDataGetBytePtr(data), (size_t)CFDataGetLength(data));
		CFRelease(data);
	}
	CFRelease(d);
	arena_end();
}

TEST_MAIN
