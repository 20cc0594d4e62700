// SPDX-License-Identifier: MIT
#include "service.h"

#include <CoreFoundation/CoreFoundation.h>
#include <mach/mach.h>

#include "contestant.h"

enum { WAIT_SECONDS = 10 };

static void found(void *context, io_iterator_t iterator)
{
	io_service_t *service = context, next;

	while ((next = IOIteratorNext(iterator))) {
		if (*service)
			IOObjectRelease(next);
		else
			*service = next;
	}
	if (*service)
		CFRunLoopStop(CFRunLoopGetCurrent());
}

static io_service_t wait_for(const char *class_name)
{
	const io_name_t type = kIOMatchedNotification;
	IONotificationPortRef port = IONotificationPortCreate(kIOMasterPortDefault);
	io_iterator_t iterator = 0;
	io_service_t service = 0;

	if (!port)
		return 0;
	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	if (!IOServiceAddMatchingNotification(port, type, IOServiceMatching(class_name), found,
					      &service, &iterator)) {
		found(&service, iterator);
		if (!service)
			CFRunLoopRunInMode(kCFRunLoopDefaultMode, WAIT_SECONDS, false);
		IOObjectRelease(iterator);
	}
	IONotificationPortDestroy(port);
	return service;
}

io_connect_t bench_service_open(const char *class_name)
{
	io_connect_t connection = 0;
	io_service_t service = wait_for(class_name);

	if (!service) {
		bench_complain("%s: no such service within %d seconds", class_name, WAIT_SECONDS);
		return 0;
	}
	kern_return_t kr = IOServiceOpen(service, mach_task_self(), 0, &connection);
	IOObjectRelease(service);
	if (kr)
		bench_complain("%s: cannot be opened: 0x%x", class_name, kr);
	return kr ? 0 : connection;
}
