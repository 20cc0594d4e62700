// SPDX-License-Identifier: MIT
#include "client/watch_internal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitKeys.h>

#include "base/scope.h"
#include "client/class.h"
#include "client/session.h"
#include "client/status.h"
#include "wire/value.h"

/* IDs that one notification remembers as announced; beyond that it starts afresh. */
enum { ANNOUNCED_MAX = 64 * 1024 };

static pthread_mutex_t watches_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list watches = LIST_INIT(watches);
static struct map subscriptions = MAP_INIT; /* subscription -> watch */
/* Held while a subscription is being made: its first message may be faster than the reply. */
static pthread_mutex_t subscribe_lock = PTHREAD_MUTEX_INITIALIZER;

static struct client_watch *watch_of(struct client_object *object)
{
	return container_of(object, struct client_watch, object);
}

static void drop_pending(struct client_watch *watch)
{
	for (size_t i = watch->next_pending; i < watch->n_pending; i++)
		client_entry_unref(watch->pending[i]);
	free(watch->pending);
	watch->pending = NULL;
	watch->n_pending = watch->next_pending = 0;
}

void client_watch_detach(struct client_watch *watch)
{
	struct wire_notify_remove message = { 0 };
	struct client_session *session;
	uint64_t epoch;

	pthread_mutex_lock(&watches_lock);
	list_remove(&watch->link);
	epoch = watch->epoch;
	message.subscription = watch->subscription;
	if (epoch && map_find(&subscriptions, watch->subscription) == watch)
		map_remove(&subscriptions, watch->subscription);
	watch->epoch = 0;
	watch->ended = true;
	pthread_mutex_unlock(&watches_lock);
	if (!epoch)
		return;
	session = client_session_find();
	if (session && session->epoch == epoch)
		wire_channel_post(session->channel, &wire_notify_remove_layout, &message, 0);
	client_session_unref(session);
}

static void watch_free(struct client_object *object)
{
	struct client_watch *watch = watch_of(object);

	client_watch_detach(watch);
	drop_pending(watch);
	map_fini(&watch->announced);
	client_entry_unref(watch->service);
	if (watch->matching)
		CFRelease(watch->matching);
	port_unref(watch->wake_port);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

static struct client_watch *watch_new(const char *type, struct port *wake_port,
				      const OSAsyncReference64 reference)
{
	struct client_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	client_object_init(&watch->object, CLIENT_OBJECT_WATCH, watch_free);
	client_handle_cut_name(watch->type, type);
	memcpy(watch->reference, reference, sizeof(watch->reference));
	watch->wake_port = port_ref(wake_port);
	list_init(&watch->link);
	pthread_mutex_init(&watch->lock, NULL);
	return watch;
}

/* --- pending services ------------------------------------------------------- */

static bool is_old_news(struct client_watch *watch, uint64_t id)
{
	bool once = !strcmp(watch->type, kIOFirstPublishNotification) ||
		    !strcmp(watch->type, kIOFirstMatchNotification);

	return (once || watch->resumed) && map_find(&watch->announced, id) != NULL;
}

err_t client_watch_take(struct client_watch *watch, const struct wire_entries *entries,
			uint64_t epoch, size_t *ret_fresh)
{
	size_t left = watch->n_pending - watch->next_pending;
	struct client_entry **pending = malloc((left + entries->count + 1) * sizeof(*pending));
	size_t n = 0;

	if (!pending)
		return -ENOMEM;
	for (size_t i = 0; i < entries->count; i++) {
		if (client_handle_grant(&entries->items[i], epoch, &pending[n]))
			continue;
		if (is_old_news(watch, pending[n]->id)) {
			client_entry_unref(pending[n]);
			continue;
		}
		if (watch->announced.count >= ANNOUNCED_MAX)
			map_fini(&watch->announced);
		if (map_set(&watch->announced, pending[n]->id, watch)) {
			/* Then it may be announced twice after a restart. */
		}
		n++;
	}
	*ret_fresh = n;
	/* What came when there was no room was never announced: the latest of it. */
	size_t n_over =
		n + left > WIRE_PENDING_SERVICES_MAX ? n + left - WIRE_PENDING_SERVICES_MAX : 0;
	for (size_t i = 0; i < n_over; i++)
		client_entry_unref(pending[i]);
	n -= n_over;
	memmove(pending, pending + n_over, n * sizeof(*pending));
	/* Latest first: what was there before comes after. */
	if (left)
		memcpy(pending + n, watch->pending + watch->next_pending, left * sizeof(*pending));
	free(watch->pending);
	watch->pending = pending;
	watch->n_pending = n + left;
	watch->next_pending = 0;
	return 0;
}

/* Everything that was pending had come along and nothing has happened since: nobody needs to be asked
 * to know that this was all. */
static bool arm_locked(struct client_watch *watch)
{
	uint64_t epoch, subscription;

	if (!watch->has_all)
		return false;
	watch->has_all = false;
	pthread_mutex_lock(&watches_lock);
	subscription = watch->subscription;
	epoch = watch->epoch;
	pthread_mutex_unlock(&watches_lock);
	if (!epoch)
		return false;
	watch->armed = client_session_arm(epoch, subscription, watch->seen_news, watch->was_alone);
	return watch->armed;
}

IOReturn client_watch_fetch(struct client_watch *watch)
{
	bool keeps = watch->next_pending < watch->n_pending;
	struct wire_frame frame = WIRE_FRAME_INIT;
	IOReturn status = kIOReturnSuccess;
	size_t fresh = 0;

	while (!status && !fresh) {
		struct client_session *session = client_session_find();
		struct wire_entries_reply reply = { 0 };
		struct wire_notify_next request = { .keeps = keeps };
		uint64_t epoch;

		pthread_mutex_lock(&watches_lock);
		request.subscription = watch->subscription;
		epoch = watch->epoch;
		pthread_mutex_unlock(&watches_lock);
		if (!session || session->epoch != epoch) {
			/* Recovery subscribes again, and arms. */
			client_session_unref(session);
			watch->armed |= !keeps;
			status = MACH_SEND_INVALID_DEST;
			break;
		}
		status = client_session_ask_on(session, &wire_notify_next_layout, &request, NULL, 0,
					       &wire_entries_reply_layout, &reply, &frame);
		client_session_unref(session);
		if (status) {
			/* Likewise: it may have gone before it answered. */
			watch->armed |= !keeps;
			break;
		}
		bool none = reply.entries.count == 0;
		watch->armed = none && !keeps;
		if (!none && client_watch_take(watch, &reply.entries, epoch, &fresh))
			status = kIOReturnNoMemory;
		wire_message_clear(&wire_entries_reply_layout, &reply);
		if (none || keeps)
			break;
	}
	wire_frame_fini(&frame);
	return status;
}

/* False: there are none, and the notification is armed. */
static bool need_pending(struct client_watch *watch)
{
	uint64_t news = client_session_news_generation();
	bool is_empty = watch->next_pending == watch->n_pending;

	if (is_empty)
		drop_pending(watch);
	if (is_empty && news == watch->seen_news && arm_locked(watch))
		return false;
	/* The latest is first, and may have come since the others were fetched. */
	if (is_empty || news != watch->seen_news) {
		client_watch_fetch(watch);
		watch->seen_news = news;
		watch->has_all = false;
	}
	return watch->next_pending < watch->n_pending;
}

io_object_t client_watch_next(struct client_object *object)
{
	struct client_watch *watch = watch_of(object);
	io_object_t name = IO_OBJECT_NULL;

	if (!watch->matching)
		return IO_OBJECT_NULL;
	scope_lock(&watch->lock);
	/* One that has ended since has no name; 0 would say that there are no more, and nothing would be armed. */
	while (!name && need_pending(watch)) {
		struct client_entry *entry = watch->pending[watch->next_pending++];

		name = client_entry_name(entry);
		client_entry_unref(entry);
	}
	return name;
}

bool client_watch_is_interest(struct client_object *object)
{
	return !watch_of(object)->matching;
}

/* --- subscribing -------------------------------------------------------------- */

static IOReturn register_watch(struct client_watch *watch, uint64_t subscription, uint64_t epoch)
{
	scope_lock(&watches_lock);
	if (watch->epoch && map_find(&subscriptions, watch->subscription) == watch)
		map_remove(&subscriptions, watch->subscription);
	if (map_set(&subscriptions, subscription, watch))
		return kIOReturnNoMemory;
	watch->subscription = subscription;
	watch->epoch = epoch;
	if (list_is_empty(&watch->link) && !watch->ended)
		list_add(&watches, &watch->link);
	return kIOReturnSuccess;
}

static IOReturn ask_for(struct client_watch *watch, struct client_session *session, uint32_t inlet,
			struct wire_frame *frame)
{
	struct wire_notify_add request = { .inlet = inlet,
					   .type = watch->type,
					   .matching = watch->matching,
					   .service = watch->service ? watch->service->id : 0 };
	struct wire_notify_reply reply = { 0 };
	IOReturn status;
	size_t fresh;

	scope_lock(&subscribe_lock);
	watch->seen_news = client_session_news_generation();
	watch->has_all = false;
	status = client_session_ask_on(session, &wire_notify_add_layout, &request, NULL, 0,
				       &wire_notify_reply_layout, &reply, frame);
	if (status)
		return status;
	status = register_watch(watch, reply.subscription, session->epoch);
	if (!status && client_watch_take(watch, &reply.entries, session->epoch, &fresh))
		status = kIOReturnNoMemory;
	wire_message_clear(&wire_notify_reply_layout, &reply);
	return status;
}

IOReturn client_watch_subscribe(struct client_watch *watch, struct client_session *session)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint32_t inlet;
	IOReturn status;
	err_t err;

	err = client_inlet_open(&session->inlets, session->channel, WIRE_INLET_NOTICES,
				watch->wake_port, &inlet, NULL);
	if (err) {
		bool lost = wire_channel_is_closed(session->channel);

		return lost ? client_status_of_session(err) : client_status_of_wake_port(err);
	}
	scope_lock(&watch->lock);
	status = ask_for(watch, session, inlet, &frame);
	wire_frame_fini(&frame);
	return status;
}

/* As everywhere, a link that turns out to be lost is made again once. */
static IOReturn subscribe_anywhere(struct client_watch *watch)
{
	IOReturn status = kIOReturnSuccess;

	for (int attempt = 0; attempt < 2; attempt++) {
		struct client_session *session;
		err_t err = client_session_get(&session);

		if (err)
			return client_status_of_session(err);
		status = client_watch_subscribe(watch, session);
		bool is_lost = status && wire_channel_is_closed(session->channel);
		client_session_unref(session);
		if (!is_lost)
			break;
	}
	return status;
}

/* Takes WATCH. */
static IOReturn begin(struct client_watch *watch, io_object_t *ret_name)
{
	io_object_t name;
	err_t err;

	/* Named first: the first message may need the name's port. */
	err = client_object_name(&watch->object, &name);
	if (err) {
		client_object_unref(&watch->object);
		return client_status_of_handle(err);
	}
	IOReturn status = subscribe_anywhere(watch);
	client_object_unref(&watch->object);
	if (status)
		mach_port_deallocate(mach_task_self(), name);
	else
		*ret_name = name;
	return status;
}

static IOReturn new_for_port(const char *type, mach_port_t wake_port,
			     const OSAsyncReference64 reference, struct client_watch **ret_watch)
{
	struct port *port;
	err_t err = port_from_receive_right(wake_port, &port);

	if (err)
		return client_status_of_wake_port(err);
	*ret_watch = watch_new(type, port, reference);
	port_unref(port);
	return *ret_watch ? kIOReturnSuccess : kIOReturnNoMemory;
}

/* A copy, so that the caller's dictionary is given back here and may change; the dictionary itself when
 * it cannot be sent, which the subscription will say. */
static CFDictionaryRef copy_matching(CFDictionaryRef matching)
{
	struct bytes encoded = BYTES_INIT;
	CFTypeRef copy = NULL;

	if (!wire_value_encode(matching, &encoded)) {
		struct bytes_reader in = bytes_reader(encoded.data, encoded.size);
		if (wire_value_decode(&in, &copy))
			copy = NULL;
	}
	bytes_fini(&encoded);
	return copy ? copy : CFRetain(matching);
}

IOReturn client_watch_add_matching(const char *type, CFDictionaryRef matching,
				   mach_port_t wake_port, const OSAsyncReference64 reference,
				   io_object_t *ret_name)
{
	struct client_watch *watch;
	IOReturn status = new_for_port(type, wake_port, reference, &watch);

	if (status)
		return status;
	watch->matching = copy_matching(matching);
	return begin(watch, ret_name);
}

IOReturn client_watch_add_interest(const char *type, struct client_entry *service,
				   mach_port_t wake_port, const OSAsyncReference64 reference,
				   io_object_t *ret_name)
{
	struct client_watch *watch;
	IOReturn status = new_for_port(type, wake_port, reference, &watch);

	if (status)
		return status;
	watch->service = client_entry_ref(service);
	return begin(watch, ret_name);
}

/* --- all of them ---------------------------------------------------------------- */

/* False: it is being freed already. */
static bool try_ref(struct client_watch *watch)
{
	unsigned refs = atomic_load(&watch->object.refs);

	while (refs && !atomic_compare_exchange_weak(&watch->object.refs, &refs, refs + 1)) {
	}
	return refs != 0;
}

static struct client_watch *find_subscription(uint64_t subscription, struct port *wake_port)
{
	struct client_watch *watch;

	scope_lock(&watches_lock);
	watch = map_find(&subscriptions, subscription);
	/* A message counts only on the port that was given for it. */
	if (!watch || watch->wake_port != wake_port || watch->ended)
		return NULL;
	/* Being freed: then nobody wants the message. */
	return try_ref(watch) ? watch : NULL;
}

struct client_watch *client_watch_find(uint64_t subscription, struct port *wake_port)
{
	struct client_watch *watch = find_subscription(subscription, wake_port);

	if (watch)
		return watch;
	pthread_mutex_lock(&subscribe_lock);
	pthread_mutex_unlock(&subscribe_lock);
	return find_subscription(subscription, wake_port);
}

bool client_watch_is_any(void)
{
	scope_lock(&watches_lock);
	return !list_is_empty(&watches);
}

uint64_t client_watch_begin_walk(void)
{
	static atomic_uint_least64_t last;

	return atomic_fetch_add(&last, 1) + 1;
}

struct client_watch *client_watch_walk(uint64_t walk)
{
	scope_lock(&watches_lock);
	while (!list_is_empty(&watches)) {
		struct client_watch *watch = list_first(&watches, struct client_watch, link);

		if (watch->walk == walk)
			break;
		watch->walk = walk;
		list_remove(&watch->link);
		list_add(&watches, &watch->link);
		if (try_ref(watch))
			return watch;
	}
	return NULL;
}

/* --- fork -------------------------------------------------------------------------- */

void client_watch_lock(void)
{
	pthread_mutex_lock(&watches_lock);
}

void client_watch_unlock(void)
{
	pthread_mutex_unlock(&watches_lock);
}

void client_watch_forget(void)
{
	list_init(&watches);
	map_fini(&subscriptions);
	subscriptions = (struct map)MAP_INIT;
	pthread_mutex_init(&subscribe_lock, NULL);
}
