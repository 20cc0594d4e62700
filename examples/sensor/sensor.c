// SPDX-License-Identifier: MIT
/* Reads what Sensor.dext measures: the latest samples from its ring, then each one as it comes. */
#include <stdio.h>
#include <stdlib.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOCircularDataQueue.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "sensor_interface.h"

static io_connect_t open_sensor(void)
{
	/* The registry's class is IOUserService; the driver's own class is the service's name. */
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceNameMatching("Sensor"));
	io_connect_t connect = IO_OBJECT_NULL;
	kern_return_t kr =
		service ? IOServiceOpen(service, mach_task_self(), 0, &connect) : kIOReturnNoDevice;

	if (service)
		IOObjectRelease(service);
	if (kr) {
		fprintf(stderr, "cannot open the sensor: 0x%08x\n", (unsigned)kr);
		exit(1);
	}
	return connect;
}

struct progress {
	int wanted, seen, wrong;
	uint64_t last;
};

static void sampled(void *refcon, IOReturn result, void **args, uint32_t n_args)
{
	struct progress *p = refcon;
	uint64_t number = n_args == 3 ? (uintptr_t)args[0] : 0;

	if (result || n_args != 3 || (p->seen && number != p->last + 1))
		p->wrong++;
	p->last = number;
	if (++p->seen <= p->wanted)
		printf("sample %llu: %.3f\n", (unsigned long long)number,
		       (double)(intptr_t)args[2] / 1000);
	if (p->seen >= p->wanted)
		CFRunLoopStop(CFRunLoopGetCurrent());
}

static kern_return_t watch(io_connect_t connect, struct progress *p)
{
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_async_ref64_t reference = { 0 };
	kern_return_t kr;

	CFRunLoopAddSource(CFRunLoopGetCurrent(), IONotificationPortGetRunLoopSource(port),
			   kCFRunLoopDefaultMode);
	reference[kIOAsyncCalloutFuncIndex] = (io_user_reference_t)(uintptr_t)sampled;
	reference[kIOAsyncCalloutRefconIndex] = (io_user_reference_t)(uintptr_t)p;
	kr = IOConnectCallAsyncScalarMethod(connect, SENSOR_WATCH,
					    IONotificationPortGetMachPort(port), reference,
					    kIOAsyncCalloutCount, NULL, 0, NULL, NULL);
	if (!kr)
		CFRunLoopRun();
	IONotificationPortDestroy(port);
	return kr;
}

/* From the latest back: 0 when each sample is older than the one before. */
static int show_ring(IOCircularDataQueue *queue, int wanted)
{
	struct sensor_sample sample;
	size_t size = sizeof(sample);
	IOReturn kr = IOCircularDataQueueCopyLatest(queue, &sample, &size);
	int n = 0;

	for (uint64_t number = sample.number; !kr && n < wanted; n++, number--) {
		if (size != sizeof(sample) || sample.number != number)
			return 1;
		printf("ring %llu: %.3f\n", (unsigned long long)sample.number, sample.value);
		size = sizeof(sample);
		kr = IOCircularDataQueueCopyPrevious(queue, &sample, &size);
	}
	return n == 0;
}

int main(int argc, char **argv)
{
	struct progress p = { .wanted = argc == 2 ? atoi(argv[1]) : 5 };
	io_connect_t connect = open_sensor();
	IOCircularDataQueue *queue = NULL;
	kern_return_t kr;

	setvbuf(stdout, NULL, _IOLBF, 0);
	kr = watch(connect, &p);
	if (!kr)
		kr = IOCircularDataQueueCreateWithConnection(kIOCircularDataQueueCreateConsumer,
							     connect, SENSOR_SAMPLES, &queue);
	if (kr) {
		fprintf(stderr, "stopped with 0x%08x\n", (unsigned)kr);
		return 1;
	}
	p.wrong += show_ring(queue, p.wanted);
	IOCircularDataQueueDestroy(&queue);
	IOServiceClose(connect);
	return p.wrong != 0;
}
