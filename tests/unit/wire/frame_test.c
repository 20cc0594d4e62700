// SPDX-License-Identifier: MIT
#include "wire/frame.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/shm.h"
#include "failing.h"
#include "crowd.h"
#include "test.h"
#include "wire/call.h"
#include "wire/memory.h"
#include "wire/notice.h"

struct link {
	int near, far;
	struct wire_frame frame; /* what near receives */
};

static struct link open_link(void)
{
	struct link l = { .frame = WIRE_FRAME_INIT };
	int fds[2];

	test_equal_error(fd_socketpair(fds), 0);
	l.near = fds[0];
	l.far = fds[1];
	return l;
}

static void close_link(struct link *l)
{
	wire_frame_fini(&l->frame);
	fd_close(l->near);
	fd_close(l->far);
}

static err_t receive(struct link *l)
{
	return wire_frame_receive(l->near, &l->frame, WIRE_CALL_MAX, false);
}

/* Send anything at all. */
static void send_raw(int socket, const void *data, size_t size, const int *fds, size_t n_fds)
{
	static union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(253 * sizeof(int))];
	} control;
	struct iovec part = { (void *)data, size };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (n_fds) {
		control.align = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(n_fds * sizeof(int)),
		};
		memcpy(CMSG_DATA(&control.align), fds, n_fds * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	}
	test_equal(sendmsg(socket, &msg, MSG_NOSIGNAL), size);
}

static void send_header(int socket, struct wire_header header, const int *fds, size_t n_fds)
{
	send_raw(socket, &header, sizeof(header), fds, n_fds);
}

static int make_memory(size_t size, unsigned seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	test_true(fd >= 0);
	test_equal(ftruncate(fd, (off_t)size), 0);
	if (seals)
		test_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

enum { SEALED = F_SEAL_SHRINK | F_SEAL_GROW, LARGE = WIRE_INLINE_MAX + 8 };

TEST(header_payload_and_descriptors_arrive_together)
{
	struct link l = open_link();
	int pipes[2];
	struct wire_header header = { .type = WIRE_CALL, .id = 7 };

	test_equal_error(fd_socketpair(pipes), 0);
	test_equal_error(wire_frame_send(l.far, &header, "12345678", 8, pipes, 2, false), 0);
	test_equal_error(receive(&l), 0);
	test_equal(l.frame.header.type, WIRE_CALL);
	test_equal(l.frame.header.id, 7);
	test_equal(l.frame.header.size, 8);
	test_true(!memcmp(l.frame.payload.data, "12345678", 8));
	test_equal(l.frame.n_fds, 2);
	for (size_t i = 0; i < 2; i++)
		test_true(fcntl(l.frame.fds[i], F_GETFD) & FD_CLOEXEC);
	/* Taken descriptors are the taker's. */
	int taken = wire_frame_take_fd(&l.frame, 1);
	test_equal(wire_frame_take_fd(&l.frame, 1), -1);
	test_equal(wire_frame_take_fd(&l.frame, 2), -1);
	test_equal(write(taken, "x", 1), 1);
	fd_close(taken);
	fd_close(pipes[0]);
	fd_close(pipes[1]);
	close_link(&l);
}

TEST(payloads_of_every_size_arrive_whole)
{
	static const size_t sizes[] = { 0,
					8,
					4096,
					WIRE_INLINE_MAX - 8,
					WIRE_INLINE_MAX,
					WIRE_INLINE_MAX + 8,
					1024 * 1024,
					5 * 1024 * 1024 + 8 };
	struct link l = open_link();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct wire_header header = { .type = WIRE_CALL };
		char *payload = malloc(sizes[i] + 1);

		memset(payload, 'a' + (int)i, sizes[i]);
		test_equal_error(wire_frame_send(l.far, &header, payload, sizes[i], NULL, 0, false),
				 0);
		test_equal_error(receive(&l), 0);
		test_equal(l.frame.payload.size, sizes[i]);
		test_equal(l.frame.n_fds, 0);
		if (sizes[i])
			test_true(!memcmp(l.frame.payload.data, payload, sizes[i]));
		test_equal(!!(l.frame.header.flags & WIRE_FLAG_MEMORY), sizes[i] > WIRE_INLINE_MAX);
		free(payload);
	}
	close_link(&l);
}

TEST(buffers_are_reused_but_large_ones_are_not_kept)
{
	struct link l = open_link();
	struct wire_header header = { .type = WIRE_CALL };
	static char large[2 * 1024 * 1024];

	test_equal_error(wire_frame_send(l.far, &header, "12345678", 8, NULL, 0, false), 0);
	test_equal_error(receive(&l), 0);
	const void *buffer = l.frame.payload.data;
	test_equal_error(wire_frame_send(l.far, &header, "12345678", 8, NULL, 0, false), 0);
	test_equal_error(receive(&l), 0);
	test_true(l.frame.payload.data == buffer);
	test_equal_error(wire_frame_send(l.far, &header, large, sizeof(large), NULL, 0, false), 0);
	test_equal_error(receive(&l), 0);
	wire_frame_clear(&l.frame);
	test_equal(l.frame.payload.capacity, 0);
	close_link(&l);
}

TEST(nothing_there_is_not_a_hang_up)
{
	struct link l = open_link();

	test_equal_error(receive(&l), -EAGAIN);
	l.far = fd_close(l.far);
	test_equal_error(receive(&l), -EPIPE);
	struct wire_header header = { .type = WIRE_CALL };
	test_equal_error(wire_frame_send(l.near, &header, NULL, 0, NULL, 0, false), -EPIPE);
	close_link(&l);
}

/* The kernel reports unread requests before the replies that the peer had sent. */
TEST(what_a_peer_sent_before_it_went_is_delivered)
{
	struct link l = open_link();
	struct wire_header header = { .type = WIRE_CALL };

	test_equal_error(wire_frame_send(l.near, &header, NULL, 0, NULL, 0, false), 0);
	test_equal_error(wire_frame_send(l.far, &header, "12345678", 8, NULL, 0, false), 0);
	l.far = fd_close(l.far);
	test_equal_error(receive(&l), 0);
	test_equal(l.frame.payload.size, 8);
	test_equal_error(receive(&l), -EPIPE);
	close_link(&l);
}

TEST(malformed_headers_are_refused)
{
	static const struct wire_header bad[] = {
		{ .type = 0 },
		{ .type = WIRE_CALL, .flags = 4 },
		{ .type = WIRE_CALL, .flags = 0x80000001, .id = 1 },
		{ .type = WIRE_CALL, .size = 8 }, /* and no payload */
		{ .type = WIRE_CALL, .size = UINT64_MAX },
		{ .type = WIRE_CALL, .status = 1 },				 /* no reply */
		{ .type = WIRE_CALL, .flags = WIRE_FLAG_REPLY },		 /* to nothing */
		{ .type = WIRE_CALL, .flags = WIRE_FLAG_MEMORY, .size = LARGE }, /* and no memory */
	};
	struct link l = open_link();
	struct wire_header good = { .type = WIRE_CALL };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		send_header(l.far, bad[i], NULL, 0);
		test_equal_error(receive(&l), -EBADMSG);
	}
	for (size_t n = 1; n < sizeof(good); n++) {
		send_raw(l.far, &good, n, NULL, 0);
		test_equal_error(receive(&l), -EBADMSG);
	}
	/* More payload than the header says, and more than fits. */
	static char large[sizeof(good) + WIRE_INLINE_MAX + 8];
	memcpy(large, &good, sizeof(good));
	send_raw(l.far, large, sizeof(good) + 8, NULL, 0);
	test_equal_error(receive(&l), -EBADMSG);
	good.size = WIRE_INLINE_MAX + 8;
	memcpy(large, &good, sizeof(good));
	send_raw(l.far, large, sizeof(large), NULL, 0);
	test_equal_error(receive(&l), -EBADMSG);
	close_link(&l);
}

TEST(the_payload_bound_of_the_caller_holds)
{
	struct link l = open_link();
	struct wire_header header = { .type = WIRE_CALL };
	static char payload[LARGE];

	test_equal_error(wire_frame_send(l.far, &header, payload, 16, NULL, 0, false), 0);
	test_equal_error(wire_frame_receive(l.near, &l.frame, 8, false), -EBADMSG);
	test_equal_error(wire_frame_send(l.far, &header, payload, LARGE, NULL, 0, false), 0);
	test_equal_error(wire_frame_receive(l.near, &l.frame, LARGE - 8, false), -EBADMSG);
	test_equal_error(receive(&l), -EAGAIN);
	close_link(&l);
}

/* Sockets that nobody wants are closed soon, by another thread. */
static void await_fds(int n)
{
	while (test_count_fds() != n)
		sched_yield();
}

TEST(surplus_descriptors_are_closed_and_reported)
{
	struct link l = open_link();
	int fds[253], other[2];

	test_equal_error(fd_socketpair(other), 0);
	for (int i = 0; i < 253; i++)
		fds[i] = other[0];
	for (size_t n = 0; n <= 253; n += n < 8 ? 1 : 49) {
		int before = test_count_fds();

		send_header(l.far, (struct wire_header){ .type = WIRE_CALL }, fds, n);
		test_equal_error(receive(&l), n <= WIRE_FDS_MAX ? 0 : -EBADMSG);
		test_equal(l.frame.n_fds, n <= WIRE_FDS_MAX ? n : 0);
		wire_frame_clear(&l.frame);
		await_fds(before);
	}
	fd_close(other[0]);
	fd_close(other[1]);
	close_link(&l);
}

TEST(what_is_neither_socket_nor_memory_ends_the_connection)
{
	struct link l = open_link();
	int fds[2] = { l.far, open("/dev/null", O_RDONLY | O_CLOEXEC) };
	int before = test_count_fds();

	for (size_t first = 0; first < 2; first++) {
		send_header(l.far, (struct wire_header){ .type = WIRE_CALL }, fds + first,
			    2 - first);
		test_equal_error(receive(&l), -EBADMSG);
		test_equal(l.frame.n_fds, 0);
		await_fds(before);
	}
	fd_close(fds[1]);
	close_link(&l);
}

enum { SOMEBODY = 12345 };

TEST(from_whose_descriptors_wait_to_be_closed_come_no_more)
{
	struct link l = open_link();

	crowd(SOMEBODY);
	int before = test_count_fds();
	l.frame.sender = SOMEBODY;
	send_header(l.far, (struct wire_header){ .type = WIRE_CALL }, NULL, 0);
	send_header(l.far, (struct wire_header){ .type = WIRE_CALL }, &l.far, 1);
	test_equal_error(receive(&l), 0);
	test_equal_error(receive(&l), -EBADMSG);
	test_equal(test_count_fds(), before);
	l.frame.sender = SOMEBODY + 1;
	test_equal_error(receive(&l), 0);
	test_equal(l.frame.n_fds, 1);
	uncrowd(SOMEBODY);
	close_link(&l);
}

/* What is received while this process may open ROOM descriptors more. */
static void receive_with_room(struct link *l, rlim_t room)
{
	struct rlimit saved, tight;
	int top = dup(0);

	fd_close(top);
	test_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	tight = saved;
	tight.rlim_cur = (rlim_t)top + room;
	test_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	err_t err = receive(l);
	test_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
	test_equal_error(err, 0);
}

TEST(p_f3_descriptors_that_do_not_fit_the_process_are_refused)
{
	struct link l = open_link();
	int fds[3] = { l.far, l.far, l.far }, before = test_count_fds();
	struct wire_map_reply reply = { .size = 8 }, got;
	struct wire_header header = { .type = WIRE_MAP, .id = 1 };

	for (rlim_t room = 0; room < 3; room++) {
		send_header(l.far, (struct wire_header){ .type = WIRE_CALL, .id = 7 }, fds, 3);
		receive_with_room(&l, room);
		test_true(l.frame.is_refused);
		test_equal(l.frame.header.id, 7);
		test_equal(l.frame.n_fds, 0);
		await_fds(before);
	}
	test_equal_error(
		wire_reply(l.far, &header, &wire_map_reply_layout, 0, &reply, fds, 1, true), 0);
	receive_with_room(&l, 0);
	test_equal_error(wire_frame_decode(&l.frame, &wire_map_reply_layout, &got), -EMFILE);
	test_equal(got.size, 0);
	close_link(&l);
}

TEST(p_f3_a_payload_whose_memory_does_not_fit_the_process_is_refused)
{
	struct link l = open_link();
	struct wire_header header = { .type = WIRE_CALL, .id = 7 };
	uint8_t *large = calloc(1, LARGE);

	test_true(large != NULL);
	test_equal_error(wire_frame_send(l.far, &header, large, LARGE, NULL, 0, false), 0);
	receive_with_room(&l, 0);
	test_true(l.frame.is_refused);
	test_equal(l.frame.payload.size, 0);
	test_equal_error(wire_frame_send(l.far, &header, large, LARGE, NULL, 0, false), 0);
	test_equal_error(receive(&l), 0);
	test_true(!l.frame.is_refused);
	test_equal(l.frame.payload.size, LARGE);
	free(large);
	close_link(&l);
}

TEST(only_sealed_memory_of_the_promised_size_is_read)
{
	struct link l = open_link();
	struct wire_header header = { .type = WIRE_CALL, .flags = WIRE_FLAG_MEMORY, .size = LARGE };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC),
	    zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	int files[] = {
		make_memory(LARGE, 0),
		make_memory(LARGE, F_SEAL_SHRINK),
		make_memory(LARGE, F_SEAL_GROW),
		make_memory(LARGE - 1, SEALED),
		make_memory(0, SEALED),
		null,
		zero,
		l.far,
		make_memory(LARGE, SEALED), /* the good one */
	};
	size_t n = sizeof(files) / sizeof(*files);

	for (size_t i = 0; i < n; i++) {
		send_header(l.far, header, &files[i], 1);
		test_equal_error(receive(&l), i == n - 1 ? 0 : -EBADMSG);
	}
	test_equal(l.frame.payload.size, LARGE);
	/* A small payload has no business in a memory file, nor an inline one beside it. */
	header.size = WIRE_INLINE_MAX;
	send_header(l.far, header, &files[n - 1], 1);
	test_equal_error(receive(&l), -EBADMSG);
	struct {
		struct wire_header header;
		uint64_t payload;
	} both = { header, 0 };
	both.header.size = LARGE;
	send_raw(l.far, &both, sizeof(both), &files[n - 1], 1);
	test_equal_error(receive(&l), -EBADMSG);
	for (size_t i = 0; i < n; i++)
		if (files[i] != l.far)
			fd_close(files[i]);
	close_link(&l);
}

TEST(the_memory_file_does_not_count_among_the_descriptors)
{
	struct link l = open_link();
	struct wire_header header = { .type = WIRE_CALL };
	static char payload[LARGE];
	int fds[4] = { l.far, l.far, l.far, l.far };

	test_equal_error(wire_frame_send(l.far, &header, payload, LARGE, fds, 3, false), 0);
	test_equal_error(receive(&l), 0);
	test_equal(l.frame.n_fds, 3);
	test_equal_error(wire_frame_send(l.far, &header, payload, LARGE, fds, 4, false), -EMSGSIZE);
	close_link(&l);
}

TEST(a_full_socket_is_an_error_unless_waiting_was_asked_for)
{
	struct link l = open_link();
	struct wire_header header = { .type = WIRE_CALL };
	err_t err = 0;
	int n = 0;

	for (; !err && n < 100000; n++)
		err = wire_frame_send(l.far, &header, NULL, 0, NULL, 0, false);
	test_equal_error(err, -EAGAIN);
	for (int i = 0; i < n - 1; i++)
		test_equal_error(receive(&l), 0);
	test_equal_error(receive(&l), -EAGAIN);
	close_link(&l);
}

static void *receive_5000(void *context)
{
	struct link *l = context;

	for (int i = 0; i < 5000; i++)
		test_equal_error(wire_frame_receive(l->near, &l->frame, WIRE_CALL_MAX, true), 0);
	return NULL;
}

TEST(waiting_works_on_sockets_that_somebody_made_non_blocking)
{
	struct link l = open_link();
	struct wire_header header = { .type = WIRE_CALL };
	static char payload[1024];
	pthread_t thread;

	test_equal(fcntl(l.near, F_SETFL, O_NONBLOCK), 0);
	test_equal(fcntl(l.far, F_SETFL, O_NONBLOCK), 0);
	test_equal(pthread_create(&thread, NULL, receive_5000, &l), 0);
	for (int i = 0; i < 5000; i++)
		test_equal_error(
			wire_frame_send(l.far, &header, payload, sizeof(payload), NULL, 0, true),
			0);
	pthread_join(thread, NULL);
	close_link(&l);
}

TEST(messages_carry_exactly_their_descriptors)
{
	struct link l = open_link();
	struct wire_inlet_open open = { 3, WIRE_INLET_NOTICES }, got;
	int fds[2];

	test_equal_error(fd_socketpair(fds), 0);
	test_equal_error(wire_send(l.far, &wire_inlet_open_layout, 1, &open, NULL, 0, false),
			 -EINVAL);
	test_equal_error(wire_send(l.far, &wire_inlet_open_layout, 1, &open, fds, 2, false),
			 -EINVAL);
	test_equal_error(wire_send(l.far, &wire_empty_layout, 1, NULL, NULL, 0, false), -EINVAL);
	test_equal_error(wire_send(l.far, &wire_inlet_open_layout, 1, &open, fds, 1, false), 0);
	test_equal_error(receive(&l), 0);
	test_equal_error(wire_frame_decode(&l.frame, &wire_inlet_open_layout, &got), 0);
	test_equal(got.inlet, 3);
	struct wire_header header = { .type = WIRE_INLET_OPEN };
	uint64_t payload[2] = { 3, 1 };
	for (size_t n = 0; n <= 2; n++) {
		test_equal_error(wire_frame_send(l.far, &header, payload, 16, fds, n, false), 0);
		test_equal_error(receive(&l), 0);
		test_equal_error(wire_frame_decode(&l.frame, &wire_inlet_open_layout, &got),
				 n == 1 ? 0 : -EBADMSG);
	}
	fd_close(fds[0]);
	fd_close(fds[1]);
	close_link(&l);
}

TEST(replies_repeat_type_and_id_and_carry_the_status)
{
	struct link l = open_link();
	struct wire_header request = { .type = WIRE_CALL, .id = 9 };
	struct wire_call_reply reply = { .scalar_output_count = 2 }, got;

	test_equal_error(
		wire_reply(l.far, &request, &wire_call_reply_layout, 0, &reply, NULL, 0, false), 0);
	test_equal_error(receive(&l), 0);
	test_equal(l.frame.header.type, WIRE_CALL);
	test_equal(l.frame.header.id, 9);
	test_equal(l.frame.header.flags, WIRE_FLAG_REPLY);
	test_equal_error(wire_frame_decode(&l.frame, &wire_call_reply_layout, &got), 0);
	test_equal(got.scalar_output_count, 2);
	/* A failure needs neither contents nor descriptors. */
	test_equal_error(
		wire_reply(l.far, &request, &wire_inlet_open_layout, -5, NULL, NULL, 0, false), 0);
	test_equal_error(receive(&l), 0);
	test_equal(l.frame.header.status, -5);
	test_equal_error(
		wire_reply(l.far, &request, &wire_call_reply_layout, 0, NULL, NULL, 0, false),
		-EINVAL);
	/* Nobody waits for this one. */
	request.id = 0;
	test_equal_error(wire_reply(l.far, &request, &wire_empty_layout, 0, NULL, NULL, 0, false),
			 0);
	test_equal_error(receive(&l), -EAGAIN);
	close_link(&l);
}

TEST(structures_of_every_size_are_sent_from_where_they_lie)
{
	static const size_t sizes[] = { 0,     1,     1023,  1024,  1025,   4096,
					32000, 32700, 32768, 70001, 9000001 };
	struct link l = open_link();

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *structure = malloc(sizes[i] + 1);
		uint64_t scalars[2] = { 1, 2 };
		struct wire_call_request call = { .scalars = { scalars, 2 },
						  .structure = { structure, sizes[i] } },
					 got;

		memset(structure, 's', sizes[i]);
		test_equal_error(
			wire_send(l.far, &wire_call_request_layout, 1, &call, NULL, 0, false), 0);
		test_equal_error(receive(&l), 0);
		test_equal_error(wire_frame_decode(&l.frame, &wire_call_request_layout, &got), 0);
		test_equal(got.structure.size, sizes[i]);
		test_true(!memcmp(got.structure.data, structure, sizes[i]));
		test_equal(got.scalars.items[1], 2);
		free(structure);
	}
	close_link(&l);
}

TEST(messages_larger_than_the_stack_buffer_are_encoded_on_the_heap)
{
	struct link l = open_link();
	uint64_t ids[2000] = { 4 };
	struct wire_dead dead = { { ids, 2000 } }, got;

	test_equal_error(wire_send(l.far, &wire_dead_layout, 0, &dead, NULL, 0, false), 0);
	test_equal_error(receive(&l), 0);
	test_equal_error(wire_frame_decode(&l.frame, &wire_dead_layout, &got), 0);
	test_equal(got.ids.count, 2000);
	test_equal(got.ids.items[0], 4);
	dead.ids.count = WIRE_ENTRIES_MAX + 1;
	test_equal_error(wire_send(l.far, &wire_dead_layout, 0, &dead, NULL, 0, false), -EMSGSIZE);
	close_link(&l);
}

/* --- calls that fail --------------------------------------------------- */

static err_t send_one(struct link *l, size_t size, const int *fds, size_t n_fds)
{
	static char payload[LARGE];
	struct wire_header header = { .type = WIRE_CALL };

	return wire_frame_send(l->far, &header, payload, size, fds, n_fds, false);
}

TEST(interrupted_calls_are_made_again)
{
	struct link l = open_link();

	test_fail_call("sendmsg", 0, EINTR);
	test_equal_error(send_one(&l, 8, NULL, 0), 0);
	test_true(test_calls_failed());
	test_fail_call("pwrite64", 0, EINTR);
	test_equal_error(send_one(&l, LARGE, NULL, 0), 0);
	test_true(test_calls_failed());
	test_fail_call("recvmsg", 0, EINTR);
	test_equal_error(receive(&l), 0);
	test_true(test_calls_failed());
	test_fail_call("pread64", 0, EINTR);
	test_equal_error(receive(&l), 0);
	test_true(test_calls_failed());
	test_equal(l.frame.payload.size, LARGE);
	close_link(&l);
}

TEST(a_failed_send_is_told_as_what_it_means)
{
	static const int errors[][2] = {
		{ ECONNRESET, -EPIPE }, { ENOTCONN, -EPIPE },	   { EPIPE, -EPIPE },
		{ EMFILE, -EMFILE },	{ ETOOMANYREFS, -EMFILE }, { ENFILE, -EMFILE },
		{ ENOBUFS, -ENOMEM },	{ ENOMEM, -ENOMEM },	   { EACCES, -EACCES },
	};
	struct link l = open_link();

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		test_fail_call("sendmsg", 0, errors[i][0]);
		test_equal_error(send_one(&l, 8, NULL, 0), errors[i][1]);
		test_true(test_calls_failed());
	}
	test_equal_error(receive(&l), -EAGAIN);
	close_link(&l);
}

TEST(a_failed_receive_is_told_as_what_it_means)
{
	static const int errors[][2] = { { ENOTCONN, -EPIPE },
					 { EPIPE, -EPIPE },
					 { ENOMEM, -ENOMEM } };
	struct link l = open_link();

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		test_fail_call("recvmsg", 0, errors[i][0]);
		test_equal_error(receive(&l), errors[i][1]);
		test_true(test_calls_failed());
	}
	close_link(&l);
}

TEST(waiting_stands_an_interruption_and_nothing_else)
{
	struct link l = open_link();
	err_t err = 0;

	test_equal_error(send_one(&l, 8, NULL, 0), 0);
	test_fail_call("recvmsg", 0, EAGAIN);
	test_fail_call("poll", 0, EINTR);
	test_equal_error(wire_frame_receive(l.near, &l.frame, WIRE_CALL_MAX, true), 0);
	test_true(test_calls_failed());
	test_equal(fcntl(l.near, F_SETFL, O_NONBLOCK), 0);
	test_equal(fcntl(l.far, F_SETFL, O_NONBLOCK), 0);
	test_fail_call("poll", 0, ENOMEM);
	test_equal_error(wire_frame_receive(l.near, &l.frame, WIRE_CALL_MAX, true), -ENOMEM);
	test_true(test_calls_failed());
	while (!err)
		err = send_one(&l, 8, NULL, 0);
	test_equal_error(err, -EAGAIN);
	struct wire_header header = { .type = WIRE_CALL };
	test_fail_call("poll", 0, ENOMEM);
	test_equal_error(wire_frame_send(l.far, &header, NULL, 0, NULL, 0, true), -ENOMEM);
	test_true(test_calls_failed());
	close_link(&l);
}

TEST(a_payload_that_cannot_be_written_is_not_sent)
{
	static const int errors[][2] = { { EMFILE, -EMFILE },
					 { ENFILE, -EMFILE },
					 { EPERM, -ENOMEM } };
	struct link l = open_link();

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		test_fail_call("memfd_create", 0, errors[i][0]);
		test_equal_error(send_one(&l, LARGE, NULL, 0), errors[i][1]);
		test_true(test_calls_failed());
	}
	test_fail_call("pwrite64", 0, ENOSPC);
	test_equal_error(send_one(&l, LARGE, NULL, 0), -ENOMEM);
	test_true(test_calls_failed());
	test_equal_error(receive(&l), -EAGAIN);
	close_link(&l);
}

TEST(a_payload_that_cannot_be_read_is_refused)
{
	static const char *const calls[] = { "fstat64", "pread64" };
	struct link l = open_link();

	for (size_t i = 0; i < 2; i++) {
		test_equal_error(send_one(&l, LARGE, NULL, 0), 0);
		test_fail_call(calls[i], 0, EIO);
		test_equal_error(receive(&l), -EBADMSG);
		test_true(test_calls_failed());
	}
	close_link(&l);
}

static bool allow(void *context, uint64_t size)
{
	*(uint64_t *)context = size;
	return true;
}

static bool refuse(void *context, uint64_t size)
{
	*(uint64_t *)context = size;
	return false;
}

TEST(the_receiver_may_refuse_a_payload_before_it_is_read)
{
	struct link l = open_link();
	uint64_t asked = 0;

	l.frame.may_read = allow;
	l.frame.may_read_context = &asked;
	test_equal_error(send_one(&l, LARGE, NULL, 0), 0);
	test_equal_error(receive(&l), 0);
	test_equal(l.frame.payload.size, LARGE);
	l.frame.may_read = refuse;
	l.frame.may_read_context = &asked;
	test_equal_error(send_one(&l, LARGE, NULL, 0), 0);
	test_equal_error(receive(&l), 0);
	test_equal(asked, LARGE);
	test_true(l.frame.is_refused);
	test_equal(l.frame.payload.size, 0);
	/* A small one is there already. */
	test_equal_error(send_one(&l, 8, NULL, 0), 0);
	test_equal_error(receive(&l), 0);
	test_true(!l.frame.is_refused);
	close_link(&l);
}

TEST(other_control_messages_are_passed_over)
{
	struct link l = open_link();
	int on = 1;

	test_equal(setsockopt(l.near, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	test_equal_error(send_one(&l, 8, &l.far, 1), 0);
	test_equal_error(receive(&l), 0);
	test_equal(l.frame.n_fds, 1);
	close_link(&l);
}

TEST(more_descriptors_than_a_message_takes_are_not_sent)
{
	struct link l = open_link();
	int fds[WIRE_FDS_MAX + 1];

	for (size_t i = 0; i <= WIRE_FDS_MAX; i++)
		fds[i] = l.far;
	test_equal_error(send_one(&l, 8, fds, WIRE_FDS_MAX + 1), -EMSGSIZE);
	struct wire_header request = { .type = WIRE_INLET_OPEN, .id = 1 };
	test_equal_error(
		wire_reply(l.far, &request, &wire_inlet_open_layout, -5, NULL, fds, 2, false),
		-EINVAL);
	test_equal_error(receive(&l), -EAGAIN);
	close_link(&l);
}

TEST(contents_are_needed_where_there_are_fields)
{
	struct link l = open_link();

	test_equal_error(wire_send(l.far, &wire_call_request_layout, 1, NULL, NULL, 0, false),
			 -EINVAL);
	const struct wire_layout none = { "probe", WIRE_CALL, 0, 0, 0, NULL, 0 };
	test_equal_error(wire_send(l.far, &none, 1, NULL, NULL, 0, false), 0);
	test_equal_error(receive(&l), 0);
	struct wire_header request = { .type = WIRE_CALL, .id = 1 };
	test_equal_error(wire_reply(l.far, &request, &none, 0, NULL, NULL, 0, false), 0);
	test_equal_error(receive(&l), 0);
	close_link(&l);
}

TEST(frames_stand_every_failed_allocation)
{
	struct link l = open_link();
	uint64_t ids[2000] = { 4 };
	struct wire_dead dead = { { ids, 2000 } };

	test_each_shortage(s)
	{
		test_shortage_begin(&s);
		err_t err = wire_send(l.far, &wire_dead_layout, 0, &dead, NULL, 0, false);
		test_equal_error(err, test_shortage_end(&s) ? -ENOMEM : 0);
		if (err)
			test_equal_error(send_one(&l, 8, NULL, 0), 0);
		wire_frame_fini(&l.frame);
		test_equal_error(receive(&l), 0);
	}
	/* What did not fit is still there. */
	test_each_shortage(s)
	{
		struct wire_frame frame = WIRE_FRAME_INIT, other = WIRE_FRAME_INIT;

		/* The buffer that frames hand to each other is in other hands. */
		test_equal_error(send_one(&l, 8, NULL, 0), 0);
		test_equal_error(wire_frame_receive(l.near, &other, WIRE_CALL_MAX, false), 0);
		test_equal_error(send_one(&l, LARGE, NULL, 0), 0);
		test_shortage_begin(&s);
		err_t err = wire_frame_receive(l.near, &frame, WIRE_CALL_MAX, false);
		test_equal_error(err, test_shortage_end(&s) ? -ENOMEM : 0);
		while (receive(&l) != -EAGAIN)
			;
		wire_frame_fini(&frame);
		wire_frame_fini(&other);
	}
	close_link(&l);
}

TEST_MAIN
