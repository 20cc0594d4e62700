// SPDX-License-Identifier: MIT
/*
 * A matching or interest notification: what the iterator or notifier handle
 * stands for, and the subscription at the registry that belongs to it. The
 * registry's numbers change when the link is made anew; the watch stays.
 */
#pragma once

#include <stdbool.h>

#include <CoreFoundation/CFDictionary.h>
#include <IOKit/IOTypes.h>
#include <IOKit/OSMessageNotification.h>

#include "client/handle.h"

struct client_session;
struct client_watch;

/* WAKE_PORT is a receive right of ours. MATCHING is borrowed, REFERENCE copied. */
IOReturn client_watch_add_matching(const char *type, CFDictionaryRef matching,
				   mach_port_t wake_port, const OSAsyncReference64 reference,
				   io_object_t *ret_name);
IOReturn client_watch_add_interest(const char *type, struct client_entry *service,
				   mach_port_t wake_port, const OSAsyncReference64 reference,
				   io_object_t *ret_name);
/* The next pending service; 0 when there is none, which arms the notification. */
io_object_t client_watch_next(struct client_object *object);
bool client_watch_is_interest(struct client_object *object);

/* --- recovery (recover.h) --- */

bool client_watch_is_any(void);
/* Subscribe at a new link what is not subscribed there, and can be: interest needs its service. */
void client_watch_set_up_all(struct client_session *session);
/* ENTRY did not come back with the new registry: tell those who wait for its end. True when a
 * notification keeps it, so that its handles stay good. */
bool client_watch_entry_lost(struct client_entry *entry);
void client_watch_end_all(void);

/* Around fork, and in the child. */
void client_watch_lock(void);
void client_watch_unlock(void);
void client_watch_forget(void);
