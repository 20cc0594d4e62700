// SPDX-License-Identifier: MIT
/*
 * sysctl for macOS programs. One published system, macOS 12; the rest is what
 * this machine says through sysconf and /proc.
 */
#include <sys/sysctl.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define OS_RELEASE "21.6.0"
#define OS_BUILD "21G115"

enum { TEXT_MAX = 512 };

/* What one name gives: a text (with its NUL), a number of 4 or 8 bytes, or a time. */
struct answer {
	char bytes[TEXT_MAX];
	size_t size;
};

static void put(struct answer *a, const void *data, size_t size)
{
	memcpy(a->bytes, data, size);
	a->size = size;
}

static void put_text(struct answer *a, const char *text)
{
	a->size = (size_t)snprintf(a->bytes, sizeof(a->bytes), "%s", text) + 1;
	if (a->size > sizeof(a->bytes))
		a->size = sizeof(a->bytes);
}

static void put_int(struct answer *a, long value)
{
	int32_t narrow = value > INT32_MAX ? INT32_MAX : (int32_t)value;

	put(a, &narrow, sizeof(narrow));
}

static void put_long(struct answer *a, int64_t value)
{
	put(a, &value, sizeof(value));
}

/* The text after KEY and a colon in a /proc file. */
static bool find_in_file(const char *path, const char *key, char *ret_text, size_t size)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t capacity = 0, n = strlen(key);
	bool is_found = false;

	while (f && !is_found && getline(&line, &capacity, f) > 0) {
		const char *value = strchr(line, ':');

		if (strncmp(line, key, n) || !value)
			continue;
		value += 1 + strspn(value + 1, " \t");
		snprintf(ret_text, size, "%.*s", (int)strcspn(value, "\n"), value);
		is_found = true;
	}
	free(line);
	if (f)
		fclose(f);
	return is_found;
}

static bool get_system_text(const char *name, struct answer *a)
{
	struct utsname u;

	uname(&u);
	if (!strcmp(name, "kern.ostype"))
		put_text(a, "Darwin");
	else if (!strcmp(name, "kern.osrelease"))
		put_text(a, OS_RELEASE);
	else if (!strcmp(name, "kern.osversion"))
		put_text(a, OS_BUILD);
	else if (!strcmp(name, "kern.osproductversion"))
		put_text(a, "12.6");
	else if (!strcmp(name, "kern.hostname"))
		put_text(a, u.nodename);
	else if (!strcmp(name, "hw.machine"))
		put_text(a, strcmp(u.machine, "aarch64") ? u.machine : "arm64");
	else if (!strcmp(name, "kern.version"))
		put_text(a, "Darwin Kernel Version " OS_RELEASE ": Portico " PORTICO_VERSION);
	else
		return false;
	return true;
}

static bool read_line(const char *path, char *text, int size)
{
	FILE *f = fopen(path, "re");
	bool is_read = f && fgets(text, size, f);

	if (f)
		fclose(f);
	if (is_read)
		text[strcspn(text, "\n")] = 0;
	return is_read && *text;
}

/* Texts that the hardware has, as far as the kernel shows them. */
static bool get_hardware_text(const char *name, struct answer *a)
{
	char text[TEXT_MAX];

	if (!strcmp(name, "hw.model")) {
		if (!read_line("/sys/class/dmi/id/product_name", text, sizeof(text)) &&
		    !read_line("/sys/firmware/devicetree/base/model", text, sizeof(text)))
			strcpy(text, "Linux");
	} else if (!strcmp(name, "machdep.cpu.brand_string")) {
		if (!find_in_file("/proc/cpuinfo", "model name", text, sizeof(text)))
			strcpy(text, "unknown");
	} else if (!strcmp(name, "machdep.cpu.vendor")) {
		if (!find_in_file("/proc/cpuinfo", "vendor_id", text, sizeof(text)))
			strcpy(text, "unknown");
	} else if (!strcmp(name, "kern.uuid")) {
		if (!read_line("/proc/sys/kernel/random/boot_id", text, sizeof(text)))
			return false;
		for (char *c = text; *c; c++)
			if (*c >= 'a' && *c <= 'f')
				*c -= 'a' - 'A';
	} else {
		return false;
	}
	put_text(a, text);
	return true;
}

static long physical_processors(void)
{
	char text[TEXT_MAX];
	long cores = 0, sockets = 1;

	/* "cpu cores" counts those of one package. */
	if (find_in_file("/proc/cpuinfo", "cpu cores", text, sizeof(text)))
		cores = strtol(text, NULL, 10) * sockets;
	if (cores < 1 || cores > sysconf(_SC_NPROCESSORS_CONF))
		cores = sysconf(_SC_NPROCESSORS_CONF);
	return cores;
}

static long clock_frequency(void)
{
	char text[TEXT_MAX];
	long khz = 0;

	if (read_line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", text, sizeof(text)))
		khz = strtol(text, NULL, 10);
	else if (find_in_file("/proc/cpuinfo", "cpu MHz", text, sizeof(text)))
		khz = (long)(strtod(text, NULL) * 1000);
	return khz * 1000;
}

static bool get_boot_time(struct answer *a)
{
	struct timespec real, since_boot;
	struct timeval boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	boot.tv_sec = real.tv_sec - since_boot.tv_sec;
	boot.tv_usec = (real.tv_nsec - since_boot.tv_nsec) / 1000;
	if (boot.tv_usec < 0) {
		boot.tv_usec += 1000000;
		boot.tv_sec--;
	}
	put(a, &boot, sizeof(boot));
	return true;
}

static long cache_line_size(void)
{
	long size = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);

	return size > 0 ? size : 64;
}

static long number_in_file(const char *key)
{
	char text[TEXT_MAX];

	return find_in_file("/proc/cpuinfo", key, text, sizeof(text)) ? strtol(text, NULL, 10) : -1;
}

static long processor_family(void)
{
	return number_in_file("cpu family");
}

static long processor_model(void)
{
	return number_in_file("model\t");
}

static long processor_stepping(void)
{
	return number_in_file("stepping");
}

/* Distinct packages: IDs count up from 0. */
static long packages(void)
{
	long most = 0, n = sysconf(_SC_NPROCESSORS_CONF);

	for (long i = 0; i < n; i++) {
		char path[96], text[TEXT_MAX];

		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%ld/topology/physical_package_id", i);
		if (read_line(path, text, sizeof(text)) && strtol(text, NULL, 10) > most)
			most = strtol(text, NULL, 10);
	}
	return most + 1;
}

static long open_files(void)
{
	char text[TEXT_MAX];

	return read_line("/proc/sys/fs/file-max", text, sizeof(text)) ? strtol(text, NULL, 10) : -1;
}

#if defined(__aarch64__)
enum { CPU_KIND = 0x0100000c, CPU_SUBKIND = 2 };
#else
enum { CPU_KIND = 7, CPU_SUBKIND = 3 };
#endif

struct number {
	const char *name;
	bool is_wide;
	long fixed;   /* when GET is NULL and VARIABLE negative */
	int variable; /* of sysconf */
	long (*get)(void);
};

static const struct number numbers[] = {
	{ "hw.ncpu", false, 0, _SC_NPROCESSORS_CONF, NULL },
	{ "hw.logicalcpu", false, 0, _SC_NPROCESSORS_ONLN, NULL },
	{ "hw.logicalcpu_max", false, 0, _SC_NPROCESSORS_CONF, NULL },
	{ "hw.activecpu", false, 0, _SC_NPROCESSORS_ONLN, NULL },
	{ "hw.physicalcpu", false, 0, -1, physical_processors },
	{ "hw.physicalcpu_max", false, 0, -1, physical_processors },
	{ "machdep.cpu.core_count", false, 0, -1, physical_processors },
	{ "machdep.cpu.thread_count", false, 0, _SC_NPROCESSORS_CONF, NULL },
	{ "hw.byteorder", false, 1234, -1, NULL },
	{ "hw.pagesize", true, 0, _SC_PAGESIZE, NULL },
	{ "hw.cachelinesize", true, 0, -1, cache_line_size },
	{ "hw.cpufrequency", true, 0, -1, clock_frequency },
	{ "hw.cpufrequency_max", true, 0, -1, clock_frequency },
	{ "hw.packages", false, 0, -1, packages },
	{ "hw.nperflevels", false, 1, -1, NULL },
	{ "hw.perflevel0.physicalcpu", false, 0, -1, physical_processors },
	{ "hw.perflevel0.physicalcpu_max", false, 0, -1, physical_processors },
	{ "hw.perflevel0.logicalcpu", false, 0, _SC_NPROCESSORS_ONLN, NULL },
	{ "hw.perflevel0.logicalcpu_max", false, 0, _SC_NPROCESSORS_CONF, NULL },
	{ "hw.l1icachesize", true, 0, _SC_LEVEL1_ICACHE_SIZE, NULL },
	{ "hw.l1dcachesize", true, 0, _SC_LEVEL1_DCACHE_SIZE, NULL },
	{ "hw.l2cachesize", true, 0, _SC_LEVEL2_CACHE_SIZE, NULL },
	{ "hw.l3cachesize", true, 0, _SC_LEVEL3_CACHE_SIZE, NULL },
	{ "hw.cputype", false, CPU_KIND, -1, NULL },
	{ "hw.cpusubtype", false, CPU_SUBKIND, -1, NULL },
	{ "hw.cpu64bit_capable", false, 1, -1, NULL },
	{ "hw.tbfrequency", true, 1000000000, -1, NULL },
	{ "machdep.cpu.family", false, 0, -1, processor_family },
	{ "machdep.cpu.model", false, 0, -1, processor_model },
	{ "machdep.cpu.stepping", false, 0, -1, processor_stepping },
	{ "kern.maxfiles", false, 0, -1, open_files },
	{ "kern.ngroups", false, 0, _SC_NGROUPS_MAX, NULL },
	{ "kern.osrevision", false, 199506, -1, NULL },
	{ "kern.maxproc", false, 0, _SC_CHILD_MAX, NULL },
	{ "kern.argmax", false, 0, _SC_ARG_MAX, NULL },
};

static bool get_number(const char *name, struct answer *a)
{
	struct sysinfo info;

	if (!strcmp(name, "hw.memsize") && sysinfo(&info) == 0) {
		put_long(a, (int64_t)info.totalram * info.mem_unit);
		return true;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct number *n = &numbers[i];
		long value;

		if (strcmp(n->name, name))
			continue;
		value = n->get ? n->get() : n->variable >= 0 ? sysconf(n->variable) : n->fixed;
		/* The kernel does not say. */
		if (value <= 0)
			return false;
		if (n->is_wide)
			put_long(a, value);
		else
			put_int(a, value);
		return true;
	}
	return false;
}

static bool get_flag(const char *name, struct answer *a)
{
	/* Questions of a macOS that Linux answers with no. */
	static const char *const off[] = { "kern.safeboot", "kern.netboot",
					   "sysctl.proc_translated" };

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (!strcmp(off[i], name)) {
			put_int(a, 0);
			return true;
		}
	return false;
}

static bool get_structure(const char *name, struct answer *a)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return false;
	if (!strcmp(name, "vm.loadavg")) {
		struct loadavg l = { .fscale = 1 << 11 };

		for (int i = 0; i < 3; i++)
			l.ldavg[i] = (fixpt_t)(info.loads[i] >> (SI_LOAD_SHIFT - 11));
		put(a, &l, sizeof(l));
	} else if (!strcmp(name, "vm.swapusage")) {
		struct xsw_usage u = { .xsu_total = (uint64_t)info.totalswap * info.mem_unit,
				       .xsu_avail = (uint64_t)info.freeswap * info.mem_unit,
				       .xsu_pagesize = (uint32_t)sysconf(_SC_PAGESIZE) };

		u.xsu_used = u.xsu_total - u.xsu_avail;
		put(a, &u, sizeof(u));
	} else if (!strcmp(name, "kern.clockrate")) {
		int hz = (int)sysconf(_SC_CLK_TCK);
		struct clockinfo c = { hz, 1000000 / hz, 0, hz, hz };

		put(a, &c, sizeof(c));
	} else {
		return false;
	}
	return true;
}

static int answer_to(const char *name, void *old, size_t *old_size)
{
	struct answer a;
	bool is_known = get_system_text(name, &a) || get_hardware_text(name, &a) ||
			get_number(name, &a) || get_flag(name, &a) || get_structure(name, &a) ||
			(!strcmp(name, "kern.boottime") && get_boot_time(&a));

	if (!is_known) {
		errno = ENOENT;
		return -1;
	}
	if (old && old_size) {
		size_t n = a.size < *old_size ? a.size : *old_size;
		int64_t wide;

		/* Programs ask for wide numbers with room for narrow ones only, and the kernel of
		 * macOS narrows them. */
		if (a.size == sizeof(wide) && *old_size == sizeof(int32_t)) {
			memcpy(&wide, a.bytes, sizeof(wide));
			put_int(&a, wide);
		}
		memcpy(old, a.bytes, n);
		if (n < a.size) {
			*old_size = n;
			errno = ENOMEM;
			return -1;
		}
	}
	if (old_size)
		*old_size = a.size;
	return 0;
}

int sysctlbyname(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size)
{
	if (!name || (old && !old_size)) {
		errno = EFAULT;
		return -1;
	}
	if (new_value || new_size) {
		errno = EPERM;
		return -1;
	}
	return answer_to(name, old, old_size);
}

/* The names that have numbers. */
static const struct {
	int group, number;
	const char *name;
} numbered[] = {
	{ CTL_KERN, KERN_OSTYPE, "kern.ostype" },
	{ CTL_KERN, KERN_OSRELEASE, "kern.osrelease" },
	{ CTL_KERN, KERN_OSREV, "kern.osrevision" },
	{ CTL_KERN, KERN_VERSION, "kern.version" },
	{ CTL_KERN, KERN_MAXPROC, "kern.maxproc" },
	{ CTL_KERN, KERN_MAXFILES, "kern.maxfiles" },
	{ CTL_KERN, KERN_ARGMAX, "kern.argmax" },
	{ CTL_KERN, KERN_HOSTNAME, "kern.hostname" },
	{ CTL_KERN, KERN_CLOCKRATE, "kern.clockrate" },
	{ CTL_KERN, KERN_NGROUPS, "kern.ngroups" },
	{ CTL_KERN, KERN_BOOTTIME, "kern.boottime" },
	{ CTL_KERN, KERN_OSVERSION, "kern.osversion" },
	{ CTL_VM, VM_LOADAVG, "vm.loadavg" },
	{ CTL_VM, VM_SWAPUSAGE, "vm.swapusage" },
	{ CTL_HW, HW_MACHINE, "hw.machine" },
	{ CTL_HW, HW_MODEL, "hw.model" },
	{ CTL_HW, HW_NCPU, "hw.ncpu" },
	{ CTL_HW, HW_BYTEORDER, "hw.byteorder" },
	{ CTL_HW, HW_PAGESIZE, "hw.pagesize" },
	{ CTL_HW, HW_CPU_FREQ, "hw.cpufrequency" },
	{ CTL_HW, HW_CACHELINE, "hw.cachelinesize" },
	{ CTL_HW, HW_L1ICACHESIZE, "hw.l1icachesize" },
	{ CTL_HW, HW_L1DCACHESIZE, "hw.l1dcachesize" },
	{ CTL_HW, HW_L2CACHESIZE, "hw.l2cachesize" },
	{ CTL_HW, HW_L3CACHESIZE, "hw.l3cachesize" },
	{ CTL_HW, HW_TB_FREQ, "hw.tbfrequency" },
	{ CTL_HW, HW_MEMSIZE, "hw.memsize" },
	{ CTL_HW, HW_AVAILCPU, "hw.activecpu" },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int sysctl(int *name, unsigned int name_size, void *old, size_t *old_size, void *new_value,
	   size_t new_size)
{
	if (!name || name_size != 2) {
		errno = name ? ENOENT : EFAULT;
		return -1;
	}
	for (size_t i = 0; i < COUNT(numbered); i++)
		if (numbered[i].group == name[0] && numbered[i].number == name[1])
			return sysctlbyname(numbered[i].name, old, old_size, new_value, new_size);
	errno = ENOENT;
	return -1;
}

int sysctlnametomib(const char *name, int *numbers_out, size_t *count)
{
	if (!name || !numbers_out || !count) {
		errno = EFAULT;
		return -1;
	}
	for (size_t i = 0; i < COUNT(numbered); i++) {
		if (strcmp(numbered[i].name, name) != 0)
			continue;
		if (*count < 2) {
			errno = ENOMEM;
			return -1;
		}
		numbers_out[0] = numbered[i].group;
		numbers_out[1] = numbered[i].number;
		*count = 2;
		return 0;
	}
	errno = ENOENT;
	return -1;
}
