// SPDX-License-Identifier: MIT
#include "registry/deferred.h"

#include <stdlib.h>

/* Who was asked for it has it until he answers, and is asked no more when he has too much. So it counts for
 * those who are not the session's own, too, who could come and go and keep all others out. */
static void charge_user(struct registry_deferred *d)
{
	const struct account_user *user = d->peer->account.user;

	if (user->is_shared &&
	    !account_init(&d->left, user->accounts, user->uid, "a request that nobody awaits"))
		account_add(&d->left, LIMITS_REQUESTS, 1 + d->n_more);
}

static void leave_peer(struct registry_deferred *d)
{
	if (!d->peer)
		return;
	list_remove(&d->link);
	account_refund(&d->peer->account, LIMITS_REQUESTS, 1 + d->n_more);
	if (d->has_descriptor)
		account_refund(&d->peer->account, LIMITS_DESCRIPTORS, 1);
	if (!d->is_finished)
		charge_user(d);
	d->peer = NULL;
	loop_timer_stop(&d->timer);
}

static void handle_timeout(void *context)
{
	struct registry_deferred *d = context;

	if (d->expired)
		d->expired(d);
	else
		registry_deferred_answer(d, &wire_empty_layout, d->timeout_status, NULL, NULL, 0);
}

struct registry_deferred *registry_deferred_new(struct registry_peer *peer,
						const struct wire_header *request,
						uint64_t timeout_ns, IOReturn timeout_status)
{
	struct registry_deferred *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	if (!account_charge(&peer->account, LIMITS_REQUESTS, 1)) {
		free(d);
		return NULL;
	}
	d->registry = peer->registry;
	d->peer = peer;
	d->header = *request;
	d->timeout_status = timeout_status;
	list_add(&peer->deferred, &d->link);
	loop_timer_init(&d->timer, handle_timeout, d);
	if (timeout_ns)
		loop_timer_start(d->registry->loop, &d->timer, loop_now_ns() + timeout_ns);
	return d;
}

bool registry_deferred_ask_more(struct registry_deferred *deferred)
{
	struct account *account = &deferred->peer->account;

	if (!account->user->is_shared)
		return true;
	if (!account_charge(account, LIMITS_REQUESTS, 1))
		return false;
	deferred->n_more++;
	return true;
}

bool registry_deferred_keep_descriptor(struct registry_deferred *deferred)
{
	deferred->has_descriptor = account_charge(&deferred->peer->account, LIMITS_DESCRIPTORS, 1);
	return deferred->has_descriptor;
}

void registry_deferred_answer(struct registry_deferred *deferred, const struct wire_layout *layout,
			      IOReturn status, const void *message, const int *fds, size_t n_fds)
{
	struct registry_peer *peer = deferred->peer;

	if (!peer)
		return;
	leave_peer(deferred);
	err_t err =
		wire_peer_reply(peer->wire, &deferred->header, layout, status, message, fds, n_fds);
	if (err && err != -EPIPE)
		registry_peer_status(peer, &deferred->header,
				     err == -EMFILE	? kIOReturnNoResources
				     : err == -EMSGSIZE ? kIOReturnMessageTooLarge
							: kIOReturnNoMemory);
}

void registry_deferred_finish(struct registry_deferred *deferred, const struct wire_layout *layout,
			      IOReturn status, const void *message, const int *fds, size_t n_fds)
{
	if (!deferred)
		return;
	deferred->is_finished = true;
	registry_deferred_answer(deferred, layout, status, message, fds, n_fds);
	if (deferred->left.user)
		account_refund(&deferred->left, LIMITS_REQUESTS, 1 + deferred->n_more);
	account_fini(&deferred->left);
	free(deferred);
}

void registry_deferred_forget_peer(struct registry_peer *peer)
{
	list_for_each_safe(l, &peer->deferred) {
		struct registry_deferred *d = container_of(l, struct registry_deferred, link);

		leave_peer(d);
		if (d->abandoned)
			d->abandoned(d);
	}
}
