// SPDX-License-Identifier: MIT
/* Scalar types of classic Mac interfaces, with the sizes they have on LP64 macOS. */
#ifndef __MACTYPES__
#define __MACTYPES__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef unsigned char UInt8;
typedef signed char SInt8;
typedef unsigned short UInt16;
typedef signed short SInt16;
typedef unsigned int UInt32;
typedef signed int SInt32;
#ifdef __cplusplus
typedef uint64_t UInt64;
typedef int64_t SInt64;
#else
__extension__ typedef unsigned long long UInt64;
__extension__ typedef signed long long SInt64;
#endif

typedef float Float32;
typedef double Float64;

typedef unsigned char Boolean;
typedef unsigned char Byte;
typedef signed char SignedByte;
typedef char *Ptr;
typedef Ptr *Handle;
typedef long Size;

typedef SInt16 OSErr;
typedef SInt32 OSStatus;
typedef UInt32 OptionBits;
typedef UInt32 ItemCount;
typedef UInt32 ByteCount;
typedef UInt32 FourCharCode;
typedef FourCharCode OSType;
typedef FourCharCode ResType;
typedef SInt16 ScriptCode;
typedef SInt16 LangCode;
typedef SInt16 RegionCode;
typedef UInt32 UnicodeScalarValue;
typedef UInt32 UTF32Char;
typedef UInt16 UniChar;
typedef UInt16 UTF16Char;
typedef UInt8 UTF8Char;
typedef UniChar *UniCharPtr;
typedef unsigned long UniCharCount;
typedef SInt32 Fixed;
typedef SInt32 Fract;

/* Little endian. */
typedef struct UnsignedWide {
	UInt32 lo;
	UInt32 hi;
} UnsignedWide;
/* Milliseconds, or negative microseconds; ticks of mach_absolute_time. */
typedef SInt32 Duration;
typedef UnsignedWide AbsoluteTime;

typedef struct NumVersion {
	UInt8 nonRelRev;
	UInt8 stage;
	UInt8 minorAndBugRev;
	UInt8 majorRev;
} NumVersion;

/* Pascal strings: a length byte, then the text. */
typedef unsigned char Str255[256];
typedef unsigned char Str63[64];
typedef unsigned char Str31[32];
typedef unsigned char *StringPtr;
typedef const unsigned char *ConstStringPtr;
typedef const unsigned char *ConstStr255Param;
typedef const unsigned char *ConstStr63Param;
typedef const unsigned char *ConstStr31Param;

enum { noErr = 0 };
#ifndef PORTICO_NIL_OPTIONS
#define PORTICO_NIL_OPTIONS
#ifndef __kNilOptions_defined
#define __kNilOptions_defined
enum { kNilOptions = 0 };
#endif
#endif
enum { kUnknownType = 0x3F3F3F3F };

#endif
