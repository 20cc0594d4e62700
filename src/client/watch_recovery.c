// SPDX-License-Identifier: MIT
/* Notifications when the registry has gone and another one has come, or none. */
#include <stdlib.h>
#include <string.h>

#include <IOKit/IOKitKeys.h>
#include <IOKit/IOMessage.h>

#include "base/scope.h"
#include "client/matching.h"
#include "client/message.h"
#include "client/session.h"
#include "client/watch_internal.h"

static uint32_t notice_type(const char *type)
{
	if (!strcmp(type, kIOPublishNotification) || !strcmp(type, kIOFirstPublishNotification))
		return kIOServicePublishNotificationType;
	if (!strcmp(type, kIOMatchedNotification) || !strcmp(type, kIOFirstMatchNotification))
		return kIOServiceMatchedNotificationType;
	return kIOServiceTerminatedNotificationType;
}

static void send_notice(struct client_watch *watch)
{
	struct port_message *message;

	watch->armed = false;
	if (!client_message_new_matching(notice_type(watch->type), watch->reference,
					 watch->object.port, &message))
		port_send(watch->wake_port, message);
}

/* At this registry: made since, or set up before. */
static bool has_subscription(struct client_watch *watch, uint64_t epoch)
{
	client_watch_lock();
	bool has_one = watch->epoch == epoch;
	client_watch_unlock();
	return has_one;
}

static void set_up_again(struct client_watch *watch, struct client_session *session)
{
	if (has_subscription(watch, session->epoch))
		return;
	{
		scope_lock(&watch->lock);
		watch->resumed = true;
	}
	if (client_watch_subscribe(watch, session) || !watch->matching)
		return;
	scope_lock(&watch->lock);
	/* By now: who has seen the end of its services meanwhile relies on it. */
	if (!watch->armed)
		return;
	if (watch->next_pending == watch->n_pending)
		client_watch_fetch(watch);
	if (watch->next_pending < watch->n_pending)
		send_notice(watch);
}

void client_watch_set_up_all(struct client_session *session)
{
	uint64_t walk = client_watch_begin_walk();
	struct client_watch *watch;

	while ((watch = client_watch_walk(walk))) {
		set_up_again(watch, session);
		client_object_unref(&watch->object);
	}
}

static bool announce_end(struct client_watch *watch, struct client_entry *entry)
{
	struct client_entry **pending;
	size_t left;

	if (notice_type(watch->type) != kIOServiceTerminatedNotificationType ||
	    !client_matching_fits(watch->matching, entry))
		return false;
	scope_lock(&watch->lock);
	left = watch->n_pending - watch->next_pending;
	pending = malloc((left + 1) * sizeof(*pending));
	if (!pending)
		return false;
	pending[0] = client_entry_ref(entry);
	if (left)
		memcpy(pending + 1, watch->pending + watch->next_pending, left * sizeof(*pending));
	free(watch->pending);
	watch->pending = pending;
	watch->n_pending = left + 1;
	watch->next_pending = 0;
	if (watch->armed)
		send_notice(watch);
	return true;
}

bool client_watch_entry_lost(struct client_entry *entry)
{
	static const struct client_interest terminated = { .message_type =
								   kIOMessageServiceIsTerminated };
	struct port_message *message;
	uint64_t walk = client_watch_begin_walk();
	struct client_watch *watch;
	bool kept = false;

	while ((watch = client_watch_walk(walk))) {
		if (watch->matching)
			kept |= announce_end(watch, entry);
		else if (watch->service == entry && !strcmp(watch->type, kIOGeneralInterest) &&
			 !client_watch_make_interest(watch, &terminated, entry, &message))
			port_send(watch->wake_port, message);
		client_object_unref(&watch->object);
	}
	return kept;
}

void client_watch_end_all(void)
{
	uint64_t walk = client_watch_begin_walk();
	struct client_watch *watch;

	while ((watch = client_watch_walk(walk))) {
		client_watch_detach(watch);
		if (watch->object.port)
			client_object_kill(&watch->object);
		client_object_unref(&watch->object);
	}
}
