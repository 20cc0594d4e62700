// SPDX-License-Identifier: MIT
#include "client/message.h"

#include <string.h>

#include <IOKit/IOKitLib.h>
#include <mach/mach.h>

#include "wire/protocol.h"

enum {
	HEADER_SIZE = sizeof(mach_msg_header_t),
	NOTIFICATION_SIZE = sizeof(OSNotificationHeader64),
	/* offsets in a message that carries a port descriptor */
	BODY_AT = HEADER_SIZE,
	DESCRIPTOR_AT = BODY_AT + sizeof(mach_msg_body_t),
	COMPLEX_NOTIFICATION_AT = DESCRIPTOR_AT + sizeof(mach_msg_port_descriptor_t),
	INTEREST_TYPE_AT = COMPLEX_NOTIFICATION_AT + NOTIFICATION_SIZE,
	INTEREST_ARGUMENT_AT = INTEREST_TYPE_AT + 4,
	/* offsets in one that does not */
	CONTENT_AT = HEADER_SIZE + NOTIFICATION_SIZE,
	ARGUMENTS_AT = CONTENT_AT + 4,
	INTEREST_CONTENT_SIZE = 76,
};

_Static_assert(CLIENT_COMPLETION_MAX == ARGUMENTS_AT + 8 * kMaxAsyncArgs + 4, "message size");
_Static_assert(HEADER_SIZE == 24 && NOTIFICATION_SIZE == 72 && INTEREST_ARGUMENT_AT == 116 &&
		       ARGUMENTS_AT == 100,
	       "message layout");

static void put_header(uint8_t *message, size_t size, mach_msg_bits_t bits)
{
	mach_msg_header_t header = { .msgh_bits = bits,
				     .msgh_size = (mach_msg_size_t)size,
				     .msgh_id = kOSNotificationMessageID };

	memcpy(message, &header, sizeof(header));
}

static void put_notification(uint8_t *at, uint32_t size, uint32_t type,
			     const OSAsyncReference64 reference)
{
	memcpy(at, &size, sizeof(size));
	memcpy(at + 4, &type, sizeof(type));
	memcpy(at + 8, reference, sizeof(OSAsyncReference64));
}

err_t client_message_new_matching(uint32_t type, const OSAsyncReference64 reference,
				  struct port *remote, struct port_message **ret_message)
{
	uint8_t message[CONTENT_AT] = { 0 };

	put_header(message, sizeof(message), MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, 0));
	put_notification(message + HEADER_SIZE, 0, type, reference);
	return port_message_new(message, sizeof(message), remote, NULL, ret_message);
}

err_t client_message_new_interest(const struct client_interest *interest,
				  const OSAsyncReference64 reference, struct port *remote,
				  struct port *service, struct port_message **ret_message)
{
	uint8_t message[INTEREST_ARGUMENT_AT + WIRE_INTEREST_ARGUMENT_MAX] = { 0 };
	mach_msg_body_t body = { .msgh_descriptor_count = 1 };
	mach_msg_port_descriptor_t descriptor = { .disposition = MACH_MSG_TYPE_MOVE_SEND,
						  .type = MACH_MSG_PORT_DESCRIPTOR };
	uint32_t size = interest->size;
	uint32_t type;

	if (size > WIRE_INTEREST_ARGUMENT_MAX)
		size = WIRE_INTEREST_ARGUMENT_MAX;
	type = kIOServiceMessageNotificationType | (size & kIOKitNoticationMsgSizeMask)
							   << kIOKitNoticationTypeSizeAdjShift;
	memcpy(message + BODY_AT, &body, sizeof(body));
	memcpy(message + DESCRIPTOR_AT, &descriptor, sizeof(descriptor));
	put_notification(message + COMPLEX_NOTIFICATION_AT, INTEREST_CONTENT_SIZE, type, reference);
	memcpy(message + INTEREST_TYPE_AT, &interest->message_type, 4);
	if (size) {
		memcpy(message + INTEREST_ARGUMENT_AT, interest->data, size);
	} else {
		memcpy(message + INTEREST_ARGUMENT_AT, &interest->argument, 8);
		size = 8;
	}
	size = INTEREST_ARGUMENT_AT + ((size + 3) & ~3u);
	put_header(message, size,
		   MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, 0) | MACH_MSGH_BITS_COMPLEX);
	return port_message_new(message, size, remote, service, ret_message);
}

/* Without holes, like all of Apple's notifications. */
struct completion_message {
	mach_msg_header_t header;
	uint32_t size, type;
	uint64_t reference[kOSAsyncRef64Count];
	IOReturn result;
	uint64_t arguments[];
} __attribute__((packed));

_Static_assert(offsetof(struct completion_message, result) == CONTENT_AT &&
		       offsetof(struct completion_message, arguments) == ARGUMENTS_AT,
	       "message layout");

/* There may be millions a second: every word is stored once. */
size_t client_message_put_completion(uint8_t message[static CLIENT_COMPLETION_MAX], IOReturn result,
				     const OSAsyncReference64 reference, const uint64_t *arguments,
				     uint32_t n_arguments)
{
	struct completion_message *m = (struct completion_message *)message;
	/* The four bytes at the end are padding that receivers know. */
	const size_t size = ARGUMENTS_AT + 8 * n_arguments + 4;

	m->header.msgh_bits = 0;
	m->header.msgh_size = (mach_msg_size_t)size;
	m->header.msgh_remote_port = m->header.msgh_local_port = MACH_PORT_NULL;
	m->header.msgh_voucher_port = MACH_PORT_NULL;
	m->header.msgh_id = kOSNotificationMessageID;
	m->size = 4 + 8 * n_arguments;
	m->type = kIOAsyncCompletionNotificationType;
	m->reference[kIOAsyncReservedIndex] = 0;
	for (int i = 1; i < kOSAsyncRef64Count; i++)
		m->reference[i] = reference[i];
	m->result = result;
	for (uint32_t i = 0; i < n_arguments; i++)
		m->arguments[i] = arguments[i];
	memset(message + size - 4, 0, 4);
	return size;
}

err_t client_message_new_completion(IOReturn result, const OSAsyncReference64 reference,
				    const uint64_t *arguments, uint32_t n_arguments,
				    struct port_message **ret_message)
{
	uint8_t message[CLIENT_COMPLETION_MAX];
	size_t size;

	if (n_arguments > kMaxAsyncArgs)
		return -EMSGSIZE;
	size = client_message_put_completion(message, result, reference, arguments, n_arguments);
	return port_message_new(message, size, NULL, NULL, ret_message);
}

err_t client_message_new_plain(int32_t id, const void *data, size_t size,
			       struct port_message **ret_message)
{
	uint8_t message[HEADER_SIZE + WIRE_PORT_MESSAGE_MAX] = { 0 };
	size_t padded = (size + 3) & ~(size_t)3;

	if (size > WIRE_PORT_MESSAGE_MAX)
		return -EMSGSIZE;
	put_header(message, HEADER_SIZE + padded, 0);
	memcpy(message + offsetof(mach_msg_header_t, msgh_id), &id, sizeof(id));
	if (size)
		memcpy(message + HEADER_SIZE, data, size);
	return port_message_new(message, HEADER_SIZE + padded, NULL, NULL, ret_message);
}

err_t client_message_new_wake_up(struct port_message **ret_message)
{
	mach_msg_header_t header = { .msgh_size = sizeof(header) };

	return port_message_new(&header, sizeof(header), NULL, NULL, ret_message);
}

/* --- dispatch ------------------------------------------------------------- */

/* A received message, taken apart. */
struct parts {
	mach_port_t notifier;
	mach_port_t service; /* of the first descriptor */
	uint32_t type;
	OSAsyncReference64 reference;
	uint8_t *content;
	size_t content_size;
};

static uint32_t descriptor_count(const mach_msg_header_t *message)
{
	mach_msg_body_t body;

	if (!(message->msgh_bits & MACH_MSGH_BITS_COMPLEX) || message->msgh_size < DESCRIPTOR_AT)
		return 0;
	memcpy(&body, (const uint8_t *)message + BODY_AT, sizeof(body));
	/* Notifications carry port descriptors alone. */
	if (body.msgh_descriptor_count >
	    (message->msgh_size - DESCRIPTOR_AT) / sizeof(mach_msg_port_descriptor_t))
		return 0;
	return body.msgh_descriptor_count;
}

static mach_port_t descriptor_name(const mach_msg_header_t *message, uint32_t index)
{
	mach_msg_port_descriptor_t descriptor;

	memcpy(&descriptor, (const uint8_t *)message + DESCRIPTOR_AT + index * sizeof(descriptor),
	       sizeof(descriptor));
	return descriptor.type == MACH_MSG_PORT_DESCRIPTOR ? descriptor.name : MACH_PORT_NULL;
}

static bool take_apart(mach_msg_header_t *message, struct parts *ret_parts)
{
	uint32_t n_descriptors = descriptor_count(message);
	uint8_t *bytes = (uint8_t *)message;
	size_t at = HEADER_SIZE;

	if (message->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		at = DESCRIPTOR_AT + n_descriptors * sizeof(mach_msg_port_descriptor_t);
	if (message->msgh_size < at + NOTIFICATION_SIZE)
		return false;
	ret_parts->notifier = message->msgh_remote_port;
	ret_parts->service = n_descriptors ? descriptor_name(message, 0) : MACH_PORT_NULL;
	memcpy(&ret_parts->type, bytes + at + 4, 4);
	memcpy(ret_parts->reference, bytes + at + 8, sizeof(ret_parts->reference));
	ret_parts->content = bytes + at + NOTIFICATION_SIZE;
	ret_parts->content_size = message->msgh_size - at - NOTIFICATION_SIZE;
	return true;
}

static void call_completion(const struct parts *parts)
{
	uintptr_t fn = (uintptr_t)parts->reference[kIOAsyncCalloutFuncIndex];
	void *refcon = (void *)(uintptr_t)parts->reference[kIOAsyncCalloutRefconIndex];
	void *arguments[kMaxAsyncArgs] = { NULL };
	size_t n = parts->content_size >= 4 ? (parts->content_size - 4) / 8 : 0;
	IOReturn result;

	if (parts->content_size < 4 || n > kMaxAsyncArgs)
		return;
	memcpy(&result, parts->content, 4);
	memcpy(arguments, parts->content + 4, 8 * n);
	/* A driver that dies ends the calls of every callback without arguments, also of those that expect
	 * many and look at them whatever the result is: they get some, all zero. */
	if (n == 1)
		((IOAsyncCallback1)fn)(refcon, result, arguments[0]);
	else if (n == 2)
		((IOAsyncCallback2)fn)(refcon, result, arguments[0], arguments[1]);
	else
		((IOAsyncCallback)fn)(refcon, result, arguments, (uint32_t)n);
}

static void call_interest(const struct parts *parts)
{
	uintptr_t fn = (uintptr_t)parts->reference[kIOInterestCalloutFuncIndex];
	void *refcon = (void *)(uintptr_t)parts->reference[kIOInterestCalloutRefconIndex];
	io_service_t service = parts->service;
	size_t padding =
		parts->type >> kIOKitNoticationTypeSizeAdjShift & kIOKitNoticationMsgSizeMask;
	uint64_t words[WIRE_INTEREST_ARGUMENT_MAX / 8 + 1] = { 0 };
	size_t size = parts->content_size - 4;
	void *argument = words;
	uint32_t message_type;

	if (parts->content_size < 4 || size > WIRE_INTEREST_ARGUMENT_MAX)
		return;
	if (!service)
		service = (io_service_t)parts->reference[kIOInterestCalloutServiceIndex];
	memcpy(&message_type, parts->content, 4);
	/* Aligned and followed by zeros, whatever the sender's size was. */
	memcpy(words, parts->content + 4, size);
	/* Less than 16 bytes arrive as the value itself. */
	if (parts->content_size - padding < 4 + 16)
		argument = (void *)(uintptr_t)words[0];
	((IOServiceInterestCallback)fn)(refcon, service, message_type, argument);
}

/* Whether the program still holds the notifier besides the reference in the message. */
static bool is_wanted(mach_port_t notifier)
{
	mach_port_urefs_t urefs = 0;

	return mach_port_get_refs(mach_task_self(), notifier, MACH_PORT_RIGHT_SEND, &urefs) ==
		       KERN_SUCCESS &&
	       urefs >= 2;
}

static void call(const struct parts *parts)
{
	/* The callback has the same place in every kind of reference. */
	uintptr_t fn = (uintptr_t)parts->reference[kIOMatchingCalloutFuncIndex];
	uint32_t type = parts->type & kIOKitNoticationTypeMask;

	if (!fn || (parts->notifier && !is_wanted(parts->notifier)))
		return;
	switch (type) {
	case kIOAsyncCompletionNotificationType:
		call_completion(parts);
		break;
	case kIOServicePublishNotificationType:
	case kIOServiceMatchedNotificationType:
	case kIOServiceTerminatedNotificationType:
		((IOServiceMatchingCallback)fn)(
			(void *)(uintptr_t)parts->reference[kIOMatchingCalloutRefconIndex],
			parts->notifier);
		break;
	case kIOServiceMessageNotificationType:
		call_interest(parts);
		break;
	default:
		break;
	}
}

void client_message_dispatch(mach_msg_header_t *message)
{
	struct parts parts;
	mach_port_t names[8];
	uint32_t n;

	if (!message || message->msgh_id != kOSNotificationMessageID ||
	    message->msgh_size < HEADER_SIZE)
		return;
	/* Remembered before the call: the callback may use the buffer again. */
	n = descriptor_count(message);
	if (n > 8)
		n = 8;
	for (uint32_t i = 0; i < n; i++)
		names[i] = descriptor_name(message, i);
	parts.notifier = message->msgh_remote_port;
	if (take_apart(message, &parts))
		call(&parts);
	if (parts.notifier)
		mach_port_deallocate(mach_task_self(), parts.notifier);
	for (uint32_t i = 0; i < n; i++)
		mach_port_deallocate(mach_task_self(), names[i]);
}
