// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include <IOKit/IOMessage.h>

#include "registry/deferred.h"
#include "registry/lifecycle.h"
#include "registry/notify.h"

enum { SHOWN_MAX = 1023 };

struct waiter {
	struct list link;	      /* of the entry */
	struct registry_entry *entry; /* with a reference */
	struct registry_deferred *deferred;
};

static void free_waiter(struct waiter *w, IOReturn status)
{
	list_remove(&w->link);
	registry_deferred_finish(w->deferred, &wire_empty_layout, status, NULL, NULL, 0);
	registry_entry_unref(w->entry);
	free(w);
}

/* The entry goes with the last of them if nothing else keeps it. */
static void end_waiters(struct registry_entry *entry, IOReturn status)
{
	if (!entry->attention)
		return;
	registry_entry_ref(entry);
	list_for_each_safe(l, &entry->attention->waiters)
		free_waiter(container_of(l, struct waiter, link), status);
	registry_entry_unref(entry);
}

void registry_busy_adjust(struct registry_entry *entry, int delta)
{
	while (entry && delta) {
		uint32_t before = entry->busy;
		int64_t after = (int64_t)before + delta;

		entry->busy = after < 0 ? 0 : after > INT32_MAX ? INT32_MAX : (uint32_t)after;
		if (!before == !entry->busy)
			return;
		struct registry_entry *provider = registry_entry_provider(entry);
		if (before) {
			entry->busy_ns += loop_now_ns();
			end_waiters(entry, kIOReturnSuccess);
		} else {
			entry->busy_ns -= loop_now_ns();
		}
		registry_notify_interest(entry, REGISTRY_INTEREST_BUSY,
					 kIOMessageServiceBusyStateChange, !before, NULL, 0);
		delta = before ? -1 : 1;
		entry = provider;
	}
}

uint32_t registry_busy_shown(const struct registry_entry *entry)
{
	return entry->busy < SHOWN_MAX ? entry->busy : SHOWN_MAX;
}

void registry_busy_moved(struct registry_entry *entry, struct registry_entry *provider)
{
	struct registry_entry *now = registry_entry_provider(entry);

	if (!entry->busy || now == provider)
		return;
	/* Up first: what stays busy is never seen quiet in between. */
	if (now)
		registry_busy_adjust(now, 1);
	if (provider)
		registry_busy_adjust(provider, -1);
}

uint64_t registry_busy_time_ns(const struct registry_entry *entry)
{
	return entry->busy_ns + (entry->busy ? loop_now_ns() : 0);
}

static void handle_timeout(struct registry_deferred *deferred)
{
	free_waiter(deferred->context, kIOReturnTimeout);
}

static void handle_abandoned(struct registry_deferred *deferred)
{
	free_waiter(deferred->context, kIOReturnAborted);
}

err_t registry_busy_wait(struct registry_peer *peer, const struct wire_header *request,
			 struct registry_entry *entry, uint64_t timeout_ns)
{
	if (!entry->busy)
		return registry_peer_status(peer, request, kIOReturnSuccess);
	if (!timeout_ns)
		return registry_peer_status(peer, request, kIOReturnTimeout);
	/* So far away that it is for ever, and that no sum overflows. */
	if (timeout_ns > INT64_MAX / 2)
		timeout_ns = 0;
	struct waiter *w = calloc(1, sizeof(*w));
	struct registry_attention *a = w ? registry_entry_need_attention(entry) : NULL;
	struct registry_deferred *d =
		a ? registry_deferred_new(peer, request, timeout_ns, kIOReturnTimeout) : NULL;
	if (!d) {
		free(w);
		return registry_peer_status(peer, request, kIOReturnNoResources);
	}
	d->expired = handle_timeout;
	d->abandoned = handle_abandoned;
	d->context = w;
	w->deferred = d;
	w->entry = registry_entry_ref(entry);
	list_add(&a->waiters, &w->link);
	return 0;
}

void registry_busy_fini(struct registry *registry)
{
	struct registry_entry *entry;
	size_t cursor = 0;

	while ((entry = registry_tree_next(&registry->tree, &cursor)))
		end_waiters(entry, kIOReturnAborted);
}
