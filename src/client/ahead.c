// SPDX-License-Identifier: MIT
#include "client/ahead.h"

#include "client/session.h"

void client_ahead_ask(struct client_ahead *ahead, const struct wire_children_request *request)
{
	struct client_session *session;

	client_ahead_drop(ahead);
	session = client_session_find();
	if (!session || atomic_exchange(&session->is_asked_ahead, true)) {
		client_session_unref(session);
		return;
	}
	ahead->names = client_session_name_generation();
	ahead->deaths = client_session_death_generation();
	if (wire_channel_begin(session->channel, &wire_children_request_layout, request,
			       &ahead->call)) {
		atomic_store(&session->is_asked_ahead, false);
		client_session_unref(session);
		return;
	}
	ahead->session = session;
	ahead->owner = request->id;
	ahead->after = request->after;
}

/* The answer; nothing is asked any more. */
static bool finish(struct client_ahead *ahead, struct wire_children_reply *reply,
		   struct wire_frame *frame, uint64_t *ret_epoch)
{
	struct client_session *session = ahead->session;
	int32_t status = 0;
	err_t err = wire_channel_finish(ahead->call, &wire_children_reply_layout, reply, frame,
					&status);

	*ret_epoch = session->epoch;
	ahead->session = NULL;
	ahead->call = NULL;
	atomic_store(&session->is_asked_ahead, false);
	client_session_unref(session);
	return !err && !status;
}

bool client_ahead_take(struct client_ahead *ahead, const struct wire_children_request *request,
		       struct wire_children_reply *reply, struct wire_frame *frame,
		       uint64_t *ret_epoch)
{
	return ahead->session && ahead->owner == request->id && ahead->after == request->after &&
	       finish(ahead, reply, frame, ret_epoch);
}

bool client_ahead_is_right(const struct client_ahead *ahead)
{
	return client_session_death_generation() == ahead->deaths;
}

void client_ahead_drop(struct client_ahead *ahead)
{
	struct wire_children_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t epoch;

	if (!ahead->session)
		return;
	if (finish(ahead, &reply, &frame, &epoch)) {
		for (size_t i = 0; i < reply.entries.count; i++)
			client_session_release(epoch, reply.entries.items[i].id, 1, false);
		wire_message_clear(&wire_children_reply_layout, &reply);
	}
	wire_frame_fini(&frame);
}
