// SPDX-License-Identifier: MIT
#include "fake_registry.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/host.h"
#include "test.h"
#include "wire/call.h"
#include "wire/hello.h"
#include "wire/open.h"
#include "wire/publish.h"

static void *run_host(void *context)
{
	struct fake_registry *fake = context;
	struct host_config config = {
		.server_name = "test",
		.token = 42,
		.registry_socket = fake->host_result,
		.in_process = true,
	};

	fake->host_result = host_run(&config);
	return NULL;
}

static void receive(struct fake_registry *fake, struct wire_frame *frame)
{
	test_equal(wire_frame_receive(fake->socket, frame, WIRE_CONTROL_MAX, true), 0);
}

static void answer(struct fake_registry *fake, struct wire_frame *frame)
{
	struct wire_empty empty = { 0 };
	struct wire_publish_reply published = { ++fake->last_entry, 0 };
	bool publish = frame->header.type == WIRE_PUBLISH;

	if (frame->header.type == fake->keeps && !fake->kept.id)
		fake->kept = frame->header;
	else if (frame->header.id)
		test_equal(wire_reply(fake->socket, &frame->header,
				      publish ? &wire_publish_reply_layout : &wire_empty_layout, 0,
				      publish ? (void *)&published : (void *)&empty, NULL, 0, true),
			   0);
}

/* A message that is no answer: remember what tests look at. */
static void note(struct fake_registry *fake, struct wire_frame *frame)
{
	test_true(frame->header.type < FAKE_TYPES_MAX);
	fake->seen[frame->header.type]++;
	if (frame->header.type == WIRE_UPDATE) {
		struct wire_update update;

		test_equal(wire_frame_decode(frame, &wire_update_layout, &update), 0);
		fake->last_update_id = update.id;
		if (fake->last_set)
			CFRelease(fake->last_set);
		fake->last_set = update.set ? CFRetain(update.set) : NULL;
		wire_message_clear(&wire_update_layout, &update);
	}
	if (frame->header.type == WIRE_RETIRE) {
		struct wire_entry_options options;

		test_equal(wire_frame_decode(frame, &wire_retire_layout, &options), 0);
		fake->last_terminated = options.id;
		fake->last_options = options.options;
		fake->stopping = ++fake->last_id;
		test_equal(wire_send(fake->socket, &wire_stop_layout, fake->stopping, &options,
				     NULL, 0, true),
			   0);
	}
	if (frame->header.type == WIRE_MESSAGE) {
		struct wire_message message;

		test_equal(wire_frame_decode(frame, &wire_message_layout, &message), 0);
		fake->last_message = message.message_type;
	}
	answer(fake, frame);
}

void fake_start(struct fake_registry *fake)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_hello hello;
	struct wire_hello_reply reply = { .version = WIRE_VERSION, .session = 1, .generation = 1 };
	int sockets[2], page;

	memset(fake, 0, sizeof(*fake));
	fake->last_entry = 0x200000000;
	test_equal(fd_socketpair(sockets), 0);
	fake->socket = sockets[0];
	fake->host_result = sockets[1];
	test_equal(pthread_create(&fake->host, NULL, run_host, fake), 0);
	receive(fake, &frame);
	test_equal(frame.header.type, WIRE_HELLO);
	test_equal(wire_frame_decode(&frame, &wire_hello_layout, &hello), 0);
	test_equal(hello.token, 42);
	test_equal(hello.role, WIRE_ROLE_PROVIDER);
	test_equal_text(hello.name, "test");
	page = memfd_create("page", MFD_CLOEXEC);
	test_equal(wire_reply(fake->socket, &frame.header, &wire_hello_reply_layout, 0, &reply,
			      &page, 1, true),
		   0);
	close(page);
	wire_frame_fini(&frame);
}

void fake_finish(struct fake_registry *fake)
{
	struct wire_empty empty = { 0 };

	test_equal(wire_send(fake->socket, &wire_shutdown_layout, 0, &empty, NULL, 0, true), 0);
	test_equal(pthread_join(fake->host, NULL), 0);
	test_equal_error(fake->host_result, 0);
	close(fake->socket);
	if (fake->last_set)
		CFRelease(fake->last_set);
}

uint32_t fake_ask(struct fake_registry *fake, const struct wire_layout *layout, const void *message,
		  int fd)
{
	uint32_t id = ++fake->last_id;

	test_equal(wire_send(fake->socket, layout, id, message, &fd, fd >= 0, true), 0);
	return id;
}

int32_t fake_await(struct fake_registry *fake, uint32_t id, struct wire_frame *ret_frame)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;

	for (;;) {
		receive(fake, &frame);
		if (frame.header.flags & WIRE_FLAG_REPLY) {
			if (frame.header.id == id)
				break;
			test_equal(frame.header.id, fake->stopping);
			fake->stopped++;
			continue;
		}
		note(fake, &frame);
	}
	status = frame.header.status;
	if (ret_frame)
		*ret_frame = frame;
	else
		wire_frame_fini(&frame);
	return status;
}

int32_t fake_call(struct fake_registry *fake, const struct wire_layout *layout, const void *message,
		  int fd, struct wire_frame *ret_frame)
{
	return fake_await(fake, fake_ask(fake, layout, message, fd), ret_frame);
}

void fake_answer_kept(struct fake_registry *fake)
{
	struct wire_empty empty = { 0 };

	test_equal(
		wire_reply(fake->socket, &fake->kept, &wire_empty_layout, 0, &empty, NULL, 0, true),
		0);
}

void fake_serve(struct fake_registry *fake)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	while (!wire_frame_receive(fake->socket, &frame, WIRE_CONTROL_MAX, false))
		if (frame.header.flags & WIRE_FLAG_REPLY)
			fake->stopped++;
		else
			note(fake, &frame);
	wire_frame_fini(&frame);
}

void fake_expect(struct fake_registry *fake, uint32_t type, unsigned count)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	while (fake->seen[type] < count || fake->stopped < fake->seen[WIRE_RETIRE]) {
		receive(fake, &frame);
		if (frame.header.flags & WIRE_FLAG_REPLY)
			fake->stopped++;
		else
			note(fake, &frame);
	}
	wire_frame_fini(&frame);
}

int32_t fake_probe(struct fake_registry *fake, uint64_t candidate, const char *bundle,
		   const char *cls)
{
	CFStringRef name = CFStringCreateWithCString(NULL, cls, kCFStringEncodingUTF8);
	CFStringRef client = CFStringCreateWithFormat(NULL, NULL, CFSTR("%@UserClient"), name);
	const void *keys[] = { CFSTR("IOClass"), CFSTR("IOUserClientClass") };
	const void *values[] = { name, client };
	CFDictionaryRef personality =
		CFDictionaryCreate(NULL, keys, values, 2, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);
	struct wire_probe probe = {
		.candidate = candidate,
		.provider = FAKE_PROVIDER_ID,
		.provider_class = "IOResources",
		.provider_name = "IOResources",
		.bundle = bundle,
		.provider_properties = personality,
		.personality = personality,
	};
	int32_t status = fake_call(fake, &wire_probe_layout, &probe, -1, NULL);

	CFRelease(personality);
	CFRelease(client);
	CFRelease(name);
	return status;
}

int32_t fake_start_driver(struct fake_registry *fake, uint64_t candidate, uint64_t id)
{
	struct wire_start start = { candidate, id };

	return fake_call(fake, &wire_start_layout, &start, -1, NULL);
}

void fake_load(struct fake_registry *fake, uint64_t id, const char *bundle, const char *cls)
{
	test_equal_error(fake_probe(fake, id, bundle, cls), 0);
	test_equal_error(fake_start_driver(fake, id, id), 0);
}

int32_t fake_open(struct fake_registry *fake, uint64_t service, uint32_t type, uint32_t flags,
		  uint32_t uid, uint64_t *ret_client, int *ret_socket)
{
	struct wire_open_client open = {
		.service = service,
		.user_client = ++fake->last_entry,
		.type = type,
		.flags = flags | (fake->is_stranger ? 0 : WIRE_OPEN_UNSTATED),
		.pid = (uint32_t)getpid(),
		.uid = uid,
		.gid = uid,
		.process = "test",
	};
	int sockets[2];
	int32_t status;

	test_equal(fd_socketpair(sockets), 0);
	status = fake_call(fake, &wire_open_client_layout, &open, sockets[1], NULL);
	close(sockets[1]);
	*ret_client = open.user_client;
	*ret_socket = sockets[0];
	return status;
}

struct wire_channel *fake_connect(struct fake_registry *fake, uint64_t service, uint32_t type,
				  uint64_t *ret_client)
{
	struct wire_channel *channel;
	uint64_t client;
	int socket;

	test_equal_error(fake_open(fake, service, type, 0, 1000, &client, &socket), 0);
	test_equal(wire_channel_new(socket, WIRE_CALL_MAX, &channel), 0);
	if (ret_client)
		*ret_client = client;
	return channel;
}

int32_t fake_stop(struct fake_registry *fake, uint64_t id)
{
	struct wire_entry_options stop = { .id = id };

	return fake_call(fake, &wire_stop_layout, &stop, -1, NULL);
}

int32_t fake_scalar(struct wire_channel *channel, uint32_t selector, const uint64_t *in,
		    uint32_t n_in, uint64_t *ret, uint32_t n_ret)
{
	struct wire_call_request call = {
		.selector = selector,
		.scalar_output_count = n_ret,
		.scalars = { in, n_in },
	};
	struct wire_call_reply reply;
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;

	test_equal(wire_channel_call(channel, &wire_call_request_layout, &call, NULL, 0,
				     &wire_call_reply_layout, &reply, &frame, &status),
		   0);
	if (!status && ret) {
		test_equal(reply.scalar_output_count, n_ret);
		test_equal(reply.scalars.count, n_ret);
		memcpy(ret, reply.scalars.items, n_ret * sizeof(*ret));
	}
	wire_frame_fini(&frame);
	return status;
}

int32_t fake_plain(struct wire_channel *channel, const struct wire_layout *layout)
{
	struct wire_empty empty = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;

	test_equal(wire_channel_call(channel, layout, &empty, NULL, 0, NULL, NULL, &frame, &status),
		   0);
	wire_frame_fini(&frame);
	return status;
}
