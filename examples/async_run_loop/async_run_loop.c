// SPDX-License-Identifier: MIT
/*
 * The same asynchronous events the heavy way: a receive right of our own, a
 * CFMachPort around it, a run-loop source made by hand and a thread that pumps
 * its own run loop. async_dispatch_queue does all this in one line.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

enum { repeat = 5 };

struct pump {
	mach_port_t port;
	int wanted, seen, wrong;
	/* handed from the thread to main */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	CFRunLoopRef loop;
};

static void completed(void *refcon, IOReturn result, void **args, uint32_t n_args)
{
	struct pump *p = refcon;

	if (result || n_args != 3 || (uintptr_t)args[0] != (uintptr_t)p->seen)
		p->wrong++;
	printf("run loop: completion %d of %d\n", ++p->seen, p->wanted);
	if (p->seen == p->wanted)
		CFRunLoopStop(CFRunLoopGetCurrent());
}

/* The run loop received a message; the library knows which callback it is for. */
static void received(CFMachPortRef port, void *message, CFIndex size, void *info)
{
	(void)port;
	(void)size;
	(void)info;
	IODispatchCalloutFromMessage(NULL, message, NULL);
}

static void *pump_thread(void *argument)
{
	struct pump *p = argument;
	Boolean free_info;
	CFMachPortRef port =
		CFMachPortCreateWithPort(kCFAllocatorDefault, p->port, received, NULL, &free_info);
	CFRunLoopSourceRef source = NULL;
	SInt32 reason = kCFRunLoopRunTimedOut;

	if (port)
		source = CFMachPortCreateRunLoopSource(kCFAllocatorDefault, port, 0);
	if (source)
		CFRunLoopAddSource(CFRunLoopGetCurrent(), source, kCFRunLoopDefaultMode);
	pthread_mutex_lock(&p->lock);
	p->loop = CFRunLoopGetCurrent();
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);

	if (source)
		reason = CFRunLoopRunInMode(kCFRunLoopDefaultMode, 10.0, false);
	if (reason != kCFRunLoopRunStopped) {
		fprintf(stderr, "the run loop ended with %d and %d of %d completions\n",
			(int)reason, p->seen, p->wanted);
		p->wrong++;
	}
	if (source) {
		CFRunLoopRemoveSource(CFRunLoopGetCurrent(), source, kCFRunLoopDefaultMode);
		CFRelease(source);
	}
	if (port) {
		CFMachPortInvalidate(port);
		CFRelease(port);
	}
	return NULL;
}

static io_connect_t open_calculator(void)
{
	io_service_t service = IOServiceGetMatchingService(kIOMainPortDefault,
							   IOServiceMatching("CalculatorDriver"));
	io_connect_t connect = IO_OBJECT_NULL;
	kern_return_t kr =
		service ? IOServiceOpen(service, mach_task_self(), 0, &connect) : kIOReturnNoDevice;

	if (service)
		IOObjectRelease(service);
	if (kr) {
		fprintf(stderr, "cannot open CalculatorDriver: 0x%08x\n", (unsigned)kr);
		exit(1);
	}
	return connect;
}

static int run(int count)
{
	struct pump p = { .wanted = count,
			  .lock = PTHREAD_MUTEX_INITIALIZER,
			  .changed = PTHREAD_COND_INITIALIZER };
	const uint64_t scalars[] = { (uint64_t)count, 10000000 };
	io_connect_t connect = open_calculator();
	io_async_ref64_t reference = { 0 };
	pthread_t thread;
	kern_return_t kr;

	kr = IOCreateReceivePort(kOSAsyncCompleteMessageID, &p.port);
	if (kr || pthread_create(&thread, NULL, pump_thread, &p)) {
		fprintf(stderr, "no receive port or thread: 0x%08x\n", (unsigned)kr);
		return 1;
	}
	pthread_mutex_lock(&p.lock);
	while (!p.loop)
		pthread_cond_wait(&p.changed, &p.lock);
	pthread_mutex_unlock(&p.lock);

	reference[kIOAsyncCalloutFuncIndex] = (io_user_reference_t)(uintptr_t)completed;
	reference[kIOAsyncCalloutRefconIndex] = (io_user_reference_t)(uintptr_t)&p;
	kr = IOConnectCallAsyncScalarMethod(connect, repeat, p.port, reference,
					    kIOAsyncCalloutCount, scalars, 2, NULL, NULL);
	if (kr)
		CFRunLoopStop(p.loop);
	pthread_join(thread, NULL);
	IOServiceClose(connect);
	mach_port_mod_refs(mach_task_self(), p.port, MACH_PORT_RIGHT_RECEIVE, -1);
	printf("%d completions through a run loop of our own\n", p.seen);
	return kr || p.wrong || p.seen != count;
}

int main(int argc, char **argv)
{
	int count = argc == 3 && !strcmp(argv[1], "--count") ? atoi(argv[2]) : argc == 1 ? 5 : 0;

	if (count < 1) {
		fprintf(stderr, "usage: async_run_loop [--count N]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	return run(count);
}
