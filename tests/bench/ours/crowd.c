// SPDX-License-Identifier: MIT
/*
 * A registry with many services: a driver publishes them, this program looks
 * for one, walks over all, is told of one more, and waits until they are gone.
 */
#include "ours/ours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "bench.h"
#include "contestant.h"
#include "ours/service.h"

enum { PUBLISH = 0, TERMINATE = 1, RAISE_BEACON = 2, LOWER_BEACON = 3 };
enum { WARM_UP = 200, FINDS = 2000, WATCHERS = 1000, SPREAD = 10, GONE_WAITS_MAX = 600000 };

static io_connect_t connection;

static bool call(uint32_t selector, const uint64_t *scalar)
{
	uint32_t none = 0;
	kern_return_t kr = IOConnectCallScalarMethod(connection, selector, scalar, scalar ? 1 : 0,
						     NULL, &none);

	if (kr)
		bench_complain("scale: selector %u returned 0x%x", selector, kr);
	return !kr;
}

/* --- what the properties are when they are serialized ------------------------ */

static double padded(CFIndex n)
{
	return (double)((n + 3) / 4 * 4);
}

static double encoded_bytes(CFTypeRef value);

static void add_pair(const void *key, const void *value, void *sum)
{
	*(double *)sum += encoded_bytes(key) + encoded_bytes(value);
}

/* By docs/protocol.md, for the types that the driver uses. */
static double encoded_bytes(CFTypeRef value)
{
	CFTypeID type = CFGetTypeID(value);
	double sum = 4;

	if (type == CFStringGetTypeID())
		return 4 + padded(CFStringGetLength(value));
	if (type == CFDataGetTypeID())
		return 4 + padded(CFDataGetLength(value));
	if (type == CFNumberGetTypeID())
		return CFNumberGetByteSize(value) > 4 ? 12 : 8;
	if (type == CFDictionaryGetTypeID())
		CFDictionaryApplyFunction(value, add_pair, &sum);
	return sum;
}

static double member_bytes(void)
{
	io_service_t member =
		IOServiceGetMatchingService(kIOMasterPortDefault, IOServiceMatching("BenchMember"));
	CFMutableDictionaryRef properties = NULL;
	double bytes = 0;

	if (member && !IORegistryEntryCreateCFProperties(member, &properties, NULL, 0)) {
		bytes = encoded_bytes(properties);
		if (CFDictionaryGetCount(properties) != 20)
			bench_complain("scale: a member has %ld properties",
				       (long)CFDictionaryGetCount(properties));
		CFRelease(properties);
	}
	IOObjectRelease(member);
	return bytes;
}

/* --- the measurements --------------------------------------------------------- */

static bool publish(uint64_t n, double *values)
{
	static uint64_t
		before; /* with none ever: in later rounds the registry has kept the memory */
	uint64_t start;

	if (!before)
		before = ours_registry_kib();
	start = bench_now_ns();
	if (!before || !call(PUBLISH, &n))
		return false;
	values[CROWD_PUBLISH] = (double)(bench_now_ns() - start) / (double)n;
	double grown = (double)(ours_registry_kib() - before) * 1024;
	values[CROWD_BYTES] = grown / (double)n - member_bytes();
	return true;
}

static bool find(double *values)
{
	uint64_t start = 0;

	for (int i = 0; i < WARM_UP + FINDS; i++) {
		/* The driver may still be putting away what it published from. */
		if (i == WARM_UP)
			start = bench_now_ns();

		io_service_t needle = IOServiceGetMatchingService(kIOMasterPortDefault,
								  IOServiceMatching("BenchNeedle"));

		if (!needle) {
			bench_complain("scale: the needle was not found");
			return false;
		}
		IOObjectRelease(needle);
	}
	values[CROWD_FIND] = (double)(bench_now_ns() - start) / FINDS;
	return true;
}

static bool iterate(uint64_t n, double *values)
{
	uint64_t start = bench_now_ns(), members = 0;
	io_iterator_t iterator;
	io_registry_entry_t entry;
	io_name_t name;

	if (IORegistryCreateIterator(kIOMasterPortDefault, kIOServicePlane,
				     kIORegistryIterateRecursively, &iterator)) {
		bench_complain("scale: the registry cannot be walked");
		return false;
	}
	while ((entry = IOIteratorNext(iterator))) {
		if (IORegistryEntryGetName(entry, name))
			bench_complain("scale: an entry has no name");
		members += !strncmp(name, "member-", 7);
		IOObjectRelease(entry);
	}
	bool complete = members == n && IOIteratorIsValid(iterator);
	IOObjectRelease(iterator);
	values[CROWD_ITERATE] = (double)(bench_now_ns() - start) / (double)n;
	if (!complete)
		bench_complain("scale: the walk met %llu members", (unsigned long long)members);
	return complete;
}

/* The longest of the look-ups that another process makes while this one walks. */
static bool stall(uint64_t n, double *values)
{
	double ignored[CROWD_VALUES];
	int result[2], end[2];
	uint64_t worst = 0;

	if (pipe(result) || pipe(end))
		return false;
	pid_t pid = fork();
	if (pid == 0) {
		char byte;

		close(end[1]);
		/* the first look-up connects this process */
		double once[CROWD_VALUES];
		if (!find(once))
			_exit(1);
		if (write(result[1], &worst, sizeof(worst)) < 0)
			_exit(1);
		for (struct timeval none;;) {
			fd_set set;
			none = (struct timeval){ 0, 0 };
			FD_ZERO(&set);
			FD_SET(end[0], &set);
			if (select(end[0] + 1, &set, NULL, NULL, &none) > 0 &&
			    read(end[0], &byte, 1) <= 0)
				break;
			uint64_t start = bench_now_ns();
			io_service_t needle = IOServiceGetMatchingService(
				kIOMasterPortDefault, IOServiceMatching("BenchNeedle"));
			uint64_t ns = bench_now_ns() - start;
			IOObjectRelease(needle);
			worst = ns > worst ? ns : worst;
		}
		_exit(write(result[1], &worst, sizeof(worst)) < 0);
	}
	close(end[0]);
	bool ok = pid > 0 && read(result[0], &worst, sizeof(worst)) == sizeof(worst) &&
		  iterate(n, ignored);
	close(end[1]);
	ok = ok && read(result[0], &worst, sizeof(worst)) == sizeof(worst);
	close(result[0]);
	close(result[1]);
	waitpid(pid, NULL, 0);
	values[CROWD_STALL] = (double)worst;
	return ok;
}

static bool notify(struct bench_process *watchers, size_t n, double *ret_ns)
{
	double answer, last = 0;
	bool ok = true;

	/* what came before is over for everybody: they have armed again and wait */
	for (size_t i = 0; i < n; i++)
		ok &= bench_process_ask(&watchers[i], 1, &answer, 1) &&
		      bench_process_tell(&watchers[i], 2);
	double start = (double)bench_now_ns();
	ok = ok && call(RAISE_BEACON, NULL);
	for (size_t i = 0; ok && i < n; i++) {
		ok = bench_process_hear(&watchers[i], &answer, 1);
		last = answer > last ? answer : last;
	}
	if (ok && !call(LOWER_BEACON, NULL))
		ok = false;
	*ret_ns = last - start;
	return ok;
}

static bool notify_in(size_t n_processes, double *ret_ns)
{
	struct bench_process watchers[SPREAD];
	size_t n = 0;
	bool ok = true;

	for (; ok && n < n_processes; n++)
		ok = bench_process_start(&watchers[n], "ours/bench-ours", "watch",
					 WATCHERS / n_processes, BENCH_NO_SESSION, BENCH_FREE);
	ok = ok && notify(watchers, n, ret_ns);
	for (size_t i = 0; i < n; i++)
		bench_process_stop(&watchers[i]);
	return ok;
}

static bool terminate(uint64_t n, double *values)
{
	uint64_t start = bench_now_ns();
	struct timespec rest = { 0, 1000000 };
	io_service_t member = IO_OBJECT_NULL;

	if (!call(TERMINATE, NULL))
		return false;
	for (int i = 0; i < GONE_WAITS_MAX; i++) {
		member = IOServiceGetMatchingService(kIOMasterPortDefault,
						     IOServiceMatching("BenchMember"));
		if (!member)
			break;
		IOObjectRelease(member);
		nanosleep(&rest, NULL);
	}
	values[CROWD_TERMINATE] = (double)(bench_now_ns() - start) / (double)n;
	return !member;
}

static uint64_t n_services;

static size_t measure(uint64_t ignored, double *values)
{
	uint64_t n = n_services;
	bool ok = publish(n, values) && find(values) && iterate(n, values) && stall(n, values) &&
		  notify_in(1, &values[CROWD_NOTIFY]) && notify_in(SPREAD, &values[CROWD_SPREAD]) &&
		  terminate(n, values);

	return ok ? CROWD_VALUES : 0;
}

int ours_crowd(uint64_t services)
{
	n_services = services;
	connection = bench_service_open("BenchCrowd");
	return connection ? bench_serve_values(measure) : 1;
}
