// SPDX-License-Identifier: MIT
/*
 * Writing the XML form: property lists with sets, hexadecimal integers and
 * references. An object that is met again gets an ID where it is written first
 * and an IDREF everywhere else.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/map.h"
#include "client/serialize.h"

/* What is known of an object: met once, met again, or written with ID (STATE - WRITTEN). */
enum { MET = 1, MET_AGAIN = 2, WRITTEN = 3 };

struct writer {
	struct bytes out;
	struct map states; /* by object */
	uintptr_t n_ids;
	unsigned depth;
};

static bool write_value(struct writer *w, CFTypeRef object);

static bool put(struct writer *w, const char *text)
{
	bytes_put(&w->out, text, strlen(text));
	return !w->out.err;
}

static const char *tag_of(CFTypeRef object)
{
	CFTypeID type = CFGetTypeID(object);

	if (type == CFDictionaryGetTypeID())
		return "dict";
	if (type == CFStringGetTypeID())
		return "string";
	if (type == CFArrayGetTypeID())
		return "array";
	if (type == CFNumberGetTypeID())
		return "integer";
	if (type == CFDataGetTypeID())
		return "data";
	return type == CFSetGetTypeID() ? "set" : NULL;
}

/* The members of a collection (keys after them), allocated; *RET_COUNT 0 for anything else. */
static CFTypeRef *copy_members(CFTypeRef object, size_t *ret_count)
{
	CFTypeID type = CFGetTypeID(object);
	CFTypeRef *values;
	CFIndex n = 0;

	if (type == CFDictionaryGetTypeID())
		n = CFDictionaryGetCount(object);
	else if (type == CFArrayGetTypeID())
		n = CFArrayGetCount(object);
	else if (type == CFSetGetTypeID())
		n = CFSetGetCount(object);
	*ret_count = (size_t)n;
	values = calloc((size_t)n * 2 + 1, sizeof(*values));
	if (!values || !n)
		return values;
	if (type == CFDictionaryGetTypeID())
		CFDictionaryGetKeysAndValues(object, values + n, values);
	else if (type == CFArrayGetTypeID())
		CFArrayGetValues(object, CFRangeMake(0, n), values);
	else
		CFSetGetValues(object, values);
	return values;
}

/* --- who is met more than once ---------------------------------------------------------- */

static bool scan(struct writer *w, CFTypeRef object)
{
	uintptr_t state = (uintptr_t)map_find(&w->states, (uintptr_t)object);
	bool is_good = true;
	CFTypeRef *values;
	size_t n;

	if (!tag_of(object))
		return true;
	if (w->depth > SERIALIZE_DEPTH_MAX)
		return false;
	if (map_set(&w->states, (uintptr_t)object, (void *)(uintptr_t)(state ? MET_AGAIN : MET)))
		return false;
	if (state)
		return true; /* what is in it is written once */
	values = copy_members(object, &n);
	w->depth++;
	for (size_t i = 0; is_good && values && i < n; i++)
		is_good = scan(w, values[i]);
	w->depth--;
	is_good = is_good && values;
	free(values);
	return is_good;
}

/* --- tags ------------------------------------------------------------------------------------ */

/* True: it is there already, and a reference was written. */
static bool put_reference(struct writer *w, CFTypeRef object)
{
	uintptr_t state = (uintptr_t)map_find(&w->states, (uintptr_t)object);
	char text[64];

	if (state < WRITTEN)
		return false;
	snprintf(text, sizeof(text), "<%s IDREF=\"%" PRIuPTR "\"/>", tag_of(object),
		 state - WRITTEN);
	put(w, text);
	return true;
}

/* MORE: another attribute, or "". */
static bool put_start(struct writer *w, CFTypeRef object, const char *more)
{
	char text[96], id[48] = "";

	if (map_find(&w->states, (uintptr_t)object) == (void *)MET_AGAIN) {
		uintptr_t number = w->n_ids++;

		if (map_set(&w->states, (uintptr_t)object, (void *)(number + WRITTEN)))
			return false;
		snprintf(id, sizeof(id), " ID=\"%" PRIuPTR "\"", number);
	}
	snprintf(text, sizeof(text), "<%s%s%s>", tag_of(object), id, more);
	return put(w, text);
}

static bool put_end(struct writer *w, CFTypeRef object)
{
	return put(w, "</") && put(w, tag_of(object)) && put(w, ">");
}

/* --- single values ----------------------------------------------------------------------------- */

static bool put_text(struct writer *w, CFStringRef string)
{
	CFDataRef utf8 = client_serialize_copy_utf8(string);
	const char *text = utf8 ? (const char *)CFDataGetBytePtr(utf8) : NULL;
	size_t n = utf8 ? (size_t)CFDataGetLength(utf8) : 0;

	/* A NUL is the end of everything, here. */
	if (text && memchr(text, 0, n))
		n = 0, text = NULL;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '<')
			put(w, "&lt;");
		else if (text[i] == '>')
			put(w, "&gt;");
		else if (text[i] == '&')
			put(w, "&amp;");
		else
			bytes_put(&w->out, text + i, 1);
	}
	if (utf8)
		CFRelease(utf8);
	return text && !w->out.err;
}

static bool put_number(struct writer *w, CFNumberRef number)
{
	unsigned bits = client_serialize_number_bits(number);
	char text[48], size[32];
	int64_t value;

	/* Only integers can be said. */
	if (!CFNumberGetValue(number, kCFNumberSInt64Type, &value))
		return false;
	if (bits == SERIALIZE_FLOAT || bits == SERIALIZE_DOUBLE)
		bits = 64;
	snprintf(size, sizeof(size), " size=\"%u\"", bits);
	snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)value);
	return put_start(w, number, size) && put(w, text) && put_end(w, number);
}

static bool put_data(struct writer *w, CFDataRef data)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *bytes = CFDataGetBytePtr(data);
	size_t n = (size_t)CFDataGetLength(data);

	if (!put_start(w, data, ""))
		return false;
	for (size_t i = 0; i < n; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16 |
				 (i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0) |
				 (i + 2 < n ? bytes[i + 2] : 0);
		char four[4] = { digits[three >> 18], digits[three >> 12 & 63],
				 i + 1 < n ? digits[three >> 6 & 63] : '=',
				 i + 2 < n ? digits[three & 63] : '=' };

		bytes_put(&w->out, four, sizeof(four));
	}
	return put_end(w, data);
}

static bool put_other(struct writer *w, CFTypeRef object)
{
	CFStringRef text = client_serialize_copy_other(object);
	bool is_good = text && put(w, "<string>") && put_text(w, text) && put(w, "</string>");

	if (text)
		CFRelease(text);
	return is_good;
}

/* --- collections --------------------------------------------------------------------------------- */

static bool put_collection(struct writer *w, CFTypeRef object)
{
	bool is_dictionary = CFGetTypeID(object) == CFDictionaryGetTypeID();
	size_t n;
	CFTypeRef *values = copy_members(object, &n);
	bool is_good = values && w->depth < SERIALIZE_DEPTH_MAX && put_start(w, object, "");

	w->depth++;
	for (size_t i = 0; is_good && i < n; i++) {
		if (is_dictionary)
			is_good = CFGetTypeID(values[n + i]) == CFStringGetTypeID() &&
				  put(w, "<key>") && put_text(w, values[n + i]) && put(w, "</key>");
		is_good = is_good && write_value(w, values[i]);
	}
	w->depth--;
	free(values);
	return is_good && put_end(w, object);
}

static bool write_value(struct writer *w, CFTypeRef object)
{
	CFTypeID type = CFGetTypeID(object);

	if (type == CFBooleanGetTypeID())
		return put(w, CFBooleanGetValue(object) ? "<true/>" : "<false/>");
	if (!tag_of(object))
		return put_other(w, object);
	if (put_reference(w, object))
		return !w->out.err;
	if (type == CFNumberGetTypeID())
		return put_number(w, object);
	if (type == CFDataGetTypeID())
		return put_data(w, object);
	if (type == CFStringGetTypeID())
		return put_start(w, object, "") && put_text(w, object) && put_end(w, object);
	return put_collection(w, object);
}

CFDataRef client_serialize_xml(CFTypeRef object)
{
	struct writer w = { .out = BYTES_INIT, .states = MAP_INIT };
	CFDataRef data = NULL;

	/* The text ends with a NUL, which counts. */
	if (scan(&w, object) && write_value(&w, object)) {
		bytes_put(&w.out, "", 1);
		if (!w.out.err)
			data = CFDataCreate(NULL, w.out.data, (CFIndex)w.out.size);
	}
	map_fini(&w.states);
	bytes_fini(&w.out);
	return data;
}
