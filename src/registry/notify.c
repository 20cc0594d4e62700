// SPDX-License-Identifier: MIT
#include "base/foreign.h"
#include "registry/notify.h"

#include <stdlib.h>
#include <string.h>

#include "registry/find.h"
#include "registry/tray.h"
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

static void refund_inlet(struct registry_peer *peer);

static void free_inlet(struct registry_inlet *inlet)
{
	list_for_each_safe(l, &inlet->subscriptions) {
		struct registry_subscription *s =
			container_of(l, struct registry_subscription, in_inlet);

		s->inlet = NULL;
		list_remove(l);
	}
	map_remove(&inlet->peer->inlets, inlet->number);
	wire_peer_free(inlet->wire);
	refund_inlet(inlet->peer);
	free(inlet);
}

static void handle_inlet_closed(void *context, struct wire_peer *wire)
{
	free_inlet(context);
}

static bool handle_keep(void *context, size_t bytes, size_t n_fds, bool is_alone)
{
	struct registry_inlet *inlet = context;

	return registry_peer_keep(inlet->peer, bytes, n_fds, is_alone);
}

static void handle_kept(void *context, size_t bytes, size_t n_fds)
{
	struct registry_inlet *inlet = context;

	registry_peer_kept(inlet->peer, bytes, n_fds);
}

static bool may_log(void *context)
{
	struct registry_inlet *inlet = context;

	return account_may_log(&inlet->peer->account);
}

static const struct wire_peer_ops inlet_ops = {
	.message = refuse_message,
	.closed = handle_inlet_closed,
	.keep = handle_keep,
	.kept = handle_kept,
	.may_log = may_log,
};

/* An inlet and its descriptor. */
static bool charge_inlet(struct registry_peer *peer)
{
	if (!account_charge(&peer->account, LIMITS_INLETS, 1))
		return false;
	if (account_charge(&peer->account, LIMITS_DESCRIPTORS, 1))
		return true;
	account_refund(&peer->account, LIMITS_INLETS, 1);
	return false;
}

static void refund_inlet(struct registry_peer *peer)
{
	account_refund(&peer->account, LIMITS_INLETS, 1);
	account_refund(&peer->account, LIMITS_DESCRIPTORS, 1);
}

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
	    (inlet_class == WIRE_INLET_EVENTS && has_events_inlet(peer)) ||
	    !foreign_is_fresh(socket)) {
		foreign_discard(socket, peer->subject.who.uid);
		return kIOReturnBadArgument;
	}
	if (!charge_inlet(peer)) {
		foreign_discard(socket, peer->subject.who.uid);
		return kIOReturnNoResources;
	}
	inlet = calloc(1, sizeof(*inlet));
	if (!inlet || map_set(&peer->inlets, number, inlet)) {
		free(inlet);
		foreign_discard(socket, peer->subject.who.uid);
		refund_inlet(peer);
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
	wire_peer_set_sender(inlet->wire, peer->subject.who.uid);
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

enum { DROP_EVERY = 256 }; /* ends of services */

/* What has ended is what S tells of: nobody else keeps it, perhaps. */
static bool is_of_ends(const struct registry_subscription *s)
{
	return !events[s->event].initial_state;
}

static uint64_t remains_of(const struct registry_subscription *s,
			   const struct registry_entry *service)
{
	return is_of_ends(s) ? registry_entry_cost(service) : 0;
}

static struct registry_entry *find_pending(const struct registry_subscription *s, size_t i)
{
	return registry_entry_find(&s->peer->registry->tree, s->pending[i]);
}

/* One that was not asked for yet, and what it takes. */
static bool charge_pending(struct registry_subscription *s, const struct registry_entry *service)
{
	struct account *a = &s->peer->account;

	if (!account_charge(a, LIMITS_NOTICES, 1))
		return false;
	if (account_charge(a, LIMITS_REMAINS, remains_of(s, service)))
		return true;
	account_refund(a, LIMITS_NOTICES, 1);
	return false;
}

/* A client that sleeps while devices come and go shall find those that are there: who has ended makes
 * room. Looking through all is worth it only now and then. */
static void drop_ended(struct registry_subscription *s)
{
	struct registry *r = s->peer->registry;
	size_t kept = 0;

	if (is_of_ends(s) || r->n_removed - s->n_removed < DROP_EVERY)
		return;
	s->n_removed = r->n_removed;
	for (size_t i = 0; i < s->n_pending; i++) {
		const struct registry_entry *e = find_pending(s, i);

		if (e && !registry_entry_is_inactive(e))
			s->pending[kept++] = e->id;
		else
			account_refund(&s->peer->account, LIMITS_NOTICES, 1);
	}
	s->n_pending = kept;
}

size_t registry_notify_pending(struct registry_subscription *s, struct registry_entry **items)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_pending; i++) {
		struct registry_entry *e = find_pending(s, i);

		if (!e) {
			account_refund(&s->peer->account, LIMITS_NOTICES, 1);
			continue;
		}
		items[kept] = e;
		s->pending[kept++] = e->id;
	}
	s->n_pending = kept;
	return kept;
}

static bool make_room(struct registry_subscription *s, size_t n)
{
	size_t capacity = s->pending_capacity;
	bool is_first = s->pending == s->few;

	if (n <= s->pending_capacity)
		return true;
	while (capacity < n)
		capacity *= 2;
	uint64_t *more = realloc(is_first ? NULL : s->pending, capacity * sizeof(*more));
	if (!more)
		return false;
	if (is_first)
		memcpy(more, s->few, sizeof(s->few));
	s->pending = more;
	s->pending_capacity = capacity;
	return true;
}

/* False: the set is full or memory short; the service is dropped, as on Darwin. */
static bool append_pending(struct registry_subscription *s, struct registry_entry *service)
{
	if (s->n_pending >= WIRE_PENDING_SERVICES_MAX)
		drop_ended(s);
	if (s->n_pending >= WIRE_PENDING_SERVICES_MAX)
		return false;
	if (!make_room(s, s->n_pending + 1) || !charge_pending(s, service))
		return false;
	s->pending[s->n_pending++] = service->id;
	if (is_of_ends(s))
		registry_entry_ref(service);
	return true;
}

static IOReturn take_initial_set(struct registry *r, struct registry_subscription *s)
{
	struct registry_found found;

	if (!events[s->event].initial_state)
		return kIOReturnSuccess;
	err_t err = registry_find(&r->tree, s->matching, events[s->event].initial_state,
				  WIRE_PENDING_SERVICES_MAX, &found);
	if (err)
		return err == -E2BIG ? kIOReturnMessageTooLarge : kIOReturnNoMemory;
	/* Who asks is told of an error, and loses nothing. */
	bool has_room = make_room(s, found.count);
	for (size_t i = 0; has_room && i < found.count; i++)
		append_pending(s, found.items[i]);
	registry_found_fini(&found);
	return has_room ? kIOReturnSuccess : kIOReturnNoMemory;
}

static IOReturn fill_matching(struct registry *r, struct registry_subscription *s, const char *type,
			      CFDictionaryRef matching)
{
	int event = find_event(type);

	if (event < 0)
		return kIOReturnUnsupported;
	s->event = (enum registry_event)event;
	s->matching = CFRetain(matching);
	registry_matching_init(&s->prepared, matching);
	if (registry_audience_add(&r->audiences[event], &s->seat, s->matching, s->number))
		return kIOReturnNoMemory;
	return take_initial_set(r, s);
}

static IOReturn fill_interest(struct registry_subscription *s, const char *type,
			      struct registry_entry *service)
{
	int interest = find_interest(type);

	if (!service || !registry_entry_is_service(service))
		return registry_peer_refusal(service);
	if (interest < 0 || registry_entry_is_inactive(service))
		return kIOReturnUnsupported;
	struct registry_attention *a = registry_entry_need_attention(service);
	if (!a)
		return kIOReturnNoMemory;
	s->interest = interest;
	s->service = registry_entry_ref(service);
	list_add(&a->interests, &s->in_service);
	return kIOReturnSuccess;
}

/* One with a dictionary that takes BYTES. */
static bool charge_subscription(struct registry_peer *peer, uint64_t bytes)
{
	if (!account_charge(&peer->account, LIMITS_NOTIFICATIONS, 1))
		return false;
	if (account_charge(&peer->account, LIMITS_PROPERTY_BYTES, bytes))
		return true;
	account_refund(&peer->account, LIMITS_NOTIFICATIONS, 1);
	return false;
}

static void refund_subscription(struct registry_peer *peer, uint64_t bytes)
{
	account_refund(&peer->account, LIMITS_NOTIFICATIONS, 1);
	account_refund(&peer->account, LIMITS_PROPERTY_BYTES, bytes);
}

IOReturn registry_notify_add(struct registry_peer *peer, uint32_t inlet, const char *type,
			     CFDictionaryRef matching, struct registry_entry *service,
			     struct registry_subscription **ret_subscription)
{
	struct registry *r = peer->registry;
	struct registry_inlet *in = map_find(&peer->inlets, inlet);

	if (!in || in->inlet_class != WIRE_INLET_NOTICES)
		return kIOReturnBadArgument;
	uint64_t bytes = matching ? wire_bag_cost_of(matching) : 0;

	if (!charge_subscription(peer, bytes))
		return kIOReturnNoResources;
	struct registry_subscription *s = calloc(1, sizeof(*s));
	if (!s || map_set(&r->subscriptions, r->last_subscription + 1, s)) {
		refund_subscription(peer, bytes);
		free(s);
		return kIOReturnNoMemory;
	}
	s->bytes = bytes;
	s->number = ++r->last_subscription;
	s->pending = s->few;
	s->pending_capacity = sizeof(s->few) / sizeof(s->few[0]);
	s->peer = peer;
	s->inlet = in;
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
	struct registry_subscription *s = subscription;

	account_refund(&s->peer->account, LIMITS_NOTICES, s->n_pending);
	while (s->n_pending--) {
		struct registry_entry *e = is_of_ends(s) ? find_pending(s, s->n_pending) : NULL;

		if (!e)
			continue;
		account_refund(&s->peer->account, LIMITS_REMAINS, remains_of(s, e));
		registry_entry_unref(e);
	}
	s->n_pending = 0;
}

void registry_notify_remove(struct registry_subscription *s)
{
	refund_subscription(s->peer, s->bytes);
	map_remove(&s->peer->registry->subscriptions, s->number);
	list_remove(&s->in_peer);
	list_remove(&s->in_inlet);
	if (s->matching)
		registry_audience_remove(&s->peer->registry->audiences[s->event], &s->seat);
	list_remove(&s->in_fired);
	list_remove(&s->in_service);
	registry_notify_clear_pending(s);
	if (s->pending != s->few)
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

/* Does it fit? What a client's dictionaries may cost at one event is for all of them together. */
static bool concerns(struct registry_subscription *s, const struct registry_entry *service,
		     uint64_t number)
{
	struct registry_peer *peer = s->peer;

	if (peer->event != number) {
		peer->event = number;
		peer->event_steps = REGISTRY_MATCH_STEPS;
	}
	return registry_matching_fits(&s->prepared, service, &peer->event_steps);
}

void registry_notify_event(struct registry *registry, struct registry_entry *service,
			   enum registry_event event)
{
	uint64_t number = ++registry->last_event;
	size_t n;
	struct registry_seat *const *all =
		registry_audience_of(&registry->audiences[event], service, &n);

	for (size_t i = 0; i < n; i++) {
		struct registry_subscription *s =
			container_of(all[i], struct registry_subscription, seat);

		if (!concerns(s, service, number) || !append_pending(s, service))
			continue;
		/* Sequentially consistent: before the look at a tray. */
		atomic_fetch_add(&registry->page->news_generation, 1);
		if (event == REGISTRY_EVENT_TERMINATED)
			service->is_claimed = true;
		/* Its client may have armed it without a word; then it fires as it is taken. */
		if (!s->is_armed && s->has_all)
			registry_tray_take(s->peer);
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
	const struct registry_node *node = registry_node_find(e, plane);

	return (struct wire_entry){
		.id = e->id,
		.state = e->state |
			 (node && registry_node_has_name(node) ? WIRE_STATE_PLANE_NAME : 0),
		.class_name = e->class->name,
		.name = registry_entry_name(e, plane),
		.location = registry_entry_location(e, plane),
	};
}

/* Put S and what is pending for it into BURST. */
static void add_to_burst(struct burst *burst, struct registry_subscription *s)
{
	struct registry_entry *items[BURST_PENDING_MAX];
	size_t first = burst->n_entries, n = 0;
	uint64_t *mark = &burst->marks[burst->n_marks];

	/* What waits here goes with the inlet, and its grants would not come back. */
	if (s->n_pending <= BURST_PENDING_MAX && s->n_pending <= WIRE_NOTICES_MAX - first &&
	    !wire_peer_has_waiting(s->inlet->wire))
		n = registry_notify_pending(s, items);
	for (size_t i = 0; i < n; i++) {
		struct registry_entry *e = items[n - 1 - i];

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

/* None of it has been sent. */
static void take_back(struct registry *r, struct registry_peer *peer, const struct burst *burst)
{
	for (size_t i = 0; i < burst->n_entries; i++)
		registry_peer_release(peer, burst->entries[i].id, 1);
	for (size_t i = burst->n_marks; i; i -= 3) {
		struct registry_subscription *s = map_find(&r->subscriptions, burst->marks[i - 3]);

		list_add_first(&r->fired, &s->in_fired);
	}
}

/* What has been sent is pending no more. */
static void finish_burst(struct registry *r, const struct burst *burst)
{
	for (size_t i = 0; i < burst->n_marks; i += 3) {
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

static bool are_many(const struct registry *registry)
{
	size_t n = 0;

	list_for_each(l, &registry->fired)
		if (++n == BURST_MIN)
			return true;
	return false;
}

static err_t send_burst(struct registry *registry, struct registry_inlet *inlet)
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
	err_t err = wire_peer_send(inlet->wire, &wire_notices_layout, &notices, NULL, 0);
	if (err)
		take_back(registry, inlet->peer, &burst);
	else
		finish_burst(registry, &burst);
	return err;
}

static err_t send_notice(struct registry *registry, struct registry_subscription *s)
{
	struct wire_notice notice = { s->number, events[s->event].number };

	list_remove(&s->in_fired);
	err_t err = s->inlet ? wire_peer_send(s->inlet->wire, &wire_notice_layout, &notice, NULL, 0)
			     : 0;
	if (err == -ENOMEM)
		list_add_first(&registry->fired, &s->in_fired);
	return err;
}

void registry_notify_flush(struct registry *registry)
{
	struct registry_subscription *s;
	/* Through one inlet or many: each client that need not ask is two questions less. */
	bool many = are_many(registry);

	while ((s = first_fired(registry, NULL))) {
		err_t err = s->inlet && many ? send_burst(registry, s->inlet)
					     : send_notice(registry, s);

		if (err == -ENOMEM && !many)
			return loop_timer_start(registry->loop, &registry->notice_timer,
						loop_now_ns() + REGISTRY_AGAIN_NS);
		/* A burst that cannot be sent goes one by one, which needs no memory. */
		many = many && !err;
	}
}

static void flush_again(void *context)
{
	registry_notify_flush(context);
}

void registry_notify_init(struct registry *registry)
{
	list_init(&registry->fired);
	loop_timer_init(&registry->notice_timer, flush_again, registry);
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
	if (!service->attention)
		return;
	/* Sending only closes connections, it frees none: the list stays as it is. */
	list_for_each(l, &service->attention->interests) {
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

		/* Who does not keep up misses some, as where a Mach port is full. */
		if ((int)s->interest != interest || !s->inlet || !registry_peer_takes(s->peer, 0) ||
		    !registry_peer_grant(s->peer, service))
			continue;
		if (wire_peer_send(s->inlet->wire, &wire_interest_layout, &message, NULL, 0))
			registry_peer_release(s->peer, service->id, 1);
	}
}

uint64_t registry_notify_last_interested(const struct registry_entry *service)
{
	pid_t pid = 0;

	if (!service->attention)
		return 0;
	list_for_each(l, &service->attention->interests) {
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

/* What one client is told. */
struct telling {
	struct registry_inlet *inlet;
	uint64_t ids[DEAD_MAX];
	size_t count;
	bool *any; /* has anybody been told anything? */
};

/* death_generation grows before the first one is sent and after the last. */
static void tell_dead(struct telling *t)
{
	struct wire_dead dead = { { t->ids, t->count } };

	if (!t->count)
		return;
	if (!*t->any)
		atomic_fetch_add(&t->inlet->peer->registry->page->death_generation, 1);
	*t->any = true;
	wire_peer_send(t->inlet->wire, &wire_dead_layout, &dead, NULL, 0);
	t->count = 0;
}

static void add_dead(struct telling *t, uint64_t id)
{
	t->ids[t->count++] = id;
	if (t->count == DEAD_MAX)
		tell_dead(t);
}

/* Which of the N entries PEER holds: it may hold few, or few may have ended. */
static void tell_held(struct telling *t, struct registry_peer *peer,
		      struct registry_entry *const *entries, size_t n)
{
	struct registry_entry *e;
	size_t cursor = 0;

	if (peer->grants.count < n) {
		while ((e = registry_peer_next_held(peer, &cursor)))
			if (e->is_dead)
				add_dead(t, e->id);
	} else {
		for (size_t i = 0; i < n; i++)
			if (entries[i]->holds && map_find(&peer->grants, entries[i]->id))
				add_dead(t, entries[i]->id);
	}
	tell_dead(t);
}

void registry_notify_dead(struct registry *registry, struct registry_entry *const *entries,
			  size_t n)
{
	struct telling t = { .count = 0 };
	bool any = false;

	t.any = &any;
	for (size_t i = 0; i < n; i++)
		entries[i]->is_dead = true;
	list_for_each(l, &registry->peers) {
		struct registry_peer *peer = container_of(l, struct registry_peer, link);

		/* Most have given back what they were told of. */
		if (peer->grants.count)
			registry_tray_take(peer);
		t.inlet = peer->grants.count ? find_events_inlet(peer) : NULL;
		if (t.inlet)
			tell_held(&t, peer, entries, n);
	}
	for (size_t i = 0; i < n; i++)
		entries[i]->is_dead = false;
	if (any)
		atomic_fetch_add(&registry->page->death_generation, 1);
}
