// SPDX-License-Identifier: MIT
/* Among so many services, find one by its class and a property; walk over all with name and class. */
#include "ours/ours.h"

#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include "contestant.h"
#include "ours/service.h"

enum { PUBLISH = 0 };	/* of BenchCrowd */
enum { WARM_UP = 200 }; /* the first search for a property makes its index */

static uint64_t n_services;
static CFDictionaryRef matching;

static bool publish(uint64_t services)
{
	uint32_t none = 0;
	io_connect_t connection = bench_service_open("BenchCrowd");
	kern_return_t kr = connection ? IOConnectCallScalarMethod(connection, PUBLISH, &services, 1,
								  NULL, &none)
				      : kIOReturnNotOpen;

	n_services = services;
	bench_move_away();
	if (kr)
		bench_complain("find: nothing is published: 0x%x", kr);
	return !kr;
}

/* BenchMember with the serial number of the one in the middle. */
static bool make_matching(void)
{
	CFMutableDictionaryRef m = IOServiceMatching("BenchMember"), properties;
	CFStringRef serial = CFStringCreateWithFormat(NULL, NULL, CFSTR("PB%010llu"),
						      (unsigned long long)(n_services / 2));

	properties = CFDictionaryCreateMutable(NULL, 0, &kCFTypeDictionaryKeyCallBacks,
					       &kCFTypeDictionaryValueCallBacks);
	if (!m || !serial || !properties)
		return false;
	CFDictionarySetValue(properties, CFSTR("USB Serial Number"), serial);
	CFDictionarySetValue(m, CFSTR(kIOPropertyMatchKey), properties);
	CFRelease(properties);
	CFRelease(serial);
	matching = m;
	return true;
}

static uint64_t find_all(uint64_t n)
{
	uint64_t start = bench_now_ns();

	for (uint64_t i = 0; i < n; i++) {
		io_service_t service = IOServiceGetMatchingService(
			kIOMainPortDefault, (CFDictionaryRef)CFRetain(matching));

		if (!service) {
			bench_complain("find: it is not there");
			return 0;
		}
		IOObjectRelease(service);
	}
	return bench_now_ns() - start;
}

int ours_find(uint64_t services)
{
	return publish(services) && make_matching() && find_all(WARM_UP) ? bench_serve(find_all)
									 : 1;
}

/* --- walks ---------------------------------------------------------------------- */

static bool walk(uint64_t *ret_entries)
{
	io_iterator_t iterator;
	io_registry_entry_t entry;
	io_name_t name, class;
	uint64_t members = 0;

	if (IORegistryCreateIterator(kIOMainPortDefault, kIOServicePlane,
				     kIORegistryIterateRecursively, &iterator))
		return false;
	for (*ret_entries = 0; (entry = IOIteratorNext(iterator)); ++*ret_entries) {
		if (IORegistryEntryGetName(entry, name) || IOObjectGetClass(entry, class))
			bench_complain("walk: an entry without name or class");
		members += !strcmp(class, "BenchMember");
		IOObjectRelease(entry);
	}
	IOObjectRelease(iterator);
	return members == n_services;
}

static size_t walk_all(uint64_t n, double *values)
{
	uint64_t start = bench_now_ns(), entries = 0;

	for (uint64_t i = 0; i < n; i++)
		if (!walk(&entries)) {
			bench_complain("walk: it did not meet all");
			return 0;
		}
	values[0] = (double)(bench_now_ns() - start);
	values[1] = values[0] / (double)n / (double)entries;
	return 2;
}

int ours_walk(uint64_t services)
{
	return publish(services) ? bench_serve_values(walk_all) : 1;
}
