// SPDX-License-Identifier: MIT
/* The machine: host_info, host_statistics and relatives, from what Linux counts. */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <mach/mach_host.h>
#include <mach/policy.h>

#include "port/machine.h"
#include "port/port_internal.h"

#if defined(__aarch64__)
enum { CPU_KIND = CPU_TYPE_ARM64, CPU_SUBKIND = CPU_SUBTYPE_ARM64_ALL };
#else
enum { CPU_KIND = CPU_TYPE_X86_64, CPU_SUBKIND = CPU_SUBTYPE_X86_64_ALL };
#endif

/* Copy an answer that may be asked for in its first MINIMUM words only. */
static kern_return_t answer(const void *value, mach_msg_type_number_t minimum,
			    mach_msg_type_number_t size, integer_t *out,
			    mach_msg_type_number_t *count)
{
	if (*count < minimum)
		return KERN_FAILURE;
	if (*count < size)
		size = minimum;
	memcpy(out, value, size * sizeof(integer_t));
	*count = size;
	return KERN_SUCCESS;
}

/* --- host_info ----------------------------------------------------------------- */

enum { BASIC_INFO_OLD_COUNT = 5 };

static void read_basic(host_basic_info_data_t *ret)
{
	struct sysinfo s;
	cpu_set_t allowed;

	*ret = (host_basic_info_data_t){ .cpu_type = CPU_KIND, .cpu_subtype = CPU_SUBKIND };
	ret->max_cpus = ret->logical_cpu_max = (integer_t)sysconf(_SC_NPROCESSORS_CONF);
	ret->logical_cpu = (integer_t)sysconf(_SC_NPROCESSORS_ONLN);
	ret->avail_cpus = sched_getaffinity(0, sizeof(allowed), &allowed) ? ret->logical_cpu
									  : CPU_COUNT(&allowed);
	ret->physical_cpu = ret->physical_cpu_max =
		(integer_t)machine_count_cores((unsigned)ret->max_cpus);
	if (ret->physical_cpu < ret->logical_cpu)
		ret->cpu_threadtype = CPU_THREADTYPE_INTEL_HTT;
	if (!sysinfo(&s))
		ret->max_mem = (uint64_t)s.totalram * s.mem_unit;
	ret->memory_size = (natural_t)(ret->max_mem < 1u << 31 ? ret->max_mem : 1u << 31);
}

static void read_scheduling(host_sched_info_data_t *ret)
{
	struct timespec slice = { 0, 0 };
	long ms;

	sched_rr_get_interval(0, &slice);
	ms = slice.tv_sec * 1000 + slice.tv_nsec / 1000000;
	ret->min_timeout = ret->min_quantum = ms ? (integer_t)ms : 1;
}

kern_return_t host_info(host_t host, host_flavor_t flavor, host_info_t host_info_out,
			mach_msg_type_number_t *host_info_outCnt)
{
	if (!port_is_kind(host, PORT_KIND_HOST) || !host_info_outCnt)
		return KERN_INVALID_ARGUMENT;
	if (flavor == HOST_SEMAPHORE_TRAPS || flavor == HOST_MACH_MSG_TRAP) {
		*host_info_outCnt = 0;
		return KERN_SUCCESS;
	}
	if (!host_info_out)
		return KERN_INVALID_ARGUMENT;
	if (flavor == HOST_BASIC_INFO) {
		host_basic_info_data_t basic;

		read_basic(&basic);
		return answer(&basic, BASIC_INFO_OLD_COUNT, HOST_BASIC_INFO_COUNT, host_info_out,
			      host_info_outCnt);
	}
	if (flavor == HOST_SCHED_INFO) {
		host_sched_info_data_t scheduling;

		read_scheduling(&scheduling);
		return answer(&scheduling, HOST_SCHED_INFO_COUNT, HOST_SCHED_INFO_COUNT,
			      host_info_out, host_info_outCnt);
	}
	if (flavor == HOST_PREFERRED_USER_ARCH) {
		host_preferred_user_arch_data_t arch = { CPU_KIND, CPU_SUBKIND };

		return answer(&arch, HOST_PREFERRED_USER_ARCH_COUNT, HOST_PREFERRED_USER_ARCH_COUNT,
			      host_info_out, host_info_outCnt);
	}
	return KERN_INVALID_ARGUMENT;
}

/* --- host_statistics ----------------------------------------------------------- */

/* Averages, and the processors that are left over at such a load. */
static void read_load(host_load_info_data_t *ret)
{
	double load[3] = { 0, 0, 0 }, cpus = (double)sysconf(_SC_NPROCESSORS_ONLN);

	machine_read_load(load);
	for (int i = 0; i < 3; i++) {
		double factor = load[i] > cpus ? cpus / (load[i] + 1) : cpus - load[i];

		ret->avenrun[i] = (integer_t)(load[i] * LOAD_SCALE);
		ret->mach_factor[i] = (integer_t)(factor * LOAD_SCALE);
	}
}

static void shorten(const vm_statistics64_data_t *from, vm_statistics_data_t *ret)
{
#define SHORT(field) (natural_t) VM_STATISTICS_TRUNCATE_TO_32_BIT(from->field)
	*ret = (vm_statistics_data_t){
		.free_count = from->free_count,
		.active_count = from->active_count,
		.inactive_count = from->inactive_count,
		.wire_count = from->wire_count,
		.zero_fill_count = SHORT(zero_fill_count),
		.reactivations = SHORT(reactivations),
		.pageins = SHORT(pageins),
		.pageouts = SHORT(pageouts),
		.faults = SHORT(faults),
		.cow_faults = SHORT(cow_faults),
		.lookups = SHORT(lookups),
		.hits = SHORT(hits),
		.purgeable_count = from->purgeable_count,
		.purges = SHORT(purges),
		.speculative_count = from->speculative_count,
	};
#undef SHORT
}

kern_return_t host_statistics(host_t host_priv, host_flavor_t flavor, host_info_t host_info_out,
			      mach_msg_type_number_t *host_info_outCnt)
{
	vm_statistics64_data_t pages;
	vm_statistics_data_t short_pages;
	host_load_info_data_t load;
	host_cpu_load_info_data_t ticks;

	if (!port_is_kind(host_priv, PORT_KIND_HOST))
		return KERN_INVALID_HOST;
	if (!host_info_out || !host_info_outCnt)
		return KERN_INVALID_ARGUMENT;
	switch (flavor) {
	case HOST_LOAD_INFO:
		read_load(&load);
		return answer(&load, HOST_LOAD_INFO_COUNT, HOST_LOAD_INFO_COUNT, host_info_out,
			      host_info_outCnt);
	case HOST_VM_INFO:
		machine_read_pages(&pages);
		shorten(&pages, &short_pages);
		if (*host_info_outCnt == HOST_VM_INFO_REV1_COUNT)
			return answer(&short_pages, HOST_VM_INFO_REV1_COUNT, HOST_VM_INFO_COUNT,
				      host_info_out, host_info_outCnt);
		return answer(&short_pages, HOST_VM_INFO_REV0_COUNT, HOST_VM_INFO_COUNT,
			      host_info_out, host_info_outCnt);
	case HOST_CPU_LOAD_INFO:
		if (*host_info_outCnt >= HOST_CPU_LOAD_INFO_COUNT)
			machine_read_ticks(-1, ticks.cpu_ticks);
		return answer(&ticks, HOST_CPU_LOAD_INFO_COUNT, HOST_CPU_LOAD_INFO_COUNT,
			      host_info_out, host_info_outCnt);
	default:
		return KERN_INVALID_ARGUMENT;
	}
}

kern_return_t host_statistics64(host_t host_priv, host_flavor_t flavor,
				host_info64_t host_info64_out,
				mach_msg_type_number_t *host_info64_outCnt)
{
	vm_statistics64_data_t pages;

	if (flavor != HOST_VM_INFO64)
		return host_statistics(host_priv, flavor, host_info64_out, host_info64_outCnt);
	if (!port_is_kind(host_priv, PORT_KIND_HOST))
		return KERN_INVALID_HOST;
	if (!host_info64_out || !host_info64_outCnt)
		return KERN_INVALID_ARGUMENT;
	machine_read_pages(&pages);
	return answer(&pages, HOST_VM_INFO64_REV0_COUNT, HOST_VM_INFO64_COUNT, host_info64_out,
		      host_info64_outCnt);
}

/* --- processors, pages, names -------------------------------------------------- */

kern_return_t host_processor_info(host_t host, processor_flavor_t flavor,
				  natural_t *out_processor_count,
				  processor_info_array_t *out_processor_info,
				  mach_msg_type_number_t *out_processor_infoCnt)
{
	const bool is_load = flavor == PROCESSOR_CPU_LOAD_INFO;
	const mach_msg_type_number_t words =
		is_load ? PROCESSOR_CPU_LOAD_INFO_COUNT : PROCESSOR_BASIC_INFO_COUNT;
	natural_t n = 0;

	if (!port_is_kind(host, PORT_KIND_HOST))
		return KERN_INVALID_ARGUMENT;
	if (!is_load && flavor != PROCESSOR_BASIC_INFO)
		return KERN_FAILURE;
	if (!out_processor_count || !out_processor_info || !out_processor_infoCnt)
		return KERN_INVALID_ARGUMENT;
	natural_t most = (natural_t)sysconf(_SC_NPROCESSORS_CONF);
	size_t size = (size_t)most * words * sizeof(integer_t);
	integer_t *list = port_pages_new(size);
	if (!list)
		return KERN_RESOURCE_SHORTAGE;
	for (natural_t cpu = 0; cpu < most; cpu++) {
		natural_t ticks[CPU_STATE_MAX];
		processor_basic_info_data_t basic = {
			CPU_KIND, CPU_SUBKIND, true, (int)cpu, { cpu == 0 }
		};

		/* One that is off is not in the kernel's table. */
		if (!machine_read_ticks((int)cpu, ticks))
			continue;
		memcpy(list + (size_t)n++ * words, is_load ? (void *)ticks : (void *)&basic,
		       words * sizeof(integer_t));
	}
	*out_processor_count = n;
	*out_processor_info = list;
	*out_processor_infoCnt = n * words;
	return KERN_SUCCESS;
}

kern_return_t host_page_size(host_t host, vm_size_t *out_page_size)
{
	if (!out_page_size)
		return KERN_INVALID_ARGUMENT;
	*out_page_size = vm_page_size;
	return KERN_SUCCESS;
}

kern_return_t host_kernel_version(host_t host, kernel_version_t kernel_version)
{
	struct utsname name;

	if (!port_is_kind(host, PORT_KIND_HOST) || !kernel_version)
		return KERN_INVALID_ARGUMENT;
	if (uname(&name))
		return KERN_FAILURE;
	snprintf(kernel_version, KERNEL_VERSION_MAX, "%s Kernel Version %s: %s; %s", name.sysname,
		 name.release, name.version, name.machine);
	return KERN_SUCCESS;
}
