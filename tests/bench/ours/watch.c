// SPDX-License-Identifier: MIT
/*
 * Many watchers of one class in one program. Asked for 1 it makes sure that all
 * are armed; asked for 2 it waits until all have been told of a service, and
 * answers with the time at which the last was.
 */
#include "ours/ours.h"

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

#include "contestant.h"

enum { WAIT_SECONDS = 30, WATCHERS_MAX = 10000 };

static size_t n_watchers, n_told;

static void told(void *context, io_iterator_t iterator)
{
	io_service_t service;
	bool any = false;

	while ((service = IOIteratorNext(iterator))) {
		any = true;
		IOObjectRelease(service);
	}
	if (any && ++n_told == n_watchers)
		CFRunLoopStop(CFRunLoopGetCurrent());
}

static uint64_t run(uint64_t n)
{
	if (n == 1) {
		n_told = 0;
		return 1;
	}
	if (n_told < n_watchers)
		CFRunLoopRunInMode(kCFRunLoopDefaultMode, WAIT_SECONDS, false);
	uint64_t now = bench_now_ns();
	if (n_told < n_watchers) {
		bench_complain("watch: %zu of %zu have been told", n_told, n_watchers);
		return 0;
	}
	return now;
}

int ours_watch(uint64_t parameter)
{
	const io_name_t type = kIOMatchedNotification;
	IONotificationPortRef port = IONotificationPortCreate(kIOMasterPortDefault);
	io_iterator_t iterator;

	n_watchers = parameter;
	if (!port || !n_watchers || n_watchers > WATCHERS_MAX)
		return 1;
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	for (size_t i = 0; i < n_watchers; i++) {
		if (IOServiceAddMatchingNotification(port, type, IOServiceMatching("BenchBeacon"),
						     told, NULL, &iterator)) {
			bench_complain("watch: watcher %zu cannot be made", i);
			return 1;
		}
		told(NULL, iterator);
	}
	n_told = 0;
	return bench_serve(run);
}
