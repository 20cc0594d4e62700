// SPDX-License-Identifier: MIT
/* The public functions of property lists and the helpers of all formats. */
#include "cf/plist_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"

/* --- building ----------------------------------------------------------------------------- */

void *plist_fail(struct plist_reader *r, const char *format, ...)
{
	va_list arguments;

	if (!r->problem[0]) {
		va_start(arguments, format);
		vsnprintf(r->problem, sizeof(r->problem), format, arguments);
		va_end(arguments);
	}
	return NULL;
}

bool plist_charge(struct plist_reader *r, size_t n)
{
	if (!r->values_left || n > r->bytes_left) {
		plist_fail(r, "The list is too large");
		return false;
	}
	r->values_left--;
	r->bytes_left -= n;
	return true;
}

static CFTypeRef made(struct plist_reader *r, CFTypeRef value)
{
	return value ? value : plist_fail(r, "Out of memory");
}

/* What was put into a container is there, or there was no memory. */
static CFTypeRef made_whole(struct plist_reader *r, CFTypeRef value, bool is_whole)
{
	if (value && !is_whole)
		CFRelease(value);
	return made(r, is_whole ? value : NULL);
}

CFTypeRef plist_make_string(struct plist_reader *r, CFStringRef string)
{
	CFStringRef copy;

	if (!string || !(r->options & kCFPropertyListMutableContainersAndLeaves))
		return made(r, string);
	copy = CFStringCreateMutableCopy(r->allocator, 0, string);
	CFRelease(string);
	return made(r, copy);
}

CFTypeRef plist_make_data(struct plist_reader *r, const void *bytes, size_t n)
{
	CFMutableDataRef data;

	if (!(r->options & kCFPropertyListMutableContainersAndLeaves))
		return made(r, CFDataCreate(r->allocator, bytes, (CFIndex)n));
	data = CFDataCreateMutable(r->allocator, 0);
	if (data)
		CFDataAppendBytes(data, bytes, (CFIndex)n);
	return made_whole(r, data, data && CFDataGetLength(data) == (CFIndex)n);
}

CFTypeRef plist_make_integer(struct plist_reader *r, int64_t v)
{
	return made(r, CFNumberCreate(r->allocator, kCFNumberSInt64Type, &v));
}

CFTypeRef plist_make_real(struct plist_reader *r, double v)
{
	return made(r, CFNumberCreate(r->allocator, kCFNumberFloat64Type, &v));
}

bool plist_values_add(struct plist_reader *r, struct plist_values *v, CFTypeRef value)
{
	if (!value)
		return false;
	if (v->n == v->capacity) {
		size_t capacity = v->capacity ? v->capacity * 2 : 8;
		CFTypeRef *values = realloc(v->values, capacity * sizeof(*values));

		if (!values) {
			CFRelease(value);
			plist_fail(r, "Out of memory");
			return false;
		}
		v->values = values;
		v->capacity = capacity;
	}
	v->values[v->n++] = value;
	return true;
}

void plist_values_drop(struct plist_values *v)
{
	for (size_t i = 0; i < v->n; i++)
		CFRelease(v->values[i]);
	free(v->values);
	*v = (struct plist_values){ NULL, 0, 0 };
}

CFTypeRef plist_values_make_array(struct plist_reader *r, struct plist_values *v)
{
	bool is_whole = true;
	CFTypeRef array;

	if (r->options) {
		CFMutableArrayRef a = CFArrayCreateMutable(r->allocator, 0, &kCFTypeArrayCallBacks);

		if (a)
			CFArrayReplaceValues(a, CFRangeMake(0, 0), v->values, (CFIndex)v->n);
		is_whole = a && CFArrayGetCount(a) == (CFIndex)v->n;
		array = a;
	} else {
		array = CFArrayCreate(r->allocator, v->values, (CFIndex)v->n,
				      &kCFTypeArrayCallBacks);
	}
	plist_values_drop(v);
	return made_whole(r, array, is_whole);
}

CFTypeRef plist_values_make_dictionary(struct plist_reader *r, struct plist_values *v)
{
	CFMutableDictionaryRef d = CFDictionaryCreateMutable(
		r->allocator, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFDictionaryRef copy;
	bool is_whole = d != NULL;

	/* As in CFDictionaryCreate, unless otherwise wished. */
	for (size_t i = 0; is_whole && i + 1 < v->n; i += 2) {
		if (v->last_counts)
			CFDictionarySetValue(d, v->values[i], v->values[i + 1]);
		else
			CFDictionaryAddValue(d, v->values[i], v->values[i + 1]);
		is_whole = CFDictionaryContainsKey(d, v->values[i]);
	}
	plist_values_drop(v);
	if (!is_whole || r->options)
		return made_whole(r, d, is_whole);
	copy = CFDictionaryCreateCopy(r->allocator, d);
	CFRelease(d);
	return made(r, copy);
}

/* --- checking and copying --------------------------------------------------------------------- */

static bool is_valid(CFTypeRef value, int depth)
{
	bool valid = true;

	if (!value || depth > PLIST_MAX_DEPTH)
		return false;
	switch (cf_type_of(value)) {
	case CF_TYPE_STRING:
	case CF_TYPE_DATA:
	case CF_TYPE_DATE:
	case CF_TYPE_NUMBER:
	case CF_TYPE_BOOLEAN:
		return true;
	case CF_TYPE_ARRAY:
		for (CFIndex i = 0; valid && i < CFArrayGetCount(value); i++)
			valid = is_valid(CFArrayGetValueAtIndex(value, i), depth + 1);
		return valid;
	case CF_TYPE_DICTIONARY: {
		size_t n = (size_t)CFDictionaryGetCount(value);
		scope_free CFTypeRef *keys = calloc(2 * n + 1, sizeof(*keys));

		if (!keys)
			return false;
		CFDictionaryGetKeysAndValues(value, keys, keys + n);
		for (size_t i = 0; valid && i < n; i++)
			valid = cf_is(keys[i], CF_TYPE_STRING) && is_valid(keys[n + i], depth + 1);
		return valid;
	}
	}
	return false;
}

Boolean CFPropertyListIsValid(CFPropertyListRef plist, CFPropertyListFormat format)
{
	return (format == kCFPropertyListXMLFormat_v1_0 ||
		format == kCFPropertyListBinaryFormat_v1_0) &&
	       is_valid(plist, 0);
}

static int compare_keys(const void *a, const void *b)
{
	return (int)CFStringCompare(*(const CFStringRef *)a, *(const CFStringRef *)b, 0);
}

CFStringRef *plist_sorted_keys(CFDictionaryRef dictionary)
{
	CFIndex n = CFDictionaryGetCount(dictionary);
	CFStringRef *keys = n ? calloc((size_t)n, sizeof(*keys)) : NULL;

	if (!keys)
		return NULL;
	CFDictionaryGetKeysAndValues(dictionary, (const void **)keys, NULL);
	qsort(keys, (size_t)n, sizeof(*keys), compare_keys);
	return keys;
}

static CFTypeRef copy_deep(struct plist_reader *r, CFTypeRef value)
{
	struct plist_values parts = { NULL, 0, 0 };
	bool ok = true;

	switch (cf_type_of(value)) {
	case CF_TYPE_STRING:
		return plist_make_string(r, CFStringCreateCopy(r->allocator, value));
	case CF_TYPE_DATA:
		if (r->options & kCFPropertyListMutableContainersAndLeaves)
			return made(r, CFDataCreateMutableCopy(r->allocator, 0, value));
		return made(r, CFDataCreateCopy(r->allocator, value));
	case CF_TYPE_ARRAY:
		for (CFIndex i = 0; ok && i < CFArrayGetCount(value); i++)
			ok = plist_values_add(r, &parts,
					      copy_deep(r, CFArrayGetValueAtIndex(value, i)));
		if (ok)
			return plist_values_make_array(r, &parts);
		break;
	case CF_TYPE_DICTIONARY: {
		size_t n = (size_t)CFDictionaryGetCount(value);
		scope_free CFTypeRef *keys = calloc(2 * n + 1, sizeof(*keys));

		if (!keys)
			return plist_fail(r, "Out of memory");
		CFDictionaryGetKeysAndValues(value, keys, keys + n);
		for (size_t i = 0; ok && i < n; i++)
			ok = plist_values_add(r, &parts,
					      CFStringCreateCopy(r->allocator, keys[i])) &&
			     plist_values_add(r, &parts, copy_deep(r, keys[n + i]));
		if (ok)
			return plist_values_make_dictionary(r, &parts);
		break;
	}
	default:
		return CFRetain(value);
	}
	plist_values_drop(&parts);
	return NULL;
}

CFPropertyListRef CFPropertyListCreateDeepCopy(CFAllocatorRef allocator,
					       CFPropertyListRef propertyList,
					       CFOptionFlags mutabilityOption)
{
	struct plist_reader r = { .allocator = allocator, .options = mutabilityOption };

	return is_valid(propertyList, 0) ? copy_deep(&r, propertyList) : NULL;
}

/* --- errors ---------------------------------------------------------------------------------------- */

static void make_error(CFErrorRef *error, CFIndex code, const char *problem)
{
	scope_cf CFStringRef text = NULL;
	const void *key = kCFErrorDescriptionKey;

	if (!error)
		return;
	text = CFStringCreateWithCString(NULL, problem, kCFStringEncodingUTF8);
	*error = CFErrorCreateWithUserInfoKeysAndValues(NULL, kCFErrorDomainCocoa, code, &key,
							(const void *const *)&text, text ? 1 : 0);
}

/* The text of an error, for the older functions. Releases the error. */
static void error_to_string(CFErrorRef error, CFStringRef *ret_string)
{
	if (error && ret_string)
		*ret_string = CFErrorCopyFailureReason(error);
	cf_drop(error);
}

/* --- reading ----------------------------------------------------------------------------------------- */

static bool is_xml(const uint8_t *bytes, size_t n)
{
	/* A mark of UTF-16 or UTF-8, or the first character that is no space. */
	if (n >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2)))
		return true;
	if (n >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
		bytes += 3, n -= 3;
	while (n && memchr(" \t\r\n", *bytes, 4))
		bytes++, n--;
	/* The old format's data begins with '<' too, but then come digits. */
	for (size_t i = 1; n && bytes[0] == '<' && i < n; i++) {
		if (!memchr("0123456789abcdefABCDEF \t\r\n", bytes[i], 26))
			return bytes[i] != '>';
	}
	return false;
}

CFPropertyListRef CFPropertyListCreateWithData(CFAllocatorRef allocator, CFDataRef data,
					       CFOptionFlags options, CFPropertyListFormat *format,
					       CFErrorRef *error)
{
	struct plist_reader r = { .allocator = allocator,
				  .options = options,
				  .values_left = PLIST_MAX_VALUES,
				  .bytes_left = PLIST_MAX_BYTES };
	CFPropertyListFormat found = kCFPropertyListOpenStepFormat;
	size_t n = (size_t)CFDataGetLength(data);
	const uint8_t *bytes = CFDataGetBytePtr(data);
	CFTypeRef value;

	if (!cf_is(data, CF_TYPE_DATA) || !n) {
		value = plist_fail(&r, "There is no data");
	} else if (n > PLIST_MAX_BYTES) {
		value = plist_fail(&r, "The list is too large");
	} else if (n >= 6 && !memcmp(bytes, "bplist", 6)) {
		found = kCFPropertyListBinaryFormat_v1_0;
		value = plist_binary_read(&r, bytes, n);
	} else if (is_xml(bytes, n)) {
		found = kCFPropertyListXMLFormat_v1_0;
		value = plist_xml_read(&r, bytes, n);
	} else {
		value = plist_openstep_read(&r, bytes, n);
	}
	if (!value)
		make_error(error, kCFPropertyListReadCorruptError,
			   r.problem[0] ? r.problem : "Unreadable property list");
	else if (format)
		*format = found;
	return value;
}

/* All (LENGTH 0) or LENGTH bytes of a stream. */
static CFDataRef copy_stream(CFReadStreamRef stream, CFIndex length, CFErrorRef *error)
{
	CFMutableDataRef data = CFDataCreateMutable(NULL, 0);
	UInt8 buffer[16384];

	while (data && CFDataGetLength(data) <= PLIST_MAX_BYTES) {
		CFIndex want = (CFIndex)sizeof(buffer), n;

		if (length && length - CFDataGetLength(data) < want)
			want = length - CFDataGetLength(data);
		n = want > 0 ? CFReadStreamRead(stream, buffer, want) : 0;
		if (n == 0)
			return data;
		if (n < 0)
			break;
		CFDataAppendBytes(data, buffer, n);
	}
	cf_drop(data);
	make_error(error, kCFPropertyListReadStreamError, "The stream could not be read");
	return NULL;
}

CFPropertyListRef CFPropertyListCreateWithStream(CFAllocatorRef allocator, CFReadStreamRef stream,
						 CFIndex streamLength, CFOptionFlags options,
						 CFPropertyListFormat *format, CFErrorRef *error)
{
	scope_cf CFDataRef data = copy_stream(stream, streamLength, error);

	return data ? CFPropertyListCreateWithData(allocator, data, options, format, error) : NULL;
}

CFPropertyListRef CFPropertyListCreateFromXMLData(CFAllocatorRef allocator, CFDataRef xmlData,
						  CFOptionFlags mutabilityOption,
						  CFStringRef *errorString)
{
	CFErrorRef error = NULL;
	CFPropertyListRef list =
		CFPropertyListCreateWithData(allocator, xmlData, mutabilityOption, NULL, &error);

	error_to_string(error, errorString);
	return list;
}

CFPropertyListRef CFPropertyListCreateFromStream(CFAllocatorRef allocator, CFReadStreamRef stream,
						 CFIndex streamLength,
						 CFOptionFlags mutabilityOption,
						 CFPropertyListFormat *format,
						 CFStringRef *errorString)
{
	CFErrorRef error = NULL;
	CFPropertyListRef list = CFPropertyListCreateWithStream(allocator, stream, streamLength,
								mutabilityOption, format, &error);

	error_to_string(error, errorString);
	return list;
}

/* --- writing ------------------------------------------------------------------------------------------- */

CFDataRef CFPropertyListCreateData(CFAllocatorRef allocator, CFPropertyListRef propertyList,
				   CFPropertyListFormat format, CFOptionFlags options,
				   CFErrorRef *error)
{
	CFDataRef data;

	if (format != kCFPropertyListXMLFormat_v1_0 && format != kCFPropertyListBinaryFormat_v1_0) {
		make_error(error, kCFPropertyListWriteStreamError,
			   "Property lists cannot be written in this format");
		return NULL;
	}
	if (!is_valid(propertyList, 0)) {
		make_error(error, kCFPropertyListWriteStreamError,
			   "Property list invalid for format");
		return NULL;
	}
	data = format == kCFPropertyListXMLFormat_v1_0
		     ? plist_xml_write(allocator, propertyList)
		     : plist_binary_write(allocator, propertyList);
	if (!data)
		make_error(error, kCFPropertyListWriteStreamError, "Out of memory");
	return data;
}

CFDataRef CFPropertyListCreateXMLData(CFAllocatorRef allocator, CFPropertyListRef propertyList)
{
	return CFPropertyListCreateData(allocator, propertyList, kCFPropertyListXMLFormat_v1_0, 0,
					NULL);
}

CFIndex CFPropertyListWrite(CFPropertyListRef propertyList, CFWriteStreamRef stream,
			    CFPropertyListFormat format, CFOptionFlags options, CFErrorRef *error)
{
	scope_cf CFDataRef data =
		CFPropertyListCreateData(NULL, propertyList, format, options, error);
	CFIndex at = 0, length = CFDataGetLength(data);

	while (at < length) {
		CFIndex n = CFWriteStreamWrite(stream, CFDataGetBytePtr(data) + at, length - at);

		if (n <= 0) {
			make_error(error, kCFPropertyListWriteStreamError,
				   "The stream could not be written");
			return 0;
		}
		at += n;
	}
	return length;
}

CFIndex CFPropertyListWriteToStream(CFPropertyListRef propertyList, CFWriteStreamRef stream,
				    CFPropertyListFormat format, CFStringRef *errorString)
{
	CFErrorRef error = NULL;
	CFIndex n = CFPropertyListWrite(propertyList, stream, format, 0, &error);

	error_to_string(error, errorString);
	return n;
}
