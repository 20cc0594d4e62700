// SPDX-License-Identifier: MIT
#include "registry/linger.h"

#include <stdlib.h>

#define LOOK_NS (500ull * 1000 * 1000)

struct lingering {
	struct list link; /* of the registry */
	struct account account;
	int socket;
	size_t bytes;
};

static void end(struct lingering *l)
{
	account_refund(&l->account, LIMITS_UNREAD_BYTES, l->bytes);
	account_refund(&l->account, LIMITS_CONNECTIONS, 1);
	account_refund(&l->account, LIMITS_DESCRIPTORS, 1);
	account_fini(&l->account);
	list_remove(&l->link);
	fd_close(l->socket);
	free(l);
}

static void look(void *context)
{
	struct registry *r = context;

	list_for_each_safe(node, &r->lingering) {
		struct lingering *l = container_of(node, struct lingering, link);

		if (!fd_has_unread(l->socket))
			end(l);
	}
	if (!list_is_empty(&r->lingering))
		loop_timer_start(r->loop, &r->linger_timer, loop_now_ns() + LOOK_NS);
}

/* Its own charges, beside those of the connection. */
static bool charge(struct lingering *l, struct registry_peer *peer)
{
	if (account_init(&l->account, &peer->registry->accounts, peer->subject.who.uid,
			 "a connection that has ended"))
		return false;
	account_add(&l->account, LIMITS_UNREAD_BYTES, l->bytes);
	account_add(&l->account, LIMITS_CONNECTIONS, 1);
	account_add(&l->account, LIMITS_DESCRIPTORS, 1);
	return true;
}

void registry_linger_begin(struct registry_peer *peer)
{
	struct registry *r = peer->registry;
	size_t bytes = r->is_ending ? 0 : wire_peer_unread(peer->wire);
	struct lingering *l = bytes ? calloc(1, sizeof(*l)) : NULL;

	if (!l)
		return;
	list_init(&l->link);
	l->bytes = bytes;
	if (fd_dup(wire_peer_socket(peer->wire), &l->socket)) {
		free(l);
		return;
	}
	if (!charge(l, peer)) {
		fd_close(l->socket);
		free(l);
		return;
	}
	list_add(&r->lingering, &l->link);
	loop_timer_start(r->loop, &r->linger_timer, loop_now_ns() + LOOK_NS);
}

void registry_linger_init(struct registry *registry)
{
	list_init(&registry->lingering);
	loop_timer_init(&registry->linger_timer, look, registry);
}

void registry_linger_fini(struct registry *registry)
{
	loop_timer_stop(&registry->linger_timer);
	list_for_each_safe(node, &registry->lingering)
		end(container_of(node, struct lingering, link));
}
