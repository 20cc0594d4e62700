// SPDX-License-Identifier: MIT
/* What Linux counts about the machine, read anew each time from /proc and /sys. */
#pragma once

#include <stdbool.h>

#include <mach/host_info.h>

/* Cores among the first MOST processors: processors that share one count once. At least 1. */
unsigned machine_count_cores(unsigned most);
/* Ticks of processor CPU, or of all together (-1). False, and zeros, when it is off. */
bool machine_read_ticks(int cpu, natural_t ret_ticks[CPU_STATE_MAX]);
/* Load averages over 1, 5 and 15 minutes. */
void machine_read_load(double ret_load[3]);
/* Pages of vm_page_size; what Linux does not count is 0. */
void machine_read_pages(vm_statistics64_data_t *ret);
