// SPDX-License-Identifier: MIT
#include <IOKit/IODispatchQueue.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "test.h"

static IODispatchQueue *make(void)
{
	IODispatchQueue *queue = NULL;

	test_equal_error(IODispatchQueueCreate("test", 0, 0, &queue), 0);
	return queue;
}

struct order {
	IODispatchQueue *queue;
	int n, seen[100];
	atomic_int inside, overlaps, done;
};

struct step {
	struct order *order;
	int number;
};

static void take_step(void *context)
{
	struct step *step = context;
	struct order *order = step->order;

	if (++order->inside > 1)
		order->overlaps++;
	test_true(IODispatchQueueOnQueue(order->queue));
	order->seen[order->n++] = step->number;
	sched_yield();
	order->inside--;
	order->done++;
}

TEST(work_runs_in_order)
{
	struct order order = { .queue = make() };
	struct step steps[100];

	test_true(!IODispatchQueueOnQueue(order.queue));
	test_equal_text(IODispatchQueueGetName(order.queue), "test");
	for (int i = 0; i < 100; i++) {
		steps[i] = (struct step){ &order, i };
		/* The synchronous ones wait for all before them. */
		if (i % 10 == 9)
			test_equal_error(
				IODispatchQueueDispatchSync_f(order.queue, &steps[i], take_step),
				0);
		else
			test_equal_error(
				IODispatchQueueDispatchAsync_f(order.queue, &steps[i], take_step),
				0);
	}
	test_equal(order.done, 100);
	for (int i = 0; i < 100; i++)
		test_equal(order.seen[i], i);
	IODispatchQueueRelease(order.queue);
}

struct hammer {
	IODispatchQueue *queue;
	int rounds, *counter;
};

static void raise(void *context)
{
	++*(int *)context; /* guarded by the queue alone */
}

static void *hammer(void *context)
{
	struct hammer *h = context;

	for (int i = 0; i < h->rounds; i++)
		if (i % 3)
			IODispatchQueueDispatchSync_f(h->queue, h->counter, raise);
		else
			IODispatchQueueDispatchAsync_f(h->queue, h->counter, raise);
	return NULL;
}

static void nothing(void *context)
{
}

TEST(one_at_a_time_from_many_threads)
{
	int counter = 0;
	struct hammer h = { make(), test_is_slow() ? 2000 : 20000, &counter };
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		test_equal(pthread_create(&threads[i], NULL, hammer, &h), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	IODispatchQueueDispatchSync_f(h.queue, NULL, nothing);
	test_equal(counter, 4 * h.rounds);
	IODispatchQueueRelease(h.queue);
}

struct nested {
	IODispatchQueue *outer, *inner;
	bool done;
};

static void look_out(void *context)
{
	struct nested *n = context;

	test_true(IODispatchQueueOnQueue(n->inner));
	test_true(IODispatchQueueOnQueue(n->outer));
	n->done = true;
}

static void go_in(void *context)
{
	struct nested *n = context;

	test_true(!IODispatchQueueOnQueue(n->inner));
	/* On the queue already: at once, not a deadlock. */
	test_equal_error(IODispatchQueueDispatchSync_f(n->outer, NULL, nothing), 0);
	test_equal_error(IODispatchQueueDispatchSync_f(n->inner, n, look_out), 0);
}

TEST(queues_in_queues)
{
	struct nested n = { make(), make(), false };

	test_equal_error(IODispatchQueueDispatchSync_f(n.outer, &n, go_in), 0);
	test_true(n.done);
	IODispatchQueueRelease(n.outer);
	IODispatchQueueRelease(n.inner);
}

struct last {
	IODispatchQueue *queue;
	atomic_bool *done;
};

static void let_go(void *context)
{
	struct last *last = context;
	atomic_bool *done = last->done;

	IODispatchQueueRelease(last->queue);
	*done = true;
}

/* Its own work gives the last reference back, on its thread and on that of a caller. */
TEST(a_queue_released_by_its_work)
{
	for (int i = 0; i < 20; i++) {
		atomic_bool done = false;
		struct last last = { make(), &done };

		if (i % 2)
			IODispatchQueueDispatchSync_f(last.queue, &last, let_go);
		else
			IODispatchQueueDispatchAsync_f(last.queue, &last, let_go);
		while (!done)
			sched_yield();
	}
}

struct gate {
	pthread_mutex_t lock;
	atomic_int entered, ran, cancelled;
	IODispatchQueue *queue;
	IOReturn waited;
};

static void wait_at(void *context)
{
	struct gate *gate = context;

	gate->entered++;
	pthread_mutex_lock(&gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

static void count_run(void *context)
{
	((struct gate *)context)->ran++;
}

static void count_cancelled(void *context)
{
	((struct gate *)context)->cancelled++;
}

static void *wait_for_turn(void *context)
{
	struct gate *gate = context;

	gate->entered++;
	gate->waited = IODispatchQueueDispatchSync_f(gate->queue, gate, count_run);
	return NULL;
}

TEST(cancelling_drops_what_waits)
{
	struct gate gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .queue = make() };
	pthread_t thread;

	pthread_mutex_lock(&gate.lock);
	test_equal_error(IODispatchQueueDispatchAsync_f(gate.queue, &gate, wait_at), 0);
	while (gate.entered < 1)
		sched_yield();
	test_equal_error(IODispatchQueueDispatchAsync_f(gate.queue, &gate, count_run), 0);
	test_equal(pthread_create(&thread, NULL, wait_for_turn, &gate), 0);
	while (gate.entered < 2)
		sched_yield();
	test_equal_error(IODispatchQueueCancel_f(gate.queue, &gate, count_cancelled), 0);
	pthread_join(thread, NULL);
	test_equal_error(gate.waited, kIOReturnAborted);
	test_equal(gate.cancelled, 0); /* the first one still runs */
	pthread_mutex_unlock(&gate.lock);
	while (!gate.cancelled)
		sched_yield();
	test_equal(gate.ran, 0);
	test_equal_error(IODispatchQueueDispatchAsync_f(gate.queue, &gate, count_run),
			 kIOReturnAborted);
	test_equal_error(IODispatchQueueDispatchSync_f(gate.queue, &gate, count_run),
			 kIOReturnAborted);
	test_equal_error(IODispatchQueueCancel_f(gate.queue, NULL, NULL), kIOReturnAborted);
	IODispatchQueueRelease(gate.queue);
}

TEST(arguments)
{
	IODispatchQueue *queue = NULL;
	char name[300];

	memset(name, 'n', sizeof(name));
	name[299] = 0;
	test_equal_error(IODispatchQueueCreate(NULL, 0, 0, &queue), kIOReturnBadArgument);
	test_equal_error(IODispatchQueueCreate("x", 0, 0, NULL), kIOReturnBadArgument);
	test_equal_error(IODispatchQueueCreate("x", 8, 0, &queue), kIOReturnBadArgument);
	test_equal_error(IODispatchQueueCreate(name, 0, 0, &queue), kIOReturnBadArgument);
	test_equal_error(IODispatchQueueDispatchAsync_f(NULL, NULL, nothing), kIOReturnBadArgument);
	test_equal_error(IODispatchQueueDispatchSync_f(NULL, NULL, nothing), kIOReturnBadArgument);
	test_equal_error(IODispatchQueueCancel_f(NULL, NULL, NULL), kIOReturnBadArgument);
	IODispatchQueueRelease(IODispatchQueueRetain(NULL));
}

TEST_MAIN
