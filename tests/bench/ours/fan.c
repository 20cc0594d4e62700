// SPDX-License-Identifier: MIT
/* A driver publishes a service for which notifications of many programs wait. */
#include "ours/ours.h"

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include "contestant.h"
#include "fan.h"
#include "ours/service.h"

enum { RAISE_BEACON = 2, LOWER_BEACON = 3 }; /* of BenchCrowd */

static io_connect_t connection;

/* Taking what there is arms the notification again. */
static void told(void *context, io_iterator_t iterator)
{
	io_service_t service;
	bool any = false;

	while ((service = IOIteratorNext(iterator))) {
		any = true;
		IOObjectRelease(service);
	}
	if (any)
		fan_told();
}

static void watch(unsigned index)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_iterator_t iterator;

	if (!port || IOServiceAddMatchingNotification(port, kIOMatchedNotification,
						      IOServiceMatching("BenchBeacon"), told, NULL,
						      &iterator))
		return;
	told(NULL, iterator);
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	fan_ready();
	CFRunLoopRun();
}

static bool begin(void)
{
	connection = bench_service_open("BenchCrowd");
	return connection;
}

static bool call(uint32_t selector)
{
	uint32_t none = 0;
	kern_return_t kr = IOConnectCallScalarMethod(connection, selector, NULL, 0, NULL, &none);

	if (kr)
		bench_complain("fan: selector %u returned 0x%x", selector, kr);
	return !kr;
}

static bool raise_beacon(unsigned watchers)
{
	return call(RAISE_BEACON);
}

static bool lower_beacon(void)
{
	return call(LOWER_BEACON);
}

int ours_fan(uint64_t watchers)
{
	static const struct fan fan = {
		.watch = watch,
		.begin = begin,
		.raise = raise_beacon,
		.lower = lower_beacon,
	};

	return fan_play(&fan, watchers);
}
