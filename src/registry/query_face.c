// SPDX-License-Identifier: MIT
/* Requests of clients that find, wait, subscribe and open. */
#include <stdlib.h>

#include "base/foreign.h"
#include "base/scope.h"
#include "registry/access.h"
#include "registry/connection.h"
#include "registry/find.h"
#include "registry/lifecycle.h"
#include "registry/match.h"
#include "registry/notify.h"
#include "registry/policy.h"
#include "registry/rest.h"
#include "registry/shortcut.h"
#include "registry/text.h"
#include "registry/tray.h"
#include "wire/notice.h"
#include "wire/open.h"
#include "wire/packed.h"
#include "wire/query.h"

/* Grants go with a reply that carries entries; they are taken back when it cannot be sent. */
struct entries {
	struct registry_peer *peer;
	struct wire_entry *items;
	size_t count;
	struct wire_entry first[1]; /* most are told of one */
};

static bool entries_fill(struct entries *list, struct registry_peer *peer,
			 struct registry_entry *const *from, size_t n, bool reverse)
{
	list->peer = peer;
	list->count = 0;
	list->items = n <= 1 ? list->first : malloc(n * sizeof(*list->items));
	if (!list->items)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct registry_entry *e = from[reverse ? n - 1 - i : i];
		const struct registry_plane *plane = e->tree->planes.service;

		if (!registry_peer_grant(peer, e))
			return false;
		const struct registry_node *node = registry_node_find(e, plane);

		list->items[list->count++] = (struct wire_entry){
			.id = e->id,
			.state = e->state |
				 (node && registry_node_has_name(node) ? WIRE_STATE_PLANE_NAME : 0),
			.class_name = e->class->name,
			.name = registry_entry_name(e, plane),
			.location = registry_entry_location(e, plane),
		};
	}
	return true;
}

/* SENT: the client has got the grants. */
static void entries_fini(struct entries *list, bool sent)
{
	for (size_t i = 0; i < list->count && !sent; i++)
		registry_peer_release(list->peer, list->items[i].id, 1);
	if (list->items != list->first)
		free(list->items);
}

/* Send the entries with LAYOUT's MESSAGE, which refers to them. True when it went out. */
static bool entries_reply(struct entries *list, const struct wire_header *request,
			  const struct wire_layout *layout, const void *message, bool complete)
{
	struct registry_peer *peer = list->peer;
	err_t err = complete ? wire_peer_reply(peer->wire, request, layout, kIOReturnSuccess,
					       message, NULL, 0)
			     : -ENOMEM;

	if (err && err != -EPIPE)
		registry_peer_status(peer, request, kIOReturnNoResources);
	entries_fini(list, !err);
	return !err;
}

static void reply_found(struct registry_peer *peer, const struct wire_header *request,
			uint64_t rest, struct registry_entry *const *items, size_t count)
{
	struct entries list;
	bool in_parts = rest && count >= WIRE_FOUND_MAX;
	size_t n = in_parts ? WIRE_FOUND_MAX : count;
	bool complete = entries_fill(&list, peer, items, n, false);

	if (in_parts)
		complete &= registry_rest_keep(peer, rest, items + n, count - n);
	struct wire_entries_reply reply = { *peer->registry->tree.generation,
					    { list.items, list.count } };
	entries_reply(&list, request, &wire_entries_reply_layout, &reply, complete);
}

static err_t handle_find(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_find_packed *request = message;
	struct registry_tree *tree = &peer->registry->tree;
	size_t max = request->first_only ? 1 : request->rest ? SIZE_MAX : WIRE_ENTRIES_MAX, n;
	struct registry_entry *few[REGISTRY_SHORTCUT_MAX];
	struct registry_found found;

	if (!request->matching.size || !wire_packed_is_dictionary(request->matching))
		return registry_peer_status(peer, &frame->header, kIOReturnBadArgument);
	if (registry_shortcut(tree, request->matching, WIRE_STATE_MATCHED, max, few, &n)) {
		reply_found(peer, &frame->header, request->rest, few, n);
		return 0;
	}
	scope_cf CFTypeRef matching = wire_packed_copy(request->matching);
	err_t err =
		matching ? registry_find(tree, matching, WIRE_STATE_MATCHED, max, &found) : -ENOMEM;
	if (err)
		return registry_peer_status(peer, &frame->header,
					    err == -E2BIG ? kIOReturnMessageTooLarge
							  : kIOReturnNoMemory);
	reply_found(peer, &frame->header, request->rest, found.items, found.count);
	registry_found_fini(&found);
	return 0;
}

static err_t handle_find_more(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_find_more *request = message;
	struct registry_rest *rest = registry_rest_find(peer, request->rest);
	struct registry_entry *items[WIRE_FOUND_MAX];
	struct entries list;
	size_t seen = 0, n = rest ? registry_rest_next(rest, items, WIRE_FOUND_MAX, &seen) : 0;

	bool complete = entries_fill(&list, peer, items, n, false);
	struct wire_entries_reply reply = { *peer->registry->tree.generation,
					    { list.items, list.count } };
	bool sent =
		entries_reply(&list, &frame->header, &wire_entries_reply_layout, &reply, complete);
	if (rest && sent)
		registry_rest_advance(rest, seen);
	else if (rest)
		registry_rest_free(rest);
	return 0;
}

static err_t handle_match(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_match_request *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);

	if (!e || !registry_entry_is_service(e) || !registry_is_dictionary(request->matching))
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	struct wire_number_reply reply = { registry_match(e, request->matching) };
	wire_peer_reply(peer->wire, &frame->header, &wire_number_reply_layout, kIOReturnSuccess,
			&reply, NULL, 0);
	return 0;
}

static err_t handle_wait_quiet(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_wait_quiet_request *request = message;
	struct registry_entry *e =
		request->id ? registry_peer_find(peer, request->id) : peer->registry->tree.machine;

	if (!e || !registry_entry_is_service(e))
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	return registry_busy_wait(peer, &frame->header, e, request->timeout_ns);
}

static err_t handle_request_probe(struct registry_peer *peer, struct wire_frame *frame,
				  void *message)
{
	const struct wire_request_probe *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);

	if (!e || !registry_entry_is_service(e))
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	return registry_access_probe(peer, &frame->header, e, request->options);
}

/* --- notifications ---------------------------------------------------------------------------- */

static err_t handle_inlet_open(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_inlet_open *request = message;

	return registry_peer_status(peer, &frame->header,
				    registry_inlet_open(peer, request->inlet, request->inlet_class,
							wire_frame_take_fd(frame, 0)));
}

static err_t handle_inlet_close(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_inlet_close *request = message;

	registry_inlet_close(peer, request->inlet);
	return registry_peer_status(peer, &frame->header, kIOReturnSuccess);
}

static err_t handle_notify_add(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_notify_add *request = message;
	struct registry_subscription *s;
	struct registry_entry *service = NULL;
	struct entries list;

	if (request->matching && !registry_is_dictionary(request->matching))
		return registry_peer_status(peer, &frame->header, kIOReturnBadArgument);
	if (!request->matching)
		service = registry_peer_find(peer, request->service);
	IOReturn status = registry_notify_add(peer, request->inlet, request->type,
					      request->matching, service, &s);
	if (status)
		return registry_peer_status(peer, &frame->header, status);
	/* The search order is kept; the iterator pops from its end. */
	struct registry_entry *pending[WIRE_PENDING_SERVICES_MAX];
	size_t n = registry_notify_pending(s, pending);
	bool complete = entries_fill(&list, peer, pending, n, true);
	struct wire_notify_reply reply = { s->number, { list.items, list.count } };
	if (!entries_reply(&list, &frame->header, &wire_notify_reply_layout, &reply, complete))
		registry_notify_remove(s);
	else
		registry_notify_clear_pending(s);
	return 0;
}

static err_t handle_notify_next(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_notify_next *request = message;
	struct registry_subscription *s = registry_notify_find(peer, request->subscription);
	struct entries list;

	if (!s || !s->matching)
		return registry_peer_status(peer, &frame->header, kIOReturnBadArgument);
	struct registry_entry *pending[WIRE_PENDING_SERVICES_MAX];
	size_t n = registry_notify_pending(s, pending);
	bool complete = entries_fill(&list, peer, pending, n, true);
	struct wire_entries_reply reply = { *peer->registry->tree.generation,
					    { list.items, list.count } };
	if (entries_reply(&list, &frame->header, &wire_entries_reply_layout, &reply, complete)) {
		registry_notify_clear_pending(s);
		s->is_armed |= n == 0 && !request->keeps;
		s->has_all = false;
		/* It was armed for this question alone (its tray): here is the answer. */
		list_remove(&s->in_fired);
	}
	return 0;
}

static err_t handle_notify_arm(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_notify_arm *request = message;

	for (size_t i = 0; i < request->subscriptions.count; i++) {
		struct registry_subscription *s =
			registry_notify_find(peer, request->subscriptions.items[i]);

		if (s && s->matching)
			registry_notify_arm(s);
	}
	registry_notify_flush(peer->registry);
	return registry_peer_status(peer, &frame->header, kIOReturnSuccess);
}

static err_t handle_tray_open(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_tray_open *request = message;
	int fd = wire_frame_take_fd(frame, 0);
	IOReturn status = registry_tray_open(peer, request->size, fd);

	foreign_discard(fd, peer->subject.who.uid);
	return registry_peer_status(peer, &frame->header, status);
}

static err_t handle_notify_remove(struct registry_peer *peer, struct wire_frame *frame,
				  void *message)
{
	const struct wire_notify_remove *request = message;
	struct registry_subscription *s = registry_notify_find(peer, request->subscription);

	if (s)
		registry_notify_remove(s);
	return registry_peer_status(peer, &frame->header,
				    s ? kIOReturnSuccess : kIOReturnBadArgument);
}

static err_t handle_open(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_open_request *request = message;

	return registry_connection_open(peer, &frame->header, request->service, request->type);
}

static err_t handle_authorize(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_authorize_request *request = message;
	struct registry_entry *service = registry_peer_find(peer, request->service);

	return registry_peer_status(peer, &frame->header,
				    service && registry_entry_is_service(service)
					    ? registry_policy_authorize(peer, service)
					    : registry_peer_refusal(service));
}

const struct registry_handler registry_query_handlers[] = {
	{ &wire_find_packed_layout, handle_find },
	{ &wire_find_more_layout, handle_find_more },
	{ &wire_match_request_layout, handle_match },
	{ &wire_wait_quiet_request_layout, handle_wait_quiet },
	{ &wire_request_probe_layout, handle_request_probe },
	{ &wire_inlet_open_layout, handle_inlet_open },
	{ &wire_inlet_close_layout, handle_inlet_close },
	{ &wire_notify_add_layout, handle_notify_add },
	{ &wire_notify_next_layout, handle_notify_next },
	{ &wire_notify_remove_layout, handle_notify_remove },
	{ &wire_notify_arm_layout, handle_notify_arm },
	{ &wire_tray_open_layout, handle_tray_open },
	{ &wire_open_request_layout, handle_open },
	{ &wire_authorize_request_layout, handle_authorize },
};
const size_t registry_n_query_handlers =
	sizeof(registry_query_handlers) / sizeof(registry_query_handlers[0]);
