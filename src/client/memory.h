// SPDX-License-Identifier: MIT
/* Mappings of driver memory, and what is known about them by address. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <IOKit/IOKitLib.h>

#include "base/list.h"
#include "wire/data_queue.h"

/* A data queue in a mapping: what the shared memory cannot change. */
struct client_queue {
	struct list link; /* in its mapping */
	void *base;	  /* of the queue, not of the mapping */
	uint32_t size;	  /* bytes for entries as they were when it was mapped or first used */
	uint64_t
		room; /* bytes from BASE on; 0: there is no memory to know it, and it has no ends */
	bool writable; /* by us */
	struct wire_queue_end producer;
	char apart[64]; /* the two ends may be two threads of this process */
	struct wire_queue_end consumer;
};

/* The queue at BASE, until it is unmapped; NULL: we did not map it. A few ns when the thread asks again. */
struct client_queue *client_memory_find_queue(const void *base);
/* Whether BASE is in memory of a driver that has gone. */
bool client_memory_is_left(const void *base);
/* What was set for queues in that memory is void, and who waits there is told: it is being unmapped. */
void client_data_queue_forget(const void *base, size_t size);

/* Memory that belongs to the caller and to no connection. */
struct client_private_mapping {
	void *base;
	size_t size;
	bool writable;
	CFTypeRef context; /* what the driver says it is; the caller's, may be NULL */
};
/* Map MEMORY_TYPE of CONNECT once more; the codes of IOConnectMapMemory64. */
IOReturn client_memory_map_private(io_connect_t connect, uint32_t memory_type,
				   struct client_private_mapping *ret_mapping);
void client_memory_unmap_private(void *base, size_t size);

/* Around fork. */
void client_memory_lock(void);
void client_memory_unlock(void);
void client_data_queue_lock(void);
void client_data_queue_forget_waiters(void);
void client_data_queue_unlock(void);
