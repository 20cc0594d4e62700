// SPDX-License-Identifier: MIT
/*
 * A program's memory, named by address. A descriptor of it holds no bytes: each
 * access is a question to the program, whose thread waits for the method and
 * answers meanwhile. So it is good only while a method of its client runs, and
 * only for bundles that declare it (PorticoClientMemory in Info.plist).
 */
#include <IOKit/IOUserClient.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/scope.h"
#include "host/host_internal.h"
#include "host/turn.h"
#include "wire/client_memory.h"
#include "wire/open.h"

enum {
	SEGMENTS_MAX = 32,
	PATIENCE_SECONDS = 10, /* for a program that is stopped */
};

struct host_client_memory {
	IOUserClient *client; /* retained */
	uint64_t period;      /* of methods (connection->memory_period) in which it is good */
	uint32_t directions, n_segments;
	IOAddressSegment segments[SEGMENTS_MAX];
};

/* A question under way; on its asker's stack. Guarded by the connection's lock. */
struct asking {
	struct list link;
	uint32_t id;
	bool is_answered;
	IOReturn status;
	void *bytes; /* where SIZE bytes go; NULL: none are wanted */
	size_t size;
};

/* --- questions and answers ------------------------------------------------------------ */

err_t host_client_memory_answer(struct host_turn *turn)
{
	struct host_connection *connection = turn->connection;
	const struct wire_header *header = &turn->frame.header;
	struct wire_client_memory_reply in = { .data = { NULL, 0 } };
	err_t err = header->status
			  ? 0
			  : wire_frame_decode(&turn->frame, &wire_client_memory_reply_layout, &in);

	if (err)
		return err;
	scope_lock(&connection->lock);
	list_for_each(node, &connection->askings) {
		struct asking *asking = container_of(node, struct asking, link);

		if (asking->id != header->id || asking->is_answered)
			continue;
		if (!header->status && in.data.size != asking->size)
			return -EBADMSG;
		asking->status = header->status;
		if (in.data.size)
			memcpy(asking->bytes, in.data.data, in.data.size);
		asking->is_answered = true;
		pthread_cond_broadcast(&connection->answered);
		return 0;
	}
	/* Late for one who has given up. */
	return 0;
}

void host_client_memory_wake(struct host_connection *connection)
{
	scope_lock(&connection->lock);
	pthread_cond_broadcast(&connection->answered);
}

/* Somebody must receive the answer while this thread waits for it. */
static void need_receiver(struct host_connection *connection)
{
	uint64_t turn = atomic_load(&connection->turn);

	if (host_receiver_is_busy(turn))
		host_receiver_is_late(connection, turn);
}

static void await_locked(struct host_connection *connection, struct asking *asking)
{
	struct timespec until;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_SECONDS;
	while (!asking->is_answered && !atomic_load(&connection->inactive) && !error)
		error = pthread_cond_timedwait(&connection->answered, &connection->lock, &until);
}

static IOReturn ask(struct host_connection *connection, const struct wire_client_memory *message,
		    void *bytes)
{
	struct asking asking = { .bytes = bytes, .size = (size_t)message->size };

	need_receiver(connection);
	pthread_mutex_lock(&connection->lock);
	do
		asking.id = ++connection->last_asking;
	while (!asking.id);
	list_add(&connection->askings, &asking.link);
	pthread_mutex_unlock(&connection->lock);
	err_t err = wire_send(connection->socket, &wire_client_memory_layout, asking.id, message,
			      NULL, 0, false);
	pthread_mutex_lock(&connection->lock);
	if (!err)
		await_locked(connection, &asking);
	list_remove(&asking.link);
	pthread_mutex_unlock(&connection->lock);
	if (err || !asking.is_answered)
		return kIOReturnOffline;
	return asking.status;
}

static bool is_good(const struct host_client_memory *memory)
{
	struct host_connection *connection = memory->client->service.runtime->connection;

	scope_lock(&connection->lock);
	return connection->n_methods && connection->memory_period == memory->period;
}

/* --- descriptors -------------------------------------------------------------------------- */

/* SIZE bytes at OFFSET of the segments; how many were copied. Exactly one of INTO and FROM. */
static uint64_t access_segments(const struct host_client_memory *memory, uint64_t offset,
				uint64_t size, uint8_t *into, const uint8_t *from)
{
	struct host_connection *connection = memory->client->service.runtime->connection;
	uint64_t done = 0;

	for (uint32_t i = 0; i < memory->n_segments && done < size; i++) {
		const IOAddressSegment *segment = &memory->segments[i];

		if (offset >= segment->length) {
			offset -= segment->length;
			continue;
		}
		while (offset < segment->length && done < size) {
			uint64_t n = segment->length - offset;

			n = n < size - done ? n : size - done;
			n = n < WIRE_CLIENT_MEMORY_MAX ? n : WIRE_CLIENT_MEMORY_MAX;
			struct wire_client_memory message = {
				.address = segment->address + offset,
				.size = into ? n : 0,
				.data = { from ? from + done : NULL, from ? (size_t)n : 0 },
			};
			if (!is_good(memory) ||
			    ask(connection, &message, into ? into + done : NULL))
				return done;
			done += n;
			offset += n;
		}
		offset = 0;
	}
	return done;
}

uint64_t host_client_memory_read(const struct host_client_memory *memory, uint64_t offset,
				 void *bytes, uint64_t size)
{
	return memory->directions & kIOMemoryDirectionOut
		     ? access_segments(memory, offset, size, bytes, NULL)
		     : 0;
}

uint64_t host_client_memory_write(const struct host_client_memory *memory, uint64_t offset,
				  const void *bytes, uint64_t size)
{
	return memory->directions & kIOMemoryDirectionIn
		     ? access_segments(memory, offset, size, NULL, bytes)
		     : 0;
}

void host_client_memory_free(struct host_client_memory *memory)
{
	if (!memory)
		return;
	IOServiceRelease(&memory->client->service);
	free(memory);
}

/* The length of all; 0: one is empty, wraps around, or all are too much. */
static uint64_t add_up(const IOAddressSegment *segments, uint32_t count)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t length = segments[i].length;

		if (!length || length > WIRE_STRUCTURE_MAX ||
		    segments[i].address > UINT64_MAX - length)
			return 0;
		total += length;
	}
	return total <= WIRE_STRUCTURE_MAX ? total : 0;
}

static bool begin_period(struct host_connection *connection, uint64_t *ret_period)
{
	scope_lock(&connection->lock);
	*ret_period = connection->memory_period;
	return connection->n_methods > 0;
}

IOReturn IOUserClientCreateMemoryDescriptorFromClient(IOUserClient *client,
						      uint64_t memoryDescriptorCreateOptions,
						      uint32_t segmentsCount,
						      const IOAddressSegment *segments,
						      IOMemoryDescriptor **memory)
{
	struct host_connection *connection = client ? client->service.runtime->connection : NULL;
	uint64_t length, period, directions = memoryDescriptorCreateOptions;

	if (!connection || !memory || !segments || !segmentsCount || segmentsCount > SEGMENTS_MAX ||
	    !directions || (directions & ~(uint64_t)kIOMemoryDirectionInOut))
		return kIOReturnBadArgument;
	length = add_up(segments, segmentsCount);
	if (!length)
		return kIOReturnBadArgument;
	if (!(connection->rights.flags & WIRE_OPEN_CLIENT_MEMORY))
		return kIOReturnNotPermitted;
	if (!begin_period(connection, &period))
		return kIOReturnNotReady;
	struct host_client_memory *made = calloc(1, sizeof(*made));
	IOMemoryDescriptor *descriptor = made ? host_memory_of_client(made, length) : NULL;
	if (!descriptor) {
		free(made);
		return kIOReturnNoMemory;
	}
	IOServiceRetain(&client->service);
	made->client = client;
	made->period = period;
	made->directions = (uint32_t)directions;
	made->n_segments = segmentsCount;
	memcpy(made->segments, segments, segmentsCount * sizeof(*segments));
	*memory = descriptor;
	return kIOReturnSuccess;
}

void host_client_memory_begin(struct host_connection *connection)
{
	if (!(connection->rights.flags & WIRE_OPEN_CLIENT_MEMORY))
		return;
	scope_lock(&connection->lock);
	connection->n_methods++;
}

void host_client_memory_end(struct host_connection *connection)
{
	if (!(connection->rights.flags & WIRE_OPEN_CLIENT_MEMORY))
		return;
	scope_lock(&connection->lock);
	/* When none runs any more, what they made is no good. */
	if (!--connection->n_methods)
		connection->memory_period++;
}
