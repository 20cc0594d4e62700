// SPDX-License-Identifier: MIT
/*
 * Sealed shared memory. The creator sizes and seals a memory file before it
 * shares it, so that no peer can truncate it under somebody's mapping.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A program's limit of file sizes counts for memory files, too: who makes a larger one gets SIGXFSZ and ends. */
bool shm_is_allowed(size_t size);
/* A zero-filled memory file of SIZE bytes (the file is rounded up to pages), sealed against
 * shrinking and growing. */
err_t shm_create(const char *name, size_t size, int *ret_fd);
/* The same for memory that only the caller writes: mapped at RET_BASE for SIZE bytes, then sealed
 * against all other writing, whoever gets a descriptor of it and reopens that. */
err_t shm_create_read_only(const char *name, size_t size, int *ret_fd, void **ret_base);
/* The same, but how it may be shared is decided later, by the first shm_settle. */
err_t shm_create_unsettled(const char *name, size_t size, int *ret_fd);
/* For good: mappings that exist stay writable, and new ones may be (READ_ONLY false) or may not.
 * Settling again has no effect. To be called before a descriptor is given away. */
err_t shm_settle(int fd, bool read_only);
/* A second descriptor of the same memory that can be mapped for reading only. -ENOSYS: /proc is not mounted. */
err_t shm_reopen_read_only(int fd, int *ret_fd);
/* Check that FD is a memory file sealed against resizing with at least SIZE bytes; -EBADMSG when
 * it is anything else. To be called on every received descriptor before it is mapped. */
err_t shm_verify(int fd, size_t size);
err_t shm_map(int fd, size_t size, bool writable, void **ret_base);
/* NULL is harmless. SIZE as given to shm_map. */
void shm_unmap(void *base, size_t size);
