// SPDX-License-Identifier: MIT
/*
 * The same asynchronous events with no loop but our own: receive from the
 * notification port with mach_msg and hand each message to
 * IODispatchCalloutFromMessage, which calls the callback on this thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

enum { repeat = 5 };

struct progress {
	int wanted, seen, wrong;
};

static void completed(void *refcon, IOReturn result, void **args, uint32_t n_args)
{
	struct progress *p = refcon;

	if (result || n_args != 3 || (uintptr_t)args[0] != (uintptr_t)p->seen)
		p->wrong++;
	printf("mach_msg: completion %d of %d\n", ++p->seen, p->wanted);
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

static kern_return_t receive_one(mach_port_t port)
{
	union {
		mach_msg_header_t header;
		unsigned char space[1024];
	} message;
	kern_return_t kr;

	kr = mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(message), port,
		      10000, MACH_PORT_NULL);
	if (kr == MACH_MSG_SUCCESS)
		IODispatchCalloutFromMessage(NULL, &message.header, NULL);
	return kr;
}

static int run(int count)
{
	struct progress p = { .wanted = count };
	const uint64_t scalars[] = { (uint64_t)count, 10000000 };
	IONotificationPortRef port = IONotificationPortCreate(kIOMainPortDefault);
	io_connect_t connect = open_calculator();
	io_async_ref64_t reference = { 0 };
	mach_port_t wake;
	kern_return_t kr;

	if (!port)
		return 1;
	wake = IONotificationPortGetMachPort(port);
	reference[kIOAsyncCalloutFuncIndex] = (io_user_reference_t)(uintptr_t)completed;
	reference[kIOAsyncCalloutRefconIndex] = (io_user_reference_t)(uintptr_t)&p;
	kr = IOConnectCallAsyncScalarMethod(connect, repeat, wake, reference, kIOAsyncCalloutCount,
					    scalars, 2, NULL, NULL);
	while (!kr && p.seen < count)
		kr = receive_one(wake);
	if (kr)
		fprintf(stderr, "stopped with 0x%08x after %d of %d\n", (unsigned)kr, p.seen,
			count);
	IOServiceClose(connect);
	IONotificationPortDestroy(port);
	printf("%d completions through mach_msg\n", p.seen);
	return kr || p.wrong;
}

int main(int argc, char **argv)
{
	int count = argc == 3 && !strcmp(argv[1], "--count") ? atoi(argv[2]) : argc == 1 ? 5 : 0;

	if (count < 1) {
		fprintf(stderr, "usage: async_mach_msg [--count N]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	return run(count);
}
