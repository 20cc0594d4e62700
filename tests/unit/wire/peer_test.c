// SPDX-License-Identifier: MIT
#include "wire/peer.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/fd.h"
#include "base/loop.h"
#include "failing.h"
#include "test.h"
#include "wire/browse.h"
#include "wire/call.h"
#include "wire/memory.h"
#include "wire/notice.h"
#include "wire/publish.h"

/* A peer whose loop has its own thread; the test plays the other end with plain frames. All but the
 * first group is touched on the loop's thread, or after it has ended. */
struct world {
	int far;
	struct wire_frame frame; /* what far receives */
	struct loop *loop;
	pthread_t thread;
	sem_t is_done, has_closed, has_replied;

	struct wire_peer *peer;
	bool is_inside;	 /* in a call of the module */
	bool keeps_peer; /* handle_closed is not to free it */
	int n_messages, n_closed, n_failed_calls;
	err_t verdict; /* of the message callback */
	err_t err;     /* of what the test has run on the loop */
	struct wire_header kept;
	uint64_t number;
	void (*action)(struct world *w);
	void (*during)(struct world *w); /* at each message; NULL: nothing */
	int other, n_in_a_row, most_in_a_row;
};

static err_t handle_message(void *context, struct wire_peer *peer, struct wire_frame *frame)
{
	struct world *w = context;
	struct wire_number_reply reply = { frame->header.size };

	w->n_messages++;
	w->kept = frame->header;
	if (w->during)
		w->during(w);
	if (frame->header.type == WIRE_TRAP)
		test_equal_error(wire_peer_reply(peer, &frame->header, &wire_number_reply_layout, 0,
						 &reply, NULL, 0),
				 0);
	return w->verdict;
}

static void handle_closed(void *context, struct wire_peer *peer)
{
	struct world *w = context;

	test_true(!w->is_inside);
	test_true(peer == w->peer);
	w->n_closed++;
	if (!w->keeps_peer)
		w->peer = wire_peer_free(peer);
	sem_post(&w->has_closed);
}

static const struct wire_peer_ops ops = { handle_message, handle_closed };

static void *run_loop(void *context)
{
	struct world *w = context;

	test_equal_error(loop_run(w->loop), 0);
	return NULL;
}

static void set_up(struct world *w)
{
	int fds[2];

	*w = (struct world){ .frame = WIRE_FRAME_INIT };
	test_equal_error(fd_socketpair(fds), 0);
	w->far = fds[1];
	sem_init(&w->is_done, 0, 0);
	sem_init(&w->has_closed, 0, 0);
	sem_init(&w->has_replied, 0, 0);
	test_equal_error(loop_new(&w->loop), 0);
	test_equal_error(
		wire_peer_new(w->loop, fds[0], WIRE_CONTROL_MAX, &ops, w, "test peer", &w->peer),
		0);
	test_equal_text(wire_peer_name(w->peer), "test peer");
	test_equal(wire_peer_socket(w->peer), fds[0]);
	test_equal(pthread_create(&w->thread, NULL, run_loop, w), 0);
}

static void join(struct world *w)
{
	if (w->loop) {
		loop_stop(w->loop);
		pthread_join(w->thread, NULL);
	}
}

static void tear_down(struct world *w)
{
	join(w);
	wire_peer_free(w->peer);
	loop_free(w->loop);
	wire_frame_fini(&w->frame);
	fd_close(w->far);
	sem_destroy(&w->is_done);
	sem_destroy(&w->has_closed);
	sem_destroy(&w->has_replied);
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore))
		;
}

static void run_action(void *context)
{
	struct world *w = context;

	w->is_inside = true;
	w->action(w);
	w->is_inside = false;
	sem_post(&w->is_done);
}

static void on_loop(struct world *w, void (*action)(struct world *w))
{
	w->action = action;
	test_equal_error(loop_post(w->loop, run_action, w), 0);
	wait_for(&w->is_done);
}

static err_t far_receive(struct world *w)
{
	return wire_frame_receive(w->far, &w->frame, WIRE_CALL_MAX, true);
}

static void far_send_trap(struct world *w, uint32_t id)
{
	struct wire_trap_request request = { .index = 1 };

	test_equal_error(wire_send(w->far, &wire_trap_request_layout, id, &request, NULL, 0, true),
			 0);
}

/* --- serving ---------------------------------------------------------- */

TEST(requests_are_handled_and_answered)
{
	struct world w;

	set_up(&w);
	for (uint32_t id = 1; id <= 500; id++) {
		far_send_trap(&w, id);
		test_equal_error(far_receive(&w), 0);
		test_equal(w.frame.header.id, id);
		test_equal(w.frame.header.flags, WIRE_FLAG_REPLY);
	}
	tear_down(&w);
	test_equal(w.n_messages, 500);
	test_equal(w.n_closed, 0);
}

TEST(many_requests_at_once_are_all_answered)
{
	struct world w;

	set_up(&w);
	for (uint32_t id = 1; id <= 200; id++)
		far_send_trap(&w, id);
	for (uint32_t id = 1; id <= 200; id++) {
		test_equal_error(far_receive(&w), 0);
		test_equal(w.frame.header.id, id);
	}
	tear_down(&w);
}

static void answer_kept(struct world *w)
{
	struct wire_map_reply reply = { .size = 4 };
	int fd = wire_peer_socket(w->peer);

	w->err = wire_peer_reply(w->peer, &w->kept, &wire_map_reply_layout, 0, &reply, &fd, 1);
}

/* Its messages take long: the others of the loop need not wait for all of them. */
static void be_slow(struct world *w)
{
	uint64_t until = loop_now_ns() + 2000000;

	while (loop_now_ns() < until)
		;
	w->most_in_a_row = ++w->n_in_a_row > w->most_in_a_row ? w->n_in_a_row : w->most_in_a_row;
}

static void have_a_turn(void *context, int fd, uint32_t events)
{
	struct world *w = context;

	w->n_in_a_row = 0;
}

static void add_another(struct world *w)
{
	uint64_t one = 1;

	w->other = eventfd(1, EFD_CLOEXEC);
	test_equal(write(w->other, &one, sizeof(one)), sizeof(one));
	test_equal_error(loop_add_fd(w->loop, w->other, EPOLLIN, have_a_turn, w), 0);
	w->during = be_slow;
}

TEST(a_peer_whose_messages_take_long_lets_others_have_their_turn)
{
	struct world w;

	set_up(&w);
	on_loop(&w, add_another);
	for (int i = 0; i < 40; i++) {
		struct wire_entry_request request = { .id = (uint64_t)i };

		test_equal_error(
			wire_send(w.far, &wire_entry_request_layout, 0, &request, NULL, 0, true),
			0);
	}
	/* Read on after its end, too. */
	w.far = fd_close(w.far);
	wait_for(&w.has_closed);
	join(&w);
	test_equal(w.n_messages, 40);
	test_true(w.most_in_a_row <= 3);
	loop_remove_fd(w.loop, w.other);
	fd_close(w.other);
	tear_down(&w);
}

TEST(a_reply_may_come_later_and_carry_descriptors)
{
	struct world w;
	struct wire_map_request request = { 1, 2 };

	set_up(&w);
	test_equal_error(wire_send(w.far, &wire_map_request_layout, 8, &request, NULL, 0, true), 0);
	far_send_trap(&w, 9); /* answered first */
	test_equal_error(far_receive(&w), 0);
	test_equal(w.frame.header.id, 9);
	w.kept = (struct wire_header){ .type = WIRE_MAP, .id = 8 };
	on_loop(&w, answer_kept);
	test_equal_error(w.err, 0);
	test_equal_error(far_receive(&w), 0);
	test_equal(w.frame.header.id, 8);
	test_equal(w.frame.n_fds, 1);
	tear_down(&w);
}

static void check_malformed(const struct wire_header *header, size_t size, err_t verdict,
			    int n_messages)
{
	struct world w;
	struct wire_header copy = *header;

	set_up(&w);
	w.verdict = verdict;
	test_equal_error(wire_frame_send(w.far, &copy, "12345678", size, NULL, 0, true), 0);
	wait_for(&w.has_closed);
	err_t err = far_receive(&w);
	if (header->type == WIRE_TRAP && !err)
		err = far_receive(&w); /* the answer was sent before the verdict */
	test_equal_error(err, -EPIPE);
	tear_down(&w);
	test_equal(w.n_messages, n_messages);
	test_equal(w.n_closed, 1);
}

TEST(a_malformed_message_ends_the_connection)
{
	check_malformed(&(struct wire_header){ .type = WIRE_MAP, .flags = 0x100 }, 0, 0, 0);
	check_malformed(&(struct wire_header){ .type = WIRE_MAP, .status = 1 }, 0, 0, 0);
	check_malformed(
		&(struct wire_header){ .type = WIRE_MAP, .id = 3, .flags = WIRE_FLAG_REPLY }, 0, 0,
		0);
	check_malformed(&(struct wire_header){ .type = WIRE_TRAP, .id = 3 }, 8, -EBADMSG, 1);
	check_malformed(&(struct wire_header){ .type = WIRE_MAP, .id = 3 }, 8, -EACCES, 1);
}

TEST(a_peer_that_goes_is_reported_after_its_last_message)
{
	struct world w;

	set_up(&w);
	for (uint32_t id = 1; id <= 100; id++) {
		struct wire_map_request request = { id, 0 };

		test_equal_error(
			wire_send(w.far, &wire_map_request_layout, 0, &request, NULL, 0, true), 0);
	}
	w.far = fd_close(w.far);
	wait_for(&w.has_closed);
	tear_down(&w);
	test_equal(w.n_messages, 100);
	test_equal(w.n_closed, 1);
}

static void far_goes_then_send(struct world *w)
{
	struct wire_drop drop = { 1 };

	for (uint32_t i = 1; i <= 100; i++) {
		struct wire_map_request request = { i, 0 };

		test_equal_error(
			wire_send(w->far, &wire_map_request_layout, 0, &request, NULL, 0, true), 0);
	}
	w->far = fd_close(w->far);
	test_equal_error(wire_peer_send(w->peer, &wire_drop_layout, &drop, NULL, 0), -EPIPE);
	test_equal_error(wire_peer_send(w->peer, &wire_drop_layout, &drop, NULL, 0), -EPIPE);
	test_equal(w->n_messages, 0);
}

TEST(the_last_words_of_a_peer_are_read_although_nothing_can_be_sent)
{
	struct world w;

	set_up(&w);
	on_loop(&w, far_goes_then_send);
	wait_for(&w.has_closed);
	tear_down(&w);
	test_equal(w.n_messages, 100);
	test_equal(w.n_closed, 1);
}

static void far_takes_no_more_then_send(struct world *w)
{
	struct wire_drop drop = { 1 };

	test_equal(shutdown(w->far, SHUT_RD), 0);
	test_equal_error(wire_peer_send(w->peer, &wire_drop_layout, &drop, NULL, 0), -EPIPE);
}

TEST(a_peer_that_takes_no_more_is_not_kept)
{
	struct world w;

	set_up(&w);
	on_loop(&w, far_takes_no_more_then_send);
	wait_for(&w.has_closed);
	test_equal_error(far_receive(&w), -EPIPE);
	tear_down(&w);
	test_equal(w.n_closed, 1);
}

static void close_peer(struct world *w)
{
	struct wire_drop drop = { 1 };

	wire_peer_close(w->peer);
	wire_peer_close(w->peer);
	test_equal_error(wire_peer_send(w->peer, &wire_drop_layout, &drop, NULL, 0), -EPIPE);
}

TEST(closing_is_reported_once_and_not_from_inside)
{
	struct world w;

	set_up(&w);
	on_loop(&w, close_peer);
	wait_for(&w.has_closed);
	test_equal_error(far_receive(&w), -EPIPE);
	tear_down(&w);
	test_equal(w.n_closed, 1);
}

TEST(a_freed_peer_reports_nothing)
{
	struct world w;

	set_up(&w);
	on_loop(&w, close_peer);
	wait_for(&w.has_closed);
	join(&w);
	test_true(w.peer == NULL);
	w.peer = wire_peer_free(NULL);
	loop_free(w.loop);
	w.loop = NULL;
	tear_down(&w);
}

/* --- a slow reader ---------------------------------------------------- */

enum { EVENTS = 2000 };

static void send_events(struct world *w)
{
	for (uint64_t i = 0; i < EVENTS && !w->err; i++) {
		struct wire_notice notice = { .subscription = i, .type = 100 };

		w->err = wire_peer_send(w->peer, &wire_notice_layout, &notice, NULL, 0);
	}
}

TEST(what_the_socket_does_not_take_is_sent_later_in_order)
{
	struct world w;
	struct wire_notice notice;

	set_up(&w);
	on_loop(&w, send_events);
	test_equal_error(w.err, 0);
	for (uint64_t i = 0; i < EVENTS; i++) {
		test_equal_error(far_receive(&w), 0);
		test_equal_error(wire_frame_decode(&w.frame, &wire_notice_layout, &notice), 0);
		test_equal(notice.subscription, i);
	}
	/* The queue is empty again: the peer still serves. */
	far_send_trap(&w, 1);
	test_equal_error(far_receive(&w), 0);
	test_equal(w.frame.header.type, WIRE_TRAP);
	tear_down(&w);
}

static void send_descriptors(struct world *w)
{
	struct wire_inlet_open open = { 1, 1 };

	for (int i = 0; i < 400 && !w->err; i++) {
		int fd = dup(wire_peer_socket(w->peer));

		w->err = wire_peer_send(w->peer, &wire_inlet_open_layout, &open, &fd, 1);
		fd_close(fd);
	}
}

TEST(queued_descriptors_are_kept_until_they_are_sent)
{
	struct world w;

	set_up(&w);
	on_loop(&w, send_descriptors);
	test_equal_error(w.err, 0);
	for (int i = 0; i < 400; i++) {
		test_equal_error(far_receive(&w), 0);
		test_equal(w.frame.n_fds, 1);
	}
	tear_down(&w);
}

static void send_without_end(struct world *w)
{
	struct wire_notice notice = { .type = 100 };

	for (int i = 0; i < 100000 && !w->err; i++, w->number++)
		w->err = wire_peer_send(w->peer, &wire_notice_layout, &notice, NULL, 0);
}

static void send_large_without_end(struct world *w)
{
	static uint64_t ids[WIRE_ENTRIES_MAX];
	struct wire_dead dead = { { ids, WIRE_ENTRIES_MAX } };

	for (int i = 0; i < 1000 && !w->err; i++, w->number++)
		w->err = wire_peer_send(w->peer, &wire_dead_layout, &dead, NULL, 0);
}

TEST(a_peer_that_does_not_read_is_cut_off)
{
	struct world w;

	set_up(&w);
	on_loop(&w, send_without_end);
	test_equal_error(w.err, -EPIPE);
	test_true(w.number > WIRE_QUEUE_MESSAGES_MAX);
	test_true(w.number < 3 * WIRE_QUEUE_MESSAGES_MAX);
	wait_for(&w.has_closed);
	tear_down(&w);
	test_equal(w.n_closed, 1);
}

static void send_many_patiently(struct world *w)
{
	struct wire_notice notice = { .type = 100 };

	wire_peer_set_patient(w->peer);
	for (; w->number < 4 * WIRE_QUEUE_MESSAGES_MAX && !w->err; w->number++) {
		notice.subscription = w->number;
		w->err = wire_peer_send(w->peer, &wire_notice_layout, &notice, NULL, 0);
	}
}

TEST(a_patient_peer_keeps_what_is_read_late)
{
	struct world w;
	struct wire_notice notice;

	set_up(&w);
	on_loop(&w, send_many_patiently);
	test_equal_error(w.err, 0);
	for (uint64_t i = 0; i < 4 * WIRE_QUEUE_MESSAGES_MAX; i++) {
		test_equal_error(far_receive(&w), 0);
		test_equal_error(wire_frame_decode(&w.frame, &wire_notice_layout, &notice), 0);
		test_equal(notice.subscription, i);
	}
	tear_down(&w);
}

TEST(the_bytes_of_the_queue_are_bounded_too)
{
	struct world w;

	set_up(&w);
	/* Memory files make large messages small for the socket, so fill it first. */
	on_loop(&w, send_events);
	on_loop(&w, send_large_without_end);
	test_equal_error(w.err, -EPIPE);
	test_true(w.number <= WIRE_QUEUE_BYTES_MAX / (WIRE_ENTRIES_MAX * 8) + 1);
	wait_for(&w.has_closed);
	tear_down(&w);
	test_equal(w.n_closed, 1);
}

/* --- somebody pays for what waits ---------------------------------------------------------- */

static size_t kept_messages, kept_bytes, kept_fds, kept_max;

static bool keep(void *context, size_t bytes, size_t n_fds, bool is_alone)
{
	if (kept_messages == kept_max)
		return false;
	test_equal(is_alone, kept_messages == 0);
	kept_messages++;
	kept_bytes += bytes;
	kept_fds += n_fds;
	return true;
}

static void kept(void *context, size_t bytes, size_t n_fds)
{
	test_true(kept_messages > 0 && kept_bytes >= bytes && kept_fds >= n_fds);
	kept_messages--;
	kept_bytes -= bytes;
	kept_fds -= n_fds;
}

static const struct wire_peer_ops paid_ops = { handle_message, handle_closed, keep, kept };

/* The loop has not begun to look at the peer. */
static void set_up_paid(struct world *w, size_t max)
{
	int fds[2];

	kept_messages = kept_bytes = kept_fds = 0;
	kept_max = max;
	*w = (struct world){ .frame = WIRE_FRAME_INIT };
	test_equal_error(fd_socketpair(fds), 0);
	w->far = fds[1];
	sem_init(&w->is_done, 0, 0);
	sem_init(&w->has_closed, 0, 0);
	sem_init(&w->has_replied, 0, 0);
	test_equal_error(loop_new(&w->loop), 0);
	test_equal_error(
		wire_peer_new(w->loop, fds[0], WIRE_CONTROL_MAX, &paid_ops, w, "paid", &w->peer),
		0);
	test_equal(pthread_create(&w->thread, NULL, run_loop, w), 0);
}

TEST(what_waits_is_paid_for_until_it_is_sent)
{
	struct world w;

	set_up_paid(&w, SIZE_MAX);
	on_loop(&w, send_events);
	test_equal_error(w.err, 0);
	for (int i = 0; i < EVENTS; i++)
		test_equal_error(far_receive(&w), 0);
	far_send_trap(&w, 1); /* when it is answered, the last one has been taken off */
	test_equal_error(far_receive(&w), 0);
	tear_down(&w);
	test_equal(kept_messages + kept_bytes + kept_fds, 0);
}

TEST(what_waits_is_paid_for_until_it_is_dropped)
{
	struct world w;

	set_up_paid(&w, SIZE_MAX);
	on_loop(&w, send_descriptors);
	test_true(kept_messages > 0 && kept_fds == kept_messages);
	tear_down(&w);
	test_equal(kept_messages + kept_bytes + kept_fds, 0);
}

TEST(nobody_to_pay_is_the_end)
{
	struct world w;

	set_up_paid(&w, 5);
	on_loop(&w, send_without_end);
	test_equal_error(w.err, -EPIPE);
	wait_for(&w.has_closed);
	tear_down(&w);
	test_equal(w.n_closed, 1);
	test_equal(kept_messages + kept_bytes + kept_fds, 0);
}

static void free_with_queue(struct world *w)
{
	w->peer = wire_peer_free(w->peer);
}

TEST(a_peer_may_be_freed_with_a_full_queue)
{
	struct world w;

	set_up(&w);
	on_loop(&w, send_descriptors);
	on_loop(&w, free_with_queue);
	tear_down(&w);
	test_equal(w.n_closed, 0);
}

/* --- asking ----------------------------------------------------------- */

static void keep_reply(void *context, err_t err, struct wire_frame *frame)
{
	struct world *w = context;
	struct wire_number_reply reply = { 0 };

	test_true(!w->is_inside || !w->peer);
	if (err) {
		test_equal_error(err, -EPIPE);
		test_true(frame == NULL);
		test_equal(w->n_closed, 0);
		w->n_failed_calls++;
	} else if (frame->header.status) {
		w->kept = frame->header;
	} else {
		test_equal_error(wire_frame_decode(frame, &wire_number_reply_layout, &reply), 0);
		w->number = reply.number;
	}
	sem_post(&w->has_replied);
}

static void ask(struct world *w)
{
	struct wire_publish publish = { .class_name = "IOService" };

	w->err = wire_peer_call(w->peer, &wire_publish_layout, &publish, NULL, 0, keep_reply, w);
}

static void answer_asked(struct world *w, uint64_t number)
{
	struct wire_number_reply reply = { number };

	test_equal_error(wire_reply(w->far, &w->frame.header, &wire_number_reply_layout, 0, &reply,
				    NULL, 0, true),
			 0);
}

TEST(a_request_of_the_peer_is_answered_through_its_callback)
{
	struct world w;

	set_up(&w);
	for (uint64_t i = 1; i <= 10; i++) {
		on_loop(&w, ask);
		test_equal_error(w.err, 0);
		test_equal_error(far_receive(&w), 0);
		test_equal(w.frame.header.type, WIRE_PUBLISH);
		test_true(w.frame.header.id != 0);
		answer_asked(&w, i * 5);
		wait_for(&w.has_replied);
		test_equal(w.number, i * 5);
	}
	tear_down(&w);
}

static void decode_reply(void *context, err_t err, struct wire_frame *frame)
{
	struct world *w = context;
	struct wire_value_reply reply;
	struct test_shortage shortage = { .at = 0 };

	test_equal_error(err, 0);
	if (w->number)
		test_shortage_begin(&shortage);
	w->err = wire_peer_decode_answer(w->peer, frame, &wire_value_reply_layout, &reply,
					 "to a test");
	if (w->number)
		test_true(test_shortage_end(&shortage));
	wire_message_clear(&wire_value_reply_layout, &reply);
	sem_post(&w->has_replied);
}

static void ask_for_value(struct world *w)
{
	struct wire_publish publish = { .class_name = "IOService" };

	test_equal_error(
		wire_peer_call(w->peer, &wire_publish_layout, &publish, NULL, 0, decode_reply, w),
		0);
}

TEST(an_answer_that_finds_no_memory_is_no_fault_of_the_peers)
{
	struct wire_value_reply reply = { CFSTR("a value") };
	struct world w;

	set_up(&w);
	for (w.number = 1; w.number != UINT64_MAX; w.number--) {
		on_loop(&w, ask_for_value);
		test_equal_error(far_receive(&w), 0);
		test_equal_error(wire_reply(w.far, &w.frame.header, &wire_value_reply_layout, 0,
					    &reply, NULL, 0, true),
				 0);
		wait_for(&w.has_replied);
		test_equal_error(w.err, w.number ? -ENOMEM : 0);
	}
	w.number = 0;
	on_loop(&w, ask_for_value);
	test_equal_error(far_receive(&w), 0);
	answer_asked(&w, UINT64_MAX);
	wait_for(&w.has_closed);
	test_equal_error(w.err, -EBADMSG);
	tear_down(&w);
}

static struct rlimit allow_no_more_descriptors(void)
{
	struct rlimit saved, none;
	int top = dup(0);

	close(top);
	test_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	none = (struct rlimit){ (rlim_t)top, saved.rlim_max };
	test_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	return saved;
}

TEST(p_f3_what_there_are_no_descriptors_for_is_refused_and_nothing_else)
{
	struct wire_inlet_open open = { .inlet = 1 };
	struct wire_number_reply reply = { 5 };
	struct rlimit saved;
	struct world w;

	set_up(&w);
	on_loop(&w, ask);
	test_equal_error(far_receive(&w), 0);
	struct wire_header asked = w.frame.header;
	saved = allow_no_more_descriptors();
	test_equal_error(wire_send(w.far, &wire_inlet_open_layout, 9, &open, &w.far, 1, true), 0);
	test_equal_error(far_receive(&w), 0);
	test_equal(w.frame.header.id, 9);
	test_equal_error(w.frame.header.status, 0xe00002be);
	struct wire_header answer = { .type = asked.type,
				      .flags = WIRE_FLAG_REPLY,
				      .id = asked.id };
	test_equal_error(wire_frame_send(w.far, &answer, &reply, sizeof(reply), &w.far, 1, true),
			 0);
	wait_for(&w.has_replied);
	test_equal_error(w.kept.status, 0xe00002be);
	test_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
	far_send_trap(&w, 10);
	test_equal_error(far_receive(&w), 0);
	test_equal(w.frame.header.id, 10);
	tear_down(&w);
	test_equal(w.n_messages, 1);
	test_equal(w.n_closed, 0);
}

TEST(a_second_answer_ends_the_connection)
{
	struct world w;

	set_up(&w);
	on_loop(&w, ask);
	test_equal_error(far_receive(&w), 0);
	answer_asked(&w, 1);
	answer_asked(&w, 2);
	wait_for(&w.has_closed);
	tear_down(&w);
	test_equal(w.number, 1);
}

TEST(an_answer_of_another_type_ends_the_connection)
{
	struct world w;

	set_up(&w);
	on_loop(&w, ask);
	test_equal_error(far_receive(&w), 0);
	w.frame.header.type = WIRE_ATTACH;
	answer_asked(&w, 1);
	wait_for(&w.has_closed);
	tear_down(&w);
	test_equal(w.n_failed_calls, 1);
}

TEST(outstanding_requests_fail_before_the_end_is_reported)
{
	struct world w;

	set_up(&w);
	for (int i = 0; i < 20; i++)
		on_loop(&w, ask);
	w.far = fd_close(w.far);
	wait_for(&w.has_closed);
	tear_down(&w);
	test_equal(w.n_failed_calls, 20);
	test_equal(w.n_closed, 1);
}

static void free_while_asking(struct world *w)
{
	struct wire_peer *peer = w->peer;

	w->peer = NULL;
	wire_peer_free(peer);
}

TEST(freeing_fails_outstanding_requests)
{
	struct world w;

	set_up(&w);
	on_loop(&w, ask);
	on_loop(&w, free_while_asking);
	tear_down(&w);
	test_equal(w.n_failed_calls, 1);
	test_equal(w.n_closed, 0);
}

static void send_wrongly(struct world *w)
{
	struct wire_publish publish = { .class_name = NULL };
	struct wire_release release = { { NULL, 0 } };
	int fd = wire_peer_socket(w->peer);
	static char name[WIRE_NAME_MAX + 2];

	memset(name, 'x', sizeof(name) - 1);
	publish.class_name = name;
	test_equal_error(wire_peer_send(w->peer, &wire_release_layout, &release, &fd, 1), -EINVAL);
	test_equal_error(wire_peer_send(w->peer, &wire_release_layout, NULL, NULL, 0), -EINVAL);
	test_equal_error(wire_peer_send(w->peer, &wire_empty_layout, NULL, NULL, 0), -EINVAL);
	test_equal_error(
		wire_peer_call(w->peer, &wire_publish_layout, &publish, NULL, 0, keep_reply, w),
		-EMSGSIZE);
	w->err = wire_peer_send(w->peer, &wire_shutdown_layout, NULL, NULL, 0);
}

TEST(what_cannot_be_sent_does_no_harm)
{
	struct world w;

	set_up(&w);
	on_loop(&w, send_wrongly);
	test_equal_error(w.err, 0);
	test_equal_error(far_receive(&w), 0);
	test_equal(w.frame.header.type, WIRE_SHUTDOWN);
	tear_down(&w);
	test_equal(w.n_failed_calls, 0);
}

/* Without memory for it: who has said something hears that nobody will answer, whenever it is closed. */
TEST(one_that_cannot_be_is_hung_up_at_once)
{
	static const struct wire_peer_ops none;
	struct test_shortage shortage = { .lasting = true };
	struct wire_peer *peer;
	struct loop *loop;
	int fds[2];

	test_equal_error(loop_new(&loop), 0);
	test_equal_error(fd_socketpair(fds), 0);
	test_equal(send(fds[1], "x", 1, 0), 1);
	test_shortage_begin(&shortage);
	err_t err = wire_peer_new(loop, fds[0], WIRE_CONTROL_MAX, &none, NULL, "one", &peer);
	struct pollfd far = { .fd = fds[1], .events = POLLIN };
	int n = poll(&far, 1, 0);
	test_true(test_shortage_end(&shortage));
	test_equal_error(err, -ENOMEM);
	test_equal(n, 1);
	test_true(far.revents & POLLHUP);
	close(fds[1]);
	loop_free(loop);
}

TEST_MAIN
