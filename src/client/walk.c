// SPDX-License-Identifier: MIT
#include "client/walk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOKitLib.h>

#include "base/map.h"
#include "base/scope.h"
#include "client/ahead.h"
#include "client/iterator.h"
#include "client/session.h"
#include "client/status.h"
#include "wire/browse.h"

enum { BATCH_MAX = 4096 }; /* entries of one question */

/* What one question brought: a pre-order list with depths. */
struct batch {
	struct ref refs;
	uint64_t epoch;
	uint64_t generation;	  /* of the tree */
	uint64_t list_generation; /* of the list that was asked for */
	bool is_cut;		  /* there is more behind the last item */
	bool is_asked_ahead;	  /* for that, if it can be known what to ask */
	size_t count;
	struct batch_item {
		struct client_entry *entry;
		uint64_t list_generation; /* of what is below it */
		uint32_t depth;
	} items[];
};

/* The list of children (or parents) of one entry, where the walk stands or will come back to. */
struct level {
	struct client_entry *owner;
	struct batch *batch;
	size_t first, next; /* items: next is where to go on */
	size_t current;	    /* returned last; SIZE_MAX: none yet */
	uint64_t last;	    /* its ID, whatever batch it was in; 0: none yet */
	uint32_t depth;
	bool is_whole; /* the batch has the list from its start */
	bool is_over;
	bool is_at_end;	     /* the walk has said so: there is nothing to enter any more */
	uint64_t generation; /* of the tree when the list was last known to be right */
	uint64_t list_generation, epoch;
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
	struct client_ahead ahead;
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

static struct batch *batch_new(const struct wire_children_reply *reply, uint64_t epoch,
			       uint64_t names)
{
	const struct wire_entries *entries = &reply->entries;
	struct batch *batch = malloc(sizeof(*batch) + entries->count * sizeof(batch->items[0]));

	if (!batch)
		return NULL;
	ref_init(&batch->refs);
	batch->epoch = epoch;
	batch->generation = client_session_generation_of(reply->generation, epoch);
	batch->list_generation = reply->list_generation;
	batch->is_cut = reply->is_cut;
	batch->is_asked_ahead = false;
	batch->count = 0;
	for (size_t i = 0; i < entries->count; i++) {
		struct batch_item *item = &batch->items[batch->count];

		if (client_handle_grant_named(&entries->items[i], epoch, names, &item->entry))
			continue;
		item->list_generation = entries->items[i].generation;
		item->depth = entries->items[i].depth ? entries->items[i].depth : 1;
		batch->count++;
	}
	return batch;
}

static struct wire_children_request question(const struct walk *walk,
					     const struct client_entry *owner, uint64_t after,
					     bool recursive, uint32_t max)
{
	struct wire_children_request request = {
		.id = owner->id, .after = after, .max = max, .plane = walk->plane
	};

	if (recursive)
		request.options |= WIRE_CHILDREN_RECURSIVE;
	if (walk->options & kIORegistryIterateParents)
		request.options |= WIRE_CHILDREN_PARENTS;
	return request;
}

/* What OWNER's list has behind AFTER (0: all of it), at most MAX entries. */
static IOReturn read_batch(struct walk *walk, struct client_entry *owner, uint64_t after,
			   bool recursive, uint32_t max, struct batch **ret_batch)
{
	struct wire_children_request request = question(walk, owner, after, recursive, max);
	struct wire_children_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t epoch, names = client_session_name_generation();
	IOReturn status;

	status = client_session_ask(&wire_children_request_layout, &request,
				    &wire_children_reply_layout, &reply, &frame, &epoch);
	if (!status) {
		*ret_batch = batch_new(&reply, epoch, names);
		if (!*ret_batch)
			status = kIOReturnNoMemory;
		wire_message_clear(&wire_children_reply_layout, &reply);
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
		     size_t first, uint32_t depth, uint64_t list_generation)
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
		.is_whole = true,
		.generation = batch->generation,
		.list_generation = list_generation,
		.epoch = batch->epoch,
	};
	return kIOReturnSuccess;
}

/* The next item of the same list from AT on, or where the list or the batch ends. */
static size_t skip(const struct batch *batch, size_t at, uint32_t depth)
{
	while (at < batch->count && batch->items[at].depth > depth)
		at++;
	return at;
}

static bool is_item(const struct level *level, size_t at)
{
	return at < level->batch->count && level->batch->items[at].depth == level->depth;
}

/* Whether FRESH (one level) lists what LEVEL does. */
static bool is_same_list(const struct level *level, const struct batch *fresh)
{
	size_t at = skip(level->batch, level->first, level->depth);

	for (size_t i = 0; i < fresh->count; i++) {
		if (!is_item(level, at) ||
		    level->batch->items[at].entry->id != fresh->items[i].entry->id)
			return false;
		at = skip(level->batch, at + 1, level->depth);
	}
	return !is_item(level, at);
}

/* After the registry's own restart its counts mean nothing: the lists themselves are compared. */
static bool is_list_unchanged(struct walk *walk, const struct level *level)
{
	struct batch *fresh;

	if (!level->is_whole || level->batch->is_cut ||
	    read_batch(walk, level->owner, 0, false, WIRE_CHILDREN_MAX, &fresh))
		return false;
	bool same = !fresh->is_cut && is_same_list(level, fresh);
	batch_unref(fresh);
	return same;
}

/* Whether the list the walk stands in is still the registry's. */
static bool is_current(struct walk *walk, struct level *level)
{
	uint64_t generation = client_session_tree_generation();
	struct batch *now;
	bool same;

	if (generation == level->generation)
		return true;
	if (read_batch(walk, level->owner, 0, false, 0, &now))
		return false;
	same = now->epoch == level->epoch ? now->list_generation == level->list_generation
					  : is_list_unchanged(walk, level);
	if (same) {
		level->generation = now->generation;
		level->list_generation = now->list_generation;
		level->epoch = now->epoch;
	}
	batch_unref(now);
	return same;
}

/* --- asking ahead -------------------------------------------------------------- */

/* The batch has been cut within LEVEL's list, as far as it is known: then what comes next is what follows
 * the last item. It is asked for when a quarter of the batch has been used, so that who takes a few entries
 * does not ask for thousands. */
static void ask_ahead(struct walk *walk, struct level *level)
{
	struct batch *batch = level->batch;
	struct wire_children_request request;
	size_t last = batch->count - 1;

	if (!batch->is_cut || batch->is_asked_ahead || level->next < batch->count / 4)
		return;
	batch->is_asked_ahead = true;
	if (batch->items[last].depth != level->depth)
		return;
	for (size_t i = level->current; i < last; i++)
		if (batch->items[i].depth < level->depth)
			return;
	request = question(walk, level->owner, batch->items[last].entry->id, is_recursive(walk),
			   BATCH_MAX);
	client_ahead_ask(&walk->ahead, &request);
}

/* What has been asked ahead, or NULL: it was something else, or is of no use. */
static struct batch *take_ahead(struct walk *walk, const struct level *level)
{
	struct wire_children_request request =
		question(walk, level->owner, level->last, is_recursive(walk), BATCH_MAX);
	struct wire_children_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct batch *batch = NULL;
	uint64_t epoch;

	if (client_ahead_take(&walk->ahead, &request, &reply, &frame, &epoch)) {
		batch = batch_new(&reply, epoch, walk->ahead.names);
		wire_message_clear(&wire_children_reply_layout, &reply);
		if (batch && !client_ahead_is_right(&walk->ahead))
			batch = batch_unref(batch);
	}
	wire_frame_fini(&frame);
	return batch;
}

/* Read on where the batch was cut. False: the list has changed meanwhile. */
static bool continue_level(struct walk *walk, struct level *level)
{
	struct batch *batch = take_ahead(walk, level);

	if (!batch &&
	    read_batch(walk, level->owner, level->last, is_recursive(walk), BATCH_MAX, &batch))
		return false;
	if (batch->epoch != level->epoch || batch->list_generation != level->list_generation) {
		batch_unref(batch);
		return false;
	}
	if (!batch->count) { /* what was returned last can still be entered */
		batch_unref(batch);
		level->is_over = true;
		return true;
	}
	batch_unref(level->batch);
	level->batch = batch;
	level->first = level->next = 0;
	level->current = SIZE_MAX;
	level->depth = 1;
	level->is_whole = false;
	level->generation = batch->generation;
	return true;
}

static bool is_fresh(const struct batch *batch)
{
	return batch->generation == client_session_tree_generation();
}

/* Go below the entry that was returned last. Nothing below it is an empty level. */
static IOReturn descend(struct walk *walk, bool recursive)
{
	struct level *level = top(walk);
	const struct batch_item *item = &level->batch->items[level->current];
	struct batch *batch;
	IOReturn status;

	if (recursive && is_fresh(level->batch)) {
		ref_get(&level->batch->refs);
		return push(walk, item->entry, level->batch, level->current + 1, level->depth + 1,
			    item->list_generation);
	}
	status = read_batch(walk, item->entry, 0, recursive, BATCH_MAX, &batch);
	return status ? status : push(walk, item->entry, batch, 0, 1, batch->list_generation);
}

/* --- the iterator ----------------------------------------------------------------- */

/* It is known that there is nothing below the entry that was returned last. */
static bool is_leaf(const struct level *level)
{
	const struct batch *batch = level->batch;
	size_t next = level->current + 1;

	return (next < batch->count ? batch->items[next].depth <= level->depth : !batch->is_cut) &&
	       is_fresh(batch);
}

/* Recursive walks go down before they go on; each entry is entered once. */
static bool is_to_descend(const struct walk *walk, const struct level *level)
{
	return is_recursive(walk) && level->current != SIZE_MAX &&
	       !map_find(&walk->entered, level->batch->items[level->current].entry->id);
}

static void descend_once(struct walk *walk)
{
	struct level *level = top(walk);

	if (!walk->invalid && is_to_descend(walk, level) && !is_leaf(level) &&
	    !map_set(&walk->entered, level->batch->items[level->current].entry->id, walk))
		descend(walk, true);
}

static struct client_entry *take_item(struct level *level)
{
	struct client_entry *entry = level->batch->items[level->next].entry;

	level->current = level->next;
	level->last = entry->id;
	level->next = skip(level->batch, level->next + 1, level->depth);
	return entry;
}

static struct client_entry *advance(struct walk *walk)
{
	descend_once(walk);
	for (;;) {
		struct level *level = top(walk);

		if (!level->is_over && !is_current(walk, level))
			walk->invalid = level->is_over = true;
		if (!level->is_over && is_item(level, level->next)) {
			struct client_entry *entry = take_item(level);

			ask_ahead(walk, level);
			return entry;
		}
		if (!level->is_over && level->batch->is_cut && level->next == level->batch->count) {
			if (!continue_level(walk, level))
				walk->invalid = level->is_over = true;
			continue;
		}
		if (!is_recursive(walk) || walk->n_levels == 1) {
			level->current = SIZE_MAX;
			level->is_at_end = true;
			return NULL;
		}
		pop(walk);
	}
}

static io_object_t walk_next(struct client_object *object)
{
	struct walk *walk = walk_of(object);
	struct client_entry *entry;

	scope_lock(&walk->lock);
	entry = walk->n_levels ? advance(walk) : NULL;
	return entry ? client_iterator_entry_name(entry) : IO_OBJECT_NULL;
}

static IOReturn begin(struct walk *walk)
{
	struct batch *batch;
	IOReturn status;

	client_ahead_drop(&walk->ahead);
	while (walk->n_levels)
		pop(walk);
	map_fini(&walk->entered);
	walk->entered = (struct map)MAP_INIT;
	walk->invalid = false;
	status = read_batch(walk, walk->start, 0, is_recursive(walk), BATCH_MAX, &batch);
	if (!status)
		status = push(walk, walk->start, batch, 0, 1, batch->list_generation);
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
	struct level *level;

	scope_lock(&walk->lock);
	if (walk->invalid || !walk->n_levels)
		return false;
	level = top(walk);
	/* A recursive walk stands below the entry that it returned last, where nothing has been read
	 * yet; what has changed above is noticed when it comes back there. */
	return is_to_descend(walk, level) || level->is_over || is_current(walk, level);
}

/* Below nothing, after the end of a list. */
static void enter_nothing(struct walk *walk)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return;
	ref_init(&batch->refs);
	if (!push(walk, walk->start, batch, 0, 1, 0))
		top(walk)->is_over = true;
}

/* Before the first entry the walk stands at what its list belongs to. */
static void enter_owner(struct walk *walk)
{
	struct client_entry *owner = client_entry_ref(top(walk)->owner);
	struct batch *batch;

	if (!read_batch(walk, owner, 0, is_recursive(walk), BATCH_MAX, &batch))
		push(walk, owner, batch, 0, 1, batch->list_generation);
	client_entry_unref(owner);
}

static IOReturn walk_enter(struct client_object *object)
{
	struct walk *walk = walk_of(object);
	struct level *level;

	scope_lock(&walk->lock);
	level = walk->n_levels ? top(walk) : NULL;
	if (!level)
		return kIOReturnSuccess;
	if (level->is_at_end)
		enter_nothing(walk);
	else if (level->current == SIZE_MAX)
		enter_owner(walk);
	else
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

	client_ahead_drop(&walk->ahead);
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
