// SPDX-License-Identifier: MIT
#include "client/watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitKeys.h>
#include <IOKit/IOMessage.h>

#include "base/list.h"
#include "base/map.h"
#include "base/scope.h"
#include "client/class.h"
#include "client/matching.h"
#include "client/message.h"
#include "client/session.h"
#include "client/status.h"
#include "wire/notice.h"
#include "wire/value.h"

/* IDs that one notification remembers as announced; beyond that it starts afresh. */
enum { ANNOUNCED_MAX = 64 * 1024 };

struct client_watch {
	struct client_object object;
	io_name_t type;
	CFDictionaryRef matching;     /* NULL: interest */
	struct client_entry *service; /* interest */
	struct port *wake_port;
	OSAsyncReference64 reference;
	struct list link; /* in watches; under watches_lock */
	/* under watches_lock */
	uint64_t subscription, epoch; /* epoch 0: none */
	bool ended;
	/* under lock */
	pthread_mutex_t lock;
	struct client_entry **pending; /* the next one is first */
	size_t n_pending, next_pending;
	struct map announced; /* IDs, to tell what is new after a registry restart */
	uint64_t seen_news;   /* generation up to which the registry has been asked */
	bool has_all;	      /* and everything has come, as the registry knows */
	bool was_alone;	      /* its notice was alone in its message */
	bool armed;
	bool resumed; /* set up again after a restart */
};

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

/* Out of the tables; its subscription is given back. */
static void detach(struct client_watch *watch)
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

	detach(watch);
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

/* Append what the registry announced. FRESH counts what is really new. */
static err_t take_entries(struct client_watch *watch, const struct wire_entries *entries,
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

/* Ask for more until there is something, or there is nothing and the notification is armed; once, and
 * without arming it, when there is some left. */
static IOReturn fetch_locked(struct client_watch *watch)
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
		if (status)
			break;
		bool none = reply.entries.count == 0;
		watch->armed = none && !keeps;
		if (!none && take_entries(watch, &reply.entries, epoch, &fresh))
			status = kIOReturnNoMemory;
		wire_message_clear(&wire_entries_reply_layout, &reply);
		if (none || keeps)
			break;
	}
	wire_frame_fini(&frame);
	return status;
}

io_object_t client_watch_next(struct client_object *object)
{
	struct client_watch *watch = watch_of(object);
	struct client_entry *entry;
	io_object_t name;

	if (!watch->matching)
		return IO_OBJECT_NULL;
	scope_lock(&watch->lock);
	uint64_t news = client_session_news_generation();
	bool is_empty = watch->next_pending == watch->n_pending;
	if (is_empty)
		drop_pending(watch);
	if (is_empty && news == watch->seen_news && arm_locked(watch))
		return IO_OBJECT_NULL;
	/* The latest is first, and may have come since the others were fetched. */
	if (is_empty || news != watch->seen_news) {
		fetch_locked(watch);
		watch->seen_news = news;
		watch->has_all = false;
	}
	if (watch->next_pending == watch->n_pending)
		return IO_OBJECT_NULL;
	entry = watch->pending[watch->next_pending++];
	name = client_entry_name(entry);
	client_entry_unref(entry);
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
	watch->armed = false;
	status = register_watch(watch, reply.subscription, session->epoch);
	if (!status && take_entries(watch, &reply.entries, session->epoch, &fresh))
		status = kIOReturnNoMemory;
	wire_message_clear(&wire_notify_reply_layout, &reply);
	return status;
}

static IOReturn subscribe(struct client_watch *watch, struct client_session *session)
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
		status = subscribe(watch, session);
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

/* --- messages from the registry ------------------------------------------------ */

static struct client_watch *find_subscription(uint64_t subscription, struct port *wake_port)
{
	struct client_watch *watch;

	scope_lock(&watches_lock);
	watch = map_find(&subscriptions, subscription);
	/* A message counts only on the port that was given for it. */
	if (!watch || watch->wake_port != wake_port || watch->ended)
		return NULL;
	/* Being freed already: then nobody wants the message. */
	unsigned refs = atomic_load(&watch->object.refs);
	do {
		if (refs == 0)
			return NULL;
	} while (!atomic_compare_exchange_weak(&watch->object.refs, &refs, refs + 1));
	return watch;
}

static struct client_watch *wait_subscription(uint64_t subscription, struct port *wake_port)
{
	struct client_watch *watch = find_subscription(subscription, wake_port);

	if (watch)
		return watch;
	pthread_mutex_lock(&subscribe_lock);
	pthread_mutex_unlock(&subscribe_lock);
	return find_subscription(subscription, wake_port);
}

static err_t receive_notice(struct client_inlet *inlet, struct wire_frame *frame,
			    struct port_message **ret_message)
{
	struct wire_notice notice;
	struct client_watch *watch;
	err_t err = wire_frame_decode(frame, &wire_notice_layout, &notice);

	if (err)
		return err;
	watch = wait_subscription(notice.subscription, inlet->port);
	if (!watch)
		return -EAGAIN;
	if (watch->matching && notice.type >= kIOServicePublishNotificationType &&
	    notice.type <= kIOServiceTerminatedNotificationType)
		err = client_message_new_matching(notice.type, watch->reference, watch->object.port,
						  ret_message);
	else
		err = -EAGAIN;
	client_object_unref(&watch->object);
	return err;
}

/* One of several: what is pending comes along. */
/* Of the registry that sends into INLET; 0: it has gone, with all that it granted. */
static uint64_t epoch_of(const struct client_inlet *inlet)
{
	struct client_session *session = client_session_find();
	uint64_t epoch = session && session->channel == inlet->channel ? session->epoch : 0;

	client_session_unref(session);
	return epoch;
}

static void give_back(const struct wire_entries *entries, uint64_t epoch)
{
	struct client_entry *entry;

	for (size_t i = 0; i < entries->count; i++)
		if (!client_handle_grant(&entries->items[i], epoch, &entry))
			client_entry_unref(entry);
}

static err_t receive_mark(struct client_inlet *inlet, const struct wire_notices *notices,
			  const uint64_t *mark, size_t first, uint64_t epoch,
			  struct port_message **ret_message)
{
	struct wire_entries entries = { notices->entries.items + first, (size_t)mark[2] };
	struct client_watch *watch = wait_subscription(mark[0], inlet->port);
	err_t err = -EAGAIN;
	size_t fresh;

	if (watch && watch->matching && mark[1] >= kIOServicePublishNotificationType &&
	    mark[1] <= kIOServiceTerminatedNotificationType) {
		if (entries.count) {
			scope_lock(&watch->lock);
			err = take_entries(watch, &entries, epoch, &fresh);
			watch->has_all = !err && epoch;
			watch->was_alone = notices->marks.count == 3;
			watch->seen_news = client_session_generation_of(notices->generation, epoch);
			watch->armed = false;
		}
		err = client_message_new_matching((uint32_t)mark[1], watch->reference,
						  watch->object.port, ret_message);
	} else {
		/* The grants came all the same. */
		give_back(&entries, epoch);
	}
	if (watch)
		client_object_unref(&watch->object);
	return err;
}

static bool are_marks_good(const struct wire_notices *notices)
{
	uint64_t n = 0;

	for (size_t i = 0; i + 2 < notices->marks.count; i += 3) {
		if (notices->marks.items[i + 2] > WIRE_NOTICES_MAX)
			return false;
		n += notices->marks.items[i + 2];
	}
	return notices->marks.count % 3 == 0 && n == notices->entries.count;
}

static err_t receive_notices(struct client_inlet *inlet, struct wire_frame *frame,
			     struct port_message **ret_message)
{
	struct wire_notices notices;
	struct port_message *messages[WIRE_NOTICES_MAX];
	err_t err = wire_frame_decode(frame, &wire_notices_layout, &notices);
	size_t first = 0, n = 0;

	if (err)
		return err;
	uint64_t epoch = epoch_of(inlet);
	err = are_marks_good(&notices) ? -EAGAIN : -EBADMSG;
	for (size_t i = 0; err != -EBADMSG && i < notices.marks.count; i += 3) {
		const uint64_t *mark = &notices.marks.items[i];

		if (!receive_mark(inlet, &notices, mark, first, epoch, &messages[n]))
			n++;
		first += mark[2];
	}
	/* The first is what was asked for, the others are to follow it in their order. */
	for (size_t i = n; i > 1; i--)
		port_send_first(inlet->port, messages[i - 1]);
	if (n) {
		*ret_message = messages[0];
		err = 0;
	}
	wire_message_clear(&wire_notices_layout, &notices);
	return err;
}

static err_t make_interest(struct client_watch *watch, const struct client_interest *interest,
			   struct client_entry *service, struct port_message **ret_message)
{
	struct port *port = client_entry_copy_port(service);
	err_t err;

	if (!port)
		return -ENOMEM;
	err = client_message_new_interest(interest, watch->reference, watch->object.port, port,
					  ret_message);
	port_unref(port);
	return err;
}

static err_t receive_interest(struct client_inlet *inlet, struct wire_frame *frame,
			      struct port_message **ret_message)
{
	struct wire_interest message = { 0 };
	struct client_entry *service = NULL;
	struct client_watch *watch;
	err_t err = wire_frame_decode(frame, &wire_interest_layout, &message);

	if (err)
		return err;
	/* The message came with a grant, whoever it is for. */
	err = client_handle_grant_id(message.service, message.state, message.class_name, 1,
				     epoch_of(inlet), &service);
	watch = wait_subscription(message.subscription, inlet->port);
	if (!err && watch && !watch->matching && message.data.size == message.argument_size) {
		struct client_interest interest = { message.message_type, message.argument_size,
						    message.argument, message.data.data };

		err = make_interest(watch, &interest, service, ret_message);
	} else if (!err) {
		err = -EAGAIN;
	}
	if (watch)
		client_object_unref(&watch->object);
	client_entry_unref(service);
	wire_message_clear(&wire_interest_layout, &message);
	return err;
}

err_t client_watch_receive(void *context, int socket, struct port_message **ret_message)
{
	struct client_inlet *inlet = context;
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_session *session;
	err_t err = -EAGAIN;

	for (int n = 0; err == -EAGAIN && n < CLIENT_INLET_FRAMES; n++) {
		err = wire_frame_receive(socket, &frame, WIRE_INLINE_MAX, false);
		if (err)
			break;
		/* Names die before anybody hears why. */
		session = client_session_find();
		if (session)
			client_session_read_events(session);
		client_session_unref(session);
		if (frame.header.type == WIRE_NOTICE)
			err = receive_notice(inlet, &frame, ret_message);
		else if (frame.header.type == WIRE_NOTICES)
			err = receive_notices(inlet, &frame, ret_message);
		else if (frame.header.type == WIRE_INTEREST)
			err = receive_interest(inlet, &frame, ret_message);
		else
			err = -EAGAIN;
		wire_frame_clear(&frame);
	}
	wire_frame_fini(&frame);
	return err == 0 || err == -EAGAIN ? err : err == -EBADMSG ? -EPIPE : err;
}

static void drain_one(struct client_inlet *inlet, struct wire_frame *frame)
{
	struct wire_interest interest = { 0 };
	struct client_entry *service;
	struct wire_notices notices;

	if (frame->header.type == WIRE_NOTICES &&
	    !wire_frame_decode(frame, &wire_notices_layout, &notices)) {
		give_back(&notices.entries, epoch_of(inlet));
		wire_message_clear(&wire_notices_layout, &notices);
	} else if (frame->header.type == WIRE_INTEREST &&
		   !wire_frame_decode(frame, &wire_interest_layout, &interest)) {
		if (!client_handle_grant_id(interest.service, interest.state, interest.class_name,
					    1, epoch_of(inlet), &service))
			client_entry_unref(service);
		wire_message_clear(&wire_interest_layout, &interest);
	}
}

/* Nothing more is sent, so this ends. Takes no lock of a notification: one may be asking just now. */
void client_watch_drain(void *context, int socket)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	while (!wire_frame_receive(socket, &frame, WIRE_INLINE_MAX, false))
		drain_one(context, &frame);
	wire_frame_fini(&frame);
}

/* --- recovery ------------------------------------------------------------------- */

bool client_watch_is_any(void)
{
	scope_lock(&watches_lock);
	return !list_is_empty(&watches);
}

/* All watches, referenced; allocated. */
static struct client_watch **copy_all(size_t *ret_count)
{
	struct client_watch **all;
	size_t n = 0;

	scope_lock(&watches_lock);
	list_for_each(node, &watches)
		n++;
	all = malloc((n + 1) * sizeof(*all));
	n = 0;
	if (all) {
		list_for_each(node, &watches) {
			struct client_watch *watch = container_of(node, struct client_watch, link);
			unsigned refs = atomic_load(&watch->object.refs);

			while (refs && !atomic_compare_exchange_weak(&watch->object.refs, &refs,
								     refs + 1)) {
			}
			if (refs)
				all[n++] = watch;
		}
	}
	*ret_count = n;
	return all;
}

static uint32_t notice_type(const char *type)
{
	if (!strcmp(type, kIOPublishNotification) || !strcmp(type, kIOFirstPublishNotification))
		return kIOServicePublishNotificationType;
	if (!strcmp(type, kIOMatchedNotification) || !strcmp(type, kIOFirstMatchNotification))
		return kIOServiceMatchedNotificationType;
	return kIOServiceTerminatedNotificationType;
}

static void send_notice(struct client_watch *watch)
{
	struct port_message *message;

	watch->armed = false;
	if (!client_message_new_matching(notice_type(watch->type), watch->reference,
					 watch->object.port, &message))
		port_send(watch->wake_port, message);
}

static void set_up_again(struct client_watch *watch, struct client_session *session)
{
	bool was_armed;

	{
		scope_lock(&watch->lock);
		was_armed = watch->armed;
		watch->resumed = true;
	}
	if (subscribe(watch, session) || !watch->matching)
		return;
	scope_lock(&watch->lock);
	if (!was_armed)
		return;
	if (watch->next_pending == watch->n_pending)
		fetch_locked(watch);
	if (watch->next_pending < watch->n_pending)
		send_notice(watch);
}

void client_watch_set_up_all(struct client_session *session)
{
	size_t n;
	struct client_watch **all = copy_all(&n);

	for (size_t i = 0; i < n; i++) {
		set_up_again(all[i], session);
		client_object_unref(&all[i]->object);
	}
	free(all);
}

static bool announce_end(struct client_watch *watch, struct client_entry *entry)
{
	struct client_entry **pending;
	size_t left;

	if (notice_type(watch->type) != kIOServiceTerminatedNotificationType ||
	    !client_matching_fits(watch->matching, entry))
		return false;
	scope_lock(&watch->lock);
	left = watch->n_pending - watch->next_pending;
	pending = malloc((left + 1) * sizeof(*pending));
	if (!pending)
		return false;
	pending[0] = client_entry_ref(entry);
	if (left)
		memcpy(pending + 1, watch->pending + watch->next_pending, left * sizeof(*pending));
	free(watch->pending);
	watch->pending = pending;
	watch->n_pending = left + 1;
	watch->next_pending = 0;
	if (watch->armed)
		send_notice(watch);
	return true;
}

bool client_watch_entry_lost(struct client_entry *entry)
{
	static const struct client_interest terminated = { .message_type =
								   kIOMessageServiceIsTerminated };
	struct port_message *message;
	bool kept = false;
	size_t n;
	struct client_watch **all = copy_all(&n);

	for (size_t i = 0; i < n; i++) {
		if (all[i]->matching)
			kept |= announce_end(all[i], entry);
		else if (all[i]->service == entry && !strcmp(all[i]->type, kIOGeneralInterest) &&
			 !make_interest(all[i], &terminated, entry, &message))
			port_send(all[i]->wake_port, message);
		client_object_unref(&all[i]->object);
	}
	free(all);
	return kept;
}

void client_watch_end_all(void)
{
	size_t n;
	struct client_watch **all = copy_all(&n);

	for (size_t i = 0; i < n; i++) {
		detach(all[i]);
		if (all[i]->object.port)
			client_object_kill(&all[i]->object);
		client_object_unref(&all[i]->object);
	}
	free(all);
}

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
