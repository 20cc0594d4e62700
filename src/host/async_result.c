// SPDX-License-Identifier: MIT
#include "host/host_internal.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"

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
	struct host_account *account;
	pthread_mutex_t lock;
	struct map records;
	size_t charged; /* at least as many as there are records; 0 without any */
	uint32_t last_key;
};

enum { PORTION = 64 }; /* references that are charged at once */

struct host_async *host_async_new(struct host_account *account)
{
	struct host_async *async = calloc(1, sizeof(*async));

	if (!async)
		return NULL;
	pthread_mutex_init(&async->lock, NULL);
	async->account = account;
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

/* For one record more. A call at a time costs no lock of others more than it must. */
static bool charge_locked(struct host_async *async)
{
	size_t n = async->records.count ? PORTION : 1;

	if (async->records.count < async->charged)
		return true;
	if (n > 1 && !host_account_has_room(async->account, LIMITS_ASYNC_CALLS, n))
		n = 1;
	if (!host_account_charge(async->account, LIMITS_ASYNC_CALLS, n))
		return false;
	async->charged += n;
	return true;
}

static void refund_locked(struct host_async *async)
{
	size_t spare = async->charged - async->records.count;

	if (async->records.count && spare < 2 * PORTION)
		return;
	if (async->records.count)
		spare = PORTION;
	if (spare)
		host_account_refund(async->account, LIMITS_ASYNC_CALLS, spare);
	async->charged -= spare;
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
	err = host_inlet_is_full(inlet) || !charge_locked(async) ? -ENOSPC : 0;
	if (!err) {
		do
			async->last_key = (async->last_key + 1) & 0x3fffffff;
		while (!async->last_key || map_find(&async->records, async->last_key));
		err = map_set(&async->records, async->last_key, record);
		refund_locked(async); /* for the error's sake */
		ret_reference[kIOAsyncReservedIndex] |= (uint64_t)async->last_key << 2;
	}
	pthread_mutex_unlock(&async->lock);
	if (err) {
		host_inlet_unref(inlet);
		free(record);
	}
	return err;
}

IOReturn host_async_send(struct host_async *async, OSAsyncReference64 reference, IOReturn result,
			 const io_user_reference_t *arguments, uint32_t count, IOOptionBits options)
{
	struct wire_ring_record completion;
	const struct record *record;
	err_t err;

	if (!key_of(reference))
		return kIOReturnSuccess;
	if (count > kMaxAsyncArgs)
		return kIOReturnMessageTooLarge;
	if (count && !arguments)
		return kIOReturnBadArgument;
	completion = (struct wire_ring_record){
		.result = result,
		.kind = WIRE_RING_COMPLETION,
		.count = (uint8_t)count,
		.arguments = arguments,
	};
	/* The lock is held until it is in its place: nothing of a token follows its release. */
	pthread_mutex_lock(&async->lock);
	record = map_find(&async->records, key_of(reference));
	if (!record) {
		pthread_mutex_unlock(&async->lock);
		return SEND_INVALID_DEST;
	}
	completion.token = record->token;
	err = host_inlet_put(record->inlet, &completion, options & kIOUserNotifyOptionCanDrop);
	pthread_mutex_unlock(&async->lock);
	if (err > 0)
		sched_yield();
	if (err >= 0)
		return kIOReturnSuccess;
	if (err == -EAGAIN)
		return SEND_TIMED_OUT;
	reference[kIOAsyncReservedIndex] |= kIOUCAsyncErrorLoggedFlag;
	return err == -EPIPE ? SEND_INVALID_DEST : SEND_NO_BUFFER;
}

static void release_record(struct record *record)
{
	const struct wire_ring_record released = { .token = record->token,
						   .kind = WIRE_RING_RELEASED };

	host_inlet_put(record->inlet, &released, false);
	host_inlet_unref(record->inlet);
	free(record);
}

bool host_async_release(struct host_async *async, const OSAsyncReference64 reference)
{
	struct record *record;

	pthread_mutex_lock(&async->lock);
	record = map_remove(&async->records, key_of(reference));
	refund_locked(async);
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
	refund_locked(async);
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
