// SPDX-License-Identifier: MIT
/*
 * What a program gets from a registry and a host that lie: public calls of the client library whose
 * answers are the input's. The linker puts functions of ours before three of the library's: a connection
 * is one end of a socket pair, and the answer to a question lies in it before the question is asked.
 * "who" of a record is the call that is made with it; further questions of the same call take the next
 * records. An answer has the shape that was asked for unless its flags say otherwise.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <IOKit/IOReturn.h>

#include "audit.h"
#include "base/fd.h"
#include "base/shm.h"
#include "client/session.h"
#include "client_calls.h"
#include "wire/browse.h"
#include "wire/channel.h"
#include "wire/hello.h"

enum {
	LINKS_MAX = 16,
	INLETS_MAX = 8,
};

/* Bits of a record's flags. */
enum {
	AS_IT_IS = 1, /* its data is no matter of the reply's layout */
	REFUSED = 2,  /* with a status */
	WRONG_ID = 4,
	FD_MISSING = 8,
	PLAIN_FILE = 16, /* descriptors: memory without seals */
	TWICE = 32,
	NO_REPLY = 64, /* the peer goes instead */
};

struct link {
	struct wire_channel *channel; /* NULL: not in use yet */
	int socket;		      /* ours; -1: none */
	ino_t peer;		      /* the library's, under whatever number */
	uint32_t last_id;
};

static struct world {
	struct fuzz_input in;
	struct link links[LINKS_MAX];
	size_t n_links;
	int page_fd;
	int inlets[INLETS_MAX]; /* that the library has given us */
	size_t n_inlets;
	pthread_t thread; /* ours */
} w;

/* The library's own thread asks as well, and finds nothing. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* --- the peer ------------------------------------------------------------------------------- */

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

static struct link *link_new(int *ret_socket)
{
	int sockets[2];

	if (w.n_links == LINKS_MAX || fd_socketpair(sockets))
		return NULL;
	w.links[w.n_links] = (struct link){ .socket = sockets[0], .peer = inode_of(sockets[1]) };
	*ret_socket = sockets[1];
	return &w.links[w.n_links++];
}

static struct link *link_of(const struct wire_channel *channel)
{
	for (size_t i = 0; i < w.n_links; i++)
		if (w.links[i].channel == channel)
			return &w.links[i];
	return NULL;
}

static int make_fd(bool is_socket, bool plain)
{
	int fd = -1;

	if (is_socket)
		link_new(&fd);
	else if (plain)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	else if (shm_create("fuzz", 8192, &fd))
		fd = -1;
	return fd;
}

/* The data in the shape of LAYOUT: as it is when it has that, else something made of it. */
static size_t shape(const struct fuzz_record *record, const struct wire_layout *layout,
		    uint8_t *data, size_t room)
{
	struct fuzz_chance chance = { record->kind };

	if (fuzz_message_layout(record->kind) == layout) {
		memcpy(data, record->data, record->size);
		return record->size;
	}
	for (uint32_t i = 0; i < record->size; i++)
		chance.state = chance.state * 31 + record->data[i];
	return fuzz_change_layout(&chance, layout, data, 0, room);
}

static void send_answer(struct link *link, const struct wire_layout *layout,
			const struct wire_layout *reply, const struct fuzz_record *record)
{
	uint8_t data[4096] __attribute__((aligned(8)));
	struct wire_header header = {
		.type = layout->type,
		.flags = WIRE_FLAG_REPLY,
		.id = link->last_id + (record->flags & WRONG_ID ? 1 + record->kind % 3 : 0),
		.status = record->flags & REFUSED ? (int32_t)(0xe00002bc + record->kind % 64) : 0,
	};
	size_t size = record->size < sizeof(data) ? record->size : 0, n_fds = 0;
	int fds[WIRE_FDS_MAX];

	if (record->flags & AS_IT_IS || !reply)
		memcpy(data, record->data, size);
	else
		size = shape(record, reply, data, sizeof(data));
	for (size_t i = 0; reply && !(record->flags & (FD_MISSING | REFUSED)) && i < reply->n_fds;
	     i++)
		if ((fds[n_fds] = make_fd(layout->type == WIRE_OPEN, record->flags & PLAIN_FILE)) >=
		    0)
			n_fds++;
	for (int i = 0; i <= !!(record->flags & TWICE); i++)
		wire_frame_send(link->socket, &header, data, size, fds, n_fds, false);
	while (n_fds)
		fd_close(fds[--n_fds]);
}

static void answer(struct link *link, const struct wire_layout *layout,
		   const struct wire_layout *reply, const void *request)
{
	struct wire_header header = { .type = layout->type, .id = ++link->last_id };
	struct wire_hello_reply hello = { .version = WIRE_VERSION, .session = 1 };
	struct fuzz_record record;

	if (layout == &wire_hello_layout)
		wire_reply(link->socket, &header, &wire_hello_reply_layout, 0, &hello, &w.page_fd,
			   1, false);
	else if (layout->type == WIRE_INLET_OPEN || layout->type == WIRE_COMPLETIONS_OPEN)
		wire_reply(link->socket, &header, &wire_empty_layout, 0, NULL, NULL, 0, false);
	else if (!pthread_equal(pthread_self(), w.thread) || !fuzz_next(&w.in, &record))
		wire_reply(link->socket, &header, &wire_empty_layout, kIOReturnNotFound, NULL, NULL,
			   0, false);
	else if (record.flags & NO_REPLY)
		link->socket = fd_close(link->socket);
	else
		send_answer(link, layout, reply, &record);
}

/* What the library sends is well-formed; its inlets are kept. */
static void read_questions(struct link *link)
{
	struct wire_frame frame = WIRE_FRAME_INIT;

	while (link->socket >= 0 &&
	       !wire_frame_receive(link->socket, &frame, WIRE_CALL_MAX, false)) {
		_Alignas(16) unsigned char message[256];
		bool known = false;

		for (size_t i = 0; wire_layouts[i] && !known; i++)
			if (wire_layouts[i]->type == frame.header.type &&
			    !wire_frame_decode(&frame, wire_layouts[i], message)) {
				wire_message_clear(wire_layouts[i], message);
				known = true;
			}
		fuzz_require(known);
		if (frame.n_fds && w.n_inlets < INLETS_MAX && frame.header.type != WIRE_SLOTS)
			w.inlets[w.n_inlets++] = wire_frame_take_fd(&frame, 0);
	}
	wire_frame_fini(&frame);
}

/* --- in the library's place ------------------------------------------------------------------- */

err_t __wrap_fd_connect(const char *path, int *ret_fd);
err_t __real_wire_channel_new(int socket, uint64_t max, struct wire_channel **ret_channel);
err_t __wrap_wire_channel_new(int socket, uint64_t max, struct wire_channel **ret_channel);
err_t __real_wire_channel_call(struct wire_channel *channel, const struct wire_layout *layout,
			       const void *request, const int *fds, size_t n_fds,
			       const struct wire_layout *reply_layout, void *ret_reply,
			       struct wire_frame *frame, int32_t *ret_status);
err_t __wrap_wire_channel_call(struct wire_channel *channel, const struct wire_layout *layout,
			       const void *request, const int *fds, size_t n_fds,
			       const struct wire_layout *reply_layout, void *ret_reply,
			       struct wire_frame *frame, int32_t *ret_status);

err_t __real_wire_channel_call_until(struct wire_channel *channel, const struct wire_layout *layout,
				     const void *request, const struct wire_layout *reply_layout,
				     void *ret_reply, struct wire_frame *frame, int32_t *ret_status,
				     uint64_t until_ns);
err_t __wrap_wire_channel_call_until(struct wire_channel *channel, const struct wire_layout *layout,
				     const void *request, const struct wire_layout *reply_layout,
				     void *ret_reply, struct wire_frame *frame, int32_t *ret_status,
				     uint64_t until_ns);
err_t __real_wire_channel_begin(struct wire_channel *channel, const struct wire_layout *layout,
				const void *request, struct wire_channel_call **ret_call);
err_t __wrap_wire_channel_begin(struct wire_channel *channel, const struct wire_layout *layout,
				const void *request, struct wire_channel_call **ret_call);

err_t __wrap_fd_connect(const char *path, int *ret_fd)
{
	struct link *link;

	pthread_mutex_lock(&lock);
	link = link_new(ret_fd);
	pthread_mutex_unlock(&lock);
	return link ? 0 : -ENOENT;
}

/* The library's own thread may connect at the same time. */
err_t __wrap_wire_channel_new(int socket, uint64_t max, struct wire_channel **ret_channel)
{
	err_t err = __real_wire_channel_new(socket, max, ret_channel);

	pthread_mutex_lock(&lock);
	if (!err)
		for (size_t i = 0; i < w.n_links; i++) {
			struct link *link = &w.links[i];

			if (link->peer == inode_of(socket))
				link->channel = *ret_channel;
			else if (link->channel == *ret_channel)
				link->channel = NULL; /* an earlier one of the same address */
		}
	pthread_mutex_unlock(&lock);
	return err;
}

/* Before the question is asked. */
static struct link *prepare(struct wire_channel *channel, const struct wire_layout *layout,
			    const struct wire_layout *reply_layout, const void *request)
{
	struct link *link;

	pthread_mutex_lock(&lock);
	link = link_of(channel);
	if (link && link->socket >= 0)
		answer(link, layout, reply_layout, request);
	pthread_mutex_unlock(&lock);
	return link;
}

static void look_at_questions(struct link *link)
{
	pthread_mutex_lock(&lock);
	if (link)
		read_questions(link);
	pthread_mutex_unlock(&lock);
}

err_t __wrap_wire_channel_call(struct wire_channel *channel, const struct wire_layout *layout,
			       const void *request, const int *fds, size_t n_fds,
			       const struct wire_layout *reply_layout, void *ret_reply,
			       struct wire_frame *frame, int32_t *ret_status)
{
	struct link *link = prepare(channel, layout, reply_layout, request);
	err_t err = __real_wire_channel_call(channel, layout, request, fds, n_fds, reply_layout,
					     ret_reply, frame, ret_status);

	look_at_questions(link);
	return err;
}

err_t __wrap_wire_channel_call_until(struct wire_channel *channel, const struct wire_layout *layout,
				     const void *request, const struct wire_layout *reply_layout,
				     void *ret_reply, struct wire_frame *frame, int32_t *ret_status,
				     uint64_t until_ns)
{
	struct link *link = prepare(channel, layout, reply_layout, request);
	err_t err = __real_wire_channel_call_until(channel, layout, request, reply_layout,
						   ret_reply, frame, ret_status, until_ns);

	look_at_questions(link);
	return err;
}

/* Walks ask for the next part early. */
err_t __wrap_wire_channel_begin(struct wire_channel *channel, const struct wire_layout *layout,
				const void *request, struct wire_channel_call **ret_call)
{
	const struct wire_layout *reply =
		layout->type == WIRE_CHILDREN ? &wire_children_reply_layout : NULL;
	struct link *link = prepare(channel, layout, reply, request);
	err_t err = __real_wire_channel_begin(channel, layout, request, ret_call);

	look_at_questions(link);
	return err;
}

/* --- records --------------------------------------------------------------------------------------- */

/* What came over one of the library's own inlets, then whatever it makes of it. */
static void send_to_inlet(const struct fuzz_record *record)
{
	struct wire_header header = { .type = fuzz_message_layout(record->kind)->type };

	if (w.n_inlets)
		wire_frame_send(w.inlets[record->flags % w.n_inlets], &header, record->data,
				record->size, NULL, 0, false);
	fuzz_client_call(FUZZ_CLIENT_CALLS - 1, record); /* which serves the port */
}

const struct fuzz_shape fuzz_shape = {
	.n_kinds = 96,
	.n_who = FUZZ_CLIENT_CALLS + 1, /* the last: a message on an inlet */
	.data_max = 1024,
	.name = fuzz_message_name,
	.change = fuzz_change_message,
};

/* --- all ---------------------------------------------------------------------------------------------- */

static void end(void)
{
	fuzz_client_end();
	client_session_end();
	for (size_t i = 0; i < w.n_links; i++)
		fd_close(w.links[i].socket);
	for (size_t i = 0; i < w.n_inlets; i++)
		fd_close(w.inlets[i]);
}

static void run(const uint8_t *data, size_t size)
{
	int page_fd = w.page_fd;
	struct fuzz_record record;

	w = (struct world){
		.in = fuzz_input(data, size),
		.page_fd = page_fd,
		.thread = pthread_self(),
	};
	fuzz_client_begin();
	for (int i = 0; i < FUZZ_RECORDS_MAX; i++) {
		struct fuzz_input rest = w.in;

		if (!fuzz_next(&rest, &record))
			break;
		/* Who sends by himself uses the record up; a call's first question takes it. */
		unsigned number = record.who % (FUZZ_CLIENT_CALLS + 1);
		if (number == FUZZ_CLIENT_CALLS) {
			w.in = rest;
			send_to_inlet(&record);
		} else {
			fuzz_client_call(number, &record);
		}
		if (w.in.at < rest.at)
			w.in = rest;
	}
	end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_status_page *page;
	void *base;

	if (!w.page_fd) {
		setenv("PORTICO_SESSION", "/nonexistent/portico", 1);
		fuzz_require(!shm_create_read_only("page", sizeof(*page), &w.page_fd, &base));
		page = base;
		page->magic = WIRE_MAGIC;
		page->version = WIRE_VERSION;
	}
	fuzz_audited(run, data, size);
	return 0;
}
