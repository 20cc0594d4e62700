// SPDX-License-Identifier: MIT
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOReturn.h>

#include "base/fd.h"
#include "base/shm.h"
#include "client/session.h"
#include "test.h"
#include "wire/async.h"
#include "wire/browse.h"
#include "wire/call.h"
#include "wire/hello.h"
#include "wire/memory.h"
#include "wire/notice.h"
#include "wire/open.h"
#include "wire/query.h"

static const struct {
	unsigned parent;
	uint32_t state;
	const char *class_name, *name, *location;
} tree[FAKE_ENTRIES] = {
	{ 0, 0, "IORegistryEntry", "Root", "" },
	{ 0, WIRE_STATE_SERVICE | WIRE_STATE_OWN_CLASS | 30, "IOPlatformExpertDevice", "machine",
	  "" },
	{ FAKE_MACHINE, WIRE_STATE_SERVICE | 30, "FixtureDriver", "fixture", "5" },
	{ FAKE_MACHINE, WIRE_STATE_SERVICE | 30, "FixtureDriver", "second", "" },
	{ FAKE_SERVICE, 0, "IORegistryEntry", "nub", "" },
	{ FAKE_SECOND, WIRE_STATE_SERVICE | WIRE_STATE_USER_CLIENT | WIRE_STATE_OWN_CLASS,
	  "FixtureUserClient", "uc", "" },
};

struct serving {
	struct fake *fake;
	int socket;
};

static void reply(int socket, struct wire_frame *frame, const struct wire_layout *layout,
		  const void *message)
{
	wire_reply(socket, &frame->header, layout, 0, message, NULL, 0, true);
}

void fake_reply_status(int socket, struct wire_frame *frame, int32_t status)
{
	struct wire_empty nothing = { 0 };

	wire_reply(socket, &frame->header, &wire_empty_layout, status, &nothing, NULL, 0, true);
}

static struct wire_entry entry_of(struct fake *fake, unsigned n, uint32_t depth)
{
	pthread_mutex_lock(&fake->lock);
	fake->granted[n]++;
	pthread_mutex_unlock(&fake->lock);
	return (struct wire_entry){ .id = FAKE_ID(n),
				    .state = tree[n].state,
				    .depth = depth,
				    .class_name = tree[n].class_name,
				    .name = tree[n].name,
				    .location = tree[n].location };
}

static bool is_there(struct fake *fake, uint64_t id)
{
	bool there;

	pthread_mutex_lock(&fake->lock);
	there = id >= WIRE_ROOT_ID && id < FAKE_ID(FAKE_ENTRIES) &&
		!fake->hidden[id - WIRE_ROOT_ID];
	pthread_mutex_unlock(&fake->lock);
	return there;
}

static void reply_entries(struct fake *fake, int socket, struct wire_frame *frame,
			  struct wire_entry *entries, size_t n)
{
	struct wire_entries_reply answer = { .generation = fake->page->tree_generation,
					     .entries = { entries, n } };

	reply(socket, frame, &wire_entries_reply_layout, &answer);
}

static size_t add_children(struct fake *fake, unsigned parent, bool recursive, uint32_t depth,
			   struct wire_entry *entries)
{
	size_t n = 0;

	for (unsigned i = 1; i < FAKE_ENTRIES; i++) {
		if (tree[i].parent != parent || !is_there(fake, FAKE_ID(i)))
			continue;
		entries[n++] = entry_of(fake, i, depth);
		if (recursive)
			n += add_children(fake, i, true, depth + 1, entries + n);
	}
	return n;
}

static void children(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_children_request request;
	struct wire_entry entries[FAKE_ENTRIES];
	size_t n = 0;

	test_equal(wire_frame_decode(frame, &wire_children_request_layout, &request), 0);
	if (strcmp(request.plane, "IOService")) {
		fake_reply_status(socket, frame, kIOReturnBadArgument);
		return;
	}
	if (!(request.options & WIRE_CHILDREN_PARENTS))
		n = add_children(fake, (unsigned)(request.id - WIRE_ROOT_ID),
				 request.options & WIRE_CHILDREN_RECURSIVE, 1, entries);
	else if (request.id != WIRE_ROOT_ID)
		entries[n++] = entry_of(fake, tree[request.id - WIRE_ROOT_ID].parent, 1);
	struct wire_children_reply answer = { .generation = fake->page->tree_generation,
					      .list_generation = fake->list_generation };
	size_t first = 0;

	size_t total = n;

	while (request.after && first < n && entries[first].id != request.after)
		first++;
	/* and what is below that one */
	do
		first += request.after != 0;
	while (first < n && entries[first].depth > 1);
	n = n > first ? n - first : 0;
	if (fake->most_children && request.max > fake->most_children)
		request.max = fake->most_children;
	answer.is_cut = request.max && n > request.max;
	answer.entries =
		(struct wire_entries){ entries + first, n > request.max ? request.max : n };
	pthread_mutex_lock(&fake->lock);
	for (size_t i = 0; i < total; i++)
		if (i < first || i >= first + answer.entries.count)
			fake->granted[entries[i].id - WIRE_ROOT_ID]--; /* it is not sent */
	pthread_mutex_unlock(&fake->lock);
	fake->n_children++;
	reply(socket, frame, &wire_children_reply_layout, &answer);
}

static void find(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_find_request request = { 0 };
	struct wire_entry entries[FAKE_ENTRIES];
	size_t n = 0;
	CFStringRef class_name;
	CFNumberRef number;
	char text[100] = "";
	int64_t id = 0;

	test_equal(wire_frame_decode(frame, &wire_find_request_layout, &request), 0);
	class_name = CFDictionaryGetValue(request.matching, CFSTR("IOProviderClass"));
	number = CFDictionaryGetValue(request.matching, CFSTR("IORegistryEntryID"));
	if (class_name)
		CFStringGetCString(class_name, text, sizeof(text), kCFStringEncodingUTF8);
	if (number)
		CFNumberGetValue(number, kCFNumberSInt64Type, &id);
	for (unsigned i = 1; i < FAKE_ENTRIES && !(n && request.first_only); i++) {
		if ((tree[i].state & 4) && is_there(fake, FAKE_ID(i)) &&
		    (!class_name || !strcmp(tree[i].class_name, text)) &&
		    (!number || (uint64_t)id == FAKE_ID(i)))
			entries[n++] = entry_of(fake, i, 0);
	}
	reply_entries(fake, socket, frame, entries, n);
	wire_message_clear(&wire_find_request_layout, &request);
}

static void find_path(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_find_path_request request;
	struct wire_entry entry;
	unsigned n = 0;

	test_equal(wire_frame_decode(frame, &wire_find_path_request_layout, &request), 0);
	if (!strcmp(request.path, "IOService:/"))
		n = FAKE_MACHINE;
	else if (!strcmp(request.path, "IOService:/fixture@5"))
		n = FAKE_SERVICE;
	if (!n) {
		fake_reply_status(socket, frame, kIOReturnNotFound);
		return;
	}
	entry = entry_of(fake, n, 0);
	reply_entries(fake, socket, frame, &entry, 1);
}

static void entry(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_entry_request request;
	struct wire_entry_reply answer = { .busy = 2, .busy_ns = 77, .holds = 3 };
	unsigned n;

	test_equal(wire_frame_decode(frame, &wire_entry_request_layout, &request), 0);
	if (!is_there(fake, request.id)) {
		fake_reply_status(socket, frame, kIOReturnNotFound);
		return;
	}
	n = (unsigned)(request.id - WIRE_ROOT_ID);
	answer.state = tree[n].state;
	answer.class_name = tree[n].class_name;
	answer.name = tree[n].name;
	pthread_mutex_lock(&fake->lock);
	fake->granted[n]++;
	pthread_mutex_unlock(&fake->lock);
	reply(socket, frame, &wire_entry_reply_layout, &answer);
}

static CFTypeRef copy_property(const char *key)
{
	int64_t big = 0x1122334455667788;
	int32_t small = -2;

	if (!strcmp(key, "text"))
		return CFStringCreateWithCString(NULL, "abc", kCFStringEncodingUTF8);
	if (!strcmp(key, "small"))
		return CFNumberCreate(NULL, kCFNumberSInt32Type, &small);
	if (!strcmp(key, "big"))
		return CFNumberCreate(NULL, kCFNumberSInt64Type, &big);
	if (!strcmp(key, "yes"))
		return CFRetain(kCFBooleanTrue);
	if (!strcmp(key, "data"))
		return CFDataCreate(NULL, (const UInt8 *)"\1\2\3", 3);
	if (!strcmp(key, "list"))
		return CFArrayCreate(NULL, NULL, 0, &kCFTypeArrayCallBacks);
	return NULL;
}

static void property(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_property_request request;
	struct wire_value_reply answer;

	test_equal(wire_frame_decode(frame, &wire_property_request_layout, &request), 0);
	fake->n_properties++;
	answer.value = copy_property(request.key);
	if (!answer.value) {
		fake_reply_status(socket, frame, kIOReturnNotFound);
		return;
	}
	reply(socket, frame, &wire_value_reply_layout, &answer);
	CFRelease(answer.value);
}

static void properties(struct fake *fake, int socket, struct wire_frame *frame)
{
	CFTypeRef key = CFSTR("text"), value = CFSTR("abc");
	struct wire_value_reply answer = {
		.value = CFDictionaryCreate(NULL, &key, &value, 1, &kCFTypeDictionaryKeyCallBacks,
					    &kCFTypeDictionaryValueCallBacks)
	};

	reply(socket, frame, &wire_value_reply_layout, &answer);
	CFRelease(answer.value);
}

static void name(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_name_request request;
	struct wire_text_reply answer;
	unsigned n;

	test_equal(wire_frame_decode(frame, &wire_name_request_layout, &request), 0);
	n = (unsigned)(request.id - WIRE_ROOT_ID);
	fake->n_names++;
	answer.text = request.what == WIRE_NAME_NAME ? tree[n].name : tree[n].location;
	if (*answer.text)
		reply(socket, frame, &wire_text_reply_layout, &answer);
	else
		fake_reply_status(socket, frame, kIOReturnNotFound);
}

static void class_of(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_class_request request;
	struct wire_class_reply answer = { .bundle = "org.example.fixture" };
	CFTypeRef classes[] = { CFSTR("FixtureDriver"), CFSTR("IOService"),
				CFSTR("IORegistryEntry"), CFSTR("OSObject") };
	size_t first = 0;
	char text[100];

	test_equal(wire_frame_decode(frame, &wire_class_request_layout, &request), 0);
	for (; first < 4; first++) {
		CFStringGetCString(classes[first], text, sizeof(text), kCFStringEncodingUTF8);
		if (!strcmp(text, request.name))
			break;
	}
	if (first == 4) {
		fake_reply_status(socket, frame, kIOReturnNotFound);
		return;
	}
	answer.ancestry =
		CFArrayCreate(NULL, classes + first, (CFIndex)(4 - first), &kCFTypeArrayCallBacks);
	reply(socket, frame, &wire_class_reply_layout, &answer);
	CFRelease(answer.ancestry);
}

static void hello(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_hello_reply answer = {
		.version = WIRE_VERSION, .pid = 1, .session = 1, .generation = 1
	};
	int fd;

	test_equal(shm_reopen_read_only(fake->page_fd, &fd), 0);
	wire_reply(socket, &frame->header, &wire_hello_reply_layout, 0, &answer, &fd, 1, true);
	close(fd);
}

static void inlet_open(struct fake *fake, int socket, struct wire_frame *frame, int *inlets)
{
	struct wire_inlet_open request;

	test_equal(wire_frame_decode(frame, &wire_inlet_open_layout, &request), 0);
	pthread_mutex_lock(&fake->lock);
	fd_close(inlets[request.inlet_class]);
	inlets[request.inlet_class] = wire_frame_take_fd(frame, 0);
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
	fake_reply_status(socket, frame, 0);
}

static void notify_add(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_notify_add request = { 0 };
	struct wire_notify_reply answer = { 0 };
	struct wire_entry entries[2];

	test_equal(wire_frame_decode(frame, &wire_notify_add_layout, &request), 0);
	if (strncmp(request.type, "IO", 2) || strstr(request.type, "Nope")) {
		fake_reply_status(socket, frame, kIOReturnUnsupported);
	} else {
		pthread_mutex_lock(&fake->lock);
		answer.subscription = ++fake->subscription;
		pthread_cond_broadcast(&fake->changed);
		pthread_mutex_unlock(&fake->lock);
		if (request.matching && !strstr(request.type, "Terminate")) {
			entries[0] = entry_of(fake, FAKE_SECOND, 0);
			entries[1] = entry_of(fake, FAKE_SERVICE, 0);
			answer.entries = (struct wire_entries){ entries, 2 };
		}
		reply(socket, frame, &wire_notify_reply_layout, &answer);
	}
	wire_message_clear(&wire_notify_add_layout, &request);
}

static void notify_next(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_entry entries[8];
	uint64_t pending[8];
	unsigned n;

	pthread_mutex_lock(&fake->lock);
	n = fake->n_pending;
	memcpy(pending, fake->pending, sizeof(pending));
	fake->n_pending = 0;
	fake->n_next++;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
	for (unsigned i = 0; i < n; i++)
		entries[i] = entry_of(fake, (unsigned)pending[i], 0);
	reply_entries(fake, socket, frame, entries, n);
}

static void notify_arm(struct fake *fake, struct wire_frame *frame)
{
	struct wire_notify_arm request;

	test_equal(wire_frame_decode(frame, &wire_notify_arm_layout, &request), 0);
	pthread_mutex_lock(&fake->lock);
	fake->n_armed += (unsigned)request.subscriptions.count;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

static void release(struct fake *fake, struct wire_frame *frame)
{
	struct wire_release request;

	test_equal(wire_frame_decode(frame, &wire_release_layout, &request), 0);
	pthread_mutex_lock(&fake->lock);
	for (size_t i = 0; i + 1 < request.pairs.count; i += 2)
		fake->released[request.pairs.items[i] - WIRE_ROOT_ID] += request.pairs.items[i + 1];
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
}

/* --- the host ---------------------------------------------------------------------- */

static void call(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_call_request request;
	struct wire_call_reply answer = { 0 };
	uint64_t sum = 0;
	uint8_t *bytes = NULL;

	test_equal(wire_frame_decode(frame, &wire_call_request_layout, &request), 0);
	pthread_mutex_lock(&fake->lock);
	fake->last_token = request.token;
	pthread_cond_broadcast(&fake->changed);
	pthread_mutex_unlock(&fake->lock);
	if (request.selector == 0) { /* sum of the scalars, structure back in reverse */
		for (size_t i = 0; i < request.scalars.count; i++)
			sum += request.scalars.items[i];
		answer.scalar_output_count = request.scalar_output_count;
		answer.scalars = (struct wire_u64s){ &sum, request.scalar_output_count ? 1 : 0 };
		if (request.scalar_output_count > 1)
			answer.scalar_output_count = 1;
		bytes = malloc(request.structure.size + 1);
		for (size_t i = 0; i < request.structure.size; i++)
			bytes[i] = ((const uint8_t *)
					    request.structure.data)[request.structure.size - 1 - i];
		answer.structure = (struct wire_bytes){ bytes, request.structure.size };
		answer.structure_output_size = request.structure.size;
		if (!(request.flags & WIRE_CALL_OUTPUT_VARIABLE) &&
		    request.structure_output_size < request.structure.size)
			answer.structure.size = answer.structure_output_size =
				request.structure_output_size;
		reply(socket, frame, &wire_call_reply_layout, &answer);
		free(bytes);
	} else if (request.selector == 1) {
		fake_reply_status(socket, frame, 0x12345678);
	} else if (request.selector == 2) { /* more than asked for */
		uint64_t scalars[16] = { 1, 2, 3 };

		answer.scalar_output_count = request.scalar_output_count + 1;
		answer.scalars = (struct wire_u64s){ scalars, request.scalar_output_count };
		reply(socket, frame, &wire_call_reply_layout, &answer);
	} else if (request.selector == 3) { /* a lie */
		uint64_t scalars[16] = { 0 };

		answer.scalar_output_count = request.scalar_output_count;
		answer.scalars = (struct wire_u64s){ scalars, 16 };
		reply(socket, frame, &wire_call_reply_layout, &answer);
	} else if (request.selector == 4) { /* dies */
		fake_kill_host(fake);
	} else if (request.selector == 5) { /* accepted, will complete later */
		reply(socket, frame, &wire_call_reply_layout, &answer);
	} else if (request.selector == 6) { /* flags and sizes as the driver sees them */
		uint64_t scalars[4] = { request.flags, request.structure.size,
					request.structure_output_size,
					(uint32_t)request.reference.count };

		answer.scalar_output_count = 4;
		answer.scalars = (struct wire_u64s){ scalars, 4 };
		reply(socket, frame, &wire_call_reply_layout, &answer);
	}
}

static void map(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_map_request request;
	struct wire_map_reply answer = { .size = 8000, .memory = 9 };
	int fd;

	test_equal(wire_frame_decode(frame, &wire_map_request_layout, &request), 0);
	if (request.memory_type == 1) {
		answer.flags = WIRE_MAP_READ_ONLY;
		answer.memory = 10;
		test_equal(shm_reopen_read_only(fake->memory_fd, &fd), 0);
	} else if (request.memory_type == 3) { /* larger than the file */
		answer.size = 1 << 20;
		fd = dup(fake->memory_fd);
	} else if (request.memory_type == 0 || request.memory_type == 5) {
		fd = dup(fake->memory_fd);
	} else {
		fake_reply_status(socket, frame, kIOReturnNoSpace);
		return;
	}
	wire_reply(socket, &frame->header, &wire_map_reply_layout, 0, &answer, &fd, 1, true);
	close(fd);
	if (request.memory_type == 5) /* dies */
		fake_kill_host(fake);
}

static void unmap(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_unmap_request request;
	struct wire_number_reply answer = { 0 };

	test_equal(wire_frame_decode(frame, &wire_unmap_request_layout, &request), 0);
	if (request.memory_type == 2) {
		fake_reply_status(socket, frame, kIOReturnNoSpace);
		return;
	}
	answer.number = request.memory_type == 0 ? 9 : request.memory_type == 1 ? 10 : 0;
	reply(socket, frame, &wire_number_reply_layout, &answer);
}

static void trap(int socket, struct wire_frame *frame)
{
	struct wire_trap_request request;
	int32_t sum = (int32_t)0;

	test_equal(wire_frame_decode(frame, &wire_trap_request_layout, &request), 0);
	for (size_t i = 0; i < request.parameters.count; i++)
		sum += (int32_t)request.parameters.items[i];
	fake_reply_status(socket, frame, sum);
}

static void handle_data_plane(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_number_reply number = { .number = FAKE_ID(FAKE_SERVICE) };

	switch (frame->header.type) {
	case WIRE_CALL:
		call(fake, socket, frame);
		break;
	case WIRE_CLOSE:
		pthread_mutex_lock(&fake->lock);
		fake->closes++;
		pthread_mutex_unlock(&fake->lock);
		fake_reply_status(socket, frame, 0);
		break;
	case WIRE_MAP:
		map(fake, socket, frame);
		break;
	case WIRE_UNMAP:
		unmap(fake, socket, frame);
		break;
	case WIRE_TRAP:
		trap(socket, frame);
		break;
	case WIRE_GET_SERVICE:
		reply(socket, frame, &wire_number_reply_layout, &number);
		break;
	case WIRE_INLET_OPEN:
		inlet_open(fake, socket, frame, fake->host_inlets);
		break;
	default:
		if (frame->header.id)
			fake_reply_status(socket, frame, kIOReturnUnsupported);
	}
}

/* --- threads -------------------------------------------------------------------------- */

static void spawn(struct fake *fake, int socket);

static void open_client(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_open_request request;
	struct wire_open_reply answer = { .user_client = FAKE_ID(FAKE_USER_CLIENT) };
	int pair[2];

	test_equal(wire_frame_decode(frame, &wire_open_request_layout, &request), 0);
	if (request.type) {
		fake_reply_status(socket, frame, kIOReturnNotPrivileged);
		return;
	}
	test_equal(fd_socketpair(pair), 0);
	pthread_mutex_lock(&fake->lock);
	fake->host_socket = pair[0];
	fake->granted[FAKE_USER_CLIENT]++;
	pthread_mutex_unlock(&fake->lock);
	spawn(fake, pair[0]);
	wire_reply(socket, &frame->header, &wire_open_reply_layout, 0, &answer, &pair[1], 1, true);
	close(pair[1]);
}

static void handle(struct fake *fake, int socket, struct wire_frame *frame)
{
	struct wire_number_reply number = { .number = 1 };
	struct wire_text_reply path = { .text = "IOService:/fixture@5" };

	switch (frame->header.type) {
	case WIRE_HELLO:
		hello(fake, socket, frame);
		break;
	case WIRE_ENTRY:
		entry(fake, socket, frame);
		break;
	case WIRE_CHILDREN:
		children(fake, socket, frame);
		break;
	case WIRE_PROPERTY:
		property(fake, socket, frame);
		break;
	case WIRE_PROPERTIES:
		properties(fake, socket, frame);
		break;
	case WIRE_PATH:
		reply(socket, frame, &wire_text_reply_layout, &path);
		break;
	case WIRE_FIND_PATH:
		find_path(fake, socket, frame);
		break;
	case WIRE_NAME:
		name(fake, socket, frame);
		break;
	case WIRE_IN_PLANE:
	case WIRE_MATCH:
		reply(socket, frame, &wire_number_reply_layout, &number);
		break;
	case WIRE_CLASS:
		class_of(fake, socket, frame);
		break;
	case WIRE_FIND:
		find(fake, socket, frame);
		break;
	case WIRE_WAIT_QUIET:
		fake_reply_status(socket, frame, kIOReturnTimeout);
		break;
	case WIRE_INLET_OPEN:
		inlet_open(fake, socket, frame, fake->inlets);
		break;
	case WIRE_NOTIFY_ADD:
		notify_add(fake, socket, frame);
		break;
	case WIRE_NOTIFY_NEXT:
		notify_next(fake, socket, frame);
		break;
	case WIRE_NOTIFY_ARM:
		notify_arm(fake, frame);
		break;
	case WIRE_RELEASE:
		release(fake, frame);
		break;
	case WIRE_OPEN:
		open_client(fake, socket, frame);
		break;
	default:
		handle_data_plane(fake, socket, frame);
	}
}

static void *serve(void *context)
{
	struct serving *serving = context;
	struct fake *fake = serving->fake;
	int socket = serving->socket;
	struct wire_frame frame = WIRE_FRAME_INIT;
	bool is_host;

	free(serving);
	while (wire_frame_receive(socket, &frame, WIRE_CALL_MAX, true) == 0) {
		pthread_mutex_lock(&fake->lock);
		is_host = fake->host_socket == socket;
		pthread_mutex_unlock(&fake->lock);
		fake_hook_fn hook = atomic_load(&fake->hook);

		if (!hook || !hook(fake, socket, &frame)) {
			if (is_host)
				handle_data_plane(fake, socket, &frame);
			else
				handle(fake, socket, &frame);
		}
		wire_frame_clear(&frame);
	}
	wire_frame_fini(&frame);
	shutdown(socket, SHUT_RDWR);
	return NULL;
}

static void spawn(struct fake *fake, int socket)
{
	struct serving *serving = malloc(sizeof(*serving));

	*serving = (struct serving){ fake, socket };
	pthread_mutex_lock(&fake->lock);
	test_true(fake->n_threads < 32);
	fake->sockets[fake->n_threads] = socket;
	pthread_create(&fake->threads[fake->n_threads++], NULL, serve, serving);
	pthread_mutex_unlock(&fake->lock);
}

static void *accept_all(void *context)
{
	struct fake *fake = context;
	int socket;

	while (fd_accept(fake->listener, &socket) == 0)
		spawn(fake, socket);
	return NULL;
}

void fake_restart(struct fake *fake)
{
	unlink(fake->path);
	test_equal(fd_listen(fake->path, &fake->listener), 0);
	pthread_create(&fake->acceptor, NULL, accept_all, fake);
}

void fake_start(struct fake *fake, fake_hook_fn hook)
{
	void *page;

	memset(fake, 0, sizeof(*fake));
	fake->hook = hook;
	fake->host_socket = -1;
	for (int i = 0; i < 8; i++)
		fake->inlets[i] = fake->host_inlets[i] = -1;
	pthread_mutex_init(&fake->lock, NULL);
	pthread_cond_init(&fake->changed, NULL);
	test_equal(shm_create("page", sizeof(*fake->page), &fake->page_fd), 0);
	test_equal(shm_map(fake->page_fd, sizeof(*fake->page), true, &page), 0);
	fake->page = page;
	fake->page->magic = WIRE_MAGIC;
	fake->page->version = WIRE_VERSION;
	fake->page->tree_generation = fake->page->name_generation = 1;
	fake->page->news_generation = 1;
	test_equal(shm_create("memory", 8192, &fake->memory_fd), 0);
	test_equal(shm_map(fake->memory_fd, 8192, true, &fake->memory), 0);
	snprintf(fake->path, sizeof(fake->path), "%s/s", test_folder());
	setenv("PORTICO_SESSION", fake->path, 1);
	fake_restart(fake);
}

void fake_stop(struct fake *fake)
{
	unsigned n = 0;

	shutdown(fake->listener, SHUT_RDWR);
	pthread_join(fake->acceptor, NULL);
	close(fake->listener);
	pthread_mutex_lock(&fake->lock);
	for (unsigned i = 0; i < fake->n_threads; i++)
		shutdown(fake->sockets[i], SHUT_RDWR);
	n = fake->n_threads;
	pthread_mutex_unlock(&fake->lock);
	for (unsigned i = 0; i < n; i++) {
		pthread_join(fake->threads[i], NULL);
		close(fake->sockets[i]);
	}
	fake->n_threads = 0;
	fake->host_socket = -1;
	for (int i = 0; i < 8; i++) {
		fake->inlets[i] = fd_close(fake->inlets[i]);
		fake->host_inlets[i] = fd_close(fake->host_inlets[i]);
	}
}

void fake_end(struct fake *fake)
{
	client_session_end();
	fake_stop(fake);
	fake_free(fake);
}

void fake_free(struct fake *fake)
{
	for (int i = 0; i < FAKE_ENTRIES; i++)
		test_equal(fake->released[i], fake->granted[i]);
	shm_unmap(fake->page, sizeof(*fake->page));
	shm_unmap(fake->memory, 8192);
	close(fake->page_fd);
	close(fake->memory_fd);
}

/* --- sending ------------------------------------------------------------------------------ */

static void send_on(struct fake *fake, int *inlets, enum wire_inlet_class inlet_class,
		    const struct wire_layout *layout, const void *message)
{
	fake_wait(fake, inlets[inlet_class] >= 0);
	test_equal(wire_send(inlets[inlet_class], layout, 0, message, NULL, 0, true), 0);
}

void fake_send_notice(struct fake *fake, uint32_t type)
{
	struct wire_notice message = { .subscription = fake->subscription, .type = type };

	send_on(fake, fake->inlets, WIRE_INLET_NOTICES, &wire_notice_layout, &message);
}

void fake_send_notices(struct fake *fake, const uint64_t *subscriptions, size_t n, uint32_t type,
		       unsigned a, unsigned b)
{
	uint64_t marks[3 * WIRE_NOTICES_MAX];
	struct wire_entry entries[WIRE_NOTICES_MAX];
	struct wire_notices message = { .generation = fake->page->news_generation,
					.marks = { marks, 3 * n },
					.entries = { entries, 2 * n } };

	for (size_t i = 0; i < n; i++) {
		marks[3 * i] = subscriptions[i];
		marks[3 * i + 1] = type;
		marks[3 * i + 2] = 2;
		entries[2 * i] = entry_of(fake, a, 0);
		entries[2 * i + 1] = entry_of(fake, b, 0);
	}
	send_on(fake, fake->inlets, WIRE_INLET_NOTICES, &wire_notices_layout, &message);
}

void fake_send_interest(struct fake *fake, unsigned n, uint32_t message_type, uint64_t argument,
			const void *data, uint32_t size)
{
	struct wire_interest message = { .subscription = fake->subscription,
					 .service = FAKE_ID(n),
					 .message_type = message_type,
					 .argument_size = size,
					 .argument = argument,
					 .data = { data, size },
					 .state = tree[n].state,
					 .class_name = tree[n].class_name };

	pthread_mutex_lock(&fake->lock);
	fake->granted[n]++;
	pthread_mutex_unlock(&fake->lock);
	send_on(fake, fake->inlets, WIRE_INLET_NOTICES, &wire_interest_layout, &message);
}

void fake_send_dead(struct fake *fake, unsigned n)
{
	uint64_t id = FAKE_ID(n);
	struct wire_dead message = { .ids = { &id, 1 } };

	send_on(fake, fake->inlets, WIRE_INLET_EVENTS, &wire_dead_layout, &message);
	fake->page->death_generation++;
}

void fake_send_completion(struct fake *fake, uint64_t token, int32_t result,
			  const uint64_t *arguments, size_t n)
{
	struct wire_completion message = { .token = token,
					   .result = result,
					   .arguments = { arguments, n } };

	send_on(fake, fake->host_inlets, WIRE_INLET_COMPLETIONS, &wire_completion_layout, &message);
}

void fake_send_wake(struct fake *fake)
{
	struct wire_empty nothing = { 0 };

	send_on(fake, fake->host_inlets, WIRE_INLET_WAKEUPS, &wire_queue_wake_layout, &nothing);
}

void fake_kill_host(struct fake *fake)
{
	pthread_mutex_lock(&fake->lock);
	if (fake->host_socket >= 0)
		shutdown(fake->host_socket, SHUT_RDWR);
	for (int i = 0; i < 8; i++)
		fake->host_inlets[i] = fd_close(fake->host_inlets[i]);
	pthread_mutex_unlock(&fake->lock);
}
