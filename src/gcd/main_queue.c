// SPDX-License-Identifier: MIT
/*
 * The main queue. The main thread runs it, called by dispatch_main or by
 * the run loop when the descriptor polls readable.
 */
#include "gcd/gcd_internal.h"

#include "base/fd.h"
#include "gcd/hook.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* guarded by the main queue's lock */
static int main_fd = -1;
static bool main_signalled; /* the descriptor is readable, or somebody is about to make it so */
static bool main_draining;
/* main thread only: what it is running; kept here so that a forked child drops it */
static struct gcd_fifo main_taken;

/* In a forked child the thread that called fork is the main thread. */
static _Thread_local enum { ROLE_UNKNOWN, ROLE_MAIN, ROLE_OTHER } thread_role;

bool gcd_main_is_current_thread(void)
{
	if (thread_role == ROLE_UNKNOWN)
		thread_role = gettid() == getpid() ? ROLE_MAIN : ROLE_OTHER;
	return thread_role == ROLE_MAIN;
}

static void main_write(int fd)
{
	uint64_t one = 1;

	if (fd >= 0 && write(fd, &one, sizeof one) < 0)
		return; /* full: readable anyway */
}

/*
 * The descriptor to be written, after the lock is given back so that the main
 * thread does not run into it; -1 for none. Whoever drains the queue looks again
 * before it is done: it need not be woken.
 */
static int main_signal_locked(void)
{
	if (main_fd < 0 || main_signalled || main_draining || gcd_main_queue.suspends ||
	    !gcd_main_queue.items.head)
		return -1;
	main_signalled = true;
	return main_fd;
}

void gcd_main_push(struct gcd_item *item)
{
	int fd;

	pthread_mutex_lock(&gcd_main_queue.lock);
	gcd_fifo_add(&gcd_main_queue.items, item);
	fd = main_signal_locked();
	pthread_mutex_unlock(&gcd_main_queue.lock);
	main_write(fd);
}

void gcd_main_resumed_locked(void)
{
	main_write(main_signal_locked());
}

bool _dispatch_main_queue_is_pending_4CF(void)
{
	bool pending;

	pthread_mutex_lock(&gcd_main_queue.lock);
	pending = gcd_main_queue.items.head && !gcd_main_queue.suspends && !main_draining;
	pthread_mutex_unlock(&gcd_main_queue.lock);
	return pending;
}

void gcd_main_reset_child(void)
{
	main_fd = fd_close(main_fd);
	main_signalled = main_draining = false;
	/* What was queued belongs to the parent. */
	gcd_main_queue.items.head = main_taken.head = NULL;
	thread_role = ROLE_UNKNOWN;
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

/* Take all that is queued; false: not now. */
static bool main_begin(void)
{
	uint64_t events;
	bool begin;

	/* A block that runs a nested loop is not overtaken by its successors. */
	if (!gcd_main_is_current_thread())
		return false;
	pthread_mutex_lock(&gcd_main_queue.lock);
	begin = !main_draining;
	if (begin) {
		/* Empty: whoever polls it has read it, or the write is still to come. */
		if (main_fd >= 0 && read(main_fd, &events, sizeof events) < 0 && errno == EBADF)
			main_fd = -1; /* closed by the program: whoever polls gets another */
		main_signalled = false;
		if (!gcd_main_queue.suspends) {
			main_taken = gcd_main_queue.items;
			gcd_main_queue.items.head = NULL;
		}
		main_draining = true;
	}
	pthread_mutex_unlock(&gcd_main_queue.lock);
	return begin;
}

void _dispatch_main_queue_callback_4CF(void *message)
{
	struct gcd_frame frame;
	struct gcd_item *item;

	(void)message;
	if (!main_begin())
		return;
	gcd_frame_enter(&frame, &gcd_main_queue, true);
	/* What is submitted meanwhile waits for the next turn: sources of the loop get theirs. */
	while (!gcd_main_queue.suspends && (item = gcd_fifo_take(&main_taken)))
		gcd_item_run(item);
	gcd_frame_leave(&frame);

	pthread_mutex_lock(&gcd_main_queue.lock);
	gcd_fifo_put_back(&gcd_main_queue.items, main_taken);
	main_taken.head = NULL;
	main_draining = false;
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
			fd_poll(&wait, 1, NULL);
		_dispatch_main_queue_callback_4CF(NULL);
	}
}
