// SPDX-License-Identifier: MIT
/*
 * Synchronous submission. An idle queue is simply occupied and the work runs in
 * place. Otherwise an item waits in the queue; when it is reached, the thread
 * that drains the queue lets the caller run and sleeps until it is done, so
 * that the work still runs on the caller's thread. The main queue's work runs on
 * the main thread.
 */
#include "gcd/gcd_internal.h"

/* Of a word that one thread waits for and another sets. */
enum sync_state { SYNC_WAITING, SYNC_ASLEEP, SYNC_YOUR_TURN, SYNC_DONE };

struct sync_call {
	struct gcd_item item;
	void *context;
	dispatch_function_t work;
	_Atomic uint32_t state;
	_Atomic uint32_t *ended; /* on the draining thread's stack */
};

/* Wait while *WORD is SYNC_WAITING. */
static void sync_wait(_Atomic uint32_t *word)
{
	uint32_t waiting = SYNC_WAITING;

	if (gcd_clock_look(word, SYNC_WAITING) ||
	    !atomic_compare_exchange_strong(word, &waiting, SYNC_ASLEEP))
		return;
	while (atomic_load_explicit(word, memory_order_acquire) == SYNC_ASLEEP)
		gcd_clock_wait(word, SYNC_ASLEEP, DISPATCH_TIME_FOREVER);
}

/* After the exchange the other thread may leave and its stack go; waking an address is harmless. */
static void sync_set(_Atomic uint32_t *word, uint32_t value)
{
	if (atomic_exchange(word, value) == SYNC_ASLEEP)
		gcd_clock_wake(word, 1);
}

static bool sync_is_on_main_queue(void)
{
	for (struct gcd_frame *f = gcd_frame_current; f; f = f->outer)
		if (f->queue == &gcd_main_queue)
			return true;
	return false;
}

static void sync_reached(struct gcd_item *item)
{
	struct sync_call *call = container_of(item, struct sync_call, item);
	_Atomic uint32_t ended = SYNC_WAITING;

	if (sync_is_on_main_queue()) {
		call->work(call->context);
		sync_set(&call->state, SYNC_DONE);
		return;
	}
	call->ended = &ended;
	sync_set(&call->state, SYNC_YOUR_TURN);
	sync_wait(&ended);
}

static bool sync_would_deadlock(struct dispatch_queue_s *queue)
{
	if (queue->kind == GCD_QUEUE_MAIN && gcd_main_is_current_thread())
		return true;
	for (struct gcd_frame *f = gcd_frame_current; f; f = f->outer)
		for (struct dispatch_queue_s *q = f->queue; q; q = q->object.target)
			if (q == queue &&
			    (q->kind == GCD_QUEUE_SERIAL || q->kind == GCD_QUEUE_MAIN ||
			     (q == f->queue && f->barrier)))
				return true;
	return false;
}

static void sync_call(struct dispatch_queue_s *queue, void *context, dispatch_function_t work,
		      bool barrier)
{
	struct sync_call call = {
		.item = { .run = sync_reached, .flags = barrier ? GCD_ITEM_BARRIER : 0 },
		.context = context,
		.work = work,
		.state = SYNC_WAITING,
	};
	bool alone = barrier || queue->kind == GCD_QUEUE_SERIAL;
	struct gcd_frame frame;

	if (sync_would_deadlock(queue))
		gcd_object_trap(
			"dispatch_sync called on a queue that the current thread runs already");
	if (gcd_queue_try_own(queue, barrier)) {
		gcd_frame_enter(&frame, queue, alone);
		work(context);
		gcd_frame_leave(&frame);
		gcd_queue_disown(queue);
		return;
	}
	gcd_queue_push(queue, &call.item);
	sync_wait(&call.state);
	if (atomic_load(&call.state) == SYNC_DONE)
		return;
	gcd_frame_enter(&frame, queue, alone);
	work(context);
	gcd_frame_leave(&frame);
	sync_set(call.ended, SYNC_DONE);
}

void dispatch_sync_f(dispatch_queue_t queue, void *context, dispatch_function_t work)
{
	sync_call(queue, context, work, false);
}

void dispatch_barrier_sync_f(dispatch_queue_t queue, void *context, dispatch_function_t work)
{
	sync_call(queue, context, work, true);
}

void dispatch_async_and_wait_f(dispatch_queue_t queue, void *context, dispatch_function_t work)
{
	sync_call(queue, context, work, false);
}

void dispatch_barrier_async_and_wait_f(dispatch_queue_t queue, void *context,
				       dispatch_function_t work)
{
	sync_call(queue, context, work, true);
}
