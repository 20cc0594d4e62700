// SPDX-License-Identifier: MIT
/* Mappings of driver memory, and what is known about them by address. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <IOKit/IOKitLib.h>

/* The bytes for entries of the data queue at BASE as they were when it was mapped (inside a mapping:
 * first used), whatever the shared memory says now, and the room from BASE on. False: we did not map
 * it. */
bool client_memory_find_queue(const void *base, uint32_t *ret_queue_size, uint64_t *ret_total_size);
/* Did we map it for writing? */
bool client_memory_is_writable(const void *base);
/* What was set for queues in that memory is void: it is being unmapped. */
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
void client_data_queue_unlock(void);
