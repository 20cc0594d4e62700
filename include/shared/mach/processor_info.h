// SPDX-License-Identifier: MIT
/* What host_processor_info answers, one element for each processor. Counts are in natural_t. */
#pragma once

#include <mach/machine.h>
#include <mach/message.h>

typedef integer_t *processor_info_t;
typedef integer_t *processor_info_array_t;
typedef int processor_flavor_t;

#define PROCESSOR_INFO_MAX (1024)
typedef integer_t processor_info_data_t[PROCESSOR_INFO_MAX];

#define PROCESSOR_BASIC_INFO 1
#define PROCESSOR_CPU_LOAD_INFO 2

struct processor_basic_info {
	cpu_type_t cpu_type;
	cpu_subtype_t cpu_subtype;
	boolean_t running;
	int slot_num;
	__extension__ union {
		boolean_t is_master;
		boolean_t is_main;
	};
};
typedef struct processor_basic_info processor_basic_info_data_t;
typedef struct processor_basic_info *processor_basic_info_t;
#define PROCESSOR_BASIC_INFO_COUNT \
	((mach_msg_type_number_t)(sizeof(processor_basic_info_data_t) / sizeof(natural_t)))

struct processor_cpu_load_info {
	unsigned int cpu_ticks[CPU_STATE_MAX]; /* 100 a second */
};
typedef struct processor_cpu_load_info processor_cpu_load_info_data_t;
typedef struct processor_cpu_load_info *processor_cpu_load_info_t;
#define PROCESSOR_CPU_LOAD_INFO_COUNT \
	((mach_msg_type_number_t)(sizeof(processor_cpu_load_info_data_t) / sizeof(natural_t)))

#define LOAD_SCALE 1000
