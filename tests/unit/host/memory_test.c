// SPDX-License-Identifier: MIT
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/shm.h"
#include "host/host_internal.h"

static IOMemoryDescriptor *new_memory(size_t size, uint32_t options)
{
	IOMemoryDescriptor *memory = IOMemoryDescriptorCreate(size, options);

	test_true(memory);
	return memory;
}

TEST(shared_memory_is_zero_and_shared)
{
	IOMemoryDescriptor *memory = new_memory(10000, 0);
	uint8_t *mine = IOMemoryDescriptorGetBytes(memory), *theirs;
	void *base;
	int fd;

	test_equal(IOMemoryDescriptorGetLength(memory), 10000);
	for (int i = 0; i < 10000; i++)
		test_equal(mine[i], 0);
	test_equal(host_memory_share(memory, false, &fd), 0);
	test_equal(shm_verify(fd, 10000), 0);
	test_equal(shm_map(fd, 10000, true, &base), 0);
	theirs = base;
	mine[9999] = 1;
	theirs[0] = 2;
	test_equal(theirs[9999], 1);
	test_equal(mine[0], 2);
	test_true(ftruncate(fd, 0) < 0); /* sealed */
	shm_unmap(base, 10000);
	close(fd);
	IOMemoryDescriptorRelease(memory);
}

/* Whoever holds the descriptor, and whatever it is reopened as: no way to write. */
static void expect_read_only(IOMemoryDescriptor *memory, int fd)
{
	char path[64];
	volatile uint8_t *mine = IOMemoryDescriptorGetBytes(memory);
	uint8_t *theirs = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	test_true(theirs != MAP_FAILED);
	mine[5] = 7;
	test_equal(theirs[5], 7);
	test_true(mprotect(theirs, 4096, PROT_READ | PROT_WRITE) < 0);
	test_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	test_true(write(fd, "x", 1) < 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR | O_CLOEXEC);
	if (again >= 0) {
		test_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0) ==
			  MAP_FAILED);
		test_true(write(again, "x", 1) < 0);
		test_true(fallocate(again, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) <
			  0);
		close(again);
	}
	test_equal(mine[5], 7);
	munmap(theirs, 4096);
}

TEST(reliability_k10_read_only_memory_stays_so)
{
	IOMemoryDescriptor *memory = new_memory(4096, kIOMemoryClientReadOnly);
	int fd;

	test_true(memory != NULL);
	test_true(host_memory_is_read_only(memory));
	test_equal(host_memory_share(memory, true, &fd), 0);
	test_equal(shm_verify(fd, 4096), 0);
	expect_read_only(memory, fd);
	close(fd);
	IOMemoryDescriptorRelease(memory);
}

TEST(memory_shared_for_reading_first_stays_read_only)
{
	IOMemoryDescriptor *memory = new_memory(4096, 0);
	int fd;

	test_equal(host_memory_share(memory, true, &fd), 0);
	test_equal(shm_verify(fd, 4096), 0);
	expect_read_only(memory, fd);
	close(fd);
	IOMemoryDescriptorRelease(memory);
}

TEST(memory_shared_for_writing_first_stays_writable)
{
	IOMemoryDescriptor *memory = new_memory(4096, 0);
	void *base;
	int fd, reader;

	test_equal(host_memory_share(memory, false, &fd), 0);
	test_equal(host_memory_share(memory, true, &reader), 0);
	test_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0) == MAP_FAILED);
	test_equal(shm_map(fd, 4096, true, &base), 0);
	shm_unmap(base, 4096);
	/* a client cannot settle it otherwise */
	test_true(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0);
	close(fd);
	close(reader);
	IOMemoryDescriptorRelease(memory);
}

TEST(reads_and_writes_stay_inside)
{
	IOMemoryDescriptor *memory = new_memory(100, 0);
	uint8_t bytes[200];

	memset(bytes, 9, sizeof(bytes));
	test_equal(IOMemoryDescriptorWriteBytes(memory, 90, bytes, 200), 10);
	test_equal(IOMemoryDescriptorWriteBytes(memory, 100, bytes, 1), 0);
	test_equal(IOMemoryDescriptorWriteBytes(memory, UINT64_MAX, bytes, 1), 0);
	test_equal(IOMemoryDescriptorReadBytes(memory, 89, bytes, UINT64_MAX), 11);
	test_equal(bytes[0], 0);
	test_equal(bytes[1], 9);
	test_true(IOMemoryDescriptorCreate(0, 0) == NULL);
	test_true(IOMemoryDescriptorCreate(SIZE_MAX, 0) == NULL);
	test_true(IOMemoryDescriptorCreate(SIZE_MAX, kIOMemoryClientReadOnly) == NULL);
	IOMemoryDescriptorRelease(memory);
}

TEST(memory_of_a_call_lives_as_long_as_its_references)
{
	char *bytes = strdup("structure");
	IOMemoryDescriptor *memory = host_memory_wrap(bytes, bytes, 9);
	int fd;

	IOMemoryDescriptorRetain(memory);
	IOMemoryDescriptorRelease(memory); /* the framework's, after the call */
	test_equal(memcmp(IOMemoryDescriptorGetBytes(memory), "structure", 9), 0);
	test_equal_error(host_memory_share(memory, false, &fd), -EINVAL);
	IOMemoryDescriptorRelease(memory);
}

TEST(equal_objects_have_equal_numbers)
{
	struct host_memories *memories = host_memories_new(NULL);
	IOMemoryDescriptor *a = new_memory(1, 0), *b = new_memory(1, 0);
	uint64_t first, second, again;

	test_equal(host_memories_find(memories, a), 0);
	test_equal(host_memories_add(memories, a, &first), 0);
	test_equal(host_memories_add(memories, b, &second), 0);
	test_equal(host_memories_add(memories, a, &again), 0);
	test_true(first && second && first != second);
	test_equal(first, again);
	test_equal(host_memories_find(memories, b), second);
	IOMemoryDescriptorRelease(a);
	IOMemoryDescriptorRelease(b);
	host_memories_free(memories);
}

TEST_MAIN
