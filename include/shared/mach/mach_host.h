// SPDX-License-Identifier: MIT
/*
 * The machine. HOST is mach_host_self(); counts are the room on entry and the size on return, both
 * in integer_t. Any thread.
 */
#pragma once

#include <mach/host_info.h>
#include <mach/mach_types.h>
#include <mach/processor_info.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* KERN_INVALID_ARGUMENT: no host, or an unknown flavor; KERN_FAILURE: too little room. */
kern_return_t host_info(host_t host, host_flavor_t flavor, host_info_t host_info_out,
			mach_msg_type_number_t *host_info_outCnt);
/* KERN_INVALID_HOST, KERN_INVALID_ARGUMENT (flavor), KERN_FAILURE (room). */
kern_return_t host_statistics(host_t host_priv, host_flavor_t flavor, host_info_t host_info_out,
			      mach_msg_type_number_t *host_info_outCnt);
kern_return_t host_statistics64(host_t host_priv, host_flavor_t flavor,
				host_info64_t host_info64_out,
				mach_msg_type_number_t *host_info64_outCnt);
/* An array for all processors, in memory that the caller frees with vm_deallocate. */
kern_return_t host_processor_info(host_t host, processor_flavor_t flavor,
				  natural_t *out_processor_count,
				  processor_info_array_t *out_processor_info,
				  mach_msg_type_number_t *out_processor_infoCnt);
kern_return_t host_page_size(host_t host, vm_size_t *out_page_size);
/* The kernel's name and version as text. */
kern_return_t host_kernel_version(host_t host, kernel_version_t kernel_version);
/* A send right to SYSTEM_CLOCK or CALENDAR_CLOCK for clock_get_time; mach_port_deallocate it. */
kern_return_t host_get_clock_service(host_t host, clock_id_t clock_id, clock_serv_t *clock_serv);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
