// SPDX-License-Identifier: MIT
#include "methods.h"

#include <pthread.h>
#include <string.h>

#include <mach/mach.h>

#include "test.h"
#include "world.h"

void methods_start(void)
{
	world_start_with_bundle("Methods.dext");
}

io_connect_t methods_open(uint32_t type)
{
	return world_open("MethodsDriver", type);
}

kern_return_t methods_try(const char *class_name, uint32_t type)
{
	io_service_t service = world_service(class_name);
	io_connect_t connect = 77;
	kern_return_t result = IOServiceOpen(service, mach_task_self(), type, &connect);

	IOObjectRelease(service);
	if (result)
		test_equal(connect, 0);
	else
		IOServiceClose(connect);
	return result;
}

void methods_call(io_connect_t connect, uint32_t selector, const uint64_t *in, uint32_t n_in,
		  uint64_t *out, uint32_t n_out)
{
	uint32_t n = n_out;

	test_equal_error(IOConnectCallScalarMethod(connect, selector, in, n_in, out, &n), 0);
	test_equal(n, n_out);
}

uint64_t methods_ask(io_connect_t connect, uint32_t selector)
{
	uint64_t out = 0;

	methods_call(connect, selector, NULL, 0, &out, 1);
	return out;
}

uint64_t methods_ask_with(io_connect_t connect, uint32_t selector, uint64_t argument)
{
	uint64_t out = 0;

	methods_call(connect, selector, &argument, 1, &out, 1);
	return out;
}

uint64_t methods_ask_text(io_connect_t connect, uint32_t selector, const char *text, uint32_t n_out)
{
	uint64_t out[16] = { 0 };
	uint32_t n = n_out;

	test_equal_error(IOConnectCallMethod(connect, selector, NULL, 0, text, strlen(text), out,
					     &n, NULL, NULL),
			 0);
	return out[0];
}

uint64_t methods_count(io_connect_t connect, int which)
{
	uint64_t out[METHODS_N];

	methods_call(connect, METHODS_COUNTS, NULL, 0, out, METHODS_N);
	return out[which];
}

void methods_await(io_connect_t connect, int which, uint64_t value)
{
	while (methods_count(connect, which) != value)
		;
}

uint64_t methods_saw(io_connect_t connect, int which)
{
	uint64_t out[METHODS_SEEN];

	methods_call(connect, METHODS_LOOKED, NULL, 0, out, METHODS_SEEN);
	return out[which];
}

static void *run(void *context)
{
	struct methods_caller *caller = context;
	uint32_t none = 0;

	caller->result =
		IOConnectCallScalarMethod(caller->connect, caller->selector, NULL, 0, NULL, &none);
	return NULL;
}

void methods_begin(struct methods_caller *caller, io_connect_t connect, uint32_t selector)
{
	*caller = (struct methods_caller){ .connect = connect, .selector = selector };
	test_equal(pthread_create(&caller->thread, NULL, run, caller), 0);
}

kern_return_t methods_end(struct methods_caller *caller)
{
	test_equal(pthread_join(caller->thread, NULL), 0);
	return caller->result;
}
