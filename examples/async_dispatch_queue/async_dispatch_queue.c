// SPDX-License-Identifier: MIT
/*
 * Asynchronous calls whose callbacks arrive on a dispatch queue: one
 * notification port, one serial queue, four kinds of callback. The number of
 * arguments a driver sends decides which prototype the callback must have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <IOKit/OSMessageNotification.h>
#include <dispatch/dispatch.h>
#include <mach/mach.h>

enum { add_later = 4, repeat = 5, fail_later = 6 };

/* Touched on the queue only, read after the semaphore. */
struct progress {
	int wanted_repeats, repeats, wrong;
	uint64_t latency_sum, latency_worst;
	dispatch_semaphore_t done; /* signalled once for each finished operation */
};

static int queue_key; /* its address marks our queue */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void expect(struct progress *p, const char *what, uint64_t actual, uint64_t expected)
{
	if (actual == expected && dispatch_get_specific(&queue_key) == &queue_key)
		return;
	printf("  WRONG: %s is 0x%llx, expected 0x%llx\n", what, (unsigned long long)actual,
	       (unsigned long long)expected);
	p->wrong++;
}

/* No argument: the status is everything. */
static void failed(void *refcon, IOReturn result)
{
	struct progress *p = refcon;

	printf("failLater:   0 arguments, status 0x%08x\n", (unsigned)result);
	expect(p, "status", (uint32_t)result, (uint32_t)kIOReturnNoMedia);
	dispatch_semaphore_signal(p->done);
}

static void added(void *refcon, IOReturn result, void *sum)
{
	struct progress *p = refcon;

	printf("addLater:    1 argument, 40 + 2 = %llu\n", (unsigned long long)(uintptr_t)sum);
	expect(p, "status", (uint32_t)result, kIOReturnSuccess);
	expect(p, "sum", (uintptr_t)sum, 42);
	dispatch_semaphore_signal(p->done);
}

static void paired(void *refcon, IOReturn result, void *first, void *second)
{
	struct progress *p = refcon;

	printf("own message: 2 arguments, %llu and %llu\n", (unsigned long long)(uintptr_t)first,
	       (unsigned long long)(uintptr_t)second);
	expect(p, "status", (uint32_t)result, kIOReturnSuccess);
	expect(p, "first argument", (uintptr_t)first, 4);
	expect(p, "second argument", (uintptr_t)second, 7);
	dispatch_semaphore_signal(p->done);
}

/* Three and more: an array, valid during the callback. */
static void repeated(void *refcon, IOReturn result, void **args, uint32_t n_args)
{
	struct progress *p = refcon;
	uint64_t latency;

	expect(p, "number of arguments", n_args, 3);
	if (n_args != 3)
		return;
	latency = now_ns() - (uintptr_t)args[2];
	printf("repeat:      3 arguments, %llu of %llu, latency %llu us\n",
	       (unsigned long long)(uintptr_t)args[0] + 1, (unsigned long long)(uintptr_t)args[1],
	       (unsigned long long)latency / 1000);
	expect(p, "status", (uint32_t)result, kIOReturnSuccess);
	expect(p, "index", (uintptr_t)args[0], (uint64_t)p->repeats);
	p->latency_sum += latency;
	if (latency > p->latency_worst)
		p->latency_worst = latency;
	if (++p->repeats == p->wanted_repeats)
		dispatch_semaphore_signal(p->done);
}

static io_connect_t open_calculator(void)
{
	io_service_t service = IOServiceGetMatchingService(kIOMainPortDefault,
							   IOServiceMatching("CalculatorDriver"));
	io_connect_t connect = IO_OBJECT_NULL;
	kern_return_t kr;

	if (!service) {
		fprintf(stderr, "no service of class CalculatorDriver: is its driver loaded?\n");
		exit(1);
	}
	kr = IOServiceOpen(service, mach_task_self(), 0, &connect);
	IOObjectRelease(service);
	if (kr) {
		fprintf(stderr, "IOServiceOpen: 0x%08x\n", (unsigned)kr);
		exit(1);
	}
	return connect;
}

/* The reference array tells the library whom to call: function at 1, context at 2. */
static void start(io_connect_t connect, mach_port_t wake, uint32_t selector, void *callback,
		  struct progress *p, const uint64_t *scalars, uint32_t n_scalars)
{
	io_async_ref64_t reference;
	kern_return_t kr;

	memset(reference, 0, sizeof(reference));
	reference[kIOAsyncCalloutFuncIndex] = (io_user_reference_t)(uintptr_t)callback;
	reference[kIOAsyncCalloutRefconIndex] = (io_user_reference_t)(uintptr_t)p;
	kr = IOConnectCallAsyncScalarMethod(connect, selector, wake, reference,
					    kIOAsyncCalloutCount, scalars, n_scalars, NULL, NULL);
	if (kr) {
		fprintf(stderr, "selector %u was not accepted: 0x%08x\n", selector, (unsigned)kr);
		exit(1);
	}
}

/* No method of this driver completes with two arguments. So the program plays the driver: it sends
 * to its own port what a driver's two-argument result looks like. */
static void send_pair(mach_port_t wake, struct progress *p)
{
	struct {
		mach_msg_header_t header;
		OSNotificationHeader64 notification;
		uint32_t content[6]; /* IOReturn, two 64-bit arguments, padding */
	} message;
	const uint64_t arguments[] = { 4, 7 };
	kern_return_t kr;

	memset(&message, 0, sizeof(message));
	message.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0);
	message.header.msgh_size = sizeof(message);
	message.header.msgh_remote_port = wake;
	message.header.msgh_id = kOSNotificationMessageID;
	message.notification.size = sizeof(message.content);
	message.notification.type = kIOAsyncCompletionNotificationType;
	message.notification.reference[kIOAsyncCalloutFuncIndex] =
		(io_user_reference_t)(uintptr_t)paired;
	message.notification.reference[kIOAsyncCalloutRefconIndex] =
		(io_user_reference_t)(uintptr_t)p;
	memcpy(&message.content[1], arguments, sizeof(arguments));
	kr = mach_msg(&message.header, MACH_SEND_MSG, sizeof(message), 0, MACH_PORT_NULL, 0,
		      MACH_PORT_NULL);
	if (kr) {
		fprintf(stderr, "mach_msg: 0x%08x\n", (unsigned)kr);
		exit(1);
	}
}

static int run(int count, uint64_t interval_ns)
{
	struct progress p = { .wanted_repeats = count };
	const uint64_t add[] = { 40, 2, 1000000 };
	const uint64_t fail[] = { (uint32_t)kIOReturnNoMedia, 3000000 };
	const uint64_t times[] = { (uint64_t)count, interval_ns };
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	dispatch_queue_t queue = dispatch_queue_create("example.callbacks", DISPATCH_QUEUE_SERIAL);
	io_connect_t connect = open_calculator();
	mach_port_t wake;
	int left = 4;

	if (!port || !queue)
		return 1;
	p.done = dispatch_semaphore_create(0);
	dispatch_queue_set_specific(queue, &queue_key, &queue_key, NULL);
	IONotificationPortSetDispatchQueue(port, queue);
	wake = IONotificationPortGetMachPort(port);

	start(connect, wake, add_later, (void *)(uintptr_t)added, &p, add, 3);
	start(connect, wake, fail_later, (void *)(uintptr_t)failed, &p, fail, 2);
	start(connect, wake, repeat, (void *)(uintptr_t)repeated, &p, times, 2);
	send_pair(wake, &p);
	while (left > 0 && !dispatch_semaphore_wait(
				   p.done, dispatch_time(DISPATCH_TIME_NOW, 10 * NSEC_PER_SEC)))
		left--;

	IONotificationPortDestroy(port);
	IOServiceClose(connect);
	dispatch_release(queue);
	if (left) {
		fprintf(stderr, "%d operations were not completed within 10 s\n", left);
		return 1;
	}
	dispatch_release(p.done);
	printf("%d callbacks on the queue, mean latency %llu us, worst %llu us\n", count + 3,
	       (unsigned long long)(p.latency_sum / (uint64_t)count / 1000),
	       (unsigned long long)(p.latency_worst / 1000));
	return p.wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
	int count = 5, interval_us = 20000;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--count") && i + 1 < argc)
			count = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--interval-us") && i + 1 < argc)
			interval_us = atoi(argv[++i]);
		else
			count = 0;
	}
	if (count < 1 || interval_us < 0) {
		fprintf(stderr, "usage: async_dispatch_queue [--count N] [--interval-us N]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	return run(count, (uint64_t)interval_us * 1000);
}
