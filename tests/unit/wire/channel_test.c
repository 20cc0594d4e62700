// SPDX-License-Identifier: MIT
#include "wire/channel.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"
#include "test.h"
#include "wire/browse.h"
#include "wire/call.h"
#include "wire/memory.h"

enum { THREADS = 8 };

static struct wire_channel *open_channel(int *ret_far)
{
	struct wire_channel *channel;
	int fds[2];

	test_equal_error(fd_socketpair(fds), 0);
	test_equal_error(wire_channel_new(fds[0], WIRE_CALL_MAX, &channel), 0);
	*ret_far = fds[1];
	return channel;
}

/* WIRE_TRAP with INDEX -> the number that comes back. */
static err_t ask(struct wire_channel *channel, uint32_t index, struct wire_frame *frame,
		 uint64_t *ret_number, int32_t *ret_status)
{
	struct wire_trap_request request = { .index = index };
	struct wire_number_reply reply = { 0 };
	err_t err = wire_channel_call(channel, &wire_trap_request_layout, &request, NULL, 0,
				      &wire_number_reply_layout, &reply, frame, ret_status);

	*ret_number = reply.number;
	return err;
}

/* --- the other end ---------------------------------------------------- */

static uint32_t receive_ask(int far, struct wire_frame *frame)
{
	struct wire_trap_request request;

	test_equal_error(wire_frame_receive(far, frame, WIRE_CALL_MAX, true), 0);
	test_equal_error(wire_frame_decode(frame, &wire_trap_request_layout, &request), 0);
	return request.index;
}

static void answer(int far, const struct wire_header *request, uint64_t number)
{
	struct wire_number_reply reply = { number };

	test_equal_error(
		wire_reply(far, request, &wire_number_reply_layout, 0, &reply, NULL, 0, true), 0);
}

/* Answers every ask with its index + 1 until the other end goes. */
static void *serve(void *context)
{
	int far = *(int *)context;
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_trap_request request;
	err_t err = 0;

	while (!err && !wire_frame_receive(far, &frame, WIRE_CALL_MAX, true)) {
		struct wire_number_reply reply = { 0 };

		test_equal_error(wire_frame_decode(&frame, &wire_trap_request_layout, &request), 0);
		reply.number = request.index + 1;
		err = wire_reply(far, &frame.header, &wire_number_reply_layout, 0, &reply, NULL, 0,
				 true);
	}
	test_true(err == 0 || err == -EPIPE);
	wire_frame_fini(&frame);
	return NULL;
}

/* Collects all THREADS requests of a round and answers them in reverse. */
static void *serve_in_reverse(void *context)
{
	int far = *(int *)context, rounds = test_is_slow() ? 100 : 1000;
	struct wire_frame frame = WIRE_FRAME_INIT;

	for (int round = 0; round < rounds; round++) {
		struct wire_header headers[THREADS];
		uint32_t index[THREADS];

		for (int i = 0; i < THREADS; i++) {
			index[i] = receive_ask(far, &frame);
			headers[i] = frame.header;
		}
		for (int i = THREADS; i-- > 0;)
			answer(far, &headers[i], index[i] * 3ull);
	}
	wire_frame_fini(&frame);
	return NULL;
}

static void *ask_many_in_rounds(void *context)
{
	int rounds = test_is_slow() ? 100 : 1000;
	struct wire_frame frame = WIRE_FRAME_INIT;

	for (int i = 0; i < rounds; i++) {
		uint32_t index = (uint32_t)(uintptr_t)&frame + (uint32_t)i;
		uint64_t number;
		int32_t status;

		test_equal_error(ask(context, index, &frame, &number, &status), 0);
		test_equal(number, index * 3ull);
	}
	wire_frame_fini(&frame);
	return NULL;
}

static void *ask_until_it_ends(void *context)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t number;
	int32_t status;
	err_t err;

	do {
		err = ask(context, 5, &frame, &number, &status);
	} while (!err);
	test_equal_error(err, -EPIPE);
	wire_frame_fini(&frame);
	return NULL;
}

static void start_all(pthread_t threads[THREADS], void *(*run)(void *), void *context)
{
	for (int i = 0; i < THREADS; i++)
		test_equal(pthread_create(&threads[i], NULL, run, context), 0);
}

static void join_all(pthread_t threads[THREADS])
{
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* --- tests ------------------------------------------------------------ */

TEST(a_call_returns_its_reply)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	pthread_t server;
	uint64_t number;
	int32_t status = -1;

	pthread_create(&server, NULL, serve, &far);
	for (uint32_t i = 0; i < 100; i++) {
		test_equal_error(ask(channel, i, &frame, &number, &status), 0);
		test_equal(number, i + 1);
		test_equal(status, 0);
	}
	wire_channel_unref(channel);
	pthread_join(server, NULL);
	wire_frame_fini(&frame);
	fd_close(far);
}

TEST(replies_in_any_order_find_their_callers)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	pthread_t server, threads[THREADS];

	pthread_create(&server, NULL, serve_in_reverse, &far);
	start_all(threads, ask_many_in_rounds, channel);
	join_all(threads);
	pthread_join(server, NULL);
	test_true(!wire_channel_is_closed(channel));
	wire_channel_unref(channel);
	fd_close(far);
}

static struct wire_channel_call *begin(struct wire_channel *channel, uint32_t index)
{
	struct wire_trap_request request = { .index = index };
	struct wire_channel_call *call;

	test_equal_error(wire_channel_begin(channel, &wire_trap_request_layout, &request, &call),
			 0);
	return call;
}

static err_t finish(struct wire_channel_call *call, uint64_t *ret_number)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_number_reply reply = { 0 };
	int32_t status;
	err_t err = wire_channel_finish(call, &wire_number_reply_layout, &reply, &frame, &status);

	*ret_number = reply.number;
	wire_frame_fini(&frame);
	return err;
}

/* Their replies lie in the socket, or are read by a call that waits for its own. */
TEST(calls_may_be_finished_later)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_channel_call *calls[3];
	pthread_t server;
	uint64_t number;
	int32_t status;

	pthread_create(&server, NULL, serve, &far);
	for (uint32_t i = 0; i < 3; i++)
		calls[i] = begin(channel, 10 * i);
	test_equal_error(finish(calls[1], &number), 0);
	test_equal(number, 11);
	test_equal_error(ask(channel, 7, &frame, &number, &status), 0);
	test_equal(number, 8);
	test_equal_error(finish(calls[2], &number), 0);
	test_equal(number, 21);
	wire_channel_unref(channel); /* the call keeps it */
	test_equal_error(finish(calls[0], &number), 0);
	test_equal(number, 1);
	pthread_join(server, NULL);
	wire_frame_fini(&frame);
	fd_close(far);
}

TEST(calls_that_are_finished_too_late_say_so)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_channel_call *first = begin(channel, 1), *second = begin(channel, 2);
	uint64_t number;

	fd_close(far);
	test_equal_error(finish(first, &number), -EPIPE);
	wire_channel_close(channel);
	test_equal_error(finish(second, &number), -EPIPE);
	wire_channel_unref(channel);
}

TEST(a_failed_status_is_passed_on_without_contents)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_header header = { WIRE_TRAP, WIRE_FLAG_REPLY, 1, -536870201, 0 };
	uint64_t number;
	int32_t status;

	/* The first call has ID 1: the reply may lie there before it. */
	test_equal_error(wire_frame_send(far, &header, "garbage", 7, NULL, 0, true), 0);
	test_equal_error(ask(channel, 1, &frame, &number, &status), 0);
	test_equal(status, -536870201);
	test_true(!wire_channel_is_closed(channel));
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	fd_close(far);
}

static void check_that_reply_ends_the_channel(struct wire_header header, size_t size, size_t n_fds)
{
	int far, fds[2];
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	uint64_t number, payload[2] = { 0 };
	int32_t status;

	fds[0] = fds[1] = far;
	test_equal_error(wire_frame_send(far, &header, payload, size, fds, n_fds, true), 0);
	test_equal_error(ask(channel, 1, &frame, &number, &status), -EPIPE);
	test_true(wire_channel_is_closed(channel));
	test_equal_error(ask(channel, 1, &frame, &number, &status), -EPIPE);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	fd_close(far);
}

TEST(whatever_is_not_the_reply_ends_the_channel)
{
	struct wire_header good = { WIRE_TRAP, WIRE_FLAG_REPLY, 1, 0, 0 };
	struct wire_header unknown_id = { WIRE_TRAP, WIRE_FLAG_REPLY, 2, 0, 0 };
	struct wire_header other_type = { WIRE_CALL, WIRE_FLAG_REPLY, 1, 0, 0 };
	struct wire_header request = { WIRE_TRAP, 0, 1, 0, 0 };
	struct wire_header failed = { WIRE_TRAP, WIRE_FLAG_REPLY, 1, 5, 0 };

	check_that_reply_ends_the_channel(unknown_id, 8, 0);
	check_that_reply_ends_the_channel(other_type, 8, 0);
	check_that_reply_ends_the_channel(request, 8, 0);
	check_that_reply_ends_the_channel(good, 0, 0);
	check_that_reply_ends_the_channel(good, 16, 0);
	check_that_reply_ends_the_channel(good, 8, 1);
	check_that_reply_ends_the_channel(failed, 0, 1);
}

TEST(a_second_reply_ends_the_channel)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_header header = { .type = WIRE_TRAP, .id = 1 };
	uint64_t number;
	int32_t status;

	answer(far, &header, 10);
	answer(far, &header, 11);
	test_equal_error(ask(channel, 1, &frame, &number, &status), 0);
	test_equal(number, 10);
	test_equal_error(ask(channel, 1, &frame, &number, &status), -EPIPE);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	fd_close(far);
}

/* --- questions of the peer ------------------------------------------------------------ */

static err_t tell_index(void *context, int socket, struct wire_frame *frame, bool block)
{
	struct wire_trap_request request;
	err_t err = wire_frame_decode(frame, &wire_trap_request_layout, &request);

	struct wire_number_reply reply = { request.index + 100ull };

	if (!err)
		err = wire_reply(socket, &frame->header, &wire_number_reply_layout, 0, &reply, NULL,
				 0, block);
	return err ? err : *(err_t *)context;
}

/* Asks back three times before it answers. */
static void *ask_back(void *context)
{
	int far = *(int *)context;
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_number_reply reply;
	uint64_t sum = 0;

	receive_ask(far, &frame);
	struct wire_header header = frame.header;
	for (uint32_t i = 1; i <= 3; i++) {
		struct wire_trap_request question = { .index = i };

		if (wire_send(far, &wire_trap_request_layout, i, &question, NULL, 0, true) ||
		    wire_frame_receive(far, &frame, WIRE_CALL_MAX, true))
			break;
		test_equal(frame.header.id, i);
		test_true(frame.header.flags & WIRE_FLAG_REPLY);
		test_equal_error(wire_frame_decode(&frame, &wire_number_reply_layout, &reply), 0);
		sum += reply.number;
	}
	if (sum == 306)
		answer(far, &header, sum);
	wire_frame_fini(&frame);
	return NULL;
}

TEST(questions_are_answered_while_a_call_waits)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	err_t result = 0;
	int far;
	struct wire_channel *channel = open_channel(&far);
	pthread_t peer;
	uint64_t number;
	int32_t status;

	wire_channel_serve(channel, tell_index, &result);
	test_equal(pthread_create(&peer, NULL, ask_back, &far), 0);
	test_equal_error(ask(channel, 1, &frame, &number, &status), 0);
	test_equal(number, 306);
	pthread_join(peer, NULL);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	close(far);
}

TEST(a_question_that_is_refused_ends_the_channel)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	err_t result = -EBADMSG;
	int far;
	struct wire_channel *channel = open_channel(&far);
	pthread_t peer;
	uint64_t number;
	int32_t status;

	wire_channel_serve(channel, tell_index, &result);
	test_equal(pthread_create(&peer, NULL, ask_back, &far), 0);
	test_equal_error(ask(channel, 1, &frame, &number, &status), -EPIPE);
	test_true(wire_channel_is_broken(channel));
	pthread_join(peer, NULL);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	close(far);
}

TEST(descriptors_travel_both_ways)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT, far_frame = WIRE_FRAME_INIT;
	struct wire_map_reply reply = { .size = 3 }, got;
	struct wire_header header = { .type = WIRE_MAP, .id = 1 };
	struct wire_map_request request = { 0 };
	int32_t status;

	test_equal_error(wire_reply(far, &header, &wire_map_reply_layout, 0, &reply, &far, 1, true),
			 0);
	test_equal_error(wire_channel_call(channel, &wire_map_request_layout, &request, NULL, 0,
					   &wire_map_reply_layout, &got, &frame, &status),
			 0);
	test_equal(got.size, 3);
	test_equal(frame.n_fds, 1);
	test_equal_error(wire_frame_receive(far, &far_frame, WIRE_CALL_MAX, true), 0);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	wire_frame_fini(&far_frame);
	fd_close(far);
}

TEST(p_f3_a_reply_whose_descriptors_do_not_fit_the_process_fails_alone)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_map_reply reply = { .size = 3 }, got;
	struct wire_header header = { .type = WIRE_MAP };
	struct wire_map_request request = { 0 };
	struct rlimit saved, tight;
	int32_t status;

	test_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	for (int room = 0; room < 2; room++) {
		int top = dup(0);

		close(top);
		header.id++;
		test_equal_error(
			wire_reply(far, &header, &wire_map_reply_layout, 0, &reply, &far, 1, true),
			0);
		tight = (struct rlimit){ (rlim_t)(top + room), saved.rlim_max };
		test_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
		err_t err = wire_channel_call(channel, &wire_map_request_layout, &request, NULL, 0,
					      &wire_map_reply_layout, &got, &frame, &status);
		test_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
		test_equal_error(err, room ? 0 : -EMFILE);
		test_equal(frame.n_fds, room);
		test_true(!wire_channel_is_closed(channel));
	}
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	fd_close(far);
}

TEST(a_request_that_cannot_be_sent_leaves_the_channel_usable)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_trap_request request = { .parameters = { NULL, 7 } };
	struct wire_header header = { .type = WIRE_TRAP, .id = 2 };
	uint64_t number;
	int32_t status;

	test_equal_error(wire_channel_call(channel, &wire_trap_request_layout, &request, NULL, 0,
					   NULL, NULL, &frame, &status),
			 -EMSGSIZE);
	test_equal_error(wire_channel_call(channel, &wire_trap_request_layout, &request, &far, 1,
					   NULL, NULL, &frame, &status),
			 -EINVAL);
	header.id = 3;
	answer(far, &header, 4);
	test_equal_error(ask(channel, 1, &frame, &number, &status), 0);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	fd_close(far);
}

TEST(death_of_the_peer_wakes_every_caller)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	pthread_t threads[THREADS];

	start_all(threads, ask_until_it_ends, channel);
	for (int i = 0; i < THREADS; i++)
		receive_ask(far, &frame);
	fd_close(far);
	join_all(threads);
	test_true(wire_channel_is_closed(channel));
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
}

TEST(close_from_another_thread_wakes_every_caller)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	pthread_t threads[THREADS];

	start_all(threads, ask_until_it_ends, channel);
	for (int i = 0; i < THREADS; i++)
		receive_ask(far, &frame);
	wire_channel_close(channel);
	wire_channel_close(channel);
	join_all(threads);
	test_equal_error(wire_frame_receive(far, &frame, WIRE_CALL_MAX, true), -EPIPE);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	fd_close(far);
}

/* Nobody answers within a moment. */
static err_t ask_briefly(struct wire_channel *channel)
{
	struct wire_trap_request request = { .index = 1 };
	struct wire_number_reply reply = { 0 };
	struct wire_frame frame = WIRE_FRAME_INIT;
	int32_t status;
	err_t err = wire_channel_call_until(channel, &wire_trap_request_layout, &request,
					    &wire_number_reply_layout, &reply, &frame, &status,
					    loop_now_ns() + 1000000);

	wire_frame_fini(&frame);
	return err;
}

TEST(a_call_with_a_limit_ends_the_channel)
{
	int far;
	struct wire_channel *channel = open_channel(&far);

	test_true(!wire_channel_is_expired(channel));
	test_equal_error(ask_briefly(channel), -ETIMEDOUT);
	test_true(wire_channel_is_expired(channel));
	test_true(wire_channel_is_closed(channel));
	test_true(!wire_channel_is_broken(channel));
	test_equal_error(ask_briefly(channel), -EPIPE);
	wire_channel_unref(channel);
	fd_close(far);
}

/* Before the next question is there. */
static err_t say_nothing(void *context, int socket, struct wire_frame *frame, bool block)
{
	struct pollfd p = { .fd = socket, .events = POLLIN };

	return poll(&p, 1, -1) < 0 ? -EIO : 0;
}

static err_t tell_more_than_fits(void *context, int socket, struct wire_frame *frame, bool block)
{
	while (!tell_index(context, socket, frame, false))
		;
	return tell_index(context, socket, frame, block);
}

/* Until the other end has gone. */
static void *ask_for_ever(void *context)
{
	struct wire_trap_request question = { .index = 1 };

	while (!wire_send(*(int *)context, &wire_trap_request_layout, 1, &question, NULL, 0, true))
		;
	return NULL;
}

static void ask_one_that_asks(wire_channel_fn fn)
{
	err_t result = 0;
	int far;
	struct wire_channel *channel = open_channel(&far);
	pthread_t peer;

	wire_channel_serve(channel, fn, &result);
	test_equal(pthread_create(&peer, NULL, ask_for_ever, &far), 0);
	test_equal_error(ask_briefly(channel), -ETIMEDOUT);
	pthread_join(peer, NULL);
	wire_channel_unref(channel);
	fd_close(far);
}

/* Whether it takes the answers or not. */
TEST(p_l7_a_call_with_a_limit_ends_although_the_peer_asks_for_ever)
{
	ask_one_that_asks(say_nothing);
	ask_one_that_asks(tell_more_than_fits);
}

TEST(a_call_with_a_limit_takes_the_waiting_ones_along)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	pthread_t threads[THREADS];

	start_all(threads, ask_until_it_ends, channel);
	for (int i = 0; i < THREADS; i++)
		receive_ask(far, &frame);
	test_equal_error(ask_briefly(channel), -ETIMEDOUT);
	join_all(threads);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	fd_close(far);
}

TEST(a_call_with_a_limit_does_not_wait_for_room)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_trap_request request = { .index = 1 };

	while (!wire_send(wire_channel_fd(channel), &wire_trap_request_layout, 0, &request, NULL, 0,
			  false))
		;
	test_equal_error(ask_briefly(channel), -ETIMEDOUT);
	test_true(wire_channel_is_closed(channel));
	wire_channel_unref(channel);
	fd_close(far);
}

TEST(close_amid_traffic_is_safe)
{
	for (int i = 0; i < (test_is_slow() ? 5 : 50); i++) {
		int far;
		struct wire_channel *channel = open_channel(&far);
		pthread_t server, threads[THREADS];

		pthread_create(&server, NULL, serve, &far);
		start_all(threads, ask_until_it_ends, channel);
		struct wire_frame frame = WIRE_FRAME_INIT;
		uint64_t number;
		int32_t status;
		for (int k = 0; k < 20; k++)
			test_equal_error(ask(channel, 5, &frame, &number, &status), 0);
		wire_channel_close(channel);
		join_all(threads);
		pthread_join(server, NULL);
		wire_channel_unref(channel);
		wire_frame_fini(&frame);
		fd_close(far);
	}
}

static void *post_many(void *context)
{
	struct wire_release release = { { (const uint64_t[]){ 1, 2 }, 2 } };

	for (int i = 0; i < 2000; i++)
		test_equal_error(wire_channel_post(context, &wire_release_layout, &release, 0), 0);
	return NULL;
}

TEST(posts_ask_for_no_reply_and_wait_for_room)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	pthread_t thread;

	pthread_create(&thread, NULL, post_many, channel);
	for (int i = 0; i < 2000; i++) {
		test_equal_error(wire_frame_receive(far, &frame, WIRE_CALL_MAX, true), 0);
		test_equal(frame.header.type, WIRE_RELEASE);
		test_equal(frame.header.id, 0);
	}
	pthread_join(thread, NULL);
	fd_close(far);
	struct wire_release release = { { NULL, 0 } };
	test_equal_error(wire_channel_post(channel, &wire_release_layout, &release, 0), -EPIPE);
	test_true(wire_channel_is_closed(channel));
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
}

TEST(posts_with_a_limit_give_up)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_release release = { { (const uint64_t[]){ 1, 2 }, 2 } };
	uint64_t limit = loop_now_ns() + 1000000;
	err_t err;

	do
		err = wire_channel_post(channel, &wire_release_layout, &release, limit);
	while (!err);
	test_equal_error(err, -EAGAIN);
	test_true(loop_now_ns() >= limit);
	test_true(!wire_channel_is_closed(channel));
	wire_channel_unref(channel);
	fd_close(far);
}

TEST(a_forked_child_closes_without_ending_the_connection)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_header header = { .type = WIRE_TRAP, .id = 1 };
	uint64_t number;
	int32_t status;
	pid_t child = fork();

	if (!child) {
		wire_channel_close(channel);
		_exit(wire_channel_fd(channel) == -1 && wire_channel_is_closed(channel) ? 0 : 1);
	}
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	answer(far, &header, 4);
	test_equal_error(ask(channel, 1, &frame, &number, &status), 0);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	fd_close(far);
}

TEST(p_c5_a_forked_child_sends_nothing)
{
	int far;
	struct wire_channel *channel = open_channel(&far);
	struct wire_frame frame = WIRE_FRAME_INIT;
	struct wire_release release = { { NULL, 0 } };
	uint64_t number;
	int32_t status;
	pid_t child = fork();

	if (!child)
		_exit(ask(channel, 1, &frame, &number, &status) == -EPIPE &&
				      wire_channel_post(channel, &wire_release_layout, &release,
							0) == -EPIPE
			      ? 0
			      : 1);
	test_equal(waitpid(child, &status, 0), child);
	test_equal(status, 0);
	test_equal_error(wire_frame_receive(far, &frame, WIRE_CALL_MAX, false), -EAGAIN);
	wire_channel_unref(channel);
	wire_frame_fini(&frame);
	fd_close(far);
}

TEST(the_last_reference_closes_the_socket)
{
	int far;
	struct wire_channel *channel = open_channel(&far);

	test_true(wire_channel_ref(channel) == channel);
	test_true(wire_channel_unref(channel) == NULL);
	test_true(!fd_is_hung_up(far));
	wire_channel_unref(channel);
	test_true(fd_is_hung_up(far));
	test_true(wire_channel_unref(NULL) == NULL);
	fd_close(far);
}

TEST_MAIN
