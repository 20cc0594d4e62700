// SPDX-License-Identifier: MIT
/* Inlets with a completion ring; async_result_test.c has those without. */
#include "test.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <IOKit/IOUserClient.h>

#include "base/fd.h"
#include "host/host_internal.h"
#include "wire/async.h"

enum { IN_RING = WIRE_RING_SLOTS, SEND_INVALID_DEST = 0x10000003, SEND_TIMED_OUT = 0x10000004 };

struct world {
	struct loop *loop;
	pthread_t thread;
	struct host_async *async;
	struct host_inlet *inlet;
	OSAsyncReference64 reference;
	int receiver;
	struct wire_ring_reader ring;
	uint64_t sent, taken;
};

static void *run_loop(void *context)
{
	loop_run(context);
	return NULL;
}

static void begin(struct world *w)
{
	int sockets[2], memory;

	memset(w, 0, sizeof(*w));
	test_equal(loop_new(&w->loop), 0);
	test_equal(pthread_create(&w->thread, NULL, run_loop, w->loop), 0);
	test_equal(fd_socketpair(sockets), 0);
	test_equal(host_inlet_new(w->loop, sockets[0], WIRE_INLET_COMPLETIONS, NULL, &w->inlet), 0);
	test_equal(wire_ring_create(&w->ring, &memory), 0);
	test_equal(host_inlet_use_ring(w->inlet, memory), 0);
	close(memory);
	w->receiver = sockets[1];
	w->async = host_async_new(NULL);
	test_equal(host_async_begin(w->async, w->inlet, 99, NULL, 0, w->reference), 0);
}

static void stop(void *context)
{
	loop_stop(context);
}

static void end(struct world *w)
{
	host_async_free(w->async);
	/* After what has been posted before: that holds references. */
	test_equal(loop_post(w->loop, stop, w->loop), 0);
	test_equal(pthread_join(w->thread, NULL), 0);
	host_inlet_close(w->inlet);
	host_inlet_unref(w->inlet);
	loop_free(w->loop);
	fd_close(w->receiver);
	wire_ring_destroy(&w->ring);
}

static IOReturn send_next(struct world *w, IOOptionBits options)
{
	uint64_t word = w->sent;
	IOReturn status = host_async_send(w->async, w->reference, 0, &word, 1, options);

	w->sent += status == kIOReturnSuccess;
	return status;
}

static void send_many(struct world *w, unsigned n)
{
	while (n--)
		test_equal_error(send_next(w, 0), 0);
}

/* False: the ring is empty. */
static bool take_next(struct world *w)
{
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	struct wire_ring_record record;

	if (wire_ring_take(&w->ring, &record, arguments))
		return false;
	test_equal(record.token, 99);
	test_equal(record.kind, WIRE_RING_COMPLETION);
	test_equal(record.count, 1);
	test_equal(arguments[0], w->taken);
	w->taken++;
	return true;
}

static int count_wakes(struct world *w)
{
	struct wire_frame frame = WIRE_FRAME_INIT;
	int n = 0;

	while (!wire_frame_receive(w->receiver, &frame, WIRE_CONTROL_MAX, false)) {
		test_equal(frame.header.type, WIRE_RING_WAKE);
		wire_frame_clear(&frame);
		n++;
	}
	wire_frame_fini(&frame);
	return n;
}

static void tell_of_room(struct world *w)
{
	test_equal(wire_send(w->receiver, &wire_ring_wake_layout, 0, NULL, NULL, 0, true), 0);
}

TEST(many_completions_are_one_wake_up)
{
	struct world w;

	begin(&w);
	send_many(&w, 100);
	test_equal(count_wakes(&w), 1);
	while (take_next(&w))
		;
	test_equal(w.taken, 100);
	test_true(wire_ring_sleep(&w.ring));
	send_many(&w, 100);
	test_equal(count_wakes(&w), 1);
	end(&w);
}

/* No message comes of a release: it is in its place, but wakes nobody. */
TEST(a_release_follows_silently)
{
	uint64_t arguments[WIRE_ASYNC_ARGUMENTS_MAX];
	struct wire_ring_record record;
	struct world w;

	begin(&w);
	send_many(&w, 1);
	test_equal(count_wakes(&w), 1);
	test_true(take_next(&w));
	test_true(wire_ring_sleep(&w.ring));
	test_true(host_async_release(w.async, w.reference));
	test_equal(count_wakes(&w), 0);
	test_equal(wire_ring_take(&w.ring, &record, arguments), 0);
	test_equal(record.kind, WIRE_RING_RELEASED);
	test_equal(record.token, 99);
	test_equal_error(send_next(&w, 0), SEND_INVALID_DEST);
	end(&w);
}

/* Nobody would make room for more. */
TEST(many_releases_wake)
{
	OSAsyncReference64 reference;
	struct world w;

	begin(&w);
	for (int i = 0; i <= IN_RING / 2; i++) {
		test_equal(count_wakes(&w), 0);
		test_equal(host_async_begin(w.async, w.inlet, 1, NULL, 0, reference), 0);
		test_true(host_async_release(w.async, reference));
	}
	test_equal(count_wakes(&w), 1);
	end(&w);
}

TEST(what_does_not_fit_waits_in_order)
{
	struct pollfd p;
	struct world w;

	begin(&w);
	p = (struct pollfd){ .fd = w.receiver, .events = POLLIN };
	send_many(&w, IN_RING + HOST_INLET_QUEUE_MAX);
	test_true(host_inlet_is_full(w.inlet));
	test_true(send_next(&w, 0) != 0);
	test_true(w.reference[0] & kIOUCAsyncErrorLoggedFlag);
	test_equal_error(send_next(&w, kIOUserNotifyOptionCanDrop), SEND_TIMED_OUT);
	test_equal(host_inlet_dropped(w.inlet), 2);
	/* The loop moves what waits whenever it hears of room. */
	while (w.taken < w.sent) {
		if (take_next(&w)) {
			if (wire_ring_must_tell(&w.ring, false))
				tell_of_room(&w);
		} else if (wire_ring_sleep(&w.ring)) {
			if (wire_ring_must_tell(&w.ring, true))
				tell_of_room(&w);
			test_equal(poll(&p, 1, -1), 1);
			count_wakes(&w);
		}
	}
	test_true(!take_next(&w));
	send_many(&w, 10);
	end(&w);
}

/* The next send brings what waits as far as there is room, and comes behind it. */
TEST(a_sender_does_not_wait_for_the_loop)
{
	struct world w;

	begin(&w);
	send_many(&w, IN_RING + 10);
	for (int i = 0; i < 100; i++)
		test_true(take_next(&w));
	send_many(&w, 1);
	for (uint64_t i = 0; i < IN_RING - 100 + 11; i++)
		test_true(take_next(&w));
	test_equal(w.taken, w.sent);
	end(&w);
}

TEST(a_receiver_that_has_gone_is_noticed)
{
	struct world w;

	begin(&w);
	send_many(&w, 1);
	wire_ring_close(&w.ring);
	test_equal_error(send_next(&w, 0), SEND_INVALID_DEST);
	end(&w);
	/* While there is no room as well. */
	begin(&w);
	send_many(&w, IN_RING + 10);
	wire_ring_close(&w.ring);
	test_equal_error(send_next(&w, 0), SEND_INVALID_DEST);
	end(&w);
	/* Or killed: the wake-up cannot be sent. */
	begin(&w);
	w.receiver = fd_close(w.receiver);
	test_equal_error(send_next(&w, 0), SEND_INVALID_DEST);
	end(&w);
	/* Or there would be none to send: the loop hears of it. */
	begin(&w);
	send_many(&w, IN_RING + 1);
	w.receiver = fd_close(w.receiver);
	while (send_next(&w, kIOUserNotifyOptionCanDrop) == SEND_TIMED_OUT)
		sched_yield();
	test_equal_error(send_next(&w, 0), SEND_INVALID_DEST);
	end(&w);
}

TEST(memory_that_can_be_resized_is_refused)
{
	struct world w;
	int null;

	begin(&w);
	null = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	test_equal(ftruncate(null, WIRE_RING_SIZE), 0);
	test_equal(host_inlet_use_ring(w.inlet, null), -EBADMSG);
	test_equal(host_inlet_use_ring(w.inlet, -1), -EBADMSG);
	close(null);
	send_many(&w, 1);
	end(&w);
}

TEST_MAIN
