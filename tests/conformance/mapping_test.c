// SPDX-License-Identifier: MIT
/* L: memory types of a driver. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "methods.h"
#include "test.h"
#include "world.h"

static io_connect_t c;

static void begin(void)
{
	methods_start();
	c = methods_open(METHODS_TABLE);
}

static void end(void)
{
	IOServiceClose(c);
	world_stop();
}

static kern_return_t try_map(uint32_t type, mach_vm_address_t *address, mach_vm_size_t *size,
			     IOOptionBits options)
{
	return IOConnectMapMemory64(c, type, mach_task_self(), address, size, options);
}

static volatile unsigned char *map(uint32_t type)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;

	test_equal_error(try_map(type, &address, &size, kIOMapAnywhere), 0);
	test_equal(size, METHODS_MEMORY_SIZE);
	test_equal(address & 4095, 0);
	return (volatile unsigned char *)(uintptr_t)address;
}

static kern_return_t unmap(uint32_t type)
{
	return IOConnectUnmapMemory64(c, type, mach_task_self(), 0);
}

static bool is_mapped(const volatile void *address)
{
	unsigned char page;

	return mincore((void *)(uintptr_t)address, 1, &page) == 0;
}

static uint64_t peek(uint32_t type, uint64_t offset)
{
	uint64_t in[2] = { type, offset }, out;

	methods_call(c, METHODS_PEEK, in, 2, &out, 1);
	return out;
}

static void poke(uint32_t type, uint64_t offset, uint64_t byte)
{
	uint64_t in[3] = { type, offset, byte };

	methods_call(c, METHODS_POKE, in, 3, NULL, 0);
}

static sigjmp_buf fault;

static void on_fault(int signal)
{
	siglongjmp(fault, signal);
}

static bool can_write(volatile unsigned char *at)
{
	struct sigaction action = { .sa_handler = on_fault }, old[2];
	bool written = false;

	sigaction(SIGSEGV, &action, &old[0]);
	sigaction(SIGBUS, &action, &old[1]);
	if (!sigsetjmp(fault, 1)) {
		*at = *at;
		written = true;
	}
	sigaction(SIGSEGV, &old[0], NULL);
	sigaction(SIGBUS, &old[1], NULL);
	return written;
}

TEST(L01)
{
	begin();
	volatile unsigned char *p = map(METHODS_MEMORY);
	test_equal(p[0], 0);
	p[0] = 7;
	p[9999] = 8;
	test_equal(peek(METHODS_MEMORY, 0), 7);
	test_equal(peek(METHODS_MEMORY, 9999), 8);
	poke(METHODS_MEMORY, 5000, 9);
	test_equal(p[5000], 9);
	end();
}

TEST(L01_types_are_any_number)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;

	begin();
	volatile unsigned char *p = map(METHODS_MEMORY_COOKIE);
	p[1] = 3;
	test_equal(peek(METHODS_MEMORY_COOKIE, 1), 3);
	test_true(p != map(METHODS_MEMORY));
	test_equal_error(try_map(UINT32_MAX, &address, &size, kIOMapAnywhere),
			 kIOReturnBadArgument);
	end();
}

TEST(L02)
{
	mach_vm_address_t address = 77;
	mach_vm_size_t size = 78;

	begin();
	test_equal_error(try_map(777, &address, &size, kIOMapAnywhere), kIOReturnBadArgument);
	test_equal_error(try_map(METHODS_MEMORY_REFUSED, &address, &size, kIOMapAnywhere),
			 kIOReturnBadArgument);
	test_equal_error(try_map(METHODS_MEMORY_NULL, &address, &size, kIOMapAnywhere),
			 kIOReturnBadArgument);
	io_connect_t base = methods_open(METHODS_BASE);
	test_equal_error(
		IOConnectMapMemory64(base, 0, mach_task_self(), &address, &size, kIOMapAnywhere),
		kIOReturnBadArgument);
	IOServiceClose(base);
	end();
}

TEST(L03)
{
	vm_address_t room = 0;
	mach_vm_address_t at;
	mach_vm_size_t size = 0;

	begin();
	test_equal(vm_allocate(mach_task_self(), &room, 65536, VM_FLAGS_ANYWHERE), 0);
	at = room;
	test_equal_error(try_map(METHODS_MEMORY, &at, &size, 0), kIOReturnBadArgument);
	test_equal(vm_deallocate(mach_task_self(), room, 65536), 0);
	at = room + 4096;
	test_equal_error(try_map(METHODS_MEMORY, &at, &size, 0), 0);
	test_equal(at, room + 4096);
	test_equal(size, METHODS_MEMORY_SIZE);
	/* the same type at another place is another mapping */
	at = room + 32768;
	test_equal_error(try_map(METHODS_MEMORY, &at, &size, 0), 0);
	test_equal(at, room + 32768);
	*(volatile char *)(room + 4096) = 5;
	test_equal(*(volatile char *)(room + 32768), 5);
	at = room + 1;
	test_equal_error(try_map(METHODS_MEMORY_COOKIE, &at, &size, 0), kIOReturnBadArgument);
	at = 0;
	test_equal_error(try_map(METHODS_MEMORY_COOKIE, &at, &size, 0), kIOReturnBadArgument);
	end();
}

TEST(L04)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size;

	begin();
	test_true(!can_write(map(METHODS_MEMORY_READ_ONLY)));
	test_true(!can_write(map(METHODS_MEMORY_SEALED)));
	test_equal_error(try_map(METHODS_MEMORY, &address, &size,
				 kIOMapAnywhere | kIOMapReadOnly | kIOMapUnique),
			 0);
	test_true(can_write((volatile unsigned char *)(uintptr_t)address));
	test_equal(methods_ask(c, METHODS_OPTIONS), 0); /* the driver hears nothing of it */
	/* and it cannot be made writable afterwards */
	volatile unsigned char *p = map(METHODS_MEMORY_READ_ONLY);
	test_true(mprotect((void *)p, 4096, PROT_READ | PROT_WRITE) != 0);
	end();
}

TEST(L04_bits_of_the_caller_are_the_callers)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size;

	begin();
	/* without kIOMapAnywhere the address counts, whatever the driver says */
	test_equal_error(try_map(METHODS_MEMORY_USER_BITS, &address, &size, 0),
			 kIOReturnBadArgument);
	test_equal_error(try_map(METHODS_MEMORY_USER_BITS, &address, &size,
				 kIOMapAnywhere | kIOMapWriteCombineCache),
			 0);
	test_true(!can_write((volatile unsigned char *)(uintptr_t)address));
	end();
}

TEST(L05)
{
	begin();
	volatile unsigned char *p = map(METHODS_MEMORY);
	test_true(map(METHODS_MEMORY) == p);
	test_true(map(METHODS_MEMORY_UNIQUE) != map(METHODS_MEMORY_UNIQUE));
	/* not compatible: one may be written */
	volatile unsigned char *writable = map(METHODS_MEMORY_TURNS);
	volatile unsigned char *other = map(METHODS_MEMORY_TURNS);
	test_true(writable != other);
	test_true(can_write(writable));
	test_true(!can_write(other));
	/* nor with another cache mode, unless the default does */
	mach_vm_address_t cached = 0, again = 0;
	mach_vm_size_t size;
	test_equal_error(
		try_map(METHODS_MEMORY, &cached, &size, kIOMapAnywhere | kIOMapWriteThruCache), 0);
	test_true((uintptr_t)p != cached);
	test_equal_error(
		try_map(METHODS_MEMORY, &again, &size, kIOMapAnywhere | kIOMapWriteThruCache), 0);
	test_equal(again, cached);
	/* at the same place it is the same mapping */
	again = cached;
	test_equal_error(try_map(METHODS_MEMORY, &again, &size, 0), 0);
	test_equal(again, cached);
	end();
}

TEST(L06)
{
	begin();
	volatile unsigned char *p = map(METHODS_MEMORY);
	map(METHODS_MEMORY);
	test_equal_error(unmap(METHODS_MEMORY), 0);
	test_true(!is_mapped(p));
	test_equal_error(unmap(METHODS_MEMORY), kIOReturnBadArgument);
	/* and it can be mapped again, with what is in it */
	p = map(METHODS_MEMORY);
	p[3] = 1;
	test_equal_error(unmap(METHODS_MEMORY), 0);
	test_equal(map(METHODS_MEMORY)[3], 1);
	end();
}

TEST(L07)
{
	begin();
	test_equal_error(unmap(METHODS_MEMORY), kIOReturnBadArgument);
	test_equal_error(unmap(METHODS_MEMORY_REFUSED), kIOReturnNotReadable);
	test_equal_error(unmap(777), kIOReturnNoSpace);
	test_equal_error(unmap(METHODS_MEMORY_NULL), 0);
	end();
}

TEST(L08_another_object_each_time_cannot_be_unmapped)
{
	begin();
	volatile unsigned char *p = map(METHODS_MEMORY_FRESH);
	test_true(map(METHODS_MEMORY_FRESH) != p);
	test_equal_error(unmap(METHODS_MEMORY_FRESH), kIOReturnBadArgument);
	test_true(is_mapped(p));
	end();
}

TEST(L08_beyond_the_length_the_last_page_is_zero)
{
	begin();
	volatile unsigned char *p = map(METHODS_MEMORY);
	memset((void *)(uintptr_t)p, 1, METHODS_MEMORY_SIZE);
	for (int i = METHODS_MEMORY_SIZE; i < 3 * 4096; i++)
		test_equal(p[i], 0);
	end();
}

TEST(L09)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size;

	begin();
	test_equal_error(IOConnectMapMemory64(c, 0, 0, &address, &size, kIOMapAnywhere),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectUnmapMemory64(c, 0, 0, 0), kIOReturnBadArgument);
	test_equal_error(IOConnectMapMemory64(c, 0, 0x7654321, &address, &size, kIOMapAnywhere),
			 kIOReturnBadArgument);
	test_equal_error(IOConnectMapMemory64(c, 0, mach_task_self(), NULL, &size, kIOMapAnywhere),
			 kIOReturnBadArgument);
	test_equal_error(
		IOConnectMapMemory64(0, 0, mach_task_self(), &address, &size, kIOMapAnywhere),
		MACH_SEND_INVALID_DEST);
	end();
}

TEST(L09_entry_points_of_both_widths)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;

	begin();
	test_equal_error(IOConnectMapMemory(c, METHODS_MEMORY, mach_task_self(), &address, &size,
					    kIOMapAnywhere),
			 0);
	test_equal(size, METHODS_MEMORY_SIZE);
	test_equal_error(IOConnectUnmapMemory(c, METHODS_MEMORY, mach_task_self(), address), 0);
	test_true(!is_mapped((void *)(uintptr_t)address));
	end();
}

TEST(L10)
{
	begin();
	io_connect_t other = methods_open(METHODS_TABLE);
	volatile unsigned char *p = map(METHODS_MEMORY);
	test_equal_error(IOServiceClose(c), 0);
	test_true(!is_mapped(p));
	/* another connection's memory is its own */
	c = other;
	test_equal(map(METHODS_MEMORY)[0], 0);
	end();
}

TEST(L10_a_mapping_lives_as_long_as_the_connection)
{
	begin();
	volatile unsigned char *p = map(METHODS_MEMORY);
	p[0] = 4;
	test_equal(IOConnectAddRef(c), 0);
	test_equal_error(IOConnectRelease(c), 0);
	test_equal(p[0], 4);
	poke(METHODS_MEMORY, 0, 5);
	test_equal(p[0], 5);
	end();
}

TEST(L11)
{
	begin();
	volatile unsigned char *p = map(METHODS_MEMORY_READ_ONLY);
	for (unsigned i = 1; i < 10; i++) {
		poke(METHODS_MEMORY_READ_ONLY, 8192, i);
		test_equal(p[8192], i);
	}
	end();
}

TEST_MAIN
