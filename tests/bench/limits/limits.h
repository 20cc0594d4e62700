// SPDX-License-Identifier: MIT
/*
 * What the machine can do, with nothing of Portico: the roles of the program
 * bench-limits (main.c), which links libc only. Hand-overs between two
 * processes are in pair.h. Each role ends with bench_serve.
 */
#pragma once

#include <stdint.h>

int limit_function(uint64_t parameter);	     /* calls of a function */
int limit_start_static(uint64_t parameter);  /* of a program that does nothing */
int limit_start_dynamic(uint64_t parameter); /* the same, linked dynamically */
int limit_getppid(uint64_t parameter);	     /* a system call that does nothing */
int limit_fan(uint64_t watchers);	     /* a message on a socket of each */
int limit_mutex(uint64_t parameter);	     /* a mutex that nobody else wants */
int limit_futex_threads(uint64_t parameter); /* to another thread, which sleeps, and back */
int limit_sleep(uint64_t interval_ns);	     /* the kernel's own timer */
