// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "wire/async.h"

enum {
	SEND_INVALID_DEST = 0x10000003,
	SEND_TIMED_OUT = 0x10000004,
	SEND_NO_BUFFER = 0x1000000d,
};

/* What a driver's reference stands for. Word 0 of the reference is the key, shifted over the flag
 * bits; the client's own words are there for the driver to see, completions carry the token alone. */
struct record {
	struct host_inlet *inlet; /* retained */
	uint64_t token;
};

struct host_async {
	pthread_mutex_t lock;
	struct map records;
	uint32_t last_key;
};

struct host_async *host_async_new(void)
{
	struct host_async *async = calloc(1, sizeof(*async));

	if (async)
		pthread_mutex_init(&async->lock, NULL);
	return async;
}

struct host_async *host_async_free(struct host_async *async)
{
	if (!async)
		return NULL;
	host_async_release_all(async);
	map_fini(&async->records);
	pthread_mutex_destroy(&async->lock);
	free(async);
	return NULL;
}

static uint64_t key_of(const OSAsyncReference64 reference)
{
	return (reference[kIOAsyncReservedIndex] & ~(uint64_t)kIOUCAsync0Flags) >> 2;
}

err_t host_async_begin(struct host_async *async, struct host_inlet *inlet, uint64_t token,
		       const uint64_t *words, size_t n_words, OSAsyncReference64 ret_reference)
{
	struct record *record;
	err_t err;

	memset(ret_reference, 0, sizeof(OSAsyncReference64));
	for (size_t i = 1; i < n_words && i < kOSAsyncRef64Count; i++)
		ret_reference[i] = words[i];
	ret_reference[kIOAsyncReservedIndex] = kIOUCAsync64Flag;
	if (!inlet)
		return 0;
	record = malloc(sizeof(*record));
	if (!record)
		return -ENOMEM;
	record->inlet = host_inlet_ref(inlet);
	record->token = token;
	pthread_mutex_lock(&async->lock);
	/* Each call leaves a release behind, which is kept until the client reads it. */
	err = async->records.count >= HOST_ASYNC_MAX || host_inlet_is_full(inlet) ? -ENOSPC : 0;
	if (!err) {
		do
			async->last_key = (async->last_key + 1) & 0x3fffffff;
		while (!async->last_key || map_find(&async->records, async->last_key));
		err = map_set(&async->records, async->last_key, record);
		ret_reference[kIOAsyncReservedIndex] |= (uint64_t)async->last_key << 2;
	}
	pthread_mutex_unlock(&async->lock);
	if (err) {
		host_inlet_unref(inlet);
		free(record);
	}
	return err;
}

/* The record's contents with a reference on the inlet. Sending happens without the lock: the
 * order of one thread's completions is kept, others have none. */
static bool look_up(struct host_async *async, const OSAsyncReference64 reference,
		    struct record *ret_record)
{
	struct record *record;

	scope_lock(&async->lock);
	record = map_find(&async->records, key_of(reference));
	if (!record)
		return false;
	*ret_record = *record;
	host_inlet_ref(record->inlet);
	return true;
}

IOReturn host_async_send(struct host_async *async, OSAsyncReference64 reference, IOReturn result,
			 const io_user_reference_t *arguments, uint32_t count, IOOptionBits options)
{
	struct record record;
	uint64_t words[kMaxAsyncArgs];
	err_t err;

	if (!key_of(reference))
		return kIOReturnSuccess;
	if (count > kMaxAsyncArgs)
		return kIOReturnMessageTooLarge;
	if (count && !arguments)
		return kIOReturnBadArgument;
	if (!look_up(async, reference, &record))
		return SEND_INVALID_DEST;
	for (uint32_t i = 0; i < count; i++)
		words[i] = arguments[i];
	struct wire_completion completion = {
		.token = record.token,
		.result = result,
		.arguments = { words, count },
	};
	err = host_inlet_send(record.inlet, &wire_completion_layout, &completion,
			      options & kIOUserNotifyOptionCanDrop, false);
	host_inlet_unref(record.inlet);
	if (!err)
		return kIOReturnSuccess;
	if (err == -EAGAIN)
		return SEND_TIMED_OUT;
	reference[kIOAsyncReservedIndex] |= kIOUCAsyncErrorLoggedFlag;
	return err == -EPIPE ? SEND_INVALID_DEST : SEND_NO_BUFFER;
}

static void release_record(struct record *record)
{
	struct wire_token_released released = { .token = record->token };

	host_inlet_send(record->inlet, &wire_token_released_layout, &released, false, true);
	host_inlet_unref(record->inlet);
	free(record);
}

bool host_async_release(struct host_async *async, const OSAsyncReference64 reference)
{
	struct record *record;

	pthread_mutex_lock(&async->lock);
	record = map_remove(&async->records, key_of(reference));
	pthread_mutex_unlock(&async->lock);
	if (record)
		release_record(record);
	return record != NULL;
}

void host_async_release_all(struct host_async *async)
{
	struct map records;
	struct record *record;
	size_t cursor = 0;

	pthread_mutex_lock(&async->lock);
	records = async->records;
	async->records = (struct map)MAP_INIT;
	pthread_mutex_unlock(&async->lock);
	while ((record = map_next(&records, &cursor, NULL)))
		release_record(record);
	map_fini(&records);
}

size_t host_async_count(struct host_async *async)
{
	scope_lock(&async->lock);
	return async->records.count;
}

/* --- driver API ------------------------------------------------------------ */

void IOUserClientCopyAsyncReference(const IOExternalMethodArguments *arguments,
				    OSAsyncReference64 reference)
{
	uint32_t count = arguments->asyncReference ? arguments->asyncReferenceCount : 0;

	memset(reference, 0, sizeof(OSAsyncReference64));
	for (uint32_t i = 0; i < count && i < kOSAsyncRef64Count; i++)
		reference[i] = arguments->asyncReference[i];
}

void IOUserClientSetAsyncReference64(OSAsyncReference64 reference, uintptr_t wakePort,
				     mach_vm_address_t callback, io_user_reference_t refcon)
{
	uint64_t flags = reference[kIOAsyncReservedIndex] & kIOUCAsync0Flags;

	reference[kIOAsyncReservedIndex] = flags | (wakePort & ~(uintptr_t)kIOUCAsync0Flags);
	reference[kIOAsyncCalloutFuncIndex] = callback;
	reference[kIOAsyncCalloutRefconIndex] = refcon;
}

IOReturn IOUserClientSendAsyncResult64WithOptions(IOUserClient *client,
						  OSAsyncReference64 reference, IOReturn result,
						  const io_user_reference_t *arguments,
						  uint32_t count, IOOptionBits options)
{
	struct host_connection *connection = client->service.runtime->connection;

	host_settle(connection->host);
	return host_async_send(connection->async, reference, result, arguments, count, options);
}

IOReturn IOUserClientSendAsyncResult64(IOUserClient *client, OSAsyncReference64 reference,
				       IOReturn result, const io_user_reference_t *arguments,
				       uint32_t count)
{
	return IOUserClientSendAsyncResult64WithOptions(client, reference, result, arguments, count,
							0);
}

IOReturn IOUserClientReleaseAsyncReference64(IOUserClient *client, OSAsyncReference64 reference)
{
	host_async_release(client->service.runtime->connection->async, reference);
	return kIOReturnSuccess;
}

/* --- the same with words of 32 bits: the key fits into one ----------------------- */

static void widen(OSAsyncReference64 wide, const OSAsyncReference reference)
{
	for (int i = 0; i < kOSAsyncRef64Count; i++)
		wide[i] = reference[i];
}

void IOUserClientSetAsyncReference(OSAsyncReference reference, uintptr_t wakePort,
				   mach_vm_address_t callback, io_user_reference_t refcon)
{
	natural_t flags = reference[kIOAsyncReservedIndex] & kIOUCAsync0Flags;

	reference[kIOAsyncReservedIndex] = flags | ((natural_t)wakePort & ~kIOUCAsync0Flags);
	reference[kIOAsyncCalloutFuncIndex] = (natural_t)callback;
	reference[kIOAsyncCalloutRefconIndex] = (natural_t)refcon;
}

IOReturn IOUserClientSendAsyncResult(IOUserClient *client, OSAsyncReference reference,
				     IOReturn result, void *const *arguments, uint32_t count)
{
	OSAsyncReference64 wide;
	io_user_reference_t words[kMaxAsyncArgs];

	if (count > kMaxAsyncArgs)
		return kIOReturnMessageTooLarge;
	if (count && !arguments)
		return kIOReturnBadArgument;
	widen(wide, reference);
	for (uint32_t i = 0; i < count; i++)
		words[i] = (uintptr_t)arguments[i];
	return IOUserClientSendAsyncResult64(client, wide, result, words, count);
}

IOReturn IOUserClientReleaseAsyncReference(IOUserClient *client, OSAsyncReference reference)
{
	OSAsyncReference64 wide;

	widen(wide, reference);
	return IOUserClientReleaseAsyncReference64(client, wide);
}
