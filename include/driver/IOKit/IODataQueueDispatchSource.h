/* SPDX-License-Identifier: MIT */
/*
 * A queue in shared memory whose two ends are told of each other by actions: the
 * consumer that there is data, the producer that there is room again. One
 * producer, one consumer; either may be a program that maps the memory
 * (portico/data_queue_source.h). A program cannot be told by an action: complete
 * an asynchronous call of it instead.
 *
 * Entries are a size (32 bits) and data rounded up to four bytes, the first one
 * 128 bytes into the memory. The other side may write anything there; it can lose
 * its own data, nothing more. Reference-counted; each end is used by one thread at
 * a time, everything else by any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <IOKit/IODispatchQueue.h>
#include <IOKit/IOMemoryDescriptor.h>
#include <IOKit/OSAction.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct IODataQueueDispatchSource IODataQueueDispatchSource;
/* DATA lies in the queue. The other side may write to it: copy before you check. */
typedef void (*IODataQueueClientEnqueueEntryFunction)(void *context, void *data, size_t dataSize);
typedef void (*IODataQueueClientDequeueEntryFunction)(void *context, const void *data,
						      size_t dataSize);

/* QUEUEBYTECOUNT bytes for entries, a multiple of 4. QUEUE (may be NULL) is retained with the source.
 * kIOReturnBadArgument: not a multiple, or too large; kIOReturnNoMemory. */
IOReturn IODataQueueDispatchSourceCreate(uint64_t queueByteCount, IODispatchQueue *queue,
					 IODataQueueDispatchSource **source);
/* Returns SOURCE. NULL is accepted. */
IODataQueueDispatchSource *IODataQueueDispatchSourceRetain(IODataQueueDispatchSource *source);
void IODataQueueDispatchSourceRelease(IODataQueueDispatchSource *source);
/* What an entry takes besides its data. */
size_t IODataQueueDispatchSourceGetDataQueueEntryHeaderSize(void);

/* For CopyClientMemoryForType: the same descriptor each time, with a reference for the caller. */
IOReturn IODataQueueDispatchSourceCopyMemory(IODataQueueDispatchSource *source,
					     IOMemoryDescriptor **memory);

/* ACTION (retained, NULL: none) is invoked when the queue becomes non-empty, when there is no room for
 * an entry, and at once when there is data already. */
IOReturn IODataQueueDispatchSourceSetDataAvailableHandler(IODataQueueDispatchSource *source,
							  OSAction *action);
/* ACTION is invoked when something was dequeued after the producer had found no room. */
IOReturn IODataQueueDispatchSourceSetDataServicedHandler(IODataQueueDispatchSource *source,
							 OSAction *action);
/* With a reference for the caller. kIOReturnNotReady: none is set. */
IOReturn IODataQueueDispatchSourceCopyDataAvailableHandler(IODataQueueDispatchSource *source,
							   OSAction **action);
IOReturn IODataQueueDispatchSourceCopyDataServicedHandler(IODataQueueDispatchSource *source,
							  OSAction **action);
/* Invoke the action that is set, if any and if the source is enabled. */
void IODataQueueDispatchSourceSendDataAvailable(IODataQueueDispatchSource *source);
void IODataQueueDispatchSourceSendDataServiced(IODataQueueDispatchSource *source);
/* A source is enabled when it is made. While it is not, no action is invoked; enabling invokes
 * DataAvailable when there is data. */
IOReturn IODataQueueDispatchSourceSetEnable(IODataQueueDispatchSource *source, bool enable);
/* No action is invoked any more, for good; their references are given back. */
IOReturn IODataQueueDispatchSourceCancel(IODataQueueDispatchSource *source);

/* Producer. kIOReturnOverrun: no room (the consumer is told as well); kIOReturnUnderrun: damaged. */
IOReturn IODataQueueDispatchSourceEnqueue(IODataQueueDispatchSource *source, uint32_t dataSize,
					  IODataQueueClientEnqueueEntryFunction callback,
					  void *context);
/* Tells nobody, but sets *SENDDATAAVAILABLE when IODataQueueDispatchSourceSendDataAvailable is to be
 * called at the end. */
IOReturn IODataQueueDispatchSourceEnqueueWithCoalesce(
	IODataQueueDispatchSource *source, uint32_t dataSize, bool *sendDataAvailable,
	IODataQueueClientEnqueueEntryFunction callback, void *context);
/* Is there room for ENTRYCOUNT entries of DATASIZE bytes? kIOReturnSuccess, kIOReturnOverrun;
 * kIOReturnError: damaged. */
IOReturn IODataQueueDispatchSourceCanEnqueueData(IODataQueueDispatchSource *source,
						 uint32_t dataSize);
IOReturn IODataQueueDispatchSourceCanEnqueueDataCount(IODataQueueDispatchSource *source,
						      uint32_t dataSize, uint32_t entryCount);

/* Consumer. kIOReturnUnderrun: empty; kIOReturnError: damaged. */
bool IODataQueueDispatchSourceIsDataAvailable(IODataQueueDispatchSource *source);
IOReturn IODataQueueDispatchSourcePeek(IODataQueueDispatchSource *source,
				       IODataQueueClientDequeueEntryFunction callback,
				       void *context);
IOReturn IODataQueueDispatchSourceDequeue(IODataQueueDispatchSource *source,
					  IODataQueueClientDequeueEntryFunction callback,
					  void *context);
IOReturn IODataQueueDispatchSourceDequeueWithCoalesce(
	IODataQueueDispatchSource *source, bool *sendDataServiced,
	IODataQueueClientDequeueEntryFunction callback, void *context);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
