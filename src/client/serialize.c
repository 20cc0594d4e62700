// SPDX-License-Identifier: MIT
/* The public functions, and what both forms have in common. */
#include "client/serialize.h"

#include <string.h>

#include <IOKit/IOCFSerialize.h>
#include <IOKit/IOCFUnserialize.h>

/* --- values ------------------------------------------------------------------------- */

unsigned client_serialize_number_bits(CFNumberRef number)
{
	switch (CFNumberGetType(number)) {
	case kCFNumberFloatType:
	case kCFNumberFloat32Type:
		return SERIALIZE_FLOAT;
	case kCFNumberDoubleType:
	case kCFNumberFloat64Type:
	case kCFNumberCGFloatType:
		return SERIALIZE_DOUBLE;
	case kCFNumberSInt8Type:
	case kCFNumberCharType:
		return 8;
	case kCFNumberSInt16Type:
	case kCFNumberShortType:
		return 16;
	case kCFNumberSInt32Type:
	case kCFNumberIntType:
		return 32;
	default:
		return 64;
	}
}

CFStringRef client_serialize_copy_other(CFTypeRef object)
{
	return CFStringCreateWithFormat(NULL, NULL,
					CFSTR("<string>typeID 0x%x not serializable</string>"),
					(int)CFGetTypeID(object));
}

CFDataRef client_serialize_copy_utf8(CFStringRef string)
{
	return CFStringCreateExternalRepresentation(NULL, string, kCFStringEncodingUTF8, '?');
}

CFStringRef client_serialize_new_string(CFAllocatorRef allocator, const void *bytes, size_t n)
{
	CFStringRef string =
		CFStringCreateWithBytes(allocator, bytes, (CFIndex)n, kCFStringEncodingUTF8, FALSE);

	return string ? string
		      : CFStringCreateWithBytes(allocator, bytes, (CFIndex)n,
						kCFStringEncodingMacRoman, FALSE);
}

CFNumberRef client_serialize_new_integer(CFAllocatorRef allocator, uint64_t value, unsigned bits)
{
	int32_t narrow = (int32_t)value;

	return bits <= 32 ? CFNumberCreate(allocator, kCFNumberSInt32Type, &narrow)
			  : CFNumberCreate(allocator, kCFNumberSInt64Type, &value);
}

/* --- public ---------------------------------------------------------------------------- */

CFDataRef IOCFSerialize(CFTypeRef object, CFOptionFlags options)
{
	if (!object)
		return NULL;
	if (options & kIOCFSerializeToBinary)
		return client_serialize_binary(object);
	return options ? NULL : client_serialize_xml(object);
}

static CFTypeRef fail(CFStringRef *error, CFAllocatorRef allocator, const char *problem,
		      unsigned line)
{
	if (!error)
		return NULL;
	*error = line ? CFStringCreateWithFormat(allocator, NULL,
						 CFSTR("IOCFUnserialize: %s near line %u"), problem,
						 line)
		      : CFStringCreateWithFormat(allocator, NULL, CFSTR("IOCFUnserialize: %s"),
						 problem);
	return NULL;
}

CFTypeRef IOCFUnserializeBinary(const char *buffer, size_t bufferSize, CFAllocatorRef allocator,
				CFOptionFlags options, CFStringRef *errorString)
{
	const char *problem = "no buffer";
	CFTypeRef object =
		buffer ? client_unserialize_binary(buffer, bufferSize, allocator, &problem) : NULL;

	if (errorString)
		*errorString = NULL;
	return object ? object : fail(errorString, allocator, problem, 0);
}

static CFTypeRef read_xml(const char *text, size_t size, CFAllocatorRef allocator,
			  CFStringRef *error)
{
	const char *problem = "no buffer";
	unsigned line = 0;
	CFTypeRef object =
		text ? client_unserialize_xml(text, size, allocator, &problem, &line) : NULL;

	if (error)
		*error = NULL;
	return object ? object : fail(error, allocator, problem, line);
}

CFTypeRef IOCFUnserialize(const char *buffer, CFAllocatorRef allocator, CFOptionFlags options,
			  CFStringRef *errorString)
{
	return read_xml(buffer, buffer ? strlen(buffer) : 0, allocator, errorString);
}

static bool is_binary(const char *buffer, size_t size)
{
	unsigned char first = size >= 4 ? (unsigned char)buffer[0] : 0;

	return first == SERIALIZE_SIGNATURE || first == SERIALIZE_SIGNATURE_INDEXED;
}

CFTypeRef IOCFUnserializeWithSize(const char *buffer, size_t bufferSize, CFAllocatorRef allocator,
				  CFOptionFlags options, CFStringRef *errorString)
{
	if (errorString)
		*errorString = NULL;
	if (buffer && is_binary(buffer, bufferSize))
		return IOCFUnserializeBinary(buffer, bufferSize, allocator, options, errorString);
	/* Text ends with a NUL, which the size counts. */
	if (!buffer || !bufferSize || buffer[bufferSize - 1])
		return fail(errorString, allocator, "the text has no end", 0);
	return read_xml(buffer, strlen(buffer), allocator, errorString);
}

bool client_serialize_add(CFTypeRef collection, CFTypeRef key, CFTypeRef value)
{
	CFTypeID type = CFGetTypeID(collection);

	if (type == CFDictionaryGetTypeID()) {
		CFDictionarySetValue((CFMutableDictionaryRef)collection, key, value);
		return CFDictionaryGetValue(collection, key) == value;
	}
	if (type == CFSetGetTypeID()) {
		CFSetAddValue((CFMutableSetRef)collection, value);
		return CFSetContainsValue(collection, value);
	}
	CFIndex n = CFArrayGetCount(collection);
	CFArrayAppendValue((CFMutableArrayRef)collection, value);
	return CFArrayGetCount(collection) == n + 1;
}
