// SPDX-License-Identifier: MIT
/*
 * What the firmware, the kernel and the installation say of the machine, as files with any content: the
 * node's properties are there and have the types that programs expect. The last
 * record of each kind is one file.
 */
#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "base/digest.h"
#include "bridge/platform.h"
#include "bridge/sysfs.h"

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

static char folder[64];
static int files[N_NAMES];
static size_t sizes[N_NAMES];

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

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void remove_folder(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_folders(char *path, const char *name)
{
	for (const char *slash = name; (slash = strchr(slash, '/')); slash++) {
		sprintf(path, "%s/%.*s", folder, (int)(slash - name), name);
		mkdir(path, 0700);
	}
	sprintf(path, "%s/%s", folder, name);
}

static void make_folder(void)
{
	char path[256];

	/* Files in memory, where there is such a place. */
	snprintf(folder, sizeof(folder), "%s/portico-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	fuzz_require(mkdtemp(folder) != NULL);
	atexit(remove_folder);
	for (int i = 0; i < N_NAMES; i++) {
		make_folders(path, names[i]);
		files[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		fuzz_require(files[i] >= 0);
	}
}

static void write_files(const uint8_t *data, size_t size)
{
	struct fuzz_input in = fuzz_input(data, size);
	struct fuzz_record record, last[N_NAMES] = { { 0 } };

	while (fuzz_next(&in, &record))
		last[record.kind % N_NAMES] = record;
	for (int i = 0; i < N_NAMES; i++) {
		size_t n = last[i].size;

		fuzz_require(!n || pwrite(files[i], last[i].data, n, 0) == (ssize_t)n);
		fuzz_require(n >= sizes[i] || !ftruncate(files[i], (off_t)n));
		sizes[i] = n;
	}
}

static void check_type(CFDictionaryRef properties, CFStringRef key, CFTypeID type, bool must_be)
{
	CFTypeRef value = CFDictionaryGetValue(properties, key);

	fuzz_require(value || !must_be);
	fuzz_require(!value || CFGetTypeID(value) == type);
}

static void run(const uint8_t *data, size_t size)
{
	struct bridge_platform_roots roots = { folder, folder };
	CFMutableDictionaryRef properties;
	char name[BRIDGE_PLATFORM_NAME_SIZE];
	uint8_t digest[DIGEST_SIZE];

	if (bridge_platform_read(&roots, &properties, name))
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
	if (!folder[0])
		make_folder();
	write_files(data, size);
	fuzz_audited(run, data, size);
	return 0;
}
