// SPDX-License-Identifier: MIT
/*
 * This process's link to the registry. Made at first use, made anew at the
 * next use after it was lost; each link has a number (epoch). What a registry
 * granted belongs to one epoch.
 *
 * A forked child starts without a link and without handles.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <IOKit/IOReturn.h>

#include "client/inlet.h"
#include "wire/channel.h"
#include "wire/frame.h"
#include "wire/protocol.h"

struct client_session {
	struct ref refs;
	uint64_t epoch; /* never 0 */
	bool is_new; /* its registry has no predecessor, so no handle of an earlier link means anything */
	struct wire_channel *channel;
	pid_t registry;			     /* its process; 0: this one, or unknown */
	const struct wire_status_page *page; /* NULL: the registry gave none */
	struct client_inlet_set inlets;	     /* of notification ports */
	int events_socket;		     /* our end of the events inlet; under events_lock */
	_Atomic bool is_asked_ahead;	     /* an answer is on its way that nobody waits for */
	_Atomic uint64_t deaths;	     /* death_generation up to which it has been read */
};

/* The link, made if there is none. The caller gives it back with client_session_unref. -ENOTCONN: no
 * registry can be reached. */
err_t client_session_get(struct client_session **ret_session);
/* The link if there is one now, else NULL. */
struct client_session *client_session_find(void);
struct client_session *client_session_ref(struct client_session *session);
/* Accepts NULL, returns NULL. */
struct client_session *client_session_unref(struct client_session *session);

/*
 * Ask the registry: status of its answer or of the failure to get one. FRAME and RET_REPLY as in
 * wire_channel_call. RET_EPOCH (may be NULL): the link that answered, for client_handle_grant.
 * client_session_ask repeats a question once when the link breaks: only for questions that change
 * nothing.
 */
IOReturn client_session_ask(const struct wire_layout *layout, const void *request,
			    const struct wire_layout *reply_layout, void *ret_reply,
			    struct wire_frame *frame, uint64_t *ret_epoch);
IOReturn client_session_ask_on(struct client_session *session, const struct wire_layout *layout,
			       const void *request, const int *fds, size_t n_fds,
			       const struct wire_layout *reply_layout, void *ret_reply,
			       struct wire_frame *frame);
/* Grows with every change of the tree; the same number only if nothing changed. */
uint64_t client_session_tree_generation(void);
/* The number of the link EPOCH as this process compares it. */
uint64_t client_session_generation_of(uint64_t generation, uint64_t epoch);
/* Grows with every new name of an entry; the same number only if all names are what they were. 0: not
 * known. */
uint64_t client_session_name_generation(void);
/* The same for services that matching notifications have got. */
uint64_t client_session_news_generation(void);
/* The same only if nobody has died whom the registry has told of, or is telling of. */
uint64_t client_session_death_generation(void);
/* Arm a notification of EPOCH, which has taken all there was at NEWS: without a message, soon and
 * together with others, or NOW. False: there may be more since, so ask. */
bool client_session_arm(uint64_t epoch, uint64_t subscription, uint64_t news, bool now);
/* Give grants of EPOCH back, in batches; those of an entry that is DEAD soon. */
void client_session_release(uint64_t epoch, uint64_t id, uint64_t n_grants, bool is_dead);
/* Handle what the registry has said about dead entries so far. Any thread. */
void client_session_read_events(struct client_session *session);
/* Make all handles invalid and end the link and the watcher. */
void client_session_end(void);
