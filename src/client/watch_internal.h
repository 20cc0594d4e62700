/* SPDX-License-Identifier: MIT */
/*
 * A notification from within: the watch itself, its pending services and its subscription (watch.c), what
 * the registry sends for it (watch_inlet.c), and what becomes of it when the registry is replaced
 * (watch_recovery.c).
 */
#pragma once

#include <pthread.h>

#include "base/list.h"
#include "base/map.h"
#include "client/watch.h"
#include "wire/notice.h"

struct client_interest;
struct port_message;

struct client_watch {
	struct client_object object;
	io_name_t type;
	CFDictionaryRef matching;     /* NULL: interest */
	struct client_entry *service; /* interest */
	struct port *wake_port;
	OSAsyncReference64 reference;
	/* under the lock of all watches */
	struct list link;
	uint64_t walk;		      /* the last one that came by */
	uint64_t subscription, epoch; /* epoch 0: none */
	bool ended;
	/* under lock */
	pthread_mutex_t lock;
	struct client_entry **pending; /* the next one is first */
	size_t n_pending, next_pending;
	struct map announced; /* IDs, to tell what is new after a registry restart */
	uint64_t seen_news;   /* generation up to which the registry has been asked */
	bool has_all;	      /* and everything has come, as the registry knows */
	bool was_alone;	      /* its notice was alone in its message */
	bool armed;
	bool resumed; /* set up again after a restart */
};

/* Append what the registry announced; lock held. RET_FRESH counts what is really new. -ENOMEM. */
err_t client_watch_take(struct client_watch *watch, const struct wire_entries *entries,
			uint64_t epoch, size_t *ret_fresh);
/* Ask for more until there is something, or there is nothing and the notification is armed; once, and
 * without arming it, when there is some left. Lock held. */
IOReturn client_watch_fetch(struct client_watch *watch);
IOReturn client_watch_subscribe(struct client_watch *watch, struct client_session *session);
/* Out of the tables; its subscription is given back. */
void client_watch_detach(struct client_watch *watch);
/* The one of SUBSCRIPTION, if WAKE_PORT was given for it, with a reference; waits for a subscription that
 * is just being made. NULL: nobody's. */
struct client_watch *client_watch_find(uint64_t subscription, struct port *wake_port);
/* The message of INTEREST about SERVICE. */
err_t client_watch_make_interest(struct client_watch *watch, const struct client_interest *interest,
				 struct client_entry *service, struct port_message **ret_message);
/* Each watch once, without memory and with no lock held meanwhile: with a reference, NULL when all had
 * their turn. */
uint64_t client_watch_begin_walk(void);
struct client_watch *client_watch_walk(uint64_t walk);
