// SPDX-License-Identifier: MIT
#include "registry/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"

uint64_t registry_text_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		h = (h ^ *p) * 0x100000001b3ull;
	return h;
}

CFStringRef registry_text_new(const char *text)
{
	CFStringRef s = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);

	return s ? s : CFStringCreateWithCString(NULL, text, kCFStringEncodingMacRoman);
}

bool registry_is_dictionary(CFTypeRef value)
{
	return value && CFGetTypeID(value) == CFDictionaryGetTypeID();
}

bool registry_is_string(CFTypeRef value)
{
	return value && CFGetTypeID(value) == CFStringGetTypeID();
}

bool registry_is_array(CFTypeRef value)
{
	return value && CFGetTypeID(value) == CFArrayGetTypeID();
}

bool registry_is_set(CFTypeRef value)
{
	return value && CFGetTypeID(value) == CFSetGetTypeID();
}

bool registry_text_get(CFTypeRef value, char *buffer, size_t size)
{
	if (registry_is_string(value) &&
	    CFStringGetCString(value, buffer, (CFIndex)size, kCFStringEncodingUTF8))
		return true;
	buffer[0] = 0;
	return false;
}

const char *registry_text_bytes(CFStringRef string, char *buffer, size_t size, size_t *ret_size)
{
	const char *text = registry_is_string(string)
				 ? CFStringGetCStringPtr(string, kCFStringEncodingUTF8)
				 : NULL;
	CFIndex n = 0;

	if (!registry_is_string(string))
		return NULL;
	CFIndex length = CFStringGetLength(string);
	/* One that lies there is ASCII. */
	if (text) {
		*ret_size = (size_t)length;
		return text;
	}
	if (CFStringGetBytes(string, CFRangeMake(0, length), kCFStringEncodingUTF8, '?', false,
			     (UInt8 *)buffer, (CFIndex)size, &n) != length)
		return NULL;
	*ret_size = (size_t)n;
	return buffer;
}

bool registry_text_find(CFDictionaryRef dictionary, CFStringRef key, char *buffer, size_t size)
{
	return registry_text_get(dictionary ? CFDictionaryGetValue(dictionary, key) : NULL, buffer,
				 size);
}

static bool data_equals(CFDataRef data, const char *text)
{
	size_t length = strlen(text), size = (size_t)CFDataGetLength(data);
	const UInt8 *bytes = CFDataGetBytePtr(data);

	if (size == length + 1 && bytes[length] == 0)
		size--;
	return size == length && !memcmp(bytes, text, length);
}

bool registry_text_equals(CFTypeRef value, const char *text)
{
	if (value && CFGetTypeID(value) == CFDataGetTypeID())
		return data_equals(value, text);
	if (!registry_is_string(value))
		return false;
	scope_cf CFStringRef other = registry_text_new(text);
	return other && CFEqual(value, other);
}

bool registry_text_spell(CFTypeRef value, char *buffer, size_t size)
{
	if (!value || CFGetTypeID(value) != CFDataGetTypeID())
		return registry_text_get(value, buffer, size);
	size_t n = (size_t)CFDataGetLength(value);
	const char *bytes = (const char *)CFDataGetBytePtr(value);
	if (n >= size || strnlen(bytes, n) + 1 < n)
		return false;
	memcpy(buffer, bytes, n);
	buffer[n] = '\0';
	return true;
}

bool registry_number_get(CFTypeRef value, int64_t *ret_number)
{
	if (!value || CFGetTypeID(value) != CFNumberGetTypeID() || CFNumberIsFloatType(value))
		return false;
	CFNumberGetValue(value, kCFNumberSInt64Type, ret_number);
	return true;
}

bool registry_set(CFMutableDictionaryRef dictionary, CFStringRef key, CFTypeRef value)
{
	if (value)
		CFDictionarySetValue(dictionary, key, value);
	return value && CFDictionaryGetValue(dictionary, key) == value;
}

bool registry_set_number(CFMutableDictionaryRef dictionary, CFStringRef key, int64_t number,
			 CFNumberType type)
{
	int32_t narrow = (int32_t)number;
	const void *from = type == kCFNumberSInt32Type ? (void *)&narrow : (void *)&number;
	scope_cf CFNumberRef value = CFNumberCreate(NULL, type, from);

	return registry_set(dictionary, key, value);
}

bool registry_set_text(CFMutableDictionaryRef dictionary, CFStringRef key, const char *text)
{
	scope_cf CFStringRef value = registry_text_new(text);

	return registry_set(dictionary, key, value);
}

CFArrayRef registry_members_copy(CFTypeRef collection)
{
	if (registry_is_array(collection))
		return CFRetain(collection);
	if (!registry_is_set(collection))
		return NULL;
	CFIndex n = CFSetGetCount(collection);
	scope_free const void **values = calloc((size_t)n + 1, sizeof(*values));
	if (!values)
		return NULL;
	CFSetGetValues(collection, values);
	return CFArrayCreate(NULL, values, n, &kCFTypeArrayCallBacks);
}

CFMutableDictionaryRef registry_dictionary_new(void)
{
	return CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					 &kCFTypeDictionaryValueCallBacks);
}
