// SPDX-License-Identifier: MIT
#include "registry/notify.h"

#include <stdlib.h>
#include <string.h>

#include "registry/match.h"
#include "wire/notice.h"

static const struct {
	const char *type;
	uint32_t initial_state; /* 0: no initial set */
	uint32_t number;	/* of the notice */
} events[REGISTRY_EVENTS] = {
	[REGISTRY_EVENT_PUBLISH] = { "IOServicePublish", WIRE_STATE_REGISTERED, 100 },
	[REGISTRY_EVENT_FIRST_PUBLISH] = { "IOServiceFirstPublish", WIRE_STATE_FIRST_PUBLISH, 100 },
	[REGISTRY_EVENT_MATCHED] = { "IOServiceMatched", WIRE_STATE_MATCHED, 101 },
	[REGISTRY_EVENT_FIRST_MATCH] = { "IOServiceFirstMatch", WIRE_STATE_FIRST_MATCH, 101 },
	[REGISTRY_EVENT_TERMINATED] = { "IOServiceTerminate", 0, 102 },
	[REGISTRY_EVENT_WILL_TERMINATE] = { "IOServiceWillTerminate", 0, 102 },
};

static const struct {
	const char *type;
	int interest;
} interests[] = {
	{ "IOGeneralInterest", REGISTRY_INTEREST_GENERAL },
	{ "IOBusyInterest", REGISTRY_INTEREST_BUSY },
	{ "IOAppPowerStateInterest", REGISTRY_INTEREST_OTHER },
	{ "IOPriorityPowerStateInterest", REGISTRY_INTEREST_OTHER },
	{ "IOConsoleSecurityInterest", REGISTRY_INTEREST_OTHER },
};

/* --- inlets -------------------------------------------------------------------------- */

/* Nothing may come back through an inlet. */
static err_t refuse_message(void *context, struct wire_peer *wire, struct wire_frame *frame)
{
	return -EBADMSG;
}

static void free_inlet(struct registry_inlet *inlet)
{
	list_for_each_safe(l, &inlet->subscriptions) {
		struct registry_subscription *s =
			container_of(l, struct registry_subscription, in_inlet);

		s->inlet = NULL;
		list_remove(l);
	}
	map_remove(&inlet->peer->inlets, inlet->number);
	registry_account_refund(&inlet->peer->account, REGISTRY_CHARGE_INLETS, 1);
	wire_peer_free(inlet->wire);
	free(inlet);
}

static void handle_inlet_closed(void *context, struct wire_peer *wire)
{
	free_inlet(context);
}

static const struct wire_peer_ops inlet_ops = { refuse_message, handle_inlet_closed };

static bool has_events_inlet(const struct registry_peer *peer)
{
	struct registry_inlet *inlet;
	size_t cursor = 0;

	while ((inlet = map_next(&peer->inlets, &cursor, NULL)))
		if (inlet->inlet_class == WIRE_INLET_EVENTS)
			return true;
	return false;
}

IOReturn registry_inlet_open(struct registry_peer *peer, uint32_t number, uint32_t inlet_class,
			     int socket)
{
	struct registry_inlet *inlet = NULL;

	if (!number || map_find(&peer->inlets, number) ||
	    (inlet_class != WIRE_INLET_NOTICES && inlet_class != WIRE_INLET_EVENTS) ||
	    (inlet_class == WIRE_INLET_EVENTS && has_events_inlet(peer))) {
		fd_close(socket);
		return kIOReturnBadArgument;
	}
	if (!registry_account_charge(&peer->account, REGISTRY_CHARGE_INLETS, 1)) {
		fd_close(socket);
		return kIOReturnNoResources;
	}
	inlet = calloc(1, sizeof(*inlet));
	if (!inlet || map_set(&peer->inlets, number, inlet)) {
		free(inlet);
		fd_close(socket);
		registry_account_refund(&peer->account, REGISTRY_CHARGE_INLETS, 1);
		return kIOReturnNoMemory;
	}
	inlet->peer = peer;
	inlet->number = number;
	inlet->inlet_class = inlet_class;
	list_init(&inlet->subscriptions);
	if (wire_peer_new(peer->registry->loop, socket, WIRE_CONTROL_MAX, &inlet_ops, inlet,
			  registry_peer_name(peer), &inlet->wire)) {
		free_inlet(inlet);
		return kIOReturnNoResources;
	}
	return kIOReturnSuccess;
}

void registry_inlet_close(struct registry_peer *peer, uint32_t number)
{
	struct registry_inlet *inlet = map_find(&peer->inlets, number);

	if (inlet)
		free_inlet(inlet);
}

/* --- subscriptions -------------------------------------------------------------------- */

static int find_event(const char *type)
{
	for (int i = 0; i < REGISTRY_EVENTS; i++)
		if (!strcmp(type, events[i].type))
			return i;
	return -1;
}

static int find_interest(const char *type)
{
	for (size_t i = 0; i < sizeof(interests) / sizeof(interests[0]); i++)
		if (!strcmp(type, interests[i].type))
			return interests[i].interest;
	return -1;
}

/* False: the set is full or memory short; the service is dropped, as on Darwin. */
static bool append_pending(struct registry_subscription *s, struct registry_entry *service)
{
	if (s->n_pending >= WIRE_PENDING_SERVICES_MAX)
		return false;
	if (s->n_pending == s->pending_capacity) {
		size_t n = s->pending_capacity ? 2 * s->pending_capacity : 4;
		struct registry_entry **more = realloc(s->pending, n * sizeof(*more));

		if (!more)
			return false;
		s->pending = more;
		s->pending_capacity = n;
	}
	s->pending[s->n_pending++] = registry_entry_ref(service);
	return true;
}

static IOReturn take_initial_set(struct registry *r, struct registry_subscription *s)
{
	struct registry_found found;

	if (!events[s->event].initial_state)
		return kIOReturnSuccess;
	if (registry_match_find(&r->tree, s->matching, events[s->event].initial_state,
				WIRE_PENDING_SERVICES_MAX, &found))
		return kIOReturnNoMemory;
	for (size_t i = 0; i < found.count; i++)
		append_pending(s, found.items[i]);
	free(found.items);
	return kIOReturnSuccess;
}

static IOReturn fill_matching(struct registry *r, struct registry_subscription *s, const char *type,
			      CFDictionaryRef matching)
{
	int event = find_event(type);

	if (event < 0)
		return kIOReturnUnsupported;
	s->event = (enum registry_event)event;
	s->matching = CFRetain(matching);
	list_add(&r->matching[event], &s->in_event);
	return take_initial_set(r, s);
}

static IOReturn fill_interest(struct registry_subscription *s, const char *type,
			      struct registry_entry *service)
{
	int interest = find_interest(type);

	if (!service || !registry_entry_is_service(service))
		return kIOReturnBadArgument;
	if (interest < 0 || registry_entry_is_inactive(service))
		return kIOReturnUnsupported;
	s->interest = interest;
	s->service = registry_entry_ref(service);
	list_add(&service->interests, &s->in_service);
	return kIOReturnSuccess;
}

IOReturn registry_notify_add(struct registry_peer *peer, uint32_t inlet, const char *type,
			     CFDictionaryRef matching, struct registry_entry *service,
			     struct registry_subscription **ret_subscription)
{
	struct registry *r = peer->registry;
	struct registry_inlet *in = map_find(&peer->inlets, inlet);

	if (!in || in->inlet_class != WIRE_INLET_NOTICES)
		return kIOReturnBadArgument;
	if (!registry_account_charge(&peer->account, REGISTRY_CHARGE_SUBSCRIPTIONS, 1))
		return kIOReturnNoResources;
	struct registry_subscription *s = calloc(1, sizeof(*s));
	if (!s || map_set(&r->subscriptions, r->last_subscription + 1, s)) {
		registry_account_refund(&peer->account, REGISTRY_CHARGE_SUBSCRIPTIONS, 1);
		free(s);
		return kIOReturnNoMemory;
	}
	s->number = ++r->last_subscription;
	s->peer = peer;
	s->inlet = in;
	list_init(&s->in_event);
	list_init(&s->in_fired);
	list_init(&s->in_service);
	list_add(&peer->subscriptions, &s->in_peer);
	list_add(&in->subscriptions, &s->in_inlet);
	IOReturn status =
		matching ? fill_matching(r, s, type, matching) : fill_interest(s, type, service);
	if (status) {
		registry_notify_remove(s);
		return status;
	}
	*ret_subscription = s;
	return kIOReturnSuccess;
}

struct registry_subscription *registry_notify_find(struct registry_peer *peer, uint64_t number)
{
	struct registry_subscription *s = map_find(&peer->registry->subscriptions, number);

	return s && s->peer == peer ? s : NULL;
}

void registry_notify_clear_pending(struct registry_subscription *subscription)
{
	while (subscription->n_pending)
		registry_entry_unref(subscription->pending[--subscription->n_pending]);
}

void registry_notify_remove(struct registry_subscription *s)
{
	registry_account_refund(&s->peer->account, REGISTRY_CHARGE_SUBSCRIPTIONS, 1);
	map_remove(&s->peer->registry->subscriptions, s->number);
	list_remove(&s->in_peer);
	list_remove(&s->in_inlet);
	list_remove(&s->in_event);
	list_remove(&s->in_fired);
	list_remove(&s->in_service);
	registry_notify_clear_pending(s);
	free(s->pending);
	if (s->matching)
		CFRelease(s->matching);
	registry_entry_unref(s->service);
	free(s);
}

void registry_notify_forget_peer(struct registry_peer *peer)
{
	struct registry_inlet *inlet;
	size_t cursor = 0;

	list_for_each_safe(l, &peer->subscriptions)
		registry_notify_remove(container_of(l, struct registry_subscription, in_peer));
	while ((inlet = map_next(&peer->inlets, &cursor, NULL)))
		free_inlet(inlet);
}

/* --- delivery -------------------------------------------------------------------------- */

void registry_notify_event(struct registry *registry, struct registry_entry *service,
			   enum registry_event event)
{
	list_for_each(l, &registry->matching[event]) {
		struct registry_subscription *s =
			container_of(l, struct registry_subscription, in_event);

		if (!registry_match(service, s->matching) || !append_pending(s, service))
			continue;
		atomic_fetch_add_explicit(&registry->page->news_generation, 1,
					  memory_order_release);
		if (event == REGISTRY_EVENT_TERMINATED)
			service->is_claimed = true;
		if (s->is_armed) {
			s->is_armed = false;
			list_add(&registry->fired, &s->in_fired);
		}
	}
}

/* Fewer notices at once go one by one, and what is pending is asked for. */
enum { BURST_MIN = 4, BURST_PENDING_MAX = 8 };

/* A message that tells one inlet of several. */
struct burst {
	uint64_t marks[3 * WIRE_NOTICES_MAX];
	struct wire_entry entries[WIRE_NOTICES_MAX];
	size_t n_marks, n_entries;
};

static struct wire_entry describe(struct registry_entry *e)
{
	const struct registry_plane *plane = e->tree->planes.service;

	return (struct wire_entry){
		.id = e->id,
		.state = e->state,
		.class_name = e->class->name,
		.name = registry_entry_name(e, plane),
		.location = registry_entry_location(e, plane),
	};
}

/* Put S and what is pending for it into BURST. */
static void add_to_burst(struct burst *burst, struct registry_subscription *s)
{
	size_t n = s->n_pending, first = burst->n_entries;
	uint64_t *mark = &burst->marks[burst->n_marks];

	if (n > BURST_PENDING_MAX || n > WIRE_NOTICES_MAX - first)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		struct registry_entry *e = s->pending[s->n_pending - 1 - i];

		if (!registry_peer_grant(s->peer, e)) {
			while (burst->n_entries > first)
				registry_peer_release(s->peer,
						      burst->entries[--burst->n_entries].id, 1);
			break;
		}
		burst->entries[burst->n_entries++] = describe(e);
	}
	mark[0] = s->number;
	mark[1] = events[s->event].number;
	mark[2] = burst->n_entries - first;
	burst->n_marks += 3;
}

/* What has been sent is pending no more. */
static void finish_burst(struct registry *r, struct registry_peer *peer, const struct burst *burst,
			 err_t err)
{
	for (size_t i = 0; i < burst->n_entries && err; i++)
		registry_peer_release(peer, burst->entries[i].id, 1);
	for (size_t i = 0; i < burst->n_marks && !err; i += 3) {
		struct registry_subscription *s = map_find(&r->subscriptions, burst->marks[i]);

		if (!burst->marks[i + 2])
			continue;
		s->has_all = true;
		registry_notify_clear_pending(s);
	}
}

static struct registry_subscription *first_fired(struct registry *registry,
						 const struct registry_inlet *inlet)
{
	if (list_is_empty(&registry->fired))
		return NULL;
	struct registry_subscription *s =
		list_first(&registry->fired, struct registry_subscription, in_fired);
	return !inlet || s->inlet == inlet ? s : NULL;
}

/* How many of those that are due next go through INLET; BURST_MIN is enough to know. */
static size_t count_run(const struct registry *registry, const struct registry_inlet *inlet)
{
	size_t n = 0;

	list_for_each(l, &registry->fired) {
		if (container_of(l, struct registry_subscription, in_fired)->inlet != inlet ||
		    ++n == BURST_MIN)
			break;
	}
	return n;
}

static void send_burst(struct registry *registry, struct registry_inlet *inlet)
{
	struct registry_subscription *s;
	struct burst burst;

	burst.n_marks = burst.n_entries = 0;
	while (burst.n_marks < 3 * WIRE_NOTICES_MAX && (s = first_fired(registry, inlet))) {
		list_remove(&s->in_fired);
		add_to_burst(&burst, s);
	}
	struct wire_notices notices = {
		.generation = atomic_load(&registry->page->news_generation),
		.marks = { burst.marks, burst.n_marks },
		.entries = { burst.entries, burst.n_entries },
	};
	finish_burst(registry, inlet->peer, &burst,
		     wire_peer_send(inlet->wire, &wire_notices_layout, &notices, NULL, 0));
}

static void send_notice(struct registry_subscription *s)
{
	struct wire_notice notice = { s->number, events[s->event].number };

	list_remove(&s->in_fired);
	if (s->inlet)
		wire_peer_send(s->inlet->wire, &wire_notice_layout, &notice, NULL, 0);
}

void registry_notify_flush(struct registry *registry)
{
	struct registry_subscription *s;

	while ((s = first_fired(registry, NULL))) {
		if (s->inlet && count_run(registry, s->inlet) >= BURST_MIN)
			send_burst(registry, s->inlet);
		else
			send_notice(s);
	}
}

void registry_notify_arm(struct registry_subscription *s)
{
	/* Else it has been asked for since, which is what counts. */
	if (!s->has_all)
		return;
	s->has_all = false;
	s->is_armed = s->n_pending == 0;
	if (!s->is_armed)
		list_add(&s->peer->registry->fired, &s->in_fired);
}

void registry_notify_interest(struct registry_entry *service, int interest, uint32_t message_type,
			      uint64_t argument, const void *data, size_t size)
{
	/* Sending only closes connections, it frees none: the list stays as it is. */
	list_for_each(l, &service->interests) {
		struct registry_subscription *s =
			container_of(l, struct registry_subscription, in_service);
		struct wire_interest message = {
			.subscription = s->number,
			.service = service->id,
			.message_type = message_type,
			.argument_size = (uint32_t)size,
			.argument = argument,
			.data = { data, size },
			.state = service->state,
			.class_name = service->class->name,
		};

		if ((int)s->interest != interest || !s->inlet ||
		    !registry_peer_grant(s->peer, service))
			continue;
		if (wire_peer_send(s->inlet->wire, &wire_interest_layout, &message, NULL, 0))
			registry_peer_release(s->peer, service->id, 1);
	}
}

uint64_t registry_notify_last_interested(const struct registry_entry *service)
{
	pid_t pid = 0;

	list_for_each(l, &service->interests) {
		const struct registry_subscription *s =
			container_of(l, struct registry_subscription, in_service);

		if (s->interest == REGISTRY_INTEREST_GENERAL)
			pid = s->peer->subject.who.pid;
	}
	return (uint64_t)pid;
}

static struct registry_inlet *find_events_inlet(const struct registry_peer *peer)
{
	struct registry_inlet *inlet;
	size_t cursor = 0;

	while ((inlet = map_next(&peer->inlets, &cursor, NULL)))
		if (inlet->inlet_class == WIRE_INLET_EVENTS)
			return inlet;
	return NULL;
}

/* In parts that fit into a datagram. */
enum { DEAD_MAX = 2048 };

static void tell_dead(struct registry_inlet *inlet, const uint64_t *ids, size_t n)
{
	struct wire_dead dead = { { ids, n } };

	if (n)
		wire_peer_send(inlet->wire, &wire_dead_layout, &dead, NULL, 0);
}

void registry_notify_dead(struct registry *registry, struct registry_entry *const *entries,
			  size_t n)
{
	list_for_each(l, &registry->peers) {
		struct registry_peer *peer = container_of(l, struct registry_peer, link);
		struct registry_inlet *inlet = peer->grants.count ? find_events_inlet(peer) : NULL;
		uint64_t ids[DEAD_MAX];
		size_t count = 0;

		for (size_t i = 0; i < n && inlet; i++) {
			if (!map_find(&peer->grants, entries[i]->id))
				continue;
			ids[count++] = entries[i]->id;
			if (count == DEAD_MAX) {
				tell_dead(inlet, ids, count);
				count = 0;
			}
		}
		if (inlet)
			tell_dead(inlet, ids, count);
	}
}
