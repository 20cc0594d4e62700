// SPDX-License-Identifier: MIT
#include "registry/access.h"

#include <stdlib.h>

#include "base/log.h"
#include "registry/deferred.h"
#include "registry/orphan.h"
#include "wire/publish.h"

/* CLIENT has PROVIDER open. It is on the account of whoever's owner has said so, and ends before either of them leaves
 * the tree or its owner has gone. */
struct use {
	struct list in_client,
		in_provider; /* of what each of them is part of (registry_attention) */
	struct registry_entry *client, *provider;
	bool is_held; /* the provider's owner has said so, after a restart */
};

/* A question that has been passed on. */
struct relay {
	struct registry *registry;
	struct registry_deferred *deferred;
	struct wire_peer *wire; /* who answers; valid while the answer is no error */
	struct wire_access access;
};

/* --- who has what open ------------------------------------------------------------------------ */

static struct use *find_use(const struct registry_entry *client,
			    const struct registry_entry *provider)
{
	if (!client || !client->attention)
		return NULL;
	list_for_each(l, &client->attention->uses) {
		struct use *u = container_of(l, struct use, in_client);

		if (u->provider == provider)
			return u;
	}
	return NULL;
}

static void remove_use(struct use *u)
{
	const struct registry_entry *payer = u->is_held ? u->provider : u->client;

	account_refund(&payer->owner->account, LIMITS_ACCESSES, 1);
	list_remove(&u->in_client);
	list_remove(&u->in_provider);
	free(u);
}

/* False: over the limit or no memory. */
static bool note_open(struct registry_entry *client, struct registry_entry *provider, bool is_held)
{
	struct account *account = &(is_held ? provider : client)->owner->account;
	struct registry_attention *a = registry_entry_need_attention(client);
	struct registry_attention *b = registry_entry_need_attention(provider);

	if (find_use(client, provider))
		return true;
	if (!a || !b || !account_charge(account, LIMITS_ACCESSES, 1))
		return false;
	struct use *u = calloc(1, sizeof(*u));
	if (!u) {
		account_refund(account, LIMITS_ACCESSES, 1);
		return false;
	}
	u->is_held = is_held;
	u->client = client;
	u->provider = provider;
	list_add(&a->uses, &u->in_client);
	list_add(&b->users, &u->in_provider);
	return true;
}

static void send_close(const struct registry_entry *provider, uint64_t client)
{
	struct wire_provider_access message = {
		.client = client,
		.provider = provider->id,
		.what = WIRE_ACCESS_CLOSE,
		.client_class = "",
		.client_name = "",
	};

	if (provider->owner)
		wire_peer_send(provider->owner->wire, &wire_provider_access_layout, &message, NULL,
			       0);
}

void registry_access_forget(struct registry_entry *entry)
{
	if (!entry->attention)
		return;
	list_for_each_safe(l, &entry->attention->uses) {
		struct use *u = container_of(l, struct use, in_client);

		send_close(u->provider, entry->id);
		remove_use(u);
	}
	list_for_each_safe(l, &entry->attention->users)
		remove_use(container_of(l, struct use, in_provider));
}

void registry_access_held(struct registry_entry *provider, struct registry_entry *client,
			  uint64_t id)
{
	if (!client || !client->owner || registry_entry_is_inactive(client) ||
	    !note_open(client, provider, true))
		send_close(provider, id);
}

/* The client's host may come back later than the provider's. */
static err_t hear_held(struct registry_peer *peer, const struct wire_header *request,
		       struct registry_entry *provider, struct registry_entry *client, uint64_t id)
{
	if (!provider || provider->owner != peer)
		return registry_peer_status(peer, request, kIOReturnBadArgument);
	if (client || !registry_orphan_may_wait(peer->registry, id) ||
	    registry_orphan_add_user(peer, provider, id))
		registry_access_held(provider, client, id);
	struct wire_number_reply yes = { 1 };

	return wire_peer_reply(peer->wire, request, &wire_number_reply_layout, kIOReturnSuccess,
			       &yes, NULL, 0);
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

/* The provider has opened itself to a client. False: one of them has ended meanwhile, or it is over a limit;
 * then the provider has heard that it must close again. */
static bool keep_open(const struct relay *relay)
{
	struct registry_tree *tree = &relay->registry->tree;
	struct registry_entry *client = registry_entry_find(tree, relay->access.client);
	struct registry_entry *provider = registry_entry_find(tree, relay->access.provider);

	if (!provider || !provider->owner)
		return false;
	if (client && client->owner && note_open(client, provider, false))
		return true;
	send_close(provider, relay->access.client);
	return false;
}

static void handle_access_answer(void *context, err_t err, struct wire_frame *frame)
{
	struct relay *relay = context;
	struct wire_number_reply reply = { 0 };

	if (!err && !frame->header.status &&
	    wire_peer_decode_answer(relay->wire, frame, &wire_number_reply_layout, &reply,
				    "about access"))
		reply.number = 0;
	if (relay->access.what == WIRE_ACCESS_OPEN && reply.number == 1 &&
	    !relay->registry->is_ending && !keep_open(relay))
		reply.number = 0;
	finish_number(relay, reply.number == 1);
}

err_t registry_access_request(struct registry_peer *peer, const struct wire_header *request,
			      const struct wire_access *access)
{
	struct registry *r = peer->registry;
	struct registry_entry *provider = registry_entry_find(&r->tree, access->provider);
	struct registry_entry *client = registry_entry_find(&r->tree, access->client);
	bool asks = access->what == WIRE_ACCESS_IS_OPEN && !access->client;

	if (access->what == WIRE_ACCESS_HELD)
		return hear_held(peer, request, provider, client, access->client);
	if (access->what < WIRE_ACCESS_OPEN || access->what > WIRE_ACCESS_IS_OPEN ||
	    (!asks && (!client || client->owner != peer)))
		return registry_peer_status(peer, request, kIOReturnBadArgument);
	struct use *use = access->what == WIRE_ACCESS_CLOSE ? find_use(client, provider) : NULL;
	if (use)
		remove_use(use);
	struct registry_peer *owner = provider ? provider->owner : NULL;
	bool refused = !owner || owner == peer || !registry_peer_may_be_asked(owner, 0) ||
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
		registry_peer_may_be_asked(to, 0) ? relay_new(peer, request, to) : NULL;

	if (!relay)
		return registry_peer_status(peer, request, kIOReturnNoResources);
	if (wire_peer_call(to->wire, layout, message, NULL, 0, handle_status, relay))
		finish_status(relay, kIOReturnOffline);
	return 0;
}

/* Does CLIENT stand on PROVIDER, or have it open? It takes what it hears to be from its provider. */
static bool is_client(const struct registry_entry *client, const struct registry_entry *provider)
{
	const struct registry_node *n = registry_node_find(client, client->tree->planes.service);

	for (const struct registry_edge *e = n ? n->parents : NULL; e; e = e->next)
		if (e->parent->entry == provider)
			return true;
	return find_use(client, provider) != NULL;
}

err_t registry_access_message(struct registry_peer *peer, const struct wire_header *request,
			      const struct wire_message *message)
{
	struct registry_tree *tree = &peer->registry->tree;
	struct registry_entry *client = registry_entry_find(tree, message->id);
	struct registry_entry *provider = registry_entry_find(tree, message->provider);

	if (!client || !client->owner || client->owner == peer || !provider ||
	    provider->owner != peer || !is_client(client, provider) ||
	    message->argument_size != message->data.size)
		return registry_peer_status(peer, request, kIOReturnBadArgument);
	return pass_on(peer, request, client->owner, &wire_provider_message_layout, message);
}

err_t registry_access_probe(struct registry_peer *client, const struct wire_header *request,
			    struct registry_entry *service, uint32_t options)
{
	struct wire_provider_probe message = { service->id, options,
					       (uint32_t)client->subject.who.pid };

	/* The registry's own services and what has ended cannot probe anything. */
	if (!service->owner || registry_entry_is_inactive(service))
		return registry_peer_status(client, request, kIOReturnUnsupported);
	return pass_on(client, request, service->owner, &wire_provider_probe_layout, &message);
}
