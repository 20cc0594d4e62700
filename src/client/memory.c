// SPDX-License-Identifier: MIT
/* IOConnectMapMemory*, IOConnectUnmapMemory*. */
#define IOCONNECT_MAPMEMORY_10_6 1
#include "client/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <IOKit/IODataQueueShared.h>
#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "base/map.h"
#include "base/scope.h"
#include "base/shm.h"
#include "client/connect.h"
#include "client/status.h"
#include "wire/memory.h"

struct mapping {
	struct list link;	 /* in connection->mappings */
	const atomic_bool *lost; /* the connection's */
	uint64_t memory;	 /* the driver's number of it */
	void *base;
	size_t size;	    /* as the driver says */
	size_t length;	    /* whole pages */
	IOOptionBits cache; /* as the caller wished */
	bool writable;
	struct client_queue first; /* if a data queue is at its beginning */
	struct list queues;	   /* further inside; guarded by regions_lock */
};

/* Mappings by address. The generation tells threads that what they remember may be old. */
static pthread_mutex_t regions_lock = PTHREAD_MUTEX_INITIALIZER;
static struct map regions = MAP_INIT; /* base -> mapping */
static atomic_uint_fast64_t regions_generation = 1;

/* What a thread has asked for last, by the address's page. In static TLS, which costs no call. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct {
	const void *base;
	uint64_t generation;
	struct client_queue *queue;
} remembered[4];

/* What the queue at OFFSET of a mapping says of its size, as far as there is room. */
static uint32_t first_queue_size(const struct mapping *mapping, size_t offset)
{
	uint32_t size;
	uint64_t room;

	if (mapping->size - offset < DATA_QUEUE_MEMORY_HEADER_SIZE)
		return 0;
	room = mapping->size - offset - DATA_QUEUE_MEMORY_HEADER_SIZE;
	memcpy(&size, (const char *)mapping->base + offset, sizeof(size));
	__asm__ volatile("" : "+r"(size));
	return size < room ? size : room > UINT32_MAX ? UINT32_MAX : (uint32_t)room;
}

static void set_queue(struct client_queue *queue, const struct mapping *mapping, size_t offset)
{
	queue->base = (char *)mapping->base + offset;
	queue->size = first_queue_size(mapping, offset);
	queue->room = mapping->size - offset;
	queue->writable = mapping->writable;
	queue->producer = wire_queue_end_new(queue->base, queue->size);
	queue->consumer = queue->producer;
}

/* The mapping that ADDRESS is in, which need not be its beginning: there may be several queues. */
static struct mapping *find_region_locked(uintptr_t address)
{
	struct mapping *mapping = map_find(&regions, address);
	size_t cursor = 0;

	if (mapping)
		return mapping;
	while ((mapping = map_next(&regions, &cursor, NULL)))
		if (address - (uintptr_t)mapping->base < mapping->size)
			return mapping;
	return NULL;
}

/* Without memory nothing is believed. */
static struct client_queue unusable;

static struct client_queue *find_queue_locked(const void *base)
{
	struct mapping *mapping = find_region_locked((uintptr_t)base);
	struct client_queue *queue;

	if (!mapping)
		return NULL;
	if (mapping->base == base)
		return &mapping->first;
	list_for_each(node, &mapping->queues) {
		queue = container_of(node, struct client_queue, link);
		if (queue->base == base)
			return queue;
	}
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return &unusable;
	set_queue(queue, mapping, (size_t)((uintptr_t)base - (uintptr_t)mapping->base));
	list_add(&mapping->queues, &queue->link);
	return queue;
}

struct client_queue *client_memory_find_queue(const void *base)
{
	const size_t n = sizeof(remembered) / sizeof(*remembered);
	uint64_t generation = atomic_load_explicit(&regions_generation, memory_order_acquire);
	size_t i = (uintptr_t)base / 4096 % n;

	if (remembered[i].base != base || remembered[i].generation != generation) {
		scope_lock(&regions_lock);
		remembered[i].queue = find_queue_locked(base);
		remembered[i].base = remembered[i].queue == &unusable ? NULL : base;
		remembered[i].generation = generation;
	}
	return remembered[i].queue;
}

bool client_memory_is_left(const void *base)
{
	scope_lock(&regions_lock);
	const struct mapping *mapping = find_region_locked((uintptr_t)base);

	return mapping && atomic_load(mapping->lost);
}

static err_t remember(struct mapping *mapping)
{
	scope_lock(&regions_lock);
	atomic_fetch_add(&regions_generation, 1);
	return map_set(&regions, (uintptr_t)mapping->base, mapping);
}

/* The mapping is in no list any more. */
static void unmap(struct mapping *mapping)
{
	{
		scope_lock(&regions_lock);
		if (map_find(&regions, (uintptr_t)mapping->base) == mapping)
			map_remove(&regions, (uintptr_t)mapping->base);
		atomic_fetch_add(&regions_generation, 1);
	}
	client_data_queue_forget(mapping->base, mapping->length);
	munmap(mapping->base, mapping->length);
	list_for_each_safe(node, &mapping->queues) {
		list_remove(node);
		free(container_of(node, struct client_queue, link));
	}
	free(mapping);
}

/* Takes no map_lock: who holds it may wait for a driver, or for the port's end that calls this. */
void client_memory_unmap_all(struct client_connection *connection)
{
	struct list mappings;

	list_init(&mappings);
	pthread_mutex_lock(&connection->lock);
	connection->unmapped = true;
	list_splice(&mappings, &connection->mappings);
	pthread_mutex_unlock(&connection->lock);
	list_for_each_safe(node, &mappings) {
		list_remove(node);
		unmap(container_of(node, struct mapping, link));
	}
}

/* --- mapping -------------------------------------------------------------------------- */

/* Any one of MEMORY. */
static struct mapping *find_mapping_locked(struct client_connection *connection, uint64_t memory)
{
	list_for_each(node, &connection->mappings) {
		struct mapping *mapping = container_of(node, struct mapping, link);

		if (mapping->memory == memory)
			return mapping;
	}
	return NULL;
}

/* Does MAPPING serve for what REPLY describes and the caller wants? */
static bool is_compatible(const struct mapping *mapping, const struct wire_map_reply *reply,
			  IOOptionBits options, mach_vm_address_t address)
{
	IOOptionBits cache = options & kIOMapCacheMask;

	return mapping->memory == reply->memory && mapping->size == reply->size &&
	       mapping->writable == !(reply->flags & WIRE_MAP_READ_ONLY) &&
	       (!cache || mapping->cache == cache) &&
	       ((options & kIOMapAnywhere) || (uintptr_t)mapping->base == address);
}

static bool use_mapping(struct client_connection *connection, const struct wire_map_reply *reply,
			IOOptionBits options, mach_vm_address_t *address)
{
	scope_lock(&connection->lock);
	list_for_each(node, &connection->mappings) {
		const struct mapping *mapping = container_of(node, struct mapping, link);

		if (is_compatible(mapping, reply, options, *address)) {
			*address = (uintptr_t)mapping->base;
			return true;
		}
	}
	return false;
}

/* Takes MAPPING. False: the connection has gone meanwhile. */
static bool add_mapping(struct client_connection *connection, struct mapping *mapping)
{
	{
		scope_lock(&connection->lock);
		if (!connection->unmapped) {
			list_add(&connection->mappings, &mapping->link);
			return true;
		}
	}
	unmap(mapping);
	return false;
}

static err_t map_file(struct mapping *mapping, int fd, bool anywhere, mach_vm_address_t address)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int protection = mapping->writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *at = anywhere ? NULL : (void *)(uintptr_t)address;
	int flags = MAP_SHARED;

	if (!anywhere) {
		if (!address || address % page)
			return -EINVAL;
		flags |= MAP_FIXED_NOREPLACE;
	}
	mapping->length = (mapping->size + page - 1) / page * page;
	mapping->base = mmap(at, mapping->length, protection, flags, fd, 0);
	if (mapping->base == MAP_FAILED)
		return err_from_errno();
	return 0;
}

static err_t mapping_new(const struct client_connection *connection,
			 const struct wire_map_reply *reply, int fd, IOOptionBits options,
			 mach_vm_address_t address, struct mapping **ret_mapping)
{
	struct mapping *mapping;
	err_t err;

	if (fd < 0 || reply->size == 0 || reply->size > SIZE_MAX / 2)
		return -EBADMSG;
	err = shm_verify(fd, (size_t)reply->size);
	if (err)
		return err;
	mapping = calloc(1, sizeof(*mapping));
	if (!mapping)
		return -ENOMEM;
	list_init(&mapping->link);
	list_init(&mapping->queues);
	mapping->lost = &connection->lost;
	mapping->memory = reply->memory;
	mapping->size = (size_t)reply->size;
	mapping->writable = !(reply->flags & WIRE_MAP_READ_ONLY);
	mapping->cache = options & kIOMapCacheMask;
	err = map_file(mapping, fd, options & kIOMapAnywhere, address);
	if (err) {
		free(mapping);
		return err;
	}
	set_queue(&mapping->first, mapping, 0);
	err = remember(mapping);
	if (err) {
		unmap(mapping);
		return err;
	}
	*ret_mapping = mapping;
	return 0;
}

static bool map_reply(struct client_connection *connection, const struct wire_map_reply *reply,
		      int fd, IOOptionBits options, mach_vm_address_t *address)
{
	struct mapping *mapping;
	mach_vm_address_t base;

	if (mapping_new(connection, reply, fd, options, *address, &mapping))
		return false;
	base = (uintptr_t)mapping->base;
	if (!add_mapping(connection, mapping))
		return false;
	*address = base;
	return true;
}

/* Under map_lock. */
static IOReturn map_type(struct client_connection *connection, uint32_t type, IOOptionBits options,
			 mach_vm_address_t *address, mach_vm_size_t *size)
{
	struct wire_map_request request = { .memory_type = type,
					    .options = options & kIOMapUserOptionsMask };
	struct wire_map_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	IOReturn status;
	bool mapped = false;

	status = client_connection_call(connection, &wire_map_request_layout, &request,
					&wire_map_reply_layout, &reply, &frame);
	if (!status) {
		scope_fd int fd = wire_frame_take_fd(&frame, 0);

		mapped = (!(reply.options & kIOMapUnique) &&
			  use_mapping(connection, &reply, options, address)) ||
			 map_reply(connection, &reply, fd, options, address);
		if (mapped)
			*size = reply.size;
		wire_message_clear(&wire_map_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	/* Whatever the driver had against it is not told. */
	if (!status && !mapped)
		status = atomic_load(&connection->lost) ? client_connection_lost_status(connection)
							: kIOReturnBadArgument;
	return status && !client_status_is_transport(status) ? kIOReturnBadArgument : status;
}

kern_return_t IOConnectMapMemory64(io_connect_t connect, uint32_t memoryType, task_port_t intoTask,
				   mach_vm_address_t *atAddress, mach_vm_size_t *ofSize,
				   IOOptionBits options)
{
	struct client_connection *connection;
	IOReturn status;
	err_t err;

	if (!atAddress || !ofSize || intoTask != mach_task_self())
		return kIOReturnBadArgument;
	err = client_connection_find(connect, &connection);
	if (err)
		return client_status_of_handle(err);
	pthread_mutex_lock(&connection->map_lock);
	status = map_type(connection, memoryType, options, atAddress, ofSize);
	pthread_mutex_unlock(&connection->map_lock);
	client_connection_unref(connection);
	return status;
}

/* Under map_lock. */
static IOReturn unmap_type(struct client_connection *connection, uint32_t type)
{
	struct wire_unmap_request request = { .memory_type = type };
	struct wire_number_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct mapping *mapping;
	IOReturn status;

	status = client_connection_call(connection, &wire_unmap_request_layout, &request,
					&wire_number_reply_layout, &reply, &frame);
	wire_frame_fini(&frame);
	if (status || !reply.number)
		return status;
	pthread_mutex_lock(&connection->lock);
	mapping = find_mapping_locked(connection, reply.number);
	if (mapping)
		list_remove(&mapping->link);
	pthread_mutex_unlock(&connection->lock);
	if (!mapping)
		return kIOReturnBadArgument;
	unmap(mapping);
	return kIOReturnSuccess;
}

kern_return_t IOConnectUnmapMemory64(io_connect_t connect, uint32_t memoryType,
				     task_port_t fromTask, mach_vm_address_t atAddress)
{
	struct client_connection *connection;
	IOReturn status;
	err_t err;

	if (fromTask != mach_task_self())
		return kIOReturnBadArgument;
	err = client_connection_find(connect, &connection);
	if (err)
		return client_status_of_handle(err);
	pthread_mutex_lock(&connection->map_lock);
	status = unmap_type(connection, memoryType);
	pthread_mutex_unlock(&connection->map_lock);
	client_connection_unref(connection);
	return status;
}

IOReturn client_memory_map_private(io_connect_t connect, uint32_t memory_type,
				   struct client_private_mapping *ret_mapping)
{
	struct wire_map_request request = { .memory_type = memory_type, .options = kIOMapAnywhere };
	struct wire_map_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_connection *connection;
	IOReturn status;
	err_t err = client_connection_find(connect, &connection);

	if (err)
		return client_status_of_handle(err);
	status = client_connection_call(connection, &wire_map_request_layout, &request,
					&wire_map_reply_layout, &reply, &frame);
	client_connection_unref(connection);
	if (!status) {
		scope_fd int fd = wire_frame_take_fd(&frame, 0);

		ret_mapping->size = reply.size;
		ret_mapping->writable = !(reply.flags & WIRE_MAP_READ_ONLY);
		if (fd < 0 || !reply.size || reply.size > SIZE_MAX / 2 ||
		    shm_verify(fd, reply.size) ||
		    shm_map(fd, reply.size, ret_mapping->writable, &ret_mapping->base))
			status = kIOReturnBadArgument;
		else
			ret_mapping->context = reply.context ? CFRetain(reply.context) : NULL;
		wire_message_clear(&wire_map_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	return status && !client_status_is_transport(status) ? kIOReturnBadArgument : status;
}

void client_memory_unmap_private(void *base, size_t size)
{
	shm_unmap(base, size);
}

/* Both prototypes of the header have the same arguments in registers. */
kern_return_t IOConnectMapMemory(io_connect_t connect, uint32_t memoryType, task_port_t intoTask,
				 vm_address_t *atAddress, vm_size_t *ofSize, IOOptionBits options)
{
	mach_vm_address_t address;
	mach_vm_size_t size;
	kern_return_t status;

	if (!atAddress || !ofSize)
		return kIOReturnBadArgument;
	address = *atAddress;
	status = IOConnectMapMemory64(connect, memoryType, intoTask, &address, &size, options);
	if (!status) {
		*atAddress = (vm_address_t)address;
		*ofSize = (vm_size_t)size;
	}
	return status;
}

kern_return_t IOConnectUnmapMemory(io_connect_t connect, uint32_t memoryType, task_port_t fromTask,
				   vm_address_t atAddress)
{
	return IOConnectUnmapMemory64(connect, memoryType, fromTask, atAddress);
}

void client_memory_lock(void)
{
	pthread_mutex_lock(&regions_lock);
}

void client_memory_unlock(void)
{
	pthread_mutex_unlock(&regions_lock);
}
