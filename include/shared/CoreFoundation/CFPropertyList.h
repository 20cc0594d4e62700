// SPDX-License-Identifier: MIT
/*
 * Property lists: trees of CFDictionary (with string keys), CFArray, CFString,
 * CFData, CFDate, CFNumber and CFBoolean, as XML or binary bytes.
 *
 * Input is not trusted: it may be at most 256 MiB, nested at most 512 deep and
 * hold at most 4 Mi values.
 */
#ifndef __COREFOUNDATION_CFPROPERTYLIST__
#define __COREFOUNDATION_CFPROPERTYLIST__

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFError.h>
#include <CoreFoundation/CFStream.h>
#include <CoreFoundation/CFString.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef CFOptionFlags CFPropertyListMutabilityOptions;
enum {
	kCFPropertyListImmutable = 0,
	kCFPropertyListMutableContainers = 1 << 0,
	kCFPropertyListMutableContainersAndLeaves = 1 << 1
};

typedef CFIndex CFPropertyListFormat;
enum {
	kCFPropertyListOpenStepFormat = 1,
	kCFPropertyListXMLFormat_v1_0 = 100,
	kCFPropertyListBinaryFormat_v1_0 = 200
};

/* Codes in the domain kCFErrorDomainCocoa. */
enum {
	kCFPropertyListReadCorruptError = 3840,
	kCFPropertyListReadUnknownVersionError = 3841,
	kCFPropertyListReadStreamError = 3842,
	kCFPropertyListWriteStreamError = 3851
};

/* The list (caller releases), or NULL with *ERROR (may be NULL; caller releases). *FORMAT (may be
 * NULL) is written on success. */
CF_EXPORT CFPropertyListRef CFPropertyListCreateWithData(CFAllocatorRef allocator, CFDataRef data,
							 CFOptionFlags options,
							 CFPropertyListFormat *format,
							 CFErrorRef *error);
/* STREAMLENGTH bytes of an open stream; 0: to its end. */
CF_EXPORT CFPropertyListRef CFPropertyListCreateWithStream(
	CFAllocatorRef allocator, CFReadStreamRef stream, CFIndex streamLength,
	CFOptionFlags options, CFPropertyListFormat *format, CFErrorRef *error);
/* Dictionaries are written sorted by key. NULL for what is no property list and for formats that
 * cannot be written. OPTIONS is 0. */
CF_EXPORT CFDataRef CFPropertyListCreateData(CFAllocatorRef allocator,
					     CFPropertyListRef propertyList,
					     CFPropertyListFormat format, CFOptionFlags options,
					     CFErrorRef *error);
/* Bytes written to an open stream, 0 on failure. */
CF_EXPORT CFIndex CFPropertyListWrite(CFPropertyListRef propertyList, CFWriteStreamRef stream,
				      CFPropertyListFormat format, CFOptionFlags options,
				      CFErrorRef *error);
/* NULL when it is no property list. */
CF_EXPORT CFPropertyListRef CFPropertyListCreateDeepCopy(CFAllocatorRef allocator,
							 CFPropertyListRef propertyList,
							 CFOptionFlags mutabilityOption);
/* Only property list types, string keys, no cycle (nesting up to 512). FORMAT: could it be written so? */
CF_EXPORT Boolean CFPropertyListIsValid(CFPropertyListRef plist, CFPropertyListFormat format);

/* Older forms. *ERRORSTRING (may be NULL; caller releases) is written on failure. */
CF_EXPORT CFPropertyListRef CFPropertyListCreateFromXMLData(CFAllocatorRef allocator,
							    CFDataRef xmlData,
							    CFOptionFlags mutabilityOption,
							    CFStringRef *errorString);
CF_EXPORT CFDataRef CFPropertyListCreateXMLData(CFAllocatorRef allocator,
						CFPropertyListRef propertyList);
CF_EXPORT CFPropertyListRef CFPropertyListCreateFromStream(
	CFAllocatorRef allocator, CFReadStreamRef stream, CFIndex streamLength,
	CFOptionFlags mutabilityOption, CFPropertyListFormat *format, CFStringRef *errorString);
CF_EXPORT CFIndex CFPropertyListWriteToStream(CFPropertyListRef propertyList,
					      CFWriteStreamRef stream, CFPropertyListFormat format,
					      CFStringRef *errorString);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
