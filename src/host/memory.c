// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/scope.h"
#include "base/shm.h"

struct IOMemoryDescriptor {
	void *bytes;
	uint64_t length;
	struct ref ref;
	uint64_t capacity; /* what is mapped */
	void *allocation;  /* memory of a call; NULL for shared memory */
	int fd;		   /* shared memory; -1 for memory of a call */
	bool read_only;
	CFDictionaryRef context;	      /* may be NULL */
	struct host_client_memory *of_client; /* NULL: the bytes are here */
};

static IOMemoryDescriptor *new_descriptor(void)
{
	IOMemoryDescriptor *memory = calloc(1, sizeof(*memory));

	if (memory) {
		ref_init(&memory->ref);
		memory->fd = -1;
	}
	return memory;
}

static err_t create_shared(size_t length, int *ret_fd, void **ret_bytes)
{
	int fd;
	err_t err = shm_create_unsettled("driver memory", length, &fd);

	if (err)
		return err;
	err = shm_map(fd, length, true, ret_bytes);
	if (err)
		fd_close(fd);
	else
		*ret_fd = fd;
	return err;
}

IOMemoryDescriptor *IOMemoryDescriptorCreate(size_t length, IOOptionBits options)
{
	bool read_only = options & kIOMemoryClientReadOnly;
	IOMemoryDescriptor *memory = length ? new_descriptor() : NULL;
	err_t err;

	if (!memory)
		return NULL;
	err = read_only ? shm_create_read_only("driver memory", length, &memory->fd, &memory->bytes)
			: create_shared(length, &memory->fd, &memory->bytes);
	if (err) {
		free(memory);
		return NULL;
	}
	memory->length = memory->capacity = length;
	memory->read_only = read_only;
	return memory;
}

IOReturn IOBufferMemoryDescriptorCreate(uint64_t options, uint64_t capacity, uint64_t alignment,
					IOBufferMemoryDescriptor **memory)
{
	if (!memory || !capacity || (options & ~(uint64_t)kIOMemoryDirectionInOut) ||
	    (alignment & (alignment - 1)) || alignment > (uint64_t)sysconf(_SC_PAGESIZE))
		return kIOReturnBadArgument;
	*memory = IOMemoryDescriptorCreate(capacity, 0);
	return *memory ? kIOReturnSuccess : kIOReturnNoMemory;
}

IOReturn IOBufferMemoryDescriptorGetAddressRange(IOBufferMemoryDescriptor *memory,
						 IOAddressSegment *range)
{
	if (!memory || !range)
		return kIOReturnBadArgument;
	range->address = (uintptr_t)memory->bytes;
	range->length = memory->length;
	return kIOReturnSuccess;
}

IOReturn IOBufferMemoryDescriptorSetLength(IOBufferMemoryDescriptor *memory, uint64_t length)
{
	if (!memory || !length || length > memory->capacity)
		return kIOReturnBadArgument;
	memory->length = length;
	return kIOReturnSuccess;
}

IOMemoryDescriptor *host_memory_wrap(void *allocation, void *bytes, uint64_t length)
{
	IOMemoryDescriptor *memory = new_descriptor();

	if (!memory)
		return NULL;
	memory->allocation = allocation;
	memory->bytes = bytes;
	memory->length = length;
	return memory;
}

void *host_memory_unwrap(IOMemoryDescriptor *memory)
{
	void *allocation = NULL;

	if (memory && atomic_load(&memory->ref.count) == 1)
		allocation = take_ptr(memory->allocation);
	IOMemoryDescriptorRelease(memory);
	return allocation;
}

IOMemoryDescriptor *host_memory_of_client(struct host_client_memory *of_client, uint64_t length)
{
	IOMemoryDescriptor *memory = new_descriptor();

	if (!memory)
		return NULL;
	memory->of_client = of_client;
	memory->length = length;
	return memory;
}

IOMemoryDescriptor *IOMemoryDescriptorRetain(IOMemoryDescriptor *memory)
{
	if (memory)
		host_reference_get(&memory->ref, "IOMemoryDescriptor", HOST_CALLER);
	return memory;
}

void IOMemoryDescriptorRelease(IOMemoryDescriptor *memory)
{
	if (!memory || !host_reference_put(&memory->ref, "IOMemoryDescriptor", HOST_CALLER))
		return;
	if (memory->fd >= 0) {
		shm_unmap(memory->bytes, memory->capacity);
		fd_close(memory->fd);
	}
	free(memory->allocation);
	host_client_memory_free(memory->of_client);
	if (memory->context)
		CFRelease(memory->context);
	free(memory);
}

uint64_t IOMemoryDescriptorGetLength(const IOMemoryDescriptor *memory)
{
	return memory ? memory->length : 0;
}

void *IOMemoryDescriptorGetBytes(const IOMemoryDescriptor *memory)
{
	return memory ? memory->bytes : NULL;
}

static uint64_t clamp(const IOMemoryDescriptor *memory, uint64_t offset, uint64_t length)
{
	if (offset >= memory->length)
		return 0;
	return length < memory->length - offset ? length : memory->length - offset;
}

uint64_t IOMemoryDescriptorReadBytes(const IOMemoryDescriptor *memory, uint64_t offset, void *bytes,
				     uint64_t length)
{
	length = clamp(memory, offset, length);
	if (memory->of_client)
		return host_client_memory_read(memory->of_client, offset, bytes, length);
	if (length)
		memcpy(bytes, (const char *)memory->bytes + offset, length);
	return length;
}

uint64_t IOMemoryDescriptorWriteBytes(IOMemoryDescriptor *memory, uint64_t offset,
				      const void *bytes, uint64_t length)
{
	length = clamp(memory, offset, length);
	if (memory->of_client)
		return host_client_memory_write(memory->of_client, offset, bytes, length);
	if (length)
		memcpy((char *)memory->bytes + offset, bytes, length);
	return length;
}

bool host_memory_set_context(IOMemoryDescriptor *memory, CFStringRef key, CFDataRef data)
{
	memory->context = CFDictionaryCreate(NULL, (const void **)&key, (const void **)&data, 1,
					     &kCFTypeDictionaryKeyCallBacks,
					     &kCFTypeDictionaryValueCallBacks);
	return memory->context != NULL;
}

CFDictionaryRef host_memory_context(const IOMemoryDescriptor *memory)
{
	return memory->context;
}

bool host_memory_is_read_only(const IOMemoryDescriptor *memory)
{
	return memory->read_only;
}

err_t host_memory_share(IOMemoryDescriptor *memory, bool read_only, int *ret_fd)
{
	if (memory->fd < 0)
		return -EINVAL;
	/* A descriptor opened for reading alone could be opened again for writing through /proc; memory
	 * that was first given out for reading can be mapped for writing by nobody any more. */
	err_t err = shm_settle(memory->fd, read_only);
	if (err)
		return err;
	return read_only ? shm_reopen_read_only(memory->fd, ret_fd) : fd_dup(memory->fd, ret_fd);
}

/* --- what a connection has mapped -------------------------------------------- */

struct host_memories {
	IOMemoryDescriptor **items; /* number - 1 is the index */
	size_t count, capacity;
	struct host_account *account;
};

struct host_memories *host_memories_new(struct host_account *account)
{
	struct host_memories *memories = calloc(1, sizeof(*memories));

	if (memories)
		memories->account = account;
	return memories;
}

struct host_memories *host_memories_free(struct host_memories *memories)
{
	if (!memories)
		return NULL;
	for (size_t i = 0; i < memories->count; i++)
		IOMemoryDescriptorRelease(memories->items[i]);
	host_account_refund(memories->account, LIMITS_MEMORIES, memories->count);
	free(memories->items);
	free(memories);
	return NULL;
}

uint64_t host_memories_find(struct host_memories *memories, IOMemoryDescriptor *memory)
{
	for (size_t i = 0; i < memories->count; i++)
		if (memories->items[i] == memory)
			return i + 1;
	return 0;
}

err_t host_memories_add(struct host_memories *memories, IOMemoryDescriptor *memory,
			uint64_t *ret_number)
{
	uint64_t number = host_memories_find(memories, memory);

	if (!number) {
		if (!host_account_charge(memories->account, LIMITS_MEMORIES, 1))
			return -ENOSPC;
		if (memories->count == memories->capacity) {
			size_t capacity = memories->capacity ? memories->capacity * 2 : 4;
			void *items = realloc(memories->items, capacity * sizeof(*memories->items));

			if (!items) {
				host_account_refund(memories->account, LIMITS_MEMORIES, 1);
				return -ENOMEM;
			}
			memories->items = items;
			memories->capacity = capacity;
		}
		memories->items[memories->count] = IOMemoryDescriptorRetain(memory);
		number = ++memories->count;
	}
	*ret_number = number;
	return 0;
}
