// SPDX-License-Identifier: MIT
#include "port/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mach/mach_init.h>

unsigned machine_count_cores(unsigned most)
{
	unsigned n = 0;

	for (unsigned cpu = 0; cpu < most; cpu++) {
		char path[96];
		unsigned first;
		FILE *f;

		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
		f = fopen(path, "re");
		if (!f)
			continue; /* off, or no topology is told */
		/* A core counts with the first of its processors. */
		if (fscanf(f, "%u", &first) == 1 && first == cpu)
			n++;
		fclose(f);
	}
	return n ? n : most ? most : 1;
}

bool machine_read_ticks(int cpu, natural_t ret_ticks[CPU_STATE_MAX])
{
	char name[16], line[512];
	FILE *f = fopen("/proc/stat", "re");
	bool found = false;

	memset(ret_ticks, 0, CPU_STATE_MAX * sizeof(*ret_ticks));
	if (!f)
		return false;
	if (cpu < 0)
		strcpy(name, "cpu ");
	else
		snprintf(name, sizeof(name), "cpu%d ", cpu);
	while (!found && fgets(line, sizeof(line), f)) {
		/* user, nice, system, idle, iowait, irq, softirq, steal */
		unsigned long long t[8] = { 0 };

		if (strncmp(line, name, strlen(name)) != 0)
			continue;
		found = sscanf(line + strlen(name), "%llu %llu %llu %llu %llu %llu %llu %llu",
			       &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]) >= 4;
		ret_ticks[CPU_STATE_USER] = (natural_t)t[0];
		ret_ticks[CPU_STATE_NICE] = (natural_t)t[1];
		ret_ticks[CPU_STATE_SYSTEM] = (natural_t)(t[2] + t[5] + t[6] + t[7]);
		ret_ticks[CPU_STATE_IDLE] = (natural_t)(t[3] + t[4]);
	}
	fclose(f);
	return found;
}

void machine_read_load(double ret_load[3])
{
	if (getloadavg(ret_load, 3) != 3)
		ret_load[0] = ret_load[1] = ret_load[2] = 0;
}

/* Lines "name value" or "name: value kB". */
struct counter {
	const char *name;
	unsigned long long value;
};

static void read_counters(const char *path, struct counter *counters, size_t n)
{
	char line[256], name[128];
	unsigned long long value;
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%127[^: ]%*[: ]%llu", name, &value) != 2)
			continue;
		for (size_t i = 0; i < n; i++)
			if (!strcmp(counters[i].name, name))
				counters[i].value = value;
	}
	if (f)
		fclose(f);
}

void machine_read_pages(vm_statistics64_data_t *ret)
{
	enum { TOTAL, FREE, ACTIVE, INACTIVE, ANONYMOUS, CACHED, BUFFERS, SHARED, ZSWAP, ZSWAPPED };
	enum { IN, OUT, FAULTS, SWAP_IN, SWAP_OUT, Z_IN, Z_OUT };
	struct counter k[] = { { "MemTotal", 0 }, { "MemFree", 0 },   { "Active", 0 },
			       { "Inactive", 0 }, { "AnonPages", 0 }, { "Cached", 0 },
			       { "Buffers", 0 },  { "Shmem", 0 },     { "Zswap", 0 },
			       { "Zswapped", 0 } };
	struct counter e[] = { { "pgpgin", 0 }, { "pgpgout", 0 }, { "pgfault", 0 },
			       { "pswpin", 0 }, { "pswpout", 0 }, { "zswpin", 0 },
			       { "zswpout", 0 } };
	const unsigned long long page_k = vm_page_size / 1024;
	unsigned long long used, files;

	read_counters("/proc/meminfo", k, sizeof(k) / sizeof(*k));
	read_counters("/proc/vmstat", e, sizeof(e) / sizeof(*e));
	/* What is neither free nor on a list of the pager belongs to the kernel or is locked. */
	used = k[FREE].value + k[ACTIVE].value + k[INACTIVE].value + k[ZSWAP].value;
	files = k[CACHED].value + k[BUFFERS].value;
	*ret = (vm_statistics64_data_t){
		.free_count = (natural_t)(k[FREE].value / page_k),
		.active_count = (natural_t)(k[ACTIVE].value / page_k),
		.inactive_count = (natural_t)(k[INACTIVE].value / page_k),
		.wire_count =
			(natural_t)(k[TOTAL].value > used ? (k[TOTAL].value - used) / page_k : 0),
		.pageins = e[IN].value / page_k,
		.pageouts = e[OUT].value / page_k,
		.faults = e[FAULTS].value,
		.swapins = e[SWAP_IN].value,
		.swapouts = e[SWAP_OUT].value,
		.decompressions = e[Z_IN].value,
		.compressions = e[Z_OUT].value,
		.compressor_page_count = (natural_t)(k[ZSWAP].value / page_k),
		.total_uncompressed_pages_in_compressor = k[ZSWAPPED].value / page_k,
		.external_page_count =
			(natural_t)(files > k[SHARED].value ? (files - k[SHARED].value) / page_k
							    : 0),
		.internal_page_count = (natural_t)((k[ANONYMOUS].value + k[SHARED].value) / page_k),
	};
}
