/* SPDX-License-Identifier: MIT */
/*
 * Data queues for programs that know better than the shared memory: with a queue
 * size and a message header of their own. QUEUESIZE is the number of bytes for
 * entries, 0 for what the queue says itself; a queue mapped with
 * IOConnectMapMemory never uses more than the mapping has.
 */
#ifndef _IOKIT_IODATAQUEUECLIENTPRIVATE_H
#define _IOKIT_IODATAQUEUECLIENTPRIVATE_H

#include <stddef.h>

#include <IOKit/IODataQueueClient.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum {
	kIODataQueueDeliveryNotificationForce = (1 << 0),    /* wake the consumer always */
	kIODataQueueDeliveryNotificationSuppress = (1 << 1), /* never, unless forced */
};

/* Fill the DATASIZE bytes at DATA, which lie in the queue. The result is not used. */
typedef uint32_t (*IODataQueueClientEnqueueReadBytesCallback)(void *refcon, void *data,
							      uint32_t dataSize);

/* IODataQueuePeek; *ENTRYSIZE (may be NULL) is the size that was checked, whatever the entry says
 * later. */
IODataQueueEntry *_IODataQueuePeek(IODataQueueMemory *dataQueue, uint64_t queueSize,
				   size_t *entrySize);
/* IODataQueueDequeue. */
IOReturn _IODataQueueDequeue(IODataQueueMemory *dataQueue, uint64_t queueSize, void *data,
			     uint32_t *dataSize);
/* IODataQueueEnqueue with data from CALLBACK. MSGH: what to send instead of the wake-up that was set
 * with IODataQueueSetNotificationPort; its msgh_remote_port 0 sends nothing. */
IOReturn _IODataQueueEnqueueWithReadCallback(IODataQueueMemory *dataQueue, uint64_t queueSize,
					     mach_msg_header_t *msgh, uint32_t dataSize,
					     IODataQueueClientEnqueueReadBytesCallback callback,
					     void *refcon);
/* OPTIONS: kIODataQueueDeliveryNotification*. */
IOReturn
_IODataQueueEnqueueWithReadCallbackOptions(IODataQueueMemory *dataQueue, uint64_t queueSize,
					   mach_msg_header_t *msgh, uint32_t dataSize,
					   IODataQueueClientEnqueueReadBytesCallback callback,
					   void *refcon, uint32_t options);
/* Send a wake-up now. Success also when no port is set; MACH_SEND_TIMED_OUT when one waits already. */
IOReturn _IODataQueueSendDataAvailableNotification(IODataQueueMemory *dataQueue,
						   mach_msg_header_t *msgh);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
