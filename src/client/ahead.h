// SPDX-License-Identifier: MIT
/*
 * The next part of a walk, asked for while the last one is used. One for each
 * link at a time, so that programs with many iterators do not fill the link
 * with answers. The owner serialises the calls.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire/browse.h"
#include "wire/frame.h"

struct client_ahead {
	struct client_session *session; /* NULL: nothing has been asked */
	struct wire_channel_call *call;
	uint64_t owner, after;	/* of the question */
	uint64_t names, deaths; /* generations before it */
};

/* Ask, unless there is no link or somebody else has asked ahead on it. REQUEST's plane and options are the
 * same for all questions of one AHEAD. */
void client_ahead_ask(struct client_ahead *ahead, const struct wire_children_request *request);
/* The answer, if that question has been asked: waits for it. REPLY is to be cleared and FRAME kept as after
 * client_session_ask. False: ask. */
bool client_ahead_take(struct client_ahead *ahead, const struct wire_children_request *request,
		       struct wire_children_reply *reply, struct wire_frame *frame,
		       uint64_t *ret_epoch);
/* Whether all that the answer has brought still lives, once it has handles: nobody may have noticed that an
 * entry died before. */
bool client_ahead_is_right(const struct client_ahead *ahead);
/* Give back what the answer brings. Waits for it. */
void client_ahead_drop(struct client_ahead *ahead);
