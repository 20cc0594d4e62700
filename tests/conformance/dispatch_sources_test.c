// SPDX-License-Identifier: MIT
/* S11 to S15: IODataQueueDispatchSource between a driver, its handlers and a program. */
#include <stddef.h>
#include <string.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>
#include <portico/data_queue_source.h>

#include "../drivers/Kit.dext/Kit.h"
#include "test.h"
#include "world.h"

struct source {
	io_connect_t connect;
	uint8_t *memory; /* 0: not mapped */
	mach_vm_size_t length;
};

static void call(struct source *s, uint32_t selector, const uint64_t *in, uint32_t n_in,
		 uint64_t *out, uint32_t n_out)
{
	uint32_t n = n_out;

	test_equal_error(IOConnectCallScalarMethod(s->connect, selector, in, n_in, out, &n), 0);
	test_equal(n, n_out);
}

static IOReturn create(struct source *s, uint64_t size)
{
	uint64_t out;

	call(s, KIT_SOURCE_CREATE, &size, 1, &out, 1);
	return (IOReturn)out;
}

static struct source begin(uint64_t size)
{
	struct source s = { 0 };
	mach_vm_address_t address = 0;

	world_start_with_bundle("Kit.dext");
	test_equal_error(IOKitWaitQuiet(kIOMainPortDefault, NULL), 0);
	io_service_t service =
		IOServiceGetMatchingService(kIOMainPortDefault, IOServiceNameMatching("KitDriver"));
	test_equal_error(IOServiceOpen(service, mach_task_self(), KIT_OPEN, &s.connect), 0);
	IOObjectRelease(service);
	test_equal_error(create(&s, size), 0);
	test_equal_error(IOConnectMapMemory64(s.connect, KIT_MEMORY_SOURCE, mach_task_self(),
					      &address, &s.length, kIOMapAnywhere),
			 0);
	s.memory = (uint8_t *)(uintptr_t)address;
	return s;
}

static void end(struct source *s)
{
	test_equal_error(IOServiceClose(s->connect), 0);
	world_stop();
}

static IOReturn put(struct source *s, const void *data, size_t size)
{
	uint64_t out;
	uint32_t n = 1;

	test_equal_error(IOConnectCallMethod(s->connect, KIT_SOURCE_ENQUEUE, NULL, 0, data, size,
					     &out, &n, NULL, NULL),
			 0);
	return (IOReturn)out;
}

static IOReturn take(struct source *s, uint64_t size)
{
	uint64_t out[3];

	call(s, KIT_SOURCE_DEQUEUE, NULL, 0, out, 3);
	if (!out[0])
		test_equal(out[1], size);
	return (IOReturn)out[0];
}

static void handle(struct source *s, uint64_t set)
{
	call(s, KIT_SOURCE_HANDLE, &set, 1, NULL, 0);
}

static void test_told(struct source *s, uint64_t available, uint64_t serviced)
{
	uint64_t out[2];

	call(s, KIT_SOURCE_TOLD, NULL, 0, out, 2);
	test_equal(out[0], available);
	test_equal(out[1], serviced);
}

static uint32_t word_at(const struct source *s, size_t at)
{
	uint32_t word;

	memcpy(&word, s->memory + at, sizeof(word));
	return word;
}

static void set_word_at(const struct source *s, size_t at, uint32_t word)
{
	memcpy(s->memory + at, &word, sizeof(word));
}

enum { HEAD = 0, TAIL = 4, NEED_SERVICED = 8, ENTRIES = 128 };

TEST(S11)
{
	struct source s = begin(1000);

	test_equal(s.length, 1128);
	test_equal_error(put(&s, "hello", 5), 0);
	test_equal(word_at(&s, HEAD), 0);
	test_equal(word_at(&s, TAIL), 12);
	test_equal(word_at(&s, ENTRIES), 5);
	test_equal(memcmp(s.memory + ENTRIES + 4, "hello", 5), 0);
	test_equal_error(put(&s, "four", 4), 0);
	test_equal(word_at(&s, TAIL), 20);
	test_equal(word_at(&s, ENTRIES + 12), 4);
	test_equal_error(take(&s, 5), 0);
	test_equal(word_at(&s, HEAD), 12);
	end(&s);
}

TEST(S12_told_when_it_becomes_non_empty)
{
	struct source s = begin(100);
	uint64_t out[3];

	handle(&s, 1);
	test_told(&s, 0, 0);
	test_equal_error(put(&s, "1", 1), 0);
	test_told(&s, 1, 0);
	test_equal_error(put(&s, "2", 1), 0);
	test_told(&s, 1, 0);
	call(&s, KIT_SOURCE_PEEK, NULL, 0, out, 3);
	test_equal_error(out[0], 0);
	test_equal(out[1], 1);
	test_equal(out[2], '1');
	test_equal_error(take(&s, 1), 0);
	test_equal_error(put(&s, "3", 1), 0);
	test_told(&s, 1, 0); /* one was still there */
	test_equal_error(take(&s, 1), 0);
	test_equal_error(take(&s, 1), 0);
	test_equal_error(take(&s, 1), kIOReturnUnderrun);
	call(&s, KIT_SOURCE_PEEK, NULL, 0, out, 3);
	test_equal_error(out[0], kIOReturnUnderrun);
	test_equal_error(put(&s, "4", 1), 0);
	test_told(&s, 2, 0);
	end(&s);
}

/* Unlike a notification port: a handler that comes late is told at once. */
TEST(S12_handlers_that_come_late)
{
	struct source s = begin(100);
	uint64_t out[2], enable = 0;

	call(&s, KIT_SOURCE_COPY, NULL, 0, out, 2);
	test_equal_error(out[0], kIOReturnNotReady);
	test_equal_error(out[1], kIOReturnNotReady);
	test_equal_error(put(&s, "1", 1), 0);
	test_told(&s, 0, 0);
	handle(&s, 1);
	test_told(&s, 1, 0);
	call(&s, KIT_SOURCE_COPY, NULL, 0, out, 2);
	test_equal_error(out[0], 0);
	test_equal_error(out[1], 0);
	/* Disabled: nothing; enabled with data inside: told. */
	call(&s, KIT_SOURCE_ENABLE, &enable, 1, NULL, 0);
	test_equal_error(take(&s, 1), 0);
	test_equal_error(put(&s, "1", 1), 0);
	test_told(&s, 1, 0);
	enable = 1;
	call(&s, KIT_SOURCE_ENABLE, &enable, 1, NULL, 0);
	test_told(&s, 2, 0);
	handle(&s, 0);
	call(&s, KIT_SOURCE_COPY, NULL, 0, out, 2);
	test_equal_error(out[0], kIOReturnNotReady);
	/* Cancelled: for good. */
	enable = 2;
	handle(&s, 1);
	call(&s, KIT_SOURCE_ENABLE, &enable, 1, NULL, 0);
	test_told(&s, 3, 0); /* by handle: there was data */
	call(&s, KIT_SOURCE_SEND, NULL, 0, NULL, 0);
	handle(&s, 1);
	test_equal_error(take(&s, 1), 0);
	test_equal_error(put(&s, "1", 1), 0);
	test_told(&s, 3, 0);
	end(&s);
}

TEST(S13)
{
	struct source s = begin(24);

	handle(&s, 1);
	test_equal_error(put(&s, "12345678", 8), 0);
	test_equal_error(put(&s, "12345678", 8), 0);
	test_told(&s, 1, 0);
	test_equal_error(put(&s, "12345678", 8), kIOReturnOverrun);
	test_equal(s.memory[NEED_SERVICED], 1);
	test_told(&s, 2, 0); /* the consumer is told as well */
	test_equal_error(take(&s, 8), 0);
	test_told(&s, 2, 1);
	test_equal(s.memory[NEED_SERVICED], 0);
	test_equal_error(take(&s, 8), 0);
	test_told(&s, 2, 1);
	end(&s);
}

TEST(S14_coalescing_and_room)
{
	struct source s = begin(24);
	uint64_t out[2], in[2] = { 8, 2 };
	uint32_t n = 2;

	handle(&s, 1);
	call(&s, KIT_SOURCE_CAN, in, 2, out, 1);
	test_equal_error(out[0], 0);
	in[1] = 3;
	call(&s, KIT_SOURCE_CAN, in, 2, out, 1);
	test_equal_error(out[0], kIOReturnOverrun);
	test_equal_error(IOConnectCallMethod(s.connect, KIT_SOURCE_COALESCE, NULL, 0, "12345678", 8,
					     out, &n, NULL, NULL),
			 0);
	test_equal_error(out[0], 0);
	test_equal(out[1], 1);
	test_told(&s, 0, 0); /* up to the producer ... */
	call(&s, KIT_SOURCE_SEND, NULL, 0, NULL, 0);
	test_told(&s, 1, 0); /* ... when */
	in[1] = 1;
	call(&s, KIT_SOURCE_CAN, in, 2, out, 1);
	test_equal_error(out[0], 0);
	in[0] = UINT32_MAX;
	call(&s, KIT_SOURCE_CAN, in, 2, out, 1);
	test_equal_error(out[0], kIOReturnOverrun);
	end(&s);
}

TEST(S14_damage)
{
	struct source s = begin(24);
	uint64_t out[3], in[2] = { 8, 1 };

	test_equal_error(put(&s, "12345678", 8), 0);
	set_word_at(&s, HEAD, 25);
	test_equal_error(put(&s, "1", 1), kIOReturnUnderrun);
	test_equal_error(take(&s, 8), kIOReturnError);
	call(&s, KIT_SOURCE_PEEK, NULL, 0, out, 3);
	test_equal_error(out[0], kIOReturnError);
	call(&s, KIT_SOURCE_CAN, in, 2, out, 1);
	test_equal_error(out[0], kIOReturnError);
	set_word_at(&s, HEAD, 0);
	set_word_at(&s, ENTRIES, UINT32_MAX);
	test_equal_error(take(&s, 8), kIOReturnError);
	set_word_at(&s, ENTRIES, 21);
	test_equal_error(take(&s, 8), kIOReturnError);
	set_word_at(&s, ENTRIES, 8);
	set_word_at(&s, TAIL, 0x80000000);
	test_equal_error(put(&s, "1", 1), kIOReturnUnderrun);
	set_word_at(&s, TAIL, 12);
	test_equal_error(take(&s, 8), 0);
	end(&s);
}

/* A program as consumer, then as producer. */
TEST(S14_the_program_s_end)
{
	struct source s = begin(24);
	const void *data = NULL;
	char room[8];
	uint32_t size = 0;
	bool notify = false;

	test_equal_error(portico_data_queue_source_peek(s.memory, s.length, &data, &size),
			 kIOReturnUnderrun);
	test_equal_error(put(&s, "hello", 5), 0);
	test_true(portico_data_queue_source_has_data(s.memory, s.length));
	test_equal_error(portico_data_queue_source_peek(s.memory, s.length, &data, &size), 0);
	test_equal(size, 5);
	test_equal(memcmp(data, "hello", 5), 0);
	size = 4;
	test_equal_error(
		portico_data_queue_source_dequeue(s.memory, s.length, room, &size, &notify),
		kIOReturnNoSpace);
	test_equal(word_at(&s, HEAD), 0);
	test_equal_error(put(&s, "12345678", 8), 0);
	test_equal_error(put(&s, "1", 1), kIOReturnOverrun);
	size = sizeof(room);
	test_equal_error(
		portico_data_queue_source_dequeue(s.memory, s.length, room, &size, &notify), 0);
	test_equal(size, 5);
	test_true(notify); /* the driver has waited for room: a call of the program's tells it */
	test_equal_error(portico_data_queue_source_dequeue(s.memory, s.length, NULL, NULL, &notify),
			 0);
	test_equal_error(
		portico_data_queue_source_dequeue(s.memory, s.length, room, &size, &notify),
		kIOReturnUnderrun);
	notify = false;
	test_equal_error(portico_data_queue_source_enqueue(s.memory, s.length, "abc", 3, &notify),
			 0);
	test_true(notify);
	test_equal_error(take(&s, 3), 0);
	test_equal_error(portico_data_queue_source_enqueue(s.memory, s.length, room, 40, &notify),
			 kIOReturnOverrun);
	/* No such memory. */
	test_equal_error(portico_data_queue_source_enqueue(NULL, 0, "abc", 3, &notify),
			 kIOReturnBadArgument);
	test_equal_error(portico_data_queue_source_enqueue(s.memory, 127, "abc", 3, &notify),
			 kIOReturnBadArgument);
	test_true(!portico_data_queue_source_has_data(NULL, 0));
	end(&s);
}

TEST(S15)
{
	struct source s = begin(1000);

	test_equal_error(create(&s, 1001), kIOReturnBadArgument);
	test_equal_error(create(&s, 1002), kIOReturnBadArgument);
	test_equal_error(create(&s, UINT64_MAX - 3), kIOReturnBadArgument);
	test_equal_error(create(&s, 0x100000000), kIOReturnBadArgument);
	test_equal_error(create(&s, 0xfffffffc), kIOReturnBadArgument); /* and 128 more */
	test_equal_error(create(&s, 1004), 0);
	end(&s);
}

TEST_MAIN
