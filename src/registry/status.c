// SPDX-License-Identifier: MIT
#include "registry/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "registry/deferred.h"
#include "registry/dump.h"
#include "registry/spawn.h"
#include "registry/text.h"
#include "wire/publish.h"

#define HOST_TIMEOUT_NS (1000ull * 1000 * 1000)

struct gathering {
	struct registry_deferred *deferred;
	CFMutableDictionaryRef users; /* server name -> array of users */
	size_t n_awaited;
};

struct call {
	struct gathering *gathering;
	struct wire_peer *wire; /* valid while the answer is no error */
	char server[WIRE_NAME_MAX + 1];
};

/* Also where so many requests wait that no more may. */
static err_t answer_without_hosts(struct registry_peer *client, const struct wire_header *request)
{
	scope_cf CFDictionaryRef status = registry_dump_copy_status(client->registry, NULL);
	struct wire_value_reply reply = { status };
	err_t err = status ? wire_peer_reply(client->wire, request, &wire_value_reply_layout,
					     kIOReturnSuccess, &reply, NULL, 0)
			   : -ENOMEM;

	if (err && err != -EPIPE)
		registry_peer_status(client, request, kIOReturnNoResources);
	return 0;
}

static void answer(struct registry_deferred *deferred)
{
	struct gathering *g = deferred->context;
	scope_cf CFDictionaryRef status = registry_dump_copy_status(deferred->registry, g->users);
	struct wire_value_reply reply = { status };

	if (status)
		registry_deferred_answer(deferred, &wire_value_reply_layout, kIOReturnSuccess,
					 &reply, NULL, 0);
	else
		registry_deferred_answer(deferred, &wire_empty_layout, kIOReturnNoMemory, NULL,
					 NULL, 0);
}

static void end(struct gathering *g)
{
	if (g->deferred->peer)
		answer(g->deferred);
	registry_deferred_finish(g->deferred, &wire_empty_layout, kIOReturnSuccess, NULL, NULL, 0);
	CFRelease(g->users);
	free(g);
}

static void handle_users(void *context, err_t err, struct wire_frame *frame)
{
	struct call *call = context;
	struct gathering *g = call->gathering;
	struct wire_value_reply reply = { NULL };
	scope_cf CFStringRef server = registry_text_new(call->server);

	if (!err && !frame->header.status)
		wire_peer_decode_answer(call->wire, frame, &wire_value_reply_layout, &reply,
					"about its accounts");
	if (server && registry_is_array(reply.value))
		CFDictionarySetValue(g->users, server, reply.value);
	wire_message_clear(&wire_value_reply_layout, &reply);
	free(call);
	if (--g->n_awaited == 0)
		end(g);
}

static void ask(struct gathering *g, const struct registry_server *server)
{
	struct wire_limits message = { server->registry->limits };
	struct call *call = message.limits ? calloc(1, sizeof(*call)) : NULL;

	if (!call)
		return;
	call->gathering = g;
	call->wire = server->peer->wire;
	strcpy(call->server, server->name);
	g->n_awaited++;
	if (wire_peer_call(call->wire, &wire_limits_layout, &message, NULL, 0, handle_users,
			   call)) {
		g->n_awaited--;
		free(call);
	}
}

static struct gathering *gathering_new(struct registry_peer *client,
				       const struct wire_header *request)
{
	struct gathering *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->users = registry_dictionary_new();
	if (g->users)
		g->deferred =
			registry_deferred_new(client, request, HOST_TIMEOUT_NS, kIOReturnTimeout);
	if (g->deferred)
		return g;
	if (g->users)
		CFRelease(g->users);
	free(g);
	return NULL;
}

static bool answers(const struct registry_server *server)
{
	/* One that is known not to answer is not waited for. */
	return server->peer && server->peer->keeps_accounts &&
	       server->pulse == REGISTRY_PULSE_GOOD && registry_peer_may_be_asked(server->peer, 0);
}

static bool has_hosts(const struct registry *r)
{
	list_for_each(l, &r->servers)
		if (answers(container_of(l, struct registry_server, link)))
			return true;
	return false;
}

err_t registry_status_read(struct registry_peer *client, const struct wire_header *request)
{
	struct registry *r = client->registry;
	struct gathering *g = has_hosts(r) ? gathering_new(client, request) : NULL;

	if (!g)
		return answer_without_hosts(client, request);
	g->deferred->context = g;
	g->deferred->expired = answer;
	g->n_awaited = 1; /* our own */
	list_for_each(l, &r->servers)
		if (answers(container_of(l, struct registry_server, link)))
			ask(g, container_of(l, struct registry_server, link));
	if (--g->n_awaited == 0)
		end(g);
	return 0;
}
