// SPDX-License-Identifier: MIT
/*
 * Notification messages with Apple's layout: made here from what registry and
 * driver hosts report, and turned into calls of the program's functions.
 */
#pragma once

#include <stdint.h>

#include <IOKit/OSMessageNotification.h>

#include "port/port.h"

/* TYPE is a kIO...NotificationType. REMOTE (borrowed) is the notifier. */
err_t client_message_new_matching(uint32_t type, const OSAsyncReference64 reference,
				  struct port *remote, struct port_message **ret_message);

struct client_interest {
	uint32_t message_type;
	uint32_t size; /* 0: ARGUMENT counts */
	uint64_t argument;
	const void *data; /* SIZE bytes */
};

err_t client_message_new_interest(const struct client_interest *interest,
				  const OSAsyncReference64 reference, struct port *remote,
				  struct port *service, struct port_message **ret_message);
enum { CLIENT_COMPLETION_MAX = 232 }; /* bytes of a completion's message */

/* The bytes of the message, at most kMaxAsyncArgs ARGUMENTS. Its size is returned. */
size_t client_message_put_completion(uint8_t message[static CLIENT_COMPLETION_MAX], IOReturn result,
				     const OSAsyncReference64 reference, const uint64_t *arguments,
				     uint32_t n_arguments);
/* Word 0 of REFERENCE is sent as 0. At most kMaxAsyncArgs ARGUMENTS. */
err_t client_message_new_completion(IOReturn result, const OSAsyncReference64 reference,
				    const uint64_t *arguments, uint32_t n_arguments,
				    struct port_message **ret_message);
/* A driver's own message: header and SIZE (at most WIRE_PORT_MESSAGE_MAX) bytes, padded to 4. */
err_t client_message_new_plain(int32_t id, const void *data, size_t size,
			       struct port_message **ret_message);
/* A bare header: data is available. */
err_t client_message_new_wake_up(struct port_message **ret_message);

/* Call what a received message is for and release its rights. Other messages are left alone. */
void client_message_dispatch(mach_msg_header_t *message);
