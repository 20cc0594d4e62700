// SPDX-License-Identifier: MIT
/*
 * Serial queues of DriverKit-style drivers. Work dispatched synchronously runs on
 * its caller's thread when its turn comes, so that a method costs no change of
 * threads; the queue's own thread is started by the first asynchronous work.
 */
#include <IOKit/IODispatchQueue.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/scope.h"
#include "host/reference.h"

enum { NAME_MAX_BYTES = 255 };

struct item {
	struct list link;
	IODispatchFunction function;
	void *context;
	bool is_synchronous; /* its thread waits for the turn */
	bool has_turn;	     /* of a synchronous one */
	bool is_dropped;     /* the queue was cancelled */
};

struct IODispatchQueue {
	char *name;
	pthread_mutex_t lock;
	struct ref ref; /* one for each asynchronous item */
	pthread_cond_t changed;
	/* guarded by lock */
	struct list items;
	bool is_busy; /* somebody has the turn: */
	bool has_owner;
	pthread_t owner;
	bool has_thread, is_ending, is_cancelled;
	bool frees_itself; /* the thread is nobody's any more */
	pthread_t thread;
};

IOReturn IODispatchQueueCreate(const char *name, uint64_t options, uint64_t priority,
			       IODispatchQueue **queue)
{
	IODispatchQueue *made;

	if (!queue || !name || strlen(name) > NAME_MAX_BYTES || options || priority)
		return kIOReturnBadArgument;
	made = calloc(1, sizeof(*made));
	if (made)
		made->name = strdup(name);
	if (!made || !made->name) {
		free(made);
		return kIOReturnNoMemory;
	}
	ref_init(&made->ref);
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	list_init(&made->items);
	*queue = made;
	return kIOReturnSuccess;
}

IODispatchQueue *IODispatchQueueRetain(IODispatchQueue *queue)
{
	if (queue)
		host_reference_get(&queue->ref, "IODispatchQueue", HOST_CALLER);
	return queue;
}

static void destroy(IODispatchQueue *queue)
{
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->lock);
	free(queue->name);
	free(queue);
}

void IODispatchQueueRelease(IODispatchQueue *queue)
{
	bool has_thread, is_own;

	if (!queue || !host_reference_put(&queue->ref, "IODispatchQueue", HOST_CALLER))
		return;
	pthread_mutex_lock(&queue->lock);
	queue->is_ending = true;
	has_thread = queue->has_thread;
	is_own = has_thread && pthread_equal(queue->thread, pthread_self());
	if (is_own) /* its own work has let go of it last */
		pthread_detach(queue->thread);
	queue->frees_itself = is_own;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	if (is_own)
		return;
	if (has_thread)
		pthread_join(queue->thread, NULL);
	destroy(queue);
}

const char *IODispatchQueueGetName(IODispatchQueue *queue)
{
	return queue ? queue->name : NULL;
}

bool IODispatchQueueOnQueue(IODispatchQueue *queue)
{
	scope_lock(&queue->lock);
	return queue->has_owner && pthread_equal(queue->owner, pthread_self());
}

static struct item *first_locked(IODispatchQueue *queue)
{
	return list_is_empty(&queue->items) ? NULL : list_first(&queue->items, struct item, link);
}

/* The turn is over: the next item's thread gets it. */
static void pass_turn_locked(IODispatchQueue *queue)
{
	struct item *next = first_locked(queue);

	queue->is_busy = queue->has_owner = false;
	if (next && next->is_synchronous) {
		list_remove(&next->link);
		next->has_turn = true;
		queue->is_busy = true; /* its thread enters itself as the owner */
	}
	pthread_cond_broadcast(&queue->changed);
}

/* The next asynchronous item, taken, with the turn. */
static struct item *take_locked(IODispatchQueue *queue)
{
	struct item *item = first_locked(queue);

	if (!item || item->is_synchronous || queue->is_busy)
		return NULL;
	list_remove(&item->link);
	queue->is_busy = queue->has_owner = true;
	queue->owner = pthread_self();
	return item;
}

static void *work(void *context)
{
	IODispatchQueue *queue = context;
	struct item *item;
	bool frees_itself;

	pthread_mutex_lock(&queue->lock);
	for (;;) {
		while (!(item = take_locked(queue)) && !queue->is_ending)
			pthread_cond_wait(&queue->changed, &queue->lock);
		if (!item)
			break;
		pthread_mutex_unlock(&queue->lock);
		item->function(item->context);
		free(item);
		pthread_mutex_lock(&queue->lock);
		pass_turn_locked(queue);
		pthread_mutex_unlock(&queue->lock);
		/* Another thread that releases it last waits for this one: it is there until the end. */
		IODispatchQueueRelease(queue);
		pthread_mutex_lock(&queue->lock);
	}
	frees_itself = queue->frees_itself;
	pthread_mutex_unlock(&queue->lock);
	if (frees_itself)
		destroy(queue);
	return NULL;
}

static IOReturn add_locked(IODispatchQueue *queue, struct item *item)
{
	if (queue->is_cancelled)
		return kIOReturnAborted;
	if (!queue->has_thread && pthread_create(&queue->thread, NULL, work, queue))
		return kIOReturnNoMemory;
	queue->has_thread = true;
	IODispatchQueueRetain(queue);
	list_add(&queue->items, &item->link);
	pthread_cond_broadcast(&queue->changed);
	return kIOReturnSuccess;
}

static struct item *new_item(void *context, IODispatchFunction function)
{
	struct item *item = calloc(1, sizeof(*item));

	if (item) {
		list_init(&item->link);
		item->function = function;
		item->context = context;
	}
	return item;
}

IOReturn IODispatchQueueDispatchAsync_f(IODispatchQueue *queue, void *context,
					IODispatchFunction function)
{
	struct item *item;
	IOReturn status;

	if (!queue || !function)
		return kIOReturnBadArgument;
	item = new_item(context, function);
	if (!item)
		return kIOReturnNoMemory;
	pthread_mutex_lock(&queue->lock);
	status = add_locked(queue, item);
	pthread_mutex_unlock(&queue->lock);
	if (status)
		free(item);
	return status;
}

/* True: the turn is ours. False: the queue was cancelled. */
static bool await_turn_locked(IODispatchQueue *queue)
{
	struct item item = { .is_synchronous = true };

	if (queue->is_cancelled)
		return false;
	list_init(&item.link);
	if (queue->is_busy || !list_is_empty(&queue->items)) {
		list_add(&queue->items, &item.link);
		while (!item.has_turn && !item.is_dropped)
			pthread_cond_wait(&queue->changed, &queue->lock);
		if (item.is_dropped)
			return false;
	}
	queue->is_busy = queue->has_owner = true;
	queue->owner = pthread_self();
	return true;
}

IOReturn IODispatchQueueDispatchSync_f(IODispatchQueue *queue, void *context,
				       IODispatchFunction function)
{
	bool has_turn;

	if (!queue || !function)
		return kIOReturnBadArgument;
	if (IODispatchQueueOnQueue(queue)) {
		function(context);
		return kIOReturnSuccess;
	}
	IODispatchQueueRetain(queue);
	pthread_mutex_lock(&queue->lock);
	has_turn = await_turn_locked(queue);
	pthread_mutex_unlock(&queue->lock);
	if (has_turn) {
		function(context);
		pthread_mutex_lock(&queue->lock);
		pass_turn_locked(queue);
		pthread_mutex_unlock(&queue->lock);
	}
	IODispatchQueueRelease(queue);
	return has_turn ? kIOReturnSuccess : kIOReturnAborted;
}

/* Take everything out that waits; returns how many references went with it. */
static unsigned drop_items_locked(IODispatchQueue *queue)
{
	unsigned n = 0;

	while (!list_is_empty(&queue->items)) {
		struct item *item = first_locked(queue);

		list_remove(&item->link);
		if (item->is_synchronous) {
			item->is_dropped = true; /* its thread frees it: it stands on its stack */
			continue;
		}
		free(item);
		n++;
	}
	pthread_cond_broadcast(&queue->changed);
	return n;
}

static void do_nothing(void *context)
{
}

IOReturn IODispatchQueueCancel_f(IODispatchQueue *queue, void *context, IODispatchFunction handler)
{
	struct item *item;
	unsigned n_dropped = 0;
	IOReturn status;

	if (!queue)
		return kIOReturnBadArgument;
	item = new_item(context, handler ? handler : do_nothing);
	if (!item)
		return kIOReturnNoMemory;
	pthread_mutex_lock(&queue->lock);
	if (!queue->is_cancelled)
		n_dropped = drop_items_locked(queue);
	status = add_locked(queue, item);
	if (!status)
		queue->is_cancelled = true;
	pthread_mutex_unlock(&queue->lock);
	if (status)
		free(item);
	while (n_dropped--)
		IODispatchQueueRelease(queue);
	return status;
}
