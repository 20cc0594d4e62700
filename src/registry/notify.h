// SPDX-License-Identifier: MIT
/*
 * Standing requests of clients: matching notifications with their pending sets
 * and arming, interests in one service, and the inlets that notices travel
 * through.
 *
 * The event stream is the order of calls in here: a subscription takes its
 * initial set when it is made, every later event reaches it. Notices of
 * matching notifications are sent by registry_notify_flush, after the client
 * has been told which names died.
 */
#pragma once

#include "registry/match.h"
#include "registry/registry_internal.h"

struct registry_inlet {
	struct registry_peer *peer;
	struct wire_peer *wire; /* sends only */
	uint32_t number, inlet_class;
	struct list subscriptions; /* that send into it */
};

struct registry_subscription {
	uint64_t number;
	struct registry_peer *peer;
	struct list in_peer, in_inlet;
	struct registry_inlet *inlet; /* NULL: it has been closed */
	/* matching */
	enum registry_event event;
	CFDictionaryRef matching;	   /* NULL: an interest */
	struct registry_matching prepared; /* from it */
	uint64_t bytes;			   /* that it takes */
	struct registry_seat seat;	   /* in the event's audience */
	/* Entry IDs, oldest first: who comes is not kept when it goes, who has ended is (a reference). */
	uint64_t few[4];   /* so that one that fires needs no memory */
	uint64_t *pending; /* few, or more */
	size_t n_pending, pending_capacity;
	uint64_t n_removed; /* of the registry when it was last looked for ended ones among them */
	bool is_armed;
	bool has_all; /* what was pending went along with the notice; the client arms it itself */
	struct list in_fired;
	/* interest */
	struct registry_entry *service; /* with a reference */
	struct list in_service;
	enum {
		REGISTRY_INTEREST_GENERAL,
		REGISTRY_INTEREST_BUSY,
		REGISTRY_INTEREST_OTHER
	} interest;
};

/* Takes SOCKET. kIOReturnSuccess, BadArgument: number or class in use or unknown; NoResources. */
IOReturn registry_inlet_open(struct registry_peer *peer, uint32_t number, uint32_t inlet_class,
			     int socket);
void registry_inlet_close(struct registry_peer *peer, uint32_t number);

/* Matching (MATCHING, copied by reference) or interest (SERVICE). RET_SUBSCRIPTION is borrowed.
 * The initial set of a matching subscription is its pending set. kIOReturnUnsupported: unknown
 * type, inactive service; BadArgument: no such inlet, no service; NoResources. */
IOReturn registry_notify_add(struct registry_peer *peer, uint32_t inlet, const char *type,
			     CFDictionaryRef matching, struct registry_entry *service,
			     struct registry_subscription **ret_subscription);
/* NULL: the peer has none of that number. */
struct registry_subscription *registry_notify_find(struct registry_peer *peer, uint64_t number);
void registry_notify_remove(struct registry_subscription *subscription);
/* What is pending and has not gone since; how many: at most WIRE_PENDING_SERVICES_MAX. */
size_t registry_notify_pending(struct registry_subscription *subscription,
			       struct registry_entry **items);
/* Everything pending is forgotten (the caller has told the client). */
void registry_notify_clear_pending(struct registry_subscription *subscription);
/* All subscriptions and inlets of a peer that goes. */
void registry_notify_forget_peer(struct registry_peer *peer);

/* SERVICE has come to EVENT: append it to every matching subscription that it fits. A Terminated
 * notification claims it (entry->is_claimed). */
void registry_notify_event(struct registry *registry, struct registry_entry *service,
			   enum registry_event event);
/* The client has taken everything and knows of nothing more. */
void registry_notify_arm(struct registry_subscription *subscription);
/* Send the notices that have become due. */
void registry_notify_flush(struct registry *registry);
void registry_notify_init(struct registry *registry);
/* To general or busy interests of SERVICE, in the order of registration. SIZE 0: ARGUMENT itself. */
void registry_notify_interest(struct registry_entry *service, int interest, uint32_t message_type,
			      uint64_t argument, const void *data, size_t size);
/* Pid of the program whose general interest in SERVICE is the latest; 0: nobody has any. */
uint64_t registry_notify_last_interested(const struct registry_entry *service);
/* Tell each client that holds one of the ENTRIES (referenced) that its names are dead. */
void registry_notify_dead(struct registry *registry, struct registry_entry *const *entries,
			  size_t n);
