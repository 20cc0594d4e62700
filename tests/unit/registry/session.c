// SPDX-License-Identifier: MIT
#include "session.h"

#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/account.h"
#include "wire/value.h"

struct started {
	char name[128];
	uint64_t token;
	int socket;
};

static err_t note_start(void *context, const char *server_name, uint64_t token, int socket)
{
	struct session *s = context;
	struct started started = { .token = token, .socket = socket };

	if (s->start_error) {
		close(socket);
		return s->start_error;
	}
	snprintf(started.name, sizeof(started.name), "%s", server_name);
	if (write(s->starts[1], &started, sizeof(started)) != sizeof(started))
		close(socket);
	return 0;
}

static void *run(void *context)
{
	struct session *s = context;

	loop_run(s->loop);
	return NULL;
}

void session_start_generation(struct session *s, const char *drivers, unsigned generation)
{
	s->folders[0] = drivers;
	s->folders[1] = NULL;
	snprintf(s->socket, sizeof(s->socket), "%s/r.sock", test_folder());
	struct registry_config config = {
		.socket_path = s->socket,
		.driver_paths = s->folders,
		.generation = generation,
		.limits = s->limits,
		.all_users = s->all_users,
		.start_provider = note_start,
		.start_context = s,
		/* Messages that a test does not expect would be its end. */
		.heartbeat_ms = s->heartbeat_ms ? s->heartbeat_ms : REGISTRY_NO_HEARTBEAT,
	};

	test_equal(pipe2(s->starts, O_CLOEXEC), 0);
	test_equal_error(loop_new(&s->loop), 0);
	test_equal_error(registry_new(s->loop, &config, &s->registry), 0);
	test_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

void session_start(struct session *s, const char *drivers)
{
	session_start_generation(s, drivers, 0);
}

void session_start_limited(struct session *s, const char *const *limits)
{
	static struct limits values;
	char why[LIMITS_WHY_MAX];

	limits_init(&values);
	for (; *limits; limits++)
		test_equal_error(limits_set(&values, *limits, why), 0);
	s->limits = &values;
	session_start(s, NULL);
}

struct job {
	void (*fn)(struct registry *registry);
	struct registry *registry;
	sem_t done;
};

static void run_job(void *context)
{
	struct job *job = context;

	job->fn(job->registry);
	sem_post(&job->done);
}

void session_run(struct session *s, void (*fn)(struct registry *registry))
{
	struct job job = { fn, s->registry };

	test_equal(sem_init(&job.done, 0, 0), 0);
	test_equal_error(loop_post(s->loop, run_job, &job), 0);
	while (sem_wait(&job.done))
		;
	sem_destroy(&job.done);
}

static int64_t count_account_errors(void)
{
	return (int64_t)accounts_count_errors();
}

const struct test_leak_hook test_leak_hooks[] = {
	{ "number of account errors", count_account_errors }, { NULL, NULL }
};

void session_end(struct session *s)
{
	struct started started;
	struct pollfd p = { .fd = s->starts[0], .events = POLLIN };

	loop_stop(s->loop);
	pthread_join(s->thread, NULL);
	registry_free(s->registry);
	loop_free(s->loop);
	while (poll(&p, 1, 0) > 0 && read(s->starts[0], &started, sizeof(started)) > 0)
		close(started.socket);
	close(s->starts[0]);
	close(s->starts[1]);
}

/* --- peers -------------------------------------------------------------------------------------- */

IOReturn end_greet(struct end *e, int socket, uint32_t role, const char *name, uint64_t token)
{
	struct wire_hello hello = {
		.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.role = role,
		.pid = (uint32_t)getpid(),
		.token = token,
		.name = name,
	};
	struct wire_hello_reply reply;

	*e = (struct end){ .socket = socket };
	IOReturn status =
		end_call(e, &wire_hello_layout, &hello, NULL, &wire_hello_reply_layout, &reply);
	wire_frame_clear(&e->frame);
	return status;
}

void end_connect(struct end *e, const struct session *s, uint32_t role, const char *name)
{
	int socket;

	test_equal_error(fd_connect(s->socket, &socket), 0);
	test_equal_error(end_greet(e, socket, role, name, 0), 0);
}

void end_serve(struct end *e, const struct session *s, char *name)
{
	struct started started;

	test_equal(read(s->starts[0], &started, sizeof(started)), sizeof(started));
	strcpy(name, started.name);
	test_equal_error(end_greet(e, started.socket, WIRE_ROLE_PROVIDER, name, started.token), 0);
}

void end_close(struct end *e)
{
	close(e->socket);
	wire_frame_fini(&e->frame);
	for (size_t i = 0; i < e->n_backlog; i++)
		wire_frame_fini(&e->backlog[i]);
	e->n_backlog = 0;
}

uint32_t end_ask(struct end *e, const struct wire_layout *layout, const void *request,
		 const int *fds)
{
	uint32_t id = ++e->last_id;

	test_equal_error(wire_send(e->socket, layout, id, request, fds, layout->n_fds, true), 0);
	return id;
}

IOReturn end_answer(struct end *e, uint32_t id, const struct wire_layout *reply_layout, void *reply)
{
	for (;;) {
		test_equal_error(wire_frame_receive(e->socket, &e->frame, WIRE_CONTROL_MAX, true),
				 0);
		if (e->frame.header.flags & WIRE_FLAG_REPLY)
			break;
		test_true(e->n_backlog < BACKLOG_MAX);
		e->backlog[e->n_backlog++] = e->frame;
		e->frame = (struct wire_frame)WIRE_FRAME_INIT;
	}
	test_equal(e->frame.header.id, id);
	if (!e->frame.header.status && reply_layout)
		test_equal_error(wire_frame_decode(&e->frame, reply_layout, reply), 0);
	return e->frame.header.status;
}

IOReturn end_call(struct end *e, const struct wire_layout *layout, const void *request,
		  const int *fds, const struct wire_layout *reply_layout, void *reply)
{
	return end_answer(e, end_ask(e, layout, request, fds), reply_layout, reply);
}

static void take_next(struct end *e)
{
	wire_frame_fini(&e->frame);
	e->frame = (struct wire_frame)WIRE_FRAME_INIT;
	if (e->n_backlog) {
		e->frame = e->backlog[0];
		memmove(e->backlog, e->backlog + 1, --e->n_backlog * sizeof(e->backlog[0]));
	} else {
		test_equal_error(wire_frame_receive(e->socket, &e->frame, WIRE_CONTROL_MAX, true),
				 0);
	}
}

void end_expect(struct end *e, const struct wire_layout *layout, void *message)
{
	take_next(e);
	/* Comes before whatever a host hears of an end. */
	while (e->frame.header.type == WIRE_INACTIVE && layout->type != WIRE_INACTIVE)
		take_next(e);
	test_equal(e->frame.header.type, layout->type);
	test_equal(e->frame.header.flags & WIRE_FLAG_REPLY, 0);
	test_equal_error(wire_frame_decode(&e->frame, layout, message), 0);
}

void end_reply(struct end *e, const struct wire_layout *layout, IOReturn status,
	       const void *message)
{
	test_equal_error(
		wire_reply(e->socket, &e->frame.header, layout, status, message, NULL, 0, true), 0);
}

void end_expect_will(struct end *e, uint64_t id, uint64_t provider)
{
	struct wire_phase phase;

	end_expect(e, &wire_will_terminate_layout, &phase);
	test_equal(phase.id, id);
	test_equal(phase.provider, provider);
	end_reply(e, &wire_empty_layout, 0, NULL);
}

void end_expect_message_of_end(struct end *e, uint64_t id, uint64_t provider)
{
	struct wire_message message;

	end_expect(e, &wire_provider_message_layout, &message);
	test_equal(message.id, id);
	test_equal(message.provider, provider);
	test_equal_error(message.message_type, 0xe0000010);
}

void end_expect_did(struct end *e, uint64_t id, uint64_t provider, bool lets_go)
{
	struct wire_number_reply reply = { lets_go };
	struct wire_phase phase;

	end_expect(e, &wire_did_terminate_layout, &phase);
	test_equal(phase.id, id);
	test_equal(phase.provider, provider);
	end_reply(e, &wire_number_reply_layout, 0, &reply);
}

void end_expect_stop(struct end *e, uint64_t id)
{
	struct wire_entry_options stop;

	end_expect(e, &wire_stop_layout, &stop);
	test_equal(stop.id, id);
	end_reply(e, &wire_empty_layout, 0, NULL);
}

void end_await_close(struct end *e)
{
	err_t err;

	while (!(err = wire_frame_receive(e->socket, &e->frame, WIRE_CONTROL_MAX, true)))
		;
	test_equal_error(err, -EPIPE);
}

/* --- shorthands ----------------------------------------------------------------------------------- */

CFDictionaryRef matching_new(const char *key, const char *value)
{
	CFStringRef k = CFStringCreateWithCString(NULL, key, kCFStringEncodingUTF8);
	CFStringRef v = CFStringCreateWithCString(NULL, value, kCFStringEncodingUTF8);
	const void *keys[] = { k }, *values[] = { v };
	CFDictionaryRef d =
		CFDictionaryCreate(NULL, keys, values, 1, &kCFTypeDictionaryKeyCallBacks,
				   &kCFTypeDictionaryValueCallBacks);

	CFRelease(k);
	CFRelease(v);
	return d;
}

CFDictionaryRef plist_new(const char *xml_body)
{
	char *xml;
	int n = asprintf(&xml, "<?xml version=\"1.0\"?><plist version=\"1.0\">%s</plist>",
			 xml_body);
	CFDataRef data = CFDataCreate(NULL, (const UInt8 *)xml, n);
	CFTypeRef value = CFPropertyListCreateWithData(NULL, data, kCFPropertyListMutableContainers,
						       NULL, NULL);

	test_true(value != NULL);
	CFRelease(data);
	free(xml);
	return value;
}

uint64_t publish(struct end *provider, uint64_t parent, const char *class_name, const char *name,
		 const char *location, uint32_t flags, CFDictionaryRef properties)
{
	struct bytes packed = BYTES_INIT;

	if (properties)
		test_equal_error(wire_value_encode(properties, &packed), 0);
	struct wire_publish request = {
		.parent = parent,
		.flags = flags,
		.class_name = class_name,
		.name = name,
		.location = location,
		.properties = { packed.data, packed.size },
	};
	struct wire_publish_reply reply;

	test_equal_error(end_call(provider, &wire_publish_layout, &request, NULL,
				  &wire_publish_reply_layout, &reply),
			 0);
	bytes_fini(&packed);
	return reply.id;
}

size_t find(struct end *client, const char *class_name, uint64_t *ids, size_t max)
{
	struct wire_find_request request = { .matching =
						     matching_new("IOProviderClass", class_name) };
	struct wire_entries_reply reply;

	test_equal_error(end_call(client, &wire_find_request_layout, &request, NULL,
				  &wire_entries_reply_layout, &reply),
			 0);
	size_t n = reply.entries.count;
	test_true(n <= max);
	for (size_t i = 0; i < n; i++)
		ids[i] = reply.entries.items[i].id;
	wire_message_clear(&wire_entries_reply_layout, &reply);
	CFRelease(request.matching);
	return n;
}

void wait_quiet(struct end *client)
{
	struct wire_wait_quiet_request request = { 0, UINT64_MAX };

	test_equal_error(
		end_call(client, &wire_wait_quiet_request_layout, &request, NULL, NULL, NULL), 0);
}

int open_inlet(struct end *client, uint32_t number, uint32_t inlet_class)
{
	struct wire_inlet_open request = { number, inlet_class };
	int fds[2];

	test_equal_error(fd_socketpair(fds), 0);
	test_equal_error(end_call(client, &wire_inlet_open_layout, &request, &fds[1], NULL, NULL),
			 0);
	close(fds[1]);
	return fds[0];
}

void inlet_expect(int inlet, const struct wire_layout *layout, void *message,
		  struct wire_frame *frame)
{
	test_equal_error(wire_frame_receive(inlet, frame, WIRE_CONTROL_MAX, true), 0);
	test_equal(frame->header.type, layout->type);
	test_equal_error(wire_frame_decode(frame, layout, message), 0);
}

bool inlet_is_empty(int inlet)
{
	struct pollfd p = { .fd = inlet, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

uint64_t subscribe(struct end *client, uint32_t inlet, const char *type, const char *class_name,
		   struct wire_notify_reply *reply)
{
	struct wire_notify_add request = {
		.inlet = inlet,
		.type = type,
		.matching = matching_new("IOProviderClass", class_name),
	};

	test_equal_error(end_call(client, &wire_notify_add_layout, &request, NULL,
				  &wire_notify_reply_layout, reply),
			 0);
	CFRelease(request.matching);
	return reply->subscription;
}

size_t next(struct end *client, uint64_t subscription, uint64_t *ids, size_t max)
{
	struct wire_notify_next request = { subscription };
	struct wire_entries_reply reply;

	test_equal_error(end_call(client, &wire_notify_next_layout, &request, NULL,
				  &wire_entries_reply_layout, &reply),
			 0);
	size_t n = reply.entries.count;
	for (size_t i = 0; i < n && i < max; i++)
		ids[i] = reply.entries.items[i].id;
	wire_message_clear(&wire_entries_reply_layout, &reply);
	return n;
}

void write_bundle(const char *folder, const char *name, const char *plist)
{
	char path[1024];

	mkdir(folder, 0700);
	snprintf(path, sizeof(path), "%s/%s.dext", folder, name);
	test_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%s.dext/Info.plist", folder, name);
	FILE *f = fopen(path, "we");
	test_true(f != NULL);
	fprintf(f, "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict>%s</dict></plist>", plist);
	fclose(f);
	/* What looks like a program; nobody runs it. */
	snprintf(path, sizeof(path), "%s/%s.dext/x.so", folder, name);
	f = fopen(path, "we");
	test_true(f != NULL);
	fputs("\177ELF", f);
	fclose(f);
}
