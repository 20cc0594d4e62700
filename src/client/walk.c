// SPDX-License-Identifier: MIT
#include "client/walk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOKitLib.h>

#include "base/map.h"
#include "base/scope.h"
#include "client/iterator.h"
#include "client/session.h"
#include "client/status.h"
#include "wire/browse.h"

/* What one question brought: a pre-order list with depths. */
struct batch {
	struct ref refs;
	uint64_t generation; /* of the tree */
	size_t count;
	struct batch_item {
		struct client_entry *entry;
		uint32_t depth;
	} items[];
};

/* The list of children (or parents) of one entry, where the walk stands or will come back to. */
struct level {
	struct client_entry *owner;
	struct batch *batch;
	size_t first, next; /* items: next is where to go on */
	size_t current;	    /* returned last; SIZE_MAX: none yet */
	uint32_t depth;
	uint64_t generation; /* of the tree when the list was last known to be right */
};

struct walk {
	struct client_iterator iterator;
	io_name_t plane;
	uint32_t options;
	struct client_entry *start;
	pthread_mutex_t lock; /* guards what follows */
	struct level *levels;
	size_t n_levels, levels_capacity;
	struct map entered; /* IDs that were descended into */
	bool invalid;
};

static struct walk *walk_of(struct client_object *object)
{
	return container_of(object, struct walk, iterator.object);
}

static bool is_recursive(const struct walk *walk)
{
	return walk->options & kIORegistryIterateRecursively;
}

/* --- batches ------------------------------------------------------------------- */

static struct batch *batch_unref(struct batch *batch)
{
	if (!batch || !ref_put(&batch->refs))
		return NULL;
	for (size_t i = 0; i < batch->count; i++)
		client_entry_unref(batch->items[i].entry);
	free(batch);
	return NULL;
}

static struct batch *batch_new(const struct wire_entries_reply *reply, uint64_t epoch)
{
	const struct wire_entries *entries = &reply->entries;
	struct batch *batch = malloc(sizeof(*batch) + entries->count * sizeof(batch->items[0]));

	if (!batch)
		return NULL;
	ref_init(&batch->refs);
	batch->generation = reply->generation ^ (epoch << 48);
	batch->count = 0;
	for (size_t i = 0; i < entries->count; i++) {
		struct batch_item *item = &batch->items[batch->count];

		if (client_handle_grant(&entries->items[i], epoch, &item->entry))
			continue;
		item->depth = entries->items[i].depth ? entries->items[i].depth : 1;
		batch->count++;
	}
	return batch;
}

static IOReturn read_batch(struct walk *walk, struct client_entry *owner, bool recursive,
			   struct batch **ret_batch)
{
	struct wire_children_request request = { .id = owner->id, .plane = walk->plane };
	struct wire_entries_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t epoch;
	IOReturn status;

	if (recursive)
		request.options |= WIRE_CHILDREN_RECURSIVE;
	if (walk->options & kIORegistryIterateParents)
		request.options |= WIRE_CHILDREN_PARENTS;
	status = client_session_ask(&wire_children_request_layout, &request,
				    &wire_entries_reply_layout, &reply, &frame, &epoch);
	if (!status) {
		*ret_batch = batch_new(&reply, epoch);
		if (!*ret_batch)
			status = kIOReturnNoMemory;
		wire_message_clear(&wire_entries_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
	return status;
}

/* --- levels -------------------------------------------------------------------- */

static struct level *top(struct walk *walk)
{
	return &walk->levels[walk->n_levels - 1];
}

static void pop(struct walk *walk)
{
	struct level *level = top(walk);

	client_entry_unref(level->owner);
	batch_unref(level->batch);
	walk->n_levels--;
}

/* Takes BATCH; OWNER is borrowed. */
static IOReturn push(struct walk *walk, struct client_entry *owner, struct batch *batch,
		     size_t first, uint32_t depth)
{
	if (walk->n_levels == walk->levels_capacity) {
		size_t capacity = walk->levels_capacity ? 2 * walk->levels_capacity : 8;
		struct level *levels = realloc(walk->levels, capacity * sizeof(*levels));

		if (!levels) {
			batch_unref(batch);
			return kIOReturnNoMemory;
		}
		walk->levels = levels;
		walk->levels_capacity = capacity;
	}
	walk->levels[walk->n_levels++] = (struct level){
		.owner = client_entry_ref(owner),
		.batch = batch,
		.first = first,
		.next = first,
		.current = SIZE_MAX,
		.depth = depth,
		.generation = batch->generation,
	};
	return kIOReturnSuccess;
}

/* The next item of the same list after AT; batch->count when the list ends. */
static size_t skip(const struct batch *batch, size_t at, uint32_t depth)
{
	while (at < batch->count && batch->items[at].depth > depth)
		at++;
	if (at < batch->count && batch->items[at].depth < depth)
		return batch->count;
	return at;
}

/* Whether FRESH (one level) lists what LEVEL does. */
static bool is_same_list(const struct level *level, const struct batch *fresh)
{
	size_t at = skip(level->batch, level->first, level->depth);

	for (size_t i = 0; i < fresh->count; i++) {
		if (at >= level->batch->count ||
		    level->batch->items[at].entry->id != fresh->items[i].entry->id)
			return false;
		at = skip(level->batch, at + 1, level->depth);
	}
	return at >= level->batch->count;
}

/* Whether the list the walk stands in is still the registry's. */
static bool is_current(struct walk *walk, struct level *level)
{
	uint64_t generation = client_session_tree_generation();
	struct batch *fresh;
	bool same;

	if (generation == level->generation)
		return true;
	if (read_batch(walk, level->owner, false, &fresh))
		return false;
	same = is_same_list(level, fresh);
	if (same)
		level->generation = fresh->generation;
	batch_unref(fresh);
	return same;
}

/* Go below the entry that was returned last. Nothing below it is an empty level. */
static IOReturn descend(struct walk *walk, bool recursive)
{
	struct level *level = top(walk);
	struct client_entry *owner = level->batch->items[level->current].entry;
	struct batch *batch;
	IOReturn status;

	if (recursive && level->batch->generation == client_session_tree_generation()) {
		ref_get(&level->batch->refs);
		return push(walk, owner, level->batch, level->current + 1, level->depth + 1);
	}
	status = read_batch(walk, owner, recursive, &batch);
	return status ? status : push(walk, owner, batch, 0, 1);
}

/* --- the iterator ----------------------------------------------------------------- */

/* Recursive walks go down before they go on; each entry is entered once. */
static void descend_once(struct walk *walk)
{
	struct level *level = top(walk);
	uint64_t id;

	if (!is_recursive(walk) || walk->invalid || level->current == SIZE_MAX)
		return;
	id = level->batch->items[level->current].entry->id;
	if (map_find(&walk->entered, id))
		return;
	if (!map_set(&walk->entered, id, walk))
		descend(walk, true);
}

static struct client_entry *advance(struct walk *walk)
{
	descend_once(walk);
	for (;;) {
		struct level *level = top(walk);
		size_t at = level->next;

		if (!is_current(walk, level)) {
			walk->invalid = true;
			level->next = at = level->batch->count;
		}
		if (at < level->batch->count && level->batch->items[at].depth == level->depth) {
			level->current = at;
			level->next = skip(level->batch, at + 1, level->depth);
			return level->batch->items[at].entry;
		}
		if (!is_recursive(walk) || walk->n_levels == 1)
			return NULL;
		pop(walk);
	}
}

static io_object_t walk_next(struct client_object *object)
{
	struct walk *walk = walk_of(object);
	struct client_entry *entry;

	scope_lock(&walk->lock);
	entry = walk->n_levels ? advance(walk) : NULL;
	return entry ? client_entry_name(entry) : IO_OBJECT_NULL;
}

static IOReturn begin(struct walk *walk)
{
	struct batch *batch;
	IOReturn status;

	while (walk->n_levels)
		pop(walk);
	map_fini(&walk->entered);
	walk->entered = (struct map)MAP_INIT;
	walk->invalid = false;
	status = read_batch(walk, walk->start, is_recursive(walk), &batch);
	if (!status)
		status = push(walk, walk->start, batch, 0, 1);
	return status;
}

static void walk_reset(struct client_object *object)
{
	struct walk *walk = walk_of(object);

	scope_lock(&walk->lock);
	if (begin(walk))
		walk->invalid = true;
}

static bool walk_is_valid(struct client_object *object)
{
	struct walk *walk = walk_of(object);

	scope_lock(&walk->lock);
	if (!walk->invalid && (!walk->n_levels || !is_current(walk, top(walk))))
		walk->invalid = true;
	return !walk->invalid;
}

static IOReturn walk_enter(struct client_object *object)
{
	struct walk *walk = walk_of(object);
	struct level *level;

	scope_lock(&walk->lock);
	level = walk->n_levels ? top(walk) : NULL;
	/* Before the first entry there is nothing to enter; the walk stays where it is. */
	if (level && level->current != SIZE_MAX)
		descend(walk, is_recursive(walk));
	return kIOReturnSuccess;
}

static IOReturn walk_exit(struct client_object *object)
{
	struct walk *walk = walk_of(object);

	scope_lock(&walk->lock);
	if (walk->n_levels <= 1)
		return kIOReturnNoDevice;
	pop(walk);
	return kIOReturnSuccess;
}

static const struct client_iterator_ops walk_ops = {
	.next = walk_next,
	.reset = walk_reset,
	.is_valid = walk_is_valid,
	.enter = walk_enter,
	.exit = walk_exit,
};

static void walk_free(struct client_object *object)
{
	struct walk *walk = walk_of(object);

	while (walk->n_levels)
		pop(walk);
	free(walk->levels);
	map_fini(&walk->entered);
	client_entry_unref(walk->start);
	pthread_mutex_destroy(&walk->lock);
	free(walk);
}

IOReturn client_walk_new(struct client_entry *start, const char *plane, uint32_t options,
			 io_iterator_t *ret_iterator)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	IOReturn status;

	if (!walk)
		return kIOReturnNoMemory;
	client_object_init(&walk->iterator.object, CLIENT_OBJECT_ITERATOR, walk_free);
	walk->iterator.ops = &walk_ops;
	client_handle_cut_name(walk->plane, plane);
	walk->options = options;
	walk->start = client_entry_ref(start);
	pthread_mutex_init(&walk->lock, NULL);
	status = begin(walk);
	if (!status)
		status = client_status_of_handle(
			client_object_name(&walk->iterator.object, ret_iterator));
	client_object_unref(&walk->iterator.object);
	return status;
}
