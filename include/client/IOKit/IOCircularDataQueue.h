/* SPDX-License-Identifier: MIT */
/* A program's end of a lossy queue that a driver made; see IOCircularDataQueueImplementation.h. */
#ifndef _IOKIT_IOCIRCULARDATAQUEUE_H
#define _IOKIT_IOCIRCULARDATAQUEUE_H

#include <IOKit/IOCircularDataQueueImplementation.h>
#include <IOKit/IOKitLib.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* The queue whose memory the driver gives for MEMORYTYPE of CONNECT. The memory is the handle's own:
 * it stays when the connection is closed. Free with IOCircularDataQueueDestroy.
 * kIOReturnBadArgument: NULL, no such memory, or no circular queue in it; kIOReturnNoMemory;
 * kIOReturnUnsupported: the processor cannot exchange 16 bytes at once. */
IOReturn IOCircularDataQueueCreateWithConnection(IOCircularDataQueueCreateOptions options,
						 io_connect_t connect, uint32_t memoryType,
						 IOCircularDataQueue **queue);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
