// SPDX-License-Identifier: MIT
/*
 * Binary property lists. Both directions are written here rather than left to
 * libplist, because a reader must bound what shared references expand to, and
 * libplist's values cut dates to 32 bits and strings at a NUL.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "base/scope.h"
#include "cf/plist_internal.h"
#include "cf/string_internal.h"

#define TRAILER_SIZE 32
#define HEADER_SIZE 8

enum {
	MARK_FALSE = 0x08,
	MARK_TRUE = 0x09,
	MARK_INTEGER = 0x10,
	MARK_FLOAT = 0x22,
	MARK_DOUBLE = 0x23,
	MARK_DATE = 0x33,
	MARK_DATA = 0x40,
	MARK_ASCII = 0x50,
	MARK_UTF16 = 0x60,
	MARK_ARRAY = 0xa0,
	MARK_SET = 0xc0,
	MARK_DICTIONARY = 0xd0,
};

/* --- reading -------------------------------------------------------------------------------------- */

struct binary {
	struct plist_reader *r;
	const uint8_t *bytes;
	size_t objects_end; /* where the offset table begins */
	size_t offset_size, reference_size;
	uint64_t count;
};

static uint64_t get_big(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* What an object's first bytes say. */
struct item {
	uint8_t mark, low; /* high and low half of the marker byte */
	size_t n;	   /* count or bytes */
	const uint8_t *body;
	size_t left; /* bytes from body to the end of objects */
};

static bool read_item(const struct binary *b, uint64_t reference, struct item *ret)
{
	size_t at;

	if (reference >= b->count)
		return false;
	at = (size_t)get_big(b->bytes + b->objects_end + reference * b->offset_size,
			     b->offset_size);
	if (at < HEADER_SIZE || at >= b->objects_end)
		return false;
	ret->mark = b->bytes[at] & 0xf0;
	ret->low = b->bytes[at] & 0x0f;
	ret->body = b->bytes + at + 1;
	ret->left = b->objects_end - at - 1;
	ret->n = ret->low;
	if (ret->mark >= MARK_DATA && ret->low == 15) {
		size_t size;

		if (!ret->left || (ret->body[0] & 0xf0) != MARK_INTEGER || (ret->body[0] & 15) > 3)
			return false;
		size = (size_t)1 << (ret->body[0] & 15);
		if (ret->left < 1 + size)
			return false;
		ret->n = (size_t)get_big(ret->body + 1, size);
		ret->body += 1 + size;
		ret->left -= 1 + size;
	}
	return true;
}

static CFTypeRef read_object(struct binary *b, uint64_t reference, int depth);

static CFTypeRef read_integer(struct binary *b, const struct item *item)
{
	size_t size = (size_t)1 << item->low;
	uint64_t v;

	if (item->low > 4 || item->left < size)
		return plist_fail(b->r, "A broken integer");
	/* Up to four bytes are unsigned, eight signed; of sixteen the low half counts. */
	v = get_big(size == 16 ? item->body + 8 : item->body, size == 16 ? 8 : size);
	return plist_make_integer(b->r, (int64_t)v);
}

static CFTypeRef read_real(struct binary *b, const struct item *item, bool is_date)
{
	uint64_t v = get_big(item->body, item->left < 8 ? item->left : 8);
	uint32_t v32 = item->left >= 4 ? (uint32_t)get_big(item->body, 4) : 0;
	CFTypeRef date;
	double real;
	float single;

	if (item->left >= 8 && item->low == 3) {
		memcpy(&real, &v, sizeof(real));
		if (!is_date)
			return plist_make_real(b->r, real);
		date = CFDateCreate(b->r->allocator, real);
		return date ? date : plist_fail(b->r, "Out of memory");
	}
	if (item->left < 4 || item->low != 2 || is_date)
		return plist_fail(b->r, "A broken real or date");
	memcpy(&single, &v32, sizeof(single));
	return plist_make_real(b->r, (double)single);
}

static CFTypeRef read_string(struct binary *b, const struct item *item, bool wide)
{
	CFStringRef string;

	if (item->n > item->left >> wide || !plist_charge(b->r, item->n << wide))
		return plist_fail(b->r, "A string beyond the end");
	string = CFStringCreateWithBytes(b->r->allocator, item->body, (CFIndex)(item->n << wide),
					 wide ? kCFStringEncodingUTF16BE : kCFStringEncodingASCII,
					 FALSE);
	return string ? plist_make_string(b->r, string) : plist_fail(b->r, "A broken string");
}

/* The N references of a container, keys and values in turn for dictionaries. */
static CFTypeRef read_container(struct binary *b, const struct item *item, bool is_dictionary,
				int depth)
{
	struct plist_values values = { NULL, 0, 0 };
	CFOptionFlags options = b->r->options;
	size_t size = b->reference_size, lists = is_dictionary ? 2 : 1;
	bool ok = true;

	if (item->n > item->left / size / lists)
		return plist_fail(b->r, "A container beyond the end");
	for (size_t i = 0; ok && i < item->n; i++) {
		if (is_dictionary) {
			CFTypeRef key;

			b->r->options = 0;
			key = read_object(b, get_big(item->body + i * size, size), depth + 1);
			b->r->options = options;
			ok = plist_values_add(b->r, &values, key) &&
			     (cf_is(key, CF_TYPE_STRING) ||
			      plist_fail(b->r, "A key that is no string"));
		}
		ok = ok &&
		     plist_values_add(
			     b->r, &values,
			     read_object(
				     b,
				     get_big(item->body + (i + (lists - 1) * item->n) * size, size),
				     depth + 1));
	}
	if (ok)
		return is_dictionary ? plist_values_make_dictionary(b->r, &values)
				     : plist_values_make_array(b->r, &values);
	plist_values_drop(&values);
	return NULL;
}

static CFTypeRef read_object(struct binary *b, uint64_t reference, int depth)
{
	struct item item;

	/* Also the end of cycles. */
	if (depth > PLIST_MAX_DEPTH)
		return plist_fail(b->r, "Too deeply nested");
	if (!plist_charge(b->r, 0))
		return NULL;
	if (!read_item(b, reference, &item))
		return plist_fail(b->r, "A reference to nothing");
	switch (item.mark) {
	case 0:
		if (item.low == MARK_TRUE)
			return kCFBooleanTrue;
		return item.low == MARK_FALSE ? kCFBooleanFalse
					      : plist_fail(b->r, "A value of an unknown type");
	case MARK_INTEGER:
		return read_integer(b, &item);
	case MARK_FLOAT & 0xf0:
		return read_real(b, &item, false);
	case MARK_DATE & 0xf0:
		return read_real(b, &item, true);
	case MARK_DATA:
		if (item.n > item.left || !plist_charge(b->r, item.n))
			return plist_fail(b->r, "Data beyond the end");
		return plist_make_data(b->r, item.body, item.n);
	case MARK_ASCII:
	case MARK_UTF16:
		return read_string(b, &item, item.mark == MARK_UTF16);
	case MARK_ARRAY:
		return read_container(b, &item, false, depth);
	case MARK_DICTIONARY:
		return read_container(b, &item, true, depth);
	default:
		return plist_fail(b->r, "A value of an unknown type");
	}
}

CFTypeRef plist_binary_read(struct plist_reader *r, const uint8_t *bytes, size_t n)
{
	struct binary b = { .r = r, .bytes = bytes };
	const uint8_t *trailer;
	uint64_t top, table;

	if (n < HEADER_SIZE + TRAILER_SIZE + 2)
		return plist_fail(r, "The list is cut off");
	if (bytes[6] != '0')
		return plist_fail(r, "A version that is not known");
	trailer = bytes + n - TRAILER_SIZE;
	b.offset_size = trailer[6];
	b.reference_size = trailer[7];
	b.count = get_big(trailer + 8, 8);
	top = get_big(trailer + 16, 8);
	table = get_big(trailer + 24, 8);
	if (b.offset_size < 1 || b.offset_size > 8 || b.reference_size < 1 ||
	    b.reference_size > 8 || !b.count || top >= b.count || table < HEADER_SIZE + 1 ||
	    table > n - TRAILER_SIZE || b.count > (n - TRAILER_SIZE - table) / b.offset_size)
		return plist_fail(r, "A broken trailer");
	b.objects_end = (size_t)table;
	return read_object(&b, top, 0);
}

/* --- writing ------------------------------------------------------------------------------------------ */

/* Objects in the order of their numbers; equal strings have one number. */
struct flat {
	CFTypeRef *objects; /* borrowed */
	size_t n, capacity;
	CFMutableDictionaryRef strings; /* to number + 1 */
	bool failed;
};

static size_t bytes_for(uint64_t v)
{
	return v < 0x100 ? 1 : v < 0x10000 ? 2 : v < 0x100000000 ? 4 : 8;
}

static uint64_t string_number(const struct flat *f, CFTypeRef string)
{
	return (uint64_t)(uintptr_t)CFDictionaryGetValue(f->strings, string);
}

static void flat_add(struct flat *f, CFTypeRef value)
{
	bool is_string = cf_is(value, CF_TYPE_STRING);

	if (f->failed || (is_string && string_number(f, value)))
		return;
	if (f->n == f->capacity) {
		size_t capacity = f->capacity ? f->capacity * 2 : 64;
		CFTypeRef *objects = realloc(f->objects, capacity * sizeof(*objects));

		if (!objects) {
			f->failed = true;
			return;
		}
		f->objects = objects;
		f->capacity = capacity;
	}
	f->objects[f->n++] = value;
	if (is_string)
		CFDictionarySetValue(f->strings, value, (const void *)(uintptr_t)f->n);
}

/* Breadth first: the children of object I come in one run, which put_container finds again by
 * walking the objects in the same order. */
static void flat_add_children(struct flat *f, CFTypeRef value)
{
	if (cf_is(value, CF_TYPE_ARRAY)) {
		for (CFIndex i = 0; i < CFArrayGetCount(value); i++)
			flat_add(f, CFArrayGetValueAtIndex(value, i));
	} else if (cf_is(value, CF_TYPE_DICTIONARY)) {
		CFIndex n = CFDictionaryGetCount(value);
		scope_free CFStringRef *keys = plist_sorted_keys(value);

		if (n && !keys)
			f->failed = true;
		for (CFIndex i = 0; keys && i < n; i++)
			flat_add(f, keys[i]);
		for (CFIndex i = 0; keys && i < n; i++)
			flat_add(f, CFDictionaryGetValue(value, keys[i]));
	}
}

static void put_big(struct bytes *out, uint64_t v, size_t n)
{
	uint8_t buffer[8];

	for (size_t i = 0; i < n; i++)
		buffer[i] = (uint8_t)(v >> 8 * (n - 1 - i));
	bytes_put(out, buffer, n);
}

static void put_integer(struct bytes *out, int64_t v)
{
	size_t size = v < 0 ? 8 : bytes_for((uint64_t)v);

	put_big(out, MARK_INTEGER | (size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3), 1);
	put_big(out, (uint64_t)v, size);
}

static void put_mark(struct bytes *out, uint8_t mark, CFIndex n)
{
	put_big(out, mark | (n < 15 ? (uint64_t)n : 15), 1);
	if (n >= 15)
		put_integer(out, n);
}

static void put_double(struct bytes *out, uint8_t mark, double real)
{
	uint64_t bits;

	memcpy(&bits, &real, sizeof(bits));
	put_big(out, mark, 1);
	put_big(out, bits, 8);
}

static void put_number(struct bytes *out, CFNumberRef number)
{
	int64_t integer = 0;
	double real = 0;
	float single = 0;
	uint32_t bits;

	if (!CFNumberIsFloatType(number)) {
		CFNumberGetValue(number, kCFNumberSInt64Type, &integer);
		put_integer(out, integer);
	} else if (CFNumberGetType(number) == kCFNumberFloat32Type) {
		CFNumberGetValue(number, kCFNumberFloat32Type, &single);
		memcpy(&bits, &single, sizeof(bits));
		put_big(out, MARK_FLOAT, 1);
		put_big(out, bits, 4);
	} else {
		CFNumberGetValue(number, kCFNumberFloat64Type, &real);
		put_double(out, MARK_DOUBLE, real);
	}
}

static void put_string(struct bytes *out, CFStringRef string)
{
	struct cf_text text = cf_text_of(string);
	bool ascii = true;

	for (CFIndex i = 0; ascii && i < text.length; i++)
		ascii = cf_text_at(&text, i) < 0x80;
	put_mark(out, ascii ? MARK_ASCII : MARK_UTF16, text.length);
	for (CFIndex i = 0; i < text.length; i++)
		put_big(out, cf_text_at(&text, i), ascii ? 1 : 2);
}

struct writer {
	struct flat flat;
	struct bytes out;
	size_t reference_size;
	uint64_t next_child; /* number that the next child without a number of its own has */
};

/* Strings have their number in the table; everything else was numbered in walking order. A string
 * took a number of the run when it was met for the first time. */
static void put_reference(struct writer *w, CFTypeRef child)
{
	uint64_t number;

	if (cf_is(child, CF_TYPE_STRING)) {
		number = string_number(&w->flat, child) - 1;
		if (number == w->next_child)
			w->next_child++;
	} else {
		number = w->next_child++;
	}
	put_big(&w->out, number, w->reference_size);
}

static void put_array(struct writer *w, CFArrayRef array)
{
	CFIndex n = CFArrayGetCount(array);

	put_mark(&w->out, MARK_ARRAY, n);
	for (CFIndex i = 0; i < n; i++)
		put_reference(w, CFArrayGetValueAtIndex(array, i));
}

static void put_dictionary(struct writer *w, CFDictionaryRef dictionary)
{
	CFIndex n = CFDictionaryGetCount(dictionary);
	scope_free CFStringRef *keys = plist_sorted_keys(dictionary);

	if (n && !keys) {
		w->out.err = -ENOMEM;
		return;
	}
	put_mark(&w->out, MARK_DICTIONARY, n);
	for (CFIndex i = 0; i < n; i++)
		put_reference(w, keys[i]);
	for (CFIndex i = 0; i < n; i++)
		put_reference(w, CFDictionaryGetValue(dictionary, keys[i]));
}

static void put_object(struct writer *w, CFTypeRef value)
{
	switch (cf_type_of(value)) {
	case CF_TYPE_STRING:
		put_string(&w->out, value);
		break;
	case CF_TYPE_NUMBER:
		put_number(&w->out, value);
		break;
	case CF_TYPE_BOOLEAN:
		put_big(&w->out, CFBooleanGetValue(value) ? MARK_TRUE : MARK_FALSE, 1);
		break;
	case CF_TYPE_DATE:
		put_double(&w->out, MARK_DATE, CFDateGetAbsoluteTime(value));
		break;
	case CF_TYPE_DATA:
		put_mark(&w->out, MARK_DATA, CFDataGetLength(value));
		bytes_put(&w->out, CFDataGetBytePtr(value), (size_t)CFDataGetLength(value));
		break;
	case CF_TYPE_ARRAY:
		put_array(w, value);
		break;
	case CF_TYPE_DICTIONARY:
		put_dictionary(w, value);
		break;
	}
}

static void put_trailer(struct writer *w, const uint64_t *offsets)
{
	uint64_t table = w->out.size;
	size_t size = bytes_for(table);

	for (size_t i = 0; i < w->flat.n; i++)
		put_big(&w->out, offsets[i], size);
	put_big(&w->out, 0, 6);
	put_big(&w->out, size, 1);
	put_big(&w->out, w->reference_size, 1);
	put_big(&w->out, w->flat.n, 8);
	put_big(&w->out, 0, 8);
	put_big(&w->out, table, 8);
}

CFDataRef plist_binary_write(CFAllocatorRef allocator, CFTypeRef list)
{
	struct writer w = { .out = BYTES_INIT, .next_child = 1 };
	scope_free uint64_t *offsets = NULL;
	CFDataRef data = NULL;

	w.flat.strings = CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks, NULL);
	if (!w.flat.strings)
		return NULL;
	flat_add(&w.flat, list);
	for (size_t i = 0; i < w.flat.n && !w.flat.failed; i++)
		flat_add_children(&w.flat, w.flat.objects[i]);
	offsets = calloc(w.flat.n + 1, sizeof(*offsets));
	if (!w.flat.failed && offsets) {
		w.reference_size = bytes_for(w.flat.n);
		bytes_put(&w.out, "bplist00", HEADER_SIZE);
		for (size_t i = 0; i < w.flat.n; i++) {
			offsets[i] = w.out.size;
			put_object(&w, w.flat.objects[i]);
		}
		put_trailer(&w, offsets);
		if (!w.out.err)
			data = CFDataCreate(allocator, w.out.data, (CFIndex)w.out.size);
	}
	bytes_fini(&w.out);
	free(w.flat.objects);
	CFRelease(w.flat.strings);
	return data;
}
