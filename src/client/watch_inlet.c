// SPDX-License-Identifier: MIT
/* What the registry sends for notifications, over the inlet of their port: made messages of it there. */
#include <pthread.h>

#include <IOKit/IOMessage.h>

#include "base/scope.h"
#include "client/message.h"
#include "client/session.h"
#include "client/watch_internal.h"
#include "wire/notice.h"

static err_t receive_notice(struct client_inlet *inlet, struct wire_frame *frame,
			    struct port_message **ret_message)
{
	struct wire_notice notice;
	struct client_watch *watch;
	err_t err = wire_frame_decode(frame, &wire_notice_layout, &notice);

	if (err)
		return err;
	watch = client_watch_find(notice.subscription, inlet->port);
	if (!watch)
		return -EAGAIN;
	if (watch->matching && notice.type >= kIOServicePublishNotificationType &&
	    notice.type <= kIOServiceTerminatedNotificationType)
		err = client_message_new_matching(notice.type, watch->reference, watch->object.port,
						  ret_message);
	else
		err = -EAGAIN;
	client_object_unref(&watch->object);
	return err;
}

/* Of the registry that sends into INLET; 0: it has gone, with all that it granted. */
static uint64_t epoch_of(const struct client_inlet *inlet)
{
	struct client_session *session = client_session_find();
	uint64_t epoch = session && session->channel == inlet->channel ? session->epoch : 0;

	client_session_unref(session);
	return epoch;
}

static void give_back(const struct wire_entries *entries, uint64_t epoch)
{
	struct client_entry *entry;

	for (size_t i = 0; i < entries->count; i++)
		if (!client_handle_grant(&entries->items[i], epoch, &entry))
			client_entry_unref(entry);
}

/* One of several: what is pending comes along. */
static err_t receive_mark(struct client_inlet *inlet, const struct wire_notices *notices,
			  const uint64_t *mark, size_t first, uint64_t epoch,
			  struct port_message **ret_message)
{
	struct wire_entries entries = { notices->entries.items + first, (size_t)mark[2] };
	struct client_watch *watch = client_watch_find(mark[0], inlet->port);
	err_t err = -EAGAIN;
	size_t fresh;

	if (watch && watch->matching && mark[1] >= kIOServicePublishNotificationType &&
	    mark[1] <= kIOServiceTerminatedNotificationType) {
		if (entries.count) {
			scope_lock(&watch->lock);
			err = client_watch_take(watch, &entries, epoch, &fresh);
			watch->has_all = !err && epoch;
			watch->was_alone = notices->marks.count == 3;
			watch->seen_news = client_session_generation_of(notices->generation, epoch);
			watch->armed = false;
		}
		err = client_message_new_matching((uint32_t)mark[1], watch->reference,
						  watch->object.port, ret_message);
	} else {
		/* The grants came all the same. */
		give_back(&entries, epoch);
	}
	if (watch)
		client_object_unref(&watch->object);
	return err;
}

static bool are_marks_good(const struct wire_notices *notices)
{
	uint64_t n = 0;

	for (size_t i = 0; i + 2 < notices->marks.count; i += 3) {
		if (notices->marks.items[i + 2] > WIRE_NOTICES_MAX)
			return false;
		n += notices->marks.items[i + 2];
	}
	return notices->marks.count % 3 == 0 && n == notices->entries.count;
}

static err_t receive_notices(struct client_inlet *inlet, struct wire_frame *frame,
			     struct port_message **ret_message)
{
	struct wire_notices notices;
	struct port_message *messages[WIRE_NOTICES_MAX];
	err_t err = wire_frame_decode(frame, &wire_notices_layout, &notices);
	size_t first = 0, n = 0;

	if (err)
		return err;
	uint64_t epoch = epoch_of(inlet);
	err = are_marks_good(&notices) ? -EAGAIN : -EBADMSG;
	for (size_t i = 0; err != -EBADMSG && i < notices.marks.count; i += 3) {
		const uint64_t *mark = &notices.marks.items[i];

		if (!receive_mark(inlet, &notices, mark, first, epoch, &messages[n]))
			n++;
		first += mark[2];
	}
	/* The first is what was asked for, the others are to follow it in their order. */
	for (size_t i = n; i > 1; i--)
		port_send_first(inlet->port, messages[i - 1]);
	if (n) {
		*ret_message = messages[0];
		err = 0;
	}
	wire_message_clear(&wire_notices_layout, &notices);
	return err;
}

err_t client_watch_make_interest(struct client_watch *watch, const struct client_interest *interest,
				 struct client_entry *service, struct port_message **ret_message)
{
	struct port *port = client_entry_copy_port(service);
	err_t err;

	if (!port)
		return -ENOMEM;
	err = client_message_new_interest(interest, watch->reference, watch->object.port, port,
					  ret_message);
	port_unref(port);
	return err;
}

static err_t receive_interest(struct client_inlet *inlet, struct wire_frame *frame,
			      struct port_message **ret_message)
{
	struct wire_interest message = { 0 };
	struct client_entry *service = NULL;
	struct client_watch *watch;
	err_t err = wire_frame_decode(frame, &wire_interest_layout, &message);

	if (err)
		return err;
	/* The message came with a grant, whoever it is for. */
	err = client_handle_grant_id(message.service, message.state, message.class_name, 1,
				     epoch_of(inlet), &service);
	watch = client_watch_find(message.subscription, inlet->port);
	if (!err && watch && !watch->matching && message.data.size == message.argument_size) {
		struct client_interest interest = { message.message_type, message.argument_size,
						    message.argument, message.data.data };

		err = client_watch_make_interest(watch, &interest, service, ret_message);
	} else if (!err) {
		err = -EAGAIN;
	}
	if (watch)
		client_object_unref(&watch->object);
	client_entry_unref(service);
	wire_message_clear(&wire_interest_layout, &message);
	return err;
}

err_t client_watch_receive(void *context, int socket, struct port_message **ret_message)
{
	struct client_inlet *inlet = context;
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct client_session *session;
	err_t err = -EAGAIN;

	for (int n = 0; err == -EAGAIN && n < CLIENT_INLET_FRAMES; n++) {
		err = wire_frame_receive(socket, &frame, WIRE_INLINE_MAX, false);
		if (err)
			break;
		/* Names die before anybody hears why. */
		session = client_session_find();
		if (session)
			client_session_read_events(session);
		client_session_unref(session);
		if (frame.header.type == WIRE_NOTICE)
			err = receive_notice(inlet, &frame, ret_message);
		else if (frame.header.type == WIRE_NOTICES)
			err = receive_notices(inlet, &frame, ret_message);
		else if (frame.header.type == WIRE_INTEREST)
			err = receive_interest(inlet, &frame, ret_message);
		else
			err = -EAGAIN;
		wire_frame_clear(&frame);
	}
	wire_frame_fini(&frame);
	return err == 0 || err == -EAGAIN ? err : err == -EBADMSG ? -EPIPE : err;
}

static void drain_one(struct client_inlet *inlet, struct wire_frame *frame)
{
	struct wire_interest interest = { 0 };
	struct client_entry *service;
	struct wire_notices notices;

	if (frame->header.type == WIRE_NOTICES &&
	    !wire_frame_decode(frame, &wire_notices_layout, &notices)) {
		give_back(&notices.entries, epoch_of(inlet));
		wire_message_clear(&wire_notices_layout, &notices);
	} else if (frame->header.type == WIRE_INTEREST &&
		   !wire_frame_decode(frame, &wire_interest_layout, &interest)) {
		if (!client_handle_grant_id(interest.service, interest.state, interest.class_name,
					    1, epoch_of(inlet), &service))
			client_entry_unref(service);
		wire_message_clear(&wire_interest_layout, &interest);
	}
}

/* Nothing more is sent, so this ends. Takes no lock of a notification: one may be asking just now. */
void client_watch_drain(void *context, int socket)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	while (!wire_frame_receive(socket, &frame, WIRE_INLINE_MAX, false))
		drain_one(context, &frame);
	wire_frame_fini(&frame);
}
