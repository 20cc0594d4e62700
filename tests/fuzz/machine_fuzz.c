// SPDX-License-Identifier: MIT
/*
 * What the firmware, the kernel and the installation say of the machine, as files with any content: the
 * node's properties are there and have the types that programs expect. The last
 * record of each kind is one file.
 */
#include <ctype.h>
#include <string.h>

#include "audit.h"
#include "base/digest.h"
#include "bridge/platform.h"
#include "files.h"

static const char *const names[] = {
	"machine-id",
	"hostname",
	"class/dmi/id/product_name",
	"class/dmi/id/product_serial",
	"class/dmi/id/product_version",
	"class/dmi/id/product_family",
	"class/dmi/id/sys_vendor",
	"class/dmi/id/board_name",
	"firmware/devicetree/base/compatible",
	"firmware/devicetree/base/model",
	"firmware/devicetree/base/serial-number",
	"devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq",
};
enum { N_NAMES = sizeof(names) / sizeof(*names) };

static struct fuzz_file files[N_NAMES];

static const char *name_of(uint16_t kind)
{
	const char *name = names[kind % N_NAMES], *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

const struct fuzz_shape fuzz_shape = {
	.n_kinds = N_NAMES,
	.n_who = 1,
	.data_max = 5000,
	.name = name_of,
};

static void write_files(const uint8_t *data, size_t size)
{
	struct fuzz_input in = fuzz_input(data, size);
	struct fuzz_record record;

	for (int i = 0; i < N_NAMES; i++)
		files[i] = (struct fuzz_file){ .name = names[i] };
	while (fuzz_next(&in, &record)) {
		files[record.kind % N_NAMES].data = record.data;
		files[record.kind % N_NAMES].size = record.size;
	}
	fuzz_files_set(files, N_NAMES);
}

static void check_type(CFDictionaryRef properties, CFStringRef key, CFTypeID type, bool must_be)
{
	CFTypeRef value = CFDictionaryGetValue(properties, key);

	fuzz_require(value || !must_be);
	fuzz_require(!value || CFGetTypeID(value) == type);
}

static void run(const uint8_t *data, size_t size)
{
	struct bridge_platform_roots roots = { FUZZ_FILES, FUZZ_FILES };
	unsigned long n_opened = fuzz_files_n_opened();
	CFMutableDictionaryRef properties;
	char name[BRIDGE_PLATFORM_NAME_SIZE];
	uint8_t digest[DIGEST_SIZE];

	err_t err = bridge_platform_read(&roots, &properties, name);
	fuzz_require(fuzz_files_n_opened() > n_opened && !fuzz_files_n_open());
	if (err)
		return;
	CFTypeID string = CFStringGetTypeID(), bytes = CFDataGetTypeID();
	check_type(properties, CFSTR("IOPlatformUUID"), string, true);
	check_type(properties, CFSTR("IOPlatformSerialNumber"), string, true);
	check_type(properties, CFSTR("model"), bytes, true);
	check_type(properties, CFSTR("product-name"), bytes, true);
	check_type(properties, CFSTR("compatible"), bytes, true);
	check_type(properties, CFSTR("manufacturer"), bytes, false);
	check_type(properties, CFSTR("clock-frequency"), bytes, false);
	for (const char *c = name; *c; c++)
		fuzz_require(*c != '/' && !iscntrl((unsigned char)*c));
	CFRelease(properties);
	digest_of(data, size, digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	write_files(data, size);
	fuzz_audited(run, data, size);
	return 0;
}
