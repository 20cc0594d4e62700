/* SPDX-License-Identifier: MIT */
/* A driver's lossy queue for any number of readers; see IOCircularDataQueueImplementation.h. */
#pragma once

#include <IOKit/IOCircularDataQueueImplementation.h>
#include <IOKit/IOMemoryDescriptor.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A ring of NUMENTRIES entries of at most ENTRYSIZE bytes. Free with IOCircularDataQueueDestroy.
 * kIOReturnBadArgument: NULL, a zero, or more than 2^32 - 1 bytes in all; kIOReturnNoMemory;
 * kIOReturnUnsupported: the processor cannot exchange 16 bytes at once. */
IOReturn IOCircularDataQueueCreateWithEntries(IOCircularDataQueueCreateOptions options,
					      uint32_t numEntries, uint32_t entrySize,
					      IOCircularDataQueue **queue);
/* For clientMemoryForType (with kIOMapReadOnly, if the driver is the producer): the same descriptor
 * each time, with a reference for the caller. It tells programs that it is a circular queue. */
IOMemoryDescriptor *IOCircularDataQueueCopyMemoryDescriptor(IOCircularDataQueue *queue);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
