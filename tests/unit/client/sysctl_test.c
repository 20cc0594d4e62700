// SPDX-License-Identifier: MIT
/* sysctl as macOS programs use it (clients.md 5, design.md 15). */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include "test.h"

static const char *text_of(const char *name)
{
	static char text[512];
	size_t size = sizeof(text);

	test_equal(sysctlbyname(name, text, &size, NULL, 0), 0);
	test_equal(size, strlen(text) + 1);
	return text;
}

TEST(the_system_is_darwin_21)
{
	test_equal_text(text_of("kern.ostype"), "Darwin");
	test_equal(strncmp(text_of("kern.osrelease"), "21.", 3), 0);
	test_equal(strncmp(text_of("kern.version"), "Darwin Kernel Version 21.", 25), 0);
	test_true(text_of("hw.model")[0] && text_of("hw.machine")[0]);
}

TEST(numbers_have_their_width)
{
	int32_t n = 0;
	uint64_t memory = 0;
	size_t size = sizeof(n);

	test_equal(sysctlbyname("hw.ncpu", &n, &size, NULL, 0), 0);
	test_equal(size, 4);
	test_equal(n, sysconf(_SC_NPROCESSORS_CONF));
	size = sizeof(memory);
	test_equal(sysctlbyname("hw.memsize", &memory, &size, NULL, 0), 0);
	test_equal(size, 8);
	test_true(memory > 1024 * 1024);
	int names[2] = { CTL_HW, HW_NCPU };
	int32_t again = 0;
	size = sizeof(again);
	test_equal(sysctl(names, 2, &again, &size, NULL, 0), 0);
	test_equal(again, n);
	size = sizeof(again);
	test_equal(sysctlbyname("hw.pagesize", &again, &size, NULL, 0), 0);
	test_equal(again, sysconf(_SC_PAGESIZE));
	test_equal(size, 4);
}

TEST(the_processor_is_described)
{
	int32_t n = 0, cores = sysconf(_SC_NPROCESSORS_CONF);
	size_t size = sizeof(n);
	char line[4096], model[4096] = "unknown";
	FILE *f = fopen("/proc/cpuinfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "model name : %4095[^\n]", model) == 1)
			break;
	if (f)
		fclose(f);
	test_equal_text(text_of("machdep.cpu.brand_string"), model);
	test_equal(sysctlbyname("hw.physicalcpu", &n, &size, NULL, 0), 0);
	test_true(n >= 1 && n <= cores);
}

TEST(sizes_are_told_and_short_buffers_refused)
{
	char text[4];
	size_t size = 0;

	test_equal(sysctlbyname("kern.ostype", NULL, &size, NULL, 0), 0);
	test_equal(size, 7);
	size = sizeof(text);
	test_equal(sysctlbyname("kern.ostype", text, &size, NULL, 0), -1);
	test_equal(errno, ENOMEM);
	test_equal(memcmp(text, "Darw", 4), 0);
	test_equal(size, 4);
}

TEST(unknown_names_and_attempts_to_set)
{
	int value = 1;
	size_t size = sizeof(value);

	test_equal(sysctlbyname("no.such.name", &value, &size, NULL, 0), -1);
	test_equal(errno, ENOENT);
	test_equal(sysctlbyname("hw.ncpu", NULL, NULL, &value, sizeof(value)), -1);
	test_equal(errno, EPERM);
	test_equal(sysctlbyname(NULL, NULL, NULL, NULL, 0), -1);
	test_equal(errno, EFAULT);
}

TEST(structures_and_numbers)
{
	struct loadavg load = { { 0 } };
	struct xsw_usage swap = { .xsu_total = 1 };
	struct clockinfo clock = { 0 };
	int numbers[4], value = 7;
	size_t size = sizeof(load), count = 4;

	test_equal(sysctlbyname("vm.loadavg", &load, &size, NULL, 0), 0);
	test_equal(size, sizeof(load));
	test_equal(load.fscale, 2048);
	size = sizeof(swap);
	test_equal(sysctlbyname("vm.swapusage", &swap, &size, NULL, 0), 0);
	test_equal(swap.xsu_total, swap.xsu_avail + swap.xsu_used);
	size = sizeof(clock);
	test_equal(sysctlnametomib("kern.clockrate", numbers, &count), 0);
	test_equal(count, 2);
	test_equal(sysctl(numbers, 2, &clock, &size, NULL, 0), 0);
	test_equal(clock.hz * clock.tick, 1000000);
	size = sizeof(value);
	test_equal(sysctlbyname("sysctl.proc_translated", &value, &size, NULL, 0), 0);
	test_equal(value, 0);
	test_equal(sysctlbyname("hw.packages", &value, &size, NULL, 0), 0);
	test_true(value >= 1);
	test_equal(sysctlbyname("hw.nperflevels", &value, &size, NULL, 0), 0);
	test_equal(value, 1);
	count = 1;
	test_equal(sysctlnametomib("hw.ncpu", numbers, &count), -1);
	test_equal(errno, ENOMEM);
	test_equal(sysctlnametomib("hw.nonsense", numbers, &count), -1);
	test_equal(errno, ENOENT);
}

TEST_MAIN
