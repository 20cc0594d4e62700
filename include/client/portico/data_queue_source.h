/* SPDX-License-Identifier: MIT */
/*
 * A program's end of a driver's IODataQueueDispatchSource whose memory it has mapped
 * with IOConnectMapMemory: MEMORY and SIZE are what that gave, SIZE is trusted and
 * nothing in the memory is. One producer, one consumer. The driver is not told by
 * these functions: where one says that it wants to be, call a method of it.
 */
#ifndef PORTICO_DATA_QUEUE_SOURCE_H
#define PORTICO_DATA_QUEUE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>
#include <mach/vm_types.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

bool portico_data_queue_source_has_data(const void *memory, mach_vm_size_t size);
/* The oldest entry, in place. The driver can still write to it: copy before you check.
 * kIOReturnUnderrun: empty; kIOReturnError: damaged; kIOReturnBadArgument: no such memory. */
IOReturn portico_data_queue_source_peek(const void *memory, mach_vm_size_t size, const void **data,
					uint32_t *dataSize);
/* Copy the oldest entry to DATA and remove it; *DATASIZE is the room, then its size. DATA NULL: only
 * remove it. kIOReturnNoSpace: no room, nothing is changed. *SERVICED is set when the driver has found
 * the queue full and wants to know. */
IOReturn portico_data_queue_source_dequeue(void *memory, mach_vm_size_t size, void *data,
					   uint32_t *dataSize, bool *serviced);
/* Add an entry. kIOReturnOverrun: full; kIOReturnUnderrun: damaged. *AVAILABLE is set when the driver
 * has seen an empty queue, or there is no room. */
IOReturn portico_data_queue_source_enqueue(void *memory, mach_vm_size_t size, const void *data,
					   uint32_t dataSize, bool *available);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
