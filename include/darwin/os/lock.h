// SPDX-License-Identifier: MIT
/* A lock of four bytes. Its waiters sleep; who gets it next is not defined. Not recursive. */
#ifndef PORTICO_OS_LOCK_H
#define PORTICO_OS_LOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct os_unfair_lock_s {
	uint32_t _os_unfair_lock_opaque;
} os_unfair_lock, *os_unfair_lock_t;

#if defined(__cplusplus)
#define OS_UNFAIR_LOCK_INIT (os_unfair_lock())
#else
#define OS_UNFAIR_LOCK_INIT ((os_unfair_lock){ 0 })
#endif

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* A thread that has it already ends the process with a message. */
void os_unfair_lock_lock(os_unfair_lock_t lock) __asm__("portico_os_unfair_lock_lock");
bool os_unfair_lock_trylock(os_unfair_lock_t lock) __asm__("portico_os_unfair_lock_trylock");
/* A thread that does not have it ends the process with a message. */
void os_unfair_lock_unlock(os_unfair_lock_t lock) __asm__("portico_os_unfair_lock_unlock");
/* End the process with a message unless this thread has (has not) the lock. */
void os_unfair_lock_assert_owner(const os_unfair_lock *lock) __asm__(
	"portico_os_unfair_lock_assert_owner");
void os_unfair_lock_assert_not_owner(const os_unfair_lock *lock) __asm__(
	"portico_os_unfair_lock_assert_not_owner");

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop

#endif
