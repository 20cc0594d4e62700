// SPDX-License-Identifier: MIT
/*
 * Sets of Unicode characters (code points up to 0x10FFFF). Predefined sets are
 * those of the Unicode general categories and live forever.
 */
#ifndef __COREFOUNDATION_CFCHARACTERSET__
#define __COREFOUNDATION_CFCHARACTERSET__

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef struct __CFCharacterSet *CFMutableCharacterSetRef;

typedef CFIndex CFCharacterSetPredefinedSet;
enum {
	kCFCharacterSetControl = 1,		 /* Cc, Cf */
	kCFCharacterSetWhitespace = 2,		 /* Zs, tab */
	kCFCharacterSetWhitespaceAndNewline = 3, /* Z*, U+0009 to U+000D, U+0085 */
	kCFCharacterSetDecimalDigit = 4,	 /* Nd */
	kCFCharacterSetLetter = 5,		 /* L*, M* */
	kCFCharacterSetLowercaseLetter = 6,	 /* Ll */
	kCFCharacterSetUppercaseLetter = 7,	 /* Lu, Lt */
	kCFCharacterSetNonBase = 8,		 /* M* */
	kCFCharacterSetDecomposable = 9,	 /* with a canonical decomposition */
	kCFCharacterSetAlphaNumeric = 10,	 /* L*, M*, N* */
	kCFCharacterSetPunctuation = 11,	 /* P* */
	kCFCharacterSetIllegal = 12,		 /* not assigned */
	kCFCharacterSetCapitalizedLetter = 13,	 /* Lt */
	kCFCharacterSetSymbol = 14,		 /* S* */
	kCFCharacterSetNewline = 15		 /* U+000A to U+000D, U+0085, U+2028, U+2029 */
};

CF_EXPORT CFTypeID CFCharacterSetGetTypeID(void);
/* Borrowed, for ever; NULL for an unknown identifier. */
CF_EXPORT CFCharacterSetRef
CFCharacterSetGetPredefined(CFCharacterSetPredefinedSet theSetIdentifier);
/* What of the range lies beyond Unicode is left out. */
CF_EXPORT CFCharacterSetRef CFCharacterSetCreateWithCharactersInRange(CFAllocatorRef alloc,
								      CFRange theRange);
CF_EXPORT CFCharacterSetRef CFCharacterSetCreateWithCharactersInString(CFAllocatorRef alloc,
								       CFStringRef theString);
/* 8,192 bytes for the first plane (bit N % 8 of byte N / 8), then for each further plane its number
 * and 8,192 bytes. What is missing at the end is empty. */
CF_EXPORT CFCharacterSetRef CFCharacterSetCreateWithBitmapRepresentation(CFAllocatorRef alloc,
									 CFDataRef theData);
CF_EXPORT CFCharacterSetRef CFCharacterSetCreateInvertedSet(CFAllocatorRef alloc,
							    CFCharacterSetRef theSet);
CF_EXPORT Boolean CFCharacterSetIsSupersetOfSet(CFCharacterSetRef theSet,
						CFCharacterSetRef theOtherset);
CF_EXPORT Boolean CFCharacterSetHasMemberInPlane(CFCharacterSetRef theSet, CFIndex thePlane);
CF_EXPORT CFMutableCharacterSetRef CFCharacterSetCreateMutable(CFAllocatorRef alloc);
/* Immutable; for an immutable set the same object, retained. */
CF_EXPORT CFCharacterSetRef CFCharacterSetCreateCopy(CFAllocatorRef alloc,
						     CFCharacterSetRef theSet);
CF_EXPORT CFMutableCharacterSetRef CFCharacterSetCreateMutableCopy(CFAllocatorRef alloc,
								   CFCharacterSetRef theSet);
CF_EXPORT Boolean CFCharacterSetIsCharacterMember(CFCharacterSetRef theSet, UniChar theChar);
CF_EXPORT Boolean CFCharacterSetIsLongCharacterMember(CFCharacterSetRef theSet, UTF32Char theChar);
CF_EXPORT CFDataRef CFCharacterSetCreateBitmapRepresentation(CFAllocatorRef alloc,
							     CFCharacterSetRef theSet);
/* Changing: nothing happens to immutable sets. */
CF_EXPORT void CFCharacterSetAddCharactersInRange(CFMutableCharacterSetRef theSet,
						  CFRange theRange);
CF_EXPORT void CFCharacterSetRemoveCharactersInRange(CFMutableCharacterSetRef theSet,
						     CFRange theRange);
CF_EXPORT void CFCharacterSetAddCharactersInString(CFMutableCharacterSetRef theSet,
						   CFStringRef theString);
CF_EXPORT void CFCharacterSetRemoveCharactersInString(CFMutableCharacterSetRef theSet,
						      CFStringRef theString);
CF_EXPORT void CFCharacterSetUnion(CFMutableCharacterSetRef theSet, CFCharacterSetRef theOtherSet);
CF_EXPORT void CFCharacterSetIntersect(CFMutableCharacterSetRef theSet,
				       CFCharacterSetRef theOtherSet);
CF_EXPORT void CFCharacterSetInvert(CFMutableCharacterSetRef theSet);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
