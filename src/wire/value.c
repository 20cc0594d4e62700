// SPDX-License-Identifier: MIT
#include "wire/value.h"

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFNumber.h>
#include <CoreFoundation/CFSet.h>
#include <CoreFoundation/CFString.h>

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "wire/protocol.h"

enum {
	KIND_SHIFT = 24,
	NUMBER_MASK = 0xffffff,
	OBJECT_ALIGN = 4,
};

static void release_fn(void *object)
{
	CFTypeRef cf = *(CFTypeRef *)object;

	if (cf)
		CFRelease(cf);
}

#define scope_release scope_cleanup(release_fn)

/* --- encoding --------------------------------------------------------- */

struct encoder {
	struct bytes *out;
	size_t start;
	unsigned depth, n_objects;
};

static err_t put_object(struct encoder *e, CFTypeRef object);

static void put_head(struct encoder *e, enum wire_value_kind kind, size_t number)
{
	bytes_put_u32(e->out, (uint32_t)kind << KIND_SHIFT | (uint32_t)number);
}

static err_t put_blob(struct encoder *e, enum wire_value_kind kind, const void *data, size_t n)
{
	if (n > WIRE_VALUE_MAX)
		return -E2BIG;
	put_head(e, kind, n);
	bytes_put(e->out, data, n);
	bytes_pad(e->out, OBJECT_ALIGN);
	return 0;
}

/* Half of a surrogate pair has no UTF-8 form; it becomes a question mark. */
static err_t put_string(struct encoder *e, CFStringRef string)
{
	CFIndex length = CFStringGetLength(string), n = 0;
	const char *plain = CFStringGetCStringPtr(string, kCFStringEncodingUTF8);
	size_t at = e->out->size;

	if (length > WIRE_VALUE_MAX)
		return -E2BIG;
	/* Nearly all: what lies there is what is sent. */
	if (plain && strlen(plain) == (size_t)length)
		return put_blob(e, WIRE_VALUE_STRING, plain, (size_t)length);
	put_head(e, WIRE_VALUE_STRING, 0);
	uint8_t *text = bytes_grow(e->out, (size_t)length * 3);
	if (e->out->err)
		return e->out->err;
	CFStringGetBytes(string, CFRangeMake(0, length), kCFStringEncodingUTF8, '?', false, text,
			 length * 3, &n);
	if (n > WIRE_VALUE_MAX)
		return -E2BIG;
	e->out->size = at;
	put_head(e, WIRE_VALUE_STRING, (size_t)n);
	e->out->size += (size_t)n;
	bytes_pad(e->out, OBJECT_ALIGN);
	return 0;
}

static err_t put_number(struct encoder *e, CFNumberRef number)
{
	bool wide = CFNumberGetByteSize(number) > 4;

	if (CFNumberIsFloatType(number)) {
		double wide_value = 0;
		float value = 0;

		CFNumberGetValue(number, kCFNumberFloat64Type, &wide_value);
		CFNumberGetValue(number, kCFNumberFloat32Type, &value);
		put_head(e, wide ? WIRE_VALUE_FLOAT64 : WIRE_VALUE_FLOAT32, 0);
		if (wide)
			bytes_put(e->out, &wide_value, sizeof(wide_value));
		else
			bytes_put(e->out, &value, sizeof(value));
	} else {
		int64_t value = 0;

		CFNumberGetValue(number, kCFNumberSInt64Type, &value);
		put_head(e, wide ? WIRE_VALUE_INT64 : WIRE_VALUE_INT32, 0);
		if (wide)
			bytes_put_u64(e->out, (uint64_t)value);
		else
			bytes_put_u32(e->out, (uint32_t)value);
	}
	return 0;
}

static err_t put_all(struct encoder *e, const void **items, size_t n)
{
	err_t err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = put_object(e, items[i]);
	return err;
}

static err_t put_array(struct encoder *e, CFArrayRef array)
{
	CFIndex n = CFArrayGetCount(array);
	err_t err = 0;

	if (n > WIRE_VALUE_OBJECTS_MAX)
		return -E2BIG;
	put_head(e, WIRE_VALUE_ARRAY, (size_t)n);
	for (CFIndex i = 0; !err && i < n; i++)
		err = put_object(e, CFArrayGetValueAtIndex(array, i));
	return err;
}

static bool is_container(CFTypeRef object)
{
	CFTypeID type = CFGetTypeID(object);

	return type == CFDictionaryGetTypeID() || type == CFArrayGetTypeID() ||
	       type == CFSetGetTypeID();
}

static err_t put_set(struct encoder *e, CFSetRef set)
{
	size_t n = (size_t)CFSetGetCount(set), n_containers = 0;

	if (n > WIRE_VALUE_SET_MAX)
		return -E2BIG;
	scope_free const void **items = malloc((n + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	CFSetGetValues(set, items);
	for (size_t i = 0; i < n; i++)
		n_containers += items[i] && is_container(items[i]);
	if (n_containers > WIRE_VALUE_SET_CONTAINERS_MAX)
		return -E2BIG;
	put_head(e, WIRE_VALUE_SET, n);
	return put_all(e, items, n);
}

static err_t put_dictionary(struct encoder *e, CFDictionaryRef dictionary)
{
	size_t n = (size_t)CFDictionaryGetCount(dictionary);
	err_t err = 0;

	if (n > WIRE_VALUE_OBJECTS_MAX / 2)
		return -E2BIG;
	scope_free const void **items = malloc((2 * n + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	CFDictionaryGetKeysAndValues(dictionary, items, items + n);
	put_head(e, WIRE_VALUE_DICTIONARY, n);
	for (size_t i = 0; !err && i < n; i++) {
		if (!items[i] || CFGetTypeID(items[i]) != CFStringGetTypeID())
			return -EINVAL;
		err = put_object(e, items[i]);
		if (!err)
			err = put_object(e, items[n + i]);
	}
	return err;
}

static err_t put_unknown(struct encoder *e, CFTypeID type)
{
	scope_release CFStringRef name = CFCopyTypeIDDescription(type);
	scope_release CFMutableStringRef text = CFStringCreateMutable(NULL, 0);

	if (!text)
		return -ENOMEM;
	if (name)
		CFStringAppend(text, name);
	CFStringAppend(text, CFSTR(" is not serializable"));
	return put_string(e, text);
}

static err_t put_container(struct encoder *e, CFTypeID type, CFTypeRef object)
{
	err_t err;

	if (e->depth == WIRE_VALUE_DEPTH_MAX)
		return -E2BIG;
	e->depth++;
	if (type == CFDictionaryGetTypeID())
		err = put_dictionary(e, object);
	else if (type == CFArrayGetTypeID())
		err = put_array(e, object);
	else
		err = put_set(e, object);
	e->depth--;
	return err;
}

static err_t put_any(struct encoder *e, CFTypeRef object)
{
	CFTypeID type = CFGetTypeID(object);

	if (type == CFStringGetTypeID())
		return put_string(e, object);
	if (type == CFNumberGetTypeID())
		return put_number(e, object);
	if (type == CFBooleanGetTypeID()) {
		put_head(e, WIRE_VALUE_BOOLEAN, CFBooleanGetValue(object));
		return 0;
	}
	if (type == CFDataGetTypeID())
		return put_blob(e, WIRE_VALUE_DATA, CFDataGetBytePtr(object),
				(size_t)CFDataGetLength(object));
	if (is_container(object))
		return put_container(e, type, object);
	return put_unknown(e, type);
}

static err_t put_object(struct encoder *e, CFTypeRef object)
{
	if (!object)
		return -EINVAL;
	if (++e->n_objects > WIRE_VALUE_OBJECTS_MAX)
		return -E2BIG;
	err_t err = put_any(e, object);
	if (!err)
		err = e->out->err;
	if (!err && e->out->size - e->start > WIRE_VALUE_MAX)
		err = -E2BIG;
	return err;
}

err_t wire_value_encode(CFTypeRef value, struct bytes *out)
{
	struct encoder e = { .out = out, .start = out->size };

	return put_object(&e, value);
}

/* --- decoding --------------------------------------------------------- */

struct decoder {
	struct bytes_reader *in;
	unsigned depth, n_objects;
};

static err_t get_object(struct decoder *d, CFTypeRef *ret);

static err_t get_boolean(struct decoder *d, uint32_t n, CFTypeRef *ret)
{
	if (n > 1)
		return -EBADMSG;
	*ret = CFRetain(n ? kCFBooleanTrue : kCFBooleanFalse);
	return 0;
}

static err_t get_number(struct decoder *d, CFNumberType type, size_t size, uint32_t n,
			CFTypeRef *ret)
{
	uint64_t storage = 0;
	const void *at = bytes_get(d->in, size);

	if (!at || n)
		return -EBADMSG;
	memcpy(&storage, at, size);
	*ret = CFNumberCreate(NULL, type, &storage);
	return *ret ? 0 : -ENOMEM;
}

bool wire_value_is_text(const void *text, size_t n)
{
	const uint8_t *p = text, *end = p + n;

	while (p < end) {
		uint8_t c = *p++;
		size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

		if (!more)
			continue;
		if (c < 0xc2 || c > 0xf4 || (size_t)(end - p) < more)
			return false;
		/* Overlong forms, surrogates and what lies beyond Unicode show in the second byte. */
		if ((c == 0xe0 && p[0] < 0xa0) || (c == 0xed && p[0] > 0x9f) ||
		    (c == 0xf0 && p[0] < 0x90) || (c == 0xf4 && p[0] > 0x8f))
			return false;
		while (more--)
			if ((*p++ & 0xc0) != 0x80)
				return false;
	}
	return true;
}

static err_t get_blob(struct decoder *d, enum wire_value_kind kind, uint32_t n, CFTypeRef *ret)
{
	const void *at = n ? bytes_get(d->in, n) : "";

	bytes_get_pad(d->in, OBJECT_ALIGN);
	if (d->in->err)
		return -EBADMSG;
	if (kind == WIRE_VALUE_DATA) {
		*ret = CFDataCreate(NULL, at, (CFIndex)n);
		return *ret ? 0 : -ENOMEM;
	}
	*ret = CFStringCreateWithBytes(NULL, at, (CFIndex)n, kCFStringEncodingUTF8, false);
	return *ret ? 0 : wire_value_is_text(at, n) ? -ENOMEM : -EBADMSG;
}

static err_t get_array(struct decoder *d, uint32_t n, CFTypeRef *ret)
{
	scope_release CFMutableArrayRef array =
		CFArrayCreateMutable(NULL, 0, &kCFTypeArrayCallBacks);

	if (!array)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		scope_release CFTypeRef item = NULL;
		err_t err = get_object(d, &item);

		if (err)
			return err;
		CFArrayAppendValue(array, item);
		if (CFArrayGetCount(array) != (CFIndex)i + 1)
			return -ENOMEM;
	}
	*ret = take_ptr(array);
	return 0;
}

static err_t get_set(struct decoder *d, uint32_t n, CFTypeRef *ret)
{
	unsigned n_containers = 0;

	if (n > WIRE_VALUE_SET_MAX)
		return -EBADMSG;
	scope_release CFMutableSetRef set = CFSetCreateMutable(NULL, 0, &kCFTypeSetCallBacks);
	if (!set)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		scope_release CFTypeRef item = NULL;
		err_t err = get_object(d, &item);

		if (err)
			return err;
		n_containers += is_container(item);
		if (n_containers > WIRE_VALUE_SET_CONTAINERS_MAX || CFSetContainsValue(set, item))
			return -EBADMSG;
		CFSetAddValue(set, item);
		if (CFSetGetCount(set) != (CFIndex)i + 1)
			return -ENOMEM;
	}
	*ret = take_ptr(set);
	return 0;
}

static err_t get_dictionary(struct decoder *d, uint32_t n, CFTypeRef *ret)
{
	scope_release CFMutableDictionaryRef dictionary = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	if (!dictionary)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		scope_release CFTypeRef key = NULL;
		scope_release CFTypeRef value = NULL;
		err_t err = get_object(d, &key);

		if (!err && CFGetTypeID(key) != CFStringGetTypeID())
			err = -EBADMSG;
		if (!err)
			err = get_object(d, &value);
		if (!err && CFDictionaryContainsKey(dictionary, key))
			err = -EBADMSG;
		if (err)
			return err;
		CFDictionarySetValue(dictionary, key, value);
		if (CFDictionaryGetCount(dictionary) != (CFIndex)i + 1)
			return -ENOMEM;
	}
	*ret = take_ptr(dictionary);
	return 0;
}

static err_t get_container(struct decoder *d, enum wire_value_kind kind, uint32_t n, CFTypeRef *ret)
{
	size_t each = kind == WIRE_VALUE_DICTIONARY ? 2 * OBJECT_ALIGN : OBJECT_ALIGN;
	err_t err;

	/* Nothing is made for objects that cannot be there. */
	if (d->depth == WIRE_VALUE_DEPTH_MAX || n > bytes_left(d->in) / each)
		return -EBADMSG;
	d->depth++;
	if (kind == WIRE_VALUE_DICTIONARY)
		err = get_dictionary(d, n, ret);
	else if (kind == WIRE_VALUE_ARRAY)
		err = get_array(d, n, ret);
	else
		err = get_set(d, n, ret);
	d->depth--;
	return err;
}

static err_t get_object(struct decoder *d, CFTypeRef *ret)
{
	uint32_t head = bytes_get_u32(d->in), n = head & NUMBER_MASK;
	enum wire_value_kind kind = head >> KIND_SHIFT;

	if (d->in->err || ++d->n_objects > WIRE_VALUE_OBJECTS_MAX)
		return -EBADMSG;
	switch (kind) {
	case WIRE_VALUE_BOOLEAN:
		return get_boolean(d, n, ret);
	case WIRE_VALUE_INT32:
		return get_number(d, kCFNumberSInt32Type, 4, n, ret);
	case WIRE_VALUE_INT64:
		return get_number(d, kCFNumberSInt64Type, 8, n, ret);
	case WIRE_VALUE_FLOAT32:
		return get_number(d, kCFNumberFloat32Type, 4, n, ret);
	case WIRE_VALUE_FLOAT64:
		return get_number(d, kCFNumberFloat64Type, 8, n, ret);
	case WIRE_VALUE_STRING:
	case WIRE_VALUE_DATA:
		return get_blob(d, kind, n, ret);
	case WIRE_VALUE_ARRAY:
	case WIRE_VALUE_SET:
	case WIRE_VALUE_DICTIONARY:
		return get_container(d, kind, n, ret);
	}
	return -EBADMSG;
}

err_t wire_value_decode(struct bytes_reader *in, CFTypeRef *ret_value)
{
	struct bytes_reader view = *in;
	struct decoder d = { .in = &view };
	CFTypeRef value = NULL;

	if (bytes_left(in) > WIRE_VALUE_MAX)
		view.size = view.position + WIRE_VALUE_MAX;
	err_t err = get_object(&d, &value);
	if (err) {
		in->err = -EBADMSG;
		return err;
	}
	in->position = view.position;
	*ret_value = value;
	return 0;
}
