// SPDX-License-Identifier: MIT
/* Browsing requests of clients: entries, relations, properties, paths, classes. */
#include <stdlib.h>
#include <string.h>

#include "registry/lifecycle.h"
#include "registry/property.h"
#include "registry/text.h"
#include "wire/browse.h"

static err_t handle_entry(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_entry_request *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);

	if (!e)
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	if (!registry_peer_grant(peer, e))
		return registry_peer_status(peer, &frame->header, kIOReturnNoResources);
	struct wire_entry_reply reply = {
		.state = e->state,
		.busy = registry_busy_shown(e),
		.busy_ns = registry_busy_time_ns(e),
		.holds = e->refs,
		.class_name = e->class->name,
		.name = registry_entry_name(e, NULL),
	};
	if (wire_peer_reply(peer->wire, &frame->header, &wire_entry_reply_layout, kIOReturnSuccess,
			    &reply, NULL, 0))
		registry_peer_release(peer, e->id, 1);
	return 0;
}

/* --- children and parents ------------------------------------------------------------------- */

struct listing {
	struct registry_peer *peer;
	const struct registry_plane *plane;
	uint32_t options;
	size_t max;
	uint64_t mark;
	struct wire_entry *items;
	size_t count, capacity;
	bool is_cut, failed;
};

static bool is_upwards(const struct listing *l)
{
	return l->options & WIRE_CHILDREN_PARENTS;
}

static uint64_t list_generation(const struct listing *l, const struct registry_node *n)
{
	return !n ? 0 : is_upwards(l) ? n->parents_generation : n->children_generation;
}

static bool add_listed(struct listing *l, struct registry_entry *e, uint32_t depth)
{
	const struct registry_node *n = registry_node_find(e, l->plane);

	if (l->count == l->max) {
		l->is_cut = true;
		return false;
	}
	if (l->count == l->capacity) {
		size_t capacity = l->capacity ? 2 * l->capacity : 32;
		struct wire_entry *more = realloc(l->items, capacity * sizeof(*more));

		l->failed |= !more;
		if (!more)
			return false;
		l->items = more;
		l->capacity = capacity;
	}
	if (!registry_peer_grant(l->peer, e)) {
		l->failed = true;
		return false;
	}
	l->items[l->count++] = (struct wire_entry){
		.id = e->id,
		.generation = list_generation(l, n),
		.state = e->state | (n && registry_node_has_name(n) ? WIRE_STATE_PLANE_NAME : 0),
		.depth = depth,
		.class_name = e->class->name,
		.name = registry_entry_name(e, l->plane),
		.location = registry_entry_location(e, l->plane),
	};
	return true;
}

/* Pre-order, from EDGE on. An entry with two parents is listed twice and entered once. */
static bool list_from(struct listing *l, struct registry_node *n, struct registry_edge *edge,
		      uint32_t depth)
{
	n->visited = l->mark;
	for (; edge; edge = registry_edge_next(edge, is_upwards(l))) {
		struct registry_node *next = is_upwards(l) ? edge->parent : edge->child;

		if (!add_listed(l, next->entry, depth))
			return false;
		if (!(l->options & WIRE_CHILDREN_RECURSIVE) || next->visited == l->mark ||
		    depth >= REGISTRY_DEPTH_MAX)
			continue;
		if (!list_from(l, next, registry_edge_first(next, is_upwards(l)), depth + 1))
			return false;
	}
	return true;
}

/* The edge of N's list behind that of AFTER. False: AFTER is not there. */
static bool find_start(const struct listing *l, struct registry_node *n,
		       const struct registry_entry *after, struct registry_edge **ret_edge)
{
	struct registry_node *other = after ? registry_node_find(after, l->plane) : NULL;
	struct registry_edge *e;

	if (!after) {
		*ret_edge = registry_edge_first(n, is_upwards(l));
		return true;
	}
	/* An entry has few parents, but perhaps many children. */
	e = is_upwards(l) ? n->parents : other ? other->parents : NULL;
	while (e && e->parent != (is_upwards(l) ? other : n))
		e = e->next;
	if (!e)
		return false;
	*ret_edge = registry_edge_next(e, is_upwards(l));
	return true;
}

static void release_listed(struct listing *l)
{
	for (size_t i = 0; i < l->count; i++)
		registry_peer_release(l->peer, l->items[i].id, 1);
}

static void reply_listing(struct listing *l, const struct wire_header *request,
			  const struct wire_layout *layout, const void *message)
{
	err_t err = l->failed ? -ENOMEM
			      : wire_peer_reply(l->peer->wire, request, layout, kIOReturnSuccess,
						message, NULL, 0);

	if (err)
		release_listed(l);
	free(l->items);
	if (err && err != -EPIPE)
		registry_peer_status(l->peer, request, kIOReturnNoResources);
}

static err_t handle_children(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_children_request *request = message;
	struct registry *r = peer->registry;
	struct registry_entry *e = registry_peer_find(peer, request->id);
	struct registry_entry *after =
		request->after ? registry_peer_find(peer, request->after) : NULL;
	struct listing l = {
		.peer = peer,
		.plane = registry_plane_find(&r->tree.planes, request->plane),
		.options = request->options,
		.max = request->max < WIRE_CHILDREN_MAX ? request->max : WIRE_CHILDREN_MAX,
		.mark = ++r->last_walk,
	};

	if (!e || !l.plane)
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	struct registry_node *n = registry_node_find(e, l.plane);
	struct registry_edge *start = NULL;
	bool found = n && (after || !request->after) && find_start(&l, n, after, &start);
	if (!found && request->after)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	if (found && request->max)
		list_from(&l, n, start, 1);
	struct wire_children_reply reply = {
		.generation = *r->tree.generation,
		.list_generation = list_generation(&l, n),
		.is_cut = l.is_cut,
		.entries = { l.items, l.count },
	};
	reply_listing(&l, &frame->header, &wire_children_reply_layout, &reply);
	return 0;
}

/* --- properties ------------------------------------------------------------------------------ */

static err_t handle_properties(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_properties_request *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);

	if (!e)
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	return registry_property_read_all(peer, &frame->header, e);
}

static err_t handle_property(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_property_request *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);
	struct registry_plane *plane =
		registry_plane_find(&peer->registry->tree.planes, request->plane);

	if (!e)
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	/* Without a plane there is nowhere to go on; the entry itself has its say all the same. */
	return registry_property_read(peer, &frame->header, e, plane, request->key,
				      plane ? request->options : 0);
}

static err_t handle_set_properties(struct registry_peer *peer, struct wire_frame *frame,
				   void *message)
{
	const struct wire_set_properties_request *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);

	if (!e || !request->value)
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	return registry_property_write(peer, &frame->header, e, request->value);
}

/* --- paths and names -------------------------------------------------------------------------- */

static err_t reply_text(struct registry_peer *peer, const struct wire_header *request,
			const char *text)
{
	struct wire_text_reply reply = { text };

	if (wire_peer_reply(peer->wire, request, &wire_text_reply_layout, kIOReturnSuccess, &reply,
			    NULL, 0) == -EMSGSIZE)
		registry_peer_status(peer, request, kIOReturnMessageTooLarge);
	return 0;
}

static err_t handle_path(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_path_request *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);
	struct registry_plane *plane =
		registry_plane_find(&peer->registry->tree.planes, request->plane);
	struct bytes path = BYTES_INIT;
	err_t err = e && plane ? registry_path_write(e, plane, &path) : -ENOENT;

	if (err)
		registry_peer_status(peer, &frame->header,
				     err == -ENOMEM ? kIOReturnNoMemory : registry_peer_refusal(e));
	else
		reply_text(peer, &frame->header, (const char *)path.data);
	bytes_fini(&path);
	return 0;
}

static err_t handle_find_path(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_find_path_request *request = message;
	struct registry *r = peer->registry;
	struct registry_entry *e = registry_path_find(&r->tree, request->path);
	char name[REGISTRY_PLANE_NAME_MAX + 1] = "";
	const char *colon = strchr(request->path, ':');

	if (!e)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	memcpy(name, request->path, (size_t)(colon - request->path));
	struct listing l = { .peer = peer,
			     .plane = registry_plane_find(&r->tree.planes, name),
			     .max = 1 };
	add_listed(&l, e, 0);
	struct wire_entries_reply reply = { *r->tree.generation, { l.items, l.count } };
	reply_listing(&l, &frame->header, &wire_entries_reply_layout, &reply);
	return 0;
}

static err_t handle_name(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_name_request *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);
	struct registry_plane *plane =
		registry_plane_find(&peer->registry->tree.planes, request->plane);

	if (!e || request->what > WIRE_NAME_LOCATION)
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	if (request->what == WIRE_NAME_NAME)
		return reply_text(peer, &frame->header, registry_entry_name(e, plane));
	const char *location = registry_entry_location(e, plane);
	if (!location[0])
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	return reply_text(peer, &frame->header, location);
}

static err_t handle_in_plane(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_in_plane_request *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);

	if (!e)
		return registry_peer_status(peer, &frame->header, registry_peer_refusal(e));
	struct wire_number_reply reply = { registry_plane_contains(
		e, registry_plane_find(&peer->registry->tree.planes, request->plane)) };
	wire_peer_reply(peer->wire, &frame->header, &wire_number_reply_layout, kIOReturnSuccess,
			&reply, NULL, 0);
	return 0;
}

static err_t handle_class(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_class_request *request = message;
	struct registry_class *class =
		registry_class_find(&peer->registry->tree.classes, request->name);

	if (!class)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	scope_cf CFTypeRef ancestry = registry_class_copy_ancestry(class);
	struct wire_class_reply reply = { ancestry, class->bundle };
	if (!ancestry)
		return registry_peer_status(peer, &frame->header, kIOReturnNoMemory);
	wire_peer_reply(peer->wire, &frame->header, &wire_class_reply_layout, kIOReturnSuccess,
			&reply, NULL, 0);
	return 0;
}

static err_t handle_release(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_release *request = message;
	IOReturn status = kIOReturnSuccess;

	if (request->pairs.count % 2)
		return -EBADMSG;
	for (size_t i = 0; i < request->pairs.count; i += 2) {
		/* More than it holds is refused and hurts nobody. */
		if (registry_peer_release(peer, request->pairs.items[i],
					  request->pairs.items[i + 1]))
			status = kIOReturnBadArgument;
	}
	return registry_peer_status(peer, &frame->header, status);
}

const struct registry_handler registry_browse_handlers[] = {
	{ &wire_entry_request_layout, handle_entry },
	{ &wire_children_request_layout, handle_children },
	{ &wire_properties_request_layout, handle_properties },
	{ &wire_property_request_layout, handle_property },
	{ &wire_set_properties_request_layout, handle_set_properties },
	{ &wire_path_request_layout, handle_path },
	{ &wire_find_path_request_layout, handle_find_path },
	{ &wire_name_request_layout, handle_name },
	{ &wire_in_plane_request_layout, handle_in_plane },
	{ &wire_class_request_layout, handle_class },
	{ &wire_release_layout, handle_release },
};
const size_t registry_n_browse_handlers =
	sizeof(registry_browse_handlers) / sizeof(registry_browse_handlers[0]);
