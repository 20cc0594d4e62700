// SPDX-License-Identifier: MIT
/*
 * Strings of UTF-16 units. Lengths, positions and ranges count units; sizes of
 * buffers count bytes. A range outside the string is cut to it by functions
 * that read, and makes functions that change do nothing.
 */
#ifndef __COREFOUNDATION_CFSTRING__
#define __COREFOUNDATION_CFSTRING__

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFDictionary.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef UInt32 CFStringEncoding;
#define kCFStringEncodingInvalidId (0xffffffffU)
enum {
	kCFStringEncodingMacRoman = 0,
	kCFStringEncodingWindowsLatin1 = 0x0500,
	kCFStringEncodingISOLatin1 = 0x0201,
	kCFStringEncodingNextStepLatin = 0x0B01,
	kCFStringEncodingASCII = 0x0600,
	/* ASCII with escapes for everything else: \ooo, \uxxxx and \\ */
	kCFStringEncodingNonLossyASCII = 0x0BFF,
	kCFStringEncodingUnicode = 0x0100,
	kCFStringEncodingUTF8 = 0x08000100,
	kCFStringEncodingUTF16 = 0x0100,
	kCFStringEncodingUTF16BE = 0x10000100,
	kCFStringEncodingUTF16LE = 0x14000100,
	kCFStringEncodingUTF32 = 0x0c000100,
	kCFStringEncodingUTF32BE = 0x18000100,
	kCFStringEncodingUTF32LE = 0x1c000100
};

typedef CFStringEncoding CFStringBuiltInEncodings;

typedef CFOptionFlags CFStringCompareFlags;
enum {
	kCFCompareCaseInsensitive = 1,
	kCFCompareBackwards = 4,    /* searching from the end */
	kCFCompareAnchored = 8,	    /* only at the start, or at the end if backwards */
	kCFCompareNonliteral = 16,  /* composed and decomposed forms are equal */
	kCFCompareLocalized = 32,   /* in the order of the user's or the given language */
	kCFCompareNumerically = 64, /* runs of digits by value */
	kCFCompareDiacriticInsensitive = 128,
	kCFCompareWidthInsensitive = 256, /* full- and half-width forms are equal */
	kCFCompareForcedOrdering = 512	  /* equal only when literally equal */
};

/* A constant string that lives forever. With clang it is a static initialiser (the literal must be
 * ASCII or UTF-8); with gcc a call that returns the one string with this text. */
#ifdef __clang__
#define CFSTR(cStr) ((CFStringRef)__builtin___CFStringMakeConstantString("" cStr ""))
#else
#define CFSTR(cStr) __CFStringMakeConstantString("" cStr "")
#endif
/* The string with this text (UTF-8) that lives forever; always the same one. Any thread. */
CF_EXPORT CFStringRef __CFStringMakeConstantString(const char *cStr);
/* What clang's constant strings refer to. Not an object. */
#ifdef __cplusplus
CF_EXPORT int __CFConstantStringClassReference[];
#else
extern int __CFConstantStringClassReference[];
#endif

/*
 * A constant at file scope for compilers whose CFSTR is a call, which cannot initialise one:
 *
 *	PORTICO_CFSTR_CONSTANT(kMyKey, "MyKey");
 *
 * defines static const CFStringRef kMyKey. The literal is ASCII.
 */
#define PORTICO_CFSTR_CONSTANT(name, cStr) \
	static const struct { \
		const void *isa; \
		UInt32 info, refs; \
		const char *contents; \
		CFIndex length; \
	} name##_storage = { __CFConstantStringClassReference, 0x7c8, 0, "" cStr "", \
			     sizeof("" cStr "") - 1 }; \
	static const CFStringRef name = (CFStringRef)(const void *)&name##_storage

CF_EXPORT CFTypeID CFStringGetTypeID(void);

/* --- making ------------------------------------------------------------------- */

/* Creators return NULL when the bytes are invalid in ENCODING, when the encoding is not known, and
 * without memory. */
CF_EXPORT CFStringRef CFStringCreateWithCString(CFAllocatorRef alloc, const char *cStr,
						CFStringEncoding encoding);
/* EXTERNAL: honour and drop a byte order mark. */
CF_EXPORT CFStringRef CFStringCreateWithBytes(CFAllocatorRef alloc, const UInt8 *bytes,
					      CFIndex numBytes, CFStringEncoding encoding,
					      Boolean isExternalRepresentation);
CF_EXPORT CFStringRef CFStringCreateWithCharacters(CFAllocatorRef alloc, const UniChar *chars,
						   CFIndex numChars);
/* Length byte, then text. */
CF_EXPORT CFStringRef CFStringCreateWithPascalString(CFAllocatorRef alloc, ConstStr255Param pStr,
						     CFStringEncoding encoding);
/* NoCopy: the string may use the caller's bytes and frees them with CONTENTSDEALLOCATOR (NULL: the
 * default one, kCFAllocatorNull: never) when it no longer needs them. On failure the bytes stay the
 * caller's. */
CF_EXPORT CFStringRef CFStringCreateWithCStringNoCopy(CFAllocatorRef alloc, const char *cStr,
						      CFStringEncoding encoding,
						      CFAllocatorRef contentsDeallocator);
CF_EXPORT CFStringRef CFStringCreateWithBytesNoCopy(CFAllocatorRef alloc, const UInt8 *bytes,
						    CFIndex numBytes, CFStringEncoding encoding,
						    Boolean isExternalRepresentation,
						    CFAllocatorRef contentsDeallocator);
CF_EXPORT CFStringRef CFStringCreateWithPascalStringNoCopy(CFAllocatorRef alloc,
							   ConstStr255Param pStr,
							   CFStringEncoding encoding,
							   CFAllocatorRef contentsDeallocator);
CF_EXPORT CFStringRef CFStringCreateWithCharactersNoCopy(CFAllocatorRef alloc, const UniChar *chars,
							 CFIndex numChars,
							 CFAllocatorRef contentsDeallocator);
CF_EXPORT CFStringRef CFStringCreateWithSubstring(CFAllocatorRef alloc, CFStringRef str,
						  CFRange range);
/* An immutable string; for an immutable one the same object, retained. */
CF_EXPORT CFStringRef CFStringCreateCopy(CFAllocatorRef alloc, CFStringRef theString);
/* printf's conversions with positions (%2$d), plus %@ (any CF object: its text), %S (UniChar *),
 * %C (UniChar). %s takes text in the system encoding. OPTIONS is not used. */
CF_EXPORT CFStringRef CFStringCreateWithFormat(CFAllocatorRef alloc, CFDictionaryRef formatOptions,
					       CFStringRef format, ...);
CF_EXPORT CFStringRef CFStringCreateWithFormatAndArguments(CFAllocatorRef alloc,
							   CFDictionaryRef formatOptions,
							   CFStringRef format, va_list arguments);
/* MAXLENGTH is a hint. */
CF_EXPORT CFMutableStringRef CFStringCreateMutable(CFAllocatorRef alloc, CFIndex maxLength);
CF_EXPORT CFMutableStringRef CFStringCreateMutableCopy(CFAllocatorRef alloc, CFIndex maxLength,
						       CFStringRef theString);

/* A string that works in the caller's CHARS (room for CAPACITY, NUMCHARS in use). To grow beyond it
 * reallocates them with the allocator, which also frees them in the end; with kCFAllocatorNull it
 * does not grow and does not free. NULL: the default allocator. */
CF_EXPORT CFMutableStringRef CFStringCreateMutableWithExternalCharactersNoCopy(
	CFAllocatorRef alloc, UniChar *chars, CFIndex numChars, CFIndex capacity,
	CFAllocatorRef externalCharactersAllocator);
/* Other characters for such a string; what it had is not freed. */
CF_EXPORT void CFStringSetExternalCharactersNoCopy(CFMutableStringRef theString, UniChar *chars,
						   CFIndex length, CFIndex capacity);

/* --- reading ------------------------------------------------------------------- */

CF_EXPORT CFIndex CFStringGetLength(CFStringRef theString);
/* 0 outside the string. */
CF_EXPORT UniChar CFStringGetCharacterAtIndex(CFStringRef theString, CFIndex idx);
/* RANGE.length units into BUFFER. */
CF_EXPORT void CFStringGetCharacters(CFStringRef theString, CFRange range, UniChar *buffer);
/* True when the whole text and a NUL fit into BUFFERSIZE bytes and can be encoded without loss.
 * When false the buffer holds an empty string, or a prefix that fits. */
CF_EXPORT Boolean CFStringGetCString(CFStringRef theString, char *buffer, CFIndex bufferSize,
				     CFStringEncoding encoding);
CF_EXPORT Boolean CFStringGetPascalString(CFStringRef theString, StringPtr buffer,
					  CFIndex bufferSize, CFStringEncoding encoding);
/* The text without copying, or NULL: callers must have another way. Valid until the string is
 * changed or freed. */
CF_EXPORT const char *CFStringGetCStringPtr(CFStringRef theString, CFStringEncoding encoding);
CF_EXPORT const UniChar *CFStringGetCharactersPtr(CFStringRef theString);
/* No string is kept in that form here: always NULL. */
CF_EXPORT ConstStringPtr CFStringGetPascalStringPtr(CFStringRef theString,
						    CFStringEncoding encoding);
/*
 * Encode RANGE. LOSSBYTE replaces what ENCODING cannot say, 0: stop there. BUFFER may be NULL to
 * count only. EXTERNAL: with a byte order mark where the encoding has one. Returns the number of
 * units done; *USEDBUFLEN the bytes.
 */
CF_EXPORT CFIndex CFStringGetBytes(CFStringRef theString, CFRange range, CFStringEncoding encoding,
				   UInt8 lossByte, Boolean isExternalRepresentation, UInt8 *buffer,
				   CFIndex maxBufLen, CFIndex *usedBufLen);
CF_EXPORT CFStringRef CFStringCreateFromExternalRepresentation(CFAllocatorRef alloc, CFDataRef data,
							       CFStringEncoding encoding);
/* NULL when the text cannot be encoded and LOSSBYTE is 0. */
CF_EXPORT CFDataRef CFStringCreateExternalRepresentation(CFAllocatorRef alloc,
							 CFStringRef theString,
							 CFStringEncoding encoding, UInt8 lossByte);
CF_EXPORT CFStringEncoding CFStringGetSmallestEncoding(CFStringRef theString);
CF_EXPORT CFStringEncoding CFStringGetFastestEncoding(CFStringRef theString);
/* UTF-8. */
CF_EXPORT CFStringEncoding CFStringGetSystemEncoding(void);
/* Bytes, without NUL, that LENGTH units may need; kCFNotFound when it overflows. */
CF_EXPORT CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding);
/* Path as the file system wants it (UTF-8 with NUL). */
CF_EXPORT Boolean CFStringGetFileSystemRepresentation(CFStringRef string, char *buffer,
						      CFIndex maxBufLen);
CF_EXPORT CFIndex CFStringGetMaximumSizeOfFileSystemRepresentation(CFStringRef string);
CF_EXPORT CFStringRef CFStringCreateWithFileSystemRepresentation(CFAllocatorRef alloc,
								 const char *buffer);

/* --- comparing and searching ----------------------------------------------------- */

CF_EXPORT CFComparisonResult CFStringCompareWithOptionsAndLocale(
	CFStringRef theString1, CFStringRef theString2, CFRange rangeToCompare,
	CFStringCompareFlags compareOptions, CFLocaleRef locale);
/* RANGE is of the first string. */
CF_EXPORT CFComparisonResult CFStringCompareWithOptions(CFStringRef theString1,
							CFStringRef theString2,
							CFRange rangeToCompare,
							CFStringCompareFlags compareOptions);
CF_EXPORT CFComparisonResult CFStringCompare(CFStringRef theString1, CFStringRef theString2,
					     CFStringCompareFlags compareOptions);
/* RESULT (may be NULL) is where it was found. An empty string is never found. */
CF_EXPORT Boolean CFStringFindWithOptionsAndLocale(CFStringRef theString, CFStringRef stringToFind,
						   CFRange rangeToSearch,
						   CFStringCompareFlags searchOptions,
						   CFLocaleRef locale, CFRange *result);
CF_EXPORT Boolean CFStringFindWithOptions(CFStringRef theString, CFStringRef stringToFind,
					  CFRange rangeToSearch, CFStringCompareFlags searchOptions,
					  CFRange *result);
/* {kCFNotFound, 0} when it is not there. */
CF_EXPORT CFRange CFStringFind(CFStringRef theString, CFStringRef stringToFind,
			       CFStringCompareFlags compareOptions);
/* Values are CFRange * owned by the array; NULL when nothing was found. */
CF_EXPORT CFArrayRef CFStringCreateArrayWithFindResults(CFAllocatorRef alloc, CFStringRef theString,
							CFStringRef stringToFind,
							CFRange rangeToSearch,
							CFStringCompareFlags compareOptions);
/* The first (or last, if backwards) character of the set; of two units beyond U+FFFF. */
CF_EXPORT Boolean CFStringFindCharacterFromSet(CFStringRef theString, CFCharacterSetRef theSet,
					       CFRange rangeToSearch,
					       CFStringCompareFlags searchOptions, CFRange *result);
CF_EXPORT Boolean CFStringHasPrefix(CFStringRef theString, CFStringRef prefix);
CF_EXPORT Boolean CFStringHasSuffix(CFStringRef theString, CFStringRef suffix);
/* The character as readers see it that is at THEINDEX, with its marks. */
CF_EXPORT CFRange CFStringGetRangeOfComposedCharactersAtIndex(CFStringRef theString,
							      CFIndex theIndex);
/* Start of the first line of RANGE, end of its last with and without the line end. NULLs allowed. */
CF_EXPORT void CFStringGetLineBounds(CFStringRef theString, CFRange range, CFIndex *lineBeginIndex,
				     CFIndex *lineEndIndex, CFIndex *contentsEndIndex);
/* The same for paragraphs: CR, LF, both, U+2029. */
CF_EXPORT void CFStringGetParagraphBounds(CFStringRef string, CFRange range, CFIndex *parBeginIndex,
					  CFIndex *parEndIndex, CFIndex *contentsEndIndex);
CF_EXPORT CFStringRef CFStringCreateByCombiningStrings(CFAllocatorRef alloc, CFArrayRef theArray,
						       CFStringRef separatorString);
CF_EXPORT CFArrayRef CFStringCreateArrayBySeparatingStrings(CFAllocatorRef alloc,
							    CFStringRef theString,
							    CFStringRef separatorString);
/* Leading decimal number after white space; 0 when there is none, the nearest limit of SInt32 when
 * it is too large. */
CF_EXPORT SInt32 CFStringGetIntValue(CFStringRef str);
/* 0.0 when there is none. The decimal point is a full stop, whatever the locale. */
CF_EXPORT double CFStringGetDoubleValue(CFStringRef str);

/* --- changing --------------------------------------------------------------------- */

CF_EXPORT void CFStringAppend(CFMutableStringRef theString, CFStringRef appendedString);
CF_EXPORT void CFStringAppendCharacters(CFMutableStringRef theString, const UniChar *chars,
					CFIndex numChars);
CF_EXPORT void CFStringAppendCString(CFMutableStringRef theString, const char *cStr,
				     CFStringEncoding encoding);
CF_EXPORT void CFStringAppendPascalString(CFMutableStringRef theString, ConstStr255Param pStr,
					  CFStringEncoding encoding);
CF_EXPORT void CFStringAppendFormat(CFMutableStringRef theString, CFDictionaryRef formatOptions,
				    CFStringRef format, ...);
CF_EXPORT void CFStringAppendFormatAndArguments(CFMutableStringRef theString,
						CFDictionaryRef formatOptions, CFStringRef format,
						va_list arguments);
CF_EXPORT void CFStringInsert(CFMutableStringRef str, CFIndex idx, CFStringRef insertedStr);
CF_EXPORT void CFStringDelete(CFMutableStringRef theString, CFRange range);
CF_EXPORT void CFStringReplace(CFMutableStringRef theString, CFRange range,
			       CFStringRef replacement);
CF_EXPORT void CFStringReplaceAll(CFMutableStringRef theString, CFStringRef replacement);
/* Returns the number of replacements. */
CF_EXPORT CFIndex CFStringFindAndReplace(CFMutableStringRef theString, CFStringRef stringToFind,
					 CFStringRef replacementString, CFRange rangeToSearch,
					 CFStringCompareFlags compareOptions);
/* Cut or fill to LENGTH with PADSTRING, starting at its unit INDEXINTOPAD. PADSTRING NULL: cut. */
CF_EXPORT void CFStringPad(CFMutableStringRef theString, CFStringRef padString, CFIndex length,
			   CFIndex indexIntoPad);
/* Remove TRIMSTRING, repeatedly, from both ends. */
CF_EXPORT void CFStringTrim(CFMutableStringRef theString, CFStringRef trimString);
CF_EXPORT void CFStringTrimWhitespace(CFMutableStringRef theString);
CF_EXPORT void CFStringLowercase(CFMutableStringRef theString, CFLocaleRef locale);
CF_EXPORT void CFStringUppercase(CFMutableStringRef theString, CFLocaleRef locale);
CF_EXPORT void CFStringCapitalize(CFMutableStringRef theString, CFLocaleRef locale);

typedef CFIndex CFStringNormalizationForm;
enum {
	kCFStringNormalizationFormD = 0, /* canonical decomposition */
	kCFStringNormalizationFormKD,	 /* compatibility decomposition */
	kCFStringNormalizationFormC,	 /* D, then composition */
	kCFStringNormalizationFormKC
};
CF_EXPORT void CFStringNormalize(CFMutableStringRef theString, CFStringNormalizationForm theForm);
/* Remove the differences of case, diacritics and width that THEFLAGS name. */
CF_EXPORT void CFStringFold(CFMutableStringRef theString, CFStringCompareFlags theFlags,
			    CFLocaleRef theLocale);

/* --- encodings ---------------------------------------------------------------------- */

CF_EXPORT Boolean CFStringIsEncodingAvailable(CFStringEncoding encoding);
/* Ends with kCFStringEncodingInvalidId; static storage. */
CF_EXPORT const CFStringEncoding *CFStringGetListOfAvailableEncodings(void);
/* Borrowed; NULL for an unknown one. */
CF_EXPORT CFStringRef CFStringGetNameOfEncoding(CFStringEncoding encoding);
CF_EXPORT CFStringRef CFStringConvertEncodingToIANACharSetName(CFStringEncoding encoding);
CF_EXPORT CFStringEncoding CFStringConvertIANACharSetNameToEncoding(CFStringRef theString);
/* kCFStringEncodingInvalidId for one that is not known. */
CF_EXPORT unsigned long CFStringConvertEncodingToNSStringEncoding(CFStringEncoding encoding);
CF_EXPORT CFStringEncoding CFStringConvertNSStringEncodingToEncoding(unsigned long encoding);
CF_EXPORT UInt32 CFStringConvertEncodingToWindowsCodepage(CFStringEncoding encoding);
CF_EXPORT CFStringEncoding CFStringConvertWindowsCodepageToEncoding(UInt32 codepage);
CF_EXPORT CFStringEncoding CFStringGetMostCompatibleMacStringEncoding(CFStringEncoding encoding);

/* --- fast access to many units -------------------------------------------------------- */

#define __kCFStringInlineBufferLength 64
typedef struct {
	UniChar buffer[__kCFStringInlineBufferLength];
	CFStringRef theString;
	const UniChar *directUniCharBuffer;
	const char *directCStringBuffer;
	CFRange rangeToBuffer;
	CFIndex bufferedRangeStart;
	CFIndex bufferedRangeEnd;
} CFStringInlineBuffer;

/* BUF borrows STR, which must not change. */
CF_INLINE void CFStringInitInlineBuffer(CFStringRef str, CFStringInlineBuffer *buf, CFRange range)
{
	buf->theString = str;
	buf->rangeToBuffer = range;
	buf->directCStringBuffer = NULL;
	buf->directUniCharBuffer = CFStringGetCharactersPtr(str);
	if (!buf->directUniCharBuffer)
		buf->directCStringBuffer = CFStringGetCStringPtr(str, kCFStringEncodingASCII);
	buf->bufferedRangeStart = buf->bufferedRangeEnd = 0;
}

/* IDX counts from the start of the buffered range; 0 outside. */
CF_INLINE UniChar CFStringGetCharacterFromInlineBuffer(CFStringInlineBuffer *buf, CFIndex idx)
{
	if (idx < 0 || idx >= buf->rangeToBuffer.length)
		return 0;
	if (buf->directUniCharBuffer)
		return buf->directUniCharBuffer[idx + buf->rangeToBuffer.location];
	if (buf->directCStringBuffer)
		return (UniChar)(unsigned char)
			buf->directCStringBuffer[idx + buf->rangeToBuffer.location];
	return CFStringGetCharacterAtIndex(buf->theString, idx + buf->rangeToBuffer.location);
}

CF_INLINE Boolean CFStringIsSurrogateHighCharacter(UniChar character)
{
	return character >= 0xD800 && character <= 0xDBFF;
}

CF_INLINE Boolean CFStringIsSurrogateLowCharacter(UniChar character)
{
	return character >= 0xDC00 && character <= 0xDFFF;
}

CF_INLINE UTF32Char CFStringGetLongCharacterForSurrogatePair(UniChar surrogateHigh,
							     UniChar surrogateLow)
{
	return (UTF32Char)(((surrogateHigh - 0xD800U) << 10) + (surrogateLow - 0xDC00U) + 0x10000U);
}

/* False (SURROGATES untouched) for characters that need none. */
CF_INLINE Boolean CFStringGetSurrogatePairForLongCharacter(UTF32Char character, UniChar *surrogates)
{
	if (character <= 0xFFFF || character > 0x10FFFF)
		return FALSE;
	surrogates[0] = (UniChar)(0xD7C0 + (character >> 10));
	surrogates[1] = (UniChar)(0xDC00 | (character & 0x3FF));
	return TRUE;
}

/* --- showing -------------------------------------------------------------------------- */

/* Describe OBJ on standard error; strings as they are. NULL: "(null)". */
CF_EXPORT void CFShow(CFTypeRef obj);
/* Length, storage and text of a string on standard error. */
CF_EXPORT void CFShowStr(CFStringRef str);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
