/* SPDX-License-Identifier: MIT */
/*
 * Property values as bytes, in the forms that the macOS kernel reads: XML with
 * sets, hexadecimal integers and references (ID, IDREF), or binary. Portico's
 * own functions need neither; programs use them for files and messages.
 */
#ifndef __IOKIT_IOCFSERIALIZE_H
#define __IOKIT_IOCFSERIALIZE_H

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum { kIOCFSerializeToBinary = 0x00000001 };

/* OBJECT as bytes (caller releases): OPTIONS 0 for XML, whose text ends with a NUL that counts, or
 * kIOCFSerializeToBinary. Values are dictionaries with string keys, arrays, sets, strings, data, numbers
 * and booleans; any other object becomes a string that says so. NULL for NULL, unknown options, a
 * fraction or a NUL in XML, more than 512 levels, a string, data or collection of 16 Mi or more (binary), an
 * object that contains itself (binary: written, but never read back). */
CFDataRef IOCFSerialize(CFTypeRef object, CFOptionFlags options);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
