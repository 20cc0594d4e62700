// SPDX-License-Identifier: MIT
#include "registry/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "registry/console.h"
#include "registry/deferred.h"
#include "registry/lifecycle.h"
#include "registry/policy.h"
#include "registry/proof.h"
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
		return registry_peer_refusal(service);
	/* The default path fails in attach; services of the registry's own have no user client. */
	if (registry_entry_is_inactive(service) || !service->owner)
		return kIOReturnUnsupported;
	return kIOReturnSuccess;
}

static err_t show_creator(struct registry_entry *user_client, pid_t pid, const char *process)
{
	char text[WIRE_NAME_MAX + 32];

	snprintf(text, sizeof(text), "pid %d, %s", (int)pid, process);
	scope_cf CFStringRef creator = registry_text_new(text);
	if (creator)
		registry_entry_set(user_client, CFSTR("IOUserClientCreator"), creator);
	return creator ? 0 : -ENOMEM;
}

/* Class, properties and creator as the host reported them. */
static IOReturn complete_entry(struct opening *o, const struct wire_open_client_reply *reply)
{
	struct registry_entry *uc = o->user_client;
	struct registry_class *class;

	if (!uc->owner)
		return kIOReturnUnsupported;
	if (registry_peer_need_class(uc->owner, reply->class_name, "IOUserClient", &class))
		return kIOReturnNoMemory;
	if (reply->properties &&
	    !registry_peer_may_store(uc->owner, uc, wire_bag_cost_of(reply->properties)))
		return kIOReturnNoResources;
	if (!registry_class_conforms(class, "IOUserClient"))
		return kIOReturnError;
	registry_entry_set_class(uc, class);
	registry_entry_update(uc, reply->properties, NULL);
	err_t err = show_creator(uc, o->client.pid, o->process);
	if (registry_entry_is_inactive(o->service) || registry_entry_is_inactive(uc))
		return kIOReturnUnsupported;
	return err ? kIOReturnNoMemory : kIOReturnSuccess;
}

static IOReturn accept_user_client(struct opening *o, struct wire_frame *frame)
{
	struct wire_open_client_reply reply;
	err_t err = wire_peer_decode_answer(o->host, frame, &wire_open_client_reply_layout, &reply,
					    "to an opening");

	if (err == -EBADMSG)
		return kIOReturnError;
	IOReturn status = err ? kIOReturnNoMemory : complete_entry(o, &reply);
	wire_message_clear(&wire_open_client_reply_layout, &reply);
	if (registry_entry_is_inactive(o->user_client))
		return status;
	/* Attached even when the client has gone or is refused: the host has made the object, sees
	 * the hang-up and terminates it in order. */
	if (!registry_entry_is_inactive(o->service) &&
	    !registry_plane_attach(o->user_client, o->service, o->registry->tree.planes.service))
		return status;
	/* The end of the service takes it along in the host, which then says nothing of it. Here it is
	 * nobody's child. */
	registry_lifecycle_terminate(o->registry, o->user_client, 0, NULL, false);
	return status ? status : kIOReturnNoMemory;
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
	struct wire_open_reply reply = { o->user_client->id, o->flags & WIRE_OPEN_CLIENT_MEMORY };
	if (!status && client && !registry_peer_grant(client, o->user_client))
		status = kIOReturnNoResources;
	if (status)
		registry_deferred_finish(o->deferred, &wire_empty_layout, status, NULL, NULL, 0);
	else
		registry_deferred_finish(o->deferred, &wire_open_reply_layout, kIOReturnSuccess,
					 &reply, &o->socket, 1);
	free_opening(o);
}

/* Nobody will take the client's end: the host hears so at once, and sees it when it looks. */
static void drop_socket(struct opening *o)
{
	fd_close(o->socket);
	o->socket = -1;
}

static void handle_abandoned(struct registry_deferred *deferred)
{
	drop_socket(deferred->context);
}

/* The driver's operations do not overlap: any of them that does not return keeps it from opening. */
static void handle_late(struct registry_deferred *deferred)
{
	struct opening *o = deferred->context;

	if (o->service->owner)
		registry_peer_warn(o->service->owner,
				   "%s: %s was not opened within %d s: its driver is in an "
				   "operation that does not return",
				   registry_peer_name(o->service->owner), o->service->class->name,
				   (int)(REGISTRY_OPEN_TIMEOUT_NS / 1000000000));
	registry_deferred_answer(deferred, &wire_empty_layout, kIOReturnTimeout, NULL, NULL, 0);
	drop_socket(o);
}

static IOReturn opening_new(struct registry_peer *client, struct registry_entry *service,
			    uint32_t type, struct opening **ret_opening)
{
	struct opening *o = calloc(1, sizeof(*o));
	IOReturn status = kIOReturnNoResources;

	if (!o)
		return status;
	o->registry = client->registry;
	o->service = registry_entry_ref(service);
	o->host = service->owner->wire;
	o->client = client->subject.who;
	o->socket = -1;
	snprintf(o->process, sizeof(o->process), "%s", client->name);
	status = registry_policy_open(client, service, type, &o->entitlements, &o->flags);
	if (status)
		free_opening(o);
	else
		*ret_opening = o;
	return status;
}

static err_t remember_opener(struct registry_entry *user_client, const struct wire_opened *opened)
{
	struct registry_attention *a = registry_entry_need_attention(user_client);
	size_t size = strlen(opened->process) + 1;
	struct registry_opener *opener = a ? malloc(sizeof(*opener) + size) : NULL;

	if (!opener)
		return -ENOMEM;
	*opener = (struct registry_opener){ opened->service, (pid_t)opened->pid, opened->uid };
	memcpy(opener->process, opened->process, size);
	a->opener = opener;
	return 0;
}

err_t registry_connection_returned(struct registry_entry *user_client,
				   const struct wire_opened *opened)
{
	const struct registry_attention *a = user_client->attention;

	if ((a && a->opener) || !registry_class_conforms(user_client->class, "IOUserClient"))
		return 0;
	err_t err = remember_opener(user_client, opened);
	return err ? err : show_creator(user_client, (pid_t)opened->pid, opened->process);
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
	if (!registry_peer_may_be_asked(o->service->owner, 0) ||
	    !registry_deferred_keep_descriptor(o->deferred) ||
	    !registry_peer_own(o->service->owner, o->user_client))
		return -ENOSPC;
	struct wire_opened opened = { .service = o->service->id,
				      .pid = (uint32_t)o->client.pid,
				      .uid = o->client.uid,
				      .process = o->process };
	err = remember_opener(o->user_client, &opened);
	if (err)
		return err;
	err = fd_socketpair(fds);
	if (err)
		return err;
	fd_mark(fds[1]);
	struct wire_open_client message = {
		.service = o->service->id,
		.user_client = o->user_client->id,
		.proof = registry_proof_of(r, o->user_client->id),
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

	struct opening *o = NULL;

	if (!status)
		status = opening_new(client, service, type, &o);
	if (status)
		return registry_peer_status(client, request, status);
	struct registry_deferred *d =
		registry_deferred_new(client, request, REGISTRY_OPEN_TIMEOUT_NS, kIOReturnTimeout);
	if (!d) {
		free_opening(o);
		return registry_peer_status(client, request, kIOReturnNoResources);
	}
	d->context = o;
	d->expired = handle_late;
	d->abandoned = handle_abandoned;
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
