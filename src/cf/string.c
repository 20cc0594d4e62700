// SPDX-License-Identifier: MIT
/* Making immutable strings and reading all strings. */
#include "cf/string_internal.h"

#include <stdlib.h>
#include <sys/random.h>

#define FNV_PRIME 0x100000001b3ull

int __CFConstantStringClassReference[32];

static void string_fini(void *object)
{
	struct cf_string *s = object;

	if (cf_flags(s) & CF_STRING_EXTERNAL) {
		CFAllocatorRef deallocator = ((struct cf_string_external *)s)->deallocator;

		CFAllocatorDeallocate(deallocator, s->contents);
		CFRelease(deallocator);
	} else if (cf_flags(s) & CF_STRING_MUTABLE) {
		cf_string_free_contents((struct cf_string_mutable *)s);
	}
}

static bool string_equal(const void *a, const void *b)
{
	struct cf_text x = cf_text_of(a), y = cf_text_of(b);

	if (x.length != y.length)
		return false;
	if (x.is_wide == y.is_wide)
		return memcmp(x.contents, y.contents, (size_t)x.length << x.is_wide) == 0;
	for (CFIndex i = 0; i < x.length; i++)
		if (cf_text_at(&x, i) != cf_text_at(&y, i))
			return false;
	return true;
}

/* Where hashes start: nobody outside can make keys that all have the same one. */
static uint64_t hash_seed = 0xcbf29ce484222325ull;

/* Before any other constructor may hash a string. */
__attribute__((constructor(101))) static void choose_hash_seed(void)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) == sizeof(random))
		hash_seed ^= random;
}

/* Over units, so that it does not depend on how the text is stored. */
static CFHashCode string_hash(const void *object)
{
	struct cf_text text = cf_text_of(object);
	uint64_t h = hash_seed;

	if (text.is_wide) {
		const UniChar *p = text.contents;

		for (CFIndex i = 0; i < text.length; i++)
			h = (h ^ p[i]) * FNV_PRIME;
	} else {
		const uint8_t *p = text.contents;

		for (CFIndex i = 0; i < text.length; i++)
			h = (h ^ p[i]) * FNV_PRIME;
	}
	return h ^ h >> 29;
}

static CFStringRef string_copy_description(const void *object)
{
	return CFStringCreateWithFormat(NULL, NULL, CFSTR("\"%@\""), object);
}

const struct cf_class cf_string_class = {
	.name = "CFString",
	.fini = string_fini,
	.equal = string_equal,
	.hash = string_hash,
	.copy_description = string_copy_description,
};

CFTypeID CFStringGetTypeID(void)
{
	return CF_TYPE_STRING;
}

/* --- making ----------------------------------------------------------------------- */

struct cf_string *cf_string_new_room(CFAllocatorRef allocator, CFIndex length, bool is_wide)
{
	struct cf_string *s;

	if (length < 0 || length > LONG_MAX / 4)
		return NULL;
	s = cf_object_new_in(allocator, CF_TYPE_STRING,
			     sizeof(*s) + ((size_t)length << is_wide) + (is_wide ? 0 : 1));
	if (!s)
		return NULL;
	s->contents = s + 1;
	s->length = length;
	cf_set_flags(s, is_wide ? CF_STRING_WIDE : 0);
	return s;
}

static bool text_is_ascii(struct cf_text text)
{
	const uint8_t *bytes = text.contents;
	const UniChar *units = text.contents;
	unsigned all = 0;

	for (CFIndex i = 0; i < text.length; i++)
		all |= text.is_wide ? units[i] : bytes[i];
	return all < 0x80;
}

CFStringRef cf_string_new(CFAllocatorRef allocator, struct cf_text text)
{
	bool narrow = !text.is_wide || text_is_ascii(text);
	struct cf_string *s = cf_string_new_room(allocator, text.length, !narrow);
	uint8_t *bytes;

	if (!s)
		return NULL;
	if (narrow && text.is_wide) {
		bytes = s->contents;
		for (CFIndex i = 0; i < text.length; i++)
			bytes[i] = (uint8_t)cf_text_at(&text, i);
	} else if (text.length) {
		memcpy(s->contents, text.contents, (size_t)text.length << text.is_wide);
	}
	return (CFStringRef)s;
}

CFStringRef CFStringCreateWithBytes(CFAllocatorRef alloc, const UInt8 *bytes, CFIndex numBytes,
				    CFStringEncoding encoding, Boolean isExternalRepresentation)
{
	struct cf_text text;
	struct cf_string *s;
	CFIndex units;

	if (numBytes < 0 || (numBytes && !bytes) || !cf_encoding_is_known(encoding))
		return NULL;
	encoding = cf_encoding_resolve(encoding, isExternalRepresentation, &bytes, &numBytes);
	text = (struct cf_text){ bytes, numBytes, false };
	if (cf_encoding_is_ascii_superset(encoding) && text_is_ascii(text))
		return cf_string_new(alloc, text);
	units = cf_encoding_decode(encoding, bytes, numBytes, NULL);
	if (units < 0)
		return NULL;
	s = cf_string_new_room(alloc, units, true);
	if (!s)
		return NULL;
	cf_encoding_decode(encoding, bytes, numBytes, s->contents);
	text = cf_text_of((CFStringRef)s);
	if (text_is_ascii(text)) {
		CFStringRef narrow = cf_string_new(alloc, text);

		CFRelease(s);
		return narrow;
	}
	return (CFStringRef)s;
}

CFStringRef CFStringCreateWithCString(CFAllocatorRef alloc, const char *cStr,
				      CFStringEncoding encoding)
{
	return cStr ? CFStringCreateWithBytes(alloc, (const UInt8 *)cStr, (CFIndex)strlen(cStr),
					      encoding, FALSE)
		    : NULL;
}

CFStringRef CFStringCreateWithPascalString(CFAllocatorRef alloc, ConstStr255Param pStr,
					   CFStringEncoding encoding)
{
	return pStr ? CFStringCreateWithBytes(alloc, pStr + 1, pStr[0], encoding, FALSE) : NULL;
}

ConstStringPtr CFStringGetPascalStringPtr(CFStringRef theString, CFStringEncoding encoding)
{
	return NULL;
}

CFStringRef CFStringCreateWithCharacters(CFAllocatorRef alloc, const UniChar *chars,
					 CFIndex numChars)
{
	if (numChars < 0 || (numChars && !chars))
		return NULL;
	return cf_string_new(alloc, (struct cf_text){ chars, numChars, true });
}

/* A string that keeps the caller's text. */
static CFStringRef new_external(CFAllocatorRef alloc, struct cf_text text, uint8_t flags,
				CFAllocatorRef deallocator)
{
	struct cf_string_external *s = cf_object_new_in(alloc, CF_TYPE_STRING, sizeof(*s));

	if (!s)
		return NULL;
	s->string.contents = (void *)text.contents;
	s->string.length = text.length;
	s->deallocator = CFRetain(cf_allocator_real(deallocator));
	cf_set_flags(s, flags | CF_STRING_EXTERNAL);
	return (CFStringRef)s;
}

static CFStringRef new_from_bytes_no_copy(CFAllocatorRef alloc, const UInt8 *bytes, CFIndex n,
					  CFStringEncoding encoding, bool external, uint8_t flags,
					  CFAllocatorRef deallocator)
{
	struct cf_text text = { bytes, n, false };
	CFStringRef string;

	if (n < 0 || (n && !bytes))
		return NULL;
	if (n && cf_encoding_is_ascii_superset(encoding) && text_is_ascii(text))
		return new_external(alloc, text, flags, deallocator);
	string = CFStringCreateWithBytes(alloc, bytes, n, encoding, external);
	if (string)
		CFAllocatorDeallocate(deallocator, (void *)bytes);
	return string;
}

CFStringRef CFStringCreateWithBytesNoCopy(CFAllocatorRef alloc, const UInt8 *bytes,
					  CFIndex numBytes, CFStringEncoding encoding,
					  Boolean isExternalRepresentation,
					  CFAllocatorRef contentsDeallocator)
{
	return new_from_bytes_no_copy(alloc, bytes, numBytes, encoding, isExternalRepresentation,
				      CF_STRING_UNTERMINATED, contentsDeallocator);
}

CFStringRef CFStringCreateWithCStringNoCopy(CFAllocatorRef alloc, const char *cStr,
					    CFStringEncoding encoding,
					    CFAllocatorRef contentsDeallocator)
{
	if (!cStr)
		return NULL;
	return new_from_bytes_no_copy(alloc, (const UInt8 *)cStr, (CFIndex)strlen(cStr), encoding,
				      false, 0, contentsDeallocator);
}

CFStringRef CFStringCreateWithPascalStringNoCopy(CFAllocatorRef alloc, ConstStr255Param pStr,
						 CFStringEncoding encoding,
						 CFAllocatorRef contentsDeallocator)
{
	CFStringRef string = CFStringCreateWithPascalString(alloc, pStr, encoding);

	/* The deallocator takes the length byte, too, so the text alone cannot be kept. */
	if (string)
		CFAllocatorDeallocate(contentsDeallocator, (void *)pStr);
	return string;
}

CFStringRef CFStringCreateWithCharactersNoCopy(CFAllocatorRef alloc, const UniChar *chars,
					       CFIndex numChars, CFAllocatorRef contentsDeallocator)
{
	if (numChars < 0 || (numChars && !chars))
		return NULL;
	return new_external(alloc, (struct cf_text){ chars, numChars, true }, CF_STRING_WIDE,
			    contentsDeallocator);
}

CFStringRef CFStringCreateWithSubstring(CFAllocatorRef alloc, CFStringRef str, CFRange range)
{
	struct cf_text text;

	if (!cf_string_is(str))
		return NULL;
	text = cf_text_of(str);
	return cf_string_new(alloc, cf_text_part(text, cf_range_clip(range, text.length)));
}

CFStringRef CFStringCreateCopy(CFAllocatorRef alloc, CFStringRef theString)
{
	if (!cf_string_is(theString))
		return NULL;
	if (!cf_string_is_mutable(theString))
		return CFRetain(theString);
	return cf_string_new(alloc, cf_text_of(theString));
}

CFStringRef CFStringCreateFromExternalRepresentation(CFAllocatorRef alloc, CFDataRef data,
						     CFStringEncoding encoding)
{
	if (!cf_is(data, CF_TYPE_DATA))
		return NULL;
	return CFStringCreateWithBytes(alloc, CFDataGetBytePtr(data), CFDataGetLength(data),
				       encoding, TRUE);
}

CFStringRef CFStringCreateWithFileSystemRepresentation(CFAllocatorRef alloc, const char *buffer)
{
	return CFStringCreateWithCString(alloc, buffer, kCFStringEncodingUTF8);
}

/* --- reading ---------------------------------------------------------------------- */

CFIndex CFStringGetLength(CFStringRef theString)
{
	return cf_string_is(theString) ? ((const struct cf_string *)theString)->length : 0;
}

UniChar CFStringGetCharacterAtIndex(CFStringRef theString, CFIndex idx)
{
	struct cf_text text;

	if (!cf_string_is(theString))
		return 0;
	text = cf_text_of(theString);
	return idx >= 0 && idx < text.length ? cf_text_at(&text, idx) : 0;
}

void CFStringGetCharacters(CFStringRef theString, CFRange range, UniChar *buffer)
{
	struct cf_text text;

	if (!cf_string_is(theString) || !buffer)
		return;
	text = cf_text_of(theString);
	text = cf_text_part(text, cf_range_clip(range, text.length));
	if (text.is_wide) {
		memcpy(buffer, text.contents, (size_t)text.length * sizeof(UniChar));
		return;
	}
	for (CFIndex i = 0; i < text.length; i++)
		buffer[i] = cf_text_at(&text, i);
}

const char *CFStringGetCStringPtr(CFStringRef theString, CFStringEncoding encoding)
{
	if (!cf_string_is(theString) || !cf_encoding_is_ascii_superset(encoding) ||
	    cf_flags(theString) & (CF_STRING_WIDE | CF_STRING_UNTERMINATED))
		return NULL;
	return ((const struct cf_string *)theString)->contents;
}

const UniChar *CFStringGetCharactersPtr(CFStringRef theString)
{
	if (!cf_string_is(theString) || !(cf_flags(theString) & CF_STRING_WIDE))
		return NULL;
	return ((const struct cf_string *)theString)->contents;
}

CFIndex CFStringGetBytes(CFStringRef theString, CFRange range, CFStringEncoding encoding,
			 UInt8 lossByte, Boolean isExternalRepresentation, UInt8 *buffer,
			 CFIndex maxBufLen, CFIndex *usedBufLen)
{
	struct cf_text text = { "", 0, false };
	CFIndex used = 0, done;

	if (cf_string_is(theString)) {
		text = cf_text_of(theString);
		text = cf_text_part(text, cf_range_clip(range, text.length));
	}
	if (maxBufLen < 0)
		maxBufLen = 0;
	done = cf_encoding_encode(encoding, text, lossByte, isExternalRepresentation, buffer,
				  maxBufLen, &used);
	if (usedBufLen)
		*usedBufLen = used;
	return done;
}

Boolean CFStringGetCString(CFStringRef theString, char *buffer, CFIndex bufferSize,
			   CFStringEncoding encoding)
{
	struct cf_text text;
	CFIndex used = 0;

	if (!buffer || bufferSize < 1)
		return FALSE;
	buffer[0] = '\0';
	if (!cf_string_is(theString))
		return FALSE;
	text = cf_text_of(theString);
	if (!text.is_wide && cf_encoding_is_ascii_superset(encoding)) {
		if (text.length >= bufferSize)
			return FALSE;
		memcpy(buffer, text.contents, (size_t)text.length);
		buffer[text.length] = '\0';
		return TRUE;
	}
	if (!cf_encoding_is_known(encoding) ||
	    cf_encoding_encode(encoding, text, 0, false, (uint8_t *)buffer, bufferSize - 1, &used) <
		    text.length) {
		buffer[0] = '\0';
		return FALSE;
	}
	buffer[used] = '\0';
	return TRUE;
}

Boolean CFStringGetPascalString(CFStringRef theString, StringPtr buffer, CFIndex bufferSize,
				CFStringEncoding encoding)
{
	struct cf_text text;
	CFIndex used = 0, max = bufferSize > 256 ? 255 : bufferSize - 1;

	if (!buffer || bufferSize < 1 || !cf_string_is(theString))
		return FALSE;
	text = cf_text_of(theString);
	buffer[0] = 0;
	if (cf_encoding_encode(encoding, text, 0, false, buffer + 1, max, &used) < text.length)
		return FALSE;
	buffer[0] = (unsigned char)used;
	return TRUE;
}

CFDataRef CFStringCreateExternalRepresentation(CFAllocatorRef alloc, CFStringRef theString,
					       CFStringEncoding encoding, UInt8 lossByte)
{
	CFMutableDataRef data;
	struct cf_text text;
	CFIndex size = 0;

	if (!cf_string_is(theString) || !cf_encoding_is_known(encoding))
		return NULL;
	text = cf_text_of(theString);
	if (cf_encoding_encode(encoding, text, lossByte, true, NULL, 0, &size) < text.length)
		return NULL;
	data = CFDataCreateMutable(alloc, size);
	if (!data)
		return NULL;
	CFDataSetLength(data, size);
	if (CFDataGetLength(data) != size) {
		CFRelease(data);
		return NULL;
	}
	cf_encoding_encode(encoding, text, lossByte, true, CFDataGetMutableBytePtr(data), size,
			   &size);
	return data;
}

CFStringEncoding CFStringGetSmallestEncoding(CFStringRef theString)
{
	static const CFStringEncoding tried[] = { kCFStringEncodingASCII,
						  kCFStringEncodingISOLatin1,
						  kCFStringEncodingMacRoman,
						  kCFStringEncodingWindowsLatin1 };
	struct cf_text text;
	CFIndex used;

	if (!cf_string_is(theString))
		return kCFStringEncodingInvalidId;
	text = cf_text_of(theString);
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
		if (cf_encoding_encode(tried[i], text, 0, false, NULL, 0, &used) == text.length)
			return tried[i];
	return kCFStringEncodingUTF16;
}

CFStringEncoding CFStringGetFastestEncoding(CFStringRef theString)
{
	if (!cf_string_is(theString))
		return kCFStringEncodingInvalidId;
	return cf_flags(theString) & CF_STRING_WIDE ? kCFStringEncodingUTF16
						    : kCFStringEncodingASCII;
}

Boolean CFStringGetFileSystemRepresentation(CFStringRef string, char *buffer, CFIndex maxBufLen)
{
	return CFStringGetCString(string, buffer, maxBufLen, kCFStringEncodingUTF8);
}

CFIndex CFStringGetMaximumSizeOfFileSystemRepresentation(CFStringRef string)
{
	return CFStringGetMaximumSizeForEncoding(CFStringGetLength(string), kCFStringEncodingUTF8) +
	       1;
}
