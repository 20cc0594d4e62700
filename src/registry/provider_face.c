// SPDX-License-Identifier: MIT
/* Requests from driver hosts, the bridge and fixtures. */
#include <string.h>

#include <IOKit/IOMessage.h>

#include "base/log.h"
#include "registry/access.h"
#include "registry/connection.h"
#include "registry/door.h"
#include "registry/lifecycle.h"
#include "registry/notify.h"
#include "registry/orphan.h"
#include "registry/policy.h"
#include "registry/proof.h"
#include "registry/property.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "wire/packed.h"
#include "wire/policy.h"
#include "wire/publish.h"

static IOReturn status_of(err_t err)
{
	switch (err) {
	case 0:
		return kIOReturnSuccess;
	case -ENOMEM:
		return kIOReturnNoMemory;
	case -ENOSPC:
		return kIOReturnNoResources;
	default:
		return kIOReturnBadArgument;
	}
}

/* An entry of the peer's own that is active; NULL: neither. */
static struct registry_entry *find_own(struct registry_peer *peer, uint64_t id)
{
	struct registry_entry *e = registry_peer_find(peer, id);

	return e && e->owner == peer && !registry_entry_is_inactive(e) ? e : NULL;
}

/* 0 is the machine node, which the bridge alone may change: any provider that we did not start as
 * somebody's driver host. */
static struct registry_entry *find_changeable(struct registry_peer *peer, uint64_t id)
{
	if (id)
		return find_own(peer, id);
	return !peer->server || peer->server->is_bridge ? peer->registry->tree.machine : NULL;
}

/* --- entries ------------------------------------------------------------------------------------ */

static struct registry_entry *find_parent(struct registry_peer *peer, uint64_t id,
					  const struct registry_plane *plane)
{
	struct registry_tree *tree = &peer->registry->tree;
	struct registry_entry *e = id ? registry_entry_find(tree, id) : tree->machine;

	/* The IOService plane has one top: the machine. */
	if (!e || registry_entry_is_inactive(e) ||
	    (e == tree->root && plane == tree->planes.service))
		return NULL;
	return e;
}

static err_t make_published(struct registry_peer *peer, const struct wire_publish *request,
			    struct registry_plane *plane, struct registry_entry **ret_entry)
{
	struct registry_tree *tree = &peer->registry->tree;
	bool is_client = request->flags & WIRE_PUBLISH_USER_CLIENT;
	const char *fallback = is_client		     ? "IOUserClient"
			     : plane == tree->planes.service ? "IOService"
							     : "IORegistryEntry";
	struct registry_class *class;
	struct registry_entry *e;

	if (request->properties.size && !wire_packed_is_dictionary(request->properties))
		return -EINVAL;
	err_t err = registry_peer_need_class(peer, request->class_name, fallback, &class);
	if (err)
		return err;
	err = registry_entry_new_packed(tree, request->id, class, request->properties,
					request->name, request->location, &e);
	if (err)
		return err;
	if (!registry_peer_own(peer, e))
		err = -ENOSPC;
	if (err)
		registry_lifecycle_drop(e);
	else
		*ret_entry = e;
	/* The owner's reference is left. */
	registry_entry_unref(e);
	return err;
}

/* What comes back may be earlier than what it stands on. */
static bool may_wait(struct registry_peer *peer, const struct wire_publish *request,
		     const struct registry_plane *plane)
{
	return request->id && plane == peer->registry->tree.planes.service &&
	       registry_orphan_may_wait(peer->registry, request->parent);
}

static err_t handle_publish(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_publish *request = message;
	struct registry *r = peer->registry;
	struct registry_plane *plane = r->tree.planes.service;
	struct registry_entry *e = NULL;

	err_t err = request->plane[0] ? registry_peer_need_plane(peer, request->plane, &plane) : 0;
	struct registry_entry *parent = err ? NULL : find_parent(peer, request->parent, plane);
	if (request->id && !registry_proof_holds(r, request->id, request->proof)) {
		registry_peer_warn(peer, "publishes 0x%llx, which is not its own",
				   (unsigned long long)request->id);
		return registry_peer_status(peer, &frame->header, kIOReturnNotPermitted);
	}
	if (!parent && (err || !may_wait(peer, request, plane)))
		return registry_peer_status(peer, &frame->header,
					    err ? status_of(err) : kIOReturnBadArgument);
	err = make_published(peer, request, plane, &e);
	if (!err) {
		err = parent ? registry_plane_attach(e, parent, plane)
			     : registry_orphan_add(peer, e, request->parent);
		if (err)
			registry_lifecycle_drop(e);
	}
	if (err)
		return registry_peer_status(peer, &frame->header, status_of(err));
	struct wire_publish_reply reply = { e->id, registry_proof_of(r, e->id) };
	wire_peer_reply(peer->wire, &frame->header, &wire_publish_reply_layout, kIOReturnSuccess,
			&reply, NULL, 0);
	if (request->flags & WIRE_PUBLISH_REGISTER)
		registry_lifecycle_register(r, e);
	if (request->id)
		registry_orphan_adopt(r, e);
	return 0;
}

static err_t handle_register(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_entry_options *request = message;
	struct registry_entry *e = find_changeable(peer, request->id);

	if (!e)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	if (registry_orphan_wants_register(peer->registry, e))
		return registry_peer_status(peer, &frame->header, kIOReturnSuccess);
	registry_entry_ref(e);
	registry_lifecycle_register(peer->registry, e);
	err_t err = registry_lifecycle_await_match(peer, &frame->header, e, request->options);
	registry_entry_unref(e);
	return err;
}

static err_t handle_terminate(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_entry_options *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);

	if (!e || e->owner != peer)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	registry_peer_status(peer, &frame->header, kIOReturnSuccess);
	registry_entry_ref(e);
	registry_lifecycle_terminate(peer->registry, e, request->options, peer, false);
	registry_entry_unref(e);
	return 0;
}

/* As above, but the owner takes part in the phases. */
static err_t handle_retire(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_entry_options *request = message;
	struct registry_entry *e = registry_peer_find(peer, request->id);

	if (!e || e->owner != peer)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	registry_entry_ref(e);
	registry_lifecycle_terminate(peer->registry, e, request->options, NULL, false);
	err_t err = registry_lifecycle_await_end(peer, &frame->header, e, request->options);
	registry_entry_unref(e);
	return err;
}

static err_t handle_let_go(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_access *request = message;

	registry_lifecycle_let_go(peer->registry, peer, request->client, request->provider);
	return registry_peer_status(peer, &frame->header, kIOReturnSuccess);
}

static bool is_array_or_nothing(CFTypeRef value)
{
	return !value || registry_is_array(value);
}

static err_t handle_update(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_update *request = message;
	struct registry_entry *e = find_changeable(peer, request->id);

	if (!e)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	if ((request->set && !registry_is_dictionary(request->set)) ||
	    !is_array_or_nothing(request->remove) || !is_array_or_nothing(request->live))
		return registry_peer_status(peer, &frame->header, kIOReturnBadArgument);
	if ((request->set || request->live) &&
	    !registry_peer_may_store(peer, e, frame->payload.size))
		return registry_peer_status(peer, &frame->header, kIOReturnNoResources);
	registry_entry_update(e, request->set, request->remove);
	return registry_peer_status(peer, &frame->header,
				    status_of(registry_entry_set_live(e, request->live)));
}

static err_t handle_rename(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_rename *request = message;
	struct registry_entry *e = find_changeable(peer, request->id);
	struct registry_plane *plane = NULL;
	err_t err = 0;

	if (!e)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	if (request->plane[0])
		err = registry_peer_need_plane(peer, request->plane, &plane);
	if (!err)
		err = registry_entry_rename(e, plane, request->name, request->location);
	return registry_peer_status(peer, &frame->header, status_of(err));
}

static err_t handle_attach(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_attach *request = message;
	struct registry *r = peer->registry;
	struct registry_entry *e = find_changeable(peer, request->id);
	struct registry_plane *plane = r->tree.planes.service;
	err_t err = request->plane[0] ? registry_peer_need_plane(peer, request->plane, &plane) : 0;

	if (!e)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	struct registry_entry *parent = err ? NULL : find_parent(peer, request->parent, plane);
	if (!err && !parent && !request->detach && plane == r->tree.planes.service &&
	    e != r->tree.machine && registry_orphan_may_wait(r, request->parent))
		return registry_peer_status(
			peer, &frame->header,
			status_of(registry_orphan_add(peer, e, request->parent)));
	if (!parent || (e == r->tree.machine && plane == r->tree.planes.service))
		return registry_peer_status(peer, &frame->header,
					    err ? status_of(err) : kIOReturnBadArgument);
	struct registry_entry *provider = registry_entry_provider(e);
	if (request->detach)
		err = registry_plane_detach(e, parent, plane) ? 0 : -ENOENT;
	else
		err = registry_plane_attach(e, parent, plane);
	if (!err)
		registry_busy_moved(e, provider);
	if (request->detach)
		return registry_peer_status(peer, &frame->header,
					    err ? kIOReturnNotFound : kIOReturnSuccess);
	if (!err && plane == r->tree.planes.device_tree)
		registry_index_refresh(&r->tree, e);
	return registry_peer_status(peer, &frame->header, err == -EEXIST ? 0 : status_of(err));
}

/* --- messages, busy, classes, resources ----------------------------------------------------------- */

/* To the services above ENTRY in the stack that live in other providers: the sender's host has told
 * its own objects already. Nobody waits for their answers. Who does not keep up misses some. */
static void tell_children(struct registry_entry *entry, const struct wire_message *sent)
{
	struct registry_node *n = registry_node_find(entry, entry->tree->planes.service);

	if (!n)
		return;
	list_for_each(l, &n->children) {
		struct registry_entry *c =
			container_of(l, struct registry_edge, in_parent)->child->entry;
		struct wire_message message = *sent;

		if (!c->owner || c->owner == entry->owner || registry_entry_is_inactive(c) ||
		    c->id == sent->except || !registry_peer_takes(c->owner, 0))
			continue;
		message.id = c->id;
		message.provider = entry->id;
		wire_peer_send(c->owner->wire, &wire_provider_message_layout, &message, NULL, 0);
	}
}

static err_t handle_service_message(struct registry_peer *peer, struct wire_frame *frame,
				    void *message)
{
	const struct wire_message *request = message;
	struct registry_entry *e = find_own(peer, request->id);

	if (!e || request->argument_size != request->data.size)
		return registry_peer_status(peer, &frame->header,
					    e ? kIOReturnBadArgument : kIOReturnNotFound);
	registry_peer_status(peer, &frame->header, kIOReturnSuccess);
	tell_children(e, request);
	/* The kernel answers this one itself: clients never see it. */
	if (request->message_type != kIOMessageCopyClientID)
		registry_notify_interest(e, REGISTRY_INTEREST_GENERAL, request->message_type,
					 request->argument, request->data.data, request->data.size);
	return 0;
}

static err_t handle_access(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	return registry_access_request(peer, &frame->header, message);
}

static err_t handle_message_client(struct registry_peer *peer, struct wire_frame *frame,
				   void *message)
{
	return registry_access_message(peer, &frame->header, message);
}

static err_t handle_interested(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_interested *request = message;
	struct registry_entry *e = find_own(peer, request->id);

	if (!e)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	struct wire_number_reply reply = { registry_notify_last_interested(e) };
	wire_peer_reply(peer->wire, &frame->header, &wire_number_reply_layout, kIOReturnSuccess,
			&reply, NULL, 0);
	return 0;
}

/* The machine is everybody's: who makes it busy takes back as much, and what had no room was not lent. */
static void lend_busy(struct registry_peer *peer, int32_t delta)
{
	struct registry_entry *machine = peer->registry->tree.machine;
	int64_t before = machine->busy;

	registry_busy_adjust(machine, delta < -peer->busy_lent ? -peer->busy_lent : delta);
	peer->busy_lent += (int32_t)(machine->busy - before);
}

static err_t handle_adjust_busy(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_adjust_busy *request = message;
	struct registry_entry *e = find_changeable(peer, request->id);

	if (!e)
		return registry_peer_status(peer, &frame->header, kIOReturnNotFound);
	if (e == peer->registry->tree.machine)
		lend_busy(peer, request->delta);
	else
		registry_busy_adjust(e, request->delta);
	return registry_peer_status(peer, &frame->header, kIOReturnSuccess);
}

static err_t handle_declare_classes(struct registry_peer *peer, struct wire_frame *frame,
				    void *message)
{
	const struct wire_declare_classes *request = message;
	err_t err = registry_peer_declare(peer, request->classes);

	registry_class_set_hooked(&peer->registry->tree.classes, request->hooked);
	return registry_peer_status(peer, &frame->header, status_of(err));
}

enum { RESOURCES_SHARE = 16 }; /* of what the session may keep, for the resources of one server */

/* They stay when it ends, and it may come back: what it has added before counts, too. */
static int64_t *resources_of(struct registry_peer *peer)
{
	return peer->server ? &peer->server->resource_bytes : &peer->resource_bytes;
}

static bool may_add_resource(struct registry_peer *peer, uint64_t bytes)
{
	struct registry *r = peer->registry;
	uint64_t share =
		r->accounts.limits.of[LIMITS_PROPERTY_BYTES][LIMITS_SESSION] / RESOURCES_SHARE;
	int64_t added = *resources_of(peer);

	if ((added < 0 ? 0 : (uint64_t)added) + bytes > share) {
		r->own.user->refusals[LIMITS_PROPERTY_BYTES]++;
		return false;
	}
	return registry_peer_may_store(peer, r->tree.resources, bytes);
}

static err_t handle_publish_resource(struct registry_peer *peer, struct wire_frame *frame,
				     void *message)
{
	const struct wire_publish_resource *request = message;
	scope_cf CFStringRef key = registry_text_new(request->key);

	if (!request->key[0] || !key)
		return registry_peer_status(peer, &frame->header, kIOReturnBadArgument);
	struct registry_entry *resources = peer->registry->tree.resources;
	int64_t before = (int64_t)registry_entry_cost(resources);

	if (!may_add_resource(peer, frame->payload.size))
		return registry_peer_status(peer, &frame->header, kIOReturnNoResources);
	registry_property_publish_resource(peer->registry, key, request->value);
	*resources_of(peer) += (int64_t)registry_entry_cost(resources) - before;
	return registry_peer_status(peer, &frame->header, kIOReturnSuccess);
}

static err_t handle_accounts(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	struct wire_limits limits = { peer->registry->limits };

	peer->keeps_accounts = true;
	if (limits.limits)
		wire_peer_send(peer->wire, &wire_limits_layout, &limits, NULL, 0);
	return registry_peer_status(peer, &frame->header, kIOReturnSuccess);
}

/* A program was refused by a driver of this host: people want to know what it lacked. */
static err_t handle_refused(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_refused *request = message;
	const struct registry_entry *e = find_own(peer, request->user_client);
	IOReturn status = (IOReturn)request->status;

	if (status != kIOReturnNotPrivileged && status != kIOReturnNotPermitted)
		return -EBADMSG;
	if (e)
		registry_policy_refused(peer->registry, e, status, request->selector,
					request->missing, request->value);
	return 0;
}

static err_t handle_confined(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	if (peer->server)
		registry_server_confined(peer->server, message);
	return 0;
}

static err_t handle_opened(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	const struct wire_opened *request = message;
	struct registry_entry *e = find_own(peer, request->user_client);

	/* A service of another host's would be named wherever this one's refusals are. */
	if (!find_own(peer, request->service))
		e = NULL;
	if (e && registry_connection_returned(e, request))
		log_warning("who opened %s stays unknown: out of memory", e->class->name);
	return 0;
}

static err_t handle_returned(struct registry_peer *peer, struct wire_frame *frame, void *message)
{
	registry_door_expects(peer, false);
	return 0;
}

static const struct registry_handler handlers[] = {
	{ &wire_publish_layout, handle_publish },
	{ &wire_register_layout, handle_register },
	{ &wire_terminate_layout, handle_terminate },
	{ &wire_update_layout, handle_update },
	{ &wire_rename_layout, handle_rename },
	{ &wire_attach_layout, handle_attach },
	{ &wire_message_layout, handle_service_message },
	{ &wire_adjust_busy_layout, handle_adjust_busy },
	{ &wire_declare_classes_layout, handle_declare_classes },
	{ &wire_publish_resource_layout, handle_publish_resource },
	{ &wire_retire_layout, handle_retire },
	{ &wire_let_go_layout, handle_let_go },
	{ &wire_access_layout, handle_access },
	{ &wire_message_client_layout, handle_message_client },
	{ &wire_interested_layout, handle_interested },
	{ &wire_accounts_layout, handle_accounts },
	{ &wire_refused_layout, handle_refused },
	{ &wire_confined_layout, handle_confined },
	{ &wire_opened_layout, handle_opened },
	{ &wire_returned_layout, handle_returned },
};

err_t registry_provider_message(struct registry_peer *peer, struct wire_frame *frame)
{
	err_t err = registry_peer_dispatch(peer, frame, handlers,
					   sizeof(handlers) / sizeof(handlers[0]));

	return err == -ENOENT ? -EBADMSG : err;
}
