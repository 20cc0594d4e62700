// SPDX-License-Identifier: MIT
#include "wire/frame.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/shm.h"
#include "test.h"
#include "wire/call.h"
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

	test_equal(pipe2(pipes, O_CLOEXEC), 0);
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

TEST(surplus_descriptors_are_closed_and_reported)
{
	struct link l = open_link();
	int fds[253];

	for (int i = 0; i < 253; i++)
		fds[i] = l.far;
	for (size_t n = 0; n <= 253; n += n < 8 ? 1 : 49) {
		int before = test_count_fds();

		send_header(l.far, (struct wire_header){ .type = WIRE_CALL }, fds, n);
		test_equal_error(receive(&l), n <= WIRE_FDS_MAX ? 0 : -EBADMSG);
		test_equal(l.frame.n_fds, n <= WIRE_FDS_MAX ? n : 0);
		wire_frame_clear(&l.frame);
		test_equal(test_count_fds(), before);
	}
	close_link(&l);
}

TEST(descriptors_that_do_not_fit_the_process_end_the_message)
{
	struct link l = open_link();
	int fds[3] = { l.far, l.far, l.far };
	struct rlimit saved, tight;
	int before = test_count_fds();

	send_header(l.far, (struct wire_header){ .type = WIRE_CALL }, fds, 3);
	test_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	tight = saved;
	int top = dup(0);
	fd_close(top);
	tight.rlim_cur = (rlim_t)top + 1; /* room for one */
	test_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	err_t err = receive(&l);
	test_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
	test_equal_error(err, -EBADMSG);
	test_equal(test_count_fds(), before);
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
	int fds[2] = { l.far, l.far };

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

TEST_MAIN
