// SPDX-License-Identifier: MIT
#include "client/iterator.h"

#include <pthread.h>
#include <stdlib.h>

#include <IOKit/IOKitLib.h>

#include "base/scope.h"
#include "client/status.h"
#include "client/watch.h"

/* --- snapshots --------------------------------------------------------------- */

struct snapshot {
	struct client_iterator iterator;
	pthread_mutex_t lock;
	size_t next; /* under lock */
	size_t count;
	struct client_entry *entries[];
};

static struct snapshot *snapshot_of(struct client_object *object)
{
	return container_of(object, struct snapshot, iterator.object);
}

static io_object_t snapshot_next(struct client_object *object)
{
	struct snapshot *snapshot = snapshot_of(object);
	io_object_t name = IO_OBJECT_NULL;

	scope_lock(&snapshot->lock);
	/* Entries whose port was destroyed meanwhile have no handle any more. */
	while (!name && snapshot->next < snapshot->count)
		name = client_entry_name(snapshot->entries[snapshot->next++]);
	return name;
}

static void snapshot_reset(struct client_object *object)
{
	struct snapshot *snapshot = snapshot_of(object);

	scope_lock(&snapshot->lock);
	snapshot->next = 0;
}

static bool snapshot_is_valid(struct client_object *object)
{
	return true;
}

static IOReturn no_levels(struct client_object *object)
{
	return kIOReturnBadArgument;
}

static const struct client_iterator_ops snapshot_ops = {
	.next = snapshot_next,
	.reset = snapshot_reset,
	.is_valid = snapshot_is_valid,
	.enter = no_levels,
	.exit = no_levels,
};

static void snapshot_free(struct client_object *object)
{
	struct snapshot *snapshot = snapshot_of(object);

	for (size_t i = 0; i < snapshot->count; i++)
		client_entry_unref(snapshot->entries[i]);
	pthread_mutex_destroy(&snapshot->lock);
	free(snapshot);
}

IOReturn client_iterator_new_snapshot(const struct wire_entries *entries, uint64_t epoch,
				      io_iterator_t *ret_iterator)
{
	struct snapshot *snapshot =
		malloc(sizeof(*snapshot) + entries->count * sizeof(snapshot->entries[0]));
	err_t err;

	if (!snapshot)
		return kIOReturnNoMemory;
	client_object_init(&snapshot->iterator.object, CLIENT_OBJECT_ITERATOR, snapshot_free);
	snapshot->iterator.ops = &snapshot_ops;
	pthread_mutex_init(&snapshot->lock, NULL);
	snapshot->next = snapshot->count = 0;
	for (size_t i = 0; i < entries->count; i++) {
		if (!client_handle_grant(&entries->items[i], epoch,
					 &snapshot->entries[snapshot->count]))
			snapshot->count++;
	}
	err = client_object_name(&snapshot->iterator.object, ret_iterator);
	client_object_unref(&snapshot->iterator.object);
	return client_status_of_handle(err);
}

/* --- IOIterator* --------------------------------------------------------------- */

static const struct client_iterator_ops *ops_of(struct client_object *object)
{
	if (object->type != CLIENT_OBJECT_ITERATOR)
		return NULL;
	return container_of(object, struct client_iterator, object)->ops;
}

io_object_t IOIteratorNext(io_iterator_t iterator)
{
	const struct client_iterator_ops *ops;
	struct client_object *object;
	io_object_t next = IO_OBJECT_NULL;

	if (client_handle_object(iterator, &object))
		return IO_OBJECT_NULL;
	ops = ops_of(object);
	if (ops)
		next = ops->next(object);
	else if (object->type == CLIENT_OBJECT_WATCH)
		next = client_watch_next(object);
	client_object_unref(object);
	return next;
}

void IOIteratorReset(io_iterator_t iterator)
{
	struct client_object *object;

	if (client_handle_object(iterator, &object))
		return;
	if (ops_of(object))
		ops_of(object)->reset(object);
	client_object_unref(object);
}

boolean_t IOIteratorIsValid(io_iterator_t iterator)
{
	struct client_object *object;
	bool valid;

	if (client_handle_object(iterator, &object))
		return FALSE;
	valid = object->type == CLIENT_OBJECT_WATCH ||
		(ops_of(object) && ops_of(object)->is_valid(object));
	client_object_unref(object);
	return valid;
}

kern_return_t IORegistryIteratorEnterEntry(io_iterator_t iterator)
{
	struct client_object *object;
	IOReturn status = kIOReturnBadArgument;
	err_t err = client_handle_object(iterator, &object);

	if (err)
		return client_status_of_handle(err);
	if (ops_of(object))
		status = ops_of(object)->enter(object);
	client_object_unref(object);
	return status;
}

kern_return_t IORegistryIteratorExitEntry(io_iterator_t iterator)
{
	struct client_object *object;
	IOReturn status = kIOReturnBadArgument;
	err_t err = client_handle_object(iterator, &object);

	if (err)
		return client_status_of_handle(err);
	if (ops_of(object))
		status = ops_of(object)->exit(object);
	client_object_unref(object);
	return status;
}
