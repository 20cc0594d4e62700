// SPDX-License-Identifier: MIT
/*
 * The main queue. The main thread runs it, called by dispatch_main or by
 * the run loop when the descriptor polls readable.
 */
#include "gcd/gcd_internal.h"

#include "base/fd.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* guarded by the main queue's lock */
static int main_fd = -1;
static unsigned main_count; /* items queued */
/* main thread only */
static bool main_draining;

bool gcd_main_is_current_thread(void)
{
	static _Thread_local pid_t tid, pid;

	/* In a forked child the thread that called fork is the main thread. */
	if (pid != getpid()) {
		pid = getpid();
		tid = gettid();
	}
	return tid == pid;
}

static void main_signal_locked(void)
{
	uint64_t one = 1;

	if (main_fd >= 0 && write(main_fd, &one, sizeof one) < 0)
		return; /* full: readable anyway */
}

void gcd_main_push(struct gcd_item *item)
{
	pthread_mutex_lock(&gcd_main_queue.lock);
	gcd_fifo_add(&gcd_main_queue.items, item);
	if (!main_count++ && !gcd_main_queue.suspends)
		main_signal_locked();
	pthread_mutex_unlock(&gcd_main_queue.lock);
}

void gcd_main_resumed_locked(void)
{
	if (main_count && !gcd_main_queue.suspends)
		main_signal_locked();
}

void gcd_main_reset_child(void)
{
	main_fd = fd_close(main_fd);
	/* What was queued belongs to the parent. */
	gcd_main_queue.items.head = NULL;
	main_count = 0;
	main_draining = false;
}

int _dispatch_get_main_queue_handle_4CF(void)
{
	int fd;

	gcd_signal_check();
	pthread_mutex_lock(&gcd_main_queue.lock);
	if (main_fd < 0) {
		main_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		gcd_main_resumed_locked();
	}
	fd = main_fd;
	pthread_mutex_unlock(&gcd_main_queue.lock);
	return fd;
}

int _dispatch_get_main_queue_port_4CF(void)
{
	return _dispatch_get_main_queue_handle_4CF();
}

static struct gcd_item *main_take(void)
{
	struct gcd_item *item = NULL;

	pthread_mutex_lock(&gcd_main_queue.lock);
	if (!gcd_main_queue.suspends)
		item = gcd_fifo_take(&gcd_main_queue.items);
	if (item)
		main_count--;
	pthread_mutex_unlock(&gcd_main_queue.lock);
	return item;
}

void _dispatch_main_queue_callback_4CF(void *message)
{
	struct gcd_frame frame;
	struct gcd_item *item;
	uint64_t events;
	unsigned turn;

	(void)message;
	/* A block that runs a nested loop is not overtaken by its successors. */
	if (!gcd_main_is_current_thread() || main_draining)
		return;
	pthread_mutex_lock(&gcd_main_queue.lock);
	if (main_fd >= 0 && read(main_fd, &events, sizeof events) < 0)
		events = 0; /* nothing was signalled */
	turn = main_count;
	pthread_mutex_unlock(&gcd_main_queue.lock);

	main_draining = true;
	gcd_frame_enter(&frame, &gcd_main_queue, true);
	/* What is submitted meanwhile waits for the next turn: sources of the loop get theirs. */
	while (turn-- && (item = main_take()))
		gcd_item_run(item);
	gcd_frame_leave(&frame);
	main_draining = false;

	pthread_mutex_lock(&gcd_main_queue.lock);
	gcd_main_resumed_locked();
	pthread_mutex_unlock(&gcd_main_queue.lock);
}

void dispatch_main(void)
{
	if (!gcd_main_is_current_thread())
		gcd_object_trap("dispatch_main called on a thread that is not the main thread");
	if (main_draining)
		gcd_object_trap("dispatch_main called from a block of the main queue");
	for (;;) {
		struct pollfd wait = { _dispatch_get_main_queue_handle_4CF(), POLLIN, 0 };

		if (wait.fd < 0) /* no descriptor left: look now and then */
			poll(NULL, 0, 10);
		else
			poll(&wait, 1, -1);
		_dispatch_main_queue_callback_4CF(NULL);
	}
}
