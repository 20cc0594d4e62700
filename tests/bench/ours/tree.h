// SPDX-License-Identifier: MIT
/* What a connection is in: this program and the host of the driver. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ours_use {
	uint64_t resident_kib;
	uint64_t cpu_ns; /* without the calling thread's */
};

/* VmRSS of a process; 0 when there is none. */
uint64_t ours_tree_resident_kib(pid_t pid);
/* SERVER is the driver's IOUserServerName. False after bench_complain. */
bool ours_tree_use(const char *server, struct ours_use *use);
