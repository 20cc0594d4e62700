/* SPDX-License-Identifier: MIT */
/*
 * Memory of a driver that clients may map, and the structures of calls that
 * are too large to travel inside the message. Reference-counted; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>
#include <IOKit/IOTypes.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct IOMemoryDescriptor IOMemoryDescriptor;

enum {
	/* Clients can only ever read it: their descriptors cannot be made writable. */
	kIOMemoryClientReadOnly = 1,
};

/* Zero-filled shared memory of LENGTH bytes. NULL: LENGTH 0, out of memory or descriptors. */
IOMemoryDescriptor *IOMemoryDescriptorCreate(size_t length, IOOptionBits options);
/* Returns MEMORY. NULL is accepted. */
IOMemoryDescriptor *IOMemoryDescriptorRetain(IOMemoryDescriptor *memory);
void IOMemoryDescriptorRelease(IOMemoryDescriptor *memory);

uint64_t IOMemoryDescriptorGetLength(const IOMemoryDescriptor *memory);
/* The driver's view, page aligned. A client may change it at any moment: copy first, then check,
 * then use the copy. */
void *IOMemoryDescriptorGetBytes(const IOMemoryDescriptor *memory);
/* Copy out of or into it; return how many bytes were inside. */
uint64_t IOMemoryDescriptorReadBytes(const IOMemoryDescriptor *memory, uint64_t offset, void *bytes,
				     uint64_t length);
uint64_t IOMemoryDescriptorWriteBytes(IOMemoryDescriptor *memory, uint64_t offset,
				      const void *bytes, uint64_t length);

/* --- IOBufferMemoryDescriptor: memory that the driver makes, as DriverKit calls it ---------------- */

typedef IOMemoryDescriptor IOBufferMemoryDescriptor;
typedef struct IOAddressSegment {
	uint64_t address;
	uint64_t length;
} IOAddressSegment;

enum {
	kIOMemoryDirectionIn = 1,
	kIOMemoryDirectionOut = 2,
	kIOMemoryDirectionOutIn = 3,
	kIOMemoryDirectionInOut = 3,
};

/* CAPACITY zero-filled bytes, all of them its length. OPTIONS: kIOMemoryDirection*. ALIGNMENT: 0, or a
 * power of two up to the size of a page. kIOReturnBadArgument, kIOReturnNoMemory. */
IOReturn IOBufferMemoryDescriptorCreate(uint64_t options, uint64_t capacity, uint64_t alignment,
					IOBufferMemoryDescriptor **memory);
/* Where it is in the driver, and how long. */
IOReturn IOBufferMemoryDescriptorGetAddressRange(IOBufferMemoryDescriptor *memory,
						 IOAddressSegment *range);
/* Up to the capacity; before programs map it. kIOReturnBadArgument: 0, more, or not such memory. */
IOReturn IOBufferMemoryDescriptorSetLength(IOBufferMemoryDescriptor *memory, uint64_t length);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
