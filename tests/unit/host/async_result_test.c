// SPDX-License-Identifier: MIT
#include "test.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <IOKit/IOUserClient.h>

#include "base/fd.h"
#include "host/host_internal.h"
#include "wire/async.h"

struct world {
	struct loop *loop;
	pthread_t thread;
	struct host_async *async;
	struct host_inlet *inlet;
	int receiver;
	struct wire_frame frame;
};

static void *run_loop(void *context)
{
	loop_run(context);
	return NULL;
}

static void begin_with(struct world *w, struct host_account *account)
{
	int sockets[2];

	memset(w, 0, sizeof(*w));
	test_equal(loop_new(&w->loop), 0);
	test_equal(pthread_create(&w->thread, NULL, run_loop, w->loop), 0);
	test_equal(fd_socketpair(sockets), 0);
	test_equal(host_inlet_new(w->loop, sockets[0], WIRE_INLET_COMPLETIONS, account, &w->inlet),
		   0);
	w->receiver = sockets[1];
	w->async = host_async_new(NULL);
}

static void begin(struct world *w)
{
	begin_with(w, NULL);
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
	wire_frame_fini(&w->frame);
}

static struct wire_completion next(struct world *w)
{
	struct wire_completion message;

	test_equal(wire_frame_receive(w->receiver, &w->frame, WIRE_CONTROL_MAX, true), 0);
	test_equal(w->frame.header.type, WIRE_COMPLETION);
	test_equal(wire_frame_decode(&w->frame, &wire_completion_layout, &message), 0);
	return message;
}

static uint64_t next_released(struct world *w)
{
	struct wire_token_released message;

	test_equal(wire_frame_receive(w->receiver, &w->frame, WIRE_CONTROL_MAX, true), 0);
	test_equal(w->frame.header.type, WIRE_TOKEN_RELEASED);
	test_equal(wire_frame_decode(&w->frame, &wire_token_released_layout, &message), 0);
	return message.token;
}

TEST(spec_i07_word_zero_names_the_wake_port)
{
	struct world w;
	OSAsyncReference64 a, b;

	begin(&w);
	test_equal(host_async_begin(w.async, w.inlet, 1, NULL, 0, a), 0);
	test_equal(host_async_begin(w.async, w.inlet, 2, NULL, 0, b), 0);
	test_true(a[0] & kIOUCAsync64Flag);
	test_true(a[0] & ~(uint64_t)kIOUCAsync0Flags);
	test_true(a[0] != b[0]);
	test_equal(host_async_count(w.async), 2);
	end(&w);
}

TEST(spec_i11_one_reference_many_completions_in_order)
{
	struct world w;
	OSAsyncReference64 reference;

	begin(&w);
	test_equal(host_async_begin(w.async, w.inlet, 99, NULL, 0, reference), 0);
	for (uint64_t n = 0; n <= 16; n++) {
		uint64_t words[16];

		for (uint64_t i = 0; i < 16; i++)
			words[i] = n * 100 + i;
		test_equal_error(
			host_async_send(w.async, reference, (IOReturn)n, words, (uint32_t)n, 0), 0);
		struct wire_completion done = next(&w);
		test_equal(done.token, 99);
		test_equal_error(done.result, n);
		test_equal(done.arguments.count, n);
		for (uint64_t i = 0; i < n; i++)
			test_equal(done.arguments.items[i], n * 100 + i);
	}
	test_true(host_async_release(w.async, reference));
	test_equal(next_released(&w), 99);
	test_true(!host_async_release(w.async, reference));
	end(&w);
}

TEST(spec_i02_too_many_arguments)
{
	struct world w;
	OSAsyncReference64 reference;
	uint64_t words[17] = { 0 };

	begin(&w);
	test_equal(host_async_begin(w.async, w.inlet, 1, NULL, 0, reference), 0);
	test_equal_error(host_async_send(w.async, reference, 0, words, 17, 0),
			 kIOReturnMessageTooLarge);
	test_equal_error(wire_frame_receive(w.receiver, &w.frame, WIRE_CONTROL_MAX, false),
			 -EAGAIN);
	end(&w);
}

TEST(spec_i03_no_wake_port)
{
	struct world w;
	OSAsyncReference64 reference;

	begin(&w);
	test_equal(host_async_begin(w.async, NULL, 0, NULL, 0, reference), 0);
	test_equal(reference[0], kIOUCAsync64Flag);
	test_equal_error(host_async_send(w.async, reference, 0, NULL, 0, 0), 0);
	test_equal(host_async_count(w.async), 0);
	end(&w);
}

TEST(a_released_or_forged_reference_sends_nothing)
{
	struct world w;
	OSAsyncReference64 reference, forged = { 0x7fffffff1 };

	begin(&w);
	test_equal(host_async_begin(w.async, w.inlet, 5, NULL, 0, reference), 0);
	test_true(host_async_release(w.async, reference));
	test_equal(next_released(&w), 5);
	test_equal_error(host_async_send(w.async, reference, 0, NULL, 0, 0), 0x10000003);
	test_equal_error(host_async_send(w.async, forged, 0, NULL, 0, 0), 0x10000003);
	test_equal_error(wire_frame_receive(w.receiver, &w.frame, WIRE_CONTROL_MAX, false),
			 -EAGAIN);
	end(&w);
}

TEST(spec_i13_the_receiver_has_gone)
{
	struct world w;
	OSAsyncReference64 reference;

	begin(&w);
	test_equal(host_async_begin(w.async, w.inlet, 5, NULL, 0, reference), 0);
	w.receiver = fd_close(w.receiver);
	test_equal_error(host_async_send(w.async, reference, 0, NULL, 0, 0), 0x10000003);
	test_true(reference[0] & kIOUCAsyncErrorLoggedFlag);
	end(&w);
}

TEST(a_slow_client_never_blocks_and_loses_nothing_in_bounds)
{
	enum { N = 5000 };
	struct world w;
	OSAsyncReference64 reference;

	begin(&w);
	test_equal(host_async_begin(w.async, w.inlet, 5, NULL, 0, reference), 0);
	for (uint64_t i = 0; i < N; i++)
		test_equal_error(host_async_send(w.async, reference, 0, &i, 1, 0), 0);
	test_true(host_async_release(w.async, reference));
	for (uint64_t i = 0; i < N; i++)
		test_equal(next(&w).arguments.items[0], i);
	test_equal(next_released(&w), 5); /* after all completions */
	end(&w);
}

TEST(spec_i14_can_drop_and_the_limit)
{
	struct world w;
	OSAsyncReference64 reference;
	IOReturn status;
	unsigned sent = 0;

	begin(&w);
	test_equal(host_async_begin(w.async, w.inlet, 5, NULL, 0, reference), 0);
	do
		status =
			host_async_send(w.async, reference, 0, NULL, 0, kIOUserNotifyOptionCanDrop);
	while (!status && ++sent < 100000);
	test_equal_error(status, 0x10000004);
	test_equal(host_inlet_dropped(w.inlet), 1);
	sent = 0;
	while (!(status = host_async_send(w.async, reference, 0, NULL, 0, 0)))
		sent++;
	test_equal_error(status, 0x1000000d);
	test_equal(sent, HOST_INLET_QUEUE_MAX);
	/* The end of the token is told even now. */
	test_true(host_async_release(w.async, reference));
	w.receiver = fd_close(w.receiver);
	end(&w);
}

TEST(completions_that_wait_are_paid_for)
{
	enum { LIMIT = 5 };
	struct host_accounts accounts;
	struct host_account account;
	OSAsyncReference64 reference;
	struct world w;
	IOReturn status;
	unsigned sent = 0;
	char why[LIMITS_WHY_MAX];

	host_accounts_init(&accounts, 0);
	test_equal_error(host_accounts_set(&accounts, "completions=5", why), 0);
	test_equal_error(host_account_init(&account, &accounts, 0, 1, "slow"), 0);
	begin_with(&w, &account);
	test_equal(host_async_begin(w.async, w.inlet, 1, NULL, 0, reference), 0);
	/* The socket is full when the first one that may be lost is. */
	while (!host_async_send(w.async, reference, 0, NULL, 0, kIOUserNotifyOptionCanDrop))
		;
	while (!(status = host_async_send(w.async, reference, 0, NULL, 0, 0)))
		test_true(++sent <= LIMIT);
	test_equal_error(status, 0x1000000d);
	test_equal(sent, LIMIT);
	w.receiver = fd_close(w.receiver);
	end(&w);
	host_account_fini(&account);
	test_true(accounts_are_right(&accounts.accounts));
	host_accounts_fini(&accounts);
}

/* A client that makes failing calls and never reads: its releases may not pile up without end. */
TEST(releases_that_wait_are_bounded)
{
	OSAsyncReference64 reference;
	struct world w;
	uint64_t n = 0;
	err_t err;

	begin(&w);
	while (!(err = host_async_begin(w.async, w.inlet, ++n, NULL, 0, reference))) {
		test_true(host_async_release(w.async, reference));
		if (n > 2 * HOST_INLET_QUEUE_MAX)
			test_fail(__FILE__, __LINE__, "no end after %llu", (unsigned long long)n);
	}
	test_equal(err, -ENOSPC);
	/* all of them arrive once it reads */
	for (uint64_t i = 1; i < n; i++)
		test_equal(next_released(&w), i);
	while ((err = host_async_begin(w.async, w.inlet, n, NULL, 0, reference)) == -ENOSPC)
		;
	test_equal(err, 0);
	end(&w);
}

TEST(everything_is_released_at_the_end)
{
	struct world w;
	OSAsyncReference64 reference;
	uint64_t tokens = 0;

	begin(&w);
	for (uint64_t i = 0; i < 10; i++)
		test_equal(host_async_begin(w.async, w.inlet, 1ull << i, NULL, 0, reference), 0);
	host_async_release_all(w.async);
	test_equal(host_async_count(w.async), 0);
	for (int i = 0; i < 10; i++)
		tokens |= next_released(&w);
	test_equal(tokens, 1023);
	end(&w);
}

TEST(spec_i16_set_keeps_the_flags)
{
	OSAsyncReference64 reference = { kIOUCAsync64Flag | kIOUCAsyncErrorLoggedFlag, 1, 2, 3 };

	IOUserClientSetAsyncReference64(reference, 0x40, 0x1111, 0x2222);
	test_equal(reference[0], 0x43);
	test_equal(reference[1], 0x1111);
	test_equal(reference[2], 0x2222);
	test_equal(reference[3], 3);
}

TEST_MAIN
