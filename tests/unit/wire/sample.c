// SPDX-License-Identifier: MIT
#include "sample.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFSet.h>
#include <CoreFoundation/CFString.h>

#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "wire/value.h"

enum { BYTES_MAX = 64 * 1024, ENTRIES_MAX = 600 };

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 16;
}

static void *allocate(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	test_true(p != NULL);
	return p;
}

static char *make_text(size_t n, uint64_t *seed)
{
	char *text = allocate(n + 1);

	for (size_t i = 0; i < n; i++)
		text[i] = (char)(1 + next(seed) % 255);
	return text;
}

static size_t pick(enum sample_size size, uint64_t limit, size_t cap, uint64_t *seed)
{
	size_t most = limit < cap ? limit : cap;

	return size == SAMPLE_EMPTY   ? 0
	     : size == SAMPLE_LARGEST ? most
				      : 1 + next(seed) % (most < 40 ? most : 40);
}

static void add(CFMutableDictionaryRef d, const char *key, CFTypeRef value)
{
	CFStringRef name = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);

	CFDictionarySetValue(d, name, value);
	CFRelease(name);
	CFRelease(value);
}

CFTypeRef sample_value(uint64_t seed)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFMutableArrayRef array = CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);
	CFMutableSetRef set = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
	int32_t narrow = (int32_t)next(&seed);
	int64_t wide = (int64_t)(next(&seed) << 20);
	double real = 0.5;

	add(d, "narrow", CFNumberCreate(NULL, kCFNumberSInt32Type, &narrow));
	add(d, "wide", CFNumberCreate(NULL, kCFNumberSInt64Type, &wide));
	add(d, "real", CFNumberCreate(NULL, kCFNumberFloat64Type, &real));
	add(d, "yes", CFRetain(kCFBooleanTrue));
	add(d, "no", CFRetain(kCFBooleanFalse));
	add(d, "data", CFDataCreate(NULL, (const UInt8 *)"\0\1\2", 3));
	add(d, "text",
	    CFStringCreateWithCString(NULL, "gr\xc3\xbc\xc3\x9f", kCFStringEncodingUTF8));
	CFArrayAppendValue(array, kCFBooleanTrue);
	CFArrayAppendValue(array, CFSTR("second"));
	CFSetAddValue(set, CFSTR("only"));
	add(d, "set", set);
	CFArrayAppendValue(array, d);
	CFMutableDictionaryRef outer = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	add(outer, "array", array);
	CFRelease(d);
	return outer;
}

static void fill_entries(struct wire_entries *ret, size_t n, enum sample_size size, uint64_t *seed)
{
	struct wire_entry *items = allocate(n * sizeof(*items));

	for (size_t i = 0; i < n; i++)
		items[i] = (struct wire_entry){
			.id = next(seed),
			.generation = next(seed),
			.state = (uint32_t)next(seed),
			.depth = (uint32_t)next(seed),
			.class_name =
				make_text(pick(size, WIRE_NAME_MAX, WIRE_NAME_MAX, seed), seed),
			.name = make_text(pick(size, WIRE_NAME_MAX, WIRE_NAME_MAX, seed), seed),
			.location = make_text(i % 2 ? 3 : 0, seed),
		};
	*ret = (struct wire_entries){ items, n };
}

static void fill_packed(struct wire_bytes *ret, enum sample_size size, uint64_t *seed)
{
	CFTypeRef value = size ? sample_value(next(seed)) : NULL;
	struct bytes out = BYTES_INIT;

	if (value && wire_value_encode(value, &out))
		abort();
	if (value)
		CFRelease(value);
	*ret = (struct wire_bytes){ out.data, out.size };
}

static void fill(const struct wire_field *f, void *at, enum sample_size size, uint64_t *seed)
{
	switch (f->kind) {
	case WIRE_FIELD_U32:
		*(uint32_t *)at = size ? (uint32_t)next(seed) : 0;
		break;
	case WIRE_FIELD_U64:
		*(uint64_t *)at = size ? next(seed) << 20 : 0;
		break;
	case WIRE_FIELD_TEXT:
		*(char **)at = make_text(pick(size, f->limit, SIZE_MAX, seed), seed);
		break;
	case WIRE_FIELD_BYTES: {
		struct wire_bytes *b = at;

		b->size = pick(size, f->limit, BYTES_MAX, seed);
		b->data = make_text(b->size, seed);
		break;
	}
	case WIRE_FIELD_U64S: {
		struct wire_u64s *numbers = at;
		uint64_t *items;

		numbers->count = pick(size, f->limit, SIZE_MAX, seed);
		numbers->items = items = allocate(numbers->count * sizeof(*items));
		for (size_t i = 0; i < numbers->count; i++)
			items[i] = next(seed);
		break;
	}
	case WIRE_FIELD_PACKED:
		fill_packed(at, size, seed);
		break;
	case WIRE_FIELD_VALUE:
		*(CFTypeRef *)at = size ? sample_value(next(seed)) : NULL;
		break;
	case WIRE_FIELD_ENTRIES:
		fill_entries(at,
			     size == SAMPLE_EMPTY     ? 0
			     : size == SAMPLE_SMALL   ? 2
			     : f->limit < ENTRIES_MAX ? f->limit
						      : ENTRIES_MAX,
			     size, seed);
		break;
	}
}

void *sample_new(const struct wire_layout *layout, enum sample_size size, uint64_t seed)
{
	char *message = allocate(layout->size);

	for (size_t i = 0; i < layout->n_fields; i++)
		fill(&layout->fields[i], message + layout->fields[i].offset, size, &seed);
	return message;
}

static void release(const struct wire_field *f, void *at)
{
	if (f->kind == WIRE_FIELD_TEXT)
		free(*(char **)at);
	if (f->kind == WIRE_FIELD_BYTES || f->kind == WIRE_FIELD_PACKED)
		free((void *)((struct wire_bytes *)at)->data);
	if (f->kind == WIRE_FIELD_U64S)
		free((void *)((struct wire_u64s *)at)->items);
	if (f->kind == WIRE_FIELD_VALUE && *(CFTypeRef *)at)
		CFRelease(*(CFTypeRef *)at);
	if (f->kind == WIRE_FIELD_ENTRIES) {
		struct wire_entries *entries = at;

		for (size_t i = 0; i < entries->count; i++) {
			free((void *)entries->items[i].class_name);
			free((void *)entries->items[i].name);
			free((void *)entries->items[i].location);
		}
		free(entries->items);
	}
}

void sample_free(const struct wire_layout *layout, void *message)
{
	for (size_t i = 0; i < layout->n_fields; i++)
		release(&layout->fields[i], (char *)message + layout->fields[i].offset);
	free(message);
}

static bool is_equal_entry(const struct wire_entry *a, const struct wire_entry *b)
{
	return a->id == b->id && a->generation == b->generation && a->state == b->state &&
	       a->depth == b->depth && !strcmp(a->class_name, b->class_name) &&
	       !strcmp(a->name, b->name) && !strcmp(a->location, b->location);
}

static bool is_equal_field(const struct wire_field *f, const void *a, const void *b)
{
	switch (f->kind) {
	case WIRE_FIELD_U32:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	case WIRE_FIELD_U64:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case WIRE_FIELD_TEXT:
		return !strcmp(*(char *const *)a, *(char *const *)b);
	case WIRE_FIELD_BYTES:
	case WIRE_FIELD_PACKED: {
		const struct wire_bytes *x = a, *y = b;

		return x->size == y->size && (!x->size || !memcmp(x->data, y->data, x->size));
	}
	case WIRE_FIELD_U64S: {
		const struct wire_u64s *x = a, *y = b;

		return x->count == y->count && (uintptr_t)y->items % 8 == 0 &&
		       !memcmp(x->items, y->items, x->count * sizeof(uint64_t));
	}
	case WIRE_FIELD_VALUE: {
		CFTypeRef x = *(const CFTypeRef *)a, y = *(const CFTypeRef *)b;

		return x && y ? CFEqual(x, y) : x == y;
	}
	case WIRE_FIELD_ENTRIES: {
		const struct wire_entries *x = a, *y = b;

		for (size_t i = 0; x->count == y->count && i < x->count; i++)
			if (!is_equal_entry(&x->items[i], &y->items[i]))
				return false;
		return x->count == y->count;
	}
	}
	return false;
}

bool sample_is_equal(const struct wire_layout *layout, const void *a, const void *b)
{
	for (size_t i = 0; i < layout->n_fields; i++) {
		size_t offset = layout->fields[i].offset;

		if (!is_equal_field(&layout->fields[i], (const char *)a + offset,
				    (const char *)b + offset))
			return false;
	}
	return true;
}

bool sample_has_value(const struct wire_layout *layout)
{
	for (size_t i = 0; i < layout->n_fields; i++)
		if (layout->fields[i].kind == WIRE_FIELD_VALUE)
			return true;
	return false;
}
