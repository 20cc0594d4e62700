// SPDX-License-Identifier: MIT
/* What is mapped where, from the kernel's list of mappings. */
#include <stdio.h>
#include <stdbool.h>
#include <string.h>

#include <mach/mach_init.h>
#include <mach/vm_map.h>

struct mapping {
	uint64_t start, end, offset;
	vm_prot_t protection;
	boolean_t shared;
};

/* The first mapping that ends above ADDRESS. */
static bool find(uint64_t address, struct mapping *ret)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[4200], bits[5];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		unsigned long long start, end, offset;

		if (sscanf(line, "%llx-%llx %4s %llx", &start, &end, bits, &offset) != 4 ||
		    end <= address)
			continue;
		*ret = (struct mapping){
			.start = start,
			.end = end,
			.offset = offset,
			.protection = (bits[0] == 'r' ? VM_PROT_READ : 0) |
				      (bits[1] == 'w' ? VM_PROT_WRITE : 0) |
				      (bits[2] == 'x' ? VM_PROT_EXECUTE : 0),
			.shared = bits[3] == 's',
		};
		found = true;
	}
	if (f)
		fclose(f);
	return found;
}

kern_return_t mach_vm_region(vm_map_t target, mach_vm_address_t *address, mach_vm_size_t *size,
			     vm_region_flavor_t flavor, vm_region_info_t info,
			     mach_msg_type_number_t *infoCnt, mach_port_t *object_name)
{
	const bool is_64 = flavor == VM_REGION_BASIC_INFO_64;
	const mach_msg_type_number_t words =
		is_64 ? VM_REGION_BASIC_INFO_COUNT_64 : VM_REGION_BASIC_INFO_COUNT;
	vm_region_basic_info_data_64_t wide = { 0 };
	vm_region_basic_info_data_t narrow = { 0 };
	struct mapping m;

	if (target != mach_task_self_ || !address || !size || !info || !infoCnt ||
	    (!is_64 && flavor != VM_REGION_BASIC_INFO) || *infoCnt < words)
		return KERN_INVALID_ARGUMENT;
	if (!find(*address, &m))
		return KERN_INVALID_ADDRESS;
	wide.protection = narrow.protection = m.protection;
	wide.max_protection = narrow.max_protection = VM_PROT_ALL;
	wide.inheritance = narrow.inheritance = m.shared ? VM_INHERIT_SHARE : VM_INHERIT_COPY;
	wide.shared = narrow.shared = m.shared;
	wide.offset = m.offset;
	narrow.offset = (uint32_t)m.offset;
	memcpy(info, is_64 ? (void *)&wide : (void *)&narrow, words * sizeof(*info));
	*infoCnt = words;
	*address = m.start;
	*size = m.end - m.start;
	if (object_name)
		*object_name = MACH_PORT_NULL;
	return KERN_SUCCESS;
}

kern_return_t vm_region_64(vm_map_t target, vm_address_t *address, vm_size_t *size,
			   vm_region_flavor_t flavor, vm_region_info_t info,
			   mach_msg_type_number_t *infoCnt, mach_port_t *object_name)
{
	mach_vm_address_t at = address ? *address : 0;
	mach_vm_size_t length = 0;
	kern_return_t result = mach_vm_region(target, address ? &at : NULL, size ? &length : NULL,
					      flavor, info, infoCnt, object_name);

	if (!result) {
		*address = (vm_address_t)at;
		*size = (vm_size_t)length;
	}
	return result;
}

kern_return_t vm_region(vm_map_t target, vm_address_t *address, vm_size_t *size,
			vm_region_flavor_t flavor, vm_region_info_t info,
			mach_msg_type_number_t *infoCnt, mach_port_t *object_name)
{
	return vm_region_64(target, address, size, flavor, info, infoCnt, object_name);
}
