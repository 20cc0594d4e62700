// SPDX-License-Identifier: MIT
/* Shared memory that is unmapped, written, cut and sealed by those who must not. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mach/mach.h>

#include "Hostile.h"
#include "Methods.h"
#include "arena.h"
#include "audit.h"

static volatile uint8_t *map(io_connect_t c, uint32_t type, uint32_t options)
{
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;

	test_equal_error(IOConnectMapMemory64(c, type, mach_task_self(), &address, &size,
					      kIOMapAnywhere | options),
			 0);
	return (volatile uint8_t *)(uintptr_t)address;
}

static kern_return_t unmap(io_connect_t c, uint32_t type, volatile uint8_t *at)
{
	return IOConnectUnmapMemory64(c, type, mach_task_self(), (uintptr_t)at);
}

/* --- P-M1, P-M2 ------------------------------------------------------------------------------------ */

HOSTILE(P_M1, open_map_unmap_close)
{
	const uint64_t rounds = test_rounds(300, 200000);

	arena_begin("Hostile.dext", NULL);
	int maps = audit_count_mappings(getpid(), "/memfd:");
	io_service_t service = world_service("HostileDriver");

	for (uint64_t i = 0; i < rounds; i++) {
		io_connect_t c = 0;

		test_equal_error(IOServiceOpen(service, mach_task_self(), 0, &c), 0);
		volatile uint8_t *at = map(c, 0, 0);
		*at = 1;
		if (i & 1)
			test_equal_error(unmap(c, 0, at), 0);
		IOServiceClose(c);
	}
	IOObjectRelease(service);
	test_true(audit_count_mappings(getpid(), "/memfd:") <= maps);
	arena_count(rounds * 4);
	arena_end();
}

enum { FILES = 600 };

static io_connect_t map_without_end(io_service_t service)
{
	io_connect_t c = 0;
	kern_return_t kr = 0;

	test_equal_error(IOServiceOpen(service, mach_task_self(), 0, &c), 0);
	for (unsigned i = 0; i < 2 * FILES && !kr; i++) {
		mach_vm_address_t address = 0;
		mach_vm_size_t size = 0;

		kr = IOConnectMapMemory64(c, METHODS_MEMORY_FRESH, mach_task_self(), &address,
					  &size, kIOMapAnywhere);
		if (!kr)
			munmap((void *)(uintptr_t)address, (size_t)size);
	}
	test_equal_error(kr, kIOReturnBadArgument);
	return c;
}

/* Each is another one, with a descriptor of the host, who keeps some for others. */
HOSTILE(P_M1, maps_without_end)
{
	struct rlimit files = { FILES, FILES };
	io_connect_t all[4];

	test_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	arena_begin("Methods.dext", NULL);
	io_service_t service = world_service("MethodsDriver");

	for (unsigned i = 0; i < 4; i += 2) {
		all[i] = map_without_end(service);
		test_equal_error(IOServiceOpen(service, mach_task_self(), 0, &all[i + 1]), 0);
	}
	for (unsigned i = 0; i < 4; i++)
		IOServiceClose(all[i]);
	IOObjectRelease(service);
	arena_end();
}

struct reader {
	volatile uint8_t *at;
	atomic_bool ends;
	uint64_t sum;
};

static void *read_all_the_time(void *context)
{
	struct reader *reader = context;

	while (!atomic_load(&reader->ends))
		for (int i = 0; i < HOSTILE_PAGE; i++)
			reader->sum += reader->at[i];
	return NULL;
}

HOSTILE(P_M2, unmapping_what_is_not_mapped)
{
	arena_begin("Hostile.dext", "Methods.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0), m = world_open("MethodsDriver", 0);
	struct reader reader = { .at = map(c, 0, 0) };
	pthread_t thread;

	test_equal(pthread_create(&thread, NULL, read_all_the_time, &reader), 0);
	for (uint64_t i = test_rounds(50, 5000); i--;) {
		volatile uint8_t *at = map(m, METHODS_MEMORY, 0);

		volatile uint8_t *wrong[] = { at + 4096, (uint8_t *)(uintptr_t)&reader, NULL,
					      reader.at, at };

		test_true(unmap(m, 12345, at) != 0);
		test_true(unmap(m, METHODS_MEMORY_REFUSED, at) != 0);
		at[0] = 1;
		/* As on macOS the type decides: whatever the address, it is this connection's mapping
		 * that goes, once, and no other. */
		test_equal_error(unmap(m, METHODS_MEMORY, wrong[i % 5]), 0);
		test_true(unmap(m, METHODS_MEMORY, wrong[i % 5]) != 0);
		test_true(unmap(m, METHODS_MEMORY, at) != 0);
	}
	atomic_store(&reader.ends, true);
	pthread_join(thread, NULL);
	IOServiceClose(c);
	test_true(unmap(c, 0, reader.at) != 0);
	IOServiceClose(m);
	arena_end();
}

/* --- P-M3 ------------------------------------------------------------------------------------------ */

static pid_t start_mapper(int ready, bool stays)
{
	pid_t child = fork();

	if (!child) {
		io_connect_t c = world_open("HostileDriver", 0);
		volatile uint8_t *at = map(c, 0, 0);

		at[7] = 7;
		if (write(ready, "", 1) != 1)
			_exit(1);
		while (stays)
			at[7]++;
		_exit(0);
	}
	return child;
}

HOSTILE(P_M3, clients_that_end_while_they_have_mapped)
{
	int ready[2];
	char byte;

	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0);
	test_equal(pipe2(ready, O_CLOEXEC), 0);
	for (uint64_t i = 0; i < test_rounds(8, 500); i++) {
		pid_t child = start_mapper(ready[1], i % 2);

		test_equal(read(ready[0], &byte, 1), 1);
		test_equal(arena_ask(c, HOSTILE_TOUCH, 1) >= HOSTILE_PAGE - 1, 1);
		if (i % 2)
			kill(child, SIGKILL);
		test_equal(arena_wait(child), i % 2 ? 1000 + SIGKILL : 0);
		test_equal(arena_ask(c, HOSTILE_TOUCH, 2), 2 * HOSTILE_PAGE);
	}
	close(ready[0]);
	close(ready[1]);
	IOServiceClose(c);
	arena_end();
}

/* --- P-M4, P-M6 ------------------------------------------------------------------------------------ */

/* Every descriptor of shared memory in this process is tried for writing. */
static void try_descriptors(void (*attempt)(int fd))
{
	char path[64], target[256];

	for (int fd = 3; fd < 1024; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strstr(target, "/memfd:"))
			attempt(fd);
	}
}

/* The same memory by the name that the kernel gives to a mapping. */
static int reopen(volatile uint8_t *at, int flags)
{
	char path[64], line[512];
	unsigned long from, to;
	FILE *f = fopen("/proc/self/maps", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from == (uintptr_t)at) {
			fclose(f);
			snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", from, to);
			return open(path, flags | O_CLOEXEC);
		}
	if (f)
		fclose(f);
	return -1;
}

static void check_read_only(io_connect_t c, uint32_t type)
{
	volatile uint8_t *at = map(c, type, 0);
	int self = open("/proc/self/mem", O_RDWR | O_CLOEXEC), fd;
	void *again;

	test_true(mprotect((void *)(uintptr_t)at, 4096, PROT_READ | PROT_WRITE) < 0);
	/* The kernel's back door for debuggers breaks private copies only. */
	test_true(self >= 0 && pwrite(self, "X", 1, (off_t)(uintptr_t)at) < 0);
	close(self);
	fd = reopen(at, O_RDWR);
	if (fd >= 0) { /* root may open it; sealed memory still cannot be written */
		again = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		test_true(again == MAP_FAILED);
		test_true(pwrite(fd, "X", 1, 0) < 0);
		close(fd);
	}
	again = mremap((void *)(uintptr_t)at, 0, 4096, MREMAP_MAYMOVE);
	if (again != MAP_FAILED) {
		test_true(mprotect(again, 4096, PROT_READ | PROT_WRITE) < 0);
		munmap(again, 4096);
	}
	test_equal(*at, 0);
	test_equal_error(unmap(c, type, at), 0);
}

HOSTILE(P_M4, writing_what_may_only_be_read)
{
	arena_begin("Methods.dext", NULL);
	io_connect_t c = world_open("MethodsDriver", METHODS_TABLE);

	for (int i = 0; i < 10; i++)
		check_read_only(c, METHODS_MEMORY_SEALED);
	/* By a flag of the mapping alone (the driver's choice): as the API gives it, it cannot be written. */
	volatile uint8_t *at = map(c, METHODS_MEMORY_READ_ONLY, 0);
	test_true(mprotect((void *)(uintptr_t)at, 4096, PROT_READ | PROT_WRITE) < 0);
	unmap(c, METHODS_MEMORY_READ_ONLY, at);
	IOServiceClose(c);
	arena_end();
}

static void damage(int fd)
{
	struct stat before, after;

	test_equal(fstat(fd, &before), 0);
	test_true(ftruncate(fd, 0) < 0);
	test_true(ftruncate(fd, before.st_size + (1 << 20)) < 0);
	fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, before.st_size);
	test_equal(fstat(fd, &after), 0);
	test_equal(after.st_size, before.st_size);
}

/* What the library keeps open of it, and the mapping itself as a descriptor. */
HOSTILE(P_M6, driver_memory_that_is_cut_and_sealed)
{
	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0);

	for (uint64_t i = 0; i < test_rounds(20, 1000); i++) {
		io_connect_t other = world_open("HostileDriver", 0);
		volatile uint8_t *at = map(other, 0, 0);
		int fd = reopen(at, O_RDWR);

		if (fd >= 0) {
			damage(fd);
			close(fd);
		}
		if (i == 0)
			try_descriptors(damage);
		test_equal(arena_ask(c, HOSTILE_TOUCH, 3), 3 * HOSTILE_PAGE);
		IOServiceClose(other);
	}
	IOServiceClose(c);
	arena_end();
}

/* --- P-M5 ------------------------------------------------------------------------------------------ */

static void *flip_all_the_time(void *context)
{
	struct reader *flipper = context;
	volatile uint32_t *word = (volatile uint32_t *)flipper->at;

	while (!atomic_load(&flipper->ends)) {
		*word = 1;
		*word = 0x7fffffff;
	}
	return NULL;
}

/* Copy, check, use: no command that was checked is wild. */
HOSTILE(P_M5, a_command_that_changes_after_its_check)
{
	const uint64_t looks = test_rounds(200000, 10000000);

	arena_begin("Hostile.dext", NULL);
	io_connect_t c = world_open("HostileDriver", 0);
	struct reader flipper = { .at = map(c, 0, 0) };
	pthread_t thread;

	test_equal(pthread_create(&thread, NULL, flip_all_the_time, &flipper), 0);
	for (uint64_t done = 0; done < looks; done += 20000)
		test_equal(arena_ask(c, HOSTILE_COMMAND, 20000), 0);
	atomic_store(&flipper.ends, true);
	pthread_join(thread, NULL);
	IOServiceClose(c);
	arena_end();
}

TEST_MAIN
