// SPDX-License-Identifier: MIT
#include "client/iterator.h"

#include <pthread.h>
#include <stdlib.h>

#include <IOKit/IOKitLib.h>

#include "base/scope.h"
#include "client/session.h"
#include "client/status.h"
#include "client/watch.h"
#include "wire/browse.h"

/* A new entry for one whose port was destroyed, with a grant of its own. */
static io_object_t name_anew(uint64_t id)
{
	struct wire_entry_request request = { .id = id };
	struct wire_entry_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_entry *entry;
	io_object_t name = IO_OBJECT_NULL;
	uint64_t epoch;

	if (!client_session_ask(&wire_entry_request_layout, &request, &wire_entry_reply_layout,
				&reply, &frame, &epoch)) {
		if (!client_handle_grant_id(id, reply.state, reply.class_name, 1, epoch, &entry)) {
			name = client_entry_name(entry);
			client_entry_unref(entry);
		}
		wire_message_clear(&wire_entry_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	return name;
}

io_object_t client_iterator_entry_name(struct client_entry *entry)
{
	io_object_t name = client_entry_name(entry);

	return name ? name : name_anew(entry->id);
}

/* --- snapshots --------------------------------------------------------------- */

struct client_snapshot {
	struct client_iterator iterator;
	pthread_mutex_t lock;
	size_t next; /* under lock */
	size_t count, capacity;
	struct client_entry **entries;
};

static struct client_snapshot *snapshot_of(struct client_object *object)
{
	return container_of(object, struct client_snapshot, iterator.object);
}

static io_object_t snapshot_next(struct client_object *object)
{
	struct client_snapshot *snapshot = snapshot_of(object);
	io_object_t name = IO_OBJECT_NULL;

	scope_lock(&snapshot->lock);
	while (!name && snapshot->next < snapshot->count)
		name = client_iterator_entry_name(snapshot->entries[snapshot->next++]);
	return name;
}

static void snapshot_reset(struct client_object *object)
{
	struct client_snapshot *snapshot = snapshot_of(object);

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
	struct client_snapshot *snapshot = snapshot_of(object);

	for (size_t i = 0; i < snapshot->count; i++)
		client_entry_unref(snapshot->entries[i]);
	pthread_mutex_destroy(&snapshot->lock);
	free(snapshot->entries);
	free(snapshot);
}

struct client_snapshot *client_snapshot_new(void)
{
	struct client_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot)
		return NULL;
	client_object_init(&snapshot->iterator.object, CLIENT_OBJECT_ITERATOR, snapshot_free);
	snapshot->iterator.ops = &snapshot_ops;
	pthread_mutex_init(&snapshot->lock, NULL);
	return snapshot;
}

static bool make_room(struct client_snapshot *snapshot, size_t more)
{
	size_t capacity = snapshot->capacity;

	if (snapshot->count + more <= capacity)
		return true;
	if (capacity < snapshot->count + more)
		capacity = snapshot->count ? 2 * (snapshot->count + more) : more;
	struct client_entry **entries =
		realloc(snapshot->entries, capacity * sizeof(snapshot->entries[0]));
	if (!entries)
		return false;
	snapshot->entries = entries;
	snapshot->capacity = capacity;
	return true;
}

IOReturn client_snapshot_add(struct client_snapshot *snapshot, const struct wire_entries *entries,
			     uint64_t epoch, uint64_t names)
{
	bool room = make_room(snapshot, entries->count);
	struct client_entry *entry;

	for (size_t i = 0; i < entries->count; i++) {
		if (client_handle_grant_named(&entries->items[i], epoch, names, &entry))
			continue;
		if (room)
			snapshot->entries[snapshot->count++] = entry;
		else
			client_entry_unref(entry);
	}
	return room ? kIOReturnSuccess : kIOReturnNoMemory;
}

IOReturn client_snapshot_name(struct client_snapshot *snapshot, io_iterator_t *ret_iterator)
{
	err_t err = client_object_name(&snapshot->iterator.object, ret_iterator);

	client_object_unref(&snapshot->iterator.object);
	return client_status_of_handle(err);
}

void client_snapshot_free(struct client_snapshot *snapshot)
{
	if (snapshot)
		client_object_unref(&snapshot->iterator.object);
}

IOReturn client_iterator_new_snapshot(const struct wire_entries *entries, uint64_t epoch,
				      io_iterator_t *ret_iterator)
{
	struct client_snapshot *snapshot = client_snapshot_new();
	IOReturn status =
		snapshot ? client_snapshot_add(snapshot, entries, epoch, 0) : kIOReturnNoMemory;

	if (!status)
		return client_snapshot_name(snapshot, ret_iterator);
	client_snapshot_free(snapshot);
	return status;
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

static kern_return_t move(io_iterator_t iterator, bool deeper)
{
	const struct client_iterator_ops *ops;
	struct client_object *object;
	IOReturn status = kIOReturnBadArgument;
	err_t err = client_handle_object(iterator, &object);

	if (err)
		return client_status_of_handle(err);
	ops = ops_of(object);
	if (ops)
		status = deeper ? ops->enter(object) : ops->exit(object);
	client_object_unref(object);
	return status;
}

kern_return_t IORegistryIteratorEnterEntry(io_iterator_t iterator)
{
	return move(iterator, true);
}

kern_return_t IORegistryIteratorExitEntry(io_iterator_t iterator)
{
	return move(iterator, false);
}
