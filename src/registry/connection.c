// SPDX-License-Identifier: MIT
#include "registry/connection.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "registry/console.h"
#include "registry/deferred.h"
#include "registry/lifecycle.h"
#include "registry/policy.h"
#include "registry/text.h"
#include "wire/open.h"

/* One opening under way. */
struct opening {
	struct registry *registry;
	struct registry_deferred *deferred;
	struct registry_entry *service, *user_client; /* with references */
	struct wire_peer *host;			      /* valid while the answer is no error */
	struct fd_peer client;
	uint32_t flags;		      /* WIRE_OPEN_* */
	CFDictionaryRef entitlements; /* of the client */
	char process[WIRE_NAME_MAX + 1];
	int socket; /* the client's end */
};

static void free_opening(struct opening *o)
{
	registry_entry_unref(o->service);
	registry_entry_unref(o->user_client);
	if (o->entitlements)
		CFRelease(o->entitlements);
	fd_close(o->socket);
	free(o);
}

static IOReturn check_service(struct registry *r, const struct registry_entry *service)
{
	if (!service || !registry_entry_is_service(service))
		return kIOReturnBadArgument;
	/* The default path fails in attach; services of the registry's own have no user client. */
	if (registry_entry_is_inactive(service) || !service->owner)
		return kIOReturnUnsupported;
	return kIOReturnSuccess;
}

/* Class, properties and creator as the host reported them. */
static IOReturn complete_entry(struct opening *o, const struct wire_open_client_reply *reply)
{
	struct registry_tree *tree = &o->registry->tree;
	struct registry_entry *uc = o->user_client;
	struct registry_class *class;
	char text[WIRE_NAME_MAX + 32];

	if (registry_class_need(&tree->classes, reply->class_name, "IOUserClient", &class))
		return kIOReturnNoMemory;
	if (!registry_class_conforms(class, "IOUserClient"))
		return kIOReturnError;
	registry_entry_set_class(uc, class);
	registry_entry_update(uc, reply->properties, NULL);
	snprintf(text, sizeof(text), "pid %d, %s", (int)o->client.pid, o->process);
	scope_cf CFStringRef creator = registry_text_new(text);
	if (creator)
		registry_entry_set(uc, CFSTR("IOUserClientCreator"), creator);
	if (registry_entry_is_inactive(o->service) || registry_entry_is_inactive(uc))
		return kIOReturnUnsupported;
	return creator ? kIOReturnSuccess : kIOReturnNoMemory;
}

static IOReturn accept_user_client(struct opening *o, struct wire_frame *frame)
{
	struct wire_open_client_reply reply;
	IOReturn status;

	if (wire_frame_decode(frame, &wire_open_client_reply_layout, &reply)) {
		log_warning("%s: malformed answer to an opening", wire_peer_name(o->host));
		wire_peer_close(o->host);
		return kIOReturnError;
	}
	status = complete_entry(o, &reply);
	wire_message_clear(&wire_open_client_reply_layout, &reply);
	/* Attached even when the client has gone or is refused: the host has made the object, sees
	 * the hang-up and terminates it in order. */
	if (!registry_entry_is_inactive(o->user_client) &&
	    !registry_entry_is_inactive(o->service) &&
	    registry_plane_attach(o->user_client, o->service, o->registry->tree.planes.service))
		return kIOReturnNoMemory;
	return status;
}

static void handle_opened(void *context, err_t err, struct wire_frame *frame)
{
	struct opening *o = context;
	struct registry_peer *client = o->deferred->peer;
	IOReturn status = err ? kIOReturnOffline : frame->header.status;

	if (!err && !status)
		status = accept_user_client(o, frame);
	else if (!registry_entry_is_inactive(o->user_client))
		registry_lifecycle_drop(o->user_client);
	struct wire_open_reply reply = { o->user_client->id,
					 o->flags & WIRE_OPEN_CLIENT_MEMORY };
	if (!status && client && !registry_peer_grant(client, o->user_client))
		status = kIOReturnNoResources;
	if (status)
		registry_deferred_finish(o->deferred, &wire_empty_layout, status, NULL, NULL, 0);
	else
		registry_deferred_finish(o->deferred, &wire_open_reply_layout, kIOReturnSuccess,
					 &reply, &o->socket, 1);
	free_opening(o);
}

static struct opening *opening_new(struct registry_peer *client, struct registry_entry *service)
{
	struct opening *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->registry = client->registry;
	o->service = registry_entry_ref(service);
	o->host = service->owner->wire;
	o->client = client->subject.who;
	o->entitlements = registry_policy_copy_entitlements(client);
	if (o->entitlements)
		o->flags = registry_policy_open_flags(client, service, o->entitlements);
	o->socket = -1;
	snprintf(o->process, sizeof(o->process), "%s", client->name);
	if (o->entitlements)
		return o;
	free_opening(o);
	return NULL;
}

/* The entry is there, in no plane, before the host hears of it: what the driver does with it in
 * start() finds it. */
static err_t ask_host(struct opening *o, uint32_t type)
{
	struct registry *r = o->registry;
	struct registry_class *class = registry_class_find(&r->tree.classes, "IOUserClient");
	int fds[2];

	err_t err = registry_entry_new(&r->tree, 0, class, NULL, &o->user_client);
	if (err)
		return err;
	if (!registry_peer_own(o->service->owner, o->user_client))
		return -ENOSPC;
	err = fd_socketpair(fds);
	if (err)
		return err;
	struct wire_open_client message = {
		.service = o->service->id,
		.user_client = o->user_client->id,
		.type = type,
		.pid = (uint32_t)o->client.pid,
		.uid = o->client.uid,
		.gid = o->client.gid,
		.process = o->process,
		.flags = o->flags,
		.entitlements = o->entitlements,
	};
	o->socket = fds[0];
	err = wire_peer_call(o->host, &wire_open_client_layout, &message, &fds[1], 1, handle_opened,
			     o);
	fd_close(fds[1]);
	return err;
}

err_t registry_connection_open(struct registry_peer *client, const struct wire_header *request,
			       uint64_t service_id, uint32_t type)
{
	struct registry_entry *service = registry_peer_find(client, service_id);
	IOReturn status = check_service(client->registry, service);

	if (status)
		return registry_peer_status(client, request, status);
	struct opening *o = opening_new(client, service);
	struct registry_deferred *d =
		o ? registry_deferred_new(client, request, REGISTRY_OPEN_TIMEOUT_NS,
					  kIOReturnTimeout)
		  : NULL;
	if (!d) {
		if (o)
			free_opening(o);
		return registry_peer_status(client, request, kIOReturnNoResources);
	}
	o->deferred = d;
	err_t err = ask_host(o, type);
	if (err) {
		if (o->user_client)
			registry_lifecycle_drop(o->user_client);
		registry_deferred_finish(d, &wire_empty_layout,
					 err == -EPIPE ? kIOReturnOffline : kIOReturnNoResources,
					 NULL, NULL, 0);
		free_opening(o);
	}
	return 0;
}
