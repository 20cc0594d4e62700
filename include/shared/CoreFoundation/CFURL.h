// SPDX-License-Identifier: MIT
/*
 * URLs: a string and an optional base. File URLs have the form
 * file:///path, with a trailing slash for directories.
 */
#ifndef __COREFOUNDATION_CFURL__
#define __COREFOUNDATION_CFURL__

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFError.h>
#include <CoreFoundation/CFString.h>

CF_EXTERN_C_BEGIN
#pragma GCC visibility push(default)

typedef const struct __CFURL *CFURLRef;
typedef CFIndex CFURLPathStyle;
/* Only POSIX paths are made and read. */
enum { kCFURLPOSIXPathStyle = 0, kCFURLHFSPathStyle = 1, kCFURLWindowsPathStyle = 2 };

typedef CFIndex CFURLComponentType;
enum {
	kCFURLComponentScheme = 1,
	kCFURLComponentNetLocation = 2,
	kCFURLComponentPath = 3,
	kCFURLComponentResourceSpecifier = 4, /* what follows the path */
	kCFURLComponentUser = 5,
	kCFURLComponentPassword = 6,
	kCFURLComponentUserInfo = 7,
	kCFURLComponentHost = 8,
	kCFURLComponentPort = 9,
	kCFURLComponentParameterString = 10, /* never there: it is part of the path */
	kCFURLComponentQuery = 11,
	kCFURLComponentFragment = 12
};

CF_EXPORT CFTypeID CFURLGetTypeID(void);
/* NULL when the text holds characters that URLs must escape, or is empty without a base. */
CF_EXPORT CFURLRef CFURLCreateWithString(CFAllocatorRef allocator, CFStringRef URLString,
					 CFURLRef baseURL);
CF_EXPORT CFURLRef CFURLCreateWithBytes(CFAllocatorRef allocator, const UInt8 *URLBytes,
					CFIndex length, CFStringEncoding encoding,
					CFURLRef baseURL);
/* A relative path is relative to the current directory of this moment, or to BASEURL. NULL for an
 * empty path and for path styles other than POSIX. */
CF_EXPORT CFURLRef CFURLCreateWithFileSystemPath(CFAllocatorRef allocator, CFStringRef filePath,
						 CFURLPathStyle pathStyle, Boolean isDirectory);
CF_EXPORT CFURLRef CFURLCreateFromFileSystemRepresentation(CFAllocatorRef allocator,
							   const UInt8 *buffer, CFIndex bufLen,
							   Boolean isDirectory);
CF_EXPORT CFURLRef CFURLCreateWithFileSystemPathRelativeToBase(CFAllocatorRef allocator,
							       CFStringRef filePath,
							       CFURLPathStyle pathStyle,
							       Boolean isDirectory,
							       CFURLRef baseURL);
CF_EXPORT CFURLRef CFURLCreateFromFileSystemRepresentationRelativeToBase(CFAllocatorRef allocator,
									 const UInt8 *buffer,
									 CFIndex bufLen,
									 Boolean isDirectory,
									 CFURLRef baseURL);
/* The URL's own text in an encoding. ESCAPEWHITESPACE has no effect: URLs have none. */
CF_EXPORT CFDataRef CFURLCreateData(CFAllocatorRef allocator, CFURLRef url,
				    CFStringEncoding encoding, Boolean escapeWhitespace);
/* Resolved against BASEURL. USECOMPATIBILITYMODE has no effect. */
CF_EXPORT CFURLRef CFURLCreateAbsoluteURLWithBytes(CFAllocatorRef alloc,
						   const UInt8 *relativeURLBytes, CFIndex length,
						   CFStringEncoding encoding, CFURLRef baseURL,
						   Boolean useCompatibilityMode);
/* The path with NUL. RESOLVE: against the base. False when it is no file URL or does not fit. */
CF_EXPORT Boolean CFURLGetFileSystemRepresentation(CFURLRef url, Boolean resolveAgainstBase,
						   UInt8 *buffer, CFIndex maxBufLen);
CF_EXPORT CFURLRef CFURLCopyAbsoluteURL(CFURLRef relativeURL);
/* Borrowed; without the base. */
CF_EXPORT CFStringRef CFURLGetString(CFURLRef anURL);
CF_EXPORT CFURLRef CFURLGetBaseURL(CFURLRef anURL);
/* False for opaque ones such as mailto:someone. */
CF_EXPORT Boolean CFURLCanBeDecomposed(CFURLRef anURL);
/* The parts; NULL when there is no such part. Path and network location still escaped, of the
 * string without its base. */
CF_EXPORT CFStringRef CFURLCopyScheme(CFURLRef anURL);
CF_EXPORT CFStringRef CFURLCopyNetLocation(CFURLRef anURL);
CF_EXPORT CFStringRef CFURLCopyPath(CFURLRef anURL);
/* Without its first slash, which *ISABSOLUTE (may be NULL) stands for. */
CF_EXPORT CFStringRef CFURLCopyStrictPath(CFURLRef anURL, Boolean *isAbsolute);
/* What follows the path, or (of an opaque URL) the scheme. */
CF_EXPORT CFStringRef CFURLCopyResourceSpecifier(CFURLRef anURL);
/* Always NULL: parameters are part of the path, as since macOS 10.15. */
CF_EXPORT CFStringRef CFURLCopyParameterString(CFURLRef anURL,
					       CFStringRef charactersToLeaveEscaped);
/* Unescaped. */
CF_EXPORT CFStringRef CFURLCopyUserName(CFURLRef anURL);
CF_EXPORT CFStringRef CFURLCopyPassword(CFURLRef anURL);
CF_EXPORT CFStringRef CFURLCopyHostName(CFURLRef anURL);
/* -1 when there is none. */
CF_EXPORT SInt32 CFURLGetPortNumber(CFURLRef anURL);
/* Copies the URL's text without NUL; its size, which BUFFER NULL only asks for. -1: too small. */
CF_EXPORT CFIndex CFURLGetBytes(CFURLRef url, UInt8 *buffer, CFIndex bufferLength);
/* In the bytes of GetBytes; {kCFNotFound, 0} for a part that is not there. With separators: up to
 * the parts before and after. */
CF_EXPORT CFRange CFURLGetByteRangeForComponent(CFURLRef url, CFURLComponentType component,
						CFRange *rangeIncludingSeparators);
CF_EXPORT Boolean CFURLHasDirectoryPath(CFURLRef anURL);
/* Unescaped, without the trailing slash. */
CF_EXPORT CFStringRef CFURLCopyFileSystemPath(CFURLRef anURL, CFURLPathStyle pathStyle);
CF_EXPORT CFStringRef CFURLCopyLastPathComponent(CFURLRef url);
CF_EXPORT CFStringRef CFURLCopyPathExtension(CFURLRef url);
CF_EXPORT CFStringRef CFURLCopyQueryString(CFURLRef anURL, CFStringRef charactersToLeaveEscaped);
CF_EXPORT CFStringRef CFURLCopyFragment(CFURLRef anURL, CFStringRef charactersToLeaveEscaped);
CF_EXPORT CFURLRef CFURLCreateCopyAppendingPathComponent(CFAllocatorRef allocator, CFURLRef url,
							 CFStringRef pathComponent,
							 Boolean isDirectory);
CF_EXPORT CFURLRef CFURLCreateCopyDeletingLastPathComponent(CFAllocatorRef allocator, CFURLRef url);
CF_EXPORT CFURLRef CFURLCreateCopyAppendingPathExtension(CFAllocatorRef allocator, CFURLRef url,
							 CFStringRef extension);
CF_EXPORT CFURLRef CFURLCreateCopyDeletingPathExtension(CFAllocatorRef allocator, CFURLRef url);
/* Percent escapes resolved as UTF-8 except those of CHARACTERSTOLEAVEESCAPED (NULL: none
 * resolved); NULL when the result is no UTF-8. */
CF_EXPORT CFStringRef CFURLCreateStringByReplacingPercentEscapes(
	CFAllocatorRef allocator, CFStringRef originalString, CFStringRef charactersToLeaveEscaped);
/* The same with another encoding than UTF-8. */
CF_EXPORT CFStringRef CFURLCreateStringByReplacingPercentEscapesUsingEncoding(
	CFAllocatorRef allocator, CFStringRef origString, CFStringRef charsToLeaveEscaped,
	CFStringEncoding encoding);
/* Escape what URLs do not consist of (and '#', '%', brackets) but CHARACTERSTOLEAVEUNESCAPED, and
 * LEGALURLCHARACTERSTOBEESCAPED (both may be NULL). NULL when a character is not in ENCODING. */
CF_EXPORT CFStringRef CFURLCreateStringByAddingPercentEscapes(
	CFAllocatorRef allocator, CFStringRef originalString,
	CFStringRef charactersToLeaveUnescaped, CFStringRef legalURLCharactersToBeEscaped,
	CFStringEncoding encoding);
/* Does the file exist? *ERROR (may be NULL) gets a new POSIX error when not. */
CF_EXPORT Boolean CFURLResourceIsReachable(CFURLRef url, CFErrorRef *error);

#pragma GCC visibility pop
CF_EXTERN_C_END

#endif
