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

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
