// SPDX-License-Identifier: MIT
#include "raw_provider.h"

#include <unistd.h>

#include <IOKit/IOReturn.h>

#include "raw_client.h"
#include "test.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/publish.h"
#include "wire/value.h"

enum { QUESTION = 1 }; /* there is one at a time */

int raw_provide(const char *path, const char *name)
{
	struct wire_hello hello = { .magic = WIRE_MAGIC,
				    .version = WIRE_VERSION,
				    .role = WIRE_ROLE_PROVIDER,
				    .pid = (uint32_t)getpid(),
				    .name = name };
	int fd = raw_connect(path);

	test_equal_error(raw_ask(fd, &wire_hello_layout, &hello, NULL, NULL), 0);
	return fd;
}

bool raw_say(int fd, const struct wire_layout *layout, const void *message)
{
	return !wire_send(fd, layout, 0, message, NULL, 0, true);
}

/* Who is asked whether it has let go of something has. */
static void agree(int fd, const struct wire_header *request)
{
	struct wire_number_reply yes = { 1 };
	bool is_number =
		request->type == WIRE_DID_TERMINATE || request->type == WIRE_PROVIDER_ACCESS;

	if (request->id)
		wire_reply(fd, request, is_number ? &wire_number_reply_layout : &wire_empty_layout,
			   0, is_number ? &yes : NULL, NULL, 0, true);
}

int32_t raw_ask(int fd, const struct wire_layout *layout, const void *message,
		const struct wire_layout *reply, void *ret_reply)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status = kIOReturnOffline;

	if (!wire_send(fd, layout, QUESTION, message, NULL, 0, true))
		while (!wire_frame_receive(fd, &frame, WIRE_CONTROL_MAX, true)) {
			if (frame.header.flags & WIRE_FLAG_REPLY) {
				status = frame.header.status;
				if (!status && reply)
					test_equal_error(
						wire_frame_decode(&frame, reply, ret_reply), 0);
				break;
			}
			agree(fd, &frame.header);
			wire_frame_clear(&frame);
		}
	wire_frame_fini(&frame);
	return status;
}

uint64_t raw_publish(int fd, uint64_t parent, const char *class_name, const char *name,
		     CFDictionaryRef properties)
{
	struct bytes encoded = BYTES_INIT;
	struct wire_publish_reply published = { 0 };

	if (properties)
		test_equal_error(wire_value_encode(properties, &encoded), 0);
	struct wire_publish message = { .parent = parent,
					.flags = WIRE_PUBLISH_REGISTER,
					.plane = "",
					.class_name = class_name,
					.name = name,
					.location = "",
					.properties = { encoded.data, encoded.size } };
	test_equal_error(
		raw_ask(fd, &wire_publish_layout, &message, &wire_publish_reply_layout, &published),
		0);
	bytes_fini(&encoded);
	return published.id;
}
