// SPDX-License-Identifier: MIT
/* Mappings of driver memory, and what is known about them by address. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes for entries of the data queue at BASE as they were when it was mapped (inside a mapping:
 * first used), whatever the shared memory says now, and the room from BASE on. False: we did not map
 * it. */
bool client_memory_find_queue(const void *base, uint32_t *ret_queue_size, uint64_t *ret_total_size);
/* Did we map it for writing? */
bool client_memory_is_writable(const void *base);
/* What was set for queues in that memory is void: it is being unmapped. */
void client_data_queue_forget(const void *base, size_t size);

/* Around fork. */
void client_memory_lock(void);
void client_memory_unlock(void);
void client_data_queue_lock(void);
void client_data_queue_unlock(void);
