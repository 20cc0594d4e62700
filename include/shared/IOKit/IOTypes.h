/* SPDX-License-Identifier: MIT */
/* Scalar, address and handle types of I/O Kit. */
#ifndef _IOKIT_IOTYPES_H
#define _IOKIT_IOTYPES_H

#include <stdbool.h>
#include <stdint.h>
#include <device/device_types.h>
#include <mach/message.h>
#include <mach/vm_types.h>

#include <IOKit/IOMapTypes.h>
#include <IOKit/IOReturn.h>

#ifndef NULL
#include <stddef.h>
#endif

typedef uint32_t IOOptionBits;
typedef int32_t IOFixed;
typedef uint32_t IOVersion;
typedef uint32_t IOItemCount;
typedef uint32_t IOCacheMode;

typedef uint32_t IOByteCount32;
typedef uint64_t IOByteCount64;
typedef uint32_t IOPhysicalAddress32;
typedef uint64_t IOPhysicalAddress64;
typedef uint32_t IOPhysicalLength32;
typedef uint64_t IOPhysicalLength64;

typedef uintptr_t IOVirtualAddress;
typedef uintptr_t IOLogicalAddress;
typedef uintptr_t IOByteCount;
typedef IOPhysicalAddress64 IOPhysicalAddress;
typedef IOPhysicalLength64 IOPhysicalLength;

typedef struct {
	mach_vm_address_t address;
	mach_vm_size_t length;
} IOAddressRange;

typedef struct {
	IOVirtualAddress address;
	IOByteCount length;
} IOVirtualRange;

typedef struct {
	IOPhysicalAddress address;
	IOByteCount length;
} IOPhysicalRange;

typedef struct {
	int value;
	const char *name;
} IONamedValue;

typedef unsigned int IOAlignment;

/* Handles: names of ports of this process. See IOKitLib.h for who releases them. */
typedef mach_port_t io_object_t;
typedef io_object_t io_connect_t;
typedef io_object_t io_enumerator_t;
typedef io_object_t io_ident_t;
typedef io_object_t io_iterator_t;
typedef io_object_t io_registry_entry_t;
typedef io_object_t io_service_t;
typedef io_object_t uext_object_t;

#define IO_OBJECT_NULL ((io_object_t)0)

typedef uint32_t IODisplayModeID;
typedef int32_t IOIndex;
typedef uint32_t IOAppleTimingID;

#ifndef PORTICO_NIL_OPTIONS
#define PORTICO_NIL_OPTIONS
/* kNilOptions */
#include <MacTypes.h>
#endif

/* IOConnectMapMemory: the memory type most drivers use. */
enum { kIODefaultMemoryType = 0 };

/* Nanoseconds of the usual units. */
enum {
	kNanosecondScale = 1,
	kMicrosecondScale = 1000,
	kMillisecondScale = 1000 * 1000,
	kTickScale = 10 * 1000 * 1000,
	kSecondScale = 1000 * 1000 * 1000
};

#endif
