// SPDX-License-Identifier: MIT
#include "registry/access.h"

#include <stdlib.h>

#include "base/log.h"
#include "registry/deferred.h"
#include "wire/publish.h"

/* CLIENT has PROVIDER open. IDs only: neither is kept alive. */
struct use {
	struct list link; /* of the registry */
	uint64_t client, provider;
};

/* A question that has been passed on. */
struct relay {
	struct registry *registry;
	struct registry_deferred *deferred;
	struct wire_peer *wire; /* who answers; valid while the answer is no error */
	struct wire_access access;
};

/* --- who has what open ------------------------------------------------------------------------ */

static struct use *find_use(struct registry *registry, uint64_t client, uint64_t provider)
{
	list_for_each(l, &registry->uses) {
		struct use *u = container_of(l, struct use, link);

		if (u->client == client && u->provider == provider)
			return u;
	}
	return NULL;
}

static void remove_use(struct registry *registry, struct use *u)
{
	account_refund(&registry->own, LIMITS_ACCESSES, 1);
	list_remove(&u->link);
	free(u);
}

/* False: over the limit or no memory. */
static bool note_open(struct registry *registry, const struct wire_access *access)
{
	struct use *u = find_use(registry, access->client, access->provider);

	if (u)
		return true;
	if (!account_charge(&registry->own, LIMITS_ACCESSES, 1))
		return false;
	u = calloc(1, sizeof(*u));
	if (!u) {
		account_refund(&registry->own, LIMITS_ACCESSES, 1);
		return false;
	}
	u->client = access->client;
	u->provider = access->provider;
	list_add(&registry->uses, &u->link);
	return true;
}

static void send_close(struct registry *registry, const struct use *u)
{
	struct registry_entry *provider = registry_entry_find(&registry->tree, u->provider);
	struct wire_provider_access message = {
		.client = u->client,
		.provider = u->provider,
		.what = WIRE_ACCESS_CLOSE,
		.client_class = "",
		.client_name = "",
	};

	if (provider && provider->owner)
		wire_peer_send(provider->owner->wire, &wire_provider_access_layout, &message, NULL,
			       0);
}

void registry_access_forget(struct registry_entry *entry)
{
	struct registry *registry = container_of(entry->tree, struct registry, tree);

	list_for_each_safe(l, &registry->uses) {
		struct use *u = container_of(l, struct use, link);

		if (u->client != entry->id && u->provider != entry->id)
			continue;
		if (u->client == entry->id)
			send_close(registry, u);
		remove_use(registry, u);
	}
}

void registry_access_fini(struct registry *registry)
{
	list_for_each_safe(l, &registry->uses)
		remove_use(registry, container_of(l, struct use, link));
}

/* --- passing on --------------------------------------------------------------------------------- */

static struct relay *relay_new(struct registry_peer *peer, const struct wire_header *request,
			       struct registry_peer *to)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	if (!relay)
		return NULL;
	relay->registry = peer->registry;
	relay->wire = to->wire;
	relay->deferred =
		registry_deferred_new(peer, request, REGISTRY_OPEN_TIMEOUT_NS, kIOReturnTimeout);
	if (!relay->deferred) {
		free(relay);
		return NULL;
	}
	return relay;
}

static void finish_number(struct relay *relay, uint64_t number)
{
	struct wire_number_reply reply = { number };

	registry_deferred_finish(relay->deferred, &wire_number_reply_layout, kIOReturnSuccess,
				 &reply, NULL, 0);
	free(relay);
}

/* The client may have ended while the provider made up its mind. */
static bool is_still_there(const struct relay *relay)
{
	struct registry_tree *tree = &relay->registry->tree;
	const struct registry_entry *client = registry_entry_find(tree, relay->access.client);

	return client && client->owner;
}

static void handle_access_answer(void *context, err_t err, struct wire_frame *frame)
{
	struct relay *relay = context;
	struct wire_number_reply reply = { 0 };
	struct use use = { .client = relay->access.client, .provider = relay->access.provider };

	if (!err && !frame->header.status &&
	    wire_frame_decode(frame, &wire_number_reply_layout, &reply)) {
		log_warning("%s: malformed answer about access", wire_peer_name(relay->wire));
		wire_peer_close(relay->wire);
		reply.number = 0;
	}
	if (relay->access.what == WIRE_ACCESS_OPEN && reply.number == 1 &&
	    !relay->registry->is_ending) {
		if (!is_still_there(relay) || !note_open(relay->registry, &relay->access)) {
			send_close(relay->registry, &use);
			reply.number = 0;
		}
	}
	finish_number(relay, reply.number == 1);
}

err_t registry_access_request(struct registry_peer *peer, const struct wire_header *request,
			      const struct wire_access *access)
{
	struct registry *r = peer->registry;
	struct registry_entry *provider = registry_entry_find(&r->tree, access->provider);
	struct registry_entry *client = registry_entry_find(&r->tree, access->client);
	bool asks = access->what == WIRE_ACCESS_IS_OPEN && !access->client;

	if (access->what < WIRE_ACCESS_OPEN || access->what > WIRE_ACCESS_IS_OPEN ||
	    (!asks && (!client || client->owner != peer)))
		return registry_peer_status(peer, request, kIOReturnBadArgument);
	if (access->what == WIRE_ACCESS_CLOSE) {
		struct use *u = find_use(r, access->client, access->provider);

		if (u)
			remove_use(r, u);
	}
	struct registry_peer *owner = provider ? provider->owner : NULL;
	bool refused = !owner || owner == peer || !registry_peer_takes(owner, 0) ||
		       (access->what == WIRE_ACCESS_OPEN && registry_entry_is_inactive(provider));
	struct relay *relay = refused ? NULL : relay_new(peer, request, owner);
	if (!relay) {
		struct wire_number_reply none = { 0 };

		return wire_peer_reply(peer->wire, request, &wire_number_reply_layout,
				       kIOReturnSuccess, &none, NULL, 0);
	}
	struct wire_provider_access message = {
		.client = access->client,
		.provider = access->provider,
		.what = access->what,
		.options = access->options,
		.client_class = client ? client->class->name : "",
		.client_name = client ? registry_entry_name(client, NULL) : "",
	};
	relay->access = *access;
	if (wire_peer_call(owner->wire, &wire_provider_access_layout, &message, NULL, 0,
			   handle_access_answer, relay))
		finish_number(relay, 0);
	return 0;
}

/* --- questions whose answer is a status ---------------------------------------------------------- */

static void finish_status(struct relay *relay, IOReturn status)
{
	registry_deferred_finish(relay->deferred, &wire_empty_layout, status, NULL, NULL, 0);
	free(relay);
}

static void handle_status(void *context, err_t err, struct wire_frame *frame)
{
	finish_status(context, err ? kIOReturnOffline : frame->header.status);
}

/* Ask TO and let its status be the answer. */
static err_t pass_on(struct registry_peer *peer, const struct wire_header *request,
		     struct registry_peer *to, const struct wire_layout *layout,
		     const void *message)
{
	struct relay *relay =
		registry_peer_takes(to, 0) ? relay_new(peer, request, to) : NULL;

	if (!relay)
		return registry_peer_status(peer, request, kIOReturnNoResources);
	if (wire_peer_call(to->wire, layout, message, NULL, 0, handle_status, relay))
		finish_status(relay, kIOReturnOffline);
	return 0;
}

err_t registry_access_message(struct registry_peer *peer, const struct wire_header *request,
			      const struct wire_message *message)
{
	struct registry_tree *tree = &peer->registry->tree;
	struct registry_entry *client = registry_entry_find(tree, message->id);
	struct registry_entry *provider = registry_entry_find(tree, message->provider);

	if (!client || !client->owner || client->owner == peer || !provider ||
	    provider->owner != peer || message->argument_size != message->data.size)
		return registry_peer_status(peer, request, kIOReturnBadArgument);
	return pass_on(peer, request, client->owner, &wire_provider_message_layout, message);
}

err_t registry_access_probe(struct registry_peer *client, const struct wire_header *request,
			    struct registry_entry *service, uint32_t options)
{
	struct wire_entry_options message = { service->id, options };

	/* The registry's own services and what has ended cannot probe anything. */
	if (!service->owner || registry_entry_is_inactive(service))
		return registry_peer_status(client, request, kIOReturnUnsupported);
	return pass_on(client, request, service->owner, &wire_provider_probe_layout, &message);
}
