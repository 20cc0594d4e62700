// SPDX-License-Identifier: MIT
/* Writing the binary form. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/map.h"
#include "client/serialize.h"

struct writer {
	struct bytes out;
	struct map numbers; /* object -> 1 + its number */
	uint64_t n_objects;
	unsigned depth;
};

static bool write_value(struct writer *w, CFTypeRef object, bool is_key, bool is_last);

static bool put_head(struct writer *w, unsigned type, uint64_t value, bool is_last)
{
	if (value > SERIALIZE_VALUE_MAX)
		return false;
	bytes_put_u32(&w->out, (uint32_t)type << SERIALIZE_TYPE_SHIFT | (uint32_t)value |
				       (is_last ? SERIALIZE_END : 0));
	return !w->out.err;
}

/* The head of a new object, which gets the next number. */
static bool begin(struct writer *w, CFTypeRef object, unsigned type, uint64_t value, bool is_last)
{
	if (w->n_objects == SERIALIZE_OBJECTS_MAX ||
	    map_set(&w->numbers, (uintptr_t)object, (void *)(uintptr_t)++w->n_objects))
		return false;
	return put_head(w, type, value, is_last);
}

static bool put_bytes(struct writer *w, const void *bytes, size_t n)
{
	bytes_put(&w->out, bytes, n);
	bytes_pad(&w->out, 4);
	return !w->out.err;
}

/* --- single values ------------------------------------------------------------------- */

static bool write_string(struct writer *w, CFStringRef string, bool is_key, bool is_last)
{
	CFDataRef utf8 = client_serialize_copy_utf8(string);
	size_t n = utf8 ? (size_t)CFDataGetLength(utf8) : 0;
	bool is_good = utf8 && begin(w, string, is_key ? SERIALIZE_SYMBOL : SERIALIZE_STRING,
				     n + is_key, is_last);

	if (is_good) {
		bytes_put(&w->out, CFDataGetBytePtr(utf8), n);
		is_good = put_bytes(w, "", is_key);
	}
	if (utf8)
		CFRelease(utf8);
	return is_good;
}

static bool write_number(struct writer *w, CFNumberRef number, bool is_last)
{
	unsigned bits = client_serialize_number_bits(number);
	union {
		int64_t integer;
		double real;
	} value = { 0 };

	if (bits == SERIALIZE_FLOAT || bits == SERIALIZE_DOUBLE)
		CFNumberGetValue(number, kCFNumberDoubleType, &value.real);
	else
		CFNumberGetValue(number, kCFNumberSInt64Type, &value.integer);
	return begin(w, number, SERIALIZE_NUMBER, bits, is_last) &&
	       put_bytes(w, &value, sizeof(value));
}

static bool write_other(struct writer *w, CFTypeRef object, bool is_last)
{
	CFStringRef text = client_serialize_copy_other(object);
	bool is_good = text && write_string(w, text, false, is_last);

	/* TEXT's address may come again. */
	if (text) {
		map_remove(&w->numbers, (uintptr_t)text);
		CFRelease(text);
	}
	return is_good;
}

/* --- collections ----------------------------------------------------------------------- */

static bool write_members(struct writer *w, CFTypeRef *keys, CFTypeRef *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (keys && (CFGetTypeID(keys[i]) != CFStringGetTypeID() ||
			     !write_value(w, keys[i], true, false)))
			return false;
		if (!write_value(w, values[i], false, i + 1 == n))
			return false;
	}
	return true;
}

static bool write_collection(struct writer *w, CFTypeRef object, bool is_last)
{
	CFTypeID type = CFGetTypeID(object);
	bool is_dictionary = type == CFDictionaryGetTypeID(), is_array = type == CFArrayGetTypeID();
	CFIndex n = is_dictionary ? CFDictionaryGetCount(object)
		  : is_array	  ? CFArrayGetCount(object)
				  : CFSetGetCount(object);
	CFTypeRef *values = calloc((size_t)n * 2 + 1, sizeof(*values));
	bool is_good = values && w->depth < SERIALIZE_DEPTH_MAX &&
		       begin(w, object,
			     is_dictionary ? SERIALIZE_DICTIONARY
			     : is_array	   ? SERIALIZE_ARRAY
					   : SERIALIZE_SET,
			     (uint64_t)n, is_last);

	if (is_good) {
		if (is_dictionary)
			CFDictionaryGetKeysAndValues(object, values + n, values);
		else if (is_array)
			CFArrayGetValues(object, CFRangeMake(0, n), values);
		else
			CFSetGetValues(object, values);
		w->depth++;
		is_good = write_members(w, is_dictionary ? values + n : NULL, values, (size_t)n);
		w->depth--;
	}
	free(values);
	return is_good;
}

static bool write_value(struct writer *w, CFTypeRef object, bool is_key, bool is_last)
{
	uintptr_t number = (uintptr_t)map_find(&w->numbers, (uintptr_t)object);
	CFTypeID type = CFGetTypeID(object);

	if (number)
		return put_head(w, SERIALIZE_REFERENCE, number - 1, is_last);
	if (type == CFStringGetTypeID())
		return write_string(w, object, is_key, is_last);
	if (type == CFNumberGetTypeID())
		return write_number(w, object, is_last);
	if (type == CFBooleanGetTypeID())
		return begin(w, object, SERIALIZE_BOOLEAN, CFBooleanGetValue(object), is_last);
	if (type == CFDataGetTypeID())
		return begin(w, object, SERIALIZE_DATA, (uint64_t)CFDataGetLength(object),
			     is_last) &&
		       put_bytes(w, CFDataGetBytePtr(object), (size_t)CFDataGetLength(object));
	if (type == CFDictionaryGetTypeID() || type == CFArrayGetTypeID() ||
	    type == CFSetGetTypeID())
		return write_collection(w, object, is_last);
	return write_other(w, object, is_last);
}

CFDataRef client_serialize_binary(CFTypeRef object)
{
	struct writer w = { .out = BYTES_INIT, .numbers = MAP_INIT };
	CFDataRef data = NULL;

	bytes_put_u32(&w.out, SERIALIZE_SIGNATURE);
	if (write_value(&w, object, false, true) && !w.out.err)
		data = CFDataCreate(NULL, w.out.data, (CFIndex)w.out.size);
	map_fini(&w.numbers);
	bytes_fini(&w.out);
	return data;
}
