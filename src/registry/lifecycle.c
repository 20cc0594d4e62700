// SPDX-License-Identifier: MIT
#include "registry/lifecycle.h"

#include <stdlib.h>

#include "registry/bind.h"
#include "registry/deferred.h"
#include "registry/notify.h"

enum { SYNCHRONOUS = 2 }; /* kIOServiceSynchronous */

/* --- registration ---------------------------------------------------------------------- */

void registry_lifecycle_register(struct registry *registry, struct registry_entry *entry)
{
	if (entry->is_starting) {
		entry->wants_register = true;
		return;
	}
	if (!registry_entry_is_service(entry) || registry_entry_is_inactive(entry) ||
	    !registry_plane_is_rooted(entry, registry->tree.planes.service)) {
		if (entry->owner)
			registry_peer_warn(entry->owner,
					   "%s (0x%llx) is not attached to the root: its "
					   "registration is ignored",
					   registry_entry_name(entry, NULL),
					   (unsigned long long)entry->id);
		return;
	}
	registry_bind_request(registry, entry, true);
}

struct registration {
	struct list link;	      /* of the registry */
	struct registry_entry *entry; /* with a reference */
	struct registry_deferred *deferred;
};

static void end_registration(struct registration *w, IOReturn status)
{
	list_remove(&w->link);
	registry_deferred_finish(w->deferred, &wire_empty_layout, status, NULL, NULL, 0);
	registry_entry_unref(w->entry);
	free(w);
}

static void forget_registration(struct registry_deferred *deferred)
{
	end_registration(deferred->context, kIOReturnAborted);
}

err_t registry_lifecycle_await_match(struct registry_peer *peer, const struct wire_header *request,
				     struct registry_entry *entry, uint32_t options)
{
	struct registration *w;

	if (!(options & SYNCHRONOUS) || !entry->job)
		return registry_peer_status(peer, request, kIOReturnSuccess);
	w = calloc(1, sizeof(*w));
	if (w)
		w->deferred = registry_deferred_new(peer, request, 0, 0);
	if (!w || !w->deferred) {
		free(w);
		return registry_peer_status(peer, request, kIOReturnNoResources);
	}
	w->deferred->abandoned = forget_registration;
	w->deferred->context = w;
	w->entry = registry_entry_ref(entry);
	list_add(&peer->registry->registrations, &w->link);
	return 0;
}

void registry_lifecycle_answer_registrations(struct registry *registry)
{
	list_for_each_safe(l, &registry->registrations) {
		struct registration *w = container_of(l, struct registration, link);

		if (!w->entry->job)
			end_registration(w, kIOReturnSuccess);
	}
}

void registry_lifecycle_matched(struct registry *registry, struct registry_entry *entry)
{
	bool first = !(entry->state & WIRE_STATE_FIRST_MATCH);

	entry->state |= WIRE_STATE_MATCHED | WIRE_STATE_FIRST_MATCH;
	registry_notify_event(registry, entry, REGISTRY_EVENT_MATCHED);
	if (first)
		registry_notify_event(registry, entry, REGISTRY_EVENT_FIRST_MATCH);
	registry_notify_flush(registry);
	registry_lifecycle_answer_registrations(registry);
}
